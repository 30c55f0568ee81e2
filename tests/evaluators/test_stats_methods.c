/* The method table with wrong, hostile and extreme requests: always one sentence, never a crash or a NaN. */
#include "evaluators/stats/methods.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "tests/evaluators/stats_calls.h"
#include "tests/evaluators/suites.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(refusals_name_the_member)
{
	static const struct {
		const char *request, *named;
	} rows[] = {
		{"3", "request"},
		{"{}", "method"},
		{"{\"method\":\"wilson\"}", "input"},
		{"{\"method\":\"\",\"input\":{}}", "no method"},
		{"{\"method\":\"wilson\",\"input\":{\"x\":1,\"conf\":0.95}}", "\"n\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":11,\"n\":10,\"conf\":0.95}}", "\"x\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":1.5,\"n\":10,\"conf\":0.95}}", "\"x\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":-1,\"n\":10,\"conf\":0.95}}", "\"x\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":\"1\",\"n\":10,\"conf\":0.95}}", "\"x\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":1,\"n\":1e999,\"conf\":0.95}}", "\"n\""},
		{"{\"method\":\"wilson\",\"input\":{\"x\":1,\"n\":10,\"conf\":1}}", "\"conf\""},
		{"{\"method\":\"mover_wilson_fpc\",\"input\":{\"strata\":[],\"conf\":0.9}}", "\"strata\""},
		{"{\"method\":\"mover_wilson_fpc\",\"input\":{\"strata\":[7],\"conf\":0.9}}", "\"N\""},
		{"{\"method\":\"mover_wilson_fpc\",\"input\":{\"strata\":[{\"N\":0,\"n\":0,\"x\":0}],\"conf\":0.9}}",
		 "\"strata\""},
		{"{\"method\":\"kw_mixture_log_e\",\"input\":{\"gammas\":[1],\"lo\":0,\"m\":0.5,\"cells\":[]}}",
		 "\"gammas\""},
		{"{\"method\":\"kw_mixture_log_e\",\"input\":{\"gammas\":[0.5],\"lo\":0,\"m\":0,\"cells\":[]}}",
		 "\"m\""},
		{"{\"method\":\"kw_mixture_log_e\",\"input\":{\"gammas\":[0.5],\"lo\":0,\"m\":0.5,\"cells\":"
		 "[{\"y\":-1,\"count\":1}]}}",
		 "\"cells\""},
		{"{\"method\":\"krippendorff_alpha\",\"input\":{\"units\":[[1,2]],\"metric\":\"odd\"}}", "\"metric\""},
		{"{\"method\":\"krippendorff_alpha\",\"input\":{\"units\":[1],\"metric\":\"nominal\"}}", "\"units\""},
		{"{\"method\":\"cohen_kappa\",\"input\":{\"table\":[[1,2]]}}", "\"table\""},
		{"{\"method\":\"cohen_kappa\",\"input\":{\"table\":[[1,2],[3]]}}", "\"table\""},
		{"{\"method\":\"benjamini_hochberg\",\"input\":{\"p\":[0.5,2],\"q\":0.1}}", "\"p\"[1]"},
		{"{\"method\":\"splitmix64\",\"input\":{\"seed\":-1,\"n\":1}}", "\"seed\""},
		{"{\"method\":\"self_flip_rate\",\"input\":{\"replies\":[[1],[1]],\"conf\":0.9}}", "\"replies\""},
	};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct json_node *reply = NULL;
		ck_assert_msg(!stats_call_text(&arena, rows[i].request, &reply), "accepted: %s", rows[i].request);
		struct span sentence = json_text(json_get_text(reply, "error"));
		ck_assert_msg(memmem(sentence.data, sentence.length, rows[i].named, strlen(rows[i].named)) != NULL,
			      "%s does not name %s: %.*s", rows[i].request, rows[i].named, SPAN_ARGUMENTS(sentence));
	}
}
END_TEST

