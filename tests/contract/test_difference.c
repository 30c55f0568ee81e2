/* What changed between two contracts, and whether it ends an evaluation period: held against contract_epoch. */
#include "harness/contract/difference.h"
#include "tests/contract/suites.h"

#include <stdlib.h>

#define FILE_NAME "tests/contract/lint/clean.yaml"

static struct contract *before;
static struct contract *after;
static struct arena arena;

static struct contract *load(void)
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(FILE_NAME, &err);
	ck_assert_msg(contract != NULL, "%s", err.message);
	return contract;
}

static void setup(void)
{
	setenv("CASE_KEY", "secret-7f3a9c", 1);
	arena_init(&arena, (size_t)64 << 20);
	before = load();
	after = load();
}

static void teardown(void)
{
	contract_destroy(before);
	contract_destroy(after);
	arena_finish(&arena);
}

static struct contract_difference compare(void)
{
	struct contract_difference difference;
	struct error err = ERROR_INIT;
	ck_assert_msg(contract_difference(before, after, &arena, &difference, &err), "%s", err.message);
	return difference;
}

/* --- one change each --- */

static void change_margin(struct contract *contract)
{
	contract->gate_margin = 0.02;
}
static void change_shadow(struct contract *contract)
{
	contract->shadow_ppm = 500000;
}
static void change_reviewers(struct contract *contract)
{
	contract->reviewers = 5;
}
static void change_output_tokens(struct contract *contract)
{
	contract->limit_output_tokens++;
}
static void change_day(struct contract *contract)
{
	contract->limit_cost_per_day_nano = 7;
}
static void change_model(struct contract *contract)
{
	contract->candidates[0].model = "other";
}
static void change_retries(struct contract *contract)
{
	contract->candidates[0].retries = 9;
}
static void change_prompt(struct contract *contract)
{
	contract->candidates[0].prompt_hash[0] ^= 1;
}
static void change_candidate(struct contract *contract)
{
	contract->candidates[0].name = "large";
}
static void change_critical(struct contract *contract)
{
	contract->fields[0].critical = true;
}
static void remove_field(struct contract *contract)
{
	contract->field_count--;
}
static void change_counts(struct contract *contract)
{
	contract->legacy_counts = COUNTS_FIRST;
}
static void change_legacy_version(struct contract *contract)
{
	contract->legacy_version = "r2";
}
static void change_environment(struct contract *contract)
{
	contract->environment = "prod";
}
static void change_identity(struct contract *contract)
{
	contract->message_id_count = 0;
}

struct change_row {
	void (*change)(struct contract *contract);
	const char *path;
	enum contract_change_kind kind;
	bool starts_period;
	enum version_step step;
};

static const struct change_row rows[] = {
	{change_margin, "gate.margin", CHANGE_CHANGED, true, VERSION_SAME},
	{change_shadow, "sampling.shadow_ppm", CHANGE_CHANGED, false, VERSION_SAME},
	{change_reviewers, "sampling.reviewers", CHANGE_CHANGED, true, VERSION_SAME},
	{change_output_tokens, "limits.output_tokens", CHANGE_CHANGED, true, VERSION_PATCH},
	{change_day, "limits.cost_per_day_nano", CHANGE_CHANGED, false, VERSION_PATCH},
	{change_model, "candidates.mini.model", CHANGE_CHANGED, true, VERSION_SAME},
	{change_retries, "candidates.mini.retries", CHANGE_CHANGED, false, VERSION_SAME},
	{change_prompt, "candidates.mini.prompt", CHANGE_CHANGED, true, VERSION_SAME},
	{change_candidate, "candidates.large", CHANGE_ADDED, false, VERSION_SAME},
	{change_critical, "fields.queue.critical", CHANGE_CHANGED, true, VERSION_PATCH},
	{remove_field, "fields.confidence", CHANGE_REMOVED, true, VERSION_MAJOR},
	{change_counts, "legacy.counts", CHANGE_CHANGED, true, VERSION_PATCH},
	{change_legacy_version, "legacy.version", CHANGE_CHANGED, true, VERSION_SAME},
	{change_environment, "environment", CHANGE_CHANGED, false, VERSION_SAME},
	{change_identity, "message.id", CHANGE_CHANGED, false, VERSION_MAJOR},
};

