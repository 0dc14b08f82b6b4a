/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes config.json. What docker and `runc spec` give by default is data here;
 * what was asked for comes checked from blueprint.c.
 *
 * The version written is 1.0.2: nothing here needs more, and crun 1.8 refuses
 * what does not begin with 1.0. docker's seccomp profile is not written, since
 * gantry-oci would refuse it until seccomp is built.
 */
#include "oci/build.h"

#include <string.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/blueprint.h"

#define VERSION "1.0.2"
#define CGROUP2_MAGIC 0x63677270

/* A mount every container gets. */
struct fixed_mount {
	const char *destination, *type, *source;
	const char *options[7];
};

/* In both: a terminal's devices, shared memory and message queues. */
#define MOUNT_DEV \
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } }
#define MOUNT_PTS                                                                          \
	{ "/dev/pts", "devpts", "devpts",                                                  \
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } }
#define MOUNT_SHM \
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } }
#define MOUNT_MQUEUE { "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } }
#define MOUNT_SYS { "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } }

static const struct fixed_mount spec_mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	MOUNT_DEV,
	MOUNT_PTS,
	MOUNT_SHM,
	MOUNT_MQUEUE,
	MOUNT_SYS,
	{ "/sys/fs/cgroup", "cgroup", "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static const struct fixed_mount run_mounts[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	MOUNT_DEV,
	MOUNT_PTS,
	MOUNT_SYS,
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "ro" } },
	MOUNT_MQUEUE,
	MOUNT_SHM,
};

static const char *const spec_masked[] = {
	"/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",       NULL,
};

