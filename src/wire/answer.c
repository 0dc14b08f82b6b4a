/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 answers (RFC 9112), a byte machine of ten states. It owns the head;
 * body bytes are only pointed at, so a stream of any length costs no memory.
 *
 * What bites: everything that two parsers might read differently is refused
 * (two lengths, a length beside chunks, codings but chunked, folded headers,
 * bare LF, signs and blanks in numbers), since no daemon we talk to sends it.
 */
#include "wire/answer.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"

void answer_begin(struct answer *a, bool bodyless)
{
	struct str line, head;

	if (a->line.failed || a->head.failed)
		answer_done(a);
	line = a->line;
	head = a->head;
	line.len = head.len = 0;
	*a = (struct answer){ .bodyless = bodyless, .keep = true, .line = line, .head = head };
}

void answer_done(struct answer *a)
{
	str_done(&a->line);
	str_done(&a->head);
}

const char *answer_header(const struct answer *a, const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < a->head.len; at += strlen(a->head.buf + at) + 1) {
		const char *h = a->head.buf + at;

		if (!strncasecmp(h, name, n) && h[n] == ':')
			return h + n + 1 + strspn(h + n + 1, " \t");
	}
	return NULL;
}

static bool is_token(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

/* "HTTP/1.1 200 OK"; the reason may be missing, and 1.0 closes after its answer. */
static int status_line(struct answer *a, struct gantry_err *err)
{
	const char *s = str_after(a->line.buf, "HTTP/1.");
	int code = 0;

	if (!s || (*s != '0' && *s != '1') || s[1] != ' ')
		return err_set(err, EPROTO, "the answer is not HTTP/1.1");
	a->keep = *s == '1';
	s += 2;
	for (int i = 0; i < 3; i++, s++) {
		if (*s < '0' || *s > '9')
			return err_set(err, EPROTO, "the answer's status is no number");
		code = code * 10 + (*s - '0');
	}
	if (code < 100 || code > 599 || (*s && *s != ' '))
		return err_set(err, EPROTO, "the answer's status is none that HTTP has");
	a->code = code;
	a->state = ANSWER_HEADER;
	return 0;
}

static int set_length(struct answer *a, const char *v, struct gantry_err *err)
{
	uint64_t n;

	if (a->sized || str_u64(v, &n) < 0 || n > INT64_MAX)
		return err_set(err, EPROTO, "the answer's Content-Length is wrong or there twice");
	a->sized = true;
	a->left = n;
	return 0;
}

static int set_coding(struct answer *a, const char *v, struct gantry_err *err)
{
	if (a->chunked || strcasecmp(v, "chunked"))
		return err_set(err, EPROTO, "the answer's Transfer-Encoding is not \"chunked\"");
	a->chunked = true;
	return 0;
}

static int set_connection(struct answer *a, const char *v, struct gantry_err *err)
{
	(void)err;
	if (!strcasecmp(v, "close"))
		a->keep = false;
	else if (!strcasecmp(v, "keep-alive"))
		a->keep = true;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct answer *a, const char *value, struct gantry_err *err);
} headers[] = {
	{ "content-length", set_length },
	{ "transfer-encoding", set_coding },
	{ "connection", set_connection },
};

/* The head is complete: what kind of body follows (RFC 9112, 6.3). */
static int head_end(struct answer *a, struct gantry_err *err)
{
	if (a->chunked && a->sized)
		return err_set(err, EPROTO, "the answer has a Content-Length and chunks");
	if (a->code >= 100 && a->code < 200 && a->code != 101) {
		if (a->interim++ == ANSWER_INTERIM_MAX)
			return err_set(err, EPROTO, "more answers of status 1xx than allowed");
		a->chunked = a->sized = false;
		a->left = 0;
		a->head.len = 0;
		a->state = ANSWER_STATUS;
		return 0;
	}
	a->status = a->code;
	if (a->status == 101)
		a->state = ANSWER_RAW;
	else if (a->bodyless || a->status == 204 || a->status == 304)
		a->state = ANSWER_DONE;
	else if (a->chunked)
		a->state = ANSWER_CHUNK_SIZE;
	else if (a->sized)
		a->state = a->left ? ANSWER_FIXED : ANSWER_DONE;
	else
		a->state = ANSWER_TO_EOF;
	if (a->state == ANSWER_TO_EOF)
		a->keep = false;
	if (a->state != ANSWER_FIXED)
		a->left = 0;
	return 0;
}

static int header_line(struct answer *a, struct gantry_err *err)
{
	char *line = a->line.buf, *colon, *value, *end = line + a->line.len;

	if (!a->line.len)
		return head_end(a, err);
	if (a->lines++ == ANSWER_HEADERS_MAX)
		return err_set(err, EPROTO, "the answer has more than %d headers",
			       ANSWER_HEADERS_MAX);
	for (colon = line; is_token(*colon); colon++)
		;
	if (colon == line || *colon != ':')
		return err_set(err, EPROTO, "the answer has a header without a name");
	value = colon + 1 + strspn(colon + 1, " \t");
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	str_addn(&a->head, line, (size_t)(end - line) + 1);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if ((size_t)(colon - line) == strlen(headers[i].name) &&
		    !strncasecmp(line, headers[i].name, (size_t)(colon - line)))
			return headers[i].set(a, value, err);
	return 0;
}

