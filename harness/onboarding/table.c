#include "harness/onboarding/table.h"

#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/codec/sheet.h"

#include <stdlib.h>

enum { ARENA_MAX = 1024 * 1024 * 1024, ROW_MAX = 16 * 1024 * 1024, KEY_ROWS = 2000, COMMA_SIZE = 64 };

/* COLUMN_COMMA: numbers some of which have a decimal comma. */
enum column_type { COLUMN_EMPTY, COLUMN_NUMBER, COLUMN_COMMA, COLUMN_BOOLEAN, COLUMN_TEXT };

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_LIMIT, "the table of decisions does not fit into memory; split it");
}

/* --- columns of a sheet --- */

/* "-1.234,50" as "-1234.50": a decimal comma, and points between groups of three. False for all else. */
static bool read_comma(struct span cell, char number[COMMA_SIZE], size_t *ret_length)
{
	size_t comma = text_find(cell, SPAN(","));
	size_t length = 0;
	size_t point = 0; /* where the last group began, plus one */
	double value;
	if (comma == cell.length || cell.length >= COMMA_SIZE) {
		return false;
	}
	for (size_t i = 0; i < cell.length; i++) {
		if (cell.data[i] == '.') {
			bool grouped = i < comma && (point > 0 ? i + 1 - point == 4 : i > 0 && i <= 4);
			if (!grouped) {
				return false;
			}
			point = i + 1;
		} else {
			number[length++] = cell.data[i] == ',' ? '.' : cell.data[i];
		}
	}
	*ret_length = length;
	return (point == 0 || comma - point == 3) && text_to_double((struct span){number, length}, &value);
}

static enum column_type type_of_cell(struct span cell)
{
	char number[COMMA_SIZE];
	double value;
	size_t length = 0;
	if (text_to_double(cell, &value)) {
		return COLUMN_NUMBER;
	}
	if (read_comma(cell, number, &length)) {
		return COLUMN_COMMA;
	}
	return span_is(cell, "true") || span_is(cell, "false") ? COLUMN_BOOLEAN : COLUMN_TEXT;
}

/* Whole numbers fit beside decimal commas; a point would say two things there. */
static enum column_type join_types(enum column_type type, enum column_type other, bool points)
{
	bool numbers =
		(type == COLUMN_COMMA && other == COLUMN_NUMBER) || (type == COLUMN_NUMBER && other == COLUMN_COMMA);
	if (type == COLUMN_EMPTY || type == other) {
		return other;
	}
	return numbers && !points ? COLUMN_COMMA : COLUMN_TEXT;
}

static enum column_type type_of_column(const struct sheet *sheet, size_t column)
{
	enum column_type type = COLUMN_EMPTY;
	bool points = false;
	for (size_t row = 1; row < sheet->rows && type != COLUMN_TEXT; row++) {
		struct span cell = sheet_cell(sheet, row, column);
		if (cell.length > 0) {
			enum column_type other = type_of_cell(cell);
			points = points || (other == COLUMN_NUMBER && text_find(cell, SPAN(".")) < cell.length);
			type = join_types(type, other, points);
		}
	}
	return type;
}

static bool read_header(struct table *table, const struct sheet *sheet, struct error *err)
{
	if (sheet->rows < 2) {
		return error_set(err, ERROR_FORMAT, "the table has no rows below its header line");
	}
	if (sheet->columns > TABLE_COLUMNS) {
		return error_set(err, ERROR_LIMIT, "the table has more than %d columns", TABLE_COLUMNS);
	}
	table->columns = sheet->cells;
	table->column_count = sheet->columns;
	for (size_t i = 0; i < sheet->columns; i++) {
		table->columns[i] = text_trim(table->columns[i]);
		if (table->columns[i].length == 0) {
			return error_set_at(err, ERROR_FORMAT, NULL, 1, "column %zu has no name; name or remove it",
					    i + 1);
		}
		for (size_t k = 0; k < i; k++) {
			if (span_equal(table->columns[i], table->columns[k])) {
				return error_set_at(err, ERROR_FORMAT, NULL, 1,
						    "two columns are called \"%.*s\"; rename one",
						    SPAN_ARGUMENTS(table->columns[i]));
			}
		}
	}
	return true;
}

/* --- which column is the key --- */

/* How a key is sought: over every `step`-th row; `strict` leaves out places that hold texts, dates or people, which a
 * table may repeat beside its key. */
struct search {
	size_t step;
	bool strict;
};

static uint64_t count_matches(const struct sheet *sheet, size_t column, const struct profile_node *node, size_t step)
{
	uint64_t matches = 0;
	for (size_t row = 1; row < sheet->rows; row += step) {
		struct span cell = sheet_cell(sheet, row, column);
		matches += cell.length > 0 && sample_profile_has(node, cell);
	}
	return matches;
}

