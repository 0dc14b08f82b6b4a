/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench object: a plan becomes rows, the rows run one after another, and
 * whatever happens the containers are removed with a deadline of its own.
 * bucketbench handed its cancelled context to the clean-up and left them all.
 *
 * Every bench has an owner id of its own, so that two of them at once do not
 * take each other's containers away.
 */
#include "bench/bench.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/sized.h"
#include "bench/host.h"
#include "bench/limit.h"
#include "bench/planread.h"

/* What a command exits with when the plan is wrong. */
enum { EXIT_PLAN = 2 };

_Static_assert(sizeof(struct gantry_bench_options) ==
	       offsetof(struct gantry_bench_options, reserved) + sizeof(unsigned), "padding");
_Static_assert(sizeof(struct gantry_bench_progress) ==
	       offsetof(struct gantry_bench_progress, reserved) + sizeof(unsigned), "padding");

const char *gantry_bench_state_name(int state)
{
	static const char *const names[] = { "created", "running", "completed", "partial" };

	return state >= 0 && state < 4 ? names[state] : "unknown";
}

static int plan_error(struct gantry_err *err, int r)
{
	err->exit = EXIT_PLAN;
	return r;
}

/* Reads a plan's file, which need not be where a link points to, but has to be a regular file. */
static int read_file(const char *file, char **ret, size_t *ret_len, struct gantry_err *err)
{
	clean_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char shown[128];
	struct stat st;
	int r;

	str_printable(shown, sizeof(shown), file);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "%s", shown);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a directory", shown);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", shown);
	r = fd_slurp_fd(fd, PLAN_BYTES, ret, ret_len);
	if (r == -E2BIG)
		return err_set(err, E2BIG, "%s: larger than %d bytes", shown, PLAN_BYTES);
	return r < 0 ? err_num(err, r, "read %s", shown) : 0;
}

/* Workers call it from their threads; the caller's function sees one record at a time. */
static void log_one(const struct gantry_log *rec, void *arg)
{
	struct gantry_bench *b = arg;

	pthread_mutex_lock(b->log_lock);
	b->log(rec, b->log_arg);
	pthread_mutex_unlock(b->log_lock);
}

static int copy_text(char **slot, const char *text)
{
	if (!text)
		return 0;
	*slot = strdup(text);
	return *slot ? 0 : -ENOMEM;
}

static int set_up_engines(struct gantry_bench *b, const struct gantry_engine_options *how,
			  struct gantry_err *err)
{
	struct gantry_engine_options mine = GANTRY_ENGINE_OPTIONS_INIT;
	uint32_t random;
	int r = sized_copy(&mine, sizeof(mine), how);

	if (r < 0)
		return err_num(err, r, "engine options of a bench");
	if (copy_text(&b->root, mine.root) < 0 || copy_text(&b->run, mine.run) < 0 ||
	    copy_text(&b->oci, mine.oci) < 0)
		return err_set(err, ENOMEM, "out of memory");
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, "no random number for the containers' names");
	snprintf(b->tag, sizeof(b->tag), "%08x", random);
	snprintf(b->owner, sizeof(b->owner), "bench-%s", b->tag);
	mine.root = b->root;
	mine.run = b->run;
	mine.oci = b->oci;
	mine.owner = b->owner;
	if (mine.log) {
		b->log = mine.log;
		b->log_arg = mine.log_arg;
		b->log_lock = malloc(sizeof(pthread_mutex_t));
		if (!b->log_lock)
			return err_set(err, ENOMEM, "out of memory");
		pthread_mutex_init(b->log_lock, NULL);
		mine.log = log_one;
		mine.log_arg = b;
	}
	b->setup = (struct driver_setup){ &b->plan, mine, b->tag };
	return 0;
}

/* "Basic:Runc"; a second one of the same name becomes "Basic:Runc#2". */
static char *label_of(const struct gantry_bench *b, size_t driver)
{
	const struct plan_driver *d = &b->plan.drivers[driver];
	const char *name = b->plan.name ? b->plan.name : "Custom";
	unsigned same = 1;

	for (size_t i = 0; i < driver; i++)
		same += strcmp(b->plan.drivers[i].type, d->type) == 0;
	return same > 1 ? str_printf("%s:%s#%u", name, d->type, same)
			: str_printf("%s:%s", name, d->type);
}

