#include "tests/web/suites.h"

#include "harness/web/listen.h"

#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *listen;
	bool allow_remote;
	bool is_fine;
	enum error_code code;
} ADDRESSES[] = {
	{"127.0.0.1:0", false, true, ERROR_NONE},
	{"127.0.0.2:0", false, true, ERROR_NONE},
	{"localhost:0", false, true, ERROR_NONE},
	{"0.0.0.0:0", false, false, ERROR_CONFIG},
	{"0.0.0.0:0", true, true, ERROR_NONE},
	{"192.0.2.1:0", false, false, ERROR_CONFIG}, /* TEST-NET-1, RFC 5737: nobody has it */
	{"192.0.2.1:0", true, false, ERROR_SYSTEM},
	{"[::]:0", false, false, ERROR_CONFIG},
	{"127.0.0.1", false, false, ERROR_CONFIG},
	{":8400", false, false, ERROR_CONFIG},
	{"127.0.0.1:", false, false, ERROR_CONFIG},
	{"127.0.0.1:65536", false, false, ERROR_CONFIG},
	{"127.0.0.1:http", false, false, ERROR_CONFIG},
	{"[::1:80", false, false, ERROR_CONFIG},
	{"", false, false, ERROR_CONFIG},
	{NULL, false, false, ERROR_CONFIG},
};

START_TEST(test_addresses)
{
	struct listener listener = {.fd = -1};
	struct error err = ERROR_INIT;
	bool done = listener_open(ADDRESSES[_i].listen, -1, ADDRESSES[_i].allow_remote, &listener, &err);
	ck_assert_msg(done == ADDRESSES[_i].is_fine, "%s: %s", ADDRESSES[_i].listen, err.message);
	ck_assert_int_eq((int)err.code, (int)ADDRESSES[_i].code);
	if (done) {
		ck_assert(strncmp(listener.url, "http://", 7) == 0);
		ck_assert_ptr_null(strstr(listener.url, ":0/"));
		close(listener.fd);
	}
}
END_TEST

START_TEST(test_taken)
{
	struct listener first;
	struct listener second;
	struct error err = ERROR_INIT;
	ck_assert(listener_open("127.0.0.1:0", -1, false, &first, &err));
	char taken[sizeof(first.url)];
	snprintf(taken, sizeof(taken), "%s", first.url + strlen("http://"));
	ck_assert(!listener_open(taken, -1, false, &second, &err));
	ck_assert_int_eq((int)err.code, ERROR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.message, taken));
	ck_assert_ptr_null(strchr(err.message, '\n'));
	close(first.fd);
}
END_TEST

START_TEST(test_given_socket)
{
	struct listener first;
	struct listener again;
	struct error err = ERROR_INIT;
	ck_assert(listener_open("127.0.0.1:0", -1, false, &first, &err));
	ck_assert(listener_open(NULL, first.fd, false, &again, &err));
	ck_assert_str_eq(first.url, again.url);
	ck_assert_str_eq(again.host, "127.0.0.1");
	close(again.fd);
	ck_assert(listener_open("0.0.0.0:0", -1, true, &first, &err));
	ck_assert(first.is_remote);
	ck_assert(!listener_open(NULL, first.fd, false, &again, &err)); /* closes it */
	ck_assert_int_eq((int)err.code, ERROR_CONFIG);
}
END_TEST

static const struct {
	const char *header;
	bool loopback; /* known to a server on 127.0.0.1 */
	bool remote;   /* known to a server on 0.0.0.0 with --allow-remote, configured as reports.example */
} HOSTS[] = {
	{"127.0.0.1:8400", true, true},
	{"127.0.0.1", true, true},
	{"127.9.9.9:1", true, true},
	{"localhost", true, true},
	{"LocalHost:9999", true, true},
	{"[::1]:8400", true, true},
	{"192.0.2.1:8400", false, true},
	{"[2001:db8::1]", false, true},
	{"reports.example", false, true},
	{"REPORTS.example:80", false, true},
	{"evil.example", false, false},
	{"127.0.0.1.evil.example", false, false},
	{"localhost.evil.example:8400", false, false},
	{"localhost.", false, false},
	{"127.0.0.1@evil.example", false, false},
	{"127.0.0.1:80:90", false, false},
	{"127.0.0.1:x", false, false},
	{"0177.0.0.1", false, false},
	{"2130706433", false, false},
	{"[::1", false, false},
	{"[::1]x", false, false},
	{"", false, false},
	{":8400", false, false},
};

START_TEST(test_hosts)
{
	struct listener loopback = {.host = "127.0.0.1"};
	struct listener remote = {.host = "reports.example", .is_remote = true};
	struct span header = span_of(HOSTS[_i].header);
	ck_assert_msg(listener_knows_host(&loopback, header) == HOSTS[_i].loopback, "%s", HOSTS[_i].header);
	ck_assert_msg(listener_knows_host(&remote, header) == HOSTS[_i].remote, "%s, remote", HOSTS[_i].header);
}
END_TEST

Suite *listen_suite(void)
{
	Suite *suite = suite_create("listen");
	TCase *tests = tcase_create("listen");
	tcase_add_loop_test(tests, test_addresses, 0, (int)(sizeof(ADDRESSES) / sizeof(ADDRESSES[0])));
	tcase_add_loop_test(tests, test_hosts, 0, (int)(sizeof(HOSTS) / sizeof(HOSTS[0])));
	tcase_add_test(tests, test_taken);
	tcase_add_test(tests, test_given_socket);
	suite_add_tcase(suite, tests);
	return suite;
}
