/* `exact` and `ignore`: the two comparators without options. */
#include "evaluators/compare/evaluators.h"

static bool compile_plain(const struct json_node *options, struct arena *arena, struct field_comparator *ret_comparator,
			  struct error *err)
{
	(void)arena;
	return evaluator_refuse_options(options, ret_comparator, err);
}

/* Only asked about values that are not equal. */
static bool never_agrees(const struct field_comparator *comparator, const struct json_node *legacy,
			 const struct json_node *llm)
{
	(void)comparator;
	(void)legacy;
	(void)llm;
	return false;
}

const struct evaluator evaluator_exact = {
	.name = "exact",
	.sentence = "the same JSON value: numbers by value, text by character, lists in order",
	.semantics = 1,
	.agreement_is_exact = true,
	.compile = compile_plain,
	.agrees = never_agrees,
};

const struct evaluator evaluator_ignore = {
	.name = "ignore",
	.sentence = "not compared",
	.semantics = 1,
	.ignores_values = true,
	.compile = compile_plain,
	.agrees = never_agrees,
};
