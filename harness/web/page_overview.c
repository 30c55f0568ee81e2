/* The first page: is everything accounted for, and what does each candidate do. */
#include "harness/web/html.h"

static const char *currency_of(const struct snapshot_interface *interface)
{
	return interface->contract != NULL ? interface->contract->currency : NULL;
}

static void write_check_row(struct buffer *body, const char *sum)
{
	buffer_append_format(body, "<tr class=\"sum\"><th scope=\"row\">%s</th><td>", sum);
}

static void write_seen(struct buffer *body, const struct snapshot_interface *interface)
{
	html_count_row(body, "Seen", NULL, interface->seen);
	html_count_row(body, "Handed to the spool", NULL, interface->committed);
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		if (interface->dropped[i] > 0) {
			buffer_append_text(body, "<tr class=\"warn\"><th scope=\"row\">Dropped: ");
			html_text(body, drop_reason_name(i));
			buffer_append_text(body, " <small>");
			html_text(body, drop_reason_sentence(i));
			buffer_append_text(body, "</small></th><td>");
			html_number(body, interface->dropped[i]);
			buffer_append_text(body, "</td></tr>\n");
		}
	}
	if (snapshot_dropped(interface) == 0) {
		html_count_row(body, "Dropped", NULL, 0);
	}
	html_count_row(body, "In flight", NULL, interface->in_flight);
	write_check_row(body, "Seen = spool + dropped + in flight");
	html_check(body, interface->unseen);
	buffer_append_text(body, "</td></tr>\n");
}

/* Terms that most interfaces never have are named only where there are any. */
static const char *read_terms(const struct snapshot_interface *interface)
{
	if (interface->unclaimed > 0) {
		return "Spool = stored + duplicates + late answers + unclaimed + waiting";
	}
	return interface->outcomes.read > 0 ? "Spool = stored + duplicates + late answers + waiting"
					    : "Spool = stored + duplicates + waiting";
}

/* The store may have read further than the tap's last account says; that is nothing to worry about. */
static void write_read_check(struct buffer *body, const struct snapshot *snapshot,
			     const struct snapshot_interface *interface)
{
	uint64_t missing = snapshot_missing(snapshot, interface);
	write_check_row(body, read_terms(interface));
	if (missing > 0) {
		buffer_append_text(body, "<span class=\"check bad\">✗ ");
		html_number(body, missing);
		buffer_append_text(body, " missing</span>");
	} else if (interface->unread > 0 && !snapshot->knows_spool) {
		buffer_append_text(body, "<span class=\"check\">not known: the spool cannot be read</span>");
	} else {
		buffer_append_text(body, "<span class=\"check good\">✓ ties out</span>");
	}
	buffer_append_text(body, "</td></tr>\n");
}

static void begin_card(struct buffer *body, const char *caption)
{
	buffer_append_format(body, "<div class=\"card\"><table>\n<caption>%s</caption>\n<tbody>\n", caption);
}

static void end_card(struct buffer *body)
{
	buffer_append_text(body, "</tbody>\n</table></div>\n");
}

static void write_seen_card(struct buffer *body, const struct snapshot_interface *interface)
{
	buffer_append_text(body, "<div class=\"card\"><table>\n<caption>Seen by the tap <small>its account: ");
	html_age(body, interface->tap_at);
	buffer_append_text(body, "</small></caption>\n<tbody>\n");
	write_seen(body, interface);
	end_card(body);
}

static void write_late_answers(struct buffer *body, const struct store_outcomes *outcomes)
{
	begin_card(body, "Late legacy answers");
	html_count_row(body, "Read", NULL, outcomes->read);
	html_count_row(body, "Joined", "a version of an exchange's answer", outcomes->joined);
	html_count_row(body, "After the week was closed", "of the joined: kept, counted for nothing", outcomes->closed);
	html_count_row(body, "With an unpaired exchange", "of the joined: it is compared after all",
		       outcomes->returned);
	html_count_row(body, "Waiting for their exchange", NULL, outcomes->waiting);
	html_count_row(body, "Duplicates", "delivered again", outcomes->duplicate);
	html_count_row(body, "Unpaired", "no exchange came within the window", outcomes->unpaired);
	write_check_row(body, "Read = joined + waiting + duplicates + unpaired");
	html_check(body, (int64_t)(outcomes->read - outcomes->joined - outcomes->waiting - outcomes->duplicate -
				   outcomes->unpaired));
	buffer_append_text(body, "</td></tr>\n");
	end_card(body);
}

