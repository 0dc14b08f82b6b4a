/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ocicmd/request.h"
#include "base/str.h"

/*
 * Takes argv apart into q, which is zeroed but for err. Strings are argv's. -EINVAL an option or
 * number of arguments is wrong; -ENOTSUP a verb or option is not built yet; with words, and with
 * what was read so far (the log file, the verb) in q.
 */
int options_parse(struct request *q, int argc, char **argv);

/* The text of --help: of one verb, or of the program where verb is NULL. */
void options_help(struct str *out, const struct verb *verb);
