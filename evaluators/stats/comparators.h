/* Layer 1. Two confidence sequences of Waudby-Smith and Ramdas (2024, JRSSB 86:1) for a constant mean in [0,1], to
 * compare the gate's with. Not for the gate: their bets follow the data, which needs a constant conditional mean. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_COMPARATORS_H
#define UNDERSTUDY_EVALUATORS_STATS_COMPARATORS_H

#include "evaluators/stats/interval.h"

#include <stddef.h>
#include <stdint.h>

/* Predictable plug-in empirical Bernstein lower limit (theorem 2) after n values in [0,1], bets truncated at
 * `truncation` in (0,1). In the bets' variance, prior mean 1/2 and variance 1/4 count as one value; the value predicted
 * for the next is the plain mean so far, 0 at the start. At least 0. */
double stats_empirical_bernstein_lower(const double *x, size_t n, double alpha, double truncation);

/* Hedged capital interval (theorem 3) after n values: the means m on the grid 0, 1/breaks, ..., 1 whose capital
 * max(K+(m), K-(m))/2 stays below 1/alpha, widened by one step. `scratch` has room for n numbers. O(n * breaks). */
struct stats_interval stats_hedged_capital(const double *x, size_t n, double alpha, uint64_t breaks, double *scratch);

#endif
