#include "harness/base/clock.h"
#include "harness/paths/call.h"
#include "tests/paths/server.h"
#include "tests/paths/suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 400, PATIENCE_US = 15000000, ESTIMATE = 1000 };

static struct server *server;
static struct contract contract;
static struct contract_candidate candidate;

static void setup(void)
{
	server = server_start();
	contract = (struct contract){.interface = "i"};
	candidate = (struct contract_candidate){
		.name = "c",
		.provider = "openai",
		.endpoint = server_endpoint(server),
		.key = "test-secret-key",
		.model = "m",
		.prompt = SPAN("p"),
		.timeout_ms = TIMEOUT_MS,
		.retries = 2,
		.concurrency = 8,
		/* one nano-unit for a token of input, half for a cached one, two for one of output */
		.price = {.input = 1000000, .cache_read = 500000, .output = 2000000},
	};
}

static void teardown(void)
{
	server_stop(server);
}

static struct calls *create(void)
{
	struct error err = ERROR_INIT;
	struct calls *calls = calls_create(&contract, &candidate, &err);
	ck_assert_msg(calls != NULL, "%s", err.message);
	return calls;
}

static void start(struct calls *calls, int64_t exchange, const char *prompt)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(calls_start(calls, exchange, span_of(prompt), ESTIMATE, &err), "%s", err.message);
}

/* Performs and waits until `count` calls have finished. */
static void run_until(struct calls *calls, size_t count)
{
	struct error err = ERROR_INIT;
	int64_t end = clock_monotonic() + PATIENCE_US;
	while (calls_finished(calls) < count) {
		ck_assert_msg(calls_perform(calls, &err), "%s", err.message);
		ck_assert_msg(calls_wait(&calls, 1, 1000, &err), "%s", err.message);
		ck_assert_msg(clock_monotonic() < end, "the calls do not end");
	}
}

/* A cost of `ok`: 6 input, 4 cached at half, 5 of output at two: 18. */
enum { OK_COST = 18 };

static const struct {
	const char *script;
	enum outcome outcome;
	int attempts;
	int64_t cost;
	bool known;
	const char *detail; /* contained in it */
	int least_ms;
	int most_ms;
} rows[] = {
	{"ok", OUTCOME_OK, 1, OK_COST, true, "", 0, 300},
	{"nousage", OUTCOME_OK, 1, ESTIMATE, false, "", 0, 300},
	{"500 ok", OUTCOME_OK, 2, OK_COST, true, "", 0, 700},
	{"500 503 ok", OUTCOME_OK, 3, OK_COST, true, "", 0, 1200},
	{"500 500 500 500", OUTCOME_PROVIDER_ERROR, 3, 0, true, "HTTP 500: t: said 500", 0, 1200},
	{"400 400 400 400", OUTCOME_PROVIDER_ERROR, 1, 0, true, "HTTP 400: t: said 400", 0, 300},
	{"401", OUTCOME_PROVIDER_ERROR, 1, 0, true, "HTTP 401", 0, 300},
	{"408 ok", OUTCOME_OK, 2, OK_COST, true, "", 0, 700},
	{"409 ok", OUTCOME_OK, 2, OK_COST, true, "", 0, 700},
	{"after ok", OUTCOME_OK, 2, OK_COST, true, "", 400, 900},
	{"after after after ok", OUTCOME_RATE_LIMITED, 3, 0, true, "HTTP 429", 800, 1500},
	{"quota ok", OUTCOME_RATE_LIMITED, 1, 0, true, "insufficient_quota", 0, 300},
	{"hang", OUTCOME_TIMEOUT, 3, 3 * ESTIMATE, false, "within 400 ms", 1150, 2500},
	{"hang ok", OUTCOME_OK, 2, ESTIMATE + OK_COST, false, "", 380, 1200},
	{"drip ok", OUTCOME_OK, 2, ESTIMATE + OK_COST, false, "", 380, 1200},
	{"cut ok", OUTCOME_OK, 2, ESTIMATE + OK_COST, false, "", 0, 700},
	{"close close close", OUTCOME_TRANSPORT, 3, 3 * ESTIMATE, false, "", 0, 1200},
	{"garbage", OUTCOME_TRANSPORT, 3, 3 * ESTIMATE, false, "", 0, 1200},
	{"html", OUTCOME_PROVIDER_ERROR, 1, ESTIMATE, false, "unreadable reply", 0, 300},
	{"huge", OUTCOME_PROVIDER_ERROR, 1, ESTIMATE, false, "16 MiB", 0, 400},
	{"redirect", OUTCOME_PROVIDER_ERROR, 1, 0, true, "HTTP 302", 0, 300},
};

