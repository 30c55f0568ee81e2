#include "tests/store/suites.h"
#include "tests/store/support.h"

enum { WEEK = 202647 };

static struct error err;

static void begin(void)
{
	setup_store();
	err = (struct error)ERROR_INIT;
	must(store_begin(test_store, &err), &err);
}

static void commit_and_begin(void)
{
	must(store_commit(test_store, &err), &err);
	must(store_begin(test_store, &err), &err);
}

static void must_be_missing(bool done)
{
	ck_assert(!done);
	ck_assert_int_eq((int)err.code, ERROR_MISSING);
	err = (struct error)ERROR_INIT;
}

static struct store_evaluation make_evaluation(int64_t exchange, bool is_pending)
{
	return (struct store_evaluation){
		.exchange = exchange,
		.candidate = 1,
		.interface_id = 1,
		.epoch = 1,
		.week = WEEK,
		.is_pending = is_pending,
		.outcome = OUTCOME_OK,
		.verdict = VERDICT_DISAGREE,
		.has_reply = true,
		.latency_us = 10409,
		.attempts = 2,
		.cost_nano = 5001,
		.cost_limit_nano = 1000000,
		.reply = SPAN("{\"queue\": \"a\"}"),
	};
}

START_TEST(pending_then_compared)
{
	for (uint64_t i = 1; i <= 5; i++) {
		int64_t id = add_exchange(i, i, STORE_NEW);
		must(store_evaluation_add(test_store, id, 1, WEEK, false, &err), &err);
		must(store_evaluation_add(test_store, id, 1, WEEK, false, &err), &err); /* no second row, no count */
	}
	commit_and_begin();
	int64_t ids[8];
	size_t count = 0;
	int64_t pending = 0;
	must(store_pending(test_store, 1, 0, 3, ids, &count, &err), &err);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(ids[0], 1);
	ck_assert_int_eq(ids[2], 3);
	must(store_pending(test_store, 1, 3, 8, ids, &count, &err), &err);
	ck_assert_uint_eq(count, 2);
	must(store_pending(test_store, 2, 0, 8, ids, &count, &err), &err);
	ck_assert_uint_eq(count, 0);
	must(store_pending_count(test_store, 1, &pending, &err), &err);
	ck_assert_int_eq(pending, 5);
	struct store_evaluation evaluation = make_evaluation(2, true);
	must(store_evaluation_finish(test_store, &evaluation, &err), &err);
	must_be_missing(store_evaluation_finish(test_store, &evaluation, &err)); /* twice */
	evaluation.exchange = 77;
	must_be_missing(store_evaluation_finish(test_store, &evaluation, &err));
	evaluation = make_evaluation(3, false); /* there is a row */
	must_be_missing(store_evaluation_finish(test_store, &evaluation, &err));
	commit_and_begin();
	must(store_pending_count(test_store, 1, &pending, &err), &err);
	ck_assert_int_eq(pending, 4);
	ck_assert_int_eq(ask(test_store, "SELECT count FROM rollup_state WHERE state = 1"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT bucket FROM rollup_latency WHERE path = 1"), 930);
	ck_assert_int_eq(ask(test_store, "SELECT step FROM rollup_cost"), 6); /* 5.001 thousandths, rounded up */
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct span reply;
	must(store_evaluation_reply(test_store, 2, 1, &arena, &reply, &err), &err);
	ck_assert(span_is(reply, "{\"queue\": \"a\"}"));
	must_be_missing(store_evaluation_reply(test_store, 3, 1, &arena, &reply, &err));
	run(test_store, "UPDATE evaluation SET reply = x'0128b52ffd' WHERE exchange_id = 2");
	ck_assert(!store_evaluation_reply(test_store, 2, 1, &arena, &reply, &err));
	ck_assert_int_eq((int)err.code, ERROR_FORMAT);
	err = (struct error)ERROR_INIT;
	run(test_store, "UPDATE evaluation SET reply = x'' WHERE exchange_id = 2");
	ck_assert(!store_evaluation_reply(test_store, 2, 1, &arena, &reply, &err));
	ck_assert_int_eq((int)err.code, ERROR_FORMAT);
}
END_TEST

START_TEST(closed_and_retried)
{
	for (uint64_t i = 1; i <= 4; i++) {
		int64_t id = add_exchange(i, i, STORE_NEW);
		if (i <= 3) {
			must(store_evaluation_add(test_store, id, 1, WEEK, false, &err), &err);
		}
	}
	must(store_evaluation_close(test_store, 1, 1, WEEK, false, EVALUATION_DEAD_LETTER, -1, SPAN("bad key"), &err),
	     &err);
	must(store_evaluation_close(test_store, 2, 1, WEEK, false, EVALUATION_NOT_EVALUATED, NOT_EVALUATED_OVER_BUDGET,
				    SPAN(""), &err),
	     &err);
	must(store_evaluation_close(test_store, 4, 1, WEEK, false, EVALUATION_UNPAIRED, -1, SPAN(""), &err), &err);
	must_be_missing(
		store_evaluation_close(test_store, 4, 1, WEEK, false, EVALUATION_DEAD_LETTER, -1, SPAN(""), &err));
	must(store_evaluation_close(test_store, 3, 2, WEEK, false, EVALUATION_DEAD_LETTER, -1, SPAN("x"), &err), &err);
	commit_and_begin();
	int64_t pending = 0;
	must(store_pending_count(test_store, 1, &pending, &err), &err);
	ck_assert_int_eq(pending, 1);
	ck_assert_int_eq(ask(test_store, "SELECT count FROM rollup_state WHERE state = 2 AND reason = 0"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_outcome WHERE detail = 'bad key' AND state = 3"), 1);
	int64_t count = 0;
	must(store_evaluation_retry(test_store, 1, &count, &err), &err);
	ck_assert_int_eq(count, 1);
	must(store_evaluation_retry(test_store, 0, &count, &err), &err);
	ck_assert_int_eq(count, 1); /* the other candidate's */
	must(store_evaluation_retry(test_store, 0, &count, &err), &err);
	ck_assert_int_eq(count, 0);
	commit_and_begin();
	must(store_pending_count(test_store, 1, &pending, &err), &err);
	ck_assert_int_eq(pending, 2);
	ck_assert_int_eq(ask(test_store, "SELECT sum(count) FROM rollup_state WHERE state = 3"), 0);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM evaluation WHERE detail IS NOT NULL"), 0);
}
END_TEST

START_TEST(differences_only_where_they_are)
{
	int64_t id = add_exchange(1, 1, STORE_NEW);
	struct store_record record = {.exchange = id,
				      .candidate = 1,
				      .epoch = 1,
				      .week = WEEK,
				      .key = SPAN("10"),
				      .verdict = VERDICT_MISSING,
				      .side = SIDE_DISAGREE,
				      .pi_ppm = 500000,
				      .sampled = true};
	must(store_record_add(test_store, &record, &err), &err);
	struct span none = {NULL, 0};
	must(store_field_add(test_store, &record, 1, VERDICT_AGREE, SPAN("1"), SPAN("1"), &err), &err);
	must(store_field_add(test_store, &record, 2, VERDICT_MISSING, SPAN("null"), none, &err), &err);
	must(store_field_add(test_store, &record, 3, VERDICT_EXTRA, none, SPAN("\"\""), &err), &err);
	commit_and_begin();
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM field_difference"), 2);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_field"), 3);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_diff WHERE field = 'field 2' AND key = '10' "
					 "AND legacy_value = 'null' AND llm_value IS NULL"),
			 1);
	ck_assert_int_eq(ask(test_store, "SELECT sampled FROM rollup_record WHERE side = 1 AND pi_ppm = 500000"), 1);
}
END_TEST

