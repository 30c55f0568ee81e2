/* Layer 3. Which exchanges the LLM path is asked about (sampling.shadow, sampling.floor).
 *
 * The first `floor` exchanges of an operation (method and path of the request target, without the query) in a minute of
 * capture are taken for certain: what came before decides that, not their own coin, so their probability is 1 given the
 * order of arrival, and that is what is stored. All others are taken with probability `shadow` by a keyed coin of the
 * exchange id (baselines/sampling.h). The probability is stored before anything else is done. Where the share is 1,
 * nothing is drawn and nothing stored.
 *
 * Estimates are about the exchanges that were compared (STATISTICS.md section 0): nothing is weighted with these
 * probabilities, and reports say how many were left out. With a floor, rare operations weigh more among the compared
 * ones than in the traffic. */
#ifndef UNDERSTUDY_PIPELINE_DRAW_H
#define UNDERSTUDY_PIPELINE_DRAW_H

#include "harness/pipeline/message.h"
#include "harness/pipeline/worker_internal.h"

/* Inside the transaction that stored the exchange. */
MUST_CHECK bool draw_shadow(struct worker *worker, const struct interface_lane *lane,
			    const struct spool_exchange *captured, const struct message *message, int64_t row,
			    bool *ret_chosen, struct error *err);

#endif
