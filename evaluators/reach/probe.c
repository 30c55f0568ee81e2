/* Questions about single values, answered by the validator itself, so that both mean the same. */
#include "evaluators/reach/reach.h"

#include "evaluators/schema/schema.h"

static struct schema *compile(const struct json_node *document, struct error *err)
{
	return schema_create(document, NULL, err);
}

bool reach_check(const struct json_node *schema, struct error *err)
{
	struct schema *compiled = compile(schema, err);
	schema_destroy(compiled);
	return compiled != NULL;
}

enum reach_answer reach_keeps(const struct json_node *schema, const struct json_node *value)
{
	struct schema *compiled = compile(schema, NULL);
	if (compiled == NULL) {
		return REACH_UNKNOWN;
	}
	bool kept = schema_validate(compiled, value, NULL);
	schema_destroy(compiled);
	return kept ? REACH_YES : REACH_NO;
}

/* A schema {"pattern": ...} is three entries of a tape. */
enum reach_answer reach_matches(const struct json_node *pattern, struct span text)
{
	if (!json_is(pattern, JSON_STRING) || text.length > UINT32_MAX) {
		return REACH_UNKNOWN;
	}
	struct json_node schema[3] = {
		{.type = JSON_OBJECT, .length = 1, .span = 3},
		{.type = JSON_STRING, .text = "pattern", .length = 7, .span = 1},
		*pattern,
	};
	struct json_node value = {.type = JSON_STRING, .text = text.data, .length = (uint32_t)text.length, .span = 1};
	return reach_keeps(schema, &value);
}
