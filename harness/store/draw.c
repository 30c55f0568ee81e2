#include "harness/store/draw.h"

#include "harness/store/internal.h"

bool store_draw_add(struct store *store, int64_t exchange, int64_t interface_id, int32_t week, bool test,
		    const struct store_draw *draw, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(
		store, "INSERT INTO shadow_draw (exchange_id, pi_ppm, rule, chosen) VALUES (?, ?, ?, ?)", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, exchange);
	statement_bind_integer(statement, 2, draw->pi_ppm);
	statement_bind_integer(statement, 3, (int64_t)draw->rule);
	statement_bind_integer(statement, 4, draw->chosen);
	if (!statement_run(statement, err)) {
		return false;
	}
	int64_t key[ROLLUP_KEY_MAX] = {interface_id, week, test, (int64_t)draw->rule, draw->pi_ppm};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_SHADOW, key);
	sums[SHADOW_COUNT]++;
	sums[SHADOW_CHOSEN] += draw->chosen;
	return true;
}

bool store_floor_take(struct store *store, int64_t interface_id, int64_t minute,
		      const uint8_t operation[STORE_OPERATION_SIZE], int floor, bool *ret_taken, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE || floor < 1);
	struct statement *statement =
		store_statement(store,
				"INSERT INTO shadow_minute (interface_id, minute, operation, count) VALUES (?, ?, ?, "
				"1) ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, minute);
	statement_borrow_blob(statement, 3, (struct span){(const char *)operation, STORE_OPERATION_SIZE});
	statement_bind_integer(statement, 4, floor);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_taken = store_changes(store) > 0;
	return true;
}

bool store_floor_expire(struct store *store, int64_t interface_id, int64_t minute, size_t *ret_count, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement =
		store_statement(store, "DELETE FROM shadow_minute WHERE interface_id = ? AND minute < ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_integer(statement, 2, minute);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_count = (size_t)store_changes(store);
	return true;
}
