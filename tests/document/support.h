/* Contracts, tables and sheets for the tests of harness/document. Each Check test is a process of its own; the helpers
 * fail the test themselves. */
#ifndef UNDERSTUDY_TESTS_DOCUMENT_SUPPORT_H
#define UNDERSTUDY_TESTS_DOCUMENT_SUPPORT_H

#include "harness/document/specification.h"
#include "harness/document/table_apply.h"

#define ORDERS "tests/document/data/orders/contract.yaml"
#define ROUTING "examples/ticket-routing/contracts/ticket-routing/contract.yaml"

struct contract *support_load(const char *file); /* with the environment that the examples name */
/* The contract's files with every `from` replaced by `to`. */
struct contract *support_load_changed(const char *file, const char *from, const char *to);
struct specification support_specify(const struct contract *contract, const struct contract *since,
				     struct arena *arena);
const struct json_node *support_json(struct arena *arena, const char *text);

/* One edit of a table: the cell, or a whole row that joins (`field` new) . */
struct support_edit {
	const char *field;
	enum field_column column;
	const char *text;
};
/* Sets the cells; rows of unknown names are added. The table grows in the arena. */
struct field_table support_edit(const struct field_table *table, const struct support_edit *edits, size_t count,
				struct arena *arena);
/* The table as CSV with all columns. */
void support_csv(const struct field_table *table, struct buffer *csv);
/* A workbook with a sheet of the table as edited, and the hidden sheet of the table as it was. */
void support_workbook(const struct contract *contract, const struct field_table *before,
		      const struct field_table *edited, struct buffer *bytes);
/* table_apply of a CSV or a workbook. */
struct table_application support_apply(const struct contract *contract, struct span bytes, struct arena *arena);
/* A path for one file in a directory of this process. */
const char *support_path(void);

#endif
