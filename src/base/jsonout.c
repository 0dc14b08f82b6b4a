/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON. Out of memory is remembered and told at the end. Numbers are
 * written the same in every locale; what comes in as text may be anything and
 * goes out as UTF-8 that our own reader takes.
 */
#include "base/json.h"

#include "base/clean.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Room for `more` bytes and a NUL. */
static bool room(struct json_out *o, size_t more)
{
	size_t size = o->size ? o->size : 256;
	char *p;

	if (o->failed)
		return false;
	while (size - o->len <= more && size < SIZE_MAX / 4)
		size *= 2;
	if (size == o->size)
		return true;
	p = size - o->len > more ? realloc(o->buf, size) : NULL;
	if (!p) {
		o->failed = true;
		return false;
	}
	o->buf = p;
	o->size = size;
	return true;
}

static void put(struct json_out *o, const char *bytes, size_t len)
{
	if (!room(o, len))
		return;
	memcpy(o->buf + o->len, bytes, len);
	o->len += len;
}

static void new_line(struct json_out *o)
{
	put(o, "\n", 1);
	for (unsigned i = 0; i < o->depth; i++)
		put(o, "  ", 2);
}

static void escape(struct json_out *o, unsigned char c)
{
	static const char names[] = "\"\\bfnrt", bytes[] = "\"\\\b\f\n\r\t";
	const char *found = c ? strchr(bytes, c) : NULL;
	char text[7] = { '\\' };

	if (!c) {
		put(o, "\357\277\275", 3);
	} else if (found) {
		text[1] = names[found - bytes];
		put(o, text, 2);
	} else {
		snprintf(text + 1, sizeof(text) - 1, "u%04x", (unsigned)c);
		put(o, text, 6);
	}
}

static void quote(struct json_out *o, const char *text, size_t len)
{
	size_t begin = 0;

	put(o, "\"", 1);
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		unsigned n = c < 0x80 ? 1 : str_utf8(text + i, len - i);

		if (n && c >= 0x20 && c != '"' && c != '\\') {
			i += n;
			continue;
		}
		put(o, text + begin, i - begin);
		if (n)
			escape(o, c);
		else
			put(o, "\357\277\275", 3);
		begin = ++i;
	}
	put(o, text + begin, len - begin);
	put(o, "\"", 1);
}

/* What stands before a value: the comma, the line, the key. */
static void before(struct json_out *o, const char *key)
{
	if (o->depth) {
		if (o->comma)
			put(o, ",", 1);
		if (o->pretty)
			new_line(o);
	} else if (o->comma) {
		put(o, "\n", 1);
	}
	o->comma = true;
	if (!key)
		return;
	quote(o, key, strlen(key));
	put(o, ": ", o->pretty ? 2 : 1);
}

static void begin(struct json_out *o, const char *key, const char *bracket)
{
	before(o, key);
	put(o, bracket, 1);
	o->depth++;
	o->comma = false;
}

static void end(struct json_out *o, const char *bracket)
{
	bool empty = !o->comma;

	o->depth--; /* one too many wraps round, and json_out_take() will not find 0 */
	if (o->pretty && !empty && o->depth < UINT32_MAX / 2)
		new_line(o);
	put(o, bracket, 1);
	o->comma = true;
}

void json_obj(struct json_out *o, const char *key) { begin(o, key, "{"); }
void json_arr(struct json_out *o, const char *key) { begin(o, key, "["); }
void json_end_obj(struct json_out *o) { end(o, "}"); }
void json_end_arr(struct json_out *o) { end(o, "]"); }

static void word(struct json_out *o, const char *key, const char *text)
{
	before(o, key);
	put(o, text, strlen(text));
}

void json_strn(struct json_out *o, const char *key, const char *text, size_t len)
{
	before(o, key);
	quote(o, text, len);
}

void json_str(struct json_out *o, const char *key, const char *text)
{
	if (text)
		json_strn(o, key, text, strlen(text));
	else
		json_null(o, key);
}

