/* Layer 1. How many labels, and where. The gate's own planner (records until GO) is stats_kw_plan in anytime.h. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_PLANNER_H
#define UNDERSTUDY_EVALUATORS_STATS_PLANNER_H

#include <stddef.h>
#include <stdint.h>

struct stats_plan_stratum {
	double weight;       /* W_h >= 0 */
	double deviation;    /* s_h >= 0, standard deviation of the outcome: stats_planning_deviation */
	double cost;         /* of one label, > 0, any unit */
	uint64_t population; /* N_h, the most that can be labelled */
	uint64_t least;      /* labels wanted in any case, e.g. 30 in agreement strata and 2 elsewhere */
};

/* s = sqrt(p(1-p)), p = (x+1)/(n+2): never 0, so that a stratum without errors so far still gets labels. */
double stats_planning_deviation(uint64_t x, uint64_t n);

/* Neyman (1934); Cochran (1977) equation 5.23: shares[h] = labels W_h s_h/sqrt(c_h) / sum of the same, not rounded,
 * without caps. All zero where every W_h s_h is. */
void stats_neyman_shares(const struct stats_plan_stratum *strata, size_t count, double labels, double *shares);

/* Whole labels: Neyman shares, at most N_h (the excess is shared among the others again), at least min(least, N_h);
 * rounded by largest remainder, ties by position. The sum is `labels`, capped by the sum of N_h and raised to the sum
 * of the floors. */
void stats_neyman_allocate(const struct stats_plan_stratum *strata, size_t count, uint64_t labels,
			   uint64_t *allocation);

/* Labels for a half width e of the estimate at z: equal costs with finite-population correction,
 * n = (sum W_h s_h)^2/(e^2/z^2 + sum W_h s_h^2/N), N the sum of N_h. e, z > 0. */
double stats_labels_for_half_width(const struct stats_plan_stratum *strata, size_t count, double half_width, double z);

/* Inclusion probabilities for the coming week: rates[h] = clip(c s_h/sqrt(c_h), least_rate, 1) with c found so that
 * sum N_h rates[h] = budget; at the ends where the budget is below or above what the clips allow. 0 < least_rate <= 1.
 */
void stats_poisson_rates(const struct stats_plan_stratum *strata, size_t count, double budget, double least_rate,
			 double *rates);

#endif
