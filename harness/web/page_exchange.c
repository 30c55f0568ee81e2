/* One exchange, for on-call: what came, what both paths answered, and the verdict of every field. */
#include "harness/web/html.h"

#include "harness/store/drift.h"
#include "harness/store/ingest.h"

enum { SHOWN_MAX = 256 * 1024, RECORDS_MAX = 200, ID_SIZE = 16 };

static const char HIDDEN[] = "<span class=\"hidden\">hidden</span>";

/* A fact of the list at the top; the caller writes the value behind it. */
static void begin_fact(struct buffer *body, const char *name)
{
	buffer_append_format(body, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(struct buffer *body)
{
	buffer_append_text(body, "</dd></div>\n");
}

static void write_fact(struct buffer *body, const char *name, const char *value)
{
	begin_fact(body, name);
	html_text(body, value != NULL ? value : "unknown");
	end_fact(body);
}

static void write_integer_fact(struct buffer *body, const char *name, int64_t value, const char *unit)
{
	begin_fact(body, name);
	buffer_append_format(body, "%lld%s", (long long)value, unit);
	end_fact(body);
}

static void write_link_fact(struct buffer *body, const char *name, struct span exchange_id)
{
	begin_fact(body, name);
	buffer_append_text(body, "<a class=\"id\" href=\"/exchange/");
	text_write_hex(body, exchange_id.data, exchange_id.length);
	buffer_append_text(body, "\">");
	text_write_hex(body, exchange_id.data, exchange_id.length);
	buffer_append_text(body, "</a>");
	end_fact(body);
}

/* Text from outside: shown only with --show-payloads, escaped, and cut where it is long. */
static void write_payload(struct page *page, const char *caption, bool is_there, struct span text)
{
	struct buffer *body = &page->body;
	buffer_append_format(body, "<figure class=\"card\"><figcaption>%s", caption);
	if (is_there) {
		buffer_append_format(body, " <small>%zu bytes</small>", text.length);
	}
	buffer_append_text(body, "</figcaption>\n");
	if (!is_there) {
		buffer_append_text(body, "<p>none</p>");
	} else if (!page->config->show_payloads) {
		buffer_append_format(body, "<p>%s</p>", HIDDEN);
	} else {
		struct span shown = {text.data, text.length < SHOWN_MAX ? text.length : SHOWN_MAX};
		buffer_append_text(body, "<pre tabindex=\"0\">");
		text_write_html(body, shown);
		buffer_append_text(body, "</pre>");
		if (shown.length < text.length) {
			buffer_append_format(body, "<p><small>%zu more bytes are not shown</small></p>",
					     text.length - shown.length);
		}
	}
	buffer_append_text(body, "</figure>\n");
}

/* --- the exchange itself --- */

static bool write_related(struct page *page, int64_t id, struct error *err)
{
	struct statement *rows = store_statement(
		page->store,
		"SELECT 'Revision of', r.exchange_id, e.id FROM exchange e JOIN exchange r ON r.id = e.revision_of "
		"WHERE "
		"e.id = ?1 UNION ALL SELECT 'Revised by', n.exchange_id, n.id FROM exchange e JOIN exchange n ON "
		"substr(n.identity, 1, 6) = substr(e.identity, 1, 6) AND n.identity = e.identity WHERE e.id = ?1 AND "
		"n.revision_of = ?1 ORDER BY 3 LIMIT 20",
		err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, id);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		bool is_former = statement_text(rows, 0).length == sizeof("Revision of") - 1;
		write_link_fact(&page->body, is_former ? "Revision of" : "Revised by", statement_blob(rows, 1));
	}
	statement_reset(rows);
	return step == STATEMENT_DONE;
}

static bool find_interface(struct page *page, int64_t id, const char **ret_name, struct error *err)
{
	struct statement *row = store_statement(page->store, "SELECT name FROM interface WHERE id = ?", err);
	if (row == NULL) {
		return false;
	}
	statement_bind_integer(row, 1, id);
	enum statement_step step = statement_step(row, err);
	*ret_name = step == STATEMENT_ROW ? arena_copy(&page->arena, statement_text(row, 0)) : "";
	statement_reset(row);
	return step != STATEMENT_FAILED;
}

/* Versions of the legacy answer, where there are late ones. */
static bool write_versions(struct page *page, int64_t id, struct error *err)
{
	struct statement *rows = store_statement(
		page->store,
		"SELECT a.ordinal, a.legacy_outcome, a.answered_at, a.ordinal IS c.ordinal FROM legacy_answer a LEFT "
		"JOIN legacy_counting c ON c.exchange_id = a.exchange_id WHERE a.exchange_id = ? ORDER BY 1 LIMIT 20",
		err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, id);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		const char *name = legacy_outcome_name((int)statement_integer(rows, 1));
		begin_fact(&page->body, statement_integer(rows, 3) != 0 ? "Answer that counts" : "Other answer");
		buffer_append_format(&page->body, "%lld: %s, ", (long long)statement_integer(rows, 0),
				     name != NULL ? name : "unknown");
		html_time(&page->body, statement_integer(rows, 2));
		end_fact(&page->body);
	}
	statement_reset(rows);
	return step == STATEMENT_DONE;
}

