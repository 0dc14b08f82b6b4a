/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/clean.h"
#include "base/str.h"
#include "tempdir.h"

static struct tempdir dir;

static void setup(void)
{
	tempdir_make(&dir);
}

static void teardown(void)
{
	tempdir_remove(&dir);
}

/* How many names the directory has. */
static int names(const char *sub)
{
	clean_free char *cmd = str_printf("exit $(ls -A %s/%s | wc -l)", dir.path, sub);

	return system(cmd) >> 8;
}

START_TEST(a_file_is_read_whole_with_a_nul_behind_it)
{
	clean_free char *text = NULL;
	size_t len = 99;

	put_file(&dir, "f", "hello");
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 5, &text, &len), 0);
	ck_assert_uint_eq(len, 5);
	ck_assert_str_eq(text, "hello");
	free(TAKE_PTR(text));
	put_file(&dir, "empty", "");
	ck_assert_int_eq(fd_slurp(dir.fd, "empty", 0, &text, NULL), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_file_beyond_the_cap_is_refused_and_the_answer_left_alone)
{
	clean_fd int fd = -1;
	char *text = (char *)1;
	size_t len = 99;

	put_file(&dir, "f", "hello");
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 4, &text, &len), -E2BIG);
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 0, &text, &len), -E2BIG);
	ck_assert_int_eq(fd_slurp(dir.fd, "none", 4, &text, &len), -ENOENT);
	ck_assert_ptr_eq(text, (char *)1);
	ck_assert_uint_eq(len, 99);
	/* A hole of a terabyte asks for no memory. */
	fd = openat(dir.fd, "f", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 1ll << 40), 0);
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 1 << 20, &text, &len), -E2BIG);
}
END_TEST

START_TEST(sizes_around_the_buffers_are_read_right)
{
	static char big[20001], *text;
	size_t len;

	memset(big, 'x', sizeof(big) - 1);
	for (size_t n = 4090; n < 4100; n++) {
		int p[2];

		big[n] = '\0';
		put_file(&dir, "f", big);
		ck_assert_int_eq(fd_slurp(dir.fd, "f", SIZE_MAX, &text, &len), 0);
		ck_assert_uint_eq(len, n);
		ck_assert_str_eq(text, big);
		free(text);
		ck_assert_int_eq(pipe(p), 0);
		ck_assert_int_eq(fd_write(p[1], big, n), 0);
		ck_assert_int_eq(fd_write(p[1], big, n), 0);
		close(p[1]);
		ck_assert_int_eq(fd_slurp_fd(p[0], 2 * n, &text, &len), 0);
		ck_assert_uint_eq(len, 2 * n);
		ck_assert_uint_eq(text[len], 0);
		free(text);
		close(p[0]);
		big[n] = 'x';
	}
}
END_TEST

START_TEST(a_pipe_beyond_the_cap_is_refused)
{
	char *text = NULL;
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(fd_write(p[1], "123456", 6), 0);
	ck_assert_int_eq(fd_slurp_fd(p[0], 5, &text, NULL), -E2BIG);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(fd_slurp_fd(-1, 5, &text, NULL), -EBADF);
}
END_TEST

START_TEST(kernel_files_that_tell_no_size_are_read_whole)
{
	clean_free char *text = NULL;

	ck_assert_int_eq(fd_slurp(AT_FDCWD, "/proc/self/status", 1 << 20, &text, NULL), 0);
	ck_assert_ptr_nonnull(strstr(text, "\nPid:"));
	ck_assert_ptr_nonnull(strstr(text, "nonvoluntary_ctxt_switches:"));
}
END_TEST

