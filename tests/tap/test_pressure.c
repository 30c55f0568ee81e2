/* Capture that reduces itself: the policy with numbers worked out by hand, and the tap with a drainer held up. */
#include "harness/base/clock.h"
#include "harness/tap/pressure.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static struct pressure pressure;
static const int64_t START = 5 * CLOCK_SECOND; /* any moment; a machine may have been up for less than a minute */

static void setup_policy(void)
{
	pressure_init(&pressure);
}

/* --- how much is captured --- */

/* 1 at a half, 0 at nine tenths: 2.5 hundredths less for each hundredth of the ring. */
static const struct {
	int percent;
	double share;
} shares[] = {
	{50, 1}, {51, 0.975}, {60, 0.75}, {70, 0.5}, {80, 0.25}, {90, 0}, {100, 0},
};

START_TEST(share_falls_in_a_line)
{
	bool begins = pressure_note(&pressure, (uint64_t)shares[_i].percent * 1000, 100000, START);
	ck_assert_int_eq(begins, shares[_i].percent > 50);
	ck_assert_int_eq(pressure.is_reduced, shares[_i].percent > 50);
	ck_assert_double_eq_tol(pressure.share, shares[_i].share, 1e-9);
}
END_TEST

START_TEST(calm_up_to_a_half)
{
	ck_assert_uint_eq(pressure_calm(&pressure, 100000), 50000);
	ck_assert(!pressure_note(&pressure, 50000, 100000, START));
	ck_assert(pressure_note(&pressure, 50001, 100000, START));
	ck_assert(!pressure_note(&pressure, 50002, 100000, START));
	ck_assert_uint_eq(pressure_calm(&pressure, 100000), 0);
}
END_TEST

/* At so many milliseconds, with so much of the ring waiting. */
static const struct {
	int64_t at;
	int percent;
	double share;
	bool is_reduced;
} course[] = {
	{0, 80, 0.25, true},     {10, 70, 0.25, true},                           /* falling: nothing rises yet */
	{20, 30, 0.25, true},    {5000, 30, 0.25, true},                         /* however long */
	{6000, 24, 0.25, true},  {6999, 0, 0.25, true},   {7000, 10, 0.5, true}, /* a second below a quarter */
	{7900, 25, 0.5, true}, /* not below any more: the second begins anew */
	{8000, 24, 0.5, true},   {8900, 24, 0.5, true},   {9000, 24, 0.75, true},  {9500, 85, 0.125, true}, /* again */
	{10000, 5, 0.125, true}, {11000, 5, 0.375, true}, {12000, 5, 0.625, true}, {13000, 5, 0.875, true},
	{13999, 5, 0.875, true}, {14000, 5, 1, false},    {15000, 45, 1, false},
};

START_TEST(returns_in_steps)
{
	for (size_t i = 0; i < sizeof(course) / sizeof(course[0]); i++) {
		bool was_reduced = pressure.is_reduced;
		bool changed = pressure_note(&pressure, (uint64_t)course[i].percent * 1000, 100000,
					     START + course[i].at * 1000);
		ck_assert_msg(pressure.is_reduced == course[i].is_reduced, "row %zu", i);
		ck_assert_msg(changed == (was_reduced != course[i].is_reduced), "row %zu", i);
		ck_assert_double_eq_tol(pressure.share, course[i].share, 1e-9);
	}
}
END_TEST

/* --- which exchanges are captured --- */

static uint64_t operation_of(const char *path)
{
	return pressure_operation(0, SPAN("POST"), span_of(path));
}

static int admitted_of(uint64_t operation, int count, int floor, int64_t now)
{
	int admitted = 0;
	for (int i = 0; i < count; i++) {
		admitted += pressure_admits(&pressure, operation, floor, now);
	}
	return admitted;
}

