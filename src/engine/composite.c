/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composites over the engine table. What bites: a step that undoes must run
 * even when the caller's deadline is over or the call was cancelled, so it has
 * a deadline of its own; and between two looks at a container anything may
 * happen to it, so "it is gone" and "it has stopped" are successes wherever
 * they are what was wanted.
 */
#include "engine/composite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#define SECOND 1000000000ull

enum {
	UNDO_S = 10,    /* to take back what a cut-short call has made */
	KILL_S = 120,   /* from SIGKILL until we say that it survived; CRI-O's time */
	PASSES = 3,     /* of clean */
	PAUSE_US = 50000 /* between passes */
};

/* ---- run ---- */

/* Removes what a failed run has made; keeps the words of the failure `r` and returns it. */
static int undo(struct gantry_engine *e, const char *id, int r, struct call *c)
{
	struct call u;
	int d;

	if (!e->ops->del || call_begin(&u, NULL, c->logger) < 0)
		return r;
	u.deadline_ns = clock_mono() + UNDO_S * SECOND;
	u.step = "remove what could not be started";
	d = composite_delete(e, id, GANTRY_DELETE_FORCE, &u);
	if (d < 0 && d != -ENOENT)
		call_log(c, GANTRY_LOG_WARN, "container %s is left behind: %s", id, u.err->msg);
	(void)call_end(&u, NULL, d);
	return r;
}

static int launch(struct gantry_engine *e, const struct gantry_create *what,
		  char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	int r;

	if (e->ops->launch)
		return e->ops->launch(e, what, ret_id, c);
	if (!e->ops->create || !e->ops->start)
		return err_set(c->err, ENOTSUP, "%s cannot run detached", e->ops->kind);
	c->step = "create";
	r = e->ops->create(e, what, ret_id, c);
	if (r < 0)
		return r;
	c->step = "start";
	r = e->ops->start(e, ret_id, c);
	return r < 0 ? undo(e, ret_id, r, c) : 0;
}

/*
 * In the foreground on an engine without a run of its own: with nothing
 * connected that is launch and wait. Removal is ours then, after the wait: if
 * the engine removed the container by itself its exit code could go with it.
 */
static int launch_and_wait(struct gantry_engine *e, const struct gantry_create *what,
			   const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
			   struct gantry_exit *ret, struct call *c)
{
	struct gantry_create w = *what;
	int r;

	if (how->stdin_fd >= 0 || how->stdout_fd >= 0 || how->stderr_fd >= 0 || how->signal_fd >= 0)
		return err_set(c->err, ENOTSUP, "%s cannot connect streams or pass signals",
			       e->ops->kind);
	if (!e->ops->wait)
		return err_set(c->err, ENOTSUP, "%s cannot wait", e->ops->kind);
	w.flags &= ~(unsigned)GANTRY_CREATE_AUTO_REMOVE;
	r = launch(e, &w, ret_id, c);
	c->step = "wait";
	if (r == 0)
		r = e->ops->wait(e, ret_id, ret, c);
	if (r == 0 && what->flags & GANTRY_CREATE_AUTO_REMOVE)
		r = composite_delete(e, ret_id, 0, c);
	return r;
}

int composite_run(struct gantry_engine *e, const struct gantry_create *what,
		  const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
		  struct gantry_exit *ret, struct call *c)
{
	if (how->flags & GANTRY_RUN_DETACH)
		return launch(e, what, ret_id, c);
	if (e->ops->run)
		return e->ops->run(e, what, how, ret_id, ret, c);
	return launch_and_wait(e, what, how, ret_id, ret, c);
}

/* ---- stop ---- */

/* Waits, but not beyond `until` (monotonic). -ETIME, without words, when that came first. */
static int wait_until(struct gantry_engine *e, const char *id, uint64_t until, struct call *c)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	uint64_t deadline = c->deadline_ns;
	int r;

	if (until < deadline)
		c->deadline_ns = until;
	r = e->ops->wait(e, id, &x, c);
	c->deadline_ns = deadline;
	if (r == -ENOENT)
		return 0; /* it removed itself on exit */
	return r == -ETIMEDOUT && until < deadline ? -ETIME : r;
}

/* Sends a signal; that it has exited meanwhile is no failure. */
static int signal_it(struct gantry_engine *e, const char *id, int sig, struct call *c)
{
	int r = e->ops->kill(e, id, sig, 0, c);

	return r == -EBUSY || r == -ENOENT ? 0 : r;
}

