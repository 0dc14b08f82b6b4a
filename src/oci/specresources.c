/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `linux.resources` of config.json. Clients write a zero for most of what was
 * not asked for (docker: cpu.shares, blockIO.weight), so zero means nothing
 * asked, but for pids, where Go leaves the object out instead.
 *
 * What the kernel would refuse with a bare EINVAL after half of the cgroup is
 * made is refused here, with words.
 */
#include <string.h>

#include "base/str.h"
#include "oci/specread.h"

static int read_rule_type(struct reading *r, const struct json *v, void *to)
{
	if (!v->len)
		return 0;
	if (v->len != 1 || !strchr("acb", v->text[0]))
		return read_err(r, EINVAL, "has to be one of a, c, b");
	*(char *)to = v->text[0];
	return 0;
}

static int read_rule_number(struct reading *r, const struct json *v, void *to)
{
	return read_range(r, v, -1, 0xffffffff, to);
}

static int read_access(struct reading *r, const struct json *v, void *to)
{
	struct spec_device_rule *d = to;

	if (v->len > 3 || v->text[strspn(v->text, "rwm")])
		return read_err(r, EINVAL, "has to be made of r, w and m");
	d->read = strchr(v->text, 'r') != NULL;
	d->write = strchr(v->text, 'w') != NULL;
	d->mknod = strchr(v->text, 'm') != NULL;
	return 0;
}

static int read_rule(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "allow", JSON_BOOL, false, read_bool, offsetof(struct spec_device_rule, allow) },
		{ "type", JSON_STRING, false, read_rule_type,
		  offsetof(struct spec_device_rule, type) },
		{ "major", JSON_INT, false, read_rule_number,
		  offsetof(struct spec_device_rule, major) },
		{ "minor", JSON_INT, false, read_rule_number,
		  offsetof(struct spec_device_rule, minor) },
		{ "access", JSON_STRING, false, read_access, 0 },
		{ NULL },
	};
	struct spec_device_rule *d = to;
	bool any;
	int res;

	d->type = 'a';
	d->major = d->minor = -1;
	res = read_members(r, v, table, d);
	if (res < 0)
		return res;
	any = d->read || d->write || d->mknod;
	if (d->type == 'a' && (d->major >= 0 || d->minor >= 0))
		return read_err(r, EINVAL, "has a device number, but no type c or b");
	if (!any && d->type != 'a')
		return read_err(r, EINVAL, "has no access");
	if (!any)
		d->read = d->write = d->mknod = true;
	return 0;
}

static int read_rules(struct reading *r, const struct json *v, void *to)
{
	static const struct items kind = { JSON_OBJECT, read_rule,
					   sizeof(struct spec_device_rule) };
	struct spec_resources *res = to;

	return read_array(r, v, &kind, &res->devices, &res->devices_n);
}

/* Zero is a setting of its own here. */
static int refuse_given(struct reading *r, const struct json *v, void *to)
{
	(void)v;
	(void)to;
	return read_not_yet(r, NULL);
}

/* Concerns `update` alone: a new cgroup uses nothing yet. */
static int accept(struct reading *r, const struct json *v, void *to)
{
	(void)r;
	(void)v;
	(void)to;
	return 0;
}

static int read_memory(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "limit", JSON_INT, false, read_limit,
		  offsetof(struct spec_resources, mem_limit) },
		{ "reservation", JSON_INT, false, read_limit,
		  offsetof(struct spec_resources, mem_reservation) },
		{ "swap", JSON_INT, false, read_limit, offsetof(struct spec_resources, mem_swap) },
		{ "swappiness", JSON_INT, false, refuse_given, 0 },
		{ "checkBeforeUpdate", JSON_BOOL, false, accept, 0 },
		NOT_YET("kernel", JSON_INT),
		NOT_YET("kernelTCP", JSON_INT),
		NOT_YET("disableOOMKiller", JSON_BOOL),
		NOT_YET("useHierarchy", JSON_BOOL),
		{ NULL },
	};
	struct spec_resources *m = to;
	int res = read_members(r, v, table, m);

	if (res < 0)
		return res;
	if (m->mem_swap > 0 && m->mem_limit <= 0)
		return read_err(r, EINVAL, "has a swap limit but no limit");
	if (m->mem_swap > 0 && m->mem_swap < m->mem_limit)
		return read_err(r, EINVAL, "has a swap limit below its limit: it holds for both");
	return 0;
}

