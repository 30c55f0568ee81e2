/* Schemas and instances made to hurt; and the speed of an ordinary one. */
#include "documents.h"
#include "suites.h"

#include "evaluators/schema/schema.h"
#include "harness/base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { STACK = 5 << 20 };

/* Sanitizers make frames larger, so that the limit of the stack is met where it is not otherwise. */
#if defined(__SANITIZE_ADDRESS__)
static const bool has_large_frames = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
static const bool has_large_frames = true;
#else
static const bool has_large_frames = false;
#endif
#else
static const bool has_large_frames = false;
#endif

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 30);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void append_times(struct buffer *buffer, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++) {
		buffer_append_text(buffer, text);
	}
}

static const struct json_node *nested(const char *open, const char *middle, const char *close, size_t depth,
				      struct buffer *buffer, struct error *err)
{
	struct json_limits limits = {.depth = 1000000};
	const struct json_node *root = NULL;
	append_times(buffer, open, depth);
	buffer_append_text(buffer, middle);
	append_times(buffer, close, depth);
	return json_parse(&arena, buffer_span(buffer), &limits, &root, err) ? root : NULL;
}

static struct schema *compile(struct span text)
{
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document_parse(&arena, text), NULL, &err);
	ck_assert_msg(schema != NULL, "%s", err.message);
	return schema;
}

/* As deep as the reader lets through, and deeper. */
START_TEST(deep_schemas)
{
	static const size_t depths[] = {512, 4000, 4095, 5000, 100000};
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
		struct error err = ERROR_INIT;
		const struct json_node *document = nested("{\"items\":", "{}", "}", depths[i], &text, &err);
		struct schema *schema = document != NULL ? schema_create(document, NULL, &err) : NULL;
		ck_assert_int_eq(schema != NULL, depths[i] < JSON_DEPTH_MAX);
		ck_assert_int_eq(err.code, depths[i] < JSON_DEPTH_MAX ? ERROR_NONE : ERROR_LIMIT);
		schema_destroy(schema);
	}
}
END_TEST

/* Names of fields come from models: sentences stay one line of UTF-8, of bounded length. */
START_TEST(hostile_names)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "{\"a\\nb\\u007f\\u0000c\":1,\"x");
	append_times(&text, "\xe2\x82\xac", 5000);
	buffer_append_text(&text, "\":2}");
	struct schema *schema =
		compile(SPAN("{\"additionalProperties\":false,\"properties\":{\"\xe2\x82\xac\xe2\x82\xac\":{}}}"));
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	ck_assert(!schema_validate(schema, document_parse(&arena, buffer_span(&text)), &report));
	ck_assert_uint_eq(report.count, 2);
	ck_assert_ptr_nonnull(strstr(report.list[0].sentence, "the field \"a?b?"));
	for (size_t i = 0; i < 2; i++) {
		ck_assert(text_is_utf8(span_of(report.list[i].sentence)));
		ck_assert_uint_lt(strlen(report.list[i].sentence), 501);
	}
	schema_destroy(schema);
}
END_TEST

/* A sentence that ends in the middle of a character when it is cut. */
START_TEST(long_sentences)
{
	for (size_t lead = 0; lead < 4; lead++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
		buffer_append_text(&text, "{\"const\":\"");
		append_times(&text, "a", lead);
		append_times(&text, "\xf0\x9f\x92\xa9", 1000);
		buffer_append_text(&text, "\"}");
		struct schema *schema = compile(buffer_span(&text));
		struct schema_report report;
		schema_report_init(&report, &arena, 10);
		ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("0")), &report));
		ck_assert(text_is_utf8(span_of(report.list[0].sentence)));
		ck_assert_uint_gt(strlen(report.list[0].sentence), 490);
		schema_destroy(schema);
	}
}
END_TEST

