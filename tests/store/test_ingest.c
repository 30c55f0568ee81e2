#include "harness/base/hash.h"
#include "harness/store/dictionary.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(new_duplicate_and_revision)
{
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
	int64_t first = add_exchange(1, 100, STORE_NEW);
	ck_assert_int_eq(add_exchange(1, 100, STORE_DUPLICATE), first);
	int64_t second = add_exchange(2, 100, STORE_REVISION);
	int64_t third = add_exchange(3, 100, STORE_REVISION);
	ck_assert_int_eq(add_exchange(1, 100, STORE_DUPLICATE), first); /* the first content again */
	add_exchange(4, 0, STORE_NEW);
	add_exchange(5, 0, STORE_NEW); /* without identity nothing is a revision */
	/* Identities that share the indexed bytes are different all the same. */
	add_exchange(6, UINT64_C(0x0100000000000064), STORE_NEW);
	must(store_commit(test_store, &err), &err);
	ck_assert_int_eq(ask(test_store, "SELECT revision_of FROM exchange WHERE id = 2"), first);
	ck_assert_int_eq(ask(test_store, "SELECT revision_of FROM exchange WHERE id = 3"), second);
	ck_assert_int_eq(third, 3);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM exchange WHERE revision_of IS NULL"), 4);
	struct store_ledger ledger;
	must(store_ledger_get(test_store, 1, &ledger, &err), &err);
	ck_assert_uint_eq(ledger.stored, 6);
	ck_assert_uint_eq(ledger.stored_without, 6); /* no account was written yet */
	ck_assert_uint_eq(ledger.duplicate_without, 2);
	ck_assert(!ledger.has_tap);
	ck_assert_uint_eq(ledger.duplicate, 2);
	ck_assert_uint_eq(ledger.revision, 2);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM payload"), 6);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_exchange WHERE interface = 'orders'"), 6);
}
END_TEST

START_TEST(row_comes_back)
{
	struct error err = ERROR_INIT;
	struct store_exchange exchange = make_exchange(9, 8);
	exchange.test = true;
	exchange.legacy_outcome = LEGACY_PARKED;
	exchange.legacy_latency_us = -1;
	exchange.event_time = -5;
	int64_t id = 0;
	int64_t found = 0;
	enum store_delivery delivery;
	must(store_begin(test_store, &err), &err);
	must(store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err), &err);
	must(store_commit(test_store, &err), &err);
	struct store_exchange read;
	must(store_exchange_get(test_store, id, &read, &err), &err);
	ck_assert_mem_eq(read.exchange_id, exchange.exchange_id, 16);
	ck_assert_mem_eq(read.identity, exchange.identity, 16);
	ck_assert(read.has_identity && read.test);
	ck_assert_int_eq(read.interface_id, 1);
	ck_assert_int_eq(read.event_time, -5);
	ck_assert_int_eq(read.captured_at, 2000);
	ck_assert_int_eq(read.week, 202647);
	ck_assert_int_eq((int)read.legacy_outcome, LEGACY_PARKED);
	ck_assert_int_eq(read.legacy_status, 200);
	ck_assert_int_eq(read.legacy_latency_us, -1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_latency"), 0); /* unknown: no bucket */
	struct span hash = {(const char *)exchange.exchange_id, 16};
	must(store_exchange_find(test_store, hash, &found, &err), &err);
	ck_assert_int_eq(found, id);
	ck_assert(!store_exchange_find(test_store, SPAN("0123456789abcdef"), &found, &err));
	ck_assert_int_eq((int)err.code, ERROR_MISSING);
	err = (struct error)ERROR_INIT;
	ck_assert(!store_exchange_get(test_store, 77, &read, &err));
	ck_assert_int_eq((int)err.code, ERROR_MISSING);
}
END_TEST

static void check_payload(struct span request, struct span reply, int64_t number)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(8 << 20);
	struct store_exchange exchange = make_exchange((uint64_t)number, 0);
	exchange.request = request;
	exchange.reply = reply;
	int64_t id = 0;
	enum store_delivery delivery;
	must(store_begin(test_store, &err), &err);
	must(store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err), &err);
	must(store_commit(test_store, &err), &err);
	struct span got_request;
	struct span got_reply;
	must(store_payload(test_store, id, &arena, &got_request, &got_reply, &err), &err);
	ck_assert(span_equal(got_request, request));
	ck_assert(span_equal(got_reply, reply));
}

