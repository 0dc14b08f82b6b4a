/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of a plan, done to containers through the public API. Each
 * worker has an engine handle of its own. A command that fails is counted and
 * its time left out; what the engine cannot is told apart from what failed.
 *
 * What bites: a stop without grace is the same work on every engine, where
 * bucketbench timed docker's ten seconds against runc's SIGKILL; a delete is
 * forced, as bucketbench's API drivers do, because plans delete what just ran.
 */
#include "bench/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"

enum {
	NAME = 128,
	CLEAN_US = 30000000,
	LATE_US = 300000, /* how long an engine may still be at work on a call that was cut short */
	LATE_ROUNDS = 3
};
#define clean_engine __attribute__((cleanup(gantry_engine_closep)))
#define clean_info __attribute__((cleanup(gantry_info_freep)))

/* A container in one iteration. */
struct subject {
	struct gantry_engine *e;
	struct gantry_create what;
	char name[NAME];
	char id[GANTRY_ID_SIZE];
	bool detached, there;
};

static int do_run(struct subject *s, struct gantry_op *op)
{
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit end = GANTRY_EXIT_INIT;

	if (s->detached)
		how.flags = GANTRY_RUN_DETACH;
	s->there = true; /* until deleted: also a run that failed half way may have left it */
	return gantry_container_run(s->e, &s->what, &how, s->id, &end, op);
}

static const char *id_of(const struct subject *s)
{
	return *s->id ? s->id : s->name;
}

static int do_pause(struct subject *s, struct gantry_op *op)
{
	return gantry_container_pause(s->e, id_of(s), op);
}

static int do_resume(struct subject *s, struct gantry_op *op)
{
	return gantry_container_resume(s->e, id_of(s), op);
}

static int do_stop(struct subject *s, struct gantry_op *op)
{
	struct gantry_stop how = GANTRY_STOP_INIT;

	how.grace_us = 0;
	return gantry_container_stop(s->e, id_of(s), &how, op);
}

static int do_delete(struct subject *s, struct gantry_op *op)
{
	int r = gantry_container_delete(s->e, id_of(s), GANTRY_DELETE_FORCE, op);

	if (r >= 0)
		s->there = false;
	return r;
}

static int do_wait(struct subject *s, struct gantry_op *op)
{
	struct gantry_exit end = GANTRY_EXIT_INIT;

	return gantry_container_wait(s->e, id_of(s), &end, op);
}

static int do_metrics(struct subject *s, struct gantry_op *op)
{
	return err_set(&op->err, ENOTSUP, "metrics of %s are not supported yet",
		       gantry_engine_kind(s->e));
}

static int (*const commands[COMMANDS])(struct subject *s, struct gantry_op *op) = {
	[COMMAND_RUN] = do_run,
	[COMMAND_PAUSE] = do_pause,
	[COMMAND_RESUME] = do_resume,
	[COMMAND_STOP] = do_stop,
	[COMMAND_DELETE] = do_delete,
	[COMMAND_WAIT] = do_wait,
	[COMMAND_METRICS] = do_metrics,
};

/* What the engine runs: an image, a bundle, or a root directory with the plan's command. */
static void choose(const struct plan *plan, const char *kind, struct gantry_create *what)
{
	bool rootfs = plan->rootfs && strcmp(kind, "docker") != 0;

	*what = (struct gantry_create)GANTRY_CREATE_INIT;
	if (rootfs && plan->bundle)
		what->bundle = plan->rootfs;
	else if (rootfs)
		what->rootfs = plan->rootfs;
	else
		what->image = plan->image ? plan->image : "none";
	if (!what->bundle && plan->args.n)
		what->args = (const char *const *)plan->args.v;
}

static int open_engine(const struct driver *d, struct gantry_engine **ret, struct gantry_op *op)
{
	return gantry_engine_open(d->driver->address, &d->setup->how, ret, op);
}

void driver_steps(const struct plan *plan, struct row *row)
{
	row->per_iteration = plan->n_commands + 1;
	row->steps[row->n_steps++] = STEP_PREPARE;
	for (size_t i = 0; i < plan->n_commands; i++)
		if (!memchr(row->steps, (int)plan->commands[i], row->n_steps))
			row->steps[row->n_steps++] = (uint8_t)plan->commands[i];
}

