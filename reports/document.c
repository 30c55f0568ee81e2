#include "reports/document.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 4096, VALUE_MAX = 200 };

void document_init(struct document *document, struct arena *arena)
{
	*document = (struct document){.arena = arena};
}

static const char *copy_format(struct document *document, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
static const char *copy_format(struct document *document, const char *format, va_list arguments)
{
	char text[TEXT_MAX];
	int length = vsnprintf(text, sizeof(text), format, arguments);
	size_t kept = length < 0 ? 0 : (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
	const char *copy = arena_copy(document->arena, (struct span){text, kept});
	document->failed = document->failed || copy == NULL;
	return copy != NULL ? copy : "";
}

static void *grow(struct document *document, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return items;
	}
	size_t more = *capacity > 0 ? *capacity * 2 : 16;
	void *grown = arena_allocate_array(document->arena, more, size);
	if (grown == NULL) {
		document->failed = true;
		return NULL;
	}
	if (count > 0) {
		memcpy(grown, items, count * size);
	}
	*capacity = more;
	return grown;
}

/* Never NULL: without memory a block that nobody reads. */
static struct block *add_block(struct document *document, enum block_kind kind)
{
	static struct block nowhere;
	struct block *blocks = grow(document, document->blocks, document->count, &document->capacity, sizeof(*blocks));
	nowhere = (struct block){0};
	if (blocks == NULL) {
		return &nowhere;
	}
	document->blocks = blocks;
	struct block *block = &blocks[document->count++];
	*block = (struct block){.kind = kind};
	return block;
}

static struct block *last_block(struct document *document)
{
	return document->count > 0 && !document->failed ? &document->blocks[document->count - 1] : NULL;
}

void document_heading(struct document *document, int level, const char *format, ...)
{
	struct block *block = add_block(document, BLOCK_HEADING);
	va_list arguments;
	va_start(arguments, format);
	block->level = level;
	block->text = copy_format(document, format, arguments);
	va_end(arguments);
	document->title = document->title == NULL ? block->text : document->title;
}

void document_paragraph(struct document *document, enum text_style style, const char *format, ...)
{
	struct block *block = add_block(document, BLOCK_PARAGRAPH);
	va_list arguments;
	va_start(arguments, format);
	block->style = style;
	block->text = copy_format(document, format, arguments);
	va_end(arguments);
}

void document_list(struct document *document)
{
	(void)add_block(document, BLOCK_LIST);
}

void document_table(struct document *document, const char *format, ...)
{
	struct block *block = add_block(document, BLOCK_TABLE);
	va_list arguments;
	va_start(arguments, format);
	block->text = copy_format(document, format, arguments);
	va_end(arguments);
}

void document_tiles(struct document *document)
{
	add_block(document, BLOCK_TILES)->column_count = 4;
}

void document_figure(struct document *document, const char *name, const char *title, const char *words)
{
	struct block *block = add_block(document, BLOCK_FIGURE);
	block->name = name;
	block->text = title;
	block->note = words;
}

void document_measured(struct document *document, bool begin)
{
	(void)add_block(document, begin ? BLOCK_MEASURED_BEGIN : BLOCK_MEASURED_END);
}

void document_column(struct document *document, const char *head, bool numeric)
{
	struct block *block = last_block(document);
	if (block != NULL) {
		BUG_ON(block->column_count == DOCUMENT_COLUMNS_MAX);
		block->columns[block->column_count++] = (struct column){head, numeric};
	}
}

void document_note(struct document *document, const char *format, ...)
{
	struct block *block = last_block(document);
	va_list arguments;
	va_start(arguments, format);
	if (block != NULL) {
		block->note = copy_format(document, format, arguments);
	}
	va_end(arguments);
}

static void add_cell(struct document *document, enum text_style style, const char *text)
{
	struct block *block = last_block(document);
	if (block == NULL) {
		return;
	}
	struct cell *cells = grow(document, block->cells, block->cell_count, &block->cell_capacity, sizeof(*cells));
	if (cells != NULL) {
		block->cells = cells;
		cells[block->cell_count++] = (struct cell){style, text};
	}
}

void document_cell(struct document *document, enum text_style style, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add_cell(document, style, copy_format(document, format, arguments));
	va_end(arguments);
}

void document_value(struct document *document, struct span value)
{
	if (value.data == NULL) {
		add_cell(document, STYLE_MUTED, "(absent)");
		return;
	}
	size_t kept = value.length;
	if (kept > VALUE_MAX) {
		for (kept = VALUE_MAX; kept > 0 && ((unsigned char)value.data[kept] & 0xc0) == 0x80;) {
			kept--; /* not inside a character */
		}
	}
	document_cell(document, STYLE_VALUE, "%.*s%s", (int)kept, value.data, kept < value.length ? "…" : "");
}
