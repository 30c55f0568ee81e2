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
	int64_t captured_at;
	const struct json_node *legacy; /* the decoded legacy reply; NULL: the legacy path failed */
	bool legacy_is_read;            /* `legacy` is set; for shadow_finish_recorded */
};

/* Inside a transaction: compares and writes the evaluation, its part in the series of contract drift, its records,
 * field verdicts, review items and the day's spend. What cannot be compared becomes a dead letter. `is_pending`: the
 * evaluation's row exists. The budget is the caller's. */
MUST_CHECK bool shadow_finish(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
			      const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
			      const struct call_result *result, bool is_pending, struct arena *arena,
			      struct error *err);

/* A recorded reply of the LLM path; empty: there was none, which is a failure in transport. A legacy reply that cannot
 * be compared makes a dead letter. `exchange->legacy` need not be set: without legacy_is_read it is read here. */
MUST_CHECK bool shadow_finish_recorded(struct store *store, struct hash_key *sampling_key,
				       const struct interface_lane *lane, const struct candidate_lane *candidate,
				       const struct shadow_exchange *exchange, enum legacy_outcome legacy_outcome,
				       struct span legacy_reply, struct span reply, bool is_pending,
				       struct arena *arena, struct error *err);

/* Makes a comparison of the current evaluation period again, because another legacy answer counts: with the LLM reply
 * that is stored, without a call and without cost. Records, field differences, rollups and values under review become
 * those of the new answer. Labels and review items stay: a label says what is true, not what a path said. What cannot
 * be made again (the reply was purged) stays as it is.
 *
 * Probability of review: the coin of a record is a permanent random number and is never drawn anew. A record that
 * moves to a side with a higher probability takes that one; with a lower one it keeps what it has; so nothing that was
 * chosen is let go. That is still Poisson sampling with exactly the probability on the record: P(coin < max(pi, pi'))
 * whatever the first draw said, for the chosen and the others alike. (To leave the chosen ones at pi and draw only the
 * others with pi' would give the estimate of STATISTICS.md section 2.2 a bias: pi/pi + (pi' - pi)/pi' is not 1. To
 * leave all at pi would keep it right, but break pi >= pi_min of the side, on which the gate's guarantee rests.) The
 * new probability follows from what the two paths said and from no label, so it is as good as if it had been fixed
 * before; what it assumes is that a review does not make anybody repair a legacy answer. */
MUST_CHECK bool shadow_correct(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
			       const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
			       enum outcome outcome, struct arena *arena, struct error *err);

/* Inside a transaction: counts the values of the legacy reply in its profile. Once for each exchange, with the first
 * answer that counts; corrections are not counted. What is no JSON is passed over. `root`: its document where somebody
 * has read it already; NULL: read here. */
MUST_CHECK bool shadow_count_legacy(struct store *store, const struct interface_lane *lane,
				    const struct store_exchange *exchange, struct span reply,
				    const struct json_node *root, struct arena *arena, struct error *err);

/* The legacy reply's document; NULL where the outcome is a failure or the body is empty. A good outcome with a body
 * that is not JSON is ERROR_FORMAT: it may be ours to mend (a wrong path in tap.match, a content coding), so it is set
 * aside and never counted against the legacy path. */
MUST_CHECK bool shadow_legacy(enum legacy_outcome outcome, struct span reply, struct arena *arena,
			      const struct json_node **ret_root, struct error *err);

#endif
