/* Profiles of fields: names, counts, references, findings. */
#include "harness/store/profile.h"

#include "harness/base/hash.h"
#include "harness/store/internal.h"

enum { HASHED_MAX = 256 * 1024 * 1024 };

static struct statement *of_side(struct store *store, const char *sql, int64_t interface_id, int64_t side,
				 struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement != NULL) {
		statement_bind_integer(statement, 1, interface_id);
		statement_bind_integer(statement, 2, side);
	}
	return statement;
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the profiles of fields");
}

/* --- fields --- */

static bool read_tokens(struct store *store, struct store_profile_field *field, struct arena *arena, struct error *err)
{
	struct statement *rows =
		store_statement(store, "SELECT token FROM profile_value WHERE field_id = ? LIMIT ?", err);
	field->tokens = arena_allocate_array(arena, PROFILE_TEXTS_MAX, sizeof(*field->tokens));
	if (rows == NULL || field->tokens == NULL) {
		return rows != NULL && no_memory(err);
	}
	statement_bind_integer(rows, 1, field->id);
	statement_bind_integer(rows, 2, PROFILE_TEXTS_MAX);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		field->tokens[field->token_count++] = statement_integer(rows, 0);
	}
	return step == STATEMENT_DONE;
}

static bool read_fields(struct statement *rows, struct store_list *list, struct error *err)
{
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct store_profile_field *field = store_list_add(list);
		char *pointer = arena_copy(list->arena, statement_text(rows, 1));
		if (field == NULL || pointer == NULL) {
			statement_reset(rows);
			return no_memory(err);
		}
		*field = (struct store_profile_field){
			.id = statement_integer(rows, 0),
			.pointer = pointer,
			.is_map = statement_integer(rows, 2) != 0,
			.is_open = statement_integer(rows, 3) != 0,
		};
	}
	return step == STATEMENT_DONE;
}

bool store_profile_fields(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
			  struct store_profile_field **ret_fields, size_t *ret_count, struct error *err)
{
	struct store_list list = {.arena = arena, .size = sizeof(struct store_profile_field)};
	struct statement *rows = of_side(store,
					 "SELECT id, pointer, is_map, is_open FROM profile_field WHERE interface_id = "
					 "? AND side = ? ORDER BY id",
					 interface_id, side, err);
	if (rows == NULL || !read_fields(rows, &list, err)) {
		return false;
	}
	struct store_profile_field *fields = (struct store_profile_field *)(void *)list.items;
	for (size_t i = 0; i < list.count; i++) {
		if (!read_tokens(store, &fields[i], arena, err)) {
			return false;
		}
	}
	*ret_fields = fields;
	*ret_count = list.count;
	return true;
}

bool store_profile_field_add(struct store *store, int64_t interface_id, int64_t side, struct span pointer, bool is_map,
			     int64_t *ret_id, struct error *err)
{
	struct statement *add = of_side(store,
					"INSERT INTO profile_field (interface_id, side, pointer, is_map, is_open) "
					"VALUES (?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET is_map = max(is_map, "
					"excluded.is_map) RETURNING id",
					interface_id, side, err);
	bool found = false;
	if (add == NULL) {
		return false;
	}
	statement_borrow_text(add, 3, pointer);
	statement_bind_integer(add, 4, is_map);
	if (!statement_one_row(add, &found, err)) {
		return false;
	}
	*ret_id = statement_integer(add, 0);
	return statement_step(add, err) == STATEMENT_DONE;
}

bool store_profile_field_open(struct store *store, int64_t field, struct error *err)
{
	struct statement *set = store_statement(store, "UPDATE profile_field SET is_open = 1 WHERE id = ?", err);
	if (set == NULL) {
		return false;
	}
	statement_bind_integer(set, 1, field);
	return statement_run(set, err);
}

