/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

START_TEST(every_errno_of_the_error_table_has_its_words)
{
	/* The table of docs/design.md, "One model". */
	static const struct {
		int code;
		const char *words;
	} table[] = {
		{ ENOENT, "no such file or directory" },
		{ EEXIST, "already exists" },
		{ EINVAL, "invalid argument" },
		{ ENOTUNIQ, "not unique" },
		{ EBUSY, "busy or in use" },
		{ EAGAIN, "temporarily unavailable" },
		{ ENOTSUP, "not supported" },
		{ ECONNREFUSED, "connection refused: nobody answers there" },
		{ EACCES, "permission denied" },
		{ EPERM, "operation not permitted" },
		{ EPROTO, "protocol error" },
		{ EBADMSG, "malformed data" },
		{ ETIMEDOUT, "timed out" },
		{ ECANCELED, "cancelled" },
		{ EIO, "input/output error" },
		{ ENOSPC, "no space left on device" },
		{ EROFS, "read-only file system" },
		{ E2BIG, "too big" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct gantry_err err = { 0 };
		char want[128];

		snprintf(want, sizeof(want), "open x: %s", table[i].words);
		ck_assert_int_eq(err_num(&err, -table[i].code, "open %s", "x"), -table[i].code);
		ck_assert_str_eq(err.msg, want);
		ck_assert_int_eq(err.code, table[i].code);
	}
}
END_TEST

START_TEST(no_errno_of_linux_is_without_words)
{
	for (int code = 1; code <= EHWPOISON; code++)
		if (code != 41 && code != 58) /* numbers that Linux left out */
			ck_assert_str_ne(err_words(code), "unknown error");
	ck_assert_str_eq(err_words(0), "unknown error");
	ck_assert_str_eq(err_words(41), "unknown error");
	ck_assert_str_eq(err_words(-1), "unknown error");
	ck_assert_str_eq(err_words(100000), "unknown error");
}
END_TEST

START_TEST(setting_returns_the_negative_code)
{
	struct gantry_err err = { 5, 126, "old" };

	ck_assert_int_eq(err_set(&err, ENOENT, "no container %s", "c1"), -ENOENT);
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_int_eq(err.exit, 0);
	ck_assert_str_eq(err.msg, "no container c1");
}
END_TEST

START_TEST(without_a_place_for_words_the_code_still_comes_back)
{
	errno = EROFS;
	ck_assert_int_eq(err_sys(NULL, "x"), -EROFS);
	ck_assert_int_eq(err_set(NULL, EBUSY, "x"), -EBUSY);
	ck_assert_int_eq(err_num(NULL, -EPERM, "x"), -EPERM);
	ck_assert_int_eq(err_in(NULL, -EPERM, "x"), -EPERM);
}
END_TEST

START_TEST(a_failure_without_errno_is_not_success)
{
	struct gantry_err err = { 0 };

	errno = 0;
	ck_assert_int_eq(err_sys(&err, "strange"), -EIO);
	ck_assert_int_eq(err.code, EIO);
}
END_TEST

START_TEST(context_goes_before_and_keeps_the_exit_code)
{
	struct gantry_err err = { 0 };

	err_set(&err, ENOENT, "sh: no such file");
	err.exit = 127;
	ck_assert_int_eq(err_in(&err, -ENOENT, "create %s", "c1"), -ENOENT);
	ck_assert_str_eq(err.msg, "create c1: sh: no such file");
	ck_assert_int_eq(err.exit, 127);
}
END_TEST

START_TEST(a_message_may_be_made_of_itself)
{
	struct gantry_err err = { 0 };

	err_set(&err, EIO, "first");
	err_set(&err, EIO, "again: %s", err.msg);
	ck_assert_str_eq(err.msg, "again: first");
}
END_TEST

START_TEST(a_long_message_loses_its_middle_and_not_its_reason)
{
	struct gantry_err err = { 0 };
	char path[4000];

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	err_num(&err, -EACCES, "open %s", path);
	ck_assert_uint_lt(strlen(err.msg), sizeof(err.msg));
	ck_assert_ptr_nonnull(str_after(err.msg, "open ppp"));
	ck_assert_ptr_nonnull(strstr(err.msg, "p: permission denied"));

	/* A long reason under a long context: both are told, neither drives the other out. */
	err_set(&err, EIO, "reason %s", path);
	for (int i = 0; i < 3; i++)
		err_in(&err, -EIO, "context %s", path);
	ck_assert_uint_lt(strlen(err.msg), sizeof(err.msg));
	ck_assert_ptr_nonnull(strstr(err.msg, "ppp: context ppp"));
}
END_TEST

START_TEST(a_message_is_one_printable_line_of_whole_characters)
{
	struct gantry_err err = { 0 };

	err_set(&err, EIO, "it said: %s", "a\nb\033[31m\xff");
	ck_assert_str_eq(err.msg, "it said: a\\x0ab\\x1b[31m\\xff");
	for (int n = 200; n < 250; n++) {
		char text[600] = { 0 };

		for (int i = 0; i < n; i++)
			strcat(text, "\303\251");
		err_set(&err, EIO, "%.*s%s", n % 2, "x", text);
		for (size_t i = 0, len = strlen(err.msg); i < len;) {
			unsigned c = str_utf8(err.msg + i, len - i);

			ck_assert_uint_ne(c, 0);
			i += c;
		}
	}
}
END_TEST

Suite *err_suite(void);

Suite *err_suite(void)
{
	Suite *s = suite_create("base/err");
	TCase *t = tcase_create("err");

	tcase_add_test(t, every_errno_of_the_error_table_has_its_words);
	tcase_add_test(t, no_errno_of_linux_is_without_words);
	tcase_add_test(t, setting_returns_the_negative_code);
	tcase_add_test(t, without_a_place_for_words_the_code_still_comes_back);
	tcase_add_test(t, a_failure_without_errno_is_not_success);
	tcase_add_test(t, context_goes_before_and_keeps_the_exit_code);
	tcase_add_test(t, a_message_may_be_made_of_itself);
	tcase_add_test(t, a_long_message_loses_its_middle_and_not_its_reason);
	tcase_add_test(t, a_message_is_one_printable_line_of_whole_characters);
	suite_add_tcase(s, t);
	return s;
}
