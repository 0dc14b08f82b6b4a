/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runtime that says the wrong things, or nothing, or too much: a script whose
 * answers each test writes.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/container.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/record.h"

static char tmp[64], runtime[128], where[256];
static struct gantry_engine *engine;
static struct gantry_op op;

/* Each verb answers with the file of its name, and ends with the code in VERB.code. */
static const char script[] =
	"#!/bin/sh\n"
	"D=$(dirname \"$0\"); echo \"$*\" >> $D/calls\n"
	"while [ $# -gt 0 ]; do case $1 in --root) shift 2;; "
	"--version|state|kill|pause|resume|delete|start) V=${1#--}; break;; *) shift;; esac; done\n"
	"[ -e $D/$V.hang ] && { echo $$ >> $D/hung; exec sleep 30; }\n"
	"[ -e $D/$V ] && cat $D/$V; [ -e $D/$V.err ] && cat $D/$V.err >&2\n"
	"exit $(cat $D/$V.code 2>/dev/null || echo 0)\n";

static void put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", tmp, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int try_open(const char *address, const char *oci)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	char run[80];

	op = (struct gantry_op)GANTRY_OP_INIT;
	snprintf(run, sizeof(run), "%s/run", tmp);
	o.root = tmp;
	o.run = run;
	o.oci = oci;
	return gantry_engine_open(address, &o, &engine, &op);
}

static void setup(void)
{
	strcpy(tmp, "/tmp/oci-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
	snprintf(runtime, sizeof(runtime), "%s/fake", tmp);
	put("fake", script);
	put("version", "fake version 1.2.3\ncommit: abc\nspec: 1.0.2\n");
	snprintf(where, sizeof(where), "oci:%s", runtime);
	/* any program will do for gantry-oci where nothing is created */
	ck_assert_int_eq(try_open(where, "/bin/true"), 0);
}

static void teardown(void)
{
	char cmd[128];

	gantry_engine_close(engine);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", tmp);
	ck_assert_int_eq(system(cmd), 0);
}

/* A container that was started once and of which nobody has written how it ended. */
static int make_record(const char *id)
{
	struct record r = { 0 };
	char path[256], cmd[256];
	int dir;

	snprintf(cmd, sizeof(cmd), "mkdir -p %s/containers/fake/%s", tmp, id);
	ck_assert_int_eq(system(cmd), 0);
	snprintf(path, sizeof(path), "%s/containers/fake/%s", tmp, id);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r.id = strdup(id);
	r.runtime = strdup(runtime);
	ck_assert_int_eq(record_write(dir, &r, NULL), 0);
	record_done(&r);
	return dir;
}

static int get_state(const char *id)
{
	struct gantry_container *c = NULL;
	int r = gantry_container_get(engine, id, &c, &op);

	if (r == 0)
		r = c->state;
	gantry_container_free(c);
	return r;
}

static int called(const char *what)
{
	char cmd[300];

	snprintf(cmd, sizeof(cmd), "grep -qx -- '%s' %s/calls", what, tmp);
	return system(cmd) == 0;
}

START_TEST(an_address_is_checked_when_it_is_opened)
{
	struct gantry_engine *keep = engine;
	char text[512];

	ck_assert_int_eq(try_open("oci", "/bin/true"), -EINVAL);
	ck_assert_int_eq(try_open("oci:nonexistent-runtime", "/bin/true"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "nonexistent-runtime"));
	ck_assert_int_eq(try_open("oci:/etc/passwd", "/bin/true"), -EACCES);
	ck_assert_int_eq(try_open("oci:/etc", "/bin/true"), -EACCES);
	ck_assert_int_eq(try_open(where, "/nonexistent/gantry-oci"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "gantry-oci"));
	snprintf(text, sizeof(text), "%s,root=relative", where);
	ck_assert_int_eq(try_open(text, "/bin/true"), -EINVAL);
	snprintf(text, sizeof(text), "%s,color=red", where);
	ck_assert_int_eq(try_open(text, "/bin/true"), -EINVAL);
	ck_assert_int_eq(try_open("native:/somewhere", "/bin/true"), -EINVAL);
	ck_assert_ptr_eq(engine, keep);
}
END_TEST

START_TEST(info_is_what_the_runtime_says_of_itself)
{
	struct gantry_info *i = NULL;

	ck_assert_int_eq(gantry_engine_info(engine, &i, &op), 0);
	ck_assert_str_eq(i->kind, "oci");
	ck_assert_str_eq(i->name, "fake");
	ck_assert_str_eq(i->version, "1.2.3");
	ck_assert_str_eq(i->api, "1.0.2");
	ck_assert_str_eq(i->revision, "abc");
	ck_assert_str_eq(i->path, runtime);
	gantry_info_free(i);
	put("version", "noise");
	ck_assert_int_eq(gantry_engine_info(engine, &i, &op), 0);
	ck_assert_str_eq(i->version, "noise");
	gantry_info_free(i);
	put("version", "");
	ck_assert_int_eq(gantry_engine_info(engine, &i, &op), -EPROTO);
	put("version.code", "3");
	ck_assert_int_eq(gantry_engine_info(engine, &i, &op), -EIO);
}
END_TEST

START_TEST(root_is_handed_on_before_the_verb)
{
	char text[512], want[200];

	gantry_engine_close(engine);
	snprintf(text, sizeof(text), "%s,root=%s/st", where, tmp);
	ck_assert_int_eq(try_open(text, "/bin/true"), 0);
	ck_assert_int_eq(get_state("x"), -ENOENT);
	make_record("x"); /* under the key without a root: not this engine's */
	ck_assert_int_eq(get_state("x"), -ENOENT);
	ck_assert_int_eq(gantry_engine_info(engine, &(struct gantry_info *){ NULL }, &op), 0);
	snprintf(want, sizeof(want), "--root %s/st --version", tmp);
	ck_assert(called(want));
}
END_TEST

START_TEST(states_are_understood_in_any_case)
{
	make_record("c");
	put("state", "{\"status\": \"Running\", \"pid\": 1, \"bundle\": \"/b\"}");
	ck_assert_int_eq(get_state("c"), GANTRY_STATE_RUNNING);
	put("state", "{\"status\": \"paused\"}");
	ck_assert_int_eq(get_state("c"), GANTRY_STATE_PAUSED);
	put("state", "{\"status\": \"stopped\", \"pid\": 77}");
	ck_assert_int_eq(get_state("c"), GANTRY_STATE_STOPPED);
	put("state", "{\"status\": \"dancing\"}");
	ck_assert_int_eq(get_state("c"), GANTRY_STATE_UNKNOWN);
	ck_assert(called("state c"));
}
END_TEST

START_TEST(a_state_that_is_nonsense_is_unknown_in_lists_and_an_error_elsewhere)
{
	static const char *const bad[] = {"",
					  "hello",
					  "[]",
					  "{}",
					  "{\"status\": 7}",
					  "{\"status\": \"running\"",
					  "{\"status\": \"running\"} {}"};
	struct gantry_container **list = NULL;

	make_record("c");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("state", bad[i]);
		ck_assert_int_eq(get_state("c"), GANTRY_STATE_UNKNOWN);
		ck_assert_int_eq(gantry_container_list(engine, &list, &op), 1);
		ck_assert_int_eq(list[0]->state, GANTRY_STATE_UNKNOWN);
		gantry_container_list_free(list);
		ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -EPROTO);
		ck_assert_int_eq(gantry_container_pause(engine, "c", &op), -EPROTO);
		ck_assert_int_eq(gantry_container_delete(engine, "c", 0, &op), -EPROTO);
		ck_assert(!called("kill c 15"));
	}
	ck_assert_int_eq(gantry_container_delete(engine, "c", GANTRY_DELETE_FORCE, &op), 0);
	ck_assert_int_eq(get_state("c"), -ENOENT);
}
END_TEST

