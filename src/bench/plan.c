/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans, read from bucketbench's YAML of both generations. Each key is a line
 * in a table: name, setter, where to, range. Everything that the plan alone
 * can tell to be wrong is told here, before anything starts, with its place.
 *
 * What bites: bucketbench ignores what it does not know, `clientPath` among it,
 * and panics at threads or iterations of 0.
 */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clean.h"
#include "base/err.h"
#include "bench/argv.h"
#include "bench/type.h"
#include "codec/yaml.h"

enum { SHOWN = 48 };

static const struct alias {
	const char *word;
	enum plan_command command;
} aliases[] = { /* the first of each is its main name */
	{ "run", COMMAND_RUN }, { "start", COMMAND_RUN },
	{ "pause", COMMAND_PAUSE },
	{ "resume", COMMAND_RESUME }, { "unpause", COMMAND_RESUME },
	{ "stop", COMMAND_STOP }, { "kill", COMMAND_STOP },
	{ "delete", COMMAND_DELETE }, { "remove", COMMAND_DELETE }, { "erase", COMMAND_DELETE },
	{ "wait", COMMAND_WAIT },
	{ "metrics", COMMAND_METRICS }, { "stats", COMMAND_METRICS },
};
enum { ALIASES = sizeof(aliases) / sizeof(aliases[0]) };

const char *plan_command_name(enum plan_command c)
{
	for (size_t i = 0; i < ALIASES; i++)
		if (aliases[i].command == c)
			return aliases[i].word;
	return "";
}

/* A driver as it is written, before it is known what engine that is. */
struct written {
	char *type, *engine, *clientpath;
	uint64_t threads, iterations, warmup, gap_ms;
	const struct yaml *type_at; /* of type or engine */
};

struct reader {
	struct plan *plan;
	struct written *driver; /* the one being read */
	const struct yaml_doc *doc;
	bool lenient;
	struct gantry_err *err; /* never NULL */
};

struct key {
	const char *name;
	int (*set)(struct reader *r, const struct key *k, const struct yaml *v);
	size_t at;         /* of a char * or uint64_t in struct plan or struct written */
	int64_t min, max;  /* of numbers */
};

static int out_of_memory(struct reader *r)
{
	return err_set(r->err, ENOMEM, "out of memory");
}

static int wrong_type(struct reader *r, const struct key *k, const struct yaml *v, const char *wanted)
{
	return yaml_err(r->doc, v, r->err, EINVAL, "%s has to be %s, this is %s", k->name, wanted,
			yaml_type_name(v));
}

/* The object that a key's offset counts from. */
static char *target(struct reader *r, const struct key *k)
{
	return (r->driver ? (char *)r->driver : (char *)r->plan) + k->at;
}

static PRINTF(4, 5) void warn(struct reader *r, uint32_t line, uint32_t col, const char *fmt, ...)
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
	return r->plan->refused ? 0 : out_of_memory(r);
}

static int set_text(struct reader *r, const struct key *k, const struct yaml *v)
{
	char **slot = (char **)(void *)target(r, k);

	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return wrong_type(r, k, v, "text");
	if (!v->len)
		return 0;
	*slot = strdup(v->text);
	return *slot ? 0 : out_of_memory(r);
}

/* Text that ends up in tables: no control bytes. */
static int set_name(struct reader *r, const struct key *k, const struct yaml *v)
{
	char shown[128];

	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return wrong_type(r, k, v, "text");
	str_printable(shown, sizeof(shown), v->text);
	r->plan->name = *shown ? strdup(shown) : NULL;
	return r->plan->name || !*shown ? 0 : out_of_memory(r);
}

static int set_engine(struct reader *r, const struct key *k, const struct yaml *v)
{
	r->driver->type_at = v;
	return set_text(r, k, v);
}

static int set_number(struct reader *r, const struct key *k, const struct yaml *v)
{
	int64_t n = 0;
	int code = yaml_i64(v, &n);

	if (code == -EINVAL)
		return yaml_is(v, YAML_TEXT) && !yaml_null(v)
			? yaml_err(r->doc, v, r->err, EINVAL, "%s has to be a whole number", k->name)
			: wrong_type(r, k, v, "a whole number");
	if (code < 0 || n < k->min || n > k->max)
		return yaml_err(r->doc, v, r->err, EINVAL, "%s has to be from %lld to %lld", k->name,
				(long long)k->min, (long long)k->max);
	*(uint64_t *)(void *)target(r, k) = (uint64_t)n;
	return 0;
}

static int set_detached(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (yaml_bool(v, &r->plan->detached) < 0)
		return wrong_type(r, k, v, "true or false");
	return 0;
}

