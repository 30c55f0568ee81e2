/* The ingest listener: what is taken, what is answered, that nothing accepted is lost and that the accounts tie out. */
#include "harness/base/clock.h"
#include "harness/tap/ingest.h"
#include "tests/tap/reply.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define JSON "application/json"
#define LINES "application/x-ndjson"
#define TAKEN(count) "{\"accepted\":" #count ",\"rejected_count\":0,\"rejected\":[]}\n"

static struct rig rig;
static struct reply reply;
static int client;

static void setup(void)
{
	rig_prepare(&rig);
	rig.kind = TAP_INGEST;
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

static struct spooled stop_and_read(void (*check)(const struct spool_exchange *, void *), void *context)
{
	close(client);
	client = -1;
	rig_stop(&rig);
	return rig_read_spool(&rig, check, context);
}

static void want_answer(int status, const char *body)
{
	ck_assert_str_eq(reply.body, body);
	ck_assert_int_eq(reply.status, status);
}

/* What the spool must hold, one after the other. */
struct wanted {
	size_t count;
	const char *rows[20]; /* "interface target body reply outcome correlation idempotency", "-" for empty */
};

static const char *shown(struct span text)
{
	static char rooms[8][256];
	static int next;
	char *room = rooms[next++ % 8];
	snprintf(room, 256, "%.*s", SPAN_ARGUMENTS(text));
	return text.length > 0 ? room : "-";
}

static void check_row(const struct spool_exchange *exchange, void *context)
{
	struct wanted *wanted = context;
	char got[1024];
	snprintf(got, sizeof(got), "%s %s %s %s %d %s %s", shown(exchange->interface), shown(exchange->target),
		 shown(exchange->request_body), shown(exchange->reply_body), exchange->legacy_outcome,
		 shown(exchange->correlation_key), shown(exchange->idempotency_key));
	ck_assert_msg(wanted->rows[wanted->count] != NULL, "too many: %s", got);
	ck_assert_str_eq(got, wanted->rows[wanted->count++]);
}

START_TEST(keys_and_forms)
{
	start();
	ask(client, "/v1/exchanges", JSON, "Idempotency-Key: \"k\\\"1\"\r\n",
	    "{\"interface\":\"orders\",\"message\":1}", &reply);
	want_answer(202, TAKEN(1));
	ask(client, "/v1/exchanges?x=1&interface=invoices", LINES, "Idempotency-Key: bare\r\n",
	    "{\"message\":2}\n\r\n{\"message\":3,\"idempotency_key\":\"own\"}\n{\"interface\":\"orders\",\"message\":"
	    "4}",
	    &reply);
	want_answer(202, TAKEN(3));
	ask(client, "/v1/exchanges?interface=orders", JSON, "Idempotency-Key: \"a\"\r\n",
	    "[{\"message\":5,\"legacy\":{\"q\":1}},{\"message\":6}]", &reply);
	want_answer(202, TAKEN(2));
	ask(client, "/v1/outcomes?interface=orders", JSON, "Idempotency-Key: \"late\"\r\n",
	    "[{\"key\":\"c\",\"outcome\":\"failed\"},{\"key\":7,\"legacy\":[]}]", &reply);
	want_answer(202, TAKEN(2));
	ask(client, "/v1/outcomes", JSON, "", "[]", &reply);
	want_answer(202, TAKEN(0));
	ask(client, "/v1/exchanges", LINES, "", "", &reply);
	want_answer(202, TAKEN(0));
	struct wanted wanted = {.rows = {
					"orders /v1/exchanges 1 - 5 - k\"1",
					"invoices /v1/exchanges 2 - 5 - bare:1",
					"invoices /v1/exchanges 3 - 5 - own",
					"orders /v1/exchanges 4 - 5 - bare:4",
					"orders /v1/exchanges 5 {\"q\":1} -1 - a:1",
					"orders /v1/exchanges 6 - 5 - a:2",
					"orders - - - 1 c late:1",
					"orders - - [] -1 7 late:2",
				}};
	struct spooled spooled = stop_and_read(check_row, &wanted);
	ck_assert_uint_eq(spooled.seen, 8);
	ck_assert_uint_eq(spooled.count, 8);
}
END_TEST

START_TEST(one_interface_needs_no_name)
{
	rig.interface_count = 1;
	start();
	ask(client, "/v1/exchanges", JSON, "", "{\"message\":1}", &reply);
	want_answer(202, TAKEN(1));
	ask(client, "/v1/exchanges", JSON, "", "{\"message\":1,\"interface\":\"invoices\"}", &reply);
	ck_assert_int_eq(reply.status, 400);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 1);
}
END_TEST

