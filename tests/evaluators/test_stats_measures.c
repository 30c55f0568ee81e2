/* Latency histogram, noise, planner, drift, classification, prediction-powered means. */
#include "evaluators/stats/classification.h"
#include "evaluators/stats/comparators.h"
#include "evaluators/stats/drift.h"
#include "evaluators/stats/histogram.h"
#include "evaluators/stats/noise.h"
#include "evaluators/stats/planner.h"
#include "evaluators/stats/ppi.h"
#include "harness/base/hash.h"
#include "tests/evaluators/suites.h"

#include <math.h>
#include <string.h>

START_TEST(buckets_tile_the_line)
{
	uint64_t expected = 0;

	for (size_t index = 0; index < STATS_HISTOGRAM_SIZE; index++) {
		uint64_t low = loglinear_lowest(7, index);
		uint64_t high = loglinear_highest(7, index);
		ck_assert_uint_eq(low, expected);
		ck_assert_uint_eq(loglinear_index(7, low), index);
		ck_assert_uint_eq(loglinear_index(7, high), index);
		ck_assert((double)(high - low) <= (double)low / 128);
		expected = high + 1;
	}
	ck_assert_uint_eq(expected, UINT64_C(1) << 40);
	size_t last = loglinear_index(7, UINT64_MAX);
	ck_assert_uint_eq(loglinear_highest(7, last), UINT64_MAX);
}
END_TEST

START_TEST(histogram_merges_and_ranks)
{
	static struct stats_histogram parts[3];
	static struct stats_histogram left;
	static struct stats_histogram right;
	static struct stats_histogram all;
	struct stats_quantile quantile;
	uint64_t state = 3;

	for (int i = 0; i < 3000; i++) {
		uint64_t value = random_next(&state) % 5000000;
		stats_histogram_add(&parts[i % 3], value, 1);
		stats_histogram_add(&all, value, 1);
	}
	left = parts[0];
	stats_histogram_merge(&left, &parts[1]);
	stats_histogram_merge(&left, &parts[2]);
	right = parts[2];
	stats_histogram_merge(&right, &parts[1]);
	stats_histogram_merge(&right, &parts[0]);
	ck_assert_mem_eq(&left, &right, sizeof(left));
	ck_assert_mem_eq(&left, &all, sizeof(left));
	ck_assert(stats_histogram_quantile(&all, 1, &quantile));
	ck_assert_uint_eq(quantile.value, all.largest);
}
END_TEST

START_TEST(histogram_edges)
{
	static struct stats_histogram histogram;
	struct stats_quantile quantile;

	ck_assert(!stats_histogram_quantile(&histogram, .5, &quantile));
	stats_histogram_add(&histogram, 100, 97);
	stats_histogram_add_censored(&histogram, 30000000, 3);
	ck_assert(stats_histogram_quantile(&histogram, .97, &quantile));
	ck_assert(quantile.value == 100 && !quantile.at_least);
	ck_assert(stats_histogram_quantile(&histogram, .99, &quantile));
	ck_assert(quantile.value == 30000000 && quantile.at_least);
	ck_assert(!stats_histogram_at_rank(&histogram, 101, &quantile) &&
		  !stats_histogram_at_rank(&histogram, 0, &quantile));
	stats_histogram_add(&histogram, UINT64_MAX, 1);
	ck_assert(stats_histogram_at_rank(&histogram, 98, &quantile));
	ck_assert_uint_eq(quantile.value, UINT64_MAX);
}
END_TEST

START_TEST(ranks)
{
	ck_assert_uint_eq(stats_quantile_rank(100, .07), 7); /* .07 * 100 is 7.000000000000001 */
	ck_assert_uint_eq(stats_quantile_rank(500, .95), 475);
	ck_assert_uint_eq(stats_quantile_rank(10, 0), 1);
	ck_assert_uint_eq(stats_quantile_rank(10, 1), 10);
	ck_assert_uint_eq(stats_quantile_rank(3, .5), 2);
	/* An upper limit of the 99th percentile needs 368 values: .99^367 > .025 >= .99^368. */
	ck_assert_uint_eq(stats_quantile_ranks(367, .99, .95).high, 368);
	ck_assert_uint_le(stats_quantile_ranks(368, .99, .95).high, 368);
	ck_assert_uint_eq(stats_quantile_ranks(5, .01, .95).low, 0);
}
END_TEST

