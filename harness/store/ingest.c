/* Exchanges and payloads, reading positions, and the first ledger. */
#include "harness/store/ingest.h"

#include "harness/base/loglinear.h"
#include "harness/store/internal.h"
#include "harness/store/legacy.h"

static struct span bytes16(const uint8_t *bytes)
{
	return (struct span){(const char *)bytes, 16};
}

static struct span or_empty(struct span text)
{
	return text.data != NULL ? text : SPAN("");
}

static bool find_id(struct store *store, const char *sql, struct span hash, int64_t *ret_id, bool *ret_found,
		    struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_blob(statement, 1, hash);
	if (!statement_one_row(statement, ret_found, err)) {
		return false;
	}
	if (*ret_found) {
		*ret_id = statement_integer(statement, 0);
	}
	statement_reset(statement);
	return true;
}

/* Row of the exchange id. */
static bool find_exchange(struct store *store, struct span exchange_id, int64_t *ret_id, bool *ret_found,
			  struct error *err)
{
	return find_id(store, "SELECT id FROM exchange WHERE exchange_id = ?", exchange_id, ret_id, ret_found, err);
}

/* Newest row of the identity; 0 where there is none. */
static bool find_former(struct store *store, const struct store_exchange *exchange, int64_t *ret_former,
			struct error *err)
{
	*ret_former = 0;
	bool found = false;
	return !exchange->has_identity ||
	       find_id(store,
		       "SELECT id FROM exchange WHERE substr(identity, 1, 6) = substr(?1, 1, 6) AND identity = ?1 "
		       "ORDER BY id DESC LIMIT 1",
		       bytes16(exchange->identity), ret_former, &found, err);
}

