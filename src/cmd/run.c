/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `gantry run` and `gantry create`: one set of options that describes a
 * container. In the foreground stdin, stdout, stderr and signals are the
 * container's, and its exit code is ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "cmd/verbs.h"

struct options {
	struct gantry_create what;
	struct strv env, labels, volumes, cap_add, cap_drop, ulimits;
	bool detach, remove, read_only;
};

/* NAME=VALUE, or NAME for the value it has here; left out where it has none, as docker does. */
static int set_env(void *field, const char *value, struct gantry_err *err)
{
	const char *here;

	if (!*value || *value == '=')
		return err_set(err, EINVAL, "\"%s\" has no name", value);
	if (strchr(value, '='))
		return opt_list(field, value, err);
	here = getenv(value);
	if (here)
		strv_addf(field, "%s=%s", value, here);
	return ((struct strv *)field)->failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int set_label(void *field, const char *value, struct gantry_err *err)
{
	if (!*value || *value == '=')
		return err_set(err, EINVAL, "\"%s\" has no key", value);
	strv_addf(field, "%s%s", value, strchr(value, '=') ? "" : "=");
	return ((struct strv *)field)->failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* HOSTDIR:DIR[:ro|rw]; a HOSTDIR that begins with a dot is relative to here, as docker has it. */
static int set_volume(void *field, const char *value, struct gantry_err *err)
{
	struct strv *list = field;
	const char *colon = strchr(value, ':');

	if (!colon)
		return err_set(err, ENOTSUP, "\"%s\": anonymous volumes are not supported yet",
			       value);
	if (*value == '/') {
		strv_add(list, value);
	} else if (*value == '.') {
		clean_free char *given = strndup(value, (size_t)(colon - value));
		clean_free char *dir = given ? realpath(given, NULL) : NULL;

		if (!dir)
			return err_sys(err, "\"%s\"", value);
		strv_addf(list, "%s%s", dir, colon);
	} else {
		return err_set(err, ENOTSUP, "\"%s\": named volumes are not supported yet", value);
	}
	return list->failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int set_pids(void *field, const char *value, struct gantry_err *err)
{
	uint64_t n;
	int r;

	if (str_eq(value, "-1") || str_eq(value, "0")) { /* docker's words for no limit */
		*(int64_t *)field = 0;
		return 0;
	}
	r = opt_count(&n, value, err);
	if (r < 0)
		return r;
	if (n > INT64_MAX)
		return err_set(err, EINVAL, "\"%s\" is too large", value);
	*(int64_t *)field = (int64_t)n;
	return 0;
}

static int set_name(void *field, const char *value, struct gantry_err *err)
{
	if (!str_is_id(value))
		return err_set(err, EINVAL,
			       "\"%s\" is no name: [A-Za-z0-9][A-Za-z0-9_.-]*, 128 at most", value);
	return opt_text(field, value, err);
}

#define AT(field) offsetof(struct options, field)
/* In the order of the help. `run` adds those of a process that is started. */
static const struct opt create_opts[] = {
	{ "name", 0, "NAME", set_name, AT(what.name), "what to call it; else a name is made up" },
	{ "rm", 0, NULL, opt_flag, AT(remove), "remove it when it has exited" },
	{ "rootfs", 0, "DIR", opt_text, AT(what.rootfs),
	  "use this directory as its root (native, oci)" },
	{ "bundle", 'b', "DIR", opt_text, AT(what.bundle),
	  "use this OCI bundle and its config.json (native, oci)" },
	{ "env", 'e', "NAME[=VALUE]", set_env, AT(env),
	  "set a variable; without a value take it from here" },
	{ "workdir", 'w', "DIR", opt_text, AT(what.workdir),
	  "start in this directory of the container" },
	{ "user", 'u', "USER[:GROUP]", opt_text, AT(what.user),
	  "run as; numbers, for images also names" },
	{ "hostname", 'h', "NAME", opt_text, AT(what.hostname),
	  "what it takes for the host's name" },
	{ "label", 'l', "KEY[=VALUE]", set_label, AT(labels), "mark it" },
	{ "volume", 'v', "HOSTDIR:DIR[:ro|rw]", set_volume, AT(volumes),
	  "bind a directory of the host into it" },
	{ "read-only", 0, NULL, opt_flag, AT(read_only), "mount its root read-only" },
	{ "memory", 'm', "SIZE", opt_bytes, AT(what.mem_bytes), "memory limit: 64m, 2g" },
	{ "cpus", 0, "NUMBER", opt_milli, AT(what.cpu_milli), "CPU limit: 1.5" },
	{ "pids-limit", 0, "NUMBER", set_pids, AT(what.pids_limit),
	  "how many processes; -1 for no limit" },
	{ "cap-add", 0, "CAP", opt_list, AT(cap_add), "add a capability, or ALL" },
	{ "cap-drop", 0, "CAP", opt_list, AT(cap_drop), "drop a capability, or ALL" },
	{ "ulimit", 0, "NAME=SOFT[:HARD]", opt_list, AT(ulimits),
	  "set a limit of the process: nofile=1024:4096" },
	OPT_REFUSED("interactive", 'i'), OPT_REFUSED("tty", 't'),
	OPT_REFUSED("env-file", 0), OPT_REFUSED("mount", 0), OPT_REFUSED("entrypoint", 0),
	OPT_REFUSED("annotation", 0), OPT_REFUSED("memory-swap", 0), OPT_REFUSED("cpu-shares", 'c'),
	OPT_REFUSED("cpuset-cpus", 0), OPT_REFUSED("network", 0), OPT_REFUSED("net", 0),
	OPT_REFUSED("publish", 'p'),
	OPT_REFUSED("ip", 0), OPT_REFUSED("mac-address", 0), OPT_REFUSED("tmpfs", 0),
	OPT_REFUSED("device", 0), OPT_REFUSED("privileged", 0), OPT_REFUSED("security-opt", 0),
	OPT_REFUSED("init", 0), OPT_REFUSED("hook", 0), OPT_REFUSED("restart", 0),
	OPT_REFUSED("stop-signal", 0), OPT_REFUSED("stop-timeout", 0), OPT_REFUSED("log-driver", 0),
	OPT_REFUSED("log-opt", 0), OPT_REFUSED("pull", 0), OPT_REFUSED("platform", 0),
	OPT_REFUSED("cgroup-parent", 0), OPT_REFUSED("pidfile", 0), OPT_REFUSED("pod", 0),
	{ 0 }
};

static const struct opt run_opts[] = {
	{ "detach", 'd', NULL, opt_flag, AT(detach), "leave it running and print its id" },
	{ 0 }
};

static const char *const *list(struct strv *l)
{
	return (const char *const *)l->v;
}

/* Turns options and words into what the library takes. 0, or the exit code, said. */
static int describe(struct cmd *c, struct options *o, char **words)
{
	struct gantry_create *what = &o->what;

	what->size = sizeof(*what);
	if (!what->rootfs && !what->bundle) {
		if (!*words) {
			say(c, "give an IMAGE, --rootfs DIR or --bundle DIR; see gantry %s --help",
			    c->verb->name);
			return EXIT_GANTRY;
		}
		what->image = *words++;
		if (*words && str_eq(*words, "--"))
			words++;
	}
	what->args = *words ? (const char *const *)words : NULL;
	what->env = list(&o->env);
	what->labels = list(&o->labels);
	what->volumes = list(&o->volumes);
	what->cap_add = list(&o->cap_add);
	what->cap_drop = list(&o->cap_drop);
	what->ulimits = list(&o->ulimits);
	what->flags = (o->read_only ? GANTRY_CREATE_READ_ONLY : 0u) |
		      (o->remove ? GANTRY_CREATE_AUTO_REMOVE : 0u);
	return 0;
}

static void options_done(void *opts)
{
	struct options *o = opts;

	strv_done(&o->env);
	strv_done(&o->labels);
	strv_done(&o->volumes);
	strv_done(&o->cap_add);
	strv_done(&o->cap_drop);
	strv_done(&o->ulimits);
}

static int print_id(struct cmd *c, const char *id)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;

	if (!c->json) {
		str_addf(&c->out, "%s\n", id);
		return 0;
	}
	json_obj(&json, NULL);
	json_str(&json, "id", id);
	json_end_obj(&json);
	return cmd_put_json(c, &json) < 0 ? c->verb->failed : 0;
}

/*
 * The fd to hand to the container for stream `fd`, or -1 for nothing. A job in the
 * background of a terminal gets no stdin: the first read would stop all of it.
 */
static int stream(const struct cmd *c, int fd)
{
	if (c->closed[fd])
		return -1;
	if (fd == STDIN_FILENO && isatty(fd) && tcgetpgrp(fd) != getpgrp())
		return -1;
	return fd;
}

/* What a foreground run ended with, as an exit code. */
static int ended(struct cmd *c, int r, const char *id, const struct gantry_exit *end,
		 struct gantry_op *op)
{
	if ((r == -ETIMEDOUT || r == -ECANCELED) && *id)
		err_in(&op->err, r, "%s may still run", id);
	if (r < 0)
		return say_failed(c, NULL, &op->err);
	if (end->code < 0) {
		say(c, "%s: its exit code is unknown", id);
		return EXIT_GANTRY;
	}
	return end->code;
}

static int foreground(struct cmd *c, const struct gantry_create *what)
{
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit end = GANTRY_EXIT_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE] = "";
	int r;

	how.stdin_fd = stream(c, STDIN_FILENO);
	how.stdout_fd = stream(c, STDOUT_FILENO);
	how.stderr_fd = stream(c, STDERR_FILENO);
	how.signal_fd = signals_pass();
	if (how.signal_fd < 0) {
		err_num(&op.err, how.signal_fd, "no signalfd");
		return say_failed(c, NULL, &op.err);
	}
	op = cmd_op(c);
	r = gantry_container_run(c->e, what, &how, id, &end, &op);
	close(how.signal_fd);
	return ended(c, r, id, &end, &op);
}

static int detached(struct cmd *c, const struct gantry_create *what)
{
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_op op = cmd_op(c);
	char id[GANTRY_ID_SIZE] = "";

	how.flags = GANTRY_RUN_DETACH;
	if (gantry_container_run(c->e, what, &how, id, NULL, &op) < 0)
		return say_failed(c, NULL, &op.err);
	return print_id(c, id);
}

static int run(struct cmd *c, void *opts, char **words)
{
	struct options *o = opts;
	int code = describe(c, o, words);

	if (!code && c->json && !o->detach) {
		say(c, "--json needs -d: a foreground run prints what the container prints");
		code = EXIT_GANTRY;
	}
	if (!code)
		code = cmd_open(c);
	if (!code)
		code = o->detach ? detached(c, &o->what) : foreground(c, &o->what);
	return code;
}

static int create(struct cmd *c, void *opts, char **words)
{
	struct options *o = opts;
	char id[GANTRY_ID_SIZE] = "";
	int code = describe(c, o, words);

	if (!code)
		code = cmd_open(c);
	if (!code) {
		struct gantry_op op = cmd_op(c);

		code = gantry_container_create(c->e, &o->what, id, &op) < 0 ?
		       say_failed(c, NULL, &op.err) : print_id(c, id);
	}
	return code;
}

#define USAGE "[OPTIONS] IMAGE [COMMAND [ARGUMENT...]]\n" \
	      "[OPTIONS] --rootfs DIR [--] [COMMAND [ARGUMENT...]]\n" \
	      "[OPTIONS] --bundle DIR"

const struct verb verb_run = {
	.name = "run",
	.group = "Drive",
	.usage = USAGE,
	.summary = "Create and start a container, and wait for its end",
	.about = "In the foreground stdin, stdout and stderr are the container's, byte for byte\n"
		 "(stdin too, without -i; a job in a terminal's background gets none), signals\n"
		 "are passed to it, and its exit code is ours: 128+N when signal N ended it.\n"
		 "Without --rm it is kept with its exit code. -d prints the id; with --json an\n"
		 "object with id. -h is the hostname: help is --help alone.\n",
	.opts = run_opts,
	.more = create_opts,
	.opts_size = sizeof(struct options),
	.done = options_done,
	.max = -1,
	.flags = VERB_PREFIX | VERB_DATA,
	.failed = EXIT_GANTRY,
	.misused = EXIT_GANTRY,
	.main = run,
};

const struct verb verb_create = {
	.name = "create",
	.group = "Drive",
	.usage = USAGE,
	.summary = "Create a container without starting it, and print its id",
	.about = "--json: an object with id. -h is the hostname: help is --help alone.\n",
	.opts = create_opts,
	.opts_size = sizeof(struct options),
	.done = options_done,
	.max = -1,
	.flags = VERB_PREFIX | VERB_DATA,
	.failed = EXIT_GANTRY,
	.misused = EXIT_GANTRY,
	.main = create,
};
