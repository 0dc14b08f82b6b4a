/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gantry knows of a container of the engines native and oci beyond what
 * the OCI runtime knows: one directory per container,
 *
 *   ROOT/containers/KEY/ID/   0700; KEY: "native", or the runtime's base name
 *     record.json             what was asked for; written once, before anything else exists
 *     config.json             only when gantry made it (no --bundle)
 *     monitor                 "PID STARTTIME BOOTID\n": the process that will write exit.json
 *     exit.json               how it ended; durable before anybody is told
 *     wait                    waiters hold a shared flock on it; the monitor takes it exclusively
 *                             (for a second at most) before an auto-remove, so no waiter loses the code
 *
 * mkdir of ID is what makes an id unique. Every file is at most 1 MiB
 * (config.json 8), replaced atomically, and anything unreadable in one is
 * "unknown", never "absent" and never 0.
 */
#pragma once
#include "base/str.h"
#include <gantry/base.h>
#include <sys/types.h>

struct record {
	char *id;
	char *image;         /* or NULL, as all of these */
	char *bundle;        /* the caller's bundle; NULL: the record's own directory is the bundle */
	char *rootfs;
	char *runtime;       /* foreign runtime's binary; NULL: native */
	char *runtime_root;  /* its --root; NULL: its own default */
	struct strv args, labels; /* labels include OWNER_LABEL */
	uint64_t created_ns;
	bool auto_remove;
};
void record_done(struct record *r);
#define clean_record __attribute__((cleanup(record_done)))
int record_write(int dirfd, const struct record *r, struct gantry_err *err);
/* 0; -ENOENT; -EBADMSG it is damaged (with words). */
int record_read(int dirfd, struct record *ret, struct gantry_err *err);

/* The first bytes of exit.json tell all that matters; see record.c for the fields. */
struct exit_record {
	int code;             /* 0 to 255; -1 unknown */
	int signal;
	bool oom;
	uint64_t started_ns;  /* 0: never started */
	uint64_t finished_ns;
	char error[248];      /* why it could not start, or why the code is unknown */
};
/* Durable (fsync of file and directory) before it returns. */
int exit_record_write(int dirfd, const struct exit_record *x, struct gantry_err *err);
/* 0; -ENOENT; -EBADMSG. */
int exit_record_read(int dirfd, struct exit_record *ret, struct gantry_err *err);

/* Writes "monitor" for the calling process. */
int monitor_mark(int dirfd, struct gantry_err *err);
/* A pidfd of the marked process if it is that very process and alive; -ESRCH when it is gone; -ENOENT no mark; -EBADMSG. */
int monitor_pidfd(int dirfd);
