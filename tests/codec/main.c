#include "tests/codec/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	content_suite,
	sheet_csv_suite,
	sheet_xlsx_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
