/* Layer 3. Past decisions as legacy replies: a table in CSV, XLSX or JSON Lines, one row for each message, or several
 * where the decision is about items.
 *
 * A reply is JSON: at document level {"column": value, ...}, at item level {"items": [{...}, ...]}. Empty cells are
 * absent. A column of CSV or XLSX holds numbers or booleans where all its cells do, else texts, so that "007" stays
 * what it is; "1.234,50" is a number in a column of such; JSON Lines say their types themselves. */
#ifndef UNDERSTUDY_ONBOARDING_TABLE_H
#define UNDERSTUDY_ONBOARDING_TABLE_H

#include "harness/onboarding/profile.h"

enum { TABLE_COLUMNS = 1000, TABLE_BYTES = 512 * 1024 * 1024 };

struct table_row {
	struct span key;
	struct span json; /* an object of all other columns */
	uint32_t order;   /* in the file, from 0 */
};

struct table {
	struct arena arena; /* owns all that follows, and the file's bytes */
	struct buffer text;
	const char *file;
	struct span *columns;
	size_t column_count;
	size_t key;             /* index of the key's column */
	struct table_row *rows; /* sorted by key, then order */
	size_t row_count;
	size_t without_key; /* rows left out: their key is empty */
	size_t key_count;   /* different keys */
	size_t shared_keys; /* of these: with several different rows */
	bool plain_csv;     /* comma, one header line: replay --outcomes reads it as it is */
	uint64_t matched;   /* different keys that stand in the messages, at `matched_at` */
	const struct profile_node *matched_at;
};

/* Reads the file; its format is told by its content. `key_column` NULL: the column most of whose values stand at one
 * place of the messages. Errors name file and line. finish accepts a zeroed struct. */
MUST_CHECK bool table_read(struct table *table, const char *file, const char *key_column,
			   const struct profile *messages, struct error *err);
void table_finish(struct table *table);
/* Appends the reply for that key. False: the table has none. `as_items`: all its rows, else the last one. */
bool table_reply(const struct table *table, struct span key, bool as_items, struct buffer *reply);

#endif
