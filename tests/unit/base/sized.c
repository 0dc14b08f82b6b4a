/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sized.h"

#include <check.h>

struct v1 {
	size_t size;
	int a, b;
};
struct v2 {
	size_t size;
	int a, b;
	long c;
};

static const struct v1 defaults = { sizeof(struct v1), 10, 20 };

START_TEST(nothing_given_keeps_all_defaults)
{
	struct v1 ours = defaults;

	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), NULL), 0);
	ck_assert_int_eq(ours.a, 10);
	ck_assert_int_eq(ours.b, 20);
}
END_TEST

START_TEST(a_shorter_struct_keeps_defaults_for_what_it_lacks)
{
	struct v1 ours = defaults, theirs = { offsetof(struct v1, b), 1, 2 };

	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), 0);
	ck_assert_int_eq(ours.a, 1);
	ck_assert_int_eq(ours.b, 20);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	/* The shortest there is: a size alone. */
	ours = defaults;
	theirs.size = sizeof(size_t);
	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), 0);
	ck_assert_int_eq(ours.a, 10);
}
END_TEST

START_TEST(a_longer_struct_passes_when_its_tail_is_zero)
{
	struct v1 ours = defaults;
	struct v2 theirs = { sizeof(theirs), 1, 2, 0 };

	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), 0);
	ck_assert_int_eq(ours.a, 1);
	ck_assert_int_eq(ours.b, 2);
	ck_assert_uint_eq(ours.size, sizeof(ours));
}
END_TEST

START_TEST(a_longer_struct_that_asks_for_the_unknown_is_refused)
{
	struct v1 ours = defaults;
	struct v2 theirs = { sizeof(theirs), 1, 2, 1 };

	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), -E2BIG);
	ck_assert_int_eq(ours.a, 10);
	/* The last byte alone. */
	theirs.c = 0;
	((unsigned char *)&theirs)[sizeof(theirs) - 1] = 1;
	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), -E2BIG);
}
END_TEST

START_TEST(no_size_is_the_callers_mistake)
{
	struct v1 ours = defaults, theirs = { 0, 1, 2 };

	for (; theirs.size < sizeof(size_t); theirs.size++)
		ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), -EINVAL);
	ck_assert_int_eq(ours.a, 10);
}
END_TEST

START_TEST(a_size_that_is_garbage_is_not_read_through)
{
	struct v1 ours = defaults, theirs = { SIZE_MAX, 1, 2 };

	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), -E2BIG);
	theirs.size = (size_t)1 << 40;
	ck_assert_int_eq(sized_copy(&ours, sizeof(ours), &theirs), -E2BIG);
	ck_assert_int_eq(ours.a, 10);
}
END_TEST

Suite *sized_suite(void);

Suite *sized_suite(void)
{
	Suite *s = suite_create("base/sized");
	TCase *t = tcase_create("sized");

	tcase_add_test(t, nothing_given_keeps_all_defaults);
	tcase_add_test(t, a_shorter_struct_keeps_defaults_for_what_it_lacks);
	tcase_add_test(t, a_longer_struct_passes_when_its_tail_is_zero);
	tcase_add_test(t, a_longer_struct_that_asks_for_the_unknown_is_refused);
	tcase_add_test(t, no_size_is_the_callers_mistake);
	tcase_add_test(t, a_size_that_is_garbage_is_not_read_through);
	suite_add_tcase(s, t);
	return s;
}
