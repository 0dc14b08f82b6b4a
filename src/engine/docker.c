/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker, and podman's Docker-compatible socket: the Engine API over a unix
 * socket. The version is what /_ping names, never a constant of ours: docker 29
 * refuses all that is older than 1.44, and podman 4 knows nothing beyond 1.41.
 *
 * What bites: names and beginnings of ids are resolved by the daemon, in its
 * order, so they go into the URL as they are. A wait for a container that was
 * never started is answered at once with code 0 (docker) or -1 (podman), and a
 * delete takes a created container without force: where our contract differs
 * we look first.
 */
#include "engine/docker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "engine/describe.h"

/* ---- requests -------------------------------------------------------------------------------- */

static int request(struct docker *d, const struct docker_ask *a, const char *target, struct call *c)
{
	struct http *h = a->on ? a->on : &d->http;
	struct http_request rq = {
		.method = a->method, .target = target, .body = a->body, .body_len = a->body_len,
		.max = a->max ? a->max : DOCKER_BODY_MAX, .upgrade = a->upgrade,
	};
	int r = a->head ? http_begin(h, &rq, c) : http_call(h, &rq, c);

	return r >= 300 ? docker_error(d, a, h, c) : r;
}

static int vrequest(struct docker *d, const struct docker_ask *a, const char *start,
		    const char *fmt, va_list ap, struct call *c)
{
	clean_str struct str target = { 0 };

	str_addf(&target, "/v1.%u%s", d->minor, start);
	str_vaddf(&target, fmt, ap);
	return target.failed ? err_set(c->err, ENOMEM, "out of memory") : request(d, a, target.buf, c);
}

int docker_request(struct docker *d, const struct docker_ask *a, struct call *c, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vrequest(d, a, "", fmt, ap, c);
	va_end(ap);
	return r;
}

int docker_post(struct docker *d, enum docker_about about, const char *id, struct call *c,
		const char *fmt, ...)
{
	const struct docker_ask a = { .about = about, .name = id, .method = "POST" };
	char start[GANTRY_ID_SIZE + 16];
	va_list ap;
	int r = docker_check_id(id, c);

	if (r < 0)
		return r;
	snprintf(start, sizeof(start), "/containers/%s/", id);
	va_start(ap, fmt);
	r = vrequest(d, &a, start, fmt, ap, c);
	va_end(ap);
	return r;
}

int docker_check_id(const char *id, struct call *c)
{
	char shown[64];

	if (str_is_id(id))
		return 0;
	str_printable(shown, sizeof(shown), id);
	return err_set(c->err, ENOENT, "no container %s", shown);
}

/* ---- open ------------------------------------------------------------------------------------ */

