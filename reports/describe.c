/* The report in words and tables: head, summary, weeks. What stands where is decided here and in describe_more.c. */
#include "reports/document.h"
#include "reports/report.h"

#include <math.h>
#include <stdio.h>

#define FIXED "fixed-time 95%"
#define FIXED_FORMAT "fixed-time 95%%" /* inside a format */

static void describe_banners(const struct report *report, struct document *document)
{
	const struct contract *contract = report->contract;
	if (simulation_notice(report) != NULL) {
		document_paragraph(document, STYLE_WARNING, "%s", simulation_notice(report));
	}
	if (!contract->production) {
		document_paragraph(document, STYLE_WARNING,
				   "Environment %s: this is not production traffic, and only production counts in "
				   "production figures.",
				   contract->environment);
	}
	if (report->to_week > 0 && !report->complete) {
		document_paragraph(document, STYLE_WARNING, "The last week shown was not over yet.");
	}
}

static void describe_head(const struct report *report, struct document *document)
{
	const struct contract *contract = report->contract;
	char from[CLOCK_TEXT_SIZE] = "";
	char to[CLOCK_TEXT_SIZE] = "";
	char tests[48];
	document_heading(document, 1, "Shadow report: %s", contract->interface);
	if (report->to_week == 0) {
		document_paragraph(document, STYLE_LEAD,
				   "Nothing has been captured for this interface yet. Start the tap and the worker, or "
				   "replay recorded messages.");
	} else {
		document_paragraph(
			document, STYLE_NOTE,
			"Contract %s, environment %s. Weeks %s to %s (%s). Accuracy counts records at the level “%s”.",
			contract->version, contract->environment, clock_week_format(report->from_week, from),
			clock_week_format(report->to_week, to), report->installation->timezone, contract->level);
	}
	describe_banners(report, document);
	if (report->candidate_count > 0 && report->candidates[0].evidence.test_messages > 0) {
		document_paragraph(document, STYLE_NOTE, "%s test messages are stored and left out of every figure.",
				   count_text(report->candidates[0].evidence.test_messages, tests));
	}
}

/* --- page one --- */

static void tile(struct document *document, const char *label, const char *value, const char *detail, const char *mark)
{
	document_cell(document, STYLE_PLAIN, "%s", label);
	document_cell(document, STYLE_PLAIN, "%s", value);
	document_cell(document, STYLE_PLAIN, "%s", detail);
	document_cell(document, STYLE_PLAIN, "%s", mark);
}

static void estimate_tile(struct document *document, const char *label, const struct figures *figures,
			  const struct stats_estimate *estimate, bool difference)
{
	char value[48];
	char detail[48];
	char mark[96];
	char count[48];
	if (!figures->estimated) {
		tile(document, label, "–", "no labels yet", "");
		return;
	}
	(void)snprintf(mark, sizeof(mark), FIXED_FORMAT ", %s labels, %s", count_text(figures->labelled, count),
		       difference ? "MOVER-Tango" : "MOVER-Wilson");
	tile(document, label, difference ? points_text(estimate->value, value) : percent_text(estimate->value, value),
	     difference ? points_range_text(&estimate->interval, detail) : range_text(&estimate->interval, detail),
	     mark);
}

static void cost_tile(struct document *document, const char *label, double cost, const char *currency, const char *mark)
{
	char value[48] = "–";
	if (!isnan(cost)) {
		(void)snprintf(value, sizeof(value), "%.6f", cost);
	}
	tile(document, label, value, currency, mark);
}

