/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing text and lists of strings. Running out of memory is remembered in
 * the object and told once, where the result is taken, so that building needs
 * no test at every step. Nothing here asks the locale.
 */
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a NUL. */
static bool grow(struct str *s, size_t more)
{
	size_t need, size;
	char *p;

	if (s->failed)
		return false;
	if (__builtin_add_overflow(s->len, more, &need) || need >= SIZE_MAX / 2) {
		s->failed = true;
		return false;
	}
	if (need < s->size)
		return true;
	size = s->size * 2 > need ? s->size * 2 : need + 1;
	p = realloc(s->buf, size < 32 ? 32 : size);
	if (!p) {
		s->failed = true;
		return false;
	}
	s->buf = p;
	s->size = size < 32 ? 32 : size;
	return true;
}

void str_addn(struct str *s, const char *bytes, size_t len)
{
	if (!grow(s, len))
		return;
	if (len)
		memcpy(s->buf + s->len, bytes, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		s->failed = true;
	else if (grow(s, (size_t)n)) {
		vsnprintf(s->buf + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

int str_take(struct str *s, char **ret)
{
	grow(s, 0);
	if (s->failed) {
		str_done(s);
		return -ENOMEM;
	}
	s->buf[s->len] = '\0';
	*ret = s->buf;
	*s = (struct str){ 0 };
	return 0;
}

void str_done(struct str *s)
{
	free(s->buf);
	*s = (struct str){ 0 };
}

char *str_printf(const char *fmt, ...)
{
	struct str s = { 0 };
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	return str_take(&s, &text) < 0 ? NULL : text;
}

/* Takes over `text`, which may be NULL when there was no memory for it. */
static void strv_own(struct strv *l, char *text)
{
	char **v = NULL;

	/* Doubled when n + 1 is a power of two: the NULL at the end always has its place. */
	if (text && !l->failed) {
		if ((l->n + 1) & l->n)
			v = l->v;
		else
			v = reallocarray(l->v, (l->n + 1) * 2, sizeof(*v));
	}
	if (!v) {
		l->failed = true;
		free(text);
		return;
	}
	l->v = v;
	l->v[l->n++] = text;
	l->v[l->n] = NULL;
}

void strv_add(struct strv *l, const char *text)
{
	if (text)
		strv_own(l, strdup(text));
}

void strv_addf(struct strv *l, const char *fmt, ...)
{
	struct str s = { 0 };
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	(void)str_take(&s, &text);
	strv_own(l, text);
}

void strv_done(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool str_is_id(const char *s)
{
	size_t n = 0;

	if (!is_alnum(s[0]))
		return false;
	while (is_alnum(s[n]) || s[n] == '_' || s[n] == '.' || s[n] == '-')
		if (++n > 128)
			return false;
	return s[n] == '\0';
}

unsigned str_utf8(const char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	uint32_t code;
	unsigned n;

	if (!len)
		return 0;
	if (u[0] < 0x80)
		return 1;
	/* 0xc0 and 0xc1 begin only overlong forms, 0xf5 and up only what lies beyond Unicode. */
	n = u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
	if (!n || len < n)
		return 0;
	code = u[0] & (0x7fu >> n);
	for (unsigned i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3fu);
	}
	/* Overlong forms, surrogates and what lies beyond Unicode are no characters. */
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

/*
 * C0, DEL, C1 (a terminal may take 0x9b for ESC [), line and paragraph
 * separators, and what turns the direction of text around.
 */
static bool is_control(const unsigned char *u, unsigned n)
{
	if (n == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (n != 3 || u[0] != 0xe2)
		return false;
	return (u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae) ||
	       (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);
}

void str_printable(char *dst, size_t size, const char *src)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *u = (const unsigned char *)src;
	size_t left = strlen(src), at = 0;

	while (left) {
		unsigned n = str_utf8((const char *)u, left), bytes = n ? n : 1;
		bool plain = n && !is_control(u, n);

		if (at + (plain ? bytes : 4 * bytes) >= size)
			break;
		for (unsigned i = 0; i < bytes; i++) {
			if (plain) {
				dst[at++] = (char)u[i];
				continue;
			}
			dst[at++] = '\\';
			dst[at++] = 'x';
			dst[at++] = hex[u[i] >> 4];
			dst[at++] = hex[u[i] & 15];
		}
		u += bytes;
		left -= bytes;
	}
	dst[at] = '\0';
}
