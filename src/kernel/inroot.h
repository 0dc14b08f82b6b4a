/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real paths below a root that is not trusted: THE resolver. Every path below
 * a rootfs goes through here, once, and comes back as a file descriptor; nobody
 * resolves it a second time. Symbolic links are followed as a process whose
 * root is `rootfd` would follow them; /proc's magic links are not.
 */
#pragma once
#include <gantry/base.h>
#include <sys/types.h>

/*
 * openat2(2) with RESOLVE_IN_ROOT; O_CLOEXEC is added. The fd, or -errno
 * without words (use inroot_words); -ENOSYS openat2 cannot be used here.
 */
int inroot_open(int rootfd, const char *path, int flags);
/* The same for a name that must lie below dirfd without links or mounts on the way. */
int inroot_beneath(int dirfd, const char *path, int flags);
/*
 * An O_PATH fd of the directory `path`, made with its parents where missing
 * (also what a dangling link on the way points to). -ENOTDIR; -ELOOP; -errno with words.
 */
int inroot_mkdirs(int rootfd, const char *path, mode_t mode, struct gantry_err *err);
/* The same for what a file shall be mounted over: an empty file is made where nothing is. */
int inroot_mkfile(int rootfd, const char *path, mode_t mode, struct gantry_err *err);
/*
 * The directory that holds the last component of `path`, made where missing
 * (an O_PATH fd), and that component in *ret_name, which points into `path`.
 * -EINVAL `path` has no last component ("/", "x/..").
 */
int inroot_parent(int rootfd, const char *path, mode_t mode, const char **ret_name,
		  struct gantry_err *err);
/* Records words for a failed inroot_open() of `path` ("what" names its purpose); returns r. */
int inroot_words(struct gantry_err *err, int r, const char *what, const char *path);
