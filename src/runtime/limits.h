/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "kernel/cgroup.h"
#include "oci/spec.h"

/*
 * Writes linux.resources to a cgroup: the numbers, and the device rules. 0;
 * -ENODEV the host lacks a controller that is asked for; -errno; with words.
 */
int limits_apply(const struct cgroup *c, const struct spec_resources *r, struct gantry_err *err);
int limits_apply_devices(const struct cgroup *c, const struct spec_resources *r,
			 struct gantry_err *err);
