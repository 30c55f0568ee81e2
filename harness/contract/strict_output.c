#include "harness/contract/strict_output.h"

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

struct search {
	struct strict_gap *gaps;
	size_t maximum;
	size_t count;
};

static void add(struct search *search, const struct json_node *schema, struct span subject, const char *sentence)
{
	if (search->count < search->maximum) {
		search->gaps[search->count] = (struct strict_gap){schema, subject, sentence};
	}
	search->count++;
}

static bool is_listed(struct span word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(word, list[i])) {
			return true;
		}
	}
	return false;
}

static bool lists(const struct json_node *names, struct span name)
{
	for (size_t i = 0; i < json_count(names); i++) {
		if (span_equal(json_text(json_at(names, i)), name)) {
			return true;
		}
	}
	return false;
}

static bool names_type(const struct json_node *type, struct span name)
{
	return json_is(type, JSON_STRING) ? span_equal(json_text(type), name) : lists(type, name);
}

static void meet_keywords(struct search *search, const struct json_node *schema)
{
	for (const struct json_node *name = json_first(schema); name != NULL; name = json_next(schema, name)) {
		if (!is_listed(json_text(name), KEYWORDS, sizeof(KEYWORDS) / sizeof(KEYWORDS[0]))) {
			add(search, schema, json_text(name), "is not among its keywords");
		}
	}
	const struct json_node *format = json_get_text(schema, "format");
	if (format != NULL && !is_listed(json_text(format), FORMATS, sizeof(FORMATS) / sizeof(FORMATS[0]))) {
		add(search, schema, json_text(format), "is not among its formats");
	}
}

/* A type, a choice, a list of values, or a reference inside the schema. */
static bool says_what(const struct json_node *schema)
{
	struct span reference = json_text(json_get_text(schema, "$ref"));
	return json_get_text(schema, "type") != NULL || json_get_text(schema, "anyOf") != NULL ||
	       json_get_text(schema, "enum") != NULL || json_get_text(schema, "const") != NULL ||
	       (reference.length > 0 && reference.data[0] == '#');
}

static void meet(struct search *search, const struct json_node *schema, int level);

/* All schemas of an object such as `properties` or `$defs`. */
static void meet_members(struct search *search, const struct json_node *schemas, int level)
{
	for (const struct json_node *name = json_first(schemas); name != NULL; name = json_next(schemas, name)) {
		meet(search, json_member(name), level);
	}
}

static void meet_object(struct search *search, const struct json_node *schema, int level)
{
	const struct json_node *properties = json_get_text(schema, "properties");
	if (!json_is(properties, JSON_OBJECT)) {
		add(search, schema, SPAN("properties"), "is missing in an object");
		return;
	}
	if (!json_is(json_get_text(schema, "additionalProperties"), JSON_FALSE)) {
		add(search, schema, SPAN("additionalProperties"), "has to be false");
	}
	for (const struct json_node *name = json_first(properties); name != NULL; name = json_next(properties, name)) {
		if (!lists(json_get_text(schema, "required"), json_text(name))) {
			add(search, schema, json_text(name), "is not required, and all properties have to be");
		}
	}
	meet_members(search, properties, level + 1);
}

static void meet(struct search *search, const struct json_node *schema, int level)
{
	if (level > LEVELS_MAX) {
		add(search, schema, SPAN(""), "a level below the tenth");
		return;
	}
	if (!json_is(schema, JSON_OBJECT)) {
		add(search, schema, SPAN(""), "a value whose schema is true, false or missing");
		return;
	}
	meet_keywords(search, schema);
	if (!says_what(schema)) {
		add(search, schema, SPAN(""), "a value without type, enum, const, anyOf or $ref");
		return;
	}
	const struct json_node *type = json_get_text(schema, "type");
	if (names_type(type, SPAN("object"))) {
		meet_object(search, schema, level);
	}
	if (names_type(type, SPAN("array"))) {
		meet(search, json_get_text(schema, "items"), level + 1);
	}
	const struct json_node *choices = json_get_text(schema, "anyOf");
	for (size_t i = 0; i < json_count(choices); i++) {
		meet(search, json_at(choices, i), level);
	}
	meet_members(search, json_get_text(schema, "$defs"), level);
}

size_t strict_output_gaps(const struct json_node *schema, struct strict_gap *gaps, size_t maximum)
{
	struct search search = {.gaps = gaps, .maximum = maximum};
	const struct json_node *type = json_get_text(schema, "type");
	if (!json_is(type, JSON_STRING) || !span_is(json_text(type), "object")) {
		add(&search, schema, SPAN(""), "a root that is not declared as an object");
	}
	meet(&search, schema, 1);
	return search.count;
}
