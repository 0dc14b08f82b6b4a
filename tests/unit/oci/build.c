/* SPDX-License-Identifier: Apache-2.0 */
/* src/oci/build.c, blueprint.c: what is written is what was asked for; our own parser takes it. */
#include "oci/build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "oci/spec.h"

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

/* The config.json of `w`; it has passed the parser of specs too. */
static const struct json *built(const struct gantry_create *w, struct json_doc *doc)
{
	struct gantry_err err = { 0 };
	struct spec s;
	char *text, *copy;
	size_t len;

	ck_assert_msg(build_spec(w, "c1", &text, &len, &err) == 0, "%s", err.msg);
	copy = strdup(text);
	ck_assert_msg(json_parse(doc, "built", copy, len, NULL, &err) == 0, "%s", err.msg);
	ck_assert_msg(spec_parse("config.json", text, len, &s, &err) == 0, "%s", err.msg);
	spec_done(&s);
	return doc->root;
}

static void forget(struct json_doc *doc)
{
	char *text = doc->text;

	json_done(doc);
	free(text);
}

/* "a.b.0.c" */
static const struct json *at(const struct json *j, const char *path)
{
	char copy[128], *save, *p;

	snprintf(copy, sizeof(copy), "%s", path);
	for (p = strtok_r(copy, ".", &save); p; p = strtok_r(NULL, ".", &save)) {
		if (!json_is(j, JSON_ARRAY)) {
			j = json_get(j, p);
			continue;
		}
		j = json_first(j);
		for (int i = atoi(p); i; i--)
			j = json_next(j);
	}
	return j;
}

static char *dump(const struct json *j, const char *path)
{
	struct json_out o = JSON_OUT_INIT;
	char *text;
	size_t len;

	ck_assert_msg(at(j, path) != NULL, "%s is not there", path);
	json_value(&o, NULL, at(j, path));
	ck_assert_int_eq(json_out_take(&o, &text, &len), 0);
	return text;
}

static void is(const struct json *j, const char *path, const char *wanted)
{
	char *text = dump(j, path);

	ck_assert_str_eq(text, wanted);
	free(text);
}

static void alike(const struct json *j, const char *a, const char *b)
{
	char *text = dump(j, b);

	is(j, a, text);
	free(text);
}

static void there_are(const struct json *j, const char *path, unsigned n)
{
	ck_assert_msg(at(j, path) && at(j, path)->len == n, "%s", path);
}

START_TEST(defaults_are_those_of_an_unprivileged_container)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	const struct json *j;
	struct json_doc doc;

	w.rootfs = "/srv/root";
	j = built(&w, &doc);
	is(j, "root.path", "\"/srv/root\"");
	is(j, "root.readonly", "false");
	is(j, "process.args", "[\"sh\"]");
	is(j, "process.cwd", "\"/\"");
	is(j, "process.env",
	   "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]");
	is(j, "hostname", "\"c1\"");
	there_are(j, "process.capabilities.bounding", 14);
	alike(j, "process.capabilities.bounding", "process.capabilities.effective");
	alike(j, "process.capabilities.bounding", "process.capabilities.permitted");
	ck_assert_ptr_null(at(j, "process.capabilities.inheritable"));
	ck_assert_ptr_null(at(j, "process.capabilities.ambient"));
	there_are(j, "linux.namespaces", 6);
	there_are(j, "mounts", 7);
	is(j, "linux.resources.devices.0", "{\"allow\":false,\"access\":\"rwm\"}");
	ck_assert_ptr_null(at(j, "linux.resources.memory"));
	ck_assert_ptr_null(at(j, "linux.resources.cpu"));
	ck_assert_ptr_null(at(j, "linux.resources.pids"));
	ck_assert_ptr_null(at(j, "process.rlimits"));
	ck_assert_ptr_null(at(j, "process.terminal"));
	forget(&doc);
}
END_TEST

