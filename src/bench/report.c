/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bench has measured, as plain data for any printer. A report shares
 * nothing with its bench; it is made of blocks in a list, so that one function
 * frees it and nothing in between has to.
 */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bench/host.h"
#include "bench/stats.h"

#define ENDS_WITH(type, last) \
	_Static_assert(sizeof(struct type) == offsetof(struct type, last) + \
		       sizeof(((struct type *)0)->last), "padding at the end of struct " #type)
ENDS_WITH(gantry_bench_sample, reserved);
ENDS_WITH(gantry_bench_step, p99_us);
ENDS_WITH(gantry_bench_row, n_steps);
ENDS_WITH(gantry_bench_host, end_load15);
ENDS_WITH(gantry_bench_report, detached);

struct kept {
	struct kept *next;
	_Alignas(16) char bytes[];
};

struct report {
	struct gantry_bench_report public; /* first: the caller's pointer is this one */
	struct kept *kept;
	bool failed;
};

static void *keep(struct report *m, size_t n, size_t size)
{
	struct kept *k = NULL;
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes) && bytes < SIZE_MAX - sizeof(*k))
		k = calloc(1, sizeof(*k) + bytes);
	if (!k) {
		m->failed = true;
		return NULL;
	}
	k->next = m->kept;
	m->kept = k;
	return k->bytes;
}

static const char *text(struct report *m, const char *from)
{
	size_t len = from ? strlen(from) : 0;
	char *to = len ? keep(m, len + 1, 1) : NULL;

	return to ? memcpy(to, from, len) : "";
}

/* A NULL-terminated copy of n strings. */
static const char *const *texts(struct report *m, const char *const *from, size_t n)
{
	const char **to = keep(m, n + 1, sizeof(*to));

	for (size_t i = 0; to && i < n; i++)
		to[i] = text(m, from[i]);
	return to;
}

static void add_host(struct report *m, const struct gantry_bench *b)
{
	struct gantry_bench_host *to = keep(m, 1, sizeof(*to));
	struct host from;

	if (!to)
		return;
	host_read(&from);
	to->size = sizeof(*to);
	to->gantry = gantry_version();
	to->os = text(m, from.os);
	to->kernel = text(m, from.kernel);
	to->machine = text(m, from.machine);
	to->cpu = text(m, from.cpu);
	to->cgroup = from.cgroup;
	to->clock = text(m, from.clock);
	to->cpus = from.cpus;
	to->mem_bytes = from.mem_bytes;
	to->load1 = b->load[0];
	to->load5 = b->load[1];
	to->load15 = b->load[2];
	to->end_load1 = b->end_load[0];
	to->end_load5 = b->end_load[1];
	to->end_load15 = b->end_load[2];
	m->public.host = to;
}

static double us(double ns)
{
	return ns / 1000;
}

static uint64_t whole(double ns)
{
	return isnan(ns) ? 0 : (uint64_t)(ns + 0.5);
}

static void fill_step(struct gantry_bench_step *to, const struct stats *s)
{
	to->count = s->count;
	to->min_ns = s->min;
	to->max_ns = s->max;
	to->median_ns = whole(s->median);
	to->p95_ns = whole(s->p95);
	to->p99_ns = whole(s->p99);
	to->min_us = s->count ? us((double)s->min) : NAN;
	to->max_us = s->count ? us((double)s->max) : NAN;
	to->mean_us = us(s->mean);
	to->stddev_us = us(s->stddev);
	to->median_us = us(s->median);
	to->p95_us = us(s->p95);
	to->p99_us = us(s->p99);
}

static size_t samples_of(const struct row *row)
{
	size_t n = 0;

	for (uint32_t i = 0; row->workers && i < row->threads; i++)
		n += row->workers[i].n;
	return n;
}

/* One step of a row; `room` holds as many numbers as the row has samples. */
static const struct gantry_bench_step *add_step(struct report *m, const struct row *row,
						unsigned step, uint64_t *room)
{
	struct gantry_bench_step *to = keep(m, 1, sizeof(*to));
	const char *words = NULL;
	struct stats s;
	size_t n = 0;

	if (!to)
		return NULL;
	for (uint32_t t = 0; row->workers && t < row->threads; t++)
		for (size_t i = 0; i < row->workers[t].n; i++) {
			const struct record *r = &row->workers[t].records[i];

			if (r->step != step)
				continue;
			if (!r->error)
				room[n++] = r->took_ns;
			else if (r->error == ENOTSUP)
				to->unsupported++;
			else
				to->errors++;
			/* a failure says more than what is not available */
			if (r->error && (!words || (r->error != ENOTSUP && to->errors == 1)))
				words = r->words;
		}
	stats_of(room, n, &s);
	to->size = sizeof(*to);
	to->name = row_step_name(step);
	to->words = text(m, words);
	fill_step(to, &s);
	return to;
}

static void add_steps(struct report *m, struct gantry_bench_row *to, const struct row *row)
{
	const struct gantry_bench_step **steps = keep(m, row->n_steps + 1, sizeof(*steps));
	uint64_t *room = calloc(samples_of(row) + 1, sizeof(*room));

	if (!room)
		m->failed = true;
	for (size_t i = 0; steps && room && i < row->n_steps; i++)
		steps[i] = add_step(m, row, row->steps[i], room);
	to->steps = steps;
	to->n_steps = row->n_steps;
	free(room);
}

