/* Incidents: what somebody has to look at, with when it began, how long it took to find and to resolve, and the
 * evidence. */
#include "harness/web/html.h"

enum { SHOWN_MAX = 200, EVIDENCE_DEPTH = 8 };

#define COLUMNS                                                                                                        \
	"n.id, i.name, c.name, n.kind, n.subject, n.severity, n.state, n.began_at, n.detected_at, "                    \
	"coalesce(n.resolved_at, 0), n.evidence FROM incident n JOIN interface i ON i.id = n.interface_id "            \
	"LEFT JOIN candidate c ON c.id = n.candidate_id "

static void write_length(struct buffer *body, int64_t length)
{
	char text[CLOCK_TEXT_SIZE];
	buffer_append_text(body, clock_format_length(length, text));
}

static void write_about(struct buffer *body, struct statement *row)
{
	struct span candidate = statement_text(row, 2);
	struct span subject = statement_text(row, 4);
	text_write_html(body, statement_text(row, 1));
	if (candidate.data != NULL) {
		buffer_append_text(body, ", candidate ");
		text_write_html(body, candidate);
	}
	buffer_append_format(body, ": %s", incident_kind_sentence((int)statement_integer(row, 3)));
	if (subject.length > 0) {
		buffer_append_text(body, " <small>");
		text_write_html(body, subject);
		buffer_append_text(body, "</small>");
	}
}

static const char *state_style(int64_t state)
{
	return state == INCIDENT_RESOLVED ? "good" : state == INCIDENT_ACKNOWLEDGED ? "fair" : "bad";
}

static void write_row(struct buffer *body, struct statement *row)
{
	int64_t resolved = statement_integer(row, 9);
	buffer_append_format(body, "<tr><th scope=\"row\"><a href=\"/incident/%lld\">%lld</a></th><td class=\"text\">",
			     (long long)statement_integer(row, 0), (long long)statement_integer(row, 0));
	write_about(body, row);
	buffer_append_format(body, "</td><td>%s</td><td><span class=\"dot %s\"></span>%s</td><td>",
			     drift_severity_name((int)statement_integer(row, 5)),
			     state_style(statement_integer(row, 6)),
			     incident_state_name((int)statement_integer(row, 6)));
	html_time(body, statement_integer(row, 7));
	buffer_append_text(body, "</td><td>");
	write_length(body, statement_integer(row, 8) - statement_integer(row, 7));
	buffer_append_text(body, "</td><td>");
	if (resolved > 0) {
		write_length(body, resolved - statement_integer(row, 8));
	} else {
		buffer_append_text(body, "–");
	}
	buffer_append_text(body, "</td></tr>\n");
}

bool page_incidents(struct page *page, struct error *err)
{
	struct buffer *body = &page->body;
	if (page->store == NULL) {
		page_without_store(page, 200);
		return true;
	}
	struct statement *rows =
		store_statement(page->store, "SELECT " COLUMNS "ORDER BY n.state >= 2, n.id DESC LIMIT ?", err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, SHOWN_MAX);
	html_begin(page, "Incidents");
	size_t count = 0;
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		if (count++ == 0) {
			buffer_append_text(
				body, "<section class=\"card wide\" tabindex=\"0\"><table "
				      "class=\"letters\">\n<caption>Unresolved "
				      "first, newest first</caption>\n<thead><tr><th scope=\"col\">no.</th><th "
				      "scope=\"col\">about</th><th scope=\"col\">severity</th><th "
				      "scope=\"col\">state</th><th "
				      "scope=\"col\">began (estimate)</th><th scope=\"col\">time to detect</th><th "
				      "scope=\"col\">time to resolve</th></tr></thead>\n<tbody>\n");
		}
		write_row(body, rows);
	}
	statement_reset(rows);
	buffer_append_text(body, count > 0 ? "</tbody>\n</table></section>\n" : "<p class=\"message\">None.</p>\n");
	html_end(page);
	return step == STATEMENT_DONE;
}

/* --- one incident --- */

static void write_person(struct buffer *body, const char *what, const char *who)
{
	if (who != NULL) {
		buffer_append_format(body, "<div><dt>%s</dt><dd>", what);
		html_text(body, who);
		buffer_append_text(body, "</dd></div>\n");
	}
}

/* Whom to call, and by which book. */
static void write_owners(struct page *page, const char *interface)
{
	const struct contract *contract =
		page->config->installation != NULL ? installation_find(page->config->installation, interface) : NULL;
	if (contract != NULL) {
		write_person(&page->body, "Integration owner", contract->owner_integration);
		write_person(&page->body, "Escalation", contract->owner_escalation);
		write_person(&page->body, "Runbook", contract->runbook);
	}
}

static bool is_exchange_id(struct span text)
{
	uint8_t id[16];
	return text_from_hex(text, id, sizeof(id));
}

static void write_scalar(struct buffer *body, const struct json_node *node)
{
	struct span text = json_text(node);
	if (json_is(node, JSON_STRING) && is_exchange_id(text)) {
		buffer_append_format(body, "<a class=\"id\" href=\"/exchange/%.*s\">%.*s</a>", SPAN_ARGUMENTS(text),
				     SPAN_ARGUMENTS(text));
	} else if (json_is(node, JSON_STRING) || json_is(node, JSON_NUMBER)) {
		text_write_html(body, text);
	} else {
		html_text(body, json_is(node, JSON_NULL) ? "not known" : json_is(node, JSON_TRUE) ? "yes" : "no");
	}
}

