/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that time an engine's containers. */
#pragma once
#include "bench/row.h"

/* What every driver of a bench shares. */
struct driver_setup {
	const struct plan *plan;
	struct gantry_engine_options how; /* .owner is the bench's own */
	const char *tag;                  /* unique among benches: in every container's name */
};

/* A driver's row in the making: what its workers need. */
struct driver {
	const struct driver_setup *setup;
	const struct plan_driver *driver;
	unsigned number;                  /* among the plan's drivers */
	struct gantry_create what;        /* points into the plan; the name is per container */
};

extern const struct row_kind driver_kind;

/* Which steps a row of this plan has. */
void driver_steps(const struct plan *plan, struct row *row);
/*
 * Opens the driver's engine once to ask what it is, fills the row's strings
 * and d->what, and closes it. 0, or what gantry_engine_open() returns.
 */
int driver_ask(struct driver *d, struct row *row, const struct session *s, struct gantry_err *err);
/* Prepares, runs, stops and removes one container. */
int driver_try(struct driver *d, const struct session *s, struct gantry_err *err);
/*
 * Removes every container of this bench from the driver's engine; takes at
 * most 30 s. `cut`: calls were cut short, the engine may still be at work on
 * them. Returns how many were removed, or -errno.
 */
int driver_clean(const struct driver *d, bool cut, struct gantry_err *err);
