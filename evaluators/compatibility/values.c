/* Types, listed values, numbers and texts. */
#include "evaluators/compatibility/internal.h"

#include "harness/base/decimal.h"

enum { SHOWN_MAX = 60 };

static void name_types(unsigned types, char *text, size_t size)
{
	static const struct {
		unsigned bit;
		const char *name;
	} rows[] = {{REACH_NULL, "null"},       {REACH_BOOLEAN, "boolean"}, {REACH_INTEGER, "integer"},
		    {REACH_FRACTION, "number"}, {REACH_STRING, "string"},   {REACH_ARRAY, "array"},
		    {REACH_OBJECT, "object"}};
	size_t length = 0;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t more = strlen(rows[i].name) + 2;
		bool whole = rows[i].bit == REACH_INTEGER && (types & REACH_FRACTION) != 0; /* "number" says it */
		if ((types & rows[i].bit) == 0 || whole || length + more >= size) {
			continue;
		}
		length +=
			(size_t)(stpcpy(stpcpy(text + length, length > 0 ? ", " : ""), rows[i].name) - (text + length));
	}
}

bool takes_type(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		const struct json_node *value)
{
	(void)taking;
	char names[100];
	unsigned missing = reach_case_types(given) & ~reach_types_named(value);
	if (missing == 0) {
		return true;
	}
	if (reach_case_types(given) == REACH_ANY) {
		return compatibility_break(comparison, "type", "%s allows any type, %s does not",
					   comparison->given_name, comparison->taking_name);
	}
	name_types(missing, names, sizeof(names));
	return compatibility_break(comparison, "type", "%s allows the type %s, %s does not", comparison->given_name,
				   names, comparison->taking_name);
}

/* --- listed values --- */

static bool lists(const struct json_node *list, const struct json_node *value)
{
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (json_equal(item, value)) {
			return true;
		}
	}
	return false;
}

static bool takes_list(struct comparison *comparison, const struct reach_case *given, const char *keyword,
		       const struct json_node *list, const struct json_node *constant)
{
	struct reach_values values;
	if (!reach_case_values(comparison->given, given, &values)) {
		return compatibility_break(comparison, keyword, "%s allows only listed values, %s allows others",
					   comparison->taking_name, comparison->given_name);
	}
	bool takes = true;
	for (size_t i = 0; i < values.count; i++) {
		bool listed = constant != NULL ? json_equal(constant, values.list[i]) : lists(list, values.list[i]);
		if (!listed) {
			struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
			json_write(&text, values.list[i]);
			struct span shown = buffer_span(&text);
			takes = compatibility_break(comparison, keyword, "%s allows the value %.*s, %s does not",
						    comparison->given_name,
						    (int)(shown.length < SHOWN_MAX ? shown.length : SHOWN_MAX),
						    shown.data, comparison->taking_name);
		}
	}
	return takes;
}

bool takes_enum(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		const struct json_node *value)
{
	(void)taking;
	return takes_list(comparison, given, "enum", value, NULL);
}

bool takes_const(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		 const struct json_node *value)
{
	(void)taking;
	return takes_list(comparison, given, "const", NULL, value);
}

/* --- bounds --- */

/* -1, 0, 1; false where one of the numbers is absent or past the limits of base/decimal. */
static bool order(const struct json_node *a, const struct json_node *b, int *ret_order)
{
	struct decimal first;
	struct decimal second;
	if (!json_is(a, JSON_NUMBER) || !json_is(b, JSON_NUMBER) || !decimal_parse(json_text(a), &first, NULL) ||
	    !decimal_parse(json_text(b), &second, NULL)) {
		return false;
	}
	*ret_order = decimal_order(&first, &second);
	return true;
}

/* `bound` of the case is at least as tight as `value`: sign 1 where larger is tighter. */
static bool is_tight(const struct json_node *bound, const struct json_node *value, int sign, bool or_equal)
{
	int by;
	return order(bound, value, &by) && (by * sign > 0 || (or_equal && by == 0));
}

static bool break_bound(struct comparison *comparison, const char *keyword, const struct json_node *bound,
			const struct json_node *value)
{
	if (bound == NULL) {
		return compatibility_break(comparison, keyword, "%s has %s %.*s, %s has none", comparison->taking_name,
					   keyword, SPAN_ARGUMENTS(json_text(value)), comparison->given_name);
	}
	return compatibility_break(comparison, keyword, "%s has %s %.*s, %s has %.*s", comparison->taking_name, keyword,
				   SPAN_ARGUMENTS(json_text(value)), comparison->given_name,
				   SPAN_ARGUMENTS(json_text(bound)));
}

bool takes_minimum(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		   const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_greatest(given, "minimum");
	return is_tight(bound, value, 1, true) || is_tight(reach_greatest(given, "exclusiveMinimum"), value, 1, true) ||
	       break_bound(comparison, "minimum", bound, value);
}

bool takes_exclusive_minimum(struct comparison *comparison, const struct reach_case *given,
			     const struct json_node *taking, const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_greatest(given, "exclusiveMinimum");
	return is_tight(bound, value, 1, true) || is_tight(reach_greatest(given, "minimum"), value, 1, false) ||
	       break_bound(comparison, "exclusiveMinimum", bound, value);
}

