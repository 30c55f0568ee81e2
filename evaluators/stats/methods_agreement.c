#include "evaluators/stats/agreement.h"
#include "evaluators/stats/method_call.h"
#include "harness/base/text.h"

static const double VALUE_MAX = 1e100;
static const double BOOTSTRAP_WORK_MAX = 2e8;
static const double EM_WORK_MAX = 5e8;

/* A label: a number, or true/false as 1/0. Null is a missing label. */
static bool read_label(const struct json_node *item, double *ret_label)
{
	if (json_is_boolean(item)) {
		*ret_label = json_is(item, JSON_TRUE) ? 1 : 0;
		return true;
	}
	return json_is(item, JSON_NUMBER) && text_to_double(json_text(item), ret_label) && *ret_label >= -VALUE_MAX &&
	       *ret_label <= VALUE_MAX;
}

static size_t count_labels(const struct json_node *units)
{
	size_t labels = 0;

	for (const struct json_node *unit = json_first(units); unit != NULL; unit = json_next(units, unit)) {
		labels += json_count(unit);
	}
	return labels;
}

/* {units: [[label or null, ...], ...]} */
static bool read_ratings(struct method_call *call, struct stats_ratings *ret_ratings)
{
	const struct json_node *units = NULL;
	size_t used = 0;
	size_t unit_count = 0;

	if (!method_array(call, call->input, "units", 1, &units)) {
		return false;
	}
	double *values = method_allocate(call, count_labels(units), sizeof(*values));
	size_t *starts = method_allocate(call, json_count(units) + 1, sizeof(*starts));
	if (values == NULL || starts == NULL) {
		return false;
	}
	for (const struct json_node *unit = json_first(units); unit != NULL; unit = json_next(units, unit)) {
		if (!json_is(unit, JSON_ARRAY)) {
			return method_fail(call, "\"units\" must be an array of arrays of labels");
		}
		for (const struct json_node *item = json_first(unit); item != NULL; item = json_next(unit, item)) {
			if (json_is(item, JSON_NULL)) {
				continue;
			}
			if (!read_label(item, &values[used++])) {
				return method_fail(call, "\"units\" must hold numbers, booleans or null");
			}
		}
		starts[++unit_count] = used;
	}
	return stats_ratings_from_values(call->arena, unit_count, starts, values, ret_ratings, &call->error);
}

static bool read_metric(struct method_call *call, enum stats_metric *ret_metric)
{
	static const struct {
		const char *name;
		enum stats_metric metric;
	} metrics[] = {
		{"nominal", STATS_METRIC_NOMINAL},
		{"ordinal", STATS_METRIC_ORDINAL},
		{"interval", STATS_METRIC_INTERVAL},
	};
	const struct json_node *metric = json_get_text(call->input, "metric");

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		if (json_is(metric, JSON_STRING) && span_is(json_text(metric), metrics[i].name)) {
			*ret_metric = metrics[i].metric;
			return true;
		}
	}
	return method_fail(call, "\"metric\" must be \"nominal\", \"ordinal\" or \"interval\"");
}

/* {units, metric} -> alpha or null */
static bool method_krippendorff(struct method_call *call)
{
	struct stats_ratings ratings;
	enum stats_metric metric = STATS_METRIC_NOMINAL;
	struct stats_optional alpha;

	return read_ratings(call, &ratings) && read_metric(call, &metric) &&
	       stats_krippendorff(call->arena, &ratings, metric, &alpha, &call->error) &&
	       method_result_optional(call, alpha);
}

/* {units, metric, seed, B, conf} -> [low or null, high or null, defined replicates] */
static bool method_krippendorff_bootstrap(struct method_call *call)
{
	struct stats_ratings ratings;
	enum stats_metric metric = STATS_METRIC_NOMINAL;
	uint64_t seed = 0;
	uint64_t replicates = 0;
	double confidence = 0;
	struct stats_bootstrap bootstrap;

	if (!read_ratings(call, &ratings) || !read_metric(call, &metric) || !method_seed(call, &seed) ||
	    !method_count(call, call->input, "B", 1e6, &replicates) ||
	    !method_share(call, call->input, "conf", &confidence)) {
		return false;
	}
	double labels = (double)(ratings.units + ratings.starts[ratings.units] + ratings.category_count);
	if ((double)replicates * labels > BOOTSTRAP_WORK_MAX) {
		return method_fail(call, "\"B\" times the number of labels must be at most %g", BOOTSTRAP_WORK_MAX);
	}
	if (!stats_krippendorff_bootstrap(call->arena, &ratings, metric, seed, replicates, confidence, &bootstrap,
					  &call->error)) {
		return false;
	}
	bool defined = bootstrap.defined > 0;
	json_build_array(call->reply, "result");
	method_build_optional(call->reply, NULL, (struct stats_optional){defined, bootstrap.interval.low});
	method_build_optional(call->reply, NULL, (struct stats_optional){defined, bootstrap.interval.high});
	json_build_integer(call->reply, NULL, (int64_t)bootstrap.defined);
	json_build_end(call->reply);
	return true;
}

