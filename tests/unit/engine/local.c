/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of native and oci beyond what every engine promises: what is left
 * when monitors, callers and records come to harm. Each test runs on native,
 * runc and crun; one that is not on this host is left out.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/container.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "container/record.h"
#include "kernel/pidfd.h"
#include "kernel/spawn.h"

static const char *const names[] = { "native", "runc", "crun" };
enum { NATIVE, RUNC, CRUN, ENGINES };

static char tmp[64], rootfs[128], where[256], key[512];
static struct gantry_engine *engine;
static struct gantry_op op;
static int which, cgroups_before;

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static void setup(void)
{
	strcpy(tmp, "/tmp/local-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
	snprintf(rootfs, sizeof(rootfs), "%s/rootfs", tmp);
	ck_assert_int_eq(
		sh("cd %s && mkdir -p rootfs/bin rootfs/proc rootfs/sys rootfs/dev rootfs/etc && "
		   "cp /bin/busybox rootfs/bin && for a in sh sleep cat; do ln -s busybox "
		   "rootfs/bin/$a; done",
		   tmp),
		0);
}

/* crun refuses a hybrid host whose cgroup v2 side has controllers: hide that side from it. */
static void crun_script(void)
{
	ck_assert_int_eq(
		sh("crun=$(command -v crun); if grep -q . "
		   "/sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null; "
		   "then crun=\"unshare -m sh -c 'umount /sys/fs/cgroup/unified && exec "
		   "\\\"\\$@\\\"' sh $crun\"; fi; "
		   "printf '#!/bin/sh\\nexec %%s \"$@\"\\n' \"$crun\" > %s/crun; chmod 755 %s/crun",
		   tmp, tmp),
		0);
}

static bool is_here(int i)
{
	if (geteuid() != 0 || !getenv("GANTRY_OCI") || access("/bin/busybox", X_OK) < 0)
		return false;
	return i == NATIVE || sh("command -v %s > /dev/null", names[i]) == 0;
}

static char logged[512]; /* the last that was said above debug */

static void keep_log(const struct gantry_log *rec, void *arg)
{
	(void)arg;
	snprintf(logged, sizeof(logged), "%s", rec->text);
}

static struct gantry_engine *another(void)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_engine *e = NULL;
	char root[80], run[80];

	snprintf(root, sizeof(root), "%s/root", tmp);
	snprintf(run, sizeof(run), "%s/run", tmp);
	o.root = root;
	o.run = run;
	o.log = keep_log;
	o.log_level = GANTRY_LOG_INFO;
	if (gantry_engine_open(where, &o, &e, NULL) < 0)
		return NULL;
	return e;
}

static int lines(const char *cmd)
{
	FILE *f = popen(cmd, "r");
	int n = -1;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

/* Cgroups of containers called lt-... */
static int cgroups(void)
{
	return lines("find /sys/fs/cgroup -type d -name 'lt-*' 2>/dev/null | wc -l");
}

/* False: this engine is not on this host. */
static bool use(int i)
{
	char *k;

	if (!is_here(i))
		return false;
	which = i;
	cgroups_before = cgroups();
	op = (struct gantry_op)GANTRY_OP_INIT;
	if (i == CRUN)
		crun_script();
	if (i == NATIVE)
		snprintf(where, sizeof(where), "native,root=%s/state", tmp);
	else
		snprintf(where, sizeof(where), "oci:%s%s%s,root=%s/state", i == CRUN ? tmp : "",
			 i == CRUN ? "/" : "", names[i], tmp);
	snprintf(key, sizeof(key), "%s/state", tmp);
	k = record_key(names[i], key);
	snprintf(key, sizeof(key), "%s/root/containers/%s", tmp, k);
	free(k);
	engine = another();
	ck_assert_ptr_nonnull(engine);
	return true;
}

/* Processes that carry our directory among their arguments. */
static int processes(void)
{
	struct dirent *d;
	DIR *proc = opendir("/proc");
	int n = 0;

	while ((d = readdir(proc))) {
		char path[300], text[4096];
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", d->d_name);
		fd = *d->d_name >= '0' && *d->d_name <= '9' ? open(path, O_RDONLY) : -1;
		if (fd < 0)
			continue;
		len = read(fd, text, sizeof(text));
		close(fd);
		n += len > 0 && memmem(text, (size_t)len, tmp, strlen(tmp)) &&
		     atoi(d->d_name) != getpid();
	}
	closedir(proc);
	return n;
}

static int mounts(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "grep -c '%s\\|runc\\|gantry' /proc/self/mountinfo || true",
		 tmp);
	return lines(cmd);
}

