/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/where.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct gantry_err err;

static void points_at(const char *text, const char *kind, const char *rest)
{
	clean_where struct engine_where w = { 0 };
	const struct engine_ops *ops = NULL;

	ck_assert_msg(where_parse(text, &w, &ops, &err) == 0, "%s: %s", text, err.msg);
	ck_assert_str_eq(ops->kind, kind);
	ck_assert_str_eq(w.rest, rest);
}

static void fails(const char *text, int r, const char *word)
{
	clean_where struct engine_where w = { 0 };
	const struct engine_ops *ops = NULL;

	ck_assert_msg(where_parse(text, &w, &ops, &err) == r, "%s", text);
	ck_assert_msg(strstr(err.msg, word) != NULL, "%s: %s", text, err.msg);
}

START_TEST(an_address_has_an_engine_and_a_rest)
{
	points_at("native", "native", "");
	points_at("null", "null", "");
	points_at("oci:runc", "oci", "runc");
	points_at("oci:/usr/bin/crun", "oci", "/usr/bin/crun");
	points_at("docker", "docker", "");
	points_at("docker:/run/a:b.sock", "docker", "/run/a:b.sock");
}
END_TEST

START_TEST(names_of_bucketbench_are_aliases_in_any_case)
{
	points_at("Docker", "docker", "");
	points_at("NULL", "null", "");
	points_at("Runc", "oci", "runc");
	points_at("CRun", "oci", "crun");
	points_at("Youki:/opt/youki", "oci", "/opt/youki");
}
END_TEST

START_TEST(podman_is_docker_at_its_usual_socket)
{
	unsetenv("CONTAINER_HOST");
	points_at("podman:/x.sock", "docker", "/x.sock");
	if (geteuid() == 0)
		points_at("podman", "docker", "/run/podman/podman.sock");
	setenv("CONTAINER_HOST", "unix:///tmp/p.sock", 1);
	points_at("podman", "docker", "/tmp/p.sock");
	setenv("CONTAINER_HOST", "ssh://elsewhere/p.sock", 1);
	if (geteuid() == 0)
		points_at("podman", "docker", "/run/podman/podman.sock");
}
END_TEST

START_TEST(an_unknown_engine_is_an_error_that_names_the_known_ones)
{
	fails("dokcer", -EINVAL, "native, oci, docker, podman, null");
	fails("", -EINVAL, "no engine");
	fails(":x", -EINVAL, "no engine");
	fails("\033[2Jx", -EINVAL, "\\x1b");
}
END_TEST

START_TEST(an_engine_that_is_not_driven_yet_is_refused_by_name)
{
	fails("containerd", -ENOTSUP, "containerd");
	fails("Containerd:/x#ns", -ENOTSUP, "containerd");
	fails("ctr", -ENOTSUP, "ctr");
	fails("CRI", -ENOTSUP, "cri");
	fails("docker-cli", -ENOTSUP, "docker-cli");
	fails("DockerCLI", -ENOTSUP, "docker");
}
END_TEST

START_TEST(keys_are_taken_only_by_engines_that_have_them)
{
	clean_where struct engine_where w = { 0 };
	const struct engine_ops *ops;

	ck_assert_int_eq(where_parse("runc,root=/r,", &w, &ops, &err), -EINVAL);
	ck_assert_msg(where_parse("oci:runc,root=/r=x", &w, &ops, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(engine_where_key(&w, "root"), "/r=x");
	ck_assert_ptr_null(engine_where_key(&w, "roo"));
	ck_assert_str_eq(w.rest, "runc");
	fails("null,root=/r", -EINVAL, "root");
	fails("oci:runc,rot=/r", -EINVAL, "it takes");
	fails("oci:runc,root", -EINVAL, "key=value");
	fails("oci:runc,root=/a,root=/b", -EINVAL, "twice");
}
END_TEST

START_TEST(an_alias_keeps_its_address_before_keys)
{
	clean_where struct engine_where w = { 0 };
	const struct engine_ops *ops;

	ck_assert_int_eq(where_parse("runc,root=/r", &w, &ops, &err), 0);
	ck_assert_str_eq(w.rest, "runc");
	ck_assert_str_eq(engine_where_key(&w, "root"), "/r");
}
END_TEST

Suite *where_suite(void);
Suite *where_suite(void)
{
	Suite *s = suite_create("engine/where");
	TCase *t = tcase_create("addresses");

	tcase_add_test(t, an_address_has_an_engine_and_a_rest);
	tcase_add_test(t, names_of_bucketbench_are_aliases_in_any_case);
	tcase_add_test(t, podman_is_docker_at_its_usual_socket);
	tcase_add_test(t, an_unknown_engine_is_an_error_that_names_the_known_ones);
	tcase_add_test(t, an_engine_that_is_not_driven_yet_is_refused_by_name);
	tcase_add_test(t, keys_are_taken_only_by_engines_that_have_them);
	tcase_add_test(t, an_alias_keeps_its_address_before_keys);
	suite_add_tcase(s, t);
	return s;
}
