/* SPDX-License-Identifier: Apache-2.0 */
/* src/oci/spec*.c: what a config.json may say, and what is said about one that says it wrong. */
#include "oci/spec.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A whole config.json around a part of it. Each begins with a comma, or is empty. */
#define DOC(process, linux_part, rest)                                                           \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"" process         \
	"},\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},"           \
	"{\"type\":\"uts\"}]" linux_part "}" rest "}"
#define P(x) DOC("," x, "", "")
#define L(x) DOC("", "," x, "")
#define R(x) DOC("", ",\"resources\":{" x "}", "")
#define T(x) DOC("", "", "," x)
#define M(x) DOC("", "", ",\"mounts\":[" x "]")
#define NS(x)                                                                                    \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"},\"root\":"      \
	"{\"path\":\"r\"},\"linux\":{\"namespaces\":[" x "]}}"

static int parse(const char *text, struct spec *s, struct gantry_err *err)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, n);
	memset(err, 0, sizeof(*err));
	return spec_parse("config.json", copy, n, s, err);
}

static const struct bad {
	const char *text;
	int code;
	const char *words;
} bad[] = {
	/* the outermost object */
	{ "", EBADMSG, "config.json:1:" },
	{ "{", EBADMSG, "config.json:1:" },
	{ "[]", EINVAL, "has to be an object" },
	{ "{}", EINVAL, "config.json:1:1: ociVersion is missing" },
	{ "{\"ociVersion\":\"1.0.2\",\"ociVersion\":\"1.0.2\"}", EBADMSG, "ociVersion" },
	{ "{\"ociVersion\":null}", EINVAL, "ociVersion is missing" },
	{ "{\"ociVersion\":1}", EINVAL, "ociVersion is a number, has to be a string" },
	{ "{\"ociVersion\":\"0.9.0\"}", EINVAL, "ociVersion \"0.9.0\" is not a version 1.y.z" },
	{ "{\"ociVersion\":\"2.0.0\"}", EINVAL, "\"2.0.0\"" },
	{ "{\"ociVersion\":\"10.0.0\"}", EINVAL, "\"10.0.0\"" },
	{ "{\"ociVersion\":\"1.0\"}", EINVAL, "\"1.0\"" },
	{ "{\"ociVersion\":\"1.0.2x\"}", EINVAL, "\"1.0.2x\"" },
	{ "{\"ociVersion\":\"\"}", EINVAL, "ociVersion" },
	{ "{\"ociVersion\":\"1.0.2\"}", EINVAL, "process is missing" },
	{ T("\"seccomp\":{}"), EINVAL, "seccomp is not known to the specification" },
	{ T("\"Hostname\":\"x\""), EINVAL, "Hostname is not known" },
	{ T("\"a\\nb\":1"), EINVAL, "a\\x0ab is not known" },
	{ T("\"windows\":{\"layerFolders\":[]}"), EINVAL, "windows is not for Linux" },
	{ T("\"solaris\":{\"a\":1}"), EINVAL, "solaris is not for Linux" },
	{ T("\"vm\":{\"kernel\":{}}"), EINVAL, "vm is not for Linux" },
	{ T("\"annotations\":{\"a\":1}"), EINVAL, "annotations.a is a number, has to be a string" },
	{ T("\"annotations\":{\"\":\"x\"}"), EINVAL, "empty key" },
	{ T("\"annotations\":[]"), EINVAL, "annotations is an array, has to be an object" },
	{ T("\"hostname\":\"01234567890123456789012345678901234567890123456789012345678901234\""),
	  EINVAL, "hostname is longer than 64" },
	{ T("\"hostname\":\"a\\u0000b\""), EBADMSG, "config.json:1:" },
	/* hooks */
	{ T("\"hooks\":{\"prestart\":[{\"path\":\"/bin/true\"}]}"), ENOTSUP,
	  "hooks.prestart is not supported yet" },
	{ T("\"hooks\":{\"createRuntime\":[{\"path\":\"/x\"}]}"), ENOTSUP, "hooks.createRuntime" },
	{ T("\"hooks\":{\"createContainer\":[{\"path\":\"/x\"}]}"),
	  ENOTSUP, "hooks.createContainer" },
	{ T("\"hooks\":{\"startContainer\":[{\"path\":\"/x\"}]}"),
	  ENOTSUP, "hooks.startContainer" },
	{ T("\"hooks\":{\"poststart\":[{\"path\":\"/x\"}]}"), ENOTSUP, "hooks.poststart" },
	{ T("\"hooks\":{\"poststop\":[{\"path\":\"/x\"}]}"), ENOTSUP, "hooks.poststop" },
	{ T("\"hooks\":{\"prestrat\":[]}"), EINVAL, "hooks.prestrat is not known" },
	{ T("\"hooks\":{\"prestart\":{}}"),
	  EINVAL, "hooks.prestart is an object, has to be an array" },
	/* root */
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"},"
		  "\"root\":{}}", EINVAL,
	  "root has no path" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"\"}}", EINVAL, "root.path is empty" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":7}}", EINVAL, "root.path is a number" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\",\"readonly\":1}}", EINVAL,
	  "root.readonly is a number, has to be true or false" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\",\"rw\":true}}",
	  EINVAL, "root.rw is not known" },
	/* process */
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\"}}", EINVAL, "process has no args" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\"]}}",
	  EINVAL, "process has no cwd" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[]}}", EINVAL, "process.args is empty" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":\"sh\"}}", EINVAL,
	  "process.args is a string, has to be an array" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\",1]}}", EINVAL,
	  "process.args[1] is a number, has to be a string" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"\"]}}", EINVAL, "process.args" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\",null]}}",
	  EINVAL, "process.args[1] is null" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"tmp\"}}", EINVAL,
	  "process.cwd has to be an absolute path, not \"tmp\"" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"\"}}", EINVAL, "process.cwd" },
	{ P("\"env\":[\"A=1\",\"B\"]"),
	  EINVAL, "process.env[1] \"B\" is not of the form NAME=VALUE" },
	{ P("\"env\":[\"=1\"]"), EINVAL, "process.env[0]" },
	{ P("\"terminal\":\"yes\""), EINVAL, "process.terminal is a string" },
	{ P("\"user\":{\"uid\":-1}"),
	  EINVAL, "process.user.uid has to be between 0 and 2147483647" },
	{ P("\"user\":{\"uid\":4294967295}"), EINVAL, "process.user.uid" },
	{ P("\"user\":{\"uid\":2147483648}"), EINVAL, "process.user.uid" },
	{ P("\"user\":{\"gid\":4294967296}"), EINVAL, "process.user.gid" },
	{ P("\"user\":{\"uid\":1.5}"),
	  EINVAL, "process.user.uid is a number, has to be a whole number" },
	{ P("\"user\":{\"uid\":99999999999999999999}"), EINVAL, "process.user.uid" },
	{ P("\"user\":{\"uid\":\"0\"}"), EINVAL, "process.user.uid is a string" },
	{ P("\"user\":{\"umask\":512}"), EINVAL, "process.user.umask has to be between 0 and 511" },
	{ P("\"user\":{\"username\":\"x\"}"), EINVAL, "process.user.username is not for Linux" },
	{ P("\"user\":{\"additionalGids\":[1,-2]}"), EINVAL, "process.user.additionalGids[1]" },
	{ P("\"user\":{\"name\":\"x\"}"), EINVAL, "process.user.name is not known" },
	{ P("\"commandLine\":\"dir\""), EINVAL, "process.commandLine is not for Linux" },
	{ P("\"consoleSize\":{\"height\":10}"), EINVAL, "process.consoleSize has no width" },
	{ P("\"consoleSize\":{\"height\":10,\"width\":65536}"), EINVAL, "consoleSize.width" },
	{ P("\"capabilities\":{\"bounding\":[\"CAP_FLY\"]}"), EINVAL,
	  "process.capabilities.bounding[0] \"CAP_FLY\" is no capability" },
	{ P("\"capabilities\":{\"effective\":[\"CAP_KILL\"],\"permitted\":[]}"), EINVAL,
	  "effective has CAP_KILL, which is not permitted" },
	{ P("\"capabilities\":[\"CAP_KILL\"]"), EINVAL, "process.capabilities is an array" },
	{ P("\"capabilities\":{\"all\":[]}"), EINVAL, "process.capabilities.all is not known" },
	{ P("\"rlimits\":[{\"type\":\"RLIMIT_FISH\",\"soft\":1,\"hard\":1}]"), EINVAL,
	  "process.rlimits[0].type \"RLIMIT_FISH\" is no resource limit" },
	{ P("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":2,\"hard\":1}]"), EINVAL,
	  "process.rlimits[0] has a soft limit above" },
	{ P("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1}]"),
	  EINVAL, "process.rlimits[0] has no hard" },
	{ P("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1},"
	    "{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1}]"), EINVAL,
	  "process.rlimits[1] gives RLIMIT_NOFILE a second time" },
	{ P("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":-1,\"hard\":1}]"),
	  EINVAL, "rlimits[0].soft" },
	{ P("\"oomScoreAdj\":1001"),
	  EINVAL, "process.oomScoreAdj has to be between -1000 and 1000" },
	{ P("\"apparmorProfile\":\"x\""), ENOTSUP, "process.apparmorProfile is not supported yet" },
	{ P("\"selinuxLabel\":\"x\""), ENOTSUP, "process.selinuxLabel is not supported yet" },
	{ P("\"scheduler\":{\"policy\":\"SCHED_BATCH\"}"), ENOTSUP, "process.scheduler is not" },
	{ P("\"ioPriority\":{\"class\":\"x\"}"), ENOTSUP, "process.ioPriority is not" },
	{ P("\"execCPUAffinity\":{\"initial\":\"0\"}"), ENOTSUP, "process.execCPUAffinity is not" },
	{ P("\"nice\":1"), EINVAL, "process.nice is not known" },
	/* mounts */
	{ M("{}"), EINVAL, "mounts[0] has no destination" },
	{ M("{\"destination\":\"proc\",\"type\":\"proc\"}"), EINVAL,
	  "mounts[0].destination has to be an absolute path, not \"proc\"" },
	{ M("{\"destination\":\"/a/../b\",\"type\":\"proc\"}"), EINVAL,
	  "mounts[0].destination may not contain \"..\"" },
	{ M("{\"destination\":\"/..\",\"type\":\"proc\"}"), EINVAL, "may not contain" },
	{ M("{\"destination\":\"//.\",\"type\":\"proc\"}"), EINVAL, "the root itself" },
	{ M("{\"destination\":\"/p\"}"), EINVAL, "neither a type nor the option" },
	{ M("{\"destination\":\"/p\",\"type\":\"bind\"}"),
	  EINVAL, "a bind mount without a source" },
	{ M("{\"destination\":\"/p\",\"source\":\"/x\",\"options\":[\"bind\",\"mode=1\"]}"), EINVAL,
	  "mounts[0] has the option \"mode=1\", which a bind mount cannot have" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"options\":[\"\"]}"),
	  EINVAL, "options[0] is empty" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"rro\"]}"), ENOTSUP,
	  "mounts[0].options[1] \"rro\" is not supported yet" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"options\":[\"idmap=x\"]}"),
	  ENOTSUP, "\"idmap\"" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\"]}"), ENOTSUP,
	  "\"tmpcopyup\" is not supported yet" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"uidMappings\":[{\"size\":1}]}"), ENOTSUP,
	  "mounts[0].uidMappings is not supported yet" },
	{ M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"label\":\"x\"}"),
	  EINVAL, "mounts[0].label is not known" },
	{ M("[]"), EINVAL, "mounts[0] is an array" },
	/* linux */
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"},"
		  "\"root\":{\"path\":\"r\"}}",
	  EINVAL, "linux is missing" },
	{ NS(""), ENOTSUP, "linux has no mount namespace" },
	{ NS("{\"type\":\"mount\",\"path\":\"/proc/1/ns/mnt\"}"),
	  ENOTSUP, "joins a mount namespace" },
	{ NS("{\"type\":\"user\"}"),
	  ENOTSUP, "linux.namespaces[0].type \"user\" is not supported yet" },
	{ NS("{\"type\":\"time\"}"), ENOTSUP, "\"time\" is not supported yet" },
	{ NS("{\"type\":\"net\"}"), EINVAL, "\"net\" is no kind of namespace" },
	{ NS("{\"type\":\"pid\"},{\"type\":\"pid\"}"),
	  EINVAL, "gives the namespace \"pid\" a second time" },
	{ NS("{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/x\"}"), EINVAL, "a second time" },
	{ NS("{\"type\":\"pid\",\"path\":\"x\"}"),
	  EINVAL, "namespaces[0].path has to be an absolute path" },
	{ NS("{\"path\":\"/x\"}"), EINVAL, "namespaces[0] has no type" },
	{ "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"},"
		  "\"root\":{\"path\":\"r\"},"
	  "\"hostname\":\"x\",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}", EINVAL,
	  "hostname needs a uts namespace" },
	{ L("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"),
	  ENOTSUP, "linux.seccomp is not supported yet" },
	{ L("\"sysctl\":{\"kernel.domainname\":\"x\"}"),
	  ENOTSUP, "linux.sysctl is not supported yet" },
	{ L("\"uidMappings\":[{\"size\":1}]"), ENOTSUP, "linux.uidMappings" },
	{ L("\"gidMappings\":[{\"size\":1}]"), ENOTSUP, "linux.gidMappings" },
	{ L("\"timeOffsets\":{\"monotonic\":{}}"), ENOTSUP, "linux.timeOffsets" },
	{ L("\"mountLabel\":\"x\""), ENOTSUP, "linux.mountLabel" },
	{ L("\"intelRdt\":{\"closID\":\"x\"}"), ENOTSUP, "linux.intelRdt" },
	{ L("\"personality\":{\"domain\":\"LINUX32\"}"), ENOTSUP, "linux.personality" },
	{ L("\"netDevices\":{\"eth0\":{}}"), ENOTSUP, "linux.netDevices" },
	{ L("\"maskedPaths\":[\"proc/kcore\"]"),
	  EINVAL, "linux.maskedPaths[0] has to be an absolute path" },
	{ L("\"readonlyPaths\":[7]"), EINVAL, "linux.readonlyPaths[0] is a number" },
	{ L("\"cgroupsPath\":\"/../../x\""), EINVAL, "linux.cgroupsPath may not contain \"..\"" },
	{ L("\"rootfsPropagation\":\"rprivat\""), EINVAL, "\"rprivat\" is no kind of propagation" },
	{ L("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1}]"), EINVAL,
	  "linux.devices[0] has no major and minor number" },
	{ L("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"x\",\"major\":1,\"minor\":1}]"), EINVAL,
	  "linux.devices[0].type has to be one of" },
	{ L("\"devices\":[{\"path\":\"dev/x\",\"type\":\"p\"}]"), EINVAL, "linux.devices[0].path" },
	{ L("\"devices\":[{\"path\":\"/dev/../x\",\"type\":\"p\"}]"), EINVAL, "may not contain" },
	{ L("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":4096,"
		  "\"minor\":1}]"), EINVAL,
	  "linux.devices[0].major has to be between 0 and 4095" },
	{ L("\"devices\":{}"), EINVAL, "linux.devices is an object" },
	/* resources */
	{ R("\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1}]"),
	  EINVAL, "devices[0] has no access" },
	{ R("\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]"), EINVAL,
	  "linux.resources.devices[0].access has to be made of r, w and m" },
	{ R("\"devices\":[{\"allow\":true,\"type\":\"p\",\"access\":\"r\"}]"),
	  EINVAL, "has to be one of a, c, b" },
	{ R("\"devices\":[{\"allow\":true,\"major\":1,\"access\":\"r\"}]"), EINVAL, "but no type" },
	{ R("\"memory\":{\"limit\":-2}"),
	  EINVAL, "linux.resources.memory.limit has to be between -1" },
	{ R("\"memory\":{\"limit\":9223372036854775808}"), EINVAL, "memory.limit" },
	{ R("\"memory\":{\"limit\":\"64m\"}"),
	  EINVAL, "memory.limit is a string, has to be a whole number" },
	{ R("\"memory\":{\"swap\":4096}"), EINVAL, "memory has a swap limit but no limit" },
	{ R("\"memory\":{\"limit\":8192,\"swap\":4096}"), EINVAL, "below its limit" },
	{ R("\"memory\":{\"swappiness\":0}"),
	  ENOTSUP, "linux.resources.memory.swappiness is not supported yet" },
	{ R("\"memory\":{\"kernel\":4096}"), ENOTSUP, "memory.kernel is not" },
	{ R("\"memory\":{\"disableOOMKiller\":true}"), ENOTSUP, "memory.disableOOMKiller is not" },
	{ R("\"memory\":{\"max\":1}"), EINVAL, "memory.max is not known" },
	{ R("\"cpu\":{\"quota\":999}"), EINVAL, "cpu.quota is less than 1000" },
	{ R("\"cpu\":{\"period\":999}"), EINVAL, "cpu.period has to be between 1000 and 1000000" },
	{ R("\"cpu\":{\"shares\":-1}"), EINVAL, "cpu.shares" },
	{ R("\"cpu\":{\"shares\":262145}"), EINVAL, "cpu.shares has to be between 0 and 262144" },
	{ R("\"cpu\":{\"shares\":18446744073709551615}"), EINVAL, "cpu.shares" },
	{ R("\"cpu\":{\"cpus\":\"0; rm\"}"), EINVAL, "linux.resources.cpu.cpus" },
	{ R("\"cpu\":{\"burst\":1}"), ENOTSUP, "cpu.burst is not supported yet" },
	{ R("\"cpu\":{\"realtimeRuntime\":1}"), ENOTSUP, "cpu.realtimeRuntime is not" },
	{ R("\"cpu\":{\"idle\":1}"), ENOTSUP, "cpu.idle is not" },
	{ R("\"pids\":{\"limit\":\"max\"}"), EINVAL, "pids.limit is a string" },
	{ R("\"blockIO\":{\"weight\":10}"),
	  ENOTSUP, "linux.resources.blockIO.weight is not supported yet" },
	{ R("\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]"),
	  ENOTSUP, "hugepageLimits is not" },
	{ R("\"network\":{\"classID\":1}"), ENOTSUP, "network.classID is not" },
	{ R("\"rdma\":{\"mlx\":{}}"), ENOTSUP, "rdma is not" },
	{ R("\"unified\":{\"memory.high\":\"1\"}"), ENOTSUP, "unified is not" },
	{ R("\"freezer\":1"), EINVAL, "linux.resources.freezer is not known" },
};

