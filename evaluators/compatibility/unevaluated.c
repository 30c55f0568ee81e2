/* unevaluatedProperties: members that neither the schema nor what it surely includes (allOf, $ref) speaks of. */
#include "evaluators/compatibility/internal.h"

enum { DEPTH_MAX = 8 };

static bool is_spoken_of(const struct json_node *schema, struct span name)
{
	const struct json_node *patterns = json_get_text(schema, "patternProperties");
	if (json_get(json_get_text(schema, "properties"), name) != NULL ||
	    json_get_text(schema, "additionalProperties") != NULL) {
		return true;
	}
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		if (reach_matches(one, name) == REACH_YES) {
			return true;
		}
	}
	return false;
}

/* `name` of NULL data: all members, whatever their names. */
static bool evaluates(const struct comparison *comparison, const struct json_node *schema, struct span name, int depth)
{
	const struct json_node *all = json_get_text(schema, "allOf");
	bool spoken =
		name.data != NULL ? is_spoken_of(schema, name) : json_get_text(schema, "additionalProperties") != NULL;
	for (const struct json_node *one = json_first(all); !spoken && depth > 0 && one != NULL;
	     one = json_next(all, one)) {
		spoken = evaluates(comparison, one, name, depth - 1);
	}
	if (!spoken && depth > 0 && json_get_text(schema, "$ref") != NULL) {
		const struct json_node *target = reach_follow(comparison->taking, schema, "$ref");
		spoken = target != NULL && evaluates(comparison, target, name, depth - 1);
	}
	return spoken;
}

static bool takes_name(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		       const struct json_node *value, struct span name)
{
	struct reach_place member = reach_case_member(comparison->given, given, name);
	if (member.presence == REACH_IMPOSSIBLE || evaluates(comparison, taking, name, DEPTH_MAX)) {
		return true;
	}
	if (json_is(value, JSON_FALSE)) {
		return compatibility_break(comparison, "unevaluatedProperties",
					   "%s allows the field \"%.*s\", %s does not", comparison->given_name,
					   SPAN_ARGUMENTS(name), comparison->taking_name);
	}
	size_t before = compatibility_enter(comparison, name);
	bool takes = takes_place(comparison, &member, value);
	compatibility_leave(comparison, before);
	return takes;
}

bool given_is_closed(const struct comparison *comparison, const struct reach_case *given)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *schema = given->schemas[i];
		bool patterned = json_count(json_get_text(schema, "patternProperties")) > 0;
		if (json_is(json_get_text(schema, "additionalProperties"), JSON_FALSE) && !patterned) {
			return true;
		}
		if (comparison->given->dialect > 7 &&
		    json_is(json_get_text(schema, "unevaluatedProperties"), JSON_FALSE) &&
		    !reach_may_evaluate(comparison->given, schema, (struct span){NULL, 0})) {
			return true;
		}
	}
	return false;
}

bool takes_unevaluated_properties(struct comparison *comparison, const struct reach_case *given,
				  const struct json_node *taking, const struct json_node *value)
{
	struct reach_names names = reach_case_names(comparison->given, given);
	bool takes = true;
	if (json_is(value, JSON_TRUE)) {
		return true;
	}
	for (size_t i = 0; i < names.count; i++) {
		takes = takes_name(comparison, given, taking, value, names.list[i]) && takes;
	}
	if (given_is_closed(comparison, given) || evaluates(comparison, taking, (struct span){NULL, 0}, DEPTH_MAX)) {
		return takes;
	}
	return compatibility_undecided(comparison, "unevaluatedProperties",
				       "%s lets undeclared fields pass, %s looks at them by unevaluatedProperties",
				       comparison->given_name, comparison->taking_name);
}
