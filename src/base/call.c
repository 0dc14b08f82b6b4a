/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call's clock and its way out. Time is CLOCK_MONOTONIC, in nanoseconds.
 *
 * What bites: the cancel eventfd is only looked at, never read, so that it
 * stops every step of a composite and every thread that shares it. The words
 * of a failure are kept in the call and copied to the caller's op at its end:
 * an inner failure that was overcome leaves no trace in a call that succeeds.
 */
#include "base/call.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/sized.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* Whether the caller's struct, which may be an older one, reaches over `field`. */
#define REACHES(op, field) \
	((op)->size >= offsetof(struct gantry_op, field) + sizeof((op)->field))

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int call_begin(struct call *c, struct gantry_op *op, const struct logger *logger)
{
	struct gantry_op in = GANTRY_OP_INIT;
	int r;

	memset(c, 0, sizeof(*c));
	c->err = &c->spare;
	c->logger = logger;
	c->start_ns = clock_mono();
	c->deadline_ns = UINT64_MAX;
	c->cancel_fd = -1;
	if (!op)
		return 0;
	r = sized_copy(&in, sizeof(in), op);
	if (r == -E2BIG)
		r = err_set(c->err, E2BIG, "struct gantry_op has fields unknown to this library");
	else if (r < 0)
		r = err_set(c->err, EINVAL, "struct gantry_op: start from GANTRY_OP_INIT");
	else if (in.reserved)
		r = err_set(c->err, EINVAL, "struct gantry_op: reserved must be 0");
	if (r < 0) {
		if (REACHES(op, err))
			op->err = *c->err;
		return r;
	}
	if (in.timeout_us)
		c->deadline_ns = in.timeout_us > UINT64_MAX / 1000 ? UINT64_MAX
				 : add_sat(c->start_ns, in.timeout_us * 1000);
	c->cancel_fd = in.cancel_fd < 0 ? -1 : in.cancel_fd;
	return 0;
}

int call_end(struct call *c, struct gantry_op *op, int r)
{
	/* Words of another failure than this one would mislead: say at least what r means. */
	if (r < 0 && c->err->code != -r)
		err_num(c->err, r, "%s", c->step ? c->step : "call failed");
	if (!op)
		return r;
	if (REACHES(op, elapsed_ns))
		op->elapsed_ns = clock_mono() - c->start_ns;
	if (r < 0 && REACHES(op, err) && &op->err != c->err)
		op->err = *c->err;
	return r;
}

/* "1.5 s", "20 ms", "7 us": no floating point, whose comma depends on the locale. */
static void took(char *dst, size_t size, uint64_t ns)
{
	if (ns >= 1000000000u)
		snprintf(dst, size, "%llu.%u s", (unsigned long long)(ns / 1000000000u),
			 (unsigned)(ns % 1000000000u / 100000000u));
	else if (ns >= 1000000u)
		snprintf(dst, size, "%u ms", (unsigned)(ns / 1000000u));
	else
		snprintf(dst, size, "%u us", (unsigned)(ns / 1000u));
}

static int cut_short(struct call *c, int code, uint64_t now)
{
	char after[40];

	took(after, sizeof(after), now - c->start_ns);
	return err_set(c->err, code, "%s%s%s after %s",
		       code == ETIMEDOUT ? "timed out" : "cancelled", c->step ? " during " : "",
		       c->step ? c->step : "", after);
}

/* Waits until `until_ns` at most. 0 when it is reached or a signal came, else ready fds. */
static int wait_once(struct pollfd *fds, nfds_t n, uint64_t now, uint64_t until_ns)
{
	struct timespec ts, *t = NULL;
	uint64_t left = until_ns > now ? until_ns - now : 0;
	int r;

	if (until_ns != UINT64_MAX) {
		ts.tv_sec = (time_t)(left / 1000000000u);
		ts.tv_nsec = (long)(left % 1000000000u);
		t = &ts;
	}
	r = ppoll(fds, n, t, NULL);
	return r < 0 && errno == EINTR ? 0 : r < 0 ? -errno : r;
}

/* `all` has the caller's n fds and behind them, where the call has one, the cancel fd. */
static int poll_until(struct call *c, struct pollfd *all, unsigned n, uint64_t until_ns)
{
	nfds_t with = (nfds_t)n + (c->cancel_fd >= 0);

	for (;;) {
		uint64_t end = until_ns < c->deadline_ns ? until_ns : c->deadline_ns;
		uint64_t now = clock_mono();
		bool over = now >= c->deadline_ns;
		int r = wait_once(all, with, now, over ? 0 : end);

		if (r < 0)
			return err_num(c->err, r, "%s", c->step ? c->step : "poll");
		if (r > 0 && with > n && all[n].revents) {
			if (all[n].revents & POLLNVAL)
				return err_set(c->err, EBADF, "cancel_fd %d is not open",
					       c->cancel_fd);
			return cut_short(c, ECANCELED, clock_mono());
		}
		if (over)
			return cut_short(c, ETIMEDOUT, now);
		if (r > 0)
			return r;
		if (clock_mono() >= until_ns)
			return 0;
	}
}

static int call_wait(struct call *c, struct pollfd *fds, unsigned n, uint64_t until_ns)
{
	struct pollfd few[16];
	clean_free struct pollfd *many = NULL;
	struct pollfd *all = few;
	int r;

	if (n >= sizeof(few) / sizeof(few[0])) {
		all = many = calloc((size_t)n + 1, sizeof(*many));
		if (!many)
			return err_num(c->err, -ENOMEM, "%s", c->step ? c->step : "poll");
	}
	if (n)
		memcpy(all, fds, n * sizeof(*fds));
	all[n] = (struct pollfd){ .fd = c->cancel_fd, .events = POLLIN };
	r = poll_until(c, all, n, until_ns);
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = r > 0 ? all[i].revents : 0;
	return r;
}

int call_poll(struct call *c, struct pollfd *fds, unsigned n, int max_ms)
{
	uint64_t until = UINT64_MAX;

	if (max_ms >= 0)
		until = add_sat(clock_mono(), (uint64_t)max_ms * 1000000u);
	return call_wait(c, fds, n, until);
}

int call_check(struct call *c)
{
	/* The usual case, asked between small steps, costs no system call. */
	if (c->cancel_fd < 0 && c->deadline_ns == UINT64_MAX)
		return 0;
	return call_wait(c, NULL, 0, 0);
}

int call_sleep(struct call *c, uint64_t us)
{
	uint64_t ns = us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;

	return call_wait(c, NULL, 0, add_sat(clock_mono(), ns));
}

int call_left_ms(const struct call *c)
{
	uint64_t now, ms;

	if (c->deadline_ns == UINT64_MAX)
		return -1;
	now = clock_mono();
	if (now >= c->deadline_ns)
		return 0;
	ms = (c->deadline_ns - now + 999999u) / 1000000u;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

int call_logs(const struct call *c, int level)
{
	return c->logger && c->logger->log && level <= c->logger->level;
}

void call_log(const struct call *c, int level, const char *fmt, ...)
{
	struct gantry_log rec = { .size = sizeof(rec), .level = level };
	clean_free char *big = NULL;
	int keep = errno, n;
	char text[512];
	va_list ap;

	if (!call_logs(c, level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text) && (big = malloc((size_t)n + 1))) {
		va_start(ap, fmt);
		vsnprintf(big, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	rec.engine = c->logger->engine ? c->logger->engine : "";
	rec.step = c->step ? c->step : "";
	rec.text = big ? big : text;
	c->logger->log(&rec, c->logger->arg);
	errno = keep;
}
