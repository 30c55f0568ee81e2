/* What every Check program of tests/LIBRARY ends with: run the suites of its table, one closing line. */
#ifndef UNDERSTUDY_TESTS_RUN_SUITES_H
#define UNDERSTUDY_TESTS_RUN_SUITES_H

#include <check.h>
#include <stdlib.h>

typedef Suite *suite_maker(void);

/* The exit code of main. CK_VERBOSITY in the environment says how much is printed. */
static inline int run_suites(suite_maker *const *makers, size_t count)
{
	SRunner *runner = srunner_create(NULL);
	for (size_t i = 0; i < count; i++) {
		srunner_add_suite(runner, makers[i]());
	}
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
