/* SPDX-License-Identifier: Apache-2.0 */
/* The connection, against a daemon that says what each test wants. */
#include "wire/http.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "unit/wire/fake.h"

#define OK_(body, n) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" body
#define END_ROUTES { NULL, NULL, 0, 0 }

static struct gantry_op op;

static struct call begun(uint64_t timeout_us, const char *step)
{
	struct call c;

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = timeout_us;
	ck_assert_int_eq(call_begin(&c, &op, NULL), 0);
	c.err = &op.err;
	c.step = step;
	return c;
}

static int get(struct http *h, const char *target, struct call *c)
{
	const struct http_request rq = { .method = "GET", .target = target, .max = 1 << 20 };

	return http_call(h, &rq, c);
}

static int post(struct http *h, const char *target, const char *body, struct call *c)
{
	const struct http_request rq = {
		.method = "POST", .target = target, .body = body,
		.body_len = body ? strlen(body) : 0, .max = 1 << 20,
	};

	return http_call(h, &rq, c);
}

START_TEST(requests_share_one_connection)
{
	const struct fake_route routes[] = {
		{ "GET /a ", OK_("aa", "2"), 0, 0 },
		{ "GET /b ",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		  "chunked\r\n\r\n2\r\nbb\r\n1\r\nb\r\n0\r\n\r\n",
		  FAKE_SLOW, 0 },
		{ "POST /c ", "HTTP/1.1 204 No Content\r\n\r\n", 0, 0 },
		END_ROUTES,
	};
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(get(&h, "/a", &c), 200);
		ck_assert_str_eq(h.body.buf, "aa");
		ck_assert_int_eq(get(&h, "/b", &c), 200);
		ck_assert_str_eq(h.body.buf, "bbb");
		ck_assert_int_eq(post(&h, "/c", "{\"x\":1}", &c), 204);
		ck_assert_str_eq(h.body.buf, "");
		ck_assert_int_eq(get(&h, "/none", &c), 404);
	}
	ck_assert_int_eq(f.connections, 1);
	ck_assert_ptr_nonnull(strstr(f.seen, "POST /c HTTP/1.1\r\nHost: "));
	ck_assert_ptr_nonnull(strstr(f.seen, "Content-Length: 7\r\n\r\n{\"x\":1}"));
	fake_stop(&f);
}
END_TEST

START_TEST(a_connection_closed_while_idle_is_made_anew)
{
	const struct fake_route routes[] = { { "GET ", OK_("a", "1"), FAKE_CLOSE, 0 },
					     { "POST ", OK_("p", "1"), FAKE_CLOSE, 0 },
					     END_ROUTES };
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(i % 2 ? post(&h, "/", NULL, &c) : get(&h, "/", &c), 200);
		usleep(20000);
	}
	ck_assert_int_eq(f.connections, 4);
	fake_stop(&f);
}
END_TEST

/* The peer closes after the request has come: only what changes nothing is asked again. */
START_TEST(a_request_that_may_have_been_acted_upon_is_not_repeated)
{
	const struct fake_route routes[] = {
		{ "GET /first", OK_("1", "1"), 0, 0 },
		{ "GET /again", "", FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "GET /again", OK_("2", "1"), 0, 0 },
		{ "POST /once", "", FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "POST /once", OK_("3", "1"), 0, 0 },
		END_ROUTES,
	};
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/first", &c), 200);
	ck_assert_int_eq(get(&h, "/again", &c), 200);
	ck_assert_str_eq(h.body.buf, "2");
	ck_assert_int_eq(f.connections, 2);
	ck_assert_int_eq(post(&h, "/once", NULL, &c), -ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "went away before its answer"));
	ck_assert_int_eq(f.connections, 2);
	fake_stop(&f);
}
END_TEST

START_TEST(a_first_connection_that_is_closed_is_not_tried_again)
{
	const struct fake_route routes[] = { { "GET ", "", FAKE_CLOSE, 0 }, END_ROUTES };
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/", &c), -ECONNREFUSED);
	ck_assert_int_eq(f.connections, 1);
	ck_assert_int_eq(h.fd, -1);
	fake_stop(&f);
}
END_TEST

