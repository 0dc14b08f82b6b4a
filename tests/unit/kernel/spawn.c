/* SPDX-License-Identifier: Apache-2.0 */
/* Programs are started in a host program that has its own ideas about children. */
#include "kernel/spawn.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static struct gantry_op op;
static struct call call;

static void begin(uint64_t timeout_us)
{
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = timeout_us;
	ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
	call.step = "run";
}

/* Runs `script` with sh, captures. */
static int sh(const char *script, const char *in, struct spawn_result *res)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct spawn s = SPAWN_INIT;

	s.path = "/bin/sh";
	s.argv = argv;
	return spawn_run(&s, in, 65536, res, &call);
}

static int start_sh(const char *script, struct child *ch)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct spawn s = SPAWN_INIT;

	s.path = "/bin/sh";
	s.argv = argv;
	return spawn_start(&s, ch, &call);
}

/* How many processes have us as their parent, zombies included. */
static int children(void)
{
	char path[64], text[4096];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	if (fgets(text, sizeof(text), f))
		for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
			n++;
	fclose(f);
	return n;
}

START_TEST(the_exit_code_and_the_signal_come_back)
{
	struct child ch = CHILD_INIT;

	begin(0);
	ck_assert_int_eq(start_sh("exit 7", &ch), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 7);
	ck_assert_int_eq(start_sh("kill -9 $$", &ch), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 137);
	ck_assert_int_eq(start_sh("exit 0", &ch), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 0);
	ck_assert_int_eq(ch.pidfd, -1);
	ck_assert_int_eq(children(), 0);
}
END_TEST

START_TEST(what_cannot_be_executed_is_reported_with_its_errno_and_nothing_is_left)
{
	const char *const argv[] = { "x", NULL };
	struct child ch = CHILD_INIT;
	struct spawn s = SPAWN_INIT;

	begin(0);
	s.argv = argv;
	s.path = "/nonexistent/program";
	errno = 4711;
	ck_assert_int_eq(spawn_start(&s, &ch, &call), -ENOENT);
	ck_assert_int_eq(op.err.code, 0);
	ck_assert_ptr_nonnull(strstr(call.err->msg, "/nonexistent/program"));
	s.path = "/etc/passwd";
	ck_assert_int_eq(spawn_start(&s, &ch, &call), -EACCES);
	s.path = "/bin/sh";
	s.dir = "/nonexistent";
	ck_assert_int_eq(spawn_start(&s, &ch, &call), -ENOENT);
	ck_assert_ptr_nonnull(strstr(call.err->msg, "/nonexistent"));
	s.dir = NULL;
	s.fds[1] = 999;
	ck_assert_int_eq(spawn_start(&s, &ch, &call), -EBADF);
	ck_assert_int_eq(children(), 0);
}
END_TEST

static int chld_seen;
static void on_chld(int sig)
{
	(void)sig;
	chld_seen++;
}

START_TEST(a_sigchld_handler_of_the_host_is_not_called)
{
	struct spawn_result res = { 0 };

	signal(SIGCHLD, on_chld);
	begin(0);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(sh("exit 3", NULL, &res), 0);
		ck_assert_int_eq(res.status, 3);
		spawn_result_done(&res);
	}
	ck_assert_int_eq(chld_seen, 0);
}
END_TEST

START_TEST(a_host_that_ignores_sigchld_still_gets_the_code)
{
	struct spawn_result res = { 0 };

	signal(SIGCHLD, SIG_IGN);
	begin(0);
	ck_assert_int_eq(sh("trap 'echo caught' CHLD; /bin/true; exit 5", NULL, &res), 0);
	ck_assert_int_eq(res.status, 5);
	/* the program itself starts with the default disposition, which is why its trap works */
	ck_assert_str_eq(res.out, "caught\n");
	spawn_result_done(&res);
}
END_TEST

static int stop, stolen;
static void *reaper(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		int st;

		if (waitpid(-1, &st, 0) > 0)
			__atomic_fetch_add(&stolen, 1, __ATOMIC_ACQ_REL);
	}
	return arg;
}

static void *runner(void *arg)
{
	for (int i = 0; i < 25; i++) {
		struct call c;
		const char *const argv[] = { "sh", "-c", "echo $PPID; exit 9", NULL };
		struct spawn s = SPAWN_INIT;
		struct spawn_result res = { 0 };

		s.path = "/bin/sh";
		s.argv = argv;
		if (call_begin(&c, NULL, NULL) < 0 || spawn_run(&s, NULL, 100, &res, &c) < 0 ||
		    res.status != 9)
			return arg;
		spawn_result_done(&res);
	}
	return NULL;
}

