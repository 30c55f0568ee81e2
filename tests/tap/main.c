#include "tests/run_suites.h"
#include "tests/tap/suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	relay_suite,
	fault_suite,
	capture_suite,
	reload_suite,
	leave_suite,
	tls_suite,
	pressure_suite,
	smuggle_suite,
	slow_suite,
	large_suite,
	stall_suite,
	break_suite,
	receive_suite,
	batch_suite,
	ingest_suite,
	openapi_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
