/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a tree is made of, what is opened and made by its paths lies inside it. */
#include "kernel/inroot.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/abi.h"

static char base[64];
static int root;
static struct gantry_err err;

static void setup(void)
{
	char cmd[1024];

	strcpy(base, "/tmp/inroot-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(cmd, sizeof(cmd),
		 "cd %s && mkdir -p root/a/b root/real outside && echo in > root/a/f && echo out > "
		 "outside/f && "
		 "ln -s ../../../../../../../..%s/outside root/up && ln -s %s/outside root/abs && "
		 "ln -s / root/slash && "
		 "ln -s real root/link && ln -s nowhere/deep root/dangling && ln -s loop2 "
		 "root/loop1 && ln -s loop1 root/loop2 && "
		 "ln -s /proc/self/root root/magic && ln -s ../a/f root/real/rel && ln -s "
		 "/made/file root/newfile",
		 base, base, base);
	ck_assert_int_eq(system(cmd), 0);
	snprintf(cmd, sizeof(cmd), "%s/root", base);
	root = open(cmd, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	char cmd[128];

	close(root);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
	ck_assert_int_eq(system(cmd), 0);
}

/* Where fd really is, below base; "" for base/root itself. */
static const char *where(int fd)
{
	static char path[PATH_MAX];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	ck_assert_int_gt(n, 0);
	path[n] = '\0';
	ck_assert_msg(!strncmp(path, base, strlen(base)), "%s is outside", path);
	ck_assert_msg(!strncmp(path + strlen(base), "/root", 5), "%s is outside", path);
	return path + strlen(base) + strlen("/root");
}

static const struct { const char *path, *real; int r;
} spellings[] = {
	{ "/", "", 0 },
	{ ".", "", 0 },
	{ "..", "", 0 },
	{ "/..", "", 0 },
	{ "../../../../..", "", 0 },
	{ "a", "/a", 0 },
	{ "/a", "/a", 0 },
	{ "//a//", "/a", 0 },
	{ "/a/./b/", "/a/b", 0 },
	{ "/a/b/../b/../../a", "/a", 0 },
	{ "link", "/real", 0 },
	{ "link/", "/real", 0 },
	{ "link/.", "/real", 0 },
	{ "link/..", "", 0 },
	{ "slash/a", "/a", 0 },
	{ "slash/../slash/a/b", "/a/b", 0 },
	{ "real/rel", "/a/f", 0 },
	{ "link/rel", "/a/f", 0 },
	{ "up", NULL, -ENOENT },
	{ "abs", NULL, -ENOENT },
	{ "up/f", NULL, -ENOENT },
	{ "abs/f", NULL, -ENOENT },
	{ "dangling", NULL, -ENOENT },
	{ "loop1", NULL, -ELOOP },
	{ "loop2/x", NULL, -ELOOP },
	{ "magic/etc", NULL, -ENOENT },
	{ "a/f/x", NULL, -ENOTDIR },
	{ "a/f/", NULL, -ENOTDIR },
	{ "no", NULL, -ENOENT },
	{ "", NULL, -ENOENT },
};
enum { SPELLINGS = sizeof(spellings) / sizeof(*spellings) };

START_TEST(every_spelling_stays_inside)
{
	int fd = inroot_open(root, spellings[_i].path, O_PATH);

	if (!spellings[_i].real) {
		ck_assert_int_eq(fd, spellings[_i].r);
		return;
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(where(fd), spellings[_i].real);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}
END_TEST

static const struct { const char *path, *real;
} makes[] = {
	{ "new", "/new" },
	{ "/new/deep/er", "/new/deep/er" },
	{ "a/b/c/d/", "/a/b/c/d" },
	{ "link/x/y", "/real/x/y" },
	{ "dangling", "/nowhere/deep" },
	{ "dangling/more", "/nowhere/deep/more" },
	{ "slash/s/t", "/s/t" },
	{ "../../escape", "/escape" },
	{ "a/../../z", "/z" },
	{ "a/..//./q", "/q" },
	{ "/", "" },
	{ "real", "/real" },
};
enum { MAKES = sizeof(makes) / sizeof(*makes) };

START_TEST(what_is_missing_is_made_inside)
{
	struct stat st;
	int fd = inroot_mkdirs(root, makes[_i].path, 0750, &err);

	ck_assert_msg(fd >= 0, "%s", err.msg);
	ck_assert_str_eq(where(fd), makes[_i].real);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	close(fd);
	/* made once, found the second time */
	fd = inroot_mkdirs(root, makes[_i].path, 0750, &err);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(links_that_lead_out_are_remade_inside)
{
	char cmd[256];
	int fd = inroot_mkdirs(root, "up/x", 0755, &err);

	ck_assert_msg(fd >= 0, "%s", err.msg);
	(void)where(fd);
	close(fd);
	fd = inroot_mkdirs(root, "abs/y", 0755, &err);
	ck_assert_msg(fd >= 0, "%s", err.msg);
	(void)where(fd);
	close(fd);
	snprintf(cmd, sizeof(cmd), "test \"$(ls %s/outside)\" = f", base);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

START_TEST(files_are_made_and_kept)
{
	char text[8];
	int fd = inroot_mkfile(root, "x/y/z", 0644, &err), r;
	struct stat st;

	ck_assert_msg(fd >= 0, "%s", err.msg);
	ck_assert_str_eq(where(fd), "/x/y/z");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISREG(st.st_mode) && st.st_size == 0);
	close(fd);
	fd = inroot_mkfile(root, "newfile", 0644, &err); /* a link to a file that is not there */
	ck_assert_msg(fd >= 0, "%s", err.msg);
	ck_assert_str_eq(where(fd), "/made/file");
	close(fd);
	fd = inroot_mkfile(root, "a/f", 0644, &err);
	ck_assert_int_ge(fd, 0);
	close(fd);
	fd = openat(root, "a/f", O_RDONLY);
	r = (int)read(fd, text, sizeof(text));
	ck_assert_int_eq(r, 3); /* what was there stays */
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
	ck_assert_int_eq(inroot_mkdirs(root, "a/f", 0755, &err), -ENOTDIR);
	ck_assert_int_eq(inroot_mkdirs(root, "a/f/g", 0755, &err), -ENOTDIR);
	ck_assert_int_eq(inroot_mkdirs(root, "loop1/x", 0755, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.msg, "loop1/x"));
	char *deep = malloc(PATH_MAX + 10);
	memset(deep, 'x', PATH_MAX + 9);
	deep[PATH_MAX + 9] = '\0';
	ck_assert_int_eq(inroot_mkdirs(root, deep, 0755, &err), -ENAMETOOLONG);
	deep[300] = '\0'; /* one component longer than NAME_MAX */
	ck_assert_int_eq(inroot_mkdirs(root, deep, 0755, &err), -ENAMETOOLONG);
	free(deep);
}
END_TEST

START_TEST(the_last_component_has_a_directory)
{
	const char *name = NULL;
	int fd = inroot_parent(root, "/link/n/null", 0755, &name, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(where(fd), "/real/n");
	ck_assert_str_eq(name, "null");
	close(fd);
	fd = inroot_parent(root, "null", 0755, &name, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(where(fd), "");
	close(fd);
	ck_assert_int_eq(inroot_parent(root, "/", 0755, &name, &err), -EINVAL);
	ck_assert_int_eq(inroot_parent(root, "/a/..", 0755, &name, &err), -EINVAL);
	ck_assert_int_eq(inroot_parent(root, "/a/", 0755, &name, &err), -EINVAL);
}
END_TEST

static volatile int stop;

/* Swaps a directory for a link that leads out, as fast as it can. */
static void *swap(void *arg)
{
	(void)arg;
	while (!stop)
		syscall(SYS_renameat2, root, "real", root, "up", 2 /* RENAME_EXCHANGE */);
	return NULL;
}

START_TEST(a_swapped_directory_never_leads_out)
{
	pthread_t t;
	char cmd[256];
	int opened = 0, failed = 0;

	ck_assert_int_eq(pthread_create(&t, NULL, swap, NULL), 0);
	for (int i = 0; i < 4000; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "real/../real/d%d", i % 50);
		fd = inroot_mkdirs(root, path, 0755, &err);
		if (fd >= 0) {
			/*
			 * its place may be renamed while we ask: only that it is below the root
			 * counts
			 */
			char link[64], real[PATH_MAX];
			ssize_t n;

			snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
			n = readlink(link, real, sizeof(real) - 1);
			real[n] = '\0';
			ck_assert_msg(!strstr(real, "/outside/") || strstr(real, "/root/"), "%s",
				      real);
			close(fd);
			opened++;
		} else {
			failed++;
		}
	}
	stop = 1;
	pthread_join(t, NULL);
	ck_assert_int_gt(opened, 0);
	snprintf(cmd, sizeof(cmd), "test \"$(ls %s/outside)\" = f", base);
	ck_assert_int_eq(system(cmd), 0);
	(void)failed;
}
END_TEST

START_TEST(beneath_takes_no_links_and_no_way_up)
{
	int fd = inroot_beneath(root, "a/b", O_PATH | O_DIRECTORY);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(inroot_beneath(root, "link", O_PATH), -ELOOP);
	ck_assert_int_eq(inroot_beneath(root, "..", O_PATH), -EXDEV);
	ck_assert_int_eq(inroot_beneath(root, "a/../../outside", O_PATH), -EXDEV);
	ck_assert_int_eq(inroot_beneath(root, "/a", O_PATH), -EXDEV);
}
END_TEST

/* Lets openat2 fail with `error` for the rest of this process. */
static void filter_openat2(unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

/* An old kernel, or a filter that does not know the call: no fallback, one line, nothing made. */
START_TEST(where_openat2_is_missing_that_is_said_in_one_line)
{
	filter_openat2(_i ? EPERM : ENOSYS);
	ck_assert_int_eq(inroot_mkdirs(root, "/new/dir", 0755, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(
		err.msg, "openat2 is not available (kernel before 5.6, or a seccomp filter)"));
	ck_assert_ptr_null(strchr(err.msg, '\n'));
	ck_assert_int_eq(inroot_mkfile(root, "/new/file", 0644, &err), -ENOSYS);
	ck_assert_int_lt(faccessat(root, "new", F_OK, 0), 0);
}
END_TEST

Suite *inroot_suite(void);
Suite *inroot_suite(void)
{
	Suite *s = suite_create("inroot");
	TCase *t = tcase_create("inroot");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_spelling_stays_inside, 0, SPELLINGS);
	tcase_add_loop_test(t, what_is_missing_is_made_inside, 0, MAKES);
	tcase_add_test(t, links_that_lead_out_are_remade_inside);
	tcase_add_test(t, files_are_made_and_kept);
	tcase_add_test(t, what_cannot_be_is_said);
	tcase_add_test(t, the_last_component_has_a_directory);
	tcase_add_test(t, a_swapped_directory_never_leads_out);
	tcase_add_test(t, beneath_takes_no_links_and_no_way_up);
	tcase_add_loop_test(t, where_openat2_is_missing_that_is_said_in_one_line, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
