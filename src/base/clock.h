/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
/* For durations and deadlines. */
static inline uint64_t clock_mono(void) { return clock_ns(CLOCK_MONOTONIC); }
/* For records. */
static inline uint64_t clock_wall(void) { return clock_ns(CLOCK_REALTIME); }
