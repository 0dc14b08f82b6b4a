/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry inspect` and `gantry wait`: what became of each container named. */
#include "cmd/show.h"
#include "cmd/verbs.h"

static int inspect(struct cmd *c, void *opts, char **words)
{
	clean_json_out struct json_out json = { .pretty = true };
	int code = cmd_open(c);

	(void)opts;
	if (code)
		return code;
	json_arr(&json, NULL);
	for (; *words; words++) {
		struct gantry_container *found = NULL;
		struct gantry_op op = cmd_op(c);

		if (gantry_container_get(c->e, *words, &found, &op) < 0)
			code = say_failed(c, *words, &op.err);
		else
			show_json(&json, NULL, found);
		gantry_container_free(found);
	}
	json_end_arr(&json);
	return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : code;
}

static const struct opt inspect_opts[] = {
	OPT_REFUSED("size", 's'), OPT_REFUSED("type", 0), { 0 }
};

const struct verb verb_inspect = {
	.name = "inspect",
	.group = "Drive",
	.usage = "CONTAINER...",
	.summary = "Describe containers as JSON",
	.about = "Prints an array of objects with the fields of gantry ps --json.\n",
	.opts = inspect_opts,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = inspect,
};

static void put_exit(struct json_out *json, const char *id, const struct gantry_exit *end)
{
	json_obj(json, NULL);
	json_str(json, "id", id);
	if (end->code < 0)
		json_null(json, "exit_code");
	else
		json_int(json, "exit_code", end->code);
	json_int(json, "exit_signal", end->signal);
	show_time(json, "finished", end->finished_ns);
	json_bool(json, "oom", end->oom);
	json_end_obj(json);
}

/* A code that nobody can know any more is printed as such and is a failure: never a 0. */
static int wait_one(struct cmd *c, const char *id, struct json_out *json)
{
	struct gantry_exit end = GANTRY_EXIT_INIT;
	struct gantry_op op = cmd_op(c);

	if (gantry_container_wait(c->e, id, &end, &op) < 0)
		return say_failed(c, id, &op.err);
	if (c->json)
		put_exit(json, id, &end);
	else if (end.code < 0)
		str_add(&c->out, "unknown\n");
	else
		str_addf(&c->out, "%d\n", end.code);
	/* who waits for several wants to see each as it ends */
	if (!c->json && cmd_flush(c) < 0)
		return EXIT_FAILED;
	if (end.code >= 0)
		return 0;
	say(c, "%s: its exit code is unknown", id);
	return EXIT_FAILED;
}

static int wait_each(struct cmd *c, void *opts, char **words)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;
	int code = cmd_open(c);

	(void)opts;
	if (code)
		return code;
	json_arr(&json, NULL);
	for (; *words; words++) {
		int r = wait_one(c, *words, &json);

		code = r ? r : code;
	}
	json_end_arr(&json);
	return c->json && cmd_put_json(c, &json) < 0 ? EXIT_FAILED : code;
}

const struct verb verb_wait = {
	.name = "wait",
	.group = "Drive",
	.usage = "CONTAINER...",
	.summary = "Wait until containers have ended and print their exit codes",
	.about = "One line for each, in the order given: 0 to 255, 128+N for signal N, or\n"
		 "\"unknown\" where nobody can know it any more, which counts as failed.\n"
		 "--json: an array of objects with id exit_code (null: unknown) exit_signal\n"
		 "finished oom.\n",
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = wait_each,
};
