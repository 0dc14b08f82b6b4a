/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaking to another OCI runtime (runc, crun, youki, ...) through its command
 * line: the calls that monitor and engine both make, always as lists of
 * arguments, and its words made into the errno that the same situation has everywhere.
 */
#pragma once
#include "base/call.h"
#include "kernel/spawn.h"

struct foreign {
	const char *path; /* absolute */
	const char *root; /* --root; NULL: its own default */
};

/*
 * Runs `verb` with `args` (NULL-terminated, may be NULL) to its end. Status 0: 0,
 * and what it said in *ret (may be NULL). Else the errno of its words (foreign_err) or -EIO.
 */
int foreign_call(const struct foreign *f, const char *verb, const char *const *args,
		 struct spawn_result *ret, struct call *c);

/* What `create` is told. */
struct foreign_create {
	const char *id, *bundle, *pid_file;
	const char *log;  /* a path that it may write its log to; removed again */
	int dirfd;        /* the directory that `log` and `pid_file` are in */
	int fds[3];       /* streams of the container */
};
/*
 * Creates the container and reads its pid: > 0, or -errno with words. When the
 * call is cut short the runtime gets a few seconds to finish before it is
 * killed. Its delete is to be called after any failure but -EEXIST: then the
 * container is another's.
 */
int foreign_create(const struct foreign *f, const struct foreign_create *how, struct call *c);

/*
 * Records what `said` (stderr, or a log of JSON lines, in any of the runtimes'
 * dialects) complains of; returns -errno: -EIO where no known situation is recognised.
 */
int foreign_err(struct gantry_err *err, const char *runtime, const char *verb, const char *said);

/*
 * The cgroup of a process of its for one controller, as a path below that
 * hierarchy's mount. 0; -ENOENT; -errno.
 */
enum { FOREIGN_CGROUP = 1024 };
int foreign_cgroup(pid_t pid, const char *controller, char path[static FOREIGN_CGROUP]);
/* Whether that process is frozen with its cgroup, asked of the kernel: 1, 0, -errno. */
int foreign_frozen(pid_t pid);
/* Whether memory killed in that cgroup (controller "memory"): 1, 0, -errno. */
int foreign_oom(const char *path);