/* Nested lists; names are our own words with "_" for spaces, or outside text. */
static void write_evidence(struct buffer *body, const struct json_node *node, int depth)
{
	bool is_object = json_is(node, JSON_OBJECT);
	if ((!is_object && !json_is(node, JSON_ARRAY)) || depth == EVIDENCE_DEPTH) {
		write_scalar(body, node);
		return;
	}
	if (json_count(node) == 0) {
		buffer_append_text(body, "none");
		return;
	}
	buffer_append_text(body, is_object ? "<dl class=\"evidence\">\n" : "<ul class=\"evidence\">\n");
	for (const struct json_node *item = json_first(node); item != NULL; item = json_next(node, item)) {
		buffer_append_text(body, is_object ? "<div><dt>" : "<li>");
		if (is_object) {
			text_write_html(body, json_text(item));
			buffer_append_text(body, "</dt><dd>");
		}
		write_evidence(body, is_object ? json_member(item) : item, depth + 1);
		buffer_append_text(body, is_object ? "</dd></div>\n" : "</li>\n");
	}
	buffer_append_text(body, is_object ? "</dl>\n" : "</ul>\n");
}

static bool write_actions(struct page *page, int64_t id, struct error *err)
{
	struct buffer *body = &page->body;
	struct statement *rows = store_statement(
		page->store, "SELECT at, state, actor, note FROM incident_action WHERE incident_id = ? ORDER BY id",
		err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, id);
	size_t count = 0;
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		buffer_append_text(body, count++ == 0 ? "<h2>What was done</h2>\n<ul>\n<li>" : "<li>");
		html_time(body, statement_integer(rows, 0));
		buffer_append_format(body, " %s by ", incident_state_name((int)statement_integer(rows, 1)));
		text_write_html(body, statement_text(rows, 2));
		buffer_append_text(body, statement_text(rows, 3).length > 0 ? ": " : "");
		text_write_html(body, statement_text(rows, 3));
		buffer_append_text(body, "</li>\n");
	}
	statement_reset(rows);
	buffer_append_text(body, count > 0 ? "</ul>\n" : "");
	return step == STATEMENT_DONE;
}

static void write_times(struct buffer *body, struct statement *row)
{
	int64_t resolved = statement_integer(row, 9);
	buffer_append_format(body, "<div><dt>State</dt><dd><span class=\"dot %s\"></span>%s</dd></div>\n",
			     state_style(statement_integer(row, 6)),
			     incident_state_name((int)statement_integer(row, 6)));
	buffer_append_format(body, "<div><dt>Severity</dt><dd>%s</dd></div>\n<div><dt>Began (estimate)</dt><dd>",
			     drift_severity_name((int)statement_integer(row, 5)));
	html_time(body, statement_integer(row, 7));
	buffer_append_text(body, "</dd></div>\n<div><dt>Detected</dt><dd>");
	html_time(body, statement_integer(row, 8));
	buffer_append_text(body, ", after ");
	write_length(body, statement_integer(row, 8) - statement_integer(row, 7));
	buffer_append_text(body, "</dd></div>\n");
	if (resolved > 0) {
		buffer_append_text(body, "<div><dt>Resolved</dt><dd>");
		html_time(body, resolved);
		buffer_append_text(body, ", after ");
		write_length(body, resolved - statement_integer(row, 8));
		buffer_append_text(body, "</dd></div>\n");
	}
}

static bool write_incident(struct page *page, struct statement *row, struct error *err)
{
	struct buffer *body = &page->body;
	const char *evidence = arena_copy(&page->arena, statement_text(row, 10));
	const char *interface = arena_copy(&page->arena, statement_text(row, 1));
	const struct json_node *root = NULL;
	if (evidence == NULL || interface == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the page");
	}
	if (!json_parse(&page->arena, span_of(evidence), NULL, &root, err)) {
		return false;
	}
	html_begin(page, "Incident");
	buffer_append_text(body, "<p class=\"message\">");
	write_about(body, row);
	buffer_append_text(body, "</p>\n<dl class=\"facts\">\n");
	write_times(body, row);
	write_owners(page, interface);
	buffer_append_text(body, "</dl>\n<h2>What is known</h2>\n");
	write_evidence(body, root, 0);
	return true;
}

bool page_incident(struct page *page, struct error *err)
{
	int64_t id = 0;
	if (page->store == NULL) {
		page_without_store(page, 503);
		return true;
	}
	struct statement *row = store_statement(page->store, "SELECT " COLUMNS "WHERE n.id = ?", err);
	if (row == NULL) {
		return false;
	}
	bool is_number = text_to_int64(page->rest, &id);
	statement_bind_integer(row, 1, id);
	enum statement_step step = statement_step(row, err);
	bool done = step != STATEMENT_FAILED;
	if (step == STATEMENT_ROW && is_number) {
		done = write_incident(page, row, err);
	} else if (done) {
		page_message(page, 404, "No such incident", "The list of incidents shows them all.");
	}
	statement_reset(row);
	if (!done || page->status == 404) {
		return done;
	}
	done = write_actions(page, id, err);
	buffer_append_format(&page->body,
			     "<p>On the command line: <code>understudy incident ack %lld --by NAME</code>, "
			     "<code>understudy incident resolve %lld --by NAME --note WHY</code>.</p>\n",
			     (long long)id, (long long)id);
	html_end(page);
	return done;
}
