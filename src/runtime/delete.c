/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_delete: refuses, or recovers. */
#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
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

int runtime_delete(const char *root, const char *id, bool force, struct gantry_err *err)
{
	clean_fd int dir = state_dir(root, id, err);
	clean_fd int root_dir = -1;
	int r;

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
	return recover(root, root_dir, dir, id, err);
}
