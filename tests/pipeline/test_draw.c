/* Which exchanges are asked about: the share, the floor, and both while the worker runs. */
#include "baselines/sampling.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/pipeline/worker.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 400, CONTRACT_MAX = 65536 };

static const char A[] = "{\"queue\":\"a\",\"amount\":1}";
static char rooms[MANY + 1][32];

static struct contract *contract(void)
{
	return late_installation->contracts[0];
}

/* The middle of a minute, so that nothing here depends on when the test runs. */
static int64_t minute(int number)
{
	int64_t length = 60 * CLOCK_SECOND;
	return (clock_now() / length - 10 + number) * length + length / 2;
}

static void add_many(int from, int count, int64_t captured_at, const char *target)
{
	struct spool_exchange *list = calloc((size_t)count, sizeof(*list));
	for (int i = 0; i < count; i++) {
		list[i] = late_exchange(rooms[from + i], from + i, captured_at, A, A);
		list[i].target = span_of(target);
	}
	late_append_to(late_installation, "ingest", list, (size_t)count);
	free(list);
}

/* The coin is keyed: who is chosen can be told beforehand, with the key. */
static int chosen_by_hand(uint32_t ppm)
{
	struct hash_key *key = hash_key_create(late_installation->sampling_key);
	char *ids = late_list(late_installation, "SELECT lower(hex(exchange_id)) FROM exchange");
	int count = 0;
	for (char *line = ids; *line != '\0'; line += strcspn(line, "\n") + 1) {
		count += sampling_draw(key, SAMPLING_SHADOW, SPAN("orders"), (struct span){line, 32}, ppm);
	}
	free(ids);
	hash_key_destroy(key);
	return count;
}

START_TEST(a_share)
{
	contract()->shadow_ppm = 250000;
	add_many(1, MANY, minute(0), "/orders");
	late_work();
	int64_t chosen = late_ask("SELECT count(*) FROM evaluation WHERE state = 1");
	ck_assert_int_eq(chosen, chosen_by_hand(250000));
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_draw WHERE pi_ppm = 250000 AND rule = 0"), MANY);
	ck_assert_int_eq(late_ask("SELECT sum(chosen) FROM shadow_draw"), chosen);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM evaluation WHERE state = 2 AND reason = 2"), MANY - chosen);
	late_check_sums();
}
END_TEST

START_TEST(all_are_not_drawn)
{
	contract()->shadow_floor = 5;
	add_many(1, 10, minute(0), "/orders");
	late_work();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_draw"), 0);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM evaluation WHERE state = 1"), 10);
}
END_TEST

/* Nobody is chosen by the share; the floor takes three of each operation and minute, the first ones, for certain. */
START_TEST(a_floor)
{
	contract()->shadow_ppm = 0;
	contract()->shadow_floor = 3;
	add_many(1, 10, minute(0), "/orders?a=1");
	add_many(11, 10, minute(0), "/orders?a=2"); /* the query does not make another operation */
	late_work();                                /* and a restart does not forget */
	add_many(21, 10, minute(0), "/orders");
	add_many(31, 10, minute(0), "/other");
	add_many(41, 2, minute(1), "/orders");
	late_work();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_draw WHERE chosen"), 8);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_draw WHERE chosen AND rule = 1 AND pi_ppm = 1000000"),
			 8);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_draw WHERE NOT chosen AND rule = 0 AND pi_ppm = 0"), 34);
	ck_assert_int_eq(late_ask("SELECT max(exchange_id) FROM shadow_draw WHERE chosen AND exchange_id <= 30"), 3);
	late_check_sums();
	late_change("UPDATE shadow_minute SET minute = minute - 2 * 1440");
	late_work();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM shadow_minute"), 0);
}
END_TEST

static void write_contract(const char *file, const char *sampling)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(CONTRACT_MAX);
	late_must(file_read("tests/pipeline/data/contract.yaml", &text, &err), &err);
	buffer_append_text(&text, sampling);
	late_must(file_write(file, buffer_span(&text), 0600, &err), &err);
}

static void step_until_idle(struct worker *worker)
{
	struct error err = ERROR_INIT;
	enum worker_state state;
	while ((state = worker_step(worker, &err)) == WORKER_WORKED) {
	}
	late_must(state == WORKER_IDLE, &err);
}