START_TEST(deep_instances)
{
	CLEANUP_BUFFER struct buffer schema_text = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer deeper = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	const struct json_node *document =
		nested("{\"additionalProperties\":", "{\"additionalProperties\":false}", "}", 511, &schema_text, &err);
	struct schema *schema = schema_create(document, NULL, &err);
	ck_assert_msg(schema != NULL, "%s", err.message);
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	const struct json_node *instance = nested("{\"a\":", "{\"b\":1}", "}", 511, &text, &err);
	ck_assert(!schema_validate(schema, instance, &report));
	ck_assert_uint_eq(report.count, 1);
	ck_assert_uint_eq(strlen(report.list[0].instance), 512 * 2);
	ck_assert_int_eq(report.list[0].drift, DRIFT_UNDECLARED_FIELD);
	instance = nested("[", "", "]", 4000, &deeper, &err);
	ck_assert_ptr_nonnull(instance);
	ck_assert(schema_validate(schema, instance, NULL));
	schema_destroy(schema);
}
END_TEST

START_TEST(huge_enum)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	CLEANUP_BUFFER struct buffer instance_text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "{\"items\":{\"enum\":[");
	buffer_append_text(&instance_text, "[");
	for (unsigned int i = 0; i < 100000; i++) {
		buffer_append_format(&text, "\"v%u\",%u.5,", i * 7919 % 100000, i * 7919 % 100000);
		buffer_append_format(&instance_text, "\"v%u\",%u.50,", i, i);
	}
	buffer_append_text(&text, "null]}}");
	buffer_append_text(&instance_text, "null]");
	struct schema *schema = compile(buffer_span(&text));
	const struct json_node *instance = document_parse(&arena, buffer_span(&instance_text));
	double start = seconds_now();
	struct schema_report report;
	schema_report_init(&report, &arena, 1);
	ck_assert(schema_validate(schema, instance, &report));
	ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("[\"v100000\", 1]")), &report));
	ck_assert_uint_eq(report.total, 2);
	ck_assert_uint_lt(strlen(report.list[0].sentence), 500);
	ck_assert(seconds_now() - start < 5);
	schema_destroy(schema);
}
END_TEST

START_TEST(many_properties)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	CLEANUP_BUFFER struct buffer instance_text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "{\"additionalProperties\":false,\"properties\":{\"z\":{}");
	buffer_append_text(&instance_text, "{\"z\":1");
	for (unsigned int i = 0; i < 100000; i++) {
		buffer_append_format(&text, ",\"p%u\":{\"const\":%u}", i, i);
		buffer_append_format(&instance_text, ",\"p%u\":%u", 99999 - i, 99999 - i);
	}
	buffer_append_text(&text, "},\"required\":[\"q\"");
	for (unsigned int i = 0; i < 1023; i++) {
		buffer_append_format(&text, ",\"%s%u\"", i % 2 == 0 ? "p" : "q", i);
	}
	buffer_append_text(&text, "]}");
	buffer_append_text(&instance_text, "}");
	double start = seconds_now();
	struct schema *schema = compile(buffer_span(&text));
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	ck_assert(!schema_validate(schema, document_parse(&arena, buffer_span(&instance_text)), &report));
	ck_assert_uint_eq(report.total, 512); /* "q" and 511 odd numbers */
	ck_assert_uint_eq(report.by_class[DRIFT_MISSING_REQUIRED], 512);
	ck_assert(seconds_now() - start < 5);
	schema_destroy(schema);
}
END_TEST

START_TEST(too_many_required)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "{\"required\":[\"x\"");
	for (unsigned int i = 0; i < 1024; i++) {
		buffer_append_format(&text, ",\"p%u\"", i);
	}
	buffer_append_text(&text, "]}");
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(schema_create(document_parse(&arena, buffer_span(&text)), NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "more than 1024 names"));
}
END_TEST

/* An array of strings, each of which alone would take 2^40 steps. */
START_TEST(catastrophic_patterns)
{
	static const char *const patterns[] = {"^(a+)+$", "^(a|a)*$", "^(.*a){12}$", "(x+x+)+y|^(a|aa)+$"};
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "[\"a\"");
	append_times(&text, ",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"", 10000);
	buffer_append_text(&text, "]");
	const struct json_node *instance = document_parse(&arena, buffer_span(&text));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		CLEANUP_BUFFER struct buffer schema_text = BUFFER_INIT(1000);
		buffer_append_format(&schema_text, "{\"items\":{\"pattern\":\"%s\"}}", patterns[i]);
		struct schema *schema = compile(buffer_span(&schema_text));
		struct schema_report report;
		schema_report_init(&report, &arena, 20000);
		double start = seconds_now();
		ck_assert(!schema_validate(schema, instance, &report));
		double taken = seconds_now() - start;
		ck_assert_msg(taken < 5, "%s took %f s", patterns[i], taken);
		ck_assert_uint_ge(report.count, 10000);
		ck_assert_msg(strstr(report.list[9000].sentence, "could not be decided") != NULL, "%s: %s", patterns[i],
			      report.list[9000].sentence);
		ck_assert_int_eq(report.list[9000].drift, DRIFT_OTHER);
		schema_destroy(schema);
	}
}
END_TEST

