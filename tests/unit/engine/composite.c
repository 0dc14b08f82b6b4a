/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composites over a table that does what a test tells it and writes down what
 * it was asked: the cases that no real engine gives on demand.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "engine/describe.h"
#include "engine/ops.h"

static struct script {
	char asked[512];  /* "get kill:15 wait " */
	int state;
	int stop_signal;
	int start, del, waits, del_busy; /* what these return; waits: how many time out first */
	const char *owner;
	int left;         /* containers in list */
	int list;
} now;

static void ask(const char *fmt, int n)
{
	size_t len = strlen(now.asked);

	snprintf(now.asked + len, sizeof(now.asked) - len, fmt, n);
}

static int fake_create(struct gantry_engine *e, const struct gantry_create *what,
		       char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	(void)e, (void)what, (void)c;
	ask("create ", 0);
	strcpy(ret_id, "made");
	return 0;
}

static int fake_start(struct gantry_engine *e, const char *id, struct call *c)
{
	(void)e, (void)id;
	ask("start ", 0);
	if (now.start < 0) {
		c->err->exit = 0;
		err_set(c->err, -now.start, "start failed so");
		c->err->exit = 127;
	}
	return now.start;
}

static int fake_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags,
		     struct call *c)
{
	(void)e, (void)id, (void)flags, (void)c;
	ask("kill:%d ", sig);
	return 0;
}

static int fake_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
		     struct call *c)
{
	(void)e, (void)id;
	ask("wait ", 0);
	if (now.waits-- > 0)
		return err_set(c->err, ETIMEDOUT, "timed out");
	ret->code = 5;
	return 0;
}

static int fake_resume(struct gantry_engine *e, const char *id, struct call *c)
{
	(void)e, (void)id, (void)c;
	ask("resume ", 0);
	return 0;
}

static int fake_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
		    struct call *c)
{
	struct gantry_container k = { .id = id,
				      .state = now.state,
				      .stop_signal = now.stop_signal };

	(void)e, (void)c;
	ask("get ", 0);
	*ret = describe_container(&k);
	return 0;
}

static int fake_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret,
		     struct call *c)
{
	struct described d = { 0 };
	char label[64];
	const char *labels[] = { label, NULL };

	(void)e, (void)ours;
	if (now.list < 0)
		return err_set(c->err, -now.list, "no list");
	snprintf(label, sizeof(label), "%s=%s", OWNER_LABEL, now.owner);
	for (int i = 0; i < now.left; i++) {
		struct gantry_container k = { .id = "one", .labels = labels };

		described_add(&d, &k);
	}
	return described_take(&d, ret);
}

static int fake_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
{
	(void)e, (void)id;
	ask("del:%d ", (int)flags);
	if (now.del_busy-- > 0)
		return err_set(c->err, EBUSY, "busy");
	if (now.del == -ENOTSUP && !flags)
		return 0;
	if (now.del < 0)
		return err_set(c->err, -now.del, "del failed");
	now.left--;
	return 0;
}

static const struct engine_ops fake = {
	.kind = "fake",
	.create = fake_create,
	.start = fake_start,
	.kill = fake_kill,
	.wait = fake_wait,
	.resume = fake_resume,
	.get = fake_get,
	.list = fake_list,
	.del = fake_del,
};
static char owner[] = "me";
static struct gantry_engine engine = { .ops = &fake, .owner = owner };
static struct gantry_op op = GANTRY_OP_INIT;

static struct gantry_create a_rootfs(void)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.rootfs = "/r";
	return w;
}

START_TEST(run_removes_what_could_not_be_started_and_keeps_the_reason)
{
	struct gantry_create w = a_rootfs();

	now = (struct script){ .start = -ENOENT, .left = 1 };
	ck_assert_int_eq(gantry_container_run(&engine, &w, NULL, NULL, NULL, &op), -ENOENT);
	ck_assert_str_eq(now.asked, "create start del:1 ");
	ck_assert_str_eq(op.err.msg, "start failed so");
	ck_assert_int_eq(op.err.exit, 127);
}
END_TEST

