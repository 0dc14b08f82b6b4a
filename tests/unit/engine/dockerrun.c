/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The docker engine's foreground run: against a fake daemon for broken streams
 * and lost waits, and against the real ones at $DOCKER_HOST and $CONTAINER_HOST
 * for what it has to carry.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/engine/dockerfake.h"

/* ---- the foreground run, faked --------------------------------------------- */

/* A stream's bytes behind the upgrade. */
struct stream {
	char bytes[70000];
	size_t len;
};

static void begin_stream(struct stream *s)
{
	s->len = strlen(UPGRADE);
	memcpy(s->bytes, UPGRADE, s->len);
}

static void add_frame(struct stream *s, int which, const char *text, size_t len)
{
	const unsigned char head[8] = {
		(unsigned char)which,
		0,
		0,
		0,
		(unsigned char)(len >> 24),
		(unsigned char)(len >> 16),
		(unsigned char)(len >> 8),
		(unsigned char)len,
	};

	memcpy(s->bytes + s->len, head, 8);
	memcpy(s->bytes + s->len + 8, text, len);
	s->len += 8 + len;
}

static int memory_file(void)
{
	int fd = memfd_create("out", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void holds(int fd, const char *text)
{
	char buf[70000];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
	close(fd);
}

static int run_with(struct gantry_engine *e, int in, int out, int err, struct gantry_exit *x)
{
	struct gantry_create w = an_image();
	struct gantry_run how = GANTRY_RUN_INIT;

	how.stdin_fd = in;
	how.stdout_fd = out;
	how.stderr_fd = err;
	return gantry_container_run(e, &w, &how, NULL, x, &op);
}

START_TEST(frames_are_taken_apart_however_they_come)
{
	struct stream *s = malloc(sizeof(*s));
	char *big = malloc(60001);
	struct fake_route routes[] = {
		PING,
		CREATED,
		{ "POST /v1.41/containers/" ID "/attach?stream=1&stdin=0&stdout=1&stderr=1 ",
		  s->bytes, FAKE_CLOSE, 0 },
		WAITED("7"),
		STARTED,
		EXITED("7"),
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), err = memory_file();
	struct fake f;

	memset(big, 'b', 60000);
	big[60000] = '\0';
	begin_stream(s);
	add_frame(s, 1, "one ", 4);
	add_frame(s, 2, "bad ", 4);
	add_frame(s, 1, "", 0);
	add_frame(s, 0, "two ", 4);
	if (_i)
		routes[2].flags |= FAKE_SLOW;
	else
		add_frame(s, 2, big, 60000);
	add_frame(s, 1, "last", 4);
	routes[2].len = s->len;
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, out, err, &x), 0);
		ck_assert_int_eq(x.code, 7);
		holds(out, "one two last");
		if (_i)
			holds(err, "bad ");
		else
			ck_assert_int_eq(lseek(err, 0, SEEK_END), 60004);
	}
	fake_stop(&f);
	free(s);
	free(big);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	int r;
	const char *words;
} streams[] = {
	{ "\1\0\0\0\0\0\0\5hell", 12, -EPROTO, "in the middle of a frame" },
	{ "\1\0\0\0\0", 5, -EPROTO, "in the middle of a frame" },
	{ "\4\0\0\0\0\0\0\1x", 9, -EPROTO, "not framed" },
	{ "\1\0\1\0\0\0\0\1x", 9, -EPROTO, "not framed" },
	{ "hello world\n", 12, -EPROTO, "not framed" },
	{ "\3\0\0\0\0\0\0\4oops", 12, 0, NULL },
};

START_TEST(a_stream_that_is_none_is_an_error)
{
	struct stream *s = malloc(sizeof(*s));
	struct fake_route routes[] = {
		PING, CREATED, { "POST /v1.41/containers/" ID "/attach", s->bytes, FAKE_CLOSE, 0 },
		WAITED("0"), STARTED, EXITED("0"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), r;
	struct fake f;

	begin_stream(s);
	memcpy(s->bytes + s->len, streams[_i].bytes, streams[_i].len);
	routes[2].len = s->len + streams[_i].len;
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		r = run_with(e, -1, out, out, &x);
		ck_assert_msg(r == streams[_i].r, "%d %s", r, op.err.msg);
		if (r < 0)
			ck_assert_msg(strstr(op.err.msg, streams[_i].words), "%s", op.err.msg);
		ck_assert_ptr_null(strstr(f.seen, "DELETE")); /* it was started: it runs on */
	}
	close(out);
	fake_stop(&f);
	free(s);
}
END_TEST

