#include "harness/base/json_build.h"
#include "tests/base/suites.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Writes, compares and destroys. */
static void assert_written(struct json_build *build, int indent, const char *expected)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	ck_assert_msg(json_build_write(build, indent, &buffer, &err), "%s", err.message);
	ck_assert_str_eq(buffer.data, expected);
	json_build_destroy(build);
}

static struct json_build *sample(void)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "b", "te\"xt");
	json_build_array(build, "a");
	json_build_integer(build, NULL, INT64_MIN);
	json_build_object(build, NULL);
	json_build_end(build);
	json_build_array(build, NULL);
	json_build_end(build);
	json_build_end(build);
	json_build_object(build, "o");
	json_build_boolean(build, "t", true);
	json_build_boolean(build, "f", false);
	json_build_null(build, "n");
	json_build_text(build, "u", NULL);
	json_build_end(build);
	return build;
}

START_TEST(layout)
{
	assert_written(json_build_create(), 0, "{}");
	assert_written(json_build_create_array(), 2, "[]");
	assert_written(sample(), 0,
		       "{\"b\":\"te\\\"xt\",\"a\":[-9223372036854775808,{},[]],"
		       "\"o\":{\"t\":true,\"f\":false,\"n\":null,\"u\":null}}");
	assert_written(sample(), 2,
		       "{\n  \"b\": \"te\\\"xt\",\n  \"a\": [\n    -9223372036854775808,\n    {},\n    []\n  ],\n"
		       "  \"o\": {\n    \"t\": true,\n    \"f\": false,\n    \"n\": null,\n    \"u\": null\n  }\n}");
	json_build_destroy(NULL);
}
END_TEST

static const struct {
	double number;
	const char *nine;
	const char *exact;
} numbers[] = {
	{0.1, "0.1", "0.1"},
	{0.0, "0", "0"},
	{-0.0, "0", "-0"},
	{3.0, "3", "3"},
	{-1.5, "-1.5", "-1.5"},
	{1.0 / 3.0, "0.333333333", "0.3333333333333333"},
	{2.0 / 3.0, "0.666666667", "0.6666666666666666"},
	{0.1 + 0.2, "0.3", "0.30000000000000004"},
	{123456789.0, "123456789", "123456789"},
	{1e9, "1e+09", "1000000000"},
	{1e22, "1e+22", "1e+22"},
	{1e-7, "1e-07", "1e-07"},
	{9007199254740993.0, "9.00719925e+15", "9007199254740992"},
	{DBL_MAX, "1.79769313e+308", "1.7976931348623157e+308"},
	{0x1p-1074, "4.94065646e-324", "4.94065645841247e-324"},
	{(double)NAN, "null", "null"},
	{(double)INFINITY, "null", "null"},
	{-(double)INFINITY, "null", "null"},
};

static void assert_number(double number, const char *nine, const char *exact)
{
	char expected[200];
	snprintf(expected, sizeof(expected), "[%s,%s]", nine, exact);
	struct json_build *build = json_build_create_array();
	json_build_number(build, NULL, number);
	json_build_exact(build, NULL, number);
	assert_written(build, 0, expected);
}

START_TEST(number)
{
	assert_number(numbers[_i].number, numbers[_i].nine, numbers[_i].exact);
}
END_TEST

START_TEST(number_locale)
{
	static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF", "fa_IR"};
	for (size_t i = 0; i < COUNT(locales); i++) {
		if (setlocale(LC_ALL, locales[i]) == NULL) {
			printf("skipped: no locale %s\n", locales[i]);
		}
		assert_number(1234.5, "1234.5", "1234.5");
		assert_number(-0.1, "-0.1", "-0.1");
	}
	setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(texts)
{
	struct json_build *build = json_build_create();
	json_build_span(build, "nul", SPAN("a\0b"));
	json_build_text(build, "bad \xff", "x\xc3(\xed\xa0\x80");
	json_build_text(build, "", "\xe2\x82\xac \xf0\x9f\x98\x80 </script>");
	json_build_span(build, "none", (struct span){NULL, 0});
	assert_written(
		build, 0,
		"{\"nul\":\"a\\u0000b\",\"bad \xef\xbf\xbd\":\"x\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
		"\"\":\"\xe2\x82\xac \xf0\x9f\x98\x80 </script>\",\"none\":\"\"}");
}
END_TEST

START_TEST(name_again)
{
	struct json_build *build = json_build_create();
	json_build_integer(build, "a", 1);
	json_build_integer(build, "b", 2);
	json_build_array(build, "a");
	json_build_integer(build, NULL, 3);
	json_build_end(build);
	assert_written(build, 0, "{\"a\":[3],\"b\":2}");
}
END_TEST

START_TEST(node)
{
	static const char *const sources[] = {
		"null",
		"[true,false,null,\"x\",{}]",
		"{\"z\":1,\"a\":{\"deep\":[[[\"\\u0000\"]]]},\"\\u0000\":2}",
		"[1.10,1e5,-0,123456789012345678901234567890.123456789012345678901234567890,1E+400]",
	};
	for (size_t i = 0; i < COUNT(sources); i++) {
		CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
		const struct json_node *root;
		ck_assert(json_parse(&arena, span_of(sources[i]), NULL, &root, NULL));
		struct json_build *build = json_build_create_array();
		json_build_node(build, NULL, root);
		arena_finish(&arena);
		char expected[300];
		snprintf(expected, sizeof(expected), "[%s]", sources[i]);
		assert_written(build, 0, expected);
	}
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	const struct json_node *twice;
	ck_assert(json_parse(&arena, SPAN("{\"a\":1,\"b\":2,\"a\":3}"), NULL, &twice, NULL));
	struct json_build *build = json_build_create();
	json_build_node(build, "n", twice);
	json_build_node(build, "absent", NULL);
	assert_written(build, 0, "{\"n\":{\"a\":3,\"b\":2},\"absent\":null}");
}
END_TEST

START_TEST(limits)
{
	struct json_build *build = json_build_create_array();
	for (int i = 0; i < JSON_BUILD_DEPTH + 10; i++) {
		json_build_array(build, NULL);
	}
	for (int i = 0; i < JSON_BUILD_DEPTH + 10; i++) {
		json_build_end(build);
	}
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1000);
	struct error deep = ERROR_INIT;
	ck_assert(!json_build_write(build, 0, &buffer, &deep));
	ck_assert_int_eq(deep.code, ERROR_LIMIT);
	json_build_destroy(build);
	build = sample();
	CLEANUP_BUFFER struct buffer small = BUFFER_INIT(10);
	struct error large = ERROR_INIT;
	ck_assert(!json_build_write(build, 0, &small, &large));
	ck_assert_int_eq(large.code, ERROR_LIMIT);
	json_build_destroy(build);
}
END_TEST

Suite *json_build_suite(void)
{
	Suite *suite = suite_create("json_build");
	TCase *cases = tcase_create("json_build");
	tcase_add_test(cases, layout);
	tcase_add_loop_test(cases, number, 0, COUNT(numbers));
	tcase_add_test(cases, number_locale);
	tcase_add_test(cases, texts);
	tcase_add_test(cases, name_again);
	tcase_add_test(cases, node);
	tcase_add_test(cases, limits);
	suite_add_tcase(suite, cases);
	return suite;
}
