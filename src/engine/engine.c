/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of engines: find the table behind an address, resolve the
 * options once, open. Owns the strings at the head of every engine.
 */
#include "engine/ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/sized.h"
#include "base/str.h"
#include "engine/composite.h"
#include "engine/verbs.h"
#include "engine/where.h"

/* What was given, else what the environment says, else `fallback`. "" counts as not given. */
static const char *first_of(const char *given, const char *variable, const char *fallback)
{
	const char *env = variable ? getenv(variable) : NULL;

	if (given && *given)
		return given;
	return env && *env ? env : fallback;
}

static void free_head(struct gantry_engine *e)
{
	free(e->root);
	free(e->run);
	free(e->oci);
	free(e->owner);
	free(e->path);
}

static int copy_directory(char **to, const char *what, const char *path, struct gantry_err *err)
{
	if (*path != '/')
		return err_set(err, EINVAL, "%s \"%.120s\" is not an absolute directory", what,
			       path);
	*to = strdup(path);
	return *to ? 0 : err_set(err, ENOMEM, "out of memory");
}

static int copy_text(char **to, const char *text, struct gantry_err *err)
{
	if (!text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : err_set(err, ENOMEM, "out of memory");
}

/* Options into the head of an engine. On failure *e may hold strings already. */
static int resolve(const struct gantry_engine_options *o, struct gantry_engine *e,
		   struct gantry_err *err)
{
	const char *owner = first_of(o->owner, NULL, "gantry");
	int r;

	if (o->reserved || o->log_level < GANTRY_LOG_ERROR || o->log_level > GANTRY_LOG_DEBUG)
		return err_set(err, EINVAL,
			       "engine options: unknown log level, or reserved is not 0");
	if (!str_is_id(owner))
		return err_set(err, EINVAL, "owner \"%.64s\" has to be letters, digits, _ . -",
			       owner);
	r = copy_directory(&e->root, "root", first_of(o->root, "GANTRY_ROOT", "/var/lib/gantry"),
			   err);
	if (r == 0)
		r = copy_directory(&e->run, "run", first_of(o->run, "GANTRY_RUN", "/run/gantry"),
				   err);
	if (r == 0)
		r = copy_text(&e->oci, first_of(o->oci, "GANTRY_OCI", NULL), err);
	if (r == 0)
		r = copy_text(&e->owner, owner, err);
	return r;
}

static int options(struct gantry_engine_options *to, const struct gantry_engine_options *from,
		   struct gantry_err *err)
{
	int r = sized_copy(to, sizeof(*to), from);

	if (r == -E2BIG)
		return err_set(err, E2BIG,
			       "engine options have fields that this gantry does not know");
	if (r < 0)
		return err_set(err, -r,
			       "engine options have no size: use GANTRY_ENGINE_OPTIONS_INIT");
	return 0;
}

/* Everything but the frame of the call. */
static int open_engine(const char *where, const struct gantry_engine_options *how,
		       struct gantry_engine **ret, struct call *c, struct logger *logger)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	clean_where struct engine_where w = { 0 };
	struct gantry_engine proto = { 0 };
	int r = options(&o, how, c->err);

	if (r == 0)
		r = where_parse(first_of(where, "GANTRY_ENGINE", "native"), &w, &proto.ops, c->err);
	if (r < 0)
		return r;
	*logger = (struct logger){ o.log, o.log_arg, proto.ops->kind, o.log_level };
	proto.logger = *logger;
	r = resolve(&o, &proto, c->err);
	if (r == 0)
		r = call_check(c);
	if (r == 0)
		r = proto.ops->open(&proto, &w, ret, c);
	if (r < 0)
		free_head(&proto);
	return r;
}

int gantry_engine_open(const char *where, const struct gantry_engine_options *how,
		       struct gantry_engine **ret, struct gantry_op *op)
{
	struct logger logger = { NULL, NULL, "", GANTRY_LOG_ERROR };
	struct call c;
	int r = call_begin(&c, op, &logger);

	if (r < 0)
		return r;
	c.step = "open";
	r = ret ? open_engine(where, how, ret, &c, &logger) :
		  err_set(c.err, EINVAL, "open: there is no place for the engine");
	return call_end(&c, op, r);
}

void gantry_engine_close(struct gantry_engine *e)
{
	int keep = errno;

	if (e) {
		free_head(e);
		e->ops->close(e);
	}
	errno = keep;
}

const char *gantry_engine_kind(const struct gantry_engine *e)
{
	return e ? e->ops->kind : "";
}

const char *gantry_engine_path(const struct gantry_engine *e)
{
	return e && e->path ? e->path : "";
}

int gantry_engine_info(struct gantry_engine *e, struct gantry_info **ret, struct gantry_op *op)
{
	struct call c;
	int r = verb_begin(&c, e, VERB_INFO, op);

	if (r < 0)
		return r;
	r = ret ? e->ops->info(e, ret, &c) :
		  err_set(c.err, EINVAL, "info: there is no place for the answer");
	return call_end(&c, op, r);
}

int gantry_engine_clean(struct gantry_engine *e, struct gantry_op *op)
{
	struct call c;
	int r = verb_begin(&c, e, VERB_CLEAN, op);

	return r < 0 ? r : call_end(&c, op, composite_clean(e, &c));
}