START_TEST(run_undoes_also_when_the_call_was_cut_short)
{
	struct gantry_create w = a_rootfs();

	now = (struct script){ .start = -ETIMEDOUT, .left = 1 };
	ck_assert_int_eq(gantry_container_run(&engine, &w, NULL, NULL, NULL, &op), -ETIMEDOUT);
	ck_assert_str_eq(now.asked, "create start del:1 ");
}
END_TEST

START_TEST(a_foreground_run_without_a_slot_is_launch_wait_and_remove)
{
	struct gantry_create w = a_rootfs();
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];

	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	now = (struct script){ .left = 1 };
	ck_assert_int_eq(gantry_container_run(&engine, &w, &how, id, &x, &op), 0);
	ck_assert_str_eq(now.asked, "create start wait del:0 ");
	ck_assert_int_eq(x.code, 5);
	ck_assert_str_eq(id, "made");
	how.stdout_fd = 1;
	ck_assert_int_eq(gantry_container_run(&engine, &w, &how, NULL, NULL, &op), -ENOTSUP);
}
END_TEST

START_TEST(stop_signals_waits_and_kills)
{
	struct gantry_stop how = GANTRY_STOP_INIT;

	how.grace_us = 1000;
	now = (struct script){ .state = GANTRY_STATE_RUNNING };
	ck_assert_int_eq(gantry_container_stop(&engine, "c", &how, &op), 0);
	ck_assert_str_eq(now.asked, "get kill:15 wait ");
	now = (struct script){ .state = GANTRY_STATE_RUNNING, .waits = 1, .stop_signal = SIGQUIT };
	ck_assert_int_eq(gantry_container_stop(&engine, "c", &how, &op), 0);
	ck_assert_str_eq(now.asked, "get kill:3 wait kill:9 wait ");
	now = (struct script){ .state = GANTRY_STATE_RUNNING };
	how.grace_us = 0;
	ck_assert_int_eq(gantry_container_stop(&engine, "c", &how, &op), 0);
	ck_assert_str_eq(now.asked, "get kill:9 wait ");
}
END_TEST

START_TEST(stop_resumes_a_paused_container_first)
{
	now = (struct script){ .state = GANTRY_STATE_PAUSED };
	ck_assert_int_eq(gantry_container_stop(&engine, "c", NULL, &op), 0);
	ck_assert_str_eq(now.asked, "get resume kill:15 wait ");
}
END_TEST

START_TEST(stop_leaves_alone_what_does_not_run)
{
	static const int states[] = { GANTRY_STATE_CREATED, GANTRY_STATE_STOPPED,
				      GANTRY_STATE_DEAD };

	for (int i = 0; i < 3; i++) {
		now = (struct script){ .state = states[i] };
		ck_assert_int_eq(gantry_container_stop(&engine, "c", NULL, &op), 0);
		ck_assert_str_eq(now.asked, "get ");
	}
}
END_TEST

START_TEST(what_survives_sigkill_is_busy)
{
	now = (struct script){ .state = GANTRY_STATE_RUNNING, .waits = 2 };
	ck_assert_int_eq(gantry_container_stop(&engine, "c", NULL, &op), -EBUSY);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "survived SIGKILL"));
}
END_TEST

START_TEST(the_callers_deadline_goes_before_the_grace)
{
	struct gantry_op short_op = GANTRY_OP_INIT;

	short_op.timeout_us = 1000000;
	now = (struct script){ .state = GANTRY_STATE_RUNNING, .waits = 1 };
	ck_assert_int_eq(gantry_container_stop(&engine, "c", NULL, &short_op), -ETIMEDOUT);
	ck_assert_str_eq(now.asked, "get kill:15 wait ");
}
END_TEST

START_TEST(clean_takes_three_passes_and_then_names_what_is_left)
{
	now = (struct script){ .left = 1, .owner = "me", .del_busy = 2 };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), 1);
	ck_assert_str_eq(now.asked, "del:1 del:1 del:1 ");
	now = (struct script){ .left = 1, .owner = "me", .del_busy = 3 };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), -EBUSY);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "one: busy"));
}
END_TEST