bool takes_maximum(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		   const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_least(given, "maximum");
	return is_tight(bound, value, -1, true) || is_tight(reach_least(given, "exclusiveMaximum"), value, -1, true) ||
	       break_bound(comparison, "maximum", bound, value);
}

bool takes_exclusive_maximum(struct comparison *comparison, const struct reach_case *given,
			     const struct json_node *taking, const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_least(given, "exclusiveMaximum");
	return is_tight(bound, value, -1, true) || is_tight(reach_least(given, "maximum"), value, -1, false) ||
	       break_bound(comparison, "exclusiveMaximum", bound, value);
}

static bool is_number(const struct json_node *node, int64_t number)
{
	struct decimal value;
	int64_t scaled;
	return json_is(node, JSON_NUMBER) && decimal_parse(json_text(node), &value, NULL) &&
	       decimal_is_integer(&value) && decimal_to_scaled(&value, 0, &scaled, NULL) && scaled == number;
}

/* A schema {"multipleOf": value} for the validator, as three entries of a tape. */
bool takes_multiple(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		    const struct json_node *value)
{
	(void)taking;
	struct json_node schema[3] = {
		{.type = JSON_OBJECT, .length = 1, .span = 3},
		{.type = JSON_STRING, .text = "multipleOf", .length = 10, .span = 1},
		*value,
	};
	if ((reach_case_types(given) & REACH_FRACTION) == 0 && is_number(value, 1)) {
		return true;
	}
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *step = json_get_text(given->schemas[i], "multipleOf");
		if (step != NULL && (json_equal(step, value) || reach_keeps(schema, step) == REACH_YES)) {
			return true;
		}
	}
	return compatibility_break(comparison, "multipleOf", "%s allows only multiples of %.*s, %s allows others",
				   comparison->taking_name, SPAN_ARGUMENTS(json_text(value)), comparison->given_name);
}

/* --- texts --- */

bool takes_min_length(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		      const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_greatest(given, "minLength");
	return is_number(value, 0) || is_tight(bound, value, 1, true) ||
	       break_bound(comparison, "minLength", bound, value);
}

bool takes_max_length(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		      const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_least(given, "maxLength");
	return is_tight(bound, value, -1, true) || break_bound(comparison, "maxLength", bound, value);
}

static bool takes_word(struct comparison *comparison, const struct reach_case *given, const char *keyword,
		       const struct json_node *value)
{
	bool other = false;
	for (size_t i = 0; i < given->count; i++) {
		const struct json_node *word = json_get_text(given->schemas[i], keyword);
		if (json_equal(word, value)) {
			return true;
		}
		other = other || word != NULL;
	}
	if (!other) {
		return compatibility_break(comparison, keyword, "%s has a %s, %s has none", comparison->taking_name,
					   keyword, comparison->given_name);
	}
	return compatibility_undecided(comparison, keyword,
				       "the two schemas have different %ss, which are not compared", keyword);
}

bool takes_pattern(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		   const struct json_node *value)
{
	(void)taking;
	return takes_word(comparison, given, "pattern", value);
}

bool takes_format(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		  const struct json_node *value)
{
	(void)taking;
	return takes_word(comparison, given, "format", value);
}

/* --- counts --- */

static uint64_t required_count(struct comparison *comparison, const struct reach_case *given)
{
	struct reach_names names = reach_case_names(comparison->given, given);
	uint64_t count = 0;
	for (size_t i = 0; i < names.count; i++) {
		count += given_requires(given, names.list[i]);
	}
	return count;
}

static bool is_at_least(uint64_t count, const struct json_node *value)
{
	struct decimal number;
	int64_t scaled;
	return decimal_parse(json_text(value), &number, NULL) && decimal_to_scaled(&number, 0, &scaled, NULL) &&
	       scaled >= 0 && count >= (uint64_t)scaled;
}

bool takes_min_properties(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
			  const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_greatest(given, "minProperties");
	return is_number(value, 0) || is_tight(bound, value, 1, true) ||
	       is_at_least(required_count(comparison, given), value) ||
	       break_bound(comparison, "minProperties", bound, value);
}

bool takes_max_properties(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
			  const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_least(given, "maxProperties");
	return is_tight(bound, value, -1, true) || break_bound(comparison, "maxProperties", bound, value);
}

bool takes_min_items(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		     const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_greatest(given, "minItems");
	return is_number(value, 0) || is_tight(bound, value, 1, true) ||
	       break_bound(comparison, "minItems", bound, value);
}

bool takes_max_items(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		     const struct json_node *value)
{
	(void)taking;
	const struct json_node *bound = reach_least(given, "maxItems");
	return is_tight(bound, value, -1, true) || break_bound(comparison, "maxItems", bound, value);
}

/* Arrays of at most one item have no item twice. */
bool takes_unique(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking,
		  const struct json_node *value)
{
	(void)taking;
	const struct json_node *most = reach_least(given, "maxItems");
	if (!json_is(value, JSON_TRUE) || is_number(most, 0) || is_number(most, 1)) {
		return true;
	}
	for (size_t i = 0; i < given->count; i++) {
		if (json_is(json_get_text(given->schemas[i], "uniqueItems"), JSON_TRUE)) {
			return true;
		}
	}
	return compatibility_break(comparison, "uniqueItems", "%s allows no item twice, %s does",
				   comparison->taking_name, comparison->given_name);
}
