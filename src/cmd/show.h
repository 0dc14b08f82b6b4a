/* SPDX-License-Identifier: Apache-2.0 */
/* A container for people and for programs. */
#pragma once
#include <gantry/container.h>

#include "base/json.h"

/*
 * As a JSON object, the same in ps and inspect. Fields: id name image bundle
 * rootfs command[] labels{} owner ours state pid created started finished
 * exit_code exit_signal oom. What the engine does not say is null; times are RFC 3339.
 */
void show_json(struct json_out *json, const char *key, const struct gantry_container *c);
/* Adds text, null for "". */
void show_text(struct json_out *json, const char *key, const char *value);
/* Adds a time as RFC 3339, null for 0. */
void show_time(struct json_out *json, const char *key, uint64_t ns);

#define SHOW_AGE_SIZE 32
/* "3 minutes", "1 hour", or "3m", "1h" when brief. */
void show_age(char dst[SHOW_AGE_SIZE], uint64_t ns, bool brief);

#define SHOW_STATUS_SIZE 96
/* "Up 3 minutes", "Exited (7) 1 minute ago", "Paused". now_ns since the epoch. */
void show_status(char dst[SHOW_STATUS_SIZE], const struct gantry_container *c, uint64_t now_ns,
		 bool brief);
