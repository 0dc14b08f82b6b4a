/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_delete: refuses, or recovers. */
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/cgroup.h"
#include "runtime/recover.h"
#include "runtime/runtime.h"

static int check_stopped(const char *root, const char *id, struct gantry_err *err)
{
	clean_state struct state s = { 0 };
	int r = state_read(root, id, &s, err);

	if (r < 0)
		return r;
	if (s.status != GANTRY_STATE_STOPPED)
		return err_set(err, EBUSY, "container %s is %s, not stopped", id,
			       state_name(s.status));
	return 0;
}

/*
 * There is no ROOT/ID, and by force: a container whose state was lost may still run in the cgroup
 * that its id names. If so ROOT/ID is made again, which keeps creators of that id away, and the end
 * is as for any damaged one. Its fd; -ENOENT there is no such cgroup.
 */
static int find_lost(const char *root, const char *id, struct gantry_err *err)
{
	clean_fd int root_dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	clean_cgroup struct cgroup c = CGROUP_INIT;
	char path[CGROUP_PATH];
	int r;

	if (root_dir < 0)
		return -ENOENT;
	recover_cgroup_path(root, root_dir, id, path);
	r = cgroup_open(&c, path, err);
	if (r < 0)
		return r;
	if (!cgroup_exists(&c))
		return -ENOENT;
	if (mkdirat(root_dir, id, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make the state of container %s", id);
	return state_dir(root, id, err);
}

int runtime_delete(const char *root, const char *id, bool force, struct gantry_err *err)
{
	clean_fd int dir = state_dir(root, id, err);
	clean_fd int root_dir = -1;
	int r;

	if (dir == -ENOENT && force) {
		r = find_lost(root, id, err);
		if (r == -ENOENT)
			return err_set(err, ENOENT, "container %s does not exist", id);
		dir = r;
	}
	if (dir < 0)
		return dir;
	r = recover_lock(dir, id, err);
	if (r == 0 && !force)
		r = check_stopped(root, id, err);
	if (r < 0)
		return r;
	root_dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_dir < 0)
		return err_sys(err, "open the state directory %s", root);
	return recover(&(struct recover){ root, id, root_dir, dir, force }, err);
}
