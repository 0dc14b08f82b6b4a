/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans, read from bucketbench's YAML of both generations. Everything that the
 * plan alone can tell to be wrong is told here, before anything starts, with
 * its place. bucketbench panics at threads or iterations of 0.
 */
#include "bench/planread.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "bench/argv.h"
#include "bench/keys.h"
#include "bench/type.h"

enum { SHOWN = 48 };

/* Text that ends up in tables: no control bytes. */
static int set_name(struct reader *r, const struct key *k, const struct yaml *v)
{
	char shown[128];

	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return keys_wrong_type(r, k, v, "text");
	str_printable(shown, sizeof(shown), v->text);
	r->plan->name = *shown ? strdup(shown) : NULL;
	return r->plan->name || !*shown ? 0 : keys_nomem(r);
}

/* The word Null is YAML's nothing, and here the name of an engine. */
static int set_engine(struct reader *r, const struct key *k, const struct yaml *v)
{
	struct yaml word = *v;

	r->driver->type_at = v;
	if (yaml_null(v) && *v->text && *v->text != '~')
		word.plain = false;
	return keys_text(r, k, &word);
}

static int set_detached(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (yaml_bool(v, &r->plan->detached) < 0)
		return keys_wrong_type(r, k, v, "true or false");
	return 0;
}

static int set_args(struct reader *r, const struct key *k, const struct yaml *v)
{
	struct strv *args = &r->plan->args;
	int code;

	if (yaml_null(v))
		return 0;
	if (yaml_is(v, YAML_MAP))
		return keys_wrong_type(r, k, v, "text or a list");
	if (yaml_is(v, YAML_TEXT)) {
		code = argv_split(v->text, args);
		if (code == -EINVAL)
			return keys_wrong(r, v, "%s has a quote without its other end", k->name);
		if (code == -E2BIG)
			return keys_wrong(r, v, "%s has more than %d words", k->name, ARGV_WORDS);
		return code < 0 ? keys_nomem(r) : 0;
	}
	for yaml_each(word, v) {
		if (!yaml_is(word, YAML_TEXT))
			return keys_wrong_type(r, k, word, "a list of words");
		if (args->n == ARGV_WORDS)
			return keys_wrong(r, word, "%s has more than %d words", k->name,
					  ARGV_WORDS);
		strv_add(args, word->text);
	}
	return args->failed ? keys_nomem(r) : 0;
}

static int add_command(struct reader *r, const struct key *k, const struct yaml *v)
{
	char shown[SHOWN];
	int command;

	if (!yaml_is(v, YAML_TEXT) || yaml_null(v))
		return keys_wrong_type(r, k, v, "a list of words");
	if (r->plan->n_commands == PLAN_COMMANDS)
		return keys_wrong(r, v, "more than %d commands", PLAN_COMMANDS);
	command = plan_command_of(v->text);
	if (command >= 0) {
		r->plan->commands[r->plan->n_commands++] = (enum plan_command)command;
		return 0;
	}
	str_printable(shown, sizeof(shown), v->text);
	if (!r->lenient)
		return keys_wrong(r, v,
				  "no command is called \"%s\"; there are run, pause, resume, "
				  "stop, delete, wait, metrics", shown);
	keys_warn(r, v->line, v->col, "no command is called \"%s\", it is skipped", shown);
	return 0;
}

static int set_commands(struct reader *r, const struct key *k, const struct yaml *v)
{
	int code = 0;

	if (!yaml_is(v, YAML_LIST))
		return keys_wrong_type(r, k, v, "a list");
	for (const struct yaml *c = yaml_first(v); c && code >= 0; c = c->next)
		code = add_command(r, k, c);
	return code;
}

/* Alone it asks for nothing, and streamStats is refused by its own name. */
static int set_interval(struct reader *r, const struct key *k, const struct yaml *v)
{
	int64_t n;

	if (yaml_null(v))
		return 0;
	if (yaml_i64(v, &n) < 0)
		return keys_wrong_type(r, k, v, "a whole number");
	if (n < k->min || n > k->max)
		return keys_wrong_range(r, k, v);
	keys_warn(r, v->key_line, v->key_col, "%s has no effect without streamStats", k->name);
	return 0;
}

