/* Proportions, strata and pairs against published values, and their properties. */
#include "evaluators/stats/paired.h"
#include "evaluators/stats/proportion.h"
#include "evaluators/stats/special.h"
#include "evaluators/stats/stratified.h"
#include "tests/evaluators/suites.h"

#include <math.h>

static void assert_interval(struct stats_interval got, double low, double high, double tolerance)
{
	ck_assert_msg(fabs(got.low - low) <= tolerance && fabs(got.high - high) <= tolerance,
		      "got %.9g to %.9g, want %.9g to %.9g", got.low, got.high, low, high);
}

/* Newcombe (1998), Stat Med 17:857, table I. */
START_TEST(newcombe_proportions)
{
	static const struct {
		uint64_t x, n;
		double wilson[2], exact[2];
	} rows[] = {
		{81, 263, {.2553, .3662}, {.2527, .3676}},
		{15, 148, {.0624, .1605}, {.0578, .1617}},
		{0, 20, {0, .1611}, {0, .1684}},
		{1, 29, {.0061, .1718}, {.0009, .1776}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_interval(stats_wilson(rows[i].x, rows[i].n, .95), rows[i].wilson[0], rows[i].wilson[1], 6e-5);
		assert_interval(stats_clopper_pearson(rows[i].x, rows[i].n, .95), rows[i].exact[0], rows[i].exact[1],
				6e-5);
	}
	/* No failure in n: the one-sided 95 % bound is .05^(1/n), "the rule of three". */
	ck_assert_double_eq_tol(stats_clopper_pearson_lower(59, 59, .95), pow(.05, 1.0 / 59), 1e-12);
	ck_assert_double_eq_tol(stats_clopper_pearson(0, 50, .95).high, 1 - pow(.025, 1.0 / 50), 1e-12);
}
END_TEST

START_TEST(proportions_stay_inside)
{
	static const double confidences[] = {.01, .5, .8, .95, .999};

	for (uint64_t n = 0; n <= 40; n++) {
		for (uint64_t x = 0; x <= n; x++) {
			for (size_t k = 0; k < sizeof(confidences) / sizeof(confidences[0]); k++) {
				double p = n > 0 ? (double)x / (double)n : .5;
				const struct stats_interval all[] = {stats_wilson(x, n, confidences[k]),
								     stats_clopper_pearson(x, n, confidences[k])};
				for (size_t method = 0; method < 2; method++) {
					ck_assert(all[method].low >= 0 && all[method].high <= 1);
					ck_assert(all[method].low <= p && all[method].high >= p);
					ck_assert(n == 0 || (x == 0) == (all[method].low <= 0));
					ck_assert(n == 0 || (x == n) == (all[method].high >= 1));
				}
			}
		}
	}
	assert_interval(stats_jeffreys(0, 0, .95), 0, 1, 0);
	ck_assert(isnan(stats_wilson(3, 2, .95).low) && isnan(stats_wilson(1, 2, 1).low));
}
END_TEST

/* One stratum of a huge population is a plain sample; a census has no width. */
START_TEST(mover_reduces_to_wilson)
{
	struct stats_stratum one = {.population = UINT64_C(1) << 52, .sampled = 263, .successes = 81};
	struct stats_stratum census[] = {{.population = 10, .sampled = 10, .successes = 4},
					 {.population = 30, .sampled = 30, .successes = 30}};
	struct stats_estimate estimate = stats_mover_wilson(&one, 1, .95);
	struct stats_interval wilson = stats_wilson(81, 263, .95);

	assert_interval(estimate.interval, wilson.low, wilson.high, 1e-9);
	assert_interval(stats_mover_clopper_pearson(&one, 1, .95).interval, .2527, .3676, 6e-5);
	assert_interval(stats_mover_wilson(census, 2, .95).interval, .85, .85, 1e-15);
}
END_TEST

START_TEST(unlabelled_strata)
{
	struct stats_stratum strata[] = {{.population = 50, .sampled = 50, .successes = 50},
					 {.population = 25},
					 {.population = 25},
					 {.population = 0}};
	struct stats_pair_stratum pairs[] = {{.population = 75, .structural_zero = true}, {.population = 25}};
	struct stats_estimate estimate = stats_mover_wilson(strata, 4, .95);
	double mean = 0;
	double error = 0;

	/* Half is known to be right, of the other half nothing is known. */
	assert_interval(estimate.interval, .5, 1, 1e-15);
	ck_assert_double_eq_tol(estimate.value, .75, 1e-15);
	ck_assert_double_eq_tol(estimate.unlabelled, .5, 1e-15);
	ck_assert(!stats_stratified_mean(strata, 4, &mean, &error));
	estimate = stats_mover_tango(pairs, 2, .95);
	assert_interval(estimate.interval, -.25, .25, 1e-15);
	ck_assert_double_eq_tol(estimate.unlabelled, .25, 1e-15);
}
END_TEST

START_TEST(strata_merge_within_their_side)
{
	struct stats_stratum strata[] = {
		{100, 3, 3, STATS_SIDE_AGREE},   {20, 2, 1, STATS_SIDE_DISAGREE}, {300, 30, 29, STATS_SIDE_AGREE},
		{0, 0, 0, STATS_SIDE_DISAGREE},  {40, 1, 0, STATS_SIDE_AGREE},    {10, 2, 2, STATS_SIDE_DISAGREE},
		{500, 60, 60, STATS_SIDE_AGREE},
	};
	size_t count = stats_strata_merge(strata, 7, 5);

	/* The first agreement joins the one behind it, the small one after that joins it too; the two disagreements
	 * join and stay below five, alone on their side. */
	ck_assert_uint_eq(count, 3);
	ck_assert(strata[0].population == 440 && strata[0].sampled == 34 && strata[0].successes == 32);
	ck_assert(strata[1].population == 30 && strata[1].sampled == 4 && strata[1].successes == 3);
	ck_assert(strata[0].side == STATS_SIDE_AGREE && strata[1].side == STATS_SIDE_DISAGREE);
	ck_assert(strata[2].population == 500);
}
END_TEST

/* The verification bias example: labelled disagreements alone, pooled, and weighted. */
START_TEST(weighting_removes_verification_bias)
{
	const struct stats_stratum strata[] = {{9400, 1000, 985, STATS_SIDE_AGREE},
					       {600, 300, 120, STATS_SIDE_DISAGREE}};

	ck_assert_double_eq_tol(stats_mover_wilson(strata, 2, .95).value, .9499, 1e-12);
}
END_TEST

/* Fagerland, Lydersen, Laake (2013), table 1: airway hyper-responsiveness before and after transplantation. */
START_TEST(fagerland_pairs)
{
	const struct stats_pairs pairs = {1, 1, 7, 12};

	ck_assert_double_eq_tol(stats_mcnemar_exact(1, 7), .0703125, 1e-14);
	ck_assert_double_eq_tol(stats_mcnemar_mid_p(1, 7), .0390625, 1e-14);
	assert_interval(stats_tango(1, 7, 21, stats_normal_two_sided(.95)), -.517, -.026, 6e-4);
	assert_interval(stats_newcombe10(&pairs, .95), -.507, -.026, 6e-4);
	/* A strong positive correlation, corrected: the formula by hand for 30/9/1/29,
	 * ad - bc = 861, less n/2 = 34.5, over sqrt(39 * 30 * 31 * 38). */
	const struct stats_pairs strong = {30, 9, 1, 29};
	struct stats_interval llm = stats_wilson(39, 69, .95);
	struct stats_interval legacy = stats_wilson(31, 69, .95);
	double down = 39.0 / 69 - llm.low;
	double up = legacy.high - 31.0 / 69;
	double phi = 826.5 / sqrt(39.0 * 30 * 31 * 38);
	ck_assert_double_eq_tol(stats_newcombe10(&strong, .95).low,
				8.0 / 69 - sqrt(down * down - 2 * phi * down * up + up * up), 1e-12);
	ck_assert_double_eq(stats_mcnemar_exact(0, 0), 1);
	ck_assert_double_eq(stats_mcnemar_mid_p(0, 0), 1);
	ck_assert_double_eq(stats_mcnemar_exact(5, 5), 1);
}
END_TEST

START_TEST(tango_properties)
{
	double z = stats_normal_two_sided(.95);

	for (uint64_t n = 1; n <= 12; n++) {
		for (uint64_t b = 0; b <= n; b++) {
			for (uint64_t c = 0; b + c <= n; c++) {
				struct stats_interval here = stats_tango((double)b, (double)c, (double)n, z);
				struct stats_interval mirror = stats_tango((double)c, (double)b, (double)n, z);
				double d = ((double)b - (double)c) / (double)n;
				ck_assert(here.low >= -1 && here.high <= 1 && here.low <= d && here.high >= d);
				assert_interval(here, -mirror.high, -mirror.low, 1e-12);
			}
		}
	}
	/* No discordant pair: z(D) = sqrt(n D/(1-D)), so the end is z^2/(n + z^2). */
	assert_interval(stats_tango(0, 0, 100, z), -z * z / (100 + z * z), z * z / (100 + z * z), 1e-12);
	assert_interval(stats_tango(5, 0, 5, z), stats_tango(5, 0, 5, z).low, 1, 0);
	assert_interval(stats_tango(0, 0, 0, z), -1, 1, 0);
}
END_TEST

START_TEST(noninferiority_matches_the_interval)
{
	const struct stats_pairs pairs = {80, 6, 4, 10};
	struct stats_interval interval = stats_tango(6, 4, 100, stats_normal_two_sided(.95));
	double z = 0;

	/* At the margin where the two-sided interval ends, the one-sided test sits at 2.5 %. */
	ck_assert_double_eq_tol(stats_noninferiority(&pairs, -interval.low, &z), .025, 1e-9);
	ck_assert(isnan(stats_noninferiority(&pairs, 0, &z)));
}
END_TEST

/* Equal probabilities make the Hajek mean the plain mean; pi = 1 leaves no variance. */
START_TEST(poisson_sampling)
{
	const struct stats_poisson_record records[] = {{.5, 1, true}, {.5, 0, true}, {.5, 1, true}, {1, 7, false}};
	double value = 0;
	double error = 0;

	ck_assert(stats_hajek(records, 4, &value, &error));
	ck_assert_double_eq_tol(value, 2.0 / 3, 1e-15);
	/* sum (1-pi)/pi^2 (y-p)^2 = 2 (1/9+4/9+1/9) = 4/3, over 6^2 */
	ck_assert_double_eq_tol(error, sqrt(4.0 / 3) / 6, 1e-15);
	stats_horvitz_thompson(records, 4, &value, &error);
	ck_assert_double_eq_tol(value, 11, 1e-14);
	ck_assert_double_eq_tol(error, 2, 1e-14);
	ck_assert(!stats_hajek(records + 3, 1, &value, &error));
}
END_TEST

/* Values by R's survey package (svymean with strata and finite-population correction). */
START_TEST(paired_means)
{
	const struct stats_pair_stratum strata[] = {
		{.population = 1880, .sampled = 56, .both = 50},
		{.population = 120, .sampled = 60, .llm_only = 30, .legacy_only = 20, .both = 2},
	};
	struct stats_paired_means means;

	ck_assert(stats_paired_means(strata, 2, &means));
	ck_assert_double_eq_tol(means.llm, .871285714285714, 1e-12);
	ck_assert_double_eq_tol(means.difference, .01, 1e-12);
	ck_assert_double_eq_tol(means.llm_error, .0387128898431134, 1e-12);
	ck_assert_double_eq_tol(means.legacy_error, .0387063220343752, 1e-12);
	ck_assert_double_eq_tol(means.difference_error, .00495744603464735, 1e-12);
}
END_TEST

Suite *stats_intervals_suite(void)
{
	Suite *suite = suite_create("stats intervals");
	TCase *tcase = tcase_create("intervals");

	tcase_add_test(tcase, newcombe_proportions);
	tcase_add_test(tcase, proportions_stay_inside);
	tcase_add_test(tcase, mover_reduces_to_wilson);
	tcase_add_test(tcase, unlabelled_strata);
	tcase_add_test(tcase, strata_merge_within_their_side);
	tcase_add_test(tcase, weighting_removes_verification_bias);
	tcase_add_test(tcase, fagerland_pairs);
	tcase_add_test(tcase, tango_properties);
	tcase_add_test(tcase, noninferiority_matches_the_interval);
	tcase_add_test(tcase, poisson_sampling);
	tcase_add_test(tcase, paired_means);
	suite_add_tcase(suite, tcase);
	return suite;
}
