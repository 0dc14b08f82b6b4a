/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How containers of native and oci come to be: the record is written, then a
 * monitor is started that makes the container by it and tells us what became
 * of it (container/monitorproto.h). The monitor is nobody's child and outlives
 * us; until the container is committed it undoes everything when we go away.
 *
 * What bites: a call that is cut short while the monitor works still has to
 * leave nothing behind, so undoing has a deadline of its own.
 */
#include "engine/local.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "container/monitorproto.h"
#include "kernel/pidfd.h"
#include "oci/build.h"

enum { MAX_CONFIG = 8 << 20, UNDO_S = 15, ABORT_MS = 10000 };

/* ---- what is asked for ---- */

static int must_be_directory(const char *what, const char *path, char **ret, struct gantry_err *err)
{
	clean_free char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0)
		return err_sys(err, "%s %s", what, path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s %s is not a directory", what, path);
	*ret = TAKE_PTR(real);
	return 0;
}

/* Reads of a bundle's config.json what the description needs; the runtime judges the rest. */
static int read_bundle(const char *bundle, struct record *rec, struct gantry_err *err)
{
	clean_json struct json_doc doc = { 0 };
	clean_fd int dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	clean_free char *text = NULL;
	const char *root;
	size_t len;
	int r;

	r = dir < 0 ? -errno : fd_slurp(dir, "config.json", MAX_CONFIG, &text, &len);
	if (r < 0)
		return err_num(err, r, "config.json of bundle %s", bundle);
	r = json_parse(&doc, "config.json", text, len, NULL, err);
	if (r < 0)
		return r;
	if (json_true(json_at(doc.root, "process.terminal")))
		return json_err(&doc, json_at(doc.root, "process.terminal"), err, ENOTSUP,
				"process.terminal is not supported yet: set it to false");
	for json_each(v, json_at(doc.root, "process.args"))
		strv_add(&rec->args, json_text(v, NULL));
	root = json_text(json_at(doc.root, "root.path"), NULL);
	if (root)
		rec->rootfs = *root == '/' ? strdup(root) : str_printf("%s/%s", bundle, root);
	return rec->args.failed || (root && !rec->rootfs) ? err_set(err, ENOMEM, "out of memory")
							  : 0;
}

/* Fills in what the container is made of. */
static int read_source(struct gantry_engine *e, const struct gantry_create *what,
		       struct record *rec, struct gantry_err *err)
{
	int r;

	if (what->image)
		return err_set(err, EINVAL, "%s takes a rootfs or a bundle, not an image",
			       e->ops->kind);
	if (what->bundle) {
		r = must_be_directory("bundle", what->bundle, &rec->bundle, err);
		return r < 0 ? r : read_bundle(rec->bundle, rec, err);
	}
	r = must_be_directory("rootfs", what->rootfs, &rec->rootfs, err);
	if (r < 0)
		return r;
	for (const char *const *a = what->args; a && *a; a++)
		strv_add(&rec->args, *a);
	if (!what->args)
		strv_add(&rec->args, "sh");
	return 0;
}

int local_prepare(struct gantry_engine *e, const struct gantry_create *what, struct call *c)
{
	clean_record struct record rec = { 0 };
	clean_free char *text = NULL;
	struct gantry_create w = *what;
	int r = read_source(e, what, &rec, c->err);

	if (r < 0 || !what->rootfs)
		return r;
	w.rootfs = rec.rootfs;
	return build_spec(&w, "prepare", &text, &(size_t){ 0 }, c->err);
}

/* ---- the record ---- */

/* A container in the making. */
struct making {
	struct local *l;
	struct record rec;
	int records, dir;   /* the directory of all, and its own */
	char *path;
	int sock;           /* to the monitor */
	struct child monitor;
	int init;           /* pidfd */
};
#define MAKING_INIT { .records = -1, .dir = -1, .sock = -1, .monitor = CHILD_INIT, .init = -1 }

static void making_done(struct making *m)
{
	record_done(&m->rec);
	clean_fdp(&m->records);
	clean_fdp(&m->dir);
	free(m->path);
	clean_fdp(&m->sock);
	spawn_done(&m->monitor);
	clean_fdp(&m->init);
}
#define clean_making CLEAN(making_done)

static int make_up_id(char id[static GANTRY_ID_SIZE])
{
	unsigned char b[6];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return -errno;
	for (size_t i = 0; i < sizeof(b); i++)
		snprintf(id + 2 * i, 3, "%02x", b[i]);
	return 0;
}

