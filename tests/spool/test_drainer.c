#include "tests/spool/suites.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

static struct place place;
static const struct spool_options OPTIONS = {.segment_bytes = MIB, .sync_interval_ms = 50};
static const struct spool_position BEGINNING;

static void setup(void)
{
	place_make(&place);
}

static void teardown(void)
{
	place_remove(&place);
}

static struct ring *producer_ok(void)
{
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(place.ring, MIB, RING_PRODUCER, &err);
	OK(ring != NULL, err);
	return ring;
}

static struct drainer *drainer_ok(void)
{
	struct error err = ERROR_INIT;
	struct drainer *drainer = drainer_start(place.ring, place.spool, "s", &OPTIONS, &err);
	OK(drainer != NULL, err);
	return drainer;
}

static bool commit(struct ring *ring, int account, uint64_t number)
{
	struct exchange_storage storage;
	struct spool_exchange exchange = exchange_make(number, &storage);
	ring_begin(ring, account);
	return ring_commit(ring, account, &exchange);
}

static void check_tie_out(const struct spool_accounts *accounts)
{
	ck_assert_uint_eq(accounts->seen, accounts->committed + accounts_dropped(accounts) + accounts->in_flight);
}

/* Reads on from *last to the end of the stream: each exchange once, in sequence, its content that of its number; every
 * record of accounts counts exactly the exchanges before it. */
static void read_on(struct spool_reader *reader, uint64_t *last, struct spool_accounts *last_accounts)
{
	struct error err = ERROR_INIT;
	struct spool_record record;
	enum spool_read read;
	while ((read = spool_reader_next(reader, &record, &err)) == SPOOL_READ) {
		if (record.type == SPOOL_EXCHANGE) {
			*last += 1;
			ck_assert_uint_eq(record.exchange.sequence, *last);
			ck_assert(exchange_is(&record.exchange, *last));
		} else {
			check_tie_out(&record.accounts);
			ck_assert_uint_eq(record.accounts.committed, *last);
			*last_accounts = record.accounts;
			last_accounts->interface = SPAN("");
		}
	}
	ck_assert_msg(read == SPOOL_NOTHING_YET, "%s: %s", err.file, err.message);
}

static void check_stream(uint64_t count, struct spool_accounts *ret_accounts)
{
	struct error err = ERROR_INIT;
	struct spool_reader *reader = spool_reader_open(place.spool, "s", &BEGINNING, &err);
	OK(reader != NULL, err);
	uint64_t last = 0;
	read_on(reader, &last, ret_accounts);
	ck_assert_uint_eq(last, count);
	spool_reader_close(reader);
}

START_TEST(everything_committed_arrives_with_its_accounts)
{
	struct ring *ring = producer_ok();
	int account = ring_account(ring, SPAN("orders"));
	struct drainer *drainer = drainer_ok();
	uint64_t made = 0;
	uint64_t state = 3;
	for (int burst = 0; burst < 60; burst++) {
		for (uint64_t i = random_next(&state) % 200; i > 0; i--) {
			made += commit(ring, account, made + 1) ? 1 : 0;
		}
		usleep((useconds_t)(random_next(&state) % 10000));
	}
	ring_begin(ring, account);
	ring_drop(ring, account, DROP_CLIENT_ABORTED);
	struct error err = ERROR_INIT;
	OK(drainer_stop(drainer, &err), err);
	ck_assert_uint_eq(ring_waiting(ring), 0);
	struct spool_accounts expected;
	struct spool_accounts accounts = {0};
	ring_read_account(ring, account, &expected);
	check_stream(made, &accounts);
	ck_assert_uint_eq(accounts.seen, expected.seen);
	ck_assert_uint_eq(accounts.committed, made);
	ck_assert_uint_eq(accounts.dropped[DROP_CLIENT_ABORTED], 1);
	ck_assert_uint_eq(accounts.origin, ring_origin(ring));
	ring_close(ring);
}
END_TEST

