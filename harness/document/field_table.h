/* Layer 3. The table of compared fields, as business analysts read and edit it: one row for each field, all cells text.
 *
 * One table of columns (field_columns) is the truth for the page, the workbook and for reading it back. A table is made
 * from a contract, or read from a sheet that somebody edited; field_table_diff tells two apart cell by cell. Everything
 * lives in the arena of the wording, or of the reader, and is valid as long as that; a table made from a contract
 * borrows from it besides. */
#ifndef UNDERSTUDY_DOCUMENT_FIELD_TABLE_H
#define UNDERSTUDY_DOCUMENT_FIELD_TABLE_H

#include "harness/codec/sheet.h"
#include "harness/contract/contract.h"
#include "harness/document/schema_view.h"

enum field_column {
	FIELD_NAME,
	FIELD_TITLE,
	FIELD_MEANING,
	FIELD_MESSAGE_AT,
	FIELD_LEGACY_AT,
	FIELD_LLM_AT,
	FIELD_TYPE,
	FIELD_FORMAT,
	FIELD_MINIMUM,
	FIELD_MAXIMUM,
	FIELD_SHORTEST,
	FIELD_LONGEST,
	FIELD_ALLOWED,
	FIELD_REQUIRED,
	FIELD_COMPARE,
	FIELD_OPTIONS,
	FIELD_WORDS,
	FIELD_CRITICAL,
	FIELD_EXAMPLES,
	FIELD_REMOVE,
	FIELD_COLUMN_COUNT,
};

enum field_editing {
	FIELD_SHOWN,  /* for information: no change is taken from here */
	FIELD_ONCE,   /* filled in for a new field, fixed from then on */
	FIELD_EDITED, /* may be changed */
};
enum field_choice { FIELD_FREE, FIELD_YES_NO, FIELD_COMPARATOR, FIELD_YES };

struct field_column_info {
	const char *head;
	const char *help; /* one sentence for who fills it in */
	enum field_editing editing;
	enum field_choice choice;
	int width; /* characters, in the workbook */
};
extern const struct field_column_info field_columns[FIELD_COLUMN_COUNT];

struct field_row {
	const char *cells[FIELD_COLUMN_COUNT]; /* never NULL; UTF-8; lines end with LF */
	const struct contract_field *field;    /* NULL in a table that was read */
	struct schema_place place; /* in the response schema; of a table made from a contract, as the facts are */
	struct schema_facts facts;
	size_t sheet_row; /* from 1 in the sheet it was read from; 0: from no sheet */
};

struct field_table {
	struct field_row *rows;
	size_t count;
	size_t sheet_columns[FIELD_COLUMN_COUNT]; /* from 1 in the sheet it was read from; 0: not there */
};

/* `leaves` are the message's, to find where a field stands there (NULL: none). */
struct field_table field_table_make(const struct contract *contract, struct schema_view *response,
				    const struct schema_leaf *leaves, size_t leaf_count);
/* Where the record, and in it the field, stands in the response schema. */
struct schema_place field_table_record(const struct contract *contract, struct schema_view *response);
/* Row of that name, NULL where there is none. */
const struct field_row *field_table_find(const struct field_table *table, const char *name);

/* --- a table read from a sheet --- */

/* Faults of one reading or of one change, all of them, as "Fields K5: what is wrong; what to do". */
struct field_faults {
	struct wording *wording;
	const char *sheet; /* "Fields", or the file's name: stands before the cell's */
	const char **texts;
	size_t count;
	size_t capacity;
};
enum { FIELD_FAULTS_MAX = 200 };
/* Row and column from 1; column 0: the whole row. */
void field_fault_add(struct field_faults *faults, size_t row, size_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Finds the head line (the first that has "Field" and "Comparison"), then takes every row below with a cell in it.
 * Columns are known by their heads, in any order; columns of other heads are left alone and named in *ret_ignored,
 * joined by ", ". yes and no count in any case; line ends become LF. Rows without a name, names twice and unknown words
 * are faults. */
struct field_table field_table_read(const struct sheet *sheet, struct field_faults *faults, const char **ret_ignored);

/* A cell as both kinds of tables keep it: without white space at its ends, lines ended by LF. */
const char *field_cell_text(struct wording *wording, struct span cell);

/* --- differences --- */

enum field_change_kind { FIELD_ADDED, FIELD_REMOVED, FIELD_CHANGED };

struct field_change {
	enum field_change_kind kind;
	const struct field_row *before; /* NULL: added */
	const struct field_row *after;  /* NULL: removed */
	enum field_column column;       /* FIELD_CHANGED: which cell */
};

/* All differences, in the order of `after`, removed rows last; the columns FIELD_WORDS and FIELD_REMOVE do not count
 * for themselves. A row whose FIELD_REMOVE says yes counts as removed. */
const struct field_change *field_table_diff(struct wording *wording, const struct field_table *before,
					    const struct field_table *after, size_t *ret_count);
/* "amount: comparison options "abs: 0.005" -> "abs: 0.01"": one line. */
const char *field_change_words(struct wording *wording, const struct field_change *change);

#endif
