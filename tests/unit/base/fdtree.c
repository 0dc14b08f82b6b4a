/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/clock.h"
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

static bool is_there(const char *name)
{
	struct stat st;

	return fstatat(dir.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(files_links_and_nothing_are_removed_alike)
{
	put_file(&dir, "f", "x");
	ck_assert_int_eq(symlinkat("f", dir.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("/none", dir.fd, "dangling"), 0);
	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "link"), 0);
	ck_assert(is_there("f"));
	ck_assert_int_eq(fd_rmtree(dir.fd, "f"), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "dangling"), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "fifo"), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "none"), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "none/below"), 0);
	ck_assert(!is_there("f"));
	ck_assert(!is_there("fifo"));
}
END_TEST

START_TEST(a_tree_goes_and_what_its_links_point_to_stays)
{
	ck_assert_int_eq(mkdirat(dir.fd, "keep", 0700), 0);
	put_file(&dir, "keep/f", "x");
	ck_assert_int_eq(mkdirat(dir.fd, "t", 0700), 0);
	for (int i = 0; i < 30; i++) {
		clean_free char *d = str_printf("t/d%d", i);

		ck_assert_int_eq(mkdirat(dir.fd, d, 0700), 0);
		for (int j = 0; j < 30; j++) {
			clean_free char *f = str_printf("t/d%d/f%d", i, j);

			put_file(&dir, f, "");
		}
	}
	ck_assert_int_eq(symlinkat("../keep", dir.fd, "t/link"), 0);
	ck_assert_int_eq(symlinkat("../../keep", dir.fd, "t/d3/link"), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), 0);
	ck_assert(!is_there("t"));
	ck_assert(is_there("keep/f"));
}
END_TEST

START_TEST(a_tree_is_named_by_path_too)
{
	clean_free char *path = str_printf("%s/a/b", dir.path);

	ck_assert_int_eq(fd_mkdirs(path, 0700), 0);
	put_file(&dir, "a/b/f", "");
	ck_assert_int_eq(fd_rmtree(AT_FDCWD, path), 0);
	ck_assert(is_there("a"));
	ck_assert(!is_there("a/b"));
	ck_assert_int_eq(fd_rmtree(dir.fd, "a"), 0);
}
END_TEST

START_TEST(names_that_are_no_names_are_refused)
{
	ck_assert_int_eq(fd_rmtree(dir.fd, ""), -EINVAL);
	ck_assert_int_eq(fd_rmtree(dir.fd, "."), -EINVAL);
	ck_assert_int_eq(fd_rmtree(dir.fd, ".."), -EINVAL);
	ck_assert_int_eq(fd_rmtree(dir.fd, "a/.."), -EINVAL);
	ck_assert_int_eq(fd_rmtree(AT_FDCWD, "/"), -EINVAL);
	put_file(&dir, "f", "");
	ck_assert_int_eq(fd_rmtree(dir.fd, "f/x"), -ENOTDIR);
}
END_TEST

/* `depth` directories within each other under dir/t. */
static void dig(int depth)
{
	int at;

	ck_assert_int_eq(mkdirat(dir.fd, "t", 0700), 0);
	at = openat(dir.fd, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < depth; i++) {
		int next;

		ck_assert_int_eq(mkdirat(at, "d", 0700), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(at);
		at = next;
	}
	close(at);
}

START_TEST(a_hundred_thousand_levels_cost_neither_stack_nor_fds)
{
	uint64_t t;

	dig(100000);
	t = clock_mono();
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), 0);
	ck_assert(!is_there("t"));
	ck_assert_uint_lt(clock_mono() - t, 30000000000u);
}
END_TEST

START_TEST(a_wide_tree_does_not_take_quadratic_time)
{
	uint64_t t;

	ck_assert_int_eq(mkdirat(dir.fd, "t", 0700), 0);
	for (int i = 0; i < 20000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t/d%d", i);
		ck_assert_int_eq(mkdirat(dir.fd, name, 0700), 0);
	}
	t = clock_mono();
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), 0);
	ck_assert_uint_lt(clock_mono() - t, 20000000000u);
}
END_TEST

