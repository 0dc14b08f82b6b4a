/* SPDX-License-Identifier: Apache-2.0 */
/* src/oci/path.c */
#include "oci/path.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *from, *to; /* NULL: refused */
} paths[] = {
	{ "/", "/" },         { "//", "/" },          { "/.", "/" },        { "/a", "/a" },
	{ "/a/", "/a" },      { "//a", "/a" },        { "/./a", "/a" },
	{ "/a/./b//c/.", "/a/b/c" },
	{ "/...", "/..." },   { "/..a", "/..a" },     { "/a../b", "/a../b" }, { "/.a", "/.a" },
	{ "/ a", "/ a" },     { "/a\nb", "/a\nb" },   { "", NULL },         { "a", NULL },
	{ "./a", NULL },      { "/..", NULL },        { "/../a", NULL },    { "/a/..", NULL },
	{ "/a/../b", NULL },  { "/a/b/..", NULL },    { "/a//..//b", NULL }, { "..", NULL },
};

START_TEST(paths_become_unambiguous_in_place)
{
	char buf[64];

	strcpy(buf, paths[_i].from);
	if (paths[_i].to) {
		ck_assert_int_eq(path_clean(buf, buf), 0);
		ck_assert_str_eq(buf, paths[_i].to);
	} else {
		ck_assert_int_eq(path_clean(buf, buf), -EINVAL);
	}
}
END_TEST

Suite *path_suite(void)
{
	Suite *s = suite_create("oci/path");
	TCase *t = tcase_create("path");

	tcase_add_loop_test(t, paths_become_unambiguous_in_place, 0,
			    sizeof(paths) / sizeof(paths[0]));
	suite_add_tcase(s, t);
	return s;
}
