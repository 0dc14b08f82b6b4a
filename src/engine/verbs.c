/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/verbs.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

/* A slot's place in the table; 0 ends a list, which no slot is at: the kind stands there. */
#define SLOT(name) offsetof(struct engine_ops, name)
_Static_assert(offsetof(struct engine_ops, kind) == 0, "0 must not be a slot");

/* What a verb needs: all slots of one of the alternatives. */
struct need {
	const char *name;
	size_t slots[3][4];
};

static const struct need needs[VERBS] = {
	[VERB_INFO] = { "info", { { SLOT(info) } } },
	[VERB_PREPARE] = { "prepare", { { SLOT(prepare) } } },
	[VERB_CREATE] = { "create", { { SLOT(create) } } },
	[VERB_START] = { "start", { { SLOT(start) } } },
	[VERB_RUN] = { "run", { { SLOT(run) }, { SLOT(launch) }, { SLOT(create), SLOT(start) } } },
	[VERB_KILL] = { "kill", { { SLOT(kill) } } },
	[VERB_STOP] = { "stop", { { SLOT(get), SLOT(kill), SLOT(wait) } } },
	[VERB_WAIT] = { "wait", { { SLOT(wait) } } },
	[VERB_PAUSE] = { "pause", { { SLOT(pause) } } },
	[VERB_RESUME] = { "resume", { { SLOT(resume) } } },
	[VERB_GET] = { "get", { { SLOT(get) } } },
	[VERB_LIST] = { "list", { { SLOT(list) } } },
	[VERB_DELETE] = { "delete", { { SLOT(del) } } },
	[VERB_CLEAN] = { "clean", { { SLOT(list), SLOT(del) } } },
};

static bool filled(const struct engine_ops *ops, size_t slot)
{
	void (*fn)(void);

	memcpy(&fn, (const char *)ops + slot, sizeof(fn));
	return fn != NULL;
}

bool verb_can(const struct engine_ops *ops, enum verb v)
{
	for (size_t alt = 0; alt < 3 && needs[v].slots[alt][0]; alt++) {
		const size_t *s = needs[v].slots[alt];

		while (*s && filled(ops, *s))
			s++;
		if (!*s)
			return true;
	}
	return false;
}

int gantry_engine_can(const struct gantry_engine *e, const char *verb)
{
	for (int v = 0; e && verb && v < VERBS; v++)
		if (str_eq(needs[v].name, verb))
			return verb_can(e->ops, (enum verb)v);
	return -EINVAL;
}

const char *const *gantry_engine_verbs(void)
{
	static const char *const names[] = {
		"info", "prepare", "create", "start", "run", "kill",   "stop",  "wait",
		"pause", "resume", "get",    "list",  "delete", "clean", NULL
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == VERBS + 1, "a verb has no name here");
	return names;
}

int verb_begin(struct call *c, const struct gantry_engine *e, enum verb v, struct gantry_op *op)
{
	int r = call_begin(c, op, e ? &e->logger : NULL);

	if (r < 0)
		return r;
	c->step = needs[v].name;
	if (!e)
		r = err_set(c->err, EINVAL, "%s: no engine is given", needs[v].name);
	else if (!verb_can(e->ops, v))
		r = err_set(c->err, ENOTSUP, "%s cannot %s", e->ops->kind, needs[v].name);
	else
		r = call_check(c);
	return r < 0 ? call_end(c, op, r) : 0;
}

int verb_begin_id(struct call *c, const struct gantry_engine *e, enum verb v, const char *id,
		  struct gantry_op *op)
{
	int r = verb_begin(c, e, v, op);
	char shown[96];

	if (r < 0)
		return r;
	if (!id || !*id)
		return call_end(c, op, err_set(c->err, EINVAL, "%s: no container is named",
					       needs[v].name));
	if (str_is_id(id))
		return 0;
	str_printable(shown, sizeof(shown), id);
	return call_end(c, op, err_set(c->err, EINVAL, "\"%s\" cannot be a container's name or id",
				       shown));
}