static void describe_tiles(const struct report *report, const struct report_candidate *candidate,
			   struct document *document)
{
	const struct figures *total = &candidate->total;
	char value[48];
	char detail[48];
	char count[48];
	char mark[96];
	document_tiles(document);
	estimate_tile(document, "LLM path right", total, &total->llm, false);
	estimate_tile(document, "Legacy path right", total, &total->legacy_accuracy, false);
	estimate_tile(document, "LLM minus legacy", total, &total->difference, true);
	(void)snprintf(mark, sizeof(mark), FIXED_FORMAT ", %s replies, Wilson", count_text(total->sums.replies, count));
	tile(document, "Contract drift", percent_text(total->drift_rate, value),
	     total->sums.replies > 0 ? range_text(&total->drift, detail) : "no replies yet", mark);
	(void)snprintf(mark, sizeof(mark), "census, %s records", count_text(total->records, count));
	tile(document, "Records that disagree", percent_text(total->disagreement_rate, value), "", mark);
	(void)snprintf(mark, sizeof(mark), "census, %s transactions", count_text(total->sums.compared, count));
	cost_tile(document, "Cost per transaction", total->cost, report->contract->currency, mark);
	cost_tile(document, "Cost per correct record", total->cost_per_correct, report->contract->currency,
		  "from the accuracy estimate");
	(void)snprintf(mark, sizeof(mark), "census, %s exchanges stored", count_text(total->stored, count));
	tile(document, "Compared", percent_text(total->coverage, value), "of what was to be evaluated", mark);
}

/* Where not all exchanges were to be evaluated, the figures are about those that were. */
static void describe_sample(const struct figures *total, struct document *document)
{
	char drawn[48];
	char floor[48];
	char share[48];
	uint64_t all = total->drawn[SHADOW_SHARE] + total->drawn[SHADOW_FLOOR];
	if (all == 0) {
		return;
	}
	document_cell(
		document, STYLE_PLAIN,
		"For %s exchanges it was drawn whether to ask the LLM path: %s were chosen by the share of the "
		"contract, %s as the first of their operation in a minute. All figures describe the exchanges that "
		"were compared, without weights for this; their share is the coverage.",
		count_text(all, drawn), count_text(total->chosen[SHADOW_SHARE], share),
		count_text(total->chosen[SHADOW_FLOOR], floor));
}

/* Sentences for people who do not read intervals. */
static void describe_meaning(const struct figures *total, struct document *document)
{
	char a[48];
	char b[48];
	char c[48];
	document_list(document);
	describe_sample(total, document);
	if (!total->estimated) {
		document_cell(document, STYLE_PLAIN,
			      "No record has been reviewed yet, so nothing can be said about who is right; only how "
			      "often the paths disagree.");
		return;
	}
	document_cell(document, STYLE_PLAIN,
		      "The LLM path gave the right answer on %s of the records. The true share may lie anywhere from "
		      "%s: people reviewed %s of %s sampled records.",
		      percent_text(total->llm.value, a), range_text(&total->llm.interval, b),
		      count_text(total->labelled, c), count_text(total->sampled, (char[48]){0}));
	const struct stats_interval *range = &total->difference.interval;
	const char *sense = range->low > 0    ? "the LLM path is better, beyond chance"
			    : range->high < 0 ? "the legacy path is better, beyond chance"
					      : "which path is better cannot be told from chance yet";
	document_cell(document, STYLE_PLAIN, "Against the legacy path that is %s (%s): %s.",
		      points_text(total->difference.value, a), points_range_text(range, b), sense);
	document_cell(
		document, STYLE_PLAIN,
		"Reviewers err too: if one in a hundred of the final labels is wrong, each accuracy is uncertain by "
		"up to one point more than its interval says.");
	if (total->unsettled + total->unlabelable > 0) {
		document_cell(document, STYLE_PLAIN,
			      "%s sampled records are still to be reviewed or settled, and %s cannot be judged; if "
			      "those differ from the others, the estimates will move.",
			      count_text(total->unsettled, a), count_text(total->unlabelable, b));
	}
	if (total->llm.unlabelled > 0.01 || total->legacy_accuracy.unlabelled > 0.01) {
		document_cell(document, STYLE_BAD,
			      "Some kinds of record have no label at all; they weigh %s, and the intervals assume "
			      "nothing about them.",
			      percent_text(fmax(total->llm.unlabelled, total->legacy_accuracy.unlabelled), a));
	}
}