/* Makes the directory; its name is what makes the id unique. */
static int make_directory(struct making *m, const char *name, char ret_id[static GANTRY_ID_SIZE],
			  struct gantry_err *err)
{
	char id[GANTRY_ID_SIZE];
	int r;

	r = fd_mkdirs(m->l->records, 0700);
	if (r < 0)
		return err_num(err, r, "make %s", m->l->records);
	m->records = local_records(m->l);
	if (m->records < 0)
		return err_num(err, m->records, "open %s", m->l->records);
	for (int tries = 0;; tries++) {
		if (name)
			snprintf(id, sizeof(id), "%s", name);
		else if ((r = make_up_id(id)) < 0)
			return err_num(err, r, "make up an id");
		if (mkdirat(m->records, id, 0700) == 0)
			break;
		if (errno == EEXIST && name)
			return err_set(err, EEXIST,
				       "the name %s is taken: a container called so already exists",
				       name);
		if (errno != EEXIST || tries > 8)
			return err_sys(err, "make the record of container %s", id);
	}
	m->rec.id = strdup(id);
	m->path = str_printf("%s/%s", m->l->records, id);
	m->dir = openat(m->records, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->dir < 0)
		r = err_sys(err, "open the record of container %s", id);
	else if (!m->rec.id || !m->path)
		r = err_set(err, ENOMEM, "out of memory");
	if (r < 0)
		(void)unlinkat(m->records, id, AT_REMOVEDIR);
	else
		memcpy(ret_id, id, sizeof(id));
	return r;
}

static int copy_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? -ENOMEM : 0;
}

