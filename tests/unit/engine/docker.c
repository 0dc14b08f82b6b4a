/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The docker engine against a fake daemon: all that a real one does not do on
 * demand. The verbs that all engines share are in tests/contract.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/engine/dockerfake.h"

static int try_open(const struct fake *f)
{
	clean_engine struct gantry_engine *e = NULL;
	char where[160];

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 5000000;
	snprintf(where, sizeof(where), "docker:%s", f->path);
	return gantry_engine_open(where, NULL, &e, &op);
}

/* ---- version --------------------------------------------------------------- */

static const struct {
	const char *ping;
	int r;
	const char *says; /* the request that follows begins so, or the words of the failure */
} versions[] = {
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.24\r\n\r\nOK", 0, "GET /v1.24/" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\nOK", 0, "GET /v1.41/" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.52\r\n\r\nOK", 0, "GET /v1.52/" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.99\r\n\r\nOK", 0, "GET /v1.52/" },
	{ "HTTP/1.1 200 OK\r\n\r\nOK", 0, "GET /v1.24/" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.23\r\n\r\nOK", -EPROTO,
	  "speaks Docker API 1.23; gantry needs 1.24 or newer" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 2.0\r\n\r\nOK", -EPROTO,
	  "names no version of the Docker API (2.0)" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.x\r\n\r\nOK", -EPROTO, "names no version" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.99999999999999999999\r\n\r\nOK", -EPROTO,
	  "names no version" },
	{ "HTTP/1.1 200 OK\r\n\r\n<html>It works!</html>", -EPROTO,
	  "names no version of the Docker API (none)" },
	{ "HTTP/1.1 500 Oops\r\n\r\n{\"message\":\"not well\"}", -EIO, "not well" },
	{ "HTTP/1.1 403 Forbidden\r\n\r\nkeep out", -EACCES, "keep out" },
	{ "220 mail.example ESMTP\r\n", -EPROTO, "not HTTP" },
};

START_TEST(the_version_is_what_both_know)
{
	const struct fake_route routes[] = {
		{ "GET /_ping ", versions[_i].ping, FAKE_CLOSE, 0 },
		SAY("GET ", "200 OK", "[]"), END_ROUTES,
	};
	struct gantry_container **list = NULL;
	struct fake f;

	fake_start(&f, routes);
	if (versions[_i].r) {
		ck_assert_int_eq(try_open(&f), versions[_i].r);
		ck_assert_msg(strstr(op.err.msg, versions[_i].says), "%s", op.err.msg);
	} else {
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_list(e, &list, &op), 0);
		gantry_container_list_free(list);
		ck_assert_msg(strstr(f.seen, versions[_i].says), "%s", f.seen);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(sockets_are_found_and_what_is_none_is_refused)
{
	const struct fake_route routes[] = { PING, END_ROUTES };
	struct gantry_engine *e = NULL;
	char host[160];
	struct fake f;

	fake_start(&f, routes);
	snprintf(host, sizeof(host), "unix://%s", f.path);
	setenv("DOCKER_HOST", host, 1);
	ck_assert_int_eq(gantry_engine_open("docker", NULL, &e, &op), 0);
	ck_assert_str_eq(gantry_engine_path(e), f.path);
	ck_assert_str_eq(gantry_engine_kind(e), "docker");
	gantry_engine_closep(&e);
	setenv("DOCKER_HOST", "tcp://10.0.0.1:2375", 1);
	ck_assert_int_eq(gantry_engine_open("docker", NULL, &e, &op), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "$DOCKER_HOST \"tcp://10.0.0.1:2375\""));
	ck_assert_int_eq(gantry_engine_open("docker:some.sock", NULL, &e, &op), -EINVAL);
	ck_assert_int_eq(gantry_engine_open("docker:/nowhere/sock", NULL, &e, &op), -ECONNREFUSED);
	ck_assert_ptr_null(e);
	fake_stop(&f);
}
END_TEST

/* ---- failures -------------------------------------------------------------- */

enum verb {
	PREPARE, CREATE, START, KILL, WAIT, PAUSE, RESUME, GET, DELETE, FORCE, LIST_ALL, INFO, RUN,
	VERBS
};

static int do_verb(struct gantry_engine *e, enum verb v)
{
	struct gantry_create w = an_image();
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_container *k = NULL, **list = NULL;
	struct gantry_info *info = NULL;
	int r;

	switch (v) {
	case PREPARE: return gantry_container_prepare(e, &w, &op);
	case CREATE: return gantry_container_create(e, &w, NULL, &op);
	case START: return gantry_container_start(e, ID, &op);
	case KILL: return gantry_container_kill(e, ID, SIGTERM, 0, &op);
	case WAIT: return gantry_container_wait(e, ID, &x, &op);
	case PAUSE: return gantry_container_pause(e, ID, &op);
	case RESUME: return gantry_container_resume(e, ID, &op);
	case DELETE: return gantry_container_delete(e, ID, 0, &op);
	case FORCE: return gantry_container_delete(e, ID, GANTRY_DELETE_FORCE, &op);
	case RUN: return gantry_container_run(e, &w, &how, NULL, &x, &op);
	case GET:
		r = gantry_container_get(e, ID, &k, &op);
		gantry_container_free(k);
		return r;
	case LIST_ALL:
		r = gantry_container_list(e, &list, &op);
		gantry_container_list_free(list);
		return r;
	default:
		r = gantry_engine_info(e, &info, &op);
		gantry_info_free(info);
		return r;
	}
}