/* The kernel's bounds, kernel/sched/core.c: 1 ms to 1 s. */
static int read_period(struct reading *r, const struct json *v, void *to)
{
	__s64 n = 0;
	int res = 0;

	if (read_asks(v))
		res = read_range(r, v, 1000, 1000000, &n);
	if (res == 0)
		*(__u64 *)to = (__u64)n;
	return res;
}

/* The kernel's upper bound, kernel/sched/sched.h; less than its lower one, 2, it takes for 2. */
static int read_shares(struct reading *r, const struct json *v, void *to)
{
	__s64 n = 0;
	int res = read_range(r, v, 0, 262144, &n);

	if (res == 0)
		*(__u64 *)to = (__u64)n;
	return res;
}

static int read_quota(struct reading *r, const struct json *v, void *to)
{
	int res = read_limit(r, v, to);

	if (res == 0 && *(__s64 *)to > 0 && *(__s64 *)to < 1000)
		return read_err(r, EINVAL, "is less than 1000, the kernel's least");
	return res;
}

/* "0-2,7": what it means, the kernel judges. */
static int read_set(struct reading *r, const struct json *v, void *to)
{
	if (v->text[strspn(v->text, "0123456789,-")])
		return read_err(r, EINVAL, "\"%s\" is not a list like \"0-2,7\"",
				quote(v->text).text);
	return read_text(r, v, to);
}

static int read_cpu(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "shares", JSON_INT, false, read_shares,
		  offsetof(struct spec_resources, cpu_shares) },
		{ "quota", JSON_INT, false, read_quota,
		  offsetof(struct spec_resources, cpu_quota) },
		{ "period", JSON_INT, false, read_period,
		  offsetof(struct spec_resources, cpu_period) },
		{ "cpus", JSON_STRING, false, read_set, offsetof(struct spec_resources, cpus) },
		{ "mems", JSON_STRING, false, read_set, offsetof(struct spec_resources, mems) },
		NOT_YET("burst", JSON_INT),
		NOT_YET("realtimeRuntime", JSON_INT),
		NOT_YET("realtimePeriod", JSON_INT),
		NOT_YET("idle", JSON_INT),
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_pids_limit(struct reading *r, const struct json *v, void *to)
{
	struct spec_resources *p = to;
	__s64 n = 0;
	int res = read_range(r, v, INT64_MIN, INT64_MAX, &n);

	if (res < 0)
		return res;
	p->has_pids = true;
	p->pids_limit = n > 0 ? n : -1;
	return 0;
}

static int read_pids(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "limit", JSON_INT, false, read_pids_limit, 0 },
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_block_io(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		NOT_YET("weight", JSON_INT),
		NOT_YET("leafWeight", JSON_INT),
		NOT_YET("weightDevice", JSON_ARRAY),
		NOT_YET("throttleReadBpsDevice", JSON_ARRAY),
		NOT_YET("throttleWriteBpsDevice", JSON_ARRAY),
		NOT_YET("throttleReadIOPSDevice", JSON_ARRAY),
		NOT_YET("throttleWriteIOPSDevice", JSON_ARRAY),
		{ NULL },
	};

	return read_members(r, v, table, to);
}

static int read_network(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		NOT_YET("classID", JSON_INT),
		NOT_YET("priorities", JSON_ARRAY),
		{ NULL },
	};

	return read_members(r, v, table, to);
}

int read_resources(struct reading *r, const struct json *v, void *to)
{
	static const struct property table[] = {
		{ "devices", JSON_ARRAY, false, read_rules, 0 },
		{ "memory", JSON_OBJECT, false, read_memory, 0 },
		{ "cpu", JSON_OBJECT, false, read_cpu, 0 },
		{ "pids", JSON_OBJECT, false, read_pids, 0 },
		{ "blockIO", JSON_OBJECT, false, read_block_io, 0 },
		{ "network", JSON_OBJECT, false, read_network, 0 },
		NOT_YET("hugepageLimits", JSON_ARRAY),
		NOT_YET("rdma", JSON_OBJECT),
		NOT_YET("unified", JSON_OBJECT),
		{ NULL },
	};

	return read_members(r, v, table, to);
}
