#include "documents.h"
#include "suites.h"

#include "evaluators/compare/compare.h"

#include <stdio.h>
#include <time.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

struct comparison {
	const char *rule; /* JSON; NULL: the default */
	const char *legacy;
	const char *llm; /* JSON; NULL: absent */
	enum verdict verdict;
};

static const struct comparison comparisons[] = {
	/* presence */
	{"\"exact\"", NULL, NULL, VERDICT_AGREE},
	{"\"exact\"", "1", NULL, VERDICT_MISSING},
	{"\"exact\"", NULL, "1", VERDICT_EXTRA},
	{"\"number\"", "null", NULL, VERDICT_MISSING},
	{"\"text\"", NULL, "\"\"", VERDICT_EXTRA},
	{"\"ignore\"", "1", "2", VERDICT_IGNORED},
	{"\"ignore\"", NULL, "2", VERDICT_IGNORED},
	{"{\"ignore\":{}}", NULL, NULL, VERDICT_IGNORED},
	/* exact */
	{NULL, "1", "1.0", VERDICT_AGREE},
	{NULL, "\"a\"", "\"A\"", VERDICT_DISAGREE},
	{"\"exact\"", "1", "\"1\"", VERDICT_DISAGREE},
	{"\"exact\"", "10e-1", "1", VERDICT_AGREE},
	{"\"exact\"", "0", "false", VERDICT_DISAGREE},
	{"\"exact\"", "null", "null", VERDICT_AGREE},
	{"\"exact\"", "[1,2]", "[2,1]", VERDICT_DISAGREE},
	{"\"exact\"", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1.00}", VERDICT_AGREE},
	{"\"exact\"", "12345678901234567890123", "12345678901234567890124", VERDICT_DISAGREE},
	{"\"exact\"", "0.1", "0.10000000000000000001", VERDICT_DISAGREE},
	/* number, absolute: the limit itself agrees, and binary fractions do not blur it */
	{"\"number\"", "1.50", "15e-1", VERDICT_AGREE},
	{"\"number\"", "1", "\"1\"", VERDICT_DISAGREE},
	{"\"number\"", "1", "null", VERDICT_DISAGREE},
	{"\"number\"", "null", "null", VERDICT_AGREE},
	{"\"number\"", "\"n/a\"", "\"n/a\"", VERDICT_AGREE},
	{"{\"number\":{\"abs\":0.005}}", "19.95", "19.955", VERDICT_AGREE},
	{"{\"number\":{\"abs\":0.005}}", "19.955", "19.95", VERDICT_AGREE},
	{"{\"number\":{\"abs\":0.005}}", "19.95", "19.9550000000000000000000001", VERDICT_DISAGREE},
	{"{\"number\":{\"abs\":0.1}}", "0.3", "0.2", VERDICT_AGREE},
	{"{\"number\":{\"abs\":0.1}}", "0.3", "0.1999999999999999999", VERDICT_DISAGREE},
	{"{\"number\":{\"abs\":1}}", "-0.5", "0.5", VERDICT_AGREE},
	{"{\"number\":{\"abs\":1}}", "-0.5", "0.51", VERDICT_DISAGREE},
	{"{\"number\":{\"abs\":0}}", "1e2", "100", VERDICT_AGREE},
	{"{\"number\":{\"abs\":5e-3}}", "12345678901234567890.12", "12345678901234567890.125", VERDICT_AGREE},
	/* number, relative to the larger of the two */
	{"{\"number\":{\"rel\":0.01}}", "100", "99", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01}}", "99", "100", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01}}", "100", "98.99999", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0.01}}", "100", "101.01", VERDICT_AGREE},        /* 1.01 <= 1.0101 */
	{"{\"number\":{\"rel\":0.01}}", "100", "101.010102", VERDICT_DISAGREE}, /* 1.010102 > 1.01010102 */
	{"{\"number\":{\"rel\":0.01}}", "-100", "-99", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01}}", "100", "-100", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":2}}", "100", "-100", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.5}}", "0", "1", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0.5}}", "0", "-0.0", VERDICT_AGREE},
	{"{\"number\":{\"rel\":1e-3}}", "0.001", "0.000999", VERDICT_AGREE},
	{"{\"number\":{\"rel\":1e-3}}", "0.001", "0.0009989", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0.123456789}}", "1e30", "876543211e21", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.123456789}}", "1e30", "876543210999999999999e9", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0.01,\"abs\":0.5}}", "10", "10.5", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01,\"abs\":0.5}}", "1000", "1009", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01,\"abs\":0.5}}", "10", "10.6", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0}}", "1", "1.1", VERDICT_DISAGREE},
	{"{\"number\":{\"rel\":0.01}}", "1e99999", "1.001e99999", VERDICT_AGREE},
	{"{\"number\":{\"rel\":0.01}}", "1e999999", "1.001e999999", VERDICT_DISAGREE}, /* past the limits */
	{"{\"number\":{\"rel\":0.01}}", "1e999999", "1e999999", VERDICT_AGREE},
	/* number, in strings */
	{"{\"number\":{\"strings\":true}}", "\"1.50\"", "1.5", VERDICT_AGREE},
	{"{\"number\":{\"strings\":true,\"abs\":0.01}}", "\"1.50\"", "\"1.51\"", VERDICT_AGREE},
	{"{\"number\":{\"strings\":true}}", "\"1,50\"", "1.5", VERDICT_DISAGREE},
	{"{\"number\":{\"strings\":true}}", "\" 1.5\"", "1.5", VERDICT_DISAGREE},
	{"{\"number\":{\"strings\":true}}", "\"\"", "0", VERDICT_DISAGREE},
	{"{\"number\":{\"strings\":false}}", "\"1.50\"", "1.5", VERDICT_DISAGREE},
	/* text */
	{"\"text\"", "\"a\"", "\"a\"", VERDICT_AGREE},
	{"\"text\"", "\"a\"", "\"A\"", VERDICT_DISAGREE},
	{"\"text\"", "\"a\"", "\"a \"", VERDICT_DISAGREE},
	{"\"text\"", "1", "\"1\"", VERDICT_DISAGREE},
	{"\"text\"", "1", "1.0", VERDICT_AGREE},
	{"\"text\"", "\"caf\\u00e9\"", "\"cafe\\u0301\"", VERDICT_AGREE},          /* composed and decomposed */
	{"\"text\"", "\"\\u212b\"", "\"\\u00c5\"", VERDICT_AGREE},                 /* Angstrom sign is A with ring */
	{"\"text\"", "\"\\ufb01\"", "\"fi\"", VERDICT_DISAGREE},                   /* compatibility only */
	{"\"text\"", "\"a\\u0323\\u0307\"", "\"a\\u0307\\u0323\"", VERDICT_AGREE}, /* marks in canonical order */
	{"{\"text\":{\"case\":\"ignore\"}}", "\"Pump UNIT\"", "\"pump unit\"", VERDICT_AGREE},
	{"{\"text\":{\"case\":\"ignore\"}}", "\"pump\"", "\"pumps\"", VERDICT_DISAGREE},
	{"{\"text\":{\"case\":\"ignore\"}}", "\"STRASSE\"", "\"stra\\u00dfe\"", VERDICT_AGREE},
	{"{\"text\":{\"case\":\"ignore\"}}", "\"\\u00c9COLE\"", "\"\\u00e9cole\"", VERDICT_AGREE},
	{"{\"text\":{\"case\":\"ignore\"}}", "\"\\u03a3\"", "\"\\u03c2\"", VERDICT_AGREE}, /* final sigma folds */
	{"{\"text\":{\"case\":\"keep\"}}", "\"\\u00c9COLE\"", "\"\\u00e9cole\"", VERDICT_DISAGREE},
	{"{\"text\":{\"case\":\"ignore\"}}", "\"[\"", "\"{\"", VERDICT_DISAGREE},
	{"{\"text\":{\"space\":\"collapse\"}}", "\"  a \\t\\n b  \"", "\"a b\"", VERDICT_AGREE},
	{"{\"text\":{\"space\":\"collapse\"}}", "\"ab\"", "\"a b\"", VERDICT_DISAGREE},
	{"{\"text\":{\"space\":\"collapse\"}}", "\"   \"", "\"\"", VERDICT_AGREE},
	{"{\"text\":{\"space\":\"collapse\"}}", "\"a\\u00a0\\u2003b\\u3000\"", "\"a b\"", VERDICT_AGREE},
	{"{\"text\":{\"space\":\"trim\"}}", "\" a b\\n\"", "\"a b\"", VERDICT_AGREE},
	{"{\"text\":{\"space\":\"trim\"}}", "\"a  b\"", "\"a b\"", VERDICT_DISAGREE},
	{"{\"text\":{\"space\":\"trim\"}}", "\"\\u2003\\u00e9\"", "\"\\u00e9\"", VERDICT_AGREE},
	{"{\"text\":{\"case\":\"ignore\",\"space\":\"collapse\"}}", "\" M\\u00dcLLER  GmbH\"", "\"m\\u00fcller gmbh\"",
	 VERDICT_AGREE},
};

