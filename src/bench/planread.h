/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bench/plan.h"

/*
 * Reads a plan; `lenient` skips unknown commands with a warning. Returns 0, or
 * what gantry_bench_new() says of plans; on failure there is nothing to release.
 */
int plan_read(struct plan *p, const char *file, const char *text, size_t len, bool lenient,
	      struct gantry_err *err);