static const struct {
	enum verb verb;
	const char *answer; /* to everything but the ping */
	int r;
	int exit;
	const char *words;
} failures[] = {
	{ PREPARE, HEAD("404 Not Found") "{\"message\":\"No such image: busybox:1\"}", -ENOENT, 0,
	  "no such image: busybox:1 (pull it first)" },
	{ CREATE, HEAD("404 Not Found") "{\"message\":\"No such image: busybox:1\"}", -ENOENT, 0,
	  "no such image: busybox:1 (pull it first)" },
	{ CREATE,
	  HEAD("409 Conflict") "{\"message\":\"Conflict. The container name \\\"/box\\\" is "
			       "already in use by container \\\"12\\\".\"}",
	  -EEXIST, 0, "already in use" },
	{ CREATE,
	  HEAD("500 Internal Server Error") "{\"message\":\"container create: creating container "
					    "storage: the container name \\\"box\\\" is already in "
					    "use by 12: that name is already in use\"}",
	  -EEXIST, 0, "the container name" },
	{ CREATE, HEAD("400 Bad Request") "{\"message\":\"invalid reference format\"}", -EINVAL, 0,
	  "invalid reference format" },
	{ CREATE,
	  HEAD("500 Internal Server Error") "{\"message\":\"mkdir /var/lib/docker: no space left "
					    "on device\"}",
	  -ENOSPC, 0, "no space left" },
	{ CREATE,
	  HEAD("500 Internal Server Error") "{\"message\":\"mkdir /var/lib/docker: read-only file "
					    "system\"}",
	  -EROFS, 0, "read-only" },
	{ CREATE, HEAD("201 Created") "{\"Id\":\"\"}", -EPROTO, 0, "does not tell its id" },
	{ CREATE, HEAD("201 Created") "{\"Id\":\"../../etc\"}", -EPROTO, 0,
	  "does not tell its id" },
	{ START, HEAD("404 Not Found") "{\"message\":\"No such container: 0123\"}", -ENOENT, 0,
	  "no container 0123" },
	{ START,
	  HEAD("400 Bad Request") "{\"message\":\"failed to create shim task: OCI runtime create "
				  "failed: runc create failed: unable to start container process: "
				  "exec: \\\"nope\\\": executable file not found in $PATH: "
				  "unknown\"}",
	  -ENOENT, 127, "exec: \"nope\": executable file not found in $PATH" },
	{ START,
	  HEAD("400 Bad Request") "{\"message\":\"failed to create task for container: OCI runtime "
				  "create failed: exec: \\\"/x\\\": stat /x: no such file or "
				  "directory: unknown\"}",
	  -ENOENT, 127, "exec: \"/x\"" },
	{ START,
	  HEAD("400 Bad Request") "{\"message\":\"exec: \\\"/etc/passwd\\\": permission denied: "
				  "unknown\"}",
	  -EACCES, 126, "permission denied" },
	{ START,
	  HEAD("500 Oops") "{\"message\":\"crun: executable file `nope` not found in $PATH: No "
			   "such file or directory: OCI runtime attempted to invoke a command that "
			   "was not found\"}",
	  -ENOENT, 127, "executable file `nope` not found in $PATH: No such file or directory" },
	{ START,
	  HEAD("500 Oops") "{\"message\":\"crun: open executable: Operation not permitted: OCI "
			   "permission denied\"}",
	  -EACCES, 126, "open executable: Operation not permitted" },
	{ START,
	  HEAD("400 Bad Request") "{\"message\":\"error mounting \\\"/a\\\" to rootfs at "
				  "\\\"/b\\\": not a directory: unknown\"}",
	  -EINVAL, 0, "error mounting" },
	{ START,
	  HEAD("400 Bad Request") "{\"message\":\"exec: \\\"mount\\\": executable file not found "
				  "in $PATH\"}",
	  -ENOENT, 127, "exec: \"mount\"" },
	{ START, HEAD("304 Not Modified"), -EBUSY, 0, "is running already" },
	{ START,
	  HEAD("409 Conflict") "{\"message\":\"cannot start a paused container, try unpause "
			       "instead\"}",
	  -EBUSY, 0, "is paused" },
	{ KILL,
	  HEAD("409 Conflict") "{\"message\":\"Cannot kill container: x: Container x is not "
			       "running\"}",
	  -EBUSY, 0, "is not running" },
	{ KILL,
	  HEAD("500 Oops") "{\"message\":\"can only kill running containers. x is in state exited: "
			   "container state improper\"}",
	  -EBUSY, 0, "is not running" },
	{ KILL, HEAD("400 Bad Request") "{\"message\":\"Invalid signal: 33\"}", -EINVAL, 0,
	  "Invalid signal: 33" },
	{ PAUSE, HEAD("409 Conflict") "{\"message\":\"Container x is already paused\"}", -EBUSY, 0,
	  "is paused already" },
	{ PAUSE,
	  HEAD("500 Oops") "{\"message\":\"\\\"exited\\\" is not running, can't pause: container "
			   "state improper\"}",
	  -EBUSY, 0, "is not running" },
	{ RESUME, HEAD("500 Internal Server Error") "{\"message\":\"Container x is not paused\"}",
	  -EBUSY, 0, "is not paused" },
	{ RESUME,
	  HEAD("500 Internal Server Error")
	  "{\"message\":\"Cannot unpause container x: cannot resume a running process\"}",
	  -EBUSY, 0, "is not paused" },
	{ GET,
	  HEAD("500 Internal Server Error") "{\"message\":\"Multiple IDs found with provided "
					    "prefix: 0\"}",
	  -ENOTUNIQ, 0, "several containers' ids begin with 0123" },
	{ GET,
	  HEAD("404 Not Found") "{\"cause\":\"container already exists\",\"message\":\"more than "
				"one result for container ID 0: container already exists\"}",
	  -ENOTUNIQ, 0, "several containers' ids begin with 0123" },
	{ GET,
	  HEAD("500 Internal Server Error") "{\"message\":\"Error response from daemon: the disk "
					    "is on fire\"}",
	  -EIO, 0, "the disk is on fire" },
	{ GET, HEAD("500 Internal Server Error"), -EIO, 0, "answers status 500 without a word" },
	{ GET, HEAD("502 Bad Gateway") "<html>\x1b]0;owned\x07</html>", -EIO, 0,
	  "<html>\\x1b]0;owned\\x07</html>" },
	{ GET, HEAD("301 Moved Permanently"), -EPROTO, 0, "301" },
	{ GET, HEAD("418 I'm a teapot"), -EPROTO, 0, "418" },
	{ GET,
	  HEAD("400 Bad Request") "{\"message\":\"client version 1.41 is too old. Minimum "
				  "supported API version is 1.44, please upgrade your client to a "
				  "newer version\"}",
	  -EPROTO, 0, "Minimum supported API version is 1.44" },
	{ GET, HEAD("400 Bad Request") "client version 1.41 is too old\n", -EPROTO, 0,
	  "client version 1.41 is too old" },
	{ GET, HEAD("200 OK") "{\"Id\":\"" ID "\"", -EPROTO, 0, "answer:1:" },
	{ GET, HEAD("200 OK") "[]", -EPROTO, 0, "an array" },
	{ GET, HEAD("200 OK") "{}", -EPROTO, 0, "without an id" },
	{ GET, HEAD("200 OK") "{\"Id\":\"\\u001b[2J\"}", -EPROTO, 0, "without an id" },
	{ GET, HEAD("200 OK"), -EPROTO, 0, "is empty" },
	{ LIST_ALL, HEAD("200 OK") "{\"message\":\"what?\"}", -EPROTO, 0, "an object" },
	{ LIST_ALL, HEAD("200 OK") "[1]", -EPROTO, 0, "without an id" },
	{ INFO, HEAD("200 OK") "OK", -EPROTO, 0, "answer:1:" },
	{ WAIT, HEAD("200 OK") INSPECT("created", ""), -EBUSY, 0, "was never started" },
	{ DELETE, HEAD("200 OK") INSPECT("running", ""), -EBUSY, 0,
	  "container box is running, not stopped" },
	{ DELETE, HEAD("200 OK") INSPECT("created", ""), -EBUSY, 0,
	  "container box is created, not stopped" },
	{ DELETE, HEAD("200 OK") INSPECT("paused", ""), -EBUSY, 0,
	  "container box is paused, not stopped" },
	{ FORCE, HEAD("403 Forbidden") "{\"message\":\"authorization denied by plugin\"}", -EACCES,
	  0, "authorization denied" },
};

