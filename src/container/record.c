/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one container's record. Everything that is read here may have
 * been cut short by a crash or written by somebody else: sizes, types and
 * ranges are checked, and what does not hold is -EBADMSG, so that a damaged
 * exit.json can never look like an exit code.
 */
#include "container/record.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "kernel/pidfd.h"
#include "kernel/procfs.h"

#define RECORD_FILE "record.json"
#define EXIT_FILE "exit.json"
#define WAIT_FILE "wait"
#define STARTED_FILE "started"
#define STARTED_NEXT "started.next"

/* ROOM: for an exit record whose every byte is escaped. */
enum { MAX_FILE = 1 << 20, MAX_SMALL = 256, RECORD_VERSION = 1, ROOM = 2048 };
_Static_assert(sizeof(((struct exit_record *)0)->error) * 6 + 256 < ROOM,
	       "an exit record fits into the room that is kept for it");

/* What a file that cannot be read means to us: unknown, whatever the reason. */
static int unreadable(int r)
{
	return r == -ENOENT || r == -ENOMEM ? r : -EBADMSG;
}

void record_done(struct record *r)
{
	free(r->id);
	free(r->image);
	free(r->bundle);
	free(r->rootfs);
	free(r->runtime);
	free(r->runtime_root);
	strv_done(&r->args);
	strv_done(&r->labels);
	*r = (struct record){ 0 };
}

char *record_key(const char *name, const char *state_root)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: it need not resist anybody, only differ */

	if (!state_root)
		return strdup(name);
	for (const unsigned char *p = (const unsigned char *)state_root; *p; p++)
		h = (h ^ *p) * 0x100000001b3u;
	return str_printf("%s-%016llx", name, (unsigned long long)h);
}

/* ---- record.json ---- */

/* The members that are one string; a table, so that reader and writer cannot differ. */
static const struct text_member {
	const char *key;
	size_t off;
} text_members[] = {
	{ "id", offsetof(struct record, id) },
	{ "image", offsetof(struct record, image) },
	{ "bundle", offsetof(struct record, bundle) },
	{ "rootfs", offsetof(struct record, rootfs) },
	{ "runtime", offsetof(struct record, runtime) },
	{ "runtimeRoot", offsetof(struct record, runtime_root) },
};
enum { TEXT_MEMBERS = sizeof(text_members) / sizeof(text_members[0]) };

static char **text_at(const struct record *r, const struct text_member *m)
{
	return (char **)((char *)r + m->off);
}

/* ---- room ---- */

/*
 * Makes a file of blanks: what must be written later, when there may be no room any more, is
 * written over them. Bytes and not fallocate(), which not every file system has.
 */
static int keep_room(int dirfd, const char *name)
{
	clean_fd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				 0600);
	char blanks[ROOM];

	if (fd < 0)
		return -errno;
	memset(blanks, ' ', sizeof(blanks));
	return fd_write(fd, blanks, sizeof(blanks));
}

/* The file `room` gets these bytes and then the name `name`. -ENOENT: no room was kept. */
static int write_into(int dirfd, const char *room, const char *name, const char *text, size_t len,
		      bool durable)
{
	clean_fd int fd = openat(dirfd, room, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write(fd, text, len);
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)len) < 0 || (durable && fsync(fd) < 0) ||
	    renameat(dirfd, room, dirfd, name) < 0 || (durable && fsync(dirfd) < 0))
		return -errno;
	return 0;
}

/* A record from a crash or of another hand may lack the room. */
static int write_kept(int dirfd, const char *room, const char *name, const char *text, size_t len,
		      bool durable)
{
	int r = write_into(dirfd, room, name, text, len, durable);

	return r == -ENOENT ? fd_replace(dirfd, name, text, len, 0600, durable) : r;
}

int record_write(int dirfd, const struct record *r, struct gantry_err *err)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	clean_free char *text = NULL;
	size_t len;
	int ret;

	json_obj(&o, NULL);
	json_int(&o, "version", RECORD_VERSION);
	for (int i = 0; i < TEXT_MEMBERS; i++)
		json_str(&o, text_members[i].key, *text_at(r, &text_members[i]));
	json_strv(&o, "args", (const char *const *)r->args.v);
	json_strv(&o, "labels", (const char *const *)r->labels.v);
	json_uint(&o, "created", r->created_ns);
	json_bool(&o, "autoRemove", r->auto_remove);
	json_end_obj(&o);
	ret = json_out_take(&o, &text, &len);
	if (ret == 0 && len > MAX_FILE)
		return err_set(err, E2BIG, "the description of a container may have %d bytes",
			       MAX_FILE);
	if (ret == 0)
		ret = keep_room(dirfd, WAIT_FILE);
	if (ret == 0)
		ret = keep_room(dirfd, STARTED_NEXT);
	if (ret == 0)
		ret = fd_replace(dirfd, RECORD_FILE, text, len, 0600, 0);
	return ret < 0 ? err_num(err, ret, "write %s", RECORD_FILE) : 0;
}

