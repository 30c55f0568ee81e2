/* The task file: what reviewers see. Nothing in it, or in its order, tells which path gave a value. */
#include "baselines/label_values.h"
#include "baselines/labels.h"

#include "harness/base/csv.h"
#include "harness/base/text.h"
#include "harness/store/ingest.h"

#include <stdlib.h>

enum { EXPORT_ARENA_MAX = 512 * 1024 * 1024, PATHS_MAX = 256 };

/* A value with the digest that decides its place. */
struct placed_value {
	struct span json;
	uint8_t place[SHA256_SIZE];
};

struct export
{
	struct store *store;
	const struct contract *contract;
	struct arena *arena; /* of the row at hand */
	struct buffer *csv;
	int64_t *fields;
};

struct task {
	int64_t item;
	int64_t exchange;
	struct span exchange_id; /* 16 bytes */
	struct span key;
	int64_t week;
	bool overlap;
	int64_t status;
	struct span record_id;
};

static int order_of_places(const void *a, const void *b)
{
	return memcmp(((const struct placed_value *)a)->place, ((const struct placed_value *)b)->place, SHA256_SIZE);
}

static void write_column_name(struct buffer *csv, const char *field, const char *suffix)
{
	char name[LABEL_COLUMN_NAME_MAX];
	csv_write_cell(csv, span_of(label_column_name(field, suffix, name)));
}

static void write_header(const struct contract *contract, struct buffer *csv)
{
	buffer_append_text(csv, "record_id,week,message,assigned,status");
	for (size_t i = 0; i < contract->field_count; i++) {
		buffer_append_byte(csv, ',');
		write_column_name(csv, contract->fields[i].name, "");
		buffer_append_byte(csv, ',');
		write_column_name(csv, contract->fields[i].name, "_values");
	}
	buffer_append_text(csv, "\r\n");
}

/* Who should judge: all slots of an overlap item, else the one that the record's digest picks. */
static void write_assigned(const struct export *e, const struct task *task)
{
	int reviewers = e->contract->reviewers > 0 ? e->contract->reviewers : 1;
	if (task->overlap) {
		for (int slot = 1; slot <= reviewers; slot++) {
			buffer_append_format(e->csv, "%s%d", slot > 1 ? " " : "", slot);
		}
		return;
	}
	uint8_t digest[SHA256_SIZE];
	hash_sha256(task->record_id, digest);
	buffer_append_format(e->csv, "%d", 1 + (digest[0] * 256 + digest[1]) % reviewers);
}

/* A path's own spelling of a value (10.0, 1e1, order of members) could tell which path it was: one spelling for all. */
static bool canonical_value(struct statement *find, struct arena *arena, struct span *ret_json, struct error *err)
{
	struct span stored;
	const struct json_node *value = NULL;
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(EXPORT_ARENA_MAX);
	if (!label_column(find, 0, arena, &stored, err) || !json_parse(arena, stored, NULL, &value, err)) {
		return false;
	}
	json_write_canonical(&json, value);
	if (!buffer_ok(&json, "a value under review", err)) {
		return false;
	}
	char *copy = arena_copy(arena, buffer_span(&json));
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "a task does not fit into memory");
	}
	*ret_json = (struct span){copy, json.length};
	return true;
}

/* Equal values have equal places, so they stand side by side. */
static size_t without_repeats(struct placed_value *values, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || order_of_places(&values[kept - 1], &values[i]) != 0) {
			values[kept++] = values[i];
		}
	}
	return kept;
}

/* The distinct values of a field over all paths, absent ones left out. */
static bool distinct_values(const struct export *e, const struct task *task, size_t field, struct placed_value *values,
			    size_t *ret_count, struct error *err)
{
	struct statement *find = store_statement(
		e->store, "SELECT value FROM review_value WHERE item_id = ? AND field_id = ? AND value IS NOT NULL",
		err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, task->item);
	statement_bind_integer(find, 2, e->fields[field]);
	size_t count = 0;
	enum statement_step step;
	while ((step = statement_step(find, err)) == STATEMENT_ROW) {
		if (count == PATHS_MAX) {
			(void)error_set(err, ERROR_LIMIT, "more than %d paths gave values for one record", PATHS_MAX);
			break;
		}
		struct placed_value *value = &values[count++];
		if (!canonical_value(find, e->arena, &value->json, err)) {
			break;
		}
		const struct span pieces[] = {task->record_id, span_of(e->contract->fields[field].name), value->json};
		hash_sha256_pieces(pieces, 3, value->place);
	}
	statement_reset(find);
	qsort(values, count, sizeof(values[0]), order_of_places);
	*ret_count = without_repeats(values, count);
	return step == STATEMENT_DONE;
}

