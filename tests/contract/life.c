/* SPDX-License-Identifier: Apache-2.0 */
/* One life of a container, verb by verb, and what each verb does to its state. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(an_engine_says_what_it_is)
{
	__attribute__((cleanup(gantry_info_freep))) struct gantry_info *i = NULL;

	OK(gantry_engine_info(engine, &i, &op));
	ck_assert_str_eq(i->kind, gantry_engine_kind(engine));
	ck_assert_str_eq(i->path, gantry_engine_path(engine));
	ck_assert_str_ne(i->version, "");
	ck_assert_str_ne(i->name, "");
	ck_assert_ptr_nonnull(strstr(i->line, i->version));
	ck_assert_ptr_null(strchr(i->line, '\n'));
	ck_assert_ptr_nonnull(i->api);
	ck_assert_ptr_nonnull(i->revision);
	ck_assert_ptr_nonnull(i->storage);
	ck_assert_ptr_nonnull(i->cgroup);
	ck_assert_ptr_nonnull(i->kernel);
}
END_TEST

START_TEST(prepare_makes_no_container)
{
	struct gantry_create w = what(LIST("true"));
	struct leftovers before;

	NEEDS("prepare");
	before = count_leftovers();
	OK(gantry_container_prepare(engine, &w, &op));
	same_leftovers(before);
}
END_TEST

START_TEST(create_makes_one_that_does_not_run_yet)
{
	clean_container struct gantry_container *c = NULL;
	struct gantry_create w = what(LIST("sleep", "1000"));
	char id[GANTRY_ID_SIZE] = "";

	NEEDS("create");
	w.name = fresh_name("c");
	OK(gantry_container_create(engine, &w, id, &op));
	ck_assert_str_ne(id, "");
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_int_eq(c->state, GANTRY_STATE_CREATED);
	ck_assert_str_eq(c->id, id);
	ck_assert_str_eq(c->name, w.name);
	ck_assert_int_eq(c->exit_code, -1);
	ck_assert_uint_eq(c->started_ns, 0);
	drop(id);
	FAILS(gantry_container_get(engine, id, &c, &op), ENOENT);
}
END_TEST

START_TEST(start_runs_it)
{
	clean_container struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE];

	NEEDS("start");
	create_only(LIST("sleep", "1000"), id);
	OK(gantry_container_start(engine, id, &op));
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_int_eq(c->state, GANTRY_STATE_RUNNING);
	ck_assert_int_eq(c->exit_code, -1);
	if (!is_kind("null"))
		ck_assert_int_gt(c->pid, 0);
	drop(id);
}
END_TEST

START_TEST(a_detached_run_returns_while_it_runs)
{
	char id[GANTRY_ID_SIZE] = "";

	NEEDS("run");
	run_sleeper(id);
	ck_assert_int_eq(state_of(id), GANTRY_STATE_RUNNING);
	drop(id);
}
END_TEST

START_TEST(a_foreground_run_returns_at_the_end_and_leaves_a_stopped_container)
{
	clean_container struct gantry_container *c = NULL;
	struct gantry_create w = what(LIST("sh", "-c", "exit 7"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE] = "";

	OK(gantry_container_run(engine, &w, &how, id, &x, &op));
	ck_assert_int_eq(x.code, 7);
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_int_eq(c->state, GANTRY_STATE_STOPPED);
	ck_assert_int_eq(c->exit_code, 7);
	OK(gantry_container_delete(engine, id, 0, &op));
}
END_TEST

START_TEST(auto_remove_leaves_nothing_after_a_foreground_run)
{
	clean_container struct gantry_container *c = NULL;
	struct gantry_create w = what(LIST("true"));
	struct gantry_run how = GANTRY_RUN_INIT;
	struct leftovers before = count_leftovers();
	char id[GANTRY_ID_SIZE] = "";

	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	OK(gantry_container_run(engine, &w, &how, id, NULL, &op));
	ck_assert_str_ne(id, "");
	FAILS(gantry_container_get(engine, id, &c, &op), ENOENT);
	same_leftovers(before);
}
END_TEST

START_TEST(auto_remove_works_detached_too)
{
	struct gantry_create w = what(LIST("sleep", "1000"));
	struct gantry_container *c = NULL;
	char id[GANTRY_ID_SIZE] = "";
	int r = 0;

	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	run_detached(&w, id);
	OK(gantry_container_kill(engine, id, SIGKILL, 0, &op));
	for (int i = 0; i < (is_kind("null") ? 5 : 100) && r == 0; i++) {
		r = gantry_container_get(engine, id, &c, &op);
		gantry_container_freep(&c);
		if (r == 0)
			sleep_ms(100);
	}
	ck_assert_int_eq(r, -ENOENT);
}
END_TEST

START_TEST(kill_sends_the_signal_that_is_asked_for)
{
	struct gantry_create w = what(LIST("sh", "-c", "trap 'exit 5' USR1; touch /v/ready; "
						       "while :; do sleep 0.05; done"));
	char id[GANTRY_ID_SIZE], dir[256], volume[300], ready[300];

	NEEDS("kill");
	NEEDS_PROGRAMS;
	scratch(dir, sizeof(dir));
	snprintf(volume, sizeof(volume), "%s:/v", dir);
	snprintf(ready, sizeof(ready), "%s/ready", dir);
	w.volumes = LIST(volume);
	run_detached(&w, id);
	for (int i = 0; i < 200 && access(ready, F_OK) < 0; i++)
		sleep_ms(50);
	OK(gantry_container_kill(engine, id, SIGUSR1, 0, &op));
	ck_assert_int_eq(wait_for(id).code, 5);
	drop(id);
}
END_TEST

START_TEST(kill_ends_a_container_with_128_and_the_signal)
{
	clean_container struct gantry_container *c = NULL;
	struct gantry_exit x;
	char id[GANTRY_ID_SIZE];

	NEEDS("kill");
	run_sleeper(id);
	OK(gantry_container_kill(engine, id, SIGKILL, 0, &op));
	x = wait_for(id);
	ck_assert_int_eq(x.code, 137);
	if (!is_kind("docker")) /* whose API tells 137 and not why */
		ck_assert_int_eq(x.signal, SIGKILL);
	OK(gantry_container_get(engine, id, &c, &op));
	ck_assert_int_eq(c->state, GANTRY_STATE_STOPPED);
	ck_assert_int_eq(c->exit_code, 137);
	drop(id);
}
END_TEST

