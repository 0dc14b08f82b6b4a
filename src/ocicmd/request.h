/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line of gantry-oci asks for, and the table of verbs. The
 * verbs are one function each; they print data on stdout, report errors by
 * returning -errno with words in q->err, or return an exit code.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>
#include <stddef.h>

struct verb;

struct request {
	/* global options */
	const char *root;       /* --root, absolute; later its default */
	const char *log;        /* --log FILE */
	const char *log_format; /* --log-format text|json */
	const char *rootless;   /* --rootless */
	bool debug, help, version;
	/* of verbs */
	const char *bundle, *pid_file, *format;
	bool detach, keep, force, all, quiet, no_new_keyring, no_subreaper;

	const struct verb *verb; /* NULL: none named */
	const char *args[3];     /* what is no option, NULL behind the last */
	int args_n;

	struct gantry_err *err;
};

enum option_kind {
	OPTION_FLAG,  /* bool; --x, --x=true, --x=false */
	OPTION_TEXT,  /* const char *; --x V, --x=V, -x V, -x=V */
	OPTION_LATER, /* a flag that is not built yet: only =false goes */
	OPTION_LATER_TEXT /* the same with a value: only "", 0 and false go */
};

struct option {
	const char *name;
	char letter;       /* '\0': none */
	enum option_kind kind;
	size_t offset;     /* in struct request */
	const char *value; /* what --help calls the value */
	const char *help;
};

struct verb {
	const char *name;
	const char *args; /* "ID [SIGNAL]" */
	const char *help;
	const struct option *options; /* the last has no name; may be NULL */
	int min, max;     /* how many args */
	/* 0 and more: the exit code. NULL: the verb is not built yet. */
	int (*run)(struct request *q);
};

/* The verbs; the last has no name. */
extern const struct verb verbs[];
/* The options before the verb. */
extern const struct option global_options[];

int verb_create(struct request *q);
int verb_delete(struct request *q);
int verb_features(struct request *q);
int verb_kill(struct request *q);
int verb_list(struct request *q);
int verb_pause(struct request *q);
int verb_resume(struct request *q);
int verb_run(struct request *q);
int verb_spec(struct request *q);
int verb_start(struct request *q);
int verb_state(struct request *q);
