/* A sheet as text for comparing: cells in [ ], "." for an absent one, rows on lines. */
#ifndef UNDERSTUDY_TESTS_CODEC_SHEET_SHOW_H
#define UNDERSTUDY_TESTS_CODEC_SHEET_SHOW_H

#include "harness/codec/sheet.h"

static inline void sheet_show(const struct sheet *sheet, struct buffer *shown)
{
	for (size_t row = 0; row < sheet->rows; row++) {
		for (size_t column = 0; column < sheet->columns; column++) {
			struct span cell = sheet_cell(sheet, row, column);
			if (cell.data == NULL) {
				buffer_append_text(shown, ".");
			} else {
				buffer_append_format(shown, "[%.*s]", SPAN_ARGUMENTS(cell));
			}
		}
		buffer_append_text(shown, "\n");
	}
}

#endif
