/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the public API while it runs: gantry_op made absolute. Engines
 * and everything below take a `struct call *` that is never NULL, so a
 * composite can hand its own deadline to each of its steps and nobody tests
 * for a missing op.
 */
#pragma once
#include <gantry/base.h>
#include <poll.h>

/* Where log records go. */
struct logger {
	void (*log)(const struct gantry_log *rec, void *arg); /* NULL: nowhere */
	void *arg;
	const char *engine;
	int level;
};

struct call {
	struct gantry_err *err;      /* never NULL */
	const struct logger *logger; /* may be NULL */
	uint64_t start_ns;           /* CLOCK_MONOTONIC */
	uint64_t deadline_ns;        /* CLOCK_MONOTONIC; UINT64_MAX: none */
	int cancel_fd;               /* -1: none */
	const char *step;            /* what is being done; named when the call is cut short */
	struct gantry_err spare;     /* where words go that nobody asked for */
};

/* Begins a call; `op` may be NULL. Fails with -E2BIG, -EINVAL on an op of the wrong size. */
int call_begin(struct call *c, struct gantry_op *op, const struct logger *logger);
/* Ends it: stores the elapsed time in `op` (may be NULL) and returns r. */
int call_end(struct call *c, struct gantry_op *op, int r);

/*
 * Waits like poll(), but also for the deadline and the cancel fd. Returns the
 * number of ready fds (> 0); -ETIMEDOUT or -ECANCELED with words that name
 * c->step; -errno. EINTR is retried. `max_ms` bounds this one wait (-1: no
 * bound); when it runs out first the result is 0.
 */
int call_poll(struct call *c, struct pollfd *fds, unsigned n, int max_ms);
/* 0 while the call may go on, else -ETIMEDOUT or -ECANCELED with words. */
int call_check(struct call *c);
/* Sleeps `us`, or less when the call is cut short; returns as call_check(). */
int call_sleep(struct call *c, uint64_t us);
/* What is left, in ms rounded up, -1 for no limit, 0 when it is over. */
int call_left_ms(const struct call *c);

/* Sends a record to the log when its level is wanted; builds no text otherwise. */
void call_log(const struct call *c, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether records of `level` are wanted. */
int call_logs(const struct call *c, int level);
