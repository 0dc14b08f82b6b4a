/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/answer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"

/* What came of an answer. */
struct outcome {
	int r;            /* 0 whole, -EAGAIN incomplete, else the parser's error */
	int status;
	bool keep;
	size_t taken;
	struct str body;
	struct gantry_err err;
	char type[64];    /* of its Content-Type */
};

/* Feeds it in pieces that end at `cut` and then of `step` bytes. */
static struct outcome parse(const char *text, size_t len, size_t cut, size_t step, bool head)
{
	struct answer a = { 0 };
	struct outcome o = { 0 };
	size_t at = 0, end = cut;

	answer_begin(&a, head);
	while (at < len && !answer_ended(&a)) {
		const char *body;
		size_t n;
		ssize_t r;

		if (end > len)
			end = len;
		r = answer_feed(&a, text + at, end - at, &body, &n, &o.err);
		if (r < 0) {
			o.r = (int)r;
			break;
		}
		str_addn(&o.body, body, n);
		at += (size_t)r;
		if (at == end)
			end += step;
	}
	if (o.r == 0 && !answer_ended(&a))
		o.r = answer_eof(&a) == 0 ? 0 : -EAGAIN;
	o.status = a.status;
	o.keep = a.keep;
	o.taken = at;
	if (answer_header(&a, "content-type"))
		snprintf(o.type, sizeof(o.type), "%s", answer_header(&a, "content-type"));
	answer_done(&a);
	return o;
}

static struct outcome whole(const char *text)
{
	return parse(text, strlen(text), strlen(text), 1, false);
}

static const char chunked[] =
	"HTTP/1.1 200 OK\r\nContent-Type: application/json \r\nTransfer-Encoding: chunked\r\n\r\n"
	"5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nX-Trailer: yes\r\n\r\n";
static const char sized[] = "HTTP/1.1 404 Not Found\r\nX: \r\nCONTENT-LENGTH:  "
			    "12\r\nContent-Type:text/plain\r\n\r\nhello, world";

START_TEST(an_answer_cut_anywhere_is_the_same_answer)
{
	static const struct {
		const char *text;
		int status;
	} all[] = { { chunked, 200 }, { sized, 404 } };

	for (size_t i = 0; i < 2; i++)
		for (size_t cut = 0; cut <= strlen(all[i].text); cut++)
			for (size_t step = 1; step < 200; step += 99) {
				struct outcome o =
					parse(all[i].text, strlen(all[i].text), cut, step, false);

				ck_assert_int_eq(o.r, 0);
				ck_assert_int_eq(o.status, all[i].status);
				ck_assert_str_eq(o.body.buf, "hello, world");
				ck_assert_str_eq(o.type, i ? "text/plain" : "application/json");
				ck_assert(o.keep);
				str_done(&o.body);
			}
}
END_TEST

START_TEST(what_follows_an_answer_is_not_taken)
{
	char text[512];
	struct outcome o;

	snprintf(text, sizeof(text), "%sHTTP/1.1 200 OK\r\n", sized);
	o = whole(text);
	ck_assert_int_eq(o.r, 0);
	ck_assert_uint_eq(o.taken, strlen(sized));
	str_done(&o.body);
	snprintf(text, sizeof(text), "%snext", chunked);
	o = whole(text);
	ck_assert_uint_eq(o.taken, strlen(chunked));
	str_done(&o.body);
}
END_TEST

START_TEST(an_answer_that_breaks_off_is_incomplete_wherever_it_does)
{
	for (size_t n = 0; n < strlen(chunked); n++) {
		struct outcome o = parse(chunked, n, n, 1, false);

		ck_assert_int_eq(o.r, -EAGAIN);
		str_done(&o.body);
	}
	for (size_t n = 0; n < strlen(sized); n++) {
		struct outcome o = parse(sized, n, n, 1, false);

		ck_assert_int_eq(o.r, -EAGAIN);
		str_done(&o.body);
	}
}
END_TEST

/* An answer's text and what it has to come to. */
static const struct {
	const char *text;
	int status;
	const char *body;
	bool keep;
	bool head;
} good[] = {
	{ "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true, false },
	{ "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", true, false },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, "", true, false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", 200, "", true, true },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", 200, "", true, true },
	{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true, false },
	{ "HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end", false, false },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200, "OK", false, false },
	{ "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nOK", 200, "OK",
	  true, false },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK", 200, "OK", false,
	  false },
	{ "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
	  "2\r\n\r\nOK",
	  200, "OK", true, false },
	{ "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: "
	  "Upgrade\r\n\r\n",
	  101, "", true, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000A \r\n0123456789\r\n0\r\n\r\n",
	  200, "0123456789", true, false },
};

