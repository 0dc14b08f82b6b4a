/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of `run` and `create` on engines that take a rootfs. One function per
 * option, in a table; each names its option in what it says.
 *
 * There is no image here and nothing of the rootfs is read: users and groups
 * are numbers, and a name is refused, not looked up in a file that the
 * container's owner could have written.
 */
#include "oci/blueprint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "base/err.h"
#include "oci/path.h"
#include "oci/quote.h"

#define BIT(cap) (1ull << (cap))

/* What docker gives an unprivileged container. */
static const char *const default_caps[] = {
	"CHOWN",      "DAC_OVERRIDE", "FSETID",  "FOWNER",  "MKNOD",
	"NET_RAW",    "SETGID",       "SETUID",  "SETFCAP", "SETPCAP",
	"SYS_CHROOT", "KILL",         "AUDIT_WRITE", "NET_BIND_SERVICE",
};

const char blueprint_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int out_of_memory(struct gantry_err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Adds "NAME=VALUE", in the place of an older one of that name. */
static void set_variable(struct strv *env, const char *text, size_t name_len)
{
	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], text, name_len + 1)) {
			char *copy = strdup(text);

			if (!copy) {
				env->failed = true;
				return;
			}
			free(env->v[i]);
			env->v[i] = copy;
			return;
		}
	strv_add(env, text);
}

static int draw_env(struct blueprint *p, const char *id, struct gantry_err *err)
{
	(void)id;
	strv_add(&p->env, blueprint_path);
	for (const char *const *e = p->what->env; e && *e; e++) {
		const char *eq = strchr(*e, '=');

		if (!eq || eq == *e)
			return err_set(err, EINVAL, "env: \"%s\" is not of the form NAME=VALUE",
				       quote(*e).text);
		set_variable(&p->env, *e, (size_t)(eq - *e));
	}
	return p->env.failed ? out_of_memory(err) : 0;
}

static int draw_hostname(struct blueprint *p, const char *id, struct gantry_err *err)
{
	const char *name = p->what->hostname;
	size_t n;

	if (name && !*name)
		return err_set(err, EINVAL, "hostname: is empty");
	if (name && strlen(name) > 64)
		return err_set(err, EINVAL, "hostname: is longer than 64 bytes");
	if (!name)
		name = id;
	/* an id may be longer than the kernel's 64, and docker shows its first twelve */
	n = strnlen(name, 64);
	memcpy(p->hostname_buf, name, n);
	p->hostname = p->hostname_buf;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return err_set(err, EINVAL, "hostname: \"%s\" has blanks or control bytes",
				       quote(name).text);
	return 0;
}

static int draw_workdir(struct blueprint *p, const char *id, struct gantry_err *err)
{
	(void)id;
	p->workdir = p->what->workdir ? p->what->workdir : "/";
	if (*p->workdir != '/')
		return err_set(err, EINVAL, "workdir: \"%s\" is not an absolute path",
			       quote(p->workdir).text);
	return 0;
}

