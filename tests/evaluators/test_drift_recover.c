#include "documents.h"
#include "suites.h"

#include "evaluators/drift/drift.h"
#include "evaluators/drift/recover.h"
#include "harness/base/clock.h"

#include <stdio.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 30);
}

static void teardown(void)
{
	arena_finish(&arena);
}

struct recovered {
	const char *text;
	const char *document; /* NULL: none */
};

/* Each has one reading, or none that is not a guess. */
static const struct recovered cases[] = {
	{"{\"a\":1}", "{\"a\":1}"},
	{"[1,2,]", "[1,2]"},
	{"[1,,2]", NULL},
	{"[,1]", NULL},
	{"{,}", NULL},
	{"{\"a\":1 \"b\":2}", NULL},
	{"{\"a\" 1}", NULL},
	{"{\"a\":}", NULL},
	{"[1, 2, ...]", NULL},
	{"{'it': 'It\\'s'}", "{\"it\":\"It's\"}"},
	{"{'a': 'it's'}", NULL},
	{"{\"a\": \"he said \"no\" to it\"}", NULL},
	{"{a: 1, b_2: 'x', $c-d: null}", "{\"a\":1,\"b_2\":\"x\",\"$c-d\":null}"},
	{"{1: 2}", NULL},
	{"{\"t\": True, \"f\": False, \"n\": None}", "{\"t\":true,\"f\":false,\"n\":null}"},
	{"{\"t\": Truely}", NULL},
	{"{\"n\": NaN}", NULL},
	{"{\"n\": +1}", NULL},
	{"{\"n\": .5}", NULL},
	{"{\"n\": 01}", NULL},
	{"{\"n\": 1.2.3}", NULL},
	{"{\"d\": 2026-11-28}", NULL},
	{"{/* c */ \"a\": 1, // d\n \"b\": 2 # e\n}", "{\"a\":1,\"b\":2}"},
	{"{\"a\": \"x // y\"}", "{\"a\":\"x // y\"}"},
	{"{\"a\": \"line\nbreak\"}", "{\"a\":\"line\\nbreak\"}"},
	{"{\"a\": 'say \"x\"'}", "{\"a\":\"say \\\"x\\\"\"}"},
	{"{\"a\": \"\\x41\"}", NULL},
	{"{\"a\": \"\\ud800\"}", NULL},
	{"[1, 2}", NULL},
	/* cut */
	{"{\"a\": 1, \"b\": [1, 2, {\"c\": \"d\", \"e\": \"f", "{\"a\":1,\"b\":[1,2,{\"c\":\"d\"}]}"},
	{"{\"a\": tru", "{}"},
	{"{\"a\": true", "{\"a\":true}"},
	{"{\"a\": 12", "{}"},
	{"{\"a\": 12,", "{\"a\":12}"},
	{"{\"a\": 12, \"b\"", "{\"a\":12}"},
	{"{\"a\": 12, /* never", "{\"a\":12}"},
	{"```json\n{\"a\": 1, \"b\": \n```\n", "{\"a\":1}"},
	{"it begins with {", NULL},
	{"{", "{}"},
	/* around */
	{"no JSON here", NULL},
	{"\"a text\"", NULL},
	{"see {x} and [y]: {\"a\":1}", "{\"a\":1}"},
	{"see [1 and 2]: {\"a\":1}", NULL},
	{"{\"a\": [1, 2 3], \"b\": [4]}", NULL},
	{"{\"a\": 1}, \"b\": 2}", NULL},
	{"{\"a\": 1}}", "{\"a\":1}"},
	{"{\"a\":1} {\"a\":1.0}", "{\"a\":1}"},
	{"{\"a\":1} {\"a\":2}", NULL},
	{"{\"a\":1} ```{\"a\":2}```", "{\"a\":2}"},
	{"```{\"a\":1}``` ```{\"a\":2}```", NULL},
	{"{\"k\": \"```json {\"a\": 1}```\"}", NULL},
	{"{\"code\": '```js\\n[1]```', }", "{\"code\":\"```js\\n[1]```\"}"},
};

START_TEST(text_is_recovered_or_not)
{
	struct recovery recovery;
	CLEANUP_BUFFER struct buffer written = BUFFER_INIT(1 << 20);
	recover_json(span_of(cases[_i].text), &arena, &recovery);
	if (recovery.root != NULL) {
		json_write(&written, recovery.root);
	}
	const char *found = recovery.root != NULL ? written.data : "nothing";
	const char *wanted = cases[_i].document != NULL ? cases[_i].document : "nothing";
	ck_assert_msg(strcmp(found, wanted) == 0, "%s: %s, not %s", cases[_i].text, found, wanted);
}
END_TEST

