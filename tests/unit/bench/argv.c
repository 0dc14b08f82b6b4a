/* SPDX-License-Identifier: Apache-2.0 */
/* A command line in words. */
#include "bench/argv.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *line;
	const char *words[6];
} table[] = {
	{ "", { NULL } },
	{ " \t\n", { NULL } },
	{ "date", { "date" } },
	{ "  sleep   30  ", { "sleep", "30" } },
	{ "sh -c 'exit 7'", { "sh", "-c", "exit 7" } },
	{ "sh -c \"echo 'a b'\"", { "sh", "-c", "echo 'a b'" } },
	{ "a\"b c\"d'e f'g", { "ab cde fg" } },
	{ "'' \"\" x", { "", "", "x" } },
	{ "a\\ b \\\" \\\\ '\\'", { "a b", "\"", "\\", "\\" } },
	{ "\"\\a \\\\ \\\"\"", { "\\a \\ \"" } },
	{ "echo $HOME *", { "echo", "$HOME", "*" } },
};

START_TEST(words_are_split_as_a_shell_does)
{
	clean_strv struct strv v = { 0 };
	size_t n = 0;

	ck_assert_int_eq(argv_split(table[_i].line, &v), 0);
	while (table[_i].words[n])
		n++;
	ck_assert_uint_eq(v.n, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(v.v[i], table[_i].words[i]);
}
END_TEST

START_TEST(what_has_no_end_is_refused)
{
	static const char *const bad[] = { "'", "a 'b", "\"a", "a \\", "\"a\\", "\"\\\"" };
	clean_strv struct strv v = { 0 };

	ck_assert_int_eq(argv_split(bad[_i], &v), -EINVAL);
}
END_TEST

START_TEST(words_are_counted)
{
	clean_strv struct strv v = { 0 };
	char line[ARGV_WORDS * 2 + 3];

	memset(line, 0, sizeof(line));
	for (int i = 0; i <= ARGV_WORDS; i++)
		memcpy(line + i * 2, "a ", 2);
	ck_assert_int_eq(argv_split(line, &v), -E2BIG);
	ck_assert_uint_eq(v.n, ARGV_WORDS);
}
END_TEST

Suite *argv_suite(void);
Suite *argv_suite(void)
{
	Suite *s = suite_create("bench/argv");
	TCase *t = tcase_create("argv");

	tcase_add_loop_test(t, words_are_split_as_a_shell_does, 0,
			    sizeof(table) / sizeof(table[0]));
	tcase_add_loop_test(t, what_has_no_end_is_refused, 0, 6);
	tcase_add_test(t, words_are_counted);
	suite_add_tcase(s, t);
	return s;
}
