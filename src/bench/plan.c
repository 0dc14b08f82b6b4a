/* SPDX-License-Identifier: Apache-2.0 */
/* Plans in memory, and the words for their commands. */
#include "bench/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static const struct alias {
	const char *word;
	enum plan_command command;
} aliases[] = { /* the first of each is its main name */
	{ "run", COMMAND_RUN }, { "start", COMMAND_RUN },
	{ "pause", COMMAND_PAUSE },
	{ "resume", COMMAND_RESUME }, { "unpause", COMMAND_RESUME },
	{ "stop", COMMAND_STOP }, { "kill", COMMAND_STOP },
	{ "delete", COMMAND_DELETE }, { "remove", COMMAND_DELETE }, { "erase", COMMAND_DELETE },
	{ "wait", COMMAND_WAIT },
	{ "metrics", COMMAND_METRICS }, { "stats", COMMAND_METRICS },
};
enum { ALIASES = sizeof(aliases) / sizeof(aliases[0]) };

const char *plan_command_name(enum plan_command c)
{
	for (size_t i = 0; i < ALIASES; i++)
		if (aliases[i].command == c)
			return aliases[i].word;
	return "";
}

int plan_command_of(const char *word)
{
	for (size_t i = 0; i < ALIASES; i++)
		if (strcasecmp(word, aliases[i].word) == 0)
			return (int)aliases[i].command;
	return -EINVAL;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n_drivers; i++) {
		free(p->drivers[i].type);
		free(p->drivers[i].address);
		free(p->drivers[i].where);
	}
	free(p->drivers);
	free(p->file);
	free(p->name);
	free(p->image);
	free(p->rootfs);
	free(p->refused);
	strv_done(&p->args);
	strv_done(&p->warnings);
	*p = (struct plan){ 0 };
}
