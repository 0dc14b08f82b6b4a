/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be done to a native container from its state record alone, in any
 * process: signal it, freeze and thaw it, ask whether memory killed in it.
 */
#pragma once
#include "base/call.h"
#include "container/state.h"
#include <stdbool.h>

/*
 * Signals init, or with `all` every process of the cgroup. 0; -EBUSY "container not running";
 * -EINVAL; -errno.
 */
int control_kill(const struct state *s, int sig, bool all, struct gantry_err *err);
/* 0 once every process is frozen; -EBUSY it is not running. */
int control_pause(const struct state *s, struct gantry_err *err);
/* 0; -EBUSY it is not paused. */
int control_resume(const struct state *s, struct gantry_err *err);
/*
 * The same two within a call: -ETIMEDOUT, -ECANCELED it was cut short. A container that was to be
 * paused then runs on.
 */
int control_pause_call(const struct state *s, struct call *call);
int control_resume_call(const struct state *s, struct call *call);
/* Whether a process in the container was killed for memory since it was made: 1, 0, -errno. */
int control_oom(const struct state *s);
