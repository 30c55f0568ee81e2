/* Names and references, and what is only read: annotations with a type of their own. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

bool schema_compile_text(struct schema_compiler *compiler, const struct json_node *value)
{
	return json_is(value, JSON_STRING) ||
	       schema_refuse(compiler, "must be a string, not %s", json_type_name(value));
}

bool schema_compile_boolean(struct schema_compiler *compiler, const struct json_node *value)
{
	return json_is_boolean(value) ||
	       schema_refuse(compiler, "must be true or false, not %s", json_type_name(value));
}

bool schema_compile_list(struct schema_compiler *compiler, const struct json_node *value)
{
	return json_is(value, JSON_ARRAY) || schema_refuse(compiler, "must be a list, not %s", json_type_name(value));
}

bool schema_compile_id(struct schema_compiler *compiler, const struct json_node *value)
{
	struct span id = json_text(value);
	struct span fragment;
	uri_cut_fragment(&id, &fragment);
	if (!json_is(value, JSON_STRING)) {
		return schema_refuse(compiler, "must be a URI, not %s", json_type_name(value));
	}
	return fragment.length == 0 || schema_draft_is_old(schema_dialect_here(compiler)) ||
	       schema_refuse(compiler, "must have no fragment behind \"#\"; name the place with $anchor");
}

/* 2019-09 has a colon among the characters and no _ at the beginning. */
static bool is_anchor(struct span name, bool is_2019)
{
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c == '_' && (i > 0 || !is_2019));
		if (!is_letter &&
		    (i == 0 || ((c < '0' || c > '9') && c != '-' && c != '.' && (c != ':' || !is_2019)))) {
			return false;
		}
	}
	return name.length > 0;
}

bool schema_compile_anchor(struct schema_compiler *compiler, const struct json_node *value)
{
	bool is_2019 = schema_dialect_here(compiler)->draft == SCHEMA_DRAFT_2019_09;
	return (json_is(value, JSON_STRING) && is_anchor(json_text(value), is_2019)) ||
	       schema_refuse(compiler, "must be a name: a letter or _, then letters, digits, - _ and .");
}

bool schema_compile_vocabulary(struct schema_compiler *compiler, const struct json_node *value)
{
	for (const struct json_node *name = json_first(value); name != NULL && json_is(value, JSON_OBJECT);
	     name = json_next(value, name)) {
		if (!uri_is_absolute(json_text(name)) || !json_is_boolean(json_member(name))) {
			return schema_refuse(compiler, "must be an object of URIs to true or false");
		}
	}
	return json_is(value, JSON_OBJECT) ||
	       schema_refuse(compiler, "must be an object, not %s", json_type_name(value));
}

/* Checked though nothing may refer to them: a fault in a definition is a fault. */
bool schema_compile_definitions(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!json_is(value, JSON_OBJECT)) {
		return schema_refuse(compiler, "must be an object of schemas, not %s", json_type_name(value));
	}
	for (const struct json_node *name = json_first(value); name != NULL; name = json_next(value, name)) {
		if (schema_add_subschema(compiler, json_member(name)) == SCHEMA_NONE) {
			return false;
		}
	}
	return true;
}

bool schema_compile_one_definition(struct schema_compiler *compiler, const struct json_node *value)
{
	return schema_add_subschema(compiler, value) != SCHEMA_NONE;
}

static bool check_reference(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	return schema_run_in_place(run, site, instruction->subschema, instruction->keyword);
}

/* Finds what a reference names; its subschema is queued. */
static bool find_target(struct schema_compiler *compiler, const struct json_node *value, uint32_t *ret_subschema,
			uint32_t *ret_resource, struct span *ret_anchor)
{
	const struct json_node *node = NULL;
	if (!json_is(value, JSON_STRING)) {
		return schema_refuse(compiler, "must be a string, not %s", json_type_name(value));
	}
	if (!schema_reference_find(compiler, json_text(value), &node, ret_resource, ret_anchor)) {
		return false;
	}
	*ret_subschema = schema_subschema_at(compiler->schema, node, *ret_resource, compiler->err);
	return *ret_subschema != SCHEMA_NONE;
}

bool schema_compile_reference(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t target = SCHEMA_NONE;
	uint32_t resource = 0;
	struct span anchor;
	if (!find_target(compiler, value, &target, &resource, &anchor) || !schema_add_edge(compiler, target)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_reference, SCHEMA_ANY);
	if (instruction == NULL) {
		return false;
	}
	instruction->subschema = target;
	return true;
}

/* The outermost resource that was entered and has the anchor decides. */
static bool check_dynamic(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site)
{
	uint32_t target = instruction->dynamic->subschema;
	for (const struct schema_scope *scope = run->scope; scope != NULL; scope = scope->outer) {
		schema_names_find(&run->schema->dynamic_names, scope->resource, instruction->dynamic->anchor, &target);
		if (!schema_spend(run, 1)) {
			return false;
		}
	}
	return schema_run_in_place(run, site, target, instruction->keyword);
}

static bool add_dynamic(struct schema_compiler *compiler, uint32_t target, struct span anchor)
{
	struct schema_dynamic *dynamic = schema_allocate(compiler, 1, sizeof(*dynamic));
	if (dynamic == NULL) {
		return false;
	}
	*dynamic = (struct schema_dynamic){target, anchor};
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_dynamic, SCHEMA_ANY);
	if (instruction == NULL) {
		return false;
	}
	instruction->dynamic = dynamic;
	compiler->schema->uses_dynamic = true;
	return true;
}

/* Dynamic only where what it names at first is a $dynamicAnchor, else a $ref. */
bool schema_compile_dynamic_reference(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t target = SCHEMA_NONE;
	uint32_t resource = 0;
	uint32_t place = 0;
	struct span anchor;
	if (!find_target(compiler, value, &target, &resource, &anchor)) {
		return false;
	}
	bool is_dynamic =
		anchor.length > 0 && schema_names_find(&compiler->schema->anchor_names,
						       schema_anchor_scope(resource, SCHEMA_DYNAMIC), anchor, &place);
	return is_dynamic ? add_dynamic(compiler, target, anchor) : schema_compile_reference(compiler, value);
}

bool schema_compile_recursive_reference(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t target = SCHEMA_NONE;
	uint32_t resource = 0;
	struct span anchor;
	if (!json_is(value, JSON_STRING) || !span_is(json_text(value), "#")) {
		return schema_refuse(compiler, "must be \"#\"");
	}
	if (!find_target(compiler, value, &target, &resource, &anchor)) {
		return false;
	}
	return compiler->schema->resources[resource].is_recursive ? add_dynamic(compiler, target, (struct span){"", 0})
								  : schema_compile_reference(compiler, value);
}
