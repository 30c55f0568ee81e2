#include "harness/store/internal.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(every_type_comes_back)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(test_store, "SELECT ?, ?, ?, ?, ?, ?, ?", &err);
	must(statement != NULL, &err);
	statement_bind_integer(statement, 1, INT64_MIN);
	statement_bind_real(statement, 2, 0.25);
	statement_bind_text(statement, 3, SPAN("a\0b"));
	statement_bind_blob(statement, 4, SPAN("\0\xff"));
	statement_bind_null(statement, 5);
	statement_bind_text(statement, 6, (struct span){NULL, 0});
	statement_bind_blob(statement, 7, SPAN(""));
	ck_assert_int_eq(statement_column_count(statement), 7);
	ck_assert(statement_step(statement, &err) == STATEMENT_ROW);
	ck_assert(statement_integer(statement, 0) == INT64_MIN);
	ck_assert(statement_real(statement, 1) == 0.25);
	ck_assert(span_equal(statement_text(statement, 2), SPAN("a\0b")));
	ck_assert(span_equal(statement_blob(statement, 3), SPAN("\0\xff")));
	ck_assert(statement_is_null(statement, 4));
	ck_assert_int_eq(statement_integer(statement, 4), 0);
	ck_assert_ptr_null(statement_text(statement, 4).data);
	ck_assert(statement_is_null(statement, 5));
	ck_assert(!statement_is_null(statement, 6));
	ck_assert_ptr_nonnull(statement_blob(statement, 6).data);
	ck_assert_uint_eq(statement_blob(statement, 6).length, 0);
	ck_assert(statement_step(statement, &err) == STATEMENT_DONE);
}
END_TEST

START_TEST(cache_goes_by_text)
{
	struct error err = ERROR_INIT;
	char text[32] = "SELECT 1";
	char same[32] = "SELECT 1";
	struct statement *one = store_statement(test_store, text, &err);
	ck_assert_ptr_eq(store_statement(test_store, same, &err), one);
	text[7] = '2'; /* the memory is used again for another statement */
	struct statement *two = store_statement(test_store, text, &err);
	ck_assert_ptr_ne(two, one);
	ck_assert_int_eq(ask(test_store, text), 2);
	ck_assert_int_eq(ask(test_store, same), 1);
	for (int i = 0; i < 2000; i++) { /* more than the shortcuts hold */
		snprintf(text, sizeof(text), "SELECT %d", i);
		ck_assert_int_eq(ask(test_store, text), i);
	}
}
END_TEST

START_TEST(asking_again_resets_and_unbinds)
{
	struct error err = ERROR_INIT;
	static const char sql[] = "SELECT ? UNION ALL SELECT 2";
	struct statement *statement = store_statement(test_store, sql, &err);
	statement_bind_integer(statement, 1, 1);
	ck_assert(statement_step(statement, &err) == STATEMENT_ROW);
	statement = store_statement(test_store, sql, &err);
	ck_assert(statement_step(statement, &err) == STATEMENT_ROW);
	ck_assert(statement_is_null(statement, 0));
}
END_TEST

START_TEST(failures_are_told)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(store_statement(test_store, "SELEC 1", &err));
	ck_assert_int_eq((int)err.code, ERROR_FORMAT);
	ck_assert_ptr_nonnull(strstr(err.message, "syntax error"));
	err = (struct error)ERROR_INIT;
	ck_assert_ptr_null(store_statement(test_store, "", &err));
	err = (struct error)ERROR_INIT;
	struct statement *statement = store_statement(test_store, "SELECT ?", &err);
	statement_bind_integer(statement, 2, 1); /* there is no second question mark */
	ck_assert(!statement_run(statement, &err));
	err = (struct error)ERROR_INIT;
	statement = store_statement(test_store, "SELECT ?", &err);
	must(statement_run(statement, &err), &err);
	statement = store_statement(test_store, "INSERT INTO candidate (interface_id, name) VALUES (99, 'x')", &err);
	ck_assert(!statement_run(statement, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "FOREIGN KEY"));
}
END_TEST

START_TEST(names_are_added_once)
{
	struct error err = ERROR_INIT;
	int64_t one = 0;
	int64_t two = 0;
	must(store_interface(test_store, SPAN("'; DROP TABLE exchange"), &one, &err), &err);
	must(store_interface(test_store, SPAN("'; DROP TABLE exchange"), &two, &err), &err);
	ck_assert_int_eq(one, two);
	must(store_candidate(test_store, one, SPAN("mini"), &two, &err), &err);
	ck_assert_int_gt(two, 2); /* the same name under another interface */
	must(store_candidate(test_store, 1, SPAN("mini"), &two, &err), &err);
	ck_assert_int_eq(two, 1);
	must(store_field(test_store, 1, SPAN("field 3"), &two, &err), &err);
	ck_assert_int_eq(two, 3);
}
END_TEST

START_TEST(epochs_follow_their_hash)
{
	struct error err = ERROR_INIT;
	int64_t first = 0;
	int64_t id = 0;
	bool is_new = true;
	must(store_epoch(test_store, 1, SPAN("hash"), SPAN("{}"), 9, &first, &is_new, &err), &err);
	ck_assert(!is_new);
	must(store_epoch(test_store, 1, SPAN("other"), SPAN("{}"), 9, &id, &is_new, &err), &err);
	ck_assert(is_new && id != first);
	must(store_epoch(test_store, 1, SPAN("hash"), SPAN("{}"), 9, &id, &is_new, &err), &err);
	ck_assert(is_new && id != first); /* back to former settings is a new period */
	ck_assert_int_eq(ask(test_store, "SELECT max(ordinal) FROM epoch WHERE candidate_id = 1"), 3);
	ck_assert_int_eq(ask(test_store, "SELECT max(ordinal) FROM epoch WHERE candidate_id = 2"), 1);
}
END_TEST

START_TEST(labels_are_append_only)
{
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
	int64_t exchange = add_exchange(1, 1, STORE_NEW);
	int64_t item = 0;
	must(store_review_item_add(test_store, exchange, SPAN(""), 202647, false, &item, &err), &err);
	must(store_commit(test_store, &err), &err);
	run(test_store, "INSERT INTO label (item_id, reviewer, adjudication, cannot_tell, labelled_at) "
			"VALUES (1, 'ann', 0, 0, 5)");
	static const char *const attempts[] = {"UPDATE label SET reviewer = 'bob'", "DELETE FROM label"};
	for (size_t i = 0; i < 2; i++) {
		struct statement *statement = store_statement(test_store, attempts[i], &err);
		ck_assert(!statement_run(statement, &err));
		ck_assert_msg(strstr(err.message, "append-only") != NULL, "%s", err.message);
		err = (struct error)ERROR_INIT;
	}
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM label WHERE reviewer = 'ann'"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_label WHERE interface = 'orders'"), 1);
}
END_TEST

Suite *statement_suite(void)
{
	Suite *suite = suite_create("statement");
	TCase *test = tcase_create("statements and names");
	tcase_add_checked_fixture(test, setup_store, teardown_store);
	tcase_add_test(test, every_type_comes_back);
	tcase_add_test(test, cache_goes_by_text);
	tcase_add_test(test, asking_again_resets_and_unbinds);
	tcase_add_test(test, failures_are_told);
	tcase_add_test(test, names_are_added_once);
	tcase_add_test(test, epochs_follow_their_hash);
	tcase_add_test(test, labels_are_append_only);
	suite_add_tcase(suite, test);
	return suite;
}
