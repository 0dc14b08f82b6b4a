/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bites: stdin and stdout belong to our caller too, so they are never
 * made non-blocking; they are polled, and a write is at most PIPE_BUF bytes
 * after POLLOUT, which a pipe takes whole. The master is ours alone and is
 * non-blocking: a container that does not read must not stop its own output. On Linux
 * the master reads EIO once nobody holds the other side.
 */
#include "ocicmd/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"

/* How long output may still come from who holds the terminal after init has ended. */
enum { LAST_WORDS_MS = 100 };

int relay_open(struct relay *r, int master, struct gantry_err *err)
{
	struct termios t;

	r->master = master;
	r->in = (struct relay_flow){ .from = STDIN_FILENO, .to = master };
	r->out = (struct relay_flow){ .from = master, .to = STDOUT_FILENO };
	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_sys(err, "the container's terminal");
	if (tcgetattr(STDIN_FILENO, &r->saved) < 0)
		return 0; /* a pipe or a file: nothing to set */
	relay_resize(r);
	t = r->saved;
	cfmakeraw(&t);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t) < 0)
		return err_sys(err, "set the terminal to raw mode");
	r->raw = true;
	return 0;
}

void relay_resize(const struct relay *r)
{
	struct winsize size;

	if (r->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		(void)ioctl(r->master, TIOCSWINSZ, &size);
}

static bool is_empty(const struct relay_flow *f)
{
	return f->begin == f->end;
}

void relay_wait(const struct relay *r, struct pollfd fds[RELAY_FDS])
{
	bool on = r->master >= 0;
	bool read_more = on && !r->in.closed && is_empty(&r->in);
	short master = 0;

	fds[0] = (struct pollfd){ read_more ? STDIN_FILENO : -1, POLLIN, 0 };
	fds[1] = (struct pollfd){ on && !is_empty(&r->out) ? STDOUT_FILENO : -1, POLLOUT, 0 };
	if (is_empty(&r->out) && !r->out.closed)
		master |= POLLIN;
	if (!is_empty(&r->in))
		master |= POLLOUT;
	fds[2] = (struct pollfd){ on && master ? r->master : -1, master, 0 };
}

/* False at the end of what can be read. */
static bool take(struct relay_flow *f)
{
	ssize_t n = read(f->from, f->bytes, sizeof(f->bytes));

	if (n > 0) {
		f->begin = 0;
		f->end = (size_t)n;
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* False when nobody takes it any more. */
static bool give(struct relay_flow *f)
{
	ssize_t n = write(f->to, f->bytes + f->begin, f->end - f->begin);

	if (n > 0)
		f->begin += (size_t)n;
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

void relay_move(struct relay *r, const struct pollfd fds[RELAY_FDS])
{
	if (fds[0].revents && !take(&r->in))
		r->in.closed = true;
	if (fds[2].revents & (POLLOUT | POLLHUP | POLLERR) && !is_empty(&r->in) && !give(&r->in))
		r->in.begin = r->in.end;
	if (fds[2].revents & (POLLIN | POLLHUP | POLLERR) && is_empty(&r->out) && !take(&r->out))
		r->out.closed = true;
	/* nobody reads our stdout: the container may write on, it goes nowhere */
	if (fds[1].revents && !give(&r->out))
		r->out.begin = r->out.end;
}

void relay_drain(struct relay *r)
{
	r->in.closed = true;
	r->in.begin = r->in.end;
	while (r->master >= 0 && (!r->out.closed || !is_empty(&r->out))) {
		struct pollfd fds[RELAY_FDS];

		relay_wait(r, fds);
		if (poll(fds, RELAY_FDS, is_empty(&r->out) ? LAST_WORDS_MS : -1) <= 0)
			return;
		relay_move(r, fds);
	}
}

void relay_done(struct relay *r)
{
	if (r->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &r->saved);
	r->raw = false;
	clean_fdp(&r->master);
	r->master = -1;
}
