#include "reports/gate_evidence.h"

#include "evaluators/stats/sum.h"

#include <math.h>

enum { ONE = 1000000, STEPS = 1000 };

bool gate_agreement_is_exact(const struct contract *contract)
{
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct evaluator *evaluator = contract->fields[i].comparator.evaluator;
		if (!evaluator->agreement_is_exact && !evaluator->ignores_values) {
			return false;
		}
	}
	return true;
}

struct tallies {
	struct stats_tally go;
	struct stats_tally against;
	struct error *err;
};

static bool add_both(struct tallies *tallies, struct stats_cell cell, uint64_t count)
{
	cell.count = count;
	return count == 0 || (stats_tally_add(&tallies->go, &cell, tallies->err) &&
			      stats_tally_add(&tallies->against, &cell, tallies->err));
}

/* Sampled records with outcome g. */
static bool add_outcome(struct tallies *tallies, const struct evidence_stratum *stratum, int32_t f, int32_t g,
			uint64_t count)
{
	return add_both(tallies,
			(struct stats_cell){.g_micro = g, .f_micro = f, .pi_ppm = stratum->pi_ppm, .sampled = true},
			count);
}

/* Unlabelable: the worst for GO in one tally, the best in the other. */
static bool add_unknown(struct tallies *tallies, const struct evidence_stratum *stratum, int32_t f, int32_t worst,
			int32_t best)
{
	struct stats_cell cell = {.g_micro = worst, .f_micro = f, .pi_ppm = stratum->pi_ppm, .sampled = true};
	cell.count = stratum->unlabelable + evidence_unsettled(stratum);
	if (cell.count == 0) {
		return true;
	}
	if (!stats_tally_add(&tallies->go, &cell, tallies->err)) {
		return false;
	}
	cell.g_micro = best;
	return stats_tally_add(&tallies->against, &cell, tallies->err);
}

/* Records whose score is their prediction: not sampled, or known without a label. */
static bool add_predicted(struct tallies *tallies, const struct evidence_stratum *stratum, int32_t f, uint64_t count)
{
	return add_both(tallies, (struct stats_cell){.f_micro = f, .pi_ppm = stratum->pi_ppm}, count);
}

static bool add_accuracy(struct tallies *tallies, const struct evidence_stratum *stratum)
{
	if (stratum->side == SIDE_INVALID) {
		return add_predicted(tallies, stratum, 0, stratum->records);
	}
	return add_predicted(tallies, stratum, ONE, stratum->records - stratum->sampled) &&
	       add_outcome(tallies, stratum, ONE, ONE, stratum->both + stratum->llm_only) &&
	       add_outcome(tallies, stratum, ONE, 0, stratum->legacy_only + stratum->neither) &&
	       add_unknown(tallies, stratum, ONE, 0, ONE);
}

static bool add_difference(struct tallies *tallies, const struct evidence_stratum *stratum, bool exact)
{
	if (exact && stratum->side == SIDE_AGREE) {
		return add_predicted(tallies, stratum, 0, stratum->records);
	}
	int32_t best = stratum->side == SIDE_INVALID ? 0 : ONE;
	return add_predicted(tallies, stratum, 0, stratum->records - stratum->sampled) &&
	       add_outcome(tallies, stratum, 0, ONE, stratum->llm_only) &&
	       add_outcome(tallies, stratum, 0, -ONE, stratum->legacy_only) &&
	       add_outcome(tallies, stratum, 0, 0, stratum->both + stratum->neither) &&
	       add_unknown(tallies, stratum, 0, -ONE, best);
}

static bool needs_labels(const struct evidence_stratum *stratum, enum gate_target target, bool exact)
{
	return target == GATE_ACCURACY ? stratum->side != SIDE_INVALID : !exact || stratum->side != SIDE_AGREE;
}

static bool copy_cells(struct arena *arena, const struct stats_tally *tally, struct stats_score_cell **ret_cells,
		       size_t *ret_count, struct error *err)
{
	*ret_cells = arena_allocate_array(arena, tally->count + 1, sizeof(**ret_cells));
	if (*ret_cells == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the gate's scores");
	}
	stats_tally_scores(tally, *ret_cells);
	*ret_count = tally->count;
	return true;
}

static bool tally_records(struct tallies *tallies, const struct evidence *evidence, const struct contract *contract,
			  enum gate_target target, int32_t epoch, int32_t last_week, struct gate_scores *scores)
{
	bool exact = gate_agreement_is_exact(contract);
	double expected = 0;
	for (size_t i = 0; i < evidence->stratum_count; i++) {
		const struct evidence_stratum *stratum = &evidence->strata[i];
		if (stratum->epoch != epoch || stratum->week > last_week) {
			continue;
		}
		if (!(target == GATE_ACCURACY ? add_accuracy(tallies, stratum)
					      : add_difference(tallies, stratum, exact))) {
			return false;
		}
		scores->records += stratum->records;
		if (needs_labels(stratum, target, exact)) {
			scores->labelled += evidence_labelled(stratum);
			expected += (double)stratum->records * stratum->pi_ppm / ONE;
		}
	}
	scores->label_rate = scores->records > 0 ? expected / (double)scores->records : 0;
	return true;
}

