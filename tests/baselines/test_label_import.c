/* The label file: what is refused and where, and what importing again does. */
#include "tests/baselines/suites.h"
#include "tests/baselines/support.h"

#include <stdio.h>

#define GOOD RECORD(1) ",anna,,,,billing,10,en\r\n"

/* Whole files. */
static const struct bad_file {
	const char *csv;
	int line;
	const char *message;
} BAD[] = {
	{"", 1, "no header line"},
	{"\r\n\n", 3, "no header line"},
	{"record_id,reviewer,queue,amount,language,priority\n", 1, "unknown column \"priority\""},
	{"record_id;reviewer;queue;amount;language\n", 1, "commas"},
	{"reviewer,queue,amount,language\n", 1, "record_id and reviewer are needed"},
	{"record_id,queue,amount,language\n", 1, "record_id and reviewer are needed"},
	{"record_id,reviewer,queue,language\n", 1, "column amount is missing"},
	{"record_id,reviewer,queue,amount,language,queue\n", 1, "column \"queue\" stands there twice"},
	{"record_id,reviewer,reviewer,queue,amount,language\n", 1, "twice"},
	{LABEL_HEADER GOOD "x,anna,,,,billing,10,en\n", 3, "record_id is not one of this contract"},
	{LABEL_HEADER GOOD ",anna,,,,billing,10,en\n", 3, "record_id is not one"},
	{LABEL_HEADER GOOD "0000000000000000000000000000000g/document/,anna,,,,billing,10,en\n", 3, "record_id"},
	{LABEL_HEADER GOOD "00000000000000000000000000000001/item/,anna,,,,billing,10,en\n", 3, "record_id"},
	{LABEL_HEADER GOOD "00000000000000000000000000000001/anything/,anna,,,,billing,10,en\n", 3, "record_id"},
	{LABEL_HEADER GOOD "00000000000000000000000000000001/DOCUMENT/,anna,,,,billing,10,en\n", 3, "record_id"},
	{LABEL_HEADER GOOD RECORD(9) ",anna,,,,billing,10,en\n", 3, "not chosen for review"},
	{LABEL_HEADER GOOD RECORD(1) "+1,anna,,,,billing,10,en\n", 3, "not chosen for review"},
	{LABEL_HEADER GOOD RECORD(3) ",anna,,,,billing,10,en\n", 3, "not chosen for review"}, /* other interface */
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,,billing,10\n", 3, "number of cells"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,,billing,10,5,en\n", 3, "number of cells"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,yesterday,,,billing,10,en\n", 3, "labelled_at is not a time"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,2026-02-30T10:00:00Z,,,billing,10,en\n", 3, "labelled_at"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,maybe,,billing,10,en\n", 3, "cannot_tell"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,2,,billing,10,en\n", 3, "cannot_tell"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,,billing,ten,en\n", 3, "column amount: \"ten\" is not a value"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,,biling,10,en\n", 3, "column queue: \"biling\" is not one"},
	{LABEL_HEADER GOOD RECORD(2) ",,,,,billing,10,en\n", 3, "the reviewer is missing"},
	{LABEL_HEADER GOOD RECORD(2) ",  ,,,,billing,10,en\n", 3, "the reviewer is missing"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,,billing,10,\xff\n", 3, "not UTF-8"},
	{LABEL_HEADER GOOD RECORD(2) ",J\xfcrgen,,,,billing,10,en\n", 3, "not UTF-8"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,1,\xe9,,,\n", 3, "not UTF-8"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,\"a\nb,billing,10,en\n", 3, "closing quote"},
	{LABEL_HEADER GOOD RECORD(2) ",anna,,,\"a\nb\",billing,10,en\nx,anna,,,,billing,10,en\n", 5, "record_id"},
};

static bool import_file(const char *csv, struct label_import *ret_result, struct error *err)
{
	return label_import(test_store, test_contract, "labels.csv", span_of(csv), false, TEST_NOW, ret_result, err);
}

