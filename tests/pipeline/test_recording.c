/* Recordings of every format, whole and byte by byte, plain and gzip; what is damaged is said and nothing else lost. */
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/pipeline/recording.h"
#include "tests/pipeline/memory_input.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <zlib.h>

enum { TEXT_MAX = 64 * 1024 * 1024, GZIP_WINDOW = 15 + 16, ID_SIZE = 32, LINE_MAX_SIZE = 64 };

#define GOR_SEPARATOR "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"
#define GOR_ID "ebca47917f000001e3bce1a8"

/* --- what a recording holds, as text --- */

static void write_part(struct buffer *target, struct span text)
{
	buffer_append_byte(target, '|');
	buffer_append_span(target, text);
}

/* REASON|METHOD TARGET|MESSAGE|STATUS|REPLY|CAPTURED_AT|LATENCY, or the reason alone where nothing else is known. */
static void write_recorded(struct buffer *target, const struct recorded *recorded)
{
	char time[CLOCK_TEXT_SIZE];
	buffer_append_text(target, recorded->skip >= 0 ? replay_skip_name(recorded->skip) : "ok");
	if (recorded->skip < 0) {
		write_part(target, recorded->method);
		buffer_append_format(target, " %.*s", SPAN_ARGUMENTS(recorded->target));
		write_part(target, recorded->request_body);
		buffer_append_format(target, "|%d", recorded->has_reply ? recorded->legacy_status : -1);
		write_part(target, recorded->reply_body);
		buffer_append_format(
			target, "|%s|%lld",
			recorded->captured_at == RECORDED_NO_TIME ? "" : clock_format(recorded->captured_at, time),
			(long long)recorded->legacy_latency_us);
	}
	buffer_append_byte(target, '\n');
}

static bool transcribe(struct span bytes, size_t step, const struct recording_format *format, struct buffer *target,
		       struct error *err)
{
	struct memory_input memory = {.bytes = bytes, .step = step};
	struct recording *recording = recording_open(memory_input_read(&memory), "a recording", format, err);
	if (recording == NULL) {
		return false;
	}
	struct recorded recorded;
	enum recording_read read;
	while ((read = recording_next(recording, &recorded, err)) == RECORDING_READ) {
		write_recorded(target, &recorded);
	}
	recording_close(recording);
	return read == RECORDING_END;
}

static void compress_into(struct buffer *target, struct span bytes)
{
	size_t most = bytes.length + 1024;
	z_stream stream = {.avail_in = (unsigned)bytes.length, .avail_out = (unsigned)most};
	CLEANUP_BUFFER struct buffer copy = BUFFER_INIT(TEXT_MAX);
	buffer_append_span(&copy, bytes);
	stream.next_in = (unsigned char *)copy.data;
	stream.next_out = (unsigned char *)buffer_reserve(target, most);
	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	target->length += stream.total_out;
	deflateEnd(&stream);
}

static void check_step(struct span bytes, size_t step, const struct recording_format *format, const char *expected)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;
	ck_assert_msg(transcribe(bytes, step, format, &text, &err), "step %zu: %s", step, err.message);
	ck_assert_str_eq(text.data != NULL ? text.data : "", expected);
}

/* Whole, in small steps, and as gzip in one member and in two. `format` NULL: told by the content. */
static void check(struct span bytes, const struct recording_format *format, const char *expected)
{
	CLEANUP_BUFFER struct buffer gzip = BUFFER_INIT(TEXT_MAX);
	CLEANUP_BUFFER struct buffer members = BUFFER_INIT(TEXT_MAX);
	size_t half = bytes.length / 2;
	compress_into(&gzip, bytes);
	compress_into(&members, (struct span){bytes.data, half});
	compress_into(&members, (struct span){bytes.data + half, bytes.length - half});
	const size_t steps[] = {0, 1, 7};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		check_step(bytes, steps[i], format, expected);
		check_step(buffer_span(&gzip), steps[i], format, expected);
		check_step(buffer_span(&members), steps[i], format, expected);
	}
}

