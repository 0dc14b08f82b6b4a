/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree: what is taken, what is refused and where, and that nothing unfolds. */
#include "codec/yaml.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct gantry_err err;

static int read_text(struct yaml_doc *doc, const char *text)
{
	err = (struct gantry_err){ 0 };
	return yaml_read(doc, "t.yaml", text, strlen(text), NULL, &err);
}

static const struct bad {
	const char *text;
	int error;
	const char *words; /* the whole of it up to where it may vary */
} bads[] = {
	{ "a: [", -EBADMSG, "t.yaml:2:1: not YAML: did not find expected node content while" },
	{ "a: b: c\n", -EBADMSG, "t.yaml:1:5: not YAML: mapping values are not allowed" },
	{ "a: b\n\tc: d\n", -EBADMSG, "t.yaml:2:1: not YAML: found a tab" },
	{ "a: \"b\n", -EBADMSG, "t.yaml:2:1: not YAML: found unexpected end of stream" },
	{ "ok: 1\nbad: \xff\n", -EBADMSG, "t.yaml:2:6: not YAML: invalid leading UTF-8 octet" },
	{ "a: 1\nb: 2\na: 3\n", -EINVAL,
	  "t.yaml:3:1: the key a is here a second time, first on line 1" },
	{ "{a: 1, \"a\": 2}", -EINVAL, "t.yaml:1:8: the key a is here a second time" },
	{ "? [a]\n: b\n", -EINVAL, "t.yaml:1:3: a key has to be a word" },
	{ "a: &x b\n*x : c\n", -EINVAL, "t.yaml:2:1: a key has to be a word" },
	{ "\"\": b\n", -EINVAL, "t.yaml:1:1: a key is empty" },
	{ "a: *nobody\n", -EINVAL, "t.yaml:1:4: nothing is called &nobody" },
	{ "a: &x {b: *x}\n", -EINVAL, "t.yaml:1:11: *x is part of what it names" },
	{ "a: &x [[*x]]\n", -EINVAL, "t.yaml:1:9: *x is part of what it names" },
	{ "a: \"b\\0c\"\n", -EINVAL, "t.yaml:1:4: a NUL inside a text" },
	{ "\"a\\0\": c\n", -EINVAL, "t.yaml:1:1: a NUL inside a text" },
	{ "a: b\n---\nc: d\n", -ENOTSUP, "t.yaml:2:1: a second document begins" },
	{ "a: &x {b: c}\nd:\n  <<: *x\n", -ENOTSUP,
	  "t.yaml:3:3: merge keys (<<) are not supported" },
	{ "a: !mine b\n", -ENOTSUP, "t.yaml:1:4: the tag !mine is not supported" },
	{ "a: !!binary b\n", -ENOTSUP, "t.yaml:1:4: the tag tag:yaml.org,2002:binary is not" },
	{ "&k a: b\n", -ENOTSUP, "t.yaml:1:1: an anchor on a key is not supported" },
};

START_TEST(what_is_wrong_is_told_with_its_place)
{
	struct yaml_doc doc = { 0 };
	const struct bad *b = &bads[_i];

	ck_assert_int_eq(read_text(&doc, b->text), b->error);
	ck_assert_int_eq(strncmp(err.msg, b->words, strlen(b->words)), 0);
	ck_assert_int_eq(err.code, -b->error);
	ck_assert_ptr_null(doc.root);
	ck_assert_ptr_null(doc.blocks);
}
END_TEST

