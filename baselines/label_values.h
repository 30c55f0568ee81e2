/* Layer 2. Field values that stand in table cells: from text to JSON, and to right or wrong. */
#ifndef UNDERSTUDY_BASELINES_LABEL_VALUES_H
#define UNDERSTUDY_BASELINES_LABEL_VALUES_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

/* The columns that are no field's, ended by NULL. */
extern const char *const label_columns[];
enum { LABEL_COLUMN_NAME_MAX = 1024 }; /* field names have at most 128 characters */
/* The field's column: its name, with "field:" in front where that would be taken for another column; then the suffix.
 * Returns `name`. */
const char *label_column_name(const char *field, const char *suffix, char name[LABEL_COLUMN_NAME_MAX]);

/* Store rows of the contract's fields, in the arena. */
MUST_CHECK bool label_field_ids(struct store *store, const struct contract *contract, struct arena *arena,
				int64_t **ret_ids, struct error *err);
/* The cell as JSON text, in the arena or the cell itself; data NULL for an empty cell. Where the response schema
 * declares the field as text, the cell is the text; else it is JSON of a declared type, or text where the schema allows
 * that too. ERROR_FORMAT names the column. */
MUST_CHECK bool label_cell_value(const struct contract *contract, const struct contract_field *field, struct span cell,
				 struct arena *arena, struct span *ret_json, struct error *err);
/* Is `given` right where `truth` is the correct value? JSON text, data NULL: absent. */
MUST_CHECK bool label_value_correct(const struct contract_field *field, struct span truth, struct span given,
				    struct arena *arena, bool *ret_correct, struct error *err);
/* Copies a column that may be NULL into the arena. */
MUST_CHECK bool label_column(struct statement *statement, int column, struct arena *arena, struct span *ret_text,
			     struct error *err);

#endif