START_TEST(one_pass_for_a_ring_whose_tap_is_gone)
{
	struct error err = ERROR_INIT;
	size_t moved = 99;
	OK(drainer_run_once(place.ring, place.spool, "s", &OPTIONS, &moved, &err), err);
	ck_assert_uint_eq(moved, 0); /* no ring */
	struct ring *ring = producer_ok();
	int account = ring_account(ring, SPAN("orders"));
	struct drainer *drainer = drainer_ok();
	ck_assert(commit(ring, account, 1));
	while (ring_waiting(ring) > 0) {
		usleep(1000);
	}
	OK(drainer_run_once(place.ring, place.spool, "s", &OPTIONS, &moved, &err), err);
	OK(drainer_run_once(place.ring, place.spool, "other", &OPTIONS, &moved, &err), err);
	ck_assert_uint_eq(moved, 0); /* a drainer is alive */
	OK(drainer_stop(drainer, &err), err);
	ck_assert(commit(ring, account, 2));
	ck_assert(commit(ring, account, 3));
	ring_close(ring);
	OK(drainer_run_once(place.ring, place.spool, "s", &OPTIONS, &moved, &err), err);
	ck_assert_uint_eq(moved, 2);
	struct spool_accounts accounts = {0};
	check_stream(3, &accounts);
	ck_assert_uint_eq(accounts.committed, 3);
}
END_TEST

