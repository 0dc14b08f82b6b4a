/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in engine: gantry-oci is its runtime, and what can be learnt from
 * or done to a running container needs no program at all. Containers made by
 * gantry-oci's own command line in the same state directory are seen too.
 */
#include "container/control.h"
#include "container/state.h"
#include "engine/local.h"

#include <string.h>

#include "base/clean.h"
#include "base/err.h"

static int native_state(struct local *l, const char *id, struct local_state *ret, struct call *c)
{
	clean_state struct state s = { 0 };
	int r = state_read(l->state_root, id, &s, c->err);

	if (r < 0)
		return r;
	*ret = (struct local_state){
		.status = s.status,
		.pid = s.pid,
		.created_ns = s.created_ns,
		.bundle = TAKE_PTR(s.bundle),
		.rootfs = TAKE_PTR(s.rootfs),
	};
	return 0;
}

static int native_pidfd(struct local *l, const char *id, struct call *c)
{
	clean_state struct state s = { 0 };
	int r = state_read(l->state_root, id, &s, c->err);

	return r < 0 ? r : state_pidfd(&s);
}

static int native_ids(struct local *l, struct strv *ret, struct call *c)
{
	clean_strv struct strv ids = { 0 };
	int r = state_list(l->state_root, &ids, c->err);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		strv_add(ret, ids.v[i]);
	return r;
}

static int native_kill(struct local *l, const char *id, int sig, bool all, struct call *c)
{
	clean_state struct state s = { 0 };
	int r = state_read(l->state_root, id, &s, c->err);

	return r < 0 ? r : control_kill(&s, sig, all, c->err);
}

static int native_pause(struct local *l, const char *id, struct call *c)
{
	clean_state struct state s = { 0 };
	int r = state_read(l->state_root, id, &s, c->err);

	return r < 0 ? r : control_pause_call(&s, c);
}

static int native_resume(struct local *l, const char *id, struct call *c)
{
	clean_state struct state s = { 0 };
	int r = state_read(l->state_root, id, &s, c->err);

	return r < 0 ? r : control_resume_call(&s, c);
}

static const struct local_kind native_kind = {
	.state = native_state,
	.pidfd = native_pidfd,
	.ids = native_ids,
	.kill = native_kill,
	.pause = native_pause,
	.resume = native_resume,
};

static int native_open(const struct gantry_engine *proto, const struct engine_where *w,
		       struct gantry_engine **ret, struct call *c)
{
	struct local *l;
	int r;

	if (*w->rest)
		return err_set(c->err, EINVAL, "native takes no address, got \"%.120s\"", w->rest);
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(c->err, ENOMEM, "out of memory");
	l->kind = &native_kind;
	l->state_root = str_printf("%s/oci", proto->run);
	r = l->state_root ? local_open(l, proto, w, "native", c)
			  : err_set(c->err, ENOMEM, "out of memory");
	if (r < 0) {
		local_free(l);
		return r;
	}
	l->head = *proto;
	l->run.path = l->monitor;
	l->head.path = strdup(l->monitor);
	if (!l->head.path) {
		local_free(l);
		return err_set(c->err, ENOMEM, "out of memory");
	}
	*ret = &l->head;
	return 0;
}

static const char *const native_keys[] = { "root", NULL };

const struct engine_ops engine_native = {
	.kind = "native",
	.keys = native_keys,
	.open = native_open,
	LOCAL_SLOTS,
};
