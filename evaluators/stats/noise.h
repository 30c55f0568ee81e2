/* Layer 1. The noise floor: how often the LLM path contradicts itself on the same request. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_NOISE_H
#define UNDERSTUDY_EVALUATORS_STATS_NOISE_H

#include "evaluators/stats/interval.h"

#include <stddef.h>
#include <stdint.h>

/* Chance that two of the k replies to one request differ: 1 - sum_c n_c(n_c-1)/(k(k-1)). `labels` holds k numbers;
 * equal numbers mean equal replies. k >= 2; O(k^2). */
double stats_flip_share(const uint32_t *labels, size_t k);

struct stats_mean {
	double value;
	double error; /* standard error; 0 for one value */
	/* Student's t with n-1 degrees of freedom. Not clamped: ends may pass 0 or 1. [value, value] for one value. */
	struct stats_interval interval;
};

/* Mean of independent values, here one flip share per request (the request is the cluster). n >= 1, 0 < confidence < 1.
 */
struct stats_mean stats_mean_interval(const double *values, size_t n, double confidence);

#endif
