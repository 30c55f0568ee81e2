/* What the spool holds afterwards, and that the accounts tie out. */
#include "harness/base/clock.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;

static void setup(void)
{
	rig_prepare(&rig);
}

static void setup_over_tls(void)
{
	setup();
	rig_secure(&rig);
}

static void teardown(void)
{
	rig_finish(&rig);
}

static void check_whole(const struct spool_exchange *exchange, void *context)
{
	const int64_t *times = context; /* before, after */
	ck_assert(span_is(exchange->interface, "orders"));
	ck_assert(span_is(exchange->method, "POST"));
	ck_assert(span_is(exchange->target, "/route?x=1"));
	ck_assert(
		span_is(exchange->request_head, "Host: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"));
	ck_assert(span_is(exchange->request_body, "abcdef"));
	ck_assert_int_eq(exchange->legacy_status, 422);
	ck_assert_int_eq(exchange->legacy_outcome, -1);
	ck_assert(span_is(exchange->reply_head, "X: y\r\nTransfer-Encoding: chunked\r\n"));
	ck_assert(span_is(exchange->reply_body, "refused"));
	ck_assert_uint_eq(exchange->candidate_reply.length, 0);
	ck_assert(exchange->captured_at >= times[0] && exchange->captured_at <= times[1]);
	/* the legacy system was made to wait 50 ms */
	ck_assert(exchange->legacy_latency_us >= 50000 && exchange->legacy_latency_us < 2000000);
}

START_TEST(whole_exchange)
{
	rig.match_path = "/route";
	rig_start_with(&rig);
	int64_t times[2] = {clock_now(), 0};
	int client = rig_connect(&rig);
	put(client,
	    "POST /route?x=1 HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n");
	int legacy = rig_accept(&rig);
	want(legacy, "POST /route?x=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	put(client, "3\r\ndef\r\n0\r\nT: 1\r\n\r\n");
	want(legacy, "3\r\ndef\r\n0\r\nT: 1\r\n\r\n");
	times[1] = clock_now();
	usleep(50000);
	put(legacy, "HTTP/1.1 422 No\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nrefused\r\n0\r\n\r\n");
	want(client, "HTTP/1.1 422 No\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nrefused\r\n0\r\n\r\n");
	/* neither other paths nor other methods are captured */
	put(client, "POST /other HTTP/1.1\r\n\r\n");
	want(legacy, "POST /other HTTP/1.1\r\n\r\n");
	put(legacy, "HTTP/1.1 204 N\r\n\r\n");
	want(client, "HTTP/1.1 204 N\r\n\r\n");
	put(client, "GET /route HTTP/1.1\r\n\r\n");
	want(legacy, "GET /route HTTP/1.1\r\n\r\n");
	put(legacy, "HTTP/1.1 204 N\r\n\r\n");
	want(client, "HTTP/1.1 204 N\r\n\r\n");
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, check_whole, times);
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.seen, 1);
}
END_TEST

static void check_until_close(const struct spool_exchange *exchange, void *context)
{
	(void)context;
	ck_assert(span_is(exchange->reply_body, "stream"));
	ck_assert(span_is(exchange->reply_head, ""));
}

START_TEST(reply_until_close)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, "POST / HTTP/1.1\r\n\r\n");
	int legacy = rig_accept(&rig);
	want(legacy, "POST / HTTP/1.1\r\n\r\n");
	put(legacy, "HTTP/1.1 200 OK\r\n\r\nstream");
	close(legacy);
	want(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstream");
	want_end(client);
	close(client);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, check_until_close, NULL).count, 1);
}
END_TEST

/* method 4, target 6, fields 28, body; reply fields 19, body 2 */
enum { SMALL_EXCHANGE = 4 + 6 + 28 + 3 + 19 + 2 };

START_TEST(capture_limit_is_exact)
{
	rig.capture_max = SMALL_EXCHANGE;
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "abc");
	exchange_once(&rig, client, &legacy, "abcd");
	exchange_once(&rig, client, &legacy, "abc");
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.count, 2);
	ck_assert_uint_eq(spooled.dropped[DROP_TOO_LARGE], 1);
}
END_TEST

START_TEST(passthrough_switch)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "1");
	rig_switch_passthrough(&rig);
	exchange_once(&rig, client, &legacy, "2");
	rig_switch_passthrough(&rig);
	exchange_once(&rig, client, &legacy, "3");
	close(client);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).seen, 2);
}
END_TEST