/* Long text needs a deep stack of the matcher; it is decided all the same. */
START_TEST(long_text_is_matched)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "\"");
	append_times(&text, "ab", 100000);
	buffer_append_text(&text, "\"");
	const struct json_node *instance = document_parse(&arena, buffer_span(&text));
	struct schema *schema = compile(SPAN("{\"pattern\":\"^(a|b)*$\",\"minLength\":200000,\"maxLength\":200000}"));
	ck_assert(schema_validate(schema, instance, NULL));
	schema_destroy(schema);
}
END_TEST

/* One violation, which says that it could not be decided, within the time. */
static void expect_undecided(const char *schema_text, const struct json_node *instance, const char *reason)
{
	struct schema *schema = compile(span_of(schema_text));
	struct schema_report report;
	schema_report_init(&report, &arena, 100);
	double start = seconds_now();
	ck_assert(!schema_validate(schema, instance, NULL));
	ck_assert(!schema_validate(schema, instance, &report));
	double taken = seconds_now() - start;
	ck_assert_msg(taken < 5, "%.100s took %f s", schema_text, taken);
	ck_assert_uint_gt(report.count, 0);
	const struct schema_violation *last = &report.list[report.count - 1];
	ck_assert_msg(strstr(last->sentence, "could not be decided: ") == last->sentence, "%s", last->sentence);
	ck_assert_msg(strstr(last->sentence, reason) != NULL, "%s", last->sentence);
	schema_destroy(schema);
}

/* Each level applies the next twice: 2^40 checks of one number. */
START_TEST(exponential_references)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
	for (int i = 0; i < 40; i++) {
		buffer_append_format(&text,
				     "\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i,
				     i + 1, i + 1);
	}
	buffer_append_text(&text, "\"d40\":{\"type\":\"number\"}}}");
	expect_undecided(text.data, document_parse(&arena, SPAN("1")), "too many steps");
	expect_undecided(text.data, document_parse(&arena, SPAN("\"x\"")), "too many steps");
}
END_TEST

/* A dynamic reference that comes back to itself is met only when it runs. */
START_TEST(dynamic_loops)
{
	const struct json_node *instance = document_parse(&arena, SPAN("{\"a\":1}"));
	expect_undecided("{\"$dynamicAnchor\":\"a\",\"$dynamicRef\":\"#a\"}", instance, "nested too deeply");
	expect_undecided("{\"not\":{\"$ref\":\"#/$defs/l\"},\"$defs\":{\"l\":{\"$dynamicAnchor\":\"a\",\"allOf\":["
			 "{\"$dynamicRef\":\"#a\"}]}}}",
			 instance, "nested too deeply");
	expect_undecided("{\"$schema\":\"https://json-schema.org/draft/2019-09/schema\",\"$recursiveAnchor\":true,"
			 "\"anyOf\":[{\"$recursiveRef\":\"#\"}],\"unevaluatedProperties\":false}",
			 instance, "nested too deeply");
}
END_TEST

