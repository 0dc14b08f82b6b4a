/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, by tables. Clients write `--x V`, `--x=V`, `-b V` and
 * `-b=V` in one and the same call, and people put options behind the id, so
 * every form goes everywhere; what comes before the verb is global.
 */
#include "ocicmd/options.h"

#include <string.h>

#include "base/err.h"

/* Where reading stands. */
struct cursor {
	int argc, i;
	char **argv;
};

static const struct option *find_option(const struct option *table, const char *name, size_t len)
{
	for (; table && table->name; table++) {
		if (strlen(table->name) == len && !memcmp(table->name, name, len))
			return table;
		if (len == 1 && table->letter == *name)
			return table;
	}
	return NULL;
}

static int parse_flag(struct request *q, const struct option *o, const char *value)
{
	bool on;

	if (!value || str_eq(value, "true") || str_eq(value, "1"))
		on = true;
	else if (str_eq(value, "false") || str_eq(value, "0"))
		on = false;
	else
		return err_set(q->err, EINVAL, "--%s takes true or false", o->name);
	if (o->kind == OPTION_LATER)
		return on ? err_set(q->err, ENOTSUP, "--%s is not supported yet", o->name) : 0;
	*(bool *)((char *)q + o->offset) = on;
	return 0;
}

static int parse_text(struct request *q, const struct option *o, const char *value)
{
	if (o->kind == OPTION_TEXT) {
		*(const char **)((char *)q + o->offset) = value;
		return 0;
	}
	if (!*value || str_eq(value, "0") || str_eq(value, "false"))
		return 0;
	return err_set(q->err, ENOTSUP, "--%s is not supported yet", o->name);
}

/* One option, "-x" or "--xyz" with or without "=V", and the argument that is its value. */
static int parse_option(struct request *q, const struct option *table, struct cursor *c)
{
	const char *arg = c->argv[c->i++];
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	const char *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct option *o = find_option(table, name, len);

	if (len == 4 && !memcmp(name, "help", 4)) {
		q->help = true;
		return 0;
	}
	if (!o && len == 1 && *name == 'h') {
		q->help = true;
		return 0;
	}
	if (!o || (arg[1] != '-' && len != 1))
		return err_set(q->err, EINVAL, "unknown option %.80s", arg);
	if (o->kind == OPTION_FLAG || o->kind == OPTION_LATER)
		return parse_flag(q, o, eq ? eq + 1 : NULL);
	if (!eq && c->i == c->argc)
		return err_set(q->err, EINVAL, "--%s needs a value", o->name);
	return parse_text(q, o, eq ? eq + 1 : c->argv[c->i++]);
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1];
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (str_eq(v->name, name))
			return v;
	return NULL;
}

/* `help` and `help VERB` are `--help` and `VERB --help`. */
static int parse_help(struct request *q, struct cursor *c)
{
	const char *name = c->i < c->argc ? c->argv[c->i] : NULL;

	q->help = true;
	q->verb = name ? find_verb(name) : NULL;
	if (name && !q->verb)
		return err_set(q->err, EINVAL, "unknown command %.80s", name);
	return 0;
}

static int parse_args(struct request *q, struct cursor *c)
{
	bool only_args = false;

	while (c->i < c->argc) {
		const char *arg = c->argv[c->i];

		if (!only_args && is_option(arg)) {
			if (str_eq(arg, "--")) {
				only_args = true;
				c->i++;
				continue;
			}
			int r = parse_option(q, q->verb->options, c);

			if (r < 0)
				return r;
			continue;
		}
		if (q->args_n == q->verb->max)
			return err_set(q->err, EINVAL, "too many arguments: %.80s", arg);
		q->args[q->args_n++] = arg;
		c->i++;
	}
	if (q->args_n < q->verb->min && !q->help)
		return err_set(q->err, EINVAL, "needs %s", q->verb->args);
	return 0;
}

