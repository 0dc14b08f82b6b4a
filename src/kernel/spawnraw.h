/* SPDX-License-Identifier: Apache-2.0 */
/* The part of spawn.c that runs in the new processes: raw system calls on a stack of its own. */
#pragma once
#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

/* As SPAWN_FDS: this file is below spawn.h. */
enum { SPAWNRAW_FDS = 8 };

/* Where a start failed. */
enum spawn_step { SPAWN_CLONE, SPAWN_DIR, SPAWN_STREAM, SPAWN_CLOSE, SPAWN_EXEC };

/* What host, waiter and child share; the host fills in the request and reads the answer. */
struct spawn_block {
	const char *path, *dir;
	const char *const *argv, *const *envp;
	int fds[SPAWNRAW_FDS];
	bool orphan;

	int alive;  /* futex: 1 until the answer stands; cleared when the waiter dies */
	int done;   /* the answer stands */
	int error;  /* positive errno; 0: it was executed */
	int step;   /* enum spawn_step, of the error */
	int status; /* exit code once it is known; -1 before */
	int pidfd;
	pid_t pid;
};

/* Maps a block with two stacks behind it, zeroed. NULL: errno says why. */
struct spawn_block *spawnraw_new(void);
void spawnraw_free(struct spawn_block *b);
/*
 * Starts the waiter, which starts the program, and waits for the answer in *b.
 * Returns the waiter's pidfd (in b->orphan's case it has ended already) or -errno
 * when not even the waiter could start.
 */
int spawnraw_start(struct spawn_block *b);
