/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as a tree: libyaml's events put together without recursion, and made
 * strict on the way. libyaml itself guards neither depth nor aliases: nine
 * lines of them unfold into gigabytes in readers that copy. Here an alias
 * shares what it names, and counts for all of it against the limit.
 */
#include "codec/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "codec/libyaml.h"

enum { BLOCK = 16384, SHOWN = 48 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

struct anchor {
	const char *name;
	struct yaml *node;
	bool open; /* its end is not read yet: an alias to it would be a ring */
};

/* A list or mapping whose end is not read yet. */
struct frame {
	struct yaml *node;
	struct yaml **tail;
	const char *key; /* read, its value is not */
	uint32_t key_line, key_col;
	int anchor;      /* -1: none */
};

struct builder {
	struct yaml_doc *doc;
	struct yaml_limits lim;
	struct gantry_err *err;
	struct frame frames[YAML_DEPTH_MAX];
	unsigned depth;
	struct anchor anchors[YAML_ANCHORS_MAX];
	unsigned n_anchors;
	unsigned values;
	unsigned documents;
	yaml_mark_t at; /* of the event in hand */
};

static void *take(struct yaml_doc *doc, size_t size)
{
	struct block *b = doc->blocks;

	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size) {
		size_t room = size > BLOCK ? size : BLOCK;

		b = malloc(sizeof(*b) + room);
		if (!b)
			return NULL;
		*b = (struct block){ doc->blocks, 0, room };
		doc->blocks = b;
	}
	b->used += size;
	return memset(b->bytes + b->used - size, 0, size);
}

static const char *copy(struct yaml_doc *doc, const void *text, size_t len)
{
	char *s = take(doc, len + 1);

	if (s)
		memcpy(s, text, len);
	return s;
}

