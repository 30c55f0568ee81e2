/* Who agrees, what is true, which path was right. */
#include "tests/baselines/suites.h"
#include "tests/baselines/support.h"

#define LABEL(reviewer, values) RECORD(1) "," reviewer ",,,," values "\r\n"
#define CANNOT_TELL(reviewer) RECORD(1) "," reviewer ",,1,,,,\r\n"

/* Labels of one record, and its status afterwards. */
static const struct status_case {
	bool overlap;
	const char *labels;
	const char *adjudication;
	enum review_status status;
} STATUSES[] = {
	{false, LABEL("anna", "billing,10,en"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en"), "", REVIEW_OPEN},
	/* one reviewer twice is one reviewer */
	{true, LABEL("anna", "billing,10,en") LABEL("anna", "sales,10,en"), "", REVIEW_OPEN},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "billing,10,en"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en"), "", REVIEW_CONFLICT},
	/* agreement is the comparators': 0.005 and no case */
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "billing,10.004,EN"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "billing,10.005,En"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "billing,10.0051,en"), "", REVIEW_CONFLICT},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "billing,10,"), "", REVIEW_CONFLICT},
	{true, LABEL("anna", "billing,10,") LABEL("ben", "billing,1e1,"), "", REVIEW_FINAL},
	/* 10.004 agrees with both, these do not with each other; in any order */
	{true, LABEL("a", "billing,10.004,en") LABEL("b", "billing,10,en") LABEL("c", "billing,10.008,en"), "",
	 REVIEW_CONFLICT},
	{true, LABEL("a", "billing,10,en") LABEL("b", "billing,10.004,en") LABEL("c", "billing,10.008,en"), "",
	 REVIEW_CONFLICT},
	/* more labels than asked for count too */
	{false, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en"), "", REVIEW_CONFLICT},
	/* a changed mind ends the conflict */
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en") LABEL("ben", "billing,10,en"), "",
	 REVIEW_FINAL},
	{false, CANNOT_TELL("anna"), "", REVIEW_UNLABELABLE},
	{true, CANNOT_TELL("anna"), "", REVIEW_OPEN},
	{true, CANNOT_TELL("anna") CANNOT_TELL("ben"), "", REVIEW_UNLABELABLE},
	{true, CANNOT_TELL("anna") LABEL("ben", "billing,10,en"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") CANNOT_TELL("ben"), "", REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en") CANNOT_TELL("c"), "", REVIEW_CONFLICT},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en"), LABEL("carla", "sales,10,en"), REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en"), CANNOT_TELL("carla"), REVIEW_UNLABELABLE},
	{true, LABEL("anna", "billing,10,en"), LABEL("anna", "technical,10,en"), REVIEW_FINAL},
	{true, LABEL("anna", "billing,10,en"), CANNOT_TELL("carla") LABEL("carla", "sales,10,en"), REVIEW_FINAL},
};

START_TEST(labels_amount_to_a_status)
{
	const struct status_case *c = &STATUSES[_i];
	add_item(1, c->overlap);
	add_item(2, true);
	(void)import_rows(c->labels);
	struct label_import result = adjudicate(c->adjudication);
	ck_assert_int_eq(ask("SELECT status FROM review_item WHERE id = 1"), c->status);
	ck_assert_int_eq(ask("SELECT status FROM review_item WHERE id = 2"), REVIEW_OPEN);
	ck_assert_int_eq(result.final, c->status == REVIEW_FINAL);
	ck_assert_int_eq(result.conflict, c->status == REVIEW_CONFLICT);
	ck_assert_int_eq(result.open, 1 + (c->status == REVIEW_OPEN));
	ck_assert_int_eq(ask("SELECT count(*) > 0 FROM judgement"), c->status == REVIEW_FINAL);
}
END_TEST

/* Of legacy path and candidates 1 and 2: the whole record, then queue, amount, language. */
static const struct judgement_case {
	struct path_values legacy;
	struct path_values llm[2];
	const char *label;
	const char *expected;
} JUDGEMENTS[] = {
	{{SIDE_AGREE, {"\"billing\"", "10", "\"en\""}},
	 {{SIDE_AGREE, {"\"billing\"", "10", "\"en\""}}, {SIDE_DISAGREE, {"\"sales\"", "10", "\"en\""}}},
	 "billing,10,en",
	 "1111 1111 0011"},
	/* both agree and both are wrong */
	{{SIDE_AGREE, {"\"billing\"", "10", "\"en\""}},
	 {{SIDE_AGREE, {"\"billing\"", "10", "\"en\""}}, {SIDE_AGREE, {"\"billing\"", "10", "\"en\""}}},
	 "sales,11,en",
	 "0001 0001 0001"},
	/* tolerances are those of the contract */
	{{SIDE_AGREE, {"\"billing\"", "10.005", "\"EN\""}},
	 {{SIDE_AGREE, {"\"billing\"", "9.995", "\"eN\""}}, {SIDE_DISAGREE, {"\"Billing\"", "10.0050001", "\"fr\""}}},
	 "billing,10,en",
	 "1111 1111 0000"},
	/* absent values: right where nothing should be there */
	{{SIDE_AGREE, {"\"billing\"", "10", NULL}},
	 {{SIDE_AGREE, {"\"billing\"", "10", NULL}}, {SIDE_DISAGREE, {"\"billing\"", "10", "\"en\""}}},
	 "billing,10,",
	 "1111 1111 0110"},
	{{SIDE_AGREE, {"\"billing\"", "10", NULL}},
	 {{SIDE_AGREE, {NULL, NULL, NULL}}, {SIDE_DISAGREE, {"\"billing\"", "10", "\"en\""}}},
	 "billing,10,en",
	 "0110 0000 1111"},
	/* null is a value, and not the absence of one */
	{{SIDE_AGREE, {"\"billing\"", "10", "null"}},
	 {{SIDE_AGREE, {"\"billing\"", "10", NULL}}, {SIDE_AGREE, {"\"billing\"", "\"10\"", NULL}}},
	 "billing,10,",
	 "0110 1111 0101"},
	/* an invalid reply is wrong, though nothing is what should be there, and though values were found in it */
	{{SIDE_AGREE, {NULL, NULL, NULL}},
	 {{SIDE_INVALID, {NULL, NULL, NULL}}, {SIDE_DISAGREE, {NULL, NULL, NULL}}},
	 ",,",
	 "1111 0000 1111"},
	{{SIDE_AGREE, {"\"billing\"", "10", "\"en\""}},
	 {{SIDE_INVALID, {"\"billing\"", "10", "\"en\""}}, {SIDE_AGREE, {"\"billing\"", "10", "\"en\""}}},
	 "billing,10,en",
	 "1111 0000 1111"},
};

