/* SPDX-License-Identifier: Apache-2.0 */
/* How a container ended: the code, by whom it can be had, when, and how often. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int code_of(const char *const *args)
{
	struct gantry_create w = what(args);
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;

	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	OK(gantry_container_run(engine, &w, &how, NULL, &x, &op));
	return x.code;
}

START_TEST(codes_0_7_and_255_come_back)
{
	ck_assert_int_eq(code_of(LIST("true")), 0);
	ck_assert_int_eq(code_of(LIST("sh", "-c", "exit 7")), 7);
	ck_assert_int_eq(code_of(LIST("sh", "-c", "exit 255")), 255);
}
END_TEST

START_TEST(a_command_that_is_not_there_is_127)
{
	struct gantry_create w = what(LIST("/no/such/command"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct leftovers before;

	NEEDS_PROGRAMS;
	before = count_leftovers();
	FAILS(gantry_container_run(engine, &w, &how, NULL, NULL, &op), ENOENT);
	ck_assert_int_eq(op.err.exit, 127);
	FAILS(gantry_container_run(engine, &w, NULL, NULL, NULL, &op), ENOENT);
	ck_assert_int_eq(op.err.exit, 127);
	w.args = LIST("no-such-command-in-path");
	FAILS(gantry_container_run(engine, &w, &how, NULL, NULL, &op), ENOENT);
	ck_assert_int_eq(op.err.exit, 127);
	same_leftovers(before);
}
END_TEST

START_TEST(a_command_that_is_not_executable_is_126)
{
	struct gantry_create w = what(LIST("/etc/passwd"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct leftovers before;

	NEEDS_PROGRAMS;
	before = count_leftovers();
	FAILS(gantry_container_run(engine, &w, &how, NULL, NULL, &op), EACCES);
	ck_assert_int_eq(op.err.exit, 126);
	FAILS(gantry_container_run(engine, &w, NULL, NULL, NULL, &op), EACCES);
	ck_assert_int_eq(op.err.exit, 126);
	same_leftovers(before);
}
END_TEST

START_TEST(wait_answers_as_often_as_it_is_asked)
{
	struct gantry_create w = what(LIST("sh", "-c", "exit 7"));
	char id[GANTRY_ID_SIZE];
	struct gantry_exit x;

	NEEDS("wait");
	run_detached(&w, id);
	for (int i = 0; i < 3; i++) {
		x = wait_for(id);
		ck_assert_int_eq(x.code, 7);
		ck_assert_int_eq(x.signal, 0);
		ck_assert_int_eq(x.oom, 0);
		ck_assert_uint_gt(x.finished_ns, 0);
	}
	drop(id);
}
END_TEST

/* A program of its own, as far as the library is concerned: it uses no handle of the parent's. */
static int code_in_another_process(const char *id)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct gantry_engine_options o = suite_options();
		struct gantry_exit x = GANTRY_EXIT_INIT;
		struct gantry_engine *e = NULL;

		if (gantry_engine_open(getenv("GANTRY_CONTRACT_ENGINE"), &o, &e, NULL) < 0 ||
		    gantry_container_wait(e, id, &x, NULL) < 0)
			_exit(99);
		gantry_engine_close(e);
		_exit(x.code < 0 ? 98 : x.code);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(any_process_can_have_the_code_later_and_twice)
{
	struct gantry_create w = what(LIST("sh", "-c", "exit 7"));
	char id[GANTRY_ID_SIZE];

	NEEDS("wait");
	NEEDS_PROGRAMS; /* null's containers live in the handle */
	run_detached(&w, id);
	wait_for(id);
	gantry_engine_closep(&engine);
	ck_assert_int_eq(code_in_another_process(id), 7);
	ck_assert_int_eq(code_in_another_process(id), 7);
	engine = open_again(NULL);
	ck_assert_int_eq(wait_for(id).code, 7);
	drop(id);
}
END_TEST

START_TEST(two_processes_wait_at_once_and_both_get_it)
{
	char id[GANTRY_ID_SIZE];
	pid_t pids[2];
	int status;

	NEEDS("wait");
	NEEDS_PROGRAMS;
	run_sleeper(id);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(code_in_another_process(id));
	}
	sleep_ms(300);
	OK(gantry_container_kill(engine, id, SIGKILL, 0, &op));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(WEXITSTATUS(status), 137);
	}
	drop(id);
}
END_TEST

