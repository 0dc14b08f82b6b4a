/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: bucketbench's shapes, our own keys, and what is wrong told with its place. */
#include "bench/planread.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/tempdir.h"

static struct gantry_err err;

static int read_text(struct plan *p, const char *text)
{
	err = (struct gantry_err){ 0 };
	return plan_read(p, "p.yaml", text, strlen(text), false, &err);
}

static char *read_data(const char *name, size_t *ret_len)
{
	const char *dir = getenv("GANTRY_TEST_DATA");
	char path[512], *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "%s/bench/%s", dir ? dir : "tests/data", name);
	f = fopen(path, "r");
	ck_assert_msg(f && text, "open %s", path);
	*ret_len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

static const struct file {
	const char *name;
	unsigned drivers, commands, warnings;
	const char *refused; /* what is asked that is not supported yet; NULL: nothing */
} files[] = {
	{ "first-block.yaml", 2, 3, 0, NULL },
	{ "run-only.yaml", 1, 2, 0, NULL },
	{ "cri.yaml", 1, 3, 0, NULL },
	{ "runtimes-no-newline.yaml", 2, 3, 0, NULL },
	{ "overhead-cgroups.yaml", 2, 9, 0, ":10:3: cgroupPath is not supported yet" },
	{ "overhead-logdriver.yaml", 2, 4, 0, ":10:3: logDriver is not supported yet" },
	{ "overhead-stats.yaml", 2, 6, 1, ":10:3: streamStats is not supported yet" },
	{ "old-entrypoint.yaml", 1, 3, 1, NULL },
	{ "flow.yaml", 3, 4, 0, NULL },
	{ "anchors.yaml", 2, 3, 0, NULL },
	{ "nothing-asked.yaml", 1, 2, 1, NULL },
};

