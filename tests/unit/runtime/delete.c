/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete refuses what has not stopped; by force it ends anything, whatever is left of its record.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "container/control.h"
#include "kernel/cgroup.h"
#include "kernel/pidfd.h"

#define words(what)                                                                                \
	ck_assert_msg(strstr(box_err.msg, what), "`%s` is not in: %s", what, box_err.msg)

static const struct box_conf sleeper = { .args = "[\"sleep\",\"100\"]" };

static int cgroups_of(const char *id)
{
	char part[64];

	snprintf(part, sizeof(part), "%s@", id);
	return box_cgroups(part);
}

START_TEST(only_what_has_stopped_goes_without_force)
{
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("gone-a", &sleeper, &i), 0);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", false, &box_err), -EBUSY);
	words("container gone-a is created, not stopped");
	ck_assert_int_eq(runtime_start(box_root, "gone-a", &box_err), 0);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", false, &box_err), -EBUSY);
	words("running");
	ck_assert_int_eq(state_read(box_root, "gone-a", &s, &box_err), 0);
	ck_assert_int_eq(control_pause(&s, &box_err), 0);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", false, &box_err), -EBUSY);
	words("paused");
	ck_assert_int_eq(control_resume((s.status = GANTRY_STATE_PAUSED, &s), &box_err), 0);
	ck_assert_int_eq(pidfd_signal(i.pidfd, SIGKILL), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 1000), 1);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", false, &box_err), 0);
	ck_assert_int_eq(cgroups_of("gone-a"), 0);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", false, &box_err), -ENOENT);
	ck_assert_int_eq(runtime_delete(box_root, "gone-a", true, &box_err), -ENOENT);
	box_reap(&i);
}
END_TEST

START_TEST(force_ends_every_state)
{
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	ck_assert_int_eq(box_create("forced", &sleeper, &i), 0);
	if (_i / VIEWS >= 1)
		ck_assert_int_eq(runtime_start(box_root, "forced", &box_err), 0);
	if (_i / VIEWS == 2) {
		ck_assert_int_eq(state_read(box_root, "forced", &s, &box_err), 0);
		ck_assert_int_eq(control_pause(&s, &box_err), 0);
	}
	ck_assert_int_eq(runtime_delete(box_root, "forced", true, &box_err), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 0), 1);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(cgroups_of("forced"), 0);
	ck_assert_int_eq(box_states(), 0);
}
END_TEST

/* Whether somebody sleeps for that long; looks again for a second while nobody does, if `wait`. */
static bool sleeps(int seconds, bool wait)
{
	for (int n = 0; n < (wait ? 100 : 1); n++) {
		if (box_sh("grep -lsz '^%d$' /proc/[0-9]*/cmdline | grep -q .", seconds) == 0)
			return true;
		usleep(wait ? 10000 : 0);
	}
	return false;
}