bool store_profile_value_add(struct store *store, int64_t field, int64_t token, struct span value, struct error *err)
{
	struct statement *add = store_statement(
		store, "INSERT INTO profile_value (field_id, token, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, field);
	statement_bind_integer(add, 2, token);
	statement_borrow_text(add, 3, value);
	return statement_run(add, err);
}

void store_profile_add(struct store *store, int64_t field, int32_t week, bool test, enum profile_measure measure,
		       int64_t bin, int64_t count)
{
	int64_t key[ROLLUP_KEY_MAX] = {field, week, test, (int64_t)measure, bin};
	rollup_sums(store->rollup, ROLLUP_PROFILE, key)[0] += count;
}

/* --- the reference --- */

bool store_profile_reference(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
			     struct store_reference *ret_reference, struct error *err)
{
	struct statement *row =
		of_side(store,
			"SELECT id, from_week, to_week, messages, frozen_at, actor, note FROM "
			"profile_reference WHERE interface_id = ? AND side = ? ORDER BY id DESC LIMIT 1",
			interface_id, side, err);
	struct store_reference reference = {0};
	bool found = false;
	if (row == NULL || !statement_one_row(row, &found, err)) {
		return false;
	}
	if (found) {
		reference = (struct store_reference){
			.id = statement_integer(row, 0),
			.from_week = (int32_t)statement_integer(row, 1),
			.to_week = (int32_t)statement_integer(row, 2),
			.messages = statement_integer(row, 3),
			.frozen_at = statement_integer(row, 4),
			.actor = arena_copy(arena, statement_text(row, 5)),
			.note = arena_copy(arena, statement_text(row, 6)),
		};
		statement_reset(row);
		if (reference.actor == NULL || reference.note == NULL) {
			return no_memory(err);
		}
	}
	*ret_reference = reference;
	return true;
}

/* Canonical: a line of pointer, measure, bin and count for each row, in the order of the first three. */
static bool hash_rows(struct statement *rows, uint8_t digest[SHA256_SIZE], struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(HASHED_MAX);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		buffer_append_span(&text, statement_text(rows, 0));
		buffer_append_format(&text, " %lld %lld %lld\n", (long long)statement_integer(rows, 1),
				     (long long)statement_integer(rows, 2), (long long)statement_integer(rows, 3));
	}
	if (step != STATEMENT_DONE || !buffer_ok(&text, "the reference of a profile", err)) {
		return false;
	}
	hash_sha256(buffer_span(&text), digest);
	return true;
}

static bool hash_weeks(struct store *store, const struct store_freeze *freeze, uint8_t digest[SHA256_SIZE],
		       struct error *err)
{
	struct statement *rows = of_side(
		store,
		"SELECT f.pointer, r.measure, r.bin, sum(r.count) FROM profile_field f JOIN rollup_profile r ON "
		"r.field_id = f.id WHERE f.interface_id = ? AND f.side = ? AND r.week BETWEEN ? AND ? AND "
		"r.test = 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
		freeze->interface_id, freeze->side, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 3, freeze->from_week);
	statement_bind_integer(rows, 4, freeze->to_week);
	return hash_rows(rows, digest, err);
}

bool store_profile_reference_check(struct store *store, int64_t reference, bool *ret_intact, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	struct statement *rows = store_statement(
		store,
		"SELECT f.pointer, c.measure, c.bin, c.count FROM profile_reference_count c JOIN profile_field f ON "
		"f.id = c.field_id WHERE c.reference_id = ? ORDER BY 1, 2, 3",
		err);
	struct statement *hash = store_statement(store, "SELECT hash FROM profile_reference WHERE id = ?", err);
	bool found = false;
	if (rows == NULL || hash == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, reference);
	statement_bind_integer(hash, 1, reference);
	if (!hash_rows(rows, digest, err) || !statement_one_row(hash, &found, err)) {
		return false;
	}
	*ret_intact = found && span_equal(statement_blob(hash, 0), (struct span){(const char *)digest, sizeof(digest)});
	statement_reset(hash);
	return true;
}