static const struct json_node *parse_or_null(const char *text)
{
	return text != NULL ? document_parse(&arena, span_of(text)) : NULL;
}

static void compile(const char *rule, struct field_comparator *ret_comparator)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(evaluator_compile(parse_or_null(rule), &arena, ret_comparator, &err), "%s", err.message);
}

START_TEST(verdicts)
{
	const struct comparison *row = &comparisons[_i];
	struct field_comparator comparator;
	compile(row->rule, &comparator);
	enum verdict verdict = evaluator_compare(&comparator, parse_or_null(row->legacy), parse_or_null(row->llm));
	ck_assert_msg(verdict == row->verdict, "%s: %s and %s: %s, not %s", row->rule, row->legacy, row->llm,
		      verdict_name((int)verdict), verdict_name((int)row->verdict));
}
END_TEST

struct bad_rule {
	const char *rule;
	const char *message;
};

static const struct bad_rule bad_rules[] = {
	{"\"fuzzy\"", "no comparator \"fuzzy\"; use one of exact, number, text, ignore"},
	{"{\"fuzzy\":{}}", "no comparator \"fuzzy\""},
	{"1", "must be the name"},
	{"null", "must be the name"},
	{"{}", "must be the name"},
	{"[\"exact\"]", "must be the name"},
	{"{\"exact\":{},\"text\":{}}", "must be the name"},
	{"{\"exact\":{\"a\":1}}", "takes no options"},
	{"{\"ignore\":{\"a\":1}}", "takes no options"},
	{"{\"number\":0.005}", "options of number are number"},
	{"{\"number\":{\"absolute\":1}}", "\"absolute\" is not an option; allowed are abs"},
	{"{\"number\":{\"abs\":\"1\"}}", "\"abs\" is not a number"},
	{"{\"number\":{\"abs\":-1}}", "\"abs\" is negative"},
	{"{\"number\":{\"rel\":-0.1}}", "\"rel\" is negative"},
	{"{\"number\":{\"rel\":0.1234567891}}", "more than nine digits"},
	{"{\"number\":{\"strings\":1}}", "neither true nor false"},
	{"{\"text\":{\"case\":\"fold\"}}", "\"case\" has a value that is not allowed; allowed are case: keep"},
	{"{\"text\":{\"case\":true}}", "\"case\" has a value"},
	{"{\"text\":{\"space\":\"\"}}", "\"space\" has a value"},
	{"{\"text\":{\"trim\":true}}", "\"trim\" is not an option"},
};

