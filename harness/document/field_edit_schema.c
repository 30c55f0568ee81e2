/* What stands in the response schema: required, allowed values, bounds and lengths. */
#include "harness/base/text.h"
#include "harness/document/code_list.h"
#include "harness/document/field_edit.h"

enum { CHANGES_MAX = 12, TEXT_MAX = 1 << 20, REQUIRED_MAX = 2000 };

/* Members of one subschema being put together. */
struct facets {
	struct field_editor *editor;
	const struct field_row *row;
	const struct json_node *node; /* NULL: a new property */
	const char *type;             /* words */
	bool text_only;
	struct json_member_edit list[CHANGES_MAX];
	size_t count;
	bool good;
};

static void set(struct facets *facets, const char *name, const char *text)
{
	BUG_ON(facets->count == CHANGES_MAX);
	facets->list[facets->count++] = (struct json_member_edit){name, text};
}

static void fault(struct facets *facets, enum field_column column, const char *what)
{
	field_edit_fault(facets->editor, facets->row, column, what);
	facets->good = false;
}

/* Removes a keyword where the subschema itself has it. */
static void unset(struct facets *facets, const char *name)
{
	if (facets->node != NULL && json_get_text(facets->node, name) != NULL) {
		set(facets, name, NULL);
	}
}

/* --- numbers --- */

static bool read_number(struct facets *facets, enum field_column column, struct span text, struct decimal *ret_number)
{
	if (decimal_parse(text, ret_number, NULL)) {
		return true;
	}
	bool comma = memchr(text.data, ',', text.length) != NULL;
	fault(facets, column,
	      comma ? "is not a number; write it with a point and without separators, such as 1000.5"
		    : "is not a number; write it like 0, 0.005 or 1000");
	return false;
}

/* "5" sets minimum, ">5" exclusiveMinimum; the other of the two goes. */
static void set_bound(struct facets *facets, enum field_column column, const char *keyword, const char *exclusive,
		      char mark)
{
	struct span text = span_of(facets->row->cells[column]);
	struct decimal number;
	bool beyond = text.length > 0 && text.data[0] == mark;
	struct span digits = beyond ? text_trim((struct span){text.data + 1, text.length - 1}) : text;
	if (text.length == 0) {
		unset(facets, keyword);
		unset(facets, exclusive);
		return;
	}
	if (strstr(facets->type, "number") == NULL) {
		fault(facets, column, "is for numbers; leave it empty");
	} else if (read_number(facets, column, digits, &number)) {
		set(facets, beyond ? exclusive : keyword, wording_copy(facets->editor->wording, digits));
		unset(facets, beyond ? keyword : exclusive);
	}
}

static void set_length(struct facets *facets, enum field_column column, const char *keyword)
{
	struct span text = span_of(facets->row->cells[column]);
	uint64_t length;
	if (text.length == 0) {
		unset(facets, keyword);
	} else if (strstr(facets->type, "text") == NULL) {
		fault(facets, column, "is for text; leave it empty");
	} else if (!text_to_uint64(text, &length)) {
		fault(facets, column, "is no count of characters; write a whole number such as 30");
	} else {
		set(facets, keyword, wording_format(facets->editor->wording, "%ju", (uintmax_t)length));
	}
}

static void check_order(struct facets *facets, enum field_column least, enum field_column most)
{
	struct decimal low;
	struct decimal high;
	const char *from = facets->row->cells[least];
	const char *to = facets->row->cells[most];
	from += from[0] == '>' ? 1 : 0;
	to += to[0] == '<' ? 1 : 0;
	if (decimal_parse(text_trim(span_of(from)), &low, NULL) && decimal_parse(text_trim(span_of(to)), &high, NULL) &&
	    decimal_order(&low, &high) > 0) {
		fault(facets, most,
		      wording_format(facets->editor->wording,
				     "is less than \"%s\", so nothing is allowed; correct "
				     "one of them",
				     field_columns[least].head));
	}
}

/* --- allowed values --- */

