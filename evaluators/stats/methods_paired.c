#include "evaluators/stats/method_call.h"
#include "evaluators/stats/paired.h"
#include "evaluators/stats/special.h"
#include "evaluators/stats/stratified.h"

/* {both, llm_only, legacy_only, neither} of `object`. */
static bool read_pairs(struct method_call *call, const struct json_node *object, struct stats_pairs *pairs)
{
	return method_count(call, object, "both", METHOD_COUNT_MAX, &pairs->both) &&
	       method_count(call, object, "llm_only", METHOD_COUNT_MAX, &pairs->llm_only) &&
	       method_count(call, object, "legacy_only", METHOD_COUNT_MAX, &pairs->legacy_only) &&
	       method_count(call, object, "neither", METHOD_COUNT_MAX, &pairs->neither);
}

/* pairs -> p */
static bool method_mcnemar_exact(struct method_call *call)
{
	struct stats_pairs p;

	return read_pairs(call, call->input, &p) && method_result(call, stats_mcnemar_exact(p.llm_only, p.legacy_only));
}

static bool method_mcnemar_mid_p(struct method_call *call)
{
	struct stats_pairs p;

	return read_pairs(call, call->input, &p) && method_result(call, stats_mcnemar_mid_p(p.llm_only, p.legacy_only));
}

/* pairs and conf -> [low, high] */
static bool method_newcombe(struct method_call *call)
{
	struct stats_pairs p;
	double confidence = 0;

	return read_pairs(call, call->input, &p) && method_share(call, call->input, "conf", &confidence) &&
	       method_result_pair(call, stats_newcombe10(&p, confidence));
}

static bool method_tango(struct method_call *call)
{
	struct stats_pairs p;
	double confidence = 0;

	return read_pairs(call, call->input, &p) && method_share(call, call->input, "conf", &confidence) &&
	       method_result_pair(call, stats_tango((double)p.llm_only, (double)p.legacy_only,
						    (double)stats_pairs_total(&p), stats_normal_two_sided(confidence)));
}

/* pairs and margin -> {z, p} */
static bool method_noninferiority(struct method_call *call)
{
	struct stats_pairs pairs;
	double margin = 0;
	double z = 0;

	if (!read_pairs(call, call->input, &pairs) || !method_share(call, call->input, "margin", &margin)) {
		return false;
	}
	if (stats_pairs_total(&pairs) == 0) {
		return method_fail(call, "\"both\", \"llm_only\", \"legacy_only\" and \"neither\" must not all be 0");
	}
	double p = stats_noninferiority(&pairs, margin, &z);
	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "z", z);
	json_build_exact(call->reply, "p", p);
	json_build_end(call->reply);
	return true;
}

struct pair_strata {
	struct stats_pair_stratum *items;
	size_t count;
};

static bool start_strata(struct method_call *call, const struct json_node **ret_array, struct pair_strata *strata)
{
	if (!method_array(call, call->input, "strata", 1, ret_array)) {
		return false;
	}
	strata->count = 0;
	strata->items = method_allocate(call, json_count(*ret_array), sizeof(*strata->items));
	return strata->items != NULL;
}

static bool check_strata(struct method_call *call, const struct pair_strata *strata)
{
	if (!stats_pair_strata_valid(strata->items, strata->count)) {
		return method_fail(call, "\"strata\" must obey discordant pairs <= labels <= N, and some N must be "
					 "above 0");
	}
	return true;
}

static bool read_structural_zero(struct method_call *call, const struct json_node *item, bool *ret_zero)
{
	const struct json_node *zero = json_get_text(item, "structural_zero");

	if (zero != NULL && !json_is_boolean(zero)) {
		return method_fail(call, "\"structural_zero\" must be true or false");
	}
	*ret_zero = json_is(zero, JSON_TRUE);
	return true;
}

/* {strata: [{N, n, b, c, structural_zero?}, ...], conf} -> [difference, low, high] */
static bool method_mover_tango(struct method_call *call)
{
	const struct json_node *array = NULL;
	struct pair_strata strata;
	double confidence = 0;

	if (!start_strata(call, &array, &strata) || !method_share(call, call->input, "conf", &confidence)) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		struct stats_pair_stratum *stratum = &strata.items[strata.count++];
		if (!method_count(call, item, "N", METHOD_COUNT_MAX, &stratum->population) ||
		    !method_count(call, item, "n", METHOD_COUNT_MAX, &stratum->sampled) ||
		    !method_count(call, item, "b", METHOD_COUNT_MAX, &stratum->llm_only) ||
		    !method_count(call, item, "c", METHOD_COUNT_MAX, &stratum->legacy_only) ||
		    !read_structural_zero(call, item, &stratum->structural_zero)) {
			return false;
		}
	}
	if (!check_strata(call, &strata)) {
		return false;
	}
	struct stats_estimate estimate = stats_mover_tango(strata.items, strata.count, confidence);
	return method_result_numbers(
		call, (const double[]){estimate.value, estimate.interval.low, estimate.interval.high}, 3);
}

/* {strata: [{N, both, llm_only, legacy_only, neither}, ...]} -> [LLM, legacy, difference, and their standard errors] */
static bool method_paired_means(struct method_call *call)
{
	const struct json_node *array = NULL;
	struct pair_strata strata;
	struct stats_paired_means means;

	if (!start_strata(call, &array, &strata)) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		struct stats_pair_stratum *stratum = &strata.items[strata.count++];
		struct stats_pairs pairs;
		if (!method_count(call, item, "N", METHOD_COUNT_MAX, &stratum->population) ||
		    !read_pairs(call, item, &pairs)) {
			return false;
		}
		stratum->sampled = stats_pairs_total(&pairs);
		stratum->llm_only = pairs.llm_only;
		stratum->legacy_only = pairs.legacy_only;
		stratum->both = pairs.both;
	}
	if (!check_strata(call, &strata)) {
		return false;
	}
	if (!stats_paired_means(strata.items, strata.count, &means)) {
		return method_fail(call, "\"strata\" must have two labels each, or all of their records labelled");
	}
	return method_result_numbers(call,
				     (const double[]){means.llm, means.legacy, means.difference, means.llm_error,
						      means.legacy_error, means.difference_error},
				     6);
}

const struct method_row methods_paired[] = {
	{"mcnemar_exact_p", method_mcnemar_exact},
	{"mcnemar_midp", method_mcnemar_mid_p},
	{"newcombe10_ci", method_newcombe},
	{"tango_ci", method_tango},
	{"noninferiority_score", method_noninferiority},
	{"paired_difference_mover_tango_fpc", method_mover_tango},
	{"paired_means_and_difference", method_paired_means},
	{NULL, NULL},
};
