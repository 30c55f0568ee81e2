#include "tests/spool/suites.h"

#include "harness/base/hash.h"

#include <stdlib.h>

/* Written by hand from docs/spool.md; only the CRC is filled in, by CRC32C itself. Version 1, which is still read: */
static const unsigned char FIRST_BY_HAND[] = {
	104,  0,    0,    0,                            /* length */
	0,    0,    0,    0,                            /* CRC */
	1,    0,    0,    0,                            /* exchange of version 1, no flags */
	0,    0,    0,    0,                            /* reserved */
	0x2a, 0x01, 0,    0,    0,    0,    0,    0,    /* sequence 298 */
	0x40, 0x42, 0x0f, 0,    0,    0,    0,    0,    /* captured at 1,000,000 */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* latency -1 */
	0xc8, 0,    0,    0,                            /* status 200 */
	0xff, 0xff, 0xff, 0xff,                         /* outcome -1 */
	1,    0,    0,    0,                            /* lengths: interface */
	4,    0,    0,    0,                            /* method */
	2,    0,    0,    0,                            /* target */
	0,    0,    0,    0,                            /* request head */
	3,    0,    0,    0,                            /* request body */
	5,    0,    0,    0,                            /* reply head */
	2,    0,    0,    0,                            /* reply body */
	1,    0,    0,    0,                            /* candidate reply */
	'i',  'P',  'O',  'S',  'T',  '/',  'r',  'a',  'b', 'c', 'A', ':',
	'1',  '\r', '\n', 'x',  'y',  'z',  0,    0,    0,   0,   0,   0,
};

/* The same in the version that is written, with the answer's time and the two keys. */
static const unsigned char BY_HAND[] = {
	120,  0,    0,    0,                            /* length */
	0,    0,    0,    0,                            /* CRC */
	3,    0,    0,    0,                            /* exchange, no flags */
	0,    0,    0,    0,                            /* reserved */
	0x2a, 0x01, 0,    0,    0,    0,    0,    0,    /* sequence 298 */
	0x40, 0x42, 0x0f, 0,    0,    0,    0,    0,    /* captured at 1,000,000 */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* latency -1 */
	0xc8, 0,    0,    0,                            /* status 200 */
	0xff, 0xff, 0xff, 0xff,                         /* outcome -1 */
	0x80, 0x84, 0x1e, 0,    0,    0,    0,    0,    /* answered at 2,000,000 */
	1,    0,    0,    0,                            /* lengths: interface */
	4,    0,    0,    0,                            /* method */
	2,    0,    0,    0,                            /* target */
	0,    0,    0,    0,                            /* request head */
	3,    0,    0,    0,                            /* request body */
	5,    0,    0,    0,                            /* reply head */
	2,    0,    0,    0,                            /* reply body */
	1,    0,    0,    0,                            /* candidate reply */
	2,    0,    0,    0,                            /* correlation key */
	1,    0,    0,    0,                            /* idempotency key */
	'i',  'P',  'O',  'S',  'T',  '/',  'r',  'a',  'b', 'c', 'A', ':',
	'1',  '\r', '\n', 'x',  'y',  'z',  'k',  '1',  'd', 0,   0,   0,
};

static const struct spool_exchange AS_STRUCT = {
	.sequence = 298,
	.interface = {"i", 1},
	.captured_at = 1000000,
	.answered_at = 2000000,
	.legacy_latency_us = -1,
	.legacy_status = 200,
	.legacy_outcome = -1,
	.method = {"POST", 4},
	.target = {"/r", 2},
	.request_body = {"abc", 3},
	.reply_head = {"A:1\r\n", 5},
	.reply_body = {"xy", 2},
	.candidate_reply = {"z", 1},
	.correlation_key = {"k1", 2},
	.idempotency_key = {"d", 1},
};

static void fill_crc(unsigned char *frame, size_t length)
{
	uint32_t crc = hash_crc32c(0, frame + 8, length - 8);
	for (int i = 0; i < 4; i++) {
		frame[4 + i] = (unsigned char)(crc >> (8 * i));
	}
}

static struct spool_record decode_ok(const void *frame, size_t length)
{
	struct spool_record record;
	size_t size;
	ck_assert_int_eq(spool_decode((struct span){frame, length}, &record, &size), SPOOL_DECODED);
	ck_assert_uint_eq(size, length);
	return record;
}

