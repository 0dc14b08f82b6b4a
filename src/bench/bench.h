/* SPDX-License-Identifier: Apache-2.0 */
/* The bench object from within: what gantry_bench_report() reads. */
#pragma once
#include <gantry/bench.h>

#include "bench/driver.h"
#include "bench/plan.h"
#include "bench/row.h"

struct gantry_bench {
	struct plan plan;
	char *file;               /* as the caller named it */
	char *root, *run, *oci;   /* copies that setup.how points to */
	char owner[32], tag[16];
	struct driver_setup setup;
	void (*log)(const struct gantry_log *rec, void *arg); /* the caller's */
	void *log_arg;
	void *log_lock;           /* a pthread_mutex_t: workers log one at a time */
	void (*progress)(const struct gantry_bench_progress *p, void *arg);
	void *progress_arg;
	unsigned flags;

	struct driver *drivers;   /* one per driver of the plan */
	struct row *rows;
	size_t n_rows;
	char *limit_program;
	struct session session;
	int state;                /* enum gantry_bench_state */
	uint64_t started_ns, elapsed_ns, cleaned;
	double load[3], end_load[3];
};