/* For a container that runs. */
static int stop_running(struct gantry_engine *e, const char *id, const struct gantry_stop *how,
			struct call *c)
{
	uint64_t now = clock_mono();
	uint64_t grace = how->grace_us > UINT64_MAX / 4000 ? UINT64_MAX / 4 : how->grace_us * 1000;
	int r;

	if (grace) {
		c->step = "stop: signal";
		r = signal_it(e, id, how->signal, c);
		c->step = "stop: wait for it to end by itself";
		if (r == 0)
			r = wait_until(e, id, now + grace, c);
		if (r != -ETIME)
			return r;
	}
	c->step = "stop: kill";
	r = signal_it(e, id, SIGKILL, c);
	c->step = "stop: wait for its end after SIGKILL";
	if (r == 0)
		r = wait_until(e, id, clock_mono() + KILL_S * SECOND, c);
	if (r == -ETIME)
		return err_set(c->err, EBUSY, "container %s survived SIGKILL for %d s", id, KILL_S);
	return r;
}

static int resume_for(struct gantry_engine *e, const char *id, struct call *c)
{
	int r;

	if (!e->ops->resume)
		return err_set(c->err, ENOTSUP, "container %s is paused and %s cannot resume", id,
			       e->ops->kind);
	c->step = "stop: resume";
	r = e->ops->resume(e, id, c);
	return r == -EBUSY ? 0 : r; /* somebody else has resumed it */
}

int composite_stop(struct gantry_engine *e, const char *id, const struct gantry_stop *how,
		   struct call *c)
{
	__attribute__((cleanup(gantry_container_freep))) struct gantry_container *k = NULL;
	struct gantry_stop h = *how;
	int r = e->ops->get(e, id, &k, c);

	if (r < 0)
		return r;
	if (!h.signal)
		h.signal = k->stop_signal ? k->stop_signal : SIGTERM;
	switch (k->state) {
	case GANTRY_STATE_CREATED: /* was never started: nothing runs that could be stopped */
	case GANTRY_STATE_STOPPED:
	case GANTRY_STATE_DEAD:
		return 0;
	case GANTRY_STATE_CREATING:
		return err_set(c->err, EBUSY, "container %s is just being created", k->id);
	case GANTRY_STATE_PAUSED:
		r = resume_for(e, k->id, c);
		break;
	default:
		break;
	}
	return r < 0 ? r : stop_running(e, k->id, &h, c);
}

/* ---- delete, clean ---- */

int composite_delete(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
{
	const struct gantry_stop now = { sizeof(now), 0, 0, 0 };
	int r = e->ops->del(e, id, flags, c);

	/* An engine that has no force of its own. */
	if (r != -ENOTSUP || !(flags & GANTRY_DELETE_FORCE) || !e->ops->get || !e->ops->kill ||
	    !e->ops->wait)
		return r;
	r = composite_stop(e, id, &now, c);
	return r < 0 ? r : e->ops->del(e, id, 0, c);
}

struct cleaning {
	int removed, left;
	struct gantry_err why; /* of one that is left */
};

static bool is_ours(const struct gantry_engine *e, const struct gantry_container *k)
{
	return *k->owner && str_eq(k->owner, e->owner);
}

/* Goes over all of ours once. -errno only where going on makes no sense. */
static int clean_pass(struct gantry_engine *e, struct cleaning *now, struct call *c)
{
	__attribute__((cleanup(gantry_container_list_freep))) struct gantry_container **list = NULL;
	int r = e->ops->list(e, true, &list, c);

	now->left = 0;
	for (struct gantry_container **k = list; r >= 0 && *k; k++) {
		if (!is_ours(e, *k))
			continue;
		r = composite_delete(e, (*k)->id, GANTRY_DELETE_FORCE, c);
		if (r == 0)
			now->removed++;
		if (r == -ETIMEDOUT || r == -ECANCELED)
			return r;
		if (r < 0 && r != -ENOENT) {
			now->left++;
			now->why = *c->err;
			snprintf(now->why.msg, sizeof(now->why.msg), "%.*s: %.100s", 128, (*k)->id,
				 c->err->msg);
		}
		r = 0;
	}
	return r < 0 ? r : 0;
}

int composite_clean(struct gantry_engine *e, struct call *c)
{
	struct cleaning now = { 0 };
	int r = 0;

	for (int pass = 0; pass < PASSES; pass++) {
		c->step = "clean";
		r = clean_pass(e, &now, c);
		if (r < 0 || !now.left)
			break;
		if (pass + 1 < PASSES)
			r = call_sleep(c, PAUSE_US);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	if (now.left)
		return err_set(c->err, EBUSY, "%d could not be removed, one is %s", now.left,
			       now.why.msg);
	return now.removed;
}
