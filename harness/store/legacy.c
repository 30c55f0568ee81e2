/* Versions of legacy answers, and what late ones are joined by. */
#include "harness/store/legacy.h"

#include "harness/store/internal.h"

static struct span key_span(const uint8_t key[STORE_KEY_SIZE])
{
	return (struct span){(const char *)key, STORE_KEY_SIZE};
}

static struct span or_empty(struct span text)
{
	return text.data != NULL ? text : SPAN("");
}

/* First number of the first row, `fallback` where there is none. The statement's values are bound. */
static bool ask_number(struct statement *statement, int64_t fallback, int64_t *ret_number, struct error *err)
{
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_number = found ? statement_integer(statement, 0) : fallback;
	statement_reset(statement);
	return true;
}

/* --- versions --- */

static bool newest_ordinal(struct store *store, int64_t id, int64_t *ret_ordinal, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT max(ordinal) FROM legacy_answer WHERE exchange_id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	return ask_number(statement, 0, ret_ordinal, err);
}

static bool was_said(struct store *store, int64_t id, int64_t newest, const struct store_answer *answer, bool *ret_said,
		     struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"SELECT EXISTS (SELECT 1 FROM legacy_answer INDEXED BY legacy_answer_by_digest WHERE "
				"exchange_id = ? AND digest = ? AND ordinal >= ?)",
				err);
	int64_t said = 0;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	statement_borrow_blob(statement, 2, key_span(answer->digest));
	statement_bind_integer(statement, 3, answer->is_dated ? 1 : newest);
	if (!ask_number(statement, 0, &said, err)) {
		return false;
	}
	*ret_said = said != 0;
	return true;
}

