/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson, which says what is JSON and what it means. It is kept in a file of
 * its own: its names and ours are alike.
 */
#pragma once
#include "base/str.h"

enum oracle {
	ORACLE_REFUSES,
	ORACLE_TAKES,
	ORACLE_TOO_WIDE /* refuses an integer beyond int64_t, and has not looked further */
};

/* What jansson makes of a text; where it takes it, its values are appended to `dump`. */
enum oracle oracle_read(const char *text, size_t len, struct str *dump);