/* A success of another kind than the one asked for, and what a daemon never says. */
static const struct {
	enum verb verb;
	int takes;
	const char *request;
} done[] = {
	{ PREPARE, 200, "GET /v1.41/images/busybox:1/json" },
	{ CREATE, 201, "POST /v1.41/containers/create" },
	{ START, 204, "POST /v1.41/containers/" ID "/start" },
	{ KILL, 204, "POST /v1.41/containers/" ID "/kill?signal=15" },
	{ PAUSE, 204, "POST /v1.41/containers/" ID "/pause" },
	{ RESUME, 204, "POST /v1.41/containers/" ID "/unpause" },
	{ GET, 200, "GET /v1.41/containers/" ID "/json" },
	{ LIST_ALL, 200, "GET /v1.41/containers/json?all=1" },
	{ FORCE, 204, "DELETE /v1.41/containers/" ID "?v=1&force=1" },
	{ INFO, 200, "GET /v1.41/version" },
};

START_TEST(another_success_than_what_was_asked_for_is_none)
{
	static const int others[] = { 101, 200, 201, 202, 204, 206, 299 };
	char answer[256], words[160];
	const struct fake_route routes[] = { PING, { "", answer, FAKE_CLOSE, 0 }, END_ROUTES };
	struct fake f;
	int r;

	fake_start(&f, routes);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		clean_engine struct gantry_engine *e = engine_at(&f);

		if (others[i] == done[_i].takes)
			continue;
		snprintf(answer, sizeof(answer), "HTTP/1.1 %d Well%s\r\n\r\n%s", others[i],
			 others[i] == 101 ? "\r\nConnection: Upgrade\r\nUpgrade: tcp" : "",
			 others[i] == 204 ? "" : "{\"Id\":\"" ID "\"}");
		snprintf(words, sizeof(words), "docker answers %.100s", done[_i].request);
		r = do_verb(e, done[_i].verb);
		ck_assert_msg(r == -EPROTO, "%d %s: %d %s", others[i], words, r, op.err.msg);
		ck_assert_msg(strstr(op.err.msg, words), "%d %s: %s", others[i], words, op.err.msg);
		snprintf(words, sizeof(words), " with %d", others[i]);
		ck_assert_msg(strstr(op.err.msg, words), "%s", op.err.msg);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(the_same_failure_has_the_same_errno_and_words_for_people)
{
	const struct fake_route routes[] = { PING,
					     { "", failures[_i].answer, FAKE_CLOSE, 0 },
					     END_ROUTES };
	struct fake f;
	int r;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		r = do_verb(e, failures[_i].verb);
		ck_assert_msg(r == failures[_i].r, "%d: %d %s", _i, r, op.err.msg);
		ck_assert_int_eq(op.err.code, -failures[_i].r);
		ck_assert_msg(op.err.exit == failures[_i].exit, "%d: exit %d %s", _i, op.err.exit,
			      op.err.msg);
		ck_assert_msg(strstr(op.err.msg, failures[_i].words), "%d: %s", _i, op.err.msg);
		ck_assert_ptr_null(strstr(op.err.msg, "Error response from daemon"));
		ck_assert_ptr_null(strchr(op.err.msg, '\n'));
	}
	fake_stop(&f);
}
END_TEST

