/* A sheet that somebody edited, into rows. */
#include "harness/base/text.h"
#include "harness/document/field_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD_ROWS_MAX = 50, ROWS_MAX = 2000, CELL_MAX = 40000, COLUMN_LETTERS = 26 };

/* 1 is A, 27 is AA. */
static void column_letters(size_t column, char text[16])
{
	char reversed[16];
	size_t count = 0;
	for (; column > 0 && count < sizeof(reversed) - 1; column = (column - 1) / COLUMN_LETTERS) {
		reversed[count++] = (char)('A' + (column - 1) % COLUMN_LETTERS);
	}
	for (size_t i = 0; i < count; i++) {
		text[i] = reversed[count - 1 - i];
	}
	text[count] = '\0';
}

void field_fault_add(struct field_faults *faults, size_t row, size_t column, const char *format, ...)
{
	char what[512];
	char letters[16];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	column_letters(column, letters);
	if (faults->texts == NULL) {
		faults->texts = wording_array(faults->wording, FIELD_FAULTS_MAX, sizeof(*faults->texts));
		faults->capacity = faults->texts != NULL ? FIELD_FAULTS_MAX : 0;
	}
	if (faults->count < faults->capacity) {
		faults->texts[faults->count] = wording_line(
			faults->wording, span_of(column > 0 ? wording_format(faults->wording, "%s %s%zu: %s",
									     faults->sheet, letters, row, what)
							    : wording_format(faults->wording, "%s row %zu: %s",
									     faults->sheet, row, what)));
	}
	faults->count++;
}

static struct span cell_at(const struct sheet *sheet, size_t row, size_t column)
{
	struct span cell = sheet_cell(sheet, row, column);
	return cell.data != NULL ? cell : SPAN("");
}

/* --- the head --- */

static bool is_head(struct span cell, enum field_column column)
{
	return text_equal_ignoring_case(text_trim(cell), span_of(field_columns[column].head));
}

static size_t find_column(const struct sheet *sheet, size_t row, enum field_column column)
{
	for (size_t i = 0; i < sheet->columns; i++) {
		if (is_head(cell_at(sheet, row, i), column)) {
			return i + 1;
		}
	}
	return 0;
}

static bool find_head(const struct sheet *sheet, size_t *ret_row)
{
	for (size_t row = 0; row < sheet->rows && row < HEAD_ROWS_MAX; row++) {
		if (find_column(sheet, row, FIELD_NAME) > 0 && find_column(sheet, row, FIELD_COMPARE) > 0) {
			*ret_row = row;
			return true;
		}
	}
	return false;
}

static const char *ignored_columns(const struct sheet *sheet, size_t head, const struct field_table *table,
				   struct wording *wording)
{
	const char *names = "";
	for (size_t i = 0; i < sheet->columns; i++) {
		bool known = false;
		for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
			known = known || table->sheet_columns[column] == i + 1;
		}
		struct span cell = text_trim(cell_at(sheet, head, i));
		if (!known && cell.length > 0) {
			names = wording_join(wording, names, ", ", wording_line(wording, cell));
		}
	}
	return names;
}

/* --- cells --- */

const char *field_cell_text(struct wording *wording, struct span cell)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	cell = text_trim(cell);
	for (size_t i = 0; i < cell.length; i++) {
		bool pair = cell.data[i] == '\r' && i + 1 < cell.length && cell.data[i + 1] == '\n';
		if (!pair) {
			buffer_append_byte(&text, cell.data[i] == '\r' ? '\n' : cell.data[i]);
		}
	}
	return wording_take(wording, &text);
}

static const char *yes_or_no(struct span cell, struct wording *wording)
{
	static const char *const words[][2] = {{"yes", "yes"},  {"no", "no"}, {"true", "yes"},
					       {"false", "no"}, {"y", "yes"}, {"n", "no"},
					       {"1", "yes"},    {"0", "no"},  {"x", "yes"}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_equal_ignoring_case(cell, span_of(words[i][0]))) {
			return words[i][1];
		}
	}
	return wording_copy(wording, cell);
}