START_TEST(a_peer_that_dies_in_its_answer_is_gone)
{
	const struct fake_route routes[] = {
		{ "GET /sized", OK_("12345", "10"), FAKE_CLOSE, 0 },
		{ "GET /chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n123",
		  FAKE_CLOSE, 0 },
		{ "GET /head", "HTTP/1.1 200 OK\r\nConte", FAKE_CLOSE, 0 },
		END_ROUTES,
	};
	static const char *const targets[] = { "/sized", "/chunk", "/head" };
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(get(&h, targets[i], &c), -ECONNREFUSED);
		ck_assert_msg(strstr(op.err.msg, "in the middle of its answer"), "%s", op.err.msg);
		ck_assert_ptr_nonnull(strstr(op.err.msg, f.path));
	}
	fake_stop(&f);
}
END_TEST

static int connect_to(const char *path, struct call *c)
{
	clean_http struct http h;

	http_init(&h, path);
	return get(&h, "/", c);
}

START_TEST(where_nobody_listens_it_fails_at_once_and_says_so)
{
	struct call c = begun(0, "open");
	uint64_t before = clock_mono();
	char name[100], longer[200];
	struct tempdir t;

	tempdir_make(&t);
	snprintf(name, sizeof(name), "%s/none", t.path);
	ck_assert_int_eq(connect_to(name, &c), -ECONNREFUSED);
	ck_assert_msg(strstr(op.err.msg, "nothing answers at /"), "%s", op.err.msg);
	ck_assert_ptr_nonnull(strstr(op.err.msg, name));
	ck_assert_ptr_nonnull(strstr(op.err.msg, "is the daemon running?"));
	put_file(&t, "file", "no socket");
	snprintf(name, sizeof(name), "%s/file", t.path);
	ck_assert_int_eq(connect_to(name, &c), -ECONNREFUSED);
	snprintf(name, sizeof(name), "%s/file/below", t.path);
	ck_assert_int_eq(connect_to(name, &c), -ECONNREFUSED);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(connect_to(longer, &c), -EINVAL);
	ck_assert_uint_lt(clock_mono() - before, 1000000000);
	tempdir_remove(&t);
}
END_TEST

START_TEST(a_socket_that_is_not_ours_to_use_is_an_error_of_its_own)
{
	const struct fake_route routes[] = { END_ROUTES };
	struct call c = begun(0, "open");
	struct fake f;
	int r;

	if (geteuid())
		return;
	fake_start(&f, routes);
	chmod(f.path, 0600);
	chmod(f.dir.path, 0755);
	ck_assert_int_eq(seteuid(65534), 0);
	r = connect_to(f.path, &c);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(r, -EACCES);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "no permission"));
	fake_stop(&f);
}
END_TEST