START_TEST(bad_rules_are_refused)
{
	struct error err = ERROR_INIT;
	struct field_comparator comparator = {.evaluator = NULL};
	ck_assert(!evaluator_compile(parse_or_null(bad_rules[_i].rule), &arena, &comparator, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert_msg(strstr(err.message, bad_rules[_i].message) != NULL, "%s", err.message);
	ck_assert_ptr_null(comparator.evaluator);
}
END_TEST

START_TEST(only_exact_agreement_is_exact)
{
	for (const struct evaluator *const *entry = evaluator_list; *entry != NULL; entry++) {
		ck_assert_int_eq((*entry)->agreement_is_exact, strcmp((*entry)->name, "exact") == 0);
		ck_assert_int_ge((*entry)->semantics, 1);
		ck_assert_ptr_eq(evaluator_find(span_of((*entry)->name)), *entry);
	}
	ck_assert_ptr_null(evaluator_find(SPAN("")));
}
END_TEST

static const struct json_node *string_of(const char *start, const char *middle, int times, const char *end,
					 struct buffer *buffer)
{
	buffer_append_text(buffer, "\"");
	buffer_append_text(buffer, start);
	for (int i = 0; i < times; i++) {
		buffer_append_text(buffer, middle);
	}
	buffer_append_text(buffer, end);
	buffer_append_text(buffer, "\"");
	return document_parse(&arena, buffer_span(buffer));
}

/* A million of everything: linear, or the test runs into its time limit. */
START_TEST(long_texts)
{
	CLEANUP_BUFFER struct buffer a = BUFFER_INIT((size_t)16 << 20);
	CLEANUP_BUFFER struct buffer b = BUFFER_INIT((size_t)16 << 20);
	CLEANUP_BUFFER struct buffer c = BUFFER_INIT((size_t)16 << 20);
	const struct json_node *spaces = string_of("x", " ", 1000000, "y", &a);
	const struct json_node *more_spaces = string_of("x", " ", 1000001, "y", &b);
	const struct json_node *wide = string_of("x", "\xe2\x80\x83", 1000000, "Y ", &c);
	struct field_comparator trim;
	struct field_comparator collapse;
	compile("{\"text\":{\"space\":\"trim\"}}", &trim);
	compile("{\"text\":{\"space\":\"collapse\",\"case\":\"ignore\"}}", &collapse);
	ck_assert_int_eq(evaluator_compare(&trim, spaces, more_spaces), VERDICT_DISAGREE);
	ck_assert_int_eq(evaluator_compare(&collapse, spaces, more_spaces), VERDICT_AGREE);
	ck_assert_int_eq(evaluator_compare(&collapse, wide, more_spaces), VERDICT_AGREE);
	ck_assert_int_eq(evaluator_compare(&trim, wide, more_spaces), VERDICT_DISAGREE);
}
END_TEST

/* Numbers of the greatest length: 4,096 digits against a relative tolerance of nine. */
START_TEST(long_numbers)
{
	CLEANUP_BUFFER struct buffer a = BUFFER_INIT(10000);
	CLEANUP_BUFFER struct buffer b = BUFFER_INIT(10000);
	for (int i = 0; i < 4096; i++) {
		buffer_append_text(&a, "9");
		buffer_append_text(&b, i < 4095 ? "9" : "8");
	}
	const struct json_node *legacy = document_parse(&arena, buffer_span(&a));
	const struct json_node *llm = document_parse(&arena, buffer_span(&b));
	struct field_comparator relative;
	struct field_comparator exact;
	compile("{\"number\":{\"rel\":0.999999999}}", &relative);
	compile("{\"number\":{\"abs\":0.9}}", &exact);
	ck_assert_int_eq(evaluator_compare(&relative, legacy, llm), VERDICT_AGREE);
	ck_assert_int_eq(evaluator_compare(&exact, legacy, llm), VERDICT_DISAGREE);
}
END_TEST

/* Told, not asserted: time depends on the machine. The limit is ten times the goal. */
START_TEST(eight_fields_are_fast)
{
	static const char *const rules[] = {
		"\"exact\"",
		"\"exact\"",
		"{\"number\":{\"abs\":0.005}}",
		"{\"number\":{\"rel\":0.01}}",
		"{\"text\":{\"case\":\"ignore\",\"space\":\"collapse\"}}",
		"\"text\"",
		"\"exact\"",
		"\"ignore\"",
	};
	const struct json_node *legacy =
		parse_or_null("[\"returns\",3,19.95,1200,\"ACME  Pumps\",\"M\xc3\xbcnchen\",true,\"x\"]");
	const struct json_node *llm =
		parse_or_null("[\"returns\",4,19.951,1201,\"Acme Pumps\",\"Mu\xcc\x88nchen\",true,\"y\"]");
	struct field_comparator comparators[8];
	for (size_t i = 0; i < 8; i++) {
		compile(rules[i], &comparators[i]);
	}
	enum { ROUNDS = 20000 };
	size_t agreeing = 0;
	struct timespec start;
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < 8; i++) {
			enum verdict verdict = evaluator_compare(&comparators[i], json_at(legacy, i), json_at(llm, i));
			agreeing += verdict == VERDICT_AGREE;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	printf("compare: %.0f ns per field\n", seconds * 1e9 / ROUNDS / 8);
	ck_assert_uint_eq(agreeing, (size_t)ROUNDS * 6);
	ck_assert(seconds < ROUNDS * 8 * 10e-6);
}
END_TEST

Suite *compare_suite(void)
{
	Suite *suite = suite_create("compare");
	TCase *cases = tcase_create("comparators");
	tcase_set_timeout(cases, 20);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, verdicts, 0, sizeof(comparisons) / sizeof(comparisons[0]));
	tcase_add_loop_test(cases, bad_rules_are_refused, 0, sizeof(bad_rules) / sizeof(bad_rules[0]));
	tcase_add_test(cases, only_exact_agreement_is_exact);
	tcase_add_test(cases, long_texts);
	tcase_add_test(cases, long_numbers);
	tcase_add_test(cases, eight_fields_are_fast);
	suite_add_tcase(suite, cases);
	return suite;
}
