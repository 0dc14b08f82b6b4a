/* SPDX-License-Identifier: Apache-2.0 */
/* Engines found in a made-up home: sockets of our own, contexts, a PATH with nothing in it. */
#include "engine/candidates.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char home[64];

static void in_home(char *path, size_t size, const char *name)
{
	ck_assert_int_lt(snprintf(path, size, "%s/%s", home, name), (int)size);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	in_home(path, sizeof(path), name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void make_dir(const char *name)
{
	char path[256];

	in_home(path, sizeof(path), name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

/* A listening socket, or one that nobody listens on. */
static int put_socket(const char *name, int listening)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in_home(sa.sun_path, sizeof(sa.sun_path), name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	if (listening)
		ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

static void set(const char *variable, const char *prefix, const char *name)
{
	char value[320];

	snprintf(value, sizeof(value), "%s%s/%s", prefix, home, name);
	setenv(variable, value, 1);
}

static void setup(void)
{
	strcpy(home, "/tmp/gantry-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	setenv("HOME", home, 1);
	setenv("XDG_RUNTIME_DIR", home, 1);
	setenv("PATH", home, 1);
	set("CRI_CONFIG_FILE", "", "crictl.yaml");
	unsetenv("DOCKER_HOST");
	unsetenv("DOCKER_CONFIG");
	unsetenv("CONTAINERD_ADDRESS");
	unsetenv("CONTAINER_RUNTIME_ENDPOINT");
	unsetenv("CONTAINER_HOST");
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "/bin/rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static const struct candidate *by_source(const struct candidates *l, const char *source)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].source, source))
			return &l->v[i];
	return NULL;
}

START_TEST(the_environment_is_listed_even_where_nothing_is)
{
	clean_candidates struct candidates l = { 0 };
	const struct candidate *c;

	setenv("DOCKER_HOST", "unix:///nowhere/d.sock", 1);
	setenv("CONTAINERD_ADDRESS", "/nowhere/c.sock", 1);
	setenv("CONTAINER_HOST", "ssh://far/p.sock", 1);
	ck_assert_int_eq(candidates_collect(&l), 0);
	ck_assert_str_eq(l.v[0].kind, "native");
	c = by_source(&l, "$DOCKER_HOST");
	ck_assert_str_eq(c->address, "docker:/nowhere/d.sock");
	ck_assert_ptr_null(c->why);
	ck_assert_str_eq(by_source(&l, "$CONTAINERD_ADDRESS")->kind, "containerd");
	ck_assert_ptr_nonnull(strstr(by_source(&l, "$CONTAINER_HOST")->why, "unix sockets only"));
}
END_TEST

START_TEST(docker_contexts_are_read_and_odd_ones_passed_over)
{
	clean_candidates struct candidates l = { 0 };

	make_dir(".docker");
	make_dir(".docker/contexts");
	make_dir(".docker/contexts/meta");
	make_dir(".docker/contexts/meta/aa");
	make_dir(".docker/contexts/meta/bb");
	make_dir(".docker/contexts/meta/cc");
	put(".docker/config.json", "{\"currentContext\": \"mine\"}");
	put(".docker/contexts/meta/aa/meta.json", "{\"Name\": \"mine\", \"Endpoints\": "
						  "{\"docker\": {\"Host\": "
						  "\"unix:///x/mine.sock\"}}}");
	put(".docker/contexts/meta/bb/meta.json", "{\"Name\": \"broken");
	put(".docker/contexts/meta/cc/meta.json", "{\"Name\": \"far\", \"Endpoints\": {\"docker\": "
						  "{\"Host\": \"tcp://10.0.0.1:2376\"}}}");
	ck_assert_int_eq(candidates_collect(&l), 0);
	ck_assert_str_eq(by_source(&l, "docker context mine (current)")->path, "/x/mine.sock");
	ck_assert_ptr_nonnull(by_source(&l, "docker context far")->why);
}
END_TEST

START_TEST(crictls_file_names_a_cri_endpoint)
{
	clean_candidates struct candidates l = { 0 };
	char file[256];

	put("crictl.yaml", "runtime-endpoint: unix:///x/cri.sock\ntimeout: 2\n");
	in_home(file, sizeof(file), "crictl.yaml");
	ck_assert_int_eq(candidates_collect(&l), 0);
	ck_assert_ptr_nonnull(by_source(&l, file));
	ck_assert_str_eq(by_source(&l, file)->kind, "cri");
}
END_TEST

START_TEST(one_place_by_two_names_is_one_engine)
{
	clean_candidates struct candidates l = { 0 };
	char link[256], to[256];
	int fd = put_socket("docker.sock", 1), n = 0;

	in_home(to, sizeof(to), "docker.sock");
	in_home(link, sizeof(link), "link.sock");
	ck_assert_int_eq(symlink(to, link), 0);
	set("DOCKER_HOST", "unix://", "link.sock");
	ck_assert_int_eq(candidates_collect(&l), 0);
	for (size_t i = 0; i < l.n; i++)
		n += !strcmp(l.v[i].real, to);
	ck_assert_int_eq(n, 1);
	ck_assert_ptr_nonnull(by_source(&l, "$DOCKER_HOST"));
	close(fd);
}
END_TEST

static const struct gantry_found *found(struct gantry_found **list, const char *source)
{
	for (; *list; list++)
		if (!strcmp((*list)->source, source))
			return *list;
	return NULL;
}

START_TEST(dead_and_foreign_engines_say_why)
{
	__attribute__((cleanup(gantry_found_freep))) struct gantry_found **list = NULL;
	const struct gantry_found *f;
	int dead = put_socket("dead.sock", 0), alive = put_socket("alive.sock", 1);

	set("DOCKER_HOST", "unix://", "dead.sock");
	set("CONTAINERD_ADDRESS", "", "alive.sock");
	set("CONTAINER_RUNTIME_ENDPOINT", "unix://", "missing.sock");
	ck_assert_int_ge(gantry_engine_discover(NULL, &list, NULL), 4);
	f = found(list, "$DOCKER_HOST");
	ck_assert_str_eq(f->why, "nothing answers");
	ck_assert_int_eq(f->usable, 0);
	ck_assert_str_eq(f->version, "");
	ck_assert_str_eq(found(list, "$CONTAINERD_ADDRESS")->why, "gantry does not drive "
								  "containerd yet");
	ck_assert_str_eq(found(list, "$CONTAINER_RUNTIME_ENDPOINT")->why, "nothing answers");
	close(dead);
	close(alive);
}
END_TEST

START_TEST(a_hung_daemon_costs_a_second_and_says_so)
{
	__attribute__((cleanup(gantry_found_freep))) struct gantry_found **list = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	int fd = put_socket("hung.sock", 1);

	set("DOCKER_HOST", "unix://", "hung.sock");
	ck_assert_int_ge(gantry_engine_discover(NULL, &list, &op), 2);
	ck_assert_str_eq(found(list, "$DOCKER_HOST")->why, "does not answer within 3 seconds");
	ck_assert_uint_lt(op.elapsed_ns, 8000000000ull);
	close(fd);
}
END_TEST

START_TEST(a_program_that_is_no_runtime_is_listed_with_the_reason)
{
	__attribute__((cleanup(gantry_found_freep))) struct gantry_found **list = NULL;
	const struct gantry_found *f;
	char path[256];

	put("crun", "#!/bin/sh\nexit 3\n");
	in_home(path, sizeof(path), "crun");
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_ge(gantry_engine_discover(NULL, &list, NULL), 2);
	f = found(list, "PATH");
	ck_assert_str_eq(f->address, "oci:crun");
	ck_assert_int_eq(f->usable, 0);
	ck_assert_str_ne(f->why, "");
}
END_TEST

START_TEST(cancelling_ends_the_search)
{
	struct gantry_found **list = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	op.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(gantry_engine_discover(NULL, &list, &op), -ECANCELED);
	ck_assert_ptr_null(list);
	close(op.cancel_fd);
}
END_TEST

Suite *discover_suite(void);
Suite *discover_suite(void)
{
	Suite *s = suite_create("engine/discover");
	TCase *t = tcase_create("discover");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, the_environment_is_listed_even_where_nothing_is);
	tcase_add_test(t, docker_contexts_are_read_and_odd_ones_passed_over);
	tcase_add_test(t, crictls_file_names_a_cri_endpoint);
	tcase_add_test(t, one_place_by_two_names_is_one_engine);
	tcase_add_test(t, dead_and_foreign_engines_say_why);
	tcase_add_test(t, a_hung_daemon_costs_a_second_and_says_so);
	tcase_add_test(t, a_program_that_is_no_runtime_is_listed_with_the_reason);
	tcase_add_test(t, cancelling_ends_the_search);
	suite_add_tcase(s, t);
	return s;
}
