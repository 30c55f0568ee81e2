#include "harness/base/file.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "harness/store/internal.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(creates_directories_and_a_private_file)
{
	char location[200];
	snprintf(location, sizeof(location), "sqlite:%s/deep/er/x.db", test_directory);
	struct error err = ERROR_INIT;
	struct store *store = store_open(location, STORE_CREATE, 100, &err);
	must(store != NULL, &err);
	ck_assert_int_eq(ask(store, "PRAGMA application_id"), 0x55537464);
	ck_assert_int_eq(ask(store, "PRAGMA user_version"), STORE_VERSION);
	ck_assert_int_eq(ask(store, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(ask(store, "PRAGMA synchronous"), 2); /* FULL */
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
	struct stat status;
	ck_assert_int_eq(stat(location + 7, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0600);
	char wal[220];
	snprintf(wal, sizeof(wal), "%s-wal", location + 7);
	run(store, "INSERT INTO interface (name) VALUES ('a')");
	ck_assert_int_eq(stat(wal, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0600);
	store_close(store);
	store = store_open(location, STORE_CREATE, 100, &err);
	must(store != NULL, &err);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM interface"), 1);
	store_close(store);
	store_close(NULL);
}
END_TEST

START_TEST(every_view_answers)
{
	struct store *store = open_or_fail(STORE_CREATE);
	const char *const views[] = {"v_exchange", "v_outcome", "v_diff", "v_label", "v_weekly", "v_incident"};
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		char sql[64];
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", views[i]);
		ck_assert_int_eq(ask(store, sql), 0);
	}
	store_close(store);
}
END_TEST

struct refused {
	const char *sql;     /* makes the file; NULL: none */
	const char *content; /* or its bytes */
	enum store_mode mode;
	enum error_code code;
	const char *text;
};

static const struct refused REFUSED[] = {
	{NULL, NULL, STORE_READ_WRITE, ERROR_MISSING, "test.db"},
	{NULL, NULL, STORE_READ_ONLY, ERROR_MISSING, "test.db"},
	{NULL, "", STORE_READ_WRITE, ERROR_MISSING, "empty"},
	{NULL, "this is certainly no database at all, and long enough to have a header of one hundred bytes if it were",
	 STORE_CREATE, ERROR_FORMAT, "not a store"},
	{NULL, "short", STORE_CREATE, ERROR_FORMAT, "not a store"},
	{"CREATE TABLE a (b); INSERT INTO a VALUES (1)", NULL, STORE_CREATE, ERROR_FORMAT, "another program"},
	{"PRAGMA journal_mode = WAL; CREATE TABLE a (b)", NULL, STORE_CREATE, ERROR_FORMAT, "another program"},
	{"PRAGMA application_id = 17; CREATE TABLE a (b)", NULL, STORE_READ_WRITE, ERROR_FORMAT, "another program"},
	{"PRAGMA application_id = 17", NULL, STORE_CREATE, ERROR_FORMAT, "another program"},
	{"PRAGMA user_version = 1", NULL, STORE_CREATE, ERROR_FORMAT, "another program"},
	{"PRAGMA application_id = 1431532644; PRAGMA user_version = 4; CREATE TABLE a (b)", NULL, STORE_READ_WRITE,
	 ERROR_VERSION, "written by a newer understudy (version 4, this one knows 3); upgrade understudy"},
	{"PRAGMA application_id = 1431532644; PRAGMA user_version = 900; PRAGMA journal_mode = WAL; CREATE TABLE a (b)",
	 NULL, STORE_READ_ONLY, ERROR_VERSION, "version 900"},
};

static int files_in_directory(void)
{
	DIR *directory = opendir(test_directory);
	int count = 0;
	for (struct dirent *item; (item = readdir(directory)) != NULL;) {
		count += item->d_name[0] != '.';
	}
	closedir(directory);
	return count;
}

START_TEST(refuses_and_leaves_untouched)
{
	const struct refused *row = &REFUSED[_i];
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer before = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer after = BUFFER_INIT(1 << 20);
	if (row->sql != NULL) {
		write_database(test_path, row->sql);
	} else if (row->content != NULL) {
		must(file_write(test_path, span_of(row->content), 0600, &err), &err);
	}
	bool is_there = access(test_path, F_OK) == 0;
	if (is_there) {
		must(file_read(test_path, &before, &err), &err);
	}
	struct store *store = store_open(test_location, row->mode, 100, &err);
	ck_assert_ptr_null(store);
	ck_assert_int_eq((int)err.code, (int)row->code);
	ck_assert_msg(strstr(err.message, row->text) != NULL, "%s", err.message);
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(files_in_directory(), is_there ? 1 : 0);
	if (is_there) {
		must(file_read(test_path, &after, &err), &err);
		ck_assert(span_equal(buffer_span(&before), buffer_span(&after)));
	}
}
END_TEST

/* The newer version stands only in the WAL of a process that was killed: neither file may change. */
START_TEST(newer_version_in_the_wal_is_untouched)
{
	struct error err = ERROR_INIT;
	struct store *store = open_or_fail(STORE_CREATE);
	sqlite3_db_config(store->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	run(store, "PRAGMA user_version = 7");
	store_close(store);
	char wal[160];
	snprintf(wal, sizeof(wal), "%s-wal", test_path);
	CLEANUP_BUFFER struct buffer before = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer after = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer wal_before = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer wal_after = BUFFER_INIT(1 << 20);
	must(file_read(test_path, &before, &err) && file_read(wal, &wal_before, &err), &err);
	ck_assert_uint_gt(wal_before.length, 0);
	ck_assert_ptr_null(store_open(test_location, STORE_READ_WRITE, 100, &err));
	ck_assert_int_eq((int)err.code, ERROR_VERSION);
	err = (struct error)ERROR_INIT;
	must(file_read(test_path, &after, &err) && file_read(wal, &wal_after, &err), &err);
	ck_assert(span_equal(buffer_span(&before), buffer_span(&after)));
	ck_assert(span_equal(buffer_span(&wal_before), buffer_span(&wal_after)));
}
END_TEST

START_TEST(locations)
{
	static const char *const bad[] = {"", "sqlite:", "postgresql://host/db", "/tmp/x.db"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_ptr_null(store_open(bad[i], STORE_CREATE, 100, &err));
		ck_assert_int_eq((int)err.code, ERROR_CONFIG);
	}
	/* Names that mean something to SQLite or in a URI are plain names here. */
	static const char *const odd[] = {"sqlite::memory:", "sqlite:file:a?mode=memory", "sqlite:100%41#b.db"};
	ck_assert_int_eq(chdir(test_directory), 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
			struct error err = ERROR_INIT;
			struct store *store = store_open(odd[i], STORE_CREATE, 100, &err);
			must(store != NULL, &err);
			ck_assert_int_eq(access(odd[i] + 7, F_OK), 0);
			store_close(store);
		}
	}
	ck_assert_int_eq(chdir("/"), 0);
	struct error err = ERROR_INIT;
	char location[200];
	snprintf(location, sizeof(location), "sqlite:%s", test_directory);
	ck_assert_ptr_null(store_open(location, STORE_CREATE, 100, &err));
	ck_assert_int_eq((int)err.code, ERROR_FORMAT);
}
END_TEST

START_TEST(read_only_changes_nothing)
{
	store_close(open_or_fail(STORE_CREATE));
	struct store *store = open_or_fail(STORE_READ_ONLY);
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(store, "INSERT INTO interface (name) VALUES ('x')", &err);
	must(statement != NULL, &err);
	ck_assert(!statement_run(statement, &err));
	ck_assert_int_eq((int)err.code, ERROR_SYSTEM);
	err = (struct error)ERROR_INIT;
	int64_t id = 0;
	ck_assert(!store_interface(store, SPAN("x"), &id, &err));
	ck_assert_int_eq((int)err.code, ERROR_MISSING);
	store_close(store);
}
END_TEST

START_TEST(migrates_in_one_transaction)
{
	static const char *const steps[STORE_VERSION] = {"CREATE TABLE two (a); INSERT INTO two VALUES (1)",
							 "ALTER TABLE two ADD COLUMN b; UPDATE two SET b = a + 1"};
	static const char *const broken[] = {"CREATE TABLE two (a)", "UPDATE two SET nothing = 1"};
	struct error err = ERROR_INIT;
	struct store *store = open_or_fail(STORE_CREATE);
	run(store, "PRAGMA user_version = 1");
	ck_assert(!store_migrate(store, broken, 2, &err));
	ck_assert_int_eq(ask(store, "PRAGMA user_version"), 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM sqlite_schema WHERE name = 'two'"), 0);
	err = (struct error)ERROR_INIT;
	must(store_migrate(store, steps, 1, &err), &err);
	ck_assert_int_eq(ask(store, "PRAGMA user_version"), 2);
	must(store_migrate(store, steps, 2, &err), &err);
	must(store_migrate(store, steps, 2, &err), &err);
	ck_assert_int_eq(ask(store, "PRAGMA user_version"), 3);
	ck_assert_int_eq(ask(store, "SELECT b FROM two"), 2);
	store_close(store);
	static const char *const next[STORE_VERSION] = {NULL}; /* one step more than the store has */
	store = open_or_fail(STORE_READ_ONLY);
	ck_assert(!store_migrate(store, next, STORE_VERSION, &err));
	ck_assert_int_eq((int)err.code, ERROR_VERSION);
	store_close(store);
}
END_TEST

/* What the schema says, without its comments and its layout, one object a line. */
static void write_schema(struct store *store, struct buffer *text)
{
	struct error err = ERROR_INIT;
	struct statement *rows =
		store_statement(store, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name", &err);
	must(rows != NULL, &err);
	while (statement_step(rows, &err) == STATEMENT_ROW) {
		struct span sql = statement_text(rows, 0);
		for (size_t i = 0; i < sql.length; i++) {
			if (sql.data[i] == '-' && i + 1 < sql.length && sql.data[i + 1] == '-') {
				i += strcspn(sql.data + i, "\n");
			} else if (strchr(" \t\n", sql.data[i]) == NULL) {
				buffer_append_byte(text, sql.data[i]);
			}
		}
		buffer_append_byte(text, '\n');
	}
}

static void make_version_1(void)
{
	static const char rows[] =
		"INSERT INTO interface VALUES (1, 'orders'); INSERT INTO candidate VALUES (1, 1, 'mini');"
		"INSERT INTO epoch VALUES (1, 1, 1, x'00', '{}', 5);"
		"INSERT INTO delivery_count VALUES ('tap', 1, 7, 2, 1), ('tap-2', 1, 3, 0, 0);"
		"INSERT INTO exchange VALUES (1, zeroblob(16), NULL, 1, NULL, 5, 6, 202647, 0, 0, 200, 10);"
		"INSERT INTO payload VALUES (1, 0, 2, 2, x'7b7d7b7d');"
		"INSERT INTO evaluation (exchange_id, candidate_id, state) VALUES (1, 1, 0);"
		"INSERT INTO rollup_state VALUES (1, 202647, 0, 0, -1, 1);"
		"PRAGMA application_id = 1431532644; PRAGMA user_version = 1";
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer sql = BUFFER_INIT(1 << 20);
	must(file_read("tests/store/data/version_1.sql", &sql, &err), &err);
	buffer_append_text(&sql, rows);
	write_database(test_path, sql.data);
}

START_TEST(migrates_version_1)
{
	struct error err = ERROR_INIT;
	struct store_ledger ledger;
	CLEANUP_BUFFER struct buffer fresh = BUFFER_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer migrated = BUFFER_INIT(1 << 20);
	struct store *store = open_or_fail(STORE_CREATE);
	write_schema(store, &fresh);
	store_close(store);
	ck_assert_int_eq(unlink(test_path), 0);
	make_version_1();
	ck_assert_ptr_null(store_open(test_location, STORE_READ_ONLY, 100, &err));
	ck_assert_int_eq((int)err.code, ERROR_VERSION);
	err = (struct error)ERROR_INIT;
	store = open_or_fail(STORE_READ_WRITE);
	write_schema(store, &migrated);
	ck_assert_str_eq(migrated.data, fresh.data);
	ck_assert_int_eq(ask(store, "PRAGMA user_version"), STORE_VERSION);
	must(store_ledger_get(store, 1, &ledger, &err), &err);
	ck_assert_uint_eq(ledger.stored, 10);
	ck_assert_uint_eq(ledger.duplicate, 2);
	ck_assert_uint_eq(ledger.revision, 1);
	ck_assert_uint_eq(ledger.outcomes.read, 0);
	ck_assert(store_outcomes_tie_out(&ledger.outcomes));
	int64_t id = 0;
	size_t count = 0;
	must(store_pending(store, 1, 0, 1, &id, &count, &err), &err);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM v_exchange WHERE legacy_status = 200"), 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	store_close(store);
}
END_TEST

START_TEST(data_version_changes_with_every_commit)
{
	struct error err = ERROR_INIT;
	struct store *one = open_or_fail(STORE_CREATE);
	struct store *two = open_or_fail(STORE_READ_WRITE);
	int64_t before = 0;
	int64_t after = 0;
	for (int i = 0; i < 4; i++) {
		must(store_data_version(one, &before, &err), &err);
		must(store_data_version(one, &after, &err), &err);
		ck_assert_int_eq(before, after);
		char sql[80];
		snprintf(sql, sizeof(sql), "INSERT INTO interface (name) VALUES ('%d')", i);
		run(i % 2 == 0 ? one : two, sql);
		must(store_data_version(one, &after, &err), &err);
		ck_assert_int_ne(before, after);
	}
	store_close(one);
	store_close(two);
}
END_TEST

START_TEST(read_transaction_sees_one_state)
{
	struct error err = ERROR_INIT;
	struct store *writer = open_or_fail(STORE_CREATE);
	struct store *reader = open_or_fail(STORE_READ_ONLY);
	must(store_begin_read(reader, &err), &err);
	run(writer, "INSERT INTO interface (name) VALUES ('a')");
	ck_assert_int_eq(ask(reader, "SELECT count(*) FROM interface"), 0);
	store_rollback(reader);
	ck_assert_int_eq(ask(reader, "SELECT count(*) FROM interface"), 1);
	store_close(reader);
	store_close(writer);
}
END_TEST

Suite *store_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *test = tcase_create("open");
	tcase_add_checked_fixture(test, setup_directory, teardown_directory);
	tcase_add_test(test, creates_directories_and_a_private_file);
	tcase_add_test(test, every_view_answers);
	tcase_add_loop_test(test, refuses_and_leaves_untouched, 0, sizeof(REFUSED) / sizeof(REFUSED[0]));
	tcase_add_test(test, newer_version_in_the_wal_is_untouched);
	tcase_add_test(test, locations);
	tcase_add_test(test, read_only_changes_nothing);
	tcase_add_test(test, migrates_in_one_transaction);
	tcase_add_test(test, migrates_version_1);
	tcase_add_test(test, data_version_changes_with_every_commit);
	tcase_add_test(test, read_transaction_sees_one_state);
	suite_add_tcase(suite, test);
	return suite;
}