static void describe_summary(const struct report *report, const struct report_candidate *candidate,
			     struct document *document)
{
	static const enum text_style styles[] = {[GATE_GO] = STYLE_GO,
						 [GATE_NO_GO] = STYLE_NO_GO,
						 [GATE_HOLD] = STYLE_HOLD,
						 [GATE_DATA_FAULT] = STYLE_NO_GO};
	const struct gate *gate = &candidate->gate;
	const struct contract_candidate *of = candidate->candidate;
	document_heading(document, 2, "Candidate %s", of->name);
	document_paragraph(document, STYLE_NOTE, "Provider %s%s%s%s. Evaluation period %d, %zu closed %s.",
			   of->provider != NULL ? of->provider : "unknown", of->model != NULL ? ", model " : "",
			   of->model != NULL ? of->model : "", of->simulated ? ", simulated" : "", gate->epoch,
			   gate->closed_count, gate->closed_count == 1 ? "week" : "weeks");
	document_paragraph(document, styles[gate->decision], "%s", gate_decision_text(gate->decision));
	if (gate->decision == GATE_GO) {
		document_paragraph(document, STYLE_LEAD, "Every condition is proven and every guard passed.");
	} else if (gate->reason_count > 0) {
		document_paragraph(document, STYLE_LEAD, "%s", gate->reasons[0]);
	}
	if (candidate->total.stored == 0) {
		document_paragraph(document, STYLE_PLAIN, "No exchange was stored in these weeks.");
		return;
	}
	describe_tiles(report, candidate, document);
	describe_meaning(&candidate->total, document);
}

/* --- weeks --- */

static void estimate_cell(struct document *document, const struct figures *figures,
			  const struct stats_estimate *estimate, bool difference)
{
	char text[48];
	if (figures->estimated) {
		document_cell(document, STYLE_PLAIN, "%s", estimate_text(estimate, difference, text));
	} else {
		document_cell(document, STYLE_MUTED, "no labels");
	}
}

static void week_head(struct document *document, const struct figures *figures)
{
	char week[CLOCK_TEXT_SIZE];
	document_cell(document, STYLE_KEY, "%s",
		      figures->from_week == figures->to_week ? clock_week_format(figures->from_week, week) : "All");
}

static void accuracy_row(struct document *document, const struct figures *figures)
{
	char text[48];
	week_head(document, figures);
	document_cell(document, STYLE_PLAIN, "%s", count_text(figures->records, text));
	document_cell(document, STYLE_PLAIN, "%s", count_text(figures->labelled, text));
	estimate_cell(document, figures, &figures->llm, false);
	estimate_cell(document, figures, &figures->legacy_accuracy, false);
	estimate_cell(document, figures, &figures->difference, true);
	if (isnan(figures->naive_disagreements)) {
		document_cell(document, STYLE_MUTED, "%s", percent_text(figures->naive_pooled, text));
	} else {
		document_cell(document, STYLE_MUTED, "%.2f or %.2f %%", 100 * figures->naive_disagreements,
			      100 * figures->naive_pooled);
	}
}

static void describe_accuracy(const struct report_candidate *candidate, struct document *document)
{
	static const char *const heads[] = {
		"Records", "Labels", "LLM path right", "Legacy path right", "LLM minus legacy (points)", "Naive"};
	document_table(document, "Accuracy of both paths by week, intervals " FIXED_FORMAT);
	document_column(document, "Week", false);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		document_column(document, heads[i], true);
	}
	for (size_t i = 0; i < candidate->week_count; i++) {
		accuracy_row(document, &candidate->weeks[i]);
	}
	if (candidate->week_count != 1 || candidate->total.from_week != candidate->total.to_week) {
		accuracy_row(document, &candidate->total);
	}
	document_note(document, "Post-stratified by agreement of the two paths and probability of review; accuracy by "
				"MOVER-Wilson, difference by MOVER-Tango, both with finite-population correction. The "
				"naive figures (from labelled disagreements only, or from all labels without weights) "
				"ignore that disagreements are reviewed far more often than agreements: "
				"they are wrong, and stand here only to show by how much.");
}

