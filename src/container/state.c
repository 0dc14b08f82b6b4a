/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state record: written whole and renamed into place, with a sum over its
 * text as last member, so that a bit that flipped cannot send a kill to
 * another cgroup. What the file says is only where to look: whether the
 * container runs is asked of the kernel each time.
 *
 * Created or running: init holds the FIFO open from before its record is
 * committed until execve closes it, so a FIFO that can be opened for writing
 * means created, and nothing has to be written when it starts.
 */
#include "container/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/cgroup.h"
#include "kernel/pidfd.h"
#include "kernel/procfs.h"

enum { STATE_MAX = 64 << 10, STATE_VERSION = 1, SUM_DIGITS = 16 };
/* The record's last bytes: ,"sum":"0123456789abcdef"} */
static const char sum_key[] = ",\"sum\":\"";
enum { SUM_TAIL = sizeof(sum_key) - 1 + SUM_DIGITS + 2 };

void state_done(struct state *s)
{
	free(s->id);
	free(s->bundle);
	free(s->rootfs);
	free(s->cgroup);
	free(s->marks);
	free(s->oci_version);
	free(s->annotations);
	memset(s, 0, sizeof(*s));
}

const char *state_name(int status)
{
	switch (status) {
	case GANTRY_STATE_CREATING:
		return "creating";
	case GANTRY_STATE_CREATED:
		return "created";
	case GANTRY_STATE_RUNNING:
		return "running";
	case GANTRY_STATE_PAUSED:
		return "paused";
	case GANTRY_STATE_STOPPED:
		return "stopped";
	default:
		return "unknown";
	}
}

/* FNV-1a, 64 bit: finds damage, not malice (the directory is its owner's alone). */
static uint64_t sum(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h;
}

static void put_hex(char dst[SUM_DIGITS], uint64_t n)
{
	for (int i = SUM_DIGITS - 1; i >= 0; i--, n >>= 4)
		dst[i] = "0123456789abcdef"[n & 15];
}

static int write_as(int dirfd, const char *name, const struct state *s,
		    const struct json *annotations, struct gantry_err *err)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	clean_free char *text = NULL, *whole = NULL;
	size_t len;
	int r;

	json_obj(&o, NULL);
	json_int(&o, "version", STATE_VERSION);
	json_str(&o, "phase", s->phase == STATE_COMMITTED ? "committed" : "creating");
	json_str(&o, "id", s->id);
	json_str(&o, "bundle", s->bundle);
	json_str(&o, "rootfs", s->rootfs);
	json_str(&o, "cgroup", s->cgroup);
	if (s->marks)
		json_str(&o, "marks", s->marks);
	json_str(&o, "ociVersion", s->oci_version);
	json_int(&o, "pid", s->pid);
	json_uint(&o, "startTime", s->start_time);
	json_int(&o, "creator", s->creator);
	json_uint(&o, "creatorStart", s->creator_start);
	json_uint(&o, "created", s->created_ns);
	json_uint(&o, "owner", s->owner);
	if (annotations)
		json_value(&o, "annotations", annotations);
	json_end_obj(&o);
	r = json_out_take(&o, &text, &len);
	if (r < 0)
		return err_num(err, r, "write the state of container %s", s->id);
	if (len + SUM_TAIL > STATE_MAX)
		return err_set(
			err, E2BIG,
			"the state of container %s is larger than %d bytes: too many annotations",
			s->id, STATE_MAX);
	whole = malloc(len + SUM_TAIL);
	if (!whole)
		return err_set(err, ENOMEM, "write the state of container %s: out of memory",
			       s->id);
	/* the closing brace makes room for the sum of all before it */
	len--;
	memcpy(whole, text, len);
	memcpy(whole + len, sum_key, sizeof(sum_key) - 1);
	put_hex(whole + len + sizeof(sum_key) - 1, sum(whole, len));
	memcpy(whole + len + SUM_TAIL - 2, "\"}", 2);
	r = fd_replace(dirfd, name, whole, len + SUM_TAIL, 0600, 0);
	if (r < 0)
		return err_num(err, r, "write the state of container %s", s->id);
	return 0;
}

