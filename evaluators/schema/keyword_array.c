/* Keywords about arrays. */
#include "evaluators/schema/keywords.h"

static bool check_items(struct schema_run *run, const struct schema_instruction *instruction,
			const struct schema_site *site)
{
	struct schema_site child = {.parent = site, .subschema = instruction->subschema};
	bool valid = true;
	for (child.node = json_first(site->node); child.node != NULL; child.node = json_next(site->node, child.node)) {
		if (!schema_run_subschema(run, &child)) {
			valid = false;
			if (run->report == NULL) {
				break;
			}
		}
		child.index++;
	}
	return valid;
}

static bool check_min_items(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	return json_count(site->node) >= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu items, must have at least %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

static bool check_max_items(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	return json_count(site->node) <= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu items, must have at most %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

bool schema_compile_items(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t subschema = schema_add_subschema(compiler, value, (struct span){NULL, 0});
	if (subschema == SCHEMA_NONE) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_items, 1U << JSON_ARRAY);
	if (instruction == NULL) {
		return false;
	}
	instruction->subschema = subschema;
	return true;
}

static bool compile_item_count(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	uint64_t limit = 0;
	if (!schema_read_count(compiler, value, &limit)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_ARRAY);
	if (instruction == NULL) {
		return false;
	}
	instruction->limit = limit;
	return true;
}

bool schema_compile_min_items(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_item_count(compiler, value, check_min_items);
}

bool schema_compile_max_items(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_item_count(compiler, value, check_max_items);
}
