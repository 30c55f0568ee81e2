/* Layer 0. CSV by RFC 4180, read row by row from memory; comma, CRLF or LF, quotes doubled, UTF-8 mark skipped. Other
 * separators than the comma are for tables from elsewhere (harness/codec/sheet.h finds out which one it is).
 *
 * Every cell is text, quoted or not; white space belongs to the cell. Cells may hold any bytes: whoever needs UTF-8
 * checks it. Rows may differ in length: whoever needs a rectangle checks it. */
#ifndef UNDERSTUDY_BASE_CSV_H
#define UNDERSTUDY_BASE_CSV_H

#include "harness/base/arena.h"

struct csv_reader {
	struct span text; /* borrowed */
	size_t position;
	int line; /* 1-based line on which the row last read began */
	int next_line;
	char separator; /* ',' from csv_reader_init on; set another before the first row */
};

/* Borrows `text`. */
void csv_reader_init(struct csv_reader *reader, struct span text);
/* Next row's cells, in the arena or borrowed from the text: valid as long as both. Returns true with *ret_count 0 at
 * the end. Blank lines are skipped, so a table of one column cannot hold an empty bare cell.
 * False: ERROR_FORMAT with err->line set (a quote inside a bare cell, text behind a closing quote, no closing quote, a
 * CR without LF outside quotes), ERROR_LIMIT where the arena has no room. Read no further after an error. */
MUST_CHECK bool csv_read_row(struct csv_reader *reader, struct arena *arena, struct span **ret_cells, size_t *ret_count,
			     struct error *err);
/* Appends one cell, quoted where needed. A cell that a spreadsheet would run as a formula (it starts with = + - @, one
 * of their full-width forms, tab, CR or LF, and is not a number such as -5 or +3.2e1) gets a leading apostrophe. The
 * caller writes commas and "\r\n". */
void csv_write_cell(struct buffer *buffer, struct span text);

#endif
