#include "evaluators/stats/noise.h"

#include "evaluators/stats/special.h"
#include "evaluators/stats/sum.h"

#include <math.h>

double stats_flip_share(const uint32_t *labels, size_t k)
{
	uint64_t differing = 0;

	for (size_t i = 0; i < k; i++) {
		for (size_t j = 0; j < i; j++) {
			differing += labels[i] != labels[j] ? 1 : 0;
		}
	}
	return 2 * (double)differing / ((double)k * (double)(k - 1));
}

struct stats_mean stats_mean_interval(const double *values, size_t n, double confidence)
{
	struct stats_sum sum = {0};
	struct stats_sum squares = {0};

	for (size_t i = 0; i < n; i++) {
		stats_sum_add(&sum, values[i]);
	}
	double mean = stats_sum_value(sum) / (double)n;
	if (n < 2) {
		return (struct stats_mean){.value = mean, .interval = {mean, mean}};
	}
	for (size_t i = 0; i < n; i++) {
		stats_sum_add(&squares, (values[i] - mean) * (values[i] - mean));
	}
	double error = sqrt(stats_sum_value(squares) / (double)(n - 1) / (double)n);
	double half = error * stats_t_quantile(1 - (1 - confidence) / 2, (double)(n - 1));
	return (struct stats_mean){.value = mean, .error = error, .interval = {mean - half, mean + half}};
}
