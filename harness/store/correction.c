#include "harness/store/correction.h"

#include "harness/store/internal.h"

/* --- waiting --- */

bool store_evaluation_hold(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			   enum pending_reason reason, struct span reply, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(store,
						      "INSERT INTO evaluation (exchange_id, candidate_id, state, "
						      "reason, reply) VALUES (?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
						      err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	statement_bind_integer(statement, 3, (int64_t)reason);
	if (reply.data != NULL) {
		struct span packed;
		if (!compressor_pack_text(store->compressor, reply, &packed, err)) {
			return false;
		}
		statement_borrow_blob(statement, 4, packed);
	}
	if (!statement_run(statement, err)) {
		return false;
	}
	if (store_changes(store) > 0) {
		store_count_state(store, candidate, week, test, EVALUATION_PENDING, (int)reason, 1);
	}
	return true;
}

bool store_evaluation_standing(struct store *store, int64_t exchange, int64_t candidate,
			       struct store_standing *ret_standing, struct error *err)
{
	struct statement *statement = store_statement(store,
						      "SELECT state, coalesce(reason, -1), epoch_id, outcome, reply IS "
						      "NOT NULL FROM evaluation WHERE exchange_id = ? AND candidate_id "
						      "= ?",
						      err);
	struct store_standing standing = {0};
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	if (!statement_one_row(statement, &standing.is_there, err)) {
		return false;
	}
	if (standing.is_there) {
		standing.state = (enum evaluation)statement_integer(statement, 0);
		standing.reason = (int)statement_integer(statement, 1);
		standing.epoch = statement_integer(statement, 2);
		standing.outcome = (enum outcome)statement_integer(statement, 3);
		standing.has_reply = statement_integer(statement, 4) != 0;
		statement_reset(statement);
	}
	*ret_standing = standing;
	return true;
}

/* Moves the row from one state and reason (-1: none) to another. */
static bool move(struct store *store, int64_t exchange, int64_t candidate, const int from[2], const int to[2],
		 bool *ret_moved, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store,
				"UPDATE evaluation SET state = ?5, reason = nullif(?6, -1) WHERE exchange_id = ?1 AND "
				"candidate_id = ?2 AND state = ?3 AND coalesce(reason, -1) = ?4",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, candidate);
	for (int i = 0; i < 2; i++) {
		statement_bind_integer(statement, 3 + i, from[i]);
		statement_bind_integer(statement, 5 + i, to[i]);
	}
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_moved = store_changes(store) > 0;
	return true;
}

static bool move_and_count(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			   const int from[2], const int to[2], bool *ret_moved, struct error *err)
{
	if (!move(store, exchange, candidate, from, to, ret_moved, err)) {
		return false;
	}
	if (*ret_moved) {
		store_count_state(store, candidate, week, test, (enum evaluation)from[0], from[1], -1);
		store_count_state(store, candidate, week, test, (enum evaluation)to[0], to[1], 1);
	}
	return true;
}

static const int OPEN[2] = {EVALUATION_PENDING, -1};
static const int WAITING[2] = {EVALUATION_PENDING, PENDING_AWAITS_LEGACY};
static const int UNPAIRED[2] = {EVALUATION_UNPAIRED, -1};

bool store_evaluation_open(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			   bool *ret_moved, struct error *err)
{
	return move_and_count(store, exchange, candidate, week, test, WAITING, OPEN, ret_moved, err) &&
	       (*ret_moved || move_and_count(store, exchange, candidate, week, test, UNPAIRED, OPEN, ret_moved, err));
}

bool store_evaluation_unpair(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
			     bool *ret_moved, struct error *err)
{
	return move_and_count(store, exchange, candidate, week, test, WAITING, UNPAIRED, ret_moved, err);
}

/* --- taking a comparison back --- */

static struct statement *of_evaluation(struct store *store, const char *sql, const struct store_record *of,
				       struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement != NULL) {
		statement_bind_integer(statement, 1, of->exchange);
		statement_bind_integer(statement, 2, of->candidate);
	}
	return statement;
}

static int64_t *field_count_of(struct store *store, const struct store_record *of, int64_t field, int64_t verdict)
{
	int64_t key[ROLLUP_KEY_MAX] = {of->candidate, of->epoch, of->week, of->test, field, verdict};
	return rollup_sums(store->rollup, ROLLUP_FIELD, key);
}

