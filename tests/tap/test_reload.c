/* A running tap is given another configuration. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include "harness/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST "POST /route HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LAST_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

static struct rig rig;
static struct rig other; /* its legacy system alone: the one that reloads change to */
static char old_port[64], new_port[64];

static void name_port(int fd, char port[64])
{
	char address[64];
	snprintf(port, 64, "%s", strrchr(tap_listen_address(fd, address), ':') + 1);
}

static void setup(void)
{
	rig_prepare(&rig);
	rig_prepare(&other);
	rig.takes_reloads = true;
	name_port(rig.legacy, old_port);
	name_port(other.legacy, new_port);
	rig_start_with(&rig);
	char text[256];
	ck_assert_int_eq(rig_hear(&rig, text), TAP_READY);
}

static void teardown(void)
{
	rig_finish(&rig);
	rig_finish(&other);
}

/* On a connection of its own to `where`. */
static int serve(const struct rig *where, int client, const char *reply)
{
	put(client, REQUEST);
	int legacy = rig_accept(where);
	want(legacy, REQUEST);
	put(legacy, REPLY);
	want(client, reply);
	return legacy;
}

/* An exchange that is open at the reload ends as it began; the same connection's next one is the new route's. */
START_TEST(open_exchange_ends_with_the_old_route)
{
	int client = rig_connect(&rig);
	put(client, "POST /route HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
	int legacy = rig_accept(&rig);
	want(legacy, "POST /route HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
	ck_assert_int_eq(rig_reload(&rig, NULL, new_port), TAP_RELOADED);
	put(client, "cd");
	want(legacy, "cd");
	put(legacy, REPLY);
	want(client, REPLY);
	want_end(legacy); /* and is not kept for the next */
	int fresh = serve(&other, client, REPLY);
	close(client);
	close(legacy);
	close(fresh);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 2);
}
END_TEST

START_TEST(idle_connections_change_routes)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "before");
	ck_assert_int_eq(rig_reload(&rig, NULL, new_port), TAP_RELOADED);
	want_end(legacy);
	int fresh = serve(&other, client, REPLY);
	ck_assert(!rig_has_connection(&rig));
	close(client);
	close(legacy);
	close(fresh);
}
END_TEST

static void check_kind(const struct spool_exchange *exchange, void *context)
{
	int *mirrored = context;
	bool is_mirrored = exchange->legacy_outcome == LEGACY_AWAITED;
	*mirrored += is_mirrored;
	ck_assert_uint_eq(exchange->request_body.length, 1);
	ck_assert_uint_eq(exchange->reply_body.length, is_mirrored ? 0 : strlen("ok"));
	ck_assert_int_eq(exchange->reply_head.length == 0, is_mirrored);
}

/* What took an exchange with its reply before takes messages without one now, on the same connection and on others. */
START_TEST(proxy_becomes_mirror)
{
	static const char accepted[] = "HTTP/1.1 204 No Content\r\n";
	int client = rig_connect(&rig);
	int legacy = serve(&rig, client, REPLY);
	ck_assert_int_eq(rig_reload(&rig, NULL, NULL), TAP_RELOADED);
	for (int i = 0; i < 2; i++) {
		put(client, "POST /route HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
		want(client, accepted);
		close(client);
		client = rig_connect(&rig);
	}
	close(client);
	close(legacy);
	rig_stop(&rig);
	int mirrored = 0;
	struct spooled spooled = rig_read_spool(&rig, check_kind, &mirrored);
	ck_assert_uint_eq(spooled.count, 3);
	ck_assert_int_eq(mirrored, 2);
	ck_assert_uint_eq(spooled.dropped[DROP_TOO_LARGE], 0);
}
END_TEST

/* Half a head is no exchange yet. */
START_TEST(half_a_head_goes_to_the_new_route)
{
	int client = rig_connect(&rig);
	put(client, "POST /route HTTP/1.1\r\nContent-Le");
	usleep(50000);
	ck_assert_int_eq(rig_reload(&rig, NULL, new_port), TAP_RELOADED);
	put(client, "ngth: 1\r\n\r\nx");
	int fresh = rig_accept(&other);
	want(fresh, REQUEST);
	put(fresh, REPLY);
	want(client, REPLY);
	close(client);
	close(fresh);
}
END_TEST

/* Through several generations: the exchange stays with the first one, its connection goes on with the last. */
START_TEST(open_exchange_outlives_many_reloads)
{
	int client = rig_connect(&rig);
	put(client, REQUEST);
	int legacy = rig_accept(&rig);
	want(legacy, REQUEST);
	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(rig_reload(&rig, NULL, i % 2 == 0 ? new_port : old_port), TAP_RELOADED);
	}
	ck_assert_int_eq(rig_reload(&rig, NULL, new_port), TAP_RELOADED);
	put(legacy, REPLY);
	want(client, REPLY);
	int fresh = serve(&other, client, REPLY);
	close(client);
	close(legacy);
	close(fresh);
}
END_TEST

