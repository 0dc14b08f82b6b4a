/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/*
 * fork() with namespaces: clone3 with `flags` (CLONE_NEW*), SIGCHLD at the
 * end, a pidfd in *ret_pidfd, born in the cgroup v2 directory `cgroup_fd`
 * (-1: the caller's). Returns as fork() does, -errno on failure.
 *
 * Memory is copied, never shared: with CLONE_VM the parent's errno was seen
 * wrong, and a traced child could write the runtime's memory.
 */
pid_t clone_child(uint64_t flags, int cgroup_fd, int *ret_pidfd);
