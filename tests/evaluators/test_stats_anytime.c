/* The gate's evidence: hand computation, order and merge invariance, monotony, and false alarms under weekly looks. */
#include "evaluators/stats/anytime.h"
#include "evaluators/stats/peek.h"
#include "evaluators/stats/tally.h"
#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "tests/evaluators/suites.h"

#include <math.h>
#include <stdlib.h>

static double log_e_of(const struct stats_score_cell *cells, size_t count, double m, double lo)
{
	double log_e = 0;

	ck_assert_int_eq(stats_kw_log_e(&stats_default_bets, cells, count, m, lo, &log_e), STATS_EVIDENCE_OK);
	return log_e;
}

START_TEST(evidence_by_hand)
{
	static const double gammas[] = {.25, .5};
	const struct stats_bets bets = {gammas, NULL, 2};
	const struct stats_score_cell cells[] = {{1, 2}, {0, 1}};
	double log_e = 0;

	/* m = .5, lo = 0: factors 1 + g for a success, 1 - g for a failure. */
	ck_assert_int_eq(stats_kw_log_e(&bets, cells, 2, .5, 0, &log_e), STATS_EVIDENCE_OK);
	ck_assert_double_eq_tol(log_e, log((1.25 * 1.25 * .75 + 1.5 * 1.5 * .5) / 2), 1e-15);
	/* Reflected: H0' mean >= .5 with hi = 1 swaps the factors. */
	ck_assert_int_eq(stats_kw_log_e_upper(&bets, cells, 2, .5, 1, &log_e), STATS_EVIDENCE_OK);
	ck_assert_double_eq_tol(log_e, log((.75 * .75 * 1.25 + .5 * .5 * 1.5) / 2), 1e-15);
	/* No violation in 500 replies at a limit of 1 %: enough on its own. */
	const struct stats_score_cell clean = {1, 500};
	ck_assert_double_eq_tol(log_e_of(&clean, 1, .99, 0), 3.169, 6e-4);
	ck_assert_double_eq(log_e_of(NULL, 0, .99, 0), 0);
}
END_TEST

START_TEST(evidence_refuses)
{
	static const double one[] = {1};
	static const double inside[] = {.5};
	const struct stats_bets bad = {one, NULL, 1};
	const struct stats_bets none = {inside, NULL, 0};
	const struct stats_score_cell low = {-1.1, 1};
	double log_e = 7;

	ck_assert_int_eq(stats_kw_log_e(&bad, NULL, 0, .5, 0, &log_e), STATS_EVIDENCE_BAD_BETS);
	ck_assert_int_eq(stats_kw_log_e(&none, NULL, 0, .5, 0, &log_e), STATS_EVIDENCE_BAD_BETS);
	ck_assert_int_eq(stats_kw_log_e(&stats_default_bets, &low, 1, 0, -1, &log_e), STATS_EVIDENCE_BAD_SCORE);
	ck_assert_int_eq(stats_kw_log_e(&stats_default_bets, NULL, 0, -1, -1, &log_e), STATS_EVIDENCE_BAD_THRESHOLD);
	ck_assert_int_eq(stats_kw_log_e_upper(&stats_default_bets, NULL, 0, 1, 1, &log_e),
			 STATS_EVIDENCE_BAD_THRESHOLD);
	ck_assert_double_eq(log_e, 7);
	ck_assert_int_eq(stats_evidence_reached(log(20), .05), 0);
	ck_assert_int_eq(stats_evidence_reached(log(20) + 1e-8, .05), 1);
	ck_assert_int_eq(stats_evidence_reached(log(20) - 1e-8, .05), -1);
}
END_TEST

START_TEST(evidence_decreases_in_the_threshold)
{
	const struct stats_score_cell cells[] = {{-32, 3}, {-1, 20}, {1, 3000}};
	double before = HUGE_VAL;

	for (double m = -20; m < 2; m += .05) {
		double here = log_e_of(cells, 3, m, -33);
		ck_assert_msg(here < before, "log K rises to %g at %g", here, m);
		before = here;
	}
}
END_TEST

