/* Two replies in, verdicts out: a table of cases for one record, and one for records matched by key. */
#include "harness/pipeline/comparison.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>

enum { ARENA_MAX = 1 << 24 };

struct document_case {
	const char *legacy; /* NULL: the legacy path failed */
	enum outcome call;
	const char *llm;
	enum outcome outcome;
	bool drift;
	enum verdict record;
	enum store_side side;
	enum verdict fields[3]; /* queue, amount, note */
};

static const struct document_case DOCUMENTS[] = {
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"a\",\"amount\":1.0}",
	 OUTCOME_OK,
	 false,
	 VERDICT_IGNORED,
	 SIDE_AGREE,
	 {VERDICT_AGREE, VERDICT_AGREE, VERDICT_IGNORED}},
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"b\",\"amount\":1.004}",
	 OUTCOME_OK,
	 false,
	 VERDICT_DISAGREE,
	 SIDE_DISAGREE,
	 {VERDICT_DISAGREE, VERDICT_AGREE, VERDICT_IGNORED}},
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"a\",\"amount\":1.006}",
	 OUTCOME_OK,
	 false,
	 VERDICT_DISAGREE,
	 SIDE_DISAGREE,
	 {VERDICT_AGREE, VERDICT_DISAGREE, VERDICT_IGNORED}},
	{"{\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 false,
	 VERDICT_EXTRA,
	 SIDE_DISAGREE,
	 {VERDICT_EXTRA, VERDICT_AGREE, VERDICT_IGNORED}},
	{NULL,
	 OUTCOME_OK,
	 "{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 false,
	 VERDICT_EXTRA,
	 SIDE_DISAGREE,
	 {VERDICT_EXTRA, VERDICT_EXTRA, VERDICT_IGNORED}},
	/* a reply that breaks the schema is never saved by its good parts */
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"a\"}",
	 OUTCOME_SCHEMA_MISMATCH,
	 true,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "{\"queue\":\"a\",\"amount\":1,\"x\":0}",
	 OUTCOME_SCHEMA_MISMATCH,
	 true,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_OK,
	 "Sure! {\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_UNPARSABLE,
	 true,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
	/* no reply at all: wrong, but no drift */
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_TIMEOUT,
	 "",
	 OUTCOME_TIMEOUT,
	 false,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
	{NULL,
	 OUTCOME_TRANSPORT,
	 "",
	 OUTCOME_TRANSPORT,
	 false,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
	{"{\"queue\":\"a\",\"amount\":1}",
	 OUTCOME_TRUNCATED,
	 "{\"queue\":",
	 OUTCOME_TRUNCATED,
	 true,
	 VERDICT_INVALID,
	 SIDE_INVALID,
	 {VERDICT_INVALID, VERDICT_INVALID, VERDICT_INVALID}},
};

static const struct json_node *parse(const char *text, struct arena *arena)
{
	const struct json_node *root = NULL;
	ck_assert(text == NULL || json_parse(arena, span_of(text), NULL, &root, NULL));
	return root;
}

static struct contract *load(const char *file)
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(file, &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	return contract;
}

START_TEST(documents_compare_as_listed)
{
	const struct document_case *c = &DOCUMENTS[_i];
	struct contract *contract = load("tests/pipeline/data/contract.yaml");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct comparison comparison;
	ck_assert(comparison_make(contract, parse(c->legacy, &arena), c->call, span_of(c->llm), &arena, &comparison,
				  NULL));
	ck_assert_int_eq(comparison.outcome, c->outcome);
	ck_assert_int_eq(comparison.contract_drift, c->drift);
	ck_assert_int_eq(comparison.drift.contract_drift, c->drift); /* the classes say the same */
	ck_assert_uint_eq(comparison.record_count, 1);
	ck_assert_int_eq(comparison.records[0].verdict, c->record);
	ck_assert_int_eq(comparison.records[0].side, c->side);
	ck_assert_int_eq(comparison.verdict, c->record);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(comparison.records[0].values[i].verdict == c->fields[i], "field %d: %s", i,
			      verdict_name((int)comparison.records[0].values[i].verdict));
	}
	contract_destroy(contract);
}
END_TEST

/* Records as "key:verdict key:verdict ...". */
struct items_case {
	const char *legacy;
	const char *llm;
	const char *expected;
};