START_TEST(what_init_left_running_goes_by_force)
{
	struct runtime_init i = RUNTIME_INIT;
	int seconds = 10000000 + (int)getpid();
	char script[96];

	if (!box_open((enum box_view)_i))
		return;
	snprintf(script, sizeof(script), "sleep %d & sleep %d & exit 0", seconds, seconds);
	/* the host's pid namespace: children outlive init */
	ck_assert_int_eq(
		box_create("left",
			   &(struct box_conf){ .script = script,
					       .namespaces =
						       "{\"type\":\"mount\"},{\"type\":\"uts\"},{"
						       "\"type\":\"ipc\"},{\"type\":\"network\"}" },
			   &i),
		0);
	ck_assert_int_eq(runtime_start(box_root, "left", &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 0);
	ck_assert_int_eq(box_status("left"), GANTRY_STATE_STOPPED);
	ck_assert(sleeps(seconds, true));
	ck_assert_int_eq(runtime_delete(box_root, "left", false, &box_err), -EBUSY);
	words("still has processes");
	ck_assert(sleeps(seconds, true));
	ck_assert_int_eq(runtime_delete(box_root, "left", true, &box_err), 0);
	ck_assert(!sleeps(seconds, false));
	ck_assert_int_eq(cgroups_of("left"), 0);
}
END_TEST

START_TEST(cgroups_made_inside_go_too)
{
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("nested", &sleeper, &i), 0);
	ck_assert_int_eq(runtime_start(box_root, "nested", &box_err), 0);
	ck_assert_int_eq(state_read(box_root, "nested", &s, &box_err), 0);
	/*
	 * in each hierarchy, with a process of the container in the deepest where the hierarchy
	 * lets it in
	 */
	ck_assert_int_eq(box_sh("for h in /sys/fs/cgroup /sys/fs/cgroup/*; do d=$h%s; test -e "
				"$d/cgroup.procs || continue; mkdir -p $d/a/b/c $d/a/d; "
				"echo %d > $d/a/b/c/cgroup.procs 2>/dev/null; done; true",
				s.cgroup, (int)i.pid),
			 0);
	ck_assert_int_gt(cgroups_of("nested"), 0);
	ck_assert_int_eq(runtime_delete(box_root, "nested", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(cgroups_of("nested"), 0);
}
END_TEST

static const char *const damages[] = {
	"rm %s/%s/state.json",
	": > %s/%s/state.json",
	"f=%s/%s/state.json; n=$(stat -c %%s $f); truncate -s $((n / 2)) $f",
	"head -c 300 /dev/urandom > %s/%s/state.json",
	/* a digit of the cgroup's path: still JSON, another cgroup */
	"sed -i 's|/gantry|/hantry|' %s/%s/state.json",
	"sed -i 's|\"version\":1|\"version\":9|' %s/%s/state.json",
	"rm %s/%s/state.json && mkdir %s/%s/state.json",
	"rm %s/%s/state.json && mkfifo %s/%s/state.json",
	"rm -f %s/%s/start",
};
enum { DAMAGES = sizeof(damages) / sizeof(*damages) };

/* Loops over damages, kinds of host, and whether the spec named the cgroup itself. */
START_TEST(a_damaged_record_is_recovered_by_id)
{
	int damage = _i / (2 * VIEWS);
	bool custom = _i / VIEWS % 2;
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };
	char conf[128], cmd[512];
	int r;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	snprintf(conf, sizeof(conf), "\"cgroupsPath\":\"/gantry-test/custom@%s\"",
		 box_dir + strlen("/tmp/box-"));
	ck_assert_int_eq(box_create("hurt",
				    &(struct box_conf){ .args = "[\"sleep\",\"100\"]",
							.linux_ = custom ? conf : NULL },
				    &i),
			 0);
	ck_assert_int_eq(runtime_start(box_root, "hurt", &box_err), 0);
	ck_assert_int_eq(box_sh(damages[damage], box_root, "hurt", box_root, "hurt"), 0);
	r = state_read(box_root, "hurt", &s, &box_err);
	if (damage == DAMAGES - 1)
		ck_assert_int_eq(s.status,
				 GANTRY_STATE_RUNNING); /* the FIFO is not needed any more */
	else
		ck_assert_int_eq(r, -EBADMSG);
	ck_assert_str_eq(s.id, "hurt");
	if (r < 0)
		ck_assert_int_eq(runtime_delete(box_root, "hurt", false, &box_err), -EBADMSG);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 0), 0);
	ck_assert_int_eq(runtime_delete(box_root, "hurt", true, &box_err), 0);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 0), 1);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(cgroups_of("hurt"), 0);
	snprintf(cmd, sizeof(cmd), "custom@%s", box_dir + strlen("/tmp/box-"));
	ck_assert_int_eq(box_cgroups(cmd), 0);
	ck_assert_int_eq(box_states(), 0);
}
END_TEST

/* linux members that name the cgroup; its name, under which box_cgroups() finds it. */
static const char *custom(const char **ret_name)
{
	static char conf[128], name[64];

	snprintf(name, sizeof(name), "custom@%s", box_dir + strlen("/tmp/box-"));
	snprintf(conf, sizeof(conf), "\"cgroupsPath\":\"/gantry-test/%s\"", name);
	*ret_name = name;
	return conf;
}

/* By hand; they may be busy for a moment after the last process was reaped. */
static void remove_cgroups(const char *name)
{
	for (int n = 0; n < 100 && box_cgroups(name); n++) {
		(void)box_sh("rmdir /sys/fs/cgroup/gantry-test/%s /sys/fs/cgroup/*/gantry-test/%s "
			     "2>/dev/null",
			     name, name);
		usleep(5000);
	}
	ck_assert_int_eq(box_cgroups(name), 0);
}

