/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a tree. What bites: names nested a hundred thousand deep overflow a
 * recursive walk's stack and its open files; somebody may swap a directory for
 * a link or move it away while we are in it; and below it something may be
 * mounted. So: one open directory at a time, a heap list of where we came from
 * (device and inode, compared on the way up by ".."), and openat2() steps that
 * neither follow a link nor cross a mount.
 */
#include "base/fd.h"

#include "base/clean.h"
#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* openat2(2)'s ABI (Linux 5.6), named here because libc headers lack it. */
struct step_how {
	uint64_t flags, mode, resolve;
};
#define STEP_NO_XDEV 0x01
#define STEP_NO_SYMLINKS 0x04

/* Deeper than this nobody nests by accident; the list of levels stays below some hundred MB. */
#define MAX_LEVELS (1u << 20)

/* What getdents64(2) fills in; libc's struct dirent is the same only by luck. */
struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};
#define ENTRY_DIR 4 /* DT_DIR */

/* A directory that we are in or below. */
struct level {
	dev_t dev;
	ino_t ino;
	size_t name; /* where its name begins in walk.names */
};

struct walk {
	int top;              /* the directory that holds the tree; not ours to close */
	int at;               /* the directory we are in; -1 above the tree */
	struct level *levels; /* the way down to it */
	size_t n, size;
	struct str names;     /* their names, each with its NUL */
	char dents[16384] __attribute__((aligned(8)));
};

static void walk_freep(struct walk **w)
{
	if (!*w)
		return;
	if ((*w)->at >= 0)
		close((*w)->at);
	free((*w)->levels);
	str_done(&(*w)->names);
	free(*w);
}

static int step(int dirfd, const char *name)
{
	struct step_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = STEP_NO_XDEV | STEP_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	if (fd < 0)
		return errno == EXDEV ? -EBUSY : -errno; /* EXDEV: something is mounted there */
	return (int)fd;
}

static int push(struct walk *w, const char *name, const struct stat *st)
{
	if (w->n == MAX_LEVELS)
		return -E2BIG;
	if (w->n == w->size) {
		size_t size = w->size ? w->size * 2 : 32;
		struct level *l = reallocarray(w->levels, size, sizeof(*l));

		if (!l)
			return -ENOMEM;
		w->levels = l;
		w->size = size;
	}
	w->levels[w->n++] = (struct level){ st->st_dev, st->st_ino, w->names.len };
	str_addn(&w->names, name, strlen(name) + 1);
	return w->names.failed ? -ENOMEM : 0;
}

/* Enters directory `name`, which is not empty as far as we know. */
static int down(struct walk *w, const char *name)
{
	clean_fd int fd = step(w->at < 0 ? w->top : w->at, name);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	r = push(w, name, &st);
	if (r < 0)
		return r;
	if (w->at >= 0)
		close(w->at);
	w->at = TAKE_FD(fd);
	return 0;
}

/* Leaves the directory we are in, which is empty now, and removes it. */
static int up(struct walk *w)
{
	const struct level *gone = &w->levels[w->n - 1], *above = gone - 1;
	clean_fd int fd = -1;
	struct stat st;

	if (w->n > 1) {
		fd = step(w->at, "..");
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (st.st_dev != above->dev || st.st_ino != above->ino)
			return -EBUSY; /* moved elsewhere under us: ".." is nothing of ours */
	}
	close(w->at);
	w->at = TAKE_FD(fd);
	if (unlinkat(w->at < 0 ? w->top : w->at, w->names.buf + gone->name, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		return -errno;
	w->names.len = gone->name;
	w->n--;
	return 0;
}

/* Removes one entry of the directory we are in. Returns 1 when it is a directory, entered now. */
static int drop(struct walk *w, const struct entry *e)
{
	int r;

	if (str_eq(e->name, ".") || str_eq(e->name, ".."))
		return 0;
	if (e->type != ENTRY_DIR) {
		if (unlinkat(w->at, e->name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return -errno;
	}
	r = down(w, e->name);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

/* Removes what the directory we are in holds. 0 when it is empty, 1 when it entered another. */
static int sweep(struct walk *w)
{
	for (;;) {
		long n = syscall(SYS_getdents64, w->at, w->dents, sizeof(w->dents));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct entry *e = (const void *)(w->dents + at);
			int r = drop(w, e);

			if (r != 0)
				return r;
			at += e->reclen;
		}
	}
}

static int remove_below(int top, const char *name)
{
	__attribute__((cleanup(walk_freep))) struct walk *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->top = top;
	w->at = -1;
	r = down(w, name);
	while (r >= 0 && w->n) {
		r = sweep(w);
		if (r == 0)
			r = up(w);
	}
	return r < 0 ? r : 0;
}

int fd_rmtree(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
	clean_fd int parent = -1;
	int r;

	if (!*last || str_eq(last, ".") || str_eq(last, ".."))
		return -EINVAL;
	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR)
		return errno == ENOENT ? 0 : -errno;
	if (slash) {
		clean_free char *dir = str_printf("%.*s", (int)(last - name), name);

		if (!dir)
			return -ENOMEM;
		parent = openat(dirfd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0)
			return errno == ENOENT ? 0 : -errno;
		dirfd = parent;
	}
	r = remove_below(dirfd, last);
	return r == -ENOENT ? 0 : r;
}
