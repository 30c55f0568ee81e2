#include "tests/pipeline/late.h"

#include "harness/base/file.h"
#include "harness/pipeline/worker.h"
#include "harness/store/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIST_MAX = 1 << 24 };

struct installation *late_installation;
static char directory[64];

void late_must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s:%d: %s", err->file, err->line, err->message);
}

struct installation *late_install(char where[64], const char *interface_file)
{
	struct error err = ERROR_INIT;
	char here[4096];
	char path[256];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	snprintf(where, 64, "/tmp/understudy-late-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(where));
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	buffer_append_format(&text,
			     "store: sqlite:var/store.db\nspool: file:var/spool\nring: {path: var/ring, mib: 1}\n"
			     "keys: {sampling: {file: sampling.key}}\n"
			     "interfaces: [%s/tests/pipeline/data/%s]\n",
			     here, interface_file);
	snprintf(path, sizeof(path), "%s/sampling.key", where);
	late_must(file_write(path, SPAN("a sampling key of the tests"), 0600, &err), &err);
	snprintf(path, sizeof(path), "%s/understudy.yaml", where);
	late_must(file_write(path, buffer_span(&text), 0600, &err), &err);
	struct installation *installation = installation_load(path, &err);
	late_must(installation != NULL, &err);
	return installation;
}

void late_remove(struct installation *installation, const char *where)
{
	char command[128];
	installation_destroy(installation);
	snprintf(command, sizeof(command), "rm -rf '%s'", where);
	ck_assert_int_eq(system(command), 0);
}

void late_setup(void)
{
	late_installation = late_install(directory, "contract.yaml");
}

void late_teardown(void)
{
	late_remove(late_installation, directory);
}

struct spool_exchange late_exchange(char *room, int id, int64_t captured_at, const char *legacy, const char *llm)
{
	sprintf(room, "{\"id\":%d}", id);
	return (struct spool_exchange){
		.interface = SPAN("orders"),
		.captured_at = captured_at,
		.legacy_latency_us = legacy != NULL ? 1000 : -1,
		.legacy_status = legacy != NULL ? 200 : 0,
		.legacy_outcome = legacy != NULL ? -1 : LEGACY_AWAITED,
		.method = SPAN("POST"),
		.target = SPAN("/orders"),
		.request_body = span_of(room),
		.reply_body = span_of(legacy != NULL ? legacy : ""),
		.candidate_reply = span_of(llm != NULL ? llm : ""),
	};
}

struct spool_exchange late_outcome(const char *key, int64_t captured_at, int64_t answered_at, int outcome,
				   const char *legacy)
{
	return (struct spool_exchange){
		.is_outcome = true,
		.interface = SPAN("orders"),
		.captured_at = captured_at,
		.answered_at = answered_at,
		.legacy_latency_us = -1,
		.legacy_outcome = outcome,
		.reply_body = span_of(legacy),
		.correlation_key = span_of(key),
	};
}

void late_append_to(const struct installation *installation, const char *stream, struct spool_exchange *exchanges,
		    size_t count)
{
	struct error err = ERROR_INIT;
	struct spool_options options = {.sync_interval_ms = 200};
	struct spool_writer *writer = spool_writer_open(installation->spool, stream, &options, &err);
	late_must(writer != NULL, &err);
	for (size_t i = 0; i < count; i++) {
		late_must(spool_writer_append(writer, &exchanges[i], &err), &err);
	}
	uint64_t last = spool_writer_last_sequence(writer);
	struct spool_accounts accounts = {.interface = SPAN("orders"), .at = 1, .seen = last, .committed = last};
	late_must(spool_writer_append_accounts(writer, &accounts, &err), &err);
	spool_writer_close(writer);
}

void late_append(struct spool_exchange exchange)
{
	late_append_to(late_installation, "ingest", &exchange, 1);
}

void late_work_on(const struct installation *installation)
{
	struct error err = ERROR_INIT;
	struct worker *worker = worker_create(installation, false, &err);
	late_must(worker != NULL, &err);
	enum worker_state state;
	while ((state = worker_step(worker, &err)) == WORKER_WORKED || state == WORKER_WAITING) {
	}
	late_must(state == WORKER_IDLE, &err);
	worker_destroy(worker);
}

void late_work(void)
{
	late_work_on(late_installation);
}

int64_t late_ask(const char *sql)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(late_installation->store, STORE_READ_ONLY, 1000, &err);
	late_must(store != NULL, &err);
	struct statement *statement = store_statement(store, sql, &err);
	late_must(statement != NULL, &err);
	ck_assert_msg(statement_step(statement, &err) == STATEMENT_ROW, "%s: %s", sql, err.message);
	int64_t number = statement_integer(statement, 0);
	store_close(store);
	return number;
}