/* The container that could not be started is removed, whatever was the reason. */
START_TEST(nothing_is_left_of_a_run_that_could_not_start)
{
	static const struct { struct fake_route attach, wait, start; int r, exit;
	} cases[] = {
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  WAITED("0"),
		  SAY("POST /v1.41/containers/" ID "/start", "400 Bad Request",
		      "{\"message\":\"exec: \\\"x\\\": executable file not found in $PATH\"}"),
		  -ENOENT,
		  127 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  WAITED("0"),
		  { "POST /v1.41/containers/" ID "/start", "", FAKE_CLOSE, 0 },
		  -ECONNREFUSED,
		  0 },
		{ SAY("POST /v1.41/containers/" ID "/attach", "200 OK", "hello"), WAITED("0"),
		  STARTED, -EPROTO, 0 },
		{ SAY("POST /v1.41/containers/" ID "/attach", "500 Oops", ""), WAITED("0"), STARTED,
		  -EIO, 0 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  SAY("POST /v1.41/containers/" ID "/wait", "500 Oops", ""),
		  STARTED,
		  -EIO,
		  0 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  { "POST /v1.41/containers/" ID "/wait", "", FAKE_SILENT, 0 },
		  STARTED,
		  -ETIMEDOUT,
		  0 },
	};
	const struct fake_route routes[] = {
		PING, CREATED, cases[_i].attach, cases[_i].wait, cases[_i].start,
		EMPTY("DELETE /v1.41/containers/" ID "?v=1&force=1 ", "204 No Content"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), r;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 300000;
		r = run_with(e, -1, out, -1, &x);
		ck_assert_msg(r == cases[_i].r, "%d %s", r, op.err.msg);
		ck_assert_int_eq(op.err.exit, cases[_i].exit);
		ck_assert_int_eq(x.code, -1);
		ck_assert_ptr_nonnull(strstr(f.seen, "DELETE /v1.41/containers/" ID));
	}
	close(out);
	fake_stop(&f);
}
END_TEST

START_TEST(a_wait_that_is_never_answered_does_not_hang_the_run)
{
	const struct fake_route routes[] = {
		PING,
		CREATED,
		{ "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_CLOSE, 0 },
		{ "POST /v1.41/containers/" ID "/wait",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENT, 0 },
		STARTED,
		EXITED("5"),
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 20000000;
		ck_assert_int_eq(run_with(e, -1, out, -1, &x), 0);
		ck_assert_int_eq(x.code, 5);
	}
	close(out);
	fake_stop(&f);
}
END_TEST

START_TEST(a_daemon_that_dies_during_a_run_is_told)
{
	const struct fake_route routes[] = {
		PING,
		CREATED,
		{ "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_CLOSE, 0 },
		{ "POST /v1.41/containers/" ID "/wait",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_CLOSE, 0 },
		STARTED,
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, out, -1, &x), -ECONNREFUSED);
		ck_assert_int_eq(x.code, -1);
	}
	close(out);
	fake_stop(&f);
}
END_TEST

/* It vanishes though nobody says so, or it stays and the caller's deadline ends it. */
START_TEST(a_removal_that_is_never_told_does_not_hang_the_run)
{
	const struct fake_route routes[] = {
		PING, CREATED, WAITED("3"), STARTED,
		{ "POST /v1.41/containers/" ID "/wait?condition=removed",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENT, 0 },
		_i ? (struct fake_route)EXITED("3") :
		     (struct fake_route)SAY("GET /v1.41/containers/" ID "/json", "404 Not Found",
					    "{\"message\":\"No such container: " ID "\"}"),
		END_ROUTES,
	};
	struct gantry_create w = an_image();
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	uint64_t before = clock_mono();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = _i ? 7000000 : 0;
		w.flags = GANTRY_CREATE_AUTO_REMOVE;
		ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op),
				 _i ? -ETIMEDOUT : 0);
		ck_assert_int_eq(x.code, 3);
		ck_assert_uint_lt(clock_mono() - before, 9000000000);
	}
	fake_stop(&f);
}
END_TEST

