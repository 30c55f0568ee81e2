#include "tests/base/suites.h"

#include <stdlib.h>

/* One row per suite. */
/* clang-format off */
static Suite *(*const suites[])(void) = {
	text_suite,
	decimal_suite,
	json_suite,
	json_grammar_suite,
	json_same_suite,
	clock_suite,
	hash_suite,
	csv_suite,
	file_suite,
	json_build_suite,
	loglinear_suite,
};
/* clang-format on */

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		srunner_add_suite(runner, suites[i]());
	}
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
