/* Contract drift of every path: what watches it, the last days, the classes, and the most frequent deviations. */
#include "harness/web/html.h"

#include "evaluators/drift/monitor.h"
#include "harness/store/drift.h"

enum { DAYS = 28, DEVIATIONS_MAX = 10 };
static const int64_t MICROSECONDS_PER_DAY = INT64_C(86400) * 1000 * 1000;

struct drift_path {
	int64_t interface_id;
	int64_t path;
	const char *name; /* NULL: the legacy path */
	const struct zone *zone;
	int64_t from;
	int64_t to;
};

static void write_watch(struct buffer *body, const struct store_monitor *monitor)
{
	buffer_append_text(body, "<p class=\"facts\">");
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		buffer_append_text(body, "The watch still collects its reference: ");
		html_number(body, (uint64_t)monitor->reference_replies);
		buffer_append_text(body, " replies so far.");
	} else {
		buffer_append_format(body,
				     "%s Usual is at most %.3g\u202f%% of replies; while it stays so, a false alarm "
				     "comes once in %.0f days on average, or later.",
				     monitor->phase == DRIFT_PHASE_ALARM
					     ? "<strong>In alarm</strong>, until its incident is resolved."
					     : "Watching.",
				     100 * monitor->p0, monitor->run_length / monitor->replies_per_day);
	}
	if (monitor->incident != 0) {
		buffer_append_format(body, " <a href=\"/incident/%lld\">Incident %lld</a>",
				     (long long)monitor->incident, (long long)monitor->incident);
	}
	buffer_append_text(body, "</p>\n");
}

static void write_cells(struct buffer *body, int64_t part, int64_t of)
{
	buffer_append_text(body, "<td>");
	html_number(body, (uint64_t)part);
	buffer_append_text(body, "</td><td class=\"share\">");
	html_share(body, (uint64_t)part, (uint64_t)of);
	buffer_append_text(body, "</td>");
}

static void write_day(struct buffer *body, const struct store_series_point *point)
{
	char day[CLOCK_TEXT_SIZE];
	clock_format(point->at * MICROSECONDS_PER_DAY, day);
	const struct html_part parts[] = {{(uint64_t)(point->replies - point->strict_drift), "good"},
					  {(uint64_t)(point->strict_drift - point->contract_drift), "fair"},
					  {(uint64_t)point->contract_drift, "bad"}};
	buffer_append_format(body, "<tr><th scope=\"row\">%.10s</th><td>", day);
	html_number(body, (uint64_t)point->replies);
	buffer_append_text(body, "</td>");
	write_cells(body, point->contract_drift, point->replies);
	write_cells(body, point->strict_drift, point->replies);
	buffer_append_text(body, "<td class=\"bar-cell\">");
	html_bar(body, parts, sizeof(parts) / sizeof(parts[0]));
	buffer_append_text(body, "</td></tr>\n");
}

static void write_days(struct buffer *body, const struct store_series_point *points, size_t count)
{
	buffer_append_text(body,
			   "<div class=\"card\" tabindex=\"0\" role=\"region\" aria-label=\"Days\"><table "
			   "class=\"weeks\">\n<caption>Last days with replies</caption>\n<thead><tr><th "
			   "scope=\"col\">day</th><th scope=\"col\">replies</th><th scope=\"colgroup\" "
			   "colspan=\"2\">contract drift</th><th scope=\"colgroup\" colspan=\"2\">strict reading</th>"
			   "<th scope=\"col\">kept, strict only, deviating</th></tr></thead>\n<tbody>\n");
	for (size_t i = count; i > 0; i--) {
		write_day(body, &points[i - 1]);
	}
	buffer_append_text(body, "</tbody>\n</table></div>\n");
}

static void write_classes(struct buffer *body, const struct store_series_point *points, size_t count)
{
	buffer_append_text(body,
			   "<div class=\"card\"><table>\n<caption>Classes in these days</caption>\n<thead><tr><th "
			   "scope=\"col\">class</th><th scope=\"col\">severity</th><th scope=\"col\">as "
			   "declared</th><th scope=\"col\">strict reading</th></tr></thead>\n<tbody>\n");
	for (int class = 0; class < DRIFT_CLASS_COUNT; class ++) {
		int64_t declared = 0;
		int64_t deviating = 0;
		for (size_t i = 0; i < count; i++) {
			declared += points[i].declared[class];
			deviating += points[i].deviating[class];
		}
		if (deviating == 0) {
			continue;
		}
		buffer_append_format(body, "<tr><th scope=\"row\">%s <small>%s</small></th><td>%s</td><td>",
				     drift_class_name(class), drift_class_sentence(class),
				     drift_severity_name((int)drift_class_severity((enum drift_class) class)));
		html_number(body, (uint64_t)declared);
		buffer_append_text(body, "</td><td>");
		html_number(body, (uint64_t)deviating);
		buffer_append_text(body, "</td></tr>\n");
	}
	buffer_append_text(body, "</tbody>\n</table></div>\n");
}

