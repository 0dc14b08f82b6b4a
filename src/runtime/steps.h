/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What init does inside its new namespaces, one function per step; init.c has the order. All
 * return 0 or -errno with words. `root` is an fd of the container's root.
 */
#pragma once
#include "runtime/job.h"

/* tree.c: the root filesystem over "/" of our mount namespace, then pivot_root to it. */
int tree_attach(const struct job *j, struct gantry_err *err);
/* The working directory, where it is missing: after the mounts, one of which it may lie in. */
int tree_cwd(const struct job *j, struct gantry_err *err);
int tree_pivot(const struct job *j, struct gantry_err *err);

/* mounts.c: spec.mounts in order. */
int mounts_make(const struct job *j, struct gantry_err *err);

/* nodes.c: /dev: default nodes, those of the spec, the links. */
int nodes_make(const struct job *j, struct gantry_err *err);

/* cover.c: masked and read-only paths. */
int cover_paths(const struct job *j, struct gantry_err *err);

/* terminal.c: a pty of the container's own becomes fds 0 to 2; its master in *ret_master. */
int terminal_make(const struct job *j, int *ret_master, struct gantry_err *err);

/*
 * process.c: limits and everything that needs privileges; then the identity; then what is checked
 * as that identity.
 */
int process_prepare(const struct job *j, struct gantry_err *err);
int process_become(const struct job *j, struct gantry_err *err);
int process_settle(const struct job *j, struct gantry_err *err);
