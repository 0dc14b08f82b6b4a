/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals, freezing, out-of-memory. What bites: a pid in a record may be
 * another process by now, so signals go through a pidfd that was compared with
 * the start time; and a process frozen by cgroup v1 does not die of SIGKILL
 * before it is thawed.
 */
#include "container/control.h"

#include <signal.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/cgroup.h"
#include "kernel/pidfd.h"

static bool is_live(const struct state *s)
{
	return s->status == GANTRY_STATE_CREATED || s->status == GANTRY_STATE_RUNNING ||
	       s->status == GANTRY_STATE_PAUSED;
}

static int kill_init(const struct state *s, int sig, struct gantry_err *err)
{
	clean_fd int fd = state_pidfd(s);
	int r = fd;

	if (r >= 0)
		r = pidfd_signal(fd, sig);
	if (r == -ESRCH)
		return err_set(err, EBUSY, "container not running: %s has stopped", s->id);
	if (r < 0)
		return err_num(err, r, "signal container %s", s->id);
	return 0;
}

int control_kill(const struct state *s, int sig, bool all, struct gantry_err *err)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	int r;

	if (sig < 1 || sig > 64)
		return err_set(err, EINVAL, "there is no signal %d", sig);
	/* With `all` what is left in the cgroup of a stopped container counts too. */
	if (!is_live(s) && !(all && s->status == GANTRY_STATE_STOPPED))
		return err_set(err, EBUSY, "container not running: %s is %s", s->id,
			       state_name(s->status));
	if (!all && (sig != SIGKILL || s->status != GANTRY_STATE_PAUSED))
		return kill_init(s, sig, err);
	r = state_cgroup(s, &c, err);
	if (r < 0)
		return r;
	if (all) {
		if (!is_live(s) && cgroup_populated(&c) <= 0)
			return err_set(err, EBUSY, "container not running: %s has stopped", s->id);
		return cgroup_signal(&c, sig, err);
	}
	r = kill_init(s, sig, err);
	if (r == 0 && c.unified < 0)
		r = cgroup_freeze(&c, false, err);
	return r;
}

static int freeze(const struct state *s, bool how, struct call *call)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	int r = state_cgroup(s, &c, call->err);

	return r < 0 ? r : cgroup_freeze_call(&c, how, call);
}

int control_pause_call(const struct state *s, struct call *call)
{
	if (s->status == GANTRY_STATE_PAUSED)
		return err_set(call->err, EBUSY, "container %s is paused already", s->id);
	if (!is_live(s))
		return err_set(call->err, EBUSY, "container not running: %s is %s", s->id,
			       state_name(s->status));
	return freeze(s, true, call);
}

int control_resume_call(const struct state *s, struct call *call)
{
	if (s->status != GANTRY_STATE_PAUSED)
		return err_set(call->err, EBUSY, "container %s is not paused: it is %s", s->id,
			       state_name(s->status));
	return freeze(s, false, call);
}

/* One that nothing cuts short. */
static int uncut(const struct state *s, int (*verb)(const struct state *s, struct call *call),
		 struct gantry_err *err)
{
	struct call call;
	int r = call_begin(&call, NULL, NULL);

	if (err)
		call.err = err;
	return r < 0 ? r : verb(s, &call);
}

int control_pause(const struct state *s, struct gantry_err *err)
{
	return uncut(s, control_pause_call, err);
}

int control_resume(const struct state *s, struct gantry_err *err)
{
	return uncut(s, control_resume_call, err);
}

int control_oom(const struct state *s)
{
	clean_cgroup struct cgroup c = CGROUP_INIT;
	int r = state_cgroup(s, &c, NULL);

	return r < 0 ? r : cgroup_oom(&c);
}
