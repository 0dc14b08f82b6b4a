/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same from C++11: the *_INIT macros are plain aggregate initialisers, and
 * the scope-bound releases work as they do in C.
 *
 *   c++ -std=c++11 lifecycle.cc $(pkg-config --cflags --libs gantry) && ./a.out [ENGINE [ROOTFS]]
 */
#include <gantry/bench.h>
#include <gantry/container.h>
#include <gantry/engine.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#define SCOPED(fn) __attribute__((cleanup(fn)))

static void check(int r, const char *what, const gantry_op &op)
{
	if (r < 0)
		throw std::runtime_error(std::string(what) + ": " + op.err.msg);
}

static void run(const char *where, const char *rootfs)
{
	SCOPED(gantry_engine_closep) gantry_engine *e = nullptr;
	SCOPED(gantry_info_freep) gantry_info *info = nullptr;
	SCOPED(gantry_found_freep) gantry_found **found = nullptr;
	SCOPED(gantry_container_freep) gantry_container *c = nullptr;
	SCOPED(gantry_container_list_freep) gantry_container **all = nullptr;
	gantry_op op = GANTRY_OP_INIT;
	gantry_engine_options how = GANTRY_ENGINE_OPTIONS_INIT;
	gantry_create what = GANTRY_CREATE_INIT;
	gantry_run detached = GANTRY_RUN_INIT;
	gantry_stop stop = GANTRY_STOP_INIT;
	gantry_exit end = GANTRY_EXIT_INIT;
	const char *const args[] = { "sleep", "100", nullptr };
	char id[GANTRY_ID_SIZE];

	check(gantry_engine_open(where, &how, &e, &op), "open", op);
	check(gantry_engine_info(e, &info, &op), "info", op);
	std::printf("engine  %s\n", info->line);
	check(gantry_engine_discover(&how, &found, &op), "discover", op);
	what.args = args;
	what.rootfs = rootfs;
	detached.flags = GANTRY_RUN_DETACH;
	check(gantry_container_run(e, &what, &detached, id, nullptr, &op), "run", op);
	check(gantry_container_get(e, id, &c, &op), "get", op);
	check(gantry_container_list(e, &all, &op), "list", op);
	std::printf("running %s\n", c->id);
	stop.grace_us = 0;
	check(gantry_container_stop(e, id, &stop, &op), "stop", op);
	check(gantry_container_wait(e, id, &end, &op), "wait", op);
	std::printf("ended   with %d\n", end.code);
	check(gantry_container_delete(e, id, 0, &op), "delete", op);
}

static void measure()
{
	const char *plan = "{name: example, image: none, commands: [run, remove], "
			   "drivers: [{type: Null, threads: 1, iterations: 10}]}";
	SCOPED(gantry_bench_freep) gantry_bench *b = nullptr;
	SCOPED(gantry_bench_report_freep) struct gantry_bench_report *r = nullptr;
	gantry_op op = GANTRY_OP_INIT;
	gantry_bench_options how = GANTRY_BENCH_OPTIONS_INIT;

	how.text = plan;
	how.text_len = std::strlen(plan);
	how.flags = GANTRY_BENCH_SKIP_LIMIT;
	check(gantry_bench_new(&how, &b, &op), "plan", op);
	check(gantry_bench_run(b, &op), "bench", op);
	check(gantry_bench_report(b, &r, &op.err), "report", op);
	std::printf("bench   %zu samples\n", r->n_samples);
}

int main(int argc, char **argv)
{
	try {
		run(argc > 1 ? argv[1] : "null", argc > 2 ? argv[2] : "/");
		measure();
	} catch (const std::exception &x) {
		std::fprintf(stderr, "%s\n", x.what());
		return 1;
	}
	return 0;
}
