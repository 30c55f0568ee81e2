/* Locked, full, killed: nothing lost, nothing half done. */
#include "harness/base/clock.h"
#include "harness/store/internal.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct error err;

static void begin(void)
{
	setup_store();
	err = (struct error)ERROR_INIT;
}

/* A child that holds the write lock until the pipe's other end is closed; returns after it has it. */
static pid_t lock_in_child(int *ret_release)
{
	int held[2];
	int release[2];
	ck_assert(pipe(held) == 0 && pipe(release) == 0);
	pid_t child = fork();
	if (child == 0) {
		char byte = 0;
		close(release[1]);
		struct store *store = store_open(test_location, STORE_READ_WRITE, 1000, &err);
		if (store == NULL || !store_begin(store, &err) || write(held[1], "x", 1) != 1) {
			_exit(1);
		}
		while (read(release[0], &byte, 1) > 0) {
		}
		store_rollback(store);
		store_close(store);
		_exit(0);
	}
	char byte = 0;
	close(release[0]);
	close(held[1]);
	ck_assert_int_eq(read(held[0], &byte, 1), 1);
	close(held[0]);
	*ret_release = release[1];
	return child;
}

START_TEST(locked_by_another_process)
{
	int release = -1;
	store_close(test_store); /* no connection crosses the fork */
	test_store = NULL;
	pid_t child = lock_in_child(&release);
	test_store = open_or_fail(STORE_READ_WRITE);
	int64_t before = clock_monotonic();
	ck_assert(!store_begin(test_store, &err));
	int64_t waited = clock_monotonic() - before;
	ck_assert_int_eq((int)err.code, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.message, "locked by another process"));
	ck_assert_int_ge(waited, 80000); /* opened with 100 ms */
	ck_assert_int_lt(waited, 3000000);
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM field"), 8); /* readers go on */
	close(release);
	int status = 0;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	must(store_begin(test_store, &err), &err);
	add_exchange(1, 1, STORE_NEW);
	must(store_commit(test_store, &err), &err);
}
END_TEST

START_TEST(full_disk)
{
	must(store_begin(test_store, &err), &err);
	add_exchange(1, 1, STORE_NEW);
	must(store_commit(test_store, &err), &err);
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", (int)ask(test_store, "PRAGMA page_count") + 3);
	run(test_store, sql);
	char *large = malloc(1 << 20);
	uint64_t seed = 1;
	for (size_t i = 0; i < 1 << 20; i++) {
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		large[i] = (char)(seed >> 56);
	}
	struct store_exchange exchange = make_exchange(2, 2);
	exchange.request = (struct span){large, 1 << 20};
	int64_t id = 0;
	enum store_delivery delivery;
	must(store_begin(test_store, &err), &err);
	ck_assert(!store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err));
	ck_assert_int_eq((int)err.code, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.message, "free disk space") != NULL, "%s", err.message);
	err = (struct error)ERROR_INIT;
	/* SQLite has rolled back; whoever goes on all the same writes nothing. */
	ck_assert(!store_evaluation_add(test_store, 1, 1, 202647, false, &err));
	ck_assert(!store_commit(test_store, &err));
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM exchange"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM evaluation"), 0);
	run(test_store, "PRAGMA max_page_count = 100000");
	must(store_begin(test_store, &err), &err);
	must(store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err), &err);
	must(store_commit(test_store, &err), &err);
	ck_assert_int_eq(ask(test_store, "SELECT stored FROM delivery_count"), 2);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
			 1);
	free(large);
}
END_TEST

/* Full while the rollups are written: the commit fails as a whole. */
START_TEST(full_disk_at_commit)
{
	must(store_begin(test_store, &err), &err);
	add_exchange(1, 1, STORE_NEW);
	for (int64_t week = 0; week < 3000; week++) {
		must(store_evaluation_add(test_store, 1, 1, 202647, false, &err), &err);
		must(store_evaluation_close(test_store, 1, 1, (int32_t)week, false, EVALUATION_UNPAIRED, -1, SPAN(""),
					    &err),
		     &err);
		run(test_store, "DELETE FROM evaluation");
	}
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", (int)ask(test_store, "PRAGMA page_count"));
	run(test_store, sql);
	ck_assert(!store_commit(test_store, &err));
	ck_assert_int_eq((int)err.code, ERROR_SYSTEM);
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM exchange"), 0);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_state"), 0);
	must(store_begin(test_store, &err), &err);
	must(store_commit(test_store, &err), &err);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM delivery_count"), 0); /* forgotten with the rollback */
}
END_TEST

