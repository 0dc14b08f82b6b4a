/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gantry knows of a container of the engines native and oci beyond what
 * the OCI runtime knows: one directory per container,
 *
 *   ROOT/containers/KEY/ID/   0700; KEY: see record_key()
 *     record.json             what was asked for; written once, before anything else exists
 *     config.json             only when gantry made it (no --bundle)
 *     monitor                 "PID STARTTIME BOOTID\n": the process that will write exit.json
 *     init                    the same of the container's first process
 *     control                 the monitor's socket while the container waits to be started
 *     started.next            blanks, made with the record: room for what becomes
 *     started                 nanoseconds since the epoch, once it was started
 *     wait                    blanks, made with the record: at the end it is written over
 *                             and becomes exit.json, so that a disk that is full by then
 *                             cannot lose the code. A waiter holds it open, so that no
 *                             removal can take the code away from it
 *     exit.json               how it ended; durable before anybody is told
 *
 * mkdir of ID is what makes an id unique. Every file is at most 1 MiB
 * (config.json 8), appears whole under its name, and anything unreadable in one is
 * "unknown", never "absent" and never 0.
 */
#pragma once
#include "base/str.h"
#include <gantry/base.h>
#include <sys/types.h>

struct record {
	char *id;
	char *image;         /* or NULL, as all of these */
	char *bundle;        /* the caller's bundle; NULL: the record's own directory is it */
	char *rootfs;
	char *runtime;       /* foreign runtime's binary; NULL: native */
	char *runtime_root;  /* its --root; NULL: its own default. native: always set */
	struct strv args, labels; /* labels include OWNER_LABEL */
	uint64_t created_ns;
	bool auto_remove;
};
void record_done(struct record *r);
#define clean_record __attribute__((cleanup(record_done)))

/*
 * The folder under ROOT/containers that keeps what one runtime with one state
 * directory has: "native" or the runtime's base name; where a state directory other than the
 * runtime's own was asked for, followed by "-" and a hash of it, since ids are unique in it alone.
 * Free the result; NULL when out of memory.
 */
char *record_key(const char *name, const char *state_root);

/* Writes record.json, and keeps room for `started` and exit.json. 0 or -errno. */
int record_write(int dirfd, const struct record *r, struct gantry_err *err);
/* 0; -ENOENT; -EBADMSG it is damaged (with words). */
int record_read(int dirfd, struct record *ret, struct gantry_err *err);

/* exit.json. */
struct exit_record {
	int code;             /* 0 to 255; -1 unknown */
	int signal;
	bool oom;
	uint64_t started_ns;  /* 0: never started */
	uint64_t finished_ns;
	char error[248];      /* why it could not start, or why the code is unknown */
};
#define EXIT_RECORD_INIT { -1, 0, false, 0, 0, "" }
/* Writes exit.json; `durable`: file and directory are on the disk before it returns. */
int exit_record_write(int dirfd, const struct exit_record *x, bool durable, struct gantry_err *err);
/* 0; -ENOENT; -EBADMSG. */
int exit_record_read(int dirfd, struct exit_record *ret, struct gantry_err *err);
/*
 * The same from an open `wait`, which may have lost its name. -ENOENT: nothing was
 * written into it.
 */
int exit_record_waited(int waitfd, struct exit_record *ret, struct gantry_err *err);

/* Names of the files that mark a process. */
#define MARK_MONITOR "monitor"
#define MARK_INIT "init"
/* Writes the mark for process `pid`. 0 or -errno. */
int mark_write(int dirfd, const char *name, pid_t pid, struct gantry_err *err);
/*
 * A pidfd of the marked process, if it is that very process and alive (or not
 * reaped yet); -ESRCH when it is gone; -ENOENT no mark; -EBADMSG. ret_pid may be NULL.
 */
int mark_pidfd(int dirfd, const char *name, pid_t *ret_pid);

/* When it was started; 0: not yet, or nobody can know. */
int started_write(int dirfd, uint64_t ns);
uint64_t started_read(int dirfd);
