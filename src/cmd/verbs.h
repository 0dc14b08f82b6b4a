/* SPDX-License-Identifier: Apache-2.0 */
/* One of these per verb, each at the end of the file that does it. */
#pragma once
#include "cmd/cmd.h"

extern const struct verb verb_run, verb_create, verb_start, verb_stop, verb_kill, verb_pause,
	verb_unpause, verb_rm, verb_wait, verb_ps, verb_inspect, verb_clean, verb_bench,
	verb_engines, verb_info, verb_version, verb_help;
