/* The label file: checked whole, row by row, inside one transaction. */
#include "baselines/label_values.h"
#include "baselines/labels.h"

#include "harness/base/csv.h"
#include "harness/base/text.h"
#include "harness/store/ingest.h"

enum { IMPORT_ARENA_MAX = 512 * 1024 * 1024, EXCHANGE_ID_HEX = 32, SHOWN_MAX = 64 };

/* Columns by position; -1: not in the file. */
struct columns {
	int record_id;
	int reviewer;
	int labelled_at;
	int cannot_tell;
	int comment;
	int *fields; /* contract->field_count of them */
	size_t count;
};

struct import {
	struct store *store;
	const struct contract *contract;
	const char *file;
	bool adjudication;
	int64_t now;
	int64_t *fields;
	struct columns columns;
	struct arena *arena; /* of the row at hand */
	struct label_import *result;
	int line;
};

/* One row, checked. */
struct row {
	int64_t item;
	struct span reviewer;
	struct span comment;
	int64_t labelled_at;
	bool has_time; /* labelled_at is given, not the time of import */
	bool cannot_tell;
	struct span *values;
};

static bool bad_row(const struct import *import, struct error *err, const char *what)
{
	return error_set_at(err, ERROR_FORMAT, import->file, import->line, "%s", what);
}

static bool has_name(struct span column, const char *field, const char *suffix)
{
	char name[LABEL_COLUMN_NAME_MAX];
	return span_equal(column, text_trim(span_of(label_column_name(field, suffix, name))));
}

