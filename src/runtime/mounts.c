/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.mounts. Filesystems are made detached, with their attributes from the
 * start, and attached to the fd of their destination, so no path is resolved
 * twice; the sources of binds were taken on the host's side (create.c).
 *
 * What bites: mount a cgroup filesystem anew and the whole machine waits for
 * an RCU grace period (and an initial-namespace mount changes the host's
 * options); the container gets a bind of its own cgroup instead, which looks the same.
 */
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/str.h"
#include "kernel/abi.h"
#include "kernel/inroot.h"
#include "kernel/mount.h"
#include "runtime/steps.h"

enum { PROC_ROOT_INO = 1 };

/*
 * What may be bound over a file of /proc: files that tell about the machine and have a container's
 * own view put over them (lxcfs), and two switches. The list is runc's.
 */
static const char *const below_proc[] = {
	"/proc/cpuinfo",  "/proc/diskstats", "/proc/meminfo", "/proc/stat",
	"/proc/swaps",    "/proc/uptime",    "/proc/loadavg", "/proc/slabinfo",
	"/proc/net/dev",  "/proc/sys/kernel/ns_last_pid",     "/proc/sys/crypto/fips_enabled",
};

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == PROC_SUPER_MAGIC;
}

/* A proc filesystem, new or a bind of another one's root. */
static bool is_proc(const struct spec_mount *m, int source)
{
	struct stat st;

	if (!m->bind)
		return str_eq(m->type, "proc");
	return is_procfs(source) && fstat(source, &st) == 0 && st.st_ino == PROC_ROOT_INO;
}

static int refuse_proc(const struct spec_mount *m, struct gantry_err *err)
{
	return err_set(err, EPERM, "a mount over `%s`, which is a part of /proc, is not allowed",
		       m->destination);
}

/* Before anything is made for the mount: what its name alone tells. */
static int check_name(const struct spec_mount *m, struct gantry_err *err)
{
	if (!str_after(m->destination, "/proc/"))
		return 0;
	for (size_t i = 0; m->bind && i < sizeof(below_proc) / sizeof(*below_proc); i++)
		if (str_eq(m->destination, below_proc[i]))
			return 0;
	return refuse_proc(m, err);
}

/*
 * A forged /proc lies to whoever writes a label or a limit through it, so nothing else may lie
 * there. Where the mount would really come to lie, `at`, decides: a link may lead there.
 */
static int check_place(const struct job *j, const struct spec_mount *m, int at, int source,
		       struct gantry_err *err)
{
	bool on = str_eq(m->destination, "/proc"), same;
	struct stat proc, st;

	if (fstat(at, &st) < 0)
		return err_sys(err, "look at `%s`", m->destination);
	same = fstatat(j->tree, "proc", &proc, AT_SYMLINK_NOFOLLOW) == 0 &&
	       proc.st_dev == st.st_dev && proc.st_ino == st.st_ino;
	if (on && !same)
		return err_set(err, ENOTDIR,
			       "/proc in the root filesystem is not a directory of its own");
	if (on)
		return is_proc(m, source) ? 0
					  : err_set(err, EPERM, "a mount over `/proc` has to be "
								"a proc filesystem");
	if (str_after(m->destination, "/proc/"))
		return 0; /* one of the list */
	return same || is_procfs(at) ? refuse_proc(m, err) : 0;
}

static int attach(int tree, int at, const struct spec_mount *m, struct gantry_err *err)
{
	int r = mount_attach(tree, at);

	return r < 0 ? err_num(err, r, "mount over `%s`", m->destination) : 0;
}

static int make_fs(const struct job *j, const struct spec_mount *m, struct gantry_err *err)
{
	clean_fd int at = inroot_mkdirs(j->tree, m->destination, 0755, err);
	clean_fd int fs = -1;
	int r;

	if (at < 0)
		return at;
	r = check_place(j, m, at, -1, err);
	if (r < 0)
		return r;
	fs = mount_new(m->type, m->source, m->data, (unsigned)m->attr_set, err);
	if (fs < 0)
		return err_in(err, fs, "`%s`", m->destination);
	if (m->propagation) {
		r = mount_attr(fs, m->propagation_recursive, 0, 0, m->propagation);
		if (r < 0)
			return err_num(err, r, "set the propagation of `%s`", m->destination);
	}
	return attach(fs, at, m, err);
}

