/* Distribution functions against closed forms and 40-digit values (mpmath). */
#include "evaluators/stats/special.h"
#include "tests/evaluators/suites.h"

#include <math.h>

static void assert_relative(double got, double want, double tolerance)
{
	ck_assert_msg(fabs(got - want) <= tolerance * fabs(want), "got %.17g, want %.17g", got, want);
}

/* I_x(a,1) = x^a, I_x(1,b) = 1-(1-x)^b, I_x(2,3) = 6x^2-8x^3+3x^4, I_x(1/2,1/2) = 2/pi asin sqrt x. */
START_TEST(beta_closed_forms)
{
	static const double xs[] = {1e-12, 1e-3, .1, .3, .5, .7, .9, .999};

	for (size_t i = 0; i < sizeof(xs) / sizeof(xs[0]); i++) {
		double x = xs[i];
		for (double parameter = 0.5; parameter < 5000; parameter *= 3) {
			assert_relative(stats_beta(parameter, 1, x), pow(x, parameter), 1e-11);
			assert_relative(stats_beta(1, parameter, x), -expm1(parameter * log1p(-x)), 1e-11);
		}
		assert_relative(stats_beta(2, 3, x), x * x * (6 - 8 * x + 3 * x * x), 1e-13);
		assert_relative(stats_beta(.5, .5, x), asin(sqrt(x)) / asin(1), 1e-12);
	}
}
END_TEST

START_TEST(beta_inverse_returns)
{
	static const double parameters[] = {.5, 1, 2.5, 30, 1000, 1e6};
	static const double ps[] = {1e-10, .001, .025, .5, .9, .975, .999999};
	enum { COUNT = sizeof(parameters) / sizeof(parameters[0]) };

	for (int i = 0; i < COUNT * COUNT; i++) {
		double a = parameters[i / COUNT];
		double b = parameters[i % COUNT];
		for (size_t k = 0; k < sizeof(ps) / sizeof(ps[0]); k++) {
			double x = stats_beta_inverse(a, b, ps[k]);
			ck_assert(x >= 0 && x <= 1);
			/* Where x is within rounding of 1 its last bit decides much of p. */
			if (x < 0.999) {
				assert_relative(stats_beta(a, b, x), ps[k], 1e-9);
			}
		}
	}
	ck_assert_double_eq(stats_beta_inverse(2, 3, 0), 0);
	ck_assert_double_eq(stats_beta_inverse(2, 3, 1), 1);
}
END_TEST

START_TEST(quantiles)
{
	assert_relative(stats_normal_quantile(.975), 1.9599639845400543, 1e-15);
	assert_relative(stats_normal_quantile(1e-300), -37.0470962993612, 1e-13);
	assert_relative(stats_normal_quantile(.42), -0.20189347914185088, 1e-14);
	ck_assert_double_eq(stats_normal_quantile(.5), 0);
	assert_relative(stats_normal_two_sided(.95), 1.9599639845400543, 1e-14);
	/* t with 1 and 2 degrees of freedom: tan(pi(p-1/2)) and (2p-1) sqrt(2/(4p(1-p))). */
	for (double p = .05; p < .99; p += .13) {
		assert_relative(stats_t_quantile(p, 1), tan(acos(-1) * (p - .5)), 1e-11);
		assert_relative(stats_t_quantile(p, 2), (2 * p - 1) * sqrt(2 / (4 * p * (1 - p))), 1e-11);
	}
	/* Many degrees of freedom: the normal quantile; far tails of one degree: Cauchy's 1/(pi p). */
	assert_relative(stats_t_quantile(1e-300, 1e10), -37.0470962993612 * (1 + 1373.487 / 4e10), 1e-9);
	assert_relative(stats_t_quantile(1e-12, 1), -1e12 / acos(-1), 1e-11);
	ck_assert_double_eq(stats_t_quantile(.5, 3), 0);
	/* Chi-square with 2 degrees of freedom is exponential, with 1 a squared normal. */
	for (double x = .01; x < 300; x *= 3) {
		assert_relative(stats_chi_square_survival(x, 2), exp(-x / 2), 1e-12);
		assert_relative(stats_chi_square_survival(x, 1), 2 * stats_normal_survival(sqrt(x)), 1e-11);
	}
	assert_relative(stats_chi_square_quantile(.95, 9), 16.918977604620448, 1e-12); /* printed tables: 16.919 */
	/* The 5 % point of Kolmogorov's distribution, and both forms at their seam. */
	ck_assert_double_eq_tol(stats_kolmogorov_survival(1.358), .05, 1e-4);
	ck_assert_double_eq_tol(stats_kolmogorov_survival(1.18), stats_kolmogorov_survival(1.1799999999), 1e-9);
}
END_TEST

START_TEST(binomial)
{
	/* Bin(10, 1/2): 1, 11, 56, 176 of 1024. */
	static const double cumulated[] = {1, 11, 56, 176, 386, 638, 848, 968, 1013, 1023, 1024};

	for (uint64_t k = 0; k <= 10; k++) {
		assert_relative(stats_binomial_cdf(k, 10, .5), cumulated[k] / 1024, 1e-13);
	}
	assert_relative(exp(stats_binomial_log_density(3, 10, .5)), 120.0 / 1024, 1e-14);
	ck_assert_uint_eq(stats_binomial_quantile(.5, 10, .5), 5);
	ck_assert_uint_eq(stats_binomial_quantile(11.0 / 1024, 10, .5), 1);
	ck_assert_uint_eq(stats_binomial_quantile(0, 10, .5), 0);
	ck_assert_uint_eq(stats_binomial_quantile(1, 10, 1), 10);
}
END_TEST

START_TEST(outside_the_domain)
{
	double nothing = nan("");

	ck_assert(isnan(stats_beta(0, 1, .5)) && isnan(stats_beta(1, -1, .5)) && isnan(stats_beta(1, 1, 1.5)));
	ck_assert(isnan(stats_beta(nothing, 1, .5)) && isnan(stats_beta(1, HUGE_VAL, .5)));
	ck_assert(isnan(stats_beta_inverse(1, 1, -.1)) && isnan(stats_beta_inverse(1, 1, nothing)));
	ck_assert(isnan(stats_normal_quantile(2)) && isnan(stats_t_quantile(.5, 0)));
	ck_assert(isnan(stats_chi_square_survival(-1, 2)) && isnan(stats_chi_square_survival(1, nothing)));
	ck_assert(isnan(stats_kolmogorov_survival(nothing)));
}
END_TEST

Suite *stats_special_suite(void)
{
	Suite *suite = suite_create("stats special functions");
	TCase *tcase = tcase_create("special");

	tcase_add_test(tcase, beta_closed_forms);
	tcase_add_test(tcase, beta_inverse_returns);
	tcase_add_test(tcase, quantiles);
	tcase_add_test(tcase, binomial);
	tcase_add_test(tcase, outside_the_domain);
	suite_add_tcase(suite, tcase);
	return suite;
}
