#include "evaluators/stats/histogram.h"
#include "evaluators/stats/method_call.h"
#include "evaluators/stats/noise.h"

#include <stdlib.h>

enum { REPLIES_MAX = 1000 };

static const double MICROSECONDS_MAX = 0x1p53;

/* Names of the members are the quantiles themselves. */
static const struct {
	const char *name;
	double q;
} QUANTILES[] = {{"0.5", .5}, {"0.9", .9}, {"0.95", .95}, {"0.99", .99}, {"0.999", .999}};
enum { QUANTILE_COUNT = sizeof(QUANTILES) / sizeof(QUANTILES[0]) };

static bool read_bits(struct method_call *call, unsigned *ret_bits)
{
	uint64_t bits = 0;

	if (!method_count(call, call->input, "k", 16, &bits)) {
		return false;
	}
	if (bits == 0) {
		return method_fail(call, "\"k\" must be at least 1");
	}
	*ret_bits = (unsigned)bits;
	return true;
}

/* {k, values} -> [[index, lowest, highest], ...] */
static bool method_index(struct method_call *call)
{
	struct method_counts values;
	unsigned bits = 0;

	if (!read_bits(call, &bits) || !method_counts(call, call->input, "values", MICROSECONDS_MAX, &values)) {
		return false;
	}
	json_build_array(call->reply, "result");
	for (size_t i = 0; i < values.count; i++) {
		size_t index = loglinear_index(bits, values.values[i]);
		json_build_array(call->reply, NULL);
		json_build_integer(call->reply, NULL, (int64_t)index);
		json_build_integer(call->reply, NULL, (int64_t)loglinear_lowest(bits, index));
		json_build_integer(call->reply, NULL, (int64_t)loglinear_highest(bits, index));
		json_build_end(call->reply);
	}
	json_build_end(call->reply);
	return true;
}

static int by_value(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a;
	uint64_t second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

static bool read_sorted(struct method_call *call, double most, struct method_counts *ret_values)
{
	if (!method_counts(call, call->input, "values_us", most, ret_values)) {
		return false;
	}
	qsort(ret_values->values, ret_values->count, sizeof(uint64_t), by_value);
	return true;
}

/* {k: 7, values_us} -> {"0.5": {exact_nearest_rank, sketch_upper}, ... "0.999"} */
static bool method_percentiles(struct method_call *call)
{
	struct method_counts values;
	unsigned bits = 0;

	if (!read_bits(call, &bits) || !read_sorted(call, 0x1p40 - 1, &values)) {
		return false;
	}
	if (bits != STATS_HISTOGRAM_BITS) {
		return method_fail(call, "\"k\" must be %d, the histogram's", STATS_HISTOGRAM_BITS);
	}
	struct stats_histogram *histogram = method_allocate(call, 1, sizeof(*histogram));
	if (histogram == NULL) {
		return false;
	}
	for (size_t i = 0; i < values.count; i++) {
		stats_histogram_add(histogram, values.values[i], 1);
	}
	json_build_object(call->reply, "result");
	for (int i = 0; i < QUANTILE_COUNT; i++) {
		struct stats_quantile quantile = {0};
		uint64_t rank = stats_quantile_rank(values.count, QUANTILES[i].q);
		bool found = stats_histogram_quantile(histogram, QUANTILES[i].q, &quantile);
		BUG_ON(!found);
		json_build_object(call->reply, QUANTILES[i].name);
		json_build_integer(call->reply, "exact_nearest_rank", (int64_t)values.values[rank - 1]);
		json_build_integer(call->reply, "sketch_upper", (int64_t)quantile.bucket_highest);
		json_build_end(call->reply);
	}
	json_build_end(call->reply);
	return true;
}

/* {alpha, values_us} -> {"0.5", "0.9", "0.99"}; the value at rank q(n-1), as DDSketch counts */
static bool method_ddsketch(struct method_call *call)
{
	struct method_counts values;
	double alpha = 0;
	static const int shown[] = {0, 1, 3};

	if (!read_sorted(call, MICROSECONDS_MAX, &values) || !method_share(call, call->input, "alpha", &alpha)) {
		return false;
	}
	if (values.values[0] == 0 || alpha < 1e-6) {
		return method_fail(call, "\"values_us\" must be above 0, and \"alpha\" at least 1e-6");
	}
	json_build_object(call->reply, "result");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		size_t position = (size_t)(QUANTILES[shown[i]].q * (double)(values.count - 1));
		json_build_exact(call->reply, QUANTILES[shown[i]].name,
				 stats_ddsketch_value(alpha, (double)values.values[position]));
	}
	json_build_end(call->reply);
	return true;
}

/* {n, q, conf} -> [low rank, high rank] */
static bool method_ranks(struct method_call *call)
{
	uint64_t n = 0;
	double q = 0;
	double confidence = 0;

	if (!method_count(call, call->input, "n", METHOD_COUNT_MAX, &n) || !method_share(call, call->input, "q", &q) ||
	    !method_share(call, call->input, "conf", &confidence)) {
		return false;
	}
	struct stats_ranks ranks = stats_quantile_ranks(n, q, confidence);
	json_build_array(call->reply, "result");
	json_build_integer(call->reply, NULL, (int64_t)ranks.low);
	json_build_integer(call->reply, NULL, (int64_t)ranks.high);
	json_build_end(call->reply);
	return true;
}

/* Replies of one request, any JSON values: equal values get equal numbers. */
static bool number_replies(struct method_call *call, const struct json_node *request, uint32_t labels[REPLIES_MAX])
{
	size_t count = json_count(request);

	if (!json_is(request, JSON_ARRAY) || count < 2 || count > REPLIES_MAX) {
		return method_fail(call, "\"replies\" must hold 2 to %d replies for each request", REPLIES_MAX);
	}
	size_t i = 0;
	for (const struct json_node *reply = json_first(request); reply != NULL; reply = json_next(request, reply)) {
		size_t j = 0;
		for (const struct json_node *other = json_first(request); !json_equal(other, reply);
		     other = json_next(request, other)) {
			j++;
		}
		labels[i++] = (uint32_t)j;
	}
	return true;
}

/* {replies: [[reply, ...], ...], conf} -> {rate, se, lo, hi}; the ends are not clamped */
static bool method_flip_rate(struct method_call *call)
{
	const struct json_node *requests = NULL;
	double confidence = 0;
	uint32_t labels[REPLIES_MAX];
	size_t count = 0;

	if (!method_array(call, call->input, "replies", 2, &requests) ||
	    !method_share(call, call->input, "conf", &confidence)) {
		return false;
	}
	double *shares = method_allocate(call, json_count(requests), sizeof(*shares));
	if (shares == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(requests); item != NULL; item = json_next(requests, item)) {
		if (!number_replies(call, item, labels)) {
			return false;
		}
		shares[count++] = stats_flip_share(labels, json_count(item));
	}
	struct stats_mean mean = stats_mean_interval(shares, count, confidence);
	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "rate", mean.value);
	json_build_exact(call->reply, "se", mean.error);
	json_build_exact(call->reply, "lo", mean.interval.low);
	json_build_exact(call->reply, "hi", mean.interval.high);
	json_build_end(call->reply);
	return true;
}

const struct method_row methods_latency[] = {
	{"loglinear_index", method_index},         {"percentiles_nearest_rank", method_percentiles},
	{"ddsketch_alternative", method_ddsketch}, {"percentile_order_stat_ci", method_ranks},
	{"self_flip_rate", method_flip_rate},      {NULL, NULL},
};
