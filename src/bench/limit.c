/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limit: as many short programs as this host can start, by the same call that
 * starts an OCI runtime; its rate bounds that of every engine. Beside the clock
 * each iteration also lets the null engine run, stop and delete: gantry's own cost.
 */
#include "bench/limit.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "kernel/spawn.h"

void limit_steps(struct row *row)
{
	row->steps[row->n_steps++] = STEP_SPAWN;
	row->steps[row->n_steps++] = STEP_NULL;
	row->per_iteration = 2;
}

int limit_find(char **ret, struct gantry_err *err)
{
	int r = spawn_which("true", ret);

	return r < 0 ? err_num(err, r, "Limit starts the program true, which cannot be found") : 0;
}

static int limit_open(struct worker *w)
{
	struct gantry_op op = session_op(w->session);
	struct gantry_engine *e = NULL;
	int r = gantry_engine_open("null", NULL, &e, &op);

	if (r < 0) {
		w->err = op.err;
		return r;
	}
	w->state = e;
	return 0;
}

static void limit_close(struct worker *w)
{
	gantry_engine_close(w->state);
	w->state = NULL;
}

static int spawn_true(const char *path, struct call *c)
{
	const char *const argv[] = { "true", NULL };
	clean_child struct child child = CHILD_INIT;
	struct spawn s = SPAWN_INIT;
	int r;

	s.path = path;
	s.argv = argv;
	r = spawn_start(&s, &child, c);
	if (r < 0)
		return r;
	r = spawn_wait(&child, c);
	if (r > 0)
		return err_set(c->err, EIO, "true ended with %d", r);
	return r;
}

static int null_cycle(struct gantry_engine *e, const char *name, struct gantry_op *op)
{
	struct gantry_create what = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_stop stop = GANTRY_STOP_INIT;
	char id[GANTRY_ID_SIZE] = "";
	int r;

	what.name = name;
	what.image = "none";
	how.flags = GANTRY_RUN_DETACH;
	stop.grace_us = 0;
	r = gantry_container_run(e, &what, &how, id, NULL, op);
	if (r >= 0)
		r = gantry_container_stop(e, id, &stop, op);
	if (r >= 0)
		r = gantry_container_delete(e, id, GANTRY_DELETE_FORCE, op);
	return r;
}

static int limit_iterate(struct worker *w, uint64_t i, bool warm)
{
	struct record r = { .iteration = (uint32_t)i, .step = STEP_SPAWN, .position = 1 };
	struct gantry_op op = session_op(w->session);
	uint64_t t0 = clock_mono(), t1;
	struct call c;
	char name[48];
	int code, null;

	code = call_begin(&c, &op, NULL);
	if (code >= 0)
		code = spawn_true(w->row->arg, &c);
	t1 = clock_mono();
	if (code < 0 && session_over(w->session, code))
		return -ECANCELED;
	if (!warm)
		worker_sample(w, r, t0, t1, code < 0 ? c.err : NULL);

	snprintf(name, sizeof(name), "limit-%u-%llu", w->no, (unsigned long long)i);
	t0 = clock_mono();
	null = null_cycle(w->state, name, &op);
	t1 = clock_mono();
	w->outside_ns += t1 - t0;
	r.step = STEP_NULL;
	r.position = 2;
	if (!warm) {
		worker_sample(w, r, t0, t1, null < 0 ? &op.err : NULL);
		*(code < 0 || null < 0 ? &w->failed : &w->completed) += 1;
	}
	return 0;
}

const struct row_kind limit_kind = { limit_open, limit_iterate, limit_close };
