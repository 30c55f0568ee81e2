/* Layer 1. Per-class quality and calibration from weighted records (weight 1/pi for a record sampled with
 * probability pi). Weights >= 0 with a positive sum. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_CLASSIFICATION_H
#define UNDERSTUDY_EVALUATORS_STATS_CLASSIFICATION_H

#include "evaluators/stats/agreement.h"

/* From a confusion matrix, confusion[truth * classes + predicted], total weights. Precision, recall and F1 of class k:
 * C_kk over its column, over its row, and 2 C_kk over both; undefined (0/0) where the divisor is 0. */
struct stats_class_quality {
	struct stats_optional precision;
	struct stats_optional recall;
	struct stats_optional f1;
	bool has_support; /* some true record */
};
struct stats_class_quality stats_class_quality(const double *confusion, size_t classes, size_t k);
/* Mean F1 over the classes with support. */
struct stats_optional stats_macro_f1(const double *confusion, size_t classes);
/* Weight on the diagonal; equals micro F1 for single labels. Undefined for an empty matrix. */
struct stats_optional stats_confusion_accuracy(const double *confusion, size_t classes);

/* One record: stated confidence in [0,1], whether the answer was correct, weight. */
struct stats_forecast {
	double confidence;
	double weight;
	bool correct;
};

/* Brier (1950): weighted mean of (confidence - correct)^2. */
struct stats_optional stats_brier(const struct stats_forecast *forecasts, size_t count);

struct stats_calibration_bin {
	double weight;
	double confidence; /* weighted mean, 0 for an empty bin */
	double accuracy;   /* weighted mean, 0 for an empty bin */
	uint64_t count;
};
/* Equal-width bins [b/B,(b+1)/B), the last one closed; their weighted |accuracy - confidence| is the expected
 * calibration error (Guo et al. 2017). Biased upwards for few records: show the counts. */
void stats_calibration(const struct stats_forecast *forecasts, size_t count, struct stats_calibration_bin *bins,
		       size_t bin_count);
struct stats_optional stats_calibration_error(const struct stats_calibration_bin *bins, size_t bin_count);

/* Selective accuracy (El-Yaniv and Wiener 2010): one point per distinct confidence, from the highest down: accept
 * records at or above it. */
struct stats_coverage_point {
	double threshold;
	double coverage;
	double accuracy;
};
/* Sorts `forecasts` by confidence, descending, in place; `points` has room for `count`. Returns the points. Points
 * without any weight are left out. */
size_t stats_coverage_curve(struct stats_forecast *forecasts, size_t count, struct stats_coverage_point *points);

#endif
