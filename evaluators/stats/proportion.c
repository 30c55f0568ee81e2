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

struct stats_interval stats_newcombe_difference(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2, double confidence)
{
	if (!in_domain(x1, n1, confidence) || !in_domain(x2, n2, confidence) || n1 == 0 || n2 == 0) {
		return UNDEFINED;
	}
	struct stats_interval first = stats_wilson(x1, n1, confidence);
	struct stats_interval second = stats_wilson(x2, n2, confidence);
	double p1 = (double)x1 / (double)n1;
	double p2 = (double)x2 / (double)n2;
	double difference = p1 - p2;

	return (struct stats_interval){
		fmax(-1, difference - hypot(p1 - first.low, second.high - p2)),
		fmin(1, difference + hypot(first.high - p1, p2 - second.low)),
	};
}

static double twice_smaller_tail(uint64_t x, uint64_t n, double p)
{
	double below = stats_binomial_cdf(x, n, p);
	double above = x > 0 ? 1 - stats_binomial_cdf(x - 1, n, p) : 1;
	return fmin(1, 2 * fmin(below, above));
}

struct stats_two_shares stats_two_shares(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2)
{
	double n = (double)n1 + (double)n2;
	double x = (double)x1 + (double)x2;
	double pooled = x / n;

	if (x1 > n1 || x2 > n2 || n1 == 0 || n2 == 0) {
		return (struct stats_two_shares){(double)NAN, (double)NAN};
	}
	if (x <= 0 || x >= n) {
		return (struct stats_two_shares){0, 1};
	}
	double smaller = fmin((double)n1, (double)n2);
	double z = ((double)x1 / (double)n1 - (double)x2 / (double)n2) /
		   sqrt(pooled * (1 - pooled) * (1 / (double)n1 + 1 / (double)n2));
	if (smaller * fmin(pooled, 1 - pooled) >= 5) {
		return (struct stats_two_shares){z, fmin(1, 2 * stats_normal_survival(fabs(z)))};
	}
	bool few = pooled <= 0.5;
	uint64_t rare1 = few ? x1 : n1 - x1;
	uint64_t rare2 = few ? x2 : n2 - x2;
	return (struct stats_two_shares){z, twice_smaller_tail(rare1, rare1 + rare2, (double)n1 / n)};
}
