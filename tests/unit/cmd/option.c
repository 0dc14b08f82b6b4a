/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/option.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fields {
	bool all, quiet, keep;
	const char *bundle, *other;
	struct strv env;
	uint64_t memory, timeout;
	int signal;
};
#define AT(f) offsetof(struct fields, f)

static int stop_here(void *field, const char *value, struct gantry_err *err)
{
	(void)field, (void)value, (void)err;
	return OPT_STOP;
}

static const struct opt own[] = {
	{ "all", 'a', NULL, opt_flag, AT(all), "" },
	{ "bundle", 'b', "DIR", opt_text, AT(bundle), "" },
	{ "env", 'e', "NAME", opt_list, AT(env), "" },
	{ "memory", 'm', "SIZE", opt_bytes, AT(memory), "" },
	{ "signal", 's', "SIGNAL", opt_signal, AT(signal), "" },
	OPT_REFUSED("network", 'n'),
	{ 0 }
};
static const struct opt global[] = {
	{ "quiet", 'q', NULL, opt_flag, AT(quiet), "" },
	{ "all", 'a', NULL, opt_flag, AT(keep), "" }, /* the verb's own comes first */
	{ "timeout", 0, "TIME", opt_duration, AT(timeout), "" },
	{ "help", 'h', NULL, stop_here, 0, "" },
	{ 0 }
};

static struct fields f;
static struct gantry_err err;
static char *argv[16];
static int words;

/* Reads a line of words that have no blanks in them. */
static int parse(const char *line, bool prefix)
{
	static char text[256];
	struct opt_group groups[OPT_GROUPS] = { { own, &f }, { global, &f } };
	int n = 0;

	strv_done(&f.env);
	memset(&f, 0, sizeof(f));
	memset(&err, 0, sizeof(err));
	words = -1;
	strcpy(text, line);
	for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
		argv[n++] = p;
	argv[n] = NULL;
	return opt_parse(groups, argv, prefix, &words, &err);
}

static void fails(const char *line, int code, const char *why)
{
	ck_assert_int_eq(parse(line, false), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.msg, why);
	ck_assert_int_eq(words, -1);
}

START_TEST(an_argument_may_be_given_in_every_way_that_docker_and_runc_take)
{
	static const char *const ways[] = { "-b X", "-bX", "-b=X", "--bundle X", "--bundle=X" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		ck_assert_int_eq(parse(ways[i], false), 0);
		ck_assert_str_eq(f.bundle, "X");
		ck_assert_int_eq(words, 0);
	}
}
END_TEST

START_TEST(an_argument_may_hold_an_equals_sign_or_begin_with_a_dash)
{
	ck_assert_int_eq(parse("-e A=1 --env=B=2 -eC=3 -e -x", false), 0);
	ck_assert_int_eq((int)f.env.n, 4);
	ck_assert_str_eq(f.env.v[0], "A=1");
	ck_assert_str_eq(f.env.v[1], "B=2");
	ck_assert_str_eq(f.env.v[2], "C=3");
	ck_assert_str_eq(f.env.v[3], "-x");
}
END_TEST

START_TEST(flags_stand_alone_together_or_with_a_truth)
{
	ck_assert_int_eq(parse("-aq", false), 0);
	ck_assert(f.all && f.quiet && !f.keep);
	ck_assert_int_eq(parse("--all=true --all=false -q=1", false), 0);
	ck_assert(!f.all && f.quiet);
	ck_assert_int_eq(parse("-qb X", false), 0);
	ck_assert(f.quiet);
	ck_assert_str_eq(f.bundle, "X");
}
END_TEST

START_TEST(words_and_options_may_be_mixed_and_a_double_dash_ends_the_options)
{
	ck_assert_int_eq(parse("one -a two -- -q --all", false), 0);
	ck_assert(f.all && !f.quiet);
	ck_assert_int_eq(words, 4);
	ck_assert_str_eq(argv[0], "one");
	ck_assert_str_eq(argv[1], "two");
	ck_assert_str_eq(argv[2], "-q");
	ck_assert_str_eq(argv[3], "--all");
	ck_assert_ptr_null(argv[4]);
	ck_assert_int_eq(parse("-", false), 0);
	ck_assert_int_eq(words, 1);
}
END_TEST

