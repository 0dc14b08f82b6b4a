/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots of native and oci for containers that are: described, waited for,
 * acted on, deleted. localbox.c finds them, localrun.c makes them.
 *
 * A code that nobody wrote down is unknown, never 0.
 */
#include "engine/local.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clean.h"
#include "base/err.h"
#include "engine/describe.h"
#include "kernel/pidfd.h"

static struct local *local_of(struct gantry_engine *e)
{
	return (struct local *)e;
}

/* ---- opening ---- */

/* Where gantry-oci is: as said, as installed, or along $PATH. */
static int find_monitor(const struct gantry_engine *proto, char **ret, struct gantry_err *err)
{
	int r = -ENOENT;

	if (proto->oci) {
		r = spawn_which(proto->oci, ret);
		return r < 0 ? err_num(err, r, "gantry-oci at \"%.120s\"", proto->oci) : 0;
	}
#ifdef GANTRY_BINDIR
	r = spawn_which(GANTRY_BINDIR "/gantry-oci", ret);
#endif
	if (r < 0)
		r = spawn_which("gantry-oci", ret);
	if (r < 0)
		return err_set(
			err, -r,
			"there is no gantry-oci: install it, or set $GANTRY_OCI to where it is");
	return 0;
}

int local_open(struct local *l, const struct gantry_engine *proto, const struct engine_where *w,
	       const char *name, struct call *c)
{
	const char *root = engine_where_key(w, "root");
	clean_free char *key = NULL;
	int r;

	if (root && *root != '/')
		return err_set(c->err, EINVAL, "root=%.120s: not an absolute directory", root);
	r = find_monitor(proto, &l->monitor, c->err);
	if (r < 0)
		return r;
	key = record_key(name, root ? root : l->state_root);
	l->records = key ? str_printf("%s/containers/%s", proto->root, key) : NULL;
	if (root) {
		free(l->state_root);
		l->state_root = strdup(root);
	}
	if (!l->records || (root && !l->state_root))
		return err_set(c->err, ENOMEM, "out of memory");
	l->run.root = l->state_root;
	return 0;
}

void local_free(struct local *l)
{
	free(l->records);
	free(l->state_root);
	free(l->monitor);
	free(l);
}

void local_close(struct gantry_engine *e)
{
	local_free(local_of(e));
}

/* ---- info ---- */

/* The rest of the line that begins with `key`, cut off the text; NULL when there is none. */
static char *line_after(const char *text, const char *key)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *rest = str_after(p, key);

		if (rest)
			return strndup(rest + strspn(rest, " "),
				       strcspn(rest + strspn(rest, " "), "\n"));
	}
	return NULL;
}

/* "runc version 1.1.5", "youki version: 0.3": the last word of the first line. */
static char *last_word(const char *text)
{
	size_t end = strcspn(text, "\n"), start;

	while (end && text[end - 1] == ' ')
		end--;
	for (start = end; start && text[start - 1] != ' ';)
		start--;
	return strndup(text + start, end - start);
}

static const char *cgroup_kind(void)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	bool hybrid = access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0;

	return v2 ? "v2" : hybrid ? "hybrid" : access("/sys/fs/cgroup", F_OK) == 0 ? "v1" : "";
}

int local_info(struct gantry_engine *e, struct gantry_info **ret, struct call *c)
{
	struct local *l = local_of(e);
	clean_spawn_result struct spawn_result said = { 0 };
	clean_free char *version = NULL, *api = NULL, *revision = NULL;
	const char *slash = strrchr(l->run.path, '/');
	struct utsname u = { 0 };
	struct gantry_info i = { 0 };
	int r;

	r = foreign_call(&l->run, "--version", NULL, &said, c);
	if (r < 0)
		return r;
	version = last_word(said.out);
	api = line_after(said.out, "spec:");
	revision = line_after(said.out, "commit:");
	if (!version || !*version)
		return err_set(c->err, EPROTO, "%s --version says nothing", l->run.path);
	(void)uname(&u);
	i.kind = e->ops->kind;
	i.name = slash ? slash + 1 : l->run.path;
	i.version = version;
	i.api = api;
	i.revision = revision;
	i.kernel = u.release;
	i.cgroup = cgroup_kind();
	i.path = e->path;
	*ret = describe_info(&i);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

/* ---- get, list ---- */

static int describe(struct local *l, struct box *b, struct gantry_container *k,
		    struct local_state *s, struct call *c)
{
	int r = local_status(l, b, s, c);

	if (r == -ETIMEDOUT || r == -ECANCELED || r == -ENOMEM || r == -ENOENT)
		return r;
	k->state = r < 0 ? GANTRY_STATE_UNKNOWN : r;
	k->id = k->name = b->id;
	k->pid = s->pid;
	k->created_ns = b->rec.created_ns ? b->rec.created_ns : s->created_ns;
	k->image = b->rec.image;
	k->bundle = b->rec.bundle ? b->rec.bundle : s->bundle;
	if (!k->bundle && b->rec_r == 0) {
		s->bundle = str_printf("%s/%s", l->records, b->id);
		k->bundle = s->bundle;
	}
	k->rootfs = b->rec.rootfs ? b->rec.rootfs : s->rootfs;
	k->args = (const char *const *)b->rec.args.v;
	k->labels = (const char *const *)b->rec.labels.v;
	k->exit_code = b->exit.code;
	k->exit_signal = b->exit.signal;
	k->oom = b->exit.oom;
	k->finished_ns = b->exit.finished_ns;
	k->started_ns = b->exit_r == 0 ? b->exit.started_ns
			: b->dir >= 0  ? started_read(b->dir)
				       : 0;
	return 0;
}

/* Why nobody can know the code. */
static void log_unknown(const struct box *b, struct call *c)
{
	const char *why = b->exit.error;

	if (!*why && b->exit_r == -EBADMSG)
		why = "its exit record is damaged";
	else if (!*why)
		why = "its monitor ended without recording it";
	call_log(c, GANTRY_LOG_INFO, "container %s: its exit code is unknown: %s", b->id, why);
}

int local_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
	      struct call *c)
{
	struct local *l = local_of(e);
	clean_local_state struct local_state s = { 0 };
	clean_box struct box b = BOX_INIT;
	struct gantry_container k = { 0 };
	int r;

