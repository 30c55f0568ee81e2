/* Layer 2, private to harness/codec. What the number in a spreadsheet's cell means, by its number format (ECMA-376
 * part 1, 18.8.30 and 18.8.31). */
#ifndef UNDERSTUDY_CODEC_SHEET_VALUE_H
#define UNDERSTUDY_CODEC_SHEET_VALUE_H

#include "harness/base/arena.h"

/* Does a format of that number, built in, show a date or a time of day? Elapsed times (46) are numbers. */
bool sheet_builtin_is_date(int64_t format);
/* Does that format code? Only its first section counts; what stands in quotes, brackets or behind \ _ * does not. */
bool sheet_code_is_date(struct span code);
/* The cell's number as text in the arena; what is no number stays as it is. `from_1904`: the workbook counts its days
 * from 1904. NULL: the arena is full. */
MUST_CHECK char *sheet_write_number(struct span number, bool is_date, bool from_1904, struct arena *arena);

#endif
