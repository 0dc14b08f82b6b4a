/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The docker engine: against a fake daemon for everything that a real one does
 * not do on demand, and against the real ones at $DOCKER_HOST and
 * $CONTAINER_HOST for what a foreground run has to carry. The verbs that all
 * engines share are in tests/contract.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/container.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/fake.h"

#define clean_engine __attribute__((cleanup(gantry_engine_closep)))
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END_ROUTES { NULL, NULL, 0, 0 }

/* Answers without a length: the connection's end is theirs. */
#define HEAD(status) "HTTP/1.1 " status "\r\nApi-Version: 1.41\r\n\r\n"
#define SAY(request, status, body) { request, HEAD(status) body, FAKE_CLOSE, 0 }
#define PING SAY("GET /_ping ", "200 OK", "OK")
#define EMPTY(request, status) { request, "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n", 0, 0 }
#define UPGRADE "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define INSPECT(status, more) \
	"{\"Id\":\"" ID "\",\"Name\":\"/box\",\"State\":{\"Status\":\"" status "\"" more "}}"
#define CREATED SAY("POST /v1.41/containers/create", "201 Created", "{\"Id\":\"" ID "\",\"Warnings\":[]}")
#define EXITED(code) SAY("GET /v1.41/containers/" ID "/json", "200 OK", INSPECT("exited", ",\"ExitCode\":" code))
#define WAITED(code) \
	SAY("POST /v1.41/containers/" ID "/wait?condition=next-exit", "200 OK", "{\"Error\":null,\"StatusCode\":" code "}")
#define STARTED EMPTY("POST /v1.41/containers/" ID "/start", "204 No Content")

static struct gantry_op op = GANTRY_OP_INIT;

static struct gantry_engine *engine_at(const struct fake *f)
{
	struct gantry_engine *e = NULL;
	char where[160];
	int r;

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 5000000;
	snprintf(where, sizeof(where), "docker:%s", f->path);
	r = gantry_engine_open(where, NULL, &e, &op);
	ck_assert_msg(r == 0, "%d %s", r, op.err.msg);
	return e;
}

static int try_open(const struct fake *f)
{
	clean_engine struct gantry_engine *e = NULL;
	char where[160];

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 5000000;
	snprintf(where, sizeof(where), "docker:%s", f->path);
	return gantry_engine_open(where, NULL, &e, &op);
}

static struct gantry_create an_image(void)
{
	static const char *const command[] = { "true", NULL };
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.image = "busybox:1";
	w.args = command;
	return w;
}

/* ---- version ------------------------------------------------------------------------------------ */

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
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.23\r\n\r\nOK", -EPROTO, "speaks Docker API 1.23; gantry needs 1.24 or newer" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 2.0\r\n\r\nOK", -EPROTO, "names no version of the Docker API (2.0)" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.x\r\n\r\nOK", -EPROTO, "names no version" },
	{ "HTTP/1.1 200 OK\r\nApi-Version: 1.99999999999999999999\r\n\r\nOK", -EPROTO, "names no version" },
	{ "HTTP/1.1 200 OK\r\n\r\n<html>It works!</html>", -EPROTO, "names no version of the Docker API (none)" },
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

/* ---- failures ------------------------------------------------------------------------------------ */