static bool count_messages(struct store *store, const struct store_freeze *freeze, int64_t *ret_messages,
			   struct error *err)
{
	struct statement *ask = of_side(
		store,
		"SELECT coalesce(sum(r.count), 0) FROM profile_field f JOIN rollup_profile r ON r.field_id = f.id "
		"WHERE f.interface_id = ? AND f.side = ? AND f.pointer = '' AND r.measure <> ? AND r.week "
		"BETWEEN ? AND ? AND r.test = 0",
		freeze->interface_id, freeze->side, err);
	bool found = false;
	if (ask == NULL) {
		return false;
	}
	statement_bind_integer(ask, 3, PROFILE_LEFT_OUT);
	statement_bind_integer(ask, 4, freeze->from_week);
	statement_bind_integer(ask, 5, freeze->to_week);
	if (!statement_one_row(ask, &found, err)) {
		return false;
	}
	*ret_messages = statement_integer(ask, 0);
	statement_reset(ask);
	return true;
}

static bool insert_reference(struct store *store, const struct store_freeze *freeze, int64_t messages,
			     const uint8_t digest[SHA256_SIZE], struct error *err)
{
	struct statement *add = of_side(store,
					"INSERT INTO profile_reference (interface_id, side, from_week, to_week, "
					"messages, hash, frozen_at, actor, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
					freeze->interface_id, freeze->side, err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 3, freeze->from_week);
	statement_bind_integer(add, 4, freeze->to_week);
	statement_bind_integer(add, 5, messages);
	statement_borrow_blob(add, 6, (struct span){(const char *)digest, SHA256_SIZE});
	statement_bind_integer(add, 7, freeze->at);
	statement_borrow_text(add, 8, freeze->actor);
	statement_borrow_text(add, 9, freeze->note);
	return statement_run(add, err);
}

static bool copy_counts(struct store *store, const struct store_freeze *freeze, int64_t reference, struct error *err)
{
	struct statement *copy =
		of_side(store,
			"INSERT INTO profile_reference_count (reference_id, field_id, measure, bin, count) SELECT ?5, "
			"r.field_id, r.measure, r.bin, sum(r.count) FROM profile_field f JOIN rollup_profile r ON "
			"r.field_id = f.id WHERE f.interface_id = ?1 AND f.side = ?2 AND r.week BETWEEN ?3 AND ?4 AND "
			"r.test = 0 GROUP BY 2, 3, 4",
			freeze->interface_id, freeze->side, err);
	if (copy == NULL) {
		return false;
	}
	statement_bind_integer(copy, 3, freeze->from_week);
	statement_bind_integer(copy, 4, freeze->to_week);
	statement_bind_integer(copy, 5, reference);
	return statement_run(copy, err);
}

bool store_profile_freeze(struct store *store, const struct store_freeze *freeze, int64_t *ret_messages,
			  struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	int64_t messages = 0;
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	if (!count_messages(store, freeze, &messages, err)) {
		return false;
	}
	*ret_messages = messages;
	return messages == 0 ||
	       (hash_weeks(store, freeze, digest, err) && insert_reference(store, freeze, messages, digest, err) &&
		copy_counts(store, freeze, store_last_id(store), err));
}

/* --- reading --- */

bool store_profile_counts(struct store *store, int64_t interface_id, int64_t side, int32_t week, int64_t reference,
			  struct arena *arena, struct store_profile_count **ret_counts, size_t *ret_count,
			  struct error *err)
{
	struct store_list list = {.arena = arena, .size = sizeof(struct store_profile_count)};
	struct statement *rows = of_side(
		store,
		reference != 0
			? "SELECT c.field_id, c.measure, c.bin, c.count FROM profile_field f JOIN "
			  "profile_reference_count c ON c.field_id = f.id WHERE f.interface_id = ? AND f.side = ? AND "
			  "c.reference_id = ? ORDER BY 1, 2, 3"
			: "SELECT r.field_id, r.measure, r.bin, r.count FROM profile_field f JOIN rollup_profile r ON "
			  "r.field_id = f.id WHERE f.interface_id = ? AND f.side = ? AND r.week = ? AND r.test = 0 "
			  "ORDER BY 1, 2, 3",
		interface_id, side, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 3, reference != 0 ? reference : week);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct store_profile_count *count = store_list_add(&list);
		if (count == NULL) {
			statement_reset(rows);
			return no_memory(err);
		}
		*count = (struct store_profile_count){
			.field = statement_integer(rows, 0),
			.measure = (enum profile_measure)statement_integer(rows, 1),
			.bin = statement_integer(rows, 2),
			.count = statement_integer(rows, 3),
		};
	}
	*ret_counts = (struct store_profile_count *)(void *)list.items;
	*ret_count = list.count;
	return step == STATEMENT_DONE;
}

