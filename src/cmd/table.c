/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for people. Widths are counted in characters (UTF-8 lead bytes), not
 * by wcwidth(), which would need a locale: names of containers are ASCII.
 */
#include "cmd/table.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2

/* Does a character begin here? */
static bool leads(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static unsigned width_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += leads(*text);
	return n;
}

void table_row(struct table *t, const char *const *cells)
{
	for (unsigned i = 0; i < t->n; i++) {
		char safe[512];

		str_printable(safe, sizeof(safe), cells[i]);
		strv_add(&t->cells, safe);
	}
}

static void measure(const struct table *t, unsigned widths[TABLE_COLUMNS])
{
	for (unsigned i = 0; i < t->n; i++)
		widths[i] = width_of(t->columns[i].head);
	for (size_t i = 0; i < t->cells.n; i++) {
		unsigned w = width_of(t->cells.v[i]);

		if (widths[i % t->n] < w)
			widths[i % t->n] = w;
	}
}

static unsigned total(const struct table *t, const unsigned widths[TABLE_COLUMNS])
{
	unsigned sum = 0;

	for (unsigned i = 0; i < t->n; i++)
		sum += widths[i] + (i ? GAP : 0);
	return sum;
}

unsigned table_width(const struct table *t, bool narrow)
{
	unsigned widths[TABLE_COLUMNS];

	measure(t, widths);
	for (unsigned i = 0; narrow && i < t->n; i++)
		if (t->columns[i].min && widths[i] > t->columns[i].min)
			widths[i] = t->columns[i].min;
	return total(t, widths);
}

/* Takes characters from the widest column that may be cut until the table fits. */
static void shrink(const struct table *t, unsigned widths[TABLE_COLUMNS], unsigned width)
{
	for (unsigned sum = total(t, widths); sum > width; sum--) {
		int widest = -1;

		for (unsigned i = 0; i < t->n; i++)
			if (t->columns[i].min && widths[i] > t->columns[i].min &&
			    (widest < 0 || widths[i] > widths[widest]))
				widest = (int)i;
		if (widest < 0)
			return;
		widths[widest]--;
	}
}

static void cell(struct str *out, const char *text, unsigned width, bool right, bool last)
{
	unsigned w = width_of(text), left = width - 1;

	if (w > width) { /* the last character says that there was more */
		const char *p = text;

		while (left || !leads(*p))
			left -= leads(*p++);
		str_addn(out, text, (size_t)(p - text));
		str_add(out, "…");
		w = width;
	} else if (right) {
		str_addf(out, "%*s%s", (int)(width - w), "", text);
		w = width;
	} else {
		str_add(out, text);
	}
	if (!last) {
		str_addf(out, "%*s", (int)(width - w + GAP), "");
		return;
	}
	while (out->len && out->buf[out->len - 1] == ' ')
		out->len--;
	str_add(out, "\n");
}

void table_put(const struct table *t, unsigned width, struct str *out)
{
	unsigned widths[TABLE_COLUMNS];

	if (t->cells.failed) {
		out->failed = true;
		return;
	}
	measure(t, widths);
	shrink(t, widths, width);
	for (unsigned i = 0; i < t->n; i++)
		cell(out, t->columns[i].head, widths[i], t->columns[i].right, i + 1 == t->n);
	for (size_t i = 0; i < t->cells.n; i++) {
		unsigned col = (unsigned)(i % t->n);

		cell(out, t->cells.v[i], widths[col], t->columns[col].right, col + 1 == t->n);
	}
}

void table_done(struct table *t)
{
	strv_done(&t->cells);
}

unsigned table_window(void)
{
	struct winsize ws;
	const char *columns = getenv("COLUMNS");
	uint64_t n;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	if (columns && str_u64(columns, &n) == 0 && n >= 20 && n < 10000)
		return (unsigned)n;
	return 80;
}