START_TEST(kill_all_reaches_every_process_or_is_refused)
{
	char id[GANTRY_ID_SIZE];
	int r;

	NEEDS("kill");
	run_sleeper(id);
	r = gantry_container_kill(engine, id, SIGKILL, GANTRY_KILL_ALL, &op);
	if (r != -ENOTSUP) {
		ck_assert_msg(r == 0, "%s", op.err.msg);
		ck_assert_int_eq(wait_for(id).code, 137);
	} else {
		good_words(op.err.msg);
	}
	drop(id);
}
END_TEST

START_TEST(stop_lets_it_end_by_itself)
{
	struct gantry_create w = what(LIST("sh", "-c", "trap 'exit 3' TERM; touch /v/ready; "
						       "while :; do sleep 0.05; done"));
	struct gantry_stop how = GANTRY_STOP_INIT;
	char id[GANTRY_ID_SIZE], dir[256], volume[300], ready[300];
	unsigned long long begin;

	NEEDS("stop");
	NEEDS_PROGRAMS;
	scratch(dir, sizeof(dir));
	snprintf(volume, sizeof(volume), "%s:/v", dir);
	snprintf(ready, sizeof(ready), "%s/ready", dir);
	w.volumes = LIST(volume);
	run_detached(&w, id);
	for (int i = 0; i < 200 && access(ready, F_OK) < 0; i++)
		sleep_ms(50);
	how.grace_us = 30000000;
	begin = now_us();
	OK(gantry_container_stop(engine, id, &how, &op));
	ck_assert_uint_lt(now_us() - begin, 15000000);
	ck_assert_int_eq(wait_for(id).code, 3);
	drop(id);
}
END_TEST

