/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct gantry_bench_host host = {
	.gantry = "0", .os = "o", .kernel = "k", .machine = "m", .cpu = "c", .cgroup = "v2",
	.clock = "t", .cpus = 2,
};

static const struct gantry_bench_step measured = {
	.name = "run", .words = "", .count = 2, .min_us = 1000.25, .max_us = 2000,
	.mean_us = 1500.125, .median_us = 1500.125,
	.p95_us = 1950, .p99_us = 1990, .stddev_us = 499.875,
};
static const struct gantry_bench_step lacking = {
	.name = "metrics", .words = "null cannot stats", .unsupported = 2, .min_us = NAN,
	.max_us = NAN, .mean_us = NAN, .median_us = NAN,
	.p95_us = NAN, .p99_us = NAN, .stddev_us = NAN,
};
static const struct gantry_bench_step *const steps[] = { &measured, &lacking, NULL };

static struct gantry_bench_row row(const char *label, uint32_t threads, double rate)
{
	return (struct gantry_bench_row){
		.label = label, .type = "", .address = label, .kind = "null", .engine = "null 1.0",
		.version = "1.0", .path = "", .words = "", .started = 1, .threads = threads,
		.iterations = 5, .rate = rate, .completed = 5, .steps = steps, .n_steps = 2,
	};
}

static char *text(const struct gantry_bench_row *const *rows, size_t n)
{
	struct gantry_bench_report r = { .name = "n", .file = "f", .host = &host, .rows = rows,
					 .n_rows = n, .state = GANTRY_BENCH_COMPLETED };
	struct str out = { 0 };
	char *got;

	report_text(&out, &r);
	ck_assert_int_eq(str_take(&out, &got), 0);
	return got;
}

START_TEST(every_driver_has_a_line_of_its_own_and_every_rate_its_column)
{
	struct gantry_bench_row l1 = row("Limit", 1, 100), l2 = row("Limit", 2, 200.5);
	struct gantry_bench_row a = row("Basic:Null", 2, 7), b = row("Basic:Runc", 1, 3);
	const struct gantry_bench_row *rows[] = { &l1, &l2, &a, &b, NULL };
	char *got = text(rows, 4);

	ck_assert_ptr_nonnull(strstr(got, "            Iter/Thd  1 thrd  2 thrds\n"
					  "Limit              5  100.00   200.50\n"
					  "Basic:Null         5             7.00\n"
					  "Basic:Runc         5    3.00\n"));
	free(got);
}
END_TEST

START_TEST(the_same_driver_twice_with_the_same_threads_is_two_lines)
{
	struct gantry_bench_row a = row("Basic:Null", 2, 7), b = row("Basic:Null", 2, 8);
	const struct gantry_bench_row *rows[] = { &a, &b, NULL };
	char *got = text(rows, 2);

	ck_assert_ptr_nonnull(strstr(got, "Basic:Null         5     7.00\n"
					  "Basic:Null         5     8.00\n"));
	free(got);
}
END_TEST

START_TEST(a_row_that_was_not_measured_shows_no_number)
{
	struct gantry_bench_row a = row("A", 1, NAN), b = row("B", 1, NAN), c = row("C", 1, 4);
	const struct gantry_bench_row *rows[] = { &a, &b, &c, NULL };
	char *got;

	b.started = 0;
	b.words = "nobody answers";
	c.failed = 1;
	got = text(rows, 3);
	ck_assert_ptr_nonnull(strstr(got, "A         5     n/a\n"
					  "B         5       -\n"
					  "C         5   4.00!\n"));
	ck_assert_ptr_nonnull(strstr(got, "\n  nobody answers\n"));
	free(got);
}
END_TEST

START_TEST(times_keep_their_microseconds_and_what_the_engine_cannot_is_na)
{
	struct gantry_bench_row a = row("A", 1, 1), limit = row("Limit", 1, 1);
	const struct gantry_bench_row *rows[] = { &limit, &a, NULL };
	char *got;

	limit.kind = "limit";
	got = text(rows, 2);

	ck_assert_ptr_nonnull(strstr(got, "[us]     count     min     max     avg  median     p95"
					  "     p99  stddev  errors\n"
					  "run          2  1000.2  2000.0  1500.1  1500.1  1950.0"
					  "  1990.0   499.9       0\n"
					  "metrics      0     n/a     n/a     n/a     n/a     n/a"
					  "     n/a     n/a       0\n"
					  "  metrics: n/a: null cannot stats\n"));
	ck_assert_ptr_null(strstr(got, "Limit, "));
	ck_assert_ptr_nonnull(strstr(got, "A, 1 thread x 5 iterations: 5 completed, 0 failed"));
	free(got);
}
END_TEST

START_TEST(more_thread_counts_than_fit_begin_another_table)
{
	struct gantry_bench_row all[25];
	const struct gantry_bench_row *rows[26] = { 0 };
	char *got;
	int n = 0;

	for (uint32_t i = 0; i < 25; i++) {
		all[i] = row("Limit", i + 1, i + 0.5);
		rows[i] = &all[i];
	}
	got = text(rows, 25);
	for (const char *p = got; (p = strstr(p, "Iter/Thd")); p++)
		n++;
	ck_assert_int_eq(n, 3);
	ck_assert_ptr_nonnull(strstr(got, "24.50\n"));
	free(got);
}
END_TEST

Suite *report_suite(void);
Suite *report_suite(void)
{
	Suite *s = suite_create("cmd/report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, every_driver_has_a_line_of_its_own_and_every_rate_its_column);
	tcase_add_test(t, the_same_driver_twice_with_the_same_threads_is_two_lines);
	tcase_add_test(t, a_row_that_was_not_measured_shows_no_number);
	tcase_add_test(t, times_keep_their_microseconds_and_what_the_engine_cannot_is_na);
	tcase_add_test(t, more_thread_counts_than_fit_begin_another_table);
	suite_add_tcase(s, t);
	return s;
}
