/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where engines could be on this host: what environment, configuration files,
 * well-known sockets and PATH point at. Nothing is asked or opened here but
 * those files.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct candidate {
	char *kind; /* "native", "oci", "docker", "podman", "containerd", "cri", "docker-cli", "ctr"
		     */
	char *address; /* what gantry_engine_open() would take */
	char *path;    /* socket or binary, as it was named; "" for none */
	char *real;    /* the same with links resolved; path where that does not exist */
	char *source;  /* "$DOCKER_HOST" */
	char *why;     /* why it cannot even be tried ("docker over tcp ..."); else NULL */
};

/* A growing list. Zeroed is empty. Out of memory is remembered in `failed`. */
struct candidates {
	struct candidate *v;
	size_t n, size;
	bool failed;
};

/*
 * Collects them, the first source of a place wins. 0 or -ENOMEM. A
 * configuration file that cannot be read is no failure: there may be engines
 * elsewhere.
 */
int candidates_collect(struct candidates *l);
void candidates_done(struct candidates *l);
#define clean_candidates __attribute__((cleanup(candidates_done)))
