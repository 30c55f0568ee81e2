#include "harness/document/code_list.h"

#include "harness/base/text.h"

enum { CODES_MAX = 10000 };

static bool is_literal(struct span text)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 16);
	const struct json_node *node;
	return json_parse(&arena, text, NULL, &node, NULL);
}

/* Would these bytes, bare in a cell, be read as another value or another line? */
static bool needs_quotes(struct span text, bool text_only)
{
	struct span trimmed = text_trim(text);
	return trimmed.length == 0 || trimmed.length != text.length || text.data[0] == '"' ||
	       memchr(text.data, '\n', text.length) != NULL || memchr(text.data, '\r', text.length) != NULL ||
	       text_find(text, SPAN(" = ")) < text.length || (!text_only && is_literal(text));
}

const char *code_write(struct wording *wording, const struct json_node *value, bool text_only)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	if (json_is(value, JSON_STRING) && !needs_quotes(json_text(value), text_only)) {
		return wording_copy(wording, json_text(value));
	}
	json_write(&text, value);
	return wording_take(wording, &text);
}

/* Where " = " parts code and meaning: not inside the quotes of a quoted code. */
static size_t find_meaning(struct span line)
{
	size_t from = 0;
	if (line.length > 0 && line.data[0] == '"') {
		for (from = 1; from < line.length && line.data[from] != '"'; from++) {
			from += line.data[from] == '\\' ? 1 : 0;
		}
	}
	from = from < line.length ? from : line.length;
	return from + text_find((struct span){line.data + from, line.length - from}, SPAN(" = "));
}

static bool read_value(struct span code, bool text_only, struct arena *arena, const struct json_node **ret_value,
		       struct error *err)
{
	struct buffer quoted CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	bool is_json = code.data[0] == '"' || (!text_only && is_literal(code));
	if (is_json) {
		buffer_append_span(&quoted, code);
	} else {
		json_write_string(&quoted, code);
	}
	const char *copy = quoted.failed ? NULL : arena_copy(arena, buffer_span(&quoted));
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "is too long; shorten it");
	}
	struct error inner = ERROR_INIT;
	return json_parse(arena, (struct span){copy, quoted.length}, NULL, ret_value, &inner) ||
	       error_set(err, ERROR_FORMAT,
			 "begins with a quote and is no JSON text; close the quote, or write it "
			 "without");
}

static bool read_line(struct span line, bool text_only, struct arena *arena, struct code_entry *ret_entry,
		      struct error *err)
{
	size_t meaning = find_meaning(line);
	struct span code = text_trim((struct span){line.data, meaning});
	struct code_entry entry = {.meaning = SPAN("")};
	if (code.length == 0) {
		return error_set(err, ERROR_FORMAT, "has no code before the meaning; write CODE = MEANING");
	}
	if (meaning < line.length) {
		entry.meaning = text_trim((struct span){line.data + meaning + 3, line.length - meaning - 3});
	}
	if (!read_value(code, text_only, arena, &entry.value, err)) {
		return false;
	}
	*ret_entry = entry;
	return true;
}

static bool add_line(struct span line, bool text_only, struct arena *arena, struct code_entry *entries, size_t *count,
		     struct error *err)
{
	struct error inner = ERROR_INIT;
	struct code_entry entry;
	if (!read_line(line, text_only, arena, &entry, &inner)) {
		return error_set(err, inner.code, "allowed value %zu %s", *count + 1, inner.message);
	}
	for (size_t i = 0; i < *count; i++) {
		if (json_equal(entries[i].value, entry.value)) {
			return error_set(err, ERROR_FORMAT, "allowed values %zu and %zu are the same; remove one",
					 i + 1, *count + 1);
		}
	}
	entries[(*count)++] = entry;
	return true;
}

bool code_list_read(struct span cell, bool text_only, struct arena *arena, struct code_entry **ret_entries,
		    size_t *ret_count, struct error *err)
{
	size_t lines = 1;
	size_t count = 0;
	for (size_t i = 0; i < cell.length; i++) {
		lines += cell.data[i] == '\n';
	}
	struct code_entry *entries = lines <= CODES_MAX ? arena_allocate_array(arena, lines, sizeof(*entries)) : NULL;
	if (entries == NULL) {
		return error_set(err, ERROR_LIMIT, "there are more than %d allowed values; shorten the list",
				 CODES_MAX);
	}
	while (cell.length > 0) {
		struct span line = {cell.data, text_find(cell, SPAN("\n"))};
		size_t used = line.length < cell.length ? line.length + 1 : line.length;
		cell = (struct span){cell.data + used, cell.length - used};
		line = text_trim(line);
		if (line.length > 0 && !add_line(line, text_only, arena, entries, &count, err)) {
			return false;
		}
	}
	*ret_entries = entries;
	*ret_count = count;
	return true;
}