int driver_ask(struct driver *d, struct row *row, const struct session *s, struct gantry_err *err)
{
	clean_engine struct gantry_engine *e = NULL;
	clean_info struct gantry_info *info = NULL;
	struct gantry_op op = session_op(s);
	int r = open_engine(d, &e, &op);

	if (r >= 0) {
		op.timeout_us = session_op(s).timeout_us;
		r = gantry_engine_info(e, &info, &op);
	}
	if (r < 0) {
		*err = op.err;
		return r;
	}
	choose(d->setup->plan, gantry_engine_kind(e), &d->what);
	if (!row)
		return 0;
	row->engine_kind = strdup(gantry_engine_kind(e));
	row->engine = strdup(info->line);
	row->version = strdup(info->version);
	row->path = strdup(gantry_engine_path(e));
	if (!row->engine_kind || !row->engine || !row->version || !row->path)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int driver_open(struct worker *w)
{
	struct gantry_op op = session_op(w->session);
	struct gantry_engine *e = NULL;
	int r = open_engine(w->row->arg, &e, &op);

	if (r < 0) {
		if (!session_over(w->session, r))
			w->err = op.err;
		return r;
	}
	w->state = e;
	return 0;
}

static void driver_close(struct worker *w)
{
	gantry_engine_close(w->state);
	w->state = NULL;
}

/* One step, timed. 0: it went well or is not available; 1: it failed; -ECANCELED: cut short. */
static int timed(struct worker *w, struct subject *s, struct record r, bool warm)
{
	struct gantry_op op = session_op(w->session);
	uint64_t t0 = clock_mono(), t1;
	int code;

	code = r.step == STEP_PREPARE ? gantry_container_prepare(s->e, &s->what, &op)
				      : commands[r.step](s, &op);
	t1 = clock_mono();
	if (code < 0 && session_over(w->session, code))
		return -ECANCELED;
	if (!warm)
		worker_sample(w, r, t0, t1, code < 0 ? &op.err : NULL);
	if (r.step == STEP_PREPARE)
		w->outside_ns += t1 - t0;
	return code < 0 && code != -ENOTSUP;
}

static void name_container(struct subject *s, const struct worker *w, uint64_t i, bool warm)
{
	const struct driver *d = w->row->arg;

	snprintf(s->name, sizeof(s->name), "bb-ctr-%u-%s%llu-%s-%u", w->no, warm ? "w" : "",
		 (unsigned long long)i, d->setup->tag, d->number);
	s->what.name = s->name;
}

static int driver_iterate(struct worker *w, uint64_t i, bool warm)
{
	const struct driver *d = w->row->arg;
	const struct plan *plan = d->setup->plan;
	struct subject s = { .e = w->state, .what = d->what, .detached = plan->detached };
	struct record r = { .iteration = (uint32_t)i, .step = STEP_PREPARE };
	int failed, one;
	size_t n;

	name_container(&s, w, i, warm);
	failed = timed(w, &s, r, warm);
	if (failed < 0)
		return failed;
	n = failed ? 0 : plan->n_commands; /* nothing can run where nothing is prepared */
	for (size_t k = 0; k < n; k++) {
		r.step = (uint8_t)plan->commands[k];
		r.position = (uint8_t)(k + 1);
		one = timed(w, &s, r, warm);
		if (one < 0)
			return one;
		failed |= one;
	}
	if (warm && s.there) { /* what is warmed up with must not weigh on what is measured */
		struct gantry_op op = session_op(w->session);

		(void)gantry_container_delete(s.e, id_of(&s), GANTRY_DELETE_FORCE, &op);
	}
	if (!warm)
		*(failed ? &w->failed : &w->completed) += 1;
	return 0;
}

const struct row_kind driver_kind = { driver_open, driver_iterate, driver_close };

/* Prepare, run, stop, delete: the first that fails is named. */
static int try_steps(struct subject *s, const struct session *session, struct gantry_err *err)
{
	static const uint8_t order[] = { STEP_PREPARE, COMMAND_RUN, COMMAND_STOP, COMMAND_DELETE };

	for (size_t i = 0; i < sizeof(order); i++) {
		struct gantry_op op = session_op(session);
		int r = order[i] == STEP_PREPARE ? gantry_container_prepare(s->e, &s->what, &op)
						 : commands[order[i]](s, &op);

		if (r < 0) {
			*err = op.err;
			return err_in(err, r, "%s", row_step_name(order[i]));
		}
	}
	return 0;
}

int driver_try(struct driver *d, const struct session *session, struct gantry_err *err)
{
	clean_engine struct gantry_engine *e = NULL;
	struct subject s = { .detached = true };
	struct gantry_op op;
	int r = driver_ask(d, NULL, session, err);

	if (r < 0)
		return r;
	op = session_op(session);
	r = open_engine(d, &e, &op);
	if (r < 0) {
		*err = op.err;
		return r;
	}
	s.e = e;
	s.what = d->what;
	snprintf(s.name, sizeof(s.name), "bb-test-%s-%u", d->setup->tag, d->number);
	s.what.name = s.name;
	r = try_steps(&s, session, err);
	if (s.there)
		(void)driver_clean(d, session_over(session, r), NULL);
	return r;
}

int driver_clean(const struct driver *d, bool cut, struct gantry_err *err)
{
	clean_engine struct gantry_engine *e = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct call late;
	int removed = 0, r;

	op.timeout_us = CLEAN_US;
	r = open_engine(d, &e, &op);
	if (r >= 0)
		r = gantry_engine_clean(e, &op);
	for (int i = 0; cut && r >= 0 && i < LATE_ROUNDS; i++) {
		removed += r;
		if (call_begin(&late, NULL, NULL) >= 0)
			(void)call_sleep(&late, LATE_US);
		r = gantry_engine_clean(e, &op);
	}
	if (r == -ENOTSUP) /* an engine that keeps none has none to remove */
		r = 0;
	if (r < 0 && err)
		*err = op.err;
	return r < 0 ? r : removed + r;
}
