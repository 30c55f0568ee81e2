/* The report as one self-contained page. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "reports/document.h"

#include <stdlib.h>

extern const char asset_report_css[];
extern const size_t asset_report_css_size;

enum { SVG_MAX = 4 << 20 };

static const char *style_class(enum text_style style)
{
	static const char *const classes[] = {
		[STYLE_PLAIN] = "",          [STYLE_LEAD] = "lead",   [STYLE_NOTE] = "note",
		[STYLE_WARNING] = "warning", [STYLE_GO] = "badge go", [STYLE_NO_GO] = "badge no-go",
		[STYLE_HOLD] = "badge hold", [STYLE_GOOD] = "good",   [STYLE_BAD] = "bad",
		[STYLE_KEY] = "key",         [STYLE_VALUE] = "value", [STYLE_MUTED] = "muted",
	};
	return classes[style];
}

static void write_element(struct buffer *buffer, const char *tag, const char *class, const char *text)
{
	buffer_append_format(buffer, class[0] != '\0' ? "<%s class=\"%s\">" : "<%s>", tag, class);
	text_write_html(buffer, span_of(text));
	buffer_append_format(buffer, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

static void write_table_head(const struct block *block, struct buffer *buffer)
{
	buffer_append_text(buffer, "<div class=\"table\" tabindex=\"0\" role=\"group\">\n<table>\n");
	write_element(buffer, "caption", "", block->text);
	buffer_append_text(buffer, "<thead><tr>\n");
	for (size_t i = 0; i < block->column_count; i++) {
		write_element(buffer, "th scope=\"col\"", block->columns[i].numeric ? "number" : "",
			      block->columns[i].head);
	}
	buffer_append_text(buffer, "</tr></thead>\n<tbody>\n");
}

static void write_table(const struct block *block, struct buffer *buffer)
{
	write_table_head(block, buffer);
	for (size_t i = 0; i < block->cell_count; i++) {
		const struct cell *cell = &block->cells[i];
		size_t column = i % block->column_count;
		char class[32];
		const char *number = block->columns[column].numeric ? "number" : "";
		const char *style = style_class(cell->style);
		size_t length = strlen(number);
		memcpy(class, number, length);
		if (style[0] != '\0') {
			class[length] = ' ';
			length += length > 0;
			memcpy(class + length, style, strlen(style));
			length += strlen(style);
		}
		class[length] = '\0';
		buffer_append_text(buffer, column == 0 ? "<tr>" : "");
		write_element(buffer, column == 0 ? "th scope=\"row\"" : "td", class, cell->text);
		buffer_append_text(buffer, column + 1 == block->column_count ? "</tr>\n" : "");
	}
	buffer_append_text(buffer, "</tbody></table></div>\n");
	if (block->note != NULL) {
		write_element(buffer, "p", "note", block->note);
	}
}

static void write_tiles(const struct block *block, struct buffer *buffer)
{
	static const char *const parts[] = {"label", "value", "detail", "mark"};
	buffer_append_text(buffer, "<ul class=\"tiles\">\n");
	for (size_t i = 0; i + 4 <= block->cell_count; i += 4) {
		buffer_append_text(buffer, "<li>");
		for (size_t part = 0; part < 4; part++) {
			write_element(buffer, "span", parts[part], block->cells[i + part].text);
		}
		buffer_append_text(buffer, "</li>\n");
	}
	buffer_append_text(buffer, "</ul>\n");
}

static void write_list(const struct block *block, struct buffer *buffer)
{
	buffer_append_text(buffer, "<ul>\n");
	for (size_t i = 0; i < block->cell_count; i++) {
		write_element(buffer, "li", style_class(block->cells[i].style), block->cells[i].text);
	}
	buffer_append_text(buffer, "</ul>\n");
}

/* --- figures --- */

/* What gnuplot writes, and what stands in the page: colours that follow the reader's theme, and ids of its own. */
struct replacement {
	const char *from;
	const char *to;
	bool add_name; /* the figure's name and "-" follow */
};
static const struct replacement REPLACEMENTS[] = {
	{"fill=\"black\"", "fill=\"currentColor\"", false},
	{"stroke='black'", "stroke='currentColor'", false},
	{"stroke=\"black\"", "stroke=\"currentColor\"", false},
	{"color=\"black\"", "", false},
	{"color='white'", "class='paper'", false}, /* halo around points */
	{" id=\"", " id=\"", true},
	{" id='", " id='", true},
	{"xlink:href='#", "xlink:href='#", true},
	{"url(#", "url(#", true},
};