static int files(void)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "find %s %s/state -mindepth 1 2>/dev/null | grep -v /ns | wc -l",
		 key, tmp);
	return lines(cmd);
}

static void nothing_is_left(void)
{
	for (int i = 0; i < 50 && processes(); i++)
		usleep(20000);
	ck_assert_int_eq(processes(), 0);
	ck_assert_int_eq(cgroups(), cgroups_before);
	ck_assert_int_eq(files(), 0);
}

static void teardown(void)
{
	struct gantry_container **list = NULL;

	if (engine && gantry_container_list(engine, &list, NULL) >= 0)
		for (struct gantry_container **c = list; *c; c++)
			gantry_container_delete(engine, (*c)->id, GANTRY_DELETE_FORCE, NULL);
	gantry_container_list_free(list);
	gantry_engine_close(engine);
	engine = NULL;
	sh("umount %s/full 2>/dev/null; rm -rf --one-file-system %s", tmp, tmp);
}

static const char *const forever[] = { "sleep", "1000", NULL };
static const char *const seven[] = { "sh", "-c", "exit 7", NULL };

static int launch(const char *name, const char *const *args, unsigned flags)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.name = name;
	w.rootfs = rootfs;
	w.args = args;
	w.flags = flags;
	return gantry_container_run(engine, &w, NULL, NULL, NULL, &op);
}

static int state(const char *id)
{
	struct gantry_container *c = NULL;
	int s = gantry_container_get(engine, id, &c, &op);

	if (s == 0)
		s = c->state;
	gantry_container_free(c);
	return s;
}

static int code_of(const char *id)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int r;

	x.code = 4711;
	r = gantry_container_wait(engine, id, &x, &op);
	return r < 0 ? r : x.code == -1 ? 1000 : x.code;
}
enum { UNKNOWN = 1000 };

static int record_dir(const char *id)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", key, id);
	return open(path, O_RDONLY | O_DIRECTORY);
}

static void kill_monitor(const char *id)
{
	int dir = record_dir(id), fd = mark_pidfd(dir, MARK_MONITOR, NULL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pidfd_signal(fd, SIGKILL), 0);
	ck_assert_int_eq(pidfd_ended(fd, 5000), 1);
	close(fd);
	close(dir);
}

START_TEST(a_foreground_run_gives_streams_and_code_and_leaves_a_stopped_container)
{
	static const char *const args[] = { "sh", "-c", "cat; echo oops >&2; exit 7", NULL };
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	char id[GANTRY_ID_SIZE] = "", text[64] = "";
	int in[2], out[2], errs[2];

	if (!use(_i))
		return;
	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(errs, O_CLOEXEC), 0);
	ck_assert_int_eq(write(in[1], "a\0b\377\n", 5), 5);
	close(in[1]);
	w.name = "lt-fg";
	w.rootfs = rootfs;
	w.args = args;
	how.stdin_fd = in[0];
	how.stdout_fd = out[1];
	how.stderr_fd = errs[1];
	ck_assert_int_eq(gantry_container_run(engine, &w, &how, id, &x, &op), 0);
	ck_assert_str_eq(id, "lt-fg");
	ck_assert_int_eq(x.code, 7);
	ck_assert_int_eq(x.signal, 0);
	ck_assert_uint_gt(x.finished_ns, 0);
	/* nobody but us holds the write ends any more, the monitor least of all */
	close(out[1]);
	close(errs[1]);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 5);
	ck_assert_int_eq(memcmp(text, "a\0b\377\n", 5), 0);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 0);
	ck_assert_int_eq(read(errs[0], text, sizeof(text)), 5);
	ck_assert_int_eq(read(errs[0], text, sizeof(text)), 0);
	ck_assert_int_eq(state("lt-fg"), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(code_of("lt-fg"), 7);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-fg", 0, &op), 0);
	nothing_is_left();
}
END_TEST