static void check_file(const char *file, const char *expected)
{
	CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;
	ck_assert_msg(file_read(file, &bytes, &err), "%s", err.message);
	check(buffer_span(&bytes), NULL, expected);
}

static void check_failure(struct span bytes, const struct recording_format *format, const char *before,
			  enum error_code code, int line)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;
	ck_assert(!transcribe(bytes, 0, format, &text, &err));
	ck_assert_str_eq(text.data != NULL ? text.data : "", before);
	ck_assert_msg(err.code == code, "%s", err.message);
	ck_assert_int_eq(err.line, line);
}

/* --- JSON Lines --- */

START_TEST(lines_are_read)
{
	check_file("tests/pipeline/recordings/orders.jsonl",
		   "ok| |{\"id\": \"A\"}|0|{\"queue\": \"x\"}|2026-11-10T10:00:00.000000Z|1500\n"
		   "ok| |{\"id\": \"B\", \"message\": \"not an object\"}|-1|||-1\n"
		   "ok| |{\"id\": \"C\"}|-1|||-1\n");
}
END_TEST

/* What can be posted can be replayed: one table of names. */
START_TEST(lines_have_the_names_of_ingest)
{
	struct error err = ERROR_INIT;
	struct recorded recorded;
	struct memory_input memory = {
		.bytes = SPAN("{\"interface\":\"orders\",\"message_base64\":\"eyJpZCI6MX0=\",\"legacy_status\":503,"
			      "\"legacy_latency_ms\":1.5,\"correlation_key\":7,\"idempotency_key\":\"k\",\"headers\":{"
			      "\"X-A\":\"b\"},\"target\":\"/x?y\",\"llm\":\"text\"}")};
	struct recording *recording = recording_open(memory_input_read(&memory), "a.jsonl", &recording_jsonl, &err);
	ck_assert(recording != NULL && recording_next(recording, &recorded, &err) == RECORDING_READ);
	ck_assert(span_is(recorded.interface, "orders") && span_is(recorded.request_body, "{\"id\":1}"));
	ck_assert(!recorded.has_reply && recorded.legacy_status == 503 && recorded.legacy_latency_us == 1500);
	ck_assert(span_is(recorded.correlation_key, "7") && span_is(recorded.idempotency_key, "k"));
	ck_assert(text_find(recorded.request_head, SPAN("X-A: b\r\n")) < recorded.request_head.length);
	ck_assert(span_is(recorded.method, "POST") && span_is(recorded.target, "/x?y"));
	ck_assert(span_is(recorded.candidate_reply, "text"));
	recording_close(recording);
	check_failure(SPAN("{\"id\":1}\n{\"message\":{},\"legacy\":{},\"legacy_sttus\":200}"), NULL,
		      "ok| |{\"id\":1}|-1|||-1\n", ERROR_FORMAT, 2);
}
END_TEST

START_TEST(a_broken_line_is_the_operators)
{
	const char *first = "ok| |{\"id\":1}|-1|||-1\n";
	CLEANUP_BUFFER struct buffer gzip = BUFFER_INIT(TEXT_MAX);
	check_failure(SPAN("{\"id\":1}\n\n{\"id\":\n{}\n"), NULL, first, ERROR_FORMAT, 3);
	check_failure(SPAN("{\"id\":1}\n{\"message\":{},\"captured_at\":\"noon\"}"), NULL, first, ERROR_FORMAT, 2);
	check_failure(SPAN("{\"message\":{},\"legacy_outcome\":\"lost\"}"), NULL, "", ERROR_FORMAT, 1);
	check_failure(SPAN("{\"message\":{},\"legacy_outcome\":\"awaited\"}"), NULL, "", ERROR_FORMAT, 1);
	check_failure(SPAN("{\"message\":{},\"legacy_latency_us\":-1}"), NULL, "", ERROR_FORMAT, 1);
	compress_into(&gzip, SPAN("{\"id\":1}\n{\"id\":2}\n"));
	gzip.length -= 12;
	check_failure(buffer_span(&gzip), &recording_jsonl, first, ERROR_FORMAT, 2);
}
END_TEST

