/* The input side: what is done about messages that deviate or have changed, and what is counted of their values. */
#include "harness/contract/config.h"

enum {
	SHARE_ONE = 1000000,
	PROFILE_FIELDS = 200,
	REFERENCE_WEEKS = 2,
	REFERENCE_MESSAGES = 500,
};

static bool load_gate(const struct config *config, const struct json_node *node, enum input_gate fallback,
		      enum input_gate *ret_gate)
{
	const char *word;
	if (!config_text(config, node, input_gate_name((int)fallback), &word)) {
		return false;
	}
	for (int i = 0; i < INPUT_GATE_COUNT; i++) {
		if (strcmp(word, input_gate_name(i)) == 0) {
			*ret_gate = (enum input_gate)i;
		}
	}
	return true;
}

static bool load_gates(struct contract *contract, const struct config *config)
{
	const struct json_node *input = config_get(contract->root, "input");
	const struct json_node *invalid = config_get(input, "invalid");
	if (!load_gate(config, invalid, INPUT_DEAD_LETTER, &contract->input_invalid) ||
	    !load_gate(config, config_get(input, "changed"), INPUT_WARN, &contract->input_changed)) {
		return false;
	}
	return invalid == NULL || contract->request_schema != NULL ||
	       config_fail(config, invalid,
			   "input.invalid means nothing without schemas.request; add the schema, or remove the key");
}

bool contract_load_input(struct contract *contract, const struct config *config)
{
	const struct json_node *profile = config_get(contract->root, "profile");
	struct contract_profile *target = &contract->profile;
	return load_gates(contract, config) &&
	       config_small(config, config_get(profile, "fields"), PROFILE_FIELDS, &target->fields) &&
	       config_share(config, config_get(profile, "share"), SHARE_ONE, &target->share_ppm) &&
	       config_small(config, config_get(profile, "reference_weeks"), REFERENCE_WEEKS,
			    &target->reference_weeks) &&
	       config_small(config, config_get(profile, "reference_messages"), REFERENCE_MESSAGES,
			    &target->reference_messages);
}
