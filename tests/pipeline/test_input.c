/* The input gates: what is evaluated, held, released and set aside, and that every term is counted. */
#include "harness/store/incident.h"
#include "harness/store/input.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 64, MINUTES = 60 };

static const int64_t START = INT64_C(1790000000000000);
static const char GOOD[] = "{\"queue\":\"x\",\"amount\":1}";

static struct installation *installation;
static char directory[64];

static void setup(const char *contract)
{
	installation = late_install(directory, contract);
	late_installation = installation;
}

static void teardown(void)
{
	late_remove(installation, directory);
}

/* A message of the given text; `llm` is its recorded reply. */
static struct spool_exchange message(const char *text, int64_t captured_at, const char *legacy, const char *llm)
{
	char unused[ROOM];
	struct spool_exchange exchange = late_exchange(unused, 1, captured_at, legacy, llm);
	exchange.request_body = span_of(text);
	return exchange;
}

/* Two that keep the schema, two that deviate, one that is no JSON; one delivered again. */
static void feed(void)
{
	struct spool_exchange exchanges[] = {
		message("{\"id\":1}", START, GOOD, GOOD),
		message("{\"id\":2,\"kind\":\"order\"}", START + 1, GOOD, GOOD),
		message("{\"id\":3,\"kind\":\"secret-word\"}", START + 2, GOOD, GOOD),
		message("{\"id\":4,\"contact\":7}", START + 3, GOOD, ""),
		message("{\"id\":", START + 4, GOOD, GOOD),
		message("{\"id\":3,\"kind\":\"secret-word\"}", START + 5, GOOD, GOOD),
	};
	late_append_to(installation, "ingest", exchanges, sizeof(exchanges) / sizeof(exchanges[0]));
	late_work();
}

static int64_t state_count(enum evaluation state, int reason)
{
	char sql[256];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM evaluation WHERE state = %d AND coalesce(reason, -1) = %d",
		 (int)state, reason);
	int64_t rows = late_ask(sql);
	snprintf(sql, sizeof(sql), "SELECT coalesce(sum(count), 0) FROM rollup_state WHERE state = %d AND reason = %d",
		 (int)state, reason);
	ck_assert_int_eq(late_ask(sql), rows);
	return rows;
}

static void expect_day(const char *expected)
{
	char *found = late_list(installation,
				"SELECT printf('%d %d %d %d %d %d %d', messages, deviating, unreadable, warned, "
				"held_invalid, held_changed, dead_letter) FROM rollup_input");
	ck_assert_str_eq(found, expected);
	free(found);
}

static int64_t release(int64_t exchange, enum input_gate gate)
{
	struct error err = ERROR_INIT;
	int64_t count = 0;
	struct store *store = store_open(installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err), &err);
	struct store_release release = {1, exchange, gate, SPAN("anna"), SPAN("looked at it"), START};
	late_must(store_input_release(store, &release, &count, &err) && store_commit(store, &err), &err);
	store_close(store);
	return count;
}

START_TEST(dead_letter_sets_aside)
{
	setup("gate-dead_letter.yaml");
	feed();
	ck_assert_int_eq(state_count(EVALUATION_DEAD_LETTER, -1), 3);
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 2);
	expect_day("5 2 1 0 0 0 2\n");
	late_check_sums();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM input_mark WHERE gate = 2"), 2);
	teardown();
}
END_TEST

START_TEST(warn_evaluates_and_marks)
{
	setup("gate-warn.yaml");
	feed();
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 4);
	ck_assert_int_eq(state_count(EVALUATION_DEAD_LETTER, -1), 1);
	expect_day("5 2 1 2 0 0 0\n");
	char *marks = late_list(installation, "SELECT detail FROM input_mark ORDER BY exchange_id");
	ck_assert_ptr_nonnull(strstr(marks, "at \"/kind\""));
	ck_assert_ptr_nonnull(strstr(marks, "at \"/contact\""));
	ck_assert_ptr_null(strstr(marks, "secret-word"));
	free(marks);
	teardown();
}
END_TEST

