#include "baselines/label_values.h"

#include "harness/base/text.h"

#include <stdio.h>

enum { REFERENCES_MAX = 16, SHOWN_MAX = 64 };

const char *const label_columns[] = {
	"record_id", "week", "message", "assigned", "status", "reviewer", "labelled_at", "cannot_tell", "comment", NULL,
};

const char *label_column_name(const char *field, const char *suffix, char name[LABEL_COLUMN_NAME_MAX])
{
	static const char mark[] = "field:";
	static const char values[] = "_values";
	size_t length = strlen(field);
	bool taken = text_starts_with(span_of(field), mark) ||
		     (length >= sizeof(values) - 1 && strcmp(field + length - (sizeof(values) - 1), values) == 0);
	for (size_t i = 0; label_columns[i] != NULL; i++) {
		taken = taken || strcmp(field, label_columns[i]) == 0;
	}
	snprintf(name, LABEL_COLUMN_NAME_MAX, "%s%s%s", taken ? mark : "", field, suffix);
	return name;
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_LIMIT, "labels do not fit into memory");
}

bool label_field_ids(struct store *store, const struct contract *contract, struct arena *arena, int64_t **ret_ids,
		     struct error *err)
{
	int64_t *ids = arena_allocate_array(arena, contract->field_count, sizeof(ids[0]));
	if (ids == NULL) {
		return no_memory(err);
	}
	struct statement *find = store_statement(store,
						 "SELECT f.id FROM field f JOIN interface i ON i.id = f.interface_id "
						 "WHERE i.name = ? AND f.name = ?",
						 err);
	for (size_t i = 0; find != NULL && i < contract->field_count; i++) {
		statement_bind_text(find, 1, span_of(contract->interface));
		statement_bind_text(find, 2, span_of(contract->fields[i].name));
		enum statement_step step = statement_step(find, err);
		if (step == STATEMENT_FAILED) {
			return false;
		}
		if (step == STATEMENT_DONE) {
			return error_set_at(err, ERROR_MISSING, contract->file, 0,
					    "the store knows no field \"%s\" yet; let the worker run first",
					    contract->fields[i].name);
		}
		ids[i] = statement_integer(find, 0);
		statement_reset(find);
	}
	*ret_ids = ids;
	return find != NULL;
}

/* The schema behind `$ref` within the same document; NULL where it leads nowhere. */
static const struct json_node *follow(const struct json_node *root, const struct json_node *schema, struct arena *arena)
{
	for (int i = 0; i < REFERENCES_MAX; i++) {
		struct select_path path;
		struct span target = json_text(json_get_text(schema, "$ref"));
		if (target.length == 0 || target.data[0] != '#') {
			return target.length == 0 ? schema : NULL;
		}
		target = (struct span){target.data + 1, target.length - 1};
		if (!select_compile(target, arena, &path, NULL)) {
			return NULL;
		}
		schema = select_get(&path, root);
	}
	return NULL;
}

static const struct json_node *schema_of_steps(const struct json_node *root, const struct json_node *schema,
					       const struct select_path *path, struct arena *arena)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct json_node *member = json_get(json_get_text(schema, "properties"), path->steps[i].name);
		schema = follow(root, member != NULL ? member : json_get_text(schema, "items"), arena);
	}
	return schema;
}

/* The part of the response schema that describes the field; NULL where it says nothing. */
static const struct json_node *declared_schema(const struct contract *contract, const struct contract_field *field,
					       struct arena *arena)
{
	const struct json_node *root = contract->response_schema_json;
	const struct json_node *schema = schema_of_steps(root, follow(root, root, arena), &contract->records_at, arena);
	if (contract->records_are_array) {
		schema = follow(root, json_get_text(schema, "items"), arena);
	}
	return schema_of_steps(root, schema, &field->llm_at, arena);
}

/* Is that one of the declared types, or are none declared? */
static bool declares(const struct json_node *schema, const char *type)
{
	const struct json_node *declared = json_get_text(schema, "type");
	if (!json_is(declared, JSON_ARRAY)) {
		return declared == NULL || span_is(json_text(declared), type);
	}
	for (const struct json_node *item = json_first(declared); item != NULL; item = json_next(declared, item)) {
		if (span_is(json_text(item), type)) {
			return true;
		}
	}
	return false;
}

static bool declares_only_text(const struct json_node *schema)
{
	const struct json_node *declared = json_get_text(schema, "type");
	return declared != NULL && declares(schema, "string") &&
	       (!json_is(declared, JSON_ARRAY) || json_count(declared) == 1);
}

