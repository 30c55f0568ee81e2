/* Layer 0. The single truth for every closed list of words: verdicts, outcomes, reasons.
 *
 * Each list is one X-macro of rows X(CONSTANT, "name", "sentence"). Enum, JSON and SQL name, help and report text
 * are made from it. Numbers are stored in the database: add rows at the end, never reorder, never remove. */
#ifndef UNDERSTUDY_BASE_VOCABULARY_H
#define UNDERSTUDY_BASE_VOCABULARY_H

#include "harness/base/bytes.h"

/* Of one field, best to worst; a record's verdict is the worst of its fields. */
#define VERDICT_LIST(X)                                                                                                \
	X(VERDICT_AGREE, "agree", "both paths gave the same value")                                                    \
	X(VERDICT_IGNORED, "ignored", "a rule of the contract says not to compare")                                    \
	X(VERDICT_DISAGREE, "disagree", "the paths gave different values")                                             \
	X(VERDICT_MISSING, "missing", "only the legacy path gave a value")                                             \
	X(VERDICT_EXTRA, "extra", "only the LLM path gave a value")                                                    \
	X(VERDICT_INVALID, "invalid", "the LLM path gave no value that can be used")

/* What became of one candidate's answer to one exchange. */
#define OUTCOME_LIST(X)                                                                                                \
	X(OUTCOME_OK, "ok", "a reply that keeps the contract")                                                         \
	X(OUTCOME_TIMEOUT, "timeout", "no complete reply within the contract's time")                                  \
	X(OUTCOME_TRANSPORT, "transport", "the endpoint could not be reached or broke off")                            \
	X(OUTCOME_RATE_LIMITED, "rate_limited", "the provider refused for load, retries included")                     \
	X(OUTCOME_PROVIDER_ERROR, "provider_error", "the provider answered with an error")                             \
	X(OUTCOME_REFUSED, "refused", "the model declined to answer")                                                  \
	X(OUTCOME_TRUNCATED, "truncated", "the reply was cut off at the token limit")                                  \
	X(OUTCOME_UNPARSABLE, "unparsable", "the reply is not JSON")                                                   \
	X(OUTCOME_SCHEMA_MISMATCH, "schema_mismatch", "the reply deviates from its schema")                            \
	X(OUTCOME_LOW_CONFIDENCE, "low_confidence", "a good reply below the confidence limit")

/* Where one candidate's work on one exchange stands; the second ledger's terms. */
#define EVALUATION_LIST(X)                                                                                             \
	X(EVALUATION_PENDING, "pending", "still to be evaluated")                                                      \
	X(EVALUATION_COMPARED, "compared", "evaluated and compared")                                                   \
	X(EVALUATION_NOT_EVALUATED, "not_evaluated", "deliberately not sent")                                          \
	X(EVALUATION_DEAD_LETTER, "dead_letter", "set aside with its reason")                                          \
	X(EVALUATION_UNPAIRED, "unpaired", "no legacy reply came to compare with")

#define NOT_EVALUATED_LIST(X)                                                                                          \
	X(NOT_EVALUATED_OVER_BUDGET, "over_budget", "a budget of the contract was used up")                            \
	X(NOT_EVALUATED_CIRCUIT_OPEN, "circuit_open", "the provider failed too often; paused")                         \
	X(NOT_EVALUATED_SAMPLED_OUT, "sampled_out", "not in the shadow sample")

/* What a pending evaluation waits for, where that is not its turn. */
#define PENDING_LIST(X)                                                                                                \
	X(PENDING_AWAITS_LEGACY, "awaits_legacy", "the legacy answer comes later")                                     \
	X(PENDING_HELD_INVALID, "held_invalid", "the message deviates from its schema; somebody has to release it")    \
	X(PENDING_HELD_CHANGED, "held_changed", "the messages have changed; somebody has to release it")

/* What an input gate does about a message. */
#define INPUT_GATE_LIST(X)                                                                                             \
	X(INPUT_WARN, "warn", "evaluated all the same, counted and marked")                                            \
	X(INPUT_HOLD, "hold", "its evaluation waits until somebody releases it")                                       \
	X(INPUT_DEAD_LETTER, "dead_letter", "set aside")

/* By what an exchange is chosen for shadow work. */
#define SHADOW_RULE_LIST(X)                                                                                            \
	X(SHADOW_SHARE, "share", "by a coin of the contract's share")                                                  \
	X(SHADOW_FLOOR, "floor", "certain: among the first of its operation in that minute")

