/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lies, to see that the suite finds them. Linked with --wrap for every public
 * operation: the suite calls __wrap_X here, which lies when $GANTRY_MUTANT
 * names its lie and calls the real X otherwise. `contract-mutants --list`
 * prints the names; mutants.sh runs the suite once with each.
 */
#include <gantry/container.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL(ret, name, ...) \
	ret __real_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__)

static const char *const names[] = {
	"info-empty", "can-everything", "clean-nothing", "clean-miscounts",
	"prepare-creates", "prepare-fails",
	"create-nothing", "create-starts", "create-twice",
	"start-nothing", "start-always",
	"run-nothing", "run-code-0", "run-keeps", "run-detaches-created",
	"kill-nothing", "kill-wrong-signal",
	"stop-nothing", "stop-busy", "stop-deletes",
	"wait-code-0", "wait-at-once", "wait-once",
	"pause-nothing", "pause-kills", "resume-nothing",
	"get-running", "get-code-0", "get-no-owner", "get-anything",
	"list-empty", "list-oldest-first", "list-no-state",
	"delete-nothing", "delete-without-force",
};

static bool lies(const char *name)
{
	const char *lie = getenv("GANTRY_MUTANT");

	return lie && !strcmp(lie, name);
}

__attribute__((constructor)) static void list_or_check(int argc, char **argv)
{
	bool known = !getenv("GANTRY_MUTANT");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (argc > 1 && !strcmp(argv[1], "--list"))
			puts(names[i]);
		known |= lies(names[i]);
	}
	if (argc > 1)
		exit(0);
	if (!known) {
		fprintf(stderr, "contract-mutants: no lie is called %s\n", getenv("GANTRY_MUTANT"));
		exit(2);
	}
}

/* ---- engine ---- */

REAL(int, gantry_engine_info, struct gantry_engine *e, struct gantry_info **ret,
	struct gantry_op *op)
{
	int r = __real_gantry_engine_info(e, ret, op);

	if (r == 0 && lies("info-empty"))
		(*ret)->version = "";
	return r;
}

REAL(int, gantry_engine_can, const struct gantry_engine *e, const char *verb)
{
	return lies("can-everything") ? 1 : __real_gantry_engine_can(e, verb);
}

REAL(int, gantry_engine_clean, struct gantry_engine *e, struct gantry_op *op)
{
	if (lies("clean-nothing"))
		return 0;
	return __real_gantry_engine_clean(e, op) + (lies("clean-miscounts") ? 1 : 0);
}

/* ---- making and starting ---- */

int __real_gantry_container_create(struct gantry_engine *e, const struct gantry_create *what,
				   char ret_id[GANTRY_ID_SIZE], struct gantry_op *op);
int __real_gantry_container_start(struct gantry_engine *e, const char *id, struct gantry_op *op);

REAL(int, gantry_container_prepare, struct gantry_engine *e, const struct gantry_create *what,
	struct gantry_op *op)
{
	if (lies("prepare-creates"))
		return __real_gantry_container_create(e, what, NULL, op);
	return lies("prepare-fails") ? -EIO : __real_gantry_container_prepare(e, what, op);
}

REAL(int, gantry_container_create, struct gantry_engine *e, const struct gantry_create *what,
	char ret_id[GANTRY_ID_SIZE], struct gantry_op *op)
{
	char id[GANTRY_ID_SIZE];
	int r;

	if (lies("create-nothing")) {
		if (ret_id)
			strcpy(ret_id, "made-up");
		return 0;
	}
	r = __real_gantry_container_create(e, what, id, op);
	if (r == -EEXIST && lies("create-twice"))
		return 0;
	if (r == 0 && lies("create-starts"))
		r = __real_gantry_container_start(e, id, op);
	if (r == 0 && ret_id)
		memcpy(ret_id, id, sizeof(id));
	return r;
}

REAL(int, gantry_container_start, struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	int r;

	if (lies("start-nothing"))
		return 0;
	r = __real_gantry_container_start(e, id, op);
	return r == -EBUSY && lies("start-always") ? 0 : r;
}

REAL(int, gantry_container_run, struct gantry_engine *e, const struct gantry_create *what,
	const struct gantry_run *how, char ret_id[GANTRY_ID_SIZE], struct gantry_exit *ret,
	struct gantry_op *op)
{
	struct gantry_create w = *what;
	int r;

