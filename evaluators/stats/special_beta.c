#include "evaluators/stats/special.h"
#include "evaluators/stats/special_internal.h"

#include <float.h>
#include <math.h>

static const double LOG_SQRT_TWO_PI = 0.918938533204672741780329736406;
static const double TWO_PI = 6.283185307179586476925286766559;

enum { FRACTION_STEPS = 1000000, NEWTON_STEPS = 400 };

double stats_stirling_error(double n)
{
	double square = n * n;

	if (n < 16) {
		return lgamma(n + 1) - (n + 0.5) * log(n) + n - LOG_SQRT_TWO_PI;
	}
	/* The first eight terms of the asymptotic series: B(2k) / (2k (2k-1) n^(2k-1)). */
	return (1.0 / 12 -
		(1.0 / 360 -
		 (1.0 / 1260 -
		  (1.0 / 1680 - (1.0 / 1188 - (691.0 / 360360 - (1.0 / 156) / square) / square) / square) / square) /
			 square) /
			square) /
	       n;
}

double stats_deviance(double x, double np)
{
	if (fabs(x - np) < 0.1 * (x + np)) {
		double ratio = (x - np) / (x + np);
		double sum = (x - np) * ratio;
		double term = 2 * x * ratio;

		for (int step = 1; step < 1000; step++) {
			term *= ratio * ratio;
			double next = sum + term / (2 * step + 1);
			if (next == sum) {
				break;
			}
			sum = next;
		}
		return sum;
	}
	return x * log(x / np) + np - x;
}

/* As stats_binomial_log_density with 1-p given apart, for p close to 1. */
static double log_density(double x, double n, double p, double q)
{
	double y = n - x;

	if (x <= 0) {
		return p < 0.1 ? n * log1p(-p) : n * log(q);
	}
	if (y <= 0) {
		return q < 0.1 ? n * log1p(-q) : n * log(p);
	}
	return stats_stirling_error(n) - stats_stirling_error(x) - stats_stirling_error(y) - stats_deviance(x, n * p) -
	       stats_deviance(y, n * q) + 0.5 * log(n / (TWO_PI * x * y));
}

double stats_binomial_log_density(double x, double n, double p)
{
	if (!(n > 0 && x >= 0 && x <= n && p > 0 && p < 1)) {
		return (double)NAN;
	}
	return log_density(x, n, p, 1 - p);
}

static double away_from_zero(double value)
{
	return fabs(value) < DBL_MIN ? DBL_MIN : value;
}

/* The continued fraction itself; converges fast for x <= (a+1)/(a+b+2). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
	double fraction = d;

	for (int m = 1; m < FRACTION_STEPS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		fraction *= c * d;
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		fraction *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON) {
			break;
		}
	}
	return fraction;
}

/* log of x^a (1-x)^b / B(a,b). */
static double beta_log_prefactor(double a, double b, double x, double y)
{
	return log(a) + log(b / (a + b)) + log_density(a, a + b, x, y);
}

/* I_x(a,b) with y = 1-x given apart. */
static double beta_pair(double a, double b, double x, double y)
{
	if (x <= 0) {
		return 0;
	}
	if (y <= 0) {
		return 1;
	}
	if (x > (a + 1) / (a + b + 2)) {
		return 1 - exp(beta_log_prefactor(b, a, y, x)) * beta_fraction(b, a, y) / b;
	}
	return exp(beta_log_prefactor(a, b, x, y)) * beta_fraction(a, b, x) / a;
}

static bool is_beta_parameter(double value)
{
	return value > 0 && value <= DBL_MAX;
}

double stats_beta(double a, double b, double x)
{
	if (!is_beta_parameter(a) || !is_beta_parameter(b) || !(x >= 0 && x <= 1)) {
		return (double)NAN;
	}
	return beta_pair(a, b, x, 1 - x);
}

/* log of the x <= the mean a/(a+b) with I_x = p: log I is concave in log x and nearly linear for small x. The logarithm
 * keeps the digits of 1 - x where x is close to 1. */
static double beta_inverse_lower(double a, double b, double p)
{
	double low = -745;
	double high = 0;
	double target = log(p);
	double u = log(a / (a + b));

	for (int step = 0; step < NEWTON_STEPS; step++) {
		double x = exp(u);
		double y = -expm1(u);
		double value = beta_pair(a, b, x, y);
		double excess = log(value) - target;
		double slope = exp(beta_log_prefactor(a, b, x, y)) / (y * value);
		double next = u - excess / slope;

		if (excess > 0) {
			high = u;
		} else {
			low = u;
		}
		if (fabs(next - u) <= 4 * DBL_EPSILON * fabs(u)) {
			return next;
		}
		u = next > low && next < high ? next : 0.5 * (low + high);
	}
	return u;
}

/* x with I_x(a,b) = p and y = 1 - x, both to full precision; 0 < p < 1. `complement` is 1 - p. */
static double beta_inverse_pair(double a, double b, double p, double complement, double *ret_y)
{
	if (p <= beta_pair(a, b, a / (a + b), b / (a + b))) {
		double log_x = beta_inverse_lower(a, b, p);
		*ret_y = -expm1(log_x);
		return exp(log_x);
	}
	double log_y = beta_inverse_lower(b, a, complement);
	*ret_y = exp(log_y);
	return -expm1(log_y);
}

double stats_beta_inverse(double a, double b, double p)
{
	double y = 0;

	if (!is_beta_parameter(a) || !is_beta_parameter(b) || !(p >= 0 && p <= 1)) {
		return (double)NAN;
	}
	if (p <= 0 || p >= 1) {
		return p;
	}
	return beta_inverse_pair(a, b, p, 1 - p, &y);
}

double stats_binomial_cdf(uint64_t k, uint64_t n, double p)
{
	if (!(p >= 0 && p <= 1)) {
		return (double)NAN;
	}
	if (k >= n) {
		return 1;
	}
	/* I_{1-p}(n-k, k+1), the complement of I_p(k+1, n-k). */
	return beta_pair((double)(n - k), (double)k + 1, 1 - p, p);
}

uint64_t stats_binomial_quantile(double q, uint64_t n, double p)
{
	uint64_t low = 0;
	uint64_t high = n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		/* As R's qbinom: a hair of slack, so that a cdf equal to q up to rounding counts as reached. */
		if (stats_binomial_cdf(middle, n, p) >= q * (1 - 64 * DBL_EPSILON)) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

double stats_t_quantile(double p, double df)
{
	if (!(p > 0 && p < 1) || !is_beta_parameter(df)) {
		return (double)NAN;
	}
	/* P(|T| > t) = I_x(df/2, 1/2) with x = df/(df+t^2). */
	double tail = p < 0.5 ? p : 1 - p;
	double y = 0;
	if (tail >= 0.5) {
		return 0;
	}
	double x = beta_inverse_pair(df / 2, 0.5, 2 * tail, 1 - 2 * tail, &y);
	double t = sqrt(df) * sqrt(y / x);

	return p < 0.5 ? -t : t;
}
