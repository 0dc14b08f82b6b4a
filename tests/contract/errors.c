/* SPDX-License-Identifier: Apache-2.0 */
/* Each errno of the table, provoked on every engine that can be brought to it. */
#include "suite.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(enoent_no_such_container_for_any_verb)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_container *c = NULL;
	const char *id = fresh_name("nobody");

	FAILS(gantry_container_start(engine, id, &op), ENOENT);
	FAILS(gantry_container_kill(engine, id, SIGTERM, 0, &op), ENOENT);
	FAILS(gantry_container_stop(engine, id, NULL, &op), ENOENT);
	FAILS(gantry_container_wait(engine, id, &x, &op), ENOENT);
	FAILS(gantry_container_pause(engine, id, &op), ENOENT);
	FAILS(gantry_container_resume(engine, id, &op), ENOENT);
	FAILS(gantry_container_get(engine, id, &c, &op), ENOENT);
	FAILS(gantry_container_delete(engine, id, 0, &op), ENOENT);
	FAILS(gantry_container_delete(engine, id, GANTRY_DELETE_FORCE, &op), ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, id));
}
END_TEST

START_TEST(eexist_a_name_that_is_taken)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	struct leftovers before;
	char id[GANTRY_ID_SIZE];

	w.name = fresh_name("twice");
	OK(gantry_container_create(engine, &w, id, &op));
	before = count_leftovers();
	FAILS(gantry_container_create(engine, &w, NULL, &op), EEXIST);
	ck_assert_ptr_nonnull(strstr(op.err.msg, w.name));
	FAILS(gantry_container_run(engine, &w, NULL, NULL, NULL, &op), EEXIST);
	same_leftovers(before);
	ck_assert_int_eq(state_of(id), GANTRY_STATE_CREATED);
	drop(id);
}
END_TEST

START_TEST(einval_wrong_words)
{
	struct gantry_create w = what(LIST("true"));
	struct gantry_engine *e = NULL;
	struct leftovers before = count_leftovers();

	w.name = "no/name";
	FAILS(gantry_container_create(engine, &w, NULL, &op), EINVAL);
	w.name = NULL;
	w.env = LIST("NOVALUE");
	FAILS(gantry_container_create(engine, &w, NULL, &op), EINVAL);
	w.env = NULL;
	w.labels = LIST("io.gantry.owner=somebody");
	FAILS(gantry_container_create(engine, &w, NULL, &op), EINVAL);
	w.labels = NULL;
	w.flags = 1u << 30;
	FAILS(gantry_container_create(engine, &w, NULL, &op), EINVAL);
	FAILS(gantry_container_create(engine, NULL, NULL, &op), EINVAL);
	FAILS(gantry_container_kill(engine, "x", 0, 0, &op), EINVAL);
	FAILS(gantry_container_start(engine, "../x", &op), EINVAL);
	FAILS(gantry_engine_open("no-such-engine", NULL, &e, &op), EINVAL);
	same_leftovers(before);
}
END_TEST

START_TEST(einval_what_this_engine_is_not_made_for)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	char dir[256];

	NEEDS_PROGRAMS; /* null takes anything */
	scratch(dir, sizeof(dir));
	if (is_local())
		w.image = "busybox";
	else
		w.rootfs = dir;
	FAILS(gantry_container_create(engine, &w, NULL, &op), EINVAL);
	FAILS(gantry_container_prepare(engine, &w, &op), EINVAL);
}
END_TEST

START_TEST(enotuniq_the_beginning_of_several_ids)
{
	clean_container struct gantry_container *c = NULL;
	char ids[40][GANTRY_ID_SIZE], prefix[GANTRY_ID_SIZE] = "";
	struct gantry_create w = what(LIST("sleep", "1000"));

	/* Ids are the engine's own: with enough of them two begin alike. */
	for (int i = 0; i < 40 && !*prefix; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", fresh_name("many"));
		w.name = name;
		OK(gantry_container_create(engine, &w, ids[i], &op));
		for (int j = 0; j < i && !*prefix; j++) {
			size_t n = 0;

			while (ids[i][n] && ids[i][n] == ids[j][n])
				n++;
			if (n)
				snprintf(prefix, sizeof(prefix), "%.*s", (int)n, ids[i]);
		}
	}
	ck_assert_str_ne(prefix, "");
	FAILS(gantry_container_get(engine, prefix, &c, &op), ENOTUNIQ);
	FAILS(gantry_container_start(engine, prefix, &op), ENOTUNIQ);
	FAILS(gantry_container_kill(engine, prefix, SIGTERM, 0, &op), ENOTUNIQ);
	FAILS(gantry_container_delete(engine, prefix, GANTRY_DELETE_FORCE, &op), ENOTUNIQ);
}
END_TEST