/* Nobody can write the spool (a file stands in its place): the ring fills, drops are counted, replies go on. */
START_TEST(ring_full)
{
	rig.ring_capacity = 1 << 20;
	rig.capture_floor = 40; /* so that capture is not reduced before the ring is full */
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	CLEANUP_BUFFER struct buffer body = BUFFER_INIT(200000);
	while (body.length < 100000) {
		buffer_append_text(&body, "0123456789");
	}
	/* 1,000,000 bytes at once, while the drainer sleeps or not: at most ten fit, what does not is counted */
	for (int i = 0; i < 40; i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(200000);
		buffer_append_format(&text, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s", body.length, body.data);
		put_bytes(client, buffer_span(&text));
		legacy = legacy < 0 ? rig_accept(&rig) : legacy;
		for (size_t have = 0; have < text.length;) {
			char got[65536];
			ssize_t count = recv(legacy, got, sizeof(got), 0);
			ck_assert_int_gt((int)count, 0);
			have += (size_t)count;
		}
		put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.seen, 40);
	ck_assert_uint_eq(spooled.count + spooled.dropped[DROP_RING_FULL], 40);
	ck_assert_uint_ge(spooled.count, 9);
}
END_TEST

struct seen {
	bool numbers[2000];
};

static void note_number(const struct spool_exchange *exchange, void *context)
{
	struct seen *seen = context;
	int number = 0;
	for (size_t i = 0; i < exchange->request_body.length; i++) {
		number = number * 10 + (exchange->request_body.data[i] - '0');
	}
	ck_assert(number >= 0 && number < 2000 && !seen->numbers[number]);
	seen->numbers[number] = true;
}

/* Invariant 3: what the client has received in full is in the ring or the spool, wherever the kill hits. */
START_TEST(kill_loses_nothing_received)
{
	rig_start_with(&rig);
	static struct seen received;
	static struct seen stored;
	memset(&received, 0, sizeof(received));
	memset(&stored, 0, sizeof(stored));
	int number = 0;
	for (int life = 0; life < 5; life++) {
		int client = rig_connect(&rig);
		int waiting = rig_connect(&rig);
		int legacy = -1;
		int until = number + 37 * (life + 1);
		for (; number < until; number++) {
			char body[16];
			snprintf(body, sizeof(body), "%d", number);
			exchange_once(&rig, client, &legacy, body);
			received.numbers[number] = true;
		}
		/* one in flight: its reply is there but for the last byte */
		put(waiting, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n1999");
		want(legacy, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n1999");
		put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab");
		want(waiting, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab");
		rig_kill(&rig);
		close(client);
		close(waiting);
		close(legacy);
		rig_restart(&rig);
	}
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, note_number, &stored);
	for (int i = 0; i < number; i++) {
		ck_assert_msg(stored.numbers[i] == received.numbers[i], "%d", i);
	}
	ck_assert(!stored.numbers[1999]);
	ck_assert_uint_eq(spooled.dropped[DROP_TAP_KILLED], 5);
	ck_assert_uint_eq(spooled.count, (uint64_t)number);
	ck_assert_uint_eq(spooled.in_flight, 0);
}
END_TEST

/* The very moment the last byte is there, the commit is too: the client looks into the ring itself. */
START_TEST(commit_comes_before_the_last_byte)
{
	rig_start_with(&rig);
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(rig.ring, rig.ring_capacity, RING_CONSUMER, &err);
	ck_assert_msg(ring != NULL, "%s", err.message);
	int client = rig_connect(&rig);
	int legacy = -1;
	for (uint64_t i = 1; i <= 3000; i++) {
		exchange_once(&rig, client, &legacy, "x");
		struct spool_accounts accounts;
		ck_assert(ring_read_account(ring, 0, &accounts));
		ck_assert_uint_eq(accounts.committed, i);
		ck_assert_uint_eq(accounts.in_flight, 0);
	}
	ring_close(ring);
	close(client);
	close(legacy);
}
END_TEST

/* The same for a reply that ends with its connection: the death of the tap does not look like its end. */
START_TEST(kill_does_not_end_a_reply)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, "POST / HTTP/1.1\r\n\r\n");
	int legacy = rig_accept(&rig);
	want(legacy, "POST / HTTP/1.1\r\n\r\n");
	put(legacy, "HTTP/1.1 200 OK\r\n\r\nall of it");
	want(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
	rig_kill(&rig);
	want_reset(client);
	close(client);
	close(legacy);
	rig_restart(&rig);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.count, 0);
	ck_assert_uint_eq(spooled.dropped[DROP_TAP_KILLED], 1);
}
END_TEST

/* Stopped with an exchange open: the exchange is finished, new clients are not taken, the reply says close. */
START_TEST(stop_finishes_open_exchanges)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int idle = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, idle, &legacy, "x");
	put(client, "POST / HTTP/1.1\r\n\r\n");
	want(legacy, "POST / HTTP/1.1\r\n\r\n");
	kill(rig.tap, SIGTERM);
	want_end(idle);
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	want_end(client);
	close(client);
	close(idle);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 2);
}
END_TEST

static void check_fields(const struct spool_exchange *exchange, void *context)
{
	(void)context;
	ck_assert(span_is(exchange->request_head, "Host: h\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 1\r\n"));
}

/* The legacy system is told who sent the message; the copy is what the client sent. */
START_TEST(forwarded_fields_are_not_captured)
{
	rig.forwarded = true;
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	char expected[256];
	snprintf(expected, sizeof(expected),
		 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n"
		 "X-Forwarded-Proto: %s\r\nX-Forwarded-Host: h\r\n\r\nx",
		 rig.tls != NULL ? "https" : "http");
	for (int i = 0; i < 2; i++) {
		put(client, "POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 1\r\n\r\nx");
		legacy = legacy < 0 ? rig_accept(&rig) : legacy;
		want(legacy, expected);
		put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
	close(client);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, check_fields, NULL).count, 2);
}
END_TEST

static TCase *capture_tests(const char *name, void (*prepare)(void))
{
	TCase *tests = tcase_create(name);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, prepare, teardown);
	tcase_add_test(tests, whole_exchange);
	tcase_add_test(tests, reply_until_close);
	tcase_add_test(tests, capture_limit_is_exact);
	tcase_add_test(tests, passthrough_switch);
	tcase_add_test(tests, ring_full);
	tcase_add_test(tests, kill_loses_nothing_received);
	tcase_add_test(tests, commit_comes_before_the_last_byte);
	tcase_add_test(tests, kill_does_not_end_a_reply);
	tcase_add_test(tests, stop_finishes_open_exchanges);
	tcase_add_test(tests, forwarded_fields_are_not_captured);
	return tests;
}

Suite *capture_suite(void)
{
	Suite *suite = suite_create("capture");
	suite_add_tcase(suite, capture_tests("plain", setup));
	suite_add_tcase(suite, capture_tests("over TLS", setup_over_tls));
	return suite;
}
