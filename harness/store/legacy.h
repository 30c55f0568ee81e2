/* Layer 2. Legacy answers that come apart from their message: versions of an exchange's answer, what joins them with
 * it, and how long either side waits for the other. Also the senders' idempotency keys.
 *
 * An exchange whose only answer came with its message costs nothing here: no table of this file has a row for it. The
 * first late answer makes version 1 of what came with the message and itself version 2. Versions are append-only; which
 * one counts is written apart (store_answer_count), and store_payload and store_exchange_get give that one.
 *
 * Everything that writes belongs between store_begin and store_commit. Keys are SHA-256 prefixes of STORE_KEY_SIZE
 * bytes, made by the caller. Spans are borrowed for the call. */
#ifndef UNDERSTUDY_STORE_LEGACY_H
#define UNDERSTUDY_STORE_LEGACY_H

#include "harness/base/vocabulary.h"
#include "harness/store/ingest.h"

enum { STORE_KEY_SIZE = 16 };

/* One answer, as its sender gave it. */
struct store_answer {
	enum legacy_outcome outcome; /* never LEGACY_AWAITED */
	int32_t status;              /* HTTP status, 0 where there is none */
	int64_t answered_at;         /* when it was made; seen_at where its sender does not say */
	bool is_dated;               /* its sender says when it was made */
	int64_t seen_at;             /* captured */
	bool is_readable;            /* the reply can be compared */
	uint8_t digest[STORE_KEY_SIZE];
	struct span reply;
};

/* --- versions --- */

/* Adds the next version. *ret_added is false where it was said before: a dated answer, by any version; another, by the
 * newest one. `exchange` as store_exchange_get gives it; `inline_readable`: can the reply that came with the message
 * be compared (for its version 1)? */
MUST_CHECK bool store_answer_add(struct store *store, int64_t id, const struct store_exchange *exchange,
				 bool inline_readable, const struct store_answer *answer, bool *ret_added,
				 struct error *err);

enum store_counting { COUNT_OLDEST, COUNT_NEWEST };
struct store_version {
	int64_t ordinal; /* 0: none */
	enum legacy_outcome outcome;
	int32_t status;
};
/* The oldest or newest by the time it was made (by the order of arrival where that is the same) among those made until
 * `until`; of readable ones where there are any. */
MUST_CHECK bool store_answer_choose(struct store *store, int64_t id, enum store_counting counting, int64_t until,
				    struct store_version *ret_version, struct error *err);
/* From now on this version counts: exchange, rollup_legacy, legacy_counting. *ret_changed: another one did before. */
MUST_CHECK bool store_answer_count(struct store *store, int64_t id, const struct store_version *version,
				   bool *ret_changed, struct error *err);
/* Replaces *reply, the one that came with the message, by that of the version that counts, where there is another. */
MUST_CHECK bool store_answer_reply(struct store *store, int64_t id, struct arena *arena, struct span *reply,
				   struct error *err);

/* --- what joins --- */
MUST_CHECK bool store_correlation_add(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
				      int64_t exchange, struct error *err);
/* Newest exchange of the key or of the identity; 0 where there is none. */
MUST_CHECK bool store_correlation_find(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
				       int64_t *ret_exchange, struct error *err);
MUST_CHECK bool store_identity_find(struct store *store, const uint8_t identity[16], int64_t *ret_exchange,
				    struct error *err);

/* --- exchanges that wait --- */
MUST_CHECK bool store_awaited_add(struct store *store, int64_t interface_id, int64_t captured_at, int64_t exchange,
				  struct error *err);
/* *ret_removed: it was there. */
MUST_CHECK bool store_awaited_remove(struct store *store, int64_t interface_id, int64_t captured_at, int64_t exchange,
				     bool *ret_removed, struct error *err);
/* Captured at `until` or before, oldest first, at most `limit`. */
MUST_CHECK bool store_awaited_expired(struct store *store, int64_t interface_id, int64_t until, size_t limit,
				      int64_t *ids, size_t *ret_count, struct error *err);
/* Newest captured_at of those that wait; 0: none does. */
MUST_CHECK bool store_awaited_last(struct store *store, int64_t interface_id, int64_t *ret_captured_at,
				   struct error *err);

/* --- outcomes that wait --- */

/* *ret_added is false where the same answer waits already (as with store_answer_add). */
MUST_CHECK bool store_outcome_wait(struct store *store, const char *stream, int64_t interface_id,
				   const uint8_t key[STORE_KEY_SIZE], const struct store_answer *answer,
				   bool *ret_added, struct error *err);
MUST_CHECK bool store_outcome_waits(struct store *store, int64_t interface_id, bool *ret_any, struct error *err);
/* Takes the oldest waiting answer of the key; *ret_stream in the arena, NULL where none is left. */
MUST_CHECK bool store_outcome_take(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
				   struct arena *arena, struct store_answer *ret_answer, char **ret_stream,
				   struct error *err);
/* Those captured at `until` or before end as unpaired; at most `limit`, *ret_count of them. */
MUST_CHECK bool store_outcome_expire(struct store *store, int64_t interface_id, int64_t until, size_t limit,
				     size_t *ret_count, struct error *err);

/* --- deliveries --- */
enum store_outcome_end {
	STORE_OUTCOME_READ, /* every late answer, once */
	STORE_OUTCOME_DUPLICATE,
	STORE_OUTCOME_JOINED,
	STORE_OUTCOME_UNPAIRED,
	STORE_OUTCOME_CLOSED,
	STORE_OUTCOME_RETURNED,
};
/* Written at commit. */
void store_outcome_count(struct store *store, const char *stream, int64_t interface_id, enum store_outcome_end end);
/* An exchange known again by its idempotency key. */
void store_duplicate_count(struct store *store, const char *stream, int64_t interface_id);
/* Of the duplicates, counted already: brought the answer that its exchange waited for. */
void store_duplicate_answered_count(struct store *store, const char *stream, int64_t interface_id);

/* *ret_added is false where the key is there. */
MUST_CHECK bool store_idempotency_add(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
				      int64_t stored_at, bool *ret_added, struct error *err);
/* Forgets those stored at `until` or before; at most `limit`, *ret_count of them. */
MUST_CHECK bool store_idempotency_expire(struct store *store, int64_t interface_id, int64_t until, size_t limit,
					 size_t *ret_count, struct error *err);

#endif
