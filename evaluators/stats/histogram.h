/* Layer 1. Latencies: an integer histogram whose buckets grow with the value (harness/base/loglinear.h), so that adding
 * needs no libm, merging is addition, and every machine gets the same answer. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_HISTOGRAM_H
#define UNDERSTUDY_EVALUATORS_STATS_HISTOGRAM_H

#include "harness/base/loglinear.h"

#include <stdbool.h>

enum {
	STATS_HISTOGRAM_BITS = LATENCY_BITS,
	STATS_HISTOGRAM_RANGE = 40, /* values below 2^40 microseconds, 12.7 days; larger ones count in the top bucket */
	STATS_HISTOGRAM_SIZE = (STATS_HISTOGRAM_RANGE - STATS_HISTOGRAM_BITS + 1) << STATS_HISTOGRAM_BITS,
};

/* Microseconds. {0} is empty. A value type: copying copies. 35 KiB. */
struct stats_histogram {
	uint64_t counts[STATS_HISTOGRAM_SIZE];
	uint64_t total;    /* all values, censored ones included */
	uint64_t censored; /* values of which only "longer than every observed one counts" is known: timeouts */
	uint64_t largest;  /* observed value, 0 if none */
	uint64_t limit;    /* the largest known lower limit of a censored value, 0 if none */
};

void stats_histogram_add(struct stats_histogram *histogram, uint64_t value, uint64_t count);
/* `count` requests were given up after `waited`; they rank above every observed value. */
void stats_histogram_add_censored(struct stats_histogram *histogram, uint64_t waited, uint64_t count);
void stats_histogram_merge(struct stats_histogram *histogram, const struct stats_histogram *other);

struct stats_quantile {
	uint64_t value;
	uint64_t bucket_highest; /* before it was cut down to the largest observed value */
	bool at_least;           /* the rank falls on a censored value: the quantile is `value` or more */
};

/* The value at 1-based rank, 1 <= rank <= total: the highest value of its bucket, at most the largest observed. False
 * for an empty histogram or a rank outside it. */
bool stats_histogram_at_rank(const struct stats_histogram *histogram, uint64_t rank,
			     struct stats_quantile *ret_quantile);
/* Nearest rank: stats_quantile_rank below. */
bool stats_histogram_quantile(const struct stats_histogram *histogram, double q, struct stats_quantile *ret_quantile);

/* max(1, ceil(q n)), at most n; a product that is a whole number up to rounding counts as whole. n >= 1, q in [0,1]. */
uint64_t stats_quantile_rank(uint64_t n, double q);

/* Order statistics interval of the q-quantile (David and Nagaraja 2003, section 7.1): 1-based ranks
 * low = qbinom((1-confidence)/2; n, q), high = qbinom(1-(1-confidence)/2; n, q) + 1. low = 0: no lower limit can be
 * given; high = n + 1: no upper limit (n is too small). */
struct stats_ranks {
	uint64_t low;
	uint64_t high;
};
struct stats_ranks stats_quantile_ranks(uint64_t n, double q, double confidence);

/* DDSketch (Masson, Rim, Lee 2019), for comparison: what a sketch of relative accuracy `alpha` in (0,1) answers for a
 * value > 0: key = ceil(log_gamma value), gamma = (1+alpha)/(1-alpha), answer 2 gamma^key/(1+gamma). */
double stats_ddsketch_value(double alpha, double value);

#endif