START_TEST(flips)
{
	static const uint32_t labels[] = {1, 1, 1, 2, 1};
	static const double values[] = {1, 2, 3};

	ck_assert_double_eq_tol(stats_flip_share(labels, 5), 1 - 12.0 / 20, 1e-15);
	ck_assert_double_eq(stats_flip_share(labels, 2), 0);
	struct stats_mean mean = stats_mean_interval(values, 3, .95);
	ck_assert_double_eq_tol(mean.value, 2, 1e-15);
	ck_assert_double_eq_tol(mean.error, 1 / sqrt(3), 1e-15);
	ck_assert_double_eq_tol(mean.interval.high, 2 + 4.302652729911275 / sqrt(3), 1e-10); /* t table: 4.303 */
	ck_assert_double_eq(stats_mean_interval(values, 1, .95).interval.high, 1);
}
END_TEST

START_TEST(labels_allocated)
{
	const struct stats_plan_stratum strata[] = {{.94, .12, 1, 9400, 30}, {.06, .49, 1, 20, 2}, {0, 0, 1, 0, 2}};
	uint64_t allocation[3];
	double rates[3];

	/* Neyman would give 158.6 and 41.4: the second is capped at 20 records, the first takes the rest. */
	stats_neyman_allocate(strata, 3, 200, allocation);
	ck_assert(allocation[0] == 180 && allocation[1] == 20 && allocation[2] == 0);
	stats_neyman_allocate(strata, 3, 10, allocation);
	ck_assert(allocation[0] == 30 && allocation[1] == 2);
	stats_neyman_allocate(strata, 3, 1000000, allocation);
	ck_assert(allocation[0] == 9400 && allocation[1] == 20);
	stats_poisson_rates(strata, 2, 500, .01, rates);
	ck_assert_double_eq_tol(9400 * rates[0] + 20 * rates[1], 500, 1e-6);
	ck_assert_double_eq_tol(rates[1] / rates[0], .49 / .12, 1e-9);
	stats_poisson_rates(strata, 2, 1, .01, rates);
	ck_assert_double_eq_tol(rates[0], .01, 1e-12);
	stats_poisson_rates(strata, 2, 1e9, .01, rates);
	ck_assert_double_eq(rates[0], 1);
	/* A simple sample: z^2 p(1-p)/e^2 = 384.1 for e = .05, and 322.8 records of 2000 with correction (n0/(1+n0/N)).
	 */
	const struct stats_plan_stratum one = {1, .5, 1, 2000, 0};
	ck_assert_double_eq_tol(stats_labels_for_half_width(&one, 1, .05, 1.959964), 384.146 / (1 + 384.146 / 2000),
				.01);
	ck_assert_double_eq_tol(stats_planning_deviation(0, 0), .5, 1e-15);
}
END_TEST

START_TEST(drift_by_hand)
{
	static const double p[] = {1, 0};
	static const double q[] = {0, 1};
	double a[] = {10, 1, 1, 88};
	double b[] = {10, 1, 2, 87};
	static const double x[] = {1, 2, 3};
	static const double y[] = {10, 20};
	static const double ps[] = {.01, .02, .04};
	double bh[3];
	struct stats_chi_square test;

	ck_assert_double_eq(stats_jensen_shannon(p, q, 2), 1);
	ck_assert_double_eq(stats_jensen_shannon(p, p, 2), 0);
	ck_assert_double_eq(stats_psi(p, p, 2, .5), 0);
	ck_assert_double_eq_tol(stats_psi_threshold(10, 1000, 5000), .0203, 5e-5);
	ck_assert_uint_eq(stats_bins_merge(a, b, 4, 5), 2);
	ck_assert(a[0] + b[0] > 19 && a[1] + b[1] > 178);
	ck_assert(stats_chi_square_homogeneity(p, q, 2, &test));
	ck_assert_double_eq_tol(test.cramers_v, 1, 1e-15);
	ck_assert_uint_eq(test.df, 1);
	ck_assert(!stats_chi_square_homogeneity(p, p, 2, &test));
	ck_assert_double_eq(stats_ks_two_sample(x, 3, y, 2).distance, 1);
	ck_assert_double_eq(stats_ks_two_sample(x, 3, x, 3).distance, 0);
	stats_false_discovery(ps, 3, bh, NULL);
	ck_assert_double_eq_tol(bh[0], .03, 1e-15);
	ck_assert_double_eq_tol(bh[2], .04, 1e-15);
	struct stats_detector detector = stats_detector_start(.1, .2);
	stats_detector_step(&detector, true);
	ck_assert_double_eq_tol(detector.log_sr, log(2), 1e-15);
	stats_detector_step(&detector, false); /* M = (1+2) * 8/9 */
	ck_assert_double_eq_tol(detector.log_sr, log(24.0 / 9), 1e-14);
	ck_assert_double_eq_tol(detector.cusum, log(16.0 / 9), 1e-14);
}
END_TEST

