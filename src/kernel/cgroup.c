/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding, making, entering and limiting. (Freezing, killing and removing: cgroupend.c.)
 *
 * What bites:
 * - writing a pid to cgroup.procs takes a lock whose writers wait for an RCU
 *   grace period, 7 ms when the machine is idle; a child born in its cgroup
 *   (v2) or writing "0" to `tasks` itself (v1) does not;
 * - a new v1 cpuset admits nobody before cpus and mems are copied to it;
 * - a mount in mountinfo may be hidden under another one: what is opened at
 *   its place must have its device number, or the hierarchy is not there;
 * - a hierarchy that cannot be looked at is an error, not one less: what is in
 *   it would be neither limited nor killed nor removed;
 * - a cgroup at a path may be anybody's. Ours is what our own mkdir has made,
 *   so one that exists is refused, and who comes back later compares inodes;
 * - v2 hands a controller down only where each level above enables it.
 */
#include "kernel/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"

static const char *const ctl_names[] = {
	"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids",
	"hugetlb", "perf_event", "net_cls", "net_prio", "rdma", "misc",
};
/* What v2 calls those of them that it has. */
static const struct { unsigned ctl; const char *name; } unified_ctls[] = {
	{ CGROUP_CPU, "cpu" }, { CGROUP_CPUSET, "cpuset" }, { CGROUP_BLKIO, "io" },
	{ CGROUP_MEMORY, "memory" }, { CGROUP_PIDS, "pids" }, { CGROUP_HUGETLB, "hugetlb" },
};
enum {
	CTL_NAMES = sizeof(ctl_names) / sizeof(*ctl_names),
	UNIFIED_CTLS = sizeof(unified_ctls) / sizeof(*unified_ctls)
};

unsigned cgroup_ctl_parse(const char *name, size_t len)
{
	for (unsigned i = 0; i < CTL_NAMES; i++)
		if (strlen(ctl_names[i]) == len && !memcmp(ctl_names[i], name, len))
			return 1u << i;
	return 0;
}

const char *cgroup_ctl_name(enum cgroup_ctl ctl)
{
	for (unsigned i = 0; i < CTL_NAMES; i++)
		if (ctl == 1u << i)
			return ctl_names[i];
	return "unknown";
}

/* "/a/b": absolute, no empty, "." or ".." component, not the root itself. */
static int check_path(const char *path, struct gantry_err *err)
{
	const char *s = path;

	if (strlen(path) >= CGROUP_PATH)
		return err_set(err, EINVAL, "the cgroup path is longer than %d bytes",
			       CGROUP_PATH - 1);
	if (*s != '/' || !s[1])
		return err_set(err, EINVAL,
			       "cgroup path `%s` does not name a cgroup below the root", path);
	while (*s) {
		size_t n = strcspn(++s, "/");

		if (!n || (n <= 2 && !strncmp(s, "..", n)) || n > NAME_MAX)
			return err_set(err, EINVAL,
				       "cgroup path `%s` has an empty, `.` or `..` component",
				       path);
		s += n;
	}
	return 0;
}

static bool is_known(const struct cgroup *c, dev_t dev, bool unified, unsigned ctls)
{
	if (unified)
		return c->unified >= 0;
	for (int i = 0; i < c->n; i++)
		if (c->h[i].dev == dev ||
		    (!c->h[i].unified && c->h[i].ctls == ctls && ctls != CGROUP_NAMED))
			return true;
	return false;
}

