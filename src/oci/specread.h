/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How config.json is read: a table per object, property -> setter. Private to
 * the spec*.c files.
 *
 * The path of the value that is being read is kept, so that every message
 * begins with "config.json:LINE:COL: linux.resources.memory.limit". Setters get
 * values of the type that their table asks for and never JSON's null, which
 * means "not given" as Go's encoders write it.
 */
#pragma once
#include "base/err.h"
#include "oci/quote.h"
#include "oci/spec.h"

/* Deeper than any path in the tables: linux.resources.devices[3].access has six values. */
enum { READ_DEPTH = 12 };

struct reading {
	struct spec *s;
	struct gantry_err *err;
	const struct json *at[READ_DEPTH]; /* from the root to the value being read */
	unsigned depth;
};

/* Sets what `to` points at. 0 or -errno with words. */
typedef int read_setter(struct reading *r, const struct json *v, void *to);

/* A property's setter; `to` is the object being filled plus `offset`. */
struct property {
	const char *name;
	enum json_type type;
	bool required;
	read_setter *set; /* NULL: known, but refused where it asks for something */
	size_t offset;
};
/* In a table of properties: known to the specification, not built yet. */
#define NOT_YET(name, type) { name, type, false, NULL, 0 }

/* Reads every member of `obj` by the table (its last name is NULL). */
int read_members(struct reading *r, const struct json *obj, const struct property *table,
		 void *into);

/* What a list holds. */
struct items {
	enum json_type type;
	read_setter *each; /* `to` is the item's own place */
	size_t size;       /* of one in memory; 0: all have the same place */
};
/* Reads every item of `list`, the first into `into`. */
int read_items(struct reading *r, const struct json *list, const struct items *kind, void *into);
/*
 * The same into a new array, zeroed, with a zero item at its end, that lives as long as the spec.
 * The results are set before the first item is read, so that each can look at those before it.
 */
int read_array(struct reading *r, const struct json *list, const struct items *kind, void *ret,
	       size_t *ret_n);

/* Records "PATH message" about the value being read; returns -code. */
int read_err(struct reading *r, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Records that the value being read, or `what` in it, is not supported yet. */
int read_not_yet(struct reading *r, const char *what);
/* Whether a value asks for anything: not null, false, 0, "" or empty. */
bool read_asks(const struct json *v);

/* Setters that several tables need. */
read_setter read_bool;     /* bool */
read_setter read_text;     /* const char *; "" counts as not given and leaves it alone */
read_setter read_path;     /* const char *: absolute */
read_setter read_clean;    /* const char *: absolute, no "..", cleaned in place */
read_setter read_u64;      /* __u64 */
read_setter read_u32;      /* __u32 */
read_setter read_id;       /* __u32: a uid or gid, below 2^31 */
read_setter read_limit;    /* __s64: bytes or microseconds; -1: unlimited */
read_setter read_strings;  /* const char *const *: NULL-terminated */
read_setter read_paths;    /* the same, each absolute */
read_setter read_foreign;  /* refuses what belongs to other systems */
/* A number within [min, max]. */
int read_range(struct reading *r, const struct json *v, __s64 min, __s64 max, __s64 *ret);

/* The objects of config.json, each by the file named after it. */
read_setter read_process, read_mounts, read_linux, read_resources;
