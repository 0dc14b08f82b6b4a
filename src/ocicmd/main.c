/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gantry-oci: an OCI runtime with runc's command line. This file is the
 * process: its descriptors, umask, exit code. Nothing here or below uses stdio's
 * streams; a call has to cost no more than it must.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "monitor/monitor.h"
#include "ocicmd/options.h"
#include "ocicmd/report.h"
#include "runtime/runtime.h"

/* Descriptors 0 to 2 that are closed would become files of ours, and the container's streams. */
static void fill_streams(void)
{
	int fd;

	for (int i = 0; i <= 2; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		fd = open("/dev/null", O_RDWR);
		if (fd != i)
			_exit(1); /* no /dev/null: nothing could be said either */
	}
}

/* Clients read this line by line, as runc prints it. */
static int print_version(struct request *q)
{
	struct str s = { 0 };

	str_addf(&s, "gantry-oci version %s\nspec: 1.2.0\n", gantry_version());
	return report_data(q, &s);
}

static int print_help(struct request *q)
{
	struct str s = { 0 };

	options_help(&s, q->verb);
	return report_data(q, &s);
}

/* XDG_RUNTIME_DIR may be set and empty (podman does that): that is not set. */
static const char *from_environment(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

/* The state root, absolute; *room holds its text where it has to be put together. */
static int find_root(struct request *q, struct str *room)
{
	const char *base = from_environment("GANTRY_RUN");
	const char *own = geteuid() ? from_environment("XDG_RUNTIME_DIR") : NULL;
	char cwd[4096];

	if (q->root && !*q->root)
		return err_set(q->err, EINVAL, "--root is empty");
	if (q->root && *q->root == '/')
		return 0;
	if (q->root && !getcwd(cwd, sizeof(cwd)))
		return err_sys(q->err, "current directory");
	if (q->root)
		str_addf(room, "%s/%s", cwd, q->root);
	else if (base)
		str_addf(room, "%s/oci", base);
	else if (own)
		str_addf(room, "%s/gantry/oci", own);
	else
		str_add(room, "/run/gantry/oci");
	if (room->failed)
		return err_set(q->err, ENOMEM, "out of memory");
	q->root = room->buf;
	return 0;
}

static int dispatch(struct request *q, struct str *room)
{
	int r;

	if (q->version)
		return print_version(q);
	if (q->help || !q->verb)
		return print_help(q);
	r = find_root(q, room);
	if (r < 0)
		return r;
	report_debug(q, "%s %s, root %s", q->verb->name, q->args_n ? q->args[0] : "",
		     q->root);
	return q->verb->run(q);
}

/* A copy of this process becomes a container: our own file has to be protected from it. */
static bool makes_container(const struct verb *verb)
{
	return verb && (verb->run == verb_create || verb->run == verb_run);
}

int main(int argc, char **argv)
{
	struct gantry_err err = { 0 };
	struct request q = { .err = &err };
	clean_str struct str root = { 0 };
	bool is_monitor;
	int r;

	fill_streams();
	umask(022);
	is_monitor = argc > 1 && str_eq(argv[1], "monitor");
	r = is_monitor ? 0 : options_parse(&q, argc, argv);
	if (r == 0 && (is_monitor || makes_container(q.verb)))
		r = runtime_protect(argv, &err);
	if (r == 0 && is_monitor)
		return monitor_main(argc - 1, argv + 1);
	if (r == 0)
		r = dispatch(&q, &root);
	if (r >= 0)
		return r;
	report_error(&q, &err);
	return 1;
}
