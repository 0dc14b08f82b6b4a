/* SPDX-License-Identifier: Apache-2.0 */
/* A benchmark plan: what gets timed, on which engines, how often. */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>

#include "base/str.h"

enum plan_command {
	COMMAND_RUN, COMMAND_PAUSE, COMMAND_RESUME, COMMAND_STOP, COMMAND_DELETE, COMMAND_WAIT,
	COMMAND_METRICS, COMMANDS
};
/* Its main name: "run". */
const char *plan_command_name(enum plan_command c);
/* The command that `word` names, in any case, aliases too; or -EINVAL. */
int plan_command_of(const char *word);

enum {
	PLAN_BYTES = 1 << 20, PLAN_DRIVERS = 64, PLAN_COMMANDS = 64, PLAN_THREADS = 1024,
	PLAN_ITERATIONS = 1000000, PLAN_WARMUP = 100000, PLAN_GAP_MS = 600000,
	PLAN_SAMPLES = 10000000 /* of the whole plan: they are all kept */
};

struct plan_driver {
	char *type;      /* as reports print it: "Runc", or an engine address */
	char *address;   /* for gantry_engine_open() */
	char *where;     /* "plan.yaml:4:9" */
	uint64_t threads, iterations, warmup, gap_ms;
};

struct plan {
	char *file;               /* as messages call it */
	char *name, *image, *rootfs; /* NULL where the plan has none */
	struct strv args;         /* the command, in words */
	bool detached;
	bool bundle;              /* rootfs is an OCI bundle: it has a config.json, which rules */
	struct plan_driver *drivers;
	size_t n_drivers;
	enum plan_command commands[PLAN_COMMANDS];
	size_t n_commands;
	struct strv warnings;
	char *refused;            /* what is asked that is not supported yet, with its place */
};

void plan_done(struct plan *p);
