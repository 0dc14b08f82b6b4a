/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: one small process beside each container of the engines native
 * and oci. It has no parent that waits for it (the engine starts it as an
 * orphan, in a session of its own), reads its orders from the container's
 * record, and sleeps in poll() on init's pidfd for the rest of the time.
 *
 * What bites:
 * - How init ended is on the disk before it is reaped, since "stopped" is
 *   what others see from then on.
 * - Its signal mask must not reach init, so it blocks signals only once init
 *   exists. SIGKILL alone ends it early; the code is then unknown to all.
 * - Its streams are the container's: it lets go of them once init has them,
 *   else the reader of a pipe would wait for us too.
 */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "container/monitorproto.h"
#include "monitor/life.h"

/* Tells the engine, which may be gone: then nobody needs to know. */
static void tell(struct monitor *m, struct monitor_msg *msg, int fd)
{
	if (m->sock < 0)
		return;
	if (monitor_send(m->sock, msg, fd) == -EPIPE) {
		(void)close(m->sock);
		m->sock = -1;
	}
}

/* Log records of ours become messages to the engine, which has the callback. */
static void tell_log(const struct gantry_log *rec, void *arg)
{
	struct monitor *m = arg;
	struct monitor_msg msg = { .event = MONITOR_LOG };

	snprintf(msg.text, sizeof(msg.text), "%s", rec->text);
	tell(m, &msg, -1);
}

static void begin_call(struct monitor *m, const char *step, int cancel_fd)
{
	(void)call_begin(&m->call, NULL, &m->logger);
	m->call.err = &m->err;
	m->call.step = step;
	m->call.cancel_fd = cancel_fd;
	m->err = (struct gantry_err){ 0 };
}

/* Removes the record: its directory's name goes, whoever has `wait` open keeps what is in it. */
static int remove_record(struct monitor *m)
{
	clean_free char *parent = strdup(m->path);
	clean_fd int fd = -1;
	char *slash;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	*slash = '\0';
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd_rmtree(fd, slash + 1);
}

/* Undoes all and tells why; the words are kept from what undoing may say. */
static int fail(struct monitor *m)
{
	struct monitor_msg msg = { .event = MONITOR_FAILED, .err = m->err };

	begin_call(m, "delete", -1);
	/* A container of this id that was there before is another's. */
	if (m->begun && (m->pidfd >= 0 || msg.err.code != EEXIST))
		(void)m->driver->destroy(m);
	if (m->pidfd >= 0)
		(void)waitid(P_PIDFD, (id_t)m->pidfd, &(siginfo_t){0}, WEXITED | WNOHANG | __WALL);
	(void)remove_record(m);
	tell(m, &msg, -1);
	return 1;
}

