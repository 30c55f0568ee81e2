/* Keywords about objects as a whole: number and names of members, and what a member's presence asks for. */
#include "evaluators/schema/keywords.h"

static bool check_min_properties(struct schema_run *run, const struct schema_instruction *instruction,
				 const struct schema_site *site)
{
	return json_count(site->node) >= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu fields, must have at least %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

static bool check_max_properties(struct schema_run *run, const struct schema_instruction *instruction,
				 const struct schema_site *site)
{
	return json_count(site->node) <= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu fields, must have at most %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

static bool compile_count(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	uint64_t limit = 0;
	if (!schema_read_count(compiler, value, &limit)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_OBJECT);
	if (instruction == NULL) {
		return false;
	}
	instruction->limit = limit;
	return true;
}

bool schema_compile_min_properties(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_count(compiler, value, check_min_properties);
}

bool schema_compile_max_properties(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_count(compiler, value, check_max_properties);
}

/* The name itself is the value that is checked; a violation is told of the object, with the name. */
static bool check_property_names(struct schema_run *run, const struct schema_instruction *instruction,
				 const struct schema_site *site)
{
	struct schema_site child = {.parent = site, .is_name = true, .subschema = instruction->subschema};
	bool valid = true;
	for (child.node = json_first(site->node); child.node != NULL && (valid || run->report != NULL);
	     child.node = json_next(site->node, child.node)) {
		unsigned int undecided = run->undecided;
		if (schema_run_quietly(run, &child)) {
			continue;
		}
		struct span name = schema_clip(json_text(child.node));
		valid = undecided != run->undecided
				? schema_undecided(run, site, instruction->keyword, "whether a name fits is not known")
				: schema_violate(run, site, instruction->keyword, DRIFT_UNDECLARED_FIELD,
						 child.node->offset, "the name \"%.*s\" is not allowed for a field",
						 SPAN_ARGUMENTS(name));
	}
	return valid;
}

bool schema_compile_property_names(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t subschema = schema_add_subschema(compiler, value);
	struct schema_instruction *instruction =
		subschema != SCHEMA_NONE ? schema_add_instruction(compiler, check_property_names, 1U << JSON_OBJECT)
					 : NULL;
	if (instruction == NULL) {
		return false;
	}
	instruction->subschema = subschema;
	return true;
}

static bool check_list(struct schema_run *run, const char *keyword, const struct schema_site *site,
		       const struct schema_dependent *dependent)
{
	bool valid = true;
	for (const struct json_node *item = json_first(dependent->list); item != NULL;
	     item = json_next(dependent->list, item)) {
		if (!schema_spend(run, 1 + json_count(site->node) / 16)) {
			return false;
		}
		if (json_get(site->node, json_text(item)) != NULL) {
			continue;
		}
		struct span missing = schema_clip(json_text(item));
		struct span present = schema_clip(dependent->name);
		valid = schema_violate(run, site, keyword, DRIFT_MISSING_REQUIRED, site->node->offset,
				       "the field \"%.*s\" is missing, which \"%.*s\" asks for",
				       SPAN_ARGUMENTS(missing), SPAN_ARGUMENTS(present));
	}
	return valid;
}

static bool check_dependents(struct schema_run *run, const struct schema_instruction *instruction,
			     const struct schema_site *site)
{
	const struct schema_dependents *dependents = instruction->dependents;
	bool valid = true;
	for (uint32_t i = 0; i < dependents->count && (valid || run->report != NULL); i++) {
		const struct schema_dependent *dependent = &dependents->list[i];
		if (!schema_spend(run, 1 + json_count(site->node) / 16)) {
			return false;
		}
		if (json_get(site->node, dependent->name) == NULL) {
			continue;
		}
		bool fits = dependent->subschema != SCHEMA_NONE
				    ? schema_run_in_place(run, site, dependent->subschema, NULL)
				    : check_list(run, instruction->keyword, site, dependent);
		valid = valid && fits;
	}
	return valid;
}

static bool add_dependent(struct schema_compiler *compiler, const struct json_node *name, bool wants_names,
			  struct schema_dependents *dependents)
{
	struct schema_dependent dependent = {.name = json_text(name), .subschema = SCHEMA_NONE};
	if (wants_names) {
		dependent.list = json_member(name);
		if (!schema_check_names(compiler, dependent.list)) {
			return false;
		}
	} else {
		dependent.subschema = schema_add_in_place(compiler, json_member(name));
		if (dependent.subschema == SCHEMA_NONE) {
			return false;
		}
	}
	dependents->list[dependents->count++] = dependent;
	return true;
}

enum wants { WANTS_SCHEMAS, WANTS_NAMES, WANTS_EITHER };

static bool compile_dependents(struct schema_compiler *compiler, const struct json_node *value, enum wants wants)
{
	if (!json_is(value, JSON_OBJECT)) {
		return schema_refuse(compiler, "must be an object, not %s", json_type_name(value));
	}
	struct schema_dependents *dependents = schema_allocate(compiler, 1, sizeof(*dependents));
	if (dependents == NULL) {
		return false;
	}
	dependents->list = schema_allocate(compiler, json_count(value), sizeof(*dependents->list));
	if (dependents->list == NULL) {
		return false;
	}
	for (const struct json_node *name = json_first(value); name != NULL; name = json_next(value, name)) {
		bool names = wants == WANTS_NAMES || (wants == WANTS_EITHER && json_is(json_member(name), JSON_ARRAY));
		if (!add_dependent(compiler, name, names, dependents)) {
			return false;
		}
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_dependents, 1U << JSON_OBJECT);
	if (instruction == NULL) {
		return false;
	}
	instruction->dependents = dependents;
	return true;
}

bool schema_compile_dependent_schemas(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_dependents(compiler, value, WANTS_SCHEMAS);
}

bool schema_compile_dependent_required(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_dependents(compiler, value, WANTS_NAMES);
}

bool schema_compile_dependencies(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_dependents(compiler, value, WANTS_EITHER);
}
