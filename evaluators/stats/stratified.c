#include "evaluators/stats/stratified.h"

#include "evaluators/stats/proportion.h"
#include "evaluators/stats/special.h"
#include "evaluators/stats/sum.h"

#include <math.h>

bool stats_strata_valid(const struct stats_stratum *strata, size_t count)
{
	bool any = false;

	for (size_t h = 0; h < count; h++) {
		if (strata[h].successes > strata[h].sampled || strata[h].sampled > strata[h].population) {
			return false;
		}
		any = any || strata[h].population > 0;
	}
	return any;
}

static size_t drop_empty(struct stats_stratum *strata, size_t count)
{
	size_t kept = 0;

	for (size_t h = 0; h < count; h++) {
		if (strata[h].population > 0) {
			strata[kept++] = strata[h];
		}
	}
	return kept;
}

/* The nearest stratum of the same side before `h`, else behind it, else `h` itself. */
static size_t neighbour(const struct stats_stratum *strata, size_t count, size_t h)
{
	for (size_t other = h; other-- > 0;) {
		if (strata[other].side == strata[h].side) {
			return other;
		}
	}
	for (size_t other = h + 1; other < count; other++) {
		if (strata[other].side == strata[h].side) {
			return other;
		}
	}
	return h;
}

size_t stats_strata_merge(struct stats_stratum *strata, size_t count, uint64_t least)
{
	count = drop_empty(strata, count);
	for (size_t h = 0; h < count;) {
		size_t into = strata[h].sampled < least ? neighbour(strata, count, h) : h;
		if (into == h) {
			h++;
			continue;
		}
		strata[into].population += strata[h].population;
		strata[into].sampled += strata[h].sampled;
		strata[into].successes += strata[h].successes;
		strata[h].population = 0;
		count = drop_empty(strata, count);
		/* What stands at `h` now is the next one; a merge forwards is looked at again there. */
	}
	return count;
}

static double total_population(const struct stats_stratum *strata, size_t count)
{
	double total = 0;

	for (size_t h = 0; h < count; h++) {
		total += (double)strata[h].population;
	}
	return total;
}

static double stratum_share(const struct stats_stratum *stratum)
{
	return (double)stratum->successes / (double)stratum->sampled;
}

/* n_h/(1 - n_h/N_h), infinite for a census. */
static double corrected_size(const struct stats_stratum *stratum)
{
	double unsampled = (double)(stratum->population - stratum->sampled);

	return (double)stratum->sampled * (double)stratum->population / unsampled;
}

static struct stats_interval stratum_interval(const struct stats_stratum *stratum, double confidence, bool exact)
{
	double p = stratum_share(stratum);

	if (stratum->sampled == stratum->population) {
		return (struct stats_interval){p, p};
	}
	if (exact) {
		return stats_clopper_pearson_share(p, corrected_size(stratum), confidence);
	}
	return stats_wilson_share(p, corrected_size(stratum), stats_normal_two_sided(confidence));
}

static struct stats_estimate mover(const struct stats_stratum *strata, size_t count, double confidence, bool exact)
{
	double total = total_population(strata, count);
	struct stats_sum value = {0};
	struct stats_sum below = {0};
	struct stats_sum above = {0};
	double unlabelled = 0;

	for (size_t h = 0; h < count; h++) {
		double weight = (double)strata[h].population / total;
		if (strata[h].sampled == 0) {
			unlabelled += weight;
			continue;
		}
		double p = stratum_share(&strata[h]);
		struct stats_interval interval = stratum_interval(&strata[h], confidence, exact);
		double down = weight * (p - interval.low);
		double up = weight * (interval.high - p);
		stats_sum_add(&value, weight * p);
		stats_sum_add(&below, down * down);
		stats_sum_add(&above, up * up);
	}
	stats_sum_add(&value, unlabelled / 2);
	stats_sum_add(&below, unlabelled * unlabelled / 4);
	stats_sum_add(&above, unlabelled * unlabelled / 4);
	double estimate = stats_sum_value(value);
	return (struct stats_estimate){
		.value = estimate,
		.interval = {fmax(0, estimate - sqrt(stats_sum_value(below))),
			     fmin(1, estimate + sqrt(stats_sum_value(above)))},
		.unlabelled = unlabelled,
	};
}

