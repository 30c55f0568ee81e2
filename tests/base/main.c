#include "tests/base/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	text_suite,
	decimal_suite,
	json_suite,
	json_grammar_suite,
	json_same_suite,
	clock_suite,
	hash_suite,
	csv_suite,
	file_suite,
	json_build_suite,
	loglinear_suite,
	priority_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
