/* The specification as one page. Every text of the contract goes through text_write_html. */
#include "harness/base/text.h"
#include "harness/document/specification.h"

extern const char asset_specification_css[];
extern const size_t asset_specification_css_size;

enum { CODES_INLINE_MAX = 8 };

static void write_text(struct buffer *buffer, const char *text)
{
	text_write_html(buffer, span_of(text));
}

/* <tag attributes>text</tag>: tag and attributes are words of ours. */
static void write_element(struct buffer *buffer, const char *tag, const char *attributes, const char *text)
{
	buffer_append_format(buffer, "<%s%s%s>", tag, attributes[0] != '\0' ? " " : "", attributes);
	write_text(buffer, text);
	buffer_append_format(buffer, "</%s>", tag);
}

static void write_mark(struct buffer *buffer, const char *mark)
{
	if (mark[0] != '\0') {
		buffer_append_format(buffer, " <span class=\"mark %s\">%s</span>", mark, mark);
	}
}

/* --- frame --- */

static void write_navigation(const struct specification *specification, struct buffer *buffer)
{
	buffer_append_text(buffer, "<nav aria-label=\"Parts of this page\"><ul>\n");
	if (specification->since != NULL) {
		buffer_append_text(buffer, "<li><a href=\"#changes\">Changes</a></li>\n");
	}
	buffer_append_text(buffer, "<li><a href=\"#overview\">Overview</a></li>\n"
				   "<li><a href=\"#fields\">Compared fields</a></li>\n"
				   "<li><a href=\"#reply\">LLM reply</a></li>\n");
	if (specification->message.count > 0) {
		buffer_append_text(buffer, "<li><a href=\"#message\">Message</a></li>\n");
	}
	buffer_append_text(buffer, "<li><a href=\"#codes\">Code lists</a></li>\n"
				   "<li><a href=\"#operation\">Data, limits, review and gate</a></li>\n");
	buffer_append_text(buffer, "</ul></nav>\n");
}

static void write_head(const struct specification *specification, struct buffer *buffer)
{
	const struct contract *contract = specification->contract;
	buffer_append_text(buffer, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
				   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
				   "style-src 'unsafe-inline'\">\n<title>");
	write_text(buffer, specification->title);
	buffer_append_text(buffer, " ");
	write_text(buffer, contract->version);
	buffer_append_text(buffer, ": mapping specification</title>\n<style>\n");
	buffer_append(buffer, asset_specification_css, asset_specification_css_size);
	buffer_append_text(buffer,
			   "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#overview\">To the content</a>\n"
			   "<header>\n<p class=\"lead\">Mapping specification, version ");
	write_text(buffer, contract->version);
	buffer_append_text(buffer, "</p>\n");
	write_element(buffer, "h1", "", specification->title);
	buffer_append_text(buffer, "\n");
	write_navigation(specification, buffer);
	buffer_append_text(buffer, "</header>\n<main>\n");
}

static void begin_section(struct buffer *buffer, const char *id, const char *heading)
{
	buffer_append_format(buffer, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, heading);
}