/* {units} -> share of equal pairs or null */
static bool method_percent_agreement(struct method_call *call)
{
	struct stats_ratings ratings;
	struct stats_optional share;

	return read_ratings(call, &ratings) && stats_percent_agreement(call->arena, &ratings, &share, &call->error) &&
	       method_result_optional(call, share);
}

/* {units, categories: [...]} -> AC1 or null */
static bool method_gwet(struct method_call *call)
{
	struct stats_ratings ratings;
	struct method_numbers categories;
	struct stats_optional ac1;

	if (!read_ratings(call, &ratings) ||
	    !method_numbers(call, call->input, "categories", -VALUE_MAX, VALUE_MAX, &categories)) {
		return false;
	}
	for (size_t c = 0; c < ratings.category_count; c++) {
		size_t position = 0;
		while (position < categories.count &&
		       method_compare_doubles(&categories.values[position], &ratings.categories[c]) != 0) {
			position++;
		}
		if (position == categories.count) {
			return method_fail(call, "\"categories\" must hold every label of \"units\"");
		}
	}
	return stats_gwet_ac1(call->arena, &ratings, categories.count, &ac1, &call->error) &&
	       method_result_optional(call, ac1);
}

/* {table: [[raters per category], ...]} -> kappa or null */
static bool method_fleiss(struct method_call *call)
{
	struct method_counts table;
	size_t rows = 0;
	size_t columns = 0;

	return method_table(call, "table", &table, &rows, &columns) &&
	       method_result_optional(call, stats_fleiss_kappa(table.values, rows, columns));
}

static bool read_square(struct method_call *call, struct method_counts *table, size_t *ret_categories)
{
	size_t columns = 0;

	if (!method_table(call, "table", table, ret_categories, &columns)) {
		return false;
	}
	if (columns != *ret_categories || columns > 1000) {
		return method_fail(call, "\"table\" must have as many rows as columns, at most 1000");
	}
	return true;
}

/* {table} -> {kappa, se, se0}, or {kappa: null, po} where chance agreement is complete */
static bool method_cohen(struct method_call *call)
{
	struct method_counts table;
	size_t categories = 0;

	if (!read_square(call, &table, &categories)) {
		return false;
	}
	struct stats_kappa kappa = stats_cohen_kappa(table.values, categories);
	json_build_object(call->reply, "result");
	method_build_optional(call->reply, "kappa", kappa.kappa);
	if (kappa.kappa.defined) {
		json_build_exact(call->reply, "se", kappa.error);
		json_build_exact(call->reply, "se0", kappa.null_error);
	} else {
		json_build_exact(call->reply, "po", kappa.observed);
	}
	json_build_end(call->reply);
	return true;
}

/* {table, weights: "linear" or "quadratic"} -> kappa or null */
static bool method_cohen_weighted(struct method_call *call)
{
	struct method_counts table;
	size_t categories = 0;
	struct span weights = json_text(json_get_text(call->input, "weights"));
	bool linear = span_is(weights, "linear");

	if (!read_square(call, &table, &categories)) {
		return false;
	}
	if (!linear && !span_is(weights, "quadratic")) {
		return method_fail(call, "\"weights\" must be \"linear\" or \"quadratic\"");
	}
	return method_result_optional(call,
				      stats_cohen_kappa_weighted(table.values, categories,
								 linear ? STATS_KAPPA_LINEAR : STATS_KAPPA_QUADRATIC));
}

/* One [rater, label] of a unit. */
static bool read_vote(struct method_call *call, const struct json_node *item, struct stats_votes *votes,
		      struct stats_vote *vote)
{
	double rater = 0;
	double label = 0;

