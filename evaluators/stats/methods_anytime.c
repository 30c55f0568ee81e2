#include "evaluators/stats/anytime.h"
#include "evaluators/stats/comparators.h"
#include "evaluators/stats/method_call.h"
#include "evaluators/stats/peek.h"

#include <stdlib.h>

static const double SCORE_MAX = 1e9;
static const double SIMULATED_RECORDS_MAX = 1e9;
static const double RECORDS_PER_BET = 30; /* a look costs, for each bet, as much as so many records */
static const double GRID_WORK_MAX = 1e8;

/* {gammas, weights?} */
static bool read_bets(struct method_call *call, struct stats_bets *ret_bets)
{
	struct method_numbers gammas;
	struct method_numbers weights = {0};
	double total = 0;

	if (!method_numbers(call, call->input, "gammas", 0, 1, &gammas)) {
		return false;
	}
	if (json_get_text(call->input, "weights") != NULL) {
		if (!method_numbers(call, call->input, "weights", 0, 1, &weights)) {
			return false;
		}
		for (size_t j = 0; j < weights.count; j++) {
			total += weights.values[j];
		}
		if (weights.count != gammas.count || total < 1 - 1e-9 || total > 1 + 1e-9) {
			return method_fail(call, "\"weights\" must sum to 1, one for each of \"gammas\"");
		}
	}
	*ret_bets = (struct stats_bets){gammas.values, weights.values, gammas.count};
	return true;
}

static int by_score(const void *a, const void *b)
{
	const struct stats_score_cell *first = a;
	const struct stats_score_cell *second = b;

	return first->y < second->y ? -1 : first->y > second->y;
}

struct cells {
	struct stats_score_cell *items;
	size_t count;
};

/* {cells: [{y, count}, ...]}, sorted so that their order in the input does not matter. */
static bool read_cells(struct method_call *call, struct cells *cells)
{
	const struct json_node *array = NULL;

	if (!method_array(call, call->input, "cells", 0, &array)) {
		return false;
	}
	cells->count = 0;
	cells->items = method_allocate(call, json_count(array), sizeof(*cells->items));
	if (cells->items == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		struct stats_score_cell *cell = &cells->items[cells->count++];
		if (!method_number(call, item, "y", -SCORE_MAX, SCORE_MAX, &cell->y) ||
		    !method_count(call, item, "count", 0x1p53, &cell->count)) {
			return false;
		}
	}
	qsort(cells->items, cells->count, sizeof(*cells->items), by_score);
	return true;
}

/* Reads *number only where the status is OK, after the call that wrote it. */
static bool result_evidence(struct method_call *call, enum stats_evidence_status status, const double *number)
{
	static const char *const members[] = {
		[STATS_EVIDENCE_BAD_BETS] = "gammas",
		[STATS_EVIDENCE_BAD_THRESHOLD] = "m",
		[STATS_EVIDENCE_BAD_SCORE] = "cells",
	};

	if (status != STATS_EVIDENCE_OK) {
		return method_fail(call, "\"%s\": %s", members[status], stats_evidence_text(status));
	}
	return method_result(call, *number);
}

/* {gammas, lo, m, cells} -> log e */
static bool method_kw(struct method_call *call)
{
	struct stats_bets bets;
	struct cells cells;
	double lo = 0;
	double m = 0;
	double log_e = 0;

	return read_bets(call, &bets) && read_cells(call, &cells) &&
	       method_number(call, call->input, "lo", -SCORE_MAX, SCORE_MAX, &lo) &&
	       method_number(call, call->input, "m", -SCORE_MAX, SCORE_MAX, &m) &&
	       result_evidence(call, stats_kw_log_e(&bets, cells.items, cells.count, m, lo, &log_e), &log_e);
}

/* {gammas, hi, m, cells} -> log e */
static bool method_kw_upper(struct method_call *call)
{
	struct stats_bets bets;
	struct cells cells;
	double hi = 0;
	double m = 0;
	double log_e = 0;

	return read_bets(call, &bets) && read_cells(call, &cells) &&
	       method_number(call, call->input, "hi", -SCORE_MAX, SCORE_MAX, &hi) &&
	       method_number(call, call->input, "m", -SCORE_MAX, SCORE_MAX, &m) &&
	       result_evidence(call, stats_kw_log_e_upper(&bets, cells.items, cells.count, m, hi, &log_e), &log_e);
}

