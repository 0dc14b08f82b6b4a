/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by descriptor: whole reads with a cap, whole writes, atomic
 * replacement. Every fd made here is CLOEXEC; every file read here is a
 * regular one (no FIFO can hang us, no device can feed us) unless said otherwise.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Writes all of it. 0 or -errno; EINTR is retried. On a pipe that nobody reads
 * it raises SIGPIPE as write() does: whoever writes to foreign pipes sees to that.
 */
int fd_write(int fd, const void *buf, size_t len);
/* Reads up to len bytes until EOF; returns the count or -errno. */
ssize_t fd_read(int fd, void *buf, size_t len);
/*
 * Reads the whole of `name` under `dirfd` into new memory with one spare byte
 * (set to NUL) at its end; never follows a last symlink (-ELOOP). ret_len may
 * be NULL. Returns 0, -E2BIG beyond `max`, -EINVAL not a regular file, -errno.
 */
int fd_slurp(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len);
/* The same of an open fd of any kind, from where it stands. */
int fd_slurp_fd(int fd, size_t max, char **ret, size_t *ret_len);
/*
 * Reads a small kernel file (procfs, cgroupfs) into buf, NUL-terminated, the
 * trailing newline cut. Length or -errno; -E2BIG when it does not fit.
 */
ssize_t fd_read_small(int dirfd, const char *name, char *buf, size_t size);
/* Writes text to an existing (kernel) file in one write(): no O_CREAT, no O_TRUNC. 0 or -errno. */
int fd_poke(int dirfd, const char *name, const char *text);
/*
 * Replaces `name` under `dirfd` by a new file with these bytes and exactly this
 * mode, whatever the umask: written beside it, renamed over it. `sync`: fsync
 * the file before and the directory after. 0 or -errno; on failure the old file
 * stands (but where only the directory's fsync failed) and no temporary is left.
 */
int fd_replace(int dirfd, const char *name, const void *buf, size_t len, mode_t mode, int sync);
/* mkdir -p of an absolute path; what is made gets `mode`, whatever the umask. 0 or -errno. */
int fd_mkdirs(const char *path, mode_t mode);
/*
 * Removes `name` under dirfd and all below it, however deep, without crossing
 * mounts (-EBUSY) or following links. Stops at the first that it cannot remove.
 * 0 or -errno; ENOENT is 0.
 */
int fd_rmtree(int dirfd, const char *name);
