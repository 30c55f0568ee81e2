#include "evaluators/stats/paired.h"

#include "evaluators/stats/proportion.h"
#include "evaluators/stats/special.h"

#include <math.h>

enum { BISECTIONS = 100 };

uint64_t stats_pairs_total(const struct stats_pairs *pairs)
{
	return pairs->both + pairs->llm_only + pairs->legacy_only + pairs->neither;
}

double stats_mcnemar_exact(uint64_t b, uint64_t c)
{
	uint64_t fewer = b < c ? b : c;

	if (b + c == 0) {
		return 1;
	}
	return fmin(1, 2 * stats_binomial_cdf(fewer, b + c, 0.5));
}

double stats_mcnemar_mid_p(uint64_t b, uint64_t c)
{
	uint64_t fewer = b < c ? b : c;

	if (b == c) {
		return 1;
	}
	double point = exp(stats_binomial_log_density((double)fewer, (double)(b + c), 0.5));
	return fmin(1, 2 * stats_binomial_cdf(fewer, b + c, 0.5) - point);
}

double stats_tango_score(double b, double c, double n, double difference)
{
	double above = b - c - n * difference;
	double linear = -b - c + (2 * n - b + c) * difference;
	double constant = -c * difference * (1 - difference);
	double root = sqrt(fmax(0, linear * linear - 8 * n * constant));
	/* The root that does not cancel. */
	double q = linear > 0 ? -2 * constant / (linear + root) : (root - linear) / (4 * n);
	double variance = n * (2 * q + difference * (1 - difference));

	if (variance <= 0) {
		return above > 0 ? HUGE_VAL : above < 0 ? -HUGE_VAL : 0;
	}
	return above / sqrt(variance);
}

/* The D between `inner` (|z| = 0) and `outer` where |z(D)| passes z. */
static double tango_end(double b, double c, double n, double z, double inner, double outer)
{
	for (int step = 0; step < BISECTIONS; step++) {
		double middle = inner + (outer - inner) / 2;
		if (fabs(stats_tango_score(b, c, n, middle)) <= z) {
			inner = middle;
		} else {
			outer = middle;
		}
	}
	return inner + (outer - inner) / 2;
}

struct stats_interval stats_tango(double b, double c, double n, double z)
{
	if (!(b >= 0 && c >= 0 && n >= 0 && b + c <= n * (1 + 1e-12) && z >= 0)) {
		return (struct stats_interval){(double)NAN, (double)NAN};
	}
	if (n <= 0) {
		return (struct stats_interval){-1, 1};
	}
	double estimate = (b - c) / n;
	return (struct stats_interval){
		c >= n ? -1 : tango_end(b, c, n, z, estimate, -1),
		b >= n ? 1 : tango_end(b, c, n, z, estimate, 1),
	};
}

/* Method 10's correlation: the numerator moved by n/2 towards zero where it is positive. */
static double corrected_correlation(const struct stats_pairs *pairs)
{
	double a = (double)pairs->both;
	double b = (double)pairs->llm_only;
	double c = (double)pairs->legacy_only;
	double d = (double)pairs->neither;
	double half = (a + b + c + d) / 2;
	double margins = (a + b) * (c + d) * (a + c) * (b + d);
	double determinant = a * d - b * c;

	if (margins <= 0) {
		return 0;
	}
	if (determinant > half) {
		determinant -= half;
	} else if (determinant >= 0) {
		determinant = 0;
	}
	return determinant / sqrt(margins);
}

struct stats_interval stats_newcombe10(const struct stats_pairs *pairs, double confidence)
{
	uint64_t n = stats_pairs_total(pairs);
	uint64_t llm = pairs->both + pairs->llm_only;
	uint64_t legacy = pairs->both + pairs->legacy_only;

	if (n == 0) {
		return (struct stats_interval){-1, 1};
	}
	struct stats_interval first = stats_wilson(llm, n, confidence);
	struct stats_interval second = stats_wilson(legacy, n, confidence);
	double p1 = (double)llm / (double)n;
	double p2 = (double)legacy / (double)n;
	double phi = corrected_correlation(pairs);
	double down1 = p1 - first.low;
	double up1 = first.high - p1;
	double down2 = p2 - second.low;
	double up2 = second.high - p2;

	return (struct stats_interval){
		p1 - p2 - sqrt(fmax(0, down1 * down1 - 2 * phi * down1 * up2 + up2 * up2)),
		p1 - p2 + sqrt(fmax(0, up1 * up1 - 2 * phi * up1 * down2 + down2 * down2)),
	};
}

double stats_noninferiority(const struct stats_pairs *pairs, double margin, double *ret_z)
{
	double n = (double)stats_pairs_total(pairs);

	if (!(n > 0) || !(margin > 0 && margin < 1)) {
		*ret_z = (double)NAN;
		return (double)NAN;
	}
	*ret_z = stats_tango_score((double)pairs->llm_only, (double)pairs->legacy_only, n, -margin);
	return stats_normal_survival(*ret_z);
}
