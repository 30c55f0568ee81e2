/* One posted object as a record; what is refused, with its words. */
#include "harness/spool/delivery.h"

#include "tests/spool/suites.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1 << 24);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static bool read_line(const char *text, bool is_outcome, struct spool_exchange *ret_exchange, struct error *err)
{
	struct delivery_defaults defaults = {.is_outcome = is_outcome,
					     .interface = SPAN("orders"),
					     .captured_at = 77,
					     .target = SPAN("/v1/exchanges"),
					     .idempotency_key = SPAN("header-key")};
	return delivery_read(span_of(text), &defaults, &arena, ret_exchange, err);
}

static struct spool_exchange read_good(const char *text, bool is_outcome)
{
	struct spool_exchange exchange;
	struct error err = ERROR_INIT;
	ck_assert_msg(read_line(text, is_outcome, &exchange, &err), "%s: %s", text, err.message);
	return exchange;
}

static void want_text(struct span text, const char *wanted)
{
	ck_assert_msg(span_is(text, wanted), "\"%.*s\" instead of \"%s\"", SPAN_ARGUMENTS(text), wanted);
}

START_TEST(a_message_alone_is_awaited)
{
	struct spool_exchange got = read_good(" {\"message\" : { \"a\" : 1.0 , \"b\":[ ] } } ", false);
	ck_assert(!got.is_outcome);
	want_text(got.interface, "orders");
	want_text(got.method, "POST");
	want_text(got.target, "/v1/exchanges");
	want_text(got.request_head, "Content-Type: application/json\r\n");
	want_text(got.request_body, "{ \"a\" : 1.0 , \"b\":[ ] }");
	want_text(got.reply_body, "");
	want_text(got.candidate_reply, "");
	want_text(got.correlation_key, "");
	want_text(got.idempotency_key, "header-key");
	ck_assert_int_eq(got.legacy_outcome, LEGACY_AWAITED);
	ck_assert_int_eq(got.legacy_status, 0);
	ck_assert_int_eq(got.legacy_latency_us, -1);
	ck_assert_int_eq(got.captured_at, 77);
	ck_assert_int_eq(got.answered_at, 0);
}
END_TEST

START_TEST(everything_said)
{
	struct spool_exchange got = read_good(
		"{\"interface\":\"invoices\",\"message\":\"t\\u00e4xt\",\"captured_at\":\"1970-01-01T01:00:01.5+01:"
		"00\","
		"\"legacy\":[1,2],\"legacy_status\":422,\"legacy_outcome\":\"parked\",\"legacy_latency_ms\":12.5,"
		"\"llm\":{\"q\":1},\"correlation_key\":\"k\\n1\",\"idempotency_key\":42,"
		"\"headers\":{\"X-A\":\"b\\tc\",\"x-a\":\"\\u00e9\"},\"target\":\"/route?x=1\"}",
		false);
	want_text(got.interface, "invoices");
	want_text(got.target, "/route?x=1");
	want_text(got.request_head, "Content-Type: application/json\r\nX-A: b\tc\r\nx-a: \xc3\xa9\r\n");
	want_text(got.request_body, "\"t\\u00e4xt\"");
	want_text(got.reply_body, "[1,2]");
	want_text(got.candidate_reply, "{\"q\":1}");
	want_text(got.correlation_key, "k\n1");
	want_text(got.idempotency_key, "42");
	ck_assert_int_eq(got.legacy_outcome, LEGACY_PARKED);
	ck_assert_int_eq(got.legacy_status, 422);
	ck_assert_int_eq(got.legacy_latency_us, 12500);
	ck_assert_int_eq(got.captured_at, 1500000);
}
END_TEST

struct value_case {
	const char *line;
	int outcome;
	int64_t latency;
	const char *head;
	const char *body;
	const char *reply;
	const char *llm;
};

#define JSON_TYPE "Content-Type: application/json\r\n"

