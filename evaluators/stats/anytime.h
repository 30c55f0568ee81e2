/* Layer 1. Evidence that may be looked at as often as one likes: the Kaplan-Wald mixture of the gate, its lower
 * confidence bound and its planner; beta-binomial mixture and asymptotic confidence sequence beside it for comparison.
 *
 * The score of a record is Y = f + S (g - f)/pi: f a prediction made before the label, S the sampling coin with
 * probability pi, g the labelled outcome. Only the coins are random, so Y has mean g whatever the traffic does.
 *
 * H0: mean <= m. Fixed bets gamma_j in (0,1) with weights w_j summing to 1, lo a declared bound on Y from below:
 *   log K_j = sum_i log1p(gamma_j (Y_i - m)/(m - lo)),   log K = log sum_j w_j exp(log K_j).
 * P(at some look the running mean of g is <= m and K >= 1/alpha) <= alpha (Ville 1939; the bets must be fixed before
 * the first record). Lineage: Stark (2009) and Stark and Teague (2014) in election audits, Waudby-Smith, Stark and
 * Ramdas (2021, RiLACS), Waudby-Smith and Ramdas (2024, JRSSB 86:1).
 *
 * For H0': mean >= m use the _upper form with hi, a bound on Y from above: the same with (-Y, -m, -hi).
 *
 * Cells: equal scores are counted together. Sums are compensated and run in the order of the cells, so callers who want
 * the same bits for the same records give them sorted; stats_tally (tally.h) does. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_ANYTIME_H
#define UNDERSTUDY_EVALUATORS_STATS_ANYTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stats_score_cell {
	double y;
	uint64_t count;
};

/* Borrows its arrays. */
struct stats_bets {
	const double *gammas;  /* each in (0,1) */
	const double *weights; /* sum 1; NULL: 1/count each */
	size_t count;          /* at least 1 */
};

/* .005 .01 .02 .04 .08 .15 .25 .4 .55 .7 .85 .99, equal weights. */
extern const struct stats_bets stats_default_bets;

enum stats_evidence_status {
	STATS_EVIDENCE_OK,
	STATS_EVIDENCE_BAD_BETS,      /* no gamma, or one outside (0,1), or a negative weight */
	STATS_EVIDENCE_BAD_THRESHOLD, /* m <= lo (m >= hi for the upper form), or not finite */
	STATS_EVIDENCE_BAD_SCORE,     /* a score past the declared bound by more than 1e-12: the guarantee is void */
};
/* A sentence for each status but OK. */
const char *stats_evidence_text(enum stats_evidence_status status);

/* log K for H0: mean <= m. No cells: 0. Never NaN; *ret_log_e may be -infinity only through overflow of counts. */
enum stats_evidence_status stats_kw_log_e(const struct stats_bets *bets, const struct stats_score_cell *cells,
					  size_t count, double m, double lo, double *ret_log_e);
/* log K for H0: mean >= m. */
enum stats_evidence_status stats_kw_log_e_upper(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double m, double hi, double *ret_log_e);

/* The largest m still rejected at alpha, lo where there is none: every factor decreases in m, so bisection on
 * (lo, mean of Y). At most the mean of Y. An anytime lower bound for a constant mean. */
enum stats_evidence_status stats_kw_lower_bound(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double lo, double alpha, double *ret_bound);
/* By reflection; hi where there is no evidence. */
enum stats_evidence_status stats_kw_upper_bound(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double hi, double alpha, double *ret_bound);

/* The gate's comparison: -1 below, 1 at or above log(1/alpha), 0 within 1e-9 of it (then the gate keeps collecting, so
 * that no decision hangs on the last bit of libm). */
int stats_evidence_reached(double log_e, double alpha);

struct stats_growth {
	double growth;  /* max over gamma of sum_y p_y log1p(gamma (y - m)/(m - lo)), nats per record */
	double gamma;   /* where it is reached */
	double records; /* (log(1/alpha) + log(number of bets) - max(0, log_e_now)) / growth, at least 0 */
	bool reachable; /* growth > 0; else `records` is 0 and means nothing */
};

/* Expected growth and records until GO where scores y occur with probabilities p (planning values). */
enum stats_evidence_status stats_kw_plan(const struct stats_bets *bets, const double *y, const double *p, size_t count,
					 double m, double lo, double alpha, double log_e_now,
					 struct stats_growth *ret_growth);

/* Two-sided mixture against a point null m for Bernoulli trials (Robbins 1970): B(a+s, b+f)/(B(a,b) m^s (1-m)^f), in
 * logarithms without cancellation. a, b > 0, m in (0,1). */
double stats_beta_binomial_log_e(double a, double b, double successes, double failures, double m);

/* Half width for unit standard deviation of the asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy,
 * Ramdas 2024): sqrt(2(tr+1)/(t^2 r) log(sqrt(tr+1)/alpha)), r = rho^2. For display, not for the gate. t, r > 0. */
double stats_asymptotic_margin(double t, double rho_square, double alpha);

/* e-BH (Wang and Ramdas 2022, JRSSB 84:822): k* = max{k : k e_[k] >= count/alpha}, e sorted descending; the k* largest
 * are rejected with false discovery rate <= alpha under any dependence. Borrows `sorted_descending`. */
size_t stats_e_bh(const double *sorted_descending, size_t count, double alpha);

#endif
