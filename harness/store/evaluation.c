/* Evaluations and what hangs on them. */
#include "harness/store/evaluation.h"

#include "harness/base/loglinear.h"
#include "harness/store/internal.h"

enum { COST_STEPS = 1000 };

static struct span or_empty(struct span text)
{
	return text.data != NULL ? text : SPAN("");
}

static struct span or_null(struct span text)
{
	return text.length > 0 ? text : (struct span){NULL, 0};
}

/* --- states: the second ledger --- */

void store_count_state(struct store *store, int64_t candidate, int32_t week, bool test, enum evaluation state,
		       int reason, int64_t change)
{
	int64_t key[ROLLUP_KEY_MAX] = {candidate, week, test, (int64_t)state, reason};
	rollup_sums(store->rollup, ROLLUP_STATE, key)[0] += change;
}

bool store_evaluation_add(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			  struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(
		store,
		"INSERT INTO evaluation (exchange_id, candidate_id, state) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	if (!statement_run(statement, err)) {
		return false;
	}
	if (store_changes(store) > 0) {
		store_count_state(store, candidate, week, test, EVALUATION_PENDING, -1, 1);
	}
	return true;
}

/* Runs one of the two statements of store_evaluation_close; *ret_changed: it found its row, or had room for it. */
static bool write_closed(struct store *store, const char *sql, int64_t exchange, int64_t candidate,
			 enum evaluation state, int reason, struct span detail, bool *ret_changed, struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	statement_bind_integer(statement, 3, (int64_t)state);
	if (reason >= 0) {
		statement_bind_integer(statement, 4, reason);
	}
	statement_borrow_text(statement, 5, or_null(detail));
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_changed = store_changes(store) > 0;
	return true;
}

static bool not_pending(int64_t exchange, int64_t candidate, struct error *err)
{
	return error_set(err, ERROR_MISSING, "exchange %lld is not pending for candidate %lld; it was finished before",
			 (long long)exchange, (long long)candidate);
}

bool store_evaluation_close(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			    enum evaluation state, int reason, struct span detail, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	BUG_ON(state == EVALUATION_PENDING || state == EVALUATION_COMPARED);
	static const char move[] = "UPDATE evaluation SET state = ?3, reason = ?4, detail = ?5 "
				   "WHERE exchange_id = ?1 AND candidate_id = ?2 AND state = 0 AND reason IS NULL";
	static const char add[] = "INSERT INTO evaluation (exchange_id, candidate_id, state, reason, detail) "
				  "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
	bool moved = false;
	bool added = false;
	if (!write_closed(store, move, exchange, candidate, state, reason, detail, &moved, err) ||
	    (!moved && !write_closed(store, add, exchange, candidate, state, reason, detail, &added, err))) {
		return false;
	}
	if (!moved && !added) {
		return not_pending(exchange, candidate, err);
	}
	if (moved) {
		store_count_state(store, candidate, week, test, EVALUATION_PENDING, -1, -1);
	}
	store_count_state(store, candidate, week, test, state, reason >= 0 ? reason : -1, 1);
	return true;
}

/* Exchanges whose answer is awaited wait for it again, however long they have. */
static bool await_again(struct store *store, int64_t candidate, struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO awaited (interface_id, captured_at, exchange_id) SELECT e.interface_id, e.captured_at, "
		"e.id FROM evaluation v JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 3 AND "
		"(?1 = 0 OR v.candidate_id = ?1) AND e.legacy_outcome = ?2 ON CONFLICT DO NOTHING",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate);
	statement_bind_integer(statement, 2, LEGACY_AWAITED);
	return statement_run(statement, err);
}

