/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtimes have exit codes 0 and 1 and say the rest in words, each in its
 * own: runc in logrus lines on stderr, crun in plain ones, both in JSON in a
 * log file. `create` gets a log file, since its stderr is the container's.
 * The words below were read off runc 1.1.5 and crun 1.8.1.
 */
#include "container/foreign.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "kernel/cgroup.h"

enum { MAX_SAID = 1 << 20, MAX_ARGS = 16, SENTENCE = 512, GRACE_S = 8 };

/* ---- words ---- */

/* A situation is recognised by both words, in any case. The first row that fits counts. */
static const struct situation {
	const char *word, *and;
	int code, exit;
} situations[] = {
	{ "executable file", "not found in $path", ENOENT, 127 },
	{ "exec: \"", "no such file or directory", ENOENT, 127 },
	{ "exec: \"", "permission denied", EACCES, 126 },
	{ "exec: \"", "is a directory", EACCES, 126 },
	{ "open executable", "permission denied", EACCES, 126 },
	{ "open executable", "operation not permitted", EACCES, 126 }, /* crun, of a directory */
	{ "exec", "exec format error", EACCES, 126 },
	{ "container", "already exists", EEXIST, 0 },
	{ "container", "does not exist", ENOENT, 0 },
	{ "/status`", "no such file or directory", ENOENT, 0 },
	{ "cannot open directory", "no such file or directory", ENOENT, 0 },
	{ "exec.fifo", "no such file or directory", EBUSY, 0 },
	{ "not running", "", EBUSY, 0 },
	{ "not paused", "", EBUSY, 0 },
	{ "not stopped", "", EBUSY, 0 },
	{ "cannot start a", "", EBUSY, 0 },
	{ "not in `created`", "", EBUSY, 0 },
	{ "kill container", "no such process", EBUSY, 0 },
	{ "no space left on device", "", ENOSPC, 0 },
	{ "read-only file system", "", EROFS, 0 },
	{ "permission denied", "", EACCES, 0 },
	{ "operation not permitted", "", EPERM, 0 },
};

/* Takes the text of a JSON log line, in place. NULL when the line is none. */
static const char *from_json(char *line, char *buf, size_t size)
{
	clean_json struct json_doc doc = { 0 };
	clean_free char *copy = NULL;
	const char *msg;
	size_t len;

	if (*line != '{')
		return NULL;
	len = strlen(line);
	copy = malloc(len + 2);
	if (!copy)
		return NULL;
	memcpy(copy, line, len + 1);
	if (json_parse(&doc, "log", copy, len, NULL, NULL) < 0)
		return NULL;
	msg = json_text(json_get(doc.root, "msg"), NULL);
	if (!msg)
		return NULL;
	str_printable(buf, size, msg);
	return buf;
}

/* Takes msg="..." of a logrus line. NULL when there is none. */
static const char *from_logrus(const char *line, char *buf, size_t size)
{
	const char *p = strstr(line, " msg=\"");
	char text[SENTENCE];
	size_t n = 0;

	if (!p)
		return NULL;
	for (p += strlen(" msg=\""); *p && *p != '"' && n + 1 < sizeof(text); p++) {
		if (*p == '\\' && p[1])
			p++;
		text[n++] = *p;
	}
	text[n] = '\0';
	str_printable(buf, size, text);
	return buf;
}

