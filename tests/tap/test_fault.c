/* What goes wrong between client and legacy system, and what the client sees of it. */
#include "harness/base/clock.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig rig;

#define HEAD "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
#define POST HEAD "abc"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void setup(void)
{
	rig_prepare(&rig);
	rig.legacy_timeout_ms = 2000;
	rig_start_with(&rig);
}

static void setup_over_tls(void)
{
	rig_prepare(&rig);
	rig_secure(&rig);
	rig.legacy_timeout_ms = 2000; /* above what a busy machine takes for a handshake */
	rig_start_with(&rig);
}

static void teardown(void)
{
	rig_finish(&rig);
}

static void want_answer(int client, int status)
{
	char start[32];
	snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
	want(client, start);
	CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
	take_all(client, &rest);
	ck_assert_ptr_nonnull(strstr(rest.data, "Connection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(rest.data, "\r\n\r\nunderstudy tap: "));
}

/* The tap leaves the legacy system in the middle of an exchange; over TLS without the word that would call it whole. */
static void want_abandoned(int legacy)
{
	if (rig.legacy_tls == NULL) {
		want_end(legacy);
	} else {
		want_reset(legacy);
	}
}

static void still_serves(void)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "fine");
	close(client);
	close(legacy);
}

static struct spooled accounts(void)
{
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.in_flight, 0);
	return spooled;
}

struct refusal {
	const char *request;
	int status;
};

