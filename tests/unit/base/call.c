/* SPDX-License-Identifier: Apache-2.0 */
#include "base/call.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

static struct gantry_op op;
static struct call call;
static int cancel = -1;

static void setup(void)
{
	op = (struct gantry_op)GANTRY_OP_INIT;
	cancel = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_ge(cancel, 0);
}

static void teardown(void)
{
	close(cancel);
}

static void begin(uint64_t timeout_us)
{
	op.timeout_us = timeout_us;
	ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
	call.step = "create";
}

static void *cancel_soon(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	usleep(30000);
	ck_assert_int_eq(write(cancel, &one, sizeof(one)), sizeof(one));
	return NULL;
}

START_TEST(without_an_op_a_call_has_no_limit_and_a_place_for_words)
{
	ck_assert_int_eq(call_begin(&call, NULL, NULL), 0);
	ck_assert_ptr_nonnull(call.err);
	ck_assert_int_eq(call_left_ms(&call), -1);
	ck_assert_int_eq(call_check(&call), 0);
	ck_assert_int_eq(call_sleep(&call, 1000), 0);
	ck_assert_int_eq(err_set(call.err, EIO, "words"), -EIO);
	ck_assert_int_eq(call_end(&call, NULL, -EIO), -EIO);
}
END_TEST

START_TEST(a_call_that_is_overdue_says_in_which_step_and_after_how_long)
{
	uint64_t t = clock_mono();
	int r;

	begin(50000);
	ck_assert_int_gt(call_left_ms(&call), 0);
	ck_assert_int_le(call_left_ms(&call), 50);
	r = call_end(&call, &op, call_sleep(&call, 10000000));
	t = clock_mono() - t;
	ck_assert_int_eq(r, -ETIMEDOUT);
	ck_assert_int_eq(op.err.code, ETIMEDOUT);
	ck_assert_ptr_nonnull(str_after(op.err.msg, "timed out during create after "));
	ck_assert_ptr_nonnull(strstr(op.err.msg, " ms"));
	ck_assert_uint_ge(t, 50000000);
	ck_assert_uint_lt(t, 2000000000);
	ck_assert_int_eq(call_left_ms(&call), 0);
	ck_assert_int_eq(call_check(&call), -ETIMEDOUT);
}
END_TEST

START_TEST(seconds_are_told_with_one_decimal)
{
	begin(1);
	call.start_ns -= 1560000000u;
	ck_assert_int_eq(call_sleep(&call, 1000), -ETIMEDOUT);
	ck_assert_str_eq(call.err->msg, "timed out during create after 1.5 s");
	call.step = NULL;
	ck_assert_int_eq(call_check(&call), -ETIMEDOUT);
	ck_assert_str_eq(call.err->msg, "timed out after 1.5 s");
}
END_TEST

START_TEST(another_thread_cancels_and_the_eventfd_stays_readable)
{
	pthread_t thread;
	uint64_t t = clock_mono(), n;

	op.cancel_fd = cancel;
	begin(10000000);
	pthread_create(&thread, NULL, cancel_soon, NULL);
	ck_assert_int_eq(call_end(&call, &op, call_sleep(&call, 20000000)), -ECANCELED);
	ck_assert_uint_lt(clock_mono() - t, 2000000000);
	pthread_join(thread, NULL);
	ck_assert_ptr_nonnull(str_after(op.err.msg, "cancelled during create after "));
	ck_assert_uint_gt(op.elapsed_ns, 20000000);
	/* Every other step and thread that looks at it is stopped too. */
	ck_assert_int_eq(call_check(&call), -ECANCELED);
	ck_assert_int_eq(call_poll(&call, NULL, 0, 0), -ECANCELED);
	ck_assert_int_eq(read(cancel, &n, sizeof(n)), sizeof(n));
	ck_assert_int_eq(call_check(&call), 0);
}
END_TEST

