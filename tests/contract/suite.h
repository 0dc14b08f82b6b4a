/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract suite: the same verbs and the same errnos on every engine. It
 * uses the public API alone. What it runs on comes from the environment:
 *
 *   GANTRY_CONTRACT_ENGINE   the engine's address
 *   GANTRY_CONTRACT_IMAGE    what containers are made of: an image, or
 *   GANTRY_CONTRACT_ROOTFS   a directory with busybox in it
 *   GANTRY_CONTRACT_BUNDLE   a bundle whose command is "sh -c 'exit 7'", may be missing
 *   GANTRY_CONTRACT_DIR      a directory of our own, for state and scratch
 *
 * A test that needs what the engine cannot do asks gantry_engine_can() and says
 * so; nothing else decides what is left out, but that null runs no program.
 */
#pragma once
#include <check.h>
#include <errno.h>
#include <gantry/container.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define clean_engine __attribute__((cleanup(gantry_engine_closep)))
#define clean_container __attribute__((cleanup(gantry_container_freep)))
#define clean_list __attribute__((cleanup(gantry_container_list_freep)))
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Of the running test: opened by the fixture. */
extern struct gantry_engine *engine;
extern struct gantry_op op; /* 60 s; its words are shown when an expectation fails */

const char *contract_dir(void);
bool is_kind(const char *kind);
/* Whether containers are directories of this host (native, oci), not a daemon's. */
bool is_local(void);
/* Docker's API, but podman behind it. */
bool is_podman(void);
/* Another handle on the same engine, with another owner if one is given. */
struct gantry_engine *open_again(const char *owner);
struct gantry_engine_options suite_options(void);

/* What to run: `args` in the image or rootfs that the environment gives. */
struct gantry_create what(const char *const *args);
/* A name that no other test uses; valid until the test ends. */
const char *fresh_name(const char *word);

/* Runs detached; fails the test if that fails. */
void run_detached(const struct gantry_create *w, char id[GANTRY_ID_SIZE]);
/* A container that runs until it is killed. */
void run_sleeper(char id[GANTRY_ID_SIZE]);
void create_only(const char *const *args, char id[GANTRY_ID_SIZE]);
int state_of(const char *id);
struct gantry_exit wait_for(const char *id);
/* Deletes by force; fails the test if that fails. */
void drop(const char *id);

/* A foreground run with its output kept. */
struct outcome {
	int r;                 /* of gantry_container_run() */
	struct gantry_exit x;
	char id[GANTRY_ID_SIZE];
	char *out, *err;       /* NUL-terminated */
	size_t out_len, err_len;
};
struct outcome run_captured(const struct gantry_create *w, const void *in, size_t in_len);
void outcome_done(struct outcome *o);
#define clean_outcome __attribute__((cleanup(outcome_done)))
/* The output of a shell script in a container; the script has to succeed. */
struct outcome script_output(struct gantry_create w, const char *script);

/* A file in memory with these bytes, read from its start. */
int memory_file(const void *bytes, size_t len);
/* A scratch directory of the test; removed with the suite's. */
void scratch(char *path, size_t size);

/* How many containers of ours there are, and what files of state: for "nothing is left behind". */
struct leftovers {
	int containers, files, mounts;
};
struct leftovers count_leftovers(void);
void same_leftovers(struct leftovers before);

unsigned long long now_us(void); /* CLOCK_MONOTONIC */
void sleep_ms(int ms);

/* Says that a test was left out and why. "n/a": not asked of this engine; "skip": the machine. */
void left_out(const char *mark, const char *test, const char *why);
#define LEAVE_OUT(mark, why) \
	do { \
		left_out(mark, __func__, why); \
		return; \
	} while (0)
#define NOT_APPLICABLE(why) LEAVE_OUT("n/a", why)
#define SKIP(why) LEAVE_OUT("skip", why)
#define NEEDS(verb) \
	do { \
		if (gantry_engine_can(engine, verb) != 1) \
			NOT_APPLICABLE("this engine cannot " verb); \
	} while (0)
#define NEEDS_PROGRAMS \
	do { \
		if (is_kind("null")) \
			NOT_APPLICABLE("null runs no program"); \
	} while (0)

/* Expectations that show the engine's words. */
#define OK(call) \
	do { \
		int r_ = (call); \
		ck_assert_msg(r_ >= 0, "%s: %d, %s", #call, r_, op.err.msg); \
	} while (0)
#define FAILS(call, errno_due) \
	do { \
		int r_ = (call); \
		ck_assert_msg(r_ == -(errno_due), "%s: %d, not -%s (%s)", #call, r_, #errno_due, \
			      r_ < 0 ? op.err.msg : ""); \
		ck_assert_int_eq(op.err.code, errno_due); \
		good_words(op.err.msg); \
	} while (0)
/* One line, something said, no period at its end. */
void good_words(const char *msg);

TCase *life_tests(void);
TCase *exit_tests(void);
TCase *error_tests(void);
TCase *stream_tests(void);
TCase *inside_tests(void);
TCase *book_tests(void);
