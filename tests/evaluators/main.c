#include "tests/evaluators/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	select_suite,
	compare_suite,
	format_suite,
	reach_suite,
	compatibility_suite,
	compatibility_claims_suite,
	schema_suite,
	schema_keywords_suite,
	schema_output_suite,
	schema_official_suite,
	schema_hostile_suite,
	drift_suite,
	drift_recover_suite,
	drift_monitor_suite,
	stats_special_suite,
	stats_intervals_suite,
	stats_anytime_suite,
	stats_agreement_suite,
	stats_measures_suite,
	stats_methods_suite,
	stats_shift_suite,
	stats_vectors_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