/* Which step was cut short, by its name. */
static const char *const steps[VERBS] = {
	[PREPARE] = "prepare", [CREATE] = "create", [START] = "start",	 [KILL] = "kill",
	[WAIT] = "wait",       [PAUSE] = "pause",   [RESUME] = "resume", [GET] = "get",
	[DELETE] = "delete",   [FORCE] = "delete",  [LIST_ALL] = "list", [INFO] = "info",
	[RUN] = "create",
};

START_TEST(a_daemon_that_never_answers_ends_by_the_deadline_in_every_verb)
{
	const struct fake_route routes[] = { PING, { "", "", FAKE_SILENT, 0 }, END_ROUTES };
	uint64_t before;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 100000;
		before = clock_mono();
		ck_assert_int_eq(do_verb(e, (enum verb)_i), -ETIMEDOUT);
		/* what a create may make yet is waited for, to take it back */
		ck_assert_uint_lt(clock_mono() - before,
				  _i == CREATE || _i == RUN ? 12000000000 : 2000000000);
		ck_assert_msg(strstr(op.err.msg, steps[_i]), "%s: %s", steps[_i], op.err.msg);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_daemon_that_dies_is_unreachable_in_every_verb)
{
	const struct fake_route routes[] = { PING, { "", "", FAKE_CLOSE, 0 }, END_ROUTES };
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(do_verb(e, (enum verb)_i), -ECONNREFUSED);
		ck_assert_msg(strstr(op.err.msg, f.path), "%s", op.err.msg);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(what_can_be_no_id_is_never_sent)
{
	static const char *const ids[] = { "../x",  "a/b",     "a b", "a?b=1",
					   "a%2Fb", "\x1b[2J", ".",   "-x" };
	const struct fake_route routes[] = { PING, END_ROUTES };
	struct gantry_container *k = NULL;
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);
		static const char *const images[] = { "../x",	"a b", "a?b",  "/a",  "a//b",
						      "a/../b", "-a",  "a\nb", "\x1b" };

		for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			ck_assert_int_lt(gantry_container_get(e, ids[i], &k, &op), 0);
			ck_assert(op.err.code == ENOENT || op.err.code == EINVAL);
			ck_assert_ptr_null(strchr(op.err.msg, '\x1b'));
		}
		for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
			w.image = images[i];
			ck_assert_int_eq(gantry_container_prepare(e, &w, &op), -EINVAL);
			ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -EINVAL);
			ck_assert_ptr_null(strchr(op.err.msg, '\x1b'));
		}
		w.image = NULL;
		w.rootfs = "/";
		ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -EINVAL);
		ck_assert_ptr_nonnull(strstr(op.err.msg, "docker takes an image"));
		ck_assert_int_eq(gantry_container_kill(e, "x", 9, GANTRY_KILL_ALL, &op), -ENOTSUP);
		ck_assert_ptr_null(strstr(f.seen, "/containers/"));
	}
	fake_stop(&f);
}
END_TEST

