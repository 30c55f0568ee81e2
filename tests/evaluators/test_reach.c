/* What a schema says about a place. The expectations follow from JSON Schema 2020-12 (and draft 7 where a case says
 * so), read by hand. */
#include "documents.h"
#include "suites.h"

#include "evaluators/reach/internal.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)256 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static struct reach_place find(struct reach *reach, const char *schema, const char *path_text)
{
	struct select_path path;
	struct error err = ERROR_INIT;
	ck_assert_msg(select_compile(span_of(path_text), &arena, &path, &err), "%s", err.message);
	reach_init(reach, document_parse(&arena, span_of(schema)), &arena);
	struct reach_place place = reach_find(reach, &path);
	ck_assert(!reach->failed);
	return place;
}

struct presence_row {
	const char *schema;
	const char *path;
	enum reach_presence presence;
};

#define CLOSED                                                                                                         \
	"{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{},\"b\":{}},\"additionalProperties\":false}"
#define OPEN_ONE "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}"
#define LINES                                                                                                          \
	"{\"type\":\"object\",\"required\":[\"lines\"],\"properties\":{\"lines\":{\"type\":\"array\",\"minItems\":1,"  \
	"\"maxItems\":3,\"items\":{\"type\":\"object\",\"required\":[\"qty\"],\"properties\":{\"qty\":{\"type\":"      \
	"\"number\"}},\"additionalProperties\":false}}},\"additionalProperties\":false}"
#define ALL_OF                                                                                                         \
	"{\"allOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},{\"$ref\":\"#/$defs/more\"}],"                   \
	"\"unevaluatedProperties\":false,\"$defs\":{\"more\":{\"properties\":{\"b\":{}}}}}"
#define ANY_OF                                                                                                         \
	"{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"],\"additionalProperties\":"    \
	"false},{\"type\":\"object\",\"properties\":{\"b\":{}},\"additionalProperties\":false}]}"
#define TREE                                                                                                           \
	"{\"type\":\"object\",\"properties\":{\"left\":{\"$ref\":\"#\"},\"value\":{}},\"required\":[\"value\"],"       \
	"\"additionalProperties\":false}"