static const struct value_case values[] = {
	{"{\"message\":1,\"legacy\":2}", -1, -1, JSON_TYPE, "1", "2", ""},
	{"{\"message\":true,\"legacy\":null}", LEGACY_AWAITED, -1, JSON_TYPE, "true", "", ""},
	{"{\"message\":1,\"legacy_status\":503}", -1, -1, JSON_TYPE, "1", "", ""},
	{"{\"message\":1,\"legacy_outcome\":\"manual\"}", LEGACY_MANUAL, -1, JSON_TYPE, "1", "", ""},
	{"{\"message\":1,\"legacy_latency_us\":7}", LEGACY_AWAITED, 7, JSON_TYPE, "1", "", ""},
	{"{\"message\":1,\"legacy_latency_ms\":0}", LEGACY_AWAITED, 0, JSON_TYPE, "1", "", ""},
	{"{\"message\":1,\"llm\":\"say \\\"hi\\\"\"}", LEGACY_AWAITED, -1, JSON_TYPE, "1", "", "say \"hi\""},
	{"{\"message\":\"}\",\"legacy\":\"{,\"}", -1, -1, JSON_TYPE, "\"}\"", "\"{,\"", ""},
	{"{\"message\":1,\"message\":{\"b\":2}}", LEGACY_AWAITED, -1, JSON_TYPE, "{\"b\":2}", "", ""},
	{"{\"message\":{\"a\":1,\"a\":2}}", LEGACY_AWAITED, -1, JSON_TYPE, "{\"a\":1,\"a\":2}", "", ""},
	{"{\"message\":1e999999999999}", LEGACY_AWAITED, -1, JSON_TYPE, "1e999999999999", "", ""},
	{"{\"message\":1,\"headers\":{}}", LEGACY_AWAITED, -1, JSON_TYPE, "1", "", ""},
	{"{\"message\":1,\"headers\":{\"content-type\":\"text/x\"}}", LEGACY_AWAITED, -1, "content-type: text/x\r\n",
	 "1", "", ""},
	/* RFC 4648 section 10 */
	{"{\"message_base64\":\"Zg==\"}", LEGACY_AWAITED, -1, "Content-Type: application/octet-stream\r\n", "f", "",
	 ""},
	{"{\"message_base64\":\"Zm8=\"}", LEGACY_AWAITED, -1, "Content-Type: application/octet-stream\r\n", "fo", "",
	 ""},
	{"{\"message_base64\":\"Zm9vYmFy\"}", LEGACY_AWAITED, -1, "Content-Type: application/octet-stream\r\n",
	 "foobar", "", ""},
};

START_TEST(member_values)
{
	const struct value_case *at = &values[_i];
	struct spool_exchange got = read_good(at->line, false);
	ck_assert_int_eq(got.legacy_outcome, at->outcome);
	ck_assert_int_eq(got.legacy_latency_us, at->latency);
	want_text(got.request_head, at->head);
	want_text(got.request_body, at->body);
	want_text(got.reply_body, at->reply);
	want_text(got.candidate_reply, at->llm);
}
END_TEST

START_TEST(late_answer)
{
	struct spool_exchange got =
		read_good("{\"key\":4711,\"outcome\":\"repaired\",\"legacy\":{\"a\":1},\"status\":200,"
			  "\"answered_at\":\"1970-01-01T00:00:02Z\"}",
			  true);
	ck_assert(got.is_outcome);
	want_text(got.interface, "orders");
	want_text(got.correlation_key, "4711");
	want_text(got.idempotency_key, "header-key");
	want_text(got.reply_body, "{\"a\":1}");
	want_text(got.method, "");
	want_text(got.target, "");
	want_text(got.request_head, "");
	want_text(got.request_body, "");
	ck_assert_int_eq(got.legacy_outcome, LEGACY_REPAIRED);
	ck_assert_int_eq(got.legacy_status, 200);
	ck_assert_int_eq(got.answered_at, 2000000);
	ck_assert_int_eq(got.captured_at, 77);
	ck_assert_int_eq(read_good("{\"key\":\"k\",\"status\":500}", true).legacy_outcome, -1);
}
END_TEST

struct bad_case {
	const char *line;
	bool is_outcome;
	const char *says; /* a part of the message */
};

