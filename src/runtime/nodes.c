/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev. What bites: an image may ship /dev as a link, so that nodes made
 * through its path land wherever it points (runc 2026-41579, crun 2026-47766).
 * /dev has to be a directory of its own, and nodes are made in its fd. A /dev
 * that was bound from the host is the host's: nothing is made in it.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"
#include "runtime/steps.h"

static const struct spec_device defaults[] = {
	{ "/dev/null", 'c', 1, 3, 0666, 0, 0 },    { "/dev/zero", 'c', 1, 5, 0666, 0, 0 },
	{ "/dev/full", 'c', 1, 7, 0666, 0, 0 },    { "/dev/random", 'c', 1, 8, 0666, 0, 0 },
	{ "/dev/urandom", 'c', 1, 9, 0666, 0, 0 }, { "/dev/tty", 'c', 5, 0, 0666, 0, 0 },
};
static const struct { const char *name, *target; } links[] = {
	{ "fd", "/proc/self/fd" },         { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },   { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

static mode_t node_type(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

/* What is already there may stay if it is the same node. */
static int check_node(int dir, const char *name, const struct spec_device *d,
		      struct gantry_err *err)
{
	clean_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open the device node `%s`", d->path);
	if ((st.st_mode & S_IFMT) != node_type(d->type) ||
	    (d->type != 'p' && st.st_rdev != makedev(d->major, d->minor)))
		return err_set(err, EEXIST,
			       "`%s` exists in the root filesystem and is not that device",
			       d->path);
	return 0;
}

static int make_node(int dir, const char *name, const struct spec_device *d, struct gantry_err *err)
{
	if (mknodat(dir, name, node_type(d->type) | (d->mode & 07777),
		    makedev(d->major, d->minor)) < 0) {
		if (errno == EEXIST)
			return check_node(dir, name, d, err);
		return err_sys(err, "make the device node `%s`", d->path);
	}
	if ((d->uid || d->gid) && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "give the device node `%s` to its owner", d->path);
	return 0;
}

static int make_link(int dir, const char *name, const char *target, struct gantry_err *err)
{
	/* What the image has at its place is the image's own doing. */
	if (symlinkat(target, dir, name) < 0 && errno != EEXIST)
		return err_sys(err, "link `/dev/%s`", name);
	return 0;
}

/* Whether the spec has made /dev a piece of the host. */
static bool is_bound(const struct spec *s)
{
	bool bound = false;

	for (size_t i = 0; i < s->mounts_n; i++)
		if (str_eq(s->mounts[i].destination, "/dev"))
			bound = s->mounts[i].bind;
	return bound;
}

static bool given_again(const struct spec *s, const char *path)
{
	for (size_t i = 0; i < s->devices_n; i++)
		if (str_eq(s->devices[i].path, path))
			return true;
	return false;
}

static int open_dev(int tree, struct gantry_err *err)
{
	struct stat st;
	int fd;

	if (fstatat(tree, "dev", &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "/dev in the root filesystem is not a directory");
	fd = inroot_mkdirs(tree, "/dev", 0755, err);
	if (fd < 0)
		return fd;
	/* It may have been swapped since: what was opened must still be what the name says. */
	close(fd);
	fd = openat(tree, "dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open /dev in the root filesystem") : fd;
}

int nodes_make(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	clean_fd int dev = -1;
	int r = 0;

	if (is_bound(s))
		return 0;
	dev = open_dev(j->tree, err);
	if (dev < 0)
		return dev;
	for (size_t i = 0; r == 0 && i < sizeof(defaults) / sizeof(*defaults); i++)
		if (!given_again(s, defaults[i].path))
			r = make_node(dev, defaults[i].path + strlen("/dev/"), &defaults[i], err);
	for (size_t i = 0; r == 0 && i < s->devices_n; i++) {
		const char *name = NULL;
		clean_fd int dir = inroot_parent(j->tree, s->devices[i].path, 0755, &name, err);

		r = dir < 0 ? dir : make_node(dir, name, &s->devices[i], err);
	}
	for (size_t i = 0; r == 0 && i < sizeof(links) / sizeof(*links); i++)
		r = make_link(dev, links[i].name, links[i].target, err);
	return r;
}