START_TEST(cancelling_wins_over_fds_that_are_ready)
{
	uint64_t one = 1;
	int ready = eventfd(1, EFD_CLOEXEC);
	struct pollfd p = { .fd = ready, .events = POLLIN };

	op.cancel_fd = cancel;
	begin(0);
	ck_assert_int_eq(call_poll(&call, &p, 1, -1), 1);
	ck_assert_int_eq(p.revents, POLLIN);
	ck_assert_int_eq(write(cancel, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(call_poll(&call, &p, 1, -1), -ECANCELED);
	ck_assert_int_eq(p.revents, 0);
	close(ready);
}
END_TEST

START_TEST(a_stream_that_is_always_ready_does_not_outrun_the_deadline)
{
	int ready = eventfd(1, EFD_CLOEXEC), r;
	struct pollfd p = { .fd = ready, .events = POLLIN };

	begin(20000);
	do
		r = call_poll(&call, &p, 1, -1);
	while (r == 1);
	ck_assert_int_eq(r, -ETIMEDOUT);
	close(ready);
}
END_TEST

START_TEST(one_wait_may_be_shorter_than_the_call)
{
	struct pollfd p = { .fd = cancel, .events = POLLIN, .revents = 7 };
	uint64_t t = clock_mono();

	begin(10000000);
	ck_assert_int_eq(call_poll(&call, &p, 1, 20), 0);
	ck_assert_int_eq(p.revents, 0);
	ck_assert_uint_ge(clock_mono() - t, 20000000);
	ck_assert_uint_lt(clock_mono() - t, 5000000000);
	ck_assert_int_eq(call_poll(&call, NULL, 0, 0), 0);
	ck_assert_int_eq(call_poll(&call, NULL, 0, 1), 0);
}
END_TEST

START_TEST(many_fds_are_waited_for_as_few_are)
{
	struct pollfd p[100];
	int ready = eventfd(1, EFD_CLOEXEC);

	op.cancel_fd = cancel;
	for (unsigned n = 1; n <= 100; n++) {
		begin(1000000);
		for (unsigned i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		p[n - 1].fd = ready;
		ck_assert_int_eq(call_poll(&call, p, n, -1), 1);
		ck_assert_int_eq(p[n - 1].revents, POLLIN);
	}
	close(ready);
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(signals_do_not_end_a_wait)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	uint64_t t = clock_mono();

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	begin(0);
	ck_assert_int_eq(call_sleep(&call, 60000), 0);
	ck_assert_uint_ge(clock_mono() - t, 60000000);
	ck_assert_int_eq(call_poll(&call, NULL, 0, 20), 0);
	ck_assert_uint_ge(clock_mono() - t, 80000000);
	setitimer(ITIMER_REAL, &never, NULL);
}
END_TEST

START_TEST(a_cancel_fd_that_is_closed_is_an_error_and_no_busy_loop)
{
	op.cancel_fd = dup(cancel);
	begin(0);
	close(op.cancel_fd);
	ck_assert_int_eq(call_sleep(&call, 1000000), -EBADF);
}
END_TEST

START_TEST(ops_of_other_versions_follow_the_size_first_rule)
{
	struct {
		struct gantry_op op;
		long more;
	} newer = { GANTRY_OP_INIT, 0 };

	newer.op.size = sizeof(newer);
	ck_assert_int_eq(call_begin(&call, &newer.op, NULL), 0);
	newer.more = 1;
	ck_assert_int_eq(call_begin(&call, &newer.op, NULL), -E2BIG);
	ck_assert_int_eq(newer.op.err.code, E2BIG);
	ck_assert_ptr_nonnull(call.err);

	op.size = 0;
	ck_assert_int_eq(call_begin(&call, &op, NULL), -EINVAL);
	ck_assert_int_eq(call_end(&call, &op, -EINVAL), -EINVAL);
	ck_assert_uint_eq(op.elapsed_ns, 0);

	/* An old one that ends behind the timeout: nothing is read or written beyond. */
	op.size = offsetof(struct gantry_op, cancel_fd);
	op.cancel_fd = cancel;
	op.timeout_us = 1000;
	ck_assert_int_eq(call_begin(&call, &op, NULL), 0);
	ck_assert_int_eq(call.cancel_fd, -1);
	ck_assert_int_eq(call_end(&call, &op, call_sleep(&call, 1000000)), -ETIMEDOUT);
	ck_assert_uint_eq(op.elapsed_ns, 0);
	ck_assert_int_eq(op.err.code, 0);

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.reserved = 1;
	ck_assert_int_eq(call_begin(&call, &op, NULL), -EINVAL);
	ck_assert_int_eq(op.err.code, EINVAL);
}
END_TEST

START_TEST(the_end_tells_the_time_and_the_words_of_the_very_failure)
{
	begin(0);
	usleep(2000);
	ck_assert_int_eq(call_end(&call, &op, 5), 5);
	ck_assert_uint_ge(op.elapsed_ns, 2000000);

	/* Overcome inside: a call that succeeds leaves the words alone. */
	begin(0);
	err_set(call.err, ENOENT, "not there, so it is made");
	ck_assert_int_eq(call_end(&call, &op, 0), 0);
	ck_assert_int_eq(op.err.code, 0);

	/* Those words are not the ones of another failure. */
	begin(0);
	err_set(call.err, ENOENT, "not there, so it is made");
	ck_assert_int_eq(call_end(&call, &op, -EROFS), -EROFS);
	ck_assert_int_eq(op.err.code, EROFS);
	ck_assert_str_eq(op.err.msg, "create: read-only file system");

	begin(0);
	err_set(call.err, EBUSY, "c1 is running");
	ck_assert_int_eq(call_end(&call, &op, -EBUSY), -EBUSY);
	ck_assert_str_eq(op.err.msg, "c1 is running");
}
END_TEST

START_TEST(the_longest_timeout_is_no_overflow)
{
	begin(UINT64_MAX);
	ck_assert_int_eq(call_check(&call), 0);
	ck_assert_int_eq(call_left_ms(&call), -1);
	begin(UINT64_MAX / 1000);
	ck_assert_int_eq(call_check(&call), 0);
	begin(UINT64_MAX / 2000);
	ck_assert_int_eq(call_left_ms(&call), INT32_MAX);
}
END_TEST

struct heard {
	int n, level;
	char engine[16], step[16], text[2048];
};

static void hear(const struct gantry_log *rec, void *arg)
{
	struct heard *h = arg;

	h->n++;
	h->level = rec->level;
	ck_assert_uint_eq(rec->size, sizeof(*rec));
	snprintf(h->engine, sizeof(h->engine), "%s", rec->engine);
	snprintf(h->step, sizeof(h->step), "%s", rec->step);
	snprintf(h->text, sizeof(h->text), "%s", rec->text);
	errno = EILSEQ;
}

START_TEST(the_log_hears_what_it_asked_for_unshortened)
{
	struct heard h = { 0 };
	struct logger l = { hear, &h, "docker", GANTRY_LOG_INFO };
	char text[1500];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(call_begin(&call, NULL, &l), 0);
	call.step = "attach";
	errno = EBUSY;
	call_log(&call, GANTRY_LOG_INFO, "%s!", text);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(h.n, 1);
	ck_assert_str_eq(h.engine, "docker");
	ck_assert_str_eq(h.step, "attach");
	ck_assert_uint_eq(strlen(h.text), sizeof(text));
	call_log(&call, GANTRY_LOG_DEBUG, "not this");
	ck_assert_int_eq(h.n, 1);
	ck_assert(!call_logs(&call, GANTRY_LOG_DEBUG));
	ck_assert(call_logs(&call, GANTRY_LOG_ERROR));

	l = (struct logger){ hear, &h, NULL, GANTRY_LOG_ERROR };
	call.step = NULL;
	call_log(&call, GANTRY_LOG_ERROR, "bare");
	ck_assert_str_eq(h.engine, "");
	ck_assert_str_eq(h.step, "");
	call.logger = NULL;
	call_log(&call, GANTRY_LOG_ERROR, "nobody");
	l.log = NULL;
	call.logger = &l;
	call_log(&call, GANTRY_LOG_ERROR, "nobody");
	ck_assert_int_eq(h.n, 2);
}
END_TEST

Suite *call_suite(void);

Suite *call_suite(void)
{
	Suite *s = suite_create("base/call");
	TCase *t = tcase_create("call");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, without_an_op_a_call_has_no_limit_and_a_place_for_words);
	tcase_add_test(t, a_call_that_is_overdue_says_in_which_step_and_after_how_long);
	tcase_add_test(t, seconds_are_told_with_one_decimal);
	tcase_add_test(t, another_thread_cancels_and_the_eventfd_stays_readable);
	tcase_add_test(t, cancelling_wins_over_fds_that_are_ready);
	tcase_add_test(t, a_stream_that_is_always_ready_does_not_outrun_the_deadline);
	tcase_add_test(t, one_wait_may_be_shorter_than_the_call);
	tcase_add_test(t, many_fds_are_waited_for_as_few_are);
	tcase_add_test(t, signals_do_not_end_a_wait);
	tcase_add_test(t, a_cancel_fd_that_is_closed_is_an_error_and_no_busy_loop);
	tcase_add_test(t, ops_of_other_versions_follow_the_size_first_rule);
	tcase_add_test(t, the_end_tells_the_time_and_the_words_of_the_very_failure);
	tcase_add_test(t, the_longest_timeout_is_no_overflow);
	tcase_add_test(t, the_log_hears_what_it_asked_for_unshortened);
	suite_add_tcase(s, t);
	return s;
}
