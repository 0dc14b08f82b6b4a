/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state record: what is read is what was written, or it is damaged; and the kernel says what it
 * means now.
 */
#include "container/state.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/procfs.h"

static char root[64];
static int dir;
static struct gantry_err err;

static void setup(void)
{
	strcpy(root, "/tmp/state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	char path[128];
	snprintf(path, sizeof(path), "%s/box", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void teardown(void)
{
	char cmd[128];

	close(dir);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
	ck_assert_int_eq(system(cmd), 0);
}

static void write_for(pid_t pid, int phase)
{
	struct procfs_process p = { .start_time = 1 };
	struct state s = { .id = (char *)"box",
			   .bundle = (char *)"/b \"q\"",
			   .rootfs = (char *)"/b/rootfs",
			   .cgroup = (char *)"/gantry/no-such-cgroup",
			   .oci_version = (char *)"1.0.2",
			   .pid = pid,
			   .created_ns = 1234567890123456789u,
			   .owner = 42,
			   .phase = phase };

	if (pid > 0)
		(void)procfs_process(pid, &p);
	s.start_time = s.creator_start = p.start_time;
	s.creator = pid;
	ck_assert_int_eq(state_write(dir, &s, NULL, &err), 0);
}

static int read_status(void)
{
	clean_state struct state s = { 0 };
	int r = state_read(root, "box", &s, &err);

	return r < 0 ? r : s.status;
}

START_TEST(what_is_read_is_what_was_written)
{
	clean_state struct state s = { 0 };

	write_for(getpid(), STATE_COMMITTED);
	ck_assert_int_eq(state_read(root, "box", &s, &err), 0);
	ck_assert_str_eq(s.id, "box");
	ck_assert_str_eq(s.bundle, "/b \"q\"");
	ck_assert_str_eq(s.rootfs, "/b/rootfs");
	ck_assert_str_eq(s.cgroup, "/gantry/no-such-cgroup");
	ck_assert_str_eq(s.oci_version, "1.0.2");
	ck_assert_int_eq(s.pid, getpid());
	ck_assert_uint_eq(s.created_ns, 1234567890123456789u);
	ck_assert_uint_eq(s.owner, 42);
	ck_assert_ptr_null(s.annotations);
}
END_TEST

START_TEST(annotations_come_back_as_json)
{
	char text[] = "{\"a\":\"x\",\"b\":\"y \\\" z\"}\0";
	clean_state struct state s = { 0 };
	struct state w = { .id = (char *)"box",
			   .bundle = (char *)"/",
			   .rootfs = (char *)"/",
			   .cgroup = (char *)"/c",
			   .oci_version = (char *)"",
			   .phase = STATE_COMMITTED };
	struct json_doc doc = { 0 };

	ck_assert_int_eq(json_parse(&doc, "t", text, strlen(text), NULL, &err), 0);
	ck_assert_int_eq(state_write(dir, &w, doc.root, &err), 0);
	json_done(&doc);
	ck_assert_int_eq(state_load(dir, "box", &s, &err), 0);
	ck_assert_str_eq(s.annotations, "{\"a\":\"x\",\"b\":\"y \\\" z\"}");
}
END_TEST

START_TEST(the_kernel_says_whether_it_runs)
{
	int st;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	write_for(pid, STATE_COMMITTED);
	ck_assert_int_eq(read_status(), GANTRY_STATE_RUNNING);
	/*
	 * a FIFO with nobody at its other end changes nothing; with somebody it waits to be started
	 */
	ck_assert_int_eq(mknodat(dir, STATE_FIFO, S_IFIFO | 0600, 0), 0);
	ck_assert_int_eq(read_status(), GANTRY_STATE_RUNNING);
	int fifo = openat(dir, STATE_FIFO, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(read_status(), GANTRY_STATE_CREATED);
	close(fifo);
	kill(pid, SIGKILL);
	/* a zombie has stopped, also before anybody has reaped it */
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	ck_assert_int_eq(read_status(), GANTRY_STATE_STOPPED);
	waitpid(pid, &st, 0);
	ck_assert_int_eq(read_status(), GANTRY_STATE_STOPPED);
}
END_TEST

START_TEST(a_pid_that_is_anothers_now_is_stopped)
{
	clean_state struct state s = { 0 };
	struct state w = { .id = (char *)"box",
			   .bundle = (char *)"/",
			   .rootfs = (char *)"/",
			   .cgroup = (char *)"/c",
			   .oci_version = (char *)"",
			   .phase = STATE_COMMITTED,
			   .pid = getpid(),
			   .start_time = 7 };

	ck_assert_int_eq(state_write(dir, &w, NULL, &err), 0);
	ck_assert_int_eq(state_read(root, "box", &s, &err), 0);
	ck_assert_int_eq(s.status, GANTRY_STATE_STOPPED);
	ck_assert_int_eq(s.pid, 0);
	w.pid = getpid();
	ck_assert_int_eq(state_pidfd(&w), -ESRCH);
}
END_TEST

START_TEST(half_made_is_creating_while_its_creator_lives)
{
	write_for(getpid(), STATE_CREATING);
	ck_assert_int_eq(read_status(), GANTRY_STATE_CREATING);
	write_for(999999999, STATE_CREATING);
	ck_assert_int_eq(read_status(), GANTRY_STATE_STOPPED);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	char text[4096];
	ssize_t n;
	int fd;

	write_for(getpid(), STATE_COMMITTED);
	fd = openat(dir, STATE_FILE, O_RDWR | O_CLOEXEC);
	n = read(fd, text, sizeof(text));
	ck_assert_int_gt(n, 100);
	for (ssize_t at = 0; at < n; at++) {
		char c = text[at] ^ (char)(1 << at % 8);

		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
		ck_assert_msg(read_status() == -EBADMSG, "byte %zd of %.*s", at, (int)n, text);
		ck_assert_int_eq(pwrite(fd, text + at, 1, at), 1);
	}
	for (ssize_t len = 0; len < n; len++) {
		ck_assert_int_eq(ftruncate(fd, len), 0);
		ck_assert_int_eq(read_status(), -EBADMSG);
	}
	close(fd);
}
END_TEST

START_TEST(what_is_no_record_does_not_hang_and_is_damage)
{
	clean_state struct state s = { 0 };
	int fd;

	ck_assert_int_eq(state_read(root, "box", &s, &err), -EBADMSG); /* none there */
	ck_assert_str_eq(s.id, "box");
	ck_assert_int_eq(state_load(dir, "box", &(struct state){ 0 }, &err), -ENOENT);
	ck_assert_int_eq(mknodat(dir, STATE_FILE, S_IFIFO | 0600, 0), 0);
	ck_assert_int_eq(read_status(), -EBADMSG);
	unlinkat(dir, STATE_FILE, 0);
	ck_assert_int_eq(symlinkat("/dev/zero", dir, STATE_FILE), 0);
	ck_assert_int_eq(read_status(), -EBADMSG);
	unlinkat(dir, STATE_FILE, 0);
	fd = openat(dir, STATE_FILE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_eq(ftruncate(fd, 1 << 30), 0);
	close(fd);
	ck_assert_int_eq(read_status(), -EBADMSG);
}
END_TEST

START_TEST(ids_are_checked_and_listed_in_order)
{
	clean_state struct state s = { 0 };
	clean_strv struct strv l = { 0 };
	char path[128];

	ck_assert_int_eq(state_read(root, "none", &s, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "container none does not exist");
	ck_assert_int_eq(state_read(root, "../box", &s, &err), -EINVAL);
	ck_assert_int_eq(state_read(root, "a\nb", &s, &err), -EINVAL);
	ck_assert_int_eq(state_read("/no/such/root", "box", &s, &err), -ENOENT);
	for (const char *const *p = (const char *const[]){ "zeta", "alpha", ".hidden", NULL }; *p;
	     p++) {
		snprintf(path, sizeof(path), "%s/%s", root, *p);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	ck_assert_int_eq(state_list(root, &l, &err), 0);
	ck_assert_uint_eq(l.n, 3);
	ck_assert_str_eq(l.v[0], "alpha");
	ck_assert_str_eq(l.v[1], "box");
	ck_assert_str_eq(l.v[2], "zeta");
	strv_done(&l);
	ck_assert_int_eq(state_list("/no/such/root", &l, &err), 0);
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

Suite *state_suite(void);
Suite *state_suite(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_read_is_what_was_written);
	tcase_add_test(t, annotations_come_back_as_json);
	tcase_add_test(t, the_kernel_says_whether_it_runs);
	tcase_add_test(t, a_pid_that_is_anothers_now_is_stopped);
	tcase_add_test(t, half_made_is_creating_while_its_creator_lives);
	tcase_add_test(t, every_flipped_bit_is_noticed);
	tcase_add_test(t, what_is_no_record_does_not_hang_and_is_damage);
	tcase_add_test(t, ids_are_checked_and_listed_in_order);
	suite_add_tcase(s, t);
	return s;
}
