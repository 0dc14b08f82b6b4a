/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of the public API and the slots each of them needs. What an engine
 * can do is read off its table through this one list: by gantry_engine_can()
 * and by every call itself, so that the two cannot disagree.
 */
#pragma once
#include "engine/ops.h"

enum verb {
	VERB_INFO,
	VERB_PREPARE,
	VERB_CREATE,
	VERB_START,
	VERB_RUN,
	VERB_KILL,
	VERB_STOP,
	VERB_WAIT,
	VERB_PAUSE,
	VERB_RESUME,
	VERB_GET,
	VERB_LIST,
	VERB_DELETE,
	VERB_CLEAN,
	VERBS
};

bool verb_can(const struct engine_ops *ops, enum verb v);

/*
 * Begins the call of a public function: call_begin(), then -EINVAL without an
 * engine, -ENOTSUP "null cannot pause", and -ETIMEDOUT or -ECANCELED when it
 * is over before it began. On failure the call has been ended: return it.
 */
int verb_begin(struct call *c, const struct gantry_engine *e, enum verb v, struct gantry_op *op);
/* The same for a verb that is about one container: `id` has to be one. */
int verb_begin_id(struct call *c, const struct gantry_engine *e, enum verb v, const char *id,
		  struct gantry_op *op);
