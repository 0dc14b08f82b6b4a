/* SPDX-License-Identifier: Apache-2.0 */
/* The Limit benchmark, also in a host that ignores its children. */
#include "unit/bench/plans.h"

#include <signal.h>

static struct gantry_bench *with_limit(uint64_t iterations)
{
	struct gantry_bench_options o = options_of("image: i\ncommands: [run, delete]\n"
		"drivers: [{type: Null, threads: 1, iterations: 1}]\n");
	struct gantry_bench *b = NULL;

	o.flags = 0;
	o.limit_iterations = iterations;
	ck_assert_int_eq(gantry_bench_new(&o, &b, NULL), 0);
	return b;
}

START_TEST(limit_has_a_row_for_each_of_one_to_ten_threads)
{
	clean_bench struct gantry_bench *b = with_limit(4);
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	signal(SIGCHLD, SIG_IGN);
	ck_assert_msg(gantry_bench_run(b, &op) == 0, "%s", op.err.msg);
	r = report_of(b);
	ck_assert_uint_eq(r->n_rows, 11);
	ck_assert_uint_eq(r->max_threads, 10);
	ck_assert_uint_eq(r->n_samples, 55 * 4 * 2 + 3);
	for (unsigned i = 0; i < 10; i++) {
		const struct gantry_bench_row *row = r->rows[i];

		ck_assert_str_eq(row->label, "Limit");
		ck_assert_str_eq(row->kind, "limit");
		ck_assert_uint_eq(row->threads, i + 1);
		ck_assert_uint_eq(row->iterations, 4);
		ck_assert_uint_eq(row->completed, (i + 1) * 4);
		ck_assert_uint_eq(row->n_steps, 2);
		ck_assert_uint_eq(step_of(row, "spawn")->count, (i + 1) * 4);
		ck_assert_uint_eq(step_of(row, "null")->count, (i + 1) * 4);
		/* a program takes longer than the null engine, and has CPU of its own */
		ck_assert_double_gt(step_of(row, "spawn")->median_us,
				    step_of(row, "null")->median_us);
		ck_assert_uint_gt(row->child_user_ns + row->child_system_ns, 0);
		ck_assert_double_gt(row->rate, 0);
	}
	ck_assert_str_eq(r->rows[10]->label, "Custom:Null");
	ck_assert_uint_eq(r->samples[r->n_samples - 1]->row, 10);
}
END_TEST

START_TEST(limit_has_a_thousand_iterations_unless_told_otherwise_and_can_be_skipped)
{
	clean_bench struct gantry_bench *b = with_limit(0), *skips = NULL;
	clean_report struct gantry_bench_report *r = report_of(b), *without = NULL;

	ck_assert_uint_eq(r->rows[0]->iterations, 1000);
	skips = bench_of("commands: [run]\ndrivers: [{type: Null, threads: 1, iterations: 1}]\n");
	without = report_of(skips);
	ck_assert_uint_eq(without->n_rows, 1);
}
END_TEST

START_TEST(limit_without_the_program_says_so_and_the_drivers_still_run)
{
	clean_bench struct gantry_bench *b = with_limit(2);
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	setenv("PATH", "/nowhere", 1);
	ck_assert_int_eq(gantry_bench_run(b, &op), -ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "Limit: Limit starts the program true"));
	r = report_of(b);
	ck_assert_int_eq(r->rows[9]->error, ENOENT);
	ck_assert_uint_eq(r->rows[10]->completed, 1);
}
END_TEST

Suite *limit_suite(void);
Suite *limit_suite(void)
{
	Suite *s = suite_create("bench/limit");
	TCase *t = tcase_create("limit");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, limit_has_a_row_for_each_of_one_to_ten_threads);
	tcase_add_test(t, limit_has_a_thousand_iterations_unless_told_otherwise_and_can_be_skipped);
	tcase_add_test(t, limit_without_the_program_says_so_and_the_drivers_still_run);
	suite_add_tcase(s, t);
	return s;
}
