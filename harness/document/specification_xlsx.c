/* The specification as a workbook, by libxlsxwriter. Everything from the contract is written as a text cell, so that
 * nothing of it can become a formula, and cells to be edited have the number format "text", so that what is typed stays
 * as it was typed. The creation time is fixed: the same contract gives the same bytes. */
#include "harness/base/text.h"
#include "harness/document/specification.h"
#include "harness/document/table_seal.h"

#include <stdio.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum {
	CELL_BYTES_MAX = 32000, /* a cell holds 32,767 UTF-16 units */
	NEW_ROWS = 50,          /* empty rows to add fields in */
	CREATED = 946684800,    /* 2000-01-01T00:00:00Z */
	COLOUR_INK = 0x1d2430,
	COLOUR_EDIT = 0xfff6dc,
	COLOUR_PANEL = 0xf5f7fa,
	COLOUR_LINE = 0xd9dee6,
	COLOUR_SOFT = 0x596475,
	PAPER_A4 = 9,
	PAPER_A3 = 8,
	INPUT_MESSAGE_MAX = 255,
	LINE_POINTS = 15,
	ROW_LINES_MAX = 27, /* a row has at most 409 points */
	LABEL_WIDTH = 34,
	TEXT_WIDTH = 100,
};

struct writer {
	lxw_workbook *workbook;
	struct wording *wording;
	lxw_format *title;
	lxw_format *head;
	lxw_format *label;
	lxw_format *text;
	lxw_format *fixed; /* of the field table: for reading */
	lxw_format *edit;  /* for writing */
	lxw_format *note;
	lxw_error error; /* the first */
};

static void keep(struct writer *writer, lxw_error error)
{
	writer->error = writer->error == LXW_NO_ERROR ? error : writer->error;
}

static lxw_format *make_format(struct writer *writer, bool lined)
{
	lxw_format *format = workbook_add_format(writer->workbook);
	format_set_text_wrap(format);
	format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
	if (lined) {
		format_set_border(format, LXW_BORDER_THIN);
		format_set_border_color(format, COLOUR_LINE);
	}
	return format;
}

static void make_formats(struct writer *writer)
{
	writer->title = workbook_add_format(writer->workbook);
	format_set_bold(writer->title);
	format_set_font_size(writer->title, 16);
	writer->head = make_format(writer, true);
	format_set_bold(writer->head);
	format_set_bg_color(writer->head, COLOUR_INK);
	format_set_font_color(writer->head, LXW_COLOR_WHITE);
	writer->label = make_format(writer, false);
	format_set_font_color(writer->label, COLOUR_SOFT);
	writer->text = make_format(writer, false);
	writer->note = make_format(writer, false);
	format_set_font_color(writer->note, COLOUR_SOFT);
	writer->fixed = make_format(writer, true);
	format_set_bg_color(writer->fixed, COLOUR_PANEL);
	writer->edit = make_format(writer, true);
	format_set_bg_color(writer->edit, COLOUR_EDIT);
	format_set_num_format(writer->edit, "@");
	format_set_unlocked(writer->edit);
}

/* Text longer than a cell ends with "…". */
static const char *shorten(struct writer *writer, const char *text)
{
	size_t length = strlen(text);
	if (length <= CELL_BYTES_MAX) {
		return text;
	}
	for (length = CELL_BYTES_MAX; ((unsigned char)text[length] & 0xc0) == 0x80; length--) {
	}
	return wording_format(writer->wording, "%.*s…", (int)length, text);
}

static void put(struct writer *writer, lxw_worksheet *sheet, size_t row, size_t column, const char *text,
		lxw_format *format)
{
	lxw_row_t at = (lxw_row_t)row;
	lxw_col_t across = (lxw_col_t)column;
	keep(writer, text[0] != '\0' ? worksheet_write_string(sheet, at, across, shorten(writer, text), format)
				     : worksheet_write_blank(sheet, at, across, format));
}

/* Lines that a text takes in a column so many characters wide, by its line feeds and by wrapping. */
static size_t lines_in(const char *text, int width)
{
	size_t lines = 1;
	size_t length = 0;
	for (const char *c = text; *c != '\0'; c++) {
		bool full = length == (size_t)width;
		lines += *c == '\n' || full;
		length = *c == '\n' ? 0 : full ? 1 : length + (((unsigned char)*c & 0xc0) != 0x80);
	}
	return lines;
}

/* Not every spreadsheet fits rows to wrapped text by itself. */
static void fit_row(struct writer *writer, lxw_worksheet *sheet, size_t row, const char *const *cells,
		    const int *widths, size_t count)
{
	size_t lines = 1;
	for (size_t i = 0; i < count; i++) {
		size_t own = lines_in(cells[i], widths[i]);
		lines = own > lines ? own : lines;
	}
	lines = lines < ROW_LINES_MAX ? lines : ROW_LINES_MAX;
	if (lines > 1) {
		keep(writer, worksheet_set_row(sheet, (lxw_row_t)row, (double)lines * LINE_POINTS, NULL));
	}
}

