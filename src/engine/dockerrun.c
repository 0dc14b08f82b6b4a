/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreground run through the daemon: create, attach and the wait for its end
 * both registered before the start (a command may be over before start
 * answers), start, then carry bytes and signals until stream and wait have ended.
 *
 * What bites:
 * - podman answers a wait for removal with code 0 whatever the code was, so the
 *   code comes from the wait for the next exit, and removal is waited for apart.
 * - The caller's descriptors are his: never made non-blocking, so only what a
 *   poll has promised room for is written; and never a SIGPIPE.
 * - A wait can stay unanswered though the container is gone (moby issues 33820,
 *   41341): once the stream has ended the daemon is asked as well.
 * - A wait for removal can stay unanswered as well, and a signal be swallowed by
 *   a stuck daemon: neither is waited for without a bound of its own.
 * - When the caller's time is over the container runs on, but one that was not
 *   started yet is removed.
 */
#include "engine/docker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "engine/dockerio.h"

enum {
	UNDO_S = 10,          /* to remove what could not be started */
	SILENCE_MS = 10000,   /* of the stream after the container's end, before it is given up */
	ASK_MS = 1000,        /* after the end of the stream, then twice as long each time */
	ASK_MAX_MS = 60000,
	SIGNAL_S = 5,         /* to take a signal: output waits meanwhile */
	REMOVED_S = 5,        /* to answer the wait for removal, before the daemon is asked */
	REMOVAL_S = 30        /* from its end until an auto-removed container has to be gone */
};

struct run {
	struct docker *d;
	const struct gantry_create *what;
	const struct gantry_run *how;
	char *id;                 /* the caller's ret_id */
	struct gantry_exit *ret;
	struct gantry_exit end;
	bool attached, waited, seen_ended;
	int signal_fd;            /* the caller's; -1 once it is of no use */
	int ask_ms;
	struct http attach, wait;
	struct feed in;
	struct demux out;
};

/* ---- before the start -------------------------------------------------------------------- */

static int run_create(struct run *r, struct call *c)
{
	return docker_make(r->d, r->what, r->how, r->id, c);
}

static int run_attach(struct run *r, struct call *c)
{
	/* podman prepares the command when something attaches: it may miss it here */
	const struct docker_ask a = {
		.about = DOCKER_START, .name = r->id, .method = "POST", .takes = 101,
		.on = &r->attach, .head = true, .upgrade = true,
	};
	const struct gantry_run *how = r->how;
	int s;

	if (how->stdin_fd < 0 && how->stdout_fd < 0 && how->stderr_fd < 0)
		return 0;
	s = docker_request(r->d, &a, c,
			   "/containers/%s/attach?stream=1&stdin=%d&stdout=%d&stderr=%d", r->id,
			   how->stdin_fd >= 0, how->stdout_fd >= 0, how->stderr_fd >= 0);
	r->attached = s >= 0;
	return s < 0 ? s : 0;
}

static int register_wait(struct run *r, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_CONTAINER, .name = r->id, .method = "POST", .takes = 200,
		.on = &r->wait, .head = true, .max = 64 << 10,
	};
	int s = docker_request(r->d, &a, c, "/containers/%s/wait%s", r->id,
			       r->d->minor >= DOCKER_WAIT_NEXT ? "?condition=next-exit" : "");

	return s < 0 ? s : 0;
}

/* Before API 1.30 a wait before the start would be answered at once. */
static int run_wait(struct run *r, struct call *c)
{
	return r->d->minor >= DOCKER_WAIT_NEXT ? register_wait(r, c) : 0;
}

static int run_start(struct run *r, struct call *c)
{
	int s = docker_post(r->d, DOCKER_START, r->id, c, "start");

	return s < 0 ? s : 0;
}

static void undo_create(struct run *r, struct call *c)
{
	struct call u;
	int s;

	if (call_begin(&u, NULL, c->logger) < 0)
		return;
	u.deadline_ns = clock_mono() + UNDO_S * 1000000000ull;
	u.step = "remove what could not be started";
	s = docker_remove(r->d, r->id, &u);
	if (s < 0)
		call_log(c, GANTRY_LOG_WARN, "container %s is left behind: %s", r->id, u.err->msg);
}

/* ---- while it runs ----------------------------------------------------------------------- */

/* What a program gets from its terminal or kernel for itself is not meant for the container. */
static bool is_passed(uint32_t sig)
{
	switch (sig) {
	case SIGCHLD: case SIGPIPE: case SIGURG: case SIGWINCH: case SIGTTIN: case SIGTTOU:
		return false;
	default:
		return sig >= 1 && sig <= 64;
	}
}

/* Brings the deadline nearer. Returns the old one, which is to be put back. */
static uint64_t within(struct call *c, unsigned s)
{
	uint64_t old = c->deadline_ns, until = clock_mono() + s * 1000000000ull;

	if (until < old)
		c->deadline_ns = until;
	return old;
}