START_TEST(bad_lines_do_not_hinder_the_others)
{
	start();
	ask(client, "/v1/exchanges", LINES, "",
	    "{\"interface\":\"orders\",\"message\":1}\n{\"message\":2}\n7\n"
	    "{\"interface\":\"none\",\"message\":3}\n{\"interface\":\"invoices\",\"message\":4}\n",
	    &reply);
	ck_assert_int_eq(reply.status, 202);
	ck_assert_str_eq(
		reply.body,
		"{\"accepted\":2,\"rejected_count\":3,\"rejected\":["
		"{\"line\":2,\"error\":\"\\\"interface\\\" is missing; name it here or in ?interface=NAME\"},"
		"{\"line\":3,\"error\":\"this is no JSON object; send {\\\"message\\\": ...}\"},"
		"{\"line\":4,\"error\":\"no interface of this name has a tap; name one of the configuration\"}]}\n");
	/* nothing is counted for them */
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.seen, 2);
	ck_assert_uint_eq(spooled.count, 2);
}
END_TEST

START_TEST(a_hundred_rejections_are_listed)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 24);
	start();
	for (int i = 0; i < 1000000; i++) {
		buffer_append_text(&text, "x\n");
	}
	post(client, "/v1/exchanges", LINES, "", buffer_span(&text));
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 400);
	ck_assert(strstr(reply.body, "{\"accepted\":0,\"rejected_count\":1000000,\"rejected\":[{\"line\":1,") != NULL);
	ck_assert(strstr(reply.body, "\"line\":100,") != NULL);
	ck_assert(strstr(reply.body, "\"line\":101,") == NULL);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 0);
}
END_TEST

struct head_case {
	const char *target;
	const char *type;
	const char *fields;
	int status;
	const char *says; /* in head or body */
};

static const struct head_case heads[] = {
	{"/v1/exchanges", JSON, "", 401, "WWW-Authenticate: Bearer realm=\"understudy\"\r\n"},
	{"/v1/exchanges", JSON, "Authorization: Basic c2VjcmV0\r\n", 401, "Bearer realm=\"understudy\"\r\n"},
	{"/v1/exchanges", JSON, "Authorization: Bearer\r\n", 401, "Bearer realm=\"understudy\"\r\n"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secre\r\n", 401, "error=\"invalid_token\""},
	{"/v1/exchanges", JSON, "Authorization: Bearer secrex\r\n", 401, "error=\"invalid_token\""},
	{"/v1/exchanges", JSON, "Authorization: Bearer secretsecret\r\n", 401, "error=\"invalid_token\""},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\n", 202, ""},
	{"/v1/exchanges", JSON, "authorization: bearer  secret\r\n", 202, ""},
	{"/v1/exchanges", "", "Authorization: Bearer secret\r\n", 415, "Accept: application/json"},
	{"/v1/exchanges", "application/jsonx", "Authorization: Bearer secret\r\n", 415, "Accept: application/json"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nContent-Encoding: gzip\r\n", 415,
	 "Accept-Encoding: identity\r\n"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nContent-Encoding: identity\r\n", 202, ""},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nIdempotency-Key: \"\"\r\n", 400,
	 "Idempotency-Key is no"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nIdempotency-Key: \"a\r\n", 400,
	 "Idempotency-Key is no"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nIdempotency-Key: \"a\\\"\r\n", 400,
	 "Idempotency-Key is no"},
	{"/v1/exchanges", JSON, "Authorization: Bearer secret\r\nIdempotency-Key: \"\xc3\xa4\"\r\n", 400,
	 "Idempotency-Key is no"},
	{"/v1/exchanges?interface=none", JSON, "Authorization: Bearer secret\r\n", 400,
	 "no interface of the query's name"},
	{"/v1/exchanges?interface=", JSON, "Authorization: Bearer secret\r\n", 400, "no interface of the query's name"},
	{"/v1/exchanges/", JSON, "Authorization: Bearer secret\r\n", 404, "/v1/openapi.json"},
	{"/v1", JSON, "", 404, "/v1/openapi.json"},
	{"/v1/health", JSON, "", 405, "Allow: GET, HEAD\r\n"},
};

