/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real containers, on native and on runc: all commands succeed, and nothing is
 * left behind, however the run ends. Needs root and busybox; skipped without.
 */
#include "unit/bench/plans.h"

#include <gantry/container.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "unit/base/tempdir.h"

struct place {
	struct tempdir d;
	struct gantry_engine_options how;
	char root[80], run[80], rootfs[80];
};

static const char *const engines[] = { "native", "oci:runc" };

static bool can_run(const char *engine)
{
	return geteuid() == 0 && access("/bin/busybox", X_OK) == 0 &&
	       (strcmp(engine, "oci:runc") != 0 || access("/usr/sbin/runc", X_OK) == 0 ||
		access("/usr/bin/runc", X_OK) == 0);
}

static void place_make(struct place *p)
{
	char cmd[1024];

	tempdir_make(&p->d);
	snprintf(p->root, sizeof(p->root), "%s/root", p->d.path);
	snprintf(p->run, sizeof(p->run), "%s/run", p->d.path);
	snprintf(p->rootfs, sizeof(p->rootfs), "%s/rootfs", p->d.path);
	snprintf(cmd, sizeof(cmd), "mkdir -p %s/bin %s/dev %s/proc %s/sys %s/tmp && "
		 "cp /bin/busybox %s/bin/sh && ln -s sh %s/bin/sleep", p->rootfs, p->rootfs,
		 p->rootfs, p->rootfs, p->rootfs, p->rootfs, p->rootfs);
	ck_assert_int_eq(system(cmd), 0);
	p->how = (struct gantry_engine_options)GANTRY_ENGINE_OPTIONS_INIT;
	p->how.root = p->root;
	p->how.run = p->run;
}

/* How many containers the engine has; all of them are of the tests. */
static int containers(const struct place *p, const char *engine)
{
	__attribute__((cleanup(gantry_engine_closep))) struct gantry_engine *e = NULL;
	struct gantry_container **list = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	int n;

	ck_assert_msg(gantry_engine_open(engine, &p->how, &e, &op) == 0, "%s", op.err.msg);
	n = gantry_container_list(e, &list, &op);
	ck_assert_msg(n >= 0, "%s", op.err.msg);
	gantry_container_list_free(list);
	return n;
}

static struct gantry_bench *bench_in(const struct place *p, const char *engine,
				     const char *commands, const char *counts)
{
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench_options o;
	struct gantry_bench *b = NULL;
	char text[1024];

	snprintf(text, sizeof(text), "name: D\nrootfs: %s\ncommand: sleep 100\ncommands: [%s]\n"
		 "drivers: [{engine: '%s', %s}]\n", p->rootfs, commands, engine, counts);
	o = options_of(text);
	o.engine = &p->how;
	ck_assert_msg(gantry_bench_new(&o, &b, &op) == 0, "%s", op.err.msg);
	return b;
}

START_TEST(every_command_succeeds_on_real_containers)
{
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b;
	struct place p;

	if (!can_run(engines[_i]))
		return;
	place_make(&p);
	b = bench_in(&p, engines[_i], "run, pause, resume, stop, wait, delete",
		     "threads: 2, iterations: 3, warmup: 1");
	ck_assert_msg(gantry_bench_validate(b, &op) == 0, "%s", op.err.msg);
	ck_assert_int_eq(containers(&p, engines[_i]), 0);
	ck_assert_msg(gantry_bench_run(b, &op) == 0, "%s", op.err.msg);
	r = report_of(b);
	gantry_bench_free(b);
	for (size_t i = 0; i < r->rows[0]->n_steps; i++) {
		const struct gantry_bench_step *s = r->rows[0]->steps[i];

		ck_assert_msg(s->errors == 0 && s->unsupported == 0, "%s: %s", s->name, s->words);
		ck_assert_uint_eq(s->count, 6);
	}
	ck_assert_uint_eq(r->rows[0]->completed, 6);
	ck_assert_uint_eq(r->cleaned, 0);
	ck_assert_uint_gt(strlen(r->rows[0]->version), 0);
	ck_assert_uint_gt(r->rows[0]->child_user_ns + r->rows[0]->child_system_ns, 0);
	ck_assert_int_eq(containers(&p, engines[_i]), 0);
	tempdir_remove(&p.d);
}
END_TEST

