/* SPDX-License-Identifier: Apache-2.0 */
/* Containers come to life as their config.json says, and a create that fails has never been. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "kernel/abi.h"

#define says(what) ck_assert_msg(strstr(box_out(), what), "`%s` is not in:\n%s", what, box_out())
#define words(what)                                                                                \
	ck_assert_msg(strstr(box_err.msg, what), "`%s` is not in: %s", what, box_err.msg)

/* Everything of `id` is gone: its state, its cgroups. */
static void nothing_left(void)
{
	struct stat st;
	char part[64];

	ck_assert_int_eq(box_states(), 0);
	if (stat(box_root, &st) == 0) {
		snprintf(part, sizeof(part), "@%llx.%llx", (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino);
		ck_assert_int_eq(box_cgroups(part), 0);
	}
}

START_TEST(the_exit_code_comes_back_on_every_kind_of_host)
{
	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "exit 7" }), 7);
	ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]" }), 0);
	nothing_left();
}
END_TEST

START_TEST(nothing_is_left_after_many)
{
	int mounts, fds;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]" }), 0);
	mounts = box_mounts();
	fds = box_fds();
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]" }), 0);
	ck_assert_int_eq(box_mounts(), mounts);
	ck_assert_int_eq(box_fds(), fds);
	nothing_left();
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(the_container_sees_what_it_should)
{
	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_run(&(struct box_conf){
				 .script = "hostname; grep -E 'Cap|NoNew' /proc/self/status; ls "
					   "/dev; echo pid $$; "
					   "echo fds $(ls /proc/self/fd); cat "
					   "/proc/self/mountinfo; echo home $HOME; umask; "
					   "readlink /dev/stdout; touch /x || echo ro; cat "
					   "/proc/self/cgroup; ls /sys/class/net",
				 .process = "\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/"
					    "\",\"noNewPrivileges\":true" }),
			 0);
	says("box\n");
	says("CapEff:\t0000000000200020");
	says("CapBnd:\t0000000000200020");
	says("CapInh:\t0000000000000000");
	says("NoNewPrivs:\t1");
	says("fd\nfull\nnull\nptmx\npts\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
	says("pid 1\n");
	says("fds 0 1 2 3\n"); /* 3 is ls reading the directory */
	says("/rootfs / ro,");
	says("- devpts devpts rw,gid=5,mode=620,ptmxmode=666");
	says("/sys/fs/cgroup");
	says("home /\n");
	says("0022");
	says("ro\n");
	says("lo\n");
	ck_assert_ptr_null(strstr(box_out(), "/old"));
}
END_TEST

