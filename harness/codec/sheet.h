/* Layer 2. Tables from outside as a rectangle of texts: CSV (RFC 4180) and XLSX (ECMA-376 part 1, SpreadsheetML).
 *
 * Row by row: cell (r, c) is cells[r * columns + c]. A cell that is absent has data NULL; in XLSX so has an empty one,
 * in CSV only one that its row is too short for. All text is UTF-8. Texts live in the arena or borrow from the file's
 * bytes: valid as long as both.
 *
 * Limits: SHEET_CELLS_MAX cells in the rectangle, and what the arena holds. */
#ifndef UNDERSTUDY_CODEC_SHEET_H
#define UNDERSTUDY_CODEC_SHEET_H

#include "harness/base/arena.h"

enum { SHEET_CELLS_MAX = 16 * 1024 * 1024, SHEET_PART_MAX = 512 * 1024 * 1024 };

struct sheet {
	struct span *cells;
	size_t rows;
	size_t columns;
};

/* Outside the rectangle: data NULL. */
static inline struct span sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
	return row < sheet->rows && column < sheet->columns ? sheet->cells[row * sheet->columns + column]
							    : (struct span){NULL, 0};
}

/* Cells are separated by comma, semicolon or tab, told by the first rows: the one that cuts most of them into the same
 * number of cells, above one. A first line "sep=;" says it and is no row. Blank lines are no rows.
 * ERROR_FORMAT with err->line where the text is no CSV or not UTF-8, ERROR_LIMIT. */
MUST_CHECK bool sheet_read_csv(struct span file_bytes, struct arena *arena, struct sheet *ret_sheet, struct error *err);

/* One worksheet of a workbook: the one of that name, NULL: the first that is not hidden. Rows and columns count from
 * the first of the sheet, so that row r of the result is row r + 1 of the spreadsheet.
 *  text      as written, formatted runs joined, phonetic readings left out
 *  numbers   in decimals, rounded to 15 significant digits as spreadsheets show them; whole numbers exactly as stored
 *  dates     cells whose number format shows a date or time: "2026-11-16", "2026-11-16T08:30:00" (no zone is known),
 *            times of day below 1 "08:30:00"; formats of elapsed time ([h]:mm) stay numbers
 *  booleans  "true", "false"
 *  errors    their text, "#N/A"
 *  formulas  the value that was last computed
 * ERROR_FORMAT where it is no workbook, ERROR_MISSING where it has no such sheet, ERROR_LIMIT past SHEET_PART_MAX
 * inflated bytes of one part (ZIP bombs), past the cells, or where the arena is full. */
MUST_CHECK bool sheet_read_xlsx(struct span file_bytes, const char *sheet_name, struct arena *arena,
				struct sheet *ret_sheet, struct error *err);

#endif