/* What could not be decided is never valid, wherever it stands. */
START_TEST(undecided_is_invalid_everywhere)
{
	static const char *const places[] = {
		"{\"not\":%s}",
		"{\"not\":{\"not\":%s}}",
		"{\"oneOf\":[%s,{\"type\":\"string\"}]}",
		"{\"if\":%s,\"then\":true,\"else\":true}",
		"{\"anyOf\":[%s,{\"type\":\"null\"}]}",
		"{\"allOf\":[%s]}",
		"{\"not\":{\"anyOf\":[%s]}}",
	};
	const struct json_node *instance =
		document_parse(&arena, SPAN("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\""));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *end = strstr(places[i], "%s");
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1000);
		buffer_append(&text, places[i], (size_t)(end - places[i]));
		buffer_append_text(&text, "{\"pattern\":\"^(a+)+$\"}");
		buffer_append_text(&text, end + 2);
		struct schema *schema = compile(buffer_span(&text));
		ck_assert_msg(!schema_validate(schema, instance, NULL), "%s", text.data);
		schema_destroy(schema);
	}
	struct schema *contains =
		compile(SPAN("{\"contains\":{\"pattern\":\"^(a+)+$\"},\"minContains\":0,\"maxContains\":0}"));
	CLEANUP_BUFFER struct buffer list = BUFFER_INIT(1000);
	buffer_append_text(&list, "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"]");
	ck_assert(!schema_validate(contains, document_parse(&arena, buffer_span(&list)), NULL));
	schema_destroy(contains);
	struct schema *names = compile(SPAN("{\"propertyNames\":{\"not\":{\"pattern\":\"^(a+)+$\"}}}"));
	ck_assert(!schema_validate(
		names, document_parse(&arena, SPAN("{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\":1}")),
		NULL));
	schema_destroy(names);
}
END_TEST

struct deep {
	struct schema *schema;
	const struct json_node *instance;
	bool valid;
};

static void *validate_deep(void *argument)
{
	struct deep *deep = argument;
	deep->valid = schema_validate(deep->schema, deep->instance, NULL);
	return NULL;
}

/* Value and schema as deep in each other as may be, on little more than half the stack that a thread has. */
START_TEST(the_stack_is_bounded)
{
	static const struct {
		const char *schema;
		bool valid;
	} schemas[] = {
		{"{\"items\":{\"$ref\":\"#\"}}", true},
		{"{\"items\":{\"oneOf\":[{\"$ref\":\"#\"}]}}", false}, /* three subschemas for each level */
		{"{\"items\":{\"$ref\":\"#\"},\"unevaluatedItems\":false,\"anyOf\":[true]}", true},
		{"{\"$dynamicAnchor\":\"a\",\"items\":{\"$dynamicRef\":\"#a\"}}", true},
		{"{\"items\":{\"anyOf\":[{\"not\":{\"not\":{\"$ref\":\"#\"}}}],\"unevaluatedItems\":true}}", false},
	};
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	const struct json_node *instance = nested("[", "", "]", 4096, &text, &err);
	ck_assert_msg(instance != NULL, "%s", err.message);
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		struct deep deep = {.schema = compile(span_of(schemas[i].schema)), .instance = instance};
		pthread_t thread;
		pthread_attr_t attributes;
		pthread_attr_init(&attributes);
		ck_assert_int_eq(pthread_attr_setstacksize(&attributes, STACK), 0);
		ck_assert_int_eq(pthread_create(&thread, &attributes, validate_deep, &deep), 0);
		pthread_join(thread, NULL);
		pthread_attr_destroy(&attributes);
		ck_assert_msg(deep.valid == schemas[i].valid || has_large_frames, "%s", schemas[i].schema);
		schema_destroy(deep.schema);
	}
}
END_TEST

START_TEST(a_million_unique_items)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "[");
	for (unsigned int i = 0; i < 1000000; i++) {
		buffer_append_format(&text, i % 3 == 0 ? "%u," : i % 3 == 1 ? "\"%u\"," : "[%u],", i);
	}
	buffer_append_text(&text, "[0.0]]");
	const struct json_node *instance = document_parse(&arena, buffer_span(&text));
	struct schema *schema = compile(SPAN("{\"uniqueItems\":true}"));
	double start = seconds_now();
	ck_assert(schema_validate(schema, instance, NULL));
	ck_assert(seconds_now() - start < 5);
	memcpy(text.data + text.length - 6, "\"4\"  ]", 6); /* the last item is the second string */
	instance = document_parse(&arena, buffer_span(&text));
	start = seconds_now();
	ck_assert(!schema_validate(schema, instance, NULL));
	ck_assert(seconds_now() - start < 5);
	schema_destroy(schema);
}
END_TEST

