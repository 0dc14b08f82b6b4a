/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that says what a test wants it to: a unix socket, a thread for each
 * connection, and a table of answers found by how a request begins. It reads
 * requests as HTTP has them and keeps their text for the test to look at.
 */
#pragma once
#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/base/tempdir.h"

enum fake_flag {
	FAKE_ONCE = 1,   /* answers one request, then the next row that fits is taken */
	FAKE_CLOSE = 2,  /* closes after the answer */
	FAKE_SILENT = 4, /* says no more after the answer, and keeps the connection */
	FAKE_SLOW = 8,   /* a byte at a time, in reads of their own */
	FAKE_DEAF = 16,  /* closes without reading the request */
	FAKE_ECHO = 32,  /* after the answer sends back what it gets, until its end */
	FAKE_LATE = 64   /* half a second before the answer */
};

struct fake_route {
	const char *request; /* its beginning: "GET /_ping"; NULL ends the table */
	const char *answer;  /* as it goes over the wire */
	int flags;
	size_t len;          /* of the answer; 0: strlen */
};

struct fake {
	struct tempdir dir;
	char path[108];
	const struct fake_route *routes;
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	bool used[32];       /* rows with FAKE_ONCE */
	int connections;
	char seen[64 << 10]; /* every request, one after another */
};

/* One connection, in a thread of its own. */
struct fake_peer {
	struct fake *f;
	int fd;
};

/* Reads a whole request. Its length, or 0 at the end of the connection. */
static inline size_t fake_read(int fd, char *buf, size_t size)
{
	size_t len = 0, want = 0;

	while (len + 1 < size) {
		const char *head, *length;
		ssize_t n = recv(fd, buf + len, want ? want - len : 1, 0);

		if (n <= 0)
			return 0;
		len += (size_t)n;
		buf[len] = '\0';
		if (want && len >= want)
			return len;
		head = want ? NULL : strstr(buf, "\r\n\r\n");
		if (!head)
			continue;
		length = strcasestr(buf, "content-length:");
		want = (size_t)(head + 4 - buf) + (length ? strtoul(length + 15, NULL, 10) : 0);
		if (len >= want)
			return len;
	}
	return len;
}

static inline const struct fake_route *fake_find(struct fake *f, const char *request)
{
	const struct fake_route *r;

	pthread_mutex_lock(&f->lock);
	strncat(f->seen, request, sizeof(f->seen) - strlen(f->seen) - 1);
	for (r = f->routes; r->request; r++) {
		size_t i = (size_t)(r - f->routes);

		if (strncmp(request, r->request, strlen(r->request)) || f->used[i])
			continue;
		f->used[i] = r->flags & FAKE_ONCE;
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return r->request ? r : NULL;
}

static inline void fake_say(int fd, const char *text, size_t len, bool slow)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, text + at, slow ? 1 : len - at, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += (size_t)n;
		if (slow)
			usleep(50);
	}
}

static inline void fake_echo(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		fake_say(fd, buf, (size_t)n, false);
}

static inline void *fake_serve(void *arg)
{
	struct fake_peer p = *(struct fake_peer *)arg;
	char request[16 << 10];
	int flags = 0;

	free(arg);
	if (p.f->routes->flags & FAKE_DEAF && !p.f->used[0]) {
		p.f->used[0] = true;
		close(p.fd);
		return NULL;
	}
	while (!(flags & FAKE_CLOSE) && fake_read(p.fd, request, sizeof(request))) {
		const struct fake_route *r = fake_find(p.f, request);
		const char *answer =
			r ? r->answer : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

		flags = r ? r->flags : 0;
		if (flags & FAKE_LATE)
			usleep(500000);
		fake_say(p.fd, answer, r && r->len ? r->len : strlen(answer), flags & FAKE_SLOW);
		if (flags & FAKE_ECHO)
			fake_echo(p.fd);
		if (flags & (FAKE_SILENT | FAKE_ECHO))
			break;
	}
	while (flags & FAKE_SILENT && recv(p.fd, request, sizeof(request), 0) > 0)
		;
	close(p.fd);
	return NULL;
}

static inline void *fake_accept(void *arg)
{
	struct fake *f = arg;

	for (;;) {
		int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
		struct fake_peer *p;
		pthread_t t;

		if (fd < 0)
			return NULL;
		p = malloc(sizeof(*p));
		*p = (struct fake_peer){ f, fd };
		f->connections++;
		ck_assert_int_eq(pthread_create(&t, NULL, fake_serve, p), 0);
		pthread_detach(t);
	}
}

/* Begins to answer at f->path. The routes have to live as long. */
static inline void fake_start(struct fake *f, const struct fake_route *routes)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	memset(f, 0, sizeof(*f));
	tempdir_make(&f->dir);
	f->routes = routes;
	pthread_mutex_init(&f->lock, NULL);
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir.path);
	memcpy(sa.sun_path, f->path, strlen(f->path));
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(f->listener, 16), 0);
	ck_assert_int_eq(pthread_create(&f->thread, NULL, fake_accept, f), 0);
}

static inline void fake_stop(struct fake *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
	tempdir_remove(&f->dir);
}