/* "unix:///run/docker.sock" or a path; else what stands there and why it will not do. */
static int socket_path(const char *text, const char *source, char **ret, struct call *c)
{
	const char *path = str_after(text, "unix://");
	char shown[80];

	if (!path)
		path = text;
	str_printable(shown, sizeof(shown), text);
	if (*path != '/')
		return err_set(c->err, strstr(text, "://") ? ENOTSUP : EINVAL,
			       "%s\"%s\" is not a unix socket's path, and gantry drives no other yet", source, shown);
	*ret = strdup(path);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

/* The address, else $DOCKER_HOST, else the usual place. */
static int find_socket(const char *address, char **ret, struct call *c)
{
	const char *host = getenv("DOCKER_HOST");

	if (*address)
		return socket_path(address, "", ret, c);
	if (host && *host)
		return socket_path(host, "$DOCKER_HOST ", ret, c);
	return socket_path(access("/run/docker.sock", F_OK) == 0 ? "/run/docker.sock" : "/var/run/docker.sock",
			   "", ret, c);
}

/* "1.41": 41. 0 or -EINVAL. */
static int minor_of(const char *version, unsigned *ret)
{
	const char *minor = version ? str_after(version, "1.") : NULL;
	uint64_t n;

	if (!minor || str_u64(minor, &n) < 0 || n > 10000)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

/*
 * The newest version that both know. Asked by GET: HEAD is younger than the
 * oldest daemon.
 */
static int negotiate(struct docker *d, struct call *c)
{
	const struct docker_ask a = { .about = DOCKER_ENGINE, .name = "", .method = "GET", .max = 64 << 10 };
	int r = request(d, &a, "/_ping", c);
	const char *version;
	char shown[32];

	if (r < 0)
		return r;
	version = http_header(&d->http, "Api-Version");
	if (!version && d->http.body.len == 2 && !memcmp(d->http.body.buf, "OK", 2))
		version = "1.24"; /* docker 1.12 does not say */
	d->podman = http_header(&d->http, "Libpod-Api-Version") != NULL;
	if (!version || minor_of(version, &d->minor) < 0) {
		str_printable(shown, sizeof(shown), version ? version : "none");
		return err_set(c->err, EPROTO, "%s answers, but names no version of the Docker API (%s)",
			       d->head.path, shown);
	}
	if (d->minor < DOCKER_OLDEST)
		return err_set(c->err, EPROTO, "%s speaks Docker API 1.%u; gantry needs 1.%d or newer",
			       d->head.path, d->minor, DOCKER_OLDEST);
	if (d->minor > DOCKER_OURS)
		d->minor = DOCKER_OURS;
	return 0;
}

static int docker_open(const struct gantry_engine *proto, const struct engine_where *w,
		       struct gantry_engine **ret, struct call *c)
{
	clean_free char *path = NULL;
	struct docker *d;
	int r = find_socket(w->rest, &path, c);

	if (r < 0)
		return r;
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(c->err, ENOMEM, "out of memory");
	d->head = *proto;
	d->head.path = path;
	http_init(&d->http, path);
	r = negotiate(d, c);
	if (r < 0) {
		http_close(&d->http);
		free(d);
		return r;
	}
	path = NULL;
	*ret = &d->head;
	return 0;
}

static void docker_close(struct gantry_engine *e)
{
	struct docker *d = docker_of(e);

	http_close(&d->http);
	free(d);
}

/* ---- info ------------------------------------------------------------------------------------ */

static int get_json(struct docker *d, struct json_doc *doc, struct call *c, const char *target)
{
	const struct docker_ask a = { .about = DOCKER_ENGINE, .name = "", .method = "GET" };
	int r = docker_request(d, &a, c, "%s", target);

	return r < 0 ? r : docker_json(&d->http, JSON_OBJECT, doc, c);
}

/* /info is parsed where /version still lies, so what is wanted of that moves out first. */
struct versions {
	char version[64], revision[64], kernel[96], storage[64], cgroup[80];
};

static void keep(char *dst, size_t size, const struct json *j, const char *key)
{
	snprintf(dst, size, "%s", json_text(json_get(j, key), ""));
}

static int ask_versions(struct docker *d, struct versions *v, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	int r = get_json(d, &doc, c, "/version");

	if (r < 0)
		return r;
	keep(v->version, sizeof(v->version), doc.root, "Version");
	keep(v->revision, sizeof(v->revision), doc.root, "GitCommit");
	keep(v->kernel, sizeof(v->kernel), doc.root, "KernelVersion");
	return 0;
}

/* "v1 (cgroupfs)"; the version is told since API 1.41. */
static int ask_host(struct docker *d, struct versions *v, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	int r = get_json(d, &doc, c, "/info");
	const char *cgroup, *driver;

	if (r < 0)
		return r;
	keep(v->storage, sizeof(v->storage), doc.root, "Driver");
	cgroup = json_text(json_get(doc.root, "CgroupVersion"), "");
	driver = json_text(json_get(doc.root, "CgroupDriver"), "");
	if (*cgroup)
		snprintf(v->cgroup, sizeof(v->cgroup), "v%.8s%s%.48s%s", cgroup, *driver ? " (" : "", driver,
			 *driver ? ")" : "");
	else
		snprintf(v->cgroup, sizeof(v->cgroup), "%.48s", driver);
	return 0;
}

static int docker_info(struct gantry_engine *e, struct gantry_info **ret, struct call *c)
{
	struct docker *d = docker_of(e);
	struct gantry_info info = { 0 };
	struct versions v = { 0 };
	char api[16];
	int r = ask_versions(d, &v, c);

	if (r == 0)
		r = ask_host(d, &v, c);
	if (r < 0)
		return r;
	snprintf(api, sizeof(api), "1.%u", d->minor);
	info.kind = e->ops->kind;
	info.name = d->podman ? "podman" : "docker";
	info.version = v.version;
	info.api = api;
	info.revision = v.revision;
	info.kernel = v.kernel;
	info.storage = v.storage;
	info.cgroup = v.cgroup;
	info.path = e->path;
	*ret = describe_info(&info);
	return *ret ? 0 : err_set(c->err, ENOMEM, "out of memory");
}

/* ---- images ---------------------------------------------------------------------------------- */

/* What may stand in a URL's path as it is; the daemon judges the rest. */
static int check_image(const struct gantry_create *what, struct call *c)
{
	const char *ok = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:@";
	const char *i = what->image;
	char shown[80];

	if (!i)
		return err_set(c->err, EINVAL, "docker takes an image, not a %s", what->rootfs ? "rootfs" : "bundle");
	str_printable(shown, sizeof(shown), i);
	if (!*i || strlen(i) > 512 || i[strspn(i, ok)] || strchr("./-:@", *i) || strstr(i, "..") ||
	    strstr(i, "//") || strstr(i, "/./"))
		return err_set(c->err, EINVAL, "\"%s\" is no image reference", shown);
	return 0;
}

static int docker_prepare(struct gantry_engine *e, const struct gantry_create *what, struct call *c)
{
	const struct docker_ask a = { .about = DOCKER_IMAGE, .name = what->image, .method = "GET" };
	int r = check_image(what, c);

	if (r == 0)
		r = docker_request(docker_of(e), &a, c, "/images/%s/json", what->image);
	return r < 0 ? r : 0;
}

/* ---- containers ------------------------------------------------------------------------------ */

int docker_make(struct docker *d, const struct gantry_create *what, const struct gantry_run *how,
		char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	struct docker_ask a = { .about = DOCKER_CREATE, .name = what->image, .method = "POST" };
	clean_json struct json_doc doc = { 0 };
	clean_free char *body = NULL;
	const char *id;
	int r = check_image(what, c);

	if (r == 0)
		r = docker_create_body(d, what, how, &body, &a.body_len, c);
	if (r < 0)
		return r;
	a.body = body;
	/* request_create() has let only letters, digits, _ . - into a name */
	r = docker_request(d, &a, c, "/containers/create%s%s", what->name ? "?name=" : "",
			   what->name ? what->name : "");
	if (r == -EEXIST && what->name)
		return err_set(c->err, EEXIST, "the name %s is taken", what->name);
	if (r >= 0)
		r = docker_json(&d->http, JSON_OBJECT, &doc, c);
	if (r < 0)
		return r;
	id = json_text(json_get(doc.root, "Id"), "");
	if (!str_is_id(id))
		return err_set(c->err, EPROTO, "the daemon has created a container and does not tell its id");
	snprintf(ret_id, GANTRY_ID_SIZE, "%s", id);
	for json_each(w, json_get(doc.root, "Warnings"))
		call_log(c, GANTRY_LOG_WARN, "%s", json_text(w, ""));
	return 0;
}

static int docker_create(struct gantry_engine *e, const struct gantry_create *what,
			 char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	return docker_make(docker_of(e), what, NULL, ret_id, c);
}

static int docker_start(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_START, id, c, "start");

	return r < 0 ? r : 0;
}

int docker_inspect(struct docker *d, const char *id, struct json_doc *doc, struct docker_view *v,
		   struct call *c)
{
	const struct docker_ask a = { .about = DOCKER_CONTAINER, .name = id, .method = "GET" };
	int r = docker_check_id(id, c);

	if (r == 0)
		r = docker_request(d, &a, c, "/containers/%s/json", id);
	if (r >= 0)
		r = docker_json(&d->http, JSON_OBJECT, doc, c);
	return r < 0 ? r : docker_view_inspect(d, doc->root, v, c);
}

static int wrong_state(const struct docker_view *v, const char *wanted, struct call *c)
{
	char name[80];

	str_printable(name, sizeof(name), *v->k.name ? v->k.name : v->k.id);
	return err_set(c->err, EBUSY, "container %s is %s, not %s", name, gantry_state_name(v->k.state), wanted);
}

/*
 * podman 4 cannot end a paused container: on cgroup v1 the signal waits behind
 * the freezer, it gives up after 5 s and takes the container for stopped while its
 * processes lie frozen. dockerd thaws for SIGKILL, so we do it for podman.
 */
static int thaw_for_kill(struct docker *d, const char *id, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int r = docker_inspect(d, id, &doc, &v, c);

	if (r == 0 && v.k.state == GANTRY_STATE_PAUSED)
		r = docker_post(d, DOCKER_CONTAINER, id, c, "unpause");
	return r == -EBUSY ? 0 : r;
}

static int docker_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags,
		       struct call *c)
{
	struct docker *d = docker_of(e);
	int r = 0;