/* The item of the schema's list for this code. */
static const struct json_node *find_item(const struct json_node *old, const struct json_node *code, bool titled)
{
	for (const struct json_node *item = json_first(old); item != NULL; item = json_next(old, item)) {
		if (json_equal(titled ? json_get_text(item, "const") : item, code)) {
			return item;
		}
	}
	return NULL;
}

/* Does the branch give the code this meaning? As schema_words.c shows it: its title, else its description. */
static bool means(struct wording *wording, const struct json_node *branch, struct span meaning)
{
	const struct json_node *title = json_get_text(branch, "title");
	struct span words = json_text(title != NULL ? title : json_get_text(branch, "description"));
	return span_equal(text_trim(span_of(wording_line(wording, words))), meaning);
}

static void write_raw(struct buffer *text, struct span source, const struct json_node *node)
{
	buffer_append(text, source.data + node->offset, json_edit_end(source, node) - node->offset);
}

/* {"const": ..., "title": ...}, with what else the branch of before (NULL: none) says. */
static void write_branch(struct buffer *text, struct span source, const struct json_node *before,
			 const struct code_entry *entry)
{
	buffer_append_text(text, "{\"const\": ");
	json_write(text, entry->value);
	if (entry->meaning.length > 0) {
		buffer_append_text(text, ", \"title\": ");
		json_write_string(text, entry->meaning);
	}
	for (const struct json_node *name = json_first(before); name != NULL; name = json_next(before, name)) {
		bool said = span_is(json_text(name), "const") || span_is(json_text(name), "title");
		if (!said) {
			buffer_append_text(text, ", ");
			json_write_string(text, json_text(name));
			buffer_append_text(text, ": ");
			write_raw(text, source, json_member(name));
		}
	}
	buffer_append_byte(text, '}');
}

static void write_item(struct facets *facets, const struct json_node *old, const struct code_entry *entry, bool titled,
		       struct buffer *text)
{
	struct span source = facets->editor->json.source;
	const struct json_node *item = find_item(old, entry->value, titled);
	if (item != NULL && (!titled || means(facets->editor->wording, item, entry->meaning))) {
		write_raw(text, source, item);
	} else if (titled) {
		write_branch(text, source, item, entry);
	} else {
		json_write(text, entry->value);
	}
}

/* The codes as a JSON array, laid out as the old one is: bare, or one {"const": ..., "title": ...} for each. */
static const char *list_text(struct facets *facets, const struct json_node *old, const struct code_entry *entries,
			     size_t count, bool titled)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct span source = facets->editor->json.source;
	struct span layout = json_edit_layout(source, old);
	buffer_append_byte(&text, '[');
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(&text, i == 0 ? "" : layout.length > 0 ? "," : ", ");
		buffer_append_span(&text, layout);
		write_item(facets, old, &entries[i], titled, &text);
	}
	buffer_append_span(&text, json_edit_closing(source, old));
	buffer_append_byte(&text, ']');
	return wording_take(facets->editor->wording, &text);
}

/* What of the subschema itself lists the codes now. */
static const char *own_list(const struct json_node *node)
{
	static const char *const keywords[] = {"enum", "oneOf", "anyOf"};
	for (size_t i = 0; node != NULL && i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		const struct json_node *list = json_get_text(node, keywords[i]);
		bool constants = i == 0 || json_get_text(json_first(list), "const") != NULL;
		if (list != NULL && constants) {
			return keywords[i];
		}
	}
	return NULL;
}

static bool check_types(struct facets *facets, const struct code_entry *entries, size_t count)
{
	static const struct {
		enum json_type type;
		const char *word;
	} words[] = {{JSON_STRING, "text"},
		     {JSON_NUMBER, "number"},
		     {JSON_TRUE, "true or false"},
		     {JSON_FALSE, "true or false"},
		     {JSON_NULL, "nothing"}};
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			if (json_is(entries[i].value, words[k].type) && strstr(facets->type, words[k].word) == NULL &&
			    strcmp(facets->type, "any") != 0) {
				fault(facets, FIELD_ALLOWED,
				      wording_format(facets->editor->wording,
						     "allowed value %zu is %s, and the type is %s; correct it", i + 1,
						     words[k].word, facets->type));
				return false;
			}
		}
	}
	return true;
}

