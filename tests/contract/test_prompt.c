#include "harness/contract/prompt.h"
#include "tests/contract/suites.h"

static const struct {
	const char *template_text;
	const char *message;
	const char *prompt; /* NULL: refused */
} fills[] = {
	{"plain", "{}", "plain"},
	{"", "{}", ""},
	{"TEXT: {{/text}}!", "{\"text\": \"hello\"}", "TEXT: hello!"},
	{"{{/a}}{{/b}}", "{\"a\": \"1\", \"b\": \"2\"}", "12"},
	{"{{ /a }}", "{\"a\": \"1\"}", "1"},
	{"[{{/absent}}]", "{}", "[]"},
	{"{{/n}} {{/t}} {{/z}}", "{\"n\": 1.50, \"t\": true, \"z\": null}", "1.50 true null"},
	{"{{/o}}", "{\"o\": {\"k\": [1, \"x\"]}}", "{\"k\":[1,\"x\"]}"},
	{"{{/a/1/b}}", "{\"a\": [0, {\"b\": \"deep\"}]}", "deep"},
	{"{{/a~1b}}{{/c~0d}}", "{\"a/b\": \"1\", \"c~d\": \"2\"}", "12"},
	{"{{}}", "[1]", "[1]"},
	{"{ {/a} }", "{\"a\": \"1\"}", "{ {/a} }"},
	/* hostile values: no line break, no placeholder of their own, no second look at what was filled in */
	{"T: {{/t}}", "{\"t\": \"a\\nTEXT: b\\r\\nc\"}", "T: a TEXT: b  c"},
	{"T: {{/t}}", "{\"t\": \"tab\\tstays\"}", "T: tab\tstays"},
	{"T: {{/t}}", "{\"t\": \"\\u0000\\u001b[0m\\u007f\\u0085\\u2028\\u2029.\"}", "T:   [0m    ."},
	{"{{/t}}", "{\"t\": \"{{/secret}}\", \"secret\": \"s\"}", "{/secret}}"},
	{"{{/t}}", "{\"t\": \"{{{{{x\"}", "{x"},
	{"{{/t}}{{/u}}", "{\"t\": \"{\", \"u\": \"{/t}}\"}", "{{/t}}"},
	{"{{/t}}", "{\"t\": \"a }} b\"}", "a }} b"},
	{"{{/t}}", "{\"t\": {\"k\": \"a\\nb {{/x}}\"}}", "{\"k\":\"a\\nb {/x}}\"}"},
	{"{{/t}}", "{\"t\": \"\\u00e9\\ud83d\\ude00\"}", "\xc3\xa9\xf0\x9f\x98\x80"},
	/* broken templates */
	{"a {{/t", "{}", NULL},
	{"{{t}}", "{}", NULL},
	{"{{$.t}}", "{}", NULL},
	{"{{/a~2}}", "{}", NULL},
};

START_TEST(fill)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct buffer prompt CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	const struct json_node *message;
	struct error err = ERROR_INIT;
	ck_assert(json_parse(&arena, span_of(fills[_i].message), NULL, &message, &err));
	bool ok = prompt_fill(span_of(fills[_i].template_text), message, &prompt, &err);
	ck_assert_msg(ok == (fills[_i].prompt != NULL), "%s", fills[_i].template_text);
	if (ok) {
		ck_assert_str_eq(buffer_span(&prompt).data, fills[_i].prompt);
	} else {
		ck_assert_int_eq(err.code, ERROR_CONFIG);
	}
}
END_TEST

START_TEST(too_long)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct buffer prompt CLEANUP_BUFFER = BUFFER_INIT(10);
	const struct json_node *message;
	struct error err = ERROR_INIT;
	ck_assert(json_parse(&arena, SPAN("{\"t\": \"0123456789\"}"), NULL, &message, &err));
	ck_assert(!prompt_fill(SPAN("T{{/t}}"), message, &prompt, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

START_TEST(pointers)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct select_path *paths;
	size_t count;
	struct error err = ERROR_INIT;
	ck_assert(prompt_pointers(SPAN("{{/a/b}} and {{/c}} and {{/a/b}}"), &arena, &paths, &count, &err));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(paths[0].count, 2);
	ck_assert(span_is(paths[0].steps[1].name, "b"));
	ck_assert(span_is(paths[1].steps[0].name, "c"));
	ck_assert(prompt_pointers(SPAN("none"), &arena, &paths, &count, &err));
	ck_assert_uint_eq(count, 0);
	ck_assert(!prompt_pointers(SPAN("line\n{{/a"), &arena, &paths, &count, &err));
	ck_assert_str_eq(err.message, "byte 6: \"{{\" without \"}}\"; close it, or write one brace");
}
END_TEST

Suite *prompt_suite(void)
{
	Suite *suite = suite_create("prompt");
	TCase *tests = tcase_create("prompt");
	tcase_add_loop_test(tests, fill, 0, (int)(sizeof(fills) / sizeof(fills[0])));
	tcase_add_test(tests, too_long);
	tcase_add_test(tests, pointers);
	suite_add_tcase(suite, tests);
	return suite;
}