START_TEST(floor_is_at_once_and_then_by_the_minute)
{
	pressure_note(&pressure, 90, 100, START);
	uint64_t busy = operation_of("/busy");
	ck_assert_int_eq(admitted_of(busy, 1000, 60, START), 60);
	ck_assert_int_eq(admitted_of(busy, 1000, 60, START + CLOCK_SECOND - 1), 0);
	ck_assert_int_eq(admitted_of(busy, 1000, 60, START + CLOCK_SECOND), 1);
	ck_assert_int_eq(admitted_of(busy, 1000, 60, START + 11 * CLOCK_SECOND), 10);
	/* saved up to one floor and no more */
	ck_assert_int_eq(admitted_of(busy, 1000, 60, START + 3600 * CLOCK_SECOND), 60);
}
END_TEST

START_TEST(one_a_second_is_captured_whole)
{
	pressure_note(&pressure, 90, 100, START);
	uint64_t busy = operation_of("/busy");
	uint64_t rare = operation_of("/rare");
	int of_busy = 0;
	for (int second = 0; second < 600; second++) {
		int64_t now = START + second * CLOCK_SECOND;
		of_busy += admitted_of(busy, 500, 60, now);
		ck_assert(pressure_admits(&pressure, rare, 60, now));
	}
	ck_assert_int_eq(of_busy, 60 + 599);
}
END_TEST

START_TEST(without_a_floor_the_share_alone)
{
	uint64_t operation = operation_of("/busy");
	pressure_note(&pressure, 90, 100, START);
	ck_assert_int_eq(admitted_of(operation, 10000, 0, START), 0);
	pressure_init(&pressure);
	pressure_note(&pressure, 70, 100, START);
	/* 10,000 coins of 1/2: 5,000, standard deviation 50; five of them */
	int admitted = admitted_of(operation, 10000, 0, START);
	ck_assert_int_ge(admitted, 4750);
	ck_assert_int_le(admitted, 5250);
}
END_TEST

/* Two kinds of messages that take turns are both captured by half, and the same choice is made again. */
START_TEST(share_falls_into_step_with_nothing)
{
	static bool first[10000];
	uint64_t operation = operation_of("/busy");
	for (int round = 0; round < 2; round++) {
		int of_kind[2] = {0, 0};
		pressure_init(&pressure);
		pressure_note(&pressure, 70, 100, START);
		for (int i = 0; i < 10000; i++) {
			bool admitted = pressure_admits(&pressure, operation, 0, START);
			of_kind[i % 2] += admitted;
			ck_assert(round == 0 || admitted == first[i]);
			first[i] = admitted;
		}
		/* 5,000 coins of 1/2 each: 2,500, standard deviation 35 */
		ck_assert_int_ge(of_kind[0], 2320);
		ck_assert_int_le(of_kind[0], 2680);
		ck_assert_int_ge(of_kind[1], 2320);
		ck_assert_int_le(of_kind[1], 2680);
	}
}
END_TEST

START_TEST(what_an_operation_is)
{
	uint64_t operation = pressure_operation(0, SPAN("POST"), SPAN("/route"));
	ck_assert_uint_eq(operation, pressure_operation(0, SPAN("POST"), SPAN("/route")));
	ck_assert_uint_ne(operation, pressure_operation(1, SPAN("POST"), SPAN("/route")));
	ck_assert_uint_ne(operation, pressure_operation(0, SPAN("PUT"), SPAN("/route")));
	ck_assert_uint_ne(operation, pressure_operation(0, SPAN("POST"), SPAN("/routes")));
	ck_assert_uint_ne(pressure_operation(0, SPAN(""), SPAN("")), 0);
	char path[PRESSURE_OPERATION_MAX + 2];
	memset(path, 'a', sizeof(path));
	struct span cut = {path, PRESSURE_OPERATION_MAX};
	struct span longer = {path, sizeof(path)};
	ck_assert_uint_eq(pressure_operation(0, SPAN("GET"), cut), pressure_operation(0, SPAN("GET"), longer));
}
END_TEST