/* Each way of not answering; the deadline has to end it, with the step named. */
START_TEST(whoever_does_not_answer_runs_into_the_deadline)
{
	const struct fake_route routes[] = {
		{ "GET /nothing", "", FAKE_SILENT, 0 },
		{ "GET /head", "HTTP/1.1 200 OK\r\n", FAKE_SILENT, 0 },
		{ "GET /body", OK_("12", "10"), FAKE_SILENT, 0 },
		{ "GET /chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		  FAKE_SILENT, 0 },
		END_ROUTES,
	};
	static const char *const targets[] = { "/nothing", "/head", "/body", "/chunk" };
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	for (int i = 0; i < 4; i++) {
		struct call c = begun(100000, "ask the oracle");
		uint64_t before = clock_mono();

		ck_assert_int_eq(get(&h, targets[i], &c), -ETIMEDOUT);
		ck_assert_msg(strstr(op.err.msg, "ask the oracle"), "%s", op.err.msg);
		ck_assert_uint_lt(clock_mono() - before, 2000000000);
		ck_assert_int_eq(h.fd, -1);
	}
	fake_stop(&f);
}
END_TEST

/* The peer goes on with what it was asked: its answer can be had though the time was over. */
START_TEST(a_lasting_request_can_be_waited_for_again)
{
	static const struct fake_route routes[] = {
		{ "POST /late ", "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade", FAKE_LATE,
		  0 },
		{ "POST /gone ", "", FAKE_LATE | FAKE_CLOSE, 0 },
		END_ROUTES,
	};
	const struct http_request late = { .method = "POST", .target = "/late", .max = 1000,
					   .lasting = true };
	const struct http_request lost = { .method = "POST", .target = "/gone", .max = 1000,
					   .lasting = true };
	struct call c = begun(100000, "ask"), more = begun(5000000, "wait on");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(http_call(&h, &late, &c), -ETIMEDOUT);
	ck_assert(h.sent);
	ck_assert_int_eq(http_resume(&h, &more), 201);
	ck_assert_str_eq(h.body.buf, "made");
	c = begun(100000, "ask");
	ck_assert_int_eq(http_call(&h, &lost, &c), -ETIMEDOUT);
	ck_assert_int_eq(http_resume(&h, &more), -ECONNREFUSED);
	ck_assert_int_eq(h.fd, -1);
	ck_assert(h.sent);
	ck_assert_int_eq(f.connections, 1);
	fake_stop(&f);
	http_close(&h);
	c = begun(100000, "ask");
	ck_assert_int_eq(http_call(&h, &late, &c), -ECONNREFUSED);
	ck_assert(!h.sent);
}
END_TEST

/* A byte now and then keeps no call alive beyond its deadline. */
START_TEST(a_slow_loris_runs_into_the_deadline_too)
{
	char *answer = malloc(60001);
	struct fake_route routes[] = { { "GET ", answer, FAKE_SLOW, 0 }, END_ROUTES };
	struct call c = begun(300000, "ask");
	clean_http struct http h;
	struct fake f;

	memset(answer, 'x', 60000);
	memcpy(answer, "HTTP/1.1 200 OK\r\nx: ", 20);
	answer[60000] = '\0';
	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/", &c), -ETIMEDOUT);
	http_close(&h);
	usleep(50000);
	fake_stop(&f);
	free(answer);
}
END_TEST

/* A listener whose backlog is full and that accepts nobody. */
START_TEST(a_daemon_that_accepts_nobody_runs_into_the_deadline)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct call c = begun(200000, "open");
	struct http h[4];
	struct tempdir t;
	int fd, r = 0;

	tempdir_make(&t);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", t.path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	for (int i = 0; i < 4; i++) {
		c = begun(100000, "open");
		http_init(&h[i], sa.sun_path);
		r = get(&h[i], "/", &c);
		ck_assert_int_eq(r, -ETIMEDOUT);
		ck_assert_ptr_nonnull(strstr(op.err.msg, "open"));
	}
	close(fd);
	tempdir_remove(&t);
}
END_TEST

