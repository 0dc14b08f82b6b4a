/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one kind of engine can do. One const table per engine, one file per
 * table. A NULL slot means the engine cannot do it: callers get -ENOTSUP with
 * the verb's name, and capability lists are read off the table, never kept
 * beside it. Slots follow the public function of the same name.
 *
 * By the time a slot is called engine.c has checked what can be checked for
 * every engine alike: pointers, flags, struct sizes (options arrive as the
 * newest struct, never NULL), signal numbers, that `id` is not empty, that
 * exactly one of image, rootfs and bundle is given, that a name is a valid id.
 * A slot returns 0 or more, or -errno with words in c->err; outputs are
 * untouched on failure.
 */
#pragma once
#include <gantry/container.h>

#include <stdbool.h>

#include "base/call.h"

struct engine_ops;

struct gantry_engine {
	const struct engine_ops *ops;
	struct logger logger;
	char *root, *run, *oci, *owner; /* options, resolved; `oci` may be NULL */
	char *path;                     /* binary or socket; NULL for none */
	/* each engine embeds this first and adds its own state after it */
};

/* An engine address, taken apart: ENGINE[:ADDRESS][,key=value...]. Points into its own copy. */
struct engine_where {
	char *text;             /* the copy; owned by engine.c */
	const char *rest;       /* ADDRESS, "" when none */
	const char *keys[8];    /* "key=value", NULL-terminated; at most 7 */
};
/* The value of `key` in w, or NULL. */
const char *engine_where_key(const struct engine_where *w, const char *key);

struct engine_ops {
	const char *kind;              /* what gantry_engine_kind() and reports print */
	const char *const *keys;       /* address keys it takes, NULL-terminated; NULL for none */

	/*
	 * Allocates an engine, at least a zeroed struct gantry_engine, and connects. engine.c has
	 * resolved the options into `proto` (ops, logger, root, run, oci, owner); the slot copies
	 * *proto over the head of its engine, which takes ownership of the strings on success.
	 */
	int (*open)(const struct gantry_engine *proto, const struct engine_where *w,
		    struct gantry_engine **ret, struct call *c);
	/* Frees its own state and e; engine.c has freed the head's strings already. */
	void (*close)(struct gantry_engine *e);
	int (*info)(struct gantry_engine *e, struct gantry_info **ret, struct call *c);

	int (*prepare)(struct gantry_engine *e, const struct gantry_create *what, struct call *c);
	int (*create)(struct gantry_engine *e, const struct gantry_create *what,
		      char ret_id[GANTRY_ID_SIZE], struct call *c);
	int (*start)(struct gantry_engine *e, const char *id, struct call *c);
	/*
	 * create + start in one, where the engine does that cheaper than in two; detached.
	 * Optional: without it the composite does create, start, and delete when start fails.
	 */
	int (*launch)(struct gantry_engine *e, const struct gantry_create *what,
		      char ret_id[GANTRY_ID_SIZE], struct call *c);
	/* A whole foreground run: streams connected before the start, signals passed, to the end.
	 */
	int (*run)(struct gantry_engine *e, const struct gantry_create *what,
		   const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
		   struct gantry_exit *ret, struct call *c);
	int (*kill)(struct gantry_engine *e, const char *id, int sig, unsigned flags,
		    struct call *c);
	int (*wait)(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
		    struct call *c);
	int (*pause)(struct gantry_engine *e, const char *id, struct call *c);
	int (*resume)(struct gantry_engine *e, const char *id, struct call *c);
	int (*get)(struct gantry_engine *e, const char *id, struct gantry_container **ret,
		   struct call *c);
	/* `ours`: only those with our label and e->owner are wanted; others may be in it. */
	int (*list)(struct gantry_engine *e, bool ours, struct gantry_container ***ret,
		    struct call *c);
	/* Without FORCE refuses (-EBUSY) what is not stopped. */
	int (*del)(struct gantry_engine *e, const char *id, unsigned flags, struct call *c);
};

/* The label that marks what gantry made; its value is the owner. */
#define OWNER_LABEL "io.gantry.owner"

extern const struct engine_ops engine_null, engine_native, engine_oci, engine_docker;
