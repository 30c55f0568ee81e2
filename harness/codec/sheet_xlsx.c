#include "harness/base/text.h"
#include "harness/codec/sheet.h"
#include "harness/codec/sheet_value.h"
#include "harness/codec/sheet_workbook.h"

/* The largest that a spreadsheet has. */
enum { ROWS_MAX = 1048576, COLUMNS_MAX = 16384, TYPE_SIZE = 16 };

struct cell {
	uint32_t row;
	uint32_t column;
	struct span text;
};

struct cells_reader {
	struct workbook *workbook;
	struct cell *list;
	size_t count;
	size_t capacity;
	size_t rows; /* of the rectangle so far */
	size_t columns;
	size_t row; /* of the cell being read, from 1; 0: none yet */
	size_t column;
	char type[TYPE_SIZE];
	size_t style;
	struct string_item item;
};

static bool misplaced(struct error *err, const char *reference)
{
	return error_set(err, ERROR_FORMAT, "\"%s\" is no place in a worksheet; save the table again", reference);
}

/* "AB12": column 28, row 12. */
static bool read_reference(const char *reference, size_t *ret_row, size_t *ret_column, struct error *err)
{
	size_t column = 0;
	size_t i = 0;
	for (; reference[i] >= 'A' && reference[i] <= 'Z' && column <= COLUMNS_MAX; i++) {
		column = column * 26 + (size_t)(reference[i] - 'A') + 1;
	}
	uint64_t row = 0;
	if (column == 0 || column > COLUMNS_MAX || !text_to_uint64(span_of(reference + i), &row) || row == 0 ||
	    row > ROWS_MAX) {
		return misplaced(err, reference);
	}
	*ret_row = (size_t)row;
	*ret_column = column;
	return true;
}

static bool start_row(struct cells_reader *reader, const char **attributes, struct error *err)
{
	const char *number = xml_attribute(attributes, "r");
	uint64_t row = reader->row + 1;
	if (number != NULL && !text_to_uint64(span_of(number), &row)) {
		return misplaced(err, number);
	}
	reader->row = (size_t)row;
	reader->column = 0;
	return (row > 0 && row <= ROWS_MAX) || misplaced(err, number != NULL ? number : "1048577");
}

static bool start_cell(struct cells_reader *reader, const char **attributes, struct error *err)
{
	const char *reference = xml_attribute(attributes, "r");
	const char *type = xml_attribute(attributes, "t");
	const char *style = xml_attribute(attributes, "s");
	uint64_t number = 0;
	reader->column++;
	if (reference != NULL && !read_reference(reference, &reader->row, &reader->column, err)) {
		return false;
	}
	if (reader->column > COLUMNS_MAX || reader->row == 0) {
		return misplaced(err, "c");
	}
	size_t length = type != NULL && strlen(type) < TYPE_SIZE ? strlen(type) : 0;
	memcpy(reader->type, length > 0 ? type : "n", length > 0 ? length + 1 : 2);
	reader->style = style != NULL && text_to_uint64(span_of(style), &number) ? (size_t)number : 0;
	return true;
}

static bool on_cell_start(void *context, const char *name, const char **attributes, struct error *err)
{
	struct cells_reader *reader = context;
	string_item_start(&reader->item, name);
	if (strcmp(name, "row") == 0) {
		return start_row(reader, attributes, err);
	}
	return strcmp(name, "c") != 0 || start_cell(reader, attributes, err);
}

static bool shared_string(const struct cells_reader *reader, struct span index, struct span *ret_text,
			  struct error *err)
{
	uint64_t number = 0;
	if (!text_to_uint64(text_trim(index), &number) || number >= reader->workbook->string_count) {
		return error_set(err, ERROR_FORMAT, "row %zu, column %zu names a text that the workbook does not have",
				 reader->row, reader->column);
	}
	*ret_text = reader->workbook->strings[number];
	return true;
}

