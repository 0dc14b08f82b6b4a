/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * Splits a command line into words as a shell does, without its expansions:
 * blanks separate, '...' is literal, "..." takes \" and \\, and a backslash
 * outside quotes takes the next character as it is. "" is a word, of no
 * characters. Returns 0; -EINVAL a quote or a backslash has no other end;
 * -E2BIG more than ARGV_WORDS; -ENOMEM. What was added to `ret` stays for strv_done.
 */
enum { ARGV_WORDS = 1024 };
int argv_split(const char *line, struct strv *ret);
