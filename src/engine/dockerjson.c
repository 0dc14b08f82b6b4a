/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API's JSON: what to create goes out, what there is comes in. Everything
 * that comes in is the word of whoever owns the socket: a missing or odd field
 * means "not told", and only an answer that names no container is an error.
 *
 * What bites: podman repeats the name of a command without arguments in Args,
 * keeps the pid of a container that has ended, and has states of its own
 * (configured, stopped).
 */
#include "engine/docker.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ---- out ------------------------------------------------------------------------------------- */

static void put_text(struct json_out *o, const char *key, const char *text)
{
	if (text)
		json_str(o, key, text);
}

static void put_list(struct json_out *o, const char *key, const char *const *list)
{
	if (list)
		json_strv(o, key, list);
}

/* "KEY=VALUE" into members; our marks come last, so that they are the ones that count. */
static void put_labels(struct json_out *o, const struct docker *d, const char *mark,
		       const char *const *labels)
{
	json_obj(o, "Labels");
	for (; labels && *labels; labels++) {
		const char *eq = strchrnul(*labels, '=');
		char *key = strndup(*labels, (size_t)(eq - *labels));

		if (key)
			json_str(o, key, *eq ? eq + 1 : "");
		else
			o->failed = true;
		free(key);
	}
	json_str(o, OWNER_LABEL, d->head.owner);
	json_str(o, DOCKER_MARK, mark);
	json_end_obj(o);
}

/* A limit as the API has it: a number, or -1 for none. */
static int ulimit_number(const char *text, size_t len, int64_t *ret)
{
	char digits[24];
	uint64_t n;

	if ((len == 2 && !memcmp(text, "-1", 2)) || (len == 9 && !memcmp(text, "unlimited", 9))) {
		*ret = -1;
		return 0;
	}
	if (len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_u64(digits, &n) < 0 || n > INT64_MAX)
		return -EINVAL;
	*ret = (int64_t)n;
	return 0;
}

/* "nofile=SOFT[:HARD]" */
static int put_ulimit(struct json_out *o, const char *text, struct gantry_err *err)
{
	const char *eq = strchrnul(text, '='), *soft = *eq ? eq + 1 : eq, *hard = strchr(soft, ':');
	size_t soft_len = hard ? (size_t)(hard - soft) : strlen(soft);
	int64_t s, h;

	if (ulimit_number(soft, soft_len, &s) < 0 ||
	    ulimit_number(hard ? hard + 1 : soft, hard ? strlen(hard + 1) : soft_len, &h) < 0)
		return err_set(err, EINVAL, "ulimit \"%.64s\" is not NAME=SOFT[:HARD]", text);
	if (h != -1 && (s == -1 || s > h))
		return err_set(err, EINVAL, "ulimit \"%.64s\": soft is above hard", text);
	json_obj(o, NULL);
	json_strn(o, "Name", text, (size_t)(eq - text));
	json_int(o, "Soft", s);
	json_int(o, "Hard", h);
	json_end_obj(o);
	return 0;
}

static int put_limits(struct json_out *o, const struct gantry_create *what, struct gantry_err *err)
{
	int r = 0;

	if (what->mem_bytes > INT64_MAX)
		return err_set(err, EINVAL, "a memory limit of %llu bytes is too large",
			       (unsigned long long)what->mem_bytes);
	if (what->cpu_milli > INT64_MAX / 1000000)
		return err_set(err, EINVAL, "a limit of %llu thousandths of a CPU is too large",
			       (unsigned long long)what->cpu_milli);
	if (what->mem_bytes)
		json_uint(o, "Memory", what->mem_bytes);
	if (what->cpu_milli)
		json_uint(o, "NanoCpus", what->cpu_milli * 1000000);
	if (what->pids_limit)
		json_int(o, "PidsLimit", what->pids_limit);
	if (!what->ulimits)
		return 0;
	json_arr(o, "Ulimits");
	for (const char *const *u = what->ulimits; r == 0 && *u; u++)
		r = put_ulimit(o, *u, err);
	json_end_arr(o);
	return r;
}

static int put_host(struct json_out *o, const struct gantry_create *what, struct gantry_err *err)
{
	int r;

	json_obj(o, "HostConfig");
	put_list(o, "Binds", what->volumes);
	put_list(o, "CapAdd", what->cap_add);
	put_list(o, "CapDrop", what->cap_drop);
	if (what->flags & GANTRY_CREATE_READ_ONLY)
		json_bool(o, "ReadonlyRootfs", true);
	if (what->flags & GANTRY_CREATE_AUTO_REMOVE)
		json_bool(o, "AutoRemove", true);
	r = put_limits(o, what, err);
	json_end_obj(o);
	return r;
}