static int connect_to(const char *address)
{
	struct rig at = {.tap = -1};
	snprintf(at.listen, sizeof(at.listen), "%s", address);
	return rig_connect(&at);
}

static bool is_refused(const char *address)
{
	uint64_t port = 0;
	ck_assert(text_to_uint64(span_of(strrchr(address, ':') + 1), &port));
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const void *target = &name;
	bool refused = connect(fd, target, sizeof(name)) != 0;
	close(fd);
	return refused;
}

/* A listener that goes: who waits in its backlog is served, who is connected is told to leave. */
START_TEST(removed_listener_serves_its_backlog)
{
	char moved[64];
	int probe = tap_listen("127.0.0.1:0", NULL);
	tap_listen_address(probe, moved);
	close(probe);
	int kept = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, kept, &legacy, "before");
	kill(rig.tap, SIGSTOP); /* so that the next one has to wait in the backlog */
	int waiting = rig_connect(&rig);
	put(waiting, REQUEST);
	char message[128];
	snprintf(message, sizeof(message), "%s %s", moved, new_port);
	put(rig.control, message);
	kill(rig.tap, SIGCONT);
	char text[256];
	ck_assert_int_eq(rig_hear(&rig, text), TAP_RELOADED);
	int second = rig_accept(&rig); /* the idle one was closed */
	want(second, REQUEST);
	put(second, REPLY);
	want(waiting, LAST_REPLY);
	want_end(waiting);
	want_end(kept);
	int client = connect_to(moved);
	int fresh = serve(&other, client, REPLY);
	close(kept);
	close(waiting);
	close(client);
	close(legacy);
	close(second);
	close(fresh);
}
END_TEST

/* A tap that holds the only copy of a socket gives the address up. */
START_TEST(removed_listener_is_closed)
{
	ck_assert_int_eq(rig_reload(&rig, "127.0.0.1:0", new_port), TAP_RELOADED);
	ck_assert_int_eq(rig_reload(&rig, "127.0.0.1:0", old_port), TAP_RELOADED);
	rig_stop(&rig);
	ck_assert(is_refused(rig.listen));
}
END_TEST

/* What cannot be had changes nothing. */
START_TEST(refused_configuration_changes_nothing)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	char text[256];
	exchange_once(&rig, client, &legacy, "before");
	ck_assert_int_eq(rig_reload(&rig, NULL, "no-port"), TAP_REFUSED);
	ck_assert_int_eq(rig_reload(&rig, rig.listen, new_port), TAP_REFUSED);
	put(rig.control, "nonsense");
	ck_assert_int_eq(rig_hear(&rig, text), TAP_REFUSED);
	exchange_once(&rig, client, &legacy, "after");
	int second = rig_connect(&rig);
	exchange_once(&rig, second, &legacy, "the listener too");
	close(client);
	close(second);
	close(legacy);
	rig_stop(&rig);
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 3);
}
END_TEST

/* The tap goes on without a supervisor. */
START_TEST(supervisor_may_die)
{
	int client = rig_connect(&rig);
	int legacy = -1;
	close(rig.control);
	exchange_once(&rig, client, &legacy, "alone");
	usleep(250000);
	exchange_once(&rig, client, &legacy, "still alone");
	close(client);
	close(legacy);
}
END_TEST

Suite *reload_suite(void)
{
	Suite *suite = suite_create("reload");
	TCase *tests = tcase_create("reload");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, open_exchange_ends_with_the_old_route);
	tcase_add_test(tests, idle_connections_change_routes);
	tcase_add_test(tests, proxy_becomes_mirror);
	tcase_add_test(tests, half_a_head_goes_to_the_new_route);
	tcase_add_test(tests, open_exchange_outlives_many_reloads);
	tcase_add_test(tests, removed_listener_serves_its_backlog);
	tcase_add_test(tests, removed_listener_is_closed);
	tcase_add_test(tests, refused_configuration_changes_nothing);
	tcase_add_test(tests, supervisor_may_die);
	suite_add_tcase(suite, tests);
	return suite;
}
