/* Tables from anywhere: the readers of XLSX (ZIP and XML below it) and CSV never crash and always end; what they call a
 * sheet is a rectangle of readable texts, and a second reading gives the same. Links codec and what codec needs. */
#include "harness/base/text.h"
#include "harness/codec/sheet.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { ARENA_MAX = 1 << 28 };

static bool read_sheet(struct span bytes, struct arena *arena, struct sheet *sheet)
{
	struct error err = ERROR_INIT;
	bool good = text_starts_with(bytes, "PK") ? sheet_read_xlsx(bytes, NULL, arena, sheet, &err)
						  : sheet_read_csv(bytes, arena, sheet, &err);
	HOLDS(good == (err.code == ERROR_NONE));
	HOLDS(good || err.message[0] != '\0');
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = {(const char *)data, size};
	CLEANUP_ARENA struct arena first_arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_ARENA struct arena second_arena = ARENA_INIT(ARENA_MAX);
	struct sheet first = {0};
	struct sheet second = {0};
	bool good = read_sheet(bytes, &first_arena, &first);
	HOLDS(read_sheet(bytes, &second_arena, &second) == good);
	HOLDS(first.rows == second.rows && first.columns == second.columns);
	HOLDS(first.columns == 0 || first.rows <= SHEET_CELLS_MAX / first.columns);
	for (size_t row = 0; row < first.rows; row++) {
		for (size_t column = 0; column < first.columns; column++) {
			struct span a = sheet_cell(&first, row, column);
			struct span b = sheet_cell(&second, row, column);
			HOLDS((a.data == NULL) == (b.data == NULL) && span_equal(a, b));
			HOLDS(text_is_utf8(a));
		}
	}
	return 0;
}
