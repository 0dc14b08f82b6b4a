/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: one life, the same verbs on every engine.
 *
 *   prepare → create → start → (pause, resume, kill) → wait → delete
 *
 * run and stop are composites written once over these. An `id` may be the
 * container's id, its name, or the unambiguous beginning of its id.
 *
 * Same situation, same errno, on every engine. Every function here can also
 * return, and the lists below do not repeat: -EINVAL no engine is given, or an
 * `id` that can be none; -E2BIG `op` is a newer one; -ECONNREFUSED the engine
 * went away; -EPROTO, -EBADMSG it or a file of state speaks nonsense; -EIO it
 * failed in its own words; -ENOTSUP the engine cannot; -ENOMEM; -ETIMEDOUT,
 * -ECANCELED by `op`.
 */
#ifndef GANTRY_CONTAINER_H
#define GANTRY_CONTAINER_H

#include <gantry/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a container can be in. Names: gantry_state_name(). */
enum gantry_state {
	GANTRY_STATE_UNKNOWN = 0,
	GANTRY_STATE_CREATING = 1,
	GANTRY_STATE_CREATED = 2,
	GANTRY_STATE_RUNNING = 3,
	GANTRY_STATE_PAUSED = 4,
	GANTRY_STATE_RESTARTING = 5,
	GANTRY_STATE_STOPPED = 6,
	GANTRY_STATE_DEAD = 7
};

/* "running", "stopped", ...; "unknown" for any other number. Belongs to the library. */
GANTRY_API const char *gantry_state_name(int state);

/* Room for the longest id that any engine gives, with its NUL. */
#define GANTRY_ID_SIZE 132

/*
 * The signal called `name`: "TERM", "SIGTERM", "15", "RTMIN+3"; case does not
 * matter. Returns its number (1 to 64), or -EINVAL.
 */
GANTRY_API int gantry_signal_parse(const char *name);

/* Flags of struct gantry_create. */
enum gantry_create_flag {
	GANTRY_CREATE_READ_ONLY = 1,  /* the root filesystem */
	GANTRY_CREATE_AUTO_REMOVE = 2 /* the container removes itself when it has exited */
};

/*
 * What to run. Start from GANTRY_CREATE_INIT, which sets .size and leaves
 * everything at the engine's own default. Strings and lists are not kept;
 * lists end with NULL. Exactly one of image, rootfs and bundle is given:
 * docker takes an image, native and oci take the other two. With `bundle` its
 * config.json rules: then only name, labels and flags' AUTO_REMOVE may be
 * given beside it. Null takes anything.
 */