START_TEST(review_items_are_kept)
{
	int64_t id = add_exchange(1, 1, STORE_NEW);
	int64_t one = 0;
	int64_t two = 0;
	must(store_review_item_add(test_store, id, SPAN(""), WEEK, true, &one, &err), &err);
	must(store_review_item_add(test_store, id, (struct span){NULL, 0}, WEEK, false, &two, &err), &err);
	ck_assert_int_eq(one, two);
	must(store_review_item_add(test_store, id, SPAN("+1"), WEEK, false, &two, &err), &err);
	ck_assert_int_ne(one, two);
	must(store_review_value_add(test_store, one, 0, 1, SPAN("\"a\""), &err), &err);
	must(store_review_value_add(test_store, one, 0, 1, SPAN("\"b\""), &err), &err);
	must(store_review_value_add(test_store, one, 2, 1, (struct span){NULL, 0}, &err), &err);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM review_value WHERE value = '\"a\"'"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM review_value WHERE path = 2 AND value IS NULL"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM review_item WHERE overlap = 1"), 1);
}
END_TEST

struct cost_case {
	int64_t cost;
	int64_t limit;
	int64_t step;
};

static const struct cost_case COSTS[] = {
	{0, 10, 0},         {-5, 10, 0},          {1, 1000, 1},
	{1, 1000000000, 1}, {999, 1000, 999},     {1000, 1000, 1000},
	{1001, 1000, 1000}, {INT64_MAX, 1, 1000}, {INT64_MAX / 2, INT64_MAX, 500},
	{3333, 10000, 334},
};

START_TEST(cost_steps)
{
	int64_t id = add_exchange(1, 1, STORE_NEW);
	struct store_evaluation evaluation = make_evaluation(id, false);
	evaluation.cost_nano = COSTS[_i].cost;
	evaluation.cost_limit_nano = COSTS[_i].limit;
	must(store_evaluation_finish(test_store, &evaluation, &err), &err);
	commit_and_begin();
	ck_assert_int_eq(ask(test_store, "SELECT step FROM rollup_cost"), COSTS[_i].step);
}
END_TEST

Suite *evaluation_suite(void)
{
	Suite *suite = suite_create("evaluation");
	TCase *test = tcase_create("evaluations");
	tcase_add_checked_fixture(test, begin, teardown_store);
	tcase_add_test(test, pending_then_compared);
	tcase_add_test(test, closed_and_retried);
	tcase_add_test(test, differences_only_where_they_are);
	tcase_add_test(test, review_items_are_kept);
	tcase_add_loop_test(test, cost_steps, 0, sizeof(COSTS) / sizeof(COSTS[0]));
	suite_add_tcase(suite, test);
	return suite;
}