START_TEST(payloads_come_back)
{
	enum { LARGE = 3 << 20 };
	char *random = malloc(LARGE);
	char *zeros = calloc(1, LARGE);
	uint64_t state = 7;
	for (size_t i = 0; i < LARGE; i++) {
		random[i] = (char)random_next(&state);
	}
	const struct span cases[] = {{"", 0},         SPAN("{}"),     SPAN("a\0b"), {random, 1},
				     {random, LARGE}, {zeros, LARGE}, {zeros, 1000}};
	int64_t number = 1;
	for (size_t i = 0; i < 7; i++) {
		check_payload(cases[i], cases[(i + 2) % 7], number++);
		check_payload(cases[i], (struct span){"", 0}, number++);
	}
	ck_assert_int_eq(ask(test_store, "SELECT encoding FROM payload WHERE request_size = 1 AND reply_size = 0"), 0);
	ck_assert_int_eq(
		ask(test_store, "SELECT count(*) FROM payload WHERE encoding = 1 AND length(body) < request_size"), 4);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM payload WHERE length(body) > request_size + reply_size"),
			 0);
	free(random);
	free(zeros);
}
END_TEST

START_TEST(damaged_payloads_are_told)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct span request;
	struct span reply;
	must(store_begin(test_store, &err), &err);
	add_exchange(1, 1, STORE_NEW);
	must(store_commit(test_store, &err), &err);
	static const char *const damages[] = {
		"UPDATE payload SET encoding = 1",
		"UPDATE payload SET encoding = 9",
		"UPDATE payload SET encoding = 0, request_size = 50",
		"UPDATE payload SET request_size = -1",
		"UPDATE payload SET request_size = 9223372036854775807, reply_size = 9",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		run(test_store, damages[i]);
		ck_assert(!store_payload(test_store, 1, &arena, &request, &reply, &err));
		ck_assert_int_eq((int)err.code, ERROR_FORMAT);
		err = (struct error)ERROR_INIT;
	}
	run(test_store, "DELETE FROM payload");
	ck_assert(!store_payload(test_store, 1, &arena, &request, &reply, &err));
	ck_assert_int_eq((int)err.code, ERROR_MISSING);
}
END_TEST

struct shape_case {
	const char *json;
	const char *shape;
};

static const struct shape_case SHAPES[] = {
	{"{\"name\":\"Ann\",\"age\":41,\"tags\":[\"x\",true,null]}", "{\"name\":\"\",\"age\":,\"tags\":[\"\",,]}"},
	{" [ { \"a\" : 1 } ] ", "[{\"\":}]"}, /* a name that stands apart from its colon is taken for a value */
	{"{\"C100001\":1,\"ann@example.com\":2,\"line12\":3}", "{\"\":,\"\":,\"line12\":}"},
	{"{\"a\":\"x\\\":{\\\\\"}", "{\"a\":\"\"}"},
	{"{\"a\":\"never closed", "{\"a\":\"\""},
	{"{\"", "{\"\""},
	{"{\"a\\", "{\"\""},
	{"UNB+UNOC:3+{\"a\":1}", ""},
	{"\"text\"", ""},
	{"", ""},
};

START_TEST(shapes_hold_no_values)
{
	CLEANUP_BUFFER struct buffer shape = BUFFER_INIT(1 << 16);
	dictionary_write_shape(span_of(SHAPES[_i].json), &shape);
	ck_assert_msg(span_is(buffer_span(&shape), SHAPES[_i].shape), "%.*s", SPAN_ARGUMENTS(buffer_span(&shape)));
}
END_TEST

START_TEST(shapes_have_a_limit)
{
	enum { LARGE = 1 << 20 };
	char *brackets = malloc(LARGE);
	memset(brackets, '[', LARGE);
	CLEANUP_BUFFER struct buffer shape = BUFFER_INIT(1 << 16);
	dictionary_write_shape((struct span){brackets, LARGE}, &shape);
	ck_assert_uint_le(shape.length, 16 * 1024);
	ck_assert_uint_gt(shape.length, 0);
	free(brackets);
}
END_TEST

#define ORDER "{\"order_number\":\"%d\",\"delivery_address\":\"secret-%d\",\"quantity\":%d}"

static struct store_exchange make_order(int number, char *text, size_t size)
{
	struct store_exchange exchange = make_exchange((uint64_t)number, 0);
	int length = snprintf(text, size, ORDER, number, number * 7, number * 3);
	exchange.request = (struct span){text, (size_t)length};
	return exchange;
}

static void add_order(int number)
{
	struct error err = ERROR_INIT;
	char text[200];
	struct store_exchange exchange = make_order(number, text, sizeof(text));
	int64_t id = 0;
	enum store_delivery delivery;
	must(store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err), &err);
}