/* --- HAR --- */

START_TEST(har_entries_are_read)
{
	check_file("tests/pipeline/recordings/orders.har",
		   "ok|POST /orders?x=1|{\"id\":\"A\",\"text\":\"Gr\xc3\xbc\xc3\x9f"
		   "e\"}|200|{\"queue\":\"x\"}|2026-11-10T09:00:00.250000Z|13250\n"
		   "ok|POST /|id=B+%26+co&n=%C3%BC*-._|200|{}|2026-11-10T09:00:01.000000Z|20000\n"
		   "aborted\n"
		   "no_content\n"
		   "ok|DELETE /orders/1||204|||-1\n"
		   "malformed\n"
		   "malformed\n"
		   "malformed\n"
		   "malformed\n");
}
END_TEST

START_TEST(har_heads_are_of_the_decoded_body)
{
	CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT(TEXT_MAX);
	ck_assert(file_read("tests/pipeline/recordings/orders.har", &bytes, NULL));
	struct memory_input memory = {.bytes = buffer_span(&bytes)};
	struct recording *recording = recording_open(memory_input_read(&memory), "x", NULL, NULL);
	struct recorded recorded;
	ck_assert_int_eq(recording_next(recording, &recorded, NULL), RECORDING_READ);
	ck_assert(span_is(recorded.request_head, "Content-Type: application/json\r\n"));
	ck_assert(span_is(recorded.reply_head, "X: 1 2\r\n"));
	recording_close(recording);
}
END_TEST

START_TEST(a_har_that_breaks_off_gives_what_stands_before)
{
	const char *start = "\xef\xbb\xbf{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"/a\"},"
			    "\"response\":{\"status\":204}}";
	const char *first = "ok|GET /a||204|||-1\n";
	static const char *const rests[] = {"", ",", ",{\"request\":{\"x\":\"", "]", "]}", "]}}x", "}", ",{]"};
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
		buffer_append_format(&text, "%s%s", start, rests[i]);
		check_failure(buffer_span(&text), NULL, i == 7 ? "ok|GET /a||204|||-1\nmalformed\n" : first,
			      ERROR_FORMAT, 0);
	}
	check_failure(SPAN("{\"log\":{\"version\":\"1.2\"}}"), NULL, "", ERROR_FORMAT, 0);
	check_failure(SPAN("[]"), &recording_har, "", ERROR_FORMAT, 0);
	check(SPAN(" { \"log\" : { \"entries\" : [ ] } } "), NULL, "");
	check(SPAN("{\"before\":[1,{\"log\":2}],\"log\":{\"entries\":[]}}"), &recording_har, "");
}
END_TEST

/* --- GoReplay --- */

START_TEST(gor_records_are_paired)
{
	check_file("tests/pipeline/recordings/orders.gor",
		   "replayed_reply\n"
		   "malformed\n"
		   "ok|POST /orders?x=1|{\"id\":\"A\"}|200|{\"queue\":\"x\",\"amount\":10}|"
		   "2026-11-21T04:26:41.480369Z|1950\n"
		   "ok|POST /orders|{\"id\":\"B\"}|201|{\"queue\":\"x\"}|2026-11-21T04:26:42.000000Z|9500\n"
		   "ok|POST /orders|{\"id\":\"C\"}" GOR_SEPARATOR
		   "  |200|{\"queue\":\"y\"}|2026-11-21T04:26:42.500000Z|100000\n"
		   "ok|POST /orders|{\"id\":\"D\"}|200|{\"queue\":\"z\"}|2026-11-21T04:26:43.000000Z|250000\n"
		   "cut\n"
		   "no_request\n"
		   "ok|POST /orders|{\"id\":\"F\"}|200|{}|2026-11-21T04:26:46.000000Z|100000\n"
		   "ok|GET /health||-1||2026-11-21T04:26:45.000000Z|-1\n");
}
END_TEST

