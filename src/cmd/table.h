/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of text, as wide as what is in them and no wider than the reader's window. */
#pragma once
#include "base/str.h"

#define TABLE_COLUMNS 16

struct table_column {
	const char *head;
	unsigned min;  /* may be cut down to this many characters; 0: never cut */
	bool right;    /* numbers stand at the right */
};

/* Zeroed but for .columns and .n is empty. */
struct table {
	const struct table_column *columns;
	unsigned n;
	struct strv cells; /* row by row */
};

/* Adds a row of t->n cells; what is not printable in them is made so. */
void table_row(struct table *t, const char *const *cells);
/* How wide it is, with every column that may be cut as narrow as `narrow` says. */
unsigned table_width(const struct table *t, bool narrow);
/* Writes it, heads first, into `out`, cut to `width` characters where columns allow. */
void table_put(const struct table *t, unsigned width, struct str *out);
void table_done(struct table *t);

/* How wide stdout is: its window, else $COLUMNS, else 80. */
unsigned table_window(void);
