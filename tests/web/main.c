#include "tests/run_suites.h"
#include "tests/web/suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	listen_suite,
	server_suite,
	pages_suite,
	metrics_suite,
	files_suite,
	incidents_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
