/* The task file: what is in it, and above all what is not. */
#include "harness/base/csv.h"
#include "tests/baselines/suites.h"
#include "tests/baselines/support.h"

#include <stdio.h>

enum { EXPORT_MAX = 1 << 24, ITEMS = 64 };

enum column { RECORD_ID, WEEK, MESSAGE, ASSIGNED, STATUS, QUEUE, QUEUE_VALUES, AMOUNT, AMOUNT_VALUES, LANGUAGE };

static int64_t export_all(enum label_scope scope, struct buffer *csv)
{
	struct error err = ERROR_INIT;
	int64_t count = -1;
	must(label_export(test_store, test_contract, scope, csv, &count, &err), &err);
	return count;
}

static bool next_row(struct csv_reader *reader, struct arena *arena, struct span **ret_cells)
{
	struct error err = ERROR_INIT;
	size_t count = 0;
	must(csv_read_row(reader, arena, ret_cells, &count, &err), &err);
	ck_assert(count == 0 || count == 11);
	return count > 0;
}

/* Every second one an overlap item; both paths differ in all fields. */
static void add_different_items(void)
{
	static const struct path_values legacy = {SIDE_AGREE, {"\"billing\"", "10", "\"en\""}};
	static const struct path_values llm = {SIDE_DISAGREE, {"\"sales\"", "20.50", NULL}};
	begin();
	for (unsigned i = 0; i < ITEMS; i++) {
		(void)put_item(i, i % 2 == 0, &legacy, &llm, 1);
	}
	commit();
}

START_TEST(a_row_shows_the_record)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	add_item(1, true);
	ck_assert_int_eq(export_all(LABEL_SCOPE_OPEN, &csv), 1);
	ck_assert_str_eq(
		csv.data,
		"record_id,week,message,assigned,status,queue,queue_values,amount,amount_values,language,"
		"language_values\r\n" RECORD(1) ",2026-W47,\"{\"\"text\"\":\"\"a, \\\"\"b\\\"\"\"\"}\",1 2,open,"
						",\"[\"\"billing\"\"]\",,[10],,\"[\"\"en\"\"]\"\r\n");
}
END_TEST

START_TEST(exchanged_paths_give_the_same_bytes)
{
	CLEANUP_BUFFER struct buffer before = BUFFER_INIT(EXPORT_MAX);
	CLEANUP_BUFFER struct buffer after = BUFFER_INIT(EXPORT_MAX);
	add_different_items();
	ck_assert_int_eq(export_all(LABEL_SCOPE_ALL, &before), ITEMS);
	run("UPDATE review_value SET path = 7 WHERE path = 0");
	run("UPDATE review_value SET path = 0 WHERE path = 1");
	run("UPDATE review_value SET path = 1 WHERE path = 7");
	run("UPDATE record SET side = 0, verdict = 0, pi_ppm = 1");
	ck_assert_int_eq(export_all(LABEL_SCOPE_ALL, &after), ITEMS);
	ck_assert(span_equal(buffer_span(&before), buffer_span(&after)));
	run("UPDATE review_value SET value = '99' WHERE path = 0 AND field_id = 2"); /* the check can fail */
	ck_assert_int_eq(export_all(LABEL_SCOPE_ALL, &after), ITEMS);
	ck_assert(!span_equal(buffer_span(&before), buffer_span(&after)));
}
END_TEST

/* A path that writes 10.0, or its members in another order, must not be known by that. */
START_TEST(spelling_does_not_tell_the_path)
{
	static const struct path_values legacy = {SIDE_AGREE, {"\"billing\"", "1e1", "{\"a\":1,\"b\":\"\\u0041\"}"}};
	static const struct path_values llm[] = {{SIDE_AGREE, {"\"b\\u0069lling\"", "10.0", "{\"b\":\"A\",\"a\":1.0}"}},
						 {SIDE_AGREE, {"\"billing\"", "10", "{\"a\":1,\"b\":\"A\"}"}}};
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	begin();
	(void)put_item(1, false, &legacy, llm, 2);
	commit();
	(void)export_all(LABEL_SCOPE_ALL, &csv);
	ck_assert_msg(strstr(csv.data, ",\"[\"\"billing\"\"]\",,[10],,\"[{\"\"a\"\":1,\"\"b\"\":\"\"A\"\"}]\"\r\n") !=
			      NULL,
		      "%s", csv.data);
}
END_TEST

