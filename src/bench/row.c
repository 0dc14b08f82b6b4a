/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that measure. They warm up, wait for each other at a gate, and then
 * the clock starts for all at once. Memory for every sample is there before.
 *
 * What bites: bucketbench ended a thread silently when it could not create,
 * and divided by the iterations that it had planned. Here each thread counts
 * what it completed and says why it could not. The caller's signals are its
 * own: workers block them all.
 */
#include "bench/row.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"

enum {
	STACK = 1 << 20,      /* of a worker; small hosts refuse a thousand times the usual 8 MiB */
	TICK_MS = 100,        /* between progress reports */
	WORDS_CHUNK = 1 << 14,
	WORDS_MAX = 64        /* chunks of words per worker: 1 MiB, then samples go without */
};

struct worker_words {
	struct worker_words *next;
	size_t used;
	unsigned chunks;
	char text[WORDS_CHUNK];
};

/* Where workers wait until all are warm. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
	int events;           /* an eventfd: somebody became ready or done */
	atomic_uint ready, done;
	/* of the thread that waits for all */
	struct session *session;
	const struct row_watch *watch;
	struct call *call;
};

struct start {
	struct worker *worker;
	struct gate *gate;
	pthread_t thread;
};

const char *row_step_name(unsigned step)
{
	static const char *const names[] = { "prepare", "spawn", "null" };

	if (step < COMMANDS)
		return plan_command_name(step);
	return step < STEPS ? names[step - COMMANDS] : "";
}

struct gantry_op session_op(const struct session *s)
{
	struct gantry_op op = GANTRY_OP_INIT;
	uint64_t now;

	op.cancel_fd = s->cancel_fd;
	if (s->deadline_ns != UINT64_MAX) {
		now = clock_mono();
		op.timeout_us = now + 1000 < s->deadline_ns ? (s->deadline_ns - now) / 1000 : 1;
	}
	return op;
}

bool session_over(const struct session *s, int r)
{
	return r == -ECANCELED || atomic_load(&s->stop) ||
	       (s->deadline_ns != UINT64_MAX && clock_mono() >= s->deadline_ns);
}

/* Keeps words for as long as the row lives; the same as last time are shared. */
static const char *keep_words(struct worker *w, const char *text)
{
	size_t len = strlen(text) + 1;
	struct worker_words *c = w->words;
	const char *last = w->n && w->records[w->n - 1].words ? w->records[w->n - 1].words : "";

	if (strcmp(last, text) == 0)
		return last;
	if (!c || len > WORDS_CHUNK - c->used) {
		if ((c && c->chunks == WORDS_MAX) || len > WORDS_CHUNK)
			return "";
		c = malloc(sizeof(*c));
		if (!c)
			return "";
		c->next = w->words;
		c->used = 0;
		c->chunks = w->words ? w->words->chunks + 1 : 1;
		w->words = c;
	}
	memcpy(c->text + c->used, text, len);
	c->used += len;
	return c->text + c->used - len;
}

void worker_sample(struct worker *w, struct record r, uint64_t t0, uint64_t t1,
		   const struct gantry_err *err)
{
	if (w->n == w->size)
		return;
	r.start_ns = t0 - w->row->clock_ns;
	r.took_ns = t1 - t0;
	r.words = NULL;
	r.error = 0;
	if (err) {
		r.words = keep_words(w, err->msg);
		r.error = err->code ? err->code : EIO;
	}
	w->records[w->n++] = r;
}

/* Sleeps between two iterations; the clock does not see it. Returns what call_sleep() does. */
static int gap(struct worker *w)
{
	uint64_t t0 = clock_mono();
	struct gantry_op op = session_op(w->session);
	struct call c;
	int r;

	if (!w->row->gap_us)
		return 0;
	r = call_begin(&c, &op, NULL);
	if (r >= 0)
		r = call_sleep(&c, w->row->gap_us);
	w->outside_ns += clock_mono() - t0;
	return r;
}

static void warm_up(struct worker *w)
{
	for (uint64_t i = 0; i < w->row->warmup && !w->cut; i++)
		w->cut = atomic_load(&w->session->stop) ||
			 w->row->kind->iterate(w, i, true) < 0 || gap(w) < 0;
}

static void measure(struct worker *w)
{
	w->outside_ns = 0;
	for (uint64_t i = 0; i < w->row->iterations && !w->cut; i++) {
		size_t kept = w->n;

		w->cut = atomic_load(&w->session->stop) || (i && gap(w) < 0) ||
			 w->row->kind->iterate(w, i, false) < 0;
		if (w->cut) {
			w->n = kept; /* half an iteration tells nothing */
			return;
		}
		w->elapsed_ns = clock_mono() - w->row->clock_ns - w->outside_ns;
		atomic_store_explicit(&w->done, i + 1, memory_order_relaxed);
	}
}

static void tell(struct gate *g, atomic_uint *counter)
{
	uint64_t one = 1;

	atomic_fetch_add(counter, 1);
	(void)fd_write(g->events, &one, sizeof(one));
}

static void *work(void *arg)
{
	struct start *s = arg;
	struct worker *w = s->worker;
	struct gate *g = s->gate;
	bool works = w->row->kind->open(w) >= 0;

	if (works)
		warm_up(w);
	tell(g, &g->ready);
	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->opened, &g->lock);
	pthread_mutex_unlock(&g->lock);
	if (works)
		measure(w);
	w->row->kind->close(w);
	tell(g, &g->done);
	return NULL;
}

static uint64_t done_so_far(const struct row *row)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < row->threads; i++)
		n += atomic_load_explicit(&row->workers[i].done, memory_order_relaxed);
	return n;
}

