/* The gate in words, Markdown and JSON. */
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "reports/gate.h"
#include "reports/markdown.h"

#include <math.h>
#include <stdio.h>

struct target_words {
	const char *name;
	const char *title;
};
static const struct target_words TARGETS[GATE_TARGET_COUNT] = {
	[GATE_DIFFERENCE] = {"noninferiority", "Not worse than the legacy path"},
	[GATE_ACCURACY] = {"accuracy", "Accuracy of the LLM path"},
	[GATE_CONTRACT_DRIFT] = {"contract_drift", "Contract drift"},
	[GATE_COST] = {"cost_per_transaction", "Cost per transaction"},
};

struct state_words {
	const char *name;
	const char *text;
};
static const struct state_words STATES[] = {
	[GATE_PASSED] = {"passed", "passed"},
	[GATE_OPEN] = {"open", "open"},
	[GATE_FAILED] = {"failed", "failed"},
	[GATE_BY_CAP] = {"passed_by_cap", "passed (capped)"},
	[GATE_NOT_TESTED] = {"not_tested", "not testable"},
	[GATE_UNCONFIGURED] = {"not_configured", "not asked for"},
};

const char *gate_target_name(enum gate_target target)
{
	return TARGETS[target].name;
}

const char *gate_target_title(enum gate_target target)
{
	return TARGETS[target].title;
}

const char *gate_state_text(enum gate_state state)
{
	return STATES[state].text;
}

const char *gate_decision_text(enum gate_decision decision)
{
	static const char *const words[] = {"GO", "NO-GO", "HOLD", "DATA FAULT"};
	return words[decision];
}

const char *gate_value_text(const struct gate *gate, enum gate_target target, double value, char text[48])
{
	if (isnan(value)) {
		(void)snprintf(text, 48, "-");
	} else if (target == GATE_DIFFERENCE) {
		(void)snprintf(text, 48, "%+.2f points", value * 100);
	} else if (target == GATE_COST) {
		(void)snprintf(text, 48, "%.6f %.8s", value, gate->currency);
	} else {
		(void)snprintf(text, 48, "%.2f %%", value * 100);
	}
	return text;
}

const char *gate_e_text(double log_e, char text[48])
{
	double ten = log_e / log(10);
	if (isnan(log_e)) {
		(void)snprintf(text, 48, "-");
	} else if (ten >= 6 || ten <= -4) {
		(void)snprintf(text, 48, "10^%.1f", ten);
	} else {
		(void)snprintf(text, 48, ten >= 2 ? "%.0f" : "%.3g", exp(log_e));
	}
	return text;
}

enum { COLUMNS = 6, CELL = 48 };
static const char *const HEADS[COLUMNS] = {"Condition", "Estimate", "Proven", "Limit", "e-value", "State"};

/* The cells of one row; `proven` says which way the bound goes. */
static void fill_row(const struct gate *gate, const struct gate_condition *condition, char cells[COLUMNS][CELL])
{
	char value[48];
	bool lower = condition->target == GATE_CONTRACT_DRIFT || condition->target == GATE_COST;
	const char *sign = lower ? "<= " : ">= ";
	bool known = !isnan(condition->proven);
	(void)snprintf(cells[0], CELL, "%s", gate_target_title(condition->target));
	gate_value_text(gate, condition->target, condition->estimate, cells[1]);
	(void)snprintf(cells[2], CELL, "%s%.40s", known ? sign : "",
		       gate_value_text(gate, condition->target, condition->proven, value));
	(void)snprintf(cells[3], CELL, "%s%.40s", sign,
		       gate_value_text(gate, condition->target, condition->limit, value));
	bool tested =
		condition->state == GATE_PASSED || condition->state == GATE_OPEN || condition->state == GATE_FAILED;
	gate_e_text(tested ? condition->log_e : (double)NAN, cells[4]);
	(void)snprintf(cells[5], CELL, "%s", gate_state_text(condition->state));
}