static bool have_meanings(const struct code_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].meaning.length > 0) {
			return true;
		}
	}
	return false;
}

/* `enum` for bare codes; where codes have meanings, or the schema has branches already, those. */
static void write_allowed(struct facets *facets, const struct code_entry *entries, size_t count)
{
	const char *own = own_list(facets->node);
	bool branched = own != NULL && strcmp(own, "enum") != 0;
	bool titled = branched || have_meanings(entries, count);
	const char *keyword = !titled ? "enum" : branched ? own : "oneOf";
	if (own != NULL && (count == 0 || strcmp(own, keyword) != 0)) {
		set(facets, own, NULL);
	}
	if (count > 0) {
		const struct json_node *old = facets->node != NULL ? json_get_text(facets->node, keyword) : NULL;
		set(facets, keyword, list_text(facets, old, entries, count, titled));
	}
}

static void set_allowed(struct facets *facets)
{
	struct error inner = ERROR_INIT;
	struct code_entry *entries;
	size_t count;
	if (!code_list_read(span_of(facets->row->cells[FIELD_ALLOWED]), facets->text_only,
			    facets->editor->wording->arena, &entries, &count, &inner)) {
		fault(facets, FIELD_ALLOWED, inner.message);
	} else if (check_types(facets, entries, count)) {
		write_allowed(facets, entries, count);
	}
}

static void set_facets(struct facets *facets, const bool columns[FIELD_COLUMN_COUNT])
{
	if (columns[FIELD_MINIMUM]) {
		set_bound(facets, FIELD_MINIMUM, "minimum", "exclusiveMinimum", '>');
	}
	if (columns[FIELD_MAXIMUM]) {
		set_bound(facets, FIELD_MAXIMUM, "maximum", "exclusiveMaximum", '<');
	}
	if (columns[FIELD_SHORTEST]) {
		set_length(facets, FIELD_SHORTEST, "minLength");
	}
	if (columns[FIELD_LONGEST]) {
		set_length(facets, FIELD_LONGEST, "maxLength");
	}
	if (columns[FIELD_MINIMUM] || columns[FIELD_MAXIMUM]) {
		check_order(facets, FIELD_MINIMUM, FIELD_MAXIMUM);
	}
	if (columns[FIELD_SHORTEST] || columns[FIELD_LONGEST]) {
		check_order(facets, FIELD_SHORTEST, FIELD_LONGEST);
	}
	if (columns[FIELD_ALLOWED]) {
		set_allowed(facets);
	}
}

/* --- required --- */

static void gather_required(struct field_editor *editor, const struct schema_place *place, const struct field_row *row)
{
	if (editor->required == NULL) {
		editor->required = wording_array(editor->wording, REQUIRED_MAX, sizeof(*editor->required));
		editor->required_capacity = editor->required != NULL ? REQUIRED_MAX : 0;
	}
	if (editor->required_count == editor->required_capacity) {
		editor->wording->failed = true;
		return;
	}
	bool required = strcmp(row->cells[FIELD_REQUIRED], "yes") == 0;
	editor->required[editor->required_count++] = (struct required_edit){place->parent, place->name, required};
}

static void append_name(struct buffer *text, struct span name)
{
	buffer_append_text(text, text->length > 1 ? ", " : "");
	json_write_string(text, name);
}

/* The object's list as it becomes, by the changes from `first` on that are of it. */
static const char *required_text(struct field_editor *editor, size_t first, const struct json_node *old)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	const struct json_node *object = editor->required[first].object;
	buffer_append_byte(&text, '[');
	for (const struct json_node *item = json_first(old); item != NULL; item = json_next(old, item)) {
		bool stays = true;
		for (size_t i = first; i < editor->required_count; i++) {
			const struct required_edit *edit = &editor->required[i];
			stays = stays &&
				(edit->object != object || edit->required || !span_equal(edit->name, json_text(item)));
		}
		if (stays) {
			append_name(&text, json_text(item));
		}
	}
	for (size_t i = first; i < editor->required_count; i++) {
		const struct required_edit *edit = &editor->required[i];
		bool there = false;
		for (const struct json_node *item = json_first(old); item != NULL; item = json_next(old, item)) {
			there = there || span_equal(json_text(item), edit->name);
		}
		if (edit->object == object && edit->required && !there) {
			append_name(&text, edit->name);
		}
	}
	buffer_append_byte(&text, ']');
	return wording_take(editor->wording, &text);
}