/* Objects of an enum are found by their hash. */
START_TEST(huge_enum_of_objects)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	CLEANUP_BUFFER struct buffer instance_text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "{\"items\":{\"enum\":[");
	buffer_append_text(&instance_text, "[");
	for (unsigned int i = 0; i < 50000; i++) {
		buffer_append_format(&text, "{\"a\":%u,\"b\":[\"x\"]},", i);
		buffer_append_format(&instance_text, "{\"b\":[\"x\"],\"a\":%u.0},", 49999 - i);
	}
	buffer_append_text(&text, "null]}}");
	buffer_append_text(&instance_text, "null]");
	struct schema *schema = compile(buffer_span(&text));
	double start = seconds_now();
	ck_assert(schema_validate(schema, document_parse(&arena, buffer_span(&instance_text)), NULL));
	ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("[{\"a\":1,\"b\":[\"y\"]}]")), NULL));
	ck_assert(seconds_now() - start < 5);
	schema_destroy(schema);
}
END_TEST

/* As many references into as many definitions. */
START_TEST(many_references)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "{\"$id\":\"https://a.example/\",\"prefixItems\":[true");
	for (unsigned int i = 0; i < 50000; i++) {
		buffer_append_format(&text, ",{\"$ref\":\"%s%u\"}", i % 2 == 0 ? "#/$defs/d" : "r", i);
	}
	buffer_append_text(&text, "],\"$defs\":{\"x\":{}");
	for (unsigned int i = 0; i < 50000; i++) {
		buffer_append_format(&text, ",\"d%u\":{\"$id\":\"r%u\",\"$anchor\":\"a\",\"const\":%u}", i, i, i);
	}
	buffer_append_text(&text, "}}");
	double start = seconds_now();
	struct schema *schema = compile(buffer_span(&text));
	ck_assert(schema_validate(schema, document_parse(&arena, SPAN("[null,0,1,2]")), NULL));
	ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("[null,0,1,1]")), NULL));
	ck_assert(seconds_now() - start < 5);
	schema_destroy(schema);
}
END_TEST

/* Numbers of thousands of digits against a divisor of as many. */
START_TEST(long_numbers)
{
	CLEANUP_BUFFER struct buffer schema_text = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&schema_text, "{\"items\":{\"multipleOf\":");
	append_times(&schema_text, "37", 2000);
	buffer_append_text(&schema_text, "}}");
	buffer_append_text(&text, "[0");
	for (int i = 0; i < 2000; i++) {
		buffer_append_text(&text, ",");
		append_times(&text, "73", 2000);
		buffer_append_text(&text, "e90000");
	}
	buffer_append_text(&text, "]");
	struct schema *schema = compile(buffer_span(&schema_text));
	const struct json_node *instance = document_parse(&arena, buffer_span(&text));
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	double start = seconds_now();
	ck_assert(!schema_validate(schema, instance, &report));
	ck_assert_msg(seconds_now() - start < 10, "%f s", seconds_now() - start);
	schema_destroy(schema);
}
END_TEST

/* Members beyond what is followed without memory. */
START_TEST(many_unevaluated_members)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)64 << 20);
	buffer_append_text(&text, "{\"last\":1");
	for (unsigned int i = 0; i < 100000; i++) {
		buffer_append_format(&text, ",\"%c%u\":1", i % 2 == 0 ? 'a' : 'b', i);
	}
	buffer_append_text(&text, "}");
	struct schema *schema =
		compile(SPAN("{\"anyOf\":[{\"patternProperties\":{\"^a\":true},\"required\":[\"none\"]},"
			     "{\"patternProperties\":{\"^a\":true}},{\"patternProperties\":{\"^b\":true}}],"
			     "\"unevaluatedProperties\":{\"const\":2}}"));
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	double start = seconds_now();
	ck_assert(!schema_validate(schema, document_parse(&arena, buffer_span(&text)), &report));
	ck_assert(seconds_now() - start < 5);
	ck_assert_uint_eq(report.total, 1);
	ck_assert_str_eq(report.list[0].instance, "/last");
	schema_destroy(schema);
}
END_TEST

