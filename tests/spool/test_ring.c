#include "tests/spool/suites.h"

#include "harness/base/hash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

static struct place place;

static void setup(void)
{
	place_make(&place);
}

static void teardown(void)
{
	place_remove(&place);
}

static struct ring *open_ok(enum ring_role role)
{
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(place.ring, MIB, role, &err);
	OK(ring != NULL, err);
	return ring;
}

static void open_fails(enum ring_role role, enum error_code code)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(ring_open(place.ring, MIB, role, &err));
	ck_assert_int_eq(err.code, code);
}

static void poke(off_t offset, const void *bytes, size_t length)
{
	int fd = open(place.ring, O_RDWR);
	ck_assert_int_eq(pwrite(fd, bytes, length, offset), (ssize_t)length);
	close(fd);
}

static bool commit(struct ring *ring, int account, uint64_t number)
{
	struct exchange_storage storage;
	struct spool_exchange exchange = exchange_make(number, &storage);
	ring_begin(ring, account);
	bool committed = ring_commit(ring, account, &exchange);
	ck_assert(!committed || exchange.sequence > 0);
	return committed;
}

/* Takes everything; checks that sequences and numbers go on from *last. */
static void consume(struct ring *ring, uint64_t *last)
{
	struct span frames;
	while ((frames = ring_peek(ring, UINT64_MAX)).length > 0) {
		size_t size;
		for (size_t at = 0; at < frames.length; at += size) {
			struct spool_record record;
			ck_assert_int_eq(
				spool_decode((struct span){frames.data + at, frames.length - at}, &record, &size),
				SPOOL_DECODED);
			*last += 1;
			ck_assert_uint_eq(record.exchange.sequence, *last);
			ck_assert(exchange_is(&record.exchange, *last));
		}
		ring_release(ring, frames.length);
	}
}

START_TEST(frames_pass_through_many_laps)
{
	struct ring *producer = open_ok(RING_PRODUCER);
	struct ring *consumer = open_ok(RING_CONSUMER);
	int account = ring_account(producer, SPAN("orders"));
	uint64_t state = 1;
	uint64_t made = 0;
	uint64_t taken = 0;
	while (made < 5000) { /* about 15 MB through 1 MiB */
		for (uint64_t burst = random_next(&state) % 300; burst > 0; burst--) {
			ck_assert(commit(producer, account, ++made));
		}
		consume(consumer, &taken);
		ck_assert_uint_eq(taken, made);
		ck_assert_uint_eq(ring_waiting(producer), 0);
	}
	struct spool_accounts accounts;
	ck_assert(ring_read_account(consumer, 0, &accounts));
	ck_assert(span_is(accounts.interface, "orders"));
	ck_assert_uint_eq(accounts.seen, made);
	ck_assert_uint_eq(accounts.committed, made);
	ck_assert_uint_eq(accounts.in_flight, 0);
	ck_assert_uint_eq(accounts.origin, ring_origin(producer));
	ck_assert(!ring_read_account(consumer, 1, &accounts));
	ck_assert(!ring_read_account(consumer, -1, &accounts));
	ring_close(consumer);
	ring_close(producer);
}
END_TEST

START_TEST(a_full_ring_counts_drops_and_recovers)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	int account = ring_account(ring, SPAN("orders"));
	uint64_t made = 0;
	while (commit(ring, account, made + 1)) {
		made++;
	}
	ck_assert_uint_gt(made, 250); /* frames are 3 KiB on average */
	ck_assert(!commit(ring, account, made + 1));
	struct spool_accounts accounts;
	ring_read_account(ring, account, &accounts);
	ck_assert_uint_eq(accounts.seen, made + 2);
	ck_assert_uint_eq(accounts.committed, made);
	ck_assert_uint_eq(accounts.dropped[DROP_RING_FULL], 2);
	struct ring *consumer = open_ok(RING_CONSUMER);
	uint64_t taken = 0;
	consume(consumer, &taken);
	ck_assert_uint_eq(taken, made);
	ck_assert(commit(ring, account, made + 1));
	consume(consumer, &taken);
	ck_assert_uint_eq(taken, made + 1);
	ring_close(consumer);
	ring_close(ring);
}
END_TEST