START_TEST(one_that_says_too_much_is_stopped)
{
	char *big = malloc(3 << 20);

	make_record("c");
	memset(big, ' ', 3 << 20);
	big[(3 << 20) - 1] = '\0';
	put("state", big);
	free(big);
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -E2BIG);
}
END_TEST

START_TEST(one_that_hangs_is_stopped_by_the_deadline)
{
	struct gantry_container **list = NULL;
	char cmd[300];

	make_record("c");
	put("state.hang", "");
	op.timeout_us = 200000;
	ck_assert_int_eq(get_state("c"), -ETIMEDOUT);
	ck_assert_uint_lt(op.elapsed_ns, 5000000000u);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "get"));
	ck_assert_int_eq(gantry_container_list(engine, &list, &op), -ETIMEDOUT);
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -ETIMEDOUT);
	ck_assert_int_eq(gantry_container_delete(engine, "c", GANTRY_DELETE_FORCE, &op),
			 -ETIMEDOUT);
	/* every one of them is dead and reaped */
	snprintf(cmd, sizeof(cmd),
		 "test $(wc -l < %s/hung) = 4 && for p in $(cat %s/hung); do ! kill -0 $p "
		 "2>/dev/null || exit 1; done",
		 tmp, tmp);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

START_TEST(its_words_become_the_errno_of_the_situation)
{
	make_record("c");
	put("state", "{\"status\": \"running\"}");
	put("kill.code", "1");
	put("kill.err", "time=\"x\" level=error msg=\"container not running\"\n");
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -EBUSY);
	ck_assert(called("kill c 15"));
	put("kill.err", "gibberish\n");
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, GANTRY_KILL_ALL, &op), -EIO);
	ck_assert(called("kill --all c 15"));
	ck_assert_ptr_nonnull(strstr(op.err.msg, "gibberish"));
	put("kill.err", "");
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -EIO);
}
END_TEST