START_TEST(a_stream_that_cannot_be_made_is_told_at_the_end)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(drainer_start(place.ring, place.spool, "s", &OPTIONS, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	err = (struct error)ERROR_INIT;
	OK(file_write(place.spool, SPAN("in the way"), 0600, &err), err);
	struct ring *ring = producer_ok();
	int account = ring_account(ring, SPAN("orders"));
	struct drainer *drainer = drainer_ok();
	ck_assert(commit(ring, account, 1));
	usleep(30000);
	ck_assert(!drainer_stop(drainer, &err));
	ck_assert_int_eq(err.code, ERROR_SYSTEM);
	unlink(place.spool);
	err = (struct error)ERROR_INIT;
	drainer = drainer_ok();
	OK(drainer_stop(drainer, &err), err);
	struct spool_accounts accounts = {0};
	check_stream(1, &accounts);
	ring_close(ring);
}
END_TEST

START_TEST(a_ring_lost_in_a_reboot_is_followed_by_a_new_one)
{
	struct spool_accounts accounts[2] = {{.seen = 0}};
	for (uint64_t boot = 0; boot < 2; boot++) {
		struct ring *ring = producer_ok();
		int account = ring_account(ring, SPAN("orders"));
		for (uint64_t i = 1; i <= 10; i++) {
			ck_assert(commit(ring, account, 10 * boot + i));
		}
		ring_close(ring);
		struct error err = ERROR_INIT;
		size_t moved;
		OK(drainer_run_once(place.ring, place.spool, "s", &OPTIONS, &moved, &err), err);
		ck_assert_uint_eq(moved, 10);
		unlink(place.ring);
	}
	struct error err = ERROR_INIT;
	struct spool_reader *reader = spool_reader_open(place.spool, "s", &BEGINNING, &err);
	struct spool_record record;
	size_t snapshots = 0;
	uint64_t last = 0;
	while (spool_reader_next(reader, &record, &err) == SPOOL_READ) {
		if (record.type == SPOOL_ACCOUNTS) {
			ck_assert_uint_lt(snapshots, 2);
			accounts[snapshots++] = record.accounts;
		} else {
			ck_assert_uint_eq(record.exchange.sequence, ++last);
			ck_assert(exchange_is(&record.exchange, last));
		}
	}
	spool_reader_close(reader);
	ck_assert_uint_eq(last, 20);
	ck_assert_uint_eq(accounts[0].committed, 10);
	ck_assert_uint_eq(accounts[1].committed, 10);
	ck_assert_uint_ne(accounts[0].origin, accounts[1].origin);
}
END_TEST

/* --- disk full --- */

static void wait_until_drained(struct ring *ring)
{
	int64_t deadline = clock_monotonic() + 10 * CLOCK_SECOND;
	while (ring_waiting(ring) > 0 && clock_monotonic() < deadline) {
		usleep(2000);
	}
	ck_assert_uint_eq(ring_waiting(ring), 0);
}

/* Offers exchanges while nothing can be written, until the ring is full and drops are counted. */
static uint64_t commit_until_full(struct ring *ring, int account, uint64_t made)
{
	int64_t deadline = clock_monotonic() + 10 * CLOCK_SECOND;
	for (int refused = 0; refused < 500 && clock_monotonic() < deadline;) {
		if (commit(ring, account, made + 1)) {
			made++;
		} else {
			refused++;
			usleep(500);
		}
	}
	return made;
}

static void check_recovery(struct ring *ring, struct drainer *drainer, int account, uint64_t made)
{
	wait_until_drained(ring);
	for (int i = 0; i < 100; i++) {
		ck_assert(commit(ring, account, ++made));
	}
	struct error err = ERROR_INIT;
	OK(drainer_stop(drainer, &err), err);
	struct spool_accounts accounts = {0};
	check_stream(made, &accounts);
	ck_assert_uint_eq(accounts.committed, made);
	ck_assert_uint_ge(accounts.dropped[DROP_RING_FULL], 1);
	ck_assert_uint_eq(accounts.seen, made + accounts.dropped[DROP_RING_FULL]);
	ring_close(ring);
}

START_TEST(a_full_disk_ends_in_counted_drops_and_passes)
{
	struct ring *ring = producer_ok();
	int account = ring_account(ring, SPAN("orders"));
	struct drainer *drainer = drainer_ok();
	uint64_t made = 0;
	while (made < 50) {
		made += commit(ring, account, made + 1) ? 1 : 0;
	}
	wait_until_drained(ring);
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	struct rlimit tight = {.rlim_cur = 200000, .rlim_max = limit.rlim_max};
	setrlimit(RLIMIT_FSIZE, &tight);
	made = commit_until_full(ring, account, made);
	setrlimit(RLIMIT_FSIZE, &limit);
	check_recovery(ring, drainer, account, made);
}
END_TEST

START_TEST(a_full_file_system_ends_in_counted_drops_and_passes)
{
	struct error err = ERROR_INIT;
	OK(file_make_directory(place.spool, &err), err);
	if (mount("tmpfs", place.spool, "tmpfs", 0, "size=2m") != 0) {
		printf("skipped: no right to mount a small tmpfs: %s\n", strerror(errno));
		return;
	}
	struct ring *ring = producer_ok();
	int account = ring_account(ring, SPAN("orders"));
	struct drainer *drainer = drainer_ok();
	uint64_t made = commit_until_full(ring, account, 0);
	ck_assert_uint_gt(made, 500);
	ck_assert_int_eq(mount("tmpfs", place.spool, "tmpfs", MS_REMOUNT, "size=200m"), 0);
	check_recovery(ring, drainer, account, made);
	umount(place.spool);
}
END_TEST

/* --- kill -9 --- */

enum { ROUNDS = 200 };

/* What the child has been told is committed, in memory that outlives it. */
static _Atomic uint64_t *reported;

static void produce_for_ever(void)
{
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(place.ring, MIB, RING_PRODUCER, &err);
	if (ring == NULL) {
		_exit(3);
	}
	int account = ring_account(ring, SPAN("orders"));
	struct spool_accounts accounts;
	ring_read_account(ring, account, &accounts);
	for (uint64_t number = accounts.committed + 1, turn = 0;; turn++) {
		ring_begin(ring, account);
		if (commit(ring, account, number)) {
			atomic_store(reported, number);
			number++;
		}
		ring_drop(ring, account, turn % 2 == 0 ? DROP_CLIENT_ABORTED : DROP_LEGACY_FAILED);
	}
}

static void drain_for_ever(void)
{
	struct error err = ERROR_INIT;
	struct drainer *drainer = drainer_start(place.ring, place.spool, "s", &OPTIONS, &err);
	if (drainer == NULL) {
		_exit(3);
	}
	for (;;) {
		pause();
	}
}

static pid_t start(void (*work)(void))
{
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		work();
		_exit(4);
	}
	return child;
}