static bool count_retried(struct store *store, int64_t candidate, struct error *err)
{
	struct statement *counts = store_statement(
		store,
		"SELECT v.candidate_id, e.week, e.test, coalesce(v.reason, -1), e.legacy_outcome = ?2, count(*) FROM "
		"evaluation v JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 3 AND (?1 = 0 OR v.candidate_id "
		"= ?1) GROUP BY 1, 2, 3, 4, 5",
		err);
	if (counts == NULL) {
		return false;
	}
	statement_bind_integer(counts, 1, candidate);
	statement_bind_integer(counts, 2, LEGACY_AWAITED);
	enum statement_step step;
	while ((step = statement_step(counts, err)) == STATEMENT_ROW) {
		int64_t of = statement_integer(counts, 0);
		int32_t week = (int32_t)statement_integer(counts, 1);
		bool test = statement_integer(counts, 2) != 0;
		int waits = statement_integer(counts, 4) != 0 ? PENDING_AWAITS_LEGACY : -1;
		int64_t count = statement_integer(counts, 5);
		store_count_state(store, of, week, test, EVALUATION_DEAD_LETTER, (int)statement_integer(counts, 3),
				  -count);
		store_count_state(store, of, week, test, EVALUATION_PENDING, waits, count);
	}
	return step == STATEMENT_DONE;
}

bool store_evaluation_retry(struct store *store, int64_t candidate, int64_t *ret_count, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	if (!count_retried(store, candidate, err) || !await_again(store, candidate, err)) {
		return false;
	}
	struct statement *update =
		store_statement(store,
				"UPDATE evaluation SET state = 0, detail = NULL, reason = (SELECT ?3 FROM exchange e "
				"WHERE e.id = evaluation.exchange_id AND e.legacy_outcome = ?2) WHERE state = 3 AND "
				"(?1 = 0 OR candidate_id = ?1)",
				err);
	if (update == NULL) {
		return false;
	}
	statement_bind_integer(update, 1, candidate);
	statement_bind_integer(update, 2, LEGACY_AWAITED);
	statement_bind_integer(update, 3, PENDING_AWAITS_LEGACY);
	if (!statement_run(update, err)) {
		return false;
	}
	*ret_count = store_changes(store);
	return true;
}

/* --- the finished evaluation --- */

/* The numbers of both statements are the same. */
static const char INSERT_COMPARED[] =
	"INSERT INTO evaluation (exchange_id, candidate_id, state, epoch_id, outcome, verdict, contract_drift, "
	"latency_us, attempts, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, cost_nano, detail, "
	"reply) VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING";
static const char UPDATE_COMPARED[] =
	"UPDATE evaluation SET state = 1, epoch_id = ?3, outcome = ?4, verdict = ?5, contract_drift = ?6, "
	"latency_us = ?7, attempts = ?8, tokens_input = ?9, tokens_cache_read = ?10, tokens_cache_write = ?11, "
	"tokens_output = ?12, cost_nano = ?13, detail = ?14, reply = ?15 "
	"WHERE exchange_id = ?1 AND candidate_id = ?2 AND state = 0 AND reason IS NULL";

static void bind_compared(struct statement *statement, const struct store_evaluation *evaluation)
{
	statement_bind_integer(statement, 1, evaluation->exchange);
	statement_bind_integer(statement, 2, evaluation->candidate);
	statement_bind_integer(statement, 3, evaluation->epoch);
	statement_bind_integer(statement, 4, (int64_t)evaluation->outcome);
	statement_bind_integer(statement, 5, (int64_t)evaluation->verdict);
	if (evaluation->has_reply) {
		statement_bind_integer(statement, 6, evaluation->contract_drift);
	}
	statement_bind_integer(statement, 7, evaluation->latency_us);
	statement_bind_integer(statement, 8, evaluation->attempts);
	statement_bind_integer(statement, 9, evaluation->tokens_input);
	statement_bind_integer(statement, 10, evaluation->tokens_cache_read);
	statement_bind_integer(statement, 11, evaluation->tokens_cache_write);
	statement_bind_integer(statement, 12, evaluation->tokens_output);
	statement_bind_integer(statement, 13, evaluation->cost_nano);
	statement_borrow_text(statement, 14, or_null(evaluation->detail));
}

__extension__ typedef unsigned __int128 wide;

/* Cost in thousandths of the limit, rounded up; at most 1000. */
static int64_t cost_step(int64_t cost, int64_t limit)
{
	if (cost <= 0) {
		return 0;
	}
	if (cost >= limit) {
		return COST_STEPS;
	}
	return (int64_t)(((wide)cost * COST_STEPS + (wide)limit - 1) / (wide)limit);
}

