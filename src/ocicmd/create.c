/* SPDX-License-Identifier: Apache-2.0 */
/* create: everything up to the command, which waits for start. */
#include "ocicmd/create.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "ocicmd/report.h"

/* The bundle's path without links, as `state` shows it. */
static int find_bundle(struct request *q, char **ret)
{
	const char *asked = q->bundle && *q->bundle ? q->bundle : ".";
	struct stat st;

	/* not in the errno's own words: docker takes those for a missing command */
	if (stat(asked, &st) < 0 && errno == ENOENT)
		return err_set(q->err, ENOENT, "bundle %s does not exist", asked);
	*ret = realpath(asked, NULL);
	if (!*ret)
		return err_sys(q->err, "bundle %s", asked);
	if (!S_ISDIR(st.st_mode)) {
		free(TAKE_PTR(*ret));
		return err_set(q->err, ENOTDIR, "bundle %s is not a directory", asked);
	}
	return 0;
}

int create_container(struct request *q, bool detached, bool start, struct runtime_init *ret)
{
	clean_free char *bundle = NULL;
	struct runtime_create how = {
		.root = q->root,
		.id = q->args[0],
		.pid_file = q->pid_file && *q->pid_file ? q->pid_file : NULL,
		.detached = detached,
		.start = start,
		.no_new_keyring = q->no_new_keyring,
	};
	int r;

	if (!str_is_id(how.id))
		return err_set(q->err, EINVAL, "\"%.64s\" is no container id: letters, digits, and "
			       "_.- after the first, at most 128", how.id);
	if (geteuid())
		return err_set(q->err, EPERM, "only root can create containers: rootless ones are "
			       "not supported yet");
	r = find_bundle(q, &bundle);
	if (r < 0)
		return r;
	how.bundle = bundle;
	r = runtime_create(&how, ret, q->err);
	if (r == 0)
		report_debug(q, "created %s: pid %d, bundle %s", how.id, (int)ret->pid, bundle);
	return r;
}

int verb_create(struct request *q)
{
	struct runtime_init init = RUNTIME_INIT;
	int r = create_container(q, true, false, &init);

	/* init outlives us; the descriptors go with the process */
	return r < 0 ? r : 0;
}
