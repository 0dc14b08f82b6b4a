/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of one test's own, removed with all that is below it, and open as an fd. */
#pragma once
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tempdir {
	char path[64];
	int fd;
};

static inline void tempdir_make(struct tempdir *t)
{
	/* In memory where possible: a tree of 100,000 directories takes a disk half a minute. */
	snprintf(t->path, sizeof(t->path), "/dev/shm/gantry-unit-XXXXXX");
	if (!mkdtemp(t->path)) {
		snprintf(t->path, sizeof(t->path), "/tmp/gantry-unit-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(t->path));
	}
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(t->fd, 0);
}

/* By rm: what the tests try out is not what cleans up behind them. */
static inline void tempdir_remove(struct tempdir *t)
{
	char cmd[96];

	close(t->fd);
	snprintf(cmd, sizeof(cmd), "rm -rf -- %s", t->path);
	ck_assert_int_eq(system(cmd), 0);
}

static inline void put_file(const struct tempdir *t, const char *name, const char *text)
{
	int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(dprintf(fd, "%s", text), 0);
	close(fd);
}