	r = local_find(l, id, &b, c);
	if (r == 0)
		r = describe(l, &b, &k, &s, c);
	if (r < 0)
		return r;
	if (k.state == GANTRY_STATE_STOPPED && k.exit_code < 0)
		log_unknown(&b, c);
	*ret = describe_container(&k);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

static bool is_ours(const struct local *l, const struct box *b)
{
	for (size_t i = 0; i < b->rec.labels.n; i++) {
		const char *owner = str_after(b->rec.labels.v[i], OWNER_LABEL "=");

		if (owner && str_eq(owner, l->head.owner))
			return true;
	}
	return false;
}

static int list_one(struct local *l, const char *id, bool ours, struct described *to,
		    struct call *c)
{
	clean_local_state struct local_state s = { 0 };
	clean_box struct box b = BOX_INIT;
	struct gantry_container k = { 0 };
	int r;

	r = box_open(l, id, &b, c);
	if (r == 0 && ours && !is_ours(l, &b))
		return 0;
	if (r == 0)
		r = describe(l, &b, &k, &s, c);
	if (r == -ENOENT)
		return 0; /* removed meanwhile */
	if (r == -ETIMEDOUT || r == -ECANCELED)
		return r;
	if (r < 0) {
		call_log(c, GANTRY_LOG_WARN, "container %s: %s", id, c->err->msg);
		k = (struct gantry_container){ .id = id, .name = id, .exit_code = -1 };
	}
	return described_add(to, &k) < 0 ? err_set(c->err, ENOMEM, "out of memory") : 0;
}

int local_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret, struct call *c)
{
	struct local *l = local_of(e);
	CLEAN(described_done) struct described d = { 0 };
	clean_strv struct strv ids = { 0 };
	int r;

	r = local_ids(l, &ids, c);
	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		r = call_check(c);
		if (r == 0)
			r = list_one(l, ids.v[i], ours, &d, c);
	}
	if (r < 0)
		return r;
	r = described_take(&d, ret);
	return r < 0 ? err_set(c->err, ENOMEM, "out of memory") : r;
}

/* ---- wait ---- */

void local_fill_exit(struct gantry_exit *to, const struct exit_record *x)
{
	to->code = x->code;
	to->signal = x->signal;
	to->oom = x->oom;
	to->finished_ns = x->finished_ns;
}

static int wait_for_end(int pidfd, struct call *c)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	int r = call_poll(c, &p, 1, -1);

	return r < 0 ? r : 0;
}

/* Whoever has ended, whatever was written by then. */
static void read_end(struct box *b, int waitfd)
{
	b->exit_r = waitfd < 0 ? -ENOENT : exit_record_waited(waitfd, &b->exit, NULL);
	if (b->exit_r != 0)
		box_read_exit(b);
}

/* Without a monitor nobody reaps for us: its end can be seen, its code cannot. */
static int wait_unwatched(struct local *l, struct box *b, struct call *c)
{
	clean_fd int init = b->dir >= 0 ? box_living(b, MARK_INIT, NULL) : -ENOENT;

	if (init < 0 && l->kind->pidfd)
		init = l->kind->pidfd(l, b->id, c);

	return init < 0 ? 0 : wait_for_end(init, c);
}

/* -EBUSY unless it was started. */
static int must_have_started(struct local *l, struct box *b, struct call *c)
{
	clean_local_state struct local_state s = { 0 };
	int r;

	if (b->exit_r == 0 || (b->dir >= 0 && started_read(b->dir)))
		return 0;
	r = local_status(l, b, &s, c);
	if (r == GANTRY_STATE_CREATED || r == GANTRY_STATE_CREATING)
		return err_set(c->err, EBUSY, "container %s was never started", b->id);
	return r < 0 && r != -EBADMSG ? r : 0;
}

