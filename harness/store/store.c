/* Opening, checking, migrating, and transactions. */
#include "harness/store/internal.h"

#include "harness/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char asset_schema_sql[];
extern const char asset_migration_2_sql[];
extern const char asset_migration_3_sql[];

/* Steps that lead from version 1 on; one row for each later version of harness/store/schema.sql. */
static const char *const MIGRATIONS[] = {asset_migration_2_sql, asset_migration_3_sql, NULL};
enum { MIGRATION_COUNT = sizeof(MIGRATIONS) / sizeof(MIGRATIONS[0]) - 1 };
_Static_assert(MIGRATION_COUNT == STORE_VERSION - 1, "one migration for each version after the first");

/* Page size by measurement (200,000 exchanges of 1.2 KB): larger pages make every commit write more of the two indexes
 * by hash, smaller ones spill payloads onto pages of their own. The rest: a cache that holds the hot index pages, and
 * checkpoints of 24 MB so that such a page is written back once for many commits. */
static const char PAGE_SIZE[] = "PRAGMA page_size = 8192";
static const char SETTINGS[] = "PRAGMA synchronous = FULL;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -65536;"
			       "PRAGMA wal_autocheckpoint = 3000;"
			       "PRAGMA journal_size_limit = 67108864;"
			       "PRAGMA trusted_schema = OFF";

bool store_error(struct store *store, int code, struct error *err)
{
	const char *words = sqlite3_errmsg(store->database);
	if (sqlite3_errcode(store->database) != code && (sqlite3_errcode(store->database) & 0xff) != (code & 0xff)) {
		words = sqlite3_errstr(code);
	}
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, ERROR_BUSY, "the store is locked by another process; try again later (%s: %s)",
				 store->path, words);
	case SQLITE_FULL:
		return error_set(err, ERROR_SYSTEM, "no room for the store; free disk space where it stands (%s: %s)",
				 store->path, words);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return error_set(err, ERROR_SYSTEM, "the store cannot be written; check the owner and mode of %s: %s",
				 store->path, words);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return error_set(err, ERROR_SYSTEM,
				 "the store cannot be read or written; check %s and its directory: %s", store->path,
				 words);
	case SQLITE_CORRUPT:
		return error_set(err, ERROR_FORMAT,
				 "the store is damaged; stop the writers and restore a copy (%s: %s)", store->path,
				 words);
	case SQLITE_NOTADB:
		return error_set(err, ERROR_FORMAT, "%s is not a store of understudy; name another file: %s",
				 store->path, words);
	case SQLITE_NOMEM:
		return error_set(err, ERROR_MEMORY, "no memory for the store (%s)", store->path);
	case SQLITE_TOOBIG:
		return error_set(err, ERROR_LIMIT, "too large for the store (%s: %s)", store->path, words);
	default:
		return error_set(err, ERROR_FORMAT, "the store refused a statement (%s: %s)", store->path, words);
	}
}

bool store_execute(struct store *store, const char *sql, struct error *err)
{
	int code = sqlite3_exec(store->database, sql, NULL, NULL, NULL);
	return code == SQLITE_OK || store_error(store, code, err);
}

bool store_question(struct store *store, const char *sql, int64_t *ret_number, struct error *err)
{
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v2(store->database, sql, -1, &handle, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(handle);
	}
	if (code == SQLITE_ROW) {
		*ret_number = sqlite3_column_int64(handle, 0);
	} else {
		store_error(store, code, err);
	}
	sqlite3_finalize(handle);
	return code == SQLITE_ROW;
}

/* --- making --- */

/* Mode 0600 from the first moment; SQLite gives the files beside it the same mode. */
static bool make_file(const char *path, struct error *err)
{
	if (!file_make_parent(path, err)) {
		return false;
	}
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 && errno != EEXIST) {
		return error_set_system(err, errno, "cannot make the store %s", path);
	}
	if (file >= 0) {
		close(file);
	}
	return true;
}

