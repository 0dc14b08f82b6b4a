/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's own binary must not be writable through /proc/PID/exe of a
 * process in the container (runc 2019-5736): a command "/proc/self/exe", or a
 * script that names it as interpreter, runs this very file inside, and once it
 * has ended the file can be opened for writing through what was kept of it.
 *
 * So whoever may become a container runs from a read-only mount: already (then
 * this costs one system call), or by executing itself once more from a detached
 * read-only copy of its mount (0.2 to 0.3 ms), or, where that is not to be had,
 * from a sealed copy in memory. Not being dumpable alone does not help: that
 * ends with execve.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "kernel/abi.h"
#include "kernel/mount.h"
#include "runtime/runtime.h"

extern char **environ;

static const char exe[] = "/proc/self/exe", memory_name[] = "gantry-oci";
enum {
	RDONLY_FLAG = 1, /* ST_RDONLY of statfs */
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
};

static bool is_sealed(void)
{
	clean_fd int fd = open(exe, O_RDONLY | O_CLOEXEC);

	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);

	/* -1, for a file that knows no seals, has every bit set */
	return seals >= 0 && (seals & SEALS) == SEALS;
}

static int read_only_copy(void)
{
	clean_fd int fd = sys_open_tree(AT_FDCWD, exe, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = mount_attr(fd, false, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE);
	return r < 0 ? r : TAKE_FD(fd);
}

static int sealed_copy(void)
{
	clean_fd int from = open(exe, O_RDONLY | O_CLOEXEC);
	clean_fd int to = memfd_create(memory_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	off_t at = 0;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -errno;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return errno ? -errno : -EIO;
	if (fchmod(to, 0500) < 0 || fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return TAKE_FD(to);
}

int runtime_protect(char *const argv[], struct gantry_err *err)
{
	clean_fd int fd = -1;
	struct statfs fs;

#ifndef __SANITIZE_ADDRESS__ /* its leak check has to trace us */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	if (statfs(exe, &fs) < 0)
		return err_sys(err, "%s", exe);
	if (fs.f_flags & RDONLY_FLAG) {
		/* execveat names a process after its descriptor's number */
		(void)prctl(PR_SET_NAME, memory_name, 0, 0, 0);
		return 0;
	}
	if (is_sealed())
		return 0;
	fd = read_only_copy();
	/*
	 * Without the right to mount there will be no container either, and create says so better.
	 */
	if (fd == -EPERM && geteuid())
		return 0;
	if (fd < 0)
		fd = sealed_copy();
	if (fd < 0)
		return err_num(err, fd, "make a read-only copy of our own program");
	(void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(err, "execute a read-only copy of our own program");
}