static void write_first_ledger(struct page *page, const struct snapshot *snapshot,
			       const struct snapshot_interface *interface)
{
	struct buffer *body = &page->body;
	if (interface->has_tap) {
		write_seen_card(body, interface);
	}
	begin_card(body, interface->has_tap ? "Read from the spool" : "Read from recorded messages; no tap yet");
	if (interface->has_tap) {
		html_count_row(body, "Stored", NULL, interface->stored);
		html_count_row(body, "Duplicates", "delivered again", interface->duplicate);
		if (interface->outcomes.read > 0) {
			html_count_row(body, "Late legacy answers", NULL, interface->outcome);
		}
		if (interface->unclaimed > 0) {
			html_count_row(body, "Unclaimed",
				       "no contract names the interface; put it back, and they are worked on",
				       interface->unclaimed);
		}
		html_count_row(body, "Waiting in the spool",
			       snapshot->interfaces->next != NULL ? "all interfaces together" : NULL,
			       snapshot->in_spool);
		write_read_check(body, snapshot, interface);
	}
	if (interface->stored_recorded > 0 || interface->duplicate_recorded > 0 || !interface->has_tap) {
		html_count_row(body, "Stored from recorded messages", NULL, interface->stored_recorded);
		html_count_row(body, "Duplicates among them", NULL, interface->duplicate_recorded);
	}
	html_count_row(body, "Revisions", "of all stored: same identity, other content", interface->revision);
	html_count_row(body, "Test messages", "of all stored: in no figure below", interface->test);
	end_card(body);
	if (interface->outcomes.read > 0) {
		write_late_answers(body, &interface->outcomes);
	}
}

static void write_second_ledger(struct buffer *body, const struct snapshot_interface *interface,
				const struct snapshot_candidate *candidate)
{
	begin_card(body, "Evaluations");
	html_count_row(body, "Stored exchanges", NULL, interface->in_store);
	html_count_row(body, "Compared", NULL, candidate->states[EVALUATION_COMPARED]);
	html_count_row(body, "Pending", NULL, candidate->states[EVALUATION_PENDING]);
	if (candidate->held > 0) {
		html_count_row(body, "Held by an input gate", "of the pending", candidate->held);
	}
	if (candidate->awaiting > 0) {
		html_count_row(body, "Awaiting the legacy answer", "of the pending", candidate->awaiting);
	}
	for (int i = 0; i < NOT_EVALUATED_COUNT; i++) {
		if (candidate->reasons[i] > 0) {
			buffer_append_format(body, "<tr class=\"warn\"><th scope=\"row\">Not evaluated: %s</th><td>",
					     not_evaluated_name(i));
			html_number(body, candidate->reasons[i]);
			buffer_append_text(body, "</td></tr>\n");
		}
	}
	if (candidate->states[EVALUATION_NOT_EVALUATED] == 0) {
		html_count_row(body, "Not evaluated", NULL, 0);
	}
	uint64_t dead = candidate->states[EVALUATION_DEAD_LETTER];
	buffer_append_format(body,
			     "<tr class=\"%s\"><th scope=\"row\"><a href=\"/dead-letters\">Dead letters</a></th><td>",
			     dead > 0 ? "warn" : "zero");
	html_number(body, dead);
	buffer_append_text(body, "</td></tr>\n");
	html_count_row(body, "Unpaired", "no legacy reply to compare with", candidate->states[EVALUATION_UNPAIRED]);
	if (candidate->before > 0) {
		html_count_row(body, "Captured before this candidate", NULL, candidate->before);
	}
	write_check_row(body, "Stored = all of these");
	html_check(body, candidate->difference);
	buffer_append_text(body, "</td></tr>\n");
	end_card(body);
}

static const char *outcome_style(int outcome)
{
	return outcome == OUTCOME_OK ? "good" : outcome == OUTCOME_LOW_CONFIDENCE ? "fair" : "bad";
}

