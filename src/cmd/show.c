/* SPDX-License-Identifier: Apache-2.0 */
/* A container in words and in JSON. The names in show_json() are a promise: add, never rename. */
#include "cmd/show.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void show_text(struct json_out *json, const char *key, const char *value)
{
	json_str(json, key, *value ? value : NULL);
}

void show_time(struct json_out *json, const char *key, uint64_t ns)
{
	char when[40];

	if (!ns) {
		json_null(json, key);
		return;
	}
	str_time(when, ns);
	json_str(json, key, when);
}

/* "KEY=VALUE" as an object. They come sorted: of a key that is there twice the last one counts. */
static void labels(struct json_out *json, const char *const *list)
{
	json_obj(json, "labels");
	for (size_t i = 0; list && list[i]; i++) {
		size_t len = strcspn(list[i], "=");
		char key[512];

		if (list[i + 1] && strncmp(list[i], list[i + 1], len) == 0 &&
		    list[i + 1][len] == '=')
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)len, list[i]);
		json_str(json, key, list[i][len] ? list[i] + len + 1 : "");
	}
	json_end_obj(json);
}

void show_json(struct json_out *json, const char *key, const struct gantry_container *c)
{
	json_obj(json, key);
	json_str(json, "id", c->id);
	show_text(json, "name", c->name);
	show_text(json, "image", c->image);
	show_text(json, "bundle", c->bundle);
	show_text(json, "rootfs", c->rootfs);
	json_strv(json, "command", c->args);
	labels(json, c->labels);
	show_text(json, "owner", c->owner);
	json_bool(json, "ours", *c->owner);
	json_str(json, "state", gantry_state_name(c->state));
	json_int(json, "pid", c->pid);
	show_time(json, "created", c->created_ns);
	show_time(json, "started", c->started_ns);
	show_time(json, "finished", c->finished_ns);
	if (c->exit_code < 0)
		json_null(json, "exit_code");
	else
		json_int(json, "exit_code", c->exit_code);
	json_int(json, "exit_signal", c->exit_signal);
	json_bool(json, "oom", c->oom);
	json_end_obj(json);
}

void show_age(char dst[SHOW_AGE_SIZE], uint64_t ns, bool brief)
{
	static const struct {
		uint64_t seconds, upto; /* the unit is used below `upto` seconds */
		const char *name, *letter;
	} units[] = {
		{ 1, 60, "second", "s" },
		{ 60, 3600, "minute", "m" },
		{ 3600, 2 * 86400, "hour", "h" },
		{ 86400, 14 * 86400, "day", "d" },
		{ 7 * 86400, 60 * 86400, "week", "w" },
		{ 30 * 86400, 2 * 365 * 86400u, "month", "mo" },
		{ 365 * 86400, UINT64_MAX, "year", "y" },
	};
	uint64_t s = ns / 1000000000;
	size_t i = 0;

	while (s >= units[i].upto)
		i++;
	s /= units[i].seconds;
	if (brief)
		snprintf(dst, SHOW_AGE_SIZE, "%llu%s", (unsigned long long)s, units[i].letter);
	else
		snprintf(dst, SHOW_AGE_SIZE, "%llu %s%s", (unsigned long long)s, units[i].name,
			 s == 1 ? "" : "s");
}

/* " 3 minutes ago", or nothing where the time is not known. */
static void ago(char dst[SHOW_AGE_SIZE + 8], uint64_t when, uint64_t now, bool brief)
{
	char age[SHOW_AGE_SIZE];

	dst[0] = '\0';
	if (!when)
		return;
	show_age(age, now > when ? now - when : 0, brief);
	snprintf(dst, SHOW_AGE_SIZE + 8, " %s ago", age);
}

void show_status(char dst[SHOW_STATUS_SIZE], const struct gantry_container *c, uint64_t now_ns,
		 bool brief)
{
	char since[SHOW_AGE_SIZE + 8], code[12] = "?";

	switch (c->state) {
	case GANTRY_STATE_RUNNING:
		since[0] = '\0';
		if (c->started_ns)
			show_age(since, now_ns > c->started_ns ? now_ns - c->started_ns : 0, brief);
		snprintf(dst, SHOW_STATUS_SIZE, "Up%s%s", *since ? " " : "", since);
		return;
	case GANTRY_STATE_STOPPED:
		if (c->exit_code >= 0)
			snprintf(code, sizeof(code), "%d", c->exit_code);
		ago(since, c->finished_ns, now_ns, brief);
		snprintf(dst, SHOW_STATUS_SIZE, "Exited (%s)%s", code, since);
		return;
	default:
		snprintf(dst, SHOW_STATUS_SIZE, "%s", gantry_state_name(c->state));
		dst[0] = (char)toupper((unsigned char)dst[0]);
	}
}
