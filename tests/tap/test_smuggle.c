/* Requests meant to be understood differently by the tap and the legacy system, and replies meant for somebody else.
 * The legacy side is this test, which looks at every byte: it never sees a request that the client has not framed as
 * one by RFC 9112, and no client gets what was said to another. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;

#define HIDDEN "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST "POST /a HTTP/1.1\r\nHost: h\r\n"
#define CHUNKS POST "Transfer-Encoding: chunked\r\n\r\n"

static void setup(void)
{
	rig_prepare(&rig);
	rig_start_with(&rig);
}

static void teardown(void)
{
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).in_flight, 0);
	rig_finish(&rig);
}

static void still_serves(void)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "fine");
	close(client);
	close(legacy);
}

/* --- refused --- */

struct refusal {
	const char *name;
	const char *request;
	int status;
	const char *most; /* what stands before the fault, all that the legacy system may see; NULL: no connection */
};

static const struct refusal refusals[] = {
	{"CL.TE", POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"TE.CL", POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" HIDDEN "0\r\n\r\n", 400, NULL},
	{"TE.TE", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"TE twice in one", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"identity before chunked", POST "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"quoted chunked", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"chunked with a parameter", POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"TE behind a space", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"TE folded", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" HIDDEN, 501, NULL},
	{"TE as a fold", POST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"TE behind a lone CR", POST "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"TE in HTTP/1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, NULL},
	{"lengths that differ", POST "Content-Length: 2\r\nContent-Length: 37\r\n\r\nab" HIDDEN, 400, NULL},
	{"lengths in a list", POST "Content-Length: 2, 37\r\n\r\nab" HIDDEN, 400, NULL},
	{"length with a sign", POST "Content-Length: +2\r\n\r\nab" HIDDEN, 400, NULL},
	{"length below zero", POST "Content-Length: -1\r\n\r\n" HIDDEN, 400, NULL},
	{"length in hexadecimal", POST "Content-Length: 0x2\r\n\r\nab" HIDDEN, 400, NULL},
	{"length with an underscore", POST "Content-Length: 3_7\r\n\r\nab" HIDDEN, 400, NULL},
	{"length above 2^64", POST "Content-Length: 18446744073709551618\r\n\r\nab" HIDDEN, 400, NULL},
	{"length behind a space", POST "Content-Length : 2\r\n\r\nab" HIDDEN, 400, NULL},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" HIDDEN, 400, NULL},
	{"two requests in a line", "GET / HTTP/1.1 GET /hidden HTTP/1.1\r\n\r\n", 400, NULL},
	{"a space in the target", "GET /a HTTP/1.1/b HTTP/1.1\r\n\r\n" HIDDEN, 400, NULL},
	{"a field without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n" HIDDEN, 400, NULL},
	/* chunks: what came before may have gone out, the end of the body never */
	{"chunk size ends with LF", CHUNKS "1\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1"},
	{"chunk size with 0x", CHUNKS "0x1\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "0"},
	{"chunk size below zero", CHUNKS "-1\r\n\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS},
	{"chunk size above 2^64", CHUNKS "10000000000000001\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1000000000000000"},
	{"chunk size above 2^63", CHUNKS "FFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "FFFFFFFFFFFFFFF"},
	{"two chunk sizes", CHUNKS "1 2\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1 "},
	{"empty chunk size", CHUNKS "\r\n\r\n" HIDDEN, 400, CHUNKS},
	{"extension ends with LF", CHUNKS "1;a\nb\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1;a"},
	{"extension with a lone CR", CHUNKS "1;a\rb\r\na\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1;a\r"},
	{"data longer than its size", CHUNKS "1\r\nabc\r\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1\r\na"},
	{"data ends with LF", CHUNKS "1\r\na\n0\r\n\r\n" HIDDEN, 400, CHUNKS "1\r\na"},
	{"trailer ends with LF", CHUNKS "0\r\nT: 1\n\r\n" HIDDEN, 400, CHUNKS "0\r\nT: 1"},
	{"end without CR", CHUNKS "0\r\n\n" HIDDEN, 400, CHUNKS "0\r\n"},
};

/* At once, and byte by byte. */
static void put_either_way(int fd, const char *text, bool slowly)
{
	if (!slowly) {
		put(fd, text);
		return;
	}
	for (; *text != '\0'; text++) {
		/* it may be refused, and the connection closed, before all is said */
		if (send(fd, text, 1, MSG_NOSIGNAL) != 1) {
			return;
		}
		usleep(100);
	}
}

START_TEST(refused)
{
	const struct refusal *at = &refusals[_i / 2];
	int client = rig_connect(&rig);
	put_either_way(client, at->request, _i % 2 == 1);
	char start[32];
	snprintf(start, sizeof(start), "HTTP/1.1 %d ", at->status);
	want(client, start);
	CLEANUP_BUFFER struct buffer rest = BUFFER_INIT(200000);
	take_all(client, &rest);
	ck_assert_msg(strstr(rest.data, "HTTP/1.1") == NULL, "%s: a second answer", at->name);
	close(client);
	ck_assert_msg(at->most != NULL || !rig_has_connection(&rig), "%s: went through", at->name);
	if (rig_has_connection(&rig)) {
		int legacy = rig_accept(&rig);
		CLEANUP_BUFFER struct buffer seen = BUFFER_INIT(200000);
		take_all(legacy, &seen);
		ck_assert_msg(seen.length <= strlen(at->most) &&
				      (seen.length == 0 || memcmp(seen.data, at->most, seen.length) == 0),
			      "%s: the legacy system saw \"%.*s\"", at->name, SPAN_ARGUMENTS(buffer_span(&seen)));
		close(legacy);
	}
	still_serves();
}
END_TEST

START_TEST(nul_refused)
{
	static const char request[] = POST "X: a\0b\r\nContent-Length: 0\r\n\r\n" HIDDEN;
	int client = rig_connect(&rig);
	put_bytes(client, (struct span){request, sizeof(request) - 1});
	want(client, "HTTP/1.1 400 ");
	close(client);
	ck_assert(!rig_has_connection(&rig));
	still_serves();
}
END_TEST

/* --- taken, and understood in one way --- */

struct passage {
	const char *name;
	const char *request;
	const char *first;  /* what the legacy system sees until it answers */
	const char *second; /* and behind that; NULL: nothing */
};

static const struct passage passages[] = {
	{"a request as a body", POST "Content-Length: 36\r\n\r\n" HIDDEN "123",
	 POST "Content-Length: 36\r\n\r\n" HIDDEN "123", NULL},
	{"a request as a body of GET", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 33\r\n\r\n" HIDDEN,
	 "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 33\r\n\r\n" HIDDEN, NULL},
	{"a request in a chunk", CHUNKS "21\r\n" HIDDEN "\r\n0\r\n\r\n", CHUNKS "21\r\n" HIDDEN "\r\n0\r\n\r\n", NULL},
	{"a request in an extension", CHUNKS "1;GET /hidden HTTP/1.1\r\na\r\n0\r\n\r\n",
	 CHUNKS "1;GET /hidden HTTP/1.1\r\na\r\n0\r\n\r\n", NULL},
	{"framing in trailers", CHUNKS "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" HIDDEN,
	 CHUNKS "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HIDDEN},
	{"length named by Connection", POST "Connection: content-length\r\nContent-Length: 2\r\n\r\nab" HIDDEN,
	 POST "Content-Length: 2\r\n\r\nab", HIDDEN},
	{"TE named by Connection",
	 POST "Connection: transfer-encoding, host\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", NULL},
	{"a length twice", POST "Content-Length: 2\r\ncontent-length: 2\r\n\r\nab" HIDDEN,
	 POST "Content-Length: 2\r\n\r\nab", HIDDEN},
	{"lines that end with LF", "POST /a HTTP/1.1\nHost: h\nContent-Length: 2\n\nab" HIDDEN,
	 POST "Content-Length: 2\r\n\r\nab", HIDDEN},
	{"absolute form, another host", "GET http://one/a HTTP/1.1\r\nHost: two\r\n\r\n",
	 "GET http://one/a HTTP/1.1\r\nHost: two\r\n\r\n", NULL},
	{"no length, then a request", POST "\r\n" HIDDEN, POST "\r\n", HIDDEN},
	{"fields that only look like framing", POST "Content_Length: 50\r\nX-Transfer-Encoding: chunked\r\n\r\n" HIDDEN,
	 POST "Content_Length: 50\r\nX-Transfer-Encoding: chunked\r\n\r\n", HIDDEN},
};

START_TEST(understood)
{
	const struct passage *at = &passages[_i / 2];
	int client = rig_connect(&rig);
	put_either_way(client, at->request, _i % 2 == 1);
	int legacy = rig_accept(&rig);
	want(legacy, at->first);
	want_nothing(legacy, 20);
	put(legacy, OK2);
	want(client, OK2);
	if (at->second != NULL) {
		want(legacy, at->second);
		put(legacy, OK2);
		want(client, OK2);
	}
	want_nothing(legacy, 20);
	ck_assert(!rig_has_connection(&rig));
	exchange_once(&rig, client, &legacy, "next");
	close(client);
	close(legacy);
}
END_TEST

/* --- replies that nobody asked for --- */

static const char *const surplus[] = {
	OK2 "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden",
	"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nhidden",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokhidden",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nhidden",
};

/* What comes behind the end of a reply reaches nobody, and the connection is not used again. */
START_TEST(surplus_reaches_nobody)
{
	int client = rig_connect(&rig);
	put(client, POST "Content-Length: 0\r\n\r\n");
	int legacy = rig_accept(&rig);
	want(legacy, POST "Content-Length: 0\r\n\r\n");
	const char *reply = surplus[_i / 2];
	if (_i % 2 == 0) {
		put(legacy, reply);
	} else {
		const char *end = strstr(reply, "hidden");
		put_bytes(legacy, (struct span){reply, (size_t)(end - reply)});
		usleep(20000);
		put(legacy, end);
	}
	int other = rig_connect(&rig);
	usleep(20000);
	int fresh = -1;
	exchange_once(&rig, other, &fresh, "of another client");
	close(fresh);
	close(other);
	shutdown(client, SHUT_WR);
	CLEANUP_BUFFER struct buffer got = BUFFER_INIT(200000);
	take_all(client, &got);
	ck_assert_msg(strstr(got.data, "hidden") == NULL, "\"%s\"", got.data);
	close(client);
	close(legacy);
}
END_TEST

/* A legacy system that says something while nobody asks (408 before it closes is usual). */
START_TEST(unasked_reply_reaches_nobody)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "one");
	put(legacy, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 6\r\n\r\nhidden");
	CLEANUP_BUFFER struct buffer nothing = BUFFER_INIT(200000);
	take_all(legacy, &nothing);
	ck_assert_uint_eq(nothing.length, 0);
	int fresh = -1;
	exchange_once(&rig, client, &fresh, "two");
	close(legacy);
	close(fresh);
	close(client);
}
END_TEST

Suite *smuggle_suite(void)
{
	Suite *suite = suite_create("smuggling");
	TCase *tests = tcase_create("smuggling");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, refused, 0, 2 * (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tests, nul_refused);
	tcase_add_loop_test(tests, understood, 0, 2 * (int)(sizeof(passages) / sizeof(passages[0])));
	tcase_add_loop_test(tests, surplus_reaches_nobody, 0, 2 * (int)(sizeof(surplus) / sizeof(surplus[0])));
	tcase_add_test(tests, unasked_reply_reaches_nobody);
	suite_add_tcase(suite, tests);
	return suite;
}