/* The dictionary lives and dies with the transaction that made it, and other processes find it. */
START_TEST(dictionaries_follow_their_rows)
{
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
	add_order(1);
	store_rollback(test_store);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM dictionary"), 0);
	for (int number = 1; number <= 10; number++) {
		must(store_begin(test_store, &err), &err);
		add_order(number);
		must(store_commit(test_store, &err), &err);
		if (number == 5) {
			store_close(test_store);
			test_store = open_or_fail(STORE_READ_WRITE);
		}
	}
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM dictionary WHERE interface_id = 1"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM dictionary WHERE instr(content, 'secret') > 0"), 0);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM dictionary WHERE instr(content, 'quantity') > 0"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM payload WHERE encoding = 2"), 10);
	struct store *reader = open_or_fail(STORE_READ_ONLY);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	for (int number = 1; number <= 10; number++) {
		char text[200];
		struct store_exchange exchange = make_order(number, text, sizeof(text));
		struct span request;
		struct span reply;
		must(store_payload(reader, number, &arena, &request, &reply, &err), &err);
		ck_assert(span_equal(request, exchange.request));
		ck_assert(span_equal(reply, exchange.reply));
	}
	store_close(reader);
}
END_TEST

START_TEST(positions_and_accounts)
{
	struct error err = ERROR_INIT;
	struct store_position position = {1, 2, 3};
	must(store_position_get(test_store, "tap-1", &position, &err), &err);
	ck_assert_uint_eq(position.segment + position.offset + position.sequence, 0);
	must(store_begin(test_store, &err), &err);
	position = (struct store_position){1000, 77, INT64_MAX};
	must(store_position_set(test_store, "tap-1", &position, &err), &err);
	struct store_account one = {.at = 50, .seen = 10, .committed = 7, .in_flight = 1, .dropped = {0, 2}};
	struct store_account two = {.at = 40, .seen = 5, .committed = 4, .dropped = {1}};
	must(store_account_set(test_store, "tap-1", 1, &two, &err), &err);
	must(store_account_set(test_store, "tap-1", 1, &one, &err), &err); /* replaces */
	must(store_account_set(test_store, "tap-2", 1, &two, &err), &err);
	struct store_account other_ring = {.origin = INT64_MAX, .at = 60, .seen = 100, .committed = 100};
	must(store_account_set(test_store, "tap-1", 1, &other_ring, &err), &err);
	must(store_commit(test_store, &err), &err);
	struct store_position read;
	must(store_position_get(test_store, "tap-1", &read, &err), &err);
	ck_assert_uint_eq(read.segment, 1000);
	ck_assert_uint_eq(read.offset, 77);
	ck_assert_uint_eq(read.sequence, INT64_MAX);
	struct store_ledger ledger;
	must(store_ledger_get(test_store, 1, &ledger, &err), &err);
	ck_assert(ledger.has_tap && !ledger.unknown_reason);
	ck_assert_int_eq(ledger.tap.at, 40);
	ck_assert_int_eq(ledger.newest_at, 60);
	ck_assert_uint_eq(ledger.tap.seen, 115);
	ck_assert_uint_eq(ledger.tap.committed, 111);
	ck_assert_uint_eq(ledger.tap.in_flight, 1);
	ck_assert_uint_eq(ledger.tap.dropped[DROP_RING_FULL], 1);
	ck_assert_uint_eq(ledger.tap.dropped[DROP_TOO_LARGE], 2);
	ck_assert_uint_eq(ledger.tap.dropped[DROP_TAP_KILLED], 0);
	must(store_ledger_get(test_store, 99, &ledger, &err), &err);
	ck_assert_uint_eq(ledger.tap.seen + ledger.stored, 0);
	position.offset = UINT64_MAX;
	ck_assert(!store_position_set(test_store, "tap-1", &position, &err));
	ck_assert_int_eq((int)err.code, ERROR_FORMAT);
}
END_TEST

Suite *ingest_suite(void)
{
	Suite *suite = suite_create("ingest");
	TCase *test = tcase_create("exchanges");
	tcase_add_checked_fixture(test, setup_store, teardown_store);
	tcase_add_test(test, new_duplicate_and_revision);
	tcase_add_test(test, row_comes_back);
	tcase_add_test(test, payloads_come_back);
	tcase_add_test(test, damaged_payloads_are_told);
	tcase_add_loop_test(test, shapes_hold_no_values, 0, sizeof(SHAPES) / sizeof(SHAPES[0]));
	tcase_add_test(test, shapes_have_a_limit);
	tcase_add_test(test, dictionaries_follow_their_rows);
	tcase_add_test(test, positions_and_accounts);
	suite_add_tcase(suite, test);
	return suite;
}
