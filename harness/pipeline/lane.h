/* Layer 3. What the worker holds for each interface and candidate while it runs: contract, row ids, open calls. */
#ifndef UNDERSTUDY_PIPELINE_LANE_H
#define UNDERSTUDY_PIPELINE_LANE_H

#include "harness/contract/contract.h"
#include "harness/guard/budget.h"
#include "harness/paths/call.h"
#include "harness/pipeline/drift_watch.h"
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
	int64_t epoch_started_at;
	/* Exchanges up to the cursor whose answer has come, in the order in which it did; the first ready_kept of them
	 * are committed, and ready_next was started last. */
	int64_t *ready;
	size_t ready_count;
	size_t ready_capacity;
	size_t ready_kept;
	size_t ready_next;
};

/* What tells one state of a file from another. */
struct watched_file {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t modified_s;
	int64_t modified_ns;
};

struct interface_lane {
	const struct contract *contract;
	int64_t id;                        /* store row */
	int64_t *fields;                   /* store rows, contract->field_count of them */
	struct candidate_lane *candidates; /* contract->candidate_count of them */
	struct drift_watch *watch;         /* of the contract drift of all paths */
	struct watched_file file;          /* the contract's, as last looked at */
	uint32_t shadow_ppm;               /* sampling.shadow in force */
	int shadow_floor;                  /* sampling.floor in force */
	bool has_own_keys;                 /* late answers find exchanges by what only the table correlation has */
	struct error notice;               /* what the operator should know about the contract's version; else unset */
	bool outcomes_wait;                /* late answers may wait for their exchange */
};

/* Looks up or adds the rows, inside a transaction of its own. `new_epoch`: a changed epoch may begin; otherwise a
 * change is ERROR_CONFIG that says what evidence would be lost. A version of the contract that was used with another
 * content is ERROR_CONFIG too (pipeline/freeze.h). destroy accepts NULL. */
struct interface_lane *lane_create(struct store *store, const struct contract *contract, bool new_epoch, int64_t now,
				   struct error *err);
void lane_destroy(struct interface_lane *lane);
void lane_drop_held(struct candidate_lane *lane);

/* An exchange that waited can be evaluated now: remembered where the cursor has passed it. It is started when that is
 * committed (lane_keep_ready) and forgotten when it is rolled back (lane_drop_ready). What does not fit is found when
 * the worker has nothing else to do. */
void lane_add_ready(struct candidate_lane *lane, int64_t row);
void lane_keep_ready(struct interface_lane *lane);
void lane_drop_ready(struct interface_lane *lane);
/* The next committed one; 0 where there is none. */
int64_t lane_next_ready(struct candidate_lane *lane);
/* From the first pending exchange again; only while no call is open. */
void lane_start_over(struct candidate_lane *lane);

#endif
