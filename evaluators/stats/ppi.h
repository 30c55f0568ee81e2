/* Layer 1. Prediction-powered inference for a mean (Angelopoulos et al. 2023, Science 382:669; PPI++,
 * arXiv:2311.01453), fixed time. A Wald interval: not for strata with fewer than ten errors of (Y - lambda Yhat); use
 * stats_mover_wilson there. The predictor must be frozen before the labels it is used with. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_PPI_H
#define UNDERSTUDY_EVALUATORS_STATS_PPI_H

#include "evaluators/stats/interval.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed. n >= 1 labelled and N >= 1 unlabelled records. */
struct stats_ppi_sample {
	const double *labels;      /* Y, n of them */
	const double *predictions; /* Yhat of the same records */
	size_t labelled;
	const double *unlabelled; /* Yhat of the others, N of them */
	size_t unlabelled_count;
};

/* lambda = clip(cov0(Y, Yhat)/((1 + n/N) var1(all Yhat)), 0, 1); 0 where the predictions do not vary. */
double stats_ppi_lambda(const struct stats_ppi_sample *sample);

struct stats_ppi {
	double value;
	double variance;
};
/* mean(lambda Yhat_u) + mean(Y - lambda Yhat), variance lambda^2 var0(Yhat_u)/N + var0(Y - lambda Yhat)/n (var0 divides
 * by the count). */
struct stats_ppi stats_ppi_mean(const struct stats_ppi_sample *sample, double lambda);
/* value +- z sqrt(variance), not clamped. */
struct stats_interval stats_ppi_interval(struct stats_ppi estimate, double confidence);

#endif