START_TEST(test_script)
{
	struct calls *calls = create();
	struct call_result result;
	start(calls, 77, rows[_i].script);
	ck_assert_uint_eq(calls_open(calls), 1);
	run_until(calls, 1);
	ck_assert_uint_eq(calls_open(calls), 0);
	ck_assert(calls_next(calls, &result));
	ck_assert_str_eq(outcome_name((int)result.outcome), outcome_name((int)rows[_i].outcome));
	ck_assert_int_eq(result.exchange, 77);
	ck_assert_int_eq(result.estimate, ESTIMATE);
	ck_assert_int_eq(result.attempts, rows[_i].attempts);
	ck_assert_int_eq(server_requests(server), rows[_i].attempts);
	ck_assert_int_eq(result.cost_nano, rows[_i].cost);
	ck_assert(result.usage.known == rows[_i].known);
	ck_assert_msg(memmem(result.detail.data, result.detail.length, rows[_i].detail, strlen(rows[_i].detail)) !=
			      NULL,
		      "%.*s", SPAN_ARGUMENTS(result.detail));
	ck_assert((result.detail.length == 0) == (result.outcome == OUTCOME_OK));
	ck_assert_int_ge(result.latency_us, rows[_i].least_ms * INT64_C(1000));
	ck_assert_int_le(result.latency_us, rows[_i].most_ms * INT64_C(1000));
	if (result.outcome == OUTCOME_OK) {
		ck_assert(span_is(result.text, "{\"n\":1}"));
		ck_assert(span_is(result.model, "served"));
	}
	ck_assert(!calls_next(calls, &result));
	calls_destroy(calls);
}
END_TEST

START_TEST(test_usage_sums_up)
{
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "ok");
	run_until(calls, 1);
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq(result.usage.input, 6);
	ck_assert_int_eq(result.usage.cache_read, 4);
	ck_assert_int_eq(result.usage.output, 5);
	calls_destroy(calls);
}
END_TEST

/* The provider's words are left out where they repeat the key or the prompt. */
START_TEST(test_no_secrets)
{
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "echo Mrs Example of 12 Example Street");
	run_until(calls, 1);
	ck_assert(calls_next(calls, &result));
	ck_assert_msg(span_is(result.detail, "HTTP 400: bad"), "%.*s", SPAN_ARGUMENTS(result.detail));
	calls_destroy(calls);
}
END_TEST

START_TEST(test_refused_connection)
{
	candidate.endpoint = "http://127.0.0.1:1/v1";
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "ok");
	run_until(calls, 1);
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq((int)result.outcome, OUTCOME_TRANSPORT);
	ck_assert_int_eq(result.attempts, 3);
	ck_assert_int_eq(result.cost_nano, 0); /* nothing was sent */
	calls_destroy(calls);
}
END_TEST

START_TEST(test_no_other_protocols)
{
	candidate.endpoint = "file:///etc";
	candidate.retries = 0;
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "ok");
	run_until(calls, 1);
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq((int)result.outcome, OUTCOME_TRANSPORT);
	calls_destroy(calls);
}
END_TEST

START_TEST(test_no_proxy_from_environment)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "ok");
	run_until(calls, 1);
	unsetenv("http_proxy");
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq((int)result.outcome, OUTCOME_OK);
	calls_destroy(calls);
}
END_TEST

/* An attempt that hung is billed at the estimate; two of them pass the limit. */
START_TEST(test_limit_stops_retries)
{
	contract.limit_cost_per_transaction_nano = 2 * ESTIMATE + _i;
	candidate.retries = 5;
	struct calls *calls = create();
	struct call_result result;
	start(calls, 1, "cut");
	run_until(calls, 1);
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq(result.attempts, 2);
	ck_assert_int_eq(result.cost_nano, 2 * ESTIMATE);
	calls_destroy(calls);
}
END_TEST

