/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promises of docs/abi.md that a compiler can keep: size first, no padding
 * at the end. Compiled, never run.
 */
#include <gantry/bench.h>
#include <gantry/container.h>
#include <gantry/engine.h>

#include <stddef.h>

/* `last` is the field that ends the struct: nothing may follow it, not even padding. */
#define ENDS_WITH(type, last)                                                                   \
	_Static_assert(offsetof(struct type, size) == 0, #type " begins with size");             \
	_Static_assert(sizeof(struct type) ==                                                    \
			       offsetof(struct type, last) + sizeof(((struct type *)0)->last),   \
		       #type " has padding behind " #last)

ENDS_WITH(gantry_op, err);
ENDS_WITH(gantry_log, reserved);
ENDS_WITH(gantry_engine_options, reserved);
ENDS_WITH(gantry_info, line);
ENDS_WITH(gantry_found, reserved);
ENDS_WITH(gantry_create, reserved);
ENDS_WITH(gantry_run, reserved);
ENDS_WITH(gantry_stop, reserved);
ENDS_WITH(gantry_exit, reserved);
ENDS_WITH(gantry_container, stop_signal);
_Static_assert(sizeof(struct gantry_err) == 256, "gantry_err is 256 bytes for ever");
ENDS_WITH(gantry_bench_progress, reserved);
ENDS_WITH(gantry_bench_options, reserved);
ENDS_WITH(gantry_bench_sample, reserved);
ENDS_WITH(gantry_bench_step, p99_us);
ENDS_WITH(gantry_bench_row, n_steps);
ENDS_WITH(gantry_bench_host, end_load15);
ENDS_WITH(gantry_bench_report, detached);
