#include "harness/document/field_table.h"

#include "harness/base/text.h"
#include "harness/document/rule_text.h"

#include <stdarg.h>
#include <stdio.h>

const struct field_column_info field_columns[FIELD_COLUMN_COUNT] = {
	[FIELD_NAME] = {"Field", "the name in reports; fixed once it is there", FIELD_ONCE, FIELD_FREE, 18},
	[FIELD_TITLE] = {"Title", "the name for people", FIELD_EDITED, FIELD_FREE, 20},
	[FIELD_MEANING] = {"Meaning", "what the value means", FIELD_EDITED, FIELD_FREE, 40},
	[FIELD_MESSAGE_AT] = {"In the message", "where the message has a value of that name", FIELD_SHOWN, FIELD_FREE,
			      18},
	[FIELD_LEGACY_AT] = {"In the legacy reply", "a JSON Pointer such as /queue, within the record", FIELD_ONCE,
			     FIELD_FREE, 18},
	[FIELD_LLM_AT] = {"In the LLM reply", "a JSON Pointer such as /queue, within the record", FIELD_ONCE,
			  FIELD_FREE, 18},
	[FIELD_TYPE] = {"Type", "text, number, whole number, or true or false", FIELD_ONCE, FIELD_FREE, 14},
	[FIELD_FORMAT] = {"Format", "how the text is built", FIELD_SHOWN, FIELD_FREE, 20},
	[FIELD_MINIMUM] = {"Minimum", "the least number; >0 where 0 itself is too little", FIELD_EDITED, FIELD_FREE,
			   10},
	[FIELD_MAXIMUM] = {"Maximum", "the greatest number; <1 where 1 itself is too much", FIELD_EDITED, FIELD_FREE,
			   10},
	[FIELD_SHORTEST] = {"Shortest", "characters at least", FIELD_EDITED, FIELD_FREE, 10},
	[FIELD_LONGEST] = {"Longest", "characters at most", FIELD_EDITED, FIELD_FREE, 10},
	[FIELD_ALLOWED] = {"Allowed values", "one to a line: CODE or CODE = MEANING; empty: any", FIELD_EDITED,
			   FIELD_FREE, 26},
	[FIELD_REQUIRED] = {"Required", "yes: the LLM reply must have it", FIELD_EDITED, FIELD_YES_NO, 10},
	[FIELD_COMPARE] = {"Comparison", "when the two replies agree", FIELD_EDITED, FIELD_COMPARATOR, 13},
	[FIELD_OPTIONS] = {"Tolerance, options", "0.005 or 1 % for numbers; case: ignore, space: trim for text",
			   FIELD_EDITED, FIELD_FREE, 20},
	[FIELD_WORDS] = {"In words", "the comparison as it is now", FIELD_SHOWN, FIELD_FREE, 34},
	[FIELD_CRITICAL] = {"Critical", "yes: a wrong value makes the record unusable", FIELD_EDITED, FIELD_YES_NO, 10},
	[FIELD_EXAMPLES] = {"Examples", "from the schema", FIELD_SHOWN, FIELD_FREE, 24},
	[FIELD_REMOVE] = {"Remove", "yes: no longer compare this field", FIELD_EDITED, FIELD_YES, 9},
};

/* --- from a contract --- */

static const char *place_text(struct wording *wording, const struct select_path *path, const struct contract *contract,
			      size_t index, const char *key)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
	if (select_to_pointer(path, &text)) {
		return wording_take(wording, &text);
	}
	const struct json_node *item = json_at(json_get_text(contract->root, "fields"), index);
	const struct json_node *written = json_get_text(item, key);
	return wording_copy(wording, json_text(written != NULL ? written : json_get_text(item, "at")));
}

static struct span last_token(const char *pointer)
{
	const char *slash = strrchr(pointer, '/');
	return slash != NULL ? span_of(slash) : SPAN("");
}

/* The message's one value of the same name. */
static const char *find_in_message(const char *llm_at, const struct schema_leaf *leaves, size_t count)
{
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		if (last_token(llm_at).length > 1 && span_equal(last_token(leaves[i].path), last_token(llm_at))) {
			if (found != NULL) {
				return "";
			}
			found = leaves[i].path;
		}
	}
	return found != NULL ? found : "";
}

