/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From privileged init to the container's process. The order is what bites:
 * limits before the right to raise them is gone; the bounding set while
 * CAP_SETPCAP is there; groups before the user; capabilities kept over the
 * change of user, then cut down to what the spec gives; the ambient ones last,
 * as they must be permitted and inheritable by then. A change of identity also
 * clears the death signal, so it is set again right after (init.c looks
 * whether the parent is still there).
 */
#include <grp.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "kernel/abi.h"
#include "kernel/caps.h"
#include "kernel/inroot.h"
#include "kernel/procfs.h"
#include "runtime/steps.h"

static int set_rlimits(const struct spec *s, struct gantry_err *err)
{
	for (size_t i = 0; i < s->rlimits_n; i++) {
		const struct spec_rlimit *l = &s->rlimits[i];

		if (setrlimit((__typeof__(RLIMIT_CPU))l->resource, &l->limit) < 0)
			return err_sys(err, "set %s to %llu:%llu", spec_rlimit_name(l->resource),
				       (unsigned long long)l->limit.rlim_cur,
				       (unsigned long long)l->limit.rlim_max);
	}
	return 0;
}

static int set_oom_score(const struct spec *s, struct gantry_err *err)
{
	clean_fd int proc = -1;
	char text[16], *p = text + sizeof(text) - 1;
	int n = s->oom_score_adj < 0 ? -s->oom_score_adj : s->oom_score_adj;

	proc = procfs_open(err);
	if (proc < 0)
		return proc;
	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	if (s->oom_score_adj < 0)
		*--p = '-';
	return procfs_poke(proc, getpid(), "oom_score_adj", p, err);
}

/* The caller's session keys must not be the container's; an unnamed ring is always a new one. */
static int new_keyring(struct gantry_err *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_sys(err, "make a session keyring");
	return 0;
}

/* Pipes made for the container belong to its user, who could not reopen /dev/stdout otherwise. */
static int give_streams(const struct spec *s, struct gantry_err *err)
{
	struct stat st;

	for (int fd = 0; s->uid && fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != s->uid &&
		    fchown(fd, s->uid, (gid_t)-1) < 0 && errno != EPERM)
			return err_sys(err, "give fd %d to the container's user", fd);
	return 0;
}

int process_prepare(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	int r = give_streams(s, err);

	if (r == 0 && !j->how->no_new_keyring)
		r = new_keyring(err);
	if (r == 0 && s->has_oom_score_adj)
		r = set_oom_score(s, err);
	if (r == 0)
		r = set_rlimits(s, err);
	return r;
}

static int set_ids(const struct spec *s, struct gantry_err *err)
{
	if (s->uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(err, "keep capabilities");
	/* raw: libc's own would look for threads to carry along */
	if (syscall(SYS_setgroups, s->groups_n, s->groups) < 0)
		return err_sys(err, "set the additional groups");
	if (syscall(SYS_setresgid, s->gid, s->gid, s->gid) < 0)
		return err_sys(err, "set the group to %u", s->gid);
	if (syscall(SYS_setresuid, s->uid, s->uid, s->uid) < 0)
		return err_sys(err, "set the user to %u", s->uid);
	if (s->uid && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return err_sys(err, "keep capabilities");
	return 0;
}

static int cut_caps(const struct spec *s, struct gantry_err *err)
{
	const struct caps c = { s->caps[CAP_EFFECTIVE], s->caps[CAP_PERMITTED],
				s->caps[CAP_INHERITABLE] };
	struct caps have;
	int r = caps_set(&c);

	if (r == -EPERM && caps_get(&have) == 0)
		for (int i = 0; i < 64; i++)
			if ((c.permitted | c.effective) & ~have.permitted & 1ull << i)
				return err_set(err, EPERM, "%s: the caller does not have it",
					       spec_cap_name(i) ? spec_cap_name(i)
								: "a capability");
	if (r < 0)
		return err_num(err, r, "set the capabilities");
	r = caps_ambient(s->caps[CAP_AMBIENT]);
	/*
	 * EPERM: not permitted and inheritable. The specification wants both; runc leaves such ones
	 * out.
	 */
	if (r == -EPERM)
		r = caps_ambient(s->caps[CAP_AMBIENT] & c.permitted & c.inheritable);
	return r < 0 ? err_num(err, r, "set the ambient capabilities") : 0;
}

/* Never through a magic link of /proc: our own descriptors lead out of the container. */
static int enter_cwd(const struct spec *s)
{
	clean_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	clean_fd int cwd = root < 0 ? -errno : inroot_open(root, s->cwd, O_PATH | O_DIRECTORY);

	if (cwd < 0)
		return cwd;
	return fchdir(cwd) < 0 ? -errno : 0;
}

int process_become(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	bool again;
	int r;

	/* With a terminal the session was made for it already. */
	if (!s->terminal && setsid() < 0 && errno != EPERM)
		return err_sys(err, "make a session");
	umask(s->umask >= 0 ? (mode_t)s->umask : 022);
	/* As root first: the user may not be allowed to pass through what leads there. */
	r = enter_cwd(s);
	again = r < 0;
	if (again && r != -EACCES)
		return inroot_words(err, r, "working directory", s->cwd);
	r = caps_bound(s->caps[CAP_BOUNDING]);
	if (r < 0)
		return err_num(err, r, "drop capabilities from the bounding set");
	r = set_ids(s, err);
	if (r == 0)
		r = cut_caps(s, err);
	/* Or the other way round: root without CAP_DAC_OVERRIDE over a directory of the user's. */
	if (r < 0 || !again)
		return r;
	r = enter_cwd(s);
	return r < 0 ? inroot_words(err, r, "working directory", s->cwd) : 0;
}

int process_settle(const struct job *j, struct gantry_err *err)
{
	const struct spec *s = &j->spec;
	char cwd[PATH_MAX];

	if (sys_getcwd(cwd, sizeof(cwd)) < 0)
		return err_sys(err, "working directory `%s`", s->cwd);
	/* "(unreachable)/...": a descriptor of the host's led out of the root (runc 2024-21626) */
	if (cwd[0] != '/')
		return err_set(err, EPERM, "working directory `%s` is outside of the container",
			       s->cwd);
	if (s->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, "set no_new_privs");
	return 0;
}
