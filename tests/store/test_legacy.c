/* Any number of answers to one exchange, or to one key: what it costs is counted in steps of SQLite's machine, so that
 * the test says the same on every computer. */
#include "harness/store/internal.h"
#include "harness/store/legacy.h"
#include "harness/store/unclaimed.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 100, ANSWERS = 600 };

static const int64_t SEEN_AT = INT64_C(1) << 60; /* behind what comes with a message */
static int64_t worked;                           /* in units of STEPS instructions */

static int count_work(void *context)
{
	(void)context;
	worked++;
	return 0;
}

static struct store_answer make_answer(int number, bool is_dated)
{
	struct store_answer answer = {
		.outcome = LEGACY_OK,
		.status = 200,
		.seen_at = SEEN_AT,
		.answered_at = SEEN_AT + (is_dated ? 1 + number : 0),
		.is_dated = is_dated,
		.is_readable = true,
		.reply = SPAN("{}"),
	};
	memcpy(answer.digest, &number, sizeof(number));
	return answer;
}

/* The second half of many must not cost much more than the first one: constant work each, but for a tree's height. */
static void check_work(int64_t first, int64_t second)
{
	ck_assert_int_gt(first, 0);
	ck_assert_msg(second < first * 3 / 2, "%lld then %lld times %d steps", (long long)first, (long long)second,
		      STEPS);
}

START_TEST(many_versions_of_one_exchange)
{
	struct error err = ERROR_INIT;
	int64_t halves[2] = {0, 0};
	bool is_dated = _i != 0;
	must(store_begin(test_store, &err), &err);
	int64_t id = add_exchange(1, 1, STORE_NEW);
	struct store_exchange exchange;
	must(store_exchange_get(test_store, id, &exchange, &err), &err);
	sqlite3_progress_handler(test_store->database, STEPS, count_work, NULL);
	for (int i = 0; i < 2 * ANSWERS; i++) {
		struct store_answer answer = make_answer(i % 2 == 0 || is_dated ? i : 1, is_dated);
		struct store_version version;
		bool added = false;
		worked = 0;
		must(store_answer_add(test_store, id, &exchange, true, &answer, &added, &err), &err);
		ck_assert(added);
		must(store_answer_choose(test_store, id, COUNT_NEWEST, INT64_MAX, &version, &err), &err);
		ck_assert_int_eq(version.ordinal, i + 2);
		must(store_answer_choose(test_store, id, COUNT_OLDEST, INT64_MAX, &version, &err), &err);
		halves[i / ANSWERS] += worked;
	}
	check_work(halves[0], halves[1]);
}
END_TEST

START_TEST(many_answers_wait_for_one_key)
{
	struct error err = ERROR_INIT;
	static const uint8_t key[STORE_KEY_SIZE] = {7};
	int64_t halves[2] = {0, 0};
	bool is_dated = _i != 0;
	must(store_begin(test_store, &err), &err);
	sqlite3_progress_handler(test_store->database, STEPS, count_work, NULL);
	for (int i = 0; i < 2 * ANSWERS; i++) {
		struct store_answer answer = make_answer(i % 2 == 0 || is_dated ? i : 1, is_dated);
		bool added = false;
		worked = 0;
		must(store_outcome_wait(test_store, "ingest", 1, key, &answer, &added, &err), &err);
		ck_assert(added);
		halves[i / ANSWERS] += worked;
	}
	check_work(halves[0], halves[1]);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	int64_t taken[2] = {0, 0};
	for (int i = 0; i < 2 * ANSWERS; i++) {
		struct store_answer answer;
		char *stream = NULL;
		worked = 0;
		arena_reset(&arena);
		must(store_outcome_take(test_store, 1, key, &arena, &answer, &stream, &err), &err);
		ck_assert_str_eq(stream, "ingest");
		taken[i / ANSWERS] += worked;
	}
	check_work(taken[0], taken[1]);
}
END_TEST

