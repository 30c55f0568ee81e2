/* The report in words and tables: gate, details, accounts, measured times. */
#include "reports/document.h"
#include "reports/report.h"

#include <math.h>
#include <stdio.h>

static void columns(struct document *document, const char *first, const char *const *heads, size_t count)
{
	document_column(document, first, false);
	for (size_t i = 0; i < count; i++) {
		document_column(document, heads[i], true);
	}
}
#define COLUMNS(document, first, heads) columns(document, first, heads, sizeof(heads) / sizeof((heads)[0]))

static void count_cell(struct document *document, uint64_t count)
{
	char text[48];
	document_cell(document, count == 0 ? STYLE_MUTED : STYLE_PLAIN, "%s", count_text(count, text));
}

/* --- gate --- */

static void condition_row(const struct gate *gate, const struct gate_condition *condition, struct document *document)
{
	char text[48];
	enum gate_target target = condition->target;
	bool lower = target == GATE_CONTRACT_DRIFT || target == GATE_COST;
	bool tested =
		condition->state == GATE_PASSED || condition->state == GATE_OPEN || condition->state == GATE_FAILED;
	bool passed = condition->state == GATE_PASSED || condition->state == GATE_BY_CAP;
	document_cell(document, STYLE_PLAIN, "%s", gate_target_title(target));
	document_cell(document, STYLE_PLAIN, "%s", gate_value_text(gate, target, condition->estimate, text));
	gate_value_text(gate, target, condition->proven, text);
	document_cell(document, STYLE_PLAIN, "%s%s", isnan(condition->proven) ? "" : lower ? "≤ " : "≥ ", text);
	gate_value_text(gate, target, condition->limit, text);
	document_cell(document, STYLE_PLAIN, "%s%s", lower ? "≤ " : "≥ ", text);
	document_cell(document, STYLE_PLAIN, "%s", gate_e_text(tested ? condition->log_e : (double)NAN, text));
	if (condition->state == GATE_OPEN && condition->reachable) {
		document_cell(document, STYLE_PLAIN, "%.0f", condition->more_labels);
		document_cell(document, STYLE_PLAIN, "%.0f", condition->more_weeks);
	} else {
		document_cell(document, STYLE_MUTED, "–");
		document_cell(document, STYLE_MUTED, "–");
	}
	document_cell(document,
		      passed                            ? STYLE_GOOD
		      : condition->state == GATE_FAILED ? STYLE_BAD
							: STYLE_PLAIN,
		      "%s%s",
		      passed                            ? "✓ "
		      : condition->state == GATE_FAILED ? "✗ "
							: "",
		      gate_state_text(condition->state));
}

void describe_gate(const struct gate *gate, struct document *document)
{
	static const char *const heads[] = {"Estimate", "Proven (anytime 95%)", "Limit",
					    "e-value",  "More reviews",         "More weeks"};
	static const char *const states[] = {"✓ passed", "holds", "✗ fault"};
	document_table(document, "Conditions, over the %zu closed %s of evaluation period %d", gate->closed_count,
		       gate->closed_count == 1 ? "week" : "weeks", gate->epoch);
	COLUMNS(document, "Condition", heads);
	document_column(document, "State", false);
	for (int i = 0; i < GATE_TARGET_COUNT; i++) {
		condition_row(gate, &gate->conditions[i], document);
	}
	document_note(document,
		      "Evidence is a Kaplan-Wald e-value: it may be looked at every week without raising the chance of "
		      "a false GO above %g %%. GO needs every condition at %.4g or more and every guard passed; NO-GO "
		      "needs evidence for the opposite of %.4g in one condition. “Proven” is the limit that would "
		      "pass today (for alpha %g).",
		      gate->alpha * 100, exp(gate->threshold), exp(gate->threshold_against), gate->alpha);
	document_table(document, "Guards");
	document_column(document, "Guard", false);
	document_column(document, "State", false);
	document_column(document, "Why", false);
	for (size_t i = 0; i < gate->guard_count; i++) {
		const struct gate_guard *guard = &gate->guards[i];
		document_cell(document, STYLE_PLAIN, "%s", guard->name);
		document_cell(document,
			      guard->state == GUARD_PASSED  ? STYLE_GOOD
			      : guard->state == GUARD_FAULT ? STYLE_BAD
							    : STYLE_PLAIN,
			      "%s", states[guard->state]);
		document_cell(document, STYLE_PLAIN, "%s", guard->sentence);
	}
	document_paragraph(document, STYLE_PLAIN, "Why %s:", gate_decision_text(gate->decision));
	document_list(document);
	for (size_t i = 0; i < gate->reason_count; i++) {
		document_cell(document, STYLE_PLAIN, "%s", gate->reasons[i]);
	}
}

