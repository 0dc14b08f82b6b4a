/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's command in words. bucketbench split at each blank: two of them gave an empty word. */
#include "bench/argv.h"

#include <errno.h>
#include <string.h>

#include "base/clean.h"

/* Steps over a backslash that makes the next character literal, inside "..." or outside quotes. */
static const char *escape(const char *s, bool quoted)
{
	return *s == '\\' && (!quoted || s[1] == '"' || s[1] == '\\') ? s + 1 : s;
}

/* Reads a word from s, which begins without a blank. Returns what follows, NULL without an end. */
static const char *word(const char *s, struct str *ret)
{
	char quote = '\0';

	str_add(ret, "");
	for (; *s; s++) {
		if (quote ? *s == quote : *s == '\'' || *s == '"') {
			quote = quote ? '\0' : *s;
			continue;
		}
		if (!quote && strchr(" \t\r\n", *s))
			return s;
		if (quote != '\'')
			s = escape(s, quote);
		if (!*s)
			return NULL;
		str_addn(ret, s, 1);
	}
	return quote ? NULL : s;
}

int argv_split(const char *line, struct strv *ret)
{
	for (;;) {
		clean_str struct str w = { 0 };

		line += strspn(line, " \t\r\n");
		if (!*line)
			break;
		if (ret->n == ARGV_WORDS)
			return -E2BIG;
		line = word(line, &w);
		if (!line)
			return -EINVAL;
		if (w.failed)
			return -ENOMEM;
		strv_add(ret, w.buf ? w.buf : "");
	}
	return ret->failed ? -ENOMEM : 0;
}