/* A sheet of rows under one line of heads, ready to print. */
static lxw_worksheet *begin_sheet(struct writer *writer, const char *name, const char *const *heads, const int *widths,
				  size_t count)
{
	lxw_worksheet *sheet = workbook_add_worksheet(writer->workbook, name);
	for (size_t i = 0; i < count; i++) {
		put(writer, sheet, 0, i, heads[i], writer->head);
		keep(writer, worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL));
	}
	worksheet_freeze_panes(sheet, 1, 1);
	worksheet_set_margins(sheet, 0.4, 0.4, 0.5, 0.5);
	worksheet_set_landscape(sheet);
	worksheet_set_paper(sheet, PAPER_A4);
	worksheet_fit_to_pages(sheet, 1, 0);
	keep(writer, worksheet_repeat_rows(sheet, 0, 0));
	return sheet;
}

/* --- overview --- */

static size_t write_how_to(struct writer *writer, lxw_worksheet *sheet, size_t row)
{
	static const char *const lines[] = {
		"On the sheet Fields the yellow cells may be changed; the others follow from the contract.",
		"A new field: fill in a row below the last one. A field that is no longer compared: Remove = yes.",
		"Send this file back; contract apply shows what it would change before anything is written.",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		keep(writer,
		     worksheet_merge_range(sheet, (lxw_row_t)row, 0, (lxw_row_t)row, 1, lines[i], writer->note));
		row++;
	}
	return row + 1;
}

static void write_overview(struct writer *writer, const struct specification *specification)
{
	lxw_worksheet *sheet = workbook_add_worksheet(writer->workbook, "Overview");
	size_t row = 0;
	keep(writer, worksheet_set_column(sheet, 0, 0, LABEL_WIDTH, NULL));
	keep(writer, worksheet_set_column(sheet, 1, 1, TEXT_WIDTH, NULL));
	put(writer, sheet, row++, 0, specification->title, writer->title);
	put(writer, sheet, row++, 0,
	    wording_format(writer->wording, "Mapping specification, version %s", specification->contract->version),
	    writer->label);
	row = write_how_to(writer, sheet, row + 1);
	for (size_t i = 0; i < specification->group_count; i++) {
		const struct specification_group *group = &specification->groups[i];
		put(writer, sheet, row, 0, group->title, writer->head);
		put(writer, sheet, row++, 1, "", writer->head);
		for (size_t k = 0; k < group->count; k++) {
			put(writer, sheet, row, 0, group->facts[k].label, writer->label);
			static const int widths[] = {TEXT_WIDTH};
			fit_row(writer, sheet, row, &group->facts[k].text, widths, 1);
			put(writer, sheet, row++, 1, group->facts[k].text, writer->text);
		}
		row++;
	}
	worksheet_set_paper(sheet, PAPER_A4);
	worksheet_fit_to_pages(sheet, 1, 0);
	worksheet_set_landscape(sheet);
}

/* --- fields --- */

static bool is_editable(enum field_column column, bool is_new)
{
	return field_columns[column].editing == FIELD_EDITED || (is_new && field_columns[column].editing == FIELD_ONCE);
}

/* libxlsxwriter copies what it is given but takes it as not const. */
static char *words_of(struct writer *writer, const char *text)
{
	char *copy = arena_copy(writer->wording->arena, span_of(text));
	static char nothing[] = "";
	writer->wording->failed = writer->wording->failed || copy == NULL;
	return copy != NULL ? copy : nothing;
}

/* NULL-ended lists of words, as libxlsxwriter wants them. */
static char **choices(struct writer *writer, enum field_choice choice)
{
	enum { CHOICES_MAX = 32 };
	char **words = wording_array(writer->wording, CHOICES_MAX + 1, sizeof(*words));
	if (words == NULL || choice == FIELD_FREE) {
		return NULL;
	}
	if (choice == FIELD_COMPARATOR) {
		for (size_t i = 0; i < CHOICES_MAX && evaluator_list[i] != NULL; i++) {
			words[i] = words_of(writer, evaluator_list[i]->name);
		}
	} else {
		words[0] = words_of(writer, "yes");
		words[1] = choice == FIELD_YES_NO ? words_of(writer, "no") : NULL;
	}
	return words;
}

