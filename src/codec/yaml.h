/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as a tree, read with libyaml and made strict: one document, text keys
 * that occur once per mapping, no merge keys, no tags but the core ones, no
 * NUL in a string. Bounded in bytes, depth and nodes, aliases counted as if
 * they were unfolded, so that nothing grows by being read.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>

enum yaml_type { YAML_TEXT, YAML_LIST, YAML_MAP };

/* One value. */
struct yaml {
	const char *key;             /* in a mapping: the member's name; else NULL */
	struct yaml *next;           /* the next sibling, NULL at the end */
	union {
		const char *text;    /* YAML_TEXT: NUL-terminated */
		struct yaml *child;  /* YAML_LIST, YAML_MAP: the first; NULL when empty */
	};
	uint32_t line, col;          /* where the value begins, from 1; an alias: where it stands */
	uint32_t key_line, key_col;  /* where its key begins */
	uint32_t len;                /* text: bytes; lists, mappings: members */
	uint32_t weight;             /* values in it, itself included, aliases unfolded */
	uint8_t type;                /* enum yaml_type */
	bool plain;                  /* text without quotes: may be a number, true, nothing */
};

struct yaml_limits {
	size_t bytes;     /* of text */
	unsigned depth;   /* at most YAML_DEPTH_MAX */
	unsigned values;  /* keys included, aliases unfolded */
};
enum {
	YAML_DEPTH_MAX = 64, YAML_KEYS_MAX = 1024, YAML_ANCHORS_MAX = 256,
	YAML_TAGS_MAX = 64 /* %TAG directives */
};
#define YAML_LIMITS { 1u << 20, 32, 32768 }

struct yaml_doc {
	const char *name;   /* what messages call it: "plan.yaml" */
	struct yaml *root;  /* NULL: an empty document */
	void *blocks;       /* private: what the nodes live in */
};

/*
 * Reads text[0..len) into a tree that keeps copies. `name` (not copied) begins
 * every message: "plan.yaml:12:7: ...". `lim` may be NULL for YAML_LIMITS.
 * Returns 0, -EBADMSG not YAML, -EINVAL a key given twice or that is no word,
 * -E2BIG beyond a limit, -ENOTSUP a feature we do not take or no libyaml, -ENOMEM.
 * On failure there is nothing to release.
 */
int yaml_read(struct yaml_doc *doc, const char *name, const char *text, size_t len,
	      const struct yaml_limits *lim, struct gantry_err *err);
void yaml_done(struct yaml_doc *doc);
#define clean_yaml __attribute__((cleanup(yaml_done)))

/* Records an error about `v` (NULL: the document): "NAME:LINE:COL: message"; returns -code. */
int yaml_err(const struct yaml_doc *doc, const struct yaml *v, struct gantry_err *err, int code,
	     const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same about its key. */
int yaml_key_err(const struct yaml_doc *doc, const struct yaml *v, struct gantry_err *err, int code,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* These take NULL and values of another type and then give the neutral answer. */
const struct yaml *yaml_get(const struct yaml *map, const char *key); /* member, or NULL */
const struct yaml *yaml_first(const struct yaml *v);                  /* of list or mapping */
#define yaml_each(v, parent) (const struct yaml *v = yaml_first(parent); v; v = v->next)
bool yaml_is(const struct yaml *v, enum yaml_type t);
bool yaml_null(const struct yaml *v); /* NULL, an empty plain value, "~" or "null" without quotes */
/* A plain decimal number: 0, -EINVAL not a whole number, -ERANGE does not fit. */
int yaml_i64(const struct yaml *v, int64_t *ret);
/* true false yes no on off, in three cases each, without quotes: 0 or -EINVAL. */
int yaml_bool(const struct yaml *v, bool *ret);
/* The type's name for messages: "a list". */
const char *yaml_type_name(const struct yaml *v);
