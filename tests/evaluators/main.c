#include "tests/evaluators/suites.h"

#include <stdlib.h>

/* clang-format off: one row per suite */
static Suite *(*const suites[])(void) = {
	select_suite,          compare_suite,        schema_suite,          schema_official_suite,
	schema_hostile_suite,  stats_special_suite,  stats_intervals_suite, stats_anytime_suite,
	stats_agreement_suite, stats_measures_suite, stats_methods_suite,   stats_vectors_suite,
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
