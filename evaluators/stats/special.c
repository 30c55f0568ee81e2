#include "evaluators/stats/special.h"

#include "evaluators/stats/special_internal.h"

#include <float.h>
#include <math.h>

static const double SQRT_HALF = 0.707106781186547524400844362105;
static const double PI = 3.141592653589793238462643383280;

enum { GAMMA_STEPS = 1000000, BISECTIONS = 300 };

double stats_normal_survival(double x)
{
	return 0.5 * erfc(x * SQRT_HALF);
}

/* Both rational functions of AS 241 have degree seven; coefficients from the constant term upwards. */
static double rational(const double above[8], const double below[8], double x)
{
	double numerator = above[7];
	double denominator = below[7];

	for (int power = 6; power >= 0; power--) {
		numerator = numerator * x + above[power];
		denominator = denominator * x + below[power];
	}
	return numerator / denominator;
}

static double normal_quantile_centre(double q)
{
	static const double above[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
					1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
					3.3430575583588128105e+4, 2.5090809287301226727e+3};
	static const double below[8] = {1.0,
					4.2313330701600911252e+1,
					6.8718700749205790830e+2,
					5.3941960214247511077e+3,
					2.1213794301586595867e+4,
					3.9307895800092710610e+4,
					2.8729085735721942674e+4,
					5.2264952788528545610e+3};

	return q * rational(above, below, 0.180625 - q * q);
}

/* r = sqrt(-log(tail)), tail in (0, .075). */
static double normal_quantile_tail(double r)
{
	static const double near_above[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
					     5.76949722146069140550e0,  3.64784832476320460504e0,
					     1.27045825245236838258e0,  2.41780725177450611770e-1,
					     2.27238449892691845833e-2, 7.74545014278341407640e-4};
	static const double near_below[8] = {1.0,
					     2.05319162663775882187e0,
					     1.67638483018380384940e0,
					     6.89767334985100004550e-1,
					     1.48103976427480074590e-1,
					     1.51986665636164571966e-2,
					     5.47593808499534494600e-4,
					     1.05075007164441684324e-9};
	static const double far_above[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
					    1.78482653991729133580e0,  2.96560571828504891230e-1,
					    2.65321895265761230930e-2, 1.24266094738807843860e-3,
					    2.71155556874348757815e-5, 2.01033439929228813265e-7};
	static const double far_below[8] = {1.0,
					    5.99832206555887937690e-1,
					    1.36929880922735805310e-1,
					    1.48753612908506148525e-2,
					    7.86869131145613259100e-4,
					    1.84631831751005468180e-5,
					    1.42151175831644588870e-7,
					    2.04426310338993978564e-15};

	return r <= 5 ? rational(near_above, near_below, r - 1.6) : rational(far_above, far_below, r - 5);
}

double stats_normal_quantile(double p)
{
	double q = p - 0.5;

	if (!(p >= 0 && p <= 1)) {
		return (double)NAN;
	}
	if (p <= 0 || p >= 1) {
		return p <= 0 ? -HUGE_VAL : HUGE_VAL;
	}
	if (fabs(q) <= 0.425) {
		return normal_quantile_centre(q);
	}
	double z = normal_quantile_tail(sqrt(-log(q < 0 ? p : 1 - p)));
	return q < 0 ? -z : z;
}

double stats_normal_two_sided(double confidence)
{
	return stats_normal_quantile(1 - (1 - confidence) / 2);
}

/* x^a e^-x / Gamma(a+1), by Loader's Poisson density. */
static double gamma_prefactor(double a, double x)
{
	return exp(-stats_stirling_error(a) - stats_deviance(a, x)) / sqrt(2 * PI * a);
}

static double gamma_lower_series(double a, double x)
{
	double term = 1;
	double sum = 1;

	for (int step = 1; step < GAMMA_STEPS && term > sum * DBL_EPSILON; step++) {
		term *= x / (a + step);
		sum += term;
	}
	return gamma_prefactor(a, x) * sum;
}

static double gamma_upper_fraction(double a, double x)
{
	double b = x + 1 - a;
	double c = 1 / DBL_MIN;
	double d = 1 / b;
	double fraction = d;

	for (int step = 1; step < GAMMA_STEPS; step++) {
		double numerator = -step * (step - a);
		b += 2;
		d = numerator * d + b;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		c = b + numerator / c;
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		fraction *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON) {
			break;
		}
	}
	return gamma_prefactor(a, x) * a * fraction;
}

double stats_chi_square_survival(double x, double df)
{
	double a = df / 2;
	double half = x / 2;

	if (!(x >= 0) || !(df > 0) || isinf(df)) {
		return (double)NAN;
	}
	if (x <= 0 || isinf(x)) {
		return x <= 0 ? 1 : 0;
	}
	return half < a + 1 ? 1 - gamma_lower_series(a, half) : gamma_upper_fraction(a, half);
}

double stats_chi_square_quantile(double p, double df)
{
	double low = 0;
	double high = df + 10;

	if (!(p >= 0 && p < 1) || !(df > 0) || isinf(df)) {
		return (double)NAN;
	}
	while (stats_chi_square_survival(high, df) > 1 - p) {
		high *= 2;
	}
	for (int step = 0; step < BISECTIONS; step++) {
		double middle = low + (high - low) / 2;
		if (stats_chi_square_survival(middle, df) > 1 - p) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

double stats_kolmogorov_survival(double x)
{
	double sum = 0;

	if (!(x >= 0)) {
		return (double)NAN;
	}
	if (x < 0.04) {
		return 1; /* the cdf is below 1e-300 */
	}
	if (x < 1.18) {
		for (int odd = 1; odd < 20; odd += 2) {
			sum += exp(-odd * odd * PI * PI / (8 * x * x));
		}
		return 1 - sqrt(2 * PI) / x * sum;
	}
	for (int k = 1; k < 20; k++) {
		double term = exp(-2.0 * k * k * x * x);
		sum += k % 2 == 1 ? term : -term;
	}
	return 2 * sum;
}