static const struct presence_row presences[] = {
	{"true", "/a", REACH_OPEN},
	{"false", "/a", REACH_IMPOSSIBLE},
	{"false", "", REACH_IMPOSSIBLE},
	{CLOSED, "", REACH_REQUIRED},
	{CLOSED, "/a", REACH_REQUIRED},
	{CLOSED, "$.b", REACH_DECLARED},
	{CLOSED, "/c", REACH_IMPOSSIBLE},
	{CLOSED, "/a/x", REACH_OPEN},
	{OPEN_ONE, "/b", REACH_OPEN},
	{OPEN_ONE, "/a/b", REACH_IMPOSSIBLE}, /* text has no members */
	{OPEN_ONE, "/b/c", REACH_OPEN},
	{LINES, "/lines/0/qty", REACH_REQUIRED},
	{LINES, "/lines/1/qty", REACH_DECLARED},
	{LINES, "/lines/3/qty", REACH_IMPOSSIBLE},
	{LINES, "$.lines[-1]", REACH_DECLARED},
	{LINES, "$.lines[0].price", REACH_IMPOSSIBLE},
	{LINES, "$.lines.qty", REACH_IMPOSSIBLE},
	{ALL_OF, "/a", REACH_REQUIRED},
	{ALL_OF, "/b", REACH_DECLARED},
	{ALL_OF, "/c", REACH_IMPOSSIBLE},
	{ANY_OF, "/a", REACH_DECLARED},
	{ANY_OF, "/b", REACH_DECLARED},
	{ANY_OF, "/c", REACH_IMPOSSIBLE},
	{TREE, "/left/left/left/value", REACH_DECLARED},
	{TREE, "/left/right", REACH_IMPOSSIBLE},
	{"{\"type\":[\"object\",\"null\"],\"required\":[\"a\"],\"properties\":{\"a\":{}}}", "/a", REACH_DECLARED},
	{"{\"properties\":{\"a\":false}}", "/a", REACH_IMPOSSIBLE},
	{"{\"patternProperties\":{\"^x-\":{\"type\":\"string\"}},\"additionalProperties\":false}", "/x-1",
	 REACH_DECLARED},
	{"{\"patternProperties\":{\"^x-\":{\"type\":\"string\"}},\"additionalProperties\":false}", "/y",
	 REACH_IMPOSSIBLE},
	{"{\"additionalProperties\":{\"type\":\"string\"}}", "/a", REACH_OPEN},
	{"{\"additionalProperties\":{\"type\":\"string\"}}", "/a/b", REACH_IMPOSSIBLE},
	{"{\"propertyNames\":{\"enum\":[\"a\"]}}", "/b", REACH_IMPOSSIBLE},
	{"{\"propertyNames\":{\"enum\":[\"a\"]}}", "/a", REACH_OPEN},
	{"{\"enum\":[{\"a\":1},{\"a\":2}]}", "/a", REACH_REQUIRED},
	{"{\"enum\":[{\"a\":1},{}]}", "/a", REACH_DECLARED},
	{"{\"const\":{\"a\":1}}", "/b", REACH_IMPOSSIBLE},
	{"{\"if\":{\"required\":[\"k\"]},\"then\":{\"properties\":{\"a\":{}}},\"else\":{\"properties\":{\"b\":{}}},"
	 "\"unevaluatedProperties\":false}",
	 "/a", REACH_DECLARED},
	{"{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "/0", REACH_DECLARED},
	{"{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "/1", REACH_IMPOSSIBLE},
	{"{\"$ref\":\"#named\",\"$defs\":{\"x\":{\"$anchor\":\"named\",\"properties\":{\"a\":false}}}}", "/a",
	 REACH_IMPOSSIBLE},
	/* beside $ref nothing counts in draft 7 */
	{"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/"
	 "x\",\"additionalProperties\":"
	 "false,\"definitions\":{\"x\":{}}}",
	 "/a", REACH_OPEN},
	{"{\"$schema\":\"http://json-schema.org/draft-07/"
	 "schema#\",\"type\":\"array\",\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}",
	 "/1", REACH_IMPOSSIBLE},
	/* what cannot be followed leaves everything open */
	{"{\"$ref\":\"https://elsewhere.example/s\"}", "/a", REACH_OPEN},
	{"{\"$ref\":\"#\"}", "/a", REACH_OPEN},
};

START_TEST(presence_at_paths)
{
	const struct presence_row *row = &presences[_i];
	struct reach reach;
	struct reach_place place = find(&reach, row->schema, row->path);
	ck_assert_msg(place.presence == row->presence, "%s at %s: %d, not %d", row->schema, row->path,
		      (int)place.presence, (int)row->presence);
	ck_assert_int_eq(place.count == 0, row->presence == REACH_IMPOSSIBLE);
}
END_TEST

struct types_row {
	const char *schema;
	unsigned types;
	int values; /* -1: no finite list */
};

static const struct types_row types[] = {
	{"true", REACH_ANY, -1},
	{"false", 0, 0},
	{"{\"type\":\"number\"}", REACH_NUMBER, -1},
	{"{\"type\":\"integer\"}", REACH_INTEGER, -1},
	{"{\"enum\":[\"x\",1,2.5,null]}", REACH_STRING | REACH_NUMBER | REACH_NULL, 4},
	{"{\"enum\":[\"x\",1,2.5],\"type\":\"string\"}", REACH_STRING, 1},
	{"{\"const\":\"EUR\"}", REACH_STRING, 1},
	{"{\"type\":[\"boolean\",\"null\"]}", REACH_BOOLEAN | REACH_NULL, 3},
	{"{\"anyOf\":[{\"const\":\"a\"},{\"enum\":[\"a\",\"b\"]}]}", REACH_STRING, 2},
	{"{\"allOf\":[{\"enum\":[1,2,3]},{\"enum\":[2,3,4]}]}", REACH_INTEGER, 2},
	{"{\"allOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}", 0, 0},
	{"{\"not\":{\"type\":\"string\"}}", REACH_ANY, -1},
};

START_TEST(types_and_values)
{
	struct reach reach;
	struct reach_values values;
	struct reach_place place = find(&reach, types[_i].schema, "");
	ck_assert_uint_eq(reach_types(&place), types[_i].types);
	bool finite = reach_values(&reach, &place, &values);
	ck_assert_int_eq(finite ? (int)values.count : -1, types[_i].values);
}
END_TEST

struct size_row {
	const char *schema;
	uint64_t least;
	uint64_t most;
	const char *unbounded;
};

static const struct size_row sizes[] = {
	{"{\"type\":\"boolean\"}", 4, 5, NULL},
	{"{\"enum\":[\"a\",\"abc\"]}", 3, 5, NULL},
	{"{\"type\":\"string\"}", 2, REACH_UNBOUNDED, ""},
	{"{\"type\":\"string\",\"minLength\":2,\"maxLength\":5}", 4, 7, NULL},
	{"{\"type\":\"string\",\"pattern\":\"^T-[0-9]{6}$\"}", 2, 10, NULL},
	{"{\"type\":\"array\",\"items\":{\"const\":1}}", 2, REACH_UNBOUNDED, ""},
	{"{\"type\":\"array\",\"minItems\":1,\"maxItems\":3,\"items\":{\"const\":12}}", 4, 10, NULL},
	/* {"a":true} and {"a":true,"b":"xx"} */
	{"{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"const\":true},\"b\":{\"const\":\"xx\"}}}",
	 10, 19, NULL},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":\"string\"}"
	 "}}}",
	 2, REACH_UNBOUNDED, "/a/*"},
	{TREE, 11, REACH_UNBOUNDED, "/left"},
};

START_TEST(sizes_of_texts)
{
	struct reach reach;
	struct reach_place place = find(&reach, sizes[_i].schema, "");
	struct reach_size size = reach_size_of(&reach, &place);
	ck_assert_uint_eq(size.least, sizes[_i].least);
	ck_assert_uint_eq(size.most, sizes[_i].most);
	ck_assert_int_eq(size.unbounded == NULL, sizes[_i].unbounded == NULL);
	if (sizes[_i].unbounded != NULL && _i != 9) { /* which part of a tree is met first says nothing */
		ck_assert_str_eq(size.unbounded, sizes[_i].unbounded);
	}
	ck_assert_int_eq(size.reason == NULL, size.unbounded == NULL);
}
END_TEST

struct pattern_row {
	const char *pattern;
	int64_t most; /* -1: no bound */
};

static const struct pattern_row patterns[] = {
	{"^abc$", 3},
	{"^[A-Z]{2,4}$", 4},
	{"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([0-9]{2}:){2}[0-9]{2}Z?$", 20},
	{"^(?:ab|cde)$", 5}, /* at least 3; parts count together */
	{"^a\\.b\\d$", 4},
	{"^[\\]a]{3}$", 3},
	{"^a*$", -1},
	{"^a+$", -1},
	{"^a{2,}$", -1},
	{"abc", -1},
	{"^abc", -1},
	{"^a|b$", -1},
	{"^abc\\$", -1},
	{"^(a|b", -1},
	{"^(?=a)b$", -1},
	{"^\\p{L}$", -1},
	{"^a\\b$", -1},
	{"^(a)\\1$", -1},
	{"^(a{1000}){1000}$", 1000000},
	{"^((a{1000}){1000}){1000}$", -1},
	{"^a{99999999999999999999}$", -1},
};

START_TEST(lengths_of_patterns)
{
	uint64_t most = 0;
	bool bounded = reach_pattern_length(span_of(patterns[_i].pattern), &most);
	ck_assert_msg((bounded ? (int64_t)most : -1) == patterns[_i].most, "%s: %lld", patterns[_i].pattern,
		      bounded ? (long long)most : -1LL);
}
END_TEST

/* Choices inside choices multiply; the answer must come soon, and say less rather than something wrong. */
START_TEST(hostile_schemas_end)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct reach reach;
	buffer_append_text(&text, "{\"allOf\":[");
	for (int i = 0; i < 200; i++) {
		buffer_append_text(&text,
				   "{\"anyOf\":[{\"properties\":{\"a\":{}}},{\"$ref\":\"#\"},{\"minLength\":1}]},");
	}
	buffer_append_text(&text, "{}],\"additionalProperties\":false}");
	struct reach_place place = find(&reach, text.data, "/a");
	ck_assert_int_ne(place.presence, REACH_REQUIRED);
	ck_assert_uint_le(place.count, REACH_CASES_MAX);
}
END_TEST