/* ---- what is asked and understood ------------------------------------------ */

START_TEST(create_asks_for_all_that_was_asked)
{
	const struct fake_route routes[] = { PING, CREATED, END_ROUTES };
	struct gantry_create w = GANTRY_CREATE_INIT;
	char id[GANTRY_ID_SIZE];
	struct fake f;

	w.name = "box";
	w.image = "busybox:1";
	w.args = LIST("sh", "-c", "echo \"a\nb\"");
	w.env = LIST("A=1", "B=");
	w.workdir = "/w";
	w.user = "1:2";
	w.hostname = "h";
	w.labels = LIST("k=v", "x.y=a=b");
	w.volumes = LIST("/a:/b:ro");
	w.cap_add = LIST("NET_ADMIN");
	w.cap_drop = LIST("ALL");
	w.ulimits = LIST("nofile=10:20", "core=unlimited", "nproc=7");
	w.mem_bytes = 64 << 20;
	w.cpu_milli = 1500;
	w.pids_limit = 9;
	w.flags = GANTRY_CREATE_READ_ONLY | GANTRY_CREATE_AUTO_REMOVE;
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_create(e, &w, id, &op), 0);
		ck_assert_str_eq(id, ID);
		ck_assert_ptr_nonnull(
			strstr(f.seen, "POST /v1.41/containers/create?name=box HTTP/1.1\r\n"));
		ck_assert_msg(strstr(f.seen,
				     "{\"Image\":\"busybox:1\",\"Cmd\":[\"sh\",\"-c\",\"echo "
				     "\\\"a\\nb\\\"\"],\"Env\":[\"A=1\",\"B=\"],"
				     "\"WorkingDir\":\"/"
				     "w\",\"User\":\"1:2\",\"Hostname\":\"h\",\"AttachStdout\":"
				     "false,\"AttachStderr\":false,"
				     "\"Labels\":{\"k\":\"v\",\"x.y\":\"a=b\",\"io.gantry.owner\":"
				     "\"gantry\",\"io.gantry.create\":\""),
			      "%s", f.seen);
		ck_assert_msg(strstr(f.seen,
				     "\"HostConfig\":{\"Binds\":[\"/a:/"
				     "b:ro\"],\"CapAdd\":[\"NET_ADMIN\"],\"CapDrop\":[\"ALL\"],"
				     "\"ReadonlyRootfs\":true,\"AutoRemove\":true,\"Memory\":"
				     "67108864,\"NanoCpus\":1500000000,\"PidsLimit\":9,"
				     "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20},{"
				     "\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1},"
				     "{\"Name\":\"nproc\",\"Soft\":7,\"Hard\":7}]}}"),
			      "%s", f.seen);
	}
	fake_stop(&f);
}
END_TEST

/* How a create goes wrong, what a look for its label finds, and what is done about it. */
#define LATE(answer) { "POST /v1.41/containers/create", answer, FAKE_LATE | FAKE_CLOSE, 0 }
#define NEVER { "POST /v1.41/containers/create", "", FAKE_SILENT, 0 }
#define GONE { "POST /v1.41/containers/create", "", FAKE_CLOSE, 0 }
#define BROKEN SAY("POST /v1.41/containers/create", "201 Created", "{\"Id\":")
#define MARKED(status, body) SAY("GET /v1.41/containers/json?all=1&filters=", status, body)
#define ONE MARKED("200 OK", "[{\"Id\":\"" ID "\"}]")
#define NONE MARKED("200 OK", "[]")

static const struct {
	struct fake_route create, list;
	int r;
	bool removed;
	const char *warning; /* its words; NULL: none */
} lost[] = {
	{ LATE(HEAD("201 Created") "{\"Id\":\"" ID "\"}"), NONE, -ETIMEDOUT, true, NULL },
	{ LATE(HEAD("409 Conflict") "{\"message\":\"no\"}"), NONE, -ETIMEDOUT, false, NULL },
	{ LATE(""), ONE, -ETIMEDOUT, true, NULL },
	{ GONE, ONE, -ECONNREFUSED, true, NULL },
	{ GONE, NONE, -ECONNREFUSED, false, NULL },
	{ BROKEN, ONE, -EPROTO, true, NULL },
	{ BROKEN, MARKED("500 Oops", "{\"message\":\"ill\"}"), -EPROTO, false,
	  "may be left behind: ill" },
	/* from here on each takes ten seconds */
	{ NEVER, ONE, -ETIMEDOUT, true, NULL },
	{ NEVER, NONE, -ETIMEDOUT, false, "container with label io.gantry.create=" },
};
enum { LONG = 2, LOST = sizeof(lost) / sizeof(lost[0]) };

