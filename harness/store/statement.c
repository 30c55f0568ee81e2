/* Statements: one cache per store, binds, steps, columns. */
#include "harness/store/internal.h"

#include <limits.h>
#include <stdlib.h>

/* FNV-1a (Fowler, Noll, Vo). */
static size_t text_slot(const char *sql)
{
	uint32_t hash = 2166136261U;
	for (const char *c = sql; *c != '\0'; c++) {
		hash = (hash ^ (uint8_t)*c) * 16777619U;
	}
	return hash % STATEMENT_SLOTS;
}

static size_t place_slot(const char *sql)
{
	uintptr_t place = (uintptr_t)sql;
	return ((place >> 4) ^ (place >> 12)) % STATEMENT_SLOTS;
}

static struct statement *statement_create(struct store *store, const char *sql, struct error *err)
{
	struct statement *statement = calloc(1, sizeof(*statement));
	char *copy = strdup(sql);
	if (statement == NULL || copy == NULL) {
		free(statement);
		free(copy);
		error_set(err, ERROR_MEMORY, "no memory for a statement of the store");
		return NULL;
	}
	int code = sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);
	if (code != SQLITE_OK || statement->handle == NULL) {
		store_error(store, code != SQLITE_OK ? code : SQLITE_ERROR, err);
		free(statement);
		free(copy);
		return NULL;
	}
	statement->store = store;
	statement->sql = copy;
	return statement;
}

static struct statement *find_by_text(struct store *store, const char *sql, struct error *err)
{
	struct statement **bucket = &store->by_text[text_slot(sql)];
	for (struct statement *statement = *bucket; statement != NULL; statement = statement->next) {
		if (strcmp(statement->sql, sql) == 0) {
			return statement;
		}
	}
	struct statement *statement = statement_create(store, sql, err);
	if (statement != NULL) {
		statement->next = *bucket;
		*bucket = statement;
	}
	return statement;
}

/* The address finds the statement of a literal without hashing its text; the comparison makes that safe for text in
 * memory that is used again. */
struct statement *store_statement(struct store *store, const char *sql, struct error *err)
{
	struct statement **shortcut = &store->by_place[place_slot(sql)];
	if (*shortcut == NULL || strcmp((*shortcut)->sql, sql) != 0) {
		struct statement *statement = find_by_text(store, sql, err);
		if (statement == NULL) {
			return NULL;
		}
		*shortcut = statement;
	}
	struct statement *statement = *shortcut;
	statement_reset(statement);
	sqlite3_clear_bindings(statement->handle);
	return statement;
}

void statements_finish(struct store *store)
{
	for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
		struct statement *statement = store->by_text[i];
		while (statement != NULL) {
			struct statement *next = statement->next;
			sqlite3_finalize(statement->handle);
			free(statement->sql);
			free(statement);
			statement = next;
		}
		store->by_text[i] = NULL;
		store->by_place[i] = NULL;
	}
}

static void note_bind(struct statement *statement, int code)
{
	if (statement->bind_result == SQLITE_OK) {
		statement->bind_result = code;
	}
}

void statement_bind_integer(struct statement *statement, int index, int64_t value)
{
	note_bind(statement, sqlite3_bind_int64(statement->handle, index, value));
}

void statement_bind_real(struct statement *statement, int index, double value)
{
	note_bind(statement, sqlite3_bind_double(statement->handle, index, value));
}

void statement_bind_null(struct statement *statement, int index)
{
	note_bind(statement, sqlite3_bind_null(statement->handle, index));
}

static void bind_text(struct statement *statement, int index, struct span text, sqlite3_destructor_type keep)
{
	if (text.data == NULL) {
		statement_bind_null(statement, index);
		return;
	}
	note_bind(statement, sqlite3_bind_text64(statement->handle, index, text.data, text.length, keep, SQLITE_UTF8));
}

static void bind_blob(struct statement *statement, int index, struct span blob, sqlite3_destructor_type keep)
{
	if (blob.data == NULL) {
		statement_bind_null(statement, index);
		return;
	}
	note_bind(statement, sqlite3_bind_blob64(statement->handle, index, blob.data, blob.length, keep));
}