#define REQUEST(body) "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n" body
#define REPLY(body) "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" body
#define META(type, time) type " " GOR_ID " " time "\n"

START_TEST(gor_damage_costs_the_damaged_record)
{
	const char *pair = "ok|POST /a|{}|200|{}|1970-01-01T00:00:01.000000Z|";
	const char *first = META("1", "1000000000") REQUEST("{}") GOR_SEPARATOR;
	const char *second = META("2", "1000005000 7000") REPLY("{}");
	/* what stands between the two, what is behind the second; what comes out besides, before and behind the pair */
	static const struct {
		const char *between, *behind, *before;
	} cases[] = {
		{"", GOR_SEPARATOR, ""},
		{"", "", ""},
		{"", "\n\xf0\x9f\x90\xb5\xf0\x9f", ""},
		{"\n\r\n", GOR_SEPARATOR "\n", ""},
		{"rubbish" GOR_SEPARATOR, GOR_SEPARATOR, "malformed\n"},
		{"1 ABC 5\nGET" GOR_SEPARATOR "7" GOR_SEPARATOR, GOR_SEPARATOR, "malformed\n"},
		{META("4", "1") "x" GOR_SEPARATOR, "", "malformed\n"},
		{META("1", "1x") "x" GOR_SEPARATOR, "", "malformed\n"},
		{META("1", "1 2 3") "x" GOR_SEPARATOR, "", "malformed\n"},
		{META("1", "99999999999999999999") "x" GOR_SEPARATOR, "", "malformed\n"},
		{META("3", "1") "x" GOR_SEPARATOR, "", "replayed_reply\n"},
		{"", GOR_SEPARATOR "1 " GOR_ID, "malformed\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
		CLEANUP_BUFFER struct buffer expected = BUFFER_INIT(TEXT_MAX);
		buffer_append_format(&text, "%s%s%s%s", first, cases[i].between, second, cases[i].behind);
		buffer_append_format(&expected, "%s%s12\n", cases[i].before, pair);
		check(buffer_span(&text), &recording_gor, expected.data);
	}
}
END_TEST

START_TEST(gor_messages_that_are_not_whole_are_not_taken)
{
	static const struct {
		const char *request, *reply, *skip;
	} cases[] = {
		{"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}", REPLY("{}"), "cut\n"},
		{"POST /a HTTP/1.1\r\nContent-Le", REPLY("{}"), "cut\n"},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", REPLY("{}"), "cut\n"},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz", REPLY("{}"), "malformed\n"},
		{REQUEST("{}POST /b HTTP/1.1\r\n\r\n"), REPLY("{}"), "malformed\n"},
		{"a\r\n{\"id\":\"C\"}\r\n0\r\n\r\n", REPLY("{}"), "malformed\n"},
		{"", REPLY("{}"), "cut\n"},
		{REQUEST("{}"), REPLY("{"), "cut\n"},
		{REQUEST("{}"), REPLY("{}{}"), "malformed\n"},
		{REQUEST("{}"), "rubbish\r\n\r\n", "malformed\n"},
		{REQUEST("{}"), "", "cut\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
		buffer_append_format(&text, "%s%s%s%s%s%s", META("1", "5"), cases[i].request, GOR_SEPARATOR,
				     META("2", "6"), cases[i].reply, GOR_SEPARATOR);
		check(buffer_span(&text), &recording_gor, cases[i].skip);
	}
}
END_TEST

START_TEST(a_gor_file_cut_inside_gzip_keeps_what_is_whole)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	CLEANUP_BUFFER struct buffer gzip = BUFFER_INIT(TEXT_MAX);
	buffer_append_text(&text, META("1", "1000000000 0") REQUEST("{}") GOR_SEPARATOR);
	buffer_append_text(&text, META("2", "1000005000 7000") REPLY("{}") GOR_SEPARATOR);
	compress_into(&gzip, buffer_span(&text));
	gzip.length -= 8; /* the trailer, RFC 1952 section 2.3.1: all data is there, and its end is not */
	check_step(buffer_span(&gzip), 0, NULL, "ok|POST /a|{}|200|{}|1970-01-01T00:00:01.000000Z|12\ncut\n");
}
END_TEST

