/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/json.h"
#include "oracle.h"

/* Takes what was written and checks that jansson and our own reader take it too. */
static char *take(struct json_out *o)
{
	clean_str struct str theirs = { 0 };
	clean_json struct json_doc doc = { 0 };
	clean_free char *copy = NULL;
	struct gantry_err err = { 0 };
	char *text = NULL;
	size_t len = 0;

	ck_assert_int_eq(json_out_take(o, &text, &len), 0);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_msg(oracle_read(text, len, &theirs) == ORACLE_TAKES, "%s", text);
	copy = strdup(text);
	ck_assert_msg(json_parse(&doc, "out", copy, len, NULL, &err) == 0, "%s", err.msg);
	return text;
}

static void check_out(struct json_out *o, const char *want)
{
	clean_free char *text = take(o);

	ck_assert_str_eq(text, want);
}

START_TEST(commas_quotes_and_colons_are_put_in)
{
	static const char *const list[] = { "a", "b", NULL };
	clean_json_out struct json_out o = JSON_OUT_INIT;

	json_obj(&o, NULL);
	json_str(&o, "s", "x");
	json_str(&o, "none", NULL);
	json_int(&o, "i", -1);
	json_bool(&o, "t", true);
	json_bool(&o, "f", false);
	json_null(&o, "n");
	json_real(&o, "r", 1.5);
	json_arr(&o, "a");
	json_int(&o, NULL, 1);
	json_arr(&o, NULL);
	json_end_arr(&o);
	json_obj(&o, NULL);
	json_end_obj(&o);
	json_end_arr(&o);
	json_strv(&o, "v", list);
	json_strv(&o, "v0", NULL);
	json_strn(&o, "cut", "abcdef", 3);
	json_end_obj(&o);
	check_out(&o, "{\"s\":\"x\",\"none\":null,\"i\":-1,\"t\":true,\"f\":false,\"n\":null,"
		      "\"r\":1.5,\"a\":[1,[],{}],\"v\":[\"a\",\"b\"],\"v0\":[],\"cut\":\"abc\"}");
}
END_TEST

START_TEST(pretty_text_is_indented_and_empty_things_stay_short)
{
	clean_json_out struct json_out o = { .pretty = true };

	json_obj(&o, NULL);
	json_str(&o, "a", "x");
	json_arr(&o, "b");
	json_int(&o, NULL, 1);
	json_int(&o, NULL, 2);
	json_end_arr(&o);
	json_arr(&o, "c");
	json_end_arr(&o);
	json_end_obj(&o);
	check_out(&o, "{\n  \"a\": \"x\",\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": []\n}");
	/* It stays pretty for the next text. */
	json_arr(&o, NULL);
	json_null(&o, NULL);
	json_end_arr(&o);
	check_out(&o, "[\n  null\n]");
}
END_TEST

START_TEST(text_of_any_bytes_becomes_utf8_that_we_read_again)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} table[] = {
		{ "", 0, "\"\"" },
		{ "\"\\/", 3, "\"\\\"\\\\/\"" },
		{ "\b\f\n\r\t\001\037\177", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\177\"" },
		{ "\303\251\360\237\232\242", 6, "\"\303\251\360\237\232\242\"" },
		{ "a\377b", 3, "\"a\357\277\275b\"" },
		{ "\303", 1, "\"\357\277\275\"" },
		{ "\355\240\200", 3, "\"\357\277\275\357\277\275\357\277\275\"" },
		{ "a\0b", 3, "\"a\357\277\275b\"" },
		{ "\342\202\254\342\202", 5, "\"\342\202\254\357\277\275\357\277\275\"" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_json_out struct json_out o = JSON_OUT_INIT;

		json_strn(&o, NULL, table[i].bytes, table[i].len);
		check_out(&o, table[i].want);
	}
	for (int c = 1; c < 256; c++) {
		clean_json_out struct json_out o = JSON_OUT_INIT;
		char key[2] = { (char)c, '\0' };

		json_obj(&o, NULL);
		json_str(&o, key, key);
		json_end_obj(&o);
		free(take(&o));
	}
}
END_TEST

