/* From a recorded exchange to the spool: what is taken, what is left out and why, and the pauses between. */
#include "harness/pipeline/replay.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 1 << 24 };

static struct contract *contract;
static char directory[] = "/tmp/understudy-replay-XXXXXX";

static void setup(void)
{
	struct error err = ERROR_INIT;
	contract = contract_load("tests/pipeline/data/contract.yaml", &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	contract->tap.match_method = "POST";
	contract->tap.match_path = "/orders";
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
	char command[128];
	contract_destroy(contract);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

struct append_case {
	const char *method;
	const char *target;
	int fault;
	bool has_reply;
	bool whole_traffic;
	int skip; /* what comes of it */
};

static const struct append_case CASES[] = {
	{"POST", "/orders", -1, true, true, -1},
	{"POST", "/orders?x=1", -1, true, true, -1},
	{"POST", "http://host/orders?x=1", -1, true, true, -1},
	{"GET", "/orders", -1, true, true, REPLAY_SKIP_OUTSIDE_MATCH},
	{"POST", "/orders/1", -1, true, true, REPLAY_SKIP_OUTSIDE_MATCH},
	{"POST", "/orders", -1, false, true, REPLAY_SKIP_NO_REPLY},
	{"POST", "/orders", REPLAY_SKIP_CUT, true, true, REPLAY_SKIP_CUT},
	{"POST", "/orders", REPLAY_SKIP_CUT, false, true, REPLAY_SKIP_CUT},
	{"POST", "/other", REPLAY_SKIP_CUT, false, true, REPLAY_SKIP_OUTSIDE_MATCH},
	{"", "", REPLAY_SKIP_MALFORMED, false, true, REPLAY_SKIP_MALFORMED},
	{"", "", -1, false, false, -1}, /* lines made for this program: meant, and taken as failed */
};

START_TEST(every_exchange_is_taken_or_counted)
{
	const struct append_case *c = &CASES[_i];
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct error err = ERROR_INIT;
	struct spool_options options = {0};
	struct spool_writer *writer = spool_writer_open(directory, "replay", &options, &err);
	ck_assert_msg(writer != NULL, "%s", err.message);
	struct replay_target target = {.contract = contract, .writer = writer, .whole_traffic = c->whole_traffic};
	struct recorded recorded = RECORDED_INIT;
	recorded.method = span_of(c->method);
	recorded.target = span_of(c->target);
	recorded.skip = c->fault;
	recorded.has_reply = c->has_reply;
	recorded.request_body = SPAN("{\"id\":1}");
	recorded.reply_body = c->has_reply ? SPAN("{}") : SPAN("");
	struct replay_counts counts = {0};
	int skip = 99;
	ck_assert(replay_append(&target, &recorded, &arena, &counts, &skip, &err));
	ck_assert_int_eq(skip, c->skip);
	ck_assert_int_eq(counts.records, 1);
	ck_assert_int_eq(counts.replayed, c->skip < 0);
	ck_assert_int_eq(counts.without_legacy, c->skip < 0 && !c->has_reply);
	ck_assert_uint_eq(spool_writer_last_sequence(writer), c->skip < 0);
	if (c->skip >= 0) {
		ck_assert_int_eq(counts.skipped[c->skip], 1);
	}
	spool_writer_close(writer);
}
END_TEST

/* A line may say whose it is, what came of it, and by which key it is joined. */
START_TEST(what_a_line_says_is_kept)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct error err = ERROR_INIT;
	struct spool_options options = {0};
	struct spool_writer *writer = spool_writer_open(directory, "replay", &options, &err);
	ck_assert_msg(writer != NULL, "%s", err.message);
	struct replay_target target = {.contract = contract, .writer = writer};
	struct recorded recorded = RECORDED_INIT;
	struct replay_counts counts = {0};
	int skip = 99;
	recorded.request_body = SPAN("{\"id\":1}");
	recorded.legacy_status = 503; /* of a reply without a body */
	recorded.correlation_key = SPAN("key");
	recorded.idempotency_key = SPAN("mark");
	recorded.interface = SPAN("invoices");
	ck_assert(replay_append(&target, &recorded, &arena, &counts, &skip, &err));
	ck_assert_int_eq(skip, REPLAY_SKIP_OUTSIDE_MATCH);
	recorded.interface = SPAN("orders");
	ck_assert(replay_append(&target, &recorded, &arena, &counts, &skip, &err));
	ck_assert_int_eq(skip, -1);
	ck_assert_int_eq(counts.without_legacy, 0);
	spool_writer_close(writer);
	struct spool_position start = {0};
	struct spool_reader *reader = spool_reader_open(directory, "replay", &start, &err);
	struct spool_record record;
	ck_assert(reader != NULL && spool_reader_next(reader, &record, &err) == SPOOL_READ);
	ck_assert(span_is(record.exchange.correlation_key, "key") && span_is(record.exchange.idempotency_key, "mark"));
	ck_assert_int_eq(record.exchange.legacy_status, 503);
	ck_assert_int_eq(record.exchange.legacy_outcome, -1);
	spool_reader_close(reader);
}
END_TEST

START_TEST(pauses_follow_the_recording)
{
	struct replay_pace pace = {.speed = 10, .new_file = true};
	const int64_t start = INT64_C(1760000000000000);
	const int64_t now = INT64_C(5000000);
	ck_assert_int_eq(replay_pace_wait(&pace, RECORDED_NO_TIME, now), 0);
	ck_assert_int_eq(replay_pace_wait(&pace, start, now), 0);
	ck_assert_int_eq(replay_pace_wait(&pace, start + 1000000, now), 100000);
	ck_assert_int_eq(replay_pace_wait(&pace, RECORDED_NO_TIME, now), 0);
	ck_assert_int_eq(replay_pace_wait(&pace, start + 500000, now), 0);  /* out of order */
	ck_assert_int_eq(replay_pace_wait(&pace, start + 1000000, now), 0); /* at once */
	ck_assert_int_eq(replay_pace_wait(&pace, start + 2000000, now + 30000), 170000);
	ck_assert_int_eq(replay_pace_wait(&pace, start + 3000000, now + 900000), 0); /* late: no pause, nothing lost */
	pace.new_file = true; /* goes on where the last one ended */
	ck_assert_int_eq(replay_pace_wait(&pace, start + 20000000, now + 1000000), 1000000);
	pace.new_file = true; /* lies before it: begins anew */
	ck_assert_int_eq(replay_pace_wait(&pace, start - 7000000, now + 2000000), 0);
	ck_assert_int_eq(replay_pace_wait(&pace, start - 6000000, now + 2000000), 100000);
}
END_TEST

START_TEST(other_paces)
{
	struct replay_pace none = {.new_file = true};
	struct replay_pace half = {.speed = 0.5, .new_file = true};
	ck_assert_int_eq(replay_pace_wait(&none, 1, 0), 0);
	ck_assert_int_eq(replay_pace_wait(&none, CLOCK_DAY, 0), 0);
	ck_assert_int_eq(replay_pace_wait(&half, 1, 0), 0);
	ck_assert_int_eq(replay_pace_wait(&half, 1000001, 0), 2000000);
	half.speed = 1e-6;
	ck_assert_int_gt(replay_pace_wait(&half, INT64_MAX, 0), CLOCK_DAY);
}
END_TEST

Suite *replay_suite(void)
{
	Suite *suite = suite_create("replay");
	TCase *tests = tcase_create("append");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, every_exchange_is_taken_or_counted, 0, sizeof(CASES) / sizeof(CASES[0]));
	tcase_add_test(tests, what_a_line_says_is_kept);
	suite_add_tcase(suite, tests);
	tests = tcase_create("pace");
	tcase_add_test(tests, pauses_follow_the_recording);
	tcase_add_test(tests, other_paces);
	suite_add_tcase(suite, tests);
	return suite;
}
