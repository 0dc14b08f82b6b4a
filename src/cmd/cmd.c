/* SPDX-License-Identifier: Apache-2.0 */
/* The invocation: its engine, its calls, its output, and the options of every verb. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"

static int set_level(void *field, const char *value, struct gantry_err *err)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = { { "error", GANTRY_LOG_ERROR }, { "err", GANTRY_LOG_ERROR },
		       { "warn", GANTRY_LOG_WARN },   { "warning", GANTRY_LOG_WARN },
		       { "info", GANTRY_LOG_INFO },   { "debug", GANTRY_LOG_DEBUG } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (str_eq(levels[i].name, value)) {
			*(int *)field = levels[i].level;
			return 0;
		}
	}
	return err_set(err, EINVAL, "\"%s\" is none of error, warn, info, debug", value);
}

static int set_help(void *field, const char *value, struct gantry_err *err)
{
	int r = opt_flag(field, value, err);

	return r < 0 ? r : *(bool *)field ? OPT_STOP : 0;
}

/* One engine for one invocation, until the verbs that only read can take several. */
static int set_engine(void *field, const char *value, struct gantry_err *err)
{
	if (str_eq(value, "all"))
		return err_set(err, ENOTSUP, "\"all\" is not supported yet");
	if (!*value)
		return err_set(err, EINVAL, "the engine's address is empty");
	return opt_text(field, value, err);
}

static int set_dir(void *field, const char *value, struct gantry_err *err)
{
	if (!*value)
		return err_set(err, EINVAL, "the directory's name is empty");
	return opt_text(field, value, err);
}

#define AT(field) offsetof(struct cmd, field)
const struct opt global_opts[] = {
	{ "engine", 'E', "ENGINE", set_engine, AT(engine),
	  "native, oci:RUNTIME, docker[:SOCKET], podman, null" },
	{ "root", 0, "DIR", set_dir, AT(root), "records that outlive a boot" },
	{ "run", 0, "DIR", set_dir, AT(run), "state of this boot" },
	{ "json", 0, NULL, opt_flag, AT(json), "print data as JSON" },
	OPT_REFUSED("format", 0),
	{ "quiet", 'q', NULL, opt_flag, AT(quiet),
	  "print ids only, no table, no progress" },
	{ "timeout", 0, "TIME", opt_duration, AT(timeout_us),
	  "give up after TIME (10s, 500ms, 1m30s)" },
	{ "log-level", 0, "LEVEL", set_level, AT(log_level),
	  "error, warn, info, debug (each request and command)" },
	{ "help", 'h', NULL, set_help, AT(help), "print this" },
	{ 0 }
};

int cmd_flush(struct cmd *c)
{
	int r = 0;

	if (c->out.failed) {
		say(c, "out of memory");
		return -ENOMEM;
	}
	if (!c->out.len)
		return 0;
	if (c->closed[STDOUT_FILENO])
		r = -EBADF;
	else
		r = fd_write(STDOUT_FILENO, c->out.buf, c->out.len);
	c->out.len = 0;
	if (r < 0 && r != -EPIPE) { /* who closes the pipe has read enough */
		struct gantry_err err;

		err_num(&err, r, "standard output");
		say(c, "%s", err.msg);
	}
	return r;
}

int cmd_put_json(struct cmd *c, struct json_out *o)
{
	char *text;
	size_t len;
	int r = json_out_take(o, &text, &len);

	if (r < 0) {
		say(c, "out of memory");
		return r;
	}
	str_addn(&c->out, text, len);
	str_add(&c->out, "\n");
	free(text);
	return 0;
}

struct gantry_op cmd_op(const struct cmd *c)
{
	struct gantry_op op = GANTRY_OP_INIT;
	uint64_t now = clock_mono();

	op.cancel_fd = signals_cancel_fd();
	if (c->deadline_ns) /* 0 would be no limit: the last microsecond stands for none left */
		op.timeout_us = c->deadline_ns > now + 1000 ? (c->deadline_ns - now) / 1000 : 1;
	return op;
}

struct gantry_engine_options cmd_engine_options(struct cmd *c)
{
	struct gantry_engine_options how = GANTRY_ENGINE_OPTIONS_INIT;

	how.root = c->root;
	how.run = c->run;
	how.log = say_log;
	how.log_arg = c;
	how.log_level = c->log_level;
	return how;
}

int cmd_open(struct cmd *c)
{
	struct gantry_engine_options how = cmd_engine_options(c);
	struct gantry_op op = cmd_op(c);

	if (gantry_engine_open(c->engine, &how, &c->e, &op) < 0)
		return say_failed(c, NULL, &op.err);
	return 0;
}

/* What became of one word, for --json. */
static void outcome(struct json_out *json, const char *id, const char *why)
{
	json_obj(json, NULL);
	json_str(json, "id", id);
	json_bool(json, "ok", !why);
	json_str(json, "error", why);
	json_end_obj(json);
}

int cmd_each(struct cmd *c, char **words, cmd_one *one, void *arg)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;
	int code = cmd_open(c);

	if (code)
		return code;
	json_arr(&json, NULL);
	for (; *words && !signals_got(); words++) {
		struct gantry_op op = cmd_op(c);
		int r = one(c->e, *words, arg, &op);

		if (r < 0)
			code = say_failed(c, *words, &op.err);
		else if (!r && !c->json && !c->quiet)
			str_addf(&c->out, "%s\n", *words);
		outcome(&json, *words, r < 0 ? op.err.msg : NULL);
	}
	if (*words && !code) { /* the signal came between two of them */
		say(c, "cancelled before %s", *words);
		code = c->verb->failed;
	}
	json_end_arr(&json);
	if (c->json && cmd_put_json(c, &json) < 0)
		code = c->verb->failed;
	return code;
}
