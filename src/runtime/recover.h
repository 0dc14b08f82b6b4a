/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container, however it came to it: what `delete` and a create over a stale id share.
 * /
 */
#pragma once
#include "container/state.h"

/*
 * The cgroup of container `id` under the state root `root_dir` when its spec names none. path holds
 * CGROUP_PATH bytes.
 */
void recover_cgroup_path(const char *root, int root_dir, const char *id, char *path);
/*
 * Locks ROOT/ID against every other create, start and delete of this id, waiting a second at most.
 * 0; -EAGAIN another works on it; -ENOENT it was deleted meanwhile.
 */
int recover_lock(int dir, const char *id, struct gantry_err *err);
/*
 * Kills and removes all that belongs to `id`, whose directory `dir` is locked:
 * processes, cgroups, records. Trusts state.json where it is whole, else the id. 0 only when
 * nothing is left.
 */
int recover(const char *root, int root_dir, int dir, const char *id, struct gantry_err *err);
/*
 * Whether what is under `dir` was left behind by a create that died: nothing of it runs, and it was
 * never committed.
 */
bool recover_is_stale(const char *root, int root_dir, int dir, const char *id);
