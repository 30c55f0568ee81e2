#include "tests/paths/suites.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(provider_suite());
	srunner_add_suite(runner, recorded_replies_suite());
	srunner_add_suite(runner, call_suite());
	srunner_add_suite(runner, price_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
