/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics over all samples, none of them rounded before. Sums are taken of
 * differences to the first value: a day in ns squared does not fit a double's
 * 53 bits, what timings of one command differ by does.
 */
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The square root by Newton's method, for x >= 0: spares a library whose only use this would be. */
static double root(double x)
{
	double r = x > 1 ? x : 1;

	if (!(x > 0))
		return 0;
	for (double next = (r + x / r) / 2; next < r; next = (r + x / r) / 2)
		r = next;
	return r;
}

double stats_percentile(const uint64_t *v, size_t n, double p)
{
	double rank = p * (double)(n - 1);
	size_t low = (size_t)rank;
	size_t high = low + 1 < n ? low + 1 : low;

	return (double)v[low] + (rank - (double)low) * (double)(v[high] - v[low]);
}

void stats_of(uint64_t *v, size_t n, struct stats *ret)
{
	double sum = 0, squares = 0, mean;

	*ret = (struct stats){ 0, 0, 0, NAN, NAN, NAN, NAN, NAN };
	if (!n)
		return;
	qsort(v, n, sizeof(*v), by_size);
	for (size_t i = 0; i < n; i++)
		sum += (double)(v[i] - v[0]);
	mean = sum / (double)n;
	for (size_t i = 0; i < n; i++) {
		double d = (double)(v[i] - v[0]) - mean;

		squares += d * d;
	}
	ret->count = n;
	ret->min = v[0];
	ret->max = v[n - 1];
	ret->mean = (double)v[0] + mean;
	ret->stddev = root(squares / (double)n);
	ret->median = stats_percentile(v, n, 0.5);
	ret->p95 = stats_percentile(v, n, 0.95);
	ret->p99 = stats_percentile(v, n, 0.99);
}
