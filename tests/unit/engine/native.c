/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that gantry-oci's own command line has made in the engine's state
 * directory: seen, and nobody knows their code.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/container.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char tmp[64];
static struct gantry_engine *engine;
static struct gantry_op op;

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

/* False: this host has not what it takes. */
static bool use(void)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	char root[80], run[80];

	if (geteuid() != 0 || !getenv("GANTRY_OCI") || access("/bin/busybox", X_OK) < 0)
		return false;
	ck_assert_int_eq(sh("cd %s && mkdir -p rootfs/bin rootfs/proc rootfs/sys rootfs/dev && cp "
			    "/bin/busybox rootfs/bin && "
			    "ln -s busybox rootfs/bin/sleep && $GANTRY_OCI spec && "
			    "sed -i 's/\"terminal\": *true/\"terminal\": false/; "
			    "s/\"sh\"/\"sleep\", \"1000\"/' config.json",
			    tmp),
			 0);
	snprintf(root, sizeof(root), "%s/root", tmp);
	snprintf(run, sizeof(run), "%s/run", tmp);
	o.root = root;
	o.run = run;
	op = (struct gantry_op)GANTRY_OP_INIT;
	ck_assert_int_eq(gantry_engine_open("native", &o, &engine, &op), 0);
	return true;
}

static int oci(const char *what)
{
	return sh("$GANTRY_OCI --root %s/run/oci %s < /dev/null > /dev/null 2>&1", tmp, what);
}

static void create(const char *id)
{
	ck_assert_int_eq(sh("$GANTRY_OCI --root %s/run/oci create --bundle %s %s < /dev/null > "
			    "/dev/null 2>&1",
			    tmp, tmp, id),
			 0);
}

static void setup(void)
{
	strcpy(tmp, "/tmp/native-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
}

static void teardown(void)
{
	if (engine) {
		oci("delete --force nt-1");
		oci("delete --force nt-2");
	}
	gantry_engine_close(engine);
	engine = NULL;
	ck_assert_int_eq(sh("rm -rf --one-file-system %s", tmp), 0);
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

START_TEST(one_made_by_the_runtimes_command_line_is_seen_and_has_no_owner)
{
	struct gantry_container **list = NULL;

	if (!use())
		return;
	create("nt-1");
	ck_assert_int_eq(gantry_container_list(engine, &list, &op), 1);
	ck_assert_str_eq(list[0]->id, "nt-1");
	ck_assert_str_eq(list[0]->name, "nt-1");
	ck_assert_str_eq(list[0]->owner, "");
	ck_assert_str_eq(list[0]->bundle, tmp);
	ck_assert_int_eq(list[0]->state, GANTRY_STATE_CREATED);
	ck_assert_int_gt(list[0]->pid, 0);
	ck_assert_uint_gt(list[0]->created_ns, 0);
	gantry_container_list_free(list);
	ck_assert_int_eq(state("nt"), GANTRY_STATE_CREATED);
	create("nt-2");
	ck_assert_int_eq(state("nt"), -ENOTUNIQ);
	/* not ours: clean leaves it alone */
	ck_assert_int_eq(gantry_engine_clean(engine, &op), 0);
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_CREATED);
}
END_TEST

START_TEST(it_lives_the_same_life_but_nobody_knows_its_code)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;

	if (!use())
		return;
	create("nt-1");
	ck_assert_int_eq(gantry_container_wait(engine, "nt-1", &x, &op), -EBUSY);
	ck_assert_int_eq(gantry_container_start(engine, "nt-1", &op), 0);
	ck_assert_int_eq(gantry_container_start(engine, "nt-1", &op), -EBUSY);
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(gantry_container_pause(engine, "nt-1", &op), 0);
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_PAUSED);
	ck_assert_int_eq(gantry_container_resume(engine, "nt-1", &op), 0);
	op.timeout_us = 100000;
	ck_assert_int_eq(gantry_container_wait(engine, "nt-1", &x, &op), -ETIMEDOUT);
	op.timeout_us = 0;
	ck_assert_int_eq(gantry_container_delete(engine, "nt-1", 0, &op), -EBUSY);
	ck_assert_int_eq(gantry_container_kill(engine, "nt-1", SIGKILL, 0, &op), 0);
	x.code = 0;
	ck_assert_int_eq(gantry_container_wait(engine, "nt-1", &x, &op), 0);
	ck_assert_int_eq(x.code, -1);
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_STOPPED);
	ck_assert_int_eq(gantry_container_delete(engine, "nt-1", 0, &op), 0);
	ck_assert_int_eq(state("nt-1"), -ENOENT);
}
END_TEST

START_TEST(its_name_is_taken_for_ours_too)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	if (!use())
		return;
	create("nt-1");
	w.name = "nt-1";
	w.bundle = tmp;
	ck_assert_int_eq(gantry_container_create(engine, &w, NULL, &op), -EEXIST);
	/* the failure has not touched the other one, and left no record */
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_CREATED);
	ck_assert_int_eq(sh("test -z \"$(find %s/root -name nt-1)\"", tmp), 0);
	ck_assert_int_eq(gantry_container_run(engine, &w, NULL, NULL, NULL, &op), -EEXIST);
	ck_assert_int_eq(state("nt-1"), GANTRY_STATE_CREATED);
}
END_TEST

START_TEST(a_damaged_state_is_unknown_and_force_removes_it)
{
	struct gantry_container **list = NULL;

	if (!use())
		return;
	create("nt-1");
	ck_assert_int_eq(sh("sed 's/.*\"cgroup\":\"\\([^\"]*\\)\".*/\\1/' "
			    "%s/run/oci/nt-1/state.json > %s/cgroup && "
			    "test -n \"$(find /sys/fs/cgroup -type d "
			    "-path \"*$(cat %s/cgroup)\")\"",
			    tmp, tmp, tmp),
			 0);
	ck_assert_int_eq(sh("echo junk > %s/run/oci/nt-1/state.json", tmp), 0);
	ck_assert_int_eq(gantry_container_list(engine, &list, &op), 1);
	ck_assert_int_eq(list[0]->state, GANTRY_STATE_UNKNOWN);
	gantry_container_list_free(list);
	ck_assert_int_eq(gantry_container_delete(engine, "nt-1", 0, &op), -EBADMSG);
	ck_assert_int_eq(gantry_container_delete(engine, "nt-1", GANTRY_DELETE_FORCE, &op), 0);
	ck_assert_int_eq(state("nt-1"), -ENOENT);
	/* those of this test alone: the state directory is in the name */
	ck_assert_int_eq(sh("test -z \"$(find /sys/fs/cgroup -type d "
			    "-path \"*$(cat %s/cgroup)\")\"",
			    tmp),
			 0);
}
END_TEST

Suite *native_suite(void);
Suite *native_suite(void)
{
	Suite *s = suite_create("native");
	TCase *t = tcase_create("native");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_made_by_the_runtimes_command_line_is_seen_and_has_no_owner);
	tcase_add_test(t, it_lives_the_same_life_but_nobody_knows_its_code);
	tcase_add_test(t, its_name_is_taken_for_ours_too);
	tcase_add_test(t, a_damaged_state_is_unknown_and_force_removes_it);
	suite_add_tcase(s, t);
	return s;
}
