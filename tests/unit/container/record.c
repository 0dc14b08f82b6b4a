/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read back from a record is what was written, or "damaged", and never an
 * exit code that nobody had.
 */
#include "container/record.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char where[64];
static int dir;

static void setup(void)
{
	strcpy(where, "/tmp/record-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(where));
	dir = open(where, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir, 0);
}

static void teardown(void)
{
	char cmd[128];

	close(dir);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", where);
	ck_assert_int_eq(system(cmd), 0);
}

static void put(const char *name, const char *bytes, size_t len)
{
	int fd;

	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static size_t fetch(const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, buf, size - 1);
	close(fd);
	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	return (size_t)n;
}

static void write_record(bool full)
{
	struct record r = { 0 };

	r.id = strdup("box");
	r.runtime_root = strdup("/run/somewhere");
	r.created_ns = 1234567890123456789u;
	if (full) {
		r.image = strdup("img:1");
		r.bundle = strdup("/b");
		r.rootfs = strdup("/r \"quoted\"\n");
		r.runtime = strdup("/usr/bin/rt");
		r.auto_remove = true;
		strv_add(&r.args, "sh");
		strv_add(&r.args, "");
		strv_add(&r.args, "-c\tx");
		strv_add(&r.labels, "a=b");
	}
	ck_assert_int_eq(record_write(dir, &r, NULL), 0);
	record_done(&r);
}

START_TEST(a_record_comes_back_as_it_was)
{
	struct record r = { 0 };

	write_record(true);
	ck_assert_int_eq(record_read(dir, &r, NULL), 0);
	ck_assert_str_eq(r.id, "box");
	ck_assert_str_eq(r.image, "img:1");
	ck_assert_str_eq(r.bundle, "/b");
	ck_assert_str_eq(r.rootfs, "/r \"quoted\"\n");
	ck_assert_str_eq(r.runtime, "/usr/bin/rt");
	ck_assert_str_eq(r.runtime_root, "/run/somewhere");
	ck_assert_uint_eq(r.created_ns, 1234567890123456789u);
	ck_assert(r.auto_remove);
	ck_assert_uint_eq(r.args.n, 3);
	ck_assert_str_eq(r.args.v[1], "");
	ck_assert_str_eq(r.args.v[2], "-c\tx");
	ck_assert_uint_eq(r.labels.n, 1);
	record_done(&r);
}
END_TEST

START_TEST(what_was_not_given_comes_back_as_null)
{
	struct record r = { 0 };

	write_record(false);
	ck_assert_int_eq(record_read(dir, &r, NULL), 0);
	ck_assert_ptr_null(r.image);
	ck_assert_ptr_null(r.bundle);
	ck_assert_ptr_null(r.runtime);
	ck_assert(!r.auto_remove);
	ck_assert_uint_eq(r.args.n, 0);
	record_done(&r);
}
END_TEST

START_TEST(a_record_that_was_cut_anywhere_is_damaged)
{
	char text[4096];
	struct record r = { 0 };
	size_t len;

	write_record(true);
	len = fetch("record.json", text, sizeof(text));
	for (size_t n = 0; n < len; n++) {
		put("record.json", text, n);
		ck_assert_int_eq(record_read(dir, &r, NULL), -EBADMSG);
		ck_assert_ptr_null(r.id);
	}
}
END_TEST

START_TEST(what_is_no_regular_file_is_damaged_and_nothing_hangs)
{
	struct record r = { 0 };
	struct exit_record x = EXIT_RECORD_INIT;
	struct gantry_err err = { 0 };

	ck_assert_int_eq(record_read(dir, &r, &err), -ENOENT);
	ck_assert_int_eq(exit_record_read(dir, &x, &err), -ENOENT);
	ck_assert_int_eq(mkfifoat(dir, "record.json", 0600), 0);
	ck_assert_int_eq(mkfifoat(dir, "exit.json", 0600), 0);
	ck_assert_int_eq(mkfifoat(dir, "monitor", 0600), 0);
	ck_assert_int_eq(record_read(dir, &r, &err), -EBADMSG);
	ck_assert_int_eq(exit_record_read(dir, &x, &err), -EBADMSG);
	ck_assert_int_eq(mark_pidfd(dir, MARK_MONITOR, NULL), -EBADMSG);
	unlinkat(dir, "record.json", 0);
	unlinkat(dir, "exit.json", 0);
	/* a link to a good record is none */
	write_record(false);
	put("good",
	    "{\"code\":0,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":\"\"}",
	    69);
	ck_assert_int_eq(symlinkat("good", dir, "exit.json"), 0);
	ck_assert_int_eq(exit_record_read(dir, &x, &err), -EBADMSG);
	unlinkat(dir, "exit.json", 0);
	ck_assert_int_eq(mkdirat(dir, "exit.json", 0700), 0);
	ck_assert_int_eq(exit_record_read(dir, &x, &err), -EBADMSG);
	ck_assert_int_eq(x.code, -1);
}
END_TEST

START_TEST(a_record_beyond_its_size_is_damaged)
{
	struct record r = { 0 };
	int fd = openat(dir, "record.json", O_WRONLY | O_CREAT, 0600);

	ck_assert_int_eq(ftruncate(fd, 64 << 20), 0);
	close(fd);
	ck_assert_int_eq(record_read(dir, &r, NULL), -EBADMSG);
}
END_TEST

START_TEST(an_exit_comes_back_as_it_was)
{
	struct exit_record x = { 137, 9, true, 11, 22, "why" }, y = EXIT_RECORD_INIT;

	write_record(false);
	ck_assert_int_eq(exit_record_write(dir, &x, true, NULL), 0);
	ck_assert_int_eq(exit_record_read(dir, &y, NULL), 0);
	ck_assert_int_eq(y.code, 137);
	ck_assert_int_eq(y.signal, 9);
	ck_assert(y.oom);
	ck_assert_uint_eq(y.started_ns, 11);
	ck_assert_uint_eq(y.finished_ns, 22);
	ck_assert_str_eq(y.error, "why");
}
END_TEST

START_TEST(a_damaged_exit_is_never_a_code)
{
	static const char *const bad[] = {
		"",
		"junk",
		"0",
		"[]",
		"{}",
		"null",
		"{\"code\":0}",
		"{\"code\":256,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":-2,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":0.5,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":\"0\",\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":0,\"signal\":65,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":0,\"signal\":0,\"oom\":0,\"started\":1,\"finished\":2,\"error\":\"\"}",
		"{\"code\":0,\"signal\":0,\"oom\":false,\"started\":-1,\"finished\":2,\"error\":"
		"\"\"}",
		"{\"code\":0,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,\"error\":"
		"null}",
		"{\"code\":0,\"code\":0,\"signal\":0,\"oom\":false,\"started\":1,\"finished\":2,"
		"\"error\":\"\"}",
	};
	struct exit_record x = { 0, 0, false, 1, 2, "" }, y = EXIT_RECORD_INIT;
	char text[512];
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("exit.json", bad[i], strlen(bad[i]));
		ck_assert_int_eq(exit_record_read(dir, &y, NULL), -EBADMSG);
	}
	write_record(false);
	ck_assert_int_eq(exit_record_write(dir, &x, false, NULL), 0);
	len = fetch("exit.json", text, sizeof(text));
	for (size_t n = 0; n < len; n++) {
		int fd;

		put("exit.json", text, n);
		ck_assert_int_eq(exit_record_read(dir, &y, NULL), -EBADMSG);
		put("wait", text, n);
		fd = openat(dir, "wait", O_RDONLY);
		ck_assert_int_eq(exit_record_waited(fd, &y, NULL), n ? -EBADMSG : -ENOENT);
		close(fd);
	}
	ck_assert_int_eq(y.code, -1);
}
END_TEST

