/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <gantry/container.h>
#include <signal.h>

START_TEST(names_numbers_and_real_time_signals_are_understood)
{
	static const struct {
		const char *name;
		int sig;
	} good[] = {
		{ "TERM", SIGTERM },   { "SIGTERM", SIGTERM }, { "sigterm", SIGTERM },
		{ "kill", SIGKILL },   { "15", 15 },	       { "1", 1 },
		{ "64", 64 },	       { "RTMIN", 34 },	       { "RTMIN+3", 37 },
		{ "sigrtmin+30", 64 }, { "RTMAX", 64 },	       { "RTMAX-30", 34 },
		{ "IOT", SIGABRT },    { "CLD", SIGCHLD },     { "POLL", SIGIO },
		{ "STKFLT", 16 },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(gantry_signal_parse(good[i].name) == good[i].sig, "%s", good[i].name);
}
END_TEST

START_TEST(what_is_no_signal_is_refused)
{
	static const char *const bad[] = { "",	      "SIG",	  "TERMX",
					   "0",	      "65",	  "-1",
					   "15x",     "RTMIN+31", "RTMIN-1",
					   "RTMAX+1", "RTMAX-31", "RTMIN+",
					   "RTMINX",  " 9",	  "99999999999999999999" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(gantry_signal_parse(bad[i]) == -EINVAL, "\"%s\"", bad[i]);
	ck_assert_int_eq(gantry_signal_parse(NULL), -EINVAL);
}
END_TEST

Suite *signal_suite(void);
Suite *signal_suite(void)
{
	Suite *s = suite_create("engine/signal");
	TCase *t = tcase_create("parse");

	tcase_add_test(t, names_numbers_and_real_time_signals_are_understood);
	tcase_add_test(t, what_is_no_signal_is_refused);
	suite_add_tcase(s, t);
	return s;
}