	if (flags & GANTRY_KILL_ALL)
		return err_set(c->err, ENOTSUP, "docker can signal the first process of a container alone");
	if (d->podman && sig == SIGKILL)
		r = thaw_for_kill(d, id, c);
	if (r >= 0)
		r = docker_post(d, DOCKER_CONTAINER, id, c, "kill?signal=%d", sig);
	return r < 0 ? r : 0;
}

static int docker_pause(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_CONTAINER, id, c, "pause");

	return r < 0 ? r : 0;
}

static int docker_resume(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_CONTAINER, id, c, "unpause");

	return r < 0 ? r : 0;
}

static int docker_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
		      struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	struct gantry_container *k;
	int r = docker_inspect(docker_of(e), id, &doc, &v, c);

	if (r < 0)
		return r;
	k = describe_container(&v.k);
	if (!k)
		return err_set(c->err, ENOMEM, "out of memory");
	*ret = k;
	return 0;
}

/* ---- wait ------------------------------------------------------------------------------------ */

/* What can be told without waiting. 1: *ret is filled and `id` (room for one) the whole id; 0: it runs. */
static int look_for_end(struct docker *d, const char *id, char whole[GANTRY_ID_SIZE],
			struct gantry_exit *ret, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int r = docker_inspect(d, id, &doc, &v, c);

	if (r < 0)
		return r;
	snprintf(whole, GANTRY_ID_SIZE, "%s", v.k.id);
	if (v.k.state == GANTRY_STATE_CREATED)
		return err_set(c->err, EBUSY, "container %.64s was never started", v.k.id);
	if (v.k.state != GANTRY_STATE_STOPPED && v.k.state != GANTRY_STATE_DEAD)
		return 0;
	ret->code = v.k.exit_code;
	ret->signal = v.k.exit_signal;
	docker_exit_more(&v, ret);
	return 1;
}

