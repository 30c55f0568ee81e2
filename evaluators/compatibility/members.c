/* Objects and arrays: what stands inside them. */
#include "evaluators/compatibility/internal.h"

#include "harness/base/text.h"

bool given_requires(const struct reach_case *given, struct span name)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *list = json_get_text(given->schemas[i], "required");
		for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
			if (span_equal(json_text(item), name)) {
				return true;
			}
		}
	}
	return false;
}

bool takes_required(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		    const struct json_node *value)
{
	(void)taking;
	bool takes = true;
	for (const struct json_node *item = json_first(value); item != NULL; item = json_next(value, item)) {
		if (!given_requires(given, json_text(item))) {
			takes = compatibility_break(comparison, "required", "%s requires \"%.*s\", %s does not",
						    comparison->taking_name, SPAN_ARGUMENTS(json_text(item)),
						    comparison->given_name);
		}
	}
	return takes;
}

/* --- members by name --- */

/* May be anything at all. */
static bool is_free(const struct reach_place *place)
{
	return place->count == 1 && place->cases[0].count == 0;
}

static bool takes_member(struct comparison *comparison, const struct reach_place *member, struct span name,
			 const struct json_node *schema, bool declared)
{
	if (json_is(schema, JSON_FALSE) && !declared) {
		return compatibility_break(comparison, "additionalProperties",
					   "%s allows the field \"%.*s\", %s does not", comparison->given_name,
					   SPAN_ARGUMENTS(name), comparison->taking_name);
	}
	if (is_free(member) && member->presence == REACH_OPEN && declared) {
		return takes_on_trial(comparison, &member->cases[0], schema) ||
		       compatibility_break(comparison, "properties",
					   "%s says what \"%.*s\" must be, %s lets it be anything",
					   comparison->taking_name, SPAN_ARGUMENTS(name), comparison->given_name);
	}
	size_t before = compatibility_enter(comparison, name);
	bool takes = takes_place(comparison, member, schema);
	compatibility_leave(comparison, before);
	return takes;
}

/* All of patternProperties whose pattern the name matches. */
static bool takes_by_pattern(struct comparison *comparison, const struct reach_place *member, struct span name,
			     const struct json_node *patterns, bool *ret_matched)
{
	bool takes = true;
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		enum reach_answer answer = reach_matches(one, name);
		if (answer == REACH_UNKNOWN) {
			takes = compatibility_undecided(comparison, "patternProperties",
							"a pattern for names of fields cannot be evaluated");
		}
		if (answer == REACH_YES) {
			*ret_matched = true;
			takes = takes_member(comparison, member, name, json_member(one), true) && takes;
		}
	}
	return takes;
}

static bool takes_name(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		       struct span name)
{
	const struct json_node *property = json_get(json_get_text(taking, "properties"), name);
	const struct json_node *additional = json_get_text(taking, "additionalProperties");
	struct reach_place member = reach_case_member(comparison->given, given, name);
	bool matched = property != NULL;
	if (member.presence == REACH_IMPOSSIBLE) {
		return true;
	}
	bool takes = property == NULL || takes_member(comparison, &member, name, property, true);
	takes = takes_by_pattern(comparison, &member, name, json_get_text(taking, "patternProperties"), &matched) &&
		takes;
	if (!matched && additional != NULL) {
		takes = takes_member(comparison, &member, name, additional, false) && takes;
	}
	return takes;
}

static bool is_listed(const struct reach_names *names, struct span name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (span_equal(names->list[i], name)) {
			return true;
		}
	}
	return false;
}

static bool takes_names(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	struct reach_names names = reach_case_names(comparison->given, given);
	const struct json_node *properties = json_get_text(taking, "properties");
	bool takes = true;
	for (size_t i = 0; i < names.count; i++) {
		takes = takes_name(comparison, given, taking, names.list[i]) && takes;
	}
	for (const struct json_node *name = json_first(properties); name != NULL; name = json_next(properties, name)) {
		if (!is_listed(&names, json_text(name))) {
			takes = takes_name(comparison, given, taking, json_text(name)) && takes;
		}
	}
	return takes;
}