#define LINE(line, queue) "{\"line\":\"" line "\",\"queue\":\"" queue "\",\"amount\":1}"

static const struct items_case ITEMS[] = {
	{"{\"items\":[" LINE("10", "a") "," LINE("20", "b") "]}",
	 "{\"items\":[" LINE("20", "b") "," LINE("10", "a") "]}", "10:ignored 20:ignored "},
	{"{\"items\":[" LINE("10", "a") "," LINE("20", "b") "]}", "{\"items\":[" LINE("20", "c") "]}",
	 "10:missing 20:disagree "},
	{"{\"items\":[" LINE("10", "a") "]}",
	 "{\"items\":[" LINE("30", "a") "," LINE("10", "a") "," LINE("40", "x") "]}", "10:ignored +1:extra +2:extra "},
	{"{\"items\":[" LINE("10", "a") "," LINE("10", "b") "]}",
	 "{\"items\":[" LINE("10", "a") "," LINE("10", "b") "]}", "10:ignored #2:10:ignored "},
	/* names made here never meet names that a reply gives */
	{"{\"items\":[" LINE("#2", "a") ",{\"queue\":\"a\",\"amount\":1}," LINE("+1", "a") "," LINE("=", "a") "]}",
	 "{\"items\":[" LINE("9", "a") "]}", "=#2:missing #2:missing =+1:missing ==:missing +1:extra "},
	{"{\"items\":[" LINE("a\\u0000b", "a") "]}", "{\"items\":[" LINE("a\\u0000b", "a") "]}",
	 "#sha256:59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138:ignored "},
	{"{\"items\":[]}", "{\"items\":[]}", ""},
	{"{\"items\":[" LINE("10", "a") "]}", "no json", "10:invalid "},
	{"{\"items\":[]}", "no json", ":invalid "},
};

START_TEST(items_match_by_key)
{
	const struct items_case *c = &ITEMS[_i];
	struct contract *contract = load("tests/pipeline/data/items.yaml");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer found = BUFFER_INIT(4096);
	struct comparison comparison;
	ck_assert(comparison_make(contract, parse(c->legacy, &arena), OUTCOME_OK, span_of(c->llm), &arena, &comparison,
				  NULL));
	buffer_append_text(&found, "");
	for (size_t i = 0; i < comparison.record_count; i++) {
		buffer_append_format(&found, "%.*s:%s ", SPAN_ARGUMENTS(comparison.records[i].key),
				     verdict_name((int)comparison.records[i].verdict));
	}
	ck_assert_str_eq(found.data, c->expected);
	contract_destroy(contract);
}
END_TEST

START_TEST(too_many_records_are_refused)
{
	struct contract *contract = load("tests/pipeline/data/items.yaml");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 28);
	CLEANUP_BUFFER struct buffer reply = BUFFER_INIT(1 << 24);
	struct comparison comparison;
	struct error err = ERROR_INIT;
	buffer_append_text(&reply, "{\"items\":[");
	for (int i = 0; i <= RECORDS_MAX; i++) {
		buffer_append_format(&reply, "%s{\"line\":\"%d\",\"queue\":\"a\",\"amount\":1}", i > 0 ? "," : "", i);
	}
	buffer_append_text(&reply, "]}");
	ck_assert(!comparison_make(contract, parse(reply.data, &arena), OUTCOME_OK, SPAN("{\"items\":[]}"), &arena,
				   &comparison, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert(!comparison_check(contract, parse(reply.data, &arena), NULL));
	/* of the LLM path it is that path's failure */
	ck_assert(comparison_make(contract, parse("{\"items\":[]}", &arena), OUTCOME_OK, buffer_span(&reply), &arena,
				  &comparison, NULL));
	ck_assert_int_eq(comparison.outcome, OUTCOME_SCHEMA_MISMATCH);
	contract_destroy(contract);
}
END_TEST

Suite *comparison_suite(void)
{
	Suite *suite = suite_create("comparison");
	TCase *tcase = tcase_create("cases");
	tcase_add_loop_test(tcase, documents_compare_as_listed, 0, sizeof(DOCUMENTS) / sizeof(DOCUMENTS[0]));
	tcase_add_loop_test(tcase, items_match_by_key, 0, sizeof(ITEMS) / sizeof(ITEMS[0]));
	tcase_add_test(tcase, too_many_records_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
