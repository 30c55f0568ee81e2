#include "tests/http/suites.h"
#include "tests/run_suites.h"

static suite_maker *const suites[] = {
	head_suite,
	body_suite,
};

int main(void)
{
	return run_suites(suites, sizeof(suites) / sizeof(suites[0]));
}
