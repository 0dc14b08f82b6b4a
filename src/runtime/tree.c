/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem. What bites: the mounts of a new namespace are still
 * peers of the host's: one that is mounted over, or unmounted, here would be
 * there too. So all are made private first, and the copy of the rootfs was
 * made so when it was taken (create.c).
 */
#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"
#include "kernel/mount.h"
#include "runtime/steps.h"

int tree_attach(const struct job *j, struct gantry_err *err)
{
	clean_fd int slash = -1;
	int r;

	if (sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "make the mounts private");
	slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash < 0)
		return err_sys(err, "open /");
	/* Over "/", where nobody sees it: our root is still the directory below. */
	r = mount_attach(j->tree, slash);
	return r < 0 ? err_num(err, r, "attach the root filesystem %s", j->rootfs) : 0;
}

int tree_cwd(const struct job *j, struct gantry_err *err)
{
	/* runc and crun make the working directory when the image lacks it; so does this. */
	clean_fd int cwd = inroot_mkdirs(j->tree, j->spec.cwd, 0755, err);

	return cwd < 0 ? err_in(err, cwd, "working directory") : 0;
}

int tree_pivot(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	clean_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (old < 0)
		return err_sys(err, "open /");
	if (s->root_readonly) {
		r = mount_attr(j->tree, false, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return err_num(err, r, "make the root filesystem read-only");
	}
	if (fchdir(j->tree) < 0)
		return err_sys(err, "enter the root filesystem");
	if (sys_pivot_root(".", ".") < 0)
		return err_sys(err, "pivot_root");
	/* The old root now lies over ours, where "." of the old root's fd finds it. */
	if (fchdir(old) < 0 || sys_umount2(".", MNT_DETACH) < 0)
		return err_sys(err, "unmount the old root");
	if (chdir("/") < 0)
		return err_sys(err, "enter the new root");
	if (s->rootfs_propagation && s->rootfs_propagation != MS_PRIVATE &&
	    sys_mount(NULL, "/", NULL, (unsigned long)s->rootfs_propagation, NULL) < 0)
		return err_sys(err, "set linux.rootfsPropagation");
	return 0;
}