START_TEST(block_and_flow_give_the_same_tree)
{
	static const char *const same[] = {
		"name: x\nlist:\n- 1\n- two\nmap:\n  k: ~\n",
		"name: x\nlist:\n  -\n   1\n  - two\nmap: {k: null}\n",
		"{name: \"x\", list: [1, 'two'], map: {k: }}",
		"--- \n{\"name\": x, \"list\": [1, two], \"map\": {\"k\": Null}}\n...\n",
		"\xef\xbb\xbfname: x\nlist: [1, two]\nmap:\n  k:\n",
	};
	clean_yaml struct yaml_doc doc = { 0 };
	const struct yaml *v;
	int64_t n = 0;

	ck_assert_int_eq(read_text(&doc, same[_i]), 0);
	ck_assert_str_eq(yaml_get(doc.root, "name")->text, "x");
	v = yaml_get(doc.root, "list");
	ck_assert(yaml_is(v, YAML_LIST));
	ck_assert_uint_eq(v->len, 2);
	ck_assert_int_eq(yaml_i64(v->child, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_str_eq(v->child->next->text, "two");
	ck_assert_ptr_null(v->child->next->next);
	v = yaml_get(doc.root, "map");
	ck_assert(yaml_is(v, YAML_MAP));
	ck_assert(yaml_null(yaml_get(v, "k")));
	ck_assert_str_eq(yaml_get(v, "k")->key, "k");
	ck_assert_uint_eq(doc.root->weight, 11); /* 7 values, 4 keys */
}
END_TEST

START_TEST(an_empty_document_has_no_root)
{
	static const char *const empty[] = { "", "\n", "# nothing\n", "---\n...\n" };
	clean_yaml struct yaml_doc doc = { 0 };

	ck_assert_int_eq(read_text(&doc, empty[_i]), 0);
	ck_assert(yaml_null(doc.root));
}
END_TEST

START_TEST(places_are_those_of_values_and_of_keys)
{
	clean_yaml struct yaml_doc doc = { 0 };
	const struct yaml *v;

	ck_assert_int_eq(read_text(&doc, "a: 1\nb:\n    c:   deep\n"), 0);
	v = yaml_get(yaml_get(doc.root, "b"), "c");
	ck_assert_int_eq(yaml_err(&doc, v, &err, EINVAL, "bad %s", v->text), -EINVAL);
	ck_assert_str_eq(err.msg, "t.yaml:3:10: bad deep");
	ck_assert_int_eq(yaml_key_err(&doc, v, &err, ERANGE, "bad"), -ERANGE);
	ck_assert_str_eq(err.msg, "t.yaml:3:5: bad");
	yaml_err(&doc, NULL, &err, EINVAL, "bad");
	ck_assert_str_eq(err.msg, "t.yaml: bad");
}
END_TEST

START_TEST(quotes_make_a_text_of_everything)
{
	clean_yaml struct yaml_doc doc = { 0 };
	bool on = true;
	int64_t n = 7;

	ck_assert_int_eq(read_text(&doc, "[\"1\", 'true', \"\", !!str 5, \"~\"]"), 0);
	for yaml_each(v, doc.root) {
		ck_assert_int_eq(yaml_i64(v, &n), -EINVAL);
		ck_assert_int_eq(yaml_bool(v, &on), -EINVAL);
		ck_assert(!yaml_null(v));
	}
	ck_assert_int_eq(n, 7);
	ck_assert(on);
}
END_TEST

START_TEST(numbers_are_whole_and_decimal)
{
	static const struct { const char *text; int r; int64_t n; } table[] = {
		{ "0", 0, 0 }, { "-3", 0, -3 }, { "+4", 0, 4 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
		{ "1.5", -EINVAL, 0 }, { "1e3", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "1_000", -EINVAL, 0 }, { "-x", -EINVAL, 0 }, { "--1", -EINVAL, 0 },
		{ "", -EINVAL, 0 }, { "five", -EINVAL, 0 }, { "[1]", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_yaml struct yaml_doc doc = { 0 };
		char text[64];
		int64_t n = 0;

		snprintf(text, sizeof(text), "n: %s\n", table[i].text);
		ck_assert_int_eq(read_text(&doc, text), 0);
		ck_assert_int_eq(yaml_i64(yaml_get(doc.root, "n"), &n), table[i].r);
		ck_assert_int_eq(n, table[i].n);
	}
}
END_TEST

START_TEST(truth_has_six_words_in_three_cases)
{
	clean_yaml struct yaml_doc doc = { 0 };
	int i = 0;
	bool on;

	ck_assert_int_eq(read_text(&doc, "[true, False, YES, no, On, OFF, tRUE, 1, y, {}]"), 0);
	for yaml_each(v, doc.root) {
		on = i % 2;
		ck_assert_int_eq(yaml_bool(v, &on), i < 6 ? 0 : -EINVAL);
		if (i < 6)
			ck_assert_int_eq(on, !(i % 2));
		i++;
	}
	ck_assert_int_eq(i, 10);
}
END_TEST

START_TEST(an_alias_shares_what_it_names_and_has_its_own_place)
{
	clean_yaml struct yaml_doc doc = { 0 };
	const struct yaml *v;

	ck_assert_int_eq(read_text(&doc, "a: &x\n  k: v\nb: *x\nc: &x late\nd: *x\n"), 0);
	v = yaml_get(doc.root, "b");
	ck_assert_str_eq(yaml_get(v, "k")->text, "v");
	ck_assert_ptr_eq(v->child, yaml_get(doc.root, "a")->child);
	ck_assert_uint_eq(v->line, 3);
	ck_assert_uint_eq(v->col, 4);
	ck_assert_str_eq(v->key, "b");
	ck_assert_str_eq(yaml_get(doc.root, "d")->text, "late");
}
END_TEST

/* "A billion laughs": nine to the ninth. It has to end at once and in little memory. */
START_TEST(aliases_of_aliases_do_not_unfold)
{
	struct yaml_doc doc = { 0 };
	char text[2048] = "a0: &a0 lol\n", line[128];
	struct rusage before, after;

	for (int i = 1; i < 10; i++) {
		snprintf(line, sizeof(line),
			 "a%2$d: &a%2$d [*a%1$d, *a%1$d, *a%1$d, *a%1$d, *a%1$d, *a%1$d, *a%1$d, "
			 "*a%1$d, *a%1$d]\n", i - 1, i);
		strcat(text, line);
	}
	getrusage(RUSAGE_SELF, &before);
	ck_assert_int_eq(read_text(&doc, text), -E2BIG);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 32768 values, aliases unfolded"));
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 8192);
}
END_TEST

/* Reads n times `part` after `head`. */
static int read_many(const char *head, const char *part, size_t n, const struct yaml_limits *lim)
{
	size_t len = strlen(part), at = strlen(head);
	char *text = malloc(at + n * len + 1);
	struct yaml_doc doc = { 0 };
	int r;

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, at);
	for (size_t i = 0; i < n; i++, at += len)
		memcpy(text + at, part, len);
	r = yaml_read(&doc, "t.yaml", text, at, lim, &err);
	free(text);
	yaml_done(&doc);
	return r;
}

START_TEST(every_limit_holds)
{
	static const struct yaml_limits narrow = { 100, 3, 10 };
	clean_yaml struct yaml_doc doc = { 0 };
	char *keys = NULL;
	size_t len = 0;
	FILE *f;

	ck_assert_int_eq(read_many("", "# ", 50, &narrow), 0);
	ck_assert_int_eq(read_many("", "#", 101, &narrow), -E2BIG);
	ck_assert_str_eq(err.msg, "t.yaml: larger than 100 bytes");
	ck_assert_int_eq(read_many("", "[", 100, &narrow), -E2BIG);
	ck_assert_str_eq(err.msg, "t.yaml:1:4: nested deeper than 3");
	ck_assert_int_eq(read_many("", "- a\n", 9, &narrow), 0);
	ck_assert_int_eq(read_many("", "- a\n", 10, &narrow), -E2BIG);
	ck_assert_int_eq(read_many("", "- ", 300000, NULL), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "nested deeper than 32"));
	ck_assert_int_eq(read_many("", "- &a b\n", YAML_ANCHORS_MAX, NULL), 0);
	ck_assert_int_eq(read_many("", "- &a b\n", YAML_ANCHORS_MAX + 1, NULL), -E2BIG);

	f = open_memstream(&keys, &len);
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i <= YAML_KEYS_MAX; i++)
		fprintf(f, "k%d: v\n", i);
	fclose(f);
	ck_assert_int_eq(yaml_read(&doc, "t.yaml", keys, len, NULL, &err), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, ":1025:1: more than 1024 keys"));
	free(keys);
}
END_TEST