struct stats_estimate stats_mover_wilson(const struct stats_stratum *strata, size_t count, double confidence)
{
	return mover(strata, count, confidence, false);
}

struct stats_estimate stats_mover_clopper_pearson(const struct stats_stratum *strata, size_t count, double confidence)
{
	return mover(strata, count, confidence, true);
}

/* W_h^2 (1 - n_h/N_h) s_h^2 / n_h, s_h^2 = n p(1-p)/(n-1); false where it is not defined. */
static bool stratum_variance(const struct stats_stratum *stratum, double weight, double *ret_variance)
{
	double n = (double)stratum->sampled;
	double p = stratum_share(stratum);

	if (stratum->sampled == stratum->population) {
		*ret_variance = 0;
		return true;
	}
	if (stratum->sampled < 2) {
		return false;
	}
	*ret_variance = weight * weight * (1 - n / (double)stratum->population) * p * (1 - p) / (n - 1);
	return true;
}

bool stats_stratified_mean(const struct stats_stratum *strata, size_t count, double *ret_mean, double *ret_error)
{
	double total = total_population(strata, count);
	struct stats_sum mean = {0};
	struct stats_sum variance = {0};

	for (size_t h = 0; h < count; h++) {
		double weight = (double)strata[h].population / total;
		double term = 0;
		if (strata[h].population == 0) {
			continue;
		}
		if (!stratum_variance(&strata[h], weight, &term)) {
			return false;
		}
		stats_sum_add(&mean, weight * stratum_share(&strata[h]));
		stats_sum_add(&variance, term);
	}
	*ret_mean = stats_sum_value(mean);
	*ret_error = sqrt(stats_sum_value(variance));
	return true;
}

bool stats_korn_graubard(const struct stats_stratum *strata, size_t count, double confidence,
			 struct stats_interval *ret_interval)
{
	double mean = 0;
	double error = 0;
	double n = 0;
	double used = 0;
	double tail = (1 - confidence) / 2;

	for (size_t h = 0; h < count; h++) {
		n += (double)strata[h].sampled;
		used += strata[h].population > 0 ? 1 : 0;
	}
	if (!stats_stratified_mean(strata, count, &mean, &error) || error <= 0 || n <= used) {
		return false;
	}
	double ratio = stats_t_quantile(tail, n - 1) / stats_t_quantile(tail, n - used);
	double effective = mean * (1 - mean) / (error * error) * ratio * ratio;
	*ret_interval = stats_clopper_pearson_share(mean, effective, confidence);
	return true;
}

void stats_horvitz_thompson(const struct stats_poisson_record *records, size_t count, double *ret_total,
			    double *ret_error)
{
	struct stats_sum total = {0};
	struct stats_sum variance = {0};

	for (size_t i = 0; i < count; i++) {
		double weighted = records[i].value / records[i].probability;
		stats_sum_add(&total, weighted);
		stats_sum_add(&variance, (1 - records[i].probability) * weighted * weighted);
	}
	*ret_total = stats_sum_value(total);
	*ret_error = sqrt(stats_sum_value(variance));
}

bool stats_hajek(const struct stats_poisson_record *records, size_t count, double *ret_mean, double *ret_error)
{
	struct stats_sum total = {0};
	struct stats_sum weights = {0};
	struct stats_sum variance = {0};

	for (size_t i = 0; i < count; i++) {
		if (records[i].in_domain) {
			stats_sum_add(&total, records[i].value / records[i].probability);
			stats_sum_add(&weights, 1 / records[i].probability);
		}
	}
	double size = stats_sum_value(weights);
	if (!(size > 0)) {
		return false;
	}
	double mean = stats_sum_value(total) / size;
	for (size_t i = 0; i < count; i++) {
		double distance = (records[i].value - mean) / records[i].probability;
		if (records[i].in_domain) {
			stats_sum_add(&variance, (1 - records[i].probability) * distance * distance);
		}
	}
	*ret_mean = mean;
	*ret_error = sqrt(stats_sum_value(variance)) / size;
	return true;
}
