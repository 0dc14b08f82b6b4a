/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a command line by tables. getopt_long() is not used: it permutes by
 * an environment variable, prints its own messages, and takes the beginning of
 * an option for the whole, so that a new option can break an old script.
 */
#include "cmd/option.h"

#include <gantry/container.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int opt_flag(void *field, const char *value, struct gantry_err *err)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_eq(value, yes[i]) || str_eq(value, no[i])) {
			*(bool *)field = str_eq(value, yes[i]);
			return 0;
		}
	}
	return err_set(err, EINVAL, "\"%s\" is neither true nor false", value);
}

int opt_text(void *field, const char *value, struct gantry_err *err)
{
	(void)err;
	*(const char **)field = value;
	return 0;
}

int opt_list(void *field, const char *value, struct gantry_err *err)
{
	struct strv *list = field;

	strv_add(list, value);
	return list->failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* What a number parser without words returned, with words. */
static int number(int r, const char *value, const char *what, struct gantry_err *err)
{
	if (r == -ERANGE)
		return err_set(err, EINVAL, "\"%s\" is too large", value);
	return r < 0 ? err_set(err, EINVAL, "\"%s\" is not %s", value, what) : 0;
}

int opt_bytes(void *field, const char *value, struct gantry_err *err)
{
	return number(str_bytes(value, field), value, "a size such as 64m or 2g", err);
}

int opt_milli(void *field, const char *value, struct gantry_err *err)
{
	return number(str_milli(value, field), value, "a number of CPUs such as 1.5", err);
}

int opt_duration(void *field, const char *value, struct gantry_err *err)
{
	uint64_t us;
	int r = number(str_duration_us(value, &us), value, "a time such as 10s or 500ms", err);

	if (r < 0)
		return r;
	if (!us)
		return err_set(err, EINVAL, "\"%s\" is no time at all", value);
	*(uint64_t *)field = us;
	return 0;
}

int opt_count(void *field, const char *value, struct gantry_err *err)
{
	return number(str_u64(value, field), value, "a number", err);
}

int opt_signal(void *field, const char *value, struct gantry_err *err)
{
	int sig = gantry_signal_parse(value);

	if (sig < 0)
		return err_set(err, EINVAL, "no signal called \"%s\"", value);
	*(int *)field = sig;
	return 0;
}

unsigned opt_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[64];

	if (la >= 64 || lb >= 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned swap = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < swap)
				swap = row[j] + 1;
			if (row[j - 1] + 1 < swap)
				swap = row[j - 1] + 1;
			row[j] = swap;
		}
	}
	return row[lb];
}

/* A place in the command line. */
struct reader {
	const struct opt_group *groups;
	char **argv;
	int at; /* the next word to read */
	struct gantry_err *err;
};

/* The option with this name or letter, and the field it fills. */
static const struct opt *find(const struct opt_group *groups, const char *name, size_t len,
			      char letter, void **ret_field)
{
	for (int g = 0; g < OPT_GROUPS; g++) {
		for (const struct opt *o = groups[g].opts; o && o->name; o++) {
			if (letter ? o->letter != letter :
			    strncmp(o->name, name, len) != 0 || o->name[len])
				continue;
			*ret_field = (char *)groups[g].into + o->off;
			return o;
		}
	}
	return NULL;
}

static int unknown(struct reader *r, const char *name, size_t len)
{
	const char *near = NULL;
	unsigned best = 3; /* as many wrong letters as still look like a slip */
	char word[64];

	if (len < sizeof(word)) {
		memcpy(word, name, len);
		word[len] = '\0';
		for (int g = 0; g < OPT_GROUPS; g++) {
			for (const struct opt *o = r->groups[g].opts; o && o->name; o++) {
				unsigned d = opt_distance(word, o->name);

				if (o->set && d < best && d < len) {
					best = d;
					near = o->name;
				}
			}
		}
	}
	if (near)
		return err_set(r->err, EINVAL, "unknown option --%.*s, did you mean --%s?",
			       (int)len, name, near);
	return err_set(r->err, EINVAL, "unknown option --%.*s", (int)len, name);
}

/* Hands `value` to the option's setter; `shown` is how the user wrote it. */
static int set(struct reader *r, const struct opt *o, void *field, const char *shown,
	       const char *value)
{
	int n = o->set(field, value, r->err);

	return n < 0 ? err_in(r->err, n, "%s", shown) : n;
}

/* The argument of an option that brought none with it: the next word. */
static const char *next_word(struct reader *r)
{
	return r->argv[r->at] ? r->argv[r->at++] : NULL;
}

/* Applies one option. `value` is what stood behind "=", or NULL. */
static int apply(struct reader *r, const struct opt *o, void *field, const char *shown,
		 const char *value)
{
	if (!o->set)
		return err_set(r->err, ENOTSUP, "%s is not supported yet", shown);
	if (!o->arg)
		return set(r, o, field, shown, value ? value : "true");
	if (!value)
		value = next_word(r);
	if (!value)
		return err_set(r->err, EINVAL, "%s needs an argument: %s", shown, o->arg);
	return set(r, o, field, shown, value);
}

/* --name, --name=value */
static int read_long(struct reader *r, const char *word)
{
	size_t len = strcspn(word, "=");
	char shown[72];
	void *field;
	const struct opt *o = find(r->groups, word, len, 0, &field);

	if (!o)
		return unknown(r, word, len);
	snprintf(shown, sizeof(shown), "--%s", o->name);
	return apply(r, o, field, shown, word[len] ? word + len + 1 : NULL);
}

/* -x, -xyz, -xVALUE, -x=VALUE, -x VALUE */
static int read_short(struct reader *r, const char *word)
{
	for (const char *p = word; *p; p++) {
		char shown[] = { '-', *p, '\0' };
		void *field;
		const struct opt *o = find(r->groups, NULL, 0, *p, &field);
		int n;

		if (!o)
			return err_set(r->err, EINVAL, "unknown option %s", shown);
		if (!o->set || o->arg || p[1] == '=')
			return apply(r, o, field, shown,
				     p[1] == '=' ? p + 2 : p[1] ? p + 1 : NULL);
		n = set(r, o, field, shown, "true");
		if (n)
			return n;
	}
	return 0;
}

int opt_parse(const struct opt_group groups[OPT_GROUPS], char **argv, bool prefix, int *ret_words,
	      struct gantry_err *err)
{
	struct reader r = { groups, argv, 0, err };
	bool options = true;
	int words = 0;

	while (argv[r.at]) {
		char *word = argv[r.at++];
		int n = 0;

		if (!options || word[0] != '-' || !word[1]) { /* "-" alone is a word */
			argv[words++] = word;
			options = options && !prefix;
		} else if (str_eq(word, "--")) {
			options = false;
		} else {
			n = word[1] == '-' ? read_long(&r, word + 2) : read_short(&r, word + 1);
		}
		if (n)
			return n;
	}
	argv[words] = NULL;
	*ret_words = words;
	return 0;
}
