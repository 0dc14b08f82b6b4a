/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/describe.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

START_TEST(a_description_is_a_copy_with_no_null_strings)
{
	char id[] = "abc";
	const char *labels[] = { "z=1", "io.gantry.owner=me", "a=2", NULL };
	struct gantry_container from = {
		.id = id, .labels = labels, .state = GANTRY_STATE_PAUSED, .pid = 7
	};
	struct gantry_container *c = describe_container(&from);

	id[0] = 'X';
	ck_assert_str_eq(c->id, "abc");
	ck_assert_uint_eq(c->size, sizeof(*c));
	ck_assert_str_eq(c->name, "");
	ck_assert_str_eq(c->rootfs, "");
	ck_assert_ptr_null(c->args[0]);
	ck_assert_str_eq(c->labels[0], "a=2");
	ck_assert_str_eq(c->labels[2], "z=1");
	ck_assert_ptr_null(c->labels[3]);
	ck_assert_str_eq(c->owner, "me");
	ck_assert_int_eq(c->pid, 7);
	ck_assert_str_eq(labels[0], "z=1"); /* the source stays as it was */
	gantry_container_free(c);
}
END_TEST

START_TEST(info_makes_its_line_of_what_is_known)
{
	struct gantry_info from = {
		.kind = "oci", .name = "runc", .version = "1.1.5", .path = "/usr/bin/runc"
	};
	struct gantry_info *i = describe_info(&from);

	ck_assert_str_eq(i->line, "runc 1.1.5, at /usr/bin/runc");
	ck_assert_str_eq(i->api, "");
	gantry_info_free(i);
	from.line = "as it says";
	i = describe_info(&from);
	ck_assert_str_eq(i->line, "as it says");
	gantry_info_free(i);
}
END_TEST

START_TEST(lists_are_newest_first_and_equal_times_by_id)
{
	__attribute__((cleanup(gantry_container_list_freep))) struct gantry_container **list = NULL;
	struct described d = { 0 };
	char id[16];

	for (int i = 0; i < 40; i++) {
		struct gantry_container c = { .id = id, .created_ns = (uint64_t)(i / 2) };

		snprintf(id, sizeof(id), "c%02d", 39 - i);
		ck_assert_int_eq(described_add(&d, &c), 0);
	}
	ck_assert_int_eq(described_take(&d, &list), 40);
	for (int i = 1; i < 40; i++) {
		ck_assert(list[i - 1]->created_ns >= list[i]->created_ns);
		if (list[i - 1]->created_ns == list[i]->created_ns)
			ck_assert_int_lt(strcmp(list[i - 1]->id, list[i]->id), 0);
	}
	ck_assert_ptr_null(list[40]);
	described_done(&d);
}
END_TEST

START_TEST(an_empty_list_is_a_list)
{
	__attribute__((cleanup(gantry_container_list_freep))) struct gantry_container **list = NULL;
	struct described d = { 0 };

	ck_assert_int_eq(described_take(&d, &list), 0);
	ck_assert_ptr_nonnull(list);
	ck_assert_ptr_null(list[0]);
}
END_TEST

START_TEST(states_have_names_and_other_numbers_are_unknown)
{
	ck_assert_str_eq(gantry_state_name(GANTRY_STATE_RUNNING), "running");
	ck_assert_str_eq(gantry_state_name(GANTRY_STATE_DEAD), "dead");
	ck_assert_str_eq(gantry_state_name(-1), "unknown");
	ck_assert_str_eq(gantry_state_name(8), "unknown");
}
END_TEST

START_TEST(releasing_nothing_is_fine)
{
	gantry_container_free(NULL);
	gantry_container_list_free(NULL);
	gantry_info_free(NULL);
	gantry_found_free(NULL);
}
END_TEST

Suite *describe_suite(void);
Suite *describe_suite(void)
{
	Suite *s = suite_create("engine/describe");
	TCase *t = tcase_create("copies");

	tcase_add_test(t, a_description_is_a_copy_with_no_null_strings);
	tcase_add_test(t, info_makes_its_line_of_what_is_known);
	tcase_add_test(t, lists_are_newest_first_and_equal_times_by_id);
	tcase_add_test(t, an_empty_list_is_a_list);
	tcase_add_test(t, states_have_names_and_other_numbers_are_unknown);
	tcase_add_test(t, releasing_nothing_is_fine);
	suite_add_tcase(s, t);
	return s;
}
