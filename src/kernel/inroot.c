/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE resolver of paths below a hostile root, on openat2(2) alone.
 *
 * What bites: with a rename storm in the tree openat2 answers EAGAIN whenever
 * it meets ".."; it is asked again until a deadline, then fails closed. Where
 * openat2 is missing or filtered there is no fallback: walking by hand is what
 * every peer got wrong at least once. Making directories is not in openat2, so
 * that walk is done here step by step: what exists is opened in the root, what
 * does not is made in the directory just opened, and a link in between is read
 * and its text walked the same way.
 */
#include "kernel/inroot.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "kernel/abi.h"

enum { MAX_LINKS = 40 };
/* The kernel's own races last microseconds; an attacker's storm lasts for ever. */
static const uint64_t storm_ns = 10 * 1000 * 1000;

static int resolve(int dirfd, const char *path, int flags, uint64_t resolve_flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = resolve_flags,
	};
	uint64_t until = 0;
	int fd;

	for (;;) {
		fd = sys_openat2(dirfd, path, &how);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
		if (!until)
			until = clock_mono() + storm_ns;
		else if (clock_mono() > until)
			break;
	}
	/* A filter that does not know openat2 answers EPERM; the kernel does not, for O_PATH. */
	if (errno == EPERM && (flags & O_PATH))
		return -ENOSYS;
	return -errno;
}

int inroot_open(int rootfd, const char *path, int flags)
{
	return resolve(rootfd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int inroot_beneath(int dirfd, const char *path, int flags)
{
	return resolve(dirfd, path, flags,
		       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int inroot_words(struct gantry_err *err, int r, const char *what, const char *path)
{
	if (r == -ENOSYS)
		return err_set(err, ENOSYS,
			       "openat2 is not available (kernel before 5.6, or a seccomp filter): "
			       "cannot open %s `%s` safely",
			       what, path);
	if (r == -EAGAIN)
		return err_set(err, EAGAIN,
			       "%s `%s`: its directories are being renamed all the time", what,
			       path);
	return err_num(err, r, "%s `%s`", what, path);
}

/* Where a walk stands: `done` is the real path reached so far, `rest` is still to go. */
struct walk {
	int rootfd;
	char done[PATH_MAX];
	char rest[PATH_MAX];
	size_t done_len;
	unsigned links;
};

/* Cuts the next component off w->rest into name. Returns 0 at the end. */
static int next_component(struct walk *w, char name[NAME_MAX + 1])
{
	const char *s = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(s, "/");

	if (!n)
		return 0;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, s, n);
	name[n] = '\0';
	s += n;
	memmove(w->rest, s, strlen(s) + 1);
	return 1;
}

static bool at_end(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

/* Puts the text of the link `fd` before what is still to go. */
static int follow(struct walk *w, int fd)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(fd, "", text, sizeof(text) - 1);
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -errno;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if ((size_t)n + rest + 2 > sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, text, (size_t)n);
	w->rest[n] = '/';
	if (text[0] == '/')
		w->done_len = 0;
	w->done[w->done_len] = '\0';
	return 0;
}

static void step_up(struct walk *w)
{
	while (w->done_len && w->done[w->done_len - 1] != '/')
		w->done_len--;
	if (w->done_len)
		w->done_len--;
	w->done[w->done_len] = '\0';
}

/* Makes `name`, which was not there a moment ago, in the directory reached. */
static int make(struct walk *w, const char *name, mode_t mode, bool dir)
{
	clean_fd int parent =
		inroot_open(w->rootfd, w->done_len ? w->done : ".", O_PATH | O_DIRECTORY);
	int fd;

	if (parent < 0)
		return parent;
	if (dir)
		return mkdirat(parent, name, mode) < 0 && errno != EEXIST ? -errno : 0;
	fd = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, mode);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

/* One component forward: made if missing, its text put in its place if it is a link. */
static int step(struct walk *w, const char *name, mode_t mode, bool want_dir)
{
	clean_fd int fd = -1;
	size_t old = w->done_len, n = strlen(name);
	bool made = false;
	struct stat st;

	if (old + n + 2 > sizeof(w->done))
		return -ENAMETOOLONG;
	w->done[old] = '/';
	memcpy(w->done + old + 1, name, n + 1);
	w->done_len = old + 1 + n;
	for (;;) {
		int r;

		fd = inroot_open(w->rootfd, w->done, O_PATH | O_NOFOLLOW);
		if (fd >= 0)
			break;
		if (fd != -ENOENT || made)
			return fd;
		w->done[old] = '\0';
		w->done_len = old;
		r = make(w, name, mode, want_dir);
		if (r < 0)
			return r;
		w->done[old] = '/';
		w->done_len = old + 1 + n;
		made = true;
	}
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		w->done_len = old;
		w->done[old] = '\0';
		return follow(w, fd);
	}
	return want_dir && !S_ISDIR(st.st_mode) ? -ENOTDIR : 0;
}

/* Walks all of `path`, making what is missing; the last component as a file unless `dir`. */
static int walk_all(int rootfd, const char *path, mode_t mode, bool dir)
{
	struct walk w = { .rootfd = rootfd };
	char name[NAME_MAX + 1];
	int r;

	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	memcpy(w.rest, path, strlen(path) + 1);
	while ((r = next_component(&w, name)) > 0) {
		if (name[0] == '.' && !name[1])
			continue;
		if (name[0] == '.' && name[1] == '.' && !name[2])
			step_up(&w);
		else
			r = step(&w, name, mode, dir || !at_end(&w));
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return inroot_open(rootfd, w.done_len ? w.done : ".", O_PATH | (dir ? O_DIRECTORY : 0));
}

/* The usual case in few calls: only the last component is missing, and is a plain name. */
static int make_last(int rootfd, const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	clean_fd int parent = -1;

	if (!slash || slash == path || !slash[1] || slash[1] == '.' ||
	    (size_t)(slash - path) >= sizeof(above))
		return -ENOENT;
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	parent = inroot_open(rootfd, above, O_PATH | O_DIRECTORY);
	if (parent < 0 || mkdirat(parent, slash + 1, mode) < 0)
		return -ENOENT;
	return inroot_beneath(parent, slash + 1, O_PATH | O_DIRECTORY);
}

int inroot_mkdirs(int rootfd, const char *path, mode_t mode, struct gantry_err *err)
{
	int fd = inroot_open(rootfd, path, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT)
		fd = make_last(rootfd, path, mode);
	if (fd == -ENOENT)
		fd = walk_all(rootfd, path, mode, true);
	if (fd < 0)
		return inroot_words(err, fd, "directory", path);
	return fd;
}

int inroot_mkfile(int rootfd, const char *path, mode_t mode, struct gantry_err *err)
{
	int fd = inroot_open(rootfd, path, O_PATH);

	if (fd == -ENOENT)
		fd = walk_all(rootfd, path, mode, false);
	if (fd < 0)
		return inroot_words(err, fd, "file", path);
	return fd;
}

int inroot_parent(int rootfd, const char *path, mode_t mode, const char **ret_name,
		  struct gantry_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;
	int fd;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, EINVAL, "`%s` names no file", path);
	if (n >= sizeof(dir))
		return err_set(err, ENAMETOOLONG, "`%s` is too long", path);
	memcpy(dir, path, n);
	dir[n] = '\0';
	if (!n)
		memcpy(dir, "/", 2);
	fd = inroot_mkdirs(rootfd, dir, mode, err);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}