START_TEST(bounds)
{
	const struct stats_score_cell cells[] = {{0, 40}, {1, 960}};
	const struct stats_score_cell mirrored[] = {{-1, 960}, {0, 40}};
	const struct stats_score_cell lowest = {0, 10};
	double low = 0;
	double high = 0;

	ck_assert_int_eq(stats_kw_lower_bound(&stats_default_bets, cells, 2, 0, .05, &low), STATS_EVIDENCE_OK);
	ck_assert(low > .9 && low < .96);
	ck_assert_double_eq_tol(log_e_of(cells, 2, low, 0), log(20), 1e-9);
	ck_assert_int_eq(stats_kw_upper_bound(&stats_default_bets, mirrored, 2, 0, .05, &high), STATS_EVIDENCE_OK);
	ck_assert_double_eq_tol(high, -low, 1e-12);
	ck_assert_int_eq(stats_kw_lower_bound(&stats_default_bets, &lowest, 1, 0, .05, &low), STATS_EVIDENCE_OK);
	ck_assert_double_eq(low, 0);
	ck_assert_int_eq(stats_kw_lower_bound(&stats_default_bets, NULL, 0, -2, .05, &low), STATS_EVIDENCE_OK);
	ck_assert_double_eq(low, -2);
}
END_TEST

static double tally_log_e(const struct stats_tally *tally)
{
	struct stats_score_cell scores[64];

	ck_assert_uint_le(tally->count, 64);
	stats_tally_scores(tally, scores);
	return log_e_of(scores, tally->count, .95, 1 - 1 / .02);
}

static struct stats_cell random_cell(uint64_t *state)
{
	static const uint32_t rates[] = {20000, 30000, 500000, 1000000};
	struct stats_cell cell = {.f_micro = 1000000, .pi_ppm = rates[random_next(state) % 4], .count = 1};

	cell.sampled = random_unit(state) < cell.pi_ppm / 1e6;
	cell.g_micro = cell.sampled && random_unit(state) < .97 ? 1000000 : 0;
	return cell;
}

/* Any order, any split into tallies: the same cells, and the same bits of log K. */
START_TEST(tally_is_order_and_merge_invariant)
{
	enum { RECORDS = 3000, PARTS = 5 };
	static struct stats_cell records[RECORDS];
	struct stats_tally all = {0};
	struct stats_tally merged = {0};
	struct stats_tally parts[PARTS] = {0};
	uint64_t state = 7;

	for (int i = 0; i < RECORDS; i++) {
		records[i] = random_cell(&state);
		ck_assert(stats_tally_add(&all, &records[i], NULL));
	}
	for (int i = RECORDS; i-- > 0;) {
		ck_assert(stats_tally_add(&parts[random_next(&state) % PARTS], &records[i], NULL));
	}
	for (int part = PARTS; part-- > 0;) {
		ck_assert(stats_tally_merge(&merged, &parts[part], NULL));
		stats_tally_finish(&parts[part]);
	}
	ck_assert_uint_eq(stats_tally_records(&all), RECORDS);
	ck_assert_uint_eq(merged.count, all.count);
	double first = tally_log_e(&all);
	double second = tally_log_e(&merged);
	ck_assert_mem_eq(&first, &second, sizeof(first));
	ck_assert(stats_tally_sampled(&all) > 0 && stats_tally_sampled(&all) < RECORDS);
	stats_tally_finish(&all);
	stats_tally_finish(&merged);
}
END_TEST

START_TEST(tally_scores_and_refusals)
{
	const struct stats_cell wrong = {.f_micro = 1000000, .pi_ppm = 30000, .sampled = true, .count = 1};
	const struct stats_cell lost = {.g_micro = -1000000, .pi_ppm = 500000, .sampled = true, .count = 1};
	const struct stats_cell waiting = {.f_micro = 1000000, .pi_ppm = 30000, .count = 1};
	const struct stats_cell impossible = {.pi_ppm = 0, .count = 1};
	const struct stats_cell peeked = {.g_micro = 1, .pi_ppm = 5, .count = 1};
	const struct stats_cell endless = {.pi_ppm = 5, .count = UINT64_MAX};
	struct stats_tally tally = {0};
	struct error error = ERROR_INIT;

	ck_assert_double_eq_tol(stats_cell_score(&wrong), 1 - 1 / .03, 1e-13);
	ck_assert_double_eq(stats_cell_score(&lost), -2);
	ck_assert_double_eq(stats_cell_score(&waiting), 1);
	ck_assert(!stats_tally_add(&tally, &impossible, &error));
	ck_assert_int_eq(error.code, ERROR_FORMAT);
	ck_assert(!stats_tally_add(&tally, &peeked, NULL));
	ck_assert(!stats_tally_add(&tally, &endless, NULL));
	ck_assert_uint_eq(tally.count, 0);
	/* Unsampled and found wrong are different scores though both have g = 0. */
	ck_assert(stats_tally_add(&tally, &wrong, NULL) && stats_tally_add(&tally, &waiting, NULL));
	ck_assert(stats_tally_add(&tally, &wrong, NULL));
	ck_assert_uint_eq(tally.count, 2);
	ck_assert_uint_eq(stats_tally_sampled(&tally), 2);
	stats_tally_finish(&tally);
}
END_TEST

