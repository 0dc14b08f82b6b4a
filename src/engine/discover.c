/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which engines are on this host, and which of them answer. Every candidate
 * has a second at most, so that a hung daemon costs a second and a reason, not
 * the whole list. Changes nothing: opening an engine and asking for its
 * version is all that is done.
 */
#include "engine/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/sized.h"
#include "base/str.h"
#include "engine/candidates.h"
#include "engine/describe.h"

enum { ASK_MS = 3000 };

/* What is found out about one candidate. */
struct answer {
	char why[256];
	char path[1024];
	char version[128];
};

/* The whole call's deadline or ours, whichever is nearer. */
static struct gantry_op ask_op(const struct call *c)
{
	struct gantry_op op = GANTRY_OP_INIT;
	int left = call_left_ms(c);

	op.timeout_us = (uint64_t)(left < 0 || left > ASK_MS ? ASK_MS : left > 0 ? left : 1) * 1000;
	op.cancel_fd = c->cancel_fd;
	return op;
}

static void reason(struct answer *a, int r, const struct gantry_err *err)
{
	if (r == -ECONNREFUSED)
		snprintf(a->why, sizeof(a->why), "nothing answers");
	else if (r == -EACCES || r == -EPERM)
		snprintf(a->why, sizeof(a->why), "permission denied");
	else if (r == -ETIMEDOUT)
		snprintf(a->why, sizeof(a->why), "does not answer within 3 seconds");
	else
		snprintf(a->why, sizeof(a->why), "%s", err->msg);
}

/* An engine that gantry drives: open it and ask. */
static int ask_engine(const struct candidate *k, const struct gantry_engine_options *how,
		      struct answer *a, const struct call *c)
{
	__attribute__((cleanup(gantry_engine_closep))) struct gantry_engine *e = NULL;
	__attribute__((cleanup(gantry_info_freep))) struct gantry_info *info = NULL;
	struct gantry_op op = ask_op(c);
	int r = gantry_engine_open(k->address, how, &e, &op);

	if (r == 0)
		r = gantry_engine_info(e, &info, &op);
	if (r < 0) {
		reason(a, r, &op.err);
		return r;
	}
	snprintf(a->path, sizeof(a->path), "%s", gantry_engine_path(e));
	snprintf(a->version, sizeof(a->version), "%s", info->version);
	return 0;
}

/* Whether somebody listens on a unix socket; -errno, -ECONNREFUSED also where there is none. */
static int knock(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	clean_fd int fd = -1;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return 0;
	return errno == ENOENT ? -ECONNREFUSED : errno == EAGAIN ? -ETIMEDOUT : -errno;
}

/* An engine that gantry only knows: say so, unless it is dead anyway. */
static void ask_stranger(const struct candidate *k, struct answer *a)
{
	struct gantry_err err = { 0 };
	int r = *k->path == '/' && !str_eq(k->source, "PATH") ? knock(k->path) : 0;

	if (r < 0) {
		err_num(&err, r, "cannot connect");
		reason(a, r, &err);
		return;
	}
	snprintf(a->why, sizeof(a->why), "gantry does not drive %s yet", k->kind);
}

static bool driven(const char *kind)
{
	static const char *const kinds[] = { "native", "oci", "docker", "podman" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kind, kinds[i]))
			return true;
	return false;
}

static int ask(const struct candidate *k, const struct gantry_engine_options *how,
	       struct gantry_found **ret, struct call *c)
{
	struct gantry_found f = { 0 };
	struct answer a = { 0 };
	int r = 0;

	if (k->why)
		snprintf(a.why, sizeof(a.why), "%s", k->why);
	else if (driven(k->kind))
		r = ask_engine(k, how, &a, c);
	else
		ask_stranger(k, &a);
	f.usable = !*a.why;
	if (r == -ECANCELED || r == -ETIMEDOUT)
		r = call_check(c); /* ours is over, not only the second of this one */
	else
		r = 0;
	if (r < 0)
		return r;
	f.address = k->address;
	f.kind = k->kind;
	f.path = *a.path ? a.path : k->path;
	f.source = k->source;
	f.version = a.version;
	f.why = a.why;
	*ret = describe_found(&f);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

static int discover(const struct gantry_engine_options *how, struct gantry_found ***ret,
		    struct call *c)
{
	CLEAN(gantry_found_freep) struct gantry_found **list = NULL;
	clean_candidates struct candidates l = { 0 };
	struct gantry_engine_options known = GANTRY_ENGINE_OPTIONS_INIT;
	int n = 0, r = sized_copy(&known, sizeof(known), how);

	if (r < 0)
		return err_num(c->err, r, "engine options");
	if (!ret)
		return err_set(c->err, EINVAL, "discover: there is no place for the answer");
	r = candidates_collect(&l);
	list = r == 0 ? calloc(l.n + 1, sizeof(struct gantry_found *)) : NULL;
	if (!list)
		return err_set(c->err, ENOMEM, "out of memory");
	for (size_t i = 0; i < l.n; i++) {
		r = call_check(c);
		if (r == 0)
			r = ask(&l.v[i], how, &list[n], c);
		if (r < 0)
			return r;
		n++;
	}
	*ret = TAKE_PTR(list);
	return n;
}

int gantry_engine_discover(const struct gantry_engine_options *how, struct gantry_found ***ret,
			   struct gantry_op *op)
{
	struct call c;
	int r = call_begin(&c, op, NULL);

	if (r < 0)
		return r;
	c.step = "discover";
	return call_end(&c, op, discover(how, ret, &c));
}
