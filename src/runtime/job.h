/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One create while it runs: what the parent has prepared and the child, a copy
 * of it, uses. Only descriptors cross from the host's side into the container's.
 */
#pragma once
#include "container/state.h"
#include "kernel/cgroup.h"
#include "oci/spec.h"
#include "runtime/runtime.h"

struct job {
	const struct runtime_create *how;
	struct spec spec;
	struct state state;        /* its strings are borrowed from this struct and from spec */
	char *rootfs;              /* absolute */
	char cgroup_path[CGROUP_PATH];
	char marks[CGROUP_MARKS];
	bool named_by_spec;        /* cgroup_path is linux.cgroupsPath */

	int bundle;                /* O_PATH */
	int tree;                  /* the root filesystem, a detached copy of its mount */
	int *binds;                /* one per spec.mounts: a bind's detached source, else -1 */
	int cgroup_trees[CGROUP_HIERS]; /* copies of our cgroup directories, for a mount of type
					   cgroup */
	int ns[NS_COUNT];          /* namespaces to join */

	int root_dir;              /* O_PATH: state root */
	int dir;                   /* state root/ID, locked */
	bool claimed;              /* dir is ours to remove */
	struct cgroup cgroup;
	bool cgrouped;             /* the cgroup is ours to remove */
	bool at_once;              /* runs when it is committed; there is no FIFO then */
	int fifo;                  /* O_RDWR: what start writes to; -1 when at_once */
	int sync[2];               /* socket pair: [0] the parent's, [1] the child's */

	struct runtime_init init;
};

/* From child to parent over sync: ready (with the terminal, when there is one), or why not. */
struct job_word {
	int ready;
	struct gantry_err err;
};