static const char *const run_masked[] = {
	"/proc/acpi",        "/proc/asound",
	"/proc/interrupts",  "/proc/kcore",
	"/proc/keys",        "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi",
	"/proc/timer_list",  "/proc/timer_stats",
	"/sys/firmware",     "/sys/devices/virtual/powercap",
	NULL,
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* -1: any number. */
static const struct rule {
	bool allow;
	char type;
	int major, minor;
	const char *access;
} run_rules[] = {
	{ false, 'a', -1, -1, "rwm" },
	{ true, 'c', -1, -1, "m" }, /* nodes may be made: using them is another matter */
	{ true, 'b', -1, -1, "m" },
	{ true, 'c', 1, 3, "rwm" },    /* null */
	{ true, 'c', 1, 5, "rwm" },    /* zero */
	{ true, 'c', 1, 7, "rwm" },    /* full */
	{ true, 'c', 1, 8, "rwm" },    /* random */
	{ true, 'c', 1, 9, "rwm" },    /* urandom */
	{ true, 'c', 5, 0, "rwm" },    /* tty */
	{ true, 'c', 5, 1, "rwm" },    /* console */
	{ true, 'c', 5, 2, "rwm" },    /* ptmx */
	{ true, 'c', 136, -1, "rwm" }, /* pts */
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void put_mounts(struct json_out *o, const struct fixed_mount *m, size_t n,
		       const struct blueprint *over)
{
	for (; n; n--, m++) {
		bool hidden = false;

		for (size_t i = 0; over && i < over->volumes_n; i++)
			hidden |= str_eq(over->volumes[i].destination, m->destination);
		if (hidden)
			continue;
		json_obj(o, NULL);
		json_str(o, "destination", m->destination);
		json_str(o, "type", m->type);
		json_str(o, "source", m->source);
		if (m->options[0])
			json_strv(o, "options", m->options);
		json_end_obj(o);
	}
}

static void put_volumes(struct json_out *o, const struct blueprint *p)
{
	for (size_t i = 0; i < p->volumes_n; i++) {
		const struct blueprint_volume *v = &p->volumes[i];

		json_obj(o, NULL);
		json_str(o, "destination", v->destination);
		json_str(o, "type", "bind");
		json_str(o, "source", v->source);
		json_arr(o, "options");
		json_str(o, NULL, "rbind");
		json_str(o, NULL, "rprivate");
		if (v->read_only)
			json_str(o, NULL, "ro");
		json_end_arr(o);
		json_end_obj(o);
	}
}

static void put_rules(struct json_out *o, const struct rule *rule, size_t n)
{
	json_arr(o, "devices");
	for (; n; n--, rule++) {
		json_obj(o, NULL);
		json_bool(o, "allow", rule->allow);
		if (rule->type != 'a')
			json_strn(o, "type", &rule->type, 1);
		if (rule->major >= 0)
			json_int(o, "major", rule->major);
		if (rule->minor >= 0)
			json_int(o, "minor", rule->minor);
		json_str(o, "access", rule->access);
		json_end_obj(o);
	}
	json_end_arr(o);
}

static void put_namespaces(struct json_out *o, bool cgroup)
{
	static const enum spec_ns order[] = { NS_PID, NS_NETWORK, NS_IPC,
					      NS_UTS, NS_MOUNT,   NS_CGROUP };

	json_arr(o, "namespaces");
	for (size_t i = 0; i < N(order) - !cgroup; i++) {
		json_obj(o, NULL);
		json_str(o, "type", spec_namespace_names[order[i]]);
		json_end_obj(o);
	}
	json_end_arr(o);
}

static void put_cap_set(struct json_out *o, const char *set, __u64 caps)
{
	json_arr(o, set);
	for (int i = 0; spec_cap_name(i); i++)
		if (caps & 1ull << i)
			json_str(o, NULL, spec_cap_name(i));
	json_end_arr(o);
}

static void put_rlimits(struct json_out *o, const struct spec_rlimit *l, size_t n)
{
	json_arr(o, "rlimits");
	for (; n; n--, l++) {
		json_obj(o, NULL);
		json_str(o, "type", spec_rlimit_name(l->resource));
		json_uint(o, "hard", l->limit.rlim_max);
		json_uint(o, "soft", l->limit.rlim_cur);
		json_end_obj(o);
	}
	json_end_arr(o);
}

static void put_paths(struct json_out *o, const char *const *masked)
{
	json_strv(o, "maskedPaths", masked);
	json_strv(o, "readonlyPaths", read_only);
}

static int take(struct json_out *o, char **ret, size_t *ret_len, struct gantry_err *err)
{
	int r = json_out_take(o, ret, ret_len);

	return r < 0 ? err_set(err, -r, "out of memory writing config.json") : 0;
}

static void put_default_process(struct json_out *o)
{
	static const char *const args[] = { "sh", NULL };
	const char *const env[] = {
		blueprint_path, "TERM=xterm", NULL,
	};
	static const char *const sets[] = { "bounding", "effective", "permitted", "ambient" };
	static const char *const caps[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE",
					    NULL };
	static const struct spec_rlimit limit = { RLIMIT_NOFILE, { 1024, 1024 } };

	json_obj(o, "process");
	json_bool(o, "terminal", true);
	json_obj(o, "user");
	json_int(o, "uid", 0);
	json_int(o, "gid", 0);
	json_end_obj(o);
	json_strv(o, "args", args);
	json_strv(o, "env", env);
	json_str(o, "cwd", "/");
	json_obj(o, "capabilities");
	for (size_t i = 0; i < N(sets); i++)
		json_strv(o, sets[i], caps);
	json_end_obj(o);
	put_rlimits(o, &limit, 1);
	json_bool(o, "noNewPrivileges", true);
	json_end_obj(o);
}

/* runc gives a cgroup namespace only where there is nothing but cgroup2. */
static bool only_cgroup2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

int build_default_spec(char **ret, size_t *ret_len, struct gantry_err *err)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;

	o.pretty = true;
	json_obj(&o, NULL);
	json_str(&o, "ociVersion", VERSION);
	put_default_process(&o);
	json_obj(&o, "root");
	json_str(&o, "path", "rootfs");
	json_bool(&o, "readonly", true);
	json_end_obj(&o);
	json_str(&o, "hostname", "gantry");
	json_arr(&o, "mounts");
	put_mounts(&o, spec_mounts, N(spec_mounts), NULL);
	json_end_arr(&o);
	json_obj(&o, "linux");
	json_obj(&o, "resources");
	put_rules(&o, run_rules, 1);
	json_end_obj(&o);
	put_namespaces(&o, only_cgroup2());
	put_paths(&o, spec_masked);
	json_end_obj(&o);
	json_end_obj(&o);
	return take(&o, ret, ret_len, err);
}

static void put_process(struct json_out *o, const struct blueprint *p)
{
	static const char *const shell[] = { "sh", NULL };

	json_obj(o, "process");
	json_obj(o, "user");
	json_uint(o, "uid", p->uid);
	json_uint(o, "gid", p->gid);
	json_end_obj(o);
	json_strv(o, "args", p->what->args ? p->what->args : shell);
	json_strv(o, "env", (const char *const *)p->env.v);
	json_str(o, "cwd", p->workdir);
	json_obj(o, "capabilities");
	put_cap_set(o, "bounding", p->caps);
	/* a user other than root would lose these with execve, so it does not get them */
	if (p->uid == 0) {
		put_cap_set(o, "effective", p->caps);
		put_cap_set(o, "permitted", p->caps);
	}
	json_end_obj(o);
	if (p->rlimits_n)
		put_rlimits(o, p->rlimits, p->rlimits_n);
	json_end_obj(o);
}

/*
 * Of memory and swap together nothing is said, although docker would allow
 * twice the memory: where swap is not accounted there is no file to write that to.
 */
static void put_resources(struct json_out *o, const struct gantry_create *w)
{
	json_obj(o, "resources");
	put_rules(o, run_rules, N(run_rules));
	if (w->mem_bytes) {
		json_obj(o, "memory");
		json_uint(o, "limit", w->mem_bytes);
		json_end_obj(o);
	}
	if (w->cpu_milli) {
		json_obj(o, "cpu");
		json_uint(o, "quota", w->cpu_milli * 100);
		json_uint(o, "period", 100000);
		json_end_obj(o);
	}
	if (w->pids_limit > 0) {
		json_obj(o, "pids");
		json_int(o, "limit", w->pids_limit);
		json_end_obj(o);
	}
	json_end_obj(o);
}

int build_spec(const struct gantry_create *what, const char *id, char **ret, size_t *ret_len,
	       struct gantry_err *err)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	clean_blueprint struct blueprint p = { 0 };
	int r = blueprint_make(&p, what, id, err);

	if (r < 0)
		return r;
	json_obj(&o, NULL);
	json_str(&o, "ociVersion", VERSION);
	put_process(&o, &p);
	json_obj(&o, "root");
	json_str(&o, "path", what->rootfs);
	json_bool(&o, "readonly", what->flags & GANTRY_CREATE_READ_ONLY);
	json_end_obj(&o);
	json_str(&o, "hostname", p.hostname);
	json_arr(&o, "mounts");
	put_mounts(&o, run_mounts, N(run_mounts), &p);
	put_volumes(&o, &p);
	json_end_arr(&o);
	json_obj(&o, "linux");
	put_resources(&o, what);
	put_namespaces(&o, true);
	put_paths(&o, run_masked);
	json_end_obj(&o);
	json_end_obj(&o);
	return take(&o, ret, ret_len, err);
}