/* What the cell shows, from what is stored. */
static bool read_value(const struct cells_reader *reader, struct span stored, struct span *ret_text, struct error *err)
{
	const struct workbook *workbook = reader->workbook;
	if (strcmp(reader->type, "s") == 0) {
		return shared_string(reader, stored, ret_text, err);
	}
	if (strcmp(reader->type, "b") == 0) {
		*ret_text = span_is(stored, "1") || span_is(stored, "true") ? SPAN("true") : SPAN("false");
		return true;
	}
	if (strcmp(reader->type, "n") != 0) {
		*ret_text = stored;
		return true;
	}
	bool is_date = reader->style < workbook->style_count && workbook->date_styles[reader->style];
	char *text = sheet_write_number(text_trim(stored), is_date, workbook->from_1904, workbook->arena);
	*ret_text = span_of(text);
	return text != NULL || workbook_no_room(workbook, err);
}

static bool end_cell(struct cells_reader *reader, struct error *err)
{
	struct workbook *workbook = reader->workbook;
	struct span stored = {NULL, 0};
	struct span text = {NULL, 0};
	if (reader->item.text.length == 0 && !reader->item.text.failed) {
		return true;
	}
	if (!string_item_take(&reader->item, workbook->arena, &stored, err) ||
	    !read_value(reader, stored, &text, err)) {
		return false;
	}
	if (text.length == 0) {
		return true;
	}
	reader->rows = reader->row > reader->rows ? reader->row : reader->rows;
	reader->columns = reader->column > reader->columns ? reader->column : reader->columns;
	if (reader->rows * reader->columns > SHEET_CELLS_MAX || reader->count == SHEET_CELLS_MAX) {
		return error_set(err, ERROR_LIMIT, "the table has more than %d cells; split it", SHEET_CELLS_MAX);
	}
	reader->list =
		workbook_grow(workbook->arena, reader->list, reader->count, &reader->capacity, sizeof(*reader->list));
	if (reader->list == NULL) {
		return workbook_no_room(workbook, err);
	}
	reader->list[reader->count++] = (struct cell){(uint32_t)reader->row - 1, (uint32_t)reader->column - 1, text};
	return true;
}

static bool on_cell_end(void *context, const char *name, struct error *err)
{
	struct cells_reader *reader = context;
	string_item_end(&reader->item, name);
	return strcmp(name, "c") != 0 || end_cell(reader, err);
}

static void on_cell_text(void *context, struct span text)
{
	struct cells_reader *reader = context;
	string_item_text(&reader->item, text);
}

static const struct xml_handlers cell_handlers = {on_cell_start, on_cell_end, on_cell_text};

static bool make_rectangle(const struct cells_reader *reader, struct sheet *ret_sheet, struct error *err)
{
	struct sheet sheet = {.rows = reader->rows, .columns = reader->columns};
	sheet.cells = arena_allocate_array(reader->workbook->arena, sheet.rows * sheet.columns, sizeof(*sheet.cells));
	if (sheet.cells == NULL) {
		return workbook_no_room(reader->workbook, err);
	}
	for (size_t i = 0; i < reader->count; i++) {
		const struct cell *cell = &reader->list[i];
		sheet.cells[cell->row * sheet.columns + cell->column] = cell->text;
	}
	*ret_sheet = sheet;
	return true;
}

static bool read_cells(struct workbook *workbook, struct sheet *ret_sheet, struct error *err)
{
	struct cells_reader reader = {.workbook = workbook, .item = {.text = BUFFER_INIT(SHEET_TEXT_MAX)}};
	bool good = workbook_read_part(workbook, workbook->sheet_part, &cell_handlers, &reader, err) &&
		    make_rectangle(&reader, ret_sheet, err);
	buffer_finish(&reader.item.text);
	return good;
}

bool sheet_read_xlsx(struct span file_bytes, const char *sheet_name, struct arena *arena, struct sheet *ret_sheet,
		     struct error *err)
{
	if (text_starts_with(file_bytes, "\xd0\xcf\x11\xe0")) {
		return error_set(err, ERROR_FORMAT,
				 "this is an XLS file, or one with a password; save it as XLSX without a password");
	}
	struct workbook workbook = {.arena = arena, .archive = archive_open(file_bytes, err)};
	if (workbook.archive == NULL) {
		return false;
	}
	bool good = workbook_open(&workbook, sheet_name, err) && workbook_read_strings(&workbook, err) &&
		    workbook_read_styles(&workbook, err) && read_cells(&workbook, ret_sheet, err);
	archive_close(workbook.archive);
	return good;
}
