/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, the clock, samples, errors, and being cut short, on the null engine. */
#include "unit/bench/plans.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

START_TEST(every_command_of_every_iteration_is_a_sample)
{
	clean_report struct gantry_bench_report *r = run_text("name: T\nimage: i\n"
		"drivers: [{type: Null, threads: 4, iterations: 50, warmup: 3}]\n"
		"commands: [run, pause, resume, stop, delete]\n");
	const struct gantry_bench_row *row = r->rows[0];
	const char *const order[] = { "prepare", "run", "pause", "resume", "stop", "delete" };
	uint64_t last = 0;

	ck_assert_uint_eq(r->n_samples, 4 * 50 * 6);
	ck_assert_uint_eq(row->completed, 200);
	ck_assert_uint_eq(row->failed, 0);
	ck_assert_uint_eq(row->threads, 4);
	ck_assert_uint_eq(row->warmup, 3);
	ck_assert_str_eq(row->label, "T:Null");
	ck_assert_str_eq(row->kind, "null");
	ck_assert_uint_gt(strlen(row->engine), 0);
	ck_assert_double_eq_tol(row->rate, 200e9 / (double)row->elapsed_ns, 1e-6);
	ck_assert_uint_le(row->elapsed_ns, row->wall_ns);
	for (size_t i = 0; i < r->n_samples; i++) {
		const struct gantry_bench_sample *s = r->samples[i];

		ck_assert_uint_eq(s->thread, i / 300);
		ck_assert_uint_eq(s->iteration, i / 6 % 50);
		ck_assert_uint_eq(s->position, i % 6);
		ck_assert_str_eq(s->step, order[i % 6]);
		ck_assert_int_eq(s->error, 0);
		ck_assert_str_eq(s->words, "");
		ck_assert_uint_ge(s->start_ns, i % 300 ? last : row->started_ns);
		ck_assert_uint_le(s->start_ns + s->took_ns, row->started_ns + row->wall_ns);
		last = s->start_ns;
	}
	ck_assert_ptr_null(r->samples[r->n_samples]);
	for (size_t i = 0; i < 6; i++) {
		const struct gantry_bench_step *s = row->steps[i];

		ck_assert_str_eq(s->name, order[i]);
		ck_assert_uint_eq(s->count, 200);
		ck_assert_uint_eq(s->errors, 0);
		ck_assert_double_le(s->min_us, s->median_us);
		ck_assert_double_le(s->median_us, s->p95_us);
		ck_assert_double_le(s->p95_us, s->p99_us);
		ck_assert_double_le(s->p99_us, s->max_us);
		ck_assert_double_eq_tol(s->median_us * 1000, (double)s->median_ns, 0.51);
	}
	ck_assert_ptr_null(row->steps[6]);
}
END_TEST

START_TEST(a_command_given_twice_keeps_every_sample)
{
	clean_report struct gantry_bench_report *r = run_text("image: i\n"
		"commands: [run, stop, run, delete]\n"
		"drivers: [{type: Null, threads: 1, iterations: 6}]\n");
	const struct gantry_bench_step *run = step_of(r->rows[0], "run");

	/* the name is taken the second time: six went well, six failed and are in no statistic */
	ck_assert_uint_eq(run->count, 6);
	ck_assert_uint_eq(run->errors, 6);
	ck_assert_uint_gt(strlen(run->words), 0);
	ck_assert_uint_eq(r->rows[0]->n_steps, 4);
	ck_assert_uint_eq(r->rows[0]->completed, 0);
	ck_assert_uint_eq(r->rows[0]->failed, 6);
	ck_assert(isnan(r->rows[0]->rate));
	ck_assert_int_eq(r->samples[3]->error, EEXIST);
	ck_assert_uint_eq(r->samples[3]->position, 3);
	ck_assert_uint_eq(r->samples[1]->position, 1);
	ck_assert_uint_gt(strlen(r->samples[3]->words), 0);
}
END_TEST

