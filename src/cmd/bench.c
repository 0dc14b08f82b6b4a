/* SPDX-License-Identifier: Apache-2.0 */
/* `gantry bench`: the library measures, this file prints. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "cmd/report.h"
#include "cmd/verbs.h"

struct options {
	const char *file, *export_json;
	bool skip_limit, lenient;
};

#define AT(field) offsetof(struct options, field)
static const struct opt bench_opts[] = {
	{ "benchmark", 'b', "FILE", opt_text, AT(file), "the plan, as bucketbench calls it" },
	{ "skip-limit", 's', NULL, opt_flag, AT(skip_limit), "without the Limit benchmark" },
	{ "lenient", 0, NULL, opt_flag, AT(lenient),
	  "skip commands that are not known, with a warning" },
	{ "export-json", 0, "FILE", opt_text, AT(export_json),
	  "write everything, every sample included" },
	OPT_REFUSED("legacy", 'l'), OPT_REFUSED("overhead", 'o'), OPT_REFUSED("trace", 't'),
	OPT_REFUSED("quick", 0), OPT_REFUSED("export-csv", 0), OPT_REFUSED("export-markdown", 0),
	{ 0 }
};

/* ---- progress -------------------------------------------------------------------------------- */

/* On a terminal one line that changes; elsewhere a line for each row that is done. */
static void progress(const struct gantry_bench_progress *p, void *arg)
{
	const struct cmd *c = arg;
	char line[160], label[80];

	str_printable(label, sizeof(label), p->label);
	snprintf(line, sizeof(line), "%u of %u: %s, %u thread%s, %llu of %llu", p->row + 1,
		 p->rows, label, p->threads, p->threads == 1 ? "" : "s",
		 (unsigned long long)p->done, (unsigned long long)p->total);
	if (isatty(STDERR_FILENO)) {
		(void)fd_write(STDERR_FILENO, "\r\033[K", 4);
		(void)fd_write(STDERR_FILENO, line, strlen(line));
	} else if (p->done == p->total) {
		say(c, "%s", line);
	}
}

static void progress_end(const struct cmd *c)
{
	if (!c->quiet && isatty(STDERR_FILENO))
		(void)fd_write(STDERR_FILENO, "\r\033[K", 4);
}

/* ---- the export ------------------------------------------------------------------------------ */

/* Whether the file could be written, asked before an hour of measuring rather than after it. */
static int export_check(const char *path, struct gantry_err *err)
{
	clean_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	struct stat st;

	if (!dir)
		return err_set(err, ENOMEM, "out of memory");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a directory", path);
	if (slash)
		slash[slash == dir] = '\0';
	if (access(slash ? dir : ".", W_OK) < 0)
		return err_sys(err, "%s", slash ? dir : ".");
	return 0;
}

/* A regular file is replaced as a whole; what is none (/dev/null, a FIFO) is written to instead. */
static int export_write(const char *path, const char *text, size_t len)
{
	struct stat st;
	clean_fd int fd = -1;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return fd_replace(AT_FDCWD, path, text, len, 0644, 1);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd_write(fd, text, len);
}

