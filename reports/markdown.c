#include "reports/markdown.h"

#include "harness/base/text.h"
#include "reports/document.h"

static bool is_space(uint32_t code_point)
{
	return code_point == ' ' || (code_point >= '\t' && code_point <= '\r') || code_point == 0x2028 ||
	       code_point == 0x2029;
}

static void write_code_point(struct buffer *buffer, uint32_t code_point)
{
	switch (code_point) {
	case '<':
		buffer_append_text(buffer, "&lt;");
		return;
	case '>':
		buffer_append_text(buffer, "&gt;");
		return;
	case '&':
		buffer_append_text(buffer, "&amp;");
		return;
	default:
		break;
	}
	if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0)) {
		code_point = 0xfffd;
	}
	if (code_point < 0x80 && strchr("\\`*_[]|#~$!", (int)code_point) != NULL) {
		buffer_append_byte(buffer, '\\');
	}
	text_append_code_point(buffer, code_point);
}

void markdown_write_text(struct buffer *buffer, struct span text)
{
	bool space = false;
	for (size_t i = 0; i < text.length;) {
		uint32_t code_point;
		if (!text_next_code_point(text, &i, &code_point)) {
			i++;
			code_point = 0xfffd;
		}
		if (is_space(code_point)) {
			space = true;
			continue;
		}
		if (space) {
			buffer_append_byte(buffer, ' ');
			space = false;
		}
		write_code_point(buffer, code_point);
	}
}

static void write_row(const struct block *block, size_t start, struct buffer *buffer)
{
	for (size_t i = 0; i < block->column_count; i++) {
		struct cell none = {STYLE_PLAIN, ""};
		const struct cell *cell = start + i < block->cell_count ? &block->cells[start + i] : &none;
		buffer_append_text(buffer, cell->style == STYLE_MUTED && cell->text[0] != '\0' ? "| *" : "| ");
		markdown_write_text(buffer, span_of(cell->text));
		buffer_append_text(buffer, cell->style == STYLE_MUTED && cell->text[0] != '\0' ? "* " : " ");
	}
	buffer_append_text(buffer, "|\n");
}

static void write_table(const struct block *block, struct buffer *buffer)
{
	buffer_append_text(buffer, "**");
	markdown_write_text(buffer, span_of(block->text));
	buffer_append_text(buffer, "**\n\n");
	for (size_t i = 0; i < block->column_count; i++) {
		buffer_append_text(buffer, "| ");
		markdown_write_text(buffer, span_of(block->columns[i].head));
		buffer_append_byte(buffer, ' ');
	}
	buffer_append_text(buffer, "|\n");
	for (size_t i = 0; i < block->column_count; i++) {
		buffer_append_text(buffer, block->columns[i].numeric ? "| ---: " : "| --- ");
	}
	buffer_append_text(buffer, "|\n");
	for (size_t row = 0; row < block->cell_count; row += block->column_count) {
		write_row(block, row, buffer);
	}
	buffer_append_byte(buffer, '\n');
	if (block->note != NULL) {
		markdown_write_text(buffer, span_of(block->note));
		buffer_append_text(buffer, "\n\n");
	}
}

static void write_cells(const struct block *block, struct buffer *buffer)
{
	size_t step = block->kind == BLOCK_TILES ? 4 : 1;
	for (size_t i = 0; i + step <= block->cell_count; i += step) {
		const struct cell *cells = &block->cells[i];
		buffer_append_text(buffer, "- ");
		if (step == 4) {
			markdown_write_text(buffer, span_of(cells[0].text));
			buffer_append_text(buffer, ": **");
			markdown_write_text(buffer, span_of(cells[1].text));
			buffer_append_text(buffer, "** ");
			markdown_write_text(buffer, span_of(cells[2].text));
			if (cells[3].text[0] != '\0') {
				buffer_append_text(buffer, " (");
				markdown_write_text(buffer, span_of(cells[3].text));
				buffer_append_byte(buffer, ')');
			}
			buffer_append_byte(buffer, '\n');
		} else {
			markdown_write_text(buffer, span_of(cells[0].text));
			buffer_append_byte(buffer, '\n');
		}
	}
	buffer_append_byte(buffer, '\n');
}

static void write_paragraph(const struct block *block, struct buffer *buffer)
{
	bool strong = block->style == STYLE_GO || block->style == STYLE_NO_GO || block->style == STYLE_HOLD;
	buffer_append_text(buffer, block->style == STYLE_WARNING ? "> **" : strong ? "**" : "");
	markdown_write_text(buffer, span_of(block->text));
	buffer_append_text(buffer, block->style == STYLE_WARNING || strong ? "**\n\n" : "\n\n");
}

static void write_block(const struct block *block, bool plots, struct buffer *buffer)
{
	switch (block->kind) {
	case BLOCK_HEADING:
		buffer_append_format(buffer, "%.*s ", block->level, "####");
		markdown_write_text(buffer, span_of(block->text));
		buffer_append_text(buffer, "\n\n");
		break;
	case BLOCK_PARAGRAPH:
		write_paragraph(block, buffer);
		break;
	case BLOCK_LIST:
	case BLOCK_TILES:
		write_cells(block, buffer);
		break;
	case BLOCK_TABLE:
		write_table(block, buffer);
		break;
	case BLOCK_FIGURE:
		if (plots) {
			buffer_append_text(buffer, "![");
			markdown_write_text(buffer, span_of(block->text));
			buffer_append_format(buffer, "](plots/%s.svg)\n\n", block->name);
		}
		break;
	case BLOCK_MEASURED_BEGIN:
		buffer_append_text(buffer, "<!-- measured:begin -->\n\n");
		break;
	case BLOCK_MEASURED_END:
		buffer_append_text(buffer, "<!-- measured:end -->\n\n");
		break;
	}
}

void document_write_markdown(const struct document *document, bool plots, struct buffer *buffer)
{
	for (size_t i = 0; i < document->count; i++) {
		write_block(&document->blocks[i], plots, buffer);
	}
}