START_TEST(threads_that_wait_for_any_child_steal_nothing)
{
	pthread_t reapers[2], runners[4];
	void *bad;

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&reapers[i], NULL, reaper, NULL), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&runners[i], NULL, runner, &stop), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(runners[i], &bad);
		ck_assert_ptr_null(bad);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(reapers[i], NULL);
	ck_assert_int_eq(stolen, 0);
	ck_assert_int_eq(children(), 0);
}
END_TEST

START_TEST(even_a_host_that_waits_for_everything_with_wall_leaves_the_code)
{
	struct child ch = CHILD_INIT;

	begin(0);
	ck_assert_int_eq(start_sh("exit 6", &ch), 0);
	ck_assert_int_gt(waitpid(-1, NULL, __WALL), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 6);
}
END_TEST

START_TEST(signals_are_at_their_defaults_and_unblocked)
{
	struct spawn_result res = { 0 };
	sigset_t set, old, now;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, NULL, &old);
	begin(0);
	ck_assert_int_eq(sh("while read k v; do case $k in Sig[BI]*) echo $k $v;; esac; done < "
			    "/proc/self/status",
			    NULL, &res),
			 0);
	ck_assert_str_eq(res.out, "SigBlk: 0000000000000000\nSigIgn: 0000000000000000\n");
	spawn_result_done(&res);
	sigprocmask(SIG_BLOCK, NULL, &now);
	ck_assert_int_eq(memcmp(&old, &now, 8), 0);
}
END_TEST

START_TEST(only_the_given_descriptors_arrive)
{
	const char *const argv[] = { "ls", "/proc/self/fd", NULL };
	struct spawn s = SPAWN_INIT;
	struct spawn_result res = { 0 };
	int leak = open("/", O_RDONLY), high = fcntl(leak, F_DUPFD, 700);

	begin(0);
	ck_assert_int_ge(high, 700);
	s.path = "/bin/ls";
	s.argv = argv;
	s.fds[4] = leak;
	ck_assert_int_eq(spawn_run(&s, NULL, 4096, &res, &call), 0);
	/* 3 is what ls itself opened */
	ck_assert_str_eq(res.out, "0\n1\n2\n3\n4\n");
	spawn_result_done(&res);
}
END_TEST

START_TEST(descriptors_may_swap_places)
{
	const char *const argv[] = { "sh", "-c", "echo to6 >&6; echo to7 >&7", NULL };
	struct spawn s = SPAWN_INIT;
	struct child ch = CHILD_INIT;
	char text[16] = "";
	int a[2], b[2];

	ck_assert_int_eq(pipe(a), 0);
	ck_assert_int_eq(pipe(b), 0);
	/* the write ends sit at 6 and 7, and each becomes the other */
	ck_assert_int_eq(dup2(a[1], 64), 64);
	ck_assert_int_eq(dup2(b[1], 65), 65);
	ck_assert_int_eq(dup2(b[0], 66), 66);
	ck_assert_int_eq(dup2(a[0], 67), 67);
	dup2(64, 7);
	dup2(65, 6);
	begin(0);
	s.path = "/bin/sh";
	s.argv = argv;
	s.fds[6] = 7;
	s.fds[7] = 6;
	ck_assert_int_eq(spawn_start(&s, &ch, &call), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 0);
	ck_assert_int_eq(read(67, text, sizeof(text)), 4);
	ck_assert_int_eq(memcmp(text, "to6\n", 4), 0);
	ck_assert_int_eq(read(66, text, sizeof(text)), 4);
	ck_assert_int_eq(memcmp(text, "to7\n", 4), 0);
}
END_TEST

START_TEST(input_and_both_outputs_are_captured)
{
	struct spawn_result res = { 0 };

	begin(0);
	ck_assert_int_eq(sh("cat; echo oops >&2; exit 2", "some words", &res), 0);
	ck_assert_int_eq(res.status, 2);
	ck_assert_str_eq(res.out, "some words");
	ck_assert_str_eq(res.errs, "oops\n");
	spawn_result_done(&res);
	ck_assert_int_eq(sh("cat", NULL, &res), 0);
	ck_assert_str_eq(res.out, "");
	spawn_result_done(&res);
}
END_TEST

START_TEST(a_program_that_says_too_much_is_stopped)
{
	struct spawn_result res = { 0 };

	begin(10000000);
	ck_assert_int_eq(sh("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", NULL, &res),
			 -E2BIG);
	ck_assert_ptr_null(res.out);
	ck_assert_int_eq(children(), 0);
}
END_TEST

START_TEST(a_process_left_behind_does_not_hold_up_the_end)
{
	struct spawn_result res = { 0 };
	uint64_t t = clock_mono();

	begin(0);
	ck_assert_int_eq(sh("sleep 5 & echo $!; exit 0", NULL, &res), 0);
	ck_assert_uint_lt(clock_mono() - t, 3000000000u);
	kill(atoi(res.out), SIGKILL);
	spawn_result_done(&res);
}
END_TEST

