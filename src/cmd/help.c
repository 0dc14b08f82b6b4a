/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry help`: made from the tables that read the command line, so it promises nothing else. */
#include <stdio.h>
#include <string.h>

#include "cmd/verbs.h"

#define WIDTH 80
#define COLUMN 28 /* where an option's help begins */

/* "-e, --env NAME=VALUE" and its line, broken at blanks to fit. */
static void option(struct str *out, const struct opt *o)
{
	char left[64], letter[5] = "    ";
	const char *p = o->help;
	size_t at;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s", letter, o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	str_add(out, left);
	at = strlen(left);
	if (at + 2 > COLUMN) {
		str_add(out, "\n");
		at = 0;
	}
	str_addf(out, "%*s", (int)(COLUMN - at), "");
	at = COLUMN;
	while (*p) {
		size_t len = strcspn(p, " ");

		if (at > COLUMN && at + 1 + len > WIDTH) {
			str_addf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
		} else if (at > COLUMN) {
			str_add(out, " ");
			at++;
		}
		str_addn(out, p, len);
		at += len;
		p += len + (p[len] == ' ');
	}
	str_add(out, "\n");
}

static void options(struct str *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++)
		if (o->help)
			option(out, o);
}

/* The options that are known but refused, so that nobody has to try. */
static void refused(struct str *out, const struct opt *opts)
{
	const char *lead = "\nNot supported yet: ";
	size_t at = 0;

	for (const struct opt *o = opts; o && o->name; o++) {
		if (o->set)
			continue;
		at = at && at + strlen(o->name) + 4 > WIDTH ? 0 : at;
		if (*lead == '\n') {
			str_add(out, lead);
			at = strlen(lead);
		} else {
			str_add(out, at ? ", " : ",\n");
		}
		str_addf(out, "--%s", o->name);
		at += strlen(o->name) + 4;
		lead = "";
	}
	if (!*lead)
		str_add(out, "\n");
}

/* "Usage: gantry VERB ..." once for each form. */
static void usage(struct str *out, const struct verb *v)
{
	const char *lead = "Usage: ", *p = v->usage;

	while (*p) {
		int len = (int)strcspn(p, "\n");

		str_addf(out, "%sgantry %s %.*s\n", lead, v->name, len, p);
		lead = "       ";
		p += len + (p[len] == '\n');
	}
}

static void help_verb(struct str *out, const struct verb *v)
{
	usage(out, v);
	str_addf(out, "\n%s.\n", v->summary);
	if (v->opts || v->more) {
		str_add(out, "\nOptions:\n");
		options(out, v->opts);
		options(out, v->more);
	}
	refused(out, v->opts);
	refused(out, v->more);
	if (v->about)
		str_addf(out, "\n%s", v->about);
	str_add(out, "\nExit status: ");
	str_add(out, v->failed == EXIT_GANTRY ?
		"125 gantry failed or did not understand the command line, 126 the\n"
		"command cannot be executed, 127 it was not found; else see above.\n" :
		"0; 1 something failed (the rest is still done); 2 wrong command\n"
		"line; 128+N cut short by signal N.\n");
	str_add(out, "\nOptions of every verb: see gantry --help.\n");
}

static void help_all(struct str *out)
{
	const char *group = "";

	str_add(out, "Usage: gantry [OPTIONS] VERB [OPTIONS] [ARGUMENTS]\n\n"
		     "Drives, looks into and measures containers on any engine of this host.\n");
	for (int i = 0; verbs[i]; i++) {
		if (strcmp(group, verbs[i]->group) != 0) {
			group = verbs[i]->group;
			str_addf(out, "\n%s:\n", group);
		}
		str_addf(out, "  %-10s  %s\n", verbs[i]->name, verbs[i]->summary);
	}
	str_add(out, "\nOptions, before the verb or behind it:\n");
	options(out, global_opts);
	refused(out, global_opts);
	str_add(out, "\nWithout -E the engine is $GANTRY_ENGINE, else native. A CONTAINER is an\n"
		     "id, a name, or the beginning of an id that fits no other.\n"
		     "gantry help VERB tells more.\n");
}

void help_add(struct str *out, const struct verb *v)
{
	if (v)
		help_verb(out, v);
	else
		help_all(out);
}

static int help(struct cmd *c, void *opts, char **words)
{
	const struct verb *v = words[0] ? verb_find(words[0]) : NULL;

	(void)opts;
	if (words[0] && !v)
		return verb_unknown(c, words[0]);
	help_add(&c->out, v);
	return 0;
}

const struct verb verb_help = {
	.name = "help",
	.group = "About",
	.usage = "[VERB]",
	.summary = "Tell what gantry and its verbs do",
	.flags = VERB_NO_ENGINE,
	.max = 1,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = help,
};
