/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: between reading a pid from a file and opening it the process may
 * have ended and the number been given away, so the start time is compared
 * after the fd is open. A zombie still has both: pidfd_ended() tells.
 */
#include "kernel/pidfd.h"

#include <poll.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "kernel/abi.h"
#include "kernel/procfs.h"

int pidfd_of(pid_t pid, uint64_t start_time)
{
	clean_fd int fd = -1;
	struct procfs_process p;
	int r;

	if (pid <= 0)
		return -ESRCH;
	fd = sys_pidfd_open(pid);
	if (fd < 0)
		/* EINVAL: the number is a thread's by now */
		return errno == EINVAL ? -ESRCH : -errno;
	if (start_time) {
		r = procfs_process(pid, &p);
		if (r < 0)
			return r;
		if (p.start_time != start_time)
			return -ESRCH;
	}
	return TAKE_FD(fd);
}

int pidfd_signal(int pidfd, int sig)
{
	return sys_pidfd_send_signal(pidfd, sig) < 0 ? -errno : 0;
}

int pidfd_ended(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r > 0;
}

void pidfd_kill_reap(int pidfd)
{
	siginfo_t si;
	int r;

	(void)pidfd_signal(pidfd, SIGKILL);
	do
		r = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &si, WEXITED | __WALL);
	while (r < 0 && errno == EINTR);
}