/* A place with few values, such as a code list, matches by chance: half of its documents must have one of their own. */
static bool may_hold_keys(const struct profile_node *node, bool strict)
{
	const char *word = NULL;
	uint64_t texts = sample_profile_texts(node);
	bool varied = !node->inside_items && node->value_count > 0 && node->value_count * 2 >= node->documents;
	bool plain = node->words <= texts && node->kinds[VALUE_DATE] + node->kinds[VALUE_DATE_TIME] == 0 &&
		     node->decimals_max == 0 && !value_name_is_personal(node->name, &word);
	return varied && (plain || !strict);
}

/* The place of the messages that most of the column's values stand at. */
static uint64_t best_place(const struct sheet *sheet, size_t column, const struct profile *messages,
			   struct search search, const struct profile_node **ret_node)
{
	uint64_t best = 0;
	for (struct profile_node *node = messages->root; node != NULL;
	     node = sample_profile_next(messages->root, node)) {
		uint64_t matches =
			may_hold_keys(node, search.strict) ? count_matches(sheet, column, node, search.step) : 0;
		if (matches > best) {
			best = matches;
			*ret_node = node;
		}
	}
	return best;
}

/* The best column and place; false where nothing matches. */
static bool search_key(struct table *table, const struct sheet *sheet, const char *wanted,
		       const struct profile *messages, struct search search)
{
	uint64_t best = 0;
	for (size_t i = 0; i < sheet->columns; i++) {
		const struct profile_node *node = NULL;
		uint64_t matches = wanted == NULL || span_is(table->columns[i], wanted)
					   ? best_place(sheet, i, messages, search, &node)
					   : 0;
		if (matches > best) {
			best = matches;
			table->key = i;
			table->matched_at = node;
		}
	}
	return best > 0;
}

static bool find_key(struct table *table, const struct sheet *sheet, const char *wanted, const struct profile *messages,
		     struct error *err)
{
	size_t step = sheet->rows / KEY_ROWS + 1;
	bool known = wanted == NULL;
	for (size_t i = 0; i < sheet->columns && !known; i++) {
		known = span_is(table->columns[i], wanted);
	}
	if (!known) {
		return error_set_at(err, ERROR_USAGE, NULL, 1, "there is no column \"%s\"; name one that is there",
				    wanted);
	}
	return search_key(table, sheet, wanted, messages, (struct search){step, true}) ||
	       search_key(table, sheet, wanted, messages, (struct search){1, true}) ||
	       search_key(table, sheet, wanted, messages, (struct search){1, false}) ||
	       error_set(err, ERROR_FORMAT,
			 "no value of %s%s%s stands in the messages as their identity; give the decisions about these "
			 "samples, mind leading zeros and blanks, or name the column with --key",
			 wanted != NULL ? "column \"" : "any column", wanted != NULL ? wanted : "",
			 wanted != NULL ? "\"" : "");
}

/* --- rows --- */

static bool add_row(struct table *table, struct span key, struct span json, struct error *err)
{
	if (table->row_count % 1024 == 0) {
		struct table_row *rows = realloc(table->rows, (table->row_count + 1024) * sizeof(*rows));
		if (rows == NULL) {
			return no_memory(err);
		}
		table->rows = rows;
	}
	char *key_copy = arena_copy(&table->arena, key);
	char *json_copy = arena_copy(&table->arena, json);
	if (key_copy == NULL || json_copy == NULL) {
		return no_memory(err);
	}
	table->rows[table->row_count] =
		(struct table_row){{key_copy, key.length}, {json_copy, json.length}, (uint32_t)table->row_count};
	table->row_count++;
	return true;
}

static void write_cell(struct buffer *json, struct span name, struct span cell, enum column_type type)
{
	buffer_append_text(json, json->length > 1 ? "," : "");
	json_write_string(json, name);
	buffer_append_byte(json, ':');
	char number[COMMA_SIZE];
	size_t length = 0;
	if (type == COLUMN_TEXT) {
		json_write_string(json, cell);
	} else if (type == COLUMN_COMMA && read_comma(cell, number, &length)) {
		buffer_append(json, number, length);
	} else {
		buffer_append_span(json, cell);
	}
}

static bool take_rows(struct table *table, const struct sheet *sheet, const enum column_type *types, struct error *err)
{
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(ROW_MAX);
	for (size_t row = 1; row < sheet->rows; row++) {
		struct span key = sheet_cell(sheet, row, table->key);
		if (key.length == 0) {
			table->without_key++;
			continue;
		}
		buffer_clear(&json);
		buffer_append_byte(&json, '{');
		for (size_t i = 0; i < sheet->columns; i++) {
			struct span cell = sheet_cell(sheet, row, i);
			if (i != table->key && cell.length > 0) {
				write_cell(&json, table->columns[i], cell, types[i]);
			}
		}
		buffer_append_byte(&json, '}');
		if (!buffer_ok(&json, "a row of the table", err) || !add_row(table, key, buffer_span(&json), err)) {
			return false;
		}
	}
	return true;
}

