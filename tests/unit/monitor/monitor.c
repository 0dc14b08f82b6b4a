/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor against a runtime that is a script: what it tells, what is on
 * the disk by then, and what is left when something goes wrong.
 */
#include "monitor/monitor.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/monitorproto.h"
#include "kernel/pidfd.h"

static char tmp[64], box[128], runtime[128];
static int sock, dir;
static pid_t monitor;

/*
 * A runtime without containers: create leaves a sleeper behind, which start
 * ends by making the file that it waits for. $D is the test's directory.
 */
static const char script[] = "#!/bin/sh\n"
			     "D=$(dirname \"$0\"); echo \"$*\" >> $D/calls\n"
			     "while [ $# -gt 0 ]; do case $1 in\n"
			     "--root|--log-format) shift 2;; --log) LOG=$2; shift 2;;\n"
			     "create) [ -e $D/hang ] && exec sleep 5\n"
			     "  [ -e $D/fail ] && { echo '{\"level\":\"error\",\"msg\":\"exec: "
			     "\\\"x\\\": executable file not found in $PATH\"}' > $LOG; exit 1; }\n"
			     "  sh -c \"while [ -d $D -a ! -e $D/go ]; do sleep 0.02; done; $(cat "
			     "$D/init)\" & printf %s $! > $5; touch $D/made; exit 0;;\n"
			     "start) [ -e $D/nostart ] && { echo 'cannot start a container that "
			     "has stopped' >&2; exit 1; }; touch $D/go; exit 0;;\n"
			     "delete) touch $D/go; rm -f $D/made; exit 0;;\n"
			     "*) exit 1;; esac; done\n";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", tmp, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tmp, name);
	return access(path, F_OK) == 0;
}

static void setup(void)
{
	struct record r = { 0 };

	strcpy(tmp, "/tmp/monitor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
	snprintf(box, sizeof(box), "%s/box", tmp);
	snprintf(runtime, sizeof(runtime), "%s/runtime", tmp);
	ck_assert_int_eq(mkdir(box, 0700), 0);
	put("runtime", script, 0755);
	put("init", "exit 7", 0644);
	dir = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r.id = strdup("box");
	r.bundle = strdup(tmp);
	r.runtime = strdup(runtime);
	ck_assert_int_eq(record_write(dir, &r, NULL), 0);
	record_done(&r);
}

static void teardown(void)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "touch %s/go; rm -rf %s", tmp, tmp);
	ck_assert_int_eq(system(cmd), 0);
}

static void auto_remove(void)
{
	struct record r = { 0 };

	ck_assert_int_eq(record_read(dir, &r, NULL), 0);
	r.auto_remove = true;
	unlinkat(dir, "wait", 0);
	unlinkat(dir, "started.next", 0);
	ck_assert_int_eq(record_write(dir, &r, NULL), 0);
	record_done(&r);
}

static void start(const char *order)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	sock = pair[0];
	monitor = fork();
	if (monitor == 0) {
		char *argv[] = { (char *)"monitor", (char *)order, box, NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		if (pair[1] != MONITOR_FD) {
			dup2(pair[1], MONITOR_FD);
			close(pair[1]);
		}
		_exit(monitor_main(3, argv));
	}
	close(pair[1]);
}

/* The next message; 0 the other end is closed. */
static int next(struct monitor_msg *m, int *fd)
{
	struct pollfd p = { sock, POLLIN, 0 };

	ck_assert_int_eq(poll(&p, 1, 15000), 1);
	return monitor_recv(sock, m, fd);
}

static int ended(void)
{
	int st = 0;

	ck_assert_int_eq(waitpid(monitor, &st, 0), monitor);
	ck_assert(WIFEXITED(st));
	return WEXITSTATUS(st);
}

START_TEST(a_launch_tells_of_each_step_and_the_code)
{
	struct monitor_msg m;
	int fd = -1;

	start("launch");
	ck_assert_int_eq(next(&m, &fd), 1);
	ck_assert_uint_eq(m.event, MONITOR_CREATED);
	ck_assert_int_gt(m.pid, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_STARTED);
	ck_assert_uint_gt(started_read(dir), 0);
	ck_assert_int_eq(pidfd_ended(fd, 5000), 1);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_ENDED);
	ck_assert_int_eq(m.exit.code, 7);
	ck_assert_int_eq(m.err.code, 0);
	ck_assert_uint_ge(m.exit.finished_ns, m.exit.started_ns);
	ck_assert_int_eq(ended(), 0);
	close(fd);
}
END_TEST