static const struct bad_case bad[] = {
	{"", false, "line 1, column 1"},
	{"{", false, "line 1, column 2"},
	{"{\"message\":1}{\"message\":1}", false, "line 1, column 14"},
	{"{\"message\":01}", false, "line 1"},
	{"{\"message\":\"\xff\"}", false, "line 1, column 13"},
	{"{\"message\":\"\\ud800\"}", false, "line 1"},
	{"\xef\xbb\xbf{\"message\":1}", false, "line 1, column 1"},
	{"1", false, "this is no JSON object"},
	{"[]", false, "this is no JSON object"},
	{"{}", false, "\"message\" is missing"},
	{"{\"message\":null}", false, "\"message\" is missing"},
	{"{\"message\":1,\"message_base64\":\"Zg==\"}", false, "both"},
	{"{\"mesage\":1}", false, "unknown name \"mesage\"; there are interface, message,"},
	{"{\"interface\":7,\"message\":1}", false, "\"interface\" is no text"},
	{"{\"message\":1,\"captured_at\":\"yesterday\"}", false, "\"captured_at\" is no time"},
	{"{\"message\":1,\"captured_at\":1700000000}", false, "\"captured_at\" is no time"},
	{"{\"message\":1,\"legacy_status\":99}", false, "\"legacy_status\" is no HTTP status"},
	{"{\"message\":1,\"legacy_status\":600}", false, "\"legacy_status\" is no HTTP status"},
	{"{\"message\":1,\"legacy_status\":\"200\"}", false, "\"legacy_status\" is no HTTP status"},
	{"{\"message\":1,\"legacy_status\":200.5}", false, "\"legacy_status\" is no HTTP status"},
	{"{\"message\":1,\"legacy_outcome\":\"fine\"}", false, "\"legacy_outcome\" is no outcome"},
	{"{\"message\":1,\"legacy_outcome\":\"awaited\"}", false, "\"legacy_outcome\" is no outcome"},
	{"{\"message\":1,\"legacy_latency_ms\":-1}", false, "\"legacy_latency_ms\" is no latency"},
	{"{\"message\":1,\"legacy_latency_ms\":1e300}", false, "\"legacy_latency_ms\" is no latency"},
	{"{\"message\":1,\"legacy_latency_ms\":1e999}", false, "\"legacy_latency_ms\" is no latency"},
	{"{\"message\":1,\"correlation_key\":\"\"}", false, "\"correlation_key\" is no text of 1 to 512 bytes"},
	{"{\"message\":1,\"correlation_key\":{}}", false, "\"correlation_key\" is no text"},
	{"{\"message\":1,\"headers\":[]}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"headers\":{\"A\":1}}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"headers\":{\"A B\":\"\"}}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"headers\":{\"\":\"\"}}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"headers\":{\"A\":\"x\\r\\nB: y\"}}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"headers\":{\"A\":\"\\u0000\"}}", false, "\"headers\" is no object"},
	{"{\"message\":1,\"target\":\"/a b\"}", false, "\"target\" is no request target"},
	{"{\"message\":1,\"target\":\"/a\\r\\n\"}", false, "\"target\" is no request target"},
	{"{\"message_base64\":\"\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zg\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zg=\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zh==\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zm9=\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Z===\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zm-_\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":\"Zg==Zg==\"}", false, "\"message_base64\" is no base64"},
	{"{\"message_base64\":7}", false, "\"message_base64\" is no base64"},
	{"{\"outcome\":\"ok\"}", true, "\"key\" is missing"},
	{"{\"key\":\"k\"}", true, "\"legacy\", \"status\" and \"outcome\" are all missing"},
	{"{\"key\":\"k\",\"legacy\":null}", true, "are all missing"},
	{"{\"key\":\"k\",\"message\":1}", true, "unknown name \"message\"; there are interface, key,"},
	{"{\"key\":\"k\",\"outcome\":\"ok\",\"answered_at\":\"\"}", true, "\"answered_at\" is no time"},
};

START_TEST(refused)
{
	struct spool_exchange exchange = {.sequence = 99};
	struct error err = ERROR_INIT;
	ck_assert(!read_line(bad[_i].line, bad[_i].is_outcome, &exchange, &err));
	ck_assert_msg(strstr(err.message, bad[_i].says) != NULL, "%s: %s", bad[_i].line, err.message);
	ck_assert_uint_eq(exchange.sequence, 99);
}
END_TEST

static void check_long(const char *before, size_t length, const char *after, bool good)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	struct spool_exchange exchange;
	struct error err = ERROR_INIT;
	buffer_append_text(&text, before);
	for (size_t i = 0; i < length; i++) {
		buffer_append_byte(&text, 'x');
	}
	buffer_append_text(&text, after);
	ck_assert_msg(read_line(text.data, false, &exchange, &err) == good, "%s%zu%s: %s", before, length, after,
		      err.message);
}