static bool write_values(const struct export *e, const struct task *task, size_t field, struct error *err)
{
	struct placed_value values[PATHS_MAX];
	size_t count = 0;
	if (!distinct_values(e, task, field, values, &count, err)) {
		return false;
	}
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(EXPORT_ARENA_MAX);
	buffer_append_byte(&json, '[');
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(&json, i > 0 ? "," : "");
		buffer_append_span(&json, values[i].json);
	}
	buffer_append_byte(&json, ']');
	buffer_append_text(e->csv, ",,");
	csv_write_cell(e->csv, buffer_span(&json));
	return buffer_ok(&json, "a task", err);
}

static bool write_task(const struct export *e, struct task *task, struct error *err)
{
	static const char *const statuses[] = {"open", "conflict", "final", "unlabelable"};
	struct span request;
	struct span reply;
	CLEANUP_BUFFER struct buffer id = BUFFER_INIT(EXPORT_ARENA_MAX);
	text_write_hex(&id, task->exchange_id.data, task->exchange_id.length);
	buffer_append_format(&id, "/%s/", e->contract->level);
	buffer_append_span(&id, task->key);
	if (!buffer_ok(&id, "a task", err) ||
	    !store_payload(e->store, task->exchange, e->arena, &request, &reply, err)) {
		return false;
	}
	task->record_id = buffer_span(&id);
	char week[CLOCK_TEXT_SIZE];
	csv_write_cell(e->csv, task->record_id);
	buffer_append_format(e->csv, ",%s,", clock_week_format((int32_t)task->week, week));
	csv_write_cell(e->csv, request);
	buffer_append_byte(e->csv, ',');
	write_assigned(e, task);
	buffer_append_format(e->csv, ",%s", statuses[task->status & 3]);
	for (size_t i = 0; i < e->contract->field_count; i++) {
		if (!write_values(e, task, i, err)) {
			return false;
		}
	}
	buffer_append_text(e->csv, "\r\n");
	return buffer_ok(e->csv, "the task file", err);
}

static bool write_tasks(struct export *e, enum label_scope scope, int64_t *ret_count, struct error *err)
{
	struct statement *items = store_statement(
		e->store,
		"SELECT t.id, t.exchange_id, e.exchange_id, t.key, t.week, t.overlap, t.status FROM review_item t "
		"JOIN exchange e ON e.id = t.exchange_id JOIN interface i ON i.id = e.interface_id "
		"WHERE i.name = ? AND (? OR t.status = ?) ORDER BY t.week, e.exchange_id, t.key",
		err);
	if (items == NULL) {
		return false;
	}
	statement_bind_text(items, 1, span_of(e->contract->interface));
	statement_bind_integer(items, 2, scope == LABEL_SCOPE_ALL);
	statement_bind_integer(items, 3, scope == LABEL_SCOPE_CONFLICT ? REVIEW_CONFLICT : REVIEW_OPEN);
	int64_t count = 0;
	enum statement_step step;
	while ((step = statement_step(items, err)) == STATEMENT_ROW) {
		arena_reset(e->arena);
		struct task task = {
			.item = statement_integer(items, 0),
			.exchange = statement_integer(items, 1),
			.week = statement_integer(items, 4),
			.overlap = statement_integer(items, 5) != 0,
			.status = statement_integer(items, 6),
		};
		if (!label_column(items, 2, e->arena, &task.exchange_id, err) ||
		    !label_column(items, 3, e->arena, &task.key, err) || !write_task(e, &task, err)) {
			statement_reset(items);
			return false;
		}
		count++;
	}
	*ret_count = count;
	return step == STATEMENT_DONE;
}

bool label_export(struct store *store, const struct contract *contract, enum label_scope scope, struct buffer *csv,
		  int64_t *ret_count, struct error *err)
{
	CLEANUP_ARENA struct arena names = ARENA_INIT(EXPORT_ARENA_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(EXPORT_ARENA_MAX);
	struct export e = {.store = store, .contract = contract, .arena = &arena, .csv = csv};
	buffer_clear(csv);
	write_header(contract, csv);
	return label_field_ids(store, contract, &names, &e.fields, err) && write_tasks(&e, scope, ret_count, err);
}