static bool write_facts(struct page *page, int64_t id, const struct store_exchange *exchange, const char *interface,
			struct error *err)
{
	struct buffer *body = &page->body;
	char week[CLOCK_TEXT_SIZE];
	buffer_append_text(body, "<p class=\"id\">");
	text_write_hex(body, exchange->exchange_id, ID_SIZE);
	buffer_append_text(body, "</p>\n<dl class=\"facts\">\n");
	write_fact(body, "Interface", interface);
	begin_fact(body, "Event time");
	html_time(body, exchange->event_time);
	end_fact(body);
	begin_fact(body, "Captured");
	html_time(body, exchange->captured_at);
	end_fact(body);
	write_fact(body, "Week", clock_week_format(exchange->week, week));
	write_fact(body, "Kind", exchange->test ? "test message" : "production");
	write_fact(body, "Legacy outcome", legacy_outcome_name((int)exchange->legacy_outcome));
	if (exchange->legacy_status > 0) {
		write_integer_fact(body, "Legacy status", exchange->legacy_status, "");
	}
	if (exchange->legacy_latency_us >= 0) {
		write_integer_fact(body, "Legacy latency", exchange->legacy_latency_us / 1000, "\u202fms");
	}
	bool done = write_versions(page, id, err) && write_related(page, id, err);
	buffer_append_text(body, "</dl>\n");
	return done;
}

static bool write_payloads(struct page *page, int64_t id, struct error *err)
{
	struct span request = {NULL, 0};
	struct span reply = {NULL, 0};
	struct error inner = ERROR_INIT;
	bool is_there = store_payload(page->store, id, &page->arena, &request, &reply, &inner);
	if (!is_there && inner.code != ERROR_MISSING) {
		*err = inner;
		return false;
	}
	buffer_append_text(&page->body, "<div class=\"cards\">\n");
	write_payload(page, "Message", is_there, request);
	write_payload(page, "Legacy reply", is_there && reply.length > 0, reply);
	buffer_append_text(&page->body, "</div>\n");
	return true;
}

/* --- one candidate --- */

static void write_numbers(struct buffer *body, struct statement *row, const char *currency)
{
	static const struct {
		int column;
		const char *name;
	} NUMBERS[] = {{7, "Attempts"}, {8, "Input tokens"}, {9, "Cached input tokens"}, {10, "Output tokens"}};
	if (!statement_is_null(row, 6)) {
		write_integer_fact(body, "LLM latency", statement_integer(row, 6) / 1000, "\u202fms");
	}
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
		if (!statement_is_null(row, NUMBERS[i].column)) {
			write_integer_fact(body, NUMBERS[i].name, statement_integer(row, NUMBERS[i].column), "");
		}
	}
	if (!statement_is_null(row, 11)) {
		begin_fact(body, "Cost");
		html_money(body, statement_integer(row, 11), currency);
		end_fact(body);
	}
}