START_TEST(what_never_fits_is_too_large)
{
	static char body[MIB];
	struct ring *ring = open_ok(RING_PRODUCER);
	int account = ring_account(ring, SPAN("orders"));
	struct spool_exchange exchange = {.interface = SPAN("orders"), .request_body = {body, MIB / 2}};
	ring_begin(ring, account);
	ck_assert(!ring_commit(ring, account, &exchange));
	/* 96 bytes and a name of 6: 104 of frame besides the body. Half of the ring fits wherever head and tail stand.
	 */
	exchange.request_body.length = MIB / 2 - 104;
	for (int i = 0; i < 5; i++) {
		ring_begin(ring, account);
		ck_assert(ring_commit(ring, account, &exchange));
		struct span frames = ring_peek(ring, UINT64_MAX);
		ck_assert_uint_eq(frames.length, MIB / 2);
		ring_release(ring, frames.length);
		commit(ring, account, (uint64_t)i);
		ring_release(ring, ring_peek(ring, UINT64_MAX).length);
	}
	struct spool_accounts accounts;
	ring_read_account(ring, account, &accounts);
	ck_assert_uint_eq(accounts.dropped[DROP_TOO_LARGE], 1);
	ck_assert_uint_eq(accounts.dropped[DROP_RING_FULL], 0);
	ck_assert_uint_eq(accounts.seen, accounts.committed + 1);
	ring_close(ring);
}
END_TEST

START_TEST(accounts_by_interface_and_reason)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	int orders = ring_account(ring, SPAN("orders"));
	int invoices = ring_account(ring, SPAN("invoices"));
	ck_assert_int_ne(orders, invoices);
	ck_assert_int_eq(ring_account(ring, SPAN("orders")), orders);
	for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
		ring_begin(ring, invoices);
		ring_drop(ring, invoices, (enum drop_reason)reason);
	}
	ring_begin(ring, invoices);
	struct ring_snapshot snapshot;
	ck_assert(ring_read_snapshot(ring, &snapshot));
	ck_assert_uint_eq(snapshot.count, 2);
	ck_assert_uint_eq(snapshot.head, 0);
	ck_assert_uint_eq(snapshot.accounts[invoices].seen, DROP_REASON_COUNT + 1);
	ck_assert_uint_eq(snapshot.accounts[invoices].in_flight, 1);
	ck_assert_uint_eq(accounts_dropped(&snapshot.accounts[invoices]), DROP_REASON_COUNT);
	ck_assert_uint_eq(snapshot.accounts[orders].seen, 0);
	char name[8];
	for (int i = 2; i < RING_INTERFACES_MAX; i++) {
		snprintf(name, sizeof(name), "i%d", i);
		ck_assert_int_eq(ring_account(ring, span_of(name)), i);
	}
	ck_assert_int_eq(ring_account(ring, SPAN("one more")), -1);
	ck_assert_int_eq(ring_account(ring, SPAN("")), -1);
	static const char LONG[64] = "0123456789012345678901234567890123456789012345678901234567890123";
	ck_assert_int_eq(ring_account(ring, (struct span){LONG, 64}), -1);
	ring_close(ring);
}
END_TEST

START_TEST(passed_over_is_seen_and_dropped)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	int account = ring_account(ring, SPAN("orders"));
	ring_pass_over(ring, account, DROP_CAPTURE_REDUCED);
	ring_pass_over(ring, account, DROP_CAPTURE_REDUCED);
	struct spool_accounts accounts;
	ck_assert(ring_read_account(ring, account, &accounts));
	ck_assert_uint_eq(accounts.seen, 2);
	ck_assert_uint_eq(accounts.in_flight, 0);
	ck_assert_uint_eq(accounts.dropped[DROP_CAPTURE_REDUCED], 2);
	ck_assert_uint_eq(accounts_dropped(&accounts), 2);
	ring_close(ring);
}
END_TEST

