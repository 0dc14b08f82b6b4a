/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as the runtime wants it: parsed once, every value checked, every
 * property either understood or refused by name. The strings are those of the
 * parsed text; nothing is copied. Field names are the specification's
 * (runtime-spec 1.2, config.md and config-linux.md).
 *
 * What is not built yet is refused: -ENOTSUP "config.json:LINE:COL: linux.seccomp is not
 * supported yet". What the specification does not know is refused too (-EINVAL).
 */
#pragma once
#include "base/json.h"
#include <linux/types.h>
#include <sys/resource.h>

/* Bytes of config.json, and how many of each thing it may list. */
enum { SPEC_MAX_BYTES = 8 << 20, SPEC_MAX_LIST = 4096 };

enum spec_ns { NS_MOUNT, NS_PID, NS_NETWORK, NS_IPC, NS_UTS, NS_CGROUP, NS_COUNT };

enum spec_cap_set {
	CAP_BOUNDING,
	CAP_EFFECTIVE,
	CAP_INHERITABLE,
	CAP_PERMITTED,
	CAP_AMBIENT,
	CAP_SETS
};

struct spec_rlimit {
	int resource;         /* RLIMIT_* */
	struct rlimit limit;
};

struct spec_mount {
	const char *destination; /* absolute, cleaned of "." and double slashes; ".." is refused */
	const char *type;        /* "" for a bind */
	const char *source;      /* "" when none was given */
	bool bind, recursive;    /* bind, rbind */
	__u64 attr_set, attr_clear; /* MOUNT_ATTR_* of mount_setattr(2) */
	__u64 propagation;       /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: none asked */
	bool propagation_recursive;
	const char *const *data; /* for the filesystem ("mode=755", "sync"), NULL-terminated */
};

struct spec_device { /* linux.devices: a node to make */
	const char *path;
	char type;               /* c b u p (u is c) */
	__u32 major, minor, mode, uid, gid;
};

struct spec_device_rule { /* linux.resources.devices */
	bool allow;
	char type;               /* a c b */
	__s64 major, minor;      /* -1: any */
	bool read, write, mknod;
};

struct spec_resources {
	const struct spec_device_rule *devices;
	size_t devices_n;
	/* 0 is "not given" for these but where a has_ flag stands beside */
	__s64 mem_limit, mem_reservation, mem_swap; /* bytes; -1: unlimited */
	__u64 cpu_shares, cpu_period;
	__s64 cpu_quota;         /* microseconds; -1: unlimited */
	const char *cpus, *mems; /* cpuset lists, NULL when not given */
	__s64 pids_limit;        /* -1: unlimited (0 and less in the file) */
	bool has_pids;
};

struct spec {
	struct json_doc doc;
	char *text;
	void *lists; /* private: one block for every array below */

	const char *oci_version;
	const char *root_path;   /* as written: may be relative to the bundle */
	bool root_readonly;
	const char *hostname;    /* NULL when not given */
	const char *domainname;

	bool terminal;
	unsigned console_height, console_width;
	const char *cwd;         /* absolute */
	const char *const *args; /* at least one */
	const char *const *env;  /* NULL-terminated, maybe empty */
	__u32 uid, gid;
	__s64 umask;             /* -1 when not given */
	const __u32 *groups;
	size_t groups_n;
	bool has_caps;           /* capabilities given; without it the process gets none */
	__u64 caps[CAP_SETS];    /* bit N: capability N */
	const struct spec_rlimit *rlimits;
	size_t rlimits_n;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;

	const struct spec_mount *mounts;
	size_t mounts_n;

	unsigned ns_new;              /* bit spec_ns: make it */
	const char *ns_path[NS_COUNT]; /* join it instead; NULL: no */
	const char *cgroups_path;     /* NULL when not given */
	const struct spec_device *devices;
	size_t devices_n;
	struct spec_resources resources;
	const char *const *masked_paths;   /* NULL-terminated */
	const char *const *readonly_paths;
	__u64 rootfs_propagation;     /* MS_PRIVATE, ..., with MS_REC for rprivate; 0: not given */
	const struct json *annotations; /* object of strings, or NULL */
};

/*
 * Reads `name` ("config.json") under dirfd. On success *ret is filled and
 * released with spec_done(). Returns 0; -ENOENT; -EBADMSG not JSON; -EINVAL a
 * value the specification does not allow; -ENOTSUP a setting that is not built
 * yet; -E2BIG; -ENOMEM; always with words.
 */
int spec_read(int dirfd, const char *name, struct spec *ret, struct gantry_err *err);
/*
 * The same from text[0..len) (room for one byte more), which the spec frees on
 * success and on failure. `name` is not copied.
 */
int spec_parse(const char *name, char *text, size_t len, struct spec *ret, struct gantry_err *err);
void spec_done(struct spec *s);
#define clean_spec __attribute__((cleanup(spec_done)))

/* "CAP_NET_ADMIN" or "NET_ADMIN" in any case: its number, or -EINVAL. */
int spec_cap_parse(const char *name);
const char *spec_cap_name(int cap); /* "CAP_CHOWN"; NULL beyond the last we know */
int spec_rlimit_parse(const char *name); /* "RLIMIT_NOFILE" or "nofile"; -EINVAL */
const char *spec_rlimit_name(int resource);

/* What `features` prints comes from the same tables that parse. NULL-terminated. */
extern const char *const spec_namespace_names[]; /* indexed by spec_ns */
const char *const *spec_mount_options(void);     /* every option word that is understood, sorted */