static void operation_row(const struct report *report, struct document *document, const struct figures *figures)
{
	char text[48];
	week_head(document, figures);
	document_cell(document, STYLE_PLAIN, "%s", count_text(figures->stored, text));
	document_cell(document, STYLE_PLAIN, "%s", percent_text(figures->coverage, text));
	document_cell(document, STYLE_PLAIN, "%s", percent_text(figures->disagreement_rate, text));
	document_cell(document, STYLE_PLAIN, "%s", percent_text(figures->drift_rate, text));
	if (figures->sums.replies > 0) {
		document_cell(document, STYLE_PLAIN, "%s", range_text(&figures->drift, text));
	} else {
		document_cell(document, STYLE_MUTED, "no replies");
	}
	document_cell(document, STYLE_PLAIN, "%s", money_text(figures->cost, report->contract->currency, text));
	document_cell(document, STYLE_PLAIN, "%s",
		      money_text(figures->cost_per_correct, report->contract->currency, text));
	document_cell(document, STYLE_PLAIN, "%s",
		      count_text(figures->sums.tokens_input + figures->sums.tokens_cache_read +
					 figures->sums.tokens_cache_write,
				 text));
	document_cell(document, STYLE_PLAIN, "%s", count_text(figures->sums.tokens_output, text));
}

static void describe_operation(const struct report *report, const struct report_candidate *candidate,
			       struct document *document)
{
	static const char *const heads[] = {"Exchanges", "Compared",           "Disagree",    "Contract drift", FIXED,
					    "Cost each", "per correct record", "Tokens read", "Tokens written"};
	document_table(document, "Traffic, contract drift and cost by week");
	document_column(document, "Week", false);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		document_column(document, heads[i], true);
	}
	for (size_t i = 0; i < candidate->week_count; i++) {
		operation_row(report, document, &candidate->weeks[i]);
	}
	if (candidate->week_count > 1) {
		operation_row(report, document, &candidate->total);
	}
	document_note(document, "Counts are a census: no sampling error. The drift interval (Wilson) speaks about the "
				"process that makes the replies. Cost includes every attempt; tokens read include "
				"cached ones.");
}

static void figure(const struct report *report, const struct report_candidate *candidate, bool drawn, const char *plot,
		   const char *title, const char *words, struct document *document)
{
	(void)report;
	const char *name = plot_name(document->arena, plot, candidate->number);
	if (drawn && name != NULL) {
		document_figure(document, name, title, words);
	}
}

static void describe_weeks(const struct report *report, const struct report_candidate *candidate, bool drawn,
			   struct document *document)
{
	document_heading(document, 3, "Week by week");
	figure(report, candidate, drawn && candidate->total.estimated, "accuracy",
	       "Accuracy of both paths by week, bars " FIXED,
	       "For each week the estimated share of right records of the LLM path and of the legacy path with its "
	       "interval. The same numbers stand in the table below.",
	       document);
	describe_accuracy(candidate, document);
	figure(report, candidate, drawn, "drift", "Disagreement and contract drift by week, bars " FIXED,
	       "For each week the share of records on which the paths disagree, and the share of replies that deviate "
	       "from their schema with its interval. The same numbers stand in the table below.",
	       document);
	figure(report, candidate, drawn && candidate->total.sums.compared > 0, "cost",
	       "Mean cost of a transaction and of a correct record by week",
	       "For each week the mean cost of one transaction and of one correct record. The same numbers stand in "
	       "the table below.",
	       document);
	describe_operation(report, candidate, document);
}

void report_describe(const struct report *report, bool drawn, struct document *document)
{
	describe_head(report, document);
	for (size_t i = 0; i < report->candidate_count && report->to_week > 0; i++) {
		const struct report_candidate *candidate = &report->candidates[i];
		describe_summary(report, candidate, document);
		document_heading(document, 3, "Gate");
		describe_gate(&candidate->gate, document);
		figure(report, candidate, drawn && candidate->gate.closed_count > 0, "evidence",
		       "Evidence for each condition of the gate after each closed week (anytime valid)",
		       "For each closed week the logarithm of the e-value of each condition, and the level that each "
		       "must reach for GO. Values beyond three times that level are drawn at it.",
		       document);
		if (candidate->total.stored > 0) {
			describe_weeks(report, candidate, drawn, document);
			describe_details(report, candidate, document);
			describe_contract_drift(&candidate->drift, "Contract drift", document);
		}
	}
	describe_legacy_drift(report, document);
	if (report->to_week > 0 && !drawn) {
		document_paragraph(
			document, STYLE_NOTE,
			"No plots: gnuplot was not found, or was not asked for. The tables hold every number.");
	}
	describe_accounts(report, document);
	describe_measured(report, document);
}
