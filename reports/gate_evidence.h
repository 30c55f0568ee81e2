/* Layer 4, private to reports: the scores of one gate condition over the closed weeks of an evaluation period. */
#ifndef UNDERSTUDY_REPORTS_GATE_EVIDENCE_H
#define UNDERSTUDY_REPORTS_GATE_EVIDENCE_H

#include "evaluators/stats/tally.h"
#include "reports/gate.h"

/* H0: mean of Y <= m, Y in [lo, hi]. */
struct gate_scores {
	struct stats_score_cell *cells;   /* unlabelable records count against GO */
	struct stats_score_cell *against; /* and here against NO-GO */
	size_t count, against_count;
	double m, lo, hi;
	uint64_t records;
	uint64_t labelled;
	double label_rate; /* expected labels for each further record */
};

bool gate_agreement_is_exact(const struct contract *contract);

/* Scores of epoch `epoch` over the weeks up to and with `last_week`, in the arena. */
MUST_CHECK bool gate_scores_read(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
				 enum gate_target target, int32_t epoch, int32_t last_week,
				 struct gate_scores *ret_scores, struct error *err);
/* Mean of Y; NaN without records. */
double gate_scores_mean(const struct gate_scores *scores);

#endif
