/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover(): one way to the end, for containers that stopped, that run, that
 * were half made when their creator was killed, and whose record is damaged.
 *
 * What bites: with a damaged record the processes still have to be found, so
 * where the cgroup is, and which directories there are ours, stands in a
 * symbolic link as well (made in one step, never half written); with that lost
 * too the path derives from the id. One that the spec named and of which
 * nothing proves that it is ours is not touched: others live there. Two state
 * roots may know the same id: for any but the default root the name has a mark of the
 * root in it, or deleting here would kill there.
 */
#include "runtime/recover.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "kernel/cgroup.h"
#include "kernel/pidfd.h"

static const char default_root[] = "/run/gantry/oci";
static const uint64_t lock_ns = 1000 * 1000 * 1000;
enum { DEATH_MS = 10000 };

void recover_cgroup_path(const char *root, int root_dir, const char *id, char *path)
{
	struct stat st;

	if (str_eq(root, default_root) || fstat(root_dir, &st) < 0)
		snprintf(path, CGROUP_PATH, "/gantry/%s", id);
	else
		snprintf(path, CGROUP_PATH, "/gantry/%s@%llx.%llx", id,
			 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
}

int recover_lock(int dir, const char *id, struct gantry_err *err)
{
	uint64_t until = clock_mono() + lock_ns;
	struct timespec nap = { 0, 2 * 1000 * 1000 };
	struct stat st;

	while (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, "lock container %s", id);
		if (clock_mono() >= until)
			return err_set(err, EAGAIN,
				       "container %s is being created, started or deleted by "
				       "another process",
				       id);
		nanosleep(&nap, NULL);
	}
	if (fstat(dir, &st) < 0)
		return err_sys(err, "look at the state of container %s", id);
	if (!st.st_nlink)
		return err_set(err, ENOENT, "container %s does not exist", id);
	return 0;
}

/*
 * The directory remembers, by its sticky bit, that a cgroup was to be made: where neither record
 * nor link says so any more, "nothing was made" and "all was lost" are told apart by it.
 */
int recover_expect(int dir)
{
	return fchmod(dir, 01700);
}

static bool is_expecting(int dir)
{
	struct stat st;

	return fstat(dir, &st) < 0 || st.st_mode & S_ISVTX;
}

/* What may be done to what is at a cgroup's path. */
enum claim {
	NOTHING, /* nobody knows where it is */
	SWEEP,   /* made by a creator that died before anybody was in it: removed if it is empty */
	END      /* it is the container's own: killed and removed */
};

/* "DEV.INO DEV.INO /path": false when there is no such link. */
static bool read_marks(int dir, char *text, char **ret_path)
{
	ssize_t n = readlinkat(dir, STATE_CGROUP, text, CGROUP_MARKS + CGROUP_PATH - 1);
	char *path;

	if (n <= 0)
		return false;
	text[n] = '\0';
	path = strstr(text, " /");
	if (!path || strlen(path + 1) >= CGROUP_PATH)
		return false;
	*path = '\0';
	*ret_path = path + 1;
	return true;
}

/*
 * Opens what the container has of cgroups, by the best source there is: the record, the link, the
 * name that derives from its id.
 */
static int find_cgroup(const struct recover *r, const struct state *s, struct cgroup *c,
		       enum claim *ret, struct gantry_err *err)
{
	char text[CGROUP_MARKS + CGROUP_PATH], own[CGROUP_PATH], *path = own;
	const char *marks = NULL;
	int res;

	recover_cgroup_path(r->root, r->root_dir, r->id, own);
	if (read_marks(r->dir, text, &path))
		marks = text;
	if (s->cgroup)
		path = s->cgroup;
	if (s->marks)
		marks = s->marks;
	res = cgroup_open(c, path, err);
	if (res < 0)
		return res;
	*ret = END;
	if (marks)
		cgroup_keep(c, marks);
	else if (s->phase == STATE_CREATING)
		*ret = SWEEP;
	else if (!cgroup_exists(c))
		*ret = is_expecting(r->dir) && !s->cgroup ? NOTHING : SWEEP;
	else if (!str_eq(path, own))
		*ret = NOTHING;
	return 0;
}

/* Init may have been moved out of its cgroup: it is killed by itself as well. */
static int kill_init(const struct state *s, struct gantry_err *err)
{
	clean_fd int fd = state_pidfd(s);

	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return err_num(err, fd, "open init of container %s", s->id);
	(void)pidfd_signal(fd, SIGKILL);
	return 0;
}

static int wait_init(const struct state *s, struct gantry_err *err)
{
	clean_fd int fd = state_pidfd(s);

	if (fd >= 0 && pidfd_ended(fd, DEATH_MS) == 0)
		return err_set(err, EBUSY,
			       "container %s does not die: process %d is stuck in the kernel",
			       s->id, (int)s->pid);
	return 0;
}

static int remove_dir(int root_dir, int dir, const char *id, struct gantry_err *err)
{
	int r;

	/* What is nearly always all there is. */
	(void)unlinkat(dir, STATE_FIFO, 0);
	(void)unlinkat(dir, STATE_CGROUP, 0);
	(void)unlinkat(dir, STATE_FILE, 0);
	/*
	 * A state.next of a creator that was killed, whatever else somebody put there: the tree
	 * goes.
	 */
	if (unlinkat(root_dir, id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	r = fd_rmtree(root_dir, id);
	return r < 0 ? err_num(err, r, "remove the state of container %s", id) : 0;
}

static int load(int dir, const char *id, struct state *s, struct gantry_err *err)
{
	int r = state_load(dir, id, s, err);

	if (r == -ENOENT || r == -EBADMSG) {
		state_done(s);
		s->id = strdup(id);
		return s->id ? 0 : err_set(err, ENOMEM, "recover container %s: out of memory", id);
	}
	return r;
}

static int end_cgroup(const struct recover *r, struct cgroup *c, enum claim claim,
		      struct gantry_err *err)
{
	switch (claim) {
	case NOTHING:
		return err_set(err, EBADMSG,
			       "container %s: its cgroup is not known: its state is damaged",
			       r->id);
	case SWEEP:
		/* One that somebody is in, or has cgroups below, has come since: it is theirs. */
		for (int i = 0; i < c->n; i++)
			(void)unlinkat(c->h[i].root, c->path + 1, AT_REMOVEDIR);
		return 0;
	case END:
		return r->force ? cgroup_destroy(c, err) : cgroup_remove(c, err);
	}
	return 0;
}

int recover(const struct recover *r, struct gantry_err *err)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	clean_state struct state s = { 0 };
	enum claim claim = NOTHING;
	int res = load(r->dir, r->id, &s, err);

	if (res == 0)
		res = find_cgroup(r, &s, &c, &claim, err);
	if (res == 0 && s.pid && r->force)
		res = kill_init(&s, err);
	if (res == 0)
		res = end_cgroup(r, &c, claim, err);
	if (res == 0 && s.pid)
		res = wait_init(&s, err);
	return res < 0 ? res : remove_dir(r->root_dir, r->dir, r->id, err);
}

bool recover_is_stale(const struct recover *r)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	clean_state struct state s = { 0 };
	enum claim claim = NOTHING;

	if (load(r->dir, r->id, &s, NULL) < 0 || s.phase == STATE_COMMITTED)
		return false;
	if (s.phase == STATE_CREATING)
		return true;
	/* No record, or a damaged one: only if nothing of it is left that could run. */
	return find_cgroup(r, &s, &c, &claim, NULL) == 0 && claim != NOTHING &&
	       cgroup_populated(&c) == 0;
}