/* Adds nothing where the exchange id is there already; then *ret_added is false. */
static bool insert_exchange(struct store *store, const struct store_exchange *exchange, int64_t former, bool *ret_added,
			    struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO exchange (exchange_id, identity, interface_id, revision_of, event_time, captured_at, "
		"week, test, legacy_outcome, legacy_status, legacy_latency_us) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (exchange_id) DO NOTHING",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_blob(statement, 1, bytes16(exchange->exchange_id));
	if (exchange->has_identity) {
		statement_borrow_blob(statement, 2, bytes16(exchange->identity));
	}
	statement_bind_integer(statement, 3, exchange->interface_id);
	if (former != 0) {
		statement_bind_integer(statement, 4, former);
	}
	statement_bind_integer(statement, 5, exchange->event_time);
	statement_bind_integer(statement, 6, exchange->captured_at);
	statement_bind_integer(statement, 7, exchange->week);
	statement_bind_integer(statement, 8, exchange->test);
	statement_bind_integer(statement, 9, exchange->legacy_outcome);
	statement_bind_integer(statement, 10, exchange->legacy_status);
	statement_bind_integer(statement, 11, exchange->legacy_latency_us);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_added = store_changes(store) > 0;
	return true;
}

bool store_pack_body(struct store *store, int64_t interface_id, struct span first, struct span second,
		     struct packed_body *ret_packed, struct error *err)
{
	struct span body;
	enum encoding encoding;
	int64_t dictionary_id = 0;
	const struct dictionary *dictionary = NULL;
	if (!dictionary_for_interface(store, interface_id, first, second, &dictionary_id, &dictionary, err) ||
	    !compressor_pack(store->compressor, dictionary, first, second, &body, &encoding, err)) {
		return false;
	}
	*ret_packed = (struct packed_body){
		.encoding = encoding == ENCODING_PLAIN ? ENCODING_PLAIN : ENCODING_ZSTD + dictionary_id,
		.size = (int64_t)(first.length + second.length),
		.body = body,
	};
	return true;
}

bool store_unpack_body(struct store *store, const struct packed_body *packed, struct arena *arena,
		       struct span *ret_content, struct error *err)
{
	const struct dictionary *dictionary = NULL;
	if (packed->size < 0 || packed->size > 2 * (int64_t)INT32_MAX) {
		return error_set(err, ERROR_FORMAT, "a stored payload is damaged; restore a copy of the store");
	}
	if (packed->encoding > ENCODING_ZSTD &&
	    !dictionary_by_id(store, packed->encoding - ENCODING_ZSTD, &dictionary, err)) {
		return false;
	}
	enum encoding kind = packed->encoding == ENCODING_PLAIN ? ENCODING_PLAIN : ENCODING_ZSTD;
	return compressor_unpack(store->compressor, dictionary, kind, packed->body, (size_t)packed->size, arena,
				 ret_content, err);
}

static bool insert_payload(struct store *store, int64_t id, int64_t interface_id, struct span request,
			   struct span reply, struct error *err)
{
	struct packed_body packed;
	struct statement *statement = store_statement(
		store, "INSERT INTO payload (id, encoding, request_size, reply_size, body) VALUES (?, ?, ?, ?, ?)",
		err);
	if (statement == NULL || !store_pack_body(store, interface_id, request, reply, &packed, err)) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	statement_bind_integer(statement, 2, packed.encoding);
	statement_bind_integer(statement, 3, (int64_t)request.length);
	statement_bind_integer(statement, 4, (int64_t)reply.length);
	statement_borrow_blob(statement, 5, packed.body);
	return statement_run(statement, err);
}

void store_count_delivery(struct store *store, const char *stream, int64_t interface_id, enum delivery_sum what)
{
	int64_t key[ROLLUP_KEY_MAX] = {rollup_stream(store->rollup, stream), interface_id};
	rollup_sums(store->rollup, ROLLUP_DELIVERY, key)[what]++;
}

static void count_exchange(struct store *store, const char *stream, int64_t interface_id, enum store_delivery delivery)
{
	store_count_delivery(store, stream, interface_id,
			     delivery == STORE_DUPLICATE ? DELIVERY_DUPLICATE : DELIVERY_STORED);
	if (delivery == STORE_REVISION) {
		store_count_delivery(store, stream, interface_id, DELIVERY_REVISION);
	}
}

static void count_legacy(struct store *store, const struct store_exchange *exchange)
{
	int64_t outcome[ROLLUP_KEY_MAX] = {exchange->interface_id, exchange->week, exchange->test,
					   (int64_t)exchange->legacy_outcome};
	rollup_sums(store->rollup, ROLLUP_LEGACY, outcome)[0]++;
	if (exchange->legacy_latency_us >= 0) {
		int64_t latency[ROLLUP_KEY_MAX] = {exchange->interface_id, 0, exchange->week, exchange->test,
						   latency_bucket(exchange->legacy_latency_us)};
		rollup_sums(store->rollup, ROLLUP_LATENCY, latency)[0]++;
	}
}

bool store_exchange_add(struct store *store, const char *stream, const struct store_exchange *exchange, int64_t *ret_id,
			enum store_delivery *ret_delivery, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	int64_t former = 0;
	bool added = false;
	if (!find_former(store, exchange, &former, err) || !insert_exchange(store, exchange, former, &added, err)) {
		return false;
	}
	int64_t id = store_last_id(store);
	enum store_delivery delivery = former != 0 ? STORE_REVISION : STORE_NEW;
	if (added) {
		if (!insert_payload(store, id, exchange->interface_id, or_empty(exchange->request),
				    or_empty(exchange->reply), err)) {
			return false;
		}
		count_legacy(store, exchange);
	} else {
		delivery = STORE_DUPLICATE;
		if (!store_exchange_find(store, bytes16(exchange->exchange_id), &id, err)) {
			return false;
		}
	}
	count_exchange(store, stream, exchange->interface_id, delivery);
	*ret_id = id;
	*ret_delivery = delivery;
	return true;
}

bool store_exchange_find(struct store *store, struct span exchange_id, int64_t *ret_id, struct error *err)
{
	bool found = false;
	int64_t id = 0;
	if (!find_exchange(store, exchange_id, &id, &found, err)) {
		return false;
	}
	if (!found) {
		return error_set(err, ERROR_MISSING, "the store has no exchange of that id; check the id");
	}
	*ret_id = id;
	return true;
}

static bool unpack_payload(struct store *store, struct statement *statement, struct arena *arena,
			   struct span *ret_request, struct span *ret_reply, struct error *err)
{
	int64_t request_size = statement_integer(statement, 1);
	int64_t reply_size = statement_integer(statement, 2);
	if (request_size < 0 || reply_size < 0 || request_size > INT32_MAX || reply_size > INT32_MAX) {
		return error_set(err, ERROR_FORMAT, "a stored payload is damaged; restore a copy of the store");
	}
	struct span content;
	struct packed_body packed = {statement_integer(statement, 0), request_size + reply_size,
				     statement_blob(statement, 3)};
	if (!store_unpack_body(store, &packed, arena, &content, err)) {
		return false;
	}
	*ret_request = (struct span){content.data, (size_t)request_size};
	*ret_reply = (struct span){content.data + request_size, (size_t)reply_size};
	return true;
}

bool store_payload(struct store *store, int64_t exchange, struct arena *arena, struct span *ret_request,
		   struct span *ret_reply, struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT encoding, request_size, reply_size, body FROM payload WHERE id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	bool done = found ? unpack_payload(store, statement, arena, ret_request, ret_reply, err)
			  : error_set(err, ERROR_MISSING, "exchange %lld has no payload (purged, or never stored)",
				      (long long)exchange);
	statement_reset(statement);
	return done && store_answer_reply(store, exchange, arena, ret_reply, err);
}

static bool copy_hash(struct span blob, uint8_t *hash, struct error *err)
{
	if (blob.length != 16) {
		return error_set(err, ERROR_FORMAT, "an exchange of the store is damaged; restore a copy of the store");
	}
	memcpy(hash, blob.data, blob.length);
	return true;
}

static bool read_exchange(struct statement *statement, struct store_exchange *ret_exchange, struct error *err)
{
	struct store_exchange exchange = {
		.has_identity = !statement_is_null(statement, 1),
		.interface_id = statement_integer(statement, 2),
		.event_time = statement_integer(statement, 3),
		.captured_at = statement_integer(statement, 4),
		.week = (int32_t)statement_integer(statement, 5),
		.test = statement_integer(statement, 6) != 0,
		.legacy_outcome = (enum legacy_outcome)statement_integer(statement, 7),
		.legacy_status = (int32_t)statement_integer(statement, 8),
		.legacy_latency_us = statement_integer(statement, 9),
	};
	if (!copy_hash(statement_blob(statement, 0), exchange.exchange_id, err) ||
	    (exchange.has_identity && !copy_hash(statement_blob(statement, 1), exchange.identity, err))) {
		return false;
	}
	*ret_exchange = exchange;
	return true;
}

bool store_exchange_get(struct store *store, int64_t id, struct store_exchange *ret_exchange, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"SELECT exchange_id, identity, interface_id, event_time, captured_at, week, test, "
				"legacy_outcome, legacy_status, legacy_latency_us FROM exchange WHERE id = ?",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	bool done = found ? read_exchange(statement, ret_exchange, err)
			  : error_set(err, ERROR_MISSING, "the store has no exchange %lld", (long long)id);
	statement_reset(statement);
	return done;
}

/* --- reading positions and the first ledger --- */

bool store_position_get(struct store *store, const char *stream, struct store_position *ret_position, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT segment, offset, sequence FROM spool_position WHERE stream = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_text(statement, 1, span_of(stream));
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_position = (struct store_position){0};
	if (found) {
		ret_position->segment = (uint64_t)statement_integer(statement, 0);
		ret_position->offset = (uint64_t)statement_integer(statement, 1);
		ret_position->sequence = (uint64_t)statement_integer(statement, 2);
		statement_reset(statement);
	}
	return true;
}

/* SQLite's integers end at 2^63 - 1; counts that a damaged spool gives may not. */
static bool bind_count(struct statement *statement, int index, uint64_t count, struct error *err)
{
	if (count > INT64_MAX) {
		return error_set(err, ERROR_FORMAT, "a count of the spool is damaged (%llu); check the spool",
				 (unsigned long long)count);
	}
	statement_bind_integer(statement, index, (int64_t)count);
	return true;
}

bool store_position_set(struct store *store, const char *stream, const struct store_position *position,
			struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO spool_position (stream, segment, offset, sequence) VALUES (?, ?, ?, ?) "
				"ON CONFLICT DO UPDATE SET segment = excluded.segment, offset = excluded.offset, "
				"sequence = excluded.sequence",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_text(statement, 1, span_of(stream));
	return bind_count(statement, 2, position->segment, err) && bind_count(statement, 3, position->offset, err) &&
	       bind_count(statement, 4, position->sequence, err) && statement_run(statement, err);
}

static bool set_account(struct store *store, const char *stream, int64_t interface_id,
			const struct store_account *account, struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO tap_account (stream, interface_id, at, seen, committed, in_flight, origin) "
		"VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, seen = excluded.seen, "
		"committed = excluded.committed, in_flight = excluded.in_flight",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_text(statement, 1, span_of(stream));
	statement_bind_integer(statement, 2, interface_id);
	statement_bind_integer(statement, 3, account->at);
	return bind_count(statement, 4, account->seen, err) && bind_count(statement, 5, account->committed, err) &&
	       bind_count(statement, 6, account->in_flight, err) && bind_count(statement, 7, account->origin, err) &&
	       statement_run(statement, err);
}

/* What an account is one row of. */
struct account_key {
	const char *stream;
	int64_t interface_id;
	uint64_t origin;
};

/* The count of before; 0 where there is none. */
static bool former_drop(struct store *store, const struct account_key *key, int reason, uint64_t *ret_count,
			struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT count FROM tap_drop WHERE stream = ? AND interface_id = ? AND origin = ? AND reason = ?",
		err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_borrow_text(statement, 1, span_of(key->stream));
	statement_bind_integer(statement, 2, key->interface_id);
	statement_bind_integer(statement, 4, reason);
	if (!bind_count(statement, 3, key->origin, err) || !statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_count = found ? (uint64_t)statement_integer(statement, 0) : 0;
	statement_reset(statement);
	return true;
}

static bool add_week_drops(struct store *store, const struct account_key *key, int32_t week, int reason,
			   uint64_t growth, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO tap_drop_week (interface_id, week, reason, count) VALUES (?, ?, ?, ?) ON "
				"CONFLICT DO UPDATE SET count = count + excluded.count",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, key->interface_id);
	statement_bind_integer(statement, 2, week);
	statement_bind_integer(statement, 3, reason);
	return bind_count(statement, 4, growth, err) && statement_run(statement, err);
}

static bool write_drop(struct store *store, const struct account_key *key, int reason, uint64_t count,
		       struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO tap_drop (stream, interface_id, reason, count, origin) VALUES (?, ?, ?, ?, ?) "
		"ON CONFLICT DO UPDATE SET count = excluded.count",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_text(statement, 1, span_of(key->stream));
	statement_bind_integer(statement, 2, key->interface_id);
	statement_bind_integer(statement, 3, reason);
	return bind_count(statement, 4, count, err) && bind_count(statement, 5, key->origin, err) &&
	       statement_run(statement, err);
}

static bool set_drop(struct store *store, const struct account_key *key, int32_t week, int reason, uint64_t count,
		     struct error *err)
{
	uint64_t former = 0;
	return former_drop(store, key, reason, &former, err) && write_drop(store, key, reason, count, err) &&
	       (count <= former || add_week_drops(store, key, week, reason, count - former, err));
}

bool store_account_set(struct store *store, const char *stream, int64_t interface_id,
		       const struct store_account *account, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	const struct account_key key = {stream, interface_id, account->origin};
	bool done = set_account(store, stream, interface_id, account, err);
	for (int reason = 0; done && reason < DROP_REASON_COUNT; reason++) {
		done = set_drop(store, &key, account->week, reason, account->dropped[reason], err);
	}
	return done;
}

static bool sum_row(struct store *store, const char *sql, int64_t interface_id, uint64_t *sums, int count,
		    struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	for (int i = 0; i < count; i++) {
		sums[i] = (uint64_t)statement_integer(statement, i);
	}
	statement_reset(statement);
	return true;
}

static bool sum_drops(struct store *store, int64_t interface_id, struct store_ledger *ledger, struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT reason, sum(count) FROM tap_drop WHERE interface_id = ? GROUP BY reason", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	enum statement_step step;
	while ((step = statement_step(statement, err)) == STATEMENT_ROW) {
		int64_t reason = statement_integer(statement, 0);
		if (reason >= 0 && reason < DROP_REASON_COUNT) {
			ledger->tap.dropped[reason] = (uint64_t)statement_integer(statement, 1);
		} else {
			ledger->unknown_reason = true;
		}
	}
	return step == STATEMENT_DONE;
}

bool store_ledger_get(struct store *store, int64_t interface_id, struct store_ledger *ret_ledger, struct error *err)
{
	uint64_t tap[6];
	uint64_t unclaimed[2];
	uint64_t delivery[14];
	struct store_ledger ledger = {0};
	if (!sum_row(store,
		     "SELECT min(at), sum(seen), sum(committed), sum(in_flight), max(at), count(*) FROM tap_account "
		     "WHERE interface_id = ?",
		     interface_id, tap, 6, err) ||
	    !sum_row(store,
		     "SELECT sum(stored), sum(duplicate), sum(revision), sum(stored * lone), "
		     "sum(duplicate * lone), sum(outcome), sum(outcome_duplicate), sum(outcome_joined), "
		     "sum(outcome_unpaired), sum(outcome_closed), sum(outcome_returned), sum(outcome * lone), (SELECT "
		     "count(*) FROM waiting_outcome w WHERE w.interface_id = ?1), sum(duplicate_answered) FROM (SELECT "
		     "d.*, NOT EXISTS (SELECT "
		     "1 FROM tap_account a WHERE a.stream = "
		     "d.stream AND a.interface_id = d.interface_id) AS lone FROM delivery_count d WHERE d.interface_id "
		     "= ?1)",
		     interface_id, delivery, 14, err) ||
	    !sum_row(store,
		     "SELECT count(*), sum(NOT EXISTS (SELECT 1 FROM tap_account a WHERE a.stream = u.stream AND "
		     "a.interface_id = u.interface_id)) FROM unclaimed_delivery u WHERE u.interface_id = ?",
		     interface_id, unclaimed, 2, err) ||
	    !sum_drops(store, interface_id, &ledger, err)) {
		return false;
	}
	ledger.tap.at = (int64_t)tap[0];
	ledger.tap.seen = tap[1];
	ledger.tap.committed = tap[2];
	ledger.tap.in_flight = tap[3];
	ledger.newest_at = (int64_t)tap[4];
	ledger.has_tap = tap[5] > 0;
	ledger.stored = delivery[0];
	ledger.duplicate = delivery[1];
	ledger.revision = delivery[2];
	ledger.stored_without = delivery[3];
	ledger.duplicate_without = delivery[4];
	ledger.outcomes = (struct store_outcomes){delivery[5], delivery[12], delivery[6], delivery[7],
						  delivery[8], delivery[9],  delivery[10]};
	ledger.outcome_without = delivery[11];
	ledger.duplicate_answered = delivery[13];
	ledger.unclaimed = unclaimed[0];
	ledger.unclaimed_without = unclaimed[1];
	*ret_ledger = ledger;
	return true;
}
