/* Invariant 3: a disk that does not answer never holds up a reply. The drainer's writes and syncs hang here until they
 * are let go, with the ring filling meanwhile; what does not fit is counted, what does is in the stream afterwards, and
 * the next tap finds what a killed one left behind. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <unistd.h>

static struct rig rig;
static int client, legacy;

enum { BODY = 10000, SOME = 20, MANY = 300 }; /* MANY are more than the ring holds */

static void setup(void)
{
	rig_prepare(&rig);
	rig.ring_capacity = 1 << 20;
	rig_share_disk(&rig);
	rig_start_with(&rig);
	client = rig_connect(&rig);
	legacy = -1;
}

static void teardown(void)
{
	close(client);
	close(legacy);
	*rig.disk_stalls = 0;
	rig_finish(&rig);
}

/* One message of BODY bytes and its reply; each wait inside ends after five seconds. */
static void exchange_large(void)
{
	static const char head[] = "POST /a HTTP/1.1\r\nContent-Length: 10000\r\n\r\n";
	static char text[sizeof(head) - 1 + BODY + 1];
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, head, sizeof(head) - 1);
	put_bytes(client, (struct span){text, sizeof(text) - 1});
	if (legacy < 0) {
		legacy = rig_accept(&rig);
	}
	for (size_t have = 0; have < sizeof(text) - 1;) {
		char piece[4096];
		size_t left = sizeof(text) - 1 - have;
		ssize_t count = read(legacy, piece, left < sizeof(piece) ? left : sizeof(piece));
		ck_assert_int_gt((int)count, 0);
		have += (size_t)count;
	}
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static void exchange_many(int count)
{
	for (int i = 0; i < count; i++) {
		exchange_large();
	}
}

START_TEST(all_are_served)
{
	exchange_many(SOME);
	*rig.disk_stalls = 1;
	exchange_many(MANY);
	*rig.disk_stalls = 0;
	exchange_many(SOME);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.seen, MANY + 2 * SOME);
	ck_assert_uint_eq(spooled.in_flight, 0);
	uint64_t dropped = spooled.dropped[DROP_RING_FULL] + spooled.dropped[DROP_CAPTURE_REDUCED];
	ck_assert_uint_gt(dropped, 0);
	ck_assert_uint_eq(spooled.count + dropped, spooled.seen);
}
END_TEST

/* Stalled from the first segment on, and the tap killed in it. */
START_TEST(killed_in_a_stall)
{
	*rig.disk_stalls = 1;
	exchange_many(SOME);
	rig_kill(&rig);
	*rig.disk_stalls = 0;
	rig_restart(&rig);
	close(client);
	close(legacy);
	client = rig_connect(&rig);
	legacy = -1;
	exchange_many(SOME);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.seen, 2 * SOME);
	ck_assert_uint_eq(spooled.count, 2 * SOME);
}
END_TEST

Suite *stall_suite(void)
{
	Suite *suite = suite_create("stall");
	TCase *tests = tcase_create("stall");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_are_served);
	tcase_add_test(tests, killed_in_a_stall);
	suite_add_tcase(suite, tests);
	return suite;
}
