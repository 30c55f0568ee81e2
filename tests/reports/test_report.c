#include "tests/reports/suites.h"

Suite *report_suite(void)
{
	return suite_create("report");
}