/* `heading` is the id of the section's heading, which names the table as well. */
static void begin_table(struct buffer *buffer, const char *heading, const char *const *heads, size_t count)
{
	buffer_append_format(
		buffer,
		"<div class=\"table cards\" tabindex=\"0\" role=\"region\" aria-labelledby=\"%s\">\n"
		"<table role=\"table\" aria-labelledby=\"%s\">\n<thead role=\"rowgroup\"><tr role=\"row\">",
		heading, heading);
	for (size_t i = 0; i < count; i++) {
		write_element(buffer, "th", "scope=\"col\" role=\"columnheader\"", heads[i]);
	}
	buffer_append_text(buffer, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

static void end_table(struct buffer *buffer)
{
	buffer_append_text(buffer, "</tbody></table></div>\n");
}

/* An open <td>; `class` and `label` are words of ours. */
static void begin_cell(struct buffer *buffer, const char *class, const char *label)
{
	buffer_append_format(buffer, "<td role=\"cell\" class=\"%s\" data-label=\"%s\">", class, label);
}

static void write_cell(struct buffer *buffer, const char *class, const char *label, const char *text)
{
	begin_cell(buffer, class, label);
	write_text(buffer, text);
	buffer_append_text(buffer, "</td>");
}

/* --- overview --- */

static void write_groups(const struct specification *specification, size_t from, size_t to, const char *id,
			 const char *heading, struct buffer *buffer)
{
	begin_section(buffer, id, heading);
	buffer_append_text(buffer, "<div class=\"groups\">\n");
	for (size_t i = from; i < to; i++) {
		const struct specification_group *group = &specification->groups[i];
		buffer_append_format(buffer,
				     "<section aria-labelledby=\"group-%zu\">\n<h3 id=\"group-%zu\">%s</h3>\n<dl>\n", i,
				     i, group->title);
		for (size_t k = 0; k < group->count; k++) {
			write_element(buffer, "dt", "", group->facts[k].label);
			write_element(buffer, "dd", "", group->facts[k].text);
			buffer_append_text(buffer, "\n");
		}
		buffer_append_text(buffer, "</dl>\n</section>\n");
	}
	buffer_append_text(buffer, "</div>\n</section>\n");
}

/* --- compared fields --- */

static void write_where(struct buffer *buffer, const struct field_row *row)
{
	const struct {
		const char *where;
		enum field_column column;
	} places[] = {
		{"message", FIELD_MESSAGE_AT},
		{"legacy", FIELD_LEGACY_AT},
		{"LLM", FIELD_LLM_AT},
	};
	begin_cell(buffer, "where", "Where");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *place = row->cells[places[i].column];
		if (place[0] != '\0' || places[i].column != FIELD_MESSAGE_AT) {
			buffer_append_format(buffer, "<div><span>%s</span> ", places[i].where);
			write_element(buffer, "code", "", place[0] != '\0' ? place : "the whole record");
			buffer_append_text(buffer, "</div>");
		}
	}
	buffer_append_text(buffer, "</td>");
}

static void write_type(struct buffer *buffer, const char *type, const char *range, const char *format)
{
	begin_cell(buffer, "type", "Type");
	write_text(buffer, type);
	if (range[0] != '\0') {
		write_element(buffer, "div", "class=\"muted\"", range);
	}
	if (format[0] != '\0') {
		buffer_append_text(buffer, "<div class=\"muted\">");
		write_element(buffer, "code", "", format);
		buffer_append_text(buffer, "</div>");
	}
	buffer_append_text(buffer, "</td>");
}

static void write_codes(struct buffer *buffer, const struct schema_facts *facts)
{
	begin_cell(buffer, "", "Allowed values");
	if (facts->code_count > CODES_INLINE_MAX) {
		buffer_append_format(buffer, "<a href=\"#codes\">%zu codes</a>", facts->code_count);
	} else if (facts->code_count > 0) {
		buffer_append_text(buffer, "<ul class=\"codes\" role=\"list\">");
		for (size_t i = 0; i < facts->code_count; i++) {
			buffer_append_text(buffer, "<li>");
			write_element(buffer, "code", "", facts->codes[i].value);
			if (facts->codes[i].meaning[0] != '\0') {
				buffer_append_text(buffer, " ");
				write_element(buffer, "span", "class=\"muted\"", facts->codes[i].meaning);
			}
			buffer_append_text(buffer, "</li>");
		}
		buffer_append_text(buffer, "</ul>");
	}
	buffer_append_text(buffer, "</td>");
}

static void write_field(const struct field_row *row, const char *mark, struct buffer *buffer)
{
	bool critical = strcmp(row->cells[FIELD_CRITICAL], "yes") == 0;
	buffer_append_format(buffer, "<tr role=\"row\" class=\"%s\"><th scope=\"row\" role=\"rowheader\">", mark);
	write_text(buffer, row->cells[FIELD_NAME]);
	write_mark(buffer, mark);
	if (row->cells[FIELD_TITLE][0] != '\0') {
		write_element(buffer, "span", "class=\"title\"", row->cells[FIELD_TITLE]);
	}
	buffer_append_text(buffer, "</th>");
	write_cell(buffer, row->cells[FIELD_MEANING][0] != '\0' ? "wide" : "", "Meaning", row->cells[FIELD_MEANING]);
	write_where(buffer, row);
	write_type(buffer, row->cells[FIELD_TYPE], row->facts.range, row->cells[FIELD_FORMAT]);
	write_codes(buffer, &row->facts);
	write_cell(buffer, "", "Required", row->cells[FIELD_REQUIRED]);
	write_cell(buffer, "wide", "Comparison", row->cells[FIELD_WORDS]);
	write_cell(buffer, critical ? "critical" : "", "Critical", row->cells[FIELD_CRITICAL]);
	write_cell(buffer, "", "Examples", row->cells[FIELD_EXAMPLES]);
	buffer_append_text(buffer, "</tr>\n");
}

static void write_fields(const struct specification *specification, struct buffer *buffer)
{
	static const char *const heads[] = {"Field",    "Meaning",    "Where",    "Type",    "Allowed values",
					    "Required", "Comparison", "Critical", "Examples"};
	begin_section(buffer, "fields", "Compared fields");
	buffer_append_text(buffer,
			   "<p class=\"note\">Two replies agree on a field when the comparison holds. A wrong value "
			   "of a critical field makes the whole record unusable.</p>\n");
	begin_table(buffer, "fields", heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < specification->fields.count; i++) {
		const struct field_row *row = &specification->fields.rows[i];
		write_field(row, specification_row_mark(specification, row), buffer);
	}
	for (size_t i = 0; i < specification->change_count; i++) {
		if (specification->changes[i].kind == FIELD_REMOVED) {
			write_field(specification->changes[i].before, "removed", buffer);
		}
	}
	end_table(buffer);
	buffer_append_text(buffer, "</section>\n");
}

/* --- reply and message --- */

static void write_leaf(const struct specification_leaf *leaf, const char *last, struct buffer *buffer)
{
	buffer_append_format(buffer,
			     "<tr role=\"row\" class=\"%s\"><th scope=\"row\" role=\"rowheader\" class=\"place\">",
			     leaf->mark);
	write_element(buffer, "code", "", leaf->path);
	write_mark(buffer, leaf->mark);
	if (leaf->facts.title[0] != '\0') {
		write_element(buffer, "span", "class=\"title\"", leaf->facts.title);
	}
	buffer_append_text(buffer, "</th>");
	write_cell(buffer, leaf->facts.meaning[0] != '\0' ? "wide" : "", "Meaning",
		   leaf->repeats ? "as a place around it, once more" : leaf->facts.meaning);
	write_type(buffer, leaf->facts.type, leaf->facts.range, leaf->facts.format);
	write_codes(buffer, &leaf->facts);
	write_cell(buffer, "", "Required", leaf->required);
	write_cell(buffer, "", last, leaf->field);
	write_cell(buffer, "", "Examples", leaf->facts.examples);
	buffer_append_text(buffer, "</tr>\n");
}

static void write_leaves(const struct specification_leaves *leaves, const char *id, const char *heading,
			 const char *note, const char *last, struct buffer *buffer)
{
	const char *const heads[] = {"Place", "Meaning", "Type", "Allowed values", "Required", last, "Examples"};
	if (leaves->count == 0) {
		return;
	}
	begin_section(buffer, id, heading);
	write_element(buffer, "p", "class=\"note\"", note);
	begin_table(buffer, id, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < leaves->count; i++) {
		write_leaf(&leaves->list[i], last, buffer);
	}
	end_table(buffer);
	if (leaves->more) {
		write_element(buffer, "p", "class=\"note\"", "The schema names more places than are listed here.");
	}
	buffer_append_text(buffer, "</section>\n");
}

/* --- code lists --- */

static size_t write_code_lists(const struct specification_leaves *leaves, const char *where, struct buffer *buffer)
{
	size_t lists = 0;
	for (size_t i = 0; i < leaves->count; i++) {
		const struct schema_facts *facts = &leaves->list[i].facts;
		if (facts->code_count == 0) {
			continue;
		}
		lists++;
		buffer_append_text(buffer, "<div class=\"table\"><table>\n<caption>");
		write_text(buffer, where);
		buffer_append_text(buffer, " ");
		write_element(buffer, "code", "", leaves->list[i].path);
		buffer_append_text(buffer,
				   "</caption>\n<thead><tr><th scope=\"col\">Code</th><th scope=\"col\">Meaning</th>"
				   "</tr></thead>\n<tbody>\n");
		for (size_t k = 0; k < facts->code_count; k++) {
			buffer_append_text(buffer, "<tr><th scope=\"row\">");
			write_element(buffer, "code", "", facts->codes[k].value);
			buffer_append_text(buffer, "</th>");
			write_element(buffer, "td", "", facts->codes[k].meaning);
			buffer_append_text(buffer, "</tr>\n");
		}
		buffer_append_text(buffer, "</tbody></table></div>\n");
	}
	return lists;
}

static void write_all_codes(const struct specification *specification, struct buffer *buffer)
{
	begin_section(buffer, "codes", "Code lists");
	buffer_append_text(buffer, "<div class=\"lists\">\n");
	size_t lists = write_code_lists(&specification->reply, "Reply", buffer) +
		       write_code_lists(&specification->message, "Message", buffer);
	buffer_append_text(buffer, "</div>\n");
	if (lists == 0) {
		write_element(buffer, "p", "", "No value is bound to a list of codes.");
	}
	buffer_append_text(buffer, "</section>\n");
}

/* --- changes --- */

static void write_history(const struct specification *specification, struct buffer *buffer)
{
	if (specification->since == NULL) {
		return;
	}
	buffer_append_text(buffer, "<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes since version ");
	write_text(buffer, specification->since);
	buffer_append_text(buffer, "</h2>\n<ul class=\"history\">\n");
	for (size_t i = 0; i < specification->history_count; i++) {
		write_element(buffer, "li", "", specification->history[i]);
		buffer_append_text(buffer, "\n");
	}
	buffer_append_text(buffer, "</ul>\n");
	if (specification->history_count == 0) {
		write_element(buffer, "p", "", "Nothing that this page tells has changed.");
	}
	buffer_append_text(buffer, "</section>\n");
}

bool specification_write_html(const struct specification *specification, struct buffer *buffer, struct error *err)
{
	write_head(specification, buffer);
	write_history(specification, buffer);
	write_groups(specification, 0, SPECIFICATION_LEADING_GROUPS, "overview", "Overview", buffer);
	write_fields(specification, buffer);
	write_leaves(
		&specification->reply, "reply", "LLM reply",
		"Everything that the LLM path's reply may hold; places are JSON Pointers, an asterisk stands for each "
		"item of a list.",
		"Compared as", buffer);
	write_leaves(&specification->message, "message", "Message",
		     "What comes in, and what of it may be sent to a model.", "Sent to the model", buffer);
	write_all_codes(specification, buffer);
	write_groups(specification, SPECIFICATION_LEADING_GROUPS, specification->group_count, "operation",
		     "Data, limits, review and gate", buffer);
	buffer_append_text(
		buffer, "</main>\n<footer>\n<p>Written from the contract's files by understudy contract doc. Content "
			"hash <code>");
	write_text(buffer, specification->hash);
	buffer_append_text(buffer, "</code></p>\n</footer>\n</body>\n</html>\n");
	return buffer_ok(buffer, "the page", err);
}
