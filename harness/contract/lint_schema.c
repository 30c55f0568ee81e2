/* The response schema itself: how open it is, and how long a reply can be. */
#include "harness/contract/config.h"
#include "harness/contract/lint_internal.h"

#include <inttypes.h>

enum {
	DEEP_MAX = 16,
	SEEN_MAX = 500,
	POINTER_MAX = 1 << 12,
	BYTES_PER_TOKEN = 3,      /* of JSON, carefully: for "may not fit" */
	BYTES_PER_TOKEN_BEST = 6, /* of JSON, generously: for "can never fit" */
};

/* --- openness --- */

struct visit {
	struct lint *lint;
	const struct json_node *seen[SEEN_MAX]; /* schemas of places already met: recursion ends here */
	size_t seen_count;
	struct buffer pointer;
};

static bool is_new(struct visit *visit, const struct json_node *schema)
{
	for (size_t i = 0; i < visit->seen_count; i++) {
		if (visit->seen[i] == schema) {
			return false;
		}
	}
	if (visit->seen_count == SEEN_MAX) {
		return false;
	}
	visit->seen[visit->seen_count++] = schema;
	return true;
}

/* A name that no schema declares by `properties`: it begins with a character that no reader would take for one. */
static bool lets_pass(struct visit *visit, const struct reach_case *one)
{
	struct reach_place member = reach_case_member(&visit->lint->response, one, SPAN("\x7funheard-of"));
	return member.presence == REACH_OPEN;
}

static const char *shown(const struct visit *visit)
{
	return visit->pointer.length > 0 && !visit->pointer.failed ? visit->pointer.data : "the reply";
}

static void meet_openness(struct visit *visit, const struct reach_place *place, const struct json_node *schema)
{
	for (size_t i = 0; i < place->count; i++) {
		const struct reach_case *one = &place->cases[i];
		unsigned types = reach_case_types(one);
		struct reach_values values;
		if (reach_case_values(&visit->lint->response, one, &values)) {
			continue;
		}
		if (types == REACH_ANY && reach_case_names(&visit->lint->response, one).count == 0) {
			lint_add(visit->lint, LINT_SCHEMA_OPEN, lint_in_response(visit->lint, schema),
				 "declare its type", "%s may be a value of any kind", shown(visit));
			return;
		}
		if ((types & REACH_OBJECT) != 0 && lets_pass(visit, one)) {
			lint_add(
				visit->lint, LINT_SCHEMA_OPEN, lint_in_response(visit->lint, schema),
				"write \"additionalProperties\": false (with allOf or $ref: \"unevaluatedProperties\": "
				"false)",
				"undeclared fields of %s pass unseen", shown(visit));
			return;
		}
	}
}

static void walk(struct visit *visit, const struct reach_place *place, int depth);

static void enter(struct visit *visit, const struct reach_place *place, struct span token, int depth)
{
	size_t before = visit->pointer.length;
	if (place->presence == REACH_IMPOSSIBLE) {
		return;
	}
	select_append_token(&visit->pointer, token);
	walk(visit, place, depth + 1);
	if (!visit->pointer.failed) {
		visit->pointer.length = before;
		visit->pointer.data[before] = '\0';
	}
}

static void walk_case(struct visit *visit, const struct reach_case *one, int depth)
{
	struct reach *reach = &visit->lint->response;
	struct reach_names names = reach_case_names(reach, one);
	for (size_t i = 0; i < names.count; i++) {
		struct reach_place member = reach_case_member(reach, one, names.list[i]);
		enter(visit, &member, names.list[i], depth);
	}
	for (size_t i = 0; (reach_case_types(one) & REACH_ARRAY) != 0 && i <= reach_prefix_count(reach, one); i++) {
		struct reach_place item = reach_case_item(reach, one, i);
		if (item.presence > REACH_OPEN) {
			enter(visit, &item, SPAN("*"), depth);
		}
	}
}

static void walk(struct visit *visit, const struct reach_place *place, int depth)
{
	const struct json_node *schema = lint_schema_of(place);
	if (depth > DEEP_MAX || (schema != NULL && !is_new(visit, schema))) {
		return;
	}
	meet_openness(visit, place, schema);
	for (size_t i = 0; i < place->count; i++) {
		walk_case(visit, &place->cases[i], depth);
	}
}

/* --- length --- */

static void check_length(struct lint *lint)
{
	struct reach_place root = reach_root(&lint->response);
	struct reach_size size = reach_size_of(&lint->response, &root);
	const struct contract *contract = lint->contract;
	const struct json_node *limit = config_get(contract->root, "limits.output_tokens");
	uint64_t tokens = (uint64_t)contract->limit_output_tokens;
	struct lint_place at = lint_in_contract(lint, limit != NULL ? limit : config_get(contract->root, "limits"));
	if (size.least / BYTES_PER_TOKEN_BEST > tokens) {
		lint_add(lint, LINT_LIMIT_BELOW_SCHEMA, at, "raise the limit, or shorten the reply's schema",
			 "limits.output_tokens is %" PRIu64 ", and the smallest valid reply has %" PRIu64 " bytes",
			 tokens, size.least);
	} else if (size.most == REACH_UNBOUNDED) {
		lint_add(lint, LINT_LIMIT_UNBOUNDED, at, "add a bound to the schema, so that no valid reply is cut off",
			 "the schema alone can exceed limits.output_tokens: %s %s",
			 size.unbounded[0] != '\0' ? size.unbounded : "the reply", size.reason);
	} else if (size.most / BYTES_PER_TOKEN > tokens) {
		lint_add(lint, LINT_LIMIT_EXCEEDED_BY_SCHEMA, at, "raise the limit, or lower the bounds in the schema",
			 "the longest valid reply has about %" PRIu64 " tokens (%" PRIu64
			 " bytes), and limits.output_tokens is %" PRIu64,
			 size.most / BYTES_PER_TOKEN, size.most, tokens);
	}
}

void lint_schema(struct lint *lint)
{
	struct visit visit = {.lint = lint, .pointer = BUFFER_INIT(POINTER_MAX)};
	struct reach_place root = reach_root(&lint->response);
	walk(&visit, &root, 0);
	buffer_finish(&visit.pointer);
	check_length(lint);
}
