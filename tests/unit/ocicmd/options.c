/* SPDX-License-Identifier: Apache-2.0 */
/* src/ocicmd/options.c: the forms in which clients write a command line, and what is refused. */
#include "ocicmd/options.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static struct gantry_err err;

static int parse(struct request *q, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	memset(&err, 0, sizeof(err));
	memset(q, 0, sizeof(*q));
	q->err = &err;
	return options_parse(q, argc, argv);
}

#define PARSE(q, ...) parse(q, (char *[]){ "gantry-oci", __VA_ARGS__, NULL })

START_TEST(blanks_and_equals_signs_may_be_mixed)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "--root", "/r", "--log-format=json", "--log", "/l", "create",
			       "--bundle", "/b", "--pid-file=/p", "id"), 0);
	ck_assert_str_eq(q.root, "/r");
	ck_assert_str_eq(q.log, "/l");
	ck_assert_str_eq(q.log_format, "json");
	ck_assert_str_eq(q.verb->name, "create");
	ck_assert_str_eq(q.bundle, "/b");
	ck_assert_str_eq(q.pid_file, "/p");
	ck_assert_str_eq(q.args[0], "id");
	ck_assert_int_eq(q.args_n, 1);
}
END_TEST

START_TEST(options_go_before_and_after_the_id)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "run", "id", "-d", "-b", "/b", "--keep"), 0);
	ck_assert(q.detach && q.keep);
	ck_assert_str_eq(q.bundle, "/b");
	ck_assert_int_eq(PARSE(&q, "run", "-b=/c", "--detach=false", "id"), 0);
	ck_assert(!q.detach);
	ck_assert_str_eq(q.bundle, "/c");
	ck_assert_int_eq(PARSE(&q, "delete", "id", "-f"), 0);
	ck_assert(q.force);
	ck_assert_int_eq(PARSE(&q, "kill", "--all", "id", "9"), 0);
	ck_assert(q.all);
	ck_assert_str_eq(q.args[1], "9");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "state", "--", "-x"), 0);
	ck_assert_str_eq(q.args[0], "-x");
}
END_TEST

START_TEST(help_is_asked_for_in_every_place)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "--help"), 0);
	ck_assert(q.help && !q.verb);
	ck_assert_int_eq(PARSE(&q, "create", "-h"), 0);
	ck_assert(q.help);
	ck_assert_str_eq(q.verb->name, "create");
	ck_assert_int_eq(PARSE(&q, "help", "exec"), 0);
	ck_assert(q.help);
	ck_assert_str_eq(q.verb->name, "exec");
	ck_assert_int_eq(PARSE(&q, "-v"), 0);
	ck_assert(q.version);
	ck_assert_int_eq(parse(&q, (char *[]){ "gantry-oci", NULL }), 0);
	ck_assert_ptr_null(q.verb);
}
END_TEST

START_TEST(what_is_not_built_may_be_declined)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "--systemd-cgroup=false", "--rootless=auto", "create",
			       "--preserve-fds", "0", "--console-socket=", "--no-new-keyring",
			       "id"), 0);
	ck_assert(q.no_new_keyring);
	ck_assert_int_eq(PARSE(&q, "--rootless", "false", "list"), 0);
}
END_TEST