START_TEST(planner)
{
	static const double y[] = {-1, 0, 1};
	static const double p[] = {.0258, .9484, .0258};
	struct stats_growth growth;

	ck_assert_int_eq(stats_kw_plan(&stats_default_bets, y, p, 3, -.01, -1, .05, 0, &growth), STATS_EVIDENCE_OK);
	ck_assert(growth.reachable);
	ck_assert_double_eq_tol(growth.records, 5979, 1);
	/* Evidence in hand shortens the way; enough of it ends it. */
	double all = growth.records;
	ck_assert_int_eq(stats_kw_plan(&stats_default_bets, y, p, 3, -.01, -1, .05, 2, &growth), STATS_EVIDENCE_OK);
	ck_assert_double_eq_tol(growth.records, all - 2 / growth.growth, 1e-6);
	ck_assert_int_eq(stats_kw_plan(&stats_default_bets, y, p, 3, -.01, -1, .05, 50, &growth), STATS_EVIDENCE_OK);
	ck_assert_double_eq(growth.records, 0);
	ck_assert_int_eq(stats_kw_plan(&stats_default_bets, y, p, 3, .01, -1, .05, 0, &growth), STATS_EVIDENCE_OK);
	ck_assert(!growth.reachable);
}
END_TEST

START_TEST(other_evidence)
{
	/* a = b = 1, one success at m = 1/2: B(2,1)/(1/2) = 1. Two: B(3,1)/(1/4) = 4/3. */
	ck_assert_double_eq_tol(stats_beta_binomial_log_e(1, 1, 1, 0, .5), 0, 1e-14);
	ck_assert_double_eq_tol(stats_beta_binomial_log_e(1, 1, 2, 0, .5), log(4.0 / 3), 1e-14);
	ck_assert_double_eq_tol(stats_beta_binomial_log_e(2, 3, 0, 0, .2), 0, 1e-14);
	/* e-values 40, 30, 1 at alpha .1: k = 2 since 2 * 30 >= 3 / .1. */
	static const double e[] = {40, 30, 1};
	ck_assert_uint_eq(stats_e_bh(e, 3, .1), 2);
	ck_assert_uint_eq(stats_e_bh(e, 3, .01), 0);
}
END_TEST

/* The acceptance test at the limit: false GO at any of 52 looks stays below alpha, looking naively does not. Replicates
 * from $UNDERSTUDY_PEEK_REPLICATES, by default 200 (a second). */
START_TEST(weekly_looks)
{
	const char *wanted = getenv("UNDERSTUDY_PEEK_REPLICATES");
	struct stats_peek_plan plan = {
		.scenario = (size_t)_i,
		.replicates = 200,
		.weeks = 52,
		.records_per_week = 2000,
		.seed = 20240601,
		.alpha = .05,
		.bets = &stats_default_bets,
	};
	struct stats_peek_counts counts;

	if (wanted != NULL) {
		ck_assert(text_to_uint64(span_of(wanted), &plan.replicates) && plan.replicates > 0);
	}
	ck_assert(stats_peek_run(&plan, &counts));
	double replicates = (double)plan.replicates;
	ck_assert_double_le((double)counts.kaplan_wald / replicates, .05 + 3 * sqrt(.05 * .95 / replicates));
	if (!stats_peek_scenarios[_i].drifts && plan.replicates >= 200) {
		ck_assert_double_ge((double)counts.naive_wald / replicates, .17);
	}
}
END_TEST

Suite *stats_anytime_suite(void)
{
	Suite *suite = suite_create("stats anytime");
	TCase *tcase = tcase_create("evidence");
	TCase *simulation = tcase_create("simulation");

	tcase_add_test(tcase, evidence_by_hand);
	tcase_add_test(tcase, evidence_refuses);
	tcase_add_test(tcase, evidence_decreases_in_the_threshold);
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, tally_is_order_and_merge_invariant);
	tcase_add_test(tcase, tally_scores_and_refusals);
	tcase_add_test(tcase, planner);
	tcase_add_test(tcase, other_evidence);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(simulation, 300);
	tcase_add_loop_test(simulation, weekly_looks, 0, (int)stats_peek_scenario_count);
	suite_add_tcase(suite, simulation);
	return suite;
}