static void check_common(const struct spool_exchange *exchange)
{
	ck_assert_uint_eq(exchange->sequence, 298);
	ck_assert_int_eq(exchange->captured_at, 1000000);
	ck_assert_int_eq(exchange->legacy_latency_us, -1);
	ck_assert_int_eq(exchange->legacy_status, 200);
	ck_assert_int_eq(exchange->legacy_outcome, -1);
	ck_assert(span_is(exchange->target, "/r"));
	ck_assert(span_is(exchange->reply_head, "A:1\r\n"));
	ck_assert(span_is(exchange->candidate_reply, "z"));
}

START_TEST(exchange_has_the_documented_bytes)
{
	unsigned char expected[sizeof(BY_HAND)];
	memcpy(expected, BY_HAND, sizeof(BY_HAND));
	fill_crc(expected, sizeof(expected));
	ck_assert_uint_eq(spool_exchange_size(&AS_STRUCT), sizeof(expected));
	char encoded[sizeof(BY_HAND)];
	spool_exchange_encode(&AS_STRUCT, encoded);
	ck_assert_mem_eq(encoded, expected, sizeof(expected));

	struct spool_record record = decode_ok(encoded, sizeof(encoded));
	ck_assert_int_eq(record.type, SPOOL_EXCHANGE);
	ck_assert(!record.exchange.is_outcome);
	check_common(&record.exchange);
	ck_assert_int_eq(record.exchange.answered_at, 2000000);
	ck_assert(span_is(record.exchange.correlation_key, "k1"));
	ck_assert(span_is(record.exchange.idempotency_key, "d"));
}
END_TEST

START_TEST(late_answer_differs_in_its_type)
{
	unsigned char expected[sizeof(BY_HAND)];
	memcpy(expected, BY_HAND, sizeof(BY_HAND));
	expected[8] = 4;
	fill_crc(expected, sizeof(expected));
	struct spool_exchange outcome = AS_STRUCT;
	outcome.is_outcome = true;
	char encoded[sizeof(BY_HAND)];
	spool_exchange_encode(&outcome, encoded);
	ck_assert_mem_eq(encoded, expected, sizeof(expected));
	struct spool_record record = decode_ok(encoded, sizeof(encoded));
	ck_assert_int_eq(record.type, SPOOL_OUTCOME);
	ck_assert(record.exchange.is_outcome);
	check_common(&record.exchange);
}
END_TEST

START_TEST(exchange_of_version_1_is_read)
{
	unsigned char frame[sizeof(FIRST_BY_HAND)];
	memcpy(frame, FIRST_BY_HAND, sizeof(frame));
	fill_crc(frame, sizeof(frame));
	struct spool_record record = decode_ok(frame, sizeof(frame));
	ck_assert_int_eq(record.type, SPOOL_EXCHANGE);
	check_common(&record.exchange);
	ck_assert_int_eq(record.exchange.answered_at, 0);
	ck_assert_uint_eq(record.exchange.correlation_key.length, 0);
	ck_assert_uint_eq(record.exchange.idempotency_key.length, 0);
}
END_TEST

static struct spool_accounts some_accounts(void)
{
	struct spool_accounts accounts = {
		.interface = SPAN("orders"), .origin = 77, .at = 5, .seen = 30, .committed = 20, .in_flight = 4};
	accounts.dropped[DROP_RING_FULL] = 1;
	accounts.dropped[DROP_SPOOL_FAILED] = 5;
	return accounts;
}

START_TEST(accounts_come_back)
{
	struct spool_accounts accounts = some_accounts();
	char encoded[256];
	size_t length = spool_accounts_size(&accounts);
	ck_assert_uint_eq(length, 64 + 8 * 7 + 8);
	spool_accounts_encode(&accounts, encoded);
	struct spool_record record;
	size_t size;
	ck_assert_int_eq(spool_decode((struct span){encoded, length}, &record, &size), SPOOL_DECODED);
	ck_assert_int_eq(record.type, SPOOL_ACCOUNTS);
	ck_assert(span_is(record.accounts.interface, "orders"));
	ck_assert_uint_eq(record.accounts.origin, 77);
	ck_assert_uint_eq(record.accounts.seen, 30);
	ck_assert_uint_eq(record.accounts.committed, 20);
	ck_assert_uint_eq(record.accounts.in_flight, 4);
	ck_assert_uint_eq(record.accounts.dropped[DROP_RING_FULL], 1);
	ck_assert_uint_eq(record.accounts.dropped[DROP_SPOOL_FAILED], 5);
	ck_assert_uint_eq(record.accounts.dropped[DROP_TOO_LARGE], 0);
}
END_TEST