static void write_evaluation(struct page *page, struct statement *row, const char *currency)
{
	struct buffer *body = &page->body;
	buffer_append_text(body, "<dl class=\"facts\">\n");
	write_fact(body, "State", evaluation_name((int)statement_integer(row, 1)));
	if (!statement_is_null(row, 2)) {
		int reason = (int)statement_integer(row, 2);
		bool is_pending = statement_integer(row, 1) == EVALUATION_PENDING;
		write_fact(body, "Reason", is_pending ? pending_reason_name(reason) : not_evaluated_name(reason));
	}
	if (!statement_is_null(row, 3)) {
		write_fact(body, "Outcome", outcome_name((int)statement_integer(row, 3)));
	}
	if (!statement_is_null(row, 4)) {
		write_fact(body, "Verdict", verdict_name((int)statement_integer(row, 4)));
	}
	if (!statement_is_null(row, 5)) {
		write_fact(body, "Contract drift", statement_integer(row, 5) != 0 ? "yes" : "no");
	}
	write_numbers(body, row, currency);
	buffer_append_text(body, "</dl>\n");
	struct span detail = statement_text(row, 12);
	if (detail.length > 0) {
		buffer_append_text(body, "<p>");
		text_write_html(body, detail);
		buffer_append_text(body, "</p>\n");
	}
}

static void write_value(struct page *page, struct statement *row, int column)
{
	buffer_append_text(&page->body, "<td>");
	if (statement_is_null(row, column)) {
		buffer_append_text(&page->body, "–");
	} else if (!page->config->show_payloads) {
		buffer_append_text(&page->body, HIDDEN);
	} else {
		buffer_append_text(&page->body, "<code>");
		text_write_html(&page->body, statement_text(row, column));
		buffer_append_text(&page->body, "</code>");
	}
	buffer_append_text(&page->body, "</td>");
}

/* The key of a record is business data. */
static void write_record_key(struct page *page, struct span key, int64_t ordinal)
{
	if (key.length == 0) {
		buffer_append_text(&page->body, "document");
	} else if (!page->config->show_payloads) {
		buffer_append_format(&page->body, "record %lld", (long long)ordinal);
	} else {
		text_write_html(&page->body, key);
	}
}

static void write_field_row(struct page *page, struct statement *row, int64_t ordinal)
{
	struct buffer *body = &page->body;
	int verdict = (int)statement_integer(row, 2);
	const char *name = verdict_name(verdict);
	buffer_append_format(body, "<tr class=\"%s\"><td>",
			     verdict == VERDICT_AGREE || verdict == VERDICT_IGNORED ? "zero" : "warn");
	write_record_key(page, statement_text(row, 0), ordinal);
	buffer_append_text(body, "</td><th scope=\"row\">");
	text_write_html(body, statement_text(row, 1));
	buffer_append_format(body, "</th><td title=\"%s\">%s</td>", name != NULL ? verdict_sentence(verdict) : "",
			     name != NULL ? name : "unknown");
	if (verdict == VERDICT_AGREE) {
		buffer_append_text(body, "<td colspan=\"2\"></td>");
	} else {
		write_value(page, row, 3);
		write_value(page, row, 4);
	}
	buffer_append_text(body, "</tr>\n");
}

/* A field without a row of differences agreed: the store keeps only the others. */
static const char FIELDS[] =
	"SELECT r.key, f.name, coalesce(d.verdict, 0), d.legacy_value, d.llm_value, r.ordinal FROM (SELECT *, "
	"row_number() "
	"OVER (ORDER BY key) AS ordinal FROM record WHERE exchange_id = ?1 AND candidate_id = ?2 ORDER BY key LIMIT "
	"?3) r "
	"JOIN candidate c ON c.id = r.candidate_id JOIN field f ON f.interface_id = c.interface_id LEFT JOIN "
	"field_difference d ON d.exchange_id = r.exchange_id AND d.candidate_id = r.candidate_id AND d.key = r.key AND "
	"d.field_id = f.id ORDER BY r.ordinal, f.id";

