#include "baselines/label_values.h"

#include "harness/base/text.h"

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

static const struct json_node *schema_of_step(const struct json_node *schema, const struct select_step *step)
{
	const struct json_node *member = json_get(json_get_text(schema, "properties"), step->name);
	return member != NULL ? member : json_get_text(schema, "items");
}

/* The part of the response schema that describes the field; NULL where it says nothing. */
static const struct json_node *declared_schema(const struct contract *contract, const struct contract_field *field)
{
	const struct json_node *schema = contract->response_schema_json;
	for (size_t i = 0; i < contract->records_at.count; i++) {
		schema = schema_of_step(schema, &contract->records_at.steps[i]);
	}
	if (contract->records_are_array) {
		schema = json_get_text(schema, "items");
	}
	for (size_t i = 0; i < field->llm_at.count; i++) {
		schema = schema_of_step(schema, &field->llm_at.steps[i]);
	}
	return schema;
}

static bool declares(const struct json_node *schema, const char *type)
{
	const struct json_node *declared = json_get_text(schema, "type");
	if (json_is(declared, JSON_ARRAY)) {
		for (const struct json_node *item = json_first(declared); item != NULL;
		     item = json_next(declared, item)) {
			if (span_is(json_text(item), type)) {
				return true;
			}
		}
		return false;
	}
	return span_is(json_text(declared), type);
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
	const struct json_node *schema = declared_schema(contract, field);
	bool is_text = declares(schema, "string");
	const struct json_node *value = NULL;
	if (!is_text && json_parse(arena, cell, NULL, &value, NULL)) {
		*ret_json = cell;
		return true;
	}
	if (!is_text && json_get_text(schema, "type") != NULL) {
		return error_set(err, ERROR_FORMAT, "column %s: \"%.*s\" is not a value of the declared type",
				 field->name, SPAN_ARGUMENTS(cell));
	}
	return write_text_value(cell, arena, ret_json, err);
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