/* Where to note the position of that column: in *ret_position, NULL for one that is not read. False: unknown. */
static bool find_column(struct columns *columns, const struct contract *contract, struct span name, int **ret_position)
{
	const struct {
		const char *name;
		int *position;
	} known[] = {
		{"record_id", &columns->record_id},     {"reviewer", &columns->reviewer},
		{"labelled_at", &columns->labelled_at}, {"cannot_tell", &columns->cannot_tell},
		{"comment", &columns->comment},
	};
	*ret_position = NULL;
	for (size_t i = 0; i < contract->field_count; i++) {
		if (has_name(name, contract->fields[i].name, "")) {
			*ret_position = &columns->fields[i];
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (span_is(name, known[i].name)) {
			*ret_position = known[i].position;
			return true;
		}
	}
	for (size_t i = 0; i < contract->field_count; i++) {
		if (has_name(name, contract->fields[i].name, "_values")) {
			return true;
		}
	}
	for (size_t i = 0; label_columns[i] != NULL; i++) {
		if (span_is(name, label_columns[i])) {
			return true;
		}
	}
	return false;
}

static bool read_column(struct import *import, struct span cell, int index, struct error *err)
{
	int *position = NULL;
	struct span name = text_trim(cell);
	int shown = (int)(name.length < SHOWN_MAX ? name.length : SHOWN_MAX);
	bool found = find_column(&import->columns, import->contract, name, &position);
	if (!found && text_starts_with(name, "'")) { /* the task file's guard against formulas */
		found = find_column(&import->columns, import->contract, (struct span){name.data + 1, name.length - 1},
				    &position);
	}
	if (!found) {
		return error_set_at(err, ERROR_FORMAT, import->file, import->line,
				    "unknown column \"%.*s\"; use those of the task file and reviewer, labelled_at, "
				    "cannot_tell, comment, with commas between them",
				    shown, name.data);
	}
	if (position != NULL && *position >= 0) {
		return error_set_at(err, ERROR_FORMAT, import->file, import->line,
				    "column \"%.*s\" stands there twice; remove one", shown, name.data);
	}
	if (position != NULL) {
		*position = index;
	}
	return true;
}

/* One that is not there is -1. */
static bool prepare_columns(struct columns *columns, const struct contract *contract, struct arena *arena,
			    struct error *err)
{
	int *fields = arena_allocate_array(arena, contract->field_count, sizeof(fields[0]));
	if (fields == NULL) {
		return error_set(err, ERROR_LIMIT, "labels do not fit into memory");
	}
	for (size_t i = 0; i < contract->field_count; i++) {
		fields[i] = -1;
	}
	*columns = (struct columns){
		.record_id = -1, .reviewer = -1, .labelled_at = -1, .cannot_tell = -1, .comment = -1, .fields = fields};
	return true;
}

static bool read_header(struct import *import, const struct span *cells, size_t count, struct arena *arena,
			struct error *err)
{
	struct columns *columns = &import->columns;
	if (!prepare_columns(columns, import->contract, arena, err)) {
		return false;
	}
	columns->count = count;
	for (size_t i = 0; i < count; i++) {
		if (!read_column(import, cells[i], (int)i, err)) {
			return false;
		}
	}
	if (columns->record_id < 0 || columns->reviewer < 0) {
		return bad_row(import, err, "the columns record_id and reviewer are needed; add what is missing");
	}
	for (size_t i = 0; i < import->contract->field_count; i++) {
		char name[LABEL_COLUMN_NAME_MAX];
		if (columns->fields[i] < 0) {
			return error_set_at(err, ERROR_FORMAT, import->file, import->line,
					    "column %s is missing; each field of the contract needs its column",
					    label_column_name(import->contract->fields[i].name, "", name));
		}
	}
	return true;
}

static struct span cell_at(const struct span *cells, int position)
{
	return position >= 0 ? text_trim(cells[position]) : SPAN("");
}

/* "<32 hex digits>/level/key" to the review item. */
static bool find_item(struct import *import, struct span record_id, int64_t *ret_item, struct error *err)
{
	uint8_t exchange_id[EXCHANGE_ID_HEX / 2];
	size_t prefix = EXCHANGE_ID_HEX + strlen(import->contract->level) + 2;
	const char *level = import->contract->level;
	if (record_id.length < prefix || record_id.data[EXCHANGE_ID_HEX] != '/' || record_id.data[prefix - 1] != '/' ||
	    memcmp(record_id.data + EXCHANGE_ID_HEX + 1, level, strlen(level)) != 0 ||
	    !text_from_hex((struct span){record_id.data, EXCHANGE_ID_HEX}, exchange_id, sizeof(exchange_id))) {
		return bad_row(import, err, "record_id is not one of this contract; copy it from the task file");
	}
	struct statement *find = store_statement(import->store,
						 "SELECT t.id FROM review_item t JOIN exchange e ON e.id = "
						 "t.exchange_id JOIN interface i ON i.id = e.interface_id "
						 "WHERE e.exchange_id = ? AND t.key = ? AND i.name = ?",
						 err);
	if (find == NULL) {
		return false;
	}
	statement_bind_blob(find, 1, (struct span){(const char *)exchange_id, sizeof(exchange_id)});
	statement_bind_text(find, 2, (struct span){record_id.data + prefix, record_id.length - prefix});
	statement_bind_text(find, 3, span_of(import->contract->interface));
	enum statement_step step = statement_step(find, err);
	if (step != STATEMENT_ROW) {
		return step == STATEMENT_DONE &&
		       bad_row(import, err,
			       "this record was not chosen for review; a label of it would bias the sample");
	}
	*ret_item = statement_integer(find, 0);
	statement_reset(find);
	return true;
}

static bool read_flag(struct span cell, bool *ret_flag)
{
	*ret_flag = span_is(cell, "1") || text_equal_ignoring_case(cell, SPAN("true")) ||
		    text_equal_ignoring_case(cell, SPAN("yes"));
	return *ret_flag || cell.length == 0 || span_is(cell, "0") || text_equal_ignoring_case(cell, SPAN("false")) ||
	       text_equal_ignoring_case(cell, SPAN("no"));
}

static bool read_row(struct import *import, const struct span *cells, struct row *row, struct error *err)
{
	const struct columns *columns = &import->columns;
	row->reviewer = cell_at(cells, columns->reviewer);
	row->comment = cell_at(cells, columns->comment);
	row->labelled_at = import->now;
	struct span at = cell_at(cells, columns->labelled_at);
	if (row->reviewer.length == 0) {
		return bad_row(import, err, "the reviewer is missing; say who judged");
	}
	row->has_time = at.length > 0;
	if (row->has_time && !clock_parse(at, &row->labelled_at)) {
		return bad_row(import, err, "labelled_at is not a time; write it as 2026-11-16T08:30:00Z");
	}
	if (!read_flag(cell_at(cells, columns->cannot_tell), &row->cannot_tell)) {
		return bad_row(import, err, "cannot_tell is neither 1 nor empty; write one of them");
	}
	row->values = arena_allocate_array(import->arena, import->contract->field_count, sizeof(row->values[0]));
	if (row->values == NULL) {
		return error_set(err, ERROR_LIMIT, "labels do not fit into memory");
	}
	for (size_t i = 0; !row->cannot_tell && i < import->contract->field_count; i++) {
		struct error why = ERROR_INIT;
		if (!label_cell_value(import->contract, &import->contract->fields[i],
				      cell_at(cells, columns->fields[i]), import->arena, &row->values[i], &why)) {
			return bad_row(import, err, why.message);
		}
	}
	return find_item(import, cells[columns->record_id], &row->item, err);
}

static bool same_values(struct import *import, int64_t label, const struct row *row, bool *ret_same, struct error *err)
{
	struct statement *find = store_statement(
		import->store, "SELECT value FROM label_value WHERE label_id = ? AND field_id = ?", err);
	*ret_same = true;
	for (size_t i = 0; find != NULL && i < import->contract->field_count; i++) {
		statement_bind_integer(find, 1, label);
		statement_bind_integer(find, 2, import->fields[i]);
		enum statement_step step = statement_step(find, err);
		if (step == STATEMENT_FAILED) {
			return false;
		}
		bool absent = step == STATEMENT_DONE || statement_is_null(find, 0);
		*ret_same = *ret_same && (absent ? row->values[i].data == NULL
						 : row->values[i].data != NULL &&
							   span_equal(statement_text(find, 0), row->values[i]));
		statement_reset(find);
	}
	return find != NULL;
}

/* Is this label, already there, the row's judgement? */
static bool same_judgement(struct import *import, int64_t label, bool cannot_tell, const struct row *row,
			   bool *ret_same, struct error *err)
{
	if (cannot_tell || row->cannot_tell) {
		*ret_same = cannot_tell == row->cannot_tell;
		return true;
	}
	return same_values(import, label, row, ret_same, err);
}

/* Has this reviewer said that already? Then importing a file twice changes nothing. The last label counts; an earlier
 * one only where it is of the same time: so an old file does not undo a later correction. */
static bool is_known(struct import *import, const struct row *row, bool *ret_known, struct error *err)
{
	struct statement *labels = store_statement(import->store,
						   "SELECT id, cannot_tell, labelled_at FROM label WHERE item_id = ? "
						   "AND reviewer = ? AND adjudication = ? ORDER BY id DESC",
						   err);
	if (labels == NULL) {
		return false;
	}
	statement_bind_integer(labels, 1, row->item);
	statement_bind_text(labels, 2, row->reviewer);
	statement_bind_integer(labels, 3, import->adjudication);
	bool known = false;
	bool done = true;
	bool is_last = true;
	enum statement_step step = STATEMENT_DONE;
	while (done && !known && (step = statement_step(labels, err)) == STATEMENT_ROW) {
		if (is_last || (row->has_time && statement_integer(labels, 2) == row->labelled_at)) {
			done = same_judgement(import, statement_integer(labels, 0), statement_integer(labels, 1) != 0,
					      row, &known, err);
		}
		is_last = false;
	}
	statement_reset(labels);
	*ret_known = known;
	return done && step != STATEMENT_FAILED;
}

static bool insert_label(struct import *import, const struct row *row, struct error *err)
{
	struct statement *label = store_statement(import->store,
						  "INSERT INTO label (item_id, reviewer, adjudication, cannot_tell, "
						  "labelled_at, comment) VALUES (?, ?, ?, ?, ?, ?)",
						  err);
	struct statement *value = store_statement(
		import->store, "INSERT INTO label_value (label_id, field_id, value) VALUES (?, ?, ?)", err);
	if (label == NULL || value == NULL) {
		return false;
	}
	statement_bind_integer(label, 1, row->item);
	statement_bind_text(label, 2, row->reviewer);
	statement_bind_integer(label, 3, import->adjudication);
	statement_bind_integer(label, 4, row->cannot_tell);
	statement_bind_integer(label, 5, row->labelled_at);
	if (row->comment.length > 0) {
		statement_bind_text(label, 6, row->comment);
	} else {
		statement_bind_null(label, 6);
	}
	if (!statement_run(label, err)) {
		return false;
	}
	int64_t id = store_last_id(import->store);
	for (size_t i = 0; !row->cannot_tell && i < import->contract->field_count; i++) {
		statement_bind_integer(value, 1, id);
		statement_bind_integer(value, 2, import->fields[i]);
		statement_bind_text(value, 3, row->values[i]);
		if (!statement_run(value, err)) {
			return false;
		}
	}
	return true;
}

/* Spreadsheets leave rows of commas behind. */
static bool is_blank(const struct span *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_trim(cells[i]).length > 0) {
			return false;
		}
	}
	return true;
}