enum verb { PREPARE, CREATE, START, KILL, WAIT, PAUSE, RESUME, GET, DELETE, FORCE, LIST_ALL, INFO, RUN, VERBS };

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
	{ PREPARE, HEAD("404 Not Found") "{\"message\":\"No such image: busybox:1\"}", -ENOENT, 0, "no such image: busybox:1 (pull it first)" },
	{ CREATE, HEAD("404 Not Found") "{\"message\":\"No such image: busybox:1\"}", -ENOENT, 0, "no such image: busybox:1 (pull it first)" },
	{ CREATE, HEAD("409 Conflict") "{\"message\":\"Conflict. The container name \\\"/box\\\" is already in use by container \\\"12\\\".\"}", -EEXIST, 0, "already in use" },
	{ CREATE, HEAD("500 Internal Server Error") "{\"message\":\"container create: creating container storage: the container name \\\"box\\\" is already in use by 12: that name is already in use\"}", -EEXIST, 0, "the container name" },
	{ CREATE, HEAD("400 Bad Request") "{\"message\":\"invalid reference format\"}", -EINVAL, 0, "invalid reference format" },
	{ CREATE, HEAD("500 Internal Server Error") "{\"message\":\"mkdir /var/lib/docker: no space left on device\"}", -ENOSPC, 0, "no space left" },
	{ CREATE, HEAD("500 Internal Server Error") "{\"message\":\"mkdir /var/lib/docker: read-only file system\"}", -EROFS, 0, "read-only" },
	{ CREATE, HEAD("201 Created") "{\"Id\":\"\"}", -EPROTO, 0, "does not tell its id" },
	{ CREATE, HEAD("201 Created") "{\"Id\":\"../../etc\"}", -EPROTO, 0, "does not tell its id" },
	{ START, HEAD("404 Not Found") "{\"message\":\"No such container: 0123\"}", -ENOENT, 0, "no container 0123" },
	{ START, HEAD("400 Bad Request") "{\"message\":\"failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \\\"nope\\\": executable file not found in $PATH: unknown\"}", -ENOENT, 127, "exec: \"nope\": executable file not found in $PATH" },
	{ START, HEAD("400 Bad Request") "{\"message\":\"failed to create task for container: OCI runtime create failed: exec: \\\"/x\\\": stat /x: no such file or directory: unknown\"}", -ENOENT, 127, "exec: \"/x\"" },
	{ START, HEAD("400 Bad Request") "{\"message\":\"exec: \\\"/etc/passwd\\\": permission denied: unknown\"}", -EACCES, 126, "permission denied" },
	{ START, HEAD("500 Oops") "{\"message\":\"crun: executable file `nope` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found\"}", -ENOENT, 127, "executable file `nope` not found in $PATH: No such file or directory" },
	{ START, HEAD("500 Oops") "{\"message\":\"crun: open executable: Operation not permitted: OCI permission denied\"}", -EACCES, 126, "open executable: Operation not permitted" },
	{ START, HEAD("400 Bad Request") "{\"message\":\"error mounting \\\"/a\\\" to rootfs at \\\"/b\\\": not a directory: unknown\"}", -EINVAL, 0, "error mounting" },
	{ START, HEAD("400 Bad Request") "{\"message\":\"exec: \\\"mount\\\": executable file not found in $PATH\"}", -ENOENT, 127, "exec: \"mount\"" },
	{ START, HEAD("304 Not Modified"), -EBUSY, 0, "is running already" },
	{ START, HEAD("409 Conflict") "{\"message\":\"cannot start a paused container, try unpause instead\"}", -EBUSY, 0, "is paused" },
	{ KILL, HEAD("409 Conflict") "{\"message\":\"Cannot kill container: x: Container x is not running\"}", -EBUSY, 0, "is not running" },
	{ KILL, HEAD("500 Oops") "{\"message\":\"can only kill running containers. x is in state exited: container state improper\"}", -EBUSY, 0, "is not running" },
	{ KILL, HEAD("400 Bad Request") "{\"message\":\"Invalid signal: 33\"}", -EINVAL, 0, "Invalid signal: 33" },
	{ PAUSE, HEAD("409 Conflict") "{\"message\":\"Container x is already paused\"}", -EBUSY, 0, "is paused already" },
	{ PAUSE, HEAD("500 Oops") "{\"message\":\"\\\"exited\\\" is not running, can't pause: container state improper\"}", -EBUSY, 0, "is not running" },
	{ RESUME, HEAD("500 Internal Server Error") "{\"message\":\"Container x is not paused\"}", -EBUSY, 0, "is not paused" },
	{ GET, HEAD("500 Internal Server Error") "{\"message\":\"Multiple IDs found with provided prefix: 0\"}", -ENOTUNIQ, 0, "several containers' ids begin with 0123" },
	{ GET, HEAD("404 Not Found") "{\"cause\":\"container already exists\",\"message\":\"more than one result for container ID 0: container already exists\"}", -ENOTUNIQ, 0, "several containers' ids begin with 0123" },
	{ GET, HEAD("500 Internal Server Error") "{\"message\":\"Error response from daemon: the disk is on fire\"}", -EIO, 0, "the disk is on fire" },
	{ GET, HEAD("500 Internal Server Error"), -EIO, 0, "answers status 500 without a word" },
	{ GET, HEAD("502 Bad Gateway") "<html>\x1b]0;owned\x07</html>", -EIO, 0, "<html>\\x1b]0;owned\\x07</html>" },
	{ GET, HEAD("301 Moved Permanently"), -EPROTO, 0, "301" },
	{ GET, HEAD("418 I'm a teapot"), -EPROTO, 0, "418" },
	{ GET, HEAD("400 Bad Request") "{\"message\":\"client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version\"}", -EPROTO, 0, "Minimum supported API version is 1.44" },
	{ GET, HEAD("400 Bad Request") "client version 1.41 is too old\n", -EPROTO, 0, "client version 1.41 is too old" },
	{ GET, HEAD("200 OK") "{\"Id\":\"" ID "\"", -EPROTO, 0, "answer:1:" },
	{ GET, HEAD("200 OK") "[]", -EPROTO, 0, "an array" },
	{ GET, HEAD("200 OK") "{}", -EPROTO, 0, "without an id" },
	{ GET, HEAD("200 OK") "{\"Id\":\"\\u001b[2J\"}", -EPROTO, 0, "without an id" },
	{ GET, HEAD("200 OK"), -EPROTO, 0, "is empty" },
	{ LIST_ALL, HEAD("200 OK") "{\"message\":\"what?\"}", -EPROTO, 0, "an object" },
	{ LIST_ALL, HEAD("200 OK") "[1]", -EPROTO, 0, "without an id" },
	{ INFO, HEAD("200 OK") "OK", -EPROTO, 0, "answer:1:" },
	{ WAIT, HEAD("200 OK") INSPECT("created", ""), -EBUSY, 0, "was never started" },
	{ DELETE, HEAD("200 OK") INSPECT("running", ""), -EBUSY, 0, "container box is running, not stopped" },
	{ DELETE, HEAD("200 OK") INSPECT("created", ""), -EBUSY, 0, "container box is created, not stopped" },
	{ DELETE, HEAD("200 OK") INSPECT("paused", ""), -EBUSY, 0, "container box is paused, not stopped" },
	{ FORCE, HEAD("403 Forbidden") "{\"message\":\"authorization denied by plugin\"}", -EACCES, 0, "authorization denied" },
};

