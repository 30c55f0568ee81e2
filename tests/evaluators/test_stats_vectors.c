/* Every known answer of the shared vectors, through the method table. */
#include "evaluators/stats/methods.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "tests/evaluators/stats_calls.h"
#include "tests/evaluators/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 16 << 20, ARENA_MAX = 64 << 20, SHOWN_MAX = 400 };

static const struct {
	const char *name;
	size_t cases;
} FILES[] = {
	{"00_special", 33},   {"01_proportion", 76},     {"02_stratified", 13}, {"03_paired", 50},
	{"04_anytime", 25},   {"04_peek_simulation", 6}, {"05_ppi", 7},         {"06_planner", 5},
	{"07_agreement", 27}, {"08_classification", 4},  {"09_drift", 13},      {"10_latency", 5},
};

/* Allowed differences of a case. */
struct tolerance {
	double absolute;
	double relative;
};

static double member_number(const struct json_node *object, const char *name)
{
	double number = 0;

	if (json_is(json_get_text(object, name), JSON_NUMBER)) {
		ck_assert(text_to_double(json_text(json_get_text(object, name)), &number));
	}
	return number;
}

static bool numbers_agree(const struct json_node *expected, const struct json_node *got, struct tolerance tolerance)
{
	double want = 0;
	double have = 0;

	if (!json_is(got, JSON_NUMBER) || !text_to_double(json_text(expected), &want) ||
	    !text_to_double(json_text(got), &have)) {
		return false;
	}
	return fabs(want - have) <= tolerance.absolute + tolerance.relative * fabs(want);
}

/* The case's tolerance, but for members that must be exact whatever it says. */
static struct tolerance member_tolerance(const struct json_node *rules, struct span name, struct tolerance general)
{
	struct tolerance exact = {0};

	if (json_get_text(rules, "exact_kw") != NULL && span_is(name, "naive_wald")) {
		return (struct tolerance){.absolute = member_number(rules, "naive_abs")};
	}
	if (json_get_text(rules, "alarms_exact") != NULL &&
	    (span_is(name, "cusum_alarm") || span_is(name, "sr_alarm"))) {
		return exact;
	}
	return general;
}

static bool agrees(const struct json_node *expected, const struct json_node *got, const struct json_node *rules,
		   struct tolerance tolerance)
{
	if (json_is(expected, JSON_NUMBER)) {
		return numbers_agree(expected, got, tolerance);
	}
	if (json_is(expected, JSON_ARRAY)) {
		const struct json_node *other = json_first(got);
		if (!json_is(got, JSON_ARRAY) || json_count(got) != json_count(expected)) {
			return false;
		}
		for (const struct json_node *item = json_first(expected); item != NULL;
		     item = json_next(expected, item), other = json_next(got, other)) {
			if (!agrees(item, other, rules, tolerance)) {
				return false;
			}
		}
		return true;
	}
	if (json_is(expected, JSON_OBJECT)) {
		for (const struct json_node *name = json_first(expected); name != NULL;
		     name = json_next(expected, name)) {
			if (!agrees(json_member(name), json_get(got, json_text(name)), rules,
				    member_tolerance(rules, json_text(name), tolerance))) {
				return false;
			}
		}
		return json_is(got, JSON_OBJECT);
	}
	return got != NULL && json_equal(expected, got);
}

static bool run_case(struct arena *arena, const struct json_node *item)
{
	const struct json_node *rules = json_get_text(item, "tolerance");
	const struct json_node *reply = NULL;
	struct tolerance tolerance = {member_number(rules, "abs"), member_number(rules, "rel")};
	bool done = stats_call(arena, item, &reply);
	const struct json_node *got = json_get_text(reply, done ? "result" : "error");

	if (done && agrees(json_get_text(item, "expected"), got, rules, tolerance)) {
		return true;
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	json_write(&text, json_get_text(item, "expected"));
	buffer_append_text(&text, " but got ");
	json_write(&text, got);
	printf("%.*s %.*s: expected %.*s\n", SPAN_ARGUMENTS(json_text(json_get_text(item, "id"))),
	       SPAN_ARGUMENTS(json_text(json_get_text(item, "method"))),
	       text.length < SHOWN_MAX ? (int)text.length : SHOWN_MAX, text.data);
	fflush(stdout); /* a failing test's child process drops what it did not print */
	return false;
}

START_TEST(known_answers)
{
	char name[64];
	char path[512];
	struct error error = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_ARENA struct arena replies = ARENA_INIT(ARENA_MAX);
	const struct json_node *cases = NULL;
	size_t count = 0;
	size_t wrong = 0;

	snprintf(name, sizeof(name), "vectors/%s.json", FILES[_i].name);
	if (shared_path(name, path, sizeof(path)) == NULL) {
		return;
	}
	ck_assert_msg(file_read(path, &text, &error), "%s", error.message);
	ck_assert_msg(json_parse(&arena, buffer_span(&text), NULL, &cases, &error), "%s", error.message);
	for (const struct json_node *item = json_first(cases); item != NULL; item = json_next(cases, item)) {
		arena_reset(&replies);
		wrong += run_case(&replies, item) ? 0 : 1;
		count++;
	}
	ck_assert_msg(wrong == 0, "%zu of %zu cases of %s are wrong", wrong, count, path);
	ck_assert_msg(count >= FILES[_i].cases, "%s has %zu cases, %zu were known", path, count, FILES[_i].cases);
}
END_TEST

Suite *stats_vectors_suite(void)
{
	Suite *suite = suite_create("stats vectors");
	TCase *tcase = tcase_create("known answers");

	/* The simulations take a second, and under sanitizers a minute or so on a busy machine. */
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, known_answers, 0, (int)(sizeof(FILES) / sizeof(FILES[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}
