/* SPDX-License-Identifier: Apache-2.0 */
/* Driver types: names in any case, and what clientpath makes of them. */
#include "bench/type.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *type, *clientpath, *name, *address;
	enum type_need need;
} table[] = {
	{ "Null", NULL, "Null", "null", NEEDS_NOTHING },
	{ "native", NULL, "Native", "native", NEEDS_ROOTFS },
	{ "runc", NULL, "Runc", "oci:runc", NEEDS_ROOTFS },
	{ "RUNC", "/opt/runc", "Runc", "oci:/opt/runc", NEEDS_ROOTFS },
	{ "CRun", NULL, "CRun", "oci:crun", NEEDS_ROOTFS },
	{ "Youki", "youki-0.4", "Youki", "oci:youki-0.4", NEEDS_ROOTFS },
	{ "OCI", "/opt/other", "OCI", "oci:/opt/other", NEEDS_ROOTFS },
	{ "Docker", NULL, "Docker", "docker", NEEDS_IMAGE },
	{ "docker", "/nowhere/docker.sock", "Docker", "docker:/nowhere/docker.sock", NEEDS_IMAGE },
	{ "Docker", "unix:///run/x.sock", "Docker", "docker:/run/x.sock", NEEDS_IMAGE },
	{ "Docker", "/bin/sh", "Docker", "docker-cli:/bin/sh", NEEDS_IMAGE },
	{ "Docker", "docker-20", "Docker", "docker-cli:docker-20", NEEDS_IMAGE },
	{ "DockerCLI", NULL, "DockerCLI", "docker-cli", NEEDS_IMAGE },
	{ "Containerd", "/run/c.sock", "Containerd", "containerd:/run/c.sock", NEEDS_IMAGE },
	{ "Ctr", NULL, "Ctr", "ctr", NEEDS_ROOTFS },
	{ "CRI", "/run/crio.sock", "CRI", "cri:/run/crio.sock", NEEDS_IMAGE },
};

START_TEST(a_type_becomes_an_engine_address)
{
	struct type_engine e = { 0 };
	struct gantry_err err;

	ck_assert_int_eq(type_find(table[_i].type, table[_i].clientpath, &e, &err), 0);
	ck_assert_str_eq(e.name, table[_i].name);
	ck_assert_str_eq(e.address, table[_i].address);
	ck_assert_int_eq(e.need, table[_i].need);
	ck_assert_int_eq(type_need_of(e.address), table[_i].need);
	free(e.address);
}
END_TEST

START_TEST(an_unknown_type_is_an_error_that_names_the_known)
{
	struct type_engine e = { 0 };
	struct gantry_err err;

	ck_assert_int_eq(type_find("Rocket", NULL, &e, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"Rocket\""));
	ck_assert_ptr_nonnull(strstr(err.msg, "Null, Native, Runc, CRun, Youki, OCI, Docker"));
	ck_assert_ptr_nonnull(strstr(err.msg, "CRI"));
	ck_assert_ptr_null(e.address);
}
END_TEST

START_TEST(a_clientpath_that_cannot_be_used_is_refused)
{
	struct type_engine e = { 0 };
	struct gantry_err err;

	ck_assert_int_eq(type_find("OCI", NULL, &e, &err), -EINVAL);
	ck_assert_str_eq(err.msg, "OCI needs a clientpath: the runtime");
	ck_assert_int_eq(type_find("Null", "/x", &e, &err), -EINVAL);
	ck_assert_int_eq(type_find("Native", "/x", &e, &err), -EINVAL);
	ck_assert_int_eq(type_find("Runc", "/x,root=/y", &e, &err), -EINVAL);
	ck_assert_ptr_null(e.address);
}
END_TEST

START_TEST(addresses_tell_what_they_need_by_their_first_word)
{
	ck_assert_int_eq(type_need_of("oci:/usr/bin/crun,root=/x"), NEEDS_ROOTFS);
	ck_assert_int_eq(type_need_of("podman"), NEEDS_IMAGE);
	ck_assert_int_eq(type_need_of("Runc"), NEEDS_ROOTFS);
	ck_assert_int_eq(type_need_of("null"), NEEDS_NOTHING);
	ck_assert_int_eq(type_need_of("something"), NEEDS_NOTHING);
	ck_assert_int_eq(type_need_of("dock"), NEEDS_NOTHING);
}
END_TEST

Suite *type_suite(void);
Suite *type_suite(void)
{
	Suite *s = suite_create("bench/type");
	TCase *t = tcase_create("type");

	tcase_add_loop_test(t, a_type_becomes_an_engine_address, 0,
			    sizeof(table) / sizeof(table[0]));
	tcase_add_test(t, an_unknown_type_is_an_error_that_names_the_known);
	tcase_add_test(t, a_clientpath_that_cannot_be_used_is_refused);
	tcase_add_test(t, addresses_tell_what_they_need_by_their_first_word);
	suite_add_tcase(s, t);
	return s;
}
