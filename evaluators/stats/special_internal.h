/* Layer 1, private to evaluators/stats/special*.c. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_SPECIAL_INTERNAL_H
#define UNDERSTUDY_EVALUATORS_STATS_SPECIAL_INTERNAL_H

/* log n! minus Stirling's approximation log(sqrt(2 pi n) (n/e)^n), n > 0. */
double stats_stirling_error(double n);
/* x log(x/np) + np - x, without cancellation near x = np; x, np > 0. */
double stats_deviance(double x, double np);

#endif