static void release_streams(void)
{
	clean_fd int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		(void)dup2(fd, i);
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static int create(struct monitor *m)
{
	struct monitor_msg msg = { .event = MONITOR_CREATED };
	int r;

	begin_call(m, "create", m->sock);
	m->begun = true;
	r = m->driver->create(m);
	if (r == 0)
		r = mark_write(m->dir, MARK_INIT, m->pid, m->call.err);
	if (r == 0)
		r = call_check(&m->call); /* the engine went away meanwhile? */
	if (r < 0)
		return r;
	block_signals();
	release_streams();
	msg.pid = m->pid;
	tell(m, &msg, m->pidfd);
	return 0;
}

static int start(struct monitor *m, int cancel_fd)
{
	int r;

	begin_call(m, "start", cancel_fd);
	r = call_check(&m->call);
	if (r == 0)
		r = m->driver->start(m);
	if (r < 0)
		return r;
	m->started_ns = clock_wall();
	(void)started_write(m->dir, m->started_ns);
	return 0;
}

/* ---- waiting ---- */

/* Somebody who connected to `control`. */
static void serve(struct monitor *m, int client)
{
	struct monitor_msg msg = { .event = MONITOR_STARTED };

	if (monitor_asked(client) != MONITOR_START)
		return;
	/* Not to be cut short by its death: a container may be started or not, but not half. */
	if (start(m, -1) < 0) {
		msg.event = MONITOR_FAILED;
		msg.err = m->err;
	}
	(void)monitor_send(client, &msg, -1);
}

/* Until init has ended; `control` is where it can be asked to start it, -1 when it has been. */
static void await_end(struct monitor *m, int control)
{
	clean_fd int client = -1;

	for (;;) {
		struct pollfd p[] = {{m->pidfd, POLLIN, 0},
				     {client, POLLIN, 0},
				     {client < 0 ? control : -1, POLLIN, 0}};

		if (poll(p, 3, -1) < 0)
			continue;
		if (p[1].revents) {
			serve(m, client);
			(void)close(TAKE_FD(client));
		}
		if (p[2].revents)
			client = accept4(control, NULL, NULL, SOCK_CLOEXEC);
		if (m->started_ns && control >= 0 && client < 0) {
			(void)close(control);
			(void)unlinkat(m->dir, "control", 0);
			control = -1;
		}
		if (p[0].revents)
			return;
	}
}

static void how_it_ended(struct monitor *m, struct exit_record *x)
{
	siginfo_t si = { 0 };

	x->started_ns = m->started_ns;
	x->finished_ns = clock_wall();
	if (waitid(P_PIDFD, (id_t)m->pidfd, &si, WEXITED | WNOWAIT | __WALL) < 0) {
		snprintf(x->error, sizeof(x->error), "wait for the container's first process: %m");
		return;
	}
	if (si.si_code == CLD_EXITED) {
		x->code = si.si_status & 0xff;
	} else {
		x->signal = si.si_status;
		x->code = 128 + si.si_status;
	}
	x->oom = m->driver->oom(m);
}

static int finish(struct monitor *m)
{
	struct monitor_msg msg = { .event = MONITOR_ENDED, .exit = EXIT_RECORD_INIT };
	int r;

	begin_call(m, "end", -1);
	how_it_ended(m, &msg.exit);
	/* What is about to be removed need not survive a loss of power. */
	(void)exit_record_write(m->dir, &msg.exit, !m->rec.auto_remove, m->call.err);
	(void)waitid(P_PIDFD, (id_t)m->pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	if (m->rec.auto_remove) {
		begin_call(m, "delete", -1);
		r = m->driver->destroy(m);
		if (r == 0)
			r = remove_record(m);
		if (r < 0 && !m->err.code)
			err_num(&m->err, r, "remove %s", m->path);
	}
	msg.err = m->err;
	tell(m, &msg, -1);
	return 0;
}

/* ---- the two orders ---- */

static int do_create(struct monitor *m)
{
	clean_fd int control = -1;

	/* Before CREATED is told: who knows of the container may ask at once. */
	control = monitor_listen(m->dir);
	if (control < 0) {
		err_num(&m->err, control, "listen in %s", m->path);
		return fail(m);
	}
	if (create(m) < 0)
		return fail(m);
	if (m->sock >= 0)
		(void)close(TAKE_FD(m->sock));
	await_end(m, TAKE_FD(control));
	return finish(m);
}

static int do_launch(struct monitor *m)
{
	struct monitor_msg msg = { .event = MONITOR_STARTED };

	if (create(m) < 0 || start(m, m->sock) < 0)
		return fail(m);
	tell(m, &msg, -1);
	await_end(m, -1);
	return finish(m);
}

static const struct order {
	const char *word;
	int (*run)(struct monitor *m);
} orders[] = {
	{ "create", do_create },
	{ "launch", do_launch },
};

static int open_record(struct monitor *m)
{
	int r;

	m->dir = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (m->dir < 0)
		return err_sys(&m->err, "open %s", m->path);
	r = record_read(m->dir, &m->rec, &m->err);
	if (r < 0)
		return r;
	if (!m->rec.runtime && !m->rec.runtime_root)
		return err_set(&m->err, EBADMSG, "%s names neither a runtime nor a state directory",
			       m->path);
	m->bundle = m->rec.bundle ? m->rec.bundle : m->path;
	m->driver = m->rec.runtime ? &driver_foreign : &driver_native;
	return 0;
}

static int obey(struct monitor *m, const char *word)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (!str_eq(word, orders[i].word))
			continue;
		if (mark_write(m->dir, MARK_MONITOR, getpid(), &m->err) < 0)
			return fail(m);
		return orders[i].run(m);
	}
	return 2;
}

int monitor_main(int argc, char **argv)
{
	struct monitor m = {.dir = -1, .sock = MONITOR_FD, .pidfd = -1, .logger = {.engine = ""}};
	int r;

	if (argc < 3 || argc > 4 || argv[2][0] != '/' || !strchr(argv[2] + 1, '/') ||
	    fcntl(MONITOR_FD, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr, "gantry-oci: monitor: this verb is for gantry's own use\n");
		return 2;
	}
	m.path = argv[2];
	if (argc == 4 && str_eq(argv[3], "debug"))
		m.logger = (struct logger){ tell_log, &m, "", GANTRY_LOG_DEBUG };
	if (open_record(&m) < 0) { /* what it is we cannot know: for the engine to remove */
		struct monitor_msg msg = { .event = MONITOR_FAILED, .err = m.err };

		tell(&m, &msg, -1);
		r = 1;
	} else {
		r = obey(&m, argv[1]);
	}
	record_done(&m.rec);
	clean_fdp(&m.dir);
	clean_fdp(&m.pidfd);
	clean_fdp(&m.sock);
	return r;
}
