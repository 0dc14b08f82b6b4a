/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: create, start, and in the foreground stay beside the container:
 * signals go to it, its exit code is ours, and nothing is left afterwards.
 *
 * Signals are blocked before the container exists (init sets its own mask), so
 * that none can end us between create and the loop that passes them on, and
 * our terminal is put back whatever comes, but for SIGKILL.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/pidfd.h"
#include "ocicmd/create.h"
#include "ocicmd/relay.h"
#include "ocicmd/report.h"

/* Blocks what can be passed on; an fd that tells of it. */
static int watch_signals(struct gantry_err *err)
{
	/* about us: our child's end; what a fault of our own raises */
	static const int ours[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE,
				    SIGILL,  SIGTRAP, SIGSYS, SIGABRT };
	sigset_t set;
	int fd;

	sigfillset(&set);
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigdelset(&set, ours[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, "block signals");
	/* one that somebody ignores is not pending, so it could not be passed on */
	for (int sig = 1; sig < 32; sig++)
		if (sigismember(&set, sig) && sig != SIGKILL && sig != SIGSTOP)
			(void)signal(sig, SIG_DFL);
	/* an inherited SIG_IGN would reap init behind our back */
	(void)signal(SIGCHLD, SIG_DFL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "signalfd") : fd;
}

static void pass_signals(int fd, int pidfd, const struct relay *relay)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_pid == (uint32_t)getpid() && si.ssi_signo == SIGPIPE)
			continue; /* from our own write to a stdout that nobody reads */
		if (si.ssi_signo == SIGWINCH && relay->master >= 0)
			relay_resize(relay); /* the kernel tells who has that terminal */
		else
			(void)pidfd_signal(pidfd, (int)si.ssi_signo);
	}
}

/* Until init has ended. 0 or -errno with words. */
static int stay(int signals, int pidfd, struct relay *relay, struct gantry_err *err)
{
	for (;;) {
		struct pollfd fds[2 + RELAY_FDS] = { { pidfd, POLLIN, 0 }, { signals, POLLIN, 0 } };

		relay_wait(relay, fds + 2);
		if (poll(fds, 2 + RELAY_FDS, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(err, "wait for the container");
		}
		if (fds[1].revents)
			pass_signals(signals, pidfd, relay);
		relay_move(relay, fds + 2);
		if (fds[0].revents)
			return 0;
	}
}

/* The exit code as a shell would have it. */
static int reap(int pidfd, struct gantry_err *err)
{
	siginfo_t si = { 0 };

	while (waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			return err_sys(err, "reap the container");
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

static int start_and_stay(struct request *q, int signals, struct runtime_init *init)
{
	clean_relay struct relay relay = RELAY_INIT;
	int r = 0;

	if (init->terminal >= 0)
		r = relay_open(&relay, TAKE_FD(init->terminal), q->err);
	if (r == 0 && !init->started)
		r = runtime_start(q->root, q->args[0], q->err);
	if (r == 0)
		r = stay(signals, init->pidfd, &relay, q->err);
	if (r < 0)
		return r;
	relay_drain(&relay);
	return reap(init->pidfd, q->err);
}

/* The words of a failure are kept from what cleaning up may say. */
static void remove_container(struct request *q)
{
	struct gantry_err err;

	if (runtime_delete(q->root, q->args[0], true, &err) < 0)
		report_error(q, &err);
}

/* The exit code that a failed run has: the command's own fault has its own. */
static int failure(struct request *q, int r)
{
	if (!q->err->exit)
		return r;
	report_error(q, q->err);
	return q->err->exit;
}

static int run_detached(struct request *q)
{
	struct runtime_init init = RUNTIME_INIT;
	int r = create_container(q, true, true, &init);

	if (r < 0)
		return failure(q, r);
	if (!init.started)
		r = runtime_start(q->root, q->args[0], q->err);
	if (r < 0) {
		remove_container(q);
		return failure(q, r);
	}
	return 0;
}

static int run_foreground(struct request *q)
{
	clean_fd int signals = watch_signals(q->err);
	struct runtime_init init = RUNTIME_INIT;
	int r = signals;

	if (r >= 0)
		r = create_container(q, false, true, &init);
	if (r < 0)
		return failure(q, r);
	r = start_and_stay(q, signals, &init);
	if (r < 0 || !q->keep)
		remove_container(q);
	clean_fdp(&init.pidfd);
	clean_fdp(&init.terminal);
	return r < 0 ? failure(q, r) : r;
}

int verb_run(struct request *q)
{
	if (q->detach && q->keep)
		report_debug(q, "--keep says nothing more: a detached container is kept");
	return q->detach ? run_detached(q) : run_foreground(q);
}
