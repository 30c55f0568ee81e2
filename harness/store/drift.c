/* Writing: sources, replies, deviations. */
#include "harness/store/drift.h"

#include "harness/base/text.h"
#include "harness/store/internal.h"

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

static struct span or_empty(struct span text)
{
	return text.data != NULL ? text : SPAN("");
}

/* --- sources --- */

void sources_forget(struct store *store)
{
	for (size_t i = 0; i < SOURCES_KNOWN; i++) {
		store->sources[i].id = 0;
	}
}

/* What tells a source apart; lengths keep the pieces apart. Empty where it does not fit: then it is not remembered. */
static struct span make_key(const struct store_source *source, char key[SOURCE_KEY_MAX])
{
	const struct span pieces[] = {source->contract_version, source->model, source->prompt, source->service_version};
	const int64_t numbers[] = {source->interface_id, source->path};
	size_t length = sizeof(numbers);
	memcpy(key, numbers, sizeof(numbers));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t piece = pieces[i].length;
		if (SOURCE_KEY_MAX - length < sizeof(piece) || SOURCE_KEY_MAX - length - sizeof(piece) < piece) {
			return SPAN("");
		}
		memcpy(key + length, &piece, sizeof(piece));
		memcpy(key + length + sizeof(piece), or_empty(pieces[i]).data, piece);
		length += sizeof(piece) + piece;
	}
	return (struct span){key, length};
}

static int64_t find_known(const struct store *store, struct span key)
{
	for (size_t i = 0; i < SOURCES_KNOWN; i++) {
		const struct known_source *known = &store->sources[i];
		if (known->id != 0 && span_equal((struct span){known->key, known->length}, key)) {
			return known->id;
		}
	}
	return 0;
}

static void remember(struct store *store, struct span key, int64_t id)
{
	struct known_source *known = &store->sources[store->next_source];
	if (key.length == 0) {
		return;
	}
	known->id = id;
	known->length = key.length;
	memcpy(known->key, key.data, key.length);
	store->next_source = (store->next_source + 1) % SOURCES_KNOWN;
}

static void bind_source(struct statement *statement, const struct store_source *source)
{
	statement_bind_integer(statement, 1, source->interface_id);
	statement_bind_integer(statement, 2, source->path);
	statement_borrow_text(statement, 3, or_empty(source->contract_version));
	statement_borrow_text(statement, 4, or_empty(source->model));
	statement_borrow_blob(statement, 5, or_empty(source->prompt));
	statement_borrow_text(statement, 6, or_empty(source->service_version));
}

static bool find_source(struct store *store, const struct store_source *source, int64_t *ret_id, struct error *err)
{
	struct statement *find = store_statement(store,
						 "SELECT id FROM reply_source WHERE interface_id = ? AND path = ? AND "
						 "contract_version = ? AND model = ? AND prompt = ? AND "
						 "service_version = ?",
						 err);
	bool found = false;
	if (find == NULL) {
		return false;
	}
	bind_source(find, source);
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	*ret_id = found ? statement_integer(find, 0) : 0;
	statement_reset(find);
	return true;
}

static bool has_room(struct store *store, const struct store_source *source, bool *ret_room, struct error *err)
{
	struct statement *count =
		store_statement(store, "SELECT count(*) FROM reply_source WHERE interface_id = ? AND path = ?", err);
	bool found = false;
	if (count == NULL) {
		return false;
	}
	statement_bind_integer(count, 1, source->interface_id);
	statement_bind_integer(count, 2, source->path);
	if (!statement_one_row(count, &found, err)) {
		return false;
	}
	*ret_room = statement_integer(count, 0) < STORE_SOURCES_MAX;
	statement_reset(count);
	return true;
}

static bool add_source(struct store *store, const struct store_source *source, int64_t *ret_id, struct error *err)
{
	struct statement *add = store_statement(store,
						"INSERT INTO reply_source (interface_id, path, contract_version, "
						"model, prompt, service_version, first_seen_at) VALUES (?, ?, ?, ?, ?, "
						"?, ?)",
						err);
	if (add == NULL) {
		return false;
	}
	bind_source(add, source);
	statement_bind_integer(add, 7, source->seen_at);
	if (!statement_run(add, err)) {
		return false;
	}
	*ret_id = store_last_id(store);
	return true;
}