#define PLAN(field) offsetof(struct plan, field)
#define DRIVER(field) offsetof(struct written, field)

static const struct key driver_keys[] = {
	{ "type", set_engine, DRIVER(type), 0, 0 },
	{ "engine", set_engine, DRIVER(engine), 0, 0 },
	{ "clientpath", keys_text, DRIVER(clientpath), 0, 0 },
	{ "threads", keys_number, DRIVER(threads), 1, PLAN_THREADS },
	{ "iterations", keys_number, DRIVER(iterations), 1, PLAN_ITERATIONS },
	{ "warmup", keys_number, DRIVER(warmup), 0, PLAN_WARMUP },
	{ "gap_ms", keys_number, DRIVER(gap_ms), 0, PLAN_GAP_MS },
	{ "logDriver", keys_refuse_text, 0, 0, 0 },
	{ "logOpts", keys_refuse_map, 0, 0, 0 },
	{ "cgroupPath", keys_refuse_text, 0, 0, 0 },
	{ "streamStats", keys_refuse_true, 0, 0, 0 },
	{ "statsIntervalSec", set_interval, 0, 0, 86400 },
	{ 0 }
};

static void written_done(struct written *w)
{
	free(w->type);
	free(w->engine);
	free(w->clientpath);
}

/* Turns what is written into an engine's address and checks that the plan has what it needs. */
static int resolve(struct reader *r, const struct yaml *v, struct plan_driver *d)
{
	const struct written *w = r->driver;
	const struct yaml *at = w->type_at ? w->type_at : v;
	struct type_engine e = { 0 };
	char shown[128];
	int code;

	if (w->type && w->engine)
		return keys_wrong(r, at, "a driver has a type or an engine, not both");
	if (!w->type && !w->engine)
		return keys_wrong(r, v, "a driver needs a type or an engine");
	if (w->engine && w->clientpath)
		return keys_wrong(r, at, "an engine's address has its path in it; "
				  "clientpath goes with a type");
	if (w->type) {
		code = type_find(w->type, w->clientpath, &e, r->err);
		if (code < 0)
			return yaml_err(r->doc, at, r->err, code == -ENOMEM ? ENOMEM : EINVAL, "%s",
					r->err->msg);
	} else {
		e = (struct type_engine){ w->engine, strdup(w->engine), type_need_of(w->engine) };
	}
	str_printable(shown, sizeof(shown), e.name); /* it ends up in tables */
	d->address = e.address;
	d->type = strdup(shown);
	d->where = str_printf("%s:%u:%u", r->plan->file, at->line, at->col);
	if (!d->address || !d->type || !d->where)
		return keys_nomem(r);
	if (!w->threads || !w->iterations)
		return keys_wrong(r, v, "the driver %s lacks %s", d->type,
				  w->threads ? "iterations" : "threads");
	if (e.need == NEEDS_IMAGE && !r->plan->image)
		return keys_wrong(r, at, "%s needs an image, and the plan names none", d->type);
	if (e.need == NEEDS_ROOTFS && !r->plan->rootfs)
		return keys_wrong(r, at, "%s needs a rootfs, a bundle or a root directory, and "
				  "the plan names none", d->type);
	d->threads = w->threads;
	d->iterations = w->iterations;
	d->warmup = w->warmup;
	d->gap_ms = w->gap_ms;
	return 0;
}

static int add_driver(struct reader *r, const struct yaml *v)
{
	struct written w = { 0 };
	int code;

	if (!yaml_is(v, YAML_MAP))
		return keys_wrong(r, v, "a driver has to be a mapping, this is %s",
				  yaml_type_name(v));
	r->driver = &w;
	code = keys_read(r, driver_keys, v);
	if (code >= 0)
		code = resolve(r, v, &r->plan->drivers[r->plan->n_drivers++]);
	r->driver = NULL;
	written_done(&w);
	return code;
}

