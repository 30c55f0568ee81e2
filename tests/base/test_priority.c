#include "harness/base/priority.h"
#include "tests/base/suites.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* In a process of its own: Check forks for each test. */
START_TEST(test_idle)
{
	priority_idle();
	bool is_idle = sched_getscheduler(0) == SCHED_IDLE;
	ck_assert(is_idle || getpriority(PRIO_PROCESS, (id_t)gettid()) == 19);
	if (!is_idle) {
		puts("skipped: this machine refuses SCHED_IDLE; nice 19 was taken");
	}
}
END_TEST

START_TEST(test_lowest)
{
	priority_lowest();
	ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)gettid()), 19);
}
END_TEST

Suite *priority_suite(void)
{
	Suite *suite = suite_create("priority");
	TCase *cases = tcase_create("priority");
	tcase_add_test(cases, test_idle);
	tcase_add_test(cases, test_lowest);
	suite_add_tcase(suite, cases);
	return suite;
}
