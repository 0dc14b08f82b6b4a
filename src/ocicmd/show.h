/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/json.h"
#include "base/str.h"
#include "container/state.h"

/* The state as the runtime specification has it, with runc's additions. */
void show_state(struct json_out *o, const struct state *s);
/* ID PID STATUS BUNDLE CREATED OWNER, one line each, columns as wide as they need. */
void show_table(struct str *out, const struct state *list, size_t n);
