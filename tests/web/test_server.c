/* What holds for every page: methods, Host, content, headers, a store that is missing, appears, is locked, is replaced.
 */
#include "tests/web/suites.h"
#include "tests/web/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *method;
	const char *target;
	int status;
} REQUESTS[] = {
	{"GET", "/", 200},
	{"GET", "/?x=1", 200},
	{"HEAD", "/", 200},
	{"GET", "/dead-letters", 200},
	{"GET", "/healthz", 200},
	{"GET", "/metrics", 200},
	{"GET", "/assets/understudy.css", 200},
	{"GET", "/exchange/00000000000000000000000000000001", 200},
	{"GET", "/exchange/000000000000000000000000000000FF", 404},
	{"GET", "/exchange/0000000000000000000000000000000", 404},
	{"GET", "/exchange/0000000000000000000000000000000g", 404},
	{"GET", "/exchange/", 404},
	{"GET", "/exchange/%30", 404},
	{"GET", "/report/x.html", 404},
	{"GET", "/nothing", 404},
	{"GET", "//", 404},
	{"GET", "/dead-letters/", 404},
	{"GET", "/assets/../healthz", 404},
	{"GET", "/%2e", 404},
	{"GET", "/healthz%00", 404},
	{"GET", "http://127.0.0.1/", 404},
	{"POST", "/", 405},
	{"PUT", "/metrics", 405},
	{"DELETE", "/exchange/00000000000000000000000000000001", 405},
	{"OPTIONS", "/", 405},
	{"PATCH", "/nothing", 405},
	{"BREW", "/", 405},
};

START_TEST(test_requests)
{
	int status = status_of(REQUESTS[_i].method, REQUESTS[_i].target);
	ck_assert_msg(status == REQUESTS[_i].status, "%s %s: %d", REQUESTS[_i].method, REQUESTS[_i].target, status);
}
END_TEST

START_TEST(test_security_headers)
{
	static const char *const targets[] = {"/", "/healthz", "/metrics", "/nothing", "/assets/understudy.css"};
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct reply reply = request("GET", targets[i]);
		ck_assert_ptr_nonnull(
			strstr(reply.head, "Content-Security-Policy: default-src 'none'; style-src 'self';"));
		ck_assert_ptr_null(strstr(reply.head, "unsafe"));
		ck_assert(has_header(&reply, "X-Content-Type-Options: nosniff"));
		ck_assert(has_header(&reply, "X-Frame-Options: DENY"));
		ck_assert(has_header(&reply, "Referrer-Policy: no-referrer"));
		ck_assert(has_header(&reply, "Cache-Control: no-store"));
		reply_finish(&reply);
	}
	struct reply refused = request("POST", "/");
	ck_assert(has_header(&refused, "Allow: GET, HEAD"));
	ck_assert(has_header(&refused, "X-Content-Type-Options: nosniff"));
	reply_finish(&refused);
}
END_TEST

START_TEST(test_head_has_no_body)
{
	struct reply get = request("GET", "/assets/understudy.css");
	struct reply head = request("HEAD", "/assets/understudy.css");
	char line[64];
	snprintf(line, sizeof(line), "Content-Length: %zu", get.body_length);
	ck_assert(has_header(&get, line));
	ck_assert(has_header(&head, line));
	ck_assert_uint_eq(head.body_length, 0);
	ck_assert(has_header(&head, "Content-Type: text/css; charset=utf-8"));
	reply_finish(&get);
	reply_finish(&head);
}
END_TEST

