#include "evaluators/stats/anytime.h"

#include "evaluators/stats/special.h"
#include "evaluators/stats/sum.h"

#include <math.h>

enum { BISECTIONS = 200 };

static const double DEFAULT_GAMMAS[] = {.005, .01, .02, .04, .08, .15, .25, .4, .55, .7, .85, .99};
static const double SCORE_SLACK = 1e-12;
static const double DECISION_SLACK = 1e-9;

const struct stats_bets stats_default_bets = {
	.gammas = DEFAULT_GAMMAS,
	.count = sizeof(DEFAULT_GAMMAS) / sizeof(DEFAULT_GAMMAS[0]),
};

const char *stats_evidence_text(enum stats_evidence_status status)
{
	switch (status) {
	case STATS_EVIDENCE_BAD_BETS:
		return "bets must lie strictly between 0 and 1 and weights must not be negative";
	case STATS_EVIDENCE_BAD_THRESHOLD:
		return "the threshold must lie strictly inside the declared bound of the scores";
	case STATS_EVIDENCE_BAD_SCORE:
		return "a score lies past the declared bound, so no guarantee holds";
	case STATS_EVIDENCE_OK:
		break;
	}
	return "";
}

static bool bets_valid(const struct stats_bets *bets)
{
	for (size_t j = 0; j < bets->count; j++) {
		if (!(bets->gammas[j] > 0 && bets->gammas[j] < 1) ||
		    (bets->weights != NULL && !(bets->weights[j] >= 0))) {
			return false;
		}
	}
	return bets->count > 0;
}

static double log_weight(const struct stats_bets *bets, size_t j)
{
	return bets->weights != NULL ? log(bets->weights[j]) : -log((double)bets->count);
}

/* Scores with a sign in front, so that both directions share one routine: sign -1 reads (-Y, -m, -hi). */
struct question {
	const struct stats_bets *bets;
	const struct stats_score_cell *cells;
	size_t count;
	double sign;
	double bound; /* from below, of sign * Y */
};

static enum stats_evidence_status check(const struct question *question)
{
	if (!bets_valid(question->bets)) {
		return STATS_EVIDENCE_BAD_BETS;
	}
	if (!isfinite(question->bound)) {
		return STATS_EVIDENCE_BAD_THRESHOLD;
	}
	for (size_t i = 0; i < question->count; i++) {
		if (!(question->sign * question->cells[i].y >= question->bound - SCORE_SLACK)) {
			return STATS_EVIDENCE_BAD_SCORE;
		}
	}
	return STATS_EVIDENCE_OK;
}

static double log_wealth(const struct question *question, double gamma, double m)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < question->count; i++) {
		double y = fmax(question->sign * question->cells[i].y, question->bound);
		stats_sum_add(&sum, (double)question->cells[i].count * log1p(gamma * (y - m) / (m - question->bound)));
	}
	return stats_sum_value(sum);
}

/* log sum_j w_j K_j by running maximum, so that nothing overflows and no array is needed. */
static double log_mixture(const struct question *question, double m)
{
	double largest = -HUGE_VAL;
	double scaled = 0; /* sum of exp(term - largest) */

	for (size_t j = 0; j < question->bets->count; j++) {
		double term = log_weight(question->bets, j) + log_wealth(question, question->bets->gammas[j], m);
		if (term > largest) {
			scaled = scaled * exp(largest - term) + 1;
			largest = term;
		} else if (term > -HUGE_VAL) {
			scaled += exp(term - largest);
		}
	}
	return scaled > 0 ? largest + log(scaled) : -HUGE_VAL;
}

static enum stats_evidence_status log_e(const struct question *question, double m, double *ret_log_e)
{
	enum stats_evidence_status status = check(question);

	if (status != STATS_EVIDENCE_OK) {
		return status;
	}
	if (!(m > question->bound) || !isfinite(m)) {
		return STATS_EVIDENCE_BAD_THRESHOLD;
	}
	*ret_log_e = log_mixture(question, m);
	return STATS_EVIDENCE_OK;
}

enum stats_evidence_status stats_kw_log_e(const struct stats_bets *bets, const struct stats_score_cell *cells,
					  size_t count, double m, double lo, double *ret_log_e)
{
	return log_e(&(struct question){bets, cells, count, 1, lo}, m, ret_log_e);
}

enum stats_evidence_status stats_kw_log_e_upper(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double m, double hi, double *ret_log_e)
{
	return log_e(&(struct question){bets, cells, count, -1, -hi}, -m, ret_log_e);
}