static void keep_warning(const struct gantry_log *rec, void *arg)
{
	snprintf(arg, 512, "%s", rec->text);
}

/* By create, by a detached run and by one in the foreground. */
START_TEST(nothing_is_left_of_a_create_whose_answer_is_lost)
{
	const struct fake_route routes[] = {
		PING, lost[_i % LOST].create, lost[_i % LOST].list,
		EMPTY("DELETE /v1.41/containers/" ID "?v=1&force=1 ", "204 No Content"), END_ROUTES,
	};
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_create w = an_image();
	struct gantry_exit x = GANTRY_EXIT_INIT;
	clean_engine struct gantry_engine *e = NULL;
	char warning[512] = "", where[160], id[GANTRY_ID_SIZE] = "";
	const char *words = lost[_i % LOST].warning;
	struct fake f;
	int r;

	fake_start(&f, routes);
	snprintf(where, sizeof(where), "docker:%s", f.path);
	o.log = keep_warning;
	o.log_arg = warning;
	o.log_level = GANTRY_LOG_WARN;
	op = (struct gantry_op)GANTRY_OP_INIT;
	ck_assert_int_eq(gantry_engine_open(where, &o, &e, &op), 0);
	op.timeout_us = 100000;
	how.flags = _i / LOST == 1 ? GANTRY_RUN_DETACH : 0;
	r = _i / LOST ? gantry_container_run(e, &w, &how, id, &x, &op) :
			gantry_container_create(e, &w, id, &op);
	ck_assert_msg(r == lost[_i % LOST].r, "%d %s", r, op.err.msg);
	ck_assert_str_eq(id, "");
	ck_assert_msg(!strstr(f.seen, "DELETE /v1.41/containers/" ID) == !lost[_i % LOST].removed,
		      "%s", f.seen);
	ck_assert_msg(words ? strstr(warning, words) != NULL : !*warning, "%s", warning);
	ck_assert_msg(r != -ETIMEDOUT || strstr(op.err.msg, "timed out during create after "), "%s",
		      op.err.msg);
	fake_stop(&f);
}
END_TEST

START_TEST(what_an_old_daemon_would_ignore_is_refused)
{
	const struct fake_route routes[] = {
		{ "GET /_ping ", "HTTP/1.1 200 OK\r\nApi-Version: 1.24\r\n\r\nOK", FAKE_CLOSE, 0 },
		END_ROUTES,
	};
	struct gantry_create w = an_image();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		w.flags = GANTRY_CREATE_AUTO_REMOVE;
		ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -ENOTSUP);
		w.flags = 0;
		w.cpu_milli = 1;
		ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -ENOTSUP);
		ck_assert_ptr_nonnull(strstr(op.err.msg, "API 1.24 cannot limit CPUs"));
	}
	fake_stop(&f);
}
END_TEST

static const char *const wrong_ulimits[] = {
	"nofile=",
	"nofile=x",
	"nofile=1:",
	"nofile=2:1",
	"nofile=unlimited:5",
	"nofile=1:2:3",
	"nofile=-2",
	"nofile=9223372036854775808",
	"nofile=11111111111111111111111111111",
};

