#include "reports/figures.h"

#include "evaluators/stats/proportion.h"
#include "reports/gate_evidence.h"

#include <math.h>

/* Strata of a period: sides and probabilities of review. More kinds of probability than this share the last one. */
enum { STRATA_MAX = 64, LEAST_LABELS = 5 };
#define CONFIDENCE 0.95
#define NANO 1e9

struct pooled {
	enum store_side side;
	uint32_t pi_ppm;
	struct stats_pair_stratum pairs;
	uint64_t neither;
};

static bool in_period(const struct figures *figures, int32_t week)
{
	return week >= figures->from_week && week <= figures->to_week;
}

/* --- strata: records of one side and probability, whatever their week --- */

static struct pooled *pool_of(struct pooled *pools, size_t *count, const struct evidence_stratum *stratum)
{
	size_t i = 0;
	for (; i < *count; i++) {
		if (pools[i].side == stratum->side && pools[i].pi_ppm == stratum->pi_ppm) {
			return &pools[i];
		}
	}
	if (*count == STRATA_MAX) {
		return &pools[STRATA_MAX - 1];
	}
	/* Kept in order of side and probability, so that neighbours are alike. */
	for (; i > 0 && (pools[i - 1].side > stratum->side ||
			 (pools[i - 1].side == stratum->side && pools[i - 1].pi_ppm > stratum->pi_ppm));
	     i--) {
		pools[i] = pools[i - 1];
	}
	(*count)++;
	pools[i] = (struct pooled){.side = stratum->side, .pi_ppm = stratum->pi_ppm};
	return &pools[i];
}

static size_t pool(const struct evidence *evidence, const struct figures *figures, struct pooled *pools)
{
	size_t count = 0;
	for (size_t i = 0; i < evidence->stratum_count; i++) {
		const struct evidence_stratum *stratum = &evidence->strata[i];
		if (in_period(figures, stratum->week) && stratum->records > 0) {
			struct pooled *into = pool_of(pools, &count, stratum);
			into->pairs.population += stratum->records;
			into->pairs.sampled += evidence_labelled(stratum);
			into->pairs.llm_only += stratum->llm_only;
			into->pairs.legacy_only += stratum->legacy_only;
			into->pairs.both += stratum->both;
			into->neither += stratum->neither;
		}
	}
	return count;
}

/* Agreements never merge with the rest: the sides differ in error rate by design. */
static bool mergeable(const struct pooled *a, const struct pooled *b)
{
	return (a->side == SIDE_AGREE) == (b->side == SIDE_AGREE);
}

static void merge_into(struct pooled *target, const struct pooled *from)
{
	target->pairs.population += from->pairs.population;
	target->pairs.sampled += from->pairs.sampled;
	target->pairs.llm_only += from->pairs.llm_only;
	target->pairs.legacy_only += from->pairs.legacy_only;
	target->pairs.both += from->pairs.both;
	target->neither += from->neither;
}

/* As stats_strata_merge, for pairs. Replies that cannot be used (a census of errors) merge only for the difference. */
static size_t merge_pairs(struct pooled *pools, size_t count)
{
	size_t i = 0;
	while (i < count) {
		size_t other = i > 0 && mergeable(&pools[i - 1], &pools[i])           ? i - 1
			       : i + 1 < count && mergeable(&pools[i + 1], &pools[i]) ? i + 1
										      : count;
		if (pools[i].pairs.sampled >= LEAST_LABELS || other == count) {
			i++;
			continue;
		}
		merge_into(&pools[other], &pools[i]);
		memmove(&pools[i], &pools[i + 1], (count - i - 1) * sizeof(*pools));
		count--;
		i = i > 0 ? i - 1 : 0;
	}
	return count;
}

static size_t accuracy_strata(const struct pooled *pools, size_t count, bool llm, struct stats_stratum *strata)
{
	size_t kept = 0;
	uint64_t unusable = 0;
	for (size_t i = 0; i < count; i++) {
		const struct stats_pair_stratum *pairs = &pools[i].pairs;
		if (llm && pools[i].side == SIDE_INVALID) {
			unusable += pairs->population;
			continue;
		}
		strata[kept++] = (struct stats_stratum){
			.population = pairs->population,
			.sampled = pairs->sampled,
			.successes = pairs->both + (llm ? pairs->llm_only : pairs->legacy_only),
			.side = pools[i].side == SIDE_AGREE ? STATS_SIDE_AGREE : STATS_SIDE_DISAGREE,
		};
	}
	kept = stats_strata_merge(strata, kept, LEAST_LABELS);
	if (unusable > 0) { /* known to be wrong without a label: a census */
		strata[kept++] = (struct stats_stratum){unusable, unusable, 0, STATS_SIDE_DISAGREE};
	}
	return kept;
}

static void estimate(struct figures *figures, struct pooled *pools, size_t count, bool exact)
{
	struct stats_stratum strata[STRATA_MAX + 1];
	struct stats_pair_stratum pairs[STRATA_MAX];
	size_t kept = accuracy_strata(pools, count, true, strata);
	figures->llm = stats_mover_wilson(strata, kept, CONFIDENCE);
	kept = accuracy_strata(pools, count, false, strata);
	figures->legacy_accuracy = stats_mover_wilson(strata, kept, CONFIDENCE);
	kept = merge_pairs(pools, count);
	for (size_t i = 0; i < kept; i++) {
		pairs[i] = pools[i].pairs;
		pairs[i].structural_zero = exact && pools[i].side == SIDE_AGREE;
	}
	figures->difference = stats_mover_tango(pairs, kept, CONFIDENCE);
}

