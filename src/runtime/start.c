/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_start: one byte into the FIFO that init holds, then wait until init
 * holds it no more: it has executed the command, or has written why not and is gone.
 */
#include <poll.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "runtime/recover.h"
#include "runtime/runtime.h"

/* How long init may take to answer before we look whether it can. */
enum { LOOK_MS = 100 };

static int refuse(const char *root, const char *id, struct gantry_err *err)
{
	clean_state struct state s = { 0 };
	int r = state_read(root, id, &s, err);

	if (r < 0)
		return r;
	return err_set(err, EBUSY, "container %s is %s, not created", id, state_name(s.status));
}

/* What is left in the FIFO after init let go of it: nothing, or its words. */
static int read_outcome(int dir, const char *id, struct gantry_err *err)
{
	clean_fd int fd = openat(dir, STATE_FIFO, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct gantry_err words;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "read from container %s", id);
	n = read(fd, &words, sizeof(words));
	if (n <= 0)
		return 0;
	if (n != sizeof(words))
		return err_set(err, EBUSY,
			       "container not running: init of %s was killed before it could start",
			       id);
	words.msg[sizeof(words.msg) - 1] = '\0';
	if (err)
		*err = words;
	return -words.code;
}

/*
 * Writes the byte. A reader of our own is open meanwhile: if init is killed
 * just now there is no SIGPIPE for whoever calls this.
 */
static int give_byte(int dir, int fifo)
{
	clean_fd int reader =
		openat(dir, STATE_FIFO, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return reader < 0 ? -errno : fd_write(fifo, "s", 1);
}

/* A frozen init cannot read: true when the byte could be taken back from it. */
static bool take_back(const char *root, const char *id, int dir)
{
	clean_state struct state s = { 0 };
	clean_fd int fd = -1;
	char byte;

	if (state_read(root, id, &s, NULL) < 0 || s.status != GANTRY_STATE_PAUSED)
		return false;
	fd = openat(dir, STATE_FIFO, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

int runtime_start(const char *root, const char *id, struct gantry_err *err)
{
	clean_fd int dir = state_dir(root, id, err);
	clean_state struct state s = { 0 };
	struct pollfd p = { .fd = -1 };
	clean_fd int fifo = -1;
	int r;

	if (dir < 0)
		return dir;
	r = recover_lock(dir, id, err);
	if (r == 0)
		r = state_load(dir, id, &s, err);
	if (r < 0)
		return r;
	fifo = openat(dir, STATE_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fifo < 0 || s.phase != STATE_COMMITTED)
		return refuse(root, id, err);
	r = give_byte(dir, fifo);
	if (r < 0)
		return err_num(err, r, "start container %s", id);
	/* Only POLLERR can come, when no reader is left. */
	p.fd = fifo;
	while ((r = poll(&p, 1, LOOK_MS)) <= 0)
		if (r == 0 && take_back(root, id, dir))
			return err_set(err, EBUSY, "container %s is paused, not created", id);
	return read_outcome(dir, id, err);
}
