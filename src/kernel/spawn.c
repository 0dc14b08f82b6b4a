/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs started for the library; spawnraw.c has what runs in the new
 * processes. Owns the pipes of a captured run. stdin of such a run is a
 * memfd, not a pipe: nobody writes, so nobody can get SIGPIPE.
 */
#include "kernel/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/spawnraw.h"

extern char **environ;

_Static_assert((int)SPAWN_FDS == (int)SPAWNRAW_FDS, "the block has to have room for all");

/* A word as a shell would want it, for the log. */
static void add_word(struct str *s, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./-_";

	if (*word && !word[strspn(word, plain)]) {
		str_add(s, word);
		return;
	}
	str_add(s, "'");
	for (; *word; word++)
		if (*word == '\'')
			str_add(s, "'\\''");
		else
			str_addn(s, word, 1);
	str_add(s, "'");
}

static void log_command(const struct spawn *s, struct call *c)
{
	clean_str struct str line = { 0 };

	if (!call_logs(c, GANTRY_LOG_DEBUG))
		return;
	add_word(&line, s->path);
	for (size_t i = 0; s->argv[i]; i++) {
		if (i == 0)
			continue;
		str_add(&line, " ");
		add_word(&line, s->argv[i]);
	}
	if (!line.failed)
		call_log(c, GANTRY_LOG_DEBUG, "execute %s", line.buf);
}

static int start_failed(const struct spawn *s, const struct spawn_block *b, struct gantry_err *err)
{
	switch (b->step) {
	case SPAWN_CLONE:
		return err_num(err, -b->error, "start a process for %s", s->path);
	case SPAWN_DIR:
		return err_num(err, -b->error, "execute %s in %s", s->path, s->dir);
	case SPAWN_STREAM:
		return err_num(err, -b->error, "connect the streams of %s", s->path);
	case SPAWN_CLOSE:
		return err_num(err, -b->error, "close descriptors for %s", s->path);
	default:
		return err_num(err, -b->error, "execute %s", s->path);
	}
}

/* Reaps the waiter, which has ended or is about to. */
static void reap_waiter(int *waiter)
{
	siginfo_t si;

	while (waitid(P_PIDFD, (id_t)*waiter, &si, WEXITED | __WALL) < 0 && errno == EINTR)
		continue;
	(void)close(*waiter);
	*waiter = -1;
}

int spawn_start(const struct spawn *s, struct child *ret, struct call *c)
{
	struct spawn_block *b;
	int waiter, r;

	log_command(s, c);
	b = spawnraw_new();
	if (!b)
		return err_sys(c->err, "memory to start %s", s->path);
	b->path = s->path;
	b->argv = s->argv;
	b->envp = s->envp ? s->envp : (const char *const *)environ;
	b->dir = s->dir;
	b->orphan = s->orphan;
	memcpy(b->fds, s->fds, sizeof(b->fds));
	waiter = spawnraw_start(b);
	if (waiter < 0) {
		spawnraw_free(b);
		return err_num(c->err, waiter, "start a process for %s", s->path);
	}
	if (!b->done || b->error) {
		reap_waiter(&waiter);
		r = b->error ? start_failed(s, b, c->err) :
			       err_set(c->err, EIO, "start %s: its waiter was killed", s->path);
		if (!b->error && b->pidfd >= 0)
			(void)close(b->pidfd);
		spawnraw_free(b);
		return r;
	}
	*ret = (struct child){ .pidfd = b->pidfd, .pid = b->pid, .waiter = waiter, .block = b };
	if (s->orphan) {
		reap_waiter(&ret->waiter);
		spawnraw_free(b);
		ret->block = NULL;
	}
	return 0;
}

/* Releases what is left of a program that has ended. */
static void release(struct child *ch)
{
	if (ch->waiter >= 0)
		reap_waiter(&ch->waiter);
	if (ch->pidfd >= 0)
		(void)close(ch->pidfd);
	spawnraw_free(ch->block);
	*ch = (struct child)CHILD_INIT;
}

int spawn_wait(struct child *ch, struct call *c)
{
	struct pollfd p = { ch->waiter >= 0 ? ch->waiter : ch->pidfd, POLLIN, 0 };
	const struct spawn_block *b = ch->block;
	int status = -1, r;

	r = call_poll(c, &p, 1, -1);
	if (r < 0)
		return r;
	/* From the block, not from waitid: the host may have reaped with waitpid(-1, __WALL). */
	if (b)
		status = __atomic_load_n(&b->status, __ATOMIC_ACQUIRE);
	release(ch);
	return status >= 0 ? status : err_set(c->err, ECHILD, "nobody knows how the program ended");
}

void spawn_done(struct child *ch)
{
	int e = errno;

	if (ch->waiter >= 0)
		(void)syscall(SYS_pidfd_send_signal, ch->pidfd, SIGKILL, NULL, 0);
	release(ch);
	errno = e;
}

/* ---- a captured run ---- */