/* The drivers come last: they ask for the image and the rootfs, wherever these stand. */
static int read_drivers(struct reader *r, const struct yaml *v)
{
	int code = 0;

	if (!yaml_is(v, YAML_LIST))
		return keys_wrong(r, v, "drivers has to be a list, this is %s", yaml_type_name(v));
	if (!v->len)
		return keys_wrong(r, v, "drivers is empty");
	if (v->len > PLAN_DRIVERS)
		return keys_wrong(r, v, "more than %d drivers", PLAN_DRIVERS);
	r->plan->drivers = calloc(v->len, sizeof(*r->plan->drivers));
	if (!r->plan->drivers)
		return keys_nomem(r);
	for (const struct yaml *d = yaml_first(v); d && code >= 0; d = d->next)
		code = add_driver(r, d);
	return code;
}

static int set_later(struct reader *r, const struct key *k, const struct yaml *v)
{
	(void)r, (void)k, (void)v;
	return 0;
}

static const struct key plan_keys[] = {
	{ "name", set_name, 0, 0, 0 },
	{ "image", keys_text, PLAN(image), 0, 0 },
	{ "command", set_args, 0, 0, 0 },
	{ "rootfs", keys_text, PLAN(rootfs), 0, 0 },
	{ "detached", set_detached, 0, 0, 0 },
	{ "drivers", set_later, 0, 0, 0 },
	{ "commands", set_commands, 0, 0, 0 },
	{ 0 }
};

/* Every sample is kept, so a plan may not ask for more than memory has room for. */
static int check_samples(struct reader *r, const struct yaml *drivers)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->plan->n_drivers; i++)
		n += r->plan->drivers[i].threads * r->plan->drivers[i].iterations *
		     (r->plan->n_commands + 1);
	if (n > PLAN_SAMPLES)
		return keys_wrong(r, drivers,
				  "threads, iterations, commands make %llu samples, more than %d",
			     (unsigned long long)n, PLAN_SAMPLES);
	return 0;
}

/* bucketbench's rootfs is a bundle, whose config.json rules; a root directory takes the command. */
static int look_at_rootfs(struct reader *r, const struct yaml *root)
{
	const struct yaml *command = yaml_get(root, "command");
	clean_free char *config = NULL;

	if (!r->plan->rootfs)
		return 0;
	config = str_printf("%s/config.json", r->plan->rootfs);
	if (!config)
		return keys_nomem(r);
	r->plan->bundle = access(config, F_OK) == 0;
	if (r->plan->bundle && r->plan->args.n)
		keys_warn(r, command->key_line, command->key_col,
		     "command is for images; in a bundle config.json rules");
	return 0;
}

static int read_plan(struct reader *r)
{
	const struct yaml *root = r->doc->root, *drivers, *commands;
	int code;

	if (yaml_null(root))
		return keys_wrong(r, NULL, "the plan is empty");
	if (!yaml_is(root, YAML_MAP))
		return keys_wrong(r, root, "a plan has to be a mapping, this is %s",
				  yaml_type_name(root));
	code = keys_read(r, plan_keys, root);
	if (code < 0)
		return code;
	drivers = yaml_get(root, "drivers");
	commands = yaml_get(root, "commands");
	if (!drivers || !commands)
		return keys_wrong(r, root, "the plan lacks %s", drivers ? "commands" : "drivers");
	if (!r->plan->n_commands)
		return keys_wrong(r, commands, "there is no command to time");
	code = read_drivers(r, drivers);
	if (code >= 0)
		code = check_samples(r, drivers);
	return code < 0 ? code : look_at_rootfs(r, root);
}

int plan_read(struct plan *p, const char *file, const char *text, size_t len, bool lenient,
	      struct gantry_err *err)
{
	static const struct yaml_limits limits = { PLAN_BYTES, 16, 16384 };
	struct plan new = { .detached = true };
	clean_yaml struct yaml_doc doc = { 0 };
	struct gantry_err spare;
	struct reader r = { &new, NULL, &doc, lenient, err ? err : &spare };
	char shown[128];
	int code;

	/* the name stands in every message, and leaves room for the words */
	str_printable(shown, sizeof(shown), file);
	new.file = strdup(shown);
	if (!new.file)
		return keys_nomem(&r);
	code = yaml_read(&doc, new.file, text, len, &limits, r.err);
	if (code >= 0)
		code = read_plan(&r);
	if (code >= 0 && new.warnings.failed)
		code = keys_nomem(&r);
	if (code < 0) {
		plan_done(&new);
		return code;
	}
	*p = new;
	return 0;
}
