/* Layer 1. Two paths on the same records, simple random sample, fixed time.
 *
 * The four counts of a paired table: both right, only the LLM path right (b), only the legacy path right (c), neither;
 * n is their sum. "Difference" is always LLM minus legacy. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_PAIRED_H
#define UNDERSTUDY_EVALUATORS_STATS_PAIRED_H

#include "evaluators/stats/interval.h"

#include <stdint.h>

struct stats_pairs {
	uint64_t both;
	uint64_t llm_only;
	uint64_t legacy_only;
	uint64_t neither;
};

uint64_t stats_pairs_total(const struct stats_pairs *pairs);

/* Two-sided p-values of "no difference" with X ~ Bin(b+c, 1/2); 1 where b+c = 0.
 * exact: 2 min(P(X <= b), P(X >= b)), at most 1. mid-p (the default; Fagerland, Lydersen, Laake 2013, BMC Med Res
 * Methodol 13:91): 2 P(X <= min(b,c)) - P(X = min(b,c)), at most 1. */
double stats_mcnemar_exact(uint64_t b, uint64_t c);
double stats_mcnemar_mid_p(uint64_t b, uint64_t c);

/* Tango (1998), Stat Med 17:891: score statistic of the difference D, decreasing in D,
 * z(D) = (b - c - nD)/sqrt(n (2q + D(1-D))), q the larger root of 2n q^2 + (-b-c+(2n-b+c)D) q - cD(1-D) = 0.
 * Counts may be fractional (finite-population corrected); n > 0, -1 < difference < 1. */
double stats_tango_score(double b, double c, double n, double difference);
/* The D with |z(D)| <= z; low = -1 if c = n, high = 1 if b = n. n = 0 gives [-1,1]. The default interval. */
struct stats_interval stats_tango(double b, double c, double n, double z);

/* Newcombe (1998), Stat Med 17:2635, method 10: Wilson intervals of both shares joined with their correlation.
 * n = 0 gives [-1,1]. */
struct stats_interval stats_newcombe10(const struct stats_pairs *pairs, double confidence);

/* Non-inferiority at margin m in (0,1), H0: difference <= -m (Nam 1997; Tango 1998): *ret_z = z(-m), and the one-sided
 * p-value is returned. NaN for n = 0. Not for repeated looks: the gate uses anytime.h. */
double stats_noninferiority(const struct stats_pairs *pairs, double margin, double *ret_z);

#endif