START_TEST(the_reader_of_its_output_sees_the_end_while_the_container_runs_on)
{
	static const char *const args[] = { "sh", "-c", "exec >&- 2>&-; sleep 1000", NULL };
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	char text[8];
	int out[2];

	if (!use(_i))
		return;
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	w.name = "lt-eof";
	w.rootfs = rootfs;
	w.args = args;
	how.stdout_fd = out[1];
	op.timeout_us = 1500000;
	/* cut short: the container runs on */
	ck_assert_int_eq(gantry_container_run(engine, &w, &how, NULL, NULL, &op), -ETIMEDOUT);
	close(out[1]);
	ck_assert_int_eq(poll(&(struct pollfd){ out[0], POLLIN, 0 }, 1, 5000), 1);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 0);
	op.timeout_us = 0;
	ck_assert_int_eq(state("lt-eof"), GANTRY_STATE_RUNNING);
}
END_TEST

START_TEST(signals_from_the_signalfd_reach_the_container)
{
	static const char *const args[] = {
		"sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done", NULL};
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	sigset_t set;
	int out[2];
	char c;

	if (!use(_i))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	if (fork() == 0) { /* sends once the container says that it is up */
		if (read(out[0], &c, 1) == 1)
			kill(getppid(), SIGTERM);
		_exit(0);
	}
	w.name = "lt-sig";
	w.rootfs = rootfs;
	w.args = args;
	how.stdout_fd = out[1];
	how.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	ck_assert_int_eq(gantry_container_run(engine, &w, &how, NULL, &x, &op), 0);
	ck_assert_int_eq(x.code, 9);
}
END_TEST

START_TEST(a_signal_that_ends_it_is_128_more)
{
	static const char *const args[] = { "sh", "-c", "sleep 1000 & wait", NULL };
	struct gantry_exit x = GANTRY_EXIT_INIT;

	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-kill", args, 0), 0);
	ck_assert_int_eq(gantry_container_kill(engine, "lt-kill", SIGKILL, 0, &op), 0);
	ck_assert_int_eq(gantry_container_wait(engine, "lt-kill", &x, &op), 0);
	ck_assert_int_eq(x.code, 137);
	ck_assert_int_eq(x.signal, SIGKILL);
}
END_TEST

START_TEST(a_detached_container_has_no_tie_to_its_caller)
{
	char path[64], text[512] = "", link[256] = "";
	int dir, fd, n;
	pid_t monitor = 0;
	FILE *f;

	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-free", forever, 0), 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	ck_assert_ptr_null(fgets(text, sizeof(text), f));
	fclose(f);
	dir = record_dir("lt-free");
	fd = mark_pidfd(dir, MARK_MONITOR, &monitor);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsid(monitor), monitor);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)monitor, i);
		n = (int)readlink(path, link, sizeof(link) - 1);
		ck_assert_int_gt(n, 0);
		link[n] = '\0';
		ck_assert_str_eq(link, "/dev/null");
	}
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)monitor);
	n = (int)readlink(path, link, sizeof(link) - 1);
	ck_assert_int_eq(n, 1);
	/* nothing but SIGKILL ends it early */
	kill(monitor, SIGTERM);
	kill(monitor, SIGHUP);
	ck_assert_int_eq(pidfd_ended(fd, 200), 0);
	close(fd);
	close(dir);
}
END_TEST