/* --- details --- */

static void describe_outcomes(const struct figures *total, struct document *document)
{
	static const char *const heads[] = {"Transactions", "Share"};
	char text[48];
	document_table(document, "What became of the LLM path’s answers");
	COLUMNS(document, "Outcome", heads);
	document_column(document, "Meaning", false);
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		uint64_t count = total->sums.outcomes[i];
		double share = total->sums.compared > 0 ? (double)count / (double)total->sums.compared : (double)NAN;
		document_cell(document, STYLE_PLAIN, "%s", outcome_name(i));
		count_cell(document, count);
		document_cell(document, count == 0 ? STYLE_MUTED : STYLE_PLAIN, "%s", percent_text(share, text));
		document_cell(document, STYLE_PLAIN, "%s", outcome_sentence(i));
	}
	document_note(document, "Every failure counts as a wrong answer; low_confidence is judged by its value.");
}

static void describe_fields(const struct report_candidate *candidate, struct document *document)
{
	static const char *const heads[] = {"Agree",    "Disagree", "LLM gave none", "Only LLM gave one",
					    "Unusable", "Ignored",  "Agreement"};
	static const enum verdict order[] = {VERDICT_AGREE, VERDICT_DISAGREE, VERDICT_MISSING,
					     VERDICT_EXTRA, VERDICT_INVALID,  VERDICT_IGNORED};
	char text[48];
	document_table(document, "Agreement by field");
	COLUMNS(document, "Field", heads);
	for (size_t i = 0; i < candidate->field_count; i++) {
		const struct report_field *field = &candidate->fields[i];
		uint64_t all = 0;
		document_cell(document, STYLE_PLAIN, "%s%s", field->name,
			      field->in_contract ? "" : " (no longer in the contract)");
		for (size_t j = 0; j < sizeof(order) / sizeof(order[0]); j++) {
			all += order[j] != VERDICT_IGNORED ? field->verdicts[order[j]] : 0;
			count_cell(document, field->verdicts[order[j]]);
		}
		document_cell(document, STYLE_PLAIN, "%s",
			      percent_text(all > 0 ? (double)field->verdicts[VERDICT_AGREE] / (double)all : (double)NAN,
					   text));
	}
	document_note(document, "A census of comparisons. Agreement of the paths is not correctness.");
}

static void describe_pairs(const struct report_candidate *candidate, struct document *document)
{
	if (candidate->pair_count == 0) {
		document_paragraph(document, STYLE_PLAIN, "The paths gave no differing values in these weeks.");
		return;
	}
	document_table(document, "Most frequent differences, at most %d for each field", REPORT_PAIRS_MAX);
	document_column(document, "Field", false);
	document_column(document, "Legacy path", false);
	document_column(document, "LLM path", false);
	document_column(document, "Records", true);
	for (size_t i = 0; i < candidate->pair_count; i++) {
		const struct report_pair *pair = &candidate->pairs[i];
		document_cell(document, STYLE_PLAIN, "%s", pair->field);
		document_value(document, pair->legacy);
		document_value(document, pair->llm);
		count_cell(document, pair->count);
	}
}

static void coefficient_cell(struct document *document, const struct stats_optional *value)
{
	if (value->defined) {
		document_cell(document, STYLE_PLAIN, "%.3f", value->value);
	} else {
		document_cell(document, STYLE_MUTED, "not defined");
	}
}

static void describe_labels(const struct report_candidate *candidate, struct document *document)
{
	static const char *const heads[] = {"Sampled",    "Labelled",       "To settle",         "Cannot be judged",
					    "Both right", "Only LLM right", "Only legacy right", "Both wrong"};
	static const char *const sides[2] = {"agreeing records", "other records"};
	static const char *const agreement_heads[] = {"Items", "Labels", "Equal", "Krippendorff’s alpha", "Gwet’s AC1"};
	char text[48];
	const struct figures *total = &candidate->total;
	document_table(document, "Reviews");
	COLUMNS(document, "Weeks", heads);
	document_cell(document, STYLE_PLAIN, "All");
	count_cell(document, total->sampled);
	count_cell(document, total->labelled);
	count_cell(document, total->unsettled);
	count_cell(document, total->unlabelable);
	for (int i = 0; i < 4; i++) {
		count_cell(document, total->pairs[i]);
	}
	document_table(document, "Do reviewers agree? Items that several people judged");
	COLUMNS(document, "Kind", agreement_heads);
	for (int i = 0; i < 2; i++) {
		const struct report_reviewers *of = &candidate->reviewers[i];
		document_cell(document, STYLE_PLAIN, "%s", sides[i]);
		count_cell(document, of->items);
		count_cell(document, of->labels);
		document_cell(document, STYLE_PLAIN, "%s",
			      percent_text(of->agreement.defined ? of->agreement.value : (double)NAN, text));
		coefficient_cell(document, &of->alpha);
		coefficient_cell(document, &of->ac1);
	}
	document_note(document, "Equal means: the same values for the whole record. Alpha is not defined where only "
				"one value occurs; AC1 stands beside it because alpha falls when one value is very "
				"common.");
}

