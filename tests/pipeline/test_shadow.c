/* Results of two candidates for one exchange, with people in between. */
#include "baselines/labels.h"
#include "harness/pipeline/shadow.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARENA_MAX = 1 << 24 };

static char directory[64];
static struct contract *contract;
static struct store *store;
static struct interface_lane *lane;
static struct hash_key *key;
static int64_t exchange_row;

static void must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s:%d: %s", err->file, err->line, err->message);
}

static void add_exchange(void)
{
	struct error err = ERROR_INIT;
	enum store_delivery delivery = STORE_DUPLICATE;
	const struct store_exchange exchange = {
		.exchange_id = {[15] = 1},
		.interface_id = lane->id,
		.week = 202647,
		.legacy_outcome = LEGACY_OK,
		.legacy_latency_us = -1,
		.request = SPAN("{\"id\":1}"),
		.reply = SPAN("{\"queue\":\"a\",\"amount\":1}"),
	};
	must(store_begin(store, &err) && store_exchange_add(store, "tap", &exchange, &exchange_row, &delivery, &err) &&
		     store_commit(store, &err),
	     &err);
}

static void setup(void)
{
	struct error err = ERROR_INIT;
	char location[128];
	snprintf(directory, sizeof(directory), "/tmp/understudy-shadow-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(location, sizeof(location), "sqlite:%s/test.db", directory);
	contract = contract_load("tests/pipeline/data/two.yaml", &err);
	must(contract != NULL, &err);
	store = store_open(location, STORE_CREATE, 100, &err);
	must(store != NULL, &err);
	lane = lane_create(store, contract, false, 1, &err);
	must(lane != NULL, &err);
	key = hash_key_create(SPAN("a key of the tests"));
	add_exchange();
}

static void teardown(void)
{
	char command[128];
	hash_key_destroy(key);
	lane_destroy(lane);
	store_close(store);
	contract_destroy(contract);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static void finish(size_t candidate, const char *reply)
{
	static const uint8_t exchange_id[16] = {[15] = 1};
	struct error err = ERROR_INIT;
	const struct json_node *legacy = NULL;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	must(json_parse(&arena, SPAN("{\"queue\":\"a\",\"amount\":1}"), NULL, &legacy, &err), &err);
	const struct shadow_exchange exchange = {
		.row = exchange_row, .exchange_id = exchange_id, .week = 202647, .legacy = legacy};
	const struct call_result result = {.exchange = exchange_row, .outcome = OUTCOME_OK, .text = span_of(reply)};
	must(store_begin(store, &err) &&
		     shadow_finish(store, key, lane, &lane->candidates[candidate], &exchange, &result, false, &arena,
				   &err) &&
		     store_commit(store, &err),
	     &err);
}

static void label(const char *row)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(4096);
	buffer_append_format(&csv,
			     "record_id,reviewer,cannot_tell,queue,amount,note\n"
			     "00000000000000000000000000000001/document/,%s\n",
			     row);
	must(label_import(store, contract, "labels.csv", buffer_span(&csv), false, 1, &result, &err), &err);
}

static int64_t query(const char *sql)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(store, sql, &err);
	must(statement != NULL, &err);
	ck_assert_int_eq(statement_step(statement, &err), STATEMENT_ROW);
	int64_t number = statement_integer(statement, 0);
	statement_reset(statement);
	return number;
}

static int64_t judgements_of(int64_t path, int correct)
{
	char sql[128];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM judgement WHERE path = %lld AND correct = %d", (long long)path,
		 correct);
	return query(sql);
}

/* Three fields and the whole record are four judgements. */
START_TEST(a_slower_candidate_is_judged_by_the_labels_there)
{
	finish(0, "{\"queue\":\"b\",\"amount\":1}");
	ck_assert_int_eq(query("SELECT count(*) FROM judgement"), 0);
	label("anna,,b,1,");
	ck_assert_int_eq(judgements_of(0, 0), 2); /* queue, and so the record */
	ck_assert_int_eq(judgements_of(lane->candidates[0].id, 1), 4);
	ck_assert_int_eq(judgements_of(lane->candidates[1].id, 0), 0);
	finish(1, "no JSON");
	ck_assert_int_eq(query("SELECT count(*) FROM review_item"), 1);
	ck_assert_int_eq(judgements_of(0, 0), 2);
	ck_assert_int_eq(judgements_of(lane->candidates[0].id, 1), 4);
	ck_assert_int_eq(judgements_of(lane->candidates[1].id, 0), 4);
}
END_TEST

START_TEST(unlabelable_and_open_items_stay_so)
{
	finish(0, "{\"queue\":\"b\",\"amount\":1}");
	ck_assert_int_eq(query("SELECT status FROM review_item"), REVIEW_OPEN);
	label("anna,1,,,");
	finish(1, "{\"queue\":\"a\",\"amount\":1}");
	ck_assert_int_eq(query("SELECT status FROM review_item"), REVIEW_UNLABELABLE);
	ck_assert_int_eq(query("SELECT count(*) FROM judgement"), 0);
}
END_TEST

/* A reply that can never be compared must not stop the worker: set aside, and paid. */
START_TEST(what_cannot_be_compared_is_set_aside_and_billed)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(64);
	const struct shadow_exchange exchange = {
		.row = exchange_row, .exchange_id = (const uint8_t[16]){0}, .week = 202647};
	const struct call_result result = {.exchange = exchange_row,
					   .outcome = OUTCOME_OK,
					   .text = SPAN("{\"queue\":\"a\",\"amount\":1}"),
					   .cost_nano = 7};
	must(store_begin(store, &err) &&
		     shadow_finish(store, key, lane, &lane->candidates[0], &exchange, &result, false, &arena, &err) &&
		     store_commit(store, &err),
	     &err);
	ck_assert_int_eq(query("SELECT count(*) FROM evaluation WHERE state = 3 AND length(detail) > 5"), 1);
	ck_assert_int_eq(query("SELECT sum(cost_nano) FROM spend"), 7);
	ck_assert_int_eq(query("SELECT count(*) FROM record"), 0);
}
END_TEST

Suite *shadow_suite(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = tcase_create("candidates");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_slower_candidate_is_judged_by_the_labels_there);
	tcase_add_test(tcase, unlabelable_and_open_items_stay_so);
	tcase_add_test(tcase, what_cannot_be_compared_is_set_aside_and_billed);
	suite_add_tcase(suite, tcase);
	return suite;
}