START_TEST(what_has_not_ended_has_no_code)
{
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE];

	run_sleeper(id);
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_int_eq(c->exit_code, -1);
	ck_assert_int_eq(c->exit_signal, 0);
	ck_assert_uint_eq(c->finished_ns, 0);
	drop(id);
}
END_TEST

START_TEST(times_are_those_of_this_host)
{
	clean_container struct gantry_container *c = NULL;
	struct gantry_create w = what(LIST("true"));
	unsigned long long second = 1000000000ull, begin, end;
	char id[GANTRY_ID_SIZE];
	struct gantry_exit x;

	begin = (unsigned long long)time(NULL) * second;
	run_detached(&w, id);
	x = wait_for(id);
	end = (unsigned long long)(time(NULL) + 1) * second;
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_uint_ge(c->created_ns, begin);
	ck_assert_uint_ge(c->started_ns, c->created_ns);
	/* docker and podman note the start late: 0.4 to 0.9 ms after the end of "true" */
	ck_assert_uint_ge(c->finished_ns + (is_kind("docker") ? second : 0), c->started_ns);
	ck_assert_uint_le(c->finished_ns, end);
	ck_assert_uint_eq(x.finished_ns, c->finished_ns);
	drop(id);
}
END_TEST

START_TEST(a_deadline_ends_the_wait_and_not_the_container)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_op brief = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE];

	NEEDS("wait");
	run_sleeper(id);
	brief.timeout_us = 200000;
	ck_assert_int_eq(gantry_container_wait(engine, id, &x, &brief), -ETIMEDOUT);
	ck_assert_uint_ge(brief.elapsed_ns, 200000000ull);
	ck_assert_uint_lt(brief.elapsed_ns, 5000000000ull);
	good_words(brief.err.msg);
	ck_assert_int_eq(x.code, -1);
	ck_assert_int_eq(state_of(id), GANTRY_STATE_RUNNING);
	drop(id);
}
END_TEST

START_TEST(cancelling_ends_the_wait_and_not_the_container)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_op stoppable = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE];
	pid_t pid;

	NEEDS("wait");
	run_sleeper(id);
	stoppable.cancel_fd = eventfd(0, EFD_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		sleep_ms(200);
		_exit(eventfd_write(stoppable.cancel_fd, 1) < 0);
	}
	ck_assert_int_eq(gantry_container_wait(engine, id, &x, &stoppable), -ECANCELED);
	good_words(stoppable.err.msg);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(state_of(id), GANTRY_STATE_RUNNING);
	close(stoppable.cancel_fd);
	drop(id);
}
END_TEST

START_TEST(a_deadline_on_a_foreground_run_leaves_it_running)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_op brief = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE] = "";

	w.name = fresh_name("overdue");
	brief.timeout_us = is_kind("null") ? 200000 : 3000000; /* time enough to create and start */
	ck_assert_int_eq(gantry_container_run(engine, &w, &how, id, NULL, &brief), -ETIMEDOUT);
	good_words(brief.err.msg);
	ck_assert_str_ne(id, "");
	ck_assert_int_eq(state_of(id), GANTRY_STATE_RUNNING);
	drop(id);
}
END_TEST

TCase *exit_tests(void)
{
	TCase *t = tcase_create("exits");

	tcase_add_test(t, codes_0_7_and_255_come_back);
	tcase_add_test(t, a_command_that_is_not_there_is_127);
	tcase_add_test(t, a_command_that_is_not_executable_is_126);
	tcase_add_test(t, wait_answers_as_often_as_it_is_asked);
	tcase_add_test(t, any_process_can_have_the_code_later_and_twice);
	tcase_add_test(t, two_processes_wait_at_once_and_both_get_it);
	tcase_add_test(t, what_has_not_ended_has_no_code);
	tcase_add_test(t, times_are_those_of_this_host);
	tcase_add_test(t, a_deadline_ends_the_wait_and_not_the_container);
	tcase_add_test(t, cancelling_ends_the_wait_and_not_the_container);
	tcase_add_test(t, a_deadline_on_a_foreground_run_leaves_it_running);
	return t;
}