START_TEST(integers_are_written_to_their_ends)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	char *text = NULL;

	json_arr(&o, NULL);
	json_int(&o, NULL, INT64_MIN);
	json_int(&o, NULL, INT64_MAX);
	json_int(&o, NULL, 0);
	json_uint(&o, NULL, UINT64_MAX);
	json_end_arr(&o);
	ck_assert_int_eq(json_out_take(&o, &text, NULL), 0);
	ck_assert_str_eq(text, "[-9223372036854775808,9223372036854775807,0,18446744073709551615]");
	free(text);
}
END_TEST

START_TEST(reals_come_back_as_the_same_double_and_as_reals)
{
	static const double table[] = {
		0.0, -0.0, 1.0, -3.0, 0.1, 1.0 / 3, 1e22, 1e23, 1e300, DBL_MAX, DBL_MIN, 5e-324,
		123456789.123456789, 9007199254740993.0, 1e15, 1e16, 1e17, -2.5e-7,
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_json_out struct json_out o = JSON_OUT_INIT;
		clean_json struct json_doc doc = { 0 };
		clean_free char *text = NULL;
		double d = 7;

		json_real(&o, NULL, table[i]);
		text = take(&o);
		ck_assert_int_eq(json_parse(&doc, NULL, text, strlen(text), NULL, NULL), 0);
		ck_assert(json_is(doc.root, JSON_REAL));
		ck_assert_int_eq(json_f64(doc.root, &d), 0);
		ck_assert(memcmp(&d, &table[i], sizeof(d)) == 0);
	}
}
END_TEST

START_TEST(what_is_no_number_is_null)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;

	json_arr(&o, NULL);
	json_real(&o, NULL, (double)NAN);
	json_real(&o, NULL, (double)INFINITY);
	json_real(&o, NULL, -(double)INFINITY);
	json_end_arr(&o);
	check_out(&o, "[null,null,null]");
}
END_TEST

START_TEST(several_values_at_the_top_come_one_a_line)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	char *text = NULL;

	json_obj(&o, NULL);
	json_end_obj(&o);
	json_int(&o, NULL, 1);
	json_arr(&o, NULL);
	json_end_arr(&o);
	ck_assert_int_eq(json_out_take(&o, &text, NULL), 0);
	ck_assert_str_eq(text, "{}\n1\n[]");
	free(text);
}
END_TEST