START_TEST(a_deadline_kills_a_captured_run_and_names_the_step)
{
	struct spawn_result res = { 0 };
	uint64_t t = clock_mono();

	begin(100000);
	ck_assert_int_eq(sh("exec sleep 20", NULL, &res), -ETIMEDOUT);
	ck_assert_uint_lt(clock_mono() - t, 5000000000u);
	ck_assert_ptr_nonnull(strstr(call.err->msg, "run"));
	ck_assert_int_eq(children(), 0);
}
END_TEST

START_TEST(a_wait_cut_short_leaves_the_program_running)
{
	struct child ch = CHILD_INIT;

	begin(50000);
	ck_assert_int_eq(start_sh("exec sleep 20", &ch), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), -ETIMEDOUT);
	ck_assert_int_eq(kill(ch.pid, 0), 0);
	spawn_done(&ch);
	ck_assert_int_eq(children(), 0);
}
END_TEST

START_TEST(an_orphan_is_nobodys_child_and_outlives_its_handle)
{
	const char *const argv[] = { "sh", "-c", "sleep 0.3; echo $PPID >&1; exit 0", NULL };
	struct spawn s = SPAWN_INIT;
	struct child ch = CHILD_INIT;
	char text[16] = "";
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	begin(0);
	s.path = "/bin/sh";
	s.argv = argv;
	s.fds[1] = p[1];
	s.orphan = true;
	ck_assert_int_eq(spawn_start(&s, &ch, &call), 0);
	ck_assert_int_eq(children(), 0);
	close(p[1]);
	spawn_done(&ch);
	ck_assert_int_gt(read(p[0], text, sizeof(text) - 1), 0);
	ck_assert_int_ne(atoi(text), getpid());
	ck_assert_int_eq(start_sh("exit 1", &ch), 0);
	ck_assert_int_eq(spawn_wait(&ch, &call), 1);
}
END_TEST

START_TEST(it_runs_in_a_session_of_its_own)
{
	struct spawn_result res = { 0 };
	char want[32];

	begin(0);
	ck_assert_int_eq(sh("set -- $(cat /proc/$$/stat); echo $1 $6", NULL, &res), 0);
	snprintf(want, sizeof(want), "%d %d\n", atoi(res.out), atoi(res.out));
	ck_assert_str_eq(res.out, want);
	spawn_result_done(&res);
}
END_TEST

START_TEST(which_looks_along_the_path_and_says_why_not)
{
	char dir[] = "/tmp/spawn-XXXXXX", file[64], path[128];
	char *found = NULL;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/prog", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "::relative:/nonexistent:%s", dir);
	setenv("PATH", path, 1);
	ck_assert_int_eq(spawn_which("prog", &found), -EACCES);
	ck_assert_int_eq(spawn_which("other", &found), -ENOENT);
	ck_assert_int_eq(spawn_which("", &found), -ENOENT);
	chmod(file, 0700);
	ck_assert_int_eq(spawn_which("prog", &found), 0);
	ck_assert_str_eq(found, file);
	free(found);
	ck_assert_int_eq(spawn_which(file, &found), 0);
	ck_assert_str_eq(found, file);
	free(found);
	ck_assert_int_eq(spawn_which(dir, &found), -EACCES);
	unlink(file);
	rmdir(dir);
}
END_TEST

Suite *spawn_suite(void);
Suite *spawn_suite(void)
{
	Suite *s = suite_create("spawn");
	TCase *t = tcase_create("spawn");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, the_exit_code_and_the_signal_come_back);
	tcase_add_test(t, what_cannot_be_executed_is_reported_with_its_errno_and_nothing_is_left);
	tcase_add_test(t, a_sigchld_handler_of_the_host_is_not_called);
	tcase_add_test(t, a_host_that_ignores_sigchld_still_gets_the_code);
	tcase_add_test(t, threads_that_wait_for_any_child_steal_nothing);
	tcase_add_test(t, even_a_host_that_waits_for_everything_with_wall_leaves_the_code);
	tcase_add_test(t, signals_are_at_their_defaults_and_unblocked);
	tcase_add_test(t, only_the_given_descriptors_arrive);
	tcase_add_test(t, descriptors_may_swap_places);
	tcase_add_test(t, input_and_both_outputs_are_captured);
	tcase_add_test(t, a_program_that_says_too_much_is_stopped);
	tcase_add_test(t, a_process_left_behind_does_not_hold_up_the_end);
	tcase_add_test(t, a_deadline_kills_a_captured_run_and_names_the_step);
	tcase_add_test(t, a_wait_cut_short_leaves_the_program_running);
	tcase_add_test(t, an_orphan_is_nobodys_child_and_outlives_its_handle);
	tcase_add_test(t, it_runs_in_a_session_of_its_own);
	tcase_add_test(t, which_looks_along_the_path_and_says_why_not);
	suite_add_tcase(s, t);
	return s;
}
