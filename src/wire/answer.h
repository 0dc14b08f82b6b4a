/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of an HTTP/1.1 server, taken apart as it comes in: bytes are
 * handed over in pieces of any size, no socket is known here. Strict and
 * bounded, because the peer may be anybody who owns the socket.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

enum {
	ANSWER_HEAD_MAX = 64 << 10,   /* status line, headers and trailers together */
	ANSWER_HEADERS_MAX = 128,     /* lines of them */
	ANSWER_CHUNK_MAX = 1 << 30,   /* of one chunk; Go's servers write 4 KiB and less */
	ANSWER_CHUNK_LINE_MAX = 256,  /* a chunk's size with its extensions */
	ANSWER_INTERIM_MAX = 8        /* answers of 1xx before the real one */
};

enum answer_state {
	ANSWER_STATUS,     /* lines, ended by CRLF */
	ANSWER_HEADER,
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_FIXED,      /* body bytes */
	ANSWER_CHUNK,
	ANSWER_TO_EOF,
	ANSWER_DONE,       /* what follows belongs to the next answer */
	ANSWER_RAW         /* 101: what follows is no HTTP any more */
};

struct answer {
	int status;        /* 0 until the head is complete */
	bool keep;         /* the connection may carry another request */
	bool bodyless;     /* the request was HEAD */
	bool chunked, sized;
	uint8_t state;     /* enum answer_state */
	uint8_t interim;
	uint16_t lines;
	int code;          /* of the status line, before the head is complete */
	uint64_t left;     /* bytes of this body or chunk */
	size_t head_bytes;
	struct str line;   /* the one that is coming in */
	struct str head;   /* "Name: value\0" after one another */
};

/* Makes ready for an answer; also for the next one. Zero the struct before the first. */
void answer_begin(struct answer *a, bool bodyless);
void answer_done(struct answer *a);

/*
 * Takes bytes until they end, a piece of body was found (*body, *body_len: a
 * view into `bytes`, else NULL, 0), the head is complete, or the answer is.
 * Returns how many it took; -EPROTO it is no such answer, -ENOMEM, with words.
 */
ssize_t answer_feed(struct answer *a, const char *bytes, size_t len, const char **body,
		    size_t *body_len, struct gantry_err *err);

/* The peer sends no more. 0 where that ends the answer; -EPIPE, no words, where it cuts it off. */
int answer_eof(struct answer *a);

static inline bool answer_ended(const struct answer *a)
{
	return a->state >= ANSWER_DONE;
}
/* Whether anything of it has come in. */
static inline bool answer_begun(const struct answer *a)
{
	return a->state != ANSWER_STATUS || a->interim || a->line.len;
}
/* The value of a header, any case; NULL when there is none. Belongs to the answer. */
const char *answer_header(const struct answer *a, const char *name);
