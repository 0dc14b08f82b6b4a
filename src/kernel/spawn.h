/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs started for the library, so that the host program neither notices
 * nor can get in the way: its memory is not copied, no SIGCHLD reaches it, its
 * SIG_IGN and its waitpid(-1) steal nothing, no signal handler of its runs in
 * a child, no SIGPIPE can come of it, and none of its descriptors leak.
 *
 * execve() makes every child one that sends SIGCHLD (execve(2): the
 * termination signal is reset), whatever clone said. So a program is never
 * the host's own child: between them stands a waiter, a clone that shares the
 * host's memory, has no exit signal, runs raw system calls only, never
 * executes anything, and whose exit code is the program's (spawnraw.c).
 */
#pragma once
#include "base/call.h"
#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_FDS = 8 };

struct spawn {
	const char *path;          /* an absolute path; no PATH lookup here (see spawn_which) */
	const char *const *argv;   /* NULL-terminated */
	const char *const *envp;   /* NULL: the caller's environment */
	const char *dir;           /* working directory; NULL: the caller's */
	int fds[SPAWN_FDS];        /* fds[i] becomes fd i; -1: /dev/null for 0 to 2, closed above */
	bool orphan;               /* nobody's child: it outlives us, init reaps it; no status */
};
#define SPAWN_INIT { 0, 0, 0, 0, { -1, -1, -1, -1, -1, -1, -1, -1 }, false }

/* A started program. */
struct child {
	int pidfd;   /* the program; -1: none. Readable once it ended */
	pid_t pid;
	int waiter;  /* pidfd of the waiter; -1: an orphan */
	void *block; /* memory that the waiter works in */
};
#define CHILD_INIT { -1, 0, -1, 0 }

/*
 * Starts it in a session of its own (so that no key of the terminal reaches it), all signals at
 * their defaults, none blocked; logs the command at debug level. 0; -ENOENT, -EACCES, ... from
 * execve, with words.
 */
int spawn_start(const struct spawn *s, struct child *ret, struct call *c);
/*
 * Waits for it. Returns the exit code, or 128 + N for signal N; -ETIMEDOUT, -ECANCELED (it runs
 * on); -ECHILD an orphan has ended, or the waiter was killed.
 */
int spawn_wait(struct child *ch, struct call *c);
/* Kills and reaps it if it still runs (an orphan runs on). */
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

/*
 * Finds an executable: a path with '/' as it is, else along $PATH; symlinks
 * resolved. Free *ret. 0, -ENOENT, -EACCES.
 */
int spawn_which(const char *name, char **ret);