START_TEST(every_shape_of_bucketbench_s_examples_is_read)
{
	const struct file *f = &files[_i];
	struct plan p = { 0 };
	char *text, refused[256] = "";
	size_t len;

	text = read_data(f->name, &len);
	ck_assert_msg(plan_read(&p, f->name, text, len, false, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(p.n_drivers, f->drivers);
	ck_assert_uint_eq(p.n_commands, f->commands);
	ck_assert_uint_eq(p.warnings.n, f->warnings);
	if (f->refused)
		snprintf(refused, sizeof(refused), "%s%s", f->name, f->refused);
	ck_assert_str_eq(p.refused ? p.refused : "", refused);
	for (size_t i = 0; i < p.n_drivers; i++) {
		ck_assert_uint_ge(p.drivers[i].threads, 1);
		ck_assert_uint_ge(p.drivers[i].iterations, 1);
	}
	plan_done(&p);
	free(text);
}
END_TEST

START_TEST(every_key_arrives)
{
	struct plan p = { 0 };
	size_t len;
	char *text = read_data("flow.yaml", &len);

	ck_assert_int_eq(plan_read(&p, "flow.yaml", text, len, false, &err), 0);
	free(text);
	ck_assert_str_eq(p.name, "Flow");
	ck_assert_str_eq(p.image, "alpine");
	ck_assert_str_eq(p.rootfs, "/srv/root");
	ck_assert(!p.detached);
	ck_assert(!p.bundle);
	ck_assert_uint_eq(p.args.n, 3);
	ck_assert_str_eq(p.args.v[2], "exit 7");
	ck_assert_int_eq(p.commands[0], COMMAND_RUN);
	ck_assert_int_eq(p.commands[1], COMMAND_METRICS);
	ck_assert_int_eq(p.commands[2], COMMAND_STOP);
	ck_assert_int_eq(p.commands[3], COMMAND_DELETE);
	ck_assert_str_eq(p.drivers[0].type, "Native");
	ck_assert_str_eq(p.drivers[0].address, "native");
	ck_assert_str_eq(p.drivers[0].where, "flow.yaml:2:19");
	ck_assert_uint_eq(p.drivers[0].warmup, 1);
	ck_assert_uint_eq(p.drivers[0].gap_ms, 30);
	ck_assert_str_eq(p.drivers[1].type, "oci:/usr/bin/crun,root=/run/x");
	ck_assert_str_eq(p.drivers[1].address, "oci:/usr/bin/crun,root=/run/x");
	ck_assert_uint_eq(p.drivers[1].threads, 2);
	ck_assert_uint_eq(p.drivers[1].iterations, 3);
	ck_assert_str_eq(p.drivers[2].address, "oci:/opt/bin/youki");
	plan_done(&p);
}
END_TEST

/* A plan that is right up to what stands in it. */
#define DRIVER(keys) "image: i\nrootfs: /r\ncommands: [run]\ndrivers:\n- type: Null\n" keys
#define GOOD_DRIVER "drivers: [{type: Null, threads: 1, iterations: 1}]\n"

static const struct bad {
	const char *text, *words;
	int error; /* 0: -EINVAL */
} bads[] = {
	{ "", "p.yaml: the plan is empty" },
	{ "- a\n", "p.yaml:1:1: a plan has to be a mapping, this is a list" },
	{ "plan\n", "p.yaml:1:1: a plan has to be a mapping, this is text" },
	{ "name: x\n", "p.yaml:1:1: the plan lacks drivers" },
	{ GOOD_DRIVER, "p.yaml:1:1: the plan lacks commands" },
	{ GOOD_DRIVER "commands: []\n", "p.yaml:2:11: there is no command to time" },
	{ GOOD_DRIVER "commands: run\n", "p.yaml:2:11: commands has to be a list, this is text" },
	{ GOOD_DRIVER "commands: [run, jump]\n",
	  "p.yaml:2:17: no command is called \"jump\"; there are run, pause, resume, stop, "
	  "delete, wait, metrics" },
	{ GOOD_DRIVER "commands: [[run]]\n", "p.yaml:2:12: commands has to be a list of words" },
	{ GOOD_DRIVER "commands: [~]\n", "p.yaml:2:12: commands has to be a list of words" },
	{ "commands: [run]\ndrivers: []\n", "p.yaml:2:10: drivers is empty" },
	{ "commands: [run]\ndrivers: {}\n", "p.yaml:2:10: drivers has to be a list, this is a" },
	{ "commands: [run]\ndrivers: [Null]\n", "p.yaml:2:11: a driver has to be a mapping" },
	{ "commands: [run]\ndrivers: [{threads: 1, iterations: 1}]\n",
	  "p.yaml:2:11: a driver needs a type or an engine" },
	{ "commands: [run]\ndrivers: [{type: Null, engine: null, threads: 1, iterations: 1}]\n",
	  "p.yaml:2:32: a driver has a type or an engine, not both" },
	{ "commands: [run]\ndrivers: [{engine: null, clientpath: /x, threads: 1, iterations: 1}]\n",
	  "p.yaml:2:20: an engine's address has its path in it" },
	{ "commands: [run]\ndrivers: [{type: Rkt, threads: 1, iterations: 1}]\n",
	  "p.yaml:2:18: no driver type is called \"Rkt\"" },
	{ "commands: [run]\ndrivers: [{type: OCI, threads: 1, iterations: 1}]\n",
	  "p.yaml:2:18: OCI needs a clientpath" },
	{ "commands: [run]\ndrivers: [{type: Docker, threads: 1, iterations: 1}]\n",
	  "p.yaml:2:18: Docker needs an image, and the plan names none" },
	{ "image: x\ncommands: [run]\ndrivers: [{type: Runc, threads: 1, iterations: 1}]\n",
	  "p.yaml:3:18: Runc needs a rootfs" },
	{ "commands: [run]\ndrivers: [{engine: 'docker:/x', threads: 1, iterations: 1}]\n",
	  "p.yaml:2:20: docker:/x needs an image" },
	{ DRIVER("  threads: 1\n"), "p.yaml:5:3: the driver Null lacks iterations" },
	{ DRIVER("  iterations: 1\n"), "p.yaml:5:3: the driver Null lacks threads" },
	{ DRIVER("  threads: 0\n"), "p.yaml:6:12: threads has to be from 1 to 1024" },
	{ DRIVER("  threads: -1\n"), "p.yaml:6:12: threads has to be from 1 to 1024" },
	{ DRIVER("  threads: 1025\n"), "p.yaml:6:12: threads has to be from 1 to 1024" },
	{ DRIVER("  threads: 99999999999999999999\n"), "p.yaml:6:12: threads has to be from 1" },
	{ DRIVER("  threads: many\n"), "p.yaml:6:12: threads has to be a whole number" },
	{ DRIVER("  threads: '2'\n"), "p.yaml:6:12: threads has to be a whole number" },
	{ DRIVER("  threads: 1.5\n"), "p.yaml:6:12: threads has to be a whole number" },
	{ DRIVER("  threads: [2]\n"), "p.yaml:6:12: threads has to be a whole number, this is a" },
	{ DRIVER("  threads:\n"),
	  "p.yaml:6:11: threads has to be a whole number, this is nothing" },
	{ DRIVER("  iterations: 0\n"), "p.yaml:6:15: iterations has to be from 1 to 1000000" },
	{ DRIVER("  iterations: 1000001\n"), "p.yaml:6:15: iterations has to be from 1 to" },
	{ DRIVER("  warmup: -1\n"), "p.yaml:6:11: warmup has to be from 0 to 100000" },
	{ DRIVER("  gap_ms: 600001\n"), "p.yaml:6:11: gap_ms has to be from 0 to 600000" },
	{ DRIVER("  clientpath: [a]\n"), "p.yaml:6:15: clientpath has to be text, this is a list" },
	{ DRIVER("  logOpts: [a]\n"), "p.yaml:6:12: logOpts has to be a mapping, this is a list" },
	{ DRIVER("  logDriver: {}\n"), "p.yaml:6:14: logDriver has to be text" },
	{ DRIVER("  streamStats: 1\n"), "p.yaml:6:16: streamStats has to be true or false" },
	{ DRIVER("  statsIntervalSec: soon\n"), "p.yaml:6:21: statsIntervalSec has to be a whole" },
	{ DRIVER("  threads: 1\n  threads: 2\n"), "p.yaml:7:3: the key threads is here a second" },
	{ DRIVER("  threads: 1024\n  iterations: 1000000\n"),
	  "p.yaml:5:1: threads, iterations, commands make 2048000000 samples, more than 10000000" },
	{ "name: [x]\n", "p.yaml:1:7: name has to be text, this is a list" },
	{ "image: {a: b}\n", "p.yaml:1:8: image has to be text, this is a mapping" },
	{ "detached: maybe\n", "p.yaml:1:11: detached has to be true or false, this is text" },
	{ "command: {a: b}\n", "p.yaml:1:10: command has to be text or a list" },
	{ "command: [sh, [a]]\n", "p.yaml:1:15: command has to be a list of words" },
	{ "command: sh -c 'a\n", "p.yaml:1:10: command has a quote without its other end" },
	{ "name: x\n---\nname: y\n", "p.yaml:2:1: a second document begins", -ENOTSUP },
	{ "name: \"a\n", "p.yaml:2:1: not YAML", -EBADMSG },
};

START_TEST(what_is_wrong_with_a_plan_is_told_with_its_place)
{
	const struct bad *b = &bads[_i];
	struct plan p = { 0 };

	ck_assert_int_eq(read_text(&p, b->text), b->error ? b->error : -EINVAL);
	ck_assert_msg(strncmp(err.msg, b->words, strlen(b->words)) == 0, "\"%s\" is not \"%s\"",
		      err.msg, b->words);
	ck_assert_ptr_null(p.file);
}
END_TEST

static const struct doubt {
	const char *text, *warning;
} doubts[] = {
	{ DRIVER("  threads: 1\n  iterations: 1\n  clientPath: /x\n"),
	  "p.yaml:8:3: unknown key clientPath is ignored; it is written clientpath" },
	{ DRIVER("  threads: 1\n  iterations: 1\n  gapms: 1\n"),
	  "p.yaml:8:3: unknown key gapms is ignored" },
	{ "Name: x\n" DRIVER("  threads: 1\n  iterations: 1\n"),
	  "p.yaml:1:1: unknown key Name is ignored; it is written name" },
	{ "rootFS: x\n" DRIVER("  threads: 1\n  iterations: 1\n"),
	  "p.yaml:1:1: unknown key rootFS is ignored; it is written rootfs" },
	{ "entrypoint: x\n" DRIVER("  threads: 1\n  iterations: 1\n"),
	  "p.yaml:1:1: unknown key entrypoint is ignored" },
	{ DRIVER("  threads: 1\n  iterations: 1\n  statsIntervalSec: 2\n"),
	  "p.yaml:8:3: statsIntervalSec has no effect without streamStats" },
	{ DRIVER("  threads: 1\n  iterations: 1\n  \"a\\e[2J\": 2\n"),
	  "p.yaml:8:3: unknown key a\\x1b[2J is ignored" },
};

START_TEST(what_is_doubtful_is_a_warning_with_its_place)
{
	struct plan p = { 0 };

	ck_assert_msg(read_text(&p, doubts[_i].text) == 0, "%s", err.msg);
	ck_assert_uint_eq(p.warnings.n, 1);
	ck_assert_str_eq(p.warnings.v[0], doubts[_i].warning);
	plan_done(&p);
}
END_TEST

static const struct {
	const char *word;
	enum plan_command command;
	const char *name;
} words[] = {
	{ "run", COMMAND_RUN, "run" }, { "start", COMMAND_RUN, "run" },
	{ "stop", COMMAND_STOP, "stop" }, { "kill", COMMAND_STOP, "stop" },
	{ "remove", COMMAND_DELETE, "delete" }, { "erase", COMMAND_DELETE, "delete" },
	{ "delete", COMMAND_DELETE, "delete" }, { "pause", COMMAND_PAUSE, "pause" },
	{ "unpause", COMMAND_RESUME, "resume" }, { "resume", COMMAND_RESUME, "resume" },
	{ "wait", COMMAND_WAIT, "wait" }, { "metrics", COMMAND_METRICS, "metrics" },
	{ "stats", COMMAND_METRICS, "metrics" }, { "RUN", COMMAND_RUN, "run" },
	{ "UnPause", COMMAND_RESUME, "resume" }, { "Erase", COMMAND_DELETE, "delete" },
};

START_TEST(commands_have_aliases_in_any_case)
{
	struct plan p = { 0 };
	char text[256];

	snprintf(text, sizeof(text), GOOD_DRIVER "commands: [%s]\n", words[_i].word);
	ck_assert_int_eq(read_text(&p, text), 0);
	ck_assert_uint_eq(p.n_commands, 1);
	ck_assert_int_eq(p.commands[0], words[_i].command);
	ck_assert_str_eq(plan_command_name(p.commands[0]), words[_i].name);
	plan_done(&p);
}
END_TEST

START_TEST(lenient_skips_an_unknown_command_with_a_warning)
{
	static const char text[] = GOOD_DRIVER "commands: [run, jump, delete]\n";
	struct plan p = { 0 };

	ck_assert_int_eq(plan_read(&p, "p.yaml", text, strlen(text), true, &err), 0);
	ck_assert_uint_eq(p.n_commands, 2);
	ck_assert_int_eq(p.commands[1], COMMAND_DELETE);
	ck_assert_uint_eq(p.warnings.n, 1);
	ck_assert_str_eq(p.warnings.v[0],
			 "p.yaml:2:17: no command is called \"jump\", it is skipped");
	plan_done(&p);
}
END_TEST

START_TEST(a_bundle_s_config_rules_and_a_root_directory_takes_the_command)
{
	struct tempdir d;
	struct plan p = { 0 };
	char text[512];

	tempdir_make(&d);
	snprintf(text, sizeof(text), "rootfs: %s\ncommand: sleep 1\n%s%s", d.path, GOOD_DRIVER,
		 "commands: [run]\n");
	ck_assert_int_eq(read_text(&p, text), 0);
	ck_assert(!p.bundle);
	ck_assert_uint_eq(p.warnings.n, 0);
	plan_done(&p);

	put_file(&d, "config.json", "{}");
	ck_assert_int_eq(read_text(&p, text), 0);
	ck_assert(p.bundle);
	ck_assert_uint_eq(p.warnings.n, 1);
	ck_assert_str_eq(p.warnings.v[0],
			 "p.yaml:2:1: command is for images; in a bundle config.json rules");
	plan_done(&p);
	tempdir_remove(&d);
}
END_TEST

START_TEST(drivers_and_commands_are_counted)
{
	char *text = NULL;
	struct plan p = { 0 };
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, "commands: [run]\ndrivers:\n");
	for (int i = 0; i <= PLAN_DRIVERS; i++)
		fprintf(f, "- {type: Null, threads: 1, iterations: 1}\n");
	fclose(f);
	ck_assert_int_eq(read_text(&p, text), -EINVAL);
	ck_assert_str_eq(err.msg, "p.yaml:3:1: more than 64 drivers");
	free(text);

	f = open_memstream(&text, &len);
	fprintf(f, GOOD_DRIVER "commands:\n");
	for (int i = 0; i <= PLAN_COMMANDS; i++)
		fprintf(f, "- run\n");
	fclose(f);
	ck_assert_int_eq(read_text(&p, text), -EINVAL);
	ck_assert_str_eq(err.msg, "p.yaml:67:3: more than 64 commands");
	free(text);
}
END_TEST

Suite *planread_suite(void);
Suite *planread_suite(void)
{
	Suite *s = suite_create("bench/planread");
	TCase *t = tcase_create("planread");

	tcase_add_loop_test(t, every_shape_of_bucketbench_s_examples_is_read, 0,
			    sizeof(files) / sizeof(files[0]));
	tcase_add_test(t, every_key_arrives);
	tcase_add_loop_test(t, what_is_wrong_with_a_plan_is_told_with_its_place, 0,
			    sizeof(bads) / sizeof(bads[0]));
	tcase_add_loop_test(t, what_is_doubtful_is_a_warning_with_its_place, 0,
			    sizeof(doubts) / sizeof(doubts[0]));
	tcase_add_loop_test(t, commands_have_aliases_in_any_case, 0,
			    sizeof(words) / sizeof(words[0]));
	tcase_add_test(t, lenient_skips_an_unknown_command_with_a_warning);
	tcase_add_test(t, a_bundle_s_config_rules_and_a_root_directory_takes_the_command);
	tcase_add_test(t, drivers_and_commands_are_counted);
	suite_add_tcase(s, t);
	return s;
}
