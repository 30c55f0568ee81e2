/* Compatibility of two schemas, by hand from the definitions of the modes. */
#include "documents.h"
#include "suites.h"

#include "evaluators/compatibility/compatibility.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 30);
}

static void teardown(void)
{
	arena_finish(&arena);
}

struct pair_row {
	const char *before;
	const char *after;
	enum compatibility_mode mode;
	const char *keyword; /* of the first break; NULL: none */
	const char *place;
};

#define NONE COMPATIBILITY_NONE
#define BACKWARD COMPATIBILITY_BACKWARD
#define FORWARD COMPATIBILITY_FORWARD
#define FULL COMPATIBILITY_FULL

#define CLOSED(members) "{\"type\":\"object\",\"properties\":{" members "},\"additionalProperties\":false}"
#define CLOSED_NEEDS(members, names)                                                                                   \
	"{\"type\":\"object\",\"required\":[" names "],\"properties\":{" members "},\"additionalProperties\":false}"
#define OPENED(members) "{\"type\":\"object\",\"properties\":{" members "}}"
#define A_TEXT "\"a\":{\"type\":\"string\"}"
#define B_TEXT "\"b\":{\"type\":\"string\"}"
#define DRAFT_7 "\"$schema\":\"http://json-schema.org/draft-07/schema#\","