START_TEST(a_killed_monitor_makes_the_code_unknown_and_never_zero)
{
	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-mon", forever, 0), 0);
	kill_monitor("lt-mon");
	ck_assert_int_eq(state("lt-mon"), GANTRY_STATE_RUNNING);
	op.timeout_us = 200000;
	ck_assert_int_eq(code_of("lt-mon"), -ETIMEDOUT);
	op.timeout_us = 0;
	ck_assert_int_eq(gantry_container_kill(engine, "lt-mon", SIGKILL, 0, &op), 0);
	ck_assert_int_eq(code_of("lt-mon"), UNKNOWN);
	ck_assert_ptr_nonnull(
		strstr(logged, "lt-mon: its exit code is unknown: its monitor ended"));
	logged[0] = '\0';
	ck_assert_int_eq(state("lt-mon"), GANTRY_STATE_STOPPED);
	ck_assert_ptr_nonnull(strstr(logged, "its exit code is unknown"));
	ck_assert_int_eq(code_of("lt-mon"), UNKNOWN);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-mon", 0, &op), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_created_one_whose_monitor_was_killed_can_still_be_started)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	if (!use(_i))
		return;
	w.name = "lt-cre";
	w.rootfs = rootfs;
	w.args = forever;
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), 0);
	ck_assert_int_eq(code_of("lt-cre"), -EBUSY);
	kill_monitor("lt-cre");
	ck_assert_int_eq(gantry_container_start(engine, "lt-cre", &op), 0);
	ck_assert_int_eq(state("lt-cre"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-cre", GANTRY_DELETE_FORCE, &op), 0);
	nothing_is_left();
}
END_TEST

static void *waiter(void *arg)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_engine *e = another();
	int r = e ? gantry_container_wait(e, arg, &x, NULL) : -1;

	gantry_engine_close(e);
	return (void *)(long)(r < 0 ? r : x.code);
}

START_TEST(every_waiter_gets_the_code_of_one_that_removes_itself)
{
	static const char *const args[] = { "sh", "-c", "sleep 0.7; exit 7", NULL };
	pthread_t t[5];
	void *code;

	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-auto", args, GANTRY_CREATE_AUTO_REMOVE), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, waiter, "lt-auto"), 0);
	for (int i = 0; i < 5; i++) {
		pthread_join(t[i], &code);
		ck_assert_int_eq((int)(long)code, 7);
	}
	ck_assert_int_eq(state("lt-auto"), -ENOENT);
	nothing_is_left();
}
END_TEST

START_TEST(damaged_records_are_shown_and_can_be_removed)
{
	static const char *const damages[] = {
		": > exit.json",
		"echo junk > exit.json",
		"ln -sf /etc/passwd exit.json",
		"rm exit.json; mkfifo exit.json",
		"rm exit.json",
		"echo '{' > record.json",
		"rm record.json",
		"rm -rf record.json; mkfifo record.json",
		"rm -f *",
	};
	struct gantry_container **list = NULL;

	if (!use(_i))
		return;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		bool lost = strstr(damages[i], "exit.json") || strstr(damages[i], "*");

		ck_assert_int_eq(launch("lt-dam", seven, 0), 0);
		ck_assert_int_eq(code_of("lt-dam"), 7);
		for (int n = 0; n < 100 && processes(); n++)
			usleep(10000);
		ck_assert_int_eq(sh("cd %s/lt-dam && rm -f wait && %s", key, damages[i]), 0);
		ck_assert_int_eq(code_of("lt-dam"), lost ? UNKNOWN : 7);
		ck_assert_int_eq(gantry_container_list(engine, &list, &op), 1);
		ck_assert_str_eq(list[0]->id, "lt-dam");
		ck_assert_int_eq(list[0]->exit_code, lost ? -1 : 7);
		gantry_container_list_free(list);
		ck_assert_int_eq(
			gantry_container_delete(engine, "lt-dam", GANTRY_DELETE_FORCE, &op), 0);
		nothing_is_left();
	}
}
END_TEST

