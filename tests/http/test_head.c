/* Heads: expectations are RFC 9110 and 9112, section by section. */
#include "harness/base/hash.h"
#include "harness/http/head.h"
#include "tests/http/suites.h"

#include <stdlib.h>

struct request_case {
	const char *head;
	int status; /* of the refusal; 0: taken */
};

static const struct request_case request_cases[] = {
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"GET / HTTP/1.1\r\n\r\n", 0},
	{"GET / HTTP/1.0\r\n\r\n", 0},
	{"GET / HTTP/1.1\nHost: a\n\n", 0},
	{"POST /a?b=c HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0},
	{"POST / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", 0},
	{"POST / HTTP/1.1\r\nTransfer-Encoding:chunked\r\n\r\n", 0},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: \tCHUNKED \r\n\r\n", 0},
	{"M-SEARCH * HTTP/1.1\r\n\r\n", 0},
	{"GET http://a/b HTTP/1.1\r\n\r\n", 0},
	{"GET / HTTP/1.1\r\nX:\r\n\r\n", 0},
	{"GET / HTTP/1.1\r\nX: caf\xc3\xa9\r\n\r\n", 0},
	/* message framing that two readers could see differently (9112 section 6.3, 11.2) */
	{"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 5,6\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: \x0b"
	 "chunked\r\n\r\n",
	 501},
	{"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n", 501},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n Content-Length: 5\r\n\r\n", 400},
	/* folded lines (5.2), lone CR (2.2), NUL is in its own test */
	{"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX: a\r\r\n\r\n", 400},
	{"GET /\r HTTP/1.1\r\n\r\n", 400},
	/* field and start lines */
	{"GET / HTTP/1.1\r\nX\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n: a\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX Y: a\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX\x80: a\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
	{"GET /\r\n\r\n", 400},
	{"GET  HTTP/1.1\r\n\r\n", 400},
	{"GET / a HTTP/1.1\r\n\r\n", 400},
	{"G(T / HTTP/1.1\r\n\r\n", 400},
	{"GET / HTTP/1.1 \r\n\r\n", 400},
	{"GET / http/1.1\r\n\r\n", 400},
	{"GET / HTTP/2.0\r\n\r\n", 505},
	{"GET / HTTP/1.2\r\n\r\n", 505},
	{"PRI * HTTP/2.0\r\n\r\n", 505},
	{"CONNECT a:443 HTTP/1.1\r\n\r\n", 501},
	{"\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nConnection: a,b,c,d,e,f,g,h,close,host\r\n\r\n", 0},
	{"GET / HTTP/1.1\r\nConnection: a,b,c,d,e,f,g,h,i\r\n\r\n", 400},
};

static bool parse_request(struct span text, struct http_head *head, int *status)
{
	struct http_fault fault = {.status = 0};
	bool done = http_head_parse_request(text, head, &fault);
	*status = done ? 0 : fault.status;
	return done;
}

START_TEST(requests)
{
	const struct request_case *at = &request_cases[_i];
	struct http_head head;
	int status;
	size_t scanned = 0;
	ck_assert_uint_eq(http_head_find_end(span_of(at->head), &scanned), strlen(at->head));
	parse_request(span_of(at->head), &head, &status);
	ck_assert_msg(status == at->status, "%d instead of %d: %s", status, at->status, at->head);
}
END_TEST

struct reply_case {
	const char *head;
	int status; /* 0: refused */
	bool chunked;
	int64_t length; /* -1: none */
};

static const struct reply_case reply_cases[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", 200, false, 12},
	{"HTTP/1.1 200\r\n\r\n", 200, false, -1},
	{"HTTP/1.1 200 \r\n\r\n", 200, false, -1},
	{"HTTP/1.0 404 Not Found\r\n\r\n", 404, false, -1},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, true, -1},
	{"HTTP/1.1 200 OK\r\nServer : x\r\n\r\n", 200, false, -1},
	{"HTTP/1.1 200 OK\r\nHost: a\r\nHost: b\r\n\r\n", 200, false, -1},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 0, false, -1},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 0, false, -1},
	{"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", 0, false, -1},
	{"HTTP/1.1 20 OK\r\n\r\n", 0, false, -1},
	{"HTTP/1.1 2000 OK\r\n\r\n", 0, false, -1},
	{"HTTP/1.1 099 OK\r\n\r\n", 0, false, -1},
	{"HTTP/2 200\r\n\r\n", 0, false, -1},
	{"ICY 200 OK\r\n\r\n", 0, false, -1},
	{"{\"a\": 1}\n\n", 0, false, -1},
};