static const struct pair_row pairs[] = {
	{"true", "true", FULL, NULL, NULL},
	{"{}", "true", FULL, NULL, NULL},
	{"{\"title\":\"x\"}", "{\"title\":\"y\",\"$comment\":\"z\"}", FULL, NULL, NULL},
	{"true", "false", FORWARD, "false", ""},
	/* types */
	{"{\"type\":\"integer\"}", "{\"type\":\"number\"}", BACKWARD, "type", ""},
	{"{\"type\":\"string\"}", "{\"type\":[\"string\",\"null\"]}", BACKWARD, "type", ""},
	{"{\"type\":\"string\"}", "{\"type\":\"number\"}", NONE, "type", ""},
	{"{\"type\":[\"integer\",\"null\"]}", "{\"type\":[\"null\",\"integer\"]}", FULL, NULL, NULL},
	/* values */
	{"{\"enum\":[1,2]}", "{\"enum\":[1,2,3]}", BACKWARD, "enum", ""},
	{"{\"enum\":[1,2]}", "{\"enum\":[2.0,1]}", FULL, NULL, NULL},
	{"{\"const\":\"a\"}", "{\"type\":\"string\"}", BACKWARD, "const", ""},
	{"{\"enum\":[\"a\",\"bb\"]}", "{\"type\":\"string\",\"maxLength\":2}", BACKWARD, "enum", ""},
	{"{\"type\":\"boolean\"}", "{\"enum\":[true,false]}", FULL, NULL, NULL},
	/* bounds */
	{"{\"type\":\"number\",\"minimum\":1}", "{\"type\":\"number\",\"minimum\":0}", BACKWARD, "minimum", ""},
	{"{\"type\":\"number\",\"minimum\":1}", "{\"type\":\"number\",\"exclusiveMinimum\":1}", FORWARD,
	 "exclusiveMinimum", ""},
	{"{\"type\":\"number\",\"exclusiveMaximum\":2}", "{\"type\":\"number\",\"maximum\":2}", BACKWARD,
	 "exclusiveMaximum", ""},
	{"{\"type\":\"string\",\"maxLength\":5}", "{\"type\":\"string\",\"maxLength\":6}", BACKWARD, "maxLength", ""},
	{"{\"type\":\"string\",\"minLength\":0}", "{\"type\":\"string\"}", FULL, NULL, NULL},
	{"{\"minimum\":1}", "{\"minimum\":1,\"maxLength\":2}", FORWARD, "maxLength", ""},
	{"{\"type\":\"number\",\"minimum\":1}", "{\"type\":\"number\",\"minimum\":1,\"maxLength\":2}", FULL, NULL,
	 NULL},
	{"{\"type\":\"integer\"}", "{\"type\":\"integer\",\"multipleOf\":1}", FULL, NULL, NULL},
	{"{\"type\":\"string\",\"pattern\":\"^a\"}", "{\"type\":\"string\",\"pattern\":\"^ab\"}", NONE, "pattern", ""},
	{"{\"type\":\"string\",\"format\":\"date\"}", "{\"type\":\"string\"}", BACKWARD, "format", ""},
	/* members: content models (Confluent, JSON Schema evolution) */
	{CLOSED(A_TEXT), CLOSED(A_TEXT "," B_TEXT), BACKWARD, "additionalProperties", ""},
	{OPENED(A_TEXT), OPENED(A_TEXT "," B_TEXT), FORWARD, "properties", ""},
	{OPENED(A_TEXT), CLOSED(A_TEXT), FORWARD, "additionalProperties", ""},
	{OPENED(A_TEXT), OPENED(A_TEXT ",\"b\":true"), FULL, NULL, NULL},
	{CLOSED(A_TEXT), CLOSED_NEEDS(A_TEXT, "\"a\""), FORWARD, "required", ""},
	{CLOSED(A_TEXT), CLOSED_NEEDS(A_TEXT "," B_TEXT, "\"b\""), NONE, "required", ""},
	{CLOSED("\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"integer\"}}}"),
	 CLOSED("\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"number\"}}}"), BACKWARD, "type", "/a/b"},
	{"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}",
	 "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}", BACKWARD, "type", "/*"},
	{"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
	 "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":{\"type\":"
	 "\"string\"}}",
	 FULL, NULL, NULL},
	{"{\"type\":\"object\",\"patternProperties\":{\"^x\":{\"type\":\"integer\"}},\"additionalProperties\":false}",
	 "{\"type\":\"object\",\"patternProperties\":{\"^x\":{\"type\":\"number\"}},\"additionalProperties\":false}",
	 BACKWARD, "type", "/*"},
	{CLOSED("\"x1\":{\"type\":\"integer\"}"),
	 "{\"type\":\"object\",\"patternProperties\":{\"^x\":{\"type\":\"integer\"}},\"additionalProperties\":false}",
	 BACKWARD, "additionalProperties", ""},
	{"{\"type\":\"object\",\"minProperties\":2}", "{\"type\":\"object\",\"minProperties\":1}", BACKWARD,
	 "minProperties", ""},
	{CLOSED("\"a\":false," B_TEXT), CLOSED(B_TEXT), FULL, NULL, NULL},
	/* items */
	{"{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}",
	 "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}", BACKWARD, "type", "/*"},
	{"{\"type\":\"array\",\"maxItems\":3}", "{\"type\":\"array\",\"maxItems\":2}", FORWARD, "maxItems", ""},
	{"{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}",
	 "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"maxItems\":1}", FORWARD, "maxItems", ""},
	{"{\"type\":\"array\",\"maxItems\":1}", "{\"type\":\"array\",\"maxItems\":1,\"uniqueItems\":true}", FULL, NULL,
	 NULL},
	{"{" DRAFT_7 "\"type\":\"array\",\"items\":[{\"type\":\"string\"}]}",
	 "{" DRAFT_7 "\"type\":\"array\",\"items\":[{\"type\":\"string\"},{\"type\":\"string\"}]}", FORWARD, "type",
	 "/*"},
	/* schemas put together */
	{"{\"type\":\"string\"}", "{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"string\"}]}", BACKWARD, "type", ""},
	{"{\"type\":[\"string\",\"number\"]}", "{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"string\"}]}", FULL, NULL,
	 NULL},
	{"{\"type\":\"string\"}", "{\"oneOf\":[{\"type\":\"number\"},{\"type\":\"string\"}]}", BACKWARD, "type", ""},
	{"{\"type\":\"integer\"}", "{\"oneOf\":[{\"type\":\"number\"},{\"type\":\"integer\"}]}", NONE, "oneOf", ""},
	{"{\"allOf\":[{\"type\":\"string\"},{\"maxLength\":3}]}", "{\"type\":\"string\",\"maxLength\":3}", FULL, NULL,
	 NULL},
	{"{\"type\":\"string\"}", "{\"not\":{\"type\":\"number\"}}", BACKWARD, "type", ""},
	{"{\"not\":{\"enum\":[1]}}", "{\"not\":{\"enum\":[1]},\"title\":\"x\"}", FULL, NULL, NULL},
	{"{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"type\":\"string\"}}}", "{\"type\":\"string\"}", FULL, NULL, NULL},
	{"{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"type\":\"integer\"}}}",
	 "{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"type\":\"number\"}}}", BACKWARD, "type", ""},
	{"{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]}}",
	 "{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"title\":\"x\"}", FULL, NULL, NULL},
	/* branches parted by a constant */
	{"{\"oneOf\":[" CLOSED_NEEDS("\"k\":{\"const\":1}," A_TEXT, "\"k\"") "," CLOSED_NEEDS("\"k\":{\"const\":2}",
											      "\"k\"") "]}",
	 "{\"oneOf\":[" CLOSED_NEEDS("\"k\":{\"const\":1}," A_TEXT,
				     "\"k\"") "," CLOSED_NEEDS("\"k\":{\"const\":2}," B_TEXT, "\"k\"") "]}",
	 BACKWARD, "oneOf", ""},
	/* recursion */
	{"{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#\"},\"v\":{\"type\":\"integer\"}},"
	 "\"additionalProperties\":false}",
	 "{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#\"},\"v\":{\"type\":\"number\"}},"
	 "\"additionalProperties\":false}",
	 BACKWARD, "type", "/v"},
	{"{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
	 "{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#\"}},\"additionalProperties\":false,\"title\":\"t\"}",
	 FULL, NULL, NULL},
	/* unevaluated members: both branches of anyOf may hold at once, so {a, b} is valid before */
	{"{\"type\":\"object\",\"anyOf\":[{\"properties\":{\"a\":true},\"required\":[\"a\"]},{\"properties\":{\"b\":"
	 "true},"
	 "\"required\":[\"b\"]}],\"unevaluatedProperties\":false}",
	 "{\"type\":\"object\",\"maxProperties\":1}", NONE, "maxProperties", ""},
	{"{\"type\":\"object\",\"allOf\":[{\"properties\":{" A_TEXT "}}],\"unevaluatedProperties\":false}",
	 CLOSED(A_TEXT), FULL, NULL, NULL},
	/* what cannot be followed is never claimed */
	{"{\"$ref\":\"https://elsewhere.example/s\"}", "{\"$ref\":\"https://elsewhere.example/s\",\"title\":\"x\"}",
	 NONE, "$ref", ""},
	{"{\"type\":\"object\",\"$ref\":\"https://elsewhere.example/s\",\"unevaluatedProperties\":false}",
	 "{\"type\":\"object\",\"additionalProperties\":false}", NONE, "additionalProperties", ""},
};

START_TEST(modes_of_pairs)
{
	const struct pair_row *row = &pairs[_i];
	struct compatibility result;
	struct error err = ERROR_INIT;
	const struct json_node *before = document_parse(&arena, span_of(row->before));
	const struct json_node *after = document_parse(&arena, span_of(row->after));
	ck_assert_msg(schema_compatibility(before, after, &arena, &result, &err), "%s", err.message);
	ck_assert_msg(result.mode == row->mode, "%s\n%s\n%s, not %s: %s", row->before, row->after,
		      compatibility_name(result.mode), compatibility_name(row->mode),
		      result.count > 0 ? result.list[0].sentence : "no break");
	ck_assert_int_eq(result.count == 0, row->keyword == NULL);
	ck_assert_uint_eq(result.count, result.total);
	if (row->keyword != NULL) {
		ck_assert_str_eq(result.list[0].keyword, row->keyword);
		ck_assert_str_eq(result.list[0].place, row->place);
	}
	for (size_t i = 0; i < result.count; i++) {
		ck_assert_int_eq(result.list[i].breaks & result.mode, 0);
	}
	/* the other way round the modes change places */
	ck_assert(schema_compatibility(after, before, &arena, &result, &err));
	bool backward = (row->mode & COMPATIBILITY_BACKWARD) != 0;
	bool forward = (row->mode & COMPATIBILITY_FORWARD) != 0;
	ck_assert_int_eq(result.mode, (backward ? FORWARD : NONE) | (forward ? BACKWARD : NONE));
}
END_TEST

/* --- limits --- */

START_TEST(hostile_schemas_end)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct compatibility result;
	buffer_append_text(&text, "{\"$defs\":{");
	for (int i = 0; i < 60; i++) {
		buffer_append_format(
			&text,
			"\"d%d\":{\"anyOf\":[{\"properties\":{\"a\":{\"$ref\":\"#/$defs/d%d\"}}},{\"items\":"
			"{\"$ref\":\"#/$defs/d%d\"}}]},",
			i, (i * 7 + 1) % 60, (i * 11 + 3) % 60);
	}
	buffer_append_text(&text, "\"z\":{}},\"$ref\":\"#/$defs/d0\"");
	struct buffer other CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	buffer_append_span(&other, buffer_span(&text));
	buffer_append_text(&text, "}");
	buffer_append_text(&other, ",\"title\":\"x\"}");
	const struct json_node *before = document_parse(&arena, buffer_span(&text));
	const struct json_node *after = document_parse(&arena, buffer_span(&other));
	ck_assert(schema_compatibility(before, after, &arena, &result, NULL));
}
END_TEST

START_TEST(without_memory_it_is_an_error)
{
	const struct json_node *before = document_parse(&arena, SPAN(CLOSED(A_TEXT)));
	const struct json_node *after = document_parse(&arena, SPAN(CLOSED(A_TEXT "," B_TEXT)));
	bool done = false;
	for (size_t most = 0; !done && most < (size_t)64 << 20; most += 1 + most / 8) {
		struct arena small CLEANUP_ARENA = ARENA_INIT(most);
		struct compatibility result;
		struct error err = ERROR_INIT;
		done = schema_compatibility(before, after, &small, &result, &err);
		ck_assert(done ? result.mode == BACKWARD : err.code == ERROR_MEMORY);
	}
	ck_assert(done);
}
END_TEST

Suite *compatibility_suite(void)
{
	Suite *suite = suite_create("compatibility");
	TCase *tests = tcase_create("compatibility");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, modes_of_pairs, 0, (int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(tests, hostile_schemas_end);
	tcase_add_test(tests, without_memory_it_is_an_error);
	suite_add_tcase(suite, tests);
	return suite;
}