START_TEST(what_was_not_ended_is_not_handed_over)
{
	clean_json_out struct json_out o = JSON_OUT_INIT;
	char *text = NULL;

	json_obj(&o, NULL);
	ck_assert_int_eq(json_out_take(&o, &text, NULL), -EINVAL);
	json_end_arr(&o);
	ck_assert_int_eq(json_out_take(&o, &text, NULL), -EINVAL);
	ck_assert_ptr_null(text);
	ck_assert_ptr_null(o.buf);
	ck_assert_int_eq(json_out_take(&o, &text, NULL), 0);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(a_copy_of_a_parsed_value_is_the_value_without_its_siblings)
{
	static const char src[] = "[{\"a\":1,\"b\":[{\"c\":[]},[[]],\"x\\n\",-5,2.5],"
				  "\"d\":{\"e\":{}}},\"sibling\"]";
	clean_json struct json_doc doc = { 0 };
	clean_json_out struct json_out o = JSON_OUT_INIT;
	clean_free char *text = strdup(src);
	const struct json *first;

	ck_assert_int_eq(json_parse(&doc, NULL, text, strlen(text), NULL, NULL), 0);
	json_value(&o, NULL, doc.root);
	check_out(&o, src);
	first = json_first(doc.root);
	json_obj(&o, NULL);
	json_value(&o, "copy", first);
	json_value(&o, "b", json_get(first, "b"));
	json_value(&o, "a", json_get(first, "a"));
	json_value(&o, "none", NULL);
	json_end_obj(&o);
	check_out(&o, "{\"copy\":{\"a\":1,\"b\":[{\"c\":[]},[[]],\"x\\n\",-5,2.5],"
		      "\"d\":{\"e\":{}}},"
		      "\"b\":[{\"c\":[]},[[]],\"x\\n\",-5,2.5],\"a\":1,\"none\":null}");
}
END_TEST

static uint32_t seed = 42;

static unsigned dice(unsigned sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

/* Writes one random scalar; `d` gets it in the oracle's form. */
static void random_scalar(struct json_out *o, struct str *d, const char *key)
{
	static const char *const texts[] = {
		"", "a", "\"\\/", "line\n\ttab", "\303\251\342\202\254", "\001\177",
	};
	const char *text = texts[dice(sizeof(texts) / sizeof(texts[0]))];
	int64_t n = (int64_t)((uint64_t)dice(1 << 24) << dice(41)) * (dice(2) ? 1 : -1);
	double real = (double)n / (dice(1000) + 1);

	switch (dice(5)) {
	case 0:
		json_null(o, key);
		str_add(d, "n");
		break;
	case 1:
		json_bool(o, key, n < 0);
		str_add(d, n < 0 ? "t" : "f");
		break;
	case 2:
		json_int(o, key, n);
		str_addf(d, "i%lld;", (long long)n);
		break;
	case 3:
		json_real(o, key, real);
		str_addf(d, "r%a;", real);
		break;
	default:
		json_str(o, key, text);
		str_addf(d, "s%zu:%s;", strlen(text), text);
	}
}

static void random_value(struct json_out *o, struct str *d, const char *key, int deep)
{
	bool obj = dice(2);

	if (key)
		str_addf(d, "%zu:%s=", strlen(key), key);
	if (deep && dice(3) == 0) {
		random_scalar(o, d, key);
		return;
	}
	if (obj)
		json_obj(o, key);
	else
		json_arr(o, key);
	str_add(d, obj ? "{" : "[");
	for (unsigned i = 0, n = deep < 6 ? dice(5) : 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "k\303\251%u\"", i);
		random_value(o, d, obj ? name : NULL, deep + 1);
	}
	str_add(d, obj ? "}" : "]");
	if (obj)
		json_end_obj(o);
	else
		json_end_arr(o);
}

START_TEST(whatever_is_written_the_oracle_reads_the_same)
{
	for (int i = 0; i < 2000; i++) {
		clean_json_out struct json_out o = { .pretty = i % 2 };
		clean_str struct str wrote = { 0 }, read = { 0 };
		clean_free char *text = NULL;
		size_t len = 0;

		random_value(&o, &wrote, NULL, 0);
		ck_assert_int_eq(json_out_take(&o, &text, &len), 0);
		ck_assert_int_eq(oracle_read(text, len, &read), ORACLE_TAKES);
		ck_assert_str_eq(read.buf, wrote.buf);
	}
}
END_TEST

Suite *jsonout_suite(void);

Suite *jsonout_suite(void)
{
	Suite *s = suite_create("base/jsonout");
	TCase *t = tcase_create("writing");

	tcase_add_test(t, commas_quotes_and_colons_are_put_in);
	tcase_add_test(t, pretty_text_is_indented_and_empty_things_stay_short);
	tcase_add_test(t, text_of_any_bytes_becomes_utf8_that_we_read_again);
	tcase_add_test(t, integers_are_written_to_their_ends);
	tcase_add_test(t, reals_come_back_as_the_same_double_and_as_reals);
	tcase_add_test(t, what_is_no_number_is_null);
	tcase_add_test(t, several_values_at_the_top_come_one_a_line);
	tcase_add_test(t, what_was_not_ended_is_not_handed_over);
	tcase_add_test(t, a_copy_of_a_parsed_value_is_the_value_without_its_siblings);
	tcase_add_test(t, whatever_is_written_the_oracle_reads_the_same);
	suite_add_tcase(s, t);
	return s;
}
