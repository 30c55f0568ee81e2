/* What stands in contract.yaml: words, comparison, critical; fields that come and go. */
#include "harness/document/field_edit.h"

#include "harness/base/text.h"
#include "harness/document/rule_text.h"
#include "harness/document/yaml_text.h"

enum { TITLE_MAX = 256, MEANING_MAX = 8192, NAME_MAX_BYTES = 128, MEMBERS_MAX = 8 };

/* Members of one field being put together. */
struct members {
	struct yaml_member_edit list[MEMBERS_MAX];
	size_t count;
};

void field_edit_fault(struct field_editor *editor, const struct field_row *row, enum field_column column,
		      const char *what)
{
	field_fault_add(editor->faults, row->sheet_row, editor->table->sheet_columns[column], "%s", what);
}

static void set(struct members *members, const char *name, const char *text)
{
	BUG_ON(members->count == MEMBERS_MAX);
	members->list[members->count++] = (struct yaml_member_edit){name, text};
}

static const char *yaml_of_text(struct wording *wording, const char *text)
{
	struct buffer yaml CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	yaml_write_text(&yaml, span_of(text));
	return wording_take(wording, &yaml);
}

static const char *yaml_of_node(struct wording *wording, const struct json_node *node)
{
	struct buffer yaml CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	yaml_write_value(&yaml, node);
	return wording_take(wording, &yaml);
}

/* Text that goes into YAML: "${" would be replaced when the contract is read. */
static bool check_text(struct field_editor *editor, const struct field_row *row, enum field_column column, size_t most)
{
	const char *text = row->cells[column];
	if (strlen(text) > most) {
		field_edit_fault(editor, row, column,
				 wording_format(editor->wording, "longer than %zu bytes; shorten it", most));
		return false;
	}
	if (strstr(text, "${") != NULL) {
		field_edit_fault(editor, row, column,
				 "holds \"${\", which names an environment variable; write it "
				 "in another way");
		return false;
	}
	return true;
}

/* --- cells of a field --- */

static void change_words(struct field_editor *editor, const struct field_row *now, const struct field_row *row,
			 enum field_column column, struct members *members)
{
	bool title = column == FIELD_TITLE;
	const char *name = title ? "title" : "description";
	const char *in_schema = title ? now->facts.title : now->facts.meaning;
	const char *in_contract = title ? now->field->title : now->field->description;
	const char *text = row->cells[column];
	if (!check_text(editor, row, column, title ? TITLE_MAX : MEANING_MAX)) {
		return;
	}
	if (text[0] == '\0' && in_schema[0] != '\0') {
		field_edit_fault(editor, row, column,
				 wording_format(editor->wording,
						"cannot be emptied, the response schema says \"%.60s\"; write another "
						"text, or change the schema",
						in_schema));
		return;
	}
	bool as_schema = strcmp(text, in_schema) == 0;
	if (!as_schema || in_contract != NULL) {
		set(members, name, as_schema ? NULL : yaml_of_text(editor->wording, text));
	}
}

static const struct json_node *read_rule(struct field_editor *editor, const struct field_row *row)
{
	struct error inner = ERROR_INIT;
	const struct json_node *rule;
	struct span name = row->cells[FIELD_COMPARE][0] != '\0' ? span_of(row->cells[FIELD_COMPARE]) : SPAN("exact");
	if (!rule_read(name, span_of(row->cells[FIELD_OPTIONS]), editor->wording->arena, &rule, &inner)) {
		bool unknown = evaluator_find(name) == NULL;
		field_edit_fault(editor, row, unknown ? FIELD_COMPARE : FIELD_OPTIONS, inner.message);
		return NULL;
	}
	return rule;
}

static void change_critical(const struct field_row *row, struct members *members)
{
	set(members, "critical", strcmp(row->cells[FIELD_CRITICAL], "yes") == 0 ? "true" : "false");
}

static const struct json_node *field_node(struct field_editor *editor, const struct field_row *now)
{
	size_t index = (size_t)(now->field - editor->contract->fields);
	return json_at(json_get_text(editor->yaml.document.root, "fields"), index);
}

static void refuse_by_hand(struct field_editor *editor, const struct field_row *row, const struct json_node *node)
{
	field_edit_fault(editor, row, FIELD_NAME,
			 wording_format(editor->wording,
					"this cannot be changed in place; edit %s:%zu by hand and write a new table",
					editor->contract->file, yaml_edit_line(&editor->yaml, node)));
}

static bool refuse_fixed(struct field_editor *editor, const struct field_row *row,
			 const bool columns[FIELD_COLUMN_COUNT])
{
	bool good = true;
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		if (columns[column] && field_columns[column].editing != FIELD_EDITED) {
			field_edit_fault(editor, row, (enum field_column)column,
					 "is fixed for a field that is there; put the old value back, or remove the "
					 "field and add one of another name");
			good = false;
		}
	}
	return good;
}

