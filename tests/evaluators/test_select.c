#include "documents.h"
#include "suites.h"

#include "evaluators/select/select.h"

#include <stdio.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

struct address {
	const char *expression;
	const char *value;   /* JSON; NULL: nothing there */
	const char *pointer; /* NULL: none without the document */
};

/* The document and the first twelve values are RFC 6901 section 5. */
static const char rfc6901[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
			      "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
static const struct address pointers[] = {
	{"", rfc6901, ""},
	{"/foo", "[\"bar\",\"baz\"]", "/foo"},
	{"/foo/0", "\"bar\"", "/foo/0"},
	{"/", "0", "/"},
	{"/a~1b", "1", "/a~1b"},
	{"/c%d", "2", "/c%d"},
	{"/e^f", "3", "/e^f"},
	{"/g|h", "4", "/g|h"},
	{"/i\\j", "5", "/i\\j"},
	{"/k\"l", "6", "/k\"l"},
	{"/ ", "7", "/ "},
	{"/m~0n", "8", "/m~0n"},
	{"/foo/-", NULL, "/foo/-"},
	{"/foo/00", NULL, "/foo/00"},
	{"/foo/2", NULL, "/foo/2"},
	{"/foo/-1", NULL, "/foo/-1"},
	{"/foo/99999999999999999999999", NULL, "/foo/99999999999999999999999"},
	{"/foo/0/x", NULL, "/foo/0/x"},
	{"/m~01n", NULL, "/m~01n"},
	{"$", rfc6901, ""},
	{"$.foo", "[\"bar\",\"baz\"]", "/foo"},
	{"$.foo[0]", "\"bar\"", "/foo/0"},
	{"$.foo[-1]", "\"baz\"", NULL},
	{"$.foo[-3]", NULL, NULL},
	{"$ [ 'foo' ] [ 1 ]", "\"baz\"", "/foo/1"},
	{"$['a/b']", "1", "/a~1b"},
	{"$[\"m~n\"]", "8", "/m~0n"},
	{"$['k\\u0022l']", "6", "/k\"l"},
	{"$['i\\\\j']", "5", "/i\\j"},
	{"$['']", "0", "/"},
	{"$['foo']['0']", NULL, "/foo/0"},
	{"$.foo.length", NULL, "/foo/length"},
	{"$['\\ud83d\\ude00']", NULL, "/\xf0\x9f\x98\x80"},
};

START_TEST(addresses_name_values)
{
	const struct address *row = &pointers[_i];
	const struct json_node *root = document_parse(&arena, span_of(rfc6901));
	struct error err = ERROR_INIT;
	struct select_path path;
	ck_assert_msg(select_compile(span_of(row->expression), &arena, &path, &err), "%s", err.message);
	const struct json_node *found = select_get(&path, root);
	if (row->value == NULL) {
		ck_assert_ptr_null(found);
	} else {
		ck_assert(json_equal(found, document_parse(&arena, span_of(row->value))));
	}
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1000);
	ck_assert_int_eq(select_to_pointer(&path, &buffer), row->pointer != NULL);
	ck_assert_str_eq(buffer_span(&buffer).data, row->pointer != NULL ? row->pointer : "");
	ck_assert_ptr_null(select_get(&path, NULL));
}
END_TEST

struct refusal {
	const char *expression;
	const char *message; /* a part of it */
};

static const struct refusal refusals[] = {
	{"foo", "starts neither with"},
	{" $", "starts neither with"},
	{"#/foo", "starts neither with"},
	{"@.a", "starts neither with"},
	{"/a~", "position 3"},
	{"/a~2", "position 3"},
	{"/\xff", "not UTF-8"},
	{"$.\xc3", "not UTF-8"},
	{"$ ", "position 3"},
	{"$.", "position 3"},
	{"$. a", "position 3"},
	{"$.a b", "position 5"},
	{"$a", "position 2"},
	{"$.1", "position 3"},
	{"$[", "position 3"},
	{"$[]", "position 3"},
	{"$[0", "position 4"},
	{"$[01]", "position 3"},
	{"$[-0]", "position 3"},
	{"$[-]", "position 3"},
	{"$[9007199254740992]", "position 3"},
	{"$[99999999999999999999]", "position 3"},
	{"$['a]", "position 6"},
	{"$['a\\x']", "position 6"},
	{"$['a\"b\\\"']", "position 8"},
	{"$['\\ud800']", "surrogates"},
	{"$['\\udc00']", "surrogates"},
	{"$['\\ud800\\u0041']", "surrogate"},
	{"$['\\u00']", "hexadecimal"},
	{"$['\n']", "control character"},
	{"$.*", "only singular queries"},
	{"$[*]", "only singular queries"},
	{"$..a", "only singular queries"},
	{"$..[0]", "only singular queries"},
	{"$[1:2]", "only singular queries"},
	{"$[ : : -1 ]", "only singular queries"},
	{"$['a','b']", "only singular queries"},
	{"$[?@.a]", "only singular queries"},
	{"$[1:2:3:4]", "position 8"},
	{"$[*", "position 4"},
	{"$...a", "position 4"},
	{"$['a',]", "position 7"},
};

