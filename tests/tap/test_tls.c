/* What TLS adds: whom the tap believes, what it tells the others, and what becomes of handshakes that go wrong. */
#include "harness/base/clock.h"
#include "harness/tap/tls.h"
#include "tests/tap/certificates.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig rig;

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void setup(void)
{
	rig_prepare(&rig);
	rig_secure(&rig);
	rig.legacy_timeout_ms = 2000;
}

static void teardown(void)
{
	rig_finish(&rig);
}

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", rig.directory, name);
	return path;
}

static void serves(void)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "one");
	exchange_once(&rig, client, &legacy, "two");
	close(client);
	close(legacy);
}

/* The client's handshake or request must fail, for that reason by OpenSSL at the client's end. */
static void want_refusal(const struct secure_side *side, const char *reason)
{
	char reply[512];
	int fd = rig_connect_bare(&rig);
	SSL_CTX *context = secure_context(side);
	SSL *ssl = secure_ask(context, fd, NULL, GET);
	secure_hear(ssl, reply);
	ck_assert_msg(reply[0] == '!' && strstr(reply, reason) != NULL, "%s instead of %s", reply, reason);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
	ck_assert(!rig_has_connection(&rig));
}

static void want_502(int client, const char *text)
{
	want(client, "HTTP/1.1 502 Bad Gateway\r\n");
	CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
	take_all(client, &rest);
	ck_assert_msg(strstr(rest.data, text) != NULL, "%s does not say: %s", rest.data, text);
}

/* --- towards clients --- */

struct client_case {
	const char *certificate;
	int version;
	bool needs_certificate;
	bool only_13;
	const char *refusal; /* NULL: is served */
};

static const struct client_case clients[] = {
	{NULL, TLS1_2_VERSION, false, false, NULL},
	{NULL, TLS1_3_VERSION, false, false, NULL},
	{NULL, TLS1_3_VERSION, false, true, NULL},
	{NULL, TLS1_2_VERSION, false, true, "protocol version"},
	{"client", TLS1_2_VERSION, true, false, NULL},
	{"client", TLS1_3_VERSION, true, false, NULL},
	{"client", 0, false, false, NULL}, /* shown unasked it is no harm */
	{NULL, TLS1_2_VERSION, true, false, "handshake failure"},
	{NULL, TLS1_3_VERSION, true, false, "certificate required"},
	{"stranger", TLS1_2_VERSION, true, false, "unknown ca"},
	{"stranger", TLS1_3_VERSION, true, false, "unknown ca"},
	{"alone", 0, true, false, "unknown ca"},
	{"expired", 0, true, false, "certificate expired"},
};

START_TEST(clients_that_may_and_may_not)
{
	const struct client_case *at = &clients[_i];
	rig.tls_kept.only_13 = at->only_13;
	rig.tls_kept.ca = at->needs_certificate ? rig.ca : NULL;
	rig_start_with(&rig);
	struct secure_side side = rig.client_side;
	side.certificate = at->certificate;
	side.version = at->version;
	if (at->refusal != NULL) {
		want_refusal(&side, at->refusal);
		rig.client_side.certificate = at->needs_certificate ? "client" : NULL;
	} else {
		rig.client_side = side;
	}
	serves();
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 2);
}
END_TEST

/* A reply of head and body comes in one record, and the next connection takes up the session of the first. */
START_TEST(small_replies_and_sessions)
{
	rig.tls_kept.ca = _i >= 2 ? rig.ca : NULL;
	rig.client_side.certificate = _i >= 2 ? "client" : NULL;
	rig.client_side.version = _i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "now the legacy connection is there");
	SSL_CTX *context = secure_context(&rig.client_side);
	SSL_SESSION *session = NULL;
	for (int i = 0; i < 3; i++) {
		char reply[512];
		int fd = rig_connect_bare(&rig);
		SSL *ssl = secure_ask(context, fd, session, GET);
		want(legacy, GET);
		put(legacy, OK2);
		secure_hear(ssl, reply);
		ck_assert_str_eq(reply, OK2);
		ck_assert_int_eq(SSL_session_reused(ssl), i > 0);
		SSL_SESSION_free(session);
		session = SSL_get1_session(ssl);
		SSL_shutdown(ssl);
		SSL_free(ssl);
		close(fd);
	}
	SSL_SESSION_free(session);
	SSL_CTX_free(context);
	close(client);
	close(legacy);
}
END_TEST

