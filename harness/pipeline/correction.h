/* Layer 3. What follows for an evaluation when another legacy answer of its exchange counts. */
#ifndef UNDERSTUDY_PIPELINE_CORRECTION_H
#define UNDERSTUDY_PIPELINE_CORRECTION_H

#include "harness/pipeline/lane.h"
#include "harness/store/store.h"

struct correction {
	struct store *store;
	struct hash_key *sampling_key;
	struct interface_lane *lane;
	int64_t row; /* of the exchange; the store has the answer that counts now */
	struct arena *arena;
};

/* Inside a transaction. Waiting or unpaired: pending, or compared at once where the LLM reply was recorded. Compared in
 * the current evaluation period: compared again (shadow_correct); in a former one it stays, because its comparators
 * are gone. All else stays: a dead letter may be tried again, and then meets the new answer. *ret_returned: it was
 * unpaired. */
MUST_CHECK bool correction_apply(const struct correction *correction, struct candidate_lane *candidate,
				 bool *ret_returned, struct error *err);

#endif
