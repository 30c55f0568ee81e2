#include "evaluators/stats/peek.h"

#include "harness/base/hash.h"

#include <math.h>
#include <string.h>

static const double NAIVE_Z = 1.6448536;
static const uint64_t NAIVE_LABELS_LEAST = 30;

/* Paired scenarios: among disagreements, the LLM path alone is right with .35, the legacy path alone with .35 + 1/6. */
static const double LLM_ONLY = .35;
static const double LEGACY_ONLY = .35 + 1.0 / 6;

/* The drift scenario's accuracy on agreements moves by these amounts, divided by their share. */
static const uint64_t GOOD_WEEKS = 20;
static const double GOOD_SHIFT = .01;
static const double BAD_SHIFT = -.02;

const struct stats_peek_scenario stats_peek_scenarios[] = {
	{.name = "NI-null pi_d=1", .limit = -.01, .share = .06, .sampled_disagree = 1},
	{.name = "NI-null pi_d=.5", .limit = -.01, .share = .06, .sampled_disagree = .5},
	{.name = "NI-null pi_d=.2", .limit = -.01, .share = .06, .sampled_disagree = .2},
	{.name = "ACC-null 0.95",
	 .is_accuracy = true,
	 .limit = .95,
	 .share = .06,
	 .accuracy_agree = .985,
	 .sampled_agree = .03,
	 .sampled_disagree = .5},
	{.name = "ACC-null 0.99 rare",
	 .is_accuracy = true,
	 .limit = .99,
	 .share = .01,
	 .accuracy_agree = .995,
	 .sampled_agree = .02,
	 .sampled_disagree = 1},
	{.name = "ACC-drift",
	 .is_accuracy = true,
	 .drifts = true,
	 .limit = .95,
	 .share = .06,
	 .accuracy_agree = .985,
	 .sampled_agree = .03,
	 .sampled_disagree = .5},
};
const size_t stats_peek_scenario_count = sizeof(stats_peek_scenarios) / sizeof(stats_peek_scenarios[0]);

size_t stats_peek_find(const char *name, size_t length)
{
	size_t position = 0;

	while (position < stats_peek_scenario_count &&
	       (strlen(stats_peek_scenarios[position].name) != length ||
		memcmp(stats_peek_scenarios[position].name, name, length) != 0)) {
		position++;
	}
	return position;
}

/* Three scores occur in every scenario; the middle of each array is the score of a record without a label. */
enum { LOW, PLAIN, HIGH, SCORES };

struct epoch {
	struct stats_score_cell cells[SCORES];
	uint64_t records;
	uint64_t labels;
	uint64_t right; /* truth, accuracy scenarios */
	double lowest;  /* declared bound of the scores */
};

/* Paired: Y = D/pi where sampled. Accuracy: a wrong sampled record scores 1 - 1/pi, all others 1. */
static void epoch_start(struct epoch *epoch, const struct stats_peek_scenario *scenario)
{
	double disagree = 1 / scenario->sampled_disagree;

	*epoch = (struct epoch){0};
	if (scenario->is_accuracy) {
		epoch->cells[LOW].y = 1 - 1 / scenario->sampled_agree;
		epoch->cells[PLAIN].y = 1;
		epoch->cells[HIGH].y = 1 - disagree;
		epoch->lowest = fmin(epoch->cells[LOW].y, epoch->cells[HIGH].y);
	} else {
		epoch->cells[LOW].y = -disagree;
		epoch->cells[HIGH].y = disagree;
		epoch->lowest = -disagree;
	}
}

static void add_pair(struct epoch *epoch, const struct stats_peek_scenario *scenario, const double u[3])
{
	bool labelled = u[0] < scenario->share && u[2] < scenario->sampled_disagree;
	int score = PLAIN;

	if (labelled && u[1] < LLM_ONLY) {
		score = HIGH;
	} else if (labelled && u[1] < LLM_ONLY + LEGACY_ONLY) {
		score = LOW;
	}
	epoch->cells[score].count++;
	epoch->labels += labelled ? 1 : 0;
}