/* On one connection: a refusal whose body was read does not end it. */
START_TEST(refusals_of_heads)
{
	rig.token = "secret";
	start();
	uint64_t taken = 0;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const struct head_case *at = &heads[i];
		ask(client, at->target, at->type, at->fields, "{\"interface\":\"orders\",\"message\":1}", &reply);
		ck_assert_msg(reply.status == at->status, "%zu: %d %s", i, reply.status, reply.body);
		ck_assert_msg(strstr(reply.head, at->says) != NULL || strstr(reply.body, at->says) != NULL, "%zu: %s%s",
			      i, reply.head, reply.body);
		taken += reply.status == 202;
	}
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, taken);
}
END_TEST

#define CHUNKED                                                                                                        \
	"POST /v1/exchanges?interface=orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"                \
	"Transfer-Encoding: chunked\r\n\r\n6\r\n{\"mess\r\n6\r\nage\":1\r\n1\r\n}\r\n0\r\n\r\n"
#define SIZED                                                                                                          \
	"POST /v1/outcomes?interface=orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"             \
	"Content-Length: 25\r\n\r\n{\"key\":1,\"outcome\":\"ok\"}\r\n"

START_TEST(cut_at_every_byte)
{
	const char *text = _i == 0 ? CHUNKED : SIZED;
	size_t length = strlen(text);
	start();
	for (size_t cut = 1; cut < length; cut++) {
		put_bytes(client, (struct span){text, cut});
		usleep(200);
		put_bytes(client, (struct span){text + cut, length - cut});
		take_reply(client, &reply, false);
		want_answer(202, TAKEN(1));
	}
	ck_assert_uint_eq(stop_and_read(NULL, NULL).count, length - 1);
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
		buffer_append_format(&text,
				     "POST /v1/exchanges?interface=orders HTTP/1.1\r\nHost: h\r\n"
				     "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"message\":%03d}",
				     100 + i);
	}
	put_bytes(client, buffer_span(&text));
	for (int i = 0; i < 100; i++) {
		take_reply(client, &reply, false);
		want_answer(202, TAKEN(1));
	}
	int next = 100;
	ck_assert_uint_eq(stop_and_read(check_order, &next).count, 100);
}
END_TEST

START_TEST(expect_continue)
{
	start();
	put(client, "POST /v1/exchanges?interface=orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		    "Expect: 100-Continue\r\nContent-Length: 13\r\n\r\n");
	take_reply(client, &reply, true);
	ck_assert_int_eq(reply.status, 100);
	put(client, "{\"message\":1}");
	take_reply(client, &reply, false);
	want_answer(202, TAKEN(1));
	/* who would be refused is told before the body is sent, and the connection ends, as its next bytes may be it */
	put(client, "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: text/csv\r\n"
		    "Expect: 100-continue\r\nContent-Length: 13\r\n\r\n");
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 415);
	ck_assert(strstr(reply.head, "Connection: close\r\n") != NULL);
	want_end(client);
}
END_TEST

START_TEST(old_clients_and_ends)
{
	start();
	put(client, "POST /v1/exchanges?interface=orders HTTP/1.0\r\nContent-Type: application/json\r\n"
		    "Content-Length: 13\r\n\r\n{\"message\":1}");
	take_reply(client, &reply, false);
	want_answer(202, TAKEN(1));
	ck_assert(strstr(reply.head, "Connection: close\r\n") != NULL);
	want_end(client);
	close(client);
	/* whoever has said his last still gets his answer */
	client = rig_connect(&rig);
	post(client, "/v1/exchanges?interface=orders", JSON, "", SPAN("{\"message\":1}"));
	shutdown(client, SHUT_WR);
	take_reply(client, &reply, false);
	want_answer(202, TAKEN(1));
	want_end(client);
	close(client);
	/* half a body is none */
	client = rig_connect(&rig);
	put(client, "POST /v1/exchanges?interface=orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"
		    "Content-Length: 100\r\n\r\n{\"message\":1}\n");
	shutdown(client, SHUT_WR);
	want_end(client);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 2);
}
END_TEST