START_TEST(lengths)
{
	check_long("{\"message\":1,\"correlation_key\":\"", DELIVERY_KEY_MAX, "\"}", true);
	check_long("{\"message\":1,\"correlation_key\":\"", DELIVERY_KEY_MAX + 1, "\"}", false);
	check_long("{\"message\":1,\"headers\":{\"A\":\"", DELIVERY_HEAD_MAX - 5, "\"}}", true);
	check_long("{\"message\":1,\"headers\":{\"A\":\"", DELIVERY_HEAD_MAX - 4, "\"}}", false);
	check_long("{\"message\":1,\"", 100000, "\":1}", false);
	check_long("{\"message\":1,\"interface\":\"", 63, "\"}", true);
	check_long("{\"message\":1,\"interface\":\"", 64, "\"}", false);
}
END_TEST

START_TEST(deep_nesting)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	struct spool_exchange exchange;
	struct error err = ERROR_INIT;
	buffer_append_text(&text, "{\"message\":");
	for (int i = 0; i < 100000; i++) {
		buffer_append_byte(&text, '[');
	}
	ck_assert(!read_line(text.data, false, &exchange, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

/* In a file a line may be the message itself; what is nearly an exchange is neither. */
static const struct {
	const char *line;
	enum delivery_shape shape;
	const char *words;
} shapes[] = {
	{"{\"message\":{}}", DELIVERY_IS_EXCHANGE, NULL},
	{"{\"message\":{},\"legacy\":{},\"headers\":{},\"correlation_key\":\"k\"}", DELIVERY_IS_EXCHANGE, NULL},
	{"{\"message_base64\":\"AA==\",\"legacy_status\":200}", DELIVERY_IS_EXCHANGE, NULL},
	{"{\"id\":1}", DELIVERY_IS_MESSAGE, NULL},
	{"[1]", DELIVERY_IS_MESSAGE, NULL},
	{"7", DELIVERY_IS_MESSAGE, NULL},
	{"{\"id\":1,\"message\":\"a text\"}", DELIVERY_IS_MESSAGE, NULL},
	{"{\"id\":1,\"message\":{}}", DELIVERY_IS_MESSAGE, NULL},
	{"{\"id\":1,\"target\":\"x\",\"interface\":\"y\"}", DELIVERY_IS_MESSAGE, NULL},
	{"{\"massage\":{},\"id\":1}", DELIVERY_IS_MESSAGE, NULL},
	{"{\"message\":{},\"legcy\":{}}", DELIVERY_IS_UNCLEAR, "\"legcy\" beside those of an exchange (\"legacy\""},
	{"{\"message\":{},\"Legacy\":{}}", DELIVERY_IS_UNCLEAR, "\"legacy\" is meant?"},
	{"{\"message\":{},\"legacy\":{},\"id\":1}", DELIVERY_IS_UNCLEAR, "unknown name \"id\""},
	{"{\"mesage\":{},\"legacy\":{}}", DELIVERY_IS_UNCLEAR, "\"message\" is meant?"},
	{"{\"legcy\":{},\"mesage\":{},\"llm\":\"x\"}", DELIVERY_IS_UNCLEAR, "\"mesage\" beside"},
	{"{\"message\":{},\"legacy\":{},\"x\":1}", DELIVERY_IS_UNCLEAR, "write it as {\"message\": LINE}"},
};

START_TEST(exchange_or_message)
{
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert(json_parse(&arena, span_of(shapes[_i].line), NULL, &root, &err));
	ck_assert_int_eq((int)delivery_shape_of(root, &err), (int)shapes[_i].shape);
	ck_assert_msg(shapes[_i].words == NULL || strstr(err.message, shapes[_i].words) != NULL, "%s", err.message);
}
END_TEST

#define COUNT(cases) (int)(sizeof(cases) / sizeof((cases)[0]))

Suite *delivery_suite(void)
{
	Suite *suite = suite_create("delivery");
	TCase *tests = tcase_create("delivery");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_message_alone_is_awaited);
	tcase_add_test(tests, everything_said);
	tcase_add_loop_test(tests, member_values, 0, COUNT(values));
	tcase_add_test(tests, late_answer);
	tcase_add_loop_test(tests, refused, 0, COUNT(bad));
	tcase_add_loop_test(tests, exchange_or_message, 0, COUNT(shapes));
	tcase_add_test(tests, lengths);
	tcase_add_test(tests, deep_nesting);
	suite_add_tcase(suite, tests);
	return suite;
}