START_TEST(who_lives_at_the_path_of_a_stopped_one_is_spared)
{
	struct runtime_init a = RUNTIME_INIT, b = RUNTIME_INIT;
	clean_state struct state s = { 0 };
	const char *name, *conf;
	int n;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	conf = custom(&name);
	ck_assert_int_eq(box_create("one", &(struct box_conf){ .script = "exit 0", .linux_ = conf },
				    &a),
			 0);
	ck_assert_int_eq(runtime_start(box_root, "one", &box_err), 0);
	ck_assert_int_eq(box_reap(&a), 0);
	/* while it is there nobody else gets it */
	n = box_cgroups(name);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(box_create("two", &(struct box_conf){ .args = "[\"sleep\",\"100\"]",
							       .linux_ = conf }, &b),
			 -EBUSY);
	words("exists already");
	ck_assert_int_eq(box_cgroups(name), n);
	ck_assert_int_eq(box_states(), 1);
	/* and if it goes without us, what comes then is not the first's */
	remove_cgroups(name);
	ck_assert_int_eq(box_cgroups(name), 0);
	ck_assert_int_eq(box_create("two", NULL, &b), 0);
	ck_assert_int_eq(runtime_start(box_root, "two", &box_err), 0);
	ck_assert_int_eq(state_read(box_root, "one", &s, &box_err), 0);
	ck_assert_int_eq(control_kill(&s, SIGKILL, true, &box_err), -EBUSY);
	ck_assert_int_eq(runtime_delete(box_root, "one", _i / VIEWS, &box_err), 0);
	ck_assert_int_eq(pidfd_ended(b.pidfd, 20), 0);
	ck_assert_int_eq(box_status("two"), GANTRY_STATE_RUNNING);
	ck_assert_int_eq(box_cgroups(name), n);
	ck_assert_int_eq(runtime_delete(box_root, "two", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&b), 128 + SIGKILL);
	ck_assert_int_eq(box_cgroups(name), 0);
}
END_TEST

START_TEST(a_container_whose_state_is_lost_ends_by_force)
{
	struct runtime_init i = RUNTIME_INIT;

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("lost", &sleeper, &i), 0);
	ck_assert_int_eq(runtime_start(box_root, "lost", &box_err), 0);
	ck_assert_int_eq(box_sh("rm -r %s/lost", box_root), 0);
	ck_assert_int_eq(box_create("lost", &sleeper, &i), -EBUSY);
	ck_assert_int_eq(runtime_delete(box_root, "lost", false, &box_err), -ENOENT);
	ck_assert_int_eq(pidfd_ended(i.pidfd, 0), 0);
	ck_assert_int_eq(runtime_delete(box_root, "lost", true, &box_err), 0);
	ck_assert_int_eq(box_reap(&i), 128 + SIGKILL);
	ck_assert_int_eq(cgroups_of("lost"), 0);
	ck_assert_int_eq(box_states(), 0);
	ck_assert_int_eq(runtime_delete(box_root, "lost", true, &box_err), -ENOENT);
	words("container lost does not exist");
}
END_TEST

START_TEST(a_cgroup_that_nobody_knows_any_more_is_said)
{
	struct runtime_init i = RUNTIME_INIT;
	const char *name, *conf;

	if (!box_open((enum box_view)_i))
		return;
	conf = custom(&name);
	ck_assert_int_eq(box_create("hurt", &(struct box_conf){ .args = "[\"sleep\",\"100\"]",
								.linux_ = conf }, &i),
			 0);
	ck_assert_int_eq(box_sh("rm %s/hurt/*", box_root), 0);
	ck_assert_int_eq(runtime_delete(box_root, "hurt", true, &box_err), -EBADMSG);
	words("its cgroup is not known: its state is damaged");
	ck_assert_int_eq(box_create("hurt", NULL, &i), -EEXIST);
	ck_assert_int_eq(box_states(), 1);
	pidfd_kill_reap(i.pidfd);
	close(i.pidfd);
	remove_cgroups(name);
}
END_TEST

/*
 * A creator that died after its record and before its marks: what it made goes, who came to that
 * path since stays.
 */
START_TEST(what_a_killed_creator_had_just_made_goes_and_a_stranger_stays)
{
	struct runtime_init i = RUNTIME_INIT;
	clean_state struct state s = { 0 };
	const char *name, *conf;
	bool stranger = _i / VIEWS;
	char dir[160];
	int fd;

	if (!box_open((enum box_view)(_i % VIEWS)))
		return;
	conf = custom(&name);
	ck_assert_int_eq(box_create("half", &(struct box_conf){ .args = "[\"sleep\",\"100\"]",
								.linux_ = conf }, &i),
			 0);
	ck_assert_int_eq(state_read(box_root, "half", &s, &box_err), 0);
	snprintf(dir, sizeof(dir), "%s/half", box_root);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	free(s.marks);
	s.marks = NULL;
	s.phase = STATE_CREATING;
	s.pid = 0;
	s.creator = 0x3fffffff;
	ck_assert_int_eq(state_write(fd, &s, NULL, &box_err), 0);
	ck_assert_int_eq(unlinkat(fd, STATE_CGROUP, 0), 0);
	close(fd);
	if (!stranger) {
		clean_cgroup struct cgroup c = CGROUP_INIT;

		pidfd_kill_reap(i.pidfd);
		ck_assert_int_eq(cgroup_open(&c, s.cgroup, NULL), 0);
		for (int n = 0; n < 100 && cgroup_populated(&c); n++)
			usleep(5000);
	}
	ck_assert_int_eq(runtime_delete(box_root, "half", true, &box_err), 0);
	ck_assert_int_eq(box_states(), 0);
	if (stranger) {
		ck_assert_int_eq(pidfd_ended(i.pidfd, 20), 0);
		ck_assert_int_gt(box_cgroups(name), 0);
		pidfd_kill_reap(i.pidfd);
		remove_cgroups(name);
	}
	ck_assert_int_eq(box_cgroups(name), 0);
	close(i.pidfd);
}
END_TEST

