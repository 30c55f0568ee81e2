#include "tests/store/suites.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(store_suite());
	srunner_add_suite(runner, statement_suite());
	srunner_add_suite(runner, ingest_suite());
	srunner_add_suite(runner, evaluation_suite());
	srunner_add_suite(runner, rollup_suite());
	srunner_add_suite(runner, fault_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
