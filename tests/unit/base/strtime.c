/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/str.h"

START_TEST(times_agree_with_libc_over_all_centuries)
{
	uint64_t ns = 0;

	/* A stride that is no multiple of a day, hour or minute, some 40,000 times to 2554. */
	for (;;) {
		time_t sec = (time_t)(ns / 1000000000u);
		char ours[36], theirs[80];
		uint64_t back = 1;
		struct tm tm;

		gmtime_r(&sec, &tm);
		snprintf(theirs, sizeof(theirs), "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec, (unsigned)(ns % 1000000000u));
		str_time(ours, ns);
		ck_assert_str_eq(ours, theirs);
		ck_assert_int_eq(str_time_parse(ours, &back), 0);
		ck_assert_uint_eq(back, ns);
		if (__builtin_add_overflow(ns, 461234567890123u, &ns))
			break;
	}
	char last[36];

	str_time(last, UINT64_MAX);
	ck_assert_str_eq(last, "2554-07-21T23:34:33.709551615Z");
}
END_TEST

START_TEST(times_are_read_with_any_offset_and_fraction)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} table[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01.5Z", 1500000000 },
		{ "1970-01-01t00:00:01.000000001z", 1000000001 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T23:00:00-01:30", 1800000000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000000 },
		{ "2016-12-31T23:59:60Z", 1483228800000000000 }, /* the last leap second */
		{ "0001-01-01T00:00:00Z", 0 },
		{ "2026-11-24T17:00:00.123456789+00:00", 1795539600123456789 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t ns = 1;

		ck_assert_int_eq(str_time_parse(table[i].text, &ns), 0);
		ck_assert_uint_eq(ns, table[i].ns);
	}
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const table[] = {
		"", "2026", "2026-11-24", "2026-11-24T17:00:00", "2026-11-24 17:00:00Z",
		"2026-11-24T17:00Z",
		"2026-13-24T17:00:00Z", "2026-00-24T17:00:00Z", "2026-11-00T17:00:00Z",
		"2026-11-31T17:00:00Z",
		"2026-02-29T17:00:00Z", "1900-02-29T17:00:00Z", "2026-11-24T24:00:00Z",
		"2026-11-24T17:60:00Z",
		"2026-11-24T17:00:61Z", "2026-11-24T17:00:00.Z", "2026-11-24T17:00:00.1234567890Z",
		"2026-11-24T17:00:00Zx", "2026-11-24T17:00:00+1:00", "2026-11-24T17:00:00+24:00",
		"2026-11-24T17:00:00+01:60", "2026-11-24T17:00:00+0100", "+026-11-24T17:00:00Z",
		"2026-1a-24T17:00:00Z", "9999-01-01T00:00:00Z", "2554-07-21T23:34:34Z",
	};
	uint64_t ns = 7;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_msg(str_time_parse(table[i], &ns) == -EINVAL, "\"%s\" passed", table[i]);
	ck_assert_uint_eq(ns, 7);
}
END_TEST

Suite *strtime_suite(void);

Suite *strtime_suite(void)
{
	Suite *s = suite_create("base/strtime");
	TCase *t = tcase_create("strtime");

	tcase_add_test(t, times_agree_with_libc_over_all_centuries);
	tcase_add_test(t, times_are_read_with_any_offset_and_fraction);
	tcase_add_test(t, what_is_no_time_is_refused);
	suite_add_tcase(s, t);
	return s;
}