START_TEST(wrong_settings_are_refused_with_their_place)
{
	const struct bad *b = &bad[_i];
	struct spec s;
	struct gantry_err err;

	memset(&s, 0x5a, sizeof(s));
	ck_assert_msg(parse(b->text, &s, &err) == -b->code, "%s: %d %s", b->text, err.code,
		      err.msg);
	ck_assert_int_eq(err.code, b->code);
	ck_assert_msg(strstr(err.msg, b->words) != NULL, "%s: %s", b->text, err.msg);
	ck_assert_msg(!strncmp(err.msg, "config.json:", 12), "%s", err.msg);
	ck_assert_ptr_null(strchr(err.msg, '\n'));
	for (size_t i = 0; i < sizeof(s); i++) /* outputs are untouched on failure */
		ck_assert_int_eq(((unsigned char *)&s)[i], 0x5a);
}
END_TEST

START_TEST(errors_tell_line_and_column)
{
	struct spec s;
	struct gantry_err err;

	ck_assert_int_eq(parse("{\n  \"ociVersion\": \"1.0.2\",\n  \"hostname\": 7\n}", &s,
			       &err), -EINVAL);
	ck_assert_str_eq(err.msg, "config.json:3:15: hostname is a number, has to be a string");
}
END_TEST

/* What asks for nothing is accepted, whether or not it is built. */
static const char *const harmless[] = {
	T("\"hooks\":{}"),
	T("\"hooks\":{\"prestart\":[],\"poststop\":null}"),
	T("\"hooks\":null"),
	T("\"solaris\":null,\"windows\":{}"),
	T("\"mounts\":null,\"annotations\":null"),
	T("\"hostname\":\"\""),
	P("\"apparmorProfile\":\"\",\"selinuxLabel\":\"\",\"scheduler\":null"),
	P("\"user\":{\"uid\":0,\"gid\":0,\"umask\":null,\"additionalGids\":null,"
		  "\"username\":\"\"}"),
	P("\"env\":[],\"rlimits\":[],\"capabilities\":null,\"oomScoreAdj\":null"),
	L("\"seccomp\":null,\"sysctl\":{},\"uidMappings\":[],\"gidMappings\":null,"
		  "\"mountLabel\":\"\""),
	L("\"resources\":{}"),
	L("\"resources\":{\"blockIO\":{\"weight\":0,\"leafWeight\":0,\"weightDevice\":[]}}"),
	L("\"resources\":{\"network\":{\"priorities\":[]},\"unified\":{},\"rdma\":{},"
		  "\"hugepageLimits\":[]}"),
	L("\"resources\":{\"memory\":{\"disableOOMKiller\":false,\"kernel\":0,"
		  "\"checkBeforeUpdate\":true}}"),
	L("\"resources\":{\"cpu\":{\"shares\":0,\"realtimeRuntime\":0,\"burst\":0,"
		  "\"cpus\":\"\",\"period\":0}}"),
	L("\"cgroupsPath\":\"\",\"rootfsPropagation\":\"\",\"maskedPaths\":null,\"devices\":[]"),
	M("{\"destination\":\"/p\",\"type\":\"tmpfs\",\"options\":null,\"uidMappings\":[]}"),
	NS("{\"type\":\"mount\",\"path\":\"\"}"),
};

