#include "harness/contract/lint_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENTENCE_MAX = 600, PATH_MAX_SHOWN = 200, POINTER_MAX = 1 << 16 };

const struct lint_rule_row lint_rules[LINT_RULE_COUNT] = {
	[LINT_FIELD_UNREACHABLE] = {"field-unreachable", LINT_ERROR,
				    "a field is compared at a place that no valid reply can have"},
	[LINT_RECORDS_UNREACHABLE] = {"records-unreachable", LINT_ERROR,
				      "records.at or records.key names a place that no valid reply can have"},
	[LINT_UNIT_UNREACHABLE] = {"unit-unreachable", LINT_ERROR,
				   "a path of drift.units names a place that no valid reply can have"},
	[LINT_FIELD_UNDECLARED] = {"field-undeclared", LINT_NOTE,
				   "a compared field is not declared by the response schema, which is open there"},
	[LINT_FIELD_OPTIONAL] = {"field-optional", LINT_WARNING,
				 "a compared field is declared but not required, so a valid reply may leave it out"},
	[LINT_LEGACY_FIELD_UNDECLARED] = {"legacy-field-undeclared", LINT_NOTE,
					  "legacy_at names a place that a reply by the response schema cannot have"},
	[LINT_FIELD_TWICE] = {"field-twice", LINT_WARNING, "two fields compare the same place by the same rule"},
	[LINT_FIELD_NOT_COMPARED] = {"field-not-compared", LINT_NOTE,
				     "the response schema declares a value that no field compares"},
	[LINT_RULE_NEVER_MATCHES] = {"rule-never-matches", LINT_ERROR,
				     "the comparator is for values of a type that the schema does not allow there"},
	[LINT_RULE_NEVER_DIFFERS] = {"rule-never-differs", LINT_WARNING,
				     "two valid values of the field always agree, so comparing it says nothing"},
	[LINT_NOTHING_COMPARED] = {"nothing-compared", LINT_ERROR, "every field is ignored"},
	[LINT_CRITICAL_IGNORED] = {"critical-ignored", LINT_ERROR, "a critical field is ignored"},
	[LINT_SCHEMA_OPEN] = {"schema-open", LINT_WARNING,
			      "an object of the reply lets undeclared fields pass, or a value may be anything"},
	[LINT_LIMIT_BELOW_SCHEMA] = {"limit-below-schema", LINT_ERROR,
				     "limits.output_tokens is below the smallest valid reply"},
	[LINT_LIMIT_UNBOUNDED] = {"limit-unbounded", LINT_WARNING,
				  "a schema sets no bound to the length of a reply, or of a value that a prompt uses "
				  "under limits.input_tokens"},
	[LINT_LIMIT_EXCEEDED_BY_SCHEMA] = {"limit-exceeded-by-schema", LINT_WARNING,
					   "the longest valid reply does not fit into limits.output_tokens, or the "
					   "longest prompt into limits.input_tokens"},
	[LINT_PROVIDER_CANNOT_ENFORCE] = {"provider-cannot-enforce", LINT_NOTE,
					  "the provider's structured output cannot enforce a part of the schema"},
	[LINT_REQUEST_SCHEMA_MISSING] = {"request-schema-missing", LINT_WARNING,
					 "without schemas.request paths into the message cannot be checked"},
	[LINT_MESSAGE_PATH_UNREACHABLE] = {"message-path-unreachable", LINT_ERROR,
					   "a path of message or tap.pair names a place that no valid request can "
					   "have"},
	[LINT_IDENTITY_OPTIONAL] = {"identity-optional", LINT_WARNING,
				    "a value of message.id may be missing in a valid request"},
	[LINT_IDENTITY_NONE] = {"identity-none", LINT_NOTE, "messages carry no identity, so duplicates count"},
	[LINT_EVENT_TIME_MISSING] = {"event-time-missing", LINT_NOTE,
				     "without message.event_time the moment of capture decides the week"},
	[LINT_EVENT_TIME_OPTIONAL] = {"event-time-optional", LINT_WARNING,
				      "message.event_time may be missing in a valid request"},
	[LINT_EVENT_TIME_FORMAT] = {"event-time-format", LINT_WARNING,
				    "message.event_time is not declared as a text with format date-time, date or a "
				    "pattern"},
	[LINT_DATA_PATH_UNREACHABLE] = {"data-path-unreachable", LINT_ERROR,
					"a path under data names a place that no valid request can have"},
	[LINT_DATA_UNUSED] = {"data-unused", LINT_NOTE, "a path under data.internal is used by no prompt"},
	[LINT_PROMPT_PATH_UNREACHABLE] = {"prompt-path-unreachable", LINT_ERROR,
					  "a prompt uses a value that no valid request can have"},
	[LINT_APPROVAL_ENDS_SOON] = {"approval-ends-soon", LINT_WARNING,
				     "the approval to send personal data ends within 30 days"},
	[LINT_APPROVAL_ENDED] = {"approval-ended", LINT_WARNING,
				 "an approval to send personal data has ended, and none is in force"},
	[LINT_OWNER_MISSING] = {"owner-missing", LINT_WARNING,
				"owners names nobody for process, ai or escalation, or no runbook"},
	[LINT_RUNBOOK_MISSING] = {"runbook-missing", LINT_WARNING, "the file of owners.runbook is not there"},
	[LINT_FALLBACK_MISSING] = {"fallback-missing", LINT_WARNING,
				   "fallback.failure does not say who takes over when the LLM path fails"},
	[LINT_FALLBACK_WITHOUT_CONFIDENCE] = {"fallback-without-confidence", LINT_ERROR,
					      "fallback.low_confidence is set and the reply cannot have a "
					      "confidence"},
	[LINT_PRICE_MISSING] = {"price-missing", LINT_WARNING,
				"limits or gate speak of US dollars and a candidate has no price"},
	[LINT_SLO_ABOVE_TIMEOUT] = {"slo-above-timeout", LINT_WARNING,
				    "slo.p95_ms is above a candidate's timeout, so no attempt can exceed it"},
	[LINT_RETENTION_SHORT] = {"retention-short", LINT_ERROR, "content is deleted before the gate has its weeks"},
	[LINT_GATE_UNREACHABLE] = {"gate-unreachable", LINT_ERROR, "a condition of the gate can never be met"},
	[LINT_GATE_COST_UNTESTED] =
		{"gate-cost-untested", LINT_WARNING,
		 "the gate has a cost condition and limits.usd_per_transaction, which it needs, is not set"},
	[LINT_VERSION_NOT_SEMANTIC] = {"version-not-semantic", LINT_NOTE,
				       "the version is not MAJOR.MINOR.PATCH, so the step to the next one cannot be "
				       "checked"},
};