#define LEGACY_OUTCOME_LIST(X)                                                                                         \
	X(LEGACY_OK, "ok", "the legacy path answered")                                                                 \
	X(LEGACY_FAILED, "failed", "the legacy path answered with an error")                                           \
	X(LEGACY_PARKED, "parked", "the legacy path set the message aside")                                            \
	X(LEGACY_REPAIRED, "repaired", "a person repaired the legacy result")                                          \
	X(LEGACY_MANUAL, "manual", "a person did the work instead of the rule path")                                   \
	X(LEGACY_AWAITED, "awaited", "the legacy answer comes later and has not come yet")

/* Why an exchange that was seen is not in the spool. */
#define DROP_REASON_LIST(X)                                                                                            \
	X(DROP_RING_FULL, "ring_full", "the capture ring had no room")                                                 \
	X(DROP_TOO_LARGE, "too_large", "message or reply above the capture limit")                                     \
	X(DROP_CLIENT_ABORTED, "client_aborted", "the client left before the reply ended")                             \
	X(DROP_LEGACY_FAILED, "legacy_failed", "no complete reply came from the legacy system")                        \
	X(DROP_TAP_KILLED, "tap_killed", "in flight when the tap process died")                                        \
	X(DROP_SPOOL_FAILED, "spool_failed", "the spool could not be written")                                         \
	X(DROP_CAPTURE_REDUCED, "capture_reduced", "capture took a share only, because the ring was filling up")

/* Why a recorded exchange was not replayed. Printed, not stored. */
#define REPLAY_SKIP_LIST(X)                                                                                            \
	X(REPLAY_SKIP_OUTSIDE_MATCH, "outside_match", "outside tap.match")                                             \
	X(REPLAY_SKIP_NO_REPLY, "no_reply", "without a reply")                                                         \
	X(REPLAY_SKIP_NO_CONTENT, "no_content", "whose reply's content was not recorded")                              \
	X(REPLAY_SKIP_ABORTED, "aborted", "aborted by the client")                                                     \
	X(REPLAY_SKIP_CUT, "cut", "cut")                                                                               \
	X(REPLAY_SKIP_TOO_LARGE, "too_large", "too large")                                                             \
	X(REPLAY_SKIP_MALFORMED, "malformed", "malformed")                                                             \
	X(REPLAY_SKIP_NO_REQUEST, "no_request", "replies without their request")                                       \
	X(REPLAY_SKIP_REPLAYED_REPLY, "replayed_reply", "replies of an earlier replay")

/* How much a deviation harms the system that would receive the reply: a removed field or another type most, another
 * value less, an addition least. */
#define DRIFT_SEVERITY_LIST(X)                                                                                         \
	X(DRIFT_LOW, "low", "something was added")                                                                     \
	X(DRIFT_MEDIUM, "medium", "a value is not as agreed")                                                          \
	X(DRIFT_HIGH, "high", "something is gone, has another type, or cannot be read")

/* How a reply deviates from its contract; several for one reply. X(CONSTANT, "name", severity, "sentence"). */
#define DRIFT_CLASS_LIST(X)                                                                                            \
	X(DRIFT_SYNTAX, "syntax", DRIFT_HIGH, "the reply is not JSON")                                                 \
	X(DRIFT_PROSE, "prose", DRIFT_HIGH, "text or a code fence stands around the JSON")                             \
	X(DRIFT_TRUNCATION, "truncation", DRIFT_HIGH, "the reply is cut off")                                          \
	X(DRIFT_ENCODING, "encoding", DRIFT_HIGH, "bytes that are not UTF-8, or garbled characters")                   \
	X(DRIFT_MISSING_REQUIRED, "missing_required", DRIFT_HIGH, "a required field is missing")                       \
	X(DRIFT_TYPE, "type", DRIFT_HIGH, "a field has another type")                                                  \
	X(DRIFT_ENUM, "enum", DRIFT_MEDIUM, "a field has a value outside its list")                                    \
	X(DRIFT_FORMAT, "format", DRIFT_MEDIUM, "format, length, precision or range of a value is not as agreed")      \
	X(DRIFT_CARDINALITY, "cardinality", DRIFT_MEDIUM, "too few or too many items or members")                      \
	X(DRIFT_UNIT, "unit", DRIFT_MEDIUM, "another currency or unit")                                                \
	X(DRIFT_UNDECLARED_FIELD, "undeclared_field", DRIFT_LOW, "a field that the schema does not have")              \
	X(DRIFT_OTHER, "other", DRIFT_MEDIUM, "another deviation from the schema")

