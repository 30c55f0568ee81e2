#include "tests/pipeline/suites.h"
#include "tests/run_suites.h"

/* clang-format off */
static suite_maker *const suites[] = {
	comparison_suite,
	draw_suite,
	drift_watch_suite,
	interleaving_suite,
	message_suite,
	recording_suite,
	replay_suite,
	pairing_suite,
	shadow_suite,
	worker_suite,
};
/* clang-format on */

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
