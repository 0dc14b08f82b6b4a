/* SPDX-License-Identifier: Apache-2.0 */
/* The bench object: options, files, states, what is refused, and engines that are not there. */
#include "unit/bench/plans.h"

#include <math.h>
#include <sys/stat.h>

#include "unit/base/tempdir.h"

#define NULL_PLAN \
	"drivers: [{type: Null, threads: 2, iterations: 5}]\ncommands: [run, stop, delete]\n"

START_TEST(options_are_checked)
{
	struct {
		struct gantry_bench_options o;
		long extra;
	} newer = { GANTRY_BENCH_OPTIONS_INIT, 0 };
	struct gantry_bench_options o = GANTRY_BENCH_OPTIONS_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b = NULL;

	ck_assert_int_eq(gantry_bench_new(NULL, &b, &op), -EINVAL);
	ck_assert_int_eq(gantry_bench_new(&o, &b, &op), -EINVAL);
	ck_assert_int_eq(gantry_bench_new(&o, NULL, &op), -EINVAL);
	o = options_of(NULL_PLAN);
	o.flags = 1u << 20;
	ck_assert_int_eq(gantry_bench_new(&o, &b, &op), -EINVAL);
	o = options_of(NULL_PLAN);
	o.limit_iterations = 1u << 20;
	ck_assert_int_eq(gantry_bench_new(&o, &b, &op), -EINVAL);
	newer.o = options_of(NULL_PLAN);
	newer.o.size = sizeof(newer);
	newer.extra = 1;
	ck_assert_int_eq(gantry_bench_new(&newer.o, &b, &op), -E2BIG);
	ck_assert_ptr_null(b);
	newer.extra = 0;
	ck_assert_int_eq(gantry_bench_new(&newer.o, &b, &op), 0);
	gantry_bench_freep(&b);
	ck_assert_ptr_null(b);
	gantry_bench_free(NULL);
	gantry_bench_report_free(NULL);
}
END_TEST

static int new_from(const char *file, struct gantry_op *op)
{
	struct gantry_bench_options o = GANTRY_BENCH_OPTIONS_INIT;
	struct gantry_bench *b = NULL;
	int r;

	*op = (struct gantry_op)GANTRY_OP_INIT;
	o.file = file;
	r = gantry_bench_new(&o, &b, op);
	gantry_bench_free(b);
	return r;
}

START_TEST(a_plan_comes_from_a_regular_file)
{
	struct gantry_op op;
	struct tempdir d;
	char path[128];
	int fd;

	tempdir_make(&d);
	put_file(&d, "good.yaml", NULL_PLAN);
	ck_assert_int_eq(symlinkat("good.yaml", d.fd, "link.yaml"), 0);
	ck_assert_int_eq(mkfifoat(d.fd, "fifo.yaml", 0600), 0);
	fd = openat(d.fd, "big.yaml", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(ftruncate(fd, (1 << 20) + 1), 0);
	close(fd);

	snprintf(path, sizeof(path), "%s/good.yaml", d.path);
	ck_assert_int_eq(new_from(path, &op), 0);
	snprintf(path, sizeof(path), "%s/link.yaml", d.path);
	ck_assert_int_eq(new_from(path, &op), 0);
	snprintf(path, sizeof(path), "%s/none.yaml", d.path);
	ck_assert_int_eq(new_from(path, &op), -ENOENT);
	ck_assert_int_eq(op.err.exit, 2);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "none.yaml"));
	snprintf(path, sizeof(path), "%s/fifo.yaml", d.path);
	ck_assert_int_eq(new_from(path, &op), -EINVAL);
	snprintf(path, sizeof(path), "%s/big.yaml", d.path);
	ck_assert_int_eq(new_from(path, &op), -E2BIG);
	ck_assert_int_eq(new_from(d.path, &op), -EISDIR);
	tempdir_remove(&d);
}
END_TEST

START_TEST(a_wrong_plan_says_where_and_that_the_caller_should_exit_with_2)
{
	struct gantry_bench_options o = options_of("name: x\ndrivers: 5\ncommands: [run]\n");
	struct gantry_op op = GANTRY_OP_INIT;
	struct gantry_bench *b = NULL;

	ck_assert_int_eq(gantry_bench_new(&o, &b, &op), -EINVAL);
	ck_assert_str_eq(op.err.msg, "p.yaml:2:10: drivers has to be a list, this is text");
	ck_assert_int_eq(op.err.exit, 2);
	ck_assert_ptr_null(b);
}
END_TEST