struct protocol_case {
	const char *offered;
	const char *chosen; /* NULL: refused */
};

static const struct protocol_case protocols[] = {
	{"\x08http/1.1", "http/1.1"},
	{"\x02h2\x08http/1.1", "http/1.1"},
	{"\x02h2", NULL},
};

START_TEST(only_http_1_is_spoken)
{
	const struct protocol_case *at = &protocols[_i];
	rig_start_with(&rig);
	rig.client_side.protocols = at->offered;
	if (at->chosen == NULL) {
		want_refusal(&rig.client_side, "no application protocol");
		return;
	}
	int fd = rig_connect_bare(&rig);
	SSL_CTX *context = secure_context(&rig.client_side);
	SSL *ssl = secure_ask(context, fd, NULL, GET);
	const unsigned char *name;
	unsigned length;
	SSL_get0_alpn_selected(ssl, &name, &length);
	ck_assert_uint_eq(length, strlen(at->chosen));
	ck_assert_mem_eq(name, at->chosen, length);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
}
END_TEST

START_TEST(plain_http_is_answered_in_words)
{
	static const char *const methods[] = {"GET", "POST", "DELETE", "OPTIONS", "PATCH"};
	rig_start_with(&rig);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		char request[64];
		int client = rig_connect_bare(&rig);
		snprintf(request, sizeof(request), "%s / HTTP/1.1\r\nHost: h\r\n\r\n", methods[i]);
		put(client, request);
		want(client, "HTTP/1.1 400 Bad Request\r\n");
		CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
		take_all(client, &rest);
		ck_assert_ptr_nonnull(strstr(rest.data, "understudy tap: this port speaks TLS; use https://\n"));
		close(client);
	}
	serves();
}
END_TEST

START_TEST(handshake_with_a_plain_port)
{
	rig.tls = NULL;
	rig_start_with(&rig);
	want_refusal(&rig.client_side, "wrong version number"); /* what it got was an answer in words, 400 */
	serves();
}
END_TEST

/* --- towards the legacy system --- */

struct legacy_case {
	const char *certificate;
	const char *server_name; /* that we are configured with */
	bool no_verify;
	const char *sent_name; /* that the legacy system must see */
	const char *text;      /* of the 502; NULL: is served */
};

#define FAILED "the TLS handshake with the legacy system failed: "

static const struct legacy_case legacies[] = {
	{"server", NULL, false, "", NULL}, /* an address is no name to send (RFC 6066 section 3) */
	{"server", "legacy.test", false, "legacy.test", NULL},
	{"server", "127.0.0.1", false, "", NULL},
	{"server", "other.test", false, NULL, FAILED "hostname mismatch"},
	{"server", "127.0.0.2", false, NULL, FAILED "IP address mismatch"},
	{"misnamed", NULL, false, NULL, FAILED "IP address mismatch"},
	{"misnamed", "elsewhere.test", false, "elsewhere.test", NULL},
	{"expired", NULL, false, NULL, FAILED "certificate has expired"},
	{"alone", NULL, false, NULL, FAILED "self-signed certificate"},
	{"stranger", NULL, false, NULL, FAILED "unable to get local issuer certificate"},
	{"expired", NULL, true, "", NULL},
	{"misnamed", NULL, true, "", NULL},
	{"alone", "legacy.test", true, "legacy.test", NULL},
};

