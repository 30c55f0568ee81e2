#include "harness/tap/batch.h"

#include "harness/base/text.h"

struct batch batch_of(struct span body, bool lines)
{
	struct batch batch = {.form = lines ? BATCH_LINES : BATCH_OBJECT, .rest = body};
	if (!lines) {
		batch.rest = text_trim(body);
		if (text_starts_with(batch.rest, "[")) {
			batch.form = BATCH_ARRAY;
		}
	}
	return batch;
}

static struct span take(struct span *rest, size_t length)
{
	struct span piece = {rest->data, length};
	rest->data += length;
	rest->length -= length;
	return piece;
}

static bool next_of_lines(struct batch *batch, struct batch_line *ret_line)
{
	while (batch->rest.length > 0) {
		const char *end = memchr(batch->rest.data, '\n', batch->rest.length);
		size_t length = end != NULL ? (size_t)(end - batch->rest.data) + 1 : batch->rest.length;
		struct span text = text_trim(take(&batch->rest, length));
		batch->line++;
		if (text.length > 0) {
			*ret_line = (struct batch_line){.number = batch->line, .text = text};
			return true;
		}
	}
	return false;
}

/* Where the item ends: at the comma or bracket behind it, outside its strings and its own brackets. */
static size_t find_item_end(struct span text)
{
	size_t depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if (depth == 0 && (c == ',' || c == ']')) {
			return i;
		} else if (c == ']' || c == '}') {
			depth -= depth > 0;
		}
	}
	return text.length;
}

static bool end_with(struct batch *batch, const char *error, struct batch_line *ret_line)
{
	*ret_line = (struct batch_line){.number = batch->line, .text = batch->rest, .error = error};
	batch->is_over = true;
	return true;
}

/* batch->rest begins with '[' before the first item, and with the ',' or ']' behind the former one later on. */
static bool next_of_array(struct batch *batch, struct batch_line *ret_line)
{
	batch->line++;
	bool closes = take(&batch->rest, 1).data[0] == ']';
	if (!closes && batch->line == 1) {
		struct span inside = text_trim(batch->rest);
		closes = text_starts_with(inside, "]");
		batch->rest = closes ? (struct span){inside.data + 1, inside.length - 1} : batch->rest;
	}
	if (closes) {
		batch->is_over = true;
		return text_trim(batch->rest).length > 0 &&
		       end_with(batch, "something stands behind the end of the array; send nothing there", ret_line);
	}
	size_t length = find_item_end(batch->rest);
	if (length == batch->rest.length) {
		return end_with(batch, "the array does not end here, or this item does not; send it whole", ret_line);
	}
	*ret_line = (struct batch_line){.number = batch->line, .text = text_trim(take(&batch->rest, length))};
	return true;
}

bool batch_next(struct batch *batch, struct batch_line *ret_line)
{
	if (batch->is_over) {
		return false;
	}
	if (batch->form == BATCH_LINES) {
		return next_of_lines(batch, ret_line);
	}
	if (batch->form == BATCH_ARRAY) {
		return next_of_array(batch, ret_line);
	}
	batch->is_over = true;
	*ret_line = (struct batch_line){.number = ++batch->line, .text = batch->rest};
	return true;
}