START_TEST(identity_limits_and_directory_are_those_of_the_spec)
{
	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(
		box_run(&(struct box_conf){
			.script = "id; umask; pwd; grep -E 'Cap(Eff|Prm|Amb|Inh)' "
				  "/proc/self/status; grep -E 'open files' /proc/self/limits; "
				  "cat /proc/self/oom_score_adj",
			.writable = true,
			.process = "\"user\":{\"uid\":1000,\"gid\":1001,\"additionalGids\":[5,6],"
				   "\"umask\":63},\"cwd\":\"/made/here\","
				   "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":"
				   "200}],\"oomScoreAdj\":500,"
				   "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":["
				   "\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
				   "\"inheritable\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]}" }),
		0);
	says("uid=1000 gid=1001 groups=5,6\n");
	says("0077\n");
	says("/made/here\n");
	says("CapAmb:\t0000000000000020");
	says("CapEff:\t0000000000000020");
	says("100                  200");
	says("\n500\n");
}
END_TEST

START_TEST(without_capabilities_there_are_none)
{
	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(
		box_run(&(struct box_conf){ .script = "grep Cap /proc/self/status",
					    .process = "\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/"
						       "\",\"capabilities\":{}" }),
		0);
	says("CapPrm:\t0000000000000000");
	says("CapEff:\t0000000000000000");
	says("CapBnd:\t0000000000000000");
}
END_TEST

static const struct { const char *args; int r, exit; const char *words;
} faults[] = {
	{ "[\"nope\"]", -ENOENT, 127,
	  "executable file `nope` not found in $PATH: no such file or directory" },
	{ "[\"/bin/nope\"]", -ENOENT, 127,
	  "executable file `/bin/nope` not found: no such file or directory" },
	{ "[\"/etc\"]", -EACCES, 126, "executable file `/etc`: permission denied" },
	{ "[\"/etc/plain\"]", -EACCES, 126, "executable file `/etc/plain`: permission denied" },
	{ "[\"/bin/interp\"]", -ENOENT, 127, "the interpreter that it names" },
	{ "[\"/bin/junk\"]", -ENOEXEC, 126, "executable file `/bin/junk`" },
};

START_TEST(a_command_that_cannot_run_says_so_and_why)
{
	if (!box_open(VIEW_HOST))
		return;
	box_file("bundle/rootfs/etc/plain", "x", 0644);
	box_file("bundle/rootfs/bin/interp", "#!/no/such\n", 0755);
	box_file("bundle/rootfs/bin/junk", "\1\2\3", 0755);
	ck_assert_int_eq(box_run(&(struct box_conf){ .args = faults[_i].args }), faults[_i].r);
	ck_assert_int_eq(box_err.exit, faults[_i].exit);
	words(faults[_i].words);
	nothing_left();
}
END_TEST

#define CGROUP_LIMIT                                                                               \
	"\"resources\":{\"memory\":{\"limit\":67108864,\"swap\":67108864},\"pids\":{\"limit\":20}" \
	","                                                                                        \
	"\"cpu\":{\"quota\":50000,\"period\":100000,\"shares\":512,\"cpus\":\"0\"}}"

static const struct { struct box_conf c; const char *words;
} failures[] = {
	{ { .args = "[\"true\"]", .root = "/no/such" }, "root filesystem /no/such: no such file" },
	{ { .args = "[\"true\"]", .root = "config.json" }, "Not a directory" },
	{ { .args = "[\"true\"]",
	    .mounts = "{\"destination\":\"/x\",\"type\":\"nosuchfs\",\"source\":\"x\"}" },
	  "nosuchfs" },
	{ { .args = "[\"true\"]",
	    .mounts = "{\"destination\":\"/"
		      "tmp\",\"type\":\"tmpfs\",\"source\":\"x\",\"options\":[\"size=lots\"]}" },
	  "size" },
	{ { .args = "[\"true\"]",
	    .mounts = "{\"destination\":\"/tmp\",\"source\":\"/no/such\",\"options\":[\"bind\"]}" },
	  "/no/such" },
	{ { .args = "[\"true\"]", .namespaces = "{\"type\":\"pid\"}" }, "mount namespace" },
	{ { .args = "[\"true\"]", .namespaces = "{\"type\":\"mount\"},{\"type\":\"pid\"}" },
	  "uts namespace" },
	{ { .args = "[\"true\"]",
	    .namespaces = "{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"network\",\"path\":"
			  "\"/no/ns\"}" },
	  "/no/ns" },
	{ { .args = "[\"true\"]",
	    .namespaces = "{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"network\",\"path\":"
			  "\"/etc/passwd\"}" },
	  "join the network namespace" },
	{ { .args = "[\"true\"]", .linux_ = "\"resources\":{\"cpu\":{\"cpus\":\"9999\"}}" },
	  "cpuset" },
	{ { .args = "[\"true\"]", .process = "\"cwd\":\"/proc/self/fd/3\"" }, "working directory" },
	{ { .args = "[\"true\"]",
	    .process = "\"cwd\":\"/"
		       "\",\"capabilities\":{\"permitted\":[\"CAP_SYS_RESOURCE\"],\"bounding\":["
		       "\"CAP_SYS_RESOURCE\"]}" },
	  "CAP_SYS_RESOURCE" },
};

START_TEST(a_failed_create_leaves_nothing)
{
	int mounts, fds;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	if (strstr(failures[_i / VIEWS].words, "SYS_RESOURCE") &&
	    box_sh("grep -q 'CapPrm:.*1fff' /proc/self/status") != 0)
		return; /* a machine where we do have it */
	mounts = box_mounts();
	fds = box_fds();
	ck_assert_int_lt(box_run(&failures[_i / VIEWS].c), 0);
	words(failures[_i / VIEWS].words);
	ck_assert_ptr_null(strchr(box_err.msg, '\n'));
	ck_assert_int_eq(box_mounts(), mounts);
	ck_assert_int_eq(box_fds(), fds);
	nothing_left();
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(limits_arrive_or_the_missing_controller_is_named)
{
	int r;

	if (!box_open((enum box_view)_i))
		return;
	r = box_run(
		&(struct box_conf){ .script = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes "
					      "pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares "
					      "cpuset/cpuset.cpus memory.max pids.max cpu.max "
					      "cpu.weight cpuset.cpus 2>/dev/null; true",
				    .linux_ = CGROUP_LIMIT });
	if (r < 0) { /* a v2 hierarchy without controllers, as on a hybrid host */
		ck_assert_int_eq(r, -ENODEV);
		words("cgroup controller");
		return;
	}
	says("67108864\n20\n50000");
	says("\n0\n");
}
END_TEST

START_TEST(a_dev_that_is_a_link_makes_nothing_outside)
{
	char path[256];
	struct stat st;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("rmdir %s/dev && ln -s ../out %s/dev && mkdir %s/bundle/out",
				box_rootfs, box_rootfs, box_dir),
			 0);
	/* the control: whoever goes by the path does land outside */
	snprintf(path, sizeof(path), "%s/dev/control", box_rootfs);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/bundle/out/control", box_dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(rmdir(path), 0);

	ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]",
						     .only_mounts = "{\"destination\":\"/"
								    "proc\",\"type\":\"proc\","
								    "\"source\":\"proc\"}",
						     .writable = true }),
			 -ENOTDIR);
	words("/dev in the root filesystem is not a directory");
	ck_assert_int_eq(box_sh("test -z \"$(ls -A %s/bundle/out)\"", box_dir), 0);
	nothing_left();
}
END_TEST