START_TEST(legacy_certificates)
{
	const struct legacy_case *at = &legacies[_i];
	rig.legacy_tls_kept.server_name = at->server_name;
	rig.legacy_tls_kept.no_verify = at->no_verify;
	rig.legacy_side.certificate = at->certificate;
	rig.legacy_side.wanted_name = at->sent_name;
	rig_start_with(&rig);
	if (at->text == NULL) {
		serves();
		return;
	}
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want_502(client, at->text);
	want_reset(legacy);
	close(client);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

/* Its own certificate as the authority: the usual thing for a system that signed for itself. */
START_TEST(legacy_that_signed_for_itself)
{
	rig.legacy_tls_kept.ca = path_of("alone.pem");
	rig.legacy_side.certificate = "alone";
	rig_start_with(&rig);
	serves();
}
END_TEST

START_TEST(legacy_wants_a_certificate)
{
	rig.legacy_side.verifies = true;
	rig.legacy_side.version = _i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	if (_i / 2 == 0) {
		rig.legacy_tls_kept.certificate = path_of("client.pem");
		rig.legacy_tls_kept.key = path_of("client.key");
		rig_start_with(&rig);
		serves();
		return;
	}
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want_502(client, FAILED);
	close(client);
	close(legacy);
}
END_TEST

START_TEST(legacy_fails_in_the_handshake)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept_bare(&rig);
	if (_i == 0) {
		close(legacy);
		want_502(client, FAILED);
	} else if (_i == 1) {
		put(legacy, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
		want_502(client, FAILED "the answer is not TLS");
	} else {
		want(client, "HTTP/1.1 504 Gateway Timeout\r\n"); /* it never says a word */
	}
	close(client);
	if (_i > 0) {
		close(legacy);
	}
	serves();
}
END_TEST

/* Tickets and new keys come at any time, between exchanges too. They are not speech: no connection is lost by them. */
START_TEST(tickets_and_new_keys)
{
	rig.client_side.is_restless = rig.legacy_side.is_restless = true;
	rig.client_side.version = rig.legacy_side.version = TLS1_3_VERSION;
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	for (int i = 0; i < 20; i++) {
		exchange_once(&rig, client, &legacy, "x");
		usleep(i == 10 ? 700000 : 10000); /* past the age up to which an idle connection is trusted */
	}
	ck_assert(!rig_has_connection(&rig));
	close(client);
	close(legacy);
}
END_TEST

/* --- ends --- */

static void check_bare_reply(const struct spool_exchange *exchange, void *context)
{
	(void)context;
	ck_assert(span_is(exchange->reply_body, "whole"));
}

/* Old legacy systems close without close_notify. Their clients got the reply until now, and get it from other proxies:
 * RFC 9112 section 9.8 would have it incomplete. */
START_TEST(bare_end_of_a_reply)
{
	rig.legacy_side.ends_bare = true;
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want(legacy, POST);
	put(legacy, "HTTP/1.1 200 OK\r\n\r\nwhole");
	want(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole");
	close(legacy);
	want_end(client);
	close(client);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, check_bare_reply, NULL).committed, 1);
}
END_TEST

/* What has a length is judged by it, and a reset is no end. */
START_TEST(bare_end_inside_a_reply)
{
	static const char *const begun[] = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
					    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart"};
	rig.legacy_side.ends_bare = true;
	rig_start_with(&rig);
	for (size_t i = 0; i < 2; i++) {
		int client = rig_connect(&rig);
		put(client, POST);
		int legacy = rig_accept(&rig);
		want(legacy, POST);
		put(legacy, begun[i]);
		want(client, begun[i]);
		close(legacy);
		CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
		take_all(client, &rest);
		ck_assert_uint_eq(rest.length, 0);
		close(client);
	}
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).dropped[DROP_LEGACY_FAILED], 2);
}
END_TEST

START_TEST(reset_of_a_reply)
{
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	put(client, POST);
	int legacy = rig_accept(&rig);
	want(legacy, POST);
	put(legacy, "HTTP/1.1 200 OK\r\n\r\npart");
	want(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart");
	reset_and_close(legacy);
	want_reset(client);
	close(client);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

/* --- what is captured --- */

static void check_captured(const struct spool_exchange *exchange, void *context)
{
	(void)context;
	ck_assert(span_is(exchange->method, "POST") && span_is(exchange->target, "/a"));
	ck_assert(span_is(exchange->request_head, "Content-Length: 3\r\n"));
	ck_assert(span_is(exchange->request_body, "abc"));
	ck_assert(span_is(exchange->reply_head, "Content-Length: 2\r\n"));
	ck_assert(span_is(exchange->reply_body, "ok"));
	ck_assert_int_ge(exchange->legacy_latency_us, 0);
}

START_TEST(captures_what_was_said)
{
	rig.drips = _i == 1; /* every byte of every record alone */
	rig_start_with(&rig);
	int client = rig_connect(&rig);
	int legacy = -1;
	for (int i = 0; i < 3; i++) {
		put(client, POST);
		legacy = legacy < 0 ? rig_accept(&rig) : legacy;
		want(legacy, POST);
		put(legacy, OK2);
		want(client, OK2);
	}
	close(client);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, check_captured, NULL).count, 3);
}
END_TEST

