/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection: connect, send, receive, each waiting in call_poll() alone,
 * so that deadline and cancelling hold everywhere. It owns the socket.
 *
 * What bites: a kept connection may have been closed by the peer (Go's servers
 * do so after an idle time, and with a restart of the daemon). It is looked at
 * before each use; what slips through is tried once more only where the first
 * try cannot have been acted upon.
 */
#include "wire/http.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clean.h"
#include "base/err.h"

void http_init(struct http *h, const char *path)
{
	h->path = path;
	h->fd = -1;
	h->used = h->sent = false;
	h->max = h->at = h->len = 0;
	h->answer = (struct answer){ 0 };
	h->body = (struct str){ 0 };
}

static void disconnect(struct http *h)
{
	clean_fdp(&h->fd);
	h->fd = -1;
	h->used = false;
	h->at = h->len = 0;
}

void http_close(struct http *h)
{
	disconnect(h);
	answer_done(&h->answer);
	str_done(&h->body);
}

const char *http_header(const struct http *h, const char *name)
{
	return answer_header(&h->answer, name);
}

void http_encode(struct str *s, const char *text)
{
	for (; *text; text++) {
		unsigned char b = (unsigned char)*text;

		if ((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
		    strchr("-._~", b))
			str_addn(s, text, 1);
		else
			str_addf(s, "%%%02X", b);
	}
}

static int refused(const struct http *h, int code, struct call *c)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		return err_set(c->err, ECONNREFUSED,
			       "nothing answers at %s (is the daemon running?)", h->path);
	case EACCES:
	case EPERM:
		return err_set(c->err, EACCES, "no permission to use the socket %s", h->path);
	default:
		return err_num(c->err, -code, "connect to %s", h->path);
	}
}

/* A unix socket connects at once, or its backlog is full (EAGAIN): no poll tells of room there. */
static int try_connect(int fd, const struct sockaddr_un *sa, struct call *c)
{
	for (uint64_t us = 500;; us = us < 20000 ? us * 2 : us) {
		int r;

		if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return errno;
		r = call_sleep(c, us);
		if (r < 0)
			return r;
	}
}

