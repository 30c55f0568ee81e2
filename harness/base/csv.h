/* Layer 0. CSV by RFC 4180, read row by row from memory; comma, CRLF or LF, quotes doubled, UTF-8 mark skipped. */
#ifndef UNDERSTUDY_BASE_CSV_H
#define UNDERSTUDY_BASE_CSV_H

#include "harness/base/arena.h"

struct csv_reader {
	struct span text; /* borrowed */
	size_t position;
	int line; /* 1-based line on which the row last read began */
	int next_line;
};

void csv_reader_init(struct csv_reader *reader, struct span text);
/* Next row's cells, in the arena or borrowed from the text. Returns true with *ret_count 0 at the end.
 * False: ERROR_FORMAT with the line set (a quote inside a bare cell, text behind a closing quote, no closing quote).
 * Blank lines are skipped. */
MUST_CHECK bool csv_read_row(struct csv_reader *reader, struct arena *arena, struct span **ret_cells, size_t *ret_count,
			     struct error *err);
/* Appends one cell, quoted where needed. A cell that a spreadsheet would run as a formula (it starts with = + - @ tab
 * or CR and is not a number) gets a leading apostrophe. The caller writes commas and "\r\n". */
void csv_write_cell(struct buffer *buffer, struct span text);

#endif
