#include "tests/baselines/support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[64];
struct store *test_store;
struct contract *test_contract;

void must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s:%d: %s", err->file, err->line, err->message);
}

struct contract *load_contract(const char *file)
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(file, &err);
	must(contract != NULL, &err);
	return contract;
}

static void add_names(void)
{
	struct error err = ERROR_INIT;
	int64_t interface = 0;
	int64_t id = 0;
	bool is_new = false;
	must(store_interface(test_store, span_of(test_contract->interface), &interface, &err), &err);
	for (size_t i = 0; i < test_contract->candidate_count; i++) {
		must(store_candidate(test_store, interface, span_of(test_contract->candidates[i].name), &id, &err),
		     &err);
		ck_assert_int_eq(id, (int64_t)i + 1);
		must(store_epoch(test_store, id, SPAN("hash"), SPAN("{}"), 5, &id, &is_new, &err), &err);
	}
	for (size_t i = 0; i < test_contract->field_count; i++) {
		must(store_field(test_store, interface, span_of(test_contract->fields[i].name), &id, &err), &err);
		ck_assert_int_eq(id, (int64_t)i + 1);
	}
}

void setup_labels(void)
{
	struct error err = ERROR_INIT;
	char location[128];
	snprintf(directory, sizeof(directory), "/tmp/understudy-labels-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(location, sizeof(location), "sqlite:%s/test.db", directory);
	test_store = store_open(location, STORE_CREATE, 100, &err);
	must(test_store != NULL, &err);
	test_contract = load_contract("tests/baselines/data/contract.yaml");
	add_names();
}

void teardown_labels(void)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	store_close(test_store);
	contract_destroy(test_contract);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/test.db%s", directory, endings[i]);
		unlink(path);
	}
	rmdir(directory);
}

void begin(void)
{
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
}

void commit(void)
{
	struct error err = ERROR_INIT;
	must(store_commit(test_store, &err), &err);
}

static int64_t put_exchange(unsigned number)
{
	struct error err = ERROR_INIT;
	struct store_exchange exchange = {
		.interface_id = 1,
		.event_time = 1000,
		.captured_at = 2000,
		.week = 202647,
		.legacy_outcome = LEGACY_OK,
		.legacy_status = 200,
		.legacy_latency_us = 1500,
		.request = SPAN("{\"text\":\"a, \\\"b\\\"\"}"),
		.reply = SPAN("{}"),
	};
	for (unsigned i = 0; i < sizeof(number); i++) {
		exchange.exchange_id[15 - i] = (uint8_t)(number >> (8 * i));
	}
	int64_t row = 0;
	enum store_delivery delivery = STORE_DUPLICATE;
	must(store_exchange_add(test_store, "tap-1", &exchange, &row, &delivery, &err), &err);
	ck_assert_int_eq(delivery, STORE_NEW);
	return row;
}

static void put_values(int64_t item, int64_t path, const struct path_values *values)
{
	struct error err = ERROR_INIT;
	for (int64_t i = 0; i < TEST_FIELDS; i++) {
		must(store_review_value_add(test_store, item, path, i + 1, span_of(values->values[i]), &err), &err);
	}
}

int64_t put_item(unsigned number, bool overlap, const struct path_values *legacy, const struct path_values *llm,
		 size_t llm_count)
{
	struct error err = ERROR_INIT;
	int64_t item = 0;
	int64_t exchange = put_exchange(number);
	must(store_review_item_add(test_store, exchange, SPAN(""), 202647, overlap, &item, &err), &err);
	put_values(item, 0, legacy);
	for (size_t i = 0; i < llm_count; i++) {
		const struct store_record record = {
			.exchange = exchange,
			.candidate = (int64_t)i + 1,
			.epoch = (int64_t)i + 1,
			.week = 202647,
			.key = SPAN(""),
			.verdict = llm[i].side == SIDE_AGREE ? VERDICT_AGREE : VERDICT_DISAGREE,
			.side = llm[i].side,
			.pi_ppm = 500000,
			.sampled = true,
		};
		must(store_record_add(test_store, &record, &err), &err);
		put_values(item, record.candidate, &llm[i]);
	}
	return item;
}

int64_t add_item(unsigned number, bool overlap)
{
	static const struct path_values values = {SIDE_AGREE, {"\"billing\"", "10", "\"en\""}};
	begin();
	int64_t item = put_item(number, overlap, &values, &values, 1);
	commit();
	return item;
}

bool try_import(const char *rows, bool adjudication, struct label_import *ret_result, struct error *err)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(1 << 20);
	buffer_append_text(&csv, LABEL_HEADER);
	buffer_append_text(&csv, rows);
	return label_import(test_store, test_contract, "labels.csv", buffer_span(&csv), adjudication, TEST_NOW,
			    ret_result, err);
}

struct label_import import_rows(const char *rows)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	must(try_import(rows, false, &result, &err), &err);
	return result;
}

struct label_import adjudicate(const char *rows)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	must(try_import(rows, true, &result, &err), &err);
	return result;
}

int64_t ask(const char *sql)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(test_store, sql, &err);
	must(statement != NULL, &err);
	ck_assert_msg(statement_step(statement, &err) == STATEMENT_ROW, "%s: %s", sql, err.message);
	int64_t number = statement_integer(statement, 0);
	statement_reset(statement);
	return number;
}

void run(const char *sql)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(test_store, sql, &err);
	must(statement != NULL && statement_run(statement, &err), &err);
}

const char *judgements(int64_t item, char text[64])
{
	struct error err = ERROR_INIT;
	int64_t path = 0;
	size_t length = 0;
	struct statement *find = store_statement(
		test_store, "SELECT path, correct FROM judgement WHERE item_id = ? ORDER BY path, field_id", &err);
	must(find != NULL, &err);
	statement_bind_integer(find, 1, item);
	while (statement_step(find, &err) == STATEMENT_ROW) {
		ck_assert_uint_lt(length, 60);
		if (statement_integer(find, 0) != path) {
			text[length++] = ' ';
			path = statement_integer(find, 0);
		}
		text[length++] = statement_integer(find, 1) != 0 ? '1' : '0';
	}
	text[length] = '\0';
	return text;
}