/* What takes one of a few words. */
static int check_words(struct request *q)
{
	if (!q->log_format)
		q->log_format = "text";
	if (!str_eq(q->log_format, "text") && !str_eq(q->log_format, "json"))
		return err_set(q->err, EINVAL, "--log-format takes text or json");
	if (!q->rootless || str_eq(q->rootless, "auto") || str_eq(q->rootless, "false"))
		return 0;
	if (str_eq(q->rootless, "true"))
		return err_set(q->err, ENOTSUP, "--rootless=true is not supported yet");
	return err_set(q->err, EINVAL, "--rootless takes true, false or auto");
}

int options_parse(struct request *q, int argc, char **argv)
{
	struct cursor c = { .argc = argc, .i = 1, .argv = argv };
	const char *name;
	int r;

	while (c.i < argc && is_option(argv[c.i])) {
		r = parse_option(q, global_options, &c);
		if (r < 0)
			return r;
	}
	r = check_words(q);
	if (r < 0)
		return r;
	if (c.i == argc)
		return 0;
	name = argv[c.i++];
	if (str_eq(name, "help"))
		return parse_help(q, &c);
	q->verb = find_verb(name);
	if (!q->verb)
		return err_set(q->err, EINVAL, "unknown command %.80s", name);
	if (!q->verb->run && !q->help) {
		q->verb = NULL; /* the words name it */
		return err_set(q->err, ENOTSUP, "%s is not supported yet", name);
	}
	return parse_args(q, &c);
}

/* "  --bundle DIR, -b DIR  the directory ..." */
static void help_option(struct str *out, const struct option *o)
{
	bool text = o->kind == OPTION_TEXT || o->kind == OPTION_LATER_TEXT;
	bool later = o->kind == OPTION_LATER || o->kind == OPTION_LATER_TEXT;
	char left[64] = "";
	struct str s = { 0 };

	str_addf(&s, "--%s%s%s", o->name, text ? " " : "", text ? o->value : "");
	if (o->letter)
		str_addf(&s, ", -%c", o->letter);
	if (s.buf)
		strncpy(left, s.buf, sizeof(left) - 1);
	str_done(&s);
	str_addf(out, "  %-24s %s%s\n", left, o->help, later ? " (not supported yet)" : "");
}

static void help_options(struct str *out, const struct option *o)
{
	for (; o && o->name; o++)
		if (o->help)
			help_option(out, o);
}

static const char intro[] =
	"usage: gantry-oci [GLOBAL OPTION...] COMMAND [OPTION...] [ARG...]\n\n"
	"Runs containers as the OCI runtime specification describes them. A bundle is a\n"
	"directory with a config.json and a root filesystem; `gantry-oci spec` writes a\n"
	"config.json to start from, `gantry-oci run ID` runs the bundle in the current\n"
	"directory.\n\ncommands:\n";

static const char outro[] =
	"\n`gantry-oci COMMAND --help` tells more about each. Exit status: 0, or 1 with a line\n"
	"that says why on stderr and in the log. run gives the container's own (128+N for\n"
	"signal N), 126 for a command that is not executable, 127 for one that is not there.\n";

void options_help(struct str *out, const struct verb *verb)
{
	static const struct option help = { "help", 'h', OPTION_FLAG, 0, NULL, "print this" };

	if (verb) {
		str_addf(out, "usage: gantry-oci [GLOBAL OPTION...] %s [OPTION...]%s%s\n\n%s%s\n\n",
			 verb->name, *verb->args ? " " : "", verb->args, verb->help,
			 verb->run ? "" : " (not supported yet)");
		help_options(out, verb->options);
		help_option(out, &help);
		return;
	}
	str_add(out, intro);
	for (const struct verb *v = verbs; v->name; v++)
		if (v->run)
			str_addf(out, "  %-9s %s\n", v->name, v->help);
	str_add(out, "\nglobal options:\n");
	help_options(out, global_options);
	help_option(out, &help);
	str_add(out, outro);
}
