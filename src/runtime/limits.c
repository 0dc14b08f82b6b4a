/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources. What bites: the specification speaks cgroup v1; v2 has a
 * weight (1 to 10000) where v1 has shares (2 to 262144), one file for quota and
 * period, and counts swap alone where v1 counts memory and swap together. A
 * limit that the host cannot apply is an error: nobody may believe in it.
 */
#include "runtime/limits.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "kernel/devices.h"

static int set_num(const struct cgroup *c, enum cgroup_ctl ctl, const char *v1, const char *v2,
		   long long n, struct gantry_err *err)
{
	char text[24];
	int i = cgroup_carrier(c, ctl);
	bool unified = i >= 0 && c->h[i].unified;

	if (n < 0)
		return cgroup_set(c, ctl, v1, v2, unified || ctl == CGROUP_PIDS ? "max" : "-1",
				  err);
	snprintf(text, sizeof(text), "%lld", n);
	return cgroup_set(c, ctl, v1, v2, text, err);
}

static bool on_v2(const struct cgroup *c, enum cgroup_ctl ctl)
{
	int i = cgroup_carrier(c, ctl);

	return i >= 0 && c->h[i].unified;
}

static int set_cpu(const struct cgroup *c, const struct spec_resources *r, struct gantry_err *err)
{
	char text[64];
	int ret = 0;

	if (on_v2(c, CGROUP_CPU)) {
		if (r->cpu_shares) {
			__u64 shares = r->cpu_shares < 2        ? 2
				       : r->cpu_shares > 262144 ? 262144
								: r->cpu_shares;

			ret = set_num(c, CGROUP_CPU, NULL, "cpu.weight",
				      (long long)(1 + (shares - 2) * 9999 / 262142), err);
		}
		if (ret < 0 || (!r->cpu_quota && !r->cpu_period))
			return ret;
		if (r->cpu_quota > 0)
			snprintf(text, sizeof(text), "%lld %llu", (long long)r->cpu_quota,
				 (unsigned long long)(r->cpu_period ? r->cpu_period : 100000));
		else
			snprintf(text, sizeof(text), "max %llu",
				 (unsigned long long)(r->cpu_period ? r->cpu_period : 100000));
		return cgroup_set(c, CGROUP_CPU, NULL, "cpu.max", text, err);
	}
	if (r->cpu_shares)
		ret = set_num(c, CGROUP_CPU, "cpu.shares", NULL, (long long)r->cpu_shares, err);
	if (ret == 0 && r->cpu_period)
		ret = set_num(c, CGROUP_CPU, "cpu.cfs_period_us", NULL, (long long)r->cpu_period,
			      err);
	if (ret == 0 && r->cpu_quota)
		ret = set_num(c, CGROUP_CPU, "cpu.cfs_quota_us", NULL, r->cpu_quota, err);
	return ret;
}

static int set_cpuset(const struct cgroup *c, const struct spec_resources *r,
		      struct gantry_err *err)
{
	int ret = 0;

	if (r->cpus)
		ret = cgroup_set(c, CGROUP_CPUSET, "cpuset.cpus", "cpuset.cpus", r->cpus, err);
	if (ret == 0 && r->mems)
		ret = cgroup_set(c, CGROUP_CPUSET, "cpuset.mems", "cpuset.mems", r->mems, err);
	return ret;
}

/* Swap alone, from memory and swap together. */
static int set_swap_v2(const struct cgroup *c, const struct spec_resources *r,
		       struct gantry_err *err)
{
	long long swap = -1;

	if (r->mem_swap > 0) {
		if (r->mem_limit <= 0)
			return err_set(err, EINVAL,
				       "memory.swap needs memory.limit beside it on cgroup v2");
		if (r->mem_swap < r->mem_limit)
			return err_set(err, EINVAL,
				       "memory.swap is memory and swap together: it cannot be less "
				       "than memory.limit");
		swap = r->mem_swap - r->mem_limit;
	}
	return set_num(c, CGROUP_MEMORY, NULL, "memory.swap.max", swap, err);
}

static int set_memory(const struct cgroup *c, const struct spec_resources *r,
		      struct gantry_err *err)
{
	int ret = 0;

	if (r->mem_limit)
		ret = set_num(c, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", r->mem_limit,
			      err);
	if (ret == 0 && r->mem_reservation)
		ret = set_num(c, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low",
			      r->mem_reservation, err);
	if (ret < 0 || !r->mem_swap)
		return ret;
	if (on_v2(c, CGROUP_MEMORY))
		return set_swap_v2(c, r, err);
	return set_num(c, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", NULL, r->mem_swap, err);
}

/*
 * What every container may do whatever the rules say, as runc has it: make any
 * node, use the harmless devices and its own terminals.
 */
static const struct device_rule always[] = {
	{ true, 'c', -1, -1, DEVICE_MKNOD }, { true, 'b', -1, -1, DEVICE_MKNOD },
	{ true, 'c', 1, 3, DEVICE_ALL },     { true, 'c', 1, 5, DEVICE_ALL },
	{ true, 'c', 1, 7, DEVICE_ALL },     { true, 'c', 1, 8, DEVICE_ALL },
	{ true, 'c', 1, 9, DEVICE_ALL },     { true, 'c', 5, 0, DEVICE_ALL },
	{ true, 'c', 5, 2, DEVICE_ALL },     { true, 'c', 136, -1, DEVICE_ALL },
};

int limits_apply_devices(const struct cgroup *c, const struct spec_resources *r,
			 struct gantry_err *err)
{
	clean_device_set struct device_set set = DEVICE_SET_INIT;
	int ret = 0;

	if (!r->devices_n)
		return 0;
	for (size_t i = 0; ret == 0 && i < r->devices_n; i++) {
		const struct spec_device_rule *d = &r->devices[i];
		const struct device_rule rule = {
			d->allow, d->type, d->major, d->minor,
			(d->read ? DEVICE_READ : 0u) | (d->write ? DEVICE_WRITE : 0u) |
				(d->mknod ? DEVICE_MKNOD : 0u),
		};

		ret = device_set_add(&set, &rule);
	}
	for (size_t i = 0; ret == 0 && i < sizeof(always) / sizeof(*always); i++)
		ret = device_set_add(&set, &always[i]);
	if (ret < 0)
		return err_num(err, ret, "collect the device rules");
	return devices_apply(c, &set, err);
}

int limits_apply(const struct cgroup *c, const struct spec_resources *r, struct gantry_err *err)
{
	int ret = set_cpuset(c, r, err);

	if (ret == 0)
		ret = set_memory(c, r, err);
	if (ret == 0 && r->has_pids)
		ret = set_num(c, CGROUP_PIDS, "pids.max", "pids.max", r->pids_limit, err);
	return ret < 0 ? ret : set_cpu(c, r, err);
}