/* Adds the hierarchy mounted at `where`, if it is one and is `dev` (0: any). 0, -errno. */
static int add_hier(struct cgroup *c, const char *where, dev_t dev, unsigned ctls)
{
	clean_fd int fd = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *base = strrchr(where, '/');
	struct cgroup_hier *h;
	struct statfs fs;
	struct stat st;
	bool unified;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	unified = (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC;
	if (!unified && (unsigned long)fs.f_type != CGROUP_SUPER_MAGIC)
		return 0;
	if ((dev && st.st_dev != dev) || is_known(c, st.st_dev, unified, ctls))
		return 0;
	if (c->n == CGROUP_HIERS)
		return -E2BIG;
	if (!base || strlen(base + 1) >= sizeof(h->name))
		return -ENAMETOOLONG;
	if (unified)
		c->unified = c->n;
	h = &c->h[c->n++];
	h->root = TAKE_FD(fd);
	h->dir = -1;
	h->dev = st.st_dev;
	h->unified = unified;
	h->ctls = ctls;
	memcpy(h->name, base + 1, strlen(base));
	return 0;
}

/* Which controllers a v1 mount carries, from its super options "rw,cpu,cpuacct". */
static unsigned parse_ctls(const char *options)
{
	unsigned ctls = 0;

	while (*options) {
		size_t n = strcspn(options, ",\n");

		ctls |= cgroup_ctl_parse(options, n);
		options += n;
		options += *options != '\0';
	}
	return ctls ? ctls : CGROUP_NAMED;
}

/* mountinfo writes blank, tab, newline and backslash as three octal digits. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* "31 23 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu" */
static int parse_mount(struct cgroup *c, char *line, struct gantry_err *err)
{
	char *type = strstr(line, " - cgroup"), *where = line, *end, *options;
	unsigned long major = 0, minor = 0;
	int r = 0;

	for (int i = 0; type && i < 4; i++) {
		where = strchr(where, ' ');
		if (!where)
			return 0;
		where++;
		if (i == 1) {
			major = strtoul(where, &end, 10);
			minor = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;
		}
	}
	if (!type)
		return 0;
	end = strchr(where, ' ');
	if (!end)
		return 0;
	*end = '\0';
	unescape(where);
	type += strlen(" - ");
	options = strchr(type, ' ');
	options = options ? strchr(options + 1, ' ') : NULL;
	if (options)
		r = add_hier(c, where, makedev((unsigned)major, (unsigned)minor),
			     !strncmp(type, "cgroup2 ", 8) ? 0 : parse_ctls(options + 1));
	return r < 0 ? err_num(err, r, "look at the cgroup hierarchy %s", where) : 0;
}

static int read_mountinfo(struct cgroup *c, struct gantry_err *err)
{
	clean_fd int fd = open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC);
	clean_free char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return err_sys(err, "open /proc/thread-self/mountinfo");
	r = fd_slurp_fd(fd, 64u << 20, &text, &len);
	if (r < 0)
		return err_num(err, r, "read /proc/thread-self/mountinfo");
	for (char *line = text, *next; r >= 0 && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		r = parse_mount(c, line, err);
	}
	return r < 0 ? r : 0;
}

int cgroup_find(struct cgroup *c, const char *path, struct gantry_err *err)
{
	int r;

	c->n = 0;
	c->unified = -1;
	r = check_path(path, err);
	if (r < 0)
		return r;
	memcpy(c->path, path, strlen(path) + 1);
	/* Most hosts have v2 alone, at the place where it belongs: then mountinfo is not read. */
	r = add_hier(c, "/sys/fs/cgroup", 0, 0);
	if (r < 0)
		return err_num(err, r, "look at the cgroup hierarchy /sys/fs/cgroup");
	if (c->n && c->h[0].unified)
		return 0;
	r = read_mountinfo(c, err);
	if (r < 0)
		cgroup_done(c);
	if (r < 0)
		return r;
	if (!c->n)
		return err_set(err, ENOENT, "no cgroup filesystem is mounted");
	return 0;
}

void cgroup_done(struct cgroup *c)
{
	for (int i = 0; i < c->n; i++) {
		clean_fdp(&c->h[i].dir);
		clean_fdp(&c->h[i].root);
	}
	c->n = 0;
}

int cgroup_look(struct cgroup *c, struct gantry_err *err)
{
	int n = 0;

	for (int i = 0; i < c->n; i++) {
		int fd = inroot_beneath(c->h[i].root, c->path + 1, O_PATH | O_DIRECTORY);

		if (fd < 0 && fd != -ENOENT)
			return inroot_words(err, fd, "cgroup", c->path);
		clean_fdp(&c->h[i].dir);
		c->h[i].dir = fd < 0 ? -1 : fd;
		n += fd >= 0;
	}
	return n;
}

int cgroup_open(struct cgroup *c, const char *path, struct gantry_err *err)
{
	int r = cgroup_find(c, path, err);

	if (r == 0)
		r = cgroup_look(c, err);
	if (r < 0)
		cgroup_done(c);
	return r < 0 ? r : 0;
}

bool cgroup_exists(const struct cgroup *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->h[i].dir >= 0)
			return true;
	return false;
}

