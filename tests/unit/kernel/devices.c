/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: the set, the v1 controller and the BPF program on v2 give the
 * same answers. The kernel is the oracle: a process in the cgroup tries.
 */
#include "kernel/devices.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/abi.h"
#include "kernel/clone.h"
#include "kernel/pidfd.h"

static struct gantry_err err;

#define SET(...) \
	do { \
		const struct device_rule rules_[] = { __VA_ARGS__ }; \
		for (size_t k_ = 0; k_ < sizeof(rules_) / sizeof(*rules_); k_++) \
			ck_assert_int_eq(device_set_add(&s, &rules_[k_]), 0); \
	} while (0)

START_TEST(all_is_open_until_a_rule_closes_it)
{
	clean_device_set struct device_set s = DEVICE_SET_INIT;

	ck_assert(device_set_allows(&s, 'c', 1, 3, DEVICE_ALL));
	SET({ false, 'a', -1, -1, DEVICE_ALL });
	ck_assert(!device_set_allows(&s, 'c', 1, 3, DEVICE_READ));
	SET({ true, 'c', 1, 3, DEVICE_READ }, { true, 'c', 1, 3, DEVICE_WRITE });
	ck_assert(device_set_allows(&s, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE));
	ck_assert(!device_set_allows(&s, 'c', 1, 3, DEVICE_MKNOD));
	ck_assert(!device_set_allows(&s, 'b', 1, 3, DEVICE_READ));
	SET({ false, 'c', 1, 3, DEVICE_WRITE });
	ck_assert(device_set_allows(&s, 'c', 1, 3, DEVICE_READ));
	ck_assert(!device_set_allows(&s, 'c', 1, 3, DEVICE_WRITE));
	SET({ true, 'c', 7, -1, DEVICE_ALL });
	ck_assert(device_set_allows(&s, 'c', 7, 99, DEVICE_ALL));
	/* what was allowed by a wider rule is not taken back by a narrower one, as on v1 */
	SET({ false, 'c', 7, 99, DEVICE_ALL });
	ck_assert(device_set_allows(&s, 'c', 7, 99, DEVICE_ALL));
	SET({ true, 'a', -1, -1, DEVICE_ALL });
	ck_assert(device_set_allows(&s, 'b', 200, 200, DEVICE_ALL));
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(exceptions_from_open_deny_what_they_touch)
{
	clean_device_set struct device_set s = DEVICE_SET_INIT;

	SET({ false, 'c', 1, 3, DEVICE_WRITE });
	ck_assert(device_set_allows(&s, 'c', 1, 3, DEVICE_READ));
	ck_assert(!device_set_allows(&s, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE));
	ck_assert(device_set_allows(&s, 'c', 1, 5, DEVICE_ALL));
	SET({ true, 'c', 1, 3, DEVICE_WRITE });
	ck_assert(device_set_allows(&s, 'c', 1, 3, DEVICE_ALL));
	SET({ false, 'a', 1, -1, DEVICE_MKNOD });
	ck_assert(!device_set_allows(&s, 'b', 1, 0, DEVICE_MKNOD));
	ck_assert(!device_set_allows(&s, 'c', 1, 0, DEVICE_MKNOD));
}
END_TEST

static char dir[64];

/* In the cgroup: what open and mknod answer for a device. -EPERM is the cgroup's word. */
static bool may(const char *path, dev_t dev, mode_t type, unsigned access)
{
	int fd;

	if (access == DEVICE_MKNOD) {
		char name[128];
		bool ok;

		snprintf(name, sizeof(name), "%s/probe", dir);
		ok = mknod(name, type | 0600, dev) == 0 || errno != EPERM;
		unlink(name);
		return ok;
	}
	fd = open(path, (access == DEVICE_READ    ? O_RDONLY
			 : access == DEVICE_WRITE ? O_WRONLY
						  : O_RDWR) |
				O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

static const struct { char type; unsigned major, minor;
} probes[] = {
	{ 'c', 1, 3 }, { 'c', 1, 5 }, { 'c', 1, 7 }, { 'c', 1, 8 },
	{ 'c', 5, 0 }, { 'b', 1, 3 }, { 'b', 7, 5 }, { 'c', 240, 5 },
};
static const unsigned accesses[] = { DEVICE_READ, DEVICE_WRITE, DEVICE_READ | DEVICE_WRITE,
				     DEVICE_MKNOD };
enum { PROBES = sizeof(probes) / sizeof(*probes), ACCESSES = sizeof(accesses) / sizeof(*accesses) };

/* The child's verdicts, one bit per probe and access, in a file. */
static void probe_all(void)
{
	char path[128];
	unsigned long long bits = 0;
	int fd, n = 0;

	for (int p = 0; p < PROBES; p++)
		for (int a = 0; a < ACCESSES; a++, n++) {
			snprintf(path, sizeof(path), "%s/%d", dir, p);
			if (may(path, makedev(probes[p].major, probes[p].minor),
				probes[p].type == 'b' ? S_IFBLK : S_IFCHR, accesses[a]))
				bits |= 1ull << n;
		}
	snprintf(path, sizeof(path), "%s/bits", dir);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	_exit(write(fd, &bits, sizeof(bits)) != sizeof(bits));
}

static unsigned long long verdicts(const struct cgroup *c)
{
	unsigned long long bits = 0;
	char path[128];
	int pidfd = -1, fd, st;
	pid_t pid = clone_child(0, c->unified >= 0 ? c->h[c->unified].dir : -1, &pidfd);

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (cgroup_enter(c, NULL) < 0)
			_exit(2);
		probe_all();
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	close(pidfd);
	snprintf(path, sizeof(path), "%s/bits", dir);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, &bits, sizeof(bits)), sizeof(bits));
	close(fd);
	return bits;
}

static void random_rules(struct device_set *s, unsigned seed)
{
	srand(seed);
	for (int n = rand() % 12 + 1; n; n--) {
		int p = rand() % PROBES;
		struct device_rule r = { rand() % 2, probes[p].type, probes[p].major,
					 probes[p].minor, (unsigned)(rand() % 7 + 1) };

		if (rand() % 4 == 0)
			r.minor = -1;
		if (rand() % 8 == 0)
			r.major = -1;
		if (rand() % 6 == 0)
			r = (struct device_rule){ rand() % 2, 'a', -1, -1, DEVICE_ALL };
		ck_assert_int_eq(device_set_add(s, &r), 0);
	}
}

static void against_the_kernel(bool v2)
{
	char cg[64], path[128];

	strcpy(dir, "/tmp/devices-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int p = 0; p < PROBES; p++) {
		snprintf(path, sizeof(path), "%s/%d", dir, p);
		ck_assert_int_eq(mknod(path, (probes[p].type == 'b' ? S_IFBLK : S_IFCHR) | 0600,
				       makedev(probes[p].major, probes[p].minor)),
				 0);
	}
	snprintf(cg, sizeof(cg), "/gantry-unit-devices-%d", (int)getpid());
	for (unsigned seed = 1; seed <= 60; seed++) {
		clean_device_set struct device_set s = DEVICE_SET_INIT;
		clean_cgroup struct cgroup c = CGROUP_INIT;
		unsigned long long want = 0, got;
		int n = 0;

		random_rules(&s, seed);
		ck_assert_int_eq(cgroup_find(&c, cg, &err), 0);
		if (!v2 && cgroup_carrier(&c, CGROUP_DEVICES) < 0)
			break;
		ck_assert_int_eq(cgroup_make(&c, &err), 0);
		ck_assert_msg(devices_apply(&c, &s, &err) == 0, "%s", err.msg);
		for (int p = 0; p < PROBES; p++)
			for (int a = 0; a < ACCESSES; a++, n++)
				if (device_set_allows(&s, probes[p].type, probes[p].major,
						      probes[p].minor, accesses[a]))
					want |= 1ull << n;
		got = verdicts(&c);
		ck_assert_int_eq(cgroup_destroy(&c, &err), 0);
		ck_assert_msg(got == want, "seed %u: the kernel says %llx, the set %llx", seed, got,
			      want);
	}
	snprintf(path, sizeof(path), "rm -rf %s", dir);
	ck_assert_int_eq(system(path), 0);
}

START_TEST(the_v1_controller_agrees)
{
	if (geteuid() == 0)
		against_the_kernel(false);
}
END_TEST

START_TEST(the_program_on_v2_agrees)
{
	if (geteuid())
		return;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	(void)sys_mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	against_the_kernel(true);
}
END_TEST

Suite *devices_suite(void);
Suite *devices_suite(void)
{
	Suite *s = suite_create("devices");
	TCase *t = tcase_create("devices");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, all_is_open_until_a_rule_closes_it);
	tcase_add_test(t, exceptions_from_open_deny_what_they_touch);
	tcase_add_test(t, the_v1_controller_agrees);
	tcase_add_test(t, the_program_on_v2_agrees);
	suite_add_tcase(s, t);
	return s;
}