/* An old daemon would leave these out without a word. */
static int check_age(const struct docker *d, const struct gantry_create *what, struct call *c)
{
	bool removes = what->flags & GANTRY_CREATE_AUTO_REMOVE;
	const char *lacks = removes	    ? "remove containers by itself" :
			    what->cpu_milli ? "limit CPUs" : NULL;

	if (d->minor >= DOCKER_AUTO_REMOVE || !lacks)
		return 0;
	return err_set(c->err, ENOTSUP, "docker with API 1.%u cannot %s", d->minor, lacks);
}

int docker_create_body(const struct docker *d, const struct gantry_create *what,
		       const struct gantry_run *how, const char *mark, struct docker_body *ret,
		       struct call *c)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	int r = check_age(d, what, c);

	if (r < 0)
		return r;
	json_obj(&o, NULL);
	put_text(&o, "Image", what->image);
	put_list(&o, "Cmd", what->args);
	put_list(&o, "Env", what->env);
	put_text(&o, "WorkingDir", what->workdir);
	put_text(&o, "User", what->user);
	put_text(&o, "Hostname", what->hostname);
	if (how && how->stdin_fd >= 0) {
		json_bool(&o, "AttachStdin", true);
		json_bool(&o, "OpenStdin", true);
		json_bool(&o, "StdinOnce", true); /* our end of stdin is the container's */
	}
	json_bool(&o, "AttachStdout", how && how->stdout_fd >= 0);
	json_bool(&o, "AttachStderr", how && how->stderr_fd >= 0);
	put_labels(&o, d, mark, what->labels);
	r = put_host(&o, what, c->err);
	json_end_obj(&o);
	if (r < 0)
		return r;
	r = json_out_take(&o, &ret->text, &ret->len);
	return r < 0 ? err_set(c->err, ENOMEM, "out of memory") : 0;
}

/* ---- in -------------------------------------------------------------------------------------- */

int docker_json(struct http *h, enum json_type want, struct json_doc *doc, struct call *c)
{
	struct json_limits lim = { h->max, 64, 4u << 20 };
	int r;

	if (!h->body.len)
		return err_set(c->err, EPROTO, "the answer to \"%s\" is empty",
			       c->step ? c->step : "request");
	r = json_parse(doc, "answer", h->body.buf, h->body.len, &lim, c->err);
	if (r == -EBADMSG || r == -E2BIG) {
		c->err->code = EPROTO; /* the peer's fault, not a file's or the caller's */
		return -EPROTO;
	}
	if (r == 0 && !json_is(doc->root, want)) {
		r = err_set(c->err, EPROTO, "the answer to \"%s\" is %s",
			    c->step ? c->step : "request", json_type_name(doc->root));
		json_done(doc);
	}
	return r;
}

static int state_of(const char *status)
{
	static const struct {
		const char *name;
		int state;
	} states[] = {
		{ "created", GANTRY_STATE_CREATED },	   { "configured", GANTRY_STATE_CREATED },
		{ "initialized", GANTRY_STATE_CREATED },   { "running", GANTRY_STATE_RUNNING },
		{ "stopping", GANTRY_STATE_RUNNING },	   { "paused", GANTRY_STATE_PAUSED },
		{ "restarting", GANTRY_STATE_RESTARTING }, { "exited", GANTRY_STATE_STOPPED },
		{ "stopped", GANTRY_STATE_STOPPED },	   { "removing", GANTRY_STATE_DEAD },
		{ "dead", GANTRY_STATE_DEAD },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_eq(states[i].name, status))
			return states[i].state;
	return GANTRY_STATE_UNKNOWN;
}

/* Go's zero time is year 1: not yet, or never. */
static uint64_t time_of(const struct json *v)
{
	const char *text = json_text(v, "");
	uint64_t ns;

	return str_after(text, "0001-") || str_time_parse(text, &ns) < 0 ? 0 : ns;
}

/*
 * dockerd tells no more than a number. 128+N is what it makes of signal N, so
 * that is how it is read back; a program that exits with such a number by
 * itself cannot be told apart through this API.
 */
void docker_exit(int64_t code, struct gantry_exit *ret)
{
	ret->code = code >= 0 && code <= 255 ? (int)code : -1;
	ret->signal = code > 128 && code <= 128 + 64 ? (int)code - 128 : 0;
}