START_TEST(mounts_and_nodes_through_links_stay_inside)
{
	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("mkdir %s/outside && ln -s ../../../../../../..%s/outside %s/up && "
				"ln -s %s/outside %s/abs && ln -s nowhere/deep %s/dangling",
				box_dir, box_dir, box_rootfs, box_dir, box_rootfs, box_rootfs),
			 0);
	ck_assert_int_eq(
		box_run(&(struct box_conf){
			.script = "touch /up/mark /abs/mark2 /dangling/mark3; cat /proc/mounts; ls "
				  "/nowhere/deep; ls /up/",
			.writable = true,
			.mounts =
				"{\"destination\":\"/up/a\",\"type\":\"tmpfs\",\"source\":\"t\"},"
				"{\"destination\":\"/abs/b\",\"type\":\"tmpfs\",\"source\":\"t\"},"
				"{\"destination\":\"/dangling/"
				"c\",\"type\":\"tmpfs\",\"source\":\"t\"}",
			.linux_ = "\"devices\":[{\"path\":\"/up/"
				  "null\",\"type\":\"c\",\"major\":1,\"minor\":3}]" }),
		0);
	says("mark3");
	says("/nowhere/deep/c tmpfs");
	ck_assert_int_eq(box_sh("test -z \"$(ls -A %s/outside)\"", box_dir), 0);
}
END_TEST

static const char *const bad_paths[] = { "/../../../x", "/..", "a/../../b", "/", "/a//b", "/./a" };

START_TEST(a_missing_working_directory_is_made_in_the_mount_it_lies_in)
{
	char mount[256];

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("mkdir %s/data", box_dir), 0);
	snprintf(mount, sizeof(mount),
		 "{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"%s/data\","
		 "\"options\":[\"bind\"]}",
		 box_dir);
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "pwd",
						     .mounts = mount,
						     .process = "\"cwd\":\"/data/sub/dir\"" }),
			 0);
	ck_assert_str_eq(box_out(), "/data/sub/dir\n");
	ck_assert_int_eq(box_sh("test -d %s/data/sub/dir && ! test -e %s/data/sub", box_dir,
				box_rootfs),
			 0);
}
END_TEST

/* Whatever the number: one of init's own, one of the streams, none. */
START_TEST(no_descriptor_is_a_working_directory)
{
	char cwd[64];

	if (!box_open(VIEW_HOST))
		return;
	snprintf(cwd, sizeof(cwd), "\"cwd\":\"/proc/self/fd/%d\"", _i);
	ck_assert_int_lt(box_run(&(struct box_conf){ .script = "pwd", .process = cwd,
						     .writable = true }), 0);
	words("working directory");
	ck_assert_int_eq(box_sh("test -z \"$(ls -A %s/proc)\"", box_rootfs), 0);
	ck_assert_int_eq(box_states(), 0);
}
END_TEST

/* Where and how; /tolink is a link to /proc in the image. */
static const struct { const char *destination, *how; } proc_places[] = {
	{ "/proc", "\"type\":\"tmpfs\",\"source\":\"tmpfs\"" },
	{ "/proc/self", "\"type\":\"tmpfs\",\"source\":\"tmpfs\"" },
	{ "/proc/sys/new", "\"type\":\"tmpfs\",\"source\":\"tmpfs\"" },
	{ "/proc/self/attr", "\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"bind\"]" },
	{ "/proc", "\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"bind\"]" },
	{ "/proc", "\"type\":\"bind\",\"source\":\"/proc/sys\",\"options\":[\"bind\"]" },
	{ "/proc/uptime", "\"type\":\"tmpfs\",\"source\":\"tmpfs\"" },
	{ "/tolink", "\"type\":\"tmpfs\",\"source\":\"tmpfs\"" },
	{ "/tolink/sys", "\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"bind\"]" },
};
enum { PROC_PLACES = sizeof(proc_places) / sizeof(*proc_places) };

START_TEST(nothing_is_mounted_over_proc)
{
	char mount[256];

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("ln -s /proc %s/tolink", box_rootfs), 0);
	snprintf(mount, sizeof(mount), "{\"destination\":\"%s\",%s}",
		 proc_places[_i].destination, proc_places[_i].how);
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "true", .mounts = mount }), -EPERM);
	words("proc");
	ck_assert_int_eq(box_sh("test -z \"$(ls -A %s/proc)\"", box_rootfs), 0);
}
END_TEST

START_TEST(a_file_of_the_list_is_bound_over_proc)
{
	char mount[256];

	if (!box_open(VIEW_HOST))
		return;
	box_file("up", "12 34\n", 0644);
	snprintf(mount, sizeof(mount),
		 "{\"destination\":\"/proc/uptime\",\"type\":\"bind\",\"source\":\"%s/up\","
		 "\"options\":[\"bind\"]}",
		 box_dir);
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "cat /proc/uptime",
						     .mounts = mount }), 0);
	ck_assert_str_eq(box_out(), "12 34\n");
}
END_TEST

START_TEST(proc_is_no_link)
{
	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("rmdir %s/proc && mkdir %s/other && ln -s other %s/proc",
				box_rootfs, box_rootfs, box_rootfs), 0);
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "true" }), -ENOTDIR);
	words("/proc in the root filesystem");
}
END_TEST

START_TEST(a_cgroup_path_stays_below_the_hierarchy)
{
	char conf[128];
	int r;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	snprintf(conf, sizeof(conf), "\"cgroupsPath\":\"%s\"", bad_paths[_i / VIEWS]);
	r = box_run(&(struct box_conf){ .args = "[\"true\"]", .linux_ = conf });
	ck_assert_msg(r == -EINVAL || r == 0, "%d %s", r, box_err.msg);
	ck_assert_int_ne(access("/x", F_OK), 0);
	ck_assert_int_ne(access("/b", F_OK), 0);
	ck_assert_int_ne(access("/sys/fs/cgroup/x", F_OK), 0);
	nothing_left();
}
END_TEST

