/* The alarm from replies to incident: on a real store, under a worker that comes and goes. */
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/pipeline/drift_changes.h"
#include "harness/pipeline/drift_watch.h"
#include "harness/pipeline/worker.h"
#include "harness/store/incident.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXCHANGES_MAX = 4000, ROOM = 32 };

static const int64_t MINUTE = 60 * CLOCK_SECOND;
/* 2026-03-02 00:00 UTC, far enough in the past for any clock */
static const int64_t BEGIN = INT64_C(20514) * CLOCK_DAY;

static const char GOOD[] = "{\"queue\":\"a\",\"amount\":1}";
static const char BAD[] = "{\"queue\":\"a\"}";
static const char FENCED[] = "```json\n{\"queue\":\"a\",\"amount\":1}\n```";

static char directory[64];
static char rooms[EXCHANGES_MAX][ROOM];
static struct spool_exchange deliveries[EXCHANGES_MAX];

static void setup(void)
{
	late_installation = late_install(directory, "drift.yaml");
}

static void teardown(void)
{
	late_remove(late_installation, directory);
}

/* Exchange i, a minute after the one before; one in `every` deviates (0: none). */
static void make(int from, int to, int every, const char *bad_llm, const char *bad_legacy)
{
	for (int i = from; i < to; i++) {
		bool bad = every > 0 && i % every == 0;
		deliveries[i] =
			late_exchange(rooms[i], i, BEGIN + i * MINUTE, bad && bad_legacy != NULL ? bad_legacy : GOOD,
				      bad && bad_llm != NULL ? bad_llm : GOOD);
	}
}

static void deliver(int from, int to)
{
	late_append_to(late_installation, "ingest", deliveries + from, (size_t)(to - from));
	late_work();
}

static int64_t incidents(const char *where)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM incident WHERE %s", where);
	return late_ask(sql);
}

static void check_text(const char *sql, const char *expected)
{
	char *found = late_list(late_installation, sql);
	ck_assert_msg(strcmp(found, expected) == 0, "%s\ngives\n%s and should give\n%s", sql, found, expected);
	free(found);
}

START_TEST(drift_opens_one_incident_with_its_evidence)
{
	enum { BEGAN = 1500 };
	make(0, BEGAN, 500, BAD, NULL); /* 3 in 1500 */
	make(BEGAN, 2500, 5, FENCED, NULL);
	deliver(0, BEGAN);
	ck_assert_int_eq(incidents("1"), 0);
	ck_assert_int_eq(late_ask("SELECT phase FROM drift_monitor WHERE path = 1"), 1);
	deliver(BEGAN, 2500);
	ck_assert_int_eq(incidents("1"), 1);
	ck_assert_int_eq(incidents("kind = 0 AND candidate_id = 1 AND severity = 2 AND state = 0"), 1);
	int64_t began = (late_ask("SELECT began_at FROM incident") - BEGIN) / MINUTE;
	ck_assert_msg(began >= BEGAN - 100 && began <= BEGAN + 10, "%lld", (long long)began);
	/* p0 is the bound of 1 in 200, 2.35 %; 8 times that is 18.8 %: (log A + log 3 + log 8) / growth(0.2, p0)
	 * replies, A being 730 days of one reply a minute */
	double p0 = 1 - 0.9764956;
	double growth = 0.2 * log(0.2 / p0) + 0.8 * log(0.8 / (1 - p0));
	double most = 1.5 * log(1440.0 * 730 * 24) / growth;
	int64_t since = late_ask("SELECT evidence ->> 'replies_since' FROM incident");
	ck_assert_msg(since <= (int64_t)most + (BEGAN - began), "%lld replies, %g expected at most", (long long)since,
		      most);
	ck_assert_int_eq(late_ask("SELECT evidence -> 'classes' ->> 'prose' FROM incident"),
			 late_ask("SELECT evidence ->> 'deviating_since' FROM incident"));
	ck_assert_int_eq(late_ask("SELECT json_array_length(evidence -> 'first_exchanges') FROM incident"), 10);
	ck_assert_int_eq(
		late_ask("SELECT count(*) FROM incident, exchange e WHERE evidence -> 'first_exchanges' ->> 0 = "
			 "lower(hex(e.exchange_id)) AND e.captured_at = began_at"),
		1);
	ck_assert_int_eq(late_ask("SELECT round(evidence -> 'false_alarms' ->> 'mean_days') FROM incident"), 730);
	check_text("SELECT evidence -> 'deviations' -> 0 ->> 'sentence' FROM incident",
		   "a code fence stands around the JSON\n");
	check_text("SELECT evidence ->> 'changed' FROM incident", "[]\n");
	check_text("SELECT evidence ->> 'input_quality' IS NULL FROM incident", "1\n");
}
END_TEST