	if (lies("run-nothing"))
		return 0;
	if (lies("run-keeps"))
		w.flags &= ~(unsigned)GANTRY_CREATE_AUTO_REMOVE;
	if (lies("run-detaches-created") && !how)
		return __real_gantry_container_create(e, what, ret_id, op);
	r = __real_gantry_container_run(e, &w, how, ret_id, ret, op);
	if (r == 0 && ret && lies("run-code-0"))
		ret->code = 0;
	return r;
}

/* ---- what is done to it ---- */

REAL(int, gantry_container_kill, struct gantry_engine *e, const char *id, int sig, unsigned flags,
	struct gantry_op *op)
{
	if (lies("kill-nothing"))
		return 0;
	return __real_gantry_container_kill(e, id, lies("kill-wrong-signal") ? SIGTERM : sig, flags,
					    op);
}

int __real_gantry_container_delete(struct gantry_engine *e, const char *id, unsigned flags,
				   struct gantry_op *op);

REAL(int, gantry_container_stop, struct gantry_engine *e, const char *id,
	const struct gantry_stop *how, struct gantry_op *op)
{
	int r;

	if (lies("stop-nothing"))
		return 0;
	if (lies("stop-busy"))
		return -EBUSY;
	r = __real_gantry_container_stop(e, id, how, op);
	if (r == 0 && lies("stop-deletes"))
		r = __real_gantry_container_delete(e, id, GANTRY_DELETE_FORCE, op);
	return r;
}

REAL(int, gantry_container_wait, struct gantry_engine *e, const char *id, struct gantry_exit *ret,
	struct gantry_op *op)
{
	static int waited;
	int r;

	if (lies("wait-at-once"))
		return 0;
	if (lies("wait-once") && waited++)
		return -ENOENT;
	r = __real_gantry_container_wait(e, id, ret, op);
	if (r == 0 && lies("wait-code-0"))
		ret->code = 0;
	return r;
}

REAL(int, gantry_container_pause, struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	int __real_gantry_container_kill(struct gantry_engine *, const char *, int, unsigned,
					 struct gantry_op *);

	if (lies("pause-nothing"))
		return 0;
	if (lies("pause-kills"))
		return __real_gantry_container_kill(e, id, SIGKILL, 0, op);
	return __real_gantry_container_pause(e, id, op);
}

REAL(int, gantry_container_resume, struct gantry_engine *e, const char *id, struct gantry_op *op)
{
	return lies("resume-nothing") ? 0 : __real_gantry_container_resume(e, id, op);
}

/* ---- what is told of it ---- */

REAL(int, gantry_container_get, struct gantry_engine *e, const char *id,
	struct gantry_container **ret, struct gantry_op *op)
{
	int r = __real_gantry_container_get(e, id, ret, op);

	if (r == -ENOENT && lies("get-anything"))
		return 0;
	if (r < 0)
		return r;
	if (lies("get-running"))
		(*ret)->state = GANTRY_STATE_RUNNING;
	if (lies("get-code-0"))
		(*ret)->exit_code = 0;
	if (lies("get-no-owner"))
		(*ret)->owner = "";
	return r;
}

REAL(int, gantry_container_list, struct gantry_engine *e, struct gantry_container ***ret,
	struct gantry_op *op)
{
	int r = __real_gantry_container_list(e, ret, op);

	if (r > 0 && lies("list-empty")) {
		for (int i = 0; i < r; i++)
			gantry_container_free((*ret)[i]);
		(*ret)[0] = NULL;
		return 0;
	}
	for (int i = 0; lies("list-oldest-first") && i < r / 2; i++) {
		struct gantry_container *c = (*ret)[i];

		(*ret)[i] = (*ret)[r - 1 - i];
		(*ret)[r - 1 - i] = c;
	}
	for (int i = 0; lies("list-no-state") && i < r; i++)
		(*ret)[i]->state = GANTRY_STATE_UNKNOWN;
	return r;
}

REAL(int, gantry_container_delete, struct gantry_engine *e, const char *id, unsigned flags,
	struct gantry_op *op)
{
	if (lies("delete-nothing"))
		return 0;
	if (lies("delete-without-force"))
		flags |= GANTRY_DELETE_FORCE;
	return __real_gantry_container_delete(e, id, flags, op);
}
