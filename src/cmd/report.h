/* SPDX-License-Identifier: Apache-2.0 */
/* A benchmark's report, for people and for programs. */
#pragma once
#include <gantry/bench.h>

#include "base/json.h"
#include "base/str.h"

/* Both tables: rates by threads, and the time that each command took. */
void report_text(struct str *out, const struct gantry_bench_report *r);
/* Everything, each sample included when `samples`. Times in ns say so in their names. */
void report_json(struct json_out *json, const struct gantry_bench_report *r, bool samples);