START_TEST(the_same_failure_has_the_same_errno_and_words_for_people)
{
	const struct fake_route routes[] = { PING, { "", failures[_i].answer, FAKE_CLOSE, 0 }, END_ROUTES };
	struct fake f;
	int r;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		r = do_verb(e, failures[_i].verb);
		ck_assert_msg(r == failures[_i].r, "%d: %d %s", _i, r, op.err.msg);
		ck_assert_int_eq(op.err.code, -failures[_i].r);
		ck_assert_msg(op.err.exit == failures[_i].exit, "%d: exit %d %s", _i, op.err.exit, op.err.msg);
		ck_assert_msg(strstr(op.err.msg, failures[_i].words), "%d: %s", _i, op.err.msg);
		ck_assert_ptr_null(strstr(op.err.msg, "Error response from daemon"));
		ck_assert_ptr_null(strchr(op.err.msg, '\n'));
	}
	fake_stop(&f);
}
END_TEST

/* Which step was cut short, by its name. */
static const char *const steps[VERBS] = {
	[PREPARE] = "prepare", [CREATE] = "create", [START] = "start", [KILL] = "kill", [WAIT] = "wait",
	[PAUSE] = "pause", [RESUME] = "resume", [GET] = "get", [DELETE] = "delete", [FORCE] = "delete",
	[LIST_ALL] = "list", [INFO] = "info", [RUN] = "create",
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
		ck_assert_uint_lt(clock_mono() - before, 2000000000);
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
	static const char *const ids[] = { "../x", "a/b", "a b", "a?b=1", "a%2Fb", "\x1b[2J", ".", "-x" };
	const struct fake_route routes[] = { PING, END_ROUTES };
	struct gantry_container *k = NULL;
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);
		static const char *const images[] = { "../x", "a b", "a?b", "/a", "a//b", "a/../b", "-a", "a\nb", "\x1b" };

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

/* ---- what is asked and understood ---------------------------------------------------------------- */

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
		ck_assert_ptr_nonnull(strstr(f.seen, "POST /v1.41/containers/create?name=box HTTP/1.1\r\n"));
		ck_assert_msg(strstr(f.seen,
			"{\"Image\":\"busybox:1\",\"Cmd\":[\"sh\",\"-c\",\"echo \\\"a\\nb\\\"\"],\"Env\":[\"A=1\",\"B=\"],"
			"\"WorkingDir\":\"/w\",\"User\":\"1:2\",\"Hostname\":\"h\",\"AttachStdout\":false,\"AttachStderr\":false,"
			"\"Labels\":{\"k\":\"v\",\"x.y\":\"a=b\",\"io.gantry.owner\":\"gantry\"},"
			"\"HostConfig\":{\"Binds\":[\"/a:/b:ro\"],\"CapAdd\":[\"NET_ADMIN\"],\"CapDrop\":[\"ALL\"],"
			"\"ReadonlyRootfs\":true,\"AutoRemove\":true,\"Memory\":67108864,\"NanoCpus\":1500000000,\"PidsLimit\":9,"
			"\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20},{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1},"
			"{\"Name\":\"nproc\",\"Soft\":7,\"Hard\":7}]}}"), "%s", f.seen);
	}
	fake_stop(&f);
}
END_TEST

START_TEST(what_an_old_daemon_would_ignore_is_refused)
{
	const struct fake_route routes[] = {
		{ "GET /_ping ", "HTTP/1.1 200 OK\r\nApi-Version: 1.24\r\n\r\nOK", FAKE_CLOSE, 0 }, END_ROUTES,
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
	"nofile=", "nofile=x", "nofile=1:", "nofile=2:1", "nofile=unlimited:5", "nofile=1:2:3", "nofile=-2",
	"nofile=9223372036854775808", "nofile=11111111111111111111111111111",
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
		    "{\"Id\":\"" ID "\",\"Name\":\"/box\",\"Created\":\"2026-11-24T22:47:26.651723827Z\",\"Path\":\"sh\",\"Args\":[\"-c\",\"x y\"],"
		    "\"State\":{\"Status\":\"exited\",\"Pid\":77,\"ExitCode\":137,\"OOMKilled\":true,"
		    "\"StartedAt\":\"2026-11-24T22:47:27.09573439Z\",\"FinishedAt\":\"2026-11-24T22:47:27.098868444Z\"},"
		    "\"GraphDriver\":{\"Data\":{\"MergedDir\":\"/m\"}},"
		    "\"Config\":{\"Image\":\"busybox:1\",\"StopSignal\":\"SIGQUIT\",\"Labels\":{\"b\":\"2\",\"io.gantry.owner\":\"me\",\"a\":\"1\"}}}"),
		SAY("GET /v1.41/containers/odd/json", "200 OK",
		    "{\"Id\":\"" ID "\",\"Name\":5,\"Created\":\"yesterday\",\"Path\":[],\"Args\":\"x\",\"State\":{\"Status\":\"confused\","
		    "\"Pid\":-3,\"ExitCode\":\"7\",\"StartedAt\":\"0001-01-01T00:00:00Z\"},\"Config\":null,\"GraphDriver\":[]}"),
		SAY("GET /v1.41/containers/new/json", "200 OK",
		    "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"Pid\":99999999999,\"ExitCode\":0,\"FinishedAt\":\"2026-11-24T22:47:27Z\"}}"),
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
		    "[{\"Id\":\"aa\",\"Names\":[\"/one\"],\"Image\":\"i\",\"Created\":3},{\"Id\":\"bb\",\"Names\":[],\"Created\":2},"
		    "{\"Id\":\"cc\",\"Names\":[\"/three\"],\"Image\":\"i\",\"Created\":5,\"Labels\":{\"l\":\"1\"}}]"),
		SAY("GET /v1.41/containers/aa/json", "200 OK", "{\"Id\":\"aa\",\"State\":{\"Status\":\"paused\",\"Pid\":3},\"Created\":\"1970-01-01T00:00:03Z\"}"),
		SAY("GET /v1.41/containers/bb/json", "404 Not Found", "{\"message\":\"No such container: bb\"}"),
		SAY("GET /v1.41/containers/cc/json", "500 Oops", "{\"message\":\"cannot read cc\"}"),
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
	const struct fake_route routes[] = { PING, SAY("GET /v1.41/containers/json", "200 OK", "[]"), END_ROUTES };
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(gantry_engine_clean(e, &op), 0);
		ck_assert_ptr_nonnull(strstr(f.seen,
			"GET /v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22io.gantry.owner%3Dgantry%22%5D%7D "));
	}
	fake_stop(&f);
}
END_TEST