static void number(struct json_out *o, const char *key, bool minus, uint64_t n)
{
	char text[24], *at = text + sizeof(text) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	if (minus)
		*--at = '-';
	word(o, key, at);
}

void json_int(struct json_out *o, const char *key, int64_t n)
{
	number(o, key, n < 0, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void json_uint(struct json_out *o, const char *key, uint64_t n)
{
	number(o, key, false, n);
}

/*
 * The locale's decimal point, of however many bytes, becomes "."; a whole
 * number gets one, so that it stays a real.
 */
static void plain_real(char *dst, const char *src)
{
	bool real = false;

	while (*src) {
		if (strchr("+-e0123456789", *src)) {
			real |= *src == 'e';
			*dst++ = *src++;
			continue;
		}
		real = true;
		*dst++ = '.';
		while (*src && !strchr("+-e0123456789", *src))
			src++;
	}
	memcpy(dst, real ? "" : ".0", real ? 1 : 3);
}

void json_real(struct json_out *o, const char *key, double d)
{
	char text[64], plain[64];

	if (!isfinite(d)) {
		json_null(o, key);
		return;
	}
	/* As few digits as give the same double back. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	plain_real(plain, text);
	word(o, key, plain);
}

void json_bool(struct json_out *o, const char *key, bool b)
{
	word(o, key, b ? "true" : "false");
}

void json_null(struct json_out *o, const char *key)
{
	word(o, key, "null");
}

static void scalar(struct json_out *o, const char *key, const struct json *v)
{
	switch ((enum json_type)v->type) {
	case JSON_BOOL:
		json_bool(o, key, v->num);
		break;
	case JSON_INT:
		number(o, key, v->negative, v->negative ? 0 - v->num : v->num);
		break;
	case JSON_REAL:
		json_real(o, key, v->real);
		break;
	case JSON_STRING:
		json_strn(o, key, v->text, v->len);
		break;
	default:
		json_null(o, key);
	}
}

/* What a copy is inside of: values know their siblings, not what is around them. */
struct trail {
	const struct json **v;
	size_t n, size;
};

static bool enter(struct trail *t, const struct json *v)
{
	if (t->n == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		const struct json **p = reallocarray(t->v, size, sizeof(*p));

		if (!p)
			return false;
		t->v = p;
		t->size = size;
	}
	t->v[t->n++] = v;
	return true;
}

void json_value(struct json_out *o, const char *key, const struct json *v)
{
	struct trail in = { 0 };

	if (!v)
		json_null(o, key);
	while (v) {
		bool obj = json_is(v, JSON_OBJECT);

		if (obj || json_is(v, JSON_ARRAY)) {
			begin(o, key, obj ? "{" : "[");
			if (!enter(&in, v)) {
				o->failed = true;
				break;
			}
			v = v->child;
		} else {
			scalar(o, key, v);
			v = in.n ? v->next : NULL;
		}
		/* Up until something follows. The siblings of `v` itself were not asked for. */
		while (!v && in.n) {
			const struct json *done = in.v[--in.n];

			end(o, json_is(done, JSON_OBJECT) ? "}" : "]");
			v = in.n ? done->next : NULL;
		}
		key = v ? v->key : NULL;
	}
	free(in.v);
}

void json_strv(struct json_out *o, const char *key, const char *const *list)
{
	json_arr(o, key);
	for (; list && *list; list++)
		json_str(o, NULL, *list);
	json_end_arr(o);
}

int json_out_take(struct json_out *o, char **ret, size_t *ret_len)
{
	int r = !room(o, 0) ? -ENOMEM : o->depth ? -EINVAL : 0;

	if (r == 0) {
		o->buf[o->len] = '\0';
		*ret = TAKE_PTR(o->buf);
		if (ret_len)
			*ret_len = o->len;
	}
	json_out_done(o);
	return r;
}

void json_out_done(struct json_out *o)
{
	bool pretty = o->pretty;

	free(o->buf);
	*o = (struct json_out){ .pretty = pretty };
}
