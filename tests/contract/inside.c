/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for is really in effect, seen from inside the container. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(environment_workdir_and_hostname_are_in_effect)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.env = LIST("ONE=1", "TWO=a b=c", "EMPTY=");
	w.workdir = "/tmp";
	w.hostname = "harbour";
	o = script_output(w, "echo \"$ONE|$TWO|${EMPTY-unset}|$(pwd)|$(hostname)|${PATH:+path}\"");
	ck_assert_str_eq(o.out, "1|a b=c||/tmp|harbour|path\n");
}
END_TEST

START_TEST(the_command_is_taken_word_by_word)
{
	struct gantry_create w = what(LIST("echo", "a  b", "", "$HOME", "\"q\"", "*"));
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_str_eq(o.out, "a  b  $HOME \"q\" *\n");
	drop(o.id);
}
END_TEST

START_TEST(the_user_is_the_one_asked_for)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.user = "1000:1001";
	o = script_output(w, "id -u; id -g; grep CapEff /proc/self/status");
	ck_assert_str_eq(o.out, "1000\n1001\nCapEff:\t0000000000000000\n");
}
END_TEST

START_TEST(without_a_user_it_is_root_with_few_capabilities)
{
	clean_outcome struct outcome o = { 0 };
	unsigned long long caps;

	NEEDS_PROGRAMS;
	o = script_output(what(NULL), "id -u >&2; grep CapEff /proc/self/status | cut -f 2");
	ck_assert_str_eq(o.err, "0\n");
	caps = strtoull(o.out, NULL, 16);
	ck_assert_msg(!(caps & (1ull << 21)), "CAP_SYS_ADMIN is there: %s", o.out);
}
END_TEST

START_TEST(capabilities_are_added_and_dropped)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };
	unsigned long long caps;

	NEEDS_PROGRAMS;
	w.cap_add = LIST("NET_ADMIN");
	w.cap_drop = LIST("CAP_KILL");
	o = script_output(w, "grep CapEff /proc/self/status | cut -f 2");
	caps = strtoull(o.out, NULL, 16);
	ck_assert_msg(caps & (1ull << 12), "no NET_ADMIN in %s", o.out);
	ck_assert_msg(!(caps & (1ull << 5)), "KILL is in %s", o.out);
}
END_TEST

START_TEST(a_read_only_root_cannot_be_written)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.flags = GANTRY_CREATE_READ_ONLY;
	o = script_output(w, "touch /x 2>&1 || echo refused");
	ck_assert_ptr_nonnull(strstr(o.out, "refused"));
	ck_assert_ptr_nonnull(strstr(o.out, "ead-only"));
}
END_TEST

START_TEST(volumes_are_the_hosts_directories)
{
	struct gantry_create w = what(NULL);
	char dir[256], rw[300], ro[300], file[300];
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	scratch(dir, sizeof(dir));
	snprintf(rw, sizeof(rw), "%s:/data", dir);
	snprintf(ro, sizeof(ro), "%s:/fixed:ro", dir);
	snprintf(file, sizeof(file), "%s/from-inside", dir);
	w.volumes = LIST(rw, ro);
	o = script_output(w, "echo hi > /data/from-inside; cat /fixed/from-inside; "
			     "touch /fixed/x 2>/dev/null || echo refused");
	ck_assert_str_eq(o.out, "hi\nrefused\n");
	ck_assert_int_eq(access(file, F_OK), 0);
}
END_TEST

START_TEST(a_memory_limit_is_enforced)
{
	struct gantry_create w =
		what(LIST("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"));
	clean_container struct gantry_container *c = NULL;
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.mem_bytes = 32 << 20;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_msg(o.x.code == 137, "exit %d: %s", o.x.code, o.err);
	OK(gantry_container_get(engine, o.id, &c, &op));
	ck_assert_int_eq(c->exit_code, 137);
	drop(o.id);
}
END_TEST

START_TEST(death_for_memory_is_told)
{
	struct gantry_create w =
		what(LIST("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"));
	char id[GANTRY_ID_SIZE];

	NEEDS_PROGRAMS;
	w.mem_bytes = 32 << 20;
	run_detached(&w, id);
	ck_assert_int_eq(wait_for(id).code, 137);
	if (is_podman()) /* 4.3 says OOMKilled: false */
		left_out("n/a", __func__, "podman does not tell");
	else
		ck_assert_int_eq(wait_for(id).oom, 1);
	drop(id);
}
END_TEST

START_TEST(a_limit_of_processes_is_enforced)
{
	struct gantry_create w = what(
		LIST("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 2 & done; wait; exit 0"));
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.pids_limit = 5;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s", op.err.msg);
	ck_assert_ptr_nonnull(strstr(o.err, "fork"));
	drop(o.id);
}
END_TEST

START_TEST(a_cpu_limit_is_enforced)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };
	unsigned long long begin;

	NEEDS_PROGRAMS;
	w.cpu_milli = 100;
	/* busy for 2 to 3 s by the clock: that gets it 300 ms of CPU, and not 2000 */
	begin = now_us();
	o = script_output(w, "end=$(( $(cut -d. -f1 /proc/uptime) + 3 )); "
			     "while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do :; done; "
			     "awk '{print ($14+$15+$16+$17)*10}' /proc/1/stat");
	ck_assert_uint_ge(now_us() - begin, 1900000);
	ck_assert_msg(atoi(o.out) < 1000, "%s ms of CPU in 3 s with a tenth of one", o.out);
}
END_TEST

START_TEST(ulimits_are_in_effect)
{
	struct gantry_create w = what(NULL);
	clean_outcome struct outcome o = { 0 };

	NEEDS_PROGRAMS;
	w.ulimits = LIST("nofile=100:200");
	w.args = LIST("true");
	if (is_podman() && gantry_container_run(engine, &w, NULL, NULL, NULL, &op) < 0 &&
	    strstr(op.err.msg, "RLIMIT_NPROC"))
		SKIP("podman asks for more processes than this host grants");
	o = script_output(w, "ulimit -Sn; ulimit -Hn");
	ck_assert_str_eq(o.out, "100\n200\n");
}
END_TEST

START_TEST(it_has_namespaces_of_its_own)
{
	clean_outcome struct outcome o = { 0 };
	char mine[64] = "";

	NEEDS_PROGRAMS;
	o = script_output(what(NULL), "readlink /proc/self/ns/mnt; echo $$");
	ck_assert_int_gt((int)readlink("/proc/self/ns/mnt", mine, sizeof(mine) - 1), 0);
	ck_assert_ptr_null(strstr(o.out, mine));
	ck_assert_ptr_nonnull(strstr(o.out, "\n1\n"));
}
END_TEST

TCase *inside_tests(void)
{
	TCase *t = tcase_create("inside");

	tcase_add_test(t, environment_workdir_and_hostname_are_in_effect);
	tcase_add_test(t, the_command_is_taken_word_by_word);
	tcase_add_test(t, the_user_is_the_one_asked_for);
	tcase_add_test(t, without_a_user_it_is_root_with_few_capabilities);
	tcase_add_test(t, capabilities_are_added_and_dropped);
	tcase_add_test(t, a_read_only_root_cannot_be_written);
	tcase_add_test(t, volumes_are_the_hosts_directories);
	tcase_add_test(t, a_memory_limit_is_enforced);
	tcase_add_test(t, death_for_memory_is_told);
	tcase_add_test(t, a_limit_of_processes_is_enforced);
	tcase_add_test(t, a_cpu_limit_is_enforced);
	tcase_add_test(t, ulimits_are_in_effect);
	tcase_add_test(t, it_has_namespaces_of_its_own);
	return t;
}
