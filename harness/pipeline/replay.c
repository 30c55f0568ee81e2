#include "harness/pipeline/replay.h"

#include "baselines/label_values.h"
#include "harness/base/csv.h"
#include "harness/base/file.h"

#include <stdlib.h>

enum { TABLE_MAX = 1024 * 1024 * 1024, BODY_MAX = 64 * 1024 * 1024 };

struct outcome_row {
	struct span key;
	struct span body; /* the legacy reply as JSON */
	int line;
};

struct replay_outcomes {
	struct arena arena;
	struct outcome_row *rows; /* sorted by key */
	size_t count;
	size_t capacity;
};

/* --- the outcomes table --- */

/* The field that each column is about; NULL for the key column. */
struct table_columns {
	const struct contract_field **fields;
	size_t count;
	size_t key;
};

static int order_of_rows(const void *a, const void *b)
{
	return span_order(((const struct outcome_row *)a)->key, ((const struct outcome_row *)b)->key);
}

static const struct contract_field *field_named(const struct contract *contract, struct span name)
{
	for (size_t i = 0; i < contract->field_count; i++) {
		if (span_is(name, contract->fields[i].name)) {
			return &contract->fields[i];
		}
	}
	return NULL;
}

static bool read_columns(const struct contract *contract, const char *file, const char *key, const struct span *cells,
			 size_t count, struct arena *arena, struct table_columns *columns, struct error *err)
{
	columns->count = count;
	columns->key = count;
	columns->fields = arena_allocate_array(arena, count, sizeof(columns->fields[0]));
	if (columns->fields == NULL) {
		return error_set(err, ERROR_LIMIT, "the outcomes table does not fit into memory");
	}
	for (size_t i = 0; i < count; i++) {
		if (key == NULL ? i == 0 : span_is(cells[i], key)) {
			columns->key = i;
			continue;
		}
		columns->fields[i] = field_named(contract, cells[i]);
		if (columns->fields[i] == NULL) {
			return error_set_at(err, ERROR_FORMAT, file, 1,
					    "column \"%.*s\" is no field of the contract; rename or remove it",
					    SPAN_ARGUMENTS(cells[i]));
		}
		if (columns->fields[i]->legacy_at.count != 1 || contract->records_at.count != 0 ||
		    contract->records_are_array) {
			return error_set_at(err, ERROR_FORMAT, file, 1,
					    "field \"%.*s\" stands deeper in the reply than a table can say; replay "
					    "lines with \"legacy\" instead",
					    SPAN_ARGUMENTS(cells[i]));
		}
	}
	if (columns->key == count) {
		return error_set_at(err, ERROR_FORMAT, file, 1,
				    "there is no column \"%s\"; name the identity's with --key", key);
	}
	return true;
}

static bool write_row(const struct contract *contract, const struct table_columns *columns, const struct span *cells,
		      struct arena *arena, struct buffer *body, struct error *err)
{
	buffer_clear(body);
	buffer_append_byte(body, '{');
	for (size_t i = 0; i < columns->count; i++) {
		struct span value = {NULL, 0};
		if (columns->fields[i] == NULL) {
			continue;
		}
		if (!label_cell_value(contract, columns->fields[i], cells[i], arena, &value, err)) {
			return false;
		}
		if (value.data == NULL) {
			continue;
		}
		buffer_append_text(body, body->length > 1 ? "," : "");
		json_write_string(body, columns->fields[i]->legacy_at.steps[0].name);
		buffer_append_byte(body, ':');
		buffer_append_span(body, value);
	}
	buffer_append_byte(body, '}');
	return buffer_ok(body, "a row of the outcomes table", err);
}