static void *terminate_later(void *arg)
{
	(void)arg;
	usleep(300000);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* A pipe gets what the container says though the daemon has swallowed a signal. */
START_TEST(a_signal_that_the_daemon_swallows_does_not_stop_the_output)
{
	struct stream *s = malloc(sizeof(*s));
	const struct fake_route routes[] = {
		PING, CREATED,
		{ "POST /v1.41/containers/" ID "/attach", s->bytes, FAKE_CLOSE | FAKE_SLOW, 13000 },
		{ "POST /v1.41/containers/" ID "/wait",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENT, 0 },
		STARTED,
		{ "POST /v1.41/containers/" ID "/kill?signal=15 ", "", FAKE_SILENT, 0 },
		EXITED("4"), END_ROUTES,
	};
	struct gantry_create w = an_image();
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char *text = calloc(1, 13000);
	pthread_t thread;
	struct fake f;
	sigset_t set;

	begin_stream(s);
	memset(text, 'x', 13000 - 8 - strlen(UPGRADE));
	add_frame(s, 1, text, 13000 - 8 - strlen(UPGRADE));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 20000000;
		how.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
		how.stdout_fd = memory_file();
		ck_assert_int_eq(pthread_create(&thread, NULL, terminate_later, NULL), 0);
		ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op), 0);
		pthread_join(thread, NULL);
		ck_assert_int_eq(x.code, 4);
		ck_assert_ptr_nonnull(strstr(f.seen, "/kill?signal=15 "));
		holds(how.stdout_fd, text);
		close(how.signal_fd);
	}
	fake_stop(&f);
	free(text);
	free(s);
}
END_TEST

/* Before API 1.30 a wait has no condition: it must come after the start. */
START_TEST(an_old_daemon_is_waited_for_after_the_start)
{
	const struct fake_route routes[] = {
		{ "GET /_ping ", "HTTP/1.1 200 OK\r\nApi-Version: 1.29\r\n\r\nOK", FAKE_CLOSE, 0 },
		SAY("POST /v1.29/containers/create", "201 Created", "{\"Id\":\"" ID "\"}"),
		EMPTY("POST /v1.29/containers/" ID "/start", "204 No Content"),
		SAY("POST /v1.29/containers/" ID "/wait ", "200 OK", "{\"StatusCode\":3}"),
		SAY("GET /v1.29/containers/" ID "/json", "200 OK",
		    INSPECT("exited", ",\"FinishedAt\":\"2026-11-24T22:47:27Z\"")),
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, -1, -1, &x), 0);
		ck_assert_int_eq(x.code, 3);
		ck_assert_uint_gt(x.finished_ns, 0);
		ck_assert(strstr(f.seen, "/start ") < strstr(f.seen, "/wait "));
	}
	fake_stop(&f);
}
END_TEST

/* ---- the foreground run, for real ------------------------------------------ */

#define IMAGE "gantry.test/busybox:1"

static const struct {
	const char *engine, *variable;
} real[] = { { "docker", "DOCKER_HOST" }, { "podman", "CONTAINER_HOST" } };

/* NULL where this engine is not there. */
static struct gantry_engine *real_engine(int i)
{
	struct gantry_engine *e = NULL;
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	int r;

	if (!getenv(real[i].variable))
		return NULL;
	o.owner = "unit-docker";
	r = gantry_engine_open(real[i].engine, &o, &e, &op);
	ck_assert_msg(r == 0, "%s: %s", real[i].engine, op.err.msg);
	return e;
}

static struct gantry_create box(const char *const *args)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.image = IMAGE;
	w.args = args;
	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	return w;
}

static struct gantry_exit real_run(struct gantry_engine *e, const char *const *args, int in,
				   int out, int err)
{
	struct gantry_create w = box(args);
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int r;

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 60000000;
	how.stdin_fd = in;
	how.stdout_fd = out;
	how.stderr_fd = err;
	r = gantry_container_run(e, &w, &how, NULL, &x, &op);
	ck_assert_msg(r == 0, "%d %s", r, op.err.msg);
	return x;
}

enum { BIG = 8 << 20 };

static unsigned char *random_bytes(void)
{
	unsigned char *b = malloc(BIG);
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	for (size_t at = 0; at < BIG;) {
		ssize_t n = read(fd, b + at, BIG - at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
	}
	close(fd);
	return b;
}

static void same_bytes(int fd, const unsigned char *b)
{
	unsigned char *got = malloc(BIG + 1);
	size_t len = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, got + len, BIG + 1 - len)) > 0)
		len += (size_t)n;
	ck_assert_uint_eq(len, BIG);
	ck_assert_int_eq(memcmp(got, b, BIG), 0);
	free(got);
}

