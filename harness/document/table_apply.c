#include "harness/document/table_apply.h"

#include "harness/base/text.h"
#include "harness/document/code_list.h"
#include "harness/document/field_edit.h"
#include "harness/document/rule_text.h"
#include "harness/document/specification.h"
#include "harness/document/table_seal.h"

#include <stdio.h>

enum { WORDS_MAX = 20000 };

struct application {
	struct wording wording;
	const struct contract *contract;
	struct field_faults faults;
	struct field_table table;  /* the analyst's */
	struct field_table sealed; /* count 0: none */
	struct field_editor editor;
	const struct field_change *changes; /* of the analyst */
	size_t change_count;
	struct table_application *out;
	struct error *err;
};

/* --- reading --- */

static bool is_workbook(struct span bytes)
{
	return bytes.length >= 4 && memcmp(bytes.data, "PK\x03\x04", 4) == 0;
}

static bool check_seal(struct application *application, const struct sheet *seal)
{
	struct span interface = sheet_cell(seal, 1, 1);
	if (!span_is(sheet_cell(seal, 0, 0), TABLE_SEAL_MARK) || !span_is(sheet_cell(seal, 0, 1), TABLE_SEAL_VERSION)) {
		return error_set(application->err, ERROR_VERSION,
				 "the workbook's hidden sheet is not of this version; write a new table with "
				 "contract doc");
	}
	if (!span_is(interface, application->contract->interface)) {
		return error_set(application->err, ERROR_CONFIG,
				 "the table is of interface \"%.*s\", and the contract of \"%s\"; name the contract "
				 "that it belongs to",
				 interface.length < 60 ? (int)interface.length : 60,
				 interface.data != NULL ? interface.data : "", application->contract->interface);
	}
	return true;
}

static bool read_seal(struct application *application, struct span bytes)
{
	struct sheet seal;
	struct error inner = ERROR_INIT;
	struct table_application *out = application->out;
	const char *ignored;
	if (!sheet_read_xlsx(bytes, TABLE_SEAL_SHEET, application->wording.arena, &seal, &inner)) {
		return inner.code == ERROR_MISSING || error_set(application->err, inner.code, "%s", inner.message);
	}
	if (!check_seal(application, &seal)) {
		return false;
	}
	uint8_t hash[SHA256_SIZE];
	uint8_t sealed[SHA256_SIZE];
	specification_hash(application->contract, hash);
	bool same =
		text_from_hex(sheet_cell(&seal, 3, 1), sealed, SHA256_SIZE) && memcmp(hash, sealed, SHA256_SIZE) == 0;
	struct field_faults broken = {.wording = &application->wording, .sheet = TABLE_SEAL_SHEET};
	application->sealed = field_table_read(&seal, &broken, &ignored);
	if (broken.count > 0) {
		return error_set(application->err, ERROR_FORMAT,
				 "the workbook's hidden sheet was changed; write a new table with contract doc");
	}
	out->sealed = true;
	out->stale = !same;
	out->sealed_version = wording_copy(&application->wording, sheet_cell(&seal, 2, 1));
	return true;
}

static bool read_fields(struct application *application, struct span bytes)
{
	struct sheet sheet;
	struct error inner = ERROR_INIT;
	struct arena *arena = application->wording.arena;
	bool workbook = is_workbook(bytes);
	bool ok = workbook ? sheet_read_xlsx(bytes, TABLE_FIELDS_SHEET, arena, &sheet, &inner)
			   : sheet_read_csv(bytes, arena, &sheet, &inner);
	if (!ok) {
		return inner.line > 0
			       ? error_set(application->err, inner.code, "line %d: %s", inner.line, inner.message)
			       : error_set(application->err, inner.code, "%s", inner.message);
	}
	application->table = field_table_read(&sheet, &application->faults, &application->out->ignored);
	return !workbook || read_seal(application, bytes);
}

/* Columns that the sheet does not have say nothing: their cells are as they were. */
static void take_over_absent_columns(struct application *application, const struct field_table *base)
{
	for (size_t i = 0; i < application->table.count; i++) {
		struct field_row *row = &application->table.rows[i];
		const struct field_row *before = field_table_find(base, row->cells[FIELD_NAME]);
		for (int column = 0; column < FIELD_COLUMN_COUNT && before != NULL; column++) {
			if (application->table.sheet_columns[column] == 0) {
				row->cells[column] = before->cells[column];
			}
		}
	}
}

