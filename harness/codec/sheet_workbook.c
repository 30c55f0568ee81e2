/* Where a workbook keeps its parts (ECMA-376 part 2, relationships), its shared strings and its cell formats. */
#include "harness/codec/sheet_workbook.h"

#include "harness/base/text.h"
#include "harness/codec/sheet_value.h"

struct relationship {
	const char *id;
	const char *type;   /* its last word: "worksheet" */
	const char *target; /* name of the part */
};

struct relationships {
	struct workbook *workbook;
	const char *folder; /* that targets are relative to, with its closing "/"; may be "" */
	struct relationship *list;
	size_t count;
	size_t capacity;
};

bool workbook_no_room(const struct workbook *workbook, struct error *err)
{
	return error_set(err, ERROR_LIMIT, "the table needs more than %zu bytes of memory; split it",
			 workbook->arena->maximum);
}

static bool on_relationship(void *context, const char *name, const char **attributes, struct error *err)
{
	struct relationships *all = context;
	const char *id = xml_attribute(attributes, "Id");
	const char *type = xml_attribute(attributes, "Type");
	const char *target = xml_attribute(attributes, "Target");
	if (strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL) {
		return true;
	}
	struct arena *arena = all->workbook->arena;
	const char *slash = strrchr(type, '/');
	bool absolute = target[0] == '/';
	all->list = workbook_grow(arena, all->list, all->count, &all->capacity, sizeof(*all->list));
	char *id_copy = arena_copy(arena, span_of(id));
	char *type_copy = arena_copy(arena, span_of(slash != NULL ? slash + 1 : type));
	char *target_copy =
		absolute ? arena_copy(arena, span_of(target + 1)) : arena_format(arena, "%s%s", all->folder, target);
	if (all->list == NULL || id_copy == NULL || type_copy == NULL || target_copy == NULL) {
		return workbook_no_room(all->workbook, err);
	}
	all->list[all->count++] = (struct relationship){id_copy, type_copy, target_copy};
	return true;
}

static const struct xml_handlers relationship_handlers = {.start = on_relationship};

/* The relationships of `part` ("": of the package). */
static bool read_relationships(struct workbook *workbook, const char *part, struct relationships *ret_all,
			       struct error *err)
{
	const char *slash = strrchr(part, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - part) : 0;
	char *copy = arena_copy(workbook->arena, (struct span){part, folder});
	char *name = arena_format(workbook->arena, "%.*s_rels/%s.rels", (int)folder, part, part + folder);
	if (copy == NULL || name == NULL) {
		return workbook_no_room(workbook, err);
	}
	*ret_all = (struct relationships){.workbook = workbook, .folder = copy};
	return workbook_read_part(workbook, name, &relationship_handlers, ret_all, err);
}

static const char *target_of(const struct relationships *all, const char *id, const char *type)
{
	for (size_t i = 0; i < all->count; i++) {
		if ((id == NULL || strcmp(all->list[i].id, id) == 0) && strcmp(all->list[i].type, type) == 0) {
			return all->list[i].target;
		}
	}
	return NULL;
}

/* --- the list of sheets --- */

struct sheet_choice {
	struct workbook *workbook;
	const struct relationships *all;
	const char *wanted;
};

