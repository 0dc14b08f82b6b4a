/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container, however it came to it: what `delete` and a create over a stale id
 * share.
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
/* A cgroup is about to be made for the container whose directory is `dir`. 0, -1 and errno. */
int recover_expect(int dir);

/* One container's end. */
struct recover {
	const char *root, *id;
	int root_dir, dir; /* ROOT; ROOT/ID, locked */
	bool force;        /* kill what runs */
};
/*
 * Removes all that belongs to it, by force kills it first: processes, cgroups, records. Trusts
 * state.json where it is whole, else the link beside it, else the id. 0 only when nothing is left;
 * -EBUSY not by force and somebody is in its cgroup; -EBADMSG nobody knows where its cgroup is.
 */
int recover(const struct recover *r, struct gantry_err *err);
/*
 * Whether what is under r->dir was left behind by a create that died: nothing of it runs, and it
 * was never committed.
 */
bool recover_is_stale(const struct recover *r);
