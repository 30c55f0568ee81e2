/* Layer 2. What a careful colleague would say about a contract that loads: paths that can never match, rules that can
 * never fire, open schemas, limits that do not fit, people who are not named.
 *
 * Pure but for one question: whether the file of owners.runbook is there. `now` is given (UTC microseconds). Nothing of
 * a finding quotes a value of the environment but names and paths that the contract shows in `--effective` too.
 *
 * To add a rule: add its row to enum and table, find it in the lint_*.c it belongs to, and describe it in
 * docs/contracts.md (a test holds table and page together). */
#ifndef UNDERSTUDY_CONTRACT_LINT_H
#define UNDERSTUDY_CONTRACT_LINT_H

#include "harness/contract/contract.h"

enum lint_level { LINT_ERROR, LINT_WARNING, LINT_NOTE, LINT_LEVEL_COUNT };

enum lint_rule {
	LINT_FIELD_UNREACHABLE,
	LINT_RECORDS_UNREACHABLE,
	LINT_UNIT_UNREACHABLE,
	LINT_FIELD_UNDECLARED,
	LINT_FIELD_OPTIONAL,
	LINT_LEGACY_FIELD_UNDECLARED,
	LINT_FIELD_TWICE,
	LINT_FIELD_NOT_COMPARED,
	LINT_RULE_NEVER_MATCHES,
	LINT_RULE_NEVER_DIFFERS,
	LINT_NOTHING_COMPARED,
	LINT_CRITICAL_IGNORED,
	LINT_SCHEMA_OPEN,
	LINT_LIMIT_BELOW_SCHEMA,
	LINT_LIMIT_UNBOUNDED,
	LINT_LIMIT_EXCEEDED_BY_SCHEMA,
	LINT_PROVIDER_CANNOT_ENFORCE,
	LINT_REQUEST_SCHEMA_MISSING,
	LINT_MESSAGE_PATH_UNREACHABLE,
	LINT_IDENTITY_OPTIONAL,
	LINT_IDENTITY_NONE,
	LINT_EVENT_TIME_MISSING,
	LINT_EVENT_TIME_OPTIONAL,
	LINT_EVENT_TIME_FORMAT,
	LINT_DATA_PATH_UNREACHABLE,
	LINT_DATA_UNUSED,
	LINT_PROMPT_PATH_UNREACHABLE,
	LINT_APPROVAL_ENDS_SOON,
	LINT_APPROVAL_ENDED,
	LINT_OWNER_MISSING,
	LINT_RUNBOOK_MISSING,
	LINT_FALLBACK_MISSING,
	LINT_FALLBACK_WITHOUT_CONFIDENCE,
	LINT_PRICE_MISSING,
	LINT_SLO_ABOVE_TIMEOUT,
	LINT_RETENTION_SHORT,
	LINT_GATE_UNREACHABLE,
	LINT_GATE_COST_UNTESTED,
	LINT_VERSION_NOT_SEMANTIC,
	LINT_RULE_COUNT,
};

struct lint_rule_row {
	const char *id; /* kebab-case; never changes once released */
	enum lint_level level;
	const char *sentence; /* what it finds */
};

extern const struct lint_rule_row lint_rules[LINT_RULE_COUNT];
const char *lint_level_name(enum lint_level level); /* "error" "warning" "note" */

struct lint_finding {
	enum lint_rule rule;
	const char *file; /* the contract or one of its schemas */
	int line;         /* from 1 */
	const char *sentence;
	const char *advice; /* what to do */
};

struct lint_report {
	struct lint_finding *list; /* by file and line; in the arena */
	size_t count;
	size_t total; /* found, those past LINT_FINDINGS_MAX included */
	size_t by_level[LINT_LEVEL_COUNT];
};

enum { LINT_FINDINGS_MAX = 1000 };

/* Texts live in the arena and in the contract. ERROR_MEMORY alone. */
MUST_CHECK bool contract_lint(const struct contract *contract, int64_t now, struct arena *arena,
			      struct lint_report *ret_report, struct error *err);

#endif
