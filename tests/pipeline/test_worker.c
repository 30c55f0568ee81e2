/* The worker on a real store and spool, with the recorded LLM path: every delivery is accounted for, once. */
#include "harness/base/file.h"
#include "harness/pipeline/replay.h"
#include "harness/pipeline/worker.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "tests/pipeline/memory_input.h"
#include "tests/pipeline/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 1 << 24 };

static char directory[64];
static struct installation *installation;

static void must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s:%d: %s", err->file, err->line, err->message);
}

static void setup(void)
{
	struct error err = ERROR_INIT;
	char here[4096];
	char path[256];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	snprintf(directory, sizeof(directory), "/tmp/understudy-worker-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	buffer_append_format(&text,
			     "store: sqlite:var/store.db\nspool: file:var/spool\nring: {path: var/ring, mib: 1}\n"
			     "interfaces: [%s/tests/pipeline/data/contract.yaml]\n",
			     here);
	snprintf(path, sizeof(path), "%s/understudy.yaml", directory);
	must(file_write(path, buffer_span(&text), 0600, &err), &err);
	installation = installation_load(path, &err);
	must(installation != NULL && installation_make_key(installation, &err), &err);
}

static void teardown(void)
{
	char command[128];
	installation_destroy(installation);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static struct spool_writer *open_writer(void)
{
	struct error err = ERROR_INIT;
	struct spool_options options = {.sync_interval_ms = 200};
	struct spool_writer *writer = spool_writer_open(installation->spool, "replay-orders", &options, &err);
	must(writer != NULL, &err);
	return writer;
}

static void append(struct spool_writer *writer, const char *line)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct memory_input memory = {.bytes = span_of(line)};
	struct recording *recording = recording_open(memory_input_read(&memory), "line", &recording_jsonl, &err);
	struct replay_target target = {.contract = installation->contracts[0], .writer = writer};
	struct replay_counts counts = {0};
	struct recorded recorded;
	int skip = 0;
	must(recording != NULL && recording_next(recording, &recorded, &err) == RECORDING_READ &&
		     replay_append(&target, &recorded, &arena, &counts, &skip, &err),
	     &err);
	ck_assert_int_eq(skip, -1);
	recording_close(recording);
}

static void append_number(struct spool_writer *writer, int number)
{
	char line[256];
	snprintf(line, sizeof(line),
		 "{\"message\":{\"id\":%d,\"at\":\"2026-11-0%dT10:00:00Z\"},\"legacy\":{\"queue\":\"a\",\"amount\":%d},"
		 "\"llm\":{\"queue\":\"%s\",\"amount\":%d}}",
		 number, 1 + number % 9, number, number % 10 == 0 ? "b" : "a", number);
	append(writer, line);
}

static void run_until_idle(void)
{
	struct error err = ERROR_INIT;
	struct worker *worker = worker_create(installation, false, &err);
	must(worker != NULL, &err);
	enum worker_state state;
	while ((state = worker_step(worker, &err)) == WORKER_WORKED || state == WORKER_WAITING) {
	}
	must(state == WORKER_IDLE, &err);
	worker_destroy(worker);
}

static int64_t query(const char *sql)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(installation->store, STORE_READ_ONLY, 1000, &err);
	must(store != NULL, &err);
	struct statement *statement = store_statement(store, sql, &err);
	must(statement != NULL, &err);
	ck_assert_int_eq(statement_step(statement, &err), STATEMENT_ROW);
	int64_t number = statement_integer(statement, 0);
	store_close(store);
	return number;
}

START_TEST(every_delivery_is_accounted_for)
{
	struct spool_writer *writer = open_writer();
	for (int i = 1; i <= 100; i++) {
		append_number(writer, i);
	}
	append_number(writer, 7); /* duplicate */
	append(writer, "{\"message\":{\"id\":7,\"more\":1},\"legacy\":{\"queue\":\"a\",\"amount\":1},\"llm\":\"no\"}");
	append(writer, "{\"message\":{\"no\":\"identity\"},\"legacy\":{\"queue\":\"a\",\"amount\":1}}");
	append(writer, "{\"message\":{\"id\":200},\"legacy\":{\"queue\":\"a\",\"amount\":1}}"); /* no reply recorded */
	spool_writer_close(writer);
	run_until_idle();
	ck_assert_int_eq(query("SELECT count(*) FROM exchange"), 103);
	ck_assert_int_eq(query("SELECT duplicate FROM delivery_count"), 1);
	ck_assert_int_eq(query("SELECT revision FROM delivery_count"), 1);
	ck_assert_int_eq(query("SELECT stored FROM delivery_count"), 103);
	ck_assert_int_eq(query("SELECT count(*) FROM exchange WHERE revision_of IS NOT NULL"), 1);
	ck_assert_int_eq(query("SELECT count(*) FROM evaluation WHERE state = 1"), 102);
	ck_assert_int_eq(query("SELECT count(*) FROM evaluation WHERE state = 3"), 1);
	ck_assert_int_eq(query("SELECT count(*) FROM v_outcome WHERE outcome = 0"), 100);
	ck_assert_int_eq(query("SELECT count(*) FROM v_outcome WHERE outcome = 7 AND contract_drift = 1"), 1);
	ck_assert_int_eq(query("SELECT count(*) FROM v_outcome WHERE outcome = 2 AND contract_drift IS NULL"), 1);
	ck_assert_int_eq(query("SELECT count(*) FROM v_diff WHERE field = 'queue' AND verdict = 2"), 10);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_record WHERE side = 0"), 90);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_record WHERE side = 1"), 10);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_record WHERE side = 2"), 2);
	ck_assert_int_eq(query("SELECT sequence FROM spool_position"), 104);
}
END_TEST