static void describe_epochs(const struct report_candidate *candidate, struct document *document)
{
	struct arena *arena = document->arena;
	document_table(document, "Evaluation periods");
	document_column(document, "Period", false);
	document_column(document, "What changed", false);
	document_column(document, "Fingerprint", false);
	for (size_t i = 0; i < candidate->evidence.epoch_count; i++) {
		const struct evidence_epoch *epoch = &candidate->evidence.epochs[i];
		const char *changes = i == 0 ? "the first"
					     : report_changes(arena, candidate->evidence.epochs[i - 1].description,
							      epoch->description);
		document_cell(document, STYLE_PLAIN, "%d", epoch->ordinal);
		document_cell(document, STYLE_PLAIN, "%s", changes != NULL ? changes : "");
		document_cell(document, STYLE_PLAIN, "%02x%02x%02x%02x%02x%02x", epoch->hash[0], epoch->hash[1],
			      epoch->hash[2], epoch->hash[3], epoch->hash[4], epoch->hash[5]);
	}
	document_note(document, "A change of anything that the evidence rests on begins a new period, and the gate "
				"starts anew.");
}

void describe_details(const struct report *report, const struct report_candidate *candidate, struct document *document)
{
	(void)report;
	document_heading(document, 3, "Answers and fields");
	describe_outcomes(&candidate->total, document);
	describe_fields(candidate, document);
	describe_pairs(candidate, document);
	document_heading(document, 3, "Reviews and evaluation periods");
	describe_labels(candidate, document);
	describe_epochs(candidate, document);
}

/* --- accounts --- */

static void ledger_row(struct document *document, const char *term, uint64_t count, const char *meaning)
{
	document_cell(document, STYLE_PLAIN, "%s", term);
	count_cell(document, count);
	document_cell(document, STYLE_PLAIN, "%s", meaning != NULL ? meaning : "");
}

static void tie_row(struct document *document, const char *what, int64_t difference)
{
	document_cell(document, STYLE_PLAIN, "%s", what);
	document_cell(document, difference == 0 ? STYLE_GOOD : STYLE_BAD, "%s%lld", difference == 0 ? "✓ " : "✗ ",
		      (long long)difference);
	document_cell(document, STYLE_PLAIN, "%s", difference == 0 ? "ties out" : "does not tie out");
}

static void ledger_columns(struct document *document)
{
	document_column(document, "Term", false);
	document_column(document, "Exchanges", true);
	document_column(document, "Meaning", false);
}

/* What a lead has to know of capture that was reduced: what it means for the figures, and what to do. */
static void describe_reduced(const struct evidence_tap_ledger *tap, struct document *document)
{
	char reduced[48];
	char seen[48];
	uint64_t count = tap->dropped[DROP_CAPTURE_REDUCED];
	if (count == 0) {
		return;
	}
	document_paragraph(
		document, STYLE_NOTE,
		"%s of %s exchanges seen (%.2f %%) were forwarded and not captured, because the capture ring "
		"was filling up faster than it was drained. While that lasted each operation (method and "
		"path) was captured up to its floor, and beyond it a share: rare operations whole, busy "
		"ones in part. Estimates of those periods rest on the captured share and are not weighted "
		"for it, so rare operations count for more in them than in the traffic. What to do: find "
		"out what held up the spool (a full or slow disk, a machine without time to spare), or "
		"give the tap a larger ring (ring.mib).",
		count_text(count, reduced), count_text(tap->seen, seen),
		tap->seen > 0 ? 100.0 * (double)count / (double)tap->seen : 0.0);
}

