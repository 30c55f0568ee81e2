/* Layer 3, private to harness/document. Changes of a text by byte ranges, and their listing for approval.
 *
 * Ranges are of the source; they may touch but not overlap, and insertions at one place apply in the order in which
 * they were added. All memory is the wording's. */
#ifndef UNDERSTUDY_DOCUMENT_TEXT_EDIT_H
#define UNDERSTUDY_DOCUMENT_TEXT_EDIT_H

#include "harness/document/wording.h"

struct text_edit {
	size_t start;
	size_t end; /* start: an insertion */
	struct span text;
};

struct text_edits {
	struct wording *wording;
	struct span source; /* borrowed */
	const char *file;   /* for the listing */
	struct text_edit *list;
	size_t count;
	size_t capacity;
};

void text_edit_add(struct text_edits *edits, size_t start, size_t end, const char *text);
bool text_edit_is_at(const struct text_edits *edits, size_t start); /* is something inserted or replaced there? */
/* The changed text. Overlapping edits are a broken promise of the caller. */
struct span text_edits_apply(struct text_edits *edits);
/* "--- FILE", "+++ FILE" and hunks with two lines around each change, as `diff -U2` shows them; "" without edits. */
const char *text_edits_show(struct text_edits *edits);

/* Lines of a text: where the one that holds `position` begins, and where it ends (its line feed, or the end). */
size_t text_line_start(struct span text, size_t position);
size_t text_line_end(struct span text, size_t position);
size_t text_line_number(struct span text, size_t position); /* from 1 */

#endif