/* --- handshakes that are none --- */

static void put_quietly(int fd, const void *data, size_t length)
{
	(void)!send(fd, data, length, MSG_NOSIGNAL); /* the tap may have closed already */
}

/* Hello of a client up to some byte, then the end or a reset. */
START_TEST(clients_leave_in_the_handshake)
{
	char hello[4096];
	rig_start_with(&rig);
	SSL_CTX *context = secure_context(&rig.client_side);
	SSL *ssl = SSL_new(context);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	(void)SSL_connect(ssl);
	int length = BIO_read(SSL_get_wbio(ssl), hello, sizeof(hello));
	ck_assert_int_gt(length, 100);
	for (int i = 0; i <= length; i += 7) {
		int fd = rig_connect_bare(&rig);
		put_quietly(fd, hello, (size_t)i);
		if (i % 2 == 0) {
			close(fd);
		} else {
			reset_and_close(fd);
		}
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
	serves();
}
END_TEST

/* Bytes at random, half of them behind the head of a record that promises a handshake; on both sides. */
START_TEST(handshakes_at_random)
{
	unsigned char bytes[600];
	rig_start_with(&rig);
	unsigned seed = 20261121;
	for (int i = 0; i < 400; i++) {
		size_t length = 1 + (size_t)rand_r(&seed) % sizeof(bytes);
		for (size_t j = 0; j < length; j++) {
			bytes[j] = (unsigned char)rand_r(&seed);
		}
		if (i % 2 == 0 && length > 11) {
			const unsigned char head[] = {22,
						      3,
						      1,
						      (unsigned char)((length - 5) >> 8),
						      (unsigned char)(length - 5),
						      (unsigned char)(i % 4 == 0 ? 1 : 2),
						      0,
						      0,
						      (unsigned char)(length - 9),
						      3,
						      3};
			memcpy(bytes, head, sizeof(head));
		}
		if (i % 8 != 7) {
			int fd = rig_connect_bare(&rig);
			put_quietly(fd, bytes, length);
			close(fd);
			continue;
		}
		int client = rig_connect(&rig);
		put(client, GET);
		int legacy = rig_accept_bare(&rig);
		put_quietly(legacy, bytes, length);
		close(legacy);
		want(client, "HTTP/1.1 502 Bad Gateway\r\n");
		close(client);
	}
	serves();
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).seen, 2);
}
END_TEST

__attribute__((noreturn)) static void send_new_keys_for_ever(void)
{
	int fd = rig_connect_bare(&rig);
	SSL *ssl = secure_ask(secure_context(&rig.client_side), fd, NULL, "GET /half-a-head");
	while (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1) {
	}
	_exit(0);
}

/* A client whose records hold no data, as many as it can send: the others are served. */
START_TEST(records_without_data)
{
	rig.client_side.version = TLS1_3_VERSION;
	rig_start_with(&rig);
	pid_t flooder = fork();
	ck_assert_int_ge(flooder, 0);
	if (flooder == 0) {
		send_new_keys_for_ever();
	}
	for (int i = 0; i < 20; i++) {
		serves();
		usleep(10000);
	}
	kill(flooder, SIGKILL);
	ck_assert_int_eq(waitpid(flooder, NULL, 0), flooder);
}
END_TEST

/* --- contexts --- */

struct context_case {
	const char *certificate;
	const char *key;
	const char *ca;
	const char *text;
};

static const struct context_case contexts[] = {
	{"absent.pem", "server.key", NULL, "cannot be read (No such file or directory)"},
	{"server.pem", "absent.key", NULL, "cannot be read (No such file or directory)"},
	{"server.pem", "server.key", "absent.pem", "cannot be read (No such file or directory)"},
	{"server.key", "server.key", NULL, "holds no certificate that can be used"},
	{"server.pem", "server.pem", NULL, "holds no private key that can be used"},
	{"server.pem", "client.key", NULL, "does not belong to the certificate"},
	{"server.pem", "server.key", "server.key", "holds no certificate authority that can be used"},
};