static bool write_fields(struct page *page, int64_t id, int64_t candidate, struct error *err)
{
	struct buffer *body = &page->body;
	struct statement *rows = store_statement(page->store, FIELDS, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, id);
	statement_bind_integer(rows, 2, candidate);
	statement_bind_integer(rows, 3, RECORDS_MAX);
	buffer_append_text(body,
			   "<div class=\"card wide\" tabindex=\"0\" role=\"region\" aria-label=\"Fields\"><table "
			   "class=\"fields\">\n<caption>Fields</caption>\n<thead><tr><th scope=\"col\">record</th>"
			   "<th scope=\"col\">field</th><th scope=\"col\">verdict</th><th scope=\"col\">legacy "
			   "path</th><th scope=\"col\">LLM path</th></tr></thead>\n<tbody>\n");
	enum statement_step step;
	int64_t last = 0;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		last = statement_integer(rows, 5);
		write_field_row(page, rows, last);
	}
	statement_reset(rows);
	buffer_append_text(body, "</tbody>\n</table>");
	if (last == 0) {
		buffer_append_text(body, "<p>no record was compared</p>");
	} else if (last == RECORDS_MAX) {
		buffer_append_format(body, "<p><small>the first %d records are shown</small></p>", RECORDS_MAX);
	}
	buffer_append_text(body, "</div>\n");
	return step == STATEMENT_DONE;
}

static bool write_reply(struct page *page, int64_t id, int64_t candidate, struct error *err)
{
	struct span reply = {NULL, 0};
	struct error inner = ERROR_INIT;
	bool is_there = store_evaluation_reply(page->store, id, candidate, &page->arena, &reply, &inner);
	if (!is_there && inner.code != ERROR_MISSING) {
		*err = inner;
		return false;
	}
	write_payload(page, "LLM reply, as first received", is_there, reply);
	return true;
}

/* How the reply of a path deviates from its contract; nothing where it keeps it. No value of the reply is quoted. */
static bool write_deviations(struct page *page, int64_t id, int64_t path, struct error *err)
{
	struct buffer *body = &page->body;
	struct store_deviation *list = NULL;
	size_t count = 0;
	int64_t total = 0;
	if (!store_deviations(page->store, id, path, &page->arena, &list, &count, &total, err)) {
		return false;
	}
	if (total == 0) {
		return true;
	}
	buffer_append_format(
		body,
		"<div class=\"card wide\" tabindex=\"0\"><table class=\"letters\">\n<caption>Deviations from "
		"the contract <small>%lld in all</small></caption>\n<thead><tr><th scope=\"col\">class</th><th "
		"scope=\"col\">where</th><th scope=\"col\">what</th></tr></thead>\n<tbody>\n",
		(long long)total);
	for (size_t i = 0; i < count; i++) {
		buffer_append_format(body, "<tr><th scope=\"row\">%s%s</th><td class=\"text\">",
				     drift_class_name((int)list[i].drift),
				     list[i].strict ? " <small>strict reading only</small>" : "");
		text_write_html(body, list[i].instance.length > 0 ? list[i].instance : SPAN("the reply"));
		buffer_append_text(body, "</td><td class=\"text\">");
		text_write_html(body, list[i].sentence);
		buffer_append_text(body, "</td></tr>\n");
	}
	buffer_append_text(body, "</tbody>\n</table></div>\n");
	return true;
}

