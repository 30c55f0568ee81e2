#include "tests/document/support.h"

#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/document/table_seal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum { ROWS_MAX = 64, FILE_MAX = 16 << 20 };

static void set_environment(void)
{
	static const char *const names[] = {"TAP_LISTEN", "LEGACY_URL", "LLM_URL", "LLM_API_KEY", "LLM_MODEL"};
	static const char *const values[] = {"127.0.0.1:0", "http://127.0.0.1:1", "http://127.0.0.1:1/v1",
					     "the-key-of-the-provider", "sim"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv(names[i], values[i], 1);
	}
}

struct contract *support_load(const char *file)
{
	struct error err = ERROR_INIT;
	set_environment();
	struct contract *contract = contract_load(file, &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	return contract;
}

static void replace_all(struct span text, const char *from, const char *to, struct buffer *changed)
{
	while (text.length > 0) {
		size_t at = text_find(text, span_of(from));
		buffer_append(changed, text.data, at);
		if (at < text.length) {
			buffer_append_text(changed, to);
			at += strlen(from);
		}
		text = (struct span){text.data + at, text.length - at};
	}
}

struct contract *support_load_changed(const char *file, const char *from, const char *to)
{
	struct error err = ERROR_INIT;
	struct buffer yaml CLEANUP_BUFFER = BUFFER_INIT(FILE_MAX);
	struct buffer schema CLEANUP_BUFFER = BUFFER_INIT(FILE_MAX);
	struct contract *plain = support_load(file);
	replace_all(plain->text, from, to, &yaml);
	replace_all(plain->response_schema_text, from, to, &schema);
	const struct contract_content contents[] = {
		{file, buffer_span(&yaml)},
		{plain->response_schema_file, buffer_span(&schema)},
	};
	struct contract *contract = contract_load_changed(file, contents, 2, &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	contract_destroy(plain);
	return contract;
}

struct specification support_specify(const struct contract *contract, const struct contract *since, struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct specification specification;
	ck_assert_msg(specification_make(contract, since, arena, &specification, &err), "%s", err.message);
	return specification;
}

const struct json_node *support_json(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	const struct json_node *root;
	ck_assert_msg(json_parse(arena, span_of(text), NULL, &root, &err), "%s in %s", err.message, text);
	return root;
}

struct field_table support_edit(const struct field_table *table, const struct support_edit *edits, size_t count,
				struct arena *arena)
{
	struct field_table edited = {.rows = arena_allocate_array(arena, ROWS_MAX, sizeof(*edited.rows))};
	ck_assert_ptr_nonnull(edited.rows);
	ck_assert_uint_lt(table->count + count, ROWS_MAX);
	memcpy(edited.rows, table->rows, table->count * sizeof(*edited.rows));
	edited.count = table->count;
	for (size_t i = 0; i < count; i++) {
		struct field_row *row = NULL;
		for (size_t k = 0; k < edited.count; k++) {
			row = strcmp(edited.rows[k].cells[FIELD_NAME], edits[i].field) == 0 ? &edited.rows[k] : row;
		}
		if (row == NULL) {
			row = &edited.rows[edited.count++];
			for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
				row->cells[column] = "";
			}
			row->cells[FIELD_NAME] = edits[i].field;
		}
		row->cells[edits[i].column] = edits[i].text;
	}
	return edited;
}

static void write_cell(struct buffer *csv, const char *cell, int column)
{
	buffer_append_byte(csv, '"');
	for (const char *c = cell; *c != '\0'; c++) {
		buffer_append_text(csv, *c == '"' ? "\"" : "");
		buffer_append_byte(csv, *c);
	}
	buffer_append_text(csv, column + 1 < FIELD_COLUMN_COUNT ? "\"," : "\"\r\n");
}

void support_csv(const struct field_table *table, struct buffer *csv)
{
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		write_cell(csv, field_columns[column].head, column);
	}
	for (size_t i = 0; i < table->count; i++) {
		for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
			write_cell(csv, table->rows[i].cells[column], column);
		}
	}
}

static void write_sheet(lxw_workbook *workbook, const char *name, lxw_row_t head, const struct field_table *table)
{
	lxw_worksheet *sheet = workbook_add_worksheet(workbook, name);
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		worksheet_write_string(sheet, head, (lxw_col_t)column, field_columns[column].head, NULL);
		for (size_t i = 0; i < table->count; i++) {
			worksheet_write_string(sheet, head + 1 + (lxw_row_t)i, (lxw_col_t)column,
					       table->rows[i].cells[column], NULL);
		}
	}
}

void support_workbook(const struct contract *contract, const struct field_table *before,
		      const struct field_table *edited, struct buffer *bytes)
{
	struct buffer hex CLEANUP_BUFFER = BUFFER_INIT(2 * SHA256_SIZE);
	uint8_t hash[SHA256_SIZE];
	const char *path = support_path();
	lxw_workbook *workbook = workbook_new(path);
	specification_hash(contract, hash);
	text_write_hex(&hex, hash, SHA256_SIZE);
	write_sheet(workbook, TABLE_FIELDS_SHEET, 0, edited);
	write_sheet(workbook, TABLE_SEAL_SHEET, TABLE_SEAL_HEAD_ROW, before);
	const char *const lines[][2] = {{TABLE_SEAL_MARK, TABLE_SEAL_VERSION},
					{"interface", contract->interface},
					{"version", contract->version},
					{"hash", hex.data}};
	lxw_worksheet *seal = workbook_get_worksheet_by_name(workbook, TABLE_SEAL_SHEET);
	for (lxw_row_t row = 0; row < 4; row++) {
		worksheet_write_string(seal, row, 0, lines[row][0], NULL);
		worksheet_write_string(seal, row, 1, lines[row][1], NULL);
	}
	ck_assert_int_eq(workbook_close(workbook), LXW_NO_ERROR);
	ck_assert(file_read(path, bytes, NULL));
	unlink(path);
}

struct table_application support_apply(const struct contract *contract, struct span bytes, struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct table_application application;
	ck_assert_msg(table_apply(contract, bytes, "table.csv", arena, &application, &err), "%s", err.message);
	return application;
}

const char *support_path(void)
{
	static char path[64];
	snprintf(path, sizeof(path), "/tmp/understudy-document-%jd.xlsx", (intmax_t)getpid());
	return path;
}
