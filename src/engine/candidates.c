/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of engines, each a function; the tables in them are all we know
 * about where engines are found. A place that two sources name is listed once,
 * by its real path, under the first of them: /var/run/docker.sock and
 * /run/docker.sock are one engine.
 *
 * The configuration files are the user's and may hold anything: they are read
 * up to a size, a number and a depth, and what is odd in them is passed over.
 */
#include "engine/candidates.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "codec/yaml.h"
#include "kernel/spawn.h"

enum {
	CONFIG_MAX = 64 << 10, /* bytes of a configuration file */
	CONTEXTS_MAX = 64      /* docker contexts that are looked at */
};

/* ---- the list ---- */

static void candidate_free(struct candidate *c)
{
	free(c->kind);
	free(c->address);
	free(c->path);
	free(c->real);
	free(c->source);
	free(c->why);
}

void candidates_done(struct candidates *l)
{
	for (size_t i = 0; i < l->n; i++)
		candidate_free(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

/* Podman's socket and docker's speak the same; two names for one place are one engine. */
static const char *protocol(const char *kind)
{
	return str_eq(kind, "podman") ? "docker" : kind;
}

static bool listed(const struct candidates *l, const char *kind, const char *real)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(protocol(l->v[i].kind), protocol(kind)) && str_eq(l->v[i].real, real))
			return true;
	return false;
}

static struct candidate *room(struct candidates *l)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 16;
		void *v = reallocarray(l->v, size, sizeof(*l->v));

		if (!v)
			return NULL;
		l->v = v;
		l->size = size;
	}
	memset(&l->v[l->n], 0, sizeof(*l->v));
	return &l->v[l->n];
}

/* `address` NULL: KIND:PATH. `why` may be NULL. */
static void add(struct candidates *l, const char *kind, const char *address, const char *path,
		const char *source, const char *why)
{
	clean_free char *real = *path == '/' ? realpath(path, NULL) : NULL;
	struct candidate *c;

	if (!real)
		real = strdup(path);
	if (real && listed(l, kind, real))
		return;
	c = real ? room(l) : NULL;
	if (!c) {
		l->failed = true;
		return;
	}
	c->kind = strdup(kind);
	c->address = address ? strdup(address) : str_printf("%s:%s", kind, path);
	c->path = strdup(path);
	c->real = TAKE_PTR(real);
	c->source = strdup(source);
	c->why = why ? strdup(why) : NULL;
	l->n++;
	if (!c->kind || !c->address || !c->path || !c->source || (why && !c->why))
		l->failed = true;
}

/* An endpoint as variables and files hold it: unix://PATH, PATH, or a URL not reached yet. */
static void add_endpoint(struct candidates *l, const char *kind, const char *endpoint,
			 const char *source)
{
	const char *path = str_after(endpoint, "unix://");
	clean_free char *why = NULL;

	if (!path && *endpoint == '/')
		path = endpoint;
	if (path) {
		add(l, kind, NULL, path, source, NULL);
		return;
	}
	why = str_printf("gantry reaches %s on unix sockets only, not at this address", kind);
	if (!why)
		l->failed = true;
	else
		add(l, kind, NULL, endpoint, source, why);
}

/* ---- environment ---- */

static void from_environment(struct candidates *l)
{
	static const struct {
		const char *variable, *source, *kind;
	} variables[] = {
		{ "DOCKER_HOST", "$DOCKER_HOST", "docker" },
		{ "CONTAINER_HOST", "$CONTAINER_HOST", "podman" },
		{ "CONTAINERD_ADDRESS", "$CONTAINERD_ADDRESS", "containerd" },
		{ "CONTAINER_RUNTIME_ENDPOINT", "$CONTAINER_RUNTIME_ENDPOINT", "cri" },
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i].variable);

		if (value && *value)
			add_endpoint(l, variables[i].kind, value, variables[i].source);
	}
}

/* ---- configuration ---- */

/* Parses DIRFD/NAME. 0, or -errno with nothing to release. *ret_text must outlive the document. */
static int read_json(int dirfd, const char *name, char **ret_text, struct json_doc *doc)
{
	clean_free char *text = NULL;
	size_t len;
	int r = fd_slurp(dirfd, name, CONFIG_MAX, &text, &len);

	if (r == 0)
		r = json_parse(doc, name, text, len, NULL, NULL);
	if (r == 0)
		*ret_text = TAKE_PTR(text);
	return r;
}

/* contexts/meta/HASH/meta.json: {"Name": ..., "Endpoints": {"docker": {"Host": ...}}} */
static void one_context(struct candidates *l, int meta, const char *dir, const char *current)
{
	clean_free char *text = NULL, *name = NULL, *source = NULL;
	clean_json struct json_doc doc = { 0 };
	const char *context, *host;

	name = str_printf("%s/meta.json", dir);
	if (!name || read_json(meta, name, &text, &doc) < 0)
		return;
	context = json_text(json_get(doc.root, "Name"), NULL);
	host = json_text(json_at(doc.root, "Endpoints.docker.Host"), NULL);
	if (!context || !host || !*host)
		return;
	source = str_printf("docker context %.64s%s", context,
			    current && str_eq(current, context) ? " (current)" : "");
	if (source)
		add_endpoint(l, "docker", host, source);
}

