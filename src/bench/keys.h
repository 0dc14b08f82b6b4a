/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a plan, read by tables. */
#pragma once
#include "base/err.h"
#include "bench/plan.h"
#include "codec/yaml.h"

/* A driver as it is written, before it is known what engine that is. */
struct written {
	char *type, *engine, *clientpath;
	uint64_t threads, iterations, warmup, gap_ms;
	const struct yaml *type_at; /* of type or engine */
};

struct reader {
	struct plan *plan;
	struct written *driver; /* the one being read */
	const struct yaml_doc *doc;
	bool lenient;
	struct gantry_err *err; /* never NULL */
};

struct key {
	const char *name;
	int (*set)(struct reader *r, const struct key *k, const struct yaml *v);
	size_t at;         /* of a char * or uint64_t in struct plan or struct written */
	int64_t min, max;  /* of numbers */
};

/* Setters: 0, or below 0 with words. Nothing (null) leaves what stands there. */
int keys_text(struct reader *r, const struct key *k, const struct yaml *v);
int keys_number(struct reader *r, const struct key *k, const struct yaml *v);
/* For what is not supported yet: what asks for nothing is taken, the rest remembered as refused. */
int keys_refuse_text(struct reader *r, const struct key *k, const struct yaml *v);
int keys_refuse_map(struct reader *r, const struct key *k, const struct yaml *v);
int keys_refuse_true(struct reader *r, const struct key *k, const struct yaml *v);

/* Reads every member of `map` by a table, which ends with a nameless key; the rest are warnings. */
int keys_read(struct reader *r, const struct key *keys, const struct yaml *map);

/* Errors at v, -EINVAL but the last. */
int keys_wrong(struct reader *r, const struct yaml *v, const char *fmt, ...) PRINTF(3, 4);
int keys_wrong_type(struct reader *r, const struct key *k, const struct yaml *v,
		    const char *wanted);
int keys_wrong_range(struct reader *r, const struct key *k, const struct yaml *v);
int keys_nomem(struct reader *r);
/* Adds a warning about that place. */
void keys_warn(struct reader *r, uint32_t line, uint32_t col, const char *fmt, ...) PRINTF(4, 5);
