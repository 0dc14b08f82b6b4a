/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gantry-oci says. Clients quote the last error of the log file and
 * decide by its wording (RFC 3339 times and the fields level, msg, time are
 * what containerd and conmon read), and a person reads the same sentence on
 * stderr. The log is opened when there is something to say: most calls have nothing.
 */
#include "ocicmd/report.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"

/* A string of logrus' text form: quoted as Go's %q does it. */
static void add_quoted(struct str *out, const char *text)
{
	str_add(out, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			str_addf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			str_addf(out, "\\x%02x", c);
		else
			str_addn(out, text, 1);
	}
	str_add(out, "\"");
}

void report_line(struct str *out, bool json, const char *level, const char *msg, uint64_t time_ns)
{
	struct json_out o = JSON_OUT_INIT;
	char *text = NULL, time[36];
	size_t len;

	str_time(time, time_ns ? time_ns : clock_wall());
	if (!json) {
		str_addf(out, "time=\"%s\" level=%s msg=", time, level);
		add_quoted(out, msg);
		str_add(out, "\n");
		return;
	}
	json_obj(&o, NULL);
	json_str(&o, "level", level);
	json_str(&o, "msg", msg);
	json_str(&o, "time", time);
	json_end_obj(&o);
	if (json_out_take(&o, &text, &len) < 0) {
		out->failed = true;
		return;
	}
	str_addn(out, text, len);
	str_add(out, "\n");
	free(text);
}

/*
 * No link is followed, but for the streams' own names: a log beside a
 * container's files must not lead anywhere else.
 */
static int open_log(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;

	if (!str_after(path, "/dev/"))
		flags |= O_NOFOLLOW;
	return open(path, flags, 0644);
}

static void say(const char *text, size_t len)
{
	(void)fd_write(STDERR_FILENO, text, len);
}

static void log_line(const struct request *q, const char *level, const char *msg)
{
	clean_str struct str line = { 0 };
	clean_fd int fd = -1;
	const char *file = q->log && *q->log ? q->log : NULL;

	report_line(&line, q->log_format && str_eq(q->log_format, "json"), level, msg, 0);
	if (line.failed)
		return;
	if (!file) {
		say(line.buf, line.len);
		return;
	}
	fd = open_log(file);
	if (fd < 0 || fd_write(fd, line.buf, line.len) < 0) {
		struct gantry_err err;
		clean_str struct str s = { 0 };

		err_sys(&err, "log file %s", file);
		str_addf(&s, "gantry-oci: %s\n", err.msg);
		if (!s.failed)
			say(s.buf, s.len);
	}
}

void report_error(const struct request *q, const struct gantry_err *err)
{
	clean_str struct str s = { 0 };
	bool json = q->log_format && str_eq(q->log_format, "json");
	bool file = q->log && *q->log;

	if (file || json)
		log_line(q, "error", err->msg);
	if (!file && json)
		return; /* that was stderr */
	str_addf(&s, "gantry-oci: %s%s%s\n", q->verb ? q->verb->name : "", q->verb ? ": " : "",
		 err->msg);
	if (!s.failed)
		say(s.buf, s.len);
}

void report_debug(const struct request *q, const char *fmt, ...)
{
	clean_str struct str s = { 0 };
	va_list ap;

	if (!q->debug)
		return;
	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	if (!s.failed)
		log_line(q, "debug", s.buf);
}

int report_data(struct request *q, struct str *out)
{
	int r = out->failed ? -ENOMEM : 0;

	if (r == 0 && out->len)
		r = fd_write(STDOUT_FILENO, out->buf, out->len);
	str_done(out);
	return r < 0 ? err_num(q->err, r, "write to stdout") : 0;
}