static struct statement *insert_version(struct store *store, int64_t id, int64_t ordinal,
					const struct store_answer *answer, struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO legacy_answer (exchange_id, ordinal, legacy_outcome, legacy_status, answered_at, seen_at, "
		"readable, encoding, reply_size, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		err);
	if (statement == NULL) {
		return NULL;
	}
	statement_bind_integer(statement, 1, id);
	statement_bind_integer(statement, 2, ordinal);
	statement_bind_integer(statement, 3, (int64_t)answer->outcome);
	statement_bind_integer(statement, 4, answer->status);
	statement_bind_integer(statement, 5, answer->answered_at);
	statement_bind_integer(statement, 6, answer->seen_at);
	statement_bind_integer(statement, 7, answer->is_readable);
	return statement;
}

/* What came with the message becomes version 1; its reply stays where it is. */
static bool insert_first(struct store *store, int64_t id, const struct store_exchange *exchange, bool is_readable,
			 struct error *err)
{
	int64_t latency = exchange->legacy_latency_us > 0 ? exchange->legacy_latency_us : 0;
	struct store_answer answer = {
		.outcome = exchange->legacy_outcome,
		.status = exchange->legacy_status,
		.answered_at = exchange->captured_at + latency,
		.seen_at = exchange->captured_at + latency,
		.is_readable = is_readable,
	};
	struct statement *statement = insert_version(store, id, 1, &answer, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 8, ENCODING_PLAIN);
	statement_bind_integer(statement, 9, 0);
	return statement_run(statement, err);
}

static bool insert_answer(struct store *store, int64_t id, int64_t interface_id, int64_t ordinal,
			  const struct store_answer *answer, struct error *err)
{
	struct packed_body packed;
	if (!store_pack_body(store, interface_id, SPAN(""), or_empty(answer->reply), &packed, err)) {
		return false;
	}
	struct statement *statement = insert_version(store, id, ordinal, answer, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 8, packed.encoding);
	statement_bind_integer(statement, 9, packed.size);
	statement_borrow_blob(statement, 10, key_span(answer->digest));
	statement_borrow_blob(statement, 11, packed.body);
	return statement_run(statement, err);
}

bool store_answer_add(struct store *store, int64_t id, const struct store_exchange *exchange, bool inline_readable,
		      const struct store_answer *answer, bool *ret_added, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	BUG_ON(answer->outcome == LEGACY_AWAITED);
	int64_t newest = 0;
	bool said = false;
	if (!newest_ordinal(store, id, &newest, err) || !was_said(store, id, newest, answer, &said, err)) {
		return false;
	}
	*ret_added = !said;
	if (said) {
		return true;
	}
	if (newest == 0 && exchange->legacy_outcome != LEGACY_AWAITED) {
		newest = 1;
		if (!insert_first(store, id, exchange, inline_readable, err)) {
			return false;
		}
	}
	return insert_answer(store, id, exchange->interface_id, newest + 1, answer, err);
}

/* Among the readable ones, or among the others; ordinal 0 where there is none. */
static bool choose_among(struct store *store, int64_t id, bool readable, enum store_counting counting, int64_t until,
			 struct store_version *ret_version, struct error *err)
{
	static const char oldest[] = "SELECT ordinal, legacy_outcome, legacy_status FROM legacy_answer INDEXED BY "
				     "legacy_answer_by_time WHERE exchange_id = ? AND readable = ? AND answered_at <= "
				     "? ORDER BY answered_at, ordinal LIMIT 1";
	static const char newest[] = "SELECT ordinal, legacy_outcome, legacy_status FROM legacy_answer INDEXED BY "
				     "legacy_answer_by_time WHERE exchange_id = ? AND readable = ? AND answered_at <= "
				     "? ORDER BY answered_at DESC, ordinal DESC LIMIT 1";
	struct statement *statement = store_statement(store, counting == COUNT_OLDEST ? oldest : newest, err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	statement_bind_integer(statement, 2, readable);
	statement_bind_integer(statement, 3, until);
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	struct store_version version = {0};
	if (found) {
		version.ordinal = statement_integer(statement, 0);
		version.outcome = (enum legacy_outcome)statement_integer(statement, 1);
		version.status = (int32_t)statement_integer(statement, 2);
		statement_reset(statement);
	}
	*ret_version = version;
	return true;
}

bool store_answer_choose(struct store *store, int64_t id, enum store_counting counting, int64_t until,
			 struct store_version *ret_version, struct error *err)
{
	struct store_version version;
	if (!choose_among(store, id, true, counting, until, &version, err) ||
	    (version.ordinal == 0 && !choose_among(store, id, false, counting, until, &version, err))) {
		return false;
	}
	*ret_version = version;
	return true;
}

/* The version that counts now; 0: none does. */
static bool counting_ordinal(struct store *store, int64_t id, enum legacy_outcome outcome, int64_t *ret_ordinal,
			     struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT ordinal FROM legacy_counting WHERE exchange_id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	return ask_number(statement, outcome == LEGACY_AWAITED ? 0 : 1, ret_ordinal, err);
}

static bool write_counting(struct store *store, int64_t id, const struct store_version *version, struct error *err)
{
	struct statement *counting = store_statement(store,
						     "INSERT INTO legacy_counting (exchange_id, ordinal) VALUES (?, ?) "
						     "ON CONFLICT DO UPDATE SET ordinal = excluded.ordinal",
						     err);
	struct statement *exchange =
		store_statement(store, "UPDATE exchange SET legacy_outcome = ?, legacy_status = ? WHERE id = ?", err);
	if (counting == NULL || exchange == NULL) {
		return false;
	}
	statement_bind_integer(counting, 1, id);
	statement_bind_integer(counting, 2, version->ordinal);
	statement_bind_integer(exchange, 1, (int64_t)version->outcome);
	statement_bind_integer(exchange, 2, version->status);
	statement_bind_integer(exchange, 3, id);
	return statement_run(counting, err) && statement_run(exchange, err);
}

bool store_answer_count(struct store *store, int64_t id, const struct store_version *version, bool *ret_changed,
			struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct store_exchange exchange;
	int64_t former = 0;
	if (!store_exchange_get(store, id, &exchange, err) ||
	    !counting_ordinal(store, id, exchange.legacy_outcome, &former, err)) {
		return false;
	}
	*ret_changed = former != version->ordinal;
	if (former == version->ordinal) {
		return true;
	}
	int64_t key[ROLLUP_KEY_MAX] = {exchange.interface_id, exchange.week, exchange.test,
				       (int64_t)exchange.legacy_outcome};
	rollup_sums(store->rollup, ROLLUP_LEGACY, key)[0]--;
	key[3] = (int64_t)version->outcome;
	rollup_sums(store->rollup, ROLLUP_LEGACY, key)[0]++;
	return write_counting(store, id, version, err);
}

bool store_answer_reply(struct store *store, int64_t id, struct arena *arena, struct span *reply, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"SELECT a.encoding, a.reply_size, a.body FROM legacy_counting c JOIN legacy_answer a "
				"ON a.exchange_id = c.exchange_id AND a.ordinal = c.ordinal WHERE c.exchange_id = ? "
				"AND a.body IS NOT NULL",
				err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	struct packed_body packed = {0};
	if (found) {
		packed = (struct packed_body){statement_integer(statement, 0), statement_integer(statement, 1),
					      statement_blob(statement, 2)};
	}
	bool done = !found || store_unpack_body(store, &packed, arena, reply, err);
	statement_reset(statement);
	return done;
}

/* --- what joins --- */

bool store_correlation_add(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
			   int64_t exchange, struct error *err)
{
	struct statement *statement = store_statement(
		store, "INSERT INTO correlation (interface_id, key, exchange_id) VALUES (?, ?, ?)", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	statement_bind_integer(statement, 3, exchange);
	return statement_run(statement, err);
}

bool store_correlation_find(struct store *store, int64_t interface_id, const uint8_t key[STORE_KEY_SIZE],
			    int64_t *ret_exchange, struct error *err)
{
	struct statement *statement = store_statement(store,
						      "SELECT exchange_id FROM correlation WHERE interface_id = ? AND "
						      "key = ? ORDER BY exchange_id DESC LIMIT 1",
						      err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, key_span(key));
	return ask_number(statement, 0, ret_exchange, err);
}

bool store_identity_find(struct store *store, const uint8_t identity[16], int64_t *ret_exchange, struct error *err)
{
	struct statement *statement = store_statement(store,
						      "SELECT id FROM exchange WHERE substr(identity, 1, 6) = "
						      "substr(?1, 1, 6) AND identity = ?1 ORDER BY id DESC LIMIT 1",
						      err);
	if (statement == NULL) {
		return false;
	}
	statement_borrow_blob(statement, 1, key_span(identity));
	return ask_number(statement, 0, ret_exchange, err);
}