static void add_outcome(struct epoch *epoch, const struct stats_peek_scenario *scenario, double accuracy_agree,
			double accuracy_disagree, const double u[3])
{
	bool disagree = u[0] < scenario->share;
	bool right = u[1] < (disagree ? accuracy_disagree : accuracy_agree);
	bool labelled = u[2] < (disagree ? scenario->sampled_disagree : scenario->sampled_agree);
	int wrong = disagree ? HIGH : LOW;

	epoch->cells[labelled && !right ? wrong : PLAIN].count++;
	epoch->labels += labelled ? 1 : 0;
	epoch->right += right ? 1 : 0;
}

static void simulate_week(struct epoch *epoch, const struct stats_peek_scenario *scenario, uint64_t week,
			  uint64_t records, uint64_t *state)
{
	double agree = 1 - scenario->share;
	double accuracy_agree = scenario->accuracy_agree;
	double accuracy_disagree = (scenario->limit - agree * accuracy_agree) / scenario->share;

	if (scenario->drifts) {
		accuracy_agree += (week <= GOOD_WEEKS ? GOOD_SHIFT : BAD_SHIFT) / agree;
	}
	for (uint64_t i = 0; i < records; i++) {
		double u[3];
		u[0] = random_unit(state);
		u[1] = random_unit(state);
		u[2] = random_unit(state);
		if (scenario->is_accuracy) {
			add_outcome(epoch, scenario, accuracy_agree, accuracy_disagree, u);
		} else {
			add_pair(epoch, scenario, u);
		}
	}
	epoch->records += records;
}

static bool naive_says_go(const struct epoch *epoch, double limit)
{
	double n = (double)epoch->records;
	double sum = 0;
	double squares = 0;

	for (int score = 0; score < SCORES; score++) {
		double count = (double)epoch->cells[score].count;
		sum += count * epoch->cells[score].y;
		squares += count * epoch->cells[score].y * epoch->cells[score].y;
	}
	double mean = sum / n;
	double variance = fmax(0, (squares - n * mean * mean) / (n - 1));

	return epoch->labels >= NAIVE_LABELS_LEAST && mean - NAIVE_Z * sqrt(variance / n) > limit;
}

/* Whether a GO at this look would be false: always, except where drift has not yet pulled the truth to the limit. */
static bool look_counts(const struct epoch *epoch, const struct stats_peek_scenario *scenario)
{
	return !scenario->drifts || (double)epoch->right <= scenario->limit * (double)epoch->records;
}

struct verdicts {
	bool kaplan_wald;
	bool naive_wald;
};

static bool run_replicate(const struct stats_peek_plan *plan, uint64_t state, struct verdicts *verdicts)
{
	const struct stats_peek_scenario *scenario = &stats_peek_scenarios[plan->scenario];
	struct epoch epoch;

	epoch_start(&epoch, scenario);
	for (uint64_t week = 1; week <= plan->weeks; week++) {
		double log_e = 0;
		simulate_week(&epoch, scenario, week, plan->records_per_week, &state);
		if (!look_counts(&epoch, scenario)) {
			continue;
		}
		if (stats_kw_log_e(plan->bets, epoch.cells, SCORES, scenario->limit, epoch.lowest, &log_e) !=
		    STATS_EVIDENCE_OK) {
			return false;
		}
		verdicts->kaplan_wald = verdicts->kaplan_wald || log_e >= -log(plan->alpha);
		verdicts->naive_wald = verdicts->naive_wald || naive_says_go(&epoch, scenario->limit);
		if (verdicts->kaplan_wald && verdicts->naive_wald) {
			break;
		}
	}
	return true;
}

bool stats_peek_run(const struct stats_peek_plan *plan, struct stats_peek_counts *ret_counts)
{
	struct stats_peek_counts counts = {0};

	if (plan->scenario >= stats_peek_scenario_count) {
		return false;
	}
	for (uint64_t r = 0; r < plan->replicates; r++) {
		struct verdicts verdicts = {0};
		uint64_t state = plan->seed * 1000003 + plan->scenario * 7919 + r * 104729;
		if (!run_replicate(plan, state, &verdicts)) {
			return false;
		}
		counts.kaplan_wald += verdicts.kaplan_wald ? 1 : 0;
		counts.naive_wald += verdicts.naive_wald ? 1 : 0;
	}
	*ret_counts = counts;
	return true;
}
