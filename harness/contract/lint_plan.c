/* People, money, time and the gate. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/config.h"
#include "harness/contract/content.h"
#include "harness/contract/lint_internal.h"

#include <stdlib.h>
#include <unistd.h>

enum { SOON_DAYS = 30, DAYS_OF_A_WEEK = 7 };

#define MILLION 1e6

/* --- people --- */

static void check_owners(struct lint *lint)
{
	static const struct {
		const char *name;
		const char *advice;
	} rows[] = {{"process", "add the address of who owns the business process"},
		    {"ai", "add the address of who answers for the model"},
		    {"escalation", "add the address for the night"},
		    {"runbook", "add a file or URL for who is on call"}};
	const struct json_node *owners = config_get(lint->contract->root, "owners");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (config_get(owners, rows[i].name) == NULL) {
			lint_add(lint, LINT_OWNER_MISSING, lint_in_contract(lint, owners), rows[i].advice,
				 "owners.%s is missing", rows[i].name);
		}
	}
}

static bool is_url(struct span text)
{
	return text_find(text, SPAN("://")) < text.length;
}

static void check_runbook(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	if (contract->runbook == NULL || is_url(span_of(contract->runbook))) {
		return;
	}
	char *path = file_beside(contract->file, contract->runbook);
	if (path == NULL) {
		lint->failed = true;
		return;
	}
	if (access(path, F_OK) != 0) {
		lint_add(lint, LINT_RUNBOOK_MISSING,
			 lint_in_contract(lint, config_get(contract->root, "owners.runbook")),
			 "write it, or correct the path (relative to the contract)",
			 "the file of owners.runbook is not there");
	}
	free(path);
}

static bool is_confident(struct lint *lint, const struct reach_place *place)
{
	struct reach_place value = reach_member(&lint->response, place, SPAN("confidence"));
	return (reach_types(&value) & REACH_NUMBER) != 0;
}

static void check_fallback(struct lint *lint)
{
	const struct json_node *fallback = config_get(lint->contract->root, "fallback");
	const struct json_node *low = config_get(fallback, "low_confidence");
	if (config_get(fallback, "failure") == NULL) {
		lint_add(lint, LINT_FALLBACK_MISSING, lint_in_contract(lint, fallback),
			 "add fallback: {failure: legacy} or {failure: human}",
			 "nobody is named who takes over when the LLM path fails");
	}
	struct reach_place root = reach_root(&lint->response);
	if (low != NULL && !is_confident(lint, &root) && !is_confident(lint, &lint->record)) {
		lint_add(lint, LINT_FALLBACK_WITHOUT_CONFIDENCE, lint_in_contract(lint, low),
			 "declare a number \"confidence\" in the response schema, or remove low_confidence",
			 "fallback.low_confidence waits for a confidence that the reply cannot have");
	}
}

/* --- money and time --- */

static void check_prices(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *list = config_get(contract->root, "candidates");
	bool wanted = contract->limit_cost_per_day_nano > 0 || contract->limit_cost_per_transaction_nano > 0 ||
		      contract->gate_cost_per_transaction_nano > 0;
	for (size_t i = 0; wanted && i < contract->candidate_count; i++) {
		const struct contract_candidate *candidate = &contract->candidates[i];
		bool free_of_charge = candidate->price.input == 0 && candidate->price.output == 0;
		const struct json_node *node = json_at(list, i);
		if (free_of_charge && config_get(node, "price") == NULL &&
		    strcmp(candidate->provider, "recorded") != 0) {
			lint_add(lint, LINT_PRICE_MISSING, lint_in_contract(lint, node),
				 "add price: {input: ..., output: ...}, in US dollars for a million tokens",
				 "candidate \"%s\" has no price, so its calls cost nothing and no limit in US dollars "
				 "can hold",
				 candidate->name);
		}
	}
}

static void check_timeouts(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	for (size_t i = 0; i < contract->candidate_count; i++) {
		if (contract->slo_p95_ms > contract->candidates[i].timeout_ms) {
			lint_add(lint, LINT_SLO_ABOVE_TIMEOUT,
				 lint_in_contract(lint, config_get(contract->root, "slo.p95_ms")),
				 "lower slo.p95_ms, or raise timeout_ms",
				 "slo.p95_ms is %lld and candidate \"%s\" gives up after %d ms",
				 (long long)contract->slo_p95_ms, contract->candidates[i].name,
				 contract->candidates[i].timeout_ms);
		}
	}
}

