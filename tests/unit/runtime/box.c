/* SPDX-License-Identifier: Apache-2.0 */
/* See box.h. */
#include "box.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/abi.h"

const char *const box_view_names[] = { "host", "v2", "v1" };
char box_dir[64], box_root[128], box_rootfs[128];
struct gantry_err box_err;

static char bundle[128];

int box_sh(const char *fmt, ...)
{
	char cmd[4096];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	r = system(cmd);
	return WIFEXITED(r) ? WEXITSTATUS(r) : -1;
}

static bool has_magic(const char *path, unsigned long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == magic;
}

static bool set_view(enum box_view view)
{
	bool v2_only = has_magic("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	if (view == VIEW_V2 && !v2_only)
		return sys_mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
	if (view == VIEW_V1) {
		if (v2_only)
			return false;
		(void)sys_umount2("/sys/fs/cgroup/unified", MNT_DETACH);
	}
	return true;
}

static void cleanup(void)
{
	DIR *d = opendir(box_root);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			(void)runtime_delete(box_root, e->d_name, true, NULL);
	if (d)
		closedir(d);
	box_sh("find /sys/fs/cgroup -maxdepth 2 -name gantry-test -type d -exec rmdir {} + "
	       "2>/dev/null; "
	       "rm -rf --one-file-system %s",
	       box_dir);
}

/*
 * A test that fails is ended at once, its fixtures with it: somebody beside it
 * waits for that and cleans up. Not our child, so that tests may count those.
 */
static void leave_guard(void)
{
	int p[2], null;
	char byte;

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	if (fork() == 0) {
		setsid();
		if (fork())
			_exit(0);
		null = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(null, i);
		close(p[1]);
		(void)!read(p[0], &byte, 1);
		cleanup();
		_exit(0);
	}
	wait(NULL);
	close(p[0]);
}

bool box_open(enum box_view view)
{
	if (geteuid() || access("/bin/busybox", X_OK) < 0 || !set_view(view))
		return false;
	strcpy(box_dir, "/tmp/box-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(box_dir));
	snprintf(box_root, sizeof(box_root), "%s/root", box_dir);
	snprintf(bundle, sizeof(bundle), "%s/bundle", box_dir);
	snprintf(box_rootfs, sizeof(box_rootfs), "%s/bundle/rootfs", box_dir);
	ck_assert_int_eq(box_sh("mkdir -p %s/bin %s/etc %s/proc %s/sys %s/dev %s/tmp && cp "
				"/bin/busybox %s/bin && "
				"for a in sh cat ls id true sleep mount umount grep env tty mkdir "
				"mknod stat sed "
				"readlink hostname pwd echo touch dd rm chmod head; do ln -s "
				"busybox %s/bin/$a; done",
				box_rootfs, box_rootfs, box_rootfs, box_rootfs, box_rootfs,
				box_rootfs, box_rootfs, box_rootfs),
			 0);
	leave_guard();
	return true;
}

void box_close(void)
{
	if (box_dir[0])
		cleanup();
}

void box_file(const char *name, const char *text, mode_t mode)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", box_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static const char default_mounts[] =
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/"
	"dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"mode=755\",\"size="
	"64k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":"
	"[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/"
	"sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\","
	"\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/"
	"cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"nosuid\",\"noexec\","
	"\"nodev\",\"ro\"]}";
static const char default_ns[] = "{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{"
				 "\"type\":\"uts\"},{\"type\":\"mount\"}";
static const char default_caps[] = "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"]"
				   ",\"effective\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"],"
				   "\"permitted\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"]}";

void box_write(const struct box_conf *c)
{
	static char text[65536], args[32768];
	const char *process =
		c->process ? c->process : "\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\"";

	if (c->script)
		snprintf(args, sizeof(args), "[\"sh\",\"-c\",\"%s\"]", c->script);
	else
		snprintf(args, sizeof(args), "%s", c->args);
	snprintf(text, sizeof(text),
		 "{\"ociVersion\":\"1.0.2\",\"process\":{\"terminal\":%s,\"args\":%s,"
		 "\"env\":[\"PATH=/usr/bin:/bin\",\"TERM=xterm\"],%s%s%s},"
		 "\"root\":{\"path\":\"%s\",\"readonly\":%s},\"hostname\":\"box\","
		 "\"mounts\":[%s%s%s],\"linux\":{\"namespaces\":[%s]%s%s}}",
		 c->terminal ? "true" : "false", args, process,
		 strstr(process, "capabilities") ? "" : ",",
		 strstr(process, "capabilities") ? "" : default_caps, c->root ? c->root : "rootfs",
		 c->writable ? "false" : "true", c->only_mounts ? c->only_mounts : default_mounts,
		 c->mounts ? "," : "", c->mounts ? c->mounts : "",
		 c->namespaces ? c->namespaces : default_ns, c->linux_ ? "," : "",
		 c->linux_ ? c->linux_ : "");
	box_file("bundle/config.json", text, 0644);
}

int box_create(const char *id, const struct box_conf *c, struct runtime_init *ret)
{
	struct runtime_create o = { .root = box_root, .id = id, .bundle = bundle };
	char path[128];
	int saved[3], out, r;

	if (c)
		box_write(c);
	snprintf(path, sizeof(path), "%s/out", box_dir);
	out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0666);
	ck_assert_int_ge(out, 0);
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		if (i)
			dup2(out, i);
	}
	close(0);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
	r = runtime_create(&o, ret, &box_err);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	close(out);
	return r;
}

int box_reap(struct runtime_init *i)
{
	siginfo_t si = { 0 };

	while (waitid((idtype_t)P_PIDFD, (id_t)i->pidfd, &si, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	close(i->pidfd);
	i->pidfd = -1;
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

int box_run(const struct box_conf *c)
{
	struct runtime_init i = RUNTIME_INIT;
	int r = box_create("run", c, &i), code;

	if (r < 0)
		return r;
	r = runtime_start(box_root, "run", &box_err);
	if (r < 0) {
		box_reap(&i);
		runtime_delete(box_root, "run", true, NULL);
		return r;
	}
	code = box_reap(&i);
	r = runtime_delete(box_root, "run", false, &box_err);
	return r < 0 ? r : code;
}

const char *box_out(void)
{
	static char text[65536];
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/out", box_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

int box_status(const char *id)
{
	clean_state struct state s = { 0 };
	int r = state_read(box_root, id, &s, &box_err);

	return r < 0 ? r : s.status;
}

void box_await(const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", box_dir, name);
	for (int i = 0; i < 5000; i++) {
		if (stat(path, &st) == 0 && st.st_size)
			return;
		usleep(1000);
	}
	ck_abort_msg("%s did not appear", path);
}

static const char *wanted;
static int found;

static int look(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	if (type == FTW_D && strstr(path + f->base, wanted))
		found++;
	return 0;
}

int box_cgroups(const char *part)
{
	wanted = part;
	found = 0;
	nftw("/sys/fs/cgroup", look, 32, FTW_PHYS);
	return found;
}

int box_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	int n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, box_dir) || strstr(line, "gantry");
	fclose(f);
	return n;
}

static int count(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

int box_fds(void)
{
	return count("/proc/self/fd");
}

int box_states(void)
{
	return count(box_root);
}
