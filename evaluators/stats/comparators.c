#include "evaluators/stats/comparators.h"

#include "evaluators/stats/sum.h"

#include <stdbool.h>

static const double CAPITAL_SHARE = 0.5; /* of the wealth at stake at most, and of the mixture in each direction */

/* The plug-in bet of theorem 2: sqrt(2 log(1/alpha) / (s^2 t log(1+t))), s^2 from the values before the t-th. */
struct plug_in {
	double log_alpha; /* log(1/alpha) */
	double sum;
	double squares; /* prior variance included */
	double variance;
	double t; /* values seen */
};

static struct plug_in plug_in_start(double alpha)
{
	return (struct plug_in){.log_alpha = -log(alpha), .squares = 0.25, .variance = 0.25};
}

static double plug_in_bet(const struct plug_in *bets)
{
	double t = bets->t + 1;

	return sqrt(2 * bets->log_alpha / (t * log1p(t) * bets->variance));
}

static void plug_in_see(struct plug_in *bets, double x)
{
	bets->t++;
	bets->sum += x;
	double mean = (0.5 + bets->sum) / (bets->t + 1);
	bets->squares += (x - mean) * (x - mean);
	bets->variance = bets->squares / (bets->t + 1);
}

double stats_empirical_bernstein_lower(const double *x, size_t n, double alpha, double truncation)
{
	struct plug_in bets = plug_in_start(alpha);
	struct stats_sum weighted = {0};
	struct stats_sum weights = {0};
	struct stats_sum penalty = {0};

	for (size_t i = 0; i < n; i++) {
		double bet = fmin(truncation, plug_in_bet(&bets));
		double surprise = x[i] - (i > 0 ? bets.sum / bets.t : 0);
		stats_sum_add(&weighted, bet * x[i]);
		stats_sum_add(&weights, bet);
		stats_sum_add(&penalty, surprise * surprise * (-log1p(-bet) - bet));
		plug_in_see(&bets, x[i]);
	}
	if (n == 0) {
		return 0;
	}
	double margin = bets.log_alpha + stats_sum_value(penalty);
	return fmax(0, (stats_sum_value(weighted) - margin) / stats_sum_value(weights));
}

/* Whether the capital against mean m stays at or below 1/alpha after n values. */
static bool is_plausible(const double *x, const double *bets, size_t n, double m, double alpha)
{
	double up = 0;
	double down = 0;

	for (size_t i = 0; i < n; i++) {
		double bet_up = m > 0 ? fmin(bets[i], CAPITAL_SHARE / m) : bets[i];
		double bet_down = m < 1 ? fmin(bets[i], CAPITAL_SHARE / (1 - m)) : bets[i];
		up += log1p(bet_up * (x[i] - m));
		down += log1p(-bet_down * (x[i] - m));
	}
	return fmax(up, down) + log(CAPITAL_SHARE) <= -log(alpha);
}

struct stats_interval stats_hedged_capital(const double *x, size_t n, double alpha, uint64_t breaks, double *scratch)
{
	struct plug_in bets = plug_in_start(alpha / 2);
	struct stats_interval interval = {1, 0};
	double step = 1 / (double)breaks;

	for (size_t i = 0; i < n; i++) {
		scratch[i] = plug_in_bet(&bets);
		plug_in_see(&bets, x[i]);
	}
	for (uint64_t k = 0; k <= breaks; k++) {
		double m = (double)k / (double)breaks;
		if (is_plausible(x, scratch, n, m, alpha)) {
			interval.low = fmin(interval.low, m);
			interval.high = fmax(interval.high, m);
		}
	}
	/* A grid too coarse to hold any plausible mean says nothing. */
	if (interval.low > interval.high) {
		return (struct stats_interval){0, 1};
	}
	return (struct stats_interval){fmax(0, interval.low - step), fmin(1, interval.high + step)};
}
