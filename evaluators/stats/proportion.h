/* Layer 1. Intervals for one proportion from x successes in n independent trials (fixed time: not for repeated looks).
 *
 * Domain: x <= n, 0 < confidence < 1. n = 0 gives [0,1]. The low end is exactly 0 for x = 0, the high end exactly 1 for
 * x = n. Outside the domain: NaN. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_PROPORTION_H
#define UNDERSTUDY_EVALUATORS_STATS_PROPORTION_H

#include "evaluators/stats/interval.h"

#include <stdint.h>

/* Wilson (1927), JASA 22:209: centre (p + z^2/2n)/(1 + z^2/n), half width z sqrt(p(1-p)/n + z^2/4n^2)/(1 + z^2/n).
 * The default for display. */
struct stats_interval stats_wilson(uint64_t x, uint64_t n, double confidence);
/* The same for a share p of n trials, where n need not be whole (a finite-population n), and a given z >= 0. */
struct stats_interval stats_wilson_share(double p, double n, double z);

/* Clopper and Pearson (1934), Biometrika 26:404: low = BetaInv(a/2; x, n-x+1), high = BetaInv(1-a/2; x+1, n-x). Never
 * covers less than promised. */
struct stats_interval stats_clopper_pearson(uint64_t x, uint64_t n, double confidence);
/* The same for a share p of n trials, n >= 0 real. */
struct stats_interval stats_clopper_pearson_share(double p, double n, double confidence);
/* One-sided: the true share is at least this, with the given confidence. */
double stats_clopper_pearson_lower(uint64_t x, uint64_t n, double confidence);

/* --- two independent proportions: x1 of n1, x2 of n2, both n > 0 --- */

/* Newcombe (1998), Stat Med 17:873, method 10: the Wilson intervals of both, joined. Of x1/n1 - x2/n2. */
struct stats_interval stats_newcombe_difference(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2, double confidence);

struct stats_two_shares {
	double z; /* pooled, without continuity correction; > 0: the first is larger; 0 where all or none succeed */
	double p; /* two-sided */
};
/* The pooled z test. Where a cell of the table is expected to hold fewer than 5, p is twice the smaller tail of
 * Bin(x1 + x2, n1/(n1 + n2)) instead (of failures where these are fewer), which Fisher's exact test never exceeds by
 * much: given the sum, x1 varies less than that. */
struct stats_two_shares stats_two_shares(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2);

/* Brown, Cai, DasGupta (2001), Statistical Science 16:101: quantiles of Beta(x+1/2, n-x+1/2), ends clamped as above. */
struct stats_interval stats_jeffreys(uint64_t x, uint64_t n, double confidence);

#endif
