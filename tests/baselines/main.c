#include "tests/baselines/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	sampling_suite,
	label_values_suite,
	label_export_suite,
	label_import_suite,
	label_settle_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
