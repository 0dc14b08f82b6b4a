/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct gantry_engine *engine;
struct gantry_op op;

static const char *setting(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

const char *contract_dir(void)
{
	return setting("GANTRY_CONTRACT_DIR");
}

bool is_kind(const char *kind)
{
	return !strcmp(gantry_engine_kind(engine), kind);
}

bool is_local(void)
{
	return is_kind("native") || is_kind("oci");
}

bool is_podman(void)
{
	return !strncmp(setting("GANTRY_CONTRACT_ENGINE"), "podman", 6);
}

struct gantry_engine_options suite_options(void)
{
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;

	o.owner = setting("GANTRY_CONTRACT_OWNER");
	return o;
}

struct gantry_engine *open_again(const char *owner)
{
	struct gantry_engine_options o = suite_options();
	struct gantry_engine *e = NULL;

	if (owner)
		o.owner = owner;
	OK(gantry_engine_open(setting("GANTRY_CONTRACT_ENGINE"), &o, &e, &op));
	return e;
}

/* A deadline that no honest engine comes near; null has nothing to wait for. */
static void fresh_op(void)
{
	op = (struct gantry_op)GANTRY_OP_INIT;
	op.timeout_us = engine && is_kind("null") ? 1000000 : 60000000;
}

static void setup(void)
{
	fresh_op();
	engine = open_again(NULL);
	fresh_op();
}

/* Each test leaves the engine as it found it: clean is part of what is tested. */
static void teardown(void)
{
	fresh_op();
	if (gantry_engine_can(engine, "clean") == 1)
		OK(gantry_engine_clean(engine, &op));
	gantry_engine_closep(&engine);
}

struct gantry_create what(const char *const *args)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	w.image = setting("GANTRY_CONTRACT_IMAGE");
	if (!w.image)
		w.rootfs = setting("GANTRY_CONTRACT_ROOTFS");
	if (!w.image && !w.rootfs)
		w.image = "nothing"; /* null takes anything */
	w.args = args;
	return w;
}

const char *fresh_name(const char *word)
{
	static char names[64][64];
	static int n;
	char *name = names[n % 64];

	snprintf(name, sizeof(names[0]), "ct-%d-%d-%s", (int)getpid(), n++, word);
	return name;
}

void run_detached(const struct gantry_create *w, char id[GANTRY_ID_SIZE])
{
	OK(gantry_container_run(engine, w, NULL, id, NULL, &op));
}

void run_sleeper(char id[GANTRY_ID_SIZE])
{
	struct gantry_create w = what(LIST("sleep", "1000"));

	w.name = fresh_name("sleeper");
	run_detached(&w, id);
}

void create_only(const char *const *args, char id[GANTRY_ID_SIZE])
{
	struct gantry_create w = what(args);

	w.name = fresh_name("created");
	OK(gantry_container_create(engine, &w, id, &op));
}

int state_of(const char *id)
{
	clean_container struct gantry_container *c = NULL;

	OK(gantry_container_get(engine, id, &c, &op));
	return c->state;
}

struct gantry_exit wait_for(const char *id)
{
	struct gantry_exit x = GANTRY_EXIT_INIT;

	OK(gantry_container_wait(engine, id, &x, &op));
	return x;
}

void drop(const char *id)
{
	OK(gantry_container_delete(engine, id, GANTRY_DELETE_FORCE, &op));
}

