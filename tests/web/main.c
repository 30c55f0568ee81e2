#include "tests/web/suites.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(listen_suite());
	srunner_add_suite(runner, server_suite());
	srunner_add_suite(runner, pages_suite());
	srunner_add_suite(runner, metrics_suite());
	srunner_add_suite(runner, files_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
