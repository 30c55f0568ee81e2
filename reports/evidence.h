/* Layer 4. What the store knows about one candidate, as counts: the numbers that the weekly report and the gate share.
 *
 * Everything is read from rollups, but labels, which are grouped in SQL. Test messages (test = 1) are left out, except
 * in the ledgers, which account for everything. Arrays are sorted by (week, epoch, ...), never by row ids of the store,
 * so that the order of arrival changes no byte of a report. All memory lies in the arena given to evidence_read. */
#ifndef UNDERSTUDY_REPORTS_EVIDENCE_H
#define UNDERSTUDY_REPORTS_EVIDENCE_H

#include "harness/contract/contract.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "harness/store/store.h"

/* Records of one week, evaluation period, side and probability of review. */
struct evidence_stratum {
	int32_t week;
	int32_t epoch; /* ordinal */
	enum store_side side;
	uint32_t pi_ppm;
	uint64_t records; /* N_h */
	uint64_t sampled;
	/* The sampled ones: both to neither are finally labelled. What is left of `sampled` has no review item yet. */
	uint64_t both;
	uint64_t llm_only;
	uint64_t legacy_only;
	uint64_t neither;
	uint64_t open;
	uint64_t conflict;
	uint64_t unlabelable;
};
uint64_t evidence_labelled(const struct evidence_stratum *stratum);
/* Sampled and not settled: neither final nor unlabelable. */
uint64_t evidence_unsettled(const struct evidence_stratum *stratum);

/* Compared transactions of one week and evaluation period: rollup_transaction and rollup_outcome. */
struct evidence_transactions {
	int32_t week;
	int32_t epoch;
	uint64_t compared;
	uint64_t replies;
	uint64_t contract_drift;
	uint64_t attempts;
	uint64_t tokens_input;
	uint64_t tokens_cache_read;
	uint64_t tokens_cache_write;
	uint64_t tokens_output;
	int64_t cost_nano;
	int64_t cost_nano_max;
	uint64_t outcomes[OUTCOME_COUNT];
};

/* Transactions whose cost is at most step thousandths of limits.usd_per_transaction. */
struct evidence_cost {
	int32_t week;
	int32_t epoch;
	int32_t step;
	uint64_t count;
};

/* Deliveries of one week, whatever their evaluation period. */
struct evidence_week {
	int32_t week;
	uint64_t states[EVALUATION_COUNT];
	uint64_t reasons[NOT_EVALUATED_COUNT]; /* of states[EVALUATION_NOT_EVALUATED] */
	uint64_t legacy[LEGACY_OUTCOME_COUNT]; /* outcomes of the legacy path */
	uint64_t drawn[SHADOW_RULE_COUNT];     /* exchanges with a draw for shadow work, by its rule */
	uint64_t chosen[SHADOW_RULE_COUNT];    /* of these */
};
uint64_t evidence_stored(const struct evidence_week *week); /* sum of the states */

struct evidence_epoch {
	int64_t id;
	int32_t ordinal;
	int64_t started_at;
	uint8_t hash[SHA256_SIZE];
	const char *description; /* canonical JSON */
};

/* What was dropped, by the week in which the tap's accounts said so. */
struct evidence_drops {
	int32_t week;
	uint64_t dropped[DROP_REASON_COUNT];
};

/* First ledger: exchanges of the interface, all streams. Each term is counted where it happens. */
struct evidence_tap_ledger {
	bool has_tap; /* false: nothing came through a tap yet */
	int64_t at;   /* oldest account */
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
	struct evidence_drops *drop_weeks; /* those that have any, ascending; less in sum where drops are older than
					      the store's version 3 */
	size_t drop_week_count;
	uint64_t in_spool;
	uint64_t unclaimed; /* read while no contract named the interface, and waiting for it */
	uint64_t stored;    /* of streams with an account, as the next two */
	uint64_t duplicate;
	uint64_t revision;       /* of the stored */
	uint64_t stored_without; /* of streams without an account: recorded messages */
	uint64_t duplicate_without;
	struct store_outcomes outcomes; /* late legacy answers of all streams */
	uint64_t outcome;               /* those of streams with an account: a term of committed */
	/* committed - stored - duplicate - outcome - unclaimed - in_spool. Above 0: deliveries are missing. Below 0:
	 * that many were read after the tap's last account, which is written when the ring is empty; nothing is
	 * missing. */
	int64_t missing;
	int64_t unseen; /* seen - committed - in_flight - dropped; must be 0 */
};
/* Second ledger: what became of the stored exchanges, production and test. */
struct evidence_candidate_ledger {
	uint64_t stored;
	uint64_t states[EVALUATION_COUNT];
	uint64_t reasons[NOT_EVALUATED_COUNT];
	uint64_t held_invalid; /* of the pending: held by an input gate, each counted for itself */
	uint64_t held_changed;
	uint64_t awaiting;  /* of the pending: the legacy answer has not come */
	uint64_t before;    /* stored without evaluation, captured before the candidate's first evaluation period */
	int64_t difference; /* stored - states - before; must be 0 */
};

struct evidence {
	int64_t interface_id;          /* 0: the store does not know it yet; everything is empty then */
	int64_t candidate_id;          /* 0: the same */
	struct evidence_epoch *epochs; /* by ordinal */
	size_t epoch_count;
	struct evidence_week *weeks;
	size_t week_count;
	struct evidence_stratum *strata;
	size_t stratum_count;
	struct evidence_transactions *transactions;
	size_t transaction_count;
	struct evidence_cost *costs;
	size_t cost_count;
	uint64_t test_messages;
	struct evidence_tap_ledger tap;
	struct evidence_candidate_ledger ledger;
	const char *fault; /* a sentence on rows that contradict each other; NULL: none */
};

/* Inside a read transaction. `in_spool`: records behind the reading position; count them before the transaction
 * begins, so that a worker in between cannot make records seem to be missing. */
MUST_CHECK bool evidence_read(struct arena *arena, struct store *store, const char *interface, const char *candidate,
			      uint64_t in_spool, struct evidence *ret_evidence, struct error *err);

/* Both ledgers tie out. */
bool evidence_accounted(const struct evidence *evidence);

/* --- closed weeks --- */
struct evidence_closing {
	int32_t week;
	bool over;          /* ended before as-of */
	uint64_t pending;   /* evaluations */
	uint64_t unsettled; /* sampled records of the current evaluation period */
	bool past_deadline; /* close_after_days after its end: unsettled records count as unlabelable */
	bool complete;      /* over, and nothing pending and nothing unsettled, or past the deadline */
	bool closed;        /* complete, and so are all weeks before it: weeks enter in order, as the guarantee asks */
};
/* The weeks of the newest evaluation period, ascending; *ret_weeks in the arena. */
MUST_CHECK bool evidence_close(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
			       const struct zone *zone, int64_t as_of, struct evidence_closing **ret_weeks,
			       size_t *ret_count, struct error *err);

/* Grows an array in the arena by one zeroed item: NULL without memory. */
void *evidence_push(struct arena *arena, void **items, size_t *count, size_t *capacity, size_t size);

#endif
