#include "tests/document/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	schema_view_suite,
	code_list_suite,
	rule_text_suite,
	edit_suite,
	specification_suite,
	apply_suite,
	apply_stale_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