static bool epoch_differs(void)
{
	struct buffer one CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct buffer other CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	uint8_t hash[SHA256_SIZE];
	struct error err = ERROR_INIT;
	ck_assert(contract_epoch(before, &before->candidates[0], &one, hash, &err));
	ck_assert(contract_epoch(after, &after->candidates[0], &other, hash, &err));
	return !span_equal(buffer_span(&one), buffer_span(&other));
}

START_TEST(one_change)
{
	const struct change_row *row = &rows[_i];
	row->change(after);
	struct contract_difference difference = compare();
	ck_assert_uint_ge(difference.change_count, 1);
	const struct contract_change *change = &difference.changes[0];
	ck_assert_str_eq(change->path, row->path);
	ck_assert_int_eq((int)change->kind, (int)row->kind);
	ck_assert_msg(change->starts_period == row->starts_period, "%s", row->path);
	ck_assert_int_eq(change->before == NULL, row->kind == CHANGE_ADDED);
	ck_assert_int_eq(change->after == NULL, row->kind == CHANGE_REMOVED);
	ck_assert_int_eq((int)difference.step.step, (int)row->step);
	ck_assert_int_eq(difference.breaks, false);
	if (row->change != change_candidate) { /* which begins a period of its own */
		ck_assert_int_eq(epoch_differs(), row->starts_period);
		ck_assert_str_eq(difference.candidates, row->starts_period ? "mini" : "");
	}
	/* the version is still the former one */
	ck_assert_int_eq(difference.version_fits, row->step == VERSION_SAME);
}
END_TEST

START_TEST(nothing_changed)
{
	struct contract_difference difference = compare();
	ck_assert_uint_eq(difference.change_total, 0);
	ck_assert_str_eq(difference.candidates, "");
	ck_assert(difference.version_fits && !difference.breaks && difference.is_numbered);
	ck_assert(!difference.request_starts_period && !difference.response_starts_period);
}
END_TEST

static void give_response(struct contract *contract, const char *text)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(json_parse(&arena, span_of(text), NULL, &contract->response_schema_json, &err), "%s",
		      err.message);
	contract->response_schema_hash[0] ^= 1;
}

START_TEST(a_schema_that_takes_less_of_replies)
{
	give_response(after, "{\"type\":\"object\"}");
	struct contract_difference difference = compare();
	ck_assert_int_eq((int)difference.step.response.mode, COMPATIBILITY_BACKWARD);
	ck_assert(difference.breaks && !difference.version_fits && difference.response_starts_period);
	ck_assert(!difference.request_starts_period);
	ck_assert_uint_eq(difference.change_total, 0);
	after->version = "2.0.0";
	difference = compare();
	ck_assert(difference.breaks && difference.version_fits);
	after->version = "1.9.9";
	ck_assert(!compare().version_fits);
	after->version = "two";
	difference = compare();
	ck_assert(!difference.is_numbered && difference.version_fits);
}
END_TEST

START_TEST(no_secret_is_told)
{
	after->candidates[0].key = "secret-else";
	struct contract_difference difference = compare();
	ck_assert_uint_eq(difference.change_total, 0);
}
END_TEST

START_TEST(without_memory_it_is_an_error)
{
	bool done = false;
	change_margin(after);
	for (size_t most = 100; !done && most < (size_t)64 << 20; most += most / 8 + 1) {
		struct arena small CLEANUP_ARENA = ARENA_INIT(most);
		struct contract_difference difference;
		struct error err = ERROR_INIT;
		done = contract_difference(before, after, &small, &difference, &err);
		ck_assert(done ? difference.change_count == 1 : err.code == ERROR_MEMORY);
	}
	ck_assert(done);
}
END_TEST

Suite *difference_suite(void)
{
	Suite *suite = suite_create("difference");
	TCase *tests = tcase_create("difference");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, one_change, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, nothing_changed);
	tcase_add_test(tests, a_schema_that_takes_less_of_replies);
	tcase_add_test(tests, no_secret_is_told);
	tcase_add_test(tests, without_memory_it_is_an_error);
	suite_add_tcase(suite, tests);
	return suite;
}