/* In libyaml this takes time by the square: seconds for a megabyte. */
START_TEST(directives_do_not_pile_up)
{
	static const char tail[] = "--- a\n";
	char *text = NULL;
	struct yaml_doc doc = { 0 };
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 30000; i++)
		fprintf(f, "%%TAG !%d! tag:x,\n", i);
	fputs(tail, f);
	fclose(f);
	ck_assert_int_eq(yaml_read(&doc, "t.yaml", text, len, NULL, &err), -E2BIG);
	ck_assert_str_eq(err.msg, "t.yaml: more than 64 %TAG directives");
	free(text);
	ck_assert_int_eq(read_text(&doc, "%YAML 1.1\n%TAG !x! tag:yaml.org,2002:\n"
				   "--- !x!str a\n"), 0);
	ck_assert_str_eq(doc.root->text, "a");
	yaml_done(&doc);
}
END_TEST

START_TEST(control_bytes_do_not_reach_messages)
{
	struct yaml_doc doc = { 0 };

	ck_assert_int_eq(read_text(&doc, "\"a\\e[31m\": 1\n\"a\\e[31m\": 2\n"), -EINVAL);
	ck_assert_ptr_null(strchr(err.msg, 033));
	ck_assert_int_eq(read_text(&doc, "*\x7f"), err.code * -1);
	ck_assert_ptr_null(strchr(err.msg, 0x7f));
}
END_TEST