START_TEST(legacy_path_is_watched_too)
{
	make(0, 400, 0, NULL, NULL);
	make(400, 800, 2, NULL, BAD);
	deliver(0, 800);
	ck_assert_int_eq(incidents("1"), 1);
	ck_assert_int_eq(incidents("kind = 1 AND candidate_id IS NULL AND severity = 2"), 1);
	ck_assert_int_eq(incidents("evidence -> 'classes' ->> 'missing_required' = evidence ->> 'deviating_since'"), 1);
}
END_TEST

START_TEST(test_messages_are_counted_and_not_watched)
{
	make(0, 10, 0, NULL, NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(rooms[i], ROOM, "{\"id\":%d,\"test\":true}", i);
		deliveries[i].request_body = span_of(rooms[i]);
	}
	deliver(0, 10);
	ck_assert_int_eq(late_ask("SELECT sum(replies) FROM rollup_drift WHERE test = 1"), 20);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM drift_monitor"), 0);
}
END_TEST

/* The state to the last bit, as text. */
static const char STATE[] = "SELECT format('%d %d %d %!.17g %!.17g %d %d', m.path, m.phase, m.reference_replies, m.p0, "
			    "m.run_length, m.replies, "
			    "m.events) || format(' %d %!.17g %!.17g %d %d %d', d.ordinal, d.cusum, d.log_sr, "
			    "d.began_at, d.replies, d.events) "
			    "FROM drift_monitor m JOIN drift_detector d ON d.interface_id = m.interface_id AND d.path "
			    "= m.path ORDER BY m.path, "
			    "d.ordinal";

START_TEST(batches_and_restarts_make_no_difference)
{
	enum { COUNT = 900 };
	uint64_t seed = 17;
	make(0, COUNT, 25, BAD, BAD);
	deliver(0, COUNT);
	char *whole = late_list(late_installation, STATE);
	teardown();
	setup();
	for (int done = 0; done < COUNT;) {
		int next = done + 1 + (int)(random_next(&seed) % 150);
		next = next < COUNT ? next : COUNT;
		deliver(done, next);
		done = next;
	}
	check_text(STATE, whole);
	ck_assert_uint_gt(strlen(whole), 100);
	free(whole);
}
END_TEST

static void resolve(bool accept)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(late_installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err), &err);
	late_must(store_incident_move(store, 1, INCIDENT_RESOLVED, SPAN("ada"), SPAN("mended"), BEGIN, &err) &&
			  drift_watch_resolve(store, late_installation->contracts[0], 1, accept, &err) &&
			  store_commit(store, &err),
		  &err);
	store_close(store);
}

START_TEST(resolved_incident_restarts_its_monitor)
{
	make(0, 600, 0, NULL, NULL);
	make(600, 2400, 3, BAD, NULL);
	deliver(0, 1000);
	ck_assert_int_eq(incidents("state = 0"), 1);
	deliver(1000, 1200); /* stays in alarm */
	ck_assert_int_eq(incidents("1"), 1);
	resolve(false);
	deliver(1200, 1400);
	ck_assert_int_eq(incidents("1"), 2);
	ck_assert_int_eq(incidents("state = 0"), 1);
}
END_TEST

