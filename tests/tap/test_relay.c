/* What passes between client and legacy system, byte for byte. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig *rig;
static int client, legacy;

static void setup(void)
{
	rig = rig_start();
	client = rig_connect(rig);
	legacy = -1;
}

static void setup_over_tls(void)
{
	static struct rig secured;
	rig = &secured;
	rig_prepare(rig);
	rig_secure(rig);
	rig_start_with(rig);
	client = rig_connect(rig);
	legacy = -1;
}

static void teardown(void)
{
	close(client);
	close(legacy);
	rig_finish(rig);
}

struct script {
	const char *name;
	const char *request;
	const char *to_legacy;
	const char *reply;
	const char *to_client;
	bool legacy_closes;
	bool client_is_closed;
};

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST_HEAD "POST /route HTTP/1.1\r\nhost: H\r\nX-b: 1\r\nx-B: 2\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct script scripts[] = {
	{"plain", GET, GET, OK2, OK2, false, false},
	{"order, case and duplicates stay", POST_HEAD "Content-Length: 3\r\n\r\nabc",
	 POST_HEAD "Content-Length: 3\r\n\r\nabc",
	 "HTTP/1.1 200 Fine\r\nset-cookie: a\r\nContent-length: 1\r\nSET-COOKIE: b\r\n\r\nx",
	 "HTTP/1.1 200 Fine\r\nset-cookie: a\r\nContent-length: 1\r\nSET-COOKIE: b\r\n\r\nx", false, false},
	{"hop-by-hop fields go",
	 "GET /a HTTP/1.1\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 9\r\nHost: h\r\n\r\n", GET,
	 "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok", OK2,
	 false, false},
	{"chunks and trailers both ways",
	 POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
	 POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n0\r\nU: 2\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n0\r\nU: 2\r\n\r\n", false, false},
	{"HEAD has no body", "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", false,
	 false},
	{"204", GET, GET, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", false, false},
	{"304", GET, GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
	 "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, false},
	{"interim replies", GET, GET, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\n" OK2,
	 "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\n" OK2, false, false},
	{"ends with the connection", GET, GET, "HTTP/1.1 200 OK\r\n\r\nstream",
	 "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstream", true, true},
	{"legacy of HTTP/1.0", GET, GET, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", OK2, true, false},
	{"legacy says close", GET, GET, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", OK2,
	 true, false},
	{"client says close", "GET /a HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n", GET, OK2,
	 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false, true},
	{"client of HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n",
	 "HTTP/1.1 100 Continue\r\n\r\n" OK2, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
	 true, true},
	{"empty lines before", "\r\n\r\n" GET, GET, OK2, OK2, false, false},
	{"lone LF", "GET /a HTTP/1.1\nHost: h\n\n", GET, OK2, OK2, false, false},
	{"500 is a reply", GET, GET, "HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx",
	 "HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx", false, false},
	{"h2c is not offered on",
	 "GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nHost: "
	 "h\r\n\r\n",
	 GET, OK2, OK2, false, false},
};

/* Each script three ways: at once, byte by byte from the client, byte by byte from the legacy system. */
static void put_slowly(int fd, const char *text)
{
	for (; *text != '\0'; text++) {
		put_bytes(fd, (struct span){text, 1});
		usleep(300);
	}
}

static void play(const struct script *at, int way)
{
	(way == 1 ? put_slowly : put)(client, at->request);
	legacy = rig_accept(rig);
	want(legacy, at->to_legacy);
	(way == 2 ? put_slowly : put)(legacy, at->reply);
	if (at->legacy_closes) {
		close(legacy);
		legacy = -1;
	}
	want(client, at->to_client);
	if (at->client_is_closed) {
		want_end(client);
		close(client);
		client = rig_connect(rig);
	}
	int fresh = at->legacy_closes ? -1 : legacy;
	exchange_once(rig, client, &fresh, "again");
	legacy = fresh;
}

START_TEST(scripted)
{
	play(&scripts[_i / 3], _i % 3);
}
END_TEST

START_TEST(many_on_one_connection)
{
	for (int i = 0; i < 10000; i++) {
		exchange_once(rig, client, &legacy, "x");
	}
	ck_assert(!rig_has_connection(rig));
}
END_TEST