/* The last line that says something, free of what its log format adds. */
static void last_sentence(const char *said, char *buf, size_t size)
{
	clean_free char *copy = strdup(said ? said : "");
	char *save = NULL, *line = NULL;

	buf[0] = '\0';
	if (!copy)
		return;
	for (char *p = strtok_r(copy, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		if (p[strspn(p, " \t\r")])
			line = p;
	if (line && !from_json(line, buf, size) && !from_logrus(line, buf, size))
		str_printable(buf, size, line);
}

int foreign_err(struct gantry_err *err, const char *runtime, const char *verb, const char *said)
{
	char sentence[SENTENCE], prefix[96];
	int r;

	last_sentence(said, sentence, sizeof(sentence));
	snprintf(prefix, sizeof(prefix), "%s %s failed: ", runtime, verb);
	if (str_after(sentence, prefix)) /* runc says so itself */
		memmove(sentence, str_after(sentence, prefix),
			strlen(str_after(sentence, prefix)) + 1);
	if (!sentence[0])
		return err_set(err, EIO, "%s %s failed without a word", runtime, verb);
	for (size_t i = 0; i < sizeof(situations) / sizeof(situations[0]); i++) {
		const struct situation *s = &situations[i];

		if (!strcasestr(sentence, s->word) || !strcasestr(sentence, s->and))
			continue;
		r = err_set(err, s->code, "%s %s: %s", runtime, verb, sentence);
		if (err)
			err->exit = s->exit;
		return r;
	}
	return err_set(err, EIO, "%s %s: %s", runtime, verb, sentence);
}

/* ---- calls ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What every call begins with: its name and its global options. Returns how many. */
static int begin_argv(const struct foreign *f, const char *log, const char *argv[static MAX_ARGS])
{
	int n = 0;

	argv[n++] = base_name(f->path);
	if (f->root) {
		argv[n++] = "--root";
		argv[n++] = f->root;
	}
	if (log) {
		argv[n++] = "--log";
		argv[n++] = log;
		argv[n++] = "--log-format";
		argv[n++] = "json";
	}
	return n;
}

int foreign_call(const struct foreign *f, const char *verb, const char *const *args,
		 struct spawn_result *ret, struct call *c)
{
	clean_spawn_result struct spawn_result res = { 0 };
	const char *argv[MAX_ARGS];
	struct spawn s = SPAWN_INIT;
	int n, r;

	n = begin_argv(f, NULL, argv);
	argv[n++] = verb;
	for (; args && *args && n < MAX_ARGS - 1; args++)
		argv[n++] = *args;
	argv[n] = NULL;
	if (args && *args)
		return err_set(c->err, EINVAL, "too many arguments for %s", verb);
	s.path = f->path;
	s.argv = argv;
	r = spawn_run(&s, NULL, MAX_SAID, &res, c);
	if (r < 0)
		return r;
	if (res.status != 0)
		return foreign_err(c->err, argv[0], verb, res.err_len ? res.errs : res.out);
	if (ret) {
		*ret = res;
		res = (struct spawn_result){ 0 };
	}
	return 0;
}

/* Its log, as far as it may be read; removed. */
static char *take_log(const struct foreign_create *how)
{
	const char *name = base_name(how->log);
	char *text = NULL;
	size_t len;

	if (fd_slurp(how->dirfd, name, MAX_SAID, &text, &len) < 0)
		text = NULL;
	(void)unlinkat(how->dirfd, name, 0);
	return text;
}

/* The pid file is its, not ours: it may be empty or hold anything. */
static int read_pid(const struct foreign_create *how, const char *runtime, struct gantry_err *err)
{
	const char *name = base_name(how->pid_file);
	clean_free char *text = NULL;
	uint64_t pid;
	size_t len;
	int r;

	r = fd_slurp(how->dirfd, name, 64, &text, &len);
	(void)unlinkat(how->dirfd, name, 0);
	if (r < 0)
		return err_num(err, r == -ENOENT ? -EPROTO : r, "the pid file of %s", runtime);
	text[strcspn(text, "\n")] = '\0';
	if (str_u64(text, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return err_set(err, EPROTO, "%s wrote no pid into its pid file", runtime);
	return (int)pid;
}

/*
 * A runtime that is killed while it creates leaves cgroups that its own delete
 * --force does not find (runc and crun alike). So one that is not wanted any
 * more may first finish, and is killed only when it takes too long.
 */
static int let_finish(struct child *ch, const struct call *c)
{
	struct call grace;
	int r = call_begin(&grace, NULL, c->logger);

	if (r < 0)
		return r;
	grace.deadline_ns = clock_mono() + GRACE_S * 1000000000ull;
	return spawn_wait(ch, &grace);
}

int foreign_create(const struct foreign *f, const struct foreign_create *how, struct call *c)
{
	clean_child struct child ch = CHILD_INIT;
	clean_free char *log = NULL;
	const char *argv[MAX_ARGS];
	struct spawn s = SPAWN_INIT;
	int n, r, cut = 0;

	n = begin_argv(f, how->log, argv);
	argv[n++] = "create";
	argv[n++] = "--bundle";
	argv[n++] = how->bundle;
	argv[n++] = "--pid-file";
	argv[n++] = how->pid_file;
	argv[n++] = how->id;
	argv[n] = NULL;
	s.path = f->path;
	s.argv = argv;
	memcpy(s.fds, how->fds, sizeof(how->fds));
	r = spawn_start(&s, &ch, c);
	if (r < 0)
		return r;
	r = spawn_wait(&ch, c);
	if (r == -ETIMEDOUT || r == -ECANCELED) {
		cut = r;
		r = let_finish(&ch, c);
	}
	log = take_log(how);
	if (r < 0)
		return cut ? cut : r;
	call_log(c, GANTRY_LOG_DEBUG, "%s create ended with %d%s%s", argv[0], r,
		 log && *log ? ", logged: " : "", log ? log : "");
	if (r > 0)
		return foreign_err(c->err, argv[0], "create", log);
	if (cut)
		return cut;
	return read_pid(how, argv[0], c->err);
}

/* ---- its cgroup ---- */

/*
 * Runtimes put a container beside their own process where nothing else is asked
 * for, so its path may differ from hierarchy to hierarchy: a v1 line that names
 * the controller counts, else the v2 line.
 */
int foreign_cgroup(pid_t pid, const char *controller, char path[static FOREIGN_CGROUP])
{
	char name[32], text[8192], want[32], *save = NULL;
	const char *found = NULL;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	snprintf(want, sizeof(want), ":%s:", controller);
	n = fd_read_small(AT_FDCWD, name, text, sizeof(text));
	if (n < 0)
		return (int)n;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *ctls = strchr(line, ':'), *dir = ctls ? strchr(ctls + 1, ':') : NULL;

		if (!dir)
			continue;
		if (str_after(ctls, want))
			found = dir + 1;
		else if (str_after(ctls, "::") && !found)
			found = dir + 1;
	}
	if (!found || strlen(found) >= FOREIGN_CGROUP)
		return -ENOENT;
	memcpy(path, found, strlen(found) + 1);
	return 0;
}

int foreign_frozen(pid_t pid)
{
	clean_cgroup struct cgroup g = CGROUP_INIT;
	char path[FOREIGN_CGROUP];
	int r = foreign_cgroup(pid, "freezer", path);

	if (r == 0)
		r = cgroup_open(&g, path, NULL);
	return r < 0 ? r : cgroup_frozen(&g);
}

int foreign_oom(const char *path)
{
	clean_cgroup struct cgroup g = CGROUP_INIT;
	int r = cgroup_open(&g, path, NULL);

	return r < 0 ? r : cgroup_oom(&g);
}
