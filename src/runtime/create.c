/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_create: the parent's side. Steps in order, each with what it needs
 * from those before it; on failure one way back (abandon) removes whatever there is.
 *
 * What bites:
 * - the record comes before the first thing that outlives us (the cgroup), so
 *   a creator killed at any point leaves something that can be found by its id;
 * - a cgroup at a path that the spec names may be anybody's. It is ours if our
 *   own mkdir made it, and its inode, written down right after, is the proof.
 *   A creator killed between the two has nobody in it yet, and saw before it
 *   wrote its record that the path was free: what is there and empty may be
 *   removed, what has somebody in it has come since and is never touched;
 * - the copy of a mount stays a peer of the host's until it is made private;
 * - copies of mounts can be taken only in the mount namespace that holds them:
 *   here, on the host's side, not in the child;
 * - of several that create one id at once exactly one may win: mkdir decides,
 *   and the lock, and a directory that was removed under the lock counts as lost.
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "kernel/abi.h"
#include "kernel/clone.h"
#include "kernel/mount.h"
#include "kernel/pidfd.h"
#include "kernel/procfs.h"
#include "runtime/init.h"
#include "runtime/limits.h"
#include "runtime/recover.h"

enum { CLAIM_ROUNDS = 16 };

/* Descriptors that we make must not take the numbers that the container inherits. */
static int check_streams(struct job *j, struct gantry_err *err)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	(void)j;
	(void)poll(p, 3, 0);
	for (int i = 0; i < 3; i++)
		if (p[i].revents & POLLNVAL)
			return err_set(err, EBADF,
				       "file descriptor %d is closed: the container would inherit "
				       "something else as it",
				       i);
	return 0;
}

static int read_spec(struct job *j, struct gantry_err *err)
{
	j->bundle = open(j->how->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (j->bundle < 0)
		return err_sys(err, "bundle %s", j->how->bundle);
	return spec_read(j->bundle, "config.json", &j->spec, err);
}

static int check_spec(struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	bool uts = s->ns_new & 1u << NS_UTS || s->ns_path[NS_UTS];

	if (s->ns_path[NS_MOUNT])
		return err_set(err, ENOTSUP,
			       "joining a mount namespace (linux.namespaces) is not supported yet");
	if (!(s->ns_new & 1u << NS_MOUNT))
		return err_set(err, ENOTSUP,
			       "a container without a mount namespace of its own "
			       "(linux.namespaces) is not supported");
	if (s->terminal && j->how->detached)
		return err_set(err, ENOTSUP,
			       "a terminal needs a console socket, which is not supported yet");
	if (s->hostname && !uts)
		return err_set(err, EINVAL, "config.json: hostname needs a uts namespace");
	if (s->domainname && !uts)
		return err_set(err, EINVAL, "config.json: domainname needs a uts namespace");
	j->at_once = j->how->start && !s->terminal;
	if (j->how->no_pivot)
		return err_set(err, ENOTSUP, "--no-pivot is not supported yet");
	return 0;
}

static int take_rootfs(struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	struct stat st;
	int r;

	j->rootfs = s->root_path[0] == '/' ? strdup(s->root_path)
					   : str_printf("%s/%s", j->how->bundle, s->root_path);
	if (!j->rootfs)
		return err_set(err, ENOMEM, "out of memory");
	j->tree = sys_open_tree(AT_FDCWD, j->rootfs,
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (j->tree < 0)
		return err_sys(err, "root filesystem %s", j->rootfs);
	if (fstat(j->tree, &st) < 0)
		return err_sys(err, "root filesystem %s", j->rootfs);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "root filesystem %s: Not a directory", j->rootfs);
	r = mount_attr(j->tree, true, 0, 0,
		       s->rootfs_propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE);
	if (r == -ENOSYS)
		return err_set(
			err, ENOSYS,
			"mount_setattr is not available (kernel before 5.12, or a seccomp filter)");
	return r < 0 ? err_num(err, r, "make the root filesystem's mounts private") : 0;
}

static int take_bind(struct job *j, size_t i, struct gantry_err *err)
{
	const struct spec_mount *m = &j->spec.mounts[i];
	__u64 spread = m->propagation ? m->propagation : MS_PRIVATE;
	int r;

	j->binds[i] = sys_open_tree(j->bundle, m->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
						(m->recursive ? AT_RECURSIVE : 0));
	if (j->binds[i] < 0)
		return err_sys(err, "bind source `%s` of `%s`", m->source, m->destination);
	/* What lies below must not stay the host's peer because only the top was asked for. */
	if (spread == MS_UNBINDABLE)
		r = mount_attr(j->binds[i], true, 0, 0, MS_PRIVATE);
	else
		r = 0;
	if (r == 0)
		r = mount_attr(j->binds[i],
			       m->propagation_recursive || spread == MS_PRIVATE ||
				       spread == MS_SLAVE,
			       0, 0, spread);
	return r < 0 ? err_num(err, r, "set the propagation of the bind `%s`", m->destination) : 0;
}

static int take_binds(struct job *j, struct gantry_err *err)
{
	int r = 0;

	if (!j->spec.mounts_n)
		return 0;
	j->binds = malloc(j->spec.mounts_n * sizeof(*j->binds));
	if (!j->binds)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->spec.mounts_n; i++)
		j->binds[i] = -1;
	for (size_t i = 0; r == 0 && i < j->spec.mounts_n; i++)
		if (j->spec.mounts[i].bind)
			r = take_bind(j, i, err);
	return r;
}

