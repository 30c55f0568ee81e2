#include "harness/document/yaml_edit.h"

enum { ITEM_MAX = 1 << 20, ONE_LINE_MAX = 110 };

static size_t start_of(const struct yaml_edits *edits, const struct json_node *node)
{
	return edits->document.starts[node - edits->document.root];
}

static size_t end_of(const struct yaml_edits *edits, const struct json_node *node)
{
	return edits->document.ends[node - edits->document.root];
}

size_t yaml_edit_line(const struct yaml_edits *edits, const struct json_node *node)
{
	return edits->document.lines[node - edits->document.root];
}

static bool is_flow(const struct yaml_edits *edits, const struct json_node *node)
{
	size_t start = start_of(edits, node);
	char c = start < edits->edits.source.length ? edits->edits.source.data[start] : ' ';
	return c == '{' || c == '[';
}

static const struct yaml_member_edit *find_edit(const struct yaml_member_edit *members, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(name, members[i].name)) {
			return &members[i];
		}
	}
	return NULL;
}

/* --- members --- */

static bool may_edit(const struct yaml_edits *edits, const struct json_node *mapping,
		     const struct yaml_member_edit *members, size_t count)
{
	size_t left = 0;
	if (!json_is(mapping, JSON_OBJECT)) {
		return false;
	}
	for (const struct json_node *name = json_first(mapping); name != NULL; name = json_next(mapping, name)) {
		const struct yaml_member_edit *edit = find_edit(members, count, json_text(name));
		if (edit != NULL && edits->document.origins[json_member(name) - edits->document.root] != 0) {
			return false;
		}
		left += edit == NULL || edit->text != NULL;
	}
	return left > 0;
}

/* Behind the value, and where a block scalar ends with its line, behind that. */
static bool ends_with_line(const struct yaml_edits *edits, size_t end)
{
	return end > 0 && edits->edits.source.data[end - 1] == '\n';
}

/* Removes the members from `first` on that lie before `next` (NULL: to the end); `ahead` is the one before them. */
static void remove_run(struct yaml_edits *edits, bool flow, const struct json_node *ahead,
		       const struct json_node *first, const struct json_node *last, const struct json_node *next)
{
	struct span source = edits->edits.source;
	size_t start = start_of(edits, first);
	size_t end = end_of(edits, json_member(last));
	if (ahead == NULL) {
		end = start_of(edits, next);
	} else if (flow) {
		start = end_of(edits, json_member(ahead));
	} else {
		start = text_line_start(source, start);
		end = ends_with_line(edits, end) ? end : text_line_end(source, end);
		end += !ends_with_line(edits, end) && end < source.length ? 1 : 0;
	}
	text_edit_add(&edits->edits, start, end, "");
}

static void remove_members(struct yaml_edits *edits, const struct json_node *mapping,
			   const struct yaml_member_edit *members, size_t count)
{
	const struct json_node *ahead = NULL;
	const struct json_node *first = NULL;
	const struct json_node *last = NULL;
	bool flow = is_flow(edits, mapping);
	for (const struct json_node *name = json_first(mapping); name != NULL; name = json_next(mapping, name)) {
		const struct yaml_member_edit *edit = find_edit(members, count, json_text(name));
		if (edit != NULL && edit->text == NULL) {
			first = first == NULL ? name : first;
			last = name;
			continue;
		}
		if (first != NULL) {
			remove_run(edits, flow, ahead, first, last, name);
			first = NULL;
		}
		ahead = name;
	}
	if (first != NULL) {
		remove_run(edits, flow, ahead, first, last, NULL);
	}
}

static void replace_members(struct yaml_edits *edits, const struct json_node *mapping,
			    const struct yaml_member_edit *members, size_t count)
{
	for (const struct json_node *name = json_first(mapping); name != NULL; name = json_next(mapping, name)) {
		const struct yaml_member_edit *edit = find_edit(members, count, json_text(name));
		if (edit == NULL || edit->text == NULL) {
			continue;
		}
		size_t start = start_of(edits, json_member(name));
		size_t end = end_of(edits, json_member(name));
		bool line = ends_with_line(edits, end) && end > start;
		const char *text = edit->text;
		if (start == end) { /* nothing behind the colon */
			text = wording_format(edits->edits.wording, " %s", text);
		}
		text_edit_add(&edits->edits, start, line ? end - 1 : end, text);
	}
}

static const char *line_break_of(const struct yaml_edits *edits)
{
	struct span source = edits->edits.source;
	size_t first = text_line_end(source, 0);
	return first > 0 && first < source.length && source.data[first - 1] == '\r' ? "\r\n" : "\n";
}

/* Adds whole lines behind the line that ends at, or holds, `end`; line ends are as the file's first one. */
static void insert_line(struct yaml_edits *edits, size_t end, const char *text)
{
	struct span source = edits->edits.source;
	const char *line_break = line_break_of(edits);
	size_t at = ends_with_line(edits, end) ? end : text_line_end(source, end);
	at += !ends_with_line(edits, end) && at < source.length ? 1 : 0;
	bool closed = ends_with_line(edits, at);
	text_edit_add(&edits->edits, at, at,
		      wording_format(edits->edits.wording, "%s%s%s", closed ? "" : line_break, text,
				     closed ? line_break : ""));
}

