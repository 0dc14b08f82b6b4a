/* SPDX-License-Identifier: Apache-2.0 */
/* Facts without which a benchmark's numbers cannot be compared with another's. */
#include "bench/host.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "base/clean.h"
#include "base/fd.h"
#include "base/str.h"

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

/* The value behind `key` at the beginning of a line of a file, without quotes; else untouched. */
static void line_value(const char *path, const char *key, char *ret, size_t size)
{
	clean_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[8192];
	ssize_t n = fd < 0 ? -1 : fd_read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return;
	text[n] = '\0';
	for (char *line = text, *end; line; line = end ? end + 1 : NULL) {
		const char *value = str_after(line, key);

		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (!value)
			continue;
		value += strspn(value, " \t:=\"");
		str_printable(ret, size, value);
		ret[strcspn(ret, "\"")] = '\0';
		return;
	}
}

static const char *cgroup_mode(void)
{
	const unsigned long v2 = CGROUP2_SUPER_MAGIC;
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0)
		return "";
	if ((unsigned long)fs.f_type == v2)
		return "v2";
	if (statfs("/sys/fs/cgroup/unified", &fs) == 0 && (unsigned long)fs.f_type == v2)
		return "hybrid";
	return "v1";
}

/* CPUs that we may use, which is what threads get, not what is plugged in. */
static uint64_t cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? (uint64_t)get_nprocs()
							   : (uint64_t)CPU_COUNT(&set);
}

void host_read(struct host *ret)
{
	struct utsname u;
	struct sysinfo s;

	memset(ret, 0, sizeof(*ret));
	if (uname(&u) == 0) {
		str_printable(ret->kernel, sizeof(ret->kernel), u.release);
		str_printable(ret->machine, sizeof(ret->machine), u.machine);
	}
	line_value("/etc/os-release", "PRETTY_NAME", ret->os, sizeof(ret->os));
	line_value("/proc/cpuinfo", "model name", ret->cpu, sizeof(ret->cpu));
	line_value(CLOCK_SOURCE, "", ret->clock, sizeof(ret->clock));
	ret->cgroup = cgroup_mode();
	ret->cpus = cpus();
	if (sysinfo(&s) == 0)
		ret->mem_bytes = (uint64_t)s.totalram * s.mem_unit;
}

void host_load(double ret[3])
{
	double load[3];

	if (getloadavg(load, 3) != 3)
		load[0] = load[1] = load[2] = NAN;
	memcpy(ret, load, sizeof(load));
}