static void add_counts(struct gantry_bench_row *to, const struct row *row)
{
	for (uint32_t i = 0; row->workers && i < row->threads; i++) {
		const struct worker *w = &row->workers[i];

		to->completed += w->completed;
		to->failed += w->failed;
		to->failed_threads += w->err.code != 0;
		if (w->elapsed_ns > to->elapsed_ns)
			to->elapsed_ns = w->elapsed_ns;
	}
	to->rate = to->completed && to->elapsed_ns
		? (double)to->completed * 1e9 / (double)to->elapsed_ns : NAN;
}

static const struct gantry_bench_row *add_row(struct report *m, const struct row *row)
{
	struct gantry_bench_row *to = keep(m, 1, sizeof(*to));

	if (!to)
		return NULL;
	to->size = sizeof(*to);
	to->label = text(m, row->label);
	to->type = text(m, row->driver ? row->driver->type : "");
	to->address = text(m, row->driver ? row->driver->address : "");
	to->kind = text(m, row->driver ? row->engine_kind : "limit");
	to->engine = text(m, row->engine);
	to->version = text(m, row->version);
	to->path = text(m, row->path);
	to->words = text(m, row->err.code ? row->err.msg : "");
	to->error = row->err.code;
	to->started = row->started;
	to->threads = row->threads;
	to->iterations = row->iterations;
	to->warmup = row->warmup;
	to->gap_us = row->gap_us;
	if (row->started) {
		to->started_ns = row->started_ns;
		to->wall_ns = row->wall_ns;
		to->user_ns = row->user_ns;
		to->system_ns = row->system_ns;
		to->child_user_ns = row->child_user_ns;
		to->child_system_ns = row->child_system_ns;
	}
	add_counts(to, row);
	add_steps(m, to, row);
	if (row->threads > m->public.max_threads)
		m->public.max_threads = row->threads;
	return to;
}

static void add_sample(struct gantry_bench_sample *to, const struct row *row,
		       const struct worker *w, const struct record *r)
{
	to->size = sizeof(*to);
	to->step = row_step_name(r->step);
	to->start_ns = row->started_ns + r->start_ns;
	to->took_ns = r->took_ns;
	to->thread = w->no;
	to->iteration = r->iteration;
	to->position = r->position;
	to->error = r->error;
}

static void add_samples(struct report *m, const struct gantry_bench *b)
{
	const struct gantry_bench_sample **list;
	struct gantry_bench_sample *to;
	size_t n = 0;

	for (size_t i = 0; i < b->n_rows; i++)
		n += samples_of(&b->rows[i]);
	list = keep(m, n + 1, sizeof(*list));
	to = keep(m, n, sizeof(*to));
	if (!list || !to)
		return;
	m->public.samples = list;
	m->public.n_samples = n;
	for (size_t i = 0; i < b->n_rows; i++)
		for (uint32_t t = 0; b->rows[i].workers && t < b->rows[i].threads; t++) {
			const struct worker *w = &b->rows[i].workers[t];
			const char *from = NULL, *words = "";

			for (size_t k = 0; k < w->n; k++, to++) {
				const struct record *r = &w->records[k];

				if (r->words && r->words != from)
					words = text(m, r->words);
				if (r->words)
					from = r->words;
				add_sample(to, &b->rows[i], w, r);
				to->row = (uint32_t)i;
				to->words = r->words ? words : "";
				*list++ = to;
			}
		}
}

static void add_plan(struct report *m, const struct gantry_bench *b)
{
	const char *commands[PLAN_COMMANDS];

	for (size_t i = 0; i < b->plan.n_commands; i++)
		commands[i] = plan_command_name(b->plan.commands[i]);
	m->public.name = text(m, b->plan.name ? b->plan.name : "Custom");
	m->public.file = text(m, b->file);
	m->public.image = text(m, b->plan.image);
	m->public.rootfs = text(m, b->plan.rootfs);
	m->public.args = texts(m, (const char *const *)b->plan.args.v, b->plan.args.n);
	m->public.commands = texts(m, commands, b->plan.n_commands);
	m->public.warnings = texts(m, gantry_bench_warnings(b), b->plan.warnings.n);
	m->public.drivers = (uint32_t)b->plan.n_drivers;
	m->public.detached = b->plan.detached;
}

int gantry_bench_report(const struct gantry_bench *b, struct gantry_bench_report **ret,
			struct gantry_err *err)
{
	const struct gantry_bench_row **rows;
	struct report *m;

	if (!b || !ret)
		return err_set(err, EINVAL, "no bench, or nowhere to put its report");
	if (b->state == GANTRY_BENCH_RUNNING)
		return err_set(err, EBUSY, "the bench is running");
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ENOMEM, "out of memory");
	m->public.size = sizeof(m->public);
	add_plan(m, b);
	add_host(m, b);
	rows = keep(m, b->n_rows + 1, sizeof(*rows));
	for (size_t i = 0; rows && i < b->n_rows; i++)
		rows[i] = add_row(m, &b->rows[i]);
	m->public.rows = rows;
	m->public.n_rows = b->n_rows;
	add_samples(m, b);
	m->public.started_ns = b->started_ns;
	m->public.elapsed_ns = b->elapsed_ns;
	m->public.cleaned = b->cleaned;
	m->public.state = b->state;
	if (m->failed) {
		gantry_bench_report_free(&m->public);
		return err_set(err, ENOMEM, "out of memory");
	}
	*ret = &m->public;
	return 0;
}

void gantry_bench_report_free(struct gantry_bench_report *r)
{
	struct report *m = (struct report *)(void *)r;
	int e = errno;

	if (!m)
		return;
	for (struct kept *k = m->kept, *next; k; k = next) {
		next = k->next;
		free(k);
	}
	free(m);
	errno = e;
}
