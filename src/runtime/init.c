/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's first process, before it is the container's: a copy of the
 * runtime that enters and furnishes the new namespaces, becomes the user,
 * tells the parent, and waits twice: for the commit (the parent's end of the
 * socket pair closing instead means that create died, and so does this), then
 * for the start, on a FIFO that it holds open for both directions: so opening
 * it for writing fails once this process is gone or has executed the command.
 *
 * What bites: PR_SET_PDEATHSIG is lost on every change of identity, and a
 * parent that died before it was set is not noticed by it; the signal is also
 * of no use once create may return, hence the socket. When execve fails at the
 * start, words go into the FIFO: the starter holds its other end, so they are
 * kept until it has read them, and it knows that it may when no reader is left.
 */
#include "runtime/init.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "runtime/command.h"
#include "runtime/steps.h"

static const uint64_t ns_flags[NS_COUNT] = {
	[NS_MOUNT] = CLONE_NEWNS, [NS_PID] = CLONE_NEWPID, [NS_NETWORK] = CLONE_NEWNET,
	[NS_IPC] = CLONE_NEWIPC, [NS_UTS] = CLONE_NEWUTS, [NS_CGROUP] = CLONE_NEWCGROUP,
};

/* Dies with the parent from here on, also if it is dead already. */
static int arm(const struct job *j, struct gantry_err *err)
{
	struct pollfd p = { .fd = j->sync[1] };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, "set the parent death signal");
	if (poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR))
		_exit(1);
	return 0;
}

static int join_namespaces(const struct job *j, struct gantry_err *err)
{
	for (int i = 0; i < NS_COUNT; i++) {
		/*
		 * the pid namespace was joined by the parent: it is a child's before it is a
		 * process's
		 */
		if (j->ns[i] < 0 || i == NS_PID)
			continue;
		if (setns(j->ns[i], (int)ns_flags[i]) < 0)
			return err_sys(err, "join the %s namespace %s", spec_namespace_names[i],
				       j->spec.ns_path[i]);
	}
	return 0;
}

static int enter_cgroups(const struct job *j, struct gantry_err *err)
{
	int r = cgroup_enter(&j->cgroup, err);

	/* After the moves: the namespace's root is where its maker is. */
	if (r == 0 && j->spec.ns_new & 1u << NS_CGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, "make a cgroup namespace");
	return r;
}

/* The dearest of the namespaces (0.4 ms): the parent has work of its own meanwhile. */
static int make_network(const struct job *j, struct gantry_err *err)
{
	clean_fd int fd = -1;
	struct ifreq req = { .ifr_name = "lo" };

	if (!(j->spec.ns_new & 1u << NS_NETWORK))
		return 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "make a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "open a socket for the loopback interface");
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? err_sys(err, "bring up the loopback interface")
						 : 0;
}

static int set_names(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;

	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
		return err_sys(err, "set the hostname");
	if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
		return err_sys(err, "set the domainname");
	return 0;
}

static int (*const steps[])(const struct job *j, struct gantry_err *err) = {
	arm, join_namespaces, enter_cgroups, make_network, set_names,
	tree_attach, mounts_make, nodes_make, tree_cwd, cover_paths,
};
static int (*const last_steps[])(const struct job *j, struct gantry_err *err) = {
	process_prepare, tree_pivot, process_become, arm, process_settle,
};

/* Sends a word, with a descriptor if `fd` is not -1. */
static int tell(const struct job *j, const struct job_word *w, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)w, sizeof(*w) };
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	do
		n = sendmsg(j->sync[1], &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static _Noreturn void give_up(const struct job *j, struct job_word *w)
{
	w->ready = 0;
	(void)tell(j, w, -1);
	_exit(1);
}

/* Closes all above 2 but these two; b may be -1. */
static int close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b || b < 0 ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 3 && sys_close_range(3, low - 1, 0) < 0)
		return -errno;
	if (high > low + 1 && sys_close_range(low + 1, high - 1, 0) < 0)
		return -errno;
	return sys_close_range(high + 1, ~0u, 0) < 0 ? -errno : 0;
}

/* The namespaces, the file system, the identity, in that order. */
static int furnish(const struct job *j, struct command *c, int *ret_master, struct gantry_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(*steps); i++)
		r = steps[i](j, err);
	if (r == 0 && j->spec.terminal)
		r = terminal_make(j, ret_master, err);
	for (size_t i = 0; r == 0 && i < sizeof(last_steps) / sizeof(*last_steps); i++)
		r = last_steps[i](j, err);
	if (r == 0)
		r = command_find(&j->spec, c, err);
	if (r == 0)
		r = command_env(&j->spec, c, err);
	return r;
}

/* One byte from fd. False when the other end is gone. */
static bool wait_byte(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void init_run(struct job *j)
{
	struct job_word w = { .ready = 0 };
	struct command c = { .env = NULL };
	int master = -1, r;

	clean_fdp(&j->sync[0]);
	/* The lock is its creator's: who starts us next must not find our copy of it. */
	clean_fdp(&j->dir);
	(void)umask(0);
	if (furnish(j, &c, &master, &w.err) < 0)
		give_up(j, &w);
	/*
	 * From here on the closing of the socket says that the creator died; it has to outlive a
	 * return.
	 */
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0) {
		err_sys(&w.err, "clear the parent death signal");
		give_up(j, &w);
	}
	w.ready = 1;
	if (tell(j, &w, master) < 0)
		_exit(1);
	r = close_others(j->sync[1], j->fifo);
	if (r < 0 || !wait_byte(j->sync[1]))
		_exit(1);
	if (!j->at_once) {
		clean_fdp(&j->sync[1]);
		if (!wait_byte(j->fifo))
			_exit(1);
	}
	reset_signals();
	execve(c.path, (char *const *)(uintptr_t)j->spec.args, (char *const *)(uintptr_t)c.env);
	command_failed(j->spec.args[0], &w.err);
	if (j->at_once)
		give_up(j, &w);
	(void)fd_write(j->fifo, &w.err, sizeof(w.err));
	_exit(w.err.exit);
}