START_TEST(test_many)
{
	enum { TOTAL = 400 };
	bool seen[TOTAL] = {false};
	struct calls *calls = create();
	struct error err = ERROR_INIT;
	int started = 0;
	int taken = 0;
	int64_t end = clock_monotonic() + PATIENCE_US;
	while (taken < TOTAL) {
		while (started < TOTAL && calls_has_room(calls)) {
			start(calls, started++, "ok");
		}
		ck_assert(calls_open(calls) <= 8);
		ck_assert(calls_perform(calls, &err));
		struct call_result result;
		while (calls_next(calls, &result)) {
			ck_assert_int_eq((int)result.outcome, OUTCOME_OK);
			ck_assert(!seen[result.exchange]);
			seen[result.exchange] = true;
			taken++;
		}
		ck_assert(calls_open(calls) == 0 || calls_wait(&calls, 1, 1000, &err));
		ck_assert(clock_monotonic() < end);
	}
	ck_assert_int_eq(server_requests(server), TOTAL);
	ck_assert_int_le(server_connections(server), 16); /* kept alive */
	calls_destroy(calls);
}
END_TEST

/* One hangs, the other is answered: the wait over both ends with the answer, not with its own timeout. */
START_TEST(test_wait_over_several)
{
	candidate.timeout_ms = 5000;
	struct calls *all[2] = {create(), create()};
	struct error err = ERROR_INIT;
	struct call_result result;
	int64_t begin = clock_monotonic();
	start(all[_i], 1, "hang");
	start(all[1 - _i], 2, "ok");
	int rounds = 0;
	while (calls_finished(all[1 - _i]) == 0) {
		ck_assert(calls_perform(all[0], &err) && calls_perform(all[1], &err));
		ck_assert(calls_wait(all, 2, 3000, &err));
		ck_assert_int_lt(++rounds, 100); /* no busy loop */
	}
	ck_assert_int_lt(clock_monotonic() - begin, 1000000);
	/* a finished call is reason enough not to wait */
	ck_assert(calls_wait(all, 2, 3000, &err));
	ck_assert_int_lt(clock_monotonic() - begin, 1500000);
	ck_assert(calls_next(all[1 - _i], &result));
	rounds = 0;
	begin = clock_monotonic();
	while (clock_monotonic() - begin < 300000) {
		ck_assert(calls_perform(all[0], &err) && calls_perform(all[1], &err));
		ck_assert(calls_wait(all, 2, 100, &err));
		ck_assert_int_lt(++rounds, 30);
	}
	calls_destroy(all[0]); /* one of them with its call still open */
	calls_destroy(all[1]);
}
END_TEST

START_TEST(test_room_and_destroy)
{
	candidate.concurrency = 2;
	struct calls *calls = create();
	struct call_result result;
	struct error err = ERROR_INIT;
	start(calls, 1, "ok");
	start(calls, 2, "hang");
	ck_assert(!calls_has_room(calls));
	run_until(calls, 1);
	ck_assert(!calls_has_room(calls)); /* not taken yet */
	ck_assert(calls_next(calls, &result));
	ck_assert_int_eq(result.exchange, 1);
	ck_assert(!calls_has_room(calls)); /* in the caller's hands */
	ck_assert(!calls_next(calls, &result));
	ck_assert(calls_has_room(calls));
	start(calls, 3, "500");
	for (int i = 0; i < 5; i++) {
		ck_assert(calls_perform(calls, &err));
		ck_assert(calls_wait(&calls, 1, 20, &err));
	}
	calls_destroy(calls); /* one running, one perhaps waiting for its retry */
	calls_destroy(NULL);
}
END_TEST

START_TEST(test_create_fails)
{
	struct error err = ERROR_INIT;
	candidate.provider = "recorded";
	ck_assert_ptr_null(calls_create(&contract, &candidate, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	candidate.provider = "nobody";
	ck_assert_ptr_null(calls_create(&contract, &candidate, NULL));
}
END_TEST

Suite *call_suite(void)
{
	Suite *suite = suite_create("call");
	TCase *tcase = tcase_create("call");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_script, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tcase, test_usage_sums_up);
	tcase_add_test(tcase, test_no_secrets);
	tcase_add_test(tcase, test_refused_connection);
	tcase_add_test(tcase, test_no_other_protocols);
	tcase_add_test(tcase, test_no_proxy_from_environment);
	tcase_add_loop_test(tcase, test_limit_stops_retries, 0, 2);
	tcase_add_test(tcase, test_many);
	tcase_add_loop_test(tcase, test_wait_over_several, 0, 2);
	tcase_add_test(tcase, test_room_and_destroy);
	tcase_add_test(tcase, test_create_fails);
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	return suite;
}
