/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's whole life through libgantry, in C11: every options struct and
 * every scope-bound release that the library offers.
 *
 *   cc -std=c11 lifecycle.c $(pkg-config --cflags --libs gantry) && ./a.out [ENGINE [ROOTFS]]
 */
#include <gantry/bench.h>
#include <gantry/container.h>
#include <gantry/engine.h>

#include <stdio.h>

#define SCOPED(fn) __attribute__((cleanup(fn)))

static int failed(const char *what, const struct gantry_op *op)
{
	fprintf(stderr, "%s: %s\n", what, op->err.msg);
	return 1;
}

/* Logs warnings and errors; ask for GANTRY_LOG_DEBUG to see each request and command. */
static void on_log(const struct gantry_log *rec, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s: %s: %s\n", rec->engine, rec->step, rec->text);
}

static int what_is_here(void)
{
	SCOPED(gantry_found_freep) struct gantry_found **found = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	int n = gantry_engine_discover(NULL, &found, &op);

	if (n < 0)
		return failed("discover", &op);
	for (int i = 0; i < n; i++)
		printf("engine  %s %s\n", found[i]->address,
		       found[i]->usable ? found[i]->version : found[i]->why);
	return 0;
}

/* Creates, starts, looks at, stops, waits for and removes one container. */
static int step_by_step(struct gantry_engine *e, const struct gantry_create *what)
{
	SCOPED(gantry_container_freep) struct gantry_container *c = NULL;
	SCOPED(gantry_container_list_freep) struct gantry_container **all = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_stop stop = GANTRY_STOP_INIT;
	struct gantry_exit end = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	int n;

	op.timeout_us = 10000000; /* for each of these calls */
	if (gantry_container_create(e, what, id, &op) < 0)
		return failed("create", &op);
	if (gantry_container_start(e, id, &op) < 0)
		return failed("start", &op);
	if (gantry_container_get(e, id, &c, &op) < 0)
		return failed("get", &op);
	printf("running %s: %s, pid %d\n", c->name, gantry_state_name(c->state), c->pid);
	n = gantry_container_list(e, &all, &op);
	if (n < 0)
		return failed("list", &op);
	printf("listed  %d\n", n);
	stop.grace_us = 100000;
	if (gantry_container_stop(e, id, &stop, &op) < 0)
		return failed("stop", &op);
	if (gantry_container_wait(e, id, &end, &op) < 0)
		return failed("wait", &op);
	printf("ended   with %d after %llu us of waiting\n", end.code,
	       (unsigned long long)op.elapsed_ns / 1000);
	if (gantry_container_delete(e, id, 0, &op) < 0)
		return failed("delete", &op);
	return 0;
}

/* The same in one call, with our own output. */
static int in_one_call(struct gantry_engine *e, struct gantry_create *what)
{
	const char *const args[] = { "echo", "hello", NULL };
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit end = GANTRY_EXIT_INIT;

	what->args = args;
	what->flags |= GANTRY_CREATE_AUTO_REMOVE;
	how.stdout_fd = 1;
	how.stderr_fd = 2;
	fflush(stdout);
	if (gantry_container_run(e, what, &how, NULL, &end, &op) < 0)
		return failed("run", &op);
	printf("ran     to its end: %d\n", end.code);
	return 0;
}

static int measured(void)
{
	static const char plan[] = "name: example\nimage: none\n"
				   "drivers: [{type: Null, threads: 2, iterations: 100}]\n"
				   "commands: [run, stop, remove]\n";
	SCOPED(gantry_bench_freep) struct gantry_bench *b = NULL;
	SCOPED(gantry_bench_report_freep) struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench_options how = GANTRY_BENCH_OPTIONS_INIT;

	how.text = plan;
	how.text_len = sizeof(plan) - 1;
	how.flags = GANTRY_BENCH_SKIP_LIMIT;
	if (gantry_bench_new(&how, &b, &op) < 0)
		return failed("plan", &op);
	if (gantry_bench_run(b, &op) < 0)
		return failed("bench", &op);
	if (gantry_bench_report(b, &r, &op.err) < 0)
		return failed("report", &op);
	printf("bench   %s: %zu samples in %zu rows\n", r->name, r->n_samples, r->n_rows);
	return 0;
}

int main(int argc, char **argv)
{
	SCOPED(gantry_engine_closep) struct gantry_engine *e = NULL;
	SCOPED(gantry_info_freep) struct gantry_info *info = NULL;
	const char *const args[] = { "sleep", "100", NULL };
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_engine_options how = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_create what = GANTRY_CREATE_INIT;

	how.log = on_log;
	if (gantry_engine_open(argc > 1 ? argv[1] : "null", &how, &e, &op) < 0)
		return failed("open", &op);
	if (gantry_engine_info(e, &info, &op) < 0)
		return failed("info", &op);
	printf("gantry  %s, engine %s\n", gantry_version(), info->line);
	what.args = args;
	what.rootfs = argc > 2 ? argv[2] : "/";
	return what_is_here() || step_by_step(e, &what) || in_one_call(e, &what) || measured();
}
