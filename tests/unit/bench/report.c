/* SPDX-License-Identifier: Apache-2.0 */
/* A report is complete, and independent of its bench. */
#include "unit/bench/plans.h"

#include <math.h>
#include <sys/utsname.h>
#include <unistd.h>

START_TEST(a_report_has_the_plan_the_host_and_the_engines)
{
	clean_report struct gantry_bench_report *r = run_text("name: Facts\nimage: alpine:3\n"
		"rootfs: /srv/x\ncommand: [sleep, '5']\ncommands: [start, kill, erase]\n"
		"what: ever\ndrivers: [{type: null, threads: 2, iterations: 3},\n"
		" {engine: null, threads: 1, iterations: 1},\n"
		" {type: NULL, threads: 1, iterations: 1}]\n");
	struct utsname u;

	uname(&u);
	ck_assert_str_eq(r->name, "Facts");
	ck_assert_str_eq(r->file, "p.yaml");
	ck_assert_str_eq(r->image, "alpine:3");
	ck_assert_str_eq(r->rootfs, "/srv/x");
	ck_assert_str_eq(r->args[0], "sleep");
	ck_assert_str_eq(r->args[1], "5");
	ck_assert_ptr_null(r->args[2]);
	ck_assert_str_eq(r->commands[0], "run");
	ck_assert_str_eq(r->commands[1], "stop");
	ck_assert_str_eq(r->commands[2], "delete");
	ck_assert_ptr_null(r->commands[3]);
	ck_assert_str_eq(r->warnings[0], "p.yaml:6:1: unknown key what is ignored");
	ck_assert_ptr_null(r->warnings[1]);
	ck_assert_uint_eq(r->drivers, 3);
	ck_assert_uint_eq(r->max_threads, 2);
	ck_assert_int_eq(r->detached, 1);
	ck_assert_uint_gt(r->started_ns, 1600000000000000000u);
	ck_assert_uint_gt(r->elapsed_ns, 0);
	ck_assert_str_eq(r->host->kernel, u.release);
	ck_assert_str_eq(r->host->machine, u.machine);
	ck_assert_str_eq(r->host->gantry, gantry_version());
	ck_assert_uint_ge(r->host->cpus, 1);
	ck_assert_uint_gt(r->host->mem_bytes, 1u << 20);
	ck_assert(!isnan(r->host->load1) && !isnan(r->host->end_load15));
	ck_assert_str_eq(r->rows[0]->label, "Facts:Null");
	ck_assert_str_eq(r->rows[0]->type, "Null");
	ck_assert_str_eq(r->rows[0]->address, "null");
	ck_assert_str_eq(r->rows[1]->label, "Facts:null");
	ck_assert_str_eq(r->rows[2]->label, "Facts:Null#2");
	ck_assert_uint_eq(r->rows[0]->size, sizeof(*r->rows[0]));
	ck_assert_ptr_null(r->rows[3]);
}
END_TEST

START_TEST(a_report_outlives_its_bench_and_can_be_had_twice)
{
	struct gantry_bench *b = bench_of("image: i\ncommands: [pause]\n"
		"drivers: [{type: Null, threads: 1, iterations: 2}]\n");
	struct gantry_bench_report *one, *two;

	ck_assert_int_eq(gantry_bench_run(b, NULL), 0);
	one = report_of(b);
	two = report_of(b);
	gantry_bench_free(b);
	ck_assert_uint_eq(one->n_samples, two->n_samples);
	ck_assert_str_eq(one->samples[1]->words, two->samples[1]->words);
	ck_assert_int_eq(one->samples[1]->error, ENOENT);
	gantry_bench_report_freep(&one);
	ck_assert_ptr_null(one);
	ck_assert_uint_gt(strlen(two->samples[1]->words), 0);
	ck_assert_str_eq(two->samples[1]->step, "pause");
	gantry_bench_report_free(two);
}
END_TEST

START_TEST(a_report_of_nothing_is_an_error)
{
	struct gantry_bench_report *r = NULL;
	struct gantry_err err = { 0 };
	clean_bench struct gantry_bench *b = NULL;

	ck_assert_int_eq(gantry_bench_report(NULL, &r, &err), -EINVAL);
	ck_assert_int_eq(err.code, EINVAL);
	b = bench_of("commands: [run]\ndrivers: [{type: Null, threads: 1, iterations: 1}]\n");
	ck_assert_int_eq(gantry_bench_report(b, NULL, NULL), -EINVAL);
	ck_assert_ptr_null(gantry_bench_warnings(b)[0]);
	ck_assert_ptr_null(gantry_bench_warnings(NULL)[0]);
}
END_TEST

Suite *report_suite(void);
Suite *report_suite(void)
{
	Suite *s = suite_create("bench/report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, a_report_has_the_plan_the_host_and_the_engines);
	tcase_add_test(t, a_report_outlives_its_bench_and_can_be_had_twice);
	tcase_add_test(t, a_report_of_nothing_is_an_error);
	suite_add_tcase(s, t);
	return s;
}
