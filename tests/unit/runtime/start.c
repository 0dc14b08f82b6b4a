/* SPDX-License-Identifier: Apache-2.0 */
/* start lets a created container run, once, and says why not where it cannot. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "container/control.h"
#include "kernel/pidfd.h"

#define words(what)                                                                                \
	ck_assert_msg(strstr(box_err.msg, what), "`%s` is not in: %s", what, box_err.msg)

static const struct box_conf sleeper = { .args = "[\"sleep\",\"100\"]" };

START_TEST(it_runs_once)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("a", &(struct box_conf){ .script = "echo ran" }, &i), 0);
	ck_assert_int_eq(box_status("a"), GANTRY_STATE_CREATED);
	ck_assert_str_eq(box_out(), "");
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 0);
	ck_assert_str_eq(box_out(), "ran\n");
	ck_assert_int_eq(box_status("a"), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), -EBUSY);
	words("container a is stopped, not created");
	ck_assert_int_eq(runtime_delete(box_root, "a", false, &box_err), 0);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), -ENOENT);
	words("container a does not exist");
}
END_TEST

START_TEST(a_running_one_is_not_started_again)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("a", &sleeper, &i), 0);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), 0);
	ck_assert_int_eq(box_status("a"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), -EBUSY);
	words("container a is running, not created");
	ck_assert_int_eq(runtime_delete(box_root, "a", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
}
END_TEST

START_TEST(a_paused_one_stays_as_it_is)
{
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("a", &(struct box_conf){ .script = "exit 3" }, &i), 0);
	ck_assert_int_eq(state_read(box_root, "a", &s, &box_err), 0);
	ck_assert_int_eq(control_pause(&s, &box_err), 0);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), -EBUSY);
	words("paused");
	state_done(&s);
	ck_assert_int_eq(state_read(box_root, "a", &s, &box_err), 0);
	ck_assert_int_eq(s.status, GANTRY_STATE_PAUSED);
	ck_assert_int_eq(control_resume(&s, &box_err), 0);
	/* nothing was left in the FIFO that would start it now */
	usleep(50000);
	ck_assert_int_eq(box_status("a"), GANTRY_STATE_CREATED);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 3);
	ck_assert_int_eq(runtime_delete(box_root, "a", false, &box_err), 0);
}
END_TEST

START_TEST(an_init_that_was_killed_before_is_not_running)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_create("a", &sleeper, &i), 0);
	ck_assert_int_eq(pidfd_signal(i.pidfd, SIGKILL), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 1000), 1);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), -EBUSY);
	words("stopped");
	ck_assert_int_eq(runtime_delete(box_root, "a", false, &box_err), 0);
	box_reap(&i);
}
END_TEST

START_TEST(a_killed_caller_does_not_take_it_along)
{
	struct runtime_init i = RUNTIME_INIT;
	pid_t pid;

	if (!box_open(VIEW_HOST))
		return;
	/* created by a process that ends right after: what create has committed stays */
	pid = fork();
	if (pid == 0)
		_exit(box_create("a", &(struct box_conf){ .script = "echo alive" }, &i) < 0);
	while (waitpid(pid, NULL, 0) < 0)
		;
	usleep(20000);
	ck_assert_int_eq(box_status("a"), GANTRY_STATE_CREATED);
	ck_assert_int_eq(runtime_start(box_root, "a", &box_err), 0);
	for (int k = 0; k < 2000 && box_status("a") != GANTRY_STATE_STOPPED; k++)
		usleep(1000);
	ck_assert_str_eq(box_out(), "alive\n");
	ck_assert_int_eq(runtime_delete(box_root, "a", false, &box_err), 0);
}
END_TEST

START_TEST(two_at_once_start_it_once)
{
	struct runtime_init i = RUNTIME_INIT;
	pid_t pids[4];
	int ok = 0;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_create("a", &sleeper, &i), 0);
	for (int k = 0; k < 4; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			int r = runtime_start(box_root, "a", NULL);

			_exit(r == 0 ? 0 : r == -EBUSY ? 1 : 2);
		}
	}
	for (int k = 0; k < 4; k++) {
		int st;

		while (waitpid(pids[k], &st, 0) < 0)
			;
		ck_assert_int_lt(WEXITSTATUS(st), 2);
		ok += WEXITSTATUS(st) == 0;
	}
	ck_assert_int_eq(ok, 1);
	ck_assert_int_eq(runtime_delete(box_root, "a", true, &box_err), 0);
	box_reap(&i);
}
END_TEST

Suite *start_suite(void);
Suite *start_suite(void)
{
	Suite *s = suite_create("start");
	TCase *t = tcase_create("start");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, NULL, box_close);
	tcase_add_loop_test(t, it_runs_once, 0, VIEWS);
	tcase_add_loop_test(t, a_running_one_is_not_started_again, 0, VIEWS);
	tcase_add_loop_test(t, a_paused_one_stays_as_it_is, 0, VIEWS);
	tcase_add_test(t, an_init_that_was_killed_before_is_not_running);
	tcase_add_test(t, a_killed_caller_does_not_take_it_along);
	tcase_add_test(t, two_at_once_start_it_once);
	suite_add_tcase(s, t);
	return s;
}
