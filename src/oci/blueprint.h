/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `run` and `create`, each parsed and checked, before anything
 * is written: what build.c makes a config.json of. Private to this folder.
 */
#pragma once
#include "base/str.h"
#include "oci/spec.h"
#include <gantry/container.h>

/* "PATH=..." as every container gets it. */
extern const char blueprint_path[];

struct blueprint_volume {
	char *source, *destination;
	bool read_only;
};

struct blueprint {
	const struct gantry_create *what;
	struct strv env;
	const char *hostname, *workdir;
	char hostname_buf[65];
	__u32 uid, gid;
	__u64 caps;
	struct spec_rlimit rlimits[16]; /* as many kinds as there are */
	size_t rlimits_n;
	struct blueprint_volume *volumes;    /* shallow destinations first: /a before /a/b */
	size_t volumes_n;
};

/*
 * Fills *ret from `what`; `id` is the hostname where none is given. 0, -EINVAL naming the option,
 * -ENOMEM.
 */
int blueprint_make(struct blueprint *ret, const struct gantry_create *what, const char *id,
	      struct gantry_err *err);
void blueprint_done(struct blueprint *p);
#define clean_blueprint __attribute__((cleanup(blueprint_done)))
