#include "evaluators/stats/method_call.h"
#include "evaluators/stats/proportion.h"
#include "evaluators/stats/stratified.h"

struct trials {
	uint64_t x;
	uint64_t n;
	double confidence;
};

static bool read_trials(struct method_call *call, struct trials *trials)
{
	if (!method_count(call, call->input, "n", METHOD_COUNT_MAX, &trials->n) ||
	    !method_count(call, call->input, "x", METHOD_COUNT_MAX, &trials->x) ||
	    !method_share(call, call->input, "conf", &trials->confidence)) {
		return false;
	}
	if (trials->x > trials->n) {
		return method_fail(call, "\"x\" must not be larger than \"n\"");
	}
	return true;
}

/* {x, n, conf} -> [low, high]; the same for the two below */
static bool method_wilson(struct method_call *call)
{
	struct trials t;

	return read_trials(call, &t) && method_result_pair(call, stats_wilson(t.x, t.n, t.confidence));
}

static bool method_clopper_pearson(struct method_call *call)
{
	struct trials t;

	return read_trials(call, &t) && method_result_pair(call, stats_clopper_pearson(t.x, t.n, t.confidence));
}

static bool method_jeffreys(struct method_call *call)
{
	struct trials t;

	return read_trials(call, &t) && method_result_pair(call, stats_jeffreys(t.x, t.n, t.confidence));
}

/* {x, n, conf} -> low */
static bool method_clopper_pearson_lower(struct method_call *call)
{
	struct trials t;

	return read_trials(call, &t) && method_result(call, stats_clopper_pearson_lower(t.x, t.n, t.confidence));
}

struct strata {
	struct stats_stratum *items;
	size_t count;
	double confidence;
};

/* {strata: [{N, n, x}, ...], conf} */
static bool read_strata(struct method_call *call, struct strata *strata)
{
	const struct json_node *array = NULL;

	if (!method_array(call, call->input, "strata", 1, &array) ||
	    !method_share(call, call->input, "conf", &strata->confidence)) {
		return false;
	}
	strata->count = 0;
	strata->items = method_allocate(call, json_count(array), sizeof(*strata->items));
	if (strata->items == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		struct stats_stratum *stratum = &strata->items[strata->count++];
		if (!method_count(call, item, "N", METHOD_COUNT_MAX, &stratum->population) ||
		    !method_count(call, item, "n", METHOD_COUNT_MAX, &stratum->sampled) ||
		    !method_count(call, item, "x", METHOD_COUNT_MAX, &stratum->successes)) {
			return false;
		}
	}
	if (!stats_strata_valid(strata->items, strata->count)) {
		return method_fail(call, "\"strata\" must obey x <= n <= N, and some N must be above 0");
	}
	return true;
}

static bool result_estimate(struct method_call *call, struct stats_estimate estimate)
{
	return method_result_numbers(
		call, (const double[]){estimate.value, estimate.interval.low, estimate.interval.high}, 3);
}

/* {strata, conf} -> [estimate, low, high] */
static bool method_mover_wilson(struct method_call *call)
{
	struct strata s;

	return read_strata(call, &s) && result_estimate(call, stats_mover_wilson(s.items, s.count, s.confidence));
}

static bool method_mover_clopper_pearson(struct method_call *call)
{
	struct strata s;

	return read_strata(call, &s) &&
	       result_estimate(call, stats_mover_clopper_pearson(s.items, s.count, s.confidence));
}

static bool read_mean(struct method_call *call, struct strata *strata, double ret_mean[2])
{
	if (!read_strata(call, strata)) {
		return false;
	}
	if (!stats_stratified_mean(strata->items, strata->count, &ret_mean[0], &ret_mean[1])) {
		return method_fail(call, "\"strata\" must have two labels each, or all of their records labelled");
	}
	return true;
}

/* {strata, conf} -> [estimate, standard error] */
static bool method_stratified_mean(struct method_call *call)
{
	struct strata strata;
	double mean[2] = {0};

	return read_mean(call, &strata, mean) && method_result_numbers(call, mean, 2);
}

/* {strata, conf} -> [estimate, standard error, low, high]; MOVER-Wilson's ends where Korn-Graubard is undefined */
static bool method_korn_graubard(struct method_call *call)
{
	struct strata strata;
	double mean[2] = {0};
	struct stats_interval interval = {0};

	if (!read_mean(call, &strata, mean)) {
		return false;
	}
	if (!stats_korn_graubard(strata.items, strata.count, strata.confidence, &interval)) {
		interval = stats_mover_wilson(strata.items, strata.count, strata.confidence).interval;
	}
	return method_result_numbers(call, (const double[]){mean[0], mean[1], interval.low, interval.high}, 4);
}

/* {pi: [...], y: [...], domain: [0 or 1, ...]} -> [Hajek mean in the domain, its error, HT total, its error] */
static bool method_poisson(struct method_call *call)
{
	struct method_numbers pi;
	struct method_numbers y;
	struct method_counts domain;
	double results[4] = {0};

	if (!method_numbers(call, call->input, "pi", 1e-9, 1, &pi) ||
	    !method_numbers(call, call->input, "y", -1e12, 1e12, &y) ||
	    !method_counts(call, call->input, "domain", 1, &domain)) {
		return false;
	}
	if (pi.count != y.count || pi.count != domain.count) {
		return method_fail(call, "\"pi\", \"y\" and \"domain\" must be equally long");
	}
	struct stats_poisson_record *records = method_allocate(call, pi.count, sizeof(*records));
	if (records == NULL) {
		return false;
	}
	for (size_t i = 0; i < pi.count; i++) {
		records[i] = (struct stats_poisson_record){pi.values[i], y.values[i], domain.values[i] == 1};
	}
	if (!stats_hajek(records, pi.count, &results[0], &results[1])) {
		return method_fail(call, "\"domain\" must hold a 1");
	}
	stats_horvitz_thompson(records, pi.count, &results[2], &results[3]);
	return method_result_numbers(call, results, 4);
}

const struct method_row methods_proportion[] = {
	{"wilson", method_wilson},
	{"clopper_pearson", method_clopper_pearson},
	{"clopper_pearson_lower_one_sided", method_clopper_pearson_lower},
	{"jeffreys", method_jeffreys},
	{"mover_wilson_fpc", method_mover_wilson},
	{"mover_clopper_pearson_fpc", method_mover_clopper_pearson},
	{"stratified_mean_se", method_stratified_mean},
	{"stratified_mean_se_korn_graubard", method_korn_graubard},
	{"poisson_hajek_domain_and_ht_total", method_poisson},
	{NULL, NULL},
};
