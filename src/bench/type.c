/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver types of plans. bucketbench took an unknown type for Null and let a
 * wrong case through to "(unknown)"; here it is an error that names them all.
 */
#include "bench/type.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/str.h"

enum client { CLIENT_NONE, CLIENT_MAY, CLIENT_MUST, CLIENT_REPLACES, CLIENT_DOCKER };

static const struct type {
	const char *name;
	const char *address;
	enum client client; /* what clientpath is to it */
	enum type_need need;
} types[] = {
	{ "Null", "null", CLIENT_NONE, NEEDS_NOTHING },
	{ "Native", "native", CLIENT_NONE, NEEDS_ROOTFS },
	{ "Runc", "oci:runc", CLIENT_REPLACES, NEEDS_ROOTFS },
	{ "CRun", "oci:crun", CLIENT_REPLACES, NEEDS_ROOTFS },
	{ "Youki", "oci:youki", CLIENT_REPLACES, NEEDS_ROOTFS },
	{ "OCI", "oci", CLIENT_MUST, NEEDS_ROOTFS },
	{ "Docker", "docker", CLIENT_DOCKER, NEEDS_IMAGE },
	{ "Podman", "podman", CLIENT_MAY, NEEDS_IMAGE },
	{ "DockerCLI", "docker-cli", CLIENT_MAY, NEEDS_IMAGE },
	{ "Containerd", "containerd", CLIENT_MAY, NEEDS_IMAGE },
	{ "Ctr", "ctr", CLIENT_MAY, NEEDS_ROOTFS },
	{ "CRI", "cri", CLIENT_MAY, NEEDS_IMAGE },
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

/*
 * What Docker means: once it was the docker command, today it is the Engine
 * API. A clientpath that is a program keeps its old meaning; a socket (also one
 * that is not there yet) or none means the API.
 */
static const char *docker_engine(const char *clientpath)
{
	const char *file = str_after(clientpath, "unix://");
	struct stat st;

	if (file)
		return "docker";
	if (stat(clientpath, &st) == 0)
		return S_ISREG(st.st_mode) ? "docker-cli" : "docker";
	return strchr(clientpath, '/') ? "docker" : "docker-cli";
}

static int no_such(const char *type, struct gantry_err *err)
{
	struct str known = { 0 };
	char shown[48];
	int r;

	for (size_t i = 0; i < TYPES; i++)
		str_addf(&known, "%s%s", i ? ", " : "", types[i].name);
	str_printable(shown, sizeof(shown), type);
	r = err_set(err, ENOENT, "no driver type is called \"%s\"; there are %s", shown,
		    known.buf ? known.buf : "none");
	str_done(&known);
	return r;
}

int type_find(const char *type, const char *clientpath, struct type_engine *ret,
	      struct gantry_err *err)
{
	const struct type *t = NULL;
	const char *engine;
	char *address;

	for (size_t i = 0; i < TYPES && !t; i++)
		if (strcasecmp(type, types[i].name) == 0)
			t = &types[i];
	if (!t)
		return no_such(type, err);
	engine = t->address;
	if (!clientpath && t->client == CLIENT_MUST)
		return err_set(err, EINVAL, "%s needs a clientpath: the runtime", t->name);
	if (clientpath && t->client == CLIENT_NONE)
		return err_set(err, EINVAL, "%s has no client: clientpath is not used", t->name);
	if (clientpath && strchr(clientpath, ','))
		return err_set(err, EINVAL, "a clientpath with a comma is not supported");
	if (clientpath && t->client == CLIENT_REPLACES)
		engine = "oci";
	if (clientpath && t->client == CLIENT_DOCKER)
		engine = docker_engine(clientpath);
	if (clientpath && str_after(clientpath, "unix://"))
		clientpath = str_after(clientpath, "unix://");
	address = clientpath ? str_printf("%s:%s", engine, clientpath) : strdup(engine);
	if (!address)
		return err_set(err, ENOMEM, "out of memory");
	*ret = (struct type_engine){ t->name, address, t->need };
	return 0;
}

enum type_need type_need_of(const char *address)
{
	size_t len = strcspn(address, ":,");

	for (size_t i = 0; i < TYPES; i++) {
		size_t n = strcspn(types[i].address, ":");

		if ((n == len && strncasecmp(address, types[i].address, n) == 0) ||
		    (strlen(types[i].name) == len && strncasecmp(address, types[i].name, len) == 0))
			return types[i].need;
	}
	return NEEDS_NOTHING;
}
