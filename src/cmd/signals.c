/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: either they cancel what gantry does, or they are the container's.
 *
 * A handler is installed even for SIGPIPE, because an ignored signal would stay
 * ignored in everything that gantry executes, the container included.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"

static int cancel_fd = -1;
static volatile sig_atomic_t got;

static void cancel(int sig)
{
	uint64_t one = 1;
	int keep = errno;

	got = sig;
	if (write(cancel_fd, &one, sizeof(one)) < 0)
		_exit(128 + sig);
	errno = keep;
}

static void nothing(int sig)
{
	(void)sig;
}

int signals_init(void)
{
	/* RESETHAND: who cannot wait for the orderly end sends the signal again */
	struct sigaction sa = { .sa_handler = cancel, .sa_flags = (int)SA_RESETHAND };
	struct sigaction old;
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cancel_fd < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sigaction(sigs[i], NULL, &old);
		if (old.sa_handler != SIG_IGN) /* nohup, and background jobs of a plain shell */
			sigaction(sigs[i], &sa, NULL);
	}
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = nothing }, NULL);
	return 0;
}

int signals_cancel_fd(void)
{
	return cancel_fd;
}

int signals_got(void)
{
	return got;
}

int signals_pass(void)
{
	/*
	 * Not CHLD, PIPE, URG: they concern this process alone. Not the faults: they are ours.
	 * Not TSTP, TTIN, TTOU, CONT: the shell's job control stops gantry, not the container.
	 */
	static const int sigs[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
				    SIGWINCH, SIGVTALRM, SIGPROF, SIGIO, SIGPWR };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		struct sigaction old;

		sigaction(sigs[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaddset(&set, sigs[i]);
	}
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(&set, sig);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
