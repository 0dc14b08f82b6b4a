/* SPDX-License-Identifier: Apache-2.0 */
/* src/ocicmd/show.c: the state that clients parse, the table that people read. */
#include "ocicmd/show.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct state two[] = {
	{ .id = "a", .bundle = "/b", .rootfs = "/b/rootfs", .oci_version = "1.0.2",
	  .annotations = "{\"k\":\"v\"}", .status = GANTRY_STATE_RUNNING, .pid = 12345,
	  .created_ns = 1000000000, .owner = 0 },
	{ .id = "a-longer-one", .status = GANTRY_STATE_UNKNOWN, .owner = 1000 },
};

START_TEST(a_state_has_the_fields_of_the_specification)
{
	struct json_out o = JSON_OUT_INIT;
	char *text;
	size_t len;

	show_state(&o, &two[0]);
	ck_assert_int_eq(json_out_take(&o, &text, &len), 0);
	ck_assert_str_eq(text, "{\"ociVersion\":\"1.0.2\",\"id\":\"a\",\"pid\":12345,"
			       "\"status\":\"running\",\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\","
			       "\"created\":\"1970-01-01T00:00:01.000000000Z\",\"owner\":\"root\","
			       "\"annotations\":{\"k\":\"v\"}}");
	free(text);
}
END_TEST

START_TEST(a_damaged_record_is_shown_as_unknown)
{
	struct json_out o = JSON_OUT_INIT;
	char *text;
	size_t len;

	show_state(&o, &two[1]);
	ck_assert_int_eq(json_out_take(&o, &text, &len), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"status\":\"unknown\""));
	ck_assert_ptr_nonnull(strstr(text, "\"pid\":0,"));
	ck_assert_ptr_null(strstr(text, "annotations"));
	free(text);
}
END_TEST

START_TEST(the_tables_columns_are_as_wide_as_they_need)
{
	struct str s = { 0 };

	show_table(&s, two, 2);
	ck_assert_str_eq(s.buf,
		"ID            PID    STATUS   BUNDLE  CREATED                         OWNER\n"
		"a             12345  running  /b      1970-01-01T00:00:01.000000000Z  root\n"
		"a-longer-one  0      unknown                                          1000\n");
	str_done(&s);
	show_table(&s, NULL, 0);
	ck_assert_str_eq(s.buf, "ID  PID  STATUS  BUNDLE  CREATED  OWNER\n");
	str_done(&s);
}
END_TEST

Suite *show_suite(void)
{
	Suite *s = suite_create("ocicmd/show");
	TCase *t = tcase_create("show");

	tcase_add_test(t, a_state_has_the_fields_of_the_specification);
	tcase_add_test(t, a_damaged_record_is_shown_as_unknown);
	tcase_add_test(t, the_tables_columns_are_as_wide_as_they_need);
	suite_add_tcase(s, t);
	return s;
}