/* 64 fair coins: 32 with a standard deviation of 4, so 5 of them are 20. */
START_TEST(values_are_shuffled_by_record)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	CLEANUP_BUFFER struct buffer again = BUFFER_INIT(EXPORT_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(EXPORT_MAX);
	add_different_items();
	(void)export_all(LABEL_SCOPE_ALL, &csv);
	(void)export_all(LABEL_SCOPE_ALL, &again);
	ck_assert(span_equal(buffer_span(&csv), buffer_span(&again)));
	struct csv_reader reader;
	struct span *cells = NULL;
	int legacy_first = 0;
	int same_order = 0;
	csv_reader_init(&reader, buffer_span(&csv));
	ck_assert(next_row(&reader, &arena, &cells));
	while (next_row(&reader, &arena, &cells)) {
		bool queue_first = span_is(cells[QUEUE_VALUES], "[\"billing\",\"sales\"]");
		bool amount_first = span_is(cells[AMOUNT_VALUES], "[10,20.5]");
		ck_assert(queue_first || span_is(cells[QUEUE_VALUES], "[\"sales\",\"billing\"]"));
		ck_assert(amount_first || span_is(cells[AMOUNT_VALUES], "[20.5,10]"));
		legacy_first += queue_first;
		same_order += queue_first == amount_first;
	}
	ck_assert_int_ge(legacy_first, 12);
	ck_assert_int_le(legacy_first, 52);
	ck_assert_int_ge(same_order, 12); /* nor does one field's order tell that of the next */
	ck_assert_int_le(same_order, 52);
}
END_TEST

START_TEST(overlap_items_are_assigned_to_all)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(EXPORT_MAX);
	struct csv_reader reader;
	struct span *cells = NULL;
	int slots[2] = {0, 0};
	add_different_items();
	(void)export_all(LABEL_SCOPE_ALL, &csv);
	csv_reader_init(&reader, buffer_span(&csv));
	ck_assert(next_row(&reader, &arena, &cells));
	for (int row = 0; next_row(&reader, &arena, &cells); row++) { /* in order of exchange id, which is the number */
		if (row % 2 == 0) {
			ck_assert(span_is(cells[ASSIGNED], "1 2"));
			continue;
		}
		ck_assert(span_is(cells[ASSIGNED], "1") || span_is(cells[ASSIGNED], "2"));
		slots[cells[ASSIGNED].data[0] - '1']++;
	}
	ck_assert_int_eq(slots[0] + slots[1], ITEMS / 2);
	ck_assert_int_ge(slots[0], 2); /* 32 fair coins: 16 - 5 * 2.83 */
	ck_assert_int_ge(slots[1], 2);
}
END_TEST

START_TEST(scopes_choose_by_status)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	for (unsigned i = 1; i <= 5; i++) {
		add_item(i, false);
	}
	run("UPDATE review_item SET status = 1 WHERE id = 2");
	run("UPDATE review_item SET status = 2 WHERE id = 3");
	run("UPDATE review_item SET status = 3 WHERE id = 4");
	ck_assert_int_eq(export_all(LABEL_SCOPE_OPEN, &csv), 2);
	ck_assert_ptr_nonnull(strstr(csv.data, RECORD(1)));
	ck_assert_ptr_nonnull(strstr(csv.data, RECORD(5)));
	ck_assert_int_eq(export_all(LABEL_SCOPE_CONFLICT, &csv), 1);
	ck_assert_ptr_nonnull(strstr(csv.data, RECORD(2)));
	ck_assert_ptr_nonnull(strstr(csv.data, ",conflict,"));
	ck_assert_int_eq(export_all(LABEL_SCOPE_ALL, &csv), 5);
	ck_assert_ptr_nonnull(strstr(csv.data, ",unlabelable,"));
}
END_TEST