bool store_profile_weeks(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
			 struct store_profile_week **ret_weeks, size_t *ret_count, struct error *err)
{
	struct store_list list = {.arena = arena, .size = sizeof(struct store_profile_week)};
	struct statement *rows = of_side(
		store,
		"SELECT r.week, sum(r.count), coalesce(w.messages, -1), coalesce(w.reference_id, 0) FROM "
		"profile_field f JOIN rollup_profile r ON r.field_id = f.id LEFT JOIN profile_week w ON "
		"w.interface_id = f.interface_id AND w.side = f.side AND w.week = r.week WHERE f.interface_id = "
		"? AND f.side = ? AND f.pointer = '' AND r.measure <> ? AND r.test = 0 GROUP BY 1 ORDER BY 1",
		interface_id, side, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 3, PROFILE_LEFT_OUT);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct store_profile_week *week = store_list_add(&list);
		if (week == NULL) {
			statement_reset(rows);
			return no_memory(err);
		}
		*week = (struct store_profile_week){
			.week = (int32_t)statement_integer(rows, 0),
			.messages = statement_integer(rows, 1),
			.tested = statement_integer(rows, 2),
			.reference = statement_integer(rows, 3),
		};
	}
	*ret_weeks = (struct store_profile_week *)(void *)list.items;
	*ret_count = list.count;
	return step == STATEMENT_DONE;
}

/* --- findings --- */

static struct statement *of_week(struct store *store, const char *sql, const struct store_tested *tested,
				 struct error *err)
{
	struct statement *statement = of_side(store, sql, tested->interface_id, tested->side, err);
	if (statement != NULL) {
		statement_bind_integer(statement, 3, tested->week);
	}
	return statement;
}

bool store_profile_tested(struct store *store, const struct store_tested *tested, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *clear = of_week(
		store, "DELETE FROM profile_finding WHERE interface_id = ? AND side = ? AND week = ?", tested, err);
	if (clear == NULL || !statement_run(clear, err)) {
		return false;
	}
	struct statement *set =
		of_week(store,
			"INSERT INTO profile_week (interface_id, side, week, reference_id, messages, tests, tested_at) "
			"VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET reference_id = excluded.reference_id, "
			"messages = excluded.messages, tests = excluded.tests, tested_at = excluded.tested_at",
			tested, err);
	if (set == NULL) {
		return false;
	}
	statement_bind_integer(set, 4, tested->reference);
	statement_bind_integer(set, 5, tested->messages);
	statement_bind_integer(set, 6, tested->tests);
	statement_bind_integer(set, 7, tested->at);
	return statement_run(set, err);
}

bool store_profile_finding_add(struct store *store, const struct store_tested *tested,
			       const struct store_finding *finding, struct error *err)
{
	struct statement *add = of_week(
		store,
		"INSERT INTO profile_finding (interface_id, side, week, field_id, check_id, statistic, p, "
		"adjusted, effect, psi, js, reference_share, week_share, sentence) VALUES (?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?)",
		tested, err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 4, finding->field);
	statement_bind_integer(add, 5, finding->check);
	statement_bind_real(add, 6, finding->statistic);
	statement_bind_real(add, 7, finding->p);
	statement_bind_real(add, 8, finding->adjusted);
	statement_bind_real(add, 9, finding->effect);
	if (finding->has_shares) {
		statement_bind_real(add, 12, finding->reference_share);
		statement_bind_real(add, 13, finding->week_share);
	} else {
		statement_bind_real(add, 10, finding->psi);
		statement_bind_real(add, 11, finding->js);
	}
	statement_borrow_text(add, 14, finding->sentence);
	return statement_run(add, err);
}
