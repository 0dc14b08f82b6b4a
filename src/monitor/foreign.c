/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another OCI runtime, executed. `create` exits and leaves init behind: we are
 * a subreaper while it runs, so that init becomes our child and its exit code
 * ours to reap. Afterwards we are none: what else is orphaned (in a container
 * that shares the host's processes) is for the host's init to reap.
 */
#include "container/foreign.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "monitor/life.h"

static struct foreign runtime_of(const struct monitor *m)
{
	return (struct foreign){ .path = m->rec.runtime, .root = m->rec.runtime_root };
}

static int open_init(struct monitor *m, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return err_sys(m->call.err, "process %d, which the runtime says is the container's",
			       (int)pid);
	m->pid = pid;
	m->pidfd = fd;
	/* While it lives: where to ask about memory once it is dead. */
	if (foreign_cgroup(pid, "memory", m->cgroup) < 0)
		m->cgroup[0] = '\0';
	return 0;
}

static int run_create(struct monitor *m)
{
	clean_free char *log = str_printf("%s/log.json", m->path);
	clean_free char *pid_file = str_printf("%s/pid", m->path);
	const struct foreign f = runtime_of(m);
	const struct foreign_create how = {
		.id = m->rec.id,
		.bundle = m->bundle,
		.pid_file = pid_file,
		.log = log,
		.dirfd = m->dir,
		.fds = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
	};
	int r;

	if (!log || !pid_file)
		return err_set(m->call.err, ENOMEM, "out of memory");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	r = foreign_create(&f, &how, &m->call);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	return r < 0 ? r : open_init(m, r);
}

static int run_start(struct monitor *m)
{
	const struct foreign f = runtime_of(m);
	const char *const args[] = { m->rec.id, NULL };

	return foreign_call(&f, "start", args, NULL, &m->call);
}

static int run_delete(struct monitor *m)
{
	const struct foreign f = runtime_of(m);
	const char *const args[] = { "--force", m->rec.id, NULL };

	return foreign_call(&f, "delete", args, NULL, &m->call);
}

static int see_oom(struct monitor *m)
{
	return m->cgroup[0] && foreign_oom(m->cgroup) == 1;
}

const struct driver driver_foreign = { run_create, run_start, run_delete, see_oom };
