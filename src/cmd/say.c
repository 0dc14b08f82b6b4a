/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gantry says on stderr. Whatever comes from an engine or a file is made
 * printable first: an error message must not move the cursor of who reads it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"

static void line(const char *text)
{
	char safe[2048];
	size_t n;

	str_printable(safe, sizeof(safe) - 1, text);
	n = strlen(safe);
	safe[n++] = '\n';
	(void)fd_write(STDERR_FILENO, safe, n);
}

void say(const struct cmd *c, const char *fmt, ...)
{
	char text[1536];
	int n = snprintf(text, sizeof(text), "gantry: %s%s", c->verb ? c->verb->name : "",
			 c->verb ? ": " : "");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	line(text);
}

int say_failed(const struct cmd *c, const char *what, const struct gantry_err *err)
{
	/* engines name what they speak of, most of the time */
	if (what && !strstr(err->msg, what))
		say(c, "%s: %s", what, err->msg);
	else
		say(c, "%s", err->msg);
	return c->verb->failed == EXIT_GANTRY && err->exit ? err->exit : c->verb->failed;
}

void say_log(const struct gantry_log *rec, void *arg)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	const char *level = names[rec->level < 0 ? 0 : rec->level > 3 ? 3 : rec->level];
	const char *p = rec->text;

	(void)arg;
	do {
		int len = (int)strcspn(p, "\n");
		char text[1792];

		snprintf(text, sizeof(text), "gantry: %s: %s%s%s: %.*s", level, rec->engine,
			 *rec->engine && *rec->step ? " " : "", rec->step, len, p);
		line(text);
		p += len + (p[len] == '\n');
	} while (*p);
}