START_TEST(text_need_not_end_with_nul)
{
	char text[sizeof(NULL_PLAN) + 3] = NULL_PLAN "{[(";
	struct gantry_bench_options o = options_of(text);
	struct gantry_bench *b = NULL;

	o.text_len = sizeof(NULL_PLAN) - 1;
	o.file = NULL;
	ck_assert_int_eq(gantry_bench_new(&o, &b, NULL), 0);
	gantry_bench_free(b);
}
END_TEST

START_TEST(states_follow_the_run_and_a_bench_runs_once)
{
	clean_bench struct gantry_bench *b = bench_of(NULL_PLAN);
	clean_report struct gantry_bench_report *before = report_of(b), *after = NULL;
	struct gantry_op op = GANTRY_OP_INIT;

	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_CREATED);
	ck_assert_uint_eq(before->n_rows, 1);
	ck_assert_uint_eq(before->n_samples, 0);
	ck_assert_uint_eq(before->rows[0]->started, 0);
	ck_assert(isnan(before->rows[0]->rate));
	ck_assert_uint_eq(before->rows[0]->n_steps, 4);
	ck_assert_int_eq(gantry_bench_validate(b, &op), 0);
	ck_assert_int_eq(gantry_bench_validate(b, &op), 0);
	ck_assert_int_eq(gantry_bench_run(b, &op), 0);
	ck_assert_uint_gt(op.elapsed_ns, 0);
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_COMPLETED);
	ck_assert_int_eq(gantry_bench_run(b, &op), -EBUSY);
	ck_assert_int_eq(gantry_bench_validate(b, &op), -EBUSY);
	after = report_of(b);
	ck_assert_uint_eq(after->n_samples, 2 * 5 * 4);
	ck_assert_str_eq(gantry_bench_state_name(after->state), "completed");
	ck_assert_str_eq(gantry_bench_state_name(GANTRY_BENCH_PARTIAL), "partial");
	ck_assert_str_eq(gantry_bench_state_name(17), "unknown");
	ck_assert_str_eq(gantry_bench_state_name(-1), "unknown");
}
END_TEST

START_TEST(what_is_not_supported_yet_is_refused_by_name_before_anything_runs)
{
	static const char *const keys[] = { "logDriver: syslog", "logOpts: {a: b}",
					    "cgroupPath: /x", "streamStats: true" };
	struct gantry_op op = GANTRY_OP_INIT;
	clean_bench struct gantry_bench *b = NULL;
	char text[256], words[64];

	snprintf(text, sizeof(text), "commands: [run]\ndrivers:\n- type: Null\n  threads: 1\n"
		 "  iterations: 1\n  %s\n", keys[_i]);
	b = bench_of(text);
	snprintf(words, sizeof(words), "p.yaml:6:3: %.*s is not supported yet",
		 (int)strcspn(keys[_i], ":"), keys[_i]);
	ck_assert_int_eq(gantry_bench_validate(b, &op), -ENOTSUP);
	ck_assert_str_eq(op.err.msg, words);
	ck_assert_int_eq(op.err.exit, 2);
	ck_assert_int_eq(gantry_bench_run(b, &op), -ENOTSUP);
	ck_assert_str_eq(op.err.msg, words);
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_CREATED);
}
END_TEST

static const struct {
	const char *driver;
	int error;
} absent[] = {
	{ "type: Docker, clientpath: /nowhere/docker.sock", -ECONNREFUSED },
	{ "type: Docker, clientpath: /bin/sh", -ENOTSUP },
	{ "type: DockerCLI", -ENOTSUP },
	{ "type: Containerd", -ENOTSUP },
	{ "type: Ctr", -ENOTSUP },
	{ "type: CRI", -ENOTSUP },
	{ "type: Runc, clientpath: /nowhere/runc", -ENOENT },
	{ "engine: 'bogus:/x'", -EINVAL },
};