/* --- members that neither side names --- */

/* What such a member keeps: the schema of one pattern of the case, or what is left where none matches. */
struct rest {
	struct reach_place place;
	const struct json_node *pattern; /* NULL: none matches */
};

static const struct json_node *patterns_of(const struct reach_case *given, size_t *ret_owner)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *patterns = json_get_text(given->schemas[i], "patternProperties");
		if (json_count(patterns) > 0) {
			*ret_owner = i;
			return patterns;
		}
	}
	return NULL;
}

/* additionalProperties of the schemas without patterns, and of `owner`, whose patterns do not match. A further schema
 * with patterns is left out, which allows more. */
static struct rest rest_without_pattern(struct comparison *comparison, const struct reach_case *given, size_t owner)
{
	struct reach *reach = comparison->given;
	const struct json_node **schemas = arena_allocate_array(reach->arena, 2 * given->count, sizeof(*schemas));
	size_t count = 0;
	if (schemas == NULL) {
		reach->failed = true;
		return (struct rest){0};
	}
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *additional = json_get_text(given->schemas[i], "additionalProperties");
		bool patterned = json_count(json_get_text(given->schemas[i], "patternProperties")) > 0;
		if (additional != NULL && (!patterned || i == owner)) {
			schemas[count++] = additional;
		}
	}
	for (size_t i = 0; reach->dialect > 7 && i < given->count; i++) {
		const struct json_node *unevaluated = json_get_text(given->schemas[i], "unevaluatedProperties");
		if (unevaluated != NULL && !reach_may_evaluate(reach, given->schemas[i], (struct span){NULL, 0})) {
			schemas[count++] = unevaluated;
		}
	}
	return (struct rest){.place = reach_expand_all(reach, schemas, count)};
}

static bool takes_rest_by_pattern(struct comparison *comparison, const struct rest *rest,
				  const struct json_node *patterns, bool *ret_matched)
{
	bool takes = true;
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		*ret_matched =
			*ret_matched || (rest->pattern != NULL && span_equal(json_text(rest->pattern), json_text(one)));
		takes = takes_place(comparison, &rest->place, json_member(one)) && takes;
	}
	return takes;
}

static bool takes_rest(struct comparison *comparison, const struct rest *rest, const struct json_node *taking)
{
	const struct json_node *additional = json_get_text(taking, "additionalProperties");
	bool matched = false;
	if (rest->place.count == 0) {
		return true;
	}
	size_t before = compatibility_enter(comparison, SPAN("*"));
	bool takes = takes_rest_by_pattern(comparison, rest, json_get_text(taking, "patternProperties"), &matched);
	if (!matched && json_is(additional, JSON_FALSE)) {
		compatibility_leave(comparison, before);
		return compatibility_break(comparison, "additionalProperties",
					   "%s lets undeclared fields pass, %s does not", comparison->given_name,
					   comparison->taking_name);
	}
	if (!matched && additional != NULL) {
		takes = takes_place(comparison, &rest->place, additional) && takes;
	}
	compatibility_leave(comparison, before);
	return takes;
}

static bool takes_others(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	size_t owner = given->count;
	const struct json_node *patterns = patterns_of(given, &owner);
	struct rest rest = rest_without_pattern(comparison, given, owner);
	bool takes = takes_rest(comparison, &rest, taking);
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		rest = (struct rest){reach_expand(comparison->given, json_member(one)), one};
		takes = takes_rest(comparison, &rest, taking) && takes;
	}
	return takes;
}

bool takes_members(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	if (json_get_text(taking, "properties") == NULL && json_get_text(taking, "patternProperties") == NULL &&
	    json_get_text(taking, "additionalProperties") == NULL) {
		return true;
	}
	bool takes = takes_names(comparison, given, taking);
	return takes_others(comparison, given, taking) && takes;
}
