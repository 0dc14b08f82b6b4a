/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the docker engine share: one request to the daemon, its
 * errors as ours, and its JSON as our structs. podman's Docker-compatible
 * socket is driven by the same code; where it differs `podman` says so.
 */
#pragma once
#include "base/json.h"
#include "base/str.h"
#include "engine/ops.h"
#include "wire/http.h"

enum {
	DOCKER_OURS = 52,              /* the newest API we know, 1.52 */
	DOCKER_OLDEST = 24,            /* the oldest that we speak, 1.24 (docker 1.12) */
	DOCKER_AUTO_REMOVE = 25,       /* since when it removes by itself, and counts CPUs */
	DOCKER_WAIT_NEXT = 30,         /* since when a wait can be for the next exit */
	DOCKER_MARK_SIZE = 33,
	DOCKER_BODY_MAX = 8 << 20,     /* of one answer */
	DOCKER_LIST_MAX = 64 << 20     /* of a list */
};

/* The label by which a create finds again what it made (dockermake.c). Nobody else needs it. */
#define DOCKER_MARK "io.gantry.create"

struct docker {
	struct gantry_engine head;
	struct http http;
	unsigned minor;                /* we speak API 1.MINOR with it */
	bool podman;
};

static inline struct docker *docker_of(struct gantry_engine *e)
{
	return (struct docker *)(void *)e;
}

/* What a request is about; decides which of the daemon's failures mean what. */
enum docker_about {
	DOCKER_ENGINE,     /* the daemon itself */
	DOCKER_IMAGE,      /* `name` is an image */
	DOCKER_CREATE,     /* `name` is the image that a container is to be made of */
	DOCKER_CONTAINER,  /* `name` is a container */
	DOCKER_START       /* the same, and its command may be at fault */
};

struct docker_ask {
	enum docker_about about;
	const char *name;   /* what it is about, for messages */
	const char *method;
	const char *body;   /* JSON, or NULL */
	size_t body_len;
	size_t max;         /* of the answer's body; 0: DOCKER_BODY_MAX */
	int takes;          /* the status below 300 that means done */
	struct http *on;    /* another connection than the engine's; NULL: that one */
	bool head;          /* return with the answer's head (http_begin) */
	bool upgrade;
	bool lasting;       /* cut short, the connection stays for http_resume() */
};

/* Settles the version that both know, by asking the daemon. -EPROTO it is none, or too old. */
int docker_negotiate(struct docker *d, struct call *c);
/*
 * Asks for `fmt` (the target, without the version before it). Returns the
 * status that the request takes, or an error in the daemon's words; -EPROTO when
 * the status is a success, but another one: whatever answers does not do as told.
 */
int docker_request(struct docker *d, const struct docker_ask *a, struct call *c, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));
/* The same for what has no body, nor an answer with one: POST /containers/ID/FMT takes 204. */
int docker_post(struct docker *d, enum docker_about about, const char *id, struct call *c,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* An id or name that can stand in a URL; -ENOENT when no container can be called so. */
int docker_check_id(const char *id, struct call *c);
/* It is an image, and its reference can stand in a URL. 0 or -EINVAL. */
int docker_check_image(const struct gantry_create *what, struct call *c);

/* dockererr.c: an answer of 300 and more as errno and words. */
int docker_error(const struct docker *d, const struct docker_ask *a, struct http *h,
		 struct call *c);

/* dockerjson.c: parses the answer's body, in place. -EPROTO it is no JSON of type `want`. */
int docker_json(struct http *h, enum json_type want, struct json_doc *doc, struct call *c);

struct docker_body {
	char *text; /* free it */
	size_t len;
};
/* The body of POST /containers/create; `how` is NULL for a detached one. */
int docker_create_body(const struct docker *d, const struct gantry_create *what,
		       const struct gantry_run *how, const char *mark, struct docker_body *ret,
		       struct call *c);

/* A container as the daemon describes it; k points into the document and the lists. */
struct docker_view {
	struct gantry_container k;
	struct strv args, labels;
};
/* From GET /containers/ID/json. -EPROTO it describes none; -ENOMEM. */
int docker_view_inspect(const struct docker *d, const struct json *j, struct docker_view *v,
			struct call *c);
/* From one entry of GET /containers/json, which tells little; the state is unknown. */
int docker_view_entry(const struct json *j, struct docker_view *v, struct call *c);
void docker_view_done(struct docker_view *v);
#define clean_docker_view __attribute__((cleanup(docker_view_done)))

/* dockerbox.c: inspects `id` on the engine's connection into *v, which lives as long as *doc. */
int docker_inspect(struct docker *d, const char *id, struct json_doc *doc, struct docker_view *v,
		   struct call *c);
/* The target of a list of all containers, or of those with label=value. */
void docker_list_target(struct str *target, const char *label, const char *value);
/* dockermake.c: creates; `how` as in docker_create_body(). Leaves nothing behind on failure. */
int docker_make(struct docker *d, const struct gantry_create *what, const struct gantry_run *how,
		char ret_id[GANTRY_ID_SIZE], struct call *c);
/* Force-removes. 0 also when it was gone before. */
int docker_remove(struct docker *d, const char *id, struct call *c);
/* Exit code and signal from what the daemon calls StatusCode or ExitCode. */
void docker_exit(int64_t code, struct gantry_exit *ret);
/* Code and signal from the body of a wait's answer on h. */
int docker_waited(struct http *h, struct gantry_exit *ret, struct call *c);
/* What the daemon tells beside the code: when it ended, and whether memory was why. */
void docker_exit_more(const struct docker_view *v, struct gantry_exit *ret);

/* dockerbox.c, dockermake.c, dockerrun.c: slots of the table. */
int docker_create(struct gantry_engine *e, const struct gantry_create *what,
		  char ret_id[GANTRY_ID_SIZE], struct call *c);
int docker_start(struct gantry_engine *e, const char *id, struct call *c);
int docker_kill(struct gantry_engine *e, const char *id, int sig, unsigned flags, struct call *c);
int docker_wait(struct gantry_engine *e, const char *id, struct gantry_exit *ret, struct call *c);
int docker_pause(struct gantry_engine *e, const char *id, struct call *c);
int docker_resume(struct gantry_engine *e, const char *id, struct call *c);
int docker_get(struct gantry_engine *e, const char *id, struct gantry_container **ret,
	       struct call *c);
int docker_list(struct gantry_engine *e, bool ours, struct gantry_container ***ret, struct call *c);
int docker_del(struct gantry_engine *e, const char *id, unsigned flags, struct call *c);
int docker_run(struct gantry_engine *e, const struct gantry_create *what,
	       const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE], struct gantry_exit *ret,
	       struct call *c);