static void write_outcomes(struct buffer *body, const struct snapshot_candidate *candidate)
{
	struct html_part parts[OUTCOME_COUNT];
	uint64_t sum = 0;
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		parts[i] = (struct html_part){candidate->outcomes[i], outcome_style(i)};
		sum += candidate->outcomes[i];
	}
	buffer_append_text(body, "<div class=\"card\"><table>\n<caption>Outcomes of the LLM path</caption>\n"
				 "<thead><tr><th scope=\"col\">outcome</th><th scope=\"col\">transactions</th>"
				 "<th scope=\"col\">share</th></tr></thead>\n<tbody>\n");
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (candidate->outcomes[i] == 0 && i != OUTCOME_OK) {
			continue;
		}
		buffer_append_format(body, "<tr><th scope=\"row\"><span class=\"dot %s\"></span>%s <small>",
				     outcome_style(i), outcome_name(i));
		html_text(body, outcome_sentence(i));
		buffer_append_text(body, "</small></th><td>");
		html_number(body, candidate->outcomes[i]);
		buffer_append_text(body, "</td><td>");
		html_share(body, candidate->outcomes[i], sum);
		buffer_append_text(body, "</td></tr>\n");
	}
	buffer_append_text(body, "</tbody>\n</table>\n");
	html_bar(body, parts, OUTCOME_COUNT);
	buffer_append_text(body, "</div>\n");
}

static uint64_t records_of(const struct snapshot_week *week)
{
	return week->sides[SIDE_AGREE] + week->sides[SIDE_DISAGREE] + week->sides[SIDE_INVALID];
}

static void write_count_and_share(struct buffer *body, uint64_t part, uint64_t of)
{
	buffer_append_text(body, "<td>");
	html_number(body, part);
	buffer_append_text(body, "</td><td class=\"share\">");
	html_share(body, part, of);
	buffer_append_text(body, "</td>");
}

static void write_week(struct buffer *body, const struct snapshot_week *week, const char *currency)
{
	char text[CLOCK_TEXT_SIZE];
	uint64_t records = records_of(week);
	const struct html_part parts[] = {{week->sides[SIDE_AGREE], "good"},
					  {week->sides[SIDE_DISAGREE], "fair"},
					  {week->sides[SIDE_INVALID], "bad"}};
	buffer_append_format(body, "<tr%s><th scope=\"row\">%s</th><td>", week->week == 0 ? " class=\"sum\"" : "",
			     week->week == 0 ? "All weeks" : clock_week_format(week->week, text));
	html_number(body, week->compared);
	buffer_append_text(body, "</td><td>");
	html_number(body, records);
	buffer_append_text(body, "</td>");
	write_count_and_share(body, week->sides[SIDE_DISAGREE], records);
	write_count_and_share(body, week->sides[SIDE_INVALID], records);
	buffer_append_text(body, "<td class=\"bar-cell\">");
	html_bar(body, parts, SIDE_COUNT);
	buffer_append_text(body, "</td>");
	write_count_and_share(body, week->contract_drift, week->replies);
	buffer_append_text(body, "<td>");
	html_money(body, week->cost_nano, currency);
	buffer_append_text(body, "</td></tr>\n");
}

static void write_weeks(struct buffer *body, const struct snapshot_candidate *candidate, const char *currency)
{
	buffer_append_text(
		body,
		"<div class=\"card wide\" tabindex=\"0\" role=\"region\" aria-label=\"Weeks\"><table class=\"weeks\">\n"
		"<caption>Disagreement and contract drift by week <small>production messages; accuracy and its "
		"intervals are in the weekly report</small></caption>\n<thead><tr><th scope=\"col\">week</th>"
		"<th scope=\"col\">transactions compared</th><th scope=\"col\">records</th>"
		"<th scope=\"colgroup\" colspan=\"2\">paths disagree</th>"
		"<th scope=\"colgroup\" colspan=\"2\">LLM reply unusable</th><th scope=\"col\">agree, disagree, "
		"unusable</th>"
		"<th scope=\"colgroup\" colspan=\"2\">contract drift</th><th scope=\"col\">cost</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t i = 0; i < candidate->week_count; i++) {
		write_week(body, &candidate->weeks[i], currency);
	}
	write_week(body, &candidate->total, currency);
	buffer_append_text(body, "</tbody>\n</table></div>\n");
}

static const struct contract_candidate *contract_of(const struct snapshot_interface *interface,
						    const struct snapshot_candidate *candidate)
{
	for (size_t i = 0; interface->contract != NULL && i < interface->contract->candidate_count; i++) {
		if (strcmp(interface->contract->candidates[i].name, candidate->name) == 0) {
			return &interface->contract->candidates[i];
		}
	}
	return NULL;
}

