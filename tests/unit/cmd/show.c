/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/show.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define S UINT64_C(1000000000)

/* A container about which nothing is known. */
static struct gantry_container blank(void)
{
	return (struct gantry_container){
		.size = sizeof(struct gantry_container), .id = "i", .name = "", .image = "",
		.bundle = "", .rootfs = "", .owner = "", .exit_code = -1,
	};
}

static void age(uint64_t seconds, const char *want, const char *brief)
{
	char got[SHOW_AGE_SIZE];

	show_age(got, seconds * S, false);
	ck_assert_str_eq(got, want);
	show_age(got, seconds * S, true);
	ck_assert_str_eq(got, brief);
}

START_TEST(ages_are_whole_numbers_of_the_unit_that_fits)
{
	age(0, "0 seconds", "0s");
	age(1, "1 second", "1s");
	age(59, "59 seconds", "59s");
	age(60, "1 minute", "1m");
	age(3599, "59 minutes", "59m");
	age(3600, "1 hour", "1h");
	age(47 * 3600, "47 hours", "47h");
	age(48 * 3600, "2 days", "2d");
	age(14 * 86400, "2 weeks", "2w");
	age(60 * 86400, "2 months", "2mo");
	age(3 * 365 * 86400, "3 years", "3y");
	age(UINT64_MAX / S, "584 years", "584y");
}
END_TEST

static void status(const struct gantry_container *c, const char *want)
{
	char got[SHOW_STATUS_SIZE];

	show_status(got, c, 1000 * S, false);
	ck_assert_str_eq(got, want);
}

START_TEST(a_status_tells_what_is_known_and_no_more)
{
	struct gantry_container c = blank();

	status(&c, "Unknown");
	c.state = GANTRY_STATE_CREATED;
	status(&c, "Created");
	c.state = GANTRY_STATE_PAUSED;
	status(&c, "Paused");
	c.state = GANTRY_STATE_RUNNING;
	status(&c, "Up");
	c.started_ns = 880 * S;
	status(&c, "Up 2 minutes");
	c.started_ns = 2000 * S; /* the clock was set back */
	status(&c, "Up 0 seconds");
	c.state = GANTRY_STATE_STOPPED;
	status(&c, "Exited (?)"); /* never (0) */
	c.exit_code = 0;
	status(&c, "Exited (0)");
	c.exit_code = 137;
	c.finished_ns = 940 * S;
	status(&c, "Exited (137) 1 minute ago");
	c.state = 99;
	status(&c, "Unknown");
}
END_TEST

static void json(const struct gantry_container *c, const char *want)
{
	struct json_out o = JSON_OUT_INIT;
	char *text;
	size_t len;

	show_json(&o, NULL, c);
	ck_assert_int_eq(json_out_take(&o, &text, &len), 0);
	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(what_is_not_known_is_null_in_json)
{
	struct gantry_container c = blank();

	json(&c, "{\"id\":\"i\",\"name\":null,\"image\":null,\"bundle\":null,\"rootfs\":null,"
		 "\"command\":[],\"labels\":{},\"owner\":null,\"ours\":false,\"state\":\"unknown\","
		 "\"pid\":0,\"created\":null,\"started\":null,\"finished\":null,\"exit_code\":null,"
		 "\"exit_signal\":0,\"oom\":false}");
}
END_TEST

START_TEST(what_is_known_has_its_type_in_json)
{
	struct gantry_container c = blank();
	const char *args[] = { "sh", "-c", "echo \"x\"", NULL };
	const char *labels[] = { "a=1", "a=2", "aa=3", "b", "c==", NULL };

	c.args = args;
	c.labels = labels;
	c.owner = "gantry";
	c.state = GANTRY_STATE_STOPPED;
	c.pid = 7;
	c.created_ns = 1;
	c.exit_code = 0;
	c.oom = 1;
	json(&c, "{\"id\":\"i\",\"name\":null,\"image\":null,\"bundle\":null,\"rootfs\":null,"
		 "\"command\":[\"sh\",\"-c\",\"echo \\\"x\\\"\"],"
		 "\"labels\":{\"a\":\"2\",\"aa\":\"3\",\"b\":\"\",\"c\":\"=\"},"
		 "\"owner\":\"gantry\",\"ours\":true,\"state\":\"stopped\",\"pid\":7,"
		 "\"created\":\"1970-01-01T00:00:00.000000001Z\",\"started\":null,"
		 "\"finished\":null,\"exit_code\":0,\"exit_signal\":0,\"oom\":true}");
}
END_TEST

Suite *show_suite(void);
Suite *show_suite(void)
{
	Suite *s = suite_create("cmd/show");
	TCase *t = tcase_create("show");

	tcase_add_test(t, ages_are_whole_numbers_of_the_unit_that_fits);
	tcase_add_test(t, a_status_tells_what_is_known_and_no_more);
	tcase_add_test(t, what_is_not_known_is_null_in_json);
	tcase_add_test(t, what_is_known_has_its_type_in_json);
	suite_add_tcase(s, t);
	return s;
}
