/* Layer 2, private to harness/codec. A workbook while it is being read: which parts hold what. */
#ifndef UNDERSTUDY_CODEC_SHEET_WORKBOOK_H
#define UNDERSTUDY_CODEC_SHEET_WORKBOOK_H

#include "harness/base/arena.h"
#include "harness/codec/archive.h"

/* What the cells need to know. All memory is the arena's. */
struct workbook {
	struct archive *archive; /* borrowed */
	struct arena *arena;     /* borrowed */
	const char *sheet_part;  /* names of parts; NULL: the workbook has none */
	const char *strings_part;
	const char *styles_part;
	struct span *strings; /* shared strings */
	size_t string_count;
	bool *date_styles; /* by index of cell format */
	size_t style_count;
	bool from_1904;
};

/* Finds the parts. `wanted`: the sheet's name; NULL: the first that is not hidden. */
MUST_CHECK bool workbook_open(struct workbook *workbook, const char *wanted, struct error *err);
/* Reads shared strings and cell formats, where there are any. */
MUST_CHECK bool workbook_read_strings(struct workbook *workbook, struct error *err);
MUST_CHECK bool workbook_read_styles(struct workbook *workbook, struct error *err);

/* --- one part of XML --- */

/* Handlers get local names: namespaces are left away. `attributes` are name and value in turn, ended by NULL. */
struct xml_handlers {
	bool (*start)(void *context, const char *name, const char **attributes, struct error *err);
	bool (*end)(void *context, const char *name, struct error *err); /* NULL: none */
	void (*text)(void *context, struct span text);                   /* NULL: none */
};
/* Document types, and so entities, are refused, and more than 256 elements inside each other. */
MUST_CHECK bool workbook_read_part(struct workbook *workbook, const char *part, const struct xml_handlers *handlers,
				   void *context, struct error *err);
/* Value of an attribute, NULL where there is none. Valid during the call of the handler. */
const char *xml_attribute(const char **attributes, const char *name);

/* --- text of cells and shared strings --- */

/* A string item (ECMA-376 part 1, 18.4.8): text of all runs, without phonetic readings. */
struct string_item {
	struct buffer text;
	bool inside;  /* of an element whose text counts */
	int phonetic; /* elements deep in a phonetic reading */
};
void string_item_start(struct string_item *item, const char *name);
void string_item_end(struct string_item *item, const char *name);
void string_item_text(struct string_item *item, struct span text);
/* The text so far, with _xHHHH_ decoded (ECMA-376 part 1, 22.9.2.19), in the arena; empties the item. */
MUST_CHECK bool string_item_take(struct string_item *item, struct arena *arena, struct span *ret_text,
				 struct error *err);

/* Room for one more item of an array in the arena: doubled where full. NULL: the arena is full. */
void *workbook_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);
bool workbook_no_room(const struct workbook *workbook, struct error *err);

enum { SHEET_TEXT_MAX = 1024 * 1024 };

#endif
