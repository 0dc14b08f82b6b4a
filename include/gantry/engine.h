/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines: what runs containers on this host. An engine is opened by its
 * address, ENGINE[:ADDRESS][,key=value...]:
 *
 *   native                     the built-in runtime, no daemon
 *   oci:runc                   any OCI runtime, by name in PATH or by path; keys root=DIR
 *   docker, docker:/path.sock  the Docker Engine API on a unix socket
 *   podman                     podman's Docker-compatible socket at its usual path
 *   null                       does nothing, at once: the zero of every benchmark
 *
 * bucketbench's type names (Docker, Runc, CRun, Youki, Null) are aliases; case
 * does not matter in names. Threads: different handles in different threads at
 * once; one handle in one thread at a time. After fork() the child may only
 * close a handle.
 */
#ifndef GANTRY_ENGINE_H
#define GANTRY_ENGINE_H

#include <gantry/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A connection to one container engine. */
struct gantry_engine;

/* How to open an engine. Start from GANTRY_ENGINE_OPTIONS_INIT; strings are copied. */
struct gantry_engine_options {
	size_t size;       /* sizeof(struct gantry_engine_options), for growth */
	const char *root;  /* records kept over a boot; NULL: $GANTRY_ROOT, else /var/lib/gantry */
	const char *run;   /* state of this boot; NULL: $GANTRY_RUN, else /run/gantry */
	const char *oci;   /* the gantry-oci to use; NULL: $GANTRY_OCI, the built-in path, PATH */
	const char *owner; /* whose containers gantry_engine_clean() removes; NULL: "gantry" */
	void (*log)(const struct gantry_log *rec, void *arg); /* NULL: no log */
	void *log_arg;      /* handed to `log` as it is */
	int log_level;      /* enum gantry_log_level: the loudest that `log` wants */
	unsigned reserved;  /* must be 0 */
};
#define GANTRY_ENGINE_OPTIONS_INIT \
	{ sizeof(struct gantry_engine_options), 0, 0, 0, 0, 0, 0, 1, 0 }

/*
 * Opens the engine at address `where` (see the head of this file; NULL or ""
 * means $GANTRY_ENGINE, else "native") and makes sure that it answers.
 * `how` may be NULL for the defaults.
 *
 * On success stores a new engine in *ret; the caller owns it and releases it
 * with gantry_engine_close(). On failure *ret is untouched.
 *
 * Returns 0, or: -EINVAL `where` names no engine or has an unknown key;
 * -ENOENT no such runtime or no gantry-oci; -ECONNREFUSED nothing answers
 * there; -EACCES, -EPERM not allowed; -EPROTO it answers nonsense; -ENOTSUP
 * an engine that gantry knows but does not drive yet; -ETIMEDOUT, -ECANCELED
 * by `op`; -E2BIG `how` has fields we do not know; -ENOMEM.
 */
GANTRY_API int gantry_engine_open(const char *where, const struct gantry_engine_options *how,
				  struct gantry_engine **ret, struct gantry_op *op);

/* Releases an engine; NULL is fine. Containers keep running. Keeps errno. */
GANTRY_API void gantry_engine_close(struct gantry_engine *e);

/* For __attribute__((cleanup(gantry_engine_closep))); sets *e to NULL. */
static inline void gantry_engine_closep(struct gantry_engine **e)
{
	gantry_engine_close(*e);
	*e = NULL;
}

/* The engine's kind: "native", "oci", "docker", "null". Belongs to the library. */
GANTRY_API const char *gantry_engine_kind(const struct gantry_engine *e);

/* The binary or socket behind it, as resolved; "" where there is none. Belongs to the engine. */
GANTRY_API const char *gantry_engine_path(const struct gantry_engine *e);

/*
 * Whether the engine can do `verb` ("pause", "list", "clean", ...), by itself
 * or by a composite of what it can. Returns 1 or 0; -EINVAL for a word that is
 * no verb.
 */
GANTRY_API int gantry_engine_can(const struct gantry_engine *e, const char *verb);

