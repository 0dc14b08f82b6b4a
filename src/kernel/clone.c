/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: libc does not know of this child. The caller has one thread, so
 * no lock of malloc is held by anybody else, and the child ends by execve or _exit.
 */
#include "kernel/clone.h"

#include <errno.h>

#include "kernel/abi.h"

pid_t clone_child(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args);
	if (pid < 0)
		return -errno;
	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}
