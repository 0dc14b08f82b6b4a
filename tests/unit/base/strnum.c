/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>

#include "base/str.h"

struct row {
	const char *text;
	int r;
	uint64_t value;
};

#define CHECK_TABLE(table, fn) \
	for (size_t i_ = 0; i_ < sizeof(table) / sizeof((table)[0]); i_++) \
		check_row(&(table)[i_], fn, #fn)

static void check_row(const struct row *row, int (*fn)(const char *, uint64_t *), const char *name)
{
	uint64_t n = 4711;
	int r = fn(row->text, &n);

	ck_assert_msg(r == row->r, "%s(\"%s\") is %d, not %d", name, row->text, r, row->r);
	ck_assert_msg(n == (r ? 4711 : row->value), "%s(\"%s\") gives %llu", name, row->text,
		      (unsigned long long)n);
}

START_TEST(numbers_are_digits_alone)
{
	static const struct row table[] = {
		{ "0", 0, 0 }, { "007", 0, 7 }, { "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "99999999999999999999999x", -EINVAL, 0 },
	};

	CHECK_TABLE(table, str_u64);
}
END_TEST

START_TEST(sizes_are_as_docker_has_them)
{
	static const struct row table[] = {
		{ "7", 0, 7 }, { "7b", 0, 7 }, { "1k", 0, 1024 }, { "1K", 0, 1024 },
		{ "1kb", 0, 1024 },
		{ "100kib", 0, 102400 }, { "512m", 0, 536870912 }, { "512MiB", 0, 536870912 },
		{ "1g", 0, 1073741824 }, { "1.5g", 0, 1610612736 }, { "0.1k", 0, 102 },
		{ "2t", 0, 2199023255552 },
		{ "1p", 0, 1125899906842624 }, { "0", 0, 0 },
		{ "16383p", 0, 18445618173802708992u },
		{ "16384p", -ERANGE, 0 }, { "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "m", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "1 m", -EINVAL, 0 },
		{ "1mm", -EINVAL, 0 },
		{ "1.g", -EINVAL, 0 }, { ".5g", -EINVAL, 0 }, { "1i", -EINVAL, 0 },
		{ "1ki", -EINVAL, 0 },
		{ "1,5g", -EINVAL, 0 }, { "1e3", -EINVAL, 0 }, { "1g ", -EINVAL, 0 },
	};

	CHECK_TABLE(table, str_bytes);
}
END_TEST

START_TEST(cpus_are_thousandths_and_never_round_down_to_none)
{
	static const struct row table[] = {
		{ "1", 0, 1000 }, { "1.5", 0, 1500 }, { "0.25", 0, 250 }, { "0", 0, 0 },
		{ "0.0", 0, 0 },
		{ "0.0001", 0, 1 }, { "1.0001", 0, 1001 }, { "0.0000000000001", 0, 1 },
		{ "", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 }, { ".5", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 }, { "1.5x", -EINVAL, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551615", -ERANGE, 0 }, { "nan", -EINVAL, 0 },
	};

	CHECK_TABLE(table, str_milli);
}
END_TEST

START_TEST(durations_have_units_and_a_bare_number_is_seconds)
{
	static const struct row table[] = {
		{ "10s", 0, 10000000 }, { "500ms", 0, 500000 }, { "1m30s", 0, 90000000 },
		{ "2h", 0, 7200000000 }, { "5", 0, 5000000 }, { "1.5s", 0, 1500000 },
		{ "1.5", 0, 1500000 },
		{ "0", 0, 0 }, { "20us", 0, 20 }, { "20\302\265s", 0, 20 }, { "0.5us", 0, 1 },
		{ "1h2m3s4ms", 0, 3723004000 },
		{ "", -EINVAL, 0 }, { "s", -EINVAL, 0 }, { "1m30", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
		{ "5 s", -EINVAL, 0 }, { "5x", -EINVAL, 0 }, { "5d", -EINVAL, 0 },
		{ "5sx", -EINVAL, 0 },
		{ "1..5s", -EINVAL, 0 }, { "99999999999999h", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 }, { "99999999999999h5x", -EINVAL, 0 },
	};

	CHECK_TABLE(table, str_duration_us);
}
END_TEST

Suite *strnum_suite(void);

Suite *strnum_suite(void)
{
	Suite *s = suite_create("base/strnum");
	TCase *t = tcase_create("strnum");

	tcase_add_test(t, numbers_are_digits_alone);
	tcase_add_test(t, sizes_are_as_docker_has_them);
	tcase_add_test(t, cpus_are_thousandths_and_never_round_down_to_none);
	tcase_add_test(t, durations_have_units_and_a_bare_number_is_seconds);
	suite_add_tcase(s, t);
	return s;
}
