/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verbs of `gantry` share: one invocation, the table of verbs, and
 * how things are said. stdout is data and is written at the end or when a
 * verb says so; stderr is everything else, one line each.
 */
#pragma once
#include <gantry/container.h>
#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"
#include "cmd/option.h"

/* Exit codes of the command itself; run, create, start have EXIT_GANTRY for both. */
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_GANTRY 125

struct verb;

/* One invocation. */
struct cmd {
	const struct verb *verb;     /* NULL until it is known */
	const char *engine;          /* -E; NULL: $GANTRY_ENGINE, else native */
	const char *root, *run;      /* NULL: the library's defaults */
	bool json, quiet;
	int log_level;               /* enum gantry_log_level */
	uint64_t timeout_us;         /* of the whole verb; 0: none */
	bool help;

	uint64_t deadline_ns;        /* CLOCK_MONOTONIC; 0: none */
	bool closed[3];              /* which of the standard streams we were started without */
	struct gantry_engine *e;     /* opened by cmd_open(), closed by main */
	struct str out;              /* for stdout */
};

enum verb_flag {
	VERB_NO_ENGINE = 1, /* -E means nothing here */
	VERB_PREFIX = 2,    /* the first word ends the options: what follows is another command's */
	VERB_DATA = 4       /* prints data, so --json is taken */
};

struct verb {
	const char *name;
	const char *group;           /* under which `gantry help` lists it */
	const char *usage;           /* what follows the name, one line for each form */
	const char *summary;         /* one line */
	const char *about;           /* paragraphs below the options, or NULL */
	const struct opt *opts;      /* its own options */
	const struct opt *more;      /* options that it shares with another verb; the same struct */
	size_t opts_size;            /* of the struct that both fill; it begins as zeros */
	int min, max;                /* words; max -1: any number */
	unsigned flags;              /* enum verb_flag */
	int failed, misused;         /* exit codes: 1 and 2, or 125 and 125 */
	void (*done)(void *opts);    /* releases what setters took; NULL: nothing */
	/* Does it. Returns the exit code; what failed has been said. */
	int (*main)(struct cmd *c, void *opts, char **words);
};

/* Every verb, in the order of the help, NULL-terminated. */
extern const struct verb *const verbs[];
/* The verb called `name`, or NULL. */
const struct verb *verb_find(const char *name);
/* Says that there is no verb `name`, or that it is not built yet; returns the exit code due. */
int verb_unknown(struct cmd *c, const char *name);

/* The options that every verb takes. */
extern const struct opt global_opts[];

/* help.c: help for one verb, or of all with NULL, into c->out. */
void help_add(struct str *out, const struct verb *v);

/* "gantry: VERB: ..." on stderr, made printable, in one write. */
void say(const struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Says what became of `what` (an id; NULL when the words stand alone). Returns
 * c->verb->failed, or for verbs that run a command what err->exit asks for.
 */
int say_failed(const struct cmd *c, const char *what, const struct gantry_err *err);
/* The library's log, on stderr. arg is the struct cmd. */
void say_log(const struct gantry_log *rec, void *arg);

/* Writes what stands in c->out to stdout. 0, or -errno with words said (but for a closed pipe). */
int cmd_flush(struct cmd *c);
/* Ends a JSON value into c->out with its newline. 0, or -ENOMEM said. */
int cmd_put_json(struct cmd *c, struct json_out *o);
/* A gantry_op for the next call: what is left of --timeout, and cancelled by signals. */
struct gantry_op cmd_op(const struct cmd *c);
/* What the library is opened with. */
struct gantry_engine_options cmd_engine_options(struct cmd *c);
/* Opens the engine. 0, or the exit code, said. */
int cmd_open(struct cmd *c);

/*
 * Does `one` to every word: the others are still done when one fails. Prints
 * the words that went well (nothing with -q), or with --json what became of each.
 * `one` returns 0, -errno with words in op->err, or 1 where there was nothing to do.
 * Returns the exit code.
 */
typedef int cmd_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op);
int cmd_each(struct cmd *c, char **words, cmd_one *one, void *arg);

/* signals.c: the first INT, TERM or HUP cancels the call under way, a second one ends us. */
int signals_init(void);
/* The eventfd for gantry_op.cancel_fd. */
int signals_cancel_fd(void);
/* The signal that cancelled, or 0. */
int signals_got(void);
/* Blocks signals from now on: they are the container's. The signalfd that reads them, or -errno. */
int signals_pass(void);
