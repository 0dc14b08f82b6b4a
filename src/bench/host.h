/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* What numbers were measured on. "" and 0 where it cannot be told. */
struct host {
	char os[128], kernel[96], machine[64], cpu[128], clock[32];
	const char *cgroup; /* "v1", "v2", "hybrid", "" */
	uint64_t cpus, mem_bytes;
};
void host_read(struct host *ret);
/* 1, 5 and 15 minutes; NaN where unknown. */
void host_load(double ret[3]);