static int read_list(const struct json_doc *doc, const char *key, struct strv *ret,
		     struct gantry_err *err)
{
	const struct json *list = json_get(doc->root, key);

	if (!json_is(list, JSON_ARRAY))
		return json_err(doc, list, err, EBADMSG, "%s is no list", key);
	for json_each(v, list) {
		if (!json_is(v, JSON_STRING))
			return json_err(doc, v, err, EBADMSG, "%s holds %s", key,
					json_type_name(v));
		strv_add(ret, v->text);
	}
	return ret->failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int read_members(const struct json_doc *doc, struct record *r, struct gantry_err *err)
{
	const struct json *auto_remove = json_get(doc->root, "autoRemove");
	int64_t version;
	int ret;

	if (json_i64(json_get(doc->root, "version"), &version) < 0 || version != RECORD_VERSION)
		return err_set(err, EBADMSG, "%s: not version %d", RECORD_FILE, RECORD_VERSION);
	for (int i = 0; i < TEXT_MEMBERS; i++) {
		const struct json *v = json_get(doc->root, text_members[i].key);

		if (json_is(v, JSON_NULL))
			continue;
		if (!json_is(v, JSON_STRING))
			return json_err(doc, v, err, EBADMSG, "%s is no text", text_members[i].key);
		*text_at(r, &text_members[i]) = strdup(v->text);
		if (!*text_at(r, &text_members[i]))
			return err_set(err, ENOMEM, "out of memory");
	}
	if (!r->id || !str_is_id(r->id))
		return err_set(err, EBADMSG, "%s: no valid id", RECORD_FILE);
	if (!json_is(auto_remove, JSON_BOOL))
		return json_err(doc, auto_remove, err, EBADMSG,
				"autoRemove is neither true nor false");
	r->auto_remove = json_true(auto_remove);
	if (json_u64(json_get(doc->root, "created"), &r->created_ns) < 0)
		return err_set(err, EBADMSG, "%s: created is no number", RECORD_FILE);
	ret = read_list(doc, "args", &r->args, err);
	return ret < 0 ? ret : read_list(doc, "labels", &r->labels, err);
}

int record_read(int dirfd, struct record *ret, struct gantry_err *err)
{
	clean_record struct record r = { 0 };
	clean_json struct json_doc doc = { 0 };
	clean_free char *text = NULL;
	size_t len;
	int e;

	e = fd_slurp(dirfd, RECORD_FILE, MAX_FILE, &text, &len);
	if (e < 0)
		return err_num(err, unreadable(e), "%s", RECORD_FILE);
	e = json_parse(&doc, RECORD_FILE, text, len, NULL, err);
	if (e < 0)
		return e == -ENOMEM ? e : -EBADMSG;
	e = read_members(&doc, &r, err);
	if (e < 0)
		return e;
	*ret = r;
	r = (struct record){ 0 };
	return 0;
}

/* ---- exit.json ---- */

int exit_record_write(int dirfd, const struct exit_record *x, bool durable, struct gantry_err *err)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	clean_free char *text = NULL;
	size_t len;
	int r;

	json_obj(&o, NULL);
	json_int(&o, "code", x->code);
	json_int(&o, "signal", x->signal);
	json_bool(&o, "oom", x->oom);
	json_uint(&o, "started", x->started_ns);
	json_uint(&o, "finished", x->finished_ns);
	json_str(&o, "error", x->error);
	json_end_obj(&o);
	r = json_out_take(&o, &text, &len);
	if (r == 0)
		r = write_kept(dirfd, WAIT_FILE, EXIT_FILE, text, len, durable);
	return r < 0 ? err_num(err, r, "write %s", EXIT_FILE) : 0;
}

static int number(const struct json *obj, const char *key, int64_t min, int64_t max, int *ret)
{
	int64_t n;

	if (json_i64(json_get(obj, key), &n) < 0 || n < min || n > max)
		return -EBADMSG;
	*ret = (int)n;
	return 0;
}