/* Paths with a number in them: 256 operations and one for all others, and places are given again after a minute. */
START_TEST(operations_are_bounded)
{
	pressure_note(&pressure, 90, 100, START);
	for (int minute = 0; minute < 3; minute++) {
		int64_t now = START + minute * 60 * CLOCK_SECOND;
		int admitted = 0;
		for (int i = 0; i < 5000; i++) {
			char path[32];
			snprintf(path, sizeof(path), "/orders/%d", minute * 5000 + i);
			admitted += admitted_of(operation_of(path), 3, 2, now);
		}
		ck_assert_int_eq(admitted, 257 * 2);
	}
}
END_TEST

/* --- the tap --- */

static struct rig rig;
static struct ring *ring;
static pid_t holder;
static int client;
static int legacy;

/* Keeps the tap's own drainer from the ring until it is killed. A process of its own, because a lock of an open file
 * would be inherited by the tap that the rig forks. */
static void hold_the_drainer(void)
{
	int pipe_fds[2];
	ck_assert_int_eq(pipe(pipe_fds), 0);
	holder = fork();
	ck_assert_int_ge(holder, 0);
	if (holder == 0) {
		struct error err = ERROR_INIT;
		struct ring *held = ring_open(rig.ring, 0, RING_CONSUMER, &err);
		if (held != NULL && ring_lock_consumer(held, &err) && write(pipe_fds[1], "", 1) == 1) {
			pause();
		}
		_exit(1);
	}
	close(pipe_fds[1]);
	char byte;
	ck_assert_int_eq((int)read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[0]);
}

static void let_the_drainer_go_on(void)
{
	if (holder > 0) {
		kill(holder, SIGKILL);
		waitpid(holder, NULL, 0);
	}
	holder = -1;
}

/* The ring is made beforehand, so that its drainer's place can be taken before the tap starts. */
static void setup_stalled(void)
{
	struct error err = ERROR_INIT;
	rig_prepare(&rig);
	rig.ring_capacity = MIB;
	rig.capture_floor = 40;
	struct ring *producer = ring_open(rig.ring, MIB, RING_PRODUCER, &err);
	ck_assert_msg(producer != NULL, "%s", err.message);
	ring_close(producer);
	hold_the_drainer();
	rig_start_with(&rig);
	ring = ring_open(rig.ring, 0, RING_CONSUMER, &err);
	ck_assert_msg(ring != NULL, "%s", err.message);
	client = rig_connect(&rig);
	legacy = -1;
}

static void teardown_stalled(void)
{
	let_the_drainer_go_on();
	close(client);
	close(legacy);
	ring_close(ring);
	rig_finish(&rig);
}

static void send_one(const char *target, size_t length)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(16384);
	buffer_append_format(&text, "POST %s HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", target, length);
	for (size_t i = 0; i < length; i++) {
		buffer_append_byte(&text, 'x');
	}
	put_bytes(client, buffer_span(&text));
	legacy = legacy < 0 ? rig_accept(&rig) : legacy;
	want(legacy, text.data);
	put(legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

/* Sees to it that the ledger ties out now, with so many seen. */
static struct spool_accounts want_seen(uint64_t seen)
{
	struct spool_accounts accounts;
	uint64_t dropped = 0;
	ck_assert(ring_read_account(ring, 0, &accounts));
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		dropped += accounts.dropped[i];
	}
	ck_assert_uint_eq(accounts.seen, seen);
	ck_assert_uint_eq(accounts.seen, accounts.committed + dropped + accounts.in_flight);
	return accounts;
}

static void want_reduced(bool reduced)
{
	int64_t limit = clock_monotonic() + 60 * CLOCK_SECOND;
	while ((ring_reduced_since(ring) != 0) != reduced && clock_monotonic() < limit) {
		usleep(10000);
	}
	ck_assert_int_eq(ring_reduced_since(ring) != 0, reduced);
}

struct tally {
	int busy;
	int rare;
};

