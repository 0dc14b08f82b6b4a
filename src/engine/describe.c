/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions in one block: the struct, then its lists, then its strings. A
 * first walk counts, a second one copies; both are the same code, so the
 * sizes cannot disagree.
 */
#include "engine/describe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/str.h"
#include "engine/ops.h"

/* Where the next bytes go. While `base` is NULL nothing is written and only `used` grows. */
struct block {
	char *base;
	size_t used;
};

static void *put(struct block *b, const void *bytes, size_t len)
{
	char *at = b->base ? b->base + b->used : NULL;

	if (at)
		memcpy(at, bytes, len);
	b->used += len;
	return at;
}

static const char *put_text(struct block *b, const char *text)
{
	if (!text)
		text = "";
	return put(b, text, strlen(text) + 1);
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* The pointers of a list; they come before any string, so that they are aligned. */
static const char **put_list(struct block *b, const char *const *list)
{
	static const char *const none[] = { NULL };

	return put(b, list ? list : none, (count(list) + 1) * sizeof(*list));
}

static void put_items(struct block *b, const char **list, const char *const *from)
{
	for (size_t i = 0; from && from[i]; i++) {
		const char *text = put_text(b, from[i]);

		if (b->base)
			list[i] = text;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The value of the label `key`, or NULL. */
static const char *label(const char *const *labels, const char *key)
{
	for (; labels && *labels; labels++) {
		const char *rest = str_after(*labels, key);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

static size_t lay_container(struct block *b, struct gantry_container *to,
			    const struct gantry_container *from)
{
	const char *owner = label(from->labels, OWNER_LABEL);
	const char **args, **labels;

	args = put_list(b, from->args);
	labels = put_list(b, from->labels);
	put_items(b, args, from->args);
	put_items(b, labels, from->labels);
	if (b->base)
		qsort(labels, count(from->labels), sizeof(*labels), by_text);
	to->args = args;
	to->labels = labels;
	to->id = put_text(b, from->id);
	to->name = put_text(b, from->name);
	to->image = put_text(b, from->image);
	to->bundle = put_text(b, from->bundle);
	to->rootfs = put_text(b, from->rootfs);
	to->owner = put_text(b, owner);
	return b->used;
}

struct gantry_container *describe_container(const struct gantry_container *from)
{
	struct gantry_container to = *from;
	struct block b = { NULL, sizeof(to) };
	char *mem = malloc(lay_container(&b, &to, from));

	if (!mem)
		return NULL;
	b = (struct block){ mem, sizeof(to) };
	lay_container(&b, &to, from);
	to.size = sizeof(to);
	memcpy(mem, &to, sizeof(to));
	return (struct gantry_container *)(void *)mem;
}

static size_t lay_info(struct block *b, struct gantry_info *to, const struct gantry_info *from)
{
	to->kind = put_text(b, from->kind);
	to->name = put_text(b, from->name);
	to->version = put_text(b, from->version);
	to->api = put_text(b, from->api);
	to->revision = put_text(b, from->revision);
	to->kernel = put_text(b, from->kernel);
	to->storage = put_text(b, from->storage);
	to->cgroup = put_text(b, from->cgroup);
	to->path = put_text(b, from->path);
	to->line = put_text(b, from->line);
	return b->used;
}

static void word(struct str *s, const char *before, const char *text)
{
	if (text && *text)
		str_addf(s, "%s%s", before, text);
}

/* "docker 20.10.24, API 1.41, kernel 6.1, storage overlay2, cgroup v1, at /run/docker.sock" */
static int make_line(const struct gantry_info *i, char **ret)
{
	clean_str struct str s = { 0 };

	word(&s, "", i->name && *i->name ? i->name : i->kind);
	word(&s, " ", i->version);
	word(&s, ", API ", i->api);
	word(&s, ", revision ", i->revision);
	word(&s, ", kernel ", i->kernel);
	word(&s, ", storage ", i->storage);
	word(&s, ", cgroup ", i->cgroup);
	word(&s, ", at ", i->path);
	return str_take(&s, ret);
}

struct gantry_info *describe_info(const struct gantry_info *from)
{
	struct gantry_info src = *from, to = *from;
	struct block b = { NULL, sizeof(to) };
	clean_free char *line = NULL;
	char *mem;

	if (!src.line) {
		if (make_line(from, &line) < 0)
			return NULL;
		src.line = line;
	}
	mem = malloc(lay_info(&b, &to, &src));
	if (!mem)
		return NULL;
	b = (struct block){ mem, sizeof(to) };
	lay_info(&b, &to, &src);
	to.size = sizeof(to);
	memcpy(mem, &to, sizeof(to));
	return (struct gantry_info *)(void *)mem;
}

static size_t lay_found(struct block *b, struct gantry_found *to, const struct gantry_found *from)
{
	to->address = put_text(b, from->address);
	to->kind = put_text(b, from->kind);
	to->path = put_text(b, from->path);
	to->source = put_text(b, from->source);
	to->version = put_text(b, from->version);
	to->why = put_text(b, from->why);
	return b->used;
}

struct gantry_found *describe_found(const struct gantry_found *from)
{
	struct gantry_found to = *from;
	struct block b = { NULL, sizeof(to) };
	char *mem = malloc(lay_found(&b, &to, from));

	if (!mem)
		return NULL;
	b = (struct block){ mem, sizeof(to) };
	lay_found(&b, &to, from);
	to.size = sizeof(to);
	memcpy(mem, &to, sizeof(to));
	return (struct gantry_found *)(void *)mem;
}

/* Room for one more and the NULL at the end. */
static int grow(struct described *d)
{
	size_t size = d->size ? d->size * 2 : 16;
	void *v;

	if (d->n + 1 < d->size)
		return 0;
	v = reallocarray(d->v, size, sizeof(*d->v));
	if (!v)
		return -ENOMEM;
	d->v = v;
	d->size = size;
	return 0;
}

int described_add(struct described *d, const struct gantry_container *from)
{
	struct gantry_container *c;

	if (grow(d) < 0)
		return -ENOMEM;
	c = describe_container(from);
	if (!c)
		return -ENOMEM;
	d->v[d->n++] = c;
	d->v[d->n] = NULL;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct gantry_container *x = *(struct gantry_container *const *)a;
	const struct gantry_container *y = *(struct gantry_container *const *)b;

	if (x->created_ns != y->created_ns)
		return x->created_ns < y->created_ns ? 1 : -1;
	return strcmp(x->id, y->id);
}

int described_take(struct described *d, struct gantry_container ***ret)
{
	size_t n = d->n;

	if (grow(d) < 0)
		return -ENOMEM;
	d->v[n] = NULL;
	qsort(d->v, n, sizeof(*d->v), newest_first);
	*ret = TAKE_PTR(d->v);
	d->n = d->size = 0;
	return (int)n;
}

void described_done(struct described *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i]);
	free(d->v);
	memset(d, 0, sizeof(*d));
}

void gantry_container_free(struct gantry_container *c)
{
	int e = errno;

	free(c);
	errno = e;
}

void gantry_container_list_free(struct gantry_container **list)
{
	int e = errno;

	for (struct gantry_container **c = list; c && *c; c++)
		free(*c);
	free(list);
	errno = e;
}

void gantry_info_free(struct gantry_info *i)
{
	int e = errno;

	free(i);
	errno = e;
}

void gantry_found_free(struct gantry_found **list)
{
	int e = errno;

	for (struct gantry_found **f = list; f && *f; f++)
		free(*f);
	free(list);
	errno = e;
}

const char *gantry_state_name(int state)
{
	static const char *const names[] = {
		[GANTRY_STATE_UNKNOWN] = "unknown",   [GANTRY_STATE_CREATING] = "creating",
		[GANTRY_STATE_CREATED] = "created",   [GANTRY_STATE_RUNNING] = "running",
		[GANTRY_STATE_PAUSED] = "paused",     [GANTRY_STATE_RESTARTING] = "restarting",
		[GANTRY_STATE_STOPPED] = "stopped",   [GANTRY_STATE_DEAD] = "dead",
	};

	return state >= 0 && state < (int)(sizeof(names) / sizeof(names[0])) ? names[state] :
									       names[0];
}