static bool find_or_add(struct store *store, struct store_source *source, int64_t *ret_id, struct error *err)
{
	bool room = false;
	if (!find_source(store, source, ret_id, err)) {
		return false;
	}
	if (*ret_id != 0) {
		return true;
	}
	if (!has_room(store, source, &room, err)) {
		return false;
	}
	if (!room) {
		source->model = SPAN("(other)");
		if (!find_source(store, source, ret_id, err)) {
			return false;
		}
	}
	return *ret_id != 0 || add_source(store, source, ret_id, err);
}

static struct span model_name(struct span model)
{
	size_t length = model.length < STORE_MODEL_MAX ? model.length : STORE_MODEL_MAX;
	while (length < model.length && length > 0 && ((unsigned char)model.data[length] & 0xc0) == 0x80) {
		length--;
	}
	struct span name = {model.data, length};
	return text_is_utf8(name) ? name : SPAN("?");
}

bool store_source_id(struct store *store, const struct store_source *source, int64_t *ret_id, struct error *err)
{
	char room[SOURCE_KEY_MAX];
	struct store_source named = *source;
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	named.model = model_name(or_empty(source->model));
	struct span key = make_key(&named, room);
	int64_t id = key.length > 0 ? find_known(store, key) : 0;
	if (id == 0) {
		if (!find_or_add(store, &named, &id, err)) {
			return false;
		}
		remember(store, key, id);
	}
	*ret_id = id;
	return true;
}

bool store_legacy_source(struct store *store, int64_t interface_id, int64_t exchange, struct arena *arena,
			 struct store_legacy_source *ret_source, struct error *err)
{
	struct statement *find =
		store_statement(store,
				"SELECT l.source_id, l.held, s.model FROM legacy_source l JOIN reply_source s ON s.id "
				"= l.source_id WHERE l.interface_id = ? AND l.from_exchange <= ? ORDER BY "
				"l.from_exchange DESC LIMIT 1",
				err);
	struct store_legacy_source source = {0};
	bool found = false;
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, interface_id);
	statement_bind_integer(find, 2, exchange);
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	if (found) {
		source.id = statement_integer(find, 0);
		source.held = statement_integer(find, 1) != 0;
		struct span version = statement_text(find, 2);
		char *copy = arena_copy(arena, version);
		source.version = (struct span){copy, version.length};
		statement_reset(find);
		if (copy == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for a version of the legacy path");
		}
	}
	*ret_source = source;
	return true;
}

bool store_legacy_source_set(struct store *store, int64_t interface_id, int64_t exchange, int64_t source, bool held,
			     struct error *err)
{
	struct statement *set = store_statement(
		store,
		"INSERT INTO legacy_source (interface_id, from_exchange, source_id, held) VALUES (?, ?, "
		"?, ?) ON CONFLICT DO UPDATE SET source_id = excluded.source_id, held = excluded.held",
		err);
	if (set == NULL) {
		return false;
	}
	statement_bind_integer(set, 1, interface_id);
	statement_bind_integer(set, 2, exchange);
	statement_bind_integer(set, 3, source);
	statement_bind_integer(set, 4, held);
	return statement_run(set, err);
}

/* --- replies --- */

static void add_to_sums(struct store *store, const struct store_reply *reply, int64_t sign)
{
	static const enum drift_sum severities[DRIFT_SEVERITY_COUNT] = {DRIFT_SUM_LOW, DRIFT_SUM_MEDIUM,
									DRIFT_SUM_HIGH};
	int64_t key[ROLLUP_KEY_MAX] = {reply->source, reply->captured_at / HOUR_US, reply->week, reply->test};
	int64_t *sums = rollup_sums(store->rollup, ROLLUP_DRIFT, key);
	sums[DRIFT_SUM_REPLIES] += sign;
	if (reply->classes == 0) {
		return;
	}
	sums[DRIFT_SUM_CONTRACT_DRIFT] += reply->declared != 0 ? sign : 0;
	sums[DRIFT_SUM_STRICT_DRIFT] += sign;
	sums[DRIFT_SUM_RECOVERED] += reply->recovered ? sign : 0;
	sums[severities[reply->severity]] += sign;
	for (int64_t i = 0; i < DRIFT_CLASS_COUNT; i++) {
		uint32_t bit = UINT32_C(1) << i;
		if ((reply->classes & bit) != 0) {
			key[4] = i;
			int64_t *of_class = rollup_sums(store->rollup, ROLLUP_DRIFT_CLASS, key);
			of_class[DRIFT_CLASS_DEVIATING] += sign;
			of_class[DRIFT_CLASS_DECLARED] += (reply->declared & bit) != 0 ? sign : 0;
		}
	}
}

