/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes by pidfd: a number may be somebody else's by the time it is used, an fd is not. No
 * words.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/*
 * An fd of the process `pid` that began at `start_time` (0: whichever it is). -ESRCH it is gone or
 * another's.
 */
int pidfd_of(pid_t pid, uint64_t start_time);
/* 0; -ESRCH; -errno. */
int pidfd_signal(int pidfd, int sig);
/* 1 once it has ended, waiting at most `ms` (-1: for ever); 0 it runs; -errno. */
int pidfd_ended(int pidfd, int ms);
/* Kills a child of ours and reaps it. */
void pidfd_kill_reap(int pidfd);
