/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as data. One table per verb says how an option is called,
 * what it takes and where it is put; the same table makes the help.
 *
 * Understood as docker's, podman's and runc's users type them: `-b X`, `-bX`,
 * `-b=X`, `--bundle X`, `--bundle=X`, `-aq` for two flags, `--rm=false`.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>

#include "base/str.h"

struct opt {
	const char *name;   /* without its dashes; NULL ends a table */
	char letter;        /* the short form; 0 for none */
	const char *arg;    /* what the help calls its argument; NULL for a flag */
	/* Puts `value` ("true", "false" for a flag) into its field; NULL: refused by name. */
	int (*set)(void *field, const char *value, struct gantry_err *err);
	size_t off;         /* of the field in the struct that the table fills */
	const char *help;   /* one line; NULL: another spelling, which the help leaves out */
};

/* A known option that is not built yet: refused by name, never taken for a mistake. */
#define OPT_REFUSED(name, letter) { name, letter, "", NULL, 0, NULL }

/* A table and the struct that it fills. The first group that knows an option has it. */
struct opt_group {
	const struct opt *opts; /* NULL: an empty table */
	void *into;
};
#define OPT_GROUPS 3

/* Setters for what most options are. */
int opt_flag(void *field, const char *value, struct gantry_err *err);     /* bool */
int opt_text(void *field, const char *value, struct gantry_err *err);     /* const char *, argv's */
int opt_list(void *field, const char *value, struct gantry_err *err);     /* struct strv, adds */
int opt_bytes(void *field, const char *value, struct gantry_err *err);    /* uint64_t */
int opt_milli(void *field, const char *value, struct gantry_err *err);    /* uint64_t */
int opt_duration(void *field, const char *value, struct gantry_err *err); /* uint64_t, us, not 0 */
int opt_count(void *field, const char *value, struct gantry_err *err);    /* uint64_t */
int opt_signal(void *field, const char *value, struct gantry_err *err);   /* int */
/* A setter of one's own may be the last thing read: opt_parse() then returns OPT_STOP at once. */
#define OPT_STOP 1

/*
 * Reads the options of argv (NULL-terminated, without the program's name) into
 * the groups and moves the other words to its front, NULL-terminated. With
 * `prefix` the first word that is no option ends them, as in `run IMAGE COMMAND -x`.
 * Returns how many words are left in *ret_words: 0, or OPT_STOP, or -EINVAL, -ENOTSUP with words.
 */
int opt_parse(const struct opt_group groups[OPT_GROUPS], char **argv, bool prefix, int *ret_words,
	      struct gantry_err *err);

/* How many letters must be changed to make b of a; for "did you mean". */
unsigned opt_distance(const char *a, const char *b);
