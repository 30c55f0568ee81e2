#include "harness/base/vocabulary.h"

struct word {
	const char *name;
	const char *sentence;
};

#define VOCABULARY_WORD(constant, name, sentence) {name, sentence},
static const struct word VERDICTS[] = {VERDICT_LIST(VOCABULARY_WORD)};
static const struct word OUTCOMES[] = {OUTCOME_LIST(VOCABULARY_WORD)};
static const struct word EVALUATIONS[] = {EVALUATION_LIST(VOCABULARY_WORD)};
static const struct word NOT_EVALUATED[] = {NOT_EVALUATED_LIST(VOCABULARY_WORD)};
static const struct word PENDING_REASONS[] = {PENDING_LIST(VOCABULARY_WORD)};
static const struct word INPUT_GATES[] = {INPUT_GATE_LIST(VOCABULARY_WORD)};
static const struct word SHADOW_RULES[] = {SHADOW_RULE_LIST(VOCABULARY_WORD)};
static const struct word LEGACY_OUTCOMES[] = {LEGACY_OUTCOME_LIST(VOCABULARY_WORD)};
static const struct word DROP_REASONS[] = {DROP_REASON_LIST(VOCABULARY_WORD)};
static const struct word REPLAY_SKIPS[] = {REPLAY_SKIP_LIST(VOCABULARY_WORD)};
static const struct word DRIFT_SEVERITIES[] = {DRIFT_SEVERITY_LIST(VOCABULARY_WORD)};
static const struct word PROFILE_CHECKS[] = {PROFILE_CHECK_LIST(VOCABULARY_WORD)};
static const struct word INCIDENT_KINDS[] = {INCIDENT_KIND_LIST(VOCABULARY_WORD)};
static const struct word INCIDENT_STATES[] = {INCIDENT_STATE_LIST(VOCABULARY_WORD)};

struct drift_word {
	struct word word;
	enum drift_severity severity;
};

#define DRIFT_WORD(constant, name, severity, sentence) {{name, sentence}, severity},
static const struct drift_word DRIFT_CLASSES[] = {DRIFT_CLASS_LIST(DRIFT_WORD)};

static const struct word *word_at(const struct word *words, int count, int number)
{
	static const struct word none = {NULL, NULL};
	return number >= 0 && number < count ? &words[number] : &none;
}

const char *verdict_name(int verdict)
{
	return word_at(VERDICTS, VERDICT_COUNT, verdict)->name;
}

const char *verdict_sentence(int verdict)
{
	return word_at(VERDICTS, VERDICT_COUNT, verdict)->sentence;
}

const char *outcome_name(int outcome)
{
	return word_at(OUTCOMES, OUTCOME_COUNT, outcome)->name;
}

const char *outcome_sentence(int outcome)
{
	return word_at(OUTCOMES, OUTCOME_COUNT, outcome)->sentence;
}

const char *evaluation_name(int evaluation)
{
	return word_at(EVALUATIONS, EVALUATION_COUNT, evaluation)->name;
}

const char *not_evaluated_name(int reason)
{
	return word_at(NOT_EVALUATED, NOT_EVALUATED_COUNT, reason)->name;
}

const char *pending_reason_name(int reason)
{
	return word_at(PENDING_REASONS, PENDING_REASON_COUNT, reason)->name;
}

const char *pending_reason_sentence(int reason)
{
	return word_at(PENDING_REASONS, PENDING_REASON_COUNT, reason)->sentence;
}

const char *input_gate_name(int gate)
{
	return word_at(INPUT_GATES, INPUT_GATE_COUNT, gate)->name;
}

const char *shadow_rule_name(int rule)
{
	return word_at(SHADOW_RULES, SHADOW_RULE_COUNT, rule)->name;
}

const char *legacy_outcome_name(int outcome)
{
	return word_at(LEGACY_OUTCOMES, LEGACY_OUTCOME_COUNT, outcome)->name;
}

const char *drop_reason_name(int reason)
{
	return word_at(DROP_REASONS, DROP_REASON_COUNT, reason)->name;
}

const char *drop_reason_sentence(int reason)
{
	return word_at(DROP_REASONS, DROP_REASON_COUNT, reason)->sentence;
}

const char *replay_skip_name(int skip)
{
	return word_at(REPLAY_SKIPS, REPLAY_SKIP_COUNT, skip)->name;
}

const char *replay_skip_sentence(int skip)
{
	return word_at(REPLAY_SKIPS, REPLAY_SKIP_COUNT, skip)->sentence;
}

int legacy_outcome_from_name(struct span name)
{
	for (int i = 0; i < LEGACY_OUTCOME_COUNT; i++) {
		if (span_is(name, LEGACY_OUTCOMES[i].name)) {
			return i;
		}
	}
	return -1;
}

const char *drift_class_name(int drift)
{
	return drift >= 0 && drift < DRIFT_CLASS_COUNT ? DRIFT_CLASSES[drift].word.name : NULL;
}

const char *drift_class_sentence(int drift)
{
	return drift >= 0 && drift < DRIFT_CLASS_COUNT ? DRIFT_CLASSES[drift].word.sentence : NULL;
}

enum drift_severity drift_class_severity(enum drift_class drift)
{
	return DRIFT_CLASSES[drift].severity;
}

const char *drift_severity_name(int severity)
{
	return word_at(DRIFT_SEVERITIES, DRIFT_SEVERITY_COUNT, severity)->name;
}

const char *profile_check_name(int check)
{
	return word_at(PROFILE_CHECKS, PROFILE_CHECK_COUNT, check)->name;
}

const char *incident_kind_name(int kind)
{
	return word_at(INCIDENT_KINDS, INCIDENT_KIND_COUNT, kind)->name;
}

const char *incident_kind_sentence(int kind)
{
	return word_at(INCIDENT_KINDS, INCIDENT_KIND_COUNT, kind)->sentence;
}

const char *incident_state_name(int state)
{
	return word_at(INCIDENT_STATES, INCIDENT_STATE_COUNT, state)->name;
}