static const char *read_cell(struct span cell, enum field_column column, struct wording *wording)
{
	cell = text_trim(cell);
	if (field_columns[column].choice == FIELD_YES_NO || field_columns[column].choice == FIELD_YES) {
		const char *word = yes_or_no(cell, wording);
		return column == FIELD_REMOVE && strcmp(word, "no") == 0 ? "" : word;
	}
	return field_cell_text(wording, cell);
}

static bool check_cell(struct span cell, size_t row, size_t column, struct field_faults *faults)
{
	if (cell.length >= CELL_MAX) {
		field_fault_add(faults, row, column, "longer than %d characters; shorten it", CELL_MAX);
	} else if (!text_is_utf8(cell)) {
		field_fault_add(faults, row, column, "not UTF-8 text; save the file as UTF-8");
	} else if (memchr(cell.data, '\0', cell.length) != NULL) {
		field_fault_add(faults, row, column, "holds the character NUL; remove it");
	} else {
		return true;
	}
	return false;
}

/* --- rows --- */

static bool is_blank(const struct sheet *sheet, size_t row)
{
	for (size_t i = 0; i < sheet->columns; i++) {
		if (text_trim(cell_at(sheet, row, i)).length > 0) {
			return false;
		}
	}
	return true;
}

static void check_words(const struct field_table *table, const struct field_row *row, struct field_faults *faults)
{
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		const char *cell = row->cells[column];
		bool known = cell[0] == '\0' || strcmp(cell, "yes") == 0 || strcmp(cell, "no") == 0;
		if ((field_columns[column].choice == FIELD_YES_NO || field_columns[column].choice == FIELD_YES) &&
		    !known) {
			field_fault_add(faults, row->sheet_row, table->sheet_columns[column],
					"\"%.40s\" is neither yes nor no; write one of them", cell);
		}
	}
}

static void read_row(const struct sheet *sheet, size_t number, struct field_table *table, struct field_faults *faults)
{
	struct field_row *row = &table->rows[table->count];
	bool readable = true;
	row->sheet_row = number + 1;
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		size_t at = table->sheet_columns[column];
		struct span cell = at > 0 ? cell_at(sheet, number, at - 1) : SPAN("");
		bool good = check_cell(cell, number + 1, at, faults);
		readable = readable && good;
		row->cells[column] = good ? read_cell(cell, (enum field_column)column, faults->wording) : "";
	}
	if (row->cells[FIELD_NAME][0] == '\0') {
		field_fault_add(faults, number + 1, table->sheet_columns[FIELD_NAME],
				"the field's name is missing; write it, or empty the whole row");
	} else if (field_table_find(table, row->cells[FIELD_NAME]) != NULL) {
		field_fault_add(faults, number + 1, table->sheet_columns[FIELD_NAME],
				"the name stands in another row already; give each field a name of its own");
	} else if (readable) {
		check_words(table, row, faults);
		table->count++;
	}
}

struct field_table field_table_read(const struct sheet *sheet, struct field_faults *faults, const char **ret_ignored)
{
	struct field_table table = {.count = 0};
	size_t head;
	*ret_ignored = "";
	if (!find_head(sheet, &head)) {
		field_fault_add(faults, 1, 0,
				"there is no line of column heads with \"Field\" and \"Comparison\"; begin with the "
				"table that contract doc writes");
		return table;
	}
	if (sheet->rows > ROWS_MAX) {
		field_fault_add(faults, ROWS_MAX, 0, "there are more than %d rows; shorten the table", ROWS_MAX);
		return table;
	}
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		table.sheet_columns[column] = find_column(sheet, head, (enum field_column)column);
	}
	*ret_ignored = ignored_columns(sheet, head, &table, faults->wording);
	table.rows = wording_array(faults->wording, sheet->rows, sizeof(*table.rows));
	for (size_t row = head + 1; row < sheet->rows && table.rows != NULL; row++) {
		if (!is_blank(sheet, row)) {
			read_row(sheet, row, &table, faults);
		}
	}
	return table;
}
