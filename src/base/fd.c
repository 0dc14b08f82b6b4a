/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by descriptor. What bites: a file that we read may be put there by
 * somebody hostile (a FIFO that never opens, a device that never ends, a link
 * to elsewhere), so opening never waits, never follows, and looks at what it
 * got before it reads. Kernel files (procfs, cgroupfs) tell no size and take
 * a value in one write() or not at all.
 */
#include "base/fd.h"

#include "base/clean.h"
#include "base/clock.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int fd_write(int fd, const void *buf, size_t len)
{
	const char *at = buf;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read(int fd, void *buf, size_t len)
{
	char *at = buf;
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, at + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* Reads to the end into memory that begins with room for `guess` bytes. */
static int slurp(int fd, size_t guess, size_t max, char **ret, size_t *ret_len)
{
	clean_free char *buf = NULL;
	/* One byte more than is expected: a read that comes back short is then the end already. */
	size_t size = guess + 1, have = 0;

	for (;;) {
		char *p = realloc(buf, size + 1);
		ssize_t n;

		if (!p)
			return -ENOMEM;
		buf = p;
		n = fd_read(fd, buf + have, size - have);
		if (n < 0)
			return (int)n;
		have += (size_t)n;
		if (have > max)
			return -E2BIG;
		if (have < size)
			break;
		size = size < max / 2 ? size * 2 : max + 1;
	}
	buf[have] = '\0';
	if (ret_len)
		*ret_len = have;
	*ret = TAKE_PTR(buf);
	return 0;
}

/* No buffer may overflow or be cut by ssize_t, whatever the caller calls its maximum. */
static size_t sane(size_t max)
{
	return max > SSIZE_MAX / 4 ? SSIZE_MAX / 4 : max;
}

int fd_slurp_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	max = sane(max);
	return slurp(fd, max < 4096 ? max : 4096, max, ret, ret_len);
}

/* Opens a regular file for reading, and nothing else. */
static int open_regular(int dirfd, const char *name, struct stat *st)
{
	const int how = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	clean_fd int fd = openat(dirfd, name, how);

	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno; /* ENXIO: a socket */
	if (fstat(fd, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return TAKE_FD(fd);
}

int fd_slurp(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len)
{
	struct stat st;
	clean_fd int fd = open_regular(dirfd, name, &st);
	size_t guess = 4096;

	if (fd < 0)
		return fd;
	max = sane(max);
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return -E2BIG;
	if (st.st_size > 0)
		guess = (size_t)st.st_size;
	return slurp(fd, guess < max ? guess : max, max, ret, ret_len);
}

ssize_t fd_read_small(int dirfd, const char *name, char *buf, size_t size)
{
	struct stat st;
	clean_fd int fd = open_regular(dirfd, name, &st);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fd_read(fd, buf, size);
	if (n < 0)
		return n;
	if ((size_t)n == size)
		return -E2BIG;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int fd_poke(int dirfd, const char *name, const char *text)
{
	/* No O_NONBLOCK: on memory.max and others it means something of its own. */
	clean_fd int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* Where the last component of `path` begins. */
static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Makes a new, empty file beside `name`; its name goes to `temp`. Returns its fd. */
static int make_temp(int dirfd, const char *name, char temp[PATH_MAX])
{
	int dir = (int)(last_of(name) - name);

	for (unsigned tries = 0; tries < 100; tries++) {
		/* Not a secret: O_EXCL alone keeps us from another's file or link. */
		unsigned long long unique = clock_mono() * 128 + tries;
		int n = snprintf(temp, PATH_MAX, "%.*s.gantry-%d-%llx", dir, name, (int)getpid(),
				 unique);
		int fd;

		if (n >= PATH_MAX)
			return -ENAMETOOLONG;
		fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

static int fill(int fd, const void *buf, size_t len, mode_t mode, int sync)
{
	int r = fd_write(fd, buf, len);

	if (r < 0)
		return r;
	/* After the bytes, and by fchmod(): neither a half-written file nor the umask shows. */
	if (mode != 0600 && fchmod(fd, mode) < 0)
		return -errno;
	return sync && fsync(fd) < 0 ? -errno : 0;
}

static int sync_dir_of(int dirfd, const char *name)
{
	size_t dir = (size_t)(last_of(name) - name);
	char path[PATH_MAX];
	clean_fd int fd = -1;

	if (dir >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, name, dir);
	memcpy(path + dir, ".", 2);
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int fd_replace(int dirfd, const char *name, const void *buf, size_t len, mode_t mode, int sync)
{
	char temp[PATH_MAX];
	clean_fd int fd = -1;
	int r;

	if (!*last_of(name))
		return -EINVAL;
	fd = make_temp(dirfd, name, temp);
	if (fd < 0)
		return fd;
	r = fill(fd, buf, len, mode, sync);
	/* Network file systems and quotas may tell only here that there was no room. */
	if (close(TAKE_FD(fd)) < 0 && errno != EINTR && r == 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return r;
	}
	return sync ? sync_dir_of(dirfd, name) : 0;
}

/* One step of mkdir -p: `name` under `dirfd`. Returns the directory's fd. */
static int make_and_enter(int dirfd, const char *name, mode_t mode)
{
	int fd;

	if (mkdirat(dirfd, name, mode) == 0) {
		/* The umask is the caller's; `mode` is what was asked for. */
		if (fchmodat(dirfd, name, mode, 0) < 0)
			return -errno;
	} else if (errno != EEXIST) {
		return -errno;
	}
	fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int fd_mkdirs(const char *path, mode_t mode)
{
	clean_fd int at = -1;
	struct stat st;

	if (*path != '/')
		return -EINVAL;
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");
		char name[NAME_MAX + 1];
		int next;

		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		next = make_and_enter(at, name, mode);
		if (next < 0)
			return next;
		close(at);
		at = next;
		path += n;
	}
	return 0;
}
