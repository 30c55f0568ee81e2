/* Paths into the message against the request schema: identity, time, classification, prompts. */
#include "harness/contract/config.h"
#include "harness/contract/lint_internal.h"
#include "harness/contract/prompt.h"

#include <inttypes.h>

enum { BYTES_PER_TOKEN = 3 }; /* as the worker estimates a prompt before it is sent */

static enum reach_presence presence_at(struct lint *lint, const struct select_path *path)
{
	return reach_find(&lint->request, path).presence;
}

static void check_reachable(struct lint *lint, enum lint_rule rule, const struct select_path *path, const char *what,
			    const struct json_node *node)
{
	if (presence_at(lint, path) == REACH_IMPOSSIBLE) {
		lint_add(lint, rule, lint_in_contract(lint, node), "correct the path, or declare it in the schema",
			 "%s %s: the request schema allows no value there", what, lint_path_text(lint, path));
	}
}

/* --- message --- */

static void check_identity(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *id = config_get(contract->root, "message.id");
	for (size_t i = 0; i < contract->message_id_count; i++) {
		const struct json_node *node = json_is(id, JSON_ARRAY) ? json_at(id, i) : id;
		check_reachable(lint, LINT_MESSAGE_PATH_UNREACHABLE, &contract->message_id[i], "message.id", node);
		enum reach_presence presence = presence_at(lint, &contract->message_id[i]);
		if (presence == REACH_DECLARED || presence == REACH_OPEN) {
			lint_add(lint, LINT_IDENTITY_OPTIONAL, lint_in_contract(lint, node),
				 "declare it and add it to `required` in the schema",
				 "message.id %s is not required, so valid messages may have no identity",
				 lint_path_text(lint, &contract->message_id[i]));
		}
	}
}

/* A text with a format or a pattern of its own says that somebody thought of its form. */
static bool looks_like_time(const struct reach_place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		bool formed = false;
		const struct reach_case *one = &place->cases[i];
		for (size_t k = 0; k < one->count; k++) {
			struct span format = json_text(json_get_text(one->schemas[k], "format"));
			formed = formed || span_is(format, "date-time") || span_is(format, "date") ||
				 json_get_text(one->schemas[k], "pattern") != NULL;
		}
		if (!formed || reach_case_types(one) != REACH_STRING) {
			return false;
		}
	}
	return true;
}

static void check_event_time(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *node = config_get(contract->root, "message.event_time");
	if (!contract->has_event_time) {
		return;
	}
	check_reachable(lint, LINT_MESSAGE_PATH_UNREACHABLE, &contract->event_time, "message.event_time", node);
	struct reach_place place = reach_find(&lint->request, &contract->event_time);
	const char *path = lint_path_text(lint, &contract->event_time);
	if (place.presence == REACH_DECLARED || place.presence == REACH_OPEN) {
		lint_add(lint, LINT_EVENT_TIME_OPTIONAL, lint_in_contract(lint, node),
			 "declare it and add it to `required` in the schema",
			 "message.event_time %s is not required; without it the moment of capture decides the week",
			 path);
	}
	if (place.presence > REACH_OPEN && !looks_like_time(&place)) {
		lint_add(lint, LINT_EVENT_TIME_FORMAT, lint_in_request(lint, lint_schema_of(&place)),
			 "write \"type\": \"string\", \"format\": \"date-time\"",
			 "message.event_time %s is not declared as a time", path);
	}
}

static void check_message(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	check_identity(lint);
	check_event_time(lint);
	if (contract->has_test_mark) {
		check_reachable(lint, LINT_MESSAGE_PATH_UNREACHABLE, &contract->test_mark, "message.test",
				config_get(contract->root, "message.test"));
	}
	if (contract->tap.has_pair_path) {
		check_reachable(lint, LINT_MESSAGE_PATH_UNREACHABLE, &contract->tap.pair_path, "tap.pair",
				config_get(contract->root, "tap.pair"));
	}
}

/* --- data --- */

static void check_classified(struct lint *lint, const char *name)
{
	const struct json_node *list = config_get(lint->contract->root, name);
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct select_path path;
		if (select_compile(json_text(node), lint->arena, &path, NULL)) {
			check_reachable(lint, LINT_DATA_PATH_UNREACHABLE, &path, name, node);
		}
	}
}

/* One of the two places is inside the other. */
static bool is_related(const struct select_path *a, const struct select_path *b)
{
	size_t shorter = a->count < b->count ? a->count : b->count;
	for (size_t i = 0; i < shorter; i++) {
		const struct select_step *one = &a->steps[i];
		const struct select_step *other = &b->steps[i];
		bool same = one->index >= 0 && other->index >= 0 ? one->index == other->index
								 : span_equal(one->name, other->name);
		if (!same) {
			return false;
		}
	}
	return true;
}

struct uses {
	struct select_path *list;
	size_t count;
};

