#include "harness/paths/openai.h"

enum { LEVELS_MAX = 10 };

static const char *const KEYWORDS[] = {
	"$defs",
	"$ref",
	"$schema",
	"additionalProperties",
	"anyOf",
	"const",
	"description",
	"enum",
	"exclusiveMaximum",
	"exclusiveMinimum",
	"format",
	"items",
	"maxItems",
	"maximum",
	"minItems",
	"minimum",
	"multipleOf",
	"pattern",
	"properties",
	"required",
	"title",
	"type",
};

static const char *const FORMATS[] = {"date", "date-time", "duration", "email", "hostname",
				      "ipv4", "ipv6",      "time",     "uuid"};

static bool is_listed(struct span word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(word, list[i])) {
			return true;
		}
	}
	return false;
}

static bool has_known_keywords(const struct json_node *schema)
{
	for (const struct json_node *name = json_first(schema); name != NULL; name = json_next(schema, name)) {
		if (!is_listed(json_text(name), KEYWORDS, sizeof(KEYWORDS) / sizeof(KEYWORDS[0]))) {
			return false;
		}
	}
	const struct json_node *format = json_get_text(schema, "format");
	return format == NULL || is_listed(json_text(format), FORMATS, sizeof(FORMATS) / sizeof(FORMATS[0]));
}

static bool is_required(const struct json_node *schema, struct span property)
{
	const struct json_node *required = json_get_text(schema, "required");
	for (size_t i = 0; i < json_count(required); i++) {
		if (span_equal(json_text(json_at(required, i)), property)) {
			return true;
		}
	}
	return false;
}

static bool names_type(const struct json_node *type, const char *name)
{
	if (json_is(type, JSON_STRING)) {
		return span_is(json_text(type), name);
	}
	for (size_t i = 0; i < json_count(type); i++) {
		if (span_is(json_text(json_at(type, i)), name)) {
			return true;
		}
	}
	return false;
}

static bool is_strict(const struct json_node *schema, int level);

/* All schemas of an object such as `properties` or `$defs`. */
static bool are_strict_members(const struct json_node *schemas, int level)
{
	for (const struct json_node *name = json_first(schemas); name != NULL; name = json_next(schemas, name)) {
		if (!is_strict(json_member(name), level)) {
			return false;
		}
	}
	return true;
}

static bool is_strict_object(const struct json_node *schema, int level)
{
	const struct json_node *properties = json_get_text(schema, "properties");
	if (!json_is(properties, JSON_OBJECT) || !json_is(json_get_text(schema, "additionalProperties"), JSON_FALSE)) {
		return false;
	}
	for (const struct json_node *name = json_first(properties); name != NULL; name = json_next(properties, name)) {
		if (!is_required(schema, json_text(name))) {
			return false;
		}
	}
	return are_strict_members(properties, level + 1);
}

static bool is_strict_choice(const struct json_node *choices, int level)
{
	for (size_t i = 0; i < json_count(choices); i++) {
		if (!is_strict(json_at(choices, i), level)) {
			return false;
		}
	}
	return true;
}

/* A type, a choice, a list of values, or a reference inside the schema. */
static bool says_what(const struct json_node *schema)
{
	struct span reference = json_text(json_get_text(schema, "$ref"));
	return json_get_text(schema, "type") != NULL || json_get_text(schema, "anyOf") != NULL ||
	       json_get_text(schema, "enum") != NULL || json_get_text(schema, "const") != NULL ||
	       (reference.length > 0 && reference.data[0] == '#');
}

static bool is_strict(const struct json_node *schema, int level)
{
	if (!json_is(schema, JSON_OBJECT) || level > LEVELS_MAX || !has_known_keywords(schema) || !says_what(schema)) {
		return false;
	}
	const struct json_node *type = json_get_text(schema, "type");
	if (names_type(type, "object") && !is_strict_object(schema, level)) {
		return false;
	}
	if (names_type(type, "array") && !is_strict(json_get_text(schema, "items"), level + 1)) {
		return false;
	}
	return is_strict_choice(json_get_text(schema, "anyOf"), level) &&
	       are_strict_members(json_get_text(schema, "$defs"), level);
}

bool openai_schema_is_strict(const struct json_node *schema)
{
	const struct json_node *type = json_get_text(schema, "type");
	return json_is(type, JSON_STRING) && span_is(json_text(type), "object") && is_strict(schema, 1);
}
