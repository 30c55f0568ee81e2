#include "tests/pipeline/suites.h"

#include <stdlib.h>

/* clang-format off: one row per suite */
static Suite *(*const suites[])(void) = {
	comparison_suite,
	message_suite,
	shadow_suite,
	worker_suite,
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
