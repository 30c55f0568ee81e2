#include "tests/guard/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	budget_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