/* Sends while it reads, so that no early answer is overrun by a reset; true where all could be sent. */
static bool send_much(struct span bytes)
{
	while (bytes.length > 0) {
		struct pollfd entry = {.fd = client, .events = POLLIN | POLLOUT};
		ck_assert_int_eq(poll(&entry, 1, 60000), 1);
		if ((entry.revents & POLLIN) != 0) {
			return false;
		}
		ssize_t count = send(client, bytes.data, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);
		ck_assert_int_gt((int)count, 0);
		bytes = (struct span){bytes.data + count, bytes.length - (size_t)count};
	}
	return true;
}

START_TEST(the_largest_body)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX + 65536);
	rig.ring_capacity = 64 << 20;
	start();
	/* 16 MiB to the byte, in lines of 64 bytes */
	for (int i = 0; i < INGEST_BODY_MAX / 64; i++) {
		buffer_append_format(&text, "{\"interface\":\"orders\",\"message\":\"%028d\"}\n", i);
	}
	ck_assert_uint_eq(text.length, INGEST_BODY_MAX);
	post(client, "/v1/exchanges", LINES, "", SPAN(""));
	take_reply(client, &reply, false);
	char head[256];
	snprintf(head, sizeof(head),
		 "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 text.length);
	put(client, head);
	ck_assert(send_much(buffer_span(&text)));
	take_reply(client, &reply, false);
	want_answer(202, TAKEN(262144));
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.count, INGEST_BODY_MAX / 64);
}
END_TEST

START_TEST(larger_bodies)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX + 65536);
	start();
	/* announced: refused before a byte of it is sent */
	put(client, "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		    "Content-Length: 16777217\r\n\r\n");
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 413);
	want_end(client);
	close(client);
	/* not announced: when it gets there */
	client = rig_connect(&rig);
	put(client, "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n1000001\r\n");
	memset(buffer_reserve(&text, INGEST_BODY_MAX + 1), ' ', INGEST_BODY_MAX + 1);
	text.length = INGEST_BODY_MAX + 1;
	(void)send_much(buffer_span(&text));
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 413);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 0);
}
END_TEST

/* Message and reply with their heads: to the byte, and by interface. */
START_TEST(capture_limits)
{
	static const size_t most[2] = {2000, 3000};
	rig.interface_capture_max = most;
	start();
	/* method 4, target 13, head 32, message 2 + n */
	for (int i = 0; i < 4; i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(8192);
		size_t length = most[i / 2] - 4 - 13 - 32 - 2 + (size_t)(i % 2);
		buffer_append_format(&text, "{\"interface\":\"%s\",\"message\":\"", i / 2 == 0 ? "orders" : "invoices");
		memset(buffer_reserve(&text, length), 'x', length);
		text.length += length;
		buffer_append_text(&text, "\"}");
		post(client, "/v1/exchanges", JSON, "", buffer_span(&text));
		take_reply(client, &reply, false);
		ck_assert_int_eq(reply.status, i % 2 == 0 ? 202 : 400);
		ck_assert(i % 2 == 0 || strstr(reply.body, "raise tap.capture_max") != NULL);
	}
	/* far too large: not even read */
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	while (text.length < 200000) {
		buffer_append_text(&text, "[[[[[[[[[[");
	}
	post(client, "/v1/exchanges?interface=orders", JSON, "", buffer_span(&text));
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 400);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 2);
}
END_TEST

/* Sends lines that hold the numbers from `from` to `until`, each of 100,000 bytes; returns how many were accepted. */
static int send_numbers(int from, int until)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX);
	for (int i = from; i < until; i++) {
		buffer_append_format(&text, "{\"interface\":\"orders\",\"message\":1%099999d}\n", i);
	}
	post(client, "/v1/exchanges", LINES, "", buffer_span(&text));
	take_reply(client, &reply, false);
	ck_assert_msg(reply.status == 202 || reply.status == 503, "%s", reply.body);
	int accepted = atoi(reply.body + strlen("{\"accepted\":"));
	if (reply.status == 503) {
		const char *at = strstr(reply.body, "\"retry_from\":");
		ck_assert_ptr_nonnull(at);
		ck_assert_int_eq(atoi(at + strlen("\"retry_from\":")), accepted + 1);
		ck_assert(strstr(reply.head, "Retry-After: 1\r\n") != NULL);
	}
	return accepted;
}