void field_edit_change(struct field_editor *editor, const struct field_row *now, const struct field_row *row,
		       const bool columns[FIELD_COLUMN_COUNT])
{
	struct members members = {.count = 0};
	const struct json_node *node = field_node(editor, now);
	if (!refuse_fixed(editor, row, columns)) {
		return;
	}
	if (columns[FIELD_TITLE]) {
		change_words(editor, now, row, FIELD_TITLE, &members);
	}
	if (columns[FIELD_MEANING]) {
		change_words(editor, now, row, FIELD_MEANING, &members);
	}
	if (columns[FIELD_COMPARE] || columns[FIELD_OPTIONS]) {
		const struct json_node *rule = read_rule(editor, row);
		if (rule != NULL) {
			set(&members, "compare", yaml_of_node(editor->wording, rule));
		}
	}
	if (columns[FIELD_CRITICAL]) {
		change_critical(row, &members);
	}
	if (members.count > 0 && !yaml_edit_members(&editor->yaml, node, members.list, members.count)) {
		refuse_by_hand(editor, row, node);
	}
	field_edit_schema(editor, &now->place, row, columns);
}

/* --- fields that come and go --- */

void field_edit_remove(struct field_editor *editor, const struct field_row *now, const struct field_row *row)
{
	const struct json_node *node = field_node(editor, now);
	const struct json_node *list = json_get_text(editor->yaml.document.root, "fields");
	static const struct field_row nowhere = {.sheet_row = 1};
	if (!yaml_edit_remove_item(&editor->yaml, list, node)) {
		refuse_by_hand(editor, row != NULL ? row : &nowhere, node);
	}
}

static bool read_path(struct field_editor *editor, const struct field_row *row, enum field_column column,
		      struct select_path *ret_path)
{
	struct error inner = ERROR_INIT;
	const char *text = row->cells[column];
	if (text[0] == '\0') {
		field_edit_fault(editor, row, column,
				 "is missing for a new field; write a JSON Pointer such as "
				 "/queue");
		return false;
	}
	if (!check_text(editor, row, column, 1024)) {
		return false;
	}
	if (!select_compile(span_of(text), editor->wording->arena, ret_path, &inner)) {
		field_edit_fault(editor, row, column, inner.message);
		return false;
	}
	return true;
}

static void add_places(struct field_editor *editor, const struct field_row *row, struct members *members)
{
	const char *legacy = row->cells[FIELD_LEGACY_AT];
	const char *llm = row->cells[FIELD_LLM_AT];
	if (strcmp(legacy, llm) == 0) {
		set(members, "at", yaml_of_text(editor->wording, llm));
	} else {
		set(members, "legacy_at", yaml_of_text(editor->wording, legacy));
		set(members, "llm_at", yaml_of_text(editor->wording, llm));
	}
}

static void add_to_contract(struct field_editor *editor, const struct field_row *row, const struct json_node *rule)
{
	struct members members = {.count = 0};
	const struct json_node *list = json_get_text(editor->yaml.document.root, "fields");
	set(&members, "name", yaml_of_text(editor->wording, row->cells[FIELD_NAME]));
	if (row->cells[FIELD_TITLE][0] != '\0') {
		set(&members, "title", yaml_of_text(editor->wording, row->cells[FIELD_TITLE]));
	}
	if (row->cells[FIELD_MEANING][0] != '\0') {
		set(&members, "description", yaml_of_text(editor->wording, row->cells[FIELD_MEANING]));
	}
	add_places(editor, row, &members);
	set(&members, "compare", yaml_of_node(editor->wording, rule));
	if (strcmp(row->cells[FIELD_CRITICAL], "yes") == 0) {
		set(&members, "critical", "true");
	}
	if (!yaml_edit_append_item(&editor->yaml, list, members.list, members.count)) {
		refuse_by_hand(editor, row, list);
	}
}

/* Filled in, and of the schema: these it must come to say. */
static void filled_cells(const struct field_row *row, bool columns[FIELD_COLUMN_COUNT])
{
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		columns[column] = row->cells[column][0] != '\0';
	}
}

void field_edit_add(struct field_editor *editor, const struct field_row *row)
{
	bool columns[FIELD_COLUMN_COUNT];
	struct select_path legacy;
	struct select_path llm;
	const struct json_node *rule = read_rule(editor, row);
	bool good = check_text(editor, row, FIELD_NAME, NAME_MAX_BYTES);
	good = check_text(editor, row, FIELD_TITLE, TITLE_MAX) && good;
	good = check_text(editor, row, FIELD_MEANING, MEANING_MAX) && good;
	good = read_path(editor, row, FIELD_LEGACY_AT, &legacy) && good;
	good = read_path(editor, row, FIELD_LLM_AT, &llm) && good;
	if (rule == NULL || !good) {
		return;
	}
	add_to_contract(editor, row, rule);
	struct schema_place record = field_table_record(editor->contract, &editor->view);
	struct schema_place place = schema_view_walk(&editor->view, record, &llm);
	if (place.node == NULL) {
		field_edit_new_property(editor, row, &llm);
	} else {
		filled_cells(row, columns);
		field_edit_schema(editor, &place, row, columns);
	}
}
