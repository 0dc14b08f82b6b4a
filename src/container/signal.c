/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals by name, as people and OCI images write them. Numbers are those of
 * x86-64 and arm64, which agree. RTMIN is 34, as glibc and the other engines
 * have it, not what the libc of this process keeps for itself (musl: 35).
 */
#include <gantry/container.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

static const struct {
	const char *name;
	int sig;
} signals[] = {
	{ "HUP", SIGHUP },   { "INT", SIGINT },       { "QUIT", SIGQUIT },   { "ILL", SIGILL },
	{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT },     { "IOT", SIGABRT },    { "BUS", SIGBUS },
	{ "FPE", SIGFPE },   { "KILL", SIGKILL },     { "USR1", SIGUSR1 },   { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE },     { "ALRM", SIGALRM },   { "TERM", SIGTERM },
	{ "STKFLT", 16 },    { "CHLD", SIGCHLD },     { "CLD", SIGCHLD },    { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP },     { "TTIN", SIGTTIN },   { "TTOU", SIGTTOU },
	{ "URG", SIGURG },   { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF }, { "WINCH", SIGWINCH },   { "IO", SIGIO },       { "POLL", SIGIO },
	{ "PWR", SIGPWR },   { "SYS", SIGSYS },
};

enum { RT_MIN = 34, RT_MAX = 64 };

/* "RTMIN", "RTMIN+3", "RTMAX-2"; 0 when it is none of these. */
static int real_time(const char *name)
{
	bool max = !strncasecmp(name, "RTMAX", 5);
	uint64_t n = 0;

	if (!max && strncasecmp(name, "RTMIN", 5))
		return 0;
	name += 5;
	if (*name && (*name != (max ? '-' : '+') || str_u64(name + 1, &n) < 0))
		return 0;
	if (n > RT_MAX - RT_MIN)
		return 0;
	return max ? RT_MAX - (int)n : RT_MIN + (int)n;
}

int gantry_signal_parse(const char *name)
{
	uint64_t n;
	int sig;

	if (!name)
		return -EINVAL;
	if (*name >= '0' && *name <= '9')
		return str_u64(name, &n) == 0 && n >= 1 && n <= RT_MAX ? (int)n : -EINVAL;
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!strcasecmp(name, signals[i].name))
			return signals[i].sig;
	sig = real_time(name);
	return sig ? sig : -EINVAL;
}