static void all_contexts(struct candidates *l, const char *config, const char *current)
{
	clean_free char *path = str_printf("%s/contexts/meta", config);
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *e;

	for (int n = 0; d && n < CONTEXTS_MAX && (e = readdir(d));) {
		if (*e->d_name == '.')
			continue;
		one_context(l, dirfd(d), e->d_name, current);
		n++;
	}
	if (d)
		closedir(d);
}

static void from_docker_config(struct candidates *l)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	clean_free char *own = NULL, *path = NULL, *text = NULL;
	clean_json struct json_doc doc = { 0 };

	if (!dir || !*dir)
		dir = own = home && *home == '/' ? str_printf("%s/.docker", home) : NULL;
	path = dir ? str_printf("%s/config.json", dir) : NULL;
	if (!path)
		return;
	/* a missing or broken config.json means only that no context is the current one */
	if (read_json(AT_FDCWD, path, &text, &doc) < 0)
		memset(&doc, 0, sizeof(doc));
	all_contexts(l, dir, json_text(json_get(doc.root, "currentContext"), NULL));
}

static void from_crictl_config(struct candidates *l)
{
	const char *path = getenv("CRI_CONFIG_FILE");
	clean_free char *text = NULL;
	clean_yaml struct yaml_doc doc = { 0 };
	const struct yaml *endpoint;
	size_t len;

	if (!path || !*path)
		path = "/etc/crictl.yaml";
	if (fd_slurp(AT_FDCWD, path, CONFIG_MAX, &text, &len) < 0)
		return;
	if (yaml_read(&doc, path, text, len, NULL, NULL) < 0) {
		memset(&doc, 0, sizeof(doc));
		return;
	}
	endpoint = yaml_get(doc.root, "runtime-endpoint");
	if (yaml_is(endpoint, YAML_TEXT) && *endpoint->text)
		add_endpoint(l, "cri", endpoint->text, path);
}

/* ---- sockets ---- */

static bool is_socket(const char *path)
{
	struct stat st;

	/* A directory that we may not look into hides a socket that we could not use either. */
	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void from_sockets(struct candidates *l)
{
	/* %r: the user's runtime directory; %h: home */
	static const struct {
		const char *kind, *path;
	} sockets[] = {
		{ "docker", "/run/docker.sock" },
		{ "docker", "/var/run/docker.sock" },
		{ "docker", "%r/docker.sock" },
		{ "docker", "%h/.docker/run/docker.sock" },
		{ "docker", "%h/.docker/desktop/docker.sock" },
		{ "podman", "/run/podman/podman.sock" },
		{ "podman", "%r/podman/podman.sock" },
		{ "containerd", "/run/containerd/containerd.sock" },
		{ "containerd", "/run/k3s/containerd/containerd.sock" },
		{ "cri", "/run/containerd/containerd.sock" },
		{ "cri", "/run/k3s/containerd/containerd.sock" },
		{ "cri", "/run/crio/crio.sock" },
		{ "cri", "/var/run/crio/crio.sock" },
		{ "cri", "/run/cri-dockerd.sock" },
	};
	const char *home = getenv("HOME"), *run = getenv("XDG_RUNTIME_DIR");
	clean_free char *own = str_printf("/run/user/%u", (unsigned)geteuid());

	if (!run || *run != '/')
		run = own;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		const char *in_run = str_after(sockets[i].path, "%r"),
			   *in_home = str_after(sockets[i].path, "%h");
		const char *dir = in_run ? run : in_home ? home : "";
		clean_free char *path = NULL;

		if (!dir || (in_home && *dir != '/'))
			continue;
		path = str_printf("%s%s", dir, sockets[i].path + (*sockets[i].path == '%' ? 2 : 0));
		if (path && is_socket(path))
			add(l, sockets[i].kind, NULL, path, "socket", NULL);
	}
}

/* ---- PATH ---- */

static void from_path(struct candidates *l)
{
	static const struct {
		const char *program, *kind, *address;
	} programs[] = {
		{ "runc", "oci", "oci:runc" },
		{ "crun", "oci", "oci:crun" },
		{ "youki", "oci", "oci:youki" },
		{ "runsc", "oci", "oci:runsc" },
		{ "kata-runtime", "oci", "oci:kata-runtime" },
		{ "docker", "docker-cli", "docker-cli" },
		{ "ctr", "ctr", "ctr" },
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		clean_free char *path = NULL;

		if (spawn_which(programs[i].program, &path) == 0)
			add(l, programs[i].kind, programs[i].address, path, "PATH", NULL);
	}
}

int candidates_collect(struct candidates *l)
{
	static void (*const sources[])(struct candidates *l) = {
		from_environment, from_docker_config, from_crictl_config, from_sockets, from_path,
	};

	add(l, "native", "native", "", "built in", NULL);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		sources[i](l);
	return l->failed ? -ENOMEM : 0;
}
