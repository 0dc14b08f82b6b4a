/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser against jansson, which is the oracle: the same texts taken, the
 * same values read. Where the two differ on purpose is told in check_text().
 */
#include "base/json.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "oracle.h"
#include "tempdir.h"

/* A copy that ends where the text does, so that a byte read beyond is found by ASan. */
static char *copy_of(const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	ck_assert_ptr_nonnull(copy);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '#';
	return copy;
}

/* Our values in the oracle's form: types, exact numbers, bytes of strings, order. */
static void dump(struct str *s, const struct json *v)
{
	int64_t n;
	double d;

	if (v->key)
		str_addf(s, "%zu:%s=", strlen(v->key), v->key);
	if (json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) {
		uint32_t members = 0;

		str_addf(s, "%c", json_is(v, JSON_OBJECT) ? '{' : '[');
		for json_each(m, v) {
			dump(s, m);
			members++;
		}
		ck_assert_uint_eq(members, v->len);
		str_addf(s, "%c", json_is(v, JSON_OBJECT) ? '}' : ']');
	} else if (json_is(v, JSON_STRING)) {
		ck_assert_uint_eq(v->len, strlen(v->text));
		str_addf(s, "s%u:%s;", v->len, v->text);
	} else if (json_i64(v, &n) == 0) {
		str_addf(s, "i%lld;", (long long)n);
	} else if (json_is(v, JSON_REAL) && json_f64(v, &d) == 0) {
		str_addf(s, "r%a;", d);
	} else {
		str_addf(s, "%c", json_is(v, JSON_NULL) ? 'n' : json_true(v) ? 't' : 'f');
	}
}

/* Reads one text both ways; returns what ours returned. */
static int check_text(const char *text, size_t len)
{
	clean_free char *ours = copy_of(text, len);
	clean_str struct str want = { 0 }, have = { 0 };
	clean_json struct json_doc doc = { 0 };
	struct gantry_err err = { 0 };
	enum oracle o = oracle_read(text, len, &want);
	int r = json_parse(&doc, "t.json", ours, len, NULL, &err);

	if (r == 0) {
		dump(&have, doc.root);
		/* Numbers from 2^63 on: ours knows uint64_t, and beyond that doubles. */
		if (o == ORACLE_TOO_WIDE)
			return r;
		ck_assert_msg(o == ORACLE_TAKES, "only we take %.*s", (int)len, text);
		ck_assert_str_eq(have.buf, want.buf);
		return r;
	}
	ck_assert_msg(str_after(err.msg, "t.json:") != NULL, "no place in: %s", err.msg);
	ck_assert_int_eq(err.code, -r);
	ck_assert_ptr_null(doc.blocks);
	/* Deeper than 64: ours stops there, jansson at 2048. */
	if (r == -E2BIG)
		return r;
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_msg(o != ORACLE_TAKES, "only we refuse %.*s: %s", (int)len, text, err.msg);
	return r;
}

static int check_string(const char *text)
{
	return check_text(text, strlen(text));
}

static const char *const good[] = {
	"0", "-0", "1", "-1", "10", "1234567890", "0.0", "0.5", "-0.5", "1.25", "1e0", "1E0",
	"1e+0", "1e-0", "1e5",
	"-1.5e-5", "0e5", "0.0e-1", "9223372036854775807", "-9223372036854775808",
	"9007199254740993.0",
	"1.7976931348623157e308", "5e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
	"1e-400", "0e400",
	"3.14159265358979323846264338327950288", "0.1", "0.2", "0.3", "1e22", "1e23", "8.5e22",
	"9e15", "123456e-7",
	"\"\"", "\"a\"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0041\"",
	"\"\\u00e9\"",
	"\"\\u20AC\"", "\"\\ud83d\\udea2\"", "\"\\uD834\\uDd1E\"", "\"\\uffff\"", "\"\\u0001\"",
	"\"\177\"",
	"\"\303\251\342\202\254\360\237\232\242\"", "\"\357\277\277\"", "\"\\u005c\\u0022\"",
	"\"'\"", "\"\\\\u0000\"",
	"\"a string that is longer than any word of the machine, so that it takes several\"",
	"true", "false", "null", " true ", "\ttrue\r\n", "[]", "[ ]", "{}", "{ }", "[[]]", "[{}]",
	"{\"a\":[]}",
	"{\"a\":{}}", "[1]", "[1,2]", "[ 1 , 2 ]", "[1,[2,[3,[4]]]]", "[[[[1],2],3],4]",
	"[[],[],[]]", "[{},{},{}]",
	"{\"a\":1}", "{\"a\":1,\"b\":2}", "{ \"a\" : 1 , \"b\" : 2 }", "{\"\":1}",
	"{\"\":{\"\":{\"\":0}}}",
	"{\"a\":{\"a\":{\"a\":1}}}", "[{\"a\":1},{\"a\":2}]", "{\"a\":\"a\",\"A\":\"a\"}",
	"{\"a\\n\":1,\"a\\t\":2}",
	"{\"a\":[1,2,{\"b\":[true,false,null]}],\"c\":\"d\"}", "{\"\303\251\":1,\"e\314\201\":2}",
	"{\"a\":null,\"b\":true,\"c\":false}", "[null,true,false]", "[\"\",\"\",\"\"]",
	"[\"a\",\"b\",\"c\"]",
	"[1.5,2,\"x\",null,true,[],{}]", "\n\n{\n\t\"a\":\n1\n}\n\n", "[0,0,0,0,0,0,0,0,0,0]",
	"{\"a\":{},\"b\":[]}",
	"{\"ab\":1,\"a\":2,\"b\":3}", "{\"a.b\":{\"c\":1}}", "[-1,-0.0,-1e-1]",
	"[1e1,1E1,1e+1,1E-1]",
};