/* The names that gantry_engine_can() knows, in a NULL-terminated array. Belongs to the library. */
GANTRY_API const char *const *gantry_engine_verbs(void);

/*
 * What an engine says of itself. Strings are never NULL, "" where the engine
 * does not say. Owned by the caller, released with gantry_info_free().
 */
struct gantry_info {
	size_t size;          /* sizeof(struct gantry_info) of the library that filled it */
	const char *kind;     /* as gantry_engine_kind() */
	const char *name;     /* its own name: "runc", "crun", "docker", "gantry-oci" */
	const char *version;  /* "1.1.5+ds1", asked of the engine, never of a constant */
	const char *api;      /* the protocol or specification it speaks: "1.41", "1.0.2-dev" */
	const char *revision; /* commit */
	const char *kernel;   /* of the host the engine runs on */
	const char *storage;  /* storage driver */
	const char *cgroup;   /* "v1", "v2", "hybrid", with the engine's driver where it says so */
	const char *path;     /* as gantry_engine_path() */
	const char *line;     /* all of it as one line of words */
};

/*
 * Asks the engine what it is; doubles as a health check. Stores a new
 * description in *ret. Returns 0, or: -ECONNREFUSED nobody answers any more;
 * -EPROTO it answers nonsense; -EIO its command failed; -ENOMEM; by `op`
 * -ETIMEDOUT, -ECANCELED.
 */
GANTRY_API int gantry_engine_info(struct gantry_engine *e, struct gantry_info **ret,
				  struct gantry_op *op);

/* Releases a description; NULL is fine. */
GANTRY_API void gantry_info_free(struct gantry_info *i);

/* For __attribute__((cleanup(gantry_info_freep))); sets *i to NULL. */
static inline void gantry_info_freep(struct gantry_info **i)
{
	gantry_info_free(*i);
	*i = NULL;
}

/* An engine found on this host. Strings are never NULL. */
struct gantry_found {
	size_t size;         /* sizeof(struct gantry_found) of the library that filled it */
	const char *address; /* what gantry_engine_open() takes: "docker:/run/docker.sock" */
	const char *kind;    /* "docker", "oci", "containerd", "cri", ... */
	const char *path;    /* binary or socket */
	const char *source;  /* how it was found: "$DOCKER_HOST", "socket", "PATH", "built in" */
	const char *version; /* "" when not reachable or not driven yet */
	const char *why;     /* why it cannot be used; "" when it can */
	int usable;          /* 1: it answered and gantry drives it */
	unsigned reserved;   /* 0 */
};

/*
 * Looks for engines on this host: the environment (DOCKER_HOST,
 * CONTAINERD_ADDRESS, CONTAINER_RUNTIME_ENDPOINT, CONTAINER_HOST), configuration,
 * the usual and the rootless sockets, and PATH; also those that gantry does
 * not drive yet. Each is asked for its version, and an engine that does not answer within 3 s
 * (or by `op`) is listed with the reason. Changes nothing. `how` may be NULL.
 *
 * On success stores a NULL-terminated array in *ret, released with
 * gantry_found_free(), and returns how many there are. Else -ENOMEM, -E2BIG;
 * by `op` -ETIMEDOUT, -ECANCELED.
 */
GANTRY_API int gantry_engine_discover(const struct gantry_engine_options *how,
				      struct gantry_found ***ret, struct gantry_op *op);

/* Releases the whole array; NULL is fine. */
GANTRY_API void gantry_found_free(struct gantry_found **list);

/* For __attribute__((cleanup(gantry_found_freep))); sets *list to NULL. */
static inline void gantry_found_freep(struct gantry_found ***list)
{
	gantry_found_free(*list);
	*list = NULL;
}

/*
 * Removes every container that carries our label and this handle's owner, in
 * any state, in up to three passes; nobody else's. Returns how many were
 * removed, or: -ENOTSUP the engine has no list or no delete; -EBUSY some
 * survived (the message names one); by `op` -ETIMEDOUT, -ECANCELED.
 */
GANTRY_API int gantry_engine_clean(struct gantry_engine *e, struct gantry_op *op);

#ifdef __cplusplus
}
#endif
#endif
