/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks: a plan says which container commands to time, on which engines,
 * with how many threads and how often; a bench is that plan at work.
 *
 *   new → validate → run → report
 *
 * Plans are bucketbench's YAML, both generations: name, image, command, rootfs,
 * detached, drivers (type, clientpath, threads, iterations, logDriver, logOpts,
 * cgroupPath, streamStats, statsIntervalSec) and commands; ours in addition, per
 * driver: engine (an address as in engine.h, instead of a type), warmup, gap_ms.
 * A driver's type names an engine: Null, Native, Runc, CRun, Youki, OCI
 * (clientpath is the runtime), Docker (the Engine API; clientpath is a socket).
 *
 * The library measures and hands out everything it knows, every sample
 * included; it prints nothing and writes no file. Workers are the only threads
 * of the library: they exist during gantry_bench_run() alone.
 */
#ifndef GANTRY_BENCH_H
#define GANTRY_BENCH_H

#include <gantry/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A plan, its runs and their samples. One thread at a time, but for cancelling by op->cancel_fd. */
struct gantry_bench;

/* How far a bench has come. Names: gantry_bench_state_name(). */
enum gantry_bench_state {
	GANTRY_BENCH_CREATED = 0,
	GANTRY_BENCH_RUNNING = 1,
	GANTRY_BENCH_COMPLETED = 2,
	GANTRY_BENCH_PARTIAL = 3 /* cut short by `op`; what was measured until then stands */
};

/* "created", "running", "completed", "partial"; else "unknown". Belongs to the library. */
GANTRY_API const char *gantry_bench_state_name(int state);

/* How far the row that is running has come. Valid only during the callback. */
struct gantry_bench_progress {
	size_t size;         /* sizeof(struct gantry_bench_progress), for growth */
	const char *label;   /* as in struct gantry_bench_row */
	uint64_t done;       /* iterations of this row that have ended, in all its threads */
	uint64_t total;      /* iterations this row will make */
	unsigned row;        /* from 0 */
	unsigned rows;       /* how many there will be */
	unsigned threads;    /* of this row */
	unsigned reserved;   /* 0 */
};

/* Flags of struct gantry_bench_options. */
enum gantry_bench_flag {
	GANTRY_BENCH_LENIENT = 1,   /* unknown commands are skipped with a warning */
	GANTRY_BENCH_SKIP_LIMIT = 2 /* without the Limit benchmark */
};

/* A plan, and how to run it. Start from GANTRY_BENCH_OPTIONS_INIT; strings are copied. */
struct gantry_bench_options {
	size_t size;              /* sizeof(struct gantry_bench_options), for growth */
	const char *file;         /* the plan's path; with `text` its name alone (NULL: "plan") */
	const char *text;         /* the plan itself, need not end with NUL; NULL: read `file` */
	size_t text_len;
	/*
	 * For every engine opened; its owner is not used, each bench has its own. `log` is called
	 * from the workers' threads, by one at a time. NULL: defaults.
	 */
	const struct gantry_engine_options *engine;
	/* Called by gantry_bench_run(), ten times a second and when a row ends. NULL: never. */
	void (*progress)(const struct gantry_bench_progress *p, void *arg);
	void *progress_arg;       /* handed to `progress` as it is */
	uint64_t limit_iterations; /* per thread of the Limit benchmark; 0: 1000; at most 10000 */
	unsigned flags;           /* enum gantry_bench_flag */
	unsigned reserved;        /* must be 0 */
};
#define GANTRY_BENCH_OPTIONS_INIT { sizeof(struct gantry_bench_options), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/*
 * Reads a plan. Messages about it begin with "FILE:LINE:COLUMN: ", and
 * op->err.exit is 2 then. Keys that gantry does not know are warnings
 * (gantry_bench_warnings()); keys that it knows but does not support yet
 * (logDriver, logOpts, cgroupPath, streamStats) are taken here and refused by
 * gantry_bench_validate() and gantry_bench_run(). Starts nothing.
 *
 * On success stores a new bench in *ret; the caller owns it and releases it
 * with gantry_bench_free(). On failure *ret is untouched.
 *
 * Returns 0, or: -ENOENT, -EACCES, -EISDIR, -EINVAL (not a regular file) the
 * file; -EBADMSG it is not YAML; -EINVAL it is no plan: a wrong type, a
 * number out of range, a key given twice, an unknown type or command, an image
 * or rootfs missing; -E2BIG it is larger than 1 MiB, too deep, unfolds into
 * too much, or `how` has fields we do not know; -ENOTSUP libyaml is not
 * installed (the message names the package), or a YAML feature we do not take
 * (several documents, merge keys, tags); -ENOMEM.
 */
