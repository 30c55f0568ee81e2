/* Layer 3. One comparison: a legacy reply against a candidate's reply, record by record and field by field. No I/O. */
#ifndef UNDERSTUDY_PIPELINE_COMPARISON_H
#define UNDERSTUDY_PIPELINE_COMPARISON_H

#include "evaluators/drift/drift.h"
#include "harness/contract/contract.h"
#include "harness/store/evaluation.h"

enum { RECORDS_MAX = 10000 }; /* of one reply */

struct comparison_value {
	enum verdict verdict;
	const struct json_node *legacy; /* NULL: absent */
	const struct json_node *llm;    /* NULL: absent */
};

struct comparison_record {
	/* "" where the document is the record. Else the legacy reply's key (after a '=' where it begins with '#', '+'
	 * or
	 * '='; "#sha256:..." where it is long or has control characters), "#n" for the n-th record where that has no
	 * key, "#n:KEY" where it repeats one, "+n" for the n-th LLM record without a partner. Unique in a comparison.
	 */
	struct span key;
	enum verdict verdict; /* the worst of its fields; at least missing or extra where one side has no such record */
	enum store_side side;
	struct comparison_value *values; /* contract->field_count of them */
};

struct comparison {
	enum outcome outcome;
	enum verdict verdict; /* the worst of its records */
	bool has_reply;
	bool contract_drift;
	struct drift_report drift; /* where has_reply: what the reply deviates in; its contract_drift is the same */
	struct span detail;        /* one sentence on why the reply is no good; empty otherwise */
	struct comparison_record *records;
	size_t record_count;
};

/* `legacy`: the decoded legacy reply, NULL where the legacy path failed: it then has no records.
 * `outcome`, `text`: of the call; with OUTCOME_OK the text is parsed and checked against the contract's response
 * schema, and what fails there changes the outcome. A reply that is no good has no values: its records are those of the
 * legacy reply (or one without key), all fields VERDICT_INVALID. A reply that was cut or refused is classified as well
 * (evaluators/drift/drift.h), without effect on the outcome. Everything lives in the arena or borrows the inputs.
 */
MUST_CHECK bool comparison_make(const struct contract *contract, const struct json_node *legacy, enum outcome outcome,
				struct span text, struct arena *arena, struct comparison *ret_comparison,
				struct error *err);

/* Can this legacy reply be compared at all? ERROR_LIMIT where it has too many records; comparison_make says the same.
 * An LLM reply with too many is a schema mismatch. */
MUST_CHECK bool comparison_check(const struct contract *contract, const struct json_node *legacy, struct error *err);

#endif
