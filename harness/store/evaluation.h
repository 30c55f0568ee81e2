/* Layer 2. Writing what the shadow path finds out: evaluations, records, differences, review items, and their rollups.
 * Rollups are gathered in memory and written by store_commit, so everything that counts must be called between
 * store_begin and store_commit (anything else is a bug and aborts). When a function fails with another code than
 * ERROR_MISSING, roll back. Spans are borrowed for the call only. `week` and `test` are those of the exchange. */
#ifndef UNDERSTUDY_STORE_EVALUATION_H
#define UNDERSTUDY_STORE_EVALUATION_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

enum store_side { SIDE_AGREE, SIDE_DISAGREE, SIDE_INVALID, SIDE_COUNT };

/* Adds the row in state pending; nothing where it exists already. */
MUST_CHECK bool store_evaluation_add(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
				     struct error *err);
/* Adds or moves the row to dead_letter, not_evaluated or unpaired. `reason`: enum not_evaluated or -1; `detail` may be
 * empty. Moves only from pending; false with ERROR_MISSING otherwise. */
MUST_CHECK bool store_evaluation_close(struct store *store, int64_t exchange, int64_t candidate, int32_t week,
				       bool test, enum evaluation state, int reason, struct span detail,
				       struct error *err);
/* Dead letters of one candidate back to pending; *ret_count rows. candidate 0: all. Where the legacy answer is awaited
 * they wait for it. */
MUST_CHECK bool store_evaluation_retry(struct store *store, int64_t candidate, int64_t *ret_count, struct error *err);

struct store_evaluation {
	int64_t exchange;
	int64_t candidate;
	int64_t interface_id;
	int64_t epoch;
	int32_t week;
	bool test;
	bool is_pending; /* the row exists in state pending (else it is added) */
	enum outcome outcome;
	enum verdict verdict;
	bool has_reply; /* a reply came, whatever it was worth: counts in the drift rate's denominator */
	bool contract_drift;
	int64_t latency_us;
	int attempts;
	int64_t tokens_input;
	int64_t tokens_cache_read;
	int64_t tokens_cache_write;
	int64_t tokens_output;
	int64_t cost_nano;
	int64_t cost_limit_nano; /* limits.usd_per_transaction: scale of the cost steps; 0: none, no cost cells */
	struct span detail;
	struct span reply; /* the model's text; stored compressed */
};
/* State compared. ERROR_MISSING where is_pending and there is no pending row (someone else finished it). */
MUST_CHECK bool store_evaluation_finish(struct store *store, const struct store_evaluation *evaluation,
					struct error *err);

/* The model's text as first received, in the arena. ERROR_MISSING where there is none. */
MUST_CHECK bool store_evaluation_reply(struct store *store, int64_t exchange, int64_t candidate, struct arena *arena,
				       struct span *ret_reply, struct error *err);

struct store_record {
	int64_t exchange;
	int64_t candidate;
	int64_t epoch;
	int32_t week;
	bool test;
	struct span key;
	enum verdict verdict;
	enum store_side side;
	uint32_t pi_ppm;
	bool sampled;
};
MUST_CHECK bool store_record_add(struct store *store, const struct store_record *record, struct error *err);

/* One field of a record. The row is written only where the verdict is not agree; the rollup always counts.
 * Values are JSON text; data NULL: absent. */
MUST_CHECK bool store_field_add(struct store *store, const struct store_record *record, int64_t field,
				enum verdict verdict, struct span legacy_value, struct span llm_value,
				struct error *err);

/* The review task of a record; added if it is not there. */
MUST_CHECK bool store_review_item_add(struct store *store, int64_t exchange, struct span key, int32_t week,
				      bool overlap, int64_t *ret_item, struct error *err);
/* Keeps the first value where the row exists. path 0: legacy, else the candidate. */
MUST_CHECK bool store_review_value_add(struct store *store, int64_t item, int64_t path, int64_t field,
				       struct span value, struct error *err);

/* Exchanges pending for the candidate with id > after, ascending, at most `limit`, into ids; *ret_count. Without those
 * that wait for the legacy answer, here and in the next. */
MUST_CHECK bool store_pending(struct store *store, int64_t candidate, int64_t after, size_t limit, int64_t *ids,
			      size_t *ret_count, struct error *err);
/* As of the last commit; one small sum, however many there are. */
MUST_CHECK bool store_pending_count(struct store *store, int64_t candidate, int64_t *ret_count, struct error *err);

#endif