START_TEST(pipelined)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	for (int i = 0; i < 50; i++) {
		buffer_append_format(&text, "POST /%d HTTP/1.1\r\nContent-Length: 2\r\n\r\n%02d", i, i);
	}
	put_bytes(client, buffer_span(&text));
	legacy = rig_accept(rig);
	for (int i = 0; i < 50; i++) {
		char line[128];
		snprintf(line, sizeof(line), "POST /%d HTTP/1.1\r\nContent-Length: 2\r\n\r\n%02d", i, i);
		want(legacy, line);
		if (i == 0) {
			want_nothing(legacy, 20); /* one at a time */
		}
		snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d", i);
		put(legacy, line);
		want(client, line);
	}
	ck_assert(!rig_has_connection(rig));
}
END_TEST

START_TEST(continue_is_passed)
{
	const char *head = "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
	put(client, head);
	legacy = rig_accept(rig);
	want(legacy, head);
	put(legacy, "HTTP/1.1 100 Continue\r\n\r\n");
	want(client, "HTTP/1.1 100 Continue\r\n\r\n");
	put(client, "abc");
	want(legacy, "abc");
	put(legacy, OK2);
	want(client, OK2);
}
END_TEST

/* Nothing is held back that could be passed on: chunks go through before the message or the reply is complete. */
START_TEST(streams)
{
	put(client, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	legacy = rig_accept(rig);
	want(legacy, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	put(legacy, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n");
	want(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n");
	put(client, "1\r\nb\r\n0\r\n\r\n");
	want(legacy, "1\r\nb\r\n0\r\n\r\n");
	put(legacy, "0\r\n\r\n");
	want(client, "0\r\n\r\n");
	exchange_once(rig, client, &legacy, "next");
}
END_TEST

START_TEST(streams_until_close)
{
	put(client, GET);
	legacy = rig_accept(rig);
	want(legacy, GET);
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
	want(client, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n");
	put(legacy, "data: 2\n\n");
	want(client, "data: 2\n\n");
	close(legacy);
	legacy = -1;
	want_end(client);
}
END_TEST

START_TEST(early_reply_does_not_stop_the_message)
{
	put(client, "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
	legacy = rig_accept(rig);
	want(legacy, "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
	put(legacy, OK2);
	want(client, OK2);
	put(client, "def");
	want(legacy, "def");
	exchange_once(rig, client, &legacy, "next");
}
END_TEST

START_TEST(half_closed_client_gets_its_reply)
{
	put(client, GET);
	shutdown(client, SHUT_WR);
	legacy = rig_accept(rig);
	want(legacy, GET);
	put(legacy, OK2);
	want(client, OK2);
	want_end(client);
}
END_TEST

START_TEST(websocket_tunnel)
{
	const char *request = "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
	put(client, request);
	legacy = rig_accept(rig);
	want(legacy, "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	put(legacy, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x01x");
	want(client, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x01x");
	put(client, "ping");
	want(legacy, "ping");
	put(legacy, "pong");
	want(client, "pong");
	shutdown(client, SHUT_WR);
	want_end(legacy);
	put(legacy, "bye");
	want(client, "bye");
	close(legacy);
	legacy = -1;
	want_end(client);
}
END_TEST

enum { BIG = 20 << 20 };

/* Bytes no two neighbours of which are the same stretch. */
static char *big_body(void)
{
	char *body = malloc(BIG);
	ck_assert_ptr_nonnull(body);
	for (size_t i = 0; i < BIG; i++) {
		body[i] = (char)(i * 2654435761u >> 13);
	}
	return body;
}

static pid_t put_in_background(int fd, const char *head, const char *body)
{
	pid_t writer = fork();
	ck_assert_int_ge(writer, 0);
	if (writer == 0) {
		ssize_t count = send(fd, head, strlen(head), MSG_NOSIGNAL);
		for (size_t sent = 0; count > 0 && sent < BIG; sent += (size_t)count) {
			count = send(fd, body + sent, BIG - sent, MSG_NOSIGNAL);
		}
		_exit(0);
	}
	return writer;
}

static void want_big(int fd, const char *head, const char *body, int pause_us)
{
	want(fd, head);
	char *got = malloc(BIG);
	ck_assert_ptr_nonnull(got);
	for (size_t have = 0; have < BIG;) {
		ssize_t count = recv(fd, got + have, BIG - have, 0);
		ck_assert_int_gt((int)count, 0);
		have += (size_t)count;
		usleep((useconds_t)pause_us);
	}
	ck_assert(memcmp(got, body, BIG) == 0);
	free(got);
}

START_TEST(big_bodies)
{
	char *body = big_body();
	const char *head = "POST /a HTTP/1.1\r\nContent-Length: 20971520\r\n\r\n";
	const char *reply = "HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n";
	int pause_us = _i == 0 ? 0 : 500; /* a receiver that is slower than its sender */
	pid_t writer = put_in_background(client, head, body);
	legacy = rig_accept(rig);
	want_big(legacy, head, body, pause_us);
	waitpid(writer, NULL, 0);
	writer = put_in_background(legacy, reply, body);
	want_big(client, reply, body, pause_us);
	waitpid(writer, NULL, 0);
	free(body);
	exchange_once(rig, client, &legacy, "next");
	rig_stop(rig);
	struct spooled spooled = rig_read_spool(rig, NULL, NULL);
	ck_assert_uint_eq(spooled.count, 1);
	ck_assert_uint_eq(spooled.dropped[DROP_TOO_LARGE], 1);
}
END_TEST

/* A reply that ends where a block does leaves the reader without the word that nothing follows: the connection is kept.
 */
START_TEST(replies_that_fill_a_block)
{
	enum { BLOCK = 64 * 1024, ROUNDS = 40 };
	const char *head = "HTTP/1.1 200 OK\r\nContent-Length: 65494\r\n\r\n";
	static char reply[BLOCK];
	static char got[BLOCK];
	size_t length = strlen(head) + 65494;
	ck_assert_uint_le(length, sizeof(reply));
	memset(reply, 'x', sizeof(reply));
	memcpy(reply, head, strlen(head));
	for (int i = 0; i < ROUNDS; i++) {
		put(client, GET);
		if (i == 0) {
			legacy = rig_accept(rig);
		}
		want(legacy, GET);
		put_bytes(legacy, (struct span){reply, length});
		ck_assert_int_eq((int)recv(client, got, length, MSG_WAITALL), (int)length);
		ck_assert_mem_eq(got, reply, length);
	}
	ck_assert(!rig_has_connection(rig));
}
END_TEST

/* Two idle-free clients get two legacy connections; afterwards both are reused. */
START_TEST(connections_are_shared)
{
	int second = rig_connect(rig);
	put(client, GET);
	legacy = rig_accept(rig);
	want(legacy, GET);
	put(second, GET);
	int other = rig_accept(rig);
	want(other, GET);
	put(legacy, OK2);
	put(other, OK2);
	want(client, OK2);
	want(second, OK2);
	for (int i = 0; i < 3; i++) {
		put(client, GET);
		char byte;
		int *used = recv(other, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? &other : &legacy;
		usleep(20000);
		used = recv(other, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? &other : used;
		want(*used, GET);
		put(*used, OK2);
		want(client, OK2);
	}
	ck_assert(!rig_has_connection(rig));
	close(other);
	close(second);
}
END_TEST

static TCase *relay_tests(const char *name, void (*prepare)(void))
{
	TCase *tests = tcase_create(name);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, prepare, teardown);
	tcase_add_loop_test(tests, scripted, 0, 3 * (int)(sizeof(scripts) / sizeof(scripts[0])));
	tcase_add_test(tests, many_on_one_connection);
	tcase_add_test(tests, pipelined);
	tcase_add_test(tests, continue_is_passed);
	tcase_add_test(tests, streams);
	tcase_add_test(tests, streams_until_close);
	tcase_add_test(tests, early_reply_does_not_stop_the_message);
	tcase_add_test(tests, half_closed_client_gets_its_reply);
	tcase_add_test(tests, websocket_tunnel);
	tcase_add_loop_test(tests, big_bodies, 0, 2);
	tcase_add_test(tests, replies_that_fill_a_block);
	tcase_add_test(tests, connections_are_shared);
	return tests;
}

Suite *relay_suite(void)
{
	Suite *suite = suite_create("relay");
	suite_add_tcase(suite, relay_tests("plain", setup));
	suite_add_tcase(suite, relay_tests("over TLS", setup_over_tls));
	return suite;
}
