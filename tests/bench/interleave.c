/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times commands side by side: one run of each in turn, in random order, so that
 * whatever the machine does meanwhile hits all of them alike.
 *
 *   interleave [-n ROUNDS] [-g GAP_MS] NAME COMMAND... [-- NAME COMMAND...]...
 *
 * Prints a line per command: median, p10, p90 of the wall time in ms, CPU time of the
 * child, and the ratio of its median to the first command's. Every command must
 * exit 0. Standard streams of the commands are /dev/null.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16 };

struct command {
	const char *name;
	char **argv;
	double *wall, *cpu; /* ms, a value per round */
};

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run(struct command *c, int round, const posix_spawn_file_actions_t *streams)
{
	struct rusage ru;
	double start = now_ms();
	pid_t pid;
	int status, r = posix_spawnp(&pid, c->argv[0], streams, NULL, c->argv, environ);

	if (r) {
		fprintf(stderr, "%s: cannot run %s: error %d\n", c->name, c->argv[0], r);
		return -1;
	}
	while (wait4(pid, &status, 0, &ru) < 0)
		if (errno != EINTR)
			return -1;
	c->wall[round] = now_ms() - start;
	c->cpu[round] = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e3 +
			(double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e3;
	if (status) {
		fprintf(stderr, "%s: ended with status %#x in round %d\n", c->name,
			(unsigned)status, round);
		return -1;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct command *c, int n, int rounds)
{
	double first = 0;

	printf("%-12s %9s %9s %9s %9s %7s\n", "", "median", "p10", "p90", "cpu", "ratio");
	for (int i = 0; i < n; i++) {
		qsort(c[i].wall, (size_t)rounds, sizeof(double), by_value);
		qsort(c[i].cpu, (size_t)rounds, sizeof(double), by_value);
		if (!i)
			first = c[i].wall[rounds / 2];
		printf("%-12s %9.3f %9.3f %9.3f %9.3f %7.2f\n", c[i].name, c[i].wall[rounds / 2],
		       c[i].wall[rounds / 10], c[i].wall[rounds * 9 / 10], c[i].cpu[rounds / 2],
		       c[i].wall[rounds / 2] / first);
	}
}

static void shuffle(int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1)), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

/* Splits the arguments at "--"; returns how many commands there are. */
static int commands(struct command *c, char **args, int rounds)
{
	int n = 0;

	while (*args && n < MAX_COMMANDS) {
		c[n].name = *args++;
		c[n].argv = args;
		c[n].wall = calloc((size_t)rounds, sizeof(double));
		c[n].cpu = calloc((size_t)rounds, sizeof(double));
		while (*args && strcmp(*args, "--"))
			args++;
		if (c[n].argv == args || !c[n].wall || !c[n].cpu)
			return -1;
		if (*args)
			*args++ = NULL;
		n++;
	}
	return *args ? -1 : n;
}

int main(int argc, char **argv)
{
	struct command c[MAX_COMMANDS] = { 0 };
	posix_spawn_file_actions_t streams;
	int order[MAX_COMMANDS], rounds = 100, gap_ms = 0, n, o;

	while ((o = getopt(argc, argv, "+n:g:")) != -1) {
		if (o == 'n')
			rounds = atoi(optarg);
		else if (o == 'g')
			gap_ms = atoi(optarg);
		else
			return 2;
	}
	n = rounds > 0 ? commands(c, argv + optind, rounds) : -1;
	if (n < 1) {
		fprintf(stderr, "usage: interleave [-n ROUNDS] [-g GAP_MS] NAME COMMAND... "
				"[-- NAME COMMAND...]...\n");
		return 2;
	}
	posix_spawn_file_actions_init(&streams);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&streams, fd, "/dev/null", O_RDWR, 0);
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int round = -3; round < rounds; round++) { /* three rounds to warm up */
		shuffle(order, n);
		for (int i = 0; i < n; i++) {
			if (gap_ms)
				usleep((useconds_t)gap_ms * 1000);
			if (run(&c[order[i]], round < 0 ? 0 : round, &streams) < 0)
				return 1;
		}
	}
	printf("%d rounds, %d ms apart, ms\n", rounds, gap_ms);
	report(c, n, rounds);
	return 0;
}