START_TEST(a_removal_under_way_is_waited_for)
{
	const struct fake_route routes[] = {
		PING,
		SAY("DELETE ", "409 Conflict", "{\"message\":\"removal of container box is already in progress\"}"),
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("removing", ""), FAKE_CLOSE | FAKE_ONCE, 0 },
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("removing", ""), FAKE_CLOSE | FAKE_ONCE, 0 },
		SAY("GET /v1.41/containers/box/json", "404 Not Found", "{\"message\":\"No such container: box\"}"),
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
	{ "0", 0, 0 }, { "7", 7, 0 }, { "128", 128, 0 }, { "137", 137, 9 }, { "192", 192, 64 }, { "193", 193, 0 },
	{ "255", 255, 0 }, { "256", -1, 0 }, { "-1", -1, 0 }, { "3221225786", -1, 0 },
};

START_TEST(an_exit_code_is_never_made_up)
{
	const char *format = HEAD("200 OK") "{\"Error\":null,\"StatusCode\":%s}";
	char answer[256];
	const struct fake_route routes[] = {
		PING,
		{ "GET /v1.41/containers/box/json", HEAD("200 OK") INSPECT("running", ""), FAKE_CLOSE | FAKE_ONCE, 0 },
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

/* ---- the foreground run, faked ------------------------------------------------------------------- */

/* A stream's bytes behind the upgrade. */
struct stream {
	char bytes[70000];
	size_t len;
};

static void begin_stream(struct stream *s)
{
	s->len = strlen(UPGRADE);
	memcpy(s->bytes, UPGRADE, s->len);
}

static void add_frame(struct stream *s, int which, const char *text, size_t len)
{
	const unsigned char head[8] = {
		(unsigned char)which, 0, 0, 0,
		(unsigned char)(len >> 24), (unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len,
	};

	memcpy(s->bytes + s->len, head, 8);
	memcpy(s->bytes + s->len + 8, text, len);
	s->len += 8 + len;
}

static int memory_file(void)
{
	int fd = memfd_create("out", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void holds(int fd, const char *text)
{
	char buf[70000];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
	close(fd);
}

static int run_with(struct gantry_engine *e, int in, int out, int err, struct gantry_exit *x)
{
	struct gantry_create w = an_image();
	struct gantry_run how = GANTRY_RUN_INIT;

	how.stdin_fd = in;
	how.stdout_fd = out;
	how.stderr_fd = err;
	return gantry_container_run(e, &w, &how, NULL, x, &op);
}

START_TEST(frames_are_taken_apart_however_they_come)
{
	struct stream *s = malloc(sizeof(*s));
	char *big = malloc(60001);
	struct fake_route routes[] = {
		PING, CREATED, { "POST /v1.41/containers/" ID "/attach?stream=1&stdin=0&stdout=1&stderr=1 ", s->bytes, FAKE_CLOSE, 0 },
		WAITED("7"), STARTED, EXITED("7"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), err = memory_file();
	struct fake f;

	memset(big, 'b', 60000);
	big[60000] = '\0';
	begin_stream(s);
	add_frame(s, 1, "one ", 4);
	add_frame(s, 2, "bad ", 4);
	add_frame(s, 1, "", 0);
	add_frame(s, 0, "two ", 4);
	if (_i)
		routes[2].flags |= FAKE_SLOW;
	else
		add_frame(s, 2, big, 60000);
	add_frame(s, 1, "last", 4);
	routes[2].len = s->len;
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, out, err, &x), 0);
		ck_assert_int_eq(x.code, 7);
		holds(out, "one two last");
		if (_i)
			holds(err, "bad ");
		else
			ck_assert_int_eq(lseek(err, 0, SEEK_END), 60004);
	}
	fake_stop(&f);
	free(s);
	free(big);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	int r;
	const char *words;
} streams[] = {
	{ "\1\0\0\0\0\0\0\5hell", 12, -EPROTO, "in the middle of a frame" },
	{ "\1\0\0\0\0", 5, -EPROTO, "in the middle of a frame" },
	{ "\4\0\0\0\0\0\0\1x", 9, -EPROTO, "not framed" },
	{ "\1\0\1\0\0\0\0\1x", 9, -EPROTO, "not framed" },
	{ "hello world\n", 12, -EPROTO, "not framed" },
	{ "\3\0\0\0\0\0\0\4oops", 12, 0, NULL },
};

START_TEST(a_stream_that_is_none_is_an_error)
{
	struct stream *s = malloc(sizeof(*s));
	struct fake_route routes[] = {
		PING, CREATED, { "POST /v1.41/containers/" ID "/attach", s->bytes, FAKE_CLOSE, 0 },
		WAITED("0"), STARTED, EXITED("0"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), r;
	struct fake f;

	begin_stream(s);
	memcpy(s->bytes + s->len, streams[_i].bytes, streams[_i].len);
	routes[2].len = s->len + streams[_i].len;
	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		r = run_with(e, -1, out, out, &x);
		ck_assert_msg(r == streams[_i].r, "%d %s", r, op.err.msg);
		if (r < 0)
			ck_assert_msg(strstr(op.err.msg, streams[_i].words), "%s", op.err.msg);
		ck_assert_ptr_null(strstr(f.seen, "DELETE")); /* it was started: it runs on */
	}
	close(out);
	fake_stop(&f);
	free(s);
}
END_TEST

/* The container that could not be started is removed, whatever was the reason. */
START_TEST(nothing_is_left_of_a_run_that_could_not_start)
{
	static const struct { struct fake_route attach, wait, start; int r, exit; } cases[] = {
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 }, WAITED("0"),
		  SAY("POST /v1.41/containers/" ID "/start", "400 Bad Request", "{\"message\":\"exec: \\\"x\\\": executable file not found in $PATH\"}"), -ENOENT, 127 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 }, WAITED("0"),
		  { "POST /v1.41/containers/" ID "/start", "", FAKE_CLOSE, 0 }, -ECONNREFUSED, 0 },
		{ SAY("POST /v1.41/containers/" ID "/attach", "200 OK", "hello"), WAITED("0"), STARTED, -EPROTO, 0 },
		{ SAY("POST /v1.41/containers/" ID "/attach", "500 Oops", ""), WAITED("0"), STARTED, -EIO, 0 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  SAY("POST /v1.41/containers/" ID "/wait", "500 Oops", ""), STARTED, -EIO, 0 },
		{ { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_SILENT, 0 },
		  { "POST /v1.41/containers/" ID "/wait", "", FAKE_SILENT, 0 }, STARTED, -ETIMEDOUT, 0 },
	};
	const struct fake_route routes[] = {
		PING, CREATED, cases[_i].attach, cases[_i].wait, cases[_i].start,
		EMPTY("DELETE /v1.41/containers/" ID "?v=1&force=1 ", "204 No Content"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file(), r;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 300000;
		r = run_with(e, -1, out, -1, &x);
		ck_assert_msg(r == cases[_i].r, "%d %s", r, op.err.msg);
		ck_assert_int_eq(op.err.exit, cases[_i].exit);
		ck_assert_int_eq(x.code, -1);
		ck_assert_ptr_nonnull(strstr(f.seen, "DELETE /v1.41/containers/" ID));
	}
	close(out);
	fake_stop(&f);
}
END_TEST

START_TEST(a_wait_that_is_never_answered_does_not_hang_the_run)
{
	const struct fake_route routes[] = {
		PING, CREATED, { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_CLOSE, 0 },
		{ "POST /v1.41/containers/" ID "/wait", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_SILENT, 0 },
		STARTED, EXITED("5"), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		op.timeout_us = 20000000;
		ck_assert_int_eq(run_with(e, -1, out, -1, &x), 0);
		ck_assert_int_eq(x.code, 5);
	}
	close(out);
	fake_stop(&f);
}
END_TEST

START_TEST(a_daemon_that_dies_during_a_run_is_told)
{
	const struct fake_route routes[] = {
		PING, CREATED, { "POST /v1.41/containers/" ID "/attach", UPGRADE, FAKE_CLOSE, 0 },
		{ "POST /v1.41/containers/" ID "/wait", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAKE_CLOSE, 0 },
		STARTED, END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int out = memory_file();
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, out, -1, &x), -ECONNREFUSED);
		ck_assert_int_eq(x.code, -1);
	}
	close(out);
	fake_stop(&f);
}
END_TEST

