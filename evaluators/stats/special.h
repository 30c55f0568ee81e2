/* Layer 1. Distribution functions and quantiles that every interval needs. Pure functions; no GSL (its licence would
 * bind the program's). Arguments outside the stated domain give NaN, never a crash; nothing else gives NaN.
 *
 * Accuracy against 40-digit values: incomplete beta 1e-11 relative for parameters .5 .. 1e6, its inverse 1e-10, normal
 * quantile 1e-15. Time grows with the square root of the larger parameter (1e6: a few thousand steps). */
#ifndef UNDERSTUDY_EVALUATORS_STATS_SPECIAL_H
#define UNDERSTUDY_EVALUATORS_STATS_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>

/* I_x(a,b), the regularised incomplete beta function; a, b > 0, x in [0,1].
 * Continued fraction DLMF 8.17.22 by Lentz's method as modified by Thompson and Barnett (1986), with the prefactor in
 * Loader's saddle-point form, so that no large logarithms cancel. */
double stats_beta(double a, double b, double x);
/* The x with I_x(a,b) = p; p in [0,1]. Newton steps on log x inside a shrinking bracket. */
double stats_beta_inverse(double a, double b, double p);

/* log of the binomial density C(n,x) p^x (1-p)^(n-x) for real 0 <= x <= n, n > 0, p in (0,1): Loader (2000), "Fast and
 * accurate computation of binomial probabilities". */
double stats_binomial_log_density(double x, double n, double p);
/* P(X <= k) for X ~ Bin(n, p). */
double stats_binomial_cdf(uint64_t k, uint64_t n, double p);
/* The smallest k with P(X <= k) >= q; q and p in [0,1]. */
uint64_t stats_binomial_quantile(double q, uint64_t n, double p);

double stats_normal_survival(double x); /* P(X > x), without cancellation */
/* p in (0,1); Wichura (1988), Applied Statistics 37:477, algorithm AS 241 (PPND16). p = 0 or 1: -/+ infinity. */
double stats_normal_quantile(double p);
/* z with P(|Z| <= z) = confidence; confidence in (0,1). */
double stats_normal_two_sided(double confidence);

/* P(X > x), df > 0, x >= 0: upper incomplete gamma function, series below a+1 and continued fraction above (DLMF 8.11.4
 * and 8.9.2). */
double stats_chi_square_survival(double x, double df);
double stats_chi_square_quantile(double p, double df); /* p in [0,1) */
/* Student's t, p in (0,1), df > 0, through the inverse of the incomplete beta function. */
double stats_t_quantile(double p, double df);
/* P(K > x) of the Kolmogorov distribution, x >= 0; the theta-function form below 1.18 (Marsaglia, Tsang, Wang 2003). */
double stats_kolmogorov_survival(double x);

#endif
