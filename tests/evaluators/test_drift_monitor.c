/* The alarm by simulation: seeded, so that every run is the same; what is asserted is what theory says of any seed,
 * with room for the noise of that many runs. */
#include "suites.h"

#include "evaluators/drift/monitor.h"
#include "harness/base/clock.h"

#include <math.h>
#include <string.h>

static const int64_t MINUTE = 60 * CLOCK_SECOND;

/* Vigna's splitmix64. */
static double coin(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A given reference, and an average run length of `run_length` replies. */
static struct drift_plan given(double rate, double run_length)
{
	return (struct drift_plan){.reference_replies = 1000,
				   .reference_rate = rate,
				   .replies_per_day = run_length,
				   .false_alarm_days = 1};
}

static const struct drift_plan measured = {.reference_replies = 1000, .reference_rate = -1, .false_alarm_days = 730};

/* Replies until the alarm, `most` where there is none by then. */
static int64_t run(struct drift_monitor *monitor, const struct drift_plan *plan, double rate, int64_t most,
		   uint64_t *seed)
{
	for (int64_t i = 1; i <= most; i++) {
		if (drift_monitor_step(monitor, plan, coin(seed) < rate, i * MINUTE)) {
			return i;
		}
	}
	return most;
}

START_TEST(reference_is_the_upper_bound_of_the_first_replies)
{
	struct drift_monitor monitor;
	drift_monitor_start(&monitor, &measured);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(monitor.phase, DRIFT_PHASE_REFERENCE);
		ck_assert(!drift_monitor_step(&monitor, &measured, i % 100 == 0, i * MINUTE));
	}
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_WATCH);
	ck_assert_int_eq(monitor.reference_events, 10);
	/* the p at which 10 events or fewer of 1000 have probability 0.05, from the binomial sum in exact arithmetic */
	ck_assert_double_eq_tol(monitor.p0, 0.0169031751, 1e-9);
	ck_assert_double_eq_tol(monitor.detectors[2].p1, 8 * monitor.p0, 1e-12);
	/* 1000 replies in 999 minutes */
	ck_assert_double_eq_tol(monitor.run_length, 1000.0 / 999 * 1440 * 730, 1);
}
END_TEST

START_TEST(reference_without_a_deviation_is_not_zero)
{
	struct drift_monitor monitor;
	drift_monitor_start(&monitor, &measured);
	for (int i = 0; i < 1000; i++) {
		drift_monitor_step(&monitor, &measured, false, 5);
	}
	ck_assert_double_eq_tol(monitor.p0, 1 - pow(0.05, 0.001), 1e-9);
	ck_assert_double_eq_tol(monitor.replies_per_day, 24000, 1e-6); /* counted as an hour */
	struct drift_plan zero = given(0, 1000);
	drift_monitor_start(&monitor, &zero);
	ck_assert_double_eq_tol(monitor.p0, 0.0001, 1e-12);
}
END_TEST

START_TEST(reference_of_nothing_but_deviations_has_no_alarm)
{
	struct drift_monitor monitor;
	uint64_t seed = 1;
	drift_monitor_start(&monitor, &measured);
	run(&monitor, &measured, 1, 1000, &seed);
	ck_assert_double_eq_tol(monitor.p0, 1, 1e-8);
	ck_assert(monitor.detectors[0].p1 < 1 && monitor.detectors[0].p1 > monitor.p0);
	ck_assert_int_eq(run(&monitor, &measured, 1, 100000, &seed), 100000);
}
END_TEST

/* The guarantee, at the worst rate that it covers: the mean run length is at least A. */
START_TEST(false_alarms_are_as_rare_as_promised)
{
	enum { RUNS = 400, RUN_LENGTH = 2000, MOST = 50 * RUN_LENGTH };
	static const double rates[] = {0.001, 0.01, 0.1, 0.4};
	struct drift_plan plan = given(rates[_i], RUN_LENGTH);
	uint64_t seed = 20261128 + (uint64_t)_i;
	double sum = 0;
	double squares = 0;
	for (int i = 0; i < RUNS; i++) {
		struct drift_monitor monitor;
		drift_monitor_start(&monitor, &plan);
		double length = (double)run(&monitor, &plan, rates[_i], MOST, &seed);
		sum += length;
		squares += length * length;
	}
	double mean = sum / RUNS;
	double error = sqrt((squares / RUNS - mean * mean) / RUNS);
	ck_assert_msg(mean + 3 * error >= RUN_LENGTH, "rate %g: mean run length %g", rates[_i], mean);
}
END_TEST

/* Two years of replies at the rate of the reference itself, ten times, with the default plan. */
START_TEST(stable_stream_has_no_alarm)
{
	uint64_t seed = 7 + (uint64_t)_i;
	struct drift_monitor monitor;
	drift_monitor_start(&monitor, &measured);
	run(&monitor, &measured, 0.005, 1000, &seed);
	int64_t two_years = (int64_t)monitor.run_length;
	ck_assert_int_eq(run(&monitor, &measured, 0.005, two_years, &seed), two_years);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_WATCH);
}
END_TEST

/* The divergence of one reply at rate p from the reference: what the evidence grows by, if p1 is p. */
static double growth(double p, double p0)
{
	return p * log(p / p0) + (1 - p) * log((1 - p) / (1 - p0));
}

/* Lorden's bound: the mean delay is about log A over the growth. The mean of three costs log 3, the overshoot at most
 * the log ratio of an event. */
