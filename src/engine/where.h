/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine addresses, ENGINE[:ADDRESS][,key=value...], and the names that
 * engines go by. The one place that knows which engines there are.
 */
#pragma once
#include "engine/ops.h"

/*
 * Takes `where` apart and finds its engine. On success *ret points into a copy
 * of the text (release with where_done()) and *ops is the engine's table.
 * Returns 0; -EINVAL no such engine, or a key that it does not take; -ENOTSUP
 * gantry knows the engine but does not drive it yet; -ENOMEM.
 */
int where_parse(const char *where, struct engine_where *ret, const struct engine_ops **ops,
		struct gantry_err *err);
void where_done(struct engine_where *w);
#define clean_where __attribute__((cleanup(where_done)))

/* Where podman serves its Docker-compatible API to this user; NULL when out of memory. Free it. */
char *where_podman_socket(void);