static bool wait_for_notice(struct worker *worker, struct error *ret_notice)
{
	for (int i = 0; i < 1000; i++) {
		step_until_idle(worker);
		if (worker_take_notice(worker, ret_notice)) {
			return true;
		}
		usleep(10000);
	}
	return false;
}

/* Steps until an exchange is chosen (or is not), one at a time. */
static bool wait_for_change(struct worker *worker, int from, bool chosen)
{
	for (int i = from; i < from + 100; i++) {
		add_many(i, 1, minute(0), "/orders");
		step_until_idle(worker);
		if ((late_ask("SELECT state = 1 FROM evaluation ORDER BY exchange_id DESC LIMIT 1") != 0) == chosen) {
			return true;
		}
		usleep(50000);
	}
	return false;
}

START_TEST(changed_while_it_runs)
{
	struct error err = ERROR_INIT;
	char file[128];
	char schema[128];
	char directory[64];
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(CONTRACT_MAX);
	snprintf(directory, sizeof(directory), "%.*s",
		 (int)(strrchr(late_installation->file, '/') - late_installation->file), late_installation->file);
	snprintf(file, sizeof(file), "%s/contract.yaml", directory);
	snprintf(schema, sizeof(schema), "%s/response.schema.json", directory);
	late_must(file_read("tests/pipeline/data/response.schema.json", &text, &err), &err);
	late_must(file_write(schema, buffer_span(&text), 0600, &err), &err);
	write_contract(file, "");
	contract_destroy(late_installation->contracts[0]);
	late_installation->contracts[0] = contract_load(file, &err);
	late_must(contract() != NULL, &err);
	struct worker *worker = worker_create(late_installation, false, &err);
	late_must(worker != NULL, &err);
	add_many(1, 1, minute(0), "/orders");
	step_until_idle(worker);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM evaluation WHERE state = 1"), 1);
	write_contract(file, "sampling: {shadow: 0}\n");
	ck_assert(wait_for_change(worker, 2, false));
	write_contract(file, "sampling: {shadow: nonsense}\n");
	struct error notice = ERROR_INIT;
	ck_assert(wait_for_notice(worker, &notice));
	ck_assert_msg(strstr(notice.message, "shadow") != NULL, "%s", notice.message);
	add_many(200, 1, minute(0), "/orders"); /* what was in force stays */
	step_until_idle(worker);
	ck_assert_int_eq(late_ask("SELECT state FROM evaluation ORDER BY exchange_id DESC LIMIT 1"), 2);
	ck_assert(!worker_take_notice(worker, &notice));
	write_contract(file, "sampling: {shadow: 0, floor: 1000}\n");
	ck_assert(wait_for_change(worker, 201, true));
	worker_destroy(worker);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM epoch"), 1);
	late_work(); /* and no new period begins with the changed contract */
	contract_destroy(late_installation->contracts[0]);
	late_installation->contracts[0] = contract_load(file, &err);
	late_must(contract() != NULL, &err);
	late_work();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM epoch"), 1);
	late_check_sums();
}
END_TEST

/* A former version put the share into the description of the period: an upgrade begins none. */
START_TEST(periods_of_a_former_version)
{
	late_work();
	late_change("UPDATE epoch SET hash = x'00', description = replace(description, '\"reviewers\":2', "
		    "'\"reviewers\":2,\"shadow_ppm\":1000000')");
	ck_assert_int_eq(late_ask("SELECT description LIKE '%shadow_ppm%' FROM epoch"), 1);
	late_work();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM epoch"), 1);
}
END_TEST

Suite *draw_suite(void)
{
	Suite *suite = suite_create("draw");
	TCase *tcase = tcase_create("shadow sample");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, late_setup, late_teardown);
	tcase_add_test(tcase, a_share);
	tcase_add_test(tcase, all_are_not_drawn);
	tcase_add_test(tcase, a_floor);
	tcase_add_test(tcase, changed_while_it_runs);
	tcase_add_test(tcase, periods_of_a_former_version);
	suite_add_tcase(suite, tcase);
	return suite;
}
