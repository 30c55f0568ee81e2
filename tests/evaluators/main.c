#include "suites.h"

#include <stdlib.h>

static Suite *(*const suites[])(void) = {
	select_suite, compare_suite, schema_suite, schema_official_suite, schema_hostile_suite,
};

int main(void)
{
	SRunner *runner = srunner_create(suites[0]());
	for (size_t i = 1; i < sizeof(suites) / sizeof(suites[0]); i++) {
		srunner_add_suite(runner, suites[i]());
	}
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
