/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state and list. Clients parse the JSON: pid is 0 when there is no process,
 * created is RFC 3339 with nanoseconds. A record that cannot be read is shown
 * as "unknown" by list, never left out.
 */
#include "ocicmd/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "ocicmd/report.h"

/* Names are for people and would need the host's user database; root has one without it. */
static void name_owner(char buf[16], unsigned uid)
{
	if (uid)
		snprintf(buf, 16, "%u", uid);
	else
		snprintf(buf, 16, "root");
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void put_annotations(struct json_out *o, const char *text)
{
	clean_json struct json_doc doc = { 0 };
	clean_free char *copy = text ? strdup(text) : NULL;
	struct gantry_err err;

	if (!copy || json_parse(&doc, "annotations", copy, strlen(copy), NULL, &err) < 0)
		return;
	if (doc.root->len)
		json_value(o, "annotations", doc.root);
}

void show_state(struct json_out *o, const struct state *s)
{
	char created[36], owner[16];

	str_time(created, s->created_ns);
	name_owner(owner, s->owner);
	json_obj(o, NULL);
	json_str(o, "ociVersion", or_empty(s->oci_version));
	json_str(o, "id", s->id);
	json_int(o, "pid", s->pid);
	json_str(o, "status", state_name(s->status));
	json_str(o, "bundle", or_empty(s->bundle));
	json_str(o, "rootfs", or_empty(s->rootfs));
	json_str(o, "created", created);
	json_str(o, "owner", owner);
	put_annotations(o, s->annotations);
	json_end_obj(o);
}

static int print_json(struct request *q, struct json_out *o)
{
	struct str out = { 0 };
	char *text = NULL;
	size_t len;
	int r = json_out_take(o, &text, &len);

	if (r < 0)
		return err_num(q->err, r, "write JSON");
	str_addn(&out, text, len);
	str_add(&out, "\n");
	free(text);
	return report_data(q, &out);
}

int verb_state(struct request *q)
{
	clean_state struct state s = { 0 };
	clean_json_out struct json_out o = JSON_OUT_INIT;
	int r = state_read(q->root, q->args[0], &s, q->err);

	if (r < 0)
		return r;
	o.pretty = true;
	show_state(&o, &s);
	return print_json(q, &o);
}

enum { COLUMNS = 6 };

static void fill_row(const char *row[COLUMNS], const struct state *s, char buf[3][36])
{
	snprintf(buf[0], sizeof(buf[0]), "%d", (int)s->pid);
	str_time(buf[1], s->created_ns);
	name_owner(buf[2], s->owner);
	row[0] = s->id;
	row[1] = buf[0];
	row[2] = state_name(s->status);
	row[3] = or_empty(s->bundle);
	row[4] = s->created_ns ? buf[1] : "";
	row[5] = buf[2];
}

static void add_row(struct str *out, const char *const row[COLUMNS], const size_t width[COLUMNS])
{
	for (int i = 0; i < COLUMNS - 1; i++)
		str_addf(out, "%-*s  ", (int)width[i], row[i]);
	str_addf(out, "%s\n", row[COLUMNS - 1]);
}

void show_table(struct str *out, const struct state *list, size_t n)
{
	static const char *const head[COLUMNS] = { "ID",     "PID",     "STATUS",
						   "BUNDLE", "CREATED", "OWNER" };
	size_t width[COLUMNS];
	const char *row[COLUMNS];
	char buf[3][36];

	for (int i = 0; i < COLUMNS; i++)
		width[i] = strlen(head[i]);
	for (size_t k = 0; k < n; k++) {
		fill_row(row, &list[k], buf);
		for (int i = 0; i < COLUMNS; i++)
			if (strlen(row[i]) > width[i])
				width[i] = strlen(row[i]);
	}
	add_row(out, head, width);
	for (size_t k = 0; k < n; k++) {
		fill_row(row, &list[k], buf);
		add_row(out, row, width);
	}
}

/* Reads every record; one that went away meanwhile is left out. The count, or -errno with words. */
static int read_all(struct request *q, const struct strv *ids, struct state *list)
{
	int n = 0;

	for (size_t i = 0; i < ids->n; i++) {
		int r = state_read(q->root, ids->v[i], &list[n], q->err);

		if (r == 0 || r == -EBADMSG)
			n++;
		else if (r != -ENOENT)
			return r;
	}
	return n;
}

static int print_list(struct request *q, const struct state *list, size_t n)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	struct str out = { 0 };

	if (!q->format || str_eq(q->format, "table")) {
		show_table(&out, list, n);
		return report_data(q, &out);
	}
	json_arr(&o, NULL);
	for (size_t i = 0; i < n; i++)
		show_state(&o, &list[i]);
	json_end_arr(&o);
	return print_json(q, &o);
}

static int print_ids(struct request *q, const struct strv *ids)
{
	struct str out = { 0 };

	for (size_t i = 0; i < ids->n; i++)
		str_addf(&out, "%s\n", ids->v[i]);
	return report_data(q, &out);
}

int verb_list(struct request *q)
{
	clean_strv struct strv ids = { 0 };
	struct state *list;
	int n, r;

	if (q->format && !str_eq(q->format, "table") && !str_eq(q->format, "json"))
		return err_set(q->err, EINVAL, "--format takes table or json");
	r = state_list(q->root, &ids, q->err);
	if (r < 0)
		return r;
	if (q->quiet)
		return print_ids(q, &ids);
	list = calloc(ids.n + 1, sizeof(*list));
	if (!list)
		return err_set(q->err, ENOMEM, "out of memory");
	n = read_all(q, &ids, list);
	r = n < 0 ? n : print_list(q, list, (size_t)n);
	for (size_t i = 0; i <= ids.n; i++)
		state_done(&list[i]);
	free(list);
	return r;
}