static bool write_deviations(struct page *page, const struct drift_path *path, struct error *err)
{
	struct buffer *body = &page->body;
	struct store_top_deviation *list = NULL;
	size_t count = 0;
	if (!store_top_deviations(page->store, path->interface_id, path->path, path->from, path->to, DEVIATIONS_MAX,
				  &page->arena, &list, &count, err)) {
		return false;
	}
	if (count == 0) {
		return true;
	}
	buffer_append_text(body,
			   "<div class=\"card wide\" tabindex=\"0\"><table class=\"letters\">\n<caption>Most frequent "
			   "deviations in these days</caption>\n<thead><tr><th scope=\"col\">class</th><th "
			   "scope=\"col\">where, for example</th><th scope=\"col\">what</th><th "
			   "scope=\"col\">replies</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count; i++) {
		buffer_append_format(body, "<tr><th scope=\"row\">%s%s</th><td class=\"text\">",
				     drift_class_name((int)list[i].drift),
				     list[i].strict ? " <small>strict</small>" : "");
		html_text(body, list[i].instance[0] == '\0' ? "the reply" : list[i].instance);
		buffer_append_text(body, "</td><td class=\"text\">");
		html_text(body, list[i].sentence);
		buffer_append_text(body, "</td><td>");
		html_number(body, (uint64_t)list[i].replies);
		buffer_append_text(body, "</td></tr>\n");
	}
	buffer_append_text(body, "</tbody>\n</table></div>\n");
	return true;
}

static bool write_path(struct page *page, const struct drift_path *path, struct error *err)
{
	struct buffer *body = &page->body;
	struct store_series_query query = {
		.interface_id = path->interface_id,
		.path = path->path,
		.step = STORE_BY_DAY,
		.from = path->from,
		.to = path->to,
		.zone = path->zone,
	};
	struct store_series_point *points = NULL;
	size_t count = 0;
	struct store_monitor monitor;
	bool is_monitored = false;
	if (!store_series(page->store, &query, &page->arena, &points, &count, err) ||
	    !store_monitor_get(page->store, path->interface_id, path->path, &monitor, &is_monitored, err)) {
		return false;
	}
	if (count == 0 && !is_monitored) {
		return true;
	}
	buffer_append_text(body, "<section>\n<h3>");
	html_text(body, path->name != NULL ? "Candidate " : "Legacy path");
	html_text(body, path->name != NULL ? path->name : "");
	buffer_append_text(body, "</h3>\n");
	if (is_monitored) {
		write_watch(body, &monitor);
	}
	if (count > 0) {
		buffer_append_text(body, "<div class=\"cards\">\n");
		write_days(body, points, count);
		write_classes(body, points, count);
		buffer_append_text(body, "</div>\n");
	}
	bool done = write_deviations(page, path, err);
	buffer_append_text(body, "</section>\n");
	return done;
}

static bool write_interface(struct page *page, const struct snapshot_interface *interface, struct error *err)
{
	int64_t now = clock_now();
	struct drift_path path = {
		.interface_id = interface->id,
		.zone = page->config->installation->zone,
		.from = now - DAYS * MICROSECONDS_PER_DAY,
		.to = now + MICROSECONDS_PER_DAY,
	};
	buffer_append_text(&page->body, "<section class=\"interface\">\n<h2>");
	html_text(&page->body, interface->name);
	buffer_append_text(&page->body, "</h2>\n");
	for (const struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
	     candidate = candidate->next) {
		path.path = candidate->id;
		path.name = candidate->name;
		if (!write_path(page, &path, err)) {
			return false;
		}
	}
	path.path = 0;
	path.name = NULL;
	bool done = write_path(page, &path, err);
	buffer_append_text(&page->body, "</section>\n");
	return done;
}

bool page_drift(struct page *page, struct error *err)
{
	if (page->store == NULL || page->config->installation == NULL) {
		page_without_store(page, 200);
		return true;
	}
	struct snapshot snapshot;
	if (!snapshot_read(&page->arena, page->store, page->config->installation, page->spool, page->before, &snapshot,
			   err)) {
		return false;
	}
	html_begin(page, "Contract drift");
	buffer_append_text(
		&page->body,
		"<p class=\"facts\">Replies that deviate from the contract as it is declared, and those that only "
		"the strict reading objects to, by the day on which they were captured. Production messages.</p>\n");
	for (const struct snapshot_interface *interface = snapshot.interfaces; interface != NULL;
	     interface = interface->next) {
		if (!write_interface(page, interface, err)) {
			return false;
		}
	}
	html_end(page);
	return true;
}