START_TEST(without_memory_nothing_is_said)
{
	for (size_t most = 0; most < 3000; most += 40) {
		struct arena small CLEANUP_ARENA = ARENA_INIT(most);
		struct reach reach;
		struct reach whole;
		struct select_path path;
		const struct json_node *root = document_parse(&arena, SPAN(ALL_OF));
		ck_assert(select_compile(SPAN("/b"), &arena, &path, NULL));
		reach_init(&reach, root, &small);
		reach_init(&whole, root, &arena);
		enum reach_presence presence = reach_find(&reach, &path).presence;
		ck_assert(reach.failed || presence == reach_find(&whole, &path).presence);
		ck_assert(most > 0 || reach.failed);
	}
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *reach_suite(void)
{
	Suite *suite = suite_create("reach");
	TCase *tests = tcase_create("reach");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, presence_at_paths, 0, ROWS(presences));
	tcase_add_loop_test(tests, types_and_values, 0, ROWS(types));
	tcase_add_loop_test(tests, sizes_of_texts, 0, ROWS(sizes));
	tcase_add_loop_test(tests, lengths_of_patterns, 0, ROWS(patterns));
	tcase_add_test(tests, hostile_schemas_end);
	tcase_add_test(tests, without_memory_nothing_is_said);
	suite_add_tcase(suite, tests);
	return suite;
}