static int parse_exit(char *text, size_t len, struct exit_record *ret, struct gantry_err *err)
{
	clean_json struct json_doc doc = { 0 };
	struct exit_record x = EXIT_RECORD_INIT;
	const struct json *oom, *error;
	int r;

	r = json_parse(&doc, EXIT_FILE, text, len, NULL, err);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	oom = json_get(doc.root, "oom");
	error = json_get(doc.root, "error");
	if (number(doc.root, "code", -1, 255, &x.code) < 0 ||
	    number(doc.root, "signal", 0, 64, &x.signal) < 0 ||
	    json_u64(json_get(doc.root, "started"), &x.started_ns) < 0 ||
	    json_u64(json_get(doc.root, "finished"), &x.finished_ns) < 0 ||
	    !json_is(oom, JSON_BOOL) || !json_is(error, JSON_STRING))
		return err_set(err, EBADMSG, "%s does not say how the container ended", EXIT_FILE);
	x.oom = json_true(oom);
	snprintf(x.error, sizeof(x.error), "%s", error->text);
	*ret = x;
	return 0;
}

int exit_record_read(int dirfd, struct exit_record *ret, struct gantry_err *err)
{
	clean_free char *text = NULL;
	size_t len;
	int r;

	r = fd_slurp(dirfd, EXIT_FILE, MAX_FILE, &text, &len);
	if (r < 0)
		return err_num(err, unreadable(r), "%s", EXIT_FILE);
	return parse_exit(text, len, ret, err);
}

int exit_record_waited(int waitfd, struct exit_record *ret, struct gantry_err *err)
{
	char text[4096];
	ssize_t n = pread(waitfd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return err_set(err, EBADMSG, "cannot read how the container ended: %m");
	text[n] = '\0';
	if (!text[strspn(text, " ")])
		return err_set(err, ENOENT, "nobody has written how the container ended");
	return parse_exit(text, (size_t)n, ret, err);
}

/* ---- marks ---- */

static int read_boot_id(char buf[static 64])
{
	ssize_t n = fd_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", buf, 64);

	return n < 0 ? (int)n : 0;
}

int mark_write(int dirfd, const char *name, pid_t pid, struct gantry_err *err)
{
	char boot[64], text[MAX_SMALL];
	struct procfs_process p;
	int r, n;

	r = read_boot_id(boot);
	if (r == 0)
		r = procfs_process(pid, &p);
	if (r < 0)
		return err_num(err, r, "mark process %d", (int)pid);
	n = snprintf(text, sizeof(text), "%d %llu %s\n", (int)pid, (unsigned long long)p.start_time,
		     boot);
	r = fd_replace(dirfd, name, text, (size_t)n, 0600, 0);
	return r < 0 ? err_num(err, r, "write %s", name) : 0;
}

/* "PID STARTTIME BOOTID\n", taken apart. */
struct mark {
	uint64_t pid, start;
	char *boot;
};

static int parse_mark(char *text, struct mark *ret)
{
	char *save = NULL;
	const char *pid = strtok_r(text, " \n", &save), *start = strtok_r(NULL, " \n", &save);

	ret->boot = strtok_r(NULL, " \n", &save);
	if (!pid || !start || !ret->boot || strtok_r(NULL, " \n", &save) ||
	    str_u64(pid, &ret->pid) < 0 || str_u64(start, &ret->start) < 0 ||
	    ret->pid == 0 || ret->pid > INT_MAX)
		return -EBADMSG;
	return 0;
}

int mark_pidfd(int dirfd, const char *name, pid_t *ret_pid)
{
	clean_free char *text = NULL;
	char boot[64];
	struct mark m;
	size_t len;
	int r;

	r = fd_slurp(dirfd, name, MAX_SMALL, &text, &len);
	if (r < 0)
		return unreadable(r);
	r = parse_mark(text, &m);
	if (r == 0)
		r = read_boot_id(boot);
	if (r < 0)
		return r;
	if (!str_eq(boot, m.boot))
		return -ESRCH;
	r = pidfd_of((pid_t)m.pid, m.start);
	if (r >= 0 && ret_pid)
		*ret_pid = (pid_t)m.pid;
	return r;
}

/* ---- started ---- */

int started_write(int dirfd, uint64_t ns)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)ns);

	return write_kept(dirfd, STARTED_NEXT, STARTED_FILE, text, (size_t)n, false);
}

uint64_t started_read(int dirfd)
{
	clean_free char *text = NULL;
	uint64_t ns;
	size_t len;

	if (fd_slurp(dirfd, STARTED_FILE, MAX_SMALL, &text, &len) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return str_u64(text, &ns) < 0 ? 0 : ns;
}