static int fill_record(struct making *m, const struct gantry_create *what, struct gantry_err *err)
{
	const struct local *l = m->l;
	struct record *rec = &m->rec;
	bool foreign = l->run.path != l->monitor;

	for (const char *const *p = what->labels; p && *p; p++)
		strv_add(&rec->labels, *p);
	strv_addf(&rec->labels, "%s=%s", OWNER_LABEL, l->head.owner);
	rec->created_ns = clock_wall();
	rec->auto_remove = what->flags & GANTRY_CREATE_AUTO_REMOVE;
	if (copy_text(&rec->runtime, foreign ? l->run.path : NULL) < 0 ||
	    copy_text(&rec->runtime_root, l->state_root) < 0 || rec->labels.failed ||
	    rec->args.failed)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int write_config(struct making *m, const struct gantry_create *what, struct gantry_err *err)
{
	clean_free char *text = NULL;
	struct gantry_create w = *what;
	size_t len;
	int r;

	if (what->bundle)
		return 0;
	w.rootfs = m->rec.rootfs;
	r = build_spec(&w, m->rec.id, &text, &len, err);
	if (r < 0)
		return r;
	r = fd_replace(m->dir, "config.json", text, len, 0600, 0);
	return r < 0 ? err_num(err, r, "write config.json of container %s", m->rec.id) : 0;
}

/* ---- the monitor ---- */

static int start_monitor(struct making *m, const char *order, const struct gantry_run *how,
			 struct call *c)
{
	const char *const argv[] = { "gantry-oci", "monitor", order, m->path,
				     call_logs(c, GANTRY_LOG_DEBUG) ? "debug" : NULL, NULL };
	clean_fd int theirs = -1;
	struct spawn s = SPAWN_INIT;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(c->err, "a socket to the monitor");
	m->sock = pair[0];
	theirs = pair[1];
	s.path = m->l->monitor;
	s.argv = argv;
	s.dir = "/";
	s.orphan = true;
	s.fds[MONITOR_FD] = theirs;
	if (how) {
		s.fds[STDIN_FILENO] = how->stdin_fd;
		s.fds[STDOUT_FILENO] = how->stdout_fd;
		s.fds[STDERR_FILENO] = how->stderr_fd;
	}
	return spawn_start(&s, &m->monitor, c);
}

/*
 * Takes the next message. 1 and *ret; 0 none is there yet; -errno of what it tells, or -EIO the
 * monitor is gone. Log records are passed on.
 */
static int next_message(struct making *m, struct monitor_msg *ret, struct call *c)
{
	int r, fd = -1;

	do {
		r = monitor_recv(m->sock, ret, &fd);
		if (r == 1 && ret->event == MONITOR_LOG)
			call_log(c, GANTRY_LOG_DEBUG, "monitor: %s", ret->text);
	} while (r == 1 && ret->event == MONITOR_LOG);
	if (r == -EAGAIN)
		return 0;
	if (r == 0)
		return err_set(c->err, EIO, "the monitor of container %s ended before its time",
			       m->rec.id);
	if (r < 0)
		return err_num(c->err, r, "the monitor of container %s (is it another version?)",
			       m->rec.id);
	if (fd >= 0) {
		clean_fdp(&m->init);
		m->init = fd;
	}
	if (ret->event == MONITOR_FAILED) {
		*c->err = ret->err;
		return ret->err.code > 0
			       ? -ret->err.code
			       : err_set(c->err, EIO, "the monitor failed without a word");
	}
	return 1;
}

/* Waits for `event`. *told is set when the monitor says that it has failed. */
static int await_message(struct making *m, unsigned event, bool *told, struct call *c)
{
	struct pollfd p = { m->sock, POLLIN, 0 };
	struct monitor_msg msg = { 0 };
	int r;

	do {
		r = call_poll(c, &p, 1, -1);
		if (r < 0)
			return r;
		r = next_message(m, &msg, c);
		*told = r < 0 && msg.event == MONITOR_FAILED;
		if (r < 0)
			return r;
	} while (r == 0 || msg.event != event);
	return 0;
}

/*
 * Whether the runtime knows a container of this id that is older than our record:
 * then it is not ours to remove.
 */
static bool is_anothers(struct making *m, struct call *c)
{
	clean_local_state struct local_state s = { 0 };

	return m->l->kind->state(m->l, m->rec.id, &s, c) == 0 && s.created_ns &&
	       s.created_ns < m->rec.created_ns;
}

/*
 * Whether its record is gone, as it is when the monitor has undone all. Until then
 * the name is ours, so that what is removed by it is nobody else's.
 */
static bool is_gone(const struct making *m)
{
	struct stat ours, now;

	if (fstatat(m->records, m->rec.id, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return fstat(m->dir, &ours) == 0 &&
	       (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev);
}

/* Lets the monitor undo what it has begun, and does what it cannot do any more. */
static void undo(struct making *m, unsigned committed, struct call *c)
{
	clean_box struct box b = BOX_INIT;
	struct call u;
	bool told = false;
	int r;

	if (call_begin(&u, NULL, c->logger) < 0)
		return;
	u.deadline_ns = clock_mono() + UNDO_S * 1000000000ull;
	u.step = "undo";
	(void)monitor_ask(m->sock, MONITOR_ABORT);
	r = await_message(m, committed, &told, &u);
	if (told && is_gone(m))
		return;
	if (r == -ETIMEDOUT && m->monitor.pidfd >= 0) {
		(void)pidfd_signal(m->monitor.pidfd, SIGKILL);
		(void)pidfd_ended(m->monitor.pidfd, ABORT_MS);
		u.deadline_ns = clock_mono() + UNDO_S * 1000000000ull;
	}
	if (is_anothers(m, &u)) {
		(void)local_remove_record(m->l, m->rec.id, &u);
		return;
	}
	snprintf(b.id, sizeof(b.id), "%s", m->rec.id);
	b.dir = openat(m->records, m->rec.id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (local_destroy(m->l, &b, true, &u) < 0)
		call_log(c, GANTRY_LOG_WARN, "container %s is left behind: %s", m->rec.id,
			 u.err->msg);
}

/* From the wish to the monitor's word that `event` has come to pass. */
static int make(struct making *m, const struct gantry_create *what, const struct gantry_run *how,
		unsigned event, char ret_id[static GANTRY_ID_SIZE], struct call *c)
{
	struct gantry_err why;
	bool told = false;
	int r;

	r = read_source(&m->l->head, what, &m->rec, c->err);
	if (r == 0)
		r = make_directory(m, what->name, ret_id, c->err);
	if (r < 0)
		return r;
	r = fill_record(m, what, c->err);
	if (r == 0)
		r = write_config(m, what, c->err);
	if (r == 0)
		r = record_write(m->dir, &m->rec, c->err);
	if (r == 0)
		r = start_monitor(m, event == MONITOR_CREATED ? "create" : "launch", how, c);
	if (r < 0) { /* nobody else writes into it yet */
		(void)fd_rmtree(m->records, m->rec.id);
		return r;
	}
	r = await_message(m, event, &told, c);
	if (r < 0 && !(told && is_gone(m))) {
		why = *c->err;
		undo(m, event, c);
		*c->err = why;
	}
	return r;
}

int local_create(struct gantry_engine *e, const struct gantry_create *what,
		 char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	clean_making struct making m = MAKING_INIT;

	m.l = (struct local *)e;
	return make(&m, what, NULL, MONITOR_CREATED, ret_id, c);
}

int local_launch(struct gantry_engine *e, const struct gantry_create *what,
		 char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	clean_making struct making m = MAKING_INIT;

	m.l = (struct local *)e;
	return make(&m, what, NULL, MONITOR_STARTED, ret_id, c);
}

/* ---- in the foreground ---- */

static void pass_signal(const struct making *m, int signal_fd)
{
	struct signalfd_siginfo si;

	if (read(signal_fd, &si, sizeof(si)) == sizeof(si) && m->init >= 0)
		(void)pidfd_signal(m->init, (int)si.ssi_signo);
}

/*
 * Until the end. A monitor that is gone without a word leaves the container
 * running and the code unknown.
 */
static int attend(struct making *m, const struct gantry_run *how, struct gantry_exit *ret,
		  struct call *c)
{
	struct monitor_msg msg = { 0 };
	int r;

	for (;;) {
		struct pollfd p[] = { { m->sock, POLLIN, 0 }, { how->signal_fd, POLLIN, 0 } };

		r = call_poll(c, p, 2, -1);
		if (r < 0)
			return r;
		if (p[1].revents & POLLIN)
			pass_signal(m, how->signal_fd);
		if (!p[0].revents)
			continue;
		r = next_message(m, &msg, c);
		if (r < 0)
			return r;
		if (r == 1 && msg.event == MONITOR_ENDED)
			break;
	}
	local_fill_exit(ret, &msg.exit);
	if (msg.err.code > 0)
		call_log(c, GANTRY_LOG_WARN, "container %s: %s", m->rec.id, msg.err.msg);
	return 0;
}

int local_run(struct gantry_engine *e, const struct gantry_create *what,
	      const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE], struct gantry_exit *ret,
	      struct call *c)
{
	clean_making struct making m = MAKING_INIT;
	int r;

	m.l = (struct local *)e;
	r = make(&m, what, how, MONITOR_STARTED, ret_id, c);
	if (r < 0)
		return r;
	c->step = "wait";
	return attend(&m, how, ret, c);
}

/* ---- start ---- */

/*
 * By its monitor, which then knows when. *gone is set when that took no notice: another start came
 * first and it listens no more (who had connected by then is cut off), or it was killed.
 */
static int start_by_monitor(int sock, const char *id, bool *gone, struct call *c)
{
	clean_making struct making m = MAKING_INIT;
	bool told = false;
	int r;

	m.sock = sock;
	m.rec.id = strdup(id);
	if (!m.rec.id)
		return err_set(c->err, ENOMEM, "out of memory");
	r = monitor_ask(sock, MONITOR_START);
	if (r < 0) {
		*gone = r == -EPIPE || r == -ECONNRESET;
		return err_num(c->err, r, "ask the monitor of container %s", id);
	}
	r = await_message(&m, MONITOR_STARTED, &told, c);
	*gone = !told && (r == -EIO || r == -ECONNRESET);
	return r;
}

int local_start(struct gantry_engine *e, const char *id, struct call *c)
{
	struct local *l = (struct local *)e;
	clean_local_state struct local_state s = { 0 };
	clean_box struct box b = BOX_INIT;
	const char *args[] = { b.id, NULL };
	bool gone = false;
	int r, sock;

	r = local_find(l, id, &b, c);
	if (r == 0 && b.exit_r != 0 && b.dir >= 0 && (sock = monitor_connect(b.dir)) >= 0) {
		r = start_by_monitor(sock, b.id, &gone, c);
		if (!gone)
			return r;
		r = 0;
	}
	if (r == 0)
		r = local_status(l, &b, &s, c);
	if (r < 0)
		return r;
	if (r != GANTRY_STATE_CREATED)
		return err_set(c->err, EBUSY, "container %s cannot be started: it is %s", b.id,
			       gantry_state_name(r));
	/*
	 * Nobody watches over it: made by the runtime's own command line, or its monitor
	 * was killed.
	 */
	r = foreign_call(&l->run, "start", args, NULL, c);
	if (r == 0 && b.dir >= 0)
		(void)started_write(b.dir, clock_wall());
	return r;
}