START_TEST(paths_are_judged_by_the_label)
{
	const struct judgement_case *c = &JUDGEMENTS[_i];
	char text[64];
	CLEANUP_BUFFER struct buffer row = BUFFER_INIT(1024);
	begin();
	int64_t item = put_item(1, false, &c->legacy, c->llm, 2);
	commit();
	buffer_append_format(&row, "%s,anna,,,,%s\r\n", RECORD(1), c->label);
	(void)import_rows(row.data);
	ck_assert_str_eq(judgements(item, text), c->expected);
}
END_TEST

START_TEST(adjudication_is_the_truth)
{
	char text[64];
	int64_t item = add_item(1, true);
	(void)import_rows(LABEL("anna", "billing,10,en") LABEL("ben", "sales,10,en"));
	ck_assert_str_eq(judgements(item, text), "");
	(void)adjudicate(LABEL("carla", "sales,10,en"));
	ck_assert_str_eq(judgements(item, text), "0011 0011");
	/* what the others say later does not reopen it */
	(void)import_rows(LABEL("ben", "billing,10,en"));
	ck_assert_str_eq(judgements(item, text), "0011 0011");
	(void)adjudicate(LABEL("dora", "billing,10,en"));
	ck_assert_str_eq(judgements(item, text), "1111 1111");
}
END_TEST

START_TEST(judgements_go_when_a_conflict_comes)
{
	char text[64];
	int64_t item = add_item(1, false);
	(void)import_rows(LABEL("anna", "billing,10,en"));
	ck_assert_str_eq(judgements(item, text), "1111 1111");
	(void)import_rows(LABEL("ben", "sales,10,en"));
	ck_assert_str_eq(judgements(item, text), "");
	ck_assert_int_eq(ask("SELECT status FROM review_item"), REVIEW_CONFLICT);
}
END_TEST

/* Records of a candidate that were not chosen for it are no part of its sample. */
START_TEST(only_sampled_candidates_are_judged)
{
	char text[64];
	int64_t item = add_item(1, false);
	run("UPDATE record SET sampled = 0");
	(void)import_rows(LABEL("anna", "billing,10,en"));
	ck_assert_str_eq(judgements(item, text), "1111");
}
END_TEST

START_TEST(settling_again_changes_nothing)
{
	char text[64];
	struct error err = ERROR_INIT;
	enum review_status status = REVIEW_OPEN;
	int64_t item = add_item(1, false);
	(void)import_rows(LABEL("anna", "billing,10,en"));
	for (int i = 0; i < 2; i++) {
		begin();
		must(label_settle(test_store, test_contract, item, &status, &err), &err);
		commit();
		ck_assert_int_eq(status, REVIEW_FINAL);
		ck_assert_str_eq(judgements(item, text), "1111 1111");
	}
	begin();
	ck_assert(!label_settle(test_store, test_contract, item + 1, &status, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	store_rollback(test_store);
}
END_TEST

START_TEST(a_crowd_of_reviewers_is_refused)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	CLEANUP_BUFFER struct buffer rows = BUFFER_INIT(1 << 16);
	add_item(1, false);
	for (int i = 1; i <= 65; i++) {
		buffer_append_format(&rows, "%s,reviewer %d,,,,billing,10,en\r\n", RECORD(1), i);
	}
	ck_assert(!try_import(rows.data, false, &result, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_str_eq(err.file, "labels.csv");
	ck_assert_int_eq(err.line, 66); /* the header and 65 rows */
	ck_assert_int_eq(ask("SELECT count(*) FROM label"), 0);
}
END_TEST

Suite *label_settle_suite(void)
{
	Suite *suite = suite_create("label settle");
	TCase *tcase = tcase_create("truth");
	tcase_add_checked_fixture(tcase, setup_labels, teardown_labels);
	tcase_add_loop_test(tcase, labels_amount_to_a_status, 0, sizeof(STATUSES) / sizeof(STATUSES[0]));
	tcase_add_loop_test(tcase, paths_are_judged_by_the_label, 0, sizeof(JUDGEMENTS) / sizeof(JUDGEMENTS[0]));
	tcase_add_test(tcase, adjudication_is_the_truth);
	tcase_add_test(tcase, judgements_go_when_a_conflict_comes);
	tcase_add_test(tcase, only_sampled_candidates_are_judged);
	tcase_add_test(tcase, settling_again_changes_nothing);
	tcase_add_test(tcase, a_crowd_of_reviewers_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