static int set_args(struct reader *r, const struct key *k, const struct yaml *v)
{
	struct strv *args = &r->plan->args;
	int code;

	if (yaml_null(v))
		return 0;
	if (yaml_is(v, YAML_MAP))
		return wrong_type(r, k, v, "text or a list");
	if (yaml_is(v, YAML_TEXT)) {
		code = argv_split(v->text, args);
		if (code == -EINVAL)
			return yaml_err(r->doc, v, r->err, EINVAL, "%s has a quote without its other end",
					k->name);
		if (code == -E2BIG)
			return yaml_err(r->doc, v, r->err, E2BIG, "%s has more than %d words", k->name,
					ARGV_WORDS);
		return code < 0 ? out_of_memory(r) : 0;
	}
	for yaml_each(word, v) {
		if (!yaml_is(word, YAML_TEXT))
			return wrong_type(r, k, word, "a list of words");
		if (args->n == ARGV_WORDS)
			return yaml_err(r->doc, word, r->err, E2BIG, "%s has more than %d words", k->name,
					ARGV_WORDS);
		strv_add(args, word->text);
	}
	return args->failed ? out_of_memory(r) : 0;
}

static int add_command(struct reader *r, const struct key *k, const struct yaml *v)
{
	char shown[SHOWN];

	if (!yaml_is(v, YAML_TEXT) || yaml_null(v))
		return wrong_type(r, k, v, "a list of words");
	if (r->plan->n_commands == PLAN_COMMANDS)
		return yaml_err(r->doc, v, r->err, EINVAL, "more than %d commands", PLAN_COMMANDS);
	for (size_t i = 0; i < ALIASES; i++)
		if (strcasecmp(v->text, aliases[i].word) == 0) {
			r->plan->commands[r->plan->n_commands++] = aliases[i].command;
			return 0;
		}
	str_printable(shown, sizeof(shown), v->text);
	if (!r->lenient)
		return yaml_err(r->doc, v, r->err, EINVAL,
				"no command is called \"%s\"; there are run, pause, resume, stop, "
				"delete, wait, metrics", shown);
	warn(r, v->line, v->col, "no command is called \"%s\", it is skipped", shown);
	return 0;
}

static int set_commands(struct reader *r, const struct key *k, const struct yaml *v)
{
	int code = 0;

	if (!yaml_is(v, YAML_LIST))
		return wrong_type(r, k, v, "a list");
	for (const struct yaml *c = yaml_first(v); c && code >= 0; c = c->next)
		code = add_command(r, k, c);
	return code;
}

static int refuse_text(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_TEXT))
		return wrong_type(r, k, v, "text");
	return v->len ? refuse(r, k, v) : 0;
}

static int refuse_map(struct reader *r, const struct key *k, const struct yaml *v)
{
	if (yaml_null(v))
		return 0;
	if (!yaml_is(v, YAML_MAP))
		return wrong_type(r, k, v, "a mapping");
	return v->len ? refuse(r, k, v) : 0;
}

static int refuse_true(struct reader *r, const struct key *k, const struct yaml *v)
{
	bool on = false;

	if (!yaml_null(v) && yaml_bool(v, &on) < 0)
		return wrong_type(r, k, v, "true or false");
	return on ? refuse(r, k, v) : 0;
}

/* Alone it asks for nothing, and streamStats is refused by its own name. */
static int set_interval(struct reader *r, const struct key *k, const struct yaml *v)
{
	int64_t n;

	if (yaml_null(v))
		return 0;
	if (yaml_i64(v, &n) < 0)
		return wrong_type(r, k, v, "a whole number");
	if (n < k->min || n > k->max)
		return yaml_err(r->doc, v, r->err, EINVAL, "%s has to be from %lld to %lld", k->name,
				(long long)k->min, (long long)k->max);
	warn(r, v->key_line, v->key_col, "%s has no effect without streamStats", k->name);
	return 0;
}

#define PLAN(field) offsetof(struct plan, field)
#define DRIVER(field) offsetof(struct written, field)

static const struct key driver_keys[] = {
	{ "type", set_engine, DRIVER(type), 0, 0 },
	{ "engine", set_engine, DRIVER(engine), 0, 0 },
	{ "clientpath", set_text, DRIVER(clientpath), 0, 0 },
	{ "threads", set_number, DRIVER(threads), 1, PLAN_THREADS },
	{ "iterations", set_number, DRIVER(iterations), 1, PLAN_ITERATIONS },
	{ "warmup", set_number, DRIVER(warmup), 0, PLAN_WARMUP },
	{ "gap_ms", set_number, DRIVER(gap_ms), 0, PLAN_GAP_MS },
	{ "logDriver", refuse_text, 0, 0, 0 },
	{ "logOpts", refuse_map, 0, 0, 0 },
	{ "cgroupPath", refuse_text, 0, 0, 0 },
	{ "streamStats", refuse_true, 0, 0, 0 },
	{ "statsIntervalSec", set_interval, 0, 0, 86400 },
	{ 0 }
};