START_TEST(the_exit_is_on_record_before_anybody_can_see_the_end)
{
	struct exit_record x = EXIT_RECORD_INIT;
	struct monitor_msg m;

	put("init", "kill -15 $$", 0644);
	start("launch");
	ck_assert_int_eq(next(&m, NULL), 1);
	/* until it is reaped it is a zombie: gone from there only once the record stands */
	while (kill(m.pid, 0) == 0)
		usleep(500);
	ck_assert_int_eq(exit_record_read(dir, &x, NULL), 0);
	ck_assert_int_eq(x.code, 143);
	ck_assert_int_eq(x.signal, 15);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(a_create_waits_to_be_started_by_anybody)
{
	struct exit_record x = EXIT_RECORD_INIT;
	struct monitor_msg m;

	start("create");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_CREATED);
	ck_assert_int_eq(next(&m, NULL), 0);
	ck_assert_uint_eq(started_read(dir), 0);
	close(sock);
	/* one who connects and goes away does not harm */
	sock = monitor_connect(dir);
	ck_assert_int_ge(sock, 0);
	close(sock);
	sock = monitor_connect(dir);
	ck_assert_int_ge(sock, 0);
	ck_assert_int_eq(monitor_ask(sock, MONITOR_START), 0);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_STARTED);
	ck_assert_int_eq(ended(), 0);
	ck_assert_int_eq(exit_record_read(dir, &x, NULL), 0);
	ck_assert_int_eq(x.code, 7);
	ck_assert_uint_gt(x.started_ns, 0);
	ck_assert_int_lt(monitor_connect(dir), 0);
}
END_TEST

START_TEST(a_start_that_fails_is_told_and_the_container_stays)
{
	struct monitor_msg m;

	put("nostart", "", 0644);
	start("create");
	ck_assert_int_eq(next(&m, NULL), 1);
	close(sock);
	sock = monitor_connect(dir);
	ck_assert_int_eq(monitor_ask(sock, MONITOR_START), 0);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_FAILED);
	ck_assert_int_eq(m.err.code, EBUSY);
	ck_assert(there("made"));
	ck_assert_uint_eq(started_read(dir), 0);
	put("go", "", 0644);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(a_create_that_fails_tells_why_and_leaves_nothing)
{
	struct monitor_msg m;

	put("fail", "", 0644);
	start(_i ? "launch" : "create");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_FAILED);
	ck_assert_int_eq(m.err.code, ENOENT);
	ck_assert_int_eq(m.err.exit, 127);
	ck_assert(!there("box"));
	ck_assert_int_eq(ended(), 1);
}
END_TEST

START_TEST(what_fails_before_the_runtime_is_called_calls_it_for_nothing)
{
	static const char *const in_the_way[] = { "box/monitor", "box/control" };
	struct monitor_msg m;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tmp, in_the_way[_i]);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	start("create");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_FAILED);
	ck_assert_int_ne(m.err.code, 0);
	ck_assert(!there("box"));
	/* least of all to delete: it might have one of that id that is not ours */
	ck_assert(!there("calls"));
	ck_assert_int_eq(ended(), 1);
}
END_TEST

START_TEST(a_start_that_fails_in_a_launch_leaves_nothing)
{
	struct monitor_msg m;

	put("nostart", "", 0644);
	start("launch");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_FAILED);
	ck_assert(!there("box"));
	ck_assert(!there("made"));
	ck_assert_int_eq(ended(), 1);
}
END_TEST

START_TEST(who_goes_away_during_create_takes_the_container_along)
{
	struct monitor_msg m;

	put("hang", "", 0644);
	start("launch");
	usleep(200000);
	if (_i) {
		ck_assert_int_eq(monitor_ask(sock, MONITOR_ABORT), 0);
		ck_assert_int_eq(next(&m, NULL), 1);
		ck_assert_uint_eq(m.event, MONITOR_FAILED);
		ck_assert_int_eq(m.err.code, ECANCELED);
	} else {
		close(sock);
	}
	ck_assert_int_eq(ended(), 1);
	ck_assert(!there("box"));
	ck_assert(!there("made"));
}
END_TEST

