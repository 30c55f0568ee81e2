#include "reports/data_drift.h"

#include "harness/base/json_build.h"
#include "reports/document.h"
#include "reports/report.h"

bool data_drift_read(struct report *report, struct store *store, int64_t interface_id, struct error *err)
{
	struct report_data_drift *drift = &report->data_drift;
	return profile_findings_read(store, interface_id, report->from_week, report->to_week, REPORT_FINDINGS_MAX,
				     &report->arena, &drift->findings, &drift->finding_count, &drift->finding_total,
				     err) &&
	       profile_tested_read(store, interface_id, &report->arena, &drift->tested, &drift->tested_count, err);
}

static const char *side_name(const struct report *report, int64_t side)
{
	for (size_t i = 0; i < report->candidate_count; i++) {
		if (report->candidates[i].evidence.candidate_id == side) {
			return report->candidates[i].candidate->name;
		}
	}
	return side == PROFILE_MESSAGE  ? "messages"
	       : side == PROFILE_LEGACY ? "replies of the legacy path"
					: "replies of a candidate that is not in the contract";
}

static void tested_cell(const struct report *report, const struct profile_tested *tested, struct document *document)
{
	char week[CLOCK_TEXT_SIZE];
	char from[CLOCK_TEXT_SIZE];
	char to[CLOCK_TEXT_SIZE];
	document_cell(document, STYLE_PLAIN, "%s: week %s was the last that was held against the reference, %s to %s.",
		      side_name(report, tested->side), clock_week_format(tested->week, week),
		      clock_week_format(tested->from_week, from), clock_week_format(tested->to_week, to));
}

static void finding_row(const struct report *report, const struct profile_finding *finding, struct document *document)
{
	char week[CLOCK_TEXT_SIZE];
	document_cell(document, STYLE_KEY, "%s", clock_week_format(finding->week, week));
	document_cell(document, STYLE_PLAIN, "%s", side_name(report, finding->side));
	document_value(document, finding->pointer[0] != '\0' ? span_of(finding->pointer) : SPAN("the whole"));
	document_value(document, span_of(finding->sentence));
	document_cell(document, STYLE_PLAIN, "%.3g", finding->effect);
	document_cell(document, STYLE_PLAIN, "%.2g", finding->adjusted);
}

static void findings_table(const struct report *report, struct document *document)
{
	const struct report_data_drift *drift = &report->data_drift;
	document_table(document, "Data drift found in these weeks%s",
		       drift->finding_total > drift->finding_count ? " (the first ones)" : "");
	document_column(document, "Week", false);
	document_column(document, "In", false);
	document_column(document, "Field", false);
	document_column(document, "What changed", false);
	document_column(document, "Effect", true);
	document_column(document, "p, adjusted", true);
	for (size_t i = 0; i < drift->finding_count; i++) {
		finding_row(report, &drift->findings[i], document);
	}
	document_note(document,
		      "Each week’s values against a frozen reference: a finding needs a p-value below 0.05 after "
		      "Benjamini and Hochberg over the week’s tests of that side, and an effect worth a look. "
		      "It says where to look, measures no accuracy, and decides nothing at the gate. "
		      "`understudy profile show` has the figures of every field.");
}

void describe_data_drift(const struct report *report, struct document *document)
{
	const struct report_data_drift *drift = &report->data_drift;
	document_heading(document, 2, "Data drift");
	document_list(document);
	for (size_t i = 0; i < drift->tested_count; i++) {
		tested_cell(report, &drift->tested[i], document);
	}
	if (drift->tested_count == 0) {
		document_cell(document, STYLE_PLAIN,
			      "No week was tested yet: the reference of messages and replies is "
			      "not complete, or no later week is over.");
	} else if (drift->finding_count == 0) {
		document_cell(document, STYLE_PLAIN, "No data drift was found in these weeks.");
	} else {
		findings_table(report, document);
	}
}

void build_data_drift(const struct report *report, struct json_build *build)
{
	char week[CLOCK_TEXT_SIZE];
	json_build_array(build, "data_drift");
	for (size_t i = 0; i < report->data_drift.finding_count; i++) {
		const struct profile_finding *finding = &report->data_drift.findings[i];
		json_build_object(build, NULL);
		json_build_text(build, "week", clock_week_format(finding->week, week));
		json_build_text(build, "side", side_name(report, finding->side));
		json_build_text(build, "pointer", finding->pointer);
		json_build_text(build, "check", profile_check_name((int)finding->check));
		json_build_text(build, "sentence", finding->sentence);
		json_build_number(build, "effect", finding->effect);
		json_build_number(build, "p", finding->p);
		json_build_number(build, "p_adjusted", finding->adjusted);
		json_build_end(build);
	}
	json_build_end(build);
}
