/* The mirror: every copy is answered with 204, whatever becomes of it; what is captured, and that accounts tie out. */
#include "harness/base/clock.h"
#include "tests/tap/reply.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static int client;

static void setup(void)
{
	rig_prepare(&rig);
	rig.kind = TAP_MIRROR;
	rig.match_path = "/route";
	client = -1;
}

static void start(void)
{
	rig_start_with(&rig);
	client = rig_connect(&rig);
}

static void teardown(void)
{
	close(client);
	rig_finish(&rig);
}

static void want_204(const char *head)
{
	struct reply reply;
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 204);
	ck_assert_str_eq(reply.head, head);
}

static struct spooled stop_and_read(void (*check)(const struct spool_exchange *, void *), void *context)
{
	close(client);
	client = -1;
	ck_assert(!rig_has_connection(&rig)); /* a mirror has no legacy side */
	rig_stop(&rig);
	return rig_read_spool(&rig, check, context);
}

#define FIELDS "Host: shop-shadow\r\nX-Request-Id: 7\r\n"

static void check_copy(const struct spool_exchange *exchange, void *context)
{
	const char *fields = context;
	ck_assert(!exchange->is_outcome);
	ck_assert(span_is(exchange->interface, "orders"));
	ck_assert(span_is(exchange->method, "POST"));
	ck_assert(span_is(exchange->target, "/route?x=1"));
	ck_assert(span_is(exchange->request_head, fields));
	ck_assert(span_is(exchange->request_body, "abcdef"));
	ck_assert_int_eq(exchange->legacy_outcome, LEGACY_AWAITED);
	ck_assert_int_eq(exchange->legacy_status, 0);
	ck_assert_int_eq(exchange->legacy_latency_us, -1);
	ck_assert_int_eq(exchange->answered_at, 0);
	ck_assert_uint_eq(exchange->reply_head.length + exchange->reply_body.length, 0);
	ck_assert_uint_eq(exchange->correlation_key.length + exchange->idempotency_key.length, 0);
}

struct script {
	const char *request;
	const char *fields;     /* captured */
	const char *reply_head; /* without Date */
	bool closes;
};

#define LINE "POST /route?x=1 HTTP/1.1\r\n"
#define CHUNKS "Transfer-Encoding: chunked\r\n"

/* Each whole, and cut at every byte. */
static const struct script scripts[] = {
	{LINE FIELDS "Content-Length: 6\r\n\r\nabcdef", FIELDS "Content-Length: 6\r\n", "", false},
	{LINE FIELDS CHUNKS "\r\n3\r\nabc\r\n3;x\r\ndef\r\n0\r\nT: 1\r\n\r\n", FIELDS CHUNKS, "", false},
	{LINE FIELDS "Connection: close\r\nContent-Length: 6\r\n\r\nabcdef",
	 FIELDS "Connection: close\r\nContent-Length: 6\r\n", "Connection: close\r\n", true},
	/* as nginx mirrors */
	{"POST /route?x=1 HTTP/1.0\r\n" FIELDS "Content-Length: 6\r\n\r\nabcdef", FIELDS "Content-Length: 6\r\n",
	 "Connection: close\r\n", true},
	{"\r\n" LINE "Host: h\nContent-Length: 6\n\nabcdef", "Host: h\r\nContent-Length: 6\r\n", "", false},
};

enum { SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

START_TEST(copies)
{
	const struct script *script = &scripts[_i];
	size_t length = strlen(script->request);
	start();
	for (size_t cut = 0; cut < length; cut++) {
		put_bytes(client, (struct span){script->request, cut});
		if (cut > 0) {
			usleep(200);
		}
		put_bytes(client, (struct span){script->request + cut, length - cut});
		want_204(script->reply_head);
		if (script->closes) {
			want_end(client);
			close(client);
			client = rig_connect(&rig);
		}
	}
	char fields[256];
	snprintf(fields, sizeof(fields), "%s", script->fields);
	ck_assert_uint_eq(stop_and_read(check_copy, fields).count, length);
}
END_TEST

START_TEST(others_are_answered_and_not_captured)
{
	static const char *const requests[] = {
		"POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		"GET /route HTTP/1.1\r\nHost: h\r\n\r\n",
		"HEAD /route HTTP/1.1\r\nHost: h\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	};
	start();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		put(client, requests[i]);
		want_204("");
	}
	rig_switch_passthrough(&rig);
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\n\r\n");
	want_204("");
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 0);
}
END_TEST

static void check_order(const struct spool_exchange *exchange, void *context)
{
	int *next = context;
	ck_assert_int_eq(atoi(exchange->request_body.data), (*next)++);
}