static bool import_row(struct import *import, const struct span *cells, struct error *err)
{
	struct row row;
	bool known = false;
	for (size_t i = 0; i < import->columns.count; i++) {
		if (!text_is_utf8(cells[i])) {
			return bad_row(import, err, "the row is not UTF-8; save the file as UTF-8");
		}
	}
	import->result->rows++;
	if (!read_row(import, cells, &row, err) || !is_known(import, &row, &known, err)) {
		return false;
	}
	import->result->added += !known;
	import->result->unchanged += known;
	if (!known && !insert_label(import, &row, err)) {
		return false;
	}
	enum review_status status = REVIEW_OPEN;
	return label_settle(import->store, import->contract, row.item, &status, err);
}

static bool count_items(struct import *import, enum review_status status, int64_t *ret_count, struct error *err)
{
	struct statement *count = store_statement(import->store,
						  "SELECT count(*) FROM review_item t JOIN exchange e ON e.id = "
						  "t.exchange_id JOIN interface i ON i.id = e.interface_id WHERE "
						  "i.name = ? AND t.status = ?",
						  err);
	if (count == NULL) {
		return false;
	}
	statement_bind_text(count, 1, span_of(import->contract->interface));
	statement_bind_integer(count, 2, status);
	if (statement_step(count, err) != STATEMENT_ROW) {
		return false;
	}
	*ret_count = statement_integer(count, 0);
	statement_reset(count);
	return true;
}

