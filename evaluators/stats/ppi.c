#include "evaluators/stats/ppi.h"

#include "evaluators/stats/special.h"
#include "evaluators/stats/sum.h"

#include <math.h>

static double mean_of(const double *values, size_t count)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < count; i++) {
		stats_sum_add(&sum, values[i]);
	}
	return stats_sum_value(sum) / (double)count;
}

static double squares_around(const double *values, size_t count, double mean)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < count; i++) {
		stats_sum_add(&sum, (values[i] - mean) * (values[i] - mean));
	}
	return stats_sum_value(sum);
}

double stats_ppi_lambda(const struct stats_ppi_sample *sample)
{
	double n = (double)sample->labelled;
	double big_n = (double)sample->unlabelled_count;
	double mean_label = mean_of(sample->labels, sample->labelled);
	double mean_prediction = mean_of(sample->predictions, sample->labelled);
	double pooled =
		(mean_prediction * n + mean_of(sample->unlabelled, sample->unlabelled_count) * big_n) / (n + big_n);
	double variance = (squares_around(sample->predictions, sample->labelled, pooled) +
			   squares_around(sample->unlabelled, sample->unlabelled_count, pooled)) /
			  (n + big_n - 1);
	struct stats_sum covariance = {0};

	for (size_t i = 0; i < sample->labelled; i++) {
		stats_sum_add(&covariance,
			      (sample->labels[i] - mean_label) * (sample->predictions[i] - mean_prediction) / n);
	}
	double lambda = stats_sum_value(covariance) / ((1 + n / big_n) * variance);
	return variance > 0 ? fmin(1, fmax(0, lambda)) : 0;
}

struct stats_ppi stats_ppi_mean(const struct stats_ppi_sample *sample, double lambda)
{
	double n = (double)sample->labelled;
	double big_n = (double)sample->unlabelled_count;
	double mean_unlabelled = mean_of(sample->unlabelled, sample->unlabelled_count);
	double spread = squares_around(sample->unlabelled, sample->unlabelled_count, mean_unlabelled) / big_n;
	struct stats_sum residual = {0};
	struct stats_sum squares = {0};

	for (size_t i = 0; i < sample->labelled; i++) {
		stats_sum_add(&residual, sample->labels[i] - lambda * sample->predictions[i]);
	}
	double mean_residual = stats_sum_value(residual) / n;
	for (size_t i = 0; i < sample->labelled; i++) {
		double distance = sample->labels[i] - lambda * sample->predictions[i] - mean_residual;
		stats_sum_add(&squares, distance * distance);
	}
	return (struct stats_ppi){
		.value = lambda * mean_unlabelled + mean_residual,
		.variance = lambda * lambda * spread / big_n + stats_sum_value(squares) / n / n,
	};
}

struct stats_interval stats_ppi_interval(struct stats_ppi estimate, double confidence)
{
	double half = stats_normal_two_sided(confidence) * sqrt(estimate.variance);

	return (struct stats_interval){estimate.value - half, estimate.value + half};
}
