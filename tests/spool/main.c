#include "tests/run_suites.h"
#include "tests/spool/suites.h"

#include <signal.h>

/* clang-format off */
static suite_maker *const suites[] = {
	record_suite,
	ring_suite,
	spool_suite,
	drainer_suite,
	delivery_suite,
};
/* clang-format on */

int main(void)
{
	signal(SIGXFSZ, SIG_IGN); /* a file size limit shows as an error of write */
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
