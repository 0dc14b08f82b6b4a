/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ocicmd/request.h"
#include "base/str.h"

/* Says the error on stderr and in the log file. */
void report_error(const struct request *q, const struct gantry_err *err);
/* With --debug, says what is done in the log, or on stderr where there is none. */
void report_debug(const struct request *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* One record as it stands in a log file: a JSON line, or logrus' text. Zero time is now. */
void report_line(struct str *out, bool json, const char *level, const char *msg, uint64_t time_ns);
/* Prints data on stdout: 0, or -errno with words. Frees it. */
int report_data(struct request *q, struct str *out);