/* Three exchanges and the position for each transaction, until killed. */
static void write_forever(void)
{
	test_store = store_open(test_location, STORE_READ_WRITE, 1000, &err);
	struct store_position position;
	if (test_store == NULL || !store_position_get(test_store, "tap-1", &position, &err)) {
		_exit(1);
	}
	for (;;) {
		if (!store_begin(test_store, &err)) {
			_exit(1);
		}
		for (int i = 0; i < 3; i++) {
			position.sequence++;
			struct store_exchange exchange = make_exchange(position.sequence, position.sequence);
			int64_t id = 0;
			enum store_delivery delivery;
			if (!store_exchange_add(test_store, "tap-1", &exchange, &id, &delivery, &err) ||
			    !store_evaluation_add(test_store, id, 1, 202647, false, &err)) {
				_exit(1);
			}
		}
		if (!store_position_set(test_store, "tap-1", &position, &err) || !store_commit(test_store, &err)) {
			_exit(1);
		}
	}
}

START_TEST(killed_in_the_middle)
{
	int64_t before = 0;
	int progressed = 0;
	for (int round = 0; round < 20; round++) {
		store_close(test_store);
		test_store = NULL;
		pid_t child = fork();
		if (child == 0) {
			write_forever();
		}
		usleep((useconds_t)(20000 + round * 1371));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		int status = 0;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert(WIFSIGNALED(status));
		test_store = open_or_fail(STORE_READ_WRITE);
		struct store_position position;
		must(store_position_get(test_store, "tap-1", &position, &err), &err);
		int64_t rows = ask(test_store, "SELECT count(*) FROM exchange");
		ck_assert_uint_eq(position.sequence, (uint64_t)rows);
		ck_assert_int_eq(rows % 3, 0);
		ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM payload"), rows);
		ck_assert_int_eq(ask(test_store, "SELECT coalesce(sum(count), 0) FROM rollup_state"), rows);
		ck_assert_int_eq(ask(test_store, "SELECT coalesce(sum(stored), 0) FROM delivery_count"), rows);
		progressed += rows > before;
		before = rows;
	}
	ck_assert_int_gt(progressed, 5);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
			 1);
}
END_TEST

/* Killed while the first tables are made, or anywhere later: the next one finds a store or makes it. */
START_TEST(killed_while_it_is_made)
{
	for (int round = 0; round < 60; round++) {
		store_close(test_store);
		test_store = NULL;
		unlink(test_path);
		pid_t child = fork();
		if (child == 0) {
			struct store *store = store_open(test_location, STORE_CREATE, 1000, &err);
			_exit(store == NULL);
		}
		usleep((useconds_t)(round * 250));
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		test_store = open_or_fail(STORE_CREATE);
		ck_assert_int_eq(
			ask(test_store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	}
}
END_TEST

/* A checkpoint that was cut off has written a first page that counts more pages than the file has; the rest stands in
 * the WAL. */
START_TEST(killed_in_a_checkpoint)
{
	store_close(test_store);
	test_store = NULL;
	const unsigned char pages[4] = {0, 0, 255, 255};
	int file = open(test_path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(pwrite(file, pages, sizeof(pages), 28), sizeof(pages));
	close(file);
	enum store_file kind = STORE_FILE_EMPTY;
	must(store_peek(test_path, &kind, &err), &err);
	ck_assert_int_eq((int)kind, STORE_FILE_OURS);
}
END_TEST

Suite *fault_suite(void)
{
	Suite *suite = suite_create("fault");
	TCase *test = tcase_create("faults");
	tcase_add_checked_fixture(test, begin, teardown_store);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, locked_by_another_process);
	tcase_add_test(test, full_disk);
	tcase_add_test(test, full_disk_at_commit);
	tcase_add_test(test, killed_in_the_middle);
	tcase_add_test(test, killed_while_it_is_made);
	tcase_add_test(test, killed_in_a_checkpoint);
	suite_add_tcase(suite, test);
	return suite;
}
