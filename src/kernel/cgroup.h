/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container's cgroup on whatever the host has: cgroup v1 hierarchies,
 * cgroup v2, or both (hybrid: limits live on the v1 side, a directory of the
 * same path on the v2 side serves to freeze and to kill). A cgroup is named by its path
 * below each hierarchy's mount: "/gantry/ID".
 *
 * Nothing is touched before fstatfs says that it is a cgroup filesystem,
 * everything below is opened beneath it, and no file is ever created.
 */
#pragma once
#include <gantry/base.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum { CGROUP_HIERS = 16, CGROUP_NAME = 64, CGROUP_PATH = 1024, CGROUP_MARKS = 1024 };

/* Controllers, bits. NAMED: a v1 hierarchy without any ("name=systemd"). */
enum cgroup_ctl {
	CGROUP_CPU = 1,
	CGROUP_CPUACCT = 2,
	CGROUP_CPUSET = 4,
	CGROUP_MEMORY = 8,
	CGROUP_DEVICES = 16,
	CGROUP_FREEZER = 32,
	CGROUP_BLKIO = 64,
	CGROUP_PIDS = 128,
	CGROUP_HUGETLB = 256,
	CGROUP_PERF = 512,
	CGROUP_NET_CLS = 1024,
	CGROUP_NET_PRIO = 2048,
	CGROUP_RDMA = 4096,
	CGROUP_MISC = 8192,
	CGROUP_NAMED = 16384
};

struct cgroup_hier {
	int root;               /* O_PATH: where it is mounted */
	int dir;                /* O_PATH: our directory in it; -1 until made or opened */
	dev_t dev;              /* what tells this hierarchy from the others */
	bool unified;           /* v2 */
	unsigned ctls;          /* v1: which it carries */
	char name[CGROUP_NAME]; /* last component of the mount point: "cpu,cpuacct" */
};

struct cgroup {
	struct cgroup_hier h[CGROUP_HIERS];
	int n;
	int unified;            /* index of the v2 hierarchy, -1: none */
	char path[CGROUP_PATH]; /* "/gantry/ID" */
};
/* Zero hierarchies; for the cleanup attribute. */
#define CGROUP_INIT { .n = 0, .unified = -1 }

/*
 * Finds the hierarchies of this mount namespace and remembers `path`. -ENOENT there are none;
 * -EINVAL the path.
 */
int cgroup_find(struct cgroup *c, const char *path, struct gantry_err *err);
/* The same, and opens the directories that exist. 0 (also when none does). */
int cgroup_open(struct cgroup *c, const char *path, struct gantry_err *err);
void cgroup_done(struct cgroup *c);
/* Whether any directory was open when it was looked at. */
bool cgroup_exists(const struct cgroup *c);
#define clean_cgroup __attribute__((cleanup(cgroup_done)))

/*
 * After cgroup_find(): opens the directories that exist, anew. In how many hierarchies there is
 * one; -errno.
 */
int cgroup_look(struct cgroup *c, struct gantry_err *err);

/*
 * Makes the directory in every hierarchy, its parents where missing. -EBUSY there is one already,
 * in whichever hierarchy, with somebody in it or not: it is somebody's. On failure what was made is
 * removed again.
 */
int cgroup_make(struct cgroup *c, struct gantry_err *err);
/*
 * The identities of the open directories, "DEV.INO DEV.INO": a path says where a cgroup is, these
 * say whose. `marks` holds CGROUP_MARKS bytes. 0, -errno.
 */
int cgroup_marks(const struct cgroup *c, char *marks);
/* Forgets the hierarchies whose directory is not one of `marks`: what is done next spares them. */
void cgroup_keep(struct cgroup *c, const char *marks);
/*
 * Moves the caller (one thread) into the v1 directories; into v2 it is born (clone_child). No words
 * but the hierarchy's.
 */
int cgroup_enter(const struct cgroup *c, struct gantry_err *err);
/*
 * Writes a limit: `v1` or `v2` names the file, NULL where that side has none
 * (-ENOTSUP then). -ENODEV the host lacks the controller, with words.
 */
int cgroup_set(const struct cgroup *c, enum cgroup_ctl ctl, const char *v1, const char *v2,
	       const char *text, struct gantry_err *err);
/*
 * The hierarchy that carries `ctl` on this host: its index, or -1. On v2 it says yes to all that v2
 * may have.
 */
int cgroup_carrier(const struct cgroup *c, enum cgroup_ctl ctl);
/* Reads a small file of hierarchy `i`. Length or -errno. */
ssize_t cgroup_read(const struct cgroup *c, int i, const char *file, char *buf, size_t size);

/* Freezes or thaws, and waits until that is so. */
int cgroup_freeze(const struct cgroup *c, bool freeze, struct gantry_err *err);
/*
 * The same within a call: -ETIMEDOUT, -ECANCELED when that is cut short. What was to be frozen
 * is thawed again then, as after any failure.
 */
struct call;
int cgroup_freeze_call(const struct cgroup *c, bool freeze, struct call *call);
/* 1 frozen, 0 not (or no freezer), -errno. */
int cgroup_frozen(const struct cgroup *c);
/* Sends a signal to every process in it and below. 0; -errno. */
int cgroup_signal(const struct cgroup *c, int sig, struct gantry_err *err);
/* 1 somebody is in it or below, 0 nobody (also where it is not), -errno. */
int cgroup_populated(const struct cgroup *c);
/*
 * Kills what is in it and below, waits for the end, removes it everywhere. 0 only when nothing is
 * left; -EBUSY.
 */
int cgroup_destroy(struct cgroup *c, struct gantry_err *err);
/* The same without killing: -EBUSY when somebody is in it or below, and stays. */
int cgroup_remove(struct cgroup *c, struct gantry_err *err);
/* Whether a process was killed for memory in it: 1, 0, -errno. */
int cgroup_oom(const struct cgroup *c);

/* "cpu": CGROUP_CPU; 0 unknown. */
unsigned cgroup_ctl_parse(const char *name, size_t len);
const char *cgroup_ctl_name(enum cgroup_ctl ctl);
