/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry ps`: every container of the engine, whoever made it. Changes nothing there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/show.h"
#include "cmd/table.h"
#include "cmd/verbs.h"

struct options {
	bool all, whole, latest;
	uint64_t last;
	struct strv filters; /* "KEY=VALUE", checked */
};

/* What --filter understands; the others of docker are refused by name. */
static const char *const known[] = { "id", "name", "label", "status", NULL };
static const char *const later[] = {
	"exited", "ancestor", "before", "since", "volume", "network", "publish", "expose", "health",
	"isolation", "is-task", NULL
};

static int state_parse(const char *name)
{
	if (str_eq(name, "exited")) /* docker's word */
		return GANTRY_STATE_STOPPED;
	for (int s = GANTRY_STATE_UNKNOWN; s <= GANTRY_STATE_DEAD; s++)
		if (str_eq(gantry_state_name(s), name))
			return s;
	return -EINVAL;
}

static int set_filter(void *field, const char *value, struct gantry_err *err)
{
	size_t len = strcspn(value, "=");

	for (int i = 0; known[i]; i++) {
		if (strlen(known[i]) != len || strncmp(known[i], value, len) != 0 || !value[len])
			continue;
		if (str_eq(known[i], "status") && state_parse(value + len + 1) < 0)
			return err_set(err, EINVAL, "no status called \"%s\"", value + len + 1);
		return opt_list(field, value, err);
	}
	for (int i = 0; later[i]; i++)
		if (strlen(later[i]) == len && strncmp(later[i], value, len) == 0)
			return err_set(err, ENOTSUP, "\"%s\" is not supported yet", later[i]);
	return err_set(err, EINVAL, "\"%s\" is none of id=, name=, label=, status=", value);
}

#define AT(field) offsetof(struct options, field)
static const struct opt ps_opts[] = {
	{ "all", 'a', NULL, opt_flag, AT(all), "also those that do not run" },
	{ "filter", 'f', "KEY=VALUE", set_filter, AT(filters),
	  "id=, name= (a part of it), label=KEY[=VALUE], status=; one of each key given must fit" },
	{ "last", 'n', "NUMBER", opt_count, AT(last), "the newest so many, in any state" },
	{ "latest", 'l', NULL, opt_flag, AT(latest), "the newest one, in any state" },
	{ "no-trunc", 0, NULL, opt_flag, AT(whole), "cut nothing off" },
	OPT_REFUSED("size", 's'),
	{ 0 }
};

static bool label_fits(const struct gantry_container *c, const char *want)
{
	for (size_t i = 0; c->labels && c->labels[i]; i++) {
		const char *rest = str_after(c->labels[i], want);

		if (rest && (!*rest || (*rest == '=' && !strchr(want, '='))))
			return true;
	}
	return false;
}

static bool fits(const struct gantry_container *c, const char *filter)
{
	const char *value = strchr(filter, '=') + 1;

	switch (filter[0]) {
	case 'i':
		return str_after(c->id, value);
	case 'n':
		return strstr(c->name, value);
	case 'l':
		return label_fits(c, value);
	default:
		return c->state == state_parse(value);
	}
}

/* Whether c is to be listed: for each key that is filtered by, one of its values has to fit. */
static bool wanted(const struct options *o, const struct gantry_container *c)
{
	bool by_state = o->all || o->latest || o->last;

	for (int i = 0; known[i]; i++) {
		bool asked = false, ok = false;

		for (size_t f = 0; f < o->filters.n; f++) {
			if (o->filters.v[f][0] != known[i][0])
				continue;
			asked = true;
			ok = ok || fits(c, o->filters.v[f]);
		}
		if (asked && !ok)
			return false;
		by_state = by_state || (asked && known[i][0] == 's');
	}
	/* what cannot be read may well be running: it is not hidden */
	return by_state || c->state == GANTRY_STATE_RUNNING || c->state == GANTRY_STATE_PAUSED ||
	       c->state == GANTRY_STATE_RESTARTING || c->state == GANTRY_STATE_UNKNOWN;
}

/* An id as people read it: the 64 digits of one that was made up are cut to 12. */
static void short_id(char dst[GANTRY_ID_SIZE], const char *id, bool whole)
{
	size_t len = strlen(id);

	if (!whole && len >= 24 && strspn(id, "0123456789abcdef") == len)
		len = 12;
	snprintf(dst, GANTRY_ID_SIZE, "%.*s", (int)len, id);
}

static void row(struct table *t, const struct gantry_container *c, const struct options *o,
		bool brief)
{
	const char *from = *c->image ? c->image : *c->rootfs ? c->rootfs : c->bundle;
	char id[GANTRY_ID_SIZE], created[SHOW_AGE_SIZE + 8] = "", status[SHOW_STATUS_SIZE];
	char age[SHOW_AGE_SIZE];
	clean_str struct str args = { 0 };
	uint64_t now = clock_wall();

	short_id(id, c->id, o->whole);
	for (size_t i = 0; c->args && c->args[i]; i++)
		str_addf(&args, "%s%s", i ? " " : "", c->args[i]);
	if (c->created_ns) {
		show_age(age, now > c->created_ns ? now - c->created_ns : 0, brief);
		snprintf(created, sizeof(created), "%s ago", age);
	}
	show_status(status, c, now, brief);
	table_row(t, (const char *const[]){
		id, from, args.buf ? args.buf : "", created, status, *c->owner ? "*" : "",
		*c->name ? c->name : c->id });
}

/* The table, in few words where the window is too narrow for many. */
static void put_table(struct cmd *c, struct gantry_container **list, const struct options *o)
{
	static const struct table_column columns[] = {
		{ "CONTAINER ID", 0, false }, { "IMAGE|ROOTFS", 8, false }, { "COMMAND", 8, false },
		{ "CREATED", 0, false }, { "STATUS", 0, false }, { "OURS", 0, false },
		{ "NAMES", 0, false },
	};
	unsigned width = o->whole ? 1u << 20 : table_window();

	for (int brief = 0; brief < 2; brief++) {
		struct table t = { columns, sizeof(columns) / sizeof(columns[0]), { 0 } };

		for (size_t i = 0; list[i]; i++)
			row(&t, list[i], o, brief);
		if (brief || table_width(&t, true) <= width) {
			table_put(&t, width, &c->out);
			brief = 1;
		}
		table_done(&t);
	}
}

static int put(struct cmd *c, struct gantry_container **list, const struct options *o)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;

	if (c->json) {
		json_arr(&json, NULL);
		for (size_t i = 0; list[i]; i++)
			show_json(&json, NULL, list[i]);
		json_end_arr(&json);
		return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : 0;
	}
	if (!c->quiet) {
		put_table(c, list, o);
		return 0;
	}
	for (size_t i = 0; list[i]; i++) {
		char id[GANTRY_ID_SIZE];

		short_id(id, list[i]->id, o->whole);
		str_addf(&c->out, "%s\n", id);
	}
	return 0;
}

/* Leaves what is not wanted out of the list. */
static void sift(struct gantry_container **list, const struct options *o)
{
	uint64_t most = o->latest ? 1 : o->last ? o->last : UINT64_MAX;
	size_t kept = 0;

	for (size_t i = 0; list[i]; i++) {
		if (kept < most && wanted(o, list[i]))
			list[kept++] = list[i];
		else
			gantry_container_free(list[i]);
	}
	list[kept] = NULL;
}

static int ps(struct cmd *c, void *opts, char **words)
{
	struct options *o = opts;
	__attribute__((cleanup(gantry_container_list_freep))) struct gantry_container **list = NULL;
	int code = cmd_open(c);

	(void)words;
	if (!code) {
		struct gantry_op op = cmd_op(c);

		if (gantry_container_list(c->e, &list, &op) < 0)
			code = say_failed(c, NULL, &op.err);
	}
	if (!code) {
		sift(list, o);
		code = put(c, list, o);
	}
	return code;
}

static void options_done(void *opts)
{
	strv_done(&((struct options *)opts)->filters);
}

const struct verb verb_ps = {
	.name = "ps",
	.group = "Drive",
	.usage = "[OPTIONS]",
	.summary = "List containers: those that run, whoever made them",
	.about = "OURS marks those that gantry made. --json: an array of objects with id name\n"
		 "image bundle rootfs command labels owner ours state pid created started\n"
		 "finished exit_code exit_signal oom. What is not known is null; times are\n"
		 "RFC 3339.\n",
	.opts = ps_opts,
	.opts_size = sizeof(struct options),
	.done = options_done,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = ps,
};
