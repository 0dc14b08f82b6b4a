/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ops.h"

#include <check.h>
#include <errno.h>
#include <gantry/engine.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define clean_engine __attribute__((cleanup(gantry_engine_closep)))

START_TEST(an_engine_comes_from_the_argument_then_the_environment)
{
	clean_engine struct gantry_engine *e = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	setenv("GANTRY_ENGINE", "null", 1);
	ck_assert_int_eq(gantry_engine_open(NULL, NULL, &e, &op), 0);
	ck_assert_str_eq(gantry_engine_kind(e), "null");
	ck_assert_str_eq(gantry_engine_path(e), "");
	gantry_engine_closep(&e);
	ck_assert_int_eq(gantry_engine_open("", NULL, &e, &op), 0);
	gantry_engine_closep(&e);
	ck_assert_ptr_null(e);
	setenv("GANTRY_ENGINE", "nonsense", 1);
	ck_assert_int_eq(gantry_engine_open(NULL, NULL, &e, &op), -EINVAL);
	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, &op), 0);
}
END_TEST

START_TEST(options_come_from_the_caller_then_the_environment)
{
	clean_engine struct gantry_engine *e = NULL;
	struct gantry_engine_options how = GANTRY_ENGINE_OPTIONS_INIT;

	unsetenv("GANTRY_RUN");
	setenv("GANTRY_ROOT", "/from/env", 1);
	setenv("GANTRY_OCI", "/from/env/oci", 1);
	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, NULL), 0);
	ck_assert_str_eq(e->root, "/from/env");
	ck_assert_str_eq(e->run, "/run/gantry");
	ck_assert_str_eq(e->oci, "/from/env/oci");
	ck_assert_str_eq(e->owner, "gantry");
	gantry_engine_closep(&e);
	how.root = "/mine";
	how.owner = "me";
	ck_assert_int_eq(gantry_engine_open("null", &how, &e, NULL), 0);
	ck_assert_str_eq(e->root, "/mine");
	ck_assert_str_eq(e->owner, "me");
}
END_TEST

static void refused(const struct gantry_engine_options *how, int r, const char *word)
{
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_engine *e = NULL;

	ck_assert_int_eq(gantry_engine_open("null", how, &e, &op), r);
	ck_assert_ptr_null(e);
	ck_assert_msg(strstr(op.err.msg, word) != NULL, "%s", op.err.msg);
}

START_TEST(wrong_options_are_refused)
{
	struct gantry_engine_options how = GANTRY_ENGINE_OPTIONS_INIT;
	struct {
		struct gantry_engine_options o;
		long more;
	} newer = { GANTRY_ENGINE_OPTIONS_INIT, 1 };

	how.root = "rel";
	refused(&how, -EINVAL, "absolute");
	how.root = NULL;
	how.owner = "a b";
	refused(&how, -EINVAL, "owner");
	how.owner = NULL;
	how.log_level = 9;
	refused(&how, -EINVAL, "log level");
	how.size = 0;
	refused(&how, -EINVAL, "size");
	newer.o.size = sizeof(newer);
	refused(&newer.o, -E2BIG, "does not know");
}
END_TEST

START_TEST(every_function_needs_an_engine_and_a_container)
{
	clean_engine struct gantry_engine *e = NULL;
	struct gantry_container *c = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, NULL), 0);
	ck_assert_int_eq(gantry_container_pause(NULL, "x", &op), -EINVAL);
	ck_assert_int_eq(gantry_container_pause(e, NULL, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_start(e, "", &op), -EINVAL);
	ck_assert_int_eq(gantry_container_get(e, "../x", &c, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_get(e, "x", NULL, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_kill(e, "x", 0, 0, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_kill(e, "x", 65, 0, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_kill(e, "x", 9, 2, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_delete(e, "x", 2, &op), -EINVAL);
	ck_assert_int_eq(gantry_container_list(e, NULL, &op), -EINVAL);
	ck_assert_int_eq(gantry_engine_info(e, NULL, &op), -EINVAL);
	ck_assert_int_eq(gantry_engine_open("null", NULL, NULL, &op), -EINVAL);
	ck_assert_int_eq(gantry_engine_can(NULL, "pause"), -EINVAL);
	ck_assert_int_eq(gantry_engine_can(e, NULL), -EINVAL);
	gantry_engine_close(NULL);
}
END_TEST

START_TEST(a_cancelled_call_does_nothing_more)
{
	clean_engine struct gantry_engine *e = NULL;
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_container **list = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, NULL), 0);
	w.image = "x";
	op.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(gantry_container_create(e, &w, NULL, &op), -ECANCELED);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "create"));
	ck_assert_int_eq(gantry_container_list(e, &list, NULL), 0);
	gantry_container_list_free(list);
	close(op.cancel_fd);
}
END_TEST

START_TEST(an_op_of_a_newer_caller_is_refused_and_not_written_over)
{
	clean_engine struct gantry_engine *e = NULL;
	struct {
		struct gantry_op op;
		long more;
	} newer = { GANTRY_OP_INIT, 1 };

	newer.op.size = sizeof(newer);
	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, &newer.op), -E2BIG);
	ck_assert_ptr_null(e);
	ck_assert_int_eq((int)newer.more, 1);
}
END_TEST

START_TEST(closing_keeps_errno)
{
	struct gantry_engine *e = NULL;

	ck_assert_int_eq(gantry_engine_open("null", NULL, &e, NULL), 0);
	errno = EXDEV;
	gantry_engine_close(e);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

Suite *engine_suite(void);
Suite *engine_suite(void)
{
	Suite *s = suite_create("engine/engine");
	TCase *t = tcase_create("open");

	tcase_add_test(t, an_engine_comes_from_the_argument_then_the_environment);
	tcase_add_test(t, options_come_from_the_caller_then_the_environment);
	tcase_add_test(t, wrong_options_are_refused);
	tcase_add_test(t, every_function_needs_an_engine_and_a_container);
	tcase_add_test(t, a_cancelled_call_does_nothing_more);
	tcase_add_test(t, an_op_of_a_newer_caller_is_refused_and_not_written_over);
	tcase_add_test(t, closing_keeps_errno);
	suite_add_tcase(s, t);
	return s;
}
