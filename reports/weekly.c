#include "reports/weekly.h"

#include "harness/base/file.h"
#include "reports/document.h"
#include "reports/report.h"

#include <stdlib.h>

enum { REPORT_ARENA_MAX = 1 << 30, REPORT_MAX = 256 << 20, REPORT_MODE = 0600 };

/* --- reading --- */

static int32_t first_week(const struct report *report)
{
	int32_t first = 0;
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct evidence *evidence = &report->candidates[i].evidence;
		if (evidence->week_count > 0 && (first == 0 || evidence->weeks[0].week < first)) {
			first = evidence->weeks[0].week;
		}
	}
	return first;
}

static bool is_over(const struct report *report, int32_t week)
{
	return clock_week_start(clock_week_next(week), report->installation->zone) <= report->as_of;
}

/* The last week with data that was over, else the last with data. */
static int32_t last_week(const struct report *report)
{
	int32_t last = 0;
	int32_t over = 0;
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct evidence *evidence = &report->candidates[i].evidence;
		for (size_t j = 0; j < evidence->week_count; j++) {
			int32_t week = evidence->weeks[j].week;
			last = week > last ? week : last;
			over = week > over && is_over(report, week) ? week : over;
		}
	}
	return over > 0 ? over : last;
}

static void set_range(struct report *report, const struct report_request *request)
{
	report->from_week = request->from_week > 0 ? request->from_week : first_week(report);
	report->to_week = request->to_week > 0 ? request->to_week : last_week(report);
	if (request->to_week == 0 && report->to_week < report->from_week) {
		report->to_week = report->from_week;
	}
	if (request->from_week == 0 && report->to_week < report->from_week) {
		report->from_week = report->to_week;
	}
	report->complete = report->to_week > 0 && is_over(report, report->to_week);
}

static bool compute(struct report *report, struct report_candidate *candidate, struct error *err)
{
	const struct evidence *evidence = &candidate->evidence;
	figures_compute(evidence, report->contract, report->from_week, report->to_week, &candidate->total);
	candidate->weeks = arena_allocate_array(&report->arena, evidence->week_count + 1, sizeof(*candidate->weeks));
	if (candidate->weeks == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the report; name fewer weeks");
	}
	for (size_t i = 0; i < evidence->week_count; i++) {
		int32_t week = evidence->weeks[i].week;
		if (week >= report->from_week && week <= report->to_week) {
			figures_compute(evidence, report->contract, week, week,
					&candidate->weeks[candidate->week_count++]);
		}
	}
	return gate_assess(&report->arena, evidence, report->contract, candidate->candidate, report->installation->zone,
			   report->as_of, &candidate->gate, err);
}

static bool read_candidates(struct report *report, struct store *store, const struct report_request *request,
			    struct error *err)
{
	const struct contract *contract = report->contract;
	for (size_t i = 0; i < contract->candidate_count; i++) {
		struct report_candidate *candidate = &report->candidates[report->candidate_count++];
		candidate->candidate = &contract->candidates[i];
		candidate->number = i + 1;
		if (!evidence_read(&report->arena, store, contract->interface, candidate->candidate->name,
				   request->in_spool, &candidate->evidence, err)) {
			return false;
		}
	}
	set_range(report, request);
	return true;
}

static bool read_all(struct report *report, struct store *store, const struct report_request *request,
		     struct error *err)
{
	if (!read_candidates(report, store, request, err)) {
		return false;
	}
	int64_t interface = 0;
	for (size_t i = 0; i < report->candidate_count; i++) {
		struct report_candidate *candidate = &report->candidates[i];
		interface = candidate->evidence.interface_id != 0 ? candidate->evidence.interface_id : interface;
		if (!details_read(report, candidate, store, err) ||
		    !latencies_read(report, store, candidate->evidence.interface_id, candidate->evidence.candidate_id,
				    &candidate->latencies, &candidate->latency_count, err) ||
		    !contract_drift_read(report, store, candidate->evidence.interface_id,
					 candidate->evidence.candidate_id, &candidate->drift, err)) {
			return false;
		}
	}
	return latencies_read(report, store, interface, 0, &report->legacy_latencies, &report->legacy_latency_count,
			      err) &&
	       contract_drift_read(report, store, interface, 0, &report->legacy_drift, err) &&
	       data_drift_read(report, store, interface, err) && incidents_read(report, store, interface, err);
}