static const struct {
	char *argv[8];
	int code;
	const char *words;
} bad[] = {
	{ { "g", "frobnicate" }, EINVAL, "unknown command frobnicate" },
	{ { "g", "help", "frobnicate" }, EINVAL, "unknown command frobnicate" },
	{ { "g", "--frob", "list" }, EINVAL, "unknown option --frob" },
	{ { "g", "-b", "x", "list" }, EINVAL, "unknown option -b" },
	{ { "g", "create", "--force", "id" }, EINVAL, "unknown option --force" },
	{ { "g", "create", "-bundle", "id" }, EINVAL, "unknown option -bundle" },
	{ { "g", "create" }, EINVAL, "needs ID" },
	{ { "g", "kill" }, EINVAL, "needs ID [SIGNAL]" },
	{ { "g", "state", "a", "b" }, EINVAL, "too many arguments: b" },
	{ { "g", "list", "a" }, EINVAL, "too many arguments: a" },
	{ { "g", "create", "id", "--bundle" }, EINVAL, "--bundle needs a value" },
	{ { "g", "--root" }, EINVAL, "--root needs a value" },
	{ { "g", "run", "--detach=maybe", "id" }, EINVAL, "--detach takes true or false" },
	{ { "g", "--log-format=xml", "list" }, EINVAL, "--log-format takes text or json" },
	{ { "g", "--rootless=true", "list" }, ENOTSUP, "--rootless=true is not supported yet" },
	{ { "g", "--rootless=x", "list" }, EINVAL, "--rootless takes" },
	{ { "g", "--systemd-cgroup", "list" }, ENOTSUP, "--systemd-cgroup is not supported yet" },
	{ { "g", "--systemd-cgroup=true", "list" }, ENOTSUP, "--systemd-cgroup is not" },
	{ { "g", "create", "--console-socket", "/s", "id" }, ENOTSUP,
	  "--console-socket is not supported yet" },
	{ { "g", "create", "--preserve-fds=2", "id" }, ENOTSUP,
	  "--preserve-fds is not supported yet" },
	{ { "g", "create", "--no-pivot", "id" }, ENOTSUP, "--no-pivot is not supported yet" },
	{ { "g", "spec", "--rootless" }, ENOTSUP, "--rootless is not supported yet" },
	{ { "g", "exec", "--process", "/p", "id" }, ENOTSUP, "exec is not supported yet" },
	{ { "g", "ps", "--format", "json", "id" }, ENOTSUP, "ps is not supported yet" },
	{ { "g", "events", "id" }, ENOTSUP, "events is not supported yet" },
	{ { "g", "update", "--resources", "-", "id" }, ENOTSUP, "update is not supported yet" },
	{ { "g", "checkpoint", "id" }, ENOTSUP, "checkpoint is not supported yet" },
	{ { "g", "restore", "id" }, ENOTSUP, "restore is not supported yet" },
};

START_TEST(wrong_command_lines_are_refused_by_name)
{
	struct request q;

	ck_assert_int_eq(parse(&q, (char **)bad[_i].argv), -bad[_i].code);
	ck_assert_msg(strstr(err.msg, bad[_i].words) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(the_log_is_known_when_a_later_option_is_wrong)
{
	struct request q;

	ck_assert_int_eq(PARSE(&q, "--log", "/l", "--log-format", "json", "create", "--frob"),
			 -EINVAL);
	ck_assert_str_eq(q.log, "/l");
	ck_assert_str_eq(q.log_format, "json");
	ck_assert_str_eq(q.verb->name, "create");
}
END_TEST

START_TEST(help_names_every_verb_and_option_in_short_lines)
{
	struct str s = { 0 };

	options_help(&s, NULL);
	for (const struct verb *v = verbs; v->name; v++)
		if (v->run)
			ck_assert_msg(strstr(s.buf, v->name) != NULL, "%s", v->name);
	for (const struct verb *v = verbs; v->name; v++) {
		options_help(&s, v);
		for (const struct option *o = v->options; o && o->name; o++)
			ck_assert_msg(strstr(s.buf, o->name) != NULL, "%s", o->name);
	}
	for (char *line = strtok(s.buf, "\n"); line; line = strtok(NULL, "\n"))
		ck_assert_msg(strlen(line) <= 92, "%s", line);
	str_done(&s);
}
END_TEST

Suite *options_suite(void)
{
	Suite *s = suite_create("ocicmd/options");
	TCase *t = tcase_create("options");

	tcase_add_test(t, blanks_and_equals_signs_may_be_mixed);
	tcase_add_test(t, options_go_before_and_after_the_id);
	tcase_add_test(t, two_dashes_end_the_options);
	tcase_add_test(t, help_is_asked_for_in_every_place);
	tcase_add_test(t, what_is_not_built_may_be_declined);
	tcase_add_loop_test(t, wrong_command_lines_are_refused_by_name, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, the_log_is_known_when_a_later_option_is_wrong);
	tcase_add_test(t, help_names_every_verb_and_option_in_short_lines);
	suite_add_tcase(s, t);
	return s;
}