GANTRY_API int gantry_bench_new(const struct gantry_bench_options *how, struct gantry_bench **ret,
				struct gantry_op *op);

/* Releases a bench with its samples; NULL is fine. Keeps errno. */
GANTRY_API void gantry_bench_free(struct gantry_bench *b);

/* For __attribute__((cleanup(gantry_bench_freep))); sets *b to NULL. */
static inline void gantry_bench_freep(struct gantry_bench **b)
{
	gantry_bench_free(*b);
	*b = NULL;
}

/* What is doubtful in the plan, "FILE:LINE:COLUMN: words", up to a NULL. Belongs to the bench. */
GANTRY_API const char *const *gantry_bench_warnings(const struct gantry_bench *b);

/* enum gantry_bench_state. */
GANTRY_API int gantry_bench_state(const struct gantry_bench *b);

/*
 * Tries every driver of the plan once: opens its engine and prepares, runs,
 * stops and removes one container. Leaves nothing behind. Stops at the first
 * driver that fails, and names it with its place in the plan.
 *
 * Returns 0, or: -ENOTSUP a key, a type or an engine that is not supported yet;
 * what gantry_engine_open() and gantry_container_run(), _stop() and _delete()
 * return; -EBUSY the bench is running or has run; by `op` -ETIMEDOUT, -ECANCELED.
 */
GANTRY_API int gantry_bench_validate(struct gantry_bench *b, struct gantry_op *op);

/*
 * Runs the Limit benchmark (unless skipped), then each driver of the plan in
 * its order. Errors of commands are counted and do not end the run; a driver
 * that cannot run at all is reported in its row, and the others still run. When
 * `op` cuts it short the workers stop, the state is partial, and what was
 * measured can be reported. Either way the containers made are removed at the
 * end, within 30 s of their own per driver. A bench runs once.
 *
 * Returns 0, or: the first row's error, when a driver could not run or its
 * containers could not be removed; -EBUSY it runs or has run; -ENOTSUP a key
 * that is not supported yet; -ENOMEM; by `op` -ETIMEDOUT, -ECANCELED.
 */
GANTRY_API int gantry_bench_run(struct gantry_bench *b, struct gantry_op *op);

/*
 * One command of one iteration. `took_ns` of a failed one (error != 0) is how
 * long the failure took; it is in no statistic.
 */
struct gantry_bench_sample {
	size_t size;
	const char *step;    /* "run", "stop", ..., as in struct gantry_bench_step */
	const char *words;   /* of the error; "" when there is none */
	uint64_t start_ns;   /* since the epoch, never running backwards within a row */
	uint64_t took_ns;
	uint32_t row;        /* index in gantry_bench_report.rows */
	uint32_t thread;     /* from 0 */
	uint32_t iteration;  /* from 0; warm-up iterations are not kept */
	uint32_t position;   /* in the plan's commands, from 1; 0 for "prepare" */
	int error;           /* positive errno; 0: it succeeded; ENOTSUP: the engine cannot */
	unsigned reserved;   /* 0 */
};

/*
 * All samples of one step in one row. The numbers come from the commands that
 * succeeded; where there are none they are NaN: print "n/a", never 0.
 */
struct gantry_bench_step {
	size_t size;
	/*
	 * "prepare", "run", "pause", "resume", "stop", "delete", "wait", "metrics". Limit has two:
	 * "spawn", fork and exec of true, and "null", run, stop and delete on the null engine.
	 */
	const char *name;
	const char *words;    /* of the first error, or why it is not available; "" */
	uint64_t count;       /* commands that succeeded */
	uint64_t errors;      /* that failed; those the engine cannot are not among them */
	uint64_t unsupported; /* that the engine cannot (-ENOTSUP) */
	uint64_t min_ns, max_ns; /* 0 without samples */
	uint64_t median_ns, p95_ns, p99_ns; /* the same percentiles as below, rounded to a ns */
	double min_us, max_us, mean_us;
	double stddev_us;     /* of the population */
	double median_us;     /* the middle one, or between the middle two */
	double p95_us;        /* percentiles are interpolated between the two nearest ranks: */
	double p99_us;        /* rank = p (count - 1), as numpy and R (type 7) have it */
};