START_TEST(a_running_one_with_a_damaged_record_is_killed_by_force)
{
	static const char *const damages[] = {
		"echo junk > %s/lt-run/record.json",
		"rm -f %s/lt-run/*",
		"echo junk > %s/lt-run/monitor",
	};

	if (!use(_i))
		return;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		char cmd[800];

		ck_assert_int_eq(launch("lt-run", forever, 0), 0);
		snprintf(cmd, sizeof(cmd), damages[i], key);
		ck_assert_int_eq(sh("%s", cmd), 0);
		ck_assert_int_eq(gantry_container_delete(engine, "lt-run", 0, &op), -EBUSY);
		ck_assert_int_eq(
			gantry_container_delete(engine, "lt-run", GANTRY_DELETE_FORCE, &op), 0);
		nothing_is_left();
	}
}
END_TEST

START_TEST(what_cannot_be_made_leaves_nothing)
{
	static const char *const missing[] = { "nocmd", NULL }, *const dir[] = { "/etc", NULL };
	struct gantry_create w = GANTRY_CREATE_INIT;

	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-no", missing, 0), -ENOENT);
	ck_assert_int_eq(op.err.exit, 127);
	ck_assert_int_eq(launch("lt-no", dir, 0), -EACCES);
	ck_assert_int_eq(op.err.exit, 126);
	w.name = "lt-no";
	w.image = "busybox";
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -EINVAL);
	w.image = NULL;
	w.rootfs = "/nonexistent/root";
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -ENOENT);
	ck_assert_int_eq(gantry_container_prepare(engine, &w, &op), -ENOENT);
	w.rootfs = "/etc/passwd";
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -ENOTDIR);
	w.rootfs = NULL;
	w.bundle = tmp;
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -ENOENT);
	ck_assert_int_eq(sh("echo '{ \"a\": ' > %s/config.json", tmp), 0);
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -EBADMSG);
	ck_assert_int_eq(gantry_container_prepare(engine, &w, &op), -EBADMSG);
	ck_assert_int_eq(sh("echo '{ \"process\": { \"terminal\": true } }' > %s/config.json", tmp),
			 0);
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "process.terminal"));
	ck_assert_int_eq(sh("echo '{}' > %s/config.json", tmp), 0);
	ck_assert_int_lt(gantry_container_create(engine, &w, NULL, &op), 0);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-no", GANTRY_DELETE_FORCE, &op),
			 -ENOENT);
	nothing_is_left();
}
END_TEST

/* Makes one in the way `way`, on a disk as full as that: it works wholly, or nothing is left. */
static void on_a_disk_of(const char *full, const char *size, int way)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	int r;

	ck_assert_int_eq(mount("none", full, "tmpfs", 0, size), 0);
	w.name = "lt-full";
	w.rootfs = rootfs;
	w.args = seven;
	if (way == 0)
		r = gantry_container_create(engine, &w, NULL, &op);
	else
		r = gantry_container_run(engine, &w, way == 1 ? NULL : &how, NULL, &x, &op);
	if (r == 0) {
		if (way == 0)
			ck_assert_int_eq(gantry_container_start(engine, "lt-full", &op), 0);
		ck_assert_msg(code_of("lt-full") == 7, "%s, way %d: the code is lost", size, way);
		ck_assert_int_eq(gantry_container_delete(engine, "lt-full", 0, &op), 0);
	} else {
		ck_assert_msg(r == -ENOSPC || (which != NATIVE && *op.err.msg), "%s, way %d: %s",
			      size, way, op.err.msg);
		ck_assert_int_eq(state("lt-full"), -ENOENT);
	}
	ck_assert_msg(sh("test -z \"$(find %s -name 'lt-*')\"", full) == 0,
		      "%s, way %d: a record is left", size, way);
	nothing_is_left();
	ck_assert_int_eq(umount(full), 0);
}