static const struct refusal refusals[] = {
	{"\x16\x03\x01\x02", 400},
	{"{\"a\": 1}", 400},
	{"GET\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nX : y\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
};

START_TEST(refused_before_the_legacy_system)
{
	int client = rig_connect(&rig);
	put(client, refusals[_i].request);
	want_answer(client, refusals[_i].status);
	close(client);
	ck_assert(!rig_has_connection(&rig));
	still_serves();
	ck_assert_uint_eq(accounts().seen, 1);
}
END_TEST

START_TEST(head_too_large)
{
	CLEANUP_BUFFER struct buffer head = BUFFER_INIT(200000);
	buffer_append_text(&head, "POST / HTTP/1.1\r\n");
	while (head.length < 70000) {
		buffer_append_text(&head, "X-Filler: 0123456789012345678901234567890123456789\r\n");
	}
	buffer_append_text(&head, "\r\n");
	int client = rig_connect(&rig);
	put_bytes(client, buffer_span(&head));
	want_answer(client, 431);
	close(client);
	still_serves();
}
END_TEST

START_TEST(large_head_is_taken)
{
	CLEANUP_BUFFER struct buffer head = BUFFER_INIT(200000);
	buffer_append_text(&head, "GET / HTTP/1.1\r\n");
	while (head.length < 64000) {
		buffer_append_text(&head, "X: 0123456789012345678901234567890123456789\r\n");
	}
	buffer_append_text(&head, "\r\n");
	int client = rig_connect(&rig);
	put_bytes(client, buffer_span(&head));
	int legacy = rig_accept(&rig);
	CLEANUP_BUFFER struct buffer got = BUFFER_INIT(200000);
	while (got.length < head.length) {
		char *end = buffer_reserve(&got, 65536);
		ssize_t count = recv(legacy, end, 65536, 0);
		ck_assert_int_gt((int)count, 0);
		got.length += (size_t)count;
	}
	ck_assert(span_equal(buffer_span(&got), buffer_span(&head)));
	put(legacy, OK2);
	want(client, OK2);
	close(client);
	close(legacy);
}
END_TEST

START_TEST(bad_chunks_in_the_message)
{
	int client = rig_connect(&rig);
	put(client, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX");
	want_answer(client, 400);
	close(client);
	int legacy = rig_accept(&rig);
	close(legacy);
	still_serves();
	struct spooled spooled = accounts();
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.dropped[DROP_CLIENT_ABORTED], 1);
}
END_TEST

START_TEST(legacy_down)
{
	rig_close_legacy(&rig);
	int client = rig_connect(&rig);
	put(client, POST);
	want_answer(client, 502);
	close(client);
	ck_assert_uint_eq(accounts().dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

START_TEST(legacy_silent)
{
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want(legacy, POST);
	want_answer(client, 504);
	want_abandoned(legacy);
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

struct bad_reply {
	const char *bytes;
	int status; /* 0: a reply has begun and is cut off */
};

static const struct bad_reply bad_replies[] = {
	{"", 502},
	{"HTTP/1.1 200 OK\r\nContent-", 502},
	{"garbage\r\n\r\n", 502},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", 502},
	{"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", 502},
	{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502},
	{"HTTP/1.1 100 Continue\r\n\r\n", 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0},
};

START_TEST(legacy_breaks_off)
{
	const struct bad_reply *at = &bad_replies[_i];
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want(legacy, POST);
	put(legacy, at->bytes);
	close(legacy);
	if (at->status > 0) {
		want_answer(client, at->status);
	} else {
		CLEANUP_BUFFER struct buffer got = BUFFER_INIT(200000);
		take_all(client, &got);
		ck_assert_ptr_null(strstr(got.data, "\r\n0\r\n\r\n"));
	}
	close(client);
	still_serves();
	struct spooled spooled = accounts();
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

/* A reply that ends with its connection must not look complete where the legacy system broke off. */
START_TEST(reset_is_passed_on)
{
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want(legacy, POST);
	put(legacy, "HTTP/1.1 200 OK\r\n\r\npart");
	want(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart");
	reset_and_close(legacy);
	want_reset(client);
	close(client);
	ck_assert_uint_eq(accounts().dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

START_TEST(client_aborts)
{
	int client = rig_connect(&rig);
	put(client, _i == 0 ? HEAD "ab" : POST);
	int legacy = rig_accept(&rig);
	want(legacy, _i == 0 ? HEAD "ab" : POST);
	if (_i == 2) {
		put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
		want(client, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
	}
	if (_i == 0) {
		close(client);
	} else {
		reset_and_close(client);
	}
	want_abandoned(legacy);
	close(legacy);
	still_serves();
	struct spooled spooled = accounts();
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.dropped[DROP_CLIENT_ABORTED], 1);
}
END_TEST

/* The legacy system closed the idle connection: the next request goes out again on a new one, unnoticed. */
START_TEST(stale_connection)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "one");
	if (_i == 0) {
		close(legacy);
	} else {
		reset_and_close(legacy);
	}
	usleep(_i == 2 ? 600000 : 20000);
	legacy = -1;
	exchange_once(&rig, client, &legacy, "two");
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().count, 2);
}
END_TEST

/* The request was read on a reused connection, then it broke: a GET is sent again, a POST never. */
START_TEST(retry_only_what_may_be_repeated)
{
	const char *request = _i == 0 ? "GET /a HTTP/1.1\r\n\r\n" : POST;
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "one");
	put(client, request);
	want(legacy, request);
	close(legacy);
	if (_i == 0) {
		legacy = rig_accept(&rig);
		want(legacy, request);
		put(legacy, OK2);
		want(client, OK2);
		close(legacy);
	} else {
		want_answer(client, 502);
		ck_assert(!rig_has_connection(&rig));
	}
	close(client);
}
END_TEST

/* The legacy system closes an idle connection just when a request comes: the tap, held still meanwhile, learns of the
 * request first and writes it to the dead connection. Nothing can have been read, so that even a POST goes again. */
START_TEST(unread_post_is_sent_again)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "one");
	for (int i = 0; i < 20; i++) {
		kill(rig.tap, SIGSTOP);
		ck_assert_int_eq(waitpid(rig.tap, NULL, WUNTRACED), rig.tap);
		put(client, POST);
		if (rig.tls == NULL) {
			close(legacy);
		} else {
			reset_and_close(legacy); /* a close would become close_notify, and the connection stay */
		}
		kill(rig.tap, SIGCONT);
		legacy = rig_accept(&rig);
		want(legacy, POST);
		put(legacy, OK2);
		want(client, OK2);
	}
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().count, 21);
}
END_TEST

START_TEST(out_of_descriptors)
{
	bool over_tls = rig.tls != NULL;
	rig_finish(&rig);
	rig_prepare(&rig);
	if (over_tls) {
		rig_secure(&rig);
	}
	rig.descriptors_max = 40;
	rig_start_with(&rig);
	int clients[60];
	for (int i = 0; i < 60; i++) {
		clients[i] = rig_connect(&rig);
	}
	int legacy = -1;
	for (int i = 0; i < 60; i++) {
		exchange_once(&rig, clients[i], &legacy, "x");
		close(clients[i]);
	}
	close(legacy);
	ck_assert_uint_eq(accounts().count, 60);
}
END_TEST

/* The limit falls while the tap runs: clients it cannot take wait, and are served when there is room again. */
START_TEST(descriptors_run_out)
{
	still_serves();
	struct rlimit limit = {20, 20};
	ck_assert_int_eq(prlimit(rig.tap, RLIMIT_NOFILE, &limit, NULL), 0);
	int clients[60];
	for (int i = 0; i < 60; i++) {
		clients[i] = rig_connect(&rig);
	}
	usleep(200000);
	for (int i = 0; i < 58; i++) {
		close(clients[i]);
	}
	int legacy = -1;
	exchange_once(&rig, clients[59], &legacy, "x");
	for (int i = 58; i < 60; i++) {
		close(clients[i]);
	}
	close(legacy);
}
END_TEST

/* A head of 20,000 fields, each of which Connection might have named. */
START_TEST(costly_head)
{
	CLEANUP_BUFFER struct buffer head = BUFFER_INIT(200000);
	buffer_append_text(&head, "GET / HTTP/1.1\r\nConnection: x,x,x,x,x,x,x,x\r\n");
	while (head.length < 65000) {
		buffer_append_text(&head, "a:\n");
	}
	buffer_append_text(&head, "\n");
	for (int i = 0; i < 10; i++) {
		int client = rig_connect(&rig);
		put_bytes(client, buffer_span(&head));
		close(client);
	}
	int64_t before = clock_monotonic();
	int client = rig_connect(&rig);
	put(client, "junk\r\n\r\n");
	want_answer(client, 400);
	close(client);
	ck_assert_int_lt(clock_monotonic() - before, 2 * CLOCK_SECOND);
}
END_TEST

/* Many clients open half a head and stay; the others are served. */
START_TEST(dripping_clients)
{
	int clients[100];
	for (int i = 0; i < 100; i++) {
		clients[i] = rig_connect(&rig);
		put(clients[i], "POST / HTTP/1.1\r\nX:");
	}
	still_serves();
	for (int i = 0; i < 100; i++) {
		close(clients[i]);
	}
	still_serves();
	ck_assert_uint_eq(accounts().seen, 2);
}
END_TEST

START_TEST(port_in_use)
{
	struct error err = ERROR_INIT;
	ck_assert_int_eq(tap_listen(rig.listen, &err), -1);
	ck_assert_int_eq((int)err.code, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.message, rig.listen));
	static const char *const wrong[] = {"", "8080", "a:", ":80", "[::1:80:"};
	for (size_t i = 0; i < 5; i++) {
		struct error other = ERROR_INIT;
		ck_assert_int_eq(tap_listen(wrong[i], &other), -1);
	}
}
END_TEST

