/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tables that bucketbench prints, with what it left out: every driver
 * on a line of its own, microseconds, percentiles, "n/a" where there is no
 * number (never a 0), and which engine it was.
 */
#include "cmd/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/table.h"

#define THREADS_A_TABLE 10 /* columns of thread counts side by side; more begin a new table */
#define CELL 64
#define UNLIMITED (1u << 20) /* numbers are never cut off */

/* ---- SUMMARY TIMINGS/THREAD RATES ------------------------------------------------------------ */

/* The smallest thread count above `above`, or 0. */
static uint32_t next_threads(const struct gantry_bench_report *r, uint32_t above)
{
	uint32_t next = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		if (r->rows[i]->threads > above && (!next || r->rows[i]->threads < next))
			next = r->rows[i]->threads;
	return next;
}

/* Whether rows a and b are the same thing with other numbers of threads: one line of the table. */
static bool same_line(const struct gantry_bench_row *a, const struct gantry_bench_row *b)
{
	return strcmp(a->label, b->label) == 0 && strcmp(a->address, b->address) == 0 &&
	       a->iterations == b->iterations && a->threads != b->threads;
}

static void rate(char cell[CELL], const struct gantry_bench_row *row)
{
	if (isnan(row->rate))
		snprintf(cell, CELL, row->started ? "n/a" : "-");
	else
		snprintf(cell, CELL, "%.2f%s", row->rate,
			 row->failed || row->failed_threads ? "!" : "");
}

/* The line that begins at row `first`, for the thread counts of this table. */
static void rates(struct table *t, const struct gantry_bench_report *r, size_t first,
		  const uint32_t *threads, unsigned n)
{
	const struct gantry_bench_row *head = r->rows[first];
	char iterations[CELL], values[THREADS_A_TABLE][CELL] = { "" };
	const char *cells[TABLE_COLUMNS] = { head->label, iterations };

	snprintf(iterations, sizeof(iterations), "%llu", (unsigned long long)head->iterations);
	for (unsigned i = 0; i < n; i++) {
		cells[2 + i] = values[i];
		if (threads[i] == head->threads)
			rate(values[i], head);
		for (size_t k = first + 1; k < r->n_rows; k++)
			if (threads[i] == r->rows[k]->threads && same_line(head, r->rows[k]))
				rate(values[i], r->rows[k]);
	}
	table_row(t, cells);
}

/* Whether an earlier row has begun the line that row `i` is on. */
static bool begun(const struct gantry_bench_report *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_line(r->rows[k], r->rows[i]))
			return true;
	return false;
}

static void summary(struct str *out, const struct gantry_bench_report *r)
{
	char heads[THREADS_A_TABLE][24];
	uint32_t threads[THREADS_A_TABLE], at = 0;

	str_add(out, "SUMMARY TIMINGS/THREAD RATES (iterations a second)\n\n");
	while ((at = next_threads(r, at))) {
		struct table_column columns[TABLE_COLUMNS] = { { "", 0, false },
							       { "Iter/Thd", 0, true } };
		struct table t = { columns, 2, { 0 } };
		unsigned n = 0;

		for (;; at = next_threads(r, at)) {
			threads[n] = at;
			snprintf(heads[n], sizeof(heads[n]), "%u thrd%s", at, at == 1 ? "" : "s");
			columns[t.n++] = (struct table_column){ heads[n], 0, true };
			if (++n == THREADS_A_TABLE || !next_threads(r, at))
				break;
		}
		for (size_t i = 0; i < r->n_rows; i++)
			if (!begun(r, i))
				rates(&t, r, i, threads, n);
		table_put(&t, UNLIMITED, out);
		str_add(out, "\n");
		table_done(&t);
	}
}

/* ---- DETAILED COMMAND TIMINGS ---------------------------------------------------------------- */

/* Microseconds in the table's unit; "n/a" where there is no number. */
static void put_time(char cell[CELL], double us, bool ms)
{
	if (isnan(us))
		snprintf(cell, CELL, "n/a");
	else
		snprintf(cell, CELL, ms ? "%.3f" : "%.1f", ms ? us / 1000 : us);
}