static void count_sums(struct store *store, const struct store_evaluation *evaluation)
{
	int64_t key[ROLLUP_KEY_MAX] = {evaluation->candidate, evaluation->epoch, evaluation->week, evaluation->test};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_TRANSACTION, key);
	sums[TRANSACTION_COMPARED]++;
	sums[TRANSACTION_REPLIES] += evaluation->has_reply;
	sums[TRANSACTION_CONTRACT_DRIFT] += evaluation->has_reply && evaluation->contract_drift;
	sums[TRANSACTION_ATTEMPTS] += evaluation->attempts;
	sums[TRANSACTION_TOKENS_INPUT] += evaluation->tokens_input;
	sums[TRANSACTION_TOKENS_CACHE_READ] += evaluation->tokens_cache_read;
	sums[TRANSACTION_TOKENS_CACHE_WRITE] += evaluation->tokens_cache_write;
	sums[TRANSACTION_TOKENS_OUTPUT] += evaluation->tokens_output;
	sums[TRANSACTION_COST_NANO] += evaluation->cost_nano;
	if (evaluation->cost_nano > sums[TRANSACTION_COST_NANO_MAX]) {
		sums[TRANSACTION_COST_NANO_MAX] = evaluation->cost_nano;
	}
}

static void count_compared(struct store *store, const struct store_evaluation *evaluation)
{
	if (evaluation->is_pending) {
		store_count_state(store, evaluation->candidate, evaluation->week, evaluation->test, EVALUATION_PENDING,
				  -1, -1);
	}
	store_count_state(store, evaluation->candidate, evaluation->week, evaluation->test, EVALUATION_COMPARED, -1, 1);
	count_sums(store, evaluation);
	int64_t key[ROLLUP_KEY_MAX] = {evaluation->candidate, evaluation->epoch, evaluation->week, evaluation->test,
				       (int64_t)evaluation->outcome};
	rollup_sums(store->rollup, ROLLUP_OUTCOME, key)[0]++;
	if (evaluation->cost_limit_nano > 0) {
		key[4] = cost_step(evaluation->cost_nano, evaluation->cost_limit_nano);
		rollup_sums(store->rollup, ROLLUP_COST, key)[0]++;
	}
	if (evaluation->latency_us >= 0) {
		int64_t latency[ROLLUP_KEY_MAX] = {evaluation->interface_id, evaluation->candidate, evaluation->week,
						   evaluation->test, latency_bucket(evaluation->latency_us)};
		rollup_sums(store->rollup, ROLLUP_LATENCY, latency)[0]++;
	}
}

bool store_evaluation_finish(struct store *store, const struct store_evaluation *evaluation, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store, evaluation->is_pending ? UPDATE_COMPARED : INSERT_COMPARED, err);
	if (statement == NULL) {
		return false;
	}
	bind_compared(statement, evaluation);
	if (evaluation->reply.data != NULL) {
		struct span packed;
		if (!compressor_pack_text(store->compressor, evaluation->reply, &packed, err)) {
			return false;
		}
		statement_borrow_blob(statement, 15, packed);
	}
	if (!statement_run(statement, err)) {
		return false;
	}
	if (store_changes(store) == 0) {
		return not_pending(evaluation->exchange, evaluation->candidate, err);
	}
	count_compared(store, evaluation);
	return true;
}

bool store_evaluation_reply(struct store *store, int64_t exchange, int64_t candidate, struct arena *arena,
			    struct span *ret_reply, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT reply FROM evaluation WHERE exchange_id = ? AND candidate_id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	bool done = false;
	if (found && !statement_is_null(statement, 0)) {
		done = compressor_unpack_text(store->compressor, statement_blob(statement, 0), arena, ret_reply, err);
	} else {
		error_set(err, ERROR_MISSING, "candidate %lld gave no reply to exchange %lld", (long long)candidate,
			  (long long)exchange);
	}
	statement_reset(statement);
	return done;
}

/* --- records and fields --- */