static int docker_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
		       struct call *c)
{
	struct docker *d = docker_of(e);
	struct gantry_exit x = GANTRY_EXIT_INIT, more = GANTRY_EXIT_INIT;
	char whole[GANTRY_ID_SIZE];
	int r = look_for_end(d, id, whole, &x, c);

	if (r == 0) {
		r = docker_post(d, DOCKER_CONTAINER, whole, c, "wait");
		if (r >= 0)
			r = docker_waited(&d->http, &x, c);
		/* it may have removed itself, or run again: then nobody tells more than the code */
		if (r == 0 && look_for_end(d, whole, whole, &more, c) == 1) {
			x.finished_ns = more.finished_ns;
			x.oom = more.oom;
		}
	}
	if (r < 0)
		return r;
	*ret = x;
	return 0;
}

/* ---- list ------------------------------------------------------------------------------------ */

static int list_target(const struct docker *d, bool ours, struct str *target)
{
	str_add(target, "/containers/json?all=1");
	if (ours) {
		str_add(target, "&filters=");
		http_encode(target, "{\"label\":[\"" OWNER_LABEL "=");
		http_encode(target, d->head.owner);
		http_encode(target, "\"]}");
	}
	return target->failed ? -ENOMEM : 0;
}

/* Ids with what the list itself tells of each, for those that cannot be asked one by one. */
static int entries(struct docker *d, bool ours, struct described *ret, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_ENGINE, .name = "", .method = "GET", .max = DOCKER_LIST_MAX,
	};
	clean_json struct json_doc doc = { 0 };
	clean_str struct str target = { 0 };
	int r = list_target(d, ours, &target);

	if (r < 0)
		return err_set(c->err, ENOMEM, "out of memory");
	r = docker_request(d, &a, c, "%s", target.buf);
	if (r >= 0)
		r = docker_json(&d->http, JSON_ARRAY, &doc, c);
	for (const struct json *j = r < 0 ? NULL : json_first(doc.root); j && r >= 0; j = json_next(j)) {
		clean_docker_view struct docker_view v = { 0 };

		r = docker_view_entry(j, &v, c);
		if (r == 0 && described_add(ret, &v.k) < 0)
			r = err_set(c->err, ENOMEM, "out of memory");
	}
	return r < 0 ? r : 0;
}

