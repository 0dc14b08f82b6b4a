/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `gantry`: those that are built, and the names of those to come. */
#include "cmd/verbs.h"

#include <string.h>

#include "base/str.h"

const struct verb *const verbs[] = {
	&verb_run, &verb_create, &verb_start, &verb_stop, &verb_kill, &verb_pause, &verb_unpause,
	&verb_rm, &verb_wait, &verb_ps, &verb_inspect, &verb_clean,
	&verb_bench,
	&verb_engines, &verb_info, &verb_version, &verb_help,
	NULL
};

/* Known words that are refused by name until they are built. */
static const char *const to_come[] = {
	"exec", "attach", "logs", "update", "rename", "top", "stats", "events", "cp", "pod",
	"images", "pull", "rmi", "load", "save", "import", "history", "df", "snapshots", "commit",
	"ls", "cat", "find", "stat", "diff", "extract", "tree", "du",
	"scan", "plugin", "cluster", "doctor", "cleanup", NULL
};

/* What users of other commands type: not taken, but answered with our word. */
static const struct {
	const char *typed, *ours;
} hints[] = { { "list", "ps" },	 { "state", "inspect" }, { "resume", "unpause" },
	      { "delete", "rm" }, { "remove", "rm" },	  { "benchmark", "bench" } };

const struct verb *verb_find(const char *name)
{
	for (int i = 0; verbs[i]; i++)
		if (str_eq(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

/* The verb that was most likely meant, or NULL. */
static const char *meant(const char *name)
{
	const char *near = NULL;
	unsigned best = 3; /* as many wrong letters as still look like a slip */

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (str_eq(hints[i].typed, name))
			return hints[i].ours;
	for (int i = 0; verbs[i]; i++) {
		unsigned d = opt_distance(name, verbs[i]->name);

		/* a word of two letters is two slips away from any other */
		if (d < best && d < strlen(name)) {
			best = d;
			near = verbs[i]->name;
		}
	}
	return near;
}

int verb_unknown(struct cmd *c, const char *name)
{
	const char *near = meant(name);

	for (int i = 0; to_come[i]; i++) {
		if (str_eq(to_come[i], name)) {
			say(c, "%s is not supported yet", name);
			return str_eq(name, "exec") ? EXIT_GANTRY : EXIT_USAGE;
		}
	}
	if (near)
		say(c, "unknown verb \"%s\", did you mean %s?", name, near);
	else
		say(c, "unknown verb \"%s\"; see gantry --help", name);
	return EXIT_USAGE;
}