/* {gammas, lo, alpha, cells} -> low */
static bool method_kw_lower_bound(struct method_call *call)
{
	struct stats_bets bets;
	struct cells cells;
	double lo = 0;
	double alpha = 0;
	double bound = 0;

	return read_bets(call, &bets) && read_cells(call, &cells) &&
	       method_number(call, call->input, "lo", -SCORE_MAX, SCORE_MAX, &lo) &&
	       method_share(call, call->input, "alpha", &alpha) &&
	       result_evidence(call, stats_kw_lower_bound(&bets, cells.items, cells.count, lo, alpha, &bound), &bound);
}

/* {gammas, hi, alpha, cells} -> high */
static bool method_kw_upper_bound(struct method_call *call)
{
	struct stats_bets bets;
	struct cells cells;
	double hi = 0;
	double alpha = 0;
	double bound = 0;

	return read_bets(call, &bets) && read_cells(call, &cells) &&
	       method_number(call, call->input, "hi", -SCORE_MAX, SCORE_MAX, &hi) &&
	       method_share(call, call->input, "alpha", &alpha) &&
	       result_evidence(call, stats_kw_upper_bound(&bets, cells.items, cells.count, hi, alpha, &bound), &bound);
}

/* {lo, m, y, p, gammas, alpha, logK0} -> {best_growth, gamma, records or null} */
static bool method_kw_plan(struct method_call *call)
{
	struct stats_bets bets;
	struct method_numbers y;
	struct method_numbers p;
	double lo = 0;
	double m = 0;
	double alpha = 0;
	double log_e = 0;
	struct stats_growth growth;

	if (!read_bets(call, &bets) || !method_numbers(call, call->input, "y", -SCORE_MAX, SCORE_MAX, &y) ||
	    !method_numbers(call, call->input, "p", 0, 1, &p) ||
	    !method_number(call, call->input, "lo", -SCORE_MAX, SCORE_MAX, &lo) ||
	    !method_number(call, call->input, "m", -SCORE_MAX, SCORE_MAX, &m) ||
	    !method_share(call, call->input, "alpha", &alpha) ||
	    !method_number(call, call->input, "logK0", -1e300, 1e300, &log_e)) {
		return false;
	}
	if (y.count != p.count) {
		return method_fail(call, "\"y\" and \"p\" must be equally long");
	}
	enum stats_evidence_status status =
		stats_kw_plan(&bets, y.values, p.values, y.count, m, lo, alpha, log_e, &growth);
	if (status != STATS_EVIDENCE_OK) {
		return result_evidence(call, status, &log_e);
	}
	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "best_growth", growth.growth);
	json_build_exact(call->reply, "gamma", growth.gamma);
	method_build_optional(call->reply, "records", (struct stats_optional){growth.reachable, growth.records});
	json_build_end(call->reply);
	return true;
}

/* {a, b, s, f, m} -> log e */
static bool method_beta_binomial(struct method_call *call)
{
	double a = 0;
	double b = 0;
	uint64_t successes = 0;
	uint64_t failures = 0;
	double m = 0;

	return method_positive(call, call->input, "a", METHOD_COUNT_MAX, &a) &&
	       method_positive(call, call->input, "b", METHOD_COUNT_MAX, &b) &&
	       method_count(call, call->input, "s", METHOD_COUNT_MAX, &successes) &&
	       method_count(call, call->input, "f", METHOD_COUNT_MAX, &failures) &&
	       method_share(call, call->input, "m", &m) &&
	       method_result(call, stats_beta_binomial_log_e(a, b, (double)successes, (double)failures, m));
}

/* {t, rho2, alpha} -> half width for unit standard deviation */
static bool method_asymptotic_margin(struct method_call *call)
{
	double t = 0;
	double rho_square = 0;
	double alpha = 0;

	return method_positive(call, call->input, "t", 1e15, &t) &&
	       method_number(call, call->input, "rho2", 1e-15, 1e15, &rho_square) &&
	       method_share(call, call->input, "alpha", &alpha) &&
	       method_result(call, stats_asymptotic_margin(t, rho_square, alpha));
}

/* The looks at which the two comparators below report, as far as there are so many values. */
static const size_t LOOKS[] = {1, 10, 30, 60};
enum { LOOK_COUNT = sizeof(LOOKS) / sizeof(LOOKS[0]) };

/* {x, alpha, truncation} -> [low after 1, 10, 30, 60 values] */
static bool method_empirical_bernstein(struct method_call *call)
{
	struct method_numbers x;
	double alpha = 0;
	double truncation = 0;
	double results[LOOK_COUNT];
	size_t looks = 0;

	if (!method_numbers(call, call->input, "x", 0, 1, &x) || !method_share(call, call->input, "alpha", &alpha) ||
	    !method_share(call, call->input, "truncation", &truncation)) {
		return false;
	}
	for (; looks < LOOK_COUNT && LOOKS[looks] <= x.count; looks++) {
		results[looks] = stats_empirical_bernstein_lower(x.values, LOOKS[looks], alpha, truncation);
	}
	return method_result_numbers(call, results, looks);
}

