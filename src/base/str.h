/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: growable text, lists of strings, and the few parsers that every floor needs. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text that grows. Zeroed is empty. Out of memory is remembered in `failed`. */
struct str {
	char *buf; /* NUL-terminated once anything was added; NULL while empty */
	size_t len, size;
	bool failed;
};
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *bytes, size_t len);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Hands the text over (free it); "" when empty. Returns 0 or -ENOMEM. */
int str_take(struct str *s, char **ret);
void str_done(struct str *s);
#define clean_str __attribute__((cleanup(str_done)))

/* printf into new memory: the text (free it), or NULL when out of memory. */
char *str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A NULL-terminated list of strings that it owns. Zeroed is empty. */
struct strv {
	char **v; /* NULL while empty */
	size_t n;
	bool failed;
};
void strv_add(struct strv *l, const char *text); /* copies; NULL text is ignored */
void strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_done(struct strv *l);
#define clean_strv __attribute__((cleanup(strv_done)))

static inline bool str_eq(const char *a, const char *b)
{
	return __builtin_strcmp(a, b) == 0;
}
/* What follows `prefix` in s, or NULL when s does not begin with it. */
const char *str_after(const char *s, const char *prefix);

/* The whole of s is a decimal number without sign or blanks: 0, -EINVAL, -ERANGE. */
int str_u64(const char *s, uint64_t *ret);
/* "512m", "1.5g", "100kib", "7": bytes, factors of 1024 as docker has. 0, -EINVAL, -ERANGE. */
int str_bytes(const char *s, uint64_t *ret);
/* "1.5", "0.25": thousandths, rounded up, so that only 0 gives 0. 0, -EINVAL, -ERANGE. */
int str_milli(const char *s, uint64_t *ret);
/* "500ms", "1m30s", "2h", "1.5s", "5" (seconds): in us, rounded up. 0, -EINVAL, -ERANGE. */
int str_duration_us(const char *s, uint64_t *ret);
/* How many bytes the UTF-8 character at s[0..len) has, 1 to 4; 0 when it is none (RFC 3629). */
unsigned str_utf8(const char *s, size_t len);
/* A container id we accept: [A-Za-z0-9][A-Za-z0-9_.-]{0,127}. */
bool str_is_id(const char *s);
/*
 * Copies src for a terminal or a log: control bytes and what is not UTF-8
 * become \xNN, one line. Cut between characters where dst is too small. Always
 * NUL-terminates; size is at least 1. Doing it twice changes nothing.
 */
void str_printable(char *dst, size_t size, const char *src);
/* RFC 3339 with nanoseconds, Z ("2026-11-24T17:00:00.123456789Z"); dst holds at least 36 bytes. */
void str_time(char *dst, uint64_t ns_since_epoch);
/*
 * The reverse, any offset, 0 to 9 digits. 0 or -EINVAL. A time before 1970
 * gives 0, "unknown": engines write 0001-01-01T00:00:00Z for "not yet".
 */
int str_time_parse(const char *s, uint64_t *ret_ns);