START_TEST(a_full_disk_leaves_nothing_and_loses_no_code)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	char full[80], size[40];

	if (!use(_i))
		return;
	snprintf(full, sizeof(full), "%s/full", tmp);
	ck_assert_int_eq(mkdir(full, 0700), 0);
	gantry_engine_close(engine);
	o.root = full;
	ck_assert_int_eq(gantry_engine_open(where, &o, &engine, &op), 0);
	for (int way = 0; way < 3; way++) {
		/* the other runtimes are slow: only where it is about to be enough */
		for (int n = which == NATIVE ? 2 : 7; n <= (which == NATIVE ? 20 : 12); n++) {
			snprintf(size, sizeof(size), "size=1m,nr_inodes=%d", n);
			on_a_disk_of(full, size, way);
		}
		for (int k = 4; k <= (which == NATIVE ? 64 : 28); k += 4) {
			snprintf(size, sizeof(size), "size=%dk", k);
			on_a_disk_of(full, size, way);
		}
	}
}
END_TEST

START_TEST(names_are_taken_once_and_beginnings_must_be_unambiguous)
{
	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-aa", forever, 0), 0);
	ck_assert_int_eq(launch("lt-aa", forever, 0), -EEXIST);
	ck_assert_int_eq(state("lt-aa"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(state("lt-a"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(launch("lt-ab", forever, 0), 0);
	ck_assert_int_eq(state("lt-a"), -ENOTUNIQ);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-a", GANTRY_DELETE_FORCE, &op),
			 -ENOTUNIQ);
	ck_assert_int_eq(state("lt-x"), -ENOENT);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-aa", GANTRY_DELETE_FORCE, &op), 0);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-a", GANTRY_DELETE_FORCE, &op), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_deadline_anywhere_in_a_launch_leaves_nothing_or_a_container)
{
	if (!use(_i))
		return;
	for (int us = 200; us < 60000; us = us * 3 / 2) {
		int r;

		op.timeout_us = (uint64_t)us;
		r = launch("lt-late", forever, 0);
		op.timeout_us = 0;
		if (r == 0) {
			ck_assert_int_eq(gantry_container_delete(engine, "lt-late",
								 GANTRY_DELETE_FORCE, &op),
					 0);
			continue;
		}
		ck_assert_int_eq(r, -ETIMEDOUT);
		ck_assert_int_eq(state("lt-late"), -ENOENT);
	}
	nothing_is_left();
}
END_TEST

START_TEST(a_caller_killed_anywhere_in_a_launch_leaves_nothing_that_force_does_not_remove)
{
	if (!use(_i))
		return;
	for (int us = 300; us < 60000; us = us * 3 / 2) {
		pid_t pid = fork();
		int s = 0;

		if (pid == 0) {
			launch("lt-dead", forever, 0);
			_exit(0);
		}
		usleep((useconds_t)us);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* the monitor either undoes or commits; both end */
		for (int n = 0; n < 200; n++) {
			s = state("lt-dead");
			if (s == -ENOENT || s == GANTRY_STATE_RUNNING)
				break;
			usleep(10000);
		}
		s = gantry_container_delete(engine, "lt-dead", GANTRY_DELETE_FORCE, &op);
		ck_assert_msg(s == 0 || s == -ENOENT, "after %d us: %d %s", us, s, op.err.msg);
	}
	nothing_is_left();
}
END_TEST

START_TEST(a_pause_that_takes_long_is_cut_short_and_the_container_runs_on)
{
	static const char *const args[] = { "sh", "-c", "read x < /stuck; sleep 1000", NULL };
	struct pollfd asked = { -1, POLLIN, 0 };
	char file[160];
	int r;

	if (!use(NATIVE))
		return;
	snprintf(file, sizeof(file), "%s/stuck", rootfs);
	ck_assert_int_eq(sh("echo x > %s", file), 0);
	/* Its opening waits for an answer of ours; cgroup v2 cannot freeze who waits so. */
	asked.fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (asked.fd < 0 || access("/sys/fs/cgroup/unified", F_OK) < 0 ||
	    fanotify_mark(asked.fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, file) < 0)
		return;
	ck_assert_int_eq(launch("lt-stuck", args, 0), 0);
	ck_assert_int_eq(poll(&asked, 1, 5000), 1);
	op.timeout_us = 200000;
	r = gantry_container_pause(engine, "lt-stuck", &op);
	op.timeout_us = 0;
	ck_assert_int_eq(r, -ETIMEDOUT);
	ck_assert_uint_lt(op.elapsed_ns, 2000000000u);
	ck_assert_ptr_nonnull(strstr(op.err.msg, "pause"));
	ck_assert_int_eq(state("lt-stuck"), GANTRY_STATE_RUNNING);
	op.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(gantry_container_pause(engine, "lt-stuck", &op), -ECANCELED);
	op.cancel_fd = -1;
	close(asked.fd); /* which lets it go on */
	ck_assert_int_eq(gantry_container_pause(engine, "lt-stuck", &op), 0);
	ck_assert_int_eq(state("lt-stuck"), GANTRY_STATE_PAUSED);
	ck_assert_int_eq(gantry_container_resume(engine, "lt-stuck", &op), 0);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-stuck", GANTRY_DELETE_FORCE, &op), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_wait_can_be_cancelled)
{
	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-can", forever, 0), 0);
	op.cancel_fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_eq(code_of("lt-can"), -ECANCELED);
	op.cancel_fd = -1;
	ck_assert_int_eq(state("lt-can"), GANTRY_STATE_RUNNING);
}
END_TEST

START_TEST(fifty_containers_one_after_another_leave_nothing)
{
	int before;

	if (!use(_i))
		return;
	before = mounts();
	for (int i = 0; i < (which == NATIVE ? 50 : 10); i++) {
		ck_assert_int_eq(launch("lt-many", forever, 0), 0);
		ck_assert_int_eq(
			gantry_container_delete(engine, "lt-many", GANTRY_DELETE_FORCE, &op), 0);
	}
	nothing_is_left();
	ck_assert_int_eq(mounts(), before);
}
END_TEST

START_TEST(a_bundle_is_used_as_it_is)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_container *c = NULL;

	if (!use(_i))
		return;
	ck_assert_int_eq(sh("cd %s && $GANTRY_OCI spec && sed -i 's/\"terminal\": "
			    "*true/\"terminal\": false/; "
			    "s/\"sh\"/\"sh\", \"-c\", \"exit 5\"/' config.json",
			    tmp),
			 0);
	w.name = "lt-bun";
	w.bundle = tmp;
	ck_assert_int_eq(gantry_container_prepare(engine, &w, &op), 0);
	ck_assert_int_eq(gantry_container_run(engine, &w, NULL, NULL, NULL, &op), 0);
	ck_assert_int_eq(code_of("lt-bun"), 5);
	ck_assert_int_eq(gantry_container_get(engine, "lt-bun", &c, &op), 0);
	ck_assert_str_eq(c->bundle, tmp);
	ck_assert_str_eq(c->rootfs, rootfs);
	ck_assert_str_eq(c->args[2], "exit 5");
	ck_assert_str_eq(c->owner, "gantry");
	ck_assert_int_eq(c->exit_code, 5);
	ck_assert_uint_gt(c->created_ns, 0);
	ck_assert_uint_ge(c->started_ns, c->created_ns);
	ck_assert_uint_ge(c->finished_ns, c->started_ns);
	gantry_container_free(c);
}
END_TEST

START_TEST(what_the_runtime_lost_is_stopped_with_an_unknown_code)
{
	if (!use(_i))
		return;
	ck_assert_int_eq(launch("lt-lost", forever, 0), 0);
	kill_monitor("lt-lost");
	if (which == NATIVE)
		ck_assert_int_eq(sh("$GANTRY_OCI --root %s/state delete --force lt-lost", tmp), 0);
	else
		ck_assert_int_eq(sh("%s%s%s --root %s/state delete --force lt-lost",
				    which == CRUN ? tmp : "", which == CRUN ? "/" : "",
				    names[which], tmp),
				 0);
	ck_assert_int_eq(state("lt-lost"), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(code_of("lt-lost"), UNKNOWN);
	ck_assert_int_eq(gantry_container_delete(engine, "lt-lost", 0, &op), 0);
	nothing_is_left();
}
END_TEST

START_TEST(a_container_of_the_same_name_that_is_not_ours_is_never_touched)
{
	static const char *const prefix[] = { "$GANTRY_OCI", "runc", "%s/crun" };
	char cmd[128];
	int r;

	if (!use(_i))
		return;
	snprintf(cmd, sizeof(cmd), which == CRUN ? prefix[which] : "%s",
		 which == CRUN ? tmp : prefix[which]);
	ck_assert_int_eq(sh("cd %s && $GANTRY_OCI spec && sed -i 's/\"terminal\": "
			    "*true/\"terminal\": false/' config.json && "
			    "%s --root %s/state create lt-other < /dev/null > /dev/null 2>&1",
			    tmp, cmd, tmp),
			 0);
	ck_assert_int_eq(launch("lt-other", forever, 0), -EEXIST);
	for (int us = 500; us < 40000; us *= 2) {
		op.timeout_us = (uint64_t)us;
		r = launch("lt-other", forever, 0);
		ck_assert(r == -EEXIST || r == -ETIMEDOUT);
	}
	op.timeout_us = 0;
	ck_assert_int_eq(sh("%s --root %s/state state lt-other | grep -q created", cmd, tmp), 0);
	ck_assert_int_eq(sh("%s --root %s/state delete --force lt-other", cmd, tmp), 0);
	nothing_is_left();
}
END_TEST

Suite *local_suite(void);
Suite *local_suite(void)
{
	Suite *s = suite_create("local");
	TCase *t = tcase_create("local");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
#define EACH(test) tcase_add_loop_test(t, test, 0, ENGINES)
	EACH(a_foreground_run_gives_streams_and_code_and_leaves_a_stopped_container);
	EACH(the_reader_of_its_output_sees_the_end_while_the_container_runs_on);
	EACH(signals_from_the_signalfd_reach_the_container);
	EACH(a_signal_that_ends_it_is_128_more);
	EACH(a_detached_container_has_no_tie_to_its_caller);
	EACH(a_killed_monitor_makes_the_code_unknown_and_never_zero);
	EACH(a_created_one_whose_monitor_was_killed_can_still_be_started);
	EACH(every_waiter_gets_the_code_of_one_that_removes_itself);
	EACH(damaged_records_are_shown_and_can_be_removed);
	EACH(a_running_one_with_a_damaged_record_is_killed_by_force);
	EACH(what_cannot_be_made_leaves_nothing);
	EACH(a_full_disk_leaves_nothing_and_loses_no_code);
	EACH(names_are_taken_once_and_beginnings_must_be_unambiguous);
	EACH(a_deadline_anywhere_in_a_launch_leaves_nothing_or_a_container);
	EACH(a_caller_killed_anywhere_in_a_launch_leaves_nothing_that_force_does_not_remove);
	tcase_add_test(t, a_pause_that_takes_long_is_cut_short_and_the_container_runs_on);
	EACH(a_wait_can_be_cancelled);
	EACH(fifty_containers_one_after_another_leave_nothing);
	EACH(a_bundle_is_used_as_it_is);
	EACH(what_the_runtime_lost_is_stopped_with_an_unknown_code);
	EACH(a_container_of_the_same_name_that_is_not_ours_is_never_touched);
	suite_add_tcase(s, t);
	return s;
}