static bool check_file(const char *path, enum store_mode mode, struct error *err)
{
	struct stat status;
	if (stat(path, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR) {
			return error_set_system(err, errno, "cannot open the store %s", path);
		}
		if (mode != STORE_CREATE) {
			return error_set(err, ERROR_MISSING,
					 "there is no store %s; check the path, or make it with run, work or replay",
					 path);
		}
		return make_file(path, err);
	}
	if (!S_ISREG(status.st_mode)) {
		return error_set(err, ERROR_FORMAT, "%s is not a regular file; name another one for the store", path);
	}
	if (access(path, mode == STORE_READ_ONLY ? R_OK : R_OK | W_OK) != 0) {
		return error_set_system(err, errno, "cannot open the store %s", path);
	}
	enum store_file kind;
	if (!store_peek(path, &kind, err)) {
		return false;
	}
	if (kind == STORE_FILE_EMPTY && mode != STORE_CREATE) {
		return error_set(err, ERROR_MISSING, "%s is empty, no store yet; start the worker, which makes it",
				 path);
	}
	return true;
}

/* One transaction makes everything, with the rollback journal: whoever is killed here leaves an empty file or a whole
 * store. Another process may have been faster: then there is nothing to do. */
static bool make_tables(struct store *store, struct error *err)
{
	if (!store_execute(store, PAGE_SIZE, err) || !store_execute(store, "BEGIN IMMEDIATE", err)) {
		return false;
	}
	int64_t version = 0;
	bool done = store_version(store, &version, err);
	if (done && version == 0) {
		char sql[128];
		snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
			 STORE_VERSION);
		done = store_execute(store, asset_schema_sql, err) && store_execute(store, sql, err);
	}
	done = done && store_execute(store, "COMMIT", err);
	if (!done) {
		sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
	}
	return done;
}

bool store_version(struct store *store, int64_t *ret_version, struct error *err)
{
	return store_question(store, "PRAGMA user_version", ret_version, err);
}

static bool run_steps(struct store *store, const char *const *steps, int64_t version, int count, struct error *err)
{
	for (int64_t i = version - 1; i < count; i++) {
		if (!store_execute(store, steps[i], err)) {
			return false;
		}
	}
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", count + 1);
	return store_execute(store, sql, err);
}

/* The version is read again under the lock: another process may have migrated meanwhile. */
bool store_migrate(struct store *store, const char *const *steps, int count, struct error *err)
{
	int64_t version = 0;
	if (!store_version(store, &version, err)) {
		return false;
	}
	if (version > count) {
		return true;
	}
	if (store->is_read_only) {
		return error_set(err, ERROR_VERSION,
				 "%s has version %lld and this understudy needs %d; run `understudy work` once, "
				 "which migrates it",
				 store->path, (long long)version, count + 1);
	}
	if (!store_execute(store, "BEGIN IMMEDIATE", err)) {
		return false;
	}
	bool done = store_version(store, &version, err) &&
		    (version > count || run_steps(store, steps, version, count, err)) &&
		    store_execute(store, "COMMIT", err);
	if (!done) {
		sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
	}
	return done;
}

/* --- opening --- */

static struct store *store_create(const char *path, enum store_mode mode, struct error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	if (store == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to open %s", path);
		return NULL;
	}
	store->path = strdup(path);
	store->rollup = rollup_create();
	store->compressor = compressor_create();
	store->is_read_only = mode == STORE_READ_ONLY;
	if (store->path == NULL || store->rollup == NULL || store->compressor == NULL) {
		store_close(store);
		error_set(err, ERROR_MEMORY, "no memory to open %s", path);
		return NULL;
	}
	return store;
}