START_TEST(accepted_incident_has_a_new_reference)
{
	make(0, 600, 0, NULL, NULL);
	make(600, 2400, 3, BAD, NULL);
	deliver(0, 1000);
	resolve(true);
	deliver(1000, 2400);
	ck_assert_int_eq(incidents("1"), 1);
	ck_assert_int_eq(late_ask("SELECT p0 > 0.3 AND phase = 1 FROM drift_monitor WHERE path = 1"), 1);
}
END_TEST

/* Resolved by a hand that does not know of monitors: the old reference. */
START_TEST(incident_closed_by_sql_restarts_too)
{
	make(0, 600, 0, NULL, NULL);
	make(600, 1400, 3, BAD, NULL);
	deliver(0, 1000);
	late_change("UPDATE incident SET state = 2, resolved_at = 1");
	deliver(1000, 1400);
	ck_assert_int_eq(incidents("1"), 2);
}
END_TEST

static void work_with(const char *contract)
{
	struct error err = ERROR_INIT;
	char here[4096];
	char path[256];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	buffer_append_format(&text,
			     "store: sqlite:var/store.db\nspool: file:var/spool\nring: {path: var/ring, mib: 1}\n"
			     "keys: {sampling: {file: sampling.key}}\ninterfaces: [%s/tests/pipeline/data/%s]\n",
			     here, contract);
	snprintf(path, sizeof(path), "%s/other.yaml", directory);
	late_must(file_write(path, buffer_span(&text), 0600, &err), &err);
	struct installation *installation = installation_load(path, &err);
	late_must(installation != NULL, &err);
	struct worker *worker = worker_create(installation, true, &err);
	late_must(worker != NULL, &err);
	while (worker_step(worker, &err) == WORKER_WORKED) {
	}
	ck_assert_msg(err.code == ERROR_NONE, "%s", err.message);
	worker_destroy(worker);
	installation_destroy(installation);
}

START_TEST(another_legacy_version_is_told_once)
{
	make(0, 60, 0, NULL, NULL);
	late_append_to(late_installation, "ingest", deliveries, 20);
	work_with("drift.yaml");
	ck_assert_int_eq(incidents("1"), 0);
	for (int round = 1; round < 3; round++) {
		late_append_to(late_installation, "ingest", deliveries + 20 * round, 20);
		work_with("drift-legacy.yaml");
		ck_assert_int_eq(incidents("1"), 1);
	}
	check_text(
		"SELECT format('%d %s %d %s %s', kind, subject, severity, evidence ->> 'before', evidence ->> 'since') "
		"FROM incident",
		"2 2 0 1 2\n");
	ck_assert_int_eq(late_ask("SELECT began_at FROM incident"), BEGIN + 20 * MINUTE);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM legacy_source"), 2);
	ck_assert_int_eq(
		late_ask("SELECT sum(replies) FROM rollup_drift d JOIN reply_source s ON s.id = d.source_id WHERE "
			 "s.path = 0 AND s.model = '2'"),
		40);
}
END_TEST

/* The new version and the drift that it brings: the alarm names both. */
START_TEST(alarm_says_what_changed)
{
	make(0, 600, 0, NULL, NULL);
	make(600, 900, 3, BAD, NULL);
	late_append_to(late_installation, "ingest", deliveries, 600);
	work_with("drift.yaml");
	late_append_to(late_installation, "ingest", deliveries + 600, 300);
	work_with("drift-legacy.yaml");
	check_text("SELECT c.value ->> 'what' || ' ' || (c.value ->> 'before') || ' ' || (c.value ->> 'since') FROM "
		   "incident "
		   "n, json_each(n.evidence -> 'changed') c WHERE n.kind = 0 AND c.value ->> 'what' = 'legacy_version'",
		   "legacy_version [\"1\"] [\"2\"]\n");
}
END_TEST

/* Replies of one model in one hour, as the series have them. */
static void count_hour(struct store *store, int64_t exchange, int hour, const char *model, const char *prompt)
{
	struct error err = ERROR_INIT;
	const struct store_source source = {.interface_id = 1,
					    .path = 1,
					    .contract_version = SPAN("1"),
					    .model = span_of(model),
					    .prompt = span_of(prompt),
					    .seen_at = BEGIN + hour * 60 * MINUTE};
	struct store_reply reply = {.exchange = exchange, .path = 1, .captured_at = BEGIN + hour * 60 * MINUTE};
	late_must(store_source_id(store, &source, &reply.source, &err) && store_reply_count(store, &reply, &err), &err);
}

