/* SPDX-License-Identifier: Apache-2.0 */
/* The Limit benchmark: what this host and gantry itself can do at most, without any engine. */
#pragma once
#include "bench/row.h"

enum { LIMIT_THREADS = 10, LIMIT_ITERATIONS = 1000, LIMIT_MAX = 10000 };

extern const struct row_kind limit_kind;

/* Fills in what a row of Limit has. */
void limit_steps(struct row *row);
/* Finds the program to start; free *ret, and set row->arg to it. 0, or -ENOENT with words. */
int limit_find(char **ret, struct gantry_err *err);
