/* Layer 3. What the worker holds for each interface and candidate while it runs: contract, row ids, open calls. */
#ifndef UNDERSTUDY_PIPELINE_LANE_H
#define UNDERSTUDY_PIPELINE_LANE_H

#include "harness/contract/contract.h"
#include "harness/guard/budget.h"
#include "harness/paths/call.h"
#include "harness/store/store.h"

/* A result that the store has not taken yet, with its texts, in the lane's arena. */
struct held_result {
	struct held_result *next;
	struct call_result result;
};

struct candidate_lane {
	const struct contract_candidate *candidate;
	const struct provider *provider;
	int64_t id;          /* store row */
	int64_t epoch;       /* store row */
	struct calls *calls; /* NULL where the provider makes none */
	struct budget budget;
	int64_t cursor;           /* exchanges up to here were taken from the pending ones */
	struct held_result *held; /* paid for and not written yet, oldest first: no new call while there are any */
	struct held_result *held_last;
	size_t held_count;
	struct arena held_arena;
	bool exhausted; /* nothing was pending behind the cursor when last asked */
};

struct interface_lane {
	const struct contract *contract;
	int64_t id;                        /* store row */
	int64_t *fields;                   /* store rows, contract->field_count of them */
	struct candidate_lane *candidates; /* contract->candidate_count of them */
};

/* Looks up or adds the rows, inside a transaction of its own. `new_epoch`: a changed epoch may begin; otherwise a
 * change is ERROR_CONFIG that says what evidence would be lost. destroy accepts NULL. */
struct interface_lane *lane_create(struct store *store, const struct contract *contract, bool new_epoch, int64_t now,
				   struct error *err);
void lane_destroy(struct interface_lane *lane);
void lane_drop_held(struct candidate_lane *lane);

#endif
