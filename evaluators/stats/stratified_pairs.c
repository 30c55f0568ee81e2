#include "evaluators/stats/paired.h"
#include "evaluators/stats/special.h"
#include "evaluators/stats/stratified.h"
#include "evaluators/stats/sum.h"

#include <math.h>

bool stats_pair_strata_valid(const struct stats_pair_stratum *strata, size_t count)
{
	bool any = false;

	for (size_t h = 0; h < count; h++) {
		const struct stats_pair_stratum *stratum = &strata[h];
		if (stratum->sampled > stratum->population || stratum->llm_only > stratum->sampled ||
		    stratum->legacy_only > stratum->sampled - stratum->llm_only ||
		    stratum->both > stratum->sampled - stratum->llm_only - stratum->legacy_only) {
			return false;
		}
		any = any || stratum->population > 0;
	}
	return any;
}

static double total_population(const struct stats_pair_stratum *strata, size_t count)
{
	double total = 0;

	for (size_t h = 0; h < count; h++) {
		total += (double)strata[h].population;
	}
	return total;
}

static double stratum_difference(const struct stats_pair_stratum *stratum)
{
	return ((double)stratum->llm_only - (double)stratum->legacy_only) / (double)stratum->sampled;
}

static struct stats_interval stratum_interval(const struct stats_pair_stratum *stratum, double z)
{
	double unsampled = 1 - (double)stratum->sampled / (double)stratum->population;
	double difference = stratum_difference(stratum);

	if (stratum->sampled == stratum->population) {
		return (struct stats_interval){difference, difference};
	}
	return stats_tango((double)stratum->llm_only / unsampled, (double)stratum->legacy_only / unsampled,
			   (double)stratum->sampled / unsampled, z);
}

struct stats_estimate stats_mover_tango(const struct stats_pair_stratum *strata, size_t count, double confidence)
{
	double total = total_population(strata, count);
	double z = stats_normal_two_sided(confidence);
	struct stats_sum value = {0};
	struct stats_sum below = {0};
	struct stats_sum above = {0};
	double unlabelled = 0;

	for (size_t h = 0; h < count; h++) {
		double weight = (double)strata[h].population / total;
		if (strata[h].structural_zero || strata[h].population == 0) {
			continue;
		}
		if (strata[h].sampled == 0) {
			unlabelled += weight;
			continue;
		}
		double difference = stratum_difference(&strata[h]);
		struct stats_interval interval = stratum_interval(&strata[h], z);
		double down = weight * (difference - interval.low);
		double up = weight * (interval.high - difference);
		stats_sum_add(&value, weight * difference);
		stats_sum_add(&below, down * down);
		stats_sum_add(&above, up * up);
	}
	stats_sum_add(&below, unlabelled * unlabelled);
	stats_sum_add(&above, unlabelled * unlabelled);
	double estimate = stats_sum_value(value);
	return (struct stats_estimate){
		.value = estimate,
		.interval = {fmax(-1, estimate - sqrt(stats_sum_value(below))),
			     fmin(1, estimate + sqrt(stats_sum_value(above)))},
		.unlabelled = unlabelled,
	};
}

/* One of the three means: per stratum, the sum of the values, and the sum of their squares. */
struct moments {
	struct stats_sum mean;
	struct stats_sum variance;
};

static void add_stratum(struct moments *moments, const struct stats_pair_stratum *stratum, double weight, double sum,
			double squares)
{
	double n = (double)stratum->sampled;
	double mean = sum / n;

	stats_sum_add(&moments->mean, weight * mean);
	if (stratum->sampled < stratum->population) {
		double sample_variance = (squares - n * mean * mean) / (n - 1);
		stats_sum_add(&moments->variance,
			      weight * weight * (1 - n / (double)stratum->population) * sample_variance / n);
	}
}

bool stats_paired_means(const struct stats_pair_stratum *strata, size_t count, struct stats_paired_means *ret_means)
{
	double total = total_population(strata, count);
	struct moments llm = {0};
	struct moments legacy = {0};
	struct moments difference = {0};

	for (size_t h = 0; h < count; h++) {
		const struct stats_pair_stratum *stratum = &strata[h];
		double weight = (double)stratum->population / total;
		double right_llm = (double)(stratum->both + stratum->llm_only);
		double right_legacy = (double)(stratum->both + stratum->legacy_only);
		if (stratum->population == 0) {
			continue;
		}
		if (stratum->sampled == 0 || (stratum->sampled == 1 && stratum->population > 1)) {
			return false;
		}
		add_stratum(&llm, stratum, weight, right_llm, right_llm);
		add_stratum(&legacy, stratum, weight, right_legacy, right_legacy);
		add_stratum(&difference, stratum, weight, right_llm - right_legacy,
			    (double)(stratum->llm_only + stratum->legacy_only));
	}
	*ret_means = (struct stats_paired_means){
		.llm = stats_sum_value(llm.mean),
		.legacy = stats_sum_value(legacy.mean),
		.difference = stats_sum_value(difference.mean),
		.llm_error = sqrt(fmax(0, stats_sum_value(llm.variance))),
		.legacy_error = sqrt(fmax(0, stats_sum_value(legacy.variance))),
		.difference_error = sqrt(fmax(0, stats_sum_value(difference.variance))),
	};
	return true;
}
