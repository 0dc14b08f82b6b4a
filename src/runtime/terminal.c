/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal of the container's own devpts. What bites: names under /dev/pts
 * can be swapped while we look (runc 2025-52565), so the slave comes from its
 * master by TIOCGPTPEER and is never opened by name, and the master is looked at: it
 * must be ptmx of a devpts.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"
#include "kernel/mount.h"
#include "runtime/steps.h"

#define DEVPTS_MAGIC 0x1cd1
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static int open_master(const struct job *j, struct gantry_err *err)
{
	clean_fd int fd = inroot_open(j->tree, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	if (fd < 0)
		return inroot_words(err, fd, "a terminal needs devpts", "/dev/pts/ptmx");
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "look at /dev/pts/ptmx");
	if ((unsigned long)fs.f_type != DEVPTS_MAGIC || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(5, 2))
		return err_set(err, EINVAL,
			       "/dev/pts/ptmx of the container is not a terminal multiplexer");
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, "unlock the terminal");
	return TAKE_FD(fd);
}

/* The terminal is what /dev/console is. */
static int bind_console(const struct job *j, int slave, struct gantry_err *err)
{
	clean_fd int at = inroot_mkfile(j->tree, "/dev/console", 0600, err);
	clean_fd int copy = -1;
	int r;

	if (at < 0)
		return at;
	copy = mount_clone(slave, "", false, err);
	if (copy < 0)
		return err_in(err, copy, "/dev/console");
	r = mount_attach(copy, at);
	return r < 0 ? err_num(err, r, "bind /dev/console") : 0;
}

int terminal_make(const struct job *j, int *ret_master, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	struct winsize size = { (unsigned short)s->console_height, (unsigned short)s->console_width,
				0, 0 };
	clean_fd int master = open_master(j, err);
	clean_fd int slave = -1;
	int r;

	if (master < 0)
		return master;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, "open the terminal");
	if ((size.ws_row || size.ws_col) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_sys(err, "set the size of the terminal");
	if (s->uid && fchown(slave, s->uid, (gid_t)-1) < 0)
		return err_sys(err, "give the terminal to its user");
	r = bind_console(j, slave, err);
	if (r < 0)
		return r;
	for (int fd = 0; fd <= 2; fd++)
		if (dup3(slave, fd, 0) < 0)
			return err_sys(err, "connect the terminal");
	if (setsid() < 0 || ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "make the terminal the controlling one");
	*ret_master = TAKE_FD(master);
	return 0;
}
