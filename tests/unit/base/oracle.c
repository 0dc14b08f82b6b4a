/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include <jansson.h>
#include <string.h>

static void dump(struct str *s, json_t *v);

static void dump_container(struct str *s, json_t *v)
{
	const char *key;
	json_t *m;
	size_t i;

	str_addf(s, "%c", json_is_object(v) ? '{' : '[');
	json_object_foreach(v, key, m) {
		str_addf(s, "%zu:%s=", strlen(key), key);
		dump(s, m);
	}
	json_array_foreach(v, i, m)
		dump(s, m);
	str_addf(s, "%c", json_is_object(v) ? '}' : ']');
}

static void dump(struct str *s, json_t *v)
{
	if (json_is_object(v) || json_is_array(v))
		dump_container(s, v);
	else if (json_is_string(v))
		str_addf(s, "s%zu:%s;", json_string_length(v), json_string_value(v));
	else if (json_is_integer(v))
		str_addf(s, "i%lld;", (long long)json_integer_value(v));
	else if (json_is_real(v))
		str_addf(s, "r%a;", json_real_value(v));
	else
		str_addf(s, "%c", json_is_null(v) ? 'n' : json_is_true(v) ? 't' : 'f');
}

enum oracle oracle_read(const char *text, size_t len, struct str *s)
{
	json_error_t error;
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!v) {
		/* "too big integer", "too big negative integer"; not "real number overflow". */
		if (json_error_code(&error) == json_error_numeric_overflow &&
		    strstr(error.text, "integer"))
			return ORACLE_TOO_WIDE;
		return ORACLE_REFUSES;
	}
	dump(s, v);
	json_decref(v);
	return ORACLE_TAKES;
}
