#include "evaluators/stats/proportion.h"

#include "evaluators/stats/special.h"

#include <math.h>
#include <stdbool.h>

static const struct stats_interval UNDEFINED = {(double)NAN, (double)NAN};
static const struct stats_interval EVERYTHING = {0, 1};

static bool in_domain(uint64_t x, uint64_t n, double confidence)
{
	return x <= n && confidence > 0 && confidence < 1;
}

struct stats_interval stats_wilson_share(double p, double n, double z)
{
	if (!(p >= 0 && p <= 1) || !(n >= 0) || !(z >= 0)) {
		return UNDEFINED;
	}
	if (n <= 0) {
		return EVERYTHING;
	}
	double square = z * z;
	double scale = 1 + square / n;
	double centre = (p + square / (2 * n)) / scale;
	double half = z * sqrt(p * (1 - p) / n + square / (4 * n * n)) / scale;

	return (struct stats_interval){p <= 0 ? 0 : fmax(0, centre - half), p >= 1 ? 1 : fmin(1, centre + half)};
}

struct stats_interval stats_wilson(uint64_t x, uint64_t n, double confidence)
{
	if (!in_domain(x, n, confidence)) {
		return UNDEFINED;
	}
	if (n == 0) {
		return EVERYTHING;
	}
	return stats_wilson_share((double)x / (double)n, (double)n, stats_normal_two_sided(confidence));
}

struct stats_interval stats_clopper_pearson_share(double p, double n, double confidence)
{
	double tail = (1 - confidence) / 2;
	double x = n * p;
	double rest = n * (1 - p);

	if (!(p >= 0 && p <= 1) || !(n >= 0) || !(confidence > 0 && confidence < 1)) {
		return UNDEFINED;
	}
	if (n <= 0) {
		return EVERYTHING;
	}
	return (struct stats_interval){p <= 0 ? 0 : stats_beta_inverse(x, rest + 1, tail),
				       p >= 1 ? 1 : 1 - stats_beta_inverse(rest, x + 1, tail)};
}

struct stats_interval stats_clopper_pearson(uint64_t x, uint64_t n, double confidence)
{
	double tail = (1 - confidence) / 2;

	if (!in_domain(x, n, confidence)) {
		return UNDEFINED;
	}
	/* The high end as the low end of the failures: 1 - a/2 would lose digits of small tails. */
	return (struct stats_interval){
		x == 0 ? 0 : stats_beta_inverse((double)x, (double)(n - x) + 1, tail),
		x == n ? 1 : 1 - stats_beta_inverse((double)(n - x), (double)x + 1, tail),
	};
}

double stats_clopper_pearson_lower(uint64_t x, uint64_t n, double confidence)
{
	if (!in_domain(x, n, confidence)) {
		return (double)NAN;
	}
	return x == 0 ? 0 : stats_beta_inverse((double)x, (double)(n - x) + 1, 1 - confidence);
}

struct stats_interval stats_jeffreys(uint64_t x, uint64_t n, double confidence)
{
	double tail = (1 - confidence) / 2;

	if (!in_domain(x, n, confidence)) {
		return UNDEFINED;
	}
	return (struct stats_interval){
		x == 0 ? 0 : stats_beta_inverse((double)x + 0.5, (double)(n - x) + 0.5, tail),
		x == n ? 1 : 1 - stats_beta_inverse((double)(n - x) + 0.5, (double)x + 0.5, tail),
	};
}
