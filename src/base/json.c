/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into parsed JSON. Every question may be asked of NULL and of a value of another type. */
#include "base/json.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

const struct json *json_first(const struct json *v)
{
	return json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT) ? v->child : NULL;
}

/* The member whose name is key[0..len). */
static const struct json *member(const struct json *obj, const char *key, size_t len)
{
	if (!json_is(obj, JSON_OBJECT))
		return NULL;
	for (const struct json *v = obj->child; v; v = v->next)
		if (strncmp(v->key, key, len) == 0 && !v->key[len])
			return v;
	return NULL;
}

const struct json *json_get(const struct json *obj, const char *key)
{
	return member(obj, key, strlen(key));
}

const struct json *json_at(const struct json *v, const char *path)
{
	while (v) {
		size_t n = strcspn(path, ".");

		v = member(v, path, n);
		if (!path[n])
			break;
		path += n + 1;
	}
	return v;
}

const char *json_text(const struct json *v, const char *fallback)
{
	return json_is(v, JSON_STRING) ? v->text : fallback;
}

bool json_true(const struct json *v)
{
	return json_is(v, JSON_BOOL) && v->num;
}

/* Why a value is no 64-bit integer: a number that is too large for one became a double. */
static int not_integer(const struct json *v)
{
	if (json_is(v, JSON_REAL) && (v->real >= 0x1p63 || v->real <= -0x1p63))
		return -ERANGE;
	return -EINVAL;
}

int json_i64(const struct json *v, int64_t *ret)
{
	if (!json_is(v, JSON_INT))
		return not_integer(v);
	if (!v->negative && v->num > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v->num;
	return 0;
}

int json_u64(const struct json *v, uint64_t *ret)
{
	if (!json_is(v, JSON_INT))
		return not_integer(v);
	if (v->negative)
		return -ERANGE;
	*ret = v->num;
	return 0;
}

int json_f64(const struct json *v, double *ret)
{
	if (json_is(v, JSON_REAL))
		*ret = v->real;
	else if (json_is(v, JSON_INT))
		*ret = v->negative ? (double)(int64_t)v->num : (double)v->num;
	else
		return -EINVAL;
	return 0;
}

const char *json_type_name(const struct json *v)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	  [JSON_BOOL] = "true or false", [JSON_INT] = "a number",
		[JSON_REAL] = "a number", [JSON_STRING] = "a string",	 [JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return v && v->type <= JSON_OBJECT ? names[v->type] : "nothing";
}