static bool take_sheet(struct table *table, const struct sheet *sheet, const char *key_column,
		       const struct profile *messages, struct error *err)
{
	if (!read_header(table, sheet, err) || !find_key(table, sheet, key_column, messages, err)) {
		return false;
	}
	enum column_type *types = arena_allocate_array(&table->arena, sheet->columns, sizeof(*types));
	if (types == NULL) {
		return no_memory(err);
	}
	for (size_t i = 0; i < sheet->columns; i++) {
		types[i] = type_of_column(sheet, i);
		table->plain_csv = table->plain_csv && types[i] != COLUMN_COMMA;
	}
	return take_rows(table, sheet, types, err);
}

/* --- JSON Lines --- */

/* A sheet of the members that are texts or numbers, for finding the key: columns in order of their first appearance. */
struct line_table {
	struct json_node const **rows;
	size_t count;
};

static bool parse_lines(struct table *table, struct line_table *lines, struct error *err)
{
	struct span text = buffer_span(&table->text);
	int number = 0;
	for (size_t position = 0; position < text.length;) {
		struct span rest = {text.data + position, text.length - position};
		struct span line = {rest.data, text_find(rest, SPAN("\n"))};
		position += line.length + 1;
		number++;
		if (text_trim(line).length == 0) {
			continue;
		}
		const struct json_node *root = NULL;
		struct error why = ERROR_INIT;
		if (!json_parse(&table->arena, text_trim(line), NULL, &root, &why) || root->type != JSON_OBJECT) {
			return error_set_at(err, ERROR_FORMAT, NULL, number, "%s",
					    root != NULL ? "a line of decisions is a JSON object" : why.message);
		}
		if (lines->count % 1024 == 0) {
			const struct json_node **rows = realloc(lines->rows, (lines->count + 1024) * sizeof(*rows));
			if (rows == NULL) {
				return no_memory(err);
			}
			lines->rows = rows;
		}
		lines->rows[lines->count++] = root;
	}
	return lines->count > 0 || error_set(err, ERROR_FORMAT, "the table has no rows");
}

static bool add_column(struct table *table, struct span name)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (span_equal(table->columns[i], name)) {
			return true;
		}
	}
	if (table->column_count == TABLE_COLUMNS) {
		return false;
	}
	table->columns[table->column_count++] = name;
	return true;
}

static bool collect_columns(struct table *table, const struct line_table *lines, struct error *err)
{
	table->columns = arena_allocate_array(&table->arena, TABLE_COLUMNS, sizeof(*table->columns));
	if (table->columns == NULL) {
		return no_memory(err);
	}
	for (size_t row = 0; row < lines->count; row++) {
		const struct json_node *object = lines->rows[row];
		for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
			if (!add_column(table, json_text(name))) {
				return error_set(err, ERROR_LIMIT, "the table has more than %d columns", TABLE_COLUMNS);
			}
		}
	}
	return true;
}

/* As if the lines were a sheet with a header. */
static bool make_sheet(struct table *table, const struct line_table *lines, struct sheet *ret_sheet, struct error *err)
{
	struct sheet sheet = {.rows = lines->count + 1, .columns = table->column_count};
	if (sheet.columns == 0 || sheet.rows > SHEET_CELLS_MAX / sheet.columns) {
		return no_memory(err);
	}
	sheet.cells = arena_allocate_array(&table->arena, sheet.rows * sheet.columns, sizeof(*sheet.cells));
	if (sheet.cells == NULL) {
		return no_memory(err);
	}
	for (size_t row = 0; row < lines->count; row++) {
		for (size_t i = 0; i < sheet.columns; i++) {
			sheet.cells[(row + 1) * sheet.columns + i] =
				json_text(json_get(lines->rows[row], table->columns[i]));
		}
	}
	*ret_sheet = sheet;
	return true;
}

static bool take_line_rows(struct table *table, const struct line_table *lines, struct error *err)
{
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(ROW_MAX);
	for (size_t row = 0; row < lines->count; row++) {
		const struct json_node *object = lines->rows[row];
		struct span key = json_text(json_get(object, table->columns[table->key]));
		buffer_clear(&json);
		buffer_append_byte(&json, '{');
		for (size_t i = 0; i < table->column_count; i++) {
			const struct json_node *value = json_get(object, table->columns[i]);
			if (i != table->key && value != NULL) {
				buffer_append_text(&json, json.length > 1 ? "," : "");
				json_write_string(&json, table->columns[i]);
				buffer_append_byte(&json, ':');
				json_write(&json, value);
			}
		}
		buffer_append_byte(&json, '}');
		table->without_key += key.length == 0;
		if (!buffer_ok(&json, "a row of the table", err) ||
		    (key.length > 0 && !add_row(table, key, buffer_span(&json), err))) {
			return false;
		}
	}
	return true;
}