/* Trailers are read over; nobody we talk to says anything there. */
static int trailer_line(struct answer *a, struct gantry_err *err)
{
	if (!a->line.len)
		a->state = ANSWER_DONE;
	else if (a->lines++ == ANSWER_HEADERS_MAX)
		return err_set(err, EPROTO, "the answer has more than %d headers",
			       ANSWER_HEADERS_MAX);
	return 0;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int chunk_size_line(struct answer *a, struct gantry_err *err)
{
	const char *s = a->line.buf;
	uint64_t n = 0;
	int digits = 0;

	for (; hex(*s) >= 0; s++, digits++) {
		n = n << 4 | (unsigned)hex(*s);
		if (n > ANSWER_CHUNK_MAX)
			return err_set(err, EPROTO, "the answer has a chunk of more than %d MiB",
				       ANSWER_CHUNK_MAX >> 20);
	}
	if (!digits || (*s && *s != ';' && *s != ' ' && *s != '\t'))
		return err_set(err, EPROTO, "the answer has a chunk without a size");
	a->left = n;
	a->state = n ? ANSWER_CHUNK : ANSWER_TRAILER;
	return 0;
}

static int chunk_end_line(struct answer *a, struct gantry_err *err)
{
	if (a->line.len)
		return err_set(err, EPROTO, "the answer has a chunk longer than it says");
	a->state = ANSWER_CHUNK_SIZE;
	return 0;
}

static int (*const lines[])(struct answer *a, struct gantry_err *err) = {
	[ANSWER_STATUS] = status_line,
	[ANSWER_HEADER] = header_line,
	[ANSWER_CHUNK_SIZE] = chunk_size_line,
	[ANSWER_CHUNK_END] = chunk_end_line,
	[ANSWER_TRAILER] = trailer_line,
};

/* Cuts the CR off a complete line and refuses what no line may hold. */
static int line_check(struct answer *a, struct gantry_err *err)
{
	struct str *l = &a->line;

	if (l->failed || a->head.failed)
		return err_set(err, ENOMEM, "out of memory");
	if (!l->len || l->buf[l->len - 1] != '\r')
		return err_set(err, EPROTO, "the answer has a line that does not end in CR LF");
	l->buf[--l->len] = '\0';
	for (size_t i = 0; i < l->len; i++)
		if (((unsigned char)l->buf[i] < ' ' && l->buf[i] != '\t') || l->buf[i] == 0x7f)
			return err_set(err, EPROTO, "the answer has control bytes in its head");
	return 0;
}

/* Takes bytes of a line; *whole when its end is among them. */
static ssize_t take_line(struct answer *a, const char *bytes, size_t len, bool *whole,
			 struct gantry_err *err)
{
	const char *nl = memchr(bytes, '\n', len);
	size_t n = nl ? (size_t)(nl - bytes) : len;
	bool chunk = a->state == ANSWER_CHUNK_SIZE || a->state == ANSWER_CHUNK_END;

	if (chunk && a->line.len + n > ANSWER_CHUNK_LINE_MAX)
		return err_set(err, EPROTO, "the answer has a chunk without a size");
	if (!chunk && (a->head_bytes += n + 1) > ANSWER_HEAD_MAX)
		return err_set(err, EPROTO, "the answer's head is longer than %d KiB",
			       ANSWER_HEAD_MAX >> 10);
	str_addn(&a->line, bytes, n);
	*whole = nl;
	return (ssize_t)(nl ? n + 1 : n);
}

/* Takes bytes of body; `left` says how many there are, but to the end of the connection. */
static size_t take_body(struct answer *a, const char *bytes, size_t len, const char **body,
			size_t *body_len)
{
	if (a->state != ANSWER_TO_EOF) {
		if (len > a->left)
			len = (size_t)a->left;
		a->left -= len;
		if (!a->left)
			a->state = a->state == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_DONE;
	}
	*body = bytes;
	*body_len = len;
	return len;
}

ssize_t answer_feed(struct answer *a, const char *bytes, size_t len, const char **body,
		    size_t *body_len, struct gantry_err *err)
{
	size_t at = 0;

	*body = NULL;
	*body_len = 0;
	while (at < len && !answer_ended(a)) {
		bool whole = false, headless = !a->status;
		ssize_t n;
		int r;

		if (a->state >= ANSWER_FIXED)
			return (ssize_t)(at + take_body(a, bytes + at, len - at, body, body_len));
		n = take_line(a, bytes + at, len - at, &whole, err);
		if (n < 0)
			return n;
		at += (size_t)n;
		if (!whole)
			continue;
		r = line_check(a, err);
		if (r == 0)
			r = lines[a->state](a, err);
		if (r < 0)
			return r;
		a->line.len = 0;
		if (headless && a->status)
			break;
	}
	return (ssize_t)at;
}

int answer_eof(struct answer *a)
{
	if (a->state == ANSWER_TO_EOF)
		a->state = ANSWER_DONE;
	return answer_ended(a) ? 0 : -EPIPE;
}
