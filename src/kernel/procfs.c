/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: a container's /proc may be a fake or have something bound over
 * it, so that a write of ours lands elsewhere (runc 2019-16884, 2025-52881).
 * Therefore writes go to a fresh detached instance, which has no path that
 * anybody could cover. In /proc/PID/stat the command's name may hold blanks
 * and parentheses: fields are counted from the last ')'.
 */
#include "kernel/procfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"

/* Where the calls below are filtered: the host's /proc, if that is what it is. */
static int host_procfs(struct gantry_err *err)
{
	clean_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(err, "open /proc");
	if ((unsigned long)fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, EINVAL, "/proc is not a proc filesystem");
	return TAKE_FD(fd);
}

int procfs_open(struct gantry_err *err)
{
	clean_fd int fs = sys_fsopen("proc", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return host_procfs(err);
	/* Before 5.8 there is no subset=; the whole of proc does as well. */
	(void)sys_fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0);
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return host_procfs(err);
	fd = sys_fsmount(fs, FSMOUNT_CLOEXEC,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? host_procfs(err) : fd;
}

int procfs_poke(int procfd, pid_t pid, const char *name, const char *text, struct gantry_err *err)
{
	clean_fd int fd = -1;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	fd = inroot_beneath(procfd, path, O_WRONLY);
	if (fd < 0)
		return err_num(err, fd, "open /proc/%s", path);
	r = fd_write(fd, text, strlen(text));
	if (r < 0)
		return err_num(err, r, "write `%s` to /proc/%s", text, path);
	return 0;
}

int procfs_process(pid_t pid, struct procfs_process *ret)
{
	char path[32], text[1024], *s;
	ssize_t n;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = fd_read_small(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	s = strrchr(text, ')');
	if (!s || s[1] != ' ' || !s[2])
		return -EBADMSG;
	ret->state = s[2];
	ret->parent = (pid_t)strtol(s + 3, NULL, 10);
	/* state is field 3, the start time is field 22 */
	s += 2;
	for (int field = 3; field < 22; field++) {
		s = strchr(s, ' ');
		if (!s)
			return -EBADMSG;
		s++;
	}
	ret->start_time = strtoull(s, NULL, 10);
	return 0;
}
