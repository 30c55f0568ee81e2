/* Cells of allowed values. */
#include "harness/document/code_list.h"
#include "tests/document/suites.h"
#include "tests/document/support.h"

static const struct {
	const char *cell;
	bool text_only;
	const char *values; /* as a JSON array; NULL: refused */
	const char *error;  /* part of it */
} cells[] = {
	{"", true, "[]", NULL},
	{"a\nb", true, "[\"a\",\"b\"]", NULL},
	{"  a \r\n\n b = the second \n", true, "[\"a\",\"b\"]", NULL},
	{"5\ntrue\nnull", true, "[\"5\",\"true\",\"null\"]", NULL},
	{"5\ntrue\nnull\n\"5\"\nx", false, "[5,true,null,\"5\",\"x\"]", NULL},
	{"\"\"\n\"a = b\" = both\n\"q\\\" = \\\"\"", true, "[\"\",\"a = b\",\"q\\\" = \\\"\"]", NULL},
	{"a=b", true, "[\"a=b\"]", NULL},
	{"=cmd()\n-5\n+49\n@x", true, "[\"=cmd()\",\"-5\",\"+49\",\"@x\"]", NULL},
	{"a = x = y", true, "[\"a\"]", NULL},
	{"a\nb\na", true, NULL, "1 and 3 are the same"},
	{"1\n1.0", false, NULL, "1 and 2 are the same"},
	{"\"open", true, NULL, "close the quote"},
	{"a\n = x", true, "[\"a\",\"= x\"]", NULL},
};

START_TEST(reading)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct code_entry *entries = NULL;
	size_t count = 0;
	bool ok = code_list_read(span_of(cells[_i].cell), cells[_i].text_only, &arena, &entries, &count, &err);
	if (cells[_i].values == NULL) {
		ck_assert(!ok);
		ck_assert_msg(strstr(err.message, cells[_i].error) != NULL, "%s", err.message);
		return;
	}
	ck_assert_msg(ok, "%s", err.message);
	const struct json_node *values = support_json(&arena, cells[_i].values);
	ck_assert_uint_eq(json_count(values), count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(json_equal(json_at(values, i), entries[i].value), "value %zu", i);
	}
}
END_TEST

START_TEST(meanings)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct code_entry *entries;
	size_t count;
	ck_assert(code_list_read(SPAN("\"a = b\" = both\nc = x = y\nd"), true, &arena, &entries, &count, NULL));
	ck_assert_uint_eq(count, 3);
	ck_assert(span_is(entries[0].meaning, "both"));
	ck_assert(span_is(entries[1].meaning, "x = y"));
	ck_assert_uint_eq(entries[2].meaning.length, 0);
}
END_TEST

/* What is written for a value reads back as that value. */
START_TEST(there_and_back)
{
	static const char *const values[] = {"\"a\"",     "\"\"",     "\" a\"",    "\"a \"",        "\"5\"",
					     "5",         "-0.5",     "null",      "\"null\"",      "true",
					     "\"x = y\"", "\"=1\"",   "\"x\\ny\"", "\"\\\"q\\\"\"", "\"Straße\"",
					     "[1]",       "{\"a\":1}"};
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct wording wording = {.arena = &arena};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct error err = ERROR_INIT;
		struct code_entry *entries;
		size_t count;
		const struct json_node *value = support_json(&arena, values[i]);
		const char *cell = code_write(&wording, value, false);
		ck_assert_msg(code_list_read(span_of(cell), false, &arena, &entries, &count, &err), "%s", err.message);
		ck_assert_uint_eq(count, 1);
		ck_assert_msg(json_equal(entries[0].value, value), "%s became %s", values[i], cell);
	}
}
END_TEST

Suite *code_list_suite(void)
{
	Suite *suite = suite_create("code_list");
	TCase *tests = tcase_create("cells");
	tcase_add_loop_test(tests, reading, 0, (int)(sizeof(cells) / sizeof(cells[0])));
	tcase_add_test(tests, meanings);
	tcase_add_test(tests, there_and_back);
	suite_add_tcase(suite, tests);
	return suite;
}