static void check_approvals(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *approvals = config_get(contract->root, "data.approvals");
	struct lint_place place = lint_in_contract(lint, approvals);
	char date[CLOCK_TEXT_SIZE];
	if (contract->allowed_until != INT64_MAX && contract->allowed_until <= lint->now + SOON_DAYS * CLOCK_DAY) {
		lint_add(
			lint, LINT_APPROVAL_ENDS_SOON, place, "have it renewed in time",
			"the approval to send personal data ends with %s; prompts that use it are refused from then on",
			clock_format_date(contract->allowed_until - 1, date));
	}
	if (json_count(approvals) > 0 && contract->withheld_count > 0) {
		lint_add(lint, LINT_APPROVAL_ENDED, place, "have it renewed, or remove it",
			 "all approvals to send personal data have ended");
	}
}

static void check_kept(struct lint *lint, const char *name, const char *what)
{
	const struct contract *contract = lint->contract;
	const struct json_node *node = config_get(contract->root, name);
	int64_t days;
	int64_t least = contract->close_after_days + (int64_t)contract->gate_min_weeks * DAYS_OF_A_WEEK;
	if (node != NULL && text_to_int64(json_text(node), &days) && days < least) {
		lint_add(lint, LINT_RETENTION_SHORT, lint_in_contract(lint, node),
			 arena_format(lint->arena, "write at least %lld (review.close_after_days and gate.min_weeks)",
				      (long long)least),
			 "%s keeps %s for %lld days, and the gate needs them for longer", name, what, (long long)days);
	}
}

/* --- gate --- */

static double larger_inverse(uint32_t a_ppm, uint32_t b_ppm)
{
	uint32_t least = a_ppm < b_ppm ? a_ppm : b_ppm;
	return MILLION / least;
}

static void gate_cannot(struct lint *lint, const char *name, const char *advice, const char *reason)
{
	lint_add(lint, LINT_GATE_UNREACHABLE, lint_in_contract(lint, config_get(lint->contract->root, name)), advice,
		 "%s can never be shown: %s", name, reason);
}

/* A limit m is tested by scores from `lo` to `most`; evidence for a mean above m can grow only where lo < m < most. */
static void check_gate(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	double spread = larger_inverse(contract->pi_min_disagree_ppm, contract->pi_min_agree_ppm);
	const char *bounds = "the limit is the least score that a reviewed record can have";
	if (contract->gate_accuracy >= 1) {
		gate_cannot(lint, "gate.accuracy", "write a number below 1", "no sample proves that nothing is wrong");
	} else if (contract->gate_accuracy <= 1 - spread) {
		gate_cannot(lint, "gate.accuracy", "write a larger number", bounds);
	}
	if (-contract->gate_margin <= -MILLION / contract->pi_min_disagree_ppm) {
		gate_cannot(lint, "gate.margin", "write a smaller margin", bounds);
	}
	if (contract->gate_contract_drift <= 0) {
		gate_cannot(lint, "gate.contract_drift", "write a share above 0",
			    "no number of replies proves that none deviates");
	}
	if (contract->gate_contract_drift >= 1) {
		gate_cannot(lint, "gate.contract_drift", "write a share below 1",
			    "every share of deviating replies is allowed");
	}
	if (contract->gate_cost_per_transaction_nano > 0 && contract->limit_cost_per_transaction_nano == 0) {
		lint_add(lint, LINT_GATE_COST_UNTESTED, lint_in_contract(lint, config_get(contract->root, "gate")),
			 "set limits.usd_per_transaction, or set gate.usd_per_transaction to 0",
			 "without limits.usd_per_transaction the gate cannot test the cost and stays at HOLD");
	}
}

/* --- version --- */

static void check_version(struct lint *lint)
{
	struct version version;
	if (!version_parse(span_of(lint->contract->version), &version)) {
		lint_add(
			lint, LINT_VERSION_NOT_SEMANTIC,
			lint_in_contract(lint, config_get(lint->contract->root, "version")),
			"write it as MAJOR.MINOR.PATCH",
			"the version is not of the form 1.2.0, so contract diff cannot check the step to the next one");
	}
}

void lint_plan(struct lint *lint)
{
	check_version(lint);
	check_owners(lint);
	check_runbook(lint);
	check_fallback(lint);
	check_prices(lint);
	check_timeouts(lint);
	check_approvals(lint);
	check_kept(lint, "retention.payload_days", "messages and replies");
	check_kept(lint, "retention.label_days", "judgements");
	check_gate(lint);
}
