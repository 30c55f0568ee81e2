/* The report in words and tables: contract drift, its classes and sources, and incidents. */
#include "evaluators/drift/monitor.h"
#include "evaluators/stats/proportion.h"
#include "reports/document.h"
#include "reports/report.h"

#include <math.h>

enum { PROMPT_SHOWN = 12 };

static double share_of(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

static void count_cell(struct document *document, int64_t count)
{
	char text[48];
	document_cell(document, count == 0 ? STYLE_MUTED : STYLE_PLAIN, "%s", count_text((uint64_t)count, text));
}

static void share_cell(struct document *document, int64_t part, int64_t whole)
{
	char text[48];
	document_cell(document, part == 0 ? STYLE_MUTED : STYLE_PLAIN, "%s", percent_text(share_of(part, whole), text));
}

static void point_cells(struct document *document, const struct store_series_point *point)
{
	char text[48];
	struct stats_interval interval = stats_wilson((uint64_t)point->contract_drift, (uint64_t)point->replies, 0.95);
	count_cell(document, point->replies);
	share_cell(document, point->contract_drift, point->replies);
	document_cell(document, STYLE_PLAIN, "%s", range_text(&interval, text));
	share_cell(document, point->strict_drift, point->replies);
	for (int severity = DRIFT_HIGH; severity >= DRIFT_LOW; severity--) {
		count_cell(document, point->by_severity[severity]);
	}
	count_cell(document, point->recovered);
}

static void point_columns(struct document *document)
{
	static const char *const heads[] = {"Replies",        "Contract drift",      "fixed-time 95%",
					    "Strict reading", "High severity",       "Medium severity",
					    "Low severity",   "Legible all the same"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		document_column(document, heads[i], true);
	}
}

static void describe_series(const struct report_drift *drift, struct document *document)
{
	char text[CLOCK_TEXT_SIZE];
	document_table(document, "Contract drift by week");
	document_column(document, "Week", false);
	point_columns(document);
	for (size_t i = 0; i < drift->week_count; i++) {
		document_cell(document, STYLE_KEY, "%s", clock_week_format((int32_t)drift->weeks[i].at, text));
		point_cells(document, &drift->weeks[i]);
	}
	if (drift->week_count > 1) {
		document_cell(document, STYLE_KEY, "All");
		point_cells(document, &drift->total);
	}
	document_note(document,
		      "A census of replies, as first received. Contract drift: the reply deviates from the schema as "
		      "it is declared. The strict reading also counts fields that an open schema lets pass. Severities "
		      "are of the strict reading, each reply by its gravest class. Legible all the same: no JSON, but "
		      "what was meant can be made out; such a reply stays contract drift and a wrong answer.");
}

static void describe_classes(const struct report_drift *drift, struct document *document)
{
	document_table(document, "How replies deviated; one reply may deviate in several ways");
	document_column(document, "Class", false);
	document_column(document, "Severity", false);
	document_column(document, "Replies", true);
	document_column(document, "Share", true);
	document_column(document, "Strict reading", true);
	document_column(document, "Meaning", false);
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if (drift->total.deviating[i] == 0) {
			continue;
		}
		document_cell(document, STYLE_PLAIN, "%s", drift_class_name(i));
		document_cell(document, STYLE_PLAIN, "%s",
			      drift_severity_name((int)drift_class_severity((enum drift_class)i)));
		count_cell(document, drift->total.declared[i]);
		share_cell(document, drift->total.declared[i], drift->total.replies);
		count_cell(document, drift->total.deviating[i]);
		document_cell(document, STYLE_PLAIN, "%s", drift_class_sentence(i));
	}
}

static void describe_deviations(const struct report_drift *drift, struct document *document)
{
	document_table(document, "Most frequent deviations");
	document_column(document, "Class", false);
	document_column(document, "Where, for example", false);
	document_column(document, "What", false);
	document_column(document, "Keyword of the schema", false);
	document_column(document, "Replies", true);
	for (size_t i = 0; i < drift->deviation_count; i++) {
		const struct store_top_deviation *deviation = &drift->deviations[i];
		document_cell(document, STYLE_PLAIN, "%s%s", drift_class_name((int)deviation->drift),
			      deviation->strict ? " (strict reading)" : "");
		document_value(document,
			       deviation->instance[0] == '\0' ? SPAN("the reply") : span_of(deviation->instance));
		document_value(document, span_of(deviation->sentence));
		document_value(document, span_of(deviation->schema));
		count_cell(document, deviation->replies);
	}
}

