/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan reader, which is also the YAML reader: whatever the bytes, it ends
 * with a plan within its ranges or with one line of words that names the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/planread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
	if (!ok)
		abort();
}

static void check_plan(const struct plan *p)
{
	uint64_t samples = 0;

	check(p->n_drivers >= 1 && p->n_drivers <= PLAN_DRIVERS);
	check(p->n_commands >= 1 && p->n_commands <= PLAN_COMMANDS);
	for (size_t i = 0; i < p->n_drivers; i++) {
		const struct plan_driver *d = &p->drivers[i];

		check(d->threads >= 1 && d->threads <= PLAN_THREADS);
		check(d->iterations >= 1 && d->iterations <= PLAN_ITERATIONS);
		check(d->warmup <= PLAN_WARMUP && d->gap_ms <= PLAN_GAP_MS);
		check(d->address && d->type && strncmp(d->where, "fuzz.yaml:", 10) == 0);
		samples += d->threads * d->iterations * (p->n_commands + 1);
	}
	check(samples <= PLAN_SAMPLES);
	for (size_t i = 0; i < p->n_commands; i++)
		check(p->commands[i] < COMMANDS);
	for (size_t i = 0; i < p->warnings.n; i++) {
		check(strncmp(p->warnings.v[i], "fuzz.yaml:", 10) == 0);
		check(!strpbrk(p->warnings.v[i], "\n\033"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gantry_err err = { 0, 0, "" };
	struct plan p = { 0 };
	bool lenient = size && data[0] & 1;
	int r = plan_read(&p, "fuzz.yaml", (const char *)data, size, lenient, &err);

	if (r < 0) {
		check(err.code == -r && *err.msg && !strpbrk(err.msg, "\n\033"));
		check(strncmp(err.msg, "fuzz.yaml", 9) == 0 || r == -ENOMEM);
		check(!p.file && !p.drivers);
		return 0;
	}
	check_plan(&p);
	plan_done(&p);
	return 0;
}