static const char *const bad[] = {
	"", " ", "\t", "\n", "\r", "\v", "\f", "\b", "x", "#", "/", "//", "/**/1", "1//", "\\",
	"'", "''", "'a'", "`",
	"+1", "++1", "--1", "-", "-a", "- 1", "01", "00", "-01", "-00", "007", "1.", "-1.", ".1",
	"-.1", ".", "1..2",
	"1.2.3", "1e", "1e+", "1e-", "1E", "1.e5", "1e5.5", "e5", "1 2", "1,", ",1", "1;", "0x1",
	"0b1", "0o7", "1_000",
	"1f", "1L", "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "-1e400", "1e99999",
	"1e999999999999999999",
	"\303\251", "\357\273\2771", "\"", "\"a", "a\"", "\"\\\"", "\"\\", "\"a\\\"", "\"\\x\"",
	"\"\\a\"", "\"\\v\"",
	"\"\\0\"", "\"\\'\"", "\"\\U0041\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"",
	"\"\\u123g\"",
	"\"\\u+041\"", "\"\\u 041\"", "\"\\u-041\"", "\"\\u0000\"", "\"a\\u0000b\"",
	"\"\\ud800\"", "\"\\udbff\"",
	"\"\\udc00\"", "\"\\udfff\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
	"\"\\udc00\\ud800\"", "\"\\ud800x\"",
	"\"\\ud800\\n\"", "\"\\ud800\\\"", "\"\\ud800\\u\"", "\"\\ud800\\udc0\"", "\"\n\"",
	"\"\t\"", "\"\r\"", "\"\001\"",
	"\"\037\"", "\"\b\"", "\"\\\n\"", "\"\200\"", "\"\277\"", "\"\300\200\"", "\"\301\277\"",
	"\"\302\"", "\"\302a\"",
	"\"\340\200\200\"", "\"\342\202\"", "\"\355\240\200\"", "\"\355\277\277\"",
	"\"\360\200\200\200\"",
	"\"\360\237\232\"", "\"\364\220\200\200\"", "\"\365\200\200\200\"", "\"\376\"",
	"\"\377\"", "\"\\n\377\"",
	"t", "tr", "tru", "truE", "True", "TRUE", "truee", "true1", "f", "fals", "False", "n",
	"nul", "Null", "NULL",
	"nulll", "none", "undefined", "truefalse", "nulltrue", "[", "[1", "[1,", "[1,]", "[,]",
	"[,1]", "[1,,2]", "[1 2]",
	"[1;2]", "[1:2]", "[\"a\":1]", "]", "[]]", "[[]", "[}", "[1}", "[1]]", "[1],", "[1]1",
	"[\"a]", "[\"a\"", "[tru]",
	"[1,2,3", "[[1,2],[3,4]", "[{]", "[{]}", "(1)", "{", "}", "{}}", "{{}}", "{]", "{1}",
	"{1:2}", "{a}", "{a:1}",
	"{'a':1}", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\",1}", "{\"a\":1", "{\"a\":1,",
	"{\"a\":1,}", "{,}", "{,\"a\":1}",
	"{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{\"a\"=1}", "{\"a\"::1}",
	"{\"a\":1:2}",
	"{\"a\":1]", "{\"a\":[1}", "{\"a\":[1}]", "{:1}", "{\"a", "{\"a\"", "{\"a\":",
	"{\"a\":\"", "{null:1}", "{true:1}",
	"{[]:1}", "{{}:1}", "{\"a\":1}x", "{\"a\":1}{\"b\":2}", "{\"a\":1}\n{\"b\":2}",
	"{\"a\":1},", "{\"a\":01}",
	"{\"a\":1,\"a\":1}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"b\":2,\"a\":3}",
	"{\"a\":{},\"a\":{}}",
	"{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}", "[{\"x\":{\"a\":1,\"a\":2}}]",
	"{\"b\":[{\"a\":1,\"a\":2}]}",
	"{\"a\\/\":1,\"a/\":2}", "{\"\303\251\":1,\"\\u00e9\":2}", "{\"a\\u0000\":1}",
	"{\"\377\":1}", "{\"\n\":1}",
	"[1]\v", "\f[1]", "[1\f]", "\302\240[1]", "[\302\2401]", "\342\200\250[]", "[1]\\n",
	"1\"a\"", "\"a\"1", "\"a\"\"b\"",
	"true,false", "null null", "[] []", "--", "-\"1\"", "1-", "1-1", "1+1", "1*1", "$", "%",
	"&", "@", "!", "~", "<>",
};