START_TEST(classification_by_hand)
{
	static const double confusion[] = {3, 1, 0, 2, 4, 0, 0, 0, 0};
	struct stats_forecast forecasts[] = {{.9, 1, true}, {.5, 2, false}, {.9, 1, false}, {1, 4, true}};
	struct stats_calibration_bin bins[10];
	struct stats_coverage_point points[4];

	struct stats_class_quality quality = stats_class_quality(confusion, 3, 0);
	ck_assert_double_eq_tol(quality.precision.value, .6, 1e-15);
	ck_assert_double_eq_tol(quality.recall.value, .75, 1e-15);
	ck_assert_double_eq_tol(quality.f1.value, 6.0 / 9, 1e-15);
	quality = stats_class_quality(confusion, 3, 2);
	ck_assert(!quality.precision.defined && !quality.recall.defined && !quality.f1.defined);
	ck_assert_double_eq_tol(stats_macro_f1(confusion, 3).value, (6.0 / 9 + 8.0 / 11) / 2, 1e-15);
	ck_assert_double_eq_tol(stats_confusion_accuracy(confusion, 3).value, .7, 1e-15);
	ck_assert_double_eq_tol(stats_brier(forecasts, 4).value, (.01 + 2 * .25 + .81) / 8, 1e-15);
	/* .5 opens bin 5, 1 closes bin 9: |0-.5| 2/8 + |5/6 - (.9+.9+4)/6| 6/8. */
	stats_calibration(forecasts, 4, bins, 10);
	ck_assert(bins[5].count == 1 && bins[9].count == 3);
	ck_assert_double_eq_tol(stats_calibration_error(bins, 10).value, .125 + .8 / 8, 1e-15);
	ck_assert_uint_eq(stats_coverage_curve(forecasts, 4, points), 3);
	ck_assert_double_eq_tol(points[1].coverage, .75, 1e-15);
	ck_assert_double_eq_tol(points[1].accuracy, 5.0 / 6, 1e-15);
	ck_assert(!stats_brier(forecasts, 0).defined);
}
END_TEST

START_TEST(prediction_powered)
{
	static const double labels[] = {1, 0, 1, 1};
	static const double constant[] = {1, 1, 1, 1};
	const struct stats_ppi_sample same = {labels, labels, 4, labels, 4};
	const struct stats_ppi_sample useless = {labels, constant, 4, constant, 4};

	/* Perfect predictions: the labelled part has no residual. lambda = cov/((1+1) var1), var1 = .1875 * 8/7. */
	ck_assert_double_eq_tol(stats_ppi_mean(&same, 1).variance, .1875 / 4, 1e-15);
	ck_assert_double_eq_tol(stats_ppi_lambda(&same), 7.0 / 16, 1e-14);
	ck_assert_double_eq(stats_ppi_lambda(&useless), 0);
	ck_assert_double_eq_tol(stats_ppi_mean(&useless, 0).value, .75, 1e-15);
}
END_TEST

START_TEST(comparators_hold_the_mean)
{
	double x[60];
	double scratch[60];

	for (int i = 0; i < 60; i++) {
		x[i] = .5;
	}
	struct stats_interval interval = stats_hedged_capital(x, 60, .05, 100, scratch);
	ck_assert(interval.low < .5 && interval.high > .5 && interval.low > .1 && interval.high < .9);
	ck_assert_double_eq_tol(interval.low, 1 - interval.high, 1e-12);
	double low = stats_empirical_bernstein_lower(x, 60, .05, .5);
	ck_assert(low > .2 && low < .5);
	ck_assert_double_eq(stats_empirical_bernstein_lower(x, 0, .05, .5), 0);
}
END_TEST

Suite *stats_measures_suite(void)
{
	Suite *suite = suite_create("stats measures");
	TCase *tcase = tcase_create("measures");

	tcase_add_test(tcase, buckets_tile_the_line);
	tcase_add_test(tcase, histogram_merges_and_ranks);
	tcase_add_test(tcase, histogram_edges);
	tcase_add_test(tcase, ranks);
	tcase_add_test(tcase, flips);
	tcase_add_test(tcase, labels_allocated);
	tcase_add_test(tcase, drift_by_hand);
	tcase_add_test(tcase, classification_by_hand);
	tcase_add_test(tcase, prediction_powered);
	tcase_add_test(tcase, comparators_hold_the_mean);
	suite_add_tcase(suite, tcase);
	return suite;
}