static void view_state(const struct json *s, struct gantry_container *k)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int64_t n;

	k->state = state_of(json_text(json_get(s, "Status"), ""));
	k->started_ns = time_of(json_get(s, "StartedAt"));
	if ((k->state == GANTRY_STATE_RUNNING || k->state == GANTRY_STATE_PAUSED) &&
	    json_i64(json_get(s, "Pid"), &n) == 0 && n > 0 && n <= INT_MAX)
		k->pid = (int)n;
	if (k->state != GANTRY_STATE_STOPPED && k->state != GANTRY_STATE_DEAD)
		return;
	k->finished_ns = time_of(json_get(s, "FinishedAt"));
	if (json_i64(json_get(s, "ExitCode"), &n) == 0)
		docker_exit(n, &x);
	k->exit_code = x.code;
	k->exit_signal = x.signal;
	k->oom = json_true(json_get(s, "OOMKilled"));
}

static void view_args(const struct docker *d, const struct json *j, struct docker_view *v)
{
	const char *path = json_text(json_get(j, "Path"), "");
	const struct json *args = json_get(j, "Args"), *one = json_first(args);

	if (*path)
		strv_add(&v->args, path);
	if (d->podman && one && !json_next(one) && str_eq(json_text(one, ""), path))
		return;
	for json_each(a, args)
		strv_add(&v->args, json_text(a, ""));
}

static void view_labels(const struct json *labels, struct docker_view *v)
{
	if (!json_is(labels, JSON_OBJECT))
		return;
	for json_each(l, labels)
		if (!str_eq(l->key, DOCKER_MARK))
			strv_addf(&v->labels, "%s=%s", l->key, json_text(l, ""));
}

static int view_end(struct docker_view *v, struct call *c)
{
	if (v->args.failed || v->labels.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	v->k.args = (const char *const *)v->args.v;
	v->k.labels = (const char *const *)v->labels.v;
	return 0;
}

static int view_id(const struct json *j, struct docker_view *v, struct call *c)
{
	*v = (struct docker_view){ .k = { .size = sizeof(v->k), .exit_code = -1 } };
	v->k.id = json_text(json_get(j, "Id"), "");
	if (!str_is_id(v->k.id))
		return err_set(c->err, EPROTO, "the daemon describes a container without an id");
	return 0;
}

static const char *without_slash(const char *name)
{
	return *name == '/' ? name + 1 : name;
}

int docker_view_inspect(const struct docker *d, const struct json *j, struct docker_view *v,
			struct call *c)
{
	struct gantry_container *k = &v->k;
	const struct json *stop;
	int64_t sig = 0;
	int r = view_id(j, v, c);

	if (r < 0)
		return r;
	k->name = without_slash(json_text(json_get(j, "Name"), ""));
	k->image = json_text(json_at(j, "Config.Image"), "");
	k->rootfs = json_text(json_at(j, "GraphDriver.Data.MergedDir"), "");
	k->created_ns = time_of(json_get(j, "Created"));
	stop = json_at(j, "Config.StopSignal"); /* podman before 5: a number */
	if (json_i64(stop, &sig) < 0)
		sig = gantry_signal_parse(json_text(stop, ""));
	k->stop_signal = sig > 0 && sig <= 64 ? (int)sig : 0;
	view_state(json_get(j, "State"), k);
	view_args(d, j, v);
	view_labels(json_at(j, "Config.Labels"), v);
	return view_end(v, c);
}

int docker_view_entry(const struct json *j, struct docker_view *v, struct call *c)
{
	uint64_t created;
	int r = view_id(j, v, c);

	if (r < 0)
		return r;
	v->k.name = without_slash(json_text(json_first(json_get(j, "Names")), ""));
	v->k.image = json_text(json_get(j, "Image"), "");
	if (json_u64(json_get(j, "Created"), &created) == 0 && created < UINT64_MAX / 1000000000)
		v->k.created_ns = created * 1000000000;
	view_labels(json_get(j, "Labels"), v);
	return view_end(v, c);
}

void docker_view_done(struct docker_view *v)
{
	strv_done(&v->args);
	strv_done(&v->labels);
}

void docker_exit_more(const struct docker_view *v, struct gantry_exit *ret)
{
	ret->finished_ns = v->k.finished_ns;
	ret->oom = v->k.oom;
}

int docker_waited(struct http *h, struct gantry_exit *ret, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	int r = docker_json(h, JSON_OBJECT, &doc, c);
	const char *why;
	char shown[160];
	int64_t code;

	if (r < 0)
		return r;
	why = json_text(json_at(doc.root, "Error.Message"), "");
	if (*why) {
		str_printable(shown, sizeof(shown), why);
		return err_set(c->err, EIO, "wait: %s", shown);
	}
	if (json_i64(json_get(doc.root, "StatusCode"), &code) < 0)
		return err_set(c->err, EPROTO, "the daemon tells no exit code");
	docker_exit(code, ret);
	return 0;
}
