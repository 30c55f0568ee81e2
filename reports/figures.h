/* Layer 4, private to reports: the figures of one period (a week, or the whole range) for one candidate.
 *
 * Every interval here is `fixed-time 95%`: a description of the period, not something to stop by. */
#ifndef UNDERSTUDY_REPORTS_FIGURES_H
#define UNDERSTUDY_REPORTS_FIGURES_H

#include "evaluators/stats/histogram.h"
#include "evaluators/stats/stratified.h"
#include "reports/gate.h"

struct figures {
	int32_t from_week;
	int32_t to_week;

	/* Exchanges. */
	uint64_t stored;
	uint64_t states[EVALUATION_COUNT];
	uint64_t reasons[NOT_EVALUATED_COUNT];
	uint64_t legacy[LEGACY_OUTCOME_COUNT];
	uint64_t drawn[SHADOW_RULE_COUNT]; /* with a draw for shadow work, by its rule; of all others none was made */
	uint64_t chosen[SHADOW_RULE_COUNT];
	double coverage; /* compared / (stored - sampled out); NaN without exchanges */

	/* Compared transactions. */
	struct evidence_transactions sums;
	struct stats_interval drift; /* Wilson, as of a process; the rate itself is a census */
	double drift_rate;
	double cost;             /* per transaction, currency units; NaN without transactions */
	double cost_per_correct; /* per correct record; NaN without an estimate of accuracy */

	/* Records. */
	uint64_t records;
	uint64_t sides[SIDE_COUNT];
	uint64_t sampled;
	uint64_t labelled;
	uint64_t unlabelable;
	uint64_t unsettled;
	uint64_t pairs[4]; /* of the labelled: both right, LLM only, legacy only, neither */
	double disagreement_rate;
	struct stats_estimate llm; /* post-stratified, MOVER-Wilson */
	struct stats_estimate legacy_accuracy;
	struct stats_estimate difference; /* MOVER-Tango */
	bool estimated;                   /* some record is labelled: the three above mean something */

	/* Shown greyed, to say why they are wrong: no weights. NaN without labels. */
	double naive_pooled;
	double naive_disagreements;
};

/* Weeks from_week to to_week, both included. */
void figures_compute(const struct evidence *evidence, const struct contract *contract, int32_t from_week,
		     int32_t to_week, struct figures *ret_figures);

#endif
