#include "harness/pipeline/replay.h"

#include "baselines/label_values.h"
#include "harness/base/csv.h"
#include "harness/base/file.h"
#include "harness/codec/content.h"
#include "harness/http/head.h"
#include "harness/pipeline/message.h"

#include <stdlib.h>

enum { TABLE_MAX = 1024 * 1024 * 1024, ROW_MAX = 64 * 1024 * 1024 };

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
	CLEANUP_BUFFER struct buffer body = BUFFER_INIT(ROW_MAX);
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

/* The message as JSON, for its identity; NULL where it is none: the worker will say so. */
static const struct json_node *message_of(const struct recorded *recorded, struct arena *arena)
{
	struct span body = {NULL, 0};
	const struct json_node *root = NULL;
	if (recorded->message != NULL) {
		return recorded->message;
	}
	if (!content_decode(recorded->request_head, recorded->request_body, MESSAGE_BODY_MAX, arena, &body, NULL) ||
	    !message_parse(body, arena, &root, NULL)) {
		return NULL;
	}
	return root;
}

/* The table's reply to the message; empty where it has none. */
static struct span find_outcome(const struct replay_target *to, const struct recorded *recorded, struct arena *arena)
{
	const struct replay_outcomes *outcomes = to->outcomes;
	if (outcomes == NULL || to->contract->message_id_count == 0 || outcomes->count == 0) {
		return (struct span){"", 0};
	}
	const struct json_node *message = message_of(recorded, arena);
	if (message == NULL) {
		return (struct span){"", 0};
	}
	struct outcome_row wanted = {.key = json_text(select_get(&to->contract->message_id[0], message))};
	const struct outcome_row *row =
		bsearch(&wanted, outcomes->rows, outcomes->count, sizeof(outcomes->rows[0]), order_of_rows);
	return row != NULL ? row->body : (struct span){"", 0};
}

/* --- one exchange --- */

/* As the tap decides it. */
static bool is_matched(const struct contract *contract, const struct recorded *recorded)
{
	return (contract->tap.match_method == NULL || span_is(recorded->method, contract->tap.match_method)) &&
	       (contract->tap.match_path == NULL ||
		span_is(http_target_path(recorded->target), contract->tap.match_path));
}

/* -1, or enum replay_skip. What nobody asked for is said to be that first, whatever else is wrong with it. A recording
 * of all traffic that has no reply says nothing about the legacy path, unless a table does. */
static int why_skipped(const struct replay_target *to, const struct recorded *recorded)
{
	if (to->whole_traffic && recorded->method.length > 0 && !is_matched(to->contract, recorded)) {
		return REPLAY_SKIP_OUTSIDE_MATCH;
	}
	if (recorded->interface.length > 0 && !span_is(recorded->interface, to->contract->interface)) {
		return REPLAY_SKIP_OUTSIDE_MATCH;
	}
	if (recorded->skip >= 0) {
		return recorded->skip;
	}
	return to->whole_traffic && !recorded->has_reply && to->outcomes == NULL ? REPLAY_SKIP_NO_REPLY : -1;
}

static struct spool_exchange exchange_of(const struct replay_target *to, const struct recorded *recorded)
{
	return (struct spool_exchange){
		.interface = span_of(to->contract->interface),
		.captured_at = recorded->captured_at != RECORDED_NO_TIME ? recorded->captured_at : clock_now(),
		.legacy_latency_us = recorded->legacy_latency_us,
		.legacy_status = recorded->legacy_status,
		.legacy_outcome = recorded->legacy_outcome,
		.method = recorded->method,
		.target = recorded->target,
		.request_head = recorded->request_head,
		.request_body = recorded->request_body,
		.reply_head = recorded->reply_head,
		.reply_body = recorded->reply_body,
		.candidate_reply = recorded->candidate_reply,
		.correlation_key = recorded->correlation_key,
		.idempotency_key = recorded->idempotency_key,
	};
}

static bool is_too_large(const struct spool_exchange *exchange)
{
	return exchange->request_body.length > RECORDING_BODY_MAX || exchange->reply_body.length > RECORDING_BODY_MAX ||
	       spool_exchange_size(exchange) > SPOOL_FRAME_MAX;
}

bool replay_append(const struct replay_target *to, const struct recorded *recorded, struct arena *arena,
		   struct replay_counts *counts, int *ret_skip, struct error *err)
{
	struct spool_exchange exchange = exchange_of(to, recorded);
	int skip = why_skipped(to, recorded);
	if (skip < 0 && is_too_large(&exchange)) {
		skip = REPLAY_SKIP_TOO_LARGE;
	}
	if (skip >= 0) {
		counts->records++;
		counts->skipped[skip]++;
		*ret_skip = skip;
		return true;
	}
	bool without = false;
	if (!recorded->has_reply) {
		exchange.reply_body = find_outcome(to, recorded, arena);
		without = exchange.reply_body.length == 0 && exchange.legacy_outcome < 0 && exchange.legacy_status == 0;
		exchange.legacy_outcome = without ? LEGACY_FAILED : exchange.legacy_outcome;
	}
	if (!spool_writer_append(to->writer, &exchange, err)) {
		return false;
	}
	counts->records++;
	counts->replayed++;
	counts->without_legacy += without;
	*ret_skip = -1;
	return true;
}

/* --- at the pace of the recording --- */

int64_t replay_pace_wait(struct replay_pace *pace, int64_t captured_at, int64_t now)
{
	if (pace->speed <= 0 || captured_at == RECORDED_NO_TIME) {
		return 0;
	}
	if (!pace->begun || (pace->new_file && captured_at < pace->latest)) {
		pace->begun = true;
		pace->first = captured_at;
		pace->latest = captured_at;
		pace->started_at = now;
	}
	pace->new_file = false;
	if (captured_at <= pace->latest) {
		return 0; /* out of order, or at once */
	}
	pace->latest = captured_at;
	double due = ((double)captured_at - (double)pace->first) / pace->speed - (double)(now - pace->started_at);
	return due <= 0 ? 0 : due < (double)INT64_MAX ? (int64_t)due : INT64_MAX;
}
