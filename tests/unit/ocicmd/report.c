/* SPDX-License-Identifier: Apache-2.0 */
/* src/ocicmd/report.c: what clients read in the log, and people on stderr. */
#include "ocicmd/report.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

START_TEST(a_log_line_is_one_line_of_json_or_of_logrus)
{
	struct str s = { 0 };

	report_line(&s, true, "error", "say \"hi\"\n", 1000000001);
	ck_assert_str_eq(s.buf, "{\"level\":\"error\",\"msg\":\"say \\\"hi\\\"\\n\","
				"\"time\":\"1970-01-01T00:00:01.000000001Z\"}\n");
	str_done(&s);
	report_line(&s, false, "error", "say \"hi\"\n\\", 1000000001);
	ck_assert_str_eq(s.buf, "time=\"1970-01-01T00:00:01.000000001Z\" level=error "
				"msg=\"say \\\"hi\\\"\\x0a\\\\\"\n");
	str_done(&s);
}
END_TEST

/* Runs report_error with stderr in a file and returns what it wrote there. */
static void reported(const struct request *q, const char *msg, char *out, size_t size)
{
	char name[] = "/tmp/gantry-report-XXXXXX";
	int fd = mkstemp(name), old = dup(2);
	struct gantry_err err;
	ssize_t n;

	ck_assert(fd >= 0 && old >= 0);
	err_set(&err, ENOENT, "%s", msg);
	dup2(fd, 2);
	report_error(q, &err);
	dup2(old, 2);
	n = pread(fd, out, size - 1, 0);
	ck_assert_int_ge(n, 0);
	out[n] = '\0';
	unlink(name);
	close(fd);
	close(old);
}

START_TEST(an_error_is_said_on_stderr_and_in_the_log)
{
	char dir[] = "/tmp/gantry-report-XXXXXX", log[64], said[400], line[400] = "";
	struct verb v = { .name = "create" };
	struct request q = { .log = log, .log_format = "json", .verb = &v };
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(log, sizeof(log), "%s/log", dir);
	reported(&q, "it is so", said, sizeof(said));
	ck_assert_str_eq(said, "gantry-oci: create: it is so\n");
	reported(&q, "and so", said, sizeof(said)); /* the second line is added */
	f = fopen(log, "r");
	ck_assert(f && fgets(line, sizeof(line), f));
	ck_assert_ptr_eq(strstr(line, "{\"level\":\"error\",\"msg\":\"it is so\",\"time\":\"2"),
			 line);
	ck_assert(fgets(line, sizeof(line), f) && strstr(line, "\"and so\""));
	ck_assert_ptr_null(fgets(line, sizeof(line), f));
	fclose(f);
	/* without a file, json is for whoever reads stderr */
	q.log = NULL;
	reported(&q, "x", said, sizeof(said));
	ck_assert_ptr_eq(strstr(said, "{\"level\":\"error\",\"msg\":\"x\","), said);
	q.log_format = "text";
	reported(&q, "x", said, sizeof(said));
	ck_assert_str_eq(said, "gantry-oci: create: x\n");
	unlink(log);
	rmdir(dir);
}
END_TEST

START_TEST(a_log_that_is_a_link_is_not_followed_and_that_is_said)
{
	char dir[] = "/tmp/gantry-report-XXXXXX", log[64], target[64], said[400];
	struct request q = { .log = log, .log_format = "text" };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(target, sizeof(target), "%s/target", dir);
	ck_assert_int_eq(symlink(target, log), 0);
	reported(&q, "x", said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said, "gantry-oci: log file "));
	ck_assert_ptr_nonnull(strstr(said, "gantry-oci: x\n"));
	ck_assert_int_ne(access(target, F_OK), 0);
	unlink(log);
	rmdir(dir);
}
END_TEST

Suite *report_suite(void)
{
	Suite *s = suite_create("ocicmd/report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, a_log_line_is_one_line_of_json_or_of_logrus);
	tcase_add_test(t, an_error_is_said_on_stderr_and_in_the_log);
	tcase_add_test(t, a_log_that_is_a_link_is_not_followed_and_that_is_said);
	suite_add_tcase(s, t);
	return s;
}