static void *write_all(void *arg)
{
	struct { int fd; const unsigned char *b; } *job = arg;

	for (size_t at = 0; at < BIG;) {
		ssize_t n = write(job->fd, job->b + at, BIG - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(job->fd);
	return NULL;
}

/* From a file and from a pipe, into a file and through a slow pipe. */
START_TEST(eight_megabytes_pass_through_byte_for_byte)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	unsigned char *b;
	struct { int fd; const unsigned char *b; } job;
	int in, out, pipes[2];
	pthread_t writer;

	if (!e)
		return;
	b = random_bytes();
	in = memory_file();
	out = memory_file();
	ck_assert_int_eq(write(in, b, BIG), BIG);
	lseek(in, 0, SEEK_SET);
	ck_assert_int_eq(real_run(e, LIST("cat"), in, out, -1).code, 0);
	same_bytes(out, b);
	ck_assert_int_eq(ftruncate(out, 0), 0);
	lseek(out, 0, SEEK_SET);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	job.fd = pipes[1];
	job.b = b;
	ck_assert_int_eq(pthread_create(&writer, NULL, write_all, &job), 0);
	ck_assert_int_eq(real_run(e, LIST("cat"), pipes[0], out, out).code, 0);
	pthread_join(writer, NULL);
	same_bytes(out, b);
	close(pipes[0]);
	close(in);
	close(out);
	free(b);
}
END_TEST

struct reader {
	int fd;
	size_t len;
	bool end;
};

/* Reads slowly, so that the pipe is full most of the time, and remembers how it ended. */
static void *read_slowly(void *arg)
{
	struct reader *r = arg;
	char buf[8192];
	ssize_t n;

	while ((n = read(r->fd, buf, sizeof(buf))) > 0) {
		r->len += (size_t)n;
		r->end = n >= 3 && !memcmp(buf + n - 3, "END", 3);
		usleep(r->len < 200000 ? 2000 : 0);
	}
	return NULL;
}

START_TEST(a_slow_reader_loses_nothing_of_a_container_that_has_ended)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct reader r = { 0 };
	pthread_t thread;
	int pipes[2];

	if (!e)
		return;
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	r.fd = pipes[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, read_slowly, &r), 0);
	ck_assert_int_eq(real_run(e, LIST("sh", "-c", "head -c 3000000 /dev/zero; printf END"), -1,
				  pipes[1], -1)
				 .code,
			 0);
	close(pipes[1]);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(r.len, 3000003);
	ck_assert(r.end);
	/* his descriptor is as it was */
	close(pipes[0]);
}
END_TEST

START_TEST(streams_stay_apart_and_the_last_line_needs_no_newline)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int out = memory_file(), err = memory_file(), flags;

	if (!e)
		return;
	flags = fcntl(out, F_GETFL);
	ck_assert_int_eq(
		real_run(e,
			 LIST("sh", "-c",
			      "echo out; echo err >&2; printf last; printf bad >&2; exit 9"),
			 -1, out, err)
			.code,
		9);
	ck_assert_int_eq(fcntl(out, F_GETFL), flags);
	holds(out, "out\nlast");
	holds(err, "err\nbad");
}
END_TEST

START_TEST(exit_codes_come_through)
{
	static const struct { const char *script; int code, sig; } all[] = {
		{ "exit 0", 0, 0 }, { "exit 1", 1, 0 }, { "exit 255", 255, 0 },
		{ "sleep 1000 & exit 7", 7, 0 },
		/* the daemon's 143 is a signal to us: it has no other way to say so */
		{ "sh -c 'kill -TERM $$'; exit $?", 143, 15 },
	};
	clean_engine struct gantry_engine *e = real_engine(_i);

	for (size_t i = 0; e && i < sizeof(all) / sizeof(all[0]); i++) {
		struct gantry_exit x = real_run(e, LIST("sh", "-c", all[i].script), -1, -1, -1);

		ck_assert_int_eq(x.code, all[i].code);
		ck_assert_int_eq(x.signal, all[i].sig);
	}
}
END_TEST

START_TEST(an_end_of_stdin_is_the_containers_too)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int out = memory_file(), null = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    dir = open("/", O_RDONLY | O_CLOEXEC);

	if (!e)
		return;
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), null, out, -1).code, 0);
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), dir, out, -1).code, 0);
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), -1, out, -1).code, 0);
	holds(out, "0\n0\n0\n");
	close(null);
	close(dir);
}
END_TEST

