/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the suites of one folder; each test in a process of its own. */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *name##_suite(void);
SUITES
#undef SUITE

int main(void)
{
	SRunner *r = srunner_create(NULL);
	int failed;

#define SUITE(name) srunner_add_suite(r, name##_suite());
	SUITES
#undef SUITE
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
