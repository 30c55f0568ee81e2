/* Layer 1. Field comparators: does the LLM path's value of one field agree with the legacy path's?
 *
 * A contract names the comparator of a field by `compare:`
 *
 *	exact                                      same JSON value (the default)
 *	ignore                                     the verdict is always "ignored"
 *	number                                     same numeric value
 *	{number: {abs: 0.005}}                     |a - b| <= 0.005
 *	{number: {rel: 0.01}}                      |a - b| <= 0.01 * max(|a|, |b|)
 *	{number: {abs: 0.005, strings: true}}      the same, where a value may be a string that holds a JSON number
 *	text                                       same text, however its accented letters are composed
 *	{text: {case: ignore, space: collapse}}    the same without regard to case; runs of white space count as one
 *
 * Common to all but `ignore`: a value on one side only is "missing" (legacy has it) or "extra" (the LLM path has it),
 * no value on either side is agreement, and two values that are the same JSON value agree whatever their type (null
 * and null agree as numbers too). Everything is computed exactly in decimals; nothing is rounded.
 *
 * A compiled comparator is immutable plain data, usable from several threads. It may point into the arena that it was
 * compiled with and is valid until that is reset. It borrows nothing from the rule.
 *
 * How to add one: write evaluators/compare/NAME.c with a `const struct evaluator evaluator_NAME`, declare it in
 * evaluators/compare/evaluators.h, add its row to the table in compare.c, and its cases to
 * tests/evaluators/test_compare.c. Where what it calls agreement changes later, raise its `semantics`: stored verdicts
 * of another number are not comparable with the new ones. */
#ifndef UNDERSTUDY_EVALUATORS_COMPARE_H
#define UNDERSTUDY_EVALUATORS_COMPARE_H

#include "harness/base/decimal.h"
#include "harness/base/json.h"
#include "harness/base/vocabulary.h"

struct field_comparator;

struct evaluator {
	const char *name;        /* as written in contracts */
	const char *sentence;    /* for help and reports */
	int semantics;           /* version of what agreement means */
	bool agreement_is_exact; /* agreeing values are equally right or wrong; false where values may differ and agree
				  */
	bool ignores_values;     /* every comparison is VERDICT_IGNORED */
	/* Reads the options (NULL: none given) into ret_comparator, whose `evaluator` is already set. ERROR_CONFIG. */
	bool (*compile)(const struct json_node *options, struct arena *arena, struct field_comparator *ret_comparator,
			struct error *err);
	/* Do these two values, both present and not the same JSON value, agree? Must not keep memory. */
	bool (*agrees)(const struct field_comparator *comparator, const struct json_node *legacy,
		       const struct json_node *llm);
};

enum text_space { TEXT_SPACE_KEEP, TEXT_SPACE_TRIM, TEXT_SPACE_COLLAPSE };

struct number_options {
	bool has_relative;
	bool strings;
	struct decimal absolute;  /* 0 where not given */
	uint64_t relative_digits; /* rel = relative_digits * 10^relative_exponent */
	int64_t relative_exponent;
};

struct text_options {
	bool ignore_case;
	enum text_space space;
};

struct field_comparator {
	const struct evaluator *evaluator;
	union {
		struct number_options number;
		struct text_options text;
	};
};

/* All evaluators, ended by NULL; and the one of that name, NULL where there is none. Static storage. */
extern const struct evaluator *const evaluator_list[];
const struct evaluator *evaluator_find(struct span name);

/* `rule` is the value of `compare:` as above; NULL gives `exact`. ERROR_CONFIG says what is allowed. */
MUST_CHECK bool evaluator_compile(const struct json_node *rule, struct arena *arena,
				  struct field_comparator *ret_comparator, struct error *err);
/* NULL: the path gave no value for the field. Never VERDICT_INVALID: that is for the caller, who knows the outcome. */
enum verdict evaluator_compare(const struct field_comparator *comparator, const struct json_node *legacy,
			       const struct json_node *llm);

#endif