/* Digits are a number and never a name; nothing beyond 2^31-1, where other tools' signs turn. */
static int parse_id(const char *text, size_t len, __u32 *ret)
{
	uint64_t n = 0;

	if (!len || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	if (n > 0x7fffffff)
		return -ERANGE;
	*ret = (__u32)n;
	return 0;
}

static int draw_user(struct blueprint *p, const char *id, struct gantry_err *err)
{
	const char *user = p->what->user, *gid;
	size_t len;
	int r;

	(void)id;
	if (!user)
		return 0;
	len = strcspn(user, ":");
	gid = user[len] ? user + len + 1 : "0";
	r = parse_id(user, len, &p->uid);
	if (r == 0)
		r = parse_id(gid, strlen(gid), &p->gid);
	if (r == -ERANGE)
		return err_set(err, EINVAL, "user: \"%s\" is beyond 2147483647", quote(user).text);
	if (r < 0)
		return err_set(err, EINVAL, "user: \"%s\" is not uid[:gid]: a name needs an image",
			       quote(user).text);
	return 0;
}

/* Every capability that this kernel has and that this process could hand on. */
static __u64 all_caps(void)
{
	__u64 caps = 0;

	for (int i = 0; spec_cap_name(i); i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			caps |= BIT(i);
	return caps;
}

/* Collects a list of names; *ret_all: "ALL" was among them. */
static int parse_caps(const char *option, const char *const *list, __u64 *ret, bool *ret_all,
		      struct gantry_err *err)
{
	*ret = 0;
	*ret_all = false;
	for (; list && *list; list++) {
		int cap = spec_cap_parse(*list);

		if (!strcasecmp(*list, "ALL"))
			*ret_all = true;
		else if (cap < 0)
			return err_set(err, EINVAL, "%s: \"%s\" is no capability", option,
				       quote(*list).text);
		else
			*ret |= BIT(cap);
	}
	return 0;
}

/* With ALL on one side the other side alone counts, as docker has it. */
static int draw_caps(struct blueprint *p, const char *id, struct gantry_err *err)
{
	__u64 add, drop;
	bool add_all, drop_all;
	int r = parse_caps("cap-add", p->what->cap_add, &add, &add_all, err);

	(void)id;
	if (r == 0)
		r = parse_caps("cap-drop", p->what->cap_drop, &drop, &drop_all, err);
	if (r < 0)
		return r;
	if (add_all) {
		p->caps = all_caps() & ~drop;
		return 0;
	}
	if (!drop_all)
		for (size_t i = 0; i < sizeof(default_caps) / sizeof(default_caps[0]); i++)
			p->caps |= BIT(spec_cap_parse(default_caps[i]));
	p->caps = drop_all ? add : (p->caps | add) & ~drop;
	return 0;
}

static int parse_limit(const char *text, size_t len, rlim_t *ret)
{
	char buf[24];
	uint64_t n;
	int r;

	if ((len == 2 && !memcmp(text, "-1", 2)) || (len == 9 && !memcmp(text, "unlimited", 9))) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	if (len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	r = str_u64(buf, &n);
	if (r == 0)
		*ret = n;
	return r;
}

static int parse_ulimit(const char *text, struct spec_rlimit *ret)
{
	char name[16];
	size_t len = strcspn(text, "="), soft;
	int r;

	if (!text[len] || len >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = '\0';
	ret->resource = spec_rlimit_parse(name);
	if (ret->resource < 0)
		return -EINVAL;
	text += len + 1;
	soft = strcspn(text, ":");
	r = parse_limit(text, soft, &ret->limit.rlim_cur);
	ret->limit.rlim_max = ret->limit.rlim_cur;
	if (r == 0 && text[soft])
		r = parse_limit(text + soft + 1, strlen(text + soft + 1), &ret->limit.rlim_max);
	return r;
}

static int draw_ulimits(struct blueprint *p, const char *id, struct gantry_err *err)
{
	(void)id;
	for (const char *const *u = p->what->ulimits; u && *u; u++) {
		struct spec_rlimit l;
		size_t i = 0;

		if (parse_ulimit(*u, &l) < 0)
			return err_set(err, EINVAL, "ulimit: \"%s\" is not NAME=SOFT[:HARD]",
				       quote(*u).text);
		if (l.limit.rlim_cur > l.limit.rlim_max)
			return err_set(err, EINVAL, "ulimit: \"%s\" has the soft limit above the "
				       "hard one", quote(*u).text);
		while (i < p->rlimits_n && p->rlimits[i].resource != l.resource)
			i++;
		p->rlimits[i] = l; /* of two of a kind the later counts */
		p->rlimits_n += i == p->rlimits_n;
	}
	return 0;
}

/* "HOSTDIR:DIR[:ro|rw]" into v, whose strings the caller frees also on failure. */
static int parse_volume(const char *text, struct blueprint_volume *v, struct gantry_err *err)
{
	const char *dir = strchr(text, ':'), *mode;

	if (*text != '/')
		return err_set(err, EINVAL, "volume: \"%s\" does not begin with an absolute path: "
			       "named volumes are not supported yet", quote(text).text);
	if (!dir)
		return err_set(err, EINVAL, "volume: \"%s\" is not of the form HOSTDIR:DIR[:ro|rw]",
			       quote(text).text);
	mode = strchr(++dir, ':');
	v->source = strndup(text, (size_t)(dir - 1 - text));
	v->destination = mode ? strndup(dir, (size_t)(mode - dir)) : strdup(dir);
	if (!v->source || !v->destination)
		return out_of_memory(err);
	if (mode && !str_eq(mode, ":ro") && !str_eq(mode, ":rw"))
		return err_set(err, EINVAL, "volume: \"%s\" has an option other than ro and rw",
			       quote(text).text);
	v->read_only = mode && str_eq(mode, ":ro");
	if (path_clean(v->destination, v->destination) < 0)
		return err_set(err, EINVAL, "volume: the second path of \"%s\" has to be absolute "
			       "and without \"..\"", quote(text).text);
	if (str_eq(v->destination, "/"))
		return err_set(err, EINVAL, "volume: \"%s\" would hide the whole root",
			       quote(text).text);
	return 0;
}

static unsigned depth_of(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Puts v, which is the last, before those that lie deeper. */
static int place_volume(struct blueprint *p, struct blueprint_volume v, struct gantry_err *err)
{
	size_t i = p->volumes_n - 1;

	for (size_t k = 0; k < i; k++)
		if (str_eq(p->volumes[k].destination, v.destination))
			return err_set(err, EINVAL, "volume: two are mounted at \"%s\"",
				       quote(v.destination).text);
	for (; i && depth_of(p->volumes[i - 1].destination) > depth_of(v.destination); i--)
		p->volumes[i] = p->volumes[i - 1];
	p->volumes[i] = v;
	return 0;
}

static int draw_volumes(struct blueprint *p, const char *id, struct gantry_err *err)
{
	const char *const *list = p->what->volumes;
	size_t n = 0;

	(void)id;
	while (list && list[n])
		n++;
	if (!n)
		return 0;
	p->volumes = calloc(n, sizeof(*p->volumes));
	if (!p->volumes)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		struct blueprint_volume *v = &p->volumes[p->volumes_n++];
		int r = parse_volume(list[i], v, err);

		if (r == 0)
			r = place_volume(p, *v, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int draw_limits(struct blueprint *p, const char *id, struct gantry_err *err)
{
	const struct gantry_create *w = p->what;

	(void)id;
	if (w->mem_bytes > INT64_MAX)
		return err_set(err, EINVAL, "memory: %llu bytes are beyond the kernel's limit",
			       (unsigned long long)w->mem_bytes);
	/* the kernel's least quota is 1 ms of the 100 ms that a period has */
	if (w->cpu_milli && (w->cpu_milli < 10 || w->cpu_milli > 1000000000))
		return err_set(err, EINVAL, "cpus: has to be between 0.01 and 1000000");
	if (w->pids_limit < -1)
		return err_set(err, EINVAL, "pids-limit: has to be positive, or -1 for no limit");
	return 0;
}

static int draw_root(struct blueprint *p, const char *id, struct gantry_err *err)
{
	(void)id;
	if (!p->what->rootfs || *p->what->rootfs != '/')
		return err_set(err, EINVAL, "rootfs: has to be an absolute path");
	return 0;
}

static int draw_args(struct blueprint *p, const char *id, struct gantry_err *err)
{
	const char *const *args = p->what->args;

	(void)id;
	if (args && (!args[0] || !*args[0]))
		return err_set(err, EINVAL, "args: there is no command to run");
	return 0;
}

int blueprint_make(struct blueprint *ret, const struct gantry_create *what, const char *id,
	      struct gantry_err *err)
{
	static int (*const steps[])(struct blueprint *, const char *, struct gantry_err *) = {
		draw_root, draw_args, draw_env,     draw_hostname, draw_workdir,
		draw_user, draw_caps, draw_ulimits, draw_volumes,  draw_limits,
	};
	struct blueprint p = { .what = what };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int r = steps[i](&p, id, err);

		if (r < 0) {
			blueprint_done(&p);
			return r;
		}
	}
	*ret = p;
	ret->hostname = ret->hostname_buf;
	return 0;
}

void blueprint_done(struct blueprint *p)
{
	strv_done(&p->env);
	for (size_t i = 0; i < p->volumes_n; i++) {
		free(p->volumes[i].source);
		free(p->volumes[i].destination);
	}
	free(p->volumes);
	p->volumes = NULL;
	p->volumes_n = 0;
}