/* Replies far behind their requests, and requests that never get one: everything comes out once. */
START_TEST(gor_waits_within_bounds)
{
	enum { REQUESTS = 5000, LAG = 300 };
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	for (int i = 0; i < REQUESTS + LAG; i++) {
		if (i < REQUESTS) {
			buffer_append_format(&text, "1 %024x %d 0\n%s%s", (unsigned)i, 1000 * (i + 1), REQUEST("{}"),
					     GOR_SEPARATOR);
		}
		if (i >= LAG && i % 2 == 0) {
			buffer_append_format(&text, "2 %024x %d 1000\n%s%s", (unsigned)(i - LAG), 1000 * (i + 1),
					     REPLY("{}"), GOR_SEPARATOR);
		}
	}
	struct memory_input memory = {.bytes = buffer_span(&text)};
	struct recording *recording = recording_open(memory_input_read(&memory), "x.gor", NULL, NULL);
	struct recorded recorded;
	int with_reply = 0;
	int without = 0;
	while (recording_next(recording, &recorded, NULL) == RECORDING_READ) {
		ck_assert_int_eq(recorded.skip, -1);
		with_reply += recorded.has_reply;
		without += !recorded.has_reply;
		ck_assert_int_eq(recorded.legacy_latency_us, recorded.has_reply ? LAG + 1 : -1);
	}
	recording_close(recording);
	ck_assert_int_eq(with_reply, REQUESTS / 2);
	ck_assert_int_eq(without, REQUESTS / 2);
}
END_TEST

START_TEST(content_codings_are_kept)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	CLEANUP_BUFFER struct buffer body = BUFFER_INIT(TEXT_MAX);
	compress_into(&body, SPAN("{\"id\":1}"));
	buffer_append_format(&text, "%sPOST /a HTTP/1.1\ncontent-encoding:gzip\r\nContent-Length: %zu\r\n\r\n",
			     META("1", "1"), body.length);
	buffer_append_span(&text, buffer_span(&body));
	struct memory_input memory = {.bytes = buffer_span(&text)};
	struct recording *recording = recording_open(memory_input_read(&memory), "x", NULL, NULL);
	struct recorded recorded;
	ck_assert_int_eq(recording_next(recording, &recorded, NULL), RECORDING_READ);
	ck_assert_int_eq(recorded.skip, -1);
	ck_assert(span_equal(recorded.request_body, buffer_span(&body)));
	ck_assert(text_starts_with(recorded.request_head, "content-encoding:gzip\r\nContent-Length: "));
	recording_close(recording);
}
END_TEST

/* An id that comes again belongs to the newest request of that time. */
START_TEST(gor_ids_are_used_again)
{
	const char *text = META("1", "1000 0") REQUEST("{}") GOR_SEPARATOR META("1", "3000 0") REQUEST("[]")
		GOR_SEPARATOR META("2", "4000 0") REPLY("{}") GOR_SEPARATOR META("2", "2000 0") REPLY("[]")
			GOR_SEPARATOR;
	check(span_of(text), NULL,
	      "ok|POST /a|{}|200|[]|1970-01-01T00:00:00.000001Z|1\n"
	      "ok|POST /a|[]|200|{}|1970-01-01T00:00:00.000003Z|1\n");
}
END_TEST

