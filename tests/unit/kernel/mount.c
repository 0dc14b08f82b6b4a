/* SPDX-License-Identifier: Apache-2.0 */
/* Detached trees: made, copied, attached, and gone with their fd. */
#include "kernel/mount.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/abi.h"

static struct gantry_err err;
static char base[64];

/* In a mount namespace of its own, so that nothing has to be undone. */
static bool begin(void)
{
	if (geteuid())
		return false;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	strcpy(base, "/tmp/mount-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	return true;
}

static void end(void)
{
	if (base[0])
		rmdir(base);
}

static const char *line_of(const char *where)
{
	static char line[4096];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	const char *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f))
		if (strstr(line, where))
			found = line;
	if (f)
		fclose(f);
	return found;
}

START_TEST(a_new_filesystem_has_its_options_and_attributes)
{
	static const char *const data[] = { "mode=700", "size=64k", NULL };
	int fs, at;

	if (!begin())
		return;
	fs = mount_new("tmpfs", "src", data, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, &err);
	ck_assert_msg(fs >= 0, "%s", err.msg);
	ck_assert_ptr_null(line_of(base));
	at = open(base, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(mount_attach(fs, at), 0);
	ck_assert_ptr_nonnull(strstr(line_of(base), "ro,noexec"));
	ck_assert_ptr_nonnull(strstr(line_of(base), "tmpfs src rw,size=64k,mode=700"));
	ck_assert_int_eq(mkdirat(fs, "x", 0755), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(mount_attr(fs, false, 0, MOUNT_ATTR_RDONLY, 0), 0);
	ck_assert_int_eq(mkdirat(fs, "x", 0755), 0);
	close(fs);
	ck_assert_int_eq(sys_umount2(base, 0), 0);
	close(at);
}
END_TEST

START_TEST(the_kernels_own_words_come_through)
{
	static const char *const bad_value[] = { "size=lots", NULL }, *const unknown[] = {
		"frobnicate", NULL
	};

	if (!begin())
		return;
	ck_assert_int_eq(mount_new("nosuchfs", NULL, NULL, 0, &err), -ENODEV);
	ck_assert_str_eq(err.msg, "this kernel has no filesystem `nosuchfs`");
	ck_assert_int_lt(mount_new("tmpfs", NULL, bad_value, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "size"));
	ck_assert_int_lt(mount_new("tmpfs", NULL, unknown, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "frobnicate"));
	ck_assert_ptr_null(strchr(err.msg, '\n'));
}
END_TEST

START_TEST(a_copy_is_private_once_it_is_told_so)
{
	int copy, at;
	char sub[128];

	if (!begin())
		return;
	ck_assert_int_eq(sys_mount("t", base, "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(sys_mount(NULL, base, NULL, MS_SHARED, NULL), 0);
	for (const char *const *d = (const char *const[]){ "from", "to", NULL }; *d; d++) {
		snprintf(sub, sizeof(sub), "%s/%s", base, *d);
		ck_assert_int_eq(mkdir(sub, 0755), 0);
	}
	copy = mount_clone(AT_FDCWD, base, true, &err);
	ck_assert_int_ge(copy, 0);
	ck_assert_int_eq(mount_attr(copy, true, 0, 0, MS_PRIVATE), 0);
	snprintf(sub, sizeof(sub), "%s/to", base);
	/* the place it goes to must not hand it on either */
	at = open(sub, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(sys_mount(NULL, base, NULL, MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount_attach(copy, at), 0);
	snprintf(sub, sizeof(sub), "%s/to/from", base);
	ck_assert_int_eq(sys_mount("inner", sub, "tmpfs", 0, NULL), 0);
	snprintf(sub, sizeof(sub), "%s/from ", base);
	ck_assert_ptr_null(line_of(sub));
	ck_assert_int_eq(sys_umount2(base, MNT_DETACH), 0);
}
END_TEST

START_TEST(atime_settings_replace_each_other)
{
	int fs, at;

	if (!begin())
		return;
	fs = mount_new("tmpfs", "x", NULL, 0, &err);
	ck_assert_int_ge(fs, 0);
	ck_assert_int_eq(mount_attr(fs, false, MOUNT_ATTR_NOATIME, 0, 0), 0);
	at = open(base, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(mount_attach(fs, at), 0);
	ck_assert_ptr_nonnull(strstr(line_of(base), "noatime"));
	ck_assert_int_eq(mount_attr(fs, false, MOUNT_ATTR_STRICTATIME, 0, 0), 0);
	ck_assert_ptr_null(strstr(line_of(base), "atime"));
	ck_assert_int_eq(mount_attr(fs, false, 0, MOUNT_ATTR__ATIME, 0), 0);
	ck_assert_ptr_nonnull(strstr(line_of(base), "relatime"));
	close(fs);
	ck_assert_int_eq(sys_umount2(base, MNT_DETACH), 0);
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
	if (!begin())
		return;
	ck_assert_int_eq(mount_clone(AT_FDCWD, "/no/such", false, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "/no/such"));
}
END_TEST

Suite *mount_suite(void);
Suite *mount_suite(void)
{
	Suite *s = suite_create("mount");
	TCase *t = tcase_create("mount");

	tcase_add_checked_fixture(t, NULL, end);
	tcase_add_test(t, a_new_filesystem_has_its_options_and_attributes);
	tcase_add_test(t, the_kernels_own_words_come_through);
	tcase_add_test(t, a_copy_is_private_once_it_is_told_so);
	tcase_add_test(t, atime_settings_replace_each_other);
	tcase_add_test(t, what_is_not_there_is_said);
	suite_add_tcase(s, t);
	return s;
}