static int open_input(const char *in, int *ret)
{
	clean_fd int fd = -1;
	int r;

	if (!in)
		return 0;
	fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fd_write(fd, in, strlen(in));
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

/* One captured stream. */
struct capture {
	int fd;
	struct str text;
};

/* What a captured run holds until it is over. */
struct capturing {
	struct capture out, errs;
	int input, out_w, errs_w;
};
#define CAPTURING_INIT { { -1, { 0 } }, { -1, { 0 } }, -1, -1, -1 }

static void capturing_done(struct capturing *k)
{
	clean_fdp(&k->out.fd);
	clean_fdp(&k->errs.fd);
	clean_fdp(&k->input);
	clean_fdp(&k->out_w);
	clean_fdp(&k->errs_w);
	str_done(&k->out.text);
	str_done(&k->errs.text);
}

static int capture_open(struct capture *k, int *ret_write)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	k->fd = p[0];
	*ret_write = p[1];
	if (fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/* Takes in what is there. At the end of the stream closes it. 0, -E2BIG, -errno. */
static int capture_read(struct capture *k, size_t max)
{
	char buf[8192];
	ssize_t n;

	while (k->fd >= 0) {
		n = read(k->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return -errno;
		if (n == 0) {
			(void)close(k->fd);
			k->fd = -1;
			return 0;
		}
		if ((size_t)n > max - k->text.len)
			return -E2BIG;
		str_addn(&k->text, buf, (size_t)n);
		if (k->text.failed)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Reads both streams until the program has ended. Not until their end: a
 * process that it left behind may hold them open for ever.
 */
static int capture_all(const struct spawn *s, struct child *ch, struct capturing *k, size_t max,
		       struct call *c)
{
	struct capture *const streams[] = { &k->out, &k->errs };
	int r;

	for (;;) {
		struct pollfd p[] = {
			{ch->waiter, POLLIN, 0}, {k->out.fd, POLLIN, 0}, {k->errs.fd, POLLIN, 0}};

		r = call_poll(c, p, 3, -1);
		if (r < 0)
			return r;
		for (int i = 0; i < 2; i++) {
			r = capture_read(streams[i], max);
			if (r == -E2BIG)
				return err_set(c->err, E2BIG, "%s said more than %zu bytes",
					       s->path, max);
			if (r < 0)
				return err_num(c->err, r, "read what %s said", s->path);
		}
		if (p[0].revents)
			return 0;
	}
}

static void log_result(const struct spawn *s, const struct spawn_result *res, struct call *c)
{
	if (!call_logs(c, GANTRY_LOG_DEBUG))
		return;
	call_log(c, GANTRY_LOG_DEBUG, "%s ended with %d%s%s%s%s", s->argv[0], res->status,
		 res->out_len ? ", said: " : "", res->out, res->err_len ? ", complained: " : "",
		 res->errs);
}

static int captured_start(const struct spawn *s, const char *in, struct capturing *k,
			  struct child *ret, struct call *c)
{
	struct spawn t = *s;
	int r;

	r = open_input(in, &k->input);
	if (r == 0)
		r = capture_open(&k->out, &k->out_w);
	if (r == 0)
		r = capture_open(&k->errs, &k->errs_w);
	if (r < 0)
		return err_num(c->err, r, "streams for %s", s->path);
	t.fds[STDIN_FILENO] = k->input;
	t.fds[STDOUT_FILENO] = k->out_w;
	t.fds[STDERR_FILENO] = k->errs_w;
	r = spawn_start(&t, ret, c);
	if (r < 0)
		return r;
	(void)close(TAKE_FD(k->out_w));
	(void)close(TAKE_FD(k->errs_w));
	return 0;
}

int spawn_run(const struct spawn *s, const char *in, size_t max, struct spawn_result *ret,
	      struct call *c)
{
	CLEAN(capturing_done) struct capturing k = CAPTURING_INIT;
	clean_child struct child ch = CHILD_INIT;
	clean_spawn_result struct spawn_result res = { 0 };
	int r;

	r = captured_start(s, in, &k, &ch, c);
	if (r < 0)
		return r;
	r = capture_all(s, &ch, &k, max, c);
	if (r < 0)
		return r;
	res.status = spawn_wait(&ch, c);
	if (res.status < 0)
		return res.status;
	res.out_len = k.out.text.len;
	res.err_len = k.errs.text.len;
	if (str_take(&k.out.text, &res.out) < 0 || str_take(&k.errs.text, &res.errs) < 0)
		return err_set(c->err, ENOMEM, "out of memory");
	log_result(s, &res, c);
	*ret = res;
	res = (struct spawn_result){ 0 };
	return 0;
}

void spawn_result_done(struct spawn_result *r)
{
	free(r->out);
	free(r->errs);
	*r = (struct spawn_result){ 0 };
}

/* ---- which program ---- */

/* 0 and *ret when `path` can be executed; -ENOENT, -EACCES. */
static int check_program(const char *path, char **ret)
{
	struct stat st;
	char *real;

	if (stat(path, &st) < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return -EACCES;
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	*ret = real;
	return 0;
}

int spawn_which(const char *name, char **ret)
{
	const char *path = getenv("PATH"), *end;
	int r, worst = -ENOENT;

	if (strchr(name, '/'))
		return check_program(name, ret);
	if (!*name)
		return -ENOENT;
	if (!path || !*path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (; *path; path = *end ? end + 1 : end) {
		clean_free char *full = NULL;

		end = strchrnul(path, ':');
		/* An empty or relative part would mean the working directory: never. */
		if (*path != '/')
			continue;
		full = str_printf("%.*s/%s", (int)(end - path), path, name);
		if (!full)
			return -ENOMEM;
		r = check_program(full, ret);
		if (r != -ENOENT && r != -EACCES)
			return r;
		if (r == -EACCES)
			worst = r;
	}
	return worst;
}