/* A driver that cannot run is told with its place; what can run still does. */
START_TEST(an_engine_that_is_not_there_does_not_stop_the_others)
{
	struct gantry_op op = GANTRY_OP_INIT;
	clean_bench struct gantry_bench *b = NULL;
	clean_report struct gantry_bench_report *r = NULL;
	char text[512];

	snprintf(text, sizeof(text), "name: N\nimage: i\nrootfs: /nowhere\n"
		 "commands: [run, delete]\ndrivers:\n- {%s, threads: 2, iterations: 3}\n"
		 "- {type: Null, threads: 1, iterations: 3}\n", absent[_i].driver);
	b = bench_of(text);
	ck_assert_int_eq(gantry_bench_validate(b, &op), absent[_i].error);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "p.yaml:6:"));
	ck_assert_int_eq(gantry_bench_run(b, &op), absent[_i].error);
	ck_assert_int_eq(strncmp(op.err.msg, "N:", 2), 0);
	ck_assert_uint_lt(op.elapsed_ns, 3000000000u); /* a dead socket fails at once */
	ck_assert_int_eq(gantry_bench_state(b), GANTRY_BENCH_COMPLETED);
	r = report_of(b);
	ck_assert_uint_eq(r->n_rows, 2);
	ck_assert_int_eq(r->rows[0]->error, -absent[_i].error);
	ck_assert_uint_gt(strlen(r->rows[0]->words), 0);
	ck_assert_uint_eq(r->rows[0]->completed, 0);
	ck_assert_uint_eq(r->rows[0]->started, 0);
	ck_assert(isnan(r->rows[0]->rate));
	ck_assert_int_eq(r->rows[1]->error, 0);
	ck_assert_uint_eq(r->rows[1]->completed, 3);
}
END_TEST

static int called;
static struct gantry_bench *under_way;

static void count_progress(const struct gantry_bench_progress *p, void *arg)
{
	struct gantry_bench_progress *last = arg;
	struct gantry_bench_report *r = NULL;

	called++;
	ck_assert_uint_ge(p->done, p->row == last->row ? last->done : 0);
	ck_assert_uint_le(p->done, p->total);
	*last = *p;
	ck_assert_int_eq(gantry_bench_state(under_way), GANTRY_BENCH_RUNNING);
	ck_assert_int_eq(gantry_bench_report(under_way, &r, NULL), -EBUSY);
	ck_assert_int_eq(gantry_bench_run(under_way, NULL), -EBUSY);
}

START_TEST(progress_is_told_in_the_caller_s_thread_up_to_the_last_iteration)
{
	struct gantry_bench_options o = options_of("commands: [run, delete]\ndrivers:\n"
		"- {type: Null, threads: 3, iterations: 20, gap_ms: 15}\n"
		"- {type: Null, threads: 1, iterations: 2}\n");
	struct gantry_bench_progress last = { 0 };
	clean_bench struct gantry_bench *b = NULL;

	o.progress = count_progress;
	o.progress_arg = &last;
	ck_assert_int_eq(gantry_bench_new(&o, &b, NULL), 0);
	under_way = b;
	ck_assert_int_eq(gantry_bench_run(b, NULL), 0);
	ck_assert_int_ge(called, 3);
	ck_assert_uint_eq(last.row, 1);
	ck_assert_uint_eq(last.rows, 2);
	ck_assert_uint_eq(last.done, 2);
	ck_assert_uint_eq(last.total, 2);
	ck_assert_uint_eq(last.size, sizeof(last));
}
END_TEST

static int logged, inside;

static void count_log(const struct gantry_log *rec, void *arg)
{
	ck_assert_int_eq(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST), 1);
	ck_assert_ptr_eq(arg, &logged);
	ck_assert_ptr_nonnull(rec->text);
	logged++;
	__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

START_TEST(workers_log_one_at_a_time)
{
	struct gantry_engine_options e = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_bench_options o = options_of("image: i\ncommands: [run]\ndrivers:\n"
		"- {type: Null, threads: 4, iterations: 200}\n");
	clean_bench struct gantry_bench *b = NULL;

	e.log = count_log;
	e.log_arg = &logged;
	e.log_level = GANTRY_LOG_DEBUG;
	o.engine = &e;
	ck_assert_int_eq(gantry_bench_new(&o, &b, NULL), 0);
	ck_assert_int_eq(gantry_bench_run(b, NULL), 0);
	ck_assert_int_eq(inside, 0);
}
END_TEST

Suite *bench_suite(void);
Suite *bench_suite(void)
{
	Suite *s = suite_create("bench/bench");
	TCase *t = tcase_create("bench");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, options_are_checked);
	tcase_add_test(t, a_plan_comes_from_a_regular_file);
	tcase_add_test(t, a_wrong_plan_says_where_and_that_the_caller_should_exit_with_2);
	tcase_add_test(t, text_need_not_end_with_nul);
	tcase_add_test(t, states_follow_the_run_and_a_bench_runs_once);
	tcase_add_loop_test(t, what_is_not_supported_yet_is_refused_by_name_before_anything_runs,
			    0, 4);
	tcase_add_loop_test(t, an_engine_that_is_not_there_does_not_stop_the_others, 0,
			    sizeof(absent) / sizeof(absent[0]));
	tcase_add_test(t, progress_is_told_in_the_caller_s_thread_up_to_the_last_iteration);
	tcase_add_test(t, workers_log_one_at_a_time);
	suite_add_tcase(s, t);
	return s;
}
