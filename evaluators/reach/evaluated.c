/* unevaluatedProperties and unevaluatedItems: what may have been evaluated before they look.
 *
 * They see what their own schema object and all that it applies to the same value have evaluated, in whichever branches
 * the value happens to keep. So a member counts as evaluated where any of them may speak of it. */
#include "evaluators/reach/internal.h"

enum { DEPTH_MAX = 24, WORK_MAX = 20000 };

struct question {
	const struct reach *reach;
	struct span name; /* data NULL: a member that no schema names */
	size_t index;
	bool is_item;
	size_t work;
};

static bool may_speak(struct question *question, const struct json_node *schema, int depth);

static bool matches_some(const struct json_node *patterns, struct span name)
{
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		if (name.data == NULL || reach_matches(one, name) != REACH_NO) {
			return true;
		}
	}
	return false;
}

static bool speaks_of_name(const struct json_node *schema, struct span name)
{
	return (name.data != NULL && json_get(json_get_text(schema, "properties"), name) != NULL) ||
	       json_get_text(schema, "additionalProperties") != NULL ||
	       matches_some(json_get_text(schema, "patternProperties"), name);
}

static bool speaks_of_item(const struct question *question, const struct json_node *schema)
{
	return reach_item_schema(question->reach, schema, question->index) != NULL ||
	       json_get_text(schema, "contains") != NULL;
}

static bool some_may_speak(struct question *question, const struct json_node *list, int depth)
{
	for (const struct json_node *one = json_first(list); one != NULL; one = json_next(list, one)) {
		if (may_speak(question, json_is(list, JSON_OBJECT) ? json_member(one) : one, depth)) {
			return true;
		}
	}
	return false;
}

/* A reference that cannot be followed may speak of anything. */
static bool target_may_speak(struct question *question, const struct json_node *schema, const char *keyword, int depth)
{
	if (json_get_text(schema, keyword) == NULL) {
		return false;
	}
	const struct json_node *target = reach_follow(question->reach, schema, keyword);
	return target == NULL || may_speak(question, target, depth);
}

static bool applied_may_speak(struct question *question, const struct json_node *schema, int depth)
{
	static const char *const lists[] = {"allOf", "anyOf", "oneOf", "dependentSchemas"};
	static const char *const singles[] = {"if", "then", "else"};
	static const char *const references[] = {"$ref", "$dynamicRef", "$recursiveRef"};
	bool may = false;
	for (size_t i = 0; !may && i < sizeof(lists) / sizeof(lists[0]); i++) {
		may = some_may_speak(question, json_get_text(schema, lists[i]), depth);
	}
	for (size_t i = 0; !may && i < 3; i++) {
		const struct json_node *single = json_get_text(schema, singles[i]);
		may = (single != NULL && may_speak(question, single, depth)) ||
		      target_may_speak(question, schema, references[i], depth);
	}
	return may;
}

/* A schema that is applied, with unevaluated keywords of its own. */
static bool may_speak(struct question *question, const struct json_node *schema, int depth)
{
	const char *rest = question->is_item ? "unevaluatedItems" : "unevaluatedProperties";
	if (!json_is(schema, JSON_OBJECT)) {
		return false;
	}
	if (depth == 0 || ++question->work > WORK_MAX || json_get_text(schema, rest) != NULL) {
		return true;
	}
	return (question->is_item ? speaks_of_item(question, schema) : speaks_of_name(schema, question->name)) ||
	       applied_may_speak(question, schema, depth - 1);
}

static bool may_evaluate(struct question *question, const struct json_node *schema)
{
	return (question->is_item ? speaks_of_item(question, schema) : speaks_of_name(schema, question->name)) ||
	       applied_may_speak(question, schema, DEPTH_MAX);
}

bool reach_may_evaluate(const struct reach *reach, const struct json_node *schema, struct span name)
{
	struct question question = {.reach = reach, .name = name};
	return may_evaluate(&question, schema);
}

bool reach_may_evaluate_item(const struct reach *reach, const struct json_node *schema, size_t index)
{
	struct question question = {.reach = reach, .index = index, .is_item = true};
	return may_evaluate(&question, schema);
}