START_TEST(files_that_cannot_be_used)
{
	const struct context_case *at = &contexts[_i];
	struct tap_tls tls = {
		.certificate = path_of(at->certificate),
		.key = path_of(at->key),
		.ca = at->ca != NULL ? path_of(at->ca) : NULL,
	};
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(tls_context_create(&tls, TLS_FOR_CLIENTS, NULL, &err));
	ck_assert_msg(strstr(err.message, at->text) != NULL, "%s", err.message);
	ck_assert_msg(strstr(err.message, "; ") != NULL, "%s", err.message);
	ck_assert_ptr_nonnull(strstr(err.file, rig.directory));
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(listener_without_certificate)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(tls_context_create(&(struct tap_tls){.ca = rig.ca}, TLS_FOR_CLIENTS, NULL, &err));
	ck_assert_int_eq((int)err.code, ERROR_CONFIG);
}
END_TEST

/* A context may be destroyed, as when certificates are read again, while its streams live on. */
START_TEST(streams_outlive_their_contexts)
{
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	struct error err = ERROR_INIT;
	struct tls_context *ours = tls_context_create(rig.tls, TLS_FOR_CLIENTS, NULL, &err);
	struct tls_context *theirs = tls_context_create(rig.legacy_tls, TLS_FOR_LEGACY, "localhost", &err);
	ck_assert_msg(ours != NULL && theirs != NULL, "%s", err.message);
	struct tls_stream *server = tls_open(ours, ends[0]);
	struct tls_stream *client = tls_open(theirs, ends[1]);
	tls_context_destroy(ours);
	tls_context_destroy(theirs);
	enum tls_result done[2] = {TLS_BLOCKED, TLS_BLOCKED};
	for (int i = 0; i < 20 && (done[0] != TLS_DONE || done[1] != TLS_DONE); i++) {
		(void)tls_note_events(server, EPOLLIN);
		(void)tls_note_events(client, EPOLLIN);
		done[1] = done[1] == TLS_BLOCKED ? tls_shake(client) : done[1];
		done[0] = done[0] == TLS_BLOCKED ? tls_shake(server) : done[0];
	}
	ck_assert_int_eq(done[0], TLS_DONE);
	ck_assert_int_eq(done[1], TLS_DONE);
	size_t count;
	char data[16];
	ck_assert_int_eq(tls_write(server, SPAN("he"), SPAN("llo"), &count), TLS_DONE);
	ck_assert_int_eq(tls_end(server), TLS_DONE);
	(void)tls_note_events(client, EPOLLIN);
	ck_assert_int_eq(tls_read(client, data, sizeof(data), &count), TLS_ENDED);
	ck_assert_uint_eq(count, 5);
	ck_assert_mem_eq(data, "hello", 5);
	tls_close(server);
	tls_close(client);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void setup_files(void)
{
	setup();
	rig_close_legacy(&rig);
}

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *tls_suite(void)
{
	Suite *suite = suite_create("tls");
	TCase *tests = tcase_create("connections");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, clients_that_may_and_may_not, 0, COUNT(clients));
	tcase_add_loop_test(tests, small_replies_and_sessions, 0, 4);
	tcase_add_loop_test(tests, only_http_1_is_spoken, 0, COUNT(protocols));
	tcase_add_test(tests, plain_http_is_answered_in_words);
	tcase_add_test(tests, handshake_with_a_plain_port);
	tcase_add_loop_test(tests, legacy_certificates, 0, COUNT(legacies));
	tcase_add_test(tests, legacy_that_signed_for_itself);
	tcase_add_loop_test(tests, legacy_wants_a_certificate, 0, 4);
	tcase_add_loop_test(tests, legacy_fails_in_the_handshake, 0, 3);
	tcase_add_test(tests, tickets_and_new_keys);
	tcase_add_test(tests, bare_end_of_a_reply);
	tcase_add_test(tests, bare_end_inside_a_reply);
	tcase_add_test(tests, reset_of_a_reply);
	tcase_add_loop_test(tests, captures_what_was_said, 0, 2);
	tcase_add_test(tests, clients_leave_in_the_handshake);
	tcase_add_test(tests, handshakes_at_random);
	tcase_add_test(tests, records_without_data);
	suite_add_tcase(suite, tests);
	TCase *files = tcase_create("contexts");
	tcase_add_checked_fixture(files, setup_files, teardown);
	tcase_add_loop_test(files, files_that_cannot_be_used, 0, COUNT(contexts));
	tcase_add_test(files, listener_without_certificate);
	tcase_add_test(files, streams_outlive_their_contexts);
	suite_add_tcase(suite, files);
	return suite;
}