static double mean_score(const struct question *question)
{
	struct stats_sum sum = {0};
	double total = 0;

	for (size_t i = 0; i < question->count; i++) {
		double weight = (double)question->cells[i].count;
		stats_sum_add(&sum, weight * question->sign * question->cells[i].y);
		total += weight;
	}
	return total > 0 ? stats_sum_value(sum) / total : question->bound;
}

static enum stats_evidence_status lower_bound(const struct question *question, double alpha, double *ret_bound)
{
	enum stats_evidence_status status = check(question);
	double target = -log(alpha);
	double low = question->bound;
	double high = mean_score(question);

	if (status != STATS_EVIDENCE_OK) {
		return status;
	}
	for (int step = 0; step < BISECTIONS; step++) {
		double middle = low + (high - low) / 2;
		if (!(middle > low && middle < high)) {
			break;
		}
		if (log_mixture(question, middle) >= target) {
			low = middle;
		} else {
			high = middle;
		}
	}
	*ret_bound = low;
	return STATS_EVIDENCE_OK;
}

enum stats_evidence_status stats_kw_lower_bound(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double lo, double alpha, double *ret_bound)
{
	return lower_bound(&(struct question){bets, cells, count, 1, lo}, alpha, ret_bound);
}

enum stats_evidence_status stats_kw_upper_bound(const struct stats_bets *bets, const struct stats_score_cell *cells,
						size_t count, double hi, double alpha, double *ret_bound)
{
	double bound = 0;
	enum stats_evidence_status status = lower_bound(&(struct question){bets, cells, count, -1, -hi}, alpha, &bound);

	if (status == STATS_EVIDENCE_OK) {
		*ret_bound = -bound;
	}
	return status;
}

int stats_evidence_reached(double log_e_value, double alpha)
{
	double excess = log_e_value + log(alpha);

	if (fabs(excess) < DECISION_SLACK) {
		return 0;
	}
	return excess > 0 ? 1 : -1;
}

static double growth_of(const double *y, const double *p, size_t count, double gamma, double m, double lo)
{
	struct stats_sum sum = {0};

	for (size_t i = 0; i < count; i++) {
		stats_sum_add(&sum, p[i] * log1p(gamma * (fmax(y[i], lo) - m) / (m - lo)));
	}
	return stats_sum_value(sum);
}

enum stats_evidence_status stats_kw_plan(const struct stats_bets *bets, const double *y, const double *p, size_t count,
					 double m, double lo, double alpha, double log_e_now,
					 struct stats_growth *ret_growth)
{
	struct stats_growth best = {.growth = -HUGE_VAL};

	if (!bets_valid(bets)) {
		return STATS_EVIDENCE_BAD_BETS;
	}
	if (!(m > lo) || !isfinite(m) || !isfinite(lo)) {
		return STATS_EVIDENCE_BAD_THRESHOLD;
	}
	for (size_t i = 0; i < count; i++) {
		if (!(y[i] >= lo - SCORE_SLACK)) {
			return STATS_EVIDENCE_BAD_SCORE;
		}
	}
	for (size_t j = 0; j < bets->count; j++) {
		double growth = growth_of(y, p, count, bets->gammas[j], m, lo);
		if (growth > best.growth) {
			best.growth = growth;
			best.gamma = bets->gammas[j];
		}
	}
	best.reachable = best.growth > 0;
	if (best.reachable) {
		double missing = -log(alpha) + log((double)bets->count) - fmax(0, log_e_now);
		best.records = fmax(0, missing / best.growth);
	}
	*ret_growth = best;
	return STATS_EVIDENCE_OK;
}

double stats_beta_binomial_log_e(double a, double b, double successes, double failures, double m)
{
	double a_now = a + successes;
	double b_now = b + failures;

	/* B(x,y) = (x+y)/(xy) m^x (1-m)^y / binomial density(x; x+y, m): all powers of m cancel by algebra. */
	return log((a_now + b_now) / (a_now * b_now)) - log((a + b) / (a * b)) -
	       stats_binomial_log_density(a_now, a_now + b_now, m) + stats_binomial_log_density(a, a + b, m);
}

double stats_asymptotic_margin(double t, double rho_square, double alpha)
{
	double grown = t * rho_square + 1;

	return sqrt(2 * grown / (t * t * rho_square) * log(sqrt(grown) / alpha));
}

size_t stats_e_bh(const double *sorted_descending, size_t count, double alpha)
{
	for (size_t k = count; k > 0; k--) {
		if ((double)k * sorted_descending[k - 1] >= (double)count / alpha) {
			return k;
		}
	}
	return 0;
}
