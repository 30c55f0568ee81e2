#include "harness/codec/sheet_value.h"

#include "harness/base/clock.h"
#include "harness/base/decimal.h"
#include "harness/base/text.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_TEXT_SIZE = 64, SHOWN_DIGITS = 15, MILLISECONDS_A_DAY = 86400000 };

/* Serial day numbers: 1 is 1900-01-01, and 60 a 29 February that 1900 did not have. The last one is 9999-12-31. */
enum { SERIAL_1970 = 25569, SERIAL_FALSE_DAY = 60, SERIAL_LAST = 2958465, DAYS_1900_TO_1904 = 1462 };

bool sheet_builtin_is_date(int64_t format)
{
	return (format >= 14 && format <= 22) || (format >= 27 && format <= 36) || format == 45 || format == 47 ||
	       (format >= 50 && format <= 58);
}

/* Where the quoted, bracketed or escaped part that begins at `i` ends; `i` itself where none does. */
static size_t skip_literal(struct span code, size_t i)
{
	char c = code.data[i];
	if (c == '\\' || c == '_' || c == '*') {
		return i + 1;
	}
	if (c == '"' || c == '[') {
		char closing = c == '"' ? '"' : ']';
		do {
			i++;
		} while (i < code.length && code.data[i] != closing);
	}
	return i;
}

bool sheet_code_is_date(struct span code)
{
	for (size_t i = 0; i < code.length && code.data[i] != ';'; i++) {
		bool elapsed = code.data[i] == '[' && i + 1 < code.length && code.data[i + 1] != '\0' &&
			       strchr("hHmMsS", code.data[i + 1]) != NULL;
		size_t behind = skip_literal(code, i);
		if (elapsed && behind < code.length && (behind - i == 2 || behind - i == 3)) {
			return false;
		}
		if (behind == i && code.data[i] != '\0' && strchr("yYmMdDhHsS", code.data[i]) != NULL) {
			return true;
		}
		i = behind;
	}
	return false;
}

static char *write_date(double serial, bool from_1904, struct arena *arena)
{
	double whole = floor(serial);
	int64_t milliseconds = llround((serial - whole) * MILLISECONDS_A_DAY);
	int64_t day = (int64_t)whole + milliseconds / MILLISECONDS_A_DAY;
	milliseconds %= MILLISECONDS_A_DAY;
	char clock[32];
	int64_t seconds = milliseconds / 1000;
	int written = snprintf(clock, sizeof(clock), "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
			       (int)(seconds % 60));
	if (milliseconds % 1000 != 0 && written > 0) {
		snprintf(clock + written, sizeof(clock) - (size_t)written, ".%03d", (int)(milliseconds % 1000));
	}
	if (day == 0 && !from_1904) {
		return arena_format(arena, "%s", clock);
	}
	int64_t days = day + (from_1904 ? DAYS_1900_TO_1904 : day < SERIAL_FALSE_DAY ? 1 : 0) - SERIAL_1970;
	char date[CLOCK_TEXT_SIZE];
	clock_format_date(days * CLOCK_DAY, date);
	return milliseconds == 0 ? arena_format(arena, "%s", date) : arena_format(arena, "%sT%s", date, clock);
}

/* As spreadsheets show it: they compute in binary, and 19.99 may be stored as 19.989999999999998. */
static char *write_shown(double value, struct arena *arena)
{
	char rounded[NUMBER_TEXT_SIZE];
	snprintf(rounded, sizeof(rounded), "%.*g", SHOWN_DIGITS, value);
	struct decimal decimal;
	if (!decimal_parse(span_of(rounded), &decimal, NULL)) {
		return arena_format(arena, "%s", rounded);
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1024);
	decimal_write(&text, &decimal);
	return arena_copy(arena, buffer_span(&text));
}

char *sheet_write_number(struct span number, bool is_date, bool from_1904, struct arena *arena)
{
	double value = 0;
	int64_t whole = 0;
	if (!text_to_double(number, &value)) {
		return arena_copy(arena, number);
	}
	double last = from_1904 ? SERIAL_LAST - DAYS_1900_TO_1904 : SERIAL_LAST;
	if (is_date && value >= 0 && value < last + 1) {
		return write_date(value, from_1904, arena);
	}
	return text_to_int64(number, &whole) ? arena_copy(arena, number) : write_shown(value, arena);
}