static int export(struct cmd *c, const struct gantry_bench_report *r, const char *path)
{
	clean_json_out struct json_out json = JSON_OUT_INIT;
	clean_free char *text = NULL;
	struct gantry_err err;
	size_t len;
	int n;

	report_json(&json, r, true);
	n = json_out_take(&json, &text, &len);
	if (n == 0) {
		text[len] = '\n'; /* in place of the NUL */
		n = export_write(path, text, len + 1);
	}
	if (n < 0) {
		err_num(&err, n, "--export-json %s", path);
		say(c, "%s", err.msg);
	}
	return n;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int plan_failed(const struct cmd *c, const struct gantry_op *op)
{
	say_failed(c, NULL, &op->err);
	return op->err.exit == EXIT_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

/* Commands that failed are in the tables; one line here says so to who reads the exit code. */
static int count_failures(const struct cmd *c, const struct gantry_bench_report *r)
{
	unsigned long long failed = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		for (size_t k = 0; k < r->rows[i]->n_steps; k++)
			failed += r->rows[i]->steps[k]->errors;
	if (failed)
		say(c, "%llu command%s failed: see the errors in the report", failed,
		    failed == 1 ? "" : "s");
	return failed ? EXIT_FAILED : 0;
}

static int print(struct cmd *c, const struct gantry_bench *b, const struct options *o)
{
	__attribute__((cleanup(gantry_bench_report_freep))) struct gantry_bench_report *r = NULL;
	clean_json_out struct json_out json = { .pretty = true };
	struct gantry_err err;
	int code;

	if (gantry_bench_report(b, &r, &err) < 0)
		return say_failed(c, NULL, &err);
	code = count_failures(c, r);
	if (o->export_json && export(c, r, o->export_json) < 0)
		code = EXIT_FAILED;
	if (!c->json) {
		report_text(&c->out, r);
		return code;
	}
	report_json(&json, r, false);
	return cmd_put_json(c, &json) < 0 ? EXIT_FAILED : code;
}

/* Runs the plan and prints what was measured, also when it was cut short. */
static int measure(struct cmd *c, struct gantry_bench *b, const struct options *o)
{
	struct gantry_op op = cmd_op(c);
	int r, code;

	for (const char *const *w = gantry_bench_warnings(b); *w; w++)
		say(c, "warning: %s", *w);
	if (gantry_bench_validate(b, &op) < 0)
		return plan_failed(c, &op);
	op = cmd_op(c);
	r = gantry_bench_run(b, &op);
	progress_end(c);
	if (r < 0)
		say_failed(c, NULL, &op.err);
	code = print(c, b, o);
	return r < 0 ? EXIT_FAILED : code;
}

static int bench(struct cmd *c, void *opts, char **words)
{
	__attribute__((cleanup(gantry_bench_freep))) struct gantry_bench *b = NULL;
	struct gantry_engine_options engine = cmd_engine_options(c);
	struct gantry_bench_options how = GANTRY_BENCH_OPTIONS_INIT;
	struct gantry_op op = cmd_op(c);
	struct options *o = opts;

	if (!o->file == !words[0]) {
		if (o->file)
			say(c, "two plans given: %s and %s", o->file, words[0]);
		else
			say(c, "no plan given; see gantry bench --help");
		return EXIT_USAGE;
	}
	if (o->export_json && export_check(o->export_json, &op.err) < 0) {
		say(c, "--export-json: %s", op.err.msg);
		return EXIT_FAILED;
	}
	how.file = o->file ? o->file : words[0];
	how.engine = &engine;
	how.progress = c->quiet ? NULL : progress;
	how.progress_arg = c;
	how.flags = (o->lenient ? GANTRY_BENCH_LENIENT : 0u) |
		    (o->skip_limit ? GANTRY_BENCH_SKIP_LIMIT : 0u);
	if (gantry_bench_new(&how, &b, &op) < 0)
		return plan_failed(c, &op);
	return measure(c, b, o);
}

const struct verb verb_bench = {
	.name = "bench",
	.group = "Measure",
	.usage = "[OPTIONS] [-b] FILE",
	.summary = "Time container commands on several engines, as a plan says",
	.about = "FILE is a plan of bucketbench's YAML. Ctrl-C prints what has been measured and\n"
		 "removes the containers. Commands that failed are counted and are in no time;\n"
		 "what an engine cannot do is n/a; \"!\" marks a rate of a row with failures.\n"
		 "--json and --export-json: an object with name file state image rootfs command\n"
		 "detached commands warnings host started elapsed_ns cleaned rows; the file has\n"
		 "samples too, one object per command with row thread iteration position step\n"
		 "start_ns took_ns errno error.\n",
	.opts = bench_opts,
	.opts_size = sizeof(struct options),
	.max = 1,
	.flags = VERB_NO_ENGINE | VERB_DATA,
	.failed = EXIT_FAILED,
	.misused = EXIT_USAGE,
	.main = bench,
};