START_TEST(pipelined)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	start();
	for (int i = 0; i < 100; i++) {
		buffer_append_format(&text, "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n%03d", i);
	}
	put_bytes(client, buffer_span(&text));
	for (int i = 0; i < 100; i++) {
		want_204("");
	}
	int next = 0;
	ck_assert_uint_eq(stop_and_read(check_order, &next).count, 100);
}
END_TEST

START_TEST(expect_continue)
{
	struct reply reply;
	start();
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	take_reply(client, &reply, true);
	ck_assert_int_eq(reply.status, 100);
	want_nothing(client, 50);
	put(client, "abc");
	want_204("");
	/* the body came along: nobody waits for the interim reply (RFC 9110 section 10.1.1) */
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
	want_204("");
	/* a client of HTTP/1.0 is sent none */
	put(client, "POST /route HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	want_nothing(client, 50);
	put(client, "abc");
	want_204("Connection: close\r\n");
	ck_assert_uint_eq(stop_and_read(NULL, NULL).count, 3);
}
END_TEST

START_TEST(too_large_is_204_and_counted)
{
	rig.capture_max = 2048;
	start();
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
	memset(buffer_reserve(&text, 500000), 'x', 500000);
	text.length += 500000;
	put_bytes(client, buffer_span(&text));
	want_204("");
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\n\r\n");
	want_204("");
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.dropped[DROP_TOO_LARGE], 1);
}
END_TEST

START_TEST(no_room_is_204_and_counted)
{
	rig.ring_capacity = 1 << 20;
	start();
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n");
	memset(buffer_reserve(&text, 400000), 'x', 400000);
	text.length += 400000;
	for (int i = 0; i < 30; i++) {
		put_bytes(client, buffer_span(&text));
		want_204("");
	}
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.seen, 30);
	uint64_t dropped = spooled.dropped[DROP_RING_FULL] + spooled.dropped[DROP_CAPTURE_REDUCED];
	ck_assert_uint_eq(spooled.count + dropped, 30);
	ck_assert_uint_ge(spooled.count, 2);
}
END_TEST

/* A request whose head the tap has taken, as its interim reply says. */
static void begin_copy(int length)
{
	struct reply reply;
	char text[256];
	snprintf(text, sizeof(text),
		 "POST /route HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", length);
	put(client, text);
	take_reply(client, &reply, true);
	ck_assert_int_eq(reply.status, 100);
}

START_TEST(a_copy_that_breaks_off_is_counted)
{
	start();
	begin_copy(10);
	reset_and_close(client);
	client = rig_connect(&rig);
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
	shutdown(client, SHUT_WR);
	want_end(client);
	close(client);
	client = rig_connect(&rig);
	put(client, "POST /route HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n");
	want(client, "HTTP/1.1 400 Bad Request\r\n");
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.count, 0);
	ck_assert_uint_eq(spooled.dropped[DROP_CLIENT_ABORTED], 3);
}
END_TEST

/* The commit stands before the answer: the client looks into the ring itself. */
START_TEST(commit_comes_before_the_answer)
{
	start();
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(rig.ring, rig.ring_capacity, RING_CONSUMER, &err);
	ck_assert_msg(ring != NULL, "%s", err.message);
	for (uint64_t i = 1; i <= 500; i++) {
		struct spool_accounts accounts;
		put(client, "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
		want_204("");
		ck_assert(ring_read_account(ring, 0, &accounts));
		ck_assert_uint_eq(accounts.committed, i);
		ck_assert_uint_eq(accounts.in_flight, 0);
	}
	ring_close(ring);
}
END_TEST

START_TEST(stop_finishes_open_copies)
{
	start();
	int idle = rig_connect(&rig);
	begin_copy(6);
	put(client, "abc");
	kill(rig.tap, SIGTERM);
	want_end(idle);
	put(client, "def");
	want_204("Connection: close\r\n");
	want_end(client);
	close(idle);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).count, 1);
}
END_TEST

Suite *receive_suite(void)
{
	Suite *suite = suite_create("receive");
	TCase *tests = tcase_create("mirror");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, copies, 0, SCRIPTS);
	tcase_add_test(tests, others_are_answered_and_not_captured);
	tcase_add_test(tests, pipelined);
	tcase_add_test(tests, expect_continue);
	tcase_add_test(tests, too_large_is_204_and_counted);
	tcase_add_test(tests, no_room_is_204_and_counted);
	tcase_add_test(tests, a_copy_that_breaks_off_is_counted);
	tcase_add_test(tests, commit_comes_before_the_answer);
	tcase_add_test(tests, stop_finishes_open_copies);
	suite_add_tcase(suite, tests);
	return suite;
}