static struct uses used_by(struct lint *lint, size_t candidate)
{
	struct uses uses = {0};
	if (!prompt_pointers(lint->contract->candidates[candidate].prompt, lint->arena, &uses.list, &uses.count,
			     NULL)) {
		lint->failed = true; /* the prompt was read when the contract was loaded */
	}
	return uses;
}

static bool is_in_prompts(struct lint *lint, const struct select_path *path)
{
	for (size_t i = 0; i < lint->contract->candidate_count; i++) {
		struct uses uses = used_by(lint, i);
		for (size_t k = 0; k < uses.count; k++) {
			if (is_related(path, &uses.list[k])) {
				return true;
			}
		}
	}
	return false;
}

static void check_unused(struct lint *lint)
{
	const struct json_node *list = config_get(lint->contract->root, "data.internal");
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct select_path path;
		if (select_compile(json_text(node), lint->arena, &path, NULL) && !is_in_prompts(lint, &path)) {
			lint_add(lint, LINT_DATA_UNUSED, lint_in_contract(lint, node),
				 "remove it, so that no later prompt sends it unnoticed",
				 "data.internal %s may be sent, and no prompt uses it", lint_path_text(lint, &path));
		}
	}
}

/* The template itself and the longest value of each place that it names; text stands without its quotes. */
static uint64_t longest_prompt(struct lint *lint, struct span prompt, const struct uses *uses,
			       const struct select_path **ret_unbounded)
{
	uint64_t length = prompt.length;
	for (size_t i = 0; i < uses->count; i++) {
		struct reach_place place = reach_find(&lint->request, &uses->list[i]);
		uint64_t most = reach_size_of(&lint->request, &place).most;
		if (most == REACH_UNBOUNDED) {
			*ret_unbounded = &uses->list[i];
			return REACH_UNBOUNDED;
		}
		length = most < REACH_UNBOUNDED - length ? length + most : REACH_UNBOUNDED;
	}
	return length;
}

static void check_prompt_length(struct lint *lint, const struct contract_candidate *candidate, const struct uses *uses,
				const struct json_node *node)
{
	const struct contract *contract = lint->contract;
	const struct select_path *unbounded = NULL;
	uint64_t length = longest_prompt(lint, candidate->prompt, uses, &unbounded);
	if (contract->limit_input_tokens == 0 || uses->count == 0) {
		return;
	}
	if (unbounded != NULL) {
		lint_add(lint, LINT_LIMIT_UNBOUNDED, lint_in_contract(lint, node),
			 "add a bound to the schema, so that every valid message can be evaluated",
			 "the request schema alone can exceed limits.input_tokens: %s has no bound, and the prompt of "
			 "\"%s\" uses it",
			 lint_path_text(lint, unbounded), candidate->name);
	} else if (length / BYTES_PER_TOKEN > (uint64_t)contract->limit_input_tokens) {
		lint_add(lint, LINT_LIMIT_EXCEEDED_BY_SCHEMA, lint_in_contract(lint, node),
			 "raise the limit, lower the bounds in the schema, or use less in the prompt",
			 "the longest prompt of \"%s\" has about %" PRIu64 " tokens, and limits.input_tokens is "
			 "%lld: what is longer becomes a dead letter",
			 candidate->name, length / BYTES_PER_TOKEN, (long long)contract->limit_input_tokens);
	}
}

static void check_prompts(struct lint *lint)
{
	const struct json_node *list = config_get(lint->contract->root, "candidates");
	for (size_t i = 0; i < lint->contract->candidate_count; i++) {
		const struct json_node *node = config_get(json_at(list, i), "prompt");
		struct uses uses = used_by(lint, i);
		for (size_t k = 0; k < uses.count; k++) {
			check_reachable(lint, LINT_PROMPT_PATH_UNREACHABLE, &uses.list[k], "the prompt uses", node);
		}
		check_prompt_length(lint, &lint->contract->candidates[i], &uses, node);
	}
}

void lint_request(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *message = config_get(contract->root, "message");
	if (contract->message_id_count == 0) {
		lint_add(lint, LINT_IDENTITY_NONE, lint_in_contract(lint, config_get(message, "id")),
			 "name what identifies a message, if anything does",
			 "messages carry no identity, so a message delivered twice counts twice");
	}
	if (!contract->has_event_time) {
		lint_add(lint, LINT_EVENT_TIME_MISSING, lint_in_contract(lint, message),
			 "name the message's business time stamp, if it has one",
			 "without message.event_time the moment of capture decides the week");
	}
	check_unused(lint);
	if (contract->request_schema_json == NULL) {
		lint_add(lint, LINT_REQUEST_SCHEMA_MISSING,
			 lint_in_contract(lint, config_get(contract->root, "schemas")), "add schemas.request",
			 "there is no request schema, so messages and the paths into them are not checked");
		return;
	}
	check_message(lint);
	check_classified(lint, "data.internal");
	check_classified(lint, "data.pii");
	check_prompts(lint);
}
