/* Who waits for whom: exchanges without answer, answers without exchange; and the keys of deliveries. */
#include "harness/store/internal.h"
#include "harness/store/legacy.h"

static struct span key_span(const uint8_t key[STORE_KEY_SIZE])
{
	return (struct span){(const char *)key, STORE_KEY_SIZE};
}

/* --- exchanges --- */

static bool change_awaited(struct store *store, const char *sql, int64_t interface_id, int64_t captured_at,
			   int64_t exchange, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, captured_at);
	statement_bind_integer(statement, 3, exchange);
	return statement_run(statement, err);
}

bool store_awaited_add(struct store *store, int64_t interface_id, int64_t captured_at, int64_t exchange,
		       struct error *err)
{
	return change_awaited(store,
			      "INSERT INTO awaited (interface_id, captured_at, exchange_id) VALUES (?, ?, ?) ON "
			      "CONFLICT DO NOTHING",
			      interface_id, captured_at, exchange, err);
}

bool store_awaited_remove(struct store *store, int64_t interface_id, int64_t captured_at, int64_t exchange,
			  bool *ret_removed, struct error *err)
{
	if (!change_awaited(store, "DELETE FROM awaited WHERE interface_id = ? AND captured_at = ? AND exchange_id = ?",
			    interface_id, captured_at, exchange, err)) {
		return false;
	}
	*ret_removed = store_changes(store) > 0;
	return true;
}

bool store_awaited_expired(struct store *store, int64_t interface_id, int64_t until, size_t limit, int64_t *ids,
			   size_t *ret_count, struct error *err)
{
	struct statement *statement = store_statement(store,
						      "SELECT exchange_id FROM awaited WHERE interface_id = ? AND "
						      "captured_at <= ? ORDER BY captured_at, exchange_id LIMIT ?",
						      err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, until);
	statement_bind_integer(statement, 3, (int64_t)limit);
	return statement_collect(statement, ids, ret_count, err);
}

bool store_awaited_last(struct store *store, int64_t interface_id, int64_t *ret_captured_at, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT max(captured_at) FROM awaited WHERE interface_id = ?", err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_captured_at = statement_integer(statement, 0);
	statement_reset(statement);
	return true;
}

/* --- outcomes --- */

