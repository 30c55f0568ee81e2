#include "tests/contract/suites.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	srunner_add_suite(runner, yaml_suite());
	srunner_add_suite(runner, cases_suite());
	srunner_add_suite(runner, contract_suite());
	srunner_add_suite(runner, installation_suite());
	srunner_add_suite(runner, prompt_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