START_TEST(what_a_plan_does_not_delete_is_removed_at_the_end)
{
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b;
	struct place p;

	if (!can_run(engines[_i]))
		return;
	place_make(&p);
	b = bench_in(&p, engines[_i], "run", "threads: 2, iterations: 2, warmup: 1");
	ck_assert_msg(gantry_bench_run(b, &op) == 0, "%s", op.err.msg);
	r = report_of(b);
	gantry_bench_free(b);
	ck_assert_uint_eq(r->rows[0]->completed, 4);
	ck_assert_uint_eq(r->cleaned, 4);
	ck_assert_int_eq(containers(&p, engines[_i]), 0);
	tempdir_remove(&p.d);
}
END_TEST

static void *cancel_soon(void *arg)
{
	uint64_t one = 1;

	usleep(300000);
	ck_assert_int_eq(write(*(int *)arg, &one, sizeof(one)), sizeof(one));
	return NULL;
}

START_TEST(a_cancelled_run_leaves_no_container)
{
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b;
	struct place p;
	pthread_t t;

	if (!can_run(engines[_i]))
		return;
	place_make(&p);
	b = bench_in(&p, engines[_i], _i ? "run, wait" : "run", "threads: 3, iterations: 3000");
	op.cancel_fd = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&t, NULL, cancel_soon, &op.cancel_fd), 0);
	ck_assert_int_eq(gantry_bench_run(b, &op), -ECANCELED);
	pthread_join(t, NULL);
	close(op.cancel_fd);
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_PARTIAL);
	r = report_of(b);
	gantry_bench_free(b);
	ck_assert_uint_gt(r->cleaned, 0);
	ck_assert_str_eq(r->rows[0]->words, "");
	ck_assert_int_eq(containers(&p, engines[_i]), 0);
	tempdir_remove(&p.d);
}
END_TEST

START_TEST(a_rootfs_that_is_not_there_is_an_error_of_prepare)
{
	clean_report struct gantry_bench_report *r = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b;
	struct place p;

	if (!can_run(engines[_i]))
		return;
	place_make(&p);
	snprintf(p.rootfs, sizeof(p.rootfs), "%s/nowhere", p.d.path);
	b = bench_in(&p, engines[_i], "run, delete", "threads: 1, iterations: 2");
	ck_assert_int_eq(gantry_bench_validate(b, &op), -ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "p.yaml:5:"));
	ck_assert_ptr_nonnull(strstr(op.err.msg, "prepare: "));
	ck_assert_int_eq(gantry_bench_run(b, &op), 0);
	r = report_of(b);
	gantry_bench_free(b);
	ck_assert_uint_eq(step_of(r->rows[0], "prepare")->errors, 2);
	ck_assert_uint_eq(step_of(r->rows[0], "run")->errors, 0);
	ck_assert_uint_eq(r->rows[0]->failed, 2);
	ck_assert_uint_eq(r->rows[0]->completed, 0);
	tempdir_remove(&p.d);
}
END_TEST

Suite *driver_suite(void);
Suite *driver_suite(void)
{
	Suite *s = suite_create("bench/driver");
	TCase *t = tcase_create("driver");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, every_command_succeeds_on_real_containers, 0, 2);
	tcase_add_loop_test(t, what_a_plan_does_not_delete_is_removed_at_the_end, 0, 2);
	tcase_add_loop_test(t, a_cancelled_run_leaves_no_container, 0, 2);
	tcase_add_loop_test(t, a_rootfs_that_is_not_there_is_an_error_of_prepare, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