START_TEST(who_goes_away_later_does_not_harm_it)
{
	struct exit_record x = EXIT_RECORD_INIT;
	struct monitor_msg m;

	put("init", "sleep 0.3; exit 3", 0644);
	start("launch");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_STARTED);
	close(sock);
	ck_assert_int_eq(ended(), 0);
	ck_assert_int_eq(exit_record_read(dir, &x, NULL), 0);
	ck_assert_int_eq(x.code, 3);
}
END_TEST

START_TEST(one_that_removes_itself_is_gone_when_its_end_is_told)
{
	struct exit_record x = EXIT_RECORD_INIT;
	struct monitor_msg m;
	int waitfd;

	auto_remove();
	waitfd = openat(dir, "wait", O_RDONLY | O_CLOEXEC);
	start("launch");
	while (next(&m, NULL) == 1 && m.event != MONITOR_ENDED)
		continue;
	ck_assert_uint_eq(m.event, MONITOR_ENDED);
	ck_assert_int_eq(m.exit.code, 7);
	ck_assert(!there("box"));
	ck_assert(!there("made"));
	ck_assert_int_eq(exit_record_waited(waitfd, &x, NULL), 0);
	ck_assert_int_eq(x.code, 7);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(a_damaged_record_is_told_and_left_alone)
{
	struct monitor_msg m;

	put("box/record.json", "{", 0600);
	start("launch");
	ck_assert_int_eq(next(&m, NULL), 1);
	ck_assert_uint_eq(m.event, MONITOR_FAILED);
	ck_assert_int_eq(m.err.code, EBADMSG);
	ck_assert(there("box"));
	ck_assert_int_eq(ended(), 1);
}
END_TEST

START_TEST(by_hand_it_is_refused)
{
	char *argv[] = { (char *)"monitor", (char *)"launch", box, NULL };

	ck_assert_int_eq(monitor_main(1, argv), 2);
	start("dance");
	ck_assert_int_eq(ended(), 2);
	ck_assert(there("box"));
}
END_TEST

START_TEST(a_message_of_another_version_is_refused)
{
	struct monitor_msg m = { .event = MONITOR_STARTED }, n;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(monitor_recv(pair[0], &n, NULL), -EAGAIN);
	ck_assert_int_eq(send(pair[1], "hello", 5, 0), 5);
	ck_assert_int_eq(monitor_recv(pair[0], &n, NULL), -EPROTO);
	ck_assert_int_eq(monitor_send(pair[1], &m, -1), 0);
	ck_assert_int_eq(monitor_recv(pair[0], &n, NULL), 1);
	m.magic++;
	ck_assert_int_eq(send(pair[1], &m, sizeof(m), 0), sizeof(m));
	ck_assert_int_eq(monitor_recv(pair[0], &n, NULL), -EPROTO);
	close(pair[1]);
	ck_assert_int_eq(monitor_recv(pair[0], &n, NULL), 0);
	ck_assert_int_eq(monitor_send(pair[0], &m, -1), -EPIPE);
}
END_TEST

Suite *monitor_suite(void);
Suite *monitor_suite(void)
{
	Suite *s = suite_create("monitor");
	TCase *t = tcase_create("monitor");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_launch_tells_of_each_step_and_the_code);
	tcase_add_test(t, the_exit_is_on_record_before_anybody_can_see_the_end);
	tcase_add_test(t, a_create_waits_to_be_started_by_anybody);
	tcase_add_test(t, a_start_that_fails_is_told_and_the_container_stays);
	tcase_add_loop_test(t, a_create_that_fails_tells_why_and_leaves_nothing, 0, 2);
	tcase_add_loop_test(t, what_fails_before_the_runtime_is_called_calls_it_for_nothing, 0, 2);
	tcase_add_test(t, a_start_that_fails_in_a_launch_leaves_nothing);
	tcase_add_loop_test(t, who_goes_away_during_create_takes_the_container_along, 0, 2);
	tcase_add_test(t, who_goes_away_later_does_not_harm_it);
	tcase_add_test(t, one_that_removes_itself_is_gone_when_its_end_is_told);
	tcase_add_test(t, a_damaged_record_is_told_and_left_alone);
	tcase_add_test(t, by_hand_it_is_refused);
	tcase_add_test(t, a_message_of_another_version_is_refused);
	suite_add_tcase(s, t);
	return s;
}
