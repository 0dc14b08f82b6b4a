/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that do one thing to each container named: start stop kill pause unpause rm. */
#include <errno.h>
#include <signal.h>

#include "base/err.h"
#include "cmd/verbs.h"

#define EACH "--json: an array of objects with id, ok and error (null when it went well).\n"

static int start_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	(void)arg;
	return gantry_container_start(e, id, op);
}

static int start(struct cmd *c, void *opts, char **words)
{
	return cmd_each(c, words, start_one, opts);
}

static const struct opt start_opts[] = {
	OPT_REFUSED("attach", 'a'), OPT_REFUSED("interactive", 'i'), { 0 }
};

const struct verb verb_start = {
	.name = "start",
	.group = "Drive",
	.usage = "[OPTIONS] CONTAINER...",
	.summary = "Start created containers, or stopped ones where the engine can",
	.opts = start_opts,
	.about = EACH,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_GANTRY,
	.misused = EXIT_GANTRY,
	.main = start,
};

struct stop_options {
	uint64_t grace_us;
	bool given;
	int signal;
};

/* Here, other than for --timeout, 0 is an answer: no grace. */
static int set_grace(void *field, const char *value, struct gantry_err *err)
{
	struct stop_options *o = field;

	if (str_duration_us(value, &o->grace_us) < 0)
		return err_set(err, EINVAL, "\"%s\" is not a time such as 10 or 500ms", value);
	o->given = true;
	return 0;
}

static const struct opt stop_opts[] = {
	{ "time", 't', "TIME", set_grace, 0, "how long it may take before it is killed (10s)" },
	{ "signal", 's', "SIGNAL", opt_signal, offsetof(struct stop_options, signal),
	  "the first signal; else the container's own, TERM" },
	{ 0 }
};

static int stop_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	const struct stop_options *o = arg;
	struct gantry_stop how = GANTRY_STOP_INIT;

	if (o->given)
		how.grace_us = o->grace_us;
	how.signal = o->signal;
	return gantry_container_stop(e, id, &how, op);
}

static int stop(struct cmd *c, void *opts, char **words)
{
	return cmd_each(c, words, stop_one, opts);
}

const struct verb verb_stop = {
	.name = "stop",
	.group = "Drive",
	.usage = "[OPTIONS] CONTAINER...",
	.summary = "Ask containers to end, and kill those that do not",
	.about = "-t is for each container; --timeout is when gantry itself gives up.\n" EACH,
	.opts = stop_opts,
	.opts_size = sizeof(struct stop_options),
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = stop,
};

struct kill_options {
	int signal;
	bool all;
};

static const struct opt kill_opts[] = {
	{ "signal", 's', "SIGNAL", opt_signal, offsetof(struct kill_options, signal),
	  "which one, by name or number (KILL)" },
	{ "all", 'a', NULL, opt_flag, offsetof(struct kill_options, all),
	  "to every process in it, not the first alone" },
	{ 0 }
};

static int kill_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	const struct kill_options *o = arg;

	return gantry_container_kill(e, id, o->signal ? o->signal : SIGKILL,
				     o->all ? GANTRY_KILL_ALL : 0, op);
}

static int kill_each(struct cmd *c, void *opts, char **words)
{
	return cmd_each(c, words, kill_one, opts);
}

const struct verb verb_kill = {
	.name = "kill",
	.group = "Drive",
	.usage = "[OPTIONS] CONTAINER...",
	.summary = "Send a signal to containers",
	.opts = kill_opts,
	.opts_size = sizeof(struct kill_options),
	.about = EACH,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = kill_each,
};

static int pause_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	(void)arg;
	return gantry_container_pause(e, id, op);
}

static int pause_each(struct cmd *c, void *opts, char **words)
{
	return cmd_each(c, words, pause_one, opts);
}

const struct verb verb_pause = {
	.name = "pause",
	.group = "Drive",
	.usage = "CONTAINER...",
	.summary = "Freeze every process of containers",
	.about = EACH,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = pause_each,
};

static int resume_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	(void)arg;
	return gantry_container_resume(e, id, op);
}

static int resume_each(struct cmd *c, void *opts, char **words)
{
	return cmd_each(c, words, resume_one, opts);
}

const struct verb verb_unpause = {
	.name = "unpause",
	.group = "Drive",
	.usage = "CONTAINER...",
	.summary = "Thaw paused containers",
	.about = EACH,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = resume_each,
};

struct rm_options {
	bool force;
	struct cmd *c;
};

static const struct opt rm_opts[] = {
	{ "force", 'f', NULL, opt_flag, offsetof(struct rm_options, force),
	  "in any state: kills what runs; no such container is no failure" },
	OPT_REFUSED("volumes", 'v'), OPT_REFUSED("link", 0),
	{ 0 }
};

static int rm_one(struct gantry_engine *e, const char *id, void *arg, struct gantry_op *op)
{
	const struct rm_options *o = arg;
	int r = gantry_container_delete(e, id, o->force ? GANTRY_DELETE_FORCE : 0, op);

	if (r != -ENOENT || !o->force)
		return r;
	/* with --force what is not there is what was wanted: as docker and runc have it */
	if (!o->c->quiet)
		say_failed(o->c, id, &op->err);
	return 1;
}

static int rm(struct cmd *c, void *opts, char **words)
{
	((struct rm_options *)opts)->c = c;
	return cmd_each(c, words, rm_one, opts);
}

const struct verb verb_rm = {
	.name = "rm",
	.group = "Drive",
	.usage = "[OPTIONS] CONTAINER...",
	.summary = "Remove containers with their records and exit codes",
	.opts = rm_opts,
	.opts_size = sizeof(struct rm_options),
	.about = EACH,
	.min = 1,
	.max = -1,
	.flags = VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = rm,
};
