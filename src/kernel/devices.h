/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a cgroup's processes may use: one list of rules, applied in
 * order as cgroup v1's devices controller does, kept by that controller where
 * it is mounted, else by a BPF program on the v2 directory. Both give the same answers.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "kernel/cgroup.h"

enum { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4, DEVICE_ALL = 7 };

struct device_rule {
	bool allow;
	char type;           /* a (both), c, b */
	int64_t major, minor; /* -1: any */
	unsigned access;     /* DEVICE_* */
};

/* What the rules come to: everything `open` or nothing, but for `except`. */
struct device_set {
	bool open;
	struct device_rule *except;
	size_t n, size;
};
#define DEVICE_SET_INIT { true, 0, 0, 0 }
/* Applies one rule after those before it. 0, -ENOMEM. */
int device_set_add(struct device_set *s, const struct device_rule *r);
/* What the set answers to a request (type c or b). */
bool device_set_allows(const struct device_set *s, char type, int64_t major, int64_t minor,
		       unsigned access);
void device_set_done(struct device_set *s);
#define clean_device_set __attribute__((cleanup(device_set_done)))

/* Puts it on the cgroup, which has no such program yet. */
int devices_apply(const struct cgroup *c, const struct device_set *s, struct gantry_err *err);