START_TEST(other_interfaces_are_left_out)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	add_item(1, false);
	run("INSERT INTO interface (id, name) VALUES (2, 'other')");
	run("UPDATE exchange SET interface_id = 2");
	ck_assert_int_eq(export_all(LABEL_SCOPE_ALL, &csv), 0);
}
END_TEST

START_TEST(formulas_do_not_run)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	add_item(1, false);
	run("UPDATE payload SET encoding = 0, request_size = 4, reply_size = 0, body = x'3d312b31'"); /* =1+1 */
	(void)export_all(LABEL_SCOPE_ALL, &csv);
	ck_assert_msg(strstr(csv.data, ",'=1+1,") != NULL, "%s", csv.data);
}
END_TEST

/* Names that are columns of the task file, or formulas, come out of the export and back through the import. */
START_TEST(any_field_name_makes_the_round_trip)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	struct contract *contract = load_contract("tests/baselines/data/types.yaml");
	struct error err = ERROR_INIT;
	int64_t interface = 0;
	int64_t id = 0;
	int64_t count = 0;
	struct label_import result;
	must(store_interface(test_store, SPAN("types"), &interface, &err), &err);
	for (size_t i = 0; i < contract->field_count; i++) {
		must(store_field(test_store, interface, span_of(contract->fields[i].name), &id, &err), &err);
	}
	must(label_export(test_store, contract, LABEL_SCOPE_ALL, &csv, &count, &err), &err);
	ck_assert_str_eq(csv.data,
			 "record_id,week,message,assigned,status,field:status,field:status_values,count,count_values,"
			 "open,open_values,note,note_values,parts,parts_values,any,any_values,field:x_values,"
			 "field:x_values_values,'=x,'=x_values\r\n");
	buffer_consume(&csv, sizeof("record_id,week") - 1);
	CLEANUP_BUFFER struct buffer labels = BUFFER_INIT(EXPORT_MAX);
	buffer_append_text(&labels, "reviewer,record_id,week");
	buffer_append_span(&labels, buffer_span(&csv));
	must(label_import(test_store, contract, "labels.csv", buffer_span(&labels), false, TEST_NOW, &result, &err),
	     &err);
	ck_assert_int_eq(result.rows, 0);
	contract_destroy(contract);
}
END_TEST

START_TEST(fields_that_the_store_does_not_know_are_named)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(EXPORT_MAX);
	struct error err = ERROR_INIT;
	int64_t count = 0;
	run("UPDATE field SET name = 'former' WHERE id = 2");
	ck_assert(!label_export(test_store, test_contract, LABEL_SCOPE_ALL, &csv, &count, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	ck_assert_ptr_nonnull(strstr(err.message, "\"amount\""));
}
END_TEST

Suite *label_export_suite(void)
{
	Suite *suite = suite_create("label export");
	TCase *tcase = tcase_create("tasks");
	tcase_add_checked_fixture(tcase, setup_labels, teardown_labels);
	tcase_add_test(tcase, a_row_shows_the_record);
	tcase_add_test(tcase, exchanged_paths_give_the_same_bytes);
	tcase_add_test(tcase, spelling_does_not_tell_the_path);
	tcase_add_test(tcase, values_are_shuffled_by_record);
	tcase_add_test(tcase, overlap_items_are_assigned_to_all);
	tcase_add_test(tcase, scopes_choose_by_status);
	tcase_add_test(tcase, other_interfaces_are_left_out);
	tcase_add_test(tcase, formulas_do_not_run);
	tcase_add_test(tcase, any_field_name_makes_the_round_trip);
	tcase_add_test(tcase, fields_that_the_store_does_not_know_are_named);
	suite_add_tcase(suite, tcase);
	return suite;
}