struct gantry_create {
	size_t size;
	const char *name;                /* [A-Za-z0-9][A-Za-z0-9_.-]{0,127}; NULL: made up */
	const char *image;               /* an image reference, present on the engine */
	const char *rootfs;              /* a directory that becomes the root, as it stands */
	const char *bundle;              /* an OCI bundle: a directory with config.json */
	const char *const *args;         /* the command; NULL: the image's own (rootfs: "sh") */
	const char *const *env;          /* "NAME=VALUE"; over the defaults */
	const char *workdir;             /* absolute, inside the container */
	const char *user;                /* "uid[:gid]", for images also names */
	const char *hostname;
	const char *const *labels;       /* "KEY=VALUE" */
	const char *const *volumes;      /* "HOSTDIR:DIR[:ro|rw]" */
	const char *const *cap_add;      /* "NET_ADMIN", "CAP_NET_ADMIN", "ALL" */
	const char *const *cap_drop;
	const char *const *ulimits;      /* "nofile=SOFT[:HARD]" */
	uint64_t mem_bytes;              /* memory limit; 0: none */
	uint64_t cpu_milli;              /* thousandths of a CPU; 0: no limit */
	int64_t pids_limit;              /* processes; 0: no limit */
	unsigned flags;                  /* enum gantry_create_flag */
	unsigned reserved;               /* must be 0 */
};
#define GANTRY_CREATE_INIT \
	{ sizeof(struct gantry_create), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* How a container's first process ended. Start from GANTRY_EXIT_INIT. */
struct gantry_exit {
	size_t size;
	int code;             /* 0 to 255, 128+N for signal N; -1: unknown, which is never 0 */
	int signal;           /* N, when signal N ended it; else 0 */
	uint64_t finished_ns; /* nanoseconds since the epoch; 0: unknown */
	int oom;              /* 1: the kernel killed for memory in it; 0: no, or unknown */
	unsigned reserved;    /* 0 */
};
#define GANTRY_EXIT_INIT { sizeof(struct gantry_exit), -1, 0, 0, 0, 0 }

/*
 * Makes sure that what `what` needs is there (the image, the bundle, the root
 * directory) so that create and run need not fetch it: a step of its own, so
 * that benchmarks can leave it outside the clock. Makes no container.
 *
 * Returns 0, or: -ENOENT no such image, directory or config.json; -ENOTDIR;
 * -EINVAL `what` is wrong or asks for what this engine has not; -EACCES;
 * -E2BIG `what` has fields we do not know.
 */
GANTRY_API int gantry_container_prepare(struct gantry_engine *e, const struct gantry_create *what,
					struct gantry_op *op);

/*
 * Creates a container, ready to be started; its command does not run yet. Its
 * standard streams are the engine's log on docker and /dev/null elsewhere.
 * Writes its id to `ret_id`, which may be NULL.
 *
 * Returns 0, or: -EEXIST the name is taken; -ENOENT no such image, directory
 * or config.json (exit 127 in op->err when it is the command that is not
 * there); -EACCES not allowed, or the command is not executable (exit 126);
 * -EINVAL `what` is wrong; -ENOSPC, -EROFS the disk; -EPERM; -E2BIG.
 * Nothing is left behind on failure.
 */
GANTRY_API int gantry_container_create(struct gantry_engine *e, const struct gantry_create *what,
				       char ret_id[GANTRY_ID_SIZE], struct gantry_op *op);

/*
 * Starts a created container, or a stopped one where the engine can do that
 * (docker). Returns 0, or: -ENOENT no such container, or its command is not
 * there (exit 127); -ENOTUNIQ; -EBUSY it is not in a state to be started;
 * -EACCES the command is not executable (exit 126).
 */
GANTRY_API int gantry_container_start(struct gantry_engine *e, const char *id,
				      struct gantry_op *op);

/* Flags of struct gantry_run. */
enum gantry_run_flag {
	GANTRY_RUN_DETACH = 1 /* return once it runs; the streams are as in create */
};

/*
 * How to run. Start from GANTRY_RUN_INIT: in the foreground, nothing connected.
 * The fds stay the caller's and are not closed.
 */
struct gantry_run {
	size_t size;
	unsigned flags;    /* enum gantry_run_flag */
	int stdin_fd;      /* what the container reads; -1: nothing (/dev/null) */
	int stdout_fd;     /* where its output goes, byte for byte; -1: nowhere */
	int stderr_fd;
	int signal_fd;     /* a signalfd(2): what it reads is passed to the container; -1: none */
	unsigned reserved; /* must be 0 */
};
#define GANTRY_RUN_INIT { sizeof(struct gantry_run), 0, -1, -1, -1, -1, 0 }

/*
 * Creates and starts a container and, unless detached, waits for its end,
 * its streams connected before it starts; with GANTRY_CREATE_AUTO_REMOVE also for its
 * removal. `how` may be NULL: detached. `ret_id`
 * may be NULL; it is set as soon as the id is known, also on a later failure.
 * `ret` may be NULL; it is filled when the container has ended.
 *
 * Returns 0, or what create, start and wait return. When the container could
 * not be started nothing is left behind. When `op` cuts a foreground run short
 * the container runs on.
 */
GANTRY_API int gantry_container_run(struct gantry_engine *e, const struct gantry_create *what,
				    const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE],
				    struct gantry_exit *ret, struct gantry_op *op);

/* Flags of gantry_container_kill(). */
enum gantry_kill_flag {
	GANTRY_KILL_ALL = 1 /* every process in the container, not the first alone */
};

/*
 * Sends signal `sig` (1 to 64). Returns 0, or: -ENOENT no such container;
 * -ENOTUNIQ; -EBUSY it is not running; -EINVAL no such signal or flag;
 * -ENOTSUP this engine cannot send to all.
 */
GANTRY_API int gantry_container_kill(struct gantry_engine *e, const char *id, int sig,
				     unsigned flags, struct gantry_op *op);

/* How to stop a container. Start from GANTRY_STOP_INIT, which sets .size. */
struct gantry_stop {
	size_t size;         /* sizeof(struct gantry_stop), for growth */
	uint64_t grace_us;   /* wait this long before SIGKILL; 0 kills at once */
	int signal;          /* first signal; 0 means the container's own, else SIGTERM */
	unsigned reserved;   /* must be 0: no padding may hide at the end */
};
#define GANTRY_STOP_INIT { sizeof(struct gantry_stop), 10000000, 0, 0 }