static void settle_options(struct application *application, struct field_row *row)
{
	const struct json_node *rule;
	if (rule_read(span_of(row->cells[FIELD_COMPARE]), span_of(row->cells[FIELD_OPTIONS]),
		      application->wording.arena, &rule, NULL)) {
		row->cells[FIELD_OPTIONS] = rule_options(&application->wording, rule);
	}
}

static void settle_codes(struct application *application, struct field_row *row, const struct field_row *now)
{
	struct buffer cell CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct wording *wording = &application->wording;
	bool text_only = schema_view_is_text(&application->editor.view, now->place.node);
	struct code_entry *entries;
	size_t count;
	if (!code_list_read(span_of(row->cells[FIELD_ALLOWED]), text_only, wording->arena, &entries, &count, NULL)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(&cell, i > 0 ? "\n" : "");
		buffer_append_text(&cell, code_write(wording, entries[i].value, text_only));
		buffer_append_text(&cell, entries[i].meaning.length > 0 ? " = " : "");
		buffer_append_span(&cell, entries[i].meaning);
	}
	row->cells[FIELD_ALLOWED] = wording_take(wording, &cell);
}

/* Cells in the one form that a table of the contract has: "0.01" of `number` is "abs: 0.01", an emptied comparison is
 * the default one, an emptied "Required" says nothing. */
static void settle_rows(struct application *application)
{
	for (size_t i = 0; i < application->table.count; i++) {
		struct field_row *row = &application->table.rows[i];
		const struct field_row *now = field_table_find(&application->editor.current, row->cells[FIELD_NAME]);
		if (row->cells[FIELD_COMPARE][0] == '\0') {
			row->cells[FIELD_COMPARE] = "exact";
		}
		settle_options(application, row);
		if (now == NULL) {
			continue;
		}
		if (row->cells[FIELD_CRITICAL][0] == '\0') {
			row->cells[FIELD_CRITICAL] = "no";
		}
		if (row->cells[FIELD_REQUIRED][0] == '\0') {
			row->cells[FIELD_REQUIRED] = now->cells[FIELD_REQUIRED];
		}
		settle_codes(application, row, now);
	}
}

/* What is shown for information is told by the contract, and an edit of it means nothing. */
static bool counts(const struct field_change *change)
{
	return change->kind != FIELD_CHANGED || field_columns[change->column].editing != FIELD_SHOWN;
}

/* --- one row after the other --- */

static void add_words(struct application *application, const struct field_change *change)
{
	struct table_application *out = application->out;
	if (out->changes == NULL) {
		out->changes = wording_array(&application->wording, WORDS_MAX, sizeof(*out->changes));
	}
	if (out->changes != NULL && out->change_count < WORDS_MAX) {
		out->changes[out->change_count++] = field_change_words(&application->wording, change);
	}
}

static void conflict(struct application *application, const struct field_row *row, enum field_column column,
		     const char *what)
{
	static const struct field_row nowhere = {.sheet_row = 1};
	field_edit_fault(&application->editor, row != NULL ? row : &nowhere, column, what);
}

/* Has somebody added the very field meanwhile? */
static bool is_there_already(const struct field_row *row, const struct field_row *now)
{
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		bool filled = row->cells[column][0] != '\0' && field_columns[column].editing != FIELD_SHOWN;
		if (filled && strcmp(row->cells[column], now->cells[column]) != 0) {
			return false;
		}
	}
	return true;
}

