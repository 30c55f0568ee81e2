/* Layer 4. The gate: GO, NO-GO or HOLD for one candidate, from the closed weeks of its newest evaluation period.
 *
 * Conditions (STATISTICS.md section 4), each with a Kaplan-Wald e-value that may be looked at every week: the LLM path
 * is not worse than the legacy path by more than `gate.margin`; its accuracy is at least `gate.accuracy`; its contract
 * drift rate at most `gate.contract_drift`; its mean cost per transaction at most `gate.usd_per_transaction`. GO: every
 * condition has e >= 1/alpha (intersection-union, no split of alpha) and every guard passes. NO-GO: for some condition
 * the evidence for the opposite reaches (number of conditions)/alpha. Else HOLD. Accounts that do not tie out, or rows
 * that break what the guarantee rests on, are a data fault, which comes before all else.
 *
 * Unlabelable records, and records still open in a week past its deadline, count against whatever is being proven:
 * as wrong in the evidence for GO, as right in the evidence for NO-GO. A reply that cannot be used is wrong without a
 * label. Where every comparator's agreement is exact, agreements contribute exactly 0 to the difference. */
#ifndef UNDERSTUDY_REPORTS_GATE_H
#define UNDERSTUDY_REPORTS_GATE_H

#include "reports/evidence.h"

enum gate_decision { GATE_GO, GATE_NO_GO, GATE_HOLD, GATE_DATA_FAULT };
const char *gate_decision_text(enum gate_decision decision); /* "GO", "NO-GO", "HOLD", "DATA FAULT" */

enum gate_target { GATE_DIFFERENCE, GATE_ACCURACY, GATE_CONTRACT_DRIFT, GATE_COST, GATE_TARGET_COUNT };

enum gate_state {
	GATE_PASSED,      /* e >= 1/alpha */
	GATE_OPEN,        /* not enough evidence either way */
	GATE_FAILED,      /* the opposite is proven */
	GATE_BY_CAP,      /* the cap on each transaction is not above the limit: nothing to prove */
	GATE_NOT_TESTED,  /* cannot be tested; the reason is in `note` */
	GATE_UNCONFIGURED /* the contract sets no limit: no condition */
};
const char *gate_state_text(enum gate_state state);

struct gate_condition {
	enum gate_target target;
	enum gate_state state;
	double limit;         /* in the target's unit: difference (negative margin), share, share, currency units */
	uint64_t records;     /* of the closed weeks: records, replies or transactions */
	uint64_t labelled;    /* settled labels in them; 0 for a census */
	double estimate;      /* post-stratified, as in the report; census for drift and cost; NaN: nothing to go by */
	double score_mean;    /* mean score in the evidence for GO, what cannot be judged counted against it; NaN */
	double proven;        /* anytime bound at 1 - alpha: at least (difference, accuracy), at most (drift, cost) */
	double log_e;         /* evidence for GO */
	double log_e_against; /* for NO-GO */
	bool reachable;       /* the next three mean something: at the current estimate the condition will pass */
	double more_records;
	double more_labels;
	double more_weeks;
	const char *note; /* a sentence, NULL: none */
};
const char *gate_target_name(enum gate_target target);  /* JSON: "noninferiority", "accuracy", ... */
const char *gate_target_title(enum gate_target target); /* for people */

enum gate_guard_state { GUARD_PASSED, GUARD_HOLDS, GUARD_FAULT };
struct gate_guard {
	const char *name;
	enum gate_guard_state state;
	const char *sentence;
};
enum { GATE_GUARDS_MAX = 12 };

/* Evidence after each closed week. */
struct gate_look {
	int32_t week;
	double log_e[GATE_TARGET_COUNT]; /* NaN where not tested */
};

/* Everything lives in the arena that it was made in. */
struct gate {
	enum gate_decision decision;
	const char *interface;
	const char *version;
	const char *level;
	const char *candidate;
	const char *currency;
	int64_t as_of;
	int32_t epoch; /* ordinal; 0: none yet */
	double alpha;
	double threshold;         /* log(1/alpha) */
	double threshold_against; /* log(conditions/alpha) */
	struct gate_condition conditions[GATE_TARGET_COUNT];
	struct gate_guard guards[GATE_GUARDS_MAX];
	size_t guard_count;
	struct evidence_closing *weeks; /* of the evaluation period */
	size_t week_count;
	size_t closed_count;
	struct gate_look *looks; /* closed_count */
	bool llm_simulated;
	bool legacy_simulated;
	const char **reasons; /* plain sentences, the most important first */
	size_t reason_count;
};

/* From numbers already read. ERROR_CONFIG for an alpha outside (0, 0.5]. */
MUST_CHECK bool gate_assess(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
			    const struct contract_candidate *candidate, const struct zone *zone, int64_t as_of,
			    struct gate *ret_gate, struct error *err);

/* Reads and assesses in one read transaction of its own. `candidate` NULL: the contract's first. in_spool as in
 * evidence_read. ERROR_MISSING for a candidate that is not in the contract. */
struct gate_run;
struct gate_run *gate_create(struct store *store, const struct installation *installation,
			     const struct contract *contract, const char *candidate, int64_t as_of, uint64_t in_spool,
			     struct error *err);
const struct gate *gate_result(const struct gate_run *run); /* valid until gate_destroy */
void gate_destroy(struct gate_run *run);                    /* accepts NULL */

/* Appended to the buffer; failures show in it. Text: for a terminal, 80 columns and more. JSON: without a
 * newline at the end. */
void gate_write_text(const struct gate *gate, struct buffer *buffer);
void gate_write_markdown(const struct gate *gate, struct buffer *buffer);
MUST_CHECK bool gate_write_json(const struct gate *gate, struct buffer *buffer, struct error *err);

/* A number of the condition's unit as people read it: "+0.42 points", "95.1 %", "0.0100 USD". */
const char *gate_value_text(const struct gate *gate, enum gate_target target, double value, char text[48]);
/* "20.1" or "1.3e+12"; the e-value, which may be past what a double holds. */
const char *gate_e_text(double log_e, char text[48]);

struct json_build;
/* Members of the open object, all but the as-of time. */
void gate_build(const struct gate *gate, struct json_build *build);

#endif