START_TEST(failures_are_counted_and_have_no_time)
{
	clean_report struct gantry_bench_report *r = run_text("image: i\n"
		"commands: [pause, run, delete]\n"
		"drivers: [{type: Null, threads: 2, iterations: 10}]\n");
	const struct gantry_bench_step *s = step_of(r->rows[0], "pause");

	ck_assert_uint_eq(s->count, 0);
	ck_assert_uint_eq(s->errors, 20);
	ck_assert(isnan(s->median_us) && isnan(s->min_us) && isnan(s->max_us));
	ck_assert(isnan(s->stddev_us));
	ck_assert_uint_eq(step_of(r->rows[0], "run")->count, 20);
	ck_assert_uint_eq(r->rows[0]->failed, 20);
	ck_assert_uint_eq(r->rows[0]->failed_threads, 0);
}
END_TEST

START_TEST(metrics_are_not_available_and_that_is_no_failure)
{
	clean_report struct gantry_bench_report *r = run_text("image: i\n"
		"commands: [run, metrics, stats, delete]\n"
		"drivers: [{type: Null, threads: 1, iterations: 5}]\n");
	const struct gantry_bench_step *s = step_of(r->rows[0], "metrics");

	ck_assert_uint_eq(s->count, 0);
	ck_assert_uint_eq(s->errors, 0);
	ck_assert_uint_eq(s->unsupported, 10);
	ck_assert(isnan(s->mean_us) && isnan(s->median_us));
	ck_assert_str_eq(s->words, "metrics of null are not supported yet");
	ck_assert_uint_eq(r->rows[0]->completed, 5);
	ck_assert_int_eq(r->samples[2]->error, ENOTSUP);
}
END_TEST

START_TEST(gaps_are_outside_the_clock_of_the_rate)
{
	clean_report struct gantry_bench_report *r = run_text("image: i\ncommands: [run, delete]\n"
		"drivers: [{type: Null, threads: 2, iterations: 4, gap_ms: 20}]\n");
	const struct gantry_bench_row *row = r->rows[0];

	ck_assert_uint_ge(row->wall_ns, 60000000);           /* three gaps, none after the last */
	ck_assert_uint_lt(row->elapsed_ns, row->wall_ns - 59000000);
	ck_assert_uint_eq(row->gap_us, 20000);
	ck_assert_double_gt(row->rate, 8e9 / (double)row->wall_ns);
}
END_TEST

START_TEST(in_the_foreground_run_lasts_as_long_as_the_command)
{
	clean_report struct gantry_bench_report *r = run_text("image: i\ndetached: false\n"
		"command: sleep 50ms\ncommands: [run, delete]\n"
		"drivers: [{type: Null, threads: 1, iterations: 2}]\n");

	ck_assert_uint_ge(step_of(r->rows[0], "run")->min_ns, 50000000);
	ck_assert_int_eq(r->detached, 0);
}
END_TEST

/* Ctrl-C while a command blocks: from another thread, by the eventfd. */
static void *cancel_soon(void *arg)
{
	uint64_t one = 1;

	usleep(100000);
	ck_assert_int_eq(write(*(int *)arg, &one, sizeof(one)), sizeof(one));
	return NULL;
}

static int run_cancelled(struct gantry_bench *b, struct gantry_op *op)
{
	int fd = eventfd(0, EFD_CLOEXEC), r;
	pthread_t t;

	op->cancel_fd = fd;
	ck_assert_int_eq(pthread_create(&t, NULL, cancel_soon, &fd), 0);
	r = gantry_bench_run(b, op);
	pthread_join(t, NULL);
	close(fd);
	return r;
}

START_TEST(cancelling_ends_a_blocked_command_and_half_an_iteration_does_not_count)
{
	clean_bench struct gantry_bench *b = bench_of("image: i\ncommand: sleep 1000\n"
		"commands: [run, wait, delete]\n"
		"drivers: [{type: Null, threads: 3, iterations: 5},\n"
		" {type: Null, threads: 1, iterations: 1}]\n");
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(run_cancelled(b, &op), -ECANCELED);
	ck_assert_uint_lt(op.elapsed_ns, 5000000000u);
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_PARTIAL);
	r = report_of(b);
	ck_assert_str_eq(gantry_bench_state_name(r->state), "partial");
	ck_assert_uint_eq(r->n_samples, 0);
	ck_assert_uint_eq(r->rows[0]->started, 1);
	ck_assert_uint_eq(r->rows[0]->completed, 0);
	ck_assert_uint_eq(r->rows[0]->failed, 0);
	ck_assert_uint_eq(r->rows[1]->started, 0);
	ck_assert_int_eq(r->rows[1]->error, 0);
}
END_TEST