START_TEST(hold_waits_for_a_release)
{
	setup("gate-hold.yaml");
	feed();
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_HELD_INVALID), 2);
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 2);
	expect_day("5 2 1 0 2 0 0\n");
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_HELD_INVALID), 2);
	int64_t third = late_ask("SELECT id FROM exchange WHERE captured_at = 1790000000000002");
	ck_assert_int_eq(release(third, INPUT_WARN), 1);
	ck_assert_int_eq(release(third, INPUT_WARN), 0);
	ck_assert_int_eq(state_count(EVALUATION_PENDING, -1), 1);
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 3);
	ck_assert_int_eq(release(0, INPUT_DEAD_LETTER), 1);
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_HELD_INVALID), 0);
	ck_assert_int_eq(state_count(EVALUATION_DEAD_LETTER, -1), 2);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM input_release WHERE actor = 'anna'"), 2);
	expect_day("5 2 1 0 2 0 0\n");
	late_check_sums();
	teardown();
}
END_TEST

/* Held first, then the answer comes, then it is released: compared. Released first: it waits for the answer. */
START_TEST(held_and_awaited)
{
	setup("gate-hold.yaml");
	struct spool_exchange exchanges[] = {
		message("{\"id\":1,\"kind\":\"no\"}", START, NULL, GOOD),
		message("{\"id\":2,\"kind\":\"no\"}", START + 1, NULL, GOOD),
		late_outcome("1", START + 2, 0, LEGACY_OK, GOOD),
	};
	late_append_to(installation, "ingest", exchanges, 3);
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_HELD_INVALID), 2);
	ck_assert_int_eq(release(0, INPUT_WARN), 2);
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_AWAITS_LEGACY), 1);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM awaited"), 1);
	late_append(late_outcome("2", START + 3, 0, LEGACY_OK, GOOD));
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 2);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM awaited"), 0);
	teardown();
}
END_TEST

static void open_alarm(void)
{
	struct error err = ERROR_INIT;
	int64_t id = 0;
	bool is_new = false;
	struct store *store = store_open(installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err), &err);
	struct store_incident incident = {.interface_id = 1,
					  .kind = INCIDENT_INPUT_CHANGE,
					  .subject = SPAN("/kind"),
					  .began_at = START,
					  .detected_at = START,
					  .evidence = SPAN("{}")};
	late_must(store_incident_open(store, &incident, &id, &is_new, &err) && store_commit(store, &err), &err);
	store_close(store);
}

START_TEST(changed_holds_while_the_alarm_is_open)
{
	setup("gate-hold.yaml");
	late_append(message("{\"id\":1}", START, GOOD, GOOD));
	late_work();
	open_alarm();
	late_append(message("{\"id\":2}", START + 1, GOOD, GOOD));
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 1);
	ck_assert_int_eq(state_count(EVALUATION_PENDING, PENDING_HELD_CHANGED), 1);
	late_change("UPDATE incident SET state = 2");
	late_append(message("{\"id\":3}", START + 2, GOOD, GOOD));
	late_work();
	ck_assert_int_eq(state_count(EVALUATION_COMPARED, -1), 2);
	expect_day("3 0 0 0 0 1 0\n");
	teardown();
}
END_TEST

Suite *input_suite(void)
{
	Suite *suite = suite_create("input");
	TCase *test = tcase_create("gates");
	tcase_set_timeout(test, MINUTES);
	tcase_add_test(test, dead_letter_sets_aside);
	tcase_add_test(test, warn_evaluates_and_marks);
	tcase_add_test(test, hold_waits_for_a_release);
	tcase_add_test(test, held_and_awaited);
	tcase_add_test(test, changed_holds_while_the_alarm_is_open);
	suite_add_tcase(suite, test);
	return suite;
}