const char *lint_level_name(enum lint_level level)
{
	static const char *const names[] = {"error", "warning", "note"};
	return names[level];
}

/* --- places --- */

static int line_at(struct span text, uint32_t offset)
{
	int line = 1;
	for (size_t i = 0; i < text.length && i < offset; i++) {
		line += text.data[i] == '\n';
	}
	return line;
}

struct lint_place lint_in_contract(const struct lint *lint, const struct json_node *node)
{
	const struct contract *contract = lint->contract;
	return (struct lint_place){contract->file, node != NULL ? (int)contract->lines[node - contract->root] : 1};
}

static struct lint_place in_schema(const char *file, struct span text, const struct json_node *node)
{
	return (struct lint_place){file, node != NULL ? line_at(text, node->offset) : 1};
}

struct lint_place lint_in_request(const struct lint *lint, const struct json_node *node)
{
	return in_schema(lint->contract->request_schema_file, lint->contract->request_schema_text, node);
}

struct lint_place lint_in_response(const struct lint *lint, const struct json_node *node)
{
	return in_schema(lint->contract->response_schema_file, lint->contract->response_schema_text, node);
}

const struct json_node *lint_schema_of(const struct reach_place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		if (place->cases[i].count > 0) {
			return place->cases[i].schemas[0];
		}
	}
	return NULL;
}

const char *lint_path_text(struct lint *lint, const struct select_path *path)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(POINTER_MAX);
	if (path->count == 0) {
		return "the whole document";
	}
	for (size_t i = 0; i < path->count; i++) {
		const struct select_step *step = &path->steps[i];
		if (step->kind == SELECT_INDEX) {
			buffer_append_format(&text, "/%jd", (intmax_t)step->index);
		} else {
			select_append_token(&text, step->name);
		}
	}
	struct span shown = buffer_span(&text);
	shown.length = shown.length < PATH_MAX_SHOWN ? shown.length : PATH_MAX_SHOWN;
	const char *copy = arena_copy(lint->arena, shown);
	lint->failed = lint->failed || copy == NULL;
	return copy != NULL ? copy : "";
}

/* --- findings --- */

static void clean(char *text)
{
	for (char *c = text; *c != '\0'; c++) { /* names may hold line breaks; a finding is one line */
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = '?';
		}
	}
}

void lint_add(struct lint *lint, enum lint_rule rule, struct lint_place place, const char *advice, const char *format,
	      ...)
{
	char text[SENTENCE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	clean(text);
	lint->report.total++;
	lint->report.by_level[lint_rules[rule].level]++;
	if (lint->report.count == LINT_FINDINGS_MAX) {
		return;
	}
	const char *sentence = arena_copy(lint->arena, span_of(text));
	lint->failed = lint->failed || sentence == NULL || advice == NULL;
	lint->report.list[lint->report.count++] = (struct lint_finding){
		.rule = rule, .file = place.file, .line = place.line, .sentence = sentence, .advice = advice};
}

/* The contract before its schemas, each from top to bottom. */
struct sorting {
	const char *contract_file;
};

static int order(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	const struct lint_finding *a = left;
	const struct lint_finding *b = right;
	int a_later = strcmp(a->file, sorting->contract_file) != 0;
	int b_later = strcmp(b->file, sorting->contract_file) != 0;
	if (a_later != b_later) {
		return a_later - b_later;
	}
	int by_file = strcmp(a->file, b->file);
	int by_line = (a->line > b->line) - (a->line < b->line);
	int by_rule = (a->rule > b->rule) - (a->rule < b->rule);
	return by_file != 0   ? by_file
	       : by_line != 0 ? by_line
	       : by_rule != 0 ? by_rule
			      : strcmp(a->sentence, b->sentence);
}

bool contract_lint(const struct contract *contract, int64_t now, struct arena *arena, struct lint_report *ret_report,
		   struct error *err)
{
	struct lint lint = {.contract = contract, .now = now, .arena = arena};
	lint.report.list = arena_allocate_array(arena, LINT_FINDINGS_MAX, sizeof(*lint.report.list));
	if (lint.report.list == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to check %s; free some", contract->file);
	}
	reach_init(&lint.response, contract->response_schema_json, arena);
	if (contract->request_schema_json != NULL) {
		reach_init(&lint.request, contract->request_schema_json, arena);
	}
	lint_reply(&lint);
	lint_schema(&lint);
	lint_request(&lint);
	lint_plan(&lint);
	lint_provider(&lint);
	if (lint.failed || lint.request.failed || lint.response.failed) {
		return error_set(err, ERROR_MEMORY, "no memory to check %s; free some", contract->file);
	}
	struct sorting sorting = {contract->file};
	qsort_r(lint.report.list, lint.report.count, sizeof(*lint.report.list), order, &sorting);
	*ret_report = lint.report;
	return true;
}