START_TEST(clean_never_touches_what_another_owns)
{
	now = (struct script){ .left = 3, .owner = "somebody" };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), 0);
	ck_assert_str_eq(now.asked, "");
	now = (struct script){ .left = 3, .owner = "" };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), 0);
	ck_assert_str_eq(now.asked, "");
}
END_TEST

START_TEST(clean_counts_what_was_gone_already_as_nothing)
{
	now = (struct script){ .left = 1, .owner = "me", .del = -ENOENT };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), 0);
	now = (struct script){ .list = -EPROTO };
	ck_assert_int_eq(gantry_engine_clean(&engine, &op), -EPROTO);
}
END_TEST

START_TEST(delete_by_force_stops_first_where_the_engine_has_no_force)
{
	now = (struct script){ .state = GANTRY_STATE_RUNNING, .del = -ENOTSUP };
	ck_assert_int_eq(gantry_container_delete(&engine, "c", GANTRY_DELETE_FORCE, &op), 0);
	ck_assert_str_eq(now.asked, "del:1 get kill:9 wait del:0 ");
}
END_TEST

START_TEST(what_an_engine_can_is_read_off_its_table)
{
	struct gantry_engine_probe {
		struct engine_ops ops;
		struct gantry_engine e;
	} p = { fake, { 0 } };

	p.e.ops = &p.ops;
	ck_assert_int_eq(gantry_engine_can(&p.e, "stop"), 1);
	ck_assert_int_eq(gantry_engine_can(&p.e, "pause"), 0);
	ck_assert_int_eq(gantry_engine_can(&p.e, "run"), 1);
	ck_assert_int_eq(gantry_engine_can(&p.e, "dance"), -EINVAL);
	p.ops.wait = NULL;
	ck_assert_int_eq(gantry_engine_can(&p.e, "stop"), 0);
	ck_assert_int_eq(gantry_container_stop(&p.e, "c", NULL, &op), -ENOTSUP);
	ck_assert_str_eq(op.err.msg, "fake cannot stop");
	p.ops.start = NULL;
	ck_assert_int_eq(gantry_engine_can(&p.e, "run"), 0);
	p.ops.list = NULL;
	ck_assert_int_eq(gantry_engine_can(&p.e, "clean"), 0);
	ck_assert_int_eq(gantry_engine_clean(&p.e, &op), -ENOTSUP);
	for (const char *const *v = gantry_engine_verbs(); *v; v++)
		ck_assert_int_ge(gantry_engine_can(&p.e, *v), 0);
}
END_TEST

Suite *composite_suite(void);
Suite *composite_suite(void)
{
	Suite *s = suite_create("engine/composite");
	TCase *t = tcase_create("composites");

	tcase_add_test(t, run_removes_what_could_not_be_started_and_keeps_the_reason);
	tcase_add_test(t, run_undoes_also_when_the_call_was_cut_short);
	tcase_add_test(t, a_foreground_run_without_a_slot_is_launch_wait_and_remove);
	tcase_add_test(t, stop_signals_waits_and_kills);
	tcase_add_test(t, stop_resumes_a_paused_container_first);
	tcase_add_test(t, stop_leaves_alone_what_does_not_run);
	tcase_add_test(t, what_survives_sigkill_is_busy);
	tcase_add_test(t, the_callers_deadline_goes_before_the_grace);
	tcase_add_test(t, clean_takes_three_passes_and_then_names_what_is_left);
	tcase_add_test(t, clean_never_touches_what_another_owns);
	tcase_add_test(t, clean_counts_what_was_gone_already_as_nothing);
	tcase_add_test(t, delete_by_force_stops_first_where_the_engine_has_no_force);
	tcase_add_test(t, what_an_engine_can_is_read_off_its_table);
	suite_add_tcase(s, t);
	return s;
}
