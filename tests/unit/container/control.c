/* SPDX-License-Identifier: Apache-2.0 */
/* Signals and freezing reach the container that is meant, in the states where they can. */
#include "container/control.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/pidfd.h"
#include "unit/runtime/box.h"

#define words(what)                                                                                \
	ck_assert_msg(strstr(box_err.msg, what), "`%s` is not in: %s", what, box_err.msg)

static struct state s;

static void look(const char *id)
{
	state_done(&s);
	ck_assert_int_eq(state_read(box_root, id, &s, &box_err), 0);
}

static void run(const char *id, const struct box_conf *c, struct runtime_init *i)
{
	ck_assert_int_eq(box_create(id, c, i), 0);
	ck_assert_int_eq(runtime_start(box_root, id, &box_err), 0);
	look(id);
}

/* Processes of the host whose command line has `mark` in it. */
static int processes(const char *mark)
{
	return box_sh("exit $(grep -lsz '^%s$' /proc/[0-9]*/cmdline | wc -l)", mark);
}

START_TEST(a_signal_reaches_init)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	run("k",
	    &(struct box_conf){
		    .script = "trap 'exit 9' USR1; echo x > /tmp/up; while :; do sleep 0.01; done",
		    .writable = true },
	    &i);
	box_await("bundle/rootfs/tmp/up");
	ck_assert_int_eq(control_kill(&s, SIGUSR1, false, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 9);
	/* what was read before it ended is old: the process is looked at again */
	ck_assert_int_eq(control_kill(&s, SIGUSR1, false, &box_err), -EBUSY);
	words("container not running");
	look("k");
	ck_assert_int_eq(s.status, GANTRY_STATE_STOPPED);
	ck_assert_int_eq(control_kill(&s, SIGKILL, false, &box_err), -EBUSY);
	ck_assert_int_eq(control_kill(&s, SIGKILL, true, &box_err), -EBUSY);
	ck_assert_int_eq(control_pause(&s, &box_err), -EBUSY);
	ck_assert_int_eq(control_resume(&s, &box_err), -EBUSY);
	ck_assert_int_eq(control_kill(&s, 0, false, &box_err), -EINVAL);
	ck_assert_int_eq(control_kill(&s, 65, false, &box_err), -EINVAL);
}
END_TEST