/* One driver with one number of threads. Strings are never NULL. */
struct gantry_bench_row {
	size_t size;
	const char *label;    /* "NAME:TYPE" ("Basic:Runc"), a second one with "#2"; "Limit" */
	const char *type;     /* as the plan says: "Runc", or the engine's address; "" for Limit */
	const char *address;  /* what was opened: "oci:runc"; "" for Limit */
	const char *kind;     /* as gantry_engine_kind(), which says what Docker meant; "limit" */
	const char *engine;   /* as gantry_info.line; "" when it could not be asked */
	const char *version;  /* as gantry_info.version */
	const char *path;     /* as gantry_engine_path() */
	const char *words;    /* why the row has no or fewer results; "" */
	int error;            /* positive errno to those words; 0: all threads ran */
	unsigned started;     /* 1: its clock has started */
	uint32_t threads;
	uint32_t failed_threads; /* could not be started or could not open the engine */
	uint64_t iterations;  /* per thread */
	uint64_t warmup;      /* per thread, before the clock starts */
	uint64_t gap_us;      /* between iterations, outside the clock */
	uint64_t completed;   /* iterations whose commands all succeeded (or are not available) */
	uint64_t failed;      /* iterations with an error; what is missing to all was not made */
	uint64_t started_ns;  /* since the epoch; 0: not started */
	uint64_t wall_ns;     /* from the start of the clock to the end of the last thread */
	uint64_t elapsed_ns;  /* of the slowest thread, without prepare and gaps: the rate's */
	double rate;          /* completed iterations per second; NaN without any */
	uint64_t user_ns;     /* CPU of this process during the row */
	uint64_t system_ns;
	uint64_t child_user_ns; /* CPU of the programs it started and reaped; of no daemon */
	uint64_t child_system_ns;
	const struct gantry_bench_step *const *steps; /* NULL-terminated, in the plan's order */
	size_t n_steps;
};

/* What the numbers were measured on. Strings are never NULL, "" where unknown. */
struct gantry_bench_host {
	size_t size;
	const char *gantry;   /* gantry_version() */
	const char *os;       /* "Debian GNU/Linux 12 (bookworm)" */
	const char *kernel;   /* "6.1.0-18-amd64" */
	const char *machine;  /* "x86_64" */
	const char *cpu;      /* model name */
	const char *cgroup;   /* "v1", "v2", "hybrid" */
	const char *clock;    /* clock source: "tsc" */
	uint64_t cpus;        /* that this process may use */
	uint64_t mem_bytes;
	double load1, load5, load15;    /* before the first row; NaN: unknown */
	double end_load1, end_load5, end_load15; /* after the last */
};

/* Everything a bench knows. Owned by the caller, released with gantry_bench_report_free(). */
struct gantry_bench_report {
	size_t size;
	const char *name;     /* of the plan; "Custom" when it has none */
	const char *file;     /* as in the options */
	const char *image;    /* of the plan; "" */
	const char *rootfs;   /* "" */
	const char *const *args;     /* the plan's command, NULL-terminated */
	const char *const *commands; /* by their main names ("start" is "run"), NULL-terminated */
	const char *const *warnings; /* as gantry_bench_warnings() */
	const struct gantry_bench_host *host;
	/* NULL-terminated: Limit with 1 to 10 threads, then the drivers. */
	const struct gantry_bench_row *const *rows;
	/* NULL-terminated: by row, thread and time. */
	const struct gantry_bench_sample *const *samples;
	size_t n_rows, n_samples;
	uint64_t started_ns;  /* since the epoch; 0: not started */
	uint64_t elapsed_ns;  /* of the whole run, preparing and cleaning included */
	uint64_t cleaned;     /* containers that the clean at the end removed */
	uint32_t drivers;     /* of the plan */
	uint32_t max_threads; /* of all rows: how many columns a table needs */
	int state;            /* enum gantry_bench_state */
	int detached;         /* 1: "run" returns once the container runs; 0: once it has ended */
};

/*
 * Computes the report of what has been measured so far; before a run every row
 * is there, empty. Stores it in *ret, independent of the bench. Returns 0,
 * -EINVAL, -EBUSY while running (asked from `progress`), or -ENOMEM.
 */
GANTRY_API int gantry_bench_report(const struct gantry_bench *b, struct gantry_bench_report **ret,
				   struct gantry_err *err);

/* Releases a report with all that it points to; NULL is fine. */
GANTRY_API void gantry_bench_report_free(struct gantry_bench_report *r);

/* For __attribute__((cleanup(gantry_bench_report_freep))); sets *r to NULL. */
static inline void gantry_bench_report_freep(struct gantry_bench_report **r)
{
	gantry_bench_report_free(*r);
	*r = NULL;
}

#ifdef __cplusplus
}
#endif
#endif