START_TEST(ebusy_the_wrong_state)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE];

	create_only(LIST("sleep", "1000"), id);
	FAILS(gantry_container_wait(engine, id, &x, &op), EBUSY);
	FAILS(gantry_container_kill(engine, id, SIGTERM, 0, &op), EBUSY);
	FAILS(gantry_container_pause(engine, id, &op), EBUSY);
	FAILS(gantry_container_resume(engine, id, &op), EBUSY);
	FAILS(gantry_container_delete(engine, id, 0, &op), EBUSY);
	OK(gantry_container_start(engine, id, &op));
	FAILS(gantry_container_start(engine, id, &op), EBUSY);
	FAILS(gantry_container_resume(engine, id, &op), EBUSY);
	FAILS(gantry_container_delete(engine, id, 0, &op), EBUSY);
	OK(gantry_container_pause(engine, id, &op));
	FAILS(gantry_container_pause(engine, id, &op), EBUSY);
	FAILS(gantry_container_start(engine, id, &op), EBUSY);
	FAILS(gantry_container_delete(engine, id, 0, &op), EBUSY);
	OK(gantry_container_resume(engine, id, &op));
	OK(gantry_container_kill(engine, id, SIGKILL, 0, &op));
	wait_for(id);
	FAILS(gantry_container_kill(engine, id, SIGTERM, 0, &op), EBUSY);
	FAILS(gantry_container_pause(engine, id, &op), EBUSY);
	OK(gantry_container_delete(engine, id, 0, &op));
}
END_TEST

START_TEST(enotsup_what_the_engine_cannot)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_container **list = NULL;
	struct gantry_engine *e = NULL;

	if (!gantry_engine_can(engine, "pause"))
		FAILS(gantry_container_pause(engine, "x", &op), ENOTSUP);
	if (!gantry_engine_can(engine, "wait"))
		FAILS(gantry_container_wait(engine, "x", &x, &op), ENOTSUP);
	if (!gantry_engine_can(engine, "list"))
		FAILS(gantry_container_list(engine, &list, &op), ENOTSUP);
	ck_assert_int_eq(gantry_engine_can(engine, "no-verb"), -EINVAL);
	FAILS(gantry_engine_open("containerd", NULL, &e, &op), ENOTSUP);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "containerd"));
}
END_TEST

START_TEST(e2big_a_newer_callers_fields)
{
	struct {
		struct gantry_create w;
		long more;
	} newer = { what(LIST("true")), 1 };
	struct {
		struct gantry_op o;
		long more;
	} newer_op = { GANTRY_OP_INIT, 1 };

	newer.w.size = sizeof(newer);
	FAILS(gantry_container_create(engine, &newer.w, NULL, &op), E2BIG);
	newer.more = 0;
	OK(gantry_container_prepare(engine, &newer.w, &op));
	newer_op.o.size = sizeof(newer_op);
	ck_assert_int_eq(gantry_container_start(engine, "x", &newer_op.o), -E2BIG);
}
END_TEST

START_TEST(ecanceled_before_it_began)
{
	struct gantry_create w = what(LIST("true"));
	struct leftovers before = count_leftovers();
	struct gantry_op cancelled = GANTRY_OP_INIT;

	cancelled.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &cancelled), -ECANCELED);
	ck_assert_int_eq(gantry_container_run(engine, &w, NULL, NULL, NULL, &cancelled),
			 -ECANCELED);
	good_words(cancelled.err.msg);
	close(cancelled.cancel_fd);
	same_leftovers(before);
}
END_TEST

