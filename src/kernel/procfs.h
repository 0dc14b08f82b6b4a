/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc: THE writer to it, on an instance of our own that nobody can have
 * mounted over, and the few facts about a process that are read from it.
 */
#pragma once
#include <gantry/base.h>
#include <sys/types.h>

/* A detached procfs of the caller's pid namespace, processes only. The fd; -errno with words. */
int procfs_open(struct gantry_err *err);
/* Writes `text` to `name` of process `pid` on such an instance; no link and no mount is crossed. */
int procfs_poke(int procfd, pid_t pid, const char *name, const char *text, struct gantry_err *err);

struct procfs_process {
	char state;          /* R S D T Z X ... */
	pid_t parent;
	uint64_t start_time; /* clock ticks since boot */
};
/* Reads /proc/PID/stat on the host's /proc. 0; -ESRCH no such process; -errno. No words. */
int procfs_process(pid_t pid, struct procfs_process *ret);
