#include "harness/pipeline/reconcile_table.h"

#include "harness/base/file.h"

enum { TABLE_MAX = 1024 * 1024 * 1024, DATE_SIZE = 10 };

bool reconcile_read_day(struct span text, int64_t *ret_day)
{
	int64_t time = 0;
	if (text.length != DATE_SIZE || !clock_parse(text, &time)) {
		return false;
	}
	int64_t day = time / CLOCK_DAY;
	*ret_day = time % CLOCK_DAY < 0 ? day - 1 : day;
	return true;
}

size_t reconcile_table_column(const struct reconcile_table *table, const char *name)
{
	size_t at = 0;
	while (at < table->column_count && !span_is(table->names[at], name)) {
		at++;
	}
	return at;
}

bool reconcile_table_open(struct reconcile_table *table, struct arena *arena, struct error *err)
{
	buffer_init(&table->text, TABLE_MAX);
	if (!file_read(table->file, &table->text, err)) {
		return false;
	}
	csv_reader_init(&table->reader, buffer_span(&table->text));
	if (!csv_read_row(&table->reader, arena, &table->names, &table->column_count, err)) {
		error_add_file(err, table->file);
		return false;
	}
	table->date_at = reconcile_table_column(table, table->columns->date);
	table->interface_at = reconcile_table_column(table, table->columns->interface);
	if (table->date_at == table->column_count) {
		return error_set_at(err, ERROR_FORMAT, table->file, 1,
				    "there is no column \"%s\"; name the date's with --date-column",
				    table->columns->date);
	}
	return true;
}

void reconcile_table_finish(struct reconcile_table *table)
{
	buffer_finish(&table->text);
}

static bool is_ours(struct reconcile_table *table, const struct span *cells)
{
	bool ours = table->interface_at == table->column_count || span_is(cells[table->interface_at], table->interface);
	table->other_rows += !ours;
	return ours;
}

bool reconcile_table_next(struct reconcile_table *table, struct arena *arena, struct span **ret_cells, int64_t *ret_day,
			  struct error *err)
{
	struct span *cells = NULL;
	size_t count = 0;
	do {
		if (!csv_read_row(&table->reader, arena, &cells, &count, err)) {
			error_add_file(err, table->file);
			return false;
		}
		if (count == 0) {
			*ret_cells = NULL;
			return true;
		}
		if (count != table->column_count) {
			return error_set_at(err, ERROR_FORMAT, table->file, table->reader.line,
					    "the row has %zu cells, the header %zu", count, table->column_count);
		}
	} while (!is_ours(table, cells));
	if (!reconcile_read_day(cells[table->date_at], ret_day)) {
		return error_set_at(err, ERROR_FORMAT, table->file, table->reader.line,
				    "\"%.*s\" is not a date; write it as 2026-11-16",
				    SPAN_ARGUMENTS(cells[table->date_at]));
	}
	*ret_cells = cells;
	return true;
}
