/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that change a container that is there: start, kill, pause, resume, delete. */
#include <gantry/container.h>

#include "base/err.h"
#include "base/str.h"
#include "container/control.h"
#include "ocicmd/request.h"
#include "runtime/runtime.h"

int verb_start(struct request *q)
{
	return runtime_start(q->root, q->args[0], q->err);
}

int verb_kill(struct request *q)
{
	clean_state struct state s = { 0 };
	const char *name = q->args[1] ? q->args[1] : "TERM";
	int sig = gantry_signal_parse(name);
	int r;

	if (sig < 0)
		return err_set(q->err, EINVAL, "\"%.40s\" is no signal", name);
	r = state_read(q->root, q->args[0], &s, q->err);
	return r < 0 ? r : control_kill(&s, sig, q->all, q->err);
}

int verb_pause(struct request *q)
{
	clean_state struct state s = { 0 };
	int r = state_read(q->root, q->args[0], &s, q->err);

	return r < 0 ? r : control_pause(&s, q->err);
}

int verb_resume(struct request *q)
{
	clean_state struct state s = { 0 };
	int r = state_read(q->root, q->args[0], &s, q->err);

	return r < 0 ? r : control_resume(&s, q->err);
}

/* With --force what is not there is as it should be: containerd asks for it after each delete. */
int verb_delete(struct request *q)
{
	int r = runtime_delete(q->root, q->args[0], q->force, q->err);

	return r == -ENOENT && q->force ? 0 : r;
}