START_TEST(ulimits_that_make_no_sense_are_refused)
{
	const struct fake_route routes[] = { PING, CREATED, END_ROUTES };
	struct gantry_create w = an_image();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		w.ulimits = LIST(wrong_ulimits[_i]);
		ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -EINVAL);
		ck_assert_ptr_nonnull(strstr(op.err.msg, "ulimit"));
		ck_assert_ptr_null(strstr(f.seen, "create"));
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_description_has_what_the_daemon_said_and_nothing_else)
{
	const struct fake_route routes[] = {
		PING,
		SAY("GET /v1.41/containers/box/json", "200 OK",
		    "{\"Id\":\"" ID "\",\"Name\":\"/"
				    "box\",\"Created\":\"2026-11-24T22:47:26.651723827Z\",\"Path\":"
				    "\"sh\",\"Args\":[\"-c\",\"x y\"],"
		    "\"State\":{\"Status\":\"exited\",\"Pid\":77,\"ExitCode\":137,\"OOMKilled\":"
		    "true,"
		    "\"StartedAt\":\"2026-11-24T22:47:27.09573439Z\",\"FinishedAt\":\"2026-11-"
		    "24T22:47:27.098868444Z\"},"
		    "\"GraphDriver\":{\"Data\":{\"MergedDir\":\"/m\"}},"
		    "\"Config\":{\"Image\":\"busybox:1\",\"StopSignal\":\"SIGQUIT\",\"Labels\":{"
		    "\"b\":\"2\",\"io.gantry.create\":\"ab\",\"io.gantry.owner\":\"me\","
		    "\"a\":\"1\"}}}"),
		SAY("GET /v1.41/containers/odd/json", "200 OK",
		    "{\"Id\":\"" ID "\",\"Name\":5,\"Created\":\"yesterday\",\"Path\":[],\"Args\":"
				    "\"x\",\"State\":{\"Status\":\"confused\","
		    "\"Pid\":-3,\"ExitCode\":\"7\",\"StartedAt\":\"0001-01-01T00:00:00Z\"},"
		    "\"Config\":null,\"GraphDriver\":[]}"),
		SAY("GET /v1.41/containers/new/json", "200 OK",
		    "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"Pid\":99999999999,"
				    "\"ExitCode\":0,\"FinishedAt\":\"2026-11-24T22:47:27Z\"}}"),
		END_ROUTES,
	};
	struct gantry_container *k = NULL;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_get(e, "box", &k, &op), 0);
		ck_assert_str_eq(k->id, ID);
		ck_assert_str_eq(k->name, "box");
		ck_assert_str_eq(k->image, "busybox:1");
		ck_assert_str_eq(k->rootfs, "/m");
		ck_assert_str_eq(k->owner, "me");
		ck_assert_str_eq(k->labels[0], "a=1");
		ck_assert_str_eq(k->labels[1], "b=2");
		ck_assert_str_eq(k->labels[2], "io.gantry.owner=me");
		ck_assert_ptr_null(k->labels[3]);
		ck_assert_str_eq(k->args[2], "x y");
		ck_assert_ptr_null(k->args[3]);
		ck_assert_int_eq(k->state, GANTRY_STATE_STOPPED);
		ck_assert_int_eq(k->pid, 0);
		ck_assert_int_eq(k->exit_code, 137);
		ck_assert_int_eq(k->exit_signal, 9);
		ck_assert_int_eq(k->oom, 1);
		ck_assert_int_eq(k->stop_signal, SIGQUIT);
		ck_assert_uint_eq(k->finished_ns - k->started_ns, 3134054);
		ck_assert_uint_eq(k->created_ns % 1000000000, 651723827);
		gantry_container_freep(&k);

		ck_assert_int_eq(gantry_container_get(e, "odd", &k, &op), 0);
		ck_assert_int_eq(k->state, GANTRY_STATE_UNKNOWN);
		ck_assert_int_eq(k->exit_code, -1);
		ck_assert_uint_eq(k->created_ns + k->started_ns + k->finished_ns, 0);
		ck_assert_ptr_null(k->args[0]);
		gantry_container_freep(&k);

		ck_assert_int_eq(gantry_container_get(e, "new", &k, &op), 0);
		ck_assert_int_eq(k->pid, 0);
		ck_assert_int_eq(k->exit_code, -1);
		ck_assert_uint_eq(k->finished_ns, 0);
		gantry_container_freep(&k);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_list_survives_what_vanishes_and_what_is_odd)
{
	const struct fake_route routes[] = {
		PING,
		SAY("GET /v1.41/containers/json?all=1 ", "200 OK",
		    "[{\"Id\":\"aa\",\"Names\":[\"/"
		    "one\"],\"Image\":\"i\",\"Created\":3},{\"Id\":\"bb\",\"Names\":[],\"Created\":"
		    "2},"
		    "{\"Id\":\"cc\",\"Names\":[\"/"
		    "three\"],\"Image\":\"i\",\"Created\":5,\"Labels\":{\"l\":\"1\"}}]"),
		SAY("GET /v1.41/containers/aa/json", "200 OK",
		    "{\"Id\":\"aa\",\"State\":{\"Status\":\"paused\",\"Pid\":3},\"Created\":\"1970-"
		    "01-01T00:00:03Z\"}"),
		SAY("GET /v1.41/containers/bb/json", "404 Not Found",
		    "{\"message\":\"No such container: bb\"}"),
		SAY("GET /v1.41/containers/cc/json", "500 Oops",
		    "{\"message\":\"cannot read cc\"}"),
		END_ROUTES,
	};
	struct gantry_container **list = NULL;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_list(e, &list, &op), 2);
		ck_assert_str_eq(list[0]->id, "cc");
		ck_assert_str_eq(list[0]->name, "three");
		ck_assert_str_eq(list[0]->labels[0], "l=1");
		ck_assert_int_eq(list[0]->state, GANTRY_STATE_UNKNOWN);
		ck_assert_int_eq(list[0]->exit_code, -1);
		ck_assert_str_eq(list[1]->id, "aa");
		ck_assert_int_eq(list[1]->state, GANTRY_STATE_PAUSED);
		ck_assert_int_eq(list[1]->pid, 3);
		gantry_container_list_free(list);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(clean_asks_for_our_own_alone)
{
	const struct fake_route routes[] = { PING,
					     SAY("GET /v1.41/containers/json", "200 OK", "[]"),
					     END_ROUTES };
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_engine_clean(e, &op), 0);
		ck_assert_ptr_nonnull(strstr(f.seen, "GET "
						     "/v1.41/containers/"
						     "json?all=1&filters=%7B%22label%22%3A%5B%22io."
						     "gantry.owner%3Dgantry%22%5D%7D "));
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_removal_under_way_is_waited_for)
{
	const struct fake_route routes[] = {
		PING,
		SAY("DELETE ", "409 Conflict",
		    "{\"message\":\"removal of container box is already in progress\"}"),
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("removing", ""),
		  FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("removing", ""),
		  FAKE_CLOSE | FAKE_ONCE, 0 },
		SAY("GET /v1.41/containers/box/json", "404 Not Found",
		    "{\"message\":\"No such container: box\"}"),
		END_ROUTES,
	};
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_delete(e, "box", GANTRY_DELETE_FORCE, &op), 0);
		ck_assert_ptr_nonnull(strstr(f.seen, "DELETE /v1.41/containers/box?v=1&force=1 "));
	}
	fake_stop(&f);
}
END_TEST