/* Before API 1.30 a wait has no condition: it must come after the start. */
START_TEST(an_old_daemon_is_waited_for_after_the_start)
{
	const struct fake_route routes[] = {
		{ "GET /_ping ", "HTTP/1.1 200 OK\r\nApi-Version: 1.29\r\n\r\nOK", FAKE_CLOSE, 0 },
		SAY("POST /v1.29/containers/create", "201 Created", "{\"Id\":\"" ID "\"}"),
		EMPTY("POST /v1.29/containers/" ID "/start", "204 No Content"),
		SAY("POST /v1.29/containers/" ID "/wait ", "200 OK", "{\"StatusCode\":3}"),
		SAY("GET /v1.29/containers/" ID "/json", "200 OK", INSPECT("exited", ",\"FinishedAt\":\"2026-11-24T22:47:27Z\"")), END_ROUTES,
	};
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct fake f;

	fake_start(&f, routes);
	{
		clean_engine struct gantry_engine *e = engine_at(&f);

		ck_assert_int_eq(run_with(e, -1, -1, -1, &x), 0);
		ck_assert_int_eq(x.code, 3);
		ck_assert_uint_gt(x.finished_ns, 0);
		ck_assert(strstr(f.seen, "/start ") < strstr(f.seen, "/wait "));
	}
	fake_stop(&f);
}
END_TEST

