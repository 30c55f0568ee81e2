#include "tests/spool/suites.h"
Suite *drainer_suite(void)
{
	return suite_create("spool");
}