/* The change to WAL needs the file for itself for a moment, and SQLite does not wait for that by its busy handler. */
static bool enter_wal(struct store *store, int busy_ms, struct error *err)
{
	enum { PAUSE_MS = 10 };
	int code = SQLITE_BUSY;
	for (int waited = 0; code == SQLITE_BUSY && waited <= busy_ms; waited += PAUSE_MS) {
		if (waited > 0) {
			sqlite3_sleep(PAUSE_MS);
		}
		code = sqlite3_exec(store->database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	}
	return code == SQLITE_OK || store_error(store, code, err);
}

static bool open_database(struct store *store, enum store_mode mode, int busy_ms, struct error *err)
{
	int flags = (store->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(store->path, &store->database, flags, NULL);
	if (code != SQLITE_OK) {
		return store_error(store, code, err);
	}
	sqlite3_extended_result_codes(store->database, 0);
	sqlite3_busy_timeout(store->database, busy_ms);
	int64_t version = 0;
	if (!store_version(store, &version, err)) {
		return false;
	}
	if (!store_check_version(store->path, version, err)) {
		sqlite3_db_config(store->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return false;
	}
	if (version == 0 && mode != STORE_CREATE) {
		return error_set(err, ERROR_MISSING, "%s is empty, no store yet; start the worker, which makes it",
				 store->path);
	}
	if (version == 0 && !make_tables(store, err)) {
		return false;
	}
	return (store->is_read_only || enter_wal(store, busy_ms, err)) && store_execute(store, SETTINGS, err) &&
	       store_migrate(store, MIGRATIONS, MIGRATION_COUNT, err);
}

/* SQLite gives names that begin with ':' or "file:" a meaning of their own; one that begins with a directory has none.
 */
static char *plain_path(const char *location, struct error *err)
{
	static const char scheme[] = "sqlite:";
	if (strncmp(location, scheme, sizeof(scheme) - 1) != 0 || location[sizeof(scheme) - 1] == '\0') {
		error_set(err, ERROR_CONFIG, "the store \"%s\" is not of the form sqlite:PATH; change it", location);
		return NULL;
	}
	const char *path = location + sizeof(scheme) - 1;
	size_t size = strlen(path) + sizeof("./");
	char *plain = malloc(size);
	if (plain == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to open %s", path);
		return NULL;
	}
	snprintf(plain, size, "%s%s", path[0] == '/' || path[0] == '.' ? "" : "./", path);
	return plain;
}

struct store *store_open(const char *location, enum store_mode mode, int busy_ms, struct error *err)
{
	char *path = plain_path(location, err);
	if (path == NULL) {
		return NULL;
	}
	struct store *store = NULL;
	if (check_file(path, mode, err)) {
		store = store_create(path, mode, err);
	}
	free(path);
	if (store != NULL && !open_database(store, mode, busy_ms, err)) {
		store_close(store);
		store = NULL;
	}
	return store;
}

void store_set_patience(struct store *store, int busy_ms)
{
	sqlite3_busy_timeout(store->database, busy_ms);
}

void store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	if (store->database != NULL) {
		store_rollback(store);
		statements_finish(store);
		sqlite3_close(store->database);
	}
	dictionaries_forget(store);
	rollup_destroy(store->rollup);
	compressor_destroy(store->compressor);
	free(store->path);
	free(store);
}

/* --- transactions --- */

static bool begin(struct store *store, const char *sql, enum store_transaction kind, struct error *err)
{
	BUG_ON(store->transaction != TRANSACTION_NONE);
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL || !statement_run(statement, err)) {
		return false;
	}
	store->transaction = kind;
	return true;
}

bool store_begin(struct store *store, struct error *err)
{
	return begin(store, "BEGIN IMMEDIATE", TRANSACTION_WRITE, err);
}

/* A deferred transaction takes its snapshot with the first read, which is therefore done here. */
bool store_begin_read(struct store *store, struct error *err)
{
	if (!begin(store, "BEGIN", TRANSACTION_READ, err)) {
		return false;
	}
	struct statement *statement = store_statement(store, "SELECT count(*) FROM interface", err);
	if (statement == NULL || !statement_run(statement, err)) {
		store_rollback(store);
		return false;
	}
	return true;
}

bool store_commit(struct store *store, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *statement = NULL;
	bool done = rollup_flush(store->rollup, store, err) &&
		    (statement = store_statement(store, "COMMIT", err)) != NULL && statement_run(statement, err);
	if (!done) {
		store_rollback(store);
		return false;
	}
	store->transaction = TRANSACTION_NONE;
	return true;
}

/* SQLite has rolled back by itself after some failures (disk full, input and output). */
void store_rollback(struct store *store)
{
	rollup_clear(store->rollup);
	dictionaries_forget(store);
	sources_forget(store);
	store->transaction = TRANSACTION_NONE;
	if (sqlite3_get_autocommit(store->database)) {
		return;
	}
	for (sqlite3_stmt *handle = NULL; (handle = sqlite3_next_stmt(store->database, handle)) != NULL;) {
		sqlite3_reset(handle);
	}
	sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

/* PRAGMA data_version leaves out what this connection wrote, so its own changes are added; both only grow. */
bool store_data_version(struct store *store, int64_t *ret_version, struct error *err)
{
	struct statement *statement = store_statement(store, "PRAGMA data_version", err);
	bool found = false;
	if (statement == NULL || !statement_one_row(statement, &found, err)) {
		return false;
	}
	*ret_version = statement_integer(statement, 0) + sqlite3_total_changes64(store->database);
	statement_reset(statement);
	return true;
}
