/* Layer 3. Replies of both paths on their way into the series of contract drift: classified, written, watched. */
#ifndef UNDERSTUDY_PIPELINE_REPLY_DRIFT_H
#define UNDERSTUDY_PIPELINE_REPLY_DRIFT_H

#include "evaluators/drift/drift.h"
#include "harness/pipeline/lane.h"
#include "harness/store/ingest.h"

/* What an LLM reply is held to. Borrows the contract. */
struct drift_contract reply_drift_contract(const struct contract *contract);

/* An LLM reply that came, inside the transaction that finishes its evaluation. `model`: as the provider reports it. */
struct reply_place {
	int64_t exchange;
	int64_t captured_at;
	int32_t week;
	bool test;
};
MUST_CHECK bool reply_drift_count(struct store *store, const struct interface_lane *lane,
				  const struct candidate_lane *candidate, const struct reply_place *place,
				  struct span model, const struct drift_report *report, struct error *err);

/* Legacy replies are held to contract->legacy_schema. Counted is an answer with a body, whatever was made of the
 * message; a failed, parked or awaited one is none. What is not JSON counts as deviating: it may be ours to mend, and
 * whoever is told will see. */

/* A new exchange, after its answers were joined with it: *ret_root is the document of its reply, where it is JSON (so
 * that it need not be read again), else NULL. */
MUST_CHECK bool reply_drift_count_legacy(struct store *store, const struct interface_lane *lane, int64_t row,
					 const struct store_exchange *exchange, struct span reply, struct arena *arena,
					 const struct json_node **ret_root, struct error *err);

/* Another answer counts. Before that is written: what counts until now. */
struct legacy_reply {
	bool readable; /* false: it was purged, and nothing is changed */
	bool counted;
};
MUST_CHECK bool reply_drift_former(struct store *store, const struct interface_lane *lane, int64_t row,
				   const struct store_exchange *exchange, struct arena *arena,
				   struct legacy_reply *ret_former, struct error *err);
/* After it: the former reply leaves the series, the new one enters the series of the same source. */
MUST_CHECK bool reply_drift_replace(struct store *store, const struct interface_lane *lane, int64_t row,
				    const struct legacy_reply *former, struct arena *arena, struct error *err);

#endif