static void count_records(struct figures *figures, const struct evidence *evidence)
{
	uint64_t right = 0;
	uint64_t right_apart = 0;
	uint64_t labelled_apart = 0;
	for (size_t i = 0; i < evidence->stratum_count; i++) {
		const struct evidence_stratum *stratum = &evidence->strata[i];
		if (!in_period(figures, stratum->week)) {
			continue;
		}
		figures->records += stratum->records;
		figures->sides[stratum->side] += stratum->records;
		figures->sampled += stratum->sampled;
		figures->labelled += evidence_labelled(stratum);
		figures->unlabelable += stratum->unlabelable;
		figures->unsettled += evidence_unsettled(stratum);
		figures->pairs[0] += stratum->both;
		figures->pairs[1] += stratum->llm_only;
		figures->pairs[2] += stratum->legacy_only;
		figures->pairs[3] += stratum->neither;
		right += stratum->both + stratum->llm_only;
		if (stratum->side != SIDE_AGREE) {
			right_apart += stratum->both + stratum->llm_only;
			labelled_apart += evidence_labelled(stratum);
		}
	}
	double apart = (double)(figures->sides[SIDE_DISAGREE] + figures->sides[SIDE_INVALID]);
	figures->disagreement_rate = figures->records > 0 ? apart / (double)figures->records : (double)NAN;
	figures->naive_pooled = figures->labelled > 0 ? (double)right / (double)figures->labelled : (double)NAN;
	figures->naive_disagreements = labelled_apart > 0 ? (double)right_apart / (double)labelled_apart : (double)NAN;
}

static void count_exchanges(struct figures *figures, const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->week_count; i++) {
		const struct evidence_week *week = &evidence->weeks[i];
		if (!in_period(figures, week->week)) {
			continue;
		}
		figures->stored += evidence_stored(week);
		for (int state = 0; state < EVALUATION_COUNT; state++) {
			figures->states[state] += week->states[state];
		}
		for (int reason = 0; reason < NOT_EVALUATED_COUNT; reason++) {
			figures->reasons[reason] += week->reasons[reason];
		}
		for (int outcome = 0; outcome < LEGACY_OUTCOME_COUNT; outcome++) {
			figures->legacy[outcome] += week->legacy[outcome];
		}
		for (int rule = 0; rule < SHADOW_RULE_COUNT; rule++) {
			figures->drawn[rule] += week->drawn[rule];
			figures->chosen[rule] += week->chosen[rule];
		}
	}
	uint64_t wanted = figures->stored - figures->reasons[NOT_EVALUATED_SAMPLED_OUT];
	figures->coverage = wanted > 0 ? (double)figures->states[EVALUATION_COMPARED] / (double)wanted : (double)NAN;
}

static void count_transactions(struct figures *figures, const struct evidence *evidence)
{
	struct evidence_transactions *sums = &figures->sums;
	for (size_t i = 0; i < evidence->transaction_count; i++) {
		const struct evidence_transactions *of = &evidence->transactions[i];
		if (!in_period(figures, of->week)) {
			continue;
		}
		sums->compared += of->compared;
		sums->replies += of->replies;
		sums->contract_drift += of->contract_drift;
		sums->attempts += of->attempts;
		sums->tokens_input += of->tokens_input;
		sums->tokens_cache_read += of->tokens_cache_read;
		sums->tokens_cache_write += of->tokens_cache_write;
		sums->tokens_output += of->tokens_output;
		sums->cost_nano += of->cost_nano;
		sums->cost_nano_max = of->cost_nano_max > sums->cost_nano_max ? of->cost_nano_max : sums->cost_nano_max;
		for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
			sums->outcomes[outcome] += of->outcomes[outcome];
		}
	}
	bool replied = sums->replies > 0;
	figures->drift = stats_wilson(sums->contract_drift, sums->replies, CONFIDENCE);
	figures->drift_rate = replied ? (double)sums->contract_drift / (double)sums->replies : (double)NAN;
	figures->cost = sums->compared > 0 ? (double)sums->cost_nano / (double)sums->compared / NANO : (double)NAN;
}

void figures_compute(const struct evidence *evidence, const struct contract *contract, int32_t from_week,
		     int32_t to_week, struct figures *ret_figures)
{
	struct pooled pools[STRATA_MAX] = {0};
	struct figures figures = {.from_week = from_week, .to_week = to_week, .cost_per_correct = (double)NAN};
	count_exchanges(&figures, evidence);
	count_transactions(&figures, evidence);
	count_records(&figures, evidence);
	figures.estimated = figures.labelled > 0;
	if (figures.records > 0) {
		size_t count = pool(evidence, &figures, pools);
		estimate(&figures, pools, count, gate_agreement_is_exact(contract));
	}
	double right = figures.llm.value * (double)figures.records;
	if (figures.estimated && right > 0) {
		figures.cost_per_correct = (double)figures.sums.cost_nano / right / NANO;
	}
	*ret_figures = figures;
}
