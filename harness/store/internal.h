/* Layer 2. What the files of the store share among themselves; nothing outside harness/store and its tests includes it.
 */
#ifndef UNDERSTUDY_STORE_INTERNAL_H
#define UNDERSTUDY_STORE_INTERNAL_H

#include "harness/base/vocabulary.h"
#include "harness/store/dictionary.h"
#include "harness/store/rollup.h"
#include "harness/store/store.h"

#include <sqlite3.h>

/* PRAGMA application_id of a store: "UStd". */
enum { STORE_APPLICATION_ID = 0x55537464 };
/* PRAGMA user_version of harness/store/schema.sql. */
enum { STORE_VERSION = 3 };

enum store_transaction {
	TRANSACTION_NONE,
	TRANSACTION_READ,
	TRANSACTION_WRITE,
	TRANSACTION_LOST, /* was WRITE; SQLite rolled it back after a failure, and nothing may run until the caller has
			   */
};

enum { STATEMENT_SLOTS = 256 }; /* a power of two */

/* A reply's source that was asked for lately, by what tells it apart. */
enum { SOURCES_KNOWN = 8, SOURCE_KEY_MAX = 512 };
struct known_source {
	int64_t id; /* 0: free */
	size_t length;
	char key[SOURCE_KEY_MAX];
};

struct statement {
	struct store *store;
	sqlite3_stmt *handle;
	char *sql;              /* owned copy */
	int bind_result;        /* first failure of a bind since the last reset */
	struct statement *next; /* in the bucket of its text's hash */
};

struct store {
	sqlite3 *database;
	char *path; /* for messages */
	bool is_read_only;
	enum store_transaction transaction;
	int64_t rollbacks; /* so far */
	struct rollup *rollup;
	struct compressor *compressor;
	struct known_dictionary *dictionaries;
	struct known_source sources[SOURCES_KNOWN];
	size_t next_source;                         /* the one to be forgotten next */
	struct statement *by_text[STATEMENT_SLOTS]; /* owns the statements */
	struct statement
		*by_place[STATEMENT_SLOTS]; /* shortcut: the statement last asked for with a text at that address */
};

/* Counts what became of deliveries of a stream; written at commit. */
void store_count_delivery(struct store *store, const char *stream, int64_t interface_id, enum delivery_sum what);

/* Changes how many evaluations stand in a state; `reason` -1: none. */
void store_count_state(struct store *store, int64_t candidate, int32_t week, bool test, enum evaluation state,
		       int reason, int64_t change);

/* Forgets the sources that are known: those of a transaction that was rolled back are not in the store. */
void sources_forget(struct store *store);

/* A body of the interface packed as payloads are; *ret_body is valid until the next packing. unpack: in the arena. */
struct packed_body {
	int64_t encoding;
	int64_t size;
	struct span body;
};
MUST_CHECK bool store_pack_body(struct store *store, int64_t interface_id, struct span first, struct span second,
				struct packed_body *ret_packed, struct error *err);
MUST_CHECK bool store_unpack_body(struct store *store, const struct packed_body *packed, struct arena *arena,
				  struct span *ret_content, struct error *err);

/* Sets the error from a result code of SQLite: its words, and what to do where something can be done. False. */
bool store_error(struct store *store, int code, struct error *err);
/* Runs SQL without results, several statements if need be. */
MUST_CHECK bool store_execute(struct store *store, const char *sql, struct error *err);
/* First column of the first row of a PRAGMA or question, uncached. */
MUST_CHECK bool store_question(struct store *store, const char *sql, int64_t *ret_number, struct error *err);
/* What a file is, without changing anything in it or beside it, not even when it is a stranger's. ERROR_VERSION where
 * it is ours and newer; ERROR_FORMAT where it is none of ours. */
enum store_file { STORE_FILE_EMPTY, STORE_FILE_OURS };
MUST_CHECK bool store_peek(const char *path, enum store_file *ret_kind, struct error *err);
MUST_CHECK bool store_check_version(const char *path, int64_t version, struct error *err);
/* The version that the file has. */
MUST_CHECK bool store_version(struct store *store, int64_t *ret_version, struct error *err);
/* Brings an older store to version `count` + 1 in one transaction; steps[i] leads from version i + 1 to i + 2. */
MUST_CHECK bool store_migrate(struct store *store, const char *const *steps, int count, struct error *err);

/* What a question gives, in an arena: an array that doubles. */
struct store_list {
	struct arena *arena;
	size_t size; /* of an item */
	char *items;
	size_t count;
	size_t capacity;
};
/* Room for one more, zeroed; NULL without memory. */
void *store_list_add(struct store_list *list);

void statements_finish(struct store *store);
/* As statement_bind_text and statement_bind_blob without a copy: valid until the statement has run. */
void statement_borrow_text(struct statement *statement, int index, struct span text);
void statement_borrow_blob(struct statement *statement, int index, struct span blob);
/* The first column of all rows; `ids` has room for them. *ret_count is their number. */
MUST_CHECK bool statement_collect(struct statement *statement, int64_t *ids, size_t *ret_count, struct error *err);
/* One step of a statement that gives at most one row; the row is read with statement_integer and the like before
 * statement_reset. */
MUST_CHECK bool statement_one_row(struct statement *statement, bool *ret_found, struct error *err);

#endif
