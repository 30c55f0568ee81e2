/* Bodies: RFC 9112 sections 6 and 7; each case whole, byte by byte, and in random pieces. */
#include "harness/base/hash.h"
#include "harness/http/body.h"
#include "tests/http/suites.h"

struct body_case {
	const char *fields; /* of the head that announces it */
	const char *bytes;
	size_t used; /* where the body ends; malformed: the first byte that is wrong, plus one */
	const char *payload;
	enum http_step last;
};

static const struct body_case cases[] = {
	{"Content-Length: 5\r\n", "helloGET /", 5, "hello", HTTP_END},
	{"Content-Length: 5\r\n", "hel", 3, "hel", HTTP_MORE},
	{"Content-Length: 0\r\n", "GET /", 0, "", HTTP_END},
	{"", "GET /", 0, "", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\nGET /", 15, "hello", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", 30, "abc0123456789", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 5, "", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "1;a=b;c=\"d\"\r\nx\r\n0;z\r\n\r\n", 23, "x", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "1  \r\nx\r\n0\r\n\r\n", 13, "x", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nrest", 23, "x", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "2\r\n\r\n\r\n0\r\n\r\n", 12, "\r\n", HTTP_END},
	{"Transfer-Encoding: chunked\r\n", "5\r\nhel", 6, "hel", HTTP_MORE},
	{"Transfer-Encoding: chunked\r\n", "0\r\n", 3, "", HTTP_MORE},
	{"Transfer-Encoding: chunked\r\n", "\r\n", 1, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "g\r\n", 1, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "0x5\r\nhello", 2, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "-1\r\n", 1, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", " 5\r\nhello", 1, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5 5\r\n", 3, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5\nhello", 2, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5;a\nhello", 4, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5\rhello", 3, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5\r\nhelloX", 9, "hello", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "5\r\nhello\n0", 9, "hello", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF\r\n", 16, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "10000000000000005\r\n", 17, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "0\r\n A: folded\r\n\r\n", 4, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "0\r\nA: b\n\r\n", 8, "", HTTP_BAD},
	{"Transfer-Encoding: chunked\r\n", "0\r\nA: b\rC\r\n", 9, "", HTTP_BAD},
};

/* Feeds `bytes` in pieces that `seed` decides (0: whole, 1: single bytes). */
static enum http_step feed(struct http_body body, struct span bytes, uint64_t seed, size_t *ret_used,
			   struct buffer *payload)
{
	size_t at = 0;
	enum http_step step = body.ended ? HTTP_END : HTTP_MORE;
	while (at < bytes.length && step == HTTP_MORE) {
		size_t piece = seed == 0 ? bytes.length - at : 1;
		if (seed > 1) {
			piece = 1 + random_next(&seed) % 7;
			piece = piece < bytes.length - at ? piece : bytes.length - at;
		}
		size_t end = at + piece;
		while (at < end && step == HTTP_MORE) {
			size_t used;
			struct span part;
			step = http_body_step(&body, (struct span){bytes.data + at, end - at}, &used, &part);
			buffer_append_span(payload, part);
			at += used;
		}
	}
	*ret_used = at;
	return step;
}

START_TEST(bodies)
{
	const struct body_case *at = &cases[_i];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(4096);
	buffer_append_format(&text, "POST / HTTP/1.1\r\n%s\r\n", at->fields);
	struct http_head head;
	struct http_fault fault;
	ck_assert(http_head_parse_request(buffer_span(&text), &head, &fault));
	for (uint64_t seed = 0; seed < 50; seed++) {
		CLEANUP_BUFFER struct buffer payload = BUFFER_INIT(4096);
		size_t used;
		enum http_step last = feed(http_body_of_request(&head), span_of(at->bytes), seed, &used, &payload);
		ck_assert_msg(last == at->last, "%d instead of %d: %s", (int)last, (int)at->last, at->bytes);
		ck_assert_msg(used == at->used, "%zu instead of %zu: %s", used, at->used, at->bytes);
		ck_assert(span_is(buffer_span(&payload), at->payload));
	}
}
END_TEST

struct framing_case {
	const char *head;
	bool to_head;
	enum http_framing framing;
};

/* RFC 9112 section 6.3, in its order. */
static const struct framing_case framings[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, HTTP_NO_BODY},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, HTTP_NO_BODY},
	{"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n", false, HTTP_NO_BODY},
	{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, HTTP_NO_BODY},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, HTTP_NO_BODY},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, HTTP_CHUNKED},
	{"HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\n", false, HTTP_LENGTH},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, HTTP_NO_BODY},
	{"HTTP/1.1 200 OK\r\n\r\n", false, HTTP_UNTIL_CLOSE},
	{"HTTP/1.0 200 OK\r\n\r\n", false, HTTP_UNTIL_CLOSE},
};

START_TEST(reply_framing)
{
	const struct framing_case *at = &framings[_i];
	struct http_head head;
	struct http_fault fault;
	ck_assert(http_head_parse_reply(span_of(at->head), &head, &fault));
	struct http_body body = http_body_of_reply(&head, at->to_head);
	ck_assert_int_eq((int)body.framing, (int)at->framing);
	ck_assert(body.ended == (at->framing == HTTP_NO_BODY));
}
END_TEST

/* Extensions and trailers without end are refused. */
START_TEST(endless_lines)
{
	static const char *const starts[] = {"5;", "0\r\nA: ", "0\r\n"};
	static const char *const repeats[] = {"x", "x", "A: b\r\n"};
	struct http_head head;
	struct http_fault fault;
	ck_assert(
		http_head_parse_request(span_of("P / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), &head, &fault));
	for (int i = 0; i < 3; i++) {
		CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT(200000);
		CLEANUP_BUFFER struct buffer payload = BUFFER_INIT(16);
		buffer_append_text(&bytes, starts[i]);
		while (bytes.length < 70000) {
			buffer_append_text(&bytes, repeats[i]);
		}
		size_t used;
		ck_assert_int_eq(feed(http_body_of_request(&head), buffer_span(&bytes), 0, &used, &payload), HTTP_BAD);
		ck_assert_uint_le(used, 65600);
	}
}
END_TEST

Suite *body_suite(void)
{
	Suite *suite = suite_create("http_body");
	TCase *tests = tcase_create("bodies");
	tcase_add_loop_test(tests, bodies, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tests, reply_framing, 0, (int)(sizeof(framings) / sizeof(framings[0])));
	tcase_add_test(tests, endless_lines);
	suite_add_tcase(suite, tests);
	return suite;
}
