/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry`: reads the command line, finds the verb, and ends as it says. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "cmd/cmd.h"

/*
 * A file opened where a standard stream should be would receive what is meant for
 * the stream, so /dev/null takes the place. What was missing is kept in mind:
 * output that goes nowhere is an error.
 */
static void streams_open(struct cmd *c)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		c->closed[fd] = true;
		if (open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			exit(EXIT_GANTRY); /* without /dev there is nobody to tell */
	}
}

/* Ends the invocation: what stands in c->out is written, the engine is let go. */
static int finish(struct cmd *c, int code)
{
	if (cmd_flush(c) < 0 && !code)
		code = c->verb ? c->verb->failed : EXIT_FAILED;
	str_done(&c->out);
	gantry_engine_close(c->e);
	/* a container's own code stands; what a signal cut short says so */
	if (signals_got() && code)
		code = 128 + signals_got();
	return code;
}

/* Options of the verb that contradict what it is. Returns 0 or the exit code. */
static int check(struct cmd *c, int words)
{
	const struct verb *v = c->verb;

	if (c->json && !(v->flags & VERB_DATA))
		say(c, "--json is for verbs that print data");
	else if (c->engine && (v->flags & VERB_NO_ENGINE))
		say(c, "--engine is for verbs that use one engine");
	else if (words < v->min || (v->max >= 0 && words > v->max))
		say(c, "%s; usage: gantry %s %.*s", words < v->min ? "an argument is missing" :
		    "too many arguments", v->name, (int)strcspn(v->usage, "\n"), v->usage);
	else
		return 0;
	return v->misused;
}

/* Says what is wrong with the options, and where to look where the words do not say it all. */
static int misused(const struct cmd *c, int r, const struct gantry_err *err)
{
	const char *verb = c->verb ? c->verb->name : "";

	if (r == -ENOTSUP || strchr(err->msg, '?'))
		say(c, "%s", err->msg);
	else
		say(c, "%s; see gantry %s%s--help", err->msg, verb, *verb ? " " : "");
	return c->verb ? c->verb->misused : EXIT_USAGE;
}

/* Reads the verb's command line into `opts` and does it. Returns the exit code. */
static int verb_do(struct cmd *c, void *opts, char **argv)
{
	const struct verb *v = c->verb;
	struct opt_group groups[OPT_GROUPS] = {
		{ v->opts, opts }, { v->more, opts }, { global_opts, c }
	};
	struct gantry_err err;
	int words, r;

	r = opt_parse(groups, argv, v->flags & VERB_PREFIX, &words, &err);
	if (r < 0)
		return misused(c, r, &err);
	if (r == OPT_STOP) {
		help_add(&c->out, v);
		return 0;
	}
	r = check(c, words);
	if (r)
		return r;
	if (c->timeout_us)
		c->deadline_ns = clock_mono() + c->timeout_us * 1000;
	return v->main(c, opts, argv);
}

static int verb_main(struct cmd *c, char **argv)
{
	const struct verb *v = c->verb;
	clean_free void *opts = calloc(1, v->opts_size ? v->opts_size : 1);
	int code;

	if (!opts) {
		say(c, "out of memory");
		return v->failed;
	}
	code = verb_do(c, opts, argv);
	if (v->done)
		v->done(opts);
	return code;
}

int main(int argc, char **argv)
{
	struct cmd c = { .log_level = GANTRY_LOG_WARN };
	struct opt_group groups[OPT_GROUPS] = { { global_opts, &c } };
	struct gantry_err err;
	int words, r;

	(void)argc;
	streams_open(&c);
	r = signals_init();
	if (r < 0) {
		err_num(&err, r, "no eventfd");
		say(&c, "%s", err.msg);
		return EXIT_GANTRY;
	}
	if (!argv[0]) /* execve() allows it */
		return EXIT_USAGE;
	r = opt_parse(groups, argv + 1, true, &words, &err);
	if (r < 0)
		return finish(&c, misused(&c, r, &err));
	if (r == OPT_STOP) {
		help_add(&c.out, NULL);
		return finish(&c, 0);
	}
	if (!words) {
		say(&c, "no verb given; see gantry --help");
		return finish(&c, EXIT_USAGE);
	}
	c.verb = verb_find(argv[1]);
	if (!c.verb)
		return finish(&c, verb_unknown(&c, argv[1]));
	return finish(&c, verb_main(&c, argv + 2));
}
