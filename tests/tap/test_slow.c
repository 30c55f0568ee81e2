/* Peers that are slow, or stop. The tap's clock runs 30 times as fast here, so that a limit of a minute is two seconds;
 * no test asks for more than that the limit comes, and that others are served meanwhile. */
#include "harness/base/clock.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;

enum { FACTOR = 30, MANY = 100, DRIP_US = 20000 };

#define HEAD "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n"

static void setup(void)
{
	rig_prepare(&rig);
	rig.clock_factor = FACTOR;
	rig.legacy_timeout_ms = 60000;
	rig_start_with(&rig);
}

static void teardown(void)
{
	rig_finish(&rig);
}

static struct spooled accounts(void)
{
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.in_flight, 0);
	return spooled;
}

/* One byte after the other until the tap has enough. */
static void drip_until_closed(int fd, const char *text)
{
	char byte;
	for (size_t i = 0; recv(fd, &byte, 1, MSG_DONTWAIT) < 0; i = text[i + 1] != '\0' ? i + 1 : 0) {
		if (send(fd, text + i, 1, MSG_NOSIGNAL) != 1) {
			return;
		}
		usleep(DRIP_US);
	}
}

/* RFC 9112 section 9.8 leaves limits to the server: half a minute for a head, however steadily it drips. */
START_TEST(head_drips)
{
	int client = rig_connect(&rig);
	put(client, "POST / HTTP/1.1\r\n");
	drip_until_closed(client, "X-Filler: 0123456789\r\n");
	close(client);
	ck_assert(!rig_has_connection(&rig));
	ck_assert_uint_eq(accounts().seen, 0);
}
END_TEST

/* The same half minute for a TLS handshake: a hello of 8,188 bytes that never gets there, and none at all. */
START_TEST(handshake_drips)
{
	static const char hello[] = {0x16, 0x03, 0x01, 0x20, 0x00, 0x01, 0x00, 0x1f, (char)0xfc};
	rig_stop(&rig);
	rig_secure(&rig);
	rig_start_with(&rig);
	int silent = rig_connect_bare(&rig);
	int client = rig_connect_bare(&rig);
	int64_t begun = clock_monotonic();
	char byte;
	for (size_t i = 0; recv(client, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN; i++) {
		(void)!send(client, i < sizeof(hello) ? hello + i : "", 1, MSG_NOSIGNAL);
		usleep(DRIP_US);
	}
	ck_assert_int_ge(clock_monotonic() - begun, 30 * CLOCK_SECOND / FACTOR - CLOCK_SECOND / 10);
	CLEANUP_BUFFER struct buffer nothing = BUFFER_INIT(200000);
	take_all(silent, &nothing);
	ck_assert_uint_eq(nothing.length, 0);
	int legacy = -1;
	int other = rig_connect(&rig);
	exchange_once(&rig, other, &legacy, "fine");
	close(other);
	close(legacy);
	close(client);
	close(silent);
	ck_assert_uint_eq(accounts().seen, 1);
}
END_TEST

START_TEST(many_heads_drip)
{
	int clients[MANY];
	for (int i = 0; i < MANY; i++) {
		clients[i] = rig_connect(&rig);
		put(clients[i], "POST / HTTP/1.1\r\nX:");
	}
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "fine");
	for (int i = 0; i < MANY; i++) {
		CLEANUP_BUFFER struct buffer nothing = BUFFER_INIT(200000);
		take_all(clients[i], &nothing);
		ck_assert_uint_eq(nothing.length, 0);
		close(clients[i]);
	}
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().count, 1);
}
END_TEST

START_TEST(idle_client_is_closed)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "fine");
	want_end(client);
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().count, 1);
}
END_TEST

/* A message that stops in the middle, in a body of known length and in a chunk. */
START_TEST(message_stops)
{
	static const char *const messages[] = {
		HEAD "ab",
		"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
		"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
	};
	int client = rig_connect(&rig);
	put(client, messages[_i]);
	int legacy = rig_accept(&rig);
	want(legacy, messages[_i]);
	want(client, "HTTP/1.1 408 ");
	want_end(legacy); /* and never as if the message had been complete */
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().dropped[DROP_CLIENT_ABORTED], 1);
}
END_TEST

struct stop {
	const char *reply;
	const char *to_client; /* a beginning of what the client gets before the end */
};

/* The legacy system falls silent: in the head, in a body of known length, in a chunk, between chunks, behind an interim
 * reply. What has begun is cut off visibly; what has not is a 504. */
static const struct stop stops[] = {
	{"", "HTTP/1.1 504 "},
	{"HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 504 "},
	{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 504 "},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"},
};

START_TEST(legacy_stops)
{
	const struct stop *at = &stops[_i];
	int client = rig_connect(&rig);
	put(client, HEAD "abc");
	int legacy = rig_accept(&rig);
	want(legacy, HEAD "abc");
	put(legacy, at->reply);
	want(client, at->to_client);
	CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
	take_all(client, &rest);
	ck_assert(rest.length == 0 || strstr(at->to_client, "504") != NULL);
	want_end(legacy);
	close(client);
	close(legacy);
	struct spooled spooled = accounts();
	ck_assert_uint_eq(spooled.count, 0);
	ck_assert_uint_eq(spooled.dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

/* A client that does not take its reply holds one block of it, not the tap: the legacy system is read no further. */
START_TEST(reply_is_not_taken)
{
	enum { PIECE = 1 << 16 };
	int client = rig_connect(&rig);
	put(client, HEAD "abc");
	int legacy = rig_accept(&rig);
	want(legacy, HEAD "abc");
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
	char *piece = calloc(1, PIECE);
	ck_assert_ptr_nonnull(piece);
	size_t sent = 0;
	for (ssize_t count = 0; count >= 0; sent += (size_t)count) { /* ends when the tap closes the connection */
		count = send(legacy, piece, PIECE, MSG_NOSIGNAL);
	}
	free(piece);
	ck_assert_uint_lt(sent, 200 << 20);
	close(client);
	close(legacy);
	ck_assert_uint_eq(accounts().seen, 1);
}
END_TEST

Suite *slow_suite(void)
{
	Suite *suite = suite_create("slow");
	TCase *tests = tcase_create("slow");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, head_drips);
	tcase_add_test(tests, handshake_drips);
	tcase_add_test(tests, many_heads_drip);
	tcase_add_test(tests, idle_client_is_closed);
	tcase_add_loop_test(tests, message_stops, 0, 4);
	tcase_add_loop_test(tests, legacy_stops, 0, (int)(sizeof(stops) / sizeof(stops[0])));
	tcase_add_test(tests, reply_is_not_taken);
	suite_add_tcase(suite, tests);
	return suite;
}