START_TEST(verbs_are_sent_in_the_right_state_only)
{
	make_record("c");
	put("state", "{\"status\": \"created\"}");
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -EBUSY);
	ck_assert_int_eq(gantry_container_pause(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_resume(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_delete(engine, "c", 0, &op), -EBUSY);
	ck_assert(!called("kill c 15"));
	ck_assert(!called("pause c"));
	ck_assert(!called("delete c"));
	put("state", "{\"status\": \"running\"}");
	ck_assert_int_eq(gantry_container_start(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_resume(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_pause(engine, "c", &op), 0);
	ck_assert(called("pause c"));
	put("state", "{\"status\": \"paused\"}");
	ck_assert_int_eq(gantry_container_pause(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_resume(engine, "c", &op), 0);
	put("state", "{\"status\": \"stopped\"}");
	ck_assert_int_eq(gantry_container_resume(engine, "c", &op), -EBUSY);
	ck_assert_int_eq(gantry_container_delete(engine, "c", 0, &op), 0);
	ck_assert(called("delete c"));
}
END_TEST

START_TEST(a_paused_one_deleted_by_force_is_killed_before_it_is_thawed)
{
	char cmd[300];

	make_record("c");
	put("state", "{\"status\": \"paused\"}");
	ck_assert_int_eq(gantry_container_delete(engine, "c", GANTRY_DELETE_FORCE, &op), 0);
	snprintf(cmd, sizeof(cmd),
		 "test \"$(tail -n 3 %s/calls | tr '\\n' ,)\" = 'kill c 9,resume c,delete --force "
		 "c,'",
		 tmp);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

START_TEST(one_whose_end_is_on_record_is_not_asked_about)
{
	struct exit_record x = { 3, 0, false, 1, 2, "" };
	int dir = make_record("c");

	ck_assert_int_eq(exit_record_write(dir, &x, false, NULL), 0);
	put("state.hang", "");
	op.timeout_us = 2000000;
	ck_assert_int_eq(get_state("c"), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(gantry_container_kill(engine, "c", SIGTERM, 0, &op), -EBUSY);
	close(dir);
}
END_TEST

static void log_seen(const struct gantry_log *rec, void *arg)
{
	char *seen = arg;

	ck_assert_str_eq(rec->engine, "oci");
	strncat(seen, rec->text, 4000 - strlen(seen));
}

START_TEST(every_command_and_what_it_said_goes_to_the_log)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_engine *e = NULL;
	char seen[4096] = "";

	o.root = tmp;
	o.oci = "/bin/true";
	o.log = log_seen;
	o.log_arg = seen;
	o.log_level = GANTRY_LOG_DEBUG;
	ck_assert_int_eq(gantry_engine_open(where, &o, &e, &op), 0);
	make_record("c");
	put("state", "{\"status\": \"running\"}");
	put("kill.code", "1");
	put("kill.err", "some words\n");
	ck_assert_int_eq(gantry_container_kill(e, "c", SIGTERM, 0, &op), -EIO);
	ck_assert_ptr_nonnull(strstr(seen, "fake kill c 15"));
	ck_assert_ptr_nonnull(strstr(seen, "some words"));
	ck_assert_ptr_nonnull(strstr(seen, "\"running\""));
	gantry_engine_close(e);
}
END_TEST

Suite *oci_suite(void);
Suite *oci_suite(void)
{
	Suite *s = suite_create("oci");
	TCase *t = tcase_create("oci");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_address_is_checked_when_it_is_opened);
	tcase_add_test(t, info_is_what_the_runtime_says_of_itself);
	tcase_add_test(t, root_is_handed_on_before_the_verb);
	tcase_add_test(t, states_are_understood_in_any_case);
	tcase_add_test(t, a_state_that_is_nonsense_is_unknown_in_lists_and_an_error_elsewhere);
	tcase_add_test(t, one_that_says_too_much_is_stopped);
	tcase_add_test(t, one_that_hangs_is_stopped_by_the_deadline);
	tcase_add_test(t, its_words_become_the_errno_of_the_situation);
	tcase_add_test(t, verbs_are_sent_in_the_right_state_only);
	tcase_add_test(t, a_paused_one_deleted_by_force_is_killed_before_it_is_thawed);
	tcase_add_test(t, one_whose_end_is_on_record_is_not_asked_about);
	tcase_add_test(t, every_command_and_what_it_said_goes_to_the_log);
	suite_add_tcase(s, t);
	return s;
}