/* Puts the deadline back. -ETIME, without words, where -ETIMEDOUT was not the caller's. */
static int beyond(struct call *c, uint64_t old, int s)
{
	bool ours = c->deadline_ns < old;

	c->deadline_ns = old;
	return s == -ETIMEDOUT && ours ? -ETIME : s;
}

static int pass_signal(struct run *r, struct call *c)
{
	struct signalfd_siginfo s;
	uint64_t deadline;
	ssize_t n = read(r->signal_fd, &s, sizeof(s));
	int k;

	if (n != sizeof(s) && (n >= 0 || (errno != EAGAIN && errno != EINTR)))
		r->signal_fd = -1; /* no signalfd, or not open */
	if (n != sizeof(s) || !is_passed(s.ssi_signo))
		return 0;
	deadline = within(c, SIGNAL_S);
	k = docker_post(r->d, DOCKER_CONTAINER, r->id, c, "kill?signal=%u", s.ssi_signo);
	k = beyond(c, deadline, k);
	if (k == -EBUSY || k == -ENOENT)
		return 0; /* it has ended meanwhile */
	if (k == -EINVAL || k == -ETIME) {
		call_log(c, GANTRY_LOG_WARN, "signal %u is not passed: %s", s.ssi_signo,
			 c->err->msg);
		return 0;
	}
	return k < 0 ? k : 0;
}

static int step_wait(struct run *r, struct call *c)
{
	int s = http_step(&r->wait, c);

	if (s <= 0)
		return s;
	r->waited = true;
	feed_stop(&r->in);
	return docker_waited(&r->wait, &r->end, c);
}

/*
 * The stream is over and no wait has answered: has the daemon forgotten to? It
 * has to be seen ended twice, because dockerd answers this question and the wait
 * in the same moment: it holds the container's lock until its log is written.
 */
static int ask_for_end(struct run *r, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int s = docker_inspect(r->d, r->id, &doc, &v, c);

	r->ask_ms = r->ask_ms < ASK_MAX_MS / 2 ? r->ask_ms * 2 : ASK_MAX_MS;
	if (s < 0 && s != -ENOENT)
		return s;
	if (s == 0 && v.k.state != GANTRY_STATE_STOPPED && v.k.state != GANTRY_STATE_DEAD)
		return 0;
	if (!r->seen_ended) {
		r->seen_ended = true;
		r->ask_ms = ASK_MS;
		return 0;
	}
	if (s == 0) {
		r->end.code = v.k.exit_code;
		r->end.signal = v.k.exit_signal;
	}
	call_log(c, GANTRY_LOG_WARN, "the wait for container %s was never answered", r->id);
	r->waited = true;
	return 0;
}

/* Nothing has happened for as long as is worth waiting. */
static int idle(struct run *r, struct call *c)
{
	if (!r->waited)
		return ask_for_end(r, c);
	if (!demux_blocked(&r->out)) {
		call_log(c, GANTRY_LOG_WARN, "container %s has ended, its stream has not", r->id);
		r->attached = false;
	}
	return 0;
}

enum { AT_ATTACH, AT_WAIT, AT_STDIN, AT_SIGNAL, AT_STDOUT, AT_STDERR, AT_ALL };

/* What there is to wait for. Returns the longest time to do so, in ms; -1 for ever. */
static int interests(const struct run *r, struct pollfd p[AT_ALL])
{
	bool room = r->attached && !demux_blocked(&r->out), bytes = r->attached && feed_has(&r->in);

	for (int i = 0; i < AT_ALL; i++)
		p[i] = (struct pollfd){ -1, POLLIN, 0 };
	p[AT_ATTACH].events = (short)((room ? POLLIN : 0) | (bytes ? POLLOUT : 0));
	p[AT_ATTACH].fd = room || bytes ? r->attach.fd : -1;
	p[AT_WAIT].fd = r->waited ? -1 : r->wait.fd;
	p[AT_STDIN].fd = r->attached && feed_wants(&r->in) ? r->in.fd : -1;
	p[AT_SIGNAL].fd = r->waited ? -1 : r->signal_fd;
	p[AT_STDOUT].fd = demux_waits_for(&r->out, 0);
	p[AT_STDERR].fd = demux_waits_for(&r->out, 1);
	p[AT_STDOUT].events = p[AT_STDERR].events = POLLOUT;
	if (room && http_raw_early(&r->attach))
		return 0;
	return r->waited ? SILENCE_MS : !r->attached ? r->ask_ms : -1;
}