/* Does the change still fit the contract as it is now? *ret_done: the contract says so already. */
static bool still_fits(struct application *application, const struct field_change *change, const struct field_row *now,
		       bool *ret_done)
{
	*ret_done = false;
	if (change->kind == FIELD_ADDED) {
		*ret_done = now != NULL && is_there_already(change->after, now);
		if (now != NULL && !*ret_done) {
			conflict(application, change->after, FIELD_NAME,
				 "the contract has a field of this name by now; write a new table");
		}
		return now == NULL || *ret_done;
	}
	if (now == NULL) {
		*ret_done = change->kind == FIELD_REMOVED;
		if (!*ret_done) {
			conflict(application, change->after, FIELD_NAME,
				 "the contract no longer has this field; write a new table");
		}
		return *ret_done;
	}
	if (change->kind == FIELD_REMOVED) {
		return true;
	}
	const char *current = now->cells[change->column];
	*ret_done = strcmp(current, change->after->cells[change->column]) == 0;
	if (*ret_done || strcmp(current, change->before->cells[change->column]) == 0) {
		return true;
	}
	conflict(application, change->after, change->column,
		 "the contract has changed here since the table was written; write a new table");
	return false;
}

/* All changed cells of the row that change `first` is of, in one go; returns the number of the next change. */
static size_t edit_row(struct application *application, size_t first)
{
	const struct field_row *row = application->changes[first].after;
	const struct field_row *now = field_table_find(&application->editor.current, row->cells[FIELD_NAME]);
	bool columns[FIELD_COLUMN_COUNT] = {false};
	bool any = false;
	size_t i = first;
	for (; i < application->change_count && application->changes[i].kind == FIELD_CHANGED &&
	       application->changes[i].after == row;
	     i++) {
		const struct field_change *change = &application->changes[i];
		bool done;
		if (!counts(change) || !still_fits(application, change, now, &done) || done) {
			continue;
		}
		columns[change->column] = true;
		any = true;
		add_words(application, change);
	}
	if (any) {
		field_edit_change(&application->editor, now, row, columns);
	}
	return i;
}

static void edit_whole_row(struct application *application, const struct field_change *change)
{
	const struct field_row *named = change->after != NULL ? change->after : change->before;
	const struct field_row *now = field_table_find(&application->editor.current, named->cells[FIELD_NAME]);
	bool done;
	if (!still_fits(application, change, now, &done) || done) {
		return;
	}
	add_words(application, change);
	if (change->kind == FIELD_ADDED) {
		field_edit_add(&application->editor, change->after);
	} else {
		field_edit_remove(&application->editor, now, change->after);
	}
}

static void edit_all(struct application *application)
{
	for (size_t i = 0; i < application->change_count;) {
		const struct field_change *change = &application->changes[i];
		if (change->kind == FIELD_CHANGED) {
			i = edit_row(application, i);
		} else {
			edit_whole_row(application, change);
			i++;
		}
	}
	field_edit_finish(&application->editor);
}

/* --- version --- */

/* The version in the contract, raised in place to the least that the step asks for. */
static void raise_version(struct application *application, const struct version *least)
{
	struct table_application *out = application->out;
	struct yaml_edits *yaml = &application->editor.yaml;
	out->next_version = wording_format(&application->wording, "%ju.%ju.%ju", (uintmax_t)least->major,
					   (uintmax_t)least->minor, (uintmax_t)least->patch);
	const struct json_node *node = json_get_text(yaml->document.root, "version");
	size_t at = yaml->document.starts[node - yaml->document.root];
	char quote = yaml->edits.source.data[at];
	bool quoted = quote == '"' || quote == '\'';
	const struct yaml_member_edit edit = {
		"version", quoted ? wording_format(&application->wording, "%c%s%c", quote, out->next_version, quote)
				  : out->next_version};
	if (!yaml_edit_members(yaml, yaml->document.root, &edit, 1)) {
		out->next_version = NULL;
	}
}

/* --- result --- */

static struct table_changed_file changed_file(const char *path, struct text_edits *edits)
{
	struct table_changed_file file = {.path = path, .before = edits->source, .after = edits->source, .listing = ""};
	if (edits->count > 0) {
		file.listing = text_edits_show(edits);
		file.after = text_edits_apply(edits);
	}
	return file;
}