/* As with versions: a dated answer is known again by any that waits, another by the newest. */
static bool waits_already(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
			  const struct store_answer *answer, bool *ret_waits, struct error *err)
{
	static const char any[] = "SELECT 1 FROM waiting_outcome INDEXED BY waiting_outcome_by_digest WHERE "
				  "interface_id = ? AND key = ? AND digest = ? LIMIT 1";
	static const char newest[] = "SELECT 1 FROM (SELECT digest FROM waiting_outcome INDEXED BY "
				     "waiting_outcome_by_key WHERE interface_id = ? AND key = ? ORDER BY id DESC LIMIT "
				     "1) WHERE digest = ?";
	struct statement *statement = store_statement(store, answer->is_dated ? any : newest, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	statement_borrow_blob(statement, 3, key_span(answer->digest));
	if (!statement_one_row(statement, ret_waits, err)) {
		return false;
	}
	statement_reset(statement);
	return true;
}

static bool insert_outcome(struct store *store, const char *stream, int64_t interface_id,
			   const uint8_t key[STORE_KEY_SIZE], const struct store_answer *answer, struct error *err)
{
	struct packed_body packed;
	struct span reply = answer->reply.data != NULL ? answer->reply : SPAN("");
	struct statement *statement = store_statement(
		store,
		"INSERT INTO waiting_outcome (interface_id, key, stream, legacy_outcome, legacy_status, answered_at, "
		"seen_at, readable, digest, encoding, reply_size, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		err);
	if (statement == NULL || !store_pack_body(store, interface_id, SPAN(""), reply, &packed, err)) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	statement_borrow_text(statement, 3, span_of(stream));
	statement_bind_integer(statement, 4, (int64_t)answer->outcome);
	statement_bind_integer(statement, 5, answer->status);
	statement_bind_integer(statement, 6, answer->is_dated ? answer->answered_at : answer->seen_at);
	statement_bind_integer(statement, 7, answer->seen_at);
	statement_bind_integer(statement, 8, answer->is_readable);
	statement_borrow_blob(statement, 9, key_span(answer->digest));
	statement_bind_integer(statement, 10, packed.encoding);
	statement_bind_integer(statement, 11, packed.size);
	statement_borrow_blob(statement, 12, packed.body);
	return statement_run(statement, err);
}

bool store_outcome_wait(struct store *store, const char *stream, int64_t interface_id,
			const uint8_t key[STORE_KEY_SIZE], const struct store_answer *answer, bool *ret_added,
			struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	bool waits = false;
	if (!waits_already(store, interface_id, key, answer, &waits, err)) {
		return false;
	}
	*ret_added = !waits;
	return waits || insert_outcome(store, stream, interface_id, key, answer, err);
}

bool store_outcome_waits(struct store *store, int64_t interface_id, bool *ret_any, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT 1 FROM waiting_outcome WHERE interface_id = ? LIMIT 1", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	if (!statement_one_row(statement, ret_any, err)) {
		return false;
	}
	statement_reset(statement);
	return true;
}

static bool remove_outcome(struct store *store, int64_t id, struct error *err)
{
	struct statement *statement = store_statement(store, "DELETE FROM waiting_outcome WHERE id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	return statement_run(statement, err);
}

/* Whether the answer was dated is in its digest alone; joined versions are compared by that. */
static bool read_outcome(struct store *store, struct statement *row, struct arena *arena,
			 struct store_answer *ret_answer, char **ret_stream, struct error *err)
{
	struct store_answer answer = {
		.outcome = (enum legacy_outcome)statement_integer(row, 1),
		.status = (int32_t)statement_integer(row, 2),
		.answered_at = statement_integer(row, 3),
		.seen_at = statement_integer(row, 4),
		.is_readable = statement_integer(row, 5) != 0,
	};
	answer.is_dated = answer.answered_at != answer.seen_at;
	struct packed_body packed = {statement_integer(row, 7), statement_integer(row, 8), statement_blob(row, 9)};
	struct span digest = statement_blob(row, 6);
	if (digest.length != STORE_KEY_SIZE) {
		return error_set(err, ERROR_FORMAT, "a waiting outcome is damaged; restore a copy of the store");
	}
	memcpy(answer.digest, digest.data, digest.length);
	char *stream = arena_copy(arena, statement_text(row, 10));
	if (stream == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a waiting outcome");
	}
	if (!store_unpack_body(store, &packed, arena, &answer.reply, err)) {
		return false;
	}
	*ret_answer = answer;
	*ret_stream = stream;
	return true;
}

bool store_outcome_take(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
			struct arena *arena, struct store_answer *ret_answer, char **ret_stream, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store,
				"SELECT id, legacy_outcome, legacy_status, answered_at, seen_at, readable, digest, "
				"encoding, reply_size, body, stream FROM waiting_outcome INDEXED BY "
				"waiting_outcome_by_key WHERE interface_id = ? AND key = ? ORDER BY id LIMIT 1",
				err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_stream = NULL;
	if (!found) {
		return true;
	}
	int64_t id = statement_integer(statement, 0);
	bool done = read_outcome(store, statement, arena, ret_answer, ret_stream, err);
	statement_reset(statement);
	return done && remove_outcome(store, id, err);
}

/* Ends the oldest one, if it is that old. */
static bool expire_one(struct store *store, int64_t interface_id, int64_t until, bool *ret_found, struct error *err)
{
	struct statement *statement = store_statement(store,
						      "SELECT id, stream FROM waiting_outcome WHERE interface_id = ? "
						      "AND seen_at <= ? ORDER BY seen_at, id LIMIT 1",
						      err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, until);
	if (!statement_one_row(statement, ret_found, err)) {
		return false;
	}
	if (!*ret_found) {
		return true;
	}
	int64_t id = statement_integer(statement, 0);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(4096);
	const char *stream = arena_copy(&arena, statement_text(statement, 1));
	statement_reset(statement);
	if (stream == NULL) {
		return error_set(err, ERROR_FORMAT, "a waiting outcome is damaged; restore a copy of the store");
	}
	store_outcome_count(store, stream, interface_id, STORE_OUTCOME_UNPAIRED);
	return remove_outcome(store, id, err);
}

bool store_outcome_expire(struct store *store, int64_t interface_id, int64_t until, size_t limit, size_t *ret_count,
			  struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	size_t count = 0;
	for (bool found = true; found && count < limit; count += found) {
		if (!expire_one(store, interface_id, until, &found, err)) {
			return false;
		}
	}
	*ret_count = count;
	return true;
}

/* --- deliveries --- */

void store_outcome_count(struct store *store, const char *stream, int64_t interface_id, enum store_outcome_end end)
{
	static const enum delivery_sum sums[] = {
		[STORE_OUTCOME_READ] = DELIVERY_OUTCOME,
		[STORE_OUTCOME_DUPLICATE] = DELIVERY_OUTCOME_DUPLICATE,
		[STORE_OUTCOME_JOINED] = DELIVERY_OUTCOME_JOINED,
		[STORE_OUTCOME_UNPAIRED] = DELIVERY_OUTCOME_UNPAIRED,
		[STORE_OUTCOME_CLOSED] = DELIVERY_OUTCOME_CLOSED,
		[STORE_OUTCOME_RETURNED] = DELIVERY_OUTCOME_RETURNED,
	};
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	store_count_delivery(store, stream, interface_id, sums[end]);
}

void store_duplicate_count(struct store *store, const char *stream, int64_t interface_id)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	store_count_delivery(store, stream, interface_id, DELIVERY_DUPLICATE);
}

void store_duplicate_answered_count(struct store *store, const char *stream, int64_t interface_id)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	store_count_delivery(store, stream, interface_id, DELIVERY_DUPLICATE_ANSWERED);
}

bool store_outcomes_tie_out(const struct store_outcomes *outcomes)
{
	return outcomes->read == outcomes->waiting + outcomes->duplicate + outcomes->joined + outcomes->unpaired;
}

bool store_idempotency_add(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
			   int64_t stored_at, bool *ret_added, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(
		store,
		"INSERT INTO idempotency_key (interface_id, key, stored_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	statement_bind_integer(statement, 3, stored_at);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_added = store_changes(store) > 0;
	return true;
}

bool store_idempotency_expire(struct store *store, int64_t interface_id, int64_t until, size_t limit, size_t *ret_count,
			      struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store,
				"DELETE FROM idempotency_key WHERE (interface_id, key) IN (SELECT interface_id, key "
				"FROM idempotency_key WHERE interface_id = ? AND stored_at <= ? LIMIT ?)",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, until);
	statement_bind_integer(statement, 3, (int64_t)limit);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_count = (size_t)store_changes(store);
	return true;
}
