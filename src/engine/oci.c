/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any OCI runtime by its command line: runc, crun, youki, a script. It is
 * executed for every question, so a container whose end is on record is not
 * asked about.
 */
#include "engine/local.h"

#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/json.h"

/* The specification's names; youki writes them with a capital. */
static int parse_status(const char *text)
{
	static const struct {
		const char *name;
		int status;
	} names[] = {
		{ "creating", GANTRY_STATE_CREATING }, { "created", GANTRY_STATE_CREATED },
		{ "running", GANTRY_STATE_RUNNING },   { "paused", GANTRY_STATE_PAUSED },
		{ "stopped", GANTRY_STATE_STOPPED },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0)
			return names[i].status;
	return GANTRY_STATE_UNKNOWN;
}

static int parse_state(const struct local *l, char *text, size_t len, struct local_state *ret,
		       struct gantry_err *err)
{
	clean_json struct json_doc doc = { 0 };
	const char *status, *bundle;
	int64_t pid = 0;

	if (json_parse(&doc, "state", text, len, NULL, err) < 0)
		return err_in(err, err_set(err, EPROTO, "%.180s", err->msg), "%s", l->run.path);
	status = json_text(json_get(doc.root, "status"), NULL);
	bundle = json_text(json_get(doc.root, "bundle"), NULL);
	if (!status)
		return err_set(err, EPROTO, "%s state: no status in its answer", l->run.path);
	if (json_i64(json_get(doc.root, "pid"), &pid) < 0 || pid < 0 || pid > INT32_MAX)
		pid = 0;
	ret->status = parse_status(status);
	ret->pid = ret->status == GANTRY_STATE_STOPPED ? 0 : (pid_t)pid;
	(void)str_time_parse(json_text(json_get(doc.root, "created"), ""), &ret->created_ns);
	ret->bundle = bundle ? strdup(bundle) : NULL;
	return 0;
}

static int oci_state(struct local *l, const char *id, struct local_state *ret, struct call *c)
{
	clean_spawn_result struct spawn_result said = { 0 };
	const char *const args[] = { id, NULL };
	int r = foreign_call(&l->run, "state", args, &said, c);

	return r < 0 ? r : parse_state(l, said.out, said.out_len, ret, c->err);
}

static int oci_kill(struct local *l, const char *id, int sig, bool all, struct call *c)
{
	char number[16];
	const char *args[] = { all ? "--all" : id, all ? id : number, all ? number : NULL, NULL };

	snprintf(number, sizeof(number), "%d", sig);
	return foreign_call(&l->run, "kill", args, NULL, c);
}

static int oci_pause(struct local *l, const char *id, struct call *c)
{
	const char *const args[] = { id, NULL };

	return foreign_call(&l->run, "pause", args, NULL, c);
}

static int oci_resume(struct local *l, const char *id, struct call *c)
{
	const char *const args[] = { id, NULL };

	return foreign_call(&l->run, "resume", args, NULL, c);
}

static const struct local_kind oci_kind = {
	.state = oci_state,
	.kill = oci_kill,
	.pause = oci_pause,
	.resume = oci_resume,
};

static int find_runtime(const char *name, char **ret, struct gantry_err *err)
{
	int r;

	if (!*name)
		return err_set(err, EINVAL,
			       "oci needs a runtime: oci:runc, oci:crun, oci:/path/to/runtime");
	r = spawn_which(name, ret);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "there is no runtime \"%.120s\"%s", name,
			       strchr(name, '/') ? "" : " in $PATH");
	return r < 0 ? err_num(err, r, "runtime \"%.120s\"", name) : 0;
}

static int oci_open(const struct gantry_engine *proto, const struct engine_where *w,
		    struct gantry_engine **ret, struct call *c)
{
	clean_free char *path = NULL;
	struct local *l;
	int r;

	r = find_runtime(w->rest, &path, c->err);
	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(c->err, ENOMEM, "out of memory");
	l->kind = &oci_kind;
	r = local_open(l, proto, w, strrchr(path, '/') + 1, c);
	if (r < 0) {
		local_free(l);
		return r;
	}
	l->head = *proto;
	l->head.path = TAKE_PTR(path);
	l->run.path = l->head.path;
	*ret = &l->head;
	return 0;
}

static const char *const oci_keys[] = { "root", NULL };

const struct engine_ops engine_oci = {
	.kind = "oci",
	.keys = oci_keys,
	.open = oci_open,
	LOCAL_SLOTS,
};