static bool has_declared_type(const struct json_node *schema, const struct json_node *value)
{
	struct decimal number;
	return declares(schema, json_type_name(value)) ||
	       (json_is(value, JSON_NUMBER) && declares(schema, "integer") &&
		decimal_parse(json_text(value), &number, NULL) && decimal_is_integer(&number));
}

/* Is the value one of the schema's `enum`, as far as the comparator looks? A slip of the pen else counts as a truth
 * that no path can meet. */
static bool is_listed(const struct json_node *schema, const struct contract_field *field, const struct json_node *value)
{
	const struct json_node *list = json_get_text(schema, "enum");
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		enum verdict verdict = evaluator_compare(&field->comparator, item, value);
		if (verdict == VERDICT_AGREE || verdict == VERDICT_IGNORED) {
			return true;
		}
	}
	return !json_is(list, JSON_ARRAY);
}

static bool write_text_value(struct span cell, struct arena *arena, struct span *ret_json, struct error *err)
{
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(8 * cell.length + 16);
	json_write_string(&json, cell);
	char *copy = buffer_ok(&json, "a label", err) ? arena_copy(arena, buffer_span(&json)) : NULL;
	if (copy == NULL) {
		return no_memory(err);
	}
	*ret_json = (struct span){copy, json.length};
	return true;
}

/* The cell as a value of one of the declared types, written as JSON; false, without an error, where it is none. */
static bool read_json_value(const struct json_node *schema, struct span cell, struct arena *arena,
			    struct span *ret_json)
{
	const struct json_node *value = NULL;
	if (declares(schema, "boolean") && text_equal_ignoring_case(cell, SPAN("true"))) {
		cell = SPAN("true"); /* spreadsheets write TRUE */
	} else if (declares(schema, "boolean") && text_equal_ignoring_case(cell, SPAN("false"))) {
		cell = SPAN("false");
	}
	if (!json_parse(arena, cell, NULL, &value, NULL) || !has_declared_type(schema, value)) {
		return false;
	}
	*ret_json = cell;
	return true;
}

bool label_cell_value(const struct contract *contract, const struct contract_field *field, struct span cell,
		      struct arena *arena, struct span *ret_json, struct error *err)
{
	if (cell.length == 0) {
		*ret_json = (struct span){NULL, 0};
		return true;
	}
	if (!text_is_utf8(cell)) {
		return error_set(err, ERROR_FORMAT, "column %s is not UTF-8; save the file as UTF-8", field->name);
	}
	const struct json_node *schema = declared_schema(contract, field, arena);
	const struct json_node *value = NULL;
	struct span json;
	if (declares_only_text(schema) || !read_json_value(schema, cell, arena, &json)) {
		if (!declares(schema, "string")) {
			return error_set(err, ERROR_FORMAT,
					 "column %s: \"%.*s\" is not a value of the type that the response schema "
					 "declares; correct it",
					 field->name, (int)(cell.length < SHOWN_MAX ? cell.length : SHOWN_MAX),
					 cell.data);
		}
		if (!write_text_value(cell, arena, &json, err)) {
			return false;
		}
	}
	if (!json_parse(arena, json, NULL, &value, err)) {
		return false;
	}
	if (!is_listed(schema, field, value)) {
		return error_set(err, ERROR_FORMAT,
				 "column %s: \"%.*s\" is not one of the values that the response schema lists; "
				 "correct it",
				 field->name, (int)(cell.length < SHOWN_MAX ? cell.length : SHOWN_MAX), cell.data);
	}
	*ret_json = json;
	return true;
}

static bool parse_optional(struct span json, struct arena *arena, const struct json_node **ret_node, struct error *err)
{
	*ret_node = NULL;
	return json.data == NULL || json_parse(arena, json, NULL, ret_node, err);
}

bool label_value_correct(const struct contract_field *field, struct span truth, struct span given, struct arena *arena,
			 bool *ret_correct, struct error *err)
{
	const struct json_node *right = NULL;
	const struct json_node *value = NULL;
	if (!parse_optional(truth, arena, &right, err) || !parse_optional(given, arena, &value, err)) {
		return false;
	}
	enum verdict verdict = evaluator_compare(&field->comparator, right, value);
	*ret_correct = verdict == VERDICT_AGREE || verdict == VERDICT_IGNORED;
	return true;
}

bool label_column(struct statement *statement, int column, struct arena *arena, struct span *ret_text,
		  struct error *err)
{
	if (statement_is_null(statement, column)) {
		*ret_text = (struct span){NULL, 0};
		return true;
	}
	struct span text = statement_text(statement, column);
	char *copy = arena_copy(arena, text);
	if (copy == NULL) {
		return no_memory(err);
	}
	*ret_text = (struct span){copy, text.length};
	return true;
}