static int make_bind(const struct job *j, const struct spec_mount *m, int source,
		     struct gantry_err *err)
{
	clean_fd int at = -1;
	struct stat st;
	int r;

	if (fstat(source, &st) < 0)
		return err_sys(err, "bind source `%s`", m->source);
	at = S_ISDIR(st.st_mode) ? inroot_mkdirs(j->tree, m->destination, 0755, err)
				 : inroot_mkfile(j->tree, m->destination, 0644, err);
	if (at < 0)
		return at;
	r = check_place(j, m, at, source, err);
	if (r < 0)
		return r;
	r = mount_attr(source, false, m->attr_set, m->attr_clear, 0);
	if (r < 0)
		return err_num(err, r, "set the options of the bind `%s`", m->destination);
	return attach(source, at, m, err);
}

/*
 * One hierarchy of v1 below the tmpfs `at`: a directory, and a link per controller where they share
 * one.
 */
static int make_hier(const struct job *j, int i, int at, const struct spec_mount *m,
		     struct gantry_err *err)
{
	const struct cgroup_hier *h = &j->cgroup.h[i];
	clean_fd int dir = -1;
	int r;

	if (mkdirat(at, h->name, 0755) < 0)
		return err_sys(err, "make `%s/%s`", m->destination, h->name);
	dir = openat(at, h->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "open `%s/%s`", m->destination, h->name);
	r = mount_attr(j->cgroup_trees[i], false, m->attr_set, m->attr_clear, 0);
	if (r < 0)
		return err_num(err, r, "set the options of `%s/%s`", m->destination, h->name);
	r = attach(j->cgroup_trees[i], dir, m, err);
	for (unsigned ctl = 1; r == 0 && ctl < CGROUP_NAMED; ctl <<= 1) {
		const char *name = cgroup_ctl_name((enum cgroup_ctl)ctl);

		if (h->ctls & ctl && !str_eq(name, h->name) && symlinkat(h->name, at, name) < 0)
			r = err_sys(err, "link `%s/%s`", m->destination, name);
	}
	return r;
}

static int make_cgroup_v1(const struct job *j, const struct spec_mount *m, int at,
			  struct gantry_err *err)
{
	static const char *const data[] = { "mode=755", NULL };
	clean_fd int fs = mount_new("tmpfs", "cgroup", data,
				    (unsigned)(m->attr_set & ~(__u64)MOUNT_ATTR_RDONLY), err);
	int r;

	if (fs < 0)
		return err_in(err, fs, "`%s`", m->destination);
	r = attach(fs, at, m, err);
	for (int i = 0; r == 0 && i < j->cgroup.n; i++)
		if (!j->cgroup.h[i].unified)
			r = make_hier(j, i, fs, m, err);
	if (r == 0 && m->attr_set & MOUNT_ATTR_RDONLY) {
		r = mount_attr(fs, false, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return err_num(err, r, "make `%s` read-only", m->destination);
	}
	return r;
}

static int make_cgroup(const struct job *j, const struct spec_mount *m, struct gantry_err *err)
{
	const struct cgroup *c = &j->cgroup;
	clean_fd int at = inroot_mkdirs(j->tree, m->destination, 0755, err);
	int r;

	if (at < 0)
		return at;
	r = check_place(j, m, at, -1, err);
	if (r < 0)
		return r;
	if (c->n > 1 || c->unified < 0)
		return make_cgroup_v1(j, m, at, err);
	r = mount_attr(j->cgroup_trees[0], false, m->attr_set, m->attr_clear, 0);
	if (r < 0)
		return err_num(err, r, "set the options of `%s`", m->destination);
	return attach(j->cgroup_trees[0], at, m, err);
}

int mounts_make(const struct job *j, struct gantry_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->spec.mounts_n; i++) {
		const struct spec_mount *m = &j->spec.mounts[i];

		r = check_name(m, err);
		if (r < 0)
			return r;
		if (m->bind)
			r = make_bind(j, m, j->binds[i], err);
		else if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2"))
			r = make_cgroup(j, m, err);
		else
			r = make_fs(j, m, err);
	}
	return r;
}