/* Every field of the record is taken back as an agreement, which uncount_differences puts right. */
static void uncount_record(struct store *store, const struct store_record *of, const struct store_drawn *drawn,
			   int64_t side, const int64_t *fields, size_t field_count)
{
	int64_t key[ROLLUP_KEY_MAX] = {of->candidate, of->epoch, of->week, of->test, side, drawn->pi_ppm};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_RECORD, key);
	sums[RECORD_COUNT]--;
	sums[RECORD_SAMPLED] -= drawn->sampled;
	for (size_t i = 0; i < field_count; i++) {
		field_count_of(store, of, fields[i], VERDICT_AGREE)[0]--;
	}
}

static bool uncount_differences(struct store *store, const struct store_record *of, struct error *err)
{
	struct statement *rows = of_evaluation(
		store, "SELECT field_id, verdict FROM field_difference WHERE exchange_id = ? AND candidate_id = ?", of,
		err);
	enum statement_step step = STATEMENT_FAILED;
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		int64_t field = statement_integer(rows, 0);
		field_count_of(store, of, field, VERDICT_AGREE)[0]++;
		field_count_of(store, of, field, statement_integer(rows, 1))[0]--;
	}
	return step == STATEMENT_DONE;
}

/* Room for one more in the arena; what was there is copied. */
static struct store_drawn *grow(struct arena *arena, struct store_drawn *list, size_t count, size_t *capacity)
{
	if (count < *capacity) {
		return list;
	}
	size_t more = *capacity > 0 ? *capacity * 2 : 16;
	struct store_drawn *grown = arena_allocate_array(arena, more, sizeof(*grown));
	if (grown != NULL && count > 0) {
		memcpy(grown, list, count * sizeof(*list));
	}
	*capacity = more;
	return grown;
}

static bool read_drawn(struct store *store, const struct store_record *of, const int64_t *fields, size_t field_count,
		       struct arena *arena, struct store_drawn **ret_drawn, size_t *ret_count, struct error *err)
{
	struct statement *rows = of_evaluation(
		store,
		"SELECT key, side, pi_ppm, sampled FROM record WHERE exchange_id = ? AND candidate_id = ? ORDER BY key",
		of, err);
	struct store_drawn *list = NULL;
	size_t count = 0;
	size_t capacity = 0;
	enum statement_step step = STATEMENT_FAILED;
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct span key = statement_text(rows, 0);
		char *copy = arena_copy(arena, key);
		list = grow(arena, list, count, &capacity);
		if (copy == NULL || list == NULL) {
			statement_reset(rows);
			return error_set(err, ERROR_MEMORY, "no memory for the records of an exchange");
		}
		list[count] = (struct store_drawn){
			.key = {copy, key.length},
			.pi_ppm = (uint32_t)statement_integer(rows, 2),
			.sampled = statement_integer(rows, 3) != 0,
		};
		uncount_record(store, of, &list[count], statement_integer(rows, 1), fields, field_count);
		count++;
	}
	*ret_drawn = list;
	*ret_count = count;
	return step == STATEMENT_DONE;
}

bool store_records_take(struct store *store, const struct store_record *of, const int64_t *fields, size_t field_count,
			struct arena *arena, struct store_drawn **ret_drawn, size_t *ret_count, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	if (!read_drawn(store, of, fields, field_count, arena, ret_drawn, ret_count, err) ||
	    !uncount_differences(store, of, err)) {
		return false;
	}
	struct statement *differences = of_evaluation(
		store, "DELETE FROM field_difference WHERE exchange_id = ? AND candidate_id = ?", of, err);
	struct statement *records =
		of_evaluation(store, "DELETE FROM record WHERE exchange_id = ? AND candidate_id = ?", of, err);
	return differences != NULL && records != NULL && statement_run(differences, err) && statement_run(records, err);
}

bool store_evaluation_judge(struct store *store, int64_t exchange, int64_t candidate, enum verdict verdict,
			    struct error *err)
{
	struct statement *statement = store_statement(
		store, "UPDATE evaluation SET verdict = ? WHERE exchange_id = ? AND candidate_id = ? AND state = 1",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, (int64_t)verdict);
	statement_bind_integer(statement, 2, exchange);
	statement_bind_integer(statement, 3, candidate);
	return statement_run(statement, err);
}

bool store_review_value_set(struct store *store, int64_t item, int64_t path, int64_t field, struct span value,
			    struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO review_value (item_id, path, field_id, value) VALUES (?, ?, ?, ?) "
				"ON CONFLICT DO UPDATE SET value = excluded.value",
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
