/* Comparison rules in words and in two cells. */
#include "harness/document/rule_text.h"
#include "tests/document/suites.h"
#include "tests/document/support.h"

static const struct {
	const char *rule; /* JSON; NULL: none */
	const char *options;
	const char *words;
} rules[] = {
	{NULL, "", "the same value"},
	{"\"exact\"", "", "the same value"},
	{"\"ignore\"", "", "not compared"},
	{"\"number\"", "", "the same number, however it is written"},
	{"{\"number\":{\"abs\":0.005}}", "abs: 0.005", "numbers may differ by 0.005"},
	{"{\"number\":{\"rel\":0.01}}", "rel: 0.01", "numbers may differ by 1 % of the larger one"},
	{"{\"number\":{\"abs\":0,\"rel\":0.0025}}", "abs: 0, rel: 0.0025",
	 "numbers may differ by 0.25 % of the larger one"},
	{"{\"number\":{\"abs\":1,\"rel\":0.1}}", "abs: 1, rel: 0.1",
	 "numbers may differ by 1 or by 10 % of the larger one"},
	{"{\"number\":{\"abs\":1,\"strings\":true}}", "abs: 1, strings: true",
	 "numbers may differ by 1; numbers written as text count as numbers"},
	{"\"text\"", "", "the same text, letter by letter"},
	{"{\"text\":{\"case\":\"ignore\"}}", "case: ignore", "the same text, without regard to upper and lower case"},
	{"{\"text\":{\"case\":\"ignore\",\"space\":\"collapse\"}}", "case: ignore, space: collapse",
	 "the same text, without regard to upper and lower case or to the amount of white space"},
};

START_TEST(words)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct wording wording = {.arena = &arena};
	struct field_comparator comparator;
	const struct json_node *rule = rules[_i].rule != NULL ? support_json(&arena, rules[_i].rule) : NULL;
	const struct json_node *read;
	struct error err = ERROR_INIT;
	ck_assert(evaluator_compile(rule, &arena, &comparator, NULL));
	ck_assert_str_eq(rule_in_words(&wording, &comparator, rule), rules[_i].words);
	const char *options = rule_options(&wording, rule);
	ck_assert_str_eq(options, rules[_i].options);
	ck_assert_msg(rule_read(span_of(comparator.evaluator->name), span_of(options), &arena, &read, &err), "%s",
		      err.message);
	ck_assert(json_equal(read, rule != NULL ? rule : support_json(&arena, "\"exact\"")));
}
END_TEST

static const struct {
	const char *name;
	const char *options;
	const char *rule; /* NULL: refused */
} cells[] = {
	{"number", "0.005", "{\"number\":{\"abs\":0.005}}"},
	{"number", "1 %", "{\"number\":{\"rel\":0.01}}"},
	{"number", "0.5%", "{\"number\":{\"rel\":0.005}}"},
	{"number", "0 %", "{\"number\":{\"rel\":0}}"},
	{"number", "-1", NULL},
	{"number", "0,005", NULL},
	{"number", "abs: much", NULL},
	{"number", "abs: 1}, text: {case: ignore", NULL},
	{"number", "abs: 1 # note", NULL},
	{"number", "abs: ${HOME}", NULL},
	{"exact", "abs: 1", NULL},
	{"text", "case: ignore", "{\"text\":{\"case\":\"ignore\"}}"},
	{"text", "case: never", NULL},
	{"closest", "", NULL},
	{"", "", NULL},
	{"=cmd()", "", NULL},
};

START_TEST(reading)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct error err = ERROR_INIT;
	const struct json_node *rule;
	bool ok = rule_read(span_of(cells[_i].name), span_of(cells[_i].options), &arena, &rule, &err);
	ck_assert_msg(ok == (cells[_i].rule != NULL), "%s, %s: %s", cells[_i].name, cells[_i].options, err.message);
	if (ok) {
		ck_assert(json_equal(rule, support_json(&arena, cells[_i].rule)));
	} else {
		ck_assert_int_ne(err.message[0], '\0');
	}
}
END_TEST

Suite *rule_text_suite(void)
{
	Suite *suite = suite_create("rule_text");
	TCase *tests = tcase_create("rules");
	tcase_add_loop_test(tests, words, 0, (int)(sizeof(rules) / sizeof(rules[0])));
	tcase_add_loop_test(tests, reading, 0, (int)(sizeof(cells) / sizeof(cells[0])));
	suite_add_tcase(suite, tests);
	return suite;
}
