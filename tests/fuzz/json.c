/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes into the JSON reader. What it takes is written and read again, and
 * must come out the same; what it refuses must be told in one printable line.
 */
#include "base/json.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

static char *copy_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	return text;
}

static char *written(const struct json *v, bool pretty)
{
	struct json_out o = { .pretty = pretty };
	char *text = NULL;
	size_t len = 0;

	json_value(&o, NULL, v);
	must(json_out_take(&o, &text, &len) == 0 && strlen(text) == len);
	return text;
}

/* Words are one line that a terminal may be shown. */
static void check_words(int r, const struct gantry_err *err)
{
	char again[sizeof(err->msg)];

	must(err->code == -r && err->msg[0]);
	str_printable(again, sizeof(again), err->msg);
	must(str_eq(again, err->msg));
}

static void check_taken(const struct json_doc *doc)
{
	clean_free char *once = written(doc->root, true), *again = NULL, *twice = NULL;
	clean_json struct json_doc back = { 0 };
	struct gantry_err err = { 0 };

	again = strdup(once);
	must(json_parse(&back, "back", again, strlen(again), NULL, &err) == 0);
	twice = written(back.root, true);
	must(str_eq(once, twice));
	/* Every value has a place. */
	for json_each(v, doc->root)
		json_err(doc, v, &err, EINVAL, "here");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	clean_free char *whole = copy_of(data, size), *stream = copy_of(data, size);
	clean_json struct json_doc doc = { 0 };
	struct gantry_err err = { 0 };
	size_t at = 0;
	int r = json_parse(&doc, "fuzz", whole, size, NULL, &err);

	must(r == 0 || r == -EBADMSG || r == -E2BIG);
	if (r == 0)
		check_taken(&doc);
	else
		check_words(r, &err);
	do {
		struct json_doc one = { 0 };

		r = json_parse_first(&one, "fuzz", stream + at, size - at, NULL, &err);
		must(r == 0 || r == -EBADMSG || r == -E2BIG || r == -EAGAIN);
		must(r < 0 || (one.end > 0 && one.end <= size - at));
		/* Untouched where more is to be read. */
		must(r != -EAGAIN || memcmp(stream + at, data + at, size - at) == 0);
		at += one.end;
		json_done(&one);
	} while (r == 0);
	return 0;
}
