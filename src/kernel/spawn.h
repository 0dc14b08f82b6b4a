/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs started for the library. clone3(CLONE_VM | CLONE_VFORK |
 * CLONE_PIDFD) with no exit signal: the caller's SIGCHLD handler, SIG_IGN and
 * waitpid(-1) neither see nor steal what we start, and its memory is not
 * copied. The child runs raw system calls only, on a stack of its own, with
 * all signals at their defaults, none blocked, and no descriptors but those given.
 */
#pragma once
#include "base/call.h"
#include <sys/types.h>

enum { SPAWN_FDS = 8 };

struct spawn {
	const char *path;          /* an absolute path; no PATH lookup here (see spawn_which) */
	const char *const *argv;   /* NULL-terminated */
	const char *const *envp;   /* NULL: the caller's environment */
	const char *dir;           /* working directory; NULL: the caller's */
	int fds[SPAWN_FDS];        /* fds[i] becomes fd i; -1: /dev/null for 0 to 2, closed above */
};
#define SPAWN_INIT { 0, 0, 0, 0, { -1, -1, -1, -1, -1, -1, -1, -1 } }

/* A started program. Zeroed with pidfd -1 is none. */
struct child {
	int pidfd;
	pid_t pid;
};
#define CHILD_INIT { -1, 0 }

/* Starts it; logs the command at debug level. 0; -ENOENT, -EACCES, ... from execve, with words. */
int spawn_start(const struct spawn *s, struct child *ret, struct call *c);
/*
 * Waits for it. Returns its wait status as waitid gives it: the exit code, or
 * 128 + N for signal N; -ETIMEDOUT, -ECANCELED (it runs on).
 */
int spawn_wait(struct child *ch, struct call *c);
/* Kills and reaps it if it still runs. */
void spawn_done(struct child *ch);
#define clean_child __attribute__((cleanup(spawn_done)))

/* What a program said. */
struct spawn_result {
	int status;        /* as spawn_wait() */
	char *out, *errs;  /* stdout and stderr, NUL-terminated; free with spawn_result_done */
	size_t out_len, err_len;
};
/*
 * Runs to the end with stdin from `in` (may be NULL: /dev/null), capturing up
 * to `max` bytes of each stream; more is -E2BIG and the program is killed, as
 * it is when the call is cut short. s->fds[0..2] are ignored. Logs what was said at debug level.
 */
int spawn_run(const struct spawn *s, const char *in, size_t max, struct spawn_result *ret,
	      struct call *c);
void spawn_result_done(struct spawn_result *r);
#define clean_spawn_result __attribute__((cleanup(spawn_result_done)))

/* Finds an executable: a path with '/' as it is, else along $PATH; symlinks resolved. Free *ret. 0, -ENOENT, -EACCES. */
int spawn_which(const char *name, char **ret);