static PRINTF(3, 4) int fail(struct builder *b, int code, const char *fmt, ...)
{
	char words[sizeof(b->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return err_set(b->err, code, "%s:%zu:%zu: %s", b->doc->name, b->at.line + 1,
		       b->at.column + 1, words);
}

/* What libyaml found wrong, in its words. */
static int broken(struct builder *b, const yaml_parser_t *p, const char *text, size_t len)
{
	char tail[64] = "";

	if (p->error == YAML_MEMORY_ERROR)
		return err_set(b->err, ENOMEM, "out of memory");
	b->at = p->problem_mark;
	if (p->error == YAML_READER_ERROR) { /* it has no mark there, only an offset */
		b->at = (yaml_mark_t){ 0 };
		for (size_t i = 0; i < p->problem_offset && i < len; i++, b->at.column++)
			if (text[i] == '\n')
				b->at.line++, b->at.column = (size_t)-1;
	} else if (p->context && p->context_mark.line != p->problem_mark.line) {
		snprintf(tail, sizeof(tail), ", in what begins on line %zu",
			 p->context_mark.line + 1);
	}
	return fail(b, EBADMSG, "not YAML: %s%s%s%s", p->problem ? p->problem : "unreadable",
		    p->context ? " " : "", p->context ? p->context : "", tail);
}

/* Counts `n` more values. */
static int spend(struct builder *b, unsigned n)
{
	if (n > b->lim.values - b->values)
		return fail(b, E2BIG, "more than %u values, aliases unfolded", b->lim.values);
	b->values += n;
	return 0;
}

static struct yaml *node_new(struct builder *b, enum yaml_type type)
{
	struct yaml *v = take(b->doc, sizeof(*v));

	if (!v)
		return NULL;
	v->type = (uint8_t)type;
	v->line = (uint32_t)b->at.line + 1;
	v->col = (uint32_t)b->at.column + 1;
	v->weight = 1;
	return v;
}

/* Puts a value where the document has come to. */
static void attach(struct builder *b, struct yaml *v)
{
	struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (!f) {
		b->doc->root = v;
		return;
	}
	v->key = f->key;
	v->key_line = f->key_line;
	v->key_col = f->key_col;
	f->node->weight += f->key ? 1 : 0;
	f->key = NULL;
	f->node->len++;
	*f->tail = v;
	f->tail = &v->next;
}

/* What is complete counts for what it is part of. */
static void weigh(struct builder *b, const struct yaml *v)
{
	if (b->depth)
		b->frames[b->depth - 1].node->weight += v->weight;
}

static bool wants_key(const struct builder *b)
{
	const struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;

	return f && f->node->type == YAML_MAP && !f->key;
}

static int anchor(struct builder *b, const yaml_char_t *name, struct yaml *v, bool open)
{
	struct anchor *a = &b->anchors[b->n_anchors];

	if (!name)
		return 0;
	if (b->n_anchors == YAML_ANCHORS_MAX)
		return fail(b, E2BIG, "more than %d anchors", YAML_ANCHORS_MAX);
	a->name = copy(b->doc, name, strlen((const char *)name));
	if (!a->name)
		return err_set(b->err, ENOMEM, "out of memory");
	a->node = v;
	a->open = open;
	b->n_anchors++;
	return 0;
}

/* Only the core tags, which say what the value looks like anyway. */
static int check_tag(struct builder *b, const char *tag)
{
	static const char *const core[] = { "!", YAML_STR_TAG, YAML_NULL_TAG, YAML_BOOL_TAG,
					    YAML_INT_TAG, YAML_FLOAT_TAG, YAML_SEQ_TAG,
					    YAML_MAP_TAG };
	char shown[SHOWN];

	if (!tag)
		return 0;
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (str_eq(tag, core[i]))
			return 0;
	str_printable(shown, sizeof(shown), tag);
	return fail(b, ENOTSUP, "the tag %s is not supported", shown);
}

static int key(struct builder *b, const yaml_event_t *e, const char *text)
{
	struct frame *f = &b->frames[b->depth - 1];
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	char shown[SHOWN];

	str_printable(shown, sizeof(shown), text);
	if (e->data.scalar.anchor)
		return fail(b, ENOTSUP, "an anchor on a key is not supported");
	if (plain && str_eq(text, "<<"))
		return fail(b, ENOTSUP, "merge keys (<<) are not supported");
	if (!*text)
		return fail(b, EINVAL, "a key is empty");
	if (f->node->len == YAML_KEYS_MAX)
		return fail(b, E2BIG, "more than %d keys in one mapping", YAML_KEYS_MAX);
	for (const struct yaml *v = f->node->child; v; v = v->next)
		if (str_eq(v->key, text))
			return fail(b, EINVAL, "the key %s is here a second time, first on line %u",
				    shown, v->key_line);
	f->key = text;
	f->key_line = (uint32_t)b->at.line + 1;
	f->key_col = (uint32_t)b->at.column + 1;
	return 0;
}

static int scalar(struct builder *b, const yaml_event_t *e)
{
	const char *tag = (const char *)e->data.scalar.tag;
	const char *text;
	struct yaml *v;
	int r = check_tag(b, tag);

	if (r < 0)
		return r;
	if (memchr(e->data.scalar.value, 0, e->data.scalar.length))
		return fail(b, EINVAL, "a NUL inside a text");
	r = spend(b, 1);
	if (r < 0)
		return r;
	text = copy(b->doc, e->data.scalar.value, e->data.scalar.length);
	if (!text)
		return err_set(b->err, ENOMEM, "out of memory");
	if (wants_key(b))
		return key(b, e, text);
	v = node_new(b, YAML_TEXT);
	if (!v)
		return err_set(b->err, ENOMEM, "out of memory");
	v->text = text;
	v->len = (uint32_t)e->data.scalar.length;
	v->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		   !(tag && (str_eq(tag, YAML_STR_TAG) || str_eq(tag, "!")));
	attach(b, v);
	weigh(b, v);
	return anchor(b, e->data.scalar.anchor, v, false);
}

static int open_node(struct builder *b, enum yaml_type type, const yaml_char_t *tag,
		     const yaml_char_t *name)
{
	struct frame *f;
	struct yaml *v;
	int r = check_tag(b, (const char *)tag);

	if (r < 0)
		return r;
	if (wants_key(b))
		return fail(b, EINVAL, "a key has to be a word");
	if (b->depth == b->lim.depth)
		return fail(b, E2BIG, "nested deeper than %u", b->lim.depth);
	r = spend(b, 1);
	if (r < 0)
		return r;
	v = node_new(b, type);
	if (!v)
		return err_set(b->err, ENOMEM, "out of memory");
	attach(b, v);
	r = anchor(b, name, v, true);
	if (r < 0)
		return r;
	f = &b->frames[b->depth++];
	*f = (struct frame){ .node = v, .tail = &v->child, .anchor = -1 };
	if (name)
		f->anchor = (int)b->n_anchors - 1;
	return 0;
}

static void close_node(struct builder *b)
{
	struct frame *f = &b->frames[--b->depth];

	if (f->anchor >= 0)
		b->anchors[f->anchor].open = false;
	weigh(b, f->node);
}

static int alias(struct builder *b, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	const struct anchor *a = NULL;
	char shown[SHOWN];
	struct yaml *v;
	int r;

	str_printable(shown, sizeof(shown), name);
	if (wants_key(b))
		return fail(b, EINVAL, "a key has to be a word");
	/* a name may be given again: the last one counts */
	for (unsigned i = b->n_anchors; i-- && !a;)
		if (str_eq(b->anchors[i].name, name))
			a = &b->anchors[i];
	if (!a)
		return fail(b, EINVAL, "nothing is called &%s", shown);
	if (a->open)
		return fail(b, EINVAL, "*%s is part of what it names", shown);
	r = spend(b, a->node->weight);
	if (r < 0)
		return r;
	v = node_new(b, a->node->type);
	if (!v)
		return err_set(b->err, ENOMEM, "out of memory");
	v->len = a->node->len;
	v->plain = a->node->plain;
	v->weight = a->node->weight;
	if (v->type == YAML_TEXT)
		v->text = a->node->text;
	else
		v->child = a->node->child;
	attach(b, v);
	weigh(b, v);
	return 0;
}

static int event(struct builder *b, const yaml_event_t *e)
{
	b->at = e->start_mark;
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			return fail(b, ENOTSUP, "a second document begins, only one is supported");
		return 0;
	case YAML_SCALAR_EVENT:
		return scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(b, YAML_LIST, e->data.sequence_start.tag,
				 e->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return open_node(b, YAML_MAP, e->data.mapping_start.tag,
				 e->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_node(b);
		return 0;
	case YAML_ALIAS_EVENT:
		return alias(b, e);
	default:
		return 0;
	}
}

/*
 * libyaml compares each %TAG directive with all before it, in one call that
 * nothing can cut short: a megabyte of them takes seconds.
 */
static bool too_many_tags(const char *text, size_t len)
{
	static const char tag[] = "%TAG";
	const char *end = text + len;
	unsigned n = 0;

	while ((text = memmem(text, (size_t)(end - text), tag, sizeof(tag) - 1)) != NULL) {
		if (++n > YAML_TAGS_MAX)
			return true;
		text += sizeof(tag) - 1;
	}
	return false;
}

static int read_events(struct builder *b, const struct libyaml *y, const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_event_t e;
	int r = 0;

	if (!y->initialize(&parser))
		return err_set(b->err, ENOMEM, "out of memory");
	/* said, not guessed: no mark may turn it into UTF-16; UTF-8's own is stepped over */
	y->set_encoding(&parser, YAML_UTF8_ENCODING);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, len -= 3;
	y->set_input(&parser, (const unsigned char *)text, len);
	for (bool more = true; more && r >= 0;) {
		if (!y->parse(&parser, &e)) {
			r = broken(b, &parser, text, len);
			break;
		}
		more = e.type != YAML_STREAM_END_EVENT;
		r = event(b, &e);
		y->event_free(&e);
	}
	y->finish(&parser);
	return r;
}

int yaml_read(struct yaml_doc *doc, const char *name, const char *text, size_t len,
	      const struct yaml_limits *lim, struct gantry_err *err)
{
	clean_libyaml struct libyaml y = { 0 };
	struct yaml_doc new = { .name = name };
	struct builder *b;
	int r;

	b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ENOMEM, "out of memory");
	b->doc = &new;
	b->lim = lim ? *lim : (struct yaml_limits)YAML_LIMITS;
	b->err = err;
	if (b->lim.depth > YAML_DEPTH_MAX)
		b->lim.depth = YAML_DEPTH_MAX;
	if (len > b->lim.bytes)
		r = err_set(err, E2BIG, "%s: larger than %zu bytes", name, b->lim.bytes);
	else if (too_many_tags(text, len))
		r = err_set(err, E2BIG, "%s: more than %d %%TAG directives", name, YAML_TAGS_MAX);
	else
		r = libyaml_load(&y, LIBYAML_SONAME, err);
	if (r >= 0)
		r = read_events(b, &y, text, len);
	free(b);
	if (r < 0) {
		yaml_done(&new);
		return r;
	}
	*doc = new;
	return 0;
}

void yaml_done(struct yaml_doc *doc)
{
	for (struct block *b = doc->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	doc->blocks = NULL;
	doc->root = NULL;
}

static int err_at(const struct yaml_doc *doc, uint32_t line, uint32_t col, struct gantry_err *err,
		  int code, const char *words)
{
	if (!line)
		return err_set(err, code, "%s: %s", doc->name, words);
	return err_set(err, code, "%s:%u:%u: %s", doc->name, line, col, words);
}

int yaml_err(const struct yaml_doc *doc, const struct yaml *v, struct gantry_err *err, int code,
	     const char *fmt, ...)
{
	char words[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return err_at(doc, v ? v->line : 0, v ? v->col : 0, err, code, words);
}

int yaml_key_err(const struct yaml_doc *doc, const struct yaml *v, struct gantry_err *err, int code,
		 const char *fmt, ...)
{
	char words[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return err_at(doc, v ? v->key_line : 0, v ? v->key_col : 0, err, code, words);
}

bool yaml_is(const struct yaml *v, enum yaml_type t)
{
	return v && v->type == (uint8_t)t;
}

const struct yaml *yaml_first(const struct yaml *v)
{
	return v && v->type != YAML_TEXT ? v->child : NULL;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	if (!yaml_is(map, YAML_MAP))
		return NULL;
	for yaml_each(v, map)
		if (str_eq(v->key, key))
			return v;
	return NULL;
}

/* Whether v is text without quotes that is one of `words`, which end with NULL. */
static bool plain_among(const struct yaml *v, const char *const *words)
{
	if (!yaml_is(v, YAML_TEXT) || !v->plain)
		return false;
	for (; *words; words++)
		if (str_eq(v->text, *words))
			return true;
	return false;
}

bool yaml_null(const struct yaml *v)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL", NULL };

	return !v || plain_among(v, nothing);
}

int yaml_bool(const struct yaml *v, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES",
					   "on", "On", "ON", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO",
					  "off", "Off", "OFF", NULL };

	if (plain_among(v, yes))
		*ret = true;
	else if (plain_among(v, no))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

int yaml_i64(const struct yaml *v, int64_t *ret)
{
	const char *digits;
	uint64_t n;
	int r;

	if (!yaml_is(v, YAML_TEXT) || !v->plain)
		return -EINVAL;
	digits = v->text + (*v->text == '-' || *v->text == '+');
	r = str_u64(digits, &n);
	if (r < 0)
		return r;
	if (n > INT64_MAX)
		return -ERANGE;
	*ret = *v->text == '-' ? -(int64_t)n : (int64_t)n;
	return 0;
}

const char *yaml_type_name(const struct yaml *v)
{
	static const char *const names[] = { "text", "a list", "a mapping" };

	return yaml_null(v) ? "nothing" : names[v->type];
}