START_TEST(what_is_no_regular_file_neither_hangs_nor_feeds_us)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	char *text = NULL, buf[16];

	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "dir", 0700), 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", dir.path);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	alarm(10);
	ck_assert_int_eq(fd_slurp(dir.fd, "fifo", 100, &text, NULL), -EINVAL);
	ck_assert_int_eq(fd_slurp(dir.fd, "dir", 100, &text, NULL), -EINVAL);
	ck_assert_int_eq(fd_slurp(dir.fd, "sock", 100, &text, NULL), -EINVAL);
	ck_assert_int_eq(fd_slurp(AT_FDCWD, "/dev/zero", 100, &text, NULL), -EINVAL);
	ck_assert_int_eq(fd_read_small(dir.fd, "fifo", buf, sizeof(buf)), -EINVAL);
	ck_assert_ptr_null(text);
	close(s);
}
END_TEST

START_TEST(a_last_link_is_not_followed)
{
	char *text = NULL, buf[16];

	put_file(&dir, "secret", "x");
	ck_assert_int_eq(symlinkat("secret", dir.fd, "link"), 0);
	ck_assert_int_eq(fd_slurp(dir.fd, "link", 100, &text, NULL), -ELOOP);
	ck_assert_int_eq(fd_read_small(dir.fd, "link", buf, sizeof(buf)), -ELOOP);
	ck_assert_int_eq(fd_poke(dir.fd, "link", "y"), -ELOOP);
	ck_assert_int_eq(fd_slurp(dir.fd, "secret", 100, &text, NULL), 0);
	ck_assert_str_eq(text, "x");
	free(text);
}
END_TEST