static int turn(struct run *r, const struct pollfd p[AT_ALL], struct call *c)
{
	int s = 0;

	for (int i = 0; i < 2; i++)
		if (p[AT_STDOUT + i].revents)
			demux_ready(&r->out, i);
	if (p[AT_SIGNAL].revents)
		s = pass_signal(r, c);
	if (s == 0 && p[AT_WAIT].revents)
		s = step_wait(r, c);
	if (p[AT_STDIN].revents)
		feed_read(&r->in, c);
	if (r->attached && feed_has(&r->in))
		feed_write(&r->in, &r->attach);
	if (s == 0 && r->attached) {
		s = demux_step(&r->out, &r->attach, c);
		r->attached = s == 0;
		s = s > 0 ? 0 : s;
	}
	if (s == 0 && demux_unread(&r->out) >= 0)
		return err_set(c->err, EIO,
			       "nobody reads the %s of container %.64s any more: it runs on",
			       demux_unread(&r->out) ? "stderr" : "stdout", r->id);
	return s;
}

static int run_carry(struct run *r, struct call *c)
{
	int s = r->d->minor >= DOCKER_WAIT_NEXT ? 0 : register_wait(r, c);

	if (s == 0)
		s = step_wait(r, c); /* an answer may have come whole with its head */
	while (s == 0 && (r->attached || !r->waited)) {
		struct pollfd p[AT_ALL];
		int ms = interests(r, p);

		s = call_poll(c, p, AT_ALL, ms);
		if (s == 0 && ms > 0)
			s = idle(r, c);
		else if (s >= 0)
			s = turn(r, p, c);
	}
	return s;
}

/* ---- after its end ----------------------------------------------------------------------- */

/* Saves asking again and again, where it is answered. */
static int wait_for_removal(struct run *r, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_CONTAINER, .name = r->id, .method = "POST", .takes = 200,
	};
	uint64_t deadline = within(c, REMOVED_S);
	int s = docker_request(r->d, &a, c, "/containers/%s/wait?condition=removed", r->id);

	s = beyond(c, deadline, s);
	return s == -ETIME ? 0 : s;
}

static int await_removal(struct run *r, struct call *c)
{
	uint64_t until = clock_mono() + REMOVAL_S * 1000000000ull;
	int s = r->d->minor >= DOCKER_WAIT_NEXT ? wait_for_removal(r, c) : 0;

	for (uint64_t us = 1000; s >= 0; us = us < 50000 ? us * 2 : us) {
		clean_json struct json_doc doc = { 0 };
		clean_docker_view struct docker_view v = { 0 };
		uint64_t deadline;

		deadline = within(c, REMOVED_S);
		s = beyond(c, deadline, docker_inspect(r->d, r->id, &doc, &v, c));
		if ((s == 0 && clock_mono() > until) || s == -ETIME) {
			/* no reason to keep its exit code back */
			call_log(c, GANTRY_LOG_WARN, "container %s has ended, but is not removed",
				 r->id);
			return 0;
		}
		if (s == 0)
			s = call_sleep(c, us);
	}
	return s == -ENOENT ? 0 : s;
}

static int run_end(struct run *r, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int s;

	*r->ret = r->end; /* whatever comes of the rest, this is known */
	if (r->what->flags & GANTRY_CREATE_AUTO_REMOVE)
		return await_removal(r, c);
	s = docker_inspect(r->d, r->id, &doc, &v, c);
	if (s == 0)
		docker_exit_more(&v, &r->end);
	return s == -ENOENT ? 0 : s; /* somebody has removed it: the code is known all the same */
}

static const struct {
	const char *name;
	int (*step)(struct run *r, struct call *c);
	bool undo; /* when it fails the container has not been started and is removed */
} steps[] = {
	{ "create", run_create, false },
	{ "attach", run_attach, true },
	{ "wait", run_wait, true },
	{ "start", run_start, true },
	{ "run", run_carry, false },
	{ "wait for what is left", run_end, false },
};

static int run_steps(struct run *r, struct call *c)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int s;

		c->step = steps[i].name;
		s = steps[i].step(r, c);
		if (s < 0 && steps[i].undo)
			undo_create(r, c);
		if (s < 0)
			return s;
	}
	*r->ret = r->end;
	return demux_result(&r->out, c);
}

int docker_run(struct gantry_engine *e, const struct gantry_create *what,
	       const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE], struct gantry_exit *ret,
	       struct call *c)
{
	clean_free struct run *r = calloc(1, sizeof(*r)); /* too much for a small stack */
	int s;

	if (!r)
		return err_set(c->err, ENOMEM, "out of memory");
	r->d = docker_of(e);
	r->what = what;
	r->how = how;
	r->id = ret_id;
	r->ret = ret;
	r->end = (struct gantry_exit)GANTRY_EXIT_INIT;
	r->signal_fd = how->signal_fd;
	r->ask_ms = ASK_MS;
	http_init(&r->attach, e->path);
	http_init(&r->wait, e->path);
	feed_init(&r->in, how->stdin_fd);
	demux_init(&r->out, how->stdout_fd, how->stderr_fd);
	s = run_steps(r, c);
	http_close(&r->attach);
	http_close(&r->wait);
	return s;
}
