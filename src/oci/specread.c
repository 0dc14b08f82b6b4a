/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that reads config.json by tables, and the setters for plain
 * types. Text from the file appears in messages only through quote(): it may
 * hold anything.
 */
#include "oci/specread.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/path.h"

static const char *const type_wanted[] = {
	[JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_INT] = "a whole number",
	[JSON_REAL] = "a number",   [JSON_STRING] = "a string",    [JSON_ARRAY] = "an array",
	[JSON_OBJECT] = "an object",
};

static unsigned index_in(const struct json *list, const struct json *item)
{
	unsigned i = 0;

	for json_each(v, list) {
		if (v == item)
			break;
		i++;
	}
	return i;
}

/* "linux.resources.devices[3].access" */
static void path_of(const struct reading *r, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 1; i < r->depth && n < size; i++) {
		const struct json *v = r->at[i];

		if (v->key)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", i > 1 ? "." : "",
					      quote(v->key).text);
		else
			n += (size_t)snprintf(buf + n, size - n, "[%u]",
					      index_in(r->at[i - 1], v));
	}
}

int read_err(struct reading *r, int code, const char *fmt, ...)
{
	char path[112], what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	path_of(r, path, sizeof(path));
	return json_err(&r->s->doc, r->at[r->depth - 1], r->err, code, "%s%s%s", path,
			*path ? " " : "", what);
}

int read_not_yet(struct reading *r, const char *what)
{
	return read_err(r, ENOTSUP, "%s%sis not supported yet", what ? what : "", what ? " " : "");
}

bool read_asks(const struct json *v)
{
	switch (v->type) {
	case JSON_NULL:
		return false;
	case JSON_BOOL:
		return json_true(v);
	case JSON_INT:
		return v->num != 0;
	case JSON_STRING:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return v->len != 0;
	default:
		return true;
	}
}

static int check_type(struct reading *r, const struct json *v, enum json_type type)
{
	if (v->type == (uint8_t)type)
		return 0;
	return read_err(r, EINVAL, "is %s, has to be %s", json_type_name(v), type_wanted[type]);
}

static const struct property *find(const struct property *table, const char *name)
{
	for (; table->name; table++)
		if (table->name[0] == name[0] && str_eq(table->name, name))
			return table;
	return NULL;
}

static int read_member(struct reading *r, const struct json *v, const struct property *p,
		       void *into)
{
	int res;

	if (!p)
		return read_err(r, EINVAL, "is not known to the specification");
	if (json_is(v, JSON_NULL))
		return 0;
	res = check_type(r, v, p->type);
	if (res < 0)
		return res;
	if (p->set)
		return p->set(r, v, (char *)into + p->offset);
	return read_asks(v) ? read_not_yet(r, NULL) : 0;
}

int read_members(struct reading *r, const struct json *obj, const struct property *table,
		 void *into)
{
	if (r->depth == READ_DEPTH)
		return read_err(r, EINVAL, "is nested too deep");
	for json_each(v, obj) {
		int res;

		r->at[r->depth++] = v;
		res = read_member(r, v, find(table, v->key), into);
		if (res < 0)
			return res;
		r->depth--;
	}
	for (; table->name; table++) {
		const struct json *v = table->required ? json_get(obj, table->name) : obj;

		if (!v || json_is(v, JSON_NULL))
			return r->depth > 1 ? read_err(r, EINVAL, "has no %s", table->name)
					    : read_err(r, EINVAL, "%s is missing", table->name);
	}
	return 0;
}

int read_items(struct reading *r, const struct json *list, const struct items *kind, void *into)
{
	char *to = into;

	if (list->len > SPEC_MAX_LIST)
		return read_err(r, E2BIG, "lists %u things, more than %d", list->len,
				SPEC_MAX_LIST);
	if (r->depth == READ_DEPTH)
		return read_err(r, EINVAL, "is nested too deep");
	for json_each(v, list) {
		int res;

		r->at[r->depth++] = v;
		res = check_type(r, v, kind->type);
		if (res == 0)
			res = kind->each(r, v, to);
		if (res < 0)
			return res;
		r->depth--;
		to += kind->size;
	}
	return 0;
}