/* One container in full. It may have vanished since, and must not hide the others if it is odd. */
static int add_one(struct docker *d, const struct gantry_container *entry, struct described *to,
		   struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int r = docker_inspect(d, entry->id, &doc, &v, c);

	if (r == -ENOENT)
		return 0;
	if (r == -ETIMEDOUT || r == -ECANCELED || r == -ECONNREFUSED || r == -ENOMEM)
		return r;
	if (r < 0)
		call_log(c, GANTRY_LOG_WARN, "container %s cannot be read: %s", entry->id, c->err->msg);
	r = described_add(to, r < 0 ? entry : &v.k);
	return r < 0 ? err_set(c->err, ENOMEM, "out of memory") : 0;
}

static int docker_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret,
		       struct call *c)
{
	CLEAN(described_done) struct described brief = { 0 }, full = { 0 };
	struct docker *d = docker_of(e);
	int r = entries(d, ours, &brief, c);

	for (size_t i = 0; i < brief.n && r == 0; i++)
		r = add_one(d, brief.v[i], &full, c);
	if (r < 0)
		return r;
	r = described_take(&full, ret);
	return r < 0 ? err_set(c->err, ENOMEM, "out of memory") : r;
}

/* ---- delete ---------------------------------------------------------------------------------- */

static int delete(struct docker *d, const char *id, bool force, struct call *c)
{
	const struct docker_ask a = { .about = DOCKER_CONTAINER, .name = id, .method = "DELETE" };
	int r = docker_check_id(id, c);

	if (r == 0)
		r = docker_request(d, &a, c, "/containers/%s?v=1%s", id, force ? "&force=1" : "");
	return r < 0 ? r : 0;
}

static int must_be_stopped(struct docker *d, const char *id, struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	int r = docker_inspect(d, id, &doc, &v, c);

	if (r == 0 && v.k.state != GANTRY_STATE_STOPPED && v.k.state != GANTRY_STATE_DEAD)
		r = wrong_state(&v, "stopped", c);
	return r;
}

/* Somebody else removes it already (it may be the daemon, by AutoRemove): done when it is gone. */
static int await_removal(struct docker *d, const char *id, struct call *c)
{
	for (uint64_t us = 2000;; us = us < 50000 ? us * 2 : us) {
		clean_json struct json_doc doc = { 0 };
		clean_docker_view struct docker_view v = { 0 };
		int r = docker_inspect(d, id, &doc, &v, c);

		if (r == 0 && v.k.state != GANTRY_STATE_DEAD)
			return err_set(c->err, EBUSY, "container %.64s is held by another removal", id);
		if (r == 0)
			r = call_sleep(c, us);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
}

static int docker_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
{
	struct docker *d = docker_of(e);
	bool force = flags & GANTRY_DELETE_FORCE;
	int r = force ? 0 : must_be_stopped(d, id, c);

	if (r == 0)
		r = delete(d, id, force, c);
	if (r == -EBUSY && force && strstr(c->err->msg, "already in progress"))
		r = await_removal(d, id, c);
	return r;
}

int docker_remove(struct docker *d, const char *id, struct call *c)
{
	int r = docker_del(&d->head, id, GANTRY_DELETE_FORCE, c);

	return r == -ENOENT ? 0 : r;
}

const struct engine_ops engine_docker = {
	.kind = "docker",
	.open = docker_open,
	.close = docker_close,
	.info = docker_info,
	.prepare = docker_prepare,
	.create = docker_create,
	.start = docker_start,
	/* no launch: the API has no create and start in one */
	.run = docker_run,
	.kill = docker_kill,
	.wait = docker_wait,
	.pause = docker_pause,
	.resume = docker_resume,
	.get = docker_get,
	.list = docker_list,
	.del = docker_del,
};