START_TEST(the_same_id_under_another_root_is_another_container)
{
	struct runtime_init i = RUNTIME_INIT;
	char other[160];

	if (!box_open((enum box_view)_i))
		return;
	ck_assert_int_eq(box_create("twin", &sleeper, &i), 0);
	/* an unreadable record under a second root: recovering it must not touch the first's */
	snprintf(other, sizeof(other), "%s/other", box_dir);
	ck_assert_int_eq(box_sh("mkdir -p %s/twin && echo junk > %s/twin/state.json", other, other),
			 0);
	ck_assert_int_eq(runtime_delete(other, "twin", true, &box_err), 0);
	ck_assert_int_eq(box_status("twin"), GANTRY_STATE_CREATED);
	ck_assert_int_eq(runtime_delete(box_root, "twin", true, &box_err), 0);
	box_reap(&i);
}
END_TEST

START_TEST(what_another_process_works_on_is_left_alone)
{
	struct runtime_init i = RUNTIME_INIT;
	char path[160];
	int fd;

	if (!box_open(VIEW_HOST))
		return;
	ck_assert_int_eq(box_create("held", &sleeper, &i), 0);
	snprintf(path, sizeof(path), "%s/held", box_root);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(runtime_delete(box_root, "held", true, &box_err), -EAGAIN);
	words("another process");
	ck_assert_int_eq(runtime_start(box_root, "held", &box_err), -EAGAIN);
	close(fd);
	ck_assert_int_eq(runtime_delete(box_root, "held", true, &box_err), 0);
	box_reap(&i);
}
END_TEST

START_TEST(creators_and_deleters_of_one_id_come_to_an_end)
{
	pid_t pids[4];

	if (!box_open(VIEW_HOST))
		return;
	box_write(&sleeper);
	for (int k = 0; k < 4; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			for (int n = 0; n < 15; n++) {
				struct runtime_init i = RUNTIME_INIT;
				int r = k < 2 ? box_create("race", NULL, &i)
					      : runtime_delete(box_root, "race", true, &box_err);

				if (r < 0 && r != -EEXIST && r != -ENOENT && r != -EAGAIN) {
					fprintf(stderr, "%d: %s\n", r, box_err.msg);
					_exit(1);
				}
			}
			_exit(0);
		}
	}
	for (int k = 0; k < 4; k++) {
		int st;

		while (waitpid(pids[k], &st, 0) < 0)
			;
		ck_assert_int_eq(st, 0);
	}
	(void)runtime_delete(box_root, "race", true, NULL);
	ck_assert_int_eq(cgroups_of("race"), 0);
	ck_assert_int_eq(box_states(), 0);
}
END_TEST

Suite *delete_suite(void);
Suite *delete_suite(void)
{
	Suite *s = suite_create("delete");
	TCase *t = tcase_create("delete");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, box_close);
	tcase_add_loop_test(t, only_what_has_stopped_goes_without_force, 0, VIEWS);
	tcase_add_loop_test(t, force_ends_every_state, 0, 3 * VIEWS);
	tcase_add_loop_test(t, what_init_left_running_goes_by_force, 0, VIEWS);
	tcase_add_loop_test(t, cgroups_made_inside_go_too, 0, VIEWS);
	tcase_add_loop_test(t, a_damaged_record_is_recovered_by_id, 0, DAMAGES * 2 * VIEWS);
	tcase_add_loop_test(t, who_lives_at_the_path_of_a_stopped_one_is_spared, 0, 2 * VIEWS);
	tcase_add_loop_test(t, a_container_whose_state_is_lost_ends_by_force, 0, VIEWS);
	tcase_add_loop_test(t, a_cgroup_that_nobody_knows_any_more_is_said, 0, VIEWS);
	tcase_add_loop_test(t, what_a_killed_creator_had_just_made_goes_and_a_stranger_stays, 0,
			    2 * VIEWS);
	tcase_add_loop_test(t, the_same_id_under_another_root_is_another_container, 0, VIEWS);
	tcase_add_test(t, what_another_process_works_on_is_left_alone);
	tcase_add_test(t, creators_and_deleters_of_one_id_come_to_an_end);
	suite_add_tcase(s, t);
	return s;
}