static bool write_candidate(struct page *page, int64_t id, int64_t candidate, struct span name, const char *currency,
			    struct error *err)
{
	struct statement *row = store_statement(
		page->store,
		"SELECT candidate_id, state, reason, outcome, verdict, contract_drift, latency_us, attempts, "
		"tokens_input, tokens_cache_read, tokens_output, cost_nano, detail FROM evaluation WHERE exchange_id = "
		"? "
		"AND candidate_id = ?",
		err);
	if (row == NULL) {
		return false;
	}
	buffer_append_text(&page->body, "<section>\n<h2>Candidate ");
	text_write_html(&page->body, name);
	buffer_append_text(&page->body, "</h2>\n");
	statement_bind_integer(row, 1, id);
	statement_bind_integer(row, 2, candidate);
	enum statement_step step = statement_step(row, err);
	bool is_compared = step == STATEMENT_ROW && statement_integer(row, 1) == EVALUATION_COMPARED;
	if (step == STATEMENT_ROW) {
		write_evaluation(page, row, currency);
	} else {
		buffer_append_text(&page->body, "<p>not registered for this candidate</p>\n");
	}
	statement_reset(row);
	bool done = step != STATEMENT_FAILED &&
		    (!is_compared || (write_deviations(page, id, candidate, err) &&
				      write_fields(page, id, candidate, err) && write_reply(page, id, candidate, err)));
	buffer_append_text(&page->body, "</section>\n");
	return done;
}

struct candidate_row {
	int64_t id;
	char *name;
};

static bool write_candidates(struct page *page, int64_t id, const struct store_exchange *exchange, const char *currency,
			     struct error *err)
{
	enum { CANDIDATES_MAX = 32 };
	struct candidate_row candidates[CANDIDATES_MAX];
	size_t count = 0;
	struct statement *rows = store_statement(
		page->store, "SELECT id, name FROM candidate WHERE interface_id = ? ORDER BY name", err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, exchange->interface_id);
	enum statement_step step = STATEMENT_DONE;
	while (count < CANDIDATES_MAX && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		candidates[count].id = statement_integer(rows, 0);
		candidates[count].name = arena_copy(&page->arena, statement_text(rows, 1));
		count++;
	}
	statement_reset(rows);
	for (size_t i = 0; i < count; i++) {
		if (!write_candidate(page, id, candidates[i].id, span_of(candidates[i].name), currency, err)) {
			return false;
		}
	}
	return step != STATEMENT_FAILED;
}

static const char *find_currency(const struct page *page, const char *interface)
{
	const struct contract *contract = page->config->installation != NULL && interface != NULL
						  ? installation_find(page->config->installation, interface)
						  : NULL;
	return contract != NULL ? contract->currency : NULL;
}

bool page_exchange(struct page *page, struct error *err)
{
	uint8_t exchange_id[ID_SIZE];
	if (!text_from_hex(page->rest, exchange_id, ID_SIZE)) {
		page_message(page, 404, "No such exchange", "An exchange has an id of 32 hexadecimal digits.");
		return true;
	}
	if (page->store == NULL) {
		page_without_store(page, 503);
		return true;
	}
	int64_t id = 0;
	struct error inner = ERROR_INIT;
	struct span key = {(const char *)exchange_id, ID_SIZE};
	if (!store_exchange_find(page->store, key, &id, &inner)) {
		if (inner.code == ERROR_MISSING) {
			page_message(page, 404, "No such exchange", inner.message);
			return true;
		}
		*err = inner;
		return false;
	}
	struct store_exchange exchange;
	const char *interface = NULL;
	if (!store_exchange_get(page->store, id, &exchange, err) ||
	    !find_interface(page, exchange.interface_id, &interface, err)) {
		return false;
	}
	html_begin(page, "Exchange");
	if (!page->config->show_payloads) {
		buffer_append_text(&page->body, "<p class=\"message\">Messages, replies and values are hidden. "
						"<code>understudy web --show-payloads</code> shows them.</p>\n");
	}
	if (!write_facts(page, id, &exchange, interface, err) || !write_payloads(page, id, err) ||
	    !write_deviations(page, id, 0, err) ||
	    !write_candidates(page, id, &exchange, find_currency(page, interface), err)) {
		return false;
	}
	html_end(page);
	return true;
}
