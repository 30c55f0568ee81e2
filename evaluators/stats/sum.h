/* Layer 1. Neumaier's compensated sum (Neumaier 1974, ZAMM 54:39): the error does not grow with the number of terms,
 * and adding the same terms in the same order gives the same bits on every machine (-ffp-contract=off). */
#ifndef UNDERSTUDY_EVALUATORS_STATS_SUM_H
#define UNDERSTUDY_EVALUATORS_STATS_SUM_H

#include <math.h>

/* Start with {0}. */
struct stats_sum {
	double total;
	double lost; /* what rounding took away from `total` */
};

static inline void stats_sum_add(struct stats_sum *sum, double term)
{
	double next = sum->total + term;

	if (fabs(sum->total) >= fabs(term)) {
		sum->lost += (sum->total - next) + term;
	} else {
		sum->lost += (term - next) + sum->total;
	}
	sum->total = next;
}

static inline double stats_sum_value(struct stats_sum sum)
{
	return sum.total + sum.lost;
}

#endif