static void *validate_often(void *schema)
{
	struct arena own = ARENA_INIT(1 << 20);
	const struct json_node *instance = document_parse(&own, SPAN("[\"C12\",\"C3\"]"));
	size_t valid = 0;
	for (int i = 0; i < 5000; i++) {
		valid += schema_validate(schema, instance, NULL);
	}
	arena_finish(&own);
	return valid == 5000 ? schema : NULL;
}

START_TEST(threads_share_a_schema)
{
	struct schema *schema = compile(SPAN("{\"items\":{\"pattern\":\"^C[0-9]+$\"}}"));
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, validate_often, schema), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		void *result = NULL;
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_eq(result, schema);
	}
	schema_destroy(schema);
}
END_TEST

/* An order of four items, 950 bytes; told, with a limit far above. */
START_TEST(speed)
{
	static const char item[] = "{\"type\":\"object\",\"required\":[\"sku\",\"qty\",\"price\"],\"properties\":{"
				   "\"sku\":{\"type\":\"string\",\"pattern\":\"^SKU-[0-9]+$\"},"
				   "\"qty\":{\"type\":\"integer\",\"minimum\":1},"
				   "\"price\":{\"type\":\"number\",\"exclusiveMinimum\":0},"
				   "\"text\":{\"type\":\"string\",\"maxLength\":80}},\"additionalProperties\":false}";
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(10000);
	buffer_append_format(&text,
			     "{\"type\":\"object\",\"required\":[\"id\",\"items\"],\"properties\":{"
			     "\"id\":{\"type\":\"string\",\"pattern\":\"^ORD-[0-9]{4}-[0-9]{8}$\"},"
			     "\"status\":{\"enum\":[\"open\",\"shipped\",\"closed\"]},"
			     "\"items\":{\"type\":\"array\",\"minItems\":1,\"items\":%s}},"
			     "\"additionalProperties\":false}",
			     item);
	struct schema *schema = compile(buffer_span(&text));
	const struct json_node *instance = document_parse(
		&arena, SPAN("{\"id\":\"ORD-2026-00000001\",\"status\":\"shipped\",\"items\":["
			     "{\"sku\":\"SKU-1\",\"qty\":1,\"price\":19.95,\"text\":\"Widget, blue\"},"
			     "{\"sku\":\"SKU-2\",\"qty\":2,\"price\":20.95,\"text\":\"Widget, red\"},"
			     "{\"sku\":\"SKU-3\",\"qty\":3,\"price\":21.95,\"text\":\"Widget, green\"},"
			     "{\"sku\":\"SKU-4\",\"qty\":4,\"price\":22.95,\"text\":\"Widget, grey\"}]}"));
	enum { ROUNDS = 20000 };
	double start = seconds_now();
	for (int i = 0; i < ROUNDS; i++) {
		ck_assert(schema_validate(schema, instance, NULL));
	}
	double taken = seconds_now() - start;
	printf("schema: %.0f validations/s of an order with four items\n", ROUNDS / taken);
	ck_assert(taken < ROUNDS * 200e-6);
	schema_destroy(schema);
}
END_TEST

Suite *schema_hostile_suite(void)
{
	Suite *suite = suite_create("schema: hostile");
	TCase *cases = tcase_create("hostile");
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, deep_schemas);
	tcase_add_test(cases, deep_instances);
	tcase_add_test(cases, hostile_names);
	tcase_add_test(cases, long_sentences);
	tcase_add_test(cases, huge_enum);
	tcase_add_test(cases, many_properties);
	tcase_add_test(cases, too_many_required);
	tcase_add_test(cases, catastrophic_patterns);
	tcase_add_test(cases, long_text_is_matched);
	tcase_add_test(cases, exponential_references);
	tcase_add_test(cases, dynamic_loops);
	tcase_add_test(cases, undecided_is_invalid_everywhere);
	tcase_add_test(cases, the_stack_is_bounded);
	tcase_add_test(cases, a_million_unique_items);
	tcase_add_test(cases, huge_enum_of_objects);
	tcase_add_test(cases, many_references);
	tcase_add_test(cases, long_numbers);
	tcase_add_test(cases, many_unevaluated_members);
	tcase_add_test(cases, threads_share_a_schema);
	tcase_add_test(cases, speed);
	suite_add_tcase(suite, cases);
	return suite;
}