static void step_row(struct table *t, const struct gantry_bench_step *s, bool ms)
{
	const double times[] = { s->min_us, s->max_us, s->mean_us, s->median_us,
				 s->p95_us, s->p99_us, s->stddev_us };
	char values[7][CELL], count[CELL], errors[CELL];
	const char *cells[TABLE_COLUMNS] = { s->name, count };

	snprintf(count, sizeof(count), "%llu", (unsigned long long)s->count);
	for (int i = 0; i < 7; i++) {
		put_time(values[i], times[i], ms);
		cells[2 + i] = values[i];
	}
	snprintf(errors, sizeof(errors), "%llu", (unsigned long long)s->errors);
	cells[9] = errors;
	table_row(t, cells);
}

/* What the numbers cannot say: the first error of each command, and what the engine cannot do. */
static void step_words(struct str *out, const struct gantry_bench_step *s)
{
	char safe[300];

	if (!s->errors && !s->unsupported)
		return;
	str_printable(safe, sizeof(safe), s->words);
	str_addf(out, "  %s: %s%s\n", s->name, s->errors ? "first error: " : "n/a: ", safe);
}

static void steps(struct str *out, const struct gantry_bench_row *row)
{
	struct table_column columns[] = {
		{ "[us]", 0, false }, { "count", 0, true }, { "min", 0, true }, { "max", 0, true },
		{ "avg", 0, true }, { "median", 0, true }, { "p95", 0, true }, { "p99", 0, true },
		{ "stddev", 0, true }, { "errors", 0, true },
	};
	struct table t = { columns, sizeof(columns) / sizeof(columns[0]), { 0 } };
	bool ms = false;

	for (size_t i = 0; i < row->n_steps; i++)
		ms = ms || row->steps[i]->max_us >= 10000; /* NaN is not */
	columns[0].head = ms ? "[ms]" : "[us]";
	for (size_t i = 0; i < row->n_steps; i++)
		step_row(&t, row->steps[i], ms);
	table_put(&t, UNLIMITED, out);
	table_done(&t);
	for (size_t i = 0; i < row->n_steps; i++)
		step_words(out, row->steps[i]);
}

static double millis(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* What was run, on what, and what it cost. */
static void about(struct str *out, const struct gantry_bench_row *row)
{
	char safe[300];

	str_addf(out, "%s, %u thread%s x %llu iterations: %llu completed, %llu failed\n",
		 row->label, row->threads, row->threads == 1 ? "" : "s",
		 (unsigned long long)row->iterations, (unsigned long long)row->completed,
		 (unsigned long long)row->failed);
	if (*row->engine) {
		str_printable(safe, sizeof(safe), row->engine);
		str_addf(out, "  engine: %s (%s): %s\n", row->address, row->kind, safe);
	}
	if (*row->words) {
		str_printable(safe, sizeof(safe), row->words);
		str_addf(out, "  %s\n", safe);
	}
	if (row->started)
		str_addf(out, "  %.1f ms; CPU: user %.1f ms, system %.1f ms; of programs it ran:"
			 " user %.1f ms, system %.1f ms\n",
			 millis(row->wall_ns), millis(row->user_ns), millis(row->system_ns),
			 millis(row->child_user_ns), millis(row->child_system_ns));
}

static void host(struct str *out, const struct gantry_bench_host *h)
{
	str_addf(out, "Host: %s, kernel %s, %s, %llu x %s, cgroup %s, load %.2f, gantry %s\n\n",
		 h->os, h->kernel, h->machine, (unsigned long long)h->cpus, h->cpu, h->cgroup,
		 h->load1, h->gantry);
}

void report_text(struct str *out, const struct gantry_bench_report *r)
{
	host(out, r->host);
	summary(out, r);
	str_add(out, "DETAILED COMMAND TIMINGS\n");
	for (size_t i = 0; i < r->n_rows; i++) {
		/* Limit is a yardstick: its rates are above, its times in the JSON */
		if (strcmp(r->rows[i]->kind, "limit") == 0 && !r->rows[i]->error)
			continue;
		str_add(out, "\n");
		about(out, r->rows[i]);
		if (r->rows[i]->started)
			steps(out, r->rows[i]);
	}
	if (r->state == GANTRY_BENCH_PARTIAL)
		str_add(out, "\nThis report is partial: the run was cut short.\n");
}