START_TEST(small_files_lose_one_newline_and_must_fit)
{
	char buf[8];

	put_file(&dir, "f", "max 10\n");
	ck_assert_int_eq(fd_read_small(dir.fd, "f", buf, sizeof(buf)), 6);
	ck_assert_str_eq(buf, "max 10");
	ck_assert_int_eq(fd_read_small(dir.fd, "f", buf, 7), -E2BIG);
	put_file(&dir, "f", "\n\n");
	ck_assert_int_eq(fd_read_small(dir.fd, "f", buf, sizeof(buf)), 1);
	put_file(&dir, "f", "");
	ck_assert_int_eq(fd_read_small(dir.fd, "f", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(fd_read_small(dir.fd, "none", buf, sizeof(buf)), -ENOENT);
}
END_TEST

START_TEST(poking_makes_and_cuts_nothing)
{
	char buf[16];

	put_file(&dir, "f", "abcdef");
	ck_assert_int_eq(fd_poke(dir.fd, "f", "xy"), 0);
	ck_assert_int_eq(fd_read_small(dir.fd, "f", buf, sizeof(buf)), 6);
	ck_assert_str_eq(buf, "xycdef");
	ck_assert_int_eq(fd_poke(dir.fd, "none", "xy"), -ENOENT);
	ck_assert_int_eq(faccessat(dir.fd, "none", F_OK, 0), -1);
}
END_TEST

START_TEST(replacing_makes_a_file_of_exactly_that_mode)
{
	clean_free char *text = NULL;
	struct stat st;

	umask(0077);
	ck_assert_int_eq(fd_replace(dir.fd, "f", "one", 3, 0644, 0), 0);
	ck_assert_int_eq(fstatat(dir.fd, "f", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(fd_replace(dir.fd, "f", "second", 6, 0600, 1), 0);
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 100, &text, NULL), 0);
	ck_assert_str_eq(text, "second");
	ck_assert_int_eq(fstatat(dir.fd, "f", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(names("."), 1);
}
END_TEST

START_TEST(replacing_works_by_path_and_in_directories_below)
{
	clean_free char *path = str_printf("%s/sub/f", dir.path);
	clean_free char *text = NULL;

	ck_assert_int_eq(mkdirat(dir.fd, "sub", 0700), 0);
	ck_assert_int_eq(fd_replace(dir.fd, "sub/f", "one", 3, 0600, 1), 0);
	ck_assert_int_eq(fd_replace(AT_FDCWD, path, "two", 3, 0600, 1), 0);
	ck_assert_int_eq(fd_slurp(dir.fd, "sub/f", 100, &text, NULL), 0);
	ck_assert_str_eq(text, "two");
	ck_assert_int_eq(names("sub"), 1);
	ck_assert_int_eq(names("."), 1);
}
END_TEST

START_TEST(replacing_a_link_leaves_what_it_points_to)
{
	clean_free char *text = NULL;

	put_file(&dir, "target", "old");
	ck_assert_int_eq(symlinkat("target", dir.fd, "f"), 0);
	ck_assert_int_eq(fd_replace(dir.fd, "f", "new", 3, 0600, 0), 0);
	ck_assert_int_eq(fd_slurp(dir.fd, "target", 100, &text, NULL), 0);
	ck_assert_str_eq(text, "old");
}
END_TEST

START_TEST(what_cannot_be_replaced_leaves_no_temporary_file)
{
	ck_assert_int_eq(mkdirat(dir.fd, "d", 0700), 0);
	ck_assert_int_eq(fd_replace(dir.fd, "d", "x", 1, 0600, 0), -EISDIR);
	ck_assert_int_eq(fd_replace(dir.fd, "none/f", "x", 1, 0600, 0), -ENOENT);
	ck_assert_int_eq(fd_replace(dir.fd, "", "x", 1, 0600, 0), -EINVAL);
	ck_assert_int_eq(fd_replace(dir.fd, "d/", "x", 1, 0600, 0), -EINVAL);
	ck_assert_int_eq(names("."), 1);
	ck_assert_int_eq(names("d"), 0);
}
END_TEST

/* A file system of 64 KiB on the directory, in a mount namespace of this test's own. */
static void tiny_disk(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tiny", dir.path, "tmpfs", 0, "size=64k"), 0);
	close(dir.fd);
	dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir.fd, 0);
}

START_TEST(on_a_full_disk_the_old_file_stands)
{
	static char big[128 << 10];
	clean_free char *text = NULL;

	if (geteuid() != 0)
		return;
	tiny_disk();
	ck_assert_int_eq(fd_replace(dir.fd, "f", "old", 3, 0600, 0), 0);
	ck_assert_int_eq(fd_replace(dir.fd, "f", big, sizeof(big), 0600, 1), -ENOSPC);
	ck_assert_int_eq(fd_slurp(dir.fd, "f", 100, &text, NULL), 0);
	ck_assert_str_eq(text, "old");
	ck_assert_int_eq(names("."), 1);
	/* Nothing was left behind, so what fits still fits. */
	ck_assert_int_eq(fd_replace(dir.fd, "f", big, 40 << 10, 0600, 1), 0);
	ck_assert_int_eq(umount(dir.path), -1); /* busy: our fd is on it */
	close(dir.fd);
	ck_assert_int_eq(umount(dir.path), 0);
	dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
END_TEST

START_TEST(beyond_the_file_size_limit_the_old_file_stands)
{
	static char big[128 << 10];
	struct rlimit lim = { 64 << 10, 64 << 10 };

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(fd_replace(dir.fd, "f", "old", 3, 0600, 0), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
	ck_assert_int_eq(fd_replace(dir.fd, "f", big, sizeof(big), 0600, 0), -EFBIG);
	ck_assert_int_eq(names("."), 1);
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(signals_do_not_cut_reads_and_writes)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	static char big[1 << 20];
	size_t len = 0;
	char *text = NULL;
	int p[2];
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	sigaction(SIGALRM, &sa, NULL);
	pid = fork();
	if (pid == 0) {
		/* Slowly, so that the other side waits within a read. */
		setitimer(ITIMER_REAL, &every, NULL);
		_exit(fd_write(p[1], big, sizeof(big)) == 0 ? 0 : 1);
	}
	close(p[1]);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 5; i++)
		usleep(1000);
	ck_assert_int_eq(fd_slurp_fd(p[0], sizeof(big), &text, &len), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_uint_eq(len, sizeof(big));
	free(text);
}
END_TEST

START_TEST(a_disk_that_takes_nothing_is_told)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fd_write(fd, "x", 1), -ENOSPC);
	ck_assert_int_eq(fd_write(fd, "", 0), 0);
	ck_assert_int_eq(fd_write(-1, "x", 1), -EBADF);
	close(fd);
}
END_TEST

START_TEST(directories_are_made_with_their_mode_and_found_again)
{
	clean_free char *deep = str_printf("%s/a//b/c/", dir.path);
	clean_free char *file = str_printf("%s/f/b", dir.path);
	clean_free char *name = str_printf("%s/f", dir.path);
	struct stat st;

	umask(0077);
	ck_assert_int_eq(fd_mkdirs(deep, 0711), 0);
	ck_assert_int_eq(fstatat(dir.fd, "a/b", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0711);
	ck_assert_int_eq(fd_mkdirs(deep, 0700), 0);
	ck_assert_int_eq(fstatat(dir.fd, "a/b/c", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0711);
	put_file(&dir, "f", "");
	ck_assert_int_eq(fd_mkdirs(file, 0700), -ENOTDIR);
	ck_assert_int_eq(fd_mkdirs(name, 0700), -ENOTDIR);
	ck_assert_int_eq(fd_mkdirs("relative", 0700), -EINVAL);
	ck_assert_int_eq(fd_mkdirs("", 0700), -EINVAL);
	ck_assert_int_eq(fd_mkdirs("/", 0700), 0);
	ck_assert_int_eq(fd_mkdirs("/proc/none/x", 0700), -ENOENT);
}
END_TEST

START_TEST(directories_are_made_through_links_as_paths_are)
{
	clean_free char *path = str_printf("%s/link/x/y", dir.path);

	ck_assert_int_eq(mkdirat(dir.fd, "real", 0700), 0);
	ck_assert_int_eq(symlinkat("real", dir.fd, "link"), 0);
	ck_assert_int_eq(fd_mkdirs(path, 0700), 0);
	ck_assert_int_eq(faccessat(dir.fd, "real/x/y", F_OK, 0), 0);
}
END_TEST

Suite *fd_suite(void);

Suite *fd_suite(void)
{
	Suite *s = suite_create("base/fd");
	TCase *t = tcase_create("fd");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file_is_read_whole_with_a_nul_behind_it);
	tcase_add_test(t, a_file_beyond_the_cap_is_refused_and_the_answer_left_alone);
	tcase_add_test(t, sizes_around_the_buffers_are_read_right);
	tcase_add_test(t, a_pipe_beyond_the_cap_is_refused);
	tcase_add_test(t, kernel_files_that_tell_no_size_are_read_whole);
	tcase_add_test(t, what_is_no_regular_file_neither_hangs_nor_feeds_us);
	tcase_add_test(t, a_last_link_is_not_followed);
	tcase_add_test(t, small_files_lose_one_newline_and_must_fit);
	tcase_add_test(t, poking_makes_and_cuts_nothing);
	tcase_add_test(t, replacing_makes_a_file_of_exactly_that_mode);
	tcase_add_test(t, replacing_works_by_path_and_in_directories_below);
	tcase_add_test(t, replacing_a_link_leaves_what_it_points_to);
	tcase_add_test(t, what_cannot_be_replaced_leaves_no_temporary_file);
	tcase_add_test(t, on_a_full_disk_the_old_file_stands);
	tcase_add_test(t, beyond_the_file_size_limit_the_old_file_stands);
	tcase_add_test(t, signals_do_not_cut_reads_and_writes);
	tcase_add_test(t, a_disk_that_takes_nothing_is_told);
	tcase_add_test(t, directories_are_made_with_their_mode_and_found_again);
	tcase_add_test(t, directories_are_made_through_links_as_paths_are);
	suite_add_tcase(s, t);
	return s;
}
