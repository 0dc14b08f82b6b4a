/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts as trees held by file descriptors (open_tree, fsopen, move_mount;
 * mount_setattr is kernel 5.12). A detached tree dies with its fd unless it was attached.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>

/*
 * A detached copy of the mount at `path` under dirfd ("" means dirfd itself),
 * with everything mounted below it when `recursive`. The fd, or -errno with words.
 */
int mount_clone(int dirfd, const char *path, bool recursive, struct gantry_err *err);
/*
 * A new filesystem, detached. data: "key=value" or "flag" options for the
 * filesystem, NULL-terminated, may be NULL. attrs: MOUNT_ATTR_*. The fd, or
 * -errno with the kernel's own words.
 */
int mount_new(const char *type, const char *source, const char *const *data, unsigned attrs,
	      struct gantry_err *err);
/*
 * Sets and clears MOUNT_ATTR_* and the propagation (MS_*, 0: as it is). No words; -ENOSYS
 * before 5.12.
 */
int mount_attr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation);
/* Attaches a detached tree over the directory or file that `at` stands for. No words. */
int mount_attach(int tree, int at);
