/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What execve gets: the file of args[0] as the container sees it, and the environment. Inside the
 * container's root.
 */
#pragma once
#include <limits.h>

#include "oci/spec.h"

struct command {
	char path[PATH_MAX];
	const char *const *env;
	const char **env_made; /* when env had to be copied */
	char home[PATH_MAX];   /* "HOME=..." */
};

/*
 * Finds args[0] along the spec's PATH as the calling identity. err->exit is 126 or 127 on failure.
 */
int command_find(const struct spec *s, struct command *c, struct gantry_err *err);
/* The spec's environment, with HOME from /etc/passwd (else "/") when it has none. */
int command_env(const struct spec *s, struct command *c, struct gantry_err *err);
/* Words and exit code for an execve that failed with errno. */
int command_failed(const char *name, struct gantry_err *err);