START_TEST(neutral_answers_for_what_is_not_there)
{
	int64_t n = 3;
	bool on = true;

	ck_assert_ptr_null(yaml_get(NULL, "a"));
	ck_assert_ptr_null(yaml_first(NULL));
	ck_assert(yaml_null(NULL));
	ck_assert(!yaml_is(NULL, YAML_TEXT));
	ck_assert_int_eq(yaml_i64(NULL, &n), -EINVAL);
	ck_assert_int_eq(yaml_bool(NULL, &on), -EINVAL);
	ck_assert_str_eq(yaml_type_name(NULL), "nothing");
	yaml_done(&(struct yaml_doc){ 0 });
}
END_TEST

Suite *yaml_suite(void);
Suite *yaml_suite(void)
{
	Suite *s = suite_create("codec/yaml");
	TCase *t = tcase_create("yaml");

	tcase_add_loop_test(t, what_is_wrong_is_told_with_its_place, 0,
			    sizeof(bads) / sizeof(bads[0]));
	tcase_add_loop_test(t, block_and_flow_give_the_same_tree, 0, 5);
	tcase_add_loop_test(t, an_empty_document_has_no_root, 0, 4);
	tcase_add_test(t, places_are_those_of_values_and_of_keys);
	tcase_add_test(t, quotes_make_a_text_of_everything);
	tcase_add_test(t, numbers_are_whole_and_decimal);
	tcase_add_test(t, truth_has_six_words_in_three_cases);
	tcase_add_test(t, an_alias_shares_what_it_names_and_has_its_own_place);
	tcase_add_test(t, aliases_of_aliases_do_not_unfold);
	tcase_add_test(t, every_limit_holds);
	tcase_add_test(t, directives_do_not_pile_up);
	tcase_add_test(t, control_bytes_do_not_reach_messages);
	tcase_add_test(t, neutral_answers_for_what_is_not_there);
	suite_add_tcase(s, t);
	return s;
}