/* A row for each week and reason that has any. What is missing from the sums was dropped before weeks were kept. */
static void describe_drop_weeks(const struct evidence_tap_ledger *tap, struct document *document)
{
	char week[CLOCK_TEXT_SIZE];
	if (tap->drop_week_count == 0) {
		return;
	}
	document_table(document, "Dropped, by week");
	document_column(document, "Week", false);
	document_column(document, "Exchanges", true);
	document_column(document, "Reason", false);
	for (size_t i = 0; i < tap->drop_week_count; i++) {
		const struct evidence_drops *row = &tap->drop_weeks[i];
		for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
			if (row->dropped[reason] > 0) {
				ledger_row(document, clock_week_format(row->week, week), row->dropped[reason],
					   drop_reason_sentence(reason));
			}
		}
	}
	document_note(document,
		      "By the week in which the tap’s accounts were made: those of a tap that could not write "
		      "its spool come when it can again. What was dropped before the store kept weeks is in "
		      "the ledger above alone.");
}

static void waiting_row(struct document *document, int reason, uint64_t count)
{
	char name[80];
	if (count > 0) {
		(void)snprintf(name, sizeof(name), "of pending: %s", pending_reason_name(reason));
		ledger_row(document, name, count, pending_reason_sentence(reason));
	}
}

static void describe_waiting(struct document *document, const struct evidence_candidate_ledger *ledger)
{
	waiting_row(document, PENDING_AWAITS_LEGACY, ledger->awaiting);
	waiting_row(document, PENDING_HELD_INVALID, ledger->held_invalid);
	waiting_row(document, PENDING_HELD_CHANGED, ledger->held_changed);
}

static void describe_tap(const struct evidence_tap_ledger *tap, struct document *document)
{
	char name[64];
	document_table(document, "First ledger: everything the tap saw");
	ledger_columns(document);
	ledger_row(document, "seen", tap->seen, "exchanges that the tap began to forward");
	ledger_row(document, "committed", tap->committed, "handed to the spool");
	ledger_row(document, "in flight", tap->in_flight, "not answered yet");
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "dropped: %s", drop_reason_name(i));
		ledger_row(document, name, tap->dropped[i], drop_reason_sentence(i));
	}
	tie_row(document, "seen − committed − in flight − dropped", tap->unseen);
	ledger_row(document, "stored", tap->stored, "new exchanges, revisions included");
	ledger_row(document, "of these revisions", tap->revision, "same identity, other content");
	ledger_row(document, "duplicate", tap->duplicate, "delivered again: counted, not evaluated again");
	ledger_row(document, "late answers", tap->outcome, "legacy answers that came apart from their message");
	if (tap->unclaimed > 0) {
		ledger_row(document, "unclaimed", tap->unclaimed,
			   "read while no contract named the interface; evaluated once it is back");
	}
	ledger_row(document, "in spool", tap->in_spool, "behind the reading position");
	if (tap->missing < 0) {
		ledger_row(document, "read after the account", (uint64_t)-tap->missing,
			   "later than the tap’s last account, which it writes when it is idle");
	}
	tie_row(document, "committed − stored − duplicate − late answers − unclaimed − in spool",
		tap->missing > 0 ? tap->missing : 0);
	ledger_row(document, "stored without a tap", tap->stored_without, "recorded messages that were replayed");
	ledger_row(document, "duplicate without a tap", tap->duplicate_without, NULL);
	describe_reduced(tap, document);
	describe_drop_weeks(tap, document);
}

static void describe_late_answers(const struct evidence_tap_ledger *tap, struct document *document)
{
	const struct store_outcomes *outcomes = &tap->outcomes;
	if (outcomes->read == 0) {
		return;
	}
	document_table(document, "Late legacy answers: what became of them");
	ledger_columns(document);
	ledger_row(document, "read", outcomes->read, "with a tap or without");
	ledger_row(document, "joined", outcomes->joined, "a version of an exchange’s answer");
	ledger_row(document, "of these after the week was closed", outcomes->closed, "kept, and counted for nothing");
	ledger_row(document, "of these with an unpaired exchange", outcomes->returned, "which is compared after all");
	ledger_row(document, "waiting", outcomes->waiting, "for their exchange");
	ledger_row(document, "duplicate", outcomes->duplicate, "delivered again");
	ledger_row(document, "unpaired", outcomes->unpaired, "no exchange came within the window");
	tie_row(document, "read − joined − waiting − duplicate − unpaired",
		(int64_t)(outcomes->read - outcomes->joined - outcomes->waiting - outcomes->duplicate -
			  outcomes->unpaired));
}

