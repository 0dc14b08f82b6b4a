/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating a container, so that nothing is left of a create that failed: the
 * daemon may make one though its answer comes too late, is lost, or is none.
 *
 * A name of ours would be seen by whoever gave none (the daemon makes up
 * better ones), so each create carries a label with a random value, by which what
 * it made is found again. What bites: a daemon that gets no answer through
 * goes on creating all the same, so asking for the label too early finds nothing.
 */
#include "engine/docker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"

#define SECOND 1000000000ull

enum {
	UNDO_S = 10,       /* to take back what a cut-short create makes */
	ANSWER_S = 8,      /* of these: for the answer to come yet */
	LOST_S = 2,        /* to look for it when the connection is gone: it may be just made */
	LOOK_US = 100000   /* between two looks */
};

static int make_mark(char mark[DOCKER_MARK_SIZE], struct call *c)
{
	uint64_t n[2];

	if (getrandom(n, sizeof(n), 0) != sizeof(n))
		return err_sys(c->err, "no random bytes for a mark");
	snprintf(mark, DOCKER_MARK_SIZE, "%016llx%016llx", (unsigned long long)n[0],
		 (unsigned long long)n[1]);
	return 0;
}

/* ---- what a failed create has made ----------------------------------------------------------- */

/* The id in the answer to a create. -EPROTO there is none. */
static int made_id(struct http *h, bool warn, char id[GANTRY_ID_SIZE], struct call *c)
{
	clean_json struct json_doc doc = { 0 };
	const char *text;
	int r = docker_json(h, JSON_OBJECT, &doc, c);

	if (r < 0)
		return r;
	text = json_text(json_get(doc.root, "Id"), "");
	if (!str_is_id(text))
		return err_set(c->err, EPROTO,
			       "the daemon has created a container and does not tell its id");
	snprintf(id, GANTRY_ID_SIZE, "%s", text);
	if (warn)
		for json_each(w, json_get(doc.root, "Warnings"))
			call_log(c, GANTRY_LOG_WARN, "%s", json_text(w, ""));
	return 0;
}

/* Looks for the container with the mark. 1 found, 0 there is none (yet). */
static int find_marked(struct docker *d, const char *mark, char id[GANTRY_ID_SIZE], struct call *c)
{
	const struct docker_ask a = {
		.about = DOCKER_ENGINE, .name = "", .method = "GET", .takes = 200,
	};
	clean_json struct json_doc doc = { 0 };
	clean_docker_view struct docker_view v = { 0 };
	clean_str struct str target = { 0 };
	const struct json *one;
	int r;

	docker_list_target(&target, DOCKER_MARK, mark);
	if (target.failed)
		return err_set(c->err, ENOMEM, "out of memory");
	r = docker_request(d, &a, c, "%s", target.buf);
	if (r >= 0)
		r = docker_json(&d->http, JSON_ARRAY, &doc, c);
	one = r < 0 ? NULL : json_first(doc.root);
	if (!one)
		return r < 0 ? r : 0;
	r = docker_view_entry(one, &v, c);
	if (r == 0)
		snprintf(id, GANTRY_ID_SIZE, "%s", v.k.id);
	return r < 0 ? r : 1;
}

/* The same again and again until the end of `c`: it may be just made, or the daemon start anew. */
static int seek_marked(struct docker *d, const char *mark, char id[GANTRY_ID_SIZE], struct call *c)
{
	for (;;) {
		int r = find_marked(d, mark, id, c);

		if (r && r != -ECONNREFUSED)
			return r;
		if (call_left_ms(c) <= (int)(LOOK_US / 1000))
			return r;
		r = call_sleep(c, LOOK_US);
		if (r < 0)
			return r;
	}
}

/*
 * Waits for the answer that the caller's time was too short for. 1 with the id,
 * 0 the daemon has refused; -errno, and it has to be looked for.
 */
static int late_answer(struct docker *d, char id[GANTRY_ID_SIZE], struct call *c)
{
	uint64_t deadline = c->deadline_ns;
	int r;

	c->deadline_ns -= (UNDO_S - ANSWER_S) * SECOND;
	r = http_resume(&d->http, c);
	c->deadline_ns = deadline;
	if (r == 201)
		r = made_id(&d->http, false, id, c);
	else if (r >= 0)
		return r >= 400 ? 0 : -EPROTO;
	return r < 0 ? r : 1;
}

/* 1 with the id of what was made, 0 nothing was; -errno: whether, nobody knows. */
static int find_made(struct docker *d, const char *mark, int why, char id[GANTRY_ID_SIZE],
		     struct call *c)
{
	bool hung;
	int r = why;

	if (why == -ETIMEDOUT || why == -ECANCELED) {
		c->deadline_ns = clock_mono() + UNDO_S * SECOND;
		r = late_answer(d, id, c);
		if (r >= 0)
			return r;
	}
	hung = r == -ETIMEDOUT;
	if (!hung)
		c->deadline_ns = clock_mono() + LOST_S * SECOND;
	r = seek_marked(d, mark, id, c);
	/* one that did not answer and did not go away may make it yet */
	return r == 0 && hung ? -ETIMEDOUT : r;
}

/* After a create that was sent and not answered as it should, for whatever reason `why`. */
static void unmake(struct docker *d, const char *mark, int why, const struct call *c)
{
	char id[GANTRY_ID_SIZE] = "";
	struct call u;
	int r;

	if (call_begin(&u, NULL, c->logger) < 0)
		return;
	u.step = "create, to take it back";
	r = find_made(d, mark, why, id, &u);
	if (r > 0) {
		u.deadline_ns = clock_mono() + UNDO_S * SECOND;
		r = docker_remove(d, id, &u);
	}
	if (r < 0)
		call_log(c, GANTRY_LOG_WARN, "container %s%s may be left behind: %s",
			 *id ? "" : "with label " DOCKER_MARK "=", *id ? id : mark, u.err->msg);
}

/* ---- create ---------------------------------------------------------------------------------- */

int docker_make(struct docker *d, const struct gantry_create *what, const struct gantry_run *how,
		char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	struct docker_ask a = {
		.about = DOCKER_CREATE, .name = what->image, .method = "POST", .takes = 201,
		.lasting = true,
	};
	struct docker_body body = { 0 };
	char mark[DOCKER_MARK_SIZE];
	int r = docker_check_image(what, c);

	if (r == 0)
		r = make_mark(mark, c);
	if (r == 0)
		r = docker_create_body(d, what, how, mark, &body, c);
	if (r < 0)
		return r;
	a.body = body.text;
	a.body_len = body.len;
	/* request_create() has let only letters, digits, _ . - into a name */
	r = docker_request(d, &a, c, "/containers/create%s%s", what->name ? "?name=" : "",
			   what->name ? what->name : "");
	free(body.text);
	if (r == -EEXIST && what->name)
		return err_set(c->err, EEXIST, "the name %s is taken", what->name);
	if (r >= 0)
		r = made_id(&d->http, true, ret_id, c);
	else if (!d->http.sent || (answer_ended(&d->http.answer) && d->http.answer.status >= 400))
		return r; /* it was refused */
	if (r < 0)
		unmake(d, mark, r, c);
	return r;
}

int docker_create(struct gantry_engine *e, const struct gantry_create *what,
		  char ret_id[GANTRY_ID_SIZE], struct call *c)
{
	return docker_make(docker_of(e), what, NULL, ret_id, c);
}