static int open_namespaces(struct job *j, struct gantry_err *err)
{
	for (int i = 0; i < NS_COUNT; i++) {
		const char *path = j->spec.ns_path[i];

		if (!path)
			continue;
		/* not waiting: it might be a FIFO */
		j->ns[i] = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (j->ns[i] < 0)
			return err_sys(err, "%s namespace %s", spec_namespace_names[i], path);
	}
	return 0;
}

static int open_root(struct job *j, struct gantry_err *err)
{
	const char *root = j->how->root;
	int r;

	j->root_dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (j->root_dir < 0 && errno == ENOENT) {
		r = fd_mkdirs(root, 0700);
		if (r < 0)
			return err_num(err, r, "make the state directory %s", root);
		j->root_dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return j->root_dir < 0 ? err_sys(err, "open the state directory %s", root) : 0;
}

static int taken(const char *id, struct gantry_err *err)
{
	return err_set(err, EEXIST, "container %s already exists", id);
}

/* ROOT/ID is there: 0 if it was a leaving of a dead create and is gone now, -EEXIST. */
static int clear_stale(struct job *j, int dir, struct gantry_err *err)
{
	const char *id = j->how->id;
	struct stat st;

	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return taken(id, err);
	if (fstat(dir, &st) == 0 && !st.st_nlink)
		return 0;
	if (!recover_is_stale(&(struct recover){ j->how->root, id, j->root_dir, dir, false }))
		return taken(id, err);
	return recover(&(struct recover){ j->how->root, id, j->root_dir, dir, true }, err);
}

/*
 * Between our mkdir, our open and our lock somebody may have taken the directory
 * for a leaving and removed it, and another made it again: then what we locked
 * is theirs. Theirs has a record; ours cannot have one yet.
 */
static bool is_fresh(int dir)
{
	return faccessat(dir, STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Makes ROOT/ID and locks it. */
static int claim(struct job *j, struct gantry_err *err)
{
	const char *id = j->how->id;

	for (int round = 0; round < CLAIM_ROUNDS; round++) {
		bool made = mkdirat(j->root_dir, id, 0700) == 0;
		clean_fd int dir = -1;
		int r;

		if (!made && errno != EEXIST)
			return err_sys(err, "make the state of container %s", id);
		dir = openat(j->root_dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0 && errno == ENOENT)
			continue; /* removed under our hands */
		if (dir < 0) {
			r = err_sys(err, "open the state of container %s", id);
			if (made)
				(void)unlinkat(j->root_dir, id, AT_REMOVEDIR);
			return r;
		}
		if (made) {
			r = recover_lock(dir, id, err);
			if (r == -ENOENT)
				continue;
			/* Whoever holds its lock removes it; else nobody knows of it. */
			if (r < 0 && r != -EAGAIN)
				(void)unlinkat(j->root_dir, id, AT_REMOVEDIR);
			if (r < 0)
				return r == -EAGAIN ? taken(id, err) : r;
			if (is_fresh(dir)) {
				j->dir = TAKE_FD(dir);
				j->claimed = true;
				return 0;
			}
		}
		r = clear_stale(j, dir, err);
		if (r < 0)
			return r;
	}
	return taken(id, err);
}

/* "/a/b" from what the spec says: a relative path is below our own parent. */
static int plan_cgroup(struct job *j, struct gantry_err *err)
{
	const char *want = j->spec.cgroups_path;
	int n, r;

	j->named_by_spec = want && *want;
	if (!j->named_by_spec) {
		recover_cgroup_path(j->how->root, j->root_dir, j->how->id, j->cgroup_path);
		return cgroup_find(&j->cgroup, j->cgroup_path, err);
	}
	n = snprintf(j->cgroup_path, sizeof(j->cgroup_path), "%s%s", *want == '/' ? "" : "/gantry/",
		     want);
	if (n < 0 || (size_t)n >= sizeof(j->cgroup_path))
		return err_set(err, EINVAL, "config.json: linux.cgroupsPath is too long");
	r = cgroup_find(&j->cgroup, j->cgroup_path, err);
	return r < 0 ? err_in(err, r, "config.json: linux.cgroupsPath") : 0;
}

/*
 * Nothing may be at the cgroup's path. Below our own name (not one that the spec chose) what a
 * container left whose state was lost, and where nobody is, goes.
 */
static int check_vacant(struct job *j, struct gantry_err *err)
{
	int r = cgroup_look(&j->cgroup, err);

	if (r <= 0)
		return r;
	r = j->named_by_spec ? 1 : cgroup_populated(&j->cgroup);
	if (r < 0)
		return err_num(err, r, "look into the cgroup %s", j->cgroup_path);
	if (r)
		return err_set(err, EBUSY,
			       "the cgroup %s exists already: in use by another container?",
			       j->cgroup_path);
	return cgroup_remove(&j->cgroup, err);
}

static int record(struct job *j, struct gantry_err *err)
{
	struct state *st = &j->state;
	struct procfs_process self;
	int r = procfs_process(getpid(), &self);

	if (r < 0)
		return err_num(err, r, "read /proc/%d/stat", (int)getpid());
	st->id = (char *)(uintptr_t)j->how->id;
	st->bundle = (char *)(uintptr_t)j->how->bundle;
	st->rootfs = j->rootfs;
	st->cgroup = j->cgroup_path;
	st->oci_version = (char *)(uintptr_t)(j->spec.oci_version ? j->spec.oci_version : "");
	st->owner = geteuid();
	st->created_ns = clock_wall();
	st->phase = STATE_CREATING;
	st->creator = getpid();
	st->creator_start = self.start_time;
	return state_write(j->dir, st, j->spec.annotations, err);
}

static int make_devices(struct job *j, struct gantry_err *err)
{
	return limits_apply_devices(&j->cgroup, &j->spec.resources, err);
}

/*
 * On v1 the rules are many writes, the first of which denies all: nobody may be in the cgroup by
 * then.
 */
static bool devices_first(const struct job *j)
{
	return cgroup_carrier(&j->cgroup, CGROUP_DEVICES) >= 0;
}

/* A link: made in one step, never half written. The record gets the same when it is committed. */
static int mark(struct job *j, struct gantry_err *err)
{
	char text[CGROUP_MARKS + CGROUP_PATH];
	int r = cgroup_marks(&j->cgroup, j->marks);

	if (r < 0)
		return err_num(err, r, "look at the cgroup %s", j->cgroup_path);
	snprintf(text, sizeof(text), "%s %s", j->marks, j->cgroup_path);
	j->state.marks = j->marks;
	return symlinkat(text, j->dir, STATE_CGROUP) < 0
		       ? err_sys(err, "write the state of container %s", j->how->id)
		       : 0;
}

static int make_cgroup(struct job *j, struct gantry_err *err)
{
	int r;

	if (recover_expect(j->dir) < 0)
		return err_sys(err, "write the state of container %s", j->how->id);
	r = cgroup_make(&j->cgroup, err);
	if (r < 0)
		return r;
	j->cgrouped = true;
	r = mark(j, err);
	if (r < 0)
		return r;
	r = limits_apply(&j->cgroup, &j->spec.resources, err);
	return r < 0 || !devices_first(j) ? r : make_devices(j, err);
}

/*
 * On v2 the rules are one program, set in one step: that can be done while init furnishes its
 * namespaces.
 */
static int finish_devices(struct job *j, struct gantry_err *err)
{
	return devices_first(j) ? 0 : make_devices(j, err);
}

/* Copies of our cgroup directories, if the spec mounts them. */
static int take_cgroups(struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	bool wanted = false;

	for (size_t i = 0; i < s->mounts_n; i++)
		wanted |= !s->mounts[i].bind && !strncmp(s->mounts[i].type, "cgroup", 6);
	for (int i = 0; wanted && i < j->cgroup.n; i++) {
		int r = mount_clone(j->cgroup.h[i].dir, "", false, err);

		if (r < 0)
			return r;
		j->cgroup_trees[i] = r;
		r = mount_attr(r, false, 0, 0, MS_PRIVATE);
		if (r < 0)
			return err_num(err, r, "make the cgroup mount private");
	}
	return 0;
}

static int make_channels(struct job *j, struct gantry_err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, j->sync) < 0)
		return err_sys(err, "make a socket pair");
	if (j->at_once)
		return 0;
	if (mknodat(j->dir, STATE_FIFO, S_IFIFO | 0600, 0) < 0)
		return err_sys(err, "make the start FIFO of container %s", j->how->id);
	j->fifo = openat(j->dir, STATE_FIFO, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return j->fifo < 0 ? err_sys(err, "open the start FIFO of container %s", j->how->id) : 0;
}

/* clone3, into the pid namespace to be joined if there is one; ours is as before afterwards. */
static pid_t fork_init(struct job *j, uint64_t flags, int cgroup_fd, struct gantry_err *err)
{
	clean_fd int own = -1;
	pid_t pid;

	if (j->ns[NS_PID] >= 0) {
		own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
		if (own < 0)
			return err_sys(err, "open /proc/self/ns/pid");
		if (setns(j->ns[NS_PID], CLONE_NEWPID) < 0)
			return err_sys(err, "join the pid namespace %s", j->spec.ns_path[NS_PID]);
	}
	pid = clone_child(flags, cgroup_fd, &j->init.pidfd);
	if (pid == 0)
		init_run(j);
	if (own >= 0 && setns(own, CLONE_NEWPID) < 0)
		return err_sys(err, "return to our own pid namespace");
	return pid < 0 ? err_num(err, pid, "make the container's first process") : pid;
}

static int start_init(struct job *j, struct gantry_err *err)
{
	static const uint64_t bits[NS_COUNT] = {
		[NS_MOUNT] = CLONE_NEWNS,
		[NS_PID] = CLONE_NEWPID,
		[NS_IPC] = CLONE_NEWIPC,
		[NS_UTS] = CLONE_NEWUTS,
	}; /* init makes the cgroup namespace from inside its cgroup, and the network one, which
	      takes long, beside us */
	const struct cgroup *c = &j->cgroup;
	struct procfs_process p;
	uint64_t flags = 0;
	pid_t pid;
	int r;

	for (int i = 0; i < NS_COUNT; i++)
		if (j->spec.ns_new & 1u << i)
			flags |= bits[i];
	pid = fork_init(j, flags, c->unified >= 0 ? c->h[c->unified].dir : -1, err);
	if (pid < 0)
		return pid;
	j->init.pid = j->state.pid = pid;
	clean_fdp(&j->sync[1]);
	j->sync[1] = -1;
	r = procfs_process(pid, &p);
	if (r < 0)
		return err_num(err, r, "read /proc/%d/stat", (int)pid);
	j->state.start_time = p.start_time;
	/* While init is busy; what then makes the record stand is one rename. */
	j->state.phase = STATE_COMMITTED;
	return state_prepare(j->dir, &j->state, j->spec.annotations, err);
}

/* The terminal that came with the word, if one did. */
static int take_terminal(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Why init ended without a word. */
static int ended(const struct job *j, struct gantry_err *err)
{
	siginfo_t si = { .si_code = 0 };

	if (waitid((idtype_t)P_PIDFD, (id_t)j->init.pidfd, &si, WEXITED | WNOWAIT) < 0 ||
	    si.si_code == CLD_EXITED)
		return err_set(err, EIO,
			       "the container's first process ended while it was being set up");
	if (si.si_status == SIGKILL && cgroup_oom(&j->cgroup) > 0)
		return err_set(err, ENOMEM,
			       "the container's first process was killed for memory: memory.limit "
			       "is too low to start anything");
	return err_set(
		err, EIO,
		"the container's first process was killed by signal %d while it was being set up",
		si.si_status);
}

/* One word of init's. 1; 0 it holds its end no more; -errno. */
static int hear(struct job *j, struct gantry_err *err)
{
	struct job_word w;
	struct iovec iov = { &w, sizeof(w) };
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(j->sync[0], &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "hear from the container's first process");
	if (n == 0)
		return 0;
	if (n != sizeof(w))
		return err_set(err, EPROTO, "the container's first process speaks nonsense");
	j->init.terminal = take_terminal(&msg);
	if (w.ready)
		return 1;
	if (err)
		*err = w.err;
	return w.err.code > 0 ? -w.err.code : -EPROTO;
}

static int hear_ready(struct job *j, struct gantry_err *err)
{
	int r = hear(j, err);

	return r == 0 ? ended(j, err) : r;
}

static int write_pid_file(struct job *j, struct gantry_err *err)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)j->init.pid), r;

	if (!j->how->pid_file)
		return 0;
	r = fd_replace(AT_FDCWD, j->how->pid_file, text, (size_t)n, 0644, 0);
	return r < 0 ? err_num(err, r, "write the pid file %s", j->how->pid_file) : 0;
}

