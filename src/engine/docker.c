/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker, and podman's Docker-compatible socket: opening, what the engine tells
 * of itself, and its table. dockerapi.c has the requests, dockerbox.c and
 * dockerrun.c what is done to containers.
 */
#include "engine/docker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "engine/describe.h"

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
			       "%s\"%s\" is no unix socket's path, and gantry drives no other yet",
			       source, shown);
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
	if (access("/run/docker.sock", F_OK) == 0)
		return socket_path("/run/docker.sock", "", ret, c);
	return socket_path("/var/run/docker.sock", "", ret, c);
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
	r = docker_negotiate(d, c);
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
	const struct docker_ask a = {
		.about = DOCKER_ENGINE, .name = "", .method = "GET", .takes = 200,
	};
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
		snprintf(v->cgroup, sizeof(v->cgroup), "v%.8s%s%.48s%s", cgroup,
			 *driver ? " (" : "", driver, *driver ? ")" : "");
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

static int docker_prepare(struct gantry_engine *e, const struct gantry_create *what, struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_IMAGE, .name = what->image, .method = "GET", .takes = 200,
	};
	int r = docker_check_image(what, c);

	if (r == 0)
		r = docker_request(docker_of(e), &a, c, "/images/%s/json", what->image);
	return r < 0 ? r : 0;
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