START_TEST(stop_kills_what_outlives_its_grace)
{
	struct gantry_stop how = GANTRY_STOP_INIT;
	char id[GANTRY_ID_SIZE];
	unsigned long long begin;

	NEEDS("stop");
	NEEDS_PROGRAMS;
	run_sleeper(id); /* as process 1 it does not see a SIGTERM that it does not handle */
	how.grace_us = 400000;
	begin = now_us();
	OK(gantry_container_stop(engine, id, &how, &op));
	ck_assert_uint_ge(now_us() - begin, 400000);
	ck_assert_int_eq(state_of(id), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(wait_for(id).code, 137);
	drop(id);
}
END_TEST

START_TEST(stop_without_grace_kills_at_once)
{
	struct gantry_stop how = GANTRY_STOP_INIT;
	char id[GANTRY_ID_SIZE];

	NEEDS("stop");
	run_sleeper(id);
	how.grace_us = 0;
	OK(gantry_container_stop(engine, id, &how, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(wait_for(id).code, 137);
	drop(id);
}
END_TEST

START_TEST(stop_resumes_what_is_paused)
{
	struct gantry_stop how = GANTRY_STOP_INIT;
	char id[GANTRY_ID_SIZE];

	NEEDS("stop");
	NEEDS("pause");
	run_sleeper(id);
	OK(gantry_container_pause(engine, id, &op));
	how.grace_us = 200000;
	OK(gantry_container_stop(engine, id, &how, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_STOPPED);
	drop(id);
}
END_TEST

START_TEST(stopping_what_does_not_run_succeeds)
{
	char id[GANTRY_ID_SIZE];

	NEEDS("stop");
	create_only(LIST("sleep", "1000"), id);
	OK(gantry_container_stop(engine, id, NULL, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_CREATED);
	OK(gantry_container_start(engine, id, &op));
	OK(gantry_container_kill(engine, id, SIGKILL, 0, &op));
	wait_for(id);
	OK(gantry_container_stop(engine, id, NULL, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_STOPPED);
	drop(id);
}
END_TEST

START_TEST(pause_and_resume_change_the_state)
{
	char id[GANTRY_ID_SIZE];

	NEEDS("pause");
	NEEDS("resume");
	run_sleeper(id);
	OK(gantry_container_pause(engine, id, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_PAUSED);
	OK(gantry_container_resume(engine, id, &op));
	ck_assert_int_eq(state_of(id), GANTRY_STATE_RUNNING);
	drop(id);
}
END_TEST

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

START_TEST(pause_really_freezes)
{
	struct gantry_create w =
		what(LIST("sh", "-c", "while :; do echo x >> /v/n; sleep 0.02; done"));
	char id[GANTRY_ID_SIZE], dir[256], volume[300], file[300];
	long frozen;

	NEEDS("pause");
	NEEDS("resume");
	NEEDS_PROGRAMS;
	scratch(dir, sizeof(dir));
	snprintf(volume, sizeof(volume), "%s:/v", dir);
	snprintf(file, sizeof(file), "%s/n", dir);
	w.volumes = LIST(volume);
	run_detached(&w, id);
	for (int i = 0; i < 200 && size_of(file) < 4; i++)
		sleep_ms(50);
	ck_assert_int_ge(size_of(file), 4);
	OK(gantry_container_pause(engine, id, &op));
	frozen = size_of(file);
	sleep_ms(500);
	ck_assert_int_eq(size_of(file), frozen);
	OK(gantry_container_resume(engine, id, &op));
	for (int i = 0; i < 200 && size_of(file) == frozen; i++)
		sleep_ms(50);
	ck_assert_int_gt(size_of(file), frozen);
	drop(id);
}
END_TEST

START_TEST(delete_by_force_takes_any_state)
{
	char id[GANTRY_ID_SIZE];

	NEEDS("delete");
	create_only(LIST("sleep", "1000"), id);
	drop(id);
	run_sleeper(id);
	drop(id);
	if (gantry_engine_can(engine, "pause") == 1) {
		run_sleeper(id);
		OK(gantry_container_pause(engine, id, &op));
		drop(id);
	}
	FAILS(gantry_container_delete(engine, id, GANTRY_DELETE_FORCE, &op), ENOENT);
}
END_TEST

START_TEST(a_bundle_runs_as_its_config_says)
{
	const char *bundle = getenv("GANTRY_CONTRACT_BUNDLE");
	struct gantry_create w = GANTRY_CREATE_INIT;
	clean_container struct gantry_container *c = NULL;
	clean_outcome struct outcome o = { 0 };

	if (!bundle || !*bundle)
		NOT_APPLICABLE("no bundle is given");
	w.bundle = bundle;
	w.labels = LIST("a=b");
	OK(gantry_container_prepare(engine, &w, &op));
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_int_eq(o.x.code, 7);
	OK(gantry_container_get(engine, o.id, &c, &op));
	ck_assert_str_eq(c->bundle, bundle);
	ck_assert_str_eq(c->labels[0], "a=b");
	drop(o.id);
}
END_TEST

TCase *life_tests(void)
{
	TCase *t = tcase_create("life");

	tcase_add_test(t, an_engine_says_what_it_is);
	tcase_add_test(t, prepare_makes_no_container);
	tcase_add_test(t, create_makes_one_that_does_not_run_yet);
	tcase_add_test(t, start_runs_it);
	tcase_add_test(t, a_detached_run_returns_while_it_runs);
	tcase_add_test(t, a_foreground_run_returns_at_the_end_and_leaves_a_stopped_container);
	tcase_add_test(t, auto_remove_leaves_nothing_after_a_foreground_run);
	tcase_add_test(t, auto_remove_works_detached_too);
	tcase_add_test(t, kill_sends_the_signal_that_is_asked_for);
	tcase_add_test(t, kill_ends_a_container_with_128_and_the_signal);
	tcase_add_test(t, kill_all_reaches_every_process_or_is_refused);
	tcase_add_test(t, stop_lets_it_end_by_itself);
	tcase_add_test(t, stop_kills_what_outlives_its_grace);
	tcase_add_test(t, stop_without_grace_kills_at_once);
	tcase_add_test(t, stop_resumes_what_is_paused);
	tcase_add_test(t, stopping_what_does_not_run_succeeds);
	tcase_add_test(t, pause_and_resume_change_the_state);
	tcase_add_test(t, pause_really_freezes);
	tcase_add_test(t, delete_by_force_takes_any_state);
	tcase_add_test(t, a_bundle_runs_as_its_config_says);
	return t;
}