START_TEST(places_are_bytes_of_the_input)
{
	const char *first = META("1", "1000 0") REQUEST("{}") GOR_SEPARATOR;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	buffer_append_format(&text, "%srubbish", first);
	struct memory_input memory = {.bytes = buffer_span(&text)};
	struct recording *recording = recording_open(memory_input_read(&memory), "x", NULL, NULL);
	struct recorded recorded;
	ck_assert_int_eq(recording_next(recording, &recorded, NULL), RECORDING_READ);
	ck_assert_int_eq(recorded.skip, REPLAY_SKIP_MALFORMED);
	ck_assert_uint_eq(recorded.place, strlen(first));
	recording_close(recording);
}
END_TEST

/* --- which format --- */

struct format_case {
	const char *name;
	const char *content;
	const struct recording_format *format;
};

static const struct format_case FORMAT_CASES[] = {
	{"a.txt", "1 " GOR_ID " 5 6\nGET", &recording_gor},
	{"a.jsonl", "1 " GOR_ID " 5\n", &recording_gor},
	{"a.GOR.gz", "rubbish", &recording_gor},
	{"a", "{\n \"log\": {\"creator\": {}}}", &recording_har},
	{"a.jsonl", "\xef\xbb\xbf{\"log\":{\"entries\":[", &recording_har},
	{"a.har", "{\"x\":1}", &recording_har},
	{"a", "{\"log\":{\"id\":1}}", &recording_jsonl},
	{"a", "{\"log\":\"version\"}", &recording_jsonl},
	{"a.gz", "{\"message\":{}}", &recording_jsonl},
	{"a", "", &recording_jsonl},
};

START_TEST(formats_are_told_by_content_then_name)
{
	const struct format_case *c = &FORMAT_CASES[_i];
	struct memory_input memory = {.bytes = span_of(c->content), .step = 1};
	struct recording *recording = recording_open(memory_input_read(&memory), c->name, NULL, NULL);
	ck_assert_ptr_nonnull(recording);
	ck_assert_str_eq(recording_format_of(recording)->name, c->format->name);
	recording_close(recording);
	ck_assert_ptr_eq(recording_format_named(span_of(c->format->name)), c->format);
	ck_assert_ptr_null(recording_format_named(SPAN("auto")));
}
END_TEST

START_TEST(damaged_gzip_is_an_error)
{
	CLEANUP_BUFFER struct buffer gzip = BUFFER_INIT(TEXT_MAX);
	compress_into(&gzip, SPAN("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n"));
	gzip.data[gzip.length - 6] ^= 1; /* the CRC */
	struct memory_input memory = {.bytes = buffer_span(&gzip)};
	struct error err = ERROR_INIT;
	struct recording *recording = recording_open(memory_input_read(&memory), "x", NULL, &err);
	ck_assert_ptr_null(recording);
	ck_assert_int_eq(err.code, ERROR_FORMAT);
}
END_TEST

Suite *recording_suite(void)
{
	Suite *suite = suite_create("recording");
	TCase *tests = tcase_create("formats");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, lines_are_read);
	tcase_add_test(tests, lines_have_the_names_of_ingest);
	tcase_add_test(tests, a_broken_line_is_the_operators);
	tcase_add_test(tests, har_entries_are_read);
	tcase_add_test(tests, har_heads_are_of_the_decoded_body);
	tcase_add_test(tests, a_har_that_breaks_off_gives_what_stands_before);
	tcase_add_test(tests, gor_records_are_paired);
	tcase_add_test(tests, gor_damage_costs_the_damaged_record);
	tcase_add_test(tests, gor_messages_that_are_not_whole_are_not_taken);
	tcase_add_test(tests, a_gor_file_cut_inside_gzip_keeps_what_is_whole);
	tcase_add_test(tests, gor_waits_within_bounds);
	tcase_add_test(tests, content_codings_are_kept);
	tcase_add_test(tests, gor_ids_are_used_again);
	tcase_add_test(tests, places_are_bytes_of_the_input);
	tcase_add_loop_test(tests, formats_are_told_by_content_then_name, 0,
			    sizeof(FORMAT_CASES) / sizeof(FORMAT_CASES[0]));
	tcase_add_test(tests, damaged_gzip_is_an_error);
	suite_add_tcase(suite, tests);
	return suite;
}
