/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as a whole: the outermost object, what its parts need of each
 * other, and the life of a struct spec. The parts are in specprocess.c,
 * specmounts.c, speclinux.c and specresources.c; the tables' machine in specread.c.
 *
 * Properties come in any order, so what depends on two of them is checked
 * after all were read.
 */
#include "oci/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "oci/specread.h"

/* "1.0.2-dev", "1.2.0+x": any 1.y.z; what comes after cannot be known to be harmless. */
static int read_version(struct reading *r, const struct json *v, void *to)
{
	const char *p = v->text;
	int parts = 0;

	for (;;) {
		size_t n = strspn(p, "0123456789");

		if (!n || n > 9 || (parts == 0 && (n != 1 || *p != '1')))
			break;
		p += n;
		if (++parts == 3 || *p != '.')
			break;
		p++;
	}
	if (parts != 3 || (*p && *p != '-' && *p != '+'))
		return read_err(r, EINVAL, "\"%s\" is not a version 1.y.z, the only ones supported",
				quote(v->text).text);
	*(const char **)to = v->text;
	return 0;
}

static int read_root_path(struct reading *r, const struct json *v, void *to)
{
	if (!v->len)
		return read_err(r, EINVAL, "is empty");
	*(const char **)to = v->text;
	return 0;
}

static int read_root(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "path", JSON_STRING, true, read_root_path, offsetof(struct spec, root_path) },
		{ "readonly", JSON_BOOL, false, read_bool, offsetof(struct spec, root_readonly) },
		{ NULL },
	};

	return read_members(r, v, table, to);
}

/* The kernel's limit is 64 bytes for both names. */
static int read_hostname(struct reading *r, const struct json *v, void *to)
{
	if (v->len > 64)
		return read_err(r, EINVAL, "is longer than 64 bytes");
	return read_text(r, v, to);
}

static int read_hooks(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		NOT_YET("prestart", JSON_ARRAY),        NOT_YET("createRuntime", JSON_ARRAY),
		NOT_YET("createContainer", JSON_ARRAY), NOT_YET("startContainer", JSON_ARRAY),
		NOT_YET("poststart", JSON_ARRAY),       NOT_YET("poststop", JSON_ARRAY),
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_annotations(struct reading *r, const struct json *v, void *to)
{
	if (v->len > SPEC_MAX_LIST)
		return read_err(r, E2BIG, "has %u members, more than %d", v->len, SPEC_MAX_LIST);
	for json_each(a, v) {
		if (json_is(a, JSON_STRING) && *a->key)
			continue;
		r->at[r->depth++] = a;
		return *a->key ? read_err(r, EINVAL, "is %s, has to be a string", json_type_name(a))
			       : read_err(r, EINVAL, "has an empty key");
	}
	*(const struct json **)to = v;
	return 0;
}

static const struct property top[] = {
	{ "ociVersion", JSON_STRING, true, read_version, offsetof(struct spec, oci_version) },
	{ "process", JSON_OBJECT, true, read_process, 0 },
	{ "root", JSON_OBJECT, true, read_root, 0 },
	{ "hostname", JSON_STRING, false, read_hostname, offsetof(struct spec, hostname) },
	{ "domainname", JSON_STRING, false, read_hostname, offsetof(struct spec, domainname) },
	{ "mounts", JSON_ARRAY, false, read_mounts, 0 },
	{ "hooks", JSON_OBJECT, false, read_hooks, 0 },
	{ "annotations", JSON_OBJECT, false, read_annotations,
	  offsetof(struct spec, annotations) },
	{ "linux", JSON_OBJECT, true, read_linux, 0 },
	{ "solaris", JSON_OBJECT, false, read_foreign, 0 },
	{ "windows", JSON_OBJECT, false, read_foreign, 0 },
	{ "vm", JSON_OBJECT, false, read_foreign, 0 },
	{ "zos", JSON_OBJECT, false, read_foreign, 0 },
	{ "freebsd", JSON_OBJECT, false, read_foreign, 0 },
	{ NULL },
};

/* A name of its own needs a namespace of its own: else the host would be renamed. */
static int check_names(struct reading *r)
{
	static const char *const names[] = { "hostname", "domainname" };
	const struct spec *s = r->s;
	const char *const given[] = { s->hostname, s->domainname };

	if ((s->ns_new & 1u << NS_UTS) || s->ns_path[NS_UTS])
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		if (!given[i])
			continue;
		r->at[r->depth++] = json_get(s->doc.root, names[i]);
		return read_err(r, EINVAL, "needs a uts namespace in linux.namespaces");
	}
	return 0;
}

/*
 * Without a mount namespace every mount would be made on the host, and /proc of
 * a new pid namespace would be seen by all.
 */
static int check_mount_namespace(struct reading *r)
{
	if (r->s->ns_new & 1u << NS_MOUNT)
		return 0;
	r->at[r->depth++] = json_get(r->s->doc.root, "linux");
	return read_err(r, ENOTSUP,
			"has no mount namespace in its namespaces: that is not supported yet");
}

int spec_parse(const char *name, char *text, size_t len, struct spec *ret, struct gantry_err *err)
{
	static const char *const none[] = { NULL };
	clean_spec struct spec s = { .text = text, .umask = -1 };
	static const struct json_limits lim = { SPEC_MAX_BYTES, 64, 1u << 20 };
	struct reading r = { .s = &s, .err = err, .depth = 1 };
	int res = json_parse(&s.doc, name, text, len, &lim, err);

	if (res < 0)
		return res;
	r.at[0] = s.doc.root;
	if (!json_is(s.doc.root, JSON_OBJECT))
		return read_err(&r, EINVAL, "the configuration is %s, has to be an object",
				json_type_name(s.doc.root));
	s.env = s.masked_paths = s.readonly_paths = none;
	res = read_members(&r, s.doc.root, top, &s);
	if (res == 0)
		res = check_mount_namespace(&r);
	if (res == 0)
		res = check_names(&r);
	if (res < 0)
		return res;
	*ret = s;
	memset(&s, 0, sizeof(s));
	return 0;
}

int spec_read(int dirfd, const char *name, struct spec *ret, struct gantry_err *err)
{
	char *text = NULL;
	size_t len;
	int res = fd_slurp(dirfd, name, SPEC_MAX_BYTES, &text, &len);

	/* not in the errno's own words: docker takes those for a missing command */
	if (res == -ENOENT)
		return err_set(err, ENOENT, "%s not found in the bundle", name);
	if (res == -E2BIG)
		return err_set(err, E2BIG, "%s is larger than %d MiB", name, SPEC_MAX_BYTES >> 20);
	if (res == -EINVAL)
		return err_set(err, EINVAL, "%s is not a regular file", name);
	if (res < 0)
		return err_num(err, res, "reading %s", name);
	return spec_parse(name, text, len, ret, err);
}

void spec_done(struct spec *s)
{
	void *b = s->lists;

	while (b) {
		void *next = *(void **)b;

		free(b);
		b = next;
	}
	json_done(&s->doc);
	free(s->text);
	memset(s, 0, sizeof(*s));
}
