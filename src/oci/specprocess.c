/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `process` of config.json: what runs, as whom, with which privileges and
 * limits. A capability in a set where the kernel could not put it is an error
 * here, with one exception that every peer makes and `runc spec` relies on:
 * `ambient` may name what is not inheritable; the kernel does not raise it.
 */
#include <string.h>

#include "base/str.h"
#include "oci/specread.h"

static int read_groups(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_INT, read_id, sizeof(__u32) };
	struct spec *s = to;

	return read_array(r, v, &kind, &s->groups, &s->groups_n);
}

static int read_umask(struct reading *r, const struct json *v, void *to)
{
	return read_range(r, v, 0, 0777, to);
}

static int read_user(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "uid", JSON_INT, false, read_id, offsetof(struct spec, uid) },
		{ "gid", JSON_INT, false, read_id, offsetof(struct spec, gid) },
		{ "umask", JSON_INT, false, read_umask, offsetof(struct spec, umask) },
		{ "additionalGids", JSON_ARRAY, false, read_groups, 0 },
		{ "username", JSON_STRING, false, read_foreign, 0 },
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_args(struct reading *r, const struct json *v, void *to)
{
	if (!v->len)
		return read_err(r, EINVAL, "is empty: there is no command to run");
	if (json_is(json_first(v), JSON_STRING) && !json_first(v)->len)
		return read_err(r, EINVAL, "begins with an empty string: that is no command");
	return read_strings(r, v, to);
}

static int check_variable(struct reading *r, const struct json *v, void *to)
{
	const char *eq = strchr(v->text, '=');

	if (!eq || eq == v->text)
		return read_err(r, EINVAL, "\"%s\" is not of the form NAME=VALUE",
				quote(v->text).text);
	*(const char **)to = v->text;
	return 0;
}

static int read_env(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_STRING, check_variable, sizeof(char *) };

	return read_array(r, v, &kind, to, NULL);
}

static int read_cap(struct reading *r, const struct json *v, void *to)
{
	int cap = spec_cap_parse(v->text);

	if (cap < 0)
		return read_err(r, EINVAL, "\"%s\" is no capability", quote(v->text).text);
	*(__u64 *)to |= 1ull << cap;
	return 0;
}

static int read_cap_set(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_STRING, read_cap, 0 };

	return read_items(r, v, &kind, to);
}

static int check_within(struct reading *r, const char *set, __u64 caps, __u64 permitted)
{
	__u64 beyond = caps & ~permitted;

	if (!beyond)
		return 0;
	return read_err(r, EINVAL, "%s has %s, which is not permitted", set,
			spec_cap_name(__builtin_ctzll(beyond)));
}

static int read_caps(struct reading *r, const struct json *v, void *to)
{
	struct spec *s = to;
#define SET(name, which) \
	{ name, JSON_ARRAY, false, read_cap_set, offsetof(struct spec, caps[which]) }
	static const struct property table[] = {
		SET("bounding", CAP_BOUNDING),       SET("effective", CAP_EFFECTIVE),
		SET("inheritable", CAP_INHERITABLE), SET("permitted", CAP_PERMITTED),
		SET("ambient", CAP_AMBIENT),         { NULL },
	};
#undef SET
	int res = read_members(r, v, table, to);

	if (res < 0)
		return res;
	s->has_caps = true;
	return check_within(r, "effective", s->caps[CAP_EFFECTIVE], s->caps[CAP_PERMITTED]);
}

static int read_resource(struct reading *r, const struct json *v, void *to)
{
	int resource = spec_rlimit_parse(v->text);

	if (resource < 0 || strncmp(v->text, "RLIMIT_", 7))
		return read_err(r, EINVAL, "\"%s\" is no resource limit",
				quote(v->text).text);
	*(int *)to = resource;
	return 0;
}