/* The producer's view of what waits is never too low, and exact from `enough` on. */
START_TEST(fill_is_exact_from_enough_on)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	struct ring *consumer = open_ok(RING_CONSUMER);
	int account = ring_account(ring, SPAN("orders"));
	ck_assert_uint_eq(ring_fill(ring, 0), 0);
	commit(ring, account, 1);
	uint64_t one = ring_waiting(ring);
	ck_assert_uint_eq(ring_fill(ring, MIB), one);
	ring_release(consumer, ring_peek(consumer, UINT64_MAX).length);
	ck_assert_uint_eq(ring_fill(ring, one + 8), one); /* not looked at: too many */
	ck_assert_uint_eq(ring_fill(ring, one), 0);
	ring_close(consumer);
	ring_close(ring);
}
END_TEST

START_TEST(reduced_since_is_of_one_tap)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	struct ring *reader = open_ok(RING_CONSUMER);
	ck_assert_int_eq(ring_reduced_since(reader), 0);
	ring_set_reduced_since(ring, 1763640000000000);
	ck_assert_int_eq(ring_reduced_since(reader), 1763640000000000);
	ring_close(ring);
	ck_assert_int_eq(ring_reduced_since(reader), 1763640000000000);
	ring = open_ok(RING_PRODUCER);
	ck_assert_int_eq(ring_reduced_since(reader), 0);
	ring_close(reader);
	ring_close(ring);
}
END_TEST

START_TEST(a_tap_that_died_is_settled)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	uint64_t origin = ring_origin(ring);
	int account = ring_account(ring, SPAN("orders"));
	for (uint64_t i = 1; i <= 3; i++) {
		ck_assert(commit(ring, account, i));
	}
	ring_begin(ring, account);
	ring_begin(ring, account);
	ring_close(ring);
	struct error err = ERROR_INIT;
	ring = ring_open(place.ring, 4 * MIB, RING_PRODUCER, &err);
	OK(ring != NULL, err);
	ck_assert_uint_eq(ring_capacity(ring), MIB); /* an existing ring keeps its capacity */
	ck_assert_uint_eq(ring_origin(ring), origin);
	struct spool_accounts accounts;
	ring_read_account(ring, account, &accounts);
	ck_assert_uint_eq(accounts.seen, 5);
	ck_assert_uint_eq(accounts.committed, 3);
	ck_assert_uint_eq(accounts.in_flight, 0);
	ck_assert_uint_eq(accounts.dropped[DROP_TAP_KILLED], 2);
	ck_assert(commit(ring, account, 4));
	uint64_t taken = 0;
	consume(ring, &taken);
	ck_assert_uint_eq(taken, 4);
	ring_close(ring);
}
END_TEST