START_TEST(drift_is_alarmed_after_the_delay_that_theory_says)
{
	enum { RUNS = 200 };
	static const int factors[] = {2, 4, 8};
	static const double p0 = 0.01;
	struct drift_plan plan = given(p0, 1e6);
	double rate = p0 * factors[_i];
	double wanted = (log(3e6) + log(factors[_i])) / growth(rate, p0);
	uint64_t seed = 42;
	double sum = 0;
	for (int i = 0; i < RUNS; i++) {
		struct drift_monitor monitor;
		drift_monitor_start(&monitor, &plan);
		ck_assert_int_eq(run(&monitor, &plan, p0 / 2, 2000, &seed), 2000);
		sum += (double)run(&monitor, &plan, rate, 1000000, &seed);
	}
	ck_assert_msg(sum / RUNS <= 1.1 * wanted, "%d times: %g replies, %g expected", factors[_i], sum / RUNS, wanted);
	ck_assert_msg(sum / RUNS >= 0.5 * wanted, "%d times: %g replies, %g expected", factors[_i], sum / RUNS, wanted);
}
END_TEST

START_TEST(alarm_names_when_it_began)
{
	enum { GOOD = 5000, RUNS = 100 };
	struct drift_plan plan = given(0.01, 1e6);
	uint64_t seed = 3;
	int near = 0;
	for (int i = 0; i < RUNS; i++) {
		struct drift_monitor monitor;
		drift_monitor_start(&monitor, &plan);
		ck_assert_int_eq(run(&monitor, &plan, 0.005, GOOD, &seed), GOOD);
		int64_t replies = 0;
		while (!drift_monitor_step(&monitor, &plan, coin(&seed) < 0.08, (GOOD + ++replies) * MINUTE)) {
		}
		const struct drift_detector *leader = drift_monitor_leader(&monitor);
		int64_t off = leader->began_at / MINUTE - GOOD;
		near += off > -50 && off < 50;
		ck_assert_int_eq(leader->replies, GOOD + replies - leader->began_at / MINUTE + 1);
		ck_assert_int_le(leader->events, leader->replies);
	}
	ck_assert_int_ge(near, 75);
}
END_TEST

START_TEST(alarm_stays_until_it_is_restarted)
{
	struct drift_plan plan = given(0.01, 1e6);
	struct drift_monitor monitor;
	uint64_t seed = 5;
	drift_monitor_start(&monitor, &plan);
	int64_t first = run(&monitor, &plan, 0.5, 10000, &seed);
	ck_assert_int_lt(first, 100);
	ck_assert_int_eq(run(&monitor, &plan, 0.5, 10000, &seed), 10000);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_ALARM);
	ck_assert_int_eq(monitor.replies, first + 10000);
	drift_monitor_restart(&monitor, &plan, false);
	ck_assert_int_lt(run(&monitor, &plan, 0.5, 10000, &seed), 100);
}
END_TEST

START_TEST(changed_plan_is_followed)
{
	struct drift_plan plan = given(0.01, 1e6);
	struct drift_plan other = given(0.02, 1e6);
	struct drift_plan rarely = given(0.01, 1e6);
	struct drift_monitor monitor;
	struct drift_monitor before;
	uint64_t seed = 9;
	rarely.false_alarm_days = 2;
	drift_monitor_start(&monitor, &plan);
	run(&monitor, &plan, 0.01, 500, &seed);
	before = monitor;
	drift_monitor_follow(&monitor, &plan); /* the same: not a bit changes */
	ck_assert_int_eq(memcmp(&before, &monitor, sizeof(monitor)), 0);
	drift_monitor_follow(&monitor, &rarely);
	ck_assert_double_eq(monitor.run_length, 2e6);
	ck_assert_int_eq(monitor.replies, 500);
	drift_monitor_follow(&monitor, &other);
	ck_assert_double_eq(monitor.p0, 0.02);
	ck_assert_int_eq(monitor.replies, 0);
	drift_monitor_follow(&monitor, &measured);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_REFERENCE);
	drift_monitor_follow(&monitor, &plan);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_WATCH);
	run(&monitor, &plan, 0.9, 500, &seed);
	drift_monitor_follow(&monitor, &other);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_ALARM);
}
END_TEST

START_TEST(what_is_accepted_is_the_new_reference)
{
	struct drift_monitor monitor;
	uint64_t seed = 11;
	drift_monitor_start(&monitor, &measured);
	run(&monitor, &measured, 0.001, 1000, &seed);
	ck_assert_int_lt(run(&monitor, &measured, 0.2, 10000, &seed), 500);
	drift_monitor_restart(&monitor, &measured, true);
	ck_assert_int_eq(monitor.phase, DRIFT_PHASE_REFERENCE);
	ck_assert_int_eq(run(&monitor, &measured, 0.2, 101000, &seed), 101000);
	ck_assert_double_gt(monitor.p0, 0.2);
}
END_TEST

Suite *drift_monitor_suite(void)
{
	Suite *suite = suite_create("drift monitor");
	TCase *tcase = tcase_create("monitor");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, reference_is_the_upper_bound_of_the_first_replies);
	tcase_add_test(tcase, reference_without_a_deviation_is_not_zero);
	tcase_add_test(tcase, reference_of_nothing_but_deviations_has_no_alarm);
	tcase_add_loop_test(tcase, false_alarms_are_as_rare_as_promised, 0, 4);
	tcase_add_loop_test(tcase, stable_stream_has_no_alarm, 0, 10);
	tcase_add_loop_test(tcase, drift_is_alarmed_after_the_delay_that_theory_says, 0, 3);
	tcase_add_test(tcase, alarm_names_when_it_began);
	tcase_add_test(tcase, alarm_stays_until_it_is_restarted);
	tcase_add_test(tcase, changed_plan_is_followed);
	tcase_add_test(tcase, what_is_accepted_is_the_new_reference);
	suite_add_tcase(suite, tcase);
	return suite;
}