static int read_rlimit_value(struct reading *r, const struct json *v, void *to)
{
	__u64 n;
	int res = read_u64(r, v, &n);

	if (res == 0)
		*(rlim_t *)to = n; /* RLIM_INFINITY is all ones, as the clients write it */
	return res;
}

static int read_rlimit(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "type", JSON_STRING, true, read_resource,
		  offsetof(struct spec_rlimit, resource) },
		{ "soft", JSON_INT, true, read_rlimit_value,
		  offsetof(struct spec_rlimit, limit.rlim_cur) },
		{ "hard", JSON_INT, true, read_rlimit_value,
		  offsetof(struct spec_rlimit, limit.rlim_max) },
		{ NULL },
	};
	struct spec_rlimit *l = to;
	int res = read_members(r, v, table, l);

	if (res < 0)
		return res;
	if (l->limit.rlim_cur > l->limit.rlim_max)
		return read_err(r, EINVAL, "has a soft limit above its hard limit");
	/* the list is filled in order, so all before this one are known */
	for (const struct spec_rlimit *p = r->s->rlimits; p < l; p++)
		if (p->resource == l->resource)
			return read_err(r, EINVAL, "gives %s a second time",
					spec_rlimit_name(l->resource));
	return 0;
}

static int read_rlimits(struct reading *r, const struct json *v, void *to)
{
	enum { KINDS = 16 }; /* since 2.6.25 */
	static const struct items kind = { JSON_OBJECT, read_rlimit, sizeof(struct spec_rlimit) };
	struct spec *s = to;

	if (v->len > KINDS)
		return read_err(r, EINVAL, "lists more than the %d limits there are", KINDS);
	return read_array(r, v, &kind, &s->rlimits, &s->rlimits_n);
}

static int read_console_side(struct reading *r, const struct json *v, void *to)
{
	__s64 n = 0;
	int res = read_range(r, v, 0, 65535, &n); /* struct winsize */

	if (res == 0)
		*(unsigned *)to = (unsigned)n;
	return res;
}

static int read_console_size(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "height", JSON_INT, true, read_console_side,
		  offsetof(struct spec, console_height) },
		{ "width", JSON_INT, true, read_console_side,
		  offsetof(struct spec, console_width) },
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_oom_score_adj(struct reading *r, const struct json *v, void *to)
{
	struct spec *s = to;
	__s64 n = 0;
	int res = read_range(r, v, -1000, 1000, &n);

	if (res < 0)
		return res;
	s->has_oom_score_adj = true;
	s->oom_score_adj = (int)n;
	return 0;
}

int read_process(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "terminal", JSON_BOOL, false, read_bool, offsetof(struct spec, terminal) },
		{ "consoleSize", JSON_OBJECT, false, read_console_size, 0 },
		{ "user", JSON_OBJECT, false, read_user, 0 },
		{ "args", JSON_ARRAY, true, read_args, offsetof(struct spec, args) },
		{ "commandLine", JSON_STRING, false, read_foreign, 0 },
		{ "env", JSON_ARRAY, false, read_env, offsetof(struct spec, env) },
		{ "cwd", JSON_STRING, true, read_path, offsetof(struct spec, cwd) },
		{ "capabilities", JSON_OBJECT, false, read_caps, 0 },
		{ "rlimits", JSON_ARRAY, false, read_rlimits, 0 },
		{ "noNewPrivileges", JSON_BOOL, false, read_bool,
		  offsetof(struct spec, no_new_privileges) },
		{ "oomScoreAdj", JSON_INT, false, read_oom_score_adj, 0 },
		NOT_YET("apparmorProfile", JSON_STRING),
		NOT_YET("selinuxLabel", JSON_STRING),
		NOT_YET("scheduler", JSON_OBJECT),
		NOT_YET("ioPriority", JSON_OBJECT),
		NOT_YET("execCPUAffinity", JSON_OBJECT),
		{ NULL },
	};

	return read_members(r, v, table, to);
}