/* Reads every member of `map` by the table; what is in no table is a warning. */
static int read_keys(struct reader *r, const struct key *keys, const struct yaml *map)
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
			warn(r, v->key_line, v->key_col, "unknown key %s is ignored; it is written %s", shown,
			     like->name);
		else
			warn(r, v->key_line, v->key_col, "unknown key %s is ignored", shown);
	}
	return code;
}

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
	int code;

	if (w->type && w->engine)
		return yaml_err(r->doc, at, r->err, EINVAL, "a driver has a type or an engine, not both");
	if (!w->type && !w->engine)
		return yaml_err(r->doc, v, r->err, EINVAL, "a driver needs a type or an engine");
	if (w->engine && w->clientpath)
		return yaml_err(r->doc, at, r->err, EINVAL, "an engine's address has its path in it; "
				"clientpath goes with a type");
	if (w->type) {
		code = type_find(w->type, w->clientpath, &e, r->err);
		if (code < 0)
			return yaml_err(r->doc, at, r->err, code == -ENOMEM ? ENOMEM : EINVAL, "%s",
					r->err->msg);
	} else {
		e = (struct type_engine){ w->engine, strdup(w->engine), type_need_of(w->engine) };
	}
	d->address = e.address;
	d->type = strdup(e.name);
	d->where = str_printf("%s:%u:%u", r->plan->file, at->line, at->col);
	if (!d->address || !d->type || !d->where)
		return out_of_memory(r);
	if (!w->threads || !w->iterations)
		return yaml_err(r->doc, v, r->err, EINVAL, "the driver %s lacks %s", d->type,
				w->threads ? "iterations" : "threads");
	if (e.need == NEEDS_IMAGE && !r->plan->image)
		return yaml_err(r->doc, at, r->err, EINVAL, "%s needs an image, and the plan names none",
				d->type);
	if (e.need == NEEDS_ROOTFS && !r->plan->rootfs)
		return yaml_err(r->doc, at, r->err, EINVAL,
				"%s needs a rootfs (a bundle or a root directory), and the plan names none",
				d->type);
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
		return yaml_err(r->doc, v, r->err, EINVAL, "a driver has to be a mapping, this is %s",
				yaml_type_name(v));
	r->driver = &w;
	code = read_keys(r, driver_keys, v);
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
		return yaml_err(r->doc, v, r->err, EINVAL, "drivers has to be a list, this is %s",
				yaml_type_name(v));
	if (!v->len)
		return yaml_err(r->doc, v, r->err, EINVAL, "drivers is empty");
	if (v->len > PLAN_DRIVERS)
		return yaml_err(r->doc, v, r->err, EINVAL, "more than %d drivers", PLAN_DRIVERS);
	r->plan->drivers = calloc(v->len, sizeof(*r->plan->drivers));
	if (!r->plan->drivers)
		return out_of_memory(r);
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
	{ "image", set_text, PLAN(image), 0, 0 },
	{ "command", set_args, 0, 0, 0 },
	{ "rootfs", set_text, PLAN(rootfs), 0, 0 },
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
		return yaml_err(r->doc, drivers, r->err, EINVAL,
				"threads, iterations and commands make %llu samples, more than %d",
				(unsigned long long)n, PLAN_SAMPLES);
	return 0;
}

/* bucketbench's rootfs is a bundle, whose config.json rules; a plain root directory takes the command. */
static int look_at_rootfs(struct reader *r, const struct yaml *root)
{
	const struct yaml *command = yaml_get(root, "command");
	clean_free char *config = NULL;

	if (!r->plan->rootfs)
		return 0;
	config = str_printf("%s/config.json", r->plan->rootfs);
	if (!config)
		return out_of_memory(r);
	r->plan->bundle = access(config, F_OK) == 0;
	if (r->plan->bundle && r->plan->args.n)
		warn(r, command->key_line, command->key_col,
		     "command is for images; in a bundle config.json rules");
	return 0;
}

static int read_plan(struct reader *r)
{
	const struct yaml *root = r->doc->root, *drivers, *commands;
	int code;

	if (yaml_null(root))
		return yaml_err(r->doc, NULL, r->err, EINVAL, "the plan is empty");
	if (!yaml_is(root, YAML_MAP))
		return yaml_err(r->doc, root, r->err, EINVAL, "a plan has to be a mapping, this is %s",
				yaml_type_name(root));
	code = read_keys(r, plan_keys, root);
	if (code < 0)
		return code;
	drivers = yaml_get(root, "drivers");
	commands = yaml_get(root, "commands");
	if (!drivers || !commands)
		return yaml_err(r->doc, root, r->err, EINVAL, "the plan lacks %s",
				drivers ? "commands" : "drivers");
	if (!r->plan->n_commands)
		return yaml_err(r->doc, commands, r->err, EINVAL, "there is no command to time");
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
		return out_of_memory(&r);
	code = yaml_read(&doc, new.file, text, len, &limits, r.err);
	if (code >= 0)
		code = read_plan(&r);
	if (code >= 0 && new.warnings.failed)
		code = out_of_memory(&r);
	if (code < 0) {
		plan_done(&new);
		return code;
	}
	*p = new;
	return 0;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n_drivers; i++) {
		free(p->drivers[i].type);
		free(p->drivers[i].address);
		free(p->drivers[i].where);
	}
	free(p->drivers);
	free(p->file);
	free(p->name);
	free(p->image);
	free(p->rootfs);
	free(p->refused);
	strv_done(&p->args);
	strv_done(&p->warnings);
	*p = (struct plan){ 0 };
}
