/* Layer 3, private to harness/document. One difference of the field table as edits of the contract's two files. */
#ifndef UNDERSTUDY_DOCUMENT_FIELD_EDIT_H
#define UNDERSTUDY_DOCUMENT_FIELD_EDIT_H

#include "harness/document/field_table.h"
#include "harness/document/json_edit.h"
#include "harness/document/yaml_edit.h"

/* A member that joins or leaves the `required` of its object. */
struct required_edit {
	const struct json_node *object;
	struct span name;
	bool required;
};

struct field_editor {
	const struct contract *contract;
	struct wording *wording;
	struct schema_view view; /* of the response schema */
	struct field_table current;
	const struct field_table *table; /* the analyst's, for the columns of its sheet */
	struct field_faults *faults;
	struct yaml_edits yaml;
	struct text_edits json;
	struct required_edit *required;
	size_t required_count;
	size_t required_capacity;
};

/* All changes of one row: `columns[c]` says that cell c differs. `now` is the row as the contract has it. */
void field_edit_change(struct field_editor *editor, const struct field_row *now, const struct field_row *row,
		       const bool columns[FIELD_COLUMN_COUNT]);
void field_edit_add(struct field_editor *editor, const struct field_row *row);
void field_edit_remove(struct field_editor *editor, const struct field_row *now, const struct field_row *row);
/* Last: the gathered changes of `required`. */
void field_edit_finish(struct field_editor *editor);

/* A fault at the row's cell of that column. */
void field_edit_fault(struct field_editor *editor, const struct field_row *row, enum field_column column,
		      const char *what);

/* field_edit_schema.c: the cells that the response schema keeps. `columns` as above; for a new field those that are
 * filled in. */
void field_edit_schema(struct field_editor *editor, const struct schema_place *place, const struct field_row *row,
		       const bool columns[FIELD_COLUMN_COUNT]);
/* A property for a new field that the schema does not know yet. */
void field_edit_new_property(struct field_editor *editor, const struct field_row *row, const struct select_path *path);

#endif
