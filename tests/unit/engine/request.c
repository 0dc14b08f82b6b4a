/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static struct gantry_err err;

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct gantry_create rooted(void)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.rootfs = "/r";
	return w;
}

static void refused(const struct gantry_create *w, const char *word)
{
	struct gantry_create out;

	ck_assert_msg(request_create(&out, w, &err) == -EINVAL, "%s was not refused", word);
	ck_assert_msg(strstr(err.msg, word) != NULL, "\"%s\" is not in: %s", word, err.msg);
}

START_TEST(exactly_one_of_image_rootfs_and_bundle_is_given)
{
	struct gantry_create w = GANTRY_CREATE_INIT, out;

	refused(&w, "exactly one");
	w.image = "i";
	ck_assert_int_eq(request_create(&out, &w, &err), 0);
	w.bundle = "/b";
	refused(&w, "exactly one");
	ck_assert_int_eq(request_create(&out, NULL, &err), -EINVAL);
}
END_TEST

#define REFUSES(field, value, word) \
	do { \
		struct gantry_create w_ = rooted(); \
		w_.field = value; \
		refused(&w_, word); \
	} while (0)

START_TEST(each_field_has_its_rule)
{
	REFUSES(name, "", "name");
	REFUSES(name, "a/b", "name");
	REFUSES(name, "-a", "name");
	REFUSES(workdir, "rel", "working directory");
	REFUSES(user, "", "empty");
	REFUSES(args, LIST(""), "command");
	REFUSES(env, LIST("NOVALUE"), "NAME=VALUE");
	REFUSES(env, LIST("A=1", "=x"), "NAME=VALUE");
	REFUSES(labels, LIST("=x"), "KEY=VALUE");
	REFUSES(labels, LIST("io.gantry.owner=me"), "own mark");
	REFUSES(volumes, LIST("/a"), "volume");
	REFUSES(volumes, LIST("a:/b"), "volume");
	REFUSES(volumes, LIST("/a:b"), "volume");
	REFUSES(volumes, LIST("/a:/b:rx"), ":ro");
	REFUSES(cap_add, LIST("NET-ADMIN"), "capability");
	REFUSES(cap_drop, LIST(""), "capability");
	REFUSES(ulimits, LIST("nofile"), "ulimit");
	REFUSES(pids_limit, -1, "below 0");
	REFUSES(flags, 4, "flag");
	REFUSES(reserved, 1, "reserved");
}
END_TEST

START_TEST(a_full_request_passes)
{
	struct gantry_create w = rooted(), out;

	w.name = "a.b-c_D9";
	w.workdir = "/";
	w.user = "0:0";
	w.hostname = "h";
	w.args = LIST("sh");
	w.env = LIST("A=", "B=x=y");
	w.labels = LIST("k=", "io.gantry.ownership=1");
	w.volumes = LIST("/a:/b", "/a:/c:ro", "/a:/d:rw");
	w.cap_add = LIST("NET_ADMIN", "cap_sys_ptrace", "ALL");
	w.ulimits = LIST("nofile=10:20");
	w.flags = GANTRY_CREATE_READ_ONLY | GANTRY_CREATE_AUTO_REMOVE;
	ck_assert_msg(request_create(&out, &w, &err) == 0, "%s", err.msg);
}
END_TEST

#define BESIDE(field, value) \
	do { \
		struct gantry_create w_ = GANTRY_CREATE_INIT; \
		w_.bundle = "/b"; \
		w_.field = value; \
		refused(&w_, "beside a bundle"); \
	} while (0)

START_TEST(nothing_is_ignored_beside_a_bundle)
{
	struct gantry_create w = GANTRY_CREATE_INIT, out;

	BESIDE(args, LIST("sh"));
	BESIDE(env, LIST("A=1"));
	BESIDE(workdir, "/");
	BESIDE(user, "0");
	BESIDE(hostname, "h");
	BESIDE(volumes, LIST("/a:/b"));
	BESIDE(cap_add, LIST("ALL"));
	BESIDE(cap_drop, LIST("ALL"));
	BESIDE(ulimits, LIST("nofile=1"));
	BESIDE(mem_bytes, 1);
	BESIDE(cpu_milli, 1);
	BESIDE(pids_limit, 1);
	BESIDE(flags, GANTRY_CREATE_READ_ONLY);
	w.bundle = "/b";
	w.name = "n";
	w.labels = LIST("k=v");
	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	ck_assert_int_eq(request_create(&out, &w, &err), 0);
}
END_TEST

START_TEST(newer_callers_may_not_ask_for_the_unknown)
{
	struct {
		struct gantry_stop s;
		long extra;
	} v2 = { GANTRY_STOP_INIT, 0 };
	struct gantry_stop out;

	v2.s.size = sizeof(v2);
	ck_assert_int_eq(request_stop(&out, &v2.s, &err), 0); /* longer, but the tail is zero */
	v2.extra = 1;
	ck_assert_int_eq(request_stop(&out, &v2.s, &err), -E2BIG);
}
END_TEST

START_TEST(older_callers_keep_the_defaults)
{
	struct gantry_stop old = { offsetof(struct gantry_stop, signal), 7, 99, 99 }, out;

	ck_assert_int_eq(request_stop(&out, &old, &err), 0);
	ck_assert_uint_eq(out.grace_us, 7);
	ck_assert_int_eq(out.signal, 0);
	ck_assert_uint_eq(out.size, sizeof(out));
}
END_TEST

START_TEST(a_detached_run_takes_no_streams)
{
	struct gantry_run h = GANTRY_RUN_INIT, out;

	h.flags = GANTRY_RUN_DETACH;
	ck_assert_int_eq(request_run(&out, &h, &err), 0);
	h.stdout_fd = 1;
	ck_assert_int_eq(request_run(&out, &h, &err), -EINVAL);
	h.flags = 0;
	ck_assert_int_eq(request_run(&out, &h, &err), 0);
	ck_assert_int_eq(request_run(&out, NULL, &err), 0);
	ck_assert_uint_eq(out.flags, GANTRY_RUN_DETACH);
}
END_TEST

START_TEST(an_older_exit_struct_is_filled_as_far_as_it_goes)
{
	struct gantry_exit x = GANTRY_EXIT_INIT, from = { sizeof(from), 3, 4, 5, 1, 0 };

	x.size = offsetof(struct gantry_exit, signal);
	x.signal = 99;
	ck_assert_int_eq(request_exit(&x, &err), 0);
	request_exit_fill(&x, &from);
	ck_assert_int_eq(x.code, 3);
	ck_assert_int_eq(x.signal, 99);
	x.size = 0;
	ck_assert_int_eq(request_exit(&x, &err), -EINVAL);
}
END_TEST

Suite *request_suite(void);
Suite *request_suite(void)
{
	Suite *s = suite_create("engine/request");
	TCase *t = tcase_create("checks");

	tcase_add_test(t, exactly_one_of_image_rootfs_and_bundle_is_given);
	tcase_add_test(t, each_field_has_its_rule);
	tcase_add_test(t, a_full_request_passes);
	tcase_add_test(t, nothing_is_ignored_beside_a_bundle);
	tcase_add_test(t, newer_callers_may_not_ask_for_the_unknown);
	tcase_add_test(t, older_callers_keep_the_defaults);
	tcase_add_test(t, a_detached_run_takes_no_streams);
	tcase_add_test(t, an_older_exit_struct_is_filled_as_far_as_it_goes);
	suite_add_tcase(s, t);
	return s;
}