static void kill_hard(pid_t child)
{
	int status;
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "child ended with %d", status);
}

/* The next tap finds accounts that tie out, whatever the former one was doing. */
static struct spool_accounts check_after_death(uint64_t killed_before)
{
	struct ring *ring = producer_ok();
	struct spool_accounts accounts = {0};
	if (ring_read_account(ring, 0, &accounts)) {
		check_tie_out(&accounts);
		ck_assert_uint_eq(accounts.in_flight, 0);
		uint64_t told = atomic_load(reported);
		ck_assert_uint_ge(accounts.committed, told);
		ck_assert_uint_le(accounts.committed, told + 1);
		ck_assert_uint_le(accounts.dropped[DROP_TAP_KILLED] - killed_before, 2);
		atomic_store(reported, accounts.committed);
	}
	ring_close(ring);
	return accounts;
}

START_TEST(kill_9_of_tap_and_drainer_loses_and_repeats_nothing)
{
	reported = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(reported != MAP_FAILED);
	struct error err = ERROR_INIT;
	struct spool_reader *reader = spool_reader_open(place.spool, "s", &BEGINNING, &err);
	struct spool_accounts accounts = {0};
	struct spool_accounts in_stream = {0};
	uint64_t last = 0;
	uint64_t state = 42;
	ring_close(producer_ok());
	pid_t drainer = start(drain_for_ever);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t producer = start(produce_for_ever);
		usleep((useconds_t)(random_next(&state) % 20000));
		if (random_next(&state) % 2 == 0) {
			kill_hard(drainer);
			usleep((useconds_t)(random_next(&state) % 3000));
			drainer = start(drain_for_ever);
		}
		kill_hard(producer);
		accounts = check_after_death(accounts.dropped[DROP_TAP_KILLED]);
		read_on(reader, &last, &in_stream);
		ck_assert_uint_le(last, accounts.committed);
		struct spool_position at = spool_reader_position(reader);
		OK(spool_remove_before(place.spool, "s", &at, &err), err);
	}
	kill_hard(drainer);
	size_t moved;
	OK(drainer_run_once(place.ring, place.spool, "s", &OPTIONS, &moved, &err), err);
	read_on(reader, &last, &in_stream);
	ck_assert_uint_eq(last, accounts.committed);
	ck_assert_uint_gt(last, ROUNDS);
	ck_assert_uint_gt(accounts.dropped[DROP_TAP_KILLED], 0);
	ck_assert_uint_eq(in_stream.seen, accounts.seen);
	ck_assert_uint_eq(in_stream.committed, accounts.committed);
	spool_reader_close(reader);
}
END_TEST

Suite *drainer_suite(void)
{
	Suite *suite = suite_create("drainer");
	TCase *tests = tcase_create("drainer");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, everything_committed_arrives_with_its_accounts);
	tcase_add_test(tests, one_pass_for_a_ring_whose_tap_is_gone);
	tcase_add_test(tests, a_stream_that_cannot_be_made_is_told_at_the_end);
	tcase_add_test(tests, a_ring_lost_in_a_reboot_is_followed_by_a_new_one);
	tcase_add_test(tests, a_full_disk_ends_in_counted_drops_and_passes);
	tcase_add_test(tests, a_full_file_system_ends_in_counted_drops_and_passes);
	tcase_add_test(tests, kill_9_of_tap_and_drainer_loses_and_repeats_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
