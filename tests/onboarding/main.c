#include "tests/onboarding/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	value_suite,
	profile_suite,
	samples_suite,
	draft_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