Suite *fault_suite(void)
{
	Suite *suite = suite_create("faults");
	TCase *tests = tcase_create("faults");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, refused_before_the_legacy_system, 0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tests, head_too_large);
	tcase_add_test(tests, large_head_is_taken);
	tcase_add_test(tests, bad_chunks_in_the_message);
	tcase_add_test(tests, legacy_down);
	tcase_add_test(tests, legacy_silent);
	tcase_add_loop_test(tests, legacy_breaks_off, 0, (int)(sizeof(bad_replies) / sizeof(bad_replies[0])));
	tcase_add_test(tests, reset_is_passed_on);
	tcase_add_loop_test(tests, client_aborts, 0, 3);
	tcase_add_loop_test(tests, stale_connection, 0, 3);
	tcase_add_loop_test(tests, retry_only_what_may_be_repeated, 0, 2);
	tcase_add_test(tests, unread_post_is_sent_again);
	tcase_add_test(tests, out_of_descriptors);
	tcase_add_test(tests, descriptors_run_out);
	tcase_add_test(tests, costly_head);
	tcase_add_test(tests, dripping_clients);
	tcase_add_test(tests, port_in_use);
	suite_add_tcase(suite, tests);
	TCase *secure = tcase_create("over TLS");
	tcase_set_timeout(secure, 60);
	tcase_add_checked_fixture(secure, setup_over_tls, teardown);
	tcase_add_test(secure, bad_chunks_in_the_message);
	tcase_add_test(secure, legacy_down);
	tcase_add_test(secure, legacy_silent);
	tcase_add_loop_test(secure, legacy_breaks_off, 0, (int)(sizeof(bad_replies) / sizeof(bad_replies[0])));
	tcase_add_test(secure, reset_is_passed_on);
	tcase_add_loop_test(secure, client_aborts, 0, 3);
	tcase_add_loop_test(secure, stale_connection, 0, 3);
	tcase_add_loop_test(secure, retry_only_what_may_be_repeated, 0, 2);
	tcase_add_test(secure, unread_post_is_sent_again);
	tcase_add_test(secure, out_of_descriptors);
	suite_add_tcase(suite, secure);
	return suite;
}