static void describe_ledger(const struct report_candidate *candidate, struct document *document)
{
	static const char *const meanings[EVALUATION_COUNT] = {"still to be evaluated", "evaluated and compared",
							       "deliberately not sent", "set aside with its reason",
							       "no legacy reply came to compare with"};
	const struct evidence_candidate_ledger *ledger = &candidate->evidence.ledger;
	char name[64];
	document_table(document, "Second ledger: what became of the stored exchanges for %s",
		       candidate->candidate->name);
	ledger_columns(document);
	ledger_row(document, "stored", ledger->stored, "production and test");
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		ledger_row(document, evaluation_name(i), ledger->states[i], meanings[i]);
		if (i == EVALUATION_PENDING) {
			describe_waiting(document, ledger);
		}
	}
	for (int i = 0; i < NOT_EVALUATED_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "of not_evaluated: %s", not_evaluated_name(i));
		ledger_row(document, name, ledger->reasons[i], NULL);
	}
	ledger_row(document, "before this candidate", ledger->before, "captured before its first evaluation period");
	tie_row(document, "stored − all of these", ledger->difference);
}

void describe_accounts(const struct report *report, struct document *document)
{
	document_heading(document, 2, "Accounts");
	document_paragraph(document, STYLE_NOTE,
			   "Every term is counted where it happens; none is what is left over. "
			   "All weeks, whatever range the report shows.");
	if (report->candidate_count > 0) {
		describe_tap(&report->candidates[0].evidence.tap, document);
		describe_late_answers(&report->candidates[0].evidence.tap, document);
	}
	for (size_t i = 0; i < report->candidate_count; i++) {
		describe_ledger(&report->candidates[i], document);
	}
}

/* --- measured times --- */

static void time_cell(struct document *document, uint64_t microseconds)
{
	document_cell(document, STYLE_PLAIN, "%.3f", (double)microseconds / 1000);
}

static void latency_rows(const char *path, const struct report_latency *rows, size_t count, struct document *document)
{
	char week[CLOCK_TEXT_SIZE];
	for (size_t i = 0; i < count; i++) {
		const struct report_latency *row = &rows[i];
		if (row->count == 0) {
			continue;
		}
		document_cell(document, STYLE_PLAIN, "%s", path);
		document_cell(document, STYLE_PLAIN, "%s", row->week > 0 ? clock_week_format(row->week, week) : "All");
		count_cell(document, row->count);
		time_cell(document, row->p50);
		time_cell(document, row->p95);
		if (row->p95_low > 0 && row->p95_high != UINT64_MAX) {
			document_cell(document, STYLE_PLAIN, "%.3f to %.3f", (double)row->p95_low / 1000,
				      (double)row->p95_high / 1000);
		} else {
			document_cell(document, STYLE_MUTED, "n too small");
		}
		time_cell(document, row->p99);
	}
}

void describe_measured(const struct report *report, struct document *document)
{
	char time[CLOCK_TEXT_SIZE];
	document_measured(document, true);
	describe_incidents(report, document);
	describe_data_drift(report, document);
	document_heading(document, 2, "Measured times");
	document_paragraph(document, STYLE_NOTE,
			   "Times that were measured: the only part that differs between two "
			   "runs of the same simulation.");
	document_table(document, "Latency in milliseconds");
	document_column(document, "Path", false);
	document_column(document, "Week", false);
	document_column(document, "n", true);
	document_column(document, "p50", true);
	document_column(document, "p95", true);
	document_column(document, "p95, fixed-time 95%", true);
	document_column(document, "p99", true);
	latency_rows("legacy path", report->legacy_latencies, report->legacy_latency_count, document);
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct report_candidate *candidate = &report->candidates[i];
		latency_rows(candidate->candidate->name, candidate->latencies, candidate->latency_count, document);
	}
	document_note(document, "Nearest rank in buckets of at most 0.8 %% width; interval by order statistics. All "
				"attempts and waits of the LLM path are included.");
	document_list(document);
	document_cell(document, STYLE_PLAIN, "As of %s: decides which weeks are over, and closed",
		      clock_format(report->as_of, time));
	if (report->spool_position != NULL) {
		document_cell(document, STYLE_PLAIN, "Spool position of the accounts: %s", report->spool_position);
	}
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct evidence *evidence = &report->candidates[i].evidence;
		if (i == 0 && evidence->tap.has_tap) {
			document_cell(document, STYLE_PLAIN, "The tap’s account is of %s",
				      clock_format(evidence->tap.at, time));
		}
		for (size_t j = 0; j < evidence->epoch_count; j++) {
			document_cell(document, STYLE_PLAIN, "%s: evaluation period %d began at %s",
				      report->candidates[i].candidate->name, evidence->epochs[j].ordinal,
				      clock_format(evidence->epochs[j].started_at, time));
		}
	}
	document_measured(document, false);
}
