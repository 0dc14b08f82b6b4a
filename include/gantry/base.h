/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every header of gantry shares: errors as values, one call that may
 * take long, and the log callback. Nothing in the library is global: no last
 * error, no log level, no signal handler, no thread.
 */
#ifndef GANTRY_BASE_H
#define GANTRY_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GANTRY_API __attribute__((visibility("default")))

/*
 * What went wrong, in words. Lives in the caller, holds no pointers, needs no
 * freeing: it can cross fork() and a pipe as bytes. Every function that can
 * fail returns a negative errno and, where `err` is not NULL, fills it.
 * Functions that succeed leave it alone.
 */
struct gantry_err {
	int code;      /* positive errno; the function returned -code */
	int exit;      /* what a command should exit with: 126, 127; 0: nothing special is due */
	char msg[248]; /* one line, NUL-terminated, no trailing period */
};

/*
 * One call that may take long: how long it may take and how to stop it, and
 * what became of it. Every function that can block takes one; NULL means no
 * limit and no words. May be reused for the next call. Another thread or a
 * signal handler cancels by writing to the eventfd `cancel_fd`.
 */
struct gantry_op {
	size_t size;           /* sizeof(struct gantry_op), for growth */
	uint64_t timeout_us;   /* for the whole call; 0 means no limit */
	int cancel_fd;         /* -ECANCELED once this is readable; -1 for none */
	unsigned reserved;     /* must be 0 */
	uint64_t elapsed_ns;   /* out: how long the call took, also on failure */
	struct gantry_err err; /* out: on failure, names the step that failed or was cut short */
};
#define GANTRY_OP_INIT { sizeof(struct gantry_op), 0, -1, 0, 0, { 0, 0, "" } }

/* How loud a log record is; a callback asks for a level and gets all that are smaller too. */
enum gantry_log_level {
	GANTRY_LOG_ERROR = 0,
	GANTRY_LOG_WARN = 1,
	GANTRY_LOG_INFO = 2,
	GANTRY_LOG_DEBUG = 3 /* every request sent and every command executed */
};

/*
 * One thing the library did or noticed. Handed to the log callback, valid
 * only during that call. The engine's own words arrive here unshortened.
 */
struct gantry_log {
	size_t size;        /* sizeof(struct gantry_log), for growth */
	const char *engine; /* "docker", "native", ...; "" where no engine is concerned */
	const char *step;   /* what was being done: "create", "attach", "exec", "request" */
	const char *text;   /* what was asked or answered; may hold several lines */
	int level;          /* enum gantry_log_level */
	unsigned reserved;  /* 0 */
};

/* The library's version, "0.1.0". Never NULL, never freed. */
GANTRY_API const char *gantry_version(void);

#ifdef __cplusplus
}
#endif
#endif
