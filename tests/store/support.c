#include "tests/store/support.h"

#include <check.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char test_directory[64];
char test_path[128];
char test_location[160];
struct store *test_store;

void setup_directory(void)
{
	snprintf(test_directory, sizeof(test_directory), "/tmp/understudy-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(test_directory));
	snprintf(test_path, sizeof(test_path), "%s/test.db", test_directory);
	snprintf(test_location, sizeof(test_location), "sqlite:%s", test_path);
}

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *item;
	while (directory != NULL && (item = readdir(directory)) != NULL) {
		char name[512];
		snprintf(name, sizeof(name), "%s/%s", path, item->d_name);
		if (item->d_name[0] == '.') {
			continue;
		}
		if (unlink(name) != 0) {
			remove_tree(name);
		}
	}
	if (directory != NULL) {
		closedir(directory);
	}
	rmdir(path);
}

void teardown_directory(void)
{
	remove_tree(test_directory);
}

void must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s", err->message);
}

struct store *open_or_fail(enum store_mode mode)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(test_location, mode, 100, &err);
	must(store != NULL, &err);
	return store;
}

void setup_store(void)
{
	setup_directory();
	test_store = open_or_fail(STORE_CREATE);
	struct error err = ERROR_INIT;
	int64_t interface_id = 0;
	int64_t id = 0;
	bool is_new = false;
	must(store_interface(test_store, SPAN("orders"), &interface_id, &err), &err);
	const char *const candidates[] = {"mini", "large"};
	for (size_t i = 0; i < 2; i++) {
		must(store_candidate(test_store, interface_id, span_of(candidates[i]), &id, &err), &err);
		must(store_epoch(test_store, id, SPAN("hash"), SPAN("{}"), 5, &id, &is_new, &err), &err);
	}
	for (int i = 1; i <= 8; i++) {
		char name[16];
		snprintf(name, sizeof(name), "field %d", i);
		must(store_field(test_store, interface_id, span_of(name), &id, &err), &err);
		ck_assert_int_eq(id, i);
	}
}

void teardown_store(void)
{
	store_close(test_store);
	test_store = NULL;
	teardown_directory();
}

int64_t ask(struct store *store, const char *sql)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(store, sql, &err);
	must(statement != NULL, &err);
	ck_assert_msg(statement_step(statement, &err) == STATEMENT_ROW, "%s: %s", sql, err.message);
	int64_t number = statement_integer(statement, 0);
	statement_reset(statement);
	return number;
}

void run(struct store *store, const char *sql)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(store, sql, &err);
	must(statement != NULL && statement_run(statement, &err), &err);
}

struct store_exchange make_exchange(uint64_t id, uint64_t identity)
{
	struct store_exchange exchange = {
		.has_identity = identity != 0,
		.interface_id = 1,
		.event_time = 1000,
		.captured_at = 2000,
		.week = 202647,
		.legacy_outcome = LEGACY_OK,
		.legacy_status = 200,
		.legacy_latency_us = 1500,
		.request = SPAN("{\"id\":1}"),
		.reply = SPAN("{\"queue\":\"a\"}"),
	};
	memcpy(exchange.exchange_id, &id, sizeof(id));
	memcpy(exchange.identity, &identity, sizeof(identity));
	return exchange;
}

int64_t add_exchange(uint64_t id, uint64_t identity, enum store_delivery expected)
{
	struct error err = ERROR_INIT;
	struct store_exchange exchange = make_exchange(id, identity);
	int64_t row = 0;
	enum store_delivery delivery = STORE_NEW;
	must(store_exchange_add(test_store, "tap-1", &exchange, &row, &delivery, &err), &err);
	ck_assert_int_eq((int)delivery, (int)expected);
	return row;
}

void write_database(const char *path, const char *sql)
{
	sqlite3 *database = NULL;
	ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}
