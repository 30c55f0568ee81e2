/* What ends by time: exchanges whose answer has not come, answers whose exchange has not, old keys and minutes. */
#include "harness/pipeline/worker_internal.h"
#include "harness/store/correction.h"
#include "harness/store/draw.h"
#include "harness/store/legacy.h"

enum { SWEEP_INTERVAL_US = 1000000, SWEEP_BATCH = 500, KEY_DAYS = 7, MINUTES_KEPT = 24 * 60 };

static const int64_t MINUTE_US = INT64_C(60) * CLOCK_SECOND;

static bool unpair(struct worker *worker, const struct interface_lane *lane, int64_t row, struct error *err)
{
	struct store_exchange exchange;
	bool removed = false;
	if (!store_exchange_get(worker->store, row, &exchange, err) ||
	    !store_awaited_remove(worker->store, lane->id, exchange.captured_at, row, &removed, err)) {
		return false;
	}
	for (size_t i = 0; i < lane->contract->candidate_count; i++) {
		bool moved = false;
		if (!store_evaluation_unpair(worker->store, row, lane->candidates[i].id, exchange.week, exchange.test,
					     &moved, err)) {
			return false;
		}
	}
	return true;
}

static bool sweep_exchanges(struct worker *worker, const struct interface_lane *lane, int64_t until, size_t *count,
			    struct error *err)
{
	int64_t rows[SWEEP_BATCH];
	size_t found = 0;
	if (!store_awaited_expired(worker->store, lane->id, until, SWEEP_BATCH, rows, &found, err)) {
		return false;
	}
	for (size_t i = 0; i < found; i++) {
		if (!unpair(worker, lane, rows[i], err)) {
			return false;
		}
	}
	*count += found;
	return true;
}

/* What is older than these has ended. */
struct limits {
	int64_t sides;  /* captured_at of exchanges and answers that wait */
	int64_t keys;   /* stored_at of idempotency keys */
	int64_t minute; /* of the floor's counts */
};

/* `read_until`: everything captured before that has been read; `now`: the clock. */
static struct limits limits_of(const struct interface_lane *lane, int64_t read_until, int64_t now)
{
	int64_t window = lane->contract->tap.pair_window_us;
	int64_t kept = window > KEY_DAYS * CLOCK_DAY ? window : KEY_DAYS * CLOCK_DAY;
	return (struct limits){read_until - window, now - kept, now / MINUTE_US - MINUTES_KEPT};
}

static bool sweep_lane(struct worker *worker, struct interface_lane *lane, const struct limits *limits, size_t *count,
		       struct error *err)
{
	size_t outcomes = 0;
	size_t forgotten = 0;
	size_t minutes = 0;
	bool done = sweep_exchanges(worker, lane, limits->sides, count, err) &&
		    store_outcome_expire(worker->store, lane->id, limits->sides, SWEEP_BATCH, &outcomes, err) &&
		    store_idempotency_expire(worker->store, lane->id, limits->keys, SWEEP_BATCH, &forgotten, err) &&
		    store_floor_expire(worker->store, lane->id, limits->minute, &minutes, err) &&
		    store_outcome_waits(worker->store, lane->id, &lane->outcomes_wait, err);
	*count += outcomes + forgotten;
	return done;
}

/* Is there anything old enough? Asked without the write lock. */
static bool is_due(struct worker *worker, const struct interface_lane *lane, const struct limits *limits, bool *ret_due,
		   struct error *err)
{
	static const char question[] =
		"SELECT EXISTS (SELECT 1 FROM awaited WHERE interface_id = ?1 AND captured_at <= ?2) OR EXISTS (SELECT "
		"1 FROM waiting_outcome WHERE interface_id = ?1 AND seen_at <= ?2) OR EXISTS (SELECT 1 FROM "
		"idempotency_key WHERE interface_id = ?1 AND stored_at <= ?3) OR EXISTS (SELECT 1 FROM shadow_minute "
		"WHERE interface_id = ?1 AND minute < ?4)";
	struct statement *statement = store_statement(worker->store, question, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, lane->id);
	statement_bind_integer(statement, 2, limits->sides);
	statement_bind_integer(statement, 3, limits->keys);
	statement_bind_integer(statement, 4, limits->minute);
	if (statement_step(statement, err) != STATEMENT_ROW) {
		return false;
	}
	*ret_due = statement_integer(statement, 0) != 0;
	statement_reset(statement);
	return true;
}

static bool sweep_in_transaction(struct worker *worker, struct interface_lane *lane, const struct limits *limits,
				 size_t *count, struct error *err)
{
	if (!store_begin(worker->store, err)) {
		return false;
	}
	if (!sweep_lane(worker, lane, limits, count, err) || !store_commit(worker->store, err)) {
		store_rollback(worker->store);
		return false;
	}
	return true;
}

bool worker_sweep(struct worker *worker, int64_t read_until, size_t *ret_count, struct error *err)
{
	int64_t monotonic = clock_monotonic();
	int64_t now = clock_now();
	size_t count = 0;
	*ret_count = 0;
	if (worker->swept_at != 0 && monotonic - worker->swept_at < SWEEP_INTERVAL_US) {
		return true;
	}
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		bool due = false;
		struct limits limits = limits_of(worker->lanes[i], read_until, now);
		if (!is_due(worker, worker->lanes[i], &limits, &due, err) ||
		    (due && !sweep_in_transaction(worker, worker->lanes[i], &limits, &count, err))) {
			return false;
		}
	}
	worker->swept_at = count > 0 ? 0 : monotonic; /* there may be more */
	*ret_count = count;
	return true;
}
