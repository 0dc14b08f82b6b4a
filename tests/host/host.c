/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that has a life of its own, and the library in it: 8 threads, each
 * with its own handle, while the program has a SIGCHLD handler, or ignores
 * SIGCHLD, or reaps everything it can get with waitpid(-1). Nothing the
 * library starts may show: no SIGCHLD, no child to reap, no exit code lost to
 * the program's reaper, no SIGPIPE, no fd left open. Built with
 * ThreadSanitizer by ./check.
 *
 * Prints TAP. $GANTRY_HOST_ROOTFS is a directory with busybox in it (made by
 * host.sh); without it, or not as root, only null is run.
 */
#include <dirent.h>
#include <errno.h>
#include <gantry/container.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 3 };

static atomic_int sigchlds, sigpipes, stolen;
static atomic_bool reaping;

static void count_sigchld(int sig)
{
	(void)sig;
	atomic_fetch_add(&sigchlds, 1);
}

static void count_sigpipe(int sig)
{
	(void)sig;
	atomic_fetch_add(&sigpipes, 1);
}

/* ---- one thread's work ---- */

struct job {
	const char *engine;
	int number, round;
	char fault[512]; /* "" when all went well */
};

#define TRY(call)                                                                                  \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ < 0) {                                                                      \
			snprintf(j->fault, sizeof(j->fault), "%.80s: %d, %s", #call, r_,           \
				 op.err.msg);                                                      \
			return;                                                                    \
		}                                                                                  \
	} while (0)

static struct gantry_create what(const struct job *j, const char *const *args)
{
	struct gantry_create w = GANTRY_CREATE_INIT;

	if (!strcmp(j->engine, "null"))
		w.image = "nothing";
	else
		w.rootfs = getenv("GANTRY_HOST_ROOTFS");
	w.args = args;
	return w;
}

/* In the foreground: the exit code has to come back, whoever else reaps. */
static void one_foreground(struct job *j, struct gantry_engine *e)
{
	char script[32];
	const char *const args[] = { "sh", "-c", script, NULL };
	struct gantry_create w = what(j, args);
	struct gantry_run how = GANTRY_RUN_INIT;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	int code = 10 * j->number + j->round;

	op.timeout_us = 60000000;
	snprintf(script, sizeof(script), "exit %d", code);
	w.flags = GANTRY_CREATE_AUTO_REMOVE;
	TRY(gantry_container_run(e, &w, &how, NULL, &x, &op));
	if (x.code != code)
		snprintf(j->fault, sizeof(j->fault), "exit code %d, not %d", x.code, code);
}

/* Detached: paused, resumed, killed, waited for, deleted. */
static void one_detached(struct job *j, struct gantry_engine *e)
{
	const char *const args[] = { "sleep", "1000", NULL };
	struct gantry_create w = what(j, args);
	struct gantry_container **list = NULL;
	struct gantry_exit x = GANTRY_EXIT_INIT;
	struct gantry_op op = GANTRY_OP_INIT;
	char id[GANTRY_ID_SIZE];

	op.timeout_us = 60000000;
	TRY(gantry_container_run(e, &w, NULL, id, NULL, &op));
	TRY(gantry_container_pause(e, id, &op));
	TRY(gantry_container_resume(e, id, &op));
	TRY(gantry_container_list(e, &list, &op));
	gantry_container_list_free(list);
	TRY(gantry_container_kill(e, id, SIGKILL, 0, &op));
	TRY(gantry_container_wait(e, id, &x, &op));
	if (x.code != 137)
		snprintf(j->fault, sizeof(j->fault), "exit code %d, not 137", x.code);
	TRY(gantry_container_delete(e, id, 0, &op));
}

static void *work(void *arg)
{
	struct job *j = arg;
	struct gantry_engine_options o = GANTRY_ENGINE_OPTIONS_INIT;
	struct gantry_engine *e = NULL;
	struct gantry_op op = GANTRY_OP_INIT;
	char owner[32];

	snprintf(owner, sizeof(owner), "host-%d-%d", (int)getpid(), j->number);
	o.owner = owner;
	if (gantry_engine_open(j->engine, &o, &e, &op) < 0) {
		snprintf(j->fault, sizeof(j->fault), "open: %s", op.err.msg);
		return NULL;
	}
	for (j->round = 0; j->round < ROUNDS && !*j->fault; j->round++) {
		one_foreground(j, e);
		if (!*j->fault)
			one_detached(j, e);
	}
	if (gantry_engine_clean(e, &op) != 0 && !*j->fault)
		snprintf(j->fault, sizeof(j->fault), "clean found something, or failed: %s",
			 op.err.msg);
	gantry_engine_close(e);
	return NULL;
}

