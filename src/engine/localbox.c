/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container of native or oci as its record and its runtime show it: found
 * by id, its state put together, taken away again.
 *
 * If there is an exit record, it says it all; else the runtime says what runs.
 * What bites is the moment between, when init is dead and the monitor has not
 * written yet: then the monitor is waited for, briefly.
 */
#include "engine/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/pidfd.h"

/* How long a monitor may take to write down what has ended, and to end itself. */
enum { ENDING_MS = 5000 };
/* How often its last files may come in between while its record is removed. */
enum { REMOVALS = 8 };

void local_state_done(struct local_state *s)
{
	free(s->bundle);
	free(s->rootfs);
	*s = (struct local_state){ 0 };
}

void box_done(struct box *b)
{
	clean_fdp(&b->dir);
	record_done(&b->rec);
	*b = (struct box)BOX_INIT;
}

/* ---- finding ---- */

int local_records(const struct local *l)
{
	int fd = open(l->records, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int no_such(const char *id, struct gantry_err *err)
{
	return err_set(err, ENOENT, "container %s does not exist", id);
}

void box_read_exit(struct box *b)
{
	b->exit_r = exit_record_read(b->dir, &b->exit, NULL);
}

int box_open(struct local *l, const char *id, struct box *ret, struct call *c)
{
	clean_fd int records = local_records(l);
	clean_box struct box b = BOX_INIT;
	clean_local_state struct local_state s = { 0 };
	int r;

	snprintf(b.id, sizeof(b.id), "%s", id);
	b.rec_r = b.exit_r = -ENOENT;
	if (records < 0 && records != -ENOENT)
		return err_num(c->err, records, "open %s", l->records);
	if (records >= 0) {
		b.dir = openat(records, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (b.dir < 0 && errno != ENOENT)
			return err_sys(c->err, "open the record of container %s", id);
	}
	if (b.dir >= 0) {
		b.rec_r = record_read(b.dir, &b.rec, NULL);
		box_read_exit(&b);
	} else {
		r = l->kind->ids ? l->kind->state(l, id, &s, c) : -ENOENT;
		if (r == -ENOENT)
			return no_such(id, c->err);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	*ret = b;
	b = (struct box)BOX_INIT;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int local_ids(struct local *l, struct strv *ret, struct call *c)
{
	clean_fd int records = local_records(l);
	size_t n = 0;
	DIR *d;
	int r = 0;

	if (records < 0 && records != -ENOENT)
		return err_num(c->err, records, "open %s", l->records);
	d = records >= 0 ? fdopendir(records) : NULL;
	if (d) {
		records = -1;
		for (struct dirent *e; (e = readdir(d));)
			if (str_is_id(e->d_name))
				strv_add(ret, e->d_name);
		closedir(d);
	}
	if (l->kind->ids)
		r = l->kind->ids(l, ret, c);
	if (r < 0)
		return r;
	if (ret->failed)
		return err_set(c->err, ENOMEM, "out of memory");
	if (!ret->n)
		return 0;
	qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	for (size_t i = 1; i < ret->n; i++) {
		if (str_eq(ret->v[n], ret->v[i]))
			free(ret->v[i]);
		else
			ret->v[++n] = ret->v[i];
	}
	ret->n = n + 1;
	ret->v[ret->n] = NULL;
	return 0;
}

int local_find(struct local *l, const char *id, struct box *ret, struct call *c)
{
	clean_strv struct strv ids = { 0 };
	const char *match = NULL;
	int r;

	r = box_open(l, id, ret, c);
	if (r != -ENOENT)
		return r;
	r = local_ids(l, &ids, c);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		if (!str_after(ids.v[i], id))
			continue;
		if (match)
			return err_set(c->err, ENOTUNIQ, "%s is the beginning of %s and %s", id,
				       match, ids.v[i]);
		match = ids.v[i];
	}
	return match ? box_open(l, match, ret, c) : no_such(id, c->err);
}

/* ---- state ---- */

int box_living(const struct box *b, const char *mark, pid_t *ret_pid)
{
	clean_fd int fd = b->dir < 0 ? -ENOENT : mark_pidfd(b->dir, mark, ret_pid);

	if (fd < 0)
		return fd;
	return pidfd_ended(fd, 0) == 0 ? TAKE_FD(fd) : -ESRCH;
}

int box_monitor(const struct box *b)
{
	return box_living(b, MARK_MONITOR, NULL);
}

/*
 * Waits, at most ENDING_MS, until the monitor has ended. 0, also when there is
 * none; -EBUSY it goes on.
 */
static int await_monitor(const struct box *b, struct call *c)
{
	clean_fd int fd = box_monitor(b);
	struct pollfd p = { fd, POLLIN, 0 };
	int r;

	if (fd < 0)
		return 0;
	r = call_poll(c, &p, 1, ENDING_MS);
	if (r == 0)
		return err_set(c->err, EBUSY, "the monitor of container %s does not end", b->id);
	return r < 0 ? r : 0;
}

/* The runtime knows no such container (any more). */
static int status_without_runtime(const struct box *b)
{
	clean_fd int monitor = box_monitor(b);
	struct stat st;

	if (monitor >= 0)
		return GANTRY_STATE_CREATING;
	/* Did it ever come to be? Then it ended unseen, with the host's last boot for example. */
	return fstatat(b->dir, MARK_INIT, &st, AT_SYMLINK_NOFOLLOW) == 0 ? GANTRY_STATE_STOPPED :
									   GANTRY_STATE_DEAD;
}

int local_status(struct local *l, struct box *b, struct local_state *ret, struct call *c)
{
	int r;

	if (b->exit_r == 0) {
		ret->status = GANTRY_STATE_STOPPED;
		return ret->status;
	}
	r = l->kind->state(l, b->id, ret, c);
	if (r == -ENOENT && b->dir >= 0)
		ret->status = status_without_runtime(b);
	else if (r < 0)
		return r;
	if (ret->status != GANTRY_STATE_STOPPED || b->dir < 0)
		return ret->status;
	r = await_monitor(b, c);
	if (r == -ETIMEDOUT || r == -ECANCELED)
		return r;
	box_read_exit(b);
	return ret->status;
}

/* ---- delete ---- */

/* What a runtime with a damaged record leaves behind: our own mark still names init. */
static void kill_marked(const struct box *b)
{
	clean_fd int init = box_living(b, MARK_INIT, NULL);

	if (init < 0)
		return;
	(void)pidfd_signal(init, SIGKILL);
	(void)pidfd_ended(init, ENDING_MS);
}

static int runtime_delete_it(struct local *l, const struct box *b, bool force, struct call *c)
{
	const char *const args[] = { force ? "--force" : b->id, force ? b->id : NULL, NULL };
	int r = foreign_call(&l->run, "delete", args, NULL, c);

	return r == -ENOENT ? 0 : r;
}

/* The monitor writes into the record until it ends, so it goes first. */
static int end_monitor(const struct box *b, bool force, struct call *c)
{
	clean_fd int monitor = -1;
	int r = await_monitor(b, c);

	if (r != -EBUSY || !force)
		return r;
	monitor = box_monitor(b);
	if (monitor >= 0) {
		(void)pidfd_signal(monitor, SIGKILL);
		(void)pidfd_ended(monitor, ENDING_MS);
	}
	return 0;
}

/*
 * A monitor that no mark names any more may write its last file while we remove:
 * then the directory is not empty when its turn comes, but it is the next time.
 */
int local_remove_record(struct local *l, const char *id, struct call *c)
{
	clean_fd int records = local_records(l);
	int r = records < 0 ? records : fd_rmtree(records, id);

	for (int i = 0; r == -ENOTEMPTY && i < REMOVALS; i++)
		r = fd_rmtree(records, id);
	return r < 0 && r != -ENOENT ? err_num(c->err, r, "remove the record of container %s", id)
				     : 0;
}

int local_destroy(struct local *l, struct box *b, bool force, struct call *c)
{
	int r = runtime_delete_it(l, b, force, c);

	if (force) {
		kill_marked(b);
		if (r < 0) /* again, now that nothing of it runs */
			r = runtime_delete_it(l, b, true, c);
	}
	if (r == 0)
		r = end_monitor(b, force, c);
	return r < 0 ? r : local_remove_record(l, b->id, c);
}
