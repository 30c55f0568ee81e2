#include "harness/base/csv.h"

#include "harness/base/text.h"

enum { FIRST_CAPACITY = 16 };

void csv_reader_init(struct csv_reader *reader, struct span text)
{
	*reader = (struct csv_reader){.text = text.length > 0 ? text : SPAN(""), .next_line = 1, .separator = ','};
	if (text_starts_with(text, "\xef\xbb\xbf")) {
		reader->position = 3;
	}
}

static bool at_end(const struct csv_reader *reader)
{
	return reader->position == reader->text.length;
}

/* The byte to read next, or an end of line at the end of the text. */
static char peek(const struct csv_reader *reader)
{
	return at_end(reader) ? '\n' : reader->text.data[reader->position];
}

static bool take_line_end(struct csv_reader *reader)
{
	const char *at = reader->text.data + reader->position;
	size_t left = reader->text.length - reader->position;
	size_t length = left >= 1 && at[0] == '\n' ? 1 : left >= 2 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
	if (length == 0) {
		return at_end(reader);
	}
	reader->position += length;
	reader->next_line++;
	return true;
}

static bool wrong(const struct csv_reader *reader, struct error *err, const char *what)
{
	return error_set_at(err, ERROR_FORMAT, NULL, reader->next_line, "%s", what);
}

static bool no_room(const struct csv_reader *reader, const struct arena *arena, struct error *err)
{
	return error_set_at(err, ERROR_LIMIT, NULL, reader->line, "the rows of the table are larger than %zu bytes",
			    arena->maximum);
}

static bool read_bare(struct csv_reader *reader, struct span *ret_cell, struct error *err)
{
	size_t start = reader->position;
	for (; !at_end(reader); reader->position++) {
		char c = peek(reader);
		if (c == reader->separator || c == '\n' || c == '\r') {
			break;
		}
		if (c == '"') {
			return wrong(reader, err, "a quote inside a cell without quotes; quote the cell and double it");
		}
	}
	*ret_cell = (struct span){reader->text.data + start, reader->position - start};
	return true;
}

/* A copy with each pair of quotes made one; data NULL without room. */
static struct span without_doubles(struct arena *arena, struct span raw)
{
	char *copy = arena_allocate(arena, raw.length);
	size_t length = 0;
	for (size_t i = 0; copy != NULL && i < raw.length; i++) {
		copy[length++] = raw.data[i];
		i += raw.data[i] == '"';
	}
	return (struct span){copy, length};
}

/* The reader stands on the opening quote. */
static bool read_quoted(struct csv_reader *reader, struct arena *arena, struct span *ret_cell, struct error *err)
{
	size_t start = ++reader->position;
	int first_line = reader->next_line;
	bool doubled = false;
	for (;; reader->position++) {
		if (at_end(reader)) {
			reader->next_line = first_line;
			return wrong(reader, err, "a quoted cell that begins here has no closing quote");
		}
		char c = peek(reader);
		reader->next_line += c == '\n';
		if (c != '"') {
			continue;
		}
		reader->position++;
		if (at_end(reader) || peek(reader) != '"') {
			break;
		}
		doubled = true;
	}
	struct span raw = {reader->text.data + start, reader->position - 1 - start};
	char c = peek(reader);
	if (c != reader->separator && c != '\n' && c != '\r') {
		return wrong(reader, err, "text behind a closing quote; double the quotes inside the cell");
	}
	*ret_cell = doubled ? without_doubles(arena, raw) : raw;
	return ret_cell->data != NULL || no_room(reader, arena, err);
}

struct row {
	struct span *cells;
	size_t count;
	size_t capacity;
};

static bool add_cell(struct row *row, struct arena *arena, struct span cell)
{
	if (row->count == row->capacity) {
		size_t capacity = row->capacity > 0 ? row->capacity * 2 : FIRST_CAPACITY;
		struct span *cells = arena_allocate_array(arena, capacity, sizeof(*cells));
		if (cells == NULL) {
			return false;
		}
		if (row->count > 0) {
			memcpy(cells, row->cells, row->count * sizeof(*cells));
		}
		row->cells = cells;
		row->capacity = capacity;
	}
	row->cells[row->count++] = cell;
	return true;
}

bool csv_read_row(struct csv_reader *reader, struct arena *arena, struct span **ret_cells, size_t *ret_count,
		  struct error *err)
{
	while (!at_end(reader) && take_line_end(reader)) {
	}
	reader->line = reader->next_line;
	struct row row = {0};
	bool more = !at_end(reader);
	while (more) {
		struct span cell = {0};
		bool good = peek(reader) == '"' && !at_end(reader) ? read_quoted(reader, arena, &cell, err)
								   : read_bare(reader, &cell, err);
		if (!good) {
			return false;
		}
		if (!add_cell(&row, arena, cell)) {
			return no_room(reader, arena, err);
		}
		more = !at_end(reader) && peek(reader) == reader->separator;
		reader->position += more;
	}
	if (!take_line_end(reader)) {
		return wrong(reader, err, "a line ends with CR alone; save the table with LF or CRLF line ends");
	}
	*ret_cells = row.cells;
	*ret_count = row.count;
	return true;
}

/* First characters by which spreadsheets take a cell for a formula (OWASP, "CSV Injection"); the last four are the
 * full-width forms, which East Asian versions take too. */
static const char *const formula_starts[] = {
	"=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0",
};

static bool is_number(struct span text)
{
	if (text.length > 1 && (text.data[0] == '+' || text.data[0] == '-') && text_is_digit(text.data[1])) {
		text = (struct span){text.data + 1, text.length - 1};
	}
	double number;
	return text_to_double(text, &number);
}

static bool is_formula(struct span text)
{
	for (size_t i = 0; i < sizeof(formula_starts) / sizeof(formula_starts[0]); i++) {
		if (text_starts_with(text, formula_starts[i])) {
			return !is_number(text);
		}
	}
	return false;
}

static bool needs_quotes(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		if (c == ',' || c == '"' || c == '\r' || c == '\n') {
			return true;
		}
	}
	return false;
}

void csv_write_cell(struct buffer *buffer, struct span text)
{
	bool quoted = needs_quotes(text);
	if (quoted) {
		buffer_append_byte(buffer, '"');
	}
	if (is_formula(text)) {
		buffer_append_byte(buffer, '\'');
	}
	size_t start = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '"') {
			buffer_append(buffer, text.data + start, i + 1 - start);
			start = i; /* written once more with what follows */
		}
	}
	if (start < text.length) {
		buffer_append(buffer, text.data + start, text.length - start);
	}
	if (quoted) {
		buffer_append_byte(buffer, '"');
	}
}