static int http_connect(struct http *h, struct call *c)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	clean_fd int fd = -1;
	int r;

	disconnect(h);
	if (strlen(h->path) >= sizeof(sa.sun_path))
		return err_set(c->err, EINVAL, "the socket's path is longer than %zu bytes: %s",
			       sizeof(sa.sun_path) - 1, h->path);
	memcpy(sa.sun_path, h->path, strlen(h->path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(c->err, "make a socket");
	r = try_connect(fd, &sa, c);
	if (r)
		return r < 0 ? r : refused(h, r, c);
	h->fd = TAKE_FD(fd);
	return 0;
}

/* Whether the peer closed an idle connection, or speaks without being asked. */
static bool is_stale(const struct http *h)
{
	char b;

	return h->at < h->len || recv(h->fd, &b, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	       errno != EAGAIN;
}

/* Sends all of it. -EPIPE, without words, when the peer does not listen any more. */
static int send_all(struct http *h, const char *buf, size_t len, struct call *c)
{
	while (len) {
		struct pollfd p = { h->fd, POLLOUT, 0 };
		ssize_t n = send(h->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			buf += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			r = call_poll(c, &p, 1, -1);
			if (r < 0)
				return r;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return -EPIPE;
		} else if (errno != EINTR) {
			return err_sys(c->err, "send to %s", h->path);
		}
	}
	return 0;
}

static int send_request(struct http *h, const struct http_request *rq, struct call *c)
{
	clean_str struct str s = { 0 };

	if (rq->target[strcspn(rq->target, " \t\r\n")])
		return err_set(c->err, EINVAL, "a request may not hold blanks: %s", rq->method);
	str_addf(&s, "%s %s HTTP/1.1\r\nHost: gantry\r\nUser-Agent: gantry/" GANTRY_VERSION "\r\n",
		 rq->method, rq->target);
	if (rq->upgrade)
		str_add(&s, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	if (rq->body)
		str_add(&s, "Content-Type: application/json\r\n");
	if (rq->body || !strcmp(rq->method, "POST"))
		str_addf(&s, "Content-Length: %zu\r\n", rq->body ? rq->body_len : 0);
	str_add(&s, "\r\n");
	if (rq->body)
		str_addn(&s, rq->body, rq->body_len);
	if (s.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	call_log(c, GANTRY_LOG_DEBUG, "%s %s%s%.*s", rq->method, rq->target, rq->body ? "\n" : "",
		 rq->body ? (int)rq->body_len : 0, rq->body ? rq->body : "");
	return send_all(h, s.buf, s.len, c);
}

/* The body goes to the log as one printable line: it is the peer's and may hold anything. */
static void log_answer(const struct http *h, struct call *c)
{
	size_t size = h->body.len * 4 + 1;
	clean_free char *text = NULL;
	char *nl;

	if (!call_logs(c, GANTRY_LOG_DEBUG))
		return;
	text = malloc(size);
	if (text)
		str_printable(text, size, h->body.len ? h->body.buf : "");
	nl = text ? strstr(text, "\\x0a") : NULL; /* Go ends its JSON with a newline */
	if (nl && !nl[4])
		*nl = '\0';
	call_log(c, GANTRY_LOG_DEBUG, "answer %d%s%s", h->answer.status, text && *text ? " " : "",
		 text ? text : "");
}

/* Takes apart what was read. 1 the answer is whole, 0 more is needed. */
static int digest(struct http *h, struct call *c)
{
	while (h->at < h->len && !answer_ended(&h->answer)) {
		const char *body;
		size_t body_len;
		ssize_t n = answer_feed(&h->answer, h->in + h->at, h->len - h->at, &body, &body_len,
					c->err);

		if (n < 0)
			return err_in(c->err, (int)n, "%s", h->path);
		h->at += (size_t)n;
		/* what is announced counts as well: 4 GB need not be read to be refused */
		if (h->answer.status && h->body.len + body_len + h->answer.left > h->max)
			return err_set(c->err, EPROTO, "%s: the answer is longer than %zu bytes",
				       h->path, h->max);
		if (body_len)
			str_addn(&h->body, body, body_len);
		if (h->body.failed)
			return err_set(c->err, ENOMEM, "out of memory");
	}
	if (h->at == h->len)
		h->at = h->len = 0;
	return answer_ended(&h->answer);
}

static int gone(const struct http *h, struct call *c)
{
	return err_set(c->err, ECONNREFUSED, "the daemon at %s went away %s its answer", h->path,
		       answer_begun(&h->answer) ? "in the middle of" : "before");
}

/*
 * One read. 1 the answer is whole, 0 more is needed and *again says whether to
 * wait for it; -EPIPE, without words, when the peer is gone.
 */
static int take_in(struct http *h, bool *again, struct call *c)
{
	ssize_t n;

	*again = false;
	if (h->at == h->len) {
		n = recv(h->fd, h->in, sizeof(h->in), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			return 0;
		if (n < 0 && errno == EAGAIN) {
			*again = true;
			return 0;
		}
		if (n <= 0)
			return answer_eof(&h->answer) < 0 ? -EPIPE : 1;
		h->at = 0;
		h->len = (size_t)n;
	}
	return digest(h, c);
}

/* After an answer: the connection stays for the next request where both sides want that. */
static int finished(struct http *h, struct call *c)
{
	log_answer(h, c);
	if (h->answer.state == ANSWER_RAW)
		return 1;
	if (h->answer.keep && h->at == h->len)
		h->used = true;
	else
		disconnect(h);
	return 1;
}

int http_step(struct http *h, struct call *c)
{
	while (!answer_ended(&h->answer)) {
		bool again;
		int r = take_in(h, &again, c);

		if (r == -EPIPE)
			r = gone(h, c);
		if (r < 0)
			disconnect(h);
		if (r > 0)
			return finished(h, c);
		if (r < 0 || again)
			return r;
	}
	return 1;
}

/*
 * Waits for all of the answer, or for the head where that is no error's.
 * -EPIPE, without words, when nothing of it came.
 */
static int receive(struct http *h, bool whole, struct call *c)
{
	for (;;) {
		struct pollfd p = { h->fd, POLLIN, 0 };
		bool again;
		int r = take_in(h, &again, c);

		if (r == -EPIPE && answer_begun(&h->answer))
			return gone(h, c);
		if (r < 0)
			return r;
		if (r > 0)
			return finished(h, c);
		if (!whole && h->answer.status && h->answer.status < 300)
			return 0;
		r = again ? call_poll(c, &p, 1, -1) : 0;
		if (r < 0)
			return r;
	}
}

static int try_request(struct http *h, const struct http_request *rq, bool whole, struct call *c)
{
	int r;

	h->max = rq->max;
	h->body.len = 0;
	if (h->body.buf)
		h->body.buf[0] = '\0';
	h->at = h->len = 0;
	answer_begin(&h->answer, !strcmp(rq->method, "HEAD"));
	r = send_request(h, rq, c);
	if (r < 0 && r != -EPIPE)
		return r;
	h->sent = r == 0;
	/* a server may refuse before it has read all: what it said counts more than EPIPE */
	return receive(h, whole, c);
}

static int request(struct http *h, const struct http_request *rq, bool whole, struct call *c)
{
	bool repeatable = !strcmp(rq->method, "GET") || !strcmp(rq->method, "HEAD");
	int r = 0;

	h->sent = false;
	for (int attempt = 0; attempt < 2; attempt++) {
		bool used;

		if (h->fd >= 0 && (!h->used || is_stale(h)))
			disconnect(h);
		if (h->fd < 0)
			r = http_connect(h, c);
		if (r < 0)
			break;
		used = h->used;
		h->used = false;
		r = try_request(h, rq, whole, c);
		if (r != -EPIPE || !used || (h->sent && !repeatable))
			break;
		disconnect(h);
		r = 0;
	}
	if (r == -EPIPE)
		r = gone(h, c);
	if (r < 0 && !(rq->lasting && h->sent && (r == -ETIMEDOUT || r == -ECANCELED)))
		disconnect(h);
	return r < 0 ? r : h->answer.status;
}

int http_resume(struct http *h, struct call *c)
{
	int r = receive(h, true, c);

	if (r == -EPIPE)
		r = gone(h, c);
	if (r < 0)
		disconnect(h);
	return r < 0 ? r : h->answer.status;
}

int http_call(struct http *h, const struct http_request *rq, struct call *c)
{
	return request(h, rq, true, c);
}

int http_begin(struct http *h, const struct http_request *rq, struct call *c)
{
	return request(h, rq, false, c);
}

ssize_t http_raw_read(struct http *h, void *buf, size_t size)
{
	ssize_t n;

	if (h->at < h->len) {
		if (size > h->len - h->at)
			size = h->len - h->at;
		memcpy(buf, h->in + h->at, size);
		h->at += size;
		return (ssize_t)size;
	}
	do
		n = recv(h->fd, buf, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t http_raw_write(struct http *h, const void *buf, size_t size)
{
	ssize_t n;

	do
		n = send(h->fd, buf, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}