START_TEST(what_is_mounted_below_is_not_touched)
{
	clean_free char *m = str_printf("%s/t/a/m", dir.path), *b = str_printf("%s/t/b", dir.path);
	clean_free char *keep = str_printf("%s/keep", dir.path);

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	/* The old fd would look at the host's mounts still. */
	close(dir.fd);
	dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(fd_mkdirs(m, 0700), 0);
	ck_assert_int_eq(mount("m", m, "tmpfs", 0, NULL), 0);
	put_file(&dir, "t/a/m/f", "x");
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), -EBUSY);
	ck_assert(is_there("t/a/m/f"));
	/* Asked for by name it is refused as well. */
	ck_assert_int_eq(fd_rmtree(dir.fd, "t/a/m"), -EBUSY);
	ck_assert(is_there("t/a/m/f"));
	ck_assert_int_eq(umount(m), 0);

	/* A bind mount of the same file system: st_dev would not tell. */
	ck_assert_int_eq(fd_mkdirs(b, 0700), 0);
	ck_assert_int_eq(fd_mkdirs(keep, 0700), 0);
	put_file(&dir, "keep/f", "x");
	ck_assert_int_eq(mount(keep, b, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), -EBUSY);
	ck_assert(is_there("keep/f"));
	ck_assert_int_eq(umount(b), 0);
	ck_assert_int_eq(fd_rmtree(dir.fd, "t"), 0);
	ck_assert(is_there("keep/f"));
}
END_TEST

/* Waits until removal has begun and then puts a link in the place of a directory already listed. */
static void *swap(void *arg)
{
	const char *first = arg;

	while (is_there(first))
		;
	(void)renameat2(dir.fd, "t/d", dir.fd, "evil", RENAME_EXCHANGE);
	return NULL;
}

START_TEST(whoever_swaps_a_directory_for_a_link_wins_nothing)
{
	int swapped = 0;

	ck_assert_int_eq(mkdirat(dir.fd, "keep", 0700), 0);
	put_file(&dir, "keep/f", "x");
	for (int round = 0; round < 500 && swapped < 10; round++) {
		char name[16];
		pthread_t thread;
		int r;

		/* The directory is listed last, behind files enough to be busy with for a while. */
		ck_assert_int_eq(fd_rmtree(dir.fd, "evil"), 0);
		ck_assert_int_eq(symlinkat("../keep", dir.fd, "evil"), 0);
		ck_assert_int_eq(mkdirat(dir.fd, "t", 0700), 0);
		ck_assert_int_eq(mkdirat(dir.fd, "t/d", 0700), 0);
		for (int i = 0; i < 400; i++) {
			snprintf(name, sizeof(name), "t/f%d", i);
			put_file(&dir, name, "");
		}
		pthread_create(&thread, NULL, swap, name);
		r = fd_rmtree(dir.fd, "t");
		pthread_join(thread, NULL);
		swapped += r < 0;
		ck_assert(is_there("keep/f"));
		if (r < 0)
			ck_assert(r == -ENOTDIR || r == -ELOOP);
		ck_assert_int_eq(fd_rmtree(dir.fd, "t"), 0);
	}
	/* Never in time would mean that the test does not test. */
	ck_assert_int_gt(swapped, 0);
}
END_TEST

Suite *fdtree_suite(void);

Suite *fdtree_suite(void)
{
	Suite *s = suite_create("base/fdtree");
	TCase *t = tcase_create("fdtree");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, files_links_and_nothing_are_removed_alike);
	tcase_add_test(t, a_tree_goes_and_what_its_links_point_to_stays);
	tcase_add_test(t, a_tree_is_named_by_path_too);
	tcase_add_test(t, names_that_are_no_names_are_refused);
	tcase_add_test(t, a_hundred_thousand_levels_cost_neither_stack_nor_fds);
	tcase_add_test(t, a_wide_tree_does_not_take_quadratic_time);
	tcase_add_test(t, what_is_mounted_below_is_not_touched);
	tcase_add_test(t, whoever_swaps_a_directory_for_a_link_wins_nothing);
	suite_add_tcase(s, t);
	return s;
}
