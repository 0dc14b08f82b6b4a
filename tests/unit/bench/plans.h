/* SPDX-License-Identifier: Apache-2.0 */
/* Plans in memory, run, and looked at. */
#pragma once
#include <check.h>
#include <errno.h>
#include <gantry/bench.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define clean_bench __attribute__((cleanup(gantry_bench_freep)))
#define clean_report __attribute__((cleanup(gantry_bench_report_freep)))

static inline struct gantry_bench_options options_of(const char *text)
{
	struct gantry_bench_options o = GANTRY_BENCH_OPTIONS_INIT;

	o.file = "p.yaml";
	o.text = text;
	o.text_len = strlen(text);
	o.flags = GANTRY_BENCH_SKIP_LIMIT;
	return o;
}

static inline struct gantry_bench *bench_of(const char *text)
{
	struct gantry_bench_options o = options_of(text);
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b = NULL;

	ck_assert_msg(gantry_bench_new(&o, &b, &op) == 0, "%s", op.err.msg);
	return b;
}

static inline struct gantry_bench_report *report_of(const struct gantry_bench *b)
{
	struct gantry_bench_report *r = NULL;

	ck_assert_int_eq(gantry_bench_report(b, &r, NULL), 0);
	return r;
}

/* Runs a plan that has to succeed, to its report. */
static inline struct gantry_bench_report *run_text(const char *text)
{
	clean_bench struct gantry_bench *b = bench_of(text);
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_msg(gantry_bench_run(b, &op) == 0, "%s", op.err.msg);
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_COMPLETED);
	return report_of(b);
}

static inline const struct gantry_bench_step *step_of(const struct gantry_bench_row *row,
						      const char *name)
{
	for (size_t i = 0; i < row->n_steps; i++)
		if (strcmp(row->steps[i]->name, name) == 0)
			return row->steps[i];
	ck_abort_msg("no step %s", name);
	return NULL;
}