static void write_drawing(struct span svg, const char *name, struct buffer *buffer)
{
	for (size_t i = 0; i < svg.length;) {
		const struct replacement *found = NULL;
		for (size_t r = 0; r < sizeof(REPLACEMENTS) / sizeof(REPLACEMENTS[0]) && found == NULL; r++) {
			found = text_starts_with((struct span){svg.data + i, svg.length - i}, REPLACEMENTS[r].from)
					? &REPLACEMENTS[r]
					: NULL;
		}
		if (found == NULL) {
			buffer_append_byte(buffer, svg.data[i++]);
			continue;
		}
		buffer_append_text(buffer, found->to);
		buffer_append_format(buffer, found->add_name ? "%s-" : "%.0s", name);
		i += strlen(found->from);
	}
}

static void write_figure(const struct block *block, const char *plots, struct buffer *buffer)
{
	struct buffer path CLEANUP_BUFFER = BUFFER_INIT(8192);
	struct buffer svg CLEANUP_BUFFER = BUFFER_INIT(SVG_MAX);
	buffer_append_format(&path, "%s/%s.svg", plots, block->name);
	if (path.failed || !file_read(path.data, &svg, NULL)) {
		return;
	}
	/* Behind gnuplot's own title and description, which name its version. */
	struct span whole = buffer_span(&svg);
	size_t start = text_find(whole, SPAN("</desc>"));
	size_t view = text_find(whole, SPAN("viewBox=\""));
	if (start == whole.length || view == whole.length) {
		return;
	}
	struct span box = {whole.data + view, whole.length - view};
	box.length = strlen("viewBox=\"") +
		     text_find((struct span){box.data + strlen("viewBox=\""), box.length - strlen("viewBox=\"")},
			       SPAN("\"")) +
		     1;
	buffer_append_format(buffer,
			     "<figure>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
			     "xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" "
			     "aria-labelledby=\"%s-title %s-desc\" %.*s>\n<title id=\"%s-title\">",
			     block->name, block->name, SPAN_ARGUMENTS(box), block->name);
	text_write_html(buffer, span_of(block->text));
	buffer_append_format(buffer, "</title>\n<desc id=\"%s-desc\">", block->name);
	text_write_html(buffer, span_of(block->note != NULL ? block->note : ""));
	buffer_append_text(buffer, "</desc>\n");
	start += strlen("</desc>");
	write_drawing((struct span){whole.data + start, whole.length - start}, block->name, buffer);
	write_element(buffer, "figcaption", "", block->text);
	buffer_append_text(buffer, "</figure>\n");
}

static void write_block(const struct block *block, const char *plots, struct buffer *buffer)
{
	char tag[4] = "h1";
	switch (block->kind) {
	case BLOCK_HEADING:
		tag[1] = (char)('0' + block->level);
		write_element(buffer, tag, "", block->text);
		break;
	case BLOCK_PARAGRAPH:
		write_element(buffer, block->style == STYLE_WARNING ? "p role=\"note\"" : "p",
			      style_class(block->style), block->text);
		break;
	case BLOCK_LIST:
		write_list(block, buffer);
		break;
	case BLOCK_TILES:
		write_tiles(block, buffer);
		break;
	case BLOCK_TABLE:
		write_table(block, buffer);
		break;
	case BLOCK_FIGURE:
		if (plots != NULL) {
			write_figure(block, plots, buffer);
		}
		break;
	case BLOCK_MEASURED_BEGIN:
		buffer_append_text(buffer, "<!-- measured:begin -->\n<section class=\"measured\">\n");
		break;
	case BLOCK_MEASURED_END:
		buffer_append_text(buffer, "</section>\n<!-- measured:end -->\n");
		break;
	}
}

void document_write_html(const struct document *document, const char *plots, struct buffer *buffer)
{
	buffer_append_text(buffer, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
				   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
				   "style-src 'unsafe-inline'\">\n");
	write_element(buffer, "title", "", document->title != NULL ? document->title : "Report");
	buffer_append_text(buffer, "<style>\n");
	buffer_append(buffer, asset_report_css, asset_report_css_size);
	buffer_append_text(buffer, "</style>\n</head>\n<body>\n<main>\n");
	for (size_t i = 0; i < document->count; i++) {
		write_block(&document->blocks[i], plots, buffer);
	}
	buffer_append_text(buffer, "</main>\n</body>\n</html>\n");
}
