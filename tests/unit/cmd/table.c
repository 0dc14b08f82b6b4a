/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct table_column columns[] = {
	{ "ID", 0, false }, { "COMMAND", 4, false }, { "N", 0, true }, { "NAME", 0, false },
};

static struct table t;
static struct str out;

static void begin(void)
{
	t = (struct table){ columns, 4, { 0 } };
	memset(&out, 0, sizeof(out));
}

static void end(void)
{
	table_done(&t);
	str_done(&out);
}

static void put(unsigned width, const char *want)
{
	str_done(&out);
	memset(&out, 0, sizeof(out));
	table_put(&t, width, &out);
	ck_assert_str_eq(out.buf, want);
}

START_TEST(columns_are_as_wide_as_what_is_in_them)
{
	begin();
	put(80, "ID  COMMAND  N  NAME\n");
	table_row(&t, (const char *const[]){ "abc", "x", "10", "one" });
	table_row(&t, (const char *const[]){ "a", "sleep 1000", "7", "" });
	put(80, "ID   COMMAND      N  NAME\n"
		"abc  x           10  one\n"
		"a    sleep 1000   7\n");
	ck_assert_uint_eq(table_width(&t, false), 25);
	ck_assert_uint_eq(table_width(&t, true), 19);
	end();
}
END_TEST

START_TEST(only_columns_that_may_be_cut_are_cut_and_not_below_their_least)
{
	begin();
	table_row(&t, (const char *const[]){ "abcdefgh", "sleep 1000", "7", "longname" });
	put(28, "ID        COMM…  N  NAME\n"
		"abcdefgh  slee…  7  longname\n");
	put(1, "ID        COM…  N  NAME\n"
	       "abcdefgh  sle…  7  longname\n");
	end();
}
END_TEST

START_TEST(text_is_cut_between_characters_and_control_bytes_are_made_visible)
{
	begin();
	table_row(&t, (const char *const[]){ "\033[31mx", "äöüßäöüß", "1", "n" });
	put(1, "ID         COM…  N  NAME\n"
	       "\\x1b[31mx  äöü…  1  n\n");
	end();
}
END_TEST

START_TEST(the_window_is_columns_when_there_is_no_terminal)
{
	setenv("COLUMNS", "132", 1);
	if (!isatty(1))
		ck_assert_uint_eq(table_window(), 132);
	setenv("COLUMNS", "-4", 1);
	if (!isatty(1))
		ck_assert_uint_eq(table_window(), 80);
	unsetenv("COLUMNS");
	ck_assert_uint_gt(table_window(), 0);
}
END_TEST

Suite *table_suite(void);
Suite *table_suite(void)
{
	Suite *s = suite_create("cmd/table");
	TCase *c = tcase_create("table");

	tcase_add_test(c, columns_are_as_wide_as_what_is_in_them);
	tcase_add_test(c, only_columns_that_may_be_cut_are_cut_and_not_below_their_least);
	tcase_add_test(c, text_is_cut_between_characters_and_control_bytes_are_made_visible);
	tcase_add_test(c, the_window_is_columns_when_there_is_no_terminal);
	suite_add_tcase(s, c);
	return s;
}
