/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Numbers of a set of durations, in ns. Without any, min and max are 0 and the rest is NaN. */
struct stats {
	size_t count;
	uint64_t min, max;
	double mean, stddev; /* of the population */
	double median, p95, p99;
};

/* Sorts v[0..n) and fills *ret. */
void stats_of(uint64_t *v, size_t n, struct stats *ret);
/*
 * The p-th part (0 to 1) of sorted v[0..n), n > 0: interpolated between the two
 * nearest ranks, rank = p (n - 1) from 0.
 */
double stats_percentile(const uint64_t *v, size_t n, double p);
