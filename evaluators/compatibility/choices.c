/* Keywords that put schemas together. */
#include "evaluators/compatibility/internal.h"

/* --- references --- */

static bool takes_target(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
			 const char *keyword)
{
	const struct json_node *target = reach_follow(comparison->taking, taking, keyword);
	if (target == NULL) {
		return compatibility_undecided(comparison, keyword, "%s of %s cannot be followed inside the document",
					       keyword, comparison->taking_name);
	}
	return takes_case(comparison, given, target);
}

bool takes_reference(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		     const struct json_node *value)
{
	(void)value;
	return takes_target(comparison, given, taking, "$ref");
}

bool takes_dynamic_reference(struct comparison *comparison, const struct reach_case *given,
			     const struct json_node *taking, const struct json_node *value)
{
	(void)value;
	return takes_target(comparison, given, taking, "$dynamicRef");
}

bool takes_recursive_reference(struct comparison *comparison, const struct reach_case *given,
			       const struct json_node *taking, const struct json_node *value)
{
	(void)value;
	return takes_target(comparison, given, taking, "$recursiveRef");
}

/* --- choices --- */

bool takes_all(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
	       const struct json_node *value)
{
	(void)taking;
	bool takes = true;
	for (const struct json_node *one = json_first(value); one != NULL; one = json_next(value, one)) {
		takes = takes_case(comparison, given, one) && takes;
	}
	return takes;
}

static bool takes_some(struct comparison *comparison, const struct reach_case *given, const struct json_node *choices,
		       const struct json_node **ret_choice)
{
	for (const struct json_node *one = json_first(choices); one != NULL; one = json_next(choices, one)) {
		if (takes_on_trial(comparison, given, one)) {
			*ret_choice = one;
			return true;
		}
	}
	return false;
}

/* Schemas {"type": NAME}, each three entries of a tape, that part a value of several types. */
#define TYPE_SCHEMA(name)                                                                                              \
	{                                                                                                              \
		{.type = JSON_OBJECT, .length = 1, .span = 3},                                                         \
			{.type = JSON_STRING, .text = "type", .length = 4, .span = 1},                                 \
		{                                                                                                      \
			.type = JSON_STRING, .text = (name), .length = sizeof(name) - 1, .span = 1                     \
		}                                                                                                      \
	}
static const struct json_node parted[][3] = {
	TYPE_SCHEMA("null"),   TYPE_SCHEMA("boolean"), TYPE_SCHEMA("number"),
	TYPE_SCHEMA("string"), TYPE_SCHEMA("array"),   TYPE_SCHEMA("object"),
};

/* The case, narrowed to one type; false where it cannot have that type. */
static bool narrow(struct comparison *comparison, const struct reach_case *given, size_t part,
		   struct reach_case *ret_case)
{
	struct reach_case narrowed = {.count = given->count + 1};
	narrowed.schemas = arena_allocate_array(comparison->arena, narrowed.count, sizeof(*narrowed.schemas));
	if (narrowed.schemas == NULL) {
		comparison->failed = true;
		return false;
	}
	for (size_t i = 0; i < given->count; i++) {
		narrowed.schemas[i] = given->schemas[i];
	}
	narrowed.schemas[given->count] = parted[part];
	*ret_case = narrowed;
	return reach_case_types(&narrowed) != 0;
}

typedef bool choice_check(struct comparison *comparison, const struct reach_case *given,
			  const struct json_node *choices);

/* A choice that takes the whole case, or one for each of its types. */
static bool takes_choice(struct comparison *comparison, const struct reach_case *given, const struct json_node *choices,
			 choice_check *check)
{
	if (check(comparison, given, choices)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(parted) / sizeof(parted[0]); i++) {
		struct reach_case part;
		if (narrow(comparison, given, i, &part) && !check(comparison, &part, choices)) {
			return false;
		}
	}
	return !comparison->failed;
}

static bool any_takes(struct comparison *comparison, const struct reach_case *given, const struct json_node *choices)
{
	const struct json_node *choice;
	return takes_some(comparison, given, choices, &choice);
}

bool takes_any(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
	       const struct json_node *value)
{
	(void)taking;
	return takes_choice(comparison, given, value, any_takes) ||
	       compatibility_undecided(comparison, "anyOf", "no single branch of anyOf in %s takes what %s allows here",
				       comparison->taking_name, comparison->given_name);
}

static bool one_takes(struct comparison *comparison, const struct reach_case *given, const struct json_node *choices)
{
	const struct json_node *choice = NULL;
	if (!takes_some(comparison, given, choices, &choice)) {
		return false;
	}
	for (const struct json_node *one = json_first(choices); one != NULL; one = json_next(choices, one)) {
		if (one != choice && !excludes_schema(comparison, given, one)) {
			return false;
		}
	}
	return true;
}

bool takes_one(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
	       const struct json_node *value)
{
	(void)taking;
	return given_has_same(comparison, given, "oneOf", value) || takes_choice(comparison, given, value, one_takes) ||
	       compatibility_undecided(
		       comparison, "oneOf",
		       "it is not clear that exactly one branch of oneOf in %s takes what %s allows here",
		       comparison->taking_name, comparison->given_name);
}

bool takes_not(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
	       const struct json_node *value)
{
	(void)taking;
	return given_has_same(comparison, given, "not", value) || excludes_schema(comparison, given, value) ||
	       compatibility_undecided(comparison, "not", "%s excludes something by not, and %s may allow it",
				       comparison->taking_name, comparison->given_name);
}

