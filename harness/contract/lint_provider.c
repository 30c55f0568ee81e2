/* What a candidate's provider cannot do for this contract. */
#include "harness/contract/config.h"
#include "harness/contract/lint_internal.h"
#include "harness/contract/strict_output.h"

enum { GAPS_MAX = 50 };

static void check_compatible(struct lint *lint, const struct contract_candidate *candidate,
			     const struct json_node *node)
{
	lint_add(lint, LINT_PROVIDER_CANNOT_ENFORCE, lint_in_contract(lint, node),
		 "every reply is checked here all the same, and what deviates counts as contract drift",
		 "candidate \"%s\": a service of the kind openai-compatible is sent the schema, and may take no notice "
		 "of it",
		 candidate->name);
}

static void check_strict(struct lint *lint)
{
	struct strict_gap gaps[GAPS_MAX];
	size_t count = strict_output_gaps(lint->contract->response_schema_json, gaps, GAPS_MAX);
	for (size_t i = 0; i < count && i < GAPS_MAX; i++) {
		struct span subject = gaps[i].subject;
		lint_add(lint, LINT_PROVIDER_CANNOT_ENFORCE, lint_in_response(lint, gaps[i].schema),
			 "change it, or accept that the schema is checked by us alone",
			 "OpenAI's strict output cannot be used: %s%.*s%s%s", subject.length > 0 ? "\"" : "",
			 SPAN_ARGUMENTS(subject), subject.length > 0 ? "\" " : "", gaps[i].sentence);
	}
}

void lint_provider(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *list = config_get(contract->root, "candidates");
	bool strict = false;
	for (size_t i = 0; i < contract->candidate_count; i++) {
		const struct contract_candidate *candidate = &contract->candidates[i];
		strict = strict || strcmp(candidate->provider, "openai") == 0;
		if (strcmp(candidate->provider, "openai-compatible") == 0) {
			check_compatible(lint, candidate, json_at(list, i));
		}
	}
	if (strict) {
		check_strict(lint);
	}
}