int state_write(int dirfd, const struct state *s, const struct json *annotations,
		struct gantry_err *err)
{
	return write_as(dirfd, STATE_FILE, s, annotations, err);
}

int state_prepare(int dirfd, const struct state *s, const struct json *annotations,
		  struct gantry_err *err)
{
	return write_as(dirfd, STATE_NEXT, s, annotations, err);
}

int state_commit(int dirfd, const char *id, struct gantry_err *err)
{
	if (renameat(dirfd, STATE_NEXT, dirfd, STATE_FILE) < 0)
		return err_sys(err, "write the state of container %s", id);
	return 0;
}

static bool sum_is_right(const char *text, size_t len)
{
	char want[SUM_DIGITS];

	if (len < SUM_TAIL)
		return false;
	put_hex(want, sum(text, len - SUM_TAIL));
	return !memcmp(text + len - SUM_TAIL, sum_key, sizeof(sum_key) - 1) &&
	       !memcmp(text + len - SUM_DIGITS - 2, want, SUM_DIGITS);
}

static void take_text(const struct json *root, const char *key, char **ret, bool *ok)
{
	const char *text = json_text(json_get(root, key), NULL);

	*ret = text ? strdup(text) : NULL;
	*ok = *ok && *ret;
}

static void take_num(const struct json *root, const char *key, uint64_t *ret, bool *ok)
{
	*ok = json_u64(json_get(root, key), ret) == 0 && *ok;
}

/* Fills s from a record that parsed. False when something is missing or of the wrong type. */
static bool fill(struct state *s, const struct json *root)
{
	const struct json *notes = json_get(root, "annotations");
	uint64_t version = 0, pid = 0, creator = 0, owner = 0;
	const char *phase = json_text(json_get(root, "phase"), "");
	bool ok = true;

	take_num(root, "version", &version, &ok);
	take_text(root, "id", &s->id, &ok);
	take_text(root, "bundle", &s->bundle, &ok);
	take_text(root, "rootfs", &s->rootfs, &ok);
	take_text(root, "cgroup", &s->cgroup, &ok);
	if (json_get(root, "marks"))
		take_text(root, "marks", &s->marks, &ok);
	take_text(root, "ociVersion", &s->oci_version, &ok);
	take_num(root, "pid", &pid, &ok);
	take_num(root, "startTime", &s->start_time, &ok);
	take_num(root, "creator", &creator, &ok);
	take_num(root, "creatorStart", &s->creator_start, &ok);
	take_num(root, "created", &s->created_ns, &ok);
	take_num(root, "owner", &owner, &ok);
	s->pid = (pid_t)pid;
	s->creator = (pid_t)creator;
	s->owner = (unsigned)owner;
	s->phase = str_eq(phase, "committed")  ? STATE_COMMITTED
		   : str_eq(phase, "creating") ? STATE_CREATING
					       : 0;
	if (ok && notes) {
		clean_json_out struct json_out o = JSON_OUT_INIT;

		json_value(&o, NULL, notes);
		ok = json_out_take(&o, &s->annotations, NULL) == 0;
	}
	return ok && version == STATE_VERSION && s->phase;
}

static int damaged(const char *id, struct state *ret, struct gantry_err *err)
{
	char *copy = strdup(id);

	if (!copy)
		return err_set(err, ENOMEM, "read the state of container %s: out of memory", id);
	ret->id = copy;
	return err_set(err, EBADMSG,
		       "the state of container %s is damaged; it can be deleted by force", id);
}