START_TEST(replies)
{
	const struct reply_case *at = &reply_cases[_i];
	struct http_head head;
	struct http_fault fault = {.status = 0};
	bool done = http_head_parse_reply(span_of(at->head), &head, &fault);
	ck_assert_msg(done == (at->status != 0), "%s", at->head);
	if (done) {
		ck_assert_int_eq(head.status, at->status);
		ck_assert_int_eq(head.chunked, at->chunked);
		ck_assert_int_eq(head.has_length ? (int64_t)head.length : -1, at->length);
	} else {
		ck_assert_int_eq(fault.status, 502);
	}
}
END_TEST

START_TEST(nul_is_refused)
{
	static const char head[] = "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n";
	struct http_head parsed;
	int status;
	ck_assert(!parse_request((struct span){head, sizeof(head) - 1}, &parsed, &status));
	ck_assert_int_eq(status, 400);
}
END_TEST

/* The end is found at the same byte however the head is cut. */
START_TEST(end_byte_by_byte)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next",
		"GET / HTTP/1.1\nHost: a\n\nrest",
		"GET / HTTP/1.1\r\nA: b\n\r\nrest",
		"GET / HTTP/1.1\r\nA: \r\r\n\n\r\nrest",
	};
	static const size_t ends[] = {27, 24, 23, 23};
	for (size_t i = 0; i < 4; i++) {
		size_t scanned = 0;
		size_t length = strlen(heads[i]);
		for (size_t known = 0; known <= length; known++) {
			size_t end = http_head_find_end((struct span){heads[i], known}, &scanned);
			ck_assert_uint_eq(end, known < ends[i] ? 0 : ends[i]);
			if (end > 0) {
				break;
			}
		}
	}
}
END_TEST