START_TEST(cancelling_keeps_what_was_measured)
{
	clean_bench struct gantry_bench *b = bench_of("image: i\ncommands: [run, stop, delete]\n"
		"drivers: [{type: Null, threads: 2, iterations: 5000, gap_ms: 1}]\n");
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(run_cancelled(b, &op), -ECANCELED);
	r = report_of(b);
	ck_assert_uint_gt(r->rows[0]->completed, 2);
	ck_assert_uint_lt(r->rows[0]->completed, 2000);
	ck_assert_uint_eq(r->n_samples, r->rows[0]->completed * 4);
	ck_assert(!isnan(r->rows[0]->rate));
}
END_TEST

START_TEST(a_deadline_cuts_a_run_and_its_warm_up_short)
{
	clean_bench struct gantry_bench *b = bench_of("image: i\ncommand: sleep 1000\n"
		"commands: [run, wait]\n"
		"drivers: [{type: Null, threads: 2, iterations: 1, warmup: 1}]\n");
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	op.timeout_us = 100000;
	ck_assert_int_eq(gantry_bench_run(b, &op), -ETIMEDOUT);
	ck_assert_uint_lt(op.elapsed_ns, 5000000000u);
	r = report_of(b);
	ck_assert_int_eq(r->state, GANTRY_BENCH_PARTIAL);
	ck_assert_uint_eq(r->rows[0]->started, 0);
}
END_TEST

static pid_t main_tid;
static volatile sig_atomic_t signals, strays;

static void on_alarm(int sig)
{
	(void)sig;
	signals++;
	strays += gettid() != main_tid;
}

START_TEST(the_caller_s_signals_stay_the_caller_s)
{
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	sigset_t before, after;

	main_tid = gettid();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	{
		clean_report struct gantry_bench_report *r = run_text("image: i\n"
			"commands: [run, delete]\n"
			"drivers: [{type: Null, threads: 4, iterations: 10, gap_ms: 10}]\n");

		ck_assert_uint_eq(r->rows[0]->completed, 40);
	}
	every.it_value.tv_usec = 0;
	setitimer(ITIMER_REAL, &every, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int i = 1; i <= 64; i++)
		ck_assert_int_eq(sigismember(&before, i), sigismember(&after, i));
	ck_assert_int_gt(signals, 5);
	ck_assert_int_eq(strays, 0);
}
END_TEST

static void *bench_beside(void *arg)
{
	struct gantry_bench_report *r = run_text("image: i\ncommands: [run, stop, delete]\n"
		"drivers: [{type: Null, threads: 2, iterations: 100}]\n");

	*(uint64_t *)arg = r->rows[0]->completed;
	gantry_bench_report_free(r);
	return NULL;
}

START_TEST(two_benches_at_once_do_not_meet)
{
	uint64_t done[2] = { 0, 0 };
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, bench_beside, &done[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(done[0], 200);
	ck_assert_uint_eq(done[1], 200);
}
END_TEST

Suite *row_suite(void);
Suite *row_suite(void)
{
	Suite *s = suite_create("bench/row");
	TCase *t = tcase_create("row");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, every_command_of_every_iteration_is_a_sample);
	tcase_add_test(t, a_command_given_twice_keeps_every_sample);
	tcase_add_test(t, failures_are_counted_and_have_no_time);
	tcase_add_test(t, metrics_are_not_available_and_that_is_no_failure);
	tcase_add_test(t, gaps_are_outside_the_clock_of_the_rate);
	tcase_add_test(t, in_the_foreground_run_lasts_as_long_as_the_command);
	tcase_add_test(t, cancelling_ends_a_blocked_command_and_half_an_iteration_does_not_count);
	tcase_add_test(t, cancelling_keeps_what_was_measured);
	tcase_add_test(t, a_deadline_cuts_a_run_and_its_warm_up_short);
	tcase_add_test(t, the_caller_s_signals_stay_the_caller_s);
	tcase_add_test(t, two_benches_at_once_do_not_meet);
	suite_add_tcase(s, t);
	return s;
}
