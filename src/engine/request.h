/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers ask for, checked once for every engine alike, so that the same
 * wrong words fail with the same errno everywhere and no engine tests again.
 */
#pragma once
#include <gantry/container.h>

/* Copies *from over *ret (which is GANTRY_CREATE_INIT) and checks it. 0, -EINVAL, -E2BIG. */
int request_create(struct gantry_create *ret, const struct gantry_create *from,
		   struct gantry_err *err);
/* The same for how to run; a NULL `from` means detached. */
int request_run(struct gantry_run *ret, const struct gantry_run *from, struct gantry_err *err);
int request_stop(struct gantry_stop *ret, const struct gantry_stop *from, struct gantry_err *err);
/* A signal number that exists. 0 or -EINVAL. */
int request_signal(int sig, struct gantry_err *err);
/* No bits but those of `known`. 0 or -EINVAL. */
int request_flags(unsigned flags, unsigned known, struct gantry_err *err);

/* Whether *to can be filled (NULL can: nothing is filled). 0 or -EINVAL. */
int request_exit(const struct gantry_exit *to, struct gantry_err *err);
/* Fills the caller's struct, which may be older and shorter than ours. */
void request_exit_fill(struct gantry_exit *to, const struct gantry_exit *from);