START_TEST(cancelling_ends_a_call)
{
	const struct fake_route routes[] = { { "GET ", "", FAKE_SILENT, 0 }, END_ROUTES };
	struct call c = begun(0, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	c.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(get(&h, "/", &c), -ECANCELED);
	close(c.cancel_fd);
	fake_stop(&f);
}
END_TEST

START_TEST(an_answer_longer_than_allowed_is_refused_when_it_is_announced)
{
	const struct fake_route routes[] = {
		{ "GET /sized", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", FAKE_SILENT,
		  0 },
		{ "GET /huge", "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\nx",
		  FAKE_SILENT, 0 },
		{ "GET /chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3fffffff\r\n",
		  FAKE_SILENT, 0 },
		{ "GET /bomb", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n",
		  FAKE_SILENT, 0 },
		END_ROUTES,
	};
	static const char *const targets[] = { "/sized", "/huge", "/chunk", "/bomb" };
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	for (int i = 0; i < 4; i++) {
		struct call c = begun(5000000, "ask");

		ck_assert_int_eq(get(&h, targets[i], &c), -EPROTO);
		ck_assert_ptr_nonnull(strstr(op.err.msg, f.path));
		ck_assert_int_eq(h.fd, -1);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(an_endless_answer_is_refused_at_the_limit)
{
	char *answer = malloc(2 << 20);
	struct fake_route routes[] = { { "GET ", answer, FAKE_CLOSE, 2 << 20 }, END_ROUTES };
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	memset(answer, 'x', 2 << 20);
	memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", 19);
	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/", &c), -EPROTO);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "longer than 1048576 bytes"));
	fake_stop(&f);
	free(answer);
}
END_TEST

START_TEST(nonsense_closes_the_connection_and_the_next_request_works)
{
	const struct fake_route routes[] = {
		{ "GET /bad", "HELLO \x1b]0;owned\x07\r\n\r\n", FAKE_SILENT, 0 },
		{ "GET /good", OK_("x", "1"), 0, 0 },
		END_ROUTES,
	};
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/bad", &c), -EPROTO);
	ck_assert_ptr_null(strchr(op.err.msg, '\x1b'));
	ck_assert_int_eq(get(&h, "/good", &c), 200);
	fake_stop(&f);
}
END_TEST

/* Bytes that come with the 101 belong to the stream, and so does all that follows. */
START_TEST(an_upgrade_hands_over_the_stream_with_what_came_early)
{
	const struct fake_route routes[] = {
		{ "POST /attach", "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\nearly",
		  FAKE_ECHO, 0 },
		{ "POST /refused", "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nbusy!", 0,
		  0 },
		END_ROUTES,
	};
	struct http_request rq = {
		.method = "POST", .target = "/attach", .max = 1 << 20, .upgrade = true
	};
	struct call c = begun(5000000, "attach");
	clean_http struct http h;
	char got[64] = "";
	size_t len = 0;
	struct fake f;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(http_begin(&h, &rq, &c), 101);
	ck_assert_ptr_nonnull(strstr(f.seen, "Upgrade: tcp\r\n"));
	ck_assert_int_eq(http_raw_write(&h, "ping", 4), 4);
	ck_assert_int_eq(shutdown(h.fd, SHUT_WR), 0);
	for (;;) {
		struct pollfd p = { h.fd, POLLIN, 0 };
		ssize_t n = http_raw_read(&h, got + len, 2);

		if (n == 0)
			break;
		if (n == -EAGAIN)
			ck_assert_int_eq(call_poll(&c, &p, 1, -1), 1);
		else
			len += (size_t)n;
	}
	ck_assert_str_eq(got, "earlyping");
	rq.target = "/refused";
	ck_assert_int_eq(http_begin(&h, &rq, &c), 409);
	ck_assert_str_eq(h.body.buf, "busy!");
	fake_stop(&f);
}
END_TEST

/* A wait: its head at once, its body later, polled without blocking. */
START_TEST(a_pending_answer_can_be_polled)
{
	const struct fake_route routes[] = {
		{ "POST /wait",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		  FAKE_SLOW, 0 },
		END_ROUTES,
	};
	const struct http_request rq = { .method = "POST", .target = "/wait", .max = 100 };
	struct call c = begun(5000000, "wait");
	clean_http struct http h;
	struct fake f;
	int r;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(http_begin(&h, &rq, &c), 200);
	while ((r = http_step(&h, &c)) == 0) {
		struct pollfd p = { h.fd, POLLIN, 0 };

		ck_assert_int_eq(call_poll(&c, &p, 1, -1), 1);
	}
	ck_assert_int_eq(r, 1);
	ck_assert_str_eq(h.body.buf, "{}");
	ck_assert_int_eq(http_step(&h, &c), 1);
	ck_assert_int_eq(http_begin(&h, &rq, &c), 200);
	ck_assert_int_eq(f.connections, 1);
	fake_stop(&f);
}
END_TEST

START_TEST(a_daemon_that_stops_reading_raises_no_signal)
{
	const struct fake_route routes[] = { { "", "", FAKE_DEAF, 0 }, END_ROUTES };
	char *body = malloc(8 << 20);
	struct call c = begun(5000000, "ask");
	clean_http struct http h;
	struct fake f;

	memset(body, ' ', (8 << 20) - 1);
	body[(8 << 20) - 1] = '\0';
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(post(&h, "/", body, &c), -ECONNREFUSED);
	fake_stop(&f);
	free(body);
}
END_TEST

START_TEST(a_request_cannot_be_split_by_its_target)
{
	struct call c = begun(0, "ask");
	struct str s = { 0 };
	struct fake f;
	const struct fake_route routes[] = { END_ROUTES };
	clean_http struct http h;

	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(get(&h, "/a HTTP/1.1\r\nX: y", &c), -EINVAL);
	fake_stop(&f);
	http_encode(&s, "a b/{\"x\"}\r\n\xc3\xa4-._~Z9");
	ck_assert_str_eq(s.buf, "a%20b%2F%7B%22x%22%7D%0D%0A%C3%A4-._~Z9");
	str_done(&s);
}
END_TEST

static char logged[4096];

static void keep_log(const struct gantry_log *rec, void *arg)
{
	(void)arg;
	ck_assert_str_eq(rec->step, "create");
	strncat(logged, rec->text, sizeof(logged) - strlen(logged) - 2);
	strcat(logged, "\n");
}

START_TEST(the_log_tells_what_was_asked_and_answered_and_nothing_unprintable)
{
	const struct fake_route routes[] = { { "POST ", OK_("no\x1b[2Jgoo\n", "10"), 0, 0 },
					     END_ROUTES };
	const struct logger logger = { keep_log, NULL, "docker", GANTRY_LOG_DEBUG };
	struct call c = begun(5000000, "create");
	clean_http struct http h;
	struct fake f;

	c.logger = &logger;
	fake_start(&f, routes);
	http_init(&h, f.path);
	ck_assert_int_eq(post(&h, "/x?y=1", "{\"Image\":\"i\"}", &c), 200);
	ck_assert_ptr_nonnull(strstr(logged, "POST /x?y=1\n{\"Image\":\"i\"}\n"));
	ck_assert_ptr_nonnull(strstr(logged, "answer 200 no\\x1b[2Jgoo\n"));
	ck_assert_ptr_null(strchr(logged, '\x1b'));
	fake_stop(&f);
}
END_TEST

Suite *http_suite(void);
Suite *http_suite(void)
{
	Suite *s = suite_create("wire/http");
	TCase *t = tcase_create("http");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, requests_share_one_connection);
	tcase_add_test(t, a_connection_closed_while_idle_is_made_anew);
	tcase_add_test(t, a_request_that_may_have_been_acted_upon_is_not_repeated);
	tcase_add_test(t, a_first_connection_that_is_closed_is_not_tried_again);
	tcase_add_test(t, a_peer_that_dies_in_its_answer_is_gone);
	tcase_add_test(t, where_nobody_listens_it_fails_at_once_and_says_so);
	tcase_add_test(t, a_socket_that_is_not_ours_to_use_is_an_error_of_its_own);
	tcase_add_test(t, whoever_does_not_answer_runs_into_the_deadline);
	tcase_add_test(t, a_lasting_request_can_be_waited_for_again);
	tcase_add_test(t, a_slow_loris_runs_into_the_deadline_too);
	tcase_add_test(t, a_daemon_that_accepts_nobody_runs_into_the_deadline);
	tcase_add_test(t, cancelling_ends_a_call);
	tcase_add_test(t, an_answer_longer_than_allowed_is_refused_when_it_is_announced);
	tcase_add_test(t, an_endless_answer_is_refused_at_the_limit);
	tcase_add_test(t, nonsense_closes_the_connection_and_the_next_request_works);
	tcase_add_test(t, an_upgrade_hands_over_the_stream_with_what_came_early);
	tcase_add_test(t, a_pending_answer_can_be_polled);
	tcase_add_test(t, a_daemon_that_stops_reading_raises_no_signal);
	tcase_add_test(t, a_request_cannot_be_split_by_its_target);
	tcase_add_test(t, the_log_tells_what_was_asked_and_answered_and_nothing_unprintable);
	suite_add_tcase(s, t);
	return s;
}