/* ---- the foreground run, for real ---------------------------------------------------------------- */

#define IMAGE "gantry.test/busybox:1"

static const struct {
	const char *engine, *variable;
} real[] = { { "docker", "DOCKER_HOST" }, { "podman", "CONTAINER_HOST" } };

/* NULL where this engine is not there. */
static struct gantry_engine *real_engine(int i)
{
	struct gantry_engine *e = NULL;
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	int r;

	if (!getenv(real[i].variable))
		return NULL;
	o.owner = "unit-docker";
	r = gantry_engine_open(real[i].engine, &o, &e, &op);
	ck_assert_msg(r == 0, "%s: %s", real[i].engine, op.err.msg);
	return e;
}

static struct gantry_create box(const char *const *args)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.image = IMAGE;
	w.args = args;
	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	return w;
}

static struct gantry_exit real_run(struct gantry_engine *e, const char *const *args, int in, int out, int err)
{
	struct gantry_create w = box(args);
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int r;

	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 60000000;
	how.stdin_fd = in;
	how.stdout_fd = out;
	how.stderr_fd = err;
	r = gantry_container_run(e, &w, &how, NULL, &x, &op);
	ck_assert_msg(r == 0, "%d %s", r, op.err.msg);
	return x;
}

enum { BIG = 8 << 20 };

static unsigned char *random_bytes(void)
{
	unsigned char *b = malloc(BIG);
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	for (size_t at = 0; at < BIG;) {
		ssize_t n = read(fd, b + at, BIG - at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
	}
	close(fd);
	return b;
}

static void same_bytes(int fd, const unsigned char *b)
{
	unsigned char *got = malloc(BIG + 1);
	size_t len = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, got + len, BIG + 1 - len)) > 0)
		len += (size_t)n;
	ck_assert_uint_eq(len, BIG);
	ck_assert_int_eq(memcmp(got, b, BIG), 0);
	free(got);
}

static void *write_all(void *arg)
{
	struct { int fd; const unsigned char *b; } *job = arg;

	for (size_t at = 0; at < BIG;) {
		ssize_t n = write(job->fd, job->b + at, BIG - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(job->fd);
	return NULL;
}

/* From a file and from a pipe, into a file and through a slow pipe. */
START_TEST(eight_megabytes_pass_through_byte_for_byte)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	unsigned char *b;
	struct { int fd; const unsigned char *b; } job;
	int in, out, pipes[2];
	pthread_t writer;

	if (!e)
		return;
	b = random_bytes();
	in = memory_file();
	out = memory_file();
	ck_assert_int_eq(write(in, b, BIG), BIG);
	lseek(in, 0, SEEK_SET);
	ck_assert_int_eq(real_run(e, LIST("cat"), in, out, -1).code, 0);
	same_bytes(out, b);
	ck_assert_int_eq(ftruncate(out, 0), 0);
	lseek(out, 0, SEEK_SET);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	job.fd = pipes[1];
	job.b = b;
	ck_assert_int_eq(pthread_create(&writer, NULL, write_all, &job), 0);
	ck_assert_int_eq(real_run(e, LIST("cat"), pipes[0], out, out).code, 0);
	pthread_join(writer, NULL);
	same_bytes(out, b);
	close(pipes[0]);
	close(in);
	close(out);
	free(b);
}
END_TEST

struct reader {
	int fd;
	size_t len;
	bool end;
};

/* Reads slowly, so that the pipe is full most of the time, and remembers how it ended. */
static void *read_slowly(void *arg)
{
	struct reader *r = arg;
	char buf[8192];
	ssize_t n;

	while ((n = read(r->fd, buf, sizeof(buf))) > 0) {
		r->len += (size_t)n;
		r->end = n >= 3 && !memcmp(buf + n - 3, "END", 3);
		usleep(r->len < 200000 ? 2000 : 0);
	}
	return NULL;
}

START_TEST(a_slow_reader_loses_nothing_of_a_container_that_has_ended)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct reader r = { 0 };
	pthread_t thread;
	int pipes[2];

	if (!e)
		return;
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	r.fd = pipes[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, read_slowly, &r), 0);
	ck_assert_int_eq(real_run(e, LIST("sh", "-c", "head -c 3000000 /dev/zero; printf END"), -1, pipes[1], -1).code, 0);
	close(pipes[1]);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(r.len, 3000003);
	ck_assert(r.end);
	/* his descriptor is as it was */
	close(pipes[0]);
}
END_TEST

START_TEST(streams_stay_apart_and_the_last_line_needs_no_newline)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int out = memory_file(), err = memory_file(), flags;

	if (!e)
		return;
	flags = fcntl(out, F_GETFL);
	ck_assert_int_eq(real_run(e, LIST("sh", "-c", "echo out; echo err >&2; printf last; printf bad >&2; exit 9"), -1, out, err).code, 9);
	ck_assert_int_eq(fcntl(out, F_GETFL), flags);
	holds(out, "out\nlast");
	holds(err, "err\nbad");
}
END_TEST

