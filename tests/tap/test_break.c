/* Ends in the middle: a client that leaves in any phase, a legacy system that answers and leaves before it has read the
 * message, heads without end. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig rig;

#define HEAD "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

static void setup(void)
{
	rig_prepare(&rig);
	rig_start_with(&rig);
}

static void teardown(void)
{
	rig_finish(&rig);
}

/* A further client is served, and all that was seen is accounted for. */
static struct spooled end_well(void)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "fine");
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.in_flight, 0);
	return spooled;
}

static void leave(int fd, bool reset)
{
	if (reset) {
		reset_and_close(fd);
	} else {
		close(fd);
	}
}

/* --- the client leaves --- */

struct phase {
	const char *sent;  /* by the client */
	const char *reply; /* by the legacy system; NULL: it is not asked */
	const char *taken; /* of the reply */
	uint64_t aborted;  /* exchanges that count as such */
	uint64_t captured; /* exchanges that were complete before */
};

static const struct phase phases[] = {
	{"", NULL, "", 0, 0},
	{"P", NULL, "", 0, 0},
	{"POST /a HTTP/1.1\r\nContent-Len", NULL, "", 0, 0},
	{HEAD, "", "", 1, 0},
	{HEAD "ab", "", "", 1, 0},
	{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "", "", 1, 0},
	{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: 1\r\n", "", "", 1, 0},
	{HEAD "ab", OK_HEAD "abcde", OK_HEAD "abcde", 1, 0}, /* answered early, but the message never ends */
	{HEAD "abc", OK_HEAD "abcde", OK_HEAD "abcde", 0, 1},
	{HEAD "abcPOST /b HT", OK_HEAD "abcde", OK_HEAD "abcde", 0, 1},
};

START_TEST(client_leaves)
{
	const struct phase *at = &phases[_i / 2];
	int client = rig_connect(&rig);
	put(client, at->sent);
	int legacy = -1;
	if (at->reply != NULL) {
		legacy = rig_accept(&rig);
		put(legacy, at->reply);
	}
	want(client, at->taken);
	leave(client, _i % 2 == 1);
	if (at->aborted > 0) {
		CLEANUP_BUFFER struct buffer seen = BUFFER_INIT(200000);
		take_all(legacy, &seen); /* the legacy system is not left with half a message */
	}
	close(legacy);
	struct spooled spooled = end_well();
	ck_assert_uint_eq(spooled.count, 1 + at->captured);
	ck_assert_uint_eq(spooled.dropped[DROP_CLIENT_ABORTED], at->aborted);
	ck_assert_uint_eq(spooled.seen, spooled.count + at->aborted);
}
END_TEST

/* --- the legacy system leaves --- */

enum { UPLOAD = 20 << 20 };

static pid_t upload(int client, const char *head)
{
	pid_t sender = fork();
	ck_assert_int_ge(sender, 0);
	if (sender == 0) {
		char *body = calloc(1, UPLOAD);
		ssize_t count = body != NULL ? send(client, head, strlen(head), MSG_NOSIGNAL) : -1;
		for (size_t sent = 0; count > 0 && sent < UPLOAD; sent += (size_t)count) {
			count = send(client, body + sent, UPLOAD - sent, MSG_NOSIGNAL);
		}
		_exit(0); /* it may well be cut off */
	}
	return sender;
}

/* "413, and I will not read that": the client is told so, whether the legacy system leaves by FIN or by reset (as one
 * does that closes with bytes unread), and though the client is still sending. */
START_TEST(refusal_of_an_upload_arrives)
{
	const char *head = "POST /a HTTP/1.1\r\nContent-Length: 20971520\r\n\r\n";
	const char *refusal = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
	int client = rig_connect(&rig);
	pid_t sender = upload(client, head);
	int legacy = rig_accept(&rig);
	want(legacy, head);
	put(legacy, refusal);
	if (_i == 1) {
		close(legacy); /* unread bytes make this a reset */
	} else {
		shutdown(legacy, SHUT_WR);
	}
	want(client, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
	close(client);
	waitpid(sender, NULL, 0);
	if (_i == 0) {
		close(legacy);
	}
	struct spooled spooled = end_well();
	ck_assert_uint_eq(spooled.seen, 2);
	ck_assert_uint_eq(spooled.count, 1);
}
END_TEST

/* As above, of a message that was read whole: a reset behind a complete reply takes nothing away. */
START_TEST(reset_behind_a_reply)
{
	int client = rig_connect(&rig);
	put(client, HEAD "abc");
	int legacy = rig_accept(&rig);
	want(legacy, HEAD "abc");
	put(legacy, OK_HEAD "abcde");
	want(client, OK_HEAD "abcde");
	reset_and_close(legacy);
	close(client);
	ck_assert_uint_eq(end_well().count, 2);
}
END_TEST

static void put_endless(int fd, const char *start, const char *repeated)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, start);
	while (text.length < 200000) {
		buffer_append_text(&text, repeated);
	}
	for (size_t sent = 0; sent < text.length;) {
		ssize_t count = send(fd, text.data + sent, text.length - sent, MSG_NOSIGNAL);
		if (count <= 0) {
			return; /* enough of it */
		}
		sent += (size_t)count;
	}
}

/* Heads and lines that never end: what the tap keeps of them is one block. */
START_TEST(endless_replies)
{
	static const char *const replies[][2] = {
		{"HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"},
		{"HTTP/1.1 200 ", "x"},
		{"HTTP/1.1 200 OK\r\nX: ", "x"},
		{"", "x"},
	};
	int client = rig_connect(&rig);
	put(client, HEAD "abc");
	int legacy = rig_accept(&rig);
	want(legacy, HEAD "abc");
	put_endless(legacy, replies[_i][0], replies[_i][1]);
	want(client, "HTTP/1.1 502 ");
	close(client);
	close(legacy);
	ck_assert_uint_eq(end_well().dropped[DROP_LEGACY_FAILED], 1);
}
END_TEST

/* Interim replies may come as many as they like, if the client takes them. */
START_TEST(many_interim_replies)
{
	const char *interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
	int client = rig_connect(&rig);
	put(client, HEAD "abc");
	int legacy = rig_accept(&rig);
	want(legacy, HEAD "abc");
	for (int i = 0; i < 5000; i++) {
		put(legacy, interim);
		want(client, interim);
	}
	put(legacy, OK_HEAD "abcde");
	want(client, OK_HEAD "abcde");
	close(client);
	close(legacy);
	ck_assert_uint_eq(end_well().count, 2);
}
END_TEST

Suite *break_suite(void)
{
	Suite *suite = suite_create("breaks");
	TCase *tests = tcase_create("breaks");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, client_leaves, 0, 2 * (int)(sizeof(phases) / sizeof(phases[0])));
	tcase_add_loop_test(tests, refusal_of_an_upload_arrives, 0, 2);
	tcase_add_test(tests, reset_behind_a_reply);
	tcase_add_loop_test(tests, endless_replies, 0, 4);
	tcase_add_test(tests, many_interim_replies);
	suite_add_tcase(suite, tests);
	return suite;
}
