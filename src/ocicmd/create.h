/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ocicmd/request.h"
#include "runtime/runtime.h"

/*
 * Creates the container of q: what create and run have in common; `start` lets
 * it run at once where it can. 0 or -errno with words.
 */
int create_container(struct request *q, bool detached, bool start, struct runtime_init *ret);
