/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

START_TEST(text_grows_from_nothing)
{
	clean_str struct str s = { 0 };
	char *text = NULL;

	ck_assert_int_eq(str_take(&s, &text), 0);
	ck_assert_str_eq(text, "");
	free(text);
	for (int i = 0; i < 1000; i++) {
		str_add(&s, "ab");
		str_addf(&s, "%d,", i % 10);
		str_addn(&s, "xyz", 1);
		ck_assert_uint_eq(s.buf[s.len], '\0');
	}
	ck_assert_uint_eq(s.len, 5000);
	ck_assert_int_eq(str_take(&s, &text), 0);
	ck_assert_ptr_null(s.buf);
	ck_assert_uint_eq(strlen(text), 5000);
	ck_assert_ptr_nonnull(str_after(text, "ab0,xab1,xab2,x"));
	free(text);
}
END_TEST

START_TEST(out_of_memory_is_remembered_until_the_text_is_taken)
{
	struct str s = { 0 };
	char *text = NULL;

	str_add(&s, "abc");
	str_addn(&s, "", SIZE_MAX / 2);
	ck_assert(s.failed);
	str_add(&s, "more");
	ck_assert_int_eq(str_take(&s, &text), -ENOMEM);
	ck_assert_ptr_null(text);
	ck_assert_ptr_null(s.buf);
}
END_TEST

START_TEST(printf_into_new_memory)
{
	char *text = str_printf("%s-%05d", "x", 42);

	ck_assert_str_eq(text, "x-00042");
	free(text);
}
END_TEST

START_TEST(a_list_ends_with_null_at_every_length)
{
	clean_strv struct strv l = { 0 };

	strv_add(&l, NULL);
	ck_assert_uint_eq(l.n, 0);
	for (size_t i = 0; i < 300; i++) {
		if (i % 2)
			strv_addf(&l, "item %zu", i);
		else
			strv_add(&l, "even");
		ck_assert_uint_eq(l.n, i + 1);
		ck_assert_ptr_null(l.v[i + 1]);
	}
	ck_assert(!l.failed);
	ck_assert_str_eq(l.v[299], "item 299");
	ck_assert_str_eq(l.v[0], "even");
}
END_TEST

START_TEST(after_a_prefix)
{
	ck_assert_str_eq(str_after("docker:/x", "docker:"), "/x");
	ck_assert_str_eq(str_after("docker", "docker"), "");
	ck_assert_ptr_null(str_after("dock", "docker"));
}
END_TEST

START_TEST(ids_are_what_may_name_a_directory)
{
	static const char *const bad[] = { "", ".", "..", "-a", "_a", ".a", "a/b", "a b", "a\n",
					   "\303\251", "a\303\251", "a:b" };
	char id[140];

	ck_assert(str_is_id("a"));
	ck_assert(str_is_id("Web-1_x.y"));
	ck_assert(str_is_id("0"));
	memset(id, 'a', sizeof(id));
	id[128] = '\0';
	ck_assert(str_is_id(id));
	id[128] = 'a';
	id[129] = '\0';
	ck_assert(!str_is_id(id));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!str_is_id(bad[i]), "\"%s\" passed", bad[i]);
}
END_TEST

START_TEST(utf8_is_rfc_3629_and_nothing_else)
{
	static const struct {
		const char *bytes;
		unsigned len;
	} table[] = {
		{ "a", 1 }, { "\x7f", 1 }, { "\xc2\x80", 2 }, { "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 }, { "\xee\x80\x80", 3 }, { "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 }, { "\xf4\x8f\xbf\xbf", 4 },
		/* no beginning, overlong, cut, surrogate, beyond Unicode */
		{ "\x80", 0 }, { "\xbf", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 }, { "\xc2", 0 }, { "\xc2" "a", 0 }, { "\xe2\x82", 0 },
		{ "\xe2\x82z", 0 }, { "\xf0\x90\x80", 0 }, { "\xed\xa0\x80", 0 },
		{ "\xed\xbf\xbf", 0 },
		{ "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 }, { "\xff", 0 }, { "\xfe", 0 },
		{ "\xf8\x88\x80\x80\x80", 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_uint_eq(str_utf8(table[i].bytes, strlen(table[i].bytes)), table[i].len);
	ck_assert_uint_eq(str_utf8("a", 0), 0);
	ck_assert_uint_eq(str_utf8("\xe2\x82\xac", 2), 0);
}
END_TEST

START_TEST(what_is_shown_can_not_steer_a_terminal)
{
	static const char *const table[][2] = {
		{ "plain", "plain" },
		{ "caf\303\251 \342\202\254", "caf\303\251 \342\202\254" },
		{ "a\nb\tc\033[2J\177", "a\\x0ab\\x09c\\x1b[2J\\x7f" },
		{ "\302\233" "31m", "\\xc2\\x9b31m" },		   /* C1: CSI */
		{ "\342\200\256txt", "\\xe2\\x80\\xaetxt" },	   /* right-to-left override */
		{ "\342\201\246x", "\\xe2\\x81\\xa6x" },	   /* isolate */
		{ "\342\200\250x", "\\xe2\\x80\\xa8x" },	   /* line separator */
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "back\\slash", "back\\slash" },
	};
	char shown[200], twice[200];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		str_printable(shown, sizeof(shown), table[i][0]);
		ck_assert_str_eq(shown, table[i][1]);
		str_printable(twice, sizeof(twice), shown);
		ck_assert_str_eq(twice, shown);
	}
}
END_TEST

START_TEST(what_is_shown_is_cut_between_characters)
{
	const char *src = "\303\251\303\251\001x";
	char dst[32];

	for (size_t size = 1; size < sizeof(dst); size++) {
		memset(dst, '#', sizeof(dst));
		str_printable(dst, size, src);
		ck_assert_uint_lt(strlen(dst), size);
		ck_assert_uint_eq(dst[size], '#');
		ck_assert_uint_eq(strlen(dst), size > 9   ? 9u
					       : size > 8 ? 8u
					       : size > 4 ? 4u
					       : size > 2 ? 2u
							  : 0u);
	}
}
END_TEST

Suite *str_suite(void);

Suite *str_suite(void)
{
	Suite *s = suite_create("base/str");
	TCase *t = tcase_create("str");

	tcase_add_test(t, text_grows_from_nothing);
	tcase_add_test(t, out_of_memory_is_remembered_until_the_text_is_taken);
	tcase_add_test(t, printf_into_new_memory);
	tcase_add_test(t, a_list_ends_with_null_at_every_length);
	tcase_add_test(t, after_a_prefix);
	tcase_add_test(t, ids_are_what_may_name_a_directory);
	tcase_add_test(t, utf8_is_rfc_3629_and_nothing_else);
	tcase_add_test(t, what_is_shown_can_not_steer_a_terminal);
	tcase_add_test(t, what_is_shown_is_cut_between_characters);
	suite_add_tcase(s, t);
	return s;
}
