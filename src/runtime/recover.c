/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover(): one way to the end, for containers that stopped, that run, that
 * were half made when their creator was killed, and whose record is damaged.
 *
 * What bites: with a damaged record the processes still have to be found, so
 * the cgroup's path derives from the id alone, or stands in a symbolic link
 * (made in one step, never half written) when the spec named it. Two state
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

/* Where the container's cgroup is, by the best source there is. */
static void find_cgroup(const char *root, int root_dir, int dir, const struct state *s, char *path)
{
	ssize_t n;

	if (s->cgroup && strlen(s->cgroup) < CGROUP_PATH) {
		memcpy(path, s->cgroup, strlen(s->cgroup) + 1);
		return;
	}
	n = readlinkat(dir, STATE_CGROUP, path, CGROUP_PATH - 1);
	if (n > 0)
		path[n] = '\0';
	else
		recover_cgroup_path(root, root_dir, s->id, path);
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

int recover(const char *root, int root_dir, int dir, const char *id, struct gantry_err *err)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	clean_state struct state s = { 0 };
	char path[CGROUP_PATH];
	int r = load(dir, id, &s, err);

	if (r < 0)
		return r;
	find_cgroup(root, root_dir, dir, &s, path);
	r = cgroup_open(&c, path, err);
	if (r == 0 && s.pid)
		r = kill_init(&s, err);
	if (r == 0)
		r = cgroup_destroy(&c, err);
	if (r == 0 && s.pid)
		r = wait_init(&s, err);
	return r < 0 ? r : remove_dir(root_dir, dir, id, err);
}

bool recover_is_stale(const char *root, int root_dir, int dir, const char *id)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	clean_state struct state s = { 0 };
	char path[CGROUP_PATH];

	if (load(dir, id, &s, NULL) < 0 || s.phase == STATE_COMMITTED)
		return false;
	if (s.phase == STATE_CREATING)
		return true;
	/* No record, or a damaged one: only if nothing of it is left that could run. */
	find_cgroup(root, root_dir, dir, &s, path);
	return cgroup_open(&c, path, NULL) == 0 && cgroup_populated(&c) == 0;
}