void statement_bind_text(struct statement *statement, int index, struct span text)
{
	bind_text(statement, index, text, SQLITE_TRANSIENT);
}

void statement_bind_blob(struct statement *statement, int index, struct span blob)
{
	bind_blob(statement, index, blob, SQLITE_TRANSIENT);
}

void statement_borrow_text(struct statement *statement, int index, struct span text)
{
	bind_text(statement, index, text, SQLITE_STATIC);
}

void statement_borrow_blob(struct statement *statement, int index, struct span blob)
{
	bind_blob(statement, index, blob, SQLITE_STATIC);
}

/* After a full disk or a failed write SQLite may have rolled back the whole transaction, and each statement that
 * follows would be one of its own. None follows until the caller has rolled back too. */
static enum statement_step fail(struct statement *statement, int code, struct error *err)
{
	struct store *store = statement->store;
	store_error(store, code, err);
	statement_reset(statement);
	if (store->transaction == TRANSACTION_WRITE && sqlite3_get_autocommit(store->database)) {
		store->transaction = TRANSACTION_LOST;
	}
	return STATEMENT_FAILED;
}

enum statement_step statement_step(struct statement *statement, struct error *err)
{
	if (statement->store->transaction == TRANSACTION_LOST) {
		error_set(err, ERROR_SYSTEM, "the transaction was rolled back after a failure; begin a new one");
		return STATEMENT_FAILED;
	}
	int code = statement->bind_result;
	if (code == SQLITE_OK) {
		code = sqlite3_step(statement->handle);
	}
	if (code == SQLITE_ROW) {
		return STATEMENT_ROW;
	}
	if (code == SQLITE_DONE) {
		sqlite3_reset(statement->handle);
		return STATEMENT_DONE;
	}
	return fail(statement, code, err);
}

bool statement_run(struct statement *statement, struct error *err)
{
	enum statement_step step = STATEMENT_ROW;
	while (step == STATEMENT_ROW) {
		step = statement_step(statement, err);
	}
	return step == STATEMENT_DONE;
}

bool statement_one_row(struct statement *statement, bool *ret_found, struct error *err)
{
	enum statement_step step = statement_step(statement, err);
	if (step == STATEMENT_FAILED) {
		return false;
	}
	*ret_found = step == STATEMENT_ROW;
	return true;
}

bool statement_collect(struct statement *statement, int64_t *ids, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	enum statement_step step;
	while ((step = statement_step(statement, err)) == STATEMENT_ROW) {
		ids[count++] = statement_integer(statement, 0);
	}
	if (step != STATEMENT_DONE) {
		return false;
	}
	*ret_count = count;
	return true;
}

int64_t statement_integer(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

double statement_real(struct statement *statement, int column)
{
	return sqlite3_column_double(statement->handle, column);
}

static struct span column_span(struct statement *statement, int column, const void *data)
{
	if (sqlite3_column_type(statement->handle, column) == SQLITE_NULL) {
		return (struct span){NULL, 0};
	}
	int length = sqlite3_column_bytes(statement->handle, column);
	return (struct span){data != NULL ? data : "", length > 0 ? (size_t)length : 0};
}

struct span statement_text(struct statement *statement, int column)
{
	return column_span(statement, column, sqlite3_column_text(statement->handle, column));
}

struct span statement_blob(struct statement *statement, int column)
{
	return column_span(statement, column, sqlite3_column_blob(statement->handle, column));
}

bool statement_is_null(struct statement *statement, int column)
{
	return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int statement_column_count(struct statement *statement)
{
	return sqlite3_column_count(statement->handle);
}

void statement_reset(struct statement *statement)
{
	sqlite3_reset(statement->handle);
	statement->bind_result = SQLITE_OK;
}

int64_t store_last_id(struct store *store)
{
	return sqlite3_last_insert_rowid(store->database);
}

int64_t store_changes(struct store *store)
{
	return sqlite3_changes64(store->database);
}
