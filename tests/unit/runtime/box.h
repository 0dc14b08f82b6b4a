/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real containers for tests: a directory with a rootfs (busybox), a bundle and
 * a state root of its own, in a mount namespace of its own whose cgroup mounts
 * are those of one kind of host. Root only. Each test runs in a process of its
 * own, so what is kept here is that test's.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "container/state.h"
#include "runtime/runtime.h"

/* What cgroup mounts the test sees: the host's own, only v2, only v1. */
enum box_view { VIEW_HOST, VIEW_V2, VIEW_V1, VIEWS };
extern const char *const box_view_names[];

/* Pieces of config.json; NULL leaves the default. */
struct box_conf {
	const char *script;     /* run by sh -c; or: */
	const char *args;       /* a JSON array */
	const char *process;    /* more members of process: "\"cwd\":\"/x\"" */
	const char *mounts;     /* more mounts: "{...},{...}" */
	const char *only_mounts; /* instead of the default ones */
	const char *linux_;     /* more members of linux */
	const char *namespaces; /* instead of the default ones */
	const char *root;       /* instead of "rootfs" */
	bool writable, terminal;
};

extern char box_dir[64];    /* everything of the test is below it */
extern char box_root[128];  /* the state root */
extern char box_rootfs[128];
extern struct gantry_err box_err; /* of the last call that failed */

/* False when this host cannot have such a view; the test then passes without a word. */
bool box_open(enum box_view view);
void box_close(void);

void box_write(const struct box_conf *c); /* config.json */
/*
 * Creates `id`, its output going to box_dir/out; c may be NULL: config.json is there. 0 or -errno.
 */
int box_create(const char *id, const struct box_conf *c, struct runtime_init *ret);
/* Create, start, wait, delete: the exit code, or -errno. The output is in box_out(). */
int box_run(const struct box_conf *c);
const char *box_out(void);
/* Reaps; the exit code, 128+N for a signal. */
int box_reap(struct runtime_init *i);
int box_status(const char *id); /* enum gantry_state, -errno */
/* box_dir/NAME, made or overwritten. */
void box_file(const char *name, const char *text, mode_t mode);
/* How many cgroup directories have `part` in their name, in all hierarchies that are seen. */
int box_cgroups(const char *part);
int box_mounts(void); /* lines of our mountinfo that are the test's; others come and go with others'
			 directories */
int box_fds(void);         /* our open descriptors */
int box_states(void);      /* entries of the state root; 0 when there is none */
/* Waits until the file box_dir/NAME, written from inside, is not empty. */
void box_await(const char *name);
/* sh -c of the host; its exit code. */
int box_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
