/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by raw system calls, as bit masks (bit N: capability N). No words, -errno. */
#pragma once
#include <stdint.h>

struct caps {
	uint64_t effective, permitted, inheritable;
};

/* Leaves only `keep` in the bounding set. */
int caps_bound(uint64_t keep);
int caps_get(struct caps *ret);
/* Sets the three; what is not in the bounding or permitted set any more is -EPERM. */
int caps_set(const struct caps *c);
/* Empties the ambient set, then raises `raise`. */
int caps_ambient(uint64_t raise);