static const struct {
	const char *bytes;
	int status;
} RAW[] = {
	{"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403},
	{"GET /metrics HTTP/1.1\r\nHost: evil.example:8400\r\nConnection: close\r\n\r\n", 403},
	{"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403},
	{"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nConnection: close\r\n\r\n", 403},
	{"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 403},
	{"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400}, /* RFC 9112, 3.2: a request without Host is 400 */
	{"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200},
	{"GET / HTTP/1.1\r\nHost: [::1]:1\r\nConnection: close\r\n\r\n", 200},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", 413},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 413},
	{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", 405},
	{"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", 403},
};

START_TEST(test_raw)
{
	struct reply reply = exchange_bytes(RAW[_i].bytes);
	ck_assert_msg(reply.status == RAW[_i].status, "%s: %d", RAW[_i].bytes, reply.status);
	ck_assert_ptr_null(strstr(reply.body, "<script"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_long_requests)
{
	enum { SIZE = 100000 };
	char *bytes = malloc(SIZE + 256);
	const size_t lengths[] = {1100, 20000, SIZE};
	for (size_t i = 0; i < 3; i++) {
		int used = snprintf(bytes, 32, "GET /");
		memset(bytes + used, 'a', lengths[i]);
		snprintf(bytes + used + lengths[i], 128, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
		struct reply reply = exchange_bytes(bytes);
		ck_assert_msg(reply.status >= 400 && reply.status < 500, "%zu: %d", lengths[i], reply.status);
		reply_finish(&reply);
	}
	free(bytes);
	ck_assert_int_eq(status_of("GET", "/healthz"), 200);
}
END_TEST

START_TEST(test_missing_store)
{
	start_server();
	struct reply overview = request("GET", "/");
	ck_assert_int_eq(overview.status, 200);
	ck_assert(has_text(&overview, "does not exist yet"));
	reply_finish(&overview);
	struct reply health = request("GET", "/healthz");
	ck_assert_int_eq(health.status, 503);
	ck_assert(has_header(&health, "Content-Type: application/json"));
	ck_assert(has_text(&health, "{\"status\":\"unavailable\",\"reason\":\"there is no store "));
	reply_finish(&health);
	struct reply metrics = request("GET", "/metrics");
	ck_assert_int_eq(metrics.status, 200);
	ck_assert(has_text(&metrics, "\nunderstudy_store_up 0\n"));
	reply_finish(&metrics);
	ck_assert_int_eq(status_of("GET", "/dead-letters"), 200);
	ck_assert_int_eq(status_of("GET", "/exchange/00000000000000000000000000000001"), 503);

	make_store();
	ck_assert_int_eq(status_of("GET", "/healthz"), 200);
	ck_assert_int_eq(status_of("GET", "/exchange/00000000000000000000000000000001"), 200);
}
END_TEST

START_TEST(test_foreign_file)
{
	write_text("test.db", "this is no database, but long enough to be looked at; it must not be changed");
	start_server();
	ck_assert_int_eq(status_of("GET", "/"), 200);
	ck_assert_int_eq(status_of("GET", "/healthz"), 503);
	ck_assert_int_eq(status_of("GET", "/exchange/00000000000000000000000000000001"), 503);
}
END_TEST

static void remove_store(void)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < 3; i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/test.db%s", test_directory, endings[i]);
		unlink(path);
	}
}

START_TEST(test_replaced_store)
{
	make_store();
	start_server();
	ck_assert_int_eq(status_of("GET", "/healthz"), 200);
	remove_store();
	ck_assert_int_eq(status_of("GET", "/healthz"), 503);
	make_store();
	ck_assert_int_eq(status_of("GET", "/healthz"), 200);
	ck_assert_int_eq(status_of("GET", "/exchange/00000000000000000000000000000001"), 200);
}
END_TEST

START_TEST(test_locked_store)
{
	struct error err = ERROR_INIT;
	struct store *writer = store_open(test_location, STORE_READ_WRITE, 100, &err);
	must(writer != NULL, &err);
	must(store_begin(writer, &err), &err);
	int64_t added = 0;
	must(store_interface(writer, SPAN("uncommitted"), &added, &err), &err);
	int64_t before = clock_monotonic();
	struct reply reply = request("GET", "/");
	ck_assert_int_eq(reply.status, 200);
	ck_assert(!has_text(&reply, "uncommitted"));
	reply_finish(&reply);
	ck_assert_int_eq(status_of("GET", "/metrics"), 200);
	ck_assert_int_eq(status_of("GET", "/healthz"), 200);
	ck_assert_msg(clock_monotonic() - before < CLOCK_SECOND, "pages waited for the writer");
	must(store_commit(writer, &err), &err);
	store_close(writer);
	reply = request("GET", "/");
	ck_assert(has_text(&reply, "uncommitted"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_never_writes)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(test_location, STORE_READ_ONLY, 100, &err);
	must(store != NULL, &err);
	int64_t before = 0;
	int64_t after = 0;
	must(store_data_version(store, &before, &err), &err);
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
		status_of(REQUESTS[i].method, REQUESTS[i].target);
	}
	must(store_data_version(store, &after, &err), &err);
	ck_assert_int_eq(before, after);
	store_close(store);
}
END_TEST

/* Many requests on one connection are answered in order. */
START_TEST(test_kept_alive)
{
	struct reply reply = exchange_bytes("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
					    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
					    "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	const char *second = strstr(reply.body, "HTTP/1.1 200");
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_nonnull(strstr(second, "HTTP/1.1 404"));
	reply_finish(&reply);
}
END_TEST

Suite *server_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *served = tcase_create("served");
	tcase_add_checked_fixture(served, setup_served, teardown_served);
	tcase_add_loop_test(served, test_requests, 0, (int)(sizeof(REQUESTS) / sizeof(REQUESTS[0])));
	tcase_add_loop_test(served, test_raw, 0, (int)(sizeof(RAW) / sizeof(RAW[0])));
	tcase_add_test(served, test_security_headers);
	tcase_add_test(served, test_head_has_no_body);
	tcase_add_test(served, test_long_requests);
	tcase_add_test(served, test_locked_store);
	tcase_add_test(served, test_never_writes);
	tcase_add_test(served, test_kept_alive);
	tcase_set_timeout(served, 30);
	suite_add_tcase(suite, served);
	TCase *stores = tcase_create("stores");
	tcase_add_checked_fixture(stores, setup_directory, teardown_served);
	tcase_add_test(stores, test_missing_store);
	tcase_add_test(stores, test_foreign_file);
	tcase_add_test(stores, test_replaced_store);
	tcase_set_timeout(stores, 30);
	suite_add_tcase(suite, stores);
	return suite;
}