/*
 * Stops container `id` and returns once it has exited. Stopping one that has
 * stopped already, or was never started, succeeds and changes nothing; a paused
 * one is resumed for it. `how` may be NULL for the defaults and is not kept.
 *
 * Returns 0, or: -ENOENT no such container; -ENOTUNIQ `id` is the beginning of
 * several; -EBUSY it survived SIGKILL; -E2BIG `how` has fields we do not know.
 */
GANTRY_API int gantry_container_stop(struct gantry_engine *e, const char *id,
				     const struct gantry_stop *how, struct gantry_op *op);

/*
 * Waits until container `id` has exited and fills *ret, in any process, at any
 * time later, as often as asked. Returns 0 (ret->code is -1 where nobody can
 * know the code any more), or: -ENOENT; -ENOTUNIQ; -EBUSY it was never started.
 */
GANTRY_API int gantry_container_wait(struct gantry_engine *e, const char *id,
				     struct gantry_exit *ret, struct gantry_op *op);

/* Freezes every process of `id`. Returns 0, or -ENOENT, -ENOTUNIQ, -EBUSY it is not running. */
GANTRY_API int gantry_container_pause(struct gantry_engine *e, const char *id,
				      struct gantry_op *op);

/* Thaws it. Returns 0, or -ENOENT, -ENOTUNIQ, -EBUSY it is not paused. */
GANTRY_API int gantry_container_resume(struct gantry_engine *e, const char *id,
				       struct gantry_op *op);

/*
 * A container as its engine describes it. Strings are never NULL, "" where the
 * engine does not say. Owned by the caller, released with gantry_container_free().
 */
struct gantry_container {
	size_t size;               /* of the library that filled it */
	const char *id;
	const char *name;
	const char *image;         /* reference; "" for a bundle or rootfs */
	const char *bundle;        /* directory; "" for an image */
	const char *rootfs;        /* directory, where it is known */
	const char *const *args;   /* the command, NULL-terminated */
	const char *const *labels; /* "KEY=VALUE", NULL-terminated, sorted */
	const char *owner;         /* owner id of the gantry that made it; "" when none did */
	int state;                 /* enum gantry_state */
	int pid;                   /* on the host; 0 when it does not run */
	uint64_t created_ns;       /* since the epoch; 0: unknown */
	uint64_t started_ns;       /* 0: not started, or unknown */
	uint64_t finished_ns;      /* 0: not ended, or unknown */
	int exit_code;             /* 0 to 255; -1: it has not ended, or nobody knows */
	int exit_signal;
	int oom;
	int stop_signal;           /* what the engine sends first to stop it; 0: SIGTERM */
};

/*
 * Describes container `id`. Stores a new description in *ret. Changes nothing
 * in the engine. Returns 0, or -ENOENT, -ENOTUNIQ.
 */
GANTRY_API int gantry_container_get(struct gantry_engine *e, const char *id,
				    struct gantry_container **ret, struct gantry_op *op);

/* Releases a description; NULL is fine. */
GANTRY_API void gantry_container_free(struct gantry_container *c);

/* For __attribute__((cleanup(gantry_container_freep))); sets *c to NULL. */
static inline void gantry_container_freep(struct gantry_container **c)
{
	gantry_container_free(*c);
	*c = NULL;
}

/*
 * Describes every container of the engine, in any state, newest first (equal
 * times by id). Stores a NULL-terminated array in *ret, released with
 * gantry_container_list_free(), and returns how many there are. One container
 * that cannot be read is listed with state unknown and does not hide the
 * others. Changes nothing in the engine.
 */
GANTRY_API int gantry_container_list(struct gantry_engine *e, struct gantry_container ***ret,
				     struct gantry_op *op);

/* Releases the whole array; NULL is fine. */
GANTRY_API void gantry_container_list_free(struct gantry_container **list);

/* For __attribute__((cleanup(gantry_container_list_freep))); sets *list to NULL. */
static inline void gantry_container_list_freep(struct gantry_container ***list)
{
	gantry_container_list_free(*list);
	*list = NULL;
}

/* Flags of gantry_container_delete(). */
enum gantry_delete_flag {
	GANTRY_DELETE_FORCE = 1 /* in any state: kills what runs; also what is half made */
};

/*
 * Deletes container `id` with its records and exit code. Returns 0, or:
 * -ENOENT no such container; -ENOTUNIQ; -EBUSY it is running, created or paused and `flags`
 * lacks FORCE, or something holds it (the message names it).
 */
GANTRY_API int gantry_container_delete(struct gantry_engine *e, const char *id, unsigned flags,
				       struct gantry_op *op);

#ifdef __cplusplus
}
#endif
#endif