/* ---- what is to be run is not there, or is not what it should be ---- */

static void prepare_and_create_fail(const struct gantry_create *w, int code)
{
	struct gantry_run how = GANTRY_RUN_INIT;
	struct leftovers before = count_leftovers();
	int r = gantry_container_prepare(engine, w, &op);

	ck_assert_msg(r == -code, "prepare: %d (%s)", r, op.err.msg);
	r = gantry_container_create(engine, w, NULL, &op);
	ck_assert_msg(r == -code, "create: %d (%s)", r, op.err.msg);
	good_words(op.err.msg);
	r = gantry_container_run(engine, w, &how, NULL, NULL, &op);
	ck_assert_msg(r == -code, "run: %d (%s)", r, op.err.msg);
	r = gantry_container_run(engine, w, NULL, NULL, NULL, &op);
	ck_assert_msg(r == -code, "run detached: %d (%s)", r, op.err.msg);
	same_leftovers(before);
}

START_TEST(enoent_no_such_image_rootfs_or_bundle)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	NEEDS_PROGRAMS;
	if (!is_local()) {
		w.image = "gantry.test/not-there:1";
		prepare_and_create_fail(&w, ENOENT);
		return;
	}
	w.rootfs = "/no/such/rootfs";
	prepare_and_create_fail(&w, ENOENT);
	w.rootfs = NULL;
	w.bundle = "/no/such/bundle";
	prepare_and_create_fail(&w, ENOENT);
}
END_TEST

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(enotdir_a_rootfs_that_is_a_file)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	char dir[256], file[300];

	if (!is_local())
		NOT_APPLICABLE("this engine takes images");
	scratch(dir, sizeof(dir));
	put_file(dir, "file", "");
	snprintf(file, sizeof(file), "%s/file", dir);
	w.rootfs = file;
	prepare_and_create_fail(&w, ENOTDIR);
}
END_TEST

START_TEST(ebadmsg_a_config_that_is_not_json)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	char dir[256];

	if (!is_local())
		NOT_APPLICABLE("this engine takes images");
	scratch(dir, sizeof(dir));
	w.bundle = dir;
	prepare_and_create_fail(&w, ENOENT);
	put_file(dir, "config.json", "{\"ociVersion\": \"1.0.2\",, }");
	prepare_and_create_fail(&w, EBADMSG);
	put_file(dir, "config.json", "");
	prepare_and_create_fail(&w, EBADMSG);
}
END_TEST

/* ---- the peer ---- */

static void fake_address(char *address, size_t size, const char *socket)
{
	ck_assert_int_lt(snprintf(address, size, "docker:%s", socket), (int)size);
}

/* A socket in a scratch directory; listening or not. */
static int fake_socket(char *path, size_t size, bool listening)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char dir[90];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(dir, "/tmp/contract-XXXXXX"); /* a socket's path has to be short */
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, size, "%s/s", dir);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/s", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	if (listening)
		ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

static void remove_fake(int fd, const char *path)
{
	char dir[108];

	close(fd);
	unlink(path);
	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	rmdir(dir);
}

START_TEST(econnrefused_nobody_answers_and_at_once)
{
	char path[108], address[128];
	struct gantry_engine *e = NULL;
	int fd;

	if (!is_kind("docker"))
		NOT_APPLICABLE("this engine has no socket");
	FAILS(gantry_engine_open("docker:/no/such/socket", NULL, &e, &op), ECONNREFUSED);
	ck_assert_uint_lt(op.elapsed_ns, 2000000000ull);
	fd = fake_socket(path, sizeof(path), false);
	fake_address(address, sizeof(address), path);
	FAILS(gantry_engine_open(address, NULL, &e, &op), ECONNREFUSED);
	ck_assert_uint_lt(op.elapsed_ns, 2000000000ull);
	remove_fake(fd, path);
}
END_TEST

