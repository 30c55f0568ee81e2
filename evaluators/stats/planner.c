#include "evaluators/stats/planner.h"

#include "evaluators/stats/sum.h"

#include <math.h>
#include <stdbool.h>

enum { BISECTIONS = 200 };

double stats_planning_deviation(uint64_t x, uint64_t n)
{
	double p = ((double)x + 1) / ((double)n + 2);

	return sqrt(p * (1 - p));
}

static double pull(const struct stats_plan_stratum *stratum)
{
	return stratum->weight * stratum->deviation / sqrt(stratum->cost);
}

void stats_neyman_shares(const struct stats_plan_stratum *strata, size_t count, double labels, double *shares)
{
	struct stats_sum total = {0};

	for (size_t h = 0; h < count; h++) {
		stats_sum_add(&total, pull(&strata[h]));
	}
	for (size_t h = 0; h < count; h++) {
		double all = stats_sum_value(total);
		shares[h] = all > 0 ? labels * pull(&strata[h]) / all : 0;
	}
}

static uint64_t floor_of(const struct stats_plan_stratum *stratum)
{
	return stratum->least < stratum->population ? stratum->least : stratum->population;
}

/* The real-valued allocation for a Lagrange factor: between floor and cap. Increasing in the factor. */
static double clipped(const struct stats_plan_stratum *stratum, double factor)
{
	return fmin((double)stratum->population, fmax((double)floor_of(stratum), factor * pull(stratum)));
}

static double clipped_total(const struct stats_plan_stratum *strata, size_t count, double factor)
{
	struct stats_sum total = {0};

	for (size_t h = 0; h < count; h++) {
		stats_sum_add(&total, clipped(&strata[h], factor));
	}
	return stats_sum_value(total);
}

static double find_factor(const struct stats_plan_stratum *strata, size_t count, double labels)
{
	double low = 0;
	double high = 1;

	for (int step = 0; step < BISECTIONS && clipped_total(strata, count, high) < labels; step++) {
		high *= 2;
	}
	for (int step = 0; step < BISECTIONS; step++) {
		double middle = low + (high - low) / 2;
		if (clipped_total(strata, count, middle) < labels) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return high;
}

/* Gives one more label to the stratum whose real share is furthest above what it has. */
static bool give_one(const struct stats_plan_stratum *strata, size_t count, double factor, uint64_t *allocation)
{
	size_t best = count;
	double most = 0;

	for (size_t h = 0; h < count; h++) {
		double missing = clipped(&strata[h], factor) - (double)allocation[h];
		if (allocation[h] < strata[h].population && (best == count || missing > most)) {
			best = h;
			most = missing;
		}
	}
	if (best == count) {
		return false;
	}
	allocation[best]++;
	return true;
}

void stats_neyman_allocate(const struct stats_plan_stratum *strata, size_t count, uint64_t labels, uint64_t *allocation)
{
	double factor = find_factor(strata, count, (double)labels);
	uint64_t given = 0;

	for (size_t h = 0; h < count; h++) {
		/* A hair above, so that a share whole up to rounding does not lose one. */
		double share = clipped(&strata[h], factor);
		allocation[h] = (uint64_t)floor(share + 1e-9 * fmax(1, share));
		given += allocation[h];
	}
	/* What is left is less than one label per stratum, but for strata without any pull. */
	for (size_t left = 0; given < labels && left < count && give_one(strata, count, factor, allocation); left++) {
		given++;
	}
	for (size_t h = 0; h < count && given < labels; h++) {
		uint64_t room = strata[h].population - allocation[h];
		uint64_t more = room < labels - given ? room : labels - given;
		allocation[h] += more;
		given += more;
	}
}

double stats_labels_for_half_width(const struct stats_plan_stratum *strata, size_t count, double half_width, double z)
{
	struct stats_sum linear = {0};
	struct stats_sum square = {0};
	double population = 0;

	for (size_t h = 0; h < count; h++) {
		stats_sum_add(&linear, strata[h].weight * strata[h].deviation);
		stats_sum_add(&square, strata[h].weight * strata[h].deviation * strata[h].deviation);
		population += (double)strata[h].population;
	}
	double target = half_width * half_width / (z * z);
	double correction = population > 0 ? stats_sum_value(square) / population : 0;
	return stats_sum_value(linear) * stats_sum_value(linear) / (target + correction);
}

static double rate_of(const struct stats_plan_stratum *stratum, double factor, double least_rate)
{
	return fmin(1, fmax(least_rate, factor * stratum->deviation / sqrt(stratum->cost)));
}

static double expected_labels(const struct stats_plan_stratum *strata, size_t count, double factor, double least_rate)
{
	struct stats_sum total = {0};

	for (size_t h = 0; h < count; h++) {
		stats_sum_add(&total, (double)strata[h].population * rate_of(&strata[h], factor, least_rate));
	}
	return stats_sum_value(total);
}

void stats_poisson_rates(const struct stats_plan_stratum *strata, size_t count, double budget, double least_rate,
			 double *rates)
{
	double low = 0;
	double high = 1;

	for (int step = 0; step < BISECTIONS && expected_labels(strata, count, high, least_rate) < budget; step++) {
		high *= 2;
	}
	for (int step = 0; step < BISECTIONS; step++) {
		double middle = low + (high - low) / 2;
		if (expected_labels(strata, count, middle, least_rate) <= budget) {
			low = middle;
		} else {
			high = middle;
		}
	}
	for (size_t h = 0; h < count; h++) {
		rates[h] = rate_of(&strata[h], low, least_rate);
	}
}