/* --- conditions --- */

static bool both_same(const struct json_node *one, const struct json_node *other)
{
	return (one == NULL && other == NULL) || json_equal(one, other);
}

static bool has_same_condition(const struct comparison *comparison, const struct reach_case *given,
			       const struct json_node *taking)
{
	static const char *const parts[] = {"if", "then", "else"};
	if (comparison->given->dialect != comparison->taking->dialect) {
		return false;
	}
	for (size_t i = 0; i < given->count; i++) {
		bool same = true;
		for (size_t k = 0; k < 3; k++) {
			const struct json_node *own = json_get_text(taking, parts[k]);
			same = same && both_same(json_get_text(given->schemas[i], parts[k]), own) &&
			       (own == NULL || !has_reference(own));
		}
		if (same) {
			return true;
		}
	}
	return false;
}

/* What both branches take is taken whatever the condition says. */
bool takes_if(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
	      const struct json_node *value)
{
	(void)value;
	const struct json_node *then_schema = json_get_text(taking, "then");
	const struct json_node *else_schema = json_get_text(taking, "else");
	return has_same_condition(comparison, given, taking) ||
	       ((then_schema == NULL || takes_on_trial(comparison, given, then_schema)) &&
		(else_schema == NULL || takes_on_trial(comparison, given, else_schema))) ||
	       compatibility_undecided(comparison, "if", "%s has a condition (if) that is not the same in %s",
				       comparison->taking_name, comparison->given_name);
}

/* --- keywords that depend on names --- */

static bool is_possible(struct comparison *comparison, const struct reach_case *given, struct span name)
{
	return reach_case_member(comparison->given, given, name).presence != REACH_IMPOSSIBLE;
}

static bool takes_dependent_names(struct comparison *comparison, const struct reach_case *given, const char *keyword,
				  const struct json_node *name)
{
	const struct json_node *list = json_member(name);
	bool takes = !is_possible(comparison, given, json_text(name));
	bool all = true;
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		all = all && given_requires(given, json_text(item));
	}
	for (size_t i = 0; i < given->count && comparison->given->dialect == comparison->taking->dialect; i++) {
		takes = takes || json_equal(json_get(json_get_text(given->schemas[i], keyword), json_text(name)), list);
	}
	return takes || all ||
	       compatibility_break(comparison, keyword, "%s requires further fields where \"%.*s\" is, %s does not",
				   comparison->taking_name, SPAN_ARGUMENTS(json_text(name)), comparison->given_name);
}

bool takes_dependent_required(struct comparison *comparison, const struct reach_case *given,
			      const struct json_node *taking, const struct json_node *value)
{
	(void)taking;
	bool takes = true;
	for (const struct json_node *name = json_first(value); name != NULL; name = json_next(value, name)) {
		takes = takes_dependent_names(comparison, given, "dependentRequired", name) && takes;
	}
	return takes;
}

static bool takes_dependent_schema(struct comparison *comparison, const struct reach_case *given, const char *keyword,
				   const struct json_node *name)
{
	const struct json_node *schema = json_member(name);
	bool same = false;
	for (size_t i = 0; i < given->count && comparison->given->dialect == comparison->taking->dialect; i++) {
		const struct json_node *own = json_get(json_get_text(given->schemas[i], keyword), json_text(name));
		same = same || (json_equal(own, schema) && !has_reference(schema));
	}
	return same || !is_possible(comparison, given, json_text(name)) || takes_on_trial(comparison, given, schema) ||
	       compatibility_undecided(comparison, keyword, "%s asks for more where \"%.*s\" is, %s may not",
				       comparison->taking_name, SPAN_ARGUMENTS(json_text(name)),
				       comparison->given_name);
}

/* dependentSchemas, and dependencies of the older drafts, whose values may be lists of names. */
bool takes_dependent_schemas(struct comparison *comparison, const struct reach_case *given,
			     const struct json_node *taking, const struct json_node *value)
{
	const char *keyword = value == json_get_text(taking, "dependencies") ? "dependencies" : "dependentSchemas";
	bool takes = true;
	for (const struct json_node *name = json_first(value); name != NULL; name = json_next(value, name)) {
		takes = (json_is(json_member(name), JSON_ARRAY)
				 ? takes_dependent_names(comparison, given, keyword, name)
				 : takes_dependent_schema(comparison, given, keyword, name)) &&
			takes;
	}
	return takes;
}

static bool names_keep(struct comparison *comparison, const struct reach_case *given, const struct json_node *schema)
{
	struct reach_names names = reach_case_names(comparison->given, given);
	for (size_t i = 0; i < names.count; i++) {
		struct json_node name = {.type = JSON_STRING,
					 .text = names.list[i].data,
					 .length = (uint32_t)names.list[i].length,
					 .span = 1};
		if (is_possible(comparison, given, names.list[i]) && reach_keeps(schema, &name) != REACH_YES) {
			return false;
		}
	}
	return true;
}

bool takes_property_names(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
			  const struct json_node *value)
{
	(void)taking;
	bool askable = !has_reference(value) && !has_name(value, "format");
	return given_has_same(comparison, given, "propertyNames", value) ||
	       (askable && given_is_closed(comparison, given) && names_keep(comparison, given, value)) ||
	       compatibility_undecided(comparison, "propertyNames", "%s limits the names of fields, %s may not",
				       comparison->taking_name, comparison->given_name);
}
