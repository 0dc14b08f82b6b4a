/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes config.json: the default that `spec` prints, and one from the options
 * of `run` and `create` on engines that take a rootfs.
 */
#pragma once
#include <gantry/container.h>
#include <stdbool.h>

/* The text that `gantry-oci spec` writes: same settings as `runc spec`. *ret is for free(). */
int build_default_spec(char **ret, size_t *ret_len, struct gantry_err *err);

/*
 * config.json for `what` (its .rootfs is set): the defaults of docker's
 * unprivileged containers (capabilities, masked and read-only paths, devices, mounts) with
 * the options applied. rootfs is absolute. `id` is the hostname when none is given. No terminal.
 * args default to {"sh"}. Swap is not limited.
 * Returns 0; -EINVAL a value is wrong (words name the option); -ENOMEM.
 */
int build_spec(const struct gantry_create *what, const char *id, char **ret, size_t *ret_len,
	       struct gantry_err *err);