static bool take_lines(struct table *table, const char *key_column, const struct profile *messages, struct error *err)
{
	struct line_table lines = {0};
	struct sheet sheet = {0};
	bool good = parse_lines(table, &lines, err) && collect_columns(table, &lines, err) &&
		    make_sheet(table, &lines, &sheet, err) && find_key(table, &sheet, key_column, messages, err) &&
		    take_line_rows(table, &lines, err);
	free(lines.rows);
	return good;
}

/* --- keys --- */

static int order_of_rows(const void *a, const void *b)
{
	const struct table_row *first = a;
	const struct table_row *second = b;
	int order = span_order(first->key, second->key);
	return order != 0 ? order : first->order < second->order ? -1 : first->order > second->order;
}

static size_t end_of_group(const struct table *table, size_t start)
{
	size_t end = start + 1;
	while (end < table->row_count && span_equal(table->rows[end].key, table->rows[start].key)) {
		end++;
	}
	return end;
}

static void count_keys(struct table *table)
{
	for (size_t start = 0; start < table->row_count;) {
		size_t end = end_of_group(table, start);
		bool different = false;
		for (size_t i = start + 1; i < end; i++) {
			different = different || !span_equal(table->rows[i].json, table->rows[start].json);
		}
		table->key_count++;
		table->shared_keys += different;
		table->matched += sample_profile_has(table->matched_at, table->rows[start].key);
		start = end;
	}
}

bool table_reply(const struct table *table, struct span key, bool as_items, struct buffer *reply)
{
	struct table_row wanted = {.key = key};
	size_t low = 0;
	size_t high = table->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (order_of_rows(&table->rows[middle], &wanted) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == table->row_count || !span_equal(table->rows[low].key, key)) {
		return false;
	}
	size_t end = end_of_group(table, low);
	if (!as_items) {
		buffer_append_span(reply, table->rows[end - 1].json);
		return true;
	}
	buffer_append_text(reply, "{\"items\":[");
	for (size_t i = low; i < end; i++) {
		buffer_append_text(reply, i > low ? "," : "");
		buffer_append_span(reply, table->rows[i].json);
	}
	buffer_append_text(reply, "]}");
	return true;
}

/* --- the file --- */

static bool is_plain_csv(struct span text, const struct sheet *sheet)
{
	size_t commas = 0;
	size_t line = text_find(text, SPAN("\n"));
	for (size_t i = 0; i < line; i++) {
		commas += text.data[i] == ',';
	}
	for (size_t i = 0; i < sheet->columns; i++) {
		if (text_trim(sheet->cells[i]).length != sheet->cells[i].length) {
			return false;
		}
	}
	return commas + 1 == sheet->columns && text_find(text, SPAN("sep=")) > 0;
}

static bool read_content(struct table *table, const char *key_column, const struct profile *messages, struct error *err)
{
	struct span text = buffer_span(&table->text);
	struct sheet sheet = {0};
	if (text_starts_with(text, "PK\x03\x04") || text_starts_with(text, "\xd0\xcf\x11\xe0")) {
		return sheet_read_xlsx(text, NULL, &table->arena, &sheet, err) &&
		       take_sheet(table, &sheet, key_column, messages, err);
	}
	if (text_starts_with(text_trim(text), "{")) {
		return take_lines(table, key_column, messages, err);
	}
	if (!sheet_read_csv(text, &table->arena, &sheet, err)) {
		return false;
	}
	table->plain_csv = is_plain_csv(text, &sheet);
	return take_sheet(table, &sheet, key_column, messages, err);
}

bool table_read(struct table *table, const char *file, const char *key_column, const struct profile *messages,
		struct error *err)
{
	*table = (struct table){.file = file};
	arena_init(&table->arena, ARENA_MAX);
	buffer_init(&table->text, TABLE_BYTES);
	if (!file_read(file, &table->text, err) || !read_content(table, key_column, messages, err)) {
		error_add_file(err, file);
		return false;
	}
	if (table->row_count == 0) {
		return error_set_at(err, ERROR_FORMAT, file, 0, "no row has a value in its key column");
	}
	qsort(table->rows, table->row_count, sizeof(*table->rows), order_of_rows);
	count_keys(table);
	return true;
}

void table_finish(struct table *table)
{
	free(table->rows);
	buffer_finish(&table->text);
	arena_finish(&table->arena);
	*table = (struct table){0};
}
