/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as RFC 8259 has it and no wider: parsed in place, not recursive,
 * bounded. One parser for the whole project, the static runtime included
 * (a 2.5 KB config.json has to cost microseconds in a cold process).
 *
 * Strict: no comments, no trailing commas, UTF-8 checked, a key twice in one
 * object is an error, a NUL inside a string (\u0000) is an error, so that
 * every string is a C string. Integers within int64/uint64 stay exact, other
 * numbers become doubles, correctly rounded in any locale; beyond a double's
 * range they are an error.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>
#include <sys/types.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value. Read the fields through the accessors below. */
struct json {
	const char *key;         /* in an object: the member's name; else NULL */
	struct json *next;       /* the next sibling, NULL at the end */
	union {
		const char *text;    /* JSON_STRING: NUL-terminated, unescaped */
		struct json *child;  /* JSON_ARRAY, JSON_OBJECT: the first; NULL when empty */
		uint64_t num;        /* JSON_INT, two's complement if negative; JSON_BOOL: 0, 1 */
		double real;         /* JSON_REAL */
	};
	uint32_t off;            /* where the value began in the text */
	uint32_t hash;           /* private: of the key */
	uint32_t len;            /* strings: bytes; arrays, objects: members */
	uint8_t type;            /* enum json_type */
	bool negative;           /* JSON_INT below 0 */
};

struct json_limits {
	size_t bytes; /* of text */
	unsigned depth; /* of arrays and objects within each other */
	size_t values;
};
/* What SECURITY.md I10 asks for: 8 MiB, 64 deep. */
#define JSON_LIMITS { 8u << 20, 64, 1u << 20 }

/* A parsed document: owns the nodes, borrows the text. Zeroed is empty. */
struct json_doc {
	const char *name;   /* what messages call it: "config.json" */
	char *text;         /* as handed over; strings are unescaped in it and end with NULs */
	size_t text_len;
	void *blocks;       /* nodes */
	struct json *root;
	size_t end;         /* where the first value ended (json_parse_first) */
};

/*
 * Parses text[0..len), which must have room for one more byte at text[len] and
 * must live as long as the document. `name` (not copied) begins every message:
 * "config.json:12:7: a comma is missing" (line and column from 1, columns in
 * bytes). `lim` may be NULL for JSON_LIMITS. Returns 0, -EBADMSG not JSON,
 * -E2BIG beyond a limit, -ENOMEM. On failure there is nothing to release.
 */
int json_parse(struct json_doc *doc, const char *name, char *text, size_t len,
	       const struct json_limits *lim, struct gantry_err *err);
/*
 * The same for the first of several values one after another; doc->end tells
 * where it ended. -EAGAIN: it is not all there yet; the text is untouched then,
 * so read more and try again. A number or word that touches the text's end
 * counts as not all there.
 */
int json_parse_first(struct json_doc *doc, const char *name, char *text, size_t len,
		     const struct json_limits *lim, struct gantry_err *err);
void json_done(struct json_doc *doc);
#define clean_json __attribute__((cleanup(json_done)))

/* Records an error about value `v`: "NAME:LINE:COL: message"; returns -code. */
int json_err(const struct json_doc *doc, const struct json *v, struct gantry_err *err, int code,
	     const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* All of these take NULL and values of another type and then give the neutral answer. */
const struct json *json_get(const struct json *obj, const char *key); /* member, or NULL */
const struct json *json_at(const struct json *v, const char *path);   /* "a.b.c" through objects */
const struct json *json_first(const struct json *v);                  /* of array or object */
static inline const struct json *json_next(const struct json *v) { return v ? v->next : NULL; }
#define json_each(v, parent) (const struct json *v = json_first(parent); v; v = json_next(v))
const char *json_text(const struct json *v, const char *fallback);
bool json_true(const struct json *v); /* JSON_BOOL that is true */
static inline bool json_is(const struct json *v, enum json_type t)
{
	return v && v->type == (uint8_t)t;
}
/* Exact numbers: 0, -EINVAL not an integer (or NULL), -ERANGE does not fit. */
int json_i64(const struct json *v, int64_t *ret);
int json_u64(const struct json *v, uint64_t *ret);
/* Any number as a double: 0, or -EINVAL not a number (or NULL). */
int json_f64(const struct json *v, double *ret);
/* The type's name for messages: "a number". */
const char *json_type_name(const struct json *v);

/*
 * Writing. Calls nest as the text does; commas, quotes and escapes are put in.
 * A key is NULL inside arrays. Several values at the top come one a line. Out
 * of memory is remembered and told once, by json_out_take(). What our own
 * reader refuses is not written: NUL and bytes that are not UTF-8 become U+FFFD.
 */
struct json_out {
	char *buf;
	size_t len, size;
	unsigned depth;
	bool comma, pretty, failed;
};
#define JSON_OUT_INIT { 0, 0, 0, 0, false, false, false }

void json_obj(struct json_out *o, const char *key);
void json_arr(struct json_out *o, const char *key);
void json_end_obj(struct json_out *o);
void json_end_arr(struct json_out *o);
void json_str(struct json_out *o, const char *key, const char *text); /* NULL text: null */
void json_strn(struct json_out *o, const char *key, const char *text, size_t len);
void json_int(struct json_out *o, const char *key, int64_t n);
void json_uint(struct json_out *o, const char *key, uint64_t n);
void json_real(struct json_out *o, const char *key, double d); /* not finite: null */
void json_bool(struct json_out *o, const char *key, bool b);
void json_null(struct json_out *o, const char *key);
/* Copies a parsed value; NULL: null. */
void json_value(struct json_out *o, const char *key, const struct json *v);
/* "KEY": ["a", "b"]; a NULL list is an empty array. */
void json_strv(struct json_out *o, const char *key, const char *const *list);
/*
 * Hands over the NUL-terminated text (free it) and empties o. Returns 0,
 * -ENOMEM, or -EINVAL: not as many ended as were begun.
 */
int json_out_take(struct json_out *o, char **ret, size_t *ret_len);
void json_out_done(struct json_out *o);
#define clean_json_out __attribute__((cleanup(json_out_done)))