bool store_record_add(struct store *store, const struct store_record *record, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store,
				"INSERT INTO record (exchange_id, candidate_id, key, verdict, side, pi_ppm, sampled) "
				"VALUES (?, ?, ?, ?, ?, ?, ?)",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, record->exchange);
	statement_bind_integer(statement, 2, record->candidate);
	statement_borrow_text(statement, 3, or_empty(record->key));
	statement_bind_integer(statement, 4, (int64_t)record->verdict);
	statement_bind_integer(statement, 5, (int64_t)record->side);
	statement_bind_integer(statement, 6, record->pi_ppm);
	statement_bind_integer(statement, 7, record->sampled);
	if (!statement_run(statement, err)) {
		return false;
	}
	int64_t key[ROLLUP_KEY_MAX] = {record->candidate, record->epoch,         record->week,
				       record->test,      (int64_t)record->side, record->pi_ppm};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_RECORD, key);
	sums[RECORD_COUNT]++;
	sums[RECORD_SAMPLED] += record->sampled;
	return true;
}

static bool insert_difference(struct store *store, const struct store_record *record, int64_t field,
			      enum verdict verdict, struct span legacy_value, struct span llm_value, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO field_difference (exchange_id, candidate_id, key, field_id, verdict, "
				"legacy_value, llm_value, week, test) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, record->exchange);
	statement_bind_integer(statement, 2, record->candidate);
	statement_borrow_text(statement, 3, or_empty(record->key));
	statement_bind_integer(statement, 4, field);
	statement_bind_integer(statement, 5, (int64_t)verdict);
	statement_borrow_text(statement, 6, legacy_value);
	statement_borrow_text(statement, 7, llm_value);
	statement_bind_integer(statement, 8, record->week);
	statement_bind_integer(statement, 9, record->test);
	return statement_run(statement, err);
}

bool store_field_add(struct store *store, const struct store_record *record, int64_t field, enum verdict verdict,
		     struct span legacy_value, struct span llm_value, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	if (verdict != VERDICT_AGREE &&
	    !insert_difference(store, record, field, verdict, legacy_value, llm_value, err)) {
		return false;
	}
	int64_t key[ROLLUP_KEY_MAX] = {record->candidate, record->epoch, record->week,
				       record->test,      field,         (int64_t)verdict};
	rollup_sums(store->rollup, ROLLUP_FIELD, key)[0]++;
	return true;
}

/* --- review items --- */

bool store_review_item_add(struct store *store, int64_t exchange, struct span key, int32_t week, bool overlap,
			   int64_t *ret_item, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO review_item (exchange_id, key, week, overlap, status) "
				"VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
				err);
	struct statement *find =
		store_statement(store, "SELECT id FROM review_item WHERE exchange_id = ? AND key = ?", err);
	if (statement == NULL || find == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_borrow_text(statement, 2, or_empty(key));
	statement_bind_integer(statement, 3, week);
	statement_bind_integer(statement, 4, overlap);
	if (!statement_run(statement, err)) {
		return false;
	}
	if (store_changes(store) > 0) {
		*ret_item = store_last_id(store);
		return true;
	}
	statement_bind_integer(find, 1, exchange);
	statement_borrow_text(find, 2, or_empty(key));
	bool found = false;
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	*ret_item = statement_integer(find, 0);
	statement_reset(find);
	return true;
}

bool store_review_value_add(struct store *store, int64_t item, int64_t path, int64_t field, struct span value,
			    struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO review_value (item_id, path, field_id, value) VALUES (?, ?, ?, ?) "
				"ON CONFLICT DO NOTHING",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, item);
	statement_bind_integer(statement, 2, path);
	statement_bind_integer(statement, 3, field);
	statement_borrow_text(statement, 4, value);
	return statement_run(statement, err);
}

/* --- what is left to do --- */

bool store_pending(struct store *store, int64_t candidate, int64_t after, size_t limit, int64_t *ids, size_t *ret_count,
		   struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"SELECT exchange_id FROM evaluation INDEXED BY evaluation_open "
				"WHERE candidate_id = ? AND state = 0 AND reason IS NULL AND exchange_id > ? ORDER BY "
				"exchange_id LIMIT ?",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate);
	statement_bind_integer(statement, 2, after);
	statement_bind_integer(statement, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	return statement_collect(statement, ids, ret_count, err);
}

bool store_pending_count(struct store *store, int64_t candidate, int64_t *ret_count, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"SELECT sum(count) FROM rollup_state WHERE candidate_id = ? AND state = 0 AND reason = "
				"-1",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_count = statement_integer(statement, 0);
	statement_reset(statement);
	return true;
}
