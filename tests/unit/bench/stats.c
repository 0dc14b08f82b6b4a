/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics against numbers worked out elsewhere (R's quantile type 7, and by hand). */
#include "bench/stats.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

START_TEST(known_numbers)
{
	uint64_t v[] = { 9, 2, 5, 4, 12, 7, 8, 11, 9, 3, 7, 4, 12, 5, 4, 10, 9, 6, 9, 4 };
	struct stats s;

	stats_of(v, 20, &s); /* mean 7, variance of the population 8.9 */
	ck_assert_uint_eq(s.count, 20);
	ck_assert_uint_eq(s.min, 2);
	ck_assert_uint_eq(s.max, 12);
	ck_assert_double_eq_tol(s.mean, 7, 1e-12);
	ck_assert_double_eq_tol(s.stddev, 2.9832867780352594, 1e-12);
	ck_assert_double_eq_tol(s.median, 7, 1e-12);
	ck_assert_double_eq_tol(s.p95, 12, 1e-12);
	ck_assert_double_eq_tol(s.p99, 12, 1e-12);
}
END_TEST

START_TEST(percentiles_lie_between_the_nearest_ranks)
{
	uint64_t v[100];
	struct stats s;

	for (size_t i = 0; i < 100; i++)
		v[i] = 100 - i;
	stats_of(v, 100, &s);
	ck_assert_double_eq_tol(s.median, 50.5, 1e-12);
	ck_assert_double_eq_tol(s.p95, 95.05, 1e-9);
	ck_assert_double_eq_tol(s.p99, 99.01, 1e-9);
	ck_assert_double_eq_tol(stats_percentile(v, 100, 0), 1, 1e-12);
	ck_assert_double_eq_tol(stats_percentile(v, 100, 1), 100, 1e-12);
	ck_assert_double_eq_tol(s.stddev, 28.86607004772212, 1e-9);
}
END_TEST

START_TEST(nothing_has_no_numbers)
{
	struct stats s;

	stats_of(NULL, 0, &s);
	ck_assert_uint_eq(s.count, 0);
	ck_assert(isnan(s.mean) && isnan(s.stddev));
	ck_assert(isnan(s.median) && isnan(s.p95) && isnan(s.p99));
}
END_TEST

START_TEST(one_is_all_of_them)
{
	uint64_t v[] = { 1234567 };
	struct stats s;

	stats_of(v, 1, &s);
	ck_assert_double_eq(s.mean, 1234567);
	ck_assert_double_eq(s.median, 1234567);
	ck_assert_double_eq(s.p99, 1234567);
	ck_assert_double_eq(s.stddev, 0);
	ck_assert_uint_eq(s.min, s.max);
}
END_TEST

/* Long durations that differ by little: a sum of squares would lose it. */
START_TEST(small_differences_of_large_numbers_are_kept)
{
	uint64_t day = 86400000000000, v[] = { day, day + 2, day + 4 };
	struct stats s;

	stats_of(v, 3, &s);
	ck_assert_double_eq_tol(s.stddev, sqrt(8.0 / 3), 1e-9);
	ck_assert_double_eq_tol(s.mean - (double)day, 2, 0.02);
}
END_TEST

Suite *stats_suite(void);
Suite *stats_suite(void)
{
	Suite *s = suite_create("bench/stats");
	TCase *t = tcase_create("stats");

	tcase_add_test(t, known_numbers);
	tcase_add_test(t, percentiles_lie_between_the_nearest_ranks);
	tcase_add_test(t, nothing_has_no_numbers);
	tcase_add_test(t, one_is_all_of_them);
	tcase_add_test(t, small_differences_of_large_numbers_are_kept);
	suite_add_tcase(s, t);
	return s;
}
