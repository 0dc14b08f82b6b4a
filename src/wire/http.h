/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 to a server on a unix socket: one connection, one request at a
 * time, kept alive between requests, and given up for a raw stream where the
 * server upgrades it. No redirects, no proxies, no TLS.
 */
#pragma once
#include "base/call.h"
#include "wire/answer.h"

enum { HTTP_IN = 16 << 10 };

struct http {
	const char *path;     /* of the socket; borrowed */
	int fd;               /* -1: not connected */
	bool used;            /* it carried an answer, and the peer may have closed it since */
	bool sent;            /* the whole of the last request is out */
	size_t max;           /* of the body */
	struct answer answer;
	struct str body;      /* what came so far; who streams takes it away between steps */
	size_t at, len;       /* bytes read and not yet taken apart */
	char in[HTTP_IN];
};

struct http_request {
	const char *method;
	const char *target;   /* path and query, already encoded */
	const char *body;     /* JSON; NULL for none */
	size_t body_len;
	size_t max;           /* the longest body that an answer may have */
	bool upgrade;         /* asks for a raw stream: the answer should be 101 */
	bool lasting;         /* cut short after it was sent, the connection stays (http_resume) */
};

/* `path` is kept, not copied. Nothing is connected before the first request. */
void http_init(struct http *h, const char *path);
/* Closes the connection and frees what it holds; may be used again. Keeps errno. */
void http_close(struct http *h);
#define clean_http __attribute__((cleanup(http_close)))

/*
 * Sends a request and waits for its whole answer. Returns the status; the body
 * is in h->body until the next request (buf is NUL-terminated, NULL or "" when
 * empty). A connection that the peer closed while it was idle is made anew, once.
 *
 * Returns -ECONNREFUSED nobody answers there, or went away in the middle;
 * -EACCES; -EPROTO the answer is none, or longer than `max`; -EINVAL the
 * socket's path; -ETIMEDOUT, -ECANCELED by the call. The connection is
 * closed after each of these, but see http_request.lasting. h->sent tells whether
 * the peer may have acted upon the request.
 */
int http_call(struct http *h, const struct http_request *rq, struct call *c);
/*
 * Waits on for the whole answer to a lasting request that was cut short. Returns as
 * http_call(); the connection is closed after a failure.
 */
int http_resume(struct http *h, struct call *c);

/*
 * The same in parts: sends, and waits until the answer's head is in, or for
 * all of it where its status is 300 or more. Returns the status.
 */
int http_begin(struct http *h, const struct http_request *rq, struct call *c);
/*
 * Takes in what is there and never blocks. Returns 1 once the answer is whole, 0 when the
 * socket (h->fd) has to be waited for, or an error as http_call().
 */
int http_step(struct http *h, struct call *c);

/* A header of the answer, or NULL. */
const char *http_header(const struct http *h, const char *name);

/*
 * After 101: the raw stream. Reading gives first what came with the answer;
 * neither blocks. Bytes, 0 at the end, or -errno (-EAGAIN: wait for h->fd).
 */
ssize_t http_raw_read(struct http *h, void *buf, size_t size);
ssize_t http_raw_write(struct http *h, const void *buf, size_t size);
/* Whether http_raw_read() has bytes that poll() does not know of. */
static inline bool http_raw_early(const struct http *h)
{
	return h->at < h->len;
}

/* Adds text to a URL with everything but letters, digits and "-._~" as %XX. */
void http_encode(struct str *s, const char *text);
