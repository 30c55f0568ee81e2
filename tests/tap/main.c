#include "tests/tap/suites.h"

int main(void)
{
	SRunner *runner = srunner_create(head_suite());
	srunner_add_suite(runner, body_suite());
	srunner_add_suite(runner, relay_suite());
	srunner_add_suite(runner, fault_suite());
	srunner_add_suite(runner, capture_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
