/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a benchmark: a number of threads that all do the same thing a
 * number of times. What they do is a row_kind; here are the threads, the clock
 * and the samples.
 */
#pragma once
#include <gantry/container.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/call.h"
#include "bench/plan.h"

/* What a sample is of: a command of the plan, or one of these. */
enum row_step { STEP_PREPARE = COMMANDS, STEP_SPAWN, STEP_NULL, STEPS };
const char *row_step_name(unsigned step);

/* A sample as it is kept: 40 bytes, since there may be millions. */
struct record {
	uint64_t start_ns;  /* since the row's clock started */
	uint64_t took_ns;
	const char *words;  /* of the error; NULL: it succeeded */
	uint32_t iteration;
	int32_t error;      /* positive errno */
	uint8_t step, position;
};

/* What all rows of a run share. */
struct session {
	atomic_bool stop;     /* workers end after the iteration they are in */
	int cancel_fd;        /* -1: none */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; UINT64_MAX: none */
};
/* A call's options within the session: what time is left, how it is cancelled. */
struct gantry_op session_op(const struct session *s);
/* Whether a call that failed with r did so because the session is over. */
bool session_over(const struct session *s, int r);

struct row;

struct worker {
	struct row *row;
	const struct session *session;
	void *state;           /* of the row's kind: its engine */
	struct record *records;
	size_t n, size;
	unsigned no;
	atomic_ullong done;    /* iterations, for the progress report */
	uint64_t completed, failed;
	bool cut;              /* short, by the session's end */
	uint64_t outside_ns;   /* preparing and gaps, since the clock started */
	uint64_t elapsed_ns;   /* at the end of the last iteration, without outside_ns */
	struct gantry_err err; /* why it could not work at all; code 0: it did */
	struct worker_words *words;
};

/* What the workers of a row do. */
struct row_kind {
	int (*open)(struct worker *w);  /* 0, or -errno with words in w->err */
	/* One iteration. 0; -ECANCELED: cut short, it does not count. `warm`: nothing is kept. */
	int (*iterate)(struct worker *w, uint64_t i, bool warm);
	void (*close)(struct worker *w);
};

struct row {
	const struct row_kind *kind;
	const void *arg;          /* of the kind */
	char *label;
	char *engine_kind, *engine, *version, *path; /* NULL until asked */
	const struct plan_driver *driver; /* NULL: Limit */
	uint8_t steps[STEPS];     /* what its samples are of, in the order of reports */
	size_t n_steps;
	size_t per_iteration;     /* samples, at most */
	uint32_t threads;
	uint64_t iterations, warmup, gap_us;
	struct worker *workers;   /* NULL until it ran */
	struct gantry_err err;    /* why it has no or fewer results; code 0: it has */
	bool started;
	uint64_t started_ns;      /* since the epoch */
	uint64_t clock_ns;        /* CLOCK_MONOTONIC of the same moment */
	uint64_t wall_ns;
	uint64_t user_ns, system_ns, child_user_ns, child_system_ns;
};

/* Told how many iterations are done. */
struct row_watch {
	void (*done)(uint64_t done, void *arg); /* may be NULL */
	void *arg;
};

/*
 * Runs the row's threads to their end. Returns 0 (some threads may have failed:
 * row->err names one); -ETIMEDOUT, -ECANCELED cut short; -ENOMEM, -EAGAIN no
 * memory or no threads. Words in c->err and, but when cut short, in row->err.
 */
int row_run(struct row *row, struct session *s, const struct row_watch *watch, struct call *c);
void row_done(struct row *row);

/*
 * Keeps a sample: `r` says what it is of, t0 and t1 (CLOCK_MONOTONIC) when it
 * was, and `err` why it failed; NULL: it succeeded.
 */
void worker_sample(struct worker *w, struct record r, uint64_t t0, uint64_t t1,
		   const struct gantry_err *err);