void field_edit_finish(struct field_editor *editor)
{
	for (size_t i = 0; i < editor->required_count; i++) {
		const struct json_node *object = editor->required[i].object;
		bool done = false;
		for (size_t k = 0; k < i; k++) {
			done = done || editor->required[k].object == object;
		}
		if (done) {
			continue;
		}
		const struct json_node *old = json_get_text(object, "required");
		const char *text = required_text(editor, i, old);
		if (old != NULL) {
			text_edit_add(&editor->json, old->offset, json_edit_end(editor->json.source, old), text);
		} else if (strcmp(text, "[]") != 0) {
			json_edit_append(&editor->json, object, "required", text);
		}
	}
}

/* --- places --- */

static bool concerns_schema(const bool columns[FIELD_COLUMN_COUNT])
{
	return columns[FIELD_MINIMUM] || columns[FIELD_MAXIMUM] || columns[FIELD_SHORTEST] || columns[FIELD_LONGEST] ||
	       columns[FIELD_ALLOWED];
}

static void refuse_by_hand(struct field_editor *editor, const struct field_row *row, enum field_column column,
			   const struct json_node *node)
{
	size_t line = node != NULL ? text_line_number(editor->json.source, node->offset) : 1;
	field_edit_fault(editor, row, column,
			 wording_format(editor->wording,
					"stands in a part of the schema that cannot be changed from here; edit %s:%zu "
					"by hand and write a new table",
					editor->contract->response_schema_file, line));
}

static enum field_column first_of(const bool columns[FIELD_COLUMN_COUNT])
{
	static const enum field_column order[] = {FIELD_MINIMUM, FIELD_MAXIMUM, FIELD_SHORTEST, FIELD_LONGEST};
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (columns[order[i]]) {
			return order[i];
		}
	}
	return FIELD_ALLOWED;
}

/* Does something that the subschema takes from elsewhere say this, so that a change here would not change it? */
static bool is_elsewhere(const struct json_node *node)
{
	static const char *const keywords[] = {"$ref", "$dynamicRef", "allOf", "if"};
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (json_get_text(node, keywords[i]) != NULL) {
			return true;
		}
	}
	bool branches = json_get_text(node, "oneOf") != NULL || json_get_text(node, "anyOf") != NULL;
	const char *own = own_list(node);
	return branches && (own == NULL || strcmp(own, "enum") == 0);
}

static void edit_required(struct field_editor *editor, const struct schema_place *place, const struct field_row *row)
{
	if (place->parent == NULL || place->shared || row->cells[FIELD_REQUIRED][0] == '\0') {
		refuse_by_hand(editor, row, FIELD_REQUIRED, place->node);
	} else {
		gather_required(editor, place, row);
	}
}

static void edit_facets(struct field_editor *editor, const struct json_node *node, const struct field_row *row,
			const bool columns[FIELD_COLUMN_COUNT])
{
	struct facets facets = {.editor = editor, .row = row, .node = node, .good = true};
	facets.type = schema_view_facts(&editor->view, node).type;
	facets.text_only = schema_view_is_text(&editor->view, node);
	if (strstr(facets.type, "group") != NULL || strstr(facets.type, "list") != NULL) {
		refuse_by_hand(editor, row, first_of(columns), node);
		return;
	}
	set_facets(&facets, columns);
	if (facets.good && facets.count > 0) {
		json_edit_members(&editor->json, node, facets.list, facets.count);
	}
}

void field_edit_schema(struct field_editor *editor, const struct schema_place *place, const struct field_row *row,
		       const bool columns[FIELD_COLUMN_COUNT])
{
	const struct json_node *node = place->node;
	if (columns[FIELD_REQUIRED]) {
		edit_required(editor, place, row);
	}
	if (!concerns_schema(columns)) {
		return;
	}
	if (!json_is(node, JSON_OBJECT) || place->shared || is_elsewhere(node)) {
		refuse_by_hand(editor, row, first_of(columns), node);
	} else if (text_edit_is_at(&editor->json, node->offset)) {
		field_edit_fault(editor, row, first_of(columns),
				 "another row changes the same place of the schema; leave this cell as it was");
	} else {
		edit_facets(editor, node, row, columns);
	}
}