static void write_candidate(struct page *page, const struct snapshot_interface *interface,
			    const struct snapshot_candidate *candidate)
{
	struct buffer *body = &page->body;
	const struct contract_candidate *contract = contract_of(interface, candidate);
	buffer_append_text(body, "<section>\n<h3>Candidate ");
	html_text(body, candidate->name);
	buffer_append_text(body, "</h3>\n");
	if (contract != NULL) {
		buffer_append_text(body, "<p class=\"facts\">");
		html_text(body, contract->provider);
		if (contract->model != NULL) {
			buffer_append_text(body, ", ");
			html_text(body, contract->model);
		}
		buffer_append_text(body,
				   contract->simulated ? " <span class=\"tag\">simulated</span></p>\n" : "</p>\n");
	}
	buffer_append_text(body, "<div class=\"cards\">\n");
	write_second_ledger(body, interface, candidate);
	write_outcomes(body, candidate);
	buffer_append_text(body, "</div>\n");
	write_weeks(body, candidate, currency_of(interface));
	buffer_append_text(body, "</section>\n");
}

static void write_interface(struct page *page, const struct snapshot *snapshot,
			    const struct snapshot_interface *interface)
{
	struct buffer *body = &page->body;
	buffer_append_text(body, "<section class=\"interface\">\n<h2>");
	html_text(body, interface->name);
	buffer_append_text(body, "</h2>\n");
	if (interface->contract != NULL) {
		buffer_append_text(body, "<p class=\"facts\">contract ");
		html_text(body, interface->contract->version);
		buffer_append_text(body, ", environment ");
		html_text(body, interface->contract->environment);
		buffer_append_text(body, ", integration owner ");
		html_text(body, interface->contract->owner_integration);
		buffer_append_text(body, "</p>\n");
	}
	buffer_append_text(body, "<div class=\"cards\">\n");
	write_first_ledger(page, snapshot, interface);
	buffer_append_text(body, "</div>\n");
	for (const struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
	     candidate = candidate->next) {
		write_candidate(page, interface, candidate);
	}
	buffer_append_text(body, "</section>\n");
}

static bool write_reports(struct page *page, struct error *err)
{
	const char **names = NULL;
	size_t count = 0;
	if (page->config->reports == NULL) {
		return true;
	}
	if (!page_list_reports(page, &names, &count, err)) {
		return false;
	}
	buffer_append_text(&page->body, "<section>\n<h2>Reports</h2>\n");
	buffer_append_text(&page->body, count == 0 ? "<p>None yet: <code>understudy report</code> writes them.</p>\n"
						   : "<ul class=\"files\">\n");
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(&page->body, "<li><a href=\"/report/");
		html_text(&page->body, names[i]);
		buffer_append_text(&page->body, "\">");
		html_text(&page->body, names[i]);
		buffer_append_text(&page->body, "</a></li>\n");
	}
	buffer_append_text(&page->body, count == 0 ? "</section>\n" : "</ul>\n</section>\n");
	return true;
}

static void write_headline(struct page *page, const struct snapshot *snapshot)
{
	bool good = snapshot_ties_out(snapshot);
	buffer_append_format(&page->body, "<p class=\"headline %s\">%s</p>\n", good ? "good" : "bad",
			     good ? "✓ Everything seen is accounted for."
				  : "✗ The accounts do not tie out; the lines marked ✗ say where.");
}

static void write_pressure(struct page *page, const struct web_ring *ring)
{
	char since[CLOCK_TEXT_SIZE];
	if (ring->reduced_since != 0) {
		buffer_append_format(&page->body,
				     "<p class=\"message\">Capture is reduced since %s: the ring fills up faster than "
				     "it is drained. Rare operations are captured whole, busy ones in part; it returns "
				     "to full by itself.</p>\n",
				     clock_format(ring->reduced_since, since));
	}
}

bool page_overview(struct page *page, struct error *err)
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
	html_begin(page, "Overview");
	if (snapshot.interfaces == NULL) {
		buffer_append_text(&page->body, "<p class=\"message\">The store is empty: no exchange yet.</p>\n");
	} else {
		write_headline(page, &snapshot);
	}
	write_pressure(page, &snapshot.ring);
	for (const struct snapshot_interface *interface = snapshot.interfaces; interface != NULL;
	     interface = interface->next) {
		write_interface(page, &snapshot, interface);
	}
	if (!write_reports(page, err)) {
		return false;
	}
	html_end(page);
	return true;
}
