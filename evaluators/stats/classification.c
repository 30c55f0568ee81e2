#include "evaluators/stats/classification.h"

#include "evaluators/stats/sum.h"

#include <math.h>
#include <stdlib.h>

static double row_weight(const double *confusion, size_t classes, size_t truth)
{
	struct stats_sum sum = {0};

	for (size_t j = 0; j < classes; j++) {
		stats_sum_add(&sum, confusion[truth * classes + j]);
	}
	return stats_sum_value(sum);
}

static double column_weight(const double *confusion, size_t classes, size_t predicted)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < classes; i++) {
		stats_sum_add(&sum, confusion[i * classes + predicted]);
	}
	return stats_sum_value(sum);
}

static struct stats_optional divide(double above, double below)
{
	return below > 0 ? (struct stats_optional){true, above / below} : (struct stats_optional){0};
}

struct stats_class_quality stats_class_quality(const double *confusion, size_t classes, size_t k)
{
	double right = confusion[k * classes + k];
	double row = row_weight(confusion, classes, k);
	double column = column_weight(confusion, classes, k);

	return (struct stats_class_quality){
		.precision = divide(right, column),
		.recall = divide(right, row),
		.f1 = divide(2 * right, row + column),
		.has_support = row > 0,
	};
}

struct stats_optional stats_macro_f1(const double *confusion, size_t classes)
{
	struct stats_sum sum = {0};
	double used = 0;

	for (size_t k = 0; k < classes; k++) {
		struct stats_class_quality quality = stats_class_quality(confusion, classes, k);
		if (quality.has_support) {
			stats_sum_add(&sum, quality.f1.value);
			used++;
		}
	}
	return divide(stats_sum_value(sum), used);
}

struct stats_optional stats_confusion_accuracy(const double *confusion, size_t classes)
{
	struct stats_sum right = {0};
	struct stats_sum all = {0};

	for (size_t k = 0; k < classes; k++) {
		stats_sum_add(&right, confusion[k * classes + k]);
		stats_sum_add(&all, row_weight(confusion, classes, k));
	}
	return divide(stats_sum_value(right), stats_sum_value(all));
}

struct stats_optional stats_brier(const struct stats_forecast *forecasts, size_t count)
{
	struct stats_sum sum = {0};
	struct stats_sum weights = {0};

	for (size_t i = 0; i < count; i++) {
		double miss = forecasts[i].confidence - (forecasts[i].correct ? 1 : 0);
		stats_sum_add(&sum, forecasts[i].weight * miss * miss);
		stats_sum_add(&weights, forecasts[i].weight);
	}
	return divide(stats_sum_value(sum), stats_sum_value(weights));
}

/* The bin with b/B <= confidence < (b+1)/B, decided by those comparisons and not by the rounding of a product. */
static size_t bin_of(double confidence, size_t bin_count)
{
	size_t bin = (size_t)(confidence * (double)bin_count);

	bin = bin < bin_count ? bin : bin_count - 1;
	while (bin > 0 && confidence < (double)bin / (double)bin_count) {
		bin--;
	}
	while (bin + 1 < bin_count && confidence >= (double)(bin + 1) / (double)bin_count) {
		bin++;
	}
	return bin;
}

void stats_calibration(const struct stats_forecast *forecasts, size_t count, struct stats_calibration_bin *bins,
		       size_t bin_count)
{
	for (size_t b = 0; b < bin_count; b++) {
		bins[b] = (struct stats_calibration_bin){0};
	}
	for (size_t i = 0; i < count; i++) {
		struct stats_calibration_bin *bin = &bins[bin_of(forecasts[i].confidence, bin_count)];
		bin->weight += forecasts[i].weight;
		bin->confidence += forecasts[i].weight * forecasts[i].confidence;
		bin->accuracy += forecasts[i].correct ? forecasts[i].weight : 0;
		bin->count++;
	}
	for (size_t b = 0; b < bin_count; b++) {
		if (bins[b].weight > 0) {
			bins[b].confidence /= bins[b].weight;
			bins[b].accuracy /= bins[b].weight;
		}
	}
}

struct stats_optional stats_calibration_error(const struct stats_calibration_bin *bins, size_t bin_count)
{
	struct stats_sum sum = {0};
	struct stats_sum weights = {0};

	for (size_t b = 0; b < bin_count; b++) {
		stats_sum_add(&sum, bins[b].weight * fabs(bins[b].accuracy - bins[b].confidence));
		stats_sum_add(&weights, bins[b].weight);
	}
	return divide(stats_sum_value(sum), stats_sum_value(weights));
}

static int by_confidence_descending(const void *a, const void *b)
{
	const struct stats_forecast *first = a;
	const struct stats_forecast *second = b;

	return first->confidence > second->confidence ? -1 : first->confidence < second->confidence;
}

size_t stats_coverage_curve(struct stats_forecast *forecasts, size_t count, struct stats_coverage_point *points)
{
	struct stats_sum all = {0};
	struct stats_sum accepted = {0};
	struct stats_sum right = {0};
	size_t used = 0;

	qsort(forecasts, count, sizeof(*forecasts), by_confidence_descending);
	for (size_t i = 0; i < count; i++) {
		stats_sum_add(&all, forecasts[i].weight);
	}
	for (size_t i = 0; i < count; i++) {
		stats_sum_add(&accepted, forecasts[i].weight);
		stats_sum_add(&right, forecasts[i].correct ? forecasts[i].weight : 0);
		bool is_last = i + 1 == count || forecasts[i + 1].confidence < forecasts[i].confidence;
		double weight = stats_sum_value(accepted);
		if (is_last && weight > 0) {
			points[used++] =
				(struct stats_coverage_point){forecasts[i].confidence, weight / stats_sum_value(all),
							      stats_sum_value(right) / weight};
		}
	}
	return used;
}