static void add_validation(struct writer *writer, lxw_worksheet *sheet, enum field_column column, size_t last_row)
{
	const struct field_column_info *info = &field_columns[column];
	char message[INPUT_MESSAGE_MAX];
	snprintf(message, sizeof(message), "%s", info->help);
	lxw_data_validation validation = {
		.validate = info->choice == FIELD_FREE ? LXW_VALIDATION_TYPE_ANY : LXW_VALIDATION_TYPE_LIST,
		.value_list = choices(writer, info->choice),
		.dropdown = LXW_VALIDATION_ON,
		.input_title = words_of(writer, info->head),
		.input_message = words_of(writer, message),
		.error_title = words_of(writer, "Not in the list"),
		.error_message = words_of(writer, "Take one of the words in the list."),
	};
	lxw_col_t at = (lxw_col_t)column;
	keep(writer, worksheet_data_validation_range(sheet, 1, at, (lxw_row_t)last_row, at, &validation));
}

static void write_field_row(struct writer *writer, lxw_worksheet *sheet, size_t at, const struct field_row *row)
{
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		bool editable = is_editable((enum field_column)column, row == NULL);
		put(writer, sheet, at, (size_t)column, row != NULL ? row->cells[column] : "",
		    editable ? writer->edit : writer->fixed);
	}
}

static void protect(lxw_worksheet *sheet)
{
	lxw_protection options = {.format_cells = 1, .format_columns = 1, .format_rows = 1, .sort = 1, .autofilter = 1};
	worksheet_protect(sheet, NULL, &options);
}