START_TEST(first_bytes)
{
	ck_assert(http_head_may_be_request(span_of("")));
	ck_assert(http_head_may_be_request(span_of("PO")));
	ck_assert(http_head_may_be_request(span_of("POST \x01")));
	ck_assert(!http_head_may_be_request(span_of(" GET")));
	ck_assert(!http_head_may_be_request(span_of("\x16\x03\x01")));
	ck_assert(!http_head_may_be_request(span_of("{\"a\"")));
	ck_assert(!http_head_may_be_request(span_of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
}
END_TEST

struct rewrite_case {
	const char *from;
	const char *to;
	bool add_close;
	bool keep_upgrade;
};

static const struct rewrite_case rewrite_cases[] = {
	{"GET /a HTTP/1.1\r\nhost: x\r\nB: 1\r\nA: 2\r\nB: 3\r\n\r\n",
	 "GET /a HTTP/1.1\r\nhost: x\r\nB: 1\r\nA: 2\r\nB: 3\r\n\r\n", false, false},
	{"GET / HTTP/1.1\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nX: a\r\n\r\n", "GET / HTTP/1.1\r\nX: a\r\n\r\n",
	 false, false},
	{"GET / HTTP/1.1\r\nTE: trailers\r\nProxy-Connection: close\r\nTrailer: X\r\n\r\n",
	 "GET / HTTP/1.1\r\nTrailer: X\r\n\r\n", false, false},
	{"GET / HTTP/1.1\r\nConnection: a, close ,B\r\nA: 1\r\nb: 2\r\nC: 3\r\n\r\n", "GET / HTTP/1.1\r\nC: 3\r\n\r\n",
	 false, false},
	{"GET / HTTP/1.1\r\nConnection: host, content-length\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", false, false},
	{"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", false, false},
	{"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	 "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", false, true},
	{"GET / HTTP/1.1\nA: 1\nB:2\n\n", "GET / HTTP/1.1\r\nA: 1\r\nB:2\r\n\r\n", false, false},
	{"GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
	 "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", false, false},
	{"GET / HTTP/1.0\r\nA: 1\r\n\r\n", "GET / HTTP/1.0\r\nA: 1\r\n\r\n", false, false},
	{"HTTP/1.0 200 Fine\r\nConnection: close\r\nServer : x\r\n\r\n",
	 "HTTP/1.1 200 Fine\r\nServer: x\r\nConnection: close\r\n\r\n", true, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n", false, false},
};

START_TEST(rewrites)
{
	const struct rewrite_case *at = &rewrite_cases[_i];
	struct http_head head;
	struct http_fault fault;
	bool is_reply = at->from[0] == 'H';
	ck_assert(is_reply ? http_head_parse_reply(span_of(at->from), &head, &fault)
			   : http_head_parse_request(span_of(at->from), &head, &fault));
	CLEANUP_BUFFER struct buffer out = BUFFER_INIT(4096);
	http_head_write(&head, (struct http_rewrite){.add_close = at->add_close, .keep_upgrade = at->keep_upgrade},
			&out);
	ck_assert_str_eq(out.data, at->to);
}
END_TEST

struct forwarded_case {
	const char *from;
	const char *to;
	const char *address;
	bool https;
};

static const struct forwarded_case forwarded_cases[] = {
	/* nothing there yet */
	{"GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: a.example:8080\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n"
	 "X-Forwarded-Host: a.example:8080\r\n\r\n",
	 "192.0.2.1", false},
	/* HTTP/1.0 without Host; IPv6 without brackets; https */
	{"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n\r\n",
	 "2001:db8::1", true},
	/* another proxy was there: its words stay, our address comes last */
	{"GET / HTTP/1.1\r\nx-forwarded-for: 203.0.113.9\r\nHost: b\r\nX-Forwarded-Proto: https\r\n"
	 "X-FORWARDED-HOST: a\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-Proto: https\r\nX-FORWARDED-HOST: a\r\n"
	 "X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n\r\n",
	 "192.0.2.1", false},
	/* several lines, an empty one among them, and values that are no addresses */
	{"GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nHost: b\r\nX-Forwarded-For:\r\n"
	 "X-Forwarded-For:  <script>, unknown,  \r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, <script>, unknown,, 192.0.2.1\r\n"
	 "X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\n\r\n",
	 "192.0.2.1", false},
	/* a client that has the fields taken away as those of one hop takes away its own */
	{"GET / HTTP/1.1\r\nHost: b\r\nConnection: x-forwarded-for, X-Forwarded-Proto, x-forwarded-host\r\n"
	 "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n"
	 "X-Forwarded-Host: b\r\n\r\n",
	 "192.0.2.1", false},
};

START_TEST(forwarded)
{
	const struct forwarded_case *at = &forwarded_cases[_i];
	struct http_head head;
	int status;
	CLEANUP_BUFFER struct buffer target = BUFFER_INIT(HTTP_HEAD_MAX);
	struct http_forwarded sender = {.address = span_of(at->address), .https = at->https};
	ck_assert(parse_request(span_of(at->from), &head, &status));
	http_head_write(&head, (struct http_rewrite){.forwarded = &sender}, &target);
	ck_assert_str_eq(target.data, at->to);
}
END_TEST

START_TEST(connection_options)
{
	struct http_head head;
	int status;
	ck_assert(parse_request(span_of("GET / HTTP/1.1\r\nConnection: Keep-Alive\r\nConnection: x,CLOSE\r\n\r\n"),
				&head, &status));
	ck_assert(head.close);
	ck_assert(!head.websocket);
	ck_assert(parse_request(span_of("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"), &head,
				&status));
	ck_assert(head.websocket);
	ck_assert(parse_request(span_of("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), &head, &status));
	ck_assert(!head.websocket);
}
END_TEST

START_TEST(target_paths)
{
	static const char *const cases[][2] = {
		{"/route", "/route"},     {"/route?a=/b", "/route"}, {"http://h:1/route?x", "/route"}, {"*", "*"},
		{"http://h", "http://h"}, {"/a?u=http://b/c", "/a"}, {"https://h/a/b", "/a/b"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span path = http_target_path(span_of(cases[i][0]));
		ck_assert_msg(span_is(path, cases[i][1]), "%s: %.*s", cases[i][0], SPAN_ARGUMENTS(path));
	}
}
END_TEST

/* What may hold of any bytes: nothing crashes, and what is accepted is accepted again, unchanged, when written on. */
static void check_any_head(struct span text)
{
	struct http_head head;
	struct http_fault fault = {.status = 0};
	bool is_request = http_head_parse_request(text, &head, &fault);
	if (!is_request && !http_head_parse_reply(text, &head, &fault)) {
		ck_assert(fault.status >= 400 && fault.text != NULL);
		return;
	}
	ck_assert(!(head.chunked && head.has_length));
	CLEANUP_BUFFER struct buffer once = BUFFER_INIT(16384);
	CLEANUP_BUFFER struct buffer twice = BUFFER_INIT(16384);
	http_head_write(&head, (struct http_rewrite){.add_close = false}, &once);
	struct http_head again;
	ck_assert(is_request ? http_head_parse_request(buffer_span(&once), &again, &fault)
			     : http_head_parse_reply(buffer_span(&once), &again, &fault));
	ck_assert(again.chunked == head.chunked && again.has_length == head.has_length);
	ck_assert(!again.has_length || again.length == head.length);
	http_head_write(&again, (struct http_rewrite){.add_close = false}, &twice);
	ck_assert(span_equal(buffer_span(&once), buffer_span(&twice)));
}

static void mutate(char *text, size_t *length, size_t capacity, uint64_t *seed)
{
	static const char spice[] = "\r\n\n\r \t:,;\0HTTP/1.1chunkedContent-Length5x\x80\xff";
	uint64_t random = random_next(seed);
	size_t at = *length > 0 ? random % *length : 0;
	char byte = spice[(random >> 32) % (sizeof(spice) - 1)];
	if ((random >> 16) % 3 == 0) {
		text[at] = byte;
	} else if ((random >> 16) % 3 == 1 && *length < capacity) {
		memmove(text + at + 1, text + at, *length - at);
		text[at] = byte;
		(*length)++;
	} else if (*length > 1) {
		memmove(text + at, text + at + 1, *length - at - 1);
		(*length)--;
	}
}

START_TEST(mutated_heads)
{
	uint64_t seed = 20261121;
	size_t request_count = sizeof(request_cases) / sizeof(request_cases[0]);
	for (int round = 0; round < 200000; round++) {
		uint64_t pick = random_next(&seed);
		const char *from = pick % 4 != 0 ? request_cases[(pick >> 8) % request_count].head
						 : rewrite_cases[(pick >> 8) % 12].from;
		char text[256];
		size_t length = strlen(from);
		memcpy(text, from, length);
		for (uint64_t edits = pick >> 40 & 7; edits > 0; edits--) {
			mutate(text, &length, sizeof(text), &seed);
		}
		/* an exact allocation, so that the sanitizer sees the first byte read too far */
		char *exact = malloc(length > 0 ? length : 1);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, text, length);
		size_t scanned = 0;
		size_t end = http_head_find_end((struct span){exact, length}, &scanned);
		ck_assert_uint_le(end, length);
		if (end > 0) {
			check_any_head((struct span){exact, end});
		}
		(void)http_head_may_be_request((struct span){exact, length});
		free(exact);
	}
}
END_TEST

Suite *head_suite(void)
{
	Suite *suite = suite_create("http_head");
	TCase *tests = tcase_create("heads");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, requests, 0, (int)(sizeof(request_cases) / sizeof(request_cases[0])));
	tcase_add_loop_test(tests, replies, 0, (int)(sizeof(reply_cases) / sizeof(reply_cases[0])));
	tcase_add_loop_test(tests, rewrites, 0, (int)(sizeof(rewrite_cases) / sizeof(rewrite_cases[0])));
	tcase_add_loop_test(tests, forwarded, 0, (int)(sizeof(forwarded_cases) / sizeof(forwarded_cases[0])));
	tcase_add_test(tests, nul_is_refused);
	tcase_add_test(tests, end_byte_by_byte);
	tcase_add_test(tests, first_bytes);
	tcase_add_test(tests, connection_options);
	tcase_add_test(tests, target_paths);
	tcase_add_test(tests, mutated_heads);
	suite_add_tcase(suite, tests);
	return suite;
}
