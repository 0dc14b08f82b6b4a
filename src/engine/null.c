/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that does nothing, at once: the zero of every benchmark (what
 * remains is gantry's own cost) and the double in unit tests. It has no
 * processes, but it keeps the books as a real engine does: containers live in
 * the handle with ids, states, labels and exit codes, and end with it.
 *
 * What a container's command would do is read off the command alone:
 *   true, false, sleep N, sh -c "exit N", sh -c "kill -N $$"  end as they say
 *   anything else ends at once with 0 in the foreground, and runs until it is
 *   signalled when detached.
 */
#include "engine/ops.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "engine/describe.h"

#define NEVER UINT64_MAX

/* One container of the books. */
struct unit {
	struct unit *next; /* newest first */
	char id[65];
	char *name, *image, *bundle, *rootfs;
	struct strv args, labels;
	int state;
	unsigned flags;
	uint64_t takes_ns;  /* how long its command runs; NEVER: until it is signalled */
	uint64_t ends_ns;   /* CLOCK_MONOTONIC; while it runs */
	uint64_t left_ns;   /* of takes_ns; while it is paused */
	uint64_t created_ns, started_ns, finished_ns;
	int code, signal;   /* how it ends, and then how it has ended */
	uint64_t pending;   /* signals that wait for its resuming: bit N - 1 */
};

struct null_engine {
	struct gantry_engine head;
	struct unit *units;
	uint64_t made;
};

static struct null_engine *of(struct gantry_engine *e)
{
	return (struct null_engine *)(void *)e;
}

/* ---- what a command would do ---- */

/* "PREFIXn" with n up to 255: n, else -1. */
static int number_after(const char *text, const char *prefix, const char *suffix)
{
	const char *at = str_after(text, prefix);
	char digits[4] = "";
	size_t n = at ? strspn(at, "0123456789") : 0;
	uint64_t v;

	if (!n || n > 3 || !str_eq(at + n, suffix))
		return -1;
	memcpy(digits, at, n);
	return str_u64(digits, &v) == 0 && v <= 255 ? (int)v : -1;
}

static void plan(struct unit *u)
{
	const char *name = u->args.n ? u->args.v[0] : "", *script;
	uint64_t us;
	int n;

	u->takes_ns = NEVER;
	if (str_eq(name, "true") || str_eq(name, "/bin/true"))
		u->takes_ns = 0;
	if (str_eq(name, "false") || str_eq(name, "/bin/false"))
		u->takes_ns = 0, u->code = 1;
	if (str_eq(name, "sleep") && u->args.n == 2 && str_duration_us(u->args.v[1], &us) == 0 &&
	    us < UINT64_MAX / 4000)
		u->takes_ns = us * 1000;
	if (u->args.n != 3 || !str_eq(name, "sh") || !str_eq(u->args.v[1], "-c"))
		return;
	script = u->args.v[2];
	n = number_after(script, "exit ", "");
	if (n >= 0)
		u->takes_ns = 0, u->code = n;
	n = number_after(script, "kill -", " $$");
	if (n >= 1 && n <= 64)
		u->takes_ns = 0, u->code = 128 + n, u->signal = n;
}

/* ---- states ---- */

static void end(struct unit *u, int code, int sig)
{
	u->state = GANTRY_STATE_STOPPED;
	u->code = code;
	u->signal = sig;
	u->finished_ns = clock_wall();
	u->pending = 0;
}

/* Lets the time that has gone by take effect. */
static void tick(struct unit *u)
{
	if (u->state == GANTRY_STATE_RUNNING && u->ends_ns != NEVER && clock_mono() >= u->ends_ns)
		end(u, u->code, u->signal);
}

static void begin(struct unit *u)
{
	u->state = GANTRY_STATE_RUNNING;
	u->started_ns = clock_wall();
	u->ends_ns = u->takes_ns == NEVER ? NEVER : clock_mono() + u->takes_ns;
	tick(u);
}

static bool ends_it(int sig)
{
	switch (sig) {
	case SIGCHLD: case SIGURG: case SIGWINCH: case SIGCONT:
	case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU:
		return false;
	default:
		return true;
	}
}

static void signal_unit(struct unit *u, int sig)
{
	if (!ends_it(sig))
		return;
	if (u->state == GANTRY_STATE_PAUSED)
		u->pending |= 1ull << (sig - 1);
	else
		end(u, 128 + sig, sig);
}

/* ---- the books ---- */

static void unit_free(struct unit *u)
{
	free(u->name);
	free(u->image);
	free(u->bundle);
	free(u->rootfs);
	strv_done(&u->args);
	strv_done(&u->labels);
	free(u);
}

static void forget(struct null_engine *n, struct unit *u)
{
	struct unit **at = &n->units;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	unit_free(u);
}

/* Ends what is over, and lets go of those that were to remove themselves then. */
static void settle(struct null_engine *n)
{
	struct unit *next;

	for (struct unit *u = n->units; u; u = next) {
		next = u->next;
		tick(u);
		if (u->state == GANTRY_STATE_STOPPED && u->flags & GANTRY_CREATE_AUTO_REMOVE)
			forget(n, u);
	}
}

static int find(struct null_engine *n, const char *id, struct unit **ret, struct call *c)
{
	struct unit *found = NULL;
	bool several = false;

	settle(n);
	for (struct unit *u = n->units; u; u = u->next) {
		if (str_eq(u->id, id) || str_eq(u->name, id)) {
			*ret = u;
			return 0;
		}
		if (str_after(u->id, id)) {
			several = found != NULL;
			found = u;
		}
		if (several)
			break;
	}
	if (!found)
		return err_set(c->err, ENOENT, "no container %s", id);
	if (several)
		return err_set(c->err, ENOTUNIQ, "several containers' ids begin with %s", id);
	*ret = found;
	return 0;
}

/* -EBUSY "container x is paused, not running". */
static int wrong_state(const struct unit *u, const char *wanted, struct call *c)
{
	return err_set(c->err, EBUSY, "container %s is %s, not %s", u->name,
		       gantry_state_name(u->state), wanted);
}

/* ---- the slots ---- */

static int null_open(const struct gantry_engine *proto, const struct engine_where *w,
		     struct gantry_engine **ret, struct call *c)
{
	struct null_engine *n;

	if (*w->rest)
		return err_set(c->err, EINVAL, "null takes no address, got \"%.64s\"", w->rest);
	n = calloc(1, sizeof(*n));
	if (!n)
		return err_set(c->err, ENOMEM, "out of memory");
	n->head = *proto;
	*ret = &n->head;
	return 0;
}

static void null_close(struct gantry_engine *e)
{
	struct null_engine *n = of(e);

	while (n->units)
		forget(n, n->units);
	free(n);
}

static int null_info(struct gantry_engine *e, struct gantry_info **ret, struct call *c)
{
	struct gantry_info info = { 0 };
	struct utsname host = { 0 };

	info.kind = e->ops->kind;
	info.name = "null";
	info.version = gantry_version();
	if (uname(&host) == 0)
		info.kernel = host.release;
	*ret = describe_info(&info);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

static int null_prepare(struct gantry_engine *e, const struct gantry_create *what, struct call *c)
{
	(void)e, (void)what, (void)c;
	return 0;
}

/* 64 hex digits, random so that a prefix means as little as on other engines. */
static int new_id(char id[65], struct call *c)
{
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(c->err, "no random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Copies text or leaves NULL; *failed when memory ran out. */
static char *keep(const char *text, bool *failed)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		*failed = true;
	return copy;
}

static int fill(struct null_engine *n, struct unit *u, const struct gantry_create *what,
		struct call *c)
{
	bool failed = false;
	int r = new_id(u->id, c);

	if (r < 0)
		return r;
	u->name = what->name ? keep(what->name, &failed) :
			       str_printf("null-%llu", (unsigned long long)++n->made);
	u->image = keep(what->image, &failed);
	u->bundle = keep(what->bundle, &failed);
	u->rootfs = keep(what->rootfs, &failed);
	for (const char *const *a = what->args; a && *a; a++)
		strv_add(&u->args, *a);
	for (const char *const *l = what->labels; l && *l; l++)
		strv_add(&u->labels, *l);
	strv_addf(&u->labels, "%s=%s", OWNER_LABEL, n->head.owner);
	if (failed || !u->name || u->args.failed || u->labels.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	u->flags = what->flags;
	u->created_ns = clock_wall();
	u->state = GANTRY_STATE_CREATED;
	plan(u);
	return 0;
}

static int make(struct null_engine *n, const struct gantry_create *what, struct unit **ret,
		struct call *c)
{
	struct unit *u;
	int r;

	settle(n);
	for (u = what->name ? n->units : NULL; u; u = u->next)
		if (str_eq(u->name, what->name))
			return err_set(c->err, EEXIST, "the name %s is taken", what->name);
	u = calloc(1, sizeof(*u));
	if (!u)
		return err_set(c->err, ENOMEM, "out of memory");
	r = fill(n, u, what, c);
	if (r < 0) {
		unit_free(u);
		return r;
	}
	u->next = n->units;
	n->units = u;
	*ret = u;
	return 0;
}

static int null_create(struct gantry_engine *e, const struct gantry_create *what,
		       char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	struct unit *u;
	int r = make(of(e), what, &u, c);

	if (r == 0)
		memcpy(ret_id, u->id, sizeof(u->id));
	return r;
}

static int null_start(struct gantry_engine *e, const char *id, struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	if (u->state != GANTRY_STATE_CREATED)
		return wrong_state(u, "created", c);
	begin(u);
	return 0;
}

/* What the caller's signalfd has read since. */
static void take_signals(struct unit *u, int fd)
{
	struct signalfd_siginfo s;

	if (read(fd, &s, sizeof(s)) == sizeof(s) && s.ssi_signo >= 1 && s.ssi_signo <= 64)
		signal_unit(u, (int)s.ssi_signo);
}

/* Sits until it has ended; `fd` is a signalfd or -1. */
static int outlive(struct unit *u, int fd, struct call *c)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int r;

	for (tick(u); u->state != GANTRY_STATE_STOPPED; tick(u)) {
		uint64_t now = clock_mono(), ms = 60000;

		if (u->state == GANTRY_STATE_RUNNING && u->ends_ns != NEVER &&
		    u->ends_ns - now < ms * 1000000)
			ms = (u->ends_ns - now) / 1000000 + 1;
		r = call_poll(c, &p, fd >= 0 ? 1 : 0, (int)ms);
		if (r < 0)
			return r;
		if (r > 0)
			take_signals(u, fd);
	}
	return 0;
}

static void report(const struct unit *u, struct gantry_exit *ret)
{
	ret->code = u->code;
	ret->signal = u->signal;
	ret->finished_ns = u->finished_ns;
}

static int null_run(struct gantry_engine *e, const struct gantry_create *what,
		    const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
		    struct gantry_exit *ret, struct call *c)
{
	struct unit *u;
	int r = make(of(e), what, &u, c);

	if (r < 0)
		return r;
	memcpy(ret_id, u->id, sizeof(u->id));
	if (u->takes_ns == NEVER)
		u->takes_ns = 0;
	begin(u);
	r = outlive(u, how->signal_fd, c);
	if (r == 0)
		report(u, ret);
	if (r == 0 && u->flags & GANTRY_CREATE_AUTO_REMOVE)
		forget(of(e), u);
	return r;
}

static int null_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags,
		     struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	(void)flags; /* it has no process, so first and all are the same */
	if (r < 0)
		return r;
	if (u->state != GANTRY_STATE_RUNNING && u->state != GANTRY_STATE_PAUSED)
		return wrong_state(u, "running", c);
	signal_unit(u, sig);
	return 0;
}

static int null_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
		     struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	if (u->state == GANTRY_STATE_CREATED)
		return err_set(c->err, EBUSY, "container %s was never started", u->name);
	r = outlive(u, -1, c);
	if (r == 0)
		report(u, ret);
	return r;
}

static int null_pause(struct gantry_engine *e, const char *id, struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	if (u->state != GANTRY_STATE_RUNNING)
		return wrong_state(u, "running", c);
	u->state = GANTRY_STATE_PAUSED;
	u->left_ns = u->ends_ns == NEVER ? NEVER : u->ends_ns - clock_mono();
	return 0;
}

static int null_resume(struct gantry_engine *e, const char *id, struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	if (u->state != GANTRY_STATE_PAUSED)
		return wrong_state(u, "paused", c);
	u->state = GANTRY_STATE_RUNNING;
	u->ends_ns = u->left_ns == NEVER ? NEVER : clock_mono() + u->left_ns;
	if (u->pending)
		signal_unit(u, __builtin_ctzll(u->pending) + 1);
	return 0;
}

static struct gantry_container view(const struct unit *u)
{
	bool ended = u->state == GANTRY_STATE_STOPPED;

	return (struct gantry_container){
		.id = u->id,
		.name = u->name,
		.image = u->image,
		.bundle = u->bundle,
		.rootfs = u->rootfs,
		.args = (const char *const *)u->args.v,
		.labels = (const char *const *)u->labels.v,
		.state = u->state,
		.created_ns = u->created_ns,
		.started_ns = u->started_ns,
		.finished_ns = u->finished_ns,
		.exit_code = ended ? u->code : -1,
		.exit_signal = ended ? u->signal : 0,
	};
}

static int null_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
		    struct call *c)
{
	struct gantry_container k;
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	k = view(u);
	*ret = describe_container(&k);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

static int null_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret,
		     struct call *c)
{
	CLEAN(described_done) struct described d = { 0 };
	int r = 0;

	(void)ours; /* all are: this handle made them */
	settle(of(e));
	for (struct unit *u = of(e)->units; u && r == 0; u = u->next) {
		struct gantry_container k = view(u);

		r = described_add(&d, &k);
	}
	if (r == 0)
		r = described_take(&d, ret);
	return r < 0 ? err_set(c->err, -r, "out of memory") : r;
}

static int null_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
{
	struct unit *u;
	int r = find(of(e), id, &u, c);

	if (r < 0)
		return r;
	if (u->state != GANTRY_STATE_STOPPED && !(flags & GANTRY_DELETE_FORCE))
		return wrong_state(u, "stopped", c);
	forget(of(e), u);
	return 0;
}

const struct engine_ops engine_null = {
	.kind = "null",
	.open = null_open,
	.close = null_close,
	.info = null_info,
	.prepare = null_prepare,
	.create = null_create,
	.start = null_start,
	/* no launch: the composite's create and start are what is to be measured */
	.run = null_run,
	.kill = null_kill,
	.wait = null_wait,
	.pause = null_pause,
	.resume = null_resume,
	.get = null_get,
	.list = null_list,
	.del = null_del,
};
