/* SPDX-License-Identifier: Apache-2.0 */
/* Our own runtime, called directly: no program is executed, and init is our child by birth. */
#include "container/control.h"
#include "monitor/life.h"
#include "runtime/runtime.h"

static int native_create(struct monitor *m)
{
	const struct runtime_create how = {
		.root = m->rec.runtime_root,
		.id = m->rec.id,
		.bundle = m->bundle,
		.detached = 1,
	};
	struct runtime_init init = RUNTIME_INIT;
	int r = runtime_create(&how, &init, m->call.err);

	if (r < 0)
		return r;
	m->pid = init.pid;
	m->pidfd = init.pidfd;
	return 0;
}

static int native_start(struct monitor *m)
{
	return runtime_start(m->rec.runtime_root, m->rec.id, m->call.err);
}

static int native_destroy(struct monitor *m)
{
	return runtime_delete(m->rec.runtime_root, m->rec.id, true, m->call.err);
}

static int native_oom(struct monitor *m)
{
	clean_state struct state s = { 0 };

	if (state_read(m->rec.runtime_root, m->rec.id, &s, NULL) < 0)
		return 0;
	return control_oom(&s) == 1;
}

const struct driver driver_native = { native_create, native_start, native_destroy, native_oom };