static bool import_rows(struct import *import, struct span csv, struct arena *names, struct error *err)
{
	struct csv_reader reader;
	csv_reader_init(&reader, csv);
	bool header = true;
	for (;;) {
		arena_reset(import->arena);
		struct span *cells = NULL;
		size_t count = 0;
		if (!csv_read_row(&reader, header ? names : import->arena, &cells, &count, err)) {
			error_add_file(err, import->file);
			return false;
		}
		import->line = reader.line;
		if (count == 0) {
			return !header || bad_row(import, err, "the file has no header line; start from the task file");
		}
		if (header) {
			if (!read_header(import, cells, count, names, err)) {
				return false;
			}
			header = false;
			continue;
		}
		if (count != import->columns.count) {
			return bad_row(import, err,
				       "the row has another number of cells than the header; quote cells with commas");
		}
		if (!is_blank(cells, count) && !import_row(import, cells, err)) {
			return false;
		}
	}
}

bool label_import(struct store *store, const struct contract *contract, const char *file, struct span csv,
		  bool adjudication, int64_t now, struct label_import *ret_result, struct error *err)
{
	CLEANUP_ARENA struct arena names = ARENA_INIT(IMPORT_ARENA_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(IMPORT_ARENA_MAX);
	struct label_import result = {0};
	struct import import = {
		.store = store,
		.contract = contract,
		.file = file,
		.adjudication = adjudication,
		.now = now,
		.arena = &arena,
		.result = &result,
		.line = 1,
	};
	if (!store_begin(store, err)) {
		return false;
	}
	if (!label_field_ids(store, contract, &names, &import.fields, err) || !import_rows(&import, csv, &names, err) ||
	    !count_items(&import, REVIEW_FINAL, &result.final, err) ||
	    !count_items(&import, REVIEW_CONFLICT, &result.conflict, err) ||
	    !count_items(&import, REVIEW_OPEN, &result.open, err) || !store_commit(store, err)) {
		store_rollback(store);
		return false;
	}
	*ret_result = result;
	return true;
}