static void describe_sources(const struct report_drift *drift, struct document *document)
{
	document_table(document, "By contract version, model and prompt");
	document_column(document, "Contract", false);
	document_column(document, "Model, as reported", false);
	document_column(document, "Prompt’s fingerprint", false);
	document_column(document, "Replies", true);
	document_column(document, "Contract drift", true);
	document_column(document, "Strict reading", true);
	for (size_t i = 0; i < drift->source_count; i++) {
		const struct report_source *row = &drift->sources[i];
		document_value(document, row->source.contract_version);
		document_value(document, row->source.model.length > 0 ? row->source.model : SPAN("not told"));
		document_cell(
			document, STYLE_PLAIN, "%.*s",
			(int)(row->source.prompt.length < PROMPT_SHOWN ? row->source.prompt.length : PROMPT_SHOWN),
			row->source.prompt.data);
		count_cell(document, row->total.replies);
		share_cell(document, row->total.contract_drift, row->total.replies);
		share_cell(document, row->total.strict_drift, row->total.replies);
	}
}

void describe_contract_drift(const struct report_drift *drift, const char *heading, struct document *document)
{
	if (drift->total.replies == 0) {
		return;
	}
	document_heading(document, 3, "%s", heading);
	describe_series(drift, document);
	if (drift->total.strict_drift > 0) {
		describe_classes(drift, document);
		describe_deviations(drift, document);
	}
	describe_sources(drift, document);
}

void describe_legacy_drift(const struct report *report, struct document *document)
{
	if (report->legacy_drift.total.replies > 0) {
		document_heading(document, 2, "The legacy path, held to the same contract");
		describe_contract_drift(&report->legacy_drift, "Contract drift of the legacy path", document);
	}
}

/* --- incidents and what watches --- */

static void length_cell(struct document *document, int64_t length)
{
	char text[CLOCK_TEXT_SIZE];
	document_cell(document, STYLE_PLAIN, "%s", clock_format_length(length, text));
}

static void incident_row(const struct report_incident *incident, struct document *document)
{
	char text[CLOCK_TEXT_SIZE];
	document_cell(document, STYLE_KEY, "%lld", (long long)incident->id);
	document_cell(document, STYLE_PLAIN, "%s%s%s", incident_kind_sentence((int)incident->kind),
		      incident->path != NULL ? ", candidate " : "", incident->path != NULL ? incident->path : "");
	document_value(document, incident->subject[0] != '\0' ? span_of(incident->subject) : SPAN("–"));
	document_cell(document, incident->severity == DRIFT_HIGH ? STYLE_BAD : STYLE_PLAIN, "%s",
		      drift_severity_name((int)incident->severity));
	document_cell(document, STYLE_PLAIN, "%s", clock_format(incident->began_at, text));
	length_cell(document, incident->detected_at - incident->began_at);
	document_cell(document, incident->state == INCIDENT_RESOLVED ? STYLE_GOOD : STYLE_BAD, "%s",
		      incident_state_name((int)incident->state));
	if (incident->resolved_at > 0) {
		length_cell(document, incident->resolved_at - incident->detected_at);
	} else {
		document_cell(document, STYLE_MUTED, "–");
	}
	document_value(document, span_of(incident_summary(document->arena, incident)));
}

static void monitor_sentence(const struct report_drift *drift, const char *path, struct document *document)
{
	static const char *const phases[] = {[DRIFT_PHASE_REFERENCE] = "is still collecting its reference",
					     [DRIFT_PHASE_WATCH] = "watches",
					     [DRIFT_PHASE_ALARM] = "is in alarm until its incident is resolved"};
	char usual[48];
	const struct store_monitor *monitor = &drift->monitor;
	if (!drift->is_monitored) {
		return;
	}
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		document_cell(document, STYLE_PLAIN, "%s: the watch over contract drift %s (%lld replies so far)", path,
			      phases[DRIFT_PHASE_REFERENCE], (long long)monitor->reference_replies);
		return;
	}
	document_cell(document, STYLE_PLAIN,
		      "%s: the watch over contract drift %s. Usual is a rate of at most %s; while it stays so, a false "
		      "alarm comes once in %.0f days on average, or later.",
		      path, phases[monitor->phase], percent_text(monitor->p0, usual),
		      monitor->run_length / monitor->replies_per_day);
}

void describe_incidents(const struct report *report, struct document *document)
{
	static const char *const heads[] = {"About",     "Subject", "Severity", "Began (estimate)",
					    "To detect", "State",   "Open for", "What is known"};
	document_heading(document, 2, "Incidents");
	document_list(document);
	monitor_sentence(&report->legacy_drift, "legacy path", document);
	for (size_t i = 0; i < report->candidate_count; i++) {
		monitor_sentence(&report->candidates[i].drift, report->candidates[i].candidate->name, document);
	}
	if (report->incident_count == 0) {
		document_cell(document, STYLE_PLAIN, "No incident is open, and none was found in these weeks.");
		return;
	}
	document_table(document, "Open, or found in these weeks");
	document_column(document, "No.", false);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		document_column(document, heads[i], false);
	}
	for (size_t i = 0; i < report->incident_count; i++) {
		incident_row(&report->incidents[i], document);
	}
	document_note(document,
		      "`understudy incident show NUMBER` has the whole evidence. An incident asks somebody to "
		      "look; it decides nothing at the gate by itself.");
}