START_TEST(locks_and_roles)
{
	open_fails(RING_CONSUMER, ERROR_MISSING);
	struct ring *ring = open_ok(RING_PRODUCER);
	struct stat status;
	ck_assert_int_eq(stat(place.ring, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	open_fails(RING_PRODUCER, ERROR_BUSY);
	struct ring *first = open_ok(RING_CONSUMER);
	struct ring *second = open_ok(RING_CONSUMER);
	struct error err = ERROR_INIT;
	OK(ring_lock_consumer(first, &err), err);
	ck_assert(!ring_lock_consumer(second, &err));
	ck_assert_int_eq(err.code, ERROR_BUSY);
	ring_close(first);
	err = (struct error)ERROR_INIT;
	OK(ring_lock_consumer(second, &err), err);
	ring_close(second);
	ring_close(ring);
	ring_close(open_ok(RING_PRODUCER));
	ring_close(NULL);
}
END_TEST

START_TEST(damage_is_told)
{
	/* Offsets as in docs/spool.md. */
	static const struct {
		off_t offset;
		uint64_t value;
		size_t length;
		enum error_code code;
	} CASES[] = {
		{0, 0, 1, ERROR_FORMAT},                   /* magic */
		{8, 3, 4, ERROR_VERSION},                  /* version */
		{8, 1, 4, ERROR_NONE},                     /* version: the older one is taken over */
		{8, 0, 4, ERROR_FORMAT},                   /* version */
		{16, 2 * MIB, 8, ERROR_FORMAT},            /* capacity */
		{16, UINT64_MAX - 20479, 8, ERROR_FORMAT}, /* capacity */
		{128, 64 * MIB, 8, ERROR_FORMAT},          /* head: more waiting than there is room */
		{128, 4, 8, ERROR_FORMAT},                 /* head: not aligned */
		{256, 1 * MIB, 8, ERROR_FORMAT},           /* tail behind head */
		{144, 17, 8, ERROR_FORMAT},                /* sequence */
		{160, 65, 8, ERROR_FORMAT},                /* account count */
		{136, 1, 8, ERROR_NONE},                   /* an odd lock: journal undone */
		{4096 + 64, 99, 8, ERROR_FORMAT},          /* seen */
		{20480 + 100, 0x5a, 1, ERROR_FORMAT},      /* a frame */
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct ring *ring = open_ok(RING_PRODUCER);
		int account = ring_account(ring, SPAN("orders"));
		ck_assert(commit(ring, account, 1) && commit(ring, account, 2));
		ring_close(ring);
		poke(CASES[i].offset, &CASES[i].value, CASES[i].length);
		struct error err = ERROR_INIT;
		ring = ring_open(place.ring, MIB, RING_PRODUCER, &err);
		ck_assert_msg(err.code == CASES[i].code, "case %zu: %d %s", i, (int)err.code, err.message);
		ck_assert_str_eq(err.file, err.code == ERROR_NONE ? "" : place.ring);
		ring_close(ring);
		unlink(place.ring);
	}
	ring_close(open_ok(RING_PRODUCER));
	ck_assert_int_eq(truncate(place.ring, 4096), 0);
	open_fails(RING_CONSUMER, ERROR_FORMAT);
	ck_assert_int_eq(truncate(place.ring, 0), 0);
	open_fails(RING_PRODUCER, ERROR_FORMAT);
}
END_TEST

/* Every moment inside an update: the words as they would be if the tap had died there. */
START_TEST(an_update_cut_off_is_undone_or_completed)
{
	for (int published = 0; published < 2; published++) {
		struct ring *ring = open_ok(RING_PRODUCER);
		int account = ring_account(ring, SPAN("orders"));
		ck_assert(commit(ring, account, 1));
		ring_begin(ring, account);
		struct exchange_storage storage;
		struct spool_exchange exchange = exchange_make(2, &storage);
		ck_assert(ring_commit(ring, account, &exchange));
		ring_close(ring);
		/* The journal is still that of the last commit. Its lock goes back to odd, its counters back to before.
		 */
		uint64_t lock = 5;
		uint64_t wrong = 12345;
		poke(136, &lock, 8);
		poke(144, &wrong, 8);
		poke(4096 + 64, &wrong, 8);
		poke(4096 + 72, &wrong, 8);
		poke(4096 + 80, &wrong, 8);
		if (published == 0) {
			struct exchange_storage first;
			struct spool_exchange one = exchange_make(1, &first);
			uint64_t head = spool_exchange_size(&one);
			poke(128, &head, 8);
		}
		ring = open_ok(RING_PRODUCER);
		struct spool_accounts accounts;
		ring_read_account(ring, account, &accounts);
		ck_assert_uint_eq(accounts.seen, 2);
		ck_assert_uint_eq(accounts.in_flight, 0);
		ck_assert_uint_eq(accounts.committed, published == 0 ? 1 : 2);
		ck_assert_uint_eq(accounts.dropped[DROP_TAP_KILLED], published == 0 ? 1 : 0);
		uint64_t taken = 0;
		consume(ring, &taken);
		ck_assert_uint_eq(taken, published == 0 ? 1 : 2);
		ck_assert(commit(ring, account, taken + 1));
		consume(ring, &taken);
		ring_close(ring);
		unlink(place.ring);
	}
}
END_TEST

/* --- death at every instruction --- */

enum { FILE_SIZE = 20480 + MIB, HEAD_SIZE = 8192 };

/* Opens the ring's bytes as the next tap would, and returns what it settled. */
static struct spool_accounts settle_copy(const char *bytes)
{
	char path[128];
	snprintf(path, sizeof(path), "%s.copy", place.ring);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, bytes, FILE_SIZE), FILE_SIZE);
	close(fd);
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(path, MIB, RING_PRODUCER, &err);
	OK(ring != NULL, err);
	struct spool_accounts accounts;
	ck_assert(ring_read_account(ring, 0, &accounts));
	uint64_t taken = 0;
	consume(ring, &taken);
	ck_assert_uint_eq(taken, accounts.committed);
	ck_assert_uint_eq(accounts.in_flight, 0);
	ck_assert_uint_eq(accounts.seen, accounts.committed + accounts_dropped(&accounts));
	ck_assert(commit(ring, 0, taken + 1));
	consume(ring, &taken);
	ring_close(ring);
	accounts.interface = SPAN("");
	return accounts;
}