START_TEST(every_cut_is_incomplete)
{
	char encoded[sizeof(BY_HAND)];
	spool_exchange_encode(&AS_STRUCT, encoded);
	for (size_t length = 0; length < sizeof(encoded); length++) {
		char *copy = malloc(length + 1); /* exact, so that ASan sees a read behind it */
		memcpy(copy, encoded, length);
		copy = realloc(copy, length > 0 ? length : 1);
		struct spool_record record;
		size_t size;
		ck_assert_int_eq(spool_decode((struct span){copy, length}, &record, &size), SPOOL_INCOMPLETE);
		free(copy);
	}
}
END_TEST

START_TEST(every_flipped_bit_is_found)
{
	char encoded[sizeof(BY_HAND)];
	for (size_t bit = 0; bit < 8 * sizeof(encoded); bit++) {
		spool_exchange_encode(&AS_STRUCT, encoded);
		encoded[bit / 8] = (char)(encoded[bit / 8] ^ (1 << (bit % 8)));
		struct spool_record record;
		size_t size;
		enum spool_decode decoded = spool_decode((struct span){encoded, sizeof(encoded)}, &record, &size);
		ck_assert_int_ne(decoded, SPOOL_DECODED);
		ck_assert(decoded == SPOOL_CORRUPT || bit < 32); /* a longer length is a frame not complete yet */
	}
}
END_TEST

static void check_spans(const struct spool_exchange *exchange, const char *data, size_t length)
{
	const struct span spans[] = {exchange->interface,      exchange->method,          exchange->target,
				     exchange->request_head,   exchange->request_body,    exchange->reply_head,
				     exchange->reply_body,     exchange->candidate_reply, exchange->correlation_key,
				     exchange->idempotency_key};
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		ck_assert(spans[i].data >= data && spans[i].length <= length &&
			  (size_t)(spans[i].data - data) <= length - spans[i].length);
	}
}

/* Mutated frames with a CRC made right again, so that the reader behind the CRC is what is tested. */
START_TEST(mutated_frames_never_lead_outside)
{
	uint64_t state = 20261121;
	size_t decoded_count = 0;
	for (int round = 0; round < 200000; round++) {
		struct spool_accounts accounts = some_accounts();
		bool is_exchange = random_next(&state) % 2 == 0;
		size_t length = is_exchange ? sizeof(BY_HAND) : spool_accounts_size(&accounts);
		char *frame = malloc(length);
		if (is_exchange) {
			spool_exchange_encode(&AS_STRUCT, frame);
		} else {
			spool_accounts_encode(&accounts, frame);
		}
		for (uint64_t changes = random_next(&state) % 4; changes > 0; changes--) {
			static const unsigned char VALUES[] = {0, 1, 2, 4, 8, 0x7f, 0x80, 0xff};
			uint64_t dice = random_next(&state);
			frame[8 + dice % (length - 8)] = (char)VALUES[dice >> 32 & 7];
		}
		uint32_t crc = hash_crc32c(0, frame + 8, length - 8);
		memcpy(frame + 4, &crc, sizeof(crc));
		struct spool_record record;
		size_t size;
		if (spool_decode((struct span){frame, length}, &record, &size) == SPOOL_DECODED) {
			decoded_count++;
			ck_assert_uint_eq(size, length);
			if (spool_is_delivery(&record)) {
				check_spans(&record.exchange, frame, length);
			} else {
				ck_assert_uint_le(record.accounts.interface.length, SPOOL_NAME_MAX);
			}
		}
		free(frame);
	}
	ck_assert_uint_gt(decoded_count, 50000); /* unchanged ones alone are a quarter */
	ck_assert_uint_lt(decoded_count, 195000);
}
END_TEST

START_TEST(random_bytes_are_no_frames)
{
	uint64_t state = 7;
	for (int round = 0; round < 100000; round++) {
		char bytes[96];
		for (size_t i = 0; i < sizeof(bytes); i += 8) {
			uint64_t number = random_next(&state);
			memcpy(bytes + i, &number, 8);
		}
		struct spool_record record;
		size_t size;
		size_t length = random_next(&state) % sizeof(bytes);
		ck_assert_int_ne(spool_decode((struct span){bytes, length}, &record, &size), SPOOL_DECODED);
	}
}
END_TEST

Suite *record_suite(void)
{
	Suite *suite = suite_create("record");
	TCase *tests = tcase_create("record");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, exchange_has_the_documented_bytes);
	tcase_add_test(tests, late_answer_differs_in_its_type);
	tcase_add_test(tests, exchange_of_version_1_is_read);
	tcase_add_test(tests, accounts_come_back);
	tcase_add_test(tests, every_cut_is_incomplete);
	tcase_add_test(tests, every_flipped_bit_is_found);
	tcase_add_test(tests, mutated_frames_never_lead_outside);
	tcase_add_test(tests, random_bytes_are_no_frames);
	suite_add_tcase(suite, tests);
	return suite;
}
