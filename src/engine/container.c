/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of containers: each function checks its arguments, begins
 * the call, and hands it to the engine's slot or to a composite.
 */
#include <gantry/container.h>

#include <string.h>

#include "base/err.h"
#include "engine/composite.h"
#include "engine/request.h"
#include "engine/verbs.h"

int gantry_container_prepare(struct gantry_engine *e, const struct gantry_create *what,
			     struct gantry_op *op)
{
	struct gantry_create w;
	struct call c;
	int r = verb_begin(&c, e, VERB_PREPARE, op);

	if (r < 0)
		return r;
	r = request_create(&w, what, c.err);
	if (r == 0)
		r = e->ops->prepare(e, &w, &c);
	return call_end(&c, op, r);
}

int gantry_container_create(struct gantry_engine *e, const struct gantry_create *what,
			    char ret_id[GANTRY_ID_SIZE], struct gantry_op *op)
{
	char id[GANTRY_ID_SIZE] = "";
	struct gantry_create w;
	struct call c;
	int r = verb_begin(&c, e, VERB_CREATE, op);

	if (r < 0)
		return r;
	r = request_create(&w, what, c.err);
	if (r == 0)
		r = e->ops->create(e, &w, id, &c);
	if (r == 0 && ret_id)
		memcpy(ret_id, id, sizeof(id));
	return call_end(&c, op, r);
}

int gantry_container_start(struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_START, id, op);

	return r < 0 ? r : call_end(&c, op, e->ops->start(e, id, &c));
}

int gantry_container_run(struct gantry_engine *e, const struct gantry_create *what,
			 const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
			 struct gantry_exit *ret, struct gantry_op *op)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE] = "";
	struct gantry_create w;
	struct gantry_run h;
	struct call c;
	int r = verb_begin(&c, e, VERB_RUN, op);

	if (r < 0)
		return r;
	r = request_create(&w, what, c.err);
	if (r == 0)
		r = request_run(&h, how, c.err);
	if (r == 0)
		r = request_exit(ret, c.err);
	if (r < 0)
		return call_end(&c, op, r);
	r = composite_run(e, &w, &h, id, &x, &c);
	if (ret_id && *id)
		memcpy(ret_id, id, sizeof(id));
	/* it may have ended well and its output be lost (a full disk): then both are told */
	if ((r == 0 || x.code >= 0) && !(h.flags & GANTRY_RUN_DETACH))
		request_exit_fill(ret, &x);
	return call_end(&c, op, r);
}

int gantry_container_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags,
			  struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_KILL, id, op);

	if (r < 0)
		return r;
	r = request_signal(sig, c.err);
	if (r == 0)
		r = request_flags(flags, GANTRY_KILL_ALL, c.err);
	if (r == 0)
		r = e->ops->kill(e, id, sig, flags, &c);
	return call_end(&c, op, r);
}

int gantry_container_stop(struct gantry_engine *e, const char *id, const struct gantry_stop *how,
			  struct gantry_op *op)
{
	struct gantry_stop h;
	struct call c;
	int r = verb_begin_id(&c, e, VERB_STOP, id, op);

	if (r < 0)
		return r;
	r = request_stop(&h, how, c.err);
	if (r == 0)
		r = composite_stop(e, id, &h, &c);
	return call_end(&c, op, r);
}

int gantry_container_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
			  struct gantry_op *op)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct call c;
	int r = verb_begin_id(&c, e, VERB_WAIT, id, op);

	if (r < 0)
		return r;
	r = request_exit(ret, c.err);
	if (r == 0)
		r = e->ops->wait(e, id, &x, &c);
	if (r == 0)
		request_exit_fill(ret, &x);
	return call_end(&c, op, r);
}

int gantry_container_pause(struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_PAUSE, id, op);

	return r < 0 ? r : call_end(&c, op, e->ops->pause(e, id, &c));
}

int gantry_container_resume(struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_RESUME, id, op);

	return r < 0 ? r : call_end(&c, op, e->ops->resume(e, id, &c));
}

int gantry_container_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
			 struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_GET, id, op);

	if (r < 0)
		return r;
	r = ret ? e->ops->get(e, id, ret, &c) :
		  err_set(c.err, EINVAL, "get: there is no place for the answer");
	return call_end(&c, op, r);
}

int gantry_container_list(struct gantry_engine *e, struct gantry_container ***ret,
			  struct gantry_op *op)
{
	struct call c;
	int r = verb_begin(&c, e, VERB_LIST, op);

	if (r < 0)
		return r;
	r = ret ? e->ops->list(e, false, ret, &c) :
		  err_set(c.err, EINVAL, "list: there is no place for the answer");
	return call_end(&c, op, r);
}

int gantry_container_delete(struct gantry_engine *e, const char *id, unsigned flags,
			    struct gantry_op *op)
{
	struct call c;
	int r = verb_begin_id(&c, e, VERB_DELETE, id, op);

	if (r < 0)
		return r;
	r = request_flags(flags, GANTRY_DELETE_FORCE, c.err);
	if (r == 0)
		r = composite_delete(e, id, flags, &c);
	return call_end(&c, op, r);
}
