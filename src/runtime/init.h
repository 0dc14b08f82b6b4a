/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/job.h"

/*
 * The life of the container's first process from clone to execve. Never
 * returns. It dies with its creator until create has committed.
 */
_Noreturn void init_run(struct job *j);