static bool add_row(struct replay_outcomes *outcomes, struct span key, struct span body, int line, struct error *err)
{
	if (outcomes->count == outcomes->capacity) {
		size_t capacity = outcomes->capacity > 0 ? outcomes->capacity * 2 : 1024;
		struct outcome_row *rows = realloc(outcomes->rows, capacity * sizeof(rows[0]));
		if (rows == NULL) {
			return error_set(err, ERROR_MEMORY, "the outcomes table does not fit into memory");
		}
		outcomes->rows = rows;
		outcomes->capacity = capacity;
	}
	char *key_copy = arena_copy(&outcomes->arena, key);
	char *body_copy = arena_copy(&outcomes->arena, body);
	if (key_copy == NULL || body_copy == NULL) {
		return error_set(err, ERROR_LIMIT, "the outcomes table does not fit into memory");
	}
	outcomes->rows[outcomes->count++] =
		(struct outcome_row){.key = {key_copy, key.length}, .body = {body_copy, body.length}, .line = line};
	return true;
}

static bool read_table(const struct contract *contract, const char *file, const char *key, struct span text,
		       struct replay_outcomes *outcomes, struct error *err)
{
	CLEANUP_ARENA struct arena names = ARENA_INIT(TABLE_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(TABLE_MAX);
	CLEANUP_BUFFER struct buffer body = BUFFER_INIT(BODY_MAX);
	struct table_columns columns = {0};
	struct csv_reader reader;
	csv_reader_init(&reader, text);
	for (;;) {
		arena_reset(&arena);
		struct span *cells = NULL;
		size_t count = 0;
		if (!csv_read_row(&reader, columns.fields == NULL ? &names : &arena, &cells, &count, err)) {
			error_add_file(err, file);
			return false;
		}
		if (count == 0) {
			return columns.fields != NULL ||
			       error_set_at(err, ERROR_FORMAT, file, 1, "the table has no header line");
		}
		if (columns.fields == NULL) {
			if (!read_columns(contract, file, key, cells, count, &names, &columns, err)) {
				return false;
			}
			continue;
		}
		struct error why = ERROR_INIT;
		if (count != columns.count) {
			return error_set_at(err, ERROR_FORMAT, file, reader.line,
					    "the row has %zu cells, the header %zu", count, columns.count);
		}
		if (!write_row(contract, &columns, cells, &arena, &body, &why)) {
			return error_set_at(err, ERROR_FORMAT, file, reader.line, "%s", why.message);
		}
		if (!add_row(outcomes, cells[columns.key], buffer_span(&body), reader.line, err)) {
			return false;
		}
	}
}

/* Sorts by key. Which of two decisions counts is for the operator to say (legacy.counts), not for the sort. */
static bool sort_rows(struct replay_outcomes *outcomes, const char *file, struct error *err)
{
	if (outcomes->count > 0) {
		qsort(outcomes->rows, outcomes->count, sizeof(outcomes->rows[0]), order_of_rows);
	}
	for (size_t i = 1; i < outcomes->count; i++) {
		const struct outcome_row *a = &outcomes->rows[i - 1];
		const struct outcome_row *b = &outcomes->rows[i];
		if (span_order(a->key, b->key) == 0 && span_order(a->body, b->body) != 0) {
			return error_set_at(err, ERROR_FORMAT, file, a->line > b->line ? a->line : b->line,
					    "\"%.*s\" has another decision in line %d; keep the one that counts",
					    SPAN_ARGUMENTS(b->key), a->line > b->line ? b->line : a->line);
		}
	}
	return true;
}

struct replay_outcomes *replay_outcomes_load(const struct contract *contract, const char *file, const char *key,
					     struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TABLE_MAX);
	struct replay_outcomes *outcomes = calloc(1, sizeof(*outcomes));
	if (outcomes == NULL) {
		error_set(err, ERROR_MEMORY, "the outcomes table does not fit into memory");
		return NULL;
	}
	arena_init(&outcomes->arena, TABLE_MAX);
	if (!file_read(file, &text, err) || !read_table(contract, file, key, buffer_span(&text), outcomes, err) ||
	    !sort_rows(outcomes, file, err)) {
		replay_outcomes_destroy(outcomes);
		return NULL;
	}
	return outcomes;
}

void replay_outcomes_destroy(struct replay_outcomes *outcomes)
{
	if (outcomes != NULL) {
		arena_finish(&outcomes->arena);
		free(outcomes->rows);
		free(outcomes);
	}
}