static void count_kind(const struct spool_exchange *exchange, void *context)
{
	struct tally *tally = context;
	bool is_rare = span_is(exchange->target, "/rare");
	tally->rare += is_rare;
	tally->busy += !is_rare;
}

/* 600 messages of 4,000 bytes are more than twice the ring. The query tells no operations apart. */
START_TEST(busy_thins_and_rare_stays_whole)
{
	int64_t begin = clock_now();
	uint64_t sent = 0;
	for (int i = 0; i < 600; i++) {
		send_one(i % 2 == 0 ? "/busy?page=1" : "/busy", 4000);
		want_seen(++sent);
		if (i % 20 == 0) {
			send_one("/rare", 10);
			want_seen(++sent);
		}
	}
	struct spool_accounts accounts = want_seen(sent);
	ck_assert_uint_eq(accounts.dropped[DROP_RING_FULL], 0);
	ck_assert_uint_gt(accounts.dropped[DROP_CAPTURE_REDUCED], 300);
	ck_assert_int_ge(ring_reduced_since(ring), begin);
	ck_assert_int_le(ring_reduced_since(ring), clock_now());

	let_the_drainer_go_on();
	want_reduced(false);
	uint64_t reduced = accounts.dropped[DROP_CAPTURE_REDUCED];
	for (int i = 0; i < 100; i++) {
		send_one("/busy", 4000);
	}
	accounts = want_seen(sent + 100);
	ck_assert_uint_eq(accounts.dropped[DROP_CAPTURE_REDUCED], reduced);

	rig_stop(&rig);
	struct tally tally = {0, 0};
	struct spooled spooled = rig_read_spool(&rig, count_kind, &tally);
	ck_assert_int_eq(tally.rare, 30);
	ck_assert_uint_eq(spooled.seen, 730);
	ck_assert_uint_eq((uint64_t)tally.busy, 700 - reduced);
}
END_TEST

/* A tap that is killed while capture is reduced: the next one finds the same ring and says so from its own start on. */
START_TEST(the_next_tap_finds_it_again)
{
	uint64_t sent = 0;
	while (ring_reduced_since(ring) == 0) {
		send_one("/busy", 4000);
		ck_assert_uint_lt(++sent, 300);
	}
	int64_t first = ring_reduced_since(ring);
	rig_kill(&rig);
	close(client);
	close(legacy);
	rig_restart(&rig);
	client = rig_connect(&rig);
	legacy = -1;
	want_reduced(true);
	ck_assert_int_gt(ring_reduced_since(ring), first);
	send_one("/rare", 10);
	ck_assert_uint_eq(want_seen(sent + 1).dropped[DROP_TAP_KILLED], 0);
}
END_TEST

Suite *pressure_suite(void)
{
	Suite *suite = suite_create("pressure");
	TCase *policy = tcase_create("policy");
	tcase_add_checked_fixture(policy, setup_policy, NULL);
	tcase_add_loop_test(policy, share_falls_in_a_line, 0, (int)(sizeof(shares) / sizeof(shares[0])));
	tcase_add_test(policy, calm_up_to_a_half);
	tcase_add_test(policy, returns_in_steps);
	tcase_add_test(policy, floor_is_at_once_and_then_by_the_minute);
	tcase_add_test(policy, one_a_second_is_captured_whole);
	tcase_add_test(policy, without_a_floor_the_share_alone);
	tcase_add_test(policy, share_falls_into_step_with_nothing);
	tcase_add_test(policy, what_an_operation_is);
	tcase_add_test(policy, operations_are_bounded);
	suite_add_tcase(suite, policy);
	TCase *tap = tcase_create("tap");
	tcase_set_timeout(tap, 120);
	tcase_add_checked_fixture(tap, setup_stalled, teardown_stalled);
	tcase_add_test(tap, busy_thins_and_rare_stays_whole);
	tcase_add_test(tap, the_next_tap_finds_it_again);
	suite_add_tcase(suite, tap);
	return suite;
}
