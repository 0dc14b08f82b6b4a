/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of capabilities, resource limits and namespaces, as config.json, the
 * options of `run` and `features` have them.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "oci/spec.h"

const char *const spec_namespace_names[] = {
	[NS_MOUNT] = "mount", [NS_PID] = "pid",       [NS_NETWORK] = "network", [NS_IPC] = "ipc",
	[NS_UTS] = "uts",     [NS_CGROUP] = "cgroup", [NS_COUNT] = NULL,
};

/* In the kernel's numbering, linux/capability.h. */
static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};
enum { CAPS = sizeof(cap_names) / sizeof(cap_names[0]) };

int spec_cap_parse(const char *name)
{
	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (int i = 0; i < CAPS; i++)
		if (!strcasecmp(cap_names[i] + 4, name))
			return i;
	return -EINVAL;
}

const char *spec_cap_name(int cap)
{
	return cap >= 0 && cap < CAPS ? cap_names[cap] : NULL;
}

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};
enum { RLIMITS = sizeof(rlimit_names) / sizeof(rlimit_names[0]) };

int spec_rlimit_parse(const char *name)
{
	if (!strncasecmp(name, "RLIMIT_", 7))
		name += 7;
	for (unsigned i = 0; i < RLIMITS; i++)
		if (!strcasecmp(rlimit_names[i].name + 7, name))
			return rlimit_names[i].resource;
	return -EINVAL;
}

const char *spec_rlimit_name(int resource)
{
	for (unsigned i = 0; i < RLIMITS; i++)
		if (rlimit_names[i].resource == resource)
			return rlimit_names[i].name;
	return NULL;
}