START_TEST(bad_files_change_nothing_and_say_where)
{
	const struct bad_file *c = &BAD[_i];
	struct error err = ERROR_INIT;
	struct label_import result = {.rows = -7};
	add_item(1, false);
	add_item(2, false);
	add_item(3, false);
	run("INSERT INTO interface (id, name) VALUES (2, 'other')");
	run("UPDATE exchange SET interface_id = 2 WHERE id = 3");
	ck_assert(!import_file(c->csv, &result, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
	ck_assert_str_eq(err.file, "labels.csv");
	ck_assert_msg(strstr(err.message, c->message) != NULL, "%s", err.message);
	ck_assert_msg(err.line == c->line, "line %d: %s", err.line, err.message);
	ck_assert_int_eq(result.rows, -7);
	ck_assert_int_eq(ask("SELECT count(*) FROM label"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM label_value"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM judgement"), 0);
	ck_assert_int_eq(ask("SELECT sum(status) FROM review_item"), 0);
	result = import_rows(GOOD); /* nothing is left open */
	ck_assert_int_eq(result.added, 1);
}
END_TEST

START_TEST(a_label_is_stored_whole)
{
	add_item(1, false);
	add_item(2, false);
	struct label_import result =
		import_rows(RECORD(1) ", anna ,2026-11-16T08:30:00Z,no,\"looked, twice\",billing,10.0,EN\r\n"
				      ",,,,,,,\r\n" /* as spreadsheets leave behind */
				      "\r\n");
	ck_assert_int_eq(result.rows, 1);
	ck_assert_int_eq(result.added, 1);
	ck_assert_int_eq(result.unchanged, 0);
	ck_assert_int_eq(result.final, 1);
	ck_assert_int_eq(result.open, 1);
	ck_assert_int_eq(result.conflict, 0);
	/* date -u -d 2026-11-16T08:30:00Z +%s */
	ck_assert_int_eq(ask("SELECT count(*) FROM label WHERE reviewer = 'anna' AND labelled_at = 1794817800000000 "
			     "AND comment = 'looked, twice' AND cannot_tell = 0 AND adjudication = 0"),
			 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM label_value WHERE (field_id = 1 AND value = '\"billing\"') OR "
			     "(field_id = 2 AND value = '10.0') OR (field_id = 3 AND value = '\"EN\"')"),
			 3);
}
END_TEST

START_TEST(a_missing_time_is_that_of_the_import)
{
	add_item(1, false);
	import_rows(RECORD(1) ",anna,,,,billing,,en\r\n");
	ck_assert_int_eq(ask("SELECT labelled_at FROM label"), TEST_NOW);
	ck_assert_int_eq(ask("SELECT count(*) FROM label_value WHERE field_id = 2 AND value IS NULL"), 1);
}
END_TEST

/* The filled task file itself is a label file, once the reviewer stands in it. */
START_TEST(a_task_file_is_a_label_file)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	add_item(1, false);
	must(import_file("\xef\xbb\xbfrecord_id,week,message,assigned,status,queue,queue_values,amount,amount_values,"
			 "language,language_values,reviewer\n" RECORD(1) ",2026-W47,{},1,open,sales,[],10,[],en,[],b\n",
			 &result, &err),
	     &err);
	ck_assert_int_eq(result.final, 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM label_value WHERE value = '\"sales\"'"), 1);
}
END_TEST

START_TEST(importing_again_changes_nothing)
{
	static const char rows[] = RECORD(1) ",anna,,,,billing,10,en\r\n" RECORD(1) ",ben,,,,sales,10,en\r\n" RECORD(
		2) ",anna,,1,,,,\r\n" RECORD(3) ",anna,,,,billing,,\r\n";
	for (unsigned i = 1; i <= 3; i++) {
		add_item(i, i == 1);
	}
	struct label_import first = import_rows(rows);
	struct label_import second = import_rows(rows);
	ck_assert_int_eq(first.added, 4);
	ck_assert_int_eq(second.rows, 4);
	ck_assert_int_eq(second.added, 0);
	ck_assert_int_eq(second.unchanged, 4);
	ck_assert_int_eq(second.final, first.final);
	ck_assert_int_eq(second.conflict, 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM label"), 4);
}
END_TEST

START_TEST(a_later_label_supersedes)
{
	char text[64];
	int64_t item = add_item(1, false);
	import_rows(RECORD(1) ",anna,2026-11-16,,,sales,10,en\r\n");
	ck_assert_str_eq(judgements(item, text), "0011 0011");
	import_rows(RECORD(1) ",anna,2026-11-17,,,billing,10,en\r\n");
	ck_assert_str_eq(judgements(item, text), "1111 1111");
	ck_assert_int_eq(ask("SELECT count(*) FROM label"), 2);
	/* the old file again does not undo the correction */
	struct label_import again = import_rows(RECORD(1) ",anna,2026-11-16,,,sales,10,en\r\n");
	ck_assert_int_eq(again.unchanged, 1);
	ck_assert_str_eq(judgements(item, text), "1111 1111");
	/* but she may return to it */
	again = import_rows(RECORD(1) ",anna,2026-11-18,,,sales,10,en\r\n");
	ck_assert_int_eq(again.added, 1);
	ck_assert_str_eq(judgements(item, text), "0011 0011");
	again = import_rows(RECORD(1) ",anna,,1,,,,\r\n");
	ck_assert_int_eq(again.added, 1);
	ck_assert_str_eq(judgements(item, text), "");
	ck_assert_int_eq(ask("SELECT status FROM review_item"), REVIEW_UNLABELABLE);
}
END_TEST

START_TEST(labels_stay)
{
	struct error err = ERROR_INIT;
	add_item(1, false);
	import_rows(GOOD);
	struct statement *update = store_statement(test_store, "UPDATE label SET reviewer = 'x'", &err);
	ck_assert(update != NULL && !statement_run(update, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "append-only"));
	err = (struct error)ERROR_INIT;
	struct statement *delete = store_statement(test_store, "DELETE FROM label", &err);
	ck_assert(delete != NULL && !statement_run(delete, &err));
	ck_assert_int_eq(ask("SELECT count(*) FROM label WHERE reviewer = 'anna'"), 1);
}
END_TEST

START_TEST(hostile_text_stays_text)
{
	add_item(1, false);
	import_rows(RECORD(1) ",\"'); DROP TABLE label; --\",,,\"<script>\",billing,10,\"x\"\"y\"\r\n");
	ck_assert_int_eq(ask("SELECT count(*) FROM label WHERE comment = '<script>'"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM label_value WHERE value = '\"x\\\"y\"'"), 1);
}
END_TEST

/* Keys come from messages and may hold anything. */
START_TEST(keys_are_taken_as_they_are)
{
	struct error err = ERROR_INIT;
	int64_t count = 0;
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(1 << 16);
	add_item(1, false);
	add_item(2, false);
	run("UPDATE review_item SET key = ' k\"1, ' WHERE id = 1");
	run("UPDATE review_item SET key = 'a' || char(0) || 'b' WHERE id = 2");
	must(label_export(test_store, test_contract, LABEL_SCOPE_ALL, &csv, &count, &err), &err);
	ck_assert_ptr_nonnull(strstr(csv.data, "\"" RECORD(1) " k\"\"1, \","));
	buffer_clear(&csv);
	buffer_append_text(&csv, LABEL_HEADER "\"" RECORD(1) " k\"\"1, \",anna,,,,billing,10,en\r\n" RECORD(2) "a");
	buffer_append_byte(&csv, '\0');
	buffer_append_text(&csv, "b,anna,,,,billing,10,en\r\n");
	struct label_import result;
	must(label_import(test_store, test_contract, "labels.csv", buffer_span(&csv), false, TEST_NOW, &result, &err),
	     &err);
	ck_assert_int_eq(result.final, 2);
}
END_TEST

/* A few seconds at most: the test's own limit is ten. */
START_TEST(five_thousand_labels_are_quick)
{
	enum { LABELS = 5000 };
	static const struct path_values values = {SIDE_AGREE, {"\"billing\"", "10", "\"en\""}};
	CLEANUP_BUFFER struct buffer rows = BUFFER_INIT(1 << 20);
	begin();
	for (unsigned i = 1; i <= LABELS; i++) {
		(void)put_item(i, false, &values, &values, 1);
		buffer_append_format(&rows, "%032x/document/,anna,,,,billing,10,en\r\n", i);
	}
	commit();
	struct label_import result = import_rows(rows.data);
	ck_assert_int_eq(result.added, LABELS);
	ck_assert_int_eq(result.final, LABELS);
	ck_assert_int_eq(ask("SELECT count(*) FROM judgement WHERE correct = 1"), LABELS * 8);
}
END_TEST

Suite *label_import_suite(void)
{
	Suite *suite = suite_create("label import");
	TCase *tcase = tcase_create("labels");
	tcase_set_timeout(tcase, 10);
	tcase_add_checked_fixture(tcase, setup_labels, teardown_labels);
	tcase_add_loop_test(tcase, bad_files_change_nothing_and_say_where, 0, sizeof(BAD) / sizeof(BAD[0]));
	tcase_add_test(tcase, a_label_is_stored_whole);
	tcase_add_test(tcase, a_missing_time_is_that_of_the_import);
	tcase_add_test(tcase, a_task_file_is_a_label_file);
	tcase_add_test(tcase, importing_again_changes_nothing);
	tcase_add_test(tcase, a_later_label_supersedes);
	tcase_add_test(tcase, labels_stay);
	tcase_add_test(tcase, hostile_text_stays_text);
	tcase_add_test(tcase, keys_are_taken_as_they_are);
	tcase_add_test(tcase, five_thousand_labels_are_quick);
	suite_add_tcase(suite, tcase);
	return suite;
}