int local_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret, struct call *c)
{
	struct local *l = local_of(e);
	clean_fd int waitfd = -1, monitor = -1;
	clean_box struct box b = BOX_INIT;
	int r;

	r = local_find(l, id, &b, c);
	if (r < 0)
		return r;
	/* Before anything else: an auto-remove takes the names away, not what is open. */
	if (b.dir >= 0)
		waitfd = openat(b.dir, "wait", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	r = must_have_started(l, &b, c);
	if (r < 0)
		return r;
	monitor = b.exit_r == 0 ? -1 : box_monitor(&b);
	r = monitor < 0 ? 0 : wait_for_end(monitor, c);
	if (r == 0 && b.exit_r != 0)
		read_end(&b, waitfd);
	/* The monitor was killed: the container may well run on. */
	if (r == 0 && b.exit_r != 0)
		r = wait_unwatched(l, &b, c);
	if (r < 0)
		return r;
	if (b.exit.code < 0)
		log_unknown(&b, c);
	local_fill_exit(ret, &b.exit);
	return 0;
}

/* ---- acting on a running one ---- */

static int not_in_state(const struct box *b, int status, const char *wanted, struct gantry_err *err)
{
	return err_set(err, EBUSY, "container %s is not %s: it is %s", b->id, wanted,
		       gantry_state_name(status));
}

/*
 * Its state, for a verb that is right in some states only. Where the kernel can tell, the
 * runtime is not executed for it: what is left is whether it is frozen.
 */
static int quick_status(struct local *l, struct box *b, struct call *c)
{
	clean_local_state struct local_state s = { 0 };
	clean_fd int init = -1;
	pid_t pid = 0;
	int r;

	if (b->exit_r != 0 && b->dir >= 0 && !l->kind->ids && started_read(b->dir)) {
		init = box_living(b, MARK_INIT, &pid);
		r = init >= 0 ? foreign_frozen(pid) : -ESRCH;
		if (r >= 0)
			return r ? GANTRY_STATE_PAUSED : GANTRY_STATE_RUNNING;
	}
	return local_status(l, b, &s, c);
}

int local_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags, struct call *c)
{
	struct local *l = local_of(e);
	clean_box struct box b = BOX_INIT;
	int r;

	r = local_find(l, id, &b, c);
	if (r == 0)
		r = quick_status(l, &b, c);
	if (r < 0)
		return r;
	if (r != GANTRY_STATE_RUNNING && r != GANTRY_STATE_PAUSED)
		return not_in_state(&b, r, "running", c->err);
	return l->kind->kill(l, b.id, sig, flags & GANTRY_KILL_ALL, c);
}

int local_pause(struct gantry_engine *e, const char *id, struct call *c)
{
	struct local *l = local_of(e);
	clean_box struct box b = BOX_INIT;
	int r;

	r = local_find(l, id, &b, c);
	if (r == 0)
		r = quick_status(l, &b, c);
	if (r < 0)
		return r;
	if (r != GANTRY_STATE_RUNNING)
		return not_in_state(&b, r, "running", c->err);
	return l->kind->pause(l, b.id, c);
}

int local_resume(struct gantry_engine *e, const char *id, struct call *c)
{
	struct local *l = local_of(e);
	clean_box struct box b = BOX_INIT;
	int r;

	r = local_find(l, id, &b, c);
	if (r == 0)
		r = quick_status(l, &b, c);
	if (r < 0)
		return r;
	if (r != GANTRY_STATE_PAUSED)
		return not_in_state(&b, r, "paused", c->err);
	return l->kind->resume(l, b.id, c);
}

/* ---- delete ---- */

/* A frozen process does not die of what it is sent; so first the signal, then the thaw. */
static void kill_paused(struct local *l, const struct box *b, struct call *c)
{
	if (l->kind->kill(l, b->id, SIGKILL, false, c) == 0)
		(void)l->kind->resume(l, b->id, c);
}

int local_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
{
	struct local *l = local_of(e);
	bool force = flags & GANTRY_DELETE_FORCE;
	clean_local_state struct local_state s = { 0 };
	clean_box struct box b = BOX_INIT;
	int r;

	r = local_find(l, id, &b, c);
	if (r < 0)
		return r;
	r = local_status(l, &b, &s, c);
	if (r == -ETIMEDOUT || r == -ECANCELED || (r < 0 && !force))
		return r;
	if (!force && r != GANTRY_STATE_STOPPED && r != GANTRY_STATE_DEAD)
		return err_set(c->err, EBUSY, "container %s is %s", b.id, gantry_state_name(r));
	if (r == GANTRY_STATE_PAUSED)
		kill_paused(l, &b, c);
	return local_destroy(l, &b, force, c);
}
