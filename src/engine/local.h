/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engines native and oci share: both keep records of their own
 * (container/record.h), start a monitor beside each container, and have a
 * runtime with runc's command line. They differ in how they learn a
 * container's state and act on a running one: native in process, from the
 * state record; oci by executing the runtime.
 */
#pragma once
#include "container/foreign.h"
#include "container/record.h"
#include "engine/ops.h"

/* What the runtime says of a container now. */
struct local_state {
	int status;          /* enum gantry_state */
	pid_t pid;           /* 0 when it does not run */
	uint64_t created_ns; /* 0: it does not say */
	char *bundle, *rootfs; /* or NULL */
};
void local_state_done(struct local_state *s);
#define clean_local_state __attribute__((cleanup(local_state_done)))

struct local;

struct local_kind {
	/* 0; -ENOENT the runtime knows no such container; -EBADMSG its record is damaged. */
	int (*state)(struct local *l, const char *id, struct local_state *ret, struct call *c);
	/*
	 * A pidfd of init for a container without a record of ours; -ESRCH it is gone.
	 * NULL: there are none such.
	 */
	int (*pidfd)(struct local *l, const char *id, struct call *c);
	/* Ids of the containers that the runtime knows. NULL: those with a record are all. */
	int (*ids)(struct local *l, struct strv *ret, struct call *c);
	int (*kill)(struct local *l, const char *id, int sig, bool all, struct call *c);
	int (*pause)(struct local *l, const char *id, struct call *c);
	int (*resume)(struct local *l, const char *id, struct call *c);
};

struct local {
	struct gantry_engine head;
	const struct local_kind *kind;
	char *records;      /* ROOT/containers/KEY */
	char *state_root;   /* the runtime's state directory; NULL: its own default */
	char *monitor;      /* gantry-oci */
	struct foreign run; /* the runtime's program: native's is gantry-oci too */
};

/* A container as it was found: with a record of ours, or known to the runtime alone. */
struct box {
	char id[GANTRY_ID_SIZE];
	int dir;                 /* its record directory; -1: none */
	int rec_r, exit_r;       /* what reading the two gave: 0, -ENOENT, -EBADMSG */
	struct record rec;       /* where rec_r is 0 */
	struct exit_record exit; /* where exit_r is 0; else "unknown" */
};
void box_done(struct box *b);
#define clean_box __attribute__((cleanup(box_done)))
#define BOX_INIT { .dir = -1, .exit = EXIT_RECORD_INIT }

/* localbox.c */

/* Opens one by its whole id. -ENOENT. */
int box_open(struct local *l, const char *id, struct box *ret, struct call *c);
/* Reads its exit record (again). */
void box_read_exit(struct box *b);
/*
 * A pidfd of a marked process while it lives, else -errno: one that nobody has
 * reaped yet is gone too.
 */
int box_living(const struct box *b, const char *mark, pid_t *ret_pid);
int box_monitor(const struct box *b);

/* Every id, with or without a record, sorted, each once. */
int local_ids(struct local *l, struct strv *ret, struct call *c);
/* Finds one by its id or the unambiguous beginning of it. -ENOENT, -ENOTUNIQ. */
int local_find(struct local *l, const char *id, struct box *ret, struct call *c);
/* The directory of all records; -ENOENT: there was never one. */
int local_records(const struct local *l);
/*
 * What state it is in, by its records and the runtime: enum gantry_state; -errno when
 * the runtime cannot be asked. A container that is just ending is waited for, so that
 * "stopped" comes with its code.
 */
int local_status(struct local *l, struct box *b, struct local_state *ret, struct call *c);
/* Removes its record directory, whoever may still be writing into it. 0 or -errno with words. */
int local_remove_record(struct local *l, const char *id, struct call *c);
/* Takes away all there is of a container, in any state. */
int local_destroy(struct local *l, struct box *b, bool force, struct call *c);

/* local.c: opening, and the slots that native.c and oci.c make their tables of */
int local_open(struct local *l, const struct gantry_engine *proto, const struct engine_where *w,
	       const char *name, struct call *c);
void local_fill_exit(struct gantry_exit *to, const struct exit_record *x);
void local_close(struct gantry_engine *e);
void local_free(struct local *l); /* all but the head's strings */
int local_info(struct gantry_engine *e, struct gantry_info **ret, struct call *c);
int local_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
	      struct call *c);
int local_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret, struct call *c);
int local_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret, struct call *c);
int local_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags, struct call *c);
int local_pause(struct gantry_engine *e, const char *id, struct call *c);
int local_resume(struct gantry_engine *e, const char *id, struct call *c);
int local_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c);

/* localrun.c */
int local_prepare(struct gantry_engine *e, const struct gantry_create *what, struct call *c);
int local_create(struct gantry_engine *e, const struct gantry_create *what,
		 char ret_id[GANTRY_ID_SIZE], struct call *c);
int local_start(struct gantry_engine *e, const char *id, struct call *c);
int local_launch(struct gantry_engine *e, const struct gantry_create *what,
		 char ret_id[GANTRY_ID_SIZE], struct call *c);
int local_run(struct gantry_engine *e, const struct gantry_create *what,
	      const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE], struct gantry_exit *ret,
	      struct call *c);

/* All of an engine's table but its kind, its keys and how it is opened. */
#define LOCAL_SLOTS									\
	.close = local_close, .info = local_info, .prepare = local_prepare,		\
	.create = local_create, .start = local_start, .launch = local_launch,		\
	.run = local_run, .kill = local_kill, .wait = local_wait,			\
	.pause = local_pause, .resume = local_resume, .get = local_get,			\
	.list = local_list, .del = local_del