static bool is_true(const char *value)
{
	return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static bool on_sheet(void *context, const char *name, const char **attributes, struct error *err)
{
	(void)err;
	struct sheet_choice *choice = context;
	if (strcmp(name, "workbookPr") == 0) {
		choice->workbook->from_1904 = is_true(xml_attribute(attributes, "date1904"));
	}
	if (strcmp(name, "sheet") != 0 || choice->workbook->sheet_part != NULL) {
		return true;
	}
	const char *sheet_name = xml_attribute(attributes, "name");
	const char *id = xml_attribute(attributes, "id");
	const char *state = xml_attribute(attributes, "state");
	bool is_it = choice->wanted != NULL ? sheet_name != NULL && strcmp(sheet_name, choice->wanted) == 0
					    : state == NULL || strcmp(state, "visible") == 0;
	if (is_it && id != NULL) {
		choice->workbook->sheet_part = target_of(choice->all, id, "worksheet");
	}
	return true;
}

static const struct xml_handlers sheet_handlers = {.start = on_sheet};

bool workbook_open(struct workbook *workbook, const char *wanted, struct error *err)
{
	struct relationships package;
	struct relationships all;
	struct error inner = ERROR_INIT;
	if (!read_relationships(workbook, "", &package, &inner)) {
		return error_set(err, inner.code == ERROR_MISSING ? ERROR_FORMAT : inner.code, "%s",
				 inner.code == ERROR_MISSING
					 ? "this ZIP file is no XLSX workbook; save the table as XLSX or CSV"
					 : inner.message);
	}
	const char *part = target_of(&package, NULL, "officeDocument");
	if (part == NULL) {
		return error_set(err, ERROR_FORMAT, "this file is no XLSX workbook; save the table as XLSX or CSV");
	}
	struct sheet_choice choice = {.workbook = workbook, .all = &all, .wanted = wanted};
	if (!read_relationships(workbook, part, &all, err) ||
	    !workbook_read_part(workbook, part, &sheet_handlers, &choice, err)) {
		return false;
	}
	workbook->strings_part = target_of(&all, NULL, "sharedStrings");
	workbook->styles_part = target_of(&all, NULL, "styles");
	if (workbook->sheet_part != NULL) {
		return true;
	}
	return wanted != NULL ? error_set(err, ERROR_MISSING,
					  "the workbook has no worksheet \"%s\"; name one that it has", wanted)
			      : error_set(err, ERROR_MISSING,
					  "the workbook has no visible worksheet; show the one with the table");
}

/* --- shared strings --- */

struct strings_reader {
	struct workbook *workbook;
	struct string_item item;
	size_t capacity;
};

static bool on_string_start(void *context, const char *name, const char **attributes, struct error *err)
{
	(void)attributes;
	(void)err;
	struct strings_reader *reader = context;
	string_item_start(&reader->item, name);
	return true;
}

static bool on_string_end(void *context, const char *name, struct error *err)
{
	struct strings_reader *reader = context;
	struct workbook *workbook = reader->workbook;
	string_item_end(&reader->item, name);
	if (strcmp(name, "si") != 0) {
		return true;
	}
	workbook->strings = workbook_grow(workbook->arena, workbook->strings, workbook->string_count, &reader->capacity,
					  sizeof(*workbook->strings));
	if (workbook->strings == NULL) {
		return workbook_no_room(workbook, err);
	}
	if (!string_item_take(&reader->item, workbook->arena, &workbook->strings[workbook->string_count], err)) {
		return false;
	}
	workbook->string_count++;
	return true;
}

static void on_string_text(void *context, struct span text)
{
	struct strings_reader *reader = context;
	string_item_text(&reader->item, text);
}

static const struct xml_handlers string_handlers = {on_string_start, on_string_end, on_string_text};

bool workbook_read_strings(struct workbook *workbook, struct error *err)
{
	if (workbook->strings_part == NULL) {
		return true;
	}
	struct strings_reader reader = {.workbook = workbook, .item = {.text = BUFFER_INIT(SHEET_TEXT_MAX)}};
	bool good = workbook_read_part(workbook, workbook->strings_part, &string_handlers, &reader, err);
	buffer_finish(&reader.item.text);
	return good;
}

/* --- cell formats --- */

enum { CUSTOM_FORMATS_MAX = 4096 };

struct styles_reader {
	struct workbook *workbook;
	int64_t *date_formats; /* ids of custom formats that show dates */
	size_t date_format_count;
	size_t date_format_capacity;
	size_t style_capacity;
	bool in_cell_formats;
};

static bool add_custom_format(struct styles_reader *reader, const char **attributes, struct error *err)
{
	const char *id = xml_attribute(attributes, "numFmtId");
	const char *code = xml_attribute(attributes, "formatCode");
	int64_t number = 0;
	if (id == NULL || code == NULL || !text_to_int64(span_of(id), &number) || !sheet_code_is_date(span_of(code))) {
		return true;
	}
	if (reader->date_format_count == CUSTOM_FORMATS_MAX) {
		return error_set(err, ERROR_LIMIT, "the workbook has more than %d formats of dates",
				 CUSTOM_FORMATS_MAX);
	}
	reader->date_formats = workbook_grow(reader->workbook->arena, reader->date_formats, reader->date_format_count,
					     &reader->date_format_capacity, sizeof(*reader->date_formats));
	if (reader->date_formats == NULL) {
		return workbook_no_room(reader->workbook, err);
	}
	reader->date_formats[reader->date_format_count++] = number;
	return true;
}

static bool is_date_format(const struct styles_reader *reader, const char *id)
{
	int64_t number = 0;
	if (id == NULL || !text_to_int64(span_of(id), &number)) {
		return false;
	}
	for (size_t i = 0; i < reader->date_format_count; i++) {
		if (reader->date_formats[i] == number) {
			return true;
		}
	}
	return sheet_builtin_is_date(number);
}

static bool on_style_start(void *context, const char *name, const char **attributes, struct error *err)
{
	struct styles_reader *reader = context;
	struct workbook *workbook = reader->workbook;
	if (strcmp(name, "numFmt") == 0) {
		return add_custom_format(reader, attributes, err);
	}
	reader->in_cell_formats = reader->in_cell_formats || strcmp(name, "cellXfs") == 0;
	if (!reader->in_cell_formats || strcmp(name, "xf") != 0) {
		return true;
	}
	workbook->date_styles = workbook_grow(workbook->arena, workbook->date_styles, workbook->style_count,
					      &reader->style_capacity, sizeof(*workbook->date_styles));
	if (workbook->date_styles == NULL) {
		return workbook_no_room(workbook, err);
	}
	workbook->date_styles[workbook->style_count++] = is_date_format(reader, xml_attribute(attributes, "numFmtId"));
	return true;
}

static bool on_style_end(void *context, const char *name, struct error *err)
{
	(void)err;
	struct styles_reader *reader = context;
	reader->in_cell_formats = reader->in_cell_formats && strcmp(name, "cellXfs") != 0;
	return true;
}

static const struct xml_handlers style_handlers = {.start = on_style_start, .end = on_style_end};

bool workbook_read_styles(struct workbook *workbook, struct error *err)
{
	struct styles_reader reader = {.workbook = workbook};
	return workbook->styles_part == NULL ||
	       workbook_read_part(workbook, workbook->styles_part, &style_handlers, &reader, err);
}