START_TEST(exit_codes_come_through)
{
	static const struct { const char *script; int code, sig; } all[] = {
		{ "exit 0", 0, 0 }, { "exit 1", 1, 0 }, { "exit 255", 255, 0 },
		{ "sleep 1000 & exit 7", 7, 0 },
		/* the daemon's 143 is a signal to us: it has no other way to say so */
		{ "sh -c 'kill -TERM $$'; exit $?", 143, 15 },
	};
	clean_engine struct gantry_engine *e = real_engine(_i);

	for (size_t i = 0; e && i < sizeof(all) / sizeof(all[0]); i++) {
		struct gantry_exit x = real_run(e, LIST("sh", "-c", all[i].script), -1, -1, -1);

		ck_assert_int_eq(x.code, all[i].code);
		ck_assert_int_eq(x.signal, all[i].sig);
	}
}
END_TEST

START_TEST(an_end_of_stdin_is_the_containers_too)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int out = memory_file(), null = open("/dev/null", O_RDONLY | O_CLOEXEC), dir = open("/", O_RDONLY | O_CLOEXEC);

	if (!e)
		return;
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), null, out, -1).code, 0);
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), dir, out, -1).code, 0);
	ck_assert_int_eq(real_run(e, LIST("wc", "-c"), -1, out, -1).code, 0);
	holds(out, "0\n0\n0\n");
	close(null);
	close(dir);
}
END_TEST

/* Who reads us goes away: no signal, the container runs to its end, stderr goes on. */
START_TEST(a_reader_that_goes_away_ends_nothing)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	int pipes[2], err = memory_file();
	sigset_t pending;

	if (!e)
		return;
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	close(pipes[0]);
	ck_assert_int_eq(real_run(e, LIST("sh", "-c", "head -c 300000 /dev/zero; echo still here >&2; exit 4"), -1, pipes[1], err).code, 4);
	holds(err, "still here\n");
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
	close(pipes[1]);
}
END_TEST

START_TEST(output_that_cannot_be_written_is_told_with_the_exit_code)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sh", "-c", "echo lost; exit 6"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (!e)
		return;
	how.stdout_fd = full;
	op = (struct gantry_op)GANTRY_OP_INIT;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "stdout"));
	ck_assert_int_eq(x.code, 6);
	close(full);
}
END_TEST

/* Sends signals to its own process once the container has said that it is ready. */
static void *signal_us(void *arg)
{
	int fd = *(int *)arg;
	char buf[64];

	ck_assert_int_gt(read(fd, buf, sizeof(buf)), 0);
	kill(getpid(), SIGCHLD);
	kill(getpid(), SIGWINCH);
	kill(getpid(), SIGHUP);
	ck_assert_int_gt(read(fd, buf, sizeof(buf)), 0);
	kill(getpid(), SIGTERM);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	return NULL;
}

START_TEST(signals_are_passed_but_not_those_meant_for_us)
{
	static const char script[] = "trap 'echo child' CHLD; trap 'echo hup' HUP; trap 'exit 33' TERM; echo ready; "
				     "while :; do read -t 1 x; done </dev/zero";
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sh", "-c", script));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	pthread_t thread;
	int pipes[2];
	sigset_t set;

	if (!e)
		return;
	sigemptyset(&set);
	for (int i = 0; i < 4; i++)
		sigaddset(&set, (int[]){ SIGCHLD, SIGWINCH, SIGHUP, SIGTERM }[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	how.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	how.stdout_fd = pipes[1];
	ck_assert_int_eq(pthread_create(&thread, NULL, signal_us, &pipes[0]), 0);
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 20000000;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, NULL, &x, &op), 0);
	ck_assert_int_eq(x.code, 33);
	close(pipes[1]);
	pthread_join(thread, NULL);
	close(pipes[0]);
	close(how.signal_fd);
}
END_TEST

START_TEST(sixty_four_fast_runs_lose_nothing)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	char text[16];

	for (int i = 0; e && i < 64; i++) {
		int out = memory_file();

		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(real_run(e, LIST("sh", "-c", "printf %s \"$0\"; exit $(($0 + 1))", text), -1, out, -1).code, i + 1);
		holds(out, text);
	}
}
END_TEST

START_TEST(a_run_cut_short_leaves_the_container_running)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sleep", "100"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_container *k = NULL;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];

	if (!e)
		return;
	how.stdout_fd = memory_file();
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = 1500000;
	ck_assert_int_eq(gantry_container_run(e, &w, &how, id, &x, &op), -ETIMEDOUT);
	ck_assert_int_eq(x.code, -1);
	ck_assert_int_eq(gantry_container_get(e, id, &k, NULL), 0);
	ck_assert_int_eq(k->state, GANTRY_STATE_RUNNING);
	ck_assert_int_gt(k->pid, 0);
	gantry_container_free(k);
	ck_assert_int_eq(gantry_container_delete(e, id, GANTRY_DELETE_FORCE, NULL), 0);
	close(how.stdout_fd);
}
END_TEST