static void check_changes(struct store *store, int hour, const char *expected)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	struct json_build *build = json_build_create();
	int64_t began_at = BEGIN + hour * 60 * MINUTE;
	late_must(drift_changes_build(store, 1, 1, began_at, build, &err) &&
			  drift_changes_build_input(store, 1, began_at, build, &err) &&
			  json_build_write(build, 0, &text, &err),
		  &err);
	json_build_destroy(build);
	ck_assert_str_eq(text.data, expected);
}

/* Model "b" comes at hour 301, prompt 02 at hour 400 with both models. The estimate may be late by an hour or two. */
START_TEST(changes_are_what_is_new)
{
	struct error err = ERROR_INIT;
	make(0, 1, 0, NULL, NULL);
	deliver(0, 1);
	struct store *store = store_open(late_installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err), &err);
	for (int hour = 210; hour < 500; hour++) {
		count_hour(store, 1, hour, hour < 300 || hour % 2 == 0 ? "a" : "b", hour < 400 ? "\x01" : "\x02");
	}
	late_must(store_sums_write(store, &err), &err);
	check_changes(store, 250,
		      "{\"changed\":[{\"what\":\"model\",\"before\":[\"a\"],\"since\":[\"a\",\"b\"]},{\"what\":"
		      "\"prompt\",\"before\":[\"01\"],\"since\":[\"01\",\"02\"]}],\"input_quality\":null}");
	check_changes(store, 302,
		      "{\"changed\":[{\"what\":\"model\",\"before\":[\"a\"],\"since\":[\"a\",\"b\"]},{\"what\":"
		      "\"prompt\",\"before\":[\"01\"],\"since\":[\"01\",\"02\"]}],\"input_quality\":null}");
	check_changes(store, 304,
		      "{\"changed\":[{\"what\":\"prompt\",\"before\":[\"01\"],\"since\":[\"01\",\"02\"]}],"
		      "\"input_quality\":null}");
	check_changes(store, 450, "{\"changed\":[],\"input_quality\":null}");
	struct statement *table = store_statement(store,
						  "CREATE TABLE rollup_input (interface_id INTEGER, day INTEGER, test "
						  "INTEGER, messages INTEGER, deviating INTEGER)",
						  &err);
	late_must(table != NULL && statement_run(table, &err), &err);
	struct statement *rows =
		store_statement(store,
				"INSERT INTO rollup_input VALUES (1, 20510, 0, 100, 1), (1, 20540, 0, 100, "
				"25), (1, 20510, 1, 100, 99), (2, 20510, 0, 100, 99)",
				&err);
	late_must(rows != NULL && statement_run(rows, &err), &err);
	check_changes(store, 450, "{\"changed\":[],\"input_quality\":{\"before\":0.01,\"since\":0.25}}");
	store_rollback(store);
	store_close(store);
}
END_TEST

Suite *drift_watch_suite(void)
{
	Suite *suite = suite_create("drift watch");
	TCase *tcase = tcase_create("drift watch");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, drift_opens_one_incident_with_its_evidence);
	tcase_add_test(tcase, legacy_path_is_watched_too);
	tcase_add_test(tcase, test_messages_are_counted_and_not_watched);
	tcase_add_test(tcase, batches_and_restarts_make_no_difference);
	tcase_add_test(tcase, resolved_incident_restarts_its_monitor);
	tcase_add_test(tcase, accepted_incident_has_a_new_reference);
	tcase_add_test(tcase, incident_closed_by_sql_restarts_too);
	tcase_add_test(tcase, another_legacy_version_is_told_once);
	tcase_add_test(tcase, alarm_says_what_changed);
	tcase_add_test(tcase, changes_are_what_is_new);
	suite_add_tcase(suite, tcase);
	return suite;
}