/* --- new properties --- */

static const char *type_name(const char *words)
{
	static const char *const names[][2] = {
		{"text", "string"},           {"number", "number"},   {"whole number", "integer"}, {"string", "string"},
		{"true or false", "boolean"}, {"integer", "integer"}, {"boolean", "boolean"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_equal_ignoring_case(span_of(words), span_of(names[i][0]))) {
			return names[i][1];
		}
	}
	return NULL;
}

static const char *property_text(const struct facets *facets, const char *type)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	buffer_append_format(&text, "{\"type\": \"%s\"", type);
	for (size_t i = 0; i < facets->count; i++) {
		buffer_append_format(&text, ", \"%s\": %s", facets->list[i].name, facets->list[i].text);
	}
	buffer_append_byte(&text, '}');
	return wording_take(facets->editor->wording, &text);
}

/* The object that the new property joins, and its `properties`; NULL with a fault where it cannot. */
static const struct json_node *find_properties(struct field_editor *editor, const struct field_row *row,
					       const struct select_path *path, struct schema_place *ret_object)
{
	struct select_path above = {path->steps, path->count > 0 ? path->count - 1 : 0};
	struct schema_place record = field_table_record(editor->contract, &editor->view);
	struct schema_place object = schema_view_walk(&editor->view, record, &above);
	const struct json_node *properties =
		json_is(object.node, JSON_OBJECT) ? json_get_text(object.node, "properties") : NULL;
	bool indexed = path->count == 0 || path->steps[path->count - 1].kind == SELECT_INDEX;
	if (object.shared || indexed || !json_is(properties, JSON_OBJECT)) {
		refuse_by_hand(editor, row, FIELD_LLM_AT, object.node);
		return NULL;
	}
	*ret_object = object;
	return properties;
}

/* Does a row further up bring the same place already? */
static bool is_brought_twice(const struct field_editor *editor, const struct field_row *row)
{
	const struct field_row *other = editor->table->rows;
	while (other < row && strcmp(other->cells[FIELD_LLM_AT], row->cells[FIELD_LLM_AT]) != 0) {
		other++;
	}
	return other < row;
}

void field_edit_new_property(struct field_editor *editor, const struct field_row *row, const struct select_path *path)
{
	struct schema_place object;
	bool columns[FIELD_COLUMN_COUNT];
	const char *type = type_name(row->cells[FIELD_TYPE]);
	struct facets facets = {.editor = editor, .row = row, .good = true};
	const struct json_node *properties = find_properties(editor, row, path, &object);
	if (properties == NULL) {
		return;
	}
	if (is_brought_twice(editor, row)) {
		fault(&facets, FIELD_LLM_AT,
		      "is new to the response schema and stands in a row above already; add the "
		      "fields one after the other");
		return;
	}
	if (type == NULL) {
		fault(&facets, FIELD_TYPE,
		      "is needed, for the response schema does not know the place yet; write text, number, whole "
		      "number, or true or false");
		return;
	}
	facets.type = strcmp(type, "integer") == 0   ? "whole number"
		      : strcmp(type, "string") == 0  ? "text"
		      : strcmp(type, "boolean") == 0 ? "true or false"
						     : type;
	facets.text_only = strcmp(type, "string") == 0;
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		columns[column] = row->cells[column][0] != '\0';
	}
	set_facets(&facets, columns);
	if (!facets.good) {
		return;
	}
	struct span name = path->steps[path->count - 1].name;
	json_edit_append(&editor->json, properties, wording_copy(editor->wording, name), property_text(&facets, type));
	if (strcmp(row->cells[FIELD_REQUIRED], "yes") == 0) {
		struct schema_place place = {.parent = object.node, .name = name};
		gather_required(editor, &place, row);
	}
}
