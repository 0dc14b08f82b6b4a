/* SPDX-License-Identifier: Apache-2.0 */
/* The library that is loaded at first use: what happens where it is missing, or is another. */
#include "codec/libyaml.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(a_missing_library_is_an_error_that_names_the_package)
{
	struct gantry_err err = { 0 };
	struct libyaml y = { 0 };

	ck_assert_int_eq(libyaml_load(&y, "libgantry-no-such.so.9", &err), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.msg, "libgantry-no-such.so.9"));
	ck_assert_ptr_nonnull(strstr(err.msg, "install the package libyaml-0-2"));
	ck_assert_ptr_null(y.so);
}
END_TEST

START_TEST(another_library_of_that_name_is_refused)
{
	struct gantry_err err = { 0 };
	struct libyaml y = { 0 };

	ck_assert_int_eq(libyaml_load(&y, "libm.so.6", &err), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.msg, "lacks a function"));
	ck_assert_ptr_null(y.so);
}
END_TEST

START_TEST(it_is_loaded_and_let_go)
{
	struct gantry_err err = { 0 };
	struct libyaml y = { 0 };

	ck_assert_int_eq(libyaml_load(&y, LIBYAML_SONAME, &err), 0);
	ck_assert_ptr_nonnull(y.parse);
	libyaml_done(&y);
	ck_assert_ptr_null(y.so);
	libyaml_done(&y);
}
END_TEST

/* Packagers' tools read the note; the words have to be in the file that is linked. */
START_TEST(the_program_carries_the_note_about_it)
{
	static const char name[] = "\x0a\x0c\x7c\x40" "FDO";
	static const char soname[] = "\"soname\":[\"libyaml-0.so.2\"]";
	FILE *f = fopen("/proc/self/exe", "r");
	static char bytes[1 << 24];
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	ck_assert_ptr_nonnull(memmem(bytes, n, name, sizeof(name)));
	ck_assert_ptr_nonnull(memmem(bytes, n, soname, sizeof(soname) - 1));
}
END_TEST

Suite *libyaml_suite(void);
Suite *libyaml_suite(void)
{
	Suite *s = suite_create("codec/libyaml");
	TCase *t = tcase_create("libyaml");

	tcase_add_test(t, a_missing_library_is_an_error_that_names_the_package);
	tcase_add_test(t, another_library_of_that_name_is_refused);
	tcase_add_test(t, it_is_loaded_and_let_go);
	tcase_add_test(t, the_program_carries_the_note_about_it);
	suite_add_tcase(s, t);
	return s;
}
