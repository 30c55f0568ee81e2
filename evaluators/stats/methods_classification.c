#include "evaluators/stats/classification.h"
#include "evaluators/stats/method_call.h"

/* {truth, pred, weight, classes: [labels]} as a confusion matrix of weights */
struct confusion {
	double *weights;
	size_t classes;
};

static size_t class_of(const struct method_numbers *classes, double label)
{
	size_t k = 0;

	while (k < classes->count && method_compare_doubles(&classes->values[k], &label) != 0) {
		k++;
	}
	return k;
}

static bool read_confusion(struct method_call *call, struct confusion *ret_confusion)
{
	struct method_numbers truth;
	struct method_numbers predicted;
	struct method_numbers weight;
	struct method_numbers classes;

	if (!method_numbers(call, call->input, "truth", -1e15, 1e15, &truth) ||
	    !method_numbers(call, call->input, "pred", -1e15, 1e15, &predicted) ||
	    !method_numbers(call, call->input, "weight", 0, 1e12, &weight) ||
	    !method_numbers(call, call->input, "classes", -1e15, 1e15, &classes)) {
		return false;
	}
	if (truth.count != predicted.count || truth.count != weight.count) {
		return method_fail(call, "\"truth\", \"pred\" and \"weight\" must be equally long");
	}
	if (classes.count > 1000) {
		return method_fail(call, "\"classes\" must hold at most 1000 labels");
	}
	double *cells = method_allocate(call, classes.count * classes.count, sizeof(*cells));
	if (cells == NULL) {
		return false;
	}
	for (size_t i = 0; i < truth.count; i++) {
		size_t row = class_of(&classes, truth.values[i]);
		size_t column = class_of(&classes, predicted.values[i]);
		if (row == classes.count || column == classes.count) {
			return method_fail(call, "\"classes\" must hold every label of \"truth\" and \"pred\"");
		}
		cells[row * classes.count + column] += weight.values[i];
	}
	*ret_confusion = (struct confusion){cells, classes.count};
	return true;
}

/* 0/0 counts as 0 here, as in the software that the known answers come from; reports show null. */
static double or_zero(struct stats_optional value)
{
	return value.defined ? value.value : 0;
}

static struct stats_optional precision_of(struct stats_class_quality quality)
{
	return quality.precision;
}

static struct stats_optional recall_of(struct stats_class_quality quality)
{
	return quality.recall;
}

static struct stats_optional f1_of(struct stats_class_quality quality)
{
	return quality.f1;
}

static void build_per_class(struct method_call *call, const char *name, const struct confusion *confusion,
			    struct stats_optional (*pick)(struct stats_class_quality))
{
	json_build_array(call->reply, name);
	for (size_t k = 0; k < confusion->classes; k++) {
		struct stats_class_quality quality = stats_class_quality(confusion->weights, confusion->classes, k);
		json_build_exact(call->reply, NULL, or_zero(pick(quality)));
	}
	json_build_end(call->reply);
}

static void build_matrix(struct method_call *call, const char *name, const struct confusion *confusion)
{
	json_build_array(call->reply, name);
	for (size_t row = 0; row < confusion->classes; row++) {
		json_build_array(call->reply, NULL);
		for (size_t column = 0; column < confusion->classes; column++) {
			json_build_exact(call->reply, NULL, confusion->weights[row * confusion->classes + column]);
		}
		json_build_end(call->reply);
	}
	json_build_end(call->reply);
}

/* -> {precision, recall, f1: per class, macro_f1, micro_f1, accuracy, confusion: rows by truth} */
static bool method_quality(struct method_call *call)
{
	struct confusion confusion = {0};

	if (!read_confusion(call, &confusion)) {
		return false;
	}
	double accuracy = or_zero(stats_confusion_accuracy(confusion.weights, confusion.classes));
	json_build_object(call->reply, "result");
	build_per_class(call, "precision", &confusion, precision_of);
	build_per_class(call, "recall", &confusion, recall_of);
	build_per_class(call, "f1", &confusion, f1_of);
	json_build_exact(call->reply, "macro_f1", or_zero(stats_macro_f1(confusion.weights, confusion.classes)));
	json_build_exact(call->reply, "micro_f1", accuracy);
	json_build_exact(call->reply, "accuracy", accuracy);
	build_matrix(call, "confusion", &confusion);
	json_build_end(call->reply);
	return true;
}

struct forecasts {
	struct stats_forecast *items;
	size_t count;
};

/* {correct: [0 or 1], conf: [...], weight: [...]} */
static bool read_forecasts(struct method_call *call, struct forecasts *ret_forecasts)
{
	struct method_counts correct;
	struct method_numbers confidence;
	struct method_numbers weight;
	double total = 0;

	if (!method_counts(call, call->input, "correct", 1, &correct) ||
	    !method_numbers(call, call->input, "conf", 0, 1, &confidence) ||
	    !method_numbers(call, call->input, "weight", 0, 1e12, &weight)) {
		return false;
	}
	if (correct.count != confidence.count || correct.count != weight.count) {
		return method_fail(call, "\"correct\", \"conf\" and \"weight\" must be equally long");
	}
	struct stats_forecast *items = method_allocate(call, correct.count, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	for (size_t i = 0; i < correct.count; i++) {
		items[i] = (struct stats_forecast){confidence.values[i], weight.values[i], correct.values[i] == 1};
		total += weight.values[i];
	}
	if (!(total > 0)) {
		return method_fail(call, "\"weight\" must hold a number above 0");
	}
	*ret_forecasts = (struct forecasts){items, correct.count};
	return true;
}

/* -> number */
static bool method_brier(struct method_call *call)
{
	struct forecasts f;

	return read_forecasts(call, &f) && method_result_optional(call, stats_brier(f.items, f.count));
}

/* and bins -> number */
static bool method_calibration_error(struct method_call *call)
{
	struct forecasts forecasts;
	uint64_t bin_count = 0;

	if (!read_forecasts(call, &forecasts) || !method_count(call, call->input, "bins", 1e6, &bin_count)) {
		return false;
	}
	if (bin_count == 0) {
		return method_fail(call, "\"bins\" must be at least 1");
	}
	struct stats_calibration_bin *bins = method_allocate(call, bin_count, sizeof(*bins));
	if (bins == NULL) {
		return false;
	}
	stats_calibration(forecasts.items, forecasts.count, bins, bin_count);
	return method_result_optional(call, stats_calibration_error(bins, bin_count));
}

/* -> [[threshold, coverage, accuracy], ...] */
static bool method_coverage(struct method_call *call)
{
	struct forecasts forecasts;

	if (!read_forecasts(call, &forecasts)) {
		return false;
	}
	struct stats_coverage_point *points = method_allocate(call, forecasts.count, sizeof(*points));
	if (points == NULL) {
		return false;
	}
	size_t count = stats_coverage_curve(forecasts.items, forecasts.count, points);
	json_build_array(call->reply, "result");
	for (size_t i = 0; i < count; i++) {
		json_build_array(call->reply, NULL);
		json_build_exact(call->reply, NULL, points[i].threshold);
		json_build_exact(call->reply, NULL, points[i].coverage);
		json_build_exact(call->reply, NULL, points[i].accuracy);
		json_build_end(call->reply);
	}
	json_build_end(call->reply);
	return true;
}

const struct method_row methods_classification[] = {
	{"weighted_prf", method_quality},
	{"brier", method_brier},
	{"ece_equal_width", method_calibration_error},
	{"risk_coverage_curve", method_coverage},
	{NULL, NULL},
};
