/* unevaluatedItems and unevaluatedProperties: what no other keyword of the schema, nor of the schemas that it applies
 * to the same value, has looked at. Checked last. */
#include "evaluators/schema/keywords.h"

static bool check_item(struct schema_run *run, const struct schema_instruction *instruction,
		       const struct schema_site *site, const struct schema_site *item)
{
	struct schema_site child = *item;
	if (!run->schema->subschemas[instruction->subschema].is_false) {
		return schema_run_subschema(run, &child);
	}
	child.subschema = site->subschema;
	return schema_violate(run, &child, instruction->keyword, DRIFT_UNDECLARED_FIELD, child.node->offset,
			      "the item is not in the schema");
}

static bool check_unevaluated_items(struct schema_run *run, const struct schema_instruction *instruction,
				    const struct schema_site *site)
{
	struct schema_site child = {.parent = site, .subschema = instruction->subschema};
	bool valid = true;
	for (child.node = json_first(site->node); child.node != NULL && (valid || run->report != NULL);
	     child.node = json_next(site->node, child.node)) {
		if (!schema_evaluated_has(site->evaluated, child.index)) {
			valid = check_item(run, instruction, site, &child) && valid;
		}
		child.index++;
	}
	site->evaluated->all = true;
	return valid;
}

static bool check_member(struct schema_run *run, const struct schema_instruction *instruction,
			 const struct schema_site *site, const struct json_node *name)
{
	struct schema_site child = {
		.parent = site, .node = json_member(name), .name = name, .subschema = instruction->subschema};
	const struct subschema *subschema = &run->schema->subschemas[instruction->subschema];
	if (!subschema->is_open) {
		schema_declare(run, name);
	}
	if (!subschema->is_false) {
		return schema_run_subschema(run, &child);
	}
	struct span text = schema_clip(json_text(name));
	child.subschema = site->subschema;
	return schema_violate(run, &child, instruction->keyword, DRIFT_UNDECLARED_FIELD, name->offset,
			      "the field \"%.*s\" is not in the schema", SPAN_ARGUMENTS(text));
}

static bool check_unevaluated_properties(struct schema_run *run, const struct schema_instruction *instruction,
					 const struct schema_site *site)
{
	bool valid = true;
	size_t ordinal = 0;
	for (const struct json_node *name = json_first(site->node); name != NULL && (valid || run->report != NULL);
	     name = json_next(site->node, name)) {
		if (!schema_evaluated_has(site->evaluated, ordinal)) {
			valid = check_member(run, instruction, site, name) && valid;
		}
		ordinal++;
	}
	site->evaluated->all = true;
	return valid;
}

bool schema_compile_unevaluated(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_UNEVALUATED;
	compiler->schema->subschemas[compiler->subschema].tracks = true;
	compiler->schema->subschemas[compiler->subschema].is_special = true;
	return schema_add_subschema(compiler, value) != SCHEMA_NONE;
}

static bool add(struct schema_compiler *compiler, const char *keyword, schema_check *check, unsigned int applies)
{
	const struct json_node *value = schema_sibling(compiler, keyword);
	if (value == NULL) {
		return true;
	}
	uint32_t subschema = schema_add_subschema(compiler, value);
	compiler->keyword = keyword;
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, applies);
	if (subschema == SCHEMA_NONE || instruction == NULL) {
		return false;
	}
	instruction->subschema = subschema;
	return true;
}

bool schema_finish_unevaluated(struct schema_compiler *compiler)
{
	return add(compiler, "unevaluatedItems", check_unevaluated_items, 1U << JSON_ARRAY) &&
	       add(compiler, "unevaluatedProperties", check_unevaluated_properties, 1U << JSON_OBJECT);
}