/* What is chosen has not changed with the way in which it is found: readable ones first, by time, by arrival. */
START_TEST(which_version_is_chosen)
{
	static const struct {
		int answered_at;
		bool is_readable;
	} said[] = {{50, false}, {30, true}, {40, true}, {40, true}, {60, false}, {30, true}};
	static const struct {
		enum store_counting counting;
		int64_t until;
		int64_t ordinal;
	} cases[] = {{COUNT_NEWEST, 100, 4}, {COUNT_OLDEST, 100, 2}, {COUNT_NEWEST, 35, 6},
		     {COUNT_OLDEST, 29, 0},  {COUNT_NEWEST, 29, 0},  {COUNT_NEWEST, 40, 4}};
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
	int64_t id = add_exchange(1, 1, STORE_NEW);
	struct store_exchange exchange;
	must(store_exchange_get(test_store, id, &exchange, &err), &err);
	exchange.legacy_outcome = LEGACY_AWAITED;
	for (int i = 0; i < 6; i++) {
		struct store_answer answer = make_answer(i, true);
		bool added = false;
		answer.answered_at = said[i].answered_at;
		answer.is_readable = said[i].is_readable;
		must(store_answer_add(test_store, id, &exchange, true, &answer, &added, &err), &err);
	}
	struct store_version version;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(store_answer_choose(test_store, id, cases[i].counting, cases[i].until, &version, &err), &err);
		ck_assert_msg(version.ordinal == cases[i].ordinal, "case %zu: %lld", i, (long long)version.ordinal);
	}
	run(test_store, "DELETE FROM legacy_answer WHERE readable = 1");
	must(store_answer_choose(test_store, id, COUNT_NEWEST, 100, &version, &err), &err);
	ck_assert_int_eq(version.ordinal, 5);
}
END_TEST

START_TEST(unclaimed_deliveries_come_back_in_order)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct span frame;
	char *stream = NULL;
	struct store_ledger ledger;
	must(store_begin(test_store, &err), &err);
	struct store_account account = {.origin = 5, .at = 1, .week = 202647, .seen = 2, .committed = 2};
	must(store_account_set(test_store, "tap", 1, &account, &err), &err);
	must(store_unclaimed_add(test_store, "tap", 1, SPAN("\0first"), &err), &err);
	must(store_unclaimed_add(test_store, "tap", 1, SPAN("second"), &err), &err);
	must(store_unclaimed_add(test_store, "replay", 1, SPAN("third"), &err), &err);
	must(store_commit(test_store, &err), &err);
	must(store_ledger_get(test_store, 1, &ledger, &err), &err);
	ck_assert_uint_eq(ledger.unclaimed, 3);
	ck_assert_uint_eq(ledger.unclaimed_without, 1);
	must(store_begin(test_store, &err), &err);
	const struct span frames[] = {SPAN("\0first"), SPAN("second"), SPAN("third")};
	for (size_t i = 0; i < 3; i++) {
		must(store_unclaimed_take(test_store, 1, &arena, &frame, &stream, &err), &err);
		ck_assert(stream != NULL && span_equal(frame, frames[i]));
	}
	ck_assert_str_eq(stream, "replay");
	must(store_unclaimed_take(test_store, 1, &arena, &frame, &stream, &err), &err);
	ck_assert_ptr_null(stream);
}
END_TEST

/* Accounts are totals; a week gets what they grew by, over all streams and rings. */
START_TEST(drops_by_week)
{
	struct error err = ERROR_INIT;
	static const struct {
		const char *stream;
		struct store_account account;
	} accounts[] = {
		{"tap", {.origin = 5, .week = 202646, .dropped = {3, 0, 1}}},
		{"tap", {.origin = 5, .week = 202646, .dropped = {4, 0, 1}}},
		{"tap", {.origin = 5, .week = 202647, .dropped = {4, 2, 1}}},
		{"tap", {.origin = 6, .week = 202647, .dropped = {10}}}, /* after a reboot */
		{"tap-2", {.origin = 5, .week = 202648, .dropped = {7}}},
	};
	must(store_begin(test_store, &err), &err);
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		must(store_account_set(test_store, accounts[i].stream, 1, &accounts[i].account, &err), &err);
	}
	static const char *const sums[] = {"week = 202646 AND reason = 0", "week = 202646 AND reason = 2",
					   "week = 202647 AND reason = 0", "week = 202647 AND reason = 1",
					   "week = 202648 AND reason = 0"};
	static const int64_t counts[] = {4, 1, 10, 2, 7};
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		char sql[128];
		snprintf(sql, sizeof(sql), "SELECT count FROM tap_drop_week WHERE %s", sums[i]);
		ck_assert_int_eq(ask(test_store, sql), counts[i]);
	}
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM tap_drop_week"), 5);
	ck_assert_int_eq(ask(test_store, "SELECT sum(count) FROM tap_drop_week"),
			 ask(test_store, "SELECT sum(count) FROM tap_drop"));
}
END_TEST

Suite *legacy_suite(void)
{
	Suite *suite = suite_create("legacy");
	TCase *test = tcase_create("answers");
	tcase_add_checked_fixture(test, setup_store, teardown_store);
	tcase_add_loop_test(test, many_versions_of_one_exchange, 0, 2);
	tcase_add_loop_test(test, many_answers_wait_for_one_key, 0, 2);
	tcase_add_test(test, which_version_is_chosen);
	tcase_add_test(test, unclaimed_deliveries_come_back_in_order);
	tcase_add_test(test, drops_by_week);
	suite_add_tcase(suite, test);
	return suite;
}
