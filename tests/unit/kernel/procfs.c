/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about processes, and writes that cannot be led astray. */
#include "kernel/procfs.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.h"

static struct gantry_err err;

START_TEST(a_process_is_read_whatever_it_is_called)
{
	struct procfs_process p, q;

	ck_assert_int_eq(procfs_process(getpid(), &p), 0);
	ck_assert_int_eq(p.parent, getppid());
	ck_assert_int_eq(p.state, 'R');
	ck_assert_uint_gt(p.start_time, 0);
	ck_assert_int_eq(prctl(PR_SET_NAME, "a) Z 1 (b\n", 0, 0, 0), 0);
	ck_assert_int_eq(procfs_process(getpid(), &q), 0);
	ck_assert_int_eq(q.state, 'R');
	ck_assert_int_eq(q.parent, p.parent);
	ck_assert_uint_eq(q.start_time, p.start_time);
}
END_TEST

START_TEST(what_is_gone_is_gone)
{
	struct procfs_process p;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	ck_assert_int_eq(procfs_process(pid, &p), 0);
	ck_assert_int_eq(p.state, 'Z');
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(procfs_process(pid, &p), -ESRCH);
	ck_assert_int_eq(procfs_process(0, &p), -ESRCH);
	ck_assert_int_eq(procfs_process(-1, &p), -ESRCH);
}
END_TEST

START_TEST(a_write_lands_though_proc_is_covered)
{
	char text[16];
	int proc, fd;

	if (geteuid())
		return;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	fd = open("/proc/self/oom_score_adj", O_RDONLY);
	ck_assert_int_eq(sys_mount("t", "/proc", "tmpfs", 0, NULL), 0);
	proc = procfs_open(&err);
	ck_assert_msg(proc >= 0, "%s", err.msg);
	ck_assert_int_eq(procfs_poke(proc, getpid(), "oom_score_adj", "321", &err), 0);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 4);
	ck_assert_int_eq(memcmp(text, "321\n", 4), 0);
	close(fd);
	/* nothing but plain names of processes is there */
	ck_assert_int_lt(procfs_poke(proc, getpid(), "cwd/x", "1", &err), 0);
	ck_assert_int_lt(procfs_poke(proc, getpid(), "../../sys/kernel/hostname", "1", &err), 0);
	ck_assert_int_lt(procfs_poke(proc, getpid(), "oom_score_adj", "nonsense", &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "oom_score_adj"));
	close(proc);
	ck_assert_int_eq(sys_umount2("/proc", 0), 0); /* a leak check reads it at exit */
}
END_TEST

Suite *procfs_suite(void);
Suite *procfs_suite(void)
{
	Suite *s = suite_create("procfs");
	TCase *t = tcase_create("procfs");

	tcase_add_test(t, a_process_is_read_whatever_it_is_called);
	tcase_add_test(t, what_is_gone_is_gone);
	tcase_add_test(t, a_write_lands_though_proc_is_covered);
	suite_add_tcase(s, t);
	return s;
}