/* Who reads us goes away: no signal, the container runs to its end, stderr goes on. */
START_TEST(a_reader_that_goes_away_ends_nothing)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int pipes[2], err = memory_file();
	sigset_t pending;

	if (!e)
		return;
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	close(pipes[0]);
	ck_assert_int_eq(
		real_run(e,
			 LIST("sh", "-c", "head -c 300000 /dev/zero; echo still here >&2; exit 4"),
			 -1, pipes[1], err)
			.code,
		4);
	holds(err, "still here\n");
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
	close(pipes[1]);
}
END_TEST

START_TEST(output_that_cannot_be_written_is_told_with_the_exit_code)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sh", "-c", "echo lost; exit 6"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (!e)
		return;
	how.stdout_fd = full;
	op = (struct gantry_op)GANTRY_OP_INIT;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "stdout"));
	ck_assert_int_eq(x.code, 6);
	close(full);
}
END_TEST

/* What the container said, and where. */
struct said {
	int fd;
	size_t len;
	char text[256];
};

static void hear(struct said *s, const char *word)
{
	while (!strstr(s->text, word)) {
		ssize_t n = read(s->fd, s->text + s->len, sizeof(s->text) - 1 - s->len);

		if (n <= 0)
			return;
		s->len += (size_t)n;
	}
}

/* Sends signals to its own process once the container has said that it is ready. */
static void *signal_us(void *arg)
{
	struct said *s = arg;

	hear(s, "ready");
	kill(getpid(), SIGCHLD);
	kill(getpid(), SIGWINCH);
	kill(getpid(), SIGHUP);
	hear(s, "hup");
	kill(getpid(), SIGTERM);
	hear(s, "more than it says");
	return NULL;
}

START_TEST(signals_are_passed_but_not_those_meant_for_us)
{
	static const char script[] =
		"trap 'echo child' CHLD; trap 'echo hup' HUP; trap 'exit 33' TERM; echo ready; "
		"while :; do read -t 1 x; done </dev/zero";
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sh", "-c", script));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct said said = { 0 };
	pthread_t thread;
	int pipes[2];
	sigset_t set;

	if (!e)
		return;
	sigemptyset(&set);
	for (int i = 0; i < 4; i++)
		sigaddset(&set, (int[]){ SIGCHLD, SIGWINCH, SIGHUP, SIGTERM }[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	how.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	said.fd = pipes[0];
	how.stdout_fd = pipes[1];
	ck_assert_int_eq(pthread_create(&thread, NULL, signal_us, &said), 0);
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 20000000;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op), 0);
	ck_assert_int_eq(x.code, 33);
	close(pipes[1]);
	pthread_join(thread, NULL);
	ck_assert_str_eq(said.text, "ready\nhup\n");
	close(pipes[0]);
	close(how.signal_fd);
}
END_TEST

START_TEST(sixty_four_fast_runs_lose_nothing)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	char text[16];

	for (int i = 0; e && i < 64; i++) {
		int out = memory_file();

		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(
			real_run(e, LIST("sh", "-c", "printf %s \"$0\"; exit $(($0 + 1))", text),
				 -1, out, -1)
				.code,
			i + 1);
		holds(out, text);
	}
}
END_TEST

START_TEST(a_run_cut_short_leaves_the_container_running)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sleep", "100"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_container *k = NULL;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];

	if (!e)
		return;
	how.stdout_fd = memory_file();
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 1500000;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, id, &x, &op), -ETIMEDOUT);
	ck_assert_int_eq(x.code, -1);
	ck_assert_int_eq(gantry_container_get(e, id, &k, NULL), 0);
	ck_assert_int_eq(k->state, GANTRY_STATE_RUNNING);
	ck_assert_int_gt(k->pid, 0);
	gantry_container_free(k);
	ck_assert_int_eq(gantry_container_delete(e, id, GANTRY_DELETE_FORCE, NULL), 0);
	close(how.stdout_fd);
}
END_TEST