static bool fill(struct report *report, struct store *store, const struct report_request *request, struct error *err)
{
	report->candidates = arena_allocate_array(&report->arena, report->contract->candidate_count + 1,
						  sizeof(*report->candidates));
	if (report->candidates == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the report");
	}
	if (request->spool_position != NULL) {
		report->spool_position = arena_copy(&report->arena, span_of(request->spool_position));
	}
	if (!store_begin_read(store, err)) {
		return false;
	}
	bool done = read_all(report, store, request, err);
	store_rollback(store);
	for (size_t i = 0; done && i < report->candidate_count; i++) {
		done = compute(report, &report->candidates[i], err);
	}
	return done;
}

struct report *report_create(struct store *store, const struct installation *installation,
			     const struct contract *contract, const struct report_request *request, struct error *err)
{
	if (request->from_week > 0 && request->to_week > 0 && request->from_week > request->to_week) {
		error_set(err, ERROR_USAGE, "the first week is after the last; write the earlier one first");
		return NULL;
	}
	struct report *report = calloc(1, sizeof(*report));
	if (report == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the report");
		return NULL;
	}
	arena_init(&report->arena, REPORT_ARENA_MAX);
	report->installation = installation;
	report->contract = contract;
	report->as_of = request->as_of;
	if (!fill(report, store, request, err)) {
		report_destroy(report);
		return NULL;
	}
	return report;
}

void report_destroy(struct report *report)
{
	if (report != NULL) {
		arena_finish(&report->arena);
		free(report);
	}
}

const struct gate *report_gate(const struct report *report, size_t candidate)
{
	BUG_ON(candidate >= report->candidate_count);
	return &report->candidates[candidate].gate;
}

/* --- writing --- */

static bool write_document(const struct report *report, bool html, bool drawn, const char *plots, struct buffer *buffer,
			   struct error *err)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(REPORT_ARENA_MAX);
	struct document document;
	document_init(&document, &arena);
	report_describe(report, drawn, &document);
	if (document.failed) {
		return error_set(err, ERROR_MEMORY, "no memory for the report's text; name fewer weeks");
	}
	if (html) {
		document_write_html(&document, plots, buffer);
	} else {
		document_write_markdown(&document, drawn, buffer);
	}
	return buffer_ok(buffer, "the report", err);
}

bool report_write_markdown(const struct report *report, bool plots, struct buffer *buffer, struct error *err)
{
	return write_document(report, false, plots, NULL, buffer, err);
}

bool report_write_html(const struct report *report, const char *plots, struct buffer *buffer, struct error *err)
{
	return write_document(report, true, plots != NULL, plots, buffer, err);
}

static bool write_file(const char *directory, const char *name, const struct buffer *content, struct error *err)
{
	struct buffer path CLEANUP_BUFFER = BUFFER_INIT(8192);
	buffer_append_format(&path, "%s/%s", directory, name);
	return buffer_ok(&path, "the report's path", err) &&
	       file_write(path.data, buffer_span(content), REPORT_MODE, err);
}

bool report_write(const struct report *report, const char *directory, bool html, bool markdown, bool json,
		  struct error *err)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(REPORT_MAX);
	struct buffer plots CLEANUP_BUFFER = BUFFER_INIT(8192);
	bool drawn = false;
	buffer_append_format(&plots, "%s/plots", directory);
	if (!buffer_ok(&plots, "the report's path", err) || !file_make_directory(directory, err)) {
		return false;
	}
	if ((html || markdown) && !plots_write(report, directory, &drawn, err)) {
		return false;
	}
	if (html && (!report_write_html(report, drawn ? plots.data : NULL, &text, err) ||
		     !write_file(directory, "report.html", &text, err))) {
		return false;
	}
	buffer_clear(&text);
	if (markdown &&
	    (!report_write_markdown(report, drawn, &text, err) || !write_file(directory, "report.md", &text, err))) {
		return false;
	}
	buffer_clear(&text);
	return !json || (report_write_json(report, &text, err) && write_file(directory, "report.json", &text, err));
}