START_TEST(who_holds_wait_open_gets_the_code_after_everything_is_gone)
{
	struct exit_record x = { 5, 0, false, 1, 2, "" }, y = EXIT_RECORD_INIT;
	int fd;

	write_record(false);
	fd = openat(dir, "wait", O_RDONLY);
	ck_assert_int_eq(exit_record_waited(fd, &y, NULL), -ENOENT);
	ck_assert_int_eq(exit_record_write(dir, &x, false, NULL), 0);
	unlinkat(dir, "exit.json", 0);
	unlinkat(dir, "wait", 0);
	ck_assert_int_eq(exit_record_waited(fd, &y, NULL), 0);
	ck_assert_int_eq(y.code, 5);
	close(fd);
}
END_TEST

START_TEST(a_disk_that_is_full_by_then_does_not_lose_the_code)
{
	struct exit_record x = { 5, 0, false, 1, 2, "" }, y = EXIT_RECORD_INIT;
	char full[80], block[4096] = "";
	struct stat st;
	int fd;

	if (geteuid() != 0)
		return;
	memset(x.error, '\n', sizeof(x.error) - 1); /* as long as it can be */
	snprintf(full, sizeof(full), "%s/full", where);
	ck_assert_int_eq(mkdir(full, 0700), 0);
	ck_assert_int_eq(mount("none", full, "tmpfs", 0, "size=1m"), 0);
	close(dir);
	dir = open(full, O_RDONLY | O_DIRECTORY);
	write_record(false);
	fd = openat(dir, "filler", O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
	ck_assert_int_lt(mark_write(dir, MARK_INIT, getpid(), NULL), 0);
	ck_assert_int_eq(started_write(dir, 4711), 0);
	ck_assert_uint_eq(started_read(dir), 4711);
	ck_assert_int_eq(exit_record_write(dir, &x, true, NULL), 0);
	ck_assert_int_eq(exit_record_read(dir, &y, NULL), 0);
	ck_assert_int_eq(y.code, 5);
	ck_assert_str_eq(y.error, x.error);
	ck_assert_int_eq(fstatat(dir, "started.next", &st, 0), -1);
	close(dir);
	ck_assert_int_eq(umount(full), 0);
	dir = open(where, O_RDONLY | O_DIRECTORY);
}
END_TEST

START_TEST(a_mark_names_one_process_and_no_other)
{
	char text[256], *p;
	pid_t pid, found = 0;
	int fd;

	ck_assert_int_eq(mark_pidfd(dir, MARK_INIT, NULL), -ENOENT);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_eq(mark_write(dir, MARK_INIT, pid, NULL), 0);
	fd = mark_pidfd(dir, MARK_INIT, &found);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(found, pid);
	close(fd);
	/* the same pid with another start time is another process */
	fetch("init", text, sizeof(text));
	p = strchr(text, ' ') + 1;
	*p = *p == '1' ? '2' : '1';
	put("init", text, strlen(text));
	ck_assert_int_eq(mark_pidfd(dir, MARK_INIT, NULL), -ESRCH);
	/* and so it is in another boot */
	ck_assert_int_eq(mark_write(dir, MARK_INIT, pid, NULL), 0);
	fetch("init", text, sizeof(text));
	p = strrchr(text, '-') + 1;
	*p = *p == '0' ? '1' : '0';
	put("init", text, strlen(text));
	ck_assert_int_eq(mark_pidfd(dir, MARK_INIT, NULL), -ESRCH);
	ck_assert_int_eq(mark_write(dir, MARK_INIT, pid, NULL), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(mark_pidfd(dir, MARK_INIT, NULL), -ESRCH);
	ck_assert_int_eq(mark_write(dir, MARK_INIT, pid, NULL), -ESRCH);
}
END_TEST

START_TEST(a_mark_of_junk_is_damaged)
{
	static const char *const bad[] = {
		"", "\n", "12", "12 34", "12 34 boot more", "0 1 boot", "-1 1 boot", "x 1 boot",
		"99999999999 1 boot", "1 x boot",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("monitor", bad[i], strlen(bad[i]));
		ck_assert_int_eq(mark_pidfd(dir, MARK_MONITOR, NULL), -EBADMSG);
	}
}
END_TEST

START_TEST(when_it_was_started_is_a_number_or_unknown)
{
	ck_assert_uint_eq(started_read(dir), 0);
	ck_assert_int_eq(started_write(dir, 77), 0);
	ck_assert_uint_eq(started_read(dir), 77);
	put("started", "7x\n", 3);
	ck_assert_uint_eq(started_read(dir), 0);
}
END_TEST

START_TEST(containers_of_different_state_directories_have_different_keys)
{
	char *a = record_key("runc", NULL), *b = record_key("runc", "/run/a"),
	     *c = record_key("runc", "/run/b"), *d = record_key("runc", "/run/a");

	ck_assert_str_eq(a, "runc");
	ck_assert_str_ne(b, c);
	ck_assert_str_eq(b, d);
	ck_assert(str_after(b, "runc-") != NULL);
	free(a);
	free(b);
	free(c);
	free(d);
}
END_TEST

Suite *record_suite(void);
Suite *record_suite(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_record_comes_back_as_it_was);
	tcase_add_test(t, what_was_not_given_comes_back_as_null);
	tcase_add_test(t, a_record_that_was_cut_anywhere_is_damaged);
	tcase_add_test(t, what_is_no_regular_file_is_damaged_and_nothing_hangs);
	tcase_add_test(t, a_record_beyond_its_size_is_damaged);
	tcase_add_test(t, an_exit_comes_back_as_it_was);
	tcase_add_test(t, a_damaged_exit_is_never_a_code);
	tcase_add_test(t, who_holds_wait_open_gets_the_code_after_everything_is_gone);
	tcase_add_test(t, a_disk_that_is_full_by_then_does_not_lose_the_code);
	tcase_add_test(t, a_mark_names_one_process_and_no_other);
	tcase_add_test(t, a_mark_of_junk_is_damaged);
	tcase_add_test(t, when_it_was_started_is_a_number_or_unknown);
	tcase_add_test(t, containers_of_different_state_directories_have_different_keys);
	suite_add_tcase(s, t);
	return s;
}
