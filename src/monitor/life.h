/* SPDX-License-Identifier: Apache-2.0 */
/* One container's life as its monitor sees it, and the two ways to bring it about. */
#pragma once
#include "container/record.h"
#include "base/call.h"
#include <stdbool.h>

struct driver;

struct monitor {
	const struct driver *driver;
	const char *path;   /* of the record directory */
	int dir;            /* the same, open */
	int sock;           /* to the engine; -1 once it has hung up */
	struct record rec;
	const char *bundle; /* the caller's, or the record directory */
	bool begun;         /* the driver was told to create: there may be something to destroy */
	pid_t pid;          /* init */
	int pidfd;          /* -1 before create */
	char cgroup[1024];  /* foreign: init's for memory; "" when it is not known */
	uint64_t started_ns;
	struct call call;
	struct gantry_err err;
	struct logger logger; /* to the engine, when it asked for that */
};

/* How a container is made. Words go to m->call.err. */
struct driver {
	int (*create)(struct monitor *m); /* fills pid and pidfd; init is our child then */
	int (*start)(struct monitor *m);
	int (*destroy)(struct monitor *m); /* in any state, also a half made one */
	int (*oom)(struct monitor *m);     /* 1: memory killed in it; 0: no or unknown */
};

extern const struct driver driver_native, driver_foreign;
