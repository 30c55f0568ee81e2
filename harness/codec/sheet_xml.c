/* The XML of a workbook's parts by expat, and the text of its string items. */
#include "harness/codec/sheet.h"
#include "harness/codec/sheet_workbook.h"

#include "harness/base/text.h"

#include <expat.h>

enum { DEPTH_MAX = 256, ESCAPE_LENGTH = 7, FIRST_ITEMS = 64 };

struct part_reader {
	XML_Parser parser;
	const struct xml_handlers *handlers;
	void *context;
	const char *part;
	struct error *err;
	int depth;
	bool failed;
};

/* Names come as "NAMESPACE|local". */
static const char *local_name(const char *name)
{
	const char *bar = strrchr(name, '|');
	return bar != NULL ? bar + 1 : name;
}

const char *xml_attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		if (strcmp(local_name(attributes[i]), name) == 0) {
			return attributes[i + 1];
		}
	}
	return NULL;
}

static void stop(struct part_reader *reader)
{
	reader->failed = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct part_reader *reader = context;
	if (reader->failed) {
		return;
	}
	reader->depth++;
	if (reader->depth > DEPTH_MAX) {
		error_set(reader->err, ERROR_LIMIT, "\"%s\" has more than %d elements inside each other", reader->part,
			  DEPTH_MAX);
		stop(reader);
	} else if (!reader->handlers->start(reader->context, local_name(name), attributes, reader->err)) {
		stop(reader);
	}
}

static void on_end(void *context, const XML_Char *name)
{
	struct part_reader *reader = context;
	reader->depth--;
	if (!reader->failed && reader->handlers->end != NULL &&
	    !reader->handlers->end(reader->context, local_name(name), reader->err)) {
		stop(reader);
	}
}

static void on_text(void *context, const XML_Char *text, int length)
{
	struct part_reader *reader = context;
	if (!reader->failed && reader->handlers->text != NULL) {
		reader->handlers->text(reader->context, (struct span){text, (size_t)length});
	}
}

static void on_document_type(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
			     int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	struct part_reader *reader = context;
	error_set(reader->err, ERROR_FORMAT, "\"%s\" has a document type, which no spreadsheet program writes",
		  reader->part);
	stop(reader);
}

static bool parse(struct part_reader *reader, struct span piece, bool last)
{
	if (reader->failed) {
		return false;
	}
	if (XML_Parse(reader->parser, piece.data, (int)piece.length, last) != XML_STATUS_OK && !reader->failed) {
		reader->failed = true;
		error_set(reader->err, ERROR_FORMAT, "\"%s\" is no XML: %s in line %lu; get the file again",
			  reader->part, XML_ErrorString(XML_GetErrorCode(reader->parser)),
			  XML_GetCurrentLineNumber(reader->parser));
	}
	return !reader->failed;
}

static bool take_piece(void *context, struct span piece)
{
	return parse(context, piece, false);
}

bool workbook_read_part(struct workbook *workbook, const char *part, const struct xml_handlers *handlers, void *context,
			struct error *err)
{
	struct part_reader reader = {.handlers = handlers, .context = context, .part = part, .err = err};
	reader.parser = XML_ParserCreateNS(NULL, '|');
	if (reader.parser == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to read \"%s\"", part);
	}
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reader.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader.parser, on_document_type);
	bool good = archive_read(workbook->archive, part, SHEET_PART_MAX, take_piece, &reader, err) &&
		    parse(&reader, SPAN(""), true);
	XML_ParserFree(reader.parser);
	return good;
}

void string_item_start(struct string_item *item, const char *name)
{
	item->phonetic += strcmp(name, "rPh") == 0;
	item->inside = item->phonetic == 0 && (strcmp(name, "t") == 0 || strcmp(name, "v") == 0);
}

void string_item_end(struct string_item *item, const char *name)
{
	item->phonetic -= strcmp(name, "rPh") == 0;
	item->inside = false;
}

void string_item_text(struct string_item *item, struct span text)
{
	if (item->inside) {
		buffer_append_span(&item->text, text);
	}
}

/* "_x000D_": the character 13. */
static bool decode_escape(struct span rest, uint32_t *ret_code_point)
{
	if (rest.length < ESCAPE_LENGTH || rest.data[0] != '_' || rest.data[1] != 'x' || rest.data[6] != '_') {
		return false;
	}
	uint32_t code_point = 0;
	for (size_t i = 2; i < 6; i++) {
		int digit = text_hex_digit(rest.data[i]);
		if (digit < 0) {
			return false;
		}
		code_point = code_point * 16 + (uint32_t)digit;
	}
	*ret_code_point = code_point;
	return code_point != 0 && (code_point < 0xd800 || code_point > 0xdfff);
}

bool string_item_take(struct string_item *item, struct arena *arena, struct span *ret_text, struct error *err)
{
	struct span raw = buffer_span(&item->text);
	if (!buffer_ok(&item->text, "the text of a cell", err)) {
		return false;
	}
	char *copy = arena_allocate(arena, raw.length + 1);
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "the table needs more than %zu bytes of memory; split it",
				 arena->maximum);
	}
	size_t length = 0;
	for (size_t i = 0; i < raw.length; i++) {
		uint32_t code_point = 0;
		if (decode_escape((struct span){raw.data + i, raw.length - i}, &code_point)) {
			length += text_encode_code_point(code_point, copy + length);
			i += ESCAPE_LENGTH - 1;
		} else {
			copy[length++] = raw.data[i];
		}
	}
	*ret_text = (struct span){copy, length};
	buffer_clear(&item->text);
	return true;
}

void *workbook_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return items;
	}
	size_t larger = *capacity > 0 ? *capacity * 2 : FIRST_ITEMS;
	void *copy = arena_allocate_array(arena, larger, size);
	if (copy != NULL) {
		*capacity = larger;
		if (count > 0) {
			memcpy(copy, items, count * size);
		}
	}
	return copy;
}
