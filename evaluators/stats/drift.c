#include "evaluators/stats/drift.h"

#include "evaluators/stats/special.h"
#include "evaluators/stats/sum.h"

#include <math.h>

static double total_of(const double *counts, size_t bins)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < bins; i++) {
		stats_sum_add(&sum, counts[i]);
	}
	return stats_sum_value(sum);
}

double stats_psi(const double *expected, const double *actual, size_t bins, double smoothing)
{
	double total_expected = total_of(expected, bins) + smoothing * (double)bins;
	double total_actual = total_of(actual, bins) + smoothing * (double)bins;
	struct stats_sum sum = {0};

	for (size_t i = 0; i < bins; i++) {
		double e = (expected[i] + smoothing) / total_expected;
		double a = (actual[i] + smoothing) / total_actual;
		stats_sum_add(&sum, (a - e) * log(a / e));
	}
	return stats_sum_value(sum);
}

double stats_psi_threshold(size_t bins, double n, double m)
{
	return bins < 2 ? 0 : stats_chi_square_quantile(0.95, (double)(bins - 1)) * (1 / n + 1 / m);
}

/* p log2(p/mean), 0 for p = 0. */
static double information(double p, double mean)
{
	return p > 0 ? p * log2(p / mean) : 0;
}

double stats_jensen_shannon(const double *p, const double *q, size_t bins)
{
	double total_p = total_of(p, bins);
	double total_q = total_of(q, bins);
	struct stats_sum sum = {0};

	for (size_t i = 0; i < bins; i++) {
		double first = p[i] / total_p;
		double second = q[i] / total_q;
		double mean = (first + second) / 2;
		stats_sum_add(&sum, (information(first, mean) + information(second, mean)) / 2);
	}
	return fmin(1, fmax(0, stats_sum_value(sum)));
}

bool stats_chi_square_homogeneity(const double *a, const double *b, size_t bins, struct stats_chi_square *ret_result)
{
	double total_a = total_of(a, bins);
	double total_b = total_of(b, bins);
	double total = total_a + total_b;
	struct stats_sum sum = {0};
	size_t used = 0;

	if (!(total_a > 0) || !(total_b > 0)) {
		return false;
	}
	for (size_t i = 0; i < bins; i++) {
		double column = a[i] + b[i];
		double expected_a = column * (total_a / total);
		double expected_b = column * (total_b / total);
		if (column > 0) {
			stats_sum_add(&sum, (a[i] - expected_a) * (a[i] - expected_a) / expected_a);
			stats_sum_add(&sum, (b[i] - expected_b) * (b[i] - expected_b) / expected_b);
			used++;
		}
	}
	if (used < 2) {
		return false;
	}
	double statistic = stats_sum_value(sum);
	*ret_result = (struct stats_chi_square){
		.statistic = statistic,
		.p_value = stats_chi_square_survival(statistic, (double)(used - 1)),
		.cramers_v = sqrt(statistic / total), /* the smaller side of the table has two rows */
		.df = used - 1,
	};
	return true;
}

size_t stats_bins_merge(double *a, double *b, size_t bins, double least)
{
	double total_a = total_of(a, bins);
	double total_b = total_of(b, bins);
	double smaller = fmin(total_a, total_b) / (total_a + total_b);
	double open_a = 0;
	double open_b = 0;
	size_t kept = 0;

	for (size_t i = 0; i < bins; i++) {
		open_a += a[i];
		open_b += b[i];
		if ((open_a + open_b) * smaller >= least) {
			a[kept] = open_a;
			b[kept] = open_b;
			kept++;
			open_a = 0;
			open_b = 0;
		}
	}
	if (open_a + open_b > 0) {
		size_t last = kept > 0 ? kept - 1 : 0;
		a[last] = (kept > 0 ? a[last] : 0) + open_a;
		b[last] = (kept > 0 ? b[last] : 0) + open_b;
		kept = last + 1;
	}
	return kept;
}

struct stats_ks stats_ks_two_sample(const double *x, size_t n, const double *y, size_t m)
{
	size_t i = 0;
	size_t j = 0;
	double distance = 0;

	while (i < n && j < m) {
		double here = fmin(x[i], y[j]);
		while (i < n && x[i] <= here) {
			i++;
		}
		while (j < m && y[j] <= here) {
			j++;
		}
		distance = fmax(distance, fabs((double)i / (double)n - (double)j / (double)m));
	}
	double size = sqrt((double)n * (double)m / ((double)n + (double)m));
	return (struct stats_ks){distance, stats_kolmogorov_survival(size * distance)};
}

struct stats_ks stats_ks_binned(const double *a, const double *b, size_t bins)
{
	double total_a = total_of(a, bins);
	double total_b = total_of(b, bins);
	double below_a = 0;
	double below_b = 0;
	double distance = 0;

	for (size_t i = 0; i < bins; i++) {
		below_a += a[i];
		below_b += b[i];
		distance = fmax(distance, fabs(below_a / total_a - below_b / total_b));
	}
	double size = sqrt(total_a * total_b / (total_a + total_b));
	return (struct stats_ks){distance, stats_kolmogorov_survival(size * distance)};
}

void stats_false_discovery(const double *ascending, size_t count, double *bh, double *by)
{
	struct stats_sum harmonic = {0};
	double least_bh = 1;
	double least_by = 1;

	for (size_t i = 1; i <= count; i++) {
		stats_sum_add(&harmonic, 1 / (double)i);
	}
	for (size_t i = count; i-- > 0;) {
		double scaled = ascending[i] * (double)count / (double)(i + 1);
		least_bh = fmin(least_bh, scaled);
		least_by = fmin(least_by, scaled * stats_sum_value(harmonic));
		if (bh != NULL) {
			bh[i] = least_bh;
		}
		if (by != NULL) {
			by[i] = least_by;
		}
	}
}

struct stats_detector stats_detector_start(double p0, double p1)
{
	return (struct stats_detector){
		.log_event = log(p1 / p0),
		.log_no_event = log1p(-p1) - log1p(-p0),
		.log_sr = -HUGE_VAL,
	};
}

/* log(1 + e^x) without overflow; log1p(0) = 0 at the start. */
static double log_one_plus_exp(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

void stats_detector_step(struct stats_detector *detector, bool event)
{
	double log_ratio = event ? detector->log_event : detector->log_no_event;

	detector->cusum = fmax(0, detector->cusum + log_ratio);
	detector->log_sr = log_one_plus_exp(detector->log_sr) + log_ratio;
}