static int commit(struct job *j, struct gantry_err *err)
{
	ssize_t n;
	int r = state_commit(j->dir, j->how->id, err);

	if (r < 0)
		return r;
	do
		n = send(j->sync[0], "c", 1, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? ended(j, err) : 0;
}

/* The socket closes when the command is executed; else init says why it is not. */
static int hear_started(struct job *j, struct gantry_err *err)
{
	int r = j->at_once ? hear(j, err) : 0;

	j->init.started = j->at_once;
	return r;
}

static const struct step {
	const char *what;
	int (*run)(struct job *j, struct gantry_err *err);
} create_steps[] = {
	{ "streams", check_streams },
	{ "spec", read_spec },
	{ "check", check_spec },
	{ "rootfs", take_rootfs },
	{ "binds", take_binds },
	{ "namespaces", open_namespaces },
	{ "root", open_root },
	{ "cgroup path", plan_cgroup },
	{ "claim", claim },
	{ "vacant", check_vacant },
	{ "record", record },
	{ "cgroup", make_cgroup },
	{ "cgroup mounts", take_cgroups },
	{ "channels", make_channels },
	{ "init", start_init },
	{ "devices", finish_devices },
	{ "ready", hear_ready },
	{ "pid file", write_pid_file },
	{ "commit", commit },
	{ "started", hear_started },
};

/*
 * Removes what a failed create has made. What cannot be removed keeps its record, for `delete
 * --force`.
 */
static void abandon(struct job *j)
{
	if (j->init.pidfd >= 0) {
		pidfd_kill_reap(j->init.pidfd);
		clean_fdp(&j->init.pidfd);
		clean_fdp(&j->init.terminal);
	}
	if (j->cgrouped && cgroup_destroy(&j->cgroup, NULL) < 0)
		return;
	if (j->claimed) {
		(void)unlinkat(j->dir, STATE_FIFO, 0);
		(void)unlinkat(j->dir, STATE_CGROUP, 0);
		(void)unlinkat(j->dir, STATE_FILE, 0);
		(void)unlinkat(j->dir, STATE_NEXT, 0);
		(void)unlinkat(j->root_dir, j->how->id, AT_REMOVEDIR);
	}
}

static void job_done(struct job *j)
{
	for (size_t i = 0; j->binds && i < j->spec.mounts_n; i++)
		clean_fdp(&j->binds[i]);
	free(j->binds);
	for (int i = 0; i < CGROUP_HIERS; i++)
		clean_fdp(&j->cgroup_trees[i]);
	for (int i = 0; i < NS_COUNT; i++)
		clean_fdp(&j->ns[i]);
	clean_fdp(&j->tree);
	clean_fdp(&j->bundle);
	clean_fdp(&j->fifo);
	clean_fdp(&j->sync[0]);
	clean_fdp(&j->sync[1]);
	clean_fdp(&j->dir);
	clean_fdp(&j->root_dir);
	cgroup_done(&j->cgroup);
	free(j->rootfs);
	spec_done(&j->spec);
}

int runtime_create(const struct runtime_create *o, struct runtime_init *ret, struct gantry_err *err)
{
	struct job j = { .how = o,
			 .cgroup = CGROUP_INIT,
			 .init = RUNTIME_INIT,
			 .bundle = -1,
			 .tree = -1,
			 .root_dir = -1,
			 .dir = -1,
			 .fifo = -1,
			 .sync = { -1, -1 } };
	int r = 0;

	for (int i = 0; i < CGROUP_HIERS; i++)
		j.cgroup_trees[i] = -1;
	for (int i = 0; i < NS_COUNT; i++)
		j.ns[i] = -1;
	if (!str_is_id(o->id))
		return err_set(
			err, EINVAL,
			"not a container id (letters, digits, `_`, `.` and `-`, at most 128)");
	for (size_t i = 0; r >= 0 && i < sizeof(create_steps) / sizeof(*create_steps); i++)
		r = create_steps[i].run(&j, err);
	if (r < 0)
		abandon(&j);
	else
		*ret = j.init;
	job_done(&j);
	return r < 0 ? r : 0;
}
