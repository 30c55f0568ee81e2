#include "harness/base/csv.h"
#include "harness/base/text.h"
#include "harness/codec/sheet.h"

enum { ROWS_LOOKED_AT = 50, LINE_MAX_SIZE = 1024 * 1024 };

static bool no_room(const struct arena *arena, struct error *err)
{
	return error_set(err, ERROR_LIMIT, "the table needs more than %zu bytes of memory; split it", arena->maximum);
}

/* "sep=;" on the first line, as spreadsheets write it. */
static char declared_separator(struct span text, size_t *ret_length)
{
	size_t start = text_starts_with(text, "\xef\xbb\xbf") ? 3 : 0;
	struct span line = {text.data + start, text.length - start};
	line.length = text_find(line, SPAN("\n"));
	struct span word = text_trim(line);
	if (word.length != 5 || !text_equal_ignoring_case((struct span){word.data, 4}, SPAN("sep="))) {
		/* a tab at the end is white space that the trim took */
		bool tab = text_equal_ignoring_case(word, SPAN("sep=")) && line.length > 4 && line.data[4] == '\t';
		*ret_length = tab ? start + line.length : 0;
		return tab ? '\t' : 0;
	}
	*ret_length = start + line.length;
	return word.data[4];
}

/* How many of the first rows have as many cells as the first one; 0 where the first has one cell, or is no CSV. */
static size_t count_regular(struct span text, char separator, size_t *ret_columns)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(LINE_MAX_SIZE * 8);
	struct csv_reader reader;
	csv_reader_init(&reader, text);
	reader.separator = separator;
	size_t columns = 0;
	size_t regular = 0;
	for (size_t row = 0; row < ROWS_LOOKED_AT; row++) {
		struct span *cells = NULL;
		size_t count = 0;
		arena_reset(&arena);
		if (!csv_read_row(&reader, &arena, &cells, &count, NULL) || count == 0) {
			break;
		}
		columns = row == 0 ? count : columns;
		regular += count == columns;
	}
	*ret_columns = columns;
	return columns > 1 ? regular : 0;
}

static char find_separator(struct span text)
{
	static const char separators[] = {',', ';', '\t'};
	char best = ',';
	size_t best_regular = 0;
	size_t best_columns = 0;
	for (size_t i = 0; i < sizeof(separators); i++) {
		size_t columns = 0;
		size_t regular = count_regular(text, separators[i], &columns);
		if (regular > best_regular || (regular == best_regular && regular > 0 && columns > best_columns)) {
			best = separators[i];
			best_regular = regular;
			best_columns = columns;
		}
	}
	return best;
}

static bool check_encoding(struct span text, struct error *err)
{
	if (text_starts_with(text, "\xff\xfe") || text_starts_with(text, "\xfe\xff")) {
		return error_set_at(err, ERROR_FORMAT, NULL, 1,
				    "the table is in UTF-16; save it as CSV in UTF-8 (\"CSV UTF-8\")");
	}
	int line = 1;
	for (size_t start = 0; start < text.length && !text_is_utf8(text);) {
		struct span rest = {text.data + start, text.length - start};
		rest.length = text_find(rest, SPAN("\n"));
		if (!text_is_utf8(rest)) {
			return error_set_at(err, ERROR_FORMAT, NULL, line,
					    "the table is not in UTF-8; save it as CSV in UTF-8 (\"CSV UTF-8\")");
		}
		start += rest.length + 1;
		line++;
	}
	return true;
}

/* Rows and the longest one, with nothing kept. */
static bool measure(struct csv_reader reader, struct sheet *sheet, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(SHEET_PART_MAX);
	for (;;) {
		struct span *cells = NULL;
		size_t count = 0;
		arena_reset(&arena);
		if (!csv_read_row(&reader, &arena, &cells, &count, err)) {
			return false;
		}
		if (count == 0) {
			return true;
		}
		sheet->rows++;
		sheet->columns = count > sheet->columns ? count : sheet->columns;
		if (sheet->columns > SHEET_CELLS_MAX || sheet->rows > SHEET_CELLS_MAX / sheet->columns) {
			return error_set_at(err, ERROR_LIMIT, NULL, reader.line,
					    "the table has more than %d cells; split it", SHEET_CELLS_MAX);
		}
	}
}

bool sheet_read_csv(struct span file_bytes, struct arena *arena, struct sheet *ret_sheet, struct error *err)
{
	if (!check_encoding(file_bytes, err)) {
		return false;
	}
	size_t declaration = 0;
	char separator = declared_separator(file_bytes, &declaration);
	struct csv_reader reader;
	csv_reader_init(&reader, file_bytes);
	reader.position = declaration > 0 ? declaration : reader.position;
	reader.separator = separator != 0 ? separator : find_separator(file_bytes);
	struct sheet sheet = {0};
	if (!measure(reader, &sheet, err)) {
		return false;
	}
	sheet.cells = arena_allocate_array(arena, sheet.rows * sheet.columns, sizeof(*sheet.cells));
	if (sheet.cells == NULL) {
		return no_room(arena, err);
	}
	for (size_t row = 0; row < sheet.rows; row++) {
		struct span *cells = NULL;
		size_t count = 0;
		if (!csv_read_row(&reader, arena, &cells, &count, err)) {
			return false;
		}
		memcpy(sheet.cells + row * sheet.columns, cells, count * sizeof(*cells));
	}
	*ret_sheet = sheet;
	return true;
}