int cgroup_marks(const struct cgroup *c, char *marks)
{
	size_t len = 0;

	marks[0] = '\0';
	for (int i = 0; i < c->n; i++) {
		struct stat st;
		int n;

		if (c->h[i].dir < 0)
			continue;
		if (fstat(c->h[i].dir, &st) < 0)
			return -errno;
		n = snprintf(marks + len, CGROUP_MARKS - len, "%s%llx.%llx", len ? " " : "",
			     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
		if (n < 0 || (size_t)n >= CGROUP_MARKS - len)
			return -E2BIG;
		len += (size_t)n;
	}
	return 0;
}

/* Whether `dir` is one of `marks`. What cannot be looked at is not. */
static bool is_marked(int dir, const char *marks)
{
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		return false;
	while (*marks) {
		char *end;
		unsigned long long dev = strtoull(marks, &end, 16), ino;

		if (*end != '.')
			return false;
		ino = strtoull(end + 1, &end, 16);
		if (dev == st.st_dev && ino == st.st_ino)
			return true;
		if (*end != ' ')
			return false;
		marks = end + 1;
	}
	return false;
}

void cgroup_keep(struct cgroup *c, const char *marks)
{
	int n = 0;

	c->unified = -1;
	for (int i = 0; i < c->n; i++) {
		struct cgroup_hier *h = &c->h[i];

		if (!is_marked(h->dir, marks)) {
			clean_fdp(&h->dir);
			clean_fdp(&h->root);
			continue;
		}
		if (h->unified)
			c->unified = n;
		if (n != i)
			c->h[n] = *h;
		n++;
	}
	c->n = n;
}

/* A new cpuset is empty and admits nobody: it starts as its parent is. */
static int copy_cpuset(int parent, int dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (int i = 0; i < 2; i++) {
		char text[1024];
		ssize_t n = fd_read_small(dir, files[i], text, sizeof(text));
		int r;

		if (n > 0)
			continue;
		n = fd_read_small(parent, files[i], text, sizeof(text));
		if (n < 0)
			return (int)n;
		r = fd_poke(dir, files[i], text);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Hands all controllers that a v2 directory has down to its children. Limits complain later, by
 * name. One with processes (but the root, which has no type) cannot hand down memory; it could cpu,
 * cpuset and pids, but that would make it "domain threaded" and every cgroup below it one that no
 * process may enter: it stays as it is, -EBUSY.
 */
static int hand_down(int dir)
{
	char have[512];

	if (faccessat(dir, "cgroup.type", F_OK, 0) == 0 &&
	    fd_read_small(dir, "cgroup.procs", have, sizeof(have)) != 0)
		return -EBUSY;
	if (fd_read_small(dir, "cgroup.controllers", have, sizeof(have)) <= 0)
		return 0;
	for (unsigned i = 0; i < UNIFIED_CTLS; i++) {
		char word[16];

		snprintf(word, sizeof(word), "+%s", unified_ctls[i].name);
		(void)fd_poke(dir, "cgroup.subtree_control", word);
	}
	return 0;
}

/* Makes one level; one that is there is opened instead, unless `ret_made` is given. */
static int make_level(const struct cgroup_hier *h, int parent, const char *name, bool *ret_made)
{
	int fd, r;

	if (mkdirat(parent, name, 0755) == 0) {
		if (ret_made)
			*ret_made = true;
	} else if (errno != EEXIST || ret_made) {
		return -errno;
	}
	fd = inroot_beneath(parent, name, O_PATH | O_DIRECTORY);
	if (fd >= 0 && h->ctls & CGROUP_CPUSET) {
		r = copy_cpuset(parent, fd);
		if (r < 0) {
			close(fd);
			return r;
		}
	}
	return fd;
}

/* Makes all levels of c->path in h and opens the last, which must not be there. */
static int make_in(const struct cgroup *c, struct cgroup_hier *h, bool *ret_made)
{
	const char *last = strrchr(c->path, '/') + 1;
	char parent[CGROUP_PATH], name[NAME_MAX + 1];
	clean_fd int at = -1;
	int fd;

	/* Nearly always the parent is there. */
	snprintf(parent, sizeof(parent), "%.*s", (int)(last - 1 - c->path), c->path);
	at = inroot_beneath(h->root, parent[0] ? parent + 1 : ".", O_PATH | O_DIRECTORY);
	if (at == -ENOENT) {
		at = fcntl(h->root, F_DUPFD_CLOEXEC, 0);
		for (const char *s = parent + 1; at >= 0 && *s; ) {
			size_t n = strcspn(s, "/");

			memcpy(name, s, n);
			name[n] = '\0';
			if (h->unified)
				(void)hand_down(at);
			fd = make_level(h, at, name, NULL);
			close(at);
			at = fd;
			s += n + (s[n] == '/');
		}
		if (at >= 0 && h->unified)
			(void)hand_down(at);
	}
	if (at < 0)
		return at;
	return make_level(h, at, last, ret_made);
}

/* Removes the directories that were made and forgets all. */
static void unmake(struct cgroup *c, const bool *made)
{
	for (int i = 0; i < c->n; i++) {
		clean_fdp(&c->h[i].dir);
		c->h[i].dir = -1;
		if (made[i])
			(void)unlinkat(c->h[i].root, c->path + 1, AT_REMOVEDIR);
	}
}

int cgroup_make(struct cgroup *c, struct gantry_err *err)
{
	bool made[CGROUP_HIERS] = { false };

	for (int i = 0; i < c->n; i++) {
		int fd = make_in(c, &c->h[i], &made[i]);

		if (fd >= 0) {
			clean_fdp(&c->h[i].dir);
			c->h[i].dir = fd;
			continue;
		}
		unmake(c, made);
		if (fd == -EEXIST)
			return err_set(err, EBUSY,
				       "the cgroup %s (%s) exists already: in use by another "
				       "container?",
				       c->path, c->h[i].name);
		return err_num(err, fd, "make the cgroup %s (%s)", c->path, c->h[i].name);
	}
	return 0;
}

int cgroup_enter(const struct cgroup *c, struct gantry_err *err)
{
	for (int i = 0; i < c->n; i++) {
		int r;

		if (c->h[i].unified)
			continue;
		r = fd_poke(c->h[i].dir, "tasks", "0");
		if (r < 0)
			return err_num(err, r, "enter the cgroup %s (%s)", c->path, c->h[i].name);
	}
	return 0;
}

int cgroup_carrier(const struct cgroup *c, enum cgroup_ctl ctl)
{
	for (int i = 0; i < c->n; i++)
		if (c->h[i].ctls & ctl)
			return i;
	for (unsigned i = 0; i < UNIFIED_CTLS; i++)
		if (unified_ctls[i].ctl == ctl)
			return c->unified;
	return -1;
}

/*
 * A controller may be there and not yet handed down (a parent made by others): do so, once. `full`
 * is the first level that has processes of its own, or empty.
 */
static void hand_down_all(const struct cgroup *c, char full[static CGROUP_PATH])
{
	const struct cgroup_hier *h = &c->h[c->unified];
	const char *s = c->path + 1;

	full[0] = '\0';
	(void)hand_down(h->root);
	while ((s = strchr(s, '/'))) {
		char part[CGROUP_PATH];
		clean_fd int fd = -1;

		snprintf(part, sizeof(part), "%.*s", (int)(s - c->path), c->path);
		fd = inroot_beneath(h->root, part + 1, O_PATH | O_DIRECTORY);
		if (fd >= 0 && hand_down(fd) < 0 && !full[0])
			memcpy(full, part, sizeof(part));
		s++;
	}
}

/* Whether the v2 directory `path` has the controller. */
static bool has_ctl(const struct cgroup_hier *h, const char *path, const char *name)
{
	clean_fd int dir = inroot_beneath(h->root, path + 1, O_PATH | O_DIRECTORY);
	char have[512], *s = have;

	if (dir < 0 || fd_read_small(dir, "cgroup.controllers", have, sizeof(have)) < 0)
		return false;
	while (*s) {
		size_t n = strcspn(s, " ");

		if (n == strlen(name) && !memcmp(s, name, n))
			return true;
		s += n + (s[n] == ' ');
	}
	return false;
}

/* There is no such file: says why. */
static int not_there(const struct cgroup *c, enum cgroup_ctl ctl, const char *file,
		     const char *full, struct gantry_err *err)
{
	const char *name = cgroup_ctl_name(ctl);

	if (full[0] && has_ctl(&c->h[c->unified], full, name))
		return err_set(err, ENODEV,
			       "the %s controller does not reach the cgroup %s: "
			       "%s has processes of its own",
			       name, c->path, full);
	return err_set(err, ENODEV,
		       "this host's %s cgroup controller is not available (no %s in %s)",
		       name, file, c->path);
}

int cgroup_set(const struct cgroup *c, enum cgroup_ctl ctl, const char *v1, const char *v2,
	       const char *text, struct gantry_err *err)
{
	int i = cgroup_carrier(c, ctl), r;
	char full[CGROUP_PATH] = "";
	const char *file;

	if (i < 0)
		return err_set(err, ENODEV, "this host has no %s cgroup controller",
			       cgroup_ctl_name(ctl));
	file = c->h[i].unified ? v2 : v1;
	if (!file)
		return err_set(err, ENOTSUP, "cgroup v%d has no such %s limit",
			       c->h[i].unified ? 2 : 1, cgroup_ctl_name(ctl));
	r = fd_poke(c->h[i].dir, file, text);
	if (r == -ENOENT && c->h[i].unified) {
		hand_down_all(c, full);
		r = fd_poke(c->h[i].dir, file, text);
	}
	if (r == -ENOENT)
		return not_there(c, ctl, file, full, err);
	if (r < 0)
		return err_num(err, r, "set %s to %s", file, text);
	return 0;
}

ssize_t cgroup_read(const struct cgroup *c, int i, const char *file, char *buf, size_t size)
{
	if (i < 0 || i >= c->n || c->h[i].dir < 0)
		return -ENOENT;
	return fd_read_small(c->h[i].dir, file, buf, size);
}