START_TEST(reading_again_changes_nothing)
{
	struct spool_writer *writer = open_writer();
	for (int i = 1; i <= 50; i++) {
		append_number(writer, i);
	}
	run_until_idle();
	int64_t records = query("SELECT count(*) FROM record");
	run_until_idle();
	ck_assert_int_eq(query("SELECT count(*) FROM record"), records);
	for (int i = 1; i <= 50; i++) {
		append_number(writer, i);
	}
	spool_writer_close(writer);
	run_until_idle();
	ck_assert_int_eq(query("SELECT count(*) FROM record"), records);
	ck_assert_int_eq(query("SELECT duplicate FROM delivery_count"), 50);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_record"), 50);
}
END_TEST

START_TEST(killed_workers_lose_and_repeat_nothing)
{
	enum { EXCHANGES = 4000, ROUNDS = 12 };
	struct spool_writer *writer = open_writer();
	uint64_t seed = 20261116;
	for (int i = 1; i <= EXCHANGES; i++) {
		append_number(writer, i);
	}
	spool_writer_close(writer);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = fork();
		if (pid == 0) {
			run_until_idle();
			_exit(0);
		}
		usleep((useconds_t)(random_next(&seed) % 30000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	run_until_idle();
	ck_assert_int_eq(query("SELECT count(*) FROM exchange"), EXCHANGES);
	ck_assert_int_eq(query("SELECT stored FROM delivery_count"), EXCHANGES);
	ck_assert_int_eq(query("SELECT duplicate FROM delivery_count"), 0);
	ck_assert_int_eq(query("SELECT count(*) FROM evaluation WHERE state = 1"), EXCHANGES);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_state WHERE state = 1"), EXCHANGES);
	ck_assert_int_eq(query("SELECT sum(count) FROM rollup_record"), EXCHANGES);
	ck_assert_int_eq(query("SELECT sequence FROM spool_position"), EXCHANGES);
}
END_TEST

START_TEST(a_second_worker_is_refused)
{
	struct error err = ERROR_INIT;
	struct worker *first = worker_create(installation, false, &err);
	must(first != NULL, &err);
	ck_assert_ptr_null(worker_create(installation, false, &err));
	ck_assert_int_eq(err.code, ERROR_BUSY);
	worker_destroy(first);
}
END_TEST

START_TEST(a_changed_contract_needs_leave_to_start_again)
{
	struct error err = ERROR_INIT;
	run_until_idle();
	installation->contracts[0]->gate_margin = 0.02;
	ck_assert_ptr_null(worker_create(installation, false, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert_msg(strstr(err.message, "--new-epoch") != NULL, "%s", err.message);
	err = (struct error)ERROR_INIT;
	struct worker *worker = worker_create(installation, true, &err);
	must(worker != NULL, &err);
	worker_destroy(worker);
	ck_assert_int_eq(query("SELECT max(ordinal) FROM epoch"), 2);
}
END_TEST

START_TEST(a_used_version_is_frozen)
{
	struct error err = ERROR_INIT;
	struct contract *contract = installation->contracts[0];
	run_until_idle();
	ck_assert_int_eq(query("SELECT count(*) FROM contract_version"), 1);
	contract->limit_output_tokens++;
	ck_assert_ptr_null(worker_create(installation, true, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert_msg(strstr(err.message, "changed: limits") != NULL, "%s", err.message);
	err = (struct error)ERROR_INIT;
	contract->version = "99.0.0";
	struct worker *worker = worker_create(installation, true, &err);
	must(worker != NULL, &err);
	ck_assert(!worker_take_notice(worker, &err));
	worker_destroy(worker);
	ck_assert_int_eq(query("SELECT count(*) FROM contract_version"), 2);
}
END_TEST

START_TEST(in_dev_a_version_may_change)
{
	struct error err = ERROR_INIT;
	struct error notice = ERROR_INIT;
	struct contract *contract = installation->contracts[0];
	run_until_idle();
	contract->environment = "dev";
	contract->limit_output_tokens++;
	struct worker *worker = worker_create(installation, true, &err);
	must(worker != NULL, &err);
	ck_assert(worker_take_notice(worker, &notice));
	ck_assert_msg(strstr(notice.message, "another content") != NULL, "%s", notice.message);
	worker_destroy(worker);
	ck_assert_int_eq(query("SELECT count(*) FROM contract_version"), 1);
	contract->environment = "prod"; /* what was replaced is what is frozen */
	worker = worker_create(installation, true, &err);
	must(worker != NULL, &err);
	worker_destroy(worker);
}
END_TEST

Suite *worker_suite(void)
{
	Suite *suite = suite_create("worker");
	TCase *tcase = tcase_create("recorded");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_delivery_is_accounted_for);
	tcase_add_test(tcase, reading_again_changes_nothing);
	tcase_add_test(tcase, killed_workers_lose_and_repeat_nothing);
	tcase_add_test(tcase, a_second_worker_is_refused);
	tcase_add_test(tcase, a_changed_contract_needs_leave_to_start_again);
	tcase_add_test(tcase, a_used_version_is_frozen);
	tcase_add_test(tcase, in_dev_a_version_may_change);
	suite_add_tcase(suite, tcase);
	return suite;
}
