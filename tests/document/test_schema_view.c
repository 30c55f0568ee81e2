/* Words about places of schemas. Expectations are written by hand from JSON Schema 2020-12. */
#include "tests/document/suites.h"
#include "tests/document/support.h"

static const struct {
	const char *schema;
	const char *place; /* JSON Pointer of the instance */
	const char *type;
	const char *range;
	const char *format;
	const char *allowed;
	const char *required; /* "yes", "no"; "" where no object names it */
} places[] = {
	{"{\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9}},\"required\":[\"a\"]}", "/a",
	 "text", "1 to 9 characters", "", "", "yes"},
	{"{\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":9}}}", "/a", "text", "at most 9 characters", "", "",
	 "no"},
	{"{\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":4,\"maxLength\":4}}}", "/a", "text",
	 "exactly 4 characters", "", "", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0}}}", "/a", "whole number", "from 0", "", "", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":1}}}", "/a", "number",
	 "above 0, at most 1", "", "", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"number\",\"minimum\":-5,\"maximum\":1e3,\"multipleOf\":0.01}}}", "/a",
	 "number", "-5 to 1e3, in steps of 0.01", "", "", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"number\",\"exclusiveMaximum\":7}}}", "/a", "number", "below 7", "", "",
	 "no"},
	{"{\"properties\":{\"a\":{\"type\":\"string\",\"format\":\"date-time\",\"pattern\":\"Z$\"}}}", "/a", "text", "",
	 "date-time, pattern Z$", "", "no"},
	{"{\"properties\":{\"a\":{\"type\":[\"string\",\"null\"]}}}", "/a", "text or nothing (null)", "", "", "", "no"},
	{"{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"string\",\"maxLength\":3},{\"type\":\"null\"}]}}}", "/a",
	 "text or nothing (null)", "at most 3 characters", "", "", "no"},
	{"{\"properties\":{\"a\":{\"enum\":[\"x\",\"y = z\",\"5\"]}}}", "/a", "text", "", "", "x\n\"y = z\"\n5", "no"},
	{"{\"properties\":{\"a\":{\"enum\":[5,\"5\",null,true]}}}", "/a",
	 "number or text or nothing (null) or true or false", "", "", "5\n\"5\"\nnull\ntrue", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"EUR\",\"title\":\"Euro\"},{\"const\":"
	 "\"CHF\","
	 "\"description\":\"Swiss\\nfranc\"},{\"const\":\"XXX\"}]}}}",
	 "/a", "text", "", "", "EUR = Euro\nCHF = Swiss franc\nXXX", "no"},
	{"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/"
	 "code\"}},\"$defs\":{\"code\":{\"type\":\"string\",\"maxLength\":2}}}",
	 "/a", "text", "at most 2 characters", "", "", "no"},
	{"{\"properties\":{\"a\":{\"$ref\":\"#c\"}},\"$defs\":{\"x\":{\"$anchor\":\"c\",\"type\":\"boolean\"}}}", "/a",
	 "true or false", "", "", "", "no"},
	{"{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"number\"}}},{\"required\":[\"b\"]}]}", "/a", "number", "", "",
	 "", "no"},
	{"{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"b\"],"
	 "\"properties\":{\"b\":{"
	 "\"type\":\"string\"}}}}}}",
	 "/a/7/b", "text", "", "", "", "yes"},
	{"{\"properties\":{\"a\":{\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"number\"}],\"items\":{\"type\":"
	 "\"null\"}}}}",
	 "/a/1", "number", "", "", "", ""},
	{"{\"properties\":{\"a\":{\"items\":[{\"type\":\"string\"}],\"additionalItems\":{\"type\":\"boolean\"}}}}",
	 "/a/3", "true or false", "", "", "", ""},
	{"{\"properties\":{\"a\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":5,\"uniqueItems\":true}}}", "/a",
	 "list", "1 to 5 entries, all different", "", "", "no"},
	{"{\"properties\":{\"a\":{}}}", "/a", "any", "", "", "", "no"},
	{"{\"properties\":{\"a\":true}}", "/a", "any", "", "", "", "no"},
	{"{\"properties\":{\"a\":{\"$ref\":\"#/properties/a\"}}}", "/a", "any", "", "", "", "no"},
	{"{\"properties\":{\"a\":{\"$ref\":\"http://127.0.0.1/else\"}}}", "/a", "any", "", "", "", "no"},
};

START_TEST(words_of_a_place)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
	struct wording wording = {.arena = &arena};
	struct schema_view view = {.root = support_json(&arena, places[_i].schema), .wording = &wording};
	struct select_path path;
	ck_assert(select_compile(span_of(places[_i].place), &arena, &path, NULL));
	struct schema_place place = schema_view_walk(&view, schema_view_root(&view), &path);
	ck_assert_msg(place.node != NULL, "nothing at %s of %s", places[_i].place, places[_i].schema);
	struct schema_facts facts = schema_view_facts(&view, place.node);
	ck_assert_str_eq(facts.type, places[_i].type);
	ck_assert_str_eq(facts.range, places[_i].range);
	ck_assert_str_eq(facts.format, places[_i].format);
	ck_assert_str_eq(facts.allowed, places[_i].allowed);
	const char *required = place.parent == NULL ? "" : schema_view_required(&view, &place) ? "yes" : "no";
	ck_assert_str_eq(required, places[_i].required);
	ck_assert(!wording.failed);
}
END_TEST

START_TEST(leaves_of_a_tree_that_contains_itself)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
	struct wording wording = {.arena = &arena};
	struct schema_view view = {.wording = &wording};
	static const char *const paths[] = {"/name", "/a~1b", "/children", "/children/*"};
	size_t count;
	bool more;
	view.root = support_json(&arena, "{\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\"},"
					 "\"a/b\":{},\"children\":{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}}}");
	const struct schema_leaf *leaves = schema_view_leaves(&view, &count, &more);
	ck_assert_uint_eq(count, 4);
	ck_assert(!more && leaves[0].required && !leaves[1].required);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(leaves[i].path, paths[i]);
		ck_assert_int_eq(leaves[i].repeats, i == 3);
		ck_assert_uint_eq(leaves[i].depth, i == 3);
	}
}
END_TEST

/* Two references to the next definition in each of thirty: 2^30 ways through. */
START_TEST(a_fan_of_references_ends)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct wording wording = {.arena = &arena};
	struct schema_view view = {.wording = &wording};
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	size_t count;
	bool more;
	buffer_append_text(&text, "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/d0\"}},\"$defs\":{");
	for (int i = 0; i < 30; i++) {
		buffer_append_format(&text,
				     "\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i,
				     i + 1, i + 1);
	}
	buffer_append_text(&text, "\"d30\":{\"type\":\"string\"}}}");
	view.root = support_json(&arena, text.data);
	schema_view_leaves(&view, &count, &more);
	schema_view_facts(&view, schema_view_root(&view).node);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_le(view.steps, SCHEMA_STEPS_MAX);
}
END_TEST

Suite *schema_view_suite(void)
{
	Suite *suite = suite_create("schema_view");
	TCase *tests = tcase_create("places");
	tcase_add_loop_test(tests, words_of_a_place, 0, (int)(sizeof(places) / sizeof(places[0])));
	tcase_add_test(tests, leaves_of_a_tree_that_contains_itself);
	tcase_add_test(tests, a_fan_of_references_ends);
	suite_add_tcase(suite, tests);
	return suite;
}