/* ---- the program's own habits ---- */

/* Takes whatever child there is, all the time: this program has none, so it should get none. */
static void *reap(void *arg)
{
	struct timespec t = { 0, 1000000 };

	while (atomic_load(&reaping)) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid > 0 || (pid < 0 && errno != ECHILD))
			atomic_fetch_add(&stolen, 1);
		nanosleep(&t, NULL);
	}
	return arg;
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static int tests, failures;

static void tap(int good, const char *engine, const char *habit, const char *what_it_is,
		const char *detail)
{
	tests++;
	failures += !good;
	printf("%s %d - %s, %s: %s%s%s\n", good ? "ok" : "not ok", tests, engine, habit, what_it_is,
	       good || !*detail ? "" : ": ", good ? "" : detail);
	fflush(stdout);
}

static void run_threads(const char *engine, const char *habit)
{
	struct job jobs[THREADS] = { { 0 } };
	pthread_t threads[THREADS];
	char detail[64];
	int fds = open_fds();

	atomic_store(&sigchlds, 0);
	atomic_store(&sigpipes, 0);
	atomic_store(&stolen, 0);
	for (int i = 0; i < THREADS; i++) {
		jobs[i].engine = engine;
		jobs[i].number = i;
		if (pthread_create(&threads[i], NULL, work, &jobs[i]))
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		if (*jobs[i].fault || i == THREADS - 1) {
			tap(!*jobs[i].fault, engine, habit, "8 threads with a handle each",
			    jobs[i].fault);
			break;
		}
	snprintf(detail, sizeof(detail), "%d", atomic_load(&sigchlds));
	tap(!atomic_load(&sigchlds), engine, habit, "no SIGCHLD is seen", detail);
	tap(!atomic_load(&sigpipes), engine, habit, "no SIGPIPE is seen", "");
	snprintf(detail, sizeof(detail), "%d", atomic_load(&stolen));
	tap(!atomic_load(&stolen), engine, habit, "waitpid(-1) finds nothing", detail);
	errno = 0;
	tap(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, engine, habit, "there is no child",
	    "");
	snprintf(detail, sizeof(detail), "%d more", open_fds() - fds);
	tap(open_fds() == fds, engine, habit, "no fd is left open", detail);
}

static void with_habits(const char *engine)
{
	struct sigaction handler = { .sa_handler = count_sigchld,
				     .sa_flags = SA_RESTART | SA_NOCLDSTOP },
			 ignore = { .sa_handler = SIG_IGN };
	pthread_t reaper;

	sigaction(SIGCHLD, &handler, NULL);
	run_threads(engine, "SIGCHLD handler");
	sigaction(SIGCHLD, &ignore, NULL);
	run_threads(engine, "SIGCHLD ignored");
	sigaction(SIGCHLD, &handler, NULL);
	atomic_store(&reaping, true);
	if (pthread_create(&reaper, NULL, reap, NULL))
		abort();
	run_threads(engine, "waitpid(-1) all the time");
	atomic_store(&reaping, false);
	pthread_join(reaper, NULL);
}

/* The program's own child has to be seen, or the counting above would prove nothing. */
static void own_child_is_seen(void)
{
	struct sigaction handler = { .sa_handler = count_sigchld, .sa_flags = SA_RESTART };
	pid_t pid;
	int status = 0;

	sigaction(SIGCHLD, &handler, NULL);
	atomic_store(&sigchlds, 0);
	pid = fork();
	if (pid == 0)
		_exit(3);
	while (waitpid(-1, &status, 0) < 0 && errno == EINTR)
		;
	tap(pid > 0 && atomic_load(&sigchlds) == 1 && WEXITSTATUS(status) == 3, "the program",
	    "SIGCHLD handler", "its own child is seen", "");
}

int main(void)
{
	struct sigaction pipes = { .sa_handler = count_sigpipe };
	const char *rootfs = getenv("GANTRY_HOST_ROOTFS");
	sigset_t before, after;

	sigaction(SIGPIPE, &pipes, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	own_child_is_seen();
	with_habits("null");
	if (rootfs && *rootfs && geteuid() == 0)
		with_habits("native");
	else
		printf("skip: native: needs root and GANTRY_HOST_ROOTFS\n");
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	tap(!memcmp(&before, &after, sizeof(before)), "the program", "at its end",
	    "its signal mask is as it was", "");
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
