#include "harness/document/text_edit.h"

#include <stdlib.h>

enum { EDITS_MAX = 20000, AROUND = 2, LISTING_MAX = 16 << 20, PAIRS_MAX = 1 << 20 };

void text_edit_add(struct text_edits *edits, size_t start, size_t end, const char *text)
{
	BUG_ON(start > end || end > edits->source.length);
	if (edits->list == NULL) {
		edits->list = wording_array(edits->wording, EDITS_MAX, sizeof(*edits->list));
		edits->capacity = edits->list != NULL ? EDITS_MAX : 0;
	}
	if (edits->count == edits->capacity) {
		edits->wording->failed = true;
		return;
	}
	edits->list[edits->count++] = (struct text_edit){start, end, span_of(text)};
}

bool text_edit_is_at(const struct text_edits *edits, size_t start)
{
	for (size_t i = 0; i < edits->count; i++) {
		if (edits->list[i].start == start) {
			return true;
		}
	}
	return false;
}

static bool is_before(const struct text_edit *a, const struct text_edit *b)
{
	return a->start != b->start ? a->start < b->start : a->end < b->end;
}

/* By place, insertions before what begins there; else as added, so an insertion sort: edits come nearly in order and
 * are few. */
static void sort(struct text_edits *edits)
{
	for (size_t i = 1; i < edits->count; i++) {
		struct text_edit edit = edits->list[i];
		size_t k = i;
		for (; k > 0 && is_before(&edit, &edits->list[k - 1]); k--) {
			edits->list[k] = edits->list[k - 1];
		}
		edits->list[k] = edit;
	}
}

/* The source from `start` to `end` with the edits from..to made. */
static void write_changed(const struct text_edits *edits, size_t from, size_t to, size_t start, size_t end,
			  struct buffer *text)
{
	size_t at = start;
	for (size_t i = from; i < to; i++) {
		const struct text_edit *edit = &edits->list[i];
		BUG_ON(edit->start < at);
		buffer_append(text, edits->source.data + at, edit->start - at);
		buffer_append_span(text, edit->text);
		at = edit->end;
	}
	BUG_ON(at > end);
	buffer_append(text, edits->source.data + at, end - at);
}

struct span text_edits_apply(struct text_edits *edits)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(LISTING_MAX);
	sort(edits);
	write_changed(edits, 0, edits->count, 0, edits->source.length, &text);
	size_t length = text.length;
	return (struct span){wording_take(edits->wording, &text), length};
}

/* --- lines --- */

size_t text_line_start(struct span text, size_t position)
{
	while (position > 0 && text.data[position - 1] != '\n') {
		position--;
	}
	return position;
}

size_t text_line_end(struct span text, size_t position)
{
	while (position < text.length && text.data[position] != '\n') {
		position++;
	}
	return position;
}

size_t text_line_number(struct span text, size_t position)
{
	size_t line = 1;
	for (size_t i = 0; i < position; i++) {
		line += text.data[i] == '\n';
	}
	return line;
}

static size_t count_lines(struct span text)
{
	size_t lines = 0;
	for (size_t i = 0; i < text.length; i++) {
		lines += text.data[i] == '\n' || i + 1 == text.length;
	}
	return lines;
}

/* --- the listing --- */

/* Whole lines of old and new text. */
struct hunk {
	size_t start; /* of the old lines */
	size_t end;   /* behind their last line feed */
	struct span before;
	struct span after;
};

static struct span first_line(struct span text)
{
	size_t end = text_line_end(text, 0);
	return (struct span){text.data, end < text.length ? end + 1 : end};
}

static struct span last_line(struct span text)
{
	size_t start = text.length > 0 ? text_line_start(text, text.length - 1) : 0;
	return (struct span){text.data + start, text.length - start};
}

/* Takes lines away that are the same on both sides, from the front and from the back. */
static void trim(struct hunk *hunk)
{
	while (hunk->before.length > 0 && span_equal(first_line(hunk->before), first_line(hunk->after))) {
		size_t length = first_line(hunk->before).length;
		hunk->before = (struct span){hunk->before.data + length, hunk->before.length - length};
		hunk->after = (struct span){hunk->after.data + length, hunk->after.length - length};
		hunk->start += length;
	}
	while (hunk->before.length > 0 && span_equal(last_line(hunk->before), last_line(hunk->after))) {
		size_t length = last_line(hunk->before).length;
		hunk->before.length -= length;
		hunk->after.length -= length;
		hunk->end -= length;
	}
}

static void write_lines(struct buffer *listing, char mark, struct span lines)
{
	while (lines.length > 0) {
		struct span line = first_line(lines);
		bool ends = line.data[line.length - 1] == '\n';
		buffer_append_byte(listing, mark);
		buffer_append_span(listing, line);
		buffer_append_text(listing, ends ? "" : "\n\\ No newline at end of file\n");
		lines = (struct span){lines.data + line.length, lines.length - line.length};
	}
}

static struct span *split_lines(struct wording *wording, struct span text, size_t count)
{
	struct span *lines = wording_array(wording, count, sizeof(*lines));
	for (size_t i = 0; i < count && lines != NULL; i++) {
		lines[i] = first_line(text);
		text = (struct span){text.data + lines[i].length, text.length - lines[i].length};
	}
	return lines;
}

