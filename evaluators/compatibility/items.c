/* Items of arrays, and contains. */
#include "evaluators/compatibility/internal.h"

static bool takes_item(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		       size_t index)
{
	const struct json_node *schema = reach_item_schema(comparison->taking, taking, index);
	if (schema == NULL) {
		return true;
	}
	struct reach_place item = reach_case_item(comparison->given, given, index);
	if (item.presence == REACH_IMPOSSIBLE) {
		return true;
	}
	size_t before = compatibility_enter(comparison, SPAN("*"));
	bool takes = takes_place(comparison, &item, schema);
	compatibility_leave(comparison, before);
	return takes;
}

/* One by one as far as either side names them, then all the rest at once. */
bool takes_items(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	const struct reach_case own = {.schemas = &taking, .count = 1};
	size_t theirs = reach_prefix_count(comparison->given, given);
	size_t ours = reach_prefix_count(comparison->taking, &own);
	bool takes = true;
	for (size_t i = 0; i <= (ours > theirs ? ours : theirs); i++) {
		takes = takes_item(comparison, given, taking, i) && takes;
	}
	return takes;
}

static bool both_same(const struct json_node *one, const struct json_node *other)
{
	return (one == NULL && other == NULL) || json_equal(one, other);
}

bool takes_contains(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		    const struct json_node *value)
{
	static const char *const parts[] = {"contains", "minContains", "maxContains"};
	bool comparable = comparison->given->dialect == comparison->taking->dialect && !has_reference(value);
	for (size_t i = 0; comparable && i < given->count; i++) {
		bool same = true;
		for (size_t k = 0; k < 3; k++) {
			same = same &&
			       both_same(json_get_text(given->schemas[i], parts[k]), json_get_text(taking, parts[k]));
		}
		if (same) {
			return true;
		}
	}
	return compatibility_undecided(comparison, "contains", "%s has a contains that is not the same in %s",
				       comparison->taking_name, comparison->given_name);
}

/* Where `items` of the schema, or of what it includes, speaks of every item, nothing is left unevaluated. */
static bool evaluates_all_items(const struct comparison *comparison, const struct json_node *schema, int depth)
{
	const struct json_node *items = json_get_text(schema, "items");
	const struct json_node *all = json_get_text(schema, "allOf");
	if (json_is_boolean(items) || json_is(items, JSON_OBJECT)) {
		return true;
	}
	for (const struct json_node *one = json_first(all); depth > 0 && one != NULL; one = json_next(all, one)) {
		if (evaluates_all_items(comparison, one, depth - 1)) {
			return true;
		}
	}
	const struct json_node *target =
		json_get_text(schema, "$ref") != NULL ? reach_follow(comparison->taking, schema, "$ref") : NULL;
	return depth > 0 && target != NULL && evaluates_all_items(comparison, target, depth - 1);
}

bool takes_unevaluated_items(struct comparison *comparison, const struct reach_case *given,
			     const struct json_node *taking, const struct json_node *value)
{
	enum { DEPTH = 8 };
	(void)given;
	return json_is(value, JSON_TRUE) || evaluates_all_items(comparison, taking, DEPTH) ||
	       compatibility_undecided(comparison, "unevaluatedItems", "unevaluatedItems of %s cannot be compared",
				       comparison->taking_name);
}