START_TEST(plain_directories_are_never_taken_for_cgroups)
{
	if (!box_open(VIEW_HOST))
		return;
	/*
	 * a directory where cgroups should be: made in by peers, with a regular file cgroup.procs
	 */
	ck_assert_int_eq(sys_mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mkdir("/sys/fs/cgroup/unified", 0755), 0);
	ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]" }), -ENOENT);
	words("no cgroup filesystem is mounted");
	ck_assert_int_eq(box_sh("test -z \"$(ls -A /sys/fs/cgroup/unified)\""), 0);
	nothing_left();
}
END_TEST

START_TEST(binds_are_what_they_say)
{
	char mounts[1024];

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("mkdir -p %s/vol/sub && mount -t tmpfs t %s/vol/sub && echo inner "
				"> %s/vol/sub/f",
				box_dir, box_dir, box_dir),
			 0);
	box_file("vol/file", "text", 0644);
	snprintf(mounts, sizeof(mounts),
		 "{\"destination\":\"/plain\",\"source\":\"%s/vol\",\"options\":[\"bind\"]},"
		 "{\"destination\":\"/all\",\"source\":\"%s/vol\",\"options\":[\"rbind\",\"ro\"]},"
		 "{\"destination\":\"/etc/one\",\"source\":\"%s/vol/"
		 "file\",\"options\":[\"bind\",\"ro\",\"nosuid\",\"noexec\"]}",
		 box_dir, box_dir, box_dir);
	ck_assert_int_eq(
		box_run(&(struct box_conf){
			.script = "cat /etc/one; ls /plain/sub; cat /all/sub/f; touch /plain/made; "
				  "touch /all/x || echo allro; grep /etc/one /proc/self/mountinfo",
			.mounts = mounts,
			.writable = true }),
		0);
	says("text");
	says("inner");
	says("allro");
	says("ro,nosuid,noexec");
	ck_assert_int_eq(box_sh("test -f %s/vol/made", box_dir), 0);
	ck_assert_int_eq(box_sh("umount %s/vol/sub", box_dir), 0);
}
END_TEST