/* What arrays are cut from; spec_done() frees the chain. */
struct block {
	struct block *next; /* first: spec_done() knows no more of it */
	size_t used, size;
	__attribute__((aligned(16))) char bytes[];
};

/* Zeroed memory that lives as long as the spec; NULL with words. */
static void *take_room(struct reading *r, size_t bytes)
{
	struct block *b = r->s->lists;
	size_t need = (bytes + 15) & ~(size_t)15;
	void *p;

	if (!b || b->size - b->used < need) {
		size_t room = need > 4000 ? need : 4000;

		b = calloc(1, sizeof(*b) + room);
		if (!b) {
			err_set(r->err, ENOMEM, "out of memory reading %s", r->s->doc.name);
			return NULL;
		}
		b->next = r->s->lists;
		b->size = room;
		r->s->lists = b;
	}
	p = b->bytes + b->used;
	b->used += need;
	return p;
}

int read_array(struct reading *r, const struct json *list, const struct items *kind, void *ret,
	       size_t *ret_n)
{
	void *array;

	if (list->len > SPEC_MAX_LIST) /* refused there, before there is memory for it */
		return read_items(r, list, kind, NULL);
	array = take_room(r, (list->len + 1) * kind->size);
	if (!array)
		return -ENOMEM;
	memcpy(ret, &array, sizeof(array));
	if (ret_n)
		*ret_n = list->len;
	return read_items(r, list, kind, array);
}

int read_bool(struct reading *r, const struct json *v, void *to)
{
	(void)r;
	*(bool *)to = json_true(v);
	return 0;
}

int read_text(struct reading *r, const struct json *v, void *to)
{
	(void)r;
	if (v->len)
		*(const char **)to = v->text;
	return 0;
}

int read_path(struct reading *r, const struct json *v, void *to)
{
	if (v->text[0] != '/')
		return read_err(r, EINVAL, "has to be an absolute path, not \"%s\"",
				quote(v->text).text);
	*(const char **)to = v->text;
	return 0;
}

int read_clean(struct reading *r, const struct json *v, void *to)
{
	int res = read_path(r, v, to);

	if (res < 0)
		return res;
	/* strings lie in the text, which is the spec's own, and cleaning only shortens them */
	if (path_clean(r->s->text + (v->text - r->s->text), v->text) < 0)
		return read_err(r, EINVAL, "may not contain \"..\"");
	return 0;
}

int read_range(struct reading *r, const struct json *v, __s64 min, __s64 max, __s64 *ret)
{
	int64_t n;
	int res = json_i64(v, &n);

	if (res < 0 || n < min || n > max)
		return read_err(r, EINVAL, "has to be between %lld and %lld", (long long)min,
				(long long)max);
	*ret = n;
	return 0;
}

int read_u64(struct reading *r, const struct json *v, void *to)
{
	uint64_t n;

	if (json_u64(v, &n) < 0)
		return read_err(r, EINVAL, "has to be between 0 and 18446744073709551615");
	*(__u64 *)to = n;
	return 0;
}

int read_u32(struct reading *r, const struct json *v, void *to)
{
	__s64 n = 0;
	int res = read_range(r, v, 0, 0xffffffff, &n);

	if (res == 0)
		*(__u32 *)to = (__u32)n;
	return res;
}

int read_id(struct reading *r, const struct json *v, void *to)
{
	__s64 n = 0;
	int res = read_range(r, v, 0, INT32_MAX, &n); /* as runc and the image builders have it */

	if (res == 0)
		*(__u32 *)to = (__u32)n;
	return res;
}

int read_limit(struct reading *r, const struct json *v, void *to)
{
	return read_range(r, v, -1, INT64_MAX, to);
}

static int read_string_item(struct reading *r, const struct json *v, void *to)
{
	(void)r;
	*(const char **)to = v->text;
	return 0;
}

int read_strings(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_STRING, read_string_item, sizeof(char *) };

	return read_array(r, v, &kind, to, NULL);
}

int read_paths(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_STRING, read_path, sizeof(char *) };

	return read_array(r, v, &kind, to, NULL);
}

int read_foreign(struct reading *r, const struct json *v, void *to)
{
	(void)to;
	return read_asks(v) ? read_err(r, EINVAL, "is not for Linux containers") : 0;
}