static void write_head(const struct gate *gate, struct buffer *buffer)
{
	char time[CLOCK_TEXT_SIZE];
	buffer_append_format(buffer, "%s  interface %s %s, candidate %s, level %s\n",
			     gate_decision_text(gate->decision), gate->interface, gate->version, gate->candidate,
			     gate->level);
	buffer_append_format(buffer, "As of %s; evaluation period %d; %zu closed %s.\n",
			     clock_format(gate->as_of, time), gate->epoch, gate->closed_count,
			     gate->closed_count == 1 ? "week" : "weeks");
	if (gate->llm_simulated || gate->legacy_simulated) {
		buffer_append_format(buffer, "%s\n",
				     gate->llm_simulated && gate->legacy_simulated
					     ? "Both paths were simulated: nothing here speaks about a real system."
				     : gate->llm_simulated
					     ? "The LLM path was simulated: what rests on it says nothing about a real "
					       "system."
					     : "The legacy path was simulated: what rests on it says nothing about a "
					       "real system.");
	}
}

void gate_write_text(const struct gate *gate, struct buffer *buffer)
{
	char rows[GATE_TARGET_COUNT + 1][COLUMNS][CELL];
	size_t widths[COLUMNS] = {0};
	write_head(gate, buffer);
	buffer_append_byte(buffer, '\n');
	for (int row = 0; row <= GATE_TARGET_COUNT; row++) {
		for (int column = 0; column < COLUMNS && row == 0; column++) {
			(void)snprintf(rows[0][column], CELL, "%s", HEADS[column]);
		}
		if (row > 0) {
			fill_row(gate, &gate->conditions[row - 1], rows[row]);
		}
		for (int column = 0; column < COLUMNS; column++) {
			size_t length = strlen(rows[row][column]);
			widths[column] = length > widths[column] ? length : widths[column];
		}
	}
	for (int row = 0; row <= GATE_TARGET_COUNT; row++) {
		for (int column = 0; column < COLUMNS - 1; column++) {
			bool left = column == 0;
			buffer_append_format(buffer, left ? "%-*s  " : "%*s  ", (int)widths[column], rows[row][column]);
		}
		buffer_append_format(buffer, "%s\n", rows[row][COLUMNS - 1]);
	}
	buffer_append_format(
		buffer, "Proven: anytime bound at %g %%, may be read every week. A condition passes at e >= %.4g.\n\n",
		(1 - gate->alpha) * 100, 1 / gate->alpha);
	for (size_t i = 0; i < gate->reason_count; i++) {
		buffer_append_format(buffer, "- %s\n", gate->reasons[i]);
	}
}

void gate_write_markdown(const struct gate *gate, struct buffer *buffer)
{
	struct buffer head CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
	write_head(gate, &head);
	buffer_append_format(buffer, "# Gate: %s\n\n", gate_decision_text(gate->decision));
	markdown_write_text(buffer, buffer_span(&head));
	buffer_append_text(buffer, "\n\n");
	for (int row = -2; row < GATE_TARGET_COUNT; row++) {
		char cells[COLUMNS][CELL];
		if (row >= 0) {
			fill_row(gate, &gate->conditions[row], cells);
		}
		for (int column = 0; column < COLUMNS; column++) {
			const char *rule = column == 0 || column == COLUMNS - 1 ? "---" : "---:";
			buffer_append_text(buffer, "| ");
			if (row == -1) {
				buffer_append_text(buffer, rule);
			} else {
				markdown_write_text(buffer, span_of(row < 0 ? HEADS[column] : cells[column]));
			}
			buffer_append_byte(buffer, ' ');
		}
		buffer_append_text(buffer, "|\n");
	}
	buffer_append_format(buffer, "\nProven: anytime bound at %g %%. A condition passes at e ≥ %.4g.\n\n",
			     (1 - gate->alpha) * 100, 1 / gate->alpha);
	for (size_t i = 0; i < gate->reason_count; i++) {
		buffer_append_text(buffer, "- ");
		markdown_write_text(buffer, span_of(gate->reasons[i]));
		buffer_append_byte(buffer, '\n');
	}
}

/* --- JSON --- */

