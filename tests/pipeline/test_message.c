/* Identity, duplicates, time and what becomes of messages that cannot be read. */
#include "harness/pipeline/message.h"
#include "tests/pipeline/suites.h"

enum { ARENA_MAX = 1 << 24 };

static struct contract *contract;
static struct zone *zone;

static void setup(void)
{
	struct error err = ERROR_INIT;
	contract = contract_load("tests/pipeline/data/contract.yaml", &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	zone = zone_create("UTC", &err);
	ck_assert_ptr_nonnull(zone);
}

static void teardown(void)
{
	contract_destroy(contract);
	zone_destroy(zone);
}

static struct message read_body(const char *body, const char *head, int32_t status, struct arena *arena)
{
	struct spool_exchange captured = {
		.sequence = 7,
		.interface = SPAN("orders"),
		.captured_at = INT64_C(1760000000000000),
		.legacy_status = status,
		.legacy_outcome = -1,
		.request_head = span_of(head),
		.request_body = span_of(body),
		.reply_head = SPAN(""),
		.reply_body = SPAN("{}"),
	};
	struct message message;
	ck_assert(message_read(contract, zone, "tap", &captured, arena, &message, NULL));
	return message;
}

START_TEST(same_content_is_the_same_exchange)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct message a = read_body("{\"id\":\"A\",\"n\":1}", "", 200, &arena);
	struct message b = read_body(" {\"n\": 1.0, \"id\": \"A\"} ", "", 200, &arena);
	struct message revised = read_body("{\"id\":\"A\",\"n\":2}", "", 200, &arena);
	struct message other = read_body("{\"id\":\"B\",\"n\":1}", "", 200, &arena);
	ck_assert_mem_eq(a.row.exchange_id, b.row.exchange_id, 16);
	ck_assert_mem_ne(a.row.exchange_id, revised.row.exchange_id, 16);
	ck_assert_mem_eq(a.row.identity, revised.row.identity, 16);
	ck_assert_mem_ne(a.row.identity, other.row.identity, 16);
}
END_TEST

START_TEST(times_and_weeks_follow_the_message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct message dated = read_body("{\"id\":1,\"at\":\"2026-12-31T23:59:59Z\"}", "", 200, &arena);
	struct message undated = read_body("{\"id\":1}", "", 200, &arena);
	ck_assert_int_eq(dated.row.week, 202653);
	ck_assert_int_eq(undated.row.event_time, INT64_C(1760000000000000));
	ck_assert_int_eq(undated.row.week, 202541); /* 2025-10-09 */
}
END_TEST

START_TEST(malformed_messages_say_why)
{
	static const struct {
		const char *body;
		const char *head;
		const char *reason;
	} cases[] = {
		{"{\"id\":", "", "line 1"},
		{"", "", "line 1"},
		{"{\"n\":1}", "", "no value at message.id"},
		{"{\"id\":null}", "", "no value at message.id"},
		{"{\"id\":1}", "Content-Encoding: br\r\n", "\"br\" is not supported"},
		{"{\"id\":1}", "Content-Encoding: gzip\r\n", "damaged"},
	};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct message message = read_body(cases[_i].body, cases[_i].head, 200, &arena);
	ck_assert(message.malformed);
	ck_assert_msg(strstr(message.reason, cases[_i].reason) != NULL, "%s", message.reason);
	ck_assert(!message.row.has_identity);
}
END_TEST

START_TEST(legacy_outcomes_and_test_marks)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	ck_assert_int_eq(read_body("{\"id\":1}", "", 201, &arena).row.legacy_outcome, LEGACY_OK);
	ck_assert_int_eq(read_body("{\"id\":1}", "", 500, &arena).row.legacy_outcome, LEGACY_FAILED);
	ck_assert_int_eq(read_body("{\"id\":1}", "", 404, &arena).row.legacy_outcome, LEGACY_FAILED);
	ck_assert(!read_body("{\"id\":1}", "", 200, &arena).row.test);
	ck_assert(read_body("{\"id\":1,\"test\":true}", "", 200, &arena).row.test);
}
END_TEST

