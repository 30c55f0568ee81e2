#include "tests/run_suites.h"
#include "tests/store/suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	store_suite,
	statement_suite,
	ingest_suite,
	evaluation_suite,
	rollup_suite,
	version_suite,
	fault_suite,
	incident_suite,
	drift_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
