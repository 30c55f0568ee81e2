/* What the series of contract drift and their alarm go by. */
#include "harness/contract/config.h"

enum { REFERENCE_REPLIES = 1000, FALSE_ALARM_DAYS = 730, REPLIES_PER_DAY = 10000 };

static bool same_path(const struct select_path *a, const struct select_path *b)
{
	bool same = a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++) {
		same = a->steps[i].kind == b->steps[i].kind && a->steps[i].index == b->steps[i].index &&
		       span_equal(a->steps[i].name, b->steps[i].name);
	}
	return same;
}

/* Where every field stands at the same place in both replies, they have one shape. */
static bool replies_are_alike(const struct contract *contract)
{
	for (size_t i = 0; i < contract->field_count; i++) {
		if (!same_path(&contract->fields[i].legacy_at, &contract->fields[i].llm_at)) {
			return false;
		}
	}
	return true;
}

static bool is_compared(const struct contract *contract, struct span name)
{
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct select_path *path = &contract->fields[i].llm_at;
		if (path->count > 0 && span_equal(path->steps[0].name, name)) {
			return true;
		}
	}
	return false;
}

/* What the schema requires and nobody compares (a confidence, a reasoning) may be the LLM path's alone. */
static bool asks_for_compared_fields_alone(const struct contract *contract)
{
	const struct json_node *required = json_get_text(contract->response_schema_json, "required");
	for (const struct json_node *name = json_first(required); name != NULL; name = json_next(required, name)) {
		if (!contract->records_are_array && contract->records_at.count == 0 &&
		    !is_compared(contract, json_text(name))) {
			return false;
		}
	}
	return true;
}

static bool load_legacy_schema(struct contract *contract, const struct config *config)
{
	const struct json_node *node = config_get(contract->root, "legacy.schema");
	const char *word;
	bool is_same = replies_are_alike(contract) && asks_for_compared_fields_alone(contract);
	if (!config_text(config, node, is_same ? "response" : "none", &word)) {
		return false;
	}
	if (strcmp(word, "response") == 0) {
		contract->legacy_schema = contract->response_schema;
		return true;
	}
	if (strcmp(word, "none") == 0) {
		return true;
	}
	struct contract_schema loaded;
	if (!contract_load_schema(config, node, &loaded)) {
		return false;
	}
	contract->legacy_own_schema = loaded.compiled;
	contract->legacy_schema = loaded.compiled;
	return true;
}

static bool load_units(struct contract *contract, const struct config *config)
{
	const struct json_node *list = config_get(contract->root, "drift.units");
	contract->drift_units = arena_allocate_array(config->arena, json_count(list), sizeof(*contract->drift_units));
	if (contract->drift_units == NULL) {
		return config_fail_memory(config);
	}
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (!config_text(config, item, NULL, &contract->drift_units[contract->drift_unit_count])) {
			return false;
		}
		contract->drift_unit_count++;
	}
	return true;
}

bool contract_load_drift(struct contract *contract, const struct config *config)
{
	const struct json_node *drift = config_get(contract->root, "drift");
	const struct json_node *reference = config_get(drift, "reference");
	return load_legacy_schema(contract, config) && load_units(contract, config) &&
	       config_integer(config, config_get(drift, "reference_replies"), REFERENCE_REPLIES,
			      &contract->drift_reference_replies) &&
	       config_double(config, config_get(reference, "rate"), -1, &contract->drift_reference_rate) &&
	       config_integer(config, config_get(reference, "replies_per_day"), REPLIES_PER_DAY,
			      &contract->drift_replies_per_day) &&
	       config_small(config, config_get(drift, "false_alarm_days"), FALSE_ALARM_DAYS,
			    &contract->drift_false_alarm_days);
}
