/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the docker engine does to containers, one verb after another.
 *
 * What bites: a wait for a container that was never started is answered at once
 * with code 0 (docker) or -1 (podman), and a delete takes a created container
 * without force: where our contract differs we look first.
 */
#include "engine/docker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "engine/describe.h"

int docker_start(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_START, id, c, "start");

	return r < 0 ? r : 0;
}

int docker_inspect(struct docker *d, const char *id, struct json_doc *doc, struct docker_view *v,
		   struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_CONTAINER, .name = id, .method = "GET", .takes = 200,
	};
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
	return err_set(c->err, EBUSY, "container %s is %s, not %s", name,
		       gantry_state_name(v->k.state), wanted);
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

int docker_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags,
		struct call *c)
{
	struct docker *d = docker_of(e);
	int r = 0;

	if (flags & GANTRY_KILL_ALL)
		return err_set(c->err, ENOTSUP,
			       "docker can signal the first process of a container alone");
	if (d->podman && sig == SIGKILL)
		r = thaw_for_kill(d, id, c);
	if (r >= 0)
		r = docker_post(d, DOCKER_CONTAINER, id, c, "kill?signal=%d", sig);
	return r < 0 ? r : 0;
}

int docker_pause(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_CONTAINER, id, c, "pause");

	return r < 0 ? r : 0;
}

int docker_resume(struct gantry_engine *e, const char *id, struct call *c)
{
	int r = docker_post(docker_of(e), DOCKER_CONTAINER, id, c, "unpause");

	return r < 0 ? r : 0;
}

int docker_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
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

/* What can be told without waiting. 1: *ret is filled; 0: it runs. `whole` gets the whole id. */
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

static int wait_for_end(struct docker *d, const char *id, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_CONTAINER, .name = id, .method = "POST", .takes = 200,
	};

	return docker_request(d, &a, c, "/containers/%s/wait", id);
}

int docker_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret,
		struct call *c)
{
	struct docker *d = docker_of(e);
	struct gantry_exit x = GANTRY_EXIT_INIT, more = GANTRY_EXIT_INIT;
	char whole[GANTRY_ID_SIZE];
	int r = look_for_end(d, id, whole, &x, c);

	if (r == 0) {
		r = wait_for_end(d, whole, c);
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

void docker_list_target(struct str *target, const char *label, const char *value)
{
	str_add(target, "/containers/json?all=1");
	if (!label)
		return;
	str_add(target, "&filters=");
	http_encode(target, "{\"label\":[\"");
	http_encode(target, label);
	http_encode(target, "=");
	http_encode(target, value);
	http_encode(target, "\"]}");
}

/* Ids with what the list itself tells of each, for those that cannot be asked one by one. */
static int entries(struct docker *d, bool ours, struct described *ret, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_ENGINE, .name = "", .method = "GET", .takes = 200,
		.max = DOCKER_LIST_MAX,
	};
	clean_json struct json_doc doc = { 0 };
	clean_str struct str target = { 0 };
	const struct json *j;
	int r;

	docker_list_target(&target, ours ? OWNER_LABEL : NULL, d->head.owner);
	if (target.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	r = docker_request(d, &a, c, "%s", target.buf);
	if (r >= 0)
		r = docker_json(&d->http, JSON_ARRAY, &doc, c);
	j = r < 0 ? NULL : json_first(doc.root);
	for (; j && r >= 0; j = json_next(j)) {
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
		call_log(c, GANTRY_LOG_WARN, "container %s cannot be read: %s", entry->id,
			 c->err->msg);
	r = described_add(to, r < 0 ? entry : &v.k);
	return r < 0 ? err_set(c->err, ENOMEM, "out of memory") : 0;
}

int docker_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret,
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
	const struct docker_ask a = {
		.about = DOCKER_CONTAINER, .name = id, .method = "DELETE", .takes = 204,
	};
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
			return err_set(c->err, EBUSY, "container %.64s is held by another removal",
				       id);
		if (r == 0)
			r = call_sleep(c, us);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
}

int docker_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c)
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