START_TEST(undefined_is_null)
{
	static const char *const requests[] = {
		"{\"method\":\"krippendorff_alpha\",\"input\":{\"units\":[[1,1],[1,1]],\"metric\":\"nominal\"}}",
		"{\"method\":\"krippendorff_alpha\",\"input\":{\"units\":[[],[null]],\"metric\":\"interval\"}}",
		"{\"method\":\"percent_agreement\",\"input\":{\"units\":[[1]]}}",
		"{\"method\":\"fleiss_kappa\",\"input\":{\"table\":[[3,0],[3,0]]}}",
		"{\"method\":\"cohen_kappa_weighted\",\"input\":{\"table\":[[0]],\"weights\":\"linear\"}}",
	};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct json_node *reply = NULL;
		ck_assert_msg(stats_call_text(&arena, requests[i], &reply), "refused: %s", requests[i]);
		ck_assert(json_is(json_get_text(reply, "result"), JSON_NULL));
	}
}
END_TEST

START_TEST(names_are_distinct)
{
	size_t count = 0;

	for (; stats_method_name(count) != NULL; count++) {
		for (size_t other = 0; other < count; other++) {
			ck_assert_str_ne(stats_method_name(other), stats_method_name(count));
		}
	}
	ck_assert_uint_ge(count, 50);
}
END_TEST

/* Puts one hostile value in the place of each member of a valid input, one after the other. */
static void replace_member(const struct json_node *request, size_t target, const char *value, struct buffer *text)
{
	const struct json_node *input = json_get_text(request, "input");
	size_t position = 0;

	buffer_clear(text);
	buffer_append_text(text, "{\"method\":");
	json_write(text, json_get_text(request, "method"));
	buffer_append_text(text, ",\"input\":{");
	for (const struct json_node *name = json_first(input); name != NULL; name = json_next(input, name)) {
		buffer_append_text(text, position > 0 ? "," : "");
		json_write(text, name);
		buffer_append_text(text, ":");
		if (position++ == target) {
			buffer_append_text(text, value);
		} else {
			json_write(text, json_member(name));
		}
	}
	buffer_append_text(text, "}}");
}

static void try_hostile_values(struct arena *arena, const struct json_node *request, struct buffer *text)
{
	static const char *const values[] = {
		"null",       "true",        "\"\"",
		"[]",         "{}",          "-1",
		"0",          "1",           "2",
		"0.5",        "1e-320",      "1e308",
		"-1e308",     "1e999",       "9007199254740993",
		"[[]]",       "[{}]",        "[0]",
		"[1,1]",      "[[1],[2]]",   "[[[0,0]]]",
		"[-1,1e300]", "[null]",      "[[0,0],[0,0]]",
		"[1e-9]",     "[{\"N\":1}]",
	};

	for (size_t target = 0; target < json_count(json_get_text(request, "input")); target++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			const struct json_node *reply = NULL;
			replace_member(request, target, values[i], text);
			arena_reset(arena);
			stats_call_text(arena, text->data, &reply);
		}
	}
}

static const char *const HOSTILE_FILES[] = {
	"00_special", "01_proportion", "02_stratified",     "03_paired", "04_anytime", "05_ppi",
	"06_planner", "07_agreement",  "08_classification", "09_drift",  "10_latency",
};

START_TEST(hostile_values)
{
	char name[64];
	char path[512];
	CLEANUP_BUFFER struct buffer source = BUFFER_INIT(16 << 20);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	CLEANUP_ARENA struct arena cases_arena = ARENA_INIT(64 << 20);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(64 << 20);
	const struct json_node *cases = NULL;
	struct span last = {"", 0};

	snprintf(name, sizeof(name), "vectors/%s.json", HOSTILE_FILES[_i]);
	if (shared_path(name, path, sizeof(path)) == NULL) {
		return;
	}
	ck_assert(file_read(path, &source, NULL) && json_parse(&cases_arena, buffer_span(&source), NULL, &cases, NULL));
	for (const struct json_node *item = json_first(cases); item != NULL; item = json_next(cases, item)) {
		struct span method = json_text(json_get_text(item, "method"));
		if (!span_equal(method, last)) {
			try_hostile_values(&arena, item, &text);
		}
		last = method;
	}
}
END_TEST

Suite *stats_methods_suite(void)
{
	Suite *suite = suite_create("stats methods");
	TCase *tcase = tcase_create("methods");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, refusals_name_the_member);
	tcase_add_test(tcase, undefined_is_null);
	tcase_add_test(tcase, names_are_distinct);
	tcase_add_loop_test(tcase, hostile_values, 0, (int)(sizeof(HOSTILE_FILES) / sizeof(HOSTILE_FILES[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}