START_TEST(good_texts_are_taken_with_the_oracles_values)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(check_string(good[i]) == 0, "refused: %s", good[i]);
}
END_TEST

START_TEST(bad_texts_are_refused_as_the_oracle_does)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(check_string(bad[i]) == -EBADMSG, "taken: %s", bad[i]);
}
END_TEST

/* Calls `each` with every file of tests/data/json/SUB; returns how many. */
static int each_file(const char *sub, int want)
{
	const char *data = getenv("GANTRY_TEST_DATA");
	clean_free char *path = str_printf("%s/json/%s", data ? data : "tests/data", sub);
	DIR *d = opendir(path);
	int n = 0;

	ck_assert_msg(d != NULL, "%s is not there: set GANTRY_TEST_DATA", path);
	for (struct dirent *e; (e = readdir(d));) {
		clean_free char *text = NULL;
		size_t len = 0;
		int r;

		if (e->d_name[0] == '.')
			continue;
		ck_assert_int_eq(fd_slurp(dirfd(d), e->d_name, 1 << 20, &text, &len), 0);
		r = check_text(text, len);
		if (str_after(e->d_name, "depth-") && want < 0)
			ck_assert_msg(r == -E2BIG, "%s: %d", e->d_name, r);
		else
			ck_assert_msg(r == want, "%s: %d", e->d_name, r);
		n++;
	}
	closedir(d);
	return n;
}

START_TEST(files_of_known_good_and_bad_texts_are_told_apart)
{
	ck_assert_int_ge(each_file("good", 0), 10);
	ck_assert_int_ge(each_file("bad", -EBADMSG), 75);
}
END_TEST

START_TEST(every_beginning_of_a_text_is_refused)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\udea2\303\251\"],"
				   "\"b\":{\"c\":true,\"d\":null,\"e\":false}}";

	ck_assert_int_eq(check_string(text), 0);
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		ck_assert_int_eq(check_text(text, n), -EBADMSG);
}
END_TEST

static uint32_t seed = 4711;