static void build_condition(const struct gate_condition *condition, struct json_build *build)
{
	json_build_object(build, NULL);
	json_build_text(build, "name", gate_target_name(condition->target));
	json_build_text(build, "state", STATES[condition->state].name);
	json_build_number(build, "limit", condition->limit);
	json_build_number(build, "estimate", condition->estimate);
	json_build_number(build, "score_mean", condition->score_mean);
	json_build_number(build, "proven", condition->proven);
	json_build_text(build, "kind", "anytime 95%");
	json_build_integer(build, "n", (int64_t)condition->records);
	json_build_integer(build, "labels", (int64_t)condition->labelled);
	json_build_number(build, "log_e", condition->log_e);
	json_build_number(build, "e_value", exp(condition->log_e));
	json_build_number(build, "log_e_against", condition->log_e_against);
	if (condition->state == GATE_OPEN && condition->reachable) {
		json_build_object(build, "plan");
		json_build_number(build, "records", condition->more_records);
		json_build_number(build, "labels", condition->more_labels);
		json_build_number(build, "weeks", condition->more_weeks);
		json_build_end(build);
	} else {
		json_build_null(build, "plan");
	}
	json_build_text(build, "note", condition->note);
	json_build_end(build);
}

static void build_weeks(const struct gate *gate, struct json_build *build)
{
	json_build_array(build, "weeks");
	for (size_t i = 0; i < gate->week_count; i++) {
		const struct evidence_closing *week = &gate->weeks[i];
		char text[CLOCK_TEXT_SIZE];
		json_build_object(build, NULL);
		json_build_text(build, "week", clock_week_format(week->week, text));
		json_build_boolean(build, "closed", week->closed);
		json_build_boolean(build, "over", week->over);
		json_build_boolean(build, "past_deadline", week->past_deadline);
		json_build_integer(build, "pending", (int64_t)week->pending);
		json_build_integer(build, "unsettled_labels", (int64_t)week->unsettled);
		json_build_object(build, "log_e");
		for (int target = 0; i < gate->closed_count && target < GATE_TARGET_COUNT; target++) {
			json_build_number(build, TARGETS[target].name, gate->looks[i].log_e[target]);
		}
		json_build_end(build);
		json_build_end(build);
	}
	json_build_end(build);
}

void gate_build(const struct gate *gate, struct json_build *build)
{
	static const char *const guard_states[] = {"passed", "holds", "fault"};
	json_build_text(build, "decision", gate_decision_text(gate->decision));
	json_build_text(build, "interface", gate->interface);
	json_build_text(build, "version", gate->version);
	json_build_text(build, "candidate", gate->candidate);
	json_build_text(build, "level", gate->level);
	json_build_integer(build, "evaluation_period", gate->epoch);
	json_build_number(build, "alpha", gate->alpha);
	json_build_number(build, "log_threshold", gate->threshold);
	json_build_number(build, "log_threshold_against", gate->threshold_against);
	json_build_integer(build, "closed_weeks", (int64_t)gate->closed_count);
	json_build_object(build, "simulated");
	json_build_boolean(build, "llm", gate->llm_simulated);
	json_build_boolean(build, "legacy", gate->legacy_simulated);
	json_build_end(build);
	json_build_array(build, "reasons");
	for (size_t i = 0; i < gate->reason_count; i++) {
		json_build_text(build, NULL, gate->reasons[i]);
	}
	json_build_end(build);
	json_build_array(build, "conditions");
	for (int i = 0; i < GATE_TARGET_COUNT; i++) {
		build_condition(&gate->conditions[i], build);
	}
	json_build_end(build);
	json_build_array(build, "guards");
	for (size_t i = 0; i < gate->guard_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "name", gate->guards[i].name);
		json_build_text(build, "state", guard_states[gate->guards[i].state]);
		json_build_text(build, "text", gate->guards[i].sentence);
		json_build_end(build);
	}
	json_build_end(build);
	build_weeks(gate, build);
}

bool gate_write_json(const struct gate *gate, struct buffer *buffer, struct error *err)
{
	char time[CLOCK_TEXT_SIZE];
	struct json_build *build = json_build_create();
	gate_build(gate, build);
	json_build_text(build, "as_of", clock_format(gate->as_of, time));
	bool done = json_build_write(build, 2, buffer, err);
	json_build_destroy(build);
	return done && buffer_ok(buffer, "the gate's JSON", err);
}