START_TEST(bad_addresses_are_refused)
{
	struct error err = ERROR_INIT;
	struct select_path path;
	ck_assert(!select_compile(span_of(refusals[_i].expression), &arena, &path, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert_msg(strstr(err.message, refusals[_i].message) != NULL, "%s: %s", refusals[_i].expression,
		      err.message);
}
END_TEST

START_TEST(hostile_addresses_end)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT((size_t)16 << 20);
	struct error err = ERROR_INIT;
	struct select_path path;
	buffer_append_text(&buffer, "$");
	for (int i = 0; i < 100000; i++) {
		buffer_append_text(&buffer, "[0]");
	}
	ck_assert(select_compile(buffer_span(&buffer), &arena, &path, &err));
	ck_assert_uint_eq(path.count, 100000);
	ck_assert_ptr_null(select_get(&path, document_parse(&arena, SPAN("[[[]]]"))));
	struct arena small = ARENA_INIT(100);
	ck_assert(!select_compile(buffer_span(&buffer), &small, &path, &err));
	ck_assert_int_eq(err.code, ERROR_MEMORY);
	arena_finish(&small);
}
END_TEST

/* One case of the compliance suite. 1: a singular query, with the right result; 0: refused, as it must be. */
static int run_compliance_case(const struct json_node *test)
{
	struct span selector = json_text(json_get_text(test, "selector"));
	struct span name = json_text(json_get_text(test, "name"));
	struct error err = ERROR_INIT;
	struct select_path path;
	bool compiled = select_compile(selector, &arena, &path, &err);
	if (json_is(json_get_text(test, "invalid_selector"), JSON_TRUE)) {
		ck_assert_msg(!compiled, "accepted: %.*s", SPAN_ARGUMENTS(name));
		return 0;
	}
	if (!compiled) {
		bool is_plural = false;
		for (size_t i = 0; i < selector.length; i++) {
			is_plural = is_plural || strchr("*:?,", selector.data[i]) != NULL ||
				    (i > 0 && selector.data[i] == '.' && selector.data[i - 1] == '.');
		}
		ck_assert_msg(is_plural && strstr(err.message, "only singular") != NULL, "%.*s: %s",
			      SPAN_ARGUMENTS(name), err.message);
		return 0;
	}
	const struct json_node *result = json_get_text(test, "result");
	const struct json_node *found = select_get(&path, json_get_text(test, "document"));
	const struct json_node *expected = json_first(result);
	bool right = expected == NULL ? found == NULL : json_equal(found, expected);
	ck_assert_msg(right && json_count(result) <= 1, "wrong result: %.*s", SPAN_ARGUMENTS(name));
	return 1;
}

START_TEST(compliance_suite)
{
	const struct json_node *root = document_shared(&arena, "data/jsonpath-cts/cts.json");
	if (root == NULL) {
		return;
	}
	const struct json_node *tests = json_get_text(root, "tests");
	int singular = 0;
	int total = 0;
	for (const struct json_node *test = json_first(tests); test != NULL; test = json_next(tests, test)) {
		singular += run_compliance_case(test);
		total++;
	}
	ck_assert_int_gt(total, 400);
	ck_assert_int_gt(singular, 40);
	printf("jsonpath compliance suite: %d singular queries right, %d others refused\n", singular, total - singular);
}
END_TEST

Suite *select_suite(void)
{
	Suite *suite = suite_create("select");
	TCase *cases = tcase_create("addresses");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, addresses_name_values, 0, sizeof(pointers) / sizeof(pointers[0]));
	tcase_add_loop_test(cases, bad_addresses_are_refused, 0, sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(cases, hostile_addresses_end);
	tcase_add_test(cases, compliance_suite);
	suite_add_tcase(suite, cases);
	return suite;
}
