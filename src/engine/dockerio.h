/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an attached container: our stdin into the stream, and its
 * frames out to our stdout and stderr. Nothing here blocks.
 */
#pragma once
#include "base/call.h"
#include "wire/http.h"

enum { FEED_SIZE = 32 << 10, DEMUX_SIZE = 32 << 10 };

/* What the container reads. */
struct feed {
	int fd;             /* the caller's; -1 when there is nothing to read (any more) */
	bool finished;      /* nothing may be sent any more */
	size_t at, len;
	char buf[FEED_SIZE];
};

void feed_init(struct feed *f, int fd);
/* Whether it has room, so that f->fd is to be polled. */
static inline bool feed_wants(const struct feed *f)
{
	return f->fd >= 0 && f->at == f->len && !f->finished;
}
/* Whether it has something for the container: bytes, or their end. */
static inline bool feed_has(const struct feed *f)
{
	return !f->finished && (f->at < f->len || f->fd < 0);
}
/* One read, after poll has called f->fd ready. */
void feed_read(struct feed *f, struct call *c);
/* Sends what the stream takes; after the last byte its end. */
void feed_write(struct feed *f, struct http *stream);
/* The container has ended: nobody reads any more. */
void feed_stop(struct feed *f);

/* One of the caller's descriptors. */
struct sink {
	int fd;             /* -1: nowhere (any more) */
	bool free;          /* may be written without asking poll: it cannot block */
	bool socket;
	bool ready;         /* poll has promised room */
	bool blocked;       /* there are bytes for it and no room */
	size_t most;        /* that fit when poll promises room */
	int failed;         /* errno of what was lost; 0: nothing, or only for lack of a reader */
	uint64_t alone_ns;  /* since when (monotonic) it has no reader; 0: it has one */
};

/* What it writes: frames of { stream, 0, 0, 0, length as 4 bytes }, then that many bytes. */
struct demux {
	struct sink sinks[2];   /* stdout, stderr */
	unsigned char head[8];
	unsigned head_len;
	uint32_t left;          /* of the current frame */
	size_t at, len;
	char buf[DEMUX_SIZE];
	char complaint[160];    /* stream 3: the daemon's own words about the stream */
	size_t complaint_len;
};

void demux_init(struct demux *d, int out, int err);
/* Bytes are waiting for a sink: no use in reading more. */
static inline bool demux_blocked(const struct demux *d)
{
	return d->sinks[0].blocked || d->sinks[1].blocked;
}
/* The fd of sink i when room there has to be polled for, else -1. */
static inline int demux_waits_for(const struct demux *d, int i)
{
	return d->sinks[i].blocked ? d->sinks[i].fd : -1;
}
static inline void demux_ready(struct demux *d, int i)
{
	d->sinks[i].ready = true;
}
/*
 * Moves what can be moved, at most one buffer. 0 there may be more; 1 the
 * stream has ended; -EPROTO it is none.
 */
int demux_step(struct demux *d, struct http *stream, struct call *c);
/* A sink lost its reader a while ago and the container still writes to it: its number, else -1. */
int demux_unread(const struct demux *d);
/* Whether all of it has arrived: 0; -EPROTO a frame was cut off; -ENOSPC, -EIO, ... of a sink. */
int demux_result(const struct demux *d, struct call *c);
