/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes' words, as each of them says it, become the errno of the situation. */
#include "container/foreign.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct saying {
	const char *said;
	int code, exit;
} sayings[] = {
	{"time=\"2026-11-24T22:52:11Z\" level=error msg=\"container does not exist\"", ENOENT, 0},
	{"time=\"x\" level=error msg=\"runc create failed: container with given ID already "
	 "exists\"",
	 EEXIST, 0},
	{"time=\"x\" level=error msg=\"runc create failed: unable to start container process: "
	 "exec: \\\"nocmd\\\": executable file not found in $PATH\"",
	 ENOENT, 127},
	{"{\"level\":\"error\",\"msg\":\"runc create failed: unable to start container process: "
	 "exec: \\\"/etc\\\": permission denied\",\"time\":\"x\"}\n",
	 EACCES, 126},
	{"{\"level\":\"error\",\"msg\":\"unable to start container process: exec: "
	 "\\\"/nodir/x\\\": stat /nodir/x: no such file or directory\",\"time\":\"x\"}",
	 ENOENT, 127},
	{"time=\"x\" level=warning msg=\"something\"\ntime=\"x\" level=error msg=\"container not "
	 "running\"\n",
	 EBUSY, 0},
	{"time=\"x\" level=error msg=\"container not paused\"", EBUSY, 0},
	{"time=\"x\" level=error msg=\"cannot start a container that has stopped\"", EBUSY, 0},
	{"time=\"x\" level=error msg=\"cannot delete container c1 that is not stopped: running\"",
	 EBUSY, 0},
	{"error opening file `/run/crun/nope/status`: No such file or directory", ENOENT, 0},
	{"cannot open directory '/run/crun/nope': No such file or directory", ENOENT, 0},
	{"container `c1` already exists", EEXIST, 0},
	{"cannot open `/run/crun/c1/exec.fifo`: No such file or directory", EBUSY, 0},
	{"the container `c1` is not in `created` or `stopped` state", EBUSY, 0},
	{"the container `c1` is not running", EBUSY, 0},
	{"kill container: No such process", EBUSY, 0},
	{"executable file `nocmd` not found in $PATH: No such file or directory", ENOENT, 127},
	{"open executable: Permission denied", EACCES, 126},
	{"open executable: Operation not permitted", EACCES, 126},
	{"exec container process `/etc/file`: Exec format error", EACCES, 126},
	{"mount proc: Operation not permitted", EPERM, 0},
	{"write state: no space left on device", ENOSPC, 0},
	{"something nobody has heard of", EIO, 0},
	{"", EIO, 0},
	{NULL, EIO, 0},
};

START_TEST(what_a_runtime_says_becomes_an_errno)
{
	const struct saying *s = &sayings[_i];
	struct gantry_err err = { 0 };

	ck_assert_int_eq(foreign_err(&err, "runc", "create", s->said), -s->code);
	ck_assert_int_eq(err.code, s->code);
	ck_assert_int_eq(err.exit, s->exit);
	ck_assert_ptr_nonnull(strstr(err.msg, "runc create"));
	ck_assert_ptr_null(strchr(err.msg, '\n'));
	ck_assert_ptr_null(strstr(err.msg, "level="));
	ck_assert_ptr_null(strstr(err.msg, "runc create failed: unable"));
}
END_TEST

START_TEST(escape_codes_in_its_words_do_not_reach_the_terminal)
{
	struct gantry_err err = { 0 };

	foreign_err(&err, "runc", "state", "bad \x1b]0;title\x07 thing");
	ck_assert_ptr_null(strchr(err.msg, '\x1b'));
	foreign_err(&err, "runc", "state", "{\"msg\":\"bad \\u001b[2J\"}");
	ck_assert_ptr_null(strchr(err.msg, '\x1b'));
}
END_TEST

START_TEST(its_name_and_root_come_first_and_its_answer_comes_back)
{
	const struct foreign f = { "/bin/echo", "/the/root" };
	const char *const args[] = { "one two", "", NULL };
	struct spawn_result res = { 0 };
	struct call c;

	ck_assert_int_eq(call_begin(&c, NULL, NULL), 0);
	ck_assert_int_eq(foreign_call(&f, "state", args, &res, &c), 0);
	ck_assert_str_eq(res.out, "--root /the/root state one two \n");
	spawn_result_done(&res);
}
END_TEST

START_TEST(more_arguments_than_there_is_room_for_are_refused)
{
	const char *args[32];
	const struct foreign f = { "/bin/echo", NULL };
	struct call c;

	for (int i = 0; i < 31; i++)
		args[i] = "x";
	args[31] = NULL;
	ck_assert_int_eq(call_begin(&c, NULL, NULL), 0);
	ck_assert_int_eq(foreign_call(&f, "state", args, NULL, &c), -EINVAL);
}
END_TEST

START_TEST(a_process_has_a_cgroup_and_one_that_is_gone_has_none)
{
	char path[FOREIGN_CGROUP] = "";

	if (access("/sys/fs/cgroup", F_OK) < 0)
		return;
	ck_assert_int_eq(foreign_cgroup(getpid(), "memory", path), 0);
	ck_assert_int_eq(path[0], '/');
	ck_assert_int_eq(foreign_cgroup(0x3fffffff, "memory", path), -ENOENT);
}
END_TEST

Suite *foreign_suite(void);
Suite *foreign_suite(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");

	tcase_add_loop_test(t, what_a_runtime_says_becomes_an_errno, 0,
			    sizeof(sayings) / sizeof(sayings[0]));
	tcase_add_test(t, escape_codes_in_its_words_do_not_reach_the_terminal);
	tcase_add_test(t, its_name_and_root_come_first_and_its_answer_comes_back);
	tcase_add_test(t, more_arguments_than_there_is_room_for_are_refused);
	tcase_add_test(t, a_process_has_a_cgroup_and_one_that_is_gone_has_none);
	suite_add_tcase(s, t);
	return s;
}
