/* SPDX-License-Identifier: Apache-2.0 */
/* `linux` of config.json: namespaces, devices, paths. Its resources are in specresources.c. */
#include <linux/mount.h>
#include <string.h>

#include "base/str.h"
#include "oci/specread.h"

/* A namespace as it stands in the list. */
struct wanted {
	const char *type, *path;
};

static int read_namespace_type(struct reading *r, const struct json *v, void *to)
{
	if (str_eq(v->text, "user") || str_eq(v->text, "time"))
		return read_err(r, ENOTSUP, "\"%s\" is not supported yet", v->text);
	for (const char *const *n = spec_namespace_names; *n; n++)
		if (str_eq(*n, v->text)) {
			*(const char **)to = v->text;
			return 0;
		}
	return read_err(r, EINVAL, "\"%s\" is no kind of namespace", quote(v->text).text);
}

/* Go's encoders leave an empty path out; other clients may not. */
static int read_namespace_path(struct reading *r, const struct json *v, void *to)
{
	return v->len ? read_path(r, v, to) : 0;
}

static int read_namespace(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "type", JSON_STRING, true, read_namespace_type, offsetof(struct wanted, type) },
		{ "path", JSON_STRING, false, read_namespace_path, offsetof(struct wanted, path) },
		{ NULL },
	};
	struct spec *s = to;
	struct wanted w = { NULL };
	int which = 0;
	int res = read_members(r, v, table, &w);

	if (res < 0)
		return res;
	while (!str_eq(spec_namespace_names[which], w.type))
		which++;
	if ((s->ns_new & 1u << which) || s->ns_path[which])
		return read_err(r, EINVAL, "gives the namespace \"%s\" a second time", w.type);
	if (!w.path)
		s->ns_new |= 1u << which;
	else if (which == NS_MOUNT)
		return read_err(r, ENOTSUP, "joins a mount namespace: that is not supported yet");
	else
		s->ns_path[which] = w.path;
	return 0;
}

static int read_namespaces(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_OBJECT, read_namespace, 0 };

	return read_items(r, v, &kind, to);
}

static int read_device_type(struct reading *r, const struct json *v, void *to)
{
	if (v->len != 1 || !strchr("cbup", v->text[0]))
		return read_err(r, EINVAL, "has to be one of c, b, u, p");
	*(char *)to = v->text[0] == 'u' ? 'c' : v->text[0];
	return 0;
}

/* A device number as mknod(2) takes it. */
static int read_device_number(struct reading *r, const struct json *v, void *to, __s64 max)
{
	__s64 n = 0;
	int res = read_range(r, v, 0, max, &n);

	if (res == 0)
		*(__u32 *)to = (__u32)n;
	return res;
}

static int read_major(struct reading *r, const struct json *v, void *to)
{
	return read_device_number(r, v, to, 0xfff);
}

static int read_minor(struct reading *r, const struct json *v, void *to)
{
	return read_device_number(r, v, to, 0xfffff);
}

/* docker writes the file type into it too (8630 is 020666): only the permission bits count. */
static int read_file_mode(struct reading *r, const struct json *v, void *to)
{
	__u32 mode = 0;
	int res = read_u32(r, v, &mode);

	if (res == 0)
		*(__u32 *)to = mode & 07777;
	return res;
}

static int read_device(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "path", JSON_STRING, true, read_clean, offsetof(struct spec_device, path) },
		{ "type", JSON_STRING, true, read_device_type, offsetof(struct spec_device, type) },
		{ "major", JSON_INT, false, read_major, offsetof(struct spec_device, major) },
		{ "minor", JSON_INT, false, read_minor, offsetof(struct spec_device, minor) },
		{ "fileMode", JSON_INT, false, read_file_mode, offsetof(struct spec_device, mode) },
		{ "uid", JSON_INT, false, read_id, offsetof(struct spec_device, uid) },
		{ "gid", JSON_INT, false, read_id, offsetof(struct spec_device, gid) },
		{ NULL },
	};
	struct spec_device *d = to;
	int res;

	d->mode = 0666;
	res = read_members(r, v, table, d);
	if (res < 0)
		return res;
	if (str_eq(d->path, "/"))
		return read_err(r, EINVAL, "has the root itself as its path");
	if (d->type != 'p' && (!json_get(v, "major") || !json_get(v, "minor")))
		return read_err(r, EINVAL, "has no major and minor number");
	return 0;
}

static int read_devices(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_OBJECT, read_device, sizeof(struct spec_device) };
	struct spec *s = to;

	return read_array(r, v, &kind, &s->devices, &s->devices_n);
}

/* A ".." would lead out of our part of the hierarchy (crun 1.27 makes that very directory). */
static int read_cgroups_path(struct reading *r, const struct json *v, void *to)
{
	for (const char *p = v->text; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 2 && !memcmp(p, "..", 2))
			return read_err(r, EINVAL, "may not contain \"..\"");
		p += n;
	}
	return read_text(r, v, to);
}

static int read_propagation(struct reading *r, const struct json *v, void *to)
{
	static const struct {
		const char *name;
		__u64 flags;
	} modes[] = {
		{ "", 0 },
		{ "private", MS_PRIVATE },
		{ "rprivate", MS_PRIVATE | MS_REC },
		{ "shared", MS_SHARED },
		{ "rshared", MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE },
		{ "rslave", MS_SLAVE | MS_REC },
		{ "unbindable", MS_UNBINDABLE },
		{ "runbindable", MS_UNBINDABLE | MS_REC },
	};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (str_eq(modes[i].name, v->text)) {
			*(__u64 *)to = modes[i].flags;
			return 0;
		}
	return read_err(r, EINVAL, "\"%s\" is no kind of propagation", quote(v->text).text);
}

int read_linux(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "namespaces", JSON_ARRAY, false, read_namespaces, 0 },
		{ "devices", JSON_ARRAY, false, read_devices, 0 },
		{ "cgroupsPath", JSON_STRING, false, read_cgroups_path,
		  offsetof(struct spec, cgroups_path) },
		{ "resources", JSON_OBJECT, false, read_resources,
		  offsetof(struct spec, resources) },
		{ "rootfsPropagation", JSON_STRING, false, read_propagation,
		  offsetof(struct spec, rootfs_propagation) },
		{ "maskedPaths", JSON_ARRAY, false, read_paths,
		  offsetof(struct spec, masked_paths) },
		{ "readonlyPaths", JSON_ARRAY, false, read_paths,
		  offsetof(struct spec, readonly_paths) },
		NOT_YET("seccomp", JSON_OBJECT),
		NOT_YET("sysctl", JSON_OBJECT),
		NOT_YET("uidMappings", JSON_ARRAY),
		NOT_YET("gidMappings", JSON_ARRAY),
		NOT_YET("timeOffsets", JSON_OBJECT),
		NOT_YET("mountLabel", JSON_STRING),
		NOT_YET("intelRdt", JSON_OBJECT),
		NOT_YET("personality", JSON_OBJECT),
		NOT_YET("netDevices", JSON_OBJECT),
		NOT_YET("memoryPolicy", JSON_OBJECT),
		{ NULL },
	};

	return read_members(r, v, table, to);
}
