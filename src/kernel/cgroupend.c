/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other half of cgroup.h: freezing, signalling, and the end of a cgroup.
 *
 * What bites:
 * - where there is a v2 hierarchy it freezes and kills, also on a hybrid host:
 *   a process frozen by v2 dies of SIGKILL, one frozen by v1 only once thawed;
 * - cgroup.kill is kernel 5.14; before it, and on v1, a process may fork while
 *   we read the list, so the list is read frozen, and again until it is empty;
 * - rmdir answers EBUSY for a moment after the last process has been reaped;
 * - a container may have made cgroups of its own below, as deep as it likes:
 *   they are listed breadth first, nothing here recurses.
 */
#include "kernel/cgroup.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/call.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"

enum { MAX_BELOW = 1 << 16, MAX_PROCS_TEXT = 64 << 20 };
static const uint64_t ms_ns = 1000 * 1000;
/* Processes in uninterruptible sleep may take their time; for ever is not an option. */
static const uint64_t freeze_ns = 5000 * ms_ns, destroy_ns = 10000 * ms_ns;
static const uint64_t slice_ns = 10 * ms_ns;
static const uint64_t remove_ns = 1000 * ms_ns;

static void nap(unsigned us)
{
	struct timespec ts = { 0, (long)us * 1000 };

	nanosleep(&ts, NULL);
}

/* Adds the cgroups right below `path` ("." or "./a/b") under dir. */
static int add_below(int dir, const char *path, struct strv *list)
{
	int fd = inroot_beneath(dir, path, O_RDONLY | O_DIRECTORY);
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	d = fdopendir(fd);
	if (!d) {
		int r = -errno;

		close(fd);
		return r;
	}
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && list->n < MAX_BELOW)
			strv_addf(list, "%s/%s", path, e->d_name);
	closedir(d);
	return list->failed ? -ENOMEM : 0;
}

/* All cgroups of the tree `dir`, itself (".") first, parents before children. */
static int list_tree(int dir, struct strv *list)
{
	int r = 0;

	strv_add(list, ".");
	if (list->failed)
		return -ENOMEM;
	for (size_t i = 0; i < list->n && r == 0; i++)
		r = add_below(dir, list->v[i], list);
	return r;
}