static unsigned dice(unsigned sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

/* One random change of text[0..*len), which has room for 64 more bytes. */
static void mutate(char *text, size_t *len)
{
	static const char *const bits[] = {
		"{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d\\udea2", "0", "-", "e",
		".",
		"9", "1e", " ", "\n", "true", "null", "\"a\":", "\303\251", "\342", "\200", "\377",
		"\\n", "/", "[]", "{}", "\"\"", "18446744073709551615",
	};
	size_t at = dice((unsigned)*len + 1), n;
	const char *bit = bits[dice(sizeof(bits) / sizeof(bits[0]))];

	switch (dice(5)) {
	case 0: /* another byte */
		if (at < *len)
			text[at] = (char)dice(256);
		break;
	case 1: /* some bytes fewer */
		n = dice(4) + 1;
		n = n < *len - at ? n : *len - at;
		memmove(text + at, text + at + n, *len - at - n);
		*len -= n;
		break;
	case 2: /* something put in */
	case 3:
		n = strlen(bit);
		memmove(text + at + n, text + at, *len - at);
		memcpy(text + at, bit, n);
		*len += n;
		break;
	default: /* a piece twice */
		n = dice(12);
		n = n < *len - at ? n : *len - at;
		memmove(text + at + n, text + at, *len - at);
		*len += n;
	}
}

START_TEST(random_changes_get_the_same_verdict_and_values)
{
	unsigned taken = 0, n = 60000;
	char text[2048];

	for (unsigned i = 0; i < n; i++) {
		const char *src = good[dice(sizeof(good) / sizeof(good[0]))];
		size_t len = strlen(src);
		unsigned changes = dice(3) + 1;

		memcpy(text, src, len);
		for (unsigned c = 0; c < changes; c++)
			mutate(text, &len);
		taken += check_text(text, len) == 0;
	}
	/* Else the changes would be too wild, or too tame, to test anything. */
	ck_assert_uint_gt(taken, n / 20);
	ck_assert_uint_lt(taken, n - n / 20);
}
END_TEST

START_TEST(random_numbers_are_rounded_as_the_oracle_does)
{
	char text[64];

	for (unsigned i = 0; i < 20000; i++) {
		int n = 0, digits = (int)dice(20) + 1;

		n += sprintf(text + n, "%s%u", dice(2) ? "-" : "", dice(9) + 1);
		while (digits-- > 0)
			n += sprintf(text + n, "%u", dice(10));
		if (dice(2))
			n += sprintf(text + n, ".%u%u", dice(10), dice(1000000));
		if (dice(2))
			sprintf(text + n, "e%d", (int)dice(660) - 330);
		check_string(text);
	}
}
END_TEST

/* Parses `src`; *text is to be freed behind the document. */
static int parse(struct json_doc *doc, char **text, const char *src, struct gantry_err *err)
{
	*text = copy_of(src, strlen(src));
	return json_parse(doc, "t.json", *text, strlen(src), NULL, err);
}

START_TEST(errors_tell_where_and_what)
{
	static const char *const table[][2] = {
		{ "[1,2,]", "t.json:1:6: a value should follow, not ']'" },
		{ "{\"a\":1,\n \"b\" 2}", "t.json:2:6: a colon should follow, not '2'" },
		{ "{\n\t\"a\":1,\n\t\"a\":2}", "t.json:3:2: \"a\" is there twice" },
		{ "[1\n2]", "t.json:2:1: a comma or ] should follow, not '2'" },
		{ "{\"a\":1]", "t.json:1:7: a comma or } should follow, not ']'" },
		{ "{1:2}", "t.json:1:2: a key in double quotes should follow, not '1'" },
		{ "", "t.json:1:1: the text ends where a value should follow" },
		{ "[\n\n", "t.json:3:1: the text ends where a value should follow" },
		{ "[] x", "t.json:1:4: more follows behind the value" },
		{ "[01]", "t.json:1:2: a number begins with 0" },
		{ "[1.]", "t.json:1:4: a digit should follow, not ']'" },
		{ "[-", "t.json:1:3: the text ends where a digit should follow" },
		{ "[1e999]", "t.json:1:2: the number is too large for any type" },
		{ "\"abc", "t.json:1:5: the text ends inside a string" },
		{ "[\"\\n\\n\",\n\"\\n\\q\"]",
		  "t.json:2:4: a backslash should be followed by one of \"\\/bfnrtu" },
		{ "\"a\001\"", "t.json:1:3: byte 0x01 in a string should be an escape" },
		{ "[\"\\u00e9\377\"]", "t.json:1:9: byte 0xff is not UTF-8" },
		{ "\"\\u0000\"", "t.json:1:2: \\u0000 in a string" },
		{ "\"x\\ud800y\"", "t.json:1:3: \\ud800 is a surrogate without its second half" },
		{ "\"x\\udc00y\"", "t.json:1:3: \\udc00 is a surrogate without its first half" },
		{ "\"\\u12g4\"", "t.json:1:2: \\u should be followed by four hex digits" },
		{ "[\033]", "t.json:1:2: a value should follow, not byte 0x1b" },
		{ "\357\273\277[]", "t.json:1:1: a value should follow, not byte 0xef" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_free char *text = NULL;
		clean_json struct json_doc doc = { 0 };
		struct gantry_err err = { 0 };

		ck_assert_int_eq(parse(&doc, &text, table[i][0], &err), -EBADMSG);
		ck_assert_str_eq(err.msg, table[i][1]);
	}
}
END_TEST

START_TEST(messages_show_hostile_keys_without_obeying_them)
{
	static const char src[] = "{\"a\\u001b[2J\\n\":1,\"a\\u001b[2J\\n\":2}";
	clean_free char *text = NULL;
	clean_json struct json_doc doc = { 0 };
	struct gantry_err err = { 0 };

	ck_assert_int_eq(parse(&doc, &text, src, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, "t.json:1:19: \"a\\x1b[2J\\x0a\" is there twice");
}
END_TEST

START_TEST(places_are_known_after_parsing_too)
{
	static const char src[] = "{\n  \"a\": \"x\\ny\\n\\\"\",\n"
				  "  \"b\\n\": [\"\", \"\\u00e9\", 7,\n 8]\n}";
	clean_free char *text = NULL;
	clean_json struct json_doc doc = { 0 };
	struct gantry_err err = { 0 };
	const struct json *b;

	ck_assert_int_eq(parse(&doc, &text, src, &err), 0);
	ck_assert_int_eq(json_err(&doc, doc.root, &err, EINVAL, "no"), -EINVAL);
	ck_assert_str_eq(err.msg, "t.json:1:1: no");
	json_err(&doc, json_get(doc.root, "a"), &err, EINVAL, "should be %s", "a number");
	ck_assert_str_eq(err.msg, "t.json:2:8: should be a number");
	b = json_get(doc.root, "b\n");
	json_err(&doc, b, &err, EINVAL, "no");
	ck_assert_str_eq(err.msg, "t.json:3:10: no");
	b = json_next(json_next(json_first(b)));
	json_err(&doc, b, &err, EINVAL, "no");
	ck_assert_str_eq(err.msg, "t.json:3:25: no");
	json_err(&doc, json_next(b), &err, EINVAL, "no");
	ck_assert_str_eq(err.msg, "t.json:4:2: no");
	json_err(&doc, NULL, &err, ENOENT, "\"root\" is missing");
	ck_assert_str_eq(err.msg, "t.json: \"root\" is missing");
}
END_TEST

START_TEST(integers_of_64_bits_are_exact)
{
	static const struct {
		const char *text;
		int r_i64, r_u64;
		int64_t i;
		uint64_t u;
	} table[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, 0, 0, 0 },
		{ "-1", 0, -ERANGE, -1, 0 },
		{ "9007199254740993", 0, 0, 9007199254740993, 9007199254740993 },
		{ "9223372036854775807", 0, 0, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0, 0, 9223372036854775808u },
		{ "18446744073709551615", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, -ERANGE, 0, 0 },
		{ "-9223372036854775808", 0, -ERANGE, INT64_MIN, 0 },
		{ "-9223372036854775809", -ERANGE, -ERANGE, 0, 0 },
		{ "1.0", -EINVAL, -EINVAL, 0, 0 },
		{ "1e3", -EINVAL, -EINVAL, 0, 0 },
		{ "\"1\"", -EINVAL, -EINVAL, 0, 0 },
		{ "true", -EINVAL, -EINVAL, 0, 0 },
		{ "null", -EINVAL, -EINVAL, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_free char *text = NULL;
		clean_json struct json_doc doc = { 0 };
		int64_t n = 99;
		uint64_t u = 99;

		ck_assert_int_eq(parse(&doc, &text, table[i].text, NULL), 0);
		ck_assert_int_eq(json_i64(doc.root, &n), table[i].r_i64);
		ck_assert_int_eq(n, table[i].r_i64 ? 99 : table[i].i);
		ck_assert_int_eq(json_u64(doc.root, &u), table[i].r_u64);
		ck_assert_uint_eq(u, table[i].r_u64 ? 99 : table[i].u);
	}
}
END_TEST

START_TEST(questions_to_the_wrong_type_get_the_neutral_answer)
{
	static const char src[] = "{\"a\":{\"b\":{\"c\":\"x\"}},\"n\":-3,\"t\":true}";
	clean_free char *text = NULL;
	clean_json struct json_doc doc = { 0 };
	const struct json *v;
	double d = 9;

	ck_assert_int_eq(parse(&doc, &text, src, NULL), 0);
	v = doc.root;
	ck_assert_str_eq(json_text(json_at(v, "a.b.c"), "?"), "x");
	ck_assert_ptr_null(json_at(v, "a.b.c.d"));
	ck_assert_ptr_null(json_at(v, "a.x.c"));
	ck_assert_ptr_null(json_at(v, "a."));
	ck_assert_ptr_null(json_at(v, ""));
	ck_assert_ptr_null(json_at(NULL, "a"));
	ck_assert_ptr_null(json_get(json_get(v, "n"), "a"));
	ck_assert_ptr_null(json_get(v, "aa"));
	ck_assert_ptr_null(json_get(v, ""));
	ck_assert_ptr_null(json_get(NULL, "a"));
	ck_assert_ptr_null(json_first(json_get(v, "n")));
	ck_assert_ptr_null(json_first(NULL));
	ck_assert_ptr_null(json_next(NULL));
	ck_assert_str_eq(json_text(v, "?"), "?");
	ck_assert_ptr_null(json_text(NULL, NULL));
	ck_assert(json_true(json_get(v, "t")));
	ck_assert(!json_true(json_get(v, "n")));
	ck_assert(!json_true(NULL));
	ck_assert_int_eq(json_f64(json_get(v, "n"), &d), 0);
	ck_assert(d == -3.0);
	ck_assert_int_eq(json_f64(v, &d), -EINVAL);
	ck_assert_int_eq(json_f64(NULL, &d), -EINVAL);
	ck_assert_str_eq(json_type_name(v), "an object");
	ck_assert_str_eq(json_type_name(json_get(v, "n")), "a number");
	ck_assert_str_eq(json_type_name(NULL), "nothing");
}
END_TEST

START_TEST(limits_hold_to_the_byte_the_level_and_the_value)
{
	static const char src[] = "[[1],[2]]"; /* 9 bytes, 2 deep, 5 values */
	static const char *const words[] = {
		"",
		"t.json: longer than 8 bytes",
		"t.json:1:2: more than 1 arrays and objects within each other",
		"t.json:1:7: more than 4 values",
	};
	struct json_limits lim;

	for (int i = 0; i < 4; i++) {
		clean_free char *text = copy_of(src, 9);
		clean_json struct json_doc doc = { 0 };
		struct gantry_err err = { 0 };

		lim = (struct json_limits){ 9 - (i == 1), 2 - (i == 2), 5 - (i == 3) };
		ck_assert_int_eq(json_parse(&doc, "t.json", text, 9, &lim, &err), i ? -E2BIG : 0);
		ck_assert_str_eq(err.msg, words[i]);
	}
}
END_TEST

/* n times `open`, then n times `close`. */
static char *nested(size_t n, const char *open, const char *close, size_t *ret_len)
{
	struct str s = { 0 };
	char *text = NULL;

	for (size_t i = 0; i < n; i++)
		str_add(&s, open);
	for (size_t i = 0; i < n; i++)
		str_add(&s, close);
	*ret_len = s.len;
	ck_assert_int_eq(str_take(&s, &text), 0);
	return text;
}

START_TEST(a_million_brackets_are_refused_at_once)
{
	static const char *const table[][2] = {
		{ "[", "" }, { "[", "]" }, { "{\"a\":", "" }, { "]", "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len;
		clean_free char *text = nested(1000000, table[i][0], table[i][1], &len);
		clean_json struct json_doc doc = { 0 };
		uint64_t t = clock_mono();
		int r = json_parse(&doc, NULL, text, len, NULL, NULL);

		ck_assert_int_eq(r, i == 3 ? -EBADMSG : -E2BIG);
		ck_assert_uint_lt(clock_mono() - t, 1000000000);
	}
}
END_TEST

START_TEST(a_million_brackets_that_are_allowed_need_no_stack)
{
	struct json_limits lim = { 100u << 20, 2000000, 3000000 };

	for (int i = 0; i < 2; i++) {
		size_t len, copied;
		clean_free char *text = nested(1000000, i ? "{\"a\":" : "[", "", &len);
		clean_free char *whole = nested(1000000, i ? "{\"a\":[" : "[", i ? "]}" : "]",
						&len);
		clean_json struct json_doc doc = { 0 };
		clean_json_out struct json_out out = JSON_OUT_INIT;
		clean_free char *copy = NULL;
		uint64_t t = clock_mono();
		struct gantry_err err = { 0 };

		ck_assert_int_eq(json_parse(&doc, NULL, text, strlen(text), &lim, &err), -EBADMSG);
		ck_assert_int_eq(json_parse(&doc, NULL, whole, len, &lim, &err), 0);
		json_value(&out, NULL, doc.root);
		ck_assert_int_eq(json_out_take(&out, &copy, &copied), 0);
		ck_assert_uint_eq(copied, len);
		ck_assert_uint_lt(clock_mono() - t, 20000000000u);
	}
}
END_TEST

START_TEST(a_hundred_thousand_keys_do_not_take_quadratic_time)
{
	clean_str struct str s = { 0 };
	uint64_t t;

	for (int twice = 0; twice < 2; twice++) {
		clean_json struct json_doc doc = { 0 };
		struct gantry_err err = { 0 };
		int r;

		s.len = 0;
		for (int i = 0; i < 100000; i++)
			str_addf(&s, "%s\"key %d\":%d", i ? "," : "{", i, i);
		str_add(&s, twice ? ",\n\"key 77\":0,\"key 78\":0}" : "}");
		str_addn(&s, "", 1);
		t = clock_mono();
		r = json_parse(&doc, "t.json", s.buf, s.len - 1, NULL, &err);
		ck_assert_uint_lt(clock_mono() - t, 3000000000u);
		ck_assert_int_eq(r, twice ? -EBADMSG : 0);
		if (twice)
			ck_assert_str_eq(err.msg, "t.json:2:1: \"key 77\" is there twice");
	}
}
END_TEST

static uint32_t fnv(uint32_t h, const char *text)
{
	while (*text)
		h = (h ^ (unsigned char)*text++) * 16777619u;
	return h;
}

/* Two texts of nine letters that take the hash from h to the same value, which is returned. */
static uint32_t collide(uint32_t h, char a[10], char b[10])
{
	static struct {
		uint32_t h;
		char text[10];
	} seen[1 << 18];
	char text[10] = { 0 };

	memset(seen, 0, sizeof(seen));
	for (;;) {
		uint32_t got, slot;

		for (int i = 0; i < 9; i++)
			text[i] = (char)('a' + dice(26));
		got = fnv(h, text);
		slot = got >> 14;
		if (seen[slot].text[0] && seen[slot].h == got && !str_eq(seen[slot].text, text)) {
			memcpy(a, seen[slot].text, 10);
			memcpy(b, text, 10);
			return got;
		}
		seen[slot].h = got;
		memcpy(seen[slot].text, text, 10);
	}
}

START_TEST(keys_made_to_collide_do_not_take_quadratic_time)
{
	/* Fifteen pairs of pieces with the same hash make 32768 keys with the same hash (Joux). */
	char piece[15][2][10];
	uint32_t h = 2166136261u, first = 0;
	clean_str struct str s = { 0 };
	clean_json struct json_doc doc = { 0 };
	uint64_t t;

	for (int i = 0; i < 15; i++)
		h = collide(h, piece[i][0], piece[i][1]);
	for (unsigned k = 0; k < 1 << 15; k++) {
		str_add(&s, k ? ",\"" : "{\"");
		for (int i = 0; i < 15; i++)
			str_add(&s, piece[i][k >> i & 1]);
		str_add(&s, "\":0");
	}
	str_add(&s, "} ");
	t = clock_mono();
	ck_assert_int_eq(json_parse(&doc, NULL, s.buf, s.len - 1, NULL, NULL), 0);
	ck_assert_uint_lt(clock_mono() - t, 5000000000u);
	first = json_first(doc.root)->hash;
	for json_each(v, doc.root)
		ck_assert_uint_eq(v->hash, first);
}
END_TEST

START_TEST(values_one_after_another_are_taken_one_by_one)
{
	char text[] = " {\"a\":\"x\\n}\"} {\"b\":2}[3]\n\"s\"4 true {\"cut\":\"";
	static const char *const want[] = {
		"{1:a=s3:x\n};}", "{1:b=i2;}", "[i3;]", "s1:s;", "i4;", "t",
	};
	struct json_doc cut = { 0 };
	size_t at = 0, len = strlen(text);
	struct gantry_err err = { 0 };
	char rest[64];

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		clean_json struct json_doc doc = { 0 };
		clean_str struct str s = { 0 };

		ck_assert_int_eq(json_parse_first(&doc, "s", text + at, len - at, NULL, &err), 0);
		dump(&s, doc.root);
		ck_assert_str_eq(s.buf, want[i]);
		at += doc.end;
	}
	snprintf(rest, sizeof(rest), "%s", text + at);
	ck_assert_str_eq(rest, " {\"cut\":\"");
	ck_assert_int_eq(json_parse_first(&cut, "s", text + at, len - at, NULL, &err), -EAGAIN);
	/* Untouched, so that the rest can be read behind it. */
	ck_assert_str_eq(text + at, rest);
}
END_TEST

START_TEST(a_first_value_is_complete_bad_or_not_all_there)
{
	static const struct {
		const char *text;
		int r;
		size_t end;
	} table[] = {
		{ "", -EAGAIN, 0 }, { " \n", -EAGAIN, 0 }, { "{", -EAGAIN, 0 },
		{ "{\"}", -EAGAIN, 0 },
		{ "{\"\\\"}", -EAGAIN, 0 }, { "[[]", -EAGAIN, 0 }, { "\"a", -EAGAIN, 0 },
		{ "12", -EAGAIN, 0 },
		{ "tru", -EAGAIN, 0 }, { "true", -EAGAIN, 0 }, { "\"\\", -EAGAIN, 0 },
		{ "[\"]\\\"]\"", -EAGAIN, 0 },
		{ "{}", 0, 2 }, { "{}{", 0, 2 }, { "[]]", 0, 2 }, { "12 ", 0, 2 },
		{ "12,", 0, 2 }, { "12]", 0, 2 },
		{ "\"\"", 0, 2 }, { "1\"", 0, 1 }, { "null\n", 0, 4 }, { "  {\"a\":[1]}x", 0, 11 },
		{ "]", -EBADMSG, 0 }, { "}", -EBADMSG, 0 }, { ",", -EBADMSG, 0 },
		{ ":1", -EBADMSG, 0 },
		{ "x ", -EBADMSG, 0 }, { "{]", -EBADMSG, 0 }, { "[1}", -EBADMSG, 0 },
		{ "{\"a\" 1}", -EBADMSG, 0 },
		{ "01 ", -EBADMSG, 0 }, { "tru ", -EBADMSG, 0 }, { "\"\\x\"", -EBADMSG, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		clean_free char *text = copy_of(table[i].text, strlen(table[i].text));
		clean_json struct json_doc doc = { 0 };
		struct gantry_err err = { 0 };
		int r = json_parse_first(&doc, "s", text, strlen(table[i].text), NULL, &err);

		ck_assert_msg(r == table[i].r, "\"%s\": %d %s", table[i].text, r, err.msg);
		ck_assert_uint_eq(doc.end, table[i].end);
		ck_assert_int_eq(text[strlen(table[i].text)], '#');
	}
}
END_TEST

START_TEST(a_first_value_that_never_ends_is_too_big_in_the_end)
{
	struct json_limits lim = { 8, 64, 100 };
	char text[] = "[1,2,3,4,5   {}";
	char two[] = "[1] [2,3,4,5,6]";
	clean_json struct json_doc doc = { 0 };

	ck_assert_int_eq(json_parse_first(&doc, "s", text, 8, &lim, NULL), -EAGAIN);
	ck_assert_int_eq(json_parse_first(&doc, "s", text, 9, &lim, NULL), -E2BIG);
	/* What counts is the value, not what is read ahead. */
	ck_assert_int_eq(json_parse_first(&doc, "s", two, strlen(two), &lim, NULL), 0);
}
END_TEST

START_TEST(a_decimal_comma_of_the_locale_changes_nothing)
{
	struct tempdir dir;
	clean_free char *cmd = NULL;
	bool there;

	tempdir_make(&dir);
	put_file(&dir, "comma.src", "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
				    "grouping 3;3\nEND LC_NUMERIC\n");
	cmd = str_printf("cd %s && localedef -c -i comma.src ./comma >/dev/null 2>&1", dir.path);
	(void)!system(cmd);
	setenv("LOCPATH", dir.path, 1);
	there = setlocale(LC_NUMERIC, "comma") != NULL;
	if (there) {
		static const char src[] = "[0.5,1.2345678901234567890123,2e-300]";
		clean_free char *text = NULL, *back = NULL;
		clean_json struct json_doc doc = { 0 };
		clean_json_out struct json_out out = JSON_OUT_INIT;
		double d = 0;

		ck_assert_str_eq(localeconv()->decimal_point, ",");
		ck_assert_int_eq(parse(&doc, &text, src, NULL), 0);
		ck_assert_int_eq(json_f64(json_next(json_first(doc.root)), &d), 0);
		ck_assert(d == 0x1.3c0ca428c59fbp+0);
		json_value(&out, NULL, doc.root);
		ck_assert_int_eq(json_out_take(&out, &back, NULL), 0);
		ck_assert_str_eq(back, "[0.5,1.2345678901234567,2e-300]");
	}
	tempdir_remove(&dir);
}
END_TEST

static TCase *reading(void)
{
	TCase *t = tcase_create("reading");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, good_texts_are_taken_with_the_oracles_values);
	tcase_add_test(t, bad_texts_are_refused_as_the_oracle_does);
	tcase_add_test(t, files_of_known_good_and_bad_texts_are_told_apart);
	tcase_add_test(t, every_beginning_of_a_text_is_refused);
	tcase_add_test(t, random_changes_get_the_same_verdict_and_values);
	tcase_add_test(t, random_numbers_are_rounded_as_the_oracle_does);
	tcase_add_test(t, errors_tell_where_and_what);
	tcase_add_test(t, messages_show_hostile_keys_without_obeying_them);
	tcase_add_test(t, places_are_known_after_parsing_too);
	tcase_add_test(t, integers_of_64_bits_are_exact);
	tcase_add_test(t, questions_to_the_wrong_type_get_the_neutral_answer);
	tcase_add_test(t, a_decimal_comma_of_the_locale_changes_nothing);
	return t;
}

static TCase *bounds(void)
{
	TCase *t = tcase_create("bounds");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, limits_hold_to_the_byte_the_level_and_the_value);
	tcase_add_test(t, a_million_brackets_are_refused_at_once);
	tcase_add_test(t, a_million_brackets_that_are_allowed_need_no_stack);
	tcase_add_test(t, a_hundred_thousand_keys_do_not_take_quadratic_time);
	tcase_add_test(t, keys_made_to_collide_do_not_take_quadratic_time);
	tcase_add_test(t, values_one_after_another_are_taken_one_by_one);
	tcase_add_test(t, a_first_value_is_complete_bad_or_not_all_there);
	tcase_add_test(t, a_first_value_that_never_ends_is_too_big_in_the_end);
	return t;
}

Suite *json_suite(void);

Suite *json_suite(void)
{
	Suite *s = suite_create("base/json");

	suite_add_tcase(s, reading());
	suite_add_tcase(s, bounds());
	return s;
}