/* Each number once, in order. */
static void check_numbers(const struct spool_exchange *exchange, void *context)
{
	int *next = context;
	ck_assert_uint_eq(exchange->request_body.length, 100000);
	ck_assert_int_eq(atoi(exchange->request_body.data + 99990), (*next)++);
}

/* 6 MB do not fit into a ring of 1 MiB, unless the drainer is as fast as we: then there is another batch. What was
 * accepted is in the ring, the rest is named, and goes in later. */
START_TEST(ring_full_asks_for_a_retry)
{
	enum { BATCH = 60, BATCHES_MAX = 30 };
	rig.ring_capacity = 1 << 20;
	start();
	int sent = 0;
	int refused = 0;
	for (int i = 0; i < BATCHES_MAX && refused == 0; i++) {
		int until = sent + BATCH;
		while (sent < until) {
			sent += send_numbers(sent, until);
			refused += reply.status == 503;
		}
	}
	ck_assert_int_gt(refused, 0);
	int next = 0;
	struct spooled spooled = stop_and_read(check_numbers, &next);
	ck_assert_uint_eq(spooled.seen, (uint64_t)sent);
	ck_assert_uint_eq(spooled.count, (uint64_t)sent);
	ck_assert_uint_eq(spooled.dropped[DROP_RING_FULL], 0);
}
END_TEST

START_TEST(switched_off_asks_for_a_retry)
{
	start();
	rig_switch_passthrough(&rig);
	ask(client, "/v1/exchanges?interface=orders", JSON, "", "{\"message\":1}", &reply);
	ck_assert_int_eq(reply.status, 503);
	ck_assert(strstr(reply.head, "Retry-After: 1\r\n") != NULL);
	rig_switch_passthrough(&rig);
	ask(client, "/v1/exchanges?interface=orders", JSON, "", "{\"message\":1}", &reply);
	want_answer(202, TAKEN(1));
	ck_assert_uint_eq(stop_and_read(NULL, NULL).seen, 1);
}
END_TEST

/* Many bodies at once: their sum is bounded, and what is refused for it can be sent again. */
START_TEST(bodies_are_bounded_together)
{
	enum { CLIENTS = 6, SIZE = 15 * 1024 * 1024 };
	int clients[CLIENTS];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX);
	memset(buffer_reserve(&text, SIZE), ' ', SIZE);
	text.length = SIZE;
	start();
	close(client);
	for (int i = 0; i < CLIENTS; i++) {
		client = clients[i] = rig_connect(&rig);
		put(client, "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"
			    "Content-Length: 15728641\r\n\r\n");
		ck_assert(send_much(buffer_span(&text)));
	}
	int refused = 0;
	for (int i = 0; i < CLIENTS; i++) {
		put(clients[i], "\n");
		take_reply(clients[i], &reply, false);
		ck_assert(reply.status == 202 || reply.status == 503);
		refused += reply.status == 503;
		close(clients[i]);
	}
	ck_assert_int_eq(refused, 2); /* 4 * 15 MiB fit into 64 MiB */
	client = rig_connect(&rig);
	ask(client, "/v1/exchanges?interface=orders", JSON, "", "{\"message\":1}", &reply);
	want_answer(202, TAKEN(1));
}
END_TEST

/* A client that leaves while its batch is being taken: what was taken stays, nothing stays open. */
START_TEST(a_batch_whose_client_leaves)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX);
	rig.ring_capacity = 64 << 20;
	start();
	for (int i = 0; i < 200000; i++) {
		buffer_append_text(&text, "{\"interface\":\"orders\",\"message\":1}\n");
	}
	for (int i = 0; i < 5; i++) {
		post(client, "/v1/exchanges", LINES, "", buffer_span(&text));
		usleep((useconds_t)i * 2000);
		reset_and_close(client);
		client = rig_connect(&rig);
	}
	ask(client, "/v1/exchanges?interface=orders", JSON, "", "{\"message\":1}", &reply);
	want_answer(202, TAKEN(1));
	struct spooled spooled = stop_and_read(NULL, NULL);
	ck_assert_uint_eq(spooled.seen, spooled.count);
	ck_assert_uint_eq(spooled.in_flight, 0);
}
END_TEST