int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("contract", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	if (len)
		ck_assert_int_eq((int)write(fd, bytes, len), (int)len);
	ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static char *contents(int fd, size_t *len)
{
	struct stat st;
	char *text;

	ck_assert_int_eq(fstat(fd, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	ck_assert_int_eq((int)pread(fd, text, (size_t)st.st_size, 0), (int)st.st_size);
	*len = (size_t)st.st_size;
	close(fd);
	return text;
}

struct outcome run_captured(const struct gantry_create *w, const void *in, size_t in_len)
{
	struct gantry_run how = GANTRY_RUN_INIT;
	struct outcome o = { 0 };

	o.x = (struct gantry_exit)GANTRY_EXIT_INIT;
	if (in)
		how.stdin_fd = memory_file(in, in_len);
	how.stdout_fd = memory_file(NULL, 0);
	how.stderr_fd = memory_file(NULL, 0);
	o.r = gantry_container_run(engine, w, &how, o.id, &o.x, &op);
	o.out = contents(how.stdout_fd, &o.out_len);
	o.err = contents(how.stderr_fd, &o.err_len);
	if (in)
		close(how.stdin_fd);
	return o;
}

void outcome_done(struct outcome *o)
{
	free(o->out);
	free(o->err);
}

struct outcome script_output(struct gantry_create w, const char *script)
{
	const char *const args[] = { "sh", "-c", script, NULL };
	struct outcome o;

	w.args = args;
	w.flags |= GANTRY_CREATE_AUTO_REMOVE;
	o = run_captured(&w, NULL, 0);
	ck_assert_msg(o.r == 0, "%s: %s", script, op.err.msg);
	ck_assert_msg(o.x.code == 0, "%s: exit %d, %s%s", script, o.x.code, o.out, o.err);
	return o;
}

void scratch(char *path, size_t size)
{
	ck_assert_int_lt(snprintf(path, size, "%s/scratch-XXXXXX", contract_dir()), (int)size);
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(chmod(path, 0777), 0);
}

static int files_seen;

static int one_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)st, (void)type, (void)ftw;
	files_seen++;
	return 0;
}

static int files_below(const char *variable)
{
	const char *dir = setting(variable);

	files_seen = 0;
	if (dir)
		nftw(dir, one_file, 16, FTW_PHYS | FTW_MOUNT);
	return files_seen;
}

static int mounts_of_ours(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int n = 0;

	while (f && getline(&line, &size, f) > 0)
		n += contract_dir() && strstr(line, contract_dir()) != NULL;
	free(line);
	if (f)
		fclose(f);
	return n;
}

struct leftovers count_leftovers(void)
{
	clean_list struct gantry_container **list = NULL;
	struct leftovers l = { 0 };

	OK(gantry_container_list(engine, &list, &op));
	for (struct gantry_container **c = list; *c; c++)
		l.containers += !strcmp((*c)->owner, setting("GANTRY_CONTRACT_OWNER"));
	l.files = files_below("GANTRY_ROOT") + files_below("GANTRY_RUN");
	l.mounts = mounts_of_ours();
	return l;
}

void same_leftovers(struct leftovers before)
{
	struct leftovers now = count_leftovers();

	ck_assert_int_eq(now.containers, before.containers);
	ck_assert_int_eq(now.files, before.files);
	ck_assert_int_eq(now.mounts, before.mounts);
}

unsigned long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
}

void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

void left_out(const char *mark, const char *test, const char *why)
{
	size_t len = strlen(test);

	if (len > 3 && !strcmp(test + len - 3, "_fn"))
		len -= 3;
	printf("%s: %.*s: %s\n", mark, (int)len, test, why);
	fflush(stdout);
}

void good_words(const char *msg)
{
	size_t len = strlen(msg);

	ck_assert_msg(len > 0, "no words");
	ck_assert_msg(!strchr(msg, '\n'), "more than one line: %s", msg);
	ck_assert_msg(msg[len - 1] != '.', "a period at the end: %s", msg);
}

static Suite *contract(void)
{
	TCase *(*const cases[])(void) = { life_tests, exit_tests, error_tests, stream_tests,
					  inside_tests, book_tests };
	Suite *s = suite_create(setting("GANTRY_CONTRACT_ENGINE"));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TCase *t = cases[i]();

		tcase_add_checked_fixture(t, setup, teardown);
		tcase_set_timeout(t, 120);
		suite_add_tcase(s, t);
	}
	return s;
}

/* What a failed test has left: its teardown did not run. */
static void sweep(void)
{
	struct gantry_engine_options o = suite_options();
	clean_engine struct gantry_engine *e = NULL;

	if (gantry_engine_open(setting("GANTRY_CONTRACT_ENGINE"), &o, &e, NULL) == 0)
		(void)gantry_engine_clean(e, NULL);
}

int main(void)
{
	char owner[64];
	SRunner *r;
	int failed;

	if (!setting("GANTRY_CONTRACT_ENGINE") || !contract_dir()) {
		fprintf(stderr, "contract: GANTRY_CONTRACT_ENGINE or _DIR is not set, see "
				"suite.h\n");
		return 2;
	}
	snprintf(owner, sizeof(owner), "contract-%d", (int)getpid());
	setenv("GANTRY_CONTRACT_OWNER", owner, 1);
	r = srunner_create(contract());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	sweep();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
