/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups of our own on the host's hierarchies, on v2 alone and on v1 alone: made, entered, frozen,
 * killed, removed.
 */
#include "kernel/cgroup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/call.h"
#include "kernel/abi.h"
#include "kernel/clone.h"
#include "kernel/pidfd.h"

enum view { HOST, V2, V1, VIEWS };
static struct gantry_err err;
static char path[64];

static bool see(int view)
{
	struct statfs fs;

	if (geteuid())
		return false;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(statfs("/sys/fs/cgroup", &fs), 0);
	if (view == V2 && (unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC)
		ck_assert_int_eq(sys_mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL), 0);
	if (view == V1 && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return false;
	if (view == V1)
		(void)sys_umount2("/sys/fs/cgroup/unified", MNT_DETACH);
	snprintf(path, sizeof(path), "/gantry-unit-%d/leaf", (int)getpid());
	return true;
}

static void leave(int sig)
{
	_exit(sig);
}

/*
 * A process in the cgroup that sleeps; its pidfd. SIGUSR1, which it handles, ends it; v2 lets fatal
 * ones through frozen.
 */
static int sleeper(const struct cgroup *c)
{
	int pidfd = -1;
	pid_t pid;

	signal(SIGUSR1, leave);
	pid = clone_child(0, c->unified >= 0 ? c->h[c->unified].dir : -1, &pidfd);
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (cgroup_enter(c, NULL) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	/* entered, everywhere */
	for (int n = 0; n < 1000; n++) {
		bool all = true;
		char text[64];

		for (int i = 0; i < c->n; i++)
			all &= cgroup_read(c, i, "cgroup.procs", text, sizeof(text)) > 0;
		if (all)
			return pidfd;
		usleep(1000);
	}
	ck_abort_msg("the process did not enter its cgroup");
	return -1;
}

static void done(struct cgroup *c)
{
	ck_assert_msg(cgroup_destroy(c, &err) == 0, "%s", err.msg);
	for (int i = 0; i < c->n; i++) {
		ck_assert_int_lt(faccessat(c->h[i].root, path + 1, F_OK, 0), 0);
		*strrchr(path, '/') = '\0';
		ck_assert_int_eq(unlinkat(c->h[i].root, path + 1, AT_REMOVEDIR), 0);
		path[strlen(path)] = '/';
	}
	cgroup_done(c);
}

START_TEST(the_hierarchies_are_those_that_are_seen)
{
	struct cgroup c = CGROUP_INIT;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	if (_i == V2) {
		ck_assert_int_eq(c.n, 1);
		ck_assert_int_eq(c.unified, 0);
	}
	if (_i == V1) {
		ck_assert_int_eq(c.unified, -1);
		ck_assert_int_ge(cgroup_carrier(&c, CGROUP_MEMORY), 0);
	}
	for (int i = 0; i < c.n; i++)
		ck_assert(c.h[i].unified || c.h[i].ctls);
	cgroup_done(&c);
}
END_TEST

START_TEST(without_a_cgroup_filesystem_that_is_said)
{
	struct cgroup c = CGROUP_INIT;

	if (!see(HOST))
		return;
	ck_assert_int_eq(sys_mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(cgroup_find(&c, path, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "no cgroup filesystem is mounted");
}
END_TEST

static const char *const bad[] = { "",      "/",       "a",    "a/b",   "/..",
				   "/a/..", "/a/../b", "/./a", "/a//b", "/a/" };
enum { BAD = sizeof(bad) / sizeof(*bad) };

START_TEST(a_path_is_plain_or_refused)
{
	struct cgroup c = CGROUP_INIT;

	ck_assert_int_eq(cgroup_find(&c, bad[_i], &err), -EINVAL);
	ck_assert_int_eq(c.n, 0);
}
END_TEST

START_TEST(it_is_made_entered_and_removed)
{
	struct cgroup c = CGROUP_INIT, again = CGROUP_INIT;
	int fd;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_msg(cgroup_make(&c, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(cgroup_populated(&c), 0);
	fd = sleeper(&c);
	ck_assert_int_eq(cgroup_populated(&c), 1);
	/* somebody is in it: a second maker is refused and removes nothing */
	ck_assert_int_eq(cgroup_find(&again, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&again, &err), -EBUSY);
	ck_assert_int_eq(cgroup_populated(&c), 1);
	cgroup_done(&again);
	done(&c);
	ck_assert_int_eq(pidfd_ended(fd, 0), 1);
	pidfd_kill_reap(fd);
	close(fd);
}
END_TEST

START_TEST(one_that_exists_is_refused_and_left_alone)
{
	struct cgroup c = CGROUP_INIT, again = CGROUP_INIT;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	/* empty, and in the last hierarchy alone: what was made in the others is gone again */
	for (int i = 0; i < c.n - 1; i++)
		ck_assert_int_eq(unlinkat(c.h[i].root, path + 1, AT_REMOVEDIR), 0);
	ck_assert_int_eq(cgroup_find(&again, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&again, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "exists already"));
	for (int i = 0; i < c.n; i++)
		ck_assert_int_eq(faccessat(c.h[i].root, path + 1, F_OK, 0), i < c.n - 1 ? -1 : 0);
	cgroup_done(&again);
	done(&c);
}
END_TEST

START_TEST(marks_tell_ours_from_another_at_the_same_path)
{
	struct cgroup c = CGROUP_INIT, now = CGROUP_INIT;
	char marks[CGROUP_MARKS], others[CGROUP_MARKS];
	int fd, n;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	ck_assert_int_eq(cgroup_marks(&c, marks), 0);
	n = c.n;
	cgroup_keep(&c, marks);
	ck_assert_int_eq(c.n, n);
	ck_assert_int_eq(c.unified >= 0, _i != V1);
	/* ours goes, another's comes, with somebody in it */
	ck_assert_int_eq(cgroup_remove(&c, &err), 0);
	ck_assert_int_eq(cgroup_find(&now, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&now, &err), 0);
	ck_assert_int_eq(cgroup_marks(&now, others), 0);
	ck_assert_str_ne(marks, others);
	fd = sleeper(&now);
	/* by what was open before, and by the path */
	ck_assert_int_eq(cgroup_destroy(&c, &err), 0);
	cgroup_done(&c);
	ck_assert_int_eq(cgroup_open(&c, path, &err), 0);
	cgroup_keep(&c, marks);
	ck_assert_int_eq(c.n, 0);
	ck_assert_int_eq(cgroup_signal(&c, SIGKILL, &err), 0);
	ck_assert_int_eq(cgroup_destroy(&c, &err), 0);
	ck_assert_int_eq(cgroup_remove(&now, &err), -EBUSY);
	ck_assert_int_eq(pidfd_ended(fd, 20), 0);
	ck_assert_int_eq(cgroup_populated(&now), 1);
	cgroup_keep(&now, "");
	ck_assert_int_eq(now.n, 0);
	ck_assert_int_eq(cgroup_open(&now, path, &err), 0);
	done(&now);
	pidfd_kill_reap(fd);
	close(fd);
}
END_TEST

START_TEST(a_hierarchy_that_cannot_be_looked_at_is_an_error)
{
	struct cgroup c = CGROUP_INIT;
	struct rlimit all, few;
	int r;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	cgroup_done(&c);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	r = dup(0);
	close(r);
	/* none at all; where there are several, the first but not the second */
	few.rlim_cur = (rlim_t)r + (_i != V2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = cgroup_find(&c, path, &err);
	/* a sanitizer opens files when the test ends */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
	ck_assert_int_eq(r, -EMFILE);
	ck_assert_int_eq(c.n, 0);
}
END_TEST

START_TEST(it_freezes_and_thaws)
{
	struct cgroup c = CGROUP_INIT;
	int fd;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	fd = sleeper(&c);
	ck_assert_int_eq(cgroup_frozen(&c), 0);
	ck_assert_msg(cgroup_freeze(&c, true, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(cgroup_frozen(&c), 1);
	ck_assert_int_eq(pidfd_signal(fd, SIGUSR1), 0);
	ck_assert_int_eq(pidfd_ended(fd, 30), 0);
	ck_assert_int_eq(cgroup_freeze(&c, false, &err), 0);
	ck_assert_int_eq(pidfd_ended(fd, 5000), 1);
	pidfd_kill_reap(fd);
	/* and the end of a frozen one */
	close(fd);
	fd = sleeper(&c);
	ck_assert_int_eq(cgroup_freeze(&c, true, &err), 0);
	done(&c);
	ck_assert_int_eq(pidfd_ended(fd, 0), 1);
	pidfd_kill_reap(fd);
	close(fd);
}
END_TEST

/*
 * A process in the cgroup that v2 cannot freeze: it opens a file whose opening waits for an answer
 * of ours that never comes. *ret_answer is where that would be given.
 */
static int stuck(const struct cgroup *c, const char *file, int *ret_answer)
{
	struct pollfd asked = { -1, POLLIN, 0 };
	int pidfd = -1;
	pid_t pid;

	asked.fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	*ret_answer = asked.fd;
	if (asked.fd < 0 ||
	    fanotify_mark(asked.fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, file) < 0)
		return -1; /* a kernel without */
	pid = clone_child(0, c->unified >= 0 ? c->h[c->unified].dir : -1, &pidfd);
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (cgroup_enter(c, NULL) < 0)
			_exit(1);
		_exit(open(file, O_RDONLY | O_CLOEXEC) < 0);
	}
	ck_assert_int_eq(poll(&asked, 1, 5000), 1);
	return pidfd;
}

START_TEST(a_freeze_that_takes_long_can_be_cut_short_and_leaves_nothing_frozen)
{
	char file[] = "/tmp/cgroup-stuck-XXXXXX";
	struct cgroup c = CGROUP_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	struct call call;
	int fd, answer, tmp = mkstemp(file), cancel = eventfd(1, EFD_CLOEXEC);

	ck_assert_int_ge(tmp, 0);
	close(tmp);
	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	fd = stuck(&c, file, &answer);
	ck_assert_int_eq(unlink(file), 0);
	if (fd >= 0) {
		op.timeout_us = 100000;
		ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
		call.step = "pause";
		ck_assert_int_eq(cgroup_freeze_call(&c, true, &call), -ETIMEDOUT);
		(void)call_end(&call, &op, 0);
		ck_assert_uint_lt(op.elapsed_ns, 2000000000u);
		ck_assert_int_eq(cgroup_frozen(&c), 0);
	}
	op.timeout_us = 0;
	op.cancel_fd = cancel;
	ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
	ck_assert_int_eq(cgroup_freeze_call(&c, true, &call), -ECANCELED);
	ck_assert_int_eq(cgroup_frozen(&c), 0);
	close(answer);
	done(&c);
	if (fd >= 0)
		pidfd_kill_reap(fd);
	close(fd);
}
END_TEST

START_TEST(a_forking_crowd_is_killed)
{
	struct cgroup c = CGROUP_INIT;
	int pidfd = -1;
	pid_t pid;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	pid = clone_child(0, c.unified >= 0 ? c.h[c.unified].dir : -1, &pidfd);
	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		if (cgroup_enter(&c, NULL) < 0)
			_exit(1);
		/* each makes another and ends, so that no list is ever current */
		for (int k = 0; k < 20; k++)
			if (fork() == 0)
				for (;;)
					if (fork())
						_exit(0);
		for (;;)
			pause();
	}
	usleep(20000);
	ck_assert_int_eq(cgroup_populated(&c), 1);
	done(&c);
	pidfd_kill_reap(pidfd);
	close(pidfd);
}
END_TEST

START_TEST(a_limit_that_is_not_there_is_named)
{
	struct cgroup c = CGROUP_INIT;

	if (!see(_i))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	ck_assert_int_eq(cgroup_set(&c, CGROUP_MEMORY, "no.such.file", "no.such.file", "1", &err),
			 -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.msg, "memory cgroup controller is not available"));
	ck_assert_int_eq(cgroup_set(&c, CGROUP_RDMA, "x", "x", "1", &err), -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.msg, "this host has no rdma cgroup controller"));
	ck_assert_int_eq(cgroup_set(&c, CGROUP_MEMORY, NULL, NULL, "1", &err), -ENOTSUP);
	done(&c);
}
END_TEST

START_TEST(a_limit_below_a_cgroup_with_processes_is_refused_and_leaves_it_alone)
{
	struct cgroup c = CGROUP_INIT, below = CGROUP_INIT;
	char text[512], child[sizeof(path) + 8];
	int fd;

	if (!see(V2))
		return;
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	fd = sleeper(&c);
	snprintf(child, sizeof(child), "%s/below", path);
	ck_assert_int_eq(cgroup_find(&below, child, &err), 0);
	ck_assert_msg(cgroup_make(&below, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(cgroup_set(&below, CGROUP_HUGETLB, NULL, "hugetlb.2MB.max", "0", &err),
			 -ENODEV);
	ck_assert_int_ge(cgroup_read(&c, 0, "cgroup.controllers", text, sizeof(text)), 0);
	if (strstr(text, "hugetlb"))
		ck_assert_ptr_nonnull(strstr(err.msg, "has processes of its own"));
	ck_assert_int_eq(cgroup_set(&below, CGROUP_PIDS, NULL, "pids.max", "9", &err), -ENODEV);
	/* neither is handed down: "domain threaded" would let nobody into what is below */
	ck_assert_int_ge(cgroup_read(&c, 0, "cgroup.subtree_control", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_gt(cgroup_read(&c, 0, "cgroup.type", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "domain");
	ck_assert_int_eq(cgroup_destroy(&below, &err), 0);
	cgroup_done(&below);
	done(&c);
	pidfd_kill_reap(fd);
	close(fd);
}
END_TEST

START_TEST(nothing_is_opened_for_good)
{
	struct cgroup c = CGROUP_INIT;
	int before, after;

	if (!see(_i))
		return;
	before = dup(0);
	close(before);
	ck_assert_int_eq(cgroup_find(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_make(&c, &err), 0);
	done(&c);
	ck_assert_int_eq(cgroup_open(&c, path, &err), 0);
	ck_assert_int_eq(cgroup_populated(&c), 0);
	ck_assert_int_eq(cgroup_frozen(&c), 0);
	ck_assert_int_eq(cgroup_destroy(&c, &err), 0);
	cgroup_done(&c);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

START_TEST(names_of_controllers_are_known)
{
	ck_assert_uint_eq(cgroup_ctl_parse("memory", 6), CGROUP_MEMORY);
	ck_assert_uint_eq(cgroup_ctl_parse("cpu", 3), CGROUP_CPU);
	ck_assert_uint_eq(cgroup_ctl_parse("cpuacct", 7), CGROUP_CPUACCT);
	ck_assert_uint_eq(cgroup_ctl_parse("rw", 2), 0);
	ck_assert_str_eq(cgroup_ctl_name(CGROUP_PIDS), "pids");
}
END_TEST

Suite *cgroup_suite(void);
Suite *cgroup_suite(void)
{
	Suite *s = suite_create("cgroup");
	TCase *t = tcase_create("cgroup");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_hierarchies_are_those_that_are_seen, 0, VIEWS);
	tcase_add_test(t, without_a_cgroup_filesystem_that_is_said);
	tcase_add_loop_test(t, a_path_is_plain_or_refused, 0, BAD);
	tcase_add_loop_test(t, it_is_made_entered_and_removed, 0, VIEWS);
	tcase_add_loop_test(t, one_that_exists_is_refused_and_left_alone, 0, VIEWS);
	tcase_add_loop_test(t, marks_tell_ours_from_another_at_the_same_path, 0, VIEWS);
	tcase_add_loop_test(t, a_hierarchy_that_cannot_be_looked_at_is_an_error, 0, VIEWS);
	tcase_add_loop_test(t, it_freezes_and_thaws, 0, VIEWS);
	/* v1 freezes even that one, on kernels from 6.15 on */
	tcase_add_loop_test(t, a_freeze_that_takes_long_can_be_cut_short_and_leaves_nothing_frozen,
			    HOST, V1);
	tcase_add_loop_test(t, a_forking_crowd_is_killed, 0, VIEWS);
	tcase_add_loop_test(t, a_limit_that_is_not_there_is_named, 0, VIEWS);
	tcase_add_test(t, a_limit_below_a_cgroup_with_processes_is_refused_and_leaves_it_alone);
	tcase_add_loop_test(t, nothing_is_opened_for_good, 0, VIEWS);
	tcase_add_test(t, names_of_controllers_are_known);
	suite_add_tcase(s, t);
	return s;
}