START_TEST(accepted_survives_a_kill)
{
	start();
	int sent = 0;
	for (int life = 0; life < 4; life++) {
		for (int i = 0; i < 50; i++) {
			ask(client, "/v1/exchanges?interface=orders", LINES, "",
			    "{\"message\":1}\n{\"message\":2}\n{\"message\":3}\n", &reply);
			want_answer(202, TAKEN(3));
			sent += 3;
		}
		rig_kill(&rig);
		close(client);
		rig_restart(&rig);
		client = rig_connect(&rig);
	}
	ck_assert_uint_eq(stop_and_read(NULL, NULL).count, (uint64_t)sent);
}
END_TEST

/* A stop in the middle of a request: its batch is taken to its end and answered. */
START_TEST(stop_finishes_a_batch)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX);
	rig.ring_capacity = 64 << 20;
	start();
	for (int i = 0; i < 50000; i++) {
		buffer_append_text(&text, "{\"interface\":\"orders\",\"message\":1}\n");
	}
	char head[256];
	snprintf(head, sizeof(head),
		 "POST /v1/exchanges HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"
		 "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
		 text.length);
	put(client, head);
	take_reply(client, &reply, true);
	ck_assert_int_eq(reply.status, 100);
	kill(rig.tap, SIGTERM);
	put_bytes(client, buffer_span(&text));
	take_reply(client, &reply, false);
	want_answer(202, TAKEN(50000));
	ck_assert(strstr(reply.head, "Connection: close\r\n") != NULL);
	ck_assert_uint_eq(stop_and_read(NULL, NULL).count, 50000);
}
END_TEST

/* Requests of another client that are answered while a batch is taken. */
static int count_answered(int other, struct span batch)
{
	int answered = 0;
	struct pollfd entry = {.fd = client, .events = POLLIN};
	post(client, "/v1/exchanges", LINES, "", batch);
	while (poll(&entry, 1, 0) == 0) {
		put(other, "GET /v1/health HTTP/1.1\r\nHost: h\r\n\r\n");
		take_reply(other, &reply, false);
		ck_assert_int_eq(reply.status, 200);
		answered++;
	}
	take_reply(client, &reply, false);
	ck_assert(reply.status == 202 || reply.status == 503);
	return answered;
}

/* A batch of thirteen turns lets others in between. How many come in is the scheduler's choice, so there are several
 * attempts; were the batch taken at once, there would never be more than two or three. */
START_TEST(a_batch_shares_the_loop)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(INGEST_BODY_MAX);
	rig.ring_capacity = 64 << 20;
	start();
	for (int i = 0; i < 100000; i++) {
		buffer_append_text(&text, "{\"interface\":\"orders\",\"message\":1}\n");
	}
	int other = rig_connect(&rig);
	int most = 0;
	for (int i = 0; i < 30 && most <= 4; i++) {
		int answered = count_answered(other, buffer_span(&text));
		most = answered > most ? answered : most;
	}
	ck_assert_int_gt(most, 4);
	close(other);
}
END_TEST

Suite *ingest_suite(void)
{
	Suite *suite = suite_create("ingest");
	TCase *tests = tcase_create("ingest");
	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, keys_and_forms);
	tcase_add_test(tests, one_interface_needs_no_name);
	tcase_add_test(tests, bad_lines_do_not_hinder_the_others);
	tcase_add_test(tests, a_hundred_rejections_are_listed);
	tcase_add_test(tests, refusals_of_heads);
	tcase_add_loop_test(tests, cut_at_every_byte, 0, 2);
	tcase_add_test(tests, pipelined);
	tcase_add_test(tests, expect_continue);
	tcase_add_test(tests, old_clients_and_ends);
	tcase_add_test(tests, the_largest_body);
	tcase_add_test(tests, larger_bodies);
	tcase_add_test(tests, capture_limits);
	tcase_add_test(tests, ring_full_asks_for_a_retry);
	tcase_add_test(tests, switched_off_asks_for_a_retry);
	tcase_add_test(tests, bodies_are_bounded_together);
	tcase_add_test(tests, a_batch_whose_client_leaves);
	tcase_add_test(tests, accepted_survives_a_kill);
	tcase_add_test(tests, stop_finishes_a_batch);
	tcase_add_test(tests, a_batch_shares_the_loop);
	suite_add_tcase(suite, tests);
	return suite;
}
