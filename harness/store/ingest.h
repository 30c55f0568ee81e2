/* Layer 2. Writing what comes from the spool: exchanges, deliveries, the tap's accounts, the reading position. */
#ifndef UNDERSTUDY_STORE_INGEST_H
#define UNDERSTUDY_STORE_INGEST_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

struct store_exchange {
	uint8_t exchange_id[16];
	uint8_t identity[16];
	bool has_identity;
	bool test;
	int64_t interface_id;
	int64_t event_time;
	int64_t captured_at;
	int32_t week;
	enum legacy_outcome legacy_outcome; /* of the answer that counts; LEGACY_AWAITED: there is none yet */
	int32_t legacy_status;
	int64_t legacy_latency_us; /* -1: unknown */
	struct span request;       /* bodies, as captured */
	struct span reply;
};

enum store_delivery { STORE_NEW, STORE_REVISION, STORE_DUPLICATE };

/* Inside a transaction. A duplicate has an exchange id that is stored; a revision has a new one and a stored identity,
 * and points at the newest exchange of that identity. New and revision: the exchange, its payload, the legacy rollups
 * (outcome, latency). *ret_id is the row of the new or, for a duplicate, of the stored exchange. Counts the delivery in
 * delivery_count at commit. */
MUST_CHECK bool store_exchange_add(struct store *store, const char *stream, const struct store_exchange *exchange,
				   int64_t *ret_id, enum store_delivery *ret_delivery, struct error *err);

/* Spans valid in the arena. The reply is that of the legacy answer that counts. */
MUST_CHECK bool store_payload(struct store *store, int64_t exchange, struct arena *arena, struct span *ret_request,
			      struct span *ret_reply, struct error *err);
/* The row without bodies. */
MUST_CHECK bool store_exchange_get(struct store *store, int64_t id, struct store_exchange *ret_exchange,
				   struct error *err);
/* Row id by the 16-byte exchange id; ERROR_MISSING if there is none. */
MUST_CHECK bool store_exchange_find(struct store *store, struct span exchange_id, int64_t *ret_id, struct error *err);

struct store_position {
	uint64_t segment;
	uint64_t offset;
	uint64_t sequence;
};
/* Zeros for a stream never read. */
MUST_CHECK bool store_position_get(struct store *store, const char *stream, struct store_position *ret_position,
				   struct error *err);
MUST_CHECK bool store_position_set(struct store *store, const char *stream, const struct store_position *position,
				   struct error *err);
/* Replaces the accounts of that interface in that stream and origin. What drops grew by is added to the week. */
struct store_account {
	uint64_t origin; /* of the ring that counted, at most 2^63 - 1; 0: no ring */
	int64_t at;
	int32_t week; /* of `at`, in the installation's zone; only of what is written */
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
};
MUST_CHECK bool store_account_set(struct store *store, const char *stream, int64_t interface_id,
				  const struct store_account *account, struct error *err);

/* First ledger of one interface over all streams. tap.seen = tap.committed + in_flight + drops; committed = stored +
 * duplicate + outcomes read + unclaimed + what is still in the spool (which the caller knows). As of the last commit;
 * zeros for an interface that nothing is known of. */
/* Late legacy answers: read = waiting + duplicate + joined + unpaired. Waiting is the number of rows; the others are
 * counted where they happen. */
struct store_outcomes {
	uint64_t read;
	uint64_t waiting;
	uint64_t duplicate;
	uint64_t joined;
	uint64_t unpaired;
	uint64_t closed;   /* of the joined: kept as a version only, because the week was closed */
	uint64_t returned; /* of the joined: brought back an exchange that was unpaired */
};
bool store_outcomes_tie_out(const struct store_outcomes *outcomes);
struct store_ledger {
	bool has_tap;             /* false: no account of any tap or replay yet */
	struct store_account tap; /* sums; at: the oldest */
	int64_t newest_at;        /* of the accounts */
	uint64_t stored;
	uint64_t duplicate;
	uint64_t revision;          /* of the stored */
	uint64_t stored_without;    /* of the stored: from streams that have no account yet */
	uint64_t duplicate_without; /* of the duplicates: likewise */
	struct store_outcomes outcomes;
	uint64_t outcome_without;    /* of the outcomes read: likewise */
	uint64_t duplicate_answered; /* of the duplicates: brought the answer that their exchange waited for */
	uint64_t unclaimed;          /* deliveries that wait for a contract (harness/store/unclaimed.h) */
	uint64_t unclaimed_without;  /* of these: from streams that have no account yet */
	bool unknown_reason;         /* tap_drop names a reason that does not exist: the store was tampered with */
};
MUST_CHECK bool store_ledger_get(struct store *store, int64_t interface_id, struct store_ledger *ret_ledger,
				 struct error *err);

#endif
