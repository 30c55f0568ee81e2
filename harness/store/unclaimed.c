#include "harness/store/unclaimed.h"

#include "harness/store/internal.h"

bool store_unclaimed_add(struct store *store, const char *stream, int64_t interface_id, struct span frame,
			 struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct packed_body packed;
	struct statement *statement = store_statement(
		store,
		"INSERT INTO unclaimed_delivery (interface_id, stream, encoding, size, body) VALUES (?, ?, ?, ?, ?)",
		err);
	if (statement == NULL || !store_pack_body(store, interface_id, frame, SPAN(""), &packed, err)) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_text(statement, 2, span_of(stream));
	statement_bind_integer(statement, 3, packed.encoding);
	statement_bind_integer(statement, 4, packed.size);
	statement_borrow_blob(statement, 5, packed.body);
	return statement_run(statement, err);
}

static bool read_row(struct store *store, struct statement *row, struct arena *arena, struct span *ret_frame,
		     char **ret_stream, struct error *err)
{
	struct packed_body packed = {statement_integer(row, 2), statement_integer(row, 3), statement_blob(row, 4)};
	char *stream = arena_copy(arena, statement_text(row, 1));
	if (stream == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for an unclaimed delivery");
	}
	if (!store_unpack_body(store, &packed, arena, ret_frame, err)) {
		return false;
	}
	*ret_stream = stream;
	return true;
}

static bool remove_row(struct store *store, int64_t id, struct error *err)
{
	struct statement *statement = store_statement(store, "DELETE FROM unclaimed_delivery WHERE id = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	return statement_run(statement, err);
}

bool store_unclaimed_take(struct store *store, int64_t interface_id, struct arena *arena, struct span *ret_frame,
			  char **ret_stream, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = store_statement(store,
						      "SELECT id, stream, encoding, size, body FROM unclaimed_delivery "
						      "WHERE interface_id = ? ORDER BY id LIMIT 1",
						      err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_stream = NULL;
	if (!found) {
		return true;
	}
	int64_t id = statement_integer(statement, 0);
	bool done = read_row(store, statement, arena, ret_frame, ret_stream, err);
	statement_reset(statement);
	return done && remove_row(store, id, err);
}

bool store_unclaimed_count(struct store *store, int64_t interface_id, uint64_t *ret_count, struct error *err)
{
	struct statement *statement =
		store_statement(store, "SELECT count(*) FROM unclaimed_delivery WHERE interface_id = ?", err);
	bool found = false;
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_count = (uint64_t)statement_integer(statement, 0);
	statement_reset(statement);
	return true;
}