/* One hostile piece many times; each text would take a quadratic reader hours. */
static const char *const hostile[] = {"[", "{\"a\":", "{'a':[", "[1]", "{\"", "```{", "/*", "[/*", "{a", "[1,", "[[]"};

START_TEST(hostile_text_takes_linear_time)
{
	enum { LENGTH = 4 << 20 };
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(LENGTH + 16);
	struct recovery recovery;
	while (text.length < LENGTH) {
		buffer_append_text(&text, hostile[_i]);
	}
	int64_t began = clock_monotonic();
	recover_json(buffer_span(&text), &arena, &recovery);
	ck_assert_int_lt(clock_monotonic() - began, 20 * CLOCK_SECOND);
}
END_TEST

/* --- replies of others --- */

static bool agrees(const struct json_node *expected, const struct json_node *found)
{
	if (!json_is(expected, JSON_STRING)) {
		return json_equal(expected, found);
	}
	const struct json_node *document = NULL;
	return json_parse(&arena, json_text(expected), NULL, &document, NULL) && json_equal(document, found);
}

/* What that library makes of a text is its opinion: it guesses where we do not. Printed, and no more than that; but
 * what is recovered must be a document, whatever comes. */
START_TEST(repair_cases_of_another_library)
{
	const struct json_node *all = document_shared(&arena, "data/json-repair-cases/cases.json");
	size_t count = 0;
	size_t recovered = 0;
	size_t agreed = 0;
	for (const struct json_node *item = json_first(all); item != NULL; item = json_next(all, item)) {
		const struct json_node *expected = json_get_text(item, "expected");
		struct recovery recovery;
		recover_json(json_text(json_get_text(item, "input")), &arena, &recovery);
		count++;
		recovered += recovery.root != NULL;
		agreed += recovery.root != NULL && agrees(expected, recovery.root);
		ck_assert(recovery.root == NULL || json_is(recovery.root, JSON_OBJECT) ||
			  json_is(recovery.root, JSON_ARRAY));
	}
	if (count > 0) {
		printf("json-repair cases: of %zu recovered %zu, as that library does %zu\n", count, recovered, agreed);
	}
}
END_TEST

/* Looked at by hand: the first replies of that model are Python dictionaries whose texts have quotes in them, which has
 * no safe reading; none is JSON. */
START_TEST(replies_of_gorilla)
{
	const struct json_node *schema_document = document_parse(&arena, SPAN("{\"type\":\"object\"}"));
	struct schema *schema = schema_create(schema_document, NULL, NULL);
	const struct drift_contract contract = {.schema = schema};
	CLEANUP_BUFFER struct buffer file = BUFFER_INIT(1 << 24);
	size_t classes[DRIFT_CLASS_COUNT] = {0};
	size_t count = 0;
	ck_assert_ptr_nonnull(schema);
	bool there = document_shared_text("data/gorilla-replies/response_torchhub_Gorilla_FT_0_shot.jsonl", &file);
	for (size_t at = 0; there && at < file.length;) {
		struct span line = {file.data + at, strcspn(file.data + at, "\n")};
		const struct json_node *reply = json_get_text(document_parse(&arena, line), "text");
		struct drift_report report;
		drift_read(&contract, json_text(reply), DRIFT_ENDED, &arena, &report);
		ck_assert_msg((report.declared & (UINT32_C(1) << DRIFT_SYNTAX)) != 0, "line %zu", count + 1);
		ck_assert_msg(report.root == NULL && report.recovered == NULL, "line %zu", count + 1);
		for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
			classes[i] += (report.declared >> i) & 1;
		}
		count++;
		at += line.length + 1;
	}
	printf("gorilla: %zu replies, syntax %zu, prose %zu, truncation %zu\n", count, classes[DRIFT_SYNTAX],
	       classes[DRIFT_PROSE], classes[DRIFT_TRUNCATION]);
	schema_destroy(schema);
}
END_TEST

Suite *drift_recover_suite(void)
{
	Suite *suite = suite_create("drift recovery");
	TCase *tcase = tcase_create("recover");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, text_is_recovered_or_not, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tcase, hostile_text_takes_linear_time, 0, (int)(sizeof(hostile) / sizeof(hostile[0])));
	tcase_add_test(tcase, repair_cases_of_another_library);
	tcase_add_test(tcase, replies_of_gorilla);
	suite_add_tcase(suite, tcase);
	return suite;
}