/* What of a field is held against the reference to find data drift. */
#define PROFILE_CHECK_LIST(X)                                                                                          \
	X(CHECK_ABSENT, "absent", "the share of documents without the field")                                          \
	X(CHECK_NULL, "null", "the share of documents in which it is null")                                            \
	X(CHECK_TYPE, "type", "the share of values of its usual type")                                                 \
	X(CHECK_NEW, "new", "the share of values that the reference does not have")                                    \
	X(CHECK_VALUES, "values", "how often each of its values is")                                                   \
	X(CHECK_LENGTH, "length", "how long its texts are")                                                            \
	X(CHECK_ITEMS, "items", "how many items its lists have")                                                       \
	X(CHECK_NUMBER, "number", "how large its numbers are")

/* What an incident is about. */
#define INCIDENT_KIND_LIST(X)                                                                                          \
	X(INCIDENT_CONTRACT_DRIFT, "contract_drift", "the LLM path's replies deviate from the contract more often")    \
	X(INCIDENT_LEGACY_DRIFT, "legacy_drift", "the legacy path's replies deviate from the contract more often")     \
	X(INCIDENT_LEGACY_CHANGE, "legacy_change", "the legacy path answers differently than before")                  \
	X(INCIDENT_INPUT_CHANGE, "input_change", "the messages are different than before")

#define INCIDENT_STATE_LIST(X)                                                                                         \
	X(INCIDENT_OPEN, "open", "nobody has taken it yet")                                                            \
	X(INCIDENT_ACKNOWLEDGED, "acknowledged", "somebody works on it")                                               \
	X(INCIDENT_RESOLVED, "resolved", "closed, with a reason")

#define VOCABULARY_CONSTANT(constant, name, sentence) constant,
enum verdict { VERDICT_LIST(VOCABULARY_CONSTANT) VERDICT_COUNT };
enum outcome { OUTCOME_LIST(VOCABULARY_CONSTANT) OUTCOME_COUNT };
enum evaluation { EVALUATION_LIST(VOCABULARY_CONSTANT) EVALUATION_COUNT };
enum not_evaluated { NOT_EVALUATED_LIST(VOCABULARY_CONSTANT) NOT_EVALUATED_COUNT };
enum pending_reason { PENDING_LIST(VOCABULARY_CONSTANT) PENDING_REASON_COUNT };
enum input_gate { INPUT_GATE_LIST(VOCABULARY_CONSTANT) INPUT_GATE_COUNT };
enum shadow_rule { SHADOW_RULE_LIST(VOCABULARY_CONSTANT) SHADOW_RULE_COUNT };
enum legacy_outcome { LEGACY_OUTCOME_LIST(VOCABULARY_CONSTANT) LEGACY_OUTCOME_COUNT };
enum replay_skip { REPLAY_SKIP_LIST(VOCABULARY_CONSTANT) REPLAY_SKIP_COUNT };
enum drop_reason { DROP_REASON_LIST(VOCABULARY_CONSTANT) DROP_REASON_COUNT };
enum drift_severity { DRIFT_SEVERITY_LIST(VOCABULARY_CONSTANT) DRIFT_SEVERITY_COUNT };
enum profile_check { PROFILE_CHECK_LIST(VOCABULARY_CONSTANT) PROFILE_CHECK_COUNT };
enum incident_kind { INCIDENT_KIND_LIST(VOCABULARY_CONSTANT) INCIDENT_KIND_COUNT };
enum incident_state { INCIDENT_STATE_LIST(VOCABULARY_CONSTANT) INCIDENT_STATE_COUNT };
#undef VOCABULARY_CONSTANT
#define VOCABULARY_CONSTANT(constant, name, severity, sentence) constant,
enum drift_class { DRIFT_CLASS_LIST(VOCABULARY_CONSTANT) DRIFT_CLASS_COUNT };
#undef VOCABULARY_CONSTANT

/* The word for a number, NULL out of range. Static storage. */
const char *verdict_name(int verdict);
const char *outcome_name(int outcome);
const char *evaluation_name(int evaluation);
const char *not_evaluated_name(int reason);
const char *pending_reason_name(int reason);
const char *pending_reason_sentence(int reason);
const char *input_gate_name(int gate);
const char *shadow_rule_name(int rule);
const char *legacy_outcome_name(int outcome);
const char *drop_reason_name(int reason);
const char *verdict_sentence(int verdict);
const char *outcome_sentence(int outcome);
const char *drop_reason_sentence(int reason);
const char *replay_skip_name(int skip);
const char *replay_skip_sentence(int skip); /* behind a number: "3 without a reply" */
const char *drift_class_name(int drift);
const char *drift_class_sentence(int drift);
enum drift_severity drift_class_severity(enum drift_class drift);
const char *drift_severity_name(int severity);
const char *profile_check_name(int check);
const char *incident_kind_name(int kind);
const char *incident_kind_sentence(int kind);
const char *incident_state_name(int state);

/* The number for a word, -1 where there is none. */
int legacy_outcome_from_name(struct span name);

#endif
