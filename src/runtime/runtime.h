/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native runtime, one container at a time: what gantry-oci's verbs and the
 * monitor call. State lives in ROOT/ID (ROOT is --root, default /run/gantry/oci);
 * its format and its readers are container/state.h, and what needs no more than
 * that (kill, pause, resume) is container/control.h, so that libgantry has them too.
 */
#pragma once
#include <gantry/base.h>
#include <stdbool.h>
#include <sys/types.h>

struct runtime_create {
	const char *root;      /* state root */
	const char *id;
	const char *bundle;    /* absolute */
	const char *pid_file;  /* or NULL */
	int detached;          /* the streams will not be ours: no terminal relay */
	bool no_pivot, no_new_keyring;
	bool start; /* let it run at once, unless it has a terminal: see runtime_init.started */
};

struct runtime_init {
	pid_t pid;
	int pidfd;    /* owned by the caller */
	int terminal; /* pty master when process.terminal and not detached; else -1 */
	bool started; /* it runs already; else it waits for runtime_start() */
};
#define RUNTIME_INIT { 0, -1, -1, false }

/*
 * Creates the container; its init is a child of the calling process (reap it
 * by pidfd), inherits fds 0 to 2 and waits for runtime_start(). On failure
 * nothing is left; err->exit is 126 or 127 when the command is at fault.
 */
int runtime_create(const struct runtime_create *o, struct runtime_init *ret,
		   struct gantry_err *err);
/* Lets it run. -ENOENT, -EBUSY not in state created. */
int runtime_start(const char *root, const char *id, struct gantry_err *err);
/*
 * Not by force it kills nobody: -EBUSY it is not stopped, or others are left in its cgroup. By
 * force: any state, also a lost one; 0 only when nothing is left; -EBADMSG nobody knows where its
 * cgroup is. -ENOENT there is no such container.
 */
int runtime_delete(const char *root, const char *id, bool force, struct gantry_err *err);
/*
 * To be called first by a program that creates containers (verbs create, run,
 * monitor): executes the program once more from where a container cannot
 * overwrite it, unless it runs from there already. Returns only if so, or on failure.
 */
int runtime_protect(char *const argv[], struct gantry_err *err);