START_TEST(behind_the_first_word_of_a_prefix_everything_is_a_word)
{
	ck_assert_int_eq(parse("-a image sh -q -- --network", true), 0);
	ck_assert(f.all && !f.quiet);
	ck_assert_int_eq(words, 5);
	ck_assert_str_eq(argv[2], "-q");
	ck_assert_str_eq(argv[3], "--");
	ck_assert_int_eq(parse("-- -a", true), 0);
	ck_assert_int_eq(words, 1);
	ck_assert_str_eq(argv[0], "-a");
}
END_TEST

START_TEST(what_is_not_built_is_refused_by_name_the_unknown_by_its_neighbour)
{
	fails("--network host", ENOTSUP, "--network is not supported yet");
	fails("--network=host", ENOTSUP, "--network is not supported yet");
	fails("-aqn", ENOTSUP, "-n is not supported yet");
	fails("--memroy 1", EINVAL, "unknown option --memroy, did you mean --memory?");
	fails("--memroy=1", EINVAL, "unknown option --memroy, did you mean --memory?");
	fails("--zzzzzz", EINVAL, "unknown option --zzzzzz");
	fails("--mem 1", EINVAL, "unknown option --mem"); /* the beginning is not the whole */
	fails("-z", EINVAL, "unknown option -z");
	fails("---all", EINVAL, "unknown option ---all, did you mean --all?");
	fails("--=x", EINVAL, "unknown option --");
}
END_TEST

START_TEST(wrong_arguments_name_the_option_and_the_word)
{
	fails("--memory", EINVAL, "--memory needs an argument: SIZE");
	fails("-ab", EINVAL, "-b needs an argument: DIR");
	fails("-m much", EINVAL, "-m: \"much\" is not a size such as 64m or 2g");
	fails("-m -1", EINVAL, "-m: \"-1\" is not a size such as 64m or 2g");
	fails("-m 99999999999999999999g", EINVAL, "-m: \"99999999999999999999g\" is too large");
	fails("--timeout 0", EINVAL, "--timeout: \"0\" is no time at all");
	fails("--timeout soon", EINVAL, "--timeout: \"soon\" is not a time such as 10s or 500ms");
	fails("--all=maybe", EINVAL, "--all: \"maybe\" is neither true nor false");
	fails("-s NOSUCH", EINVAL, "-s: no signal called \"NOSUCH\"");
}
END_TEST

START_TEST(values_arrive_as_numbers)
{
	ck_assert_int_eq(parse("-m 2k --timeout 1m30s -s sigterm", false), 0);
	ck_assert_uint_eq(f.memory, 2048);
	ck_assert_uint_eq(f.timeout, 90000000);
	ck_assert_int_eq(f.signal, 15);
}
END_TEST

START_TEST(a_setter_may_end_the_reading)
{
	ck_assert_int_eq(parse("-a --help --nonsense", false), OPT_STOP);
	ck_assert_int_eq(parse("-ah", false), OPT_STOP);
	ck_assert(f.all);
}
END_TEST

START_TEST(distance_counts_letters_and_has_a_bound)
{
	char longest[101];

	memset(longest, 'x', 100);
	longest[100] = '\0';
	ck_assert_uint_eq(opt_distance("", ""), 0);
	ck_assert_uint_eq(opt_distance("ps", "ps"), 0);
	ck_assert_uint_eq(opt_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(opt_distance("", "abc"), 3);
	ck_assert_uint_eq(opt_distance(longest, "a"), 64);
}
END_TEST

Suite *option_suite(void);
Suite *option_suite(void)
{
	Suite *s = suite_create("cmd/option");
	TCase *t = tcase_create("option");

	tcase_add_test(t, an_argument_may_be_given_in_every_way_that_docker_and_runc_take);
	tcase_add_test(t, an_argument_may_hold_an_equals_sign_or_begin_with_a_dash);
	tcase_add_test(t, flags_stand_alone_together_or_with_a_truth);
	tcase_add_test(t, words_and_options_may_be_mixed_and_a_double_dash_ends_the_options);
	tcase_add_test(t, behind_the_first_word_of_a_prefix_everything_is_a_word);
	tcase_add_test(t, what_is_not_built_is_refused_by_name_the_unknown_by_its_neighbour);
	tcase_add_test(t, wrong_arguments_name_the_option_and_the_word);
	tcase_add_test(t, values_arrive_as_numbers);
	tcase_add_test(t, a_setter_may_end_the_reading);
	tcase_add_test(t, distance_counts_letters_and_has_a_bound);
	suite_add_tcase(s, t);
	return s;
}
