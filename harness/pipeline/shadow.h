/* Layer 3. One exchange's result for one candidate, from the call's outcome to rows: compare, sample, write.
 * The same for live calls and for recorded replies. */
#ifndef UNDERSTUDY_PIPELINE_SHADOW_H
#define UNDERSTUDY_PIPELINE_SHADOW_H

#include "harness/base/hash.h"
#include "harness/pipeline/lane.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"

/* The exchange that a result belongs to. */
struct shadow_exchange {
	int64_t row;
	const uint8_t *exchange_id; /* 16 bytes */
	int32_t week;
	bool test;
	const struct json_node *legacy; /* the decoded legacy reply; NULL: the legacy path failed */
};

/* Inside a transaction: compares and writes the evaluation, its records, field verdicts, review items and the day's
 * spend. What cannot be compared becomes a dead letter. `is_pending`: the evaluation's row exists. The budget is the
 * caller's. */
MUST_CHECK bool shadow_finish(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
			      const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
			      const struct call_result *result, bool is_pending, struct arena *arena,
			      struct error *err);

/* The legacy reply's document; NULL where the outcome is a failure or the body is empty. A good outcome with a body
 * that is not JSON is ERROR_FORMAT: it may be ours to mend (a wrong path in tap.match, a content coding), so it is set
 * aside and never counted against the legacy path. */
MUST_CHECK bool shadow_legacy(enum legacy_outcome outcome, struct span reply, struct arena *arena,
			      const struct json_node **ret_root, struct error *err);

#endif