/* {x, alpha, breaks} -> [[low after 10, 30, 60 values], [high]] */
static bool method_hedged_capital(struct method_call *call)
{
	struct method_numbers x;
	double alpha = 0;
	uint64_t breaks = 0;
	struct stats_interval results[LOOK_COUNT];
	size_t looks = 1;

	if (!method_numbers(call, call->input, "x", 0, 1, &x) || !method_share(call, call->input, "alpha", &alpha) ||
	    !method_count(call, call->input, "breaks", 100000, &breaks)) {
		return false;
	}
	if (breaks < 2 || (double)x.count * (double)breaks > GRID_WORK_MAX) {
		return method_fail(call, "\"breaks\" must be at least 2, and times the values of \"x\" at most %g",
				   GRID_WORK_MAX);
	}
	double *weights = method_allocate(call, x.count, sizeof(*weights));
	if (weights == NULL) {
		return false;
	}
	for (; looks < LOOK_COUNT && LOOKS[looks] <= x.count; looks++) {
		results[looks] = stats_hedged_capital(x.values, LOOKS[looks], alpha, breaks, weights);
	}
	json_build_array(call->reply, "result");
	for (int end = 0; end < 2; end++) {
		json_build_array(call->reply, NULL);
		for (size_t look = 1; look < looks; look++) {
			json_build_exact(call->reply, NULL, end == 0 ? results[look].low : results[look].high);
		}
		json_build_end(call->reply);
	}
	json_build_end(call->reply);
	return true;
}

/* {scenario, R, weeks, N_week, seed, alpha, gammas} -> {kw, naive_wald} */
static bool method_peek(struct method_call *call)
{
	struct stats_peek_plan plan = {0};
	struct stats_peek_counts counts;
	struct stats_bets bets;
	const struct json_node *scenario = json_get_text(call->input, "scenario");

	if (!read_bets(call, &bets) || !method_count(call, call->input, "R", 1e6, &plan.replicates) ||
	    !method_count(call, call->input, "weeks", 1e6, &plan.weeks) ||
	    !method_count(call, call->input, "N_week", 1e9, &plan.records_per_week) || !method_seed(call, &plan.seed) ||
	    !method_share(call, call->input, "alpha", &plan.alpha)) {
		return false;
	}
	plan.bets = &bets;
	plan.scenario = stats_peek_find(json_text(scenario).data, json_text(scenario).length);
	if (!json_is(scenario, JSON_STRING) || plan.scenario == stats_peek_scenario_count) {
		return method_fail(call, "\"scenario\" must be one of the known ones, such as \"%s\"",
				   stats_peek_scenarios[0].name);
	}
	double week = (double)plan.records_per_week + RECORDS_PER_BET * (double)bets.count;
	if ((double)plan.replicates * (double)plan.weeks * week > SIMULATED_RECORDS_MAX) {
		return method_fail(call,
				   "\"R\" times \"weeks\" times (\"N_week\" and %g for each of \"gammas\") must be at "
				   "most %g",
				   RECORDS_PER_BET, SIMULATED_RECORDS_MAX);
	}
	if (plan.records_per_week < 2) {
		return method_fail(call, "\"N_week\" must be at least 2");
	}
	if (!stats_peek_run(&plan, &counts)) {
		return method_fail(call, "\"gammas\": %s", stats_evidence_text(STATS_EVIDENCE_BAD_BETS));
	}
	json_build_object(call->reply, "result");
	json_build_integer(call->reply, "kw", (int64_t)counts.kaplan_wald);
	json_build_integer(call->reply, "naive_wald", (int64_t)counts.naive_wald);
	json_build_end(call->reply);
	return true;
}

const struct method_row methods_anytime[] = {
	{"kw_mixture_log_e", method_kw},
	{"kw_mixture_log_e_upper", method_kw_upper},
	{"kw_lower_confseq", method_kw_lower_bound},
	{"kw_upper_confseq", method_kw_upper_bound},
	{"kw_expected_records_to_go", method_kw_plan},
	{"beta_binomial_log_e", method_beta_binomial},
	{"asympcs_margin_unit_sd", method_asymptotic_margin},
	{"predmix_empbern_lower_cs", method_empirical_bernstein},
	{"hedged_capital_cs", method_hedged_capital},
	{"false_go_count", method_peek},
	{NULL, NULL},
};