static void find_ended(struct application *application, const struct contract *changed)
{
	struct table_application *out = application->out;
	const struct contract *contract = application->contract;
	out->ended = wording_array(&application->wording, contract->candidate_count, sizeof(*out->ended));
	for (size_t i = 0; i < contract->candidate_count && out->ended != NULL; i++) {
		struct buffer before CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
		struct buffer after CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
		uint8_t hash[SHA256_SIZE];
		bool told = contract_epoch(contract, &contract->candidates[i], &before, hash, NULL) &&
			    contract_epoch(changed, &changed->candidates[i], &after, hash, NULL);
		if (!told || !contract_epoch_same(buffer_span(&before), buffer_span(&after))) {
			out->ended[out->ended_count++] = contract->candidates[i].name;
		}
	}
}

/* Loads what would be written; what the contract's own check says of it is a fault like any other. */
static struct contract *load_result(struct application *application)
{
	struct table_application *out = application->out;
	struct error inner = ERROR_INIT;
	out->contract = changed_file(application->contract->file, &application->editor.yaml.edits);
	out->schema = changed_file(application->contract->response_schema_file, &application->editor.json);
	const struct contract_content contents[] = {
		{out->contract.path, out->contract.after},
		{out->schema.path, out->schema.after},
	};
	struct contract *changed = contract_load_changed(application->contract->file, contents, 2, &inner);
	if (changed == NULL) {
		char text[1024];
		field_fault_add(&application->faults, 1, 0, "the contract would no longer load: %s",
				error_text(&inner, text, sizeof(text)));
	}
	return changed;
}

/* What the change means, as `contract diff` says it; then once more with the version that it needs. */
static void try_result(struct application *application)
{
	struct table_application *out = application->out;
	struct contract_difference difference;
	struct contract *changed = load_result(application);
	if (changed == NULL) {
		return;
	}
	find_ended(application, changed);
	if (!contract_difference(application->contract, changed, application->wording.arena, &difference, NULL)) {
		application->wording.failed = true;
	} else {
		out->step = difference.step.step;
		out->reason = difference.step.reason;
		if (out->step != VERSION_SAME && difference.is_numbered) {
			raise_version(application, &difference.least);
		}
	}
	contract_destroy(changed);
	contract_destroy(out->next_version != NULL ? load_result(application) : NULL);
}

static bool begin_editor(struct application *application)
{
	struct field_editor *editor = &application->editor;
	const struct contract *contract = application->contract;
	editor->contract = contract;
	editor->wording = &application->wording;
	editor->view = (struct schema_view){.root = contract->response_schema_json, .wording = &application->wording};
	editor->current = field_table_make(contract, &editor->view, NULL, 0);
	editor->table = &application->table;
	editor->faults = &application->faults;
	editor->yaml.edits =
		(struct text_edits){.wording = &application->wording, .source = contract->text, .file = contract->file};
	editor->json = (struct text_edits){.wording = &application->wording,
					   .source = contract->response_schema_text,
					   .file = contract->response_schema_file};
	return yaml_parse(application->wording.arena, contract->file, contract->text, &editor->yaml.document,
			  application->err);
}

static void change(struct application *application)
{
	struct table_application *out = application->out;
	const struct field_table *base = out->sealed ? &application->sealed : &application->editor.current;
	take_over_absent_columns(application, base);
	settle_rows(application);
	application->changes =
		field_table_diff(&application->wording, base, &application->table, &application->change_count);
	edit_all(application);
	out->version = application->contract->version;
	if (application->faults.count > 0) {
		return;
	}
	if (out->change_count > 0) {
		try_result(application);
	}
}

bool table_apply(const struct contract *contract, struct span file_bytes, const char *name, struct arena *arena,
		 struct table_application *ret_application, struct error *err)
{
	struct table_application out = {.ignored = "", .sealed_version = "", .reason = ""};
	struct application application = {.wording = {.arena = arena}, .contract = contract, .out = &out, .err = err};
	application.faults.wording = &application.wording;
	application.faults.sheet = is_workbook(file_bytes) ? TABLE_FIELDS_SHEET : name;
	if (!read_fields(&application, file_bytes) || !begin_editor(&application)) {
		return false;
	}
	if (application.faults.count == 0) {
		change(&application);
	}
	if (application.wording.failed) {
		return error_set(err, ERROR_LIMIT, "the table or the contract is too large; shorten it");
	}
	out.faults = application.faults.texts;
	out.fault_count = application.faults.count;
	*ret_application = out;
	return true;
}