	if (json_count(item) != 2 || !json_is(item, JSON_ARRAY) || !read_label(json_at(item, 0), &rater) ||
	    !read_label(json_at(item, 1), &label) || !(rater >= 0 && rater < 100000) ||
	    !(label >= 0 && label < (double)votes->classes)) {
		return method_fail(call, "\"labels\" must hold pairs [rater from 0, label below \"classes\"]");
	}
	vote->unit = (uint32_t)votes->units;
	vote->rater = (uint32_t)rater;
	vote->label = (uint32_t)label;
	votes->raters = vote->rater >= votes->raters ? vote->rater + 1 : votes->raters;
	return true;
}

static bool read_votes(struct method_call *call, struct stats_votes *ret_votes)
{
	const struct json_node *units = NULL;
	struct stats_votes votes = {.raters = 1};
	uint64_t classes = 0;

	if (!method_array(call, call->input, "labels", 1, &units) ||
	    !method_count(call, call->input, "classes", 1000, &classes)) {
		return false;
	}
	votes.classes = (size_t)classes;
	struct stats_vote *list = method_allocate(call, count_labels(units), sizeof(*list));
	if (list == NULL) {
		return false;
	}
	for (const struct json_node *unit = json_first(units); unit != NULL; unit = json_next(units, unit)) {
		if (!json_is(unit, JSON_ARRAY)) {
			return method_fail(call, "\"labels\" must be an array of arrays of pairs");
		}
		for (const struct json_node *item = json_first(unit); item != NULL; item = json_next(unit, item)) {
			if (!read_vote(call, item, &votes, &list[votes.count++])) {
				return false;
			}
		}
		votes.units++;
	}
	votes.votes = list;
	*ret_votes = votes;
	return true;
}

static void build_dawid_skene(struct method_call *call, const struct stats_votes *votes, const double *prior,
			      const double *posterior)
{
	json_build_object(call->reply, "result");
	json_build_array(call->reply, "prior");
	for (size_t k = 0; k < votes->classes; k++) {
		json_build_exact(call->reply, NULL, prior[k]);
	}
	json_build_end(call->reply);
	json_build_array(call->reply, "posterior_class1");
	for (size_t unit = 0; unit < votes->units; unit++) {
		json_build_exact(call->reply, NULL, posterior[unit * votes->classes + 1]);
	}
	json_build_end(call->reply);
	json_build_end(call->reply);
}

/* {labels: [[[rater, label], ...], ...], classes, iterations, smoothing} -> {prior, posterior_class1} */
static bool method_dawid_skene(struct method_call *call)
{
	struct stats_votes votes;
	uint64_t iterations = 0;
	double smoothing = 0;

	if (!read_votes(call, &votes) || !method_count(call, call->input, "iterations", 100000, &iterations) ||
	    !method_positive(call, call->input, "smoothing", 1e6, &smoothing)) {
		return false;
	}
	if (votes.classes < 2) {
		return method_fail(call, "\"classes\" must be at least 2");
	}
	double cells = (double)(votes.count + votes.units) * (double)votes.classes +
		       (double)votes.raters * (double)(votes.classes * votes.classes);
	if (cells * (double)iterations > EM_WORK_MAX) {
		return method_fail(call, "\"iterations\" times the size of \"labels\" is too large");
	}
	double *prior = method_allocate(call, votes.classes, sizeof(*prior));
	double *posterior = method_allocate(call, votes.units * votes.classes, sizeof(*posterior));
	if (prior == NULL || posterior == NULL ||
	    !stats_dawid_skene(call->arena, &votes, (size_t)iterations, smoothing, prior, posterior, &call->error)) {
		return false;
	}
	build_dawid_skene(call, &votes, prior, posterior);
	return true;
}

const struct method_row methods_agreement[] = {
	{"krippendorff_alpha", method_krippendorff},
	{"krippendorff_alpha_bootstrap_ci", method_krippendorff_bootstrap},
	{"percent_agreement", method_percent_agreement},
	{"gwet_ac1", method_gwet},
	{"fleiss_kappa", method_fleiss},
	{"cohen_kappa", method_cohen},
	{"cohen_kappa_weighted", method_cohen_weighted},
	{"dawid_skene_optional", method_dawid_skene},
	{NULL, NULL},
};
