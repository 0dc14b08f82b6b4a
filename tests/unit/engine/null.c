/* SPDX-License-Identifier: Apache-2.0 */
/* What is null's own; what it shares with every engine is in tests/contract. */
#include <check.h>
#include <errno.h>
#include <gantry/container.h>
#include <signal.h>
#include <string.h>

#define clean_engine __attribute__((cleanup(gantry_engine_closep)))
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct gantry_engine *null_engine(void)
{
	struct gantry_engine *e = NULL;

	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, NULL), 0);
	return e;
}

static struct gantry_exit ended(struct gantry_engine *e, const char *const *args)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;

	w.image = "none";
	w.args = args;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, NULL), 0);
	return x;
}

START_TEST(commands_end_as_they_say)
{
	clean_engine struct gantry_engine *e = null_engine();

	ck_assert_int_eq(ended(e, LIST("true")).code, 0);
	ck_assert_int_eq(ended(e, LIST("false")).code, 1);
	ck_assert_int_eq(ended(e, LIST("anything", "else")).code, 0);
	ck_assert_int_eq(ended(e, NULL).code, 0);
	ck_assert_int_eq(ended(e, LIST("sh", "-c", "exit 255")).code, 255);
	ck_assert_int_eq(ended(e, LIST("sh", "-c", "kill -9 $$")).code, 137);
	ck_assert_int_eq(ended(e, LIST("sh", "-c", "kill -9 $$")).signal, 9);
}
END_TEST

START_TEST(sleep_takes_its_time_and_pausing_stops_the_clock)
{
	clean_engine struct gantry_engine *e = null_engine();
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE];

	w.image = "none";
	w.args = LIST("sleep", "50ms");
	ck_assert_int_eq(gantry_container_run(e, &w, NULL, id, NULL, NULL), 0);
	ck_assert_int_eq(gantry_container_pause(e, id, NULL), 0);
	op.timeout_us = 100000;
	ck_assert_int_eq(gantry_container_wait(e, id, &x, &op), -ETIMEDOUT);
	ck_assert_int_eq(gantry_container_resume(e, id, NULL), 0);
	op.timeout_us = 5000000;
	ck_assert_int_eq(gantry_container_wait(e, id, &x, &op), 0);
	ck_assert_int_eq(x.code, 0);
}
END_TEST

START_TEST(a_signal_waits_for_the_resuming)
{
	clean_engine struct gantry_engine *e = null_engine();
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];

	w.image = "none";
	ck_assert_int_eq(gantry_container_run(e, &w, NULL, id, NULL, NULL), 0);
	ck_assert_int_eq(gantry_container_kill(e, id, SIGWINCH, 0, NULL), 0);
	ck_assert_int_eq(gantry_container_pause(e, id, NULL), 0);
	ck_assert_int_eq(gantry_container_kill(e, id, SIGTERM, GANTRY_KILL_ALL, NULL), 0);
	ck_assert_int_eq(gantry_container_resume(e, id, NULL), 0);
	ck_assert_int_eq(gantry_container_wait(e, id, &x, NULL), 0);
	ck_assert_int_eq(x.code, 143);
}
END_TEST

START_TEST(null_takes_no_address)
{
	struct gantry_engine *e = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(gantry_engine_open("null:x", NULL, &e, &op), -EINVAL);
	ck_assert_ptr_null(e);
}
END_TEST

Suite *null_suite(void);
Suite *null_suite(void)
{
	Suite *s = suite_create("engine/null");
	TCase *t = tcase_create("null");

	tcase_add_test(t, commands_end_as_they_say);
	tcase_add_test(t, sleep_takes_its_time_and_pausing_stops_the_clock);
	tcase_add_test(t, a_signal_waits_for_the_resuming);
	tcase_add_test(t, null_takes_no_address);
	suite_add_tcase(s, t);
	return s;
}