static const struct {
	const char *code;
	int expected, sig;
} codes[] = {
	{ "0", 0, 0 },	    { "7", 7, 0 },	     { "128", 128, 0 }, { "137", 137, 9 },
	{ "192", 192, 64 }, { "193", 193, 0 },	     { "255", 255, 0 }, { "256", -1, 0 },
	{ "-1", -1, 0 },    { "3221225786", -1, 0 },
};

START_TEST(an_exit_code_is_never_made_up)
{
	const char *format = HEAD("200 OK") "{\"Error\":null,\"StatusCode\":%s}";
	char answer[256];
	const struct fake_route routes[] = {
		PING,
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("running", ""),
		  FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "POST /v1.41/containers/" ID "/wait ", answer, FAKE_CLOSE, 0 },
		SAY("GET /v1.41/containers/" ID "/json", "404 Not Found", ""),
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct fake f;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(answer, sizeof(answer), format, codes[_i].code);
#pragma GCC diagnostic pop
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_wait(e, "box", &x, &op), 0);
		ck_assert_int_eq(x.code, codes[_i].expected);
		ck_assert_int_eq(x.signal, codes[_i].sig);
		ck_assert_uint_eq(x.finished_ns, 0);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_wait_without_a_code_is_an_error)
{
	const struct fake_route routes[] = {
		PING,
		SAY("GET /v1.41/containers/box/json", "200 OK", INSPECT("running", "")),
		{ "POST ", HEAD("200 OK") "{\"StatusCode\":\"0\"}", FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "POST ", HEAD("200 OK") "{}", FAKE_CLOSE | FAKE_ONCE, 0 },
		SAY("POST ", "200 OK", "{\"StatusCode\":0,\"Error\":{\"Message\":\"lost it\"}}"),
		END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_container_wait(e, "box", &x, &op), -EPROTO);
		ck_assert_int_eq(gantry_container_wait(e, "box", &x, &op), -EPROTO);
		ck_assert_int_eq(gantry_container_wait(e, "box", &x, &op), -EIO);
		ck_assert_ptr_nonnull(strstr(op.err.msg, "lost it"));
		ck_assert_int_eq(x.code, -1);
	}
	fake_stop(&f);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *docker_suite(void);
Suite *docker_suite(void)
{
	Suite *s = suite_create("engine/docker");
	TCase *t = tcase_create("fake");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_version_is_what_both_know, 0, COUNT(versions));
	tcase_add_test(t, sockets_are_found_and_what_is_none_is_refused);
	tcase_add_loop_test(t, the_same_failure_has_the_same_errno_and_words_for_people, 0,
			    COUNT(failures));
	tcase_add_loop_test(t, another_success_than_what_was_asked_for_is_none, 0, COUNT(done));
	tcase_add_loop_test(t, a_daemon_that_never_answers_ends_by_the_deadline_in_every_verb, 0,
			    VERBS);
	tcase_add_loop_test(t, a_daemon_that_dies_is_unreachable_in_every_verb, 0, VERBS);
	tcase_add_test(t, what_can_be_no_id_is_never_sent);
	tcase_add_test(t, create_asks_for_all_that_was_asked);
	tcase_add_loop_test(t, nothing_is_left_of_a_create_whose_answer_is_lost, 0,
			    2 * LOST - LONG);
	tcase_add_loop_test(t, nothing_is_left_of_a_create_whose_answer_is_lost, 2 * LOST,
			    3 * LOST - LONG);
	tcase_add_test(t, what_an_old_daemon_would_ignore_is_refused);
	tcase_add_loop_test(t, ulimits_that_make_no_sense_are_refused, 0, COUNT(wrong_ulimits));
	tcase_add_test(t, a_description_has_what_the_daemon_said_and_nothing_else);
	tcase_add_test(t, a_list_survives_what_vanishes_and_what_is_odd);
	tcase_add_test(t, clean_asks_for_our_own_alone);
	tcase_add_test(t, a_removal_under_way_is_waited_for);
	tcase_add_loop_test(t, an_exit_code_is_never_made_up, 0, COUNT(codes));
	tcase_add_test(t, a_wait_without_a_code_is_an_error);
	suite_add_tcase(s, t);
	return s;
}
