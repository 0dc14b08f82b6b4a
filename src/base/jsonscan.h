/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of JSON, for base/jsonread.c alone; everybody else reads base/json.h. */
#pragma once
#include "base/json.h"

struct json_scan {
	const char *name;       /* begins every message */
	struct gantry_err *err;
	char *text;
	char *at;               /* what is read next */
	char *end;              /* the NUL behind the text */
	char *token;            /* a string being read, whose bytes may have moved; else NULL */
};

/* Line and column, from 1, of text[off]; every string before it is one that we have read. */
void json_place(const char *text, size_t off, size_t *line, size_t *col);
/* Records "NAME:LINE:COL: message" for the byte at `at`; returns -code. */
int json_scan_fail(struct json_scan *s, const char *at, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for the next byte, which is not what the grammar wants. Returns -EBADMSG. */
int json_scan_unexpected(struct json_scan *s, const char *wanted);

void json_scan_blanks(struct json_scan *s);
/* A string whose opening quote is next: *ret becomes its text, *ret_len its length in bytes. */
int json_scan_string(struct json_scan *s, const char **ret, uint32_t *ret_len);
/* A number, or true, false, null: sets type and value of *v. */
int json_scan_number(struct json_scan *s, struct json *v);
int json_scan_word(struct json_scan *s, struct json *v);