struct schema_place field_table_record(const struct contract *contract, struct schema_view *response)
{
	struct schema_place place = schema_view_walk(response, schema_view_root(response), &contract->records_at);
	return contract->records_are_array ? schema_view_item(response, place, -1) : place;
}

static void fill_schema_cells(struct schema_view *response, struct field_row *row)
{
	const struct contract_field *field = row->field;
	row->facts = schema_view_facts(response, row->place.node);
	row->cells[FIELD_TITLE] = field->title != NULL ? field->title : row->facts.title;
	row->cells[FIELD_MEANING] = field->description != NULL ? field->description : row->facts.meaning;
	row->cells[FIELD_TYPE] = row->facts.type;
	row->cells[FIELD_FORMAT] = row->facts.format;
	row->cells[FIELD_MINIMUM] = row->facts.minimum;
	row->cells[FIELD_MAXIMUM] = row->facts.maximum;
	row->cells[FIELD_SHORTEST] = row->facts.shortest;
	row->cells[FIELD_LONGEST] = row->facts.longest;
	row->cells[FIELD_ALLOWED] = row->facts.allowed;
	row->cells[FIELD_EXAMPLES] = row->facts.examples;
	row->cells[FIELD_REQUIRED] = row->place.parent == NULL                     ? ""
				     : schema_view_required(response, &row->place) ? "yes"
										   : "no";
}

struct field_table field_table_make(const struct contract *contract, struct schema_view *response,
				    const struct schema_leaf *leaves, size_t leaf_count)
{
	struct wording *wording = response->wording;
	struct field_table table = {.rows = wording_array(wording, contract->field_count, sizeof(*table.rows))};
	struct schema_place record = field_table_record(contract, response);
	for (size_t i = 0; i < contract->field_count && table.rows != NULL; i++) {
		struct field_row *row = &table.rows[table.count++];
		const struct contract_field *field = &contract->fields[i];
		row->field = field;
		row->place = schema_view_walk(response, record, &field->llm_at);
		fill_schema_cells(response, row);
		row->cells[FIELD_NAME] = field->name;
		row->cells[FIELD_LEGACY_AT] = place_text(wording, &field->legacy_at, contract, i, "legacy_at");
		row->cells[FIELD_LLM_AT] = place_text(wording, &field->llm_at, contract, i, "llm_at");
		row->cells[FIELD_MESSAGE_AT] = find_in_message(row->cells[FIELD_LLM_AT], leaves, leaf_count);
		row->cells[FIELD_COMPARE] = field->comparator.evaluator->name;
		row->cells[FIELD_OPTIONS] = rule_options(wording, field->rule);
		row->cells[FIELD_WORDS] = rule_in_words(wording, &field->comparator, field->rule);
		row->cells[FIELD_CRITICAL] = field->critical ? "yes" : "no";
		row->cells[FIELD_REMOVE] = "";
		for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
			row->cells[column] = field_cell_text(wording, span_of(row->cells[column]));
		}
	}
	return table;
}

const struct field_row *field_table_find(const struct field_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].cells[FIELD_NAME], name) == 0) {
			return &table->rows[i];
		}
	}
	return NULL;
}

/* --- differences --- */

static bool is_removed(const struct field_row *row)
{
	return row == NULL || strcmp(row->cells[FIELD_REMOVE], "yes") == 0;
}

static bool column_counts(enum field_column column)
{
	return column != FIELD_WORDS && column != FIELD_REMOVE && column != FIELD_NAME;
}

static size_t add_changed_cells(struct field_change *changes, const struct field_row *before,
				const struct field_row *after)
{
	size_t count = 0;
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		if (column_counts((enum field_column)column) &&
		    strcmp(before->cells[column], after->cells[column]) != 0) {
			changes[count++] =
				(struct field_change){FIELD_CHANGED, before, after, (enum field_column)column};
		}
	}
	return count;
}

