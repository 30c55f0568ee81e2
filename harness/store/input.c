#include "harness/store/input.h"

#include "harness/base/clock.h"
#include "harness/store/internal.h"

static int64_t day_of(int64_t time)
{
	return time / CLOCK_DAY - (time % CLOCK_DAY < 0);
}

static void count_input(struct store *store, const struct store_input *input)
{
	static const enum input_sum done[INPUT_GATE_COUNT] = {
		[INPUT_WARN] = INPUT_SUM_WARNED,
		[INPUT_HOLD] = INPUT_SUM_HELD_INVALID,
		[INPUT_DEAD_LETTER] = INPUT_SUM_DEAD_LETTER,
	};
	int64_t key[ROLLUP_KEY_MAX] = {input->interface_id, day_of(input->captured_at), input->test};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_INPUT, key);
	sums[INPUT_SUM_MESSAGES]++;
	sums[INPUT_SUM_UNREADABLE] += input->unreadable;
	if (input->deviates) {
		sums[INPUT_SUM_DEVIATING]++;
		sums[done[input->gate]]++;
	} else {
		sums[INPUT_SUM_HELD_CHANGED] += input->gate == INPUT_HOLD;
	}
}

bool store_input_add(struct store *store, const struct store_input *input, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	count_input(store, input);
	if (!input->deviates) {
		return true;
	}
	struct statement *add =
		store_statement(store, "INSERT INTO input_mark (exchange_id, gate, detail) VALUES (?, ?, ?)", err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, input->exchange);
	statement_bind_integer(add, 2, (int64_t)input->gate);
	statement_borrow_text(add, 3, input->detail);
	return statement_run(add, err);
}

bool store_input_changed(struct store *store, int64_t interface_id, bool *ret_changed, struct error *err)
{
	struct statement *ask = store_statement(
		store, "SELECT EXISTS (SELECT 1 FROM incident WHERE interface_id = ? AND kind = ? AND state < 2)", err);
	bool found = false;
	if (ask == NULL) {
		return false;
	}
	statement_bind_integer(ask, 1, interface_id);
	statement_bind_integer(ask, 2, INCIDENT_INPUT_CHANGE);
	if (!statement_one_row(ask, &found, err)) {
		return false;
	}
	*ret_changed = statement_integer(ask, 0) != 0;
	statement_reset(ask);
	return true;
}

/* --- letting go --- */

/* Which evaluations: those held, of one interface (?1), of one exchange or of all (?2 = 0). */
/* clang-format off */
#define HELD_ROWS                                                                                                      \
	"evaluation v JOIN candidate c ON c.id = v.candidate_id JOIN exchange e ON e.id = v.exchange_id "              \
	"WHERE v.state = 0 AND v.reason > 0 AND c.interface_id = ?1 AND (?2 = 0 OR v.exchange_id = ?2)"
/* clang-format on */

static struct statement *of_release(struct store *store, const char *sql, const struct store_release *release,
				    struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement != NULL) {
		statement_bind_integer(statement, 1, release->interface_id);
		statement_bind_integer(statement, 2, release->exchange);
	}
	return statement;
}

static bool write_acts(struct store *store, const struct store_release *release, int64_t *ret_count, struct error *err)
{
	struct statement *add =
		of_release(store,
			   "INSERT INTO input_release (exchange_id, at, gate, actor, note) SELECT DISTINCT "
			   "v.exchange_id, ?3, ?4, ?5, ?6 FROM " HELD_ROWS,
			   release, err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 3, release->at);
	statement_bind_integer(add, 4, (int64_t)release->gate);
	statement_borrow_text(add, 5, release->actor);
	statement_borrow_text(add, 6, release->note);
	if (!statement_run(add, err)) {
		return false;
	}
	*ret_count = store_changes(store);
	return true;
}

/* The second ledger: the held go down, what they become goes up. */
static bool count_moves(struct store *store, const struct store_release *release, struct error *err)
{
	struct statement *rows = of_release(
		store,
		"SELECT v.candidate_id, e.week, e.test, v.reason, e.legacy_outcome = ?3, count(*) FROM " HELD_ROWS
		" GROUP BY 1, 2, 3, 4, 5",
		release, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 3, LEGACY_AWAITED);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		int64_t candidate = statement_integer(rows, 0);
		int32_t week = (int32_t)statement_integer(rows, 1);
		bool test = statement_integer(rows, 2) != 0;
		int64_t count = statement_integer(rows, 5);
		bool awaits = statement_integer(rows, 4) != 0 && release->gate == INPUT_WARN;
		store_count_state(store, candidate, week, test, EVALUATION_PENDING, (int)statement_integer(rows, 3),
				  -count);
		store_count_state(store, candidate, week, test,
				  release->gate == INPUT_WARN ? EVALUATION_PENDING : EVALUATION_DEAD_LETTER,
				  awaits ? PENDING_AWAITS_LEGACY : -1, count);
	}
	return step == STATEMENT_DONE;
}

/* Where no answer counts yet, the window for one goes on as if nothing had been held. */
static bool await_again(struct store *store, const struct store_release *release, struct error *err)
{
	struct statement *add =
		of_release(store,
			   "INSERT INTO awaited (interface_id, captured_at, exchange_id) SELECT DISTINCT "
			   "e.interface_id, e.captured_at, e.id FROM " HELD_ROWS
			   " AND e.legacy_outcome = ?3 ON CONFLICT DO NOTHING",
			   release, err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 3, LEGACY_AWAITED);
	return statement_run(add, err);
}

static bool move(struct store *store, const struct store_release *release, struct error *err)
{
	bool opens = release->gate == INPUT_WARN;
	struct statement *update = of_release(
		store,
		"UPDATE evaluation SET state = ?3, reason = CASE WHEN ?3 = 0 THEN (SELECT ?4 FROM exchange e "
		"WHERE e.id = evaluation.exchange_id AND e.legacy_outcome = ?5) END, detail = ?6 WHERE state "
		"= 0 AND reason > 0 AND candidate_id IN (SELECT id FROM candidate WHERE interface_id = ?1) "
		"AND (?2 = 0 OR exchange_id = ?2)",
		release, err);
	if (update == NULL) {
		return false;
	}
	statement_bind_integer(update, 3, opens ? EVALUATION_PENDING : EVALUATION_DEAD_LETTER);
	statement_bind_integer(update, 4, PENDING_AWAITS_LEGACY);
	statement_bind_integer(update, 5, LEGACY_AWAITED);
	if (!opens) {
		statement_borrow_text(update, 6, SPAN("an input gate held it, and somebody set it aside"));
	}
	return statement_run(update, err);
}

bool store_input_release(struct store *store, const struct store_release *release, int64_t *ret_count,
			 struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	BUG_ON(release->gate == INPUT_HOLD);
	return write_acts(store, release, ret_count, err) && count_moves(store, release, err) &&
	       (release->gate != INPUT_WARN || await_again(store, release, err)) && move(store, release, err);
}
