/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry info`, `gantry version`, `gantry clean`: the engine and gantry itself. */
#include "cmd/show.h"
#include "cmd/verbs.h"

/* The facts of an engine, in the order of both outputs. */
struct fact {
	const char *name;
	size_t off; /* of a const char * in struct gantry_info */
};
#define FACT(field) { #field, offsetof(struct gantry_info, field) }
static const struct fact facts[] = {
	FACT(kind), FACT(name), FACT(version), FACT(api), FACT(revision),
	FACT(kernel), FACT(storage), FACT(cgroup), FACT(path),
};
#define N_FACTS (sizeof(facts) / sizeof(facts[0]))

static const char *fact_of(const struct gantry_info *i, const struct fact *f)
{
	return *(const char *const *)((const char *)i + f->off);
}

static void info_json(struct cmd *c, struct json_out *json, const char *key,
		      const struct gantry_info *i)
{
	const char *const *all = gantry_engine_verbs();

	json_obj(json, key);
	for (size_t f = 0; f < N_FACTS; f++)
		show_text(json, facts[f].name, fact_of(i, &facts[f]));
	json_arr(json, "verbs");
	for (; *all; all++)
		if (gantry_engine_can(c->e, *all) > 0)
			json_str(json, NULL, *all);
	json_end_arr(json);
	json_end_obj(json);
}

static void info_text(struct cmd *c, const struct gantry_info *i)
{
	const char *const *all = gantry_engine_verbs();
	char safe[512];

	for (size_t f = 0; f < N_FACTS; f++) {
		str_printable(safe, sizeof(safe), fact_of(i, &facts[f]));
		if (*safe)
			str_addf(&c->out, "%-9s %s\n", facts[f].name, safe);
	}
	str_addf(&c->out, "%-9s", "verbs");
	for (; *all; all++)
		if (gantry_engine_can(c->e, *all) > 0)
			str_addf(&c->out, " %s", *all);
	str_add(&c->out, "\n");
}

static int info(struct cmd *c, void *opts, char **words)
{
	__attribute__((cleanup(gantry_info_freep))) struct gantry_info *i = NULL;
	clean_json_out struct json_out json = JSON_OUT_INIT;
	struct gantry_op op;
	int code = cmd_open(c);

	(void)opts, (void)words;
	if (code)
		return code;
	op = cmd_op(c);
	if (gantry_engine_info(c->e, &i, &op) < 0)
		return say_failed(c, NULL, &op.err);
	if (!c->json) {
		info_text(c, i);
		return 0;
	}
	info_json(c, &json, NULL, i);
	return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : 0;
}

const struct verb verb_info = {
	.name = "info",
	.group = "About",
	.usage = "[OPTIONS]",
	.summary = "Tell what the engine is and what it can do",
	.about = "--json: an object with kind name version api revision kernel storage cgroup\n"
		 "path (null where the engine does not say) and verbs, an array.\n",
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = info,
};

/* The engine is asked only when one is named: the version of gantry needs none. */
static int version(struct cmd *c, void *opts, char **words)
{
	__attribute__((cleanup(gantry_info_freep))) struct gantry_info *i = NULL;
	clean_json_out struct json_out json = JSON_OUT_INIT;

	(void)opts, (void)words;
	if (c->engine) {
		int code = cmd_open(c);
		struct gantry_op op = cmd_op(c);

		if (code)
			return code;
		if (gantry_engine_info(c->e, &i, &op) < 0)
			return say_failed(c, NULL, &op.err);
	}
	if (!c->json) {
		char safe[512] = "";

		str_addf(&c->out, "gantry %s\nlibgantry %s\n", GANTRY_VERSION, gantry_version());
		if (i) {
			str_printable(safe, sizeof(safe), i->line);
			str_addf(&c->out, "%s\n", safe);
		}
		return 0;
	}
	json_obj(&json, NULL);
	json_str(&json, "gantry", GANTRY_VERSION);
	json_str(&json, "libgantry", gantry_version());
	if (i)
		info_json(c, &json, "engine", i);
	json_end_obj(&json);
	return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : 0;
}

const struct verb verb_version = {
	.name = "version",
	.group = "About",
	.usage = "[OPTIONS]",
	.summary = "Tell the version of gantry, and of the engine that -E names",
	.about = "Without -E no engine is asked. --json: an object with gantry, libgantry and,\n"
		 "with -E, engine: what gantry info --json prints.\n",
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = version,
};

static int clean(struct cmd *c, void *opts, char **words)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;
	struct gantry_op op;
	int code = cmd_open(c), n;

	(void)opts, (void)words;
	if (code)
		return code;
	op = cmd_op(c);
	n = gantry_engine_clean(c->e, &op);
	if (n < 0)
		return say_failed(c, NULL, &op.err);
	if (!c->json) {
		if (!c->quiet)
			str_addf(&c->out, "removed %d\n", n);
		return 0;
	}
	json_obj(&json, NULL);
	json_int(&json, "removed", n);
	json_end_obj(&json);
	return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : 0;
}

const struct verb verb_clean = {
	.name = "clean",
	.group = "Drive",
	.usage = "[OPTIONS]",
	.summary = "Remove the containers that gantry made, in any state",
	.about = "Those are the containers with gantry's label and owner. --json: an object with\n"
		 "removed, a number.\n",
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = clean,
};
