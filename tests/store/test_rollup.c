/* Random writes, then every rollup against the same question put to the rows. */
#include "harness/base/hash.h"
#include "harness/base/loglinear.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRANSACTIONS = 30, EXCHANGES = 60, WEEKS = 3, LATENCIES = 2 };

static uint64_t state;
static struct error err;
/* What no row keeps: fields that agree, and the latency buckets, counted here by hand. */
static int64_t agreed[3][9];
static int64_t latency_count[3];

static int64_t below(uint64_t limit)
{
	return (int64_t)(random_next(&state) % limit);
}

static void add_fields(const struct store_record *record)
{
	for (int64_t field = 1; field <= 8; field++) {
		enum verdict verdict = (enum verdict)(below(4) == 0 ? below(VERDICT_COUNT) : VERDICT_AGREE);
		agreed[record->candidate][field] += verdict == VERDICT_AGREE;
		must(store_field_add(test_store, record, field, verdict, SPAN("1"), SPAN("2"), &err), &err);
	}
}

static void finish(int64_t exchange, int64_t candidate, int32_t week, bool test, bool is_pending)
{
	struct store_evaluation evaluation = {.exchange = exchange,
					      .candidate = candidate,
					      .interface_id = 1,
					      .epoch = candidate,
					      .week = week,
					      .test = test,
					      .is_pending = is_pending,
					      .outcome = (enum outcome)below(OUTCOME_COUNT),
					      .verdict = (enum verdict)below(VERDICT_COUNT),
					      .has_reply = below(3) > 0,
					      .contract_drift = below(5) == 0,
					      .latency_us = below(10) - 1,
					      .attempts = (int)below(3),
					      .tokens_input = below(1000),
					      .tokens_cache_read = below(1000),
					      .tokens_cache_write = below(1000),
					      .tokens_output = below(1000),
					      .cost_nano = below(2000),
					      .cost_limit_nano = 1000};
	latency_count[candidate] += evaluation.latency_us >= 0;
	must(store_evaluation_finish(test_store, &evaluation, &err), &err);
	int64_t records = below(3);
	for (int64_t i = 0; i < records; i++) {
		char key[8];
		snprintf(key, sizeof(key), "%d", (int)i);
		struct store_record record = {.exchange = exchange,
					      .candidate = candidate,
					      .epoch = candidate,
					      .week = week,
					      .test = test,
					      .key = span_of(key),
					      .verdict = (enum verdict)below(VERDICT_COUNT),
					      .side = (enum store_side)below(SIDE_COUNT),
					      .pi_ppm = (uint32_t)below(2) * 20000,
					      .sampled = below(2) == 0};
		must(store_record_add(test_store, &record, &err), &err);
		add_fields(&record);
	}
}

static void work_on(int64_t exchange, int64_t candidate, int32_t week, bool test)
{
	bool is_pending = below(2) == 0;
	if (is_pending) {
		must(store_evaluation_add(test_store, exchange, candidate, week, test, &err), &err);
	}
	switch (below(6)) {
	case 0:
		must(store_evaluation_close(test_store, exchange, candidate, week, test, EVALUATION_NOT_EVALUATED,
					    (int)below(NOT_EVALUATED_COUNT), SPAN(""), &err),
		     &err);
		break;
	case 1:
		must(store_evaluation_close(test_store, exchange, candidate, week, test, EVALUATION_DEAD_LETTER, -1,
					    SPAN("why"), &err),
		     &err);
		break;
	case 2:
		break;
	default:
		finish(exchange, candidate, week, test, is_pending);
		break;
	}
}

static void write_transaction(void)
{
	must(store_begin(test_store, &err), &err);
	for (int i = 0; i < EXCHANGES; i++) {
		struct store_exchange exchange = make_exchange((uint64_t)below(5000) + 1, (uint64_t)below(300));
		exchange.week = (int32_t)(202640 + below(WEEKS));
		exchange.test = below(4) == 0;
		exchange.legacy_outcome = (enum legacy_outcome)below(LEGACY_OUTCOME_COUNT);
		exchange.legacy_latency_us = below(1000) - 1;
		int64_t id = 0;
		enum store_delivery delivery = STORE_NEW;
		char stream[8];
		snprintf(stream, sizeof(stream), "tap-%d", (int)below(3));
		must(store_exchange_add(test_store, stream, &exchange, &id, &delivery, &err), &err);
		if (delivery != STORE_DUPLICATE) {
			work_on(id, 1, exchange.week, exchange.test);
			work_on(id, 2, exchange.week, exchange.test);
		}
	}
}