/* Signals the processes of one cgroup (sig 0: only counts). How many there were, or -errno. */
static int signal_procs(int dir, const char *path, int sig)
{
	clean_fd int at = inroot_beneath(dir, path, O_PATH | O_DIRECTORY);
	clean_free char *text = NULL;
	clean_fd int fd = -1;
	size_t len;
	int r, n = 0;

	if (at < 0)
		return at == -ENOENT ? 0 : at;
	fd = openat(at, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = fd_slurp_fd(fd, MAX_PROCS_TEXT, &text, &len);
	/* ENODEV: removed meanwhile; EOPNOTSUPP: threads whose processes are listed further up */
	if (r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return r;
	for (char *s = text, *end; *s; s = end + (*end == '\n')) {
		pid_t pid = (pid_t)strtol(s, &end, 10);

		if (end == s)
			break;
		n++;
		/* 0 is a process of a pid namespace that we do not see */
		if (sig && pid > 0 && kill(pid, sig) < 0 && errno != ESRCH)
			return -errno;
	}
	return n;
}

static int signal_tree(int dir, int sig)
{
	clean_strv struct strv list = { 0 };
	int r = list_tree(dir, &list), n = 0;

	for (size_t i = 0; i < list.n && r >= 0; i++) {
		r = signal_procs(dir, list.v[i], sig);
		n += r > 0 ? r : 0;
	}
	return r < 0 ? r : n;
}

/* "KEY N" in a file of such lines; -ENOENT when it has no such line. */
static int read_key(const struct cgroup *c, int i, const char *file, const char *key, uint64_t *ret)
{
	char text[2048], *s = text;
	ssize_t n = cgroup_read(c, i, file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	while (s) {
		const char *value = str_after(s, key);

		if (value && *value == ' ') {
			*ret = strtoull(value + 1, NULL, 10);
			return 0;
		}
		s = strchr(s, '\n');
		s += s ? 1 : 0;
	}
	return -ENOENT;
}

/*
 * Waits until `key` of the v2 cgroup.events is `want`. 0, -ETIMEDOUT, -errno. The kernel notifies
 * at most once in 10 ms for this file (CGROUP_FILE_NOTIFY_MIN_INTV), and the answer is there in a
 * fraction of that: so it is looked at again after pauses that grow from 50 us to 10 ms.
 */
static int wait_event(const struct cgroup *c, const char *key, uint64_t want, uint64_t deadline)
{
	clean_fd int fd =
		openat(c->h[c->unified].dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct timespec pause = { 0, 50 * 1000 };

	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		uint64_t now = clock_mono(), is = want;
		char text[256], *s;
		ssize_t n;

		/* read through the polled fd: that is what arms the next notification */
		n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -errno;
		text[n] = '\0';
		s = strstr(text, key);
		if (s)
			is = strtoull(s + strlen(key), NULL, 10);
		if (is == want)
			return 0;
		if (now >= deadline)
			return -ETIMEDOUT;
		(void)ppoll(&p, 1, &pause, NULL);
		pause.tv_nsec = pause.tv_nsec < 5000 * 1000 ? pause.tv_nsec * 2 : 10 * 1000 * 1000;
	}
}

/* How the v1 freezer is told. */
static int freeze_v1(const struct cgroup *c, int i, bool freeze, uint64_t deadline)
{
	const char *want = freeze ? "FROZEN" : "THAWED";

	for (;;) {
		char state[32];
		/* Written again each time: a process forked half way leaves it at FREEZING. */
		int r = fd_poke(c->h[i].dir, "freezer.state", want);
		ssize_t n;

		if (r < 0)
			return r;
		n = cgroup_read(c, i, "freezer.state", state, sizeof(state));
		if (n < 0)
			return (int)n;
		if (str_eq(state, want))
			return 0;
		if (clock_mono() >= deadline)
			return -ETIMEDOUT;
		nap(500);
	}
}

/* The hierarchy that freezes; -1 where none can. */
static int freezer(const struct cgroup *c)
{
	int i = c->unified;

	if (i >= 0 && c->h[i].dir >= 0 && faccessat(c->h[i].dir, "cgroup.freeze", F_OK, 0) == 0)
		return i;
	for (i = 0; i < c->n; i++)
		if (c->h[i].ctls & CGROUP_FREEZER && c->h[i].dir >= 0)
			return i;
	return -1;
}

static int freeze_by(const struct cgroup *c, int i, bool freeze, uint64_t wait_ns)
{
	uint64_t deadline = clock_mono() + wait_ns;
	int r;

	if (!c->h[i].unified)
		return freeze_v1(c, i, freeze, deadline);
	r = fd_poke(c->h[i].dir, "cgroup.freeze", freeze ? "1" : "0");
	return r < 0 ? r : wait_event(c, "frozen ", freeze, deadline);
}

/* Whether one hierarchy holds the tree frozen: 1, 0 (also where it cannot freeze), -errno. */
static int frozen_by(const struct cgroup *c, int i)
{
	const char *file = c->h[i].unified ? "cgroup.freeze" : "freezer.state";
	char text[32];
	ssize_t n;

	if (c->h[i].dir < 0 || !(c->h[i].unified || c->h[i].ctls & CGROUP_FREEZER))
		return 0;
	n = cgroup_read(c, i, file, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	return text[0] == '1' || text[0] == 'F';
}

/* On a hybrid host somebody else may have used the freezer that we do not: all are thawed. */
static int thaw(const struct cgroup *c, int first, uint64_t wait_ns)
{
	int r = freeze_by(c, first, false, wait_ns);

	for (int i = 0; r == 0 && i < c->n; i++)
		if (i != first && frozen_by(c, i) > 0)
			r = freeze_by(c, i, false, wait_ns);
	return r;
}

int cgroup_freeze_call(const struct cgroup *c, bool freeze, struct call *call)
{
	uint64_t deadline = clock_mono() + freeze_ns;
	int i = freezer(c), r, cut;

	if (i < 0)
		return err_set(call->err, ENODEV, "this host has no freezer cgroup controller");
	/* In short waits: between them somebody may want it cut short. Asking twice is harmless. */
	do {
		cut = call_check(call);
		if (cut < 0)
			break;
		r = freeze ? freeze_by(c, i, true, slice_ns) : thaw(c, i, slice_ns);
	} while (r == -ETIMEDOUT && clock_mono() < deadline);
	if (freeze && (cut < 0 || r < 0))
		(void)freeze_by(c, i, false, 0);
	if (cut < 0)
		return cut;
	if (r < 0)
		return err_num(call->err, r, "%s the cgroup %s", freeze ? "freeze" : "thaw",
			       c->path);
	return 0;
}

int cgroup_freeze(const struct cgroup *c, bool freeze, struct gantry_err *err)
{
	struct call call;
	int r = call_begin(&call, NULL, NULL);

	if (err)
		call.err = err;
	return r < 0 ? r : cgroup_freeze_call(c, freeze, &call);
}

int cgroup_frozen(const struct cgroup *c)
{
	int r = 0;

	/* runc freezes by v1 on a hybrid host, we by v2: either counts */
	for (int i = 0; r == 0 && i < c->n; i++)
		r = frozen_by(c, i);
	return r;
}

/* SIGKILL by the kernel, to the whole tree at once, frozen or not. */
static int kill_unified(const struct cgroup *c)
{
	if (c->unified < 0 || c->h[c->unified].dir < 0)
		return -ENOENT;
	return fd_poke(c->h[c->unified].dir, "cgroup.kill", "1");
}

/* Signals every tree that has processes; a v1 freezer keeps them from forking meanwhile. */
static int signal_all(const struct cgroup *c, int sig)
{
	int i = freezer(c), r = 0;
	bool was = i >= 0 && cgroup_frozen(c) > 0;

	/* What does not freeze in time is signalled all the same. */
	if (i >= 0 && !was)
		(void)freeze_by(c, i, true, 100 * ms_ns);
	for (int j = 0; j < c->n && r >= 0; j++) {
		if (c->h[j].dir < 0 || (sig != SIGKILL && j != i && i >= 0))
			continue; /* one list does, but for the end: then every straggler counts */
		r = signal_tree(c->h[j].dir, sig);
		if (r > 0 && sig != SIGKILL)
			break;
	}
	/* A paused container stays paused, but a v1 one would then never die. */
	if (i >= 0 && (!was || (sig == SIGKILL && !c->h[i].unified)))
		(void)freeze_by(c, i, false, 0);
	return r < 0 ? r : 0;
}

int cgroup_signal(const struct cgroup *c, int sig, struct gantry_err *err)
{
	int r;

	if (sig == SIGKILL && kill_unified(c) == 0)
		return 0;
	r = signal_all(c, sig);
	if (r < 0)
		return err_num(err, r, "signal the processes of the cgroup %s", c->path);
	return 0;
}

int cgroup_populated(const struct cgroup *c)
{
	for (int i = 0; i < c->n; i++) {
		uint64_t n = 0;
		int r;

		if (c->h[i].dir < 0)
			continue;
		if (c->h[i].unified) {
			r = read_key(c, i, "cgroup.events", "populated", &n);
			if (r < 0 && r != -ENOENT && r != -ENODEV)
				return r;
			if (n)
				return 1;
			continue;
		}
		r = signal_tree(c->h[i].dir, 0);
		if (r)
			return r < 0 ? r : 1;
	}
	return 0;
}

/* Whether both are one directory. */
static bool is_same(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* Removes what is left of one hierarchy's tree, children first. 0 gone; -EBUSY; -errno. */
static int remove_tree(const struct cgroup *c, int i)
{
	const struct cgroup_hier *h = &c->h[i];
	clean_strv struct strv list = { 0 };
	clean_fd int dir = -1;
	int r;

	if (unlinkat(h->root, c->path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	dir = inroot_beneath(h->root, c->path + 1, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (h->dir >= 0 && !is_same(dir, h->dir))
		return 0; /* ours was removed, and this is another's */
	r = list_tree(dir, &list);
	if (r < 0)
		return r;
	for (size_t j = list.n; j-- > 1; )
		if (unlinkat(dir, list.v[j] + 2, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return -errno;
	if (list.n > 1 && (unlinkat(h->root, c->path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT))
		return 0;
	return -EBUSY;
}

/* One round: what can be removed is. The first error that is not "somebody is in it". */
static int remove_all(struct cgroup *c, bool *gone)
{
	int busy = 0;

	for (int i = 0; i < c->n; i++) {
		int r;

		if (gone[i])
			continue;
		r = remove_tree(c, i);
		if (r < 0 && r != -EBUSY && r != -ENOTEMPTY)
			return r;
		gone[i] = r == 0;
		busy += r < 0;
	}
	return busy;
}

int cgroup_remove(struct cgroup *c, struct gantry_err *err)
{
	uint64_t deadline = clock_mono() + remove_ns;
	bool gone[CGROUP_HIERS] = { false };

	for (unsigned us = 100; ; us = us < 10000 ? us * 2 : us) {
		/* Before the first is removed: what is in use stays whole. */
		int r = cgroup_populated(c);

		if (r == 0)
			r = remove_all(c, gone);
		if (r < 0)
			return err_num(err, r, "remove the cgroup %s", c->path);
		if (r == 0)
			return 0;
		if (clock_mono() >= deadline)
			return err_set(err, EBUSY, "the cgroup %s still has processes", c->path);
		nap(us);
	}
}

int cgroup_destroy(struct cgroup *c, struct gantry_err *err)
{
	uint64_t deadline = clock_mono() + destroy_ns;
	bool gone[CGROUP_HIERS] = { false };
	unsigned us = 100;

	for (int round = 0; ; round++) {
		int r = remove_all(c, gone);

		if (r < 0)
			return err_num(err, r, "remove the cgroup %s", c->path);
		if (r == 0)
			return 0;
		if (clock_mono() >= deadline)
			return err_set(err, EBUSY,
				       "the cgroup %s still has processes that do not die",
				       c->path);
		for (int i = 0; i < c->n; i++)
			if (c->h[i].dir < 0 && !gone[i]) {
				r = inroot_beneath(c->h[i].root, c->path + 1, O_PATH | O_DIRECTORY);
				c->h[i].dir = r < 0 ? -1 : r;
			}
		/*
		 * Round 0 trusts the kernel; whoever is still there afterwards is signalled by
		 * hand.
		 */
		if (round || kill_unified(c) < 0)
			(void)signal_all(c, SIGKILL);
		if (c->unified >= 0 && c->h[c->unified].dir >= 0 && !gone[c->unified])
			(void)wait_event(c, "populated ", 0, clock_mono() + 50 * ms_ns);
		else
			nap(us);
		us = us < 10000 ? us * 2 : us;
	}
}

int cgroup_oom(const struct cgroup *c)
{
	int i = cgroup_carrier(c, CGROUP_MEMORY), r;
	uint64_t n = 0;

	if (i < 0)
		return 0;
	r = read_key(c, i, c->h[i].unified ? "memory.events" : "memory.oom_control", "oom_kill",
		     &n);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : n > 0;
}