char *late_list(const struct installation *installation, const char *sql)
{
	struct error err = ERROR_INIT;
	struct buffer list = BUFFER_INIT(LIST_MAX);
	struct store *store = store_open(installation->store, STORE_READ_ONLY, 1000, &err);
	late_must(store != NULL, &err);
	struct statement *statement = store_statement(store, sql, &err);
	late_must(statement != NULL, &err);
	enum statement_step step;
	while ((step = statement_step(statement, &err)) == STATEMENT_ROW) {
		buffer_append_span(&list, statement_text(statement, 0));
		buffer_append_byte(&list, '\n');
	}
	late_must(step == STATEMENT_DONE, &err);
	store_close(store);
	buffer_append_text(&list, "");
	ck_assert(!list.failed);
	return list.data != NULL ? list.data : strdup("");
}

void late_change(const char *sql)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(late_installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL, &err);
	struct statement *statement = store_statement(store, sql, &err);
	late_must(statement != NULL && statement_run(statement, &err), &err);
	store_close(store);
}

/* Pairs of questions that must have the same rows: what a rollup says, and what the rows say. */
static const char *const SUMS[][2] = {
	{"SELECT format('%d %d %d %d %d', candidate_id, week, test, state, reason) || ' ' || count FROM rollup_state "
	 "WHERE count <> 0 ORDER BY 1",
	 "SELECT format('%d %d %d %d %d', v.candidate_id, e.week, e.test, v.state, coalesce(v.reason, -1)) || ' ' || "
	 "count(*) FROM evaluation v JOIN exchange e ON e.id = v.exchange_id GROUP BY v.candidate_id, e.week, e.test, "
	 "v.state, v.reason ORDER BY 1"},
	{"SELECT format('%d %d %d %d %d', interface_id, week, test, legacy_outcome, count) FROM rollup_legacy ORDER BY "
	 "1",
	 "SELECT format('%d %d %d %d %d', interface_id, week, test, legacy_outcome, count(*)) FROM exchange GROUP BY "
	 "interface_id, week, test, legacy_outcome ORDER BY 1"},
	{"SELECT format('%d %d %d %d %d %d %d %d', candidate_id, epoch_id, week, test, side, pi_ppm, count, sampled) "
	 "FROM rollup_record ORDER BY 1",
	 "SELECT format('%d %d %d %d %d %d %d %d', r.candidate_id, v.epoch_id, e.week, e.test, r.side, r.pi_ppm, "
	 "count(*), sum(r.sampled)) FROM record r JOIN exchange e ON e.id = r.exchange_id JOIN evaluation v ON "
	 "v.exchange_id = r.exchange_id AND v.candidate_id = r.candidate_id GROUP BY r.candidate_id, v.epoch_id, "
	 "e.week, e.test, r.side, r.pi_ppm ORDER BY 1"},
	{"SELECT format('%d %d %d %d %d', candidate_id, week, field_id, verdict, count) FROM rollup_field WHERE "
	 "verdict <> 0 ORDER BY 1",
	 "SELECT format('%d %d %d %d %d', candidate_id, week, field_id, verdict, count(*)) FROM field_difference GROUP "
	 "BY candidate_id, week, field_id, verdict ORDER BY 1"},
	{"SELECT format('%d %d', candidate_id, sum(count)) FROM rollup_field GROUP BY candidate_id",
	 "SELECT format('%d %d', candidate_id, 3 * count(*)) FROM record GROUP BY candidate_id"},
	{"SELECT format('%d %d %d %d', candidate_id, week, outcome, count) FROM rollup_outcome ORDER BY 1",
	 "SELECT format('%d %d %d %d', v.candidate_id, e.week, v.outcome, count(*)) FROM evaluation v JOIN exchange e "
	 "ON e.id = v.exchange_id WHERE v.state = 1 GROUP BY v.candidate_id, e.week, v.outcome ORDER BY 1"},
	{"SELECT format('%d %d %d %d', candidate_id, week, compared, contract_drift) FROM rollup_transaction ORDER BY "
	 "1",
	 "SELECT format('%d %d %d %d', v.candidate_id, e.week, count(*), total(v.contract_drift)) FROM evaluation v "
	 "JOIN exchange e ON e.id = v.exchange_id WHERE v.state = 1 GROUP BY v.candidate_id, e.week ORDER BY 1"},
	{"SELECT format('%d %d %d %d', interface_id, week, sum(count), sum(chosen)) FROM rollup_shadow GROUP BY "
	 "interface_id, week ORDER BY 1",
	 "SELECT format('%d %d %d %d', e.interface_id, e.week, count(*), sum(d.chosen)) FROM shadow_draw d JOIN "
	 "exchange "
	 "e ON e.id = d.exchange_id GROUP BY e.interface_id, e.week ORDER BY 1"},
	{"SELECT format('%d', count(*)) FROM awaited",
	 "SELECT format('%d', count(DISTINCT exchange_id)) FROM evaluation WHERE state = 0 AND reason = 0"},
	/* series of contract drift: of the LLM paths, of the legacy path, by class; and what the monitors have counted
	 */
	{"SELECT format('%d %d %d %d %d %d', s.path, d.hour, d.week, d.test, sum(d.replies), sum(d.contract_drift)) "
	 "FROM "
	 "rollup_drift d JOIN reply_source s ON s.id = d.source_id WHERE s.path <> 0 GROUP BY s.path, d.hour, d.week, "
	 "d.test ORDER BY 1",
	 "SELECT format('%d %d %d %d %d %d', v.candidate_id, e.captured_at / 3600000000, e.week, e.test, count(*), "
	 "sum(v.contract_drift)) FROM evaluation v JOIN exchange e ON e.id = v.exchange_id WHERE v.contract_drift IS "
	 "NOT "
	 "NULL GROUP BY v.candidate_id, e.captured_at / 3600000000, e.week, e.test ORDER BY 1"},
	{"SELECT format('%d %d %d %d', d.hour, d.week, d.test, sum(d.replies)) FROM rollup_drift d JOIN reply_source s "
	 "ON "
	 "s.id = d.source_id WHERE s.path = 0 GROUP BY d.hour, d.week, d.test ORDER BY 1",
	 "SELECT format('%d %d %d %d', e.captured_at / 3600000000, e.week, e.test, count(*)) FROM exchange e JOIN "
	 "payload "
	 "p ON p.id = e.id LEFT JOIN legacy_counting c ON c.exchange_id = e.id LEFT JOIN legacy_answer a ON "
	 "a.exchange_id = e.id AND a.ordinal = c.ordinal AND a.body IS NOT NULL WHERE e.legacy_outcome IN (0, 3, 4) "
	 "AND "
	 "coalesce(a.reply_size, p.reply_size) > 0 GROUP BY e.captured_at / 3600000000, e.week, e.test ORDER BY 1"},
	{"SELECT format('%d %d %d %d %d %d', source_id, hour, sum(contract_drift), sum(strict_drift), sum(recovered), "
	 "sum(high)) FROM rollup_drift GROUP BY source_id, hour HAVING sum(strict_drift) > 0 ORDER BY 1",
	 "SELECT format('%d %d %d %d %d %d', source_id, hour, sum(declared <> 0), count(*), sum(recovered), "
	 "sum(severity = "
	 "2)) FROM deviating_reply GROUP BY source_id, hour ORDER BY 1"},
	{"SELECT format('%d %d %d %d', source_id, hour, class, sum(deviating)) FROM rollup_drift_class GROUP BY "
	 "source_id, "
	 "hour, class ORDER BY 1",
	 "WITH RECURSIVE bit (class) AS (SELECT 0 UNION ALL SELECT class + 1 FROM bit WHERE class < 30) SELECT "
	 "format('%d "
	 "%d %d %d', source_id, hour, class, count(*)) FROM deviating_reply JOIN bit ON classes >> class & 1 GROUP BY "
	 "source_id, hour, class ORDER BY 1"},
	{"SELECT format('%d %d %d', path, reference_replies, reference_events) FROM drift_monitor WHERE path <> 0 "
	 "ORDER BY 1",
	 "SELECT format('%d %d %d', v.candidate_id, count(*), sum(v.contract_drift)) FROM evaluation v JOIN exchange e "
	 "ON "
	 "e.id = v.exchange_id WHERE v.contract_drift IS NOT NULL AND e.test = 0 GROUP BY v.candidate_id ORDER BY 1"},
};

static void check_ledger(void)
{
	struct error err = ERROR_INIT;
	struct store_ledger ledger;
	struct store *store = store_open(late_installation->store, STORE_READ_ONLY, 1000, &err);
	late_must(store != NULL && store_ledger_get(store, 1, &ledger, &err), &err);
	store_close(store);
	ck_assert_uint_eq(ledger.tap.committed, ledger.stored + ledger.duplicate + ledger.outcomes.read);
	ck_assert(store_outcomes_tie_out(&ledger.outcomes));
	ck_assert_int_eq((int64_t)ledger.outcomes.waiting, late_ask("SELECT count(*) FROM waiting_outcome"));
}

void late_check_sums(void)
{
	for (size_t i = 0; i < sizeof(SUMS) / sizeof(SUMS[0]); i++) {
		char *said = late_list(late_installation, SUMS[i][0]);
		char *counted = late_list(late_installation, SUMS[i][1]);
		ck_assert_msg(strcmp(said, counted) == 0, "%s\nsays\n%.3000sbut the rows are\n%.3000s", SUMS[i][0],
			      said, counted);
		free(said);
		free(counted);
	}
	check_ledger();
}
