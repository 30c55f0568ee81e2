#include "evaluators/stats/histogram.h"

#include "evaluators/stats/special.h"

#include <math.h>

void stats_histogram_add(struct stats_histogram *histogram, uint64_t value, uint64_t count)
{
	size_t index = loglinear_index(STATS_HISTOGRAM_BITS, value);

	histogram->counts[index < STATS_HISTOGRAM_SIZE ? index : STATS_HISTOGRAM_SIZE - 1] += count;
	histogram->total += count;
	if (count > 0 && value > histogram->largest) {
		histogram->largest = value;
	}
}

void stats_histogram_add_censored(struct stats_histogram *histogram, uint64_t waited, uint64_t count)
{
	histogram->censored += count;
	histogram->total += count;
	if (count > 0 && waited > histogram->limit) {
		histogram->limit = waited;
	}
}

void stats_histogram_merge(struct stats_histogram *histogram, const struct stats_histogram *other)
{
	for (size_t i = 0; i < STATS_HISTOGRAM_SIZE; i++) {
		histogram->counts[i] += other->counts[i];
	}
	histogram->total += other->total;
	histogram->censored += other->censored;
	histogram->largest = histogram->largest > other->largest ? histogram->largest : other->largest;
	histogram->limit = histogram->limit > other->limit ? histogram->limit : other->limit;
}

bool stats_histogram_at_rank(const struct stats_histogram *histogram, uint64_t rank,
			     struct stats_quantile *ret_quantile)
{
	uint64_t seen = 0;

	if (rank < 1 || rank > histogram->total) {
		return false;
	}
	for (size_t i = 0; i < STATS_HISTOGRAM_SIZE; i++) {
		seen += histogram->counts[i];
		if (seen >= rank) {
			uint64_t highest = loglinear_highest(STATS_HISTOGRAM_BITS, i);
			bool is_top = i == STATS_HISTOGRAM_SIZE - 1;
			/* The top bucket is open: only the largest value bounds it. */
			uint64_t value = is_top || highest > histogram->largest ? histogram->largest : highest;
			*ret_quantile = (struct stats_quantile){.value = value, .bucket_highest = highest};
			return true;
		}
	}
	*ret_quantile = (struct stats_quantile){
		.value = histogram->limit, .bucket_highest = histogram->limit, .at_least = true};
	return true;
}

uint64_t stats_quantile_rank(uint64_t n, double q)
{
	double product = q * (double)n;
	double whole = nearbyint(product);
	double rank = fabs(product - whole) <= 1e-12 * fmax(1, product) ? whole : ceil(product);

	if (!(rank > 1)) {
		return 1;
	}
	return rank < (double)n ? (uint64_t)rank : n;
}

bool stats_histogram_quantile(const struct stats_histogram *histogram, double q, struct stats_quantile *ret_quantile)
{
	if (histogram->total == 0) {
		return false;
	}
	return stats_histogram_at_rank(histogram, stats_quantile_rank(histogram->total, q), ret_quantile);
}

struct stats_ranks stats_quantile_ranks(uint64_t n, double q, double confidence)
{
	double tail = (1 - confidence) / 2;

	return (struct stats_ranks){stats_binomial_quantile(tail, n, q), stats_binomial_quantile(1 - tail, n, q) + 1};
}

double stats_ddsketch_value(double alpha, double value)
{
	double gamma = (1 + alpha) / (1 - alpha);
	double key = ceil(log(value) / log(gamma));

	return 2 * pow(gamma, key) / (1 + gamma);
}