static void one_of_each(struct ring *ring, struct spool_exchange *exchange)
{
	ring_begin(ring, 0);
	ring_begin(ring, 0);
	(void)ring_commit(ring, 0, exchange);
	ring_drop(ring, 0, DROP_LEGACY_FAILED);
	_exit(0);
}

static pid_t start_traced(struct ring *ring)
{
	struct exchange_storage storage;
	struct spool_exchange exchange = exchange_make(2, &storage);
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
			_exit(1);
		}
		raise(SIGSTOP);
		one_of_each(ring, &exchange);
	}
	return child;
}

START_TEST(death_at_every_instruction_is_settled)
{
	struct ring *ring = open_ok(RING_PRODUCER);
	ck_assert(commit(ring, ring_account(ring, SPAN("orders")), 1));
	ring_begin(ring, 0);
	ring_drop(ring, 0, DROP_LEGACY_FAILED);
	int fd = open(place.ring, O_RDONLY);
	char *live = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert(live != MAP_FAILED);
	char *before = calloc(1, HEAD_SIZE);
	struct spool_accounts last = settle_copy(live);
	size_t states = 0;
	int status;
	pid_t child = start_traced(ring);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		printf("skipped: no right to trace a child\n");
		child = 0;
	}
	while (child != 0 && WIFSTOPPED(status)) {
		if (memcmp(before, live, HEAD_SIZE) != 0) {
			memcpy(before, live, HEAD_SIZE);
			struct spool_accounts now = settle_copy(live);
			ck_assert_uint_ge(now.seen, last.seen);
			ck_assert_uint_ge(now.committed, last.committed);
			ck_assert_uint_ge(now.dropped[DROP_LEGACY_FAILED], last.dropped[DROP_LEGACY_FAILED]);
			last = now;
			states++;
		}
		ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
	}
	if (child != 0) {
		ck_assert_uint_gt(states,
				  30); /* four updates, each of a journal, two words of lock and some counters */
		ck_assert_uint_eq(last.seen, 4);
		ck_assert_uint_eq(last.committed, 2);
		ck_assert_uint_eq(last.dropped[DROP_LEGACY_FAILED], 2);
	}
	munmap(live, FILE_SIZE);
	close(fd);
	free(before);
	ring_close(ring);
}
END_TEST

Suite *ring_suite(void)
{
	Suite *suite = suite_create("ring");
	TCase *tests = tcase_create("ring");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, frames_pass_through_many_laps);
	tcase_add_test(tests, a_full_ring_counts_drops_and_recovers);
	tcase_add_test(tests, what_never_fits_is_too_large);
	tcase_add_test(tests, accounts_by_interface_and_reason);
	tcase_add_test(tests, passed_over_is_seen_and_dropped);
	tcase_add_test(tests, fill_is_exact_from_enough_on);
	tcase_add_test(tests, reduced_since_is_of_one_tap);
	tcase_add_test(tests, a_tap_that_died_is_settled);
	tcase_add_test(tests, locks_and_roles);
	tcase_add_test(tests, damage_is_told);
	tcase_add_test(tests, an_update_cut_off_is_undone_or_completed);
	tcase_add_test(tests, death_at_every_instruction_is_settled);
	suite_add_tcase(suite, tests);
	return suite;
}
