/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json from anybody: it is understood or refused with one printable
 * line that begins with its place, nothing is leaked, and what was understood
 * can be walked through. Corpus: tests/data/config.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void walk(const char *s)
{
	if (s)
		sink += strlen(s);
}

static void walk_all(const char *const *list)
{
	for (; *list; list++)
		walk(*list);
}

static void walk_spec(const struct spec *s)
{
	if (!s->args[0] || s->cwd[0] != '/' || !*s->root_path)
		abort();
	walk_all(s->args);
	walk_all(s->env);
	walk_all(s->masked_paths);
	walk_all(s->readonly_paths);
	walk(s->hostname);
	walk(s->domainname);
	walk(s->cgroups_path);
	walk(s->resources.cpus);
	walk(s->resources.mems);
	for (size_t i = 0; i < s->mounts_n; i++) {
		const struct spec_mount *m = &s->mounts[i];

		if (m->destination[0] != '/' || !m->destination[1] ||
		    strstr(m->destination, "/../"))
			abort();
		if (m->bind == (*m->type != '\0') || (m->bind && !*m->source))
			abort();
		walk_all(m->data);
	}
	for (size_t i = 0; i < s->devices_n; i++)
		walk(s->devices[i].path);
	for (int i = 0; i < NS_COUNT; i++)
		walk(s->ns_path[i]);
	for (size_t i = 0; i < s->groups_n; i++)
		sink += s->groups[i];
	for (size_t i = 0; i < s->rlimits_n; i++)
		if (s->rlimits[i].limit.rlim_cur > s->rlimits[i].limit.rlim_max)
			abort();
	for (size_t i = 0; i < s->resources.devices_n; i++)
		sink += (size_t)s->resources.devices[i].type;
	for json_each(a, s->annotations)
		walk(json_text(a, NULL));
}

static void check_words(const struct gantry_err *err, int r)
{
	if (err->code != -r || !memchr(err->msg, '\0', sizeof(err->msg)))
		abort();
	if (r != -ENOMEM && strncmp(err->msg, "config.json", 11))
		abort();
	for (const char *p = err->msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gantry_err err = { 0 };
	struct spec s;
	char *text = malloc(size + 1);
	int r;

	if (!text)
		return 0;
	memcpy(text, data, size);
	r = spec_parse("config.json", text, size, &s, &err);
	if (r == 0) {
		walk_spec(&s);
		spec_done(&s);
	} else {
		check_words(&err, r);
	}
	return 0;
}