START_TEST(what_asks_for_nothing_is_accepted)
{
	struct spec s;
	struct gantry_err err;

	ck_assert_msg(parse(harmless[_i], &s, &err) == 0, "%s: %s", harmless[_i], err.msg);
	spec_done(&s);
}
END_TEST

static const char *const versions[] = { "1.0.0", "1.0.0-rc5", "1.0.2-dev", "1.2.1", "1.11.0+dev" };

START_TEST(every_version_1_is_accepted)
{
	char text[400];
	struct spec s;
	struct gantry_err err;

	snprintf(text, sizeof(text),
		 "{\"ociVersion\":\"%s\",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"},"
		 "\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
		 versions[_i]);
	ck_assert_msg(parse(text, &s, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(s.oci_version, versions[_i]);
	spec_done(&s);
}
END_TEST

START_TEST(what_is_not_given_has_a_neutral_value)
{
	struct spec s;
	struct gantry_err err;

	ck_assert_int_eq(parse(NS("{\"type\":\"mount\"}"), &s, &err), 0);
	ck_assert_str_eq(s.root_path, "r");
	ck_assert(!s.root_readonly && !s.terminal && !s.has_caps && !s.no_new_privileges);
	ck_assert_ptr_null(s.hostname);
	ck_assert_ptr_null(s.cgroups_path);
	ck_assert_ptr_null(s.annotations);
	ck_assert_ptr_null(s.env[0]);
	ck_assert_ptr_null(s.masked_paths[0]);
	ck_assert_ptr_null(s.readonly_paths[0]);
	ck_assert_int_eq(s.umask, -1);
	ck_assert_uint_eq(s.mounts_n + s.devices_n + s.rlimits_n + s.groups_n, 0);
	ck_assert_uint_eq(s.ns_new, 1u << NS_MOUNT);
	ck_assert(!s.resources.has_pids && !s.has_oom_score_adj);
	ck_assert_uint_eq(s.rootfs_propagation, 0);
	spec_done(&s);
}
END_TEST

START_TEST(the_process_is_read)
{
	struct spec s;
	struct gantry_err err;

	ck_assert_int_eq(parse(P("\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
		"\"env\":[\"A=1\",\"B=\"],\"user\":{\"uid\":1000,\"gid\":100,\"umask\":18,"
		"\"additionalGids\":[5,6]},\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
		"\"CAP_BPF\"],"
		"\"permitted\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
		"\"ambient\":[\"CAP_KILL\"]},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":512,\"hard\":1024},{\"type\":"
		"\"RLIMIT_CORE\",\"hard\":18446744073709551615,\"soft\":18446744073709551615}],"
		"\"noNewPrivileges\":true,\"oomScoreAdj\":-7"), &s, &err), 0);
	ck_assert(s.terminal && s.console_height == 24 && s.console_width == 80);
	ck_assert_str_eq(s.args[0], "sh");
	ck_assert_ptr_null(s.args[1]);
	ck_assert_str_eq(s.env[1], "B=");
	ck_assert_ptr_null(s.env[2]);
	ck_assert(s.uid == 1000 && s.gid == 100 && s.umask == 022);
	ck_assert(s.groups_n == 2 && s.groups[0] == 5 && s.groups[1] == 6);
	ck_assert(s.has_caps);
	ck_assert_uint_eq(s.caps[CAP_BOUNDING], 1ull << 0 | 1ull << 39);
	ck_assert_uint_eq(s.caps[CAP_EFFECTIVE], 1ull << 5);
	ck_assert_uint_eq(s.caps[CAP_AMBIENT], 1ull << 5);
	ck_assert_uint_eq(s.caps[CAP_INHERITABLE], 0);
	ck_assert_uint_eq(s.rlimits_n, 2);
	ck_assert_int_eq(s.rlimits[0].resource, RLIMIT_NOFILE);
	ck_assert(s.rlimits[0].limit.rlim_cur == 512 && s.rlimits[0].limit.rlim_max == 1024);
	ck_assert(s.rlimits[1].limit.rlim_cur == RLIM_INFINITY);
	ck_assert(s.no_new_privileges && s.has_oom_score_adj && s.oom_score_adj == -7);
	spec_done(&s);
}
END_TEST

START_TEST(mounts_are_read)
{
	const struct spec_mount *m;
	struct spec s;
	struct gantry_err err;

	ck_assert_int_eq(parse(M(
		"{\"destination\":\"/dev//./pts/\",\"type\":\"devpts\",\"source\":\"devpts\","
		"\"options\":"
		"[\"nosuid\",\"noexec\",\"newinstance\",\"mode=0620\",\"strictatime\",\"sync\"]},"
		"{\"destination\":\"/v\",\"type\":\"none\",\"source\":\"/host\","
		"\"options\":[\"rbind\",\"ro\","
		"\"rprivate\",\"noatime\",\"relatime\",\"dev\"]},"
		"{\"destination\":\"/w\",\"type\":\"bind\",\"source\":\"/host\","
		"\"options\":[\"ro\",\"rw\"]}"),
		&s, &err), 0);
	ck_assert_uint_eq(s.mounts_n, 3);
	m = &s.mounts[0];
	ck_assert_str_eq(m->destination, "/dev/pts");
	ck_assert_str_eq(m->type, "devpts");
	ck_assert(!m->bind && !m->propagation);
	ck_assert_uint_eq(m->attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
				       MOUNT_ATTR_STRICTATIME);
	ck_assert_uint_eq(m->attr_clear, MOUNT_ATTR__ATIME);
	ck_assert_str_eq(m->data[0], "newinstance");
	ck_assert_str_eq(m->data[1], "mode=0620");
	ck_assert_str_eq(m->data[2], "sync");
	ck_assert_ptr_null(m->data[3]);
	m = &s.mounts[1];
	ck_assert(m->bind && m->recursive);
	ck_assert_str_eq(m->type, "");
	ck_assert_uint_eq(m->attr_set, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(m->attr_clear, MOUNT_ATTR__ATIME | MOUNT_ATTR_NODEV);
	ck_assert_uint_eq(m->propagation, MS_PRIVATE);
	ck_assert(m->propagation_recursive);
	m = &s.mounts[2];
	ck_assert(m->bind && !m->recursive);
	ck_assert_uint_eq(m->attr_set, 0);
	ck_assert_uint_eq(m->attr_clear, MOUNT_ATTR_RDONLY);
	spec_done(&s);
}
END_TEST

START_TEST(linux_and_its_resources_are_read)
{
	struct spec s;
	struct gantry_err err;

	ck_assert_int_eq(parse(DOC("", ",\"cgroupsPath\":\"/a/b\",\"rootfsPropagation\":\"rslave\","
		"\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],"
		"\"devices\":[{\"path\":\"/dev//fuse\",\"type\":\"u\",\"major\":10,\"minor\":229,"
		"\"fileMode\":8630,\"uid\":1,\"gid\":2}],"
		"\"resources\":{\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\","
		"\"major\":5,"
		"\"access\":\"rm\"}],\"memory\":{\"limit\":67108864,\"swap\":-1,"
		"\"reservation\":4096},"
		"\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000,\"cpus\":\"0-1\","
		"\"mems\":\"0\"},"
		"\"pids\":{\"limit\":0}}",
		",\"hostname\":\"h\",\"domainname\":\"d\","
		"\"annotations\":{\"a\":\"b\"}"), &s, &err), 0);
	ck_assert_str_eq(s.cgroups_path, "/a/b");
	ck_assert_uint_eq(s.rootfs_propagation, MS_SLAVE | MS_REC);
	ck_assert_str_eq(s.masked_paths[0], "/proc/kcore");
	ck_assert_str_eq(s.readonly_paths[0], "/proc/sys");
	ck_assert_str_eq(s.devices[0].path, "/dev/fuse");
	ck_assert(s.devices[0].type == 'c');
	ck_assert(s.devices[0].major == 10 && s.devices[0].minor == 229);
	ck_assert(s.devices[0].mode == 0666 && s.devices[0].uid == 1 && s.devices[0].gid == 2);
	ck_assert_uint_eq(s.resources.devices_n, 2);
	ck_assert(s.resources.devices[0].type == 'a' && s.resources.devices[0].major == -1);
	ck_assert(s.resources.devices[0].read && s.resources.devices[0].write);
	ck_assert(s.resources.devices[1].minor == -1 && s.resources.devices[1].mknod);
	ck_assert(!s.resources.devices[1].write);
	ck_assert(s.resources.mem_limit == 67108864 && s.resources.mem_swap == -1);
	ck_assert(s.resources.mem_reservation == 4096);
	ck_assert(s.resources.cpu_shares == 512 && s.resources.cpu_quota == 50000);
	ck_assert(s.resources.cpu_period == 100000);
	ck_assert_str_eq(s.resources.cpus, "0-1");
	ck_assert(s.resources.has_pids && s.resources.pids_limit == -1);
	ck_assert_str_eq(s.hostname, "h");
	ck_assert_str_eq(s.domainname, "d");
	ck_assert_str_eq(json_text(json_get(s.annotations, "a"), ""), "b");
	spec_done(&s);
}
END_TEST

/* What the clients really write: tests/data/config/accept-*.json. */
START_TEST(the_clients_own_files_are_understood)
{
	static const struct {
		const char *name;
		unsigned mounts;
	} files[] = { { "accept-runc.json", 7 }, { "accept-docker.json", 10 },
		      { "accept-podman.json", 10 }, { "accept-containerd.json", 7 },
		      { "accept-cri.json", 9 } };
	const char *data = getenv("GANTRY_TEST_DATA");
	char dir[4096];
	struct spec s;
	struct gantry_err err = { 0 };
	int fd;

	ck_assert_ptr_nonnull(data);
	snprintf(dir, sizeof(dir), "%s/config", data);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_msg(spec_read(fd, files[_i].name, &s, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(s.mounts_n, files[_i].mounts);
	ck_assert_ptr_nonnull(s.args[0]);
	spec_done(&s);
	close(fd);
}
END_TEST

START_TEST(files_that_are_none_are_refused)
{
	char dir[] = "/tmp/gantry-spec-XXXXXX", path[64];
	struct spec s;
	struct gantry_err err;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(spec_read(fd, "config.json", &s, &err), -ENOENT);
	ck_assert_str_eq(err.msg, "config.json not found in the bundle");
	snprintf(path, sizeof(path), "%s/config.json", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(spec_read(fd, "config.json", &s, &err), -EINVAL); /* and does not hang */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	ck_assert_int_eq(truncate(path, SPEC_MAX_BYTES + 1), 0);
	ck_assert_int_eq(spec_read(fd, "config.json", &s, &err), -E2BIG);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	close(fd);
}
END_TEST

START_TEST(lists_are_bounded)
{
	static const char head[] = "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"x\"";
	size_t n = sizeof(head) - 1 + (SPEC_MAX_LIST + 1) * 4;
	char *text = malloc(n + 16), *p = text;
	struct spec s;
	struct gantry_err err;

	p += sprintf(p, "%s", head);
	for (int i = 0; i < SPEC_MAX_LIST; i++)
		p += sprintf(p, ",\"x\"");
	p += sprintf(p, "]}}");
	ck_assert_int_eq(spec_parse("config.json", text, (size_t)(p - text), &s, &err), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "process.args lists 4097 things"));
}
END_TEST

START_TEST(names_are_parsed_and_printed)
{
	ck_assert_int_eq(spec_cap_parse("CAP_NET_ADMIN"), 12);
	ck_assert_int_eq(spec_cap_parse("net_admin"), 12);
	ck_assert_int_eq(spec_cap_parse("NET"), -EINVAL);
	ck_assert_int_eq(spec_cap_parse(""), -EINVAL);
	ck_assert_int_eq(spec_cap_parse("CAP_"), -EINVAL);
	ck_assert_str_eq(spec_cap_name(40), "CAP_CHECKPOINT_RESTORE");
	ck_assert_ptr_null(spec_cap_name(41));
	ck_assert_ptr_null(spec_cap_name(-1));
	ck_assert_int_eq(spec_rlimit_parse("nofile"), RLIMIT_NOFILE);
	ck_assert_int_eq(spec_rlimit_parse("RLIMIT_CORE"), RLIMIT_CORE);
	ck_assert_int_eq(spec_rlimit_parse("fish"), -EINVAL);
	ck_assert_str_eq(spec_rlimit_name(RLIMIT_STACK), "RLIMIT_STACK");
	ck_assert_ptr_null(spec_rlimit_name(99));
	for (int i = 0; spec_cap_name(i); i++)
		ck_assert_int_eq(spec_cap_parse(spec_cap_name(i)), i);
}
END_TEST

START_TEST(mount_options_are_sorted_so_that_they_are_found)
{
	const char *const *o = spec_mount_options();
	char text[400];
	struct spec s;
	struct gantry_err err;

	for (size_t i = 0; o[i]; i++) {
		ck_assert_msg(!i || strcmp(o[i - 1], o[i]) < 0, "%s", o[i]);
		snprintf(text, sizeof(text), M("{\"destination\":\"/a\",\"type\":\"tmpfs\","
		"\"source\":\"s\","
			 "\"options\":[\"%s\"]}"), o[i]);
		ck_assert_msg(parse(text, &s, &err) == 0, "%s", err.msg);
		spec_done(&s);
	}
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *spec_suite(void)
{
	Suite *s = suite_create("oci/spec");
	TCase *t = tcase_create("spec");

	tcase_add_loop_test(t, wrong_settings_are_refused_with_their_place, 0, N(bad));
	tcase_add_loop_test(t, what_asks_for_nothing_is_accepted, 0, N(harmless));
	tcase_add_loop_test(t, every_version_1_is_accepted, 0, N(versions));
	tcase_add_test(t, errors_tell_line_and_column);
	tcase_add_test(t, what_is_not_given_has_a_neutral_value);
	tcase_add_test(t, the_process_is_read);
	tcase_add_test(t, mounts_are_read);
	tcase_add_test(t, linux_and_its_resources_are_read);
	tcase_add_loop_test(t, the_clients_own_files_are_understood, 0, 5);
	tcase_add_test(t, files_that_are_none_are_refused);
	tcase_add_test(t, lists_are_bounded);
	tcase_add_test(t, names_are_parsed_and_printed);
	tcase_add_test(t, mount_options_are_sorted_so_that_they_are_found);
	suite_add_tcase(s, t);
	return s;
}