/* A rollup and the question that its rows must answer alike; rows with nothing but zeros are left out. */
static const char *const PAIRS[][2] = {
	{"SELECT sum(stored), sum(revision) FROM delivery_count", "SELECT count(*), count(revision_of) FROM exchange"},
	{"SELECT * FROM rollup_state WHERE count <> 0",
	 "SELECT v.candidate_id, e.week, e.test, v.state, coalesce(v.reason, -1), count(*) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id GROUP BY 1, 2, 3, 4, 5"},
	{"SELECT * FROM rollup_legacy",
	 "SELECT interface_id, week, test, legacy_outcome, count(*) FROM exchange GROUP BY 1, 2, 3, 4"},
	{"SELECT * FROM rollup_transaction",
	 "SELECT v.candidate_id, v.epoch_id, e.week, e.test, count(*), count(v.contract_drift), "
	 "sum(coalesce(v.contract_drift, 0)), sum(v.attempts), sum(v.tokens_input), sum(v.tokens_cache_read), "
	 "sum(v.tokens_cache_write), sum(v.tokens_output), sum(v.cost_nano), max(v.cost_nano) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 1 GROUP BY 1, 2, 3, 4"},
	{"SELECT * FROM rollup_outcome",
	 "SELECT v.candidate_id, v.epoch_id, e.week, e.test, v.outcome, count(*) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 1 GROUP BY 1, 2, 3, 4, 5"},
	{"SELECT * FROM rollup_record",
	 "SELECT r.candidate_id, r.candidate_id, e.week, e.test, r.side, r.pi_ppm, count(*), sum(r.sampled) "
	 "FROM record r JOIN exchange e ON e.id = r.exchange_id GROUP BY 1, 2, 3, 4, 5, 6"},
	{"SELECT * FROM rollup_field WHERE verdict <> 0",
	 "SELECT d.candidate_id, d.candidate_id, e.week, e.test, d.field_id, d.verdict, count(*) "
	 "FROM field_difference d JOIN exchange e ON e.id = d.exchange_id GROUP BY 1, 2, 3, 4, 5, 6"},
	{"SELECT * FROM rollup_cost", /* limit 1000: the step is the cost */
	 "SELECT v.candidate_id, v.epoch_id, e.week, e.test, min(v.cost_nano, 1000), count(*) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 1 GROUP BY 1, 2, 3, 4, 5"},
	{"SELECT * FROM rollup_latency WHERE path = 0", /* below 256 a bucket for each, then as wide as 2 and 4 */
	 "SELECT interface_id, 0, week, test, CASE WHEN legacy_latency_us < 256 THEN legacy_latency_us "
	 "WHEN legacy_latency_us < 512 THEN 128 + legacy_latency_us / 2 ELSE 256 + legacy_latency_us / 4 END, "
	 "count(*) FROM exchange WHERE legacy_latency_us >= 0 GROUP BY 1, 2, 3, 4, 5"},
	{"SELECT * FROM rollup_latency WHERE path > 0",
	 "SELECT 1, v.candidate_id, e.week, e.test, v.latency_us, count(*) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id WHERE v.latency_us >= 0 GROUP BY 1, 2, 3, 4, 5"},
};

static void compare(const char *rollup, const char *rows)
{
	char sql[2000];
	snprintf(sql, sizeof(sql),
		 "SELECT (SELECT count(*) FROM (%s EXCEPT %s)) + (SELECT count(*) FROM (%s EXCEPT %s))", rollup, rows,
		 rows, rollup);
	ck_assert_msg(ask(test_store, sql) == 0, "%s", rollup);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM (%s)", rollup);
	ck_assert_msg(ask(test_store, sql) > 0, "%s is empty", rollup);
}

static void compare_all(void)
{
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(PAIRS[0]); i++) {
		compare(PAIRS[i][0], PAIRS[i][1]);
	}
	for (int64_t candidate = 1; candidate <= LATENCIES; candidate++) {
		for (int64_t field = 1; field <= 8; field++) {
			char sql[160];
			snprintf(sql, sizeof(sql),
				 "SELECT sum(count) FROM rollup_field WHERE verdict = 0 AND candidate_id = %d "
				 "AND field_id = %d",
				 (int)candidate, (int)field);
			ck_assert_int_eq(ask(test_store, sql), agreed[candidate][field]);
		}
	}
	ck_assert_int_eq(ask(test_store, "SELECT sum(count) FROM rollup_latency WHERE path = 1"), latency_count[1]);
}

START_TEST(rollups_equal_the_rows)
{
	state = (uint64_t)_i;
	err = (struct error)ERROR_INIT;
	memset(agreed, 0, sizeof(agreed));
	memset(latency_count, 0, sizeof(latency_count));
	for (int i = 0; i < TRANSACTIONS; i++) {
		write_transaction();
		if (i % 7 == 3) {
			int64_t count = 0;
			must(store_evaluation_retry(test_store, below(3), &count, &err), &err);
		}
		must(store_commit(test_store, &err), &err);
	}
	compare_all();
	int64_t kept_agreed[3][9];
	int64_t kept_latency[3];
	memcpy(kept_agreed, agreed, sizeof(agreed));
	memcpy(kept_latency, latency_count, sizeof(latency_count));
	write_transaction();
	store_rollback(test_store);
	memcpy(agreed, kept_agreed, sizeof(agreed));
	memcpy(latency_count, kept_latency, sizeof(latency_count));
	must(store_begin(test_store, &err), &err);
	must(store_commit(test_store, &err), &err);
	compare_all();
	ck_assert_int_eq(ask(test_store, "SELECT sum(stored) + sum(duplicate) FROM delivery_count"),
			 TRANSACTIONS * EXCHANGES);
}
END_TEST

Suite *rollup_suite(void)
{
	Suite *suite = suite_create("rollup");
	TCase *test = tcase_create("rollups");
	tcase_add_checked_fixture(test, setup_store, teardown_store);
	tcase_set_timeout(test, 60);
	tcase_add_loop_test(test, rollups_equal_the_rows, 1, 4);
	suite_add_tcase(suite, test);
	return suite;
}
