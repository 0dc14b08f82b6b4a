/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made of an engine's slots, once for every engine: run, stop with
 * grace, delete by force, clean. Arguments are checked already and never NULL
 * (but ret_id of run, which is a buffer always).
 */
#pragma once
#include "engine/ops.h"

int composite_run(struct gantry_engine *e, const struct gantry_create *what,
		  const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
		  struct gantry_exit *ret, struct call *c);
int composite_stop(struct gantry_engine *e, const char *id, const struct gantry_stop *how,
		   struct call *c);
int composite_delete(struct gantry_engine *e, const char *id, unsigned flags, struct call *c);
/* Returns how many were removed. */
int composite_clean(struct gantry_engine *e, struct call *c);
