#include "evaluators/schema/keywords.h"

#include <stdlib.h>

/* Sorted by name. */
static const struct schema_keyword keywords[] = {
	{"$comment", NULL},
	{"$id", NULL},
	{"$schema", schema_compile_dialect},
	{"additionalProperties", schema_compile_additional},
	{"const", schema_compile_const},
	{"default", NULL},
	{"deprecated", NULL},
	{"description", NULL},
	{"enum", schema_compile_enum},
	{"examples", NULL},
	{"exclusiveMaximum", schema_compile_exclusive_maximum},
	{"exclusiveMinimum", schema_compile_exclusive_minimum},
	{"items", schema_compile_items},
	{"maxItems", schema_compile_max_items},
	{"maxLength", schema_compile_max_length},
	{"maximum", schema_compile_maximum},
	{"minItems", schema_compile_min_items},
	{"minLength", schema_compile_min_length},
	{"minimum", schema_compile_minimum},
	{"pattern", schema_compile_pattern},
	{"properties", schema_compile_properties},
	{"readOnly", NULL},
	{"required", schema_compile_required},
	{"title", NULL},
	{"type", schema_compile_type},
	{"writeOnly", NULL},
};

static int compare_name(const void *key, const void *row)
{
	return span_order(*(const struct span *)key, span_of(((const struct schema_keyword *)row)->name));
}

const struct schema_keyword *schema_keyword_find(struct span name)
{
	return bsearch(&name, keywords, sizeof(keywords) / sizeof(keywords[0]), sizeof(keywords[0]), compare_name);
}