int state_load(int dirfd, const char *id, struct state *ret, struct gantry_err *err)
{
	clean_state struct state s = { 0 };
	clean_free char *text = NULL;
	clean_json struct json_doc doc = { 0 };
	struct gantry_err ignored;
	size_t len;
	int r = fd_slurp(dirfd, STATE_FILE, STATE_MAX, &text, &len);

	if (r == -ENOENT)
		return err_set(err, ENOENT, "container %s has no state", id);
	if (r == -ENOMEM)
		return err_num(err, r, "read the state of container %s", id);
	memset(ret, 0, sizeof(*ret));
	if (r < 0 || !sum_is_right(text, len) ||
	    json_parse(&doc, STATE_FILE, text, len, NULL, &ignored) < 0 ||
	    !fill(&s, doc.root) || !str_eq(s.id, id))
		return damaged(id, ret, err);
	*ret = s;
	memset(&s, 0, sizeof(s));
	return 0;
}

int state_dir(const char *root, const char *id, struct gantry_err *err)
{
	clean_fd int at = -1;
	int fd;

	if (!str_is_id(id))
		return err_set(
			err, EINVAL,
			"not a container id (letters, digits, `_`, `.` and `-`, at most 128)");
	at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 && errno != ENOENT)
		return err_sys(err, "open the state directory %s", root);
	fd = at < 0 ? -1 : openat(at, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "container %s does not exist", id);
	if (fd < 0)
		return err_sys(err, "open the state of container %s", id);
	return fd;
}

static bool alive(pid_t pid, uint64_t start)
{
	struct procfs_process p;

	return procfs_process(pid, &p) == 0 && p.start_time == start && p.state != 'Z' &&
	       p.state != 'X';
}

/* Whether init still waits to be started. */
static bool waits(int dirfd)
{
	clean_fd int fd = openat(dirfd, STATE_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0;
}

int state_cgroup(const struct state *s, struct cgroup *ret, struct gantry_err *err)
{
	int r = cgroup_open(ret, s->cgroup, err);

	if (r == 0)
		cgroup_keep(ret, s->marks ? s->marks : "");
	return r;
}

static bool frozen(const struct state *s)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;

	return state_cgroup(s, &c, NULL) == 0 && cgroup_frozen(&c) > 0;
}

static void look(int dirfd, struct state *s)
{
	if (s->phase == STATE_CREATING && alive(s->creator, s->creator_start)) {
		s->status = GANTRY_STATE_CREATING;
	} else if (s->phase == STATE_CREATING || !alive(s->pid, s->start_time)) {
		s->status = GANTRY_STATE_STOPPED;
		s->pid = 0;
	} else if (frozen(s)) {
		s->status = GANTRY_STATE_PAUSED;
	} else {
		s->status = waits(dirfd) ? GANTRY_STATE_CREATED : GANTRY_STATE_RUNNING;
	}
}

int state_read(const char *root, const char *id, struct state *ret, struct gantry_err *err)
{
	clean_fd int fd = state_dir(root, id, err);
	int r;

	if (fd < 0)
		return fd;
	r = state_load(fd, id, ret, err);
	if (r == -ENOENT) {
		/* made a moment ago, or lost: there is a container, and nobody knows what it is */
		memset(ret, 0, sizeof(*ret));
		return damaged(id, ret, err);
	}
	if (r < 0)
		return r;
	look(fd, ret);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, struct strv *ret, struct gantry_err *err)
{
	clean_strv struct strv list = { 0 };
	DIR *d = opendir(root);
	struct dirent *e;

	if (!d && errno != ENOENT)
		return err_sys(err, "read the state directory %s", root);
	while (d && (e = readdir(d)))
		if (str_is_id(e->d_name) && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			strv_add(&list, e->d_name);
	if (d)
		closedir(d);
	if (list.failed)
		return err_set(err, ENOMEM, "list the containers under %s: out of memory", root);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_name);
	*ret = list;
	memset(&list, 0, sizeof(list));
	return 0;
}

int state_pidfd(const struct state *s)
{
	clean_fd int fd = pidfd_of(s->pid, s->start_time);

	if (fd < 0)
		return fd;
	return pidfd_ended(fd, 0) ? -ESRCH : TAKE_FD(fd);
}
