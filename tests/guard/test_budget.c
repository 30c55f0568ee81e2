/* Budgets: what is let through, what is not, and when a day begins again. */
#include "harness/base/clock.h"
#include "harness/guard/budget.h"
#include "tests/guard/suites.h"

#define NOON (INT64_C(20000) * CLOCK_DAY + CLOCK_DAY / 2)

START_TEST(no_limits_let_everything_through)
{
	struct budget budget;
	budget_init(&budget, 0, 0);
	ck_assert(budget_reserve(&budget, NOON, INT64_MAX / 4));
	ck_assert(budget_reserve(&budget, NOON, INT64_MAX / 4));
}
END_TEST

START_TEST(a_transaction_has_its_limit)
{
	struct budget budget;
	budget_init(&budget, 100, 0);
	ck_assert(budget_reserve(&budget, NOON, 100));
	ck_assert(!budget_reserve(&budget, NOON, 101));
}
END_TEST

START_TEST(open_calls_count_against_the_day)
{
	struct budget budget;
	budget_init(&budget, 0, 100);
	ck_assert(budget_reserve(&budget, NOON, 60));
	ck_assert(!budget_reserve(&budget, NOON, 41));
	ck_assert(budget_reserve(&budget, NOON, 40));
	budget_settle(&budget, NOON, 60, 10); /* it cost less than reserved: 10 spent, 40 reserved */
	ck_assert(budget_reserve(&budget, NOON, 50));
	ck_assert(!budget_reserve(&budget, NOON, 1));
}
END_TEST

START_TEST(a_new_day_has_a_new_budget)
{
	struct budget budget;
	budget_init(&budget, 0, 100);
	budget_resume(&budget, budget_day(NOON), 95);
	ck_assert(!budget_reserve(&budget, NOON, 6));
	ck_assert(budget_reserve(&budget, NOON, 5));
	ck_assert(!budget_reserve(&budget, NOON + CLOCK_DAY, 96)); /* the open call still holds its 5 */
	ck_assert(budget_reserve(&budget, NOON + CLOCK_DAY, 95));
}
END_TEST

START_TEST(a_clock_that_steps_back_gives_nothing_away)
{
	struct budget budget;
	budget_init(&budget, 0, 100);
	ck_assert(budget_reserve(&budget, NOON, 100));
	budget_settle(&budget, NOON, 100, 100);
	ck_assert(!budget_reserve(&budget, NOON - CLOCK_DAY, 1));
	ck_assert(!budget_reserve(&budget, NOON, 1));
}
END_TEST

Suite *budget_suite(void)
{
	Suite *suite = suite_create("budget");
	TCase *tcase = tcase_create("limits");
	tcase_add_test(tcase, no_limits_let_everything_through);
	tcase_add_test(tcase, a_transaction_has_its_limit);
	tcase_add_test(tcase, open_calls_count_against_the_day);
	tcase_add_test(tcase, a_new_day_has_a_new_budget);
	tcase_add_test(tcase, a_clock_that_steps_back_gives_nothing_away);
	suite_add_tcase(suite, tcase);
	return suite;
}
