/* Work set aside with its reason, newest first. */
#include "harness/web/html.h"

enum { SHOWN_MAX = 100 };

static void write_letter(struct buffer *body, struct statement *row)
{
	buffer_append_text(body, "<tr><th scope=\"row\"><a class=\"id\" href=\"/exchange/");
	struct span id = statement_blob(row, 0);
	text_write_hex(body, id.data, id.length);
	buffer_append_text(body, "\">");
	text_write_hex(body, id.data, id.length);
	buffer_append_text(body, "</a></th><td>");
	html_time(body, statement_integer(row, 1));
	buffer_append_text(body, "</td><td class=\"text\">");
	struct span detail = statement_text(row, 2);
	if (detail.length > 0) {
		text_write_html(body, detail);
	} else {
		buffer_append_text(body, "no reason was noted");
	}
	buffer_append_text(body, "</td></tr>\n");
}

static bool write_letters(struct page *page, const struct snapshot_interface *interface,
			  const struct snapshot_candidate *candidate, struct error *err)
{
	struct buffer *body = &page->body;
	/* state = 3 stands in the text because the index evaluation_dead is for that number. */
	struct statement *rows =
		store_statement(page->store,
				"SELECT e.exchange_id, e.captured_at, v.detail FROM evaluation v JOIN exchange e ON "
				"e.id = v.exchange_id "
				"WHERE v.state = 3 AND v.candidate_id = ? ORDER BY v.exchange_id DESC LIMIT ?",
				err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, candidate->id);
	statement_bind_integer(rows, 2, SHOWN_MAX);
	buffer_append_text(body, "<section class=\"card wide\" tabindex=\"0\"><table class=\"letters\">\n<caption>");
	html_text(body, interface->name);
	buffer_append_text(body, ", candidate ");
	html_text(body, candidate->name);
	buffer_append_text(body, " <small>");
	html_number(body, candidate->states[EVALUATION_DEAD_LETTER]);
	buffer_append_text(body, candidate->states[EVALUATION_DEAD_LETTER] > SHOWN_MAX
					 ? " in all, the newest 100 are shown"
					 : " in all");
	buffer_append_text(body, "</small></caption>\n<thead><tr><th scope=\"col\">exchange</th><th scope=\"col\">"
				 "captured</th><th scope=\"col\">reason</th></tr></thead>\n<tbody>\n");
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		write_letter(body, rows);
	}
	statement_reset(rows);
	buffer_append_text(body, "</tbody>\n</table></section>\n");
	return step == STATEMENT_DONE;
}

bool page_dead_letters(struct page *page, struct error *err)
{
	if (page->store == NULL) {
		page_without_store(page, 200);
		return true;
	}
	struct snapshot snapshot;
	if (!snapshot_read(&page->arena, page->store, page->config->installation, page->spool, page->before, &snapshot,
			   err)) {
		return false;
	}
	html_begin(page, "Dead letters");
	size_t lists = 0;
	for (const struct snapshot_interface *interface = snapshot.interfaces; interface != NULL;
	     interface = interface->next) {
		for (const struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
		     candidate = candidate->next) {
			if (candidate->states[EVALUATION_DEAD_LETTER] == 0) {
				continue;
			}
			lists++;
			if (!write_letters(page, interface, candidate, err)) {
				return false;
			}
		}
	}
	buffer_append_text(&page->body, lists > 0 ? "<p>When the cause is gone: <code>understudy dead-letter "
						    "retry</code> puts them back to pending.</p>\n"
						  : "<p class=\"message\">None.</p>\n");
	html_end(page);
	return true;
}
