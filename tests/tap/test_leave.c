/* How a tap ends, and its kill switch by file. */
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST "POST /route HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LAST_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

enum { GRACE_MS = 1500, LONG_GRACE_MS = 4000 };

static struct rig rig;

static void setup(void)
{
	rig_prepare(&rig);
	rig.takes_reloads = true;
}

static void start(int grace_ms)
{
	char text[256];
	rig.stop_grace_ms = grace_ms;
	rig_start_with(&rig);
	ck_assert_int_eq(rig_hear(&rig, text), TAP_READY);
}

static void teardown(void)
{
	rig_finish(&rig);
}

static void want_good_end(void)
{
	int status = -1;
	ck_assert_int_eq(waitpid(rig.tap, &status, 0), rig.tap);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig.tap = -1;
}

/* The next request on an idle connection is served, with the word that it was the last. */
START_TEST(idle_connection_is_served_once_more)
{
	start(LONG_GRACE_MS);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "before");
	kill(rig.tap, SIGTERM);
	want_nothing(client, 300);
	put(client, REQUEST);
	want(legacy, REQUEST);
	put(legacy, REPLY);
	want(client, LAST_REPLY);
	want_end(client);
	close(client);
	close(legacy);
	want_good_end();
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 2);
}
END_TEST

START_TEST(idle_connection_is_closed_behind_the_grace_period)
{
	start(GRACE_MS);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "before");
	kill(rig.tap, SIGTERM);
	want_end(client);
	close(client);
	close(legacy);
	want_good_end();
}
END_TEST

/* Of two requests at once the first is answered by the old word, if its head was sent, the second by the new one. */
START_TEST(pipelined_request_is_served)
{
	start(GRACE_MS);
	int client = rig_connect(&rig);
	put(client, REQUEST REQUEST);
	int legacy = rig_accept(&rig);
	want(legacy, REQUEST);
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
	want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
	kill(rig.tap, SIGTERM);
	usleep(200000);
	put(legacy, "k");
	want(client, "k");
	want(legacy, REQUEST);
	put(legacy, REPLY);
	want(client, LAST_REPLY);
	want_end(client);
	close(client);
	close(legacy);
	want_good_end();
	ck_assert_uint_eq(rig_read_spool(&rig, NULL, NULL).count, 2);
}
END_TEST

/* Sent while the tap stood still, past the end of the grace period: the bytes were there first. */
START_TEST(bytes_that_came_are_served)
{
	start(GRACE_MS);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "before");
	kill(rig.tap, SIGTERM);
	usleep(300000);
	kill(rig.tap, SIGSTOP);
	put(client, REQUEST);
	usleep(GRACE_MS * 1000);
	kill(rig.tap, SIGCONT);
	want(legacy, REQUEST);
	put(legacy, REPLY);
	want(client, LAST_REPLY);
	want_end(client);
	close(client);
	close(legacy);
	want_good_end();
}
END_TEST

static void touch_switch(bool on)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", rig.spool, SPOOL_CAPTURE_OFF);
	if (on) {
		ck_assert_int_eq(unlink(path), 0);
	} else {
		int fd = -1;
		for (int tries = 0; fd < 0 && tries < 1000;
		     tries++) { /* the drainer makes the directory, in its own time */
			fd = open(path, O_CREAT | O_WRONLY, 0600);
			usleep(fd < 0 ? 10000 : 0);
		}
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
}

static void want_capture(const char *state)
{
	char text[256];
	ck_assert_int_eq(rig_hear(&rig, text), TAP_CAPTURE);
	ck_assert_str_eq(text, state);
}

/* File and signal: either is enough; what is not captured is forwarded all the same. */
START_TEST(kill_switch)
{
	start(GRACE_MS);
	int client = rig_connect(&rig);
	int legacy = -1;
	exchange_once(&rig, client, &legacy, "seen 1");
	touch_switch(false);
	want_capture("off (file)");
	exchange_once(&rig, client, &legacy, "unseen");
	rig_switch_passthrough(&rig);
	want_capture("off (file, signal)");
	touch_switch(true);
	want_capture("off (signal)");
	exchange_once(&rig, client, &legacy, "unseen");
	rig_switch_passthrough(&rig);
	want_capture("on");
	exchange_once(&rig, client, &legacy, "seen 2");
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.seen, 2);
	ck_assert_uint_eq(spooled.count, 2);
}
END_TEST

Suite *leave_suite(void)
{
	Suite *suite = suite_create("leave");
	TCase *tests = tcase_create("leave");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, idle_connection_is_served_once_more);
	tcase_add_test(tests, idle_connection_is_closed_behind_the_grace_period);
	tcase_add_test(tests, pipelined_request_is_served);
	tcase_add_test(tests, bytes_that_came_are_served);
	tcase_add_test(tests, kill_switch);
	suite_add_tcase(suite, tests);
	return suite;
}
