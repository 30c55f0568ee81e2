/* What is compared: the records of both replies and their fields. */
#include "harness/contract/config.h"

static bool load_shape(struct contract *contract, const struct config *config)
{
	const struct json_node *records = config_get(contract->root, "records");
	const struct json_node *at = config_get(records, "at");
	const struct json_node *key = config_get(records, "key");
	const struct json_node *level = config_get(records, "level");
	contract->records_are_array = key != NULL;
	if (!config_text(config, level, key != NULL ? "item" : "document", &contract->level)) {
		return false;
	}
	bool item = strcmp(contract->level, "item") == 0;
	if (item && key == NULL) {
		return config_fail(config, level,
				   "records.level item needs a key; add records.key, the place of the value that "
				   "matches items");
	}
	if (!item && key != NULL) {
		return config_fail(config, level, "records.key is for items; write level: item, or remove the key");
	}
	return (at == NULL || config_path(config, at, "records.at", &contract->records_at)) &&
	       (key == NULL || config_path(config, key, "records.key", &contract->records_key));
}

static bool load_places(const struct config *config, const struct json_node *node, struct contract_field *field)
{
	const struct json_node *at = config_get(node, "at");
	const struct json_node *legacy_at = config_get(node, "legacy_at");
	const struct json_node *llm_at = config_get(node, "llm_at");
	bool both = at == NULL && legacy_at != NULL && llm_at != NULL;
	bool one = at != NULL && legacy_at == NULL && llm_at == NULL;
	if (!both && !one) {
		return config_fail(config, node,
				   "a field needs either at, or legacy_at and llm_at; write one of these");
	}
	return config_path(config, one ? at : legacy_at, one ? "at" : "legacy_at", &field->legacy_at) &&
	       config_path(config, one ? at : llm_at, one ? "at" : "llm_at", &field->llm_at);
}

static bool load_field(const struct config *config, const struct json_node *node, struct contract_field *field)
{
	struct error inner = ERROR_INIT;
	field->rule = config_get(node, "compare");
	if (!config_text(config, config_get(node, "name"), NULL, &field->name) ||
	    !config_text(config, config_get(node, "title"), NULL, &field->title) ||
	    !config_text(config, config_get(node, "description"), NULL, &field->description) ||
	    !config_boolean(config, config_get(node, "critical"), false, &field->critical) ||
	    !load_places(config, node, field)) {
		return false;
	}
	return evaluator_compile(field->rule, config->arena, &field->comparator, &inner) ||
	       config_fail_inner(config, field->rule, "the field", &inner);
}

static bool load_fields(struct contract *contract, const struct config *config)
{
	const struct json_node *list = config_get(contract->root, "fields");
	size_t count = json_count(list);
	contract->fields = arena_allocate_array(config->arena, count, sizeof(*contract->fields));
	if (contract->fields == NULL) {
		return config_fail_memory(config);
	}
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct contract_field *field = &contract->fields[contract->field_count];
		if (!load_field(config, node, field)) {
			return false;
		}
		for (size_t i = 0; i < contract->field_count; i++) {
			if (strcmp(contract->fields[i].name, field->name) == 0) {
				return config_fail(config, node,
						   "two fields have the same name; give each a name of its own");
			}
		}
		contract->field_count++;
	}
	return true;
}

bool contract_load_records(struct contract *contract, const struct config *config)
{
	return load_shape(contract, config) && load_fields(contract, config);
}
