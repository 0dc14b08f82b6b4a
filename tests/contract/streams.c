/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams and signals of a foreground run. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every byte value, in an order that no run of equal bytes hides a loss in. */
static const char *noise(size_t len)
{
	static char bytes[1 << 20];
	unsigned long long x = 88172645463325252ull;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes[i] = (char)x;
	}
	return bytes;
}

START_TEST(stdin_comes_out_of_stdout_byte_for_byte)
{
	struct gantry_create w = what(LIST("cat"));
	size_t len = 1 << 20;
	const char *bytes = noise(len);
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	o = run_captured(&w, bytes, len);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_int_eq(o.x.code, 0);
	ck_assert_uint_eq(o.out_len, len);
	ck_assert_int_eq(memcmp(o.out, bytes, len), 0);
	ck_assert_uint_eq(o.err_len, 0);
	drop(o.id);
}
END_TEST

START_TEST(stdout_and_stderr_are_kept_apart)
{
	struct gantry_create w =
		what(LIST("sh", "-c", "printf out; printf err >&2; printf 'no newline'"));
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_str_eq(o.out, "outno newline");
	ck_assert_str_eq(o.err, "err");
	drop(o.id);
}
END_TEST

START_TEST(stdin_is_empty_when_none_is_given)
{
	struct gantry_create w = what(LIST("cat"));
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_int_eq(o.x.code, 0);
	ck_assert_uint_eq(o.out_len, 0);
	drop(o.id);
}
END_TEST

START_TEST(pipes_carry_a_megabyte_both_ways)
{
	struct gantry_create w = what(LIST("cat"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	size_t len = 1 << 20;
	const char *bytes = noise(len);
	char id[GANTRY_ID_SIZE];
	int in[2], out[2], status;
	pid_t writer, reader;

	NEEDS_PROGRAMS;
	ck_assert_int_eq(pipe(in) | pipe(out), 0);
	writer = fork();
	if (writer == 0) {
		close(in[0]);
		for (size_t n = 0; n < len; n += 8192)
			if (write(in[1], bytes + n, 8192) != 8192)
				_exit(1);
		_exit(0);
	}
	reader = fork();
	if (reader == 0) {
		char *got = malloc(len + 1);
		size_t n = 0;
		ssize_t r;

		close(in[0]), close(in[1]), close(out[1]);
		while (n <= len && (r = read(out[0], got + n, len + 1 - n)) > 0)
			n += (size_t)r;
		_exit(n == len && !memcmp(got, bytes, len) ? 0 : 1);
	}
	close(in[1]), close(out[0]);
	how.stdin_fd = in[0];
	how.stdout_fd = out[1];
	OK(gantry_container_run(engine, &w, &how, id, &x, &op));
	close(in[0]), close(out[1]);
	ck_assert_int_eq(x.code, 0);
	ck_assert_int_eq(waitpid(writer, &status, 0), writer);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
	drop(id);
}
END_TEST

START_TEST(a_reader_that_goes_away_hurts_nobody)
{
	struct gantry_create w = what(LIST("sh", "-c",
					   "trap '' PIPE; i=0; while [ $i -lt 2000 ]; do "
					   "echo 0123456789012345678901234567890123456789 "
					   "2>/dev/null; "
					   "i=$((i+1)); done; exit 4"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	int out[2];

	NEEDS_PROGRAMS;
	ck_assert_int_eq(pipe(out), 0);
	close(out[0]);
	how.stdout_fd = out[1];
	/* a SIGPIPE would end this process */
	OK(gantry_container_run(engine, &w, &how, id, &x, &op));
	ck_assert_int_eq(x.code, 4);
	close(out[1]);
	drop(id);
}
END_TEST

START_TEST(a_child_that_stays_does_not_hold_up_the_end)
{
	struct gantry_create w = what(LIST("sh", "-c", "sleep 1000 & exit 7"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	int out[2];

	NEEDS_PROGRAMS;
	ck_assert_int_eq(pipe(out), 0);
	how.stdout_fd = out[1];
	how.stderr_fd = out[1];
	OK(gantry_container_run(engine, &w, &how, id, &x, &op));
	ck_assert_int_eq(x.code, 7);
	ck_assert_uint_lt(op.elapsed_ns, 20000000000ull);
	close(out[0]), close(out[1]);
	drop(id);
}
END_TEST

START_TEST(signals_of_the_signalfd_reach_the_container)
{
	struct gantry_create w = what(
		LIST("sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	int out[2], status;
	sigset_t term;
	pid_t pid;

	NEEDS_PROGRAMS;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &term, NULL), 0);
	how.signal_fd = signalfd(-1, &term, SFD_CLOEXEC);
	ck_assert_int_eq(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		/* once the trap is set */
		_exit(read(out[0], &c, 1) == 1 && kill(getppid(), SIGTERM) == 0 ? 0 : 1);
	}
	how.stdout_fd = out[1];
	OK(gantry_container_run(engine, &w, &how, id, &x, &op));
	ck_assert_int_eq(x.code, 9);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(how.signal_fd), close(out[0]), close(out[1]);
	drop(id);
}
END_TEST

START_TEST(signals_end_a_run_of_null_too)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	sigset_t term;

	if (!is_kind("null"))
		NOT_APPLICABLE("the test above is the one for real engines");
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &term, NULL), 0);
	how.signal_fd = signalfd(-1, &term, SFD_CLOEXEC);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	OK(gantry_container_run(engine, &w, &how, NULL, &x, &op));
	ck_assert_int_eq(x.code, 143);
	close(how.signal_fd);
}
END_TEST

START_TEST(the_callers_fds_stay_open_and_do_not_leak_inside)
{
	clean_outcome struct outcome o = { 0 };
	int fd;

	NEEDS_PROGRAMS;
	fd = dup(0);
	o = script_output(what(NULL), "ls /proc/self/fd | wc -l");
	ck_assert_int_le(atoi(o.out), 5); /* 0 to 2, ls's own, and one that sh may hold */
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

TCase *stream_tests(void)
{
	TCase *t = tcase_create("streams");

	tcase_add_test(t, stdin_comes_out_of_stdout_byte_for_byte);
	tcase_add_test(t, stdout_and_stderr_are_kept_apart);
	tcase_add_test(t, stdin_is_empty_when_none_is_given);
	tcase_add_test(t, pipes_carry_a_megabyte_both_ways);
	tcase_add_test(t, a_reader_that_goes_away_hurts_nobody);
	tcase_add_test(t, a_child_that_stays_does_not_hold_up_the_end);
	tcase_add_test(t, signals_of_the_signalfd_reach_the_container);
	tcase_add_test(t, signals_end_a_run_of_null_too);
	tcase_add_test(t, the_callers_fds_stay_open_and_do_not_leak_inside);
	return t;
}