static void write_fields(struct writer *writer, const struct specification *specification)
{
	const char *heads[FIELD_COLUMN_COUNT];
	int widths[FIELD_COLUMN_COUNT];
	size_t count = specification->fields.count;
	for (int i = 0; i < FIELD_COLUMN_COUNT; i++) {
		heads[i] = field_columns[i].head;
		widths[i] = field_columns[i].width;
	}
	lxw_worksheet *sheet = begin_sheet(writer, TABLE_FIELDS_SHEET, heads, widths, FIELD_COLUMN_COUNT);
	for (size_t i = 0; i < count; i++) {
		fit_row(writer, sheet, i + 1, specification->fields.rows[i].cells, widths, FIELD_COLUMN_COUNT);
	}
	for (size_t i = 0; i < count + NEW_ROWS; i++) {
		write_field_row(writer, sheet, i + 1, i < count ? &specification->fields.rows[i] : NULL);
	}
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		if (field_columns[column].editing != FIELD_SHOWN) {
			add_validation(writer, sheet, (enum field_column)column, count + NEW_ROWS);
		}
	}
	keep(writer, worksheet_autofilter(sheet, 0, 0, (lxw_row_t)count, FIELD_COLUMN_COUNT - 1));
	keep(writer, worksheet_print_area(sheet, 0, 0, (lxw_row_t)count, FIELD_COLUMN_COUNT - 1));
	worksheet_set_paper(sheet, PAPER_A3);
	keep(writer, worksheet_ignore_errors(sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576"));
	protect(sheet);
}

/* --- reply, message, codes --- */

static void write_leaves(struct writer *writer, const struct specification_leaves *leaves, const char *name,
			 const char *last)
{
	const char *const heads[] = {"Place",  "Title",    "Meaning", "Type",    "Range",
				     "Format", "Required", last,      "Examples"};
	static const int widths[] = {28, 22, 44, 16, 22, 26, 10, 24, 28};
	enum { COLUMNS = sizeof(widths) / sizeof(widths[0]) };
	if (leaves->count == 0) {
		return;
	}
	lxw_worksheet *sheet = begin_sheet(writer, name, heads, widths, COLUMNS);
	for (size_t i = 0; i < leaves->count; i++) {
		const struct specification_leaf *leaf = &leaves->list[i];
		const char *const cells[] = {
			leaf->path,
			leaf->facts.title,
			leaf->repeats ? "as a place around it, once more" : leaf->facts.meaning,
			leaf->facts.type,
			leaf->facts.range,
			leaf->facts.format,
			leaf->required,
			leaf->field,
			leaf->facts.examples,
		};
		fit_row(writer, sheet, i + 1, cells, widths, COLUMNS);
		for (size_t column = 0; column < COLUMNS; column++) {
			put(writer, sheet, i + 1, column, cells[column], writer->fixed);
		}
	}
	keep(writer, worksheet_ignore_errors(sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576"));
	keep(writer, worksheet_autofilter(sheet, 0, 0, (lxw_row_t)leaves->count, COLUMNS - 1));
}

static size_t write_codes_of(struct writer *writer, lxw_worksheet *sheet, const struct specification_leaves *leaves,
			     const char *where, size_t row)
{
	for (size_t i = 0; i < leaves->count; i++) {
		const struct specification_leaf *leaf = &leaves->list[i];
		for (size_t k = 0; k < leaf->facts.code_count; k++, row++) {
			put(writer, sheet, row, 0, where, writer->fixed);
			put(writer, sheet, row, 1, leaf->path, writer->fixed);
			put(writer, sheet, row, 2, leaf->facts.codes[k].value, writer->fixed);
			put(writer, sheet, row, 3, leaf->facts.codes[k].meaning, writer->fixed);
		}
	}
	return row;
}

static void write_codes(struct writer *writer, const struct specification *specification)
{
	static const char *const heads[] = {"In", "Place", "Code", "Meaning"};
	static const int widths[] = {12, 30, 30, 60};
	lxw_worksheet *sheet = begin_sheet(writer, "Code lists", heads, widths, 4);
	size_t row = write_codes_of(writer, sheet, &specification->reply, "Reply", 1);
	row = write_codes_of(writer, sheet, &specification->message, "Message", row);
	keep(writer, worksheet_ignore_errors(sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576"));
	if (row > 1) {
		keep(writer, worksheet_autofilter(sheet, 0, 0, (lxw_row_t)(row - 1), 3));
	}
}

static void write_history(struct writer *writer, const struct specification *specification)
{
	static const int widths[] = {120};
	if (specification->since == NULL) {
		return;
	}
	const char *const heads[] = {wording_format(writer->wording, "Changes since version %s", specification->since)};
	lxw_worksheet *sheet = begin_sheet(writer, "Changes", heads, widths, 1);
	for (size_t i = 0; i < specification->history_count; i++) {
		put(writer, sheet, i + 1, 0, specification->history[i], writer->text);
	}
	if (specification->history_count == 0) {
		put(writer, sheet, 1, 0, "Nothing that this workbook tells has changed.", writer->text);
	}
}

/* --- the hidden sheet --- */

static void write_seal(struct writer *writer, const struct specification *specification)
{
	const char *const lines[][2] = {
		{TABLE_SEAL_MARK, TABLE_SEAL_VERSION},
		{"interface", specification->contract->interface},
		{"version", specification->contract->version},
		{"hash", specification->hash},
	};
	lxw_worksheet *sheet = workbook_add_worksheet(writer->workbook, TABLE_SEAL_SHEET);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		put(writer, sheet, i, 0, lines[i][0], NULL);
		put(writer, sheet, i, 1, lines[i][1], NULL);
	}
	for (int column = 0; column < FIELD_COLUMN_COUNT; column++) {
		put(writer, sheet, TABLE_SEAL_HEAD_ROW, (size_t)column, field_columns[column].head, NULL);
		for (size_t i = 0; i < specification->fields.count; i++) {
			put(writer, sheet, TABLE_SEAL_HEAD_ROW + 1 + i, (size_t)column,
			    specification->fields.rows[i].cells[column], NULL);
		}
	}
	worksheet_hide(sheet);
	protect(sheet);
}

/* --- entry --- */

static void write_all(struct writer *writer, const struct specification *specification)
{
	lxw_doc_properties properties = {
		.title = words_of(writer, specification->title),
		.subject = words_of(writer, "Mapping specification"),
		.created = CREATED,
	};
	keep(writer, workbook_set_properties(writer->workbook, &properties));
	make_formats(writer);
	write_overview(writer, specification);
	write_fields(writer, specification);
	write_leaves(writer, &specification->reply, "Reply", "Compared as");
	write_leaves(writer, &specification->message, "Message", "Sent to the model");
	write_codes(writer, specification);
	write_history(writer, specification);
	write_seal(writer, specification);
}

static bool finish(struct writer *writer, const char *written, const char *path, struct error *err)
{
	lxw_error closed = workbook_close(writer->workbook);
	keep(writer, closed);
	if (writer->error != LXW_NO_ERROR || writer->wording->failed) {
		unlink(written);
		return error_set(err, ERROR_SYSTEM,
				 "cannot write the workbook %s: %s; check its directory, and the "
				 "directory for temporary files",
				 path, writer->wording->failed ? "no memory" : lxw_strerror(writer->error));
	}
	if (rename(written, path) != 0) {
		unlink(written);
		return error_set(err, ERROR_SYSTEM, "cannot put the workbook in the place of %s; check its directory",
				 path);
	}
	return true;
}

bool specification_write_xlsx(const struct specification *specification, const char *path, struct error *err)
{
	struct buffer written CLEANUP_BUFFER = BUFFER_INIT(8192);
	struct wording wording = {.arena = specification->wording.arena};
	struct writer writer = {.wording = &wording};
	buffer_append_format(&written, "%s.new", path);
	if (!buffer_ok(&written, "the path of the workbook", err)) {
		return false;
	}
	writer.workbook = workbook_new(written.data);
	if (writer.workbook == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the workbook; free some");
	}
	write_all(&writer, specification);
	return finish(&writer, written.data, path, err);
}
