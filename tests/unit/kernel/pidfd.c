/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by pidfd, born by clone_child; and what identity they have left. */
#include "kernel/pidfd.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/caps.h"
#include "kernel/clone.h"
#include "kernel/procfs.h"

START_TEST(a_number_given_to_another_is_not_opened)
{
	struct procfs_process p;
	int fd;

	ck_assert_int_eq(procfs_process(getpid(), &p), 0);
	fd = pidfd_of(getpid(), p.start_time);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pidfd_ended(fd, 0), 0);
	close(fd);
	ck_assert_int_eq(pidfd_of(getpid(), p.start_time + 1), -ESRCH);
	ck_assert_int_eq(pidfd_of(0, 0), -ESRCH);
	ck_assert_int_eq(pidfd_of(-5, 0), -ESRCH);
}
END_TEST

START_TEST(a_child_is_signalled_waited_for_and_reaped)
{
	int fd = -1;
	pid_t pid = clone_child(0, -1, &fd);

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_eq(pidfd_ended(fd, 20), 0);
	ck_assert_int_eq(pidfd_signal(fd, SIGUSR1), 0);
	ck_assert_int_eq(pidfd_ended(fd, 5000), 1);
	pidfd_kill_reap(fd);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
	ck_assert_int_eq(pidfd_signal(fd, SIGUSR1), -ESRCH);
	close(fd);
}
END_TEST

START_TEST(a_child_has_its_own_memory_and_namespaces)
{
	volatile int mark = 1;
	int fd = -1, st;
	pid_t pid = clone_child(geteuid() ? 0 : CLONE_NEWPID | CLONE_NEWUTS, -1, &fd);

	if (pid == 0) {
		mark = 2;
		errno = EXDEV;
		_exit(geteuid() || getpid() == 1 ? 7 : 8);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(st), 7);
	ck_assert_int_eq(mark, 1);
	close(fd);
}
END_TEST

START_TEST(capabilities_are_cut_and_do_not_come_back)
{
	const uint64_t kill_only = 1u << 5;
	int st;
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (pid == 0) {
		struct caps c = { kill_only, kill_only, kill_only }, have;

		if (caps_bound(kill_only) < 0 || caps_set(&c) < 0 || caps_ambient(kill_only) < 0)
			_exit(1);
		if (caps_get(&have) < 0 || have.effective != kill_only ||
		    have.permitted != kill_only || have.inheritable != kill_only)
			_exit(2);
		for (int i = 0; i < 41; i++)
			if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) != (i == 5))
				_exit(3);
		c.permitted = c.effective = ~0ull >> 24;
		if (caps_set(&c) != -EPERM)
			_exit(4);
		if (caps_ambient(1u << 1) != -EPERM ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 5, 0, 0) != 0)
			_exit(5);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(st), 0);
}
END_TEST

Suite *pidfd_suite(void);
Suite *pidfd_suite(void)
{
	Suite *s = suite_create("pidfd");
	TCase *t = tcase_create("pidfd");

	tcase_add_test(t, a_number_given_to_another_is_not_opened);
	tcase_add_test(t, a_child_is_signalled_waited_for_and_reaped);
	tcase_add_test(t, a_child_has_its_own_memory_and_namespaces);
	tcase_add_test(t, capabilities_are_cut_and_do_not_come_back);
	suite_add_tcase(s, t);
	return s;
}
