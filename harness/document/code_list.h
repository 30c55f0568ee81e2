/* Layer 3, private to harness/document. Allowed values in one cell of a table, one to a line: CODE or CODE = MEANING.
 *
 * A code is the text itself, or JSON where that is needed to tell: "" around text that begins with a quote, holds a
 * line break or " = ", has white space at an end or is empty. Where values may be other than text, 5, true and null are
 * the JSON values of that spelling, and the text "5" has its quotes. */
#ifndef UNDERSTUDY_DOCUMENT_CODE_LIST_H
#define UNDERSTUDY_DOCUMENT_CODE_LIST_H

#include "harness/base/json.h"
#include "harness/document/wording.h"

/* One code as it stands in a cell. `text_only`: the place holds text and nothing else. */
const char *code_write(struct wording *wording, const struct json_node *value, bool text_only);

struct code_entry {
	const struct json_node *value; /* in the arena */
	struct span meaning;           /* borrowed from the cell; empty: none */
};
/* ERROR_FORMAT says which line is wrong; ERROR_LIMIT without memory. An empty cell has no entries. */
MUST_CHECK bool code_list_read(struct span cell, bool text_only, struct arena *arena, struct code_entry **ret_entries,
			       size_t *ret_count, struct error *err);

#endif
