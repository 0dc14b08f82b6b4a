/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: a copy of a mount stays in the peer group of the original. What
 * is mounted on the copy then appears on the host, so whoever attaches one
 * sets its propagation first (mount_attr), recursively.
 */
#include "kernel/mount.h"

#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"

int mount_clone(int dirfd, const char *path, bool recursive, struct gantry_err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
	int fd = sys_open_tree(dirfd, path, flags | (*path ? 0 : AT_EMPTY_PATH));

	if (fd < 0 && !*path)
		return err_sys(err, "clone a mount");
	if (fd < 0)
		return err_sys(err, "clone the mount `%s`", path);
	return fd;
}

/* What the kernel said about the filesystem context, after its "e " mark; else errno's meaning. */
static int fs_words(int fs, const char *type, struct gantry_err *err)
{
	int code = errno;
	char text[160];
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n > 2 && text[1] == ' ') {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return err_set(err, code, "mount a %s filesystem: %s", type, text + 2);
	}
	errno = code;
	return err_sys(err, "mount a %s filesystem", type);
}

static int fs_option(int fs, const char *option)
{
	const char *eq = strchr(option, '=');
	char key[128];

	if (!eq)
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	if ((size_t)(eq - option) >= sizeof(key)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(key, option, (size_t)(eq - option));
	key[eq - option] = '\0';
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1, 0);
}

int mount_new(const char *type, const char *source, const char *const *data, unsigned attrs,
	      struct gantry_err *err)
{
	clean_fd int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 && errno == ENODEV)
		return err_set(err, ENODEV, "this kernel has no filesystem `%s`", type);
	if (fs < 0)
		return err_sys(err, "open a %s filesystem", type);
	if (source && *source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_words(fs, type, err);
	for (; data && *data; data++)
		if (fs_option(fs, *data) < 0)
			return fs_words(fs, type, err);
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_words(fs, type, err);
	fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attrs);
	if (fd < 0)
		return fs_words(fs, type, err);
	return fd;
}

int mount_attr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation)
{
	/* The kernel refuses an access time policy that is set and not cleared first. */
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear | (set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0),
		.propagation = propagation,
	};

	if (!attr.attr_set && !attr.attr_clr && !propagation)
		return 0;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr) < 0)
		return -errno;
	return 0;
}

int mount_attach(int tree, int at)
{
	if (sys_move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}
