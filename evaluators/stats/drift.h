/* Layer 1. Has the traffic, or the replies, changed against a frozen reference? None of these measures accuracy. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_DRIFT_H
#define UNDERSTUDY_EVALUATORS_STATS_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Two histograms over the same bins: counts >= 0 --- */

/* Population stability index sum (a-e) log(a/e) over shares, `smoothing` > 0 added to every count. Symmetric. The usual
 * cut-offs ignore sample size: see stats_psi_threshold. Both totals, smoothing included, must be positive. */
double stats_psi(const double *expected, const double *actual, size_t bins, double smoothing);
/* The PSI that no change reaches in 95 % of cases (Yurdakul and Naranjo 2020): chi2_{bins-1,.95} (1/n + 1/m). */
double stats_psi_threshold(size_t bins, double n, double m);

/* Jensen-Shannon divergence in bits, 0 .. 1 (Lin 1991). Both totals positive. */
double stats_jensen_shannon(const double *p, const double *q, size_t bins);

struct stats_chi_square {
	double statistic;
	double p_value;
	double cramers_v;
	size_t df;
};
/* Chi-square test of homogeneity without continuity correction; bins empty on both sides are left out. False with fewer
 * than two bins left or an empty side. */
bool stats_chi_square_homogeneity(const double *a, const double *b, size_t bins, struct stats_chi_square *ret_result);
/* Merges, in place, each bin whose expected count on either side is below `least` (usually 5) into the next one, the
 * last into the one before it. Returns the bins left. */
size_t stats_bins_merge(double *a, double *b, size_t bins, double least);

/* --- Two samples --- */

struct stats_ks {
	double distance; /* D, the largest distance of the two distribution functions */
	double p_value;  /* asymptotic: P(K > sqrt(nm/(n+m)) D); too small a claim with ties: bin first */
};
/* Two-sample Kolmogorov-Smirnov. Both ascending, n, m >= 1. */
struct stats_ks stats_ks_two_sample(const double *x, size_t n, const double *y, size_t m);

/* The same for two histograms over the same ascending bins: D at the bins' ends. At most the D of the values
 * themselves, and with their p-value conservative. Both totals positive. */
struct stats_ks stats_ks_binned(const double *a, const double *b, size_t bins);

/* --- Many tests at once --- */

/* Adjusted p-values of Benjamini and Hochberg (1995) and of Benjamini and Yekutieli (2001), for p ascending; hypothesis
 * i is rejected at level q iff its adjusted value is <= q. Either output may be NULL. */
void stats_false_discovery(const double *ascending, size_t count, double *bh, double *by);

/* --- Change in a stream of events (schema violations, one reply after the other) --- */

/* CUSUM (Page 1954) and the Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo 2024), both for Bernoulli p0 -> p1:
 * LR = p1/p0 for an event, (1-p1)/(1-p0) without; S = max(0, S + log LR); M = (1+M) LR, kept as log M. For any process
 * whose conditional event probability is <= p0 the mean time to a false alarm of M >= A is at least A. */
struct stats_detector {
	double log_event;    /* log LR of an event */
	double log_no_event; /* and of none */
	double cusum;        /* S */
	double log_sr;       /* log M; -infinity at the start */
};
/* 0 < p0 < p1 < 1. */
struct stats_detector stats_detector_start(double p0, double p1);
void stats_detector_step(struct stats_detector *detector, bool event);

#endif
