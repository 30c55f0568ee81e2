/* Layer 4, private to reports: a report as blocks, made once and written as HTML and as Markdown.
 *
 * Text is copied into the document's arena; every renderer escapes all of it. Without memory the document turns
 * `failed` and ignores what follows; writers check it once at the end. */
#ifndef UNDERSTUDY_REPORTS_DOCUMENT_H
#define UNDERSTUDY_REPORTS_DOCUMENT_H

#include "harness/base/arena.h"

enum block_kind {
	BLOCK_HEADING,
	BLOCK_PARAGRAPH,
	BLOCK_LIST, /* items in cells */
	BLOCK_TABLE,
	BLOCK_FIGURE,
	BLOCK_TILES, /* four cells each: label, value, detail, mark */
	BLOCK_MEASURED_BEGIN,
	BLOCK_MEASURED_END,
};

enum text_style {
	STYLE_PLAIN,
	STYLE_LEAD,    /* the decision's sentence */
	STYLE_NOTE,    /* method, n */
	STYLE_WARNING, /* a banner */
	STYLE_GO,      /* decision badges */
	STYLE_NO_GO,
	STYLE_HOLD,
	STYLE_GOOD,  /* a cell that ties out */
	STYLE_BAD,   /* one that does not */
	STYLE_KEY,   /* a week: never broken over lines */
	STYLE_VALUE, /* outside text of any length */
	STYLE_MUTED, /* shown for contrast: known to be wrong, or of no weight */
};

struct cell {
	enum text_style style;
	const char *text;
};

struct column {
	const char *head;
	bool numeric;
};

enum { DOCUMENT_COLUMNS_MAX = 12 };

struct block {
	enum block_kind kind;
	enum text_style style;
	int level;        /* heading: 1 to 4 */
	const char *text; /* heading, paragraph; caption of a table; title of a figure */
	const char *note; /* below a table; what a figure shows, in words; NULL: none */
	const char *name; /* figure: file name without ending, of our own making; heading: anchor or NULL */
	struct column columns[DOCUMENT_COLUMNS_MAX];
	size_t column_count;
	struct cell *cells; /* row by row */
	size_t cell_count;
	size_t cell_capacity;
};

struct document {
	struct arena *arena; /* borrowed */
	const char *title;
	struct block *blocks;
	size_t count;
	size_t capacity;
	bool failed;
};

void document_init(struct document *document, struct arena *arena);
void document_heading(struct document *document, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void document_paragraph(struct document *document, enum text_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void document_list(struct document *document);
void document_table(struct document *document, const char *format, ...) __attribute__((format(printf, 2, 3)));
void document_tiles(struct document *document);
void document_figure(struct document *document, const char *name, const char *title, const char *words);
void document_measured(struct document *document, bool begin);
/* Of the last block. */
void document_column(struct document *document, const char *head, bool numeric);
void document_note(struct document *document, const char *format, ...) __attribute__((format(printf, 2, 3)));
void document_cell(struct document *document, enum text_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Outside text; data NULL: absent. At most 200 bytes are shown, the rest is cut with an ellipsis. */
void document_value(struct document *document, struct span value);

/* `plots`: directory with NAME.svg to set into the page; NULL: figures are left out. The buffer tells of failures. */
void document_write_html(const struct document *document, const char *plots, struct buffer *buffer);
/* Figures become images at plots/NAME.svg where `plots` is true. */
void document_write_markdown(const struct document *document, bool plots, struct buffer *buffer);

#endif