START_TEST(a_created_one_can_be_killed)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("c", &(struct box_conf){ .args = "[\"true\"]" }, &i), 0);
	look("c");
	ck_assert_int_eq(control_kill(&s, SIGKILL, false, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
}
END_TEST

START_TEST(all_means_every_process)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	/* the host's pid namespace, so that nobody dies because init does */
	run("all",
	    &(struct box_conf){
		    .script = "sleep 4712 & sleep 4712 & sleep 4712 & trap '' TERM; echo x > "
			      "/tmp/up; wait; wait; wait; while :; do sleep 0.01; done",
		    .writable = true,
		    .namespaces = "{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{"
				  "\"type\":\"network\"}" },
	    &i);
	box_await("bundle/rootfs/tmp/up");
	for (int k = 0; k < 2000 && processes("4712") != 3; k++)
		usleep(1000);
	ck_assert_int_eq(processes("4712"), 3);
	if (_i / VIEWS == 0) {
		ck_assert_int_eq(control_kill(&s, SIGTERM, true, &box_err), 0);
		for (int k = 0; k < 2000 && processes("4712"); k++)
			usleep(1000);
		look("all");
		ck_assert_int_eq(
			s.status,
			GANTRY_STATE_RUNNING); /* it ignores TERM, and is not left frozen */
	}
	ck_assert_int_eq(control_kill(&s, SIGKILL, true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	for (int k = 0; k < 2000 && processes("4712"); k++)
		usleep(1000);
	ck_assert_int_eq(processes("4712"), 0);
}
END_TEST

START_TEST(a_paused_one_does_nothing_until_it_is_resumed)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	run("p",
	    &(struct box_conf){ .script = "n=0; while :; do n=$((n+1)); echo $n > /tmp/n; done",
				.writable = true },
	    &i);
	box_await("bundle/rootfs/tmp/n");
	ck_assert_int_eq(control_pause(&s, &box_err), 0);
	look("p");
	ck_assert_int_eq(s.status, GANTRY_STATE_PAUSED);
	ck_assert_int_ne(s.pid, 0);
	ck_assert_int_eq(control_pause(&s, &box_err), -EBUSY);
	words("paused already");
	ck_assert_int_eq(box_sh("cp %s/tmp/n %s/a; sleep 0.05; cmp %s/tmp/n %s/a", box_rootfs,
				box_dir, box_rootfs, box_dir),
			 0);
	ck_assert_int_eq(control_resume(&s, &box_err), 0);
	look("p");
	ck_assert_int_eq(s.status, GANTRY_STATE_RUNNING);
	ck_assert_int_eq(control_resume(&s, &box_err), -EBUSY);
	words("is not paused");
	ck_assert_int_eq(box_sh("for k in $(seq 200); do sleep 0.05; cmp -s %s/tmp/n %s/a || exit "
				"0; done; exit 1",
				box_rootfs, box_dir),
			 0);
}
END_TEST

START_TEST(a_pause_that_is_cut_short_leaves_it_running)
{
	struct runtime_init i = RUNTIME_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	struct call call;

	if (!box_open((enum box_view)_i))
		return;
	run("pc", &(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i);
	ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
	call.deadline_ns = call.start_ns;
	ck_assert_int_eq(control_pause_call(&s, &call), -ETIMEDOUT);
	look("pc");
	ck_assert_int_eq(s.status, GANTRY_STATE_RUNNING);
	call.deadline_ns = UINT64_MAX;
	ck_assert_int_eq(control_pause_call(&s, &call), 0);
	look("pc");
	ck_assert_int_eq(control_resume_call(&s, &call), 0);
	look("pc");
	ck_assert_int_eq(control_kill(&s, SIGKILL, false, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
}
END_TEST

START_TEST(a_paused_one_dies_of_kill)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	run("pk", &(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i);
	ck_assert_int_eq(control_pause(&s, &box_err), 0);
	look("pk");
	ck_assert_int_eq(control_kill(&s, SIGKILL, _i / VIEWS, &box_err), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 5000), 1);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
}
END_TEST

START_TEST(other_signals_wait_until_it_is_resumed)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	run("pt",
	    &(struct box_conf){
		    .script = "trap 'exit 5' TERM; echo x > /tmp/up; while :; do sleep 0.01; done",
		    .writable = true },
	    &i);
	box_await("bundle/rootfs/tmp/up");
	ck_assert_int_eq(control_pause(&s, &box_err), 0);
	look("pt");
	ck_assert_int_eq(control_kill(&s, SIGTERM, _i / VIEWS, &box_err), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 50), 0);
	look("pt");
	ck_assert_int_eq(s.status, GANTRY_STATE_PAUSED);
	ck_assert_int_eq(control_resume(&s, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 5);
}
END_TEST

START_TEST(being_killed_for_memory_is_known)
{
	struct runtime_init i = RUNTIME_INIT;
	int r;

	if (!box_open((enum box_view)_i))
		return;
	r = box_create("oom", &(struct box_conf){
		.script = "x=x; while :; do x=$x$x; done",
		.linux_ = "\"resources\":{\"memory\":{\"limit\":8388608,\"swap\":8388608}}" }, &i);
	if (r == -ENODEV)
		return; /* no memory controller on that side */
	ck_assert_int_eq(r, 0);
	look("oom");
	ck_assert_int_eq(control_oom(&s), 0);
	ck_assert_int_eq(runtime_start(box_root, "oom", &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(control_oom(&s), 1);
}
END_TEST

Suite *control_suite(void);
Suite *control_suite(void)
{
	Suite *u = suite_create("control");
	TCase *t = tcase_create("control");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, NULL, box_close);
	tcase_add_loop_test(t, a_signal_reaches_init, 0, VIEWS);
	tcase_add_loop_test(t, a_created_one_can_be_killed, 0, VIEWS);
	tcase_add_loop_test(t, all_means_every_process, 0, 2 * VIEWS);
	tcase_add_loop_test(t, a_paused_one_does_nothing_until_it_is_resumed, 0, VIEWS);
	tcase_add_loop_test(t, a_pause_that_is_cut_short_leaves_it_running, 0, VIEWS);
	tcase_add_loop_test(t, a_paused_one_dies_of_kill, 0, 2 * VIEWS);
	tcase_add_loop_test(t, other_signals_wait_until_it_is_resumed, 0, 2 * VIEWS);
	tcase_add_loop_test(t, being_killed_for_memory_is_known, 0, VIEWS);
	suite_add_tcase(u, t);
	return u;
}