START_TEST(options_are_written)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	const struct json *j;
	struct json_doc doc;

	w.rootfs = "/r";
	w.args = LIST("echo", "a \"b\"\n");
	w.env = LIST("A=1", "PATH=/x", "A=2", "AB=3");
	w.workdir = "/tmp";
	w.user = "1000:2147483647";
	w.hostname = "host";
	w.volumes = LIST("/h:/a/b:ro", "/i://a/", "/j:/dev/shm:rw");
	w.ulimits = LIST("nofile=100:200", "core=-1", "nofile=300");
	w.mem_bytes = 64 << 20;
	w.cpu_milli = 1500;
	w.pids_limit = 33;
	w.flags = GANTRY_CREATE_READ_ONLY;
	j = built(&w, &doc);
	is(j, "process.args", "[\"echo\",\"a \\\"b\\\"\\n\"]");
	is(j, "process.env", "[\"PATH=/x\",\"A=2\",\"AB=3\"]");
	is(j, "process.cwd", "\"/tmp\"");
	is(j, "process.user", "{\"uid\":1000,\"gid\":2147483647}");
	/* execve would take them from a user other than root */
	ck_assert_ptr_null(at(j, "process.capabilities.effective"));
	there_are(j, "process.capabilities.bounding", 14);
	is(j, "hostname", "\"host\"");
	is(j, "root.readonly", "true");
	/* /dev/shm gives way to the volume; shallow ones come first */
	there_are(j, "mounts", 6 + 3);
	is(j, "mounts.6", "{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"/i\",\"options\":"
	      "[\"rbind\",\"rprivate\"]}");
	is(j, "mounts.7", "{\"destination\":\"/a/b\",\"type\":\"bind\",\"source\":\"/h\","
		  "\"options\":"
	      "[\"rbind\",\"rprivate\",\"ro\"]}");
	is(j, "mounts.8.destination", "\"/dev/shm\"");
	is(j, "process.rlimits.0", "{\"type\":\"RLIMIT_NOFILE\",\"hard\":300,\"soft\":300}");
	is(j, "process.rlimits.1.type", "\"RLIMIT_CORE\"");
	is(j, "linux.resources.memory", "{\"limit\":67108864}");
	is(j, "linux.resources.cpu", "{\"quota\":150000,\"period\":100000}");
	is(j, "linux.resources.pids", "{\"limit\":33}");
	forget(&doc);
}
END_TEST

static void caps_are(const char *const *add, const char *const *drop, const char *wanted)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	const struct json *j;
	struct json_doc doc;

	w.rootfs = "/r";
	w.cap_add = add;
	w.cap_drop = drop;
	j = built(&w, &doc);
	is(j, "process.capabilities.bounding", wanted);
	forget(&doc);
}

START_TEST(capabilities_are_added_and_dropped_as_docker_does)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	unsigned have = 0;
	const struct json *j;
	struct json_doc doc;

	caps_are(NULL, LIST("ALL"), "[]");
	caps_are(LIST("NET_ADMIN", "cap_kill"), LIST("all"), "[\"CAP_KILL\",\"CAP_NET_ADMIN\"]");
	caps_are(LIST("SYS_TIME"),
		 LIST("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID",
		      "SETUID", "SETFCAP", "SETPCAP", "SYS_CHROOT", "KILL"),
		 "[\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_TIME\",\"CAP_AUDIT_WRITE\"]");
	for (int i = 0; i < 64; i++)
		have += prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
	w.rootfs = "/r";
	w.cap_add = LIST("ALL");
	w.cap_drop = LIST("CHOWN");
	j = built(&w, &doc);
	there_are(j, "process.capabilities.bounding", have - 1);
	forget(&doc);
}
END_TEST

START_TEST(a_long_id_becomes_a_hostname_that_the_kernel_takes)
{
	struct gantry_create w = GANTRY_CREATE_INIT;
	struct gantry_err err;
	char id[101], *text;
	size_t len;
	struct spec s;

	memset(id, 'x', 100);
	id[100] = '\0';
	w.rootfs = "/r";
	ck_assert_int_eq(build_spec(&w, id, &text, &len, &err), 0);
	ck_assert_int_eq(spec_parse("config.json", text, len, &s, &err), 0);
	ck_assert_uint_eq(strlen(s.hostname), 64);
	spec_done(&s);
}
END_TEST

#define CASE(field, value, words) \
	{ { sizeof(struct gantry_create), .rootfs = "/r", .field = value }, words }

