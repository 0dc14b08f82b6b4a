/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the descriptions that the public API hands out (struct
 * gantry_container, gantry_info, gantry_found): one block of memory each, so
 * that one free() releases it and no engine has cleanup code of its own.
 */
#pragma once
#include <gantry/container.h>

/*
 * Copies a description whose strings live anywhere (NULL means "") into one
 * block, sorts its labels, fills .owner from them. NULL when out of memory.
 */
struct gantry_container *describe_container(const struct gantry_container *from);
struct gantry_info *describe_info(const struct gantry_info *from); /* makes .line when it is NULL */
struct gantry_found *describe_found(const struct gantry_found *from);

/* A growing NULL-terminated array of descriptions. Zeroed is empty. */
struct described {
	struct gantry_container **v;
	size_t n, size;
};
/* Adds a copy. 0 or -ENOMEM (the list stays as it was). */
int described_add(struct described *d, const struct gantry_container *from);
/* Sorts newest first, then by id, hands the array over, returns the count or -ENOMEM. */
int described_take(struct described *d, struct gantry_container ***ret);
void described_done(struct described *d);
