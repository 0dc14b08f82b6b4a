/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of a daemon's answers. The first byte says how the rest is cut
 * into pieces; whatever the pieces, the same has to come out, no more body
 * than was put in, and an error has words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	ssize_t r;
	int status, state;
	size_t taken, body_len;
	uint32_t sum; /* of the body */
};

static struct outcome parse(const char *text, size_t len, size_t step, bool head)
{
	struct gantry_err err = { 0 };
	struct answer a = { 0 };
	struct outcome o = { 0 };

	answer_begin(&a, head);
	while (o.taken < len && !answer_ended(&a)) {
		size_t end = len - o.taken < step ? len : o.taken + step, n;
		char *piece =
			malloc(end - o.taken); /* so that a sanitizer sees one byte too many */
		const char *body;

		memcpy(piece, text + o.taken, end - o.taken);
		o.r = answer_feed(&a, piece, end - o.taken, &body, &n, &err);
		for (size_t i = 0; i < n; i++)
			o.sum = o.sum * 31 + (unsigned char)body[i];
		free(piece);
		if (o.r < 0)
			break;
		if (o.r == 0 || (size_t)o.r > end - o.taken || n > (size_t)o.r)
			abort();
		o.taken += (size_t)o.r;
		o.body_len += n;
	}
	if ((o.r < 0) != (*err.msg != '\0') || o.body_len > len || a.head.len > ANSWER_HEAD_MAX)
		abort();
	if (o.r < 0)
		o.taken = 0; /* where in the pieces it was seen may differ */
	else
		o.r = answer_eof(&a);
	o.status = a.status;
	o.state = o.r < 0 ? 0 : a.state;
	(void)answer_header(&a, "api-version");
	answer_done(&a);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome one, two;
	const char *text;

	if (!size)
		return 0;
	text = (const char *)data + 1;
	one = parse(text, size - 1, size, data[0] & 1);
	two = parse(text, size - 1, 1 + (data[0] >> 1), data[0] & 1);
	if (one.r != two.r || one.status != two.status || one.state != two.state)
		abort();
	if (one.taken != two.taken || one.body_len != two.body_len || one.sum != two.sum)
		abort();
	return 0;
}