static const struct {
	struct gantry_create w;
	const char *words;
} bad[] = {
	{ { sizeof(struct gantry_create), .rootfs = "r" }, "rootfs: has to be an absolute path" },
	{ { sizeof(struct gantry_create) }, "rootfs: has to be" },
	CASE(args, LIST(""), "args: there is no command"),
	CASE(env, LIST("A=1", "B"), "env: \"B\" is not of the form NAME=VALUE"),
	CASE(env, LIST("=1"), "env: \"=1\""),
	CASE(workdir, "tmp", "workdir: \"tmp\" is not an absolute path"),
	CASE(user, "www-data", "user: \"www-data\" is not uid[:gid]: a name needs an image"),
	CASE(user, "0:adm", "a name needs an image"),
	CASE(user, "", "user: \"\""),
	CASE(user, "1:", "user: \"1:\""),
	CASE(user, ":1", "user: \":1\""),
	CASE(user, "1:2:3", "user:"),
	CASE(user, "-1", "user: \"-1\""),
	CASE(user, "+1", "user:"),
	CASE(user, " 1", "user:"),
	CASE(user, "0x1", "user:"),
	CASE(user, "1e3", "user:"),
	CASE(user, "2147483648", "user: \"2147483648\" is beyond 2147483647"),
	CASE(user, "4294967296", "user: \"4294967296\" is beyond"),
	CASE(user, "18446744073709551616", "user:"),
	CASE(user, "0:4294967295", "beyond"),
	CASE(hostname, "", "hostname: is empty"),
	CASE(hostname, "a b", "hostname: \"a b\" has blanks"),
	CASE(hostname, "01234567890123456789012345678901234567890123456789012345678901234",
	     "hostname: is longer than 64"),
	CASE(volumes, LIST("data:/x"), "volume: \"data:/x\" does not begin with an absolute path"),
	CASE(volumes, LIST("/x"), "volume: \"/x\" is not of the form HOSTDIR:DIR[:ro|rw]"),
	CASE(volumes, LIST("/x:y"), "volume: the second path of \"/x:y\""),
	CASE(volumes, LIST("/x:/y/../z"), "volume: the second path"),
	CASE(volumes, LIST("/x:/"), "volume: \"/x:/\" would hide the whole root"),
	CASE(volumes, LIST("/x:/y:z"), "volume: \"/x:/y:z\" has an option other than ro and rw"),
	CASE(volumes, LIST("/x:/y:ro:rw"), "volume:"),
	CASE(volumes, LIST("/x:/y", "/z:/y/"), "volume: two are mounted at \"/y\""),
	CASE(cap_add, LIST("FLY"), "cap-add: \"FLY\" is no capability"),
	CASE(cap_drop, LIST("KILL", ""), "cap-drop: \"\" is no capability"),
	CASE(ulimits, LIST("nofile"), "ulimit: \"nofile\" is not NAME=SOFT[:HARD]"),
	CASE(ulimits, LIST("fish=1"), "ulimit: \"fish=1\""),
	CASE(ulimits, LIST("nofile=a"), "ulimit:"),
	CASE(ulimits, LIST("nofile=1:"), "ulimit:"),
	CASE(ulimits, LIST("nofile=2:1"), "soft limit above"),
	CASE(ulimits, LIST("nofile=99999999999999999999"), "ulimit:"),
	CASE(mem_bytes, UINT64_MAX, "memory: 18446744073709551615 bytes"),
	CASE(cpu_milli, 9, "cpus: has to be between 0.01"),
	CASE(cpu_milli, UINT64_MAX, "cpus:"),
	CASE(pids_limit, -2, "pids-limit:"),
};

START_TEST(wrong_options_are_refused_by_name)
{
	struct gantry_err err = { 0 };
	char *text = (char *)&err;
	size_t len = 7;

	ck_assert_int_eq(build_spec(&bad[_i].w, "id", &text, &len, &err), -EINVAL);
	ck_assert_msg(strstr(err.msg, bad[_i].words) != NULL, "%s", err.msg);
	ck_assert(text == (char *)&err && len == 7);
}
END_TEST

/*
 * runc is in the tests' packages: its own file is the oracle, jq the judge. Two settings bear the
 * name of who writes: the version of its specification and the hostname.
 */
START_TEST(the_default_spec_is_that_of_runc)
{
	char dir[] = "/tmp/gantry-build-XXXXXX", command[400], path[64];
	struct gantry_err err = { 0 };
	struct spec s;
	char *text;
	size_t len;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(build_default_spec(&text, &len, &err), 0);
	snprintf(path, sizeof(path), "%s/ours.json", dir);
	f = fopen(path, "w");
	ck_assert(f && fwrite(text, 1, len, f) == len && fclose(f) == 0);
	snprintf(command, sizeof(command),
		 "cd %s && runc spec && for f in ours config; do jq -S 'del(.ociVersion,"
		" .hostname)' "
		 "$f.json >$f || exit; done && diff config ours && test $(wc -l <ours) -gt 100; "
		 "r=$?; rm -r %s; exit $r", dir, dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(spec_parse("config.json", text, len, &s, &err), 0);
	spec_done(&s);
}
END_TEST

Suite *build_suite(void)
{
	Suite *s = suite_create("oci/build");
	TCase *t = tcase_create("build");

	tcase_add_test(t, defaults_are_those_of_an_unprivileged_container);
	tcase_add_test(t, options_are_written);
	tcase_add_test(t, capabilities_are_added_and_dropped_as_docker_does);
	tcase_add_test(t, a_long_id_becomes_a_hostname_that_the_kernel_takes);
	tcase_add_loop_test(t, wrong_options_are_refused_by_name, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, the_default_spec_is_that_of_runc);
	suite_add_tcase(s, t);
	return s;
}