/* That we cannot read a reply says nothing about the legacy path. */
START_TEST(an_unreadable_reply_is_no_failure_of_the_legacy_path)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct spool_exchange captured = {
		.interface = SPAN("orders"),
		.legacy_outcome = -1,
		.legacy_status = 200,
		.request_body = SPAN("{\"id\":1}"),
		.reply_head = SPAN("Content-Encoding: br\r\n"),
		.reply_body = SPAN("\x0b\x02\x80"),
	};
	struct message message;
	ck_assert(message_read(contract, zone, "tap", &captured, &arena, &message, NULL));
	ck_assert(message.malformed);
	ck_assert_msg(strstr(message.reason, "legacy reply") != NULL && strstr(message.reason, "\"br\"") != NULL, "%s",
		      message.reason);
	ck_assert_int_eq(message.row.legacy_outcome, LEGACY_OK);
	ck_assert(message.row.has_identity);
}
END_TEST

/* gzip of {"id":"G"}, made by gzip(1). */
START_TEST(compressed_messages_are_read)
{
	static const unsigned char gzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff,
					     0xab, 0x56, 0xca, 0x4c, 0x51, 0xb2, 0x52, 0x72, 0x57, 0xaa,
					     0x05, 0x00, 0x11, 0xdc, 0x64, 0xa6, 0x0a, 0x00, 0x00, 0x00};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct spool_exchange captured = {
		.interface = SPAN("orders"),
		.legacy_outcome = -1,
		.legacy_status = 200,
		.request_head = SPAN("Content-Type: application/json\r\ncontent-encoding: gzip\r\n"),
		.request_body = {(const char *)gzip, sizeof(gzip)},
	};
	struct message message;
	ck_assert(message_read(contract, zone, "tap", &captured, &arena, &message, NULL));
	ck_assert_msg(!message.malformed, "%s", message.reason);
	struct message plain = read_body("{\"id\":\"G\"}", "", 200, &arena);
	ck_assert_mem_eq(message.row.exchange_id, plain.row.exchange_id, 16);
}
END_TEST

/* RFC 1952, 2.2: members follow each other; gzip of {"id": and of "G"}, made by gzip(1). */
START_TEST(several_gzip_members_are_one_body)
{
	static const unsigned char gzip[] = {
		0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0x56, 0xca, 0x4c, 0x51, 0xb2, 0x02,
		0x00, 0x22, 0x64, 0x68, 0x03, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x03, 0x53, 0x72, 0x57, 0xaa, 0x05, 0x00, 0x4d, 0x68, 0xac, 0xd7, 0x04, 0x00, 0x00, 0x00};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct spool_exchange captured = {
		.interface = SPAN("orders"),
		.legacy_outcome = -1,
		.request_head = SPAN("Content-Encoding: gzip\r\n"),
		.request_body = {(const char *)gzip, sizeof(gzip)},
	};
	struct message message;
	ck_assert(message_read(contract, zone, "tap", &captured, &arena, &message, NULL));
	ck_assert_msg(span_is(message.body, "{\"id\":\"G\"}"), "%s", message.reason);
}
END_TEST

Suite *message_suite(void)
{
	Suite *suite = suite_create("message");
	TCase *tcase = tcase_create("reading");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, same_content_is_the_same_exchange);
	tcase_add_test(tcase, times_and_weeks_follow_the_message);
	tcase_add_loop_test(tcase, malformed_messages_say_why, 0, 6);
	tcase_add_test(tcase, legacy_outcomes_and_test_marks);
	tcase_add_test(tcase, an_unreadable_reply_is_no_failure_of_the_legacy_path);
	tcase_add_test(tcase, compressed_messages_are_read);
	tcase_add_test(tcase, several_gzip_members_are_one_body);
	suite_add_tcase(suite, tcase);
	return suite;
}