/* One row of Limit per number of threads, then one per driver. */
static int make_rows(struct gantry_bench *b, uint64_t limit_iterations, struct gantry_err *err)
{
	size_t limits = b->flags & GANTRY_BENCH_SKIP_LIMIT ? 0 : LIMIT_THREADS;

	b->drivers = calloc(b->plan.n_drivers, sizeof(*b->drivers));
	b->rows = calloc(limits + b->plan.n_drivers, sizeof(*b->rows));
	if (!b->drivers || !b->rows)
		return err_set(err, ENOMEM, "out of memory");
	b->n_rows = limits + b->plan.n_drivers;
	for (size_t i = 0; i < b->n_rows; i++) {
		struct row *row = &b->rows[i];
		size_t k = i - limits;

		if (i < limits) {
			row->kind = &limit_kind;
			row->label = strdup("Limit");
			row->threads = (uint32_t)i + 1;
			row->iterations = limit_iterations ? limit_iterations : LIMIT_ITERATIONS;
			limit_steps(row);
		} else {
			row->kind = &driver_kind;
			row->arg = &b->drivers[k];
			row->driver = &b->plan.drivers[k];
			b->drivers[k].setup = &b->setup;
			b->drivers[k].driver = row->driver;
			b->drivers[k].number = (unsigned)k;
			row->label = label_of(b, k);
			row->threads = (uint32_t)row->driver->threads;
			row->iterations = row->driver->iterations;
			row->warmup = row->driver->warmup;
			row->gap_us = row->driver->gap_ms * 1000;
			driver_steps(&b->plan, row);
		}
		if (!row->label)
			return err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int read_plan(struct gantry_bench *b, const struct gantry_bench_options *how,
		     struct gantry_err *err)
{
	bool lenient = how->flags & GANTRY_BENCH_LENIENT;
	clean_free char *text = NULL;
	size_t len = 0;
	int r;

	b->file = strdup(how->file ? how->file : "plan");
	if (!b->file)
		return err_set(err, ENOMEM, "out of memory");
	if (how->text) {
		r = plan_read(&b->plan, b->file, how->text, how->text_len, lenient, err);
		return r < 0 ? plan_error(err, r) : 0;
	}
	r = read_file(b->file, &text, &len, err);
	if (r >= 0)
		r = plan_read(&b->plan, b->file, text, len, lenient, err);
	return r < 0 ? plan_error(err, r) : 0;
}

static int new_bench(const struct gantry_bench_options *how, struct gantry_bench **ret,
		     struct gantry_err *err)
{
	const unsigned known = GANTRY_BENCH_LENIENT | GANTRY_BENCH_SKIP_LIMIT;
	struct gantry_bench_options mine = GANTRY_BENCH_OPTIONS_INIT;
	__attribute__((cleanup(gantry_bench_freep))) struct gantry_bench *b = NULL;
	int r = sized_copy(&mine, sizeof(mine), how);

	if (r < 0)
		return err_num(err, r, "bench options");
	if (mine.reserved || mine.flags & ~known)
		return err_set(err, EINVAL, "bench options have an unknown flag");
	if (!mine.file && !mine.text)
		return err_set(err, EINVAL, "a bench needs a plan: a file or a text");
	if (mine.limit_iterations > LIMIT_MAX)
		return err_set(err, EINVAL, "Limit takes at most %d iterations", LIMIT_MAX);
	b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ENOMEM, "out of memory");
	b->flags = mine.flags;
	b->progress = mine.progress;
	b->progress_arg = mine.progress_arg;
	for (int i = 0; i < 3; i++)
		b->load[i] = b->end_load[i] = NAN;
	r = read_plan(b, &mine, err);
	if (r >= 0)
		r = set_up_engines(b, mine.engine, err);
	if (r >= 0)
		r = make_rows(b, mine.limit_iterations, err);
	if (r >= 0)
		*ret = TAKE_PTR(b);
	return r;
}

int gantry_bench_new(const struct gantry_bench_options *how, struct gantry_bench **ret,
		     struct gantry_op *op)
{
	struct call c;
	int r = call_begin(&c, op, NULL);

	if (r < 0)
		return r;
	r = ret ? new_bench(how, ret, c.err) : err_set(c.err, EINVAL, "nowhere to put a bench");
	return call_end(&c, op, r);
}

void gantry_bench_free(struct gantry_bench *b)
{
	int e = errno;

	if (!b)
		return;
	for (size_t i = 0; i < b->n_rows; i++)
		row_done(&b->rows[i]);
	free(b->rows);
	free(b->drivers);
	free(b->limit_program);
	if (b->log_lock)
		pthread_mutex_destroy(b->log_lock);
	free(b->log_lock);
	free(b->file);
	free(b->root);
	free(b->run);
	free(b->oci);
	plan_done(&b->plan);
	free(b);
	errno = e;
}

const char *const *gantry_bench_warnings(const struct gantry_bench *b)
{
	static const char *const none[] = { NULL };

	return b && b->plan.warnings.n ? (const char *const *)b->plan.warnings.v : none;
}

int gantry_bench_state(const struct gantry_bench *b)
{
	return b ? b->state : -EINVAL;
}

static int may_begin(struct gantry_bench *b, struct call *c)
{
	if (!b)
		return err_set(c->err, EINVAL, "no bench given");
	if (b->state != GANTRY_BENCH_CREATED)
		return err_set(c->err, EBUSY, "the bench %s", b->state == GANTRY_BENCH_RUNNING
			       ? "is running" : "has run already");
	if (b->plan.refused)
		return plan_error(c->err, err_set(c->err, ENOTSUP, "%s", b->plan.refused));
	atomic_store(&b->session.stop, false);
	b->session.cancel_fd = c->cancel_fd;
	b->session.deadline_ns = c->deadline_ns;
	return 0;
}

int gantry_bench_validate(struct gantry_bench *b, struct gantry_op *op)
{
	struct call c;
	int r = call_begin(&c, op, NULL);

	if (r < 0)
		return r;
	r = may_begin(b, &c);
	c.step = "validate";
	for (size_t i = 0; r >= 0 && i < b->plan.n_drivers; i++) {
		const struct plan_driver *d = &b->plan.drivers[i];

		r = call_check(&c);
		if (r < 0)
			break;
		r = driver_try(&b->drivers[i], &b->session, c.err);
		if (r < 0)
			err_in(c.err, r, "%s: %s", d->where, d->type);
	}
	return call_end(&c, op, r < 0 ? r : 0);
}

struct watching {
	struct gantry_bench *b;
	const struct row *row;
};

static void report_progress(uint64_t done, void *arg)
{
	const struct watching *w = arg;
	struct gantry_bench_progress p = { .size = sizeof(p) };

	p.label = w->row->label;
	p.done = done;
	p.total = w->row->iterations * w->row->threads;
	p.row = (unsigned)(w->row - w->b->rows);
	p.rows = (unsigned)w->b->n_rows;
	p.threads = w->row->threads;
	w->b->progress(&p, w->b->progress_arg);
}

/* Finds out what the row's workers need; what goes wrong is the row's. */
static int prepare_row(struct gantry_bench *b, struct row *row)
{
	size_t driver = row->driver ? (size_t)(row->driver - b->plan.drivers) : 0;
	int r = 0;

	if (row->driver)
		return driver_ask(&b->drivers[driver], row, &b->session, &row->err);
	if (!b->limit_program)
		r = limit_find(&b->limit_program, &row->err);
	row->arg = b->limit_program;
	return r;
}

static void clean_row(struct gantry_bench *b, struct row *row, bool cut)
{
	const struct driver *d = &b->drivers[row->driver - b->plan.drivers];
	struct gantry_err err = { 0, 0, "" };
	int r = driver_clean(d, cut, &err);

	if (r > 0)
		b->cleaned += (uint64_t)r;
	if (r < 0 && !row->err.code) {
		row->err = err;
		err_in(&row->err, r, "containers were left behind");
	}
}

/* Runs one row and removes its containers. Returns below 0 only when the whole run is cut short. */
static int do_row(struct gantry_bench *b, struct row *row, struct call *c)
{
	struct watching watching = { b, row };
	struct row_watch watch = { b->progress ? report_progress : NULL, &watching };
	int r;

	c->step = row->label;
	r = call_check(c);
	if (r < 0)
		return r;
	r = prepare_row(b, row);
	if (r < 0 && session_over(&b->session, r)) {
		row->err = (struct gantry_err){ 0, 0, "" };
		return call_check(c);
	}
	if (r < 0)
		return 0;
	r = row_run(row, &b->session, &watch, c);
	if (row->driver)
		clean_row(b, row, r < 0);
	return row->err.code && r != -ECANCELED && r != -ETIMEDOUT ? 0 : r;
}

static int first_error(const struct gantry_bench *b, struct gantry_err *err)
{
	for (size_t i = 0; i < b->n_rows; i++)
		if (b->rows[i].err.code) {
			*err = b->rows[i].err;
			return err_in(err, -err->code, "%s", b->rows[i].label);
		}
	return 0;
}

int gantry_bench_run(struct gantry_bench *b, struct gantry_op *op)
{
	struct call c;
	int r = call_begin(&c, op, NULL);

	if (r < 0)
		return r;
	r = may_begin(b, &c);
	if (r < 0)
		return call_end(&c, op, r);
	b->state = GANTRY_BENCH_RUNNING;
	b->started_ns = clock_wall();
	host_load(b->load);
	for (size_t i = 0; r >= 0 && i < b->n_rows; i++)
		r = do_row(b, &b->rows[i], &c);
	host_load(b->end_load);
	b->elapsed_ns = clock_mono() - c.start_ns;
	b->state = r < 0 ? GANTRY_BENCH_PARTIAL : GANTRY_BENCH_COMPLETED;
	if (r >= 0)
		r = first_error(b, c.err);
	return call_end(&c, op, r < 0 ? r : 0);
}
