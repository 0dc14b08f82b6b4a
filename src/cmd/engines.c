/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry engines`: what could run containers on this host. */
#include "cmd/show.h"
#include "cmd/table.h"
#include "cmd/verbs.h"

static void put_json(struct json_out *json, struct gantry_found **list)
{
	json_arr(json, NULL);
	for (size_t i = 0; list[i]; i++) {
		json_obj(json, NULL);
		json_str(json, "kind", list[i]->kind);
		json_str(json, "address", list[i]->address);
		show_text(json, "path", list[i]->path);
		json_str(json, "source", list[i]->source);
		show_text(json, "version", list[i]->version);
		json_bool(json, "usable", list[i]->usable);
		show_text(json, "why", list[i]->why);
		json_end_obj(json);
	}
	json_end_arr(json);
}

static void put_table(struct cmd *c, struct gantry_found **list)
{
	static const struct table_column columns[] = {
		{ "ENGINE", 0, false }, { "ADDRESS", 0, false },
		{ "VERSION", 10, false }, { "STATUS", 0, false },
	};
	struct table t = { columns, 4, { 0 } };

	for (size_t i = 0; list[i]; i++)
		table_row(&t, (const char *const[]){
			list[i]->kind, list[i]->address, list[i]->version,
			list[i]->usable ? "usable" : list[i]->why });
	table_put(&t, table_window(), &c->out);
	table_done(&t);
}

static int engines(struct cmd *c, void *opts, char **words)
{
	__attribute__((cleanup(gantry_found_freep))) struct gantry_found **list = NULL;
	clean_json_out struct json_out json = JSON_OUT_INIT;
	struct gantry_engine_options how = cmd_engine_options(c);
	struct gantry_op op = cmd_op(c);

	(void)opts, (void)words;
	if (gantry_engine_discover(&how, &list, &op) < 0)
		return say_failed(c, NULL, &op.err);
	if (c->json) {
		put_json(&json, list);
		return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : 0;
	}
	if (!c->quiet)
		put_table(c, list);
	for (size_t i = 0; c->quiet && list[i]; i++)
		if (list[i]->usable)
			str_addf(&c->out, "%s\n", list[i]->address);
	return 0;
}

const struct verb verb_engines = {
	.name = "engines",
	.group = "About",
	.usage = "[OPTIONS]",
	.summary = "List the engines of this host: version, usable or why not",
	.about = "-q prints the addresses of those that can be used. --json: an array of objects\n"
		 "with kind address path source version usable why.\n",
	.flags = VERB_NO_ENGINE | VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = engines,
};
