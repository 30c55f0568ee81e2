/* Layer 3, private to harness/pipeline. A table of the middleware's: CSV with a header, rows of one interface. */
#ifndef UNDERSTUDY_PIPELINE_RECONCILE_TABLE_H
#define UNDERSTUDY_PIPELINE_RECONCILE_TABLE_H

#include "harness/base/csv.h"
#include "harness/pipeline/reconcile.h"

/* The rows of a file, one after the other. */
struct reconcile_table {
	const char *file;
	const char *interface;
	const struct reconcile_columns *columns;
	struct buffer text;
	struct csv_reader reader;
	struct span *names;
	size_t column_count;
	size_t date_at;
	size_t interface_at; /* column_count: there is none */
	int64_t other_rows;
};

/* Fill file, interface and columns; finish in each case. Names of columns live in the arena, or in the text. */
MUST_CHECK bool reconcile_table_open(struct reconcile_table *table, struct arena *arena, struct error *err);
void reconcile_table_finish(struct reconcile_table *table);
/* The next row of the interface, in the arena or the text; *ret_cells NULL at the end. */
MUST_CHECK bool reconcile_table_next(struct reconcile_table *table, struct arena *arena, struct span **ret_cells,
				     int64_t *ret_day, struct error *err);
/* Position of the column; column_count where there is none. */
size_t reconcile_table_column(const struct reconcile_table *table, const char *name);

#endif