START_TEST(etimedout_a_peer_that_never_answers)
{
	struct gantry_op brief = GANTRY_OP_INIT;
	char path[108], address[128];
	struct gantry_engine *e = NULL;
	int fd;

	if (!is_kind("docker"))
		NOT_APPLICABLE("this engine has no socket");
	fd = fake_socket(path, sizeof(path), true);
	fake_address(address, sizeof(address), path);
	brief.timeout_us = 300000;
	ck_assert_int_eq(gantry_engine_open(address, NULL, &e, &brief), -ETIMEDOUT);
	ck_assert_uint_lt(brief.elapsed_ns, 5000000000ull);
	good_words(brief.err.msg);
	remove_fake(fd, path);
}
END_TEST

START_TEST(eproto_a_peer_that_speaks_nonsense)
{
	char path[108], address[128];
	struct gantry_engine *e = NULL;
	pid_t pid;
	int fd;

	if (!is_kind("docker"))
		NOT_APPLICABLE("this engine has no socket");
	fd = fake_socket(path, sizeof(path), true);
	fake_address(address, sizeof(address), path);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			int c = accept(fd, NULL, NULL);

			if (c < 0 || write(c, "220 hello, this is not HTTP\r\n\r\n", 31) != 31)
				_exit(1);
			close(c);
		}
	}
	FAILS(gantry_engine_open(address, NULL, &e, &op), EPROTO);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	remove_fake(fd, path);
}
END_TEST

START_TEST(enoent_no_such_runtime)
{
	struct gantry_engine *e = NULL;

	if (!is_kind("oci"))
		NOT_APPLICABLE("this engine is no program");
	FAILS(gantry_engine_open("oci:no-such-runtime", NULL, &e, &op), ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "no-such-runtime"));
	FAILS(gantry_engine_open("oci:/no/such/runtime", NULL, &e, &op), ENOENT);
	FAILS(gantry_engine_open("oci:runc,colour=red", NULL, &e, &op), EINVAL);
}
END_TEST

/* ---- a full disk ---- */

static void fill_up(const char *dir)
{
	static const char zeros[4096];
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/full", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}

START_TEST(enospc_a_full_disk_and_nothing_left)
{
	struct gantry_create w = what(LIST("true"));
	struct gantry_engine_options o = suite_options();
	clean_engine struct gantry_engine *e = NULL;
	clean_list struct gantry_container **before = NULL;
	clean_list struct gantry_container **after = NULL;
	char dir[256];
	int n;

	if (!is_local())
		NOT_APPLICABLE("the disk is the daemon's");
	scratch(dir, sizeof(dir));
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", dir, "tmpfs", 0, "size=32k"), 0);
	fill_up(dir);
	o.root = dir;
	OK(gantry_engine_open(getenv("GANTRY_CONTRACT_ENGINE"), &o, &e, &op));
	n = gantry_container_list(e, &before, &op);
	FAILS(gantry_container_create(e, &w, NULL, &op), ENOSPC);
	FAILS(gantry_container_run(e, &w, NULL, NULL, NULL, &op), ENOSPC);
	ck_assert_int_eq(gantry_container_list(e, &after, &op), n);
}
END_TEST

TCase *error_tests(void)
{
	TCase *t = tcase_create("errors");

	tcase_add_test(t, enoent_no_such_container_for_any_verb);
	tcase_add_test(t, eexist_a_name_that_is_taken);
	tcase_add_test(t, einval_wrong_words);
	tcase_add_test(t, einval_what_this_engine_is_not_made_for);
	tcase_add_test(t, enotuniq_the_beginning_of_several_ids);
	tcase_add_test(t, ebusy_the_wrong_state);
	tcase_add_test(t, enotsup_what_the_engine_cannot);
	tcase_add_test(t, e2big_a_newer_callers_fields);
	tcase_add_test(t, ecanceled_before_it_began);
	tcase_add_test(t, enoent_no_such_image_rootfs_or_bundle);
	tcase_add_test(t, enotdir_a_rootfs_that_is_a_file);
	tcase_add_test(t, ebadmsg_a_config_that_is_not_json);
	tcase_add_test(t, econnrefused_nobody_answers_and_at_once);
	tcase_add_test(t, etimedout_a_peer_that_never_answers);
	tcase_add_test(t, eproto_a_peer_that_speaks_nonsense);
	tcase_add_test(t, enoent_no_such_runtime);
	tcase_add_test(t, enospc_a_full_disk_and_nothing_left);
	return t;
}
