/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked and read-only paths. A path that the container does not have needs no
 * cover; anything else that goes wrong is an error, never skipped.
 *
 * What bites: the null device that covers a file must be the null device and
 * not what the image put at its place (runc 2025-31133), so it is taken from
 * the host and looked at; a copy of a mount can only be taken from one that is
 * attached, so the first cover of each kind is the one the others are copied from.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"
#include "kernel/mount.h"
#include "runtime/steps.h"

/* The first cover for files and for directories; -1 until there is one. */
struct covers {
	int null, empty;
};

static int new_null(struct gantry_err *err)
{
	clean_fd int fd = mount_clone(AT_FDCWD, "/dev/null", false, err);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, ENODEV, "/dev/null of this host is not the null device");
	r = mount_attr(fd, false, 0, 0, MS_PRIVATE);
	return r < 0 ? err_num(err, r, "make the cover of masked files private") : TAKE_FD(fd);
}

static int new_empty(struct gantry_err *err)
{
	static const char *const data[] = { "ro", "size=4k", "mode=755", NULL };

	return mount_new("tmpfs", "tmpfs", data, MOUNT_ATTR_RDONLY, err);
}

static int put_cover(int *first, bool dir, int at, const char *path, struct gantry_err *err)
{
	int fd, r;

	if (*first >= 0)
		fd = mount_clone(*first, "", false, err);
	else
		fd = dir ? new_empty(err) : new_null(err);
	if (fd < 0)
		return fd;
	r = mount_attach(fd, at);
	if (r < 0)
		err_num(err, r, "mask `%s`", path);
	if (r == 0 && *first < 0)
		*first = TAKE_FD(fd);
	clean_fdp(&fd);
	return r;
}

static int mask(const struct job *j, struct covers *c, const char *path, struct gantry_err *err)
{
	clean_fd int at = inroot_open(j->tree, path, O_PATH);
	struct stat st;

	if (at == -ENOENT || at == -ENOTDIR)
		return 0;
	if (at < 0)
		return inroot_words(err, at, "masked path", path);
	if (fstat(at, &st) < 0)
		return err_sys(err, "masked path `%s`", path);
	if (S_ISDIR(st.st_mode))
		return put_cover(&c->empty, true, at, path, err);
	return put_cover(&c->null, false, at, path, err);
}

static int make_readonly(const struct job *j, const char *path, struct gantry_err *err)
{
	clean_fd int at = inroot_open(j->tree, path, O_PATH);
	clean_fd int copy = -1;
	int r;

	if (at == -ENOENT || at == -ENOTDIR)
		return 0;
	if (at < 0)
		return inroot_words(err, at, "read-only path", path);
	copy = mount_clone(at, "", true, err);
	if (copy < 0)
		return err_in(err, copy, "read-only path `%s`", path);
	r = mount_attr(copy, true, MOUNT_ATTR_RDONLY, 0, 0);
	if (r == 0)
		r = mount_attach(copy, at);
	return r < 0 ? err_num(err, r, "make `%s` read-only", path) : 0;
}

int cover_paths(const struct job *j, struct gantry_err *err)
{
	struct covers c = { -1, -1 };
	int r = 0;

	for (const char *const *p = j->spec.readonly_paths; r == 0 && p && *p; p++)
		r = make_readonly(j, *p, err);
	for (const char *const *p = j->spec.masked_paths; r == 0 && p && *p; p++)
		r = mask(j, &c, *p, err);
	clean_fdp(&c.null);
	clean_fdp(&c.empty);
	return r;
}