START_TEST(good_answers_are_understood)
{
	struct outcome o = parse(good[_i].text, strlen(good[_i].text), 1, 1, good[_i].head);

	ck_assert_msg(o.r == 0, "%d: %d %s", _i, o.r, o.err.msg);
	ck_assert_int_eq(o.status, good[_i].status);
	ck_assert_str_eq(o.body.buf ? o.body.buf : "", good[_i].body);
	ck_assert_int_eq(o.keep, good[_i].keep);
	str_done(&o.body);
}
END_TEST

static const struct {
	const char *text;
	const char *words;
} bad[] = {
	{ "SSH-2.0-OpenSSH_9.2\r\n", "not HTTP" },
	{ "HTTP/2 200 OK\r\n", "not HTTP" },
	{ "HTTP/1.1200 OK\r\n", "not HTTP" },
	{ "HTTP/1.1 2x0 OK\r\n", "status" },
	{ "HTTP/1.1 2000 OK\r\n", "status" },
	{ "HTTP/1.1 099 OK\r\n", "status" },
	{ "HTTP/1.1 600 OK\r\n", "status" },
	{ "\r\nHTTP/1.1 200 OK\r\n", "not HTTP" },
	{ "HTTP/1.1 200 OK\n", "CR LF" },
	{ "HTTP/1.1 200 \x1b]0;owned\r\n", "control" },
	{ "HTTP/1.1 200 OK\r\nName\x1b[2J: v\r\n", "control" },
	{ "HTTP/1.1 200 OK\r\nname: \x07v\r\n", "control" },
	{ "HTTP/1.1 200 OK\r\nno colon\r\n", "without a name" },
	{ "HTTP/1.1 200 OK\r\n: v\r\n", "without a name" },
	{ "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n", "without a name" },
	{ "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n", "without a name" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: \r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n", "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", "chunked" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	  "chunked" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "chunks" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "without a size" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "without a size" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "without a size" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n", "without a size" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n", "1024 MiB" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	  "1024 MiB" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
	  "longer than it says" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\n", "CR LF" },
};

START_TEST(answers_that_are_none_are_refused_with_words)
{
	for (size_t step = 1; step < 100; step += 98) {
		struct outcome o = parse(bad[_i].text, strlen(bad[_i].text), step, step, false);

		ck_assert_msg(o.r == -EPROTO, "%d: %d", _i, o.r);
		ck_assert_msg(strstr(o.err.msg, bad[_i].words), "%d: %s", _i, o.err.msg);
		str_done(&o.body);
	}
}
END_TEST

/* "HTTP/1.1 200 OK", then `n` times `line`, then `end`. */
static struct outcome repeated(const char *line, size_t n, const char *end)
{
	struct str s = { 0 };
	struct outcome o;

	str_add(&s, "HTTP/1.1 200 OK\r\n");
	for (size_t i = 0; i < n; i++)
		str_add(&s, line);
	str_add(&s, end);
	o = parse(s.buf, s.len, 1000, 1000, false);
	str_done(&s);
	str_done(&o.body);
	return o;
}

START_TEST(a_head_is_bounded_in_lines_and_bytes)
{
	char line[1026];

	memset(line, 'a', 1024);
	line[1] = ':';
	memcpy(line + 1022, "\r\n", 3);
	ck_assert_int_eq(repeated("a: b\r\n", 128, "Content-Length: 0\r\n\r\n").r, -EPROTO);
	ck_assert_int_eq(repeated("a: b\r\n", 127, "Content-Length: 0\r\n\r\n").r, 0);
	ck_assert_int_eq(repeated(line, 63, "Content-Length: 0\r\n\r\n").r, 0);
	ck_assert_int_eq(repeated(line, 64, "Content-Length: 0\r\n\r\n").r, -EPROTO);
	ck_assert_int_eq(repeated("aaaaaaaaaaaaaaaa", 8192, "").r,
			 -EPROTO); /* one line without an end */
	/* trailers count too */
	ck_assert_int_eq(repeated("Transfer-Encoding: chunked\r\n\r\n0\r\n", 1, "").r, -EAGAIN);
	ck_assert_int_eq(repeated(line, 30, "Transfer-Encoding: chunked\r\n\r\n0\r\n").r, -EAGAIN);
}
END_TEST

START_TEST(trailers_and_extensions_are_bounded)
{
	struct str s = { 0 };
	struct outcome o;

	str_add(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
	for (int i = 0; i < 200; i++)
		str_add(&s, "a: b\r\n");
	o = parse(s.buf, s.len, 10, 10, false);
	ck_assert_int_eq(o.r, -EPROTO);
	str_done(&o.body);
	str_done(&s);
	str_add(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
	for (int i = 0; i < 300; i++)
		str_add(&s, "x");
	o = parse(s.buf, s.len, 10, 10, false);
	ck_assert_int_eq(o.r, -EPROTO);
	str_done(&o.body);
	str_done(&s);
}
END_TEST

START_TEST(interim_answers_end_some_time)
{
	struct str s = { 0 };
	struct outcome o;

	for (int i = 0; i < 8; i++)
		str_add(&s, "HTTP/1.1 102 Processing\r\n\r\n");
	o = parse(s.buf, s.len, 7, 7, false);
	ck_assert_int_eq(o.r, -EAGAIN);
	str_done(&o.body);
	str_add(&s, "HTTP/1.1 102 Processing\r\n\r\n");
	o = parse(s.buf, s.len, 7, 7, false);
	ck_assert_int_eq(o.r, -EPROTO);
	str_done(&o.body);
	str_done(&s);
}
END_TEST

START_TEST(headers_are_found_whatever_their_case_and_whole)
{
	const char text[] =
		"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nApi: no\r\nContent-Length: 0\r\n\r\n",
		   *body;
	struct answer a = { 0 };
	size_t n;

	answer_begin(&a, false);
	ck_assert_int_eq(answer_feed(&a, text, strlen(text), &body, &n, NULL), (int)strlen(text));
	ck_assert_str_eq(answer_header(&a, "api-version"), "1.41");
	ck_assert_str_eq(answer_header(&a, "API"), "no");
	ck_assert_ptr_null(answer_header(&a, "Api-Vers"));
	ck_assert_ptr_null(answer_header(&a, "x"));
	answer_begin(&a, false);
	ck_assert_ptr_null(answer_header(&a, "api-version"));
	answer_done(&a);
}
END_TEST

/* Answers of real daemons, as they went over the wire. */
START_TEST(what_daemons_really_said_is_understood)
{
	static const struct { const char *name; int status; const char *in_body; } files[] = {
		{ "docker20-ping", 200, "OK" },
		{ "docker20-conflict", 409, "is already in use by container" },
		{ "docker20-wait", 200, "\"StatusCode\":7" },
		{ "podman4-missing", 404, "no such container" },
		{ "podman4-start", 204, "" },
	};
	char name[600];
	const char *data = getenv("GANTRY_TEST_DATA");

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct outcome o;
		char *text;
		size_t len;

		snprintf(name, sizeof(name), "%s/http/%s", data, files[i].name);
		ck_assert_int_eq(fd_slurp(AT_FDCWD, name, 1 << 20, &text, &len), 0);
		o = parse(text, len, 3, 3, false);
		ck_assert_msg(o.r == 0, "%s: %s", name, o.err.msg);
		ck_assert_int_eq(o.status, files[i].status);
		ck_assert_ptr_nonnull(strstr(o.body.buf ? o.body.buf : "", files[i].in_body));
		str_done(&o.body);
		free(text);
	}
}
END_TEST

Suite *answer_suite(void);
Suite *answer_suite(void)
{
	Suite *s = suite_create("wire/answer");
	TCase *t = tcase_create("answer");

	tcase_add_test(t, an_answer_cut_anywhere_is_the_same_answer);
	tcase_add_test(t, what_follows_an_answer_is_not_taken);
	tcase_add_test(t, an_answer_that_breaks_off_is_incomplete_wherever_it_does);
	tcase_add_loop_test(t, good_answers_are_understood, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, answers_that_are_none_are_refused_with_words, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, a_head_is_bounded_in_lines_and_bytes);
	tcase_add_test(t, trailers_and_extensions_are_bounded);
	tcase_add_test(t, interim_answers_end_some_time);
	tcase_add_test(t, headers_are_found_whatever_their_case_and_whole);
	tcase_add_test(t, what_daemons_really_said_is_understood);
	suite_add_tcase(s, t);
	return s;
}
