/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state record of a container of the native runtime: ROOT/ID/state.json,
 * written by runtime/, read by everybody. Intent before resource: it exists
 * (phase creating, with id, cgroup path and generation) before the first
 * cgroup or namespace. A file that cannot be read is "unknown, recover by id",
 * never "absent".
 */
#pragma once
#include "base/json.h"
#include "base/str.h"
#include <gantry/container.h>
#include <sys/types.h>

/* How far create came, as the file says it. */
enum state_phase { STATE_CREATING = 1, STATE_COMMITTED = 2 };

struct state {
	char *id, *bundle, *rootfs; /* absolute */
	char *cgroup;               /* path below each hierarchy's mount: "/gantry/ID" */
	char *marks;                /* cgroup_marks(): what of it is ours; NULL: none yet */
	char *oci_version;
	char *annotations;          /* JSON object text, or NULL */
	int status;                 /* enum gantry_state: looked up now, not what the file says */
	pid_t pid;                  /* 0 when stopped */
	uint64_t start_time; /* of pid, in clock ticks since boot (/proc/PID/stat field 22) */
	uint64_t created_ns;
	unsigned owner;             /* uid that made it */
	int phase;                  /* enum state_phase */
	pid_t creator;              /* who makes it, while phase is creating */
	uint64_t creator_start;
};
void state_done(struct state *s);
#define clean_state __attribute__((cleanup(state_done)))

/*
 * Reads ROOT/ID and looks at the process and its freezer. 0; -ENOENT no such container ("container
 * ID does not exist"); -EBADMSG the record is damaged (ret->id alone is filled).
 */
int state_read(const char *root, const char *id, struct state *ret, struct gantry_err *err);
/* The ids under ROOT, sorted. 0 (also where ROOT does not exist), -errno. */
int state_list(const char *root, struct strv *ret, struct gantry_err *err);
/*
 * Opens its cgroup, without what is at the path but was not made for it (the path is the spec's to
 * choose: others may have it by now). 0 (also when nothing is left), -errno.
 */
struct cgroup;
int state_cgroup(const struct state *s, struct cgroup *ret, struct gantry_err *err);
/* A pidfd of its init, checked against the start time. -ESRCH gone. */
int state_pidfd(const struct state *s);

/*
 * Names below ROOT/ID: the record; the FIFO that init holds until it is started; a link whose text
 * is the cgroup's marks, a blank and its path.
 */
#define STATE_FILE "state.json"
#define STATE_NEXT "state.next"
#define STATE_FIFO "start"
#define STATE_CGROUP "cgroup"

/*
 * Writes the record under the container's directory, atomically; annotations
 * are NULL or an object. s->status is not written. The same in two steps: made
 * ready beside the one that stands, then put in its place by one rename.
 */
int state_write(int dirfd, const struct state *s, const struct json *annotations,
		struct gantry_err *err);
int state_prepare(int dirfd, const struct state *s, const struct json *annotations,
		  struct gantry_err *err);
int state_commit(int dirfd, const char *id, struct gantry_err *err);
/*
 * Reads the record alone, asking no process. 0; -ENOENT there is none; -EBADMSG it is damaged. `id`
 * names it in words.
 */
int state_load(int dirfd, const char *id, struct state *ret, struct gantry_err *err);
/* Opens ROOT/ID. The fd; -ENOENT "container ID does not exist"; -EINVAL no valid id; -errno. */
int state_dir(const char *root, const char *id, struct gantry_err *err);
/* "created", "running", ... as the runtime specification has them. */
const char *state_name(int status);