START_TEST(what_cannot_be_executed_is_126_or_127_and_leaves_nothing)
{
	static const struct { const char *command; int r, exit; } all[] = {
		{ "nosuchcommand", -ENOENT, 127 }, { "/no/such/file", -ENOENT, 127 },
		{ "/etc/passwd", -EACCES, 126 }, { "/etc", -EACCES, 126 },
	};
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_container *k = NULL;
	struct gantry_exit x = GANTRY_EXIT_INIT;

	for (size_t i = 0; e && i < 2 * sizeof(all) / sizeof(all[0]); i++) {
		struct gantry_create w = box(LIST(all[i / 2].command));
		struct gantry_run how = GANTRY_RUN_INIT;
		char id[GANTRY_ID_SIZE] = "";

		how.stdout_fd = 2;
		w.flags = i % 2 ? GANTRY_CREATE_AUTO_REMOVE : 0;
		op = (struct gantry_op)GANTRY_OP_INIT;
		ck_assert_int_eq(gantry_container_run(e, &w, &how, id, &x, &op), all[i / 2].r);
		ck_assert_msg(op.err.exit == all[i / 2].exit, "%s: %s", all[i / 2].command, op.err.msg);
		ck_assert_int_eq(gantry_container_get(e, id, &k, NULL), -ENOENT);
	}
}
END_TEST

/* podman on cgroup v1 leaves frozen processes behind when a paused container is killed. */
START_TEST(a_paused_container_can_be_killed_and_deleted)
{
	clean_engine struct gantry_engine *e = real_engine(_i);
	struct gantry_create w = box(LIST("sleep", "100"));
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];
	uint64_t before;

	if (!e)
		return;
	w.flags = 0;
	ck_assert_int_eq(gantry_container_run(e, &w, NULL, id, NULL, NULL), 0);
	ck_assert_int_eq(gantry_container_pause(e, id, NULL), 0);
	before = clock_mono();
	ck_assert_int_eq(gantry_container_kill(e, id, SIGKILL, 0, NULL), 0);
	ck_assert_int_eq(gantry_container_wait(e, id, &x, NULL), 0);
	ck_assert_uint_lt(clock_mono() - before, 4000000000);
	ck_assert_int_eq(x.code, 137);
	ck_assert_int_eq(x.signal, 9);
	ck_assert_int_eq(gantry_container_delete(e, id, 0, NULL), 0);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *docker_suite(void);
Suite *docker_suite(void)
{
	Suite *s = suite_create("engine/docker");
	TCase *t = tcase_create("fake"), *r = tcase_create("real");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_version_is_what_both_know, 0, COUNT(versions));
	tcase_add_test(t, sockets_are_found_and_what_is_none_is_refused);
	tcase_add_loop_test(t, the_same_failure_has_the_same_errno_and_words_for_people, 0, COUNT(failures));
	tcase_add_loop_test(t, a_daemon_that_never_answers_ends_by_the_deadline_in_every_verb, 0, VERBS);
	tcase_add_loop_test(t, a_daemon_that_dies_is_unreachable_in_every_verb, 0, VERBS);
	tcase_add_test(t, what_can_be_no_id_is_never_sent);
	tcase_add_test(t, create_asks_for_all_that_was_asked);
	tcase_add_test(t, what_an_old_daemon_would_ignore_is_refused);
	tcase_add_loop_test(t, ulimits_that_make_no_sense_are_refused, 0, COUNT(wrong_ulimits));
	tcase_add_test(t, a_description_has_what_the_daemon_said_and_nothing_else);
	tcase_add_test(t, a_list_survives_what_vanishes_and_what_is_odd);
	tcase_add_test(t, clean_asks_for_our_own_alone);
	tcase_add_test(t, a_removal_under_way_is_waited_for);
	tcase_add_loop_test(t, an_exit_code_is_never_made_up, 0, COUNT(codes));
	tcase_add_test(t, a_wait_without_a_code_is_an_error);
	tcase_add_loop_test(t, frames_are_taken_apart_however_they_come, 0, 2);
	tcase_add_loop_test(t, a_stream_that_is_none_is_an_error, 0, COUNT(streams));
	tcase_add_loop_test(t, nothing_is_left_of_a_run_that_could_not_start, 0, 6);
	tcase_add_test(t, a_wait_that_is_never_answered_does_not_hang_the_run);
	tcase_add_test(t, a_daemon_that_dies_during_a_run_is_told);
	tcase_add_test(t, an_old_daemon_is_waited_for_after_the_start);
	suite_add_tcase(s, t);

	tcase_set_timeout(r, 180);
	tcase_add_loop_test(r, eight_megabytes_pass_through_byte_for_byte, 0, COUNT(real));
	tcase_add_loop_test(r, a_slow_reader_loses_nothing_of_a_container_that_has_ended, 0, COUNT(real));
	tcase_add_loop_test(r, streams_stay_apart_and_the_last_line_needs_no_newline, 0, COUNT(real));
	tcase_add_loop_test(r, exit_codes_come_through, 0, COUNT(real));
	tcase_add_loop_test(r, an_end_of_stdin_is_the_containers_too, 0, COUNT(real));
	tcase_add_loop_test(r, a_reader_that_goes_away_ends_nothing, 0, COUNT(real));
	tcase_add_loop_test(r, output_that_cannot_be_written_is_told_with_the_exit_code, 0, COUNT(real));
	tcase_add_loop_test(r, signals_are_passed_but_not_those_meant_for_us, 0, COUNT(real));
	tcase_add_loop_test(r, sixty_four_fast_runs_lose_nothing, 0, COUNT(real));
	tcase_add_loop_test(r, a_run_cut_short_leaves_the_container_running, 0, COUNT(real));
	tcase_add_loop_test(r, what_cannot_be_executed_is_126_or_127_and_leaves_nothing, 0, COUNT(real));
	tcase_add_loop_test(r, a_paused_container_can_be_killed_and_deleted, 0, COUNT(real));
	suite_add_tcase(s, r);
	return s;
}