static struct span find_outcome(const struct contract *contract, const struct replay_outcomes *outcomes,
				const struct json_node *message)
{
	if (outcomes == NULL || contract->message_id_count == 0 || outcomes->count == 0) {
		return (struct span){"", 0};
	}
	struct outcome_row wanted = {.key = json_text(select_get(&contract->message_id[0], message))};
	const struct outcome_row *row =
		bsearch(&wanted, outcomes->rows, outcomes->count, sizeof(outcomes->rows[0]), order_of_rows);
	return row != NULL ? row->body : (struct span){"", 0};
}

/* --- one line --- */

static bool is_envelope(const struct json_node *root)
{
	if (!json_is(json_get_text(root, "message"), JSON_OBJECT)) {
		return false;
	}
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		struct span text = json_text(name);
		if (!span_is(text, "message") && !span_is(text, "legacy") && !span_is(text, "llm") &&
		    !span_is(text, "captured_at") && !span_is(text, "legacy_outcome") &&
		    !span_is(text, "legacy_latency_us")) {
			return false;
		}
	}
	return true;
}

/* The value's JSON text, or for a string (with `raw`) its content. */
static bool body_of(const struct json_node *node, bool raw, struct arena *arena, struct span *ret_body,
		    struct error *err)
{
	if (node == NULL || json_is(node, JSON_NULL)) {
		*ret_body = (struct span){"", 0};
		return true;
	}
	if (raw && json_is(node, JSON_STRING)) {
		*ret_body = json_text(node);
		return true;
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(BODY_MAX);
	json_write(&text, node);
	if (!buffer_ok(&text, "a recorded body", err)) {
		return false;
	}
	char *copy = arena_copy(arena, buffer_span(&text));
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "a recorded body does not fit into memory");
	}
	*ret_body = (struct span){copy, text.length};
	return true;
}

static bool read_envelope(const struct json_node *root, struct arena *arena, struct spool_exchange *exchange,
			  struct error *err)
{
	const struct json_node *at = json_get_text(root, "captured_at");
	const struct json_node *outcome = json_get_text(root, "legacy_outcome");
	if (at != NULL && !clock_parse(json_text(at), &exchange->captured_at)) {
		return error_set(err, ERROR_FORMAT, "captured_at is not a time");
	}
	if (outcome != NULL) {
		exchange->legacy_outcome = legacy_outcome_from_name(json_text(outcome));
		if (exchange->legacy_outcome < 0) {
			return error_set(err, ERROR_FORMAT,
					 "legacy_outcome is none of ok, failed, parked, repaired, manual");
		}
	}
	return body_of(json_get_text(root, "message"), false, arena, &exchange->request_body, err) &&
	       body_of(json_get_text(root, "legacy"), false, arena, &exchange->reply_body, err) &&
	       body_of(json_get_text(root, "llm"), true, arena, &exchange->candidate_reply, err);
}

bool replay_line(const struct contract *contract, const struct replay_outcomes *outcomes, struct span line,
		 struct spool_writer *writer, struct arena *arena, struct replay_counts *counts, struct error *err)
{
	const struct json_node *root = NULL;
	struct spool_exchange exchange = {
		.interface = span_of(contract->interface),
		.captured_at = clock_now(),
		.legacy_latency_us = -1,
		.legacy_outcome = -1,
		.method = SPAN(""),
		.target = SPAN(""),
		.request_head = SPAN(""),
		.request_body = line,
		.reply_head = SPAN(""),
		.reply_body = SPAN(""),
		.candidate_reply = SPAN(""),
	};
	if (!json_parse(arena, line, NULL, &root, err)) {
		return false;
	}
	const struct json_node *message = root;
	if (is_envelope(root)) {
		message = json_get_text(root, "message");
		if (!read_envelope(root, arena, &exchange, err)) {
			return false;
		}
	}
	if (exchange.reply_body.length == 0) {
		exchange.reply_body = find_outcome(contract, outcomes, message);
	}
	if (exchange.reply_body.length == 0 && exchange.legacy_outcome < 0) {
		exchange.legacy_outcome = LEGACY_FAILED;
		counts->without_legacy++;
	}
	counts->lines++;
	return spool_writer_append(writer, &exchange, err);
}
