/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a plan, read by tables: each is a line with its name, its setter,
 * where the value goes and its range. What is in no table is a warning: that
 * is how bucketbench's `clientPath` comes to light, which it ignores itself.
 */
#include "bench/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

enum { SHOWN = 48 };

int keys_nomem(struct reader *r)
{
	return err_set(r->err, ENOMEM, "out of memory");
}

/* The plan is wrong at v. */
int keys_wrong(struct reader *r, const struct yaml *v, const char *fmt, ...)
{
	char words[sizeof(r->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return yaml_err(r->doc, v, r->err, EINVAL, "%s", words);
}

int keys_wrong_type(struct reader *r, const struct key *k, const struct yaml *v,
		      const char *wanted)
{
	return keys_wrong(r, v, "%s has to be %s, this is %s", k->name, wanted, yaml_type_name(v));
}

int keys_wrong_range(struct reader *r, const struct key *k, const struct yaml *v)
{
	return keys_wrong(r, v, "%s has to be from %lld to %lld", k->name, (long long)k->min,
		     (long long)k->max);
}

/* The object that a key's offset counts from. */
static char *target(struct reader *r, const struct key *k)
{
	return (r->driver ? (char *)r->driver : (char *)r->plan) + k->at;
}

void keys_warn(struct reader *r, uint32_t line, uint32_t col, const char *fmt, ...)
{
	struct str words = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&words, fmt, ap);
	va_end(ap);
	strv_addf(&r->plan->warnings, "%s:%u:%u: %s", r->plan->file, line, col,
		  words.buf ? words.buf : "");
	str_done(&words);
}

/* Remembers that the plan asks for what is not built: it is read on, and refused before it runs. */
static int refuse(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (!r->plan->refused)
		r->plan->refused = str_printf("%s:%u:%u: %s is not supported yet", r->plan->file,
					      v->key_line, v->key_col, k->name);
	return r->plan->refused ? 0 : keys_nomem(r);
}

int keys_text(struct reader *r, const struct key *k, const struct yaml *v)
{
	char **slot = (char **)(void *)target(r, k);

	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return keys_wrong_type(r, k, v, "text");
	if (!v->len)
		return 0;
	*slot = strdup(v->text);
	return *slot ? 0 : keys_nomem(r);
}

int keys_number(struct reader *r, const struct key *k, const struct yaml *v)
{
	int64_t n = 0;
	int code = yaml_i64(v, &n);

	if (code == -EINVAL)
		return yaml_is(v, YAML_TEXT) && !yaml_null(v)
			? keys_wrong(r, v, "%s has to be a whole number", k->name)
			: keys_wrong_type(r, k, v, "a whole number");
	if (code < 0 || n < k->min || n > k->max)
		return keys_wrong_range(r, k, v);
	*(uint64_t *)(void *)target(r, k) = (uint64_t)n;
	return 0;
}

int keys_refuse_text(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return keys_wrong_type(r, k, v, "text");
	return v->len ? refuse(r, k, v) : 0;
}

int keys_refuse_map(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_MAP))
		return keys_wrong_type(r, k, v, "a mapping");
	return v->len ? refuse(r, k, v) : 0;
}

int keys_refuse_true(struct reader *r, const struct key *k, const struct yaml *v)
{
	bool on = false;

	if (!yaml_null(v) && yaml_bool(v, &on) < 0)
		return keys_wrong_type(r, k, v, "true or false");
	return on ? refuse(r, k, v) : 0;
}

/* Reads every member of `map` by the table; what is in no table is a warning. */
int keys_read(struct reader *r, const struct key *keys, const struct yaml *map)
{
	int code = 0;

	for (const struct yaml *v = yaml_first(map); v && code >= 0; v = v->next) {
		const struct key *k = keys, *like = NULL;
		char shown[SHOWN];

		for (; k->name && !str_eq(k->name, v->key); k++)
			if (strcasecmp(k->name, v->key) == 0)
				like = k;
		if (k->name) {
			code = k->set(r, k, v);
			continue;
		}
		str_printable(shown, sizeof(shown), v->key);
		for (; !like && k-- > keys;)
			if (strcasecmp(k->name, v->key) == 0)
				like = k;
		if (like)
			keys_warn(r, v->key_line, v->key_col,
			     "unknown key %s is ignored; it is written %s", shown, like->name);
		else
			keys_warn(r, v->key_line, v->key_col, "unknown key %s is ignored", shown);
	}
	return code;
}
