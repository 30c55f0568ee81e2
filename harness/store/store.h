/* Layer 2. The store: one SQLite database in WAL mode, and the only module that includes <sqlite3.h>.
 *
 * Two levels. Statements (this header) let reports and baselines ask anything; the record path writes through
 * store/ingest.h and store/evaluation.h, which keep rows, payloads and rollups together in one transaction.
 * harness/store/schema.sql documents every table and column. One struct store per process and thread. */
#ifndef UNDERSTUDY_STORE_STORE_H
#define UNDERSTUDY_STORE_STORE_H

#include "harness/base/arena.h"

struct store;

enum store_mode {
	STORE_CREATE,     /* read and write; made if it is not there */
	STORE_READ_WRITE, /* must be there */
	STORE_READ_ONLY,  /* must be there; no statement can change it */
};

/* `location`: "sqlite:PATH". Directories of PATH are made with STORE_CREATE; the file gets mode 0600. Migrates an older
 * store (never with STORE_READ_ONLY: ERROR_VERSION "run ... first"); a newer one is ERROR_VERSION and untouched; a file
 * that is no store of ours is ERROR_FORMAT and untouched. WAL, synchronous FULL, foreign keys on, busy wait
 * `busy_ms`: a lock held longer is ERROR_BUSY. A location of another form is
 * ERROR_CONFIG. Do not use a store across fork. Relative PATHs are relative to the current directory: callers resolve.
 */
struct store *store_open(const char *location, enum store_mode mode, int busy_ms, struct error *err);
/* From now on waits at most this long for a lock. */
void store_set_patience(struct store *store, int busy_ms);
void store_close(struct store *store); /* rolls back what is open; accepts NULL */

/* Not nested. begin takes the write lock at once (BEGIN IMMEDIATE), ERROR_BUSY if another has it. commit first writes
 * the rollups gathered since begin. When commit fails the transaction is rolled back. rollback forgets the gathered
 * rollups. */
MUST_CHECK bool store_begin(struct store *store, struct error *err);
MUST_CHECK bool store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store);
/* Grows whenever a transaction was rolled back: whoever remembers rows that it added must look again then. */
int64_t store_rollbacks(const struct store *store);
/* A read transaction, so that all questions of a report see one state; end it with store_rollback. */
MUST_CHECK bool store_begin_read(struct store *store, struct error *err);
/* Changes whenever any process, this one included, commits to the store (PRAGMA data_version and own changes). */
MUST_CHECK bool store_data_version(struct store *store, int64_t *ret_version, struct error *err);

/* --- statements --- */
struct statement;
/* From the store's cache (by text, which is copied), reset and without bindings. Borrowed: valid until the store is
 * closed, but asking for the same text again starts it anew. Statements are kept until the store is closed, so values
 * belong into question marks, not into the text. NULL on failure; the error has SQLite's words. */
struct statement *store_statement(struct store *store, const char *sql, struct error *err);
/* Indexes from 1, in the order of the question marks. Text and blobs are copied. A NULL data pointer binds NULL. */
void statement_bind_integer(struct statement *statement, int index, int64_t value);
void statement_bind_real(struct statement *statement, int index, double value);
void statement_bind_text(struct statement *statement, int index, struct span text);
void statement_bind_blob(struct statement *statement, int index, struct span blob);
void statement_bind_null(struct statement *statement, int index);
enum statement_step { STATEMENT_ROW, STATEMENT_DONE, STATEMENT_FAILED };
enum statement_step statement_step(struct statement *statement, struct error *err);
/* Runs to the end, ignoring rows, and resets. A failed bind is reported here and by statement_step. */
MUST_CHECK bool statement_run(struct statement *statement, struct error *err);
/* Columns from 0; spans are valid until the next step. NULL reads as 0 or an empty span with data NULL. */
int64_t statement_integer(struct statement *statement, int column);
double statement_real(struct statement *statement, int column);
struct span statement_text(struct statement *statement, int column);
struct span statement_blob(struct statement *statement, int column);
bool statement_is_null(struct statement *statement, int column);
int statement_column_count(struct statement *statement);
void statement_reset(struct statement *statement);
int64_t store_last_id(struct store *store); /* rowid of the last insert */
int64_t store_changes(struct store *store); /* rows changed by the last statement */

/* --- names: looked up, or added (not in read-only stores) --- */
MUST_CHECK bool store_interface(struct store *store, struct span name, int64_t *ret_id, struct error *err);
MUST_CHECK bool store_candidate(struct store *store, int64_t interface_id, struct span name, int64_t *ret_id,
				struct error *err);
MUST_CHECK bool store_field(struct store *store, int64_t interface_id, struct span name, int64_t *ret_id,
			    struct error *err);
/* The newest epoch of the candidate if its hash is this one; else a new epoch with the next ordinal. */
MUST_CHECK bool store_epoch(struct store *store, int64_t candidate_id, struct span hash, struct span description,
			    int64_t now, int64_t *ret_id, bool *ret_new, struct error *err);

#endif
