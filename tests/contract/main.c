#include "tests/contract/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	yaml_suite,
	cases_suite,
	contract_suite,
	lint_suite,
	content_suite,
	difference_suite,
	installation_suite,
	prompt_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