/* Length of the longest common subsequence of the lines from i and j on, for all i and j. */
static uint32_t *common_lengths(struct wording *wording, const struct span *old, size_t old_count,
				const struct span *new, size_t new_count)
{
	size_t width = new_count + 1;
	uint32_t *table = wording_array(wording, (old_count + 1) * width, sizeof(*table));
	for (size_t i = old_count; i > 0 && table != NULL; i--) {
		for (size_t j = new_count; j > 0; j--) {
			uint32_t skip_old = table[i * width + j - 1];
			uint32_t skip_new = table[(i - 1) * width + j];
			uint32_t longer = skip_old > skip_new ? skip_old : skip_new;
			bool same = span_equal(old[i - 1], new[j - 1]);
			table[(i - 1) * width + j - 1] = same ? table[i * width + j] + 1 : longer;
		}
	}
	return table;
}

/* Old and new lines of a hunk, those that are the same once. Of long hunks all old lines, then all new ones. */
static void write_difference(struct wording *wording, const struct hunk *hunk, struct buffer *listing)
{
	size_t old_count = count_lines(hunk->before);
	size_t new_count = count_lines(hunk->after);
	if (old_count * new_count > PAIRS_MAX) {
		write_lines(listing, '-', hunk->before);
		write_lines(listing, '+', hunk->after);
		return;
	}
	const struct span *old = split_lines(wording, hunk->before, old_count);
	const struct span *new = split_lines(wording, hunk->after, new_count);
	const uint32_t *table =
		old != NULL && new != NULL ? common_lengths(wording, old, old_count, new, new_count) : NULL;
	size_t width = new_count + 1;
	size_t j = 0;
	for (size_t i = 0; table != NULL && (i < old_count || j < new_count);) {
		if (i < old_count && j < new_count && span_equal(old[i], new[j])) {
			write_lines(listing, ' ', old[i++]);
			j++;
		} else if (j == new_count ||
			   (i < old_count && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
			write_lines(listing, '-', old[i++]);
		} else {
			write_lines(listing, '+', new[j++]);
		}
	}
}

static void write_hunk(const struct text_edits *edits, const struct hunk *hunk, size_t *shift, struct buffer *listing)
{
	struct span source = edits->source;
	size_t from = hunk->start;
	size_t to = hunk->end;
	for (int i = 0; i < AROUND && from > 0; i++) {
		from = text_line_start(source, from - 1);
	}
	for (int i = 0; i < AROUND && to < source.length; i++) {
		size_t end = text_line_end(source, to);
		to = end < source.length ? end + 1 : end;
	}
	struct span ahead = {source.data + from, hunk->start - from};
	struct span behind = {source.data + hunk->end, to - hunk->end};
	size_t around = count_lines(ahead) + count_lines(behind);
	size_t old_count = count_lines(hunk->before) + around;
	size_t new_count = count_lines(hunk->after) + around;
	size_t line = text_line_number(source, from);
	buffer_append_format(listing, "@@ -%zu,%zu +%zu,%zu @@\n", line, old_count, line + *shift, new_count);
	*shift += new_count - old_count; /* wraps as unsigned numbers do, and comes out right */
	write_lines(listing, ' ', ahead);
	write_difference(edits->wording, hunk, listing);
	write_lines(listing, ' ', behind);
}

/* Number of the first edit behind those whose lines, with the lines around them, meet those of edit `from`. */
static size_t group_end(const struct text_edits *edits, size_t from, size_t *ret_end)
{
	struct span source = edits->source;
	size_t to = from;
	size_t end = 0;
	do {
		end = edits->list[to].end;
		bool at_line_start = end > 0 && end > edits->list[to].start && source.data[end - 1] == '\n';
		end = at_line_start ? end : text_line_end(source, end);
		end += !at_line_start && end < source.length ? 1 : 0;
		to++;
		size_t reach = end;
		for (int i = 0; i < 2 * AROUND && reach < source.length; i++) {
			size_t next = text_line_end(source, reach);
			reach = next < source.length ? next + 1 : next;
		}
		if (to == edits->count || (edits->list[to].start >= reach && reach < source.length)) {
			break;
		}
	} while (true);
	*ret_end = end;
	return to;
}

const char *text_edits_show(struct text_edits *edits)
{
	struct buffer listing CLEANUP_BUFFER = BUFFER_INIT(LISTING_MAX);
	struct buffer changed CLEANUP_BUFFER = BUFFER_INIT(LISTING_MAX);
	size_t shift = 0;
	if (edits->count == 0) {
		return "";
	}
	sort(edits);
	buffer_append_format(&listing, "--- %s\n+++ %s\n", edits->file, edits->file);
	for (size_t from = 0; from < edits->count;) {
		size_t end;
		size_t to = group_end(edits, from, &end);
		size_t start = text_line_start(edits->source, edits->list[from].start);
		buffer_clear(&changed);
		write_changed(edits, from, to, start, end, &changed);
		struct hunk hunk = {start, end, {edits->source.data + start, end - start}, buffer_span(&changed)};
		trim(&hunk);
		write_hunk(edits, &hunk, &shift, &listing);
		from = to;
	}
	return wording_take(edits->wording, &listing);
}