const struct field_change *field_table_diff(struct wording *wording, const struct field_table *before,
					    const struct field_table *after, size_t *ret_count)
{
	size_t most = before->count + after->count * FIELD_COLUMN_COUNT;
	struct field_change *changes = wording_array(wording, most, sizeof(*changes));
	size_t count = 0;
	for (size_t i = 0; i < after->count && changes != NULL; i++) {
		const struct field_row *row = &after->rows[i];
		const struct field_row *old = field_table_find(before, row->cells[FIELD_NAME]);
		if (is_removed(row)) {
			continue;
		}
		if (old == NULL) {
			changes[count++] = (struct field_change){.kind = FIELD_ADDED, .after = row};
		} else {
			count += add_changed_cells(changes + count, old, row);
		}
	}
	for (size_t i = 0; i < before->count && changes != NULL; i++) {
		const struct field_row *row = &before->rows[i];
		const struct field_row *now = field_table_find(after, row->cells[FIELD_NAME]);
		if (is_removed(now)) {
			changes[count++] = (struct field_change){.kind = FIELD_REMOVED, .before = row, .after = now};
		}
	}
	*ret_count = count;
	return changes;
}

/* A cell in quotes, its lines joined, shortened where it is long. */
static const char *quote(struct wording *wording, const char *cell)
{
	enum { SHOWN_MAX = 120 };
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	if (cell[0] == '\0') {
		return "nothing";
	}
	for (const char *c = cell; *c != '\0'; c++) {
		if (*c == '\n') {
			buffer_append_text(&text, ", ");
		} else {
			buffer_append_byte(&text, *c);
		}
	}
	size_t end = text.length;
	if (end > SHOWN_MAX) {
		for (end = SHOWN_MAX; ((unsigned char)text.data[end] & 0xc0) == 0x80; end--) {
		}
	}
	return text.failed ? ""
			   : wording_format(wording, "“%.*s%s”", (int)end, text.data, end < text.length ? "…" : "");
}

static bool has_line(const char *cell, struct span line)
{
	struct span rest = span_of(cell);
	while (rest.length > 0) {
		struct span one = {rest.data, text_find(rest, SPAN("\n"))};
		size_t used = one.length < rest.length ? one.length + 1 : one.length;
		if (span_equal(one, line)) {
			return true;
		}
		rest = (struct span){rest.data + used, rest.length - used};
	}
	return false;
}

/* The lines of `cell` that `other` does not have, joined by ", ". */
static const char *lines_without(struct wording *wording, const char *cell, const char *other)
{
	struct span rest = span_of(cell);
	const char *words = "";
	while (rest.length > 0) {
		struct span one = {rest.data, text_find(rest, SPAN("\n"))};
		size_t used = one.length < rest.length ? one.length + 1 : one.length;
		if (!has_line(other, one)) {
			words = wording_join(wording, words, ", ", wording_copy(wording, one));
		}
		rest = (struct span){rest.data + used, rest.length - used};
	}
	return words;
}

static const char *allowed_words(struct wording *wording, const struct field_change *change)
{
	const char *before = change->before->cells[FIELD_ALLOWED];
	const char *after = change->after->cells[FIELD_ALLOWED];
	const char *joined = lines_without(wording, after, before);
	const char *left = lines_without(wording, before, after);
	const char *words = joined[0] != '\0' ? wording_format(wording, "with %s", quote(wording, joined)) : "";
	words = wording_join(wording, words, ", ",
			     left[0] != '\0' ? wording_format(wording, "without %s", quote(wording, left)) : "");
	return wording_format(wording, "%s: allowed values %s", change->before->cells[FIELD_NAME],
			      after[0] == '\0'   ? "no longer a closed list"
			      : words[0] == '\0' ? "in another order"
						 : words);
}

const char *field_change_words(struct wording *wording, const struct field_change *change)
{
	if (change->kind == FIELD_ADDED) {
		const struct field_row *row = change->after;
		return wording_format(wording, "%s: a new field, %s in the LLM reply, compared by %s",
				      row->cells[FIELD_NAME], row->cells[FIELD_LLM_AT],
				      row->cells[FIELD_COMPARE][0] != '\0' ? row->cells[FIELD_COMPARE] : "exact");
	}
	if (change->kind == FIELD_REMOVED) {
		return wording_format(wording, "%s: no longer compared", change->before->cells[FIELD_NAME]);
	}
	if (change->column == FIELD_ALLOWED && change->before->cells[FIELD_ALLOWED][0] != '\0') {
		return allowed_words(wording, change);
	}
	const char *head = field_columns[change->column].head;
	return wording_format(wording, "%s: %c%s from %s to %s", change->before->cells[FIELD_NAME], text_lower(head[0]),
			      head + 1, quote(wording, change->before->cells[change->column]),
			      quote(wording, change->after->cells[change->column]));
}
