/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both directions of an attached stream. A sink whose reader has gone swallows
 * what follows: the container is not to die of our reader, and its other
 * output goes on. What bites is said at each place.
 */
#include "engine/dockerio.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"

/* How long a container may write to a reader that has gone before the run says so. */
#define UNREAD_NS 1000000000ull

/* ---- stdin ------------------------------------------------------------------------------- */

void feed_init(struct feed *f, int fd)
{
	f->fd = fd;
	f->finished = fd < 0;
	f->at = f->len = 0;
}

void feed_stop(struct feed *f)
{
	f->finished = true;
}

void feed_read(struct feed *f, struct call *c)
{
	ssize_t n = read(f->fd, f->buf, sizeof(f->buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) /* a directory, a closed fd, a lost terminal: its end for the container */
		call_log(c, GANTRY_LOG_WARN, "stdin: read failed (errno %d)", errno);
	if (n <= 0) {
		f->fd = -1;
		return;
	}
	f->at = 0;
	f->len = (size_t)n;
}

void feed_write(struct feed *f, struct http *stream)
{
	while (f->at < f->len) {
		ssize_t n = http_raw_write(stream, f->buf + f->at, f->len - f->at);

		if (n == -EAGAIN)
			return;
		if (n < 0) { /* the container has closed its stdin, or ended */
			f->finished = true;
			return;
		}
		f->at += (size_t)n;
	}
	if (f->fd >= 0)
		return;
	(void)shutdown(stream->fd, SHUT_WR);
	f->finished = true;
}

/* ---- stdout and stderr ------------------------------------------------------------------- */

static void sink_init(struct sink *s, int fd)
{
	struct stat st;
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	*s = (struct sink){ .fd = fd };
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	s->socket = S_ISSOCK(st.st_mode);
	s->free = s->socket || S_ISREG(st.st_mode) || (flags >= 0 && flags & O_NONBLOCK);
	/* a pipe with room has room for a page; a terminal for what is left of its buffer */
	s->most = s->free ? SIZE_MAX : S_ISFIFO(st.st_mode) ? 4096 : 256;
}

void demux_init(struct demux *d, int out, int err)
{
	sink_init(&d->sinks[0], out);
	sink_init(&d->sinks[1], err);
}

/*
 * write(), but what it raises for a pipe without readers never reaches the
 * caller's program: blocked, taken back if it is ours, and the mask restored.
 */
static ssize_t write_quietly(int fd, const void *buf, size_t len)
{
	const struct timespec now = { 0, 0 };
	sigset_t pipes, before, pending;
	bool had;
	ssize_t n;
	int e;

	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipes, &before);
	had = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
	n = write(fd, buf, len);
	e = errno;
	if (n < 0 && e == EPIPE && !had)
		while (sigtimedwait(&pipes, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = e;
	return n;
}

/* Bytes taken; all of them when nobody wants them; 0 when there is no room now. */
static size_t sink_write(struct sink *s, const char *buf, size_t len)
{
	ssize_t n;

	if (s->fd < 0) {
		if (s->alone_ns && clock_mono() - s->alone_ns > UNREAD_NS)
			s->failed = EPIPE;
		return len;
	}
	s->blocked = !s->free && !s->ready;
	if (s->blocked)
		return 0;
	s->ready = false;
	if (len > s->most)
		len = s->most;
	do
		n = s->socket ? send(s->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT) :
				write_quietly(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (size_t)n;
	if (errno == EAGAIN) {
		s->blocked = true;
		return 0;
	}
	if (errno != EPIPE && errno != ECONNRESET)
		s->failed = errno;
	else
		s->alone_ns = clock_mono();
	s->fd = -1;
	return len;
}

/*
 * What writes into a pipe of its own without a reader is told so and ends; here the daemon takes it
 * all. A container that ends soon still gives its exit code, one that goes on would for ever.
 */
int demux_unread(const struct demux *d)
{
	for (int i = 0; i < 2; i++)
		if (d->sinks[i].failed == EPIPE)
			return i;
	return -1;
}

/* The bytes of one frame that are here. */
static size_t take_payload(struct demux *d, const char *buf, size_t len)
{
	size_t room = sizeof(d->complaint) - 1 - d->complaint_len;

	if (d->head[0] <= 2)
		return sink_write(&d->sinks[d->head[0] == 2], buf, len);
	if (room > len)
		room = len;
	memcpy(d->complaint + d->complaint_len, buf, room);
	d->complaint_len += room;
	return len;
}

static int take_head(struct demux *d, struct call *c)
{
	d->head[d->head_len++] = (unsigned char)d->buf[d->at++];
	if (d->head_len < sizeof(d->head))
		return 0;
	d->head_len = 0;
	if (d->head[0] > 3 || d->head[1] || d->head[2] || d->head[3])
		return err_set(c->err, EPROTO,
			       "the container's stream is not framed as the API has it");
	d->left = (uint32_t)d->head[4] << 24 | (uint32_t)d->head[5] << 16 |
		  (uint32_t)d->head[6] << 8 | d->head[7];
	return 0;
}

/* Hands out what is in the buffer, as far as the sinks take it. */
static int distribute(struct demux *d, struct call *c)
{
	while (d->at < d->len) {
		size_t n = d->len - d->at;

		if (!d->left) {
			int r = take_head(d, c);

			if (r < 0)
				return r;
			continue;
		}
		n = take_payload(d, d->buf + d->at, n < d->left ? n : d->left);
		if (!n)
			return 0;
		d->at += n;
		d->left -= (uint32_t)n;
	}
	return 0;
}

int demux_step(struct demux *d, struct http *stream, struct call *c)
{
	if (d->at == d->len) {
		ssize_t n = http_raw_read(stream, d->buf, sizeof(d->buf));

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			call_log(c, GANTRY_LOG_WARN, "the container's stream broke (errno %d)",
				 (int)-n);
		if (n <= 0)
			return 1;
		d->at = 0;
		d->len = (size_t)n;
	}
	return distribute(d, c);
}

int demux_result(const struct demux *d, struct call *c)
{
	static const char *const names[] = { "stdout", "stderr" };
	char shown[200];

	if (d->complaint_len) {
		str_printable(shown, sizeof(shown), d->complaint);
		call_log(c, GANTRY_LOG_WARN, "the daemon says of the stream: %s", shown);
	}
	for (int i = 0; i < 2; i++)
		if (d->sinks[i].failed)
			return err_num(c->err, -d->sinks[i].failed, "write the container's %s",
				       names[i]);
	if (d->left || d->head_len)
		return err_set(c->err, EPROTO,
			       "the container's stream ended in the middle of a frame");
	return 0;
}
