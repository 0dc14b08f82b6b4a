/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON parser: one pass over the caller's bytes, strings unescaped where
 * they stand, nodes from few blocks of memory.
 *
 * What bites: nothing here may recurse, the text is hostile. While an array or
 * object is open its `next` points to the one around it, so depth costs no
 * memory; closing it puts `next` right.
 */
#include "base/json.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/jsonscan.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_BLOCK 4096 /* nodes */

struct block {
	struct block *next;
	struct json nodes[];
};

struct parser {
	struct json_scan s;
	struct json_doc *doc;
	struct json_limits lim;
	struct json *in;       /* the innermost open array or object */
	struct json *last;     /* its last value so far */
	struct json *free;     /* nodes left in the newest block */
	size_t nfree, nblock;  /* how many; how many the next block will have */
	size_t values;
	unsigned depth;
};

/* A new value that begins at `at`, linked behind its elder siblings. */
static int add(struct parser *p, const char *key, uint32_t hash, const char *at, struct json **ret)
{
	struct json *v;

	if (p->values++ >= p->lim.values)
		return json_scan_fail(&p->s, at, E2BIG, "more than %zu values", p->lim.values);
	if (!p->nfree) {
		struct block *b = malloc(sizeof(*b) + p->nblock * sizeof(b->nodes[0]));

		if (!b)
			return err_num(p->s.err, -ENOMEM, "%s", p->s.name);
		b->next = p->doc->blocks;
		p->doc->blocks = b;
		p->free = b->nodes;
		p->nfree = p->nblock;
		p->nblock = p->nblock * 2 < MAX_BLOCK ? p->nblock * 2 : MAX_BLOCK;
	}
	p->nfree--;
	v = p->free++;
	*v = (struct json){ .key = key, .hash = hash, .off = (uint32_t)(at - p->s.text) };
	if (!p->in)
		p->doc->root = v;
	else if (p->last)
		p->last->next = v;
	else
		p->in->child = v;
	if (p->in)
		p->in->len++;
	p->last = v;
	*ret = v;
	return 0;
}

/* FNV-1a, to tell most keys apart without looking at them; forced collisions gain nothing. */
static uint32_t hash_key(const char *key, uint32_t len)
{
	uint32_t h = 2166136261u;

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 16777619u;
	return h;
}

static int by_key(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
	int r;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	r = strcmp(x->key, y->key);
	return r ? r : x->off < y->off ? -1 : x->off > y->off;
}

