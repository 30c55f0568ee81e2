#include "evaluators/stats/method_call.h"
#include "evaluators/stats/planner.h"
#include "evaluators/stats/ppi.h"

#include <math.h>

static const double VALUE_MAX = 1e12;

/* {W, sd, cost} */
static bool read_strata(struct method_call *call, struct stats_plan_stratum **ret_strata, size_t *ret_count)
{
	struct method_numbers weights;
	struct method_numbers deviations;
	struct method_numbers costs;

	if (!method_numbers(call, call->input, "W", 0, VALUE_MAX, &weights) ||
	    !method_numbers(call, call->input, "sd", 0, VALUE_MAX, &deviations) ||
	    !method_numbers(call, call->input, "cost", 1e-12, VALUE_MAX, &costs)) {
		return false;
	}
	if (weights.count != deviations.count || weights.count != costs.count) {
		return method_fail(call, "\"W\", \"sd\" and \"cost\" must be equally long");
	}
	struct stats_plan_stratum *strata = method_allocate(call, weights.count, sizeof(*strata));
	if (strata == NULL) {
		return false;
	}
	for (size_t h = 0; h < weights.count; h++) {
		strata[h].weight = weights.values[h];
		strata[h].deviation = deviations.values[h];
		strata[h].cost = costs.values[h];
	}
	*ret_strata = strata;
	*ret_count = weights.count;
	return true;
}

/* {W, sd, cost, n} -> [n_h, not rounded] */
static bool method_neyman(struct method_call *call)
{
	struct stats_plan_stratum *strata = NULL;
	size_t count = 0;
	double labels = 0;

	if (!read_strata(call, &strata, &count) ||
	    !method_number(call, call->input, "n", 0, METHOD_COUNT_MAX, &labels)) {
		return false;
	}
	double *shares = method_allocate(call, count, sizeof(*shares));
	if (shares == NULL) {
		return false;
	}
	stats_neyman_shares(strata, count, labels, shares);
	return method_result_numbers(call, shares, count);
}

/* {W, sd, cost, N, least, n} -> [n_h, whole] */
static bool method_neyman_allocation(struct method_call *call)
{
	struct stats_plan_stratum *strata = NULL;
	struct method_counts populations;
	struct method_counts least;
	size_t count = 0;
	uint64_t labels = 0;

	if (!read_strata(call, &strata, &count) ||
	    !method_counts(call, call->input, "N", METHOD_COUNT_MAX, &populations) ||
	    !method_counts(call, call->input, "least", METHOD_COUNT_MAX, &least) ||
	    !method_count(call, call->input, "n", METHOD_COUNT_MAX, &labels)) {
		return false;
	}
	if (populations.count != count || least.count != count) {
		return method_fail(call, "\"N\" and \"least\" must be as long as \"W\"");
	}
	uint64_t *allocation = method_allocate(call, count, sizeof(*allocation));
	if (allocation == NULL) {
		return false;
	}
	for (size_t h = 0; h < count; h++) {
		strata[h].population = populations.values[h];
		strata[h].least = least.values[h];
	}
	stats_neyman_allocate(strata, count, labels, allocation);
	json_build_array(call->reply, "result");
	for (size_t h = 0; h < count; h++) {
		json_build_integer(call->reply, NULL, (int64_t)allocation[h]);
	}
	json_build_end(call->reply);
	return true;
}

static bool read_sample(struct method_call *call, const struct json_node *object, struct stats_ppi_sample *ret_sample)
{
	struct method_numbers labels;
	struct method_numbers predictions;
	struct method_numbers unlabelled;

	if (!method_numbers(call, object, "Y", -VALUE_MAX, VALUE_MAX, &labels) ||
	    !method_numbers(call, object, "Yhat", -VALUE_MAX, VALUE_MAX, &predictions) ||
	    !method_numbers(call, object, "Yhat_unlabeled", -VALUE_MAX, VALUE_MAX, &unlabelled)) {
		return false;
	}
	if (labels.count != predictions.count) {
		return method_fail(call, "\"Y\" and \"Yhat\" must be equally long");
	}
	*ret_sample = (struct stats_ppi_sample){labels.values, predictions.values, labels.count, unlabelled.values,
						unlabelled.count};
	return true;
}

/* {lam}: a number, or the text "tuned" */
static bool read_lambda(struct method_call *call, const struct json_node *object, const struct stats_ppi_sample *sample,
			double *ret_lambda)
{
	const struct json_node *lambda = json_get_text(object, "lam");

	if (json_is(lambda, JSON_STRING) && span_is(json_text(lambda), "tuned")) {
		*ret_lambda = stats_ppi_lambda(sample);
		return true;
	}
	if (!json_is(lambda, JSON_NUMBER)) {
		return method_fail(call, "\"lam\" must be a number or \"tuned\"");
	}
	return method_number(call, object, "lam", -1e6, 1e6, ret_lambda);
}

static bool result_ppi(struct method_call *call, struct stats_ppi estimate, double alpha)
{
	struct stats_interval interval = stats_ppi_interval(estimate, 1 - alpha);

	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "point", estimate.value);
	json_build_exact(call->reply, "lo", interval.low);
	json_build_exact(call->reply, "hi", interval.high);
	json_build_end(call->reply);
	return true;
}

/* {Y, Yhat, Yhat_unlabeled, lam, alpha} -> {point, lo, hi} */
static bool method_ppi(struct method_call *call)
{
	struct stats_ppi_sample sample;
	double lambda = 0;
	double alpha = 0;

	return read_sample(call, call->input, &sample) && read_lambda(call, call->input, &sample, &lambda) &&
	       method_share(call, call->input, "alpha", &alpha) &&
	       result_ppi(call, stats_ppi_mean(&sample, lambda), alpha);
}

/* {strata: [{W, Y, Yhat, Yhat_unlabeled, lam}, ...], alpha} -> {point, lo, hi}; Fisch et al. 2024, arXiv:2406.04291 */
static bool method_stratified_ppi(struct method_call *call)
{
	const struct json_node *array = NULL;
	struct stats_ppi total = {0};
	double alpha = 0;

	if (!method_array(call, call->input, "strata", 1, &array) ||
	    !method_share(call, call->input, "alpha", &alpha)) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		struct stats_ppi_sample sample;
		double lambda = 0;
		double weight = 0;
		if (!method_number(call, item, "W", 0, 1, &weight) || !read_sample(call, item, &sample) ||
		    !read_lambda(call, item, &sample, &lambda)) {
			return false;
		}
		struct stats_ppi estimate = stats_ppi_mean(&sample, lambda);
		total.value += weight * estimate.value;
		total.variance += weight * weight * estimate.variance;
	}
	return result_ppi(call, total, alpha);
}

const struct method_row methods_planner[] = {
	{"neyman_continuous", method_neyman},
	{"neyman_allocation", method_neyman_allocation},
	{"ppi_mean", method_ppi},
	{"stratified_ppi_mean", method_stratified_ppi},
	{NULL, NULL},
};
