/* Schemas and instances. The input is a schema in the first line and an instance behind it; or "~", a pattern in the
 * first line and a text behind it. Held: the verdict is the same with a report, without, and read strictly; what a
 * report says is bounded and UTF-8; a schema that is compiled is one that the metaschema accepts; and a pattern matches
 * what it matches inside a group, which the short cut for simple patterns does not take. */
#include "evaluators/schema/schema.h"
#include "harness/base/text.h"
#include "tests/fuzz/fuzz.h"

enum { VIOLATIONS = 30 };
static const size_t MEMORY_MAX = (size_t)64 << 20;

static const struct json_node *parse(struct arena *arena, struct span text)
{
	const struct json_node *root = NULL;
	return json_parse(arena, text, NULL, &root, NULL) ? root : NULL;
}

static struct schema *compile(const struct json_node *document)
{
	struct schema_options options = {
		.unknown = SCHEMA_UNKNOWN_IGNORE, .assert_format = true, .memory_max = MEMORY_MAX};
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document, &options, &err);
	HOLDS((schema != NULL) == (err.code == ERROR_NONE));
	HOLDS(schema != NULL || err.message[0] != 0);
	return schema;
}

static void check_report(const struct schema_report *report, bool valid)
{
	HOLDS(report->count <= VIOLATIONS);
	HOLDS(valid == (report->total == 0));
	for (size_t i = 0; i < report->count; i++) {
		const struct schema_violation *one = &report->list[i];
		HOLDS(text_is_utf8(span_of(one->sentence)) && strlen(one->sentence) <= 500);
		HOLDS(one->instance != NULL && one->schema != NULL && one->evaluation != NULL && one->absolute != NULL);
		HOLDS(one->drift < DRIFT_CLASS_COUNT);
		HOLDS(!one->open || report->strict);
	}
}

static void check_instance(const struct schema *schema, const struct json_node *instance, struct arena *arena)
{
	struct schema_report report;
	struct schema_report strict;
	bool valid = schema_validate(schema, instance, NULL);
	schema_report_init(&report, arena, VIOLATIONS);
	schema_report_init(&strict, arena, VIOLATIONS);
	strict.strict = true;
	HOLDS(schema_validate(schema, instance, &report) == valid);
	check_report(&report, valid);
	HOLDS(schema_validate(schema, instance, &strict) == valid);
	check_report(&strict, valid);
}

/* $schema and the keywords of 2019-09 may lead away from the metaschema that is asked. */
static bool leads_away(struct span text)
{
	return text_find(text, SPAN("$schema")) < text.length || text_find(text, SPAN("$recursive")) < text.length ||
	       text_find(text, SPAN("\\")) < text.length;
}

static void check_metaschema(const struct json_node *document, struct arena *arena)
{
	static struct schema *metaschema;
	if (metaschema == NULL) {
		metaschema = compile(parse(arena, SPAN("{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}")));
	}
	struct schema_report report;
	schema_report_init(&report, arena, VIOLATIONS);
	bool valid = schema_validate(metaschema, document, &report);
	if (!valid && report.count > 0 && strstr(report.list[report.count - 1].sentence, "could not be") == NULL) {
		fprintf(stderr, "%s: %s\n", report.list[0].instance, report.list[0].sentence);
		HOLDS(valid);
	}
}

static void check_schema(struct span schema_text, struct span instance_text)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(MEMORY_MAX);
	const struct json_node *document = parse(&arena, schema_text);
	const struct json_node *instance = parse(&arena, instance_text);
	struct schema *schema = document != NULL ? compile(document) : NULL;
	if (schema == NULL) {
		return;
	}
	if (!leads_away(schema_text)) {
		check_metaschema(document, &arena);
	}
	if (instance != NULL) {
		check_instance(schema, instance, &arena);
	}
	schema_destroy(schema);
}

static bool matches(struct span pattern, const char *before, const char *behind, const struct json_node *instance,
		    struct arena *arena, bool *ret_decided)
{
	CLEANUP_BUFFER struct buffer whole = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 22);
	struct schema_report report;
	buffer_append_text(&whole, before);
	buffer_append_span(&whole, pattern);
	buffer_append_text(&whole, behind);
	buffer_append_text(&text, "{\"pattern\":");
	json_write_string(&text, buffer_span(&whole));
	buffer_append_text(&text, "}");
	struct schema *schema = text.failed ? NULL : compile(parse(arena, buffer_span(&text)));
	*ret_decided = schema != NULL;
	if (schema == NULL) {
		return false;
	}
	schema_report_init(&report, arena, 1);
	bool valid = schema_validate(schema, instance, &report);
	*ret_decided = valid || strstr(report.list[0].sentence, "could not be") == NULL;
	schema_destroy(schema);
	return valid;
}

static void check_pattern(struct span pattern, struct span text)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(MEMORY_MAX);
	CLEANUP_BUFFER struct buffer quoted = BUFFER_INIT(1 << 20);
	if (!text_is_utf8(pattern) || !text_is_utf8(text)) {
		return;
	}
	json_write_string(&quoted, text);
	const struct json_node *instance = parse(&arena, buffer_span(&quoted));
	bool decided = false;
	bool decided_in_group = false;
	bool alone = matches(pattern, "", "", instance, &arena, &decided);
	bool in_group = matches(pattern, "(?:", ")", instance, &arena, &decided_in_group);
	HOLDS(!decided || !decided_in_group || alone == in_group);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span whole = {(const char *)data, size};
	size_t end = text_find(whole, SPAN("\n"));
	struct span first = {whole.data, end};
	struct span rest = {whole.data + end + (end < size), size - end - (end < size)};
	if (first.length > 0 && first.data[0] == '~') {
		check_pattern((struct span){first.data + 1, first.length - 1}, rest);
	} else {
		check_schema(first, rest);
	}
	return 0;
}