static bool read_labels(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
			enum gate_target target, int32_t epoch, int32_t last_week, struct gate_scores *scores,
			struct error *err)
{
	uint32_t least = contract->pi_min_disagree_ppm;
	if ((target == GATE_ACCURACY || !gate_agreement_is_exact(contract)) && contract->pi_min_agree_ppm < least) {
		least = contract->pi_min_agree_ppm;
	}
	double most = (double)ONE / (double)(least > 0 ? least : 1);
	scores->m = target == GATE_ACCURACY ? contract->gate_accuracy : -contract->gate_margin;
	scores->lo = target == GATE_ACCURACY ? 1 - most : -most;
	scores->hi = target == GATE_ACCURACY ? 1 : most;
	struct tallies tallies = {.err = err};
	stats_tally_init(&tallies.go);
	stats_tally_init(&tallies.against);
	bool done = tally_records(&tallies, evidence, contract, target, epoch, last_week, scores) &&
		    copy_cells(arena, &tallies.go, &scores->cells, &scores->count, err) &&
		    copy_cells(arena, &tallies.against, &scores->against, &scores->against_count, err);
	stats_tally_finish(&tallies.go);
	stats_tally_finish(&tallies.against);
	return done;
}

/* --- censuses --- */

static void read_drift(const struct evidence *evidence, int32_t epoch, int32_t last_week, struct gate_scores *scores)
{
	uint64_t deviating = 0;
	for (size_t i = 0; i < evidence->transaction_count; i++) {
		const struct evidence_transactions *sums = &evidence->transactions[i];
		if (sums->epoch == epoch && sums->week <= last_week) {
			deviating += sums->contract_drift;
			scores->records += sums->replies;
		}
	}
	if (scores->records > 0) {
		scores->cells[0] = (struct stats_score_cell){0, deviating};
		scores->cells[1] = (struct stats_score_cell){1, scores->records - deviating};
		scores->count = 2;
	}
}

static void read_cost(const struct evidence *evidence, int32_t epoch, int32_t last_week, struct gate_scores *scores)
{
	uint64_t steps[STEPS + 1] = {0};
	for (size_t i = 0; i < evidence->cost_count; i++) {
		const struct evidence_cost *cost = &evidence->costs[i];
		if (cost->epoch == epoch && cost->week <= last_week) {
			steps[cost->step < 0 ? 0 : cost->step > STEPS ? STEPS : cost->step] += cost->count;
		}
	}
	for (int step = STEPS; step >= 0; step--) {
		if (steps[step] > 0) {
			scores->cells[scores->count++] =
				(struct stats_score_cell){(double)(STEPS - step) / STEPS, steps[step]};
			scores->records += steps[step];
		}
	}
}

bool gate_scores_read(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
		      enum gate_target target, int32_t epoch, int32_t last_week, struct gate_scores *ret_scores,
		      struct error *err)
{
	struct gate_scores scores = {.hi = 1};
	if (target == GATE_DIFFERENCE || target == GATE_ACCURACY) {
		if (!read_labels(arena, evidence, contract, target, epoch, last_week, &scores, err)) {
			return false;
		}
		*ret_scores = scores;
		return true;
	}
	scores.cells = arena_allocate_array(arena, STEPS + 1, sizeof(*scores.cells));
	if (scores.cells == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the gate's scores");
	}
	if (target == GATE_CONTRACT_DRIFT) {
		scores.m = 1 - contract->gate_contract_drift;
		read_drift(evidence, epoch, last_week, &scores);
	} else {
		scores.m = 1 - (double)contract->gate_cost_per_transaction_nano /
				       (double)contract->limit_cost_per_transaction_nano;
		read_cost(evidence, epoch, last_week, &scores);
	}
	scores.against = scores.cells;
	scores.against_count = scores.count;
	*ret_scores = scores;
	return true;
}

double gate_scores_mean(const struct gate_scores *scores)
{
	struct stats_sum sum = {0};
	uint64_t records = 0;
	for (size_t i = 0; i < scores->count; i++) {
		stats_sum_add(&sum, scores->cells[i].y * (double)scores->cells[i].count);
		records += scores->cells[i].count;
	}
	return records > 0 ? stats_sum_value(sum) / (double)records : (double)NAN;
}
