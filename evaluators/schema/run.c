#include "evaluators/schema/program.h"

bool schema_run_subschema(struct schema_run *run, const struct schema_site *site)
{
	const struct schema *schema = run->schema;
	const struct subschema *subschema = &schema->subschemas[site->subschema];
	if (subschema->is_false) {
		return schema_violate(run, site, "false", DRIFT_OTHER, site->node->offset, "no value is allowed here");
	}
	const struct schema_instruction *instruction = schema->instructions + subschema->first;
	unsigned int type = 1U << site->node->type;
	bool valid = true;
	for (uint32_t i = 0; i < subschema->count; i++, instruction++) {
		if ((instruction->applies & type) == 0 || instruction->check(run, instruction, site)) {
			continue;
		}
		valid = false;
		if (run->report == NULL) {
			break;
		}
	}
	return valid;
}

bool schema_validate(const struct schema *schema, const struct json_node *instance, struct schema_report *report)
{
	struct schema_run run = {.schema = schema, .report = report};
	struct schema_site root = {.node = instance, .subschema = 0};
	bool valid = schema_run_subschema(&run, &root);
	schema_matcher_release(&run);
	return valid;
}