/* Of many members: equal keys lie side by side once sorted. *ret is the first repetition. */
static int find_repeated(const struct json *obj, const struct json **ret)
{
	clean_free const struct json **list = malloc(obj->len * sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (const struct json *v = obj->child; v; v = v->next)
		list[n++] = v;
	qsort(list, n, sizeof(*list), by_key);
	for (size_t i = 1; i < n; i++)
		if (list[i]->hash == list[i - 1]->hash && str_eq(list[i]->key, list[i - 1]->key) &&
		    (!*ret || list[i]->off < (*ret)->off))
			*ret = list[i];
	return 0;
}

/* Of few: each with those before it, in the order of the text. */
static const struct json *repeated_of_few(const struct json *obj)
{
	for (const struct json *v = obj->child; v; v = v->next)
		for (const struct json *w = obj->child; w != v; w = w->next)
			if (v->hash == w->hash && str_eq(v->key, w->key))
				return v;
	return NULL;
}

/* Refuses a key given twice: two readers that disagree on which one counts are a way in. */
static int check_keys(struct parser *p, const struct json *obj)
{
	const struct json *twice = NULL;

	if (obj->len <= 24)
		twice = repeated_of_few(obj);
	else if (find_repeated(obj, &twice) < 0)
		return err_num(p->s.err, -ENOMEM, "%s", p->s.name);
	if (!twice)
		return 0;
	return json_scan_fail(&p->s, twice->key - 1, EBADMSG, "\"%.80s\" is there twice",
			      twice->key);
}

static int open_container(struct parser *p, struct json *v, enum json_type type)
{
	if (p->depth >= p->lim.depth)
		return json_scan_fail(&p->s, p->s.at, E2BIG,
				      "more than %u arrays and objects within each other",
				      p->lim.depth);
	v->type = (uint8_t)type;
	v->next = p->in;
	p->in = v;
	p->last = NULL;
	p->depth++;
	p->s.at++;
	return 0;
}

static int close_container(struct parser *p)
{
	struct json *v = p->in;
	int r = v->type == JSON_OBJECT && v->len > 1 ? check_keys(p, v) : 0;

	p->s.at++;
	p->in = v->next;
	v->next = NULL;
	p->last = v;
	p->depth--;
	return r;
}

/* "KEY": before a member's value. */
static int read_key(struct parser *p, const char **ret, uint32_t *ret_hash)
{
	uint32_t len;
	int r;

	if (*p->s.at != '"')
		return json_scan_unexpected(&p->s, "a key in double quotes");
	r = json_scan_string(&p->s, ret, &len);
	if (r < 0)
		return r;
	*ret_hash = hash_key(*ret, len);
	json_scan_blanks(&p->s);
	if (*p->s.at != ':')
		return json_scan_unexpected(&p->s, "a colon");
	p->s.at++;
	json_scan_blanks(&p->s);
	return 0;
}

/* One value, or the opening bracket of one. */
static int read_value(struct parser *p)
{
	const char *key = NULL;
	uint32_t hash = 0;
	struct json *v = NULL;
	int r = 0;

	if (p->in && p->in->type == JSON_OBJECT)
		r = read_key(p, &key, &hash);
	if (r == 0)
		r = add(p, key, hash, p->s.at, &v);
	if (r < 0)
		return r;
	switch (*p->s.at) {
	case '{':
		return open_container(p, v, JSON_OBJECT);
	case '[':
		return open_container(p, v, JSON_ARRAY);
	case '"':
		v->type = JSON_STRING;
		return json_scan_string(&p->s, &v->text, &v->len);
	case '-':
	case '0' ... '9':
		return json_scan_number(&p->s, v);
	default:
		return json_scan_word(&p->s, v);
	}
}

/* What may stand behind a value: closing brackets, a comma, the end. 1: another value follows. */
static int read_behind(struct parser *p)
{
	int r;

	while (p->in) {
		bool obj = p->in->type == JSON_OBJECT;

		json_scan_blanks(&p->s);
		/* Just opened: a value follows unless it closes at once. */
		if (!p->last && *p->s.at != (obj ? '}' : ']'))
			return 1;
		if (*p->s.at == ',') {
			p->s.at++;
			json_scan_blanks(&p->s);
			return 1;
		}
		if (*p->s.at != (obj ? '}' : ']'))
			return json_scan_unexpected(&p->s, obj ? "a comma or }" : "a comma or ]");
		r = close_container(p);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * How many nodes the first block gets. A config.json has 16 to 19 bytes a value:
 * one block then does, and what is not touched costs nothing. Measured cold
 * under musl: 3 page faults instead of the 6 of smaller blocks, half the time.
 */
static size_t first_block(size_t len)
{
	size_t n = len / 16 + 4;

	return n > MAX_BLOCK ? MAX_BLOCK : n;
}

static int parse(struct json_doc *doc, size_t len, const struct json_limits *lim,
		 struct gantry_err *err)
{
	struct parser p = { .doc = doc, .lim = JSON_LIMITS, .nblock = first_block(len) };
	int r;

	if (lim)
		p.lim = *lim;
	p.s = (struct json_scan){ .name = doc->name, .err = err, .text = doc->text, .at = doc->text,
				  .end = doc->text + len };
	json_scan_blanks(&p.s);
	do {
		r = read_value(&p);
		if (r == 0)
			r = read_behind(&p);
	} while (r > 0);
	doc->end = (size_t)(p.s.at - p.s.text);
	if (r == 0) {
		json_scan_blanks(&p.s);
		if (p.s.at != p.s.end)
			r = json_scan_fail(&p.s, p.s.at, EBADMSG, "more follows behind the value");
	}
	return r;
}

/* Empties *doc and checks what can be told from the length alone. */
static int begin(struct json_doc *doc, const char *name, size_t len, const struct json_limits *lim,
		 struct gantry_err *err)
{
	static const struct json_limits usual = JSON_LIMITS;
	size_t max = lim ? lim->bytes : usual.bytes;

	*doc = (struct json_doc){ .name = name ? name : "JSON" };
	if (max > UINT32_MAX - 1)
		max = UINT32_MAX - 1; /* struct json's off */
	if (len > max)
		return err_set(err, E2BIG, "%s: longer than %zu bytes", doc->name, max);
	return 0;
}

/* Parses text[0..len), of which no byte but the NUL that ends it is outside. */
static int parse_whole(struct json_doc *doc, char *text, size_t len, const struct json_limits *lim,
		       struct gantry_err *err)
{
	int r;

	text[len] = '\0';
	doc->text = text;
	doc->text_len = len;
	r = parse(doc, len, lim, err);
	if (r < 0)
		json_done(doc);
	return r;
}

int json_parse(struct json_doc *doc, const char *name, char *text, size_t len,
	       const struct json_limits *lim, struct gantry_err *err)
{
	int r = begin(doc, name, len, lim, err);

	return r < 0 ? r : parse_whole(doc, text, len, lim, err);
}

/*
 * Where the first value of text[0..len) ends, without touching it; 0 when it
 * does not end here. Counts brackets outside strings, whatever their kind: the
 * parser sees to the rest.
 */
static size_t first_end(const char *text, size_t len)
{
	size_t i = 0, depth = 0;
	bool quoted = false;

	while (i < len && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	for (bool begun = false; i < len; i++) {
		char c = text[i];

		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
			if (!quoted && !depth)
				return i + 1;
		} else if (c == '"') {
			if (begun && !depth)
				return i;
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (begun && !depth)
				return i;
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth <= 1)
				return depth || !begun ? i + 1 : i;
			depth--;
		} else if (!depth && (c == ',' || c == ':' || (unsigned char)c <= ' ')) {
			return i + !begun;
		}
		begun = true;
	}
	return 0;
}

int json_parse_first(struct json_doc *doc, const char *name, char *text, size_t len,
		     const struct json_limits *lim, struct gantry_err *err)
{
	size_t end = first_end(text, len);
	int r = begin(doc, name, end ? end : len, lim, err);
	char behind;

	if (r < 0)
		return r;
	if (!end)
		return err_set(err, EAGAIN, "%s: the first value is not all there yet", doc->name);
	behind = text[end];
	r = parse_whole(doc, text, end, lim, err);
	text[end] = behind;
	return r;
}

void json_done(struct json_doc *doc)
{
	for (struct block *b = doc->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*doc = (struct json_doc){ 0 };
}

int json_err(const struct json_doc *doc, const struct json *v, struct gantry_err *err, int code,
	     const char *fmt, ...)
{
	size_t line, col;
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (!v)
		return err_set(err, code, "%s: %s", doc->name, msg);
	json_place(doc->text, v->off, &line, &col);
	return err_set(err, code, "%s:%zu:%zu: %s", doc->name, line, col, msg);
}