static bool insert_deviating(struct store *store, const struct store_reply *reply, struct error *err)
{
	struct statement *add = store_statement(store,
						"INSERT INTO deviating_reply (exchange_id, path, source_id, hour, "
						"classes, declared, severity, recovered, total) VALUES (?, ?, ?, ?, ?, "
						"?, ?, ?, ?)",
						err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, reply->exchange);
	statement_bind_integer(add, 2, reply->path);
	statement_bind_integer(add, 3, reply->source);
	statement_bind_integer(add, 4, reply->captured_at / HOUR_US);
	statement_bind_integer(add, 5, reply->classes);
	statement_bind_integer(add, 6, reply->declared);
	statement_bind_integer(add, 7, (int64_t)reply->severity);
	statement_bind_integer(add, 8, reply->recovered);
	statement_bind_integer(add, 9, (int64_t)reply->total);
	return statement_run(add, err);
}

static bool insert_deviation(struct store *store, const struct store_reply *reply, size_t ordinal, struct error *err)
{
	const struct store_deviation *deviation = &reply->list[ordinal];
	struct statement *add = store_statement(store,
						"INSERT INTO deviation (exchange_id, path, ordinal, class, strict, "
						"instance, keyword, schema, sentence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
						"?)",
						err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, reply->exchange);
	statement_bind_integer(add, 2, reply->path);
	statement_bind_integer(add, 3, (int64_t)ordinal);
	statement_bind_integer(add, 4, (int64_t)deviation->drift);
	statement_bind_integer(add, 5, deviation->strict);
	statement_borrow_text(add, 6, or_empty(deviation->instance));
	statement_borrow_text(add, 7, or_empty(deviation->keyword));
	statement_borrow_text(add, 8, or_empty(deviation->schema));
	statement_borrow_text(add, 9, or_empty(deviation->sentence));
	return statement_run(add, err);
}

bool store_reply_count(struct store *store, const struct store_reply *reply, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	add_to_sums(store, reply, 1);
	if (reply->classes == 0) {
		return true;
	}
	if (!insert_deviating(store, reply, err)) {
		return false;
	}
	for (size_t i = 0; i < reply->count && i < STORE_DEVIATIONS_MAX; i++) {
		if (!insert_deviation(store, reply, i, err)) {
			return false;
		}
	}
	return true;
}

/* What the row says of the reply; without one it keeps its contract. */
static bool read_deviating(struct store *store, struct store_reply *reply, struct error *err)
{
	struct statement *find = store_statement(store,
						 "SELECT source_id, classes, declared, severity, recovered FROM "
						 "deviating_reply WHERE exchange_id = ? AND path = ?",
						 err);
	bool found = false;
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, reply->exchange);
	statement_bind_integer(find, 2, reply->path);
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	reply->classes = 0;
	if (found) {
		reply->source = statement_integer(find, 0);
		reply->classes = (uint32_t)statement_integer(find, 1);
		reply->declared = (uint32_t)statement_integer(find, 2);
		reply->severity = (enum drift_severity)statement_integer(find, 3);
		reply->recovered = statement_integer(find, 4) != 0;
		statement_reset(find);
	}
	return true;
}

static bool delete_rows(struct store *store, const char *sql, const struct store_reply *reply, struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, reply->exchange);
	statement_bind_integer(statement, 2, reply->path);
	return statement_run(statement, err);
}

bool store_reply_uncount(struct store *store, const struct store_reply *reply, struct error *err)
{
	struct store_reply former = *reply;
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	if (!read_deviating(store, &former, err)) {
		return false;
	}
	add_to_sums(store, &former, -1);
	return former.classes == 0 ||
	       (delete_rows(store, "DELETE FROM deviation WHERE exchange_id = ? AND path = ?", reply, err) &&
		delete_rows(store, "DELETE FROM deviating_reply WHERE exchange_id = ? AND path = ?", reply, err));
}

bool store_sums_write(struct store *store, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	return rollup_flush(store->rollup, store, err);
}