/* Spaces that stand before the mapping's keys. */
static const char *indentation(struct yaml_edits *edits, size_t start)
{
	size_t line = text_line_start(edits->edits.source, start);
	return wording_format(edits->edits.wording, "%*s", (int)(start - line), "");
}

static void insert_members(struct yaml_edits *edits, const struct json_node *mapping,
			   const struct yaml_member_edit *members, size_t count)
{
	struct wording *wording = edits->edits.wording;
	const struct json_node *last = NULL;
	for (const struct json_node *name = json_first(mapping); name != NULL; name = json_next(mapping, name)) {
		last = name;
	}
	size_t end = end_of(edits, json_member(last));
	bool flow = is_flow(edits, mapping);
	const char *indent = flow ? "" : indentation(edits, start_of(edits, json_first(mapping)));
	for (size_t i = 0; i < count; i++) {
		if (members[i].text == NULL || json_get_text(mapping, members[i].name) != NULL) {
			continue;
		}
		if (flow) {
			text_edit_add(&edits->edits, end, end,
				      wording_format(wording, ", %s: %s", members[i].name, members[i].text));
		} else {
			insert_line(edits, end,
				    wording_format(wording, "%s%s: %s", indent, members[i].name, members[i].text));
		}
	}
}

bool yaml_edit_members(struct yaml_edits *edits, const struct json_node *mapping,
		       const struct yaml_member_edit *members, size_t count)
{
	if (!may_edit(edits, mapping, members, count)) {
		return false;
	}
	replace_members(edits, mapping, members, count);
	remove_members(edits, mapping, members, count);
	insert_members(edits, mapping, members, count);
	return true;
}

/* --- items --- */

/* Length of the white space and the dash before an item, 0 where something else stands there. */
static size_t dash_length(const struct yaml_edits *edits, const struct json_node *item, size_t *ret_indent)
{
	struct span source = edits->edits.source;
	size_t line = text_line_start(source, start_of(edits, item));
	size_t at = line;
	while (at < source.length && source.data[at] == ' ') {
		at++;
	}
	*ret_indent = at - line;
	if (at == source.length || source.data[at] != '-') {
		return 0;
	}
	for (at++; at < source.length && source.data[at] == ' '; at++) {
	}
	return at == start_of(edits, item) ? at - line : 0;
}

/* Where the line of the item's end is over, its line feed included; SIZE_MAX where more than a comment follows. */
static size_t item_line_end(const struct yaml_edits *edits, const struct json_node *item)
{
	struct span source = edits->edits.source;
	size_t at = end_of(edits, item);
	if (ends_with_line(edits, at)) {
		return at;
	}
	while (at < source.length && (source.data[at] == ' ' || source.data[at] == '\t' || source.data[at] == '\r')) {
		at++;
	}
	if (at < source.length && source.data[at] != '#' && source.data[at] != '\n') {
		return SIZE_MAX;
	}
	at = text_line_end(source, at);
	return at < source.length ? at + 1 : at;
}

bool yaml_edit_remove_item(struct yaml_edits *edits, const struct json_node *sequence, const struct json_node *item)
{
	size_t indent;
	size_t end = item_line_end(edits, item);
	if (is_flow(edits, sequence) || dash_length(edits, item, &indent) == 0 || end == SIZE_MAX) {
		return false;
	}
	text_edit_add(&edits->edits, text_line_start(edits->edits.source, start_of(edits, item)), end, "");
	return true;
}

/* On one line in braces where that is short enough, else one member to a line. */
static const char *item_text(struct yaml_edits *edits, const struct yaml_member_edit *members, size_t count,
			     size_t indent)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(ITEM_MAX);
	buffer_append_format(&text, "%*s- {", (int)indent, "");
	for (size_t i = 0; i < count; i++) {
		buffer_append_format(&text, "%s%s: %s", i > 0 ? ", " : "", members[i].name, members[i].text);
	}
	buffer_append_byte(&text, '}');
	if (text.length <= ONE_LINE_MAX) {
		return wording_take(edits->edits.wording, &text);
	}
	buffer_clear(&text);
	for (size_t i = 0; i < count; i++) {
		buffer_append_format(&text, "%s%*s%s%s: %s", i > 0 ? line_break_of(edits) : "", (int)indent, "",
				     i > 0 ? "  " : "- ", members[i].name, members[i].text);
	}
	return wording_take(edits->edits.wording, &text);
}

bool yaml_edit_append_item(struct yaml_edits *edits, const struct json_node *sequence,
			   const struct yaml_member_edit *members, size_t count)
{
	const struct json_node *last = NULL;
	size_t indent;
	for (const struct json_node *item = json_first(sequence); item != NULL; item = json_next(sequence, item)) {
		last = item;
	}
	if (last == NULL || is_flow(edits, sequence) || dash_length(edits, last, &indent) == 0 ||
	    item_line_end(edits, last) == SIZE_MAX) {
		return false;
	}
	insert_line(edits, end_of(edits, last), item_text(edits, members, count, indent));
	return true;
}
