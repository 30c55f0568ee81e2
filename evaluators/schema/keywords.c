#include "evaluators/schema/keywords.h"

#include <stdlib.h>

enum {
	D20 = 1 << SCHEMA_DRAFT_2020_12,
	D19 = 1 << SCHEMA_DRAFT_2019_09,
	D7 = 1 << SCHEMA_DRAFT_7,
	D6 = 1 << SCHEMA_DRAFT_6,
	NEW = D20 | D19,
	SINCE_7 = NEW | D7,
	ALL = SINCE_7 | D6,
};

/* Sorted by name; a name that differs between drafts has a row for each. definitions and dependencies stay what they
 * were in the drafts that renamed them, as the metaschemas of those still say; deprecated is taken in all. */
static const struct schema_keyword keywords[] = {
	{"$anchor", schema_compile_anchor, NEW, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$comment", schema_compile_text, SINCE_7, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$defs", schema_compile_definitions, NEW, SCHEMA_CORE, SCHEMA_HOLDS_MAP},
	{"$dynamicAnchor", schema_compile_anchor, D20, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$dynamicRef", schema_compile_dynamic_reference, D20, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$id", schema_compile_id, ALL, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$recursiveAnchor", schema_compile_boolean, D19, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$recursiveRef", schema_compile_recursive_reference, D19, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$ref", schema_compile_reference, ALL, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$schema", schema_compile_text, ALL, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"$vocabulary", schema_compile_vocabulary, NEW, SCHEMA_CORE, SCHEMA_HOLDS_NOTHING},
	{"additionalItems", schema_compile_items, D19 | D7 | D6, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"additionalProperties", schema_compile_members, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"allOf", schema_compile_all_of, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_LIST},
	{"anyOf", schema_compile_any_of, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_LIST},
	{"const", schema_compile_const, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"contains", schema_compile_contains, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"contentEncoding", schema_compile_text, SINCE_7, SCHEMA_CONTENT, SCHEMA_HOLDS_NOTHING},
	{"contentMediaType", schema_compile_text, SINCE_7, SCHEMA_CONTENT, SCHEMA_HOLDS_NOTHING},
	{"contentSchema", schema_compile_one_definition, NEW, SCHEMA_CONTENT, SCHEMA_HOLDS_SCHEMA},
	{"default", NULL, ALL, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"definitions", schema_compile_definitions, ALL, SCHEMA_CORE, SCHEMA_HOLDS_MAP},
	{"dependencies", schema_compile_dependencies, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_MAP_OR_NAMES},
	{"dependentRequired", schema_compile_dependent_required, NEW, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"dependentSchemas", schema_compile_dependent_schemas, NEW, SCHEMA_APPLICATOR, SCHEMA_HOLDS_MAP},
	{"deprecated", schema_compile_boolean, ALL, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"description", schema_compile_text, ALL, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"else", schema_compile_condition, SINCE_7, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"enum", schema_compile_enum, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"examples", schema_compile_list, ALL, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"exclusiveMaximum", schema_compile_exclusive_maximum, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"exclusiveMinimum", schema_compile_exclusive_minimum, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"format", schema_compile_format, ALL, SCHEMA_FORMAT, SCHEMA_HOLDS_NOTHING},
	{"if", schema_compile_condition, SINCE_7, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"items", schema_compile_items, D20, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"items", schema_compile_items, D19 | D7 | D6, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA_OR_LIST},
	{"maxContains", schema_compile_contains_limit, NEW, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"maxItems", schema_compile_max_items, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"maxLength", schema_compile_max_length, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"maxProperties", schema_compile_max_properties, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"maximum", schema_compile_maximum, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"minContains", schema_compile_contains_limit, NEW, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"minItems", schema_compile_min_items, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"minLength", schema_compile_min_length, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"minProperties", schema_compile_min_properties, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"minimum", schema_compile_minimum, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"multipleOf", schema_compile_multiple_of, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"not", schema_compile_not, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"oneOf", schema_compile_one_of, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_LIST},
	{"pattern", schema_compile_pattern, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"patternProperties", schema_compile_members, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_MAP},
	{"prefixItems", schema_compile_items, D20, SCHEMA_APPLICATOR, SCHEMA_HOLDS_LIST},
	{"properties", schema_compile_members, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_MAP},
	{"propertyNames", schema_compile_property_names, ALL, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"readOnly", schema_compile_boolean, SINCE_7, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"required", schema_compile_required, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"then", schema_compile_condition, SINCE_7, SCHEMA_APPLICATOR, SCHEMA_HOLDS_SCHEMA},
	{"title", schema_compile_text, ALL, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
	{"type", schema_compile_type, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"unevaluatedItems", schema_compile_unevaluated, NEW, SCHEMA_UNEVALUATED, SCHEMA_HOLDS_SCHEMA},
	{"unevaluatedProperties", schema_compile_unevaluated, NEW, SCHEMA_UNEVALUATED, SCHEMA_HOLDS_SCHEMA},
	{"uniqueItems", schema_compile_unique_items, ALL, SCHEMA_VALIDATION, SCHEMA_HOLDS_NOTHING},
	{"writeOnly", schema_compile_boolean, SINCE_7, SCHEMA_METADATA, SCHEMA_HOLDS_NOTHING},
};
enum { KEYWORD_COUNT = sizeof(keywords) / sizeof(keywords[0]) };

static int compare_name(const void *key, const void *row)
{
	return span_order(*(const struct span *)key, span_of(((const struct schema_keyword *)row)->name));
}

/* Any row of that name. */
static const struct schema_keyword *find_row(struct span name)
{
	return bsearch(&name, keywords, KEYWORD_COUNT, sizeof(keywords[0]), compare_name);
}

const struct schema_keyword *schema_keyword_find(const struct schema_dialect *dialect, struct span name)
{
	const struct schema_keyword *row = find_row(name);
	unsigned int draft = 1U << dialect->draft;
	if (row == NULL) {
		return NULL;
	}
	/* back to the first row of that name */
	while (row > keywords && span_is(name, (row - 1)->name)) {
		row--;
	}
	for (; row < keywords + KEYWORD_COUNT && span_is(name, row->name); row++) {
		if ((row->drafts & draft) != 0) {
			return (dialect->vocabularies & row->vocabulary) != 0 ? row : NULL;
		}
	}
	return NULL;
}

const char *schema_keyword_home(struct span name)
{
	const struct schema_keyword *row = find_row(name);
	if (row == NULL) {
		return NULL;
	}
	return (row->drafts & D20) != 0 ? "2020-12" : (row->drafts & D19) != 0 ? "2019-09" : "7";
}