START_TEST(what_cannot_be_executed_is_126_or_127_and_leaves_nothing)
{
	static const struct { const char *command; int r, exit; } all[] = {
		{ "nosuchcommand", -ENOENT, 127 }, { "/no/such/file", -ENOENT, 127 },
		{ "/etc/passwd", -EACCES, 126 }, { "/etc", -EACCES, 126 },
	};
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_container *k = NULL;
	struct gantry_exit x = GANTRY_EXIT_INIT;

	for (size_t i = 0; e && i < 2 * sizeof(all) / sizeof(all[0]); i++) {
		struct gantry_create w = box(LIST(all[i / 2].command));
		struct gantry_run how = GANTRY_RUN_INIT;
		char id[GANTRY_ID_SIZE] = "";

		how.stdout_fd = 2;
		w.flags = i % 2 ? GANTRY_CREATE_AUTO_REMOVE : 0;
		op = (struct gantry_op)GANTRY_OP_INIT;
		ck_assert_int_eq(gantry_container_run(e, &w, &how, id, &x, &op), all[i / 2].r);
		ck_assert_msg(op.err.exit == all[i / 2].exit, "%s: %s", all[i / 2].command,
			      op.err.msg);
		ck_assert_int_eq(gantry_container_get(e, id, &k, NULL), -ENOENT);
	}
}
END_TEST

/* podman on cgroup v1 leaves frozen processes behind when a paused container is killed. */
START_TEST(a_paused_container_can_be_killed_and_deleted)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sleep", "100"));
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	uint64_t before;

	if (!e)
		return;
	w.flags = 0;
	ck_assert_int_eq(gantry_container_run(e, &w, NULL, id, NULL, NULL), 0);
	ck_assert_int_eq(gantry_container_pause(e, id, NULL), 0);
	before = clock_mono();
	ck_assert_int_eq(gantry_container_kill(e, id, SIGKILL, 0, NULL), 0);
	ck_assert_int_eq(gantry_container_wait(e, id, &x, NULL), 0);
	ck_assert_uint_lt(clock_mono() - before, 4000000000);
	ck_assert_int_eq(x.code, 137);
	ck_assert_int_eq(x.signal, 9);
	ck_assert_int_eq(gantry_container_delete(e, id, 0, NULL), 0);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *dockerrun_suite(void);
Suite *dockerrun_suite(void)
{
	Suite *s = suite_create("engine/dockerrun");
	TCase *t = tcase_create("fake"), *r = tcase_create("real");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, frames_are_taken_apart_however_they_come, 0, 2);
	tcase_add_loop_test(t, a_stream_that_is_none_is_an_error, 0, COUNT(streams));
	tcase_add_loop_test(t, nothing_is_left_of_a_run_that_could_not_start, 0, 6);
	tcase_add_test(t, a_wait_that_is_never_answered_does_not_hang_the_run);
	tcase_add_loop_test(t, a_removal_that_is_never_told_does_not_hang_the_run, 0, 2);
	tcase_add_test(t, a_signal_that_the_daemon_swallows_does_not_stop_the_output);
	tcase_add_test(t, a_daemon_that_dies_during_a_run_is_told);
	tcase_add_test(t, an_old_daemon_is_waited_for_after_the_start);
	suite_add_tcase(s, t);

	tcase_set_timeout(r, 180);
	tcase_add_loop_test(r, eight_megabytes_pass_through_byte_for_byte, 0, COUNT(real));
	tcase_add_loop_test(r, a_slow_reader_loses_nothing_of_a_container_that_has_ended, 0,
			    COUNT(real));
	tcase_add_loop_test(r, streams_stay_apart_and_the_last_line_needs_no_newline, 0,
			    COUNT(real));
	tcase_add_loop_test(r, exit_codes_come_through, 0, COUNT(real));
	tcase_add_loop_test(r, an_end_of_stdin_is_the_containers_too, 0, COUNT(real));
	tcase_add_loop_test(r, a_reader_that_goes_away_ends_nothing, 0, COUNT(real));
	tcase_add_loop_test(r, output_that_cannot_be_written_is_told_with_the_exit_code, 0,
			    COUNT(real));
	tcase_add_loop_test(r, signals_are_passed_but_not_those_meant_for_us, 0, COUNT(real));
	tcase_add_loop_test(r, sixty_four_fast_runs_lose_nothing, 0, COUNT(real));
	tcase_add_loop_test(r, a_run_cut_short_leaves_the_container_running, 0, COUNT(real));
	tcase_add_loop_test(r, what_cannot_be_executed_is_126_or_127_and_leaves_nothing, 0,
			    COUNT(real));
	tcase_add_loop_test(r, a_paused_container_can_be_killed_and_deleted, 0, COUNT(real));
	suite_add_tcase(s, r);
	return s;
}