/*
 * Waits until `counter` has come to n. When the call is cut short meanwhile the
 * workers are told, and waited for all the same: their own calls end by the
 * same cancel fd and deadline. Returns 0, or how it was cut short.
 */
static int wait_for(const struct row *row, struct gate *g, const atomic_uint *counter, unsigned n)
{
	const struct row_watch *watch = g->watch;
	int cut = 0;

	while (atomic_load(counter) < n) {
		struct pollfd p = { .fd = g->events, .events = POLLIN };
		uint64_t drain;
		int r;

		if (cut < 0)
			r = poll(&p, 1, -1);
		else
			r = call_poll(g->call, &p, 1, watch->done ? TICK_MS : -1);
		if (cut >= 0 && r < 0) {
			cut = r;
			atomic_store(&g->session->stop, true);
		}
		if (r > 0)
			(void)fd_read(g->events, &drain, sizeof(drain));
		if (watch->done && atomic_load(counter) < n)
			watch->done(done_so_far(row), watch->arg);
	}
	return cut;
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

/* Adds what the CPU clocks show, or takes it away. */
static void count_cpu(struct row *row, bool begin)
{
	struct rusage self, children;
	uint64_t sign = begin ? (uint64_t)-1 : 1;

	if (getrusage(RUSAGE_SELF, &self) < 0 || getrusage(RUSAGE_CHILDREN, &children) < 0)
		return;
	row->user_ns += sign * ns_of(self.ru_utime);
	row->system_ns += sign * ns_of(self.ru_stime);
	row->child_user_ns += sign * ns_of(children.ru_utime);
	row->child_system_ns += sign * ns_of(children.ru_stime);
}

static int make_workers(struct row *row, const struct session *s)
{
	size_t size = row->iterations * row->per_iteration;

	row->workers = calloc(row->threads, sizeof(*row->workers));
	if (!row->workers)
		return -ENOMEM;
	for (uint32_t i = 0; i < row->threads; i++) {
		struct worker *w = &row->workers[i];

		w->row = row;
		w->session = s;
		w->no = i;
		w->size = size;
		w->records = calloc(size, sizeof(*w->records));
		if (!w->records)
			return -ENOMEM;
	}
	return 0;
}

/* Starts as many threads as it can; those that cannot be started say so. Returns how many. */
static unsigned start_threads(struct row *row, struct gate *g, struct start *starts)
{
	pthread_attr_t attr;
	sigset_t all, old;
	unsigned n = 0;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (uint32_t i = 0; i < row->threads; i++) {
		int r;

		starts[n] = (struct start){ .worker = &row->workers[i], .gate = g };
		r = pthread_create(&starts[n].thread, &attr, work, &starts[n]);
		if (r)
			err_num(&row->workers[i].err, -r, "thread %u cannot be started", i);
		else
			n++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return n;
}

static void open_gate(struct row *row, struct gate *g)
{
	count_cpu(row, true);
	pthread_mutex_lock(&g->lock);
	row->started_ns = clock_wall();
	row->clock_ns = clock_mono();
	g->open = true;
	pthread_cond_broadcast(&g->opened);
	pthread_mutex_unlock(&g->lock);
}

/* Whether a worker was cut short, which it may have noticed before the thread that waits. */
static int cut_short(const struct row *row, struct call *c)
{
	bool cut = false;
	int r;

	for (uint32_t i = 0; i < row->threads; i++)
		cut |= row->workers[i].cut;
	if (!cut)
		return 0;
	r = call_check(c);
	return r < 0 ? r : err_set(c->err, ECANCELED, "%s: cancelled", c->step);
}

static void sum_up(struct row *row)
{
	row->wall_ns = clock_mono() - row->clock_ns;
	count_cpu(row, false);
	for (uint32_t i = 0; i < row->threads; i++)
		if (row->workers[i].err.code && !row->err.code)
			row->err = row->workers[i].err;
}

int row_run(struct row *row, struct session *s, const struct row_watch *watch, struct call *c)
{
	struct gate g = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .events = -1,
			  .session = s, .watch = watch, .call = c };
	clean_free struct start *starts = NULL;
	clean_fd int events = -1;
	unsigned n;
	int r, warm;

	events = eventfd(0, EFD_CLOEXEC);
	if (events < 0) {
		r = err_sys(c->err, "no eventfd for the threads");
		row->err = *c->err;
		return r;
	}
	g.events = events;
	starts = calloc(row->threads, sizeof(*starts));
	if (!starts || make_workers(row, s) < 0) {
		r = err_set(c->err, ENOMEM, "no memory for the samples");
		row->err = *c->err;
		return r;
	}
	n = start_threads(row, &g, starts);
	warm = wait_for(row, &g, &g.ready, n);
	if (warm >= 0)
		warm = cut_short(row, c);
	if (warm < 0)
		atomic_store(&s->stop, true);
	open_gate(row, &g);
	row->started = warm >= 0;
	r = wait_for(row, &g, &g.done, n);
	sum_up(row);
	for (unsigned i = 0; i < n; i++)
		pthread_join(starts[i].thread, NULL);
	if (watch->done)
		watch->done(done_so_far(row), watch->arg);
	if (r >= 0)
		r = cut_short(row, c);
	return warm < 0 ? warm : r;
}

void row_done(struct row *row)
{
	for (uint32_t i = 0; row->workers && i < row->threads; i++) {
		for (struct worker_words *c = row->workers[i].words, *next; c; c = next) {
			next = c->next;
			free(c);
		}
		free(row->workers[i].records);
	}
	free(row->workers);
	free(row->label);
	free(row->engine_kind);
	free(row->engine);
	free(row->version);
	free(row->path);
	memset(row, 0, sizeof(*row));
}