START_TEST(what_is_mounted_inside_does_not_appear_outside)
{
	char mounts[512];
	int before;

	if (!box_open(VIEW_HOST))
		return;
	/* rootfs and volume on a shared mount, as under systemd */
	ck_assert_int_eq(box_sh("mount --bind %s %s && mount --make-shared %s && mkdir %s/vol",
				box_dir, box_dir, box_dir, box_dir),
			 0);
	snprintf(mounts, sizeof(mounts),
		 "{\"destination\":\"/vol\",\"source\":\"%s/vol\",\"options\":[\"bind\"]}",
		 box_dir);
	before = box_mounts();
	box_file("go", "", 0644);
	struct runtime_init i = RUNTIME_INIT;
	ck_assert_int_eq(box_create("p",
				    &(struct box_conf){ .script = "mount -t tmpfs t /vol; mount -t "
								  "tmpfs t /tmp; mount -t tmpfs t "
								  "/; echo x > /etc/on; sleep 100",
							.writable = true,
							.mounts = mounts },
				    &i),
			 0);
	ck_assert_int_eq(runtime_start(box_root, "p", &box_err), 0);
	box_await("bundle/rootfs/etc/on");
	ck_assert_int_eq(box_mounts(), before);
	ck_assert_int_eq(runtime_delete(box_root, "p", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(box_mounts(), before);
	ck_assert_int_eq(box_sh("umount -l %s", box_dir), 0);
}
END_TEST

START_TEST(a_slave_volume_follows_the_host)
{
	char mounts[512];

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("mkdir -p %s/vol && mount -t tmpfs v %s/vol && mount --make-shared "
				"%s/vol && mkdir %s/vol/late",
				box_dir, box_dir, box_dir, box_dir),
			 0);
	snprintf(mounts, sizeof(mounts),
		 "{\"destination\":\"/vol\",\"source\":\"%s/"
		 "vol\",\"options\":[\"rbind\",\"rslave\"]}",
		 box_dir);
	struct runtime_init i = RUNTIME_INIT;
	ck_assert_int_eq(box_create("s",
				    &(struct box_conf){ .script = "while ! test -e /vol/late/f; do "
								  "sleep 0.01; done; mount -t "
								  "tmpfs t /vol/late; exit 3",
							.writable = true,
							.mounts = mounts },
				    &i),
			 0);
	ck_assert_int_eq(runtime_start(box_root, "s", &box_err), 0);
	ck_assert_int_eq(
		box_sh("mount -t tmpfs l %s/vol/late && touch %s/vol/late/f", box_dir, box_dir), 0);
	ck_assert_int_eq(box_reap(&i), 3);
	ck_assert_int_eq(runtime_delete(box_root, "s", false, &box_err), 0);
	ck_assert_int_eq(box_sh("umount %s/vol/late && umount %s/vol", box_dir, box_dir), 0);
}
END_TEST

START_TEST(masked_paths_read_empty_and_read_only_ones_stay_so)
{
	if (!box_open((enum box_view)_i))
		return;
	box_file("bundle/rootfs/etc/secret", "secret", 0644);
	ck_assert_int_eq(
		box_run(&(struct box_conf){
			.script = "cat /etc/secret; echo x > /etc/secret; ls /etc/hidden | head "
				  "-1; touch /etc/hidden/x || echo hiddenro; touch /etc/ro/x || "
				  "echo roro; "
				  "echo 1 > /proc/sys/kernel/domainname || echo sysro",
			.writable = true,
			.mounts = "{\"destination\":\"/etc/"
				  "hidden\",\"type\":\"tmpfs\",\"source\":\"t\"},{\"destination\":"
				  "\"/etc/ro\",\"type\":\"tmpfs\",\"source\":\"t\"}",
			.linux_ = "\"maskedPaths\":[\"/etc/secret\",\"/etc/hidden\",\"/no/"
				  "such\",\"/sys/firmware\"],\"readonlyPaths\":[\"/etc/ro\",\"/"
				  "proc/sys\",\"/none\"]" }),
		0);
	ck_assert_ptr_null(strstr(box_out(), "secret"));
	says("hiddenro");
	says("roro");
	says("sysro");
	ck_assert_int_eq(box_sh("grep -q secret %s/etc/secret", box_rootfs), 0);
}
END_TEST

START_TEST(a_mask_is_the_hosts_null_device_whatever_the_image_ships)
{
	if (!box_open(VIEW_HOST))
		return;
	box_file("bundle/rootfs/etc/secret", "secret", 0644);
	box_file("bundle/rootfs/etc/marker", "marker", 0644);
	ck_assert_int_eq(box_sh("ln -s ../etc/marker %s/dev/null", box_rootfs), 0);
	ck_assert_int_lt(box_run(&(struct box_conf){
				 .script = "cat /etc/secret; stat -c %t:%T /etc/secret",
				 .only_mounts = "{\"destination\":\"/"
						"proc\",\"type\":\"proc\",\"source\":\"proc\"}",
				 .writable = true,
				 .linux_ = "\"maskedPaths\":[\"/etc/secret\"]" }),
			 0);
	words("`/dev/null` exists in the root filesystem and is not that device");
	/* the same with a /dev of its own */
	ck_assert_int_eq(
		box_run(&(struct box_conf){ .script = "cat /etc/secret; stat -c %t:%T /etc/secret",
					    .linux_ = "\"maskedPaths\":[\"/etc/secret\"]" }),
		0);
	ck_assert_str_eq(box_out(), "1:3\n");
}
END_TEST

START_TEST(home_comes_from_a_passwd_that_is_one)
{
	static const struct box_conf c = { .script = "echo $HOME",
					   .process =
						   "\"user\":{\"uid\":7,\"gid\":7},\"cwd\":\"/\"" };

	if (!box_open(VIEW_HOST))
		return;
	box_file("bundle/rootfs/etc/passwd",
		 "root:x:0:0::/root:/bin/sh\nbad:x:7\nu:x:7:7:gecos:/home/seven:/bin/sh\nv:x:7:7::/"
		 "not:/bin/sh",
		 0644);
	ck_assert_int_eq(box_run(&c), 0);
	ck_assert_str_eq(box_out(), "/home/seven\n");
	/* a line without end before it, the last line without a newline */
	ck_assert_int_eq(box_sh("head -c 100000 /dev/zero | tr '\\0' x > %s/etc/passwd; printf "
				"'\\nu:x:7:7::/long:' >> %s/etc/passwd",
				box_rootfs, box_rootfs),
			 0);
	ck_assert_int_eq(box_run(&c), 0);
	ck_assert_str_eq(box_out(), "/long\n");
	ck_assert_int_eq(box_sh("rm %s/etc/passwd; mkfifo %s/etc/passwd", box_rootfs, box_rootfs),
			 0);
	ck_assert_int_eq(box_run(&c), 0);
	ck_assert_str_eq(box_out(), "/\n");
	ck_assert_int_eq(
		box_sh("rm %s/etc/passwd; ln -s /dev/zero %s/etc/passwd", box_rootfs, box_rootfs),
		0);
	ck_assert_int_eq(box_run(&c), 0);
	ck_assert_str_eq(box_out(), "/\n");
	ck_assert_int_eq(
		box_sh("rm %s/etc/passwd; truncate -s 1G %s/etc/passwd", box_rootfs, box_rootfs),
		0);
	ck_assert_int_eq(box_run(&c), 0);
	ck_assert_str_eq(box_out(), "/\n");
}
END_TEST

START_TEST(namespaces_are_joined_by_path)
{
	char ns[512];
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(
		box_create("holder", &(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i), 0);
	ck_assert_int_eq(runtime_start(box_root, "holder", &box_err), 0);
	snprintf(ns, sizeof(ns),
		 "{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"/proc/%d/ns/"
		 "net\"},{\"type\":\"ipc\",\"path\":\"/proc/%d/ns/ipc\"},"
		 "{\"type\":\"uts\",\"path\":\"/proc/%d/ns/uts\"},{\"type\":\"pid\",\"path\":\"/"
		 "proc/%d/ns/pid\"}",
		 (int)i.pid, (int)i.pid, (int)i.pid, (int)i.pid);
	ck_assert_int_eq(
		box_run(&(struct box_conf){
			.script = "for n in net ipc uts pid; do readlink /proc/self/ns/$n; "
				  "readlink /proc/1/ns/$n; done; test $$ != 1",
			.namespaces = ns,
			.process = "\"cwd\":\"/"
				   "\",\"capabilities\":{\"bounding\":[\"CAP_SYS_PTRACE\"],"
				   "\"effective\":[\"CAP_SYS_PTRACE\"],\"permitted\":[\"CAP_SYS_"
				   "PTRACE\"]}" }),
		0);
	char a[4][2][64];
	ck_assert_int_eq(sscanf(box_out(), "%63s %63s %63s %63s %63s %63s %63s %63s", a[0][0],
				a[0][1], a[1][0], a[1][1], a[2][0], a[2][1], a[3][0], a[3][1]),
			 8);
	for (int k = 0; k < 4; k++)
		ck_assert_str_eq(a[k][0], a[k][1]);
	/* and our own children are as before */
	ck_assert_int_eq(
		box_sh("test \"$(readlink /proc/self/ns/pid)\" = \"$(readlink /proc/%d/ns/pid)\"",
		       (int)getpid()),
		0);
	ck_assert_int_eq(runtime_delete(box_root, "holder", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
}
END_TEST

START_TEST(a_cgroup_namespace_begins_at_the_container)
{
	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_run(&(struct box_conf){ .script = "cat /proc/self/cgroup",
						     .namespaces = "{\"type\":\"pid\"},{\"type\":"
								   "\"uts\"},{\"type\":\"mount\"},{"
								   "\"type\":\"cgroup\"}" }),
			 0);
	ck_assert_ptr_null(strstr(box_out(), "gantry"));
	ck_assert_ptr_nonnull(strstr(box_out(), ":/\n"));
}
END_TEST

START_TEST(a_terminal_is_the_containers_own)
{
	struct runtime_init i = RUNTIME_INIT;
	char out[512] = "";
	ssize_t n, have = 0;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_create("tty",
				    &(struct box_conf){ .script = "tty; test -t 0 && test -t 1 && "
								  "test -c /dev/console && echo "
								  "yes > /dev/console; exit 4",
							.terminal = true },
				    &i),
			 0);
	ck_assert_int_ge(i.terminal, 0);
	ck_assert_int_eq(runtime_start(box_root, "tty", &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 4);
	while ((n = read(i.terminal, out + have, sizeof(out) - 1 - (size_t)have)) > 0)
		have += n;
	ck_assert_msg(strstr(out, "/dev/pts/0\r\nyes"), "%s", out);
	close(i.terminal);
	ck_assert_int_eq(runtime_delete(box_root, "tty", false, &box_err), 0);
}
END_TEST

START_TEST(a_detached_terminal_needs_what_is_not_there_yet)
{
	struct runtime_init i = RUNTIME_INIT;
	struct runtime_create o = { .root = box_root, .id = "d", .detached = 1 };
	char b[128];

	if (!box_open(VIEW_HOST))
		return;
	box_write(&(struct box_conf){ .args = "[\"true\"]", .terminal = true });
	snprintf(b, sizeof(b), "%s/bundle", box_dir);
	o.bundle = b;
	ck_assert_int_eq(runtime_create(&o, &i, &box_err), -ENOTSUP);
	words("console socket");
	nothing_left();
}
END_TEST

static int run_at_once(const struct box_conf *c, struct runtime_init *i)
{
	struct runtime_create o = { .root = box_root, .id = "once", .start = true };
	char b[128];

	box_write(c);
	snprintf(b, sizeof(b), "%s/bundle", box_dir);
	o.bundle = b;
	return runtime_create(&o, i, &box_err);
}

START_TEST(one_that_runs_at_once_is_never_in_between)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(run_at_once(&(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i), 0);
	ck_assert(i.started);
	ck_assert_int_eq(box_status("once"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(runtime_start(box_root, "once", &box_err), -EBUSY);
	words("is running, not created");
	ck_assert_int_eq(runtime_delete(box_root, "once", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(run_at_once(&(struct box_conf){ .script = "exit 6" }, &i), 0);
	ck_assert_int_eq(box_reap(&i), 6);
	ck_assert_int_eq(runtime_delete(box_root, "once", false, &box_err), 0);
	nothing_left();
}
END_TEST

START_TEST(what_cannot_be_executed_at_once_leaves_nothing)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	box_file("bundle/rootfs/bin/interp", "#!/no/such\n", 0755);
	ck_assert_int_eq(run_at_once(&(struct box_conf){ .args = "[\"interp\"]" }, &i), -ENOENT);
	ck_assert_int_eq(box_err.exit, 127);
	words("the interpreter that it names");
	nothing_left();
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(a_taken_id_is_refused_and_what_has_it_lives)
{
	struct runtime_init i = RUNTIME_INIT, other = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("one", &(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i),
			 0);
	ck_assert_int_eq(box_create("one", &(struct box_conf){ .args = "[\"true\"]" }, &other),
			 -EEXIST);
	words("container one already exists");
	ck_assert_int_eq(box_status("one"), GANTRY_STATE_CREATED);
	/* also with its record lost: it is populated, so it is not a leaving */
	ck_assert_int_eq(box_sh("rm %s/one/state.json", box_root), 0);
	ck_assert_int_eq(box_create("one", &(struct box_conf){ .args = "[\"true\"]" }, &other),
			 -EEXIST);
	ck_assert_int_eq(runtime_delete(box_root, "one", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	nothing_left();
}
END_TEST

START_TEST(of_many_that_create_one_id_one_wins)
{
	pid_t pids[6];
	int won = 0;

	if (!box_open(VIEW_HOST))
		return;
	box_write(&(struct box_conf){ .args = "[\"sleep\",\"100\"]" });
	for (int round = 0; round < 60; round++) {
		won = 0;
		for (int k = 0; k < 6; k++) {
			pids[k] = fork();
			if (pids[k] == 0) {
				struct runtime_init i = RUNTIME_INIT;
				int r = box_create("same", NULL, &i);

				if (r < 0 && r != -EEXIST)
					fprintf(stderr, "%s\n", box_err.msg);
				_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
			}
		}
		for (int k = 0; k < 6; k++) {
			int st;

			ck_assert_int_eq(waitpid(pids[k], &st, 0), pids[k]);
			ck_assert_int_ne(WEXITSTATUS(st), 2);
			won += WEXITSTATUS(st) == 0;
		}
		ck_assert_int_eq(won, 1);
		ck_assert_int_eq(box_status("same"), GANTRY_STATE_CREATED);
		ck_assert_int_eq(runtime_delete(box_root, "same", true, &box_err), 0);
		nothing_left();
	}
}
END_TEST

START_TEST(a_creator_killed_anywhere_leaves_what_force_removes)
{
	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	for (int k = 0; k < 12; k++) {
		struct runtime_init i = RUNTIME_INIT;
		pid_t pid = fork();
		int st, r;

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			r = box_create("victim",
				       &(struct box_conf){ .args = "[\"sleep\",\"100\"]" }, &i);
			_exit(r < 0);
		}
		usleep((useconds_t)(rand() % 15000));
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &st, 0), pid);
		r = runtime_delete(box_root, "victim", true, &box_err);
		ck_assert_msg(r == 0 || r == -ENOENT, "%s", box_err.msg);
		nothing_left();
		/* the same id serves again */
		ck_assert_int_eq(
			box_create("victim", &(struct box_conf){ .args = "[\"true\"]" }, &i), 0);
		ck_assert_int_eq(runtime_delete(box_root, "victim", true, &box_err), 0);
		box_reap(&i);
	}
}
END_TEST

START_TEST(create_over_a_dead_creators_leavings_succeeds)
{
	int made_it = 0;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	for (int k = 0; k < 12; k++) {
		struct runtime_init i = RUNTIME_INIT;
		pid_t pid = fork();
		int st, r;

		if (pid == 0) {
			box_create("again", &(struct box_conf){ .args = "[\"sleep\",\"100\"]" },
				   &i);
			_exit(0);
		}
		usleep((useconds_t)(rand() % 15000));
		kill(pid, SIGKILL);
		waitpid(pid, &st, 0);
		r = box_create("again", &(struct box_conf){ .args = "[\"true\"]" }, &i);
		made_it += r == 0;
		/* the first may have come to its end: then the id is taken */
		ck_assert_msg(r == 0 || r == -EEXIST, "%s", box_err.msg);
		ck_assert_int_eq(runtime_delete(box_root, "again", true, &box_err), 0);
		if (r == 0)
			box_reap(&i);
		nothing_left();
	}
	ck_assert_int_gt(made_it, 0);
}
END_TEST

START_TEST(on_a_full_disk_there_is_one_line_and_nothing_left)
{
	char opts[64];
	int failed = 0, r = -1;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(mkdir(box_root, 0700), 0);
	for (int inodes = 1; inodes < 8; inodes++) {
		snprintf(opts, sizeof(opts), "size=64k,nr_inodes=%d", inodes);
		ck_assert_int_eq(sys_mount("t", box_root, "tmpfs", 0, opts), 0);
		r = box_run(&(struct box_conf){ .args = "[\"true\"]" });
		if (r < 0) {
			failed++;
			ck_assert_int_eq(r, -ENOSPC);
			ck_assert_ptr_null(strchr(box_err.msg, '\n'));
			words("no space left");
		}
		nothing_left();
		ck_assert_int_eq(sys_umount2(box_root, 0), 0);
	}
	ck_assert_int_gt(failed, 2);
	ck_assert_int_eq(r, 0);
	/* blocks: one page is taken, so no record can be written */
	ck_assert_int_eq(sys_mount("t", box_root, "tmpfs", 0, "size=4k,nr_inodes=20"), 0);
	ck_assert_int_eq(box_sh("head -c 4096 /dev/zero > %s/.fill", box_root), 0);
	ck_assert_int_eq(box_run(&(struct box_conf){ .args = "[\"true\"]" }), -ENOSPC);
	nothing_left();
	ck_assert_int_eq(sys_umount2(box_root, 0), 0);
}
END_TEST

/*
 * The attack: a process inside keeps /proc/PID/exe of one that executed the
 * runtime's own file ("/proc/self/exe"), waits for its end and opens what it
 * kept for writing. The program to attack is a copy of gantry-oci.
 */
START_TEST(our_own_binary_cannot_be_overwritten_from_inside)
{
	const char *oci = getenv("GANTRY_OCI");

#ifdef __SANITIZE_ADDRESS__
	return; /* such a binary is not static and does not run in a root without its libraries */
#endif
	if (!oci || !box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_sh("cp %s %s/oci", oci, box_dir), 0);
	box_write(&(struct box_conf){
		.args = "[\"/proc/self/exe\",\"attack\"]",
		.process = "\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_DAC_OVERRIDE\"],"
			   "\"effective\":[\"CAP_DAC_OVERRIDE\"],\"permitted\":[\"CAP_DAC_"
			   "OVERRIDE\"]}" });
	/* it does run inside, and says so */
	ck_assert_int_eq(box_sh("cd %s/bundle && ../oci --root %s run self 2>&1 | grep -q 'unknown "
				"command attack'",
				box_dir, box_root),
			 0);
	/* init of a created container has that file as its exe until it is started */
	ck_assert_int_eq(box_sh("cd %s/bundle && ../oci --root %s create --pid-file ../pid held "
				"</dev/null >/dev/null 2>&1",
				box_dir, box_root),
			 0);
	ck_assert_int_eq(box_sh("p=$(cat %s/pid); cmp -s /proc/$p/exe %s/oci || exit 1; exec "
				"5</proc/$p/exe || exit 2; "
				"%s/oci --root %s delete --force held || exit 3; "
				"(: >> /proc/self/fd/5) 2>/dev/null && exit 4; (: >> %s/oci) || "
				"exit 5; exit 0",
				box_dir, box_dir, box_dir, box_root, box_dir),
			 0);
	ck_assert_int_eq(box_sh("cmp %s %s/oci", oci, box_dir), 0);
}
END_TEST

Suite *create_suite(void);
Suite *create_suite(void)
{
	Suite *s = suite_create("create");
	TCase *t = tcase_create("create");
	enum {
		FAULTS = sizeof(faults) / sizeof(*faults),
		FAILURES = sizeof(failures) / sizeof(*failures),
		PATHS = sizeof(bad_paths) / sizeof(*bad_paths)
	};

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, box_close);
	tcase_add_loop_test(t, the_exit_code_comes_back_on_every_kind_of_host, 0, VIEWS);
	tcase_add_loop_test(t, nothing_is_left_after_many, 0, VIEWS);
	tcase_add_loop_test(t, the_container_sees_what_it_should, 0, VIEWS);
	tcase_add_test(t, identity_limits_and_directory_are_those_of_the_spec);
	tcase_add_test(t, without_capabilities_there_are_none);
	tcase_add_loop_test(t, a_command_that_cannot_run_says_so_and_why, 0, FAULTS);
	tcase_add_loop_test(t, a_failed_create_leaves_nothing, 0, FAILURES * VIEWS);
	tcase_add_loop_test(t, limits_arrive_or_the_missing_controller_is_named, 0, VIEWS);
	tcase_add_test(t, a_dev_that_is_a_link_makes_nothing_outside);
	tcase_add_test(t, mounts_and_nodes_through_links_stay_inside);
	tcase_add_test(t, a_missing_working_directory_is_made_in_the_mount_it_lies_in);
	tcase_add_loop_test(t, no_descriptor_is_a_working_directory, 0, 24);
	tcase_add_loop_test(t, nothing_is_mounted_over_proc, 0, PROC_PLACES);
	tcase_add_test(t, a_file_of_the_list_is_bound_over_proc);
	tcase_add_test(t, proc_is_no_link);
	tcase_add_loop_test(t, a_cgroup_path_stays_below_the_hierarchy, 0, PATHS * VIEWS);
	tcase_add_test(t, plain_directories_are_never_taken_for_cgroups);
	tcase_add_test(t, binds_are_what_they_say);
	tcase_add_test(t, what_is_mounted_inside_does_not_appear_outside);
	tcase_add_test(t, a_slave_volume_follows_the_host);
	tcase_add_loop_test(t, masked_paths_read_empty_and_read_only_ones_stay_so, 0, VIEWS);
	tcase_add_test(t, a_mask_is_the_hosts_null_device_whatever_the_image_ships);
	tcase_add_test(t, home_comes_from_a_passwd_that_is_one);
	tcase_add_loop_test(t, namespaces_are_joined_by_path, 0, VIEWS);
	tcase_add_loop_test(t, a_cgroup_namespace_begins_at_the_container, 0, VIEWS);
	tcase_add_test(t, a_terminal_is_the_containers_own);
	tcase_add_test(t, a_detached_terminal_needs_what_is_not_there_yet);
	tcase_add_loop_test(t, one_that_runs_at_once_is_never_in_between, 0, VIEWS);
	tcase_add_loop_test(t, what_cannot_be_executed_at_once_leaves_nothing, 0, VIEWS);
	tcase_add_loop_test(t, a_taken_id_is_refused_and_what_has_it_lives, 0, VIEWS);
	tcase_add_test(t, of_many_that_create_one_id_one_wins);
	tcase_add_loop_test(t, a_creator_killed_anywhere_leaves_what_force_removes, 0, VIEWS);
	tcase_add_loop_test(t, create_over_a_dead_creators_leavings_succeeds, 0, VIEWS);
	tcase_add_test(t, on_a_full_disk_there_is_one_line_and_nothing_left);
	tcase_add_test(t, our_own_binary_cannot_be_overwritten_from_inside);
	suite_add_tcase(s, t);
	return s;
}
